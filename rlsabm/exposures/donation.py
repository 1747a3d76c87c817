"""Blood donation: careers, visits, deferrals, donations, supplements."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any

import numpy as np
from pydantic import Field as Key

from rlsabm import chance
from rlsabm.arrays import Bools, Floats
from rlsabm.body.iron import ferritin, haemoglobin, is_iron_deficient
from rlsabm.chance import normal, per_month, probability_per_month
from rlsabm.compilation import compiled, inlined
from rlsabm.conventions import DAYS_PER_MONTH, LAST_AGE, LONG_AGO, MALE, NEVER
from rlsabm.data import DATA
from rlsabm.data.table_reading import DataTable, Number, RowKey, Text, read_table
from rlsabm.declaring.fields import Field
from rlsabm.declaring.groups import Group, Surveyed
from rlsabm.declaring.inputs import Inputs
from rlsabm.declaring.parameter import Parameter as P
from rlsabm.declaring.room import Exposure, Making, Part, PersonColumn
from rlsabm.declaring.sections import DailyIron, PlaceName, Section, Share, Whole
from rlsabm.declaring.sources import ABSORPTION_OF_DONORS
from rlsabm.declaring.tables import BY_AGE, BY_SEX_AND_AGE, Table
from rlsabm.demography.countries import meant_place
from rlsabm.errors import UserError
from rlsabm.events import note, register_event
from rlsabm.exposures.catalogue.episodes import catalogue_of
from rlsabm.exposures.catalogue.tables import deferred
from rlsabm.exposures.kidney import HEALTHY_KIDNEY
from rlsabm.exposures.pregnancy import NOT_PREGNANT
from rlsabm.mathematics import exp
from rlsabm.moment import Moment, sooner
from rlsabm.wording import with_help

DONATION_MONTH = chance.register("donation month", 3, "at", "coming to donate, stopping, -, -")
DONOR = chance.register("donor", 14, "once", "eagerness, donates double red cells, supplements, -")
DONATION = chance.register("donation", 15, "nth", "self-deferral when symptomatic, -, -, -")

DONATED = register_event("donation", 3)

NO_DONOR, ACTIVE_DONOR, FORMER_DONOR = 0, 1, 2
DONOR_STATES = ("never", "active", "former")
#: No donation in pregnancy and the half-year after it, in all jurisdictions.
MONTHS_AFTER_DELIVERY = 6
#: Nobody gives blood before this age, whatever the rules.
YOUNGEST_DONOR_YEARS = 16


# Groups and columns ---------------------------------------------------------------------------------


def months_since_donation(people: Surveyed) -> Any:
    """Months since the last blood donation; a very large number for people who never gave blood."""
    return people.month - people.last_donation_month.astype(np.int64)


def gave_in_last_year(people: Surveyed) -> Bools:
    """Who gave blood in the last twelve months."""
    since = months_since_donation(people)
    return np.asarray((since >= 0) & (since < 12))


# Settings -------------------------------------------------------------------------------------------


class FerritinDeferral(Section):
    """Deferral of donors with low ferritin."""

    below: Annotated[
        float,
        Key(
            ge=1,
            le=200,
            description="Ferritin below which a donor is deferred, in µg/L.",
            json_schema_extra={"unit": "µg/L"},
        ),
    ]
    months: Annotated[
        int,
        Key(
            ge=1,
            le=60,
            description="Length of the deferral, in months.",
            json_schema_extra={"unit": "months"},
        ),
        Whole,
    ]


class DonorSupplements(Section):
    """Iron tablets offered after a donation."""

    uptake: Annotated[Share, Key(description="Share of donors who take them.")]
    milligrams_per_day: Annotated[
        DailyIron, Key(description="Elemental iron by mouth, in mg per day.")
    ]
    days: Annotated[
        int,
        Key(
            ge=1,
            le=180,
            description="Days of tablets after each donation.",
            json_schema_extra={"unit": "days"},
        ),
        Whole,
    ]


class BloodDonation(Section):
    """Whole-blood donation and the rules that protect donors' iron."""

    enabled: Annotated[bool, Key(description="Whether people give blood.")] = True
    jurisdiction: Annotated[
        PlaceName | None,
        Key(description="Blood service whose donation rules apply; null for that of the country."),
    ] = None
    ferritin_deferral: Annotated[
        FerritinDeferral | None,
        Key(
            description="Deferral of donors with low ferritin; null for the rule of the jurisdiction."
        ),
    ] = None
    supplements: Annotated[
        DonorSupplements | None,
        Key(description="Iron tablets offered after a donation; null for none."),
    ] = None
    self_deferral: Annotated[
        bool,
        Key(
            description="Whether some donors stay away while they have symptoms (healthy-donor effect)."
        ),
    ] = True


