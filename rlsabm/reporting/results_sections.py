"""Sections of a report with what the study has found."""

from __future__ import annotations

import pandas as pd

from rlsabm import plots
from rlsabm.plots.biomarkers import FLUID, SERUM, ratio_text
from rlsabm.plots.drawing import rows_of
from rlsabm.plots.themes import PRINT
from rlsabm.printing.answer import answer_to
from rlsabm.printing.comparison import prevalence_title
from rlsabm.printing.policies import HEADINGS as POLICY_HEADINGS
from rlsabm.printing.policies import needs_of, policy_rows
from rlsabm.printing.shifts import HEADINGS, shift_rows
from rlsabm.printing.words import capitalised, case_in_words
from rlsabm.reporting.parts import Figure, Section, Table
from rlsabm.reporting.studied import Studied
from rlsabm.reporting.tables import (
    arms_table,
    policies_table,
    postulates_table,
    prevalence_table,
    ratios_table,
    trend_table,
    wide_table,
)
from rlsabm.results.comparing import OTHER_PEOPLE
from rlsabm.results.findings import largest_caused_shift
from rlsabm.results.intervals import LEAST_PERSONS
from rlsabm.results.policies_told import of_all_years
from rlsabm.results.totals import ADULT_AGE
from rlsabm.scenario import REFERENCE
from rlsabm.wording import counted, points

#: Heading of a table of all groups.
ALL_GROUPS = "All groups: observed and caused shifts, share by iron, and attributable fraction"

BY_IRON = (
    "By iron: share of the caused shift that the iron burden of the condition explains; by "
    "chance it may be below 0 or above 100 %."
)
FRACTION = (
    "PAF: population attributable fraction, the share of all cases that would not occur without "
    "the condition, its lasting effects included."
)


def intervals_of(studied: Studied) -> str:
    """What intervals hold, as captions say it."""
    if studied.chance_only:
        return "95 % intervals of chance only"
    return f"95 % intervals of chance and parameters together, over {studied.draws} draws"


def answer(studied: Studied) -> list[str]:
    """What the study has found, in sentences."""
    shift = None
    if studied.traced and studied.has("shifts"):
        shift = largest_caused_shift(
            studied.study.table("shifts"), studied.causes, arm=REFERENCE, year=studied.year
        )
    return answer_to(
        studied.study.table("prevalence"),
        studied.year,
        shift=shift,
        traced=studied.resolved.scenario.shifts.conditions,
        arms=studied.against_reference,
        trend=studied.trend,
        policies=studied.study.table("policies") if studied.has("policies") else None,
        trial=studied.study.table("trial") if studied.has("trial") else None,
    )


def shifts_section(studied: Studied) -> Section:
    """Shifts by condition."""
    study = studied.study
    numbers = plots.forest_numbers(study)
    names = {
        "observed": "observed, points",
        "caused": "caused, points",
        "through iron": "through iron, points",
    }
    table = wide_table(
        numbers, "label", "estimate_label", points, first="condition", labels=names,
        persons="persons",
    )  # fmt: skip
    shown, hidden = shift_rows(
        study.table("shifts"), studied.causes, arm=REFERENCE, year=studied.year
    )
    what = "Shift of the prevalence of any RLS by condition"
    caused = (
        "the caused shift with the same people living without the burden of the condition, and the "
        "shift through iron with the same people living without its iron burden"
        if studied.traced
        else "what is caused was not traced"
    )
    caption = (
        f"{what}, {ADULT_AGE} years and older, {studied.year}, in percentage points. The observed "
        f"shift compares with people without the condition, of the same sex and age; {caused}. "
        f"Points are estimates, lines {intervals_of(studied)}. Controls touch no iron."
    )
    figure = Figure(
        "forest", caption, plots.forest(study, theme=PRINT), table, ("shifts", "contrasts"),
        beside=True,
    )  # fmt: skip
    notes = [BY_IRON, FRACTION] if studied.traced else []
    if hidden:
        notes.append(
            f"Not shown: {counted(hidden, 'group')} with fewer than {LEAST_PERSONS} persons per "
            "draw."
        )
    return Section(
        "shifts", "Shifts by condition", (), (figure,),
        tables=((ALL_GROUPS, Table(HEADINGS, shown)),), notes=notes,
    )  # fmt: skip


