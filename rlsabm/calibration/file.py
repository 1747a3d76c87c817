"""Calibration files: which parameters are learnt from which figures, and with how many runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationError

from rlsabm.calibration.fitting import SimulatedFigures
from rlsabm.calibration.options import FEWEST_RUNS, Options
from rlsabm.calibration.problem import Problem, why_without_prior
from rlsabm.calibration.reading import (
    calibration_targets,
    find_file,
    in_words,
    raise_together,
)
from rlsabm.calibration.targets import CalibrationTarget
from rlsabm.calibration.virtual_studies import LEAST_SIZE, MOST_SIZE
from rlsabm.data.files import shown
from rlsabm.data.yaml_reading import Entry, read_file
from rlsabm.declaring.bounds import whole_number
from rlsabm.declaring.parameter import Distribution, Parameter
from rlsabm.declaring.sections import (
    Line,
    Number,
    Section,
    Whole,
    Words,
    each_once,
    none_is_empty,
)
from rlsabm.demography.countries import country_names
from rlsabm.errors import ScenarioError, nearest
from rlsabm.parameter_table import PARAMETERS
from rlsabm.scenario import ResolvedScenario
from rlsabm.scenario.resolving import NO_SCENARIOS, SHIPPED
from rlsabm.study.settings import input_hash, read_scenario
from rlsabm.wording import number_text, value_text, with_help

#: Keys that scenario files have, and calibration files have not.
KEYS_OF_SCENARIOS = {"population", "observe", "conditions", "shifts", "arms", "base", "runs"}
_WHAT = {"what": "a calibration file", "keys": "title, targets and parameters"}


class Prior(Section):
    """Where a parameter's prior differs from that of the parameter table."""

    prior: Annotated[
        Distribution | None, Field(description="Shape: normal, lognormal or uniform.")
    ] = None
    centre: Annotated[
        Number | None,
        Field(description="Mean of a normal, median of a lognormal prior."),
    ] = None
    spread: Annotated[
        Number | None,
        Field(
            description="Standard deviation of a normal prior, or of the logarithm of a lognormal one."
        ),
    ] = None
    lower: Annotated[Number | None, Field(description="Smallest value.")] = None
    upper: Annotated[Number | None, Field(description="Largest value.")] = None


def names_have_no_change(value: object) -> object:
    """Accept a list of names, each once, where a mapping from names to priors is expected."""
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        return {name: {} for name in each_once(value)}
    if isinstance(value, dict):
        return {name: none_is_empty(prior) for name, prior in value.items()}
    return value


def text_is_a_list(value: object) -> object:
    """Accept one name where a list of names is expected."""
    return [value] if isinstance(value, str) else value


Names = Annotated[list[Line], BeforeValidator(text_is_a_list)]


class CalibrationSection(Section):
    """A calibration file."""

    title: Annotated[Line, Field(min_length=1, description="What is calibrated, in one line.")]
    description: Annotated[Words, Field(description="Longer text for readers.")] = ""
    scenario: Annotated[
        Line,
        Field(description="Scenario file, or name of one that ships; its reference arm is run."),
    ] = "baseline"
    changes: Annotated[
        dict[str, Any],
        BeforeValidator(none_is_empty),
        Field(description="What else differs from the scenario, by dotted key."),
    ] = {}
    size: Annotated[
        int, Field(ge=LEAST_SIZE, le=MOST_SIZE, description="People of each run."), Whole
    ] = 20_000
    targets: Annotated[
        Names,
        Field(
            min_length=1,
            description="Files of calibration targets, beside this one, or names of those that ship.",
        ),
    ] = ["calibration"]
    leave_out: Annotated[
        Names,
        Field(description="Targets that are not fitted to: rows (C16) or keys (C16_men_60)."),
    ] = []
    parameters: Annotated[
        dict[str, Prior],
        BeforeValidator(names_have_no_change),
        Field(
            min_length=1,
            description="Parameters to learn: names, or a mapping from names to what differs from "
            "their priors in the parameter table.",
            json_schema_extra={
                "expected": "a list of parameters, or a mapping from parameters to priors"
            },
        ),
    ]
    evaluations: Annotated[
        int, Field(ge=1, le=1_000_000, description="Most runs of the model in all."), Whole
    ] = 2_000
    first_runs: Annotated[
        int | None,
        Field(ge=FEWEST_RUNS, le=100_000, description="Runs of the first wave; 10 a parameter."),
        Whole,
    ] = None
    more_runs: Annotated[
        int | None,
        Field(ge=FEWEST_RUNS, le=100_000, description="Runs of later waves; 5 a parameter."),
        Whole,
    ] = None
    draws: Annotated[
        int,
        Field(
            ge=FEWEST_RUNS, le=100_000, description="Draws of the posterior, each of them a run."
        ),
        Whole,
    ] = 200
    seed: Annotated[
        int, Field(ge=0, le=2**63 - 1, description="Root of all random numbers."), Whole
    ] = 1


