"""A population: the records of its people, grown from founders and advanced in blocks of months."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np

from rlsabm.arrays import Bools, Ints, Records
from rlsabm.conventions import FEMALE, MALE, NEVER
from rlsabm.demography.births import MONTHS_TO_BIRTH, BirthPlan
from rlsabm.events import EVENT, MOST_PER_MONTH
from rlsabm.inputs import with_key
from rlsabm.life.birth import (
    NO_MEN,
    bear,
    count_babies,
    find_deliveries_and_deaths,
    find_fathers,
    found,
    in_order_of_birth,
    part_by_death,
    with_men_kept,
    with_new_men,
)
from rlsabm.life.month import count_dead, count_person_months, live_block, move_together
from rlsabm.person import BODY, LIFE, newborn_records
from rlsabm.scratch import new_scratch
from rlsabm.setting import Setting

Result = TypeVar("Result")

BLOCK_MONTHS = 12
#: The dead are kept this long: the father of a child to come may be among them.
KEEP_DEAD_MONTHS = 13
#: Share of dead records from which the others are moved together.
WORTH_FORGETTING = 0.08
#: Slices of fewer people are not worth a thread.
LEAST_SLICE = 2000
#: Children, or founders, fewer of whom are not worth a thread.
LEAST_BORN = 500
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
        self._newborn = newborn_records(LIFE, 1), newborn_records(BODY, 1)
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
        self.person_months += self._count_person_months(last)
        self.month = last + 1
        if self.forget_dead:
            self.forget()

    def _count_person_months(self, last: int) -> int:
        lives = self._lives_here

        def count(start: int, end: int) -> int:
            return count_person_months(lives[start:end], self.month, last)

        return sum(self._share(count, 0, self._rows, LEAST_SLICE))

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
        self._lives[window], self._bodies[window] = self._newborn
        self._rows = needed
        return self._lives[window], self._bodies[window]

    def _found(self, last: int) -> None:
        sexes, months = self._founder_months
        first, stop = self._founded, int(np.searchsorted(months, last, side="right"))
        if stop == first:
            return
        lives, bodies = self._append(stop - first)

        def found_some(start: int, end: int) -> None:
            found(
                lives[start - first : end - first], bodies[start - first : end - first],
                months[start:end], sexes[start:end], self.block, start, self.inputs,
            )  # fmt: skip

        self._share(found_some, first, stop, LEAST_BORN)
        self._founded = stop

    def _bear(self, last: int) -> None:
        lives = self._lives_here
        if self._rows == 0:
            return

        def look(start: int, end: int) -> tuple[Ints, Ints]:
            return find_deliveries_and_deaths(lives, start, end, self.month, last)

        delivered, died = zip(*self._share(look, 0, self._rows, LEAST_SLICE), strict=True)
        part_by_death(lives, self._men, np.concatenate(died))
        mothers = in_order_of_birth(lives, np.concatenate(delivered))
        if len(mothers) == 0:
            return
        fathers = find_fathers(lives, self._men, mothers, self.inputs)
        babies = count_babies(lives, mothers)
        places = np.cumsum(babies) - babies
        parents = self._rows
        new_lives, new_bodies = self._append(int(babies.sum()))
        lives, bodies = self._lives[:parents], self._bodies[:parents]

        def bear_some(start: int, end: int) -> None:
            bear(
                lives, bodies, mothers[start:end], fathers[start:end], places[start:end], new_lives,
                new_bodies, newborn_records(LIFE, 1), self.inputs,
            )  # fmt: skip

        self._share(bear_some, 0, len(mothers), LEAST_BORN)

    def live(self, first: int, stop: int, last: int, *, log: bool = False) -> None:
        """Live the months until ``last`` of the people in rows ``first`` to ``stop`` (excluded)."""
        most = (last - self.month + 1) * MOST_PER_MONTH if log else 0

        def live_some(start: int, end: int) -> Records:
            scratch = new_scratch((end - start) * most)
            live_block(self.lives, self.bodies, start, end, self.month, last, scratch, self.inputs)
            if scratch.logged[0] > len(scratch.log):
                raise RuntimeError("more events in a month than there is room for")
            return scratch.log[: scratch.logged[0]]

        logs = self._share(live_some, first, stop, LEAST_SLICE, slices=SLICES_PER_THREAD)
        if log:
            self.events = np.concatenate([self.events, *logs])

    def _share(
        self,
        work: Callable[[int, int], Result],
        first: int,
        stop: int,
        least: int,
        *,
        slices: int = 1,
    ) -> list[Result]:
        """Have work done on rows ``first`` to ``stop`` (excluded), on all threads if it is worth it.

        Parameters
        ----------
        work
            What to do with the rows from the first of two to the other (excluded); it must not matter
            which rows are done first.
        first, stop
            The rows.
        least
            Fewer rows are not worth a thread.
        slices
            Into how many slices for each thread rows are cut.

        Returns
        -------
        list
            What work returns of each slice, in the order of the rows.
        """
        if first == stop:
            return []
        wanted = 1 if self.threads == 1 else self.threads * slices
        parts = max(1, min(wanted, (stop - first) // least))
        if parts == 1:
            return [work(first, stop)]
        limits = np.linspace(first, stop, parts + 1).astype(int).tolist()
        with ThreadPoolExecutor(self.threads) as executor:
            return list(executor.map(work, limits[:-1], limits[1:]))

    def forget(self) -> None:
        """Drop the records of those who died long enough ago."""
        lives, long_ago = self._lives_here, self.month - KEEP_DEAD_MONTHS

        def count(start: int, end: int) -> int:
            return count_dead(lives[start:end], long_ago)

        if sum(self._share(count, 0, self._rows, LEAST_SLICE)) > WORTH_FORGETTING * self._rows:
            keep = np.asarray(lives["death_month"] >= long_ago)
            self._men = with_men_kept(self._men, keep)
            self._rows = self._move_together(keep)
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
