"""One life month by month: iron, brain and symptoms over age, beside the same life without a burden."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from rlsabm.conventions import LAST_AGE
from rlsabm.declaring.bounds import number, whole_number
from rlsabm.plots.drawing import checked_study
from rlsabm.plots.life_figure import figure_of_life
from rlsabm.plots.life_numbers import drawn_of
from rlsabm.plots.themes import SCREEN
from rlsabm.results.study_results import Study

if TYPE_CHECKING:
    import altair as alt

#: Width of a figure for a page, and limits (pixels).
WIDTH, NARROWEST, WIDEST = 640, 240, 4_000
#: Age (years) at which a figure begins unless another is wanted: growth would fill half of it.
FROM_AGE = 12.0


def life_numbers(
    study: Study,
    uid: str | int | None = None,
    *,
    without: str | Sequence[str] | None = None,
    world: str | None = None,
    from_age: float = FROM_AGE,
    **run: Any,
) -> pd.DataFrame:
    """What `life` draws, as a data frame.

    Parameters
    ----------
    study, uid, without, world, from_age, run
        As `life` takes them.

    Returns
    -------
    pandas.DataFrame
        ``drawn`` (``line``, ``band`` or ``mark``), ``what`` (a column of `Study.life`, a state, or
        something that happened), ``world``, ``age`` and ``until`` (years), ``value``. Of lines, points
        that do not change the picture are left out. ``attrs`` are those of `Study.life`, with a
        ``caption``.

    Raises
    ------
    UserError
        As `Study.life` raises it.
    """
    from_age = number("life: from_age", from_age, 0.0, LAST_AGE)
    return drawn_of(_life_of(study, uid, without, world, run), from_age)


def life(
    study: Study,
    uid: str | int | None = None,
    *,
    without: str | Sequence[str] | None = None,
    world: str | None = None,
    from_age: float = FROM_AGE,
    width: int = WIDTH,
    theme: str = SCREEN,
    **run: Any,
) -> alt.VConcatChart:
    """Draw one life month by month, beside the same life without what it bore.

    Parameters
    ----------
    study
        What `rlsabm.read` or `rlsabm.simulate` returned.
    uid
        The person, as `Study.life` takes it; by default the first of `Study.lives`, with what that
        suggests to do without.
    without, world
        As `Study.life` takes them.
    from_age
        Age in years at which the figure begins; at birth for people who are younger.
    width
        Width of the figure in pixels: 640 fills a page, 340 a phone.
    theme
        ``screen``, ``dark`` or ``print``.
    run
        ``arm``, ``draw``, ``replicate``, ``size``: as `Study.life` takes them.

    Returns
    -------
    altair.VConcatChart
        What happened, then panels over age: ferritin, haemoglobin, CNS iron, dopaminergic function,
        liability, and symptoms as bands. Its data are those of `life_numbers`.

    Raises
    ------
    UserError
        As `Study.life` raises it, or if the library for figures is missing, or there is no such
        theme.

    Examples
    --------
    >>> rlsabm.plots.life(study, uid="0123456789abcdef").save("life.svg")  # doctest: +SKIP
    """
    width = whole_number("life: width", width, NARROWEST, WIDEST)
    drawn = life_numbers(study, uid, without=without, world=world, from_age=from_age, **run)
    return figure_of_life(drawn, width, theme)


def _life_of(
    study: Study,
    uid: str | int | None,
    without: str | Sequence[str] | None,
    world: str | None,
    run: dict[str, Any],
) -> pd.DataFrame:
    study = checked_study(study, "life")
    if uid is not None:
        return study.life(uid, without=without, world=world, **run)
    first = study.lives(count=3, **run).iloc[0]
    if without is None and world is None and first["without"]:
        without = first["without"]
    return study.life(first["uid"], without=without, world=world, **run)
