"""Figures of a study: their numbers are those of the tables, and they say so in words, too."""

from __future__ import annotations

import builtins
import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import Study

import rlsabm
from rlsabm import plots
from rlsabm.errors import UserError
from rlsabm.plots.themes import THEMES
from rlsabm.results.arm_counts import Choice
from rlsabm.results.comparing import compare
from rlsabm.results.sources import source_of
from rlsabm.results.summary import adult_estimates, with_limits_to_show

SCORECARD_ROWS = {"validation": plots.validation, "calibration": plots.calibration}


@pytest.fixture(scope="module")
def read(study: Study) -> rlsabm.Study:
    return rlsabm.read(study.folder)


def values_in(chart: Any) -> list[dict[str, Any]]:
    """All rows of data that a figure holds."""
    spec = chart.to_dict()
    return [row for rows in spec["datasets"].values() for row in rows]


def drawn_in(chart: Any, column: str = "value") -> set[float]:
    return {round(row[column], 9) for row in values_in(chart) if row.get(column) is not None}


# Numbers ------------------------------------------------------------------------------------------


def test_forest_numbers_are_those_of_shifts(read: rlsabm.Study) -> None:
    numbers = plots.forest_numbers(read)
    table = with_limits_to_show(
        adult_estimates(read.table("shifts"), arm="reference", year=2019, definition="any")
    )
    table = table.assign(**{name: table[name].astype(str) for name in ("condition", "estimate")})
    both = numbers.merge(table, on=["condition", "estimate"], suffixes=("", "_table"))
    assert len(both) == len(numbers) > 6
    for name in ("value", "lower", "upper", "persons"):
        np.testing.assert_array_equal(both[name], both[f"{name}_table"])
    assert set(numbers["estimate"]) == {"observed_shift", "caused_shift", "iron_mediated_shift"}
    caused = numbers[numbers["estimate"] == "caused_shift"]["value"]
    assert caused.is_monotonic_decreasing
    assert {"pregnancy", "blood_donation", "obesity"} <= set(numbers["condition"])
    assert "third_trimester" not in set(numbers["condition"])


def test_a_forest_draws_its_numbers(read: rlsabm.Study) -> None:
    numbers = plots.forest_numbers(read)
    chart = plots.forest(read)
    wanted = {round(100.0 * value, 9) for value in numbers["value"]}
    assert wanted <= drawn_in(chart) <= wanted | {0.0}
    description = chart.to_dict()["description"]
    assert numbers["label"].iloc[0] in description


def test_a_forest_of_chosen_conditions(read: rlsabm.Study) -> None:
    numbers = plots.forest_numbers(read, conditions=["obesity"], definition="significant")
    assert set(numbers["condition"]) == {"obesity"}
    with pytest.raises(UserError, match="no condition 'obesety'; did you mean 'obesity'"):
        plots.forest_numbers(read, conditions="obesety")


@pytest.mark.parametrize("by", [["age_group", "sex"], ["sex"], ["condition"], ["parity"]])
def test_prevalence_numbers_are_those_of_the_study(read: rlsabm.Study, by: list[str]) -> None:
    ages = "all" if "age_group" in by else "adults"
    numbers = plots.prevalence_numbers(read, by=by)
    wanted = read.prevalence(by=by, ages=ages).query("persons > 0")
    both = numbers.merge(wanted, on=by, suffixes=("", "_wanted"))
    assert len(both) == len(numbers) == len(wanted)
    for name in ("cases", "persons", "prevalence"):
        np.testing.assert_allclose(both[name], both[f"{name}_wanted"], rtol=1e-12)
    drawn = drawn_in(plots.prevalence(read, by=by))
    assert drawn == {round(100.0 * value, 9) for value in numbers["prevalence"]}


def test_limits_are_of_chance_where_draws_are_few(read: rlsabm.Study) -> None:
    """Two draws give no interval in tables; figures have that of chance, as screens do."""
    assert read.prevalence()["lower"].isna().all()
    numbers = plots.prevalence_numbers(read)
    assert (numbers["lower"] <= numbers["prevalence"]).all()
    assert (numbers["prevalence"] <= numbers["upper"]).all()


