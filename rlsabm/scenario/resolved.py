"""A scenario with everything resolved, and its forms as a mapping, as text and as a hash."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from rlsabm.scenario.manifests import Recorded
from rlsabm.scenario.schema import ARM_KEYS, Scenario
from rlsabm.scenario.writing import yaml_text

#: Name of the arm that all others are compared with.
REFERENCE = "reference"
#: Layer of a value that nothing has set.
DEFAULT = "default"
#: Keys that can change no result.
WORDS = ("title", "description")
WORDS_OF_BLOCKS = ("label", "definition", "source")


@dataclass(frozen=True)
class ResolvedScenario:
    """What `load_scenario` returns.

    Parameters
    ----------
    name : str
        Name of the scenario: that of its file, without the suffix.
    path : Path
        The scenario file.
    scenario : Scenario
        The reference arm.
    arms : dict of str to Scenario
        Every arm, "reference" first.
    layers : dict of str to str
        Which layer set each value, by dotted key: "default", "file:line" or "--set". Of an arm,
        under "arms.NAME.", only the values that it sets.
    recorded : Recorded, optional
        What the manifest says of the study, if the scenario file is one.

    """

    name: str
    path: Path
    scenario: Scenario
    arms: dict[str, Scenario]
    layers: dict[str, str]
    recorded: Recorded | None = None

    def as_mapping(self) -> dict[str, Any]:
        """Everything resolved, as plain values fit for JSON, in the shape of a scenario file.

        Each arm other than the reference has its conditions and parameters in full.
        """
        arms = {
            name: arm.model_dump(mode="json", include=set(ARM_KEYS))
            for name, arm in self.arms.items()
            if name != REFERENCE
        }
        return {**self.scenario.model_dump(mode="json"), "arms": arms}

    def to_yaml(self) -> str:
        """Everything resolved, as the text of a scenario file, each value with its layer.

        Reading it back gives an equal scenario with equal arms. An arm is written as what it
        changes.
        """
        content = self.as_mapping()
        content["arms"] = {
            name: self._changes_of(name, arm) for name, arm in content["arms"].items()
        }
        return yaml_text(content, self.layers)

    def content_hash(self) -> str:
        """SHA-256 (hexadecimal) of all that can change the results: not words for people."""
        return content_hash_of(self.as_mapping())

    def identity_hash(self) -> str:
        """As `content_hash`, but for how often the scenario is run: draws and replicates can be added.

        A single draw has the defaults, which are none of several draws.
        """
        return identity_hash_of(self.as_mapping())

    def with_runs(self, draws: int, replicates: int) -> ResolvedScenario:
        """The same scenario, run so often."""

        def changed(scenario: Scenario) -> Scenario:
            runs = scenario.runs.model_copy(update={"draws": draws, "replicates": replicates})
            return scenario.model_copy(update={"runs": runs})

        runs = self.scenario.runs
        before = {"runs.draws": runs.draws, "runs.replicates": runs.replicates}
        after = {"runs.draws": draws, "runs.replicates": replicates}
        added = {key: "added later" for key in after if after[key] != before[key]}
        arms = {name: changed(arm) for name, arm in self.arms.items()}
        return replace(self, scenario=arms[REFERENCE], arms=arms, layers=self.layers | added)

    def _changes_of(self, name: str, arm: dict[str, Any]) -> dict[str, Any]:
        changes: dict[str, Any] = {}
        for path, value in leaves(arm):
            if ".".join(("arms", name, *path)) in self.layers:
                *parents, last = path
                section = changes
                for parent in parents:
                    section = section.setdefault(parent, {})
                section[last] = None if value == {} else value
        return changes


def content_hash_of(content: dict[str, Any]) -> str:
    """`ResolvedScenario.content_hash` of what `ResolvedScenario.as_mapping` gives."""
    return _hash(_without_words(content))


def identity_hash_of(content: dict[str, Any]) -> str:
    """`ResolvedScenario.identity_hash` of what `ResolvedScenario.as_mapping` gives."""
    runs = content["runs"]
    drawn = {"seed": runs["seed"], "drawn": runs["draws"] > 1}
    if drawn["drawn"] and runs.get("priors"):
        drawn["priors"] = True
    return _hash({**_without_words(content), "runs": drawn})


def differences(one: dict[str, Any], other: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Settings that differ and can change a result, with both values, by dotted key.

    Parameters
    ----------
    one, other
        What `ResolvedScenario.as_mapping` gives. What is not there at all is None. A setting that
        differs in the reference alike is not said again of each arm.
    """
    found: dict[str, tuple[Any, Any]] = {}
    first, second = (
        {path: value for path, value in leaves(_without_words(content)) if value != {}}
        for content in (one, other)
    )
    for path in {**first, **second}:
        pair = first.get(path), second.get(path)
        key = ".".join(path)
        if _canonical(pair[0]) == _canonical(pair[1]) or key == "runs.replicates":
            continue
        if key == "runs.draws" and 1 not in pair:
            continue  # draws can be added, but not to a single one
        if path[0] != "arms" or found.get(".".join(path[2:])) != pair:
            found[key] = pair
    return found


def leaves(
    values: dict[str, Any], parents: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Paths and values of everything that is not a mapping; an empty mapping counts as a value."""
    for key, value in values.items():
        path = (*parents, key)
        if isinstance(value, dict) and value:
            yield from leaves(value, path)
        else:
            yield path, value


def _without_words(content: dict[str, Any]) -> dict[str, Any]:
    """Leave out what is only for people to read."""
    kept = {key: value for key, value in content.items() if key not in WORDS}
    for part in (kept, *kept["arms"].values()):
        part["conditions"] = _blocks_without_words(part["conditions"])
        if "care" in part:  # a study of an earlier version has none
            part["treatments"] = _blocks_without_words(part["treatments"])
            rules = _blocks_without_words(part["care"]["rules"])
            part["care"] = {**part["care"], "rules": rules}
    return kept


def _blocks_without_words(blocks: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {key: value for key, value in block.items() if key not in WORDS_OF_BLOCKS}
        for name, block in blocks.items()
    }


def _hash(content: dict[str, Any]) -> str:
    text = json.dumps(_canonical(content), sort_keys=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()


def _canonical(value: Any) -> Any:
    """Write 30 and 30.0 alike."""
    if isinstance(value, dict):
        return {key: _canonical(child) for key, child in value.items()}
    if isinstance(value, list):
        return [_canonical(child) for child in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
