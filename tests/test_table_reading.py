"""Tables in CSV files: what is read alike, and what is refused by file, line and column."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from rlsabm.data.table_reading import Code, Column, DataTable, Number, RowKey, Text, read_table
from rlsabm.errors import ScenarioError

COLUMNS: tuple[Column, ...] = (
    RowKey("sex", ("female", "male")),
    RowKey("age_from", range(0, 16, 5), needed=(0, 5)),
    Number("weight_kg", 1.0, 100.0, "kg"),
    Code("method", ("scales", "asked")),
    Text("source"),
)
HEADING = "sex,age_from,weight_kg,method,source"
ROWS = [
    "female,0,10.5,scales,survey",
    "female,5,22,asked,survey",
    'male,0,11,scales,"a survey, with a comma"',
    "male,5,23.5,asked,survey",
]


def read(folder: Path, content: str | bytes) -> DataTable:
    path = folder / "table.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_table(path, COLUMNS)


def refusal(folder: Path, content: str | bytes) -> str:
    """The line with which a table is refused, from its name on."""
    with pytest.raises(ScenarioError) as caught:
        read(folder, content)
    line = str(caught.value)
    assert len(line.splitlines()) == 1
    return line[line.index("table.csv") :]


def lines(*rows: str, heading: str = HEADING) -> str:
    return "\n".join((heading, *rows)) + "\n"


def with_line(number: int, text: str) -> str:
    """The table with another text on one line."""
    rows = [HEADING, *ROWS]
    rows[number - 1] = text
    return "\n".join(rows) + "\n"


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(lines(*ROWS), id="as it is"),
        pytest.param(lines(*ROWS).rstrip("\n"), id="no end of line at the end"),
        pytest.param(lines(*ROWS, "", "   ", ""), id="blank lines at the end"),
        pytest.param(lines(*ROWS).replace("\n", "\r\n"), id="lines of Windows"),
        pytest.param(lines(*ROWS).replace("\n", "\r"), id="lines of an old Mac"),
        pytest.param(lines(*ROWS).encode("utf-8-sig"), id="byte-order mark"),
        pytest.param(lines(*ROWS).replace("female,", '"female",'), id="quotes"),
        pytest.param(lines(*ROWS).replace(",22,", ", 22.0 ,"), id="spaces around a number"),
        pytest.param(lines(*ROWS).replace(",5,", ",5.0,"), id="codes with a decimal point"),
        pytest.param(lines(*ROWS).replace(",22,", ",2.2e1,"), id="power of ten"),
    ],
)
def test_what_is_read_alike(tmp_path: Path, content: str | bytes) -> None:
    table = read(tmp_path, content)
    assert table.numbers("weight_kg").tolist() == [10.5, 22.0, 11.0, 23.5]
    assert table.numbers("age_from").tolist() == [0, 5, 0, 5]
    assert table.places("age_from").tolist() == [0, 1, 0, 1]
    assert table.places("sex").tolist() == [0, 0, 1, 1]
    assert table.values("method") == ["scales", "asked", "scales", "asked"]
    assert table.values("source")[2] == "a survey, with a comma"


def test_columns_and_rows_stand_in_any_order(tmp_path: Path) -> None:
    turned = [",".join(reversed(row.split(","))) for row in (HEADING, ROWS[0], ROWS[1], ROWS[3])]
    table = read(tmp_path, lines(*turned[:0:-1], "survey,scales,11,0,male", heading=turned[0]))
    assert table.numbers("weight_kg").tolist() == [23.5, 22.0, 10.5, 11.0]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", ": is empty (expected a line of headings: sex, age_from, weight_kg, method, source)"),
        ("\n\n", ": is empty"),
        (f"{HEADING}\n", ": has no rows below the line of headings"),
        (
            with_line(1, HEADING.replace("sex", "Sex")),
            ":1: unknown column 'Sex' (did you mean sex?)",
        ),
        (with_line(1, HEADING.replace("weight_kg", "weight")), "(did you mean weight_kg?)"),
        (with_line(1, HEADING.replace("sex", "gender")), ":1: no column 'sex' (found gender, age_"),
        (with_line(1, HEADING + ",note"), ":1: unknown column 'note' (expected sex, age_from,"),
        (with_line(1, "," + HEADING), ":1: a column has no name (expected sex, age_from,"),
        (with_line(1, HEADING + ",sex"), ":1: the column 'sex' is given twice"),
        (with_line(1, "sex,age_from,weight_kg,method"), ":1: no column 'source' (found sex,"),
        (
            lines(*ROWS).replace(",", ";"),
            ":1: columns are separated by semicolons (expected commas",
        ),
        (lines(*ROWS).replace(",", "\t"), ":1: columns are separated by tabs (expected commas"),
        (lines("", *ROWS), ":2: is blank, and more rows follow"),
        (with_line(3, ROWS[1] + ",1"), ":3: has 6 fields (expected 5: sex, age_from, weight_kg,"),
        (with_line(3, "female,5,22,asked"), ":3: has 4 fields (expected 5: sex, age_from,"),
        (with_line(3, "female"), ":3: has 1 field (expected 5"),
        (with_line(3, ",,,,"), ":3: sex: is empty (expected female or male)"),
        (lines(*ROWS, ",,,,"), ":6: sex: is empty (expected female or male)"),
        (with_line(3, "femal,5,22,asked,s"), ":3: sex: found the text 'femal' (expected female or"),
        (with_line(3, "Male,5,22,asked,s"), "(expected female or male; did you mean male?)"),
        (
            with_line(3, "female,7,22,asked,s"),
            ":3: age_from: found 7 (expected a whole number from",
        ),
        (with_line(3, "female,7,22,asked,s"), "from 0 to 15 in steps of 5)"),
        (
            with_line(3, "female,5,22,told,s"),
            ":3: method: found the text 'told' (expected scales or",
        ),
        (with_line(3, "female,5,22,asked,"), ":3: source: is empty (expected text)"),
        (
            with_line(3, "female,0,22,asked,s"),
            ":3: sex female, age_from 0: is given twice (first on",
        ),
        (with_line(3, "female,0,22,asked,s"), "is given twice (first on line 2)"),
        (lines(*ROWS[:3]), ": no row for sex male, age_from 5 (expected one for each)"),
        (lines(*ROWS[:2]), ": no row for sex male, age_from 0, and 1 more row (expected one"),
        (
            lines(*ROWS, "male,15,30,asked,s"),
            ": no row for sex female, age_from 10, and 2 more rows",
        ),
        (with_line(5, '"male,5,22,asked,s'), ":5: begins a quoted text that never ends"),
        (with_line(3, '"female"x,5,22,asked,s'), ":3: has text after a closing quote"),
        (lines(*ROWS).encode("utf-16"), ":1: is not UTF-8 text (expected a table in CSV)"),
        (with_line(3, "female,5,22,asked,Købn").encode("latin-1"), ":3: is not UTF-8 text"),
        (lines(*ROWS).replace("22", "2\0"), ": is a binary file (expected a table in CSV)"),
    ],
)
def test_what_is_refused(tmp_path: Path, content: str | bytes, expected: str) -> None:
    assert expected in refusal(tmp_path, content)


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("", "is empty"),
        ("nan", "found the text 'nan'"),
        ("inf", "found the text 'inf'"),
        ("many", "found the text 'many'"),
        ("true", "found the text 'true'"),
        ("1e999", "found 1e999"),
        ("-3", "found -3"),
        ("0.9", "found 0.9"),
        ("22000", "found 22000"),
        ("761.9544999999999", "found 761.9545"),
        ("1_0", "found the text '1_0'"),
        ("0x1", "found the text '0x1'"),
        ("١", "found the text '١'"),
        ("1 000", "found the text '1 000'"),
        ("#N/A", "found the text '#N/A'"),
    ],
)
def test_what_is_no_plausible_number(tmp_path: Path, cell: str, found: str) -> None:
    line = refusal(tmp_path, with_line(3, f"female,5,{cell},asked,s"))
    assert line == f"table.csv:3: weight_kg: {found} (expected a number from 1 to 100 kg)"


def test_decimal_commas_are_known(tmp_path: Path) -> None:
    line = refusal(tmp_path, with_line(3, 'female,5,"22,5",asked,s'))
    assert "found the text '22,5'" in line
    assert "with a decimal point" in line
    assert "a decimal point" in refusal(tmp_path, with_line(3, "female,5,22,5,asked,s"))


def test_lines_are_right_below_a_text_of_two_lines(tmp_path: Path) -> None:
    rows = [ROWS[0].replace("survey", '"a survey\nof two lines"'), *ROWS[1:]]
    assert read(tmp_path, lines(*rows)).values("source")[0] == "a survey\nof two lines"
    rows[1] = rows[1].replace("22", "many")
    assert refusal(tmp_path, lines(*rows)).startswith("table.csv:4: weight_kg: found")
    rows[0] = rows[0].replace("10.5", "many")
    assert refusal(tmp_path, lines(*rows)).startswith("table.csv:2: weight_kg: found")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"nothing\.csv: no such file"):
        read_table(tmp_path / "nothing.csv", COLUMNS)
    with pytest.raises(ScenarioError, match=r"is a folder \(expected a table\)"):
        read_table(tmp_path, COLUMNS)


def test_columns_without_bounds_hold_finite_numbers(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    columns = [RowKey("person"), Number("balance", -math.inf, math.inf)]
    path.write_text("person,balance\na,-1e300\nb,0\n")
    assert read_table(path, columns).numbers("balance").tolist() == [-1e300, 0.0]
    path.write_text("person,balance\na,1e999\n")
    with pytest.raises(
        ScenarioError, match=r"table.csv:2: balance: found 1e999 \(expected a number\)"
    ):
        read_table(path, columns)
