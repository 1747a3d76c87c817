"""The page: Mesa's controls and sliders beside figures of the population and of one person."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from json import dumps
from typing import Any

import numpy as np
import solara
import solara.lab
from mesa.visualization import SolaraViz
from mesa.visualization.utils import update_counter

from rlsabm.exploring.asked import Asked, asked_of
from rlsabm.exploring.chart import Chart
from rlsabm.exploring.charts import (
    LIFE_PIXELS,
    life_chart,
    people_chart,
    prevalence_chart,
    trend_chart,
)
from rlsabm.exploring.explored import ExploredModel
from rlsabm.exploring.sliders import LEVERS, SWITCHES, first_values, label_of, model_params, unit_of
from rlsabm.exploring.view import View
from rlsabm.mesa.model import write_month
from rlsabm.parameter_table import PARAMETERS
from rlsabm.study.settings import read_scenario

INTRODUCTION = """\
<p>Each person here lives month by month: iron comes with food and goes with menses, pregnancies, blood
donations and disease; what the stores hold sets how much reaches the brain; where CNS iron falls short,
dopaminergic function falls, and liability to RLS rises.</p>
<p><b>▶ lets time pass. Sliders act when you press Reset:</b> the population is then grown anew from its
ancestors, with the same chance, so that what differs is caused by what you moved. With so few people
intervals are wide: look here to understand, and run a study (<code>rlsabm run</code>) to measure.</p>
"""
PEOPLE_TEXT = """\
<p>Each dot is an adult: all who have RLS now, and some who do not. Their serum ferritin hardly differs,
their CNS iron does. <b>Choose a dot, or somebody by a button,</b> to see that person's last years.</p>
"""
#: What is so while a switch is on.
SWITCHED = {
    "pregnancy.enabled": "Pregnancies cost iron and act on dopamine; births happen in both cases.",
    "blood_donation.enabled": "People give blood, or nobody does.",
    "dialysis.enabled": "Progressive kidney disease occurs, with dialysis and transplants.",
}


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
    """Mesa's controls in the sidebar, and figures of the population beside it."""
    asked = solara.use_memo(lambda: _page.asked or asked_of(read_scenario("baseline")), [])
    params = solara.use_memo(lambda: model_params(asked), [])
    first = solara.use_memo(lambda: ExploredModel(**first_values(params)), [])
    model: solara.Reactive[ExploredModel] = solara.use_reactive(first)
    grown: solara.Reactive[float] = solara.use_reactive(0.0)
    chosen: solara.Reactive[int | None] = solara.use_reactive(None)
    # A button of Mesa's page is served until all that it does is done: growing has a thread of its own.
    growing = solara.lab.use_task(
        lambda: model.value.grow(grown.set), dependencies=[model.value], prefer_threaded=True
    )
    before = _view_before(model.value)
    solara.Title("Explore RLS and iron")
    SolaraViz(model, components=[], model_params=params, play_interval=200, name="RLS and iron")
    with solara.Column(style={"max-width": "78rem", "margin": "0 auto", "padding": "0 1rem 3rem"}):
        Words(f'<h2 style="margin-bottom: 0.6em">{escape(asked.title)}</h2>{INTRODUCTION}')
        if growing.error:
            solara.Error(f"The population could not be grown: {growing.exception}")
        elif growing.pending or not model.value.is_grown:
            Growing(asked, grown)
        else:
            Figures(model.value, before, asked, chosen)
            Explanation(model.value)


@solara.component
def Growing(asked: Asked, grown: solara.Reactive[float]) -> None:
    """How far the population has grown."""
    Words(f"<p>Growing {asked.size:,} people and their ancestors, month by month …</p>")
    solara.ProgressLinear(max(1.0, 100.0 * grown.value))


def _view_before(model: ExploredModel) -> View | None:
    """The last view of the model that the present one has replaced."""
    held: Any = solara.use_ref((model, None))
    old, before = held.current
    if old is not model:
        before = old.look() if old.is_grown else before
        held.current = (model, before)
    return before


