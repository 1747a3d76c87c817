"""Draw the diagrams of the ODD: ``python docs/make_diagrams.py`` writes docs/images/*.svg.

Exposures, worlds and their order come from the program, so that a new one is drawn, or refused, here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import escape

from rlsabm.exposures.month import EXPOSURES
from rlsabm.worlds.world import POSTULATE_WORLDS

IMAGES = Path(__file__).with_name("images")

#: Fill and line of each kind of box: light enough for dark text, and told apart by the colour-blind.
COLOURS = {
    "exposure": ("#fdeccf", "#b26a00"),
    "iron": ("#dbe9f6", "#2b6ca3"),
    "brain": ("#ddf0e6", "#1f7a55"),
    "symptom": ("#f3dfee", "#97417f"),
    "person": ("#ececec", "#5c5c5c"),
}
INK, PALE, CUT = "#1c1c1c", "#5c5c5c", "#b3261e"
LINE_HEIGHT = 23


@dataclass
class Drawing:
    """A drawing that is filled shape by shape.

    Attributes
    ----------
    width, height
        Its size in points.
    title, description
        What it shows, for those who do not see it.
    """

    width: int
    height: int
    title: str
    description: str
    shapes: list[str] = field(default_factory=list)

    def text(
        self, x: float, y: float, words: str, *, size: int = 17, bold: bool = False,
        colour: str = INK, anchor: str = "middle",
    ) -> None:  # fmt: skip
        """One line of text; y is that of its middle."""
        weight = ' font-weight="600"' if bold else ""
        self.shapes.append(
            f'<text x="{x:g}" y="{y + size * 0.35:g}" font-size="{size}" fill="{colour}" '
            f'text-anchor="{anchor}"{weight}>{escape(words)}</text>'
        )

    def box(
        self, x: float, y: float, width: float, height: float, kind: str, lines: Sequence[str]
    ) -> None:
        """A box with its name in the first line, and what it holds below."""
        fill, line = COLOURS[kind]
        self.shapes.append(
            f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="8" '
            f'fill="{fill}" stroke="{line}" stroke-width="1.5"/>'
        )
        top = y + height / 2 - (len(lines) - 1) * LINE_HEIGHT / 2
        for number, words in enumerate(lines):
            size, bold = (18, True) if number == 0 else (16, False)
            self.text(x + width / 2, top + number * LINE_HEIGHT, words, size=size, bold=bold)

    def arrow(self, *points: tuple[float, float], dashed: bool = False) -> None:
        """An arrow through these points."""
        path = " ".join(f"{x:g},{y:g}" for x, y in points)
        dashes = ' stroke-dasharray="7 5"' if dashed else ""
        self.shapes.append(
            f'<polyline points="{path}" fill="none" stroke="{INK}" stroke-width="2"{dashes} '
            f'marker-end="url(#head)"/>'
        )

    def note(self, x: float, y: float, words: str) -> None:
        """A note to the right of an arrow."""
        self.text(x, y, words, size=15, colour=PALE, anchor="start")

    def cross(self, x: float, y: float) -> None:
        """A cross on an arrow."""
        self.shapes.append(
            f'<path d="M{x - 9:g},{y - 6:g} L{x + 9:g},{y + 6:g} M{x - 9:g},{y + 6:g} '
            f'L{x + 9:g},{y - 6:g}" stroke="{CUT}" stroke-width="3"/>'
        )

    def svg(self) -> str:
        """The whole file."""
        head = (
            '<marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" '
            f'orient="auto"><path d="M0,0 L10,5 L0,10 z" fill="{INK}"/></marker>'
        )
        shapes = "\n".join(self.shapes)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" '
            f'width="{self.width}" height="{self.height}" role="img" '
            f'aria-labelledby="title description" '
            f'font-family="system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif">\n'
            f'<title id="title">{escape(self.title)}</title>\n'
            f'<desc id="description">{escape(self.description)}</desc>\n'
            f"<defs>{head}</defs>\n"
            f'<rect width="100%" height="100%" rx="10" fill="#ffffff"/>\n{shapes}\n</svg>\n'
        )


def exposures_in_words() -> str:
    """The exposures that have rules of their own, in the order of a month."""
    return ", ".join(exposure.title for exposure in EXPOSURES)


def short(world: str) -> str:
    """The name of a world of the postulates, without what the diagram shows beside it."""
    for long in ("iron stores ", "CNS iron ", " from iron to dopamine"):
        world = world.replace(long, " " if long.startswith(" ") else "")
    return " ".join(world.split())


def causal_chain() -> Drawing:
    """From exposures to symptoms, and where worlds interrupt the chain."""
    replete, sufficient, path_cut = (world.name for world in POSTULATE_WORLDS)
    chain = Drawing(
        760, 1050,
        "From exposures to symptoms",
        "Exposures make the burden of a month: iron that is lost, needed or absorbed, a dopaminergic "
        "load that is not iron, and months that leave a lasting load. The burden changes iron in "
        "stores and red cells; low stores raise absorption. Stores supply the central nervous system, "
        "whose need a person inherits. Its lack of iron acts, largely through dopamine, on liability, "
        "to which genes, environment and age add. Liability decides from month to month on symptoms. "
        "Donors with symptoms may stay away. Worlds without a condition, with replete stores, with "
        "sufficient iron in the nervous system, and with the path to dopamine cut interrupt the chain.",
    )  # fmt: skip
    middle, right = 250, 580  # of the columns
    chain.box(40, 20, 680, 84, "exposure", [
        "Exposures of a person", exposures_in_words(), "conditions of the catalogue",
    ])  # fmt: skip
    chain.arrow((middle, 104), (middle, 166))
    chain.arrow((right, 104), (right, 166))
    chain.text(405, 135, "burden of a month", colour=PALE)
    chain.box(90, 166, 320, 84, "exposure", [
        "Iron", "lost with blood and otherwise,", "passed to a child, absorbed, infused",
    ])  # fmt: skip
    chain.box(440, 166, 280, 84, "exposure", [
        "Loads that are not iron", "late pregnancy, uraemia;", "what pregnancies leave behind",
    ])  # fmt: skip
    chain.arrow((middle, 250), (middle, 312))
    chain.box(90, 312, 320, 84, "iron", [
        "Iron of the body", "stores (ferritin), red cells", "(haemoglobin), tissue",
    ])  # fmt: skip
    # Regulation of absorption.
    chain.arrow((90, 354), (52, 354), (52, 208), (90, 208), dashed=True)
    chain.note(62, 281, "low stores absorb more")
    chain.arrow((middle, 396), (middle, 458))
    chain.note(264, 427, "supply, by ferritin")
    chain.box(90, 458, 320, 84, "brain", [
        "Iron of the nervous system", "exchangeable pool (months),", "structural pool (decades)",
    ])  # fmt: skip
    # The lasting load acts on the iron of the nervous system, the other loads on dopamine.
    chain.arrow((500, 250), (500, 500), (410, 500))
    chain.note(510, 300, "lasting")
    chain.arrow((middle, 542), (middle, 644))
    chain.note(264, 562, "lack, if any (convex)")
    chain.note(264, 604, "largely")
    chain.box(90, 644, 320, 62, "brain", ["Dopamine", "deficit of dopaminergic function"])
    chain.arrow((650, 250), (650, 675), (410, 675))
    chain.text(640, 340, "at present", colour=PALE, anchor="end", size=15)
    chain.arrow((middle, 706), (middle, 768))
    # What of the lack does not pass through dopamine.
    chain.arrow((middle, 582), (52, 582), (52, 810), (90, 810))
    chain.note(62, 737, "the rest directly")
    chain.box(90, 768, 320, 84, "symptom", [
        "Liability", "above a threshold, symptoms", "become likely",
    ])  # fmt: skip
    chain.arrow((middle, 852), (middle, 914))
    chain.note(264, 883, "chance, month by month")
    chain.box(90, 914, 320, 84, "symptom", [
        "Symptoms", "any RLS, at least weekly,", "clinically significant",
    ])  # fmt: skip
    # What people bring with them.
    chain.box(470, 548, 150, 62, "person", ["Genes", "CNS-iron trait"])
    chain.arrow((545, 548), (545, 524), (410, 524))
    chain.box(440, 768, 280, 84, "person", [
        "Genes, environment, age", "other liability; the environment", "changes every few years",
    ])  # fmt: skip
    chain.arrow((440, 810), (410, 810))
    # Symptoms keep donors away.
    chain.arrow((410, 956), (738, 956), (738, 62), (720, 62), dashed=True)
    chain.text(572, 940, "donors with symptoms may stay away", colour=PALE, size=15)
    # Where worlds interrupt the chain.
    for x, y, name in (
        (right, 131, ""),
        (middle, 131, "without a condition"),
        (middle, 423, short(replete)),
        (middle, 562, short(sufficient)),
        (middle, 608, short(path_cut)),
    ):
        chain.cross(x, y)
        chain.text(x - 16, y, name, colour=CUT, size=15, anchor="end")
    chain.cross(50, 1026)
    chain.text(68, 1026, "where a world interrupts the chain, in which the same people live again",
               colour=CUT, size=15, anchor="start")  # fmt: skip
    return chain


def month() -> Drawing:
    """What happens to a person in a month, in order."""
    steps: tuple[tuple[str, list[str]], ...] = (
        ("person", ["1. Conditions of the catalogue", "those that begin or end this month"]),
        ("person", ["2. Death", "life table × mortality of conditions; kidney registry"]),
        ("person", ["3. Environment and growth", "when they are due"]),
        ("exposure", ["4. A fresh burden", "conditions of the catalogue, basal loss"]),
        ("exposure", ["5. Exposures add to the burden", f"in this order: {exposures_in_words()}"]),
        ("iron", ["6. Iron", "absorption, losses, stores, red cells"]),
        ("brain", ["7. Nervous system", "iron supply, lack of iron, dopamine"]),
        ("symptom", ["8. Symptoms", "liability, then RLS or not, by one uniform"]),
    )
    gap, height = 28, 66
    drawing = Drawing(
        760, 30 + len(steps) * (height + gap) + 34,
        "A month of a person",
        "In order: " + "; ".join(" ".join(lines) for _, lines in steps) + ". Then the next "
        "month of the same person. A person who dies does nothing else.",
    )  # fmt: skip
    x, width = 70, 550
    for number, (kind, lines) in enumerate(steps):
        y = 20 + number * (height + gap)
        drawing.box(x, y, width, height, kind, lines)
        if number:
            drawing.arrow((x + width / 2, y - gap), (x + width / 2, y))
    dies = 20 + height + gap + height / 2
    drawing.arrow((x + width, dies), (652, dies))
    drawing.text(660, dies, "the end", anchor="start", colour=PALE)
    last = 20 + (len(steps) - 1) * (height + gap)
    drawing.arrow(
        (x + width / 2, last + height), (x + width / 2, last + height + 26), (32, last + height + 26),
        (32, 20 + height / 2), (x, 20 + height / 2),
    )  # fmt: skip
    drawing.text(x + width / 2 - 12, last + height + 14, "next month", anchor="end", colour=PALE,
                 size=15)  # fmt: skip
    # What is measured in a month feeds back into exposures of later months.
    fifth = 20 + 4 * (height + gap) + height / 2
    drawing.arrow(
        (x + width, last + height / 2), (640, last + height / 2), (640, fifth), (x + width, fifth),
        dashed=True,
    )  # fmt: skip
    feedback = ("blood services", "and dialysis", "measure;", "symptoms keep", "donors away")
    for number, words in enumerate(feedback):
        drawing.text(650, (last + fifth) / 2 - 2 + (number - 1) * 20, words, anchor="start",
                     colour=PALE, size=14)  # fmt: skip
    return drawing


DIAGRAMS = {"causal_chain.svg": causal_chain, "month.svg": month}


def files() -> dict[str, str]:
    """Contents of the files, by name."""
    return {name: draw().svg() for name, draw in DIAGRAMS.items()}


if __name__ == "__main__":
    IMAGES.mkdir(exist_ok=True)
    for name, content in files().items():
        (IMAGES / name).write_text(content, encoding="utf-8")
        print(IMAGES / name)
