"""A population as a Mesa model: stepped month by month, looked at person by person.

Mesa is the door for exploring, teaching and trying out; studies run populations without it and get
the same numbers.  The rules know nothing of Mesa and never draw from ``model.random`` or
``model.rng``: those serve what a user does with agents, such as :meth:`People.shuffle`.

``import mesa`` forces the start method of multiprocessing to "spawn".  Nothing here relies on it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from inspect import getclosurevars, signature
from types import FunctionType
from typing import Any, ClassVar, NoReturn

import mesa
import numpy as np
from numpy.typing import NDArray

from rlsabm.arrays import Ints, Uids, is_time
from rlsabm.chance import replicate_keys
from rlsabm.conventions import month_of
from rlsabm.declaring.bounds import mapping, plain, refusal, whole_number, yes_or_no
from rlsabm.demography.births import MOST_YEARS
from rlsabm.errors import UserError, nearest
from rlsabm.mesa.people import People
from rlsabm.mesa.person import LAST_UID, Person, check_attribute
from rlsabm.mesa.treating import Treating
from rlsabm.parameter_table import PARAMETERS
from rlsabm.population import Population
from rlsabm.setting import make_setting
from rlsabm.study.settings import care_of, catalogue_of, read_scenario

NO_UIDS, NO_ROWS = np.zeros(0, dtype=np.uint64), np.zeros(0, dtype=np.int64)


def read_month(date: int | str) -> int:
    """Month number of a year (its January), or of a month written as ``"2019-07"``.

    Raises
    ------
    UserError
        If it is neither.
    """
    written = "" if is_time(date) else str(plain(date))
    match = re.fullmatch(r"([0-9]{4})(?:-(0[1-9]|1[0-2]))?", written)
    if match is None:
        raise refusal("start", date, "a year such as 2019, or a month such as '2019-07'")
    return month_of(int(match[1]), int(match[2] or 1))


def write_month(month: int) -> str:
    """A month number as ``"2019-07"``."""
    return f"{month // 12}-{month % 12 + 1:02d}"


def count_people(model: RLSModel) -> int:
    """People alive."""
    return len(model.agents)


def rls_prevalence(model: RLSModel) -> float:
    """Share of people of all ages with RLS in the last month lived."""
    people = model.agents
    return float(people.agg("has_rls", np.mean)) if len(people) else math.nan


#: What `RLSModel` says of parameters, conditions, treatments or care that are no mapping.
BY_NAME = "a mapping by name; mesa.batch_run takes a list of mappings"
BY_KEY = "a mapping such as {'presets': ['usual_care']}; mesa.batch_run takes a list of mappings"


class ArgumentError(UserError, TypeError):
    """An argument that a model does not have."""


def _values_and_settings(given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Arguments beyond those of the signature: values of parameters, and settings of conditions.

    Raises
    ------
    ArgumentError
        If one is neither.
    """
    for name in given:
        if name not in PARAMETERS and "." not in name:
            arguments = list(signature(RLSModel.__init__).parameters)[1:-1]
            near = nearest(name, [*arguments, *PARAMETERS])
            hint = f"did you mean {near!r}?" if near else "rlsabm.parameters() lists the parameters"
            raise ArgumentError(f"{name}: neither an argument of a model nor a parameter ({hint})")
    values = {name: value for name, value in given.items() if name in PARAMETERS}
    return values, {name: value for name, value in given.items() if name not in values}


def is_of_care(name: str) -> bool:
    """Whether a dotted key is one of care or of treatments, not of conditions."""
    return name.startswith(("care.", "treatments."))


def _new_seed() -> int:
    """A seed that nobody has had before."""
    return int(np.random.SeedSequence().generate_state(1, np.uint64)[0] >> np.uint64(1))


