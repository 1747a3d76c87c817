"""Resolves a scenario file: its chain of bases, the settings of the command line, its arms."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rlsabm.data.files import shown
from rlsabm.data.yaml_reading import Entry, Place, entry_of, read_file
from rlsabm.errors import ScenarioError, itself_or_nearest, visible
from rlsabm.scenario.checking import MOST_ARMS, MOST_MISTAKES_SHOWN, Mistakes
from rlsabm.scenario.layering import KeyPath, merged, nested, setting_layer
from rlsabm.scenario.manifests import Recorded, checked_name, recorded_in
from rlsabm.scenario.resolved import DEFAULT, REFERENCE, ResolvedScenario, leaves
from rlsabm.scenario.schema import ARM_KEYS, ParameterRange, Scenario
from rlsabm.wording import LONGEST_VALUE, value_text, with_help

SUFFIXES = ("", ".yaml", ".yml")
#: Scenarios that may be based on one another, the first one included.
LONGEST_CHAIN = 20
#: Name of a scenario that is given as a mapping.
MAPPING = "scenario"
#: Name of what a call from Python changes in it.
CALL = "simulate"
#: Scenarios that ship with the package: inside it when installed, beside it in a checkout.
_PACKAGE = Path(__file__).parent.parent
SHIPPED = (_PACKAGE / "scenarios", _PACKAGE.parent / "scenarios")
#: Files there that are no scenarios, but say how to calibrate one; and keys that no scenario has.
NO_SCENARIOS = ("calibration",)
KEYS_OF_CALIBRATIONS = {"targets", "leave_out", "evaluations"}


def load_scenario(
    source: str | Path | Mapping[str, Any],
    settings: Sequence[str] = (),
    *,
    changes: Mapping[str, Any] | None = None,
    parameters: Mapping[str, ParameterRange] = {},
    catalogue: Path | None = None,
    most_mistakes: int = MOST_MISTAKES_SHOWN,
) -> ResolvedScenario:
    """Read a scenario file and resolve its base, the settings and its arms.

    Values are laid over one another in this order: defaults, the catalogue, the farthest base,
    nearer bases, the file, the settings; then, for each arm, what the arm changes. Mappings merge
    deeply, lists and single values replace, and ``null`` resets an optional mapping to none.

    Parameters
    ----------
    source : str, Path or mapping
        Scenario file, with or without ``.yaml``; a plain name is also looked for in ``scenarios``.
        The manifest of a study stands for the scenario that it records.  Or a mapping with what a
        file would say; a path in it starts from the current folder.
    settings : sequence of str
        Settings of the form ``key.path=value``, the value in YAML; later ones win.
    changes : mapping, optional
        Further settings, given in Python, by key; keys may be dotted. They win.
    parameters : mapping of str to ParameterRange
        Names, bounds and units of the parameter table. When empty, overrides of parameters are
        only checked to be numbers.
    catalogue : Path, optional
        File with the conditions that ship as data; a scenario may change them and add others.
    most_mistakes : int
        Mistakes to show; others are counted.

    Returns
    -------
    ResolvedScenario
        The reference arm and every other arm, validated.

    Raises
    ------
    ScenarioError
        The file, a base or a setting has mistakes; each is shown with its line.

    Examples
    --------
    >>> resolved = load_scenario("scenarios/baseline.yaml", ["runs.draws=5"])  # doctest: +SKIP
    >>> resolved.scenario.runs.draws  # doctest: +SKIP
    5

    """
    if isinstance(source, Mapping):
        file, first = Path(MAPPING), entry_of(source, Place(MAPPING))
    elif not isinstance(source, str | Path):
        what = f"found {source!r}"
        expected = "the path of a file, the name of a scenario that ships, or a mapping"
        raise ScenarioError(with_help(what, expected), file="scenario")
    else:
        file = _find(str(source), Path(), Place(str(source)))
        first = read_file(file)
        _refuse_calibration(first, file)
    name, chain, recorded = _chain(file, first)
    layers = _each_says_of_itself([nested(layer) for layer in chain])
    if catalogue is not None:
        layers.append(_catalogue_layer(catalogue))
    sources = [layer.place.source for layer in layers]
    tree = layers[-1]
    for layer in reversed(layers[:-1]):
        tree = merged(tree, layer)
    for setting in settings:
        layer = setting_layer(setting, list(_arms(tree)))
        _refuse_base(layer)
        sources.append(layer.place.source)
        tree = replace(merged(tree, layer), place=tree.place)
    if changes:
        layer = nested(entry_of(changes, Place(CALL)))
        _refuse_base(layer)
        sources.append(CALL)
        tree = replace(merged(tree, layer), place=tree.place)

    mistakes = Mistakes(parameters)
    reference, arm_changes = _split(tree, mistakes)
    scenario = mistakes.scenario(reference)
    arms = {name: mistakes.arm(name, reference, entry) for name, entry in arm_changes.items()}
    mistakes.raise_first(sources, most_mistakes)
    assert scenario is not None

    layers_before = recorded.layers if recorded else {}
    valid_arms = {name: arm for name, arm in arms.items() if arm is not None}
    return ResolvedScenario(
        name=name,
        path=file,
        scenario=scenario,
        arms={REFERENCE: scenario, **valid_arms},
        layers={
            # Of a study's manifest, a value's layer is that which it records.
            key: layers_before.get(key, DEFAULT) if layers_before and _is_in(layer, file) else layer
            for key, layer in _layers(reference, scenario, arm_changes, valid_arms)
        },
        recorded=recorded,
    )


def _each_says_of_itself(layers: list[Entry]) -> list[Entry]:
    """Layers, the bases without a description where a layer before them has a title of its own.

    Title and description belong together: what a base says of itself is not true of a study that asks
    something else.
    """
    kept = []
    has_title = False
    for layer in layers:
        tree = layer.value
        if has_title and isinstance(tree, dict):
            tree = {key: entry for key, entry in tree.items() if key != "description"}
            layer = replace(layer, value=tree)
        kept.append(layer)
        has_title = has_title or (isinstance(tree, dict) and "title" in tree)
    return kept


def _refuse_calibration(first: Entry, file: Path) -> None:
    """Say what a calibration file is for, where a scenario is expected."""
    if isinstance(first.value, dict) and KEYS_OF_CALIBRATIONS & first.value.keys():
        what = f"is a calibration file, no scenario (rlsabm calibrate {shown(file)} runs it)"
        raise ScenarioError(what, file=shown(file))


def _is_in(layer: str, file: Path) -> bool:
    return shown(file) in (layer, layer.rpartition(":")[0])


def _chain(file: Path, first: Entry) -> tuple[str, list[Entry], Recorded | None]:
    """Name of the scenario, its layers from the first to the farthest base, and what it records.

    The manifest of a study stands for the scenario in it, and records the layer of each value.
    """
    files = [file]
    layers: list[Entry] = []
    name: str | None = None
    recorded: Recorded | None = None
    layer = first
    while True:
        if (manifest := recorded_in(layer)) is not None:
            layer = manifest.scenario
            if not layers:
                name, recorded = manifest.name, manifest
        layers.append(layer)
        base = layer.value.get("base") if isinstance(layer.value, dict) else None
        if base is None or base.value is None:
            if name is None:
                name = checked_name(file.stem, Place(shown(file)))
            return name, layers, recorded
        if not isinstance(base.value, str) or not base.value:
            what = with_help(
                f"found {value_text(base.plain())}", "the name or path of another scenario"
            )
            raise base.place.error(what, "base")
        files.append(_find(base.value, files[-1].parent, base.place, "base"))
        if os.path.realpath(files[-1]) in [os.path.realpath(earlier) for earlier in files[:-1]]:
            chain = " -> ".join(shown(earlier) for earlier in files)
            raise base.place.error(
                f"scenarios are based on each other in a circle: {chain}", "base"
            )
        if len(files) > LONGEST_CHAIN:
            what = f"is more than {LONGEST_CHAIN - 1} scenarios away from {shown(file)}"
            raise base.place.error(with_help(what, "a shorter chain of bases"), "base")
        layer = read_file(files[-1])


def _catalogue_layer(file: Path) -> Entry:
    """The shipped conditions, as if a scenario had them under ``conditions``."""
    blocks = read_file(file, file.name)
    return Entry({"conditions": blocks}, blocks.place)


def _find(name: str, folder: Path, place: Place, key: str = "") -> Path:
    """The scenario file meant by a name or path: from the folder, else in `scenarios`."""
    folders = list(dict.fromkeys([folder, folder / "scenarios", Path("scenarios"), *SHIPPED]))
    candidates = [each / f"{name}{suffix}" for each in folders for suffix in SUFFIXES]
    for is_there in (os.path.isfile, os.path.lexists):
        for file in candidates:
            if is_there(file):
                return file
    known = [file for each in folders for file in _scenario_files((each / name).parent)]
    stem = itself_or_nearest(Path(name).stem, [file.stem for file in known])
    meant = next((file for file in known if file.stem == stem), None)
    if key:
        what = f"found no scenario called '{visible(name, LONGEST_VALUE)}'"
        raise place.error(with_help(what, meant=stem), key)
    if meant:
        raise place.error(with_help("no such file", meant=shown(meant)))
    ship = ", ".join(sorted({file.stem for each in SHIPPED for file in _scenario_files(each)}))
    raise place.error(with_help("no such file", f"a scenario file, or one that ships: {ship}"))


def _scenario_files(folder: Path) -> list[Path]:
    try:
        files = sorted(file for file in folder.iterdir() if file.suffix in SUFFIXES[1:])
        return [file for file in files if file.stem not in NO_SCENARIOS and file.is_file()]
    except OSError:
        return []


def _split(tree: Entry, mistakes: Mistakes) -> tuple[Entry, dict[str, Entry]]:
    """Part the reference from its arms."""
    assert isinstance(tree.value, dict)
    arms = tree.value.get("arms", Entry(None, tree.place))
    if arms.value is not None and not isinstance(arms.value, dict):
        what = with_help(
            f"found {value_text(arms.plain())}", "a mapping from names of arms to what they change"
        )
        mistakes.add(arms.place, "arms", what)
    values = {key: entry for key, entry in tree.value.items() if key not in ("base", "arms")}
    changes = _arms(tree)
    if len(changes) > MOST_ARMS:
        expected = f"at most {MOST_ARMS} beside the reference; several scenarios can have one base"
        raise arms.place.error(with_help(f"found {len(changes):,} arms", expected), "arms")
    return Entry(values, tree.place), changes


def _arms(tree: Entry) -> dict[str, Entry]:
    arms = tree.value.get("arms") if isinstance(tree.value, dict) else None
    return arms.value if arms is not None and isinstance(arms.value, dict) else {}


def _refuse_base(layer: Entry) -> None:
    if isinstance(layer.value, dict) and "base" in layer.value:
        raise ScenarioError(
            "the base can only be given in a scenario file", file=layer.place.source, key="base"
        )


def _layers(
    reference: Entry,
    scenario: Scenario,
    arm_changes: Mapping[str, Entry],
    arms: Mapping[str, Scenario],
) -> Iterator[tuple[str, str]]:
    for path, _ in leaves(scenario.model_dump()):
        yield ".".join(path), _layer_of(reference, path) or DEFAULT
    for name, arm in arms.items():
        values: dict[str, Any] = arm.model_dump(include=set(ARM_KEYS))
        for path, _ in leaves(values):
            if layer := _layer_of(arm_changes[name], path):
                yield ".".join(("arms", name, *path)), layer


def _layer_of(entry: Entry, path: KeyPath) -> str | None:
    for step in path:
        if not isinstance(entry.value, dict) or step not in entry.value:
            return None
        entry = entry.value[step]
    return None if entry.value == {} else entry.place.layer
