"""The ledger of a study: its units of work."""

from __future__ import annotations

from rlsabm.results.columns import ARM, DRAW, REPLICATE
from rlsabm.results.table import Column, Kind, ResultTable

#: What may be said of a unit of work.
STATUSES = ("waiting", "running", "finished", "failed")

TABLE = ResultTable(
    name="runs",
    title="Ledger of the study: its units of work",
    kind=Kind.LEDGER,
    columns=(
        ARM,
        DRAW,
        REPLICATE,
        Column("block", "whole", "", "block of people"),
        Column("key", "text", "", "key of the random numbers, in hexadecimal digits"),
        Column("status", "category", "", "waiting, running, finished or failed", words=STATUSES),
        Column("attempts", "whole", "", "how often it was begun"),
        Column("error", "text", "", "why it failed, or was begun again; empty if neither"),
        Column("traceback", "text", "", "where the program failed"),
        Column("worker", "text", "", "host and process that ran it"),
        Column("started", "text", "date and time", "when it was last begun"),
        Column("seconds", "number", "s", "wall time; missing unless finished"),
        Column("person_months", "whole", "months", "person-months lived"),
        Column("people_grown", "whole", "persons", "people alive at the last survey"),
        Column("people_surveyed", "whole", "persons", "people in the last survey"),
        Column("rows", "whole", "rows", "rows of its tables"),
        Column("merged", "yes/no", "", "whether the tables of the study hold what it found"),
        Column(
            "line_lists", "text", "", "its line lists: size and BLAKE2b checksum by file (JSON)"
        ),
    ),
)
