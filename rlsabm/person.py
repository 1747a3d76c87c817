"""The fields of a person: every name, type, unit and meaning, declared once.

A person is two records.  The *life* is what happened: birth, parents, genome, growth, pregnancies,
donations, disease, death.  The *body* is what this did: iron, brain iron, dopamine, symptoms.  Between
them stands the *burden*, everything that the life does to the body in one month.  A life can thus be
lived by several bodies, each with part of the burden left out.

From these declarations come the storage, the attributes of the agents, the columns of the line lists
and the documentation.
"""

from __future__ import annotations

from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

#: A month that never comes.
NEVER = np.int32(2**31 - 1)
#: A month before all others.
LONG_AGO = np.int32(-(2**30))

#: People who are older count as this old where rules look up an age.
LAST_AGE = 120

FEMALE, MALE = 0, 1
SEXES = ("female", "male")

SINGLETON, MONOZYGOTIC, DIZYGOTIC = 0, 1, 2
TWIN_TYPES = ("singleton", "monozygotic", "dizygotic")

NOT_PREGNANT, ONE_CHILD, MONOZYGOTIC_TWINS, DIZYGOTIC_TWINS, TO_BE_LOST = 0, 1, 2, 3, 4
PREGNANCIES = ("none", "one child", "monozygotic twins", "dizygotic twins", "to be lost")

NO_DONOR, DONOR, FORMER_DONOR = 0, 1, 2
DONOR_STATES = ("never", "active", "former")

HEALTHY_KIDNEY, CKD_3, CKD_4, DIALYSIS, GRAFT = 0, 3, 4, 5, 6
KIDNEY_STAGES = ("healthy", "", "", "CKD 3", "CKD 4-5", "dialysis", "graft")

ALIVE, OTHER_CAUSE, DIED_ON_DIALYSIS, DIED_WITH_GRAFT = 0, 1, 2, 3
CAUSES_OF_DEATH = ("", "other", "on dialysis", "with graft")


class Field(NamedTuple):
    """One field of a record."""

    name: str
    dtype: str
    unit: str
    meaning: str
    labels: tuple[str, ...] = ()


LIFE_FIELDS = (
    # who
    Field("uid", "u8", "", "identity, a function of the mother's uid and the birth order"),
    Field("mother", "u8", "", "uid of the mother, 0 for founders"),
    Field("father", "u8", "", "uid of the father, 0 for founders"),
    Field("partner", "u8", "", "uid of the father of the last child"),
    Field("birth_month", "i4", "month", "12 x year + month of the year (January = 0)"),
    Field("death_month", "i4", "month", "month of death, or never"),
    Field("partner_birth_month", "i4", "month", "birth month of the partner"),
    Field("sex", "u1", "", "sex", SEXES),
    Field("twin", "u1", "", "twin type", TWIN_TYPES),
    Field("birth_order", "u1", "", "place among the mother's deliveries, from 1; 0 for founders"),
    Field("cause_of_death", "u1", "", "cause of death", CAUSES_OF_DEATH),
    # genome
    Field("maternal_alleles", "u2", "bits", "risk alleles from the mother, one bit a locus"),
    Field("paternal_alleles", "u2", "bits", "risk alleles from the father, one bit a locus"),
    Field("cns_iron_polygenes", "f4", "SD", "polygenic background of CNS iron"),
    Field("other_polygenes", "f4", "SD", "polygenic background of other liability"),
    Field("cns_iron_trait", "f4", "ratio", "theta: CNS iron at full supply, typical person = 1"),
    Field("other_liability", "f4", "liability", "lambda: liability that no iron explains"),
    # further conditions
    Field("conditions", "u4", "bits", "conditions of the catalogue that are there, one bit each"),
    Field("conditions_to_come", "u4", "bits", "those that are there now or ever will be"),
    Field("conditions_until", "i4", "month", "month in which the next of them begins or ends"),
    # growth
    Field("height_factor", "f4", "ratio", "height to the median of age and sex"),
    Field("weight_factor", "f4", "ratio", "weight to the median of age and sex"),
    Field("haemoglobin_factor", "f4", "ratio", "haemoglobin set point to that of age and sex"),
    Field("weight_kg", "f4", "kg", "weight"),
    Field("blood_volume_l", "f4", "L", "blood volume outside pregnancy"),
    Field("red_cell_target_mg", "f4", "mg", "red-cell iron that the marrow aims at"),
    Field("storage_scale_mg", "f4", "mg", "storage iron per unit of log ferritin"),
    Field("basal_loss_mg_per_day", "f4", "mg/day", "iron lost with skin, gut and urine"),
    Field(
        "iron_intake_mg_per_day", "f4", "mg/day", "iron in food, as bioavailable as a mixed diet's"
    ),
    # iron habits
    Field("basal_loss_factor", "f4", "ratio", "basal loss to the median"),
    Field("intake_factor", "f4", "ratio", "iron intake to the median of age and sex"),
    # reproduction
    Field("menstrual_loss_ml", "f4", "mL/month", "blood lost with menses, contraceptive included"),
    Field("menarche_month", "i4", "month", "first menses"),
    Field("menopause_month", "i4", "month", "last menses"),
    Field("gravidity", "u1", "", "pregnancies so far"),
    Field("parity", "u1", "", "deliveries so far"),
    Field("children", "u1", "", "live-born children so far"),
    Field("pregnancy", "u1", "", "current pregnancy", PREGNANCIES),
    Field("last_delivery", "u1", "", "the last delivery", PREGNANCIES),
    Field("conception_month", "i4", "month", "month of the last conception"),
    Field("pregnancy_end_month", "i4", "month", "month in which the pregnancy ends"),
    Field("last_birth_month", "i4", "month", "month of the last delivery"),
    Field("lactation_until", "i4", "month", "end of the last lactation"),
    Field("amenorrhoea_until", "i4", "month", "return of menses after the last delivery"),
    Field("fertile_from", "i4", "month", "first month in which she can conceive again"),
    # blood donation
    Field("donor", "u1", "", "donor career", DONOR_STATES),
    Field("double_red_cells", "u1", "", "gives double red cells"),
    Field("donor_eagerness", "f4", "ratio", "wish to donate to the median donor's"),
    Field("donor_supplements", "u1", "", "takes iron after donations where that is offered"),
    Field("donations", "u2", "", "donations so far"),
    Field("last_donation_month", "i4", "month", "month of the last donation"),
    Field("eligible_month", "i4", "month", "first month in which a donation is allowed again"),
    # kidney
    Field("kidney", "u1", "", "stage of progressive kidney disease", KIDNEY_STAGES),
    Field("kidney_episode", "u1", "", "stages entered so far"),
    Field("kidney_until", "i4", "month", "month in which the next stage begins"),
    Field("dialysis_since", "i4", "month", "month in which dialysis last began"),
)

