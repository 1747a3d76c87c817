"""Places of a user's own: not in the folder of a study, which tidies up what it holds."""

from __future__ import annotations

from pathlib import Path

from rlsabm.errors import UserError
from rlsabm.results.files import MANIFEST
from rlsabm.results.manifests import read_manifest
from rlsabm.study.folder import OWN_FILES


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
    for folder in (whole, *whole.parents):
        inside = whole.relative_to(folder).parts[:1]
        if OWN_FILES.issuperset(inside) and (folder / MANIFEST).is_file() and read_manifest(folder):
            raise UserError(f"{place}: belongs to the study in {folder}; {remedy}")
