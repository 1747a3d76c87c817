"""The study that a report is about, with what several sections ask of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from rlsabm.errors import UserError
from rlsabm.observe.groups import groups_of
from rlsabm.printing.words import Labels
from rlsabm.reading import read
from rlsabm.results.arm_counts import Choice
from rlsabm.results.comparing import Comparison, compare
from rlsabm.results.intervals import FEWEST_DRAWS
from rlsabm.results.sources import source_of
from rlsabm.results.study_results import Study
from rlsabm.results.summary import adults_in_words
from rlsabm.results.trends import Trend, trend_of
from rlsabm.scenario import REFERENCE, ResolvedScenario
from rlsabm.study.settings import catalogue_of
from rlsabm.study.study import study_in


@dataclass(frozen=True)
class Studied:
    """A study in a folder.

    Attributes
    ----------
    study
        Its results.
    resolved
        Its scenario.
    folder
        Its folder.
    """

    study: Study
    resolved: ResolvedScenario
    folder: Path

    @property
    def manifest(self) -> dict[str, Any]:
        """Its manifest."""
        return self.study.manifest

    @property
    def layers(self) -> dict[str, str]:
        """What set each value of the scenario: a manifest has the arms in full, and this beside."""
        layers: dict[str, str] = self.manifest.get("layers", self.resolved.layers)
        return layers

    @property
    def year(self) -> int:
        """The last survey year."""
        return self.study.years[-1]

    @cached_property
    def labels(self) -> Labels:
        """How people read the words of tables."""
        labels: Labels = self.study.table("prevalence").attrs.get("labels", {})
        return labels

    @cached_property
    def arms(self) -> list[str]:
        """Arms of which runs have finished, the reference first."""
        there = set(self.study.table("prevalence")["arm"].astype(str))
        return [arm for arm in self.study.arms if arm in there]

    @cached_property
    def draws(self) -> int:
        """Draws of the parameters that have finished."""
        return int(self.study.table("prevalence")["draw"].nunique())

    @property
    def chance_only(self) -> bool:
        """Whether intervals leave out what is not known of the parameters."""
        return self.draws < FEWEST_DRAWS

    @cached_property
    def who(self) -> str:
        """Whose prevalence is reported, such as ``18 years and older``."""
        return adults_in_words(self.study.table("prevalence"))

    @property
    def traced(self) -> bool:
        """Whether shifts are traced to what causes them."""
        return bool(self.resolved.scenario.shifts.conditions)

    @cached_property
    def causes(self) -> dict[str, str]:
        """Cause of each group by its name."""
        groups = groups_of(catalogue_of(self.resolved.scenario.conditions))
        return {group.name: group.cause for group in groups}

    def has(self, table: str) -> bool:
        """Whether the study has a table with rows: of very few people some say nothing."""
        return table in self.study.tables and not self.study.table(table).empty

    @cached_property
    def against_reference(self) -> list[Comparison]:
        """Every arm beside the reference: everyone, by definition."""
        choice = Choice(by=("definition",), conditions=("everyone",))
        reference = source_of(self.folder)
        return [compare(reference, source_of(self.folder, arm), choice) for arm in self.arms[1:]]

    @cached_property
    def trend(self) -> Trend | None:
        """Prevalence by survey year in the reference; None with one year only."""
        if len(self.study.years) < 2:
            return None
        return trend_of(self.folder, REFERENCE, self.study.table("prevalence"), self.study.years)


def studied(folder: Path, resolved: ResolvedScenario | None = None) -> Studied:
    """The study in a folder, with enough of it for a report.

    Parameters
    ----------
    folder
        Its folder.
    resolved
        Its scenario, if it has been read already.

    Raises
    ------
    UserError
        If there is no such study, a table that a report needs is missing or damaged, or no run of the
        reference has finished.
    """
    study = read(folder)
    if "prevalence" not in study.tables:
        why = study.missing or "no run has finished"
        raise UserError(f"{folder}: there is nothing to report yet: {why}")
    found = Studied(study, resolved or study_in(folder), folder)
    if REFERENCE not in found.arms:
        raise UserError(
            f"{folder}: no run of the reference has finished, so there is nothing to report yet"
        )
    return found
