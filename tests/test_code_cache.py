"""Where compiled code is kept: folders that can be trusted, and files that are right or not used."""

from __future__ import annotations

import logging
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from command_tools import mounted_disk
from conftest import environment

from rlsabm import code_cache
from rlsabm.code_cache import COMPILED, RuleCache, choose_folder

AS_ROOT = hasattr(os, "getuid") and os.getuid() == 0
NOBODY = 54321
only_root = pytest.mark.skipif(not AS_ROOT, reason="only root gives away")


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a home and a place for temporary files, and nothing said so far."""
    for name in ("home", "tmp"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("RLSABM_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    monkeypatch.setattr(code_cache, "_told", set())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def without_home(places: Path) -> None:
    """Where the home folder should be, nothing can be made."""
    (places / "home").rmdir()
    (places / "home").touch()


def own_temporary(places: Path) -> Path:
    return places / "tmp" / f"rlsabm-{os.getuid()}"


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records]


# Folders ------------------------------------------------------------------------------------------


def test_below_the_home_folder(places: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert choose_folder("compiled-1") == places / "home" / ".cache" / "rlsabm" / "compiled-1"
    assert said(caplog) == []


@pytest.mark.parametrize("name", ["mine", "a/b", "~/mine", " "])
def test_the_folder_that_is_asked_for(
    places: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    monkeypatch.setenv("RLSABM_CACHE", name)
    folder = choose_folder("compiled-1")
    assert folder == Path(name).expanduser().absolute() / "rlsabm" / "compiled-1"
    assert folder.is_dir()
    assert said(caplog) == []


@pytest.mark.parametrize("name", ["~nobodyhere/x", "file", "file/below", "/proc/x", "a" * 300])
def test_a_folder_that_cannot_be_had_is_named(
    places: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    (places / "file").touch()
    monkeypatch.setenv("RLSABM_CACHE", name)
    assert choose_folder("compiled-1") == places / "home" / ".cache" / "rlsabm" / "compiled-1"
    (line,) = said(caplog)
    assert line.startswith(f"RLSABM_CACHE={name!r} cannot be used: ")
    assert str(places / "home") in line


def test_an_empty_name_is_none(
    places: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for variable in ("RLSABM_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.setenv(variable, "")
    assert choose_folder("compiled-1") == places / "home" / ".cache" / "rlsabm" / "compiled-1"
    assert said(caplog) == []


def test_without_a_home_in_a_folder_of_ones_own(places: Path) -> None:
    without_home(places)
    folder = choose_folder("compiled-1")
    assert folder == own_temporary(places) / "compiled-1"
    assert stat.S_IMODE(own_temporary(places).stat().st_mode) == 0o700
    assert choose_folder("compiled-1") == folder


def planted_link(places: Path) -> None:
    (places / "elsewhere").mkdir()
    own_temporary(places).symlink_to(places / "elsewhere")


def writable_by_others(places: Path) -> None:
    own_temporary(places).mkdir()
    own_temporary(places).chmod(0o777)


def a_file(places: Path) -> None:
    own_temporary(places).touch()


def of_somebody_else(places: Path) -> None:
    own_temporary(places).mkdir(mode=0o755)
    os.chown(own_temporary(places), NOBODY, NOBODY)


@pytest.mark.parametrize(
    "plant",
    [
        planted_link,
        writable_by_others,
        a_file,
        pytest.param(of_somebody_else, marks=only_root),
    ],
)
def test_code_that_somebody_else_planted_is_not_found(
    places: Path, caplog: pytest.LogCaptureFixture, plant: Callable[[Path], None]
) -> None:
    """Whoever knows a user's number can make a folder of that name before; it would be executed."""
    without_home(places)
    plant(places)
    folder = choose_folder("compiled-1")
    assert folder is not None
    assert own_temporary(places) not in folder.parents
    assert places / "elsewhere" not in folder.resolve().parents
    assert stat.S_IMODE(folder.parents[1].stat().st_mode) == 0o700
    assert os.environ["RLSABM_CACHE"] == str(folder.parents[1])  # for workers
    assert said(caplog) == ["Compiled code is kept for this run only; the next compiles again."]
    shutil.rmtree(folder.parents[1])


