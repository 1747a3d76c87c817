"""Reading the documentation as a reader does who tries everything that stands there.

Every block of a page is one of these: code that is run, page after page in a folder of its own; output
and formulas (``text``); a directive of the site; or code under a line that says why no test runs it.
Populations are smaller than the pages say, and calibrations learn less.
"""

from __future__ import annotations

import ast
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import Any

from conftest import CHECKOUT, Outcome, environment

from rlsabm.calibration.file import read_calibration
from rlsabm.calibration.reading import read_targets
from rlsabm.study.settings import read_scenario

ROOT = CHECKOUT
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]

FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>[^\n`]*)\n(?P<code>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)
#: The line above a block that says why no test runs it.
NOT_RUN = re.compile(r"^ *\*Not run by the tests: (?P<why>[^*]{10,})\.\*\n\n\Z", re.MULTILINE)
RUN = ("sh", "python", "yaml", "r")
OUTPUT = "text"
#: The first line of a file that the reader saves, and what reads it.
SAVED = re.compile(r"# rlsabm (?P<what>run|calibrate|validate --targets) (?P<file>\S+)\n")
#: Languages that people would run, under the name of output.
LOOKS_LIKE_CODE = re.compile(r"^(?:rlsabm|pip|python|import|from \S+ import|docker|srun|sbatch)\b")

#: Options without which a command takes long.
QUICK = {
    "calibrate": ("--workers", "1"),
    "export": ("--table", "prevalence"),
    "validate": ("--size", "500", "--replicates", "1"),
}


def name_of(page: Path) -> str:
    """A page's name, seen from the checkout."""
    return page.relative_to(ROOT).as_posix()


@dataclass(frozen=True)
class Block:
    """A fenced block of a page, without its indentation; ``why`` is why it is not run, if so."""

    page: str
    line: int
    language: str
    code: str
    why: str = ""

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"


class UnreadableError(Exception):
    """A page has a block that nobody would run and nobody has marked."""


def blocks_in(text: str, page: str = "page.md") -> list[Block]:
    """All blocks of a page.

    Raises
    ------
    UnreadableError
        If a fence is not closed, a block has no language or one that is not known here, or a block of
        output looks like code.
    """
    blocks, inside = [], 0
    for found in FENCE.finditer(text):
        indent, language = found["indent"], found["language"].strip()
        code = "".join(
            line.removeprefix(indent) for line in found["code"].splitlines(keepends=True)
        )
        why = NOT_RUN.search(text[: found.start()])
        line = 1 + text.count("\n", 0, found.start())
        block = Block(page, line, language, code, why["why"] if why else "")
        if not (language in (*RUN, OUTPUT) or re.fullmatch(r"\{[a-z-]+\}.*", language)):
            raise UnreadableError(f"{block.place}: what is run of a block of {language!r}?")
        if language == OUTPUT and LOOKS_LIKE_CODE.match(code):
            raise UnreadableError(f"{block.place}: code in a block of output")
        blocks.append(block)
        inside += 2
    if len(re.findall(r"^ *```", text, re.MULTILINE)) != inside:
        raise UnreadableError(f"{page}: a fence without its other end")
    return blocks


def blocks_of(page: Path) -> list[Block]:
    """All blocks of a page of the documentation."""
    return blocks_in(page.read_text(encoding="utf-8"), name_of(page))


def shrunk(code: str, size: int) -> str:
    """Code, commands or settings with at most so many people, few draws, and short calibrations."""

    def at_most(most: int) -> Callable[[re.Match[str]], str]:
        return lambda found: found[1] + str(min(int(found[2].replace("_", "")), most))

    number = r"(\d[\d_]*)"
    code = re.sub(rf"(\bsize(?:: |=)|--size ){number}", at_most(size), code)
    code = re.sub(rf"(runs: {{draws: |runs\.draws=|--draws ){number}", at_most(2), code)
    code = re.sub(rf"(?m)^(draws: ){number}", at_most(10), code)
    code = re.sub(rf"(\btrajectories(?:: |=)|--trajectories ){number}", at_most(4), code)
    code = re.sub(rf"(--workers ){number}", at_most(1), code)
    code = re.sub(rf"(--evaluations ){number}", at_most(30), code)
    few = {"evaluations": 30, "first_runs": 12, "more_runs": 10}
    lines = "\n".join(f"{name}: {value}" for name, value in few.items())
    code = re.sub(rf"(?m)^evaluations: {number}", lines, code)
    words = ", ".join(f"{name}={value}" for name, value in (few | {"draws": 10}).items())
    return re.sub(rf"\bevaluations={number}", words, code)


def cut(calibration: str) -> str:
    """The calibration that ships with its first two parameters and three of its figures only."""
    head, rest = calibration.split("parameters:\n")
    names = re.findall(r"^  - \w+\n", rest, re.MULTILINE)
    rows = {target.row for target in read_targets("calibration")} - {"C1", "C2", "C3"}
    left_out = ", ".join(sorted({"C1_any_europe"} | rows))
    head = re.sub(r"leave_out: .*", f"leave_out: [{left_out}]", head)
    return head + "parameters:\n" + "".join(names[:2]) + rest[rest.index("evaluations:") :]


@dataclass
class Reader:
    """Somebody who follows a page from top to bottom, in a folder with what a checkout has.

    Attributes
    ----------
    folder
        The folder, which is the present one.
    size
        Most people of a population.
    command
        Calls rlsabm in this process.
    names
        What the Python code of the page has defined.
    """

    folder: Path
    size: int
    command: Callable[..., Outcome]
    names: dict[str, Any]

    @classmethod
    def in_folder(cls, folder: Path, size: int, command: Callable[..., Outcome]) -> Reader:
        """A reader in a folder, in which scenarios and examples are as small as populations."""
        (folder / "scenarios").unlink(missing_ok=True)
        shutil.copytree(ROOT / "scenarios", folder / "scenarios")
        shutil.copytree(DOCS / "examples", folder / "docs" / "examples")
        for file in (*folder.glob("scenarios/*.yaml"), *folder.glob("docs/examples/*.*")):
            text = shrunk(file.read_text(encoding="utf-8"), size)
            file.write_text(text, encoding="utf-8")
        whole = folder / "scenarios" / "calibration.yaml"
        whole.write_text(cut(whole.read_text(encoding="utf-8")), encoding="utf-8")
        (folder / "rlsabm").symlink_to(ROOT / "rlsabm")
        return cls(folder, size, command, {"__name__": "a page"})

    def save_files(self, blocks: list[Block]) -> None:
        """Save the files that the page shows, which commands above them may read.

        One that ``rlsabm new`` writes is edited where it is shown.
        """
        code = "".join(block.code for block in blocks)
        for block in blocks:
            saved = SAVED.match(block.code) if block.language == "yaml" else None
            if saved and f"rlsabm new {saved['file']}\n" not in code:
                path = self.folder / saved["file"]
                path.write_text(shrunk(block.code, self.size), encoding="utf-8")

    def run(self, block: Block) -> None:
        """Run a block.

        Raises
        ------
        AssertionError
            If a command fails, or prints another mistake than the page shows.
        """
        match block.language:
            case "sh":
                for line in re.sub(r"\\\n\s*", "", block.code).splitlines():
                    for words in line.split("&&"):
                        self.type(words, block.place)
            case "python":
                self.execute(block)
            case "yaml":
                self.read_file(block)
            case "text" if block.code.startswith("$ "):
                typed, shown = block.code[2:].split("\n", 1)
                outcome = self.command(*shlex.split(typed)[1:])
                assert outcome.out + outcome.err == shown, block.place

    def type(self, line: str, place: str) -> None:
        """Type a command: one of rlsabm in this process, another one in a shell."""
        words = shlex.split(shrunk(line, self.size), comments=True)
        if not words or is_installed(words):
            return
        if words[0] == "rlsabm" and not {">", "|"} & set(words):
            outcome = self.command(*words[1:], *QUICK.get(words[1], ()))
            assert outcome.code == 0, f"{place}: {line}: {outcome.err}"
            if words[1] == "new":
                written = self.folder / words[2]
                text = written.read_text(encoding="utf-8").replace("replicates: 8", "replicates: 2")
                written.write_text(shrunk(text, self.size), encoding="utf-8")
            return
        tools = self.folder / ".tools"
        tools.mkdir(exist_ok=True)
        for name, arguments in {"rlsabm": "-m rlsabm ", "python": ""}.items():
            (tools / name).write_text(f'#!/bin/sh\nexec {sys.executable} {arguments}"$@"\n')
            (tools / name).chmod(0o755)
        surroundings = environment() | {"PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}
        done = subprocess.run(
            ["bash", "-c", shrunk(line, self.size)],
            cwd=self.folder, env=surroundings, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{place}: {line}: {done.stderr}"

    def execute(self, block: Block) -> None:
        """Execute Python code: in the names of the page, or as a script if it has a main guard."""
        code = shrunk(block.code, self.size)
        if "__main__" in code:
            script = self.folder / "script.py"
            script.write_text(code, encoding="utf-8")
            done = subprocess.run(
                [sys.executable, script],
                env=environment(),
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, f"{block.place}: {done.stderr}"
            return
        file = self.folder / f"line_{block.line}.py"  # where compiled rules are looked up
        file.write_text(code, encoding="utf-8")
        with redirect_stdout(StringIO()):
            exec(compile(code, str(file), "exec"), self.names)

    def read_file(self, block: Block) -> None:
        """Read a file that a page shows, as the program would."""
        saved = SAVED.match(block.code)
        file = self.folder / (saved["file"] if saved else "shown.yaml")
        file.write_text(shrunk(block.code, self.size), encoding="utf-8")
        match saved["what"] if saved else "run":
            case "run":
                read_scenario(file, [])
            case "calibrate":
                read_calibration(file)
            case _:
                assert read_targets(file), block.place


def is_installed(words: list[str]) -> bool:
    """Whether a command is one of those that made this test run: installing, and testing.

    Raises
    ------
    AssertionError
        If it names an extra, a marker or a file that there is not.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    if words[:2] == ["pip", "install"]:
        for extras in re.findall(r"\[([\w,-]+)\]", " ".join(words[2:])):
            assert set(extras.split(",")) <= set(project["project"]["optional-dependencies"]), words
        return True
    if words[0] == "pytest":
        markers = [m.split(":")[0] for m in project["tool"]["pytest"]["ini_options"]["markers"]]
        for before, word in pairwise(words):
            assert before != "-m" or word in markers, words
            assert not word.startswith("tests/") or (ROOT / word).exists(), words
        return True
    return False


def inline_commands(page: Path) -> Iterator[list[str]]:
    """Commands in running text, word by word; without those that only name a verb."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    for command in re.findall(
        r"`((?:rlsabm|python|pytest|pip|PYTHONPATH=\S+ python) [^`]+)`", text
    ):
        words = shlex.split(command.split(" > ")[0])
        if len(words) > 2 or words[0] != "rlsabm":
            yield words


def parses(code: str) -> bool:
    """Whether Python code is correct as far as can be said without running it."""
    try:
        ast.parse(code)
    except SyntaxError:
        return False
    return True
