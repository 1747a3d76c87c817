"""Write docs/rivals.md from stored scorecards of rivals: ``python docs/make_rivals.py``.

The scorecard of a rival is made anew, in some hours on two processors, with
``rlsabm calibrate scenarios/rivals/NAME.yaml --out outputs/NAME`` and then
``python docs/make_rivals.py NAME outputs/NAME``; what cases of the model that ships come from, with
``python docs/make_rivals.py shipped``.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

import rlsabm
from rlsabm.calibration.given_runs import posterior_of
from rlsabm.calibration.scorecard import PURPOSES, Scorecard
from rlsabm.data.yaml_reading import read_file
from rlsabm.posterior import Posterior, posterior_values, shipped_posterior
from rlsabm.printing.scorecard import published_text, simulated_text

PAGE = Path(__file__).with_name("rivals.md")
STORED = Path(__file__).with_name("rivals")
#: What cases come from, by model.
PARTS = STORED / "parts.parquet"
PART_NAMES = {
    "precipitated": "precipitated: absent if peripheral iron were sufficient",
    "constitutional": "constitutional: absent only if CNS iron were sufficient",
    "not_iron": "not iron",
}
#: That of the model that ships, in people whom nobody treats, as rivals are.
SHIPPED = STORED / "shipped.parquet"
FILES = Path(__file__).parents[1] / "scenarios" / "rivals"
#: As they were run: draws of a scorecard, and people of each.
DRAWS, SIZE = 12, 30_000
#: What is kept of a scorecard: the rest is that of the model that ships.
COLUMNS = ["purpose", "row", "target", "simulated", "lower", "upper", "verdict", "compatible"]
ORDER = (
    "without_trait",
    "without_path",
    "without_other_loads",
    "scar",
    "lasting_liability",
    "nothing_lasts",
    "environment_for_life",
)
HEAD = f"""\
# Rivals of the model: what happens without a part of the hypothesis

Written by `python docs/make_rivals.py` from stored scorecards; do not edit by hand.

A hypothesis is worth as much as the rivals that it beats. Each rival is the model without one of its
parts, or with another one in its place, calibrated to the same figures in the same way, as a file in
`scenarios/rivals`: the same priors, the same figures but those of iron alone (C16–C21, which the parts
in question do not touch), runs of 20,000 people. Then each is put beside *all* published figures, those
that were fitted and those that never are, in {DRAWS} runs or more of {SIZE:,} people at draws from its
own posterior that were not used in fitting
(`rlsabm validate untreated --draws {DRAWS} --size {SIZE:_} --posterior FOLDER`). Nobody is treated for
RLS in any of them.

"""
#: What people make of it; read it beside new figures.
NOTES = """\
## What they say

- *Marginal CNS iron at birth.* Without it every prevalence can be met, that in pregnancy, anaemia and
  on dialysis as well. What cannot be met is that cases whose serum ferritin is normal have less
  ferritin in their cerebrospinal fluid than others have, and that the risk alleles at *MEIS1* and
  *BTBD9* do anything: in this model they act on CNS iron alone, which is an assumption. Families fit
  worse, too.
- *The path from iron to symptoms.* Without it three in a hundred patients with iron deficiency
  anaemia have RLS and not a quarter, and women on dialysis too few. No other load stands in for iron.
- *Loads that are not iron.* Without them 8 % have RLS in the third trimester and 10 % on dialysis,
  while 23 % and 27 % are published, and it does not go with a transplant. Iron alone does not explain
  what pregnancy and dialysis do.
- *What lasts.* In the model that ships pregnancies take something of the CNS iron of full supply for
  good. A scar that any lack of iron leaves fits nearly as well, and so does a load on liability that
  is not iron. Each of the three gives the published excess in women who have given birth, and the
  published figures do not tell them apart.
"""
ORIGINS = f"""\
The second postulate by model, in {DRAWS} runs of {SIZE:,} people at draws from each posterior: mean and
middle 95 % over draws. Nobody has observed these figures; they show how far the answer rests on the
model.
"""
LIMITS = """\
## What must be known

- The rivals are at a disadvantage. Each was given a first wave of 190 to 240 runs, and 110 to 285 more
  that were learned from those before; the model that ships was given 240 and 720, and the centres of
  the priors come from an earlier search on it. So a rival that fits as well is a strong finding, one
  that fits a little worse is none.
- Where hardly any run fits, a posterior is hardly more than one run, and its intervals are too narrow:
  that of `without_trait` rests on 13 different runs, those of `without_path` and
  `without_other_loads` on 4 and 2. The others have 27 and 32.