def test_a_folder_that_anybody_may_write_into_is_refused(
    places: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("RLSABM_CACHE", "open")
    (places / "open" / "rlsabm" / "compiled-1").mkdir(parents=True)
    (places / "open" / "rlsabm").chmod(0o777)
    assert choose_folder("compiled-1") == places / "home" / ".cache" / "rlsabm" / "compiled-1"
    (line,) = said(caplog)
    assert "anybody may write into" in line


@pytest.mark.parametrize("name", ["open", "open/mine", "open/not/yet/there", "link"])
def test_a_folder_that_anybody_may_replace_is_refused(
    places: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    """Whoever may write around a folder may put another in its place."""
    (places / "open" / "mine").mkdir(parents=True)
    (places / "open").chmod(0o777)
    (places / "link").symlink_to("open/mine")
    monkeypatch.setenv("RLSABM_CACHE", name)
    assert choose_folder("compiled-1") == places / "home" / ".cache" / "rlsabm" / "compiled-1"
    (line,) = said(caplog)
    assert f"anybody may write into {(places / 'open')}. " in line


def given_away(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    os.chown(folder, NOBODY, NOBODY)


def linked_by_somebody_else(folder: Path) -> None:
    (folder.parent / "elsewhere").mkdir()
    folder.symlink_to("elsewhere")
    os.chown(folder, NOBODY, NOBODY, follow_symlinks=False)


@pytest.mark.parametrize(
    ("plant", "trusted"),
    [
        (lambda folder: None, True),
        (Path.mkdir, True),
        pytest.param(given_away, False, marks=only_root),
        pytest.param(linked_by_somebody_else, False, marks=only_root),
        pytest.param(lambda folder: given_away(folder.parent), True, marks=only_root),
    ],
    ids=[
        "nothing",
        "one's own",
        "somebody else's",
        "somebody else's link",
        "in a folder of somebody else's",
    ],
)
def test_among_folders_of_all_users_only_ones_own(
    places: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    plant: Callable[[Path], None],
    trusted: bool,
) -> None:
    """As in /tmp, where nobody may replace what is another's, but be there before."""
    named = places / "all"
    named.mkdir()
    named.chmod(0o1777)
    plant(named / "rlsabm")
    monkeypatch.setenv("RLSABM_CACHE", str(named))
    found = choose_folder("compiled-1")
    assert found == (named if trusted else places / "home" / ".cache") / "rlsabm" / "compiled-1"
    assert [f"{named}/rlsabm belongs to somebody else" in line for line in said(caplog)] == [
        True for _ in range(not trusted)
    ]


@only_root
def test_who_owns_a_folder(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A group may share a folder that it names; a home that is somebody else's is left alone."""
    shared = places / "group" / "rlsabm" / "compiled-1"
    at_home = places / "home" / ".cache" / "rlsabm" / "compiled-1"
    for folder in (shared, at_home):
        folder.mkdir(parents=True)
        for each in (folder, folder.parent):
            os.chown(each, NOBODY, NOBODY)
    assert choose_folder("compiled-1") == own_temporary(places) / "compiled-1"
    monkeypatch.setenv("RLSABM_CACHE", "group")
    assert choose_folder("compiled-1") == shared


def test_nowhere_at_all(
    places: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def read_only(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "mkdir", read_only)
    monkeypatch.setattr(tempfile, "mkdtemp", read_only)
    assert choose_folder("compiled-1") is None
    assert said(caplog) == [
        "Compiled code cannot be kept anywhere; every process compiles for itself."
    ]


def test_a_full_folder_that_is_read_only_is_of_use(
    places: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_only(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    first = choose_folder("compiled-1")
    assert first is not None
    monkeypatch.setattr(tempfile, "TemporaryFile", read_only)
    assert choose_folder("compiled-1") != first
    (first / f"rule{COMPILED}").touch()
    assert choose_folder("compiled-1") == first


def test_code_of_other_versions_is_forgotten(places: Path) -> None:
    old, young = (choose_folder(f"compiled-{n}") for n in (1, 2))
    assert old is not None
    assert young is not None
    os.utime(old, (0, 0))
    choose_folder("compiled-3")
    assert not old.exists()
    assert young.exists()


@pytest.mark.skipif(not AS_ROOT, reason="only root becomes somebody else")
def test_a_user_without_a_home(tmp_path: Path) -> None:
    surroundings = environment()
    for name in ("HOME", "RLSABM_CACHE", "XDG_CACHE_HOME"):
        surroundings.pop(name, None)
    surroundings["TMPDIR"] = str(tmp_path)
    tmp_path.chmod(0o1777)
    for parent in list(tmp_path.parents)[:3]:
        parent.chmod(parent.stat().st_mode | 0o011)
    program = (
        "import os, rlsabm.code_cache as c;"
        f"os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY});"
        "print(c.choose_folder('compiled-1'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=surroundings,
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout.strip(), done.stderr) == (f"{tmp_path}/rlsabm-{NOBODY}/compiled-1", "")


# Files --------------------------------------------------------------------------------------------

RULES = """\
import sys
import numba
from pathlib import Path
from rlsabm.code_cache import RuleCache

def twice(x):
    return 2 * x

rule = numba.njit(twice)
rule._cache = RuleCache(twice, Path(sys.argv[1]))
print(rule(3), rule(0.5), sum(rule.stats.cache_hits.values()))
"""


class Rules:
    """A program with a rule that it calls with two types; how often it found compiled code."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "compiled"
        self.folder.mkdir()
        self.program = folder / "rules.py"
        self.program.write_text(RULES)

    def run(self, twice_three: int = 6, said: str = "") -> int:
        done = subprocess.run(
            [sys.executable, str(self.program), str(self.folder)],
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert said in done.stderr
        assert len(done.stderr.splitlines()) == bool(said), done.stderr
        whole, half, hits = done.stdout.split()
        assert whole == str(twice_three)
        assert float(half) == twice_three / 6
        return int(hits)

    def files(self) -> list[Path]:
        return sorted(self.folder.glob(f"*{COMPILED}"))


@pytest.fixture
def rules(tmp_path: Path) -> Rules:
    return Rules(tmp_path)


def test_compiled_code_is_found_again(rules: Rules) -> None:
    assert [rules.run(), rules.run()] == [0, 2]
    assert len(rules.files()) == 2
    assert len(list(rules.folder.iterdir())) == 2


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[: len(content) // 2],
        lambda content: b"garbage",
        lambda content: bytes(1000),
        lambda content: content[:-1] + bytes([content[-1] ^ 1]),
        lambda content: content[:5000] + bytes([content[5000] ^ 1]) + content[5001:],
    ],
    ids=["emptied", "cut", "garbage", "zeros", "last bit", "a bit"],
)
def test_damaged_code_is_compiled_anew(rules: Rules, damage: Callable[[bytes], bytes]) -> None:
    rules.run()
    for file in rules.files():
        file.write_bytes(damage(file.read_bytes()))
    assert [rules.run(), rules.run()] == [0, 2]


def test_a_folder_in_the_place_of_a_file(rules: Rules) -> None:
    rules.run()
    for file in rules.files():
        file.unlink()
        file.mkdir()
    assert rules.run(said="Compiled code cannot be kept in ") == 0


def test_code_of_a_rule_that_has_changed_is_not_used(rules: Rules) -> None:
    rules.run()
    rules.program.write_text(RULES.replace("2 * x", "4 * x"))
    assert rules.run(12) == 0
    rules.program.write_text(RULES)
    assert rules.run() == 2


def test_a_folder_that_has_gone(rules: Rules) -> None:
    rules.folder.rmdir()
    assert rules.run(said="No such file or directory") == 0


@pytest.fixture
def small_disk(rules: Rules) -> Iterator[None]:
    with mounted_disk(rules.folder, "8k"):
        yield


@pytest.mark.usefixtures("small_disk")
def test_a_disk_that_is_full(rules: Rules) -> None:
    """Said once, and nothing is left that would be half of something."""
    assert rules.run(said="No space left on device") == 0
    assert rules.run(said="No space left on device") == len(rules.files()) < 2
    assert len(list(rules.folder.iterdir())) == len(rules.files())


def test_two_begin_at_once(rules: Rules) -> None:
    hits: list[int] = []
    threads = [threading.Thread(target=lambda: hits.append(rules.run())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(hits) == 4
    assert rules.run() == 2


def test_workers_do_not_repeat_what_is_said(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(code_cache, "_told", set())
    monkeypatch.setattr("multiprocessing.parent_process", lambda: "somebody")
    with caplog.at_level(logging.WARNING):
        code_cache._tell("a line")
    assert said(caplog) == []


def test_a_cache_can_be_disabled_and_emptied(tmp_path: Path) -> None:
    numba = pytest.importorskip("numba")

    def thrice(x: Any) -> Any:
        return 3 * x

    rule = numba.njit(thrice)
    rule._cache = RuleCache(thrice, tmp_path)
    rule._cache.disable()
    assert rule(2) == 6
    assert list(tmp_path.iterdir()) == []
    rule._cache.enable()
    assert rule(0.5) == 1.5
    assert len(list(tmp_path.iterdir())) == 1
    rule._cache.flush()
    assert list(tmp_path.iterdir()) == []


GROW = """\
from rlsabm.population import Population
from rlsabm.setting import make_setting

setting = make_setting(size=100)
Population(setting, key=1).advance(setting.plan.survey_month)
"""


def test_who_finds_compiled_code_imports_nothing_of_the_compilers() -> None:
    """It takes a second, scipy half of it: see `rlsabm.mathematics.total`."""
    exec(GROW, {})  # compiles
    look = "import sys; print(*(sys.modules.keys() & {'numba.np.arraymath', 'scipy.linalg'}))"
    done = subprocess.run(
        [sys.executable, "-c", GROW + look], env=environment(), capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "\n", "")
