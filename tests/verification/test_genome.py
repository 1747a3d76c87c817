"""Genome: Hardy-Weinberg, Mendel, correlations between kin, variance and heritability of traits."""

from __future__ import annotations

import numpy as np
import pytest
from rule_tools import STEEP
from scipy import stats

from rlsabm.data import DATA
from rlsabm.data.table_reading import read_table
from rlsabm.inputs import with_key
from rlsabm.life.birth import DIZYGOTIC, MONOZYGOTIC, found
from rlsabm.life.loci import LOCI as LOCUS_COLUMNS
from rlsabm.life.loci import locus_names
from rlsabm.person import BODY, LIFE, newborn_records
from rlsabm.population import Population
from rlsabm.setting import make_setting

#: Names of the loci, in the order of the bits in a person's alleles.
LOCUS_NAMES = locus_names()
LOCI = range(len(LOCUS_NAMES))
POLYGENES = ("cns_iron_polygenes", "other_polygenes")
#: Normal quantile of the bounds: with about 60 comparisons in this file, one in 30 runs of another
#: key would fail by chance alone.
BOUND = 3.5


def alleles(lives: np.ndarray, locus: int) -> np.ndarray:
    """Risk alleles from the mother and from the father, 0 or 1 each: shape (people, 2)."""
    both = np.stack([lives["maternal_alleles"], lives["paternal_alleles"]], axis=1)
    return (both >> locus) & 1


