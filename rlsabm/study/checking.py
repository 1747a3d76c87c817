"""Checks a study before any work is done, and settles what all of its units are asked."""

from __future__ import annotations

from collections.abc import Sequence

from rlsabm.care.offers import ON_DIALYSIS
from rlsabm.care.receiving import DIAGNOSED
from rlsabm.errors import LONGEST_LINE, UserError, visible
from rlsabm.measuring.instruments import instruments_of
from rlsabm.observe.groups import groups_of, labels_of
from rlsabm.parameter_table import PARAMETERS
from rlsabm.results.question import Question
from rlsabm.results.table import ResultTable
from rlsabm.results.tables import needed_tables
from rlsabm.results.tables.draws import strength_name, treatment_strength_name
from rlsabm.results.vocabulary import Vocabulary
from rlsabm.scenario import REFERENCE, ResolvedScenario, Scenario
from rlsabm.setting import Setting
from rlsabm.study.machine import memory_bytes, whose_memory
from rlsabm.study.places import place_of
from rlsabm.study.settings import (
    country_of,
    policy_of,
    rules_of,
    treatments_used,
    trial_of,
    unit_setting,
)
from rlsabm.study.units import block_sizes, count_units
from rlsabm.trials.checking import check_trial
from rlsabm.worlds.world import FACTUAL, worlds_of

#: Memory of a unit, measured: of the program; of a person while a population is grown and counted, with
#: the dead and copies, and more for each world; of a row of the persons line list while it is written;
#: of the values that blocks keep of biomarkers.
BYTES_OF_PROGRAM = 260 * 2**20
BYTES_PER_PERSON, BYTES_PER_WORLD = 1_200, 25
BYTES_PER_LISTED_PERSON = 2_000
BYTES_OF_SAMPLES = 560 * 2**20
#: Share of the memory that a unit may take; people of the smallest block.
MOST_MEMORY = 0.9
SMALLEST_BLOCK = 100


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
        country = country_of(study)
    except UserError as error:
        raise UserError(_with_place(study, REFERENCE, str(error))) from None
    sizes = block_sizes(study.scenario.population)
    settings = []
    for name, arm in study.arms.items():
        try:
            _check_contradictions(arm)
            settings.append(unit_setting(arm, 0, country=country, people=max(sizes)))
            _check_names(settings[-1])
            instruments_of(arm.observe.instruments)
        except UserError as error:
            raise UserError(_with_place(study, name, str(error))) from None
    _check_memory(study, settings)
    try:
        _check_trial(study, settings[0])
        policy_of(study)
    except UserError as error:
        raise UserError(_with_place(study, REFERENCE, str(error))) from None
    return settings


def _check_contradictions(arm: Scenario) -> None:
    """Refuse rules for people of whom there are none, because their condition is switched off.

    Raises
    ------
    UserError
        It names both keys.
    """
    conditions = arm.conditions
    donation, pregnancy, dialysis = (
        getattr(conditions, name) for name in ("blood_donation", "pregnancy", "dialysis")
    )
    for name, section, rules in (
        ("blood_donation", donation, ("ferritin_deferral", "supplements")),
        ("pregnancy", pregnancy, ("supplements",)),
        ("dialysis", dialysis, ("intravenous_iron",)),
    ):
        for rule in rules:
            if not section.enabled and getattr(section, rule) is not None:
                raise UserError(
                    f"conditions.{name}.{rule}: contradicts conditions.{name}.enabled: false (leave "
                    "one of them out; null takes away what another file says)"
                )
    off = [name for name, block in conditions.catalogue.items() if not block.enabled]
    off += [ON_DIALYSIS] if not dialysis.enabled else []
    for rule_of_care in rules_of(arm.care):
        where = f"care.rules.{rule_of_care.name}"
        if rule_of_care.condition in off:
            raise UserError(
                f"{where}.condition: nobody has {rule_of_care.condition}, as it is switched off "
                f"(conditions.{rule_of_care.condition}.enabled: false)"
            )
        if rule_of_care.months_since_donation is not None and not donation.enabled:
            raise UserError(
                f"{where}.months_since_donation: nobody gives blood, as that is switched off "
                "(conditions.blood_donation.enabled: false)"
            )


def _check_trial(study: ResolvedScenario, setting: Setting) -> None:
    """Refuse a trial that cannot be done, and one among several blocks."""
    trial = trial_of(study.scenario)
    if trial is None:
        return
    check_trial(trial, [condition.name for condition in setting.conditions])
    if len(block_sizes(study.scenario.population)) > 1:
        raise UserError(
            "trial: patients are recruited within a block of people, and there are several (expected a "
            "population.size of at most population.block_size)"
        )


