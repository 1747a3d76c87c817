"""A sensitivity analysis as a picture: parameters by outputs, coloured by how much they move them."""

from __future__ import annotations

import io
import textwrap

import numpy as np
import pandas as pd

from rlsabm.wording import counted

#: Parameters that the picture has, if there are so many: those that move any output most.
FEWEST_PARAMETERS, MOST_PARAMETERS = 10, 40
#: Size of a cell, least size of all cells, and room around them beside that of names, in inches.
CELL, LEAST, BESIDE, BELOW = 0.3, 2.0, 2.0, 1.2
#: Room for a letter of a name.
LETTER = 0.07
#: Letters in a line below the title.
WIDTH_OF_TITLE = 64
#: From "falls" over white to "rises", without red and green, which many people cannot tell apart.
COLOURS = "PuOr_r"


def heat_map(frame: pd.DataFrame, said: str, title: str, *, size: str, direction: str) -> bytes:
    """A heat map as PNG.

    A cell says how much a parameter moves an output, and in which direction. Cells that cannot be told
    from zero are white.

    Parameters
    ----------
    frame
        The table of a sensitivity analysis.
    said
        What its runs are.
    title
        What cells show.
    size, direction
        Columns with the size of a cell, from 0 to 1, and with a number that has its sign.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    signed = _signed(frame, size, direction)
    shown = signed.loc[_shown(frame, signed, size)]
    rows, columns = shown.shape
    beside = BESIDE + LETTER * max(len(str(name)) for name in shown.index)
    below = BELOW + LETTER * max(len(str(name)) for name in shown.columns)
    inches = (max(CELL * columns, LEAST) + beside, max(CELL * rows, LEAST) + below)
    figure = Figure(figsize=inches, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    drawn = axes.imshow(shown.to_numpy(), cmap=COLOURS, vmin=-1.0, vmax=1.0, aspect="auto")
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
    bar = figure.colorbar(drawn, ax=axes, ticks=[-1.0, -0.5, 0.0, 0.5, 1.0], aspect=15)
    bar.ax.set_yticklabels(["1: output falls", "0.5", "0", "0.5", "1: output rises"], fontsize=8)
    left_out = len(signed) - rows
    note = f" Left out: {counted(left_out, 'parameter')} that move them less." if left_out else ""
    lines = textwrap.wrap(title, WIDTH_OF_TITLE)
    lines += textwrap.wrap(f"{said}. White: cannot be told from 0.{note}", WIDTH_OF_TITLE)
    figure.suptitle("\n".join(lines), x=0.0, ha="left", fontsize=9)
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=150, bbox_inches="tight", metadata={"Software": None})
    return content.getvalue()


def _shown(frame: pd.DataFrame, signed: pd.DataFrame, size: str) -> list[str]:
    """Parameters with a clear cell, those with the largest first, and some more if they are few."""
    clear = signed.abs().max(axis=1)
    largest = frame.groupby("parameter", observed=True)[size].max()
    order = pd.DataFrame({"clear": clear, "largest": largest}).sort_values(
        ["clear", "largest"], ascending=False, kind="stable"
    )
    number = min(max(int((clear > 0).sum()), FEWEST_PARAMETERS), MOST_PARAMETERS)
    return [str(name) for name in order.index[:number]]


def _signed(frame: pd.DataFrame, size: str, direction: str) -> pd.DataFrame:
    """Sizes with signs by parameter and output; 0 where they cannot be told from it."""
    named = frame.assign(signed=frame[size].where(frame["clear"], 0.0) * np.sign(frame[direction]))
    return named.pivot(index="parameter", columns="output", values="signed")
