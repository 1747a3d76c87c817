"""Every block of code and every command of the documentation is run, or says why it is not."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import typer
from calibration_tools import IDLE, LEVEL, SLOPE, surveyed, targets_of
from conftest import STUDY, Command, Study, environment
from docs_tools import (
    DOCS,
    PAGES,
    ROOT,
    Block,
    Reader,
    UnreadableError,
    blocks_in,
    blocks_of,
    inline_commands,
    is_installed,
    name_of,
    parses,
    shrunk,
)

from rlsabm.calibration.calibrating import calibrate
from rlsabm.calibration.options import Options
from rlsabm.calibration.problem import Problem, Simulated
from rlsabm.cli import app
from rlsabm.errors import UserError

#: Pages that take more than some seconds, and how many people they need: tables must not be empty.
LONG_PAGES = {
    "recipes": 2_000,
    "trials": 12_000,
    **dict.fromkeys(
        (
            "building",
            "calibrating",
            "calibration",
            "prevention",
            "quickstart",
            "sensitivity",
            "studies",
        ),
        500,
    ),
}
SIZE = 500
#: Blocks that no test runs, by page. A further one is added here, and its reason stands above it.
NOT_RUN_BLOCKS = {"docs/explore.md": 2, "docs/sensitivity.md": 1, "docs/studies.md": 5}


def page_params() -> list[Any]:
    """The pages, long ones marked."""
    return [
        pytest.param(page, id=name_of(page), marks=[pytest.mark.long] * (page.stem in LONG_PAGES))
        for page in PAGES
        if any(block.language in ("sh", "python", "yaml", "text") for block in blocks_of(page))
    ]


@pytest.mark.parametrize("page", page_params())
def test_a_page_runs(
    page: Path, rlsabm_command: Command, workplace: Path, request: pytest.FixtureRequest
) -> None:
    """From top to bottom, as a reader would who begins with an empty folder."""
    size = LONG_PAGES.get(page.stem, SIZE)
    reader = Reader.in_folder(workplace, size, rlsabm_command)
    prepare(page, workplace, request, reader)
    blocks = [block for block in blocks_of(page) if not block.why]
    reader.save_files(blocks)
    for block in blocks:
        reader.run(block)
    if page.stem == "python":
        assert len(reader.names["by_sex_and_age"]) == 10
        assert set(reader.names["both"]["arm"]) == {"reference", "no donation"}
    if page.stem == "building":
        assert "causal_chain" in (workplace / "outputs" / "site" / "index.html").read_text()


def prepare(page: Path, folder: Path, request: pytest.FixtureRequest, reader: Reader) -> None:
    """What pages say that a reader has done before."""
    outputs = folder / "outputs"
    outputs.mkdir(exist_ok=True)
    match page.stem:
        case "python":  # it shows the scenario of the study that tests share
            assert [block.code for block in blocks_of(page) if block.language == "yaml"] == [STUDY]
            (outputs / "small").symlink_to(request.getfixturevalue("study").folder)
        case "explore":
            pytest.importorskip("solara")
        case "report":
            shutil.copytree(request.getfixturevalue("study").folder, outputs / "baseline")
        case "sensitivity":
            calibrate_in_no_time(outputs / "calibration")
        case "recipes":  # which goes on where the quick start has ended
            shown = [
                block for block in blocks_of(DOCS / "quickstart.md") if block.language == "yaml"
            ]
            for block in shown:
                reader.read_file(block)
            for name in ("baseline", "donor_iron"):
                assert reader.command("run", f"scenarios/{name}.yaml").code == 0
        case "building":
            shutil.copytree(DOCS, folder / "docs", dirs_exist_ok=True)


def calibrate_in_no_time(folder: Path) -> None:
    """A calibration with a figure of the page's name, whose model is a line instead of people."""
    names = {"exposure -1": "C1_any_adults"}

    def evaluate(number: int, values: Mapping[str, float], seed: int) -> dict[str, Simulated]:
        found = surveyed(number, values, seed)
        return {names.get(name, name): figure for name, figure in found.items()}

    targets = tuple(
        replace(target, name=names.get(target.name, target.name))
        for target in targets_of(-1.5, 0.8)
    )
    options = Options(evaluations=120, first_runs=30, more_runs=20, draws=60, workers=1, seed=3)
    made = Problem((LEVEL, SLOPE, IDLE), targets, evaluate)
    assert calibrate(made, folder, options).status == "complete"


