"""Places of a user's own: not in the folder of a study, which tidies up what it holds."""

from __future__ import annotations

from pathlib import Path

from rlsabm.errors import UserError
from rlsabm.results.manifests import read_manifest
from rlsabm.study.layout import study_around


def check_outside(place: Path, remedy: str) -> None:
    """Refuse a place that is the folder of a study, or belongs to one.

    Parameters
    ----------
    place
        Where something is to be written.
    remedy
        What to do instead.

    Raises
    ------
    UserError
        If it is such a place, or the manifest around it is damaged.
    """
    whole = place.resolve()
    study = whole if whole.is_dir() and read_manifest(whole) else study_around(whole)
    if study is not None:
        raise UserError(f"{place}: belongs to the study in {study}; {remedy}")