class Families:
    """Rows of people and of their parents, where both are known."""

    def __init__(self, people: Population) -> None:
        lives = np.asarray(people.lives)
        order = np.argsort(lives["uid"])
        known = lives["uid"][order]

        def rows(uids: np.ndarray) -> np.ndarray:
            return order[np.minimum(np.searchsorted(known, uids), len(known) - 1)]

        child = np.flatnonzero((lives["mother"] > 0) & (lives["father"] > 0))
        self.lives = lives
        self.child, self.mother, self.father = (
            lives[child],
            lives[rows(lives["mother"][child])],
            lives[rows(lives["father"][child])],
        )
        assert (self.mother["uid"] == self.child["mother"]).all()
        assert (self.father["uid"] == self.child["father"]).all()

    def pairs(self, *, father: bool, twin: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """One pair a mother: twins of a type, or successive children of the same father or not."""
        of_kind = self.child[self.child["twin"] == twin]
        born = of_kind[np.lexsort((of_kind["birth_order"], of_kind["mother"]))]
        same_mother = born["mother"][1:] == born["mother"][:-1]
        same_father = born["father"][1:] == born["father"][:-1]
        chosen = np.flatnonzero(same_mother & (same_father == father))
        chosen = chosen[np.unique(born["mother"][chosen], return_index=True)[1]]
        return born[chosen], born[chosen + 1]


@pytest.fixture(scope="module")
def families(grown: Population) -> Families:
    return Families(grown)


def assert_correlation(one: np.ndarray, other: np.ndarray, expected: float) -> None:
    """By Fisher's z, whose standard error is one by the root of n less three."""
    found = np.corrcoef(one, other)[0, 1]
    difference = np.arctanh(found) - np.arctanh(expected)
    print(f"correlation {found:.3f}, expected {expected}, n {len(one)}")
    assert abs(difference) < BOUND / np.sqrt(len(one) - 3)


# ------------------------------------------------------------------------------- loci


@pytest.mark.parametrize("locus", LOCI, ids=LOCUS_NAMES)
def test_founders_are_in_hardy_weinberg_proportions(grown: Population, locus: int) -> None:
    founders = grown.lives[grown.lives["mother"] == 0]
    p = grown.setting.inputs.allele_frequency[locus]
    copies = np.bincount(alleles(founders, locus).sum(axis=1), minlength=3)
    expected = len(founders) * np.array([(1 - p) ** 2, 2 * p * (1 - p), p**2])
    assert stats.chisquare(copies, expected).pvalue > 1e-3


def test_loci_of_founders_are_independent(grown: Population) -> None:
    founders = grown.lives[grown.lives["mother"] == 0]
    copies = np.stack([alleles(founders, locus).sum(axis=1) for locus in LOCI])
    correlation = np.corrcoef(copies) - np.eye(len(LOCI))
    assert np.abs(correlation).max() < BOUND / np.sqrt(len(founders))
    for locus in LOCI:
        maternal, paternal = alleles(founders, locus).T
        assert abs(np.corrcoef(maternal, paternal)[0, 1]) < BOUND / np.sqrt(len(founders))


@pytest.mark.parametrize("locus", LOCI, ids=LOCUS_NAMES)
def test_children_get_one_allele_of_each_parent_at_even_odds(
    families: Families, locus: int
) -> None:
    child = alleles(families.child, locus)
    for place, parent in enumerate((families.mother, families.father)):
        of_parent = alleles(parent, locus)
        copies = of_parent.sum(axis=1)
        inherited = child[:, place]
        assert not inherited[copies == 0].any()
        assert inherited[copies == 2].all()
        heterozygous = inherited[copies == 1]
        assert len(heterozygous) > 1000
        assert stats.binomtest(int(heterozygous.sum()), len(heterozygous)).pvalue > 1e-3
        # Neither the grandmother's nor the grandfather's allele is favoured.
        ours = of_parent[copies == 1]
        from_grandmother = int((heterozygous == ours[:, 0]).sum())
        assert stats.binomtest(from_grandmother, len(heterozygous)).pvalue > 1e-3


def test_crosses_of_heterozygotes_give_one_two_one(families: Families) -> None:
    for locus in LOCI:
        mothers = alleles(families.mother, locus).sum(axis=1)
        fathers = alleles(families.father, locus).sum(axis=1)
        both = (mothers == 1) & (fathers == 1)
        copies = np.bincount(alleles(families.child[both], locus).sum(axis=1), minlength=3)
        assert stats.chisquare(copies, both.sum() * np.array([0.25, 0.5, 0.25])).pvalue > 1e-3


def test_loci_are_inherited_independently(families: Families) -> None:
    """Whether the grandmother's allele came says nothing of the next locus."""
    parent = families.mother
    for locus in list(LOCI)[:-1]:
        here, there = alleles(parent, locus), alleles(parent, locus + 1)
        both = (here.sum(axis=1) == 1) & (there.sum(axis=1) == 1)
        first = alleles(families.child[both], locus)[:, 0] == here[both][:, 0]
        second = alleles(families.child[both], locus + 1)[:, 0] == there[both][:, 0]
        table = np.histogram2d(first.astype(int), second.astype(int), bins=2)[0]
        assert stats.chi2_contingency(table).pvalue > 1e-3


def test_allele_frequencies_stay(grown: Population) -> None:
    tables, lives = grown.setting.inputs, grown.lives
    recent = lives[(lives["mother"] > 0) & (lives["birth_month"] > grown.month - 600)]
    for locus in LOCI:
        frequency = tables.allele_frequency[locus]
        assert alleles(recent, locus).mean() == pytest.approx(frequency, abs=0.015)


# ------------------------------------------------------------------------------- polygenes


@pytest.mark.parametrize("name", POLYGENES)
def test_polygenes_are_standard_normal(grown: Population, name: str) -> None:
    lives = grown.lives
    for group in (lives["mother"] == 0, lives["mother"] > 0):
        values = lives[name][group]
        assert values.mean() == pytest.approx(0.0, abs=0.025)
        assert values.std() == pytest.approx(1.0, abs=0.015)
    founders = lives[name][lives["mother"] == 0]
    assert stats.kstest(founders, "norm").pvalue > 1e-3


@pytest.mark.parametrize("name", POLYGENES)
class TestKin:
    """Correlations of polygenes between kin, by Fisher 1918."""

    def test_spouses(self, families: Families, name: str) -> None:
        first = families.child["birth_order"] == 1
        assert_correlation(families.mother[name][first], families.father[name][first], 0.0)

    def test_parents_and_children(self, families: Families, name: str) -> None:
        first = (families.child["birth_order"] == 1) & (families.child["twin"] < 2)
        child = families.child[name][first]
        assert_correlation(families.mother[name][first], child, 0.5)
        assert_correlation(families.father[name][first], child, 0.5)

    def test_full_siblings(self, families: Families, name: str) -> None:
        one, other = families.pairs(father=True)
        assert_correlation(one[name], other[name], 0.5)

    def test_half_siblings(self, families: Families, name: str) -> None:
        one, other = families.pairs(father=False)
        assert_correlation(one[name], other[name], 0.25)

    def test_dizygotic_twins(self, families: Families, name: str) -> None:
        one, other = families.pairs(father=True, twin=DIZYGOTIC)
        assert_correlation(one[name], other[name], 0.5)

    def test_monozygotic_twins(self, families: Families, name: str) -> None:
        one, other = families.pairs(father=True, twin=MONOZYGOTIC)
        assert len(one) > 100
        assert (one[name] == other[name]).all()

    def test_segregation_leaves_half_of_the_variance(self, families: Families, name: str) -> None:
        middle = 0.5 * (families.mother[name] + families.father[name])
        segregation = families.child[name] - middle
        assert segregation.var() == pytest.approx(0.5, rel=0.03)
        assert abs(np.corrcoef(segregation, middle)[0, 1]) < BOUND / np.sqrt(len(middle))


def test_the_two_backgrounds_are_independent(grown: Population) -> None:
    founders = grown.lives[grown.lives["mother"] == 0]
    assert_correlation(founders[POLYGENES[0]], founders[POLYGENES[1]], 0.0)


# ------------------------------------------------------------------------------- traits


def traits(lives: np.ndarray) -> dict[str, np.ndarray]:
    return {
        "cns_iron_trait": np.log(lives["cns_iron_trait"].astype(float)),
        "other_liability": lives["other_liability"].astype(float),
    }


EXPECTED_SD = {
    "cns_iron_trait": ("cns_iron_trait_log_sd", "cns_iron_trait_heritability"),
    "other_liability": ("other_liability_sd", "other_liability_heritability"),
}


@pytest.mark.parametrize("name", EXPECTED_SD)
def test_spread_of_the_traits_is_that_of_their_parameters(grown: Population, name: str) -> None:
    sd, _ = EXPECTED_SD[name]
    founders = grown.lives[grown.lives["mother"] == 0]
    for lives in (founders, grown.lives[grown.alive]):
        values = traits(lives)[name]
        assert values.std() == pytest.approx(grown.setting.inputs[sd], rel=0.02)
        assert values.mean() == pytest.approx(0.0, abs=0.03 * values.std())


@pytest.mark.parametrize("name", EXPECTED_SD)
def test_heritability_by_regression_on_parents(
    families: Families, grown: Population, name: str
) -> None:
    """The slope of children on the middle of their parents is the heritability (Falconer)."""
    _, heritability = EXPECTED_SD[name]
    middle = 0.5 * (traits(families.mother)[name] + traits(families.father)[name])
    child = traits(families.child)[name]
    fit = stats.linregress(middle, child)
    print(f"{name}: heritability {fit.slope:.3f} +- {fit.stderr:.3f}")
    # Siblings are not independent of one another; their correlation widens the error a little.
    expected = grown.setting.inputs[heritability]
    assert fit.slope == pytest.approx(expected, abs=BOUND * 1.3 * fit.stderr)


@pytest.mark.parametrize("name", EXPECTED_SD)
def test_twins_share_what_is_genetic(families: Families, grown: Population, name: str) -> None:
    heritability = grown.setting.inputs[EXPECTED_SD[name][1]]
    one, other = families.pairs(father=True, twin=MONOZYGOTIC)
    assert_correlation(traits(one)[name], traits(other)[name], heritability)
    one, other = families.pairs(father=True, twin=DIZYGOTIC)
    assert_correlation(traits(one)[name], traits(other)[name], 0.5 * heritability)


def test_genes_join_low_cns_iron_and_other_liability(grown: Population) -> None:
    """The correlation of the polygenic parts is the parameter, less in the traits themselves."""
    values = grown.setting.inputs
    founders = grown.lives[grown.lives["mother"] == 0]
    found = traits(founders)
    tables = grown.setting.inputs
    spread = 2.0 * tables.allele_frequency * (1.0 - tables.allele_frequency)
    genetic = {
        "cns_iron_trait": values.cns_iron_trait_heritability * values.cns_iron_trait_log_sd**2
        - (spread * tables.allele_cns_iron**2).sum(),
        "other_liability": values.other_liability_heritability * values.other_liability_sd**2
        - (spread * tables.allele_liability**2).sum(),
    }
    covariance = -values.shared_polygenes_correlation * np.sqrt(np.prod(list(genetic.values())))
    expected = covariance / (values.cns_iron_trait_log_sd * values.other_liability_sd)
    assert_correlation(found["cns_iron_trait"], found["other_liability"], expected)


def test_risk_alleles_lower_cns_iron_or_raise_liability(grown: Population) -> None:
    lives, tables = grown.lives[grown.lives["mother"] == 0], grown.setting.inputs
    for locus in LOCI:
        copies = alleles(lives, locus).sum(axis=1)
        for name, effect in (
            ("cns_iron_trait", tables.allele_cns_iron[locus]),
            ("other_liability", tables.allele_liability[locus]),
        ):
            fit = stats.linregress(copies, traits(lives)[name])
            assert fit.slope == pytest.approx(effect, abs=BOUND * fit.stderr)
    assert (tables.allele_cns_iron <= 0).all()
    assert (tables.allele_liability >= 0).all()


# ------------------------------------------------------------------------------- odds ratios


@pytest.mark.parametrize("parameters", [{}, STEEP])
def test_studies_find_the_published_odds_ratios(parameters: dict[str, float]) -> None:
    """In 200,000 founders, each a case by the long-run prevalence of liability at full supply."""
    setting = make_setting(size=200, parameters=parameters)
    p = with_key(setting.inputs, 20190701)
    size, carried, shares = 20_000, [], []
    for block in range(10):
        lives, bodies = newborn_records(LIFE, size), newborn_records(BODY, size)
        found(lives, bodies, np.zeros(size, int), np.zeros(size, int), block, 0, p)
        carried.append(np.stack([alleles(lives, locus).sum(axis=1) for locus in LOCI]))
        lacking = np.maximum(1.0 - lives["cns_iron_trait"].astype(float), 0.0)
        deficit = p.deficit_effect * lacking**2 * (1 - p.deficit_convexity * (1 - lacking))
        liability = lives["other_liability"] + deficit + p.structural_deficit_effect * lacking
        liability += p.age_liability * (45 - 20) / (64 - 20) - p.liability_threshold
        odds = np.exp(np.clip(liability / p.liability_scale, -50, 50))
        odds *= p.onset_per_month / p.remission_per_month
        shares.append(np.where(liability >= p.significant_liability, odds / (1 + odds), 0.0))
    copies, share = np.concatenate(carried, axis=1), np.concatenate(shares)
    published = read_table(DATA / "loci.csv", LOCUS_COLUMNS).numbers("odds_ratio")
    for locus, name in enumerate(LOCUS_NAMES):
        cases, others = (
            np.array([(each * (2 - copies[locus])).sum(), (each * copies[locus]).sum()])
            for each in (share, 1 - share)
        )
        odds_ratio = (cases[1] / cases[0]) / (others[1] / others[0])
        error = np.sqrt((1 / cases).sum())
        print(f"{name}: {odds_ratio:.3f}, published {published[locus]}, error {error:.3f}")
        assert np.log(odds_ratio / published[locus]) == pytest.approx(0.0, abs=BOUND * error)


# ------------------------------------------------------------------------------- drift


def test_genes_of_the_living_come_from_many_ancestors(grown: Population) -> None:
    """Genes drift by how unequally people pass them on.

    The variance of the living's mean background, between populations that differ by genes alone, is
    the sum over ancestors of the squared share of the living's genes that comes from them, half of it
    where they had parents. Were people unrelated, it would be one over their number.
    """
    lives = np.asarray(grown.lives)
    share = np.where(grown.alive, 1.0 / grown.alive.sum(), 0.0)
    order = np.argsort(lives["uid"])
    known = lives["uid"][order]
    parents = [
        np.where(lives[name] > 0, order[np.searchsorted(known, lives[name]) % len(known)], -1)
        for name in ("mother", "father")
    ]
    for person in np.argsort(-lives["birth_month"], kind="stable"):
        for parent in parents:
            if parent[person] >= 0:
                share[parent[person]] += 0.5 * share[person]
    founder = lives["mother"] == 0
    times = [
        grown.alive.sum() * factor * (share[group] ** 2).sum()
        for group, factor in ((founder, 1.0), (~founder, 0.5))
    ]
    print(f"variance of the mean, times people: founders {times[0]:.2f}, later {times[1]:.2f}")
    assert times[0] < 6.5
    assert times[1] < 4.5
