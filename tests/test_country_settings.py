"""The settings of a country: ``country.yaml``."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from country_tools import country_in, edit, refusal
from hypothesis import given, settings
from hypothesis import strategies as st

from rlsabm.demography.countries import COUNTRIES, load_country
from rlsabm.errors import UserError
from rlsabm.setting import make_setting

FEMALE_HEIGHT = "found {} (expected a number from 130 to 200 cm{})"


@pytest.fixture
def norway(tmp_path: Path) -> Path:
    """A country of one's own."""
    return country_in(tmp_path)


@pytest.mark.parametrize(
    ("pattern", "replacement", "expected"),
    [
        (
            "^parameters:",
            "parameter:",
            "country.yaml:12: parameter: unknown key (did you mean para",
        ),
        (
            "^parameters:",
            "Parameters:",
            "country.yaml:12: Parameters: unknown key (did you mean para",
        ),
        ("^name:", "Name:", "country.yaml:1: Name: unknown key (did you mean name?)"),
        (
            "^name:",
            "x: 1\nname:",
            "country.yaml:1: x: unknown key (expected one of name, adult_height",
        ),
        ("^adult_height_cm:", "adult_height_m:", "(did you mean adult_height_cm?)"),
        (
            "female: 167",
            "Female: 167",
            "Female: unknown key (did you mean adult_height_cm.female?)",
        ),
        (
            "female: 167",
            "women: 167",
            "adult_height_cm.women: unknown key (expected one of female,",
        ),
        ("^  male: 180.5\n", "", "country.yaml:2: adult_height_cm.male: is missing"),
        ("^name: .*\n", "", "country.yaml:1: name: is missing"),
        ("^donation_jurisdiction: .*\n", "", "donation_jurisdiction: is missing"),
        ("^name: .*", "name:", "country.yaml:1: name: is empty (expected text, on one line)"),
        ("^name: .*", "name: 5", "country.yaml:1: name: found 5 (expected text, on one line)"),
        (
            "^name: .*",
            "name: [a]",
            "country.yaml:1: name: found a list (expected text, on one line)",
        ),
        (
            "^name: .*",
            'name: "a\\\\nb"',
            "country.yaml:1: name: found the text 'a b' (expected text",
        ),
        ("^(donation_j.*: ).*", r"\1true", "donation_jurisdiction: found true (expected text"),
        ("^(name: .*)", r"\1\n\1", "country.yaml:2: name: is given twice (first on line 1)"),
        ("^(  female: 167.5)", r"\1\n\1", "female: is given twice (first on line 3)"),
        (r"^parameters:\n(.*\n)*", "parameters: [1]\n", "parameters: found a list (expected names"),
        (r"^parameters:\n(.*\n)*", "parameters: 1\n", "parameters: found 1 (expected names with a"),
        (r"(.*\n)*", "", "country.yaml: is empty (expected keys such as name and adult_height_cm)"),
        (r"(.*\n)*", "- name\n", "country.yaml:1: holds a list (expected keys such as name"),
        ("^name: ", "name: {", "country.yaml:"),
    ],
)
def test_mistakes_in_settings(norway: Path, pattern: str, replacement: str, expected: str) -> None:
    edit(norway / "country.yaml", pattern, replacement)
    assert expected in refusal(norway)


@pytest.mark.parametrize(
    ("value", "found", "hint"),
    [
        ("1.75", "1.75", "; 1.75 looks like metres"),
        ("1675", "1675", "; 1675 looks like millimetres"),
        ("66", "66", "; 66 looks like inches"),
        ("5.5", "5.5", "; 5.5 looks like feet"),
        ("16.75", "16.75", ""),
        ("0", "0", ""),
        ("-167.5", "-167.5", ""),
        ("true", "true", ""),
        (".inf", "inf", ""),
        (".nan", "nan", ""),
        ("'167.5'", "the text '167.5'", ""),
        ("167,5", "the text '167,5'", ""),
        ("[167.5]", "a list", ""),
        ("{cm: 167.5}", "a mapping", ""),
    ],
)
def test_heights(norway: Path, value: str, found: str, hint: str) -> None:
    edit(norway / "country.yaml", "167.5", value)
    expected = FEMALE_HEIGHT.format(found, hint)
    assert refusal(norway) == f"country.yaml:3: adult_height_cm.female: {expected}"


