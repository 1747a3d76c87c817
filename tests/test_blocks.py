"""Populations of several blocks: what is added up is what one would have counted in all of them."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from observed_tools import observed
from study_tools import SMALL, ledger, resolved, tables

from rlsabm.observe.survey import Survey, survey_month, take_survey
from rlsabm.population import Population
from rlsabm.results.combining import AT_A_TIME, run_of_blocks
from rlsabm.results.contents import Contents
from rlsabm.results.observed import FOLLOW_UP_MONTHS, Observed, follow_up_of
from rlsabm.results.samples import ENOUGH_VALUES, MOST_VALUES, weighted_quantiles
from rlsabm.results.tables import TABLES
from rlsabm.results.tables.biomarkers import PERCENTILES
from rlsabm.results.tables.contrasts import CONTRAST_COUNTS
from rlsabm.scenario import PopulationSection as Block
from rlsabm.study.settings import country_of, unit_setting
from rlsabm.study.study import Options, run_study
from rlsabm.study.units import block_sizes, units_of

AGES = [0, 18, 50, 80]
STRATA = ["sex", "age_group"]
KEY = np.uint64(11)


def of_run(name: str, blocks: Iterable[dict[str, Contents]]) -> Contents:
    """A table of a run from those of its blocks."""
    combine = TABLES[name].combine
    assert combine is not None
    return run_of_blocks(name, combine, blocks)


# How many people there are in each ----------------------------------------------------------------


@given(st.integers(100, 100_000_000), st.integers(100, 10_000_000))
def test_sizes_of_blocks(size: int, block_size: int) -> None:
    if size // block_size > 10_000:
        block_size = size // 10_000
    sizes = block_sizes(Block(size=size, block_size=block_size))
    assert sum(sizes) == size
    assert max(sizes) - min(sizes) <= 1
    assert max(sizes) <= block_size
    # As few as the limit allows.
    assert (len(sizes) - 1) * block_size < size


def test_blocks_are_a_matter_of_the_scenario(tmp_path: Path) -> None:
    """They do not depend on who works, so that results do not."""
    text = SMALL.replace("block_size: 150", "block_size: 140")
    units = [
        unit for unit in units_of(resolved(tmp_path, text)) if unit.name.startswith("draw-00001")
    ]
    assert [unit.people for unit in units] == [100] * len(units)
    assert {unit.block for unit in units} == {0, 1, 2}


# Percentiles --------------------------------------------------------------------------------------

SOME_VALUES = st.lists(
    st.floats(-1e6, 1e6, allow_subnormal=False).map(lambda x: round(x, 3)), min_size=1, max_size=60
)


SHARES = np.array(PERCENTILES) / 100.0


@given(SOME_VALUES, st.floats(0.1, 50.0))
def test_quantiles_with_equal_weights_are_those_of_numpy(
    values: list[float], weight: float
) -> None:
    x = np.sort(values)
    found = weighted_quantiles(x, np.full(len(x), weight), SHARES)
    np.testing.assert_allclose(found, np.percentile(values, PERCENTILES), rtol=1e-9, atol=1e-6)


@given(SOME_VALUES, st.data())
def test_quantiles_lie_among_the_values(values: list[float], data: st.DataObject) -> None:
    x = np.sort(values)
    weights = data.draw(st.lists(st.floats(0.1, 50.0), min_size=len(x), max_size=len(x)))
    found = weighted_quantiles(x, np.array(weights), SHARES)
    assert (np.diff(found) >= 0).all()
    assert found[0] >= x[0]
    assert found[-1] <= x[-1]


# Tables of blocks against those of all people together --------------------------------------------


@st.composite
def cells_in_blocks(draw: Any, most: int = MOST_VALUES) -> list[list[list[float]]]:
    """Values of people by block and cell; some cells are empty in some blocks, none in all."""
    cells = draw(st.integers(1, 3))
    blocks = draw(st.integers(2, 4))
    value = st.floats(0.01, 1e4).map(lambda x: round(x, 6))
    drawn = [
        [draw(st.lists(value, max_size=min(most, 12))) for _ in range(cells)] for _ in range(blocks)
    ]
    for cell in range(cells):
        if not any(block[cell] for block in drawn):
            drawn[0][cell] = [1.0]
    return drawn


def biomarkers_of(block: list[list[float]]) -> dict[str, Contents]:
    """Tables of a block in which the people of each cell have these values."""
    inhabited = [cell for cell, values in enumerate(block) if values]
    arrays = [np.array(block[cell]) for cell in inhabited]
    percentiles = np.array([np.percentile(x, PERCENTILES) for x in arrays]).reshape(-1, 5)
    summary: Contents = {
        "year": np.full(len(inhabited), 2019),
        "sex": np.array(inhabited, dtype=np.int64),
        "persons": np.array([len(x) for x in arrays], dtype=np.int64),
        "mean": np.array([x.mean() for x in arrays]),
        "sd": np.array([x.std(ddof=1) if len(x) > 1 else np.nan for x in arrays]),
        "geometric_mean": np.array([np.exp(np.log(x).mean()) for x in arrays]),
        "log_sd": np.array([np.log(x).std(ddof=1) if len(x) > 1 else np.nan for x in arrays]),
        **{f"p{q}": percentiles[:, place] for place, q in enumerate(PERCENTILES)},
    }
    lengths = [len(x) for x in arrays]
    samples: Contents = {
        "year": np.full(sum(lengths), 2019),
        "sex": np.repeat(np.array(inhabited, dtype=np.int64), lengths),
        "value": np.concatenate([*arrays, np.zeros(0)]),
        "weight": np.ones(sum(lengths)),
    }
    return {"biomarkers": summary, "samples": samples}


@settings(deadline=None)
@given(cells_in_blocks())
def test_biomarkers_of_blocks_are_those_of_all(blocks: list[list[list[float]]]) -> None:
    pooled = [
        [value for block in blocks for value in block[cell]] for cell in range(len(blocks[0]))
    ]
    found = of_run("biomarkers", [biomarkers_of(block) for block in blocks])
    wanted = biomarkers_of(pooled)["biomarkers"]
    order = np.argsort(found["sex"], kind="stable")
    assert list(found) == list(wanted)
    for name, values in wanted.items():
        # Spreads that are nothing but rounding differ by rounding.
        tolerance = 1e-6 if name == "sd" else 1e-12
        np.testing.assert_allclose(found[name][order], values, rtol=1e-9, atol=tolerance)


def of_normal(rng: np.random.Generator, mean: float, people: int) -> dict[str, Contents]:
    """Tables of a block of so many people, of whose values it keeps quantiles."""
    x = np.exp(rng.normal(mean, 1.0, people))
    tables = biomarkers_of([x.tolist()])
    kept = np.quantile(x, (np.arange(MOST_VALUES) + 0.5) / MOST_VALUES)
    tables["samples"] = {
        "year": np.full(MOST_VALUES, 2019),
        "sex": np.zeros(MOST_VALUES, dtype=np.int64),
        "value": kept,
        "weight": np.full(MOST_VALUES, people / MOST_VALUES),
        "all": x,  # not of the table
    }
    return tables


def test_biomarkers_of_very_many_blocks() -> None:
    """Taken a few at a time: moments are exact, percentiles right to 2 in 1,000 people."""
    rng = np.random.default_rng(8)
    blocks = [of_normal(rng, rng.normal(3.0, 0.2), 1000) for _ in range(30 * AT_A_TIME)]
    everybody = np.concatenate([block["samples"].pop("all") for block in blocks])
    assert len(blocks) * MOST_VALUES > 20 * ENOUGH_VALUES
    found = of_run("biomarkers", iter(blocks))
    assert found["persons"].tolist() == [len(everybody)]
    assert found["mean"][0] == pytest.approx(everybody.mean(), rel=1e-12)
    assert found["sd"][0] == pytest.approx(everybody.std(ddof=1), rel=1e-10)
    assert found["geometric_mean"][0] == pytest.approx(np.exp(np.log(everybody).mean()), rel=1e-12)
    for q in PERCENTILES:
        assert (everybody < found[f"p{q}"][0]).mean() == pytest.approx(q / 100.0, abs=0.002)


def test_counts_of_very_many_blocks(whole: dict[str, Contents]) -> None:
    """Sums are those of all blocks in their order, to the last bit."""
    rng = np.random.default_rng(9)
    blocks = []
    for _ in range(3 * AT_A_TIME + 2):
        table = dict(whole["contrasts"])
        table["expected_cases"] = rng.random(len(table["persons"]))
        blocks.append({"contrasts": table})
    found = of_run("contrasts", iter(blocks))
    wanted = np.zeros(len(found["persons"]))
    for block in blocks:
        wanted = wanted + block["contrasts"]["expected_cases"]
    assert (found["expected_cases"] == wanted).all()
    assert (found["persons"] == len(blocks) * whole["contrasts"]["persons"]).all()


@cache
def survey_of_many() -> tuple[Survey, Any, Any, Any]:
    """A survey of 3,000 people, the events of the year after it, lives and bodies; and the key."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        study = resolved(Path(folder), "title: t\npopulation: {size: 3_000}\n")
        setting = unit_setting(study.scenario, 0, country=country_of(study))
    population = Population(setting, key=KEY, threads=1)
    month = survey_month(2019)
    population.advance(month)
    survey = take_survey(
        setting, population.lives, population.bodies, year=2019, p=population.inputs
    )
    population.advance(month + FOLLOW_UP_MONTHS, log=True)
    return survey, population.events, population.lives.copy(), population.bodies.copy()


