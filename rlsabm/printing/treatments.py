"""Treatments and presets of care, listed and explained."""

from __future__ import annotations

from collections.abc import Mapping
from json import dumps
from typing import Any

from rlsabm.care.presets import preset, preset_names, preset_rules
from rlsabm.care.treatment import Treatment
from rlsabm.errors import UserError, nearest
from rlsabm.printing.text import say
from rlsabm.wording import with_help

#: Effects in words: attribute of a treatment, its value without effect, what is said of it.
EFFECTS = (
    ("oral_iron_mg", 0.0, "{:g} mg of iron by mouth on a day with tablets"),
    ("infused_iron_mg", 0.0, "{:g} mg of iron infused"),
    ("dopamine_support", 0.0, "dopaminergic function + {:g}"),
    ("symptom_relief", 0.0, "liability - {:g}, not through dopamine"),
    ("supply_factor", 1.0, "supply of iron to the CNS x {:g}"),
    ("augmentation_per_year", 0.0, "augmentation {:g} a year"),
    ("months", None, "for {} months"),
    ("stopped_per_year", 0.0, "stopped {:g} a year"),
    ("in_pregnancy", True, "not in pregnancy"),
)


def effects_in_words(treatment: Treatment) -> str:
    """What a treatment does."""
    said = [
        words.format(getattr(treatment, name))
        for name, neutral, words in EFFECTS
        if getattr(treatment, name) != neutral
    ]
    return ", ".join(said) or "none"


def as_records(treatments: Mapping[str, Treatment]) -> dict[str, Any]:
    """Treatments and presets with all that is known of them."""
    return {
        "treatments": [
            {**vars(treatment), "source": " ".join(treatment.source.split())}
            for treatment in treatments.values()
        ],
        "presets": [
            {
                "name": name,
                "title": preset(name)["title"],
                "source": " ".join(preset(name)["source"].split()),
                "rules": preset_rules(name),
            }
            for name in preset_names()
        ],
    }


def print_treatments(treatments: Mapping[str, Treatment]) -> None:
    """List treatments, with what they do, and presets, with their titles."""
    for treatment in treatments.values():
        say(f"{treatment.name}: {effects_in_words(treatment)}")
    say("Presets of rules, for care.presets:", bold=True)
    for name in preset_names():
        say(f"{name}: {preset(name)['title']}")
    say(
        "rlsabm treatments NAME explains one, with its sources. Rules of care say who is offered "
        "which: without rules nobody is treated."
    )


def explain_treatment(name: str, treatments: Mapping[str, Treatment]) -> None:
    """A treatment, or the rules of a preset, with the sources.

    Raises
    ------
    UserError
        If there is none of this name.
    """
    if name in treatments:
        treatment = treatments[name]
        say(f"{treatment.name}: {treatment.in_words}", bold=True)
        say(f"effects: {effects_in_words(treatment)}")
        say(" ".join(treatment.source.split()))
    elif name in preset_names():
        say(f"{name}: {preset(name)['title']}", bold=True)
        for rule, block in preset_rules(name).items():
            asked = ", ".join(
                f"{key}: {dumps(value)}" for key, value in block.items() if key != "treatment"
            )
            say(f"{rule}: {block['treatment']} ({asked})")
        say(" ".join(preset(name)["source"].split()))
    else:
        known = [*treatments, *preset_names()]
        expected = f"a treatment or a preset: {', '.join(known)}"
        raise UserError(with_help(f"found {name}", expected, nearest(name, known)))
