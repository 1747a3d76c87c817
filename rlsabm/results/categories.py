"""Words of the category columns of each table, in order."""

from __future__ import annotations

from collections.abc import Sequence

from rlsabm.conventions import SEXES
from rlsabm.declaring.groups import Group
from rlsabm.exposures.kidney import KIDNEY_STAGES
from rlsabm.life.birth import TWIN_TYPES
from rlsabm.measuring.cases import DEFINITIONS, RECALLS
from rlsabm.measuring.instruments import TRUE
from rlsabm.results.biomarkers import BIOMARKERS, WAYS
from rlsabm.results.cells import PARITIES, age_group_names
from rlsabm.results.contrasts import WHOLE
from rlsabm.results.counting import INCIDENT
from rlsabm.results.postulates import PARTS, POSTULATES
from rlsabm.results.registries import (
    AUTOPSY_QUANTITIES,
    KIN_ESTIMATES,
    KIN_RELATIONS,
    KIN_SEXES,
)
from rlsabm.results.shifts import ESTIMATE_NAMES

#: What may be said of a unit of work in the ledger.
STATUSES = ("waiting", "running", "finished", "failed")
#: Tables with rows that are not broken down by every stratum.
WITH_MARGINS = ("shifts", "contrasts", "postulates", "partitions")


class Categories:
    """Words of the category columns of a study's tables.

    Parameters
    ----------
    arms
        Names of the arms.
    worlds
        Names of all worlds, the factual one first.
    groups
        Groups of people that are counted.
    instruments
        Names of what asks, besides the truth.
    age_limits
        Lower limits of the age groups.
    parameters
        Names of what draws set.
    """

    def __init__(
        self,
        *,
        arms: Sequence[str],
        worlds: Sequence[str],
        groups: Sequence[Group],
        instruments: Sequence[str],
        age_limits: Sequence[int],
        parameters: Sequence[str],
    ) -> None:
        self._words = {
            "arm": list(arms),
            "world": list(worlds),
            "condition": [group.name for group in groups],
            "sex": list(SEXES),
            "age_group": age_group_names(age_limits),
            "parity": list(PARITIES),
            "definition": list(DEFINITIONS),
            "recall": list(RECALLS),
            "observed_as": [TRUE, *instruments],
            "estimate": ESTIMATE_NAMES,
            "postulate": list(POSTULATES),
            "part": list(PARTS),
            "event": list(INCIDENT),
            "biomarker": list(BIOMARKERS),
            "relation": list(KIN_RELATIONS),
            "quantity": list(AUTOPSY_QUANTITIES),
            "parameter": list(parameters),
            "twin": list(TWIN_TYPES),
            "kidney": [stage or f"stage {i}" for i, stage in enumerate(KIDNEY_STAGES)],
            "status": list(STATUSES),
        }

    def of(self, table: str) -> dict[str, list[str]]:
        """Words by column of a table."""
        words = dict(self._words)
        if table in ("biomarkers", "samples", "autopsies"):
            words["observed_as"] = list(WAYS)
        if table in ("kin", "kin_counts"):
            words |= {"sex": list(KIN_SEXES), "estimate": list(KIN_ESTIMATES)}
        if table in WITH_MARGINS:
            words |= {name: [*words[name], whole] for name, whole in WHOLE.items()}
        return words

    def strata(self, names: Sequence[str]) -> dict[str, list[str]]:
        """Words of the strata by which a scenario breaks results down."""
        return {name: self._words[name] for name in names}
