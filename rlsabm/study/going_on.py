"""Whether a study may go on with what its folder holds, and what it then consists of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rlsabm import __version__
from rlsabm.errors import UserError, visible
from rlsabm.results.manifests import ManifestError, read_manifest
from rlsabm.scenario import ResolvedScenario
from rlsabm.scenario.resolved import differences
from rlsabm.study.machine import is_by_this_version
from rlsabm.study.settings import input_hash
from rlsabm.wording import LONGEST_VALUE

#: Settings that are named of two studies that differ.
MOST_DIFFERENCES = 5


def with_what_is_there(
    study: ResolvedScenario, place: Path, *, add_replicates: int, replace: bool
) -> tuple[ResolvedScenario, dict[str, Any]]:
    """The study with the draws and replicates that its folder has, and the manifest there.

    That is empty if there is none, or if what is there is to be replaced.

    Parameters
    ----------
    study, place
        The resolved scenario, and the folder.
    add_replicates
        Replicates to add to those that are there.
    replace
        Whether what is there is to be replaced.

    Raises
    ------
    UserError
        If the folder holds another study that is not to be replaced.
    """
    try:
        before = read_manifest(place) or {}
    except ManifestError:
        if not replace:
            raise
        before = {}
    if add_replicates and (replace or not before):
        what = "is to be replaced" if replace else "holds no study"
        raise UserError(f"{place}: {what}, so that there are no replicates to add to")
    if replace or not before:
        return study, {}
    if before["input_hash"] != input_hash(study) or not is_by_this_version(before):
        raise UserError(f"{place}: holds {_other_study(before, study)}")
    runs, there = study.scenario.runs, before["runs"]
    return (
        study.with_runs(
            max(runs.draws, there["draws"]),
            max(runs.replicates, there["replicates"]) + add_replicates,
        ),
        before,
    )


def _other_study(there: dict[str, Any], study: ResolvedScenario) -> str:
    """What a folder holds that is not this study, and how to go on."""
    what = "this study" if there["name"] == study.name else f"the study {there['name']!r}"
    found = differences(there["scenario"], study.as_mapping())
    if not is_by_this_version(there):
        version = there["software"]["rlsabm"]
        which = f" ({version}, this is {__version__})" if version != __version__ else ""
        what += f", as another version of rlsabm ran it{which}"
    elif not found:
        what += f" with other tables of its country, {study.scenario.population.country}"
    if found:
        shown = list(found.items())[:MOST_DIFFERENCES]
        settings = [f"{key}: {_short(one)} -> {_short(other)}" for key, (one, other) in shown]
        settings += [f"and {len(found) - len(shown)} more"] if len(found) > len(shown) else []
        what += f" with other settings ({'; '.join(settings)})"
    return (
        f"{what}; rlsabm run with --out takes another folder, with --replace removes what is there"
    )


def _short(value: Any) -> str:
    """A value of a scenario as it is written in one, if it is short."""
    text = "not given" if value is None else json.dumps(value, ensure_ascii=False)
    return visible(text, LONGEST_VALUE)
