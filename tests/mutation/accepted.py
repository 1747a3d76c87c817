"""Mutants that no test can or need notice, by name, each with the reason."""

# ruff: noqa: E501  a name is one line
from __future__ import annotations

ACCEPTED: dict[str, str] = {
    "body/responses.py LIABILITY_KNOTS: LIABILITY_KNOTS = 2 * LIABILITY_RANGE * -> LIABILITY_KNOTS = 3 * LIABILITY_RANGE *": (
        "a longer table: beyond a liability of 14 scales prevalence differs by a millionth"
    ),
    "calibration/samples.py PARTS: PARTS = 40 -> PARTS = 41": (
        "how many parts the jackknife leaves out is a choice; errors differ within their own"
    ),
    "calibration/samples.py odds_ratio.summary: 3)), 1.0)  # a stratum left out has -> 3)), 1.25)  # a stratum left out has": (
        "a stratum of one person adds nothing, whatever that is divided by"
    ),
    "care/offers.py fill_rule_tables: or ())] = 1 -> or ())] = 2": (
        "any number but 0 marks a birthday"
    ),
    "care/offers.py is_within_limits: p.rule_ferritin_from[r] <= found.ferritin < -> p.rule_ferritin_from[r] < found.ferritin <": (
        "no measured ferritin is exactly at a limit"
    ),
    "exposures/catalogue/condition.py _hazards: middle = 0.5 * (before + after) -> middle = 0.625 * (before + after)": (
        "where Newton's method starts; it finds the same root"
    ),
    "exposures/catalogue/condition.py _hazards: hazard = (after - before + leaving * middle) / (1.0 - -> hazard = (after - before - leaving * middle) / (1.0 -": (
        "where Newton's method starts; it finds the same root"
    ),
    "exposures/catalogue/condition.py _hazards: before + leaving * middle) / (1.0 - middle) -> before + leaving * middle) * (1.0 - middle)": (
        "where Newton's method starts; it finds the same root"
    ),
    "exposures/catalogue/condition.py _hazards: + leaving * middle) / (1.0 - middle) -> + leaving * middle) / (1.25 - middle)": (
        "where Newton's method starts; it finds the same root"
    ),
    "exposures/catalogue/condition.py _share_after_a_year: slope = (leaving / rate**2) * (1.0 - decay) - (before - -> slope = (leaving / rate**2) / (1.0 - decay) - (before -": (
        "a slope of Newton's method: more steps, the same root"
    ),
    "exposures/catalogue/condition.py _share_after_a_year: - (before - settled) * decay -> - (before - settled) / decay": (
        "a slope of Newton's method: more steps, the same root"
    ),
    "exposures/catalogue/condition.py _share_after_a_year: np.where(still, 1.0 - before, slope) -> np.where(still, 1.0 + before, slope)": (
        "a slope of Newton's method: more steps, the same root"
    ),
    "exposures/catalogue/episodes.py settle_conditions: & ((1 << p.condition_count) - 1) -> & ((2 << p.condition_count) - 1)": (
        "looks at conditions that are not there, which never come: slower, no other result"
    ),
    "exposures/catalogue/episodes.py settle_conditions: & ((1 << p.condition_count) - 1) -> & ((1 >> p.condition_count) - 1)": (
        "looks at conditions that are not there, which never come: slower, no other result"
    ),
    "life/birth.py draw_father: candidates = -1, np.uint64(0), 0 -> candidates = -1, np.uint64(1), 0": (
        "the first possible father is taken whatever the lowest number was"
    ),
    "life/growth.py months_between_growth: if age_months >= 252: -> if age_months > 252:": (
        "at 21 years both branches grow"
    ),
    "life/growth.py grow: // 12, LAST_AGE - 1) -> // 12, LAST_AGE - 2)": (
        "sizes, set points and intake are constant from 110 years on"
    ),
    "life/month.py live_block: if len(log) == 0: -> if len(log) == 1:": (
        "logs have room for six events a month of a person, or for none"
    ),
    "life/month.py move_together: if kept < row: -> if kept <= row:": (
        "a record is copied onto itself"
    ),
    "life/uneventful.py MOST_MONTHS: MOST_MONTHS = 12 -> MOST_MONTHS = 13": (
        "room for a month that nobody looks ahead to"
    ),
    "observe/phlebotomy.py WHOLE, STANDING, BURDENS: STANDING, BURDENS = 0, 1, 2 -> STANDING, BURDENS = 0, 1, 3": (
        "room for a burden that nobody bears"
    ),
    "results/nesting.py NestedCounts._replicates_in: fill_value=0), dtype=np.int64) -> fill_value=1), dtype=np.int64)": (
        "an arm without a draw has no counts in it, so that nothing is divided"
    ),
    "life/mortality.py note_death: return True -> return False": (
        "who dies does nothing else that month, so that there is no other event to log"
    ),
    "results/tetrachoric.py _MOST_STEPS: _MOST_STEPS = 60 -> _MOST_STEPS = 61": (
        "steps beyond those needed"
    ),
    "results/tetrachoric.py quadrant: k[..., None], half * (1.0 + _POINTS)) -> k[..., None], half * (1.0 - _POINTS))": (
        "the points of Gauss and Legendre lie symmetrically"
    ),
    "results/tetrachoric.py _angle: = (below < step) & (step < above) -> = (below < step) & (step >= above)": (
        "halving the bounds leads to the same angle in more steps"
    ),
    "results/tetrachoric.py _angle: = (below < step) & (step < above) -> = (below < step) & (step <= above)": (
        "halving the bounds leads to the same angle in more steps"
    ),
    "worlds/living_again.py live_life_again: if filled >> part & 1: -> if filled >> part | 1:": (
        "parts that are neutral are made neutral once more"
    ),
    "worlds/world.py World.as_measured: if self.parts >> number & 1 and not -> if self.parts << number & 1 and not": (
        "of all parts only the first, pregnancy, is measured otherwise"
    ),
}
