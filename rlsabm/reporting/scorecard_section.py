"""The section with the scorecard of the parameters that a study used."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from rlsabm import plots
from rlsabm.parameter_table import PARAMETERS
from rlsabm.plots.scorecards import shipped_scorecard
from rlsabm.plots.themes import PRINT
from rlsabm.posterior import posterior_values, shipped_posterior
from rlsabm.reporting.parts import Figure, Section
from rlsabm.reporting.studied import Studied
from rlsabm.reporting.tables import scorecard_table
from rlsabm.scenario import DEFAULT, REFERENCE
from rlsabm.study.implied import changed_conditions
from rlsabm.wording import counted

#: Country of the scenario that the scorecard is of.
COUNTRY = "united-states"
#: Care in it. Where nobody is treated, figures hardly differ: parameters were fitted so.
BASELINE_CARE = "usual_care"
#: Rows of a figure that still fits on a page.
MOST_ROWS = 46
TITLE = "How far figures of the model are from published ones"


def differences_from_scorecard(studied: Studied) -> list[str]:
    """By what a study differs from what the scorecard that ships is of, in words."""
    return list(_differences(studied))


def _differences(studied: Studied) -> Iterator[str]:
    scenario = studied.resolved.scenario
    country = scenario.population.country
    if country != COUNTRY:
        yield f"the country is {country}"
    if scenario.parameters:
        names = ", ".join(sorted(scenario.parameters))
        yield f"the scenario sets {counted(len(scenario.parameters), 'parameter')} ({names})"
    changed = [c.name for c, arm in changed_conditions(studied.resolved) if arm == REFERENCE]
    if changed:
        yield f"conditions are new or changed ({', '.join(changed)})"
    care = scenario.care
    is_own = care.rules or not {*care.presets} <= {BASELINE_CARE}
    if is_own or (scenario.treatments and care.presets):
        yield "treatments or rules of care are not those of the baseline"
    if settings := _settings_of_conditions(studied, changed):
        yield f"settings of conditions are changed ({', '.join(settings)})"
    if scenario.runs.priors:
        yield "parameters are drawn from their priors, not from the posterior"
    elif not _parameters_ship(studied):
        yield "its parameters come from another posterior, or another version, than the one that ships"


def _settings_of_conditions(studied: Studied, changed: list[str]) -> list[str]:
    """Settings of conditions with rules that the reference changes."""
    found = []
    for key, layer in studied.layers.items():
        section, _, rest = key.partition(".")
        own = layer != DEFAULT and not layer.startswith("catalogue.yaml:")
        if section == "conditions" and own and rest.split(".")[0] not in changed:
            found.append(rest)
    return found


def _parameters_ship(studied: Studied) -> bool:
    """Whether calibrated parameters had the values of the posterior that ships, or its means."""
    table = studied.study.table("draws")
    table = table[table["arm"] == REFERENCE]
    seed = studied.resolved.scenario.runs.seed
    for draw, rows in table.groupby("draw"):
        number = int(str(draw))
        values = dict(zip(rows["parameter"].astype(str), rows["value"], strict=True))
        wanted = (
            posterior_values(number, seed)
            if number
            else {name: PARAMETERS[name].default for name in shipped_posterior().names}
        )
        if any(not np.isclose(values.get(name, np.nan), x) for name, x in wanted.items()):
            return False
    return True


def scorecard_section(studied: Studied) -> Section:
    """The scorecard, or why it does not say anything about the study."""
    differs = differences_from_scorecard(studied)
    if differs:
        text = (
            "The scorecard that ships with rlsabm is of the baseline scenario: the United "
            "States, its catalogue of conditions, and the posterior that ships. It is not "
            f"shown, since it says nothing for sure about this study: {'; '.join(differs)}. The "
            "command rlsabm validate with this scenario file makes a scorecard of it."
        )
        return Section("scorecard", TITLE, (text,))
    card = shipped_scorecard()
    text = (
        "Parameters of this study are those that ship. With them, runs of the baseline scenario "
        "were set beside published figures: those that parameters may be fitted to, and those "
        "to which nothing is ever fitted. These runs are not those of this study. Tables give "
        "proportions in per cent, and other figures in the unit that their name says."
    )
    figures = []
    for purpose, what in (
        ("validation", "Figures to which no parameter is fitted"),
        ("calibration", "Figures that parameters may be fitted to"),
    ):
        whole = plots.validation_numbers(card, purpose=purpose)
        inside = int((whole["verdict"] == plots.INSIDE).sum())
        pieces = _pieces(len(whole))
        for place, (start, end) in enumerate(pieces):
            part = f", part {place + 1} of {len(pieces)}" if len(pieces) > 1 else ""
            rows = card[card["target"].isin(whole["target"].iloc[start:end])]
            caption = (
                f"{what}{part}: simulated relative to published, on a scale of logarithms. Grey "
                "bars are published intervals; points are means of runs at draws from the "
                f"posterior, lines the middle 95 % of these runs. {inside} of {len(whole)} means "
                "are inside of the published interval."
            )
            figures.append(
                Figure(
                    purpose if len(pieces) == 1 else f"{purpose}-{place + 1}",
                    caption,
                    plots.validation(rows, purpose=purpose, theme=PRINT),
                    scorecard_table(whole.iloc[start:end]),
                )
            )
    return Section("scorecard", TITLE, (text,), figures)


def _pieces(rows: int) -> list[tuple[int, int]]:
    """Rows of figures of about the same size that fit on a page."""
    number = -(-rows // MOST_ROWS)
    edges = [round(piece * rows / number) for piece in range(number + 1)]
    return list(pairwise(edges))
