"""Columns of every table: name, type, unit and meaning, declared once.

The declarations become Arrow schemas, whose metadata reaches pandas as ``df.attrs``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

SCHEMA_VERSION = 3


class Column(NamedTuple):
    """A column of a table."""

    name: str
    type: str  # "category", "whole", "number", "text", "yes/no"
    unit: str
    meaning: str


KEYS = (
    Column("arm", "category", "", "arm of the scenario; 'reference' is the scenario itself"),
    Column("world", "category", "", "'factual', or what is otherwise for the same people"),
    Column("draw", "whole", "", "draw of the parameters; 0 is the default of each"),
    Column("replicate", "whole", "", "repetition with other chance"),
    Column("year", "whole", "calendar year", "survey, at mid-year"),
)
STRATA = {
    "sex": Column("sex", "category", "", "sex"),
    "age_group": Column("age_group", "category", "years", "age in completed years"),
    "parity": Column("parity", "category", "deliveries", "deliveries so far; women only"),
}
OBSERVED_AS = Column("observed_as", "category", "", "'true', or the instrument that asked")
DEFINITION = Column("definition", "category", "", "any, at least weekly, or clinically significant")
RECALL = Column("recall", "category", "", "at the survey, or at any time in the 12 months to it")
#: Of estimates over runs.
INTERVAL = (
    Column("value", "number", "of the estimate", "mean over draws of the parameters"),
    Column("lower", "number", "of the estimate", "lower limit of the 95 % interval"),
    Column("upper", "number", "of the estimate", "upper limit of the 95 % interval"),
    Column(
        "monte_carlo_error", "number", "of the estimate",
        "standard error by the limited number of people and replicates",
    ),
    Column(
        "parameter_sd", "number", "of the estimate",
        "standard deviation between draws of the parameters; missing with one draw",
    ),
)  # fmt: skip
CONDITION = Column("condition", "category", "", "group of people; groups overlap")
#: Of pairs of kin: all columns but the numbers.
PAIRS = (
    Column("relation", "category", "", "what the two are to each other"),
    Column("sex", "category", "", "sexes of the two"),
    DEFINITION,
    RECALL,
    OBSERVED_AS,
)
#: Tables whose columns do not depend on the strata of the study.
WITHOUT_STRATA = ("persons", "kin", "kin_counts", "autopsies")
#: Line lists: a file a unit, in a folder.
LINE_LISTS = ("persons", "events")
#: Counts and summaries by run, which units find.
BY_RUN = (
    "prevalence",
    "incidence",
    "biomarkers",
    "contrasts",
    "partitions",
    "kin_counts",
    "autopsies",
)
#: Tables that are kept with a unit only, to combine blocks.
OF_UNITS = ("samples",)

TABLES: dict[str, tuple[str, tuple[Column, ...]]] = {
    "prevalence": (
        "Prevalence of restless legs syndrome",
        (
            *KEYS,
            CONDITION,
            *STRATA.values(),
            DEFINITION,
            RECALL,
            OBSERVED_AS,
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
            Column("observed_as", "category", "", "'true', or 'measured' by assay or scan"),
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
    "samples": (
        "Values of biomarkers that stand for the people of a block",
        (
            *KEYS,
            CONDITION,
            STRATA["sex"],
            STRATA["age_group"],
            Column("biomarker", "category", "", "what is measured, with its unit"),
            Column("observed_as", "category", "", "'true', or 'measured' by assay or scan"),
            Column("value", "number", "of the biomarker", "a value"),
            Column("weight", "number", "persons", "people that it stands for"),
        ),
    ),
    "shifts": (
        "Shifts of prevalence by condition: observed, caused, and mediated by iron",
        (
            KEYS[0],
            KEYS[1]._replace(meaning="world with which the factual one is compared"),
            KEYS[4],
            CONDITION,
            *STRATA.values(),
            DEFINITION,
            RECALL,
            OBSERVED_AS,
            Column("estimate", "category", "", "what is estimated"),
            *INTERVAL,
            Column("persons", "whole", "persons", "people with the condition, in all runs"),
            Column("cases", "whole", "persons", "cases among them"),
            Column("cases_without", "number", "persons", "cases among them without the condition"),
            Column(
                "cases_without_iron",
                "number",
                "persons",
                "cases among them without its iron burden",
            ),
            Column("draws", "whole", "draws", "draws of the parameters"),
        ),
    ),
    "contrasts": (
        "Counts behind the shifts, run by run",
        (
            *KEYS,
            CONDITION,
            *STRATA.values(),
            DEFINITION,
            RECALL,
            OBSERVED_AS,
            Column("persons", "number", "persons", "people with the condition"),
            Column("cases", "number", "persons", "cases among them"),
            Column(
                "expected_cases",
                "number",
                "persons",
                "cases expected at the prevalence of people without it, by sex and five-year band",
            ),
            Column("expected_variance", "number", "persons²", "sampling variance of that"),
            Column("cases_without", "number", "persons", "cases in the other world"),
            Column("cases_with_and_without", "number", "persons", "cases in both worlds"),
            Column("cases_without_iron", "number", "persons", "cases without its iron burden"),
            Column("cases_with_and_without_iron", "number", "persons", "cases with and without it"),
            Column(
                "cases_without_both", "number", "persons", "cases without, and without its iron"
            ),
            Column("everyone_persons", "number", "persons", "all people of the cell"),
            Column("everyone_cases", "number", "persons", "cases among them"),
            Column("everyone_without", "number", "persons", "cases among them in the other world"),
            Column("everyone_with_and_without", "number", "persons", "cases in both worlds"),
        ),
    ),
    "postulates": (
        "The postulates of the iron hypothesis as experiments; adults",
        (
            KEYS[0],
            KEYS[4],
            CONDITION,
            STRATA["sex"],
            DEFINITION,
            RECALL,
            Column("postulate", "category", "", "P1 to P4"),
            Column("part", "category", "", "what is estimated"),
            *INTERVAL,
            Column("cases", "whole", "persons", "cases, in all runs"),
            Column("persons", "whole", "persons", "people of the group, in all runs"),
            Column("draws", "whole", "draws", "draws of the parameters"),
        ),
    ),
    "partitions": (
        "Counts behind the postulates, run by run; adults",
        (
            KEYS[0],
            *KEYS[2:],
            CONDITION,
            STRATA["sex"],
            DEFINITION,
            RECALL,
            Column("persons", "number", "persons", "people of the group"),
            Column("cases", "number", "persons", "cases among them"),
            Column("cases_if_replete", "number", "persons", "also if iron stores never lacked"),
            Column("cases_if_sufficient", "number", "persons", "also if CNS iron never lacked"),
            Column(
                "cases_without_path",
                "number",
                "persons",
                "also if lack of iron did not reach dopamine",
            ),
            Column("cases_sufficient_and_without_path", "number", "persons", "also in both"),
            Column("cases_without_loss", "number", "persons", "no dopaminergic function lost"),
            Column(
                "cases_within_range",
                "number",
                "persons",
                "as much lost as iron deficiency alone produces",
            ),
        ),
    ),
    "kin": (
        "Resemblance of kin: what a twin or family registry would find; adults",
        (
            KEYS[0],
            KEYS[4],
            *PAIRS,
            Column("estimate", "category", "", "what is estimated"),
            *INTERVAL,
            Column("pairs", "whole", "pairs", "pairs of kin, in all runs"),
            Column("both", "whole", "pairs", "pairs in which both have RLS"),
            Column("draws", "whole", "draws", "draws of the parameters"),
        ),
    ),
    "kin_counts": (
        "Counts behind the resemblance of kin, run by run; adults",
        (
            KEYS[0],
            *KEYS[2:],
            *PAIRS,
            Column("pairs", "whole", "pairs", "pairs of kin"),
            Column("both", "whole", "pairs", "both have RLS"),
            Column(
                "first_only",
                "whole",
                "pairs",
                "only the first has: the parent, the woman, or the twin or sibling of lower uid",
            ),
            Column("second_only", "whole", "pairs", "only the second has"),
        ),
    ),
    "autopsies": (
        "Brain iron at death of those who died in the twelve months after the survey",
        (
            *KEYS,
            STRATA["sex"],
            Column("rls", "yes/no", "", "had RLS in the 12 months to the survey"),
            Column("observed_as", "category", "", "'true', or 'measured' by a pathologist"),
            Column(
                "quantity",
                "category",
                "",
                "structural CNS iron, to what people of the age have, or exchangeable CNS iron, to a "
                "typical adult's",
            ),
            Column("persons", "whole", "persons", "people who died"),
            Column("mean", "number", "ratio", "arithmetic mean"),
            Column("sd", "number", "ratio", "standard deviation; missing with one person"),
        ),
    ),
    "persons": (
        "Line list of a share of the people surveyed, one row a person and world",
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
            Column("conditions", "text", "", "conditions of the catalogue, separated by commas"),
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
        "Ledger of the study: its units of work",
        (
            KEYS[0],
            KEYS[2],
            KEYS[3],
            Column("block", "whole", "", "block of people"),
            Column("key", "text", "", "key of the random numbers, in hexadecimal digits"),
            Column("status", "category", "", "waiting, running, finished or failed"),
            Column("attempts", "whole", "", "how often it was begun"),
            Column("error", "text", "", "why it failed, or was begun again; empty if neither"),
            Column("traceback", "text", "", "where the program failed"),
            Column("worker", "text", "", "host and process that ran it"),
            Column("started", "text", "date and time", "when it was last begun"),
            Column("seconds", "number", "s", "wall time; missing unless finished"),
            Column("person_months", "whole", "months", "person-months lived"),
            Column("people_grown", "whole", "persons", "alive at the last survey"),
            Column("people_surveyed", "whole", "persons", "in the last survey"),
            Column("rows", "whole", "rows", "rows of its tables"),
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
    return [c for c in TABLES[table][1] if table in WITHOUT_STRATA or c.name not in dropped]


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
                codes = _codes(codes, words)
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


def _codes(values: Any, words: Sequence[str]) -> Any:
    """Place of each word in a list of words.

    Raises
    ------
    KeyError
        If a word is not in the list.
    """
    found, distinct = pd.factorize(values)
    place = {word: code for code, word in enumerate(words)}
    return np.array([place[str(word)] for word in distinct], dtype=np.int16)[found]


def from_arrow(
    table: pa.Table, name: str, categories: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    """Columns of a table as arrays; those of categories as codes into ``categories``.

    Parameters
    ----------
    table
        What `to_arrow` made.
    name
        Key in ``TABLES``.
    categories
        Categories, in order, by column: those that it was made with, or more.
    """
    types = {column.name: column.type for column in TABLES[name][1]}
    contents: dict[str, Any] = {}
    for column in table.column_names:
        values = table[column]
        if types[column] == "category":
            whole: Any = values.unify_dictionaries().combine_chunks()
            codes = {word: code for code, word in enumerate(categories[column])}
            places = np.array([codes[word] for word in whole.dictionary.to_pylist()], dtype=int)
            indices = whole.indices.to_numpy(zero_copy_only=False).astype(np.int64)
            contents[column] = places[indices] if len(places) else indices
        else:
            contents[column] = values.to_numpy()
    return contents
