"""Where a scenario sets a key: for messages about what its values mean together."""

from __future__ import annotations

from rlsabm.exposures.catalogue.condition import SHIPPED_CATALOGUE
from rlsabm.scenario import DEFAULT, ResolvedScenario


def place_of(study: ResolvedScenario, arm: str, key: str) -> str:
    """File and line that set a key; empty if only its default does.

    Parameters
    ----------
    study
        The resolved scenario.
    arm
        The arm that the message is about.
    key
        The key in its dotted form, or the section that it is in.
    """
    of_arm = f"arms.{arm}."
    for path in (f"{of_arm}{key}", key):
        if _is_own(study.layers.get(path, DEFAULT)):
            return study.layers[path]
        for at, layer in study.layers.items():
            if at.startswith(f"{path}.") and _is_own(layer):
                return layer
    # What contradicts a value that ships, or lacks one, is the scenario's own line about the same
    # condition.
    block = key.rpartition(".")[0]
    for path, layer in study.layers.items():
        if block and path.removeprefix(of_arm).startswith(f"{block}.") and _is_own(layer):
            return layer
    layer = study.layers.get(key, DEFAULT)
    return "" if layer == DEFAULT else layer


def _is_own(layer: str) -> bool:
    """Whether a layer is of the user's making."""
    return layer != DEFAULT and not layer.startswith(f"{SHIPPED_CATALOGUE.name}:")