#: Columns of the table of jurisdictions, and the parameters that they are.
_RULES = {
    "interval_men_months": "donation_interval_men_months",
    "interval_women_months": "donation_interval_women_months",
    "haemoglobin_men_g_per_l": "donation_haemoglobin_men_g_per_l",
    "haemoglobin_women_g_per_l": "donation_haemoglobin_women_g_per_l",
    "volume_ml": "donation_volume_ml",
    "double_red_cells_share": "double_red_cells_share",
    "ferritin_below_ug_per_l": "ferritin_deferral_below_ug_per_l",
    "ferritin_months": "ferritin_deferral_months",
}


def jurisdiction_values(
    name: str, key: str = "conditions.blood_donation.jurisdiction"
) -> dict[str, float]:
    """Parameter values of a blood service's rules; ``key`` is what names it, for errors.

    Raises
    ------
    UserError
        If there is no jurisdiction of this name.
    """
    table = _jurisdictions()
    names = table.values("jurisdiction")
    if name not in names:
        what = with_help(
            f"no jurisdiction {name!r}", f"one of {', '.join(names)}", meant_place(name, names)
        )
        raise UserError(f"{key}: {what}")
    values = table.rows[names.index(name)].values
    return {parameter: float(values[column]) for column, parameter in _RULES.items()}


def jurisdictions() -> list[str]:
    """Names of the blood services whose rules are known."""
    return [str(name) for name in _jurisdictions().values("jurisdiction")]


@cache
def _jurisdictions() -> DataTable:
    bounds = {parameter.name: parameter for parameter in _PARAMETERS}
    numbers = [
        Number(column, bounds[parameter].lower, bounds[parameter].upper, bounds[parameter].unit)
        for column, parameter in _RULES.items()
    ]
    return read_table(
        DATA / "jurisdictions.csv", [RowKey("jurisdiction"), *numbers, Text("source")]
    )


def values_of_donation(donation: BloodDonation) -> dict[str, float]:
    """Parameter values that the section of a scenario sets."""
    values = {"donation_enabled": float(donation.enabled)}
    if donation.jurisdiction is not None:
        values |= jurisdiction_values(donation.jurisdiction)
    if donation.ferritin_deferral is not None:
        values["ferritin_deferral_below_ug_per_l"] = donation.ferritin_deferral.below
        values["ferritin_deferral_months"] = donation.ferritin_deferral.months
    if donation.supplements is not None:
        values["donor_supplement_uptake"] = donation.supplements.uptake
        values["donor_supplement_mg_per_day"] = donation.supplements.milligrams_per_day
        months = round(donation.supplements.days / DAYS_PER_MONTH)
        values["donor_supplement_months"] = max(months, 1)
    if not donation.self_deferral:
        values["donor_self_deferral"] = 0.0
    return values


def fill_donation_tables(making: Making) -> Mapping[str, Floats]:
    """Chance to become a donor, and how much more often those start and come who may give."""
    p, ages = making.p, np.arange(LAST_AGE + 1)
    start = np.where(ages < 25, p.donor_start_per_year_young, p.donor_start_per_year_adult)
    start[(ages < p.donor_first_age_years) | (ages >= 70)] = 0.0
    factors = follow_donors(start, p.donor_stop_per_year, *deferred(catalogue_of(making)))
    return {
        "donor_start": per_month(start * p.donation_enabled),
        "healthy_start_factor": factors[0],
        "healthy_visit_factor": factors[1],
    }


def follow_donors(start: Floats, stop: float, share_deferred: Floats, deferral: Floats) -> Floats:
    """All people to those who may give blood: among people who never gave, and among donors.

    If those who may give start and come so much more often, all together do so at the given rates.

    Parameters
    ----------
    start
        Rate of becoming a donor (per year) by age.
    stop
        Rate at which donors stop (per year).
    share_deferred, deferral
        Share of people who may not give, and rate (per year) at which that comes to those who may, by
        sex and age.

    Returns
    -------
    numpy.ndarray
        Ratios by kind (never donors, donors), sex and age.
    """
    factors = np.ones((2, *share_deferred.shape))
    first = YOUNGEST_DONOR_YEARS
    months = np.arange(12 * first, 12 * share_deferred.shape[1]) / 12.0
    for sex, share in enumerate(share_deferred):
        monthly = np.interp(months, np.arange(len(share)) + 0.5, share)
        # Never donors and donors who may give, and those who may not.
        may, may_not = np.array([1.0 - monthly[0], 0.0]), np.array([monthly[0], 0.0])
        for month in range(len(months) - 1):
            age = first + month // 12
            if month % 12 == 6:
                factors[:, sex, age] += may_not / np.maximum(may, 1e-9)
            ill = may * (1.0 - np.exp(-deferral[sex, age] / 12.0))
            # So many recover, or die sooner than others, that the share among all people is kept.
            left = deferral[sex, age] / 12.0 * (1.0 - monthly[month])
            left -= monthly[month + 1] - monthly[month]
            well = may_not * min(max(left / max(monthly[month], 1e-9), 0.0), 1.0)
            starts = start[age] / 12.0 * (may[0] + may_not[0])
            may += well - ill + np.array([-starts, starts])
            may_not += ill - well
            may[1] *= 1.0 - stop / 12.0
            may_not[1] *= 1.0 - stop / 12.0
    return factors


