"""Writing the report of a study: the page takes its place whole."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from rlsabm.errors import UserError
from rlsabm.reporting.life_section import life_section
from rlsabm.reporting.methods_section import country_in_words, methods_section
from rlsabm.reporting.page import Front, check_extra, page_of, unbroken
from rlsabm.reporting.parts import Section
from rlsabm.reporting.results_sections import (
    answer,
    arms_section,
    biomarkers_section,
    policies_section,
    postulates_section,
    prevalence_section,
    shifts_section,
    trend_section,
)
from rlsabm.reporting.scorecard_section import scorecard_section
from rlsabm.reporting.studied import Studied, studied
from rlsabm.reporting.trial_section import trial_section
from rlsabm.results.files import write_whole
from rlsabm.results.overview import facts
from rlsabm.scenario import ResolvedScenario
from rlsabm.study.layout import REPORT
from rlsabm.study.outside import check_outside

#: Facts of an overview that the head of the page has, too.
FACTS = ("people", "surveys", "arms", "runs")


def write_report(
    folder: Path, out: Path | None = None, *, resolved: ResolvedScenario | None = None
) -> Path:
    """Write the report of a study.

    Parameters
    ----------
    folder
        Folder of the study.
    out
        File to write; ``report.html`` in that folder by default.
    resolved
        Its scenario, if it has been read already.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    UserError
        If the extra is not installed; there is no such study, a table of it is missing or damaged, or
        nothing has finished; or the file is a folder, belongs to a study, or cannot be written.
    """
    check_extra()
    place = folder / REPORT if out is None else out
    _check_place(place, folder)
    found = studied(folder, resolved)
    page = page_of(_front(found), sections_of(found), _from(place, folder))
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        write_whole(place, page.encode("utf-8", "replace"))
    except OSError as error:
        raise UserError(f"{place}: cannot be written: {error.strerror or error}") from None
    return place


def _check_place(place: Path, folder: Path) -> None:
    """Refuse a place where a page would be in the way.

    Raises
    ------
    UserError
        If it is a folder, or a file of a study other than its report.
    """
    if place.is_dir():
        raise UserError(f"{place}: is a folder; name a file, such as {place / REPORT}")
    if place.name != REPORT or place.parent.resolve() != folder.resolve():
        check_outside(place, "choose another file with --out")


def _from(place: Path, folder: Path) -> str:
    """Address of a folder as seen from a page; empty if the page lies in it."""
    way = os.path.relpath(folder.resolve(), place.resolve().parent)
    return "" if way == "." else quote(Path(way).as_posix()) + "/"


def sections_of(found: Studied) -> Iterator[Section]:
    """All sections that the study has something for, in their order."""
    study = found.study
    if found.has("trial"):
        yield trial_section(found)
    if found.has("shifts"):
        yield shifts_section(found)
    yield prevalence_section(found)
    if len(found.arms) > 1:
        yield arms_section(found)
    if found.has("policies"):
        yield policies_section(found)
    if len(study.years) > 1:
        yield trend_section(found)
    if found.has("postulates"):
        yield postulates_section(found)
    if found.has("biomarker_ratios"):
        yield biomarkers_section(found)
    yield scorecard_section(found)
    if (lives := life_section(found)) is not None:
        yield lives
    yield methods_section(found)


def _front(found: Studied) -> Front:
    """What stands before the sections."""
    study = found.study
    said = facts(study)
    country = study.scenario["population"]["country"]
    said["people"] = f"{study.scenario['population']['size']:,} ({country_in_words(country)})"
    shown = [(name, said[name]) for name in FACTS if name in said]
    warnings = []
    if study.missing:
        warnings.append(f"The study is not complete: {study.missing}.")
    title = study.title or found.resolved.name
    question = found.resolved.scenario.description.strip()
    return Front(
        found.resolved.name,
        title,
        question,
        [unbroken(text) for text in answer(found)],
        warnings,
        shown,
    )