def _check_memory(study: ResolvedScenario, settings: Sequence[Setting]) -> None:
    """Refuse blocks that need more memory than there is, and say what of the scenario would help."""
    have = memory_bytes()
    sizes = block_sizes(study.scenario.population)
    persons = study.scenario.observe.persons
    needed = memory_of_unit(study, settings)

    def fits(people: int, blocks: int, persons: float) -> bool:
        return _memory_of(study, settings, people, blocks, persons) <= MOST_MEMORY * have

    if fits(max(sizes), len(sizes), persons):
        return
    remedies = {
        "population.block_size": fits(SMALLEST_BLOCK, 2, persons),
        "population.size": fits(SMALLEST_BLOCK, 1, persons),
        "observe.persons": fits(max(sizes), len(sizes), 0.0),
    }
    helpful = [key for key, helps in remedies.items() if helps]
    remedy = f"no run needs less than {_memory_text(BYTES_OF_PROGRAM)}, so allow more"
    if helpful:
        remedy = f"choose a smaller {' or '.join(helpful)}"
    raise UserError(
        f"{f'{helpful[0]}: ' if helpful else ''}a block of {max(sizes):,} people needs about "
        f"{_memory_text(needed)} of memory, more than {100 * MOST_MEMORY:.0f} % of the "
        f"{_memory_text(have)} {whose_memory()}; {remedy}"
    )


def _memory_text(size: float) -> str:
    """A size of memory (bytes) in words."""
    return f"{size / 2**30:.1f} GiB" if size >= 2**30 else f"{size / 2**20:.0f} MiB"


def memory_of_unit(study: ResolvedScenario, settings: Sequence[Setting]) -> int:
    """Memory that a unit takes at its peak (bytes), roughly."""
    sizes = block_sizes(study.scenario.population)
    return _memory_of(study, settings, max(sizes), len(sizes), study.scenario.observe.persons)


def _memory_of(
    study: ResolvedScenario, settings: Sequence[Setting], people: int, blocks: int, persons: float
) -> int:
    """Memory of a unit with so many people, of a population of so many blocks."""
    scenario = study.scenario
    worlds = 1 + max(
        len(worlds_of(setting, scenario.shifts.conditions, postulates=scenario.shifts.postulates))
        for setting in settings
    )
    years = len(scenario.observe.years)
    return int(
        BYTES_OF_PROGRAM
        + people * (BYTES_PER_PERSON + BYTES_PER_WORLD * worlds * years)
        + persons * people * worlds * years * BYTES_PER_LISTED_PERSON
        + (BYTES_OF_SAMPLES if blocks > 1 else 0)
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
    taken |= {DIAGNOSED, *(condition.name for condition in setting.conditions)}
    for treatment in setting.care.treatments:
        if treatment.name in taken:
            raise UserError(
                f"treatments.{treatment.name}: is the name of a group in the tables (see rlsabm "
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
    scenario, policy = study.scenario, policy_of(study)
    return Question(
        observe=scenario.observe,
        causes=tuple(scenario.shifts.conditions),
        postulates=scenario.shifts.postulates,
        several_blocks=len(block_sizes(scenario.population)) > 1,
        vocabulary=vocabulary,
        tables=tables,
        trial=trial_of(scenario),
        policy=policy,
        reference=scenario if policy else None,
    )


def tables_asked_for(study: ResolvedScenario) -> list[ResultTable]:
    """Tables that the units of a study fill, or that are made of those."""
    no_words = Vocabulary((), (), {}, (), (), (), ())
    return needed_tables(question_of(study, no_words))


def vocabulary_of(study: ResolvedScenario, settings: Sequence[Setting]) -> Vocabulary:
    """Words of all tables of a study, whose arms have these settings."""
    scenario, policy = study.scenario, policy_of(study)
    conditions = {c.name: c for setting in settings for c in setting.conditions}
    worlds = {
        world.name: None
        for setting in settings
        for world in worlds_of(
            setting, scenario.shifts.conditions, postulates=scenario.shifts.postulates
        )
    }
    treatments = {t.name: t for setting in settings for t in setting.care.treatments}
    used = {
        name: None
        for arm, setting in zip(study.arms.values(), settings, strict=True)
        for name in treatments_used(arm, setting)
    }
    groups = groups_of(list(conditions.values()), list(treatments.values()))
    return Vocabulary(
        arms=list(study.arms),
        worlds=[FACTUAL, *worlds],
        groups={group.name: group.definition for group in groups},
        labels=labels_of(groups),
        instruments=[i.name for i in instruments_of(scenario.observe.instruments)],
        age_limits=scenario.observe.age_groups,
        parameters=[
            *PARAMETERS,
            *(strength_name(name) for name in conditions),
            *(treatment_strength_name(name) for name in used),
        ],
        strata=scenario.observe.by,
        trial_arms=list(scenario.trial.arms) if scenario.trial else [],
        items={item.name: item.meaning for item in policy.items} if policy else {},
    )
