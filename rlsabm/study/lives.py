"""Lives of the people of a study, month by month, beside the same lives without what they bore.

The people of a unit are grown again when one of them is first asked for, which takes as long as it took
the study; the last units are kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from rlsabm import __version__
from rlsabm.conventions import in_words
from rlsabm.declaring.bounds import names, plain, refusal, whole_number
from rlsabm.errors import UserError, nearest
from rlsabm.measuring.cases import DEFINITIONS
from rlsabm.observe.groups import groups_of, labels_of
from rlsabm.results.files import MANIFEST
from rlsabm.results.manifests import manifest_of
from rlsabm.results.sources import unknown
from rlsabm.scenario import REFERENCE, ResolvedScenario
from rlsabm.setting import LARGEST_SIZE, Setting
from rlsabm.study.examples import examples
from rlsabm.study.life_table import life_table, person_of
from rlsabm.study.machine import is_by_this_version, processors
from rlsabm.study.month_by_month import ByMonth, relive_by_month
from rlsabm.study.settings import country_of, read_scenario
from rlsabm.study.surveyed import Surveyed, survey_again
from rlsabm.study.units import Unit, draws_of, units_of
from rlsabm.wording import in_a_row
from rlsabm.worlds.living_again import all_worlds
from rlsabm.worlds.world import FACTUAL, World, causes_with_rules, worlds_of

#: Units whose people are kept: going back and forth between two costs nothing.
MOST_KEPT = 2
#: Lives that can be looked for at a time.
MOST_LIVES = 1_000
#: People of the smallest population that is grown in place of a study's.
LEAST_SIZE = 100
UID_DIGITS = 16
EXPECTED_UID = f"{UID_DIGITS} hexadecimal digits as in the table persons, or a whole number"


class LivesOfStudy:
    """Lives of the people surveyed in a study.

    Parameters
    ----------
    study
        The resolved scenario, or the folder of a study, which is read when a life is asked for.
    """

    def __init__(self, study: ResolvedScenario | Path) -> None:
        self._source = study
        self._kept: dict[str, Surveyed] = {}

    @cached_property
    def _study(self) -> ResolvedScenario:
        """The scenario.

        Raises
        ------
        UserError
            If another version of the package ran the study: its people may have lived otherwise.
        """
        if isinstance(self._source, ResolvedScenario):
            return self._source
        manifest = manifest_of(self._source)
        if not is_by_this_version(manifest):
            version = manifest["software"]["rlsabm"]
            which = f" ({version}, this is {__version__})" if version != __version__ else ""
            raise UserError(
                f"{self._source}: another version of rlsabm ran this study{which}, in which people "
                "may have lived otherwise; run the scenario again to look at lives"
            )
        return read_scenario(self._source / MANIFEST, [])

    def life(
        self,
        uid: str | int,
        *,
        without: str | Sequence[str] | None = None,
        world: str | None = None,
        arm: str = REFERENCE,
        draw: int | None = None,
        replicate: int = 0,
        size: int | None = None,
    ) -> pd.DataFrame:
        """A life month by month: as `rlsabm.results.study_results.Study.life` says."""
        number = _number_of(uid)
        units = self._units(arm, draw, replicate, size)
        if without is not None and world is not None:
            raise UserError("life: without and world are both given (expected one of the two)")
        for unit in units:
            surveyed = self._surveyed(unit)
            place = surveyed.place_of(number)
            if place is not None:
                return self._life(surveyed, place, unit, without, world)
        raise UserError(
            f"uid: nobody {number:016x} was surveyed in {_run_in_words(units[0])}"
            f"{f' with size={size}' if size is not None else ''} (the uids of the table persons, and "
            "those of study.lives() for the same run, are there)"
        )

    def _life(
        self,
        surveyed: Surveyed,
        place: int,
        unit: Unit,
        wanted: str | Sequence[str] | None,
        named: str | None,
    ) -> pd.DataFrame:
        setting, person = surveyed.setting, slice(place, place + 1)

        def live(worlds: Sequence[World]) -> ByMonth:
            lives, given = surveyed.lives[person], surveyed.given_mg[person]
            return relive_by_month(lives, given, surveyed.last_month, worlds, surveyed.p)

        notes: list[str] = []
        beside: list[World] = []
        causes: list[str] = []
        if named is not None:
            beside = [_world_called(setting, named)]
        else:
            if wanted is None:
                single = _worlds_without(setting, self._causes(unit, setting))
                causes = [world.cause for world in live(single).in_which_the_body_differs()]
                if not causes:
                    notes.append("no condition that the model can leave out touched this body")
            else:
                causes = _checked_causes(setting, wanted)
            if causes:
                beside = [world_without(setting, causes)]
        life = live(beside)
        table = life_table(
            life,
            {FACTUAL: 0, **{world.name: 1 + at for at, world in enumerate(beside)}},
            setting,
            surveyed.p,
        )
        who = person_of(life)
        labels = labels_of(groups_of(setting.conditions))
        said = {FACTUAL: "as it was", **{world.name: world.name for world in beside}}
        if causes:
            said[beside[0].name] = f"without {in_a_row([labels[cause] for cause in causes])}"
        table.attrs |= {
            "title": f"Life of a {'woman' if who['sex'] == 'female' else 'man'} born in "
            f"{who['born'][:4]}, month by month",
            "selection": {
                "uid": who["uid"], "arm": unit.arm, "draw": unit.draw, "replicate": unit.replicate,
                "size": unit.people, "world": [FACTUAL, *(world.name for world in beside)],
            },
            "person": who,
            "labels": said,
            "notes": notes,
        }  # fmt: skip
        return table

    def lives(
        self,
        *,
        count: int = 6,
        seed: int = 0,
        definition: str = "any",
        arm: str = REFERENCE,
        draw: int | None = None,
        replicate: int = 0,
        size: int | None = None,
    ) -> pd.DataFrame:
        """People whose lives are worth a look: as `rlsabm.results.study_results.Study.lives` says."""
        count = whole_number("lives: count", count, 1, MOST_LIVES)
        seed = whole_number("lives: seed", seed, 0, 2**63 - 1)
        if definition not in DEFINITIONS:
            raise UserError(f"definition: {unknown('definition', str(definition), DEFINITIONS)}")
        unit = self._units(arm, draw, replicate, size)[0]
        surveyed = self._surveyed(unit)
        table = examples(
            surveyed,
            self._causes(unit, surveyed.setting),
            count=count,
            seed=seed,
            definition=definition,
        )
        table.attrs["selection"] = {
            "arm": unit.arm, "draw": unit.draw, "replicate": unit.replicate,
            "definition": definition, "seed": seed, "size": unit.people,
        }  # fmt: skip
        return table

    def _units(self, arm: str, draw: int | None, replicate: int, size: int | None) -> list[Unit]:
        """The blocks of a run, or one block of another size in their place."""
        study = self._study
        if arm not in study.arms:
            raise UserError(f"arm: {unknown('arm', str(arm), list(study.arms))}")
        if study.scenario.policy is not None and arm != REFERENCE:
            raise UserError(
                f"arm: people cannot live again in {arm}, which parts from the reference in their "
                "lifetime (expected the reference)"
            )
        draws, replicates = draws_of(study), study.scenario.runs.replicates
        draw = draws[0] if draw is None else whole_number("draw", draw, draws[0], draws[-1])
        replicate = whole_number("replicate", replicate, 0, replicates - 1)
        units = [unit for unit in units_of(study) if unit.run == (draw, replicate, arm)]
        if size is None:
            return units
        people = whole_number("size", size, LEAST_SIZE, LARGEST_SIZE)
        return [replace(units[0], people=people, name=f"{units[0].name}-of-{people}")]

    def _surveyed(self, unit: Unit) -> Surveyed:
        """The people of a unit."""
        if unit.name not in self._kept:
            country = country_of(self._study)
            people = survey_again(
                unit, self._study.arms[unit.arm], country=country, threads=processors()
            )
            while len(self._kept) >= MOST_KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[unit.name] = people
        return self._kept[unit.name]

    def _causes(self, unit: Unit, setting: Setting) -> list[str]:
        """Conditions that the study traces shifts to; all that can be left out if it names none."""
        return list(self._study.arms[unit.arm].shifts.conditions) or _known_causes(setting)


def _number_of(uid: object) -> int:
    """A uid as a number."""
    given = plain(uid)
    if isinstance(given, str):
        try:
            if len(given) == UID_DIGITS and given.isalnum():
                return int(given, 16)
        except ValueError:
            pass
        raise refusal("uid", uid, EXPECTED_UID)
    if isinstance(given, int) and not isinstance(given, bool) and 0 <= given < 2**64:
        return given
    raise refusal("uid", uid, EXPECTED_UID)


def _run_in_words(unit: Unit) -> str:
    return f"arm {unit.arm!r}, draw {unit.draw}, replicate {unit.replicate}"


def _known_causes(setting: Setting) -> list[str]:
    return [*causes_with_rules(), *(condition.name for condition in setting.conditions)]


def _checked_causes(setting: Setting, wanted: str | Sequence[str]) -> list[str]:
    known = _known_causes(setting)
    causes = list(dict.fromkeys(names("without", wanted, "names of conditions")))
    for name in causes:
        if name not in known:
            raise UserError(f"without: {unknown('condition', name, known)}")
    return causes


def _worlds_without(setting: Setting, causes: Sequence[str]) -> list[World]:
    """A world without each of some conditions that do anything to a body."""
    worlds = worlds_of(setting, causes, postulates=False)
    return [world for world in worlds if not world.iron_only and (world.parts or world.conditions)]


def world_without(setting: Setting, causes: Sequence[str]) -> World:
    """The world without the burden of several conditions at once."""
    worlds = [each for each in worlds_of(setting, causes, postulates=False) if not each.iron_only]
    if len(worlds) == 1:
        return worlds[0]
    parts = conditions = 0
    for world in worlds:
        parts |= world.parts
        conditions |= world.conditions
    name = f"without {in_a_row([in_words(cause) for cause in causes])}"
    return World(name, parts=parts, conditions=conditions)


def _world_called(setting: Setting, name: str) -> World:
    worlds: Mapping[str, Any] = {world.name: world for world in all_worlds(setting)}
    if name not in worlds:
        near = nearest(str(name), worlds, likeness=0.5)
        hint = f"did you mean {near!r}?" if near else f"known: {', '.join(worlds)}"
        raise UserError(f"world: no world is called {name!r}; {hint}")
    return worlds[name]
