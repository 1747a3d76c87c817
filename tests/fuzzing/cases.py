"""What is damaged, and what is typed then."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fuzzing.mutating import JUNK, KEYS, mutated
from rlsabm.demography.countries import COUNTRIES
from rlsabm.exposures.catalogue.condition import SHIPPED_CATALOGUE
from rlsabm.scenario.resolving import NO_SCENARIOS

CHECKOUT = Path(__file__).parents[2]
SCENARIOS = sorted(
    path for path in (CHECKOUT / "scenarios").glob("*.yaml") if path.stem not in NO_SCENARIOS
)
#: A scenario that says something of everything.
FULL = """\
title: "Everything: a scenario"
description: It says something of everything.
base: baseline
population: {country: denmark, size: 1_000, founders_years_before: 130, block_size: 250_000}
observe:
  years: [2018, 2019]
  by: [sex, age_group, parity]
  age_groups: [0, 18, 35, 50, 65, 80]
  as: [true, CH-RLSq]
  persons: 0.1
  events: true
parameters: {dopamine_share: 0.7, deficit_effect: 2.5}
conditions:
  blood_donation:
    jurisdiction: denmark
    ferritin_deferral: {below: 30, months: 6}
    supplements: {uptake: 0.5, milligrams_per_day: 19, days: 60}
  pregnancy.supplements: {uptake: 0.9, milligrams_per_day: 60, from_month: 3}
  dialysis.intravenous_iron: {milligrams_per_month: 200, ferritin_below: 500,
    transferrin_saturation_below: 30}
  coeliac_disease.absorption_factor: 0.6
  plasma_donation:
    label: frequent plasma donation
    definition: gives plasma at least twice a month
    ages: [0, 18, 25, 40, 65]
    prevalence: [0.0, 0.01, 0.02, 0.01, 0.002]
    duration_years: 2
    blood_loss_ml_per_day: 0.8
    source: An example; all figures are assumed.
shifts: {conditions: [blood_donation, plasma_donation, multiple_sclerosis], postulates: true}
arms:
  ferritin ≥ 30: {conditions.blood_donation.ferritin_deferral: null}
  no plasma: {conditions.plasma_donation.enabled: false}
