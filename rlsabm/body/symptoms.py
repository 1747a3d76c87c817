"""Symptoms: from liability to restless legs syndrome, its frequency and severity."""

from __future__ import annotations

from typing import Any

from rlsabm.compilation import compiled, inlined
from rlsabm.parameters.responses import equilibrium_prevalence
from rlsabm.parameters.tables import Tables
from rlsabm.parameters.values import Values


@compiled
def next_state(had_rls: int, prevalence: float, u: float, p: Values) -> int:
    """RLS next month at this equilibrium prevalence, from one uniform.

    A lower liability never gives RLS where a higher one, with the same uniform and the same or no
    RLS before, does not: worlds with less burden hold no case that the others lack.
    """
    if had_rls:
        stays = 1.0 - p.remission_per_month * (1.0 - prevalence)
        return 1 if u < stays else 0
    return 1 if u < p.onset_per_month * prevalence else 0


@inlined
def advance_symptoms(
    body: Any,
    life: Any,
    burden: Any,
    iron_effect: float,
    age: int,
    month: int,
    u: float,
    tables: Tables,
    p: Values,
) -> None:
    """One month of liability and symptoms."""
    body.lasting_load += (
        burden.lasting_months * p.lasting_share_per_month * (1.0 - body.lasting_load)
    )
    body.vulnerability += (body.lasting_load - body.vulnerability) * p.lasting_step
    body.liability = (
        life.other_liability
        + tables.age_liability[age]
        + body.dopamine_deficit
        + (1.0 - p.dopamine_share) * iron_effect
        + p.lasting_effect * body.vulnerability
        - p.liability_threshold
    )
    prevalence = equilibrium_prevalence(tables, body.liability, p.per_liability_scale)
    body.rls = next_state(body.rls, prevalence, u, p)
    if body.rls:
        body.rls_first_month = min(body.rls_first_month, month)
        body.rls_last_month = month
        if body.liability >= p.weekly_liability:
            body.weekly_last_month = month
        if body.liability >= p.significant_liability:
            body.significant_last_month = month


@compiled
def irls(liability: float, p: Values) -> float:
    """IRLS score (0-40) of a case of this liability."""
    score = p.irls_at_significant + p.irls_per_liability * (liability - p.significant_liability)
    return min(max(score, 1.0), 40.0)
