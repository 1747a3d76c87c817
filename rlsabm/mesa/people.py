"""Sets of people as Mesa agents, without an object for each.

The people of a model are rows of records.  :class:`People` is Mesa's ``AgentSet`` over uids: it makes
no agents unless it must, and works on whole columns where a name is given.  Mesa's own ``AgentSet`` is
not used: it holds its members weakly and would lose every flyweight.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Iterator
from random import Random
from typing import Any, Literal

import numpy as np
from mesa.agent import Agent, AgentSet, GroupBy

from rlsabm.arrays import Bools, Ints, Uids
from rlsabm.declaring.bounds import number, plain, refusal
from rlsabm.mesa.columns import COLUMNS, FIELDS, Array, PeopleInRows, check_words, unknown_name
from rlsabm.mesa.person import PeopleModel, Person, check_attribute, field_to_write, placed


class Groups(GroupBy):  # type: ignore[misc]
    """Groups of people, aggregated by columns."""

    def agg(self, attr_name: str, func: Callable[[Any], Any]) -> dict[Any, Any]:
        """Aggregate a column in each group."""
        return {name: group.agg(attr_name, func) for name, group in self.groups.items()}


class People(AgentSet):  # type: ignore[misc]
    """An ordered set of people of one model.

    It behaves as Mesa's ``AgentSet``.  Where an attribute is named (``agg``, ``get``, ``set``,
    ``groupby``, ``sort``, the criteria of ``select``) whole columns are used; a function of a
    person makes an agent for each and is a hundred times slower.

    Changes to the set do not change the model: ``model.agents`` is a new set each time.

    Parameters
    ----------
    agents
        Persons, all of one model.
    random
        Generator for :meth:`shuffle`; the model's by default. No rule uses it.
    model
        The model; needed if there are no agents.
    """

    model: PeopleModel
    random: Random
    _uids: Uids
    _rows: Ints
    _layout: int

    def __init__(
        self,
        agents: Iterable[Person],
        random: Random | None = None,
        *,
        model: PeopleModel | None = None,
    ) -> None:
        persons = list(agents)
        if model is None:
            if not persons:
                raise ValueError("an empty set of people needs its model: People([], model=model)")
            model = persons[0].model
        self.model = model
        self.random = random or model.random
        self._update(persons)

    @classmethod
    def in_rows(cls, model: PeopleModel, rows: Ints, random: Random | None = None) -> People:
        """People in these rows of the model's records."""
        people = cls.__new__(cls)
        people.model = model
        people.random = random or model.random
        people._uids = np.asarray(model.population.lives["uid"][rows])
        people._rows, people._layout = rows, model.population.layout
        return people

    @property
    def uids(self) -> Uids:
        """Identities, in order."""
        return np.array(self._uids)

    @property
    def rows(self) -> Ints:
        """Rows of the model's records, in order: they hold until the next month."""
        layout = self.model.population.layout
        if self._layout != layout:
            self._rows, self._layout = self.model.rows_of(self._uids), layout
        return self._rows

    def _keep(self, order: Ints | Bools, inplace: bool = False) -> People:
        """Those at some places of this set."""
        kept = People.in_rows(self.model, self.rows[order], self.random)
        return self._become(kept) if inplace else kept

    def _become(self, other: People) -> People:
        self._uids, self._rows, self._layout = other._uids, other._rows, other._layout
        return self

    def _update(self, agents: Iterable[Person]) -> People:
        persons = list(dict.fromkeys(agents))
        if any(person.model is not self.model for person in persons):
            raise ValueError("the people of a set belong to one model")
        self._uids = np.array([person.uid for person in persons], dtype=np.uint64)
        self._layout = self.model.population.layout
        self._rows = self.model.rows_of(self._uids)
        return self

    # a sequence

    def __len__(self) -> int:
        return len(self._uids)

    def __iter__(self) -> Iterator[Person]:
        model, layout, new = self.model, self.model.population.layout, Person.__new__
        for uid, row in zip(self._uids.tolist(), self.rows.tolist(), strict=True):
            yield placed(new(Person), model, uid, row, layout)

    def __contains__(self, agent: object) -> bool:
        return (
            isinstance(agent, Person)
            and agent.model is self.model
            and bool((self._uids == np.uint64(agent.uid)).any())
        )

    def __getitem__(self, item: int | slice) -> Any:
        if isinstance(item, slice):
            return list(self._keep(np.arange(len(self))[item]))
        uid, row = self._uids[item].item(), self.rows[item].item()
        return placed(Person.__new__(Person), self.model, uid, row, self._layout)

    def to_list(self) -> list[Person]:
        """The people as a list."""
        return list(self)

    # columns

    def column(self, name: str) -> Array:
        """Values of a column as an array, one item a person, in words where it has labels.

        Raises
        ------
        AttributeError
            If there is no such column.
        """
        if name not in COLUMNS:
            raise AttributeError(unknown_name(name, COLUMNS, "a person"), name=name)
        return COLUMNS[name].values(PeopleInRows(self.model.population, self.rows))

    def codes(self, name: str) -> Array:
        """A field of the records as it is stored: numbers behind the words."""
        return PeopleInRows(self.model.population, self.rows).codes(name)

    def _values(self, name: str) -> Any:
        """A column as an array, or other attributes, of one person after another, as a list."""
        if name in COLUMNS:
            return self.column(name)
        return [getattr(person, name) for person in self]

    def get(
        self,
        attr_names: str | list[str],
        handle_missing: Literal["error", "default"] = "error",
        default_value: Any = None,
    ) -> list[Any]:
        """Values of one attribute, or of several, a list for each person."""
        if handle_missing not in ("error", "default"):
            raise ValueError(f"handle_missing: {handle_missing!r} is neither 'error' nor 'default'")

        def values(name: str) -> list[Any]:
            if handle_missing == "default" and not hasattr(Person, name):
                return [default_value] * len(self)
            check_attribute(name)
            found = self._values(name)
            return list(found.tolist() if isinstance(found, np.ndarray) else found)

        if isinstance(attr_names, str):
            return values(attr_names)
        return [list(each) for each in zip(*map(values, attr_names), strict=True)]

    def set(self, attr_name: str, value: Any) -> People:
        """Write a field: one value for all, or an array with one for each."""
        field_to_write(attr_name).write(self.model.population, self.rows, value)
        return self

    def agg(
        self, attribute: str, func: Callable[[Any], Any] | Iterable[Callable[[Any], Any]]
    ) -> Any:
        """Aggregate an attribute by a function, or by several."""
        values = self._values(attribute)
        return func(values) if callable(func) else [each(values) for each in func]

    # treatments

    def months_on(self, treatment: str) -> Ints:
        """Months on a treatment, one item a person; 0 for those who are not on it.

        Raises
        ------
        UserError
            If no rule of care offers it.
        """
        return self.model.treating.months_on(self.rows, treatment)

    def begin_treatment(self, treatment: str) -> People:
        """Give everybody a treatment from the next month that they live on.

        Nothing happens to those who are on it, or who are pregnant then and may not take it.

        Raises
        ------
        UserError
            If no rule of care offers it.
        """
        self.model.treating.begin(self._uids, treatment)
        return self

    def stop_treatment(self, treatment: str) -> People:
        """End a treatment now, or before it has begun.

        Raises
        ------
        UserError
            If no rule of care offers it.
        """
        self.model.treating.stop(self._uids, self.rows, treatment)
        return self

    # choosing and ordering

    def select(
        self,
        filter_func: Callable[[Person], bool] | Bools | None = None,
        at_most: float = float("inf"),
        inplace: bool = False,
        agent_type: type[Agent] | None = None,
        **criteria: Any,
    ) -> People:
        """Choose people.

        Parameters
        ----------
        filter_func
            Function of a person, or a mask with one item a person (fast).
        at_most
            Most people to choose; a float up to 1 is a share of this set.
        inplace
            Whether this set is changed, instead of a new one returned.
        agent_type
            Class of the agents.
        criteria
            What columns must be (fast): a value, several of which one must match (a list, set or
            range), or a function of the whole column that gives a mask.

        Examples
        --------
        >>> from rlsabm import RLSModel
        >>> people = RLSModel(size=300, start=2019).agents
        >>> pregnant = people.select(sex="female", age_years=range(15, 50), is_pregnant=True)
        >>> deficient = people.select(serum_ferritin_ug_per_l=lambda ferritin: ferritin < 15)
        >>> both = pregnant & deficient
        """
        if at_most != math.inf:
            number("at_most", at_most, 0, sys.maxsize)
        if isinstance(at_most, float) and at_most <= 1.0:
            at_most = int(len(self) * at_most)
        mask = np.ones(len(self), dtype=bool)
        for name, wanted in criteria.items():
            mask &= self._meets(name, wanted)
        if agent_type is not None and not issubclass(Person, agent_type):
            mask[:] = False
        if callable(filter_func):
            chosen: list[int] = []
            for place in np.flatnonzero(mask).tolist():
                if len(chosen) >= at_most:
                    break
                if filter_func(self[place]):
                    chosen.append(place)
            return self._keep(np.array(chosen, dtype=np.int64), inplace)
        if filter_func is not None:
            given = np.asarray(filter_func)
            if given.dtype != bool or given.shape != mask.shape:
                raise ValueError(f"a mask must hold {len(self)} truth values, one a person")
            mask &= given
        places = np.flatnonzero(mask)
        return self._keep(places[: int(min(at_most, len(places)))], inplace)

    def _meets(self, name: str, wanted: Any) -> Bools:
        values = self.column(name)
        if callable(wanted):
            return np.asarray(wanted(values), dtype=bool)
        several = isinstance(wanted, (list, tuple, set, frozenset, range, np.ndarray))
        options = list(wanted) if several else [wanted]
        if name in FIELDS and FIELDS[name].labels:
            check_words(FIELDS[name], options)
        elif values.dtype.kind in "iufb":
            for option in options:
                if not isinstance(plain(option), int | float):
                    raise refusal(name, option, "numbers, or a function of the whole column")
        return np.isin(values, options) if options else np.zeros(len(self), dtype=bool)

    def shuffle(self, inplace: bool = False) -> People:
        """Put the people in a random order."""
        places = list(range(len(self)))
        self.random.shuffle(places)
        return self._keep(np.array(places, dtype=np.int64), inplace)

    def sort(
        self,
        key: Callable[[Person], Any] | str,
        ascending: bool = False,
        inplace: bool = False,
    ) -> People:
        """Sort by an attribute or a function, from high to low unless ``ascending``; stable."""
        if isinstance(key, str) and key in COLUMNS:
            values = self.column(key)
            if ascending:
                places = np.argsort(values, kind="stable")
            else:
                places = len(self) - 1 - np.argsort(values[::-1], kind="stable")[::-1]
        else:
            keys = self._values(key) if isinstance(key, str) else [key(each) for each in self]
            order = sorted(range(len(self)), key=keys.__getitem__, reverse=not ascending)
            places = np.array(order, dtype=np.int64)
        return self._keep(places, inplace)

    def groupby(self, by: Callable[[Person], Any] | str, result_type: str = "agentset") -> GroupBy:
        """Group by an attribute or a function: sets of people, or lists, by value."""
        values = self._values(by) if isinstance(by, str) else [by(person) for person in self]
        places: dict[Any, Any] = {}
        if isinstance(values, np.ndarray):
            found, first, inverse = np.unique(values, return_index=True, return_inverse=True)
            members = np.split(
                np.argsort(inverse, kind="stable"), np.cumsum(np.bincount(inverse))[:-1]
            )
            for group in np.argsort(first):
                places[found[group].item()] = members[group]
        else:
            for place, value in enumerate(values):
                places.setdefault(value, []).append(place)
        groups = {value: self._keep(np.asarray(at)) for value, at in places.items()}
        if result_type == "agentset":
            return Groups(groups)
        return GroupBy({value: list(group) for value, group in groups.items()})

    # doing

    def do(self, method: str | Callable[..., Any], *args: Any, **kwargs: Any) -> People:
        """Call a method, or a function, with each person; ``do("step")`` runs the compiled loop."""
        if method == "step":
            self.model.live(self.rows[self.column("is_alive")])
        else:
            self.map(method, *args, **kwargs)
        return self

    def shuffle_do(self, method: str | Callable[..., Any], *args: Any, **kwargs: Any) -> People:
        """Call a method, or a function, with each person in random order."""
        self.shuffle().do(method, *args, **kwargs)
        return self

    def map(self, method: str | Callable[..., Any], *args: Any, **kwargs: Any) -> list[Any]:
        """Call a method, or a function, with each person, and give the results."""
        if isinstance(method, str):
            return [getattr(person, method)(*args, **kwargs) for person in self]
        return [method(person, *args, **kwargs) for person in self]

    # a set

    def add(self, agent: Person) -> None:
        """Add a person, last."""
        self._become(self | [agent])

    def discard(self, agent: Person) -> None:
        """Leave out a person, who need not be here."""
        self._become(self - [agent])

    def remove(self, agent: Person) -> None:
        """Leave out a person, who must be here."""
        if agent not in self:
            raise KeyError(agent)
        self.discard(agent)

    def clear(self) -> None:
        """Leave out everybody."""
        self._keep(np.zeros(len(self), dtype=bool), inplace=True)

    def _among(self, other: Iterable[Any]) -> People:
        """The people of this model among others."""
        if isinstance(other, People) and other.model is self.model:
            return other
        own = [each for each in other if isinstance(each, Person) and each.model is self.model]
        return People(own, self.random, model=self.model)

    def __and__(self, other: Iterable[Any]) -> People:
        return self._keep(np.isin(self._uids, self._among(other)._uids))

    def __sub__(self, other: Iterable[Any]) -> People:
        return self._keep(~np.isin(self._uids, self._among(other)._uids))

    def __or__(self, other: Iterable[Any]) -> People:
        more = self._among(other) - self
        rows = np.concatenate([self.rows, more.rows])
        return People.in_rows(self.model, rows, self.random)

    def __xor__(self, other: Iterable[Any]) -> People:
        others = self._among(other)
        return (self - others) | (others - self)

    def __rsub__(self, other: Iterable[Any]) -> People:
        return self._among(other) - self

    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__

    def __iand__(self, other: Iterable[Any]) -> People:
        return self._become(self & other)

    def __isub__(self, other: Iterable[Any]) -> People:
        return self._become(self - other)

    def __ior__(self, other: Iterable[Any]) -> People:
        return self._become(self | other)

    def __ixor__(self, other: Iterable[Any]) -> People:
        return self._become(self ^ other)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, People):
            return bool(super().__eq__(other))
        return self.model is other.model and np.array_equal(
            np.sort(self._uids), np.sort(other._uids)
        )

    def __le__(self, other: Any) -> bool:
        return len(self & other) == len(self)

    def __ge__(self, other: Any) -> bool:
        return len(self & other) == len(other)

    def __lt__(self, other: Any) -> bool:
        return self <= other and len(self) < len(other)

    def __gt__(self, other: Any) -> bool:
        return self >= other and len(self) > len(other)

    def isdisjoint(self, other: Iterable[Any]) -> bool:
        """Whether nobody is in both."""
        return len(self & other) == 0

    # copies

    def __getstate__(self) -> dict[str, Any]:
        return {"model": self.model, "uids": self._uids, "random": self.random}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.model, self._uids, self.random = state["model"], state["uids"], state["random"]
        self._rows, self._layout = np.zeros(0, dtype=np.int64), -1

    def __repr__(self) -> str:
        return f"<People: {len(self):,}>"
