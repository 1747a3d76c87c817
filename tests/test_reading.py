"""Reading studies: complete, unfinished, damaged; and what importing rlsabm costs."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from conftest import Study as Ran
from conftest import environment
from study_tools import as_if_written

import rlsabm
from rlsabm.errors import UserError
from rlsabm.events import event_names
from rlsabm.parameter_list import parameters
from rlsabm.parameter_table import PARAMETERS


@pytest.fixture
def copied(study: Ran, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the study in the outputs of a place to work in."""
    monkeypatch.chdir(tmp_path)
    return Path(shutil.copytree(study.folder, tmp_path / "outputs" / "mine"))


def test_by_path_and_by_name(copied: Path) -> None:
    answers = [rlsabm.read(place).prevalence() for place in (copied, str(copied), "mine")]
    pd.testing.assert_frame_equal(answers[0], answers[1])
    pd.testing.assert_frame_equal(answers[0], answers[2])
    results = rlsabm.read("mine")
    assert results.missing == ""
    assert results.folder == Path("outputs/mine")
    assert {"prevalence", "shifts", "persons", "events", "runs"} <= set(results.tables)
    assert "samples" not in results.tables


@pytest.mark.parametrize("name", ["persons", "events"])
def test_line_lists_are_one_table(study: Ran, name: str) -> None:
    found, expected = rlsabm.read(study.folder).table(name), study.table(name)
    assert found.attrs["meanings"]["uid"]
    assert found.attrs == expected.attrs
    for column, dtype in found.dtypes.items():
        if isinstance(dtype, pd.CategoricalDtype):  # pandas takes them as they come
            assert set(dtype.categories) == set(found[column])
            expected[column] = expected[column].cat.set_categories(dtype.categories)
    assert list(found.dtypes) == list(expected.dtypes)
    assert found.equals(expected)


def test_words_of_a_line_list_keep_their_order(copied: Path) -> None:
    """Words that the first file has not are in their places, and none is without rows."""
    first, *others = sorted((copied / "events").iterdir())
    events = pq.read_table(first)
    rare = events.filter(pc.equal(events["event"].cast(pa.string()), "RLS remission"))
    word = pa.DictionaryArray.from_arrays(
        pa.array(np.zeros(len(rare), dtype=np.int16)), pa.array(["RLS remission"])
    )
    place = events.column_names.index("event")
    pq.write_table(rare.set_column(place, events.schema.field("event"), word), first)
    as_if_written(copied)
    found = rlsabm.read(copied).table("events")["event"]
    assert list(found.cat.categories) == [w for w in event_names() if w in set(found)]
    assert set(found.cat.categories) == set(found)
    read_by_pandas = pd.read_parquet(copied / "events")["event"]
    assert list(read_by_pandas.astype(str)) == list(found.astype(str))
    assert set(read_by_pandas.cat.categories) == set(found)
    alone = pd.read_parquet(others[0])["event"]
    assert set(alone.cat.categories) == set(alone)


def test_tables_are_read_when_they_are_asked_for(copied: Path) -> None:
    results = rlsabm.read(copied)
    (copied / "kin.parquet").write_bytes(b"PAR1 nothing")
    (copied / "incidence.parquet").unlink()
    assert len(results.prevalence()) == 1
    for name in ("kin", "incidence"):
        with pytest.raises(UserError) as raised:
            results.table(name)
        assert f"{name}.parquet" in str(raised.value)
        assert "\n" not in str(raised.value)
    again = rlsabm.read(copied)
    assert "incidence" in again.tables
    with pytest.raises(UserError, match=r"incidence\.parquet: is missing"):
        again.incidence()


def test_a_damaged_line_list_is_named(copied: Path) -> None:
    damaged = sorted((copied / "persons").iterdir())[3]
    damaged.write_bytes(b"nothing")
    with pytest.raises(UserError, match=damaged.name):
        rlsabm.read(copied).table("persons")
    shutil.rmtree(copied / "persons")
    with pytest.raises(UserError, match=r"persons/.*\.parquet: is missing"):
        rlsabm.read(copied).table("persons")


