"""Files of a study that are lost or damaged: it is noticed, said in a line, and made good."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from command_tools import contents, refused
from conftest import Command
from study_tools import (
    SMALL,
    UNITS,
    at_once,
    canned,
    killed,
    manifest,
    reference,
    resolved,
    same_study,
    store,
    tables,
)

import rlsabm
from rlsabm.errors import UserError
from rlsabm.study.folder import StudyFolder
from rlsabm.study.status import find_status
from rlsabm.study.study import Options, Report, run_study

# Studies ------------------------------------------------------------------------------------------


#: A unit that is kept with the killed study, another, and one that is in the tables alone.
KEPT = "draw-00001-replicate-00001-arm-00-block-00000"
OTHER = "draw-00001-replicate-00001-arm-01-block-00001"
MERGED = "draw-00002-replicate-00000-arm-01-block-00001"
OF_KEPT_UNITS = [
    *(
        f"units/{KEPT}/{name}"
        for name in ("prevalence.parquet", "kin_counts.parquet", "record.json")
    ),
    f"persons/{KEPT}.parquet",
]
#: Files that are made again from others, and files whose runs must be run again.
REMADE = ["shifts.parquet", "kin.parquet", "postulates.parquet", "scenario.yaml"]
COUNTED = ["prevalence.parquet", "autopsies.parquet", "biomarkers.parquet", "draws.parquet"]
LISTED = [f"persons/{MERGED}.parquet", f"events/{MERGED}.parquet"]
FINISHED = [*REMADE, *COUNTED, "runs.parquet", *LISTED]


# Damage -------------------------------------------------------------------------------------------


def flip(path: Path, at: float = 0.5) -> None:
    """Change one bit of one byte."""
    content = bytearray(path.read_bytes())
    content[int(at * (len(content) - 1))] ^= 1
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def zeros(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def garbage(path: Path) -> None:
    path.write_bytes(os.urandom(path.stat().st_size))


def longer(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"x")


def folder_instead(path: Path) -> None:
    path.unlink()
    path.mkdir()
    (path / "file").touch()


def pipe_instead(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def dangling_link(path: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere")


def another(path: Path) -> None:
    """The same file of another unit, or another table."""
    if KEPT in str(path):
        shutil.copy(str(path).replace(KEPT, OTHER), path)
    elif MERGED in str(path):
        shutil.copy(str(path).replace(MERGED, MERGED.replace("block-00001", "block-00000")), path)
    else:
        shutil.copy(
            path.with_name("kin.parquet" if "draws" in path.name else "draws.parquet"), path
        )


KINDS: dict[str, Callable[[Path], None]] = {
    "a bit in the middle": flip,
    "a bit of the first byte": partial(flip, at=0.0),
    "a bit of the last byte": partial(flip, at=1.0),
    "deleted": Path.unlink,
    "cut": cut,
    "empty": empty,
    "zeros": zeros,
    "garbage": garbage,
    "a byte more": longer,
    "a folder": folder_instead,
    "a pipe": pipe_instead,
    "a dangling link": dangling_link,
    "another": another,
}
SAME_SIZE = {
    "a bit in the middle",
    "a bit of the first byte",
    "a bit of the last byte",
    "zeros",
    "garbage",
}


@contextmanager
def damaged(folder: Path, file: str, kind: str) -> Iterator[Path]:
    """Damage a file for a while."""
    path = folder / file
    content = path.read_bytes()
    KINDS[kind](path)
    try:
        yield path
    finally:
        if path.is_dir():
            shutil.rmtree(path)
        path.unlink(missing_ok=True)
        path.write_bytes(content)


# It is noticed ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_status_names_what_is_damaged_of_a_killed_study(tmp_path: Path, kind: str) -> None:
    out = Path(shutil.copytree(killed(), tmp_path / "out"))
    whole = find_status(out, 0.005)
    assert (whole.state, whole.counts()["finished"], whole.faults) == ("stopped", 8 + 5, {})
    for file in OF_KEPT_UNITS:
        with damaged(out, file, kind):
            found = find_status(out, 0.005)
            assert list(found.faults) == [file]
            assert found.state == "stopped"
            assert found.counts()["finished"] == 8 + 4
    for file in COUNTED:
        with damaged(out, file, kind):
            assert list(find_status(out, 0.005).faults) == [file]
            assert find_status(out, 0.005).counts()["finished"] == 5


@pytest.mark.parametrize("kind", KINDS)
def test_whoever_reads_a_finished_study_hears_what_is_damaged(
    tmp_path: Path, kind: str, rlsabm_command: Command
) -> None:
    out = Path(shutil.copytree(reference(), tmp_path / "out"))
    assert find_status(out, 0.005).faults == {}
    for file in FINISHED:
        name = Path(file).parts[0].removesuffix(".parquet")
        with damaged(out, file, kind):
            if name != "runs":
                found = find_status(out, 0.005)
                assert list(found.faults) == [file]
                assert found.state == "damaged"
            else:
                refused(rlsabm_command("status", "out"), "out/runs.parquet", "rlsabm resume out")
            if name != "scenario.yaml":
                with pytest.raises(UserError, match=file) as raised:
                    rlsabm.read(out).table(name)
                assert "rlsabm resume" in str(raised.value)
            if kind not in SAME_SIZE and file not in LISTED:
                assert file in rlsabm.read(out).missing


def test_verbs_name_the_file_and_the_way_on(tmp_path: Path, rlsabm_command: Command) -> None:
    out = Path(shutil.copytree(reference(), tmp_path / "out"))
    with damaged(out, "autopsies.parquet", "deleted"):
        shown = rlsabm_command("status", "out")
        assert shown.code == 0
        assert "A small study: damaged" in shown.out
        assert "autopsies.parquet is missing." in shown.out
        assert "To make it again: rlsabm resume out (16 of 16 runs are run again)." in shown.out
        asked = json.loads(rlsabm_command("status", "out", "--json").out)
        assert asked["status"] == "damaged"
        assert asked["damaged"] == {"autopsies.parquet": "is missing"}
        refused(rlsabm_command("export", "out"), "out/autopsies.parquet", "rlsabm resume out")
        assert not (tmp_path / "out-csv").exists()
        compared = rlsabm_command("compare", "out")
        assert compared.code == 0
        note = "out: autopsies.parquet is missing; to make it again: rlsabm resume out"
        assert note in " ".join(compared.out.split())
    for file in ("prevalence.parquet", "contrasts.parquet", "runs.parquet"):
        for kind in ("a bit in the middle", "deleted", "empty"):
            with damaged(out, file, kind):
                refused(rlsabm_command("compare", "out"), f"out/{file}", "rlsabm resume out")


# It is made good ----------------------------------------------------------------------------------


class Heard:
    """Hears what a person is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def begin(self, *_: object) -> None:
        pass

    def show(self, *_: object, **__: object) -> None:
        pass

    def tell(self, line: str) -> None:
        self.lines.append(line)


