"""Answers from a study: what is counted, what is never added up, and what is said of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import Study as Ran

import rlsabm
from rlsabm.errors import UserError
from rlsabm.measuring.instruments import TRUTH
from rlsabm.results.nesting import NestedCounts
from rlsabm.results.rates import byar_interval, rate
from rlsabm.results.summary import adults_only, of_study, pooled
from rlsabm.wording import percent

#: What each column holds where nothing is said.
USUAL = {
    "arm": "reference", "world": "factual", "year": 2019, "condition": "everyone",
    "definition": "any", "recall": "current", "observed_as": TRUTH,
}  # fmt: skip
NUMBERS = ["cases", "persons", "prevalence", "lower", "upper"]


@pytest.fixture(scope="module")
def results(study: Ran) -> rlsabm.Study:
    return rlsabm.read(study.folder)


def by_hand(table: pd.DataFrame, *, adults: bool = True, **other: Any) -> pd.DataFrame:
    """Rows in which every column holds what is usual, or something else."""
    for column, value in {**USUAL, **other}.items():
        if column in table:
            table = table[table[column] == value]
    return table[table["age_group"] != "0-17"] if adults else table


def of_adults(table: pd.DataFrame, **chosen: Any) -> pd.DataFrame:
    """Rows of a table of estimates that are of all adults."""
    for column, value in {**USUAL, **chosen}.items():
        if column in table:
            table = table[table[column] == value]
    return table


# What is counted ------------------------------------------------------------------------------------


def test_prevalence_of_everyone(study: Ran, results: rlsabm.Study) -> None:
    rows = by_hand(study.table("prevalence"))
    answer = results.prevalence()
    assert list(answer) == NUMBERS
    assert len(answer) == 1
    assert answer["cases"].iloc[0] == rows["cases"].sum()
    assert answer["persons"].iloc[0] == rows["persons"].sum()
    by_draw = rows.groupby("draw")[["cases", "persons"]].sum()
    expected = (by_draw["cases"] / by_draw["persons"]).mean()
    assert answer["prevalence"].iloc[0] == pytest.approx(expected, rel=1e-12)


def test_prevalence_is_what_the_screen_shows(study: Ran, results: rlsabm.Study) -> None:
    table = study.table("prevalence")
    for arm in results.arms:
        shown = pooled(adults_only(of_study(table, arm=arm)), ["condition", "definition"])
        answer = results.prevalence(by=["condition", "definition"], arm=arm)
        pd.testing.assert_frame_equal(
            answer,
            shown.sort_values(["condition", "definition"], ignore_index=True)[list(answer)],
        )
        # A rare group chosen alone has the interval that it has among all.
        for name in ("dialysis", "kidney_transplant"):
            alone = results.prevalence(condition=name, arm=arm)
            among = shown[(shown["condition"] == name) & (shown["definition"] == "any")]
            pd.testing.assert_frame_equal(alone, among[NUMBERS].reset_index(drop=True))


def test_a_run_in_which_nobody_was_counted_is_a_run(study: Ran, results: rlsabm.Study) -> None:
    """A rare group has the interval that it has on the screen, where other groups show all runs."""
    table = study.table("prevalence")
    absent = (table["condition"] == "iron_deficiency") & (table["replicate"] == 1)
    rare = table[~absent | (table["draw"] == 2)]
    shown = pooled(adults_only(of_study(rare)), ["condition", "definition"])
    shown = shown[(shown["condition"] == "iron_deficiency") & (shown["definition"] == "any")]
    answer = rlsabm.Study({"prevalence": rare}, arms=results.arms, scenario=results.scenario)
    found = answer.prevalence(condition="iron_deficiency")
    pd.testing.assert_frame_equal(found, shown[NUMBERS].reset_index(drop=True))


def test_prevalence_is_printed_so(study: Ran, results: rlsabm.Study) -> None:
    answer = results.prevalence(by=["arm"]).set_index("arm")
    for arm, row in answer.iterrows():
        said = percent(row.prevalence, row.lower, row.upper)
        value = f"  {100 * row.prevalence:.1f}  "
        assert any(
            x.startswith(f"  {arm}  ") and value in x for x in study.outcome.out.splitlines()
        )
        assert said in repr(results)


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("arm", ["no donation", "reference"]),
        ("world", ["factual", "without pregnancy"]),
        ("year", [2010, 2019]),
        ("condition", ["pregnancy", "iron_deficiency"]),
        ("definition", ["any", "significant"]),
        ("recall", ["current", "past_year"]),
        ("observed_as", [TRUTH, "CH-RLSq"]),
    ],
)
def test_what_describes_the_same_people_is_never_added_up(
    study: Ran, results: rlsabm.Study, column: str, values: list[Any]
) -> None:
    chosen: dict[str, Any] = {} if column == "condition" else {"condition": "pregnancy"}
    listed = results.prevalence(**chosen, **{column: values})
    apart = results.prevalence(by=[column], **chosen)
    assert sorted(map(str, listed[column])) == sorted(map(str, values))
    for value in values:
        rows = by_hand(study.table("prevalence"), **chosen, **{column: value})
        alone = results.prevalence(**chosen, **{column: value})
        assert list(alone) == NUMBERS
        assert alone["cases"].iloc[0] == rows["cases"].sum()
        assert alone["persons"].iloc[0] == rows["persons"].sum()
        for answer in (listed, apart):
            found = answer[answer[column] == value][NUMBERS].reset_index(drop=True)
            pd.testing.assert_frame_equal(found, alone)


def test_a_new_column_of_words_is_not_added_up(study: Ran) -> None:
    table = by_hand(study.table("prevalence"))
    twice = pd.concat([table.assign(place=place) for place in ("here", "there")])
    twice["place"] = pd.Categorical(twice["place"], ["here", "there"], ordered=True)
    results = rlsabm.Study(
        {"prevalence": twice}, arms=["reference"], scenario={"observe": {"years": [2019]}}
    )
    answer = results.prevalence()
    assert list(answer["place"]) == ["here", "there"]
    assert set(answer["persons"]) == {table["persons"].sum()}


def test_strata_are_added_up_unless_named(study: Ran, results: rlsabm.Study) -> None:
    table = study.table("prevalence")
    answer = results.prevalence(by=["sex", "age_group"], ages="all")
    counts = ["cases", "persons"]
    expected = (
        by_hand(table, adults=False).groupby(["sex", "age_group"], observed=True)[counts].sum()
    )
    pd.testing.assert_frame_equal(answer.set_index(["sex", "age_group"])[counts], expected)
    women = by_hand(table, sex="female")
    one = results.prevalence(sex="female", ages=["35-49", "50-64"])
    assert list(one["age_group"]) == ["35-49", "50-64"]
    assert list(one["persons"]) == [
        women[women["age_group"] == group]["persons"].sum() for group in ("35-49", "50-64")
    ]
    assert list(results.prevalence(by="age_group")["age_group"]) == [
        "18-34", "35-49", "50-64", "65-79", "80+",
    ]  # fmt: skip


def test_runs_one_by_one(study: Ran, results: rlsabm.Study) -> None:
    answer = results.prevalence(by=["draw", "replicate"])
    rows = by_hand(study.table("prevalence"))
    expected = rows.groupby(["draw", "replicate"])[["cases", "persons"]].sum()
    pd.testing.assert_frame_equal(
        answer.set_index(["draw", "replicate"])[["cases", "persons"]], expected
    )
    # One run has Wilson's interval.
    x, n, z = expected["cases"].to_numpy(), expected["persons"].to_numpy(), 1.959964
    centre, half = x + z**2 / 2, z * np.sqrt(x * (1 - x / n) + z**2 / 4)
    np.testing.assert_allclose(answer["lower"], (centre - half) / (n + z**2), rtol=1e-9)
    np.testing.assert_allclose(answer["upper"], (centre + half) / (n + z**2), rtol=1e-9)
    of_draws = results.prevalence(by=["draw"])
    assert list(of_draws["persons"]) == list(expected.groupby("draw")["persons"].sum())
    # What is in a draw does not depend on the other.
    only = rows[rows["draw"] == 2]
    alone = rlsabm.Study({"prevalence": only}, arms=["reference"], scenario=results.scenario)
    pd.testing.assert_frame_equal(
        alone.prevalence(), of_draws[of_draws["draw"] == 2][NUMBERS].reset_index(drop=True)
    )


def test_runs_of_another_arm_do_not_count(study: Ran, results: rlsabm.Study) -> None:
    """An arm of which fewer runs have finished has its own interval."""
    table = study.table("prevalence")
    fewer = table[(table["arm"] == "reference") | (table["replicate"] == 0)]
    partial = rlsabm.Study(
        {"prevalence": fewer}, arms=results.arms, scenario=results.scenario, missing="some"
    )
    both = partial.prevalence(arm=["reference", "no donation"])
    pd.testing.assert_frame_equal(both[both["arm"] == "reference"][NUMBERS], results.prevalence())
    alone = partial.prevalence(arm="no donation")
    pd.testing.assert_frame_equal(
        both[both["arm"] == "no donation"][NUMBERS].reset_index(drop=True), alone
    )


def test_nobody_is_there(study: Ran, results: rlsabm.Study) -> None:
    table = study.table("prevalence")
    without = table[table["condition"] != "dialysis"]
    healthy = rlsabm.Study({"prevalence": without}, arms=results.arms, scenario=results.scenario)
    answer = healthy.prevalence(condition="dialysis")
    assert list(answer["persons"]) == [0]
    assert answer["prevalence"].isna().all()
    assert len(healthy.prevalence(condition="dialysis", by=["sex", "age_group"])) == 10
    every = healthy.prevalence(condition="dialysis", by=["sex", "age_group"], ages="all")
    assert every["age_group"].iloc[0] == "0-17"
    some = healthy.prevalence(condition="dialysis", ages=["35-49", "80+"])
    assert list(some["age_group"]) == ["35-49", "80+"]
    both = healthy.prevalence(condition=["dialysis", "obesity"])
    assert list(both["condition"]) == ["dialysis", "obesity"]
    assert list(both["persons"] > 0) == [False, True]
    donors = results.prevalence(arm=["reference", "no donation"], condition="blood_donation")
    assert list(donors["persons"] > 0) == [True, False]
    # What a world is not about is left out, and that is said.
    worlds = results.prevalence(condition="dialysis", world=["factual", "without pregnancy"])
    assert list(worlds["world"]) == ["factual"]
    assert "without pregnancy" in worlds.attrs["notes"][-1]


def test_what_was_chosen_is_said(results: rlsabm.Study) -> None:
    answer = results.prevalence(by=["sex"], condition="dialysis", year=[2010, 2019])
    expected = {**USUAL, "condition": "dialysis", "year": [2010, 2019], "sex": ["female", "male"]}
    assert answer.attrs["selection"] == {**expected, "ages": "18 years and older"}
    assert answer.attrs["units"]["prevalence"] == "proportion"
    assert list(answer)[:2] == ["year", "sex"]
    assert results.prevalence(ages="all").attrs["selection"]["ages"] == "all ages"


def test_without_age_groups_all_ages_are_taken(study: Ran, results: rlsabm.Study) -> None:
    table = study.table("prevalence")
    whole = rlsabm.Study(
        {"prevalence": table.drop(columns="age_group")},
        arms=results.arms,
        scenario=results.scenario,
    )
    answer = whole.prevalence()
    assert answer["persons"].iloc[0] == by_hand(table, adults=False)["persons"].sum()
    assert answer.attrs["selection"]["ages"] == "all ages"


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ({"condition": "dialisis"}, ["condition", "'dialisis'", "did you mean 'dialysis'"]),
        ({"condition": "anemia"}, ["did you mean 'iron_deficiency_anaemia'"]),
        ({"arm": "no donations"}, ["arm", "did you mean 'no donation'"]),
        ({"year": 1900}, ["year: no year '1900' (the study has surveys in 2010, 2018, 2019)"]),
        ({"ages": ["all", "18-34"]}, ["ages: 'all' stands alone"]),
        ({"ages": ["adults"]}, ["ages: 'adults' stands alone"]),
        ({"sex": "all"}, ["sex: no sex 'all' (leave sex out for all together"]),
        ({"sex": "both"}, ["leave sex out"]),
        ({"parity": ["any"]}, ["leave parity out"]),
        ({"observed_as": "CHRLSq"}, ["observed_as", "did you mean 'CH-RLSq'"]),
        ({"ages": "18-35"}, ["age group", "did you mean '18-34'"]),
        ({"by": ["sexx"]}, ["'sexx'", "did you mean 'sex'"]),
        ({"by": ["biomarker"]}, ["prevalence", "'biomarker'"]),
        ({"by": ["sex", "sex"]}, ["twice"]),
        (
            {"condition": "dialysis", "world": "without pregnancy"},
            ["nothing for", "dialysis", "without pregnancy", "pregnancy, first_trimester"],
        ),
    ],
)
def test_what_cannot_be_answered(
    results: rlsabm.Study, chosen: dict[str, Any], words: list[str]
) -> None:
    with pytest.raises(UserError) as raised:
        results.prevalence(**chosen)
    assert "\n" not in str(raised.value)
    for word in words:
        assert word in str(raised.value)


def test_a_stratum_that_was_not_asked_for(study: Ran, results: rlsabm.Study) -> None:
    table = study.table("prevalence").drop(columns="parity")
    whole = rlsabm.Study({"prevalence": table}, arms=results.arms, scenario=results.scenario)
    with pytest.raises(
        UserError, match=r"sex, age_group, not by parity.*by: \[sex, age_group, parity\]"
    ):
        whole.prevalence(by=["parity"])
    with pytest.raises(UserError, match="not by parity"):
        whole.prevalence(parity="2")


def test_trend(results: rlsabm.Study) -> None:
    answer = results.trend(condition="pregnancy", by=["definition"])
    assert set(answer["year"]) == set(results.years) == {2010, 2018, 2019}
    for year, rows in answer.groupby("year"):
        alone = results.prevalence(condition="pregnancy", by=["definition"], year=int(str(year)))
        pd.testing.assert_frame_equal(rows.drop(columns="year").reset_index(drop=True), alone)
    assert list(results.trend(year=[2010, 2018])["year"]) == [2010, 2018]


# Standardised ---------------------------------------------------------------------------------------


def test_standardised_to_one_age_group(results: rlsabm.Study) -> None:
    """All weight on one age group gives its prevalence, with its interval."""
    answer = results.age_standardised(by=["arm"], standard={"35-49": 3})
    alone = results.prevalence(by=["arm"], ages="35-49")
    for column in ("prevalence", "lower", "upper"):
        np.testing.assert_allclose(answer[column], alone[column], rtol=1e-9)


def test_standardised_by_hand(study: Ran, results: rlsabm.Study) -> None:
    table = study.table("prevalence")
    everyone = by_hand(table)
    weights = everyone.groupby("age_group", observed=True)["persons"].sum()
    weights = weights / weights.sum()
    rows = by_hand(table, condition="obesity", year=2010)
    counts = rows.groupby(["draw", "age_group"], observed=True)[["cases", "persons"]].sum()
    share = (counts["cases"] / counts["persons"]).unstack()
    expected = (share * weights).sum(axis=1).mean()
    answer = results.age_standardised(condition="obesity", year=2010)
    assert answer["prevalence"].iloc[0] == pytest.approx(expected, rel=1e-12)
    assert answer.attrs["standard"] == pytest.approx(dict(weights))
    # To its own ages a population has nearly its crude prevalence: draws differ little in age.
    crude = results.prevalence()["prevalence"].iloc[0]
    assert results.age_standardised()["prevalence"].iloc[0] == pytest.approx(crude, rel=0.01)


def test_standard_error_of_a_standardised_prevalence(study: Ran, results: rlsabm.Study) -> None:
    standard = {"18-34": 0.5, "65-79": 0.5}
    answer = results.age_standardised(by=["draw", "replicate"], standard=standard)
    rows = by_hand(study.table("prevalence"), draw=1, replicate=0)
    counts = (
        rows.groupby("age_group", observed=True)[["cases", "persons"]].sum().loc[list(standard)]
    )
    p, n = counts["cases"] / counts["persons"], counts["persons"]
    error = np.sqrt((0.25 * p * (1 - p) / n).sum())
    half = (answer["upper"] - answer["lower"]).iloc[0] / 2
    assert half == pytest.approx(1.96 * error, rel=0.03)  # Wilson's is not quite that


def test_standardised_over_age_and_sex(study: Ran, results: rlsabm.Study) -> None:
    standard = {("18-34", "female"): 1, ("35-49", "male"): 1}
    answer = results.age_standardised(standard=standard, over=["age_group", "sex"])
    parts = results.prevalence(by=["sex", "age_group"]).set_index(["sex", "age_group"])[
        "prevalence"
    ]
    expected = (parts["female", "18-34"] + parts["male", "35-49"]) / 2
    assert answer["prevalence"].iloc[0] == pytest.approx(expected, rel=1e-9)
    assert answer.attrs["standard"]["18-34, female"] == 0.5


def test_an_age_without_people_cannot_be_standardised(results: rlsabm.Study) -> None:
    answer = results.age_standardised(condition="pregnancy")
    assert answer["prevalence"].isna().all()
    assert "standard" in answer.attrs["notes"][0]
    young = results.age_standardised(condition="pregnancy", standard={"18-34": 2, "35-49": 1})
    assert young["prevalence"].notna().all()


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ({"standard": "world"}, ["'world'", "study"]),
        ({"standard": {"18-35": 1}}, ["'18-35'", "18-34"]),
        ({"standard": {"0-17": 1}}, ["0-17", "ages"]),
        ({"standard": {"18-34": -1}}, ["18-34", "-1"]),
        ({"standard": {"18-34": 0}}, ["all 0"]),
        ({"by": ["age_group"]}, ["standardised over"]),
        ({"over": ["age"]}, ["'age'"]),
        ({"ages": "18-34"}, ["nothing to standardise over"]),
    ],
)
def test_standards_that_cannot_be(
    results: rlsabm.Study, chosen: dict[str, Any], words: list[str]
) -> None:
    with pytest.raises(UserError) as raised:
        results.age_standardised(**chosen)
    for word in words:
        assert word in str(raised.value)


# Incidence ------------------------------------------------------------------------------------------


def test_incidence(study: Ran, results: rlsabm.Study) -> None:
    rows = by_hand(study.table("incidence"), event="death")
    answer = results.incidence(event="death")
    assert list(answer) == ["events", "person_years", "rate_per_1000", "lower", "upper"]
    assert answer["events"].iloc[0] == rows["events"].sum()
    assert answer["person_years"].iloc[0] == pytest.approx(rows["person_years"].sum())
    by_draw = rows.groupby("draw")[["events", "person_years"]].sum()
    expected = (1000 * by_draw["events"] / by_draw["person_years"]).mean()
    assert answer["rate_per_1000"].iloc[0] == pytest.approx(expected)
    several = results.incidence(by=["arm", "sex"], event=["death", "donation"])
    assert list(several)[:3] == ["event", "arm", "sex"]
    assert not several.duplicated(["event", "arm", "sex"]).any()
    donors = by_hand(study.table("incidence"), event="donation", sex="male")
    found = several.query("event == 'donation' and arm == 'reference' and sex == 'male'")
    assert found["events"].iloc[0] == donors["events"].sum()
    with pytest.raises(UserError, match="did you mean 'death'"):
        results.incidence(event="deaths")
    with pytest.raises(UserError, match="condition"):
        results.incidence(condition="dialysi")


def test_rate_of_one_run_is_a_poisson_rate(results: rlsabm.Study) -> None:
    chi2 = pytest.importorskip("scipy.stats").chi2
    answer = results.incidence(event="death", by=["draw", "replicate"])
    x, time = answer["events"].to_numpy(float), answer["person_years"].to_numpy() / 1000
    np.testing.assert_allclose(answer["lower"], chi2.ppf(0.025, 2 * x) / 2 / time, rtol=0.01)
    np.testing.assert_allclose(answer["upper"], chi2.ppf(0.975, 2 * x + 2) / 2 / time, rtol=0.01)


def test_limits_of_rates() -> None:
    lower, upper = byar_interval(np.array([0.0, 0.0]), np.array([100.0, 0.0]))
    assert lower[0] == 0.0
    assert upper[0] == pytest.approx(0.0369, rel=0.01)  # exact: 3.689 events
    assert np.isnan([lower[1], upper[1]]).all()


def test_replicates_show_more_than_poisson() -> None:
    def width(events: list[int]) -> float:
        table = pd.DataFrame(
            {"arm": "a", "draw": 0, "replicate": range(8), "events": events, "time": 1000.0}
        )
        interval = rate(NestedCounts(table, ["arm"], ["events", "time"]), "events", "time")
        return float(interval.upper[0] - interval.lower[0])

    assert width([10, 190] * 4) > 2 * width([100, 100] * 4)


def test_rates_of_draws_differ() -> None:
    """Of many draws the interval is as wide as their rates spread."""
    events = np.linspace(80_000, 120_000, 30).round()
    table = pd.DataFrame(
        {"arm": "a", "draw": range(30), "replicate": 0, "events": events, "time": 1e6}
    )
    interval = rate(NestedCounts(table, ["arm"], ["events", "time"]), "events", "time")
    assert interval.value[0] == pytest.approx(0.1)
    width = 2 * 2.0452 * (events / 1e6).std(ddof=1)  # Student's t with 29 degrees of freedom
    assert interval.upper[0] - interval.lower[0] == pytest.approx(width, rel=0.05)


# Biomarkers -----------------------------------------------------------------------------------------


def test_mean_of_a_biomarker_is_that_of_the_people(study: Ran, results: rlsabm.Study) -> None:
    persons = study.table("persons")
    chosen = (persons["arm"] == "reference") & (persons["world"] == "factual")
    chosen &= (persons["year"] == 2019) & (persons["age"] >= 18)
    people = persons[chosen]
    answer = results.biomarkers(
        biomarker="ferritin_ug_per_l", observed_as="measured", by=["draw", "sex"]
    )
    values = people.groupby(["draw", "sex"], observed=True)["serum_ferritin_ug_per_l"]
    np.testing.assert_allclose(answer["mean"], values.mean(), rtol=1e-9)
    np.testing.assert_allclose(answer["sd"], values.std(), rtol=1e-9)
    geometric = np.exp(values.agg(lambda x: np.log(x).mean()))
    np.testing.assert_allclose(answer["geometric_mean"], geometric, rtol=1e-9)
    assert list(answer["persons"]) == list(values.size())


def test_percentiles_are_not_added_up(study: Ran, results: rlsabm.Study) -> None:
    table = study.table("biomarkers")
    table = table[~table["sex"].isin(["all"]) & ~table["age_group"].isin(["all", "all adults"])]
    cells = rlsabm.Study({"biomarkers": table}, arms=results.arms, scenario=results.scenario)
    whole = cells.biomarkers(biomarker="haemoglobin_g_per_l", by=["sex"])
    assert whole["p50"].isna().all()
    assert "percentiles" in whole.attrs["notes"][0]
    each = cells.biomarkers(biomarker="haemoglobin_g_per_l", by=["sex", "age_group"])
    rows = by_hand(table, biomarker="haemoglobin_g_per_l")
    expected = rows.groupby(["sex", "age_group"], observed=True)["p50"].mean()
    np.testing.assert_allclose(each["p50"], expected, rtol=1e-12)


def test_totals_of_biomarkers_are_taken_where_there_are_any(
    study: Ran, results: rlsabm.Study
) -> None:
    table = by_hand(study.table("biomarkers"), biomarker="ferritin_ug_per_l")
    table = table[~table["sex"].isin(["all"]) & ~table["age_group"].isin(["all", "all adults"])]
    total = table.groupby(["draw", "replicate"]).head(1).astype({"sex": str, "age_group": str})
    total = total.assign(sex="all", age_group="all adults", persons=7, mean=3.0, p50=2.0)
    both = pd.concat([table.astype({"sex": str, "age_group": str}), total])
    for column, words in (("sex", ["female", "male", "all"]), ("age_group", None)):
        words = words or [*table["age_group"].cat.categories, "all adults"]
        both[column] = pd.Categorical(both[column], list(dict.fromkeys(words)), ordered=True)
    mixed = rlsabm.Study({"biomarkers": both}, arms=results.arms, scenario=results.scenario)
    answer = mixed.biomarkers()
    assert list(answer["persons"]) == [28]
    assert list(answer["p50"]) == [2.0]
    each = mixed.biomarkers(by=["sex", "age_group"])
    assert each["persons"].sum() == table["persons"].sum()
    women = mixed.biomarkers(sex="female")
    assert women["persons"].iloc[0] == table[table["sex"] == "female"]["persons"].sum()
    assert mixed.biomarkers(ages="all")["persons"].iloc[0] == table["persons"].sum()


# Estimates ------------------------------------------------------------------------------------------


def test_shifts(study: Ran, results: rlsabm.Study) -> None:
    table = study.table("shifts")
    totals = {"sex": "all", "age_group": "all adults", "parity": "all"}
    answer = results.shifts(condition="pregnancy", estimate="caused_shift")
    chosen = {"world": "without pregnancy", "condition": "pregnancy", "estimate": "caused_shift"}
    expected = of_adults(table, **totals, **chosen)
    assert len(answer) == len(expected) == 1
    for column in ("value", "lower", "upper", "persons", "cases", "draws"):
        np.testing.assert_equal(answer[column].iloc[0], expected[column].iloc[0])
    whole = results.shifts()
    assert set(whole["estimate"]) == {"observed_shift", "caused_shift"}
    assert not whole.duplicated(["condition", "estimate"]).any()
    women = results.shifts(condition="obesity", estimate="caused_shift", by=["sex"])
    assert list(women["sex"]) == ["female", "male"]
    arms = results.shifts(condition="obesity", estimate="caused_shift", by=["arm", "year"])
    assert len(arms) == 9
    ages = results.shifts(condition="obesity", estimate="observed_shift", by=["sex", "age_group"])
    assert len(ages) == 10


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ({"estimate": "caused"}, ["did you mean 'caused_shift'"]),
        (
            {"estimate": "caused_shift", "condition": "menstruating_women"},
            ["nothing for", "menstruating_women", "observed_shift"],
        ),
        ({"by": ["sex", "parity"]}, ["one stratum at a time"]),
        ({"ages": "all"}, ["of adults"]),
    ],
)
def test_shifts_that_there_are_not(
    results: rlsabm.Study, chosen: dict[str, Any], words: list[str]
) -> None:
    with pytest.raises(UserError) as raised:
        results.shifts(**chosen)
    for word in words:
        assert word in str(raised.value)


def test_postulates(study: Ran, results: rlsabm.Study) -> None:
    answer = results.postulates(postulate="P2")
    expected = of_adults(study.table("postulates"), sex="all", postulate="P2")
    np.testing.assert_array_equal(answer["value"], expected["value"])
    assert list(answer["part"]) == ["precipitated", "constitutional", "not_iron"]
    first = results.postulates(postulate="P1", condition="pregnancy", part="caused_shift")
    shift = results.shifts(condition="pregnancy", estimate="caused_shift")
    assert first["value"].iloc[0] == shift["value"].iloc[0]
    with pytest.raises(UserError, match="pregnancy"):
        results.postulates(postulate="P1")


# The study itself -----------------------------------------------------------------------------------


def test_a_table_is_of_ones_own(results: rlsabm.Study) -> None:
    table = results.table("prevalence")
    table["cases"] = 0
    assert results.table("prevalence")["cases"].sum() > 0
    assert table.attrs["units"]["persons"] == "persons"


@pytest.mark.parametrize(
    ("name", "word"),
    [("prevalance", "did you mean 'prevalence'"), ("postulates", r"shifts: \{postulates: true\}")],
)
def test_a_table_that_there_is_not(results: rlsabm.Study, name: str, word: str) -> None:
    tables = {"prevalence": results.table("prevalence")}
    bare = rlsabm.Study(tables, arms=results.arms, scenario=results.scenario)
    with pytest.raises(UserError, match=word):
        bare.table(name)


def test_at_a_glance(results: rlsabm.Study) -> None:
    said, html = repr(results), results._repr_html_()
    for text in (said, html):
        assert "A small study with everything" in text
        assert "no donation" in text
        assert "18 years and older, 2019" in text
    odd = rlsabm.Study(
        {}, arms=["reference"], scenario={**results.scenario, "title": "a < b"}, missing="all of it"
    )
    assert "all of it" in repr(odd)
    assert "a &lt; b" in odd._repr_html_()
    assert "everyone" in results.conditions
    assert results.arms == ["reference", "nothing changed", "no donation"]
