"""Tables of a country: what is no table of a country is refused, in one line that says where."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from country_tools import country_in, edit, refusal
from hypothesis import given, settings
from hypothesis import strategies as st

from rlsabm.data.table_reading import read_table
from rlsabm.demography.countries import COUNTRIES, country_names, load_country
from rlsabm.demography.country import FERTILE_AGES, FILES, YOUNGEST_MOTHER, Country
from rlsabm.demography.country_tables import FERTILITY
from rlsabm.errors import UserError
from rlsabm.setting import make_setting

TABLES = {
    name: (COUNTRIES / "denmark" / name).read_text(encoding="utf-8") for name in FILES.values()
}
ROWS = {name: list(csv.reader(io.StringIO(text))) for name, text in TABLES.items()}


@pytest.fixture
def norway(tmp_path: Path) -> Path:
    """A country of one's own."""
    return country_in(tmp_path)


@pytest.mark.parametrize("name", country_names())
def test_countries_of_the_package(name: str) -> None:
    country = load_country(name)
    assert country.place("mortality").endswith(f"{name}/mortality.csv")
    assert ":1: name" in country.place("name")


# Any cell, any row ----------------------------------------------------------------------------------


def is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


#: What is in no table of a country, wherever it stands.
_JUNK = (
    *("", "nan", "inf", "-inf", "1e999", "-1", "x", "true", "1,5", "1.5.2", "1_0", "0x1", "#N/A"),
    *("½", "１", "9" * 400, '"', "female,male", "-", "1e"),
)
_TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")))
JUNK = st.sampled_from(_JUNK) | _TEXT.filter(lambda text: not is_number(text))
#: Other ways to write the same.
AS_WELL: list[Callable[[str], str]] = [
    lambda cell: f" {cell}  ",
    lambda cell: f"{cell}.000" if cell.isdigit() else cell,
    lambda cell: f"{cell}e0" if is_number(cell) else cell,
    lambda cell: f"+{cell}" if is_number(cell) else cell,
]


@st.composite
def cells(draw: st.DrawFn) -> tuple[str, int, int]:
    """A table, and the row and column of a cell below its headings."""
    table = draw(st.sampled_from(sorted(ROWS)))
    row = draw(st.integers(1, len(ROWS[table]) - 1))
    return table, row, draw(st.integers(0, len(ROWS[table][0]) - 1))


