"""What a scenario file may say about policies."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field as Key

from rlsabm.care.section import Cost
from rlsabm.declaring.sections import Section, Whole

MOST_YEARS_OF_POLICY = 60


class Costs(Section):
    """What things cost beside treatments, which have costs of their own."""

    donation: Annotated[Cost, Key(description="Of a blood donation.")] = 0.0
    laboratory_test: Annotated[
        Cost, Key(description="Of the laboratory values that a rule of care asks for.")
    ] = 0.0
    diagnosis: Annotated[Cost, Key(description="Of a diagnosis of RLS.")] = 0.0
    oral_iron_g: Annotated[Cost, Key(description="Of a gram of elemental iron in tablets.")] = 0.0
    infused_iron_g: Annotated[Cost, Key(description="Of a gram of iron infused.")] = 0.0


class PolicySection(Section):
    """Arms as policies: they part in a given year, and are counted from then on."""

    period_years: Annotated[
        int,
        Key(
            ge=1,
            le=MOST_YEARS_OF_POLICY,
            description="Years before the last survey in which arms part from the reference.",
            json_schema_extra={"unit": "years"},
        ),
        Whole,
    ] = 10
    costs: Costs = Key(default=Costs(), description="What things cost, in any currency.")
