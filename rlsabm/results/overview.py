"""A study at a glance: what it is, how much of it there is, and its main numbers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from html import escape
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from rlsabm.errors import UserError
from rlsabm.wording import counted, percent

#: Arms of which an overview has a line.
MOST_ARMS = 6


class Glanced(Protocol):
    """What an overview needs of a study (`rlsabm.results.study_results.Study`)."""

    arms: list[str]
    scenario: dict[str, Any]
    folder: Path | None
    missing: str

    @property
    def title(self) -> str:
        """Title of the scenario."""

    @property
    def years(self) -> list[int]:
        """Survey years."""

    @property
    def tables(self) -> Mapping[str, pd.DataFrame]:
        """All tables by name."""

    def prevalence(self, *, by: str | Sequence[str]) -> pd.DataFrame:
        """Prevalence with intervals."""

    def shifts(self, *, by: str | Sequence[str]) -> pd.DataFrame:
        """Shifts with intervals."""


def facts(study: Glanced) -> dict[str, str]:
    """What a study is and has, in words."""
    scenario, runs = study.scenario, study.scenario.get("runs", {})
    population = scenario.get("population", {})
    found = {
        "people": f"{population.get('size', 0):,} ({population.get('country', '')})",
        "surveys": ", ".join(map(str, study.years)),
        "arms": ", ".join(study.arms),
        "runs": ", ".join(counted(runs.get(f"{what}s", 1), what) for what in ("draw", "replicate")),
        "tables": ", ".join(study.tables),
    }
    if study.folder is not None:
        found["folder"] = str(study.folder)
    if study.missing:
        found["not finished"] = study.missing
    return found


def main_numbers(study: Glanced) -> pd.DataFrame | None:
    """Prevalence by arm and definition in per cent, with intervals; None if there is none yet."""
    try:
        rows = study.prevalence(by=["arm", "definition"])
    except UserError:
        return None
    shown = pd.DataFrame(
        {
            "arm": rows["arm"].astype(str),
            "definition": rows["definition"].astype(str),
            "percent": [
                percent(value, lower, upper)
                for value, lower, upper in rows[["prevalence", "lower", "upper"]].to_numpy(float)
            ],
        }
    )
    table = shown.pivot(index="arm", columns="definition", values="percent")
    arms = [arm for arm in study.arms if arm in table.index][:MOST_ARMS]
    table = table.loc[arms, list(dict.fromkeys(shown["definition"]))]
    who, year = rows.attrs["selection"]["ages"], rows.attrs["selection"]["year"]
    interval = " (95 % interval)" if rows["lower"].notna().any() else ""
    table.attrs["title"] = f"Prevalence of RLS, {who}, {year}: %{interval}"
    return table.rename_axis(index=None, columns=None)


def main_results(study: Glanced) -> dict[str, list[dict[str, Any]]]:
    """Prevalence and shifts among adults, a record a row, for scripts.

    They are of the last survey and of the truth, by arm and condition, over all draws and replicates
    that have finished; what has not been estimated is missing. Numbers that cannot be known are None.
    """
    answers: dict[str, Callable[[], pd.DataFrame]] = {
        "prevalence": lambda: study.prevalence(by=["arm", "condition", "definition"]),
        "shifts": lambda: study.shifts(by=["arm"]),
    }
    found: dict[str, list[dict[str, Any]]] = {}
    for name, answer in answers.items():
        found[name] = []
        with suppress(UserError):  # nothing of it has finished
            rows = answer()
            chosen = {k: v for k, v in rows.attrs["selection"].items() if k not in rows}
            text = rows.to_json(orient="records", double_precision=15)
            found[name] = [{**row, **chosen} for row in json.loads(text)]
    return found


def overview_text(study: Glanced) -> str:
    """An overview for a terminal."""
    lines = [f"Study: {study.title}"]
    lines += [f"  {name}: {what}" for name, what in facts(study).items()]
    numbers = main_numbers(study)
    if numbers is not None:
        lines += [numbers.attrs["title"], numbers.to_string()]
    return "\n".join(lines)


def overview_html(study: Glanced) -> str:
    """An overview for a notebook."""
    rows = "".join(
        f"<tr><th style='text-align:left'>{escape(name)}</th>"
        f"<td style='text-align:left'>{escape(what)}</td></tr>"
        for name, what in facts(study).items()
    )
    html = f"<p><b>{escape(study.title)}</b></p><table>{rows}</table>"
    numbers = main_numbers(study)
    if numbers is not None:
        html += f"<p>{escape(numbers.attrs['title'])}</p>{numbers.to_html(border=0)}"
    return html