# What it owns ---------------------------------------------------------------------------------------

_LIFE_FIELDS = (
    Field("donor", "u1", "", "donor career", DONOR_STATES),
    Field("double_red_cells", "u1", "", "gives double red cells", upper=1),
    Field("donor_eagerness", "f4", "ratio", "rate of visits relative to the median donor", lower=0),
    Field(
        "donor_supplements",
        "u1",
        "",
        "takes iron after donations where it is offered",
        upper=1,
    ),
    Field("donations", "u2", "", "donations so far"),
    Field("last_donation_month", "i4", "month", "month of the last donation", initial=LONG_AGO),
    Field(
        "eligible_month",
        "i4",
        "month",
        "first month in which a donation is allowed again",
        initial=LONG_AGO,
    ),
)
_PARAMETERS = (
    P("donation_enabled", 1, "0 or 1", "fixed", 0, 0, 1,
      "Whether people give blood (1) or nobody does (0).", "switch"),
    P("donation_interval_men_months", 2, "months", "fixed", 0, 1, 24,
      "Shortest interval between whole-blood donations in men.", "jurisdiction table"),
    P("donation_interval_women_months", 2, "months", "fixed", 0, 1, 24,
      "Shortest interval between whole-blood donations in women.", "jurisdiction table"),
    P("donation_haemoglobin_men_g_per_l", 130, "g/L", "fixed", 0, 100, 200,
      "Haemoglobin below which men are deferred.", "jurisdiction table"),
    P("donation_haemoglobin_women_g_per_l", 125, "g/L", "fixed", 0, 100, 200,
      "Haemoglobin below which women are deferred.", "jurisdiction table"),
    P("donation_volume_ml", 525, "mL", "fixed", 0, 200, 700,
      "Blood taken at a donation, tubes for tests included.", "jurisdiction table"),
    P("double_red_cells_share", 0.10, "1", "fixed", 0, 0, 1,
      "Share of donors who give double red cells.", "jurisdiction table"),
    P("double_red_cells_volume_ml", 840, "mL", "fixed", 0, 400, 1200,
      "Blood whose red cells are taken at a double red-cell donation.",
      "Pediatrics 2020;146:e20193316: 425 mg of iron"),
    P("donor_first_age_years", 17, "years", "fixed", 0, YOUNGEST_DONOR_YEARS, 30,
      "Youngest age at donation.", "common rule"),
    P("donor_last_age_years", 78, "years", "fixed", 0, 50, 100,
      "Age at which donations end.", "assumed; no upper limit in the United States"),
    P("donor_start_per_year_young", 0.021, "1/year", "lognormal", 0.2, 0, 0.5,
      "Rate of becoming a donor below 25 years.",
      "set to NHANES 2011-16, donors of the last 12 months by age (JABFM 32:746): 8.4, 4.2, 5.6, 7.0 "
      "and 3.4 % at 20-29, 30-39, 40-49, 50-59 and from 60 years"),
    P("donor_start_per_year_adult", 0.0135, "1/year", "lognormal", 0.2, 0, 0.5,
      "Rate of becoming a donor from 25 to 70 years.", "as donor_start_per_year_young"),
    P("donor_stop_per_year", 0.11, "1/year", "lognormal", 0.2, 0.01, 3,
      "Rate at which donors stop for good.",
      "set to NHANES donors by age; Schreiber 2005: careers of few years"),
    P("donor_visits_per_year", 1.35, "1/year", "lognormal", 0.2, 0.1, 12,
      "Visits of the median donor while a donation is allowed.",
      "Moore 2016: 2.2 donations in two years in England, where intervals are longer"),
    P("donor_eagerness_log_sd", 1.4, "1", "normal", 0.15, 0, 2,
      "Standard deviation between donors of the logarithm of the rate of visits.",
      f"set to {ABSORPTION_OF_DONORS}; in up to 24 months donors of RISE who came again "
      "gave 5.6 units, the first included (github.com/altonrus/iron_trajectories)"),
    P("donor_self_deferral", 0.3, "1", "normal", 0.1, 0, 1,
      "Share of donors who stay away while they have symptoms, drawn anew after each donation.",
      "assumed"),
    P("donor_deferral_months", 3, "months", "fixed", 0, 1, 24,
      "Time until the next visit after a deferral for haemoglobin.", "common rule"),
    P("ferritin_deferral_below_ug_per_l", 0, "µg/L", "fixed", 0, 0, 200,
      "Ferritin below which donors are deferred; 0 where ferritin is not measured.",
      "policy of the scenario"),
    P("ferritin_deferral_months", 6, "months", "fixed", 0, 1, 60,
      "Time until the next visit after a deferral for ferritin.", "policy of the scenario"),
    P("donor_supplement_uptake", 0.0, "1", "fixed", 0, 0, 1,
      "Share of donors who take iron after donations.", "policy of the scenario"),
    P("donor_supplement_mg_per_day", 19, "mg/day", "fixed", 0, 1, 200,
      "Elemental iron that these donors take.", "STRIDE, Bialkowski 2017 doi 10.1002/ajh.24784"),
    P("donor_supplement_months", 2, "months", "fixed", 0, 1, 12,
      "Time for which these donors take iron.", "STRIDE: 60 days"),
)  # fmt: skip

