"""The tables of a study: columns, meanings, and counts that agree with one another."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import Command, Study
from observed_tools import vocabulary

from rlsabm.demography.births import population_of
from rlsabm.demography.countries import country_names, load_country
from rlsabm.demography.country import BAND_YEARS, BANDS
from rlsabm.exposures.catalogue.condition import shipped_catalogue
from rlsabm.measuring.cases import DEFINITIONS, RECALLS
from rlsabm.observe.groups import groups_of
from rlsabm.parameter_table import PARAMETERS
from rlsabm.posterior import shipped_posterior
from rlsabm.results.arrow import SCHEMA_VERSION
from rlsabm.results.cells import PARITIES
from rlsabm.results.intervals import wilson_interval
from rlsabm.results.table import Column, Kind
from rlsabm.results.tables import TABLES, tables_of
from rlsabm.results.tables.biomarkers import BIOMARKERS
from rlsabm.results.tables.incidence import FIRST_ONSET, INCIDENT, NEW_RLS
from rlsabm.study.settings import read_scenario

UNIT = ["arm", "world", "draw", "replicate", "year"]
STRATA = ["sex", "age_group", "parity"]
ARMS = ["reference", "nothing changed", "no donation"]
WORLDS = [
    "factual",
    "without blood donation",
    "without pregnancy",
    "without the iron burden of pregnancy",
    "without obesity",
    "without multiple sclerosis",
    "iron stores always replete",
    "CNS iron always sufficient",
    "path from iron to dopamine cut",
]
AGE_GROUPS = ["0-17", "18-34", "35-49", "50-64", "65-79", "80+"]
SIZE = 2_000
UNITS = 3 * 2 * 2
#: Tables that the folder of a study has.
#: Tables of the study that tests share, which has neither a trial nor policies.
WRITTEN = [
    name
    for name, table in TABLES.items()
    if table.kind is not Kind.OF_UNITS and not name.startswith(("trial", "polic"))
]
BY_RUN = [table.name for table in tables_of(Kind.BY_RUN) if table.name in WRITTEN]
LINE_LISTS = [table.name for table in tables_of(Kind.LINE_LIST)]


#: Words of the tables.
WORDS = vocabulary(
    arms=ARMS,
    worlds=WORLDS,
    instruments=["CH-RLSq"],
    parameters=[
        *PARAMETERS,
        *(f"conditions.{c.name}.effect_strength" for c in shipped_catalogue() if c.touches_iron),
    ],
)


def columns_of(name: str) -> list[Column]:
    """Columns of a table of the study."""
    return TABLES[name].columns_in(WORDS)


def totals(rows: pd.DataFrame, by: list[str], columns: list[str]) -> pd.DataFrame:
    """Sums over everything but ``by``."""
    return rows.groupby(by, observed=True)[columns].sum()


def age_group(persons: pd.DataFrame) -> pd.Series:
    """Age groups of a line list."""
    limits = [0, 18, 35, 50, 65, 80, 200]
    return pd.cut(persons["age"], limits, right=False, labels=AGE_GROUPS)


# Files and columns --------------------------------------------------------------------------------


def test_every_file_is_there(study: Study) -> None:
    assert study.outcome.code == 0, study.outcome.err
    names = {path.name for path in study.folder.iterdir()}
    tables = {f"{name}.parquet" for name in WRITTEN if name not in LINE_LISTS}
    assert names == tables | {*LINE_LISTS, "manifest.json", "scenario.yaml"}
    units = {
        f"draw-{draw:05d}-replicate-{replicate:05d}-arm-{arm:02d}-block-00000.parquet"
        for draw in (1, 2)
        for replicate in (0, 1)
        for arm in range(len(ARMS))
    }
    assert len(units) == UNITS
    for name in LINE_LISTS:
        assert {path.name for path in (study.folder / name).iterdir()} == units
    assert [path.name for path in study.folder.parent.iterdir()] == ["small"]


@pytest.mark.parametrize("name", WRITTEN)
def test_columns_say_what_they_mean(study: Study, name: str) -> None:
    table = study.table(name)
    declared = columns_of(name)
    assert list(table.columns) == [column.name for column in declared]
    assert table.attrs["title"] == TABLES[name].title
    assert table.attrs["schema_version"] == SCHEMA_VERSION
    assert table.attrs["meanings"] == {column.name: column.meaning for column in declared}
    assert all(table.attrs["meanings"].values())
    assert table.attrs["units"] == {c.name: c.unit for c in declared if c.unit}
    for column in declared:
        dtype = table[column.name].dtype
        if column.type == "category":
            assert isinstance(dtype, pd.CategoricalDtype)
            assert dtype.ordered == (name not in LINE_LISTS)
            assert table[column.name].notna().all()
            words = [word for word in column.words_in(WORDS) if word in set(table[column.name])]
            found = list(dtype.categories)
            if name in LINE_LISTS:  # pandas takes the words of their files as they come
                found, words = sorted(found), sorted(words)
            assert found == words
        elif column.type == "yes/no":
            assert pd.api.types.is_bool_dtype(dtype)
        elif column.type == "whole":
            assert dtype == np.int64
        elif column.type == "whole or missing":
            assert dtype == pd.Int64Dtype()
        elif column.type == "number":
            assert dtype == np.float64
    assert isinstance(table.index, pd.RangeIndex)


def test_order_of_categories(study: Study) -> None:
    prevalence = study.table("prevalence")
    wanted = {
        "arm": ARMS,
        "world": WORLDS,
        "condition": [group.name for group in groups_of(shipped_catalogue())],
        "sex": ["female", "male"],
        "age_group": AGE_GROUPS,
        "parity": list(PARITIES),
        "definition": list(DEFINITIONS),
        "recall": list(RECALLS),
        "observed_as": ["truth", "CH-RLSq"],
    }
    for column, words in wanted.items():
        assert list(prevalence[column].cat.categories) == words
    assert list(study.table("incidence")["event"].cat.categories) == list(INCIDENT)
    biomarkers = study.table("biomarkers")["biomarker"].cat.categories
    assert list(biomarkers) == [biomarker.name for biomarker in BIOMARKERS]
    both = pd.concat([prevalence.head(), prevalence.tail()])
    assert both["age_group"].dtype == prevalence["age_group"].dtype
    assert (prevalence["age_group"] < "18-34").any()


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("prevalence", [*UNIT, "condition", *STRATA, "definition", "recall", "observed_as"]),
        ("incidence", [*UNIT, "condition", *STRATA, "event"]),
        ("biomarkers", [*UNIT, "condition", "sex", "age_group", "biomarker", "observed_as"]),
        ("contrasts", [*UNIT, "condition", *STRATA, "definition", "recall", "observed_as"]),
        ("persons", [*UNIT, "uid"]),
        ("draws", ["arm", "draw", "parameter"]),
        ("runs", ["arm", "draw", "replicate", "block"]),
    ],
)
def test_keys_are_unique_and_complete(study: Study, name: str, key: list[str]) -> None:
    table = study.table(name)
    assert not table.duplicated(key).any()
    assert set(table["arm"]) == set(ARMS)
    assert set(table["draw"]) == {1, 2}
    if "replicate" in key:
        assert set(table["replicate"]) == {0, 1}
    if "year" in key:
        assert set(table["year"]) == {2010, 2018, 2019}


# Counts that agree --------------------------------------------------------------------------------


def test_everybody_is_counted_once(study: Study) -> None:
    prevalence = study.factual("prevalence")
    everyone = prevalence[prevalence["condition"] == "everyone"]
    persons = totals(everyone, [*UNIT, "definition", "recall"], ["persons"])["persons"]
    assert len(persons) == UNITS * 3 * 3 * 2
    last = persons.xs(2019, level="year")
    assert (last == SIZE).all()
    assert (persons <= SIZE).all()
    assert (persons >= 0.9 * SIZE).all()
    assert (study.table("runs")["people_surveyed"] == SIZE).all()
    assert (study.table("runs")["people_grown"] >= SIZE).all()


def test_cases_are_persons(study: Study) -> None:
    prevalence = study.factual("prevalence")
    assert (prevalence["persons"] > 0).all()
    assert prevalence["cases"].between(0, prevalence["persons"]).all()
    np.testing.assert_array_equal(
        prevalence["prevalence"], prevalence["cases"] / prevalence["persons"]
    )
    everyone = prevalence[prevalence["condition"] == "everyone"]
    assert 0.01 < everyone["cases"].sum() / everyone["persons"].sum() < 0.3
    rows = prevalence["parity"] == "not a woman"
    assert ((prevalence["sex"] == "male") == rows).all()


def test_definitions_and_recalls_are_nested(study: Study) -> None:
    prevalence = study.factual("prevalence")
    cells = [*UNIT, "condition", *STRATA]
    wide = prevalence.pivot(index=cells, columns=["definition", "recall"], values="cases")
    assert wide.notna().all(axis=None)
    for recall in RECALLS:
        assert (wide["weekly", recall] <= wide["any", recall]).all()
        assert (wide["significant", recall] <= wide["any", recall]).all()
    for definition in DEFINITIONS:
        assert (wide[definition, "current"] <= wide[definition, "past_year"]).all()
    assert wide["weekly", "current"].sum() < wide["any", "current"].sum()
    assert wide["any", "current"].sum() < wide["any", "past_year"].sum()
    persons = prevalence.pivot(index=cells, columns=["definition", "recall"], values="persons")
    assert (persons.nunique(axis=1) == 1).all()


def test_conditions_are_within_everyone(study: Study) -> None:
    prevalence = study.factual("prevalence")
    wide = prevalence.query("definition == 'any' and recall == 'current'").pivot(
        index=[*UNIT, *STRATA], columns="condition", values=["persons", "cases"]
    )
    wide = wide.fillna(0)
    for measure in ("persons", "cases"):
        counts = wide[measure]
        assert (counts.le(counts["everyone"], axis=0)).all(axis=None)
        trimesters = counts[["first_trimester", "second_trimester", "third_trimester"]]
        assert (trimesters.sum(axis=1) == counts["pregnancy"]).all()
        assert (counts["iron_deficiency_anaemia"] <= counts["iron_deficiency"]).all()
        men = counts.xs("male", level="sex")
        assert (men[["pregnancy", "after_delivery", "menstruating_women"]] == 0).all(axis=None)
    assert wide["persons"].xs("no donation", level="arm")["blood_donation"].sum() == 0
    assert wide["persons"].xs("reference", level="arm")["blood_donation"].sum() > 0


def test_incidence(study: Study) -> None:
    incidence = study.table("incidence")
    assert (incidence["events"] >= 0).all()
    at_risk = incidence[incidence["person_years"] > 0]
    np.testing.assert_allclose(
        at_risk["rate_per_1000"], 1000 * at_risk["events"] / at_risk["person_years"]
    )
    assert incidence.loc[incidence["person_years"] == 0, "rate_per_1000"].isna().all()
    incidence = incidence[incidence["condition"] == "everyone"]
    sums = totals(incidence, [*UNIT, "event"], ["events", "person_years"]).reset_index()
    persons = study.factual("persons").groupby(UNIT, observed=True).size().rename("persons")
    sums = sums.merge(persons.reset_index(), on=UNIT)
    assert (sums["person_years"] <= sums["persons"]).all()
    deaths = sums[sums["event"] == "death"]
    others = sums[~sums["event"].isin([FIRST_ONSET, NEW_RLS, "death"])]
    assert (deaths["person_years"] >= deaths["persons"] - deaths["events"]).all()
    assert others.groupby(UNIT, observed=True)["person_years"].nunique().eq(1).all()
    first = sums[sums["event"] == FIRST_ONSET].set_index(UNIT)
    every = sums[sums["event"] == "RLS onset"].set_index(UNIT)
    new = sums[sums["event"] == NEW_RLS].set_index(UNIT)
    for narrower, wider in ((first, new), (new, every)):
        assert (narrower["events"] <= wider["events"]).all()
        assert (narrower["person_years"] < wider["person_years"]).all()
    assert (new["events"] > 0).all()
    no_donors = sums[(sums["arm"] == "no donation") & (sums["event"] == "donation")]
    assert (no_donors["events"] == 0).all()


def test_biomarkers(study: Study) -> None:
    biomarkers = study.factual("biomarkers")
    quantiles = biomarkers[["p5", "p25", "p50", "p75", "p95"]].to_numpy()
    assert (np.diff(quantiles, axis=1) >= 0).all()
    assert (biomarkers["persons"] > 0).all()
    assert biomarkers.loc[biomarkers["persons"] > 1, "sd"].ge(0).all()
    assert biomarkers.loc[biomarkers["persons"] == 1, "sd"].isna().all()
    known = biomarkers.dropna(subset="geometric_mean")
    assert (known["geometric_mean"] <= known["mean"] * (1 + 1e-12)).all()
    women = biomarkers.query(
        "biomarker == 'haemoglobin_g_per_l' and condition == 'everyone' and age_group == '18-34'"
    )
    means = women.groupby("sex", observed=True)["mean"].mean()
    assert 100 < means["female"] < means["male"] < 180


# Line lists ---------------------------------------------------------------------------------------


def test_persons_are_the_table_of_prevalence(study: Study) -> None:
    persons = study.factual("persons")
    persons["age_group"] = age_group(persons)
    parity = persons["parity"].clip(upper=4).map({0: "0", 1: "1", 2: "2", 3: "3", 4: "4+"})
    persons["parity"] = parity.where(persons["sex"] == "female", "not a woman")
    by = [*UNIT, *STRATA]
    listed = persons.groupby(by, observed=True).agg(
        persons=("uid", "size"),
        any=("rls", "sum"),
        weekly=("rls_weekly", "sum"),
        significant=("rls_significant", "sum"),
        past_year=("rls_past_year", "sum"),
    )
    counted = study.factual("prevalence").query("condition == 'everyone'")
    for definition, recall, column in (
        ("any", "current", "any"),
        ("weekly", "current", "weekly"),
        ("significant", "current", "significant"),
        ("any", "past_year", "past_year"),
    ):
        rows = counted[(counted["definition"] == definition) & (counted["recall"] == recall)]
        rows = rows.astype({"parity": str}).set_index(by)[["cases", "persons"]]
        both = rows.join(listed.add_suffix("_listed"), how="outer")
        assert both.notna().all(axis=None)
        assert (both["persons"] == both["persons_listed"]).all()
        assert (both["cases"] == both[f"{column}_listed"]).all()


def test_persons_are_the_table_of_biomarkers(study: Study) -> None:
    persons = study.factual("persons")
    persons["age_group"] = age_group(persons)
    by = [*UNIT, "sex", "age_group"]
    measured = study.factual("biomarkers").query(
        "condition == 'everyone' and sex != 'all' and age_group != 'all adults'"
    )
    for name in ("serum_ferritin_ug_per_l", "haemoglobin_g_per_l", "dopamine_deficit"):
        listed = persons.groupby(by, observed=True)[name].agg(["mean", "std"])
        table = measured[measured["biomarker"] == name].set_index(by)
        both = table.join(listed.add_suffix("_listed"))
        np.testing.assert_allclose(both["mean"], both["mean_listed"], rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(both["sd"], both["std_listed"], rtol=1e-4, atol=1e-6)


def test_each_person_makes_sense(study: Study) -> None:
    persons = study.factual("persons")
    assert persons["uid"].str.fullmatch("[0-9a-f]{16}").all()
    assert persons["mother"].dropna().str.fullmatch("[0-9a-f]{16}").all()
    assert persons.loc[persons["mother"].isna(), "father"].isna().all(), "founders have no parents"
    # The oldest may have no known father: few men were there when they were conceived.
    unknown = persons[persons["mother"].notna() & persons["father"].isna()]
    assert len(unknown) < 0.001 * len(persons)
    assert (unknown["age"] > 80).all()
    assert persons["mother"].isna().any()
    assert (persons["mother"] != persons["uid"]).all()
    assert persons["age"].between(0, 112).all()
    men = persons[persons["sex"] == "male"]
    assert (men["parity"] == 0).all()
    assert men[["month_of_pregnancy", "months_since_delivery"]].isna().all(axis=None)
    assert persons["month_of_pregnancy"].dropna().between(1, 9).all()
    assert (persons["children"] >= persons["parity"]).all()
    assert ((persons["parity"] > 0) == persons["months_since_delivery"].notna()).all()
    assert ((persons["donations"] > 0) == persons["months_since_donation"].notna()).all()
    assert ((persons["kidney"] == "dialysis") == persons["months_on_dialysis"].notna()).all()
    assert not (persons["rls_weekly"] & ~persons["rls"]).any()
    assert not (persons["rls_significant"] & ~persons["rls"]).any()
    assert not (persons["rls"] & ~persons["rls_past_year"]).any()
    assert not (persons["rls_past_year"] & persons["age_at_onset"].isna()).any()
    had = persons.dropna(subset="age_at_onset")
    assert (had["age_at_onset"] <= had["age"]).all()
    assert (persons["irls"] > 0).equals(persons["rls"])
    assert persons["irls"].between(0, 40).all()
    assert (persons["serum_ferritin_ug_per_l"] > 0).all()
    assert persons["haemoglobin_g_per_l"].between(20, 220).all()
    assert persons["transferrin_saturation_percent"].between(0, 100).all()
    no_donation = persons[persons["arm"] == "no donation"]
    assert (no_donation["donations"] == 0).all()


def test_mothers_and_fathers(study: Study) -> None:
    persons = study.factual("persons").query("arm == 'reference'")
    keys = ["draw", "replicate", "year"]
    for parent, sex in (("mother", "female"), ("father", "male")):
        pairs = persons.merge(
            persons,
            left_on=[*keys, parent],
            right_on=[*keys, "uid"],
            suffixes=("", "_of_parent"),
        )
        assert len(pairs) > 500
        assert (pairs["sex_of_parent"] == sex).all()
        at_birth = pairs["age_of_parent"] - pairs["age"]
        assert at_birth.between(10, 50 if parent == "mother" else 80).all()
        if parent == "mother":
            children = pairs.groupby([*keys, "mother"]).agg(
                found=("uid", "size"), borne=("children_of_parent", "first")
            )
            assert (children["found"] <= children["borne"]).all()
            youngest = pairs.groupby([*keys, "mother"]).agg(
                age=("age", "min"), since=("months_since_delivery_of_parent", "first")
            )
            assert (12 * youngest["age"] >= youngest["since"]).all()


def test_events(study: Study) -> None:
    events = study.table("events")
    persons = study.factual("persons")
    known = persons[[*UNIT, "uid", "sex", "age_at_onset", "donations", "parity"]]
    both = events.merge(known, on=[*UNIT, "uid"], how="left")
    assert len(both) == len(events)
    assert both["sex"].notna().all()
    assert events["date"].str.fullmatch(r"\d{4}-(0[1-9]|1[0-2])").all()
    after = events["date"].str[:4].astype(int) * 12 + events["date"].str[5:].astype(int)
    assert (after - (events["year"] * 12 + 7)).between(1, 12).all()

    childbearing = both["event"].isin(["conception", "delivery"])
    assert (both.loc[childbearing, "sex"] == "female").all()
    new_donors = both["first"] & (both["event"] == "donation")
    assert (both.loc[new_donors, "donations"] == 0).all()
    first_births = both["first"] & (both["event"] == "delivery")
    assert (both.loc[first_births, "parity"] == 0).all()
    assert both.loc[both["first"] & (both["event"] == "RLS onset"), "age_at_onset"].isna().all()
    deaths = events[events["event"] == "death"]
    assert not deaths.duplicated([*UNIT, "uid"]).any()
    last = events.merge(deaths[[*UNIT, "uid", "date"]], on=[*UNIT, "uid"], suffixes=("", "_death"))
    assert (last["date"] <= last["date_death"]).all()

    listed = events.groupby([*UNIT, "event"], observed=True).size()
    incidence = study.table("incidence").query("condition == 'everyone'")
    counted = totals(incidence, [*UNIT, "event"], ["events"])["events"]
    first = counted.xs(FIRST_ONSET, level="event")
    derived = counted.index.get_level_values("event").isin([FIRST_ONSET, NEW_RLS])
    counted = counted[(counted > 0) & ~derived]
    assert counted.to_dict() == listed.to_dict()
    onsets = events[(events["event"] == "RLS onset") & events["first"]]
    assert first.to_dict() == onsets.groupby(UNIT, observed=True).size().to_dict()


def test_follow_up_leads_to_the_next_survey(study: Study) -> None:
    """Of those surveyed in 2018 and 2019, onsets and donations add up."""
    persons = study.factual("persons")
    keys = ["arm", "draw", "replicate", "uid"]
    wanted = [*keys, "donations", "parity", "age", "rls"]
    before, after = (persons.loc[persons["year"] == year, wanted] for year in (2018, 2019))
    both = before.merge(after, on=keys, suffixes=("", "_later"))
    assert len(both) > 0.9 * len(before)
    np.testing.assert_allclose(both["age_later"] - both["age"], 1.0)
    events = study.table("events").query("year == 2018")
    for event, column in (("donation", "donations"), ("delivery", "parity")):
        happened = events[events["event"] == event].groupby(keys, observed=True).size()
        expected = happened.reindex(pd.MultiIndex.from_frame(both[keys]), fill_value=0)
        grown = both[f"{column}_later"] - both[column]
        assert grown.to_list() == expected.to_list()
    died = events.loc[events["event"] == "death", keys]
    assert died.merge(after, on=keys).empty


# Draws, runs, manifest ----------------------------------------------------------------------------


def test_draws_are_within_their_bounds(study: Study) -> None:
    draws = study.table("draws")
    strengths = sum(condition.touches_iron for condition in shipped_catalogue())
    assert len(draws) == 3 * 2 * (len(PARAMETERS) + strengths)
    for row in draws.itertuples():
        if str(row.parameter) in PARAMETERS:
            parameter = PARAMETERS[str(row.parameter)]
            assert parameter.lower <= row.value <= parameter.upper, row
        else:
            assert 0.1 < row.value < 10.0
    wide = draws.pivot(index="parameter", columns=["arm", "draw"], values="value")
    set_by_it = ("supply_half_ferritin_ug_per_l", "supply_steepness")
    varied = [name for name in shipped_posterior().names if name not in set_by_it]
    others = [name for name in PARAMETERS if name not in varied]
    reference = wide["reference"]
    assert (reference.loc[varied, 1] != reference.loc[varied, 2]).all()
    assert (reference.loc[others, 1] == reference.loc[others, 2]).all()
    assert wide["nothing changed"].equals(reference)
    changed = wide["no donation"].ne(reference).any(axis=1)
    assert list(wide.index[changed]) == ["donation_enabled"]


def test_one_draw_is_the_defaults(rlsabm_command: Command, workplace: Path) -> None:
    (workplace / "asked.yaml").write_text(
        "title: t\npopulation: {size: 300}\nparameters: {deficit_effect: 7}\n"
    )
    assert rlsabm_command("run", "asked.yaml").code == 0
    draws = pd.read_parquet("outputs/asked/draws.parquet")
    assert set(draws["draw"]) == {0}
    values = draws.set_index("parameter")["value"]
    assert values["deficit_effect"] == 7
    of_nature = [n for n, p in PARAMETERS.items() if p.prior != "fixed" and n != "deficit_effect"]
    assert [values[name] for name in of_nature] == [PARAMETERS[n].default for n in of_nature]


def test_runs(study: Study) -> None:
    runs = study.table("runs")
    assert len(runs) == UNITS
    assert (runs["status"] == "finished").all()
    assert (runs["seconds"] > 0).all()
    assert (runs["person_months"] > 50 * 12 * SIZE).all()
    assert runs["key"].str.fullmatch("[0-9a-f]{16}").all()
    assert runs.groupby(["draw", "replicate"])["key"].nunique().eq(1).all()
    assert runs["key"].nunique() == 4
    assert (runs["people_surveyed"] == SIZE).all()
    assert (runs["block"] == 0).all()
    assert (runs["attempts"] == 1).all()
    assert (runs[["error", "traceback"]] == "").all(axis=None)
    assert runs["worker"].str.fullmatch(r".+:\d+").all()
    assert pd.to_datetime(runs["started"]).dt.tz is not None
    listed = sum(len(study.table(name)) for name in (*BY_RUN, *LINE_LISTS))
    assert runs["rows"].sum() == listed + 2 * len(study.table("draws"))  # draws of each replicate


def test_the_manifest(study: Study) -> None:
    manifest = json.loads((study.folder / "manifest.json").read_text(encoding="utf-8"))
    resolved = read_scenario(study.scenario, [])
    assert manifest["scenario_hash"] == resolved.content_hash()
    assert (
        read_scenario(study.folder / "scenario.yaml", []).content_hash() == resolved.content_hash()
    )
    assert manifest["input_hash"] != manifest["scenario_hash"]
    assert manifest["schema_version"] == SCHEMA_VERSION
    assert manifest["name"] == "small"
    assert manifest["title"] == "A small study with everything"
    assert manifest["status"] == "complete"
    software = manifest["software"]
    for name in ("rlsabm", "python", "mesa", "numpy", "numba", "pandas", "pyarrow", "pydantic"):
        assert re.match(r"\d+\.\d+", software[name])
    assert manifest["seeds"]["root"] == "5"
    assert {"platform", "processors"} <= set(manifest["environment"])
    assert manifest["runs"] == {"draws": 2, "replicates": 2}
    assert manifest["units"] == {"total": UNITS, "finished": UNITS, "failed": 0}
    [part] = manifest["history"]
    assert "run small.yaml" in part["command"]
    assert part["units_finished"] == UNITS
    assert pd.Timestamp(part["started"]) <= pd.Timestamp(part["ended"])
    assert pd.Timestamp(part["started"]).tzinfo is not None
    runs = study.table("runs")
    resources = manifest["resources"]
    assert resources["person_months"] == runs["person_months"].sum()
    assert resources["seconds_of_units"] == pytest.approx(runs["seconds"].sum(), abs=0.01)
    assert 0 < resources["seconds"] < 600
    assert resources["seconds"] == pytest.approx(part["seconds"])
    names = ("draws", "shifts", "postulates", "kin", "biomarker_ratios")
    estimated = {f"{name}.parquet" for name in names}
    assert set(manifest["rows"]) == estimated | {f"{name}.parquet" for name in BY_RUN}
    for file, rows in manifest["rows"].items():
        assert len(study.table(file.removesuffix(".parquet"))) == rows


def test_the_written_scenario_says_where_values_come_from(study: Study) -> None:
    text = (study.folder / "scenario.yaml").read_text(encoding="utf-8")
    assert re.search(r"size: 2000 +# small.yaml:2", text)
    assert re.search(r"country: united-states +# default", text)


# The structure of the country ---------------------------------------------------------------------


@pytest.mark.parametrize("country", country_names())
def test_the_survey_has_the_structure_of_the_country(
    rlsabm_command: Command, workplace: Path, country: str
) -> None:
    size = 20_000
    ages = list(range(0, BAND_YEARS * BANDS, BAND_YEARS))
    (workplace / "asked.yaml").write_text(
        f"title: t\npopulation: {{country: {country}, size: {size}}}\n"
        f"observe: {{years: [2000, 2019], by: [sex, age_group], age_groups: {ages}}}\n"
    )
    assert rlsabm_command("run", "asked.yaml").code == 0
    everyone = pd.read_parquet("outputs/asked/prevalence.parquet").query(
        "condition == 'everyone' and definition == 'any' and recall == 'current'"
    )
    for year in (2000, 2019):
        rows = everyone[everyone["year"] == year]
        found = rows.pivot(index="sex", columns="age_group", values="persons").to_numpy()
        people = found.sum()
        assert people == size if year == 2019 else 0.8 * size <= people <= size
        wanted = population_of(load_country(country), year) * people
        # One person is more than two per cent of the smallest bands.
        assert (np.abs(found - wanted) <= np.maximum(0.02 * wanted, 1.0)).all()


@pytest.mark.parametrize("size", [400, 2_000])
def test_small_populations_are_complete(
    rlsabm_command: Command, workplace: Path, size: int
) -> None:
    (workplace / "asked.yaml").write_text("title: t\nobserve: {by: []}\n")
    words = ["--set", f"population.size={size}", "--set", "runs.replicates=10", "--workers", "1"]
    assert rlsabm_command("run", "asked.yaml", *words).code == 0
    assert (pd.read_parquet("outputs/asked/runs.parquet")["people_surveyed"] == size).all()


def test_a_first_survey_before_all_ages_are_there(rlsabm_command: Command, workplace: Path) -> None:
    """In 1990 nobody is older than 77: the survey is refused, or taken of those who are there."""
    (workplace / "asked.yaml").write_text(
        "title: t\npopulation: {size: 1_000, founders_years_before: 110}\n"
        "observe: {years: [1990, 2023], by: []}\n"
    )
    outcome = rlsabm_command("run", "asked.yaml")
    if outcome.code == 0:
        prevalence = pd.read_parquet("outputs/asked/prevalence.parquet")
        assert set(prevalence["year"]) == {1990, 2023}
    else:
        assert outcome.code == 2


def test_intervals_are_within_bounds() -> None:
    persons = np.arange(1.0, 500.0)
    for cases in (persons * 0, persons // 2, persons):
        share = cases / persons
        lower, upper = wilson_interval(share, persons)
        assert (lower >= 0).all()
        assert (lower <= share).all()
        assert (upper >= share).all()
        assert (upper <= 1).all()
