"""Speed, size and serial share of growing people, beside Starsim and beside plain Mesa agents."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import mesa
import numba
import numpy as np

from rlsabm.gpu.exactness import differences
from rlsabm.life.month import live_block
from rlsabm.person import BODY, LIFE
from rlsabm.population import Population
from rlsabm.scratch import new_scratch
from rlsabm.setting import make_setting

from .figures import MILLION, Measured

KEY = 20190701
PEOPLE, ROUNDS = 100_000, 5
SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
STARSIM_YEARS = 30
#: Agents of the loop over objects, and months.
AGENTS, AGENT_MONTHS = 20_000, 12


def warm() -> None:
    """Have everything compiled, or loaded."""
    grown(500)


def grown(size: int, *, threads: int = 1, kind: type[Population] = Population) -> Population:
    """A population grown to its survey."""
    setting = make_setting(size=size)
    population = kind(setting, key=KEY, threads=threads)
    population.advance(setting.plan.survey_month)
    return population


def speed(size: int) -> float:
    """Person-months a CPU-second of growing so many people."""
    start = time.process_time()
    population = grown(size)
    return population.person_months / (time.process_time() - start)


class _Starsim:
    """Starsim in a process of its own."""

    def __init__(self, python: str) -> None:
        script = Path(__file__).with_name("starsim_run.py")
        self._process = subprocess.Popen(
            [python, str(script), str(PEOPLE), str(STARSIM_YEARS)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        self.version = self._answer("ready ")

    def _answer(self, begins: str = "") -> str:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith(begins):
                return line.removeprefix(begins).strip()
        raise ModuleNotFoundError("starsim")

    def speed(self) -> float:
        """Person-months a CPU-second of one run."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        months, seconds = (float(word) for word in self._answer().split())
        return months / seconds

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def beside_starsim(python: str) -> Iterator[Measured]:
    """Ours and Starsim's, in turns."""
    warm()
    try:
        starsim = _Starsim(python)
    except (ModuleNotFoundError, OSError):
        ours = median(speed(PEOPLE) for _ in range(ROUNDS))
        how = f"{PEOPLE:,} people from the first founders to the survey; median of {ROUNDS}"
        yield Measured(
            "growing people", f"{ours / MILLION:.1f} million person-months a CPU-second", how
        )
        yield Measured(
            "beside Starsim", "not measured",
            f'`{python}` has no Starsim: `pip install starsim`, or name one with `--starsim`',
        )  # fmt: skip
        return
    pairs = [(speed(PEOPLE), starsim.speed()) for _ in range(ROUNDS)]
    starsim.close()
    ours, theirs = (median(column) for column in zip(*pairs, strict=True))
    ratio = median(own / other for own, other in pairs)
    yield Measured(
        "growing people", f"{ours / MILLION:.1f} million person-months a CPU-second",
        f"{PEOPLE:,} people from the first founders to the survey, in turns with the next row; median "
        f"of {ROUNDS}",
    )  # fmt: skip
    yield Measured(
        f"Starsim {starsim.version}",
        f"{theirs / MILLION:.1f} million; ours is {ratio:.1f} times as fast",
        f"{PEOPLE:,} agents, {STARSIM_YEARS} years: births, deaths, one disease that does not spread",
    )  # fmt: skip


@numba.njit(nogil=True)  # type: ignore[untyped-decorator]
def _live_one(life: Any, body: Any, month: int, scratch: Any, inputs: Any) -> None:
    """A month of one person. Inputs come in an array: a record alone would cost 0.1 ms a call."""
    live_block(life, body, 0, 1, month, month, scratch, inputs[0])


class _Agent(mesa.Agent):  # type: ignore[type-arg]
    """A person as an ordinary Mesa agent, which lives by the compiled rules."""

    def __init__(self, model: mesa.Model, life: Any, body: Any) -> None:
        super().__init__(model)
        self.life, self.body = life, body

    def step(self) -> None:
        model = self.model
        _live_one(self.life, self.body, model.month, model.scratch, model.inputs)


