"""Tables as Arrow: from contents to what is written and read, and to data frames.

The declarations of columns become Arrow schemas, whose metadata reaches pandas as ``df.attrs``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from rlsabm.results.contents import Contents
from rlsabm.results.table import Column, Kind, ResultTable
from rlsabm.results.vocabulary import Vocabulary

SCHEMA_VERSION = 5
#: Key of the metadata of a line list's file that has the words of its columns, in their order.
WORDS = "words"

_ARROW = {
    "category": pa.dictionary(pa.int16(), pa.string(), ordered=True),
    "whole": pa.int64(),
    "whole or missing": pa.int64(),
    "number": pa.float64(),
    "text": pa.string(),
    "yes/no": pa.bool_(),
}


def to_arrow(table: ResultTable, contents: Mapping[str, Any], vocabulary: Vocabulary) -> pa.Table:
    """Arrow table of these contents.

    Category columns hold the words that have rows, in their order.  Those of line lists are unordered:
    their files are read together, and later ones may have words that the first has not.  All words in
    their order are in the metadata (`WORDS`).

    Parameters
    ----------
    table
        The table.
    contents
        Arrays by column, all of one length. Category columns hold words or codes into their words.
    vocabulary
        Words of the study.
    """
    columns = table.columns_in(vocabulary)
    in_list = table.kind is Kind.LINE_LIST
    arrays, fields = [], []
    for column in columns:
        values = contents[column.name]
        if column.type == "category":
            words = column.words_in(vocabulary)
            array = _categories(values, words, ordered=not in_list)
        else:
            array = pa.array(values, type=_ARROW[column.type], from_pandas=True)
        metadata = {"unit": column.unit, "meaning": column.meaning}
        fields.append(pa.field(column.name, array.type, metadata=metadata))
        arrays.append(array)
    attributes = {
        "title": table.title,
        "schema_version": SCHEMA_VERSION,
        "units": {column.name: column.unit for column in columns if column.unit},
        "meanings": {column.name: column.meaning for column in columns},
    }
    labels = {column.name: column.labels_in(vocabulary) for column in columns}
    if any(labels.values()):
        attributes["labels"] = {name: labelled for name, labelled in labels.items() if labelled}
    if table.totals:
        attributes["totals"] = table.totals
    metadata = {"PANDAS_ATTRS": json.dumps(attributes), **_for_pandas(columns)}
    if in_list:
        metadata[WORDS] = json.dumps(table.words_in(vocabulary))
    return pa.table(arrays, schema=pa.schema(fields, metadata=metadata))


def _for_pandas(columns: Sequence[Column]) -> dict[str, str]:
    """Metadata by which pandas reads whole numbers with missing ones as such, not as floats."""
    missing = [
        {
            "name": column.name,
            "field_name": column.name,
            "pandas_type": "int64",
            "numpy_type": "Int64",
            "metadata": None,
        }
        for column in columns
        if column.type == "whole or missing"
    ]
    if not missing:
        return {}
    described = {
        "index_columns": [],
        "column_indexes": [],
        "columns": missing,
        "pandas_version": pd.__version__,
    }
    return {"pandas": json.dumps(described)}


def _categories(values: Any, words: Sequence[str], *, ordered: bool) -> Any:
    """A category column of words or codes, with the words that have rows."""
    codes = np.asarray(values)
    if codes.dtype.kind not in "iu":
        codes = _codes(codes, words)
    used, codes = np.unique(codes, return_inverse=True)
    there = pa.array([words[code] for code in used], type=pa.string())
    return pa.DictionaryArray.from_arrays(pa.array(codes, type=pa.int16()), there, ordered=ordered)


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


def from_arrow(arrow: pa.Table, table: ResultTable, vocabulary: Vocabulary) -> Contents:
    """Contents of a table, or of some of its columns; those of categories as codes.

    Parameters
    ----------
    arrow
        What `to_arrow` made.
    table
        The table.
    vocabulary
        Words of the study: those that it was made with, or more.
    """
    words_of = table.words_in(vocabulary)
    contents: Contents = {}
    for name in arrow.column_names:
        values = arrow[name]
        if name in words_of:
            whole: Any = values.unify_dictionaries().combine_chunks()
            codes = {word: code for code, word in enumerate(words_of[name])}
            places = np.array([codes[word] for word in whole.dictionary.to_pylist()], dtype=int)
            indices = whole.indices.to_numpy(zero_copy_only=False).astype(np.int64)
            contents[name] = places[indices] if len(places) else indices
        else:
            contents[name] = values.to_numpy()
    return contents


def frame_of(arrow: pa.Table) -> pd.DataFrame:
    """The data frame that pandas reads from the table when it is written as Parquet."""
    frame = arrow.to_pandas()
    frame.attrs = json.loads(arrow.schema.metadata[b"PANDAS_ATTRS"])
    return frame


def records_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as mappings, for JSON: None where there is no number, or no limit."""
    return [
        {
            str(name): None if isinstance(value, float) and not math.isfinite(value) else value
            for name, value in row.items()
        }
        for row in frame.to_dict("records")
    ]


def worded(contents: Contents, table: ResultTable, vocabulary: Vocabulary) -> pd.DataFrame:
    """Contents as a data frame to estimate from: all words of the study, in their order."""
    columns: dict[str, Any] = dict(contents)
    for name, words in table.words_in(vocabulary).items():
        values, categories = np.asarray(columns[name]), pd.Index(words)
        columns[name] = (
            pd.Categorical.from_codes(values, categories, ordered=True)
            if values.dtype.kind in "iu"
            else pd.Categorical(values, categories, ordered=True)
        )
    return pd.DataFrame(columns)