- A figure inside its interval counts as one, whatever its weight; several figures come from one study.
- Figures that no rule of a rival could move (iron, births, kidney failure) are counted for all alike.
"""


def store(name: str, folder: Path) -> None:
    """Validate a rival at draws of its posterior, and keep what the page needs."""
    said = read_file(FILES / f"{name}.yaml").plain()
    card = rlsabm.validate(
        said["scenario"],
        settings=[f"{key}={value}" for key, value in said["changes"].items()],
        draws=DRAWS,
        size=SIZE,
        posterior=folder,
    )
    keep(name, card.frame)
    count_parts(name, posterior_of(folder))


def count_parts(name: str, posterior: Posterior) -> None:
    """Live at draws of a posterior, and keep what adults with RLS have it from."""
    changes: dict[str, object] = {"shifts": {"postulates": True}}
    if name:
        changes |= read_file(FILES / f"{name}.yaml").plain()["changes"]
    studies = rlsabm.simulate_many(
        "untreated",
        parameters=[posterior_values(draw, 1, posterior) for draw in range(1, DRAWS + 1)],
        size=SIZE,
        changes=changes,
        tables=["postulates"],
    )
    found = pd.concat([study.table("postulates") for study in studies])
    found = found.query(
        "condition == 'everyone' and sex == 'all' and definition == 'any' and recall == 'current' "
        "and postulate == 'P2'"
    )
    values = found.groupby("part", observed=True)["value"]
    own = pd.DataFrame(
        {"lower": values.quantile(0.025), "value": values.mean(), "upper": values.quantile(0.975)}
    )
    own = own.loc[list(PART_NAMES)].rename_axis("part").reset_index().assign(model=name)
    known = [pd.read_parquet(PARTS)] if PARTS.exists() else []
    kept = [frame[frame["model"] != name] for frame in known]
    pd.concat([*kept, own.astype({"part": str})]).to_parquet(PARTS, index=False)


def keep(name: str, frame: pd.DataFrame) -> None:
    """Keep what the page needs of a scorecard."""
    STORED.mkdir(exist_ok=True)
    frame[COLUMNS].to_parquet(STORED / f"{name}.parquet", index=False)


def cards() -> dict[str, Scorecard]:
    """Scorecards by name of the model, that which ships first."""
    shipped = pd.read_parquet(SHIPPED)
    found = {"": Scorecard(shipped, SIZE, 1, DRAWS)}
    for name in ORDER:
        path = STORED / f"{name}.parquet"
        if path.exists():
            own = pd.read_parquet(path)
            words = shipped.drop(columns=[c for c in COLUMNS if c != "target"])
            found[name] = Scorecard(own.merge(words, on="target"), SIZE, 1, DRAWS)
    return found


def title(name: str) -> str:
    """What a model says."""
    if not name:
        return "**The model that ships**"
    said = read_file(FILES / f"{name}.yaml").plain()
    return f"{said['title']} ([`{name}`](../scenarios/rivals/{name}.yaml))"


def table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    """A table in Markdown."""
    lines = [headings, ["---"] * len(headings), *rows]
    return [f"| {' | '.join(str(cell) for cell in row)} |" for row in lines] + [""]


def summary(models: dict[str, Scorecard]) -> list[str]:
    """How many figures and rows are inside, by model."""
    rows = []
    for name, card in models.items():
        cells = [title(name)]
        for purpose in PURPOSES:
            inside, of = card.inside(purpose)
            whole, of_rows = card.rows_inside(purpose)
            cells += [f"{inside} of {of}", f"{whole} of {of_rows}"]
        rows.append(cells)
    headings = [
        "model", "figures that may be fitted to: inside", "rows whole",
        "figures that are never fitted to: inside", "rows whole",
    ]  # fmt: skip
    return table(headings, rows)


def origins() -> list[str]:
    """Origins of RLS in adults, by model."""
    found = pd.read_parquet(PARTS).set_index(["model", "part"])
    rows = []
    for name in ("", *ORDER):
        if name in found.index.get_level_values("model"):
            parts = [found.loc[(name, part)] * 100 for part in PART_NAMES]
            shares = [f"{p['value']:.0f} % ({p['lower']:.0f}–{p['upper']:.0f})" for p in parts]
            rows.append([title(name), *shares])
    return table(["model", *PART_NAMES.values()], rows)


def apart(models: dict[str, Scorecard], name: str) -> list[str]:
    """Figures that are inside in the model that ships or in a rival, and not in the other."""
    shipped, own = models[""].frame, models[name].frame
    both = shipped.merge(own, on="target", suffixes=("", "_rival"))
    differ = both[(both["verdict"] == "inside") != (both["verdict_rival"] == "inside")]
    # Without the link that other places have: a heading with one cannot be in a table of contents.
    said = read_file(FILES / f"{name}.yaml").plain()
    lines = [f"### {said['title']}", ""]
    if differ.empty:
        return [*lines, "Every figure is inside in both or in neither.", ""]
    of_rival = own.set_index("target")
    rows = []
    for row in differ.itertuples():
        rival = next(of_rival.loc[[row.target]].reset_index().itertuples())
        mark = " (never fitted)" if row.purpose == "validation" else ""
        cells = [
            f"`{row.target}`{mark}: {row.says}",
            _shown(row), _shown(rival), published_text(row),
        ]  # fmt: skip
        rows.append([str(cell).replace("|", "\\|") for cell in cells])
    return [*lines, *table(["figure", "ships", "rival", "published"], rows)]


def _shown(row: object) -> str:
    """A simulated figure, marked where it is outside."""
    text = simulated_text(row).replace("*", "\\*")
    return text if row.verdict == "inside" else f"**{text}**"  # type: ignore[attr-defined]


def page() -> str:
    """The whole page."""
    models = cards()
    waiting = [name for name in ORDER if name not in models]
    lines = [HEAD, *summary(models)]
    if waiting:
        lines += [f"Not calibrated yet: {', '.join(f'`{name}`' for name in waiting)}.", ""]
    lines += [NOTES, "## Origins of RLS in adults", "", ORIGINS, *origins()]
    lines += ["## Which figures tell them apart", ""]
    lines += ["Simulated figures with their middle 95 % over draws; bold where outside.", ""]
    for name in list(models)[1:]:
        lines += apart(models, name)
    return "\n".join([*lines, LIMITS.rstrip()]) + "\n"


if __name__ == "__main__":
    if len(sys.argv) == 3:
        store(sys.argv[1], Path(sys.argv[2]))
    elif sys.argv[1:] == ["shipped"]:
        count_parts("", shipped_posterior())
    PAGE.write_text(page(), encoding="utf-8")
