"""The server of the page: on this machine only, without a request to any other."""

from __future__ import annotations

import errno
import logging
import socket
import threading
import time
import warnings
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

from rlsabm.errors import UserError
from rlsabm.exploring.asked import Asked

HOST = "127.0.0.1"
#: Port that is tried first where none is asked for.
USUAL_PORT = 8765
#: What the extra brings, beyond what it requires in turn.
NEEDED = ("solara", "solara_assets", "altair", "matplotlib", "networkx")
#: Seconds to wait for the server to begin, and to end.
PATIENCE = 30.0


def check_extra() -> None:
    """Refuse to begin where the libraries of the page are not installed (``UserError``)."""
    if any(find_spec(name) is None for name in NEEDED):
        raise UserError('explore: needs Solara; install it with pip install "rlsabm[explore]"')


def bound_socket(port: int | None) -> socket.socket:
    """A socket of this machine at a port.

    Parameters
    ----------
    port
        The port; 0 for any free one, None for the usual one, or any if that is taken.

    Raises
    ------
    UserError
        If the port is taken, or not for this user.
    """
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((HOST, USUAL_PORT if port is None else port))
    except OSError as error:
        bound.close()
        if port is None and error.errno == errno.EADDRINUSE:
            return bound_socket(0)
        why = "another program has it" if error.errno == errno.EADDRINUSE else str(error.strerror)
        raise UserError(f"--port {port}: {why}; choose another port, or 0 for any") from None
    return bound


@contextmanager
def serving(asked: Asked, bound: socket.socket) -> Iterator[str]:
    """Show the page of a population at a socket, which is closed in the end.

    Parameters
    ----------
    asked
        The population.
    bound
        As `bound_socket` gives it.

    Yields
    ------
    str
        Address of the page.
    """
    server = _server(asked)
    thread = threading.Thread(target=server.run, args=([bound],), daemon=True)
    try:
        thread.start()
        _wait_for(lambda: server.started or not thread.is_alive())
        if not server.started:
            raise UserError("explore: the server of the page did not begin; see it with --debug")
        yield f"http://{HOST}:{bound.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(PATIENCE)
        bound.close()


def _server(asked: Asked) -> Any:
    """A uvicorn server of the page."""
    # Solara warns of servers embedded in other pages and of early returns in Mesa, IPython of virtual
    # environments: nothing that the user of a page can mend.
    warnings.filterwarnings("ignore", module="(solara|IPython)")
    # Imported here: Solara takes a second, and makes folders of its own when it is imported.
    import solara.server.settings as settings
    import solara.settings

    solara.settings.main.check_hooks = "off"

    settings.telemetry.mixpanel_enable = False
    settings.main.mode = "production"
    settings.theme.loader = "plain"
    # Who closes a page that plays should not have it played on; who reloads it begins anew.
    settings.kernel.cull_timeout = "1m"
    # Scripts and fonts lie in solara-assets; what might be missing there is asked of nobody else.
    solara.settings.assets.cdn = f"http://{HOST}:9/"

    import uvicorn
    from solara.server import app, starlette

    from rlsabm.exploring import page

    page.show(asked)
    app.apps["__default__"] = app.AppScript("rlsabm.exploring.page")
    for name in ("solara", "reacton"):
        logging.getLogger(name).setLevel(logging.ERROR)
    # Who ends the server has no need to hear that pages were still open.
    logging.getLogger("uvicorn").setLevel(logging.CRITICAL)
    return uvicorn.Server(
        uvicorn.Config(
            starlette.app, log_config=None, access_log=False, timeout_graceful_shutdown=1
        )
    )


def _wait_for(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not happened() and time.monotonic() < end:
        time.sleep(0.05)


def open_browser(address: str) -> bool:
    """Open the page in the user's browser; False where there is none."""
    try:
        return webbrowser.open(address)
    except webbrowser.Error:
        return False
