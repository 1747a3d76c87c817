"""A sensitivity analysis as a picture: parameters by outputs, coloured by how much they move them."""

from __future__ import annotations

import io
import textwrap

import numpy as np
import pandas as pd

#: Parameters that the picture has at most: those that move any output most.
MOST_PARAMETERS = 40
#: Size of a cell, and of what stands around the cells, in inches.
CELL, BESIDE, BELOW, ABOVE = 0.3, 4.6, 3.0, 1.1
#: From "falls" over white to "rises", without red and green, which many people cannot tell apart.
COLOURS = "PuOr_r"


def heat_map(frame: pd.DataFrame, said: str) -> bytes:
    """A heat map as PNG.

    A cell has the first-order index of a parameter and an output, with the sign of the partial rank
    correlation, or of the rank correlation where there is no other. Cells that cannot be told from zero
    are white.

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
    width, height = CELL * max(columns, 6) + BESIDE, CELL * rows + BELOW + ABOVE
    figure = Figure(figsize=(width, height), dpi=150)
    FigureCanvasAgg(figure)
    axes = figure.add_axes(
        (
            (BESIDE - 1.2) / width,
            BELOW / height,
            CELL * columns / width,
            CELL * rows / height,
        )
    )
    drawn = axes.imshow(shown.to_numpy(), cmap=COLOURS, vmin=-1.0, vmax=1.0, aspect="auto")
    axes.set_xticks(range(columns), [str(name) for name in shown.columns], rotation=60, ha="right")
    axes.set_xticks(np.arange(columns + 1) - 0.5, minor=True)
    axes.set_yticks(range(rows), [str(name) for name in shown.index])
    axes.set_yticks(np.arange(rows + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="0.85", linewidth=0.6)
    axes.tick_params(which="both", length=0, labelsize=8)
    axes.tick_params(axis="x", pad=2)
    scale = figure.add_axes(
        (
            (BESIDE - 1.0 + CELL * columns) / width,
            BELOW / height,
            0.12 / width,
            CELL * max(rows, 4) / height,
        )
    )
    bar = figure.colorbar(drawn, cax=scale, ticks=[-1.0, -0.5, 0.0, 0.5, 1.0])
    bar.ax.set_yticklabels(["1, output falls", "0.5", "0", "0.5", "1, output rises"], fontsize=8)
    left_out = len(signed) - rows
    note = f"; {left_out:,} parameters left out that move nothing for certain" if left_out else ""
    title = "Share of each output's variance that goes with each parameter"
    figure.text(0.1 / width, 1.0 - 0.35 / height, title, fontsize=11, weight="bold")
    below = "\n".join(textwrap.wrap(f"{said}{note}. White: cannot be told from 0.", 100))
    figure.text(0.1 / width, 1.0 - 0.45 / height, below, fontsize=8, va="top")
    content = io.BytesIO()
    figure.savefig(content, format="png", metadata={"Software": None})
    return content.getvalue()


def _signed(frame: pd.DataFrame) -> pd.DataFrame:
    """Indices with signs by parameter and output; 0 where they cannot be told from it."""
    direction = frame["partial_rank_correlation"].fillna(frame["rank_correlation"])
    index = frame["first_order"].where(frame["clear"], 0.0) * np.sign(direction)
    named = frame.assign(signed=index)
    return named.pivot(index="parameter", columns="output", values="signed")
