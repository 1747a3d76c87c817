"""What ``check`` lets pass can be run: scenarios drawn at random, with few people."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import rlsabm
from rlsabm.errors import UserError
from rlsabm.exposures.catalogue.condition import shipped_catalogue
from rlsabm.study.checking import check_study
from rlsabm.study.hints import hints_about
from rlsabm.study.implied import implied_by
from rlsabm.study.settings import parameter_ranges, read_scenario

RANGES = parameter_ranges()
SHIPPED = [condition.name for condition in shipped_catalogue()]
RULED = ["blood_donation", "pregnancy", "heavy_menstrual_bleeding", "ckd_4_5", "dialysis"]


def between(lower: float, upper: float) -> st.SearchStrategy[float]:
    return st.floats(lower, upper, allow_subnormal=False)


def inside(name: str) -> st.SearchStrategy[tuple[str, float]]:
    """A parameter with a value well within its bounds."""
    lower, upper = max(RANGES[name].lower, -1e3), min(RANGES[name].upper, 1e3)
    return st.tuples(st.just(name), between(0.9 * lower + 0.1 * upper, 0.1 * lower + 0.9 * upper))


PARAMETERS = st.lists(st.sampled_from(sorted(RANGES)).flatmap(inside), max_size=8).map(dict)
FIGURES = {
    "blood_loss_ml_per_day": between(0, 30),
    "blood_loss_ml_at_onset": between(0, 3_000),
    "iron_loss_mg_per_day": between(0, 10),
    "absorption_factor": between(0.05, 2),
    "haemoglobin_factor": between(0.5, 1.2),
    "dopamine_load": between(0, 6),
    "ferritin_factor": between(0.2, 10),
    "saturation_factor": between(0.2, 2),
    "mortality_ratio": between(0.2, 20),
    "enabled": st.booleans(),
}


@st.composite
def conditions(draw: st.DrawFn) -> dict[str, Any]:
    """A condition of one's own."""
    ages = sorted(draw(st.sets(st.integers(0, 120), min_size=1, max_size=4)))

    def list_of(most: float) -> list[float]:
        return draw(st.lists(between(0, most), min_size=len(ages), max_size=len(ages)))

    given_by: dict[str, list[float]] = {}
    if draw(st.booleans()):
        given_by["prevalence"] = sorted(list_of(0.9))
    else:
        given_by["onset_per_1000"] = list_of(draw(st.sampled_from([0.01, 10.0, 1_000.0])))
    duration = {"duration_years": draw(st.none() | between(0.25, 200))}
    effects = draw(st.fixed_dictionaries({}, optional=FIGURES))
    return {"source": "s", "ages": ages, **given_by, **duration, **effects}


def sections(names: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    """Conditions of a scenario, or what an arm changes in them."""
    enabled = st.fixed_dictionaries({"enabled": st.booleans()})
    donation = {
        "self_deferral": st.booleans(),
        "ferritin_deferral": st.fixed_dictionaries(
            {"below": between(1, 200), "months": st.integers(1, 60)}
        ),
    }
    return st.fixed_dictionaries(
        {},
        optional={
            **dict.fromkeys(("pregnancy", "dialysis", *names), enabled),
            "blood_donation": st.fixed_dictionaries({}, optional=donation),
        },
    )


@st.composite
def scenarios(draw: st.DrawFn) -> dict[str, Any]:
    own = draw(st.dictionaries(st.sampled_from(["x", "y_2"]), conditions(), max_size=2))
    names = [*own, *SHIPPED[:3]]
    arm = st.fixed_dictionaries(
        {}, optional={"conditions": sections(names), "parameters": PARAMETERS}
    )
    return {
        "title": "t",
        "population": {
            "size": 200,
            "block_size": draw(st.sampled_from([100, 200])),
            "country": draw(st.sampled_from(["united-states", "germany", "denmark"])),
        },
        "observe": {
            "years": sorted(draw(st.sets(st.integers(1990, 2023), min_size=1, max_size=2))),
            "by": draw(st.lists(st.sampled_from(["sex", "age_group", "parity"]), unique=True)),
            "age_groups": sorted({0, *draw(st.sets(st.integers(1, 120), max_size=3))}),
            "as": draw(st.lists(st.sampled_from(["truth", "CH-RLSq", "four_item"]), unique=True)),
            "persons": draw(st.sampled_from([0.0, 0.5, 1.0])),
            "events": draw(st.booleans()),
        },
        "shifts": {
            "conditions": draw(
                st.lists(st.sampled_from([*names, *RULED]), unique=True, max_size=2)
            ),
            "postulates": draw(st.booleans()),
        },
        "conditions": {**draw(sections([])), **own},
        "parameters": draw(PARAMETERS),
        "runs": {"draws": draw(st.integers(1, 2)), "seed": draw(st.integers(0, 2**63 - 1))},
        "arms": draw(st.dictionaries(st.sampled_from(["a", "b: c/d"]), arm, max_size=1)),
    }


@settings(
    max_examples=12,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(content=scenarios())
def test_what_is_checked_can_be_run(content: dict[str, Any]) -> None:
    study = read_scenario(content)
    try:
        arms = check_study(study)
    except UserError:  # figures that contradict each other
        assume(False)
    hints_about(study, implied_by(study, arms))
    found = rlsabm.simulate(content)
    assert found.prevalence()["persons"].min() >= 0
