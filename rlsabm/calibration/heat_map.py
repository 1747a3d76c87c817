"""A sensitivity analysis as a picture: parameters by outputs, coloured by how much they move them."""

from __future__ import annotations

import io
import textwrap

import numpy as np
import pandas as pd

from rlsabm.wording import counted

#: Parameters that the picture has at most: those that move any output most.
MOST_PARAMETERS = 40
#: Size of a cell, and of what stands beside and above the cells, in inches.
CELL, BESIDE, ABOVE = 0.3, 3.5, 2.5
TITLE = "Share of each output's variance that goes with each parameter"
#: Letters in a line below the title.
WIDTH_OF_TITLE = 64
#: From "falls" over white to "rises", without red and green, which many people cannot tell apart.
COLOURS = "PuOr_r"


def heat_map(frame: pd.DataFrame, said: str) -> bytes:
    """A heat map as PNG.

    A cell has the first-order index of a parameter and an output, with the sign of their rank
    correlation. Cells that cannot be told from zero are white.

    Parameters
    ----------
    frame
        The table of a sensitivity analysis.
    said
        What its runs are.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    signed = _signed(frame)
    clear = signed.loc[signed.abs().sum(axis=1) > 0]
    order = clear.abs().max(axis=1).sort_values(ascending=False, kind="stable").index
    shown = clear.loc[order[:MOST_PARAMETERS]]
    if shown.empty:
        shown = signed.head(MOST_PARAMETERS)
    rows, columns = shown.shape
    figure = Figure(figsize=(CELL * columns + BESIDE, CELL * rows + ABOVE), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    drawn = axes.imshow(shown.to_numpy(), cmap=COLOURS, vmin=-1.0, vmax=1.0)
    axes.set_xticks(
        range(columns),
        [str(name) for name in shown.columns],
        rotation=60,
        ha="right",
        rotation_mode="anchor",
    )
    axes.set_yticks(range(rows), [str(name) for name in shown.index])
    axes.set_xticks(np.arange(columns + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(rows + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="0.85", linewidth=0.6)
    axes.tick_params(which="both", length=0, labelsize=8)
    bar = figure.colorbar(drawn, ax=axes, ticks=[-1.0, -0.5, 0.0, 0.5, 1.0], aspect=15, shrink=0.8)
    bar.ax.set_yticklabels(["1: output falls", "0.5", "0", "0.5", "1: output rises"], fontsize=8)
    left_out = len(signed) - rows
    note = f" Left out: {counted(left_out, 'parameter')} with no clear share." if left_out else ""
    lines = textwrap.wrap(f"{said}. White: cannot be told from 0.{note}", WIDTH_OF_TITLE)
    figure.suptitle("\n".join([TITLE, *lines]), x=0.0, ha="left", fontsize=9)
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=150, bbox_inches="tight", metadata={"Software": None})
    return content.getvalue()


def _signed(frame: pd.DataFrame) -> pd.DataFrame:
    """Indices with signs by parameter and output; 0 where they cannot be told from it."""
    index = frame["first_order"].where(frame["clear"], 0.0) * np.sign(frame["rank_correlation"])
    named = frame.assign(signed=index)
    return named.pivot(index="parameter", columns="output", values="signed")
