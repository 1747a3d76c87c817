"""Line list of persons: a share of the people surveyed, in each world."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from rlsabm.arrays import Bools, Ints, Words
from rlsabm.observe.groups import groups_of
from rlsabm.observe.survey import MEASURES, Survey, measure
from rlsabm.parameters.instruments import TRUTH
from rlsabm.person import KIDNEY_STAGES, LONG_AGO, NEVER, NOT_PREGNANT, TWIN_TYPES
from rlsabm.results.columns import KEYS, SEX, UID
from rlsabm.results.contents import Contents, joined
from rlsabm.results.observed import Observed
from rlsabm.results.table import Column, Kind, ResultTable
from rlsabm.results.vocabulary import Vocabulary
from rlsabm.worlds import ALWAYS_REPLETE, FACTUAL, World

#: Measures that follow from iron stores and red cells.
OF_STORES = (
    "serum_ferritin_ug_per_l",
    "stores_ferritin_ug_per_l",
    "haemoglobin_g_per_l",
    "measured_haemoglobin_g_per_l",
    "transferrin_saturation_percent",
    "measured_transferrin_saturation_percent",
    "transferrin_receptor_mg_per_l",
    "measured_transferrin_receptor_mg_per_l",
)
#: Columns of cases: definition and recall period of each, and what it says.
CASE_COLUMNS = {
    "rls": ("any", "current", "has RLS"),
    "rls_weekly": ("weekly", "current", "has RLS at least weekly"),
    "rls_significant": ("significant", "current", "has clinically significant RLS"),
    "rls_past_year": ("any", "past_year", "had RLS in the last 12 months"),
}

_WHO = (
    UID,
    Column("mother", "text", "", "uid of the mother; missing for founders"),
    Column(
        "father", "text", "", "uid of the father; missing for founders, or if he is not in the model"
    ),
    SEX,
    Column("age", "number", "years", "age at the survey"),
    Column("twin", "category", "", "twin type", words=TWIN_TYPES),
    Column("parity", "whole", "deliveries", "deliveries so far"),
    Column("children", "whole", "children", "live-born children so far"),
    Column(
        "month_of_pregnancy", "whole or missing", "months",
        "month of pregnancy from 1; missing if not pregnant",
    ),
    Column(
        "months_since_delivery", "whole or missing", "months",
        "months since the last delivery; missing without delivery",
    ),
    Column("donations", "whole", "donations", "blood donations so far"),
    Column(
        "months_since_donation", "whole or missing", "months",
        "months since the last blood donation; missing without donation",
    ),
    Column(
        "kidney", "category", "", "stage of progressive kidney disease",
        words=[stage for stage in KIDNEY_STAGES if stage],
    ),
    Column(
        "months_on_dialysis", "whole or missing", "months",
        "months since dialysis last began; missing if not on dialysis",
    ),
)  # fmt: skip
_MEASURED = (
    Column("serum_ferritin_ug_per_l", "number", "µg/L", "serum ferritin as measured"),
    Column("stores_ferritin_ug_per_l", "number", "µg/L", "ferritin without inflammation and noise"),
    Column("haemoglobin_g_per_l", "number", "g/L", "haemoglobin"),
    Column("measured_haemoglobin_g_per_l", "number", "g/L", "haemoglobin as measured"),
    Column(
        "transferrin_saturation_percent", "number", "%", "transferrin saturation without inflammation"
    ),
    Column(
        "measured_transferrin_saturation_percent", "number", "%",
        "transferrin saturation as measured",
    ),
    Column("transferrin_receptor_mg_per_l", "number", "mg/L", "soluble transferrin receptor"),
    Column(
        "measured_transferrin_receptor_mg_per_l", "number", "mg/L",
        "soluble transferrin receptor as measured",
    ),
    Column("csf_ferritin_ug_per_l", "number", "µg/L", "ferritin in cerebrospinal fluid"),
    Column(
        "measured_csf_ferritin_ug_per_l", "number", "µg/L",
        "ferritin in cerebrospinal fluid as measured",
    ),
    Column(
        "nigral_iron_ratio", "number", "ratio", "nigral iron relative to people of the same age"
    ),
    Column(
        "measured_nigral_iron_ratio", "number", "ratio",
        "nigral iron relative to people of the same age, as a scan measures it",
    ),
)  # fmt: skip
_TRAITS = (
    Column("cns_iron_trait", "number", "ratio", "CNS iron at full supply, typical = 1"),
    Column("other_liability", "number", "liability", "liability that no iron explains"),
)
_BODY = (
    Column("brain_iron_fast", "number", "ratio", "exchangeable CNS iron, typical = 1"),
    Column("brain_iron_slow", "number", "ratio", "structural CNS iron, old adult = 1"),
    Column("dopamine_deficit", "number", "liability", "loss of dopaminergic function"),
    Column("liability", "number", "liability", "liability to RLS, 0 = even odds"),
)
_AGE_AT_ONSET = Column(
    "age_at_onset", "number", "years", "age at first RLS; missing for those who never had RLS"
)
_IRLS = Column("irls", "number", "points", "IRLS score, 0 without RLS")

_TAKEN = {
    column.name
    for column in (*KEYS, *_WHO, *_MEASURED, *_TRAITS, *_BODY, _AGE_AT_ONSET, _IRLS)
} | set(CASE_COLUMNS)  # fmt: skip


def group_column(group: str) -> str:
    """Name of the column that says who belongs to a group."""
    return f"has_{group}" if group in _TAKEN else group


def answer_column(column: str, instrument: str) -> str:
    """Name of the column with what an instrument finds of a case, such as ``rls_by_CH_RLSq``."""
    return f"{column}_by_{re.sub(r'[^0-9A-Za-z]+', '_', instrument)}"


def _group_columns(vocabulary: Vocabulary) -> list[Column]:
    """One column a group, other than everyone."""
    return [
        Column(group_column(name), "yes/no", "", f"belongs to the group {name}: {definition}")
        for name, definition in vocabulary.groups.items()
        if name != _EVERYONE
    ]


def _answer_columns(vocabulary: Vocabulary) -> list[Column]:
    """What each instrument finds."""
    return [
        Column(answer_column(name, instrument), "yes/no", "", f"{says}, by {instrument}")
        for instrument in vocabulary.instruments
        for name, (_, _, says) in CASE_COLUMNS.items()
    ]


_EVERYONE = next(group.name for group in groups_of(()) if group.kind == "everyone")


def hexadecimal(uids: Words) -> list[str | None]:
    """Uids as text, None where there is none."""
    return [f"{int(uid):016x}" if uid else None for uid in uids]


def list_persons(observed: Observed) -> Contents:
    """Line list of the people drawn for it: a row in each world."""
    lists = [_in_world(observed, None, observed.survey.bodies[observed.listed])]
    for place, world in enumerate(observed.worlds, start=1):
        lists.append(_in_world(observed, world, observed.listed_bodies[:, place]))
    return joined(lists)


def _in_world(observed: Observed, world: World | None, bodies: Any) -> Contents:
    """Line list in one world; None is the factual one."""
    survey, chosen = _seen_in(observed, world, bodies), observed.listed
    lives, month = survey.lives, survey.month
    rows = len(chosen)
    name_of_world = FACTUAL if world is None else world.name
    first = bodies["rls_first_month"].astype(np.int64)
    onset = (first - lives["birth_month"]) / 12.0
    pregnant = lives["pregnancy"] != NOT_PREGNANT
    dialysis = survey.months_on_dialysis
    members = {group.name: group.members(survey) for group in observed.groups}
    nobody = np.zeros(rows, dtype=bool)
    return {
        "world": np.full(rows, name_of_world, dtype=object),
        "uid": _text(lives["uid"]),
        "mother": _text(lives["mother"]),
        "father": _text(lives["father"]),
        "sex": lives["sex"],
        "age": (month - lives["birth_month"]) / 12.0,
        "twin": lives["twin"],
        "parity": lives["parity"],
        "children": lives["children"],
        "month_of_pregnancy": _whole_where(pregnant, survey.month_of_pregnancy),
        "months_since_delivery": _since(survey.months_since_delivery),
        "donations": lives["donations"],
        "months_since_donation": _since(survey.months_since_donation),
        "kidney": np.array(KIDNEY_STAGES, dtype=object)[lives["kidney"]],
        "months_on_dialysis": _whole_where(dialysis >= 0, dialysis),
        **{
            group_column(name): members.get(name, nobody)
            for name in observed.question.vocabulary.groups
            if name != _EVERYONE
        },
        **{column.name: lives[column.name] for column in _TRAITS},
        **{column.name: getattr(survey, column.name) for column in _MEASURED},
        **{column.name: bodies[column.name] for column in _BODY},
        **_cases_of(observed, name_of_world),
        "age_at_onset": np.where(first == NEVER, np.nan, onset),
        "irls": survey.irls,
    }


def _seen_in(observed: Observed, world: World | None, bodies: Any) -> Survey:
    """The survey of the people listed, with the bodies that they have in a world."""
    survey, chosen = observed.survey, observed.listed
    lives, setting = survey.lives[chosen], survey.setting
    as_measured = lives
    if world is not None and world.cause == "pregnancy":
        # Without the burden of pregnancy, blood volume does not grow.
        as_measured = lives.copy()
        as_measured["pregnancy"] = NOT_PREGNANT
        as_measured["last_birth_month"] = LONG_AGO
    measured = np.zeros((len(chosen), len(MEASURES)))
    measure(
        as_measured, bodies, measured, survey.month, observed.key, setting.tables, setting.values
    )
    if world is not None and world.name == ALWAYS_REPLETE:
        # What stores would then be is not followed.
        measured[:, [MEASURES.index(name) for name in OF_STORES]] = np.nan
    return Survey(setting, survey.year, survey.rows[chosen], lives, bodies, measured, survey.month)


def _cases_of(observed: Observed, world: str) -> dict[str, Bools]:
    """Who of the people listed is a case in a world, truly and by each instrument."""
    cases = observed.cases
    return {
        name if observed_as == TRUTH else answer_column(name, observed_as): cases.are(
            definition, recall, observed_as=observed_as, world=world
        )[observed.listed]
        for observed_as in cases.bits
        for name, (definition, recall, _) in CASE_COLUMNS.items()
    }


def _text(uids: Words) -> Any:
    return np.array(hexadecimal(uids), dtype=object)


def _whole_where(there: Bools, values: Ints) -> Any:
    """Whole numbers, None elsewhere."""
    whole = values.astype(object)
    whole[~there] = None
    return whole


def _since(months: Ints) -> Any:
    """Months since something happened, None where it never has: before anybody was born."""
    return _whole_where(months <= 12 * 200, months)


TABLE = ResultTable(
    name="persons",
    title="Line list of a share of the people surveyed, one row a person and world",
    kind=Kind.LINE_LIST,
    columns=(
        *KEYS,
        *_WHO,
        _group_columns,
        *_TRAITS,
        *_MEASURED,
        *_BODY,
        *(Column(name, "yes/no", "", says) for name, (_, _, says) in CASE_COLUMNS.items()),
        _answer_columns,
        _AGE_AT_ONSET,
        _IRLS,
    ),
    count=list_persons,
    wanted=lambda question: question.observe.persons > 0,
    needs_worlds=True,
)
