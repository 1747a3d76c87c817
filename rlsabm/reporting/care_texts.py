"""What the methods of a report say of care, of a virtual trial, and of policies."""

from __future__ import annotations

from collections.abc import Iterator

from rlsabm.care.presets import preset
from rlsabm.care.treatment import Treatment
from rlsabm.conventions import in_words
from rlsabm.parameter_table import PARAMETERS
from rlsabm.policies.policy import TOO_MUCH_FERRITIN_UG_PER_L
from rlsabm.policies.tally import LOTS
from rlsabm.printing.words import capitalised
from rlsabm.reporting.studied import Studied
from rlsabm.study.settings import care_of, treatments_of
from rlsabm.wording import counted, in_a_row


def care_texts(studied: Studied) -> Iterator[str]:
    """Paragraphs on care, the trial and policies, as far as the study has them."""
    scenario = studied.resolved.scenario
    if any(care_of(arm).rules for arm in studied.resolved.arms.values()):
        yield _care(studied)
    if scenario.trial is not None:
        yield _trial(studied)
    if scenario.policy is not None:
        yield _policies(studied)


def treatments_in(studied: Studied) -> dict[str, Treatment]:
    """Treatments that rules of care offer in some arm, or that the trial gives, by name."""
    scenario = studied.resolved.scenario
    names = {t.name for arm in studied.resolved.arms.values() for t in care_of(arm).treatments}
    if scenario.trial is not None:
        names |= {name for given in scenario.trial.arms.values() for name in given}
    known: dict[str, Treatment] = {}
    for arm in studied.resolved.arms.values():
        known = {**treatments_of(arm), **known}
    return {name: treatment for name, treatment in known.items() if name in names}


def treatment_sources(studied: Studied) -> list[str]:
    """Sources of the treatments that were given."""
    return [
        f"{capitalised(treatment.in_words)}: {' '.join(treatment.source.split())}"
        for treatment in treatments_in(studied).values()
    ]


def _care(studied: Studied) -> str:
    by_rules = {t.name for arm in studied.resolved.arms.values() for t in care_of(arm).treatments}
    offered = [t.in_words for name, t in treatments_in(studied).items() if name in by_rules]
    arms = studied.resolved.arms.values()
    presets = list(dict.fromkeys(name for arm in arms for name in arm.care.presets))
    titles = [f"{name} ({preset(name)['title']})" for name in presets]
    by = [f"preset rules {in_a_row(titles)}"] if presets else []
    by += ["rules of the scenario"] if any(arm.care.rules for arm in arms) else []
    rate = studied.resolved.scenario.parameters.get(
        "diagnosis_per_year", PARAMETERS["diagnosis_per_year"].default
    )
    return (
        "Care was decided for each person month by month, by symptoms of the month before and by "
        "laboratory values as an assay would find them. People with clinically significant RLS were "
        f"diagnosed at a rate of {float(rate):g} a year. Offered were {in_a_row(offered)}, "
        f"by {in_a_row(by)}."
    )


def _trial(studied: Studied) -> str:
    trial = studied.resolved.scenario.trial
    assert trial is not None
    arms = [
        f"{name} ({in_a_row([in_words(each) for each in given]) if given else 'placebo'})"
        for name, given in trial.arms.items()
    ]
    months = in_a_row([str(visit) for visit in trial.visits])
    size = trial.patients_per_arm
    design = (
        f"in a cross-over trial, {counted(size, 'patient')} in each order of its arms"
        if trial.design == "cross_over"
        else f"by lot to arms of {counted(size, 'patient')}"
    )
    return (
        f"A virtual trial was done {counted(trial.repetitions, 'time')} in each run, with people of "
        f"the last survey whose rated score of the International RLS scale (IRLS) was at least "
        f"{trial.eligible.irls_at_least:g}. They were given, {design}: {in_a_row(arms)}; and were seen "
        f"after {months} months. A rating has an error with a standard deviation of "
        f"{trial.rating_sd:g} points, falls by {trial.placebo_fall:g} points in all arms because "
        f"somebody takes part, and patients leave at a rate of {trial.drop_out_per_year:g} a year. "
        "Every patient lived on in every arm, so that the effect in the very same person is known."
    )


def _policies(studied: Studied) -> str:
    policy = studied.resolved.scenario.policy
    assert policy is not None
    return (
        f"The arms are policies: they are the same, person by person, until July "
        f"{studied.year - policy.period_years}, and part then. From then on everybody alive was "
        "counted at the end of each month, by sex, age and quarter of the inborn CNS-iron trait, with "
        "the iron, treatments and tests given; at the end of each year also those with a measured "
        f"ferritin above {TOO_MUCH_FERRITIN_UG_PER_L:g} µg/L. Amounts are per 100,000 person-years. "
        f"In one draw of the parameters intervals rest on a jackknife over {LOTS} lots of people, "
        "the same in all arms (Miller 1974)."
    )
