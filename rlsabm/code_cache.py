"""Where compiled code is kept between runs, and how it is found again.

Code that is kept is executed when it is found, so it is looked for only where nobody else could have
put it: in the folder that the user names, below the home folder, or in a folder of the user's own among
the temporary files.  Whatever is wrong with a folder or a file means that a rule is compiled anew.
"""

from __future__ import annotations

import atexit
import hashlib
import logging
import multiprocessing
import os
import pickle
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from numba.core import serialize
from numba.core.caching import _Cache
from numba.core.compiler import CompileResult
from numba.core.runtime.nrt import rtsys

dumps: Any = serialize.dumps

LOG = logging.getLogger("rlsabm")

KEEP_SECONDS = 30 * 24 * 3600
#: End of the names of files with compiled code.
COMPILED = ".nbc"
#: Bytes at the beginning of such a file that tell whether the rest is whole.
CHECKSUM_BYTES = hashlib.sha256().digest_size


# Where -------------------------------------------------------------------------------------------


def choose_folder(name: str) -> Path | None:
    """A folder for compiled code that can be written and trusted; None if there is none.

    Parameters
    ----------
    name
        Name of the folder, different for every version of the sources.
    """
    refused = ""
    for place, find in _places():
        try:
            folder = find() / name
            _prepare(folder, shared=place == "RLSABM_CACHE")
        except (OSError, RuntimeError, ValueError) as error:
            if place == "RLSABM_CACHE":
                reason = (getattr(error, "strerror", None) or str(error)).rstrip(".")
                refused = f"RLSABM_CACHE={os.environ[place]!r} cannot be used: {reason}. "
            continue
        if place == "a new folder":
            _tell(f"{refused}Compiled code is kept for this run only; the next compiles again.")
        elif refused:
            _tell(f"{refused}Compiled code is kept in {folder.parent}.")
        return folder
    _tell(f"{refused}Compiled code cannot be kept anywhere; every process compiles for itself.")
    return None


def _places() -> Iterator[tuple[str, Callable[[], Path]]]:
    """Folders for the code of all versions, the best first, and what each is called."""
    for variable, default in (("RLSABM_CACHE", ""), ("XDG_CACHE_HOME", "~/.cache")):
        if base := os.environ.get(variable) or default:
            yield variable, partial(_named_folder, base)
    yield "folder of temporary files", _own_temporary_folder
    yield "a new folder", _new_temporary_folder


def _named_folder(base: str) -> Path:
    return Path(base).expanduser().absolute() / "rlsabm"


def _own_temporary_folder() -> Path:
    """A folder in that of temporary files, where anybody may have made one of this name before."""
    folder = Path(tempfile.gettempdir()) / f"rlsabm-{os.getuid() if hasattr(os, 'getuid') else ''}"
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()  # a link of somebody else's may lead anywhere
    if not stat.S_ISDIR(found.st_mode) or not _is_own(found) or found.st_mode & 0o022:
        raise PermissionError(f"{folder} belongs to somebody else")
    return folder


def _new_temporary_folder() -> Path:
    """A new folder, which is removed at the end, for this process and those that it begins."""
    folder = tempfile.mkdtemp(prefix="rlsabm-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ["RLSABM_CACHE"] = folder
    return Path(folder) / "rlsabm"


def _prepare(folder: Path, *, shared: bool) -> None:
    """Make a folder, and make sure that it is of use.

    Raises
    ------
    OSError
        If it can be written or replaced by anybody, by somebody else where it is not to be shared, or
        not by this user, unless it has compiled code already.
    """
    if not folder.exists():
        _forget_old_code(folder.parent)
        folder.mkdir(parents=True, exist_ok=True)
    for each in (folder.parent, folder):
        if _is_for_anybody(each.stat()):
            raise PermissionError(f"anybody may write into {each}")
        if not shared and not _is_own(each.stat()):
            raise PermissionError(f"{each} belongs to somebody else")
    if shared:
        _look_around(folder)
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError:
        # As in the image of a container: what is there is of use, if it is one's own or the system's.
        if not (has_code(folder) and _is_own(folder.stat(), or_system=True)):
            raise


def _look_around(folder: Path) -> None:
    """Make sure that not anybody could have put a folder where it is, or can put another there.

    Raises
    ------
    PermissionError
        If anybody can.
    """
    named = folder.parent.parent
    for around in {named, *named.parents, *named.resolve().parents}:
        if _is_for_anybody(around.stat()) and not around.stat().st_mode & stat.S_ISVTX:
            raise PermissionError(f"anybody may write into {around}")
    if _is_for_anybody(named.stat()):  # who may add to it what nobody else can replace
        for found in (folder.parent.lstat(), folder.parent.stat(), folder.lstat(), folder.stat()):
            if not _is_own(found, or_system=True):
                raise PermissionError(f"{folder.parent} belongs to somebody else")


def _is_for_anybody(found: os.stat_result) -> bool:
    """Whether anybody may write into a folder, on systems where folders say so."""
    return os.name == "posix" and bool(found.st_mode & 0o002)


def _is_own(found: os.stat_result, *, or_system: bool = False) -> bool:
    """Whether a file belongs to this user, on systems where files belong to users."""
    if not hasattr(os, "getuid"):
        return True
    return found.st_uid == os.getuid() or (or_system and found.st_uid == 0)


def _forget_old_code(base: Path) -> None:
    """Remove the compiled code of other versions that is older than a month."""
    for folder in base.glob("compiled-*"):
        with suppress(OSError):  # another process may remove it as well
            if time.time() - folder.stat().st_mtime > KEEP_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)


