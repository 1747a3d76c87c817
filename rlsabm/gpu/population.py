"""A population whose people live on a GPU.

Their records stay there. A processor keeps copies of the lives, of which it keeps current what births
and parents need: after each block of months it takes over the records of those who gave birth or died,
finds the fathers, bears the children, and hands these over. Everything else comes back when somebody
asks for the lives or bodies, as a survey does.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rlsabm.arrays import Bools, Ints, Records
from rlsabm.events import EVENT, MOST_PER_MONTH
from rlsabm.gpu import kernels
from rlsabm.gpu.cuda import launch, require_gpu
from rlsabm.person import BODY, LIFE
from rlsabm.population import Population
from rlsabm.setting import Setting

#: What only births change, so that the processor's copy is the newer one.
PARENTS = ("partner", "partner_birth_month", "partner_until")
#: People whose events are logged at a time: the room for them is what a month could have at most.
LOGGED_AT_A_TIME = 1 << 16


class DevicePopulation(Population):
    """People of one block, who live on a GPU.

    The same people as of a `Population`, to the bit; arguments and attributes are the same.
    """

    def __init__(self, setting: Setting, *, key: int, **options: Any) -> None:
        super().__init__(setting, key=key, **options)
        self._cuda = require_gpu()
        room = len(self._lives)
        self._lives_there = self._cuda.device_array(room, dtype=LIFE)
        self._bodies_there = self._cuda.device_array(room, dtype=BODY)
        self._inputs_there = self._cuda.to_device(np.array([self.inputs]))
        self._rows_there = 0
        self._is_current = True

    @property
    def lives(self) -> Records:
        """Lives, one record a person, as they are on the GPU."""
        self._fetch()
        return super().lives

    @property
    def bodies(self) -> Records:
        """Bodies, row by row as the lives, as they are on the GPU."""
        self._fetch()
        return super().bodies

    def live_on_in(self, setting: Setting) -> None:
        """Live in another setting from the next month on."""
        super().live_on_in(setting)
        self._inputs_there = self._cuda.to_device(np.array([self.inputs]))

    def live(self, first: int, stop: int, last: int, *, log: bool = False) -> None:
        """Live the months until ``last`` of the people in rows ``first`` to ``stop`` (excluded)."""
        self._hand_over()
        months = last - self.month + 1
        at_a_time = LOGGED_AT_A_TIME if log else max(stop - first, 1)
        noted = [self.events]
        for start in range(first, stop, at_a_time):
            end = min(start + at_a_time, stop)
            room = months * MOST_PER_MONTH if log else 0
            noted += self._live(start, end, last, room)
        if log:
            self.events = np.concatenate(noted)
        if first < stop:
            self._is_current = False

    def _live(self, first: int, stop: int, last: int, room: int) -> list[Any]:
        """Live months of some people; their events, one after another, if there is room for any."""
        rows = stop - first
        logs = self._cuda.device_array((rows, max(room, 1)), dtype=EVENT)
        logged = self._cuda.to_device(np.zeros(rows, dtype=np.int64))
        launch(
            kernels.live_people, rows, self._lives_there, self._bodies_there, first, stop,
            self.month, last, logs[:, :room], logged, self._inputs_there,
        )  # fmt: skip
        if room == 0:
            return []
        counts = logged.copy_to_host()
        if counts.max(initial=0) > room:
            raise RuntimeError("more events in a month than there is room for")
        return [logs.copy_to_host()[np.arange(room) < counts[:, None]]]

    def _bear(self, last: int) -> None:
        self._take_over(self._born_or_dead(last))
        super()._bear(last)

    def _born_or_dead(self, last: int) -> Ints:
        """Rows of those who gave birth or died in the months until ``last``."""
        rows = self._rows_there
        deaths = self._cuda.device_array(rows, dtype=np.int32)
        births = self._cuda.device_array(rows, dtype=np.int32)
        launch(kernels.note_months, rows, self._lives_there, deaths, births)
        months = np.stack([deaths.copy_to_host(), births.copy_to_host()])
        return np.flatnonzero(((self.month <= months) & (months <= last)).any(axis=0))

    def _take_over(self, rows: Ints) -> None:
        """Bring the processor's copies of some lives and bodies up to date."""
        lives = self._gathered(self._lives_there, LIFE, rows).copy_to_host()
        for name in PARENTS:
            lives[name] = self._lives[name][rows]
        self._lives[rows] = lives
        self._bodies[rows] = self._gathered(self._bodies_there, BODY, rows).copy_to_host()

    def _gathered(self, records: Any, dtype: Any, rows: Ints, room: int = 0) -> Any:
        """Copies of some rows, on the GPU, with room for more."""
        found = self._cuda.device_array(max(len(rows), room), dtype=dtype)
        launch(kernels.gather, len(rows), records, self._cuda.to_device(rows), found)
        return found

    def _hand_over(self) -> None:
        """Give the GPU the people whom it does not have yet."""
        if self._rows_there == self._rows:
            return
        if self._rows > len(self._lives_there):
            self._keep_there(np.arange(self._rows_there))
        window = slice(self._rows_there, self._rows)
        self._lives_there[window].copy_to_device(self._lives[window])
        self._bodies_there[window].copy_to_device(self._bodies[window])
        self._rows_there = self._rows

    def _fetch(self) -> None:
        """Bring all copies of lives and bodies up to date."""
        if not self._is_current:
            rows = self._rows_there
            parents = {name: self._lives[name][:rows].copy() for name in PARENTS}
            self._lives_there[:rows].copy_to_host(self._lives[:rows])
            self._bodies_there[:rows].copy_to_host(self._bodies[:rows])
            for name, values in parents.items():
                self._lives[name][:rows] = values
            self._is_current = True

    def _move_together(self, keep: Bools) -> int:
        self._keep_there(np.flatnonzero(keep))
        return super()._move_together(keep)

    def _keep_there(self, rows: Ints) -> None:
        """Keep some rows on the GPU, one after another, with as much room as here."""
        room = len(self._lives)
        self._lives_there = self._gathered(self._lives_there, LIFE, rows, room)
        self._bodies_there = self._gathered(self._bodies_there, BODY, rows, room)
        self._rows_there = len(rows)
