"""Registries: pairs of kin and how alike they are, and autopsies of those who died."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import Study
from observed_tools import observed
from scipy.stats import multivariate_normal, norm

from rlsabm import chance
from rlsabm.conventions import FEMALE, LONG_AGO, MALE, NEVER
from rlsabm.events import EVENT
from rlsabm.inputs import with_key
from rlsabm.life.birth import DIZYGOTIC, MONOZYGOTIC
from rlsabm.measuring.assays import SCAN
from rlsabm.measuring.autopsy import dissect
from rlsabm.measuring.cases import DEFINITIONS, RECALLS
from rlsabm.observe.kin import OF_PARENTS, PAIR_SEXES, RELATIONS, find_kin, pair_sexes
from rlsabm.observe.survey import Survey, survey_month, take_survey
from rlsabm.person import BODY, LIFE, newborn_records
from rlsabm.population import Population
from rlsabm.results.contents import Contents
from rlsabm.results.observed import FOLLOW_UP_MONTHS, Observed, follow_up_of
from rlsabm.results.tables.autopsies import QUANTITIES, summarise_autopsies
from rlsabm.results.tables.kin import KIN_ESTIMATES, estimate_kin
from rlsabm.results.tables.kin_counts import KIN_COUNTS, KIN_SEXES, count_kin
from rlsabm.results.tetrachoric import tetrachoric
from rlsabm.setting import Setting, make_setting

YEAR = 2019
MONTH = survey_month(YEAR)
KEY = np.uint64(41)
STRUCTURAL, EXCHANGEABLE = QUANTITIES
KEYS = ["relation", "sex", "definition", "recall", "observed_as"]


def frame(counts: dict[str, Any], *, draw: int = 0, replicate: int = 0) -> pd.DataFrame:
    """Counts of a run as the study hands them to the estimates: categories in words."""
    words = {
        "relation": list(RELATIONS),
        "sex": list(KIN_SEXES),
        "definition": list(DEFINITIONS),
        "recall": list(RECALLS),
        "observed_as": ["truth"],
    }
    columns = {
        name: pd.Categorical.from_codes(values, pd.Index(words[name]), ordered=True)
        if name in words
        else values
        for name, values in counts.items()
    }
    return pd.DataFrame(columns).assign(draw=draw, replicate=replicate)


def table_of(rows: list[tuple[str, str, int, int, int, int]], *, draw: int = 0) -> pd.DataFrame:
    """Counts of one definition, from relation, sex, pairs, both, first only, second only."""
    columns = ["relation", "sex", *KIN_COUNTS]
    return pd.DataFrame(rows, columns=columns).assign(
        definition="any", recall="current", observed_as="truth", draw=draw, replicate=0
    )


def survey_of(setting: Setting, lives: Any, bodies: Any) -> Survey:
    """A survey of all these people."""
    p = with_key(setting.inputs, int(KEY))
    return Survey(setting, p, YEAR, MONTH, np.arange(len(lives)), lives, bodies)


@pytest.fixture(scope="module")
def setting() -> Setting:
    """Twins twenty times as often as they are, so that few people have many of them."""
    return make_setting(
        size=20_000,
        survey_years=(YEAR,),
        parameters={"monozygotic_share": 0.05, "dizygotic_share": 0.05},
    )


@pytest.fixture(scope="module")
def grown(setting: Setting) -> tuple[Survey, Population]:
    """A survey, and its population after the year that follows."""
    population = Population(setting, key=20_19, threads=2)
    population.advance(MONTH)
    survey = take_survey(
        setting, population.lives, population.bodies, year=YEAR, p=population.inputs
    )
    population.advance(MONTH + FOLLOW_UP_MONTHS)
    return survey, population


@pytest.fixture(scope="module")
def seen(grown: tuple[Survey, Population]) -> Observed:
    survey, _ = grown
    return observed(survey)


# Pairs ---------------------------------------------------------------------------------------------

MOTHER, FATHER, OTHER_MOTHER, OTHER_FATHER = 10, 11, 12, 13


def family() -> Any:
    """Two couples who exchange partners once, with twins of both kinds and two fatherless children."""
    people = [
        # uid, mother, father, birth order, twin, sex
        (MOTHER, 0, 0, 0, 0, FEMALE),
        (FATHER, 0, 0, 0, 0, MALE),
        (OTHER_MOTHER, 0, 0, 0, 0, FEMALE),
        (OTHER_FATHER, 0, 0, 0, 0, MALE),
        (25, MOTHER, FATHER, 1, MONOZYGOTIC, FEMALE),
        (21, MOTHER, FATHER, 1, MONOZYGOTIC, FEMALE),
        (22, MOTHER, FATHER, 2, 0, MALE),
        (23, MOTHER, OTHER_FATHER, 3, 0, MALE),
        (31, OTHER_MOTHER, FATHER, 1, DIZYGOTIC, FEMALE),
        (32, OTHER_MOTHER, FATHER, 1, DIZYGOTIC, MALE),
        # Fathers who are no men of the population are two men.
        (41, OTHER_MOTHER, 0, 2, 0, FEMALE),
        (42, OTHER_MOTHER, 0, 3, 0, MALE),
        # A twin alone, of parents who are not among the people.
        (51, 99, 98, 1, MONOZYGOTIC, FEMALE),
        (52, 99, 98, 2, 0, MALE),
    ]
    lives = newborn_records(LIFE, len(people))
    for life, person in zip(lives, people, strict=True):
        life.uid, life.mother, life.father, life.birth_order, life.twin, life.sex = person
        life.birth_month = MONTH - 12 * 40
        life.death_month = NEVER
    return lives


def test_pairs_of_a_family() -> None:
    lives = family()
    found = {
        relation: sorted(
            zip(
                lives["uid"][pairs.first].tolist(),
                lives["uid"][pairs.second].tolist(),
                strict=True,
            )
        )
        for relation, pairs in find_kin(lives).items()
    }
    assert list(found) == list(RELATIONS)
    assert found == {
        "monozygotic_twins": [(21, 25)],
        "dizygotic_twins": [(31, 32)],
        "full_siblings": [(21, 22), (22, 25), (51, 52)],
        "half_siblings": [
            *[(21, 23), (21, 31), (21, 32), (22, 23), (22, 31), (22, 32), (23, 25)],
            *[(25, 31), (25, 32), (31, 41), (31, 42), (32, 41), (32, 42), (41, 42)],
        ],
        "mother_and_child": [
            *[(MOTHER, child) for child in (21, 22, 23, 25)],
            *[(OTHER_MOTHER, child) for child in (31, 32, 41, 42)],
        ],
        "father_and_child": [
            *[(FATHER, child) for child in (21, 22, 25, 31, 32)],
            (OTHER_FATHER, 23),
        ],
    }


def test_order_of_rows_does_not_matter() -> None:
    lives = family()
    mixed = lives[np.random.default_rng(1).permutation(len(lives))]
    for relation, pairs in find_kin(lives).items():
        other = find_kin(mixed)[relation]
        one = {(lives["uid"][a], lives["uid"][b]) for a, b in zip(*pairs, strict=True)}
        two = {(mixed["uid"][a], mixed["uid"][b]) for a, b in zip(*other, strict=True)}
        assert one == two
        assert len(one) == len(pairs) == len(other)


def test_sexes_of_pairs() -> None:
    lives = family()
    kin = find_kin(lives)
    words = {
        relation: {PAIR_SEXES[place] for place in pair_sexes(lives["sex"], pairs)}
        for relation, pairs in kin.items()
    }
    assert words["monozygotic_twins"] == {"women"}
    assert words["dizygotic_twins"] == {"mixed"}
    assert words["half_siblings"] == {"women", "men", "mixed"}
    assert words["mother_and_child"] == {"women", "mixed"}
    assert words["father_and_child"] == {"men", "mixed"}


@pytest.mark.parametrize("people", [0, 1, 3])
def test_people_without_kin(people: int) -> None:
    lives = newborn_records(LIFE, people)
    lives["uid"] = np.arange(1, people + 1)
    assert all(len(pairs) == 0 for pairs in find_kin(lives).values())


def test_large_families_have_all_pairs() -> None:
    lives = newborn_records(LIFE, 301)
    lives["uid"] = np.arange(1, 302)
    lives["mother"][1:] = 1
    lives["birth_order"][1:] = np.arange(300) % 251
    lives["father"][1:] = 777
    kin = find_kin(lives)
    assert len(kin["mother_and_child"]) == 300
    # Of 49 birth orders there are two, not marked as twins.
    assert len(kin["full_siblings"]) == 300 * 299 // 2 - 49


def test_kin_of_a_population(grown: tuple[Survey, Population]) -> None:
    lives = grown[0].lives
    kin = find_kin(lives)
    pairs = np.concatenate(
        [np.stack([np.minimum(*p), np.maximum(*p)], axis=1) for p in kin.values()]
    )
    assert len(np.unique(pairs, axis=0)) == len(pairs)
    for relation, (first, second) in kin.items():
        assert len(first) > 100, relation
        one, other = lives[first], lives[second]
        if relation in OF_PARENTS:
            parent, sex = relation.split("_")[0], FEMALE if "mother" in relation else MALE
            assert (other[parent] == one["uid"]).all()
            assert (one["sex"] == sex).all()
        else:
            assert (one["uid"] < other["uid"]).all()
            shared = (one["mother"] == other["mother"]).astype(int)
            shared += one["father"] == other["father"]
            if relation == "half_siblings":
                alike_but_unknown = (one["father"] == 0) & (other["father"] == 0)
                assert (shared - alike_but_unknown == 1).all()
            else:
                assert (shared == 2).all()
            together = one["birth_month"] == other["birth_month"]
            if "twins" in relation:
                assert together.all()
            elif relation == "full_siblings":
                assert not together.any()
    first, second = kin["monozygotic_twins"]
    for field in ("sex", "maternal_alleles", "paternal_alleles"):
        assert (lives[field][first] == lives[field][second]).all()
    first, second = kin["dizygotic_twins"]
    assert 0.4 < (lives["sex"][first] == lives["sex"][second]).mean() < 0.6


# Counts --------------------------------------------------------------------------------------------


def test_counts_of_a_family(setting: Setting) -> None:
    lives = family()
    lives["birth_month"][lives["uid"] == 31] = MONTH - 12 * 17
    bodies = newborn_records(BODY, len(lives))
    for field in ("rls_last_month", "weekly_last_month", "significant_last_month"):
        bodies[field] = LONG_AGO
    ill = np.isin(lives["uid"], [MOTHER, 21, 25, 41])
    bodies["rls_last_month"][ill] = MONTH - 5
    bodies["rls_last_month"][lives["uid"] == 21] = MONTH
    survey = survey_of(setting, lives, bodies)
    counts = frame(count_kin(observed(survey))).set_index(KEYS)[list(KIN_COUNTS)]

    def row(relation: str, sex: str, definition: str, recall: str) -> tuple[int, ...]:
        return tuple(counts.loc[(relation, sex, definition, recall, "truth")])

    assert row("monozygotic_twins", "women", "any", "past_year") == (1, 1, 0, 0)
    assert row("monozygotic_twins", "all", "any", "current") == (1, 0, 1, 0)
    assert row("monozygotic_twins", "all", "weekly", "past_year") == (1, 0, 0, 0)
    assert row("full_siblings", "mixed", "any", "past_year") == (3, 0, 2, 0)
    assert row("mother_and_child", "women", "any", "past_year") == (3, 2, 0, 1)
    assert row("mother_and_child", "all", "any", "past_year") == (7, 2, 2, 1)
    # The girl of 17 has no pairs, her twin none with her.
    assert "dizygotic_twins" not in counts.index.get_level_values("relation")


def test_counts_add_up(seen: Observed) -> None:
    counts = frame(count_kin(seen))
    assert not counts.duplicated(KEYS).any()
    assert (counts[list(KIN_COUNTS)] >= 0).all(axis=None)
    assert (counts[["both", "first_only", "second_only"]].sum(axis=1) <= counts["pairs"]).all()
    by_sex = counts.pivot(index=KEYS[:1] + KEYS[2:], columns="sex", values=list(KIN_COUNTS))
    for name in KIN_COUNTS:
        parts = by_sex[name][list(PAIR_SEXES)].fillna(0).sum(axis=1)
        assert (parts == by_sex[name]["all"]).all()
    adults = seen.survey.age >= 18
    for relation, pairs in find_kin(seen.survey.lives).items():
        wanted = (adults[pairs.first] & adults[pairs.second]).sum()
        rows = counts[(counts["relation"] == relation) & (counts["sex"] == "all")]
        assert (rows["pairs"] == wanted).all()
        assert len(rows) == len(DEFINITIONS) * len(RECALLS)
    wide = counts.pivot(index=[*KEYS[:2], *KEYS[3:]], columns="definition", values="both")
    assert (wide["weekly"] <= wide["any"]).all()
    mono = counts[counts["relation"] == "monozygotic_twins"]
    assert "mixed" not in set(mono["sex"])


# Tetrachoric correlation ---------------------------------------------------------------------------


@pytest.mark.parametrize("rho", [-0.5, -0.2, 0.0, 0.2, 0.6, 0.95])
@pytest.mark.parametrize(("first", "second"), [(0.1, 0.1), (0.02, 0.3), (0.5, 0.07), (0.9, 0.6)])
def test_tetrachoric_correlation_is_scipys(rho: float, first: float, second: float) -> None:
    """Tables as two normal liabilities give them have their correlation."""
    limits = norm.ppf([first, second])
    both = multivariate_normal.cdf(limits, cov=[[1.0, rho], [rho, 1.0]], abseps=1e-13)
    cells = [np.array([share]) for share in (both, first - both, second - both)]
    found = tetrachoric(*cells, np.ones(1), interchangeable=False)
    np.testing.assert_allclose(found.value, rho, atol=1e-6)


def test_tetrachoric_variance_is_that_of_many_tables() -> None:
    """Standard errors by the delta method are the spread of tables drawn by chance."""
    rng = np.random.default_rng(3)
    for rho, first, second in ((0.3, 0.1, 0.1), (0.5, 0.1, 0.25), (-0.2, 0.3, 0.3)):
        both = multivariate_normal.cdf(norm.ppf([first, second]), cov=[[1.0, rho], [rho, 1.0]])
        shares = [both, first - both, second - both, 1.0 - first - second + both]
        tables = rng.multinomial(4_000, shares, size=3_000).astype(float).T
        pairs = np.full(3_000, 4_000.0)
        for interchangeable in {False, first == second}:
            found = tetrachoric(*tables[:3], pairs, interchangeable=interchangeable)
            assert abs(found.value.mean() - rho) < 0.01
            np.testing.assert_allclose(np.sqrt(found.variance.mean()), found.value.std(), rtol=0.06)


def test_tetrachoric_of_siblings_does_not_depend_on_their_order() -> None:
    one = tetrachoric(
        np.array([20.0]), np.array([70.0]), np.array([10.0]), np.array([500.0]),
        interchangeable=True,
    )  # fmt: skip
    other = tetrachoric(
        np.array([20.0]), np.array([40.0]), np.array([40.0]), np.array([500.0]),
        interchangeable=False,
    )  # fmt: skip
    np.testing.assert_allclose(one.value, other.value)
    np.testing.assert_allclose(one.variance, other.variance)


def test_tetrachoric_of_tables_that_say_little() -> None:
    both, first, second, pairs = np.array(
        [
            [0, 5, 5, 100],  # no pair concordant
            [5, 0, 0, 100],  # none discordant
            [0, 0, 0, 100],  # nobody ill
            [50, 0, 0, 50],  # everybody ill
            [0, 0, 0, 0],  # no pairs
        ],
        dtype=float,
    ).T
    for interchangeable in (True, False):
        found = tetrachoric(both, first, second, pairs, interchangeable=interchangeable)
        assert (np.abs(found.value[:2]) < 1.0).all()
        assert found.value[0] < 0.5 < found.value[1]
        assert np.isfinite(found.variance[:2]).all()
        assert np.isnan(found.value[2:]).all()
        assert np.isnan(found.variance[2:]).all()


# Estimates -----------------------------------------------------------------------------------------


def test_estimates_of_hand_made_tables() -> None:
    counts = table_of(
        [
            ("monozygotic_twins", "all", 200, 30, 12, 8),
            ("dizygotic_twins", "all", 300, 20, 30, 30),
            ("mother_and_child", "all", 1_000, 40, 160, 60),
        ]
    )
    found = estimate_kin(counts)
    values = found.set_index(["relation", "estimate"])["value"]
    assert values["monozygotic_twins", "prevalence"] == pytest.approx(80 / 400)
    assert values["monozygotic_twins", "concordance"] == pytest.approx(60 / 80)
    assert values["monozygotic_twins", "recurrence_ratio"] == pytest.approx(60 / 80 / 0.2)
    assert values["mother_and_child", "prevalence"] == pytest.approx(300 / 2_000)
    assert values["mother_and_child", "prevalence_of_relatives"] == pytest.approx(0.1)
    assert values["mother_and_child", "concordance"] == pytest.approx(0.2)
    assert values["mother_and_child", "recurrence_ratio"] == pytest.approx(2.0)
    mono, di = (
        values[f"{kind}zygotic_twins", "tetrachoric_correlation"] for kind in ("mono", "di")
    )
    assert values["twins", "heritability_falconer"] == pytest.approx(2.0 * (mono - di))
    twins = found[found["relation"] == "twins"].iloc[0]
    assert (twins["pairs"], twins["both"], twins["draws"]) == (500, 50, 1)
    errors = found.set_index(["relation", "estimate"])["monte_carlo_error"]
    assert errors["mother_and_child", "concordance"] == pytest.approx(np.sqrt(0.2 * 0.8 / 200))
    assert (found["lower"] < found["value"]).all()
    assert (found["value"] < found["upper"]).all()
    assert found["parameter_sd"].isna().all()
    assert list(found["estimate"].cat.categories) == list(KIN_ESTIMATES)


def test_errors_are_the_spread_of_many_tables() -> None:
    rng = np.random.default_rng(5)
    tables = rng.multinomial(1_500, [0.03, 0.07, 0.09, 0.81], size=400)
    counts = table_of(
        [
            (relation, "all", 1_500, *(int(count) for count in table[:3]))
            for relation in ("full_siblings", "father_and_child")
            for table in tables
        ]
    ).assign(draw=np.tile(np.arange(400), 2))
    many = estimate_kin(counts)
    assert (many["draws"] == 400).all()
    # Draws differ by chance only, so that no spread is left for parameters.
    of_draws = many["monte_carlo_error"] * np.sqrt(400)
    one = estimate_kin(counts[counts["draw"] == 0])
    assert (many["parameter_sd"] < 0.4 * of_draws).all()
    np.testing.assert_allclose(of_draws, one["monte_carlo_error"], rtol=0.25)


def test_replicates_add_up_and_draws_are_compared() -> None:
    rows = [("full_siblings", "men", 400, 10, 20, 24)]
    whole = estimate_kin(table_of([("full_siblings", "men", 800, 20, 40, 48)]))
    halves = estimate_kin(pd.concat([table_of(rows), table_of(rows).assign(replicate=1)]))
    pd.testing.assert_frame_equal(whole, halves)
    other = table_of([("full_siblings", "men", 400, 80, 20, 24)], draw=1)
    draws = estimate_kin(pd.concat([table_of(rows), other]))
    assert (draws["draws"] == 2).all()
    assert (draws.set_index("estimate")["parameter_sd"][["prevalence", "concordance"]] > 0.1).all()
    assert (draws["pairs"] == 800).all()


def test_estimates_without_pairs() -> None:
    assert len(estimate_kin(table_of([]).astype(dict.fromkeys(KIN_COUNTS, int)))) == 0


def test_closer_kin_are_more_alike(seen: Observed) -> None:
    found = estimate_kin(frame(count_kin(seen)))
    chosen = found.query("definition == 'any' and recall == 'past_year' and sex == 'all'")
    table = chosen.pivot(index="relation", columns="estimate", values="value")
    concordance = table["concordance"]
    assert concordance["monozygotic_twins"] > concordance["dizygotic_twins"] + 0.02
    assert concordance["dizygotic_twins"] > table["prevalence"]["dizygotic_twins"]
    assert table.loc[list(RELATIONS), "recurrence_ratio"].gt(1.0).all()
    correlation = table["tetrachoric_correlation"]
    assert 0.2 < correlation["monozygotic_twins"] < 0.9
    assert correlation["full_siblings"] > correlation["half_siblings"]
    assert -0.2 < table["heritability_falconer"]["twins"] < 1.2
    assert found["value"].notna().all()
    assert found["lower"].le(found["value"]).all()
    assert found["value"].le(found["upper"]).all()


# Autopsies -----------------------------------------------------------------------------------------


def the_dead(setting: Setting) -> tuple[Survey, Any, Any]:
    """A survey of seven, and records a year later: two women and two men have died, and a stranger."""
    lives = newborn_records(LIFE, 7)
    lives["uid"] = np.arange(101, 108)
    lives["sex"] = [FEMALE, FEMALE, FEMALE, MALE, MALE, MALE, FEMALE]
    lives["birth_month"] = MONTH - 12 * 70 - 6
    lives["death_month"] = NEVER
    bodies = newborn_records(BODY, 7)
    bodies["rls_last_month"] = [MONTH, MONTH - 11, MONTH - 12, LONG_AGO, MONTH, MONTH, MONTH]
    survey = survey_of(setting, lives, bodies)
    later, then = np.roll(lives, 2), np.roll(bodies, 2)
    stranger = newborn_records(LIFE, 1)
    stranger["uid"], stranger["death_month"] = 999, MONTH + 3
    later, then = (
        np.concatenate([later, stranger]),
        np.concatenate([then, newborn_records(BODY, 1)]),
    )
    for uid, month, structural, exchangeable in (
        (101, MONTH + 1, 0.5, 0.6),
        (102, MONTH + 12, 0.7, 0.8),
        (104, MONTH + 6, 1.0, 1.1),
        # Too late for the follow-up.
        (105, MONTH + 13, 9.0, 9.0),
    ):
        row = later["uid"] == uid
        later["death_month"][row] = month
        then["cns_iron_structural"][row] = structural
        then["cns_iron_exchangeable"][row] = exchangeable
        # What has been since the survey does not make somebody a case.
        then["rls_last_month"][row] = month
    return survey, later, then


def autopsies(survey: Survey, lives: Any, bodies: Any) -> Contents:
    """Autopsies of a population a year after a survey."""
    events = np.zeros(0, dtype=EVENT)
    return summarise_autopsies(
        observed(survey, follow_up=follow_up_of(survey, events, lives, bodies))
    )


def test_autopsies_of_some(setting: Setting) -> None:
    survey, lives, bodies = the_dead(setting)
    table = pd.DataFrame(autopsies(survey, lives, bodies))
    assert list(table.columns) == ["sex", "rls", "observed_as", "quantity", "persons", "mean", "sd"]
    assert len(table) == 2 * 3
    rows = table.set_index(["sex", "rls", "observed_as", "quantity"])
    norm_of = setting.inputs.structural_pool_norm
    # One died at 70, the other at 71.
    women = np.array([0.5 / norm_of[70], 0.7 / norm_of[71]])
    row = rows.loc[("female", True, "truth", STRUCTURAL)]
    assert row["persons"] == 2
    assert row["mean"] == pytest.approx(women.mean(), rel=1e-6)
    assert row["sd"] == pytest.approx(women.std(ddof=1), rel=1e-6)
    assert rows.loc[("female", True, "truth", EXCHANGEABLE), "mean"] == pytest.approx(0.7, rel=1e-6)
    man = rows.loc[("male", False, "truth", STRUCTURAL)]
    assert man["persons"] == 1
    assert np.isnan(man["sd"])
    noise = chance.normal(chance.at(KEY, np.uint64(104), MONTH + 6, SCAN)[1])
    measured = rows.loc[("male", False, "measured", STRUCTURAL), "mean"]
    assert measured == pytest.approx(man["mean"] * (1.0 + setting.inputs.autopsy_cv * noise))
    assert measured != man["mean"]


def test_no_autopsies(setting: Setting) -> None:
    survey, lives, bodies = the_dead(setting)
    lives["death_month"] = NEVER
    table = autopsies(survey, lives, bodies)
    assert all(len(values) == 0 for values in table.values())
    assert table["rls"].dtype == np.bool_
    assert table["mean"].dtype == np.float64


def test_noise_of_a_pathologist(setting: Setting) -> None:
    lives, bodies = newborn_records(LIFE, 20_000), newborn_records(BODY, 20_000)
    lives["uid"] = np.arange(1, 20_001)
    lives["birth_month"], lives["death_month"] = MONTH - 12 * 130, MONTH
    bodies["cns_iron_structural"], bodies["cns_iron_exchangeable"] = 1.5, 0.9
    found = dissect(lives, bodies, with_key(setting.inputs, int(KEY)))
    # The oldest are as old as the tables reach.
    np.testing.assert_allclose(
        found["cns_iron_structural"], 1.5 / setting.inputs.structural_pool_norm[-1], rtol=1e-6
    )
    noise = found["measured_cns_iron_structural"] / found["cns_iron_structural"] - 1.0
    assert abs(noise.mean()) < 0.003
    assert noise.std() == pytest.approx(setting.inputs.autopsy_cv, rel=0.03)
    np.testing.assert_allclose(found["cns_iron_exchangeable"], 0.9, rtol=1e-6)


def test_all_the_dead_are_found(grown: tuple[Survey, Population]) -> None:
    """Nobody who died in the follow-up has been forgotten when it ends."""
    survey, population = grown
    lives = population.lives
    table = pd.DataFrame(autopsies(survey, lives, population.bodies))
    alive = np.isin(survey.lives["uid"], lives["uid"][lives["death_month"] == NEVER])
    for quantity in QUANTITIES:
        rows = table[(table["quantity"] == quantity) & (table["observed_as"] == "truth")]
        assert rows["persons"].sum() == (~alive).sum() > 50
        assert rows["mean"].between(0.3, 2.0).all()


# The study -----------------------------------------------------------------------------------------


def test_tables_of_a_study(study: Study) -> None:
    counts, kin = study.table("kin_counts"), study.table("kin")
    keys = ["arm", "year", *KEYS]
    assert not counts.duplicated([*keys, "draw", "replicate"]).any()
    assert not kin.duplicated([*keys, "estimate"]).any()
    assert set(kin["arm"].cat.categories) == {"reference", "nothing changed", "no donation"}
    assert (kin["draws"] == 2).all()
    sums = counts.groupby(keys, observed=True)[["pairs", "both"]].sum()
    prevalence = kin[kin["estimate"] == "prevalence"].set_index(keys)[["pairs", "both"]]
    pd.testing.assert_frame_equal(
        prevalence.sort_index(), sums.sort_index(), check_dtype=False, check_categorical=False
    )
    assert kin["value"].notna().all()
    assert kin[["lower", "upper"]].isna().all(axis=None), "of two draws"
    correlations = kin[kin["estimate"] == "tetrachoric_correlation"]
    assert correlations["value"].abs().le(1.0).all()

    autopsies = study.table("autopsies")
    units = ["arm", "draw", "replicate", "year"]
    of_iron = autopsies.query("observed_as == 'truth' and quantity == 'cns_iron_structural'")
    deaths = study.table("incidence").query("event == 'death' and condition == 'everyone'")
    pd.testing.assert_series_equal(
        of_iron.groupby(units, observed=True)["persons"].sum(),
        deaths.groupby(units, observed=True)["events"].sum(),
        check_names=False,
    )
