"""The page to explore a small population: what it is asked, shows and remembers; its server."""

from __future__ import annotations

import json
import re
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from browser_tools import chromium, opened
from command_tools import refused
from conftest import CHECKOUT, Command, environment

from rlsabm import RLSModel
from rlsabm.cli import explore
from rlsabm.errors import UserError
from rlsabm.exploring.asked import LARGEST_SEED, Asked, asked_of
from rlsabm.exploring.charts import life_chart, people_chart, prevalence_chart, trend_chart
from rlsabm.exploring.explored import MOST_WAIT_SECONDS, REMEMBERED_BEFORE, ExploredModel
from rlsabm.exploring.memory import Memory
from rlsabm.exploring.sliders import LEVERS, MOST_SEED, SWITCHES, first_values, model_params
from rlsabm.exploring.view import AGE_GROUPS, BIOMARKERS
from rlsabm.mesa.model import rls_prevalence
from rlsabm.parameter_table import PARAMETERS
from rlsabm.results.intervals import wilson_interval
from rlsabm.study.settings import read_scenario

SIZE = 300
USUAL_CARE = {"presets": ["usual_care"]}
HERE = "127.0.0.1"
needs_solara = pytest.mark.skipif(find_spec("solara") is None, reason="needs the extra explore")


def asked(scenario: Any = "baseline", *settings: str, size: int = SIZE) -> Asked:
    return asked_of(read_scenario(scenario, settings), size)


def grown(**changes: Any) -> ExploredModel:
    model = ExploredModel(**{**first_values(model_params(asked())), **changes})
    model.grow()
    return model


@pytest.fixture(scope="module")
def model() -> ExploredModel:
    """A population that has lived some months; nobody steps it."""
    model = grown()
    for _ in range(5):
        model.step()
    return model


# What is asked


def test_who_is_treated_in_the_scenario_is_treated_on_the_page() -> None:
    names = {"dopamine_agonist", "alpha2delta_ligand", "oral_iron"}
    for scenario, expected in (("baseline", names), ("untreated", set())):
        model = ExploredModel(**first_values(model_params(asked(scenario))))
        assert set(model.treating.names) == expected


def test_sliders_begin_at_what_the_scenario_the_condition_and_the_country_say() -> None:
    params = model_params(asked())
    for lever in LEVERS:
        assert params[lever.name]["value"] == PARAMETERS[lever.name].default
    changed = asked(
        "baseline", "parameters.deficit_effect=12.25", "conditions.dialysis.enabled=false",
        "conditions.pregnancy.supplements={uptake: 0.25, milligrams_per_day: 27, from_month: 3}",
        "population.country=denmark",
    )  # fmt: skip
    params = model_params(changed)
    assert params["deficit_effect"]["value"] == 12.25
    assert params["dialysis.enabled"]["value"] is False
    assert params["pregnancy_supplement_uptake"]["value"] == 0.25
    assert changed.country == "denmark"


def test_a_slider_has_the_unit_and_stays_within_the_bounds_of_the_table() -> None:
    params = model_params(asked())
    for lever in LEVERS:
        parameter, slider = PARAMETERS[lever.name], params[lever.name]
        assert parameter.lower <= slider["min"] < slider["max"] <= parameter.upper
        unit = parameter.unit.removeprefix("units of ")
        assert (f"({unit})" in slider["label"]) == (unit != "1")


@pytest.mark.parametrize("value", [None, 12.345, 0.07, 20.0])
def test_a_browser_would_not_move_a_slider_unasked(value: float | None) -> None:
    """It rounds values to the grid that begins at the least one."""
    changes = () if value is None else (f"parameters.deficit_effect={value}",)
    params = model_params(asked("baseline", *changes))
    for lever in LEVERS:
        slider = params[lever.name]
        steps = (slider["value"] - slider["min"]) / slider["step"]
        assert steps == pytest.approx(round(steps), abs=1e-6)
        assert (slider["max"] - slider["min"]) / slider["step"] >= 99


def test_the_seed_is_under_a_slider_of_whole_numbers() -> None:
    assert model_params(asked("baseline", "runs.seed=7"))["seed"]["max"] == MOST_SEED
    seed = model_params(asked("baseline", "runs.seed=4000"))["seed"]
    assert (seed["type"], seed["value"], seed["max"]) == ("SliderInt", 4000, 4000)
    with pytest.raises(UserError, match=r"^runs\.seed: "):
        asked("baseline", f"runs.seed={LARGEST_SEED + 1}")


