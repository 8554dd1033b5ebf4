"""Indicators: the (field, kind, values) that a rule looks for, as its author would write them."""

from __future__ import annotations

from collections.abc import Iterator

from transpile.ir.expr import Expr, Field
from transpile.ir.pattern import Pattern, Wild
from transpile.ir.pred import (
    And,
    Condition,
    Exists,
    Glob,
    InNetwork,
    Keyword,
    Matches,
    Not,
    NumEq,
    Or,
    Order,
    Pred,
    Test,
    TextEq,
)
from transpile.ir.show import show_expr
from transpile.ir.stages import Filter, Pipeline
from transpile.ir.walk import children
from transpile.records import dataclass

RAW = "_raw"


@dataclass(frozen=True, slots=True)
class Indicator:
    """A field and what is asked of it.

    kind: eq, ne, match, not match, lt, le, gt, ge, cidr, exists, missing, keyword.  values: as
    written, `*` for any run; empty for exists and missing.
    """

    field: str
    kind: str
    values: tuple[str, ...]


def indicators(pipeline: Pipeline) -> tuple[Indicator, ...]:
    """Return the indicators of a rule, subsearches included, grouped by field and kind."""
    found: dict[tuple[str, str], dict[str, None]] = {}
    for field, kind, value in _tests(pipeline):
        values = found.setdefault((field, kind), {})
        if value is not None:
            values[value] = None
    return tuple(
        Indicator(field, kind, tuple(sorted(values, key=str.lower)))
        for (field, kind), values in sorted(found.items())
    )


_Found = tuple[str, str, str | None]


def _tests(pipeline: Pipeline) -> Iterator[_Found]:
    for stage in pipeline.stages:
        if isinstance(stage, Filter):
            yield from _of_pred(stage.pred, positive=True)
        for child in children(stage):
            if isinstance(child, Pipeline):
                yield from _tests(child)


def _of_pred(pred: Pred, *, positive: bool) -> Iterator[_Found]:
    match pred:
        case And(args) | Or(args):
            for arg in args:
                yield from _of_pred(arg, positive=positive)
        case Not(arg):
            yield from _of_pred(arg, positive=not positive)
        case Test(subject, condition):
            kind, value = _condition(condition)
            yield _name(subject), kind if positive else NEGATED[kind], value
        case Exists(subject):
            yield _name(subject), "exists" if positive else "missing", None
        case Keyword(pattern):
            yield RAW, "keyword" if positive else "not keyword", spelled(pattern)
        case _:
            pass


def _name(subject: Expr) -> str:
    return subject.name if isinstance(subject, Field) else show_expr(subject)


NEGATED = {
    "eq": "ne", "match": "not match", "lt": "ge", "le": "gt", "gt": "le", "ge": "lt",
    "cidr": "not cidr",
}  # fmt: skip
_ORDER = {"<": "lt", "<=": "le", ">": "gt", ">=": "ge"}


def _condition(condition: Condition) -> tuple[str, str]:
    match condition:
        case TextEq(text):
            return "eq", text
        case NumEq(number):
            return "eq", str(number)
        case Glob(pattern):
            return "eq", spelled(pattern)
        case Matches(regex):
            return "match", regex.source
        case Order(op, bound):
            return _ORDER[op], str(bound)
        case InNetwork(network):
            return "cidr", network


def spelled(pattern: Pattern) -> str:
    """Return a pattern with `*` for any run and `?` for one character."""
    signs = {Wild.RUN: "*", Wild.ONE: "?"}
    return "".join(p if isinstance(p, str) else signs[p] for p in pattern.parts)