def prevalence_section(studied: Studied) -> Section:
    """Prevalence by age and sex."""
    study = studied.study
    numbers = plots.prevalence_numbers(study)
    keys = " and ".join(key.replace("_", " ") for key in numbers.attrs["keys"])
    caption = (
        f"Prevalence of {_case(numbers)} by {keys}, {studied.year}, "
        f"{numbers.attrs['selection']['ages']}, in the reference. Points are estimates, lines "
        f"{intervals_of(studied)}."
    )
    figure = Figure(
        "prevalence", caption, plots.prevalence(study, theme=PRINT), prevalence_table(numbers),
        ("prevalence",),
    )  # fmt: skip
    return Section("prevalence", f"Prevalence by {keys}", (), (figure,))


def _case(numbers: pd.DataFrame) -> str:
    definition = numbers.attrs["selection"].get("definition")
    if not isinstance(definition, str):
        return "RLS"
    return case_in_words(numbers.attrs["labels"], definition)


def arms_section(studied: Studied) -> Section:
    """Differences between the arms and the reference."""
    study = studied.study
    numbers = plots.arms_numbers(study)
    lines = (
        "Lines are 95 % intervals, where runs are enough to tell them."
        if numbers["lower"].notna().any()
        else "Runs are too few to tell how sure the differences are."
    )
    caption = (
        "Difference of the prevalence of RLS between each arm and the reference among everyone, "
        f"{numbers.attrs['who']}, {studied.year}, in percentage points. The same people live in "
        "all arms, with the same random numbers, so differences are what the rules of the arm "
        f"cause. {lines}"
    )
    figure = Figure(
        "arms", caption, plots.arms(study, theme=PRINT), arms_table(numbers), ("prevalence",)
    )
    comparisons = studied.against_reference
    notes = [f"{capitalised(note)}." for note in comparisons[0].about_runs]
    if any(each.changes_groups for each in comparisons):
        notes.append(f"{capitalised(OTHER_PEOPLE)}.")
    notes.append(f"Compared is the {prevalence_title(comparisons[0])}.")
    return Section("arms", "Arms beside the reference", (), (figure,), notes=notes)


def policies_section(studied: Studied) -> Section:
    """What policies avert, give and cost."""
    study = studied.study
    numbers = plots.policies_numbers(study)
    years = counted(numbers.attrs["years"], "year")
    caption = (
        f"Years with RLS that each policy averts in {years}, up to {studied.year}, per 100,000 "
        "person-years of all ages. The same people live on under each policy, from the same month, "
        f"with the same random numbers. Points are estimates, lines {intervals_of(studied)}."
    )
    table = study.table("policies")
    labels = table.attrs.get("labels", {}).get("outcome", {})
    shown = of_all_years(table)
    tables, notes = [], []
    for arm in [arm for arm in studied.arms if arm != REFERENCE]:
        rows = shown[shown["arm"].astype(str) == arm]
        if len(cells := policy_rows(rows, labels)):
            title = f"{capitalised(arm)}: what differs, per 100,000 person-years"
            tables.append((title, Table(POLICY_HEADINGS, cells)))
        else:
            notes.append(f"{capitalised(arm)}: nothing differs from the reference.")
        notes += [f"{capitalised(arm)}. {sentence}." for sentence in needs_of(rows, labels)]
    of_quarters = plots.policies_numbers(study, outcome="rls_years_averted", by="genetic_quarter")
    by_quarter = (
        f"Years with any RLS that each policy averts in {years}, by quarter of inborn CNS iron, per "
        "100,000 person-years."
    )
    figures = (
        Figure(
            "policies", caption, plots.policies(study, theme=PRINT), policies_table(numbers),
            ("policies", "policy_counts"),
        ),
        Figure(
            "policies_by_quarter", by_quarter,
            plots.policies(
                study, outcome="rls_years_averted", by="genetic_quarter", theme=PRINT
            ),
            policies_table(of_quarters), ("policies",),
        ),
    )  # fmt: skip
    return Section("policies", "Policies", (), figures, tables=tables, notes=notes)


