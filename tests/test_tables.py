"""Tables as declared: complete, one module each, filled only when wanted, and the same in memory."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import CHECKOUT, Study
from observed_tools import question, vocabulary
from study_tools import SMALL, resolved

from rlsabm.results.arrow import frame_of, to_arrow
from rlsabm.results.combining import Added
from rlsabm.results.contents import Contents
from rlsabm.results.files import table_bytes
from rlsabm.results.observed import Observed
from rlsabm.results.sources import read_line_list
from rlsabm.results.table import COLUMN_TYPES, Column, Kind, ResultTable
from rlsabm.results.tables import TABLES, needed_tables, tables_of
from rlsabm.results.tables.persons import answer_column, group_column
from rlsabm.results.totals import ADULT_AGE, ROWS_ADD_UP, TOTAL_OF, total_rows
from rlsabm.scenario import ResolvedScenario
from rlsabm.study.assembling import assemble
from rlsabm.study.checking import check_study, question_of, vocabulary_of
from rlsabm.study.job import Job, find
from rlsabm.study.machine import package_hash
from rlsabm.study.settings import country_of
from rlsabm.study.study import Options, run_study
from rlsabm.study.unit import UnitResult
from rlsabm.study.units import Unit, units_of

UNIT = ["arm", "world", "draw", "replicate", "year"]
#: Tables whose rows add up.
ADDING_UP = ("prevalence", "incidence")
#: Tables that only a scenario with a trial, or with policies, has.
NOT_ASKED_FOR = {name for name in TABLES if name.startswith(("trial", "polic"))}
#: Two blocks and two replicates.
FEW = SMALL.replace("runs: {draws: 2, replicates: 2, seed: 5}", "runs: {replicates: 2, seed: 5}")


def found_by_units(
    study: ResolvedScenario, tables: frozenset[str] | None = None
) -> dict[Unit, UnitResult]:
    """What every unit of a study finds, in this process."""
    settings = check_study(study)
    asked = question_of(study, vocabulary_of(study, settings), tables)
    return {
        unit: find(Job(unit, study.arms[unit.arm], country_of(study), asked, 1, package_hash()))
        for unit in units_of(study)
    }


def assembled(
    study: ResolvedScenario, tables: frozenset[str] | None = None
) -> dict[str, pd.DataFrame]:
    found = {unit: result.tables for unit, result in found_by_units(study, tables).items()}
    return assemble(found, vocabulary_of(study, check_study(study)))


# Declarations -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(TABLES))
def test_declarations_are_complete(name: str) -> None:
    table, words = TABLES[name], vocabulary(instruments=["CH-RLSq"])
    assert table.name == name
    assert table.title
    columns = table.columns_in(words)
    assert len({column.name for column in columns}) == len(columns)
    for column in columns:
        assert column.type in COLUMN_TYPES, column
        assert column.meaning, column
        assert bool(column.words_in(words)) == (column.type == "category"), column
        assert len(set(column.words_in(words))) == len(column.words_in(words)), column
    if table.kind in (Kind.BY_RUN, Kind.ESTIMATES):
        assert table.totals.endswith(".")
        assert (table.totals == ROWS_ADD_UP) == (name in ADDING_UP)
    before = list(TABLES)[: list(TABLES).index(name)]
    assert set(table.estimated_from) <= set(before)
    companions = table.combine.companions if table.combine else ()
    assert all(TABLES[companion].kind is Kind.OF_UNITS for companion in companions)


def test_an_incomplete_declaration_is_refused() -> None:
    with pytest.raises(ValueError, match="'half'"):
        ResultTable(name="half", title="t", kind=Kind.BY_RUN, columns=())
    with pytest.raises(ValueError, match="'guess'"):
        ResultTable(name="guess", title="t", kind=Kind.ESTIMATES, columns=(), estimate=dict)  # type: ignore[arg-type]


def count_hands(observed: Observed) -> Contents:
    """A table made up here: people with even and odd uids."""
    odd = observed.survey.lives["uid"] % 2 == 1
    return {
        "hand": np.array(["left", "right"], dtype=object),
        "people": np.array([odd.sum(), (~odd).sum()]),
    }


HANDS = ResultTable(
    name="hands",
    title="Hands",
    kind=Kind.BY_RUN,
    columns=(
        *TABLES["autopsies"].columns_in(vocabulary())[:5],
        Column("hand", "category", "", "hand", words=["left", "right", "both"]),
        Column("people", "whole", "persons", "people"),
    ),
    totals=ROWS_ADD_UP,
    count=count_hands,
    combine=Added(("people",)),
)


def test_a_further_table_needs_its_declaration_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(TABLES, "hands", HANDS)
    study = resolved(tmp_path, FEW)
    assert run_study(study, tmp_path / "out", Options(workers=1)).status == "complete"
    hands = pd.read_parquet(tmp_path / "out" / "hands.parquet")
    runs = 2 * 2
    assert len(hands) == 2 * runs
    assert (hands.groupby(["arm", "replicate"], observed=True)["people"].sum() == 300).all()
    assert list(hands["hand"].cat.categories) == ["left", "right"]
    pd.testing.assert_frame_equal(hands, assembled(study, frozenset({"hands"}))["hands"])


# What is wanted -----------------------------------------------------------------------------------


def names_of(tables: list[ResultTable]) -> set[str]:
    return {table.name for table in tables}


def test_what_a_scenario_asks_for() -> None:
    always = {"prevalence", "incidence", "biomarkers", "contrasts", "shifts", "kin_counts", "kin"}
    always |= {"loci", "autopsies", "draws", "runs", "biomarkers_by_rls", "biomarker_ratios"}
    assert names_of(needed_tables(question())) == always
    assert names_of(needed_tables(question(several_blocks=True))) == always | {
        "samples",
        "samples_by_rls",
    }
    more = needed_tables(question(postulates=True, persons=0.1, events=True))
    assert names_of(more) == always | {"partitions", "postulates", "persons", "events"}


def test_what_tables_are_made_from() -> None:
    def needed(*tables: str, **asked: Any) -> set[str]:
        return names_of(needed_tables(question(tables=frozenset(tables), **asked)))

    assert needed("prevalence") == {"prevalence"}
    assert needed("kin") == {"kin", "kin_counts"}
    assert needed("biomarkers") == {"biomarkers"}
    assert needed("biomarkers", several_blocks=True) == {"biomarkers", "samples"}
    assert needed("biomarker_ratios") == {"biomarker_ratios", "biomarkers_by_rls"}
    wanted = {"postulates", "partitions", "shifts", "contrasts"}
    assert needed("postulates", postulates=True) == wanted
    assert needed("postulates", "persons") == set()
    with pytest.raises(ValueError, match="no table prevalences; known: prevalence,"):
        needed("prevalences")


def test_only_what_is_wanted_is_done(tmp_path: Path) -> None:
    """Without need of it nobody is followed or lives again, and the counts are the same."""
    study = resolved(tmp_path, FEW, "runs.replicates=1", "observe.years=[2016, 2019]")
    every, few = found_by_units(study), found_by_units(study, frozenset({"biomarkers"}))
    for unit, result in few.items():
        assert set(result.tables) == {"biomarkers", "samples"}
        assert 0 < result.person_months < every[unit].person_months
        for name, contents in result.tables.items():
            for column, values in contents.items():
                np.testing.assert_array_equal(values, every[unit].tables[name][column])
    counted = found_by_units(study, frozenset({"prevalence"}))
    for unit, result in counted.items():
        for column, values in result.tables["prevalence"].items():
            np.testing.assert_array_equal(values, every[unit].tables["prevalence"][column])


def test_nobody_lives_again_unless_a_table_needs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import rlsabm.study.unit as unit_module

    def refused(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(unit_module, "Relived", refused)
    study = resolved(tmp_path, FEW, "runs.replicates=1")
    assert found_by_units(study, frozenset({"incidence", "kin"}))
    with pytest.raises(AssertionError):
        found_by_units(study, frozenset({"prevalence"}))


# In memory ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, pd.DataFrame]]:
    """A study as files, and assembled in memory."""
    folder = tmp_path_factory.mktemp("both")
    study = resolved(folder, FEW, "observe.as=[true, CH-RLSq]", "observe.persons=0.5")
    assert run_study(study, folder / "out", Options(workers=1)).status == "complete"
    return folder / "out", assembled(study)


def test_the_same_tables_in_memory(both: tuple[Path, dict[str, pd.DataFrame]]) -> None:
    folder, frames = both
    written = names_of(tables_of(Kind.BY_RUN, Kind.ESTIMATES, Kind.LINE_LIST, Kind.BY_DRAW))
    assert set(frames) == written - NOT_ASKED_FOR
    for name, frame in frames.items():
        path = folder / f"{name}.parquet"
        read = pd.read_parquet(path) if path.exists() else read_line_list(folder, name)
        pd.testing.assert_frame_equal(frame, read, check_exact=True)
        if path.exists():
            assert frame.attrs == read.attrs
        assert frame.attrs["title"] == TABLES[name].title


def test_a_frame_is_what_pandas_reads() -> None:
    columns = (
        Column("who", "text", "", "a name"),
        Column("months", "whole or missing", "months", "months since"),
        Column("yes", "yes/no", "", "whether"),
        Column("kind", "category", "", "kind", words=["a", "b", "c"]),
    )
    table = ResultTable(name="t", title="T", kind=Kind.LEDGER, columns=columns, totals="No totals.")
    contents = {
        "who": ["x", None, "z"], "months": np.array([1, None, 3], dtype=object),
        "yes": [True, False, True], "kind": [2, 0, 2],
    }  # fmt: skip
    arrow = to_arrow(table, contents, vocabulary())
    read = pd.read_parquet(io.BytesIO(table_bytes(arrow)))
    pd.testing.assert_frame_equal(frame_of(arrow), read)
    assert frame_of(arrow).attrs == read.attrs
    assert read.attrs["totals"] == "No totals."
    assert read["months"].dtype == pd.Int64Dtype()
    assert read["months"].isna().tolist() == [False, True, False]
    assert list(read["kind"].cat.categories) == ["a", "c"]


# Tables that cannot mislead -----------------------------------------------------------------------


def written(study: Study) -> Iterator[tuple[str, pd.DataFrame]]:
    for name, table in TABLES.items():
        if table.kind is not Kind.OF_UNITS and name not in NOT_ASKED_FOR:
            yield name, study.table(name)


def test_no_word_can_be_taken_for_a_truth_value(study: Study) -> None:
    for name, table in written(study):
        for column in table.select_dtypes("category"):
            words = {str(word).lower() for word in table[column].cat.categories}
            assert not words & {"true", "false", "yes", "no", "nan", "null"}, (name, column)
    asked = study.table("prevalence").head(400)
    again = pd.read_csv(io.StringIO(asked.to_csv(index=False)), dtype={"age_group": str})
    assert set(again["observed_as"]) == {"truth", "CH-RLSq"}


def test_total_rows(study: Study) -> None:
    """Where rows add up there are no totals; elsewhere they say so in their strata."""
    for name, table in written(study):
        strata = [column for column in TOTAL_OF if column in table]
        if TABLES[name].kind not in (Kind.BY_RUN, Kind.ESTIMATES):
            continue
        assert table.attrs["totals"] == TABLES[name].totals
        found = {column: (table[column] == TOTAL_OF[column]).any() for column in strata}
        assert all(has == (name not in (*ADDING_UP, "autopsies")) for has in found.values()), name


def test_totals_of_biomarkers_are_those_of_the_line_list(study: Study) -> None:
    persons = study.factual("persons")
    persons = persons[persons["age"] >= ADULT_AGE]
    table = study.table("biomarkers").query("condition == 'everyone'")
    columns = {
        ("ferritin_ug_per_l", "truth"): "stores_ferritin_ug_per_l",
        ("ferritin_ug_per_l", "measured"): "serum_ferritin_ug_per_l",
        **{
            (name, way): f"{prefix}{name}"
            for name in ("haemoglobin_g_per_l", "csf_ferritin_ug_per_l", "nigral_iron_ratio",
                         "transferrin_saturation_percent", "transferrin_receptor_mg_per_l")
            for way, prefix in (("truth", ""), ("measured", "measured_"))
        },
    }  # fmt: skip
    wholes = table[total_rows(table)]
    by_sex = table[(table["sex"] != "all") & (table["age_group"] == "all adults")]
    for (biomarker, way), column in columns.items():
        for rows, by in ((wholes, UNIT), (by_sex, [*UNIT, "sex"])):
            chosen = rows[(rows["biomarker"] == biomarker) & (rows["observed_as"] == way)]
            listed = persons.groupby(by, observed=True)[column].agg(["size", "mean", "median"])
            listed = _texts(listed.add_suffix("_listed").reset_index(), by)
            joined = _texts(chosen, by).merge(listed, on=by)
            assert len(joined) == len(listed) > 0
            np.testing.assert_array_equal(joined["persons"], joined["size_listed"])
            np.testing.assert_allclose(joined["mean"], joined["mean_listed"], rtol=1e-9)
            np.testing.assert_allclose(joined["p50"], joined["median_listed"], rtol=1e-9)


def _texts(frame: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Words of some columns as plain text, so that tables with other categories can be joined."""
    return frame.astype({name: str for name in names if frame[name].dtype == "category"})


