"""Columns of every table: name, type, unit and meaning, declared once.

The declarations become Arrow schemas, whose metadata reaches pandas as ``df.attrs``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

SCHEMA_VERSION = 1


class Column(NamedTuple):
    """A column of a table."""

    name: str
    type: str  # "category", "whole", "number", "text", "yes/no"
    unit: str
    meaning: str


KEYS = (
    Column("arm", "category", "", "arm of the scenario; 'reference' is the scenario itself"),
    Column("world", "category", "", "'factual', or the burden that is left out"),
    Column("draw", "whole", "", "draw of the parameters; 0 is the default of each"),
    Column("replicate", "whole", "", "repetition with other chance"),
    Column("year", "whole", "calendar year", "survey, at mid-year"),
)
STRATA = {
    "sex": Column("sex", "category", "", "sex"),
    "age_group": Column("age_group", "category", "years", "age in completed years"),
    "parity": Column("parity", "category", "deliveries", "deliveries so far; women only"),
}
CONDITION = Column("condition", "category", "", "group of people; groups overlap")

TABLES: dict[str, tuple[str, tuple[Column, ...]]] = {
    "prevalence": (
        "Prevalence of restless legs syndrome",
        (
            *KEYS,
            CONDITION,
            *STRATA.values(),
            Column("definition", "category", "", "any, at least weekly, or clinically significant"),
            Column(
                "recall", "category", "", "at the survey, or at any time in the 12 months to it"
            ),
            Column("observed_as", "category", "", "'true', or the instrument that asked"),
            Column("cases", "whole", "persons", "people with RLS"),
            Column("persons", "whole", "persons", "people in the group"),
            Column("prevalence", "number", "proportion", "cases / persons"),
        ),
    ),
    "incidence": (
        "Events in the twelve months after the survey, among the people surveyed",
        (
            *KEYS,
            *STRATA.values(),
            Column("event", "category", "", "what happened"),
            Column("events", "whole", "events", "how often it happened"),
            Column("person_years", "number", "years", "time at risk"),
            Column("rate_per_1000", "number", "per 1,000 person-years", "events / person-years"),
        ),
    ),
    "biomarkers": (
        "Biomarkers",
        (
            *KEYS,
            CONDITION,
            STRATA["sex"],
            STRATA["age_group"],
            Column("biomarker", "category", "", "what is measured, with its unit"),
            Column("persons", "whole", "persons", "people measured"),
            Column("mean", "number", "of the biomarker", "arithmetic mean"),
            Column("sd", "number", "of the biomarker", "standard deviation"),
            Column("geometric_mean", "number", "of the biomarker", "missing unless all are > 0"),
            *(
                Column(f"p{q}", "number", "of the biomarker", f"percentile {q}")
                for q in (5, 25, 50, 75, 95)
            ),
        ),
    ),
    "persons": (
        "Line list of a share of the people surveyed",
        (
            *KEYS,
            Column("uid", "text", "", "identity, in hexadecimal digits"),
            Column("mother", "text", "", "uid of the mother, empty for founders"),
            Column("father", "text", "", "uid of the father, empty for founders"),
            STRATA["sex"],
            Column("age", "number", "years", "age"),
            Column("twin", "category", "", "twin type"),
            Column("parity", "whole", "deliveries", "deliveries so far"),
            Column("children", "whole", "children", "live-born children so far"),
            Column("month_of_pregnancy", "whole", "months", "0 if not pregnant"),
            Column("months_since_delivery", "whole", "months", "-1 without delivery"),
            Column("donations", "whole", "donations", "blood donations so far"),
            Column("months_since_donation", "whole", "months", "-1 without donation"),
            Column("kidney", "category", "", "stage of progressive kidney disease"),
            Column("months_on_dialysis", "whole", "months", "-1 if not on dialysis"),
            Column("cns_iron_trait", "number", "ratio", "CNS iron at full supply, typical = 1"),
            Column("other_liability", "number", "liability", "liability that no iron explains"),
            Column("serum_ferritin_ug_per_l", "number", "µg/L", "ferritin as measured"),
            Column("stores_ferritin_ug_per_l", "number", "µg/L", "ferritin without inflammation"),
            Column("haemoglobin_g_per_l", "number", "g/L", "haemoglobin"),
            Column("transferrin_saturation_percent", "number", "%", "transferrin saturation"),
            Column("brain_iron_fast", "number", "ratio", "exchangeable CNS iron, typical = 1"),
            Column("brain_iron_slow", "number", "ratio", "structural CNS iron, old adult = 1"),
            Column("dopamine_deficit", "number", "liability", "loss of dopaminergic function"),
            Column("liability", "number", "liability", "liability to RLS, 0 = even odds"),
            Column("rls", "yes/no", "", "has RLS"),
            Column("rls_weekly", "yes/no", "", "has RLS at least weekly"),
            Column("rls_significant", "yes/no", "", "has clinically significant RLS"),
            Column("rls_past_year", "yes/no", "", "had RLS in the last 12 months"),
            Column("age_at_onset", "number", "years", "age at first RLS; missing if never"),
            Column("irls", "number", "points", "IRLS score, 0 without RLS"),
        ),
    ),
    "events": (
        "Events in the twelve months after the survey, one a row",
        (
            *KEYS,
            Column("uid", "text", "", "identity, in hexadecimal digits"),
            Column("date", "text", "year-month", "month of the event"),
            Column("event", "category", "", "what happened"),
            Column("first", "yes/no", "", "for the first time in this life"),
        ),
    ),
    "draws": (
        "Values of the parameters in each draw and arm",
        (
            KEYS[0],
            KEYS[2],
            Column("parameter", "category", "", "name in the parameter table"),
            Column("value", "number", "of the parameter", "value"),
        ),
    ),
    "runs": (
        "Runs of the study",
        (
            KEYS[0],
            KEYS[2],
            KEYS[3],
            Column("key", "text", "", "key of the random numbers, in hexadecimal digits"),
            Column("status", "category", "", "finished"),
            Column("seconds", "number", "s", "wall time"),
            Column("person_months", "whole", "months", "person-months lived"),
            Column("people_grown", "whole", "persons", "alive at the last survey"),
            Column("people_surveyed", "whole", "persons", "in the last survey"),
        ),
    ),
}

_ARROW = {
    "category": pa.dictionary(pa.int16(), pa.string(), ordered=True),
    "whole": pa.int64(),
    "number": pa.float64(),
    "text": pa.string(),
    "yes/no": pa.bool_(),
}


def columns_of(table: str, strata: Sequence[str]) -> list[Column]:
    """Columns of a table when results are broken down by these strata."""
    dropped = set(STRATA) - set(strata)
    keep_all = table in ("persons",)
    return [c for c in TABLES[table][1] if keep_all or c.name not in dropped]


def to_arrow(
    table: str,
    contents: Mapping[str, Any],
    categories: Mapping[str, Sequence[str]],
    strata: Sequence[str] = tuple(STRATA),
) -> pa.Table:
    """Arrow table of these columns.

    Parameters
    ----------
    table
        Key in ``TABLES``.
    contents
        Arrays by column, all of one length. Category columns hold words or codes into their
        categories.
    categories
        Categories, in order, by column.
    strata
        Strata by which the study breaks results down.
    """
    title, _ = TABLES[table]
    columns = columns_of(table, strata)
    arrays, fields = [], []
    for column in columns:
        values = contents[column.name]
        if column.type == "category":
            words = list(categories[column.name])
            codes = np.asarray(values)
            if codes.dtype.kind not in "iu":
                index = {word: code for code, word in enumerate(words)}
                codes = np.array([index[str(word)] for word in values], dtype=np.int16)
            array: Any = pa.DictionaryArray.from_arrays(
                pa.array(codes, type=pa.int16()), pa.array(words, type=pa.string()), ordered=True
            )
        else:
            array = pa.array(values, type=_ARROW[column.type], from_pandas=True)
        metadata = {"unit": column.unit, "meaning": column.meaning}
        fields.append(pa.field(column.name, _ARROW[column.type], metadata=metadata))
        arrays.append(array)
    attributes = {
        "title": title,
        "schema_version": SCHEMA_VERSION,
        "units": {column.name: column.unit for column in columns if column.unit},
        "meanings": {column.name: column.meaning for column in columns},
    }
    schema = pa.schema(fields, metadata={"PANDAS_ATTRS": json.dumps(attributes)})
    return pa.table(arrays, schema=schema)
