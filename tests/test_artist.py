"""Pictures that a process of its own draws."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import Any

import pytest

from rlsabm.reporting import artist
from rlsabm.reporting.artist import Artist, picture

pytest.importorskip("vl_convert")

BEGIN = "data:image/svg+xml;base64,"


def figure(value: int) -> dict[str, Any]:
    return {
        "data": {"values": [{"x": value}]},
        "mark": "point",
        "encoding": {"x": {"field": "x", "type": "quantitative", "title": f"é {value}"}},
    }


def process_of(one: Artist) -> subprocess.Popen[bytes]:
    assert one._process is not None
    return one._process


def test_pictures_come_in_the_order_in_which_they_were_asked_for() -> None:
    with Artist() as one:
        asked = [one.draw(figure(value)) for value in (1, 20, 3)]
        drawn = [each.result() for each in asked]
        process = process_of(one)
    assert drawn == [picture(figure(value)) for value in (1, 20, 3)]
    assert all(each.startswith(BEGIN) for each in drawn)
    assert process.returncode == 0


def test_without_its_process_figures_are_drawn_here(monkeypatch: pytest.MonkeyPatch) -> None:
    with Artist() as one:
        process_of(one).kill()
        process_of(one).wait()
        assert one.draw(figure(4)).result() == picture(figure(4))

    def refused(*_: Any, **__: Any) -> None:
        raise OSError("no more processes")

    monkeypatch.setattr(artist.subprocess, "Popen", refused)
    with Artist() as one:
        assert one.draw(figure(5)).result() == picture(figure(5))


def test_what_cannot_be_drawn_is_an_error_here() -> None:
    with Artist() as one, pytest.raises(ValueError, match="SVG conversion failed"):
        one.draw({"mark": 5}).result()


def test_a_mistake_elsewhere_ends_the_process() -> None:
    processes = []

    def make_a_page() -> None:
        with Artist() as one:
            one.draw(figure(1)).result()
            processes.append(process_of(one))
            raise KeyError("a section")

    with pytest.raises(KeyError):
        make_a_page()
    assert processes[0].returncode is not None


@pytest.mark.skipif(sys.platform == "win32", reason="signals of a terminal")
def test_ctrl_c_is_for_the_process_that_asks() -> None:
    with Artist() as one:
        one.draw(figure(1)).result()  # it has begun
        os.kill(process_of(one).pid, signal.SIGINT)
        assert one.draw(figure(2)).result() == picture(figure(2))
        assert process_of(one).poll() is None
