"""The conditions and groups in which RLS is counted, listed and explained."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.box import SIMPLE
from rich.table import Table

from rlsabm.conventions import in_words
from rlsabm.declaring.groups import IRON_STORES, Group
from rlsabm.errors import LONGEST_NAME, UserError, nearest, visible
from rlsabm.exposures.catalogue.condition import ONSET_KEYS, PREVALENCE_KEYS, Condition
from rlsabm.observe.groups import groups_of
from rlsabm.printing.text import out, plain, say

#: Width of a terminal on which the list of groups is a table.
ROOM_FOR_TABLE = 90
#: Most groups that a word is taken to mean.
MOST_MEANT = 3
#: Effects in words: field of a condition, its value without effect, what is said of it.
EFFECTS = (
    ("blood_loss_ml_per_day", 0.0, "{:g} mL of blood lost a day"),
    ("blood_loss_ml_at_onset", 0.0, "{:g} mL of blood lost at onset"),
    ("iron_loss_mg_per_day", 0.0, "{:g} mg of iron lost a day"),
    ("absorption_factor", 1.0, "absorption x {:g}"),
    ("haemoglobin_factor", 1.0, "haemoglobin set point x {:g}"),
    ("dopamine_load", 0.0, "dopaminergic load {:g} (independent of iron)"),
    ("ferritin_factor", 1.0, "measured ferritin x {:g}"),
    ("saturation_factor", 1.0, "measured transferrin saturation x {:g}"),
    ("mortality_ratio", 1.0, "mortality x {:g}"),
)


def effects_in_words(condition: Condition) -> str:
    """What a condition does."""
    said = [
        words.format(getattr(condition, field))
        for field, neutral, words in EFFECTS
        if getattr(condition, field) != neutral
    ]
    if not condition.may_give_blood:
        said.append("no blood donation")
    return ", ".join(said) or "none"


def connections_in_words(condition: Condition, conditions: Sequence[Condition]) -> list[str]:
    """What a condition raises, what raises it, and what body mass does, a line each."""
    lines = []
    if condition.raises:
        raised = ", ".join(f"{name} x {ratio:g}" for name, ratio in condition.raises.items())
        lines.append(f"raises the onset of: {raised}")
    causes = [
        f"{cause.name} x {(cause.raises or {})[condition.name]:g}"
        for cause in conditions
        if condition.name in (cause.raises or {})
    ]
    if causes:
        lines.append(f"its onset is raised by: {', '.join(causes)}")
    if condition.hazard_ratio_per_5_kg_per_m2 != 1.0:
        ratio = condition.hazard_ratio_per_5_kg_per_m2
        lines.append(f"hazard of onset for 5 kg/m2 more than the median adult: x {ratio:g}")
    return lines


def as_records(conditions: Sequence[Condition]) -> list[dict[str, Any]]:
    """Groups, with the data of those that are conditions of the catalogue."""
    data = {condition.name: condition for condition in conditions}
    records = []
    for group in groups_of(conditions):
        record: dict[str, Any] = {
            "name": group.name,
            "label": group.label,
            "kind": group.kind,
            "definition": group.definition,
            "source": " ".join(group.source.split()),
            "left_out_for_the_caused_shift": group.cause or None,
        }
        if group.name in data:
            fields = {**vars(data[group.name])}
            for known in ("name", "definition", "source"):
                del fields[known]
            record["data"] = fields
        records.append(record)
    return records


def print_conditions(conditions: Sequence[Condition]) -> None:
    """List all groups, and what the conditions among them do: a table where it has room."""
    data = {condition.name: condition for condition in conditions}
    rows = []
    for group in groups_of(conditions):
        effects = effects_in_words(data[group.name]) if group.name in data else ""
        if group.kind == "control":
            effects = effects.replace("none", "none: negative control")
        rows.append(tuple(map(plain, (group.name, group.kind, group.definition, effects))))
    if out.width < ROOM_FOR_TABLE:
        for name, kind, *about in rows:
            say(f"{name} ({kind}): {'; '.join(filter(None, about))}")
    else:
        table = Table(box=SIMPLE, padding=(0, 1, 0, 0))
        table.add_column("name", no_wrap=True)
        for heading in ("kind", "who belongs to it", "effects"):
            table.add_column(heading)
        for row in rows:
            table.add_row(*row)
        out.print(table)
    say(
        "rlsabm conditions NAME explains one, with its sources. Those without effects listed have "
        "rules of their own or are states; see rlsabm parameters and docs/ODD.md."
    )


def find_group(name: str, conditions: Sequence[Condition], *, of_scenario: bool) -> Group:
    """The group of this name.

    Parameters
    ----------
    name
        What was typed.
    conditions
        The catalogue.
    of_scenario
        Whether that is of a scenario, with its own conditions, or the one that ships.

    Raises
    ------
    UserError
        If there is none of this name; the message names those that may have been meant.
    """
    groups = {group.name: group for group in groups_of(conditions)}
    if name in groups:
        return groups[name]
    meant = (
        nearest(name, groups)
        or _told_by(name, groups.values())
        or nearest(name, groups, by_word=True)
    )
    hints = [f"did you mean {meant}?"] if meant else ["rlsabm conditions lists them"]
    if not of_scenario:
        hints.append("those of a scenario need --of FILE")
    raise UserError(f"no condition is called '{visible(name, LONGEST_NAME)}' ({'; '.join(hints)})")


def _told_by(word: str, groups: Iterable[Group]) -> str | None:
    """Names of the few groups that a word describes: by initials, label, definition or source."""
    plain = word.lower().replace("_", " ").strip()
    for group in groups:
        if plain == "".join(part[0] for part in group.name.split("_")):
            return group.name
    for describe in (
        lambda group: f"{group.label} {group.definition}",
        lambda group: group.source,
    ):
        told = [group.name for group in groups if plain and plain in describe(group).lower()]
        if 0 < len(told) <= MOST_MEANT:
            return " or ".join(told)
    return None


def explain_condition(group: Group, conditions: Sequence[Condition]) -> None:
    """Print all that is known of one group."""
    name = group.name
    say(f"{name}: {group.label} ({group.kind})", bold=True)
    say(f"who: {group.definition}")
    if group.cause:
        labels = {each.name: each.label for each in groups_of(conditions)}
        say(f"caused shift: against the same people {_other_world(group, labels)}")
    data = {condition.name: condition for condition in conditions}
    if name in data:
        _print_data(data[name], conditions)
    elif group.source:
        say(f"source: {group.source}")


def _other_world(group: Group, labels: Mapping[str, str]) -> str:
    if group.cause == IRON_STORES:
        return "with iron stores that are always replete"
    return f"without {labels.get(group.cause, in_words(group.cause))}"


def _print_data(condition: Condition, conditions: Sequence[Condition]) -> None:
    for field in (*PREVALENCE_KEYS, *ONSET_KEYS):
        values = getattr(condition, field)
        if values is not None:
            knots = ", ".join(
                f"{value:g} at {age:g}" for age, value in zip(condition.ages, values, strict=True)
            )
            say(f"{in_words(field)}: {knots}")
    lasts = "for life"
    if condition.duration_years is not None:
        lasts = f"{condition.duration_years:g} years on average"
    say(f"lasts: {lasts}")
    say(f"effects: {effects_in_words(condition)}")
    for line in connections_in_words(condition, conditions):
        say(line)
    if condition.touches_iron:
        say(f"SD between draws of the log of their strength: {condition.effect_log_sd:g}")
    say(f"source: {' '.join(condition.source.split())}")
