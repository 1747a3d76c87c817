"""Every block of code and every command of the documentation is run, or says why it is not."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer
from calibration_tools import calibrated
from conftest import STUDY, Command, Study, environment
from docs_tools import (
    DOCS,
    NOT_RUN,
    PAGES,
    ROOT,
    Block,
    Reader,
    UnreadableError,
    blocks_in,
    blocks_of,
    inline_commands,
    is_installed,
    parses,
    shrunk,
)

from rlsabm.cli import app

#: Pages that take more than some seconds, and how many people they need: tables must not be empty.
LONG_PAGES = {"recipes": 4_000, "studies": 500, "calibrating": 400, "sensitivity": 400}
SIZE = 1_000
#: Blocks that no test runs, by page. A further one is added here, and its reason stands above it.
NOT_RUN_BLOCKS = {"docs/studies.md": 4}


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


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
    for words in inline_commands(page):
        if words[:2] == ["rlsabm", "show"]:
            continue


def prepare(page: Path, folder: Path, request: pytest.FixtureRequest, reader: Reader) -> None:
    """What pages say that a reader has done before."""
    outputs = folder / "outputs"
    outputs.mkdir(exist_ok=True)
    if page.stem == "python":  # it shows the scenario of the study that tests share
        assert STUDY in [block.code for block in blocks_of(page) if block.language == "yaml"]
        (outputs / "small").symlink_to(request.getfixturevalue("study").folder)
    if page.stem == "sensitivity":
        (outputs / "calibration").symlink_to(calibrated())
    if page.stem == "recipes":  # which goes on where the quick start has ended
        for block in blocks_of(DOCS / "quickstart.md"):
            if block.language in ("sh", "yaml"):
                reader.save_files([block])
        for name in ("baseline", "donor_iron"):
            assert reader.command("run", f"scenarios/{name}.yaml").code == 0