def test_unfinished(copied: Path) -> None:
    prevalence = pd.read_parquet(copied / "prevalence.parquet")
    prevalence[prevalence["replicate"] == 0].to_parquet(copied / "prevalence.parquet")
    units = {"total": 12, "finished": 6, "failed": 0}
    as_if_written(copied, status="stopped", units=units)
    results = rlsabm.read(copied)
    assert results.missing == "6 of 12 runs have finished; it was stopped"
    assert results.missing in repr(results)
    assert results.missing in results._repr_html_()
    assert set(results.prevalence(by=["draw", "replicate"])["replicate"]) == {0}
    as_if_written(copied, status="incomplete")
    assert "some failed" in rlsabm.read(copied).missing


def test_still_running(copied: Path) -> None:
    as_if_written(
        copied, status="running", units={"total": 12, "finished": 0, "failed": 0}, rows={}
    )
    for path in copied.glob("*.parquet"):
        if path.name != "runs.parquet":
            path.unlink()
    as_if_written(copied)
    with (copied / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        results = rlsabm.read(copied)
    assert "still running" in results.missing
    assert "0 of 12 runs" in repr(results)
    with pytest.raises(UserError, match="no table prevalence yet: 0 of 12"):
        results.prevalence()


def test_an_arm_that_has_not_finished(copied: Path) -> None:
    prevalence = pd.read_parquet(copied / "prevalence.parquet")
    prevalence[prevalence["arm"] != "no donation"].to_parquet(copied / "prevalence.parquet")
    as_if_written(copied, status="stopped")
    results = rlsabm.read(copied)
    with pytest.raises(UserError, match="nothing for arm no donation"):
        results.prevalence(arm="no donation")


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("min", ["did you mean", "mine"]),
        ("mine:no donation", ["arm='no donation'"]),
        (".", ["holds no study"]),
    ],
)
def test_no_study(copied: Path, path: str, words: list[str]) -> None:
    with pytest.raises(UserError) as raised:
        rlsabm.read(path)
    for word in words:
        assert word in str(raised.value)


def test_another_version(copied: Path) -> None:
    as_if_written(copied, schema_version=1)
    with pytest.raises(UserError, match="schema version 1"):
        rlsabm.read(copied)


# The package ----------------------------------------------------------------------------------------


def test_importing_loads_nothing_else() -> None:
    program = (
        "import sys, rlsabm; "
        "assert {'read', 'Study', 'RLSModel', '__version__'} <= set(dir(rlsabm)); "
        "print(sorted({'numpy', 'pandas', 'numba', 'mesa', 'pydantic', 'typer'} & set(sys.modules)))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program],
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout.strip() == "[]"


def test_public_names() -> None:
    from rlsabm.mesa.model import RLSModel

    assert rlsabm.RLSModel is RLSModel
    assert all(hasattr(rlsabm, name) for name in rlsabm.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = rlsabm.nothing  # type: ignore[attr-defined]


# Parameters -----------------------------------------------------------------------------------------


def test_parameters() -> None:
    table = parameters()
    frame = table.frame
    assert list(frame["name"]) == list(table.names) == list(PARAMETERS)
    assert set(frame) == set(frame.attrs["meanings"])
    np.testing.assert_array_equal(table.defaults, frame["default"])
    assert ((table.lower <= table.defaults) & (table.defaults <= table.upper)).all()
    assert "fixed" in set(frame["prior"])
    assert "fixed" not in set(table.varying().frame["prior"])


def test_priors_as_a_transform() -> None:
    chosen = parameters().select(["deficit_effect", "exchangeable_pool_months"])
    assert chosen.names == ("deficit_effect", "exchangeable_pool_months")
    points = np.array([[0.1, 0.9], [0.5, 0.5], [0.0, 1.0]])
    values = chosen.quantile(points)
    for i, row in enumerate(points):
        for j, name in enumerate(chosen.names):
            assert values[i, j] == PARAMETERS[name].quantile(row[j])
    assert chosen.quantile([0.1, 0.9]).shape == (2,)
    assert parameters().quantile(np.full((4, 3, len(parameters())), 0.5)).shape[:2] == (4, 3)


def test_parameters_that_there_are_not() -> None:
    with pytest.raises(UserError, match="did you mean 'deficit_effect'"):
        parameters().select(["deficit_efect"])
    with pytest.raises(UserError, match="twice"):
        parameters().select(["deficit_effect", "deficit_effect"])
    one = parameters().select("deficit_effect")
    for wrong in (0.5, [0.1, 0.2], [1.5], [float("nan")]):
        with pytest.raises(UserError, match=r"^u: "):
            one.quantile(wrong)
