"""What containers and batch systems allot, from imagined files of the system."""

from __future__ import annotations

from pathlib import Path

import pytest

from rlsabm.errors import UserError
from rlsabm.study import machine
from rlsabm.study.allotment import memory_allotted, processors_allotted
from rlsabm.study.checking import check_study
from rlsabm.study.settings import read_scenario

GIB = 2**30


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n")
    return root


#: Where the groups of version 2, or the controllers of version 1, are mounted.
UNIFIED = "31 23 0:28 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw"
SEPARATE = "\n".join(
    (
        "24 23 0:22 / /proc rw - proc proc rw",
        "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct",
        "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory",
        "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw",
    )
)


def unified(root: Path, files: dict[str, str], group: str = "/job/step") -> Path:
    system = {"proc/self/cgroup": f"0::{group}", "proc/self/mountinfo": UNIFIED}
    return write(root, system | {f"sys/fs/cgroup/{name}": text for name, text in files.items()})


def test_nothing_is_allotted(tmp_path: Path) -> None:
    assert processors_allotted(tmp_path, {}) == {}
    assert memory_allotted(tmp_path, {}) == {}
    unified(tmp_path, {"job/step/cpu.max": "max 100000", "job/memory.max": "max"})
    assert processors_allotted(tmp_path, {}) == {}
    assert memory_allotted(tmp_path, {}) == {}


@pytest.mark.parametrize(
    ("files", "processors"),
    [
        ({"job/step/cpu.max": "200000 100000"}, 2),
        ({"job/step/cpu.max": "max 100000", "job/cpu.max": "300000 100000"}, 3),
        ({"job/step/cpu.max": "400000 100000", "job/cpu.max": "100000 50000"}, 2),
        ({"job/step/cpu.max": "150000 100000"}, 2),
        ({"job/step/cpu.max": "10000 100000"}, 1),
        ({"cpu.max": "500000 100000"}, 5),
    ],
)
def test_the_quota_of_processors(tmp_path: Path, files: dict[str, str], processors: int) -> None:
    found = processors_allotted(unified(tmp_path, files), {})
    assert found == {"control group": processors}


@pytest.mark.parametrize(
    "files",
    [
        {"job/step/memory.max": str(4 * GIB), "job/memory.max": str(9 * GIB)},
        {"job/step/memory.max": "max", "job/memory.max": str(4 * GIB)},
        {"memory.max": str(4 * GIB)},
    ],
)
def test_the_smallest_of_nested_limits(tmp_path: Path, files: dict[str, str]) -> None:
    assert memory_allotted(unified(tmp_path, files), {}) == {"control group": 4 * GIB}


def test_control_groups_of_version_1(tmp_path: Path) -> None:
    base = "sys/fs/cgroup"
    files = {
        "proc/self/cgroup": "4:memory:/job/step\n3:cpu,cpuacct:/job\n0::/other",
        "proc/self/mountinfo": SEPARATE,
        f"{base}/memory/job/step/memory.limit_in_bytes": "9223372036854771712",
        f"{base}/memory/job/memory.limit_in_bytes": str(2 * GIB),
        f"{base}/cpu,cpuacct/job/cpu.cfs_quota_us": "350000",
        f"{base}/cpu,cpuacct/job/cpu.cfs_period_us": "100000",
        f"{base}/cpu,cpuacct/cpu.cfs_quota_us": "-1",
    }
    assert processors_allotted(write(tmp_path, files), {}) == {"control group": 4}
    assert memory_allotted(tmp_path, {}) == {"control group": 2 * GIB}


@pytest.mark.parametrize("top", ["/docker/abc", "/"])
def test_within_a_container(tmp_path: Path, top: str) -> None:
    """Which sees its own group only, at the top, whatever it is called outside."""
    unified(tmp_path, {"memory.max": str(GIB), "cpu.max": "100000 100000"}, "/docker/abc")
    (tmp_path / "proc/self/mountinfo").write_text(UNIFIED.replace("0:28 /", f"0:28 {top}", 1))
    assert memory_allotted(tmp_path, {}) == {"control group": GIB}
    assert processors_allotted(tmp_path, {}) == {"control group": 1}