def part_of(survey: Survey, chosen: Any) -> Survey:
    return replace(
        survey,
        rows=survey.rows[chosen],
        lives=survey.lives[chosen],
        bodies=survey.bodies[chosen],
    )


def tables_of(survey: Survey) -> dict[str, Contents]:
    """All tables of a survey that are put together from blocks, and samples."""
    _, events, lives, bodies = survey_of_many()
    follow_up = follow_up_of(survey, events, lives, bodies)
    seen = observed(survey, follow_up=follow_up, strata=STRATA, age_limits=AGES)
    names = ("prevalence", "incidence", "autopsies", "biomarkers", "samples", "contrasts")
    return {name: counted(name, seen) for name in names}


def counted(name: str, seen: Observed) -> Contents:
    """Contents of a table."""
    count = TABLES[name].count
    assert count is not None
    contents = count(seen)
    assert contents is not None
    return contents


@pytest.fixture(scope="module")
def whole() -> dict[str, Contents]:
    return tables_of(survey_of_many()[0])


@pytest.fixture(scope="module", params=[2, 3])
def parts(request: pytest.FixtureRequest) -> list[dict[str, Contents]]:
    """The same people in blocks."""
    survey = survey_of_many()[0]
    block = np.random.default_rng(2).integers(0, request.param, len(survey))
    return [tables_of(part_of(survey, block == number)) for number in range(request.param)]


