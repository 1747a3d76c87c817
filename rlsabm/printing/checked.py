"""What a checked scenario implies, on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rlsabm.errors import LONGEST_PLACE, visible
from rlsabm.printing.tables import show_table
from rlsabm.printing.text import say, say_line
from rlsabm.scenario import REFERENCE
from rlsabm.study.implied import (
    AGE_OF_CONNECTIONS,
    LIFETIME_YEARS,
    SHOWN_AGES,
    Implied,
    ImpliedCondition,
    ImpliedConnection,
)
from rlsabm.wording import NONE, counted

#: Conditions shown; scenarios with more are few.
MOST_CONDITIONS_SHOWN = 20


def print_checked(implied: Implied, hints: Sequence[str]) -> None:
    """Print what a scenario implies, and hints about it."""
    for line in _lines(implied):
        say_line(line)
    if implied.conditions:
        _print_conditions(implied.conditions)
    if implied.connections:
        _print_connections(implied.connections)
    for hint in hints:
        say_line(f"hint: {visible(hint, 500)}")


def _lines(implied: Implied) -> Iterator[str]:
    file, country, tables = (
        visible(text, LONGEST_PLACE)
        for text in (implied.file, implied.country, implied.country_tables)
    )
    if tables.replace("-", " ").lower() != country.lower():
        country = f"{country} ({tables})"
    years = ", ".join(map(str, implied.years))
    yield f"{file}: valid. {country}, {implied.people:,} people, surveyed in {years}"
    children = (
        ""
        if implied.children_per_woman is None
        else f"; {implied.children_per_woman:.2f} children per woman in {implied.years[-1]}"
    )
    yield (
        f"Life expectancy at birth: women {implied.life_expectancy_women:.1f} years, men "
        f"{implied.life_expectancy_men:.1f}{children}"
    )
    parts = (counted(len(implied.arms), "arm"), counted(implied.draws, "draw"))
    repeated = f"{', '.join(parts)}, {counted(implied.replicates, 'replicate')}"
    in_blocks = f", each of {implied.blocks:,} blocks of people" if implied.blocks > 1 else ""
    yield (
        f"{counted(implied.runs, 'run')} ({repeated}){in_blocks}: about "
        f"{implied.person_years / 1e6:,.3g} million person-years"
    )
    if implied.worlds:
        yield (
            f"The people surveyed live again in {counted(len(implied.worlds), 'other world')}: "
            f"{implied.work / implied.person_years:.1f} times as much work in all"
        )


def _print_conditions(conditions: Sequence[ImpliedCondition]) -> None:
    """Prevalence by age of new and changed conditions."""
    headings = [
        "condition",
        *(f"at {age}" for age in SHOWN_AGES),
        "all ages",
        f"ever by {LIFETIME_YEARS}",
    ]
    rows = []
    for condition in conditions[:MOST_CONDITIONS_SHOWN]:
        arm = "" if condition.arm == REFERENCE else f", {condition.arm}"
        name = f"{condition.label} ({'new' if condition.is_new else 'changed'}{arm})"
        if not condition.enabled:
            rows.append([name, "nobody", *[NONE] * (len(headings) - 2)])
            continue
        women = [*condition.prevalence_women, condition.women, condition.ever_women]
        men = [*condition.prevalence_men, condition.men, condition.ever_men]
        if _alike(women, men):
            rows.append([name, *_percents([*women[:-2], condition.everybody, women[-1]])])
        else:
            rows.append([f"{name}, women", *_percents(women)])
            rows.append([f"{name}, men", *_percents(men)])
    show_table("New and changed conditions: % of the living who have them", headings, rows)
    if (unseen := len(conditions) - MOST_CONDITIONS_SHOWN) > 0:
        say(f"and {counted(unseen, 'more condition')}; --json has all")


def _print_connections(connections: Sequence[ImpliedConnection]) -> None:
    """How conditions come together that are new or changed, or know one that is."""
    headings = ["condition", "raises", "hazard x", "women with", "without", "men with", "without"]
    rows = [
        [
            each.condition,
            each.raises,
            f"{each.hazard_ratio:g}",
            *_percents([each.women_with, each.women_without, each.men_with, each.men_without]),
        ]
        for each in connections[:MOST_CONDITIONS_SHOWN]
    ]
    show_table(
        f"Conditions that raise others: % who have the second at {AGE_OF_CONNECTIONS}, with the first "
        "and without it",
        headings,
        rows,
    )
    if (unseen := len(connections) - MOST_CONDITIONS_SHOWN) > 0:
        say(f"and {counted(unseen, 'more connection')}; --json has all")


def _alike(women: Sequence[float], men: Sequence[float]) -> bool:
    """Whether the sexes differ by no more than age structure and deaths explain."""
    return all(abs(a - b) <= 0.1 * max(a, b) for a, b in zip(women, men, strict=True))


def _percents(shares: Sequence[float]) -> list[str]:
    return [_per_cent(share) for share in shares]


def _per_cent(share: float) -> str:
    if share == 0.0:
        return "0"
    text = f"{100.0 * share:.0f}" if share >= 0.0995 else f"{100.0 * share:#.2g}"
    return text.removesuffix(".")