def resume(folder: Path, out: Path) -> tuple[Report, list[str]]:
    """Go on with the small study, and what was told."""
    heard = Heard()
    study = resolved(folder, SMALL)
    options = Options(workers=1, work=partial(canned, store()))
    return run_study(study, out, options, watch=heard), heard.lines


def each_once(files: list[str]) -> list[Any]:
    """Each kind of damage, and each file, at least once: all pairs would take minutes."""
    kinds = list(KINDS)
    return [
        pytest.param(
            file := files[i % len(files)],
            kind := kinds[i % len(kinds)],
            id=f"{file.replace(KEPT, 'unit').replace(MERGED, 'unit')}: {kind}",
            marks=[pytest.mark.long] if i % 2 else [],
        )
        for i in range(max(len(files), len(kinds)))
    ]


@pytest.mark.parametrize(
    ("file", "kind"), each_once([*OF_KEPT_UNITS, *COUNTED, *REMADE, "runs.parquet", *LISTED])
)
def test_resuming_a_killed_study(tmp_path: Path, file: str, kind: str) -> None:
    out = Path(shutil.copytree(killed(), tmp_path / "out"))
    if file in REMADE and not (out / file).exists():
        pytest.skip("it was not yet made")
    KINDS[kind](out / file)
    report, told = resume(tmp_path, out)
    assert report.status == "complete"
    [line] = told
    assert f"{out}: {file} " in line
    assert list(report.faults) == [file]
    same_study(out, reference())


