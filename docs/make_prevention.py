"""Write docs/prevention.md and its picture from stored counts: ``python docs/make_prevention.py``.

The counts are made anew, in about an hour, by running the four scenarios of scenarios/prevention and
then ``python docs/make_prevention.py outputs``: the folder that holds the four studies.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from rlsabm.plots.drawing import altair, finished
from rlsabm.plots.themes import PRINT

HERE = Path(__file__).parent
PAGE, STORED = HERE / "prevention.md", HERE / "prevention.parquet"
PICTURE = HERE / "images" / "prevention.svg"
TEXT = HERE / "prevention_page.txt"
SCENARIOS = HERE.parent / "scenarios" / "prevention"
STUDIES = ("lifetime", "restored", "restored_scar", "transport")

AS_THEY_ARE, REPLETE = ("reference", "factual"), ("reference", "iron stores always replete")
SUFFICIENT = ("reference", "CNS iron always sufficient")
FROM_BIRTH, TO_ALL = ("iron from birth", "factual"), ("everybody from 18", "factual")
QUARTILES = ("lowest", "second", "third", "highest")
AGES, AGE_GROUPS = (18, 35, 50, 65, 80, 200), ("18–34", "35–49", "50–64", "65–79", "80+")
PARITIES = ("0", "1", "2", "3+")
STARTS = (20, 40, 60)
SINCE, YEARS_SINCE = (0, 2, 10, 20, 200), ("under 2", "2–9", "10–19", "20 and more")
TREATED = "iron_transporter"
COLUMNS = ["arm", "world", "draw", "uid", "sex", "age", "parity", "cns_iron_trait", "rls",
           "rls_significant", "liability"]  # fmt: skip


# Counting -------------------------------------------------------------------------------------------


def counts_of(study: str, folder: Path) -> pd.DataFrame:
    """Adults, cases and mean liability of a study, by arm, world and draw, in groups and levels."""
    people = pd.read_parquet(folder / "persons")
    people = people[people["age"] >= 18]
    if TREATED not in people:
        people = people.assign(**{TREATED: False})
    people = people[[*COLUMNS, TREATED]]
    own = people.query("arm == 'reference' and world == 'factual'").set_index(["draw", "uid"])
    rank = own.groupby("draw")["cns_iron_trait"].rank(method="first", pct=True)
    quartile = pd.cut(rank, [0, 0.25, 0.5, 0.75, 1.0], labels=list(QUARTILES)).rename("quartile")
    people = people.join(quartile, on=["draw", "uid"])
    return pd.concat(
        [counted(members, group, level) for members, group, level in groups_of(people, study)]
    ).assign(study=study)


def groups_of(people: pd.DataFrame, study: str) -> Iterator[tuple[pd.DataFrame, str, Any]]:
    """Groups of people, with the level of each person."""
    yield people, "adults", pd.Series("all", people.index)
    yield people, "quartile", people["quartile"]
    women = people[people["sex"] == "female"]
    parity = women["parity"].clip(upper=3).map(dict(enumerate(PARITIES)))
    yield women, "parity", parity
    yield people, "sex", people["sex"]
    yield people, "age", pd.cut(people["age"], AGES, right=False, labels=list(AGE_GROUPS))
    if study.startswith("restored"):
        for start in STARTS:
            older = people[people["age"] >= start]
            years = pd.cut(older["age"] - start, SINCE, right=False, labels=list(YEARS_SINCE))
            yield older, f"since {start}", years
            yield older, f"since {start}", pd.Series("all", older.index)


def counted(members: pd.DataFrame, group: str, level: Any) -> pd.DataFrame:
    """Persons, cases and mean liability by level."""
    keys = ["arm", "world", "draw", "level"]
    by = members.assign(level=level.astype(str)).groupby(keys, observed=True)
    found = by.agg(
        persons=("rls", "size"), cases=("rls", "sum"), significant=("rls_significant", "sum"),
        treated=(TREATED, lambda is_on: is_on.fillna(False).astype(bool).sum()),
        liability=("liability", "mean"),
    )  # fmt: skip
    return found.reset_index().assign(group=group).astype({"arm": str, "world": str})


# Reading the counts ---------------------------------------------------------------------------------


def by_draw(
    counts: pd.DataFrame, study: str, arm_and_world: tuple[str, str], group: str, level: str
) -> pd.DataFrame:
    """Counts of a group in an arm and world, a row a draw."""
    arm, world = arm_and_world
    at = counts["study"].eq(study) & counts["arm"].eq(arm) & counts["world"].eq(world)
    return counts[at & counts["group"].eq(group) & counts["level"].eq(level)].set_index("draw")


def percent(share: float) -> str:
    """A share in per cent, with two digits that count."""
    return f"{100 * share:.2g}" if 100 * share < 10 else f"{100 * share:.0f}"


def with_range(all_draws: float, each: pd.Series) -> str:
    """A share in per cent, and the lowest and highest among draws."""
    return f"{percent(all_draws)} ({percent(each.min())}–{percent(each.max())})"


def prevalence(rows: pd.DataFrame, cases: str = "cases") -> str:
    return with_range(rows[cases].sum() / rows["persons"].sum(), rows[cases] / rows["persons"])


def prevented(before: pd.DataFrame, after: pd.DataFrame, cases: str = "cases") -> str:
    """Share of the cases that are not there."""
    gone = before[cases] - after[cases]
    return with_range(gone.sum() / before[cases].sum(), gone / before[cases])


def restored(counts: pd.DataFrame, study: str, start: int, level: str) -> tuple[int, float, float]:
    """Preventable cases in all draws; share of them, and of their liability, that is gone."""
    arms = (AS_THEY_ARE, (f"iron from {start}", "factual"), FROM_BIRTH)
    lacking, late, never = (by_draw(counts, study, arm, f"since {start}", level) for arm in arms)
    preventable = int((lacking["cases"] - never["cases"]).sum())
    liability = [(rows["liability"] * rows["persons"]).sum() for rows in (lacking, late, never)]
    return (
        preventable,
        (lacking["cases"] - late["cases"]).sum() / max(preventable, 1),
        (liability[0] - liability[1]) / (liability[0] - liability[2]),
    )


# Tables ---------------------------------------------------------------------------------------------


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def lifetime_table(counts: pd.DataFrame) -> str:
    rows = []
    for group, levels, words in (
        ("adults", ("all",), {"all": "all adults"}),
        ("quartile", QUARTILES, {q: f"CNS-iron trait, {q} quarter" for q in QUARTILES}),
        ("parity", PARITIES, {p: f"women, parity {p}" for p in PARITIES}),
        ("sex", ("male",), {"male": "men"}),
        ("age", AGE_GROUPS, {a: f"{a} years" for a in AGE_GROUPS}),
    ):
        for level in levels:
            own, stores, cns = (
                by_draw(counts, "lifetime", arm, group, level)
                for arm in (AS_THEY_ARE, FROM_BIRTH, SUFFICIENT)
            )
            points = (own["cases"] - stores["cases"]).sum() / own["persons"].sum()
            rows.append((
                words[level], prevalence(own), percent(points), prevented(own, stores),
                prevented(own, cns),
            ))  # fmt: skip
    head = ("", "prevalence, %", "prevented by iron from birth, points", "the same, % of cases",
            "prevented by sufficient CNS iron, % of cases")  # fmt: skip
    return table(head, rows)


def restored_table(counts: pd.DataFrame) -> str:
    rows = []
    for study, starts in (("restored", STARTS), ("restored_scar", (40,))):
        for start in starts:
            for level in ("all", *YEARS_SINCE):
                cases, gone, liability = restored(counts, study, start, level)
                if cases < 20:
                    continue
                scar = ", with a scar" if study == "restored_scar" else ""
                rows.append((
                    f"{start}{scar}", level, cases, f"{percent(gone)}", f"{percent(liability)}",
                ))  # fmt: skip
    head = ("iron from age", "years since then", "preventable cases", "of them gone, %",
            "of their liability gone, %")  # fmt: skip
    return table(head, rows)


def transport_table(counts: pd.DataFrame) -> str:
    rows = []
    own = by_draw(counts, "transport", AS_THEY_ARE, "adults", "all")
    for arm in ("diagnosed", "severe RLS", "everybody from 40", "everybody from 18"):
        given = by_draw(counts, "transport", (arm, "factual"), "adults", "all")
        gone = (own["cases"] - given["cases"]).sum()
        rows.append((
            arm, percent(given["treated"].sum() / given["persons"].sum()), prevalence(given),
            prevented(own, given), prevented(own, given, "significant"),
            f"{given['treated'].sum() / gone:.1f}",
        ))  # fmt: skip
    head = ("who is given it", "on it, % of adults", "prevalence, %", "cases gone, %",
            "clinically significant cases gone, %", "on it for each case gone")  # fmt: skip
    return table(head, rows)


def quartile_table(counts: pd.DataFrame) -> str:
    rows = []
    for level in QUARTILES:
        own, given = (
            by_draw(counts, "transport", arm, "quartile", level) for arm in (AS_THEY_ARE, TO_ALL)
        )
        rows.append((level, prevalence(own), prevalence(given), prevented(own, given)))
    head = ("CNS-iron trait, quarter", "without, %", "everybody from 18, %", "cases gone, %")
    return table(head, rows)


# The picture ----------------------------------------------------------------------------------------


def picture(counts: pd.DataFrame) -> Any:
    """Prevalence by quarter of the trait, as it is and in three other worlds."""
    alt = altair()
    shown = {
        "as they are": ("lifetime", AS_THEY_ARE), "iron from birth": ("lifetime", FROM_BIRTH),
        "drug to everybody from 18": ("transport", TO_ALL),
        "CNS iron always sufficient": ("lifetime", SUFFICIENT),
    }  # fmt: skip
    rows = []
    for words, (study, arm) in shown.items():
        for level in QUARTILES:
            each = by_draw(counts, study, arm, "quartile", level)
            share = 100 * each["cases"] / each["persons"]
            middle = 100 * each["cases"].sum() / each["persons"].sum()
            rows.append((words, level, middle, share.min(), share.max()))
    frame = pd.DataFrame(rows, columns=["world", "quartile", "value", "lower", "upper"])
    order = list(shown)
    scale = alt.Scale(type="log", domain=[0.05, 30])
    x = {"scale": scale, "axis": alt.Axis(values=[0.1, 0.3, 1, 3, 10, 30])}
    key = {"sort": order, "title": None, "scale": alt.Scale(domain=order),
           "legend": alt.Legend(columns=2)}  # fmt: skip
    base = alt.Chart(frame).encode(
        y=alt.Y("quartile:N", sort=list(QUARTILES), title="quarter of the CNS-iron trait"),
        yOffset=alt.YOffset("world:N", sort=order),
        color=alt.Color("world:N", **key),
    )
    title = "adults with RLS, % (logarithmic)"
    lines = base.mark_rule(strokeWidth=1.8).encode(
        x=alt.X("lower:Q", title=title, **x), x2="upper:Q"
    )
    points = base.mark_point(filled=True, size=60, opacity=1.0).encode(
        x=alt.X("value:Q", title=title, **x),
        shape=alt.Shape("world:N", **key),
    )
    described = "Prevalence of RLS by quarter of the CNS-iron trait, as it is and in other worlds"
    return finished((lines + points).properties(width=480, height=260), PRINT, described)


# The page -------------------------------------------------------------------------------------------


def scenario_blocks() -> Mapping[str, str]:
    """The scenarios that ship, as blocks of the page."""
    return {
        f"scenario_{name}": "```yaml\n" + (SCENARIOS / f"{name}.yaml").read_text("utf-8") + "```"
        for name in STUDIES
    }


def numbers(counts: pd.DataFrame) -> dict[str, str]:
    """Numbers in the running text, in per cent."""
    own, iron, cns = (
        by_draw(counts, "lifetime", arm, "adults", "all")
        for arm in (AS_THEY_ARE, FROM_BIRTH, SUFFICIENT)
    )
    without, all_18, all_40, severe, diagnosed = (
        by_draw(counts, "transport", (arm, "factual"), "adults", "all")
        for arm in (
            "reference", "everybody from 18", "everybody from 40", "severe RLS", "diagnosed",
        )
    )  # fmt: skip

    def of_old(arm: str) -> pd.DataFrame:
        """Counts of those of 50 years and older, by draw."""
        groups = [
            by_draw(counts, "transport", (arm, "factual"), "age", level) for level in AGE_GROUPS[2:]
        ]
        return sum(
            (rows[["persons", "cases"]] for rows in groups[1:]), groups[0][["persons", "cases"]]
        )

    scarred, scarred_iron = (
        by_draw(counts, "restored_scar", arm, "adults", "all") for arm in (AS_THEY_ARE, FROM_BIRTH)
    )
    _, late, liability = restored(counts, "restored", 40, "all")
    _, soon, _ = restored(counts, "restored", 40, YEARS_SINCE[0])
    _, scar, of_scar = restored(counts, "restored_scar", 40, "all")
    return {
        "iron": prevented(own, iron),
        "cns": prevented(own, cns),
        "late": percent(late),
        "soon": percent(soon),
        "left": percent(1 - liability),
        "scar_iron": prevented(scarred, scarred_iron),
        "scar": percent(scar),
        "of_scar": percent(of_scar),
        "all_18": prevented(without, all_18),
        "all_40": prevented(without, all_40),
        "diagnosed": prevented(without, diagnosed, "significant"),
        "severe": prevented(without, severe, "significant"),
        **{
            f"old_{name}": prevented(of_old("reference"), of_old(arm))
            for name, arm in (("18", "everybody from 18"), ("40", "everybody from 40"))
        },
    }


def page() -> str:
    """The whole page: its text, with scenarios and tables in their places."""
    counts = pd.read_parquet(STORED)
    text = TEXT.read_text(encoding="utf-8")
    parts = {
        **scenario_blocks(),
        "lifetime": lifetime_table(counts),
        "restored": restored_table(counts),
        "transport": transport_table(counts),
        "quartiles": quartile_table(counts),
        **numbers(counts),
    }
    for name, part in parts.items():
        assert text.count(f"<<{name}>>") == 1, name
        text = text.replace(f"<<{name}>>", part)
    return text


if __name__ == "__main__":
    if len(sys.argv) > 1:
        folder = Path(sys.argv[1])
        made = pd.concat([counts_of(study, folder / study) for study in STUDIES])
        made.reset_index(drop=True).to_parquet(STORED)
    picture(pd.read_parquet(STORED)).save(PICTURE)
    PAGE.write_text(page(), encoding="utf-8")
