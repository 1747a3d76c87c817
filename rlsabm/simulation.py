"""The door from Python: simulate in memory, and get the results as an object.

A call is a pure function of its arguments: the same call gives the same numbers to the bit, on any
number of threads.  Nothing is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from rlsabm.declaring.bounds import mapping, names, plain, refusal, whole_number, yes_or_no
from rlsabm.errors import UserError, nearest
from rlsabm.results.contents import Contents
from rlsabm.results.study_results import ASKED_FOR, IN_MEMORY, Study
from rlsabm.results.tables import tables_of
from rlsabm.scenario import ResolvedScenario
from rlsabm.study.assembling import assemble
from rlsabm.study.checking import check_study, question_of, vocabulary_of
from rlsabm.study.devices import CPU, device_named
from rlsabm.study.job import Job, find
from rlsabm.study.lives import LivesOfStudy
from rlsabm.study.machine import package_hash, processors
from rlsabm.study.settings import country_of, read_scenario
from rlsabm.study.units import Unit, units_of

#: A scenario: the path of a file, the name of one that ships, or what a file would say.
ScenarioLike = str | Path | Mapping[str, Any]


def simulate(
    scenario: ScenarioLike = "baseline",
    *,
    size: int | None = None,
    country: str | None = None,
    years: Sequence[int] | int | None = None,
    parameters: Mapping[str, float] | None = None,
    conditions: Mapping[str, Any] | None = None,
    shifts: Sequence[str] | str | None = None,
    instruments: Sequence[str] | str | None = None,
    draws: int | None = None,
    replicates: int | None = None,
    seed: int | None = None,
    changes: Mapping[str, Any] | None = None,
    tables: Sequence[str] | str | None = None,
    threads: int = 1,
    device: str = "cpu",
    allow_different_bits: bool = False,
) -> Study:
    """Simulate a scenario in memory.

    Parameters
    ----------
    scenario
        Path of a scenario file, name of one that ships (``"baseline"``), or a mapping with what a file
        would say.  What is not given below stays as the scenario has it.
    size
        People surveyed (``population.size``).
    country
        Their country (``population.country``).
    years
        Calendar year of the survey, or a list of them (``observe.years``).
    parameters
        Values that differ from the scenario's, by name (`rlsabm.parameters` lists them).
    conditions
        What differs in conditions, as under ``conditions`` in a scenario file.
    shifts
        Condition, or a list of those, whose shifts of prevalence are traced to what causes them
        (``shifts.conditions``).
    instruments
        Questionnaire or interview, or a list of those, that ask besides the truth (``observe.as``).
    draws, replicates, seed
        How often the scenario is run, and the root of all random numbers (``runs``).
    changes
        Anything else, by dotted key: ``{"observe.by": ["sex"], "observe.persons": 0.1}``.
    tables
        Result table, or a list of those, to be made, and nothing else.  By default prevalence, and
        what the scenario asks for beyond it: shifts, postulates, line lists.
    threads
        Threads of this process to use; they do not change a bit of the results.
    device
        Where people live: on processors (``"cpu"``) or on a GPU (``"gpu"``), with the same results.
    allow_different_bits
        Whether a GPU that gives other numbers than a processor is used all the same.

    Returns
    -------
    Study
        The same kind of object as `rlsabm.read` returns.

    Raises
    ------
    UserError
        If the scenario, or something that was given, has a mistake; the message names the key.

    Notes
    -----
    People and chance belong to the seed: two calls with one seed that differ in parameters compare the
    same people (common random numbers).  A result is a step function of the parameters, because people
    change their state one by one: see "From Python" in the documentation before you use an optimiser.

    Examples
    --------
    >>> import rlsabm
    >>> study = rlsabm.simulate(size=1_000, parameters={"deficit_effect": 3.0}, seed=1)
    >>> study.prevalence(by=["sex"])  # doctest: +SKIP
    """
    given = _given(
        size=size,
        country=country,
        years=years,
        parameters=parameters,
        conditions=conditions,
        shifts=shifts,
        instruments=instruments,
        draws=draws,
        replicates=replicates,
        seed=seed,
        changes=changes,
    )
    threads = whole_number("simulate: threads", threads, 1, 1024)
    study = read_scenario(scenario, changes=given)
    if device != CPU:
        device_named(device)
    allowed = yes_or_no("simulate: allow_different_bits", allow_different_bits)
    return _run(study, _wanted(study, tables), threads, device, allowed)


def simulate_many(
    scenario: ScenarioLike = "baseline",
    *,
    parameters: Sequence[Mapping[str, float]] | pd.DataFrame,
    size: int | None = None,
    country: str | None = None,
    years: Sequence[int] | int | None = None,
    conditions: Mapping[str, Any] | None = None,
    shifts: Sequence[str] | str | None = None,
    instruments: Sequence[str] | str | None = None,
    draws: int | None = None,
    replicates: int | None = None,
    seed: int | None = None,
    changes: Mapping[str, Any] | None = None,
    tables: Sequence[str] | str | None = None,
    workers: int | None = None,
    progress: bool = False,
) -> list[Study]:
    """Simulate a scenario with many sets of parameters, side by side on this machine's processors.

    All sets share people and chance (common random numbers), so that what differs between two results
    is caused by the parameters.

    Parameters
    ----------
    scenario
        As `simulate` takes it.
    parameters
        Sets of values by name: mappings, or a data frame with a row a set and a column a parameter.
    size, country, years, conditions, shifts, instruments, draws, replicates, seed, changes, tables
        As `simulate` takes them, the same for all sets.
    workers
        Sets simulated at a time; as many as there are processors by default.
    progress
        Whether to show on standard error how far it is.

    Returns
    -------
    list of Study
        In the order of the sets.

    Raises
    ------
    UserError
        If the scenario or a set has a mistake; every set is checked before the first is simulated.

    Examples
    --------
    >>> import rlsabm
    >>> sets = [{"deficit_effect": effect} for effect in (1.0, 2.0)]
    >>> low, high = rlsabm.simulate_many(parameters=sets, size=1_000, seed=1)
    """
    sets = _sets(parameters)
    progress = yes_or_no("simulate: progress", progress)
    workers = (
        processors() if workers is None else whole_number("simulate: workers", workers, 1, 1024)
    )
    given = [
        _given(
            size=size,
            country=country,
            years=years,
            parameters=values,
            conditions=conditions,
            shifts=shifts,
            instruments=instruments,
            draws=draws,
            replicates=replicates,
            seed=seed,
            changes=changes,
        )
        for values in sets
    ]
    studies = []
    for number, each in enumerate(given, start=1):
        try:
            studies.append(read_scenario(scenario, changes=each))
        except UserError as error:
            raise UserError(f"set {number} of {len(given)}: {error}") from None
    if not studies:
        return []
    wanted = _wanted(studies[0], tables)
    check_study(studies[0])
    with ThreadPoolExecutor(workers) as executor, _bar(len(studies), progress) as advance:
        futures = [executor.submit(_run, study, wanted, 1) for study in studies]
        results = []
        try:
            for future in futures:
                results.append(future.result())
                advance()
        except BaseException:
            executor.shutdown(wait=False, cancel_futures=True)
            raise
    return results


def _sets(parameters: object) -> list[Any]:
    """Sets of parameters, from mappings or from the rows of a data frame.

    Raises
    ------
    UserError
        If it is neither, or a column is there twice.
    """
    if isinstance(parameters, pd.DataFrame):
        twice = parameters.columns[parameters.columns.duplicated()]
        if len(twice):
            raise UserError(f"simulate: parameters: {twice[0]}: is a column twice")
        return [
            {str(name): value for name, value in row.items()}
            for row in parameters.to_dict("records")
        ]
    given, expected = plain(parameters), "a list of mappings, or a data frame"
    if isinstance(given, Mapping | str | bytes) or not isinstance(given, Iterable):
        raise refusal("simulate: parameters", parameters, expected)
    sets = list(given)
    for number, values in enumerate(sets, start=1):
        if not isinstance(values, Mapping):
            where = f"set {number} of {len(sets)}: simulate: parameters"
            raise refusal(where, values, "a mapping by name")
    return sets


def _given(
    *,
    parameters: Mapping[str, float] | None = None,
    conditions: Mapping[str, Any] | None = None,
    changes: Mapping[str, Any] | None = None,
    **named: Any,
) -> dict[str, Any]:
    """What a call says, by the keys of a scenario file.

    Raises
    ------
    UserError
        If what should be a mapping is none.
    """
    for name, value in named.items():
        if name in _LISTS and isinstance(plain(value), int | float | str):
            named[name] = [value]  # one alone counts as a list of it
    given = {_KEYS[name]: value for name, value in named.items() if value is not None}
    for name, value in (
        ("parameters", parameters),
        ("conditions", conditions),
        ("changes", changes),
    ):
        for key, each in mapping(f"simulate: {name}", value).items():
            # Key by key, so that what stands in two arguments is joined, or refused as given twice.
            whole = str(key) if name == "changes" else f"{name}.{key}"
            if whole in given:
                raise UserError(f"simulate: {whole}: is given twice")
            given[whole] = each
    return given


_KEYS = {
    "size": "population.size",
    "country": "population.country",
    "years": "observe.years",
    "shifts": "shifts.conditions",
    "instruments": "observe.as",
    "draws": "runs.draws",
    "replicates": "runs.replicates",
    "seed": "runs.seed",
}
#: Of these, those that are lists.
_LISTS = ("years", "shifts", "instruments")


def _wanted(study: ResolvedScenario, tables: Sequence[str] | str | None) -> frozenset[str]:
    """Names of the tables to be made.

    Raises
    ------
    UserError
        If one does not exist, or the scenario does not ask for what it needs.
    """
    scenario = study.scenario
    asked = {
        "prevalence": True,
        "shifts": bool(scenario.shifts.conditions),
        "postulates": scenario.shifts.postulates,
        "persons": scenario.observe.persons > 0,
        "events": scenario.observe.events,
        "draws": scenario.runs.draws > 1,
        "policies": scenario.policy is not None,
    }
    if tables is None:
        return frozenset(name for name, is_asked in asked.items() if is_asked)
    wanted = names("simulate: tables", tables, "names of tables")
    known = [table.name for table in tables_of(*IN_MEMORY)]
    asked["partitions"] = asked["postulates"]
    asked["policy_counts"] = asked["policies"]
    for name in wanted:
        if name not in known:
            near = nearest(name, known)
            hint = f"did you mean {near!r}?" if near else f"expected names among {', '.join(known)}"
            raise UserError(f"simulate: tables: no table {name!r} ({hint})")
        if name in ASKED_FOR and not asked[name]:
            raise UserError(f"simulate: tables: for {name} a scenario asks: {ASKED_FOR[name]}")
    return frozenset(wanted)


def _run(
    study: ResolvedScenario,
    tables: frozenset[str],
    threads: int,
    device: str = CPU,
    allow_different_bits: bool = False,
) -> Study:
    """Run all units of a study in this process."""
    settings = check_study(study)
    vocabulary = vocabulary_of(study, settings)
    question = question_of(study, vocabulary, tables)
    country = country_of(study)
    found: dict[Unit, Mapping[str, Contents]] = {}
    for unit in units_of(study):
        job = Job(
            unit=unit,
            arm=study.arms[unit.arm],
            country=country,
            question=question,
            threads=threads,
            package=package_hash(),
            device=device,
            allow_different_bits=allow_different_bits,
        )
        found[unit] = find(job).tables
    made = assemble(found, vocabulary)
    return Study(
        # Without what others were made from.
        {name: table for name, table in made.items() if name in tables},
        arms=list(study.arms),
        scenario=study.as_mapping(),
        lives_again=LivesOfStudy(study),
    )


@contextmanager
def _bar(total: int, shown: bool) -> Iterator[Callable[[], None]]:
    """A progress bar on standard error, and what moves it on."""
    if not shown:
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("simulating", total=total)
        yield lambda: bar.advance(task)