BODY_FIELDS = (
    Field("storage_iron_mg", "f8", "mg", "iron in stores"),
    Field("red_cell_iron_mg", "f8", "mg", "iron in circulating haemoglobin"),
    Field("tissue_iron_mg", "f8", "mg", "iron in myoglobin and enzymes"),
    Field("iron_gained_mg", "f8", "mg", "ledger: iron endowed, absorbed and infused so far"),
    Field("iron_spent_mg", "f8", "mg", "ledger: iron lost and passed to children so far"),
    Field("absorbed_mg_per_day", "f4", "mg/day", "iron absorbed this month"),
    Field("lost_mg_per_day", "f4", "mg/day", "iron lost this month, by any way"),
    Field("conceptus_iron_mg", "f4", "mg", "iron passed to this conceptus so far"),
    Field("child_iron_mg", "f4", "mg", "iron with which each child of the last delivery was born"),
    Field("endowment_mg", "f4", "mg", "iron that the mother gave before birth; 0 if not known"),
    Field("brain_iron_fast", "f4", "ratio", "exchangeable CNS iron, typical adult = 1"),
    Field("brain_iron_slow", "f4", "ratio", "structural CNS iron, typical old adult = 1"),
    Field("dopamine_deficit", "f4", "liability", "loss of dopaminergic function"),
    Field("lasting_load", "f4", "share", "lasting load of pregnancies so far, to the largest"),
    Field("vulnerability", "f4", "share", "what of the lasting load has come to bear"),
    Field("liability", "f4", "liability", "liability to RLS, 0 = even odds"),
    Field("rls", "u1", "", "has RLS this month"),
    Field("rls_first_month", "i4", "month", "first month with RLS, or never"),
    Field("rls_last_month", "i4", "month", "last month with RLS"),
    Field("weekly_last_month", "i4", "month", "last month with symptoms at least weekly"),
    Field("significant_last_month", "i4", "month", "last month with clinically significant RLS"),
)

BURDEN_FIELDS = (
    Field("blood_loss_ml", "f8", "mL", "blood lost, at the current haemoglobin"),
    Field("menses_ml", "f8", "mL", "blood lost with menses, where they come"),
    Field("menses_factor", "f8", "ratio", "0 where menses stay away"),
    Field("iron_loss_mg", "f8", "mg", "iron lost otherwise"),
    Field("milk_iron_mg", "f8", "mg", "iron passed with milk"),
    Field("conceptus_demand_mg", "f8", "mg", "iron that the conceptus draws from a replete mother"),
    Field("red_cell_target_factor", "f8", "ratio", "red-cell mass aimed at"),
    Field("blood_volume_factor", "f8", "ratio", "blood volume"),
    Field("absorption_factor", "f8", "ratio", "absorption of food and tablets"),
    Field("absorption_ceiling_factor", "f8", "ratio", "ceiling on absorption from food"),
    Field("oral_iron_mg_per_day", "f8", "mg/day", "iron in tablets"),
    Field("infused_iron_mg", "f8", "mg", "iron infused"),
    Field("dopamine_load", "f8", "liability", "loss of dopaminergic function that is not by iron"),
    Field(
        "lasting_months", "f8", "months", "months of pregnancy: they leave a lasting vulnerability"
    ),
    Field("mortality_ratio", "f8", "ratio", "chance to die to that of others of age and sex"),
)


def _dtype(fields: tuple[Field, ...]) -> np.dtype[np.record]:
    by_size = sorted(fields, key=lambda field: -np.dtype(field.dtype).itemsize)
    plain = np.dtype([(field.name, field.dtype) for field in by_size], align=True)
    return cast("np.dtype[np.record]", np.dtype((np.record, plain)))


LIFE = _dtype(LIFE_FIELDS)
BODY = _dtype(BODY_FIELDS)
BURDEN = _dtype(BURDEN_FIELDS)


def month_of(year: int, month: int = 1) -> int:
    """Month number of a calendar month (January = 1)."""
    return 12 * year + month - 1


def empty_records(dtype: np.dtype[np.record], size: int) -> NDArray[np.record]:
    """Records with all fields zero; each has its fields as attributes."""
    return np.zeros(size, dtype=dtype)
