"""The model for Mesa under the name by which scripts know it."""

from rlsabm.mesa.model import RLSModel

__all__ = ["RLSModel"]