def test_incidence_of_conditions_is_that_of_the_line_lists(study: Study) -> None:
    incidence = study.table("incidence")
    assert incidence["condition"].iloc[0] == "everyone"
    persons = study.factual("persons")
    events = study.table("events").merge(persons, on=[*UNIT, "uid"], suffixes=("", "_of_person"))
    sums = incidence.groupby(["condition", "event"], observed=True)["events"].sum()
    conditions = [word for word in incidence["condition"].cat.categories if word != "everyone"]
    assert len(conditions) > 20
    for condition in conditions:
        happened = events.loc[events[group_column(condition)], "event"].value_counts()
        for event, count in happened.items():
            assert sums[condition, event] == count, (condition, event)
    years = incidence.query("event == 'death'").groupby("condition", observed=True)
    members = persons[[group_column(name) for name in conditions]].sum()
    for condition in conditions:
        had = years["person_years"].sum()[condition]
        assert 0.8 * members[group_column(condition)] < had <= members[group_column(condition)]


def test_groups_in_the_line_list_are_those_of_prevalence(study: Study) -> None:
    persons, counted = study.factual("persons"), study.factual("prevalence")
    counted = counted.query("definition == 'any' and recall == 'current'")
    sums = counted.groupby("condition", observed=True)[["cases", "persons"]].sum()
    assert "conditions" not in persons
    for condition in vocabulary().groups:
        if condition == "everyone":
            continue
        column = persons[group_column(condition)]
        assert column.dtype == bool
        wanted = sums.reindex([condition]).fillna(0).iloc[0]
        assert column.sum() == wanted["persons"], condition
        assert (column & persons["rls"]).sum() == wanted["cases"], condition


