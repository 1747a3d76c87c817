"""Who may write into the folder of a study: one process at a time, which says who it is."""

from __future__ import annotations

import errno
import json
import logging
import os
import socket
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import portalocker
import psutil
from portalocker import LockFlags

from rlsabm.errors import UserError
from rlsabm.results.files import remove_empty
from rlsabm.study.layout import LOCK

LOG = logging.getLogger("rlsabm")

#: How often, and how long apart (seconds), a lock is tried that is taken.
LOCK_TRIES, LOCK_SECONDS = 10, 0.05
#: Who only looks lets others look, too, where a lock can be shared.
LOOKING = LockFlags.NON_BLOCKING | (LockFlags.EXCLUSIVE if os.name == "nt" else LockFlags.SHARED)
#: Where the system knows it, neither a link is followed nor a pipe waited for.
SAFELY = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
#: Errors that say that a file system, often one over a network, has no locks.
WITHOUT_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP)


class FolderLock:
    """The lock of a study's folder.

    Parameters
    ----------
    folder
        Where the study is or will be.
    what
        What is run into it, in words.
    """

    def __init__(self, folder: Path, what: str = "a study") -> None:
        self._folder = folder
        self._what = what
        self._path = folder / LOCK

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other processes from writing into the folder; it is made if it is not there.

        Raises
        ------
        UserError
            If another process holds it, or it cannot be written.
        """
        made = [folder for folder in (self._folder, *self._folder.parents) if not folder.exists()]
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            descriptor = self._lock()
        except OSError as error:
            remove_empty(made)
            raise UserError(
                f"{self._folder}: cannot be written: {error.strerror or error}"
            ) from None
        try:
            yield
        finally:
            with suppress(OSError):
                self._path.unlink()
            os.close(descriptor)
            remove_empty(made)

    def _lock(self) -> int:
        tries = 0
        while True:
            descriptor = self._opened_lock(os.O_RDWR | os.O_CREAT)
            try:
                portalocker.lock(descriptor, LockFlags.EXCLUSIVE | LockFlags.NON_BLOCKING)
            except portalocker.AlreadyLocked:
                os.close(descriptor)
                tries += 1
                if tries > LOCK_TRIES:
                    raise UserError(f"{self._folder}: {self.holder()}") from None
                time.sleep(LOCK_SECONDS)  # somebody may only be looking
                continue
            except portalocker.LockException as error:
                self._go_on_without_locks(descriptor, error)
                break
            # Whoever held it before may have removed it meanwhile.
            with suppress(FileNotFoundError):
                if os.stat(self._path).st_ino == os.fstat(descriptor).st_ino:
                    break
            os.close(descriptor)
        whom = {
            "process": os.getpid(),
            "host": socket.gethostname(),
            "since": time.strftime("%Y-%m-%d %H:%M"),
        }
        try:
            os.truncate(descriptor, 0)
            os.write(descriptor, json.dumps(whom).encode())
        except OSError:  # the disk is full
            with suppress(OSError):
                self._path.unlink()
            os.close(descriptor)
            raise
        return descriptor

    def _opened_lock(self, how: int) -> int:
        """Open the lock, which is a file of this folder and nothing else.

        Raises
        ------
        UserError
            If something else lies in its place.
        OSError
            If it cannot be opened.
        """
        with suppress(FileNotFoundError):
            if not stat.S_ISREG(self._path.lstat().st_mode):
                raise UserError(f"{self._path}: is not a file, as a lock is; remove it")
        return os.open(self._path, how | SAFELY, 0o644)

    def _go_on_without_locks(self, descriptor: int, error: portalocker.LockException) -> None:
        """Say that nothing keeps others out, unless one of them is known to be at work.

        Raises
        ------
        UserError
            If another process of this machine holds the folder.
        OSError
            If that is not why it cannot be locked.
        """
        cause = error.__cause__
        if not isinstance(cause, OSError) or cause.errno not in WITHOUT_LOCKS:
            os.close(descriptor)
            raise cause if isinstance(cause, OSError) else OSError(str(error))
        if self._holder_lives():
            os.close(descriptor)
            raise UserError(f"{self._folder}: {self.holder()}")
        LOG.warning(
            "%s: this file system has no locks (%s), so that nothing keeps a process on another "
            "machine from running %s into the same folder.",
            self._folder,
            cause.strerror,
            self._what,
        )

    def is_held(self) -> bool:
        """Whether a process is writing into the folder.

        Raises
        ------
        UserError
            If something else lies in the place of its lock.
        """
        try:
            descriptor = self._opened_lock(os.O_RDONLY)
        except OSError:
            return False
        try:
            portalocker.lock(descriptor, LOOKING)
        except portalocker.AlreadyLocked:
            return True
        except portalocker.LockException:
            return self._holder_lives()
        finally:
            os.close(descriptor)
        return False

    def _holder_lives(self) -> bool:
        """Whether the process that is said to hold the folder lives on this machine."""
        whom = self._said_to_hold()
        process = whom.get("process")
        return (
            whom.get("host") == socket.gethostname()
            and isinstance(process, int)
            and process != os.getpid()
            and psutil.pid_exists(process)
        )

    def _said_to_hold(self) -> dict[str, Any]:
        """What a process that took the folder has said of itself; empty if nothing is known."""
        with suppress(OSError, ValueError):
            known = json.loads(self._path.read_text())
            return known if isinstance(known, dict) else {}
        return {}

    def holder(self) -> str:
        """Who holds the folder, in words."""
        whom = "another process"
        if {"process", "host", "since"} <= (known := self._said_to_hold()).keys():
            whom = f"process {known['process']} on {known['host']}, since {known['since']}"
        return f"{self._what} is being run into this folder by {whom}"
