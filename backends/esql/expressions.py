"""Expressions of the IR as ES|QL values."""

from __future__ import annotations

import re
from collections.abc import Mapping

from transpile.backends.esql import tree as q
from transpile.backends.esql.functions import FUNCTIONS
from transpile.backends.esql.members import at_place, is_list, place_of, together
from transpile.backends.esql.scope import Scope
from transpile.backends.esql.values import (
    NOTHING,
    CannotSay,
    Kind,
    Value,
    alike,
    constant,
)

from transpile.ir.expr import Call, Case, Each, Expr, Field, Lit, RegexLit
from transpile.ir.pred import Pred

Times = Mapping[str, str]

_UNITS: Times = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), "second"),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), "minute"),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), "hour"),
    **dict.fromkeys(("d", "day", "days"), "day"),
    **dict.fromkeys(("mon", "month", "months"), "month"),
    **dict.fromkeys(("y", "yr", "yrs", "year", "years"), "year"),
}
_RELATIVE = re.compile(r"(?:([+-])(\d+)([a-z]+))?(?:@([a-z]+))?")
_SECONDS = (("hour", 3600), ("minute", 60), ("second", 1))
_DAY = 86400


def expression(expr: Expr, scope: Scope) -> Value:
    """Return an expression as ES|QL says it. Raises `CannotSay`."""
    match expr:
        case Field(name) if is_list(expr):
            return together(name, scope)
        case Field(name):
            return scope.column(name)
        case Call("mvindex", (Field(name) as field, place)) if is_list(field):
            return at_place(name, place, scope)
        case Call("mvfind", (Field(name) as field, RegexLit() as wanted)) if is_list(field):
            return place_of(name, wanted, scope)
        case Lit(value):
            return constant(value)
        case Case(branches, default):
            return _case(branches, default, scope)
        case Call("mul", (Call("floor", (Call("div", (inner, Lit(int() | float() as width))),)),
                          Lit(again))) if width == again:
            return _binned(expr, inner, width, scope)
        case Call("time_bin", (inner, Lit(count), Lit(str() as unit))):
            return _by_calendar(inner, count, unit, scope)
        case Call("relative_time", (inner, Lit(str() as modifier))):
            return _moved(scope.value(inner), modifier)
        case Call("coalesce", args):
            return _coalesce([scope.value(arg) for arg in args])
        case Call(name, args):
            function = FUNCTIONS.get(name)
            if function is None:
                raise CannotSay(f"ES|QL has no function for {name}")
            return function(args, scope)
        case Each():
            raise CannotSay("ES|QL cannot go through the values of a list")
        case RegexLit():
            raise CannotSay("a regular expression is no value")


def _case(branches: tuple[tuple[Pred, Expr], ...], default: Expr, scope: Scope) -> Value:
    values = alike([scope.value(value) for _, value in branches] + [scope.value(default)])
    *chosen, other = values
    args: list[q.Expr] = []
    for (pred, _), value in zip(branches, chosen, strict=True):
        args += (scope.test(pred), value.node)
    if other.node != q.NULL:
        args.append(other.node)
    kind = next((v.kind for v in values if v.node != q.NULL), Kind.TEXT)
    many = any(value.many for value in values)
    sure = frozenset[str]() if all(v.needs == frozenset() for v in values) else None
    return Value(q.Call("CASE", tuple(args)), kind, many=many, needs=sure)


def _coalesce(values: list[Value]) -> Value:
    """Return the first value that is not missing; what can never be reached is left out."""
    kept: list[Value] = []
    for value in values:
        if value.node == q.NULL or any(_reaches(before, value) for before in kept):
            continue
        kept.append(value)
        if value.needs == frozenset():
            break
    if len(kept) < 2:
        return kept[0] if kept else NOTHING
    shown = alike(kept)
    sure = next((v.needs for v in reversed(shown) if v.needs == frozenset()), None)
    node = q.Call("COALESCE", tuple(value.node for value in shown))
    return Value(node, shown[0].kind, many=any(v.many for v in shown), needs=sure)


def _reaches(before: Value, value: Value) -> bool:
    """Return whether a value is null whenever an earlier one is."""
    return before.needs is not None and value.needs is not None and before.needs == value.needs


# -- time ----------------------------------------------------------------------------------------


def _binned(expr: Call, inner: Expr, width: int | float, scope: Scope) -> Value:
    """Return `floor(x / width) * width`: the start of a bin of time, or of a number."""
    value = scope.value(inner)
    if value.kind is not Kind.DATE:
        return FUNCTIONS["mul"](expr.args, scope)
    return _truncated(value, _span(width))


def _span(seconds: int | float) -> q.Span:
    """Return a width in its largest unit. Raises `CannotSay` unless DATE_TRUNC keeps to the epoch.

    Elasticsearch rounds lengths below a day from the epoch on, in UTC.
    """
    if seconds == _DAY:
        return q.Span(1, "day")
    if seconds == int(seconds) and 0 < seconds < _DAY:
        unit, size = next((unit, size) for unit, size in _SECONDS if seconds % size == 0)
        return q.Span(int(seconds) // size, unit)
    raise CannotSay(f"ES|QL has no bins of {seconds:g} seconds")


def _truncated(value: Value, span: q.Span) -> Value:
    node = q.Call("DATE_TRUNC", (span, value.node))
    return Value(node, Kind.DATE, needs=value.needs)


def _by_calendar(inner: Expr, count: object, unit: str, scope: Scope) -> Value:
    value = scope.value(inner)
    if value.kind is not Kind.DATE or count != 1 or unit not in ("day", "month", "quarter", "year"):
        raise CannotSay(f"ES|QL has no bins of {count} {unit}")
    scope.assume("days and months begin in UTC")
    return _truncated(value, q.Span(1, unit))


def _moved(value: Value, modifier: str) -> Value:
    """Return a time moved by a modifier such as `-1d@d`. Raises `CannotSay`."""
    found = _RELATIVE.fullmatch(modifier.strip().lower())
    if found is None or value.kind is not Kind.DATE:
        raise CannotSay(f"ES|QL cannot move a time by {modifier}")
    sign, count, unit, snap = found.groups()
    node = value.node
    if unit:
        span = q.Span(int(count), _unit(unit, modifier))
        node = q.Binary("+" if sign == "+" else "-", node, span)
    moved = Value(node, Kind.DATE, needs=value.needs)
    return _truncated(moved, q.Span(1, _unit(snap, modifier))) if snap else moved


def _unit(word: str, modifier: str) -> str:
    unit = _UNITS.get(word)
    if unit is None:
        raise CannotSay(f"ES|QL cannot move a time by {modifier}")
    return unit
