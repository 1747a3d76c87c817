"""The command line: what a stranger types, reads and interrupts."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import shlex
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time
from math import isnan
from pathlib import Path
from typing import Any, NoReturn

import pytest
from calibration_tools import calibrated
from command_tools import (
    SMALL,
    TWICE,
    by_replicate,
    mounted_disk,
    nothing_but_a_study,
    refused,
)
from conftest import CHECKOUT, Command, Study, environment, shared, typed
from rich.cells import cell_len
from study_tools import ledger, manifest, tables

import rlsabm.study.folder as folder_module
import rlsabm.study.job as job_module
import rlsabm.study.study as study_module
from rlsabm.cli import app
from rlsabm.reading import read
from rlsabm.scenario.resolving import NO_SCENARIOS
from rlsabm.study.settings import read_scenario

SHIPPED = sorted(
    path.name for path in (CHECKOUT / "scenarios").glob("*.yaml") if path.stem not in NO_SCENARIOS
)
VERBS = sorted(command.callback.__name__ for command in app.registered_commands)


# Interruption, pipes and terminals ----------------------------------------------------------------


def interrupt(*_: object, **__: object) -> NoReturn:
    raise KeyboardInterrupt


#: Where the program may be interrupted, and what of a run is then kept.
MOMENTS = [
    pytest.param(job_module, "run_unit", False, id="while a unit runs"),
    pytest.param(folder_module, "write_whole_folder", False, id="while a unit is kept"),
    pytest.param(study_module, "merge", True, id="while tables are merged"),
    pytest.param(folder_module, "manifest_bytes", False, id="while the manifest is written"),
]


@pytest.mark.parametrize(("module", "name", "finished"), MOMENTS)
def test_interrupted(
    rlsabm_command: Command,
    workplace: Path,
    done: Path,
    twice: dict[str, bytes],
    monkeypatch: pytest.MonkeyPatch,
    module: Any,
    name: str,
    finished: bool,
) -> None:
    """What had finished is kept, and running again goes on from there."""
    before = tables(done)
    for words in (TWICE, ["--out", "elsewhere/new"]):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, interrupt)
            outcome = rlsabm_command("run", "asked.yaml", *words)
        assert outcome.code == 130
        assert outcome.out == ""
        assert "Traceback" not in outcome.err
        assert "Stopped" in outcome.err
    new = workplace / "elsewhere" / "new"
    assert tables(done) == before or finished
    said = manifest(done)
    assert said["status"] != "complete" or said["runs"]["replicates"] == 1
    outcome = rlsabm_command("run", "asked.yaml", *TWICE)
    assert outcome.code == 0
    assert "2 runs had finished before" in outcome.out or not finished
    assert tables(done) == twice
    assert by_replicate(done, "attempts")[0] == 1
    assert rlsabm_command("run", "asked.yaml", "--out", "elsewhere/new").code == 0
    assert tables(new) == before
    for folder in (done, new):
        assert manifest(folder)["status"] == "complete"
        nothing_but_a_study(folder)


def test_an_interruption_is_announced(
    rlsabm_command: Command, workplace: Path, done: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(job_module, "run_unit", interrupt)
        outcome = rlsabm_command("run", "asked.yaml", *TWICE)
        assert outcome.err.splitlines() == [
            "Stopped. 1 of 2 runs have finished and are kept. To go on: rlsabm resume outputs/asked"
        ]
        assert manifest(done)["status"] == "stopped"
        new = rlsabm_command("run", "asked.yaml", "--out", "new")
        assert new.err.splitlines() == [
            "Stopped before any run had finished. To go on: rlsabm resume new"
        ]
        assert manifest(workplace / "new")["status"] == "stopped"
    for folder in ("outputs/asked", "new"):
        assert rlsabm_command("resume", folder).code == 0
        assert manifest(workplace / folder)["status"] == "complete"


class Terminal:
    """A command on a terminal of 24 lines; ``words`` holds all that it showed."""

    def __init__(self, *words: str, folder: Path, columns: int = 100) -> None:
        self.master, other = pty.openpty()
        fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        plain = {"COLUMNS", "LINES", "NO_COLOR", "CI", "TTY_COMPATIBLE"}
        surroundings = {k: v for k, v in environment().items() if k not in plain}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "rlsabm", *words],
            cwd=folder,
            env=surroundings | {"TERM": "xterm-256color"},
            stdin=other,
            stdout=other,
            stderr=other,
            start_new_session=True,
        )
        os.close(other)
        self.bytes = b""

    def read(self, until: str | None = None) -> str:
        """Read on until a word is shown, or to the end."""
        deadline = time.monotonic() + 120
        while until is None or until.encode() not in self.bytes:
            try:
                part = os.read(self.master, 65536)
            except OSError:
                part = b""
            if not part or time.monotonic() > deadline:
                break
            self.bytes += part
        return self.bytes.decode(errors="replace")

    def end(self) -> int:
        """Read to the end; the exit code."""
        self.read()
        code = self.process.wait(timeout=60)
        os.close(self.master)
        return code


def vanishes(group: int) -> bool:
    """Whether all processes of a group have ended within some seconds."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


