"""A population: the records of its people, grown from founders and advanced in blocks of months."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from rlsabm.arrays import Bools, Ints, Records
from rlsabm.burden import neutral_burdens
from rlsabm.conventions import FEMALE, MALE, NEVER
from rlsabm.demography.births import MONTHS_TO_BIRTH, BirthPlan
from rlsabm.events import EVENT, MOST_PER_MONTH
from rlsabm.inputs import with_key
from rlsabm.life.birth import (
    NO_MEN,
    bear,
    find_deaths,
    find_deliveries,
    found,
    part_by_death,
    with_men_kept,
    with_new_men,
)
from rlsabm.life.month import BURDENS, count_person_months, live_block, move_together
from rlsabm.person import BODY, LIFE, newborn_records
from rlsabm.setting import Setting

BLOCK_MONTHS = 12
#: The dead are kept this long: the father of a child to come may be among them.
KEEP_DEAD_MONTHS = 13
#: Share of dead records from which the others are moved together.
WORTH_FORGETTING = 0.08
#: Slices of fewer people are not worth a thread.
LEAST_SLICE = 2000
#: More slices than threads, because the old and the dead are quicker to live than the young.
SLICES_PER_THREAD = 4


class Population:
    """People of one block, from the first founders on.

    Parameters
    ----------
    setting
        What they live in.
    key
        Key of the replicate (64 bits).
    block
        Number of the block: another one holds other founders.
    threads
        Threads over slices of people; they do not change a bit of the results.
    forget_dead
        Whether the records of the dead are dropped between blocks of months.

    Attributes
    ----------
    inputs
        What rules read: the setting's, with the key.
    month
        The next month to be lived.
    lives, bodies
        Records of the people, living and recently dead.
    person_months
        Person-months lived so far.
    events
        Events logged so far, where logging was asked for.
    """

    def __init__(
        self,
        setting: Setting,
        *,
        key: int,
        block: int = 0,
        threads: int = 1,
        forget_dead: bool = True,
    ) -> None:
        self.setting = setting
        self.key = np.uint64(key)
        self.inputs = with_key(setting.inputs, key)
        self.block = block
        self.threads = threads
        self.forget_dead = forget_dead
        self.month = setting.plan.first_month
        self.person_months = 0
        self.layout = 0
        self.events = np.zeros(0, dtype=EVENT)
        self._founded = 0
        self._rows = 0
        self._rows_before = 0
        self._men = NO_MEN
        room = 1024 + setting.size + setting.size // 4
        self._lives = newborn_records(LIFE, room)
        self._bodies = newborn_records(BODY, room)
        self._founder_months = _founder_months(setting.plan)

    @property
    def lives(self) -> Records:
        """Lives, one record a person."""
        return self._lives[: self._rows]

    @property
    def _lives_here(self) -> Records:
        """Lives as far as births, parents and deaths are concerned: current between blocks."""
        return self._lives[: self._rows]

    @property
    def bodies(self) -> Records:
        """Bodies, row by row as the lives."""
        return self._bodies[: self._rows]

    @property
    def alive(self) -> Bools:
        """Who is alive, by row."""
        return np.asarray(self._lives_here["death_month"] == NEVER)

    def advance(self, until: int, *, log: bool = False, block_months: int = BLOCK_MONTHS) -> None:
        """Live all months up to and including ``until``.

        Parameters
        ----------
        until
            Last month to be lived.
        log
            Whether events are logged.
        block_months
            Months that a person lives before the next person's turn.

        Raises
        ------
        ValueError
            If births are not planned for so late a month.
        """
        if until > self.setting.plan.last_month:
            planned = self.setting.plan.last_month // 12
            raise ValueError(f"births are planned until {planned}; make the setting with last_year")
        # Newborns are found after a block, by their mothers' last delivery: one a block at most.
        between_births = MONTHS_TO_BIRTH + int(self.inputs.infertile_after_birth_months)
        block_months = min(block_months, between_births)
        while self.month <= until:
            last = min(self.month + block_months - 1, until)
            self.receive_founders(last)
            self.live(0, self._rows, last, log=log)
            self.close_block(last, log=log)

    def live_on_in(self, setting: Setting) -> None:
        """Live in another setting from the next month on.

        Both settings have the same country, size, years and conditions, and care keeps the same
        treatments in the same order.
        """
        self.setting = setting
        self.inputs = with_key(setting.inputs, int(self.key))

    def receive_founders(self, last: int) -> None:
        """Open a block of months: add the founders born until ``last``."""
        self._rows_before = self._rows
        self._found(last)

    def close_block(self, last: int, *, log: bool = False) -> None:
        """Bear the children of the months until ``last``, and go on to the next month."""
        first_newborn = self._rows
        self._bear(last)
        self.live(first_newborn, self._rows, last, log=log)
        self._men = with_new_men(self._men, self._lives_here, self._rows_before)
        self.person_months += count_person_months(self._lives_here, self.month, last)
        self.month = last + 1
        if self.forget_dead:
            self.forget()

    def _append(self, count: int) -> tuple[Any, Any]:
        """Room for more people: views on their records, each as a newborn has it."""
        needed = self._rows + count
        if needed > len(self._lives):
            room = needed + needed // 4
            for name in ("_lives", "_bodies"):
                old = getattr(self, name)
                new = newborn_records(old.dtype, room)
                new[: self._rows] = old[: self._rows]
                setattr(self, name, new)
        window = slice(self._rows, needed)
        self._lives[window] = newborn_records(LIFE, 1)
        self._bodies[window] = newborn_records(BODY, 1)
        self._rows = needed
        return self._lives[window], self._bodies[window]

    def _found(self, last: int) -> None:
        sexes, months = self._founder_months
        stop = int(np.searchsorted(months, last, side="right"))
        if stop == self._founded:
            return
        lives, bodies = self._append(stop - self._founded)
        window = slice(self._founded, stop)
        found(lives, bodies, months[window], sexes[window], self.block, self._founded, self.inputs)
        self._founded = stop

    def _bear(self, last: int) -> None:
        lives = self._lives_here
        part_by_death(lives, self._men, find_deaths(lives, self.month, last))
        mothers, babies = find_deliveries(lives, self.month, last)
        if babies == 0:
            return
        parents = self._rows
        new_lives, new_bodies = self._append(babies)
        bear(
            self._lives[:parents], self._bodies[:parents], self._men, mothers, new_lives, new_bodies,
            newborn_records(LIFE, 1), self.inputs,
        )  # fmt: skip

    def live(self, first: int, stop: int, last: int, *, log: bool = False) -> None:
        """Live the months until ``last`` of the people in rows ``first`` to ``stop`` (excluded)."""
        if first == stop:
            return
        wanted = 1 if self.threads == 1 else self.threads * SLICES_PER_THREAD
        slices = max(1, min(wanted, (stop - first) // LEAST_SLICE))
        limits = np.linspace(first, stop, slices + 1).astype(int)
        logs = [
            np.zeros(
                (limits[i + 1] - limits[i]) * (last - self.month + 1) * MOST_PER_MONTH
                if log
                else 0,
                dtype=EVENT,
            )
            for i in range(slices)
        ]
        counts = [np.zeros(1, dtype=np.int64) for _ in range(slices)]

        def live(i: int) -> None:
            scratch = (neutral_burdens(BURDENS), newborn_records(LIFE, 1), logs[i], counts[i])
            live_block(
                self.lives, self.bodies, limits[i], limits[i + 1], self.month, last, scratch,
                self.inputs,
            )  # fmt: skip

        if slices == 1:
            live(0)
        else:
            with ThreadPoolExecutor(self.threads) as executor:
                list(executor.map(live, range(slices)))
        if log:
            if any(count[0] > len(part) for part, count in zip(logs, counts, strict=True)):
                raise RuntimeError("more events in a month than there is room for")
            noted = [part[: count[0]] for part, count in zip(logs, counts, strict=True)]
            self.events = np.concatenate([self.events, *noted])

    def forget(self) -> None:
        """Drop the records of those who died long enough ago."""
        long_dead = self._lives_here["death_month"] < self.month - KEEP_DEAD_MONTHS
        if long_dead.sum() > WORTH_FORGETTING * self._rows:
            self._men = with_men_kept(self._men, ~long_dead)
            self._rows = self._move_together(~long_dead)
            self.layout += 1

    def _move_together(self, keep: Bools) -> int:
        """Drop the records that are not kept; returns how many are left."""
        return move_together(self._lives, self._bodies, keep)


def _founder_months(plan: BirthPlan) -> tuple[Ints, Ints]:
    """Sexes and birth months of the founders, by month; fractions are carried to later months."""
    sexes, months = [], []
    for sex in (FEMALE, MALE):
        running = np.floor(np.cumsum(plan.founders[sex]) + 0.5).astype(int)
        counts = np.diff(running, prepend=0)
        born = np.repeat(plan.first_month + np.arange(len(counts)), counts)
        months.append(born)
        sexes.append(np.full(len(born), sex))
    all_months = np.concatenate(months)
    order = np.argsort(all_months, kind="stable")
    return np.concatenate(sexes)[order].astype(np.int64), all_months[order].astype(np.int64)
