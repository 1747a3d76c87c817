"""The parameters of the model as a table, and their priors as a transform of the unit cube."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from rlsabm.arrays import Floats, is_time
from rlsabm.declaring.bounds import names as given_names
from rlsabm.declaring.bounds import number, refusal
from rlsabm.errors import UserError, nearest
from rlsabm.parameter_table import HEADINGS, PARAMETERS

MEANINGS = {
    "name": "key in scenario files, with the unit where a mistake is possible",
    "default": "value where nothing else is said",
    "unit": "unit; 1 for ratios and shares",
    "prior": "shape of the prior: normal, lognormal, uniform, or fixed",
    "centre": "mean of a normal prior, median of a lognormal one, before they are truncated",
    "spread": "standard deviation of the prior: of the value, or of its logarithm if lognormal",
    "lower": "smallest value allowed; the prior is truncated to it",
    "upper": "largest value allowed; the prior is truncated to it",
    "meaning": "what it is",
    "source": "citation, assumed, or set to a calibration figure",
    "part": "part of the model to which it belongs",
}


@dataclass(frozen=True)
class ParameterTable:
    """Parameters of the model, in their order.

    Attributes
    ----------
    names
        Names, as in scenario files.
    """

    names: tuple[str, ...]

    @property
    def frame(self) -> pd.DataFrame:
        """A row for each parameter; ``attrs["meanings"]`` says what each column is."""
        rows = [
            [
                HEADINGS[name] if column == "part" else getattr(PARAMETERS[name], column)
                for column in MEANINGS
            ]
            for name in self.names
        ]
        frame = pd.DataFrame(rows, columns=list(MEANINGS))
        frame.attrs["meanings"] = dict(MEANINGS)
        return frame

    @property
    def defaults(self) -> Floats:
        """Default of each parameter, in its unit."""
        return np.array([PARAMETERS[name].default for name in self.names], dtype=float)

    @property
    def lower(self) -> Floats:
        """Smallest value allowed of each parameter; may be infinite."""
        return np.array([PARAMETERS[name].lower for name in self.names], dtype=float)

    @property
    def upper(self) -> Floats:
        """Largest value allowed of each parameter; may be infinite."""
        return np.array([PARAMETERS[name].upper for name in self.names], dtype=float)

    def quantile(self, u: ArrayLike) -> Floats:
        """Values of the priors at points of the unit cube.

        Parameters
        ----------
        u
            Probabilities from 0 to 1; the last axis has one for each parameter.

        Returns
        -------
        numpy.ndarray
            Values in the units of the parameters, of the shape of ``u``. A fixed parameter has its
            default everywhere.

        Raises
        ------
        UserError
            If there are not as many probabilities as parameters, or one is not from 0 to 1.
        """
        if is_time(u):
            raise refusal("u", u, "numbers from 0 to 1")
        if isinstance(u, np.ma.MaskedArray):
            u = u.tolist()  # what is masked is None
        try:
            points = np.array(u, dtype=object)
        except ValueError:
            raise refusal("u", u, "numbers from 0 to 1") from None
        if points.ndim == 0 or points.shape[-1] != len(self.names):
            raise UserError(
                f"u: found shape {points.shape} (expected {len(self.names)} on the last axis, one "
                "for each parameter)"
            )
        columns = [
            np.array(
                [
                    PARAMETERS[name].quantile(number("u", x, 0.0, 1.0))
                    for x in points[..., place].ravel()
                ]
            )
            for place, name in enumerate(self.names)
        ]
        flat = np.stack(columns, axis=-1) if columns else np.zeros((points.size, 0))
        return flat.reshape(points.shape)

    def select(self, names: str | Sequence[str]) -> ParameterTable:
        """Some of the parameters, in the order given.

        Raises
        ------
        UserError
            If there is no parameter of a name, or one is named twice.
        """
        chosen = tuple(given_names("names", names, "names of parameters"))
        for name in chosen:
            if name not in self.names:
                meant = nearest(name, self.names)
                hint = f"; did you mean {meant!r}?" if meant else "; see rlsabm parameters"
                raise UserError(f"no parameter {name!r}{hint}")
        if len(set(chosen)) < len(chosen):
            raise UserError(f"a parameter is named twice in {', '.join(chosen)}")
        return ParameterTable(chosen)

    def varying(self) -> ParameterTable:
        """The parameters that vary between draws: those whose prior is not fixed."""
        return ParameterTable(tuple(n for n in self.names if PARAMETERS[n].prior != "fixed"))

    def __len__(self) -> int:
        return len(self.names)

    def _repr_html_(self) -> str:
        return str(self.frame.to_html(index=False))


def parameters() -> ParameterTable:
    """All parameters of the model.

    Examples
    --------
    >>> chosen = parameters().select(["deficit_effect"])
    >>> float(chosen.quantile([0.0])[0]) == float(chosen.lower[0])
    True
    """
    return ParameterTable(tuple(PARAMETERS))
