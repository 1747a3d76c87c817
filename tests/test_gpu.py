"""Studies on a GPU: what can be shown without one, and what is said where there is none."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_tools import refused
from conftest import CHECKOUT, Command

import rlsabm
from rlsabm.errors import UserError
from rlsabm.population import Population
from rlsabm.study.devices import CPU, check_device, device_named
from rlsabm.study.study import Options

needs_cuda = pytest.mark.skipif(find_spec("numba_cuda") is None, reason="needs the extra gpu")


def said_by(script: str, *arguments: object) -> Any:
    """What a script prints in a process of its own, read as JSON."""
    done = subprocess.run(
        [sys.executable, "-m", f"gpu.{script}", *map(str, arguments)],
        capture_output=True, text=True, cwd=CHECKOUT / "tests", check=False, timeout=900,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(CHECKOUT), *sys.path])},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


# What the extra makes of the rules


@needs_cuda
@pytest.mark.parametrize("capability", [(8, 0), (9, 0)])
def test_rules_compile_for_a_gpu_and_round_as_a_processor_does(capability: tuple[int, int]) -> None:
    """No multiplication is joined with an addition, and nothing of a library stands in the code."""
    found = said_by("compiled", *capability)
    assert set(found) == {"live_people", "relive_people", "gather", "note_months"}
    for name, code in found.items():
        joined = {key: code[key] for key in ("fused", "not rounded", "of the library")}
        assert joined == dict.fromkeys(joined, 0), name
    assert found["live_people"]["rounded"] > 1000


@needs_cuda
def test_people_on_a_simulated_gpu_are_those_of_a_processor() -> None:
    """Births, deaths, rows that move together, events and worlds: every bit."""
    found = said_by("simulated")
    assert found["differ"] == []
    assert found["moved"] >= 1
    assert found["people"] >= 20
    assert found["person_months"][0] == found["person_months"][1] > 5000
    events, are_equal = found["events"]
    assert are_equal
    assert events > 0
    worlds, are_equal = found["worlds"]
    assert are_equal
    assert worlds > 10


# What is said


def test_a_device_that_is_not_there_is_refused(
    rlsabm_command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = rlsabm_command("run", "baseline", "--device", "gpu", "--out", str(tmp_path / "out"))
    if find_spec("numba_cuda") is None:
        refused(outcome, "device gpu: needs numba-cuda", 'pip install "rlsabm[gpu]"')
    elif outcome.code:
        refused(outcome, "device gpu: no GPU that CUDA can use")
    assert not (tmp_path / "out").exists() or outcome.code == 0
    refused(rlsabm_command("run", "baseline", "--device", "tpu"), "--device", "tpu")
    for mistake in ("tpu", "", 3, None):
        with pytest.raises(UserError, match=r"device: (found|is empty).*\(expected cpu or gpu\)"):
            rlsabm.simulate(size=100, device=mistake)  # type: ignore[arg-type]
        with pytest.raises(UserError, match="expected cpu or gpu"):
            Options(device=mistake)  # type: ignore[arg-type]
    with pytest.raises(UserError, match="allow_different_bits"):
        Options(allow_different_bits="perhaps")  # type: ignore[arg-type]


def test_a_gpu_that_gives_other_numbers_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """One bit of one body is enough."""
    from rlsabm.gpu import exactness
    from rlsabm.study.settings import country_of, read_scenario, unit_setting

    class Wrong(Population):
        def advance(self, until: int, **options: Any) -> None:
            super().advance(until, **options)
            if "log" in options:  # the last year
                stores = self.bodies["storage_iron_mg"]
                stores[-1] = np.nextafter(stores[-1], np.inf)

    study = read_scenario("untreated")
    setting = unit_setting(study.scenario, 0, country=country_of(study), people=50)
    monkeypatch.setattr(exactness, "DevicePopulation", Population)
    exactness.check_bits(setting, [])
    monkeypatch.setattr(exactness, "DevicePopulation", Wrong)
    with pytest.raises(
        UserError, match=r"storage_iron_mg of 1 in \d+ people; --allow-different-bits"
    ):
        exactness.check_bits(setting, [])


def test_processors_need_no_check() -> None:
    assert device_named(CPU).population is Population
    check_device(CPU, None, [])  # type: ignore[arg-type]