def has_code(folder: Path) -> bool:
    """Whether a folder has compiled code."""
    with suppress(OSError):
        return any(folder.glob(f"*{COMPILED}"))
    return False


_told: set[str] = set()


def _tell(line: str, about: str = "") -> None:
    """Say once, and not in every worker process, what the user should know."""
    if multiprocessing.parent_process() is None and about not in _told:
        _told.add(about)
        LOG.warning("%s", line)


# How ---------------------------------------------------------------------------------------------


class RuleCache(_Cache):
    """Compiled code of one rule, as numba's dispatchers ask for it.

    Numba's own cache fails for ever where a file is damaged, and numbers the files of a rule in an
    index that two processes may write at once.  Here each file has a name that follows from all that
    its content depends on, and a checksum, so that it is either right or not used.

    Parameters
    ----------
    rule
        The rule.
    folder
        Folder of compiled code.
    """

    def __init__(self, rule: Callable[..., Any], folder: Path) -> None:
        self._rule = rule
        self._folder = folder
        # Callees have their sources in the folder's name; this one may just have been edited.
        self._source = hashlib.sha256(Path(rule.__code__.co_filename).read_bytes()).hexdigest()
        self._enabled = True

    @property
    def cache_path(self) -> str:
        """The folder."""
        return str(self._folder)

    def enable(self) -> None:
        """Use what is kept."""
        self._enabled = True

    def disable(self) -> None:
        """Use nothing that is kept."""
        self._enabled = False

    def flush(self) -> None:
        """Forget the rule's code."""
        for file in self._folder.glob(f"{self._stem}-*{COMPILED}"):
            file.unlink(missing_ok=True)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The code for these types; None if it is not kept."""
        if not self._enabled:
            return None
        # Not `target_context.refresh()`, which prepares for compiling: it costs a second, a third of it
        # to import scipy, and the compiler does it when there is something to compile.
        rtsys.initialize(target_context)
        try:
            content = self._file(sig, target_context.codegen()).read_bytes()
            checksum, code = content[:CHECKSUM_BYTES], content[CHECKSUM_BYTES:]
            if hashlib.sha256(code).digest() != checksum:
                return None
            rebuild: Any = CompileResult._rebuild
            return rebuild(target_context, *pickle.loads(code))
        except Exception:  # whatever is wrong with it, it can be compiled anew
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep the code for these types."""
        if not self._enabled or data.lifted or data.library.has_dynamic_globals:
            return
        code = dumps(data._reduce())
        file = self._file(sig, data.codegen)
        beside = file.with_name(f"{file.name}.{os.getpid()}.unfinished")
        try:
            beside.write_bytes(hashlib.sha256(code).digest() + code)
            os.replace(beside, file)
        except OSError as error:
            with suppress(OSError):
                beside.unlink()
            reason = error.strerror or error
            _tell(f"Compiled code cannot be kept in {self._folder}: {reason}.", "saving")

    @property
    def _stem(self) -> str:
        name = f"{self._rule.__module__}.{self._rule.__qualname__}"
        return name.replace("<", "").replace(">", "")

    def _file(self, sig: Any, codegen: Any) -> Path:
        """The file of the code for these types on this processor."""
        code, cells = self._rule.__code__, self._rule.__closure__ or ()
        parts = (
            sys.version,
            self._source,
            code.co_firstlineno,
            sig,
            codegen.magic_tuple(),
            code.co_code,
            dumps(tuple(cell.cell_contents for cell in cells)) if cells else b"",
        )
        digest = hashlib.sha256("\n".join(map(repr, parts)).encode()).hexdigest()
        return self._folder / f"{self._stem}-{digest[:32]}{COMPILED}"
