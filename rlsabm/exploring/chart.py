"""A figure by ECharts, as wide as its place.

Solara has such a figure, too: it fails where a figure changes before the library has come.
"""

from __future__ import annotations

from collections.abc import Callable

import ipyvuetify
import solara
import traitlets


class ChartWidget(ipyvuetify.VuetifyTemplate):  # type: ignore[misc]
    """The figure in the browser; ECharts lies in solara-assets."""

    template_file = (__file__, "chart.vue")

    option = traitlets.Unicode().tag(sync=True)
    pixels = traitlets.Int(300).tag(sync=True)
    on_click = traitlets.Callable(None, allow_none=True)

    def vue_clicked(self, point: dict[str, int]) -> None:
        """Tell which point of which series was clicked."""
        if self.on_click is not None and point.get("point") is not None:
            self.on_click(point)


@solara.component
def Chart(
    option: str, pixels: int, on_click: Callable[[dict[str, int]], None] | None = None
) -> None:
    """A figure.

    Parameters
    ----------
    option
        What it shows, as an option of ECharts in JSON.  (Solara would look through all that is within a
        mapping, at every picture.)
    pixels
        Its height.
    on_click
        Called with the numbers of ``series`` and ``point`` that were clicked.
    """
    ChartWidget.element(option=option, pixels=pixels, on_click=on_click)
