"""The section that says how a study was computed, as the methods of a paper would."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rlsabm.conventions import in_words
from rlsabm.measuring.instruments import TRUTH
from rlsabm.posterior import shipped_posterior
from rlsabm.printing.words import label
from rlsabm.reporting.care_texts import care_texts, treatment_sources
from rlsabm.reporting.parts import Section, Table
from rlsabm.reporting.references import condition_sources, parameter_sources, references
from rlsabm.reporting.studied import Studied
from rlsabm.results.files import MANIFEST, SCENARIO
from rlsabm.results.tables import TABLES
from rlsabm.scenario import REFERENCE
from rlsabm.study.implied import changed_conditions
from rlsabm.wording import counted, duration, value_text

#: Versions of the manifest that a reader wants to know.
SOFTWARE = ("rlsabm", "python", "numpy", "numba", "pandas", "pyarrow")


def methods_section(studied: Studied) -> Section:
    """How the study was computed: text, seeds and versions, files, references."""
    lists: list[tuple[str, list[str]]] = [("References", references(studied))]
    if found := condition_sources(studied):
        lists.append(("Conditions traced, added or changed, and their sources", found))
    if found := treatment_sources(studied):
        lists.append(("Treatments and their sources", found))
    if found := parameter_sources(studied):
        lists.append(("Parameters that were calibrated or set, and their sources", found))
    return Section(
        "methods",
        "How it was computed",
        tuple(_texts(studied)),
        tables=(("Seeds and versions", _versions(studied)), ("Files", _files(studied))),
        lists=lists,
    )


def country_in_words(name: str) -> str:
    """A country as people write it: United States."""
    return in_words(name).replace("-", " ").title()


def _texts(studied: Studied) -> Iterator[str]:
    yield _model(studied)
    yield _survey(studied)
    yield _parameters(studied)
    if studied.traced or studied.resolved.scenario.shifts.postulates:
        yield _causes(studied)
    if len(studied.study.arms) > 1:
        yield _arms(studied)
    yield from care_texts(studied)
    yield _intervals(studied)


def _model(studied: Studied) -> str:
    scenario = studied.resolved.scenario
    country = country_in_words(scenario.population.country)
    of_country = f"the {country}" if country.startswith("United") else country
    enabled = sum(block.enabled for block in scenario.conditions.catalogue.values())
    return (
        f"We simulated {scenario.population.size:,} people of {of_country} in each run with rlsabm "
        f"{studied.manifest['software']['rlsabm']}, an agent-based model that follows every "
        "person from birth in steps of one month. Genes, growth, menses, pregnancies, blood "
        f"donations, kidney failure and {counted(enabled, 'further condition')} of the catalogue "
        "decide how much iron people take up and lose; iron in the central nervous system "
        "depends on peripheral iron and on inherited regulation; low iron there lowers "
        "dopaminergic function, and symptoms of restless legs syndrome (RLS) follow. The model "
        "implements the iron hypothesis of Allen and Earley [1] and is described after the ODD "
        "protocol [2] in its documentation."
    )


def _survey(studied: Studied) -> str:
    observe = studied.resolved.scenario.observe
    years = studied.study.years
    when = (
        str(years[0]) if len(years) == 1 else f"{', '.join(map(str, years[:-1]))} and {years[-1]}"
    )
    labels = studied.labels
    words = [label(labels, "definition", name) for name in ("any", "weekly", "significant")]
    observers = [name for name in observe.instruments if name != TRUTH]
    asked = f" The tables also hold what {' and '.join(observers)} would find." if observers else ""
    return (
        f"People alive in the middle of {when} were surveyed with the age and sex structure of "
        "the country. Unless something else is said, prevalence is that of symptoms in the "
        f"month of the survey in people of {studied.who}, by true status and not as an "
        f"instrument finds it, by three definitions: {words[0]}, {words[1]}, and {words[2]} "
        f"RLS.{asked}"
    )


def _parameters(studied: Studied) -> str:
    scenario, seeds = studied.resolved.scenario, studied.manifest["seeds"]
    runs = scenario.runs
    calibrated = len(shipped_posterior().names)
    finished = studied.manifest["units"]
    have = "has" if finished["total"] == 1 else "have"
    if runs.draws == 1:
        which = (
            f"All parameters had their defaults, which for {calibrated} calibrated ones are the "
            "means of their posterior"
        )
    elif runs.priors:
        which = f"All uncertain parameters were drawn from their priors, in {runs.draws} draws"
    else:
        which = (
            f"{calibrated} calibrated parameters were drawn together from their posterior in "
            f"{runs.draws} draws; the others kept their defaults"
        )
    own = {name: float(value) for name, value in scenario.parameters.items()}
    said = f" The scenario sets {', '.join(f'{n} = {v:g}' for n, v in own.items())}." if own else ""
    changed = [c.label for c, arm in changed_conditions(studied.resolved) if arm == REFERENCE]
    if changed:
        said += f" It adds or changes these conditions: {', '.join(changed)}."
    return (
        f"{which}. Each draw was run with {counted(runs.replicates, 'replicate')} of other random "
        f"numbers, from the seed {seeds['root']}; {finished['finished']:,} of "
        f"{counted(finished['total'], 'run')} {have} finished.{said}"
    )


def _causes(studied: Studied) -> str:
    parts = []
    if studied.traced:
        parts.append(
            "To find what a condition causes, the people surveyed lived again from birth with "
            "the same random numbers, without everything that the condition does to iron, blood "
            "and dopamine; and once more without its iron burden only. The caused shift is the "
            "difference of prevalence between the two among those who have the condition; the "
            "observed shift compares them with people without it, standardised for sex and "
            "five-year age band. Behind intervals of shifts, one person is added to each "
            "combination of case and no case, so that few people are not taken for certain [4]."
        )
    if studied.resolved.scenario.shifts.postulates:
        parts.append(
            "The postulates were tested alike: with iron stores always replete, with iron in "
            "the central nervous system always sufficient, and with its path to dopamine cut."
        )
    return " ".join(parts)


def _arms(studied: Studied) -> str:
    said = []
    for arm in studied.study.arms:
        if arm == REFERENCE:
            continue
        start = f"arms.{arm}."
        keys = [key.removeprefix(start) for key in studied.layers if key.startswith(start)]
        content = studied.resolved.arms[arm].model_dump(mode="json")
        changes = [f"{key} = {_value(content, key)}" for key in keys]
        said.append(f"“{arm}” ({'; '.join(changes) or 'changes nothing'})")
    return (
        "The same people, with the same random numbers, also lived under other rules: "
        f"{', '.join(said)}. Arms are compared with the reference run by run, "
        "with intervals at least as wide as those of the fewest people who must differ."
    )


def _value(content: Any, key: str) -> str:
    """A value of a scenario by its dotted key."""
    for part in key.split("."):
        content = content.get(part) if isinstance(content, dict) else None
    if isinstance(content, list | dict):
        return str(content)
    return content if isinstance(content, str) else value_text(content)


def _intervals(studied: Studied) -> str:
    if studied.chance_only:
        return (
            "Intervals of 95 % hold what is chance in so many people, not what is not known of "
            "the parameters, of which there are too few draws. Those of proportions are "
            "Wilson's, corrected for small counts [3]."
        )
    return (
        f"Estimates are means over {studied.draws} draws of the parameters. Intervals of 95 % "
        "hold both chance and the spread between draws, by Student's t; those of proportions "
        "are Wilson's for as many people as would be so uncertain, corrected for small counts "
        "[3]."
    )


def _versions(studied: Studied) -> Table:
    manifest = studied.manifest
    software, resources = manifest["software"], manifest["resources"]
    rows = [
        ["scenario", str(manifest["name"])],
        ["seed", str(manifest["seeds"]["root"])],
        *([name, str(software[name])] for name in SOFTWARE if name in software),
        ["hash of the package", str(software["package_hash"])],
        ["hash of the scenario", str(manifest["scenario_hash"])],
        ["run from", str(manifest["history"][0]["started"]) if manifest["history"] else "-"],
        ["person-years", f"{resources['person_months'] / 12.0:,.0f}"],
        ["time of computation", duration(resources["seconds"])],
    ]
    commit = software.get("git_commit")
    if commit:
        changed = ", with changes" if software.get("git_dirty") else ""
        rows.insert(3, ["commit", f"{commit}{changed}"])
    return Table(["what", "value"], rows)


def _files(studied: Studied) -> Table:
    rows = [
        [MANIFEST, "", "what was run, with everything resolved; it can be run again"],
        [SCENARIO, "", "the scenario with the origin of each value"],
    ]
    for name, count in studied.manifest["rows"].items():
        title = TABLES[name.split(".")[0]].title if name.split(".")[0] in TABLES else ""
        rows.append([name, f"{count:,}", title])
    return Table(["file", "rows", "what it holds"], rows, of_files=True)
