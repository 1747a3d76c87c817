"""A life month by month as a data frame: a row a month and world."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from rlsabm.arrays import Records
from rlsabm.conventions import SEXES
from rlsabm.declaring.inputs import Inputs
from rlsabm.exposures.donation import DONATED
from rlsabm.exposures.kidney import DIALYSIS, KIDNEY_STAGES
from rlsabm.exposures.pregnancy import DELIVERED, NOT_PREGNANT
from rlsabm.measuring.assays import measure
from rlsabm.setting import Setting
from rlsabm.study.month_by_month import ByMonth
from rlsabm.worlds.world import World


class LifeColumn(NamedTuple):
    """A column: its name, unit and meaning."""

    name: str
    unit: str
    meaning: str


#: Columns of a life, in their order.
COLUMNS = (
    LifeColumn("world", "", "factual, or the world that the same life is lived in beside it"),
    LifeColumn("month", "", "first day of the month; the row is about its end"),
    LifeColumn("age", "years", "age"),
    LifeColumn("storage_iron_mg", "mg", "iron in stores"),
    LifeColumn(
        "stores_ferritin_ug_per_l", "µg/L", "ferritin of the stores, without inflammation and noise"
    ),
    LifeColumn("haemoglobin_g_per_l", "g/L", "haemoglobin, without noise"),
    LifeColumn("cns_iron_exchangeable", "ratio", "exchangeable CNS iron, typical adult = 1"),
    LifeColumn("cns_iron_structural", "ratio", "structural CNS iron, typical old adult = 1"),
    LifeColumn("csf_ferritin_ug_per_l", "µg/L", "ferritin in cerebrospinal fluid, without noise"),
    LifeColumn("dopamine_deficit", "liability", "loss of dopaminergic function"),
    LifeColumn("liability", "liability", "liability to RLS; 0 means even odds"),
    LifeColumn("rls", "", "has RLS"),
    LifeColumn("rls_weekly", "", "has RLS at least weekly"),
    LifeColumn("rls_significant", "", "has clinically significant RLS"),
    LifeColumn("month_of_pregnancy", "months", "month of pregnancy, from 1; 0 if not pregnant"),
    LifeColumn("delivery", "", "delivers in this month"),
    LifeColumn("donation", "", "gives blood in this month"),
    LifeColumn("kidney", "", "stage of progressive kidney disease"),
    LifeColumn("on_dialysis", "", "is on dialysis"),
    LifeColumn(
        "conditions", "", "conditions of the catalogue that are there, in words, divided by ; "
    ),
)
_MEASURED = (
    "storage_iron_mg", "stores_ferritin_ug_per_l", "haemoglobin_g_per_l", "csf_ferritin_ug_per_l",
)  # fmt: skip
#: Of these, those that are not known in a world in which stores are taken to be full.
_OF_STORES = _MEASURED[:3]
_OF_BODY = (
    "cns_iron_exchangeable", "cns_iron_structural", "dopamine_deficit", "liability",
)  # fmt: skip
_CASES = {
    "rls": "rls_last_month",
    "rls_weekly": "weekly_last_month",
    "rls_significant": "significant_last_month",
}


def life_table(
    life: ByMonth, worlds: Mapping[str, int], setting: Setting, p: Inputs
) -> pd.DataFrame:
    """A life in some worlds as a data frame.

    Parameters
    ----------
    life
        The life.
    worlds
        Names of the worlds wanted, and their places among its bodies (0 is the factual one).
    setting, p
        What the person lived in, and the inputs of the run.

    Returns
    -------
    pandas.DataFrame
        ``COLUMNS``, world by world and month by month.
    """
    happened = _happened(life, setting)
    frames = [
        pd.DataFrame({"world": name, **happened, **_body(life, place, p)})
        for name, place in worlds.items()
    ]
    table = pd.concat(frames, ignore_index=True)[[column.name for column in COLUMNS]]
    table["world"] = pd.Categorical(table["world"], categories=list(worlds))
    table["kidney"] = pd.Categorical(
        table["kidney"], categories=[stage for stage in KIDNEY_STAGES if stage]
    )
    table.attrs["units"] = {column.name: column.unit for column in COLUMNS if column.unit}
    table.attrs["meanings"] = {column.name: column.meaning for column in COLUMNS}
    return table


def _happened(life: ByMonth, setting: Setting) -> dict[str, Any]:
    """What happened in a life, alike in all worlds."""
    lives, months = life.lives, life.months
    pregnant = lives["pregnancy"] != NOT_PREGNANT
    since = months - lives["conception_month"].astype(np.int64) + 1
    return {
        "month": np.array(months - 12 * 1970, dtype="datetime64[M]").astype("datetime64[s]"),
        "age": (months - lives["birth_month"]) / 12.0,
        "month_of_pregnancy": np.where(pregnant, since, 0),
        "delivery": _months_with(life, DELIVERED),
        "donation": _months_with(life, DONATED),
        "kidney": np.array(KIDNEY_STAGES, dtype=object)[lives["kidney"]],
        "on_dialysis": lives["kidney"] == DIALYSIS,
        "conditions": _conditions(lives, setting),
    }


def _months_with(life: ByMonth, event: int) -> Any:
    return np.isin(life.months, life.events["month"][life.events["event"] == event])


def _conditions(lives: Records, setting: Setting) -> list[str]:
    bits, which = np.unique(lives["conditions"], return_inverse=True)
    words = [
        "; ".join(
            condition.in_words
            for place, condition in enumerate(setting.conditions)
            if int(there) >> place & 1
        )
        for there in bits
    ]
    return [words[place] for place in which]


def _body(life: ByMonth, place: int, p: Inputs) -> dict[str, Any]:
    """What the body of a world was like at the end of each month."""
    bodies = np.ascontiguousarray(life.bodies[:, place])
    world: World | None = life.worlds[place - 1] if place else None
    lives = life.lives if world is None else world.as_measured(life.lives)
    measured = measure(lives, bodies, life.months, p)
    found: dict[str, Any] = {name: measured[name] for name in _MEASURED}
    if world is not None and not world.follows_stores:
        found |= {name: np.full(len(bodies), np.nan) for name in _OF_STORES}
    found |= {name: bodies[name].astype(np.float64) for name in _OF_BODY}
    return found | {name: bodies[field] == life.months for name, field in _CASES.items()}


def person_of(life: ByMonth) -> dict[str, Any]:
    """Who lived a life, in words."""
    first, last = life.lives[0], life.lives[-1]
    return {
        "uid": f"{int(first['uid']):016x}",
        "sex": SEXES[int(first["sex"])],
        "born": f"{int(first['birth_month']) // 12}-{int(first['birth_month']) % 12 + 1:02d}",
        "age": round(float(life.months[-1] - first["birth_month"]) / 12.0, 2),
        "deliveries": int(last["parity"]),
        "donations": int(last["donations"]),
        "died": life.died,
    }
