"""What a container or a batch system allots to this process of a machine's processors and memory.

Containers and batch systems set limits through control groups of Linux: each process is in one, which
lies within others, and the smallest limit of all of them counts.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath

#: Variables in which batch systems say how many processors a job has, the most particular first.
PROCESSORS_OF_BATCH = (
    *("SLURM_CPUS_PER_TASK", "SLURM_CPUS_ON_NODE"),
    *("PBS_NCPUS", "NCPUS", "NSLOTS", "LSB_DJOB_NUMPROC"),
)


def processors_allotted(
    root: Path = Path("/"), environment: Mapping[str, str] = os.environ
) -> dict[str, int]:
    """Limits of the number of processors, by who sets them.

    Parameters
    ----------
    root
        Where the files of the system lie.
    environment
        Variables of this process.
    """
    limits = {}
    quotas = [*_quotas(root)]
    if quotas:
        # Part of a processor is more than none, and one and a half keep two busy most of the time.
        limits["control group"] = max(1, math.ceil(min(quotas)))
    for name in PROCESSORS_OF_BATCH:
        if (allotted := _whole(environment.get(name))) is not None:
            limits[name] = allotted
            break
    return limits


def memory_allotted(
    root: Path = Path("/"), environment: Mapping[str, str] = os.environ, processors: int = 1
) -> dict[str, int]:
    """Limits of memory in bytes, by who sets them.

    Parameters
    ----------
    root, environment
        As for processors.
    processors
        Processors that a batch system allots, where it allots memory to each.
    """
    limits = {}
    found = [
        limit
        for folder in _groups(root, "memory")
        for file in ("memory.max", "memory.limit_in_bytes")
        if (limit := _whole(_text(folder / file))) is not None
    ]
    if found:
        limits["control group"] = min(found)
    for name, number in (("SLURM_MEM_PER_NODE", 1), ("SLURM_MEM_PER_CPU", processors)):
        if (megabytes := _whole(environment.get(name))) is not None:
            limits[name] = megabytes * 2**20 * number
    return limits


def _quotas(root: Path) -> Iterator[float]:
    """Processors' worth of time that control groups allot."""
    for folder in _groups(root, "cpu"):
        quota, _, period = _text(folder / "cpu.max").partition(" ")
        quota = quota or _text(folder / "cpu.cfs_quota_us")
        period = period or _text(folder / "cpu.cfs_period_us")
        if (microseconds := _whole(quota)) is not None:
            yield microseconds / (_whole(period) or 100_000)


def _groups(root: Path, controller: str) -> Iterator[Path]:
    """Folders of this process's control group, and of those around it, of either version."""
    own: dict[str, str] = {}
    for line in _text(root / "proc/self/cgroup").splitlines():
        # Such as "4:cpu,cpuacct:/job_7", or "0::/job_7" of version 2.
        _, controllers, group = (*line.split(":", 2), "", "")[:3]
        own |= dict.fromkeys(controllers.split(","), group)
    for line in _text(root / "proc/self/mountinfo").splitlines():
        words, _, end = line.partition(" - ")
        kind, _, options = (*end.split(), "", "", "")[:3]
        top, mount = (*words.split(), *[""] * 5)[3:5]
        name = controller if kind == "cgroup" and controller in options.split(",") else ""
        if name not in own or not (name or kind == "cgroup2"):
            continue
        # In a container the outermost group that can be seen is its own.
        inside = PurePosixPath("/", own[name])
        if inside.is_relative_to(top):
            inside = PurePosixPath("/") / inside.relative_to(top)
        for each in (inside, *inside.parents):
            yield root / mount.lstrip("/") / str(each).lstrip("/")


def _text(file: Path) -> str:
    """What a file of the system says; nothing if it is not there."""
    with suppress(OSError):
        return file.read_text(errors="replace").strip()
    return ""


def _whole(text: str | None) -> int | None:
    """A number above zero; None for "max", for zero, which means no limit, and for anything else."""
    try:
        number = int(text or "")
    except ValueError:
        return None
    return number if number > 0 else None