@pytest.mark.parametrize(("file", "kind"), each_once(FINISHED))
def test_resuming_a_finished_study(tmp_path: Path, file: str, kind: str) -> None:
    out = Path(shutil.copytree(reference(), tmp_path / "out"))
    KINDS[kind](out / file)
    report, told = resume(tmp_path, out)
    assert report.status == "complete"
    [line] = told
    assert f"{out}: {file} " in line
    again = 0 if file in REMADE else 1 if file in LISTED else UNITS
    assert UNITS - report.found == again
    same_study(out, reference())
    assert resume(tmp_path, out)[1] == []


def test_what_is_made_again_can_be_interrupted(tmp_path: Path) -> None:
    """Whoever goes on from there ends with the same tables."""

    def tired(job: Any, progress: Any = None) -> Any:
        if job.unit.name >= MERGED:
            raise KeyboardInterrupt
        return canned(store(), job)

    for file in ("biomarkers.parquet", f"persons/{MERGED}.parquet"):
        out = Path(shutil.copytree(reference(), tmp_path / file.replace("/", " ")))
        cut(out / file)
        with pytest.raises(KeyboardInterrupt):
            at_once(tmp_path, out, work=tired)
        assert manifest(out)["status"] == "stopped"
        assert resume(tmp_path, out)[0].status == "complete"
        same_study(out, reference())


def replaced_folder(out: Path) -> None:
    shutil.rmtree(out / "units" / KEPT)
    shutil.copytree(out / "units" / OTHER, out / "units" / KEPT)


def emptied_folder(out: Path) -> None:
    for path in (out / "units" / KEPT).iterdir():
        path.unlink()


def file_for_folder(out: Path) -> None:
    shutil.rmtree(out / "units" / KEPT)
    (out / "units" / KEPT).touch()


def link_for_folder(out: Path) -> None:
    shutil.rmtree(out / "units" / KEPT)
    (out / "units" / KEPT).symlink_to(out / "units" / OTHER)


def all_units(out: Path) -> None:
    shutil.rmtree(out / "units")


def file_for_all_units(out: Path) -> None:
    all_units(out)
    (out / "units").touch()


def line_lists(out: Path) -> None:
    shutil.rmtree(out / "persons")


def file_for_line_lists(out: Path) -> None:
    line_lists(out)
    (out / "persons").touch()


def of_another_study(out: Path) -> None:
    """The record is in order, but that of a study with other settings."""
    path = out / "units" / KEPT / "record.json"
    record = json.loads(json.loads(path.read_text())["record"])
    record["study"][0] = "0"
    text = json.dumps(record)
    from rlsabm.results.files import mark_of

    path.write_text(json.dumps({"blake2b": mark_of(text.encode()).blake2b, "record": text}))


def strange_records(out: Path) -> None:
    """JSON that is none of ours."""
    texts = ("null", "[]", "{}", '{"record": 5}', '{"record": "x", "blake2b": null}')
    for folder, text in zip(sorted((out / "units").iterdir()), texts, strict=True):
        (folder / "record.json").write_text(text)