def test_answers_in_the_line_list_are_those_of_prevalence(study: Study) -> None:
    persons, counted = study.table("persons"), study.table("prevalence")
    counted = (
        counted.query("condition == 'everyone'")
        .groupby(["world", "observed_as", "definition", "recall"], observed=True)["cases"]
        .sum()
    )
    for column, definition, recall in (
        ("rls", "any", "current"),
        ("rls_weekly", "weekly", "current"),
        ("rls_significant", "significant", "current"),
        ("rls_past_year", "any", "past_year"),
    ):
        for observed_as, name in (("truth", column), ("CH-RLSq", f"{column}_by_CH_RLSq")):
            for world, rows in persons.groupby("world", observed=True):
                wanted = counted[world, observed_as, definition, recall]
                assert rows[name].sum() == wanted, (world, name)
    assert (persons["rls"] != persons["rls_by_CH_RLSq"]).any()


def test_names_of_columns_do_not_clash() -> None:
    assert group_column("obesity") == "obesity"
    assert group_column("kidney") == "has_kidney"
    assert group_column("rls") == "has_rls"
    assert answer_column("rls_weekly", "RLS-NIH") == "rls_weekly_by_RLS_NIH"
    words = vocabulary(groups={"everyone": "all", "age": "is old", "rls": "a name"})
    names = [column.name for column in TABLES["persons"].columns_in(words)]
    assert len(set(names)) == len(names)
    assert {"has_age", "has_rls", "age", "rls"} <= set(names)


