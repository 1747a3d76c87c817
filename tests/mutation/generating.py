"""Wrong rules that follow from the sources: constants, signs, comparisons, conditions, one at a time.

A mutant replaces one expression of one module.  It is known by its module, the function (or
declaration) that holds it, the expression, what stands in its place, and its number among the same
replacements in that function, so that it stays the same mutant when lines move.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

CHECKOUT = Path(__file__).parents[2]
PACKAGE = "rlsabm"

#: Modules with rules, estimators and tables of numbers, by path within the package.
MODULES = (
    "body/body.py",
    "body/brain.py",
    "body/infused_iron.py",
    "body/iron.py",
    "body/lasting.py",
    "body/responses.py",
    "body/symptoms.py",
    "burden.py",
    "calibration/likelihood.py",
    "calibration/measures/biomarkers.py",
    "calibration/measures/course.py",
    "calibration/measures/donors.py",
    "calibration/measures/genes.py",
    "calibration/measures/kin.py",
    "calibration/measures/prevalence.py",
    "calibration/measures/registries.py",
    "calibration/measures/trials.py",
    "calibration/samples.py",
    "care/care.py",
    "care/diagnosis.py",
    "care/infusions.py",
    "care/offers.py",
    "care/plan.py",
    "care/treatments.py",
    "exposures/catalogue/body_mass.py",
    "exposures/catalogue/condition.py",
    "exposures/catalogue/episodes.py",
    "exposures/catalogue/tables.py",
    "exposures/catalogue/together.py",
    "exposures/donation.py",
    "exposures/kidney.py",
    "exposures/kidney_course.py",
    "exposures/menses.py",
    "exposures/month.py",
    "exposures/pregnancy.py",
    "life/birth.py",
    "life/environment.py",
    "life/genome.py",
    "life/growth.py",
    "life/loci.py",
    "life/month.py",
    "life/mortality.py",
    "life/uneventful.py",
    "measuring/assays.py",
    "measuring/autopsy.py",
    "measuring/cases.py",
    "measuring/questionnaire.py",
    "observe/kin.py",
    "observe/phlebotomy.py",
    "observe/survey.py",
    "results/combining.py",
    "results/differences.py",
    "results/intervals.py",
    "results/nesting.py",
    "results/rates.py",
    "results/samples.py",
    "results/tables/autopsies.py",
    "results/tables/contrasts.py",
    "results/tables/incidence.py",
    "results/tables/kin.py",
    "results/tables/kin_counts.py",
    "results/tables/loci.py",
    "results/tables/partitions.py",
    "results/tables/postulates.py",
    "results/tables/shifts.py",
    "results/tetrachoric.py",
    "results/totals.py",
    "worlds/living_again.py",
    "worlds/world.py",
)


class Mutant(NamedTuple):
    """One wrong rule.

    Attributes
    ----------
    module
        Path within the package.
    place
        Function, or name that is assigned, in which it stands.
    text, wrong
        The expression, and what replaces it.
    number
        Which of the equal replacements in this place it is, from 1.
    start, stop
        Where the text stands in the source, in characters.
    """

    module: str
    place: str
    text: str
    wrong: str
    number: int
    start: int
    stop: int

    @property
    def name(self) -> str:
        """Its name in lists: does not depend on lines."""
        again = f" #{self.number}" if self.number > 1 else ""
        return f"{self.module} {self.place}: {self.text} -> {self.wrong}{again}"

    def applied(self, source: str) -> str:
        """The source of the module with the wrong rule."""
        assert source[self.start : self.stop] == self.text, self.name
        return source[: self.start] + self.wrong + source[self.stop :]


_OPPOSITE = {
    ast.Add: "-", ast.Sub: "+", ast.Mult: "/", ast.Div: "*", ast.Pow: "*", ast.FloorDiv: "*",
    ast.BitOr: "&", ast.BitAnd: "|", ast.LShift: ">>", ast.RShift: "<<", ast.Mod: "//",
    ast.BitXor: "|",
}  # fmt: skip
_SIGNS = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**", ast.FloorDiv: "//",
    ast.BitOr: "|", ast.BitAnd: "&", ast.LShift: "<<", ast.RShift: ">>", ast.Mod: "%",
    ast.BitXor: "^",
}  # fmt: skip
_COMPARISONS = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
}  # fmt: skip
_CONTRARY = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
#: With or without the limit itself: matters where whole numbers are compared.
_LIMIT = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}
#: Words of what is counted in whole numbers.
_WHOLE = ("month", "age", "since", "until", "_from", "eligible", "row", "step", "candidate", "band")
_SWAPPED = {"min": "max", "max": "min", "np.minimum": "np.maximum", "np.maximum": "np.minimum"}
#: Letters of the line that are shown on either side of what is replaced.
NEAR = 28
#: Declarations whose numbers are no rules: bounds and priors are tested as such.
_NO_RULES = ("Annotated", "Key", "P", "Field", "Column", "PersonColumn", "_amount", "_factor",
             "register", "register_event", "Group", "Table", "BurdenField", "Measure", "Part",
             "cast", "zeros", "zeros_like", "empty", "dtype", "newborn_records", "Number", "RowKey",
             "neutral_burdens")  # fmt: skip


#: Arguments that choose no rule.
_NO_CHOICES = ("axis", "minlength", "keepdims", "dtype", "strict", "divide", "kind", "ignore_index")
#: Names that begin lists of codes: any distinct numbers would do.
_CODES = ("NO_DONOR", "HEALTHY_KIDNEY", "NOT_PREGNANT", "SINGLETON", "ALIVE", "_POINTS")


class _Finder(ast.NodeVisitor):
    """Finds what can be replaced: place, text span and replacement."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.lines = [0]
        for line in source.splitlines(keepends=True):
            self.lines.append(self.lines[-1] + len(line))
        self.encoded = source.splitlines(keepends=True)
        self.places: list[str] = []
        self.found: list[tuple[str, int, int, str]] = []

    def at(self, line: int, column: int) -> int:
        """Place in characters of a line and a column in bytes."""
        before = self.encoded[line - 1].encode()[:column].decode()
        return self.lines[line - 1] + len(before)

    def span(self, node: ast.expr) -> tuple[int, int]:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return (
            self.at(node.lineno, node.col_offset),
            self.at(node.end_lineno, node.end_col_offset),
        )

    def text(self, node: ast.expr) -> str:
        start, stop = self.span(node)
        return self.source[start:stop]

    def add(self, start: int, stop: int, wrong: str) -> None:
        self.found.append((self.places[-1] if self.places else "", start, stop, wrong))

    def between(self, left: ast.expr, right: ast.expr, sign: str) -> tuple[int, int] | None:
        """Span of an operator between two operands: the sign and the operands beside it."""
        start, stop = self.span(left)[1], self.span(right)[0]
        gap = self.source[start:stop]
        place = gap.find(sign)
        return None if place < 0 or "#" in gap else (start + place, start + place + len(sign))

    # Places

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self.places.append(f"{self.places[-1]}.{node.name}" if self.places else node.name)
        for statement in node.body:
            self.visit(statement)
        self.places.pop()

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.places.append(node.name)
        for statement in node.body:
            if isinstance(statement, ast.FunctionDef):
                self.visit(statement)
        self.places.pop()

    def visit_Assign(self, node: ast.Assign) -> None:
        outside = not self.places
        if outside:
            name = ast.unparse(node.targets[0]).strip("()")
            if name.startswith(_CODES):
                return
            self.places.append(name)
        self.visit(node.value)
        if outside:
            self.places.pop()

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_Assert(self, node: ast.Assert) -> None:
        return

    def visit_Raise(self, node: ast.Raise) -> None:
        return

    def visit_Expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):
            self.visit(node.value)

    # What is replaced

    def visit_Call(self, node: ast.Call) -> None:
        name = ast.unparse(node.func)
        if name.split(".")[-1] in _NO_RULES:
            for each in node.keywords:
                if isinstance(each.value, ast.Lambda):
                    self.visit(each.value)
            for argument in node.args:
                if isinstance(argument, ast.Lambda):
                    self.visit(argument)
            return
        if name in _SWAPPED:
            self.add(*self.span(node.func), _SWAPPED[name])
        for argument in node.args:
            self.visit(argument)
        for each in node.keywords:
            if each.arg == "ddof":
                self.add(*self.span(each.value), "0")
            elif each.arg not in _NO_CHOICES:
                self.visit(each.value)

    def visit_Constant(self, node: ast.Constant) -> None:
        value = node.value
        if isinstance(value, bool):
            self.add(*self.span(node), str(not value))
        elif isinstance(value, int):
            self.add(*self.span(node), str(value + 1))
        elif isinstance(value, float):
            self.add(*self.span(node), repr(1.25 * value) if value else "1.0")

    def visit_Subscript(self, node: ast.Subscript) -> None:
        self.visit(node.value)
        if not isinstance(node.slice, ast.Constant | ast.UnaryOp | ast.Tuple):
            self.visit(node.slice)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        whole, operand = self.span(node), self.span(node.operand)
        if isinstance(node.op, ast.USub | ast.Not | ast.Invert):
            if not isinstance(node.operand, ast.Constant):
                self.add(*whole, self.source[operand[0] : operand[1]])
            elif isinstance(node.op, ast.USub):
                return
        self.visit(node.operand)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        left = node.left
        if not (isinstance(left, ast.List | ast.Tuple) or isinstance(node.right, ast.List)):
            sign = _SIGNS.get(type(node.op))
            span = self.between(left, node.right, sign) if sign else None
            if span is not None:
                self.add(*span, _OPPOSITE[type(node.op)])
        self.visit(left)
        self.visit(node.right)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        sign = _SIGNS[type(node.op)]
        span = self.between(node.target, node.value, sign + "=")
        if span is not None and not isinstance(node.value, ast.List | ast.ListComp | ast.Set):
            self.add(*span, _OPPOSITE[type(node.op)] + "=")
        self.visit(node.value)

    def visit_Compare(self, node: ast.Compare) -> None:
        operands = [node.left, *node.comparators]
        for left, operator, right in zip(operands, node.ops, operands[1:], strict=False):
            sign = _COMPARISONS.get(type(operator))
            span = self.between(left, right, sign) if sign else None
            if span is None or sign is None:
                continue
            self.add(*span, _CONTRARY[sign])
            words = re.sub(r"\[[^]]*\]|(?<=\w)\([^()]*\)|per_month", "", self.text(node))
            if sign in _LIMIT and any(word in words for word in _WHOLE):
                self.add(*span, _LIMIT[sign])
        for operand in operands:
            self.visit(operand)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        sign, other = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        for left, right in zip(node.values, node.values[1:], strict=False):
            span = self.between(left, right, sign)
            if span is not None:
                self.add(*span, other)
        for value in node.values:
            self.visit(value)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        return


