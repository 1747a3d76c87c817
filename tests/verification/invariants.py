"""What holds of every population, whatever its parameters: of people, their events, and the tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

import rlsabm
from rlsabm.conventions import LONG_AGO, MALE, NEVER
from rlsabm.exposures.donation import DONATED
from rlsabm.life.mortality import DIED
from rlsabm.measuring.assays import MEASURES, measure
from rlsabm.population import Population
from rlsabm.setting import make_setting

#: What lives after a death, or before a birth, cannot have.
MONTHS = (
    "conception_month", "last_birth_month", "last_donation_month", "dialysis_since",
    "rls_first_month", "rls_last_month", "weekly_last_month", "significant_last_month",
)  # fmt: skip
#: Tables of a small study with everything that can be counted.
TABLES = (
    "prevalence", "incidence", "biomarkers", "contrasts", "shifts", "partitions", "postulates",
    "kin_counts", "kin", "autopsies",
)  # fmt: skip


def lived(parameters: Mapping[str, float], *, size: int = 150, key: int = 7) -> Population:
    """A small population with its dead, lived until its survey; the events of the last ten years."""
    setting = make_setting(size=size, parameters=parameters)
    people = Population(setting, key=key, forget_dead=False)
    people.advance(setting.plan.survey_month - 120)
    people.advance(setting.plan.survey_month, log=True)
    return people


def check_people(people: Population) -> None:
    """Everything that holds of lives, bodies, what is measured in them, and events."""
    lives, bodies, p = people.lives, people.bodies, people.inputs
    for records in (lives, bodies):
        for name in records.dtype.names or ():
            assert np.isfinite(records[name].astype(float)).all(), name
    _check_iron(bodies)
    _check_measures(measure(lives, bodies, people.month - 1, p))
    _check_sexes(lives)
    _check_months(lives, bodies, people.month)
    _check_events(people.events, lives, p)


def _check_iron(bodies: Any) -> None:
    pools = [bodies[name] for name in ("storage_iron_mg", "red_cell_iron_mg", "tissue_iron_mg")]
    for pool in pools:
        assert (pool >= 0.0).all()
    # To what went through: somebody whom parameters leave without iron has lost all that was gained.
    gained, spent = bodies["iron_gained_mg"], bodies["iron_spent_mg"]
    assert (np.abs(gained - spent - sum(pools)) <= 1e-9 * gained).all(), "the ledger closes"


def _check_measures(found: Any) -> None:
    for each in MEASURES:
        values = found[each.name]
        assert np.isfinite(values).all(), each.name
        if each.name != "dopamine_deficit":
            assert (values >= 0.0).all(), each.name
    assert (found["stores_ferritin_ug_per_l"] >= 1.0).all()
    assert (found["serum_ferritin_ug_per_l"] > 0.0).all()
    assert (found["stores_ferritin_ug_per_l"] <= 1e5).all()
    for name in ("transferrin_saturation_percent", "measured_transferrin_saturation_percent"):
        assert (found[name] <= 100.0).all()


def _check_sexes(lives: Any) -> None:
    men = lives[lives["sex"] == MALE]
    for name in ("pregnancy", "last_delivery", "gravidity", "parity", "children"):
        assert not men[name].any(), name
    assert (men["conception_month"] == LONG_AGO).all()
    assert (men["menstrual_loss_ml"] == 0.0).all()
    women = lives[lives["sex"] != MALE]
    assert (women["parity"] <= women["gravidity"]).all()


def _check_months(lives: Any, bodies: Any, month: int) -> None:
    birth, death = lives["birth_month"].astype(int), lives["death_month"].astype(int)
    assert (birth <= death).all()
    assert (birth < month).all()
    for name in MONTHS:
        records = lives if name in (lives.dtype.names or ()) else bodies
        when = records[name].astype(int)
        came = (when > LONG_AGO) & (when < NEVER)
        assert (when[came] >= birth[came]).all(), name
        assert (when[came] <= np.minimum(death, month)[came]).all(), name
    ill = bodies["rls_first_month"] < NEVER
    assert (bodies["rls_first_month"] <= bodies["rls_last_month"])[ill].all()
    assert (bodies["weekly_last_month"] <= bodies["rls_last_month"])[ill].all()
    assert (bodies["significant_last_month"] <= bodies["rls_last_month"])[ill].all()
    assert not bodies["rls"][~ill].any()
    gave = lives["donations"] > 0
    assert (lives["last_donation_month"] > LONG_AGO)[gave].all()
    assert (lives["last_donation_month"] == LONG_AGO)[~gave].all()


def _check_events(events: Any, lives: Any, p: Any) -> None:
    """In somebody's life, in order, once in a life for the first time, and as the rules for donors."""
    order = np.argsort(lives["uid"])
    person = lives[order[np.searchsorted(lives["uid"], events["uid"], sorter=order)]]
    assert (person["uid"] == events["uid"]).all()
    assert (events["month"] >= person["birth_month"]).all()
    assert (events["month"] <= person["death_month"]).all()
    died = events[events["event"] == DIED]
    assert len(np.unique(died["uid"])) == len(died)
    gave = events["event"] == DONATED
    table = pd.DataFrame(
        {
            "uid": events["uid"][gave],
            "month": events["month"][gave].astype(int),
            "least": np.where(
                person["sex"][gave] == MALE,
                int(p.donation_interval_men_months),
                int(p.donation_interval_women_months),
            )
            * (1 + person["double_red_cells"][gave]),
        }
    ).sort_values(["uid", "month"])
    apart = table.groupby("uid")["month"].diff()
    assert (apart.dropna() >= table["least"][apart.notna()]).all()
    age = (events["month"][gave] - person["birth_month"][gave]) // 12
    assert (age >= int(p.donor_first_age_years)).all()