@pytest.mark.parametrize("way", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_on_a_terminal(workplace: Path, way: signal.Signals) -> None:
    """As Ctrl-C does, and as a batch system ends programs."""
    (workplace / "asked.yaml").write_text(
        "title: t\npopulation: {size: 200_000}\nruns: {replicates: 20}\n"
    )
    terminal = Terminal("run", "asked.yaml", "--workers", "2", folder=workplace)
    assert "0 of 20 runs" in terminal.read(until="0 of 20 runs")
    time.sleep(0.5)
    if way == signal.SIGINT:
        os.killpg(terminal.process.pid, way)  # a terminal tells all processes
    else:
        terminal.process.send_signal(way)
    assert terminal.end() == 130
    shown = terminal.bytes.decode(errors="replace")
    assert "Traceback" not in shown
    assert "Stopped before any run had finished." in shown
    assert vanishes(terminal.process.pid), "workers are left"
    folder = workplace / "outputs" / "asked"
    assert {path.name for path in folder.iterdir()} == {
        "manifest.json",
        "runs.parquet",
        "scenario.yaml",
    }
    assert manifest(folder)["status"] == "stopped"
    assert set(ledger(folder)["status"]) == {"waiting"}


def test_progress_on_a_terminal(workplace: Path) -> None:
    (workplace / "asked.yaml").write_text(
        "title: t\npopulation: {size: 20_000}\nruns: {replicates: 3}\n"
    )
    terminal = Terminal("run", "asked.yaml", "--workers", "1", folder=workplace)
    assert terminal.end() == 0
    shown = terminal.bytes.decode()
    assert "0 of 3 runs" in shown
    assert "3 of 3 runs" in shown
    assert "person-years/s" in shown
    assert re.search(r"\d (seconds?|minutes) left", shown)
    assert "Results: " in shown


#: A study with the longest names: of an arm, of one in wide letters, and of a condition.
LONG_NAMES = """\
title: "[red]A study[/red] with long names"
population: {size: 300}
observe: {years: [2009, 2019]}
shifts: {conditions: [my_condition], postulates: true}
conditions:
  my_condition:
    label: "regular use of something that has a name of many words, and [b] brackets"
    ages: [0, 100]
    prevalence: [0.3, 0.3]
    source: none
    blood_loss_ml_per_day: 3.0
arms:
  "an arm with a name of sixty characters, which is a good deal":
    conditions.my_condition.enabled: false
  没有捐血的人没有捐血的人没有捐血的人没有捐血的人没有捐血的人:
    conditions.blood_donation.enabled: false
runs: {replicates: 3}
"""


@pytest.fixture
def long_names(workplace: Path) -> Path:
    """A finished study with long names."""
    shutil.copytree(shared("long names", _run_long_names), workplace, dirs_exist_ok=True)
    return workplace


def _run_long_names(folder: Path) -> None:
    (folder / "asked.yaml").write_text(LONG_NAMES, encoding="utf-8")
    assert typed("run", "asked.yaml", folder=folder).code == 0


@pytest.mark.parametrize("columns", [60, 80, 100, 200])
@pytest.mark.parametrize(
    "words", [("run", "asked.yaml"), ("status", "outputs/asked"), ("compare", "outputs/asked"),
              ("compare", "outputs/asked", "--by", "sex,age_group,condition")]
)  # fmt: skip
def test_screens_fit_terminals(long_names: Path, columns: int, words: tuple[str, ...]) -> None:
    terminal = Terminal(*words, folder=long_names, columns=columns)
    assert terminal.end() == 0
    shown = terminal.bytes.decode()
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown).replace("\r", "")
    assert "\x1b[31m" not in shown
    assert "…" not in plain
    assert "[red]A study" in plain or words[0] == "compare"
    for line in plain.splitlines():
        in_one_line = ("A: ", "B: ", "To ", "Results: ", "All groups")
        assert cell_len(line) <= min(columns, 100) or line.startswith(in_one_line)
    # Every word of the label is there as a whole, and none of the names of the tables.
    for word in ("regular", "something", "brackets"):
        assert re.search(rf"\b{word}\b", plain)
    assert "my_condition" not in plain
    assert "my condition" not in plain


