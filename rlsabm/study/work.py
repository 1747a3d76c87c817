"""Work that the units of a study are expected to do."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rlsabm.demography.life_table import survival_by_month
from rlsabm.scenario import ResolvedScenario
from rlsabm.setting import Setting
from rlsabm.study.reliving import work_again
from rlsabm.study.settings import country_of, unit_setting
from rlsabm.study.unit import last_month
from rlsabm.study.units import Unit
from rlsabm.worlds.world import worlds_of


def expected_work(setting: Setting, worlds: int) -> float:
    """Work that a unit is expected to do, by its plan of births and the life table.

    Its people live once while the population grows, and those of the surveys live again in so many
    worlds, if there are any.
    """
    survival = survival_by_month(setting.country.mortality)
    lived = np.cumsum(survival, axis=1)
    months = last_month(setting) - setting.plan.first_month + 1
    ages = np.minimum(np.arange(months)[::-1], lived.shape[1] - 1)
    births = setting.plan.births[:, :months]
    growing = float((births * lived[:, ages]).sum())
    alive = births * survival[:, ages]
    again = float((alive * ages).sum() / alive.sum()) * setting.size if worlds else 0.0
    return growing + again * work_again(worlds)


def expected_work_of_units(study: ResolvedScenario, units: Sequence[Unit]) -> dict[str, float]:
    """Expected work of each unit, by its name."""
    shifts, country = study.scenario.shifts, country_of(study)
    block = max(unit.people for unit in units)
    by_arm = {}
    for name, arm in study.arms.items():
        setting = unit_setting(arm, 0, country=country, people=block)
        worlds = worlds_of(setting, shifts.conditions, postulates=shifts.postulates)
        by_arm[name] = expected_work(setting, len(worlds))
    return {unit.name: by_arm[unit.arm] * unit.people / block for unit in units}
