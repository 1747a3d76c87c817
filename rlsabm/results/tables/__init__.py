"""The result tables of a study, each declared in a module of its own.

To add one, write its module and list it here.
"""

from __future__ import annotations

from rlsabm.results.question import Question
from rlsabm.results.table import Kind, ResultTable
from rlsabm.results.tables import (
    autopsies,
    biomarker_ratios,
    biomarkers,
    biomarkers_by_rls,
    contrasts,
    draws,
    events,
    incidence,
    kin,
    kin_counts,
    loci,
    partitions,
    persons,
    policies,
    policy_counts,
    postulates,
    prevalence,
    runs,
    shifts,
    trial,
    trial_flow,
    trial_outcomes,
    trial_power,
    trial_published,
    trial_sources,
)

#: All tables by name. Estimates come after what they are estimated from.
TABLES: dict[str, ResultTable] = {
    table.name: table
    for table in (
        prevalence.TABLE,
        incidence.TABLE,
        biomarkers.TABLE,
        biomarkers.SAMPLES,
        biomarkers_by_rls.TABLE,
        biomarkers_by_rls.SAMPLES,
        biomarker_ratios.TABLE,
        contrasts.TABLE,
        shifts.TABLE,
        partitions.TABLE,
        postulates.TABLE,
        kin_counts.TABLE,
        kin.TABLE,
        loci.TABLE,
        autopsies.TABLE,
        trial_flow.TABLE,
        trial_outcomes.TABLE,
        trial_sources.TABLE,
        trial.TABLE,
        trial_power.TABLE,
        trial_published.TABLE,
        policy_counts.TABLE,
        policies.TABLE,
        persons.TABLE,
        events.TABLE,
        draws.TABLE,
        runs.TABLE,
    )
}


def tables_of(*kinds: Kind) -> list[ResultTable]:
    """Tables of some kinds."""
    return [table for table in TABLES.values() if table.kind in kinds]


def needed_tables(question: Question) -> list[ResultTable]:
    """Tables that a unit must fill: those that are wanted, and those that these are made from.

    Raises
    ------
    ValueError
        If a table is wanted that does not exist.
    """
    wanted = set(TABLES) if question.tables is None else set(question.tables)
    unknown = wanted - set(TABLES)
    if unknown:
        raise ValueError(f"no table {', '.join(sorted(unknown))}; known: {', '.join(TABLES)}")
    wanted = {name for name in wanted if TABLES[name].wanted(question)}
    # Backwards, so that what a table is made from is seen after it.
    for table in reversed(list(TABLES.values())):
        if table.name in wanted:
            wanted |= set(table.estimated_from)
            wanted |= set(table.combine.companions if table.combine else ())
    return [table for table in TABLES.values() if table.name in wanted and table.wanted(question)]
