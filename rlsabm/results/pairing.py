"""Runs of two arms with the same chance and the same parameters, which can be compared in pairs."""

from __future__ import annotations

from typing import NamedTuple

from rlsabm.results.sources import Source, read_rows

Repetition = tuple[int, int]  # draw and replicate


class Pairing(NamedTuple):
    """Runs of two arms.

    Attributes
    ----------
    of_a, of_b
        All runs of each.
    pairs
        Runs that both have with the same chance and the same draw of the parameters.
    why_not
        Why none are paired; empty where some are.
    """

    of_a: list[Repetition]
    of_b: list[Repetition]
    pairs: list[Repetition]
    why_not: str = ""

    @property
    def draws(self) -> int:
        """Draws of the parameters behind A."""
        return len({draw for draw, _ in self.pairs or self.of_a})


def runs_of(side: Source) -> dict[Repetition, str]:
    """Runs of an arm that its tables hold, with the key of their chance.

    Of a study that has not finished, these are some only.
    """
    held = read_rows(side, "prevalence", ["draw", "replicate"], []).drop_duplicates()
    units = read_rows(side, "runs", ["draw", "replicate", "key"], []).drop_duplicates()
    runs = held.merge(units, on=["draw", "replicate"]).sort_values(["draw", "replicate"])
    places = zip(runs["draw"].tolist(), runs["replicate"].tolist(), strict=True)
    return dict(zip(places, runs["key"].astype(str).tolist(), strict=True))


def pair_runs(a: Source, b: Source) -> Pairing:
    """Runs of two arms, and which of them have the same chance and parameters.

    Arms of one study pair run by run.  Runs of two studies do where draw and replicate, seed and key
    are the same, the same people are asked for, and every parameter that both studies draw has the
    same value: what a scenario sets itself may differ, for that is what is compared.
    """
    keys = [runs_of(side) for side in (a, b)]
    of_a, of_b = list(keys[0]), list(keys[1])
    pairs = [run for run in of_a if keys[1].get(run) == keys[0][run]]
    if a.folder.resolve() == b.folder.resolve():
        return Pairing(of_a, of_b, pairs)
    if a.seed != b.seed:
        return Pairing(of_a, of_b, [], "other seeds")
    if a.people != b.people:
        return Pairing(of_a, of_b, [], "other populations")
    if not pairs:
        return Pairing(of_a, of_b, [], "no draw and replicate in common")
    same = _draws_in_common(a, b)
    pairs = [(draw, replicate) for draw, replicate in pairs if draw in same]
    return Pairing(of_a, of_b, pairs, "" if pairs else "other draws of the parameters")


def _draws_in_common(a: Source, b: Source) -> set[int]:
    """Draws in which all parameters that both studies draw have the same values."""
    values = []
    for side in (a, b):
        rows = read_rows(side, "draws", ["draw", "parameter", "value"], [])
        rows["parameter"] = rows["parameter"].astype(str)
        values.append(rows.pivot(index="draw", columns="parameter", values="value"))
    draws = values[0].index.intersection(values[1].index)
    names = values[0].columns.intersection(values[1].columns)
    drawn = [name for name in names if all(table[name].nunique() > 1 for table in values)]
    same = (values[0].loc[draws, drawn] == values[1].loc[draws, drawn]).all(axis=1)
    return {int(draw) for draw in draws[same.to_numpy()]}
