"""Renew the sample output of the guides: ``python docs/make_samples.py``, which takes some minutes.

Commands and code are run as a reader would, page after page in one folder. Sentences around the samples
may name numbers: read them beside the new ones.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from contextlib import chdir, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PAGES = tuple(ROOT / name for name in ("README.md", "docs/quickstart.md", "docs/recipes.md"))

#: A code block: its language, and what is in it.
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
#: The first line of a file that the reader saves.
SAVED = re.compile(r"# rlsabm run (\S+)\n")
#: What a reader does once; the checkout is installed already.
INSTALLS = ("pip install", "pytest")
#: Between paragraphs; how long a run took is one of its own, which no sample shows.
BETWEEN = re.compile(r"(\n\n+|\n(?=Note: |[\d.,]+ million person-years))")
RULER, LEFT_OUT = "──", "..."


class ChangedError(Exception):
    """The output has nothing like a part of the sample."""


def rows_of(lines: list[str]) -> dict[str, list[str]]:
    """The rows of a table by their names; a long name goes on in lines of its own."""
    rows: list[tuple[str, list[str]]] = []
    for line in lines:
        name, *cells = re.split(r"\s{2,}", line.strip())
        if cells or line == LEFT_OUT or not rows:
            rows.append((name, [line]))
        else:
            rows[-1] = (rows[-1][0] + name, [*rows[-1][1], line])
    return {name.replace(" ", ""): row for name, row in rows}


def split_at_ruler(part: str) -> tuple[list[str], list[str]]:
    """Head and rows of a table."""
    lines = [line.rstrip() if line.strip() != LEFT_OUT else LEFT_OUT for line in part.split("\n")]
    first = 1 + next(number for number, line in enumerate(lines) if RULER in line)
    return lines[:first], lines[first:]


def shortened(part: str, whole: str) -> str:
    """A table from the output, with the rows that the sample has; gaps are marked if they were."""
    shown = rows_of(split_at_ruler(part)[1])
    lines, rows = split_at_ruler(whole)
    found = rows_of(rows)
    marked = shown.pop(LEFT_OUT, None) is not None
    if missing := [name for name in shown if name not in found]:
        raise ChangedError(f"no row {missing[0]}")
    for name, row in found.items():
        if name in shown:
            lines += row
        elif marked and lines[-1].strip() != LEFT_OUT:
            lines.append(f"  {LEFT_OUT}")
    return "\n".join(lines)


def renewed(sample: str, output: str) -> str:
    """The sample with the numbers of the output: the same paragraphs, and of tables the same rows."""
    rest, lines = BETWEEN.split(output.strip("\n"))[::2], []
    parts = BETWEEN.split(sample.strip("\n"))
    for part in parts[::2]:
        words = set(re.findall(r"[^\W\d]+", part))
        alike = [other for other in rest if other.split()[0] == part.split()[0]]
        if not alike:
            raise ChangedError(f"nothing like {part.splitlines()[0]!r}")
        best = max(alike, key=lambda other: len(words & set(re.findall(r"[^\W\d]+", other))))
        rest = rest[rest.index(best) + 1 :]
        lines.append(shortened(part, best) if RULER in part else best)
    separators = [*parts[1::2], "\n"]
    return "".join(line + end for line, end in zip(lines, separators, strict=True))


def ran(commands: str) -> str:
    """What commands print on a terminal of 100 columns, mistakes included."""
    settings = {**os.environ, "COLUMNS": "100", "PYTHONPATH": str(ROOT)}
    printed = []
    for line in commands.splitlines():
        parts = (part.strip() for part in line.split("&&"))
        command = " && ".join(part for part in parts if not part.startswith(INSTALLS))
        done = subprocess.run(command, shell=True, env=settings, capture_output=True, text=True)
        printed.append(done.stdout + (done.stderr if done.returncode else ""))
    return "\n".join(text for text in printed if text)


def executed(code: str, names: dict[str, Any]) -> str:
    """What Python code prints."""
    out = StringIO()
    with redirect_stdout(out):
        exec(compile(code, "a block", "exec"), names)
    return out.getvalue()


def page(text: str) -> tuple[str, list[str]]:
    """A page with new samples, and which are left; blocks after the last sample are not run."""
    left: list[str] = []
    names: dict[str, Any] = {}
    language_before, output, pieces, end = "", "", [], 0
    blocks = list(BLOCK.finditer(text))
    last = max(number for number, block in enumerate(blocks) if block[1] == "text")
    for block in blocks[: last + 1]:
        language, code = block.groups()
        if language == "yaml" and (saved := SAVED.match(code)):
            Path(saved[1]).write_text(code, encoding="utf-8")
        elif language in ("sh", "python"):
            new = ran(code) if language == "sh" else executed(code, names)
            language_before, output = (language, new) if new else (language_before, output)
        elif language == "text":
            asked = re.match(r"\$ (.*)\n", code)
            try:
                if asked:
                    new = asked[0] + ran(asked[1])
                else:
                    new = output if language_before == "python" else renewed(code, output)
            except ChangedError as why:
                left.append(f"{code.splitlines()[0].strip()!r} is left: {why}")
                new = code
            lines = [line.rstrip() + "\n" for line in new.splitlines()]
            pieces += [text[end : block.start(2)], *lines]
            end = block.end(2)
    return "".join(pieces) + text[end:], left


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(ROOT / "scenarios", Path(folder, "scenarios"))
        Path(folder, "rlsabm").symlink_to(ROOT / "rlsabm")
        for file in PAGES:
            with chdir(folder):
                new_text, left = page(file.read_text(encoding="utf-8"))
            file.write_text(new_text, encoding="utf-8")
            print(f"{file}: renewed", *left, sep="\n  ", flush=True)