def paired(found: Contents, wanted: Contents, values: list[str]) -> tuple[Any, Any]:
    """Two tables, row by row: the same keys, in any order."""
    one, other = pd.DataFrame(found), pd.DataFrame(wanted)
    keys = [name for name in other if name not in values]
    assert list(one) == list(other)
    assert not one.duplicated(keys).any()
    one, other = (table.set_index(keys)[values].sort_index() for table in (one, other))
    pd.testing.assert_index_equal(one.index, other.index, exact=False)
    return one, other


@pytest.mark.parametrize(
    ("table", "counts", "derived"),
    [
        ("prevalence", ("cases", "persons"), ["prevalence"]),
        ("incidence", ("events", "person_years"), ["rate_per_1000"]),
    ],
)
def test_counts_of_blocks_add_up(
    parts: list[dict[str, Contents]],
    whole: dict[str, Contents],
    table: str,
    counts: tuple[str, ...],
    derived: list[str],
) -> None:
    found, wanted = paired(of_run(table, parts), whole[table], [*counts, *derived])
    for name in counts:
        if wanted[name].dtype.kind == "i":
            assert found[name].dtype.kind == "i"
            assert (found[name] == wanted[name]).all()
    pd.testing.assert_frame_equal(found, wanted, rtol=1e-12)


def test_contrasts_of_blocks_add_up(
    parts: list[dict[str, Contents]], whole: dict[str, Contents]
) -> None:
    """All that is counted; what is expected of people without it is reckoned within blocks."""
    counts = list(CONTRAST_COUNTS)
    found, wanted = paired(of_run("contrasts", parts), whole["contrasts"], counts)
    apart = [name for name in counts if name.startswith("expected")]
    same = [name for name in counts if name not in apart]
    pd.testing.assert_frame_equal(found[same], wanted[same], rtol=1e-12)
    frequent = wanted["persons"] > 300
    assert frequent.any()
    error = np.sqrt(wanted["expected_variance"])[frequent]
    difference = (found["expected_cases"] - wanted["expected_cases"])[frequent]
    assert (difference.abs() <= 2.0 * error).all()