@pytest.mark.parametrize("size", [99, 20_001])
def test_sizes_of_a_page(size: int) -> None:
    with pytest.raises(UserError, match=r"--size: found .* from 100 to 20,000"):
        asked(size=size)


# The model under the page


def test_it_is_the_population_of_the_model() -> None:
    shares: list[float] = []
    model = ExploredModel(**first_values(model_params(asked())))
    model.step()  # asked too early
    assert (model.is_grown, model.steps, model.running) == (False, 0, True)
    model.grow(shares.append)
    assert shares == sorted(shares)
    assert (shares[-1], len(shares) > 10) == (1.0, True)
    plain = RLSModel(size=SIZE, start=2019, seed=model.seed, years=20, care=USUAL_CARE)
    for _ in range(3):
        model.step()
        plain.step()
    people, others = (each.agents.sort("unique_id") for each in (model, plain))
    for name in ("unique_id", "has_rls", "stores_ferritin_ug_per_l", "cns_iron_structural"):
        assert np.array_equal(people.column(name), others.column(name))
    told = [each.datacollector.get_model_vars_dataframe() for each in (model, plain)]
    assert told[0].equals(told[1])


def test_what_sliders_say_is_what_the_model_takes() -> None:
    more = grown(deficit_effect=20.0, **{"blood_donation.enabled": False})
    plain = RLSModel(
        size=SIZE, start=2019, seed=more.seed, parameters={"deficit_effect": 20.0},
        conditions={"blood_donation": {"enabled": False}}, care=USUAL_CARE,
    )  # fmt: skip
    found, expected = (each.agents.select(has_rls=True).uids for each in (more, plain))
    assert sorted(found.tolist()) == sorted(expected.tolist())
    assert more.agents.column("donations").max() == 0
    assert more.look().cases > grown().look().cases


def test_it_ends_with_its_years() -> None:
    model = grown(years=1)
    for _ in range(12):
        assert model.running
        model.step()
    assert (model.running, model.steps, model.lived_until) == (False, 12, "2019-12")
    model.step()  # a page may ask for several at once
    assert (model.running, model.steps, model.lived_until) == (False, 12, "2019-12")


def test_a_page_that_plays_is_waited_for() -> None:
    """Else months that come faster than they are drawn would keep it from being shown."""
    model = grown()
    model.step()  # nobody draws
    model.drawn(model.month - 1)
    began = time.monotonic()
    for _ in range(3):  # of one picture
        model.step()
    assert time.monotonic() - began < MOST_WAIT_SECONDS
    time.sleep(0.002)
    later = threading.Timer(0.3, lambda: model.drawn(model.month - 1))
    later.start()
    began = time.monotonic()
    model.step()
    assert 0.2 < time.monotonic() - began < MOST_WAIT_SECONDS
    time.sleep(0.002)
    model.step()  # the page was closed
    assert time.monotonic() - began > MOST_WAIT_SECONDS


def test_what_is_shown_equals_what_people_are(model: ExploredModel) -> None:
    view, people = model.look(), model.agents
    age, sex, rls = (people.column(name) for name in ("age_years", "sex", "has_rls"))
    assert (view.month, view.people) == (model.month - 1, len(people))
    assert (view.adults, view.cases) == ((age >= 18).sum(), rls[age >= 18].sum())
    rows = view.prevalence.set_index(["age_group", "sex"])
    middle = (age >= 50) & (age < 65) & (sex == "female")
    assert rows.loc[("50–64", "female"), "persons"] == middle.sum() > 0
    assert rows.loc[("50–64", "female"), "cases"] == rls[middle].sum()
    assert rows["persons"].sum() == len(people)
    assert rows["cases"].sum() == rls.sum()
    low, high = wilson_interval(rows["share"].to_numpy(), rows["persons"].to_numpy(dtype=float))
    assert np.allclose(rows["low"], low)
    assert np.allclose(rows["high"], high)
    for biomarker, name in zip(view.biomarkers, BIOMARKERS.values(), strict=True):
        values = people.column(name)
        assert biomarker.with_rls == np.median(values[(age >= 18) & rls])
        assert biomarker.without_rls == np.median(values[(age >= 18) & ~rls])
    for name, criteria in (
        ("with RLS", {"has_rls": True}), ("pregnant", {"is_pregnant": True}),
        ("on dialysis", {"on_dialysis": True}),
    ):  # fmt: skip
        chosen = people.select(age_years=lambda years: years >= 18, **criteria)
        assert view.groups[name].tolist() == sorted(chosen.uids.tolist())
    assert view.dots["has_rls"].sum() == view.cases


