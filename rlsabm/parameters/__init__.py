"""Every number of the model: parameters with unit, prior and source, and tables."""

from rlsabm.parameters.parameter import Parameter
from rlsabm.parameters.values import PARAMETERS, Values, draw_values, values_record

__all__ = ["PARAMETERS", "Parameter", "Values", "draw_values", "values_record"]
