"""What a benchmark measured, and the page on which it is told."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "speed.md"
MILLION = 1e6


@dataclass(frozen=True)
class Measured:
    """A measurement in words.

    Attributes
    ----------
    what, value
        What was measured, and what was found.
    how
        How it was measured.
    """

    what: str
    value: str
    how: str


def machine() -> str:
    """The machine and the versions that matter."""
    processor = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        processor = lines[0].partition(":")[2].strip() if lines else processor
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    versions = ", ".join(f"{name} {version(name)}" for name in ("numba", "numpy", "mesa"))
    return (
        f"{len(os.sched_getaffinity(0))} processors ({processor}), {memory:.0f} GiB of memory, "
        f"Python {platform.python_version()}, {versions}"
    )


def table(found: Sequence[Measured]) -> str:
    """The measurements as a table in Markdown."""
    lines = ["| what | measured | how |", "| --- | --- | --- |"]
    lines += [f"| {each.what} | {each.value} | {each.how} |" for each in found]
    return "\n".join(lines)


def page(found: Sequence[Measured], noted: str = "") -> str:
    """The page of measurements."""
    note = f"{noted}\n\n" if noted else ""
    return f"""\
# Speed

Written by `python -m tests.benchmarks --page`; do not edit by hand. Measure it on a machine of your
own with `python -m tests.benchmarks`, which takes half an hour on two processors that do nothing
else (`--only growing` and the like take less; `--help` lists them).

Measured on {datetime.now(UTC):%d %B %Y}: {machine()}.

{note}{table(found)}

## What these figures are

- A *person-month* is one month of one person: ageing, death, conditions and exposures, iron, brain,
  symptoms. Births, the moving of records and the dead that are still there are part of the time, not
  of the count.
- A *CPU-second* is a second of a processor's time, of all threads of the process together. It
  wanders less than time on a clock where other work shares the machine, and still by a tenth: medians
  are of several rounds, and what is compared was measured in turns.
- [Starsim](https://starsim.org) is a well-made simulator of diseases whose people are columns of
  numpy. It runs here with births, deaths and one disease that does not spread, month by month: it
  does less for each person than this simulator.
- Mesa agents are Python objects. Each of them calls the very same compiled rules here; what is
  measured is what a loop over objects costs.
- Rules are compiled once for each version of them and each kind of processor, and then kept.
- No test asserts a time.
"""