runs: {draws: 2, replicates: 2, seed: 7}
"""
#: Keys as people type them after ``--set``.
DOTTED_KEYS = (
    "population.size", "runs.draws", "observe.by", "parameters.deficit_effect",
    "conditions.plasma_donation.prevalence", "arms.no plasma.parameters.dopamine_share",
)  # fmt: skip
#: Verbs that read a scenario and write nothing.
READING = (
    ["check", "s.yaml"],
    ["check", "s.yaml"],
    ["show", "s.yaml"],
    ["show", "s.yaml", "--json"],
    ["conditions", "--of", "s.yaml"],
)
RUN = ["run", "s.yaml", "--set", "population.size=100", "--set", "runs.draws=1",
       "--set", "runs.replicates=1", "--set", "observe.persons=0", "--workers", "1"]  # fmt: skip
OF_A_STUDY = (
    ["status", "outputs/study"],
    ["compare", "outputs/study"],
    ["compare", "outputs/study", "--json"],
    ["export", "outputs/study"],
    ["check", "outputs/study/manifest.json"],
    ["resume", "outputs/study", "--workers", "1"],
    ["run", "s.yaml", "--out", "outputs/study", "--workers", "1"],
)


@dataclass(frozen=True)
class Case:
    """A damaged file and a command.

    Attributes
    ----------
    kind
        What was damaged.
    damage
        How.
    command
        Words after ``rlsabm``.
    """

    kind: str
    damage: str
    command: list[str]


Maker = Callable[[random.Random, Path, Path], Case]


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def a_scenario(chance: random.Random, folder: Path, study: Path) -> Case:
    """A scenario file is damaged."""
    sources = [FULL.encode(), FULL.encode(), *(path.read_bytes() for path in SCENARIOS)]
    content, damage = mutated(chance, chance.choice(sources), text=True)
    _write(folder / "s.yaml", content)
    command = RUN if chance.random() < 0.03 else chance.choice(READING)
    return Case("scenario", damage, command)


def a_base(chance: random.Random, folder: Path, study: Path) -> Case:
    """The base of a scenario is damaged."""
    content, damage = mutated(chance, FULL.encode(), text=True)
    _write(folder / "other.yaml", content)
    _write(folder / "s.yaml", b"title: t\nbase: other\nruns.draws: 1\n")
    return Case("base", damage, chance.choice(READING))


def a_setting(chance: random.Random, folder: Path, study: Path) -> Case:
    """A ``--set`` is odd."""
    _write(folder / "s.yaml", FULL.encode())
    keys = [*KEYS, *DOTTED_KEYS]
    odd = [junk for junk in JUNK if "\0" not in junk]
    text = chance.choice(["=", "=", "=", " = ", ""]).join([chance.choice(keys), chance.choice(odd)])
    content, damage = mutated(chance, text.encode(), text=True)
    text = chance.choice([text, content.decode("utf-8", "replace").replace("\0", "")])
    return Case("--set", damage, [*chance.choice(READING), "--set", text])


def a_country(chance: random.Random, folder: Path, study: Path) -> Case:
    """A table or the settings of a country are damaged."""
    shutil.copytree(COUNTRIES / "denmark", folder / "land")
    path = chance.choice(sorted(path for path in (folder / "land").iterdir() if path.is_file()))
    content, damage = mutated(chance, path.read_bytes(), text=True)
    path.write_bytes(content)
    _write(folder / "s.yaml", b"title: t\npopulation: {country: land, size: 500}\n")
    command = RUN if chance.random() < 0.03 else ["check", "s.yaml"]
    return Case("country", f"{path.name}: {damage}", command)


def a_condition(chance: random.Random, folder: Path, study: Path) -> Case:
    """A block of the catalogue, copied into a scenario, is damaged."""
    blocks = SHIPPED_CATALOGUE.read_text(encoding="utf-8").split("\n\n")
    block = chance.choice([text for text in blocks if "\n  source:" in text])
    block = block[block.index("\n") + 1 :] if block.startswith("#") else block
    content, damage = mutated(chance, block.encode(), text=True)
    indented = b"\n".join(b"  " + line for line in content.split(b"\n"))
    _write(folder / "s.yaml", b"title: t\nbase: baseline\nconditions:\n" + indented)
    return Case("condition", damage, chance.choice(READING))


def a_manifest(chance: random.Random, folder: Path, study: Path) -> Case:
    """The manifest of a study, given as a scenario, is damaged."""
    manifest = json.loads((study / "manifest.json").read_text(encoding="utf-8"))
    if chance.random() < 0.5:
        part = chance.choice([manifest, manifest["scenario"], manifest["layers"]])
        part[chance.choice(list(part))] = chance.choice(
            [
                None,
                1,
                -1,
                "text",
                [],
                {},
                True,
                "../../evil",
                [[]],
                {"a": {"b": 1}},
                1e300,
                "\x1b[2J",
            ]
        )
        content, damage = json.dumps(manifest).encode(), "another value"
    else:
        content, damage = mutated(chance, json.dumps(manifest, indent=2).encode(), text=True)
    name = chance.choice(["s.yaml", "manifest.json"])
    _write(folder / name, content)
    words = chance.choice(["check", "show"]) if chance.random() > 0.05 else "run"
    command = [words, name, *(RUN[2:] if words == "run" else [])]
    return Case("manifest", damage, command)


def a_study(chance: random.Random, folder: Path, study: Path) -> Case:
    """A file of a finished study is damaged."""
    there = folder / "outputs" / "study"
    shutil.copytree(study, there)
    path = chance.choice(sorted(path for path in there.rglob("*") if path.is_file()))
    if chance.random() < 0.1:
        path.unlink()
        damage = "removed"
    else:
        text = path.suffix in (".json", ".yaml")
        content, damage = mutated(chance, path.read_bytes(), text=text)
        path.write_bytes(content)
    _write(folder / "s.yaml", (study.parent.parent / "s.yaml").read_bytes())
    weights = [3, 3, 1, 2, 2, 1, 1]
    command = chance.choices(OF_A_STUDY, weights)[0]
    return Case("study", f"{path.relative_to(there)}: {damage}", command)


#: How often each is damaged.
MAKERS: dict[Maker, int] = {
    a_scenario: 40, a_base: 6, a_setting: 8, a_country: 20, a_condition: 10, a_manifest: 8, a_study: 8,
}  # fmt: skip


def make_case(chance: random.Random, folder: Path, study: Path) -> Case:
    """Damage something below a folder; ``study`` is a finished small study to copy."""
    [maker] = chance.choices(list(MAKERS), list(MAKERS.values()))
    return maker(chance, folder, study)
