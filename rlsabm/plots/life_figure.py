"""The figure of a life: panels over age, from what is drawn in them."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from rlsabm.plots.drawing import altair, finished
from rlsabm.plots.life_numbers import (
    DIALYSIS,
    PANELS,
    PREGNANCY,
    RLS,
    SIGNIFICANT,
    Panel,
)
from rlsabm.plots.themes import GREY, ORANGE, PURPLE, SCREEN, VERMILION
from rlsabm.worlds.world import FACTUAL

if TYPE_CHECKING:
    import altair as alt

#: Heights of a panel, and of a row of bands for each line of its label (pixels).
PANEL, ROW = 74, 15
#: Narrower figures are laid out for a phone (pixels).
NARROW = 480
#: Space left of the panels, for their labels (pixels), on a page and on a phone.
LABELS, LABELS_NARROW = 150, 84
#: Size of letters (pixels), but of the title.
SIZE = 11
#: Mean width of a letter at the size of the labels (pixels).
LETTER = 6.0
#: The same of the title.
BOLD_LETTER = 8.0
#: Colours of what happened; all else is grey.
COLOURS = {PREGNANCY: PURPLE, DIALYSIS: ORANGE}
AS_IT_WAS, WITHOUT = "as it was", "without"
#: Ticks of ferritin (µg/L).
LOG_TICKS = (1, 3, 10, 30, 100, 300, 1000)
#: Digits of the numbers drawn: more cannot be seen.
DIGITS = 4


def figure_of_life(drawn: pd.DataFrame, width: int, theme: str = SCREEN) -> alt.VConcatChart:
    """Draw a life.

    Parameters
    ----------
    drawn
        What is drawn (`rlsabm.plots.life_numbers`).
    width
        Width of the figure in pixels.
    theme
        How it looks (`rlsabm.plots.themes`).

    Raises
    ------
    UserError
        If the library for figures is missing, or there is no such theme.
    """
    chart = _Figure(altair(), drawn, width).chart()
    return finished(chart, theme, drawn.attrs["caption"])


class _Figure:
    """A figure while it is being made."""

    def __init__(self, alt: Any, drawn: pd.DataFrame, width: int) -> None:
        self._alt = alt
        self._drawn = drawn
        self._width = width
        self._labels = LABELS_NARROW if width < NARROW else LABELS
        self._plot = width - self._labels - 14
        first, last = drawn["age"].min(), drawn[["age", "until"]].max().max()
        ends = [round(float(first), 2), round(float(last), 2)]
        self._scale = alt.Scale(domain=ends, nice=False)
        self._happened = drawn[drawn["world"] == ""]
        self._names = [str(name) for name in drawn["world"].unique() if name]
        self._said = {name: AS_IT_WAS if name == FACTUAL else WITHOUT for name in self._names}

    def chart(self) -> Any:
        """All panels below one another."""
        alt = self._alt
        panels = [self._panel(panel) for panel in PANELS]
        if len(self._happened):
            panels.insert(0, self._what_happened())
        panels.append(self._symptoms())
        return (
            alt.vconcat(*panels, spacing=8)
            .resolve_scale(color="independent", strokeDash="independent", opacity="independent")
            .properties(title=self._title())
        )

    def _title(self) -> Any:
        attrs = self._drawn.attrs
        letters = int(self._width / LETTER)
        lines = []
        beside = [name for name in self._names if name != FACTUAL]
        if beside:
            lines += textwrap.wrap(
                f"Solid: as it was. Dashed: the same life {attrs['labels'][beside[0]]}.", letters
            )
        return self._alt.Title(
            textwrap.wrap(attrs["title"], int(self._width / BOLD_LETTER)),
            subtitle=lines,
            fontSize=14,
            fontWeight="bold",
            subtitleFontSize=SIZE,
            offset=8,
            frame="bounds",
        )

    def _heading(self, text: str) -> Any:
        """What stands above a panel."""
        return self._alt.Title(text, fontSize=SIZE, fontWeight="normal", offset=3, frame="bounds")

    def _left(self, **other: Any) -> dict[str, Any]:
        """What all vertical axes have, so that panels stand below one another."""
        room = {"minExtent": self._labels, "maxExtent": self._labels, "labelLimit": self._labels}
        return {"title": None, "grid": False, "labelFontSize": SIZE, **room, **other}

    def _age(self, field: str = "age", *, last: bool = False) -> Any:
        """The axis of age, which only the last panel spells out."""
        alt = self._alt
        axis = alt.Axis(
            title="Age (years)" if last else None,
            labels=last, ticks=last, domain=last, grid=True, gridOpacity=0.5,
            labelFontSize=SIZE, titleFontSize=SIZE,
            tickCount=max(4, self._plot // 60), labelFlush=False, format="d",
        )  # fmt: skip
        return alt.X(f"{field}:Q", scale=self._scale, axis=axis)

    def _data(self, rows: pd.DataFrame, columns: Sequence[str]) -> Any:
        """Rows as compact text: a page can hold many lives."""
        text = rows[list(columns)].to_csv(index=False, float_format=f"%.{DIGITS}g")
        numbers = {name: "number" for name in columns if name in ("age", "until", "value")}
        form = self._alt.CsvDataFormat(type="csv", parse=numbers)
        return self._alt.InlineData(values=text, format=form)

    # Panels

    def _panel(self, panel: Panel) -> Any:
        alt = self._alt
        rows = self._drawn[self._drawn["what"] == panel.column]
        lines = rows.assign(world=rows["world"].map(self._said))
        kind = "log" if panel.logarithmic else "linear"
        # Ticks of a logarithmic scale are said: those of the library would crowd.
        ticks = list(LOG_TICKS) if panel.logarithmic else None
        axis = alt.Axis(**self._left(tickCount=3, **({"values": ticks} if ticks else {})))
        ends = list(panel.domain(rows["value"].to_numpy()))
        whole = alt.Undefined if panel.logarithmic else False
        scale = alt.Scale(type=kind, zero=whole, nice=False, domain=ends)
        y = alt.Y("value:Q", scale=scale, axis=axis)
        told = [AS_IT_WAS, WITHOUT]
        is_first = panel is PANELS[0] and len(self._names) > 1
        key = alt.Legend(title=None, orient="top", symbolType="stroke", symbolSize=200, offset=4)
        legend = key if is_first else None
        drawn = (
            alt.Chart(self._data(lines, ["world", "age", "value"]))
            .mark_line(strokeWidth=1.4, strokeJoin="round")
            .encode(
                x=self._age(),
                y=y,
                color=alt.Color("world:N", scale=alt.Scale(domain=told), legend=legend),
                strokeDash=alt.StrokeDash(
                    "world:N", scale=alt.Scale(domain=told, range=[[1, 0], [4, 3]]), legend=legend
                ),
            )
        )
        layers = [*self._shades(), drawn]
        if panel.column == "liability":
            even = alt.Chart(alt.InlineData(values=[{"even": 0}]))
            layers.insert(0, even.mark_rule(color=GREY, strokeWidth=1).encode(y="even:Q"))
        return alt.layer(*layers).properties(
            width=self._plot, height=PANEL, title=self._heading(panel.heading)
        )

    def _shades(self) -> list[Any]:
        """Pregnancies and dialysis behind a panel."""
        found = []
        for what, colour in COLOURS.items():
            rows = self._happened[self._happened["what"] == what]
            if len(rows):
                bands = self._alt.Chart(self._data(rows, ["age", "until"]))
                found.append(
                    bands.mark_rect(color=colour, opacity=0.22).encode(x=self._age(), x2="until:Q")
                )
        return found

    def _what_happened(self) -> Any:
        """Bands and ticks, a row for each kind."""
        alt = self._alt
        kinds = list(dict.fromkeys(self._happened["what"]))
        y, height = self._rows(kinds)
        layers = []
        bands = self._happened[self._happened["drawn"] == "band"]
        if len(bands):
            colours = [COLOURS.get(kind, GREY) for kind in kinds]
            layers.append(
                alt.Chart(self._data(bands, ["what", "age", "until"]))
                .mark_bar(height=9, minBandSize=2)
                .encode(
                    x=self._age(),
                    x2="until:Q",
                    y=y,
                    color=alt.Color(
                        "what:N", scale=alt.Scale(domain=kinds, range=colours), legend=None
                    ),
                )
            )
        marks = self._happened[self._happened["drawn"] == "mark"]
        if len(marks):
            layers.append(
                alt.Chart(self._data(marks, ["what", "age"]))
                .mark_tick(color=VERMILION, thickness=1.2, height=10)
                .encode(x=self._age(), y=y)
            )
        return alt.layer(*layers).properties(
            width=self._plot, height=height, title=self._heading("What happened")
        )

    def _symptoms(self) -> Any:
        """Months with RLS, a row for each world; clinically significant RLS is darker."""
        alt = self._alt
        rows = self._drawn[self._drawn["what"].isin([RLS, SIGNIFICANT])]
        rows = rows.assign(world=rows["world"].map(self._said))
        told = [self._said[name] for name in self._names]
        y, height = self._rows(told, "world")
        bands = (
            alt.Chart(self._data(rows, ["what", "world", "age", "until"]))
            .mark_bar(height=11)
            .encode(
                x=self._age(last=True),
                x2="until:Q",
                y=y,
                color=alt.Color(
                    "world:N",
                    scale=alt.Scale(domain=[AS_IT_WAS, WITHOUT]),
                    legend=None,
                ),
                opacity=alt.Opacity(
                    "what:O",
                    sort=[RLS, SIGNIFICANT],
                    scale=alt.Scale(domain=[RLS, SIGNIFICANT], range=[0.4, 1.0]),
                    legend=alt.Legend(
                        title=None,
                        orient="bottom",
                        direction="horizontal",
                        symbolSize=200,
                        offset=4,
                        symbolFillColor=GREY,
                        symbolStrokeWidth=0,
                    ),
                ),
            )
        )
        return bands.properties(
            width=self._plot, height=height, title=self._heading("Months with RLS")
        )

    def _rows(self, kinds: Sequence[str], field: str = "what") -> tuple[Any, int]:
        """An axis with a row for each kind, whose labels are broken into lines, and its height."""
        alt = self._alt
        letters = int(self._labels / LETTER)
        broken: Mapping[str, str] = {
            kind: "|".join(textwrap.wrap(kind, letters, max_lines=2, placeholder=" …"))
            for kind in kinds
        }
        most = max(text.count("|") for text in broken.values()) + 1
        expression = "split({}[datum.value], '|')".format(
            "{" + ", ".join(f"{_quoted(k)}: {_quoted(v)}" for k, v in broken.items()) + "}"
        )
        axis = alt.Axis(**self._left(labelExpr=expression, ticks=False, domain=False))
        height = len(kinds) * (ROW if most == 1 else 30)
        y = alt.Y(f"{field}:N", sort=None, scale=alt.Scale(domain=list(kinds)), axis=axis)
        return y, height


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
