"""Prevalence: cases and persons by condition, strata, definition, recall, world and instrument."""

from __future__ import annotations

import numpy as np

from rlsabm.declaring.groups import IRON_STORES, Group
from rlsabm.measuring.cases import DEFINITIONS, RECALLS
from rlsabm.results.columns import CASE, CONDITION, KEYS, STRATA
from rlsabm.results.combining import Added
from rlsabm.results.contents import Contents, joined
from rlsabm.results.observed import Observed
from rlsabm.results.table import Column, Kind, ResultTable
from rlsabm.results.totals import ROWS_ADD_UP
from rlsabm.worlds.world import FACTUAL, World


def count_prevalence(observed: Observed) -> Contents:
    """Cases and persons.

    In the factual world all conditions are counted, in others everyone and those whom the world is
    about.
    """
    cases, cells = observed.cases, observed.cells
    parts: list[Contents] = []
    for group in observed.groups:
        members = observed.members[group.name]
        persons = cells.count(members)
        inhabited = np.flatnonzero(persons)
        rows = len(inhabited)
        worlds = [FACTUAL, *(w.name for w in cases.worlds if _concerns(w, group))]
        for world in worlds:
            for d, definition in enumerate(DEFINITIONS):
                for r, recall in enumerate(RECALLS):
                    for o, observed_as in enumerate(cases.bits):
                        are = cases.are(definition, recall, observed_as=observed_as, world=world)
                        count = cells.count(members & are)
                        parts.append(
                            {
                                **cells.labels(inhabited),
                                "world": np.full(rows, world, dtype=object),
                                "condition": np.full(rows, group.name, dtype=object),
                                "definition": np.full(rows, d),
                                "recall": np.full(rows, r),
                                "observed_as": np.full(rows, o),
                                "cases": count[inhabited],
                                "persons": persons[inhabited],
                            }
                        )
    counts = joined(parts)
    return {**counts, "prevalence": _prevalence(counts)}


def _concerns(world: World, group: Group) -> bool:
    """Whether a group is counted in a counterfactual world."""
    if group.kind == "everyone":
        return True
    return group.cause == world.cause or (not world.cause and group.cause == IRON_STORES)


def _prevalence(counts: Contents) -> object:
    return counts["cases"] / counts["persons"]


TABLE = ResultTable(
    name="prevalence",
    title="Prevalence of restless legs syndrome",
    kind=Kind.BY_RUN,
    columns=(
        *KEYS,
        CONDITION,
        *STRATA,
        *CASE,
        Column("cases", "whole", "persons", "people with RLS"),
        Column("persons", "whole", "persons", "people in the group"),
        Column("prevalence", "number", "proportion", "cases / persons"),
    ),
    totals=ROWS_ADD_UP,
    count=count_prevalence,
    needs_worlds=True,
    combine=Added(("cases", "persons"), derived={"prevalence": _prevalence}),
)
