"""The page: Mesa's controls and sliders beside figures of the population and of one person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import solara
import solara.lab
from mesa.visualization import SolaraViz
from mesa.visualization.utils import update_counter

from rlsabm.exploring.asked import Asked, asked_of
from rlsabm.exploring.charts import (
    LIFE_PIXELS,
    life_chart,
    people_chart,
    prevalence_chart,
    trend_chart,
)
from rlsabm.exploring.explored import ExploredModel
from rlsabm.exploring.sliders import LEVERS, SWITCHES, model_params
from rlsabm.exploring.view import View
from rlsabm.mesa.model import write_month
from rlsabm.parameter_table import PARAMETERS
from rlsabm.study.settings import read_scenario

INTRODUCTION = """\
Each person here lives month by month: iron comes with food and goes with menses, pregnancies, blood
donations and disease; what the stores hold sets how much reaches the brain; where CNS iron falls short,
dopaminergic function falls, and liability to RLS rises. **▶ lets time pass. Sliders act when you press
Reset**: the population is then grown anew from its ancestors, with the same chance, so that what differs
is caused by what you moved.

With so few people intervals are wide: look here to understand, and run a study (`rlsabm run`) to measure.
"""
PEOPLE_TEXT = """\
Each dot is an adult: all who have RLS now, and some who do not. Their serum ferritin hardly differs; their
CNS iron does. **Choose a dot, or somebody by a button**, to see that person's last years.
"""


@dataclass
class _Page:
    """What the server shows to whoever opens the page."""

    asked: Asked | None = None


_page = _Page()


def show(asked: Asked) -> None:
    """Say what population the page shows from now on."""
    _page.asked = asked


@solara.component
def Page() -> None:
    """A population, grown when somebody opens the page, and all that can be done with it."""
    asked = solara.use_memo(lambda: _page.asked or asked_of(read_scenario("baseline")), [])
    grown: solara.Reactive[float] = solara.use_reactive(0.0)
    model: solara.Reactive[ExploredModel | None] = solara.use_reactive(None)
    params = solara.use_memo(lambda: {**model_params(asked), "watch": grown.set}, [])
    solara.Title("Explore RLS and iron")

    def grow() -> None:
        model.set(_new_model(params))

    solara.lab.use_task(grow, dependencies=[], prefer_threaded=True)
    if model.value is None:
        Growing(asked, grown.value)
        return
    Explorer(model, params, asked, grown)


def _new_model(params: dict[str, Any]) -> ExploredModel:
    """The model with every slider where it begins."""
    return ExploredModel(
        **{
            name: given["value"] if isinstance(given, dict) and "type" in given else given
            for name, given in params.items()
        }
    )


@solara.component
def Growing(asked: Asked, share: float) -> None:
    """How far the population has grown."""
    with solara.Column(style={"max-width": "40rem", "margin": "4rem auto", "padding": "0 1rem"}):
        solara.Markdown(
            f"Growing a population of {asked.size:,} people and their ancestors, month by month …"
        )
        solara.ProgressLinear(max(1.0, 100.0 * share))


@solara.component
def Explorer(
    model: solara.Reactive[ExploredModel],
    params: dict[str, Any],
    asked: Asked,
    grown: solara.Reactive[float],
) -> None:
    """Mesa's controls in the sidebar, and figures beside it."""
    SolaraViz(model, components=[], model_params=params, play_interval=200, name="RLS and iron")
    with solara.Column(style={"max-width": "78rem", "margin": "0 auto", "padding": "0 1rem 3rem"}):
        solara.Markdown(f"## {asked.title}\n\n{INTRODUCTION}")
        if grown.value < 1.0:
            solara.ProgressLinear(100.0 * grown.value)
        Figures(model.value)
        Explanation()