def test_autopsies_of_blocks(parts: list[dict[str, Contents]], whole: dict[str, Contents]) -> None:
    values = ["persons", "mean", "sd"]
    found, wanted = paired(of_run("autopsies", parts), whole["autopsies"], values)
    assert (found["persons"] == wanted["persons"]).all()
    pd.testing.assert_frame_equal(found, wanted, rtol=1e-9, check_dtype=False)


def test_biomarkers_of_blocks(parts: list[dict[str, Contents]], whole: dict[str, Contents]) -> None:
    percentiles = [f"p{q}" for q in PERCENTILES]
    moments = ["persons", "mean", "sd", "geometric_mean", "log_sd"]
    found, wanted = paired(
        of_run("biomarkers", parts), whole["biomarkers"], [*moments, *percentiles]
    )
    assert (found["persons"] == wanted["persons"]).all()
    pd.testing.assert_frame_equal(found[moments], wanted[moments], rtol=1e-9, check_dtype=False)
    few = wanted["persons"] <= MOST_VALUES
    assert few.any()
    assert (~few).any()
    pd.testing.assert_frame_equal(found[few][percentiles], wanted[few][percentiles], rtol=1e-9)
    values = pd.DataFrame(whole["samples"])
    keys = [name for name in values if name not in ("value", "weight")]
    samples = {key: group["value"].to_numpy() for key, group in values.groupby(keys)}
    for row in found[~few].itertuples():
        of_cell = np.sort(
            samples[tuple(dict(zip(found.index.names, row.Index, strict=True))[k] for k in keys)]
        )
        for q, value in zip(PERCENTILES, row[-len(PERCENTILES) :], strict=True):
            # The middle of the ranks that the value could have among all.
            rank = np.searchsorted(of_cell, [value, value * (1 + 1e-12)], "left").mean()
            ends = np.searchsorted(of_cell, value, "right") / len(of_cell)
            near = abs(rank / len(of_cell) - q / 100.0) < 3.0 / MOST_VALUES
            assert near or rank / len(of_cell) <= q / 100.0 <= ends


def test_one_block_is_left_as_it_is(whole: dict[str, Contents]) -> None:
    for name in ("prevalence", "biomarkers", "autopsies"):
        assert of_run(name, [whole]) is whole[name]


