"""Published figures as data: what would be observed, what was found, and where it is published.

There are two kinds, which are never mixed.  A `CalibrationTarget` says how likely it is if a simulated
figure is true, and so can be fitted to.  A `ValidationTarget` cannot say that: no parameter may be
fitted to it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

import numpy as np
from pydantic import Field

from rlsabm.arrays import Floats
from rlsabm.calibration import likelihood
from rlsabm.calibration.likelihood import Kind, Scale
from rlsabm.calibration.measures import MEASURES, Query
from rlsabm.calibration.problem import NOTHING_KNOWN, Simulated
from rlsabm.calibration.samples import Figure
from rlsabm.declaring.sections import CountryName, Line, Section, Whole
from rlsabm.results.intervals import Z_95

Purpose: TypeAlias = Literal["calibration", "validation"]

#: Relative standard deviation of a figure for which the source gives no interval.
RELATIVE_SD = 0.25
#: Standard deviation, on the scale of a figure, by which the model may differ from the truth even with
#: the best parameters; of figures on no scale, as a share of the figure.
DISCREPANCY = 0.05
#: How far beyond a bound a figure still counts, on its scale; the likelihood is as soft as that.
TOLERANCE = 0.1


class Published(Section):
    """One figure of a target file: every key with its meaning."""

    says: Annotated[Line, Field(min_length=1, description="The figure, in plain words.")]
    observe: Annotated[
        dict[str, Any],
        Field(
            description="What would be observed: measure, and of whom.",
            json_schema_extra={"expected": "a mapping with measure and what it is asked"},
        ),
    ]
    value: Annotated[float | None, Field(description="What was found.")] = None
    interval: Annotated[
        list[float] | None,
        Field(
            min_length=2,
            max_length=2,
            description="95 % interval, or the range that is accepted.",
            json_schema_extra={"expected": "a lower and an upper limit, as in [0.05, 0.09]"},
        ),
    ] = None
    relative_sd: Annotated[
        float | None,
        Field(
            gt=0,
            le=2,
            description="Standard deviation as a share of the value, where the source has no interval.",
        ),
    ] = None
    cases: Annotated[
        int | None, Field(ge=0, description="Cases that the study counted."), Whole
    ] = None
    persons: Annotated[
        int | None, Field(ge=1, description="Persons among whom it counted them."), Whole
    ] = None
    at_least: Annotated[
        float | None, Field(description="Bound that the figure should not be below.")
    ] = None
    at_most: Annotated[
        float | None, Field(description="Bound that the figure should not be above.")
    ] = None
    tolerance: Annotated[
        float,
        Field(gt=0, description="How far beyond a bound still counts, on the scale of the figure."),
    ] = TOLERANCE
    likelihood: Annotated[
        Kind | None,
        Field(description="Kind of likelihood; by default it follows from what is given."),
    ] = None
    discrepancy: Annotated[
        float,
        Field(
            ge=0,
            le=2,
            description="By how much the model may differ from the truth, on the scale of the figure.",
        ),
    ] = DISCREPANCY
    sample: Annotated[
        int | None,
        Field(
            ge=2,
            le=200_000,
            description="Units that the real study observed: studies of its size are simulated.",
        ),
        Whole,
    ] = None
    country: Annotated[
        CountryName | None,
        Field(description="Country whose people are observed; by default that of the scenario."),
    ] = None
    year: Annotated[
        int | None,
        Field(
            ge=1900,
            le=2100,
            description="Year in which people are observed, as they also are up to three years before; "
            "by default the last survey year of the scenario.",
        ),
        Whole,
    ] = None
    changes: Annotated[
        dict[str, Any],
        Field(description="What else differs from the scenario, by dotted key."),
    ] = {}
    per: Annotated[
        float, Field(gt=0, description="Number of which the figure is given, such as 1,000.")
    ] = 1.0
    needs: Annotated[
        Line | None,
        Field(
            min_length=1,
            description="What the model lacks to show the figure; it is then not observed.",
        ),
    ] = None
    source: Annotated[Line, Field(min_length=1, description="Who found it, and when.")]
    doi: Annotated[Line | None, Field(description="DOI of the source.")] = None
    pmid: Annotated[int | None, Field(ge=1, description="PubMed number of the source."), Whole] = (
        None
    )
    note: Annotated[
        Line | None, Field(description="What a reader must know of how figure and measure compare.")
    ] = None


@dataclass(frozen=True)
class Target:
    """A published figure that the simulated people can be asked for.

    Attributes
    ----------
    key
        Its name in the target file.
    published
        What that file says.
    query
        What would be observed; None if the model cannot show it yet.
    """

    key: str
    published: Published
    query: Query | None

    purpose: ClassVar[Purpose]

    @property
    def row(self) -> str:
        """The row of the list to which it belongs: C16 of C16_men_60."""
        return self.key.partition("_")[0]

    @property
    def is_ordering(self) -> bool:
        """Whether it is a bound, not a figure."""
        return self.published.at_least is not None or self.published.at_most is not None

    @property
    def is_proportion(self) -> bool:
        """Whether figures are between 0 and 1, and shown in per cent."""
        return (
            self.query is not None
            and self.published.per == 1.0
            and MEASURES[self.query.measure].is_proportion
        )

    @property
    def kind(self) -> Kind:
        """Kind of likelihood: that of the file, or what follows from what is given."""
        given = self.published
        if given.likelihood is not None:
            return given.likelihood
        if self.is_ordering:
            return "ordering"
        if given.cases is not None:
            return "beta_binomial"
        return "logit_normal" if self.is_proportion else "log_normal"

    @property
    def scale(self) -> Scale:
        """Scale on which the figure is nearly normal."""
        return likelihood.SCALE_OF_KIND[self.kind]

    def to_scale(self, x: Floats | float) -> Floats:
        """Figures on this scale."""
        return likelihood.to_scale(x, self.scale)

    def from_scale(self, x: Floats | float) -> Floats:
        """The inverse of `to_scale`."""
        return likelihood.from_scale(x, self.scale)

    @property
    def value(self) -> float:
        """The published figure; of an ordering, its bound."""
        given = self.published
        for known in (given.value, given.at_least, given.at_most):
            if known is not None:
                return float(known)
        assert given.cases is not None
        assert given.persons is not None
        return given.cases / given.persons

    @property
    def interval(self) -> tuple[float, float]:
        """Its 95 % interval: that of the file, or what follows from counts or the relative error.

        Of an ordering it is all beyond the bound, and what its tolerance adds.
        """
        given = self.published
        if given.interval is not None:
            return given.interval[0], given.interval[1]
        if self.is_ordering:
            side = -1.0 if given.at_most is None else 1.0
            limit = float(self.from_scale(self.mean + side * given.tolerance))
            return (limit, math.inf) if given.at_most is None else (-math.inf, limit)
        middle, half = float(self.to_scale(self.value)), Z_95 * self._published_sd()
        lower, upper = (float(self.from_scale(middle + side * half)) for side in (-1.0, 1.0))
        return lower, upper

    def _published_sd(self) -> float:
        """Standard error of the published figure, on its scale."""
        given = self.published
        if given.interval is not None:
            lower, upper = (float(self.to_scale(limit)) for limit in given.interval)
            return (upper - lower) / (2.0 * Z_95)
        if self.is_ordering:
            return given.tolerance
        if given.cases is not None and given.persons is not None:
            cases, others = given.cases + 0.5, given.persons - given.cases + 0.5
            return math.sqrt(1.0 / cases + 1.0 / others)
        relative = RELATIVE_SD if given.relative_sd is None else given.relative_sd
        return float(likelihood.sd_on_scale(self.value, relative * abs(self.value), self.scale))

    @property
    def mean(self) -> float:
        """The published figure on its scale."""
        return float(self.to_scale(self.value))

    @property
    def discrepancy(self) -> float:
        """By how much the model may be wrong, on the scale of the figure."""
        size = abs(self.value) if self.scale == "identity" else 1.0
        return self.published.discrepancy * (size or 1.0)

    @property
    def sd(self) -> float:
        """Standard error of the published figure and discrepancy together, on its scale."""
        return math.hypot(self._published_sd(), self.discrepancy)

    def contains(self, simulated: Floats | float) -> Any:
        """Whether figures are inside the published interval."""
        lower, upper = self.interval
        values = np.asarray(simulated, dtype=float)
        return (values >= lower) & (values <= upper)


class CalibrationTarget(Target):
    """A figure that parameters may be fitted to: a target of `rlsabm.calibration.problem`."""

    purpose: ClassVar[Purpose] = "calibration"

    @property
    def name(self) -> str:
        """Its key."""
        return self.key

    @property
    def limits(self) -> tuple[float, float]:
        """The published interval on the scale of the figure; infinite beyond a bound."""
        if self.is_ordering:
            tolerance = self.published.tolerance
            if self.published.at_most is None:
                return self.mean - tolerance, math.inf
            return -math.inf, self.mean + tolerance
        lower, upper = (float(self.to_scale(limit)) for limit in self.interval)
        return lower, upper

    def simulated(self, figure: Figure) -> Simulated:
        """A simulated figure on the scale of the published one.

        Where nobody could be counted, or a ratio is 0, which its scale does not have, it is the
        published one with an error with which it says nothing: a far value would spoil emulators.
        """
        if not math.isfinite(figure.value) or not self._has(figure.value):
            return Simulated(self.mean, NOTHING_KNOWN)
        error = figure.monte_carlo_sd if math.isfinite(figure.monte_carlo_sd) else math.inf
        on_scale = float(likelihood.sd_on_scale(figure.value, error, self.scale))
        return Simulated(float(self.to_scale(figure.value)), min(on_scale, NOTHING_KNOWN))

    def _has(self, figure: float) -> bool:
        """Whether its scale has a figure."""
        if self.scale == "identity":
            return True
        return figure > 0.0 and (self.scale == "log" or figure < 1.0)

    def log_likelihood(self, simulated: Floats, monte_carlo_sd: Floats) -> Floats:
        """Logarithm of the likelihood where the model gives these figures.

        Parameters
        ----------
        simulated
            Figures on the scale of the published one.
        monte_carlo_sd
            Their standard errors by the limited number of people, on this scale.
        """
        given = self.published
        if self.kind == "beta_binomial":
            assert given.cases is not None
            assert given.persons is not None
            share = self.from_scale(simulated)
            wrong = np.hypot(monte_carlo_sd, self.discrepancy) * share * (1.0 - share)
            return likelihood.log_beta_binomial(given.cases, given.persons, share, wrong)
        sd = np.hypot(self.sd, monte_carlo_sd)
        if self.kind == "ordering":
            above = given.at_least is not None
            return likelihood.log_ordering(simulated, self.mean, sd, above=above)
        return likelihood.log_normal_density(simulated, self.mean, sd)

    def distance(self, simulated: Floats, monte_carlo_sd: Floats) -> Floats:
        """Distance from the published figure in standard deviations; none on the right side of a bound.

        Parameters
        ----------
        simulated, monte_carlo_sd
            As in `log_likelihood`.
        """
        off = (simulated - self.mean) / np.hypot(self.sd, monte_carlo_sd)
        if self.is_ordering:
            off = np.minimum(off, 0.0) if self.published.at_most is None else np.maximum(off, 0.0)
        return np.asarray(off)


class ValidationTarget(Target):
    """A figure that no parameter may be fitted to: it is compared, and has no likelihood."""

    purpose: ClassVar[Purpose] = "validation"