class RLSModel(mesa.Model):  # type: ignore[misc]
    """One population, grown from its founders and stepped month by month.

    A step is a month of all people.  ``agents`` are the living; who dies in a month is no longer
    among them after it.  Those who die after the start stay in ``everyone``, so that parents can be
    looked up and a :class:`Person` in hand stays valid; those who died while the population was
    grown are forgotten.

    Parameters
    ----------
    country
        Key of a country, or path of a folder of tables.
    size
        People that a survey would ask.  So that it finds enough of every age and sex, more are
        grown: 5 % more for 200,000, 12 % for 20,000, half as many again for 2,000.
    start
        Year or month ("2019-07") that is lived first.  The population is grown for the age-sex
        structure of this year.
    seed, replicate
        Chance is a function of both; replicates of a seed are independent.  Without a seed the model
        has one of its own, so that the iterations of ``mesa.batch_run`` differ; ``model.seed`` says
        which, and gives the same people again.  A seed typed into a page comes as text.
    years
        Years that can be lived from ``start`` on: births are planned so far.
    parameters
        Values that differ from the defaults, by name.
    conditions
        What differs in conditions, as under ``conditions`` in a scenario file: settings of those with
        rules, changes of those in the catalogue, and further ones.
    care
        Who is treated, as under ``care`` in a scenario file: ``{"presets": ["usual_care"]}``, or
        ``rules``. Nobody is by default. Each treatment that a rule offers can also be given by hand
        (:meth:`People.begin_treatment`).
    treatments
        What differs in treatments, and further ones, as under ``treatments`` in a scenario file.
    jurisdiction
        Blood service whose rules apply; by default the country's own.
    threads
        Threads over slices of people; they do not change a bit of the results.
    founders_years_before
        Years before the start at which the first founders are born.
    grow
        Whether the constructor lives the months before ``start``.  Otherwise the model begins with
        the first founders.
    kwargs
        Parameters by name, and settings of conditions, care and treatments by dotted key such as
        ``blood_donation.enabled`` or ``care.rules.screening.uptake``, each as an argument of its own:
        the sliders of Mesa's pages and the variables of ``mesa.batch_run`` want it so.  They go before
        ``parameters`` and ``conditions``.

    Attributes
    ----------
    population
        The records of the people.
    datacollector
        Mesa's collector.  It collects once at the start and after each step; give another one, or
        set the class attributes ``model_reporters`` and ``agent_reporters`` in a subclass.
    treating
        Treatments of the people; ``treating.names`` are those that rules of care offer.
    steps, running
        Months lived as steps, and whether there are months left of ``years``.

    Raises
    ------
    UserError
        If the country, its tables of the year, a condition, a parameter or the start are not known, or
        a value is out of bounds.

    Examples
    --------
    >>> model = RLSModel(country="united-states", size=300, start=2019)
    >>> model.step()
    >>> model.date
    '2019-02'
    >>> women = model.agents.select(sex="female", age_years=range(15, 50))
    >>> medians = women.groupby("donor").agg("serum_ferritin_ug_per_l", np.median)
    >>> nobody_gives = RLSModel(size=300, deficit_effect=3.0, **{"blood_donation.enabled": False})
    """

    #: What the collector reports of the model, and of every person, in Mesa's notation.
    model_reporters: ClassVar[dict[str, Any]] = {
        "lived_until": "lived_until",
        "seed": "seed",
        "replicate": "replicate",
        "people": count_people,
        "rls_prevalence": rls_prevalence,
    }
    agent_reporters: ClassVar[dict[str, Any]] = {}

    population: Population

    def __init__(
        self,
        *,
        country: str = "united-states",
        size: int = 2_000,
        start: int | str = 2019,
        seed: int | str | None = None,
        replicate: int = 0,
        years: int = 10,
        parameters: Mapping[str, float] | None = None,
        conditions: Mapping[str, Any] | None = None,
        care: Mapping[str, Any] | None = None,
        treatments: Mapping[str, Any] | None = None,
        jurisdiction: str | None = None,
        threads: int = 1,
        founders_years_before: int = 130,
        grow: bool = True,
        **kwargs: Any,
    ) -> None:
        values, settings = _values_and_settings(kwargs)
        first = read_month(start)
        if isinstance(seed, str) and re.fullmatch("[0-9]{1,19}", seed):
            seed = int(seed)
        self.seed = _new_seed() if seed is None else whole_number("seed", seed, 0, 2**63 - 1)
        self.replicate = whole_number("replicate", replicate, 0, 99_999)
        # Mesa 3.3 takes ``seed`` or ``rng``, later versions only ``rng``.
        super().__init__(rng=self.seed)
        changes = dict(mapping("conditions", conditions, BY_NAME))
        if jurisdiction is not None:
            changes["blood_donation.jurisdiction"] = jurisdiction
        of_care = {name: settings.pop(name) for name in list(settings) if is_of_care(name)}
        for name, value in settings.items():
            block, _, setting_of_it = name.partition(".")
            if isinstance(changes.get(block), Mapping):
                changes[block] = {**changes[block], setting_of_it: value}
            else:
                changes[name] = value
        scenario = read_scenario(
            {
                "title": "a model",
                "population": {
                    "country": country,
                    "size": size,
                    "founders_years_before": founders_years_before,
                },
                "conditions": changes,
                "care": mapping("care", care, BY_KEY),
                "treatments": mapping("treatments", treatments, BY_NAME),
                **of_care,
                "parameters": {**mapping("parameters", parameters, BY_NAME), **values},
            }
        ).scenario
        years = whole_number("years", years, 1, MOST_YEARS - founders_years_before - 4)
        self.last_month = first + 12 * years - 1
        try:
            setting = make_setting(
                country=country,
                size=scenario.population.size,
                survey_years=(first // 12,),
                # With less, the plan would see less of the fertility that it is calibrated to.
                last_year=max(self.last_month // 12, first // 12 + 1),
                founders_years_before=scenario.population.founders_years_before,
                parameters={**scenario.conditions.parameter_values(), **scenario.parameters},
                conditions=catalogue_of(scenario.conditions),
                care=care_of(scenario),
            )
        except UserError as error:
            raise UserError(str(error).replace("observe.years", "start", 1)) from None
        key = replicate_keys(self.seed, self.replicate + 1)[self.replicate]
        self.population = Population(
            setting, key=key, threads=whole_number("threads", threads, 1, 1024)
        )
        self.treating = Treating(self.population)
        self._has_lived: NDArray[np.bool_] | None = None
        self._index: tuple[tuple[int, int], Uids, Ints] = ((-1, 0), NO_UIDS, NO_ROWS)
        if yes_or_no("grow", grow):
            self.population.advance(first - 1)
        self.population.forget_dead = False
        self.datacollector = mesa.DataCollector(self.model_reporters, self.agent_reporters)
        self.datacollector.collect(self)

    @property
    def month(self) -> int:
        """Number of the next month to be lived: 12 x year + month of the year (January = 0)."""
        return self.population.month

    @property
    def date(self) -> str:
        """The next month to be lived, such as "2019-07"."""
        return write_month(self.month)

    @property
    def lived_until(self) -> str:
        """The last month lived, to which ages and symptoms belong."""
        return write_month(self.month - 1)

    @property
    def datacollector(self) -> mesa.DataCollector:
        """Mesa's collector; one that reports what no person has is refused (``AttributeError``)."""
        return self._collector

    @datacollector.setter
    def datacollector(self, collector: mesa.DataCollector) -> None:
        for reporter in collector.agent_reporters.values():
            # Mesa wraps the name of an attribute in a function that gives None where there is none:
            # of a misspelt name it would make an empty column.
            if isinstance(reporter, FunctionType):
                name = getclosurevars(reporter).nonlocals.get("attribute_name")
                if name is not None:
                    check_attribute(name)
        self._collector = collector

    # people

    @property
    def agents(self) -> People:
        """The living, a new set each time."""
        return People.in_rows(self, np.flatnonzero(self.population.alive))

    @property
    def everyone(self) -> People:
        """The living and the dead that are still held."""
        return People.in_rows(self, np.arange(len(self.population.lives)))

    @property
    def agent_types(self) -> list[type]:
        """Classes of the agents."""
        return [Person]

    @property
    def agents_by_type(self) -> dict[type, People]:
        """The living, by class."""
        return {Person: self.agents}

    def people_in_rows(self, rows: Ints) -> People:
        """People in these rows of the records."""
        return People.in_rows(self, rows)

    def rows_of(self, uids: Uids) -> Ints:
        """Rows of the records that hold these people.

        Raises
        ------
        LookupError
            If one is not held.
        """
        places, sorted_uids, rows = self._look_up(uids)
        missing = uids[sorted_uids[places] != uids] if len(rows) else uids
        if len(missing):
            raise LookupError(
                f"the model does not hold person {missing[0]}: never born, or dead and forgotten"
            )
        return rows[places]

    def find(self, uid: int) -> Person | None:
        """The person of this uid, or None if the model does not hold one."""
        uid = whole_number("uid", uid, 0, LAST_UID)
        places, sorted_uids, rows = self._look_up(np.array([uid], dtype=np.uint64))
        return Person(self, uid) if len(rows) and sorted_uids[places[0]] == uid else None

    def _look_up(self, uids: Uids) -> tuple[Ints, Uids, Ints]:
        """Places of uids in the sorted index, which is built anew when people come or rows move."""
        stamp = (self.population.layout, len(self.population.lives))
        if self._index[0] != stamp:
            held = self.population.lives["uid"]
            order = np.argsort(held)
            self._index = (stamp, held[order], order)
        _, sorted_uids, rows = self._index
        places = np.searchsorted(sorted_uids, uids)
        return np.minimum(places, len(rows) - 1), sorted_uids, rows

    def register_agent(self, agent: Any) -> NoReturn:
        """Refused: people are born or founded."""
        raise TypeError("the model holds people only, who are born or founded")

    def deregister_agent(self, agent: Any) -> NoReturn:
        """Refused: people leave by dying."""
        raise TypeError("people leave the model by dying: they cannot be removed")

    def remove_all_agents(self) -> NoReturn:
        """Refused: people leave by dying."""
        self.deregister_agent(None)

    # time

    def step(self) -> None:
        """Live one month: all those who have not lived it yet, then the newborn; then collect.

        A subclass that takes its people one by one writes::

            def step(self):
                self.open_month()
                self.agents.shuffle_do("step")
                super().step()
        """
        self.close_month()
        self.datacollector.collect(self)

    def open_month(self) -> None:
        """Let the founders of this month join, if it is not open yet.

        Raises
        ------
        UserError
            If the planned years are over.
        """
        if self._has_lived is None:
            self._check_horizon(self.month)
            self.population.receive_founders(self.month)
            self._has_lived = np.zeros(len(self.population.lives), dtype=bool)

    def live(self, rows: Ints) -> None:
        """Let the people in these rows live this month, by the compiled rules, each once.

        Raises
        ------
        RuntimeError
            If one of them has lived it already.
        """
        self.open_month()
        assert self._has_lived is not None
        rows = np.sort(rows)
        steps = np.diff(rows)
        if self._has_lived[rows].any() or (steps == 0).any():
            raise RuntimeError(
                f"a person lives {self.date} once: model.step() goes on to the next month"
            )
        self._has_lived[rows] = True
        kept = self.population.inputs
        try:
            for part, inputs in self.treating.parts(rows):
                self.population.inputs = inputs
                self._live(part)
        finally:
            self.population.inputs = kept

    def _live(self, rows: Ints) -> None:
        """Let the people in these ascending rows live; those that follow one another, together."""
        gaps = np.flatnonzero(np.diff(rows) != 1)
        firsts = rows[:1].tolist() + rows[gaps + 1].tolist()
        lasts = rows[gaps].tolist() + rows[-1:].tolist()
        for first, last in zip(firsts, lasts, strict=True):
            self.population.live(first, last + 1, self.month)

    def close_month(self) -> None:
        """Let the others live this month, let the children be born, and go on to the next month."""
        self.open_month()
        assert self._has_lived is not None
        self.live(np.flatnonzero(~self._has_lived))
        self.population.close_block(self.month)
        self._has_lived = None
        self.running = self.month <= self.last_month

    def run_for(self, months: int) -> None:
        """Live many months in the compiled loop, several times as fast as step by step.

        The collector collects once, at the end.

        Raises
        ------
        UserError
            If it is no whole number of months, or goes beyond the planned years.
        """
        months = whole_number("months", months, 0, 12 * MOST_YEARS)
        if months == 0:
            return
        until = self.month + months - 1
        self._check_horizon(until)
        if self._has_lived is not None or self.treating.waiting:
            self.close_month()
        self.population.advance(until)
        self.steps += months
        self.running = self.month <= self.last_month
        self.datacollector.collect(self)

    def _check_horizon(self, month: int) -> None:
        if month > self.last_month:
            raise UserError(
                f"births are planned until {write_month(self.last_month)}: "
                "give the model more years, RLSModel(years=...)"
            )
