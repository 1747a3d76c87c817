"""What a unit observed at one survey and in the year after it: what tables are counted from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from rlsabm.arrays import Bools, Ints
from rlsabm.declaring.groups import Group
from rlsabm.declaring.inputs import Inputs
from rlsabm.measuring.instruments import instruments_of
from rlsabm.observe.groups import groups_of
from rlsabm.observe.survey import Survey, survey_lottery
from rlsabm.policies.tally import Tally
from rlsabm.results.cases import Bits, Cases, find_cases
from rlsabm.results.cells import Cells, strata_codes
from rlsabm.results.contents import Contents, rows_in
from rlsabm.results.question import Question
from rlsabm.results.totals import Margin, margins
from rlsabm.trials.conducting import Conducted, conduct
from rlsabm.worlds.world import FACTUAL, World

FOLLOW_UP_MONTHS = 12


@dataclass(frozen=True)
class FollowUp:
    """The year after a survey, of the people surveyed.

    Attributes
    ----------
    events
        Records of what happened to them.
    lives_of_the_dead, bodies_of_the_dead
        Records of those who died, as they were in the month of their death.
    """

    events: Any
    lives_of_the_dead: Any
    bodies_of_the_dead: Any


def follow_up_of(survey: Survey, events: Any, lives: Any, bodies: Any) -> FollowUp:
    """What of a population's year after a survey concerns the people surveyed.

    Parameters
    ----------
    survey
        The people.
    events
        Events of the whole population.
    lives, bodies
        Records of the population at the end of the year; the dead are soon forgotten.
    """
    died_in = lives["death_month"]
    in_time = (died_in > survey.month) & (died_in <= survey.month + FOLLOW_UP_MONTHS)
    dead = np.flatnonzero(in_time & np.isin(lives["uid"], survey.lives["uid"]))
    followed = events[np.isin(events["uid"], survey.lives["uid"])]
    return FollowUp(followed, lives[dead], bodies[dead])


@dataclass(frozen=True)
class Observed:
    """What a unit observed.

    Attributes
    ----------
    question
        What it was asked.
    arm, draw, replicate
        Of the unit.
    survey
        The people surveyed.
    follow_up
        The year after the survey, if it was lived.
    worlds
        Worlds in which the people surveyed have lived again.
    bits_in_worlds
        Their case bits by person and world, the factual world first; None without other worlds.
    listed_bodies
        Bodies by person of the line list and world, in the same order; None without other worlds.
    tally
        What was counted since arms parted, if they are policies.
    """

    question: Question
    arm: str
    draw: int
    replicate: int
    survey: Survey
    follow_up: FollowUp | None = None
    worlds: Sequence[World] = ()
    bits_in_worlds: Bits | None = None
    listed_bodies: Any = None
    tally: Tally | None = None

    def identified(self, contents: Contents) -> Contents:
        """Contents led by the unit and the survey; the world is the factual one unless they say."""
        rows = rows_in(contents)
        return {
            "arm": np.full(rows, self.arm, dtype=object),
            "world": np.full(rows, FACTUAL, dtype=object),
            "draw": np.full(rows, self.draw),
            "replicate": np.full(rows, self.replicate),
            "year": np.full(rows, self.survey.year),
            **contents,
        }

    @cached_property
    def cases(self) -> Cases:
        """Who has RLS in which world, truly and by each instrument."""
        instruments = instruments_of(self.question.observe.instruments)
        return find_cases(self.survey, self.worlds, self.bits_in_worlds, instruments)

    @cached_property
    def groups(self) -> list[Group]:
        """Groups in which people are counted, everyone first."""
        setting = self.survey.setting
        return groups_of(setting.conditions, setting.care.treatments)

    @cached_property
    def members(self) -> dict[str, Bools]:
        """Who belongs to each group."""
        return {group.name: group.members(self.survey) for group in self.groups}

    @cached_property
    def cells(self) -> Cells:
        """The people surveyed by all strata of the study."""
        codes = strata_codes(self.survey, self.question.age_limits)
        return Cells({name: codes[name] for name in self.question.strata}, len(self.survey))

    def margins(self, strata: Sequence[str] | None = None) -> list[Margin]:
        """The people surveyed in the margins of a table with total rows.

        Parameters
        ----------
        strata
            Strata that the table has where the study does; all by default.
        """
        words = {
            name: words
            for name, words in self.question.words_of_strata.items()
            if strata is None or name in strata
        }
        limits = self.question.age_limits
        return [Margin(names, self.survey, limits, words) for names in margins(list(words))]

    @cached_property
    def trial(self) -> Conducted | None:
        """The trial, conducted with the people of the last survey; None in others, or without one."""
        trial = self.question.trial
        if trial is None or self.survey.year != self.survey.setting.survey_years[-1]:
            return None
        return conduct(trial.in_draw(self.draw), self.survey)

    @cached_property
    def listed(self) -> Ints:
        """Rows of the survey that are in the line list."""
        share = self.question.observe.persons
        return np.flatnonzero(chosen_for_line_list(self.survey.lives, share, self.survey.p))


def chosen_for_line_list(lives: Any, share: float, p: Inputs) -> Bools:
    """Who of these people is in the line list: a lottery of theirs, the same in all arms."""
    _, lot = survey_lottery(lives, p)
    return np.asarray(lot < share)