def test_numbers_of_many_arms_are_whole(rlsabm_command: Command, workplace: Path) -> None:
    arms = ", ".join(f"number {number} of the arms: {{}}" for number in range(25))
    (workplace / "asked.yaml").write_text(SMALL + f"arms: {{{arms}}}\n")
    outcome = rlsabm_command("run", "asked.yaml", "--workers", "1")
    assert outcome.code == 0
    assert not re.search(r"\d…", outcome.out)
    assert "number 19 of the arms" in outcome.out
    assert "number 20 of the arms" not in outcome.out
    assert "Not shown: 5 arms." in outcome.out
    assert "rlsabm compare outputs/asked" in outcome.out


def test_lines_without_a_terminal(study: Study) -> None:
    """Whole lines, and only if the rules have to be compiled or the study takes long."""
    assert study.outcome.code == 0
    line = r"Compiling the rules.*|\d+ of \d+ runs finished, .*"
    assert all(re.fullmatch(line, said) for said in study.outcome.err.splitlines())
    assert "\x1b" not in study.outcome.out
    assert "\r" not in study.outcome.out


@pytest.mark.parametrize("words", ["conditions", "parameters", "schema", "--help", "run s.yaml"])
def test_piping_into_head(workplace: Path, words: str) -> None:
    (workplace / "s.yaml").write_text(SMALL)
    process = subprocess.Popen(
        [sys.executable, "-m", "rlsabm", *words.split()],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    error = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=120) in (0, 1, 141)
    assert error == ""


