"""Virtual studies: populations that are asked for all figures of target files, run by run."""

from __future__ import annotations

import json
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from rlsabm.calibration.measures import MEASURES
from rlsabm.calibration.observation import Observation, observe, survey_years
from rlsabm.calibration.samples import PARTS, Figure
from rlsabm.calibration.targets import Target
from rlsabm.chance import run_key
from rlsabm.declaring.bounds import whole_number
from rlsabm.errors import UserError
from rlsabm.observe.birth_registry import BirthRegistry
from rlsabm.observe.kidney_registry import KidneyRegistry
from rlsabm.posterior import Posterior
from rlsabm.scenario import ResolvedScenario
from rlsabm.setting import Setting
from rlsabm.study.machine import processors
from rlsabm.study.settings import country_of, read_scenario, unit_setting

#: Studies of the size of the real one that are simulated in each run.
STUDIES = 100
#: Fewest and most people of a run: a run is one block of people.
LEAST_SIZE, MOST_SIZE = 500, 250_000

#: Runs from which on the error is also taken from how they differ.
LEAST_RUNS = 3

ScenarioLike = str | Path | Mapping[str, Any]
#: Told by how much of all work is done more.
Advance = Callable[[float], None]


class StoppedError(Exception):
    """A run was given up because all were stopped."""


@dataclass(frozen=True)
class People:
    """People who are simulated for some of the targets: one country and year, and what else differs.

    Attributes
    ----------
    study
        The scenario that they live in.
    places
        Places of the targets in the list that was asked for.
    registry
        How the registry is kept that counts them; without one, they are surveyed.
    posterior
        What draws are taken from; the posterior that ships if there is none.
    """

    study: ResolvedScenario
    places: list[int]
    registry: Callable[..., Any] | None
    posterior: Posterior | None = None

    @property
    def seed(self) -> int:
        """Root of the scenario's random numbers."""
        return self.study.scenario.runs.seed

    @cached_property
    def default_setting(self) -> Setting:
        """What they live in where parameters have their defaults."""
        return unit_setting(self.study.scenario, 0, country=country_of(self.study))

    def setting(self, draw: int) -> Setting:
        """What the people of a draw live in."""
        if draw == 0:
            return self.default_setting
        return unit_setting(
            self.study.scenario,
            draw,
            country=self.default_setting.country,
            posterior=self.posterior,
        )


def take_figures(
    targets: Sequence[Target],
    scenario: ScenarioLike = "baseline",
    *,
    settings: Sequence[str] = (),
    parameters: Mapping[str, float] | None = None,
    size: int = 20_000,
    draws: int = 0,
    posterior: Posterior | None = None,
    replicates: int = 1,
    seed: int | None = None,
    studies: int = 0,
    registered: int = 1,
    workers: int | None = None,
    advance: Advance = lambda share: None,
) -> list[list[Figure]]:
    """Simulate populations, and take the figure of every target from each.

    Parameters
    ----------
    targets
        Targets of any kind, all of which the model can show.
    scenario
        Scenario file, name of one that ships, or a mapping; its reference arm is simulated.
    settings
        Settings of the form ``key=value``, as on the command line.
    parameters
        Values that differ from the scenario's, by name.
    size
        People of a run.
    draws, replicates
        Draws of the parameters, and runs of each; without draws they have their defaults.
    posterior
        What draws are taken from; by default the posterior that ships.
    seed
        Root of the random numbers; by default the scenario's.
    studies
        Studies of the size of the real one to simulate in each run, for targets that have one.
    registered
        Lives that each registry counts for each of the people of a run.
    workers
        Runs at a time; as many as there are processors by default. Figures do not depend on it.
    advance
        Told how it goes: the sum of its arguments is 1 in the end.

    Returns
    -------
    list of list of Figure
        A list for each target, in the order of the targets, with a figure for each run: replicates of
        the first draw, then those of the second.

    Raises
    ------
    UserError
        If the scenario or a target has a mistake.
    """
    for target in targets:
        if target.query is None:
            raise UserError(f"{target.key}: cannot be observed yet: {target.published.needs}")
    draws = whole_number("draws", draws, 0, 10_000)
    replicates = whole_number("replicates", replicates, 1, 10_000)
    workers = processors() if workers is None else whole_number("workers", workers, 1, 1024)
    groups = list(
        _people_of(
            targets,
            scenario,
            settings=settings,
            parameters=parameters,
            size=size,
            seed=seed,
            posterior=posterior,
        )
    )
    runs = [(d, r) for d in (range(1, draws + 1) if draws else [0]) for r in range(replicates)]
    jobs = [(people, run) for people in groups for run in runs]
    found: list[list[Figure]] = [[] for _ in targets]
    stop = threading.Event()

    def work(job: tuple[People, tuple[int, int]]) -> list[Figure]:
        people, (draw, replicate) = job

        def lived(share: float) -> None:
            if stop.is_set():
                raise StoppedError
            advance(share / len(jobs))

        key = run_key(people.seed, draw=draw, replicate=replicate)
        setting = people.setting(draw)
        seen = (
            observe(setting, key, progress=lived)
            if people.registry is None
            else people.registry(
                setting, key, lives=registered * setting.size, parts=PARTS, progress=lived
            )
        )
        number = runs.index((draw, replicate))
        figures = []
        for place in people.places:
            lived(0.0)
            figures.append(figure_of(targets[place], seen, studies=studies, number=number))
        return figures

    with ThreadPoolExecutor(workers) as executor:
        futures = [executor.submit(work, job) for job in jobs]
        try:
            for (people, _), future in zip(jobs, futures, strict=True):
                for place, figure in zip(people.places, future.result(), strict=True):
                    found[place].append(figure)
        except BaseException:
            stop.set()
            executor.shutdown(wait=False, cancel_futures=True)
            raise
    return found