def plain_mesa_agents() -> Iterator[Measured]:
    """A loop over objects that live by the same rules, beside ours."""
    setting = make_setting(size=AGENTS)
    population = Population(setting, key=KEY)
    population.advance(setting.plan.survey_month)
    lives, bodies = population.lives[population.alive], population.bodies[population.alive]
    model: Any = mesa.Model()
    model.inputs, model.month = np.asarray(population.inputs).reshape(1), population.month
    model.scratch = new_scratch()
    own_lives, own_bodies = lives.copy(), bodies.copy()
    for row in range(len(lives)):
        _Agent(model, lives[row : row + 1], bodies[row : row + 1])
    warm_life, warm_body = lives[:1].copy(), bodies[:1].copy()
    _live_one(warm_life, warm_body, model.month, model.scratch, model.inputs)  # compiled
    start = time.process_time()
    for _ in range(AGENT_MONTHS):
        model.agents.do("step")
        model.month += 1
    agents = time.process_time() - start
    first = population.month
    start = time.process_time()
    live_block(
        own_lives, own_bodies, 0, len(own_lives), first, first + AGENT_MONTHS - 1, model.scratch,
        population.inputs,
    )  # fmt: skip
    ours = time.process_time() - start
    if differ := differences(lives, own_lives) + differences(bodies, own_bodies):
        raise RuntimeError(f"agents lived other lives than records did: {', '.join(differ)}")
    months = AGENT_MONTHS * len(lives)
    yield Measured(
        "the same rules as plain Mesa agents",
        f"{months / agents / MILLION:.2f} million person-months a CPU-second; ours is "
        f"{agents / ours:.0f} times as fast",
        f"{len(lives):,} living people, {AGENT_MONTHS} months, the same bits",
    )


def by_size(largest: int) -> Iterator[Measured]:
    """Cost by the number of people, and what a person takes."""
    warm()
    found = {size: speed(size) for size in SIZES if size <= largest}
    middle = found.get(PEOPLE, next(iter(found.values())))
    cells = [
        f"{size:,}: {each / MILLION:.1f} ({each / middle - 1:+.0%})" for size, each in found.items()
    ]
    yield Measured(
        "cost by number of people", "; ".join(cells),
        f"million person-months a CPU-second, and difference from {PEOPLE:,} people; one run each",
    )  # fmt: skip
    yield Measured(
        "bytes a person", f"{LIFE.itemsize + BODY.itemsize}",
        f"records of a life ({LIFE.itemsize}) and of a body ({BODY.itemsize})",
    )  # fmt: skip


class _Timed(Population):
    """A population that knows how long it did what threads share."""

    seconds_shared = 0.0

    def _share(self, *args: Any, **options: Any) -> list[Any]:
        start = time.perf_counter()
        try:
            return super()._share(*args, **options)
        finally:
            self.seconds_shared += time.perf_counter() - start


def on_threads() -> Iterator[Measured]:
    """Efficiency of two threads, and the part of the work that threads do not share."""
    warm()
    people = 2 * PEOPLE
    efficiencies, shares = [], []
    for _ in range(ROUNDS):
        walls = []
        for threads in (1, 2):
            start = time.perf_counter()
            population: Any = grown(people, threads=threads, kind=_Timed)
            walls.append(time.perf_counter() - start)
            if threads == 1:
                shares.append(1 - population.seconds_shared / walls[0])
        efficiencies.append(walls[0] / walls[1] / 2)
    yield Measured(
        "two threads",
        f"{median(efficiencies):.0%} of twice one thread (rounds: "
        f"{', '.join(f'{each:.0%}' for each in efficiencies)})",
        f"{people:,} people from the first founders to the survey, time on a clock",
    )
    yield Measured(
        "serial share", f"{median(shares):.1%}",
        "part of the time on one thread in which fathers are found and records are appended, put "
        "in order and moved, which threads do not share",
    )  # fmt: skip