def test_a_full_disk_behind_standard_output(workplace: Path) -> None:
    with open("/dev/full", "w") as full:
        process = subprocess.run(
            [sys.executable, "-m", "rlsabm", "conditions"],
            env=environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert process.returncode != 0
    assert "Traceback" not in process.stderr


def test_debug_shows_the_traceback(workplace: Path) -> None:
    (workplace / "asked.yaml").write_text("title: 5\n")
    for words in (["--debug", "check", "asked.yaml"], ["check", "asked.yaml", "--debug"]):
        outcome = typed(*words, folder=workplace)
        assert outcome.code == 1
        assert "Traceback" in outcome.err
        assert "ScenarioError" in outcome.err
    refused(typed("check", "asked.yaml", folder=workplace), "asked.yaml:1")


# Verbs --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", VERBS)
def test_help_has_an_example_that_works(
    rlsabm_command: Command, workplace: Path, verb: str, request: pytest.FixtureRequest
) -> None:
    outcome = rlsabm_command(verb, "--help")
    assert outcome.code == 0
    callback = next(c.callback for c in app.registered_commands if c.callback.__name__ == verb)
    found = re.search(r"Example: `(rlsabm .*)`", callback.__doc__ or "")
    assert found
    assert "Example" in outcome.out
    assert f"rlsabm {verb}" in outcome.out
    (workplace / "scenarios").unlink()
    shutil.copytree(CHECKOUT / "scenarios", workplace / "scenarios")
    words = shlex.split(found[1].split(" > ")[0])[1:]
    if verb == "explore":  # goes on until it is stopped, and needs an extra: test_explore types it
        return
    if verb == "run":
        words += ["--set", "population.size=300"]
    if verb == "calibrate":  # in a few seconds it can only begin
        words += ["--size", "500", "--hours", "0.001"]
    if verb in ("compare", "export", "report", "resume", "status"):
        (workplace / "outputs").mkdir()
        (workplace / words[1]).symlink_to(request.getfixturevalue("study").folder)
    if verb == "sensitivity":
        (workplace / "outputs").mkdir()
        (workplace / words[1]).symlink_to(calibrated())
    assert rlsabm_command(*words).code == 0


def test_help_of_the_program(rlsabm_command: Command) -> None:
    for words in (["--help"], ["-h"], ["help"]):
        outcome = rlsabm_command(*words)
        assert outcome.code == 0
        assert all(verb in outcome.out for verb in VERBS)
    assert "--add-replicates" in rlsabm_command("help", "run").out
    assert re.fullmatch(r"rlsabm \d+\.\d+\.\d+\n", rlsabm_command("--version").out)


def test_the_name_of_the_program_alone_says_what_to_type(rlsabm_command: Command) -> None:
    outcome = rlsabm_command()
    assert (outcome.code, outcome.err) == (0, "")
    lines = outcome.out.splitlines()
    assert len(lines) < 12
    typed = [line.split()[1] for line in lines if line.strip().startswith("rlsabm ")]
    assert typed[0] == "run"
    assert set(typed) <= {*VERBS, "help"}
    assert rlsabm_command("run", "baseline", "--set", "population.size=300").code == 0


@pytest.mark.parametrize(
    ("words", "near"),
    [(["chek"], "chek"), (["run"], "FILE"), (["run", "a.yaml", "--ouput", "x"], "--ouput")],
)
def test_mistyped_commands(rlsabm_command: Command, words: list[str], near: str) -> None:
    outcome = rlsabm_command(*words)
    assert outcome.code == 2
    assert near in outcome.err
    assert "Traceback" not in outcome.err


def test_json(rlsabm_command: Command, workplace: Path) -> None:
    (workplace / "asked.yaml").write_text(SMALL)
    names = [row["name"] for row in json.loads(rlsabm_command("conditions", "--json").out)]
    assert names[0] == "everyone"
    rows = json.loads(rlsabm_command("parameters", "ferritin", "--json").out)
    assert rows
    for row in rows:
        assert "ferritin" in row["name"]
        assert {"default", "unit", "prior", "lower", "upper", "source", "part"} <= set(row)
    assert json.loads(rlsabm_command("schema").out)["properties"]["population"]
    shown = json.loads(rlsabm_command("show", "asked.yaml", "--json").out)
    assert shown["population"]["size"] == 300
    outcome = rlsabm_command("run", "asked.yaml", "--json")
    found = json.loads(outcome.out)
    assert found.pop("folder") == "outputs/asked"
    assert found.pop("report") is None, "tests make none"
    results = found.pop("results")
    assert found == json.loads(Path("outputs/asked/manifest.json").read_text())
    again = json.loads(rlsabm_command("resume", "asked", "--json").out)
    assert (again["folder"], again["results"]) == ("outputs/asked", results)
    study = read("asked")
    for row, record in zip(
        study.prevalence(by=["arm", "condition", "definition"]).to_dict("records"),
        results["prevalence"],
        strict=True,
    ):
        assert record["ages"] == "18 years and older"
        for name, value in row.items():
            if isinstance(value, float):
                value = None if isnan(value) else pytest.approx(value, rel=1e-12)
            assert record[name] == value
    assert results["shifts"][0]["estimate"] == "observed_shift"
    assert {"value", "lower", "upper", "monte_carlo_error", "draws"} <= set(results["shifts"][0])


def test_parameters_with_no_match(rlsabm_command: Command) -> None:
    refused(rlsabm_command("parameters", "qqq"), "'qqq'")


def test_the_schema_accepts_shipped_scenarios(rlsabm_command: Command) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    yaml = pytest.importorskip("ruamel.yaml").YAML(typ="safe")
    schema = json.loads(rlsabm_command("schema").out)
    for name in SHIPPED:
        jsonschema.validate(yaml.load(CHECKOUT / "scenarios" / name), schema)


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_scenarios(rlsabm_command: Command, workplace: Path, name: str) -> None:
    outcome = rlsabm_command("check", f"scenarios/{name}")
    assert outcome.code == 0
    assert outcome.out.startswith(f"scenarios/{name}: valid")
    plain = rlsabm_command("show", f"scenarios/{name}", "--set", "runs.draws=5").out
    as_json = rlsabm_command("show", f"scenarios/{name}", "--set", "runs.draws=5", "--json").out
    wanted = read_scenario(f"scenarios/{name}", ["runs.draws=5"]).content_hash()
    for text in (plain, as_json):
        (workplace / "back.yaml").write_text(text, encoding="utf-8")
        assert read_scenario("back.yaml", []).content_hash() == wanted
    (workplace / "back.yaml").write_text(plain, encoding="utf-8")
    assert rlsabm_command("check", "back.yaml").code == 0


@pytest.mark.parametrize(
    "name",
    [
        "my_question.yaml",
        "deep/folder/q",
        "q.yml",
        "it's {1}",
        "q.txt",
        "sub dir/über $HOME",
        "./-q",
        *(name for name in ("2024.yaml", "true", "a: b.yaml")),
    ],
)
def test_new_gives_a_scenario_that_passes(rlsabm_command: Command, name: str) -> None:
    outcome = rlsabm_command("new", name)
    assert outcome.code == 0
    path = name if name.endswith((".yaml", ".yml")) else f"{name}.yaml"
    commands = [shlex.split(line)[1:] for line in outcome.out.splitlines()[1:]]
    assert [words[0] for words in commands] == ["check", "run", "compare"]
    assert Path(commands[2][1]) == Path("outputs") / Path(path).stem
    written = Path(path).read_bytes()
    outcome = rlsabm_command(*commands[0])
    assert (outcome.code, outcome.err) == (0, "")
    scenario = read_scenario(commands[1][1]).scenario
    assert scenario.runs.draws * scenario.runs.replicates > 5
    refused(rlsabm_command("new", name), str(Path(path)), "already exists")
    assert Path(path).read_bytes() == written


@pytest.mark.parametrize(
    "name",
    [
        ".",
        "",
        "/proc/q",
        "scenarios/baseline.yaml/q",
        "scenarios/baseline.yaml/q/q",
        "q.json",
        "new/folder/con",
        "a\\b",
        "a\nb",
        "x" * 300,
    ],
)
def test_new_where_nothing_can_be_written(
    rlsabm_command: Command, workplace: Path, name: str
) -> None:
    refused(rlsabm_command("new", name))
    assert [path.name for path in workplace.iterdir()] == ["scenarios"]


@pytest.mark.parametrize("name", ["asked", "new/folder/asked"])
def test_new_on_a_full_disk_leaves_nothing(
    rlsabm_command: Command, workplace: Path, name: str
) -> None:
    (workplace / "disk").mkdir()
    with mounted_disk(workplace / "disk", "4k"):
        (workplace / "disk" / "full").write_bytes(bytes(4096))
        refused(
            rlsabm_command("new", f"disk/{name}"),
            f"disk/{name}.yaml: cannot be written: No space left on device",
        )
        assert [path.name for path in (workplace / "disk").iterdir()] == ["full"]


def test_new_writes_nothing_into_a_study(rlsabm_command: Command, done: Path) -> None:
    (done / "units").mkdir()
    refused(rlsabm_command("new", "outputs/asked/units/mine"), "belongs to the study in")
    assert list((done / "units").iterdir()) == []


def test_new_checks_its_base(rlsabm_command: Command, workplace: Path) -> None:
    refused(rlsabm_command("new", "asked.yaml", "--base", "basline"), "basline", "baseline")
    assert not (workplace / "asked.yaml").exists()


def test_new_works_outside_a_checkout(rlsabm_command: Command, workplace: Path) -> None:
    (workplace / "scenarios").unlink()
    assert rlsabm_command("new", "asked.yaml").code == 0
    assert rlsabm_command("check", "asked.yaml").code == 0


# What is printed ----------------------------------------------------------------------------------


def test_the_summary(study: Study) -> None:
    printed = study.outcome.out
    assert "A small study with everything" in printed
    for words in ("everyone", "blood donation", "by age and sex", "by age and parity", "by arm"):
        assert words in printed
    assert "nothing changed" in printed
    assert "_" not in printed.replace("no_donation", "")
    assert "Results: outputs/small" in printed
    assert max(map(len, printed.splitlines())) <= 100


def test_brackets_in_names(rlsabm_command: Command, workplace: Path) -> None:
    text = 'title: "Iron [/b] and [bold]"\npopulation: {size: 300}\narms: {"[a] [/c]": {}}\n'
    (workplace / "asked.yaml").write_text(text)
    outcome = rlsabm_command("run", "asked.yaml", "--out", "results [red]", "--workers", "1")
    assert outcome.code == 0
    for words in ("Iron [/b] and [bold]", "[a] [/c]", "results [red]"):
        assert words in outcome.out


def test_adults_are_named_only_where_groups_begin_at_18(
    rlsabm_command: Command, workplace: Path
) -> None:
    (workplace / "asked.yaml").write_text(SMALL + "observe: {age_groups: [0, 80]}\n")
    outcome = rlsabm_command("run", "asked.yaml")
    assert outcome.code == 0
    assert "adults" not in outcome.out


@pytest.mark.parametrize("by", ["[]", "[sex]", "[age_group]", "[parity]", "[parity, sex]"])
def test_the_summary_of_any_strata(rlsabm_command: Command, workplace: Path, by: str) -> None:
    (workplace / "asked.yaml").write_text(SMALL + f"observe: {{by: {by}}}\n")
    outcome = rlsabm_command("run", "asked.yaml")
    assert outcome.code == 0
    assert "everyone" in outcome.out


def test_the_readme(rlsabm_command: Command, workplace: Path, study: Study) -> None:
    readme = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    scenarios = re.findall(r"```yaml\n(.*?)```", readme, re.DOTALL)
    assert scenarios
    for text in scenarios:
        (workplace / "asked.yaml").write_text(text, encoding="utf-8")
        outcome = rlsabm_command("check", "asked.yaml")
        assert (outcome.code, outcome.err) == (0, "")
    (workplace / "outputs").mkdir()
    (workplace / "outputs" / "baseline").symlink_to(study.folder)
    reading = re.findall(r"```python\n(import pandas.*?)```", readme, re.DOTALL)
    assert reading
    for code in reading:
        exec(compile(code, "README.md", "exec"), {})