@pytest.mark.parametrize("value", ["", "null", "1" + "0" * 310])
def test_heights_that_are_none(norway: Path, value: str) -> None:
    edit(norway / "country.yaml", "167.5", value)
    assert refusal(norway).startswith("country.yaml:3: ")


@pytest.mark.parametrize(
    ("value", "hint"),
    [("71500", "; 71,500 looks like grams"), ("157.6", "; 157.6 looks like pounds"),
     ("11.3", "; 11.3 looks like stone"), ("900", "")],
)  # fmt: skip
def test_weights(norway: Path, value: str, hint: str) -> None:
    edit(norway / "country.yaml", "71.5", value)
    line = refusal(norway)
    assert line.startswith("country.yaml:6: adult_weight_kg.female: found ")
    assert line.endswith(f"(expected a number from 35 to 120 kg{hint})")


def test_a_scalar_for_both_sexes(norway: Path) -> None:
    edit(norway / "country.yaml", r"^adult_height_cm:\n.*\n.*", "adult_height_cm: 170")
    expected = "found 170 (expected female and male, each with a value)"
    assert refusal(norway) == f"country.yaml:2: adult_height_cm: {expected}"


@pytest.mark.parametrize(
    ("pattern", "replacement", "expected"),
    [
        ("0.31", "true", ":13: parameters.kidney_incidence_factor: found "),
        ("0.31", "1e9", ":13: parameters.kidney_incidence_factor: found "),
        ("0.31", ".nan", ":13: parameters.kidney_incidence_factor: found "),
        ("kidney_incidence", "kidney_incidents", ":13: parameters.kidney_incidents_factor: "),
        (
            "(donation_j.*: ).*",
            r"\1danmark",
            ":8: donation_jurisdiction: no jurisdiction 'danmark'",
        ),
    ],
)
def test_what_only_the_model_knows(
    norway: Path, pattern: str, replacement: str, expected: str
) -> None:
    edit(norway / "country.yaml", pattern, replacement)
    with pytest.raises(UserError) as caught:
        make_setting(country=norway, size=200)
    assert f"norway/country.yaml{expected}" in str(caught.value)


@pytest.mark.parametrize("text", ["parameters:\n", "parameters: {}\n", ""])
def test_parameters_may_be_none(norway: Path, text: str) -> None:
    edit(norway / "country.yaml", r"^parameters:\n(.*\n)*", text)
    assert load_country(norway).parameters == {}


@pytest.fixture(scope="module")
def playground(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return country_in(tmp_path_factory.mktemp("countries"))


@settings(deadline=None, max_examples=100)
@given(data=st.data())
def test_any_key_misspelt_or_left_out_is_refused(playground: Path, data: st.DataObject) -> None:
    """But for the parameters, which may be left out."""
    path = playground / "country.yaml"
    lines = (COUNTRIES / "denmark" / "country.yaml").read_text(encoding="utf-8").splitlines()
    keys = [n for n, line in enumerate(lines) if line[0] != "#" and not line.startswith("  k")]
    number = data.draw(st.sampled_from([n for n in keys if "infusion" not in lines[n]]))
    key = lines[number].strip().partition(":")[0]
    place = data.draw(st.integers(0, len(key) - 1))
    wrong = (
        key[:place] + data.draw(st.sampled_from(["", "x", key[place].upper()])) + key[place + 1 :]
    )
    changed = [line if n != number else line.replace(key, wrong) for n, line in enumerate(lines)]
    path.write_text("\n".join(changed) + "\n", encoding="utf-8")
    if wrong == key:
        load_country(playground)
    else:
        line = refusal(playground)
        assert line.startswith(f"country.yaml:{number + 1}: "), line
    shutil.copy(COUNTRIES / "denmark" / "country.yaml", path)
