"""Vega, Vega-Lite and Vega-Embed as one script, which draws figures without a network."""

from __future__ import annotations

import re
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from typing import Any

from rlsabm.code_cache import choose_folder
from rlsabm.results.files import write_whole


@cache
def vega_bundle() -> str:
    """The script, fit to stand within a page.

    To put it together takes seconds, so it is kept where compiled code is.
    """
    folder = choose_folder(f"vega-{version('vl-convert-python')}")
    kept = None if folder is None else folder / "bundle.js"
    with suppress(OSError, UnicodeDecodeError):
        if kept is not None and (script := kept.read_text(encoding="utf-8")).endswith(END):
            return script
    script = _made()
    if kept is not None:
        with suppress(OSError):
            write_whole(kept, script.encode())
    return script


#: Last line of a script that was written whole.
END = "\n// end of the bundle\n"


def _made() -> str:
    import vl_convert

    bundle: Any = vl_convert.javascript_bundle  # whose stub wants what it does not need
    return re.sub(r"</(script)", r"<\\/\1", bundle(), flags=re.IGNORECASE) + END