def test_files_that_make_no_sense(tmp_path: Path) -> None:
    unified(tmp_path, {"job/step/cpu.max": "many", "job/step/memory.max": ""})
    for text in ("", "nonsense", "0:", "::", ":::::"):
        (tmp_path / "proc/self/cgroup").write_text(text)
        assert memory_allotted(tmp_path, {}) == processors_allotted(tmp_path, {}) == {}


def test_batch_systems(tmp_path: Path) -> None:
    slurm = {"SLURM_CPUS_PER_TASK": "4", "SLURM_CPUS_ON_NODE": "16", "SLURM_MEM_PER_CPU": "2048"}
    assert processors_allotted(tmp_path, slurm) == {"SLURM_CPUS_PER_TASK": 4}
    assert memory_allotted(tmp_path, slurm, 4) == {"SLURM_MEM_PER_CPU": 8 * GIB}
    assert processors_allotted(tmp_path, {"SLURM_CPUS_ON_NODE": "16"}) == {"SLURM_CPUS_ON_NODE": 16}
    assert memory_allotted(tmp_path, {"SLURM_MEM_PER_NODE": "1024"}) == {"SLURM_MEM_PER_NODE": GIB}
    assert processors_allotted(tmp_path, {"NSLOTS": "3"}) == {"NSLOTS": 3}
    # Nought means all that there is.
    for text in ("0", "", "many", "-1"):
        odd = {"SLURM_MEM_PER_NODE": text, "SLURM_CPUS_PER_TASK": text}
        assert memory_allotted(tmp_path, odd) == processors_allotted(tmp_path, odd) == {}


@pytest.mark.parametrize(
    ("asked", "megabytes", "said"),
    [
        ({}, 1, "a block of 500 people needs about 261 MiB of memory, more than 90 % of the 1 MiB that "
         "SLURM_MEM_PER_NODE allows; no run needs less than 260 MiB, so allow more"),
        ({"population.size": 1_000_000, "population.block_size": 500_000}, 1_000, "population."
         "block_size: a block of 500,000 people needs about 1.4 GiB of memory, more than 90 % of the "
         "1000 MiB that SLURM_MEM_PER_NODE allows; choose a smaller population.block_size or "
         "population.size"),
        ({"population.size": 250_000}, 500, "population.size: a block of 250,000 people needs about "
         "552 MiB of memory, more than 90 % of the 500 MiB that SLURM_MEM_PER_NODE allows; choose a "
         "smaller population.size"),
        ({"population.size": 100_000, "observe.persons": 1.0}, 500, "population.size: a block of "
         "100,000 people needs about 568 MiB of memory, more than 90 % of the 500 MiB that "
         "SLURM_MEM_PER_NODE allows; choose a smaller population.size or observe.persons"),
    ],
)  # fmt: skip
def test_who_sets_a_limit_that_is_too_low_is_said_and_what_helps(
    monkeypatch: pytest.MonkeyPatch, asked: dict[str, object], megabytes: int, said: str
) -> None:
    monkeypatch.setenv("SLURM_MEM_PER_NODE", str(megabytes))
    with pytest.raises(UserError) as error:
        check_study(read_scenario({"title": "t", "population.size": 500, **asked}))
    assert str(error.value) == said


def test_the_smallest_limit_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    before = machine.resources_found()
    assert before["processors"] >= 1
    assert before["memory_bytes"] > 2**20
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "1")
    monkeypatch.setenv("SLURM_MEM_PER_NODE", "7")
    assert machine.processors() == 1
    assert machine.memory_bytes() == 7 * 2**20
    found = machine.resources_found()
    assert found["memory_bytes_limited_by"] == "SLURM_MEM_PER_NODE"
    assert machine.whose_memory() == "that SLURM_MEM_PER_NODE allows"
    monkeypatch.setattr(machine, "_memory", lambda: {"machine": 2, "control group": 1})
    assert machine.whose_memory() == "that the control group allows"
    monkeypatch.setattr(machine, "_memory", lambda: {"machine": 1})
    assert machine.whose_memory() == "of this machine"
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "100000")
    assert machine.processors() == before["processors"]
