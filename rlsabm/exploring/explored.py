"""The model under a page: it tells how far it has grown, remembers, and is looked at between months."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import mesa
import numpy as np
import pandas as pd

from rlsabm.exploring.memory import Memory
from rlsabm.exploring.view import SEXES, View, view_of
from rlsabm.mesa.model import RLSModel, write_month

#: Months before the start that are remembered, and months grown between two reports.
REMEMBERED_BEFORE, REPORTED_EACH = 60, 60


class ExploredModel(RLSModel):
    """A population that a page shows while it lives.

    It begins with its first founders, and is grown when that is asked for, so that a page can tell how
    far it is.  A page steps it in one thread and draws it in another: both wait for each other.

    Parameters
    ----------
    kwargs
        Arguments of :class:`RLSModel`.

    Attributes
    ----------
    given
        These arguments.
    is_grown
        Whether the months before its start are lived.
    """

    def __init__(self, **kwargs: Any) -> None:
        self.given = dict(kwargs)
        self.is_grown = False
        self._lock = threading.RLock()
        self._view: View | None = None
        self._memory = Memory()
        self._trend: dict[int, dict[str, float]] = {}
        super().__init__(**kwargs, grow=False)

    def grow(self, tell: Callable[[float], None] = lambda _: None) -> None:
        """Live the months before the start, unless that is done; the last ones are remembered.

        Parameters
        ----------
        tell
            Called with the share that is done, from 0 to 1.
        """
        with self._lock:
            if self.is_grown:
                return
            first, last = self.month, self.last_month - 12 * self.given["years"]
            quiet = last - REMEMBERED_BEFORE
            self.population.forget_dead = True
            for until in [*range(first + REPORTED_EACH, quiet, REPORTED_EACH), quiet]:
                tell((until - first) / (last - first))
                self.population.advance(until)
            while self.month <= last:
                self.population.advance(self.month)
                self._remember()
            self.population.forget_dead = False
            self.datacollector = mesa.DataCollector(self.model_reporters, self.agent_reporters)
            self.datacollector.collect(self)
            self.is_grown = True
        tell(1.0)

    def step(self) -> None:
        """Live one month; after the years for which births are planned, nothing more happens."""
        with self._lock:
            self.grow()
            if self.month > self.last_month:
                self.steps -= 1  # Mesa has counted before it asked
                self.running = False
                return
            super().step()
            self._remember()

    def _remember(self) -> None:
        month, people = self.month - 1, self.agents
        self._memory.add(month, people)
        adult, rls = people.column("age_years") >= 18, people.column("has_rls")
        self._trend[month] = {
            sex: float(np.mean(rls[adult & (people.column("sex") == sex)])) for sex in SEXES
        }

    def look(self) -> View:
        """The population after the last month lived."""
        with self._lock:
            self.grow()
            if self._view is None or self._view.month != self.month - 1:
                self._view = view_of(self.agents, self.month - 1)
            return self._view

    def trend(self) -> pd.DataFrame:
        """Prevalence of adults of each sex in the months lived and remembered, by month."""
        with self._lock:
            return pd.DataFrame.from_dict(self._trend, orient="index", columns=list(SEXES))

    def describe(self, uid: int) -> str:
        """A person in a few words."""
        with self._lock:
            person = self.find(uid)
            if person is None:
                return "Somebody who is not in this population"
            word = {"female": "woman", "male": "man"}[person.sex]
            died = (
                "" if person.is_alive else f", who died in {write_month(int(person.death_month))}"
            )
            rls = "with RLS" if person.has_rls else "without RLS"
            return f"A {word} of {person.age_years} years {rls}{died}"

    def life(self, uid: int) -> pd.DataFrame:
        """The remembered months of a person, as :meth:`Memory.life` gives them."""
        with self._lock:
            return self._memory.life(uid)