def test_a_figure_tells_two_columns_apart(read: rlsabm.Study) -> None:
    with pytest.raises(UserError, match="two columns apart, not 3: age_group, sex, parity"):
        plots.prevalence_numbers(read, by=["age_group", "sex", "parity"])


def test_trend_numbers_are_those_of_the_study(read: rlsabm.Study) -> None:
    numbers = plots.trend_numbers(read)
    wanted = read.trend(arm=read.arms)
    wanted["arm"] = wanted["arm"].astype(str)
    both = numbers.merge(wanted, on=["arm", "year"], suffixes=("", "_wanted"))
    assert len(both) == len(numbers) == 3 * 3
    np.testing.assert_allclose(both["prevalence"], both["prevalence_wanted"], rtol=1e-12)
    assert {100.0 * value for value in numbers["prevalence"]} == {
        row["value"] for row in values_in(plots.trend(read))
    }


def test_arms_numbers_are_those_of_compare(read: rlsabm.Study, study: Study) -> None:
    numbers = plots.arms_numbers(read)
    assert list(dict.fromkeys(numbers["arm"])) == ["nothing changed", "no donation"]
    choice = Choice(by=("definition",), conditions=("everyone",))
    for arm in ("nothing changed", "no donation"):
        found = compare(source_of(study.folder), source_of(study.folder, arm), choice).prevalence
        mine = numbers[numbers["arm"] == arm].set_index("definition")
        found.index = pd.Index(found["definition"].astype(str))
        assert set(mine.index) == set(found.index)
        for name in ("value_a", "value_b", "difference", "standard_error", "persons_b"):
            np.testing.assert_array_equal(mine[name], found.loc[mine.index, name])
    assert (numbers.query("arm == 'nothing changed'")["difference"] == 0.0).all()
    assert numbers.query("arm == 'no donation'")["difference"].abs().max() > 0.0


def test_postulates_numbers_are_those_of_the_table(read: rlsabm.Study) -> None:
    numbers = plots.postulates_numbers(read)
    table = read.postulates(condition="everyone")
    wanted = dict(zip(table["part"].astype(str), table["value"], strict=True))
    assert dict(zip(numbers["part"], numbers["value"], strict=True)) == {
        part: value for part, value in wanted.items() if value == value
    }
    sums = numbers.groupby("question")["value"].sum()
    assert sums["Why do people have RLS?"] == pytest.approx(1.0)
    assert sums["How large is the dopaminergic loss of cases?"] == pytest.approx(1.0)


def test_biomarkers_numbers_are_those_of_the_table(read: rlsabm.Study) -> None:
    numbers = plots.biomarkers_numbers(read)
    table = read.table("biomarker_ratios").query(
        "arm == 'reference' and year == 2019 and observed_as == 'measured'"
    )
    table = table.assign(biomarker=table["biomarker"].astype(str), sex=table["sex"].astype(str))
    both = numbers.merge(table, on=["biomarker", "sex"], suffixes=("", "_table"))
    assert len(both) == len(numbers) == 6 * 3
    np.testing.assert_array_equal(both["value"], both["value_table"])
    assert (numbers["lower"] < numbers["value"]).all()
    assert (numbers["value"] < numbers["upper"]).all()
    truly = plots.biomarkers_numbers(read, measured=False)
    assert not np.allclose(truly["value"], numbers["value"])


def test_ferritin_of_the_fluid_differs_more_than_that_of_blood(read: rlsabm.Study) -> None:
    """What the hypothesis says, in the figure as in the tables."""
    numbers = plots.biomarkers_numbers(read).set_index(["biomarker", "sex"])["value"]
    assert numbers["csf_ferritin_ug_per_l", "all"] < 0.75
    assert numbers["ferritin_ug_per_l", "all"] > numbers["csf_ferritin_ug_per_l", "all"] + 0.15


@pytest.mark.parametrize("purpose", SCORECARD_ROWS)
def test_scorecard_numbers_are_those_that_ship(purpose: str) -> None:
    from rlsabm.plots.scorecards import shipped_scorecard

    card = shipped_scorecard()
    rows = card[(card["purpose"] == purpose) & (card["verdict"] != "not observed")]
    numbers = plots.validation_numbers(purpose=purpose)
    assert list(numbers["target"]) == list(rows["target"])
    np.testing.assert_array_equal(numbers["simulated"], rows["simulated"])
    np.testing.assert_allclose(numbers["ratio_simulated"], rows["simulated"] / rows["published"])
    inside = (numbers["verdict"] == plots.INSIDE).sum()
    assert inside == (rows["verdict"] == "inside").sum()
    chart = SCORECARD_ROWS[purpose]()
    assert f"{inside} of {len(rows)} are inside" in chart.to_dict()["description"]


