"""Laboratory values and scans of people, as they are and as an assay finds them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from rlsabm import chance
from rlsabm.arrays import Ints, Records
from rlsabm.body.iron import (
    ferritin,
    haemoglobin,
    transferrin_receptor,
    transferrin_saturation,
)
from rlsabm.body.symptoms import irls
from rlsabm.chance import normal
from rlsabm.compilation import compiled
from rlsabm.conventions import LAST_AGE
from rlsabm.declaring.inputs import Inputs
from rlsabm.declaring.parameter import Parameter as P
from rlsabm.declaring.room import Room
from rlsabm.declaring.sources import FERRITIN_SPREAD_OF_MEN
from rlsabm.exposures.kidney import DIALYSIS
from rlsabm.exposures.menses import IRON_HABITS
from rlsabm.exposures.pregnancy import circulating_volume_l
from rlsabm.mathematics import exp

INFLAMMATION = chance.register(
    "inflammation", 17, "at", "inflammation, noise of CSF ferritin, -, -"
)
ASSAY = chance.register(
    "assay", 22, "at", "ferritin, haemoglobin, transferrin saturation, receptor"
)
SCAN = chance.register("scan", 23, "at", "nigral contrast at a scan, at autopsy, -, -")


class Measure(NamedTuple):
    """What is measured, with its unit and meaning; whether it follows from stores and red cells."""

    name: str
    unit: str
    meaning: str
    of_stores: bool = False


MEASURES = (
    Measure("serum_ferritin_ug_per_l", "µg/L", "serum ferritin as measured", True),
    Measure(
        "stores_ferritin_ug_per_l", "µg/L", "ferritin of the stores, without inflammation and noise",
        True,
    ),
    Measure("haemoglobin_g_per_l", "g/L", "haemoglobin", True),
    Measure("measured_haemoglobin_g_per_l", "g/L", "haemoglobin as measured", True),
    Measure(
        "transferrin_saturation_percent", "%", "transferrin saturation without inflammation", True
    ),
    Measure(
        "measured_transferrin_saturation_percent", "%", "transferrin saturation as measured", True
    ),
    Measure("transferrin_receptor_mg_per_l", "mg/L", "soluble transferrin receptor", True),
    Measure(
        "measured_transferrin_receptor_mg_per_l", "mg/L",
        "soluble transferrin receptor as measured", True,
    ),
    Measure("csf_ferritin_ug_per_l", "µg/L", "ferritin in cerebrospinal fluid"),
    Measure(
        "measured_csf_ferritin_ug_per_l", "µg/L", "ferritin in cerebrospinal fluid as measured"
    ),
    Measure("nigral_iron_ratio", "ratio", "nigral iron relative to people of the same age"),
    Measure(
        "measured_nigral_iron_ratio", "ratio",
        "nigral iron relative to people of the same age, as a scan measures it",
    ),
    Measure("dopamine_deficit", "liability", "loss of dopaminergic function"),
    Measure("storage_iron_mg", "mg", "iron in stores", True),
    Measure("iron_absorbed_mg_per_day", "mg/day", "iron absorbed this month", True),
    Measure("iron_lost_mg_per_day", "mg/day", "iron lost this month, by any way", True),
    Measure("irls", "points", "IRLS score, 0 without RLS"),
)  # fmt: skip
MEASUREMENT = np.dtype((np.record, [(measure.name, "f8") for measure in MEASURES]))

_PARAMETERS = (
    P("ferritin_person_log_sd", 0.15, "1", "normal", 0.05, 0.0, 0.8,
      "Spread between people up to 20 years of serum ferritin at the same stores.",
      "no fixed ratio (Scand J Haematol 1977;19:327); set to "
      f"{FERRITIN_SPREAD_OF_MEN}"),
    P("ferritin_log_sd_per_decade", 0.105, "1/decade", "normal", 0.02, 0.0, 0.2,
      "Growth of that spread with age: overweight, liver disease, alcohol and lasting inflammation "
      "change ferritin more in older people.",
      f"set to {FERRITIN_SPREAD_OF_MEN}"),
    P("ferritin_assay_cv", 0.05, "1", "fixed", 0, 0.0, 0.5,
      "Assay noise of serum ferritin, as a share.", "common immunoassays, 4-6 %, assumed"),
    P("haemoglobin_assay_cv", 0.02, "1", "fixed", 0, 0.0, 0.1,
      "Assay and posture noise of haemoglobin, as a share.", "common analysers, assumed"),
    P("saturation_assay_cv", 0.25, "1", "fixed", 0, 0.0, 1.0,
      "Noise of transferrin saturation within a day and between days, as a share.",
      "common estimate, 25-30 %, assumed"),
    P("receptor_assay_cv", 0.08, "1", "fixed", 0, 0.0, 0.5,
      "Assay noise of the soluble transferrin receptor, as a share.", "assumed"),
    P("inflammation_share", 0.25, "1", "normal", 0.03, 0.0, 1.0,
      "Adults with C-reactive protein above 5 mg/L at a survey.", "NHANES, 25-30 %"),
    P("inflammation_ferritin_factor", 1.5, "1", "normal", 0.1, 1.0, 3.0,
      "Ratio of serum ferritin with inflammation to serum ferritin without.",
      "Thurnham 2010 doi 10.3945/ajcn.2010.29284"),
    P("inflammation_saturation_factor", 0.75, "1", "normal", 0.05, 0.1, 1.0,
      "Ratio of transferrin saturation with inflammation to transferrin saturation without.",
      "assumed"),
    P("csf_ferritin_ug_per_l", 3.5, "µg/L", "normal", 0.4, 1.0, 8.0,
      "Ferritin in cerebrospinal fluid at typical CNS iron.",
      "Earley 2000 Neurology 54:1698 (controls 3.50)"),
    P("csf_ferritin_log_sd", 0.25, "1", "fixed", 0, 0.0, 1.0,
      "Assay and day-to-day noise of ferritin in cerebrospinal fluid.", "assumed"),
    P("nigral_scan_cv", 0.15, "1", "fixed", 0, 0.0, 0.5,
      "Noise of nigral iron in one scan, as a share of the mean.",
      "assumed: scan-rescan and field strength, against differences of a few per cent"),
)  # fmt: skip

ASSAYS = Room(
    title="assays and scans",
    parameters=_PARAMETERS,
)


@compiled
def inflammation(life: Any, age: int, inflamed: float, p: Inputs) -> tuple[float, float]:
    """Measured ferritin and transferrin saturation, relative to those without inflammation.

    Conditions and dialysis inflame; of other adults, some are inflamed on any day.
    """
    ferritin_factor = 1.0
    saturation_factor = 1.0
    conditions = int(life.conditions)
    for c in range(p.condition_count):
        if conditions & (1 << c):
            ferritin_factor *= p.condition_ferritin[c]
            saturation_factor *= p.condition_saturation[c]
    if life.kidney == DIALYSIS:
        ferritin_factor *= p.dialysis_ferritin_factor
    elif ferritin_factor == 1.0 and age >= 18 and inflamed < p.inflammation_share:
        ferritin_factor = p.inflammation_ferritin_factor
        saturation_factor *= p.inflammation_saturation_factor
    return ferritin_factor, saturation_factor


@compiled
def ferritin_log_sd(age: int, p: Inputs) -> float:
    """Spread between people of this age of serum ferritin at the same stores."""
    return p.ferritin_person_log_sd + p.ferritin_log_sd_per_decade * max(age - 20, 0) / 10.0


class Laboratory(NamedTuple):
    """What a laboratory finds in a blood sample.

    Attributes
    ----------
    ferritin
        Serum ferritin (µg/L).
    haemoglobin
        Haemoglobin (g/L).
    saturation
        Transferrin saturation (%).
    """

    ferritin: float
    haemoglobin: float
    saturation: float


@compiled
def diluted_haemoglobin(life: Any, body: Any, month: int, p: Inputs) -> float:
    """Haemoglobin (g/L) in the blood volume of a month, which pregnancy raises."""
    return haemoglobin(body, circulating_volume_l(life, month, p), p)


@compiled
def laboratory(life: Any, body: Any, month: int, p: Inputs) -> Laboratory:
    """Laboratory values of a person in a month, with inflammation and the noise of the assays."""
    age = (month - life.birth_month) // 12
    inflamed, _, _, _ = chance.at(p.key, life.uid, month, INFLAMMATION)
    assay_1, assay_2, assay_3, _ = chance.at(p.key, life.uid, month, ASSAY)
    _, person, _, _ = chance.once(p.key, life.uid, IRON_HABITS)
    by_ferritin, by_saturation = inflammation(life, age, inflamed, p)
    serum_ferritin = (
        ferritin(body, life, p)
        * exp(ferritin_log_sd(age, p) * normal(person))
        * by_ferritin
        * exp(p.ferritin_assay_cv * normal(assay_1))
    )
    measured_haemoglobin = diluted_haemoglobin(life, body, month, p) * (
        1.0 + p.haemoglobin_assay_cv * normal(assay_2)
    )
    saturation = min(
        transferrin_saturation(body, life, p)
        * by_saturation
        * exp(p.saturation_assay_cv * normal(assay_3)),
        100.0,
    )
    return Laboratory(serum_ferritin, measured_haemoglobin, saturation)


@compiled
def measure_person(found: Any, life: Any, body: Any, month: int, p: Inputs) -> None:
    """Measure a person at the end of a month."""
    age = (month - life.birth_month) // 12
    _, csf_noise, _, _ = chance.at(p.key, life.uid, month, INFLAMMATION)
    _, _, _, assay_4 = chance.at(p.key, life.uid, month, ASSAY)
    scan, _, _, _ = chance.at(p.key, life.uid, month, SCAN)

    measured = laboratory(life, body, month, p)
    found.stores_ferritin_ug_per_l = ferritin(body, life, p)
    found.serum_ferritin_ug_per_l = measured.ferritin
    found.haemoglobin_g_per_l = diluted_haemoglobin(life, body, month, p)
    found.measured_haemoglobin_g_per_l = measured.haemoglobin
    found.transferrin_saturation_percent = transferrin_saturation(body, life, p)
    found.measured_transferrin_saturation_percent = measured.saturation
    level = transferrin_receptor(body, life, p)
    found.transferrin_receptor_mg_per_l = level
    found.measured_transferrin_receptor_mg_per_l = level * exp(
        p.receptor_assay_cv * normal(assay_4)
    )
    level = p.csf_ferritin_ug_per_l * body.cns_iron_exchangeable
    found.csf_ferritin_ug_per_l = level
    found.measured_csf_ferritin_ug_per_l = level * exp(p.csf_ferritin_log_sd * normal(csf_noise))
    level = body.cns_iron_structural / p.structural_pool_norm[min(age, LAST_AGE)]
    found.nigral_iron_ratio = level
    found.measured_nigral_iron_ratio = level * max(1.0 + p.nigral_scan_cv * normal(scan), 0.0)
    found.dopamine_deficit = body.dopamine_deficit - body.dopamine_support
    found.storage_iron_mg = body.storage_iron_mg
    found.iron_absorbed_mg_per_day = body.absorbed_mg_per_day
    found.iron_lost_mg_per_day = body.lost_mg_per_day
    found.irls = irls(body.liability, p) if body.rls else 0.0


@compiled
def _measure(found: Any, lives: Any, bodies: Any, months: Any, p: Inputs) -> None:
    for i in range(len(lives)):
        measure_person(found[i], lives[i], bodies[i], months[i], p)


def measure(lives: Records, bodies: Records, month: int | Ints, p: Inputs) -> Records:
    """Measure people at the end of a month, or one person at the end of each of several.

    Parameters
    ----------
    lives, bodies
        Records of the people.
    month
        The month; or the month of each record.
    p
        Inputs of the run that they live in.

    Returns
    -------
    numpy.ndarray
        A record for each of those given, with a field for each of ``MEASURES``.
    """
    found = np.zeros(len(lives), dtype=MEASUREMENT)
    _measure(found, lives, bodies, np.full(len(lives), month, dtype=np.int64), p)
    return found