def test_nothing_is_said_that_warns(parts: list[dict[str, Contents]]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in ("prevalence", "incidence", "biomarkers", "autopsies", "contrasts"):
            of_run(name, parts)


# Studies with blocks ------------------------------------------------------------------------------

#: People enough that every age is lived in every block.
TEXT = """\
title: Several blocks
population: {size: 1_501, block_size: 600}
observe: {years: [2018, 2019], by: [sex], persons: 1.0, events: true, as: [true, CH-RLSq]}
runs: {seed: 8}
"""


#: Sexes of the people in a row, by what its column says.
SEXES_OF = {"female": ["female"], "male": ["male"], "all": ["female", "male"]}


@pytest.fixture(scope="module")
def blocked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of three blocks."""
    folder = tmp_path_factory.mktemp("blocked")
    report = run_study(resolved(folder, TEXT), folder / "out", Options(workers=1))
    assert report.status == "complete"
    return folder / "out"


def test_blocks_have_as_many_people_as_asked_for(blocked: Path) -> None:
    assert ledger(blocked)["people_surveyed"].tolist() == [501, 500, 500]
    table = pd.read_parquet(blocked / "prevalence.parquet").query(
        "condition == 'everyone' and definition == 'any' and recall == 'current' "
        "and observed_as == 'truth' and year == 2019"
    )
    assert table["persons"].sum() == 1_501
    assert len(pd.read_parquet(blocked / "persons").query("year == 2019")) == 1_501


def test_nobody_is_in_two_blocks(blocked: Path) -> None:
    parts = [pd.read_parquet(path) for path in sorted((blocked / "persons").iterdir())]
    assert len(parts) == 3
    uids = [set(part["uid"]) for part in parts]
    assert len(set.union(*uids)) == sum(map(len, uids))
    persons = pd.concat(parts)
    assert not persons.duplicated(["year", "uid"]).any()
    # Parents are of the same block.
    for part, own in zip(parts, uids, strict=True):
        others = set.union(*uids) - own
        assert not (set(part["mother"].dropna()) | set(part["father"].dropna())) & others
    # Nor do blocks have the same people under other names.
    traits = [set(part["other_liability"]) for part in parts]
    assert len(set.union(*traits)) == sum(map(len, traits))
    events = [pd.read_parquet(path) for path in sorted((blocked / "events").iterdir())]
    for rows, own in zip(events, uids, strict=True):
        assert set(rows["uid"]) <= own


def test_tables_of_blocks_are_those_of_the_line_list(blocked: Path) -> None:
    persons = pd.read_parquet(blocked / "persons")
    table = pd.read_parquet(blocked / "prevalence.parquet").query("observed_as == 'truth'")
    columns = {"any": "rls", "significant": "rls_significant"}
    rows = table.query("condition == 'everyone' and recall == 'current' and definition in @columns")
    assert len(rows) == 8
    for row in rows.itertuples():
        people = persons[(persons["year"] == row.year) & (persons["sex"] == row.sex)]
        has = people[columns[row.definition]]
        assert (row.persons, row.cases, row.prevalence) == (len(has), has.sum(), has.mean())
    measured = pd.read_parquet(blocked / "biomarkers.parquet").query(
        "condition == 'everyone' and biomarker == 'ferritin_ug_per_l' and observed_as == 'measured'"
    )
    adults = persons[persons["age"] >= 18]
    assert len(measured) == 2 * 3
    for row in measured.itertuples():
        people = adults[(adults["year"] == row.year) & adults["sex"].isin(SEXES_OF[row.sex])]
        ferritin = people["serum_ferritin_ug_per_l"]
        assert row.persons == len(people)
        assert row.mean == pytest.approx(ferritin.mean(), rel=1e-9)
        assert row.sd == pytest.approx(ferritin.std(), rel=1e-9)
        assert row.geometric_mean == pytest.approx(np.exp(np.log(ferritin).mean()), rel=1e-9)
        for q in PERCENTILES:
            near = ferritin.quantile([q / 100 - 0.02, q / 100 + 0.02])
            assert near.iloc[0] <= getattr(row, f"p{q}") <= near.iloc[1]
    deaths = pd.read_parquet(blocked / "events").query("event == 'death'")
    counted = pd.read_parquet(blocked / "incidence.parquet").query(
        "event == 'death' and condition == 'everyone'"
    )
    assert counted["events"].sum() == len(deaths)


def test_a_block_is_not_changed_by_others(blocked: Path, tmp_path: Path) -> None:
    """The same block in a study of two: its line list is the same."""
    text = TEXT.replace("size: 1_501", "size: 1_001")
    run_study(resolved(tmp_path, text), tmp_path / "out", Options(workers=1))
    first = "persons/draw-00000-replicate-00000-arm-00-block-00000.parquet"
    assert (tmp_path / "out" / first).read_bytes() == (blocked / first).read_bytes()


def test_a_limit_that_is_not_reached_changes_nothing(tmp_path: Path) -> None:
    found = []
    for number, limit in enumerate((400, 401, 250_000)):
        text = TEXT.replace("1_501", "400").replace("600", str(limit))
        out = tmp_path / str(number)
        assert run_study(resolved(tmp_path, text), out, Options(workers=1)).status == "complete"
        found.append(tables(out))
    assert found[0] == found[1] == found[2]


def test_blocks_and_one_population_agree(blocked: Path, tmp_path: Path) -> None:
    """By chance only do they differ."""
    run_study(
        resolved(tmp_path, TEXT.replace("600", "2_000")), tmp_path / "out", Options(workers=1)
    )
    shares, persons = [], []
    for folder in (blocked, tmp_path / "out"):
        rows = pd.read_parquet(folder / "prevalence.parquet").query(
            "condition == 'everyone' and definition == 'any' and recall == 'current' "
            "and observed_as == 'truth' and year == 2019"
        )
        persons.append(rows["persons"].sum())
        shares.append(rows["cases"].sum() / persons[-1])
    assert persons == [1_501, 1_501]
    error = np.sqrt(sum(p * (1 - p) / n for p, n in zip(shares, persons, strict=True)))
    assert abs(shares[0] - shares[1]) < 4 * error
