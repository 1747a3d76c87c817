"""How figures look: on a light and a dark screen, and in print.

Colours are those of Okabe and Ito, which people of any colour vision tell apart; no figure tells series
apart by colour alone.
"""

from __future__ import annotations

from typing import Any

from rlsabm.errors import UserError
from rlsabm.results.sources import unknown

SCREEN, DARK, PRINT = "screen", "dark", "print"

BLUE, VERMILION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
SKY, ORANGE, YELLOW, GREY = "#56B4E9", "#E69F00", "#F0E442", "#808080"
#: Series of a figure, in their order; on dark ground the lighter ones come first.
ON_LIGHT = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, GREY)
ON_DARK = (SKY, ORANGE, GREEN, PURPLE, YELLOW, VERMILION, GREY)
SHAPES = ("circle", "diamond", "square", "triangle-up", "triangle-down", "cross", "triangle-right")
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"


def _config(
    *, ground: str, ink: str, soft: str, grid: str, colours: tuple[str, ...], font: str, size: int
) -> dict[str, Any]:
    """What Vega-Lite calls a configuration."""
    words = {"labelColor": ink, "titleColor": ink, "labelFontSize": size, "titleFontSize": size}
    return {
        "background": ground,
        "font": font,
        "padding": 6,
        "view": {"stroke": None},
        "axis": {
            **words,
            "titleFontWeight": "normal",
            "titlePadding": 8,
            "gridColor": grid,
            "domainColor": soft,
            "tickColor": soft,
            "labelLimit": 250,
            "labelPadding": 6,
            "labelSeparation": 6,
        },
        "axisYDiscrete": {"domain": False, "ticks": False, "grid": False},
        "legend": {
            **words,
            "orient": "top",
            "labelLimit": 360,
            "symbolSize": 80,
            "offset": 10,
        },
        "header": words,
        "title": {"color": ink, "subtitleColor": ink, "fontSize": size + 1, "anchor": "start"},
        "text": {"color": ink, "fontSize": size},
        "mark": {"tooltip": None},
        "range": {"category": list(colours), "symbol": list(SHAPES)},
        "style": {
            "nought": {"stroke": ink, "strokeWidth": 1, "strokeDash": [4, 3], "opacity": 0.7},
            "band": {"fill": soft, "opacity": 0.28},
            "ink": {"stroke": ink, "color": ink},
        },
    }


THEMES: dict[str, dict[str, Any]] = {
    SCREEN: _config(
        ground="#ffffff", ink="#1c2126", soft="#8a939c", grid="#e6e9ec", colours=ON_LIGHT,
        font=FONT, size=12,
    ),
    DARK: _config(
        ground="#15191e", ink="#e8ebee", soft="#77818b", grid="#2b323a", colours=ON_DARK,
        font=FONT, size=12,
    ),
    PRINT: _config(
        ground="#ffffff", ink="#000000", soft="#777777", grid="#e2e2e2", colours=ON_LIGHT,
        font="Helvetica, Arial, 'Liberation Sans', sans-serif", size=10,
    ),
}  # fmt: skip


def config_of(theme: str) -> dict[str, Any]:
    """Configuration of a theme.

    Raises
    ------
    UserError
        If there is no such theme.
    """
    if theme not in THEMES:
        raise UserError(unknown("theme", str(theme), list(THEMES)))
    return THEMES[theme]
