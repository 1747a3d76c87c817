"""A survey: a sample of the living with the country's age-sex structure, asked and measured.

The people grown from founders are a few per cent more than the survey asks for, band by band, because
births and deaths are drawn by chance. The survey takes from each band of sex and five years the number
that the country has, by a lottery that belongs to the persons: who is surveyed does not depend on what
a scenario does to others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsabm import chance
from rlsabm.body.iron import (
    ferritin,
    haemoglobin,
    transferrin_receptor,
    transferrin_saturation,
)
from rlsabm.body.symptoms import irls
from rlsabm.chance import Word, normal
from rlsabm.compilation import compiled
from rlsabm.life.pregnancy import circulating_volume_l
from rlsabm.mathematics import exp
from rlsabm.parameters.cohorts import SURVEY_MONTH_OF_YEAR, population_of
from rlsabm.parameters.countries import BAND_YEARS, LAST_BAND_AGE, Floats
from rlsabm.parameters.setting import Setting
from rlsabm.parameters.tables import Tables
from rlsabm.parameters.values import Values
from rlsabm.person import DIALYSIS, LAST_AGE, MALE, NEVER, NOT_PREGNANT, month_of

#: Columns of the compiled measurement: as it is, and as an assay or a scan finds it.
MEASURES = (
    "serum_ferritin_ug_per_l",
    "stores_ferritin_ug_per_l",
    "haemoglobin_g_per_l",
    "measured_haemoglobin_g_per_l",
    "transferrin_saturation_percent",
    "measured_transferrin_saturation_percent",
    "transferrin_receptor_mg_per_l",
    "measured_transferrin_receptor_mg_per_l",
    "csf_ferritin_ug_per_l",
    "measured_csf_ferritin_ug_per_l",
    "nigral_iron_ratio",
    "measured_nigral_iron_ratio",
    "dopamine_deficit",
    "storage_iron_mg",
    "iron_absorbed_mg_per_day",
    "iron_lost_mg_per_day",
    "irls",
)


def survey_month(year: int) -> int:
    """The month at whose end the survey of a year is taken."""
    return month_of(year) + SURVEY_MONTH_OF_YEAR


DEFINITIONS = ("any", "weekly", "significant")
RECALLS = ("current", "past_year")
_LAST_MONTHS = ("rls_last_month", "weekly_last_month", "significant_last_month")
_MONTHS = (1, 12)


def case_bit(definition: str, recall: str) -> int:
    """The bit for a case of a definition and recall period."""
    return 1 << (RECALLS.index(recall) * len(DEFINITIONS) + DEFINITIONS.index(definition))


def case_bits(bodies: Any, month: int) -> NDArray[np.uint8]:
    """Bits of each body (`case_bit`): by which definitions and recall periods it is a case."""
    bits = np.zeros(bodies.shape, dtype=np.uint8)
    for recall, months in zip(RECALLS, _MONTHS, strict=True):
        for definition, field in zip(DEFINITIONS, _LAST_MONTHS, strict=True):
            case = bodies[field] > month - months
            bits |= (case * case_bit(definition, recall)).astype(np.uint8)
    return bits


@dataclass(frozen=True)
class Survey:
    """The people surveyed and what is known of them, one array item a person."""

    setting: Setting
    year: int
    rows: NDArray[np.int64]
    lives: Any
    bodies: Any
    measured: Floats
    month: int

    def __len__(self) -> int:
        return len(self.rows)

    def __getattr__(self, name: str) -> Any:
        if name in MEASURES:
            return self.measured[:, MEASURES.index(name)]
        if not name.startswith("_") and name in self.lives.dtype.names:
            return self.lives[name]
        raise AttributeError(name)

    @property
    def age(self) -> NDArray[np.int64]:
        """Age in completed years."""
        return (self.month - self.lives["birth_month"].astype(np.int64)) // 12

    @property
    def month_of_pregnancy(self) -> NDArray[np.int64]:
        """Month of pregnancy from 1, for those who are pregnant."""
        return self.month - self.lives["conception_month"].astype(np.int64) + 1

    @property
    def months_since_delivery(self) -> NDArray[np.int64]:
        """Months since the last delivery; very many for those without."""
        return self.month - self.lives["last_birth_month"].astype(np.int64)

    @property
    def months_since_donation(self) -> NDArray[np.int64]:
        """Months since the last blood donation; very many for those without."""
        return self.month - self.lives["last_donation_month"].astype(np.int64)

    @property
    def menstruates(self) -> NDArray[np.bool_]:
        """Between menarche and menopause, not pregnant and past the amenorrhoea after a birth."""
        lives = self.lives
        return np.asarray(
            (lives["menarche_month"] <= self.month)
            & (self.month < lives["menopause_month"])
            & (lives["pregnancy"] == NOT_PREGNANT)
            & (lives["amenorrhoea_until"] <= self.month)
        )

    @property
    def months_on_dialysis(self) -> NDArray[np.int64]:
        """Months since dialysis last began; -1 for those who are not on dialysis."""
        since = self.month - self.lives["dialysis_since"].astype(np.int64)
        return np.where(self.lives["kidney"] == DIALYSIS, since, -1)

    def has_condition(self, name: str) -> NDArray[np.bool_]:
        """Who has a condition of the catalogue."""
        names = [condition.name for condition in self.setting.conditions]
        return np.asarray((self.lives["conditions"] >> names.index(name)) & 1 == 1)

    def has_rls(self, definition: str, recall: str) -> NDArray[np.bool_]:
        """Who has RLS by a definition (any, weekly, significant) and recall period."""
        return case_bits(self.bodies, self.month) & case_bit(definition, recall) != 0


@compiled
def inflammation(
    life: Any, age: int, inflamed: float, tables: Tables, p: Values
) -> tuple[float, float]:
    """Measured ferritin and transferrin saturation to those without inflammation.

    Conditions and dialysis inflame; of other adults, some are inflamed on any day.
    """
    ferritin_factor = 1.0
    saturation_factor = 1.0
    conditions = int(life.conditions)
    for c in range(tables.conditions):
        if conditions & (1 << c):
            ferritin_factor *= tables.condition_ferritin[c]
            saturation_factor *= tables.condition_saturation[c]
    if life.kidney == DIALYSIS:
        ferritin_factor *= p.dialysis_ferritin_factor
    elif ferritin_factor == 1.0 and age >= 18 and inflamed < p.inflammation_share:
        ferritin_factor = p.inflammation_ferritin_factor
        saturation_factor *= p.inflammation_saturation_factor
    return ferritin_factor, saturation_factor


@compiled
def measure(
    lives: Any, bodies: Any, measured: Floats, month: int, key: Word, tables: Tables, p: Values
) -> None:
    """Measure people at the end of a month: a row of ``measured`` each, with ``MEASURES``."""
    for i in range(len(lives)):
        life = lives[i]
        body = bodies[i]
        age = (month - life.birth_month) // 12
        inflamed, csf_noise, _, _ = chance.at(key, life.uid, month, chance.INFLAMMATION)
        assay_1, assay_2, assay_3, assay_4 = chance.at(key, life.uid, month, chance.ASSAY)
        scan, _, _, _ = chance.at(key, life.uid, month, chance.SCAN)
        _, person, _, _ = chance.once(key, life.uid, chance.IRON_HABITS)
        by_ferritin, by_saturation = inflammation(life, age, inflamed, tables, p)

        level = ferritin(body, life, p)
        measured[i, 0] = (
            level
            * exp(p.ferritin_person_log_sd * normal(person))
            * by_ferritin
            * exp(p.ferritin_assay_cv * normal(assay_1))
        )
        measured[i, 1] = level
        level = haemoglobin(body, circulating_volume_l(life, month, tables, p), p)
        measured[i, 2] = level
        measured[i, 3] = level * (1.0 + p.haemoglobin_assay_cv * normal(assay_2))
        level = transferrin_saturation(body, life, p)
        measured[i, 4] = level
        measured[i, 5] = level * by_saturation * exp(p.saturation_assay_cv * normal(assay_3))
        level = transferrin_receptor(body, life, p)
        measured[i, 6] = level
        measured[i, 7] = level * exp(p.receptor_assay_cv * normal(assay_4))
        level = p.csf_ferritin_ug_per_l * body.brain_iron_fast
        measured[i, 8] = level
        measured[i, 9] = level * exp(p.csf_ferritin_log_sd * normal(csf_noise))
        level = body.brain_iron_slow / tables.slow_pool_norm[min(age, LAST_AGE)]
        measured[i, 10] = level
        measured[i, 11] = level * (1.0 + p.nigral_scan_cv * normal(scan))
        measured[i, 12] = body.dopamine_deficit
        measured[i, 13] = body.storage_iron_mg
        measured[i, 14] = body.absorbed_mg_per_day
        measured[i, 15] = body.lost_mg_per_day
        measured[i, 16] = irls(body.liability, p) if body.rls else 0.0


@compiled
def survey_lottery(lives: Any, key: Word) -> tuple[Floats, Floats]:
    """Each person's numbers in the lotteries for the survey and for the line list."""
    place, line_list = np.zeros(len(lives)), np.zeros(len(lives))
    for i in range(len(lives)):
        place[i], line_list[i], _, _ = chance.once(key, lives[i].uid, chance.SURVEY)
    return place, line_list