def trend_section(studied: Studied) -> Section:
    """Prevalence over the survey years."""
    study = studied.study
    numbers = plots.trend_numbers(study)
    caption = (
        f"Prevalence of any RLS by survey year, {numbers.attrs['ages']}. Points are surveys of "
        "the same simulated population as it ages, is born and dies; lines join them. Vertical "
        f"lines are {intervals_of(studied)}."
    )
    figure = Figure(
        "trend", caption, plots.trend(study, theme=PRINT), trend_table(numbers), ("prevalence",)
    )
    return Section("trend", "Trend over survey years", (), (figure,))


def postulates_section(studied: Studied) -> Section:
    """Who has RLS why, and through what."""
    study = studied.study
    numbers = plots.postulates_numbers(study)
    caption = (
        "The postulates of the iron hypothesis as experiments: shares of cases of any RLS, "
        f"{ADULT_AGE} years and older, {studied.year}. Precipitated cases would not be cases if "
        "iron stores were always replete; constitutional ones would be, but not if iron in the "
        "central nervous system (CNS) were always sufficient; the others would be cases even "
        "then. Through dopamine: of the cases that sufficient CNS iron would prevent, those "
        "that cutting its path to dopamine would prevent. Bars are estimates, lines "
        f"{intervals_of(studied)}."
    )
    figure = Figure(
        "postulates", caption, plots.postulates(study, theme=PRINT), postulates_table(numbers),
        ("postulates", "partitions"),
    )  # fmt: skip
    notes = [
        "These shares are consequences of the rules of the model and of its calibrated "
        "parameters, not observations: they say what the hypothesis implies once it agrees with "
        "published figures."
    ]
    return Section("postulates", "Who has RLS, and why", (), (figure,), notes=notes)


def biomarkers_section(studied: Studied) -> Section:
    """Biomarkers by RLS status."""
    study = studied.study
    numbers = plots.biomarkers_numbers(study)
    caption = (
        "Biomarkers of adults with any RLS relative to adults without RLS of the same sex and "
        f"age group, {studied.year}: ratios of geometric means as measured by assay or scan, on "
        "a scale of logarithms. 1 means no difference. Points are estimates, lines "
        f"{intervals_of(studied)}."
    )
    figure = Figure(
        "biomarkers", caption, plots.biomarkers(study, theme=PRINT), ratios_table(numbers),
        ("biomarker_ratios", "biomarkers_by_rls"),
    )  # fmt: skip
    return Section(
        "biomarkers", "Biomarkers of people with and without RLS", _in_blood_and_fluid(numbers),
        (figure,),
    )  # fmt: skip


def _in_blood_and_fluid(numbers: pd.DataFrame) -> list[str]:
    """What serum and cerebrospinal fluid show, in numbers: no word for how large it is."""
    both = {row.biomarker: row for row in rows_of(numbers[numbers["sex"] == "all"])}
    if not {SERUM, FLUID} <= set(both):
        return []
    serum, fluid = (ratio_text(r.value, r.lower, r.upper) for r in (both[SERUM], both[FLUID]))
    said = (
        f"The geometric mean of serum ferritin in people with RLS is {serum} times that of "
        "others of the same sex and age; that of ferritin in cerebrospinal fluid (CSF) is "
        f"{fluid} times."
    )
    by_sex = [
        f"{ratio_text(row.value, row.lower, row.upper)} in {row.sex}s"
        for row in rows_of(numbers[numbers["biomarker"] == SERUM])
        if row.sex in ("female", "male")
    ]
    return [f"{said} Of serum ferritin it is {' and '.join(by_sex)}." if by_sex else said]