@dataclass(frozen=True)
class CalibrationFile:
    """What a calibration file says.

    Attributes
    ----------
    name
        Name of the file without its suffix.
    section
        Its content.
    targets
        Figures to fit to.
    cannot_be_shown
        Other targets of the same files, which the model cannot show yet.
    parameters
        Parameters to learn, with their priors.
    scenario
        The scenario.
    """

    name: str
    section: CalibrationSection
    targets: tuple[CalibrationTarget, ...]
    cannot_be_shown: tuple[CalibrationTarget, ...]
    parameters: tuple[Parameter, ...]
    scenario: ResolvedScenario

    def problem(self, size: int | None = None) -> Problem:
        """What is calibrated.

        Parameters
        ----------
        size
            People of each run, if not as the file says.

        Raises
        ------
        UserError
            If there cannot be so many, or the tables of the country have mistakes.
        """
        people = self.section.size
        if size is not None:
            people = whole_number("size", size, LEAST_SIZE, MOST_SIZE)
        content = self.scenario.as_mapping() | {"arms": {}}
        name = content["population"]["country"]
        if name not in country_names():  # a folder, seen from the scenario file
            beside = self.scenario.path.parent / name
            content["population"]["country"] = str(beside.resolve())
        # Targets with all that they ask: the calibration goes on only if none of it changes.
        asked = {
            target.key: target.published.model_dump(mode="json", exclude_defaults=True)
            for target in self.targets
        }
        said = {"inputs": input_hash(self.scenario), "size": people, "targets": asked}
        return Problem(
            parameters=self.parameters,
            targets=self.targets,
            evaluate=SimulatedFigures(self.targets, content, people),
            fixed=json.dumps(said, sort_keys=True),
        )

    def options(self, **given: Any) -> Options:
        """How it is run.

        Parameters
        ----------
        **given
            Attributes of `Options` that differ from the file, or that it does not say; those that are
            None are as in the file.
        """
        said = ("evaluations", "first_runs", "more_runs", "draws", "seed")
        of_file = {name: getattr(self.section, name) for name in said}
        return Options(
            **of_file | {name: value for name, value in given.items() if value is not None}
        )