@solara.component
def Figures(
    model: ExploredModel, before: View | None, asked: Asked, chosen: solara.Reactive[int | None]
) -> None:
    """All that changes with the months."""
    update_counter.get()
    dark = solara.lab.use_dark_effective()
    view = model.look()
    solara.use_effect(lambda: model.drawn(view.month), [model, view.month])
    Words(
        f"<p><b>{write_month(view.month)}:</b> {view.people:,} people alive, {view.adults:,} of them "
        f"adults; {view.cases:,} adults have RLS ({100 * view.cases / max(view.adults, 1):.1f} %).</p>"
        + _changed(model, asked)
    )
    with solara.ColumnsResponsive(12, large=[6, 6]):
        with solara.Card("Prevalence by age and sex"):
            Chart(dumps(prevalence_chart(view, before, dark=dark)), 340)
        with solara.Card("Prevalence in adults over time"):
            Chart(dumps(trend_chart(model.trend(), dark=dark)), 340)
        with solara.Card("Who has RLS"):
            Words(_biomarkers(view))
        with solara.Card("People"):
            Words(PEOPLE_TEXT)
            Chart(
                dumps(people_chart(view.dots, chosen.value, dark=dark)), 300,
                lambda event: chosen.set(_uid_of_dot(view, event)),
            )  # fmt: skip
            Choices(view, chosen)
    if chosen.value is not None:
        Life(model, chosen.value, dark)


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


def _uid_of_dot(view: View, event: dict[str, int]) -> int:
    """The person whose dot was clicked."""
    dots = view.dots[view.dots["has_rls"] == bool(event["series"])]
    return int(dots["uid"].iloc[event["point"]])


@solara.component
def Life(model: ExploredModel, uid: int, dark: bool) -> None:
    """The last years of one person."""
    life = model.life(uid)
    with solara.Card():
        Words(f"<h3>{escape(model.describe(uid))}</h3>")
        if len(life):
            Chart(dumps(life_chart(life, dark=dark)), LIFE_PIXELS)
        else:
            Words("<p>Nothing of this life is remembered any more.</p>")


def _biomarkers(view: View) -> str:
    """Medians of biomarkers by RLS, as a table."""
    rows = [
        (f"{each.label} ({each.unit})", _number(each.with_rls), _number(each.without_rls))
        for each in view.biomarkers
    ]
    return _table(("median in adults", "with RLS", "without"), rows)


def _number(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.3g}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in HTML: words in the first column, numbers in the others."""
    line = "padding: 3px 8px; border-bottom: 1px solid #8886; vertical-align: top; text-align: "

    def row(tag: str, cells: Sequence[str]) -> str:
        first, *others = map(escape, cells)
        numbers = f"{line}right; white-space: nowrap"
        rest = "".join(f'<{tag} style="{numbers}">{cell}</{tag}>' for cell in others)
        return f'<tr><{tag} style="{line}left">{first}</{tag}>{rest}</tr>'

    body = "".join(row("td", cells) for cells in rows)
    return f'<table style="border-collapse: collapse; width: 100%">{row("th", head)}{body}</table>'


@solara.component
def Words(text: str) -> None:
    """Text in HTML: Markdown would ask for a library of formulas that does not lie here."""
    solara.HTML(tag="div", unsafe_innerHTML=text)


def _changed(model: ExploredModel, asked: Asked) -> str:
    """What sliders have changed in this population, in a sentence; nothing if they have not."""
    told = [
        f"{label_of(lever)} {_number(model.given[lever.name])} "
        f"(was {_number(asked.value_of(lever.name))})"
        for lever in LEVERS
        if model.given[lever.name] != asked.value_of(lever.name)
    ]
    for key, label in SWITCHES.items():
        if model.given[key] != asked.is_on(key.partition(".")[0]):
            told.append(f"{label}: {'yes' if model.given[key] else 'no'}")
    return f"<p>Changed in this population: {escape('; '.join(told))}.</p>" if told else ""


@solara.component
def Explanation(model: ExploredModel) -> None:
    """What each slider means, in the words of the parameter table, and its value in this population."""
    rows = [
        (lever.label, f"{_number(model.given[lever.name])} {unit_of(lever)}".strip(),
         PARAMETERS[lever.name].meaning, lever.name)
        for lever in LEVERS
    ]  # fmt: skip
    rows += [
        (label, "yes" if model.given[key] else "no", SWITCHED[key], key)
        for key, label in SWITCHES.items()
    ]
    told = (
        f"<p><b>{escape(label)}: {escape(value)}.</b> {escape(meaning)} <code>{name}</code></p>"
        for label, value, meaning, name in rows
    )
    with solara.Details("What the sliders and switches mean"):
        Words("".join(told))