def mutants_of(module: str, source: str | None = None) -> list[Mutant]:
    """All mutants of a module, in the order of its source."""
    if source is None:
        source = source_of(module)
    finder = _Finder(source)
    finder.visit(ast.parse(source))
    seen: Counter[tuple[str, str, str]] = Counter()
    found = []
    for place, start, stop, wrong in sorted(finder.found, key=lambda each: each[1:3]):
        start, stop, wrong = _with_operands(source, start, stop, wrong)
        text = source[start:stop]
        seen[place, text, wrong] += 1
        found.append(Mutant(module, place, text, wrong, seen[place, text, wrong], start, stop))
    return found


def _with_operands(source: str, start: int, stop: int, wrong: str) -> tuple[int, int, str]:
    """Some of the line on both sides of a replacement, so that its name tells what it is."""
    line_start = source.rfind("\n", 0, start) + 1
    line_stop = source.find("\n", stop)
    before = source[line_start:start].lstrip()
    after = source[stop:line_stop].rstrip()
    if len(before) > NEAR:
        before = before[-NEAR:].partition(" ")[2] or before[-NEAR:]
    if len(after) > NEAR:
        after = after[:NEAR].rpartition(" ")[0] or after[:NEAR]
    return start - len(before), stop + len(after), before + wrong + after


def source_of(module: str, package: Path = CHECKOUT / PACKAGE) -> str:
    """Source of a module of the package."""
    return (package / module).read_text(encoding="utf-8")


def all_mutants() -> Iterator[Mutant]:
    """Every mutant of every module."""
    for module in MODULES:
        yield from mutants_of(module)
