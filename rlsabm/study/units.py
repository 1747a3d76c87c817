"""Units of work of a study: one block of people of one replicate of one draw of one arm."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from rlsabm.chance import run_key
from rlsabm.errors import UserError
from rlsabm.scenario import PopulationSection, ResolvedScenario

#: Units are listed, each with its state and its files: with more, a study would take minutes to begin
#: and to end, and millions of files.
MOST_UNITS = 100_000
#: Names of units, as `units_of` gives them.
NAME_OF_UNIT = re.compile(r"draw-\d{5,}-replicate-\d{5,}-arm-\d{2,}-block-\d{5,}")


class Run(NamedTuple):
    """A run: a whole population under one arm, draw and replicate."""

    draw: int
    replicate: int
    arm: str


class Place(NamedTuple):
    """Which unit of a study it is, in words and numbers of its tables."""

    arm: str
    draw: int
    replicate: int
    block: int


@dataclass(frozen=True)
class Unit:
    """A unit of work, which needs nothing of any other.

    Attributes
    ----------
    name
        Name of its files; names sort as units do.
    arm, draw, replicate
        The run it is part of.
    block
        Number of the block of people.
    people
        People of the block to be surveyed.
    key
        Key of the random numbers: of the draw and replicate, so that arms share them.
    """

    name: str
    arm: str
    draw: int
    replicate: int
    block: int
    people: int
    key: int

    @property
    def run(self) -> Run:
        """The run it is part of."""
        return Run(self.draw, self.replicate, self.arm)

    @property
    def place(self) -> Place:
        """Which unit of the study it is."""
        return Place(self.arm, self.draw, self.replicate, self.block)


def block_sizes(population: PopulationSection) -> list[int]:
    """People of each block: as few blocks as the limit allows, alike to one person.

    They depend on the scenario only, never on the machine, and so do the results.
    """
    blocks = _blocks(population)
    few, rest = divmod(population.size, blocks)
    return [few + (block < rest) for block in range(blocks)]


def _blocks(population: PopulationSection) -> int:
    return -(-population.size // population.block_size)


def count_units(study: ResolvedScenario) -> int:
    """How many units a study has, without listing them.

    Raises
    ------
    UserError
        If they are more than a study can have.
    """
    scenario = study.scenario
    runs, blocks = scenario.runs, _blocks(scenario.population)
    units = runs.draws * runs.replicates * len(study.arms) * blocks
    if units > MOST_UNITS:
        counts = {
            "draws": runs.draws,
            "replicates": runs.replicates,
            "arms": len(study.arms),
            "blocks of people": blocks,
        }
        product = " x ".join(f"{number:,} {what}" for what, number in counts.items() if number > 1)
        raise UserError(f"runs: {product} are {units:,} runs (expected at most {MOST_UNITS:,})")
    return units


def draws_of(study: ResolvedScenario) -> range:
    """Numbers of the draws: a single one is draw 0, that of the defaults."""
    draws = study.scenario.runs.draws
    return range(1, draws + 1) if draws > 1 else range(1)


def units_of(study: ResolvedScenario) -> list[Unit]:
    """Units of a study: by draw, replicate, arm and block.

    Raises
    ------
    UserError
        If they are more than a study can have.
    """
    count_units(study)
    runs = study.scenario.runs
    sizes = block_sizes(study.scenario.population)
    return [
        Unit(
            name=f"draw-{draw:05d}-replicate-{replicate:05d}-arm-{number:02d}-block-{block:05d}",
            arm=arm,
            draw=draw,
            replicate=replicate,
            block=block,
            people=people,
            key=key,
        )
        for draw in draws_of(study)
        for replicate in range(runs.replicates)
        for key in [run_key(runs.seed, draw=draw, replicate=replicate)]
        for number, arm in enumerate(study.arms)
        for block, people in enumerate(sizes)
    ]
