"""Draws figures in a process of its own, while the next ones are thought out in another.

Run as a program it takes a figure a line, as JSON, and answers with a line: its picture. The library
that draws lets no other thread work, so a thread would gain nothing.
"""

from __future__ import annotations

import base64
import json
import signal
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from types import TracebackType
from typing import Any


def picture(figure: dict[str, Any]) -> str:
    """A figure as a picture, for paper and for readers without scripts: an address with all of it."""
    import vl_convert

    drawn = vl_convert.vegalite_to_svg(figure).encode()
    return f"data:image/svg+xml;base64,{base64.b64encode(drawn).decode()}"


class Artist:
    """Draws one figure after another, in the background; to be used in a `with` statement."""

    def __enter__(self) -> Artist:
        self._waiting = ThreadPoolExecutor(max_workers=1)
        self._process: subprocess.Popen[bytes] | None = None
        with suppress(OSError):  # no more processes: figures are drawn in this one
            self._process = subprocess.Popen(
                [sys.executable, "-P", __file__],  # modules beside this file are not for it
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process is not None and kind is not None:
            self._process.kill()
        self._waiting.shutdown(cancel_futures=True)
        if self._process is not None:
            self._process.communicate()

    def draw(self, figure: dict[str, Any]) -> Future[str]:
        """The picture that `picture` makes of it, as soon as it is drawn."""
        return self._waiting.submit(self._drawn, figure)

    def _drawn(self, figure: dict[str, Any]) -> str:
        if self._process is None or self._process.stdin is None or self._process.stdout is None:
            return picture(figure)
        try:
            self._process.stdin.write(json.dumps(figure).encode() + b"\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        except OSError:
            answer = b""
        # Whatever went wrong there goes wrong here as well, or does not.
        return answer.decode().strip() or picture(figure)


def main() -> None:
    """Draw what is asked for, until nobody asks any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever asks decides when to stop
    for line in sys.stdin.buffer:
        sys.stdout.write(picture(json.loads(line)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
