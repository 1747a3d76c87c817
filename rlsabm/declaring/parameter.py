"""What a parameter is: a number with unit, prior, bounds, meaning and source."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

from rlsabm.declaring.bounds import number

Distribution = Literal["normal", "lognormal", "uniform", "fixed"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number of the model.

    Attributes
    ----------
    name
        The key in scenario files, with the unit where a mistake is possible.
    default
        Value when nothing else is said.
    unit
        Unit, in words for people; "1" for ratios and shares.
    prior
        Shape of the prior: ``normal`` and ``lognormal`` take ``spread`` as standard deviation (of the
        value, of its logarithm) around the centre; ``uniform`` fills the bounds; ``fixed`` does not
        vary between draws.
    lower, upper
        Values outside are refused; the prior is truncated to them.
    meaning, source
        One sentence each. A source is a citation, "assumed" (a guess), or "set to" a calibration
        figure.
    centre
        Mean of a normal prior, median of a lognormal one, before they are truncated: that of the
        default, but for calibrated parameters, of which the default is what figures have taught.
    """

    name: str
    default: float
    unit: str
    prior: Distribution
    spread: float
    lower: float
    upper: float
    meaning: str
    source: str
    centre: float = math.nan

    def __post_init__(self) -> None:
        if math.isnan(self.centre):
            object.__setattr__(self, "centre", self.default)
        for value in (self.default, self.centre):
            if not self.lower <= value <= self.upper:
                raise ValueError(f"{self.name}: {value} is outside its bounds")
        if self.prior in ("normal", "lognormal") and not self.spread > 0:
            raise ValueError(f"{self.name}: a {self.prior} prior needs a spread")

    def check(self, value: object, place: str = "parameters") -> float:
        """The value as a number, if it is one that the parameter may have.

        Raises
        ------
        UserError
            If it is not a number within the bounds; ``place`` says where it was given.
        """
        unit = "" if self.unit == "1" else self.unit
        return number(f"{place}.{self.name}", value, self.lower, self.upper, unit)

    def quantile(self, u: float) -> float:
        """Value of the truncated prior at probability ``u``."""
        if self.prior == "fixed" or (self.spread == 0 and self.prior != "uniform"):
            return self.default
        if self.prior == "uniform":
            return self.lower + u * (self.upper - self.lower)
        logarithmic = self.prior == "lognormal"
        shape = NormalDist(math.log(self.centre) if logarithmic else self.centre, self.spread)
        low = (
            0.0
            if logarithmic and self.lower <= 0
            else shape.cdf(math.log(self.lower) if logarithmic else self.lower)
        )
        high = shape.cdf(math.log(self.upper) if logarithmic else self.upper)
        inside = low + u * (high - low)
        value = shape.inv_cdf(min(max(inside, 1e-12), 1 - 1e-12))
        return min(max(math.exp(value) if logarithmic else value, self.lower), self.upper)
