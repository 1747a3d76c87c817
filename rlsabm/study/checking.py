"""Checks a study before any work is done, and settles what all of its units are asked."""

from __future__ import annotations

from collections.abc import Sequence

from rlsabm.errors import LONGEST_LINE, UserError, visible
from rlsabm.measuring.instruments import instruments_of
from rlsabm.observe.groups import groups_of, labels_of
from rlsabm.parameter_table import PARAMETERS
from rlsabm.results.question import Question
from rlsabm.results.tables.draws import strength_name
from rlsabm.results.vocabulary import Vocabulary
from rlsabm.scenario import REFERENCE, ResolvedScenario
from rlsabm.setting import Setting
from rlsabm.study.machine import memory_bytes
from rlsabm.study.places import place_of
from rlsabm.study.settings import country_of, unit_setting
from rlsabm.study.units import block_sizes, count_units
from rlsabm.worlds.world import FACTUAL, worlds_of

#: Memory of a unit, measured: of the program; of a person while a population is grown and counted, with
#: the dead and copies, and more for each world; of a row of the persons line list while it is written;
#: of the values that blocks keep of biomarkers.
BYTES_OF_PROGRAM = 260 * 2**20
BYTES_PER_PERSON, BYTES_PER_WORLD = 1_200, 25
BYTES_PER_LISTED_PERSON = 2_000
BYTES_OF_SAMPLES = 560 * 2**20


def check_study(study: ResolvedScenario) -> list[Setting]:
    """Build what a block of every arm lives in, so that mistakes show before any work is done.

    Raises
    ------
    UserError
        If a country, year or jurisdiction is not known, there would be too many runs, or the machine's
        memory is too small.
    """
    try:
        count_units(study)
    except UserError as error:
        raise UserError(_with_place(study, REFERENCE, str(error))) from None
    sizes = block_sizes(study.scenario.population)
    settings = []
    for name, arm in study.arms.items():
        try:
            settings.append(unit_setting(arm, 0, country=country_of(study), people=max(sizes)))
            _check_names(settings[-1])
            instruments_of(arm.observe.instruments)
        except UserError as error:
            raise UserError(_with_place(study, name, str(error))) from None
    needed, have = memory_of_unit(study, settings), memory_bytes()
    if needed > 0.9 * have:
        raise UserError(
            f"population.block_size: a block of {max(sizes):,} people needs about "
            f"{needed / 2**30:.1f} GiB of memory, and {have / 2**30:.1f} GiB are available; choose "
            "smaller blocks"
            + (" or a smaller observe.persons" if study.scenario.observe.persons else "")
        )
    return settings


def memory_of_unit(study: ResolvedScenario, settings: Sequence[Setting]) -> int:
    """Memory that a unit takes at its peak (bytes), roughly."""
    scenario = study.scenario
    sizes = block_sizes(scenario.population)
    worlds = 1 + max(
        len(worlds_of(setting, scenario.shifts.conditions, postulates=scenario.shifts.postulates))
        for setting in settings
    )
    years = len(scenario.observe.years)
    listed = scenario.observe.persons * max(sizes) * worlds * years
    return int(
        BYTES_OF_PROGRAM
        + max(sizes) * (BYTES_PER_PERSON + BYTES_PER_WORLD * worlds * years)
        + listed * BYTES_PER_LISTED_PERSON
        + (BYTES_OF_SAMPLES if len(sizes) > 1 else 0)
    )


def _check_names(setting: Setting) -> None:
    """Refuse conditions that are called like a group."""
    taken = {group.name for group in groups_of(())}
    for condition in setting.conditions:
        if condition.name in taken:
            raise UserError(
                f"conditions.{condition.name}: is the name of a group in the tables (see rlsabm "
                "conditions); choose another"
            )


def _with_place(study: ResolvedScenario, arm: str, message: str) -> str:
    """The message in one line, led by file and line where it names a key that a file has set."""
    message = visible(message, LONGEST_LINE)
    place = place_of(study, arm, message.split(":", 1)[0])
    return f"{place}: {message}" if place else message


def question_of(
    study: ResolvedScenario, vocabulary: Vocabulary, tables: frozenset[str] | None = None
) -> Question:
    """What the units of a study are asked.

    Parameters
    ----------
    study, vocabulary
        The resolved scenario, and the words of its tables.
    tables
        Names of the tables that are wanted; all that the scenario asks for by default.
    """
    scenario = study.scenario
    return Question(
        observe=scenario.observe,
        causes=tuple(scenario.shifts.conditions),
        postulates=scenario.shifts.postulates,
        several_blocks=len(block_sizes(scenario.population)) > 1,
        vocabulary=vocabulary,
        tables=tables,
    )


def vocabulary_of(study: ResolvedScenario, settings: Sequence[Setting]) -> Vocabulary:
    """Words of all tables of a study, whose arms have these settings."""
    scenario = study.scenario
    conditions = {c.name: c for setting in settings for c in setting.conditions}
    worlds = {
        world.name: None
        for setting in settings
        for world in worlds_of(
            setting, scenario.shifts.conditions, postulates=scenario.shifts.postulates
        )
    }
    groups = groups_of(list(conditions.values()))
    return Vocabulary(
        arms=list(study.arms),
        worlds=[FACTUAL, *worlds],
        groups={group.name: group.definition for group in groups},
        labels=labels_of(groups),
        instruments=[i.name for i in instruments_of(scenario.observe.instruments)],
        age_limits=scenario.observe.age_groups,
        parameters=[*PARAMETERS, *(strength_name(name) for name in conditions)],
        strata=scenario.observe.by,
    )
