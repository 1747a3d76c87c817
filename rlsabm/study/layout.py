"""What the folder of a study consists of: names of its files and folders."""

from __future__ import annotations

from pathlib import Path

from rlsabm.results.files import MANIFEST, SCENARIO, table_path
from rlsabm.results.manifests import read_manifest
from rlsabm.results.table import Kind
from rlsabm.results.tables import tables_of
from rlsabm.scenario.manifests import COUNTRY

#: Taken by the process that writes into the folder.
LOCK = ".lock"
#: Folder of the units that are finished and not yet in the tables, and its name when they are.
UNITS, MERGED = "units", ".units-merged"
#: What the ledger says of a finished unit, beside its tables.
RECORD = "record.json"
#: Folder in which processes of this machine hand over what units found.
HANDED_OVER = ".handed-over"
#: Room kept on the disk, so that the ledger can be written when it is full.
RESERVE = ".reserve"
#: The page that people read: no table, and made again at any time.
REPORT = "report.html"
#: Names of the line lists: a file a unit, in a folder.
LINE_LISTS = tuple(table.name for table in tables_of(Kind.LINE_LIST))
#: Folders within a study's folder.
FOLDERS = (UNITS, MERGED, HANDED_OVER, COUNTRY, *LINE_LISTS)
#: Files of tables, and all that a study's folder may consist of.
TABLE_FILES = {
    table_path(Path(), table.name).name
    for table in tables_of(Kind.BY_RUN, Kind.ESTIMATES, Kind.BY_DRAW, Kind.LEDGER)
}
OWN_FILES = {MANIFEST, SCENARIO, LOCK, RESERVE, REPORT, *FOLDERS, *TABLE_FILES}


def study_around(place: Path) -> Path | None:
    """The folder of the study to whose files a place belongs, if it is one of them or within one.

    Raises
    ------
    UserError
        If the manifest of that folder is damaged.
    """
    for folder in place.parents:
        is_own = place.relative_to(folder).parts[0] in OWN_FILES
        if is_own and (folder / MANIFEST).is_file() and read_manifest(folder):
            return folder
    return None
