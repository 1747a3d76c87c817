"""Write docs/parameters.md from the parameter table: ``python docs/make_parameters.py``."""

from __future__ import annotations

from pathlib import Path

from rlsabm.declaring.parameter import Parameter
from rlsabm.parameter_table import HEADINGS, PARAMETERS
from rlsabm.posterior import shipped_posterior

PAGE = Path(__file__).with_name("parameters.md")

HEAD = """\
# Parameters

Written by `python docs/make_parameters.py` from the parameter table; do not edit by hand.
`rlsabm parameters WORD` shows the same on screen. A scenario changes a value by
`parameters: {name: value}`.

A prior of *normal* or *lognormal* is given by its centre (that of the default where none is shown) and
its standard deviation (of the value, or of its natural logarithm), cut at the bounds; *fixed* does not
vary between draws. A parameter whose prior has a centre of its own is calibrated: the default is the
mean of the [posterior](calibration.md), from which draws are taken; the source is that of the prior.
The unit 1 means a ratio, share or number without unit. A source that says *assumed* is a guess; one
that says *set to* names the published figure to which the value, or the centre of the prior, was set
by hand or by a coarse search.

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
    return "\n".join(lines).rstrip() + "\n"


def _row(p: Parameter) -> str:
    prior = str(p.prior)
    if prior not in ("fixed", "uniform"):
        centre = f"{p.centre:g}, " if p.name in shipped_posterior().names else ""
        prior = f"{p.prior}, {centre}{p.spread:g}"
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
