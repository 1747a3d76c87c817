"""Figures of the page, as options of ECharts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from rlsabm.exploring.view import AGE_GROUPS, SEXES, View
from rlsabm.mesa.model import write_month

#: Colours that colour-blind people tell apart (Okabe and Ito).
COLOURS = {"female": "#d55e00", "male": "#0072b2"}
WITH_RLS, WITHOUT_RLS, PREGNANT, DIALYSIS = "#d55e00", "#8c8c8c", "#009e73", "#cc79a7"
WOMEN_AND_GIRLS = {"female": "women and girls", "male": "men and boys"}
BEFORE = "before the last reset"
#: How far the sexes stand to each side of the middle of an age group, in groups.
ASIDE = {"female": -0.1, "male": 0.1}
#: Room for the numbers of upright axes (pixels).
LEFT = 50
#: Panels of a person's life: column, title.
PANELS = (
    ("stores_ferritin_ug_per_l", "ferritin of the stores (µg/L)"),
    ("cns_iron_exchangeable", "exchangeable CNS iron (typical adult = 1)"),
    ("dopamine_deficit", "loss of dopaminergic function (units of liability)"),
)
PANEL_PIXELS, PANEL_GAP, PANELS_TOP = 92, 42, 58
LIFE_PIXELS = PANELS_TOP + len(PANELS) * (PANEL_PIXELS + PANEL_GAP)

Option = dict[str, Any]


def _base(dark: bool, description: str, legend: Sequence[str]) -> Option:
    return {
        "animation": False,
        "textStyle": {"color": _ink(dark)},
        "aria": {"enabled": True, "label": {"description": description}},
        "legend": {"data": list(legend), "top": 0, "textStyle": {"color": _ink(dark)}},
        "tooltip": {"trigger": "item", "formatter": "{b}", "confine": True},
    }


def _ink(dark: bool) -> str:
    return "#d8d8d8" if dark else "#333333"


def _axis(dark: bool, **more: Any) -> Option:
    text = {"color": _ink(dark), "fontSize": 12}
    return {
        "axisLine": {"onZero": False, "lineStyle": {"color": _ink(dark)}},
        "axisLabel": text,
        "nameTextStyle": text,
        "splitLine": {"lineStyle": {"color": "#444444" if dark else "#e4e4e4"}},
        **more,
    }


def _upright(dark: bool, name: str, **more: Any) -> Option:
    """An axis that stands upright, with its name above, from the left edge of the figure on."""
    title = {"color": _ink(dark), "fontSize": 12, "align": "left", "padding": [0, 0, 0, -LEFT + 4]}
    return _axis(dark, name=name, nameGap=12, nameTextStyle=title, **more)


def _percent(share: float) -> float | None:
    """A share in per cent; None, which draws nothing, where there is nobody."""
    return None if np.isnan(share) else round(100.0 * float(share), 2)


def prevalence_chart(view: View, before: View | None = None, *, dark: bool = False) -> Option:
    """Prevalence by age and sex with 95 % intervals.

    Parameters
    ----------
    view, before
        The population now, and that which the last reset has replaced, if there was one: it is drawn
        as dashed lines.
    dark
        Whether the page is dark.
    """
    series: list[Option] = []
    if before is not None:
        series += [_old_line(before, sex) for sex in SEXES]
    for sex in SEXES:
        series += [_whiskers(view, sex), _line(view, sex)]
    names = [*WOMEN_AND_GIRLS.values(), *([BEFORE] if before is not None else [])]
    what = "Prevalence of RLS by age and sex, with 95 % intervals"
    hidden = {
        "type": "value", "show": False, "min": -0.5, "max": len(AGE_GROUPS) - 0.5,
    }  # fmt: skip
    ages = _axis(
        dark, type="category", data=list(AGE_GROUPS), name="age (years)", nameLocation="middle",
        nameGap=28,
    )  # fmt: skip
    return {
        **_base(dark, what, names),
        "grid": {"left": LEFT, "right": 14, "top": 76, "bottom": 46},
        "xAxis": [ages, hidden],
        "yAxis": _upright(dark, "% with RLS", type="value", min=0),
        "series": series,
    }


def _rows(view: View, sex: str) -> Iterator[tuple[float, Any]]:
    """Rows of a sex, each with its place on the axis."""
    rows = view.prevalence[view.prevalence["sex"] == sex]
    return ((place + ASIDE[sex], row) for place, row in enumerate(rows.itertuples()))


def _line(view: View, sex: str) -> Option:
    points = [
        {
            "value": [x, _percent(row.share)],
            "name": f"{WOMEN_AND_GIRLS[sex]}, {row.age_group} years: {row.cases} of {row.persons} "
            f"({100 * row.low:.1f}–{100 * row.high:.1f} %)",
        }
        for x, row in _rows(view, sex)
    ]
    return {
        "type": "line", "name": WOMEN_AND_GIRLS[sex], "data": points, "xAxisIndex": 1,
        "color": COLOURS[sex], "symbol": "circle" if sex == "female" else "rect", "symbolSize": 9,
        "z": 4,
    }  # fmt: skip


def _whiskers(view: View, sex: str) -> Option:
    """All intervals of a sex as one line with gaps."""
    points: list[list[float | None]] = []
    for x, row in _rows(view, sex):
        points += [[x, _percent(row.low)], [x, _percent(row.high)], [x, None]]
    return {
        "type": "line", "data": points, "xAxisIndex": 1, "symbol": "none", "silent": True,
        "lineStyle": {"color": COLOURS[sex], "width": 1.5, "opacity": 0.7},
    }  # fmt: skip


def _old_line(view: View, sex: str) -> Option:
    points = [[x, _percent(row.share)] for x, row in _rows(view, sex)]
    return {
        "type": "line", "name": BEFORE, "data": points, "xAxisIndex": 1, "symbol": "none",
        "silent": True, "color": WITHOUT_RLS,
        "lineStyle": {"color": COLOURS[sex], "type": "dashed", "width": 1.5, "opacity": 0.6},
    }  # fmt: skip


def trend_chart(trend: pd.DataFrame, *, dark: bool = False) -> Option:
    """Prevalence in adults month by month.

    Parameters
    ----------
    trend
        Prevalence of adults (shares) by ``month``, a column for each sex.
    dark
        Whether the page is dark.
    """
    names = {"female": "women", "male": "men"}
    months = [write_month(int(month)) for month in trend.index]
    return {
        **_base(dark, "Prevalence of RLS in adults, month by month", list(names.values())),
        "tooltip": {"trigger": "axis", "confine": True},
        "grid": {"left": LEFT, "right": 14, "top": 62, "bottom": 30},
        "xAxis": _axis(dark, type="category", data=months),
        "yAxis": _upright(dark, "% of adults with RLS", type="value", min=0),
        "series": [
            {
                "type": "line", "name": name, "data": [_percent(share) for share in trend[sex]],
                "color": COLOURS[sex], "symbol": "circle" if sex == "female" else "rect",
                "showSymbol": len(trend) == 1,
            }
            for sex, name in names.items()
        ],
    }  # fmt: skip


def people_chart(dots: pd.DataFrame, chosen: int | None = None, *, dark: bool = False) -> Option:
    """Adults as dots by age and serum ferritin.

    The dots of those with RLS are the second series; within both, they are in the order of ``dots``.

    Parameters
    ----------
    dots
        As `rlsabm.exploring.view.View` has them.
    chosen
        Uid of the person whose dot is marked.
    dark
        Whether the page is dark.
    """
    series = []
    for name, rls, colour, symbol in (
        ("without RLS", False, WITHOUT_RLS, "circle"),
        ("with RLS", True, WITH_RLS, "diamond"),
    ):
        rows: Any = dots[dots["has_rls"] == rls]
        points = [
            {
                "value": [int(row.age_years), round(float(row.ferritin_ug_per_l), 1)],
                "name": f"{row.age_years} years, {row.ferritin_ug_per_l:.0f} µg/L, {name}",
                **({"itemStyle": _mark(dark)} if row.uid == chosen else {}),
            }
            for row in rows.itertuples()
        ]
        series.append(
            {
                "type": "scatter", "name": name, "data": points, "color": colour, "symbol": symbol,
                "symbolSize": 10 if rls else 7, "itemStyle": {"opacity": 0.8},
            }
        )  # fmt: skip
    return {
        **_base(dark, "Adults by age and serum ferritin", ["without RLS", "with RLS"]),
        "grid": {"left": LEFT, "right": 14, "top": 62, "bottom": 46},
        "xAxis": _axis(
            dark, type="value", min=10, max=110, interval=20, name="age (years)",
            nameLocation="middle", nameGap=28,
        ),
        "yAxis": _upright(dark, "ferritin in serum (µg/L)", type="log", min=1),
        "series": series,
    }  # fmt: skip


def _mark(dark: bool) -> Option:
    return {"borderColor": _ink(dark), "borderWidth": 3, "opacity": 1}


def life_chart(life: pd.DataFrame, *, dark: bool = False) -> Option:
    """Ferritin, CNS iron and dopamine of one person, with months of RLS, pregnancies and the like.

    Parameters
    ----------
    life
        As `rlsabm.exploring.memory.Memory.life` gives it.
    dark
        Whether the page is dark.
    """
    # A month more, at which spans of the last month end.
    months = [write_month(int(month)) for month in [*life.index, life.index[-1] + 1]]
    grids, x_axes, y_axes, series = [], [], [], []
    for place, (name, title) in enumerate(PANELS):
        top = PANELS_TOP + place * (PANEL_PIXELS + PANEL_GAP)
        last = place == len(PANELS) - 1
        grids.append({"left": LEFT, "right": 24, "top": top, "height": PANEL_PIXELS})
        x_axes.append(
            _axis(dark, type="category", gridIndex=place, data=months, axisLabel={
                "show": last, "color": _ink(dark),
            })
        )  # fmt: skip
        y_axes.append(
            _upright(dark, title, type="value", gridIndex=place, min=0, splitNumber=2)
        )  # fmt: skip
        series.append(
            {
                "type": "line", "xAxisIndex": place, "yAxisIndex": place, "symbol": "none",
                "data": [round(float(value), 3) for value in life[name]], "color": _ink(dark),
                "name": title, "z": 4,
            }
        )  # fmt: skip
    flags = (
        ("RLS", life["has_rls"], WITH_RLS),
        ("pregnant", life["is_pregnant"], PREGNANT),
        ("on dialysis", life["on_dialysis"], DIALYSIS),
    )
    shown = [flag for flag in flags if flag[1].any()]
    series += [
        _shade(name, months, there, colour, place)
        for name, there, colour in shown
        for place in range(len(PANELS))
    ]
    given = np.flatnonzero(np.diff(life["donations"], prepend=life["donations"].iloc[0]) > 0)
    if len(given):
        series.append(_donations(months, life[PANELS[0][0]].to_numpy(), given))
    legend = [name for name, *_ in shown] + (["blood donation"] if len(given) else [])
    return {
        **_base(dark, "The last years of one person's life", legend),
        "tooltip": {"trigger": "axis", "confine": True},
        "axisPointer": {"link": [{"xAxisIndex": "all"}]},
        "grid": grids, "xAxis": x_axes, "yAxis": y_axes, "series": series,
    }  # fmt: skip


def _shade(name: str, months: list[str], there: pd.Series, colour: str, place: int) -> Option:
    """Months in which something was so, as shaded spans of a panel."""
    edges = np.diff(np.concatenate([[0], there.to_numpy(dtype=int), [0]]))
    firsts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    spans = [
        [{"xAxis": months[first]}, {"xAxis": months[end]}]
        for first, end in zip(firsts, ends, strict=True)
    ]
    return {
        "type": "line", "name": name, "data": [], "xAxisIndex": place, "yAxisIndex": place,
        "color": colour, "symbol": "rect",
        "markArea": {"silent": True, "itemStyle": {"color": colour, "opacity": 0.3}, "data": spans},
    }  # fmt: skip


def _donations(months: list[str], ferritin: Any, places: Any) -> Option:
    return {
        "type": "scatter", "name": "blood donation", "symbol": "triangle", "symbolRotate": 180,
        "symbolSize": 11, "color": COLOURS["male"], "xAxisIndex": 0, "yAxisIndex": 0, "z": 5,
        "data": [[months[place], round(float(ferritin[place]), 1)] for place in places],
    }  # fmt: skip
