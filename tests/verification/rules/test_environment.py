"""The changing environment of single people, against its formulas."""

from __future__ import annotations

from math import log, sqrt
from typing import Any

import numpy as np
import pytest
from rule_tools import EXACT, KEY, NOW, inputs, person, plain

from rlsabm.chance import at, normal, once
from rlsabm.life.environment import NEW_ENVIRONMENT, be_born_into_environment, change_environment
from rlsabm.life.genome import ENVIRONMENT

#: Standard deviation between environments at the parameters of these tests.
SD = sqrt(1.25**2 * (1 - 0.6))


def waiting(u: float) -> int:
    """Exponential quantile at a mean of four years, in whole months, at least one."""
    return max(1, int(0.5 - 48 * log(1 - u)))


def born(uid: int) -> Any:
    life, _ = person(uid=uid, age=0, other_liability=0.4)
    plain(be_born_into_environment)(life, inputs())
    return life


def test_newborns_add_their_environment_to_what_they_inherit() -> None:
    for uid in (1, 2, 3):
        life = born(uid)
        _, liability, until, _ = plain(once)(np.uint64(KEY), np.uint64(uid), ENVIRONMENT)
        assert life.environmental_liability == pytest.approx(
            SD * plain(normal)(liability), rel=EXACT
        )
        assert life.other_liability == pytest.approx(0.4 + life.environmental_liability, rel=EXACT)
        assert life.environment_until == NOW + waiting(until)


def test_a_change_leaves_what_is_inherited() -> None:
    for uid in (1, 2, 3):
        life = born(uid)
        for month in (NOW + 17, NOW + 90):
            plain(change_environment)(life, month, inputs())
            liability, until, _, _ = plain(at)(
                np.uint64(KEY), np.uint64(uid), month, NEW_ENVIRONMENT
            )
            expected = SD * plain(normal)(liability)
            assert life.environmental_liability == pytest.approx(expected, rel=EXACT)
            assert life.other_liability == pytest.approx(0.4 + expected, abs=EXACT)
            assert life.environment_until == month + waiting(until)


def test_environments_have_what_inheritance_leaves_of_the_variance() -> None:
    """Loci are part of what is inherited, though their effects are larger than their share."""
    assert inputs().environmental_liability_sd == pytest.approx(SD)
    assert inputs(other_liability_heritability=1.0).environmental_liability_sd == 0.0
    found = inputs(find_loci=True, other_liability_heritability=0.0)
    of_loci = np.array([0.42, 0.4352, 0.42, 0.5]) @ found.allele_liability[2:6] ** 2
    assert found.environmental_liability_sd == pytest.approx(sqrt(1.25**2 - of_loci))