def quotas(shares: Floats, available: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Persons to take from each band: the country's shares of ``size``, exactly, if they are there.

    Rounding goes to the largest remainders. A band with fewer people gives all it has.
    """
    wanted = shares * size
    whole = np.floor(wanted).astype(np.int64)
    missing = size - int(whole.sum())
    largest = np.argsort(-(wanted - whole).ravel(), kind="stable")[:missing]
    whole.ravel()[largest] += 1
    return np.minimum(whole, available)


def take_survey(setting: Setting, people: Any, bodies: Any, *, year: int, key: Word) -> Survey:
    """Survey people who have lived until the survey month of ``year``.

    Parameters
    ----------
    setting
        What they live in.
    people, bodies
        Records of all their lives and bodies, the dead included.
    year
        Year of the survey.
    key
        Key of the replicate.
    """
    month = survey_month(year)
    living = np.flatnonzero(people["death_month"] == NEVER)
    lives = people[living]
    place, _ = survey_lottery(lives, key)
    bands = LAST_BAND_AGE // BAND_YEARS + 1
    band = np.minimum((month - lives["birth_month"]) // 12, LAST_BAND_AGE) // BAND_YEARS
    cell = np.where(lives["sex"] == MALE, bands, 0) + band
    available = np.bincount(cell, minlength=2 * bands)
    shares = population_of(setting.country, year).reshape(-1)
    size = setting.size
    if year != setting.survey_years[-1]:
        # The structure is grown for the last survey; earlier ones take as many as fit theirs.
        size = int(min(size, np.floor((available / shares).min())))
    take = quotas(shares, available, size)
    order = np.lexsort((place, cell))
    rank = np.arange(len(cell)) - np.concatenate([[0], np.cumsum(available)])[cell[order]]
    chosen = np.sort(order[rank < take[cell[order]]])
    rows = living[chosen]
    lives, bodies = people[rows], bodies[rows]
    measured = np.zeros((len(rows), len(MEASURES)))
    measure(lives, bodies, measured, month, key, setting.tables, setting.values)
    return Survey(setting, year, rows, lives, bodies, measured, month)
