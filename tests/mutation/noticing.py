"""Which tests should notice a wrong rule, by module.

Tests of ``RULES`` call rules as plain Python.  Those of ``COMPILED`` look at whole populations; they
are asked only where no test of a rule notices.  ``NET`` compares with stored values and says nothing of
what a rule means.
"""

from __future__ import annotations

from collections.abc import Sequence

_RULES = "tests/verification/rules"
_VERIFICATION = "tests/verification"

#: By beginning of the module's path, the longest that fits; tests that run first come first.
RULES: dict[str, tuple[str, ...]] = {
    "body/": ("iron", "brain_and_symptoms", "worlds"),
    "body/brain": ("brain_and_symptoms", "iron", "worlds"),
    "body/lasting": ("brain_and_symptoms", "worlds"),
    "body/symptoms": ("brain_and_symptoms", "iron", "worlds"),
    "burden": ("worlds", "month"),
    "care/": ("care", "worlds"),
    "exposures/catalogue/": ("catalogue", "raised", "month", "worlds"),
    "exposures/donation": ("donation", "raised", "uneventful", "sources"),
    "exposures/kidney": ("kidney", "raised", "uneventful", "sources"),
    "exposures/menses": ("menses", "uneventful", "sources"),
    "exposures/month": ("month", "menses", "uneventful", "worlds"),
    "exposures/pregnancy": ("pregnancy", "uneventful", "sources", "worlds"),
    "life/birth": ("birth",),
    "life/environment": ("environment",),
    "life/genome": ("genome",),
    "life/growth": ("growth", "menses", "uneventful"),
    "life/loci": ("loci",),
    "life/month": ("month", "worlds"),
    "life/mortality": ("kidney", "month"),
    "life/uneventful": ("uneventful", "month"),
    "measuring/": ("measuring",),
    "observe/": ("survey",),
    "observe/phlebotomy": ("phlebotomy",),
    "results/": ("estimators", "tables"),
    "worlds/": ("worlds",),
}
_CONDITIONS, _REGISTRIES = f"{_VERIFICATION}/test_conditions.py", "tests/test_registries.py"
_STUDY_RESULTS = "tests/test_study_results.py"
#: Further tests that need no compiled rules.
ALSO: dict[str, tuple[str, ...]] = {
    "calibration/likelihood": ("tests/test_likelihood.py",),
    "calibration/measures/": ("tests/test_measures.py",),
    "calibration/samples": ("tests/test_samples.py",),
    "exposures/catalogue/condition": tuple(
        f"{_CONDITIONS}::test_{name}"
        for name in ("contradictions_are_refused", "prevalence_beside_an_onset_that_agrees",
                     "too_many_conditions", "strength", "codes_are_different")
    ),
    "results/": ("tests/test_shifts.py", "tests/test_nesting.py"),
    "results/rates": ("tests/test_nesting.py", f"{_STUDY_RESULTS}::test_limits_of_rates",
                      f"{_STUDY_RESULTS}::test_replicates_show_more_than_poisson",
                      f"{_STUDY_RESULTS}::test_rates_of_draws_differ"),
    "results/tetrachoric": tuple(
        f"{_REGISTRIES}::test_tetrachoric_{name}"
        for name in ("correlation_is_scipys", "of_tables_that_say_little")
    ),
    "results/tables/kin": (f"{_REGISTRIES}::test_estimates_of_hand_made_tables",
                           f"{_REGISTRIES}::test_replicates_add_up_and_draws_are_compared"),
    "results/samples": ("tests/test_blocks.py::test_quantiles_with_equal_weights_are_those_of_numpy",),
    "results/differences": (),
    "results/combining": (),
}  # fmt: skip
COMPILED: dict[str, tuple[str, ...]] = {
    "body/": (f"{_VERIFICATION}/test_iron.py", f"{_VERIFICATION}/test_brain_and_symptoms.py"),
    "burden": (f"{_VERIFICATION}/test_worlds.py",),
    "care/": (f"{_VERIFICATION}/test_care.py",),
    "exposures/": (f"{_VERIFICATION}/test_exposures.py", f"{_VERIFICATION}/test_worlds.py"),
    "exposures/catalogue/": (f"{_VERIFICATION}/test_conditions.py",
                             f"{_VERIFICATION}/test_connected_conditions.py"),
    "life/": (f"{_VERIFICATION}/test_demography.py", f"{_VERIFICATION}/test_invariances.py"),
    "life/environment": (f"{_VERIFICATION}/test_environment.py",),
    "life/genome": (f"{_VERIFICATION}/test_genome.py",),
    "life/loci": (f"{_VERIFICATION}/test_genome.py",),
    "measuring/": ("tests/test_registries.py", "tests/test_tables.py"),
    "observe/": ("tests/test_results.py",),
    "results/": ("tests/test_study_results.py", "tests/test_tables.py", "tests/test_results.py",
                 "tests/test_registries.py", "tests/test_blocks.py"),
    "worlds/": (f"{_VERIFICATION}/test_worlds.py", "tests/test_results.py"),
}  # fmt: skip
NET = (f"{_RULES}/test_stored_lives.py",)


def _longest(module: str, table: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    fitting = [beginning for beginning in table if module.startswith(beginning)]
    return table[max(fitting, key=len)] if fitting else ()


def tests_of(module: str, *, compiled: bool) -> dict[str, Sequence[str]]:
    """Tests for a module, by stage."""
    rules = [f"{_RULES}/test_{name}.py" for name in _longest(module, RULES)]
    return {
        "plain": [*rules, *_longest(module, ALSO)],
        "compiled": _longest(module, COMPILED) if compiled else (),
        "net": () if module.startswith(("results/", "calibration/")) else NET,
    }