def test_what_is_not_run_says_why() -> None:
    """A block that is not run is rare, and somebody has decided so."""
    marked = {name_of(page): [b for b in blocks_of(page) if b.why] for page in PAGES}
    assert {page: len(blocks) for page, blocks in marked.items() if blocks} == NOT_RUN_BLOCKS
    for block in [b for blocks in marked.values() for b in blocks]:
        assert block.language != "python" or parses(block.code), block.place


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_in_running_text(page: Path) -> None:
    """Verbs, options and their values are accepted; scripts, markers and files are there."""
    group: Any = typer.main.get_command(app)
    for words in inline_commands(page):
        match words:
            case ["rlsabm", verb, *rest]:
                assert verb in group.commands, words
                group.commands[verb].make_context(verb, list(rest))
            case ["python", script, *_] if script.endswith(".py"):
                assert (ROOT / script).exists(), words
            case ["python", "-m", module, *_] | [_, "python", "-m", module, *_]:
                places = (ROOT, ROOT / "tests")
                assert any((p / module.replace(".", "/")).exists() for p in places), words
            case _:
                assert is_installed(words), words


# Examples -----------------------------------------------------------------------------------------

EXAMPLES = sorted(path.name for path in (DOCS / "examples").glob("*.py"))


@pytest.fixture
def examples(workplace: Path, rlsabm_command: Command) -> Path:
    """A place with the examples, and a study at ``outputs/baseline``."""
    Reader.in_folder(workplace, SIZE, rlsabm_command)
    assert rlsabm_command("run", "scenarios/baseline.yaml").code == 0
    return workplace


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.long] * name.startswith("calibrate"))
        for name in EXAMPLES
    ],
)
def test_an_example_runs(examples: Path, name: str) -> None:
    outcome = ran(examples, sys.executable, f"docs/examples/{name}")
    assert outcome.returncode == 0, outcome.stderr
    assert EXPECTED[name](outcome.stdout, examples)


#: Of each example, whether its output is what it should be.
EXPECTED: dict[str, Callable[[str, Path], bool]] = {
    "read_tables.py": lambda out, _: "80+" in out and "iron_deficiency" in out,
    "calibrate_to_my_figure.py": lambda out, folder: (
        out.startswith("complete") and len(posterior(folder)) == 10
    ),
    "new_condition.py": lambda out, _: (
        "caused_shift" in out and "NaN" not in out.split("caused")[0]
    ),
    "policy.py": lambda out, _: all(
        arm in out for arm in ("reference", "ferritin-guided deferral", "longer intervals", "iron")
    ),
}


def posterior(folder: Path) -> pd.DataFrame:
    """Draws of the parameter that the example of a calibration has learnt."""
    return pd.read_parquet(folder / "outputs" / "my_figure" / "posterior.parquet")


def ran(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words, cwd=folder, env=environment(), capture_output=True, text=True, check=False
    )


def r_with(*packages: str) -> str:
    """The program for R scripts; the test is skipped where it, or a package, is not there."""
    program = shutil.which("Rscript")
    if program is None:
        pytest.skip("R is not installed")
    for package in packages:
        if subprocess.run([program, "-e", f"library({package})"], capture_output=True).returncode:
            pytest.skip(f"the R package {package} is not installed")
    return program


def test_the_example_in_r_runs(examples: Path) -> None:
    outcome = ran(examples, r_with("arrow", "dplyr"), "docs/examples/read_tables.R")
    assert outcome.returncode == 0, outcome.stderr
    assert "80+" in outcome.stdout