@pytest.mark.parametrize("purpose", list(SCORECARD_ROWS))
def test_every_point_of_a_scorecard_is_within_its_axis(purpose: str) -> None:
    chart = plots.validation(purpose=purpose).to_dict()
    [lowest, highest] = chart["layer"][0]["encoding"]["x"]["scale"]["domain"]
    ratios = plots.validation_numbers(purpose=purpose)["ratio_simulated"]
    assert lowest < ratios.min()
    assert ratios.max() < highest


def test_without_worlds_what_symptoms_lead_to_is_no_condition() -> None:
    study = rlsabm.simulate("baseline", size=4_000, tables=["shifts"])
    drawn = set(plots.forest_numbers(study)["condition"])
    known = set(study.table("shifts")["condition"].cat.categories)
    assert "diagnosed_rls" in known - drawn
    assert "blood_donation" in drawn
    chosen = plots.forest_numbers(study, conditions="diagnosed_rls")
    assert set(chosen["condition"]) == {"diagnosed_rls"}


def test_a_scorecard_that_is_none() -> None:
    with pytest.raises(UserError, match="expected a scorecard"):
        plots.validation(pd.DataFrame({"a": [1]}))
    with pytest.raises(UserError, match=r"no-such-file\.parquet: cannot be read"):
        plots.validation("no-such-file.parquet")


# In memory ----------------------------------------------------------------------------------------


def test_figures_of_a_study_in_memory(read: rlsabm.Study) -> None:
    """What `simulate` returns is drawn as what `read` returns."""
    tables = {name: read.table(name) for name in ("prevalence", "shifts", "biomarker_ratios")}
    memory = rlsabm.Study(tables, arms=read.arms, scenario=read.scenario)
    for numbers in (
        plots.forest_numbers, plots.prevalence_numbers, plots.trend_numbers, plots.arms_numbers,
        plots.biomarkers_numbers,
    ):  # fmt: skip
        pd.testing.assert_frame_equal(numbers(memory), numbers(read))


def test_figures_of_one_small_simulation() -> None:
    study = rlsabm.simulate("baseline", size=400, draws=1, seed=3)
    assert values_in(plots.prevalence(study))
    with pytest.raises(UserError, match="tables="):
        plots.forest(study)
    with pytest.raises(UserError, match="one survey year only, 2019"):
        plots.trend(study)
    with pytest.raises(UserError, match="one arm only"):
        plots.arms(study)


# Looks --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("theme", THEMES)
def test_a_figure_has_the_colours_of_its_theme(read: rlsabm.Study, theme: str) -> None:
    spec = plots.forest(read, theme=theme).to_dict()
    assert spec["config"]["background"] == THEMES[theme]["background"]
    assert spec["config"]["range"]["category"] == THEMES[theme]["range"]["category"]
    json.dumps(spec, allow_nan=False)


def test_an_unknown_theme(read: rlsabm.Study) -> None:
    with pytest.raises(UserError, match="no theme 'drak'; did you mean 'dark'"):
        plots.forest(read, theme="drak")


def test_series_are_told_apart_without_colour(read: rlsabm.Study) -> None:
    for chart in (plots.forest(read), plots.prevalence(read), plots.biomarkers(read)):
        points = [layer for layer in chart.to_dict()["layer"] if layer["mark"]["type"] == "point"]
        assert points
        assert all("shape" in layer["encoding"] for layer in points)


def test_no_study() -> None:
    with pytest.raises(UserError, match="forest: found DataFrame"):
        plots.forest(pd.DataFrame())  # type: ignore[arg-type]


def test_without_altair_a_line_says_how_to_get_it(
    read: rlsabm.Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = builtins.__import__

    def refuse(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "altair":
            raise ImportError(name)
        return load(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(UserError, match=r'pip install "rlsabm\[report\]"'):
        plots.forest(read)
    assert len(plots.forest_numbers(read)) > 0