def read_calibration(file: str | Path) -> CalibrationFile:
    """Read a calibration file.

    Parameters
    ----------
    file
        Its path, or the name of one that ships: ``calibration``.

    Raises
    ------
    ScenarioError
        If it has mistakes; each is shown with its line.
    UserError
        If its scenario or one of its target files has a mistake.
    """
    path = find_file(file, SHIPPED, NO_SCENARIOS, "calibration")
    root = read_file(path, **_WHAT)
    assert isinstance(root.value, dict)
    if KEYS_OF_SCENARIOS & root.value.keys() and "targets" not in root.value:
        what = f"is a scenario, no calibration file (rlsabm run {shown(path)} runs it)"
        raise ScenarioError(what, file=shown(path))
    try:
        section = CalibrationSection.model_validate(root.plain())
    except ValidationError as error:
        raise_together(in_words(error, root, "", CalibrationSection))
    parameters = []
    mistakes: list[ScenarioError] = []
    for name, prior in section.parameters.items():
        made = _parameter(name, prior)
        if isinstance(made, str):
            place = _place_of(root.value["parameters"], name)
            mistakes.append(place.place.error(made, f"parameters.{name}"))
        else:
            parameters.append(made)
    listed = [
        target for each in section.targets for target in calibration_targets(_beside(each, path))
    ]
    for key, what in _wrong_names(listed, section.leave_out):
        place = root.value["leave_out" if key else "targets"]
        mistakes.append(place.place.error(what, "leave_out" if key else "targets"))
    scenario = read_scenario(_beside(section.scenario, path), changes=section.changes)
    for name in section.parameters:
        if name in scenario.scenario.parameters:
            place = _place_of(root.value["parameters"], name)
            what = "is set by the scenario, and cannot be calibrated"
            mistakes.append(place.place.error(what, f"parameters.{name}"))
    if mistakes:
        raise_together(mistakes)

    wanted = [t for t in listed if not {t.row, t.key} & {*section.leave_out}]
    chosen = tuple(target for target in wanted if target.query is not None)
    if not chosen:
        key = "leave_out" if section.leave_out else "targets"
        raise root.value[key].place.error("leaves nothing to fit to", key)
    return CalibrationFile(
        name=path.stem,
        section=section,
        targets=chosen,
        cannot_be_shown=tuple(target for target in wanted if target.query is None),
        parameters=tuple(parameters),
        scenario=scenario,
    )


def _beside(name: str, file: Path) -> str:
    """A file that another one names: beside that, or else as it is named."""
    there = file.parent / name
    return str(there) if Path(name).suffix and there.exists() else name


def _place_of(entry: Entry, name: str) -> Entry:
    """Where a name stands in a list or mapping."""
    if isinstance(entry.value, dict):
        return entry.value[name]
    assert isinstance(entry.value, list)
    return next(each for each in entry.value if each.value == name)


def _wrong_names(
    targets: list[CalibrationTarget], left_out: list[str]
) -> Iterator[tuple[str, str]]:
    """Names of targets that there are not, or twice; and what is wrong."""
    keys = [target.key for target in targets]
    for key in sorted({key for key in keys if keys.count(key) > 1}):
        yield "", f"{key} is in two of the files"
    known = {*keys, *(target.row for target in targets)}
    for name in left_out:
        if name not in known:
            expected = "a row or key of the target files, such as " + keys[0]
            yield name, with_help(f"found {value_text(name)}", expected, nearest(name, known))


def _parameter(name: str, given: Prior) -> Parameter | str:
    """A parameter with its prior, or what is wrong."""
    if name not in PARAMETERS:
        hint = nearest(name, list(PARAMETERS))
        return with_help("unknown parameter", "one that rlsabm parameters lists", hint)
    table = PARAMETERS[name]
    lower = table.lower if given.lower is None else given.lower
    upper = table.upper if given.upper is None else given.upper
    if not table.lower <= lower < upper <= table.upper:
        within = f"bounds within {number_text(table.lower)} and {number_text(table.upper)}"
        return with_help(f"found bounds {number_text(lower)} and {number_text(upper)}", within)
    shape = given.prior or table.prior
    centre = table.centre if given.centre is None else given.centre
    if shape == "uniform":
        centre = min(max(centre, lower), upper)
    if not lower <= centre <= upper:
        within = f"a number from {number_text(lower)} to {number_text(upper)}"
        return with_help(f"found the centre {number_text(centre)}", within)
    spread = table.spread if given.spread is None else given.spread
    if shape in ("normal", "lognormal") and not spread > 0:
        return with_help(f"found the spread {number_text(spread)}", "a number above 0")
    if shape == "lognormal" and not centre > 0:
        return with_help(f"found the centre {number_text(centre)}", "a number above 0")
    made = replace(
        table,
        default=centre,
        centre=centre,
        prior=shape,
        spread=float(spread),
        lower=lower,
        upper=upper,
    )
    why = why_without_prior(made)
    return made if why is None else f"cannot be calibrated: {why}"
