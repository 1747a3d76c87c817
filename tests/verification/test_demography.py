"""People: length of life, births, family sizes, twins, parents, age structure."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from rlsabm.conventions import FEMALE, MALE
from rlsabm.demography.births import LOSS_MONTHS, MONTHS_TO_BIRTH, BirthPlan, population_of
from rlsabm.demography.country import BAND_YEARS, BANDS, FERTILE_AGES, YOUNGEST_MOTHER
from rlsabm.demography.life_table import survival_by_month
from rlsabm.inputs import values_record
from rlsabm.life.birth import DIZYGOTIC, MONOZYGOTIC, OLDEST_FATHER_MONTHS, YOUNGEST_FATHER_MONTHS
from rlsabm.observe.birth_registry import keep_birth_registry
from rlsabm.population import Population
from rlsabm.setting import make_setting

#: NCHS life tables of 2019: the years that a newborn would live.
LIFE_EXPECTANCY = {FEMALE: 81.4, MALE: 76.3}
NOBODY = -1


def table_expectancy(people: Population, sex: int) -> float:
    """Years that a newborn would live by the yearly probabilities, without end of ages."""
    yearly = people.setting.country.mortality[sex]
    survivors, years = 1.0, 0.0
    for age in range(200):
        chance = yearly[min(age, len(yearly) - 1)]
        monthly = (1.0 - chance) ** (1.0 / 12.0)
        for _ in range(12):
            years += survivors * (1.0 + monthly) / 24.0
            survivors *= monthly
    return float(years)


def years_lived(people: Population, sex: int) -> np.ndarray:
    """Ages at death; within the month of death on average half of it has passed."""
    lives = people.lives[people.lives["sex"] == sex]
    return np.asarray((lives["death_month"] - lives["birth_month"] + 0.5) / 12.0)


def rows_of(people: Population, uids: np.ndarray) -> np.ndarray:
    """Rows of these people, or NOBODY."""
    known = people.lives["uid"]
    order = np.argsort(known)
    place = np.minimum(np.searchsorted(known[order], uids), len(known) - 1)
    return np.where(known[order][place] == uids, order[place], NOBODY)


# ------------------------------------------------------------------------------- length of life


@pytest.mark.parametrize("sex", [FEMALE, MALE])
def test_life_expectancy_is_that_of_the_life_table(whole_lives: Population, sex: int) -> None:
    ages = years_lived(whole_lives, sex)
    expected = table_expectancy(whole_lives, sex)
    print(f"e0 {ages.mean():.2f}, table {expected:.2f}, n {len(ages)}")
    assert ages.mean() == pytest.approx(LIFE_EXPECTANCY[sex], rel=0.01)
    assert ages.mean() == pytest.approx(expected, abs=3.5 * ages.std() / np.sqrt(len(ages)))


@pytest.mark.parametrize("sex", [FEMALE, MALE])
def test_survivors_by_age_are_those_of_the_life_table(whole_lives: Population, sex: int) -> None:
    ages = years_lived(whole_lives, sex)
    surviving = survival_by_month(whole_lives.setting.country.mortality)[sex]
    for age in (1, 20, 50, 65, 75, 85, 95):
        expected = surviving[12 * age - 1]
        error = np.sqrt(expected * (1.0 - expected) / len(ages))
        assert (ages >= age).mean() == pytest.approx(expected, abs=3.5 * error), age


def test_everybody_dies_once_and_after_birth(whole_lives: Population) -> None:
    lives = whole_lives.lives
    assert (lives["death_month"] >= lives["birth_month"]).all()
    assert (lives["cause_of_death"] > 0).all()
    deaths = whole_lives.events[whole_lives.events["event"] == 0]
    assert len(deaths) == len(lives) == len(np.unique(deaths["uid"]))
    assert (years_lived(whole_lives, FEMALE) < 125).all()


def test_person_months_are_the_months_lived(whole_lives: Population) -> None:
    lives = whole_lives.lives
    months = (lives["death_month"] - lives["birth_month"] + 1).sum()
    assert whole_lives.person_months == months


# ------------------------------------------------------------------------------- births


def births_by_age(people: Population, months: range) -> tuple[np.ndarray, np.ndarray]:
    """Children born to mothers, and woman-years, by completed age from 10 to 49."""
    lives = people.lives
    with_mother = (lives["mother"] > 0) & (lives["birth_month"] >= months.start)
    with_mother &= lives["birth_month"] < months.stop
    mothers = rows_of(people, lives["mother"][with_mother])
    age = (lives["birth_month"][with_mother] - lives["birth_month"][mothers]) // 12
    births = np.bincount(age - FERTILE_AGES.start, minlength=len(FERTILE_AGES)).astype(float)
    women = lives[lives["sex"] == FEMALE]
    exposure = np.zeros(len(FERTILE_AGES))
    for month in months:
        present = (women["birth_month"] <= month) & (women["death_month"] > month)
        age = (month - women["birth_month"][present]) // 12 - FERTILE_AGES.start
        inside = age[(age >= 0) & (age < len(FERTILE_AGES))]
        exposure += np.bincount(inside, minlength=len(FERTILE_AGES)) / 12.0
    return births, exposure


def test_fertility_is_that_of_the_table(grown: Population, whole_lives: Population) -> None:
    births, exposure = np.zeros(len(FERTILE_AGES)), np.zeros(len(FERTILE_AGES))
    plan, country = grown.setting.plan, grown.setting.country
    months = range(plan.survey_month - 35, plan.survey_month + 1)
    for people in (grown, whole_lives):
        more_births, more_exposure = births_by_age(people, months)
        births += more_births
        exposure += more_exposure
    year = (np.array(months) // 12) - country.fertility_years[0]
    table = country.fertility[year].mean(axis=0)

    total, expected_total = (births / exposure).sum(), table.sum()
    print(f"TFR {total:.3f}, table {expected_total:.3f}, births {births.sum():.0f}")
    assert total == pytest.approx(expected_total, rel=0.05)
    for start in range(20, 40, 5):
        ages = slice(start - FERTILE_AGES.start, start - FERTILE_AGES.start + 5)
        wanted = (table[ages] * exposure[ages]).sum()
        print(f"{start}-{start + 4}: {births[ages].sum():.0f} births, {wanted:.0f} expected")
        assert births[ages].sum() == pytest.approx(wanted, abs=3.5 * np.sqrt(wanted))


def test_a_registry_counts_the_births_of_a_population(grown: Population) -> None:
    kept = keep_birth_registry(grown.setting, 0xC0FFEE, lives=60_000, parts=8)
    rates = kept.children.sum(axis=0) / kept.years.sum(axis=(0, 2))
    survey = grown.setting.plan.survey_month
    births, exposure = births_by_age(grown, range(survey - 11, survey + 1))
    for start in range(15, 40, 5):
        ages = slice(start - FERTILE_AGES.start, start - FERTILE_AGES.start + 5)
        wanted = (rates[ages] * exposure[ages]).sum()
        print(f"{start}-{start + 4}: {births[ages].sum():.0f} births, {wanted:.0f} registered")
        # Rates change by some per cent from year to year.
        assert births[ages].sum() == pytest.approx(
            wanted, abs=4.0 * np.sqrt(wanted) + 0.05 * wanted
        )


def family_sizes(plan: BirthPlan, born: int, age_months: int) -> np.ndarray:
    """Shares of women born in a month by births until an age, followed through the plan's chances."""
    loss = values_record({}).pregnancy_loss_share
    after = MONTHS_TO_BIRTH + int(values_record({}).infertile_after_birth_months)
    free, sizes = np.eye(1, 30)[0], np.eye(1, 30)[0]
    returning = np.zeros((age_months + after + 1, 30))
    delivered = np.zeros((age_months + MONTHS_TO_BIRTH + 1, 30))
    of_size = np.minimum(np.arange(30), 4)
    for age in range(age_months):
        free = free + returning[age]
        sizes = sizes - delivered[age] + np.append(0.0, delivered[age][:-1])
        at_birth = age + MONTHS_TO_BIRTH
        if at_birth < 12 * FERTILE_AGES.start:
            continue
        year = (born + at_birth) // 12 - plan.first_year
        row = plan.conception[year, at_birth // 12 - FERTILE_AGES.start]
        begun = free * row[of_size]
        free = free - begun
        delivered[at_birth] += begun * (1.0 - loss)
        returning[age + after, 1:] += begun[:-1] * (1.0 - loss)
        returning[age + LOSS_MONTHS] += begun * loss
    return np.bincount(of_size, sizes)


@pytest.mark.parametrize("country", ["united-states", "germany", "denmark"])
def test_chances_to_conceive_lead_to_the_family_sizes_of_the_country(country: str) -> None:
    """Of women of 40-44, by births: twins are one."""
    setting = make_setting(country=country, size=10_000)
    plan = setting.plan
    shares = np.mean(
        [family_sizes(plan, plan.survey_month - age, age) for age in range(485, 540, 5)], axis=0
    )
    assert shares == pytest.approx(setting.country.family_size, rel=0.02)


def test_family_sizes_are_those_of_the_country(grown: Population) -> None:
    lives, survey = grown.lives, grown.setting.plan.survey_month
    age = (survey - lives["birth_month"]) // 12
    women = lives[grown.alive & (lives["sex"] == FEMALE) & (age >= 40) & (age < 45)]
    births = women["parity"]
    shares = np.bincount(np.minimum(births, 4), minlength=5) / len(women)
    wanted = grown.setting.country.family_size
    mean = wanted @ np.array([0.0, 1.0, 2.0, 3.0, 4.4])
    print(f"{len(women)} women, mean {births.mean():.3f} ({mean:.3f}), {shares.round(3)}")
    assert births.mean() == pytest.approx(mean, rel=0.05)
    error = np.sqrt(wanted * (1.0 - wanted) / len(women))
    assert (np.abs(shares - wanted) < 0.015 + 3.0 * error).all()


def test_boys_to_girls(grown: Population) -> None:
    """Recent births have the country's sex ratio but for what its age structure asks for."""
    lives, plan = grown.lives, grown.setting.plan
    born = lives[lives["mother"] > 0]
    expected = plan.male_share[born["birth_month"] - plan.first_month]
    error = np.sqrt((expected * (1.0 - expected)).sum())
    assert (born["sex"] == MALE).sum() == pytest.approx(expected.sum(), abs=3.5 * error)
    recent = plan.male_share[plan.survey_month - 60 - plan.first_month : -24]
    ratio = recent / (1.0 - recent)
    assert ratio == pytest.approx(1.05, rel=0.03)


def test_mothers_and_children_know_each_other(grown: Population) -> None:
    lives = grown.lives
    with_mother = lives["mother"] > 0
    mothers = rows_of(grown, lives["mother"][with_mother])
    assert (mothers != NOBODY).all()
    assert (lives["sex"][mothers] == FEMALE).all()
    counted = np.bincount(mothers, minlength=len(lives))
    assert (counted == lives["children"]).all()
    assert (lives["birth_order"][with_mother] >= 1).all()
    assert (lives["birth_order"][with_mother] <= lives["parity"][mothers]).all()
    assert (lives["parity"] <= lives["gravidity"]).all()


def test_parents_are_of_age_and_fathers_alive_at_conception(grown: Population) -> None:
    lives = grown.lives
    with_mother = lives["mother"] > 0
    born = lives["birth_month"]
    mothers = rows_of(grown, lives["mother"][with_mother])
    age = (born[with_mother] - born[mothers]) // 12
    assert age.min() >= YOUNGEST_MOTHER == 12
    assert age.max() <= 50
    assert (lives["death_month"][mothers] >= born[with_mother]).all()

    with_father = lives["father"] > 0
    assert with_father.sum() > 0.98 * with_mother.sum()
    fathers = rows_of(grown, lives["father"][with_father])
    assert (fathers != NOBODY).all()
    assert (lives["sex"][fathers] == MALE).all()
    conceived = born[with_father] - MONTHS_TO_BIRTH
    age = conceived - born[fathers]
    assert age.min() >= YOUNGEST_FATHER_MONTHS == 16 * 12
    assert age.max() <= OLDEST_FATHER_MONTHS < 66 * 12
    assert (lives["death_month"][fathers] > conceived).all()


def test_ages_of_fathers_follow_those_of_mothers(grown: Population) -> None:
    lives, p = grown.lives, grown.setting.inputs
    recent = (lives["father"] > 0) & (lives["birth_order"] == 1)
    recent &= lives["birth_month"] > grown.month - 240
    mothers = rows_of(grown, lives["mother"][recent])
    fathers = rows_of(grown, lives["father"][recent])
    gap = (lives["birth_month"][mothers] - lives["birth_month"][fathers]) / 12.0
    assert gap.mean() == pytest.approx(p.father_age_gap_years, abs=0.6)
    assert gap.std() == pytest.approx(p.father_age_gap_sd_years, rel=0.1)


def test_second_children_have_another_father_as_often_as_couples_part(grown: Population) -> None:
    """Couples part at a constant rate from the conception of their first child."""
    lives, p = grown.lives, grown.setting.inputs
    born = lives[(lives["father"] > 0) & (lives["birth_order"] < 3)]
    born = born[
        np.unique(born["mother"] * np.uint64(3) + born["birth_order"], return_index=True)[1]
    ]
    born = born[np.lexsort((born["birth_order"], born["mother"]))]
    one, other = born[:-1], born[1:]
    first = rows_of(grown, one["father"])
    conceived = other["birth_month"] - MONTHS_TO_BIRTH
    followed = (one["mother"] == other["mother"]) & (lives["death_month"][first] > conceived)
    followed &= conceived - lives["birth_month"][first] <= OLDEST_FATHER_MONTHS
    months = (other["birth_month"] - one["birth_month"])[followed]
    another = (one["father"] != other["father"])[followed]
    expected = 1.0 - np.exp(-(months + 0.5) / (12.0 * p.couple_mean_years))
    error = np.sqrt((expected * (1.0 - expected)).sum()) / len(expected)
    print(f"another father {another.mean():.4f}, expected {expected.mean():.4f} +- {error:.4f}")
    assert another.mean() == pytest.approx(expected.mean(), abs=3.5 * error)


def partners(people: Population, parent: str, other: str) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of children and of partners of everybody who has children."""
    lives = people.lives[(people.lives["mother"] > 0) & (people.lives["father"] > 0)]
    couples = np.unique(np.stack([lives[parent], lives[other]], axis=1), axis=0)
    _, children = np.unique(lives[parent], return_counts=True)
    _, of_each = np.unique(couples[:, 0], return_counts=True)
    return children, of_each


def test_as_many_parents_have_children_with_several_partners_as_in_surveys(
    grown: Population,
) -> None:
    """28 % of mothers of two or more in the United States; men have a longer time for it."""
    shares = []
    for parent, other in (("mother", "father"), ("father", "mother")):
        children, of_each = partners(grown, parent, other)
        shares.append((of_each[children > 1] > 1).mean())
    print(f"several partners: mothers {shares[0]:.3f}, fathers {shares[1]:.3f}")
    assert 0.24 < shares[0] < 0.32
    assert shares[0] < shares[1] < shares[0] + 0.10


def half_siblings(people: Population, parent: str, other: str) -> float:
    """Share of pairs of children of one parent that have different other parents."""
    lives = people.lives[(people.lives["mother"] > 0) & (people.lives["father"] > 0)]
    pairs = []
    for kin in (lives[parent], np.stack([lives[parent], lives[other]], axis=1)):
        _, children = np.unique(kin, axis=0, return_counts=True)
        pairs.append((children * (children - 1) // 2).sum())
    return float(1.0 - pairs[1] / pairs[0])


def test_half_siblings_are_fewer_than_full_ones(grown: Population) -> None:
    by_mother, by_father = (
        half_siblings(grown, *parents) for parents in (("mother", "father"), ("father", "mother"))
    )
    print(
        f"half siblings among siblings: by the mother {by_mother:.3f}, the father {by_father:.3f}"
    )
    assert 0.19 < by_mother < 0.28
    assert by_mother < by_father < 0.36


def test_men_do_not_go_back_and_forth_between_women(grown: Population) -> None:
    """Of three children in a row, the outer ones have the mother of the middle one or she was left."""
    lives = grown.lives[grown.lives["father"] > 0]
    lives = lives[np.lexsort((lives["uid"], lives["birth_month"], lives["father"]))]
    father, mother = lives["father"], lives["mother"]
    in_a_row = (father[2:] == father[1:-1]) & (father[1:-1] == father[:-2])
    back = (mother[2:] == mother[:-2]) & (mother[2:] != mother[1:-1])
    print(f"back to the mother before: {(back & in_a_row).sum()} of {in_a_row.sum()}")
    assert (back & in_a_row).sum() < 0.005 * in_a_row.sum()


def test_couples_agree_and_widowers_are_free(grown: Population) -> None:
    """Who lives with whom, and until when; a man is free from the month in which his partner died."""
    lives = grown.lives
    woman = np.flatnonzero(
        (lives["sex"] == FEMALE) & grown.alive & (lives["partner_until"] >= grown.month)
    )
    man = rows_of(grown, lives["partner"][woman])
    both = grown.alive[man] & (man != NOBODY)
    assert both.sum() > 3000
    for name in ("uid", "birth_month"):
        partners = lives[{"uid": "partner", "birth_month": "partner_birth_month"}[name]]
        assert (partners[man] == lives[name][woman])[both].all()
    assert (lives["partner_until"][man] == lives["partner_until"][woman])[both].all()
    # Whom a partner has left because he was too old for another child is still noted with her.
    young = grown.month - lives["birth_month"] < OLDEST_FATHER_MONTHS
    man = np.flatnonzero((lives["sex"] == MALE) & (lives["partner"] > 0) & young)
    death = lives["death_month"][rows_of(grown, lives["partner"][man])]
    assert (death < grown.month).sum() > 200
    # She may have outlived him, and died as another man's partner.
    widower = lives["death_month"][man] > death
    assert (lives["partner_until"][man] <= death)[widower | (death >= grown.month)].all()


def test_numbers_of_children_vary_little_more_in_men_than_in_women(grown: Population) -> None:
    """Variance 10 % higher in men of the United States (Jokela 2010, Behav Ecol 21:906), and 6 to 10
    points more of them without children in Norway (Kravdal 2021, doi 10.1007/s10680-021-09590-4)."""
    lives = grown.lives
    age = (grown.month - lives["birth_month"]) // 12
    variance, childless = [], []
    for sex, parent in ((FEMALE, "mother"), (MALE, "father")):
        old = lives["uid"][(lives["sex"] == sex) & (age >= 60) & (age < 80) & grown.alive]
        parents, children = np.unique(lives[parent], return_counts=True)
        place = np.minimum(np.searchsorted(parents, old), len(parents) - 1)
        of_each = np.where(parents[place] == old, children[place], 0)
        variance.append(of_each.var())
        childless.append((of_each == 0).mean())
    print(f"variance {variance}, childless {childless}")
    assert 1.0 < variance[1] / variance[0] < 1.5
    assert 0.0 < childless[1] - childless[0] < 0.12


def test_nobody_descends_from_oneself_or_from_near_kin(grown: Population) -> None:
    lives = grown.lives
    child = np.flatnonzero((lives["mother"] > 0) & (lives["father"] > 0))
    mothers = rows_of(grown, lives["mother"][child])
    fathers = rows_of(grown, lives["father"][child])
    # Everybody is younger than both parents, so that no line of descent returns to its start.
    born = lives["birth_month"]
    assert (born[child] > born[mothers]).all()
    assert (born[child] > born[fathers]).all()
    assert (lives["father"][mothers] != lives["uid"][fathers]).all(), "her father"
    assert (lives["mother"][fathers] != lives["uid"][mothers]).all(), "her son"
    siblings = (lives["mother"][fathers] == lives["mother"][mothers]) & (
        lives["mother"][mothers] > 0
    )
    assert not siblings.any(), "her brother"


def test_fathers_share_no_father_with_mothers(grown: Population) -> None:
    """Brothers by the father alone are as near as those by the mother alone."""
    lives = grown.lives
    child = np.flatnonzero((lives["mother"] > 0) & (lives["father"] > 0))
    of_mother = lives["father"][rows_of(grown, lives["mother"][child])]
    of_father = lives["father"][rows_of(grown, lives["father"][child])]
    assert not ((of_mother == of_father) & (of_mother > 0)).any()


# ------------------------------------------------------------------------------- twins


def test_shares_of_twins(grown: Population, whole_lives: Population) -> None:
    for people in (grown, whole_lives):
        p = people.setting.inputs
        born = people.lives[people.lives["mother"] > 0]
        pairs = np.array([(born["twin"] == kind).sum() / 2 for kind in (MONOZYGOTIC, DIZYGOTIC)])
        deliveries = (born["twin"] == 0).sum() + pairs.sum()
        shares = np.array([p.monozygotic_share, p.dizygotic_share])
        expected = deliveries * shares
        assert (np.abs(pairs - expected) < 3.5 * np.sqrt(expected)).all()
        assert (pairs % 1 == 0).all()


def test_monozygotic_twins_share_sex_and_genome(grown: Population) -> None:
    lives = grown.lives
    for kind in (MONOZYGOTIC, DIZYGOTIC):
        twins = lives[lives["twin"] == kind]
        twins = twins[np.lexsort((twins["uid"], twins["birth_order"], twins["mother"]))]
        one, other = twins[::2], twins[1::2]
        assert len(one) > 100
        for name in ("mother", "father", "birth_month", "birth_order"):
            assert (one[name] == other[name]).all()
        genome = ("maternal_alleles", "paternal_alleles", "cns_iron_polygenes", "other_polygenes")
        same = [(one[name] == other[name]).all() for name in ("sex", *genome)]
        if kind == MONOZYGOTIC:
            assert all(same)
            assert (one["cns_iron_trait"] != other["cns_iron_trait"]).all(), "environments differ"
        else:
            assert not any(same)
            assert stats.binomtest((one["sex"] == other["sex"]).sum(), len(one)).pvalue > 1e-3


# ------------------------------------------------------------------------------- structure


def test_every_band_holds_its_quota_of_the_survey(grown: Population) -> None:
    setting = grown.setting
    quota = setting.size * population_of(setting.country, setting.survey_years[-1])
    counts = band_counts(grown)
    assert (counts >= quota).all(), (counts / quota).round(2)
    assert counts.sum() < 1.25 * setting.size, "not many more than that"


def test_population_grown_has_the_structure_of_the_country(grown: Population) -> None:
    """Before sampling: margins differ between bands by design, within a few per cent."""
    setting = grown.setting
    shares = population_of(setting.country, setting.survey_years[-1])
    counts = band_counts(grown)
    expected = shares * counts.sum()
    tolerance = 0.1 * expected + 3.5 * np.sqrt(expected)
    assert (np.abs(counts - expected) < tolerance).all(), (counts / expected).round(3)


def band_counts(people: Population) -> np.ndarray:
    lives, survey = people.lives, people.setting.plan.survey_month
    alive = lives[people.alive]
    band = np.minimum((survey - alive["birth_month"]) // 12 // BAND_YEARS, BANDS - 1)
    counts = np.zeros((2, BANDS))
    np.add.at(counts, (alive["sex"], band), 1.0)
    return counts