def figure_of(
    target: Target,
    seen: Observation | KidneyRegistry | BirthRegistry,
    *,
    studies: int = 0,
    number: int = 0,
) -> Figure:
    """The figure of a target in one run, per the number that the target is given per.

    Parameters
    ----------
    target
        The target.
    seen
        The people of the run, or their registry.
    studies
        Studies of the size of the real one to simulate, if the target has one.
    number
        Number of the run: studies of other runs draw other people.
    """
    assert target.query is not None
    sample = MEASURES[target.query.measure].take(seen, target.query)
    seed = zlib.crc32(f"{target.key} {number}".encode())
    figure = sample.figure(target.published.sample, studies, seed)
    per = target.published.per
    return Figure(
        per * figure.value, per * figure.monte_carlo_sd, figure.units, per * figure.studies
    )


def _people_of(
    targets: Sequence[Target],
    scenario: ScenarioLike,
    *,
    settings: Sequence[str],
    parameters: Mapping[str, float] | None,
    size: int,
    seed: int | None,
    posterior: Posterior | None,
) -> Iterator[People]:
    """The people who must be simulated, each for the targets that they serve."""
    size = whole_number("size", size, LEAST_SIZE, MOST_SIZE)
    changes: dict[str, Any] = {"population.size": size, "population.block_size": size}
    changes |= {f"parameters.{name}": value for name, value in (parameters or {}).items()}
    if seed is not None:
        changes["runs.seed"] = seed
    whole = read_scenario(scenario, settings, changes=changes)
    year = whole.scenario.observe.years[-1]
    changes["observe.years"] = survey_years(year)
    wanted: dict[tuple[str, Callable[..., Any] | None], list[int]] = {}
    for place, target in enumerate(targets):
        own = dict(target.published.changes)
        if target.published.country is not None:
            own["population.country"] = target.published.country
        if target.published.year is not None:
            own["observe.years"] = survey_years(target.published.year)
        assert target.query is not None
        registry = MEASURES[target.query.measure].registry
        wanted.setdefault((json.dumps(own, sort_keys=True), registry), []).append(place)
    for (own_changes, registry), places in wanted.items():
        try:
            study = read_scenario(scenario, settings, changes=changes | json.loads(own_changes))
            people = People(study, places, registry, posterior)
            _ = people.default_setting  # which tells of mistakes before the first run
        except UserError as error:
            raise UserError(f"{targets[places[0]].key}: {error}") from None
        yield people


def combined(figures: Sequence[Figure]) -> Figure:
    """The figures of several runs as one: their mean, by the units that each has counted.

    The Monte-Carlo error is that of the people within runs, or that which runs show by how they differ,
    whichever is larger: relatives are alike, of which a single run knows too little.
    """
    there = [figure for figure in figures if np.isfinite(figure.value)]
    units = sum(figure.units for figure in figures)
    if not there:
        return Figure(float("nan"), float("nan"), units, np.zeros(0))
    weights = np.array([figure.units for figure in there], dtype=float)
    weights /= weights.sum()
    values = np.array([figure.value for figure in there])
    errors = np.array([figure.monte_carlo_sd for figure in there])
    value = float((weights * values).sum())
    error = float(np.sqrt(((weights * errors) ** 2).sum()))
    if len(there) >= LEAST_RUNS:
        between = float((weights * (values - value) ** 2).sum() / (1.0 - (weights**2).sum()))
        error = max(error, float(np.sqrt(between * (weights**2).sum())))
    return Figure(value, error, units, np.concatenate([figure.studies for figure in there]))
