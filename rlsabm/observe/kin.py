"""Kin among people: pairs of twins, siblings, and parents with their children.

A child of whom no man in the population is the father has a father of its own, whom nobody else has:
two such children of one mother are half siblings, twins aside.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rlsabm.arrays import Bools, Ints, Uids
from rlsabm.conventions import FEMALE, MALE
from rlsabm.life.birth import DIZYGOTIC, MONOZYGOTIC

RELATIONS = {
    "monozygotic_twins": "twins of one delivery with one genome",
    "dizygotic_twins": "twins of one delivery with two genomes, of any sex",
    "full_siblings": "children of one mother and one father, of different deliveries",
    "half_siblings": "children who share one parent",
    "mother_and_child": "a mother, and a child of hers",
    "father_and_child": "a father, and a child of his",
}
#: Relations in which one is the parent of the other; in the others both are alike.
OF_PARENTS = ("mother_and_child", "father_and_child")
PAIR_SEXES = ("women", "men", "mixed")

_NOBODY = np.uint64(0)


class Pairs(NamedTuple):
    """Pairs of people by row.

    Attributes
    ----------
    first, second
        Rows of the two: the parent first; of siblings and twins the one with the lower uid, an order
        by chance that never changes.
    """

    first: Ints
    second: Ints

    def __len__(self) -> int:
        """Pairs."""
        return len(self.first)

    def where(self, chosen: Bools) -> Pairs:
        """Some of the pairs."""
        return Pairs(self.first[chosen], self.second[chosen])


def find_kin(lives: Any) -> dict[str, Pairs]:
    """All pairs of kin among people, each pair once, by relation.

    Parameters
    ----------
    lives
        Records of the people, one each. Kin who are not among them are not found.
    """
    uid, mother, father = (
        np.ascontiguousarray(lives[name]) for name in ("uid", "mother", "father")
    )
    # Copies: columns of records lie far apart in memory.
    order, twin = lives["birth_order"].copy(), lives["twin"].copy()

    of_mother = _pairs_within(mother, uid)
    one, other = of_mother
    one_delivery = order[one] == order[other]
    one_father = (father[one] == father[other]) & (father[one] != _NOBODY)
    of_father = _pairs_within(father, uid)
    two_mothers = mother[of_father.first] != mother[of_father.second]
    half = (of_mother.where(~one_delivery & ~one_father), of_father.where(two_mothers))
    return {
        "monozygotic_twins": of_mother.where(one_delivery & (twin[one] == MONOZYGOTIC)),
        "dizygotic_twins": of_mother.where(one_delivery & (twin[one] == DIZYGOTIC)),
        "full_siblings": of_mother.where(~one_delivery & one_father),
        "half_siblings": Pairs(*(np.concatenate(part) for part in zip(*half, strict=True))),
        "mother_and_child": _parents(uid, mother),
        "father_and_child": _parents(uid, father),
    }


def pair_sexes(sex: NDArray[np.uint8], pairs: Pairs) -> Ints:
    """Whether pairs are women, men or mixed: places in ``PAIR_SEXES``."""
    first, second = sex[pairs.first], sex[pairs.second]
    women = (first == FEMALE) & (second == FEMALE)
    men = (first == MALE) & (second == MALE)
    return np.where(women, 0, np.where(men, 1, 2))


def _pairs_within(parent: Uids, uid: Uids) -> Pairs:
    """All pairs of people with the same parent, the lower uid first."""
    known = np.flatnonzero(parent != _NOBODY)
    rows = known[np.lexsort((uid[known], parent[known]))]
    # Those of one parent now stand together: each is paired with all who come after him or her.
    starts = np.flatnonzero(np.diff(parent[rows], prepend=_NOBODY))
    sizes = np.diff(starts, append=len(rows))
    place = np.arange(len(rows))
    after = np.repeat(starts + sizes, sizes) - place - 1
    first = np.repeat(place, after)
    steps = np.arange(len(first)) - np.repeat(np.cumsum(after) - after, after)
    return Pairs(rows[first], rows[first + 1 + steps])


def _parents(uid: Uids, parent: Uids) -> Pairs:
    """Everybody whose parent is among the people, behind that parent."""
    if len(uid) == 0:
        return Pairs(np.zeros(0, np.int64), np.zeros(0, np.int64))
    by_uid = np.argsort(uid, kind="stable")
    place = np.minimum(np.searchsorted(uid, parent, sorter=by_uid), len(uid) - 1)
    row = by_uid[place]
    child = np.flatnonzero((uid[row] == parent) & (parent != _NOBODY))
    return Pairs(row[child], child)
