"""The report of a study: complete in itself, with the numbers of the tables, on screen and paper."""

from __future__ import annotations

import builtins
import json
import os
import re
import shutil
import subprocess
import time
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from command_tools import SMALL
from conftest import Command, Study, shared, typed

import rlsabm
from rlsabm import plots
from rlsabm.wording import percent, points

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")
needs_poppler = pytest.mark.skipif(
    CHROMIUM is None or shutil.which("pdftotext") is None, reason="needs chromium and pdftotext"
)
#: Sections of the report of the small study, in their order.
SECTIONS = [
    "shifts", "prevalence", "arms", "trend", "postulates", "biomarkers", "scorecard", "life",
    "methods",
]  # fmt: skip
#: Attributes that make a browser ask for something.
ASKING = ("src", "srcset", "data", "poster", "action")
MOST_BYTES, MOST_SECONDS = 4_000_000, 120.0


class Elements(HTMLParser):
    """Elements of a page with their attributes, and the text of its scripts of data."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.cells: list[str] = []
        self.scripts: dict[str, str] = {}
        self._script, self._cell = "", False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._script = str(dict(attrs).get("id") or "") if tag == "script" else ""
        if tag in ("td", "th"):
            self.cells.append("")
            self._cell = True

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._cell = False

    def handle_data(self, data: str) -> None:
        if self._script:
            self.scripts[self._script] = self.scripts.get(self._script, "") + data
        if self._cell:
            self.cells[-1] += data


def plain(text: str) -> str:
    """A text without what keeps lines from being broken."""
    return text.replace("\u00a0", " ").replace("\u2060", "")


def _make(folder: Path) -> None:
    """The report of the small study, in a folder of its own."""
    from rlsabm.reporting.writing import write_report

    begun = time.monotonic()
    write_report(Path(os.environ["RLSABM_TEST_REPORT_OF"]), folder / "report.html")
    (folder / "seconds").write_text(str(time.monotonic() - begun))


@pytest.fixture(scope="module")
def page(study: Study) -> Path:
    os.environ["RLSABM_TEST_REPORT_OF"] = str(study.folder)
    return shared("report", _make) / "report.html"


@pytest.fixture(scope="module")
def elements(page: Path) -> Elements:
    return Elements(page.read_text(encoding="utf-8"))


# What it holds ------------------------------------------------------------------------------------


def test_sections_stand_in_their_order(elements: Elements) -> None:
    assert [attrs["id"] for tag, attrs in elements.elements if tag == "section"] == SECTIONS


def test_it_is_small_and_soon_made(page: Path) -> None:
    assert page.stat().st_size < MOST_BYTES
    assert float((page.parent / "seconds").read_text()) < MOST_SECONDS


def test_it_asks_for_nothing_from_a_network(page: Path, elements: Elements) -> None:
    for tag, attrs in elements.elements:
        for name in ASKING:
            assert (attrs.get(name) or "data:").startswith("data:"), (tag, attrs)
        if tag == "link":
            assert (attrs["href"] or "").startswith("data:")
    styles = re.findall(r"<style>(.*?)</style>", page.read_text(encoding="utf-8"), re.DOTALL)
    assert styles
    assert not [style for style in styles if re.search(r"url\(|@import", style)]
    for name in ("figures", "themes"):
        assert "http" not in elements.scripts[name]


def test_figures_hold_the_numbers_of_the_tables(study: Study, elements: Elements) -> None:
    read = rlsabm.read(study.folder)
    figures = json.loads(elements.scripts["figures"])
    for name, column, numbers in (
        ("forest", "value", plots.forest_numbers(read)),
        ("prevalence", "prevalence", plots.prevalence_numbers(read)),
        ("arms", "difference", plots.arms_numbers(read)),
        ("trend", "prevalence", plots.trend_numbers(read)),
        ("postulates", "value", plots.postulates_numbers(read)),
    ):
        rows = [row for data in figures[name]["datasets"].values() for row in data]
        drawn = {round(row["value"], 9) for row in rows}
        wanted = {round(100.0 * value, 9) for value in numbers[column]}
        assert wanted <= drawn <= wanted | {0.0}, name
    assert {f"life-{place}" for place in (1, 2, 3)} <= set(figures)


def test_tables_beside_figures_hold_their_numbers(study: Study, elements: Elements) -> None:
    read = rlsabm.read(study.folder)
    cells = {plain(cell) for cell in elements.cells}
    numbers = plots.prevalence_numbers(read)
    for value, lower, upper in numbers[["prevalence", "lower", "upper"]].to_numpy(float):
        assert percent(value, lower, upper) in cells
    numbers = plots.forest_numbers(read)
    for value, lower, upper in numbers[["value", "lower", "upper"]].to_numpy(float):
        assert points(value, lower, upper) in cells


def test_the_answer_is_that_of_the_screen(study: Study, page: Path) -> None:
    text = plain(page.read_text(encoding="utf-8"))
    [answer] = re.findall(r'<div class="answer".*?</div>', text, re.DOTALL)
    sentences = re.findall(r"<p>(.*?)</p>", answer)
    assert len(sentences) >= 3
    screen = " ".join(study.outcome.out.split())
    for sentence in sentences:
        assert sentence in screen


def test_figures_have_words_buttons_and_files(study: Study, page: Path, elements: Elements) -> None:
    shown = [attrs for tag, attrs in elements.elements if tag == "img"]
    assert len(shown) == len(SECTIONS) - 2  # one each, but for scorecard and methods
    assert all(len(attrs["alt"] or "") > 40 for attrs in shown)
    saves = [attrs for tag, attrs in elements.elements if tag == "button" and "data-save" in attrs]
    figures = json.loads(elements.scripts["figures"])
    assert {(attrs["data-of"], attrs["data-save"]) for attrs in saves} == {
        (name, kind) for name in figures for kind in ("svg", "png")
    }
    links = [attrs["href"] or "" for tag, attrs in elements.elements if tag == "a"]
    files = {(page.parent / link).resolve() for link in links if link.endswith(".parquet")}
    assert {file.name for file in files} >= {"shifts.parquet", "prevalence.parquet"}
    assert all(file.is_file() and file.parent == study.folder.resolve() for file in files)


def test_the_methods_say_what_was_run(study: Study, page: Path) -> None:
    text = " ".join(plain(page.read_text(encoding="utf-8")).split())
    assert "2,000 people of the United States" in text
    assert "2010, 2018 and 2019" in text
    assert "“no donation” (conditions.blood_donation.enabled = false)" in text
    assert "supply_half_ferritin_ug_per_l = 12" in text
    assert "what CH-RLSq would find" in text
    assert "10.1002/mds.21607" in text
    manifest = json.loads((study.folder / "manifest.json").read_text())
    assert manifest["software"]["package_hash"] in text


def test_the_scorecard_is_of_the_parameters_used(page: Path, elements: Elements) -> None:
    """The small study sets parameters of its own: what ships says nothing about it."""
    text = page.read_text(encoding="utf-8")
    assert "the scenario sets 2 parameters" in text
    assert "validation" not in json.loads(elements.scripts["figures"])


def test_the_scorecard_that_ships_is_shown_where_it_applies(tmp_path: Path) -> None:
    from rlsabm.reporting.scorecard_section import differences_from_scorecard
    from rlsabm.reporting.studied import Studied
    from rlsabm.study.settings import read_scenario

    def differs(*settings: str, draws: pd.DataFrame) -> list[str]:
        resolved = read_scenario("baseline", settings)
        study = rlsabm.Study({"draws": draws}, arms=["reference"], scenario={})
        return differences_from_scorecard(Studied(study, resolved, tmp_path))

    def table(values: dict[str, float], draw: int) -> pd.DataFrame:
        return pd.DataFrame(
            {"arm": "reference", "draw": draw, "parameter": list(values), "value": values.values()}
        )

    from rlsabm.parameter_table import PARAMETERS
    from rlsabm.posterior import posterior_values, shipped_posterior

    defaults = {name: PARAMETERS[name].default for name in shipped_posterior().names}
    seed = read_scenario("baseline").scenario.runs.seed
    third = posterior_values(3, seed)
    assert differs(draws=table(defaults, 0)) == []
    assert differs("runs.draws=20", draws=table(third, 3)) == []
    assert "another posterior" in differs("runs.draws=20", draws=table(defaults, 3))[0]
    assert differs("population.country=denmark", draws=table(defaults, 0)) == [
        "the country is denmark"
    ]
    changed = differs("conditions.coeliac_disease.absorption_factor=0.5", draws=table(defaults, 0))
    assert changed == ["conditions are new or changed (coeliac_disease)"]
    set_so = differs("conditions.blood_donation.enabled=false", draws=table(defaults, 0))
    assert set_so == ["settings of conditions are changed (blood_donation.enabled)"]
    other_care = "treatments or rules of care are not those of the baseline"
    assert differs("care.presets=[]", draws=table(defaults, 0)) == []
    for setting in ("care.presets=[aasm_2025]", "treatments.dopamine_agonist.months_to_act=3"):
        assert differs(setting, draws=table(defaults, 0)) == [other_care]


# In a browser -------------------------------------------------------------------------------------


def chromium(*options: str, address: str, folder: Path) -> subprocess.CompletedProcess[str]:
    assert CHROMIUM is not None
    return subprocess.run(
        [
            CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
            "--host-resolver-rules=MAP * ~NOTFOUND", "--enable-logging=stderr", "--v=0",
            f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=20000", *options, address,
        ],
        capture_output=True, text=True, timeout=240, check=True, cwd=folder,
    )  # fmt: skip


def drawn_marks(dom: str) -> dict[str, int]:
    """Marks that stand in each figure of a page that a browser has drawn."""
    found = {}
    for figure in re.findall(r"<figure.*?</figure>", dom, re.DOTALL):
        [name] = re.findall(r'data-figure="([^"]+)"', figure)
        live = figure.split("data-figure=", 1)[1].split('class="still"', 1)[0]
        found[name] = len(re.findall(r'role="graphics-symbol"', live)) + live.count("<path")
    return found


@needs_chromium
@pytest.mark.parametrize("width", [1280, 390])
def test_a_browser_draws_every_figure(page: Path, tmp_path: Path, width: int) -> None:
    """Without a network, and without an error in the console."""
    address = page.resolve().as_uri()
    seen = chromium("--dump-dom", f"--window-size={width},2000", address=address, folder=tmp_path)
    assert "CONSOLE" not in seen.stderr, seen.stderr
    assert 'data-ready="yes"' in seen.stdout
    marks = drawn_marks(seen.stdout)
    shown = {name: count for name, count in marks.items() if name not in ("life-2", "life-3")}
    assert {"forest", "prevalence", "arms", "trend", "postulates", "biomarkers"} <= set(shown)
    assert all(count > 5 for count in shown.values()), marks


@needs_chromium
@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_is_wider_than_the_screen(page: Path, tmp_path: Path, width: int) -> None:
    probe = tmp_path / "probe.html"
    script = """<script>addEventListener("load", () => setTimeout(() => {
      const all = [...document.querySelectorAll("main *, header *")].filter((e) =>
        !e.closest(".scroll") && !e.closest("svg") && !e.closest("figure[hidden]"));
      const over = all.filter((e) => e.getBoundingClientRect().right > innerWidth + 1);
      document.documentElement.dataset.over = over.map((e) => e.tagName + "." + e.className).join(" ");
      document.documentElement.dataset.wide = document.documentElement.scrollWidth;
    }, 8000));</script>"""
    probe.write_text(page.read_text(encoding="utf-8") + script, encoding="utf-8")
    options = ("--dump-dom", f"--window-size={width},2000")
    seen = chromium(*options, address=probe.as_uri(), folder=tmp_path)
    assert re.findall(r'data-over="([^"]*)"', seen.stdout) == [""]
    [wide] = re.findall(r'data-wide="(\d+)"', seen.stdout)
    assert int(wide) <= max(width, 500)  # headless windows are 500 pixels wide at least


@needs_chromium
def test_screenshots_show_something(page: Path, tmp_path: Path) -> None:
    for width in (1280, 390):
        shot = tmp_path / f"{width}.png"
        options = (f"--window-size={width},3000", f"--screenshot={shot}")
        chromium(*options, address=page.resolve().as_uri(), folder=tmp_path)
        assert shot.read_bytes().startswith(b"\x89PNG")
        assert shot.stat().st_size > 60_000  # an empty page has a few thousand bytes


@needs_chromium
def test_buttons_save_figures_and_show_another_person(page: Path, tmp_path: Path) -> None:
    probe = tmp_path / "probe.html"
    script = """<script type="module">addEventListener("load", () => setTimeout(async () => {
      const said = document.documentElement.dataset;
      const svg = await (await fetch(await report.save("forest", "svg"))).text();
      said.svg = svg.includes("<svg") && svg.includes("Shift of prevalence");
      const png = await report.save("forest", "png");
      said.png = png.startsWith("data:image/png") && png.length > 20000;
      document.querySelector('figure[data-turn]:not([hidden]) button[data-next]').click();
      setTimeout(() => {
        const now = document.querySelector('figure[data-turn]:not([hidden])');
        said.person = now.id + " " + (now.querySelectorAll(".live path").length > 5);
        document.getElementById("theme").click();
        setTimeout(() => { said.after = said.theme; }, 3000);
      }, 3000);
    }, 5000));</script>"""
    probe.write_text(page.read_text(encoding="utf-8") + script, encoding="utf-8")
    options = ("--dump-dom", "--virtual-time-budget=40000")
    seen = chromium(*options, address=probe.as_uri(), folder=tmp_path)
    assert "CONSOLE" not in seen.stderr, seen.stderr
    for wanted in ('data-svg="true"', 'data-png="true"', 'data-person="figure-life-2 true"'):
        assert wanted in seen.stdout
    assert 'data-after="dark"' in seen.stdout


@needs_poppler
def test_paper_has_all_of_it(page: Path, tmp_path: Path) -> None:
    """Text of every section, and numbers of figures that are folded on a screen."""
    paper = tmp_path / "report.pdf"
    chromium(f"--print-to-pdf={paper}", address=page.resolve().as_uri(), folder=tmp_path)
    command = ["pdftotext", "-layout", str(paper), "-"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    for title in ("Shifts by condition", "Arms beside the reference", "How it was computed"):
        assert title in text
    assert "Save as SVG" not in text
    assert "Numbers of figure 2" in text
    assert "Parameters that were calibrated or set, and their sources" in text
    assert not re.search(r"\.\.(?!\.)", text.replace("...", ""))
    assert "10.1002/mds.21607" in text


# The command --------------------------------------------------------------------------------------


def test_report_command(study: Study, rlsabm_command: Command, workplace: Path) -> None:
    ran = rlsabm_command("report", str(study.folder), "--out", "pages/my report.html")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.strip() == "Report: pages/my report.html"
    made = Elements(Path("pages/my report.html").read_text(encoding="utf-8"))
    links = [attrs["href"] for tag, attrs in made.elements if tag == "a"]
    assert any(str(link).endswith("/shifts.parquet") for link in links)
    assert [path.name for path in Path("pages").iterdir()] == ["my report.html"]


def test_a_run_ends_with_its_report(
    workplace: Path, rlsabm_command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RLSABM_NO_REPORT")
    (workplace / "asked.yaml").write_text(SMALL)
    few = ("--workers", "1", "--set", "runs.draws=1", "--set", "runs.replicates=1")
    ran = rlsabm_command("run", "asked.yaml", *few, "--no-report")
    assert ran.code == 0
    assert "Report:" not in ran.out
    folder = Path("outputs/asked")
    assert not (folder / "report.html").exists()
    ran = rlsabm_command("resume", str(folder))
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.rstrip().endswith("Report: outputs/asked/report.html")
    whole = (folder / "report.html").read_text(encoding="utf-8")
    assert 'id="shifts"' in whole
    assert 'id="methods"' in whole
    ran = rlsabm_command("resume", str(folder), "--no-report")
    assert (folder / "report.html").exists()  # of the same runs
    more = rlsabm_command("resume", str(folder), "--no-report", "--add-replicates", "1")
    assert more.code == 0
    assert "Removed: outputs/asked/report.html, which had fewer runs" in more.err
    assert not (folder / "report.html").exists()
    ran = rlsabm_command("run", "asked.yaml", *few, "--no-report", "--replace")
    assert ran.code == 0
    assert not (folder / "report.html").exists()


def test_a_run_without_the_extra_says_how_to_get_it(
    done: Path, rlsabm_command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RLSABM_NO_REPORT")
    _without(monkeypatch, "vl_convert")
    ran = rlsabm_command("resume", str(done))
    assert ran.code == 0
    assert ran.err.strip() == 'No report: a report needs: pip install "rlsabm[report]"'
    assert not (done / "report.html").exists()
    ran = rlsabm_command("report", str(done))
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.strip() == 'error: a report needs: pip install "rlsabm[report]"'


def _without(monkeypatch: pytest.MonkeyPatch, library: str) -> None:
    load = builtins.__import__

    def refuse(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == library:
            raise ImportError(name)
        return load(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)


# Refused ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["prevalence", "shifts", "biomarker_ratios", "draws"])
@pytest.mark.parametrize("what", ["missing", "damaged"])
def test_a_table_that_is_not_as_it_was(
    done: Path, rlsabm_command: Command, name: str, what: str
) -> None:
    file = done / f"{name}.parquet"
    if what == "missing":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[:-9] + b"otherwise")
    before = sorted(path.name for path in done.iterdir())
    ran = rlsabm_command("report", str(done))
    assert (ran.code, ran.out) == (2, "")
    [line] = ran.err.strip().splitlines()
    assert line.startswith("error: ")
    assert f"{name}.parquet" in line
    assert "rlsabm resume" in line
    assert sorted(path.name for path in done.iterdir()) == before


def test_places_that_are_refused(done: Path, rlsabm_command: Command) -> None:
    own = done / "prevalence.parquet"
    content = own.read_bytes()
    for out, says in (
        (own, "belongs to the study in"),
        (done, "is a folder; name a file"),
        (done / "units" / "report.html", "belongs to the study in"),
    ):
        ran = rlsabm_command("report", str(done), "--out", str(out))
        assert (ran.code, ran.out) == (2, "")
        assert says in " ".join(ran.err.split())
    assert own.read_bytes() == content
    ran = rlsabm_command("report", "outputs/askd")
    assert ran.code == 2
    assert "no such folder; did you mean 'outputs/asked'?" in ran.err


def test_a_report_that_cannot_be_written_leaves_the_old_one(
    done: Path, rlsabm_command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    import rlsabm.reporting.writing as writing

    old = done / "report.html"
    old.write_text("old")

    def full(path: Path, content: bytes) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(writing, "write_whole", full)
    ran = rlsabm_command("report", str(done))
    assert ran.code == 2
    assert "report.html: cannot be written: No space left on device" in " ".join(ran.err.split())
    assert old.read_text() == "old"


def test_a_report_is_no_stranger_in_the_folder(done: Path, rlsabm_command: Command) -> None:
    """A study with a report goes on, and is read, as one without."""
    (done / "report.html").write_text("old")
    assert rlsabm_command("resume", str(done)).code == 0
    assert rlsabm.read(done).missing == ""
    assert (done / "report.html").read_text() == "old"


def test_import_of_rlsabm_loads_no_figures(tmp_path: Path) -> None:
    ran = typed("--version", folder=tmp_path)
    assert ran.code == 0
    code = "import sys, rlsabm; rlsabm.plots; print('altair' in sys.modules)"
    import sys

    from conftest import environment

    said = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == "False"
