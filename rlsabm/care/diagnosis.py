"""Diagnosis: who of those with clinically significant RLS is told so by a doctor, and when."""

from __future__ import annotations

from typing import Any

from rlsabm import chance
from rlsabm.chance import per_month
from rlsabm.compilation import inlined
from rlsabm.conventions import NEVER
from rlsabm.declaring.fields import Field
from rlsabm.declaring.inputs import Inputs
from rlsabm.declaring.parameter import Parameter as P
from rlsabm.declaring.room import PersonColumn, Room
from rlsabm.moment import Moment

CARE_MONTH = chance.register("care", 27, "at", "diagnosis, -, -, -")

_BODY_FIELDS = (
    Field(
        "diagnosed_month",
        "i4",
        "month",
        "month of the diagnosis of RLS; never if there was none",
        initial=NEVER,
    ),
    Field(
        "tested",
        "u1",
        "",
        "a rule of care asked for laboratory values this month",
        upper=1,
        settable=False,
    ),
)
_PARAMETERS = (
    P("diagnosis_per_year", 0.02, "1/year", "lognormal", 0.5, 0.0, 1000.0,
      "Rate at which people with clinically significant RLS are diagnosed, where there is care.",
      "set so that about a quarter of them have one: 6.2 % in a general population (Allen 2005, "
      "REST), about 8 % in primary care (Hening 2004 doi 10.1016/j.sleep.2004.03.006), 33 % in the "
      "United States in 2007 (Allen 2011 doi 10.1002/mds.23430)"),
)  # fmt: skip

DIAGNOSIS = Room(
    title="diagnosis",
    body_fields=_BODY_FIELDS,
    parameters=_PARAMETERS,
    derived={"diagnosis_per_month": lambda p: per_month(p["diagnosis_per_year"])},
    columns=(
        PersonColumn(
            "age_at_diagnosis",
            "years",
            "age at the diagnosis of RLS; missing in people without one",
            lambda people: (people.diagnosed_month.astype("int64") - people.birth_month) / 12.0,
            lambda people: people.diagnosed_month == NEVER,
            type="number",
        ),
    ),
)


@inlined
def has_significant_rls(body: Any, p: Inputs) -> bool:
    """Whether RLS was clinically significant in the last month."""
    return body.rls != 0 and body.liability >= p.significant_liability


@inlined
def seek_diagnosis(body: Any, life: Any, at: Moment, p: Inputs) -> None:
    """Whoever has clinically significant RLS may be diagnosed."""
    if body.diagnosed_month == NEVER and has_significant_rls(body, p):
        diagnosing, _, _, _ = chance.at(p.key, life.uid, at.month, CARE_MONTH)
        if diagnosing < p.diagnosis_per_month:
            body.diagnosed_month = at.month
