"""What a study found: its tables, and answers from them for people in a hurry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from rlsabm.declaring.bounds import refusal
from rlsabm.errors import UserError
from rlsabm.results import answers
from rlsabm.results.choosing import (
    ADULTS,
    Wanted,
    wanted_ages,
    wanted_columns,
    wanted_values,
    words_in,
)
from rlsabm.results.overview import overview_html, overview_text
from rlsabm.results.sources import unknown
from rlsabm.results.table import Kind
from rlsabm.results.tables import tables_of
from rlsabm.scenario import REFERENCE

#: How tables that a scenario must ask for are asked for.
ASKED_FOR = {
    "persons": "observe: {persons: 0.1}",
    "events": "observe: {events: true}",
    "postulates": "shifts: {postulates: true}",
    "partitions": "shifts: {postulates: true}",
    "policies": "policy: {period_years: 10}, and arms",
    "policy_counts": "policy: {period_years: 10}, and arms",
}

#: Tables that a call of `rlsabm.simulate` can make: not what a study's folder says of itself.
IN_MEMORY = (Kind.BY_RUN, Kind.ESTIMATES, Kind.LINE_LIST, Kind.BY_DRAW)


class Lives(Protocol):
    """Who can let people of a study live again (`rlsabm.study.lives.LivesOfStudy`)."""

    def life(
        self,
        uid: str | int,
        *,
        without: str | Sequence[str] | None = None,
        world: str | None = None,
        arm: str = REFERENCE,
        draw: int | None = None,
        replicate: int = 0,
        size: int | None = None,
    ) -> pd.DataFrame:
        """A life month by month, as `Study.life` gives it."""

    def lives(
        self,
        *,
        count: int = 6,
        seed: int = 0,
        definition: str = "any",
        arm: str = REFERENCE,
        draw: int | None = None,
        replicate: int = 0,
        size: int | None = None,
    ) -> pd.DataFrame:
        """People worth a look, as `Study.lives` gives them."""


class Study:
    """The results of a study.

    What `rlsabm.read` and `rlsabm.simulate` return. Tables are plain data frames. The methods answer
    the usual questions from them with tidy data frames.

    The methods never add up arms, worlds, survey years, conditions, definitions, recall periods or
    instruments. Where nothing is said, they take the reference arm, the factual world, the last survey
    year, everyone, any RLS, the month of the survey and the truth. A list of values, or a column named
    in ``by``, gives one row for each value. Sex, age group and parity are added up unless they are
    named in ``by``. Draws and replicates are combined as estimates with intervals over both;
    ``by=["draw", "replicate"]`` gives one row for each run.

    The ``attrs`` of an answer say what was chosen: ``selection``, ``units``, and ``notes`` on what a
    reader must know.

    Parameters
    ----------
    tables
        Data frames by name of the table, as Parquet files hold them: word columns are categories of
        the words that have rows, in their order; those of line lists are not ordered. The mapping
        may read a table when it is asked for it.
    arms
        Names of the arms, the reference first.
    scenario
        The resolved scenario, as `ResolvedScenario.as_mapping` gives it.
    manifest
        The manifest; empty if there is none.
    folder
        Folder of the study; None if it was never written.
    missing
        What has not finished, in words; empty if the study is complete.
    lives_again
        Who lets its people live again; None if nobody can.

    Attributes
    ----------
    arms, scenario, manifest, folder, missing
        As above.
    """

    def __init__(
        self,
        tables: Mapping[str, pd.DataFrame],
        *,
        arms: Sequence[str],
        scenario: Mapping[str, Any],
        manifest: Mapping[str, Any] | None = None,
        folder: Path | None = None,
        missing: str = "",
        lives_again: Lives | None = None,
    ) -> None:
        self._tables = tables
        self._lives_again = lives_again
        self.arms = list(arms)
        self.scenario = dict(scenario)
        self.manifest = dict(manifest or {})
        self.folder = folder
        self.missing = missing

    # What there is --------------------------------------------------------------------------------

    @property
    def title(self) -> str:
        """Title of the scenario."""
        return str(self.scenario.get("title", ""))

    @property
    def tables(self) -> Mapping[str, pd.DataFrame]:
        """All tables by name."""
        return self._tables

    @property
    def years(self) -> list[int]:
        """Survey years."""
        return [int(year) for year in self.scenario["observe"]["years"]]

    @property
    def conditions(self) -> list[str]:
        """Groups of people in whom RLS is counted, everyone among them."""
        return words_in(self.table("prevalence"), "condition")

    def table(self, name: str) -> pd.DataFrame:
        """A table as a data frame of its own, with units and meanings in its ``attrs``.

        Parameters
        ----------
        name
            Name of the table, such as ``prevalence``; ``persons`` and ``events`` are line lists.

        Raises
        ------
        UserError
            If the study has no such table, or its file is missing or damaged.
        """
        if not isinstance(name, str):
            raise refusal("table", name, "the name of a table")
        if name in self._tables:
            return self._tables[name].copy(deep=False)
        asks = f"; a scenario asks: {ASKED_FOR[name]}" if name in ASKED_FOR else ""
        if self.missing and not asks:
            raise UserError(f"the study has no table {name} yet: {self.missing}")
        if self.folder is None and name in {table.name for table in tables_of(*IN_MEMORY)}:
            raise UserError(
                f"the study was simulated without the table {name}; tables={[name]}{asks}"
            )
        if asks:
            raise UserError(f"the study has no table {name}{asks}")
        raise UserError(unknown("table", name, list(self._tables)))

    # Answers --------------------------------------------------------------------------------------

    def prevalence(
        self,
        *,
        by: str | Sequence[str] = (),
        condition: Wanted = None,
        definition: Wanted = None,
        recall: Wanted = None,
        arm: Wanted = None,
        world: Wanted = None,
        observed_as: Wanted = None,
        year: Wanted = None,
        sex: Wanted = None,
        parity: Wanted = None,
        ages: str | Sequence[str] = ADULTS,
    ) -> pd.DataFrame:
        """Prevalence of restless legs syndrome.

        Parameters
        ----------
        by
            Columns whose every value gets a row of its own, such as ``["sex", "age_group"]`` or
            ``["arm"]``.
        condition, definition, recall, arm, world, observed_as, year, sex, parity
            A value of the column, or several, which get a row each. By default everyone, ``any``,
            ``current``, the reference arm, the factual world, the truth, the last survey year, and both
            sexes and all parities together.
        ages
            ``adults`` (18 years and older, as far as age groups allow), ``all``, or one or several age
            groups.

        Returns
        -------
        pandas.DataFrame
            What tells the rows apart, ``cases`` and ``persons`` of all runs, ``prevalence``
            (proportion) and its 95 % interval ``lower``, ``upper`` over draws and replicates. Where the
            people chosen are nobody, there is a row with 0 persons.

        Raises
        ------
        UserError
            If a column or value is not known, or not counted in the world chosen.

        Examples
        --------
        >>> study.prevalence(by=["sex", "age_group"], condition="dialysis")  # doctest: +SKIP
        """
        wanted = wanted_values(
            condition=condition, definition=definition, recall=recall, arm=arm,
            world=world, observed_as=observed_as, year=year, sex=sex, parity=parity,
        )  # fmt: skip
        return answers.prevalence(
            self.table("prevalence"), wanted_columns(by), wanted_ages(ages), wanted
        )

    def trend(
        self,
        *,
        by: str | Sequence[str] = (),
        condition: Wanted = None,
        definition: Wanted = None,
        recall: Wanted = None,
        arm: Wanted = None,
        world: Wanted = None,
        observed_as: Wanted = None,
        year: Wanted = None,
        sex: Wanted = None,
        parity: Wanted = None,
        ages: str | Sequence[str] = ADULTS,
    ) -> pd.DataFrame:
        """Prevalence by survey year.

        Parameters
        ----------
        by
            Further columns whose every value gets rows of its own.
        condition, definition, recall, arm, world, observed_as, year, sex, parity, ages
            As in `prevalence`; ``year`` takes some years instead of all.

        Returns
        -------
        pandas.DataFrame
            As `prevalence` gives it, with a row for each year.

        Raises
        ------
        UserError
            If a column or value is not known, or not counted in the world chosen.
        """
        return self.prevalence(
            by=[*(column for column in wanted_columns(by) if column != "year"), "year"],
            condition=condition,
            definition=definition,
            recall=recall,
            arm=arm,
            world=world,
            observed_as=observed_as,
            year=year,
            sex=sex,
            parity=parity,
            ages=ages,
        )

    def age_standardised(
        self,
        *,
        by: str | Sequence[str] = (),
        standard: str | Mapping[Any, float] | pd.Series = answers.STUDY,
        over: str | Sequence[str] = ("age_group",),
        condition: Wanted = None,
        definition: Wanted = None,
        recall: Wanted = None,
        arm: Wanted = None,
        world: Wanted = None,
        observed_as: Wanted = None,
        year: Wanted = None,
        sex: Wanted = None,
        parity: Wanted = None,
        ages: str | Sequence[str] = ADULTS,
    ) -> pd.DataFrame:
        """Prevalence, directly standardised to one distribution of ages.

        Parameters
        ----------
        by, condition, definition, recall, arm, world, observed_as, year, sex, parity, ages
            As in `prevalence`.
        standard
            ``study``: everyone surveyed in the reference arm in the last survey, all runs together. Or
            weights (persons or shares) by age group; age groups without a weight are left out.
        over
            Strata of the standard: ``age_group``, or ``["age_group", "sex"]``, whose weights have keys
            such as ``("18-34", "female")``.

        Returns
        -------
        pandas.DataFrame
            As `prevalence` gives it; ``cases`` and ``persons`` are not standardised. The prevalence is
            missing where a stratum of the standard holds nobody. ``attrs["standard"]`` has the weights
            as shares.

        Raises
        ------
        UserError
            If a column, a value or a stratum of the standard is not known.
        """
        wanted = wanted_values(
            condition=condition, definition=definition, recall=recall, arm=arm,
            world=world, observed_as=observed_as, year=year, sex=sex, parity=parity,
        )  # fmt: skip
        return answers.age_standardised(
            self.table("prevalence"),
            wanted_columns(by),
            wanted_ages(ages),
            wanted,
            standard=standard,
            over=wanted_columns(over, "over"),
        )

    def incidence(
        self,
        *,
        by: str | Sequence[str] = (),
        event: Wanted = None,
        condition: Wanted = None,
        arm: Wanted = None,
        world: Wanted = None,
        year: Wanted = None,
        sex: Wanted = None,
        parity: Wanted = None,
        ages: str | Sequence[str] = ADULTS,
    ) -> pd.DataFrame:
        """Events in the twelve months after the survey, among the people surveyed.

        Parameters
        ----------
        event
            An event such as ``first RLS onset``, or several; by default all.
        by, condition, arm, world, year, sex, parity, ages
            As in `prevalence`.

        Returns
        -------
        pandas.DataFrame
            What tells the rows apart, ``events`` and ``person_years`` of all runs, ``rate_per_1000``
            person-years and its 95 % interval ``lower``, ``upper``: of a Poisson rate for one run,
            wider where replicates and draws differ by more. Onsets and donations of one person cluster,
            which only replicates show.

        Raises
        ------
        UserError
            If a column or value is not known.
        """
        wanted = wanted_values(
            event=event, condition=condition, arm=arm, world=world, year=year,
            sex=sex, parity=parity,
        )  # fmt: skip
        return answers.incidence(
            self.table("incidence"), wanted_columns(by), wanted_ages(ages), wanted
        )

    def biomarkers(
        self,
        *,
        by: str | Sequence[str] = (),
        biomarker: Wanted = None,
        condition: Wanted = None,
        arm: Wanted = None,
        world: Wanted = None,
        observed_as: Wanted = None,
        year: Wanted = None,
        sex: Wanted = None,
        ages: str | Sequence[str] = ADULTS,
    ) -> pd.DataFrame:
        """Biomarkers: means, spread and percentiles.

        Parameters
        ----------
        biomarker
            A biomarker such as ``ferritin_ug_per_l``, or several; by default all.
        observed_as
            The truth, or ``measured`` by assay or scan.
        by, condition, arm, world, year, sex, ages
            As in `prevalence`.

        Returns
        -------
        pandas.DataFrame
            What tells the rows apart, ``persons`` of all runs, arithmetic ``mean`` with its 95 %
            interval ``lower``, ``upper``, ``sd`` between people, ``geometric_mean``, and percentiles
            ``p5`` to ``p95`` as means over runs. Percentiles are missing in rows for which cells of the
            table had to be added up.

        Raises
        ------
        UserError
            If a column or value is not known.
        """
        wanted = wanted_values(
            biomarker=biomarker, condition=condition, arm=arm, world=world,
            observed_as=observed_as, year=year, sex=sex,
        )  # fmt: skip
        return answers.biomarkers(
            self.table("biomarkers"), wanted_columns(by), wanted_ages(ages), wanted
        )

    def shifts(
        self,
        *,
        by: str | Sequence[str] = (),
        estimate: Wanted = None,
        condition: Wanted = None,
        definition: Wanted = None,
        recall: Wanted = None,
        arm: Wanted = None,
        observed_as: Wanted = None,
        year: Wanted = None,
        sex: Wanted = None,
        parity: Wanted = None,
        ages: str | Sequence[str] = ADULTS,
    ) -> pd.DataFrame:
        """Shifts of prevalence by condition: observed, caused, and mediated by iron.

        Parameters
        ----------
        by
            One stratum, or sex and age group; or columns as in `prevalence`.
        estimate
            An estimate such as ``caused_shift``, or several; by default the observed and the caused
            shift, as far as the study has them.
        condition
            A condition or several; by default all.
        definition, recall, arm, observed_as, year, sex, parity, ages
            As in `prevalence`; estimates are of adults, or of one age group.

        Returns
        -------
        pandas.DataFrame
            Rows of the table of shifts: ``value``, ``lower``, ``upper``, ``monte_carlo_error``,
            ``parameter_sd``, and the counts behind them.

        Raises
        ------
        UserError
            If a column or value is not known, or the study has no such estimate.
        """
        wanted = wanted_values(
            estimate=estimate, condition=condition, definition=definition,
            recall=recall, arm=arm, observed_as=observed_as, year=year, sex=sex,
            parity=parity,
        )  # fmt: skip
        return answers.shifts(self.table("shifts"), wanted_columns(by), wanted_ages(ages), wanted)

    def postulates(
        self,
        *,
        by: str | Sequence[str] = (),
        postulate: Wanted = None,
        part: Wanted = None,
        condition: Wanted = None,
        definition: Wanted = None,
        recall: Wanted = None,
        arm: Wanted = None,
        year: Wanted = None,
        sex: Wanted = None,
    ) -> pd.DataFrame:
        """The postulates of the iron hypothesis as experiments; adults.

        Parameters
        ----------
        postulate, part
            ``P1`` to ``P4``, and what is estimated; by default all that there are.
        condition
            A condition or several; by default everyone. The first postulate is about conditions only.
        by, definition, recall, arm, year, sex
            As in `prevalence`.

        Returns
        -------
        pandas.DataFrame
            Rows of the table of postulates: ``value``, ``lower``, ``upper``, ``monte_carlo_error``,
            ``parameter_sd``, and the counts behind them.

        Raises
        ------
        UserError
            If a column or value is not known, or the scenario did not ask for postulates.
        """
        wanted = wanted_values(
            postulate=postulate, part=part, condition=condition, definition=definition,
            recall=recall, arm=arm, year=year, sex=sex,
        )  # fmt: skip
        return answers.postulates(self.table("postulates"), wanted_columns(by), wanted)

    # Single lives -----------------------------------------------------------------------------------

    def life(
        self,
        uid: str | int,
        *,
        without: str | Sequence[str] | None = None,
        world: str | None = None,
        arm: str = REFERENCE,
        draw: int | None = None,
        replicate: int = 0,
        size: int | None = None,
    ) -> pd.DataFrame:
        """The life of one person month by month, beside the same life without what it bore.

        The people of the run are grown again when the first of them is asked for, which takes as long
        as it took the study; further lives of the run take no time.

        Parameters
        ----------
        uid
            The person: as in the table ``persons`` or in `lives` (hexadecimal digits), or a number.
            Anybody surveyed in any year can be asked for.
        without
            Condition, or several at once, without whose burden the same life is lived beside. By
            default all that touched this body, among those that the study traces shifts to (all
            conditions if it names none). An empty list gives the factual life alone.
        world
            Instead of that a world as tables name it, such as ``without the iron burden of pregnancy``
            or ``iron stores always replete``.
        arm, draw, replicate
            The run; by default the reference arm and the first draw and replicate.
        size
            As in `lives`, of which the uid then is.

        Returns
        -------
        pandas.DataFrame
            A row for each world and month from birth to the last survey, or to death:
            ``stores_ferritin_ug_per_l``, ``haemoglobin_g_per_l``, ``cns_iron_exchangeable``,
            ``dopamine_deficit``, ``liability``, ``rls``, ``rls_significant`` and others as they truly
            were; and what happened in the month, alike in all worlds (``month_of_pregnancy``,
            ``delivery``, ``donation``, ``kidney``, ``conditions``). ``attrs`` hold units, meanings,
            the person, and what was chosen.

        Raises
        ------
        UserError
            If nobody of this uid was surveyed in the run, a name is not known, or another version of
            the package ran the study.

        Examples
        --------
        >>> life = study.life("0123456789abcdef", without="blood_donation")  # doctest: +SKIP
        """
        return self._again().life(
            uid,
            without=without,
            world=world,
            arm=arm,
            draw=draw,
            replicate=replicate,
            size=size,
        )

    def lives(
        self,
        *,
        count: int = 6,
        seed: int = 0,
        definition: str = "any",
        arm: str = REFERENCE,
        draw: int | None = None,
        replicate: int = 0,
        size: int | None = None,
    ) -> pd.DataFrame:
        """People whose lives are worth a look.

        First adults who have RLS at the last survey, but would not have it without a condition, by
        condition in turn; then at least one with RLS and one without, by lot. The first show strong
        effects and are no sample, as ``attrs["notes"]`` say.

        Parameters
        ----------
        count
            How many people.
        seed
            Of the lottery; another seed gives other people.
        definition
            ``any``, ``weekly`` or ``significant``.
        arm, draw, replicate
            As in `life`.
        size
            People to be surveyed in place of the study's: a smaller population under the same scenario
            and parameters takes less time to grow. These are other lives than those of the study, even
            where a uid is the same, and in no table of it.

        Returns
        -------
        pandas.DataFrame
            A row a person: ``uid``, why the person was ``chosen``, the condition ``without`` which
            there would be no RLS (for `life`; empty for people by lot), ``sex``, ``age``, ``rls``.

        Raises
        ------
        UserError
            If a name is not known, or another version of the package ran the study.
        """
        return self._again().lives(
            count=count,
            seed=seed,
            definition=definition,
            arm=arm,
            draw=draw,
            replicate=replicate,
            size=size,
        )

    def _again(self) -> Lives:
        if self._lives_again is None:
            raise UserError(
                "this study holds tables only, so that nobody can live again; rlsabm.read and "
                "rlsabm.simulate give studies whose people can"
            )
        return self._lives_again

    # In a notebook --------------------------------------------------------------------------------

    def __repr__(self) -> str:
        return overview_text(self)

    def _repr_html_(self) -> str:
        return overview_html(self)
