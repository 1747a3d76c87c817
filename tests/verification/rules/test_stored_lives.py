"""The last net: a few lives, and what is measured at their end, against stored values.

These values say nothing of what is right.  They notice a rule that has changed and that no test of its
meaning has noticed.  When a change of the model is meant, renew them, and look at what changed:

    RLSABM_RENEW_STORED=1 pytest tests/verification/rules/test_stored_lives.py
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from rule_tools import NOW, bear_children, deliveries, inputs, plain

from rlsabm.burden import neutral_burdens
from rlsabm.conventions import FEMALE, MALE
from rlsabm.exposures.catalogue.condition import Condition
from rlsabm.life.birth import (
    NO_MEN,
    begin_again,
    found,
    with_new_men,
)
from rlsabm.life.month import live_block
from rlsabm.measuring.assays import MEASUREMENT, measure_person
from rlsabm.person import BODY, LIFE, newborn_records
from rlsabm.scratch import new_scratch
from rlsabm.worlds.living_again import live_life_again
from rlsabm.worlds.world import BURDENS_WITH_WORLDS, world_records, worlds_of

STORED = Path(__file__).with_name("stored_lives.json")
YEARS, WOMEN, MEN = 42, 7, 4
CONDITIONS = (
    Condition(name="a", label="a", definition="a", source="a test", onset_per_1000=[20.0],
              duration_years=4, iron_loss_mg_per_day=0.3, blood_loss_ml_at_onset=300,
              mortality_ratio=2.0, ferritin_factor=1.3),
    Condition(name="b", label="b", definition="b", source="a test", ages=[0, 40],
              prevalence=[0.0, 0.4], absorption_factor=0.7, haemoglobin_factor=0.95,
              dopamine_load=0.3, blood_loss_ml_per_day=0.5, saturation_factor=0.8),
)  # fmt: skip


def lived() -> dict[str, Any]:
    """Lives of founders and their children, with much donation and kidney failure."""
    p = inputs(
        CONDITIONS, donor_start_per_year_young=0.3, donor_start_per_year_adult=0.1,
        donor_visits_per_year=4, donor_supplement_uptake=0.5, kidney_incidence_factor=10,
        ckd_3_years=2, ckd_4_years=2, ferritin_deferral_below_ug_per_l=15,
    )  # fmt: skip
    p.conception[:, 8:25, :] = 0.015
    p.kidney_onset[:, 15:] = 0.002
    lives, bodies = newborn_records(LIFE, 60), newborn_records(BODY, 60)
    born = NOW - 12 * YEARS + np.arange(WOMEN + MEN)
    founders = WOMEN + MEN
    plain(found)(lives[:founders], bodies[:founders], born,
                 np.array([FEMALE] * WOMEN + [MALE] * MEN), 0, 0, p)  # fmt: skip
    men = with_new_men(NO_MEN, lives[:founders], 0)
    rows = founders
    scratch = new_scratch()
    for month in range(NOW - 12 * YEARS, NOW, 12):
        plain(live_block)(lives, bodies, 0, rows, month, month + 11, scratch, p)
        mothers, babies = deliveries(lives[:rows], month, month + 11)
        with np.errstate(over="ignore"):
            bear_children(
                lives[:rows], bodies[:rows], men, mothers, lives[rows : rows + babies],
                bodies[rows : rows + babies], newborn_records(LIFE, 1), p,
            )  # fmt: skip
        first, rows = rows, rows + babies
        plain(live_block)(lives, bodies, first, rows, month, month + 11, scratch, p)
    measured = np.zeros(rows, dtype=MEASUREMENT)
    for row in range(rows):
        plain(measure_person)(measured[row], lives[row], bodies[row], NOW - 1, p)
    return {
        "lives": _columns(lives[:rows]), "bodies": _columns(bodies[:rows]),
        "measured": _columns(measured), "worlds": _columns(_in_worlds(lives[:4], bodies, p)),
    }  # fmt: skip


def _in_worlds(lives: Any, bodies: Any, p: Any) -> Any:
    """Bodies of some of them after 30 years in other worlds."""
    setting: Any = SimpleNamespace(conditions=CONDITIONS, inputs=p)
    worlds = worlds_of(setting, ["a", "b", "pregnancy", "blood_donation"], postulates=True)
    states = np.zeros((len(lives), 1, len(worlds) + 1), dtype=BODY)
    for i in range(len(lives)):
        life, again = newborn_records(LIFE, 1), newborn_records(BODY, len(worlds) + 1)
        plain(begin_again)(life[0], again[0], lives[i], float(bodies["endowment_mg"][i]), p)
        plain(live_life_again)(
            life[0], again, np.zeros(len(worlds), bool), neutral_burdens(BURDENS_WITH_WORLDS),
            np.array([NOW - 12 * 12]), states[i], world_records(worlds), p,
        )  # fmt: skip
    return states.reshape(-1)


def _columns(records: Any) -> dict[str, list[float]]:
    """Seven digits of every column."""
    return {
        name: [float(f"{value:.7g}") for value in np.asarray(records[name], float)]
        for name in records.dtype.names
        if name not in ("uid", "mother", "father", "partner")
    }


def _text(found: dict[str, dict[str, list[float]]]) -> str:
    """A column a line, so that a difference can be read."""
    parts = [
        f'"{name}": {{\n'
        + ",\n".join(f'"{c}": {json.dumps(v)}' for c, v in columns.items())
        + "\n}"
        for name, columns in found.items()
    ]
    return "{\n" + ",\n".join(parts) + "\n}\n"


def test_lives_are_as_stored() -> None:
    found = lived()
    if os.environ.get("RLSABM_RENEW_STORED"):
        STORED.write_text(_text(found), encoding="utf-8")
    stored = json.loads(STORED.read_text(encoding="utf-8"))
    assert found.keys() == stored.keys()
    for name, columns in stored.items():
        for column, values in columns.items():
            assert found[name][column] == pytest.approx(values, rel=2e-5, abs=2e-5), (name, column)


def test_the_lives_have_seen_everything() -> None:
    """Otherwise the net has holes."""
    lives = json.loads(STORED.read_text(encoding="utf-8"))["lives"]
    assert sum(lives["parity"]) > 8
    assert sum(lives["donations"]) > 20
    assert {0.0, 5.0, 6.0} <= set(lives["kidney"])
    assert any(month < NOW for month in lives["death_month"])
    assert len(set(lives["conditions"])) >= 3