def surveyed(parameters: Mapping[str, float], *, size: int = 150, **said: Any) -> rlsabm.Study:
    """A study of a small population with all tables."""
    return rlsabm.simulate(
        size=size,
        seed=3,
        parameters=parameters,
        shifts=["pregnancy", "blood_donation", "dialysis"],
        changes={"shifts.postulates": True, "observe.by": ["sex", "age_group"], **said},
        tables=TABLES,
    )


def check_tables(study: rlsabm.Study) -> None:
    """Numbers are finite, counts add up over strata, and worlds nest."""
    for name in TABLES:
        table = study.table(name)
        for column in table.select_dtypes("number"):
            assert not np.isinf(table[column]).any(), (name, column)
    prevalence = study.table("prevalence")
    assert prevalence[["cases", "persons", "prevalence"]].notna().all(axis=None)
    assert (prevalence["cases"] <= prevalence["persons"]).all()
    _check_strata(prevalence)
    biomarkers = study.table("biomarkers")
    assert biomarkers[["persons", "mean", "p5", "p50", "p95"]].notna().all(axis=None)
    assert (biomarkers["p5"] <= biomarkers["p95"]).all()
    for name in ("shifts", "postulates", "kin"):
        table = study.table(name)
        assert table["value"].notna().all(), name
        limits = table[table["lower"].notna()]
        assert (limits["lower"] <= limits["value"] + 1e-12).all(), name
        assert (limits["value"] <= limits["upper"] + 1e-12).all(), name
        assert (limits["lower"] < limits["upper"]).all(), name
        assert (table["monte_carlo_error"] > 0.0).all(), name
    partitions = study.table("partitions")
    assert (partitions["cases_if_sufficient"] <= partitions["cases"]).all()
    assert (partitions["cases_if_replete"] <= partitions["cases"]).all()
    both = partitions[["cases_if_sufficient", "cases_without_path"]].min(axis=1)
    assert (partitions["cases_sufficient_and_without_path"] <= both).all()
    contrasts = study.table("contrasts")
    for pair, one in (
        ("cases_with_and_without", "cases_without"),
        ("cases_with_and_without_iron", "cases_without_iron"),
        ("everyone_with_and_without", "everyone_without"),
    ):
        known = contrasts[contrasts[pair].notna()]
        assert (known[pair] <= known[one]).all()


def _check_strata(prevalence: pd.DataFrame) -> None:
    """Every group is as large by sex and age, whoever asks, in every world and by every definition."""
    keys = ["arm", "world", "year", "condition", "definition", "recall", "observed_as"]
    whole = prevalence.groupby(keys, observed=True)[["cases", "persons"]].sum()
    persons = whole["persons"].groupby(["arm", "year", "condition"], observed=True)
    assert (persons.nunique() == 1).all()
    by_recall = whole["cases"].unstack("recall")
    assert (by_recall["current"] <= by_recall["past_year"]).all()
    by_definition = whole["cases"].unstack("definition")
    assert (by_definition["weekly"] <= by_definition["any"]).all()
    everyone = prevalence.query("condition == 'everyone' and definition == 'any'")
    cells = everyone.groupby([*keys, "sex", "age_group"], observed=True)["persons"].sum()
    assert cells.groupby(keys, observed=True).sum().nunique() == 1