BLOOD_DONATION = Exposure(
    title="blood donation",
    life_fields=_LIFE_FIELDS,
    parameters=_PARAMETERS,
    derived={
        "donor_stop_per_month": lambda p: per_month(p["donor_stop_per_year"]),
    },
    tables=(
        Table("donor_start", BY_AGE, "monthly probability of becoming a blood donor"),
        Table(
            "healthy_start_factor",
            BY_SEX_AND_AGE,
            "rate of becoming a donor of those whom no condition defers, relative to all people",
        ),
        Table(
            "healthy_visit_factor",
            BY_SEX_AND_AGE,
            "rate of visits of donors whom no condition defers, relative to all donors",
        ),
    ),
    fill=fill_donation_tables,
    groups=(
        Group(
            "blood_donation",
            "blood donation",
            "exposure",
            "gave blood in the last 12 months",
            "NHANES question",
            "blood_donation",
            gave_in_last_year,
        ),
        Group(
            "depleted_donors",
            "iron-deficient blood donors",
            "state",
            "gave blood in the last 12 months and are iron deficient",
            "",
            "blood_donation",
            lambda people: gave_in_last_year(people) & is_iron_deficient(people),
            "blood_donation",
        ),
    ),
    columns=(
        PersonColumn(
            "donations", "donations", "blood donations so far", lambda people: people.donations
        ),
        PersonColumn(
            "is_blood_donor",
            "",
            "gave blood in the last 12 months",
            gave_in_last_year,
            in_line_list=False,
        ),
        PersonColumn(
            "months_since_donation",
            "months",
            "months since the last blood donation",
            months_since_donation,
            lambda people: people.donations == 0,
        ),
    ),
    parts=(Part(name="blood_donation"),),
    settings={"blood_donation": BloodDonation},
    values_of=values_of_donation,
)


# Rules ----------------------------------------------------------------------------------------------


@inlined
def may_give_blood(life: Any, p: Inputs) -> bool:
    """Whether no condition of the catalogue keeps a person from giving blood."""
    return int(life.conditions) & p.conditions_that_defer == 0


@inlined
def chance_to_start(life: Any, age: int, p: Inputs) -> float:
    """Chance that somebody who never gave blood, and may, becomes a donor."""
    if life.donor != NO_DONOR:
        return 0.0
    return p.donor_start[age] * p.healthy_start_factor[life.sex, age]


@inlined
def chance_to_come(life: Any, age: int, p: Inputs) -> float:
    """Chance that a donor who is eligible comes to donate."""
    visits = p.donor_visits_per_year * life.donor_eagerness
    visits *= p.healthy_visit_factor[life.sex, age]
    return probability_per_month(visits)


@inlined
def donor_unchanged_until(life: Any, at: Moment, p: Inputs) -> int:
    """Month in which a donor may come again, or takes other tablets; a career may have to end now."""
    if life.donor != ACTIVE_DONOR:
        return int(NEVER)
    if life.kidney != HEALTHY_KIDNEY or at.age >= p.donor_last_age_years:
        return at.month
    until = sooner(int(NEVER), life.eligible_month, at.month)
    if life.donor_supplements:
        first = life.last_donation_month + 1
        until = sooner(until, first, at.month)
        until = sooner(until, first + int(p.donor_supplement_months), at.month)
    return until