def test_events_are_those_of_the_people_listed(
    both: tuple[Path, dict[str, pd.DataFrame]], tmp_path: Path
) -> None:
    _, frames = both
    persons, events = frames["persons"].query("world == 'factual'"), frames["events"]
    people = set(zip(persons["arm"], persons["replicate"], persons["uid"], strict=True))
    assert set(zip(events["arm"], events["replicate"], events["uid"], strict=True)) <= people
    everybody = assembled(
        resolved(tmp_path, FEW, "observe.persons=0", "shifts.postulates=false"),
        frozenset({"events"}),
    )["events"]
    assert 0.3 * len(everybody) < len(events) < 0.7 * len(everybody)


def test_missing_is_missing(study: Study) -> None:
    persons = study.table("persons")
    whole = [c.name for c in TABLES["persons"].columns_in(vocabulary()) if "whole" in c.type]
    assert (persons[whole].fillna(0) >= 0).all(axis=None)
    for name in ("months_since_delivery", "months_since_donation", "months_on_dialysis"):
        assert persons[name].isna().any()
        assert persons[name].notna().any()


# What the pages say -------------------------------------------------------------------------------


def run_blocks(page: str, study: Study, blocks: slice) -> dict[str, Any]:
    """Run Python blocks of a page on the tables of a study; the names that they have set."""
    text = (CHECKOUT / page).read_text(encoding="utf-8")
    found = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {}
    for block in found[blocks]:
        exec(re.sub(r"outputs/\w+", str(study.folder), block), names)
    return names