def written(rows: list[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


@pytest.fixture(scope="module")
def playground(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return country_in(tmp_path_factory.mktemp("countries"))


def refusal_with(folder: Path, table: str, text: str) -> str:
    """How a country is refused with another text of one of its tables."""
    (folder / table).write_text(text, encoding="utf-8", newline="")
    try:
        return refusal(folder)
    finally:
        (folder / table).write_text(TABLES[table], encoding="utf-8")


of_any = settings(deadline=None, max_examples=150)


@of_any
@given(cell=cells(), junk=JUNK)
def test_junk_in_any_cell_is_refused(
    playground: Path, cell: tuple[str, int, int], junk: str
) -> None:
    table, row, column = cell
    rows = [list(each) for each in ROWS[table]]
    rows[row][column] = junk
    line = refusal_with(playground, table, written(rows))
    assert line.startswith(f"{table}:{row + 1}: {rows[0][column]}: "), line


@of_any
@given(cell=cells(), write=st.sampled_from(AS_WELL))
def test_a_cell_written_in_another_way_is_the_same(
    playground: Path, cell: tuple[str, int, int], write: Callable[[str], str]
) -> None:
    table, row, column = cell
    rows = [list(each) for each in ROWS[table]]
    rows[row][column] = write(rows[row][column])
    before = load_country(playground)
    (playground / table).write_text(written(rows), encoding="utf-8")
    try:
        after = load_country(playground)
    finally:
        (playground / table).write_text(TABLES[table], encoding="utf-8")
    assert replace(after, fingerprint="") == replace(before, fingerprint="")


@of_any
@given(cell=cells(), change=st.sampled_from(["left out", "twice", "too long", "too short"]))
def test_any_row_left_out_or_added_is_refused(
    playground: Path, cell: tuple[str, int, int], change: str
) -> None:
    table, row, column = cell
    rows = [list(each) for each in ROWS[table]]
    match change:
        case "left out":
            expected = f"{table}: no row for "
            del rows[row]
        case "twice":
            expected = f"{table}:{len(rows) + 1}: "
            rows.append(list(rows[row]))
        case "too long":
            expected = f"{table}:{row + 1}: has {len(rows[0]) + 1} fields"
            rows[row].insert(column, "0")
        case _:
            expected = f"{table}:{row + 1}: has {len(rows[0]) - 1} field"
            del rows[row][column]
    line = refusal_with(playground, table, written(rows))
    assert line.startswith(expected), line
    if change == "twice":
        assert line.endswith(f"is given twice (first on line {row + 1})")


# Units, and what contradicts itself -----------------------------------------------------------------


def scaled(path: Path, times: float, only: str = "") -> None:
    """Multiply the last column of a table, in the rows that hold a text."""
    heading, *rows = path.read_text(encoding="utf-8").splitlines()
    for number, row in enumerate(rows):
        start, _, value = row.rpartition(",")
        if only in row:
            rows[number] = f"{start},{float(value) * times!r}"
    path.write_text("\n".join([heading, *rows]) + "\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("table", "times", "expected"),
    [
        (
            "fertility.csv",
            0.001,
            "fertility.csv: year 1950: found a total fertility of 0.00257 children per woman "
            "(expected from 0.3 to 10; these look like births per woman, not per 1,000)",
        ),
        (
            "fertility.csv",
            0.1,
            "fertility of 0.257 children per woman (expected from 0.3 to 10; these",
        ),
        (
            "fertility.csv",
            0.0,
            "fertility.csv: year 1950: found a total fertility of 0 children per",
        ),
        ("fertility.csv", 1000.0, "births_per_1000_women: found 39790.1"),
        (
            "parity.csv",
            100.0,
            "parity.csv:2: share: found 13.0 (expected a number above 0, at most 1",
        ),
        ("parity.csv", 100.0, "not in per cent"),
        ("parity.csv", 0.9, "parity.csv: share: found shares that sum to 0.900 (expected 1)"),
        ("parity.csv", 0.0, "parity.csv:2: share: found 0.0 (expected a number above 0, at most 1"),
        ("mortality.csv", 100.0, "(expected a number from 0 to 1, not in per cent or per 1,000)"),
        ("mortality.csv", 0.0, "sex female: found a life expectancy of 110.0 years at birth"),
        ("mortality.csv", 0.01, "years at birth (expected from 20 to 95 years)"),
        ("population.csv", 0.0, "population.csv:2: persons: found 0.0 (expected a number above 0"),
        ("population.csv", -1.0, "population.csv:2: persons: found -141986.0"),
        ("population.csv", 1e6, "population.csv:2: persons: found 141986000000.0"),
    ],
)
def test_tables_in_other_units(norway: Path, table: str, times: float, expected: str) -> None:
    scaled(norway / table, times)
    assert expected in refusal(norway)


@pytest.mark.parametrize(
    ("only", "expected"),
    [
        ("2019,female", "year 2019: found 2,921.765 women and 2,893,129 men"),
        (
            "2019,female,20",
            "year 2019, sex female: found 168,202 persons from age 15 and 187.758 from",
        ),
    ],
)
def test_persons_in_two_units(norway: Path, only: str, expected: str) -> None:
    scaled(norway / "population.csv", 0.001, only)
    assert expected in refusal(norway)


def test_a_population_in_thousands_is_the_same(norway: Path) -> None:
    before = load_country(norway)
    scaled(norway / "population.csv", 0.001)
    after = load_country(norway)
    assert np.allclose(after.population[2019] * 1000.0, before.population[2019])


@pytest.mark.parametrize(
    ("pattern", "replacement", "expected"),
    [
        (
            "^female,0,.*",
            "female,0,1",
            "mortality.csv:2: probability: found 1 at age 0 (expected from",
        ),
        ("^female,60,.*", "female,60,0.6", "mortality.csv:62: probability: found 0.6 at age 60"),
        (
            "^male,99,.*",
            "male,99,1",
            "found 1 at age 99 (expected from 0 to 0.95; only the last age",
        ),
    ],
)
def test_certain_deaths(norway: Path, pattern: str, replacement: str, expected: str) -> None:
    edit(norway / "mortality.csv", pattern, replacement)
    assert expected in refusal(norway)


@pytest.mark.parametrize("slip", ["0.5", "0.05", "0.009"])
def test_a_death_rate_far_from_those_around_it(norway: Path, slip: str) -> None:
    """A decimal point in the wrong place."""
    edit(norway / "mortality.csv", "^female,5,.*", f"female,5,{slip}")
    line = refusal(norway)
    assert line.startswith(
        f"mortality.csv:7: probability: found {slip} at age 5 beside 8.82e-05 and "
    )


def test_the_last_age_may_be_certain_death(norway: Path) -> None:
    edit(norway / "mortality.csv", "^(female|male),100,.*", r"\1,100,1", times=0)
    setting = make_setting(country=norway, size=200)
    assert np.isfinite(setting.plan.births).all()


def test_a_life_that_is_too_short(norway: Path) -> None:
    edit(norway / "mortality.csv", r"^(male,\d),.*", r"\1,0.4", times=0)
    line = refusal(norway)
    assert line.startswith("mortality.csv: sex male: found a life expectancy of ")
    assert line.endswith("years at birth (expected from 20 to 95 years)")


@pytest.mark.parametrize("table", ["mortality.csv", "parity.csv"])
def test_tables_that_contradict_one_another(norway: Path, table: str) -> None:
    """Each is plausible on its own, but they cannot be of one country."""
    if table == "mortality.csv":
        edit(norway / table, r"^(\w+,[67]\d),.*", r"\1,0.2", times=0)
        expected = "0.79% of the people of 2019 are 90 or older, but so few live so long that "
    else:
        (norway / table).write_text("children,share\n0,0.9\n1,0.04\n2,0.03\n3,0.02\n4,0.01\n")
        expected = "parity.csv: found 0.21 children of a woman on average, where "
    load_country(norway)
    with pytest.raises(UserError) as caught:
        make_setting(country=norway, size=200)
    assert expected in str(caught.value)


def test_births_below_fifteen_may_be_left_out(norway: Path) -> None:
    edit(norway / "fertility.csv", r"^\d+,10,.*\n", "", times=0)
    fertility = load_country(norway).fertility
    assert (fertility[:, :5] == 0).all()
    assert (fertility[:, 5:] > 0).all()


def test_no_mother_is_younger_than_twelve() -> None:
    """The births of a band stay what the table says; the youngest mothers are twelve."""
    for name in country_names():
        fertility = load_country(name).fertility
        assert (fertility[:, : YOUNGEST_MOTHER - FERTILE_AGES.start] == 0).all()
        assert (np.diff(fertility[:, 2:8], axis=1) > 0).all(), "more with every year of age"
        table = read_table(COUNTRIES / name / "fertility.csv", FERTILITY)
        banded = table.numbers("births_per_1000_women").reshape(len(fertility), 8)
        sums = fertility.reshape(len(fertility), 8, 5).sum(axis=2)
        assert np.allclose(sums, banded * 5.0 / 1000.0)


def test_later_ages_are_added_to_the_last_band(norway: Path) -> None:
    before = load_country(norway).population[2019]
    path = norway / "population.csv"
    edit(path, r"^(\d+,\w+),90,.*", r"\1,90,1000\n\1,95,200\n\1,100,30", times=0)
    after = load_country(norway).population[2019]
    assert (after[:, -1] == 1230).all()
    assert (after[:, :-1] == before[:, :-1]).all()
    edit(path, r"^2019,male,95,.*\n", "")
    assert "population.csv: no row for year 2019, sex male, age_from 95" in refusal(norway)


def test_years_that_are_not_there(norway: Path) -> None:
    edit(norway / "population.csv", r"^(1995|2003|2004),.*\n", "", times=0)
    edit(norway / "fertility.csv", r"^1950,.*\n", "", times=0)
    with pytest.raises(UserError) as caught:
        make_setting(country=norway, size=200, survey_years=(1995, 2019))
    assert str(caught.value) == (
        "observe.years: found 1995 (the population of Denmark is known for 1990 to 1994, 1996 to "
        "2002, 2005 to 2023)"
    )
    edit(norway / "fertility.csv", r"^1960,.*\n", "", times=0)
    assert "fertility.csv: no row for year 1960, age_from 10, and 7 more rows" in refusal(norway)


# Countries made in Python ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"mortality": np.full((2, 101), 0.9)}, "mortality.csv: sex female, age 0: found a prob"),
        (
            {"mortality": np.zeros((2, 100))},
            "found shape (2, 100) (expected an array of numbers of",
        ),
        (
            {"mortality": [[0.1]]},
            "mortality.csv: found list (expected an array of numbers of shape",
        ),
        ({"population": {}}, "population.csv: found no year"),
        ({"population": {2019: np.zeros((2, 19))}}, "year 2019: found a band without persons"),
        ({"fertility": np.full((74, 40), np.nan)}, "found a value that is no finite number"),
        ({"fertility": np.full((74, 40), 50.0)}, "year 1950, age 10: found 50 births per woman"),
        ({"fertility": np.full((74, 40), 0.05)}, "found births before 12 years of age"),
        ({"fertility_years": np.arange(74) * 2}, "found years with gaps"),
        ({"family_size": np.array([0.5, 0.5, 0, 0, 0])}, "found shares of 0.5, 0.5, 0, 0, 0"),
        ({"family_size": np.array([13.0, 18, 43, 19, 7])}, "found shares of 13, 18, 43, 19, 7"),
        ({"adult_height_m": np.array([167.5, 180.5])}, "adult_height_cm.female: found 16,750"),
        ({"adult_weight_kg": np.array([70.0, np.inf])}, "found a value that is no finite number"),
    ],
)
def test_countries_made_in_python_are_checked(changes: dict, expected: str) -> None:
    denmark = load_country("denmark")
    with pytest.raises(UserError) as caught:
        replace(denmark, **changes)
    assert expected in str(caught.value)
    with pytest.raises(UserError, match=r"^country denmark: \w+"):
        replace(denmark, **changes, file="")


def test_a_country_made_in_python_is_lived_in() -> None:
    denmark = load_country("denmark")
    older = replace(denmark, key="older", name="Older", mortality=denmark.mortality * 0.9, file="")
    assert isinstance(older, Country)
    assert make_setting(country=older, size=200).country is older
    with pytest.raises(UserError, match="population of Older is known for 1990 to 2023"):
        make_setting(country=older, size=200, survey_years=(2030,))