@compiled
def become_donor(life: Any, age: int, month: int, u: float, p: Inputs) -> None:
    """Begin a career; the first visit is in the same month."""
    if (
        u < chance_to_start(life, age, p)
        and life.kidney == HEALTHY_KIDNEY
        and may_give_blood(life, p)
    ):
        eagerness, double_red_cells, supplements, _ = chance.once(p.key, life.uid, DONOR)
        life.donor = ACTIVE_DONOR
        life.donor_eagerness = exp(p.donor_eagerness_log_sd * normal(eagerness))
        life.double_red_cells = double_red_cells < p.double_red_cells_share
        life.donor_supplements = supplements < p.donor_supplement_uptake
        life.eligible_month = month


@compiled
def is_deferred(life: Any, body: Any, month: int, p: Inputs) -> bool:
    """Turned away at a visit; sets when the next one makes sense."""
    threshold = (
        p.donation_haemoglobin_men_g_per_l
        if life.sex == MALE
        else p.donation_haemoglobin_women_g_per_l
    )
    if not may_give_blood(life, p):
        life.eligible_month = month + 1
        return True
    if life.pregnancy != NOT_PREGNANT or month < life.last_birth_month + MONTHS_AFTER_DELIVERY:
        life.eligible_month = month + 1
        return True
    if haemoglobin(body, life.blood_volume_l, p) < threshold:
        life.eligible_month = month + int(p.donor_deferral_months)
        return True
    threshold = p.ferritin_deferral_below_ug_per_l
    if threshold > 0.0 and ferritin(body, life, p) < threshold:
        life.eligible_month = month + int(p.ferritin_deferral_months)
        return True
    return False


@compiled
def give_blood(life: Any, burden: Any, month: int, p: Inputs) -> None:
    """A donation of whole blood, or of double red cells with twice the interval."""
    interval = (
        p.donation_interval_men_months if life.sex == MALE else p.donation_interval_women_months
    )
    if life.double_red_cells:
        burden.blood_loss_ml += p.double_red_cells_volume_ml
        life.eligible_month = month + 2 * int(interval)
    else:
        burden.blood_loss_ml += p.donation_volume_ml
        life.eligible_month = month + int(interval)
    life.donations += 1
    life.last_donation_month = month
    # Again, because a policy may have changed it.
    _, _, supplements, _ = chance.once(p.key, life.uid, DONOR)
    life.donor_supplements = supplements < p.donor_supplement_uptake


@inlined
def tablets_of_donors_mg(life: Any, month: int, p: Inputs) -> float:
    """Elemental iron (mg/day) in the tablets that a donor takes after the last donation."""
    since = month - life.last_donation_month
    if life.donor_supplements and 0 < since <= p.donor_supplement_months:
        return p.donor_supplement_mg_per_day
    return 0.0


@inlined
def donate(life: Any, body: Any, burden: Any, at: Moment, p: Inputs) -> None:
    """One month of a possible or actual donor."""
    month = at.month
    if life.donor == NO_DONOR:
        become_donor(life, at.age, month, 1.0 - at.onset, p)
        first_visit = life.donor == ACTIVE_DONOR
    else:
        first_visit = False
    if life.donor == ACTIVE_DONOR and life.kidney != HEALTHY_KIDNEY:
        life.donor = FORMER_DONOR
    if life.donor != ACTIVE_DONOR:
        return
    visit, stop, _, _ = chance.at(p.key, life.uid, month, DONATION_MONTH)
    if month >= life.eligible_month and (first_visit or visit < chance_to_come(life, at.age, p)):
        stays_away, _, _, _ = chance.nth(p.key, life.uid, life.donations, DONATION)
        if not (body.rls and stays_away < p.donor_self_deferral) and not is_deferred(
            life, body, month, p
        ):
            give_blood(life, burden, month, p)
    burden.oral_iron_mg_per_day += tablets_of_donors_mg(life, month, p)
    if stop < p.donor_stop_per_month or at.age >= p.donor_last_age_years:
        life.donor = FORMER_DONOR


@compiled
def note_donation(life: Any, before: Any, month: int, log: Any, logged: Any) -> None:
    """Log a donation of this month; ``before`` is the life as it was."""
    if life.donations != before.donations:
        note(life, month, DONATED, before.donations == 0, log, logged)