def test_it_is_looked_at_once_a_month() -> None:
    model = grown()
    view = model.look()
    assert model.look() is view
    model.step()
    assert model.look().month == view.month + 1


def test_the_last_years_of_a_person_are_remembered() -> None:
    model = grown()
    person = model.find(int(model.look().groups["gave blood in the last year"][0]))
    assert person is not None
    seen = []
    for _ in range(14):
        model.step()
        if not person.is_alive:
            break
        seen.append((model.month - 1, person.stores_ferritin_ug_per_l, person.has_rls))
    life = model.life(person.uid)
    assert len(life) == REMEMBERED_BEFORE + len(seen) > REMEMBERED_BEFORE
    assert (np.diff(life.index) == 1).all()
    last = life.loc[[month for month, *_ in seen]]
    assert last["stores_ferritin_ug_per_l"].tolist() == pytest.approx(
        [s[1] for s in seen], rel=1e-6
    )
    assert last["has_rls"].tolist() == [s[2] for s in seen]
    assert life["donations"].is_monotonic_increasing
    assert model.describe(person.uid).startswith(("A woman of ", "A man of "))
    assert model.life(1).empty
    assert "not in this population" in model.describe(1)


def test_what_is_older_is_forgotten(model: ExploredModel) -> None:
    memory = Memory(months=2)
    for month in (10, 11, 12):
        memory.add(month, model.agents)
    assert memory.life(model.agents[0].uid).index.tolist() == [11, 12]


def test_the_trend_is_that_of_adults(model: ExploredModel) -> None:
    trend = model.trend()
    assert len(trend) == REMEMBERED_BEFORE + 5
    adults = model.agents.select(age_years=lambda years: years >= 18)
    for sex in ("female", "male"):
        of_sex = adults.select(sex=sex)
        assert trend[sex].iloc[-1] == of_sex.agg("has_rls", np.mean)
    assert trend.index[-1] == model.month - 1


# Figures


