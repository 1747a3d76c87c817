"""Write docs/parameters.md from the parameter table: ``python docs/make_parameters.py``."""

from __future__ import annotations

import re
from pathlib import Path

from rlsabm.declaring.parameter import Parameter
from rlsabm.parameter_table import HEADINGS, PARAMETERS

PAGE = Path(__file__).with_name("parameters.md")

#: Published figures to which parameters were set by hand, by the short name that sources use.
FIGURES = {
    "C1": "any RLS in adults 7.2 % (Allen 2005, REST); 7.1 % worldwide (Song 2024)",
    "C2": "at least weekly to any RLS, 0.69 (Allen 2005)",
    "C3": "clinically significant RLS in adults 2.7 % (Allen 2005)",
    "C4": "any RLS in men 5.8 % (Tison 2005), 6.6 % (Högl 2005)",
    "C5": "rise with age to about 64 years, then flat or falling (Tison 2005)",
    "C6": "children and adolescents about 2 %, no sex difference (Picchietti 2007)",
    "C9": "any RLS in the third trimester 22 % (Chen 2018)",
    "C10": "clinically significant RLS in iron deficiency anaemia 23.9 % (Allen 2013)",
    "C11": "any RLS on haemodialysis 27.2 % (pooled)",
    "C12": "ferritin in cerebrospinal fluid lower in RLS at equal serum ferritin "
    "(Earley 2000, Mizuno 2005)",
    "C16": "ferritin of men in NHANES, geometric mean 129 / 145 / 127 µg/L at 20-39 / 40-59 / 60+",
    "C18": "haemoglobin after a donation: 80 % recovered at 158 / 78 days without iron "
    "(ferritin to 26 / above), 32 / 31 with (HEIRS, Kiss 2015)",
    "C20": "kidney failure: incidence, prevalence, transplants and deaths (USRDS 2014)",
    "C22": "odds ratio of RLS after one birth, 1.98 (Berger 2004)",
}

HEAD = """\
# Parameters

Written by `python docs/make_parameters.py` from the parameter table; do not edit by hand.
`rlsabm parameters WORD` shows the same on screen. A scenario changes a value by
`parameters: {name: value}`.

A prior of *normal* or *lognormal* has the default as centre and the given spread as standard deviation
(of the value, or of its natural logarithm), cut at the bounds; *fixed* does not vary between draws. The
unit 1 means a ratio, share or number without unit. A source that says *assumed* is a guess.

Tables by age, by month of pregnancy, by locus and by blood service are explained
[beside their files](../rlsabm/data/README.md), those of countries in
[SOURCES.md](../rlsabm/data/countries/SOURCES.md).
"""


def page() -> str:
    """The whole page."""
    lines = [HEAD]
    for part in dict.fromkeys(HEADINGS.values()):
        lines += [f"## {part[0].upper()}{part[1:]}", ""]
        lines += ["| name | default | unit | prior | bounds | meaning | source |"]
        lines += ["|---|---|---|---|---|---|---|"]
        lines += [_row(p) for name, p in PARAMETERS.items() if HEADINGS[name] == part]
        lines += [""]
    lines += ["## Figures named in sources", "", "| name | figure |", "|---|---|"]
    lines += [f"| {name} | {FIGURES[name]} |" for name in sorted(cited(), key=lambda n: int(n[1:]))]
    return "\n".join(lines) + "\n"


def cited() -> set[str]:
    """Short names of figures in meanings and sources."""
    texts = [f"{p.meaning} {p.source}" for p in PARAMETERS.values()]
    return {name for text in texts for name in re.findall(r"\bC\d{1,2}\b", text)}


def _row(p: Parameter) -> str:
    prior = p.prior if p.prior in ("fixed", "uniform") else f"{p.prior}, {p.spread:g}"
    cells = (
        f"`{p.name}`",
        f"{p.default:g}",
        p.unit,
        prior,
        f"{p.lower:g} to {p.upper:g}",
        p.meaning,
        p.source,
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"{PAGE}: {len(PARAMETERS)} parameters")
