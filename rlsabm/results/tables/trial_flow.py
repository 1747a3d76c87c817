"""The flow of patients through virtual trials: assessed, excluded, given an arm, seen at the end."""

from __future__ import annotations

import numpy as np

from rlsabm.results.columns import KEYS
from rlsabm.results.combining import OneBlock
from rlsabm.results.contents import Contents
from rlsabm.results.observed import Observed
from rlsabm.results.table import Column, Kind, ResultTable
from rlsabm.results.tables.trial_outcomes import has_trial
from rlsabm.results.totals import NO_TOTALS
from rlsabm.trials.checking import ALL
from rlsabm.trials.flow import STAGES, flow_before, flow_of_arm


def count_flow(observed: Observed) -> Contents | None:
    """People at each stage, in the first trial of the run and on average; of the last survey only."""
    conducted = observed.trial
    if conducted is None:
        return None
    trial, followed = conducted.trial, conducted.followed
    flows = []
    for done in conducted.repetitions:
        before = flow_before(trial, conducted.assessed, conducted.excluded, followed, done)
        by_arm = {
            (name, stage): persons
            for arm, name in enumerate(trial.arms)
            for stage, persons in flow_of_arm(trial, followed, done, arm).items()
        }
        flows.append({(ALL, stage): persons for stage, persons in before.items()} | by_arm)
    rows = list(flows[0])
    persons = np.array([[flow[row] for row in rows] for flow in flows])
    return {
        "trial_arm": np.array([arm for arm, _ in rows], dtype=object),
        "stage": np.array([stage for _, stage in rows], dtype=object),
        "persons": persons[0],
        "mean_persons": persons.mean(axis=0),
        "trials": np.full(len(rows), len(flows)),
    }


TABLE = ResultTable(
    name="trial_flow",
    title="Flow of patients through virtual trials",
    kind=Kind.BY_RUN,
    columns=(
        *KEYS,
        Column(
            "trial_arm", "category", "",
            "arm that lots gave, in a cross-over for the first period; 'all' before that",
            words=lambda vocabulary: [ALL, *vocabulary.trial_arms],
        ),
        Column("stage", "category", "", "how far they came", words=list(STAGES), labels=STAGES),
        Column("persons", "whole", "persons", "people in the first trial of the run"),
        Column("mean_persons", "number", "persons", "mean over the trials of the run"),
        Column("trials", "whole", "trials", "trials of the run"),
    ),
    totals=NO_TOTALS,
    count=count_flow,
    wanted=has_trial,
    combine=OneBlock(),
)  # fmt: skip