def test_the_readme_counts_each_person_once(study: Study) -> None:
    """In a study with arms, worlds, instruments, years, draws and replicates."""
    counts = run_blocks("README.md", study, slice(0, 1))["counts"]
    persons = study.factual("persons").query("arm == 'reference' and year == 2019")
    assert counts["persons"].sum() == len(persons) == 2_000 * 2 * 2
    assert counts["cases"].sum() == persons["rls"].sum()


@pytest.mark.parametrize("page", ["README.md", "docs/quickstart.md", "docs/recipes.md"])
def test_every_block_runs(page: str, study: Study, workplace: Path) -> None:
    """Whatever arms, worlds, instruments, years, draws and strata a study has."""
    run_blocks(page, study, slice(None))


def test_the_recipes_count_each_person_once(
    study: Study, capsys: pytest.CaptureFixture[str]
) -> None:
    names = run_blocks("docs/recipes.md", study, slice(0, 4))
    persons = study.factual("persons").query("arm == 'reference' and year == 2019")
    assert names["now"]["persons"].sum() == len(persons)
    women = persons.query("sex == 'female' and age >= 35")
    assert names["counts"]["persons"].sum() == len(women)
    assert names["counts"]["cases"].sum() == women["rls"].sum()
    ferritin = names["ferritin"]["persons"]
    assert ferritin["all", "all adults"].sum() == (persons["age"] >= 18).sum()
    rates = names["rates"]
    events = study.table("events").query("arm == 'reference' and year == 2019")
    assert rates.loc["death", "events"] == (events["event"] == "death").sum()
    assert rates["person_years"].max() < len(persons)


def test_the_truth_has_two_names(tmp_path: Path) -> None:
    studies = [
        resolved(tmp_path, SMALL, f"observe.as=[{name}]") for name in ("true", '"true"', "truth")
    ]
    assert {study.scenario.observe.instruments[0] for study in studies} == {"truth"}
    assert len({study.content_hash() for study in studies}) == 1
