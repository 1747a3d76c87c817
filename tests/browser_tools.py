"""A headless Chromium that a test looks through: what it shows, says and asks for."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

#: Longest time to wait for a page (seconds).
PATIENCE = 180.0


def chromium() -> str:
    """Path of the browser; the test is skipped where there is none."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    pytest.skip("there is no Chromium")


class Tab:
    """A page in the browser, by the protocol of its developer tools."""

    def __init__(self, connection: Any) -> None:
        self._connection, self._last = connection, 0
        #: Errors on the console, and addresses that the page asked for.
        self.errors: list[str] = []
        self.asked: list[str] = []
        for domain in ("Runtime", "Log", "Network", "Page"):
            self.do(f"{domain}.enable")

    def do(self, method: str, **params: Any) -> dict[str, Any]:
        """Give a command, and note what happens until it is answered."""
        self._last += 1
        self._connection.send(json.dumps({"id": self._last, "method": method, "params": params}))
        while True:
            message = json.loads(self._connection.recv(timeout=PATIENCE))
            if message.get("id") == self._last:
                assert "error" not in message, message
                return dict(message["result"])
            self._note(message.get("method", ""), message.get("params", {}))

    def _note(self, method: str, params: dict[str, Any]) -> None:
        if method == "Runtime.exceptionThrown":
            self.errors.append(json.dumps(params["exceptionDetails"]))
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "assert"):
            self.errors.append(json.dumps(params["args"]))
        elif method == "Log.entryAdded" and params["entry"]["level"] == "error":
            self.errors.append(json.dumps(params["entry"]))
        elif method == "Network.requestWillBeSent":
            self.asked.append(params["request"]["url"])
        elif method == "Network.webSocketCreated":
            self.asked.append(params["url"])

    def hosts(self) -> set[str | None]:
        """Hosts that the page asked for something; of data within the page there is none."""
        return {
            urlsplit(url).hostname for url in self.asked if not url.startswith(("data:", "blob:"))
        }

    def show(self, address: str, width: int = 1280, height: int = 900) -> None:
        """Open an address in a window of a size; narrow ones are those of phones."""
        self.resize(width, height)
        self.do("Page.navigate", url=address)

    def resize(self, width: int, height: int) -> None:
        """Give the window another size."""
        self.do(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=width < 600,
        )  # fmt: skip

    def find(self, expression: str) -> Any:
        """Value of an expression of JavaScript; a promise is waited for."""
        result = self.do(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def wait_for(self, expression: str, seconds: float = PATIENCE) -> Any:
        """Wait until an expression is true, and give its value."""
        end = time.monotonic() + seconds
        while not (value := self.find(expression)):
            assert time.monotonic() < end, f"never came true: {expression}\n{self.text()[:3000]}"
            time.sleep(0.1)
        return value

    def text(self) -> str:
        """What can be read on the page."""
        return str(self.find("document.body.innerText"))

    def press(self, words: str) -> None:
        """Press the button on which these words stand, when it can be pressed."""
        button = (
            "[...document.querySelectorAll('button')].find(b => !b.disabled && "
            f"b.innerText.toLowerCase().includes({json.dumps(words.lower())}))"
        )
        self.wait_for(f"!!{button}")
        self.find(f"{button}.click()")

    def picture(self, path: Path) -> None:
        """Save what is seen, the whole length of it."""
        found = self.do("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(found["data"]))


@contextmanager
def opened(folder: Path) -> Iterator[Tab]:
    """A tab of a browser that keeps its things in a folder."""
    client = pytest.importorskip("websockets.sync.client")
    words = [
        "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-extensions",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        "--remote-debugging-port=0", f"--user-data-dir={folder}", "about:blank",
    ]  # fmt: skip
    process = subprocess.Popen(
        [chromium(), *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        said, end = folder / "DevToolsActivePort", time.monotonic() + PATIENCE
        while not (said.exists() and said.read_text().strip()):
            assert time.monotonic() < end, "Chromium did not begin"
            time.sleep(0.1)
        port = said.read_text().split()[0]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=PATIENCE) as tabs:
            address = next(t for t in json.load(tabs) if t["type"] == "page")[
                "webSocketDebuggerUrl"
            ]
        with client.connect(address, max_size=None) as connection:
            yield Tab(connection)
    finally:
        process.kill()
        process.wait()