@pytest.mark.parametrize(
    "damage",
    [
        replaced_folder,
        emptied_folder,
        file_for_folder,
        link_for_folder,
        all_units,
        file_for_all_units,
        line_lists,
        file_for_line_lists,
        of_another_study,
        strange_records,
    ],
)
def test_folders_and_records(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    out = Path(shutil.copytree(killed(), tmp_path / "out"))
    damage(out)
    report, told = resume(tmp_path, out)
    assert report.status == "complete"
    assert len(told) == bool(report.faults)
    same_study(out, reference())


def test_what_is_whole_is_not_run_again(tmp_path: Path) -> None:
    """A link to a file that is as it was written is as good as the file."""
    out = Path(shutil.copytree(killed(), tmp_path / "out"))
    aside = Path(shutil.move(out / "units" / KEPT, tmp_path / "aside"))
    (out / "units" / KEPT).symlink_to(aside)
    report, told = resume(tmp_path, out)
    assert (report.status, report.found) == ("complete", 8 + 5)
    assert told == []
    assert (aside / "record.json").exists()
    same_study(out, reference())


@pytest.mark.parametrize("study", [killed, reference])
def test_files_of_the_users_among_the_units_stay(tmp_path: Path, study: Callable[[], Path]) -> None:
    out = Path(shutil.copytree(study(), tmp_path / "out"))
    mine = out / "units" / "mine"
    mine.mkdir(parents=True)
    for path in (mine / "notes.csv", out / "units" / "notes.txt"):
        path.write_text("an evening's work")
    assert find_status(out, 0.005).faults == {}
    for _ in range(2):
        report, told = resume(tmp_path, out)
        assert (report.status, told) == ("complete", [])
        assert sorted(contents(out / "units")) == ["mine", "mine/notes.csv", "notes.txt"]
    shutil.rmtree(out / "units")
    same_study(out, reference())


def test_a_unit_that_is_damaged_while_the_study_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not counted, and the end says so; going on runs it again."""
    out = tmp_path / "out"
    keep = StudyFolder.keep

    def keep_and_damage(study: StudyFolder, *arguments: Any) -> None:
        keep(study, *arguments)
        if len(study.kept()) == 7:
            flip(next(iter(sorted((out / "units").iterdir()))) / "incidence.parquet")

    monkeypatch.setattr(StudyFolder, "keep", keep_and_damage)
    report = at_once(tmp_path, out)
    assert report.status == "stopped"
    assert manifest(out)["units"]["finished"] == UNITS - 1
    monkeypatch.undo()
    report, told = resume(tmp_path, out)
    assert (report.status, report.found, len(told)) == ("complete", UNITS - 1, 1)
    same_study(out, reference())


def without(name: str, *, file: bool) -> Callable[[Path], None]:
    """Take a file out of the manifest, and out of the folder, too."""

    def damage(out: Path) -> None:
        content = manifest(out)
        del content["files"][name]
        content["rows"].pop(name, None)
        (out / "manifest.json").write_text(json.dumps(content))
        if file:
            (out / name).unlink()

    return damage


def counting(**units: int) -> Callable[[Path], None]:
    """Have the manifest count other runs."""

    def damage(out: Path) -> None:
        content = manifest(out)
        content["units"] |= units
        (out / "manifest.json").write_text(json.dumps(content))

    return damage


@pytest.mark.parametrize(
    ("damage", "fault", "again"),
    [
        (without("prevalence.parquet", file=False),
         "prevalence.parquet has no checksum in manifest.json", UNITS),
        (without("kin.parquet", file=True), "kin.parquet is missing", 0),
        (without("postulates.parquet", file=False),
         "postulates.parquet has no checksum in manifest.json", 0),
        (without("scenario.yaml", file=True), "scenario.yaml is missing", 0),
        (counting(total=99), "manifest.json says that 16 of 99 runs have finished (expected 16)", 0),
        (counting(finished=0), "manifest.json says that 0 of 16 runs have finished (expected 16)", 0),
        (counting(failed=1), "manifest.json says that 16 of 16 runs have finished, 1 failed", 0),
    ],
)  # fmt: skip
def test_a_manifest_that_does_not_fit_its_scenario(
    tmp_path: Path, damage: Callable[[Path], None], fault: str, again: int
) -> None:
    out = Path(shutil.copytree(reference(), tmp_path / "out"))
    damage(out)
    found = find_status(out, 0.005)
    assert found.state == "damaged"
    report, [line] = resume(tmp_path, out)
    assert f"{out}: {fault}" in line
    assert (report.status, UNITS - report.found) == ("complete", again)
    assert find_status(out, 0.005).faults == {}
    same_study(out, reference())


def test_tables_that_are_gone_from_a_killed_study_and_its_manifest(tmp_path: Path) -> None:
    """They have been made already of what has finished."""
    out = Path(shutil.copytree(killed(), tmp_path / "out"))
    without("prevalence.parquet", file=True)(out)
    assert list(find_status(out, 0.005).faults) == ["prevalence.parquet"]
    counting(total=99)(out)
    report, [line] = resume(tmp_path, out)
    assert "of 99 runs have finished (expected 16 in all)" in line
    assert (report.status, report.found) == ("complete", 5)
    same_study(out, reference())


def test_resume_says_it_in_a_line(tmp_path: Path, rlsabm_command: Command) -> None:
    out = Path(shutil.copytree(reference(), tmp_path / "out"))
    (out / "kin.parquet").unlink()
    empty(out / "shifts.parquet")
    outcome = rlsabm_command("resume", "out")
    assert outcome.code == 0
    assert outcome.err.splitlines() == [
        "out: shifts.parquet is empty, and 1 more. It is made again from the other files."
    ]
    assert tables(out) == tables(reference())
    quiet = rlsabm_command("resume", "out")
    assert (quiet.code, quiet.err) == (0, "")


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_files_that_may_not_be_read(tmp_path: Path) -> None:
    out = Path(shutil.copytree(killed(), tmp_path / "out"))
    (out / "units" / KEPT / "prevalence.parquet").chmod(0)
    (out / "units" / OTHER).chmod(0)
    assert resume(tmp_path, out)[0].status == "complete"
    same_study(out, reference())


# Manifests ----------------------------------------------------------------------------------------


def changed(*path: str, to: Any = ...) -> Callable[[dict[str, Any]], str]:
    """A manifest with another value, or without it."""

    def change(content: dict[str, Any]) -> str:
        *sections, last = path
        section = content
        for name in sections:
            section = section[name]
        if to is ...:
            del section[last]
        else:
            section[last] = to
        return json.dumps(content)

    return change


MANIFESTS: dict[str, tuple[Callable[[dict[str, Any]], str | bytes], str]] = {
    "no status": (changed("status"), "status: is missing"),
    "no runs": (changed("runs"), "runs: is missing"),
    "no files": (changed("files"), "files: is missing"),
    "no scenario": (changed("scenario"), "scenario: is missing"),
    "no version": (changed("schema_version"), "schema version null"),
    "a later version": (changed("schema_version", to=99), "schema version 99"),
    "another type of version": (changed("schema_version", to=[5]), "schema version [5]"),
    "words for draws": (changed("runs", "draws", to="x"), "runs.draws: found the text 'x'"),
    "yes for draws": (changed("runs", "draws", to=True), "runs.draws: found true"),
    "no draws": (changed("runs", "draws", to=0), "runs.draws: found 0"),
    "other replicates": (changed("runs", "replicates", to=7), "scenario is not the one"),
    "no software": (changed("software", to=None), "software: found nothing"),
    "words for layers": (changed("layers", to="abc"), "layers: found the text 'abc'"),
    "another status": (changed("status", to="fine"), "status: found the text 'fine'"),
    "another size": (changed("scenario", "population", "size", to=5), "scenario is not the one"),
    "another seed": (changed("seeds", "root", to="6"), "scenario is not the one"),
    "no arms": (changed("scenario", "arms", to=None), "scenario is not the one"),
    "a file elsewhere": (changed("files", "../x", to={}), "../x"),
    "a list": (changed("history", to={}), "history: found an empty mapping"),
    "not JSON": (lambda content: json.dumps(content)[:-20], "manifest.json:1: is not JSON"),
    "two documents": (lambda content: json.dumps(content) * 2, "manifest.json:1: is not JSON"),
    "too large": (
        lambda content: json.dumps(content).replace('"draws": 2', '"draws": 1e400', 1),
        "found 1e400",
    ),
    "not a number": (
        lambda content: json.dumps(content).replace('"draws": 2', '"draws": NaN', 1),
        "found NaN",
    ),
    "many digits": (
        lambda content: json.dumps(content).replace('"draws": 2', f'"draws": {"9" * 5000}', 1),
        "manifest.json: ",
    ),
    "a key twice": (
        lambda content: json.dumps(content).replace("{", '{"status": "complete", ', 1),
        "status: is given twice",
    ),
    "Latin": (lambda content: b'{"input_hash": "\xe9"}', "manifest.json:1: is not UTF-8"),
    "UTF-16": (lambda content: json.dumps(content).encode("utf-16"), "is not UTF-8"),
    "deep": (lambda content: '{"input_hash": ' + "[" * 100_000, "manifest.json"),
    "huge": (lambda content: json.dumps(content) + " " * 51_000_000, "larger than 50 MB"),
    "empty": (lambda content: "", "manifest.json:1: is not JSON"),
    "zeros": (lambda content: bytes(500), "manifest.json:1: is not JSON"),
}


@pytest.mark.parametrize("case", MANIFESTS)
def test_a_manifest_with_mistakes(tmp_path: Path, rlsabm_command: Command, case: str) -> None:
    """Every verb says in a line what is wrong, and nothing is lost."""
    out = Path(shutil.copytree(reference(), tmp_path / "out"))
    shutil.copytree(reference(), tmp_path / "good")
    change, words = MANIFESTS[case]
    new = change(manifest(out))
    (out / "manifest.json").write_bytes(new if isinstance(new, bytes) else new.encode())
    (tmp_path / "small.yaml").write_text(SMALL)
    before = contents(tmp_path)
    for verb in (
        ["status", "out"],
        ["resume", "out"],
        ["compare", "out"],
        ["compare", "good", "out"],
        ["export", "out"],
        ["run", "small.yaml", "--out", "out"],
        ["run", "small.yaml", "--out", "out", "--add-replicates", "1"],
    ):
        outcome = rlsabm_command(*verb)
        refused(outcome, words, "out")
        assert len(outcome.err) < 500
    with pytest.raises(UserError) as raised:
        rlsabm.read(out)
    assert words in str(raised.value)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("case", ["no runs", "not JSON", "a later version", "huge", "missing"])
def test_a_study_without_a_manifest_can_be_replaced(tmp_path: Path, case: str) -> None:
    out = Path(shutil.copytree(reference(), tmp_path / "out"))
    if case == "missing":
        (out / "manifest.json").unlink()
    else:
        new = MANIFESTS[case][0](manifest(out))
        (out / "manifest.json").write_bytes(new if isinstance(new, bytes) else new.encode())
    with pytest.raises(UserError, match="--replace"):
        at_once(tmp_path, out)
    at_once(tmp_path, out, replace=True)
    same_study(out, reference())


def test_a_manifest_of_somebody_else(tmp_path: Path, rlsabm_command: Command) -> None:
    """Whose folder is not a study's is not touched, with --replace neither."""
    (tmp_path / "small.yaml").write_text(SMALL)
    for text in ('{"name": "my app", "icons": []}', "[]", "not JSON", ""):
        app = tmp_path / "app"
        app.mkdir()
        (app / "manifest.json").write_text(text)
        (app / "events").mkdir()
        (app / "events" / "mine.txt").write_text("years of work")
        before = contents(app)
        for words in ([], ["--replace"]):
            refused(rlsabm_command("run", "small.yaml", "--out", "app", *words), "app")
        refused(rlsabm_command("status", "app"), "app")
        assert contents(app) == before
        shutil.rmtree(app)


def test_the_manifest_lists_what_there_is(tmp_path: Path) -> None:
    """Sizes and checksums are those that everybody can work out."""
    import hashlib

    files = manifest(reference())["files"]
    there = {path.name for path in reference().iterdir() if path.is_file()}
    assert set(files) == there - {"manifest.json"}
    for name, mark in files.items():
        content = (reference() / name).read_bytes()
        digest = hashlib.blake2b(content, digest_size=16).hexdigest()
        assert mark == {"bytes": len(content), "blake2b": digest}
    runs = pd.read_parquet(reference() / "runs.parquet")
    listed = {name for text in runs["line_lists"] for name in json.loads(text)}
    assert listed == {name for name in tables(reference()) if "/" in name}
    assert runs["merged"].all()