def series(option: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return [each for each in option["series"] if each.get("name") == name]


def test_figures_hold_the_numbers(model: ExploredModel) -> None:
    view = model.look()
    option = prevalence_chart(view)
    women = view.prevalence[view.prevalence["sex"] == "female"]
    (line,) = series(option, "women and girls")
    heights = [point["value"][1] for point in line["data"]]
    assert heights == pytest.approx((100 * women["share"]).tolist(), abs=0.006)
    assert all(age in point["name"] for age, point in zip(AGE_GROUPS, line["data"], strict=True))
    assert not series(option, "before the last reset")
    assert len(series(prevalence_chart(view, view), "before the last reset")) == 2
    dots = people_chart(view.dots, chosen=int(view.dots["uid"].iloc[-1]))
    assert [len(each["data"]) for each in dots["series"]] == [
        (~view.dots["has_rls"]).sum(), view.dots["has_rls"].sum()
    ]  # fmt: skip
    assert "itemStyle" in dots["series"][1]["data"][-1]
    (men,) = series(trend_chart(model.trend()), "men")
    assert men["data"] == pytest.approx((100 * model.trend()["male"]).tolist(), abs=0.006)
    for each in (option, dots, trend_chart(model.trend(), dark=True)):
        json.dumps(each, allow_nan=False)


def test_months_with_rls_are_shaded() -> None:
    life = pd.DataFrame(
        {
            "stores_ferritin_ug_per_l": [50.0, 40, 30, 30], "cns_iron_exchangeable": [1.0] * 4,
            "dopamine_deficit": [0.0] * 4, "has_rls": [False, True, True, False],
            "is_pregnant": [False, False, False, True], "donations": [2, 2, 3, 3],
            "on_dialysis": [False] * 4,
        },
        index=[12 * 2019 + month for month in range(4)],
    )  # fmt: skip
    option = life_chart(life)
    spans = [each["markArea"]["data"] for each in series(option, "RLS")]
    assert spans == [[[{"xAxis": "2019-02"}, {"xAxis": "2019-04"}]]] * 3
    last = [[{"xAxis": "2019-04"}, {"xAxis": "2019-05"}]]
    assert [each["markArea"]["data"] for each in series(option, "pregnant")] == [last] * 3
    (given,) = series(option, "blood donation")
    assert given["data"] == [["2019-03", 30.0]]
    assert not series(option, "on dialysis")
    json.dumps(option, allow_nan=False)


# The page, without a browser


def widget(kind: type, words: str) -> Any:
    """The widget of a class that shows these words, as soon as there is one."""
    import ipywidgets.widgets.widget as widgets

    shown = ("children", "label", "attributes", "unsafe_innerHTML")
    end = time.monotonic() + 300
    while time.monotonic() < end:
        for each in list(widgets._instances.values()):
            text = " ".join(str(getattr(each, name, "")) for name in shown)
            if isinstance(each, kind) and words in text:
                return each
        time.sleep(0.1)
    raise AssertionError(f"there is no {kind} with {words!r}")


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The page of a small population, with the frame that Solara gives it."""
    solara = pytest.importorskip("solara")
    from solara.settings import main

    monkeypatch.setattr(main, "check_hooks", "off")
    from rlsabm.exploring import page

    page.show(asked())

    @solara.component
    def app() -> None:
        with solara.AppLayout():
            page.Page()

    _box, context = solara.render(app(), handle_error=False)

    yield
    context.close()


def told_cases(model: RLSModel) -> str:
    adults = model.agents.select(age_years=lambda years: years >= 18)
    return f"{adults.agg('has_rls', np.sum):,} adults have RLS"


@needs_solara
@pytest.mark.filterwarnings("ignore")
@pytest.mark.usefixtures("page")
def test_sliders_change_the_population_of_the_page() -> None:
    import ipyvuetify
    from ipywidgets import Widget

    from rlsabm.exploring.chart import ChartWidget

    settings = {
        "size": SIZE, "start": 2019, "seed": asked().seed, "years": 20, "care": USUAL_CARE,
    }  # fmt: skip
    plain = RLSModel(**settings)
    widget(Widget, f"<b>2018-12:</b> {len(plain.agents):,} people alive")
    widget(Widget, told_cases(plain))
    widget(ipyvuetify.Btn, "Step").click()
    plain.step()
    widget(Widget, f"<b>2019-01:</b> {len(plain.agents):,} people alive")
    widget(Widget, told_cases(plain))
    widget(ipyvuetify.Slider, "Effect of low CNS iron").v_model = 20.0
    widget(ipyvuetify.Checkbox, "Blood is given").v_model = False
    widget(ipyvuetify.Btn, "Reset").click()
    changed = RLSModel(**settings, deficit_effect=20.0, **{"blood_donation.enabled": False})
    assert told_cases(changed) != told_cases(plain)
    widget(Widget, "<b>2018-12:</b>")
    widget(Widget, told_cases(changed))
    widget(Widget, "Effect of low CNS iron (liability) 20 (was 7.92); Blood is given: no")
    widget(ipyvuetify.Btn, "with RLS (").click()
    widget(Widget, "years with RLS")
    assert json.loads(widget(ChartWidget, "").option)["series"]


# The server


def free_port() -> int:
    with socket.socket() as bound:
        bound.bind((HERE, 0))
        return int(bound.getsockname()[1])


def is_free(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex((HERE, port)) != 0


@contextmanager
def exploring(folder: Path, *words: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command as a user types it, and the address that it prints."""
    process = subprocess.Popen(
        [sys.executable, "-m", "rlsabm", "explore", *words, "--no-browser"],
        cwd=folder, env=environment(), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:[0-9]+", line)
        assert found, (line, process.stderr and process.stderr.read())
        yield process, found[0]
    finally:
        process.kill()
        process.wait()


def end(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Ctrl-C: exit code, and what was said."""
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=300)
    return process.returncode, out, err


@needs_solara
def test_the_page_is_served_until_ctrl_c(workplace: Path) -> None:
    """By the example of the help, at a port of one's own."""
    example = re.search(r"Example: `rlsabm explore (.*)`", explore.__doc__ or "")
    assert example
    port = free_port()
    words = [*shlex.split(example[1]), "--port", str(port), "--size", "100"]
    with exploring(workplace, *words) as (process, address):
        assert address == f"http://{HERE}:{port}"
        with urllib.request.urlopen(address, timeout=300) as answer:
            assert answer.status == 200
        taken = subprocess.run(
            [sys.executable, "-m", "rlsabm", "explore", "--port", str(port)],
            cwd=workplace, env=environment(), capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert (taken.returncode, taken.stdout) == (2, "")
        message = f"--port {port}: another program has it; choose another port, or 0 for any"
        assert taken.stderr == f"error: {message}\n"
        code, out, err = end(process)
    assert (code, out) == (0, "The page is closed.\n")
    assert err.splitlines()[-1:] == ["Starting the page ..."]
    assert "Traceback" not in err
    assert is_free(port)


def test_the_extra_is_missing(workplace: Path) -> None:
    program = "import sys; sys.modules['solara'] = None; from rlsabm.__main__ import main; main()"
    ran = subprocess.run(
        [sys.executable, "-c", program, "explore"], cwd=workplace, env=environment(),
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert (ran.returncode, ran.stdout) == (2, "")
    expected = 'error: explore: needs Solara; install it with pip install "rlsabm[explore]"\n'
    assert ran.stderr == expected


@needs_solara
def test_mistakes_are_told_before_a_page_opens(rlsabm_command: Command) -> None:
    refused(rlsabm_command("explore", "--size", "5"), "--size", "from 100 to 20,000")
    refused(rlsabm_command("explore", "nothing.yaml"), "nothing.yaml")
    refused(rlsabm_command("explore", "--set", "population.country=atlantis"), "atlantis")


# In a browser

SHOWN = "document.body && document.body.innerText.includes('people alive')"
#: Points that the charts on the page have drawn.
POINTS = """[...document.querySelectorAll('div')].filter(e => e.chart).map(e =>
  e.chart.getOption().series.reduce((sum, s) => sum + s.data.length, 0))"""
#: Whether each chart is as wide as its place, and that is most of the page.
FILLS = """[...document.querySelectorAll('div')].filter(e => e.chart).every(e =>
  Math.abs(e.chart.getWidth() - e.clientWidth) < 2 && e.clientWidth > 0.5 * window.innerWidth)"""
TOO_WIDE = "document.documentElement.scrollWidth > window.innerWidth + 1"


@needs_solara
def test_the_page_in_a_browser(workplace: Path, tmp_path: Path) -> None:
    """It asks nobody else, complains of nothing, has sliders and figures, steps, and shows a life."""
    chromium()
    words = ("--port", "0", "--size", "300")
    with exploring(workplace, *words) as (process, address), opened(tmp_path / "browser") as tab:
        tab.show(address)
        tab.wait_for(SHOWN)
        tab.wait_for(f"{POINTS}.length == 3 && {POINTS}.every(n => n > 10)")
        text = tab.text()
        for label in (*SWITCHES.values(), *(lever.label for lever in LEVERS), "Seed of chance"):
            assert label in text
        sliders = "document.querySelectorAll('.v-slider [role=slider]').length"
        assert tab.find(sliders) >= len(LEVERS) + 1
        drawn = (
            "[...document.querySelectorAll('canvas')].every(c => c.getContext('2d')"
            ".getImageData(0, 0, c.width, c.height).data.some(v => v > 0))"
        )
        assert tab.find(drawn)
        tab.press("▶")
        tab.wait_for("document.body.innerText.includes('2019-03:')")
        tab.press("❚❚")
        tab.press("step")
        tab.press("any adult (")
        tab.wait_for(f"{POINTS}.length == 4")
        assert not tab.find(TOO_WIDE)
        tab.resize(390, 800)
        tab.wait_for(f"{FILLS} && !({TOO_WIDE})")
        assert tab.errors == []
        assert tab.hosts() == {HERE}
        code, _, err = end(process)
    assert (code, err.splitlines()[-1:]) == (0, ["Starting the page ..."])


# A page of one's own


@needs_solara
@pytest.mark.filterwarnings("ignore")
def test_the_page_of_the_guide(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mesa's page takes the model as it is: sliders, a seed as text, reset, its collector."""
    import ipyvuetify
    import solara
    from solara.settings import main

    monkeypatch.setattr(main, "check_hooks", "off")
    guide = (CHECKOUT / "docs" / "explore.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", guide, flags=re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(code.replace("500", "300"), "explore.md", "exec"), names)
    model: Any = solara.reactive(names["model"])
    names["page"].kwargs["model"] = model
    names["page"].args = ()

    @solara.component
    def app() -> None:
        with solara.AppLayout():
            solara.Column(children=[names["page"]])

    _box, context = solara.render(app(), handle_error=False)
    widget(ipyvuetify.Btn, "Step").click()
    assert (model.value.steps, model.value.lived_until) == (1, "2019-01")
    assert len(model.value.datacollector.get_model_vars_dataframe()) == 2
    widget(ipyvuetify.Slider, "Effect of low CNS iron").v_model = 20.0
    seed = widget(ipyvuetify.TextField, "Seed")
    seed.v_model = "3"
    seed.fire_event("focusout", None)  # as when one goes on to another field
    widget(ipyvuetify.Btn, "Reset").click()
    expected = RLSModel(size=300, seed=3, deficit_effect=20.0)
    assert (model.value.steps, model.value.seed) == (0, 3)
    assert rls_prevalence(model.value) == rls_prevalence(expected) > 0
    context.close()
