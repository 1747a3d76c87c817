"""The model under a page: it tells how far it has grown, remembers, and is looked at between months."""

from __future__ import annotations

import threading
import time
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
#: Time between steps of one picture, shorter than any pause of a page that plays; and for which a page
#: is waited for, at most (seconds).
AT_ONCE_SECONDS, MOST_WAIT_SECONDS = 0.0009, 1.0


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
        self._drawing = threading.Condition()
        self._drawn: int | None = None
        self._stepped = 0.0
        super().__init__(**kwargs, grow=False)

    def grow(self, tell: Callable[[float], None] = lambda _: None) -> None:
        """Live the months before the start, once; the last ones are remembered.

        Parameters
        ----------
        tell
            Called with the share that is done, from 0 to 1.  It may wait for a page that waits for
            this model, so that the model is never locked meanwhile.
        """
        first, last = self.month, self.last_month - 12 * self.given["years"]
        quiet = last - REMEMBERED_BEFORE
        for until in [*range(first + REPORTED_EACH, quiet, REPORTED_EACH), quiet]:
            with self._lock:
                self.population.forget_dead = True
                self.population.advance(until)
            tell((until - first) / (last - first))
        with self._lock:
            while self.month <= last:
                self.population.advance(self.month)
                self._remember()
            self.population.forget_dead = False
            self.datacollector = mesa.DataCollector(self.model_reporters, self.agent_reporters)
            self.datacollector.collect(self)
            self.is_grown = True
        tell(1.0)

    def step(self) -> None:
        """Live one month.

        Nothing happens before the population is grown, for which a page may not wait, and after the
        years for which births are planned.
        """
        self._wait_for_page()
        with self._lock:
            if not self.is_grown or self.month > self.last_month:
                self.steps -= 1  # Mesa has counted before it asked
                self.running = self.month <= self.last_month
                return
            super().step()
            self._remember()
        self._stepped = time.monotonic()

    def drawn(self, month: int) -> None:
        """Hear from a page that it shows the population after a month."""
        with self._drawing:
            self._drawn = month
            self._drawing.notify_all()

    def _wait_for_page(self) -> None:
        """Let a page that plays draw what it has stepped before, if it draws at all.

        Solara draws until nothing new has come meanwhile: months that come faster than it draws would
        keep the page from ever being shown.  Steps that follow each other at once are of one picture.
        """
        if self._drawn is None or time.monotonic() - self._stepped < AT_ONCE_SECONDS:
            return
        with self._drawing:
            self._drawing.wait_for(lambda: self._drawn == self.month - 1, MOST_WAIT_SECONDS)

    def _remember(self) -> None:
        month, people = self.month - 1, self.agents
        self._memory.add(month, people)
        adult, rls = people.column("age_years") >= 18, people.column("has_rls")
        self._trend[month] = {
            sex: float(np.mean(rls[adult & (people.column("sex") == sex)])) for sex in SEXES
        }

    def look(self) -> View:
        """The population after the last month lived; it must be grown."""
        with self._lock:
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
