"""The answer of a study in sentences."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from rlsabm.printing.answer import answer_to
from rlsabm.results.differences import COUNTS, REPLICATES

PREVALENCE = pd.DataFrame(
    {
        "arm": "reference",
        "draw": 0,
        "replicate": 0,
        "year": 2019,
        "world": "factual",
        "condition": "everyone",
        "observed_as": "truth",
        "recall": "current",
        "definition": ["any", "significant"],
        "age_group": "18-99",
        "cases": [50, 20],
        "persons": [1000, 1000],
    }
)


def arm(name: str, difference: float, half: float, rests_on: str = REPLICATES) -> Any:
    """A comparison of an arm with the reference, of everyone."""
    row = {
        "condition": "everyone",
        "definition": "any",
        "difference": difference,
        "standard_error": half / 2.0,
        "lower": difference - half,
        "upper": difference + half,
        "interval_from": rests_on,
    }
    return SimpleNamespace(prevalence=pd.DataFrame([row]), b=SimpleNamespace(arm=name))


def sentence_on(**what: Any) -> str:
    """What is said of it, between the prevalence and the word on chance."""
    _, said, chance = answer_to(PREVALENCE, 2019, **what)
    assert chance == "Intervals show chance only."
    return said


@pytest.mark.parametrize(
    ("arms", "words"),
    [
        ([arm("b", 0.0, 0.01)], "The arm leaves the prevalence among everyone as it is."),
        (
            [arm("b", -0.02, 0.01)],
            "The arm “b” changes the prevalence of RLS by -2.00 points (-3.00 to -1.00).",
        ),
        (
            [arm("b", -0.02, 0.03)],
            "The arm “b” changes the prevalence of RLS by -2.0 points (-5.0 to 1.0), or not at all.",
        ),
        # One run of the same people does not tell how sure it is.
        (
            [arm("b", -0.02, 0.03, COUNTS)],
            "The arm “b” changes the prevalence of RLS by -2.00 points.",
        ),
        (
            [arm("b", -0.02, 0.01), arm("c", -0.03, 0.02)],
            "Of 2 arms, “b” changes the prevalence of RLS most clearly, by -2.00 points (-3.00 to "
            "-1.00).",
        ),
        (
            [arm("b", -0.01, 0.02), arm("c", -0.02, 0.03)],
            "None of 2 arms surely changes the prevalence of RLS; “c” most clearly, by -2.0 "
            "points (-5.0 to 1.0).",
        ),
    ],
)
def test_arms(arms: list[Any], words: str) -> None:
    assert sentence_on(arms=arms).replace("percentage points", "points") == words


def test_conditions_that_were_traced() -> None:
    shift = SimpleNamespace(condition="obesity", value=0.05, lower=0.03, upper=0.07)
    moved = "+5.0 percentage points (3.0 to 7.0)"
    assert sentence_on(shift=shift, traced=["obesity"]) == (
        f"In people with it, obesity shifts the prevalence of RLS by {moved}."
    )
    assert sentence_on(shift=shift, traced=["obesity", "dialysis"]) == (
        "Of the conditions traced whose interval excludes 0, obesity causes the largest shift: "
        f"{moved}."
    )
    none = "causes no shift whose interval excludes 0."
    assert sentence_on(traced=["obesity"]) == f"Obesity {none}"
    assert sentence_on(traced=["obesity", "dialysis"]) == (
        "No condition that was traced causes a shift whose interval excludes 0."
    )
