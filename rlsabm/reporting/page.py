"""A report as one page of HTML: everything that it needs is in it."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rlsabm import __version__
from rlsabm.errors import UserError
from rlsabm.plots.drawing import altair
from rlsabm.plots.themes import PRINT, THEMES
from rlsabm.reporting.artist import Artist
from rlsabm.reporting.bundle import vega_bundle
from rlsabm.reporting.parts import Figure, Section

HERE = Path(__file__).parent
#: Identifiers that become links.
DOI = re.compile(r"\bdoi[: ]\s*(10\.\d{4,9}/[^\s,;)\]]*[^\s,;)\].])", re.IGNORECASE)
PMID = re.compile(r"\bPMID (\d+)")
#: What looks like a number with its interval, which is not broken into lines.
NUMBER = re.compile(r"[+\-−]?[\d.,]+( %)?( \([^)]*\))?|-")

INTERVAL = re.compile(r"\([+\-−]?[\d.,]+( to |–)[+\-−]?[\d.,]+\)")


@dataclass(frozen=True)
class Front:
    """What stands before the sections.

    Attributes
    ----------
    name, title, question
        Name of the study, its title, and what it asks.
    answer
        The answer in sentences.
    warnings
        What a reader must know before.
    facts
        What the study is, by name.
    """

    name: str
    title: str
    question: str
    answer: Sequence[str]
    warnings: Sequence[str]
    facts: Sequence[tuple[str, str]]


def check_extra() -> None:
    """Refuse to begin without the libraries of the extra.

    Raises
    ------
    UserError
        If one is not installed.
    """
    try:
        import jinja2  # noqa: F401
        import vl_convert  # noqa: F401
    except ImportError:
        raise UserError('a report needs: pip install "rlsabm[report]"') from None
    try:
        altair()
    except UserError:
        raise UserError('a report needs: pip install "rlsabm[report]"') from None


def page_of(front: Front, sections: Iterable[Section], tables: str) -> str:
    """The page.

    Parameters
    ----------
    front, sections
        What it says. The figures of a section are drawn while the next one is made.
    tables
        Address of the folder with the tables, as seen from the page; empty if they lie beside it.
    """
    import jinja2

    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, undefined=jinja2.StrictUndefined
    )
    environment.filters["linked"] = _linked
    environment.tests["number_like"] = lambda text: NUMBER.fullmatch(text) is not None
    template = environment.from_string((HERE / "page.html.jinja").read_text(encoding="utf-8"))
    shown: list[dict[str, Any]] = []
    specs: dict[str, Any] = {}
    # Tests look at every figure; to check each part of it as it is made takes a tenth of the time.
    unchecked = altair().utils.schemapi.debug_mode(False)
    with unchecked, Artist() as artist:
        number = 0
        for section in sections:
            drawn = []
            turns: set[str] = set()
            for figure in section.figures:
                waits = figure.one_of in turns
                turns |= {figure.one_of} - {""}
                number += not waits
                spec = figure.chart.to_dict(validate=False)
                specs[figure.name] = _without_config(spec)
                # On paper nothing takes turns: what waits is not drawn for it.
                still = None if waits else artist.draw(spec)
                drawn.append(_figure(figure, number, spec["description"], tables, still))
            shown.append({**vars(section), "figures": drawn})
        for each in (figure for section in shown for figure in section["figures"]):
            each["still"] = "" if each["waits"] else each["still"].result()
    return template.render(
        **vars(front),
        version=__version__,
        style=(HERE / "page.css").read_text(encoding="utf-8"),
        script=(HERE / "page.js").read_text(encoding="utf-8"),
        sections=shown,
        tables=tables,
        figures=_json(specs),
        themes=_json(THEMES),
        bundle=vega_bundle(),
        made=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
    )


def _figure(
    figure: Figure, number: int, alternative: str, tables: str, still: Future[str] | None
) -> dict[str, Any]:
    """What the page needs of a figure, whose picture is being drawn; None if it waits for its turn."""
    return {
        **vars(figure),
        "waits": still is None,
        "number": number,
        "alternative": alternative,
        "still": still,
        "files": [
            {"name": f"{name}.parquet", "address": f"{tables}{name}.parquet"}
            for name in figure.files
        ],
    }


def _without_config(spec: dict[str, Any]) -> dict[str, Any]:
    """A specification that takes any theme, and names no address on a network.

    Of its configuration remains what the theme has not said.
    """
    own = {
        name: value
        for name, value in spec.get("config", {}).items()
        if THEMES[PRINT].get(name) != value
    }
    kept = {key: value for key, value in spec.items() if key not in ("config", "$schema")}
    return {**kept, "config": own}


def _json(content: Any) -> str:
    """JSON that can stand within a script element."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def unbroken(text: str) -> str:
    """A text in which no line begins with a percent sign, or ends within an interval."""
    text = text.replace(" %", "\u00a0%")
    return INTERVAL.sub(
        lambda found: found[0].replace(" ", "\u00a0").replace("–", "\u2060–\u2060"), text
    )


def _linked(text: str) -> Any:
    """A text with its identifiers as links."""
    from markupsafe import Markup

    safe = html.escape(unbroken(str(text)))
    safe = DOI.sub(r'<a href="https://doi.org/\1">doi \1</a>', safe)
    safe = PMID.sub(r'<a href="https://pubmed.ncbi.nlm.nih.gov/\1/">PMID \1</a>', safe)
    return Markup(safe)