@solara.component
def Figures(model: ExploredModel) -> None:
    """All that changes with the months."""
    update_counter.get()
    dark = solara.lab.theme.dark_effective
    chosen: solara.Reactive[int | None] = solara.use_reactive(None)
    view, before = model.look(), _view_before(model)
    solara.Markdown(
        f"**{write_month(view.month)}**: {view.people:,} people alive, {view.adults:,} of them adults; "
        f"{view.cases:,} adults have RLS ({100 * view.cases / max(view.adults, 1):.1f} %)."
    )
    with solara.ColumnsResponsive(12, large=[6, 6]):
        with solara.Card("Prevalence by age and sex"):
            Chart(prevalence_chart(view, before, dark=dark), 340)
        with solara.Card("Prevalence in adults over time"):
            Chart(trend_chart(model.trend(), dark=dark), 340)
        with solara.Card("Who has RLS"):
            solara.Markdown(_biomarkers(view))
        with solara.Card("People"):
            solara.Markdown(PEOPLE_TEXT)
            Chart(
                people_chart(view.dots, chosen.value, dark=dark), 300,
                lambda event: chosen.set(_uid_of_dot(view, event)),
            )  # fmt: skip
            Choices(view, chosen)
    if chosen.value is not None:
        Life(model, chosen.value, dark)


def _view_before(model: ExploredModel) -> View | None:
    """The last view of the model that the present one has replaced."""
    held: Any = solara.use_ref(None)
    if held.current is None or held.current[0] is not model:
        replaced = None if held.current is None else held.current[0].look()
        held.current = (model, replaced)
    replaced = held.current[1]
    return replaced


@solara.component
def Chart(option: dict[str, Any], pixels: int, on_click: Callable[[Any], None] | None = None) -> None:
    """A figure as wide as its place."""
    solara.FigureEcharts(
        option=option,
        on_click=on_click,
        responsive=True,
        attributes={"style": f"height: {pixels}px; width: 100%;"},
    )


@solara.component
def Choices(view: View, chosen: solara.Reactive[int | None]) -> None:
    """Buttons that choose somebody, each time the next one of a group."""
    with solara.Row(style={"flex-wrap": "wrap"}, gap="6px"):
        for name, uids in view.groups.items():
            solara.Button(
                f"{name} ({len(uids):,})",
                on_click=lambda uids=uids: chosen.set(_next_of(uids, chosen.value)),
                disabled=len(uids) == 0,
                small=True,
                outlined=True,
            )


def _next_of(uids: Any, chosen: int | None) -> int:
    """The uid after the chosen one; the first after the last."""
    place = 0 if chosen is None else int(np.searchsorted(uids, np.uint64(chosen), side="right"))
    return int(uids[place % len(uids)])


def _uid_of_dot(view: View, event: dict[str, Any]) -> int:
    """The person whose dot was clicked."""
    dots = view.dots[view.dots["has_rls"] == bool(event["seriesIndex"])]
    return int(dots["uid"].iloc[event["dataIndex"]])


@solara.component
def Life(model: ExploredModel, uid: int, dark: bool) -> None:
    """The last years of one person."""
    life = model.life(uid)
    with solara.Card(model.describe(uid)):
        if len(life):
            Chart(life_chart(life, dark=dark), LIFE_PIXELS)
        else:
            solara.Markdown("Nothing of this life is remembered any more.")


def _biomarkers(view: View) -> str:
    """Medians of biomarkers by RLS, as a table."""
    lines = ["| median in adults | with RLS | without |", "|---|---:|---:|"]
    for each in view.biomarkers:
        values = " | ".join(
            "–" if np.isnan(value) else f"{value:.3g}" for value in (each.with_rls, each.without_rls)
        )
        lines.append(f"| {each.label} ({each.unit}) | {values} |")
    return "\n".join(lines)


@solara.component
def Explanation() -> None:
    """What each slider means, in the words of the parameter table."""
    lines = ["| slider | meaning | unit |", "|---|---|---|"]
    for lever in LEVERS:
        parameter = PARAMETERS[lever.name]
        unit = "" if parameter.unit == "1" else parameter.unit
        lines.append(f"| {lever.label} | {parameter.meaning} `{lever.name}` | {unit} |")
    for key, label in SWITCHES.items():
        lines.append(f"| {label} | {SWITCHED[key]} `{key}` | |")
    with solara.Details("What the sliders mean"):
        solara.Markdown("\n".join(lines))


#: What is so while a switch is on.
SWITCHED = {
    "pregnancy.enabled": "Pregnancies cost iron and act on dopamine; births happen in both cases.",
    "blood_donation.enabled": "People give blood.",
    "dialysis.enabled": "Progressive kidney disease occurs, with dialysis and transplants.",
}