@pytest.mark.parametrize(
    "block",
    [pytest.param(b, id=b.place) for p in PAGES for b in blocks_of(p) if b.language == "r"],
)
def test_a_block_in_r_runs(workplace: Path, study: Study, block: Block) -> None:
    program = r_with("arrow", "dplyr")
    (workplace / "outputs").mkdir()
    (workplace / "outputs" / "small").symlink_to(study.folder)
    (workplace / "block.R").write_text(block.code, encoding="utf-8")
    outcome = ran(workplace, program, "block.R")
    assert outcome.returncode == 0, outcome.stderr
    assert "female" in outcome.stdout


# Whether a new block that nobody runs is noticed --------------------------------------------------


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("```bash\nrlsabm run x.yaml\n```\n", "'bash'"),
        ("```\nrlsabm run x.yaml\n```\n", "''"),
        ("```julia\n1\n```\n", "'julia'"),
        ("Text\n\n```python\n1\n", "other end"),
        ("- one\n  ```sh\n  rlsabm\n```\n", "other end"),
        ("```text\nrlsabm run x.yaml\n```\n", "code in a block of output"),
        ("```text\nimport rlsabm\n```\n", "code in a block of output"),
    ],
)
def test_a_block_that_nobody_would_run_is_refused(text: str, near: str) -> None:
    with pytest.raises(UnreadableError, match=near):
        blocks_in(text)


def test_blocks_are_found_wherever_they_stand() -> None:
    text = "a\n\n- b:\n\n  ```python\n  if 1:\n      c = 2\n  ```\n\n"
    text += (
        "*Not run by the tests: it needs the moon.*\n\n```sh\nfly\n```\n\n```{toctree}\nx\n```\n"
    )
    python, sh, directive = blocks_in(text)
    assert (python.code, python.line, python.why) == ("if 1:\n    c = 2\n", 5, "")
    assert (sh.code, sh.why) == ("fly\n", "it needs the moon")
    assert directive.language == "{toctree}"
    assert not blocks_in(text.replace("it needs the moon", "no"))[1].why


@pytest.mark.parametrize(
    "block",
    [
        Block("p", 1, "sh", "rlsabm check missing.yaml\n"),
        Block("p", 1, "sh", "cp missing.yaml other.yaml\n"),
        Block("p", 1, "sh", 'pip install ".[no-such-extra]"\n'),
        Block("p", 1, "sh", "pytest -m no_such_marker\n"),
        Block("p", 1, "python", "nothing_of_this_name\n"),
        Block("p", 1, "python", 'if __name__ == "__main__":\n    raise SystemExit(1)\n'),
        Block("p", 1, "yaml", "title: t\nno_such_key: 1\n"),
        Block("p", 1, "yaml", "# rlsabm validate --targets x.yaml\npurpose: calibration\n"),
        Block("p", 1, "text", "$ rlsabm check missing.yaml\nerror: another one\n"),
    ],
    ids=lambda block: block.code.splitlines()[0],
)
def test_a_block_that_fails_is_noticed(
    rlsabm_command: Command, workplace: Path, block: Block
) -> None:
    reader = Reader.in_folder(workplace, SIZE, rlsabm_command)
    with pytest.raises((AssertionError, NameError, UserError)):
        reader.run(block)


def test_small_versions_are_small() -> None:
    assert shrunk("--set population.size=20_000 --set runs.draws=16", 500) == (
        "--set population.size=500 --set runs.draws=2"
    )
    assert shrunk("population: {size: 300}\nruns: {draws: 20}", 500) == (
        "population: {size: 300}\nruns: {draws: 2}"
    )
    assert shrunk("simulate(size=20_000)", 500) == "simulate(size=500)"
    assert "evaluations: 30\n" in shrunk("evaluations: 1_000\ndraws: 200\n", 500)
