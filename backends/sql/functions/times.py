"""The functions of time in SQL; days and clocks are those of UTC."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC

from sqlglot import exp
from transpile.backends.sql import nodes as n
from transpile.backends.sql.expressions import Function, as_number, as_text, whole_literal
from transpile.backends.sql.nodes import Sql
from transpile.backends.sql.values import ALWAYS, Kind, Scope, Value, null_value

from transpile.interpret.time import relative

UTC_DAYS = "days begin at midnight UTC"


def _now(scope: Scope, args: list[Value]) -> Value:
    return Value(scope.writer.dialect.now(), Kind.REAL, ALWAYS)


def _parameter(scope: Scope, args: list[Value]) -> Value:
    return scope.writer.parameter(args[0].literal or "", args[1])


def _strftime(scope: Scope, args: list[Value]) -> Value:
    form = args[1].literal
    if form is None:
        scope.writer.dialect.refuse("computed time format")
    time = as_number(args[0], scope)
    scope.writer.note("times are written in UTC")
    return Value(scope.writer.dialect.strftime(time.sql, form), Kind.TEXT, time.missing)


def _strptime(scope: Scope, args: list[Value]) -> Value:
    form = args[1].literal
    if form is None:
        scope.writer.dialect.refuse("computed time format")
    text = as_text(args[0], scope)
    scope.writer.note("times are read as UTC, in digits, seconds below 60")
    return Value(scope.writer.dialect.strptime(text.sql, form), Kind.REAL)


_FIXED_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def _relative_time(scope: Scope, args: list[Value]) -> Value:
    """Offsets in units of fixed length and snaps that divide a day; days are UTC days."""
    spec = args[1].literal
    if spec is None:
        return _moved(scope, args)
    if relative(0.0, spec, UTC) is None:
        return null_value(Kind.REAL)
    steps = re.findall(r"([+-])(\d*)([smhdw])(?![a-z])|@([smhd])(?![a-z])", spec)
    written = "".join(
        f"@{snap}" if snap else f"{sign}{count}{unit}" for sign, count, unit, snap in steps
    )
    if written != spec:
        scope.writer.dialect.refuse(f"relative time {spec}")
    time = as_number(args[0], scope)
    node = scope.writer.dialect.real(time.sql) if time.kind is Kind.INT else time.sql
    scope.writer.note(UTC_DAYS)
    for sign, count, unit, snap in steps:
        if snap:
            width = n.number(_FIXED_UNITS[snap])
            whole = n.call("FLOOR", n.binary(exp.Div, node, width))
            node = n.binary(exp.Mul, whole, width.copy())
        else:
            seconds = n.number(int(count or 1) * _FIXED_UNITS[unit])
            node = n.binary(exp.Add if sign == "+" else exp.Sub, node, seconds)
    return Value(node, Kind.REAL, time.missing)


def _moved(scope: Scope, args: list[Value]) -> Value:
    """A time moved by a modifier that the row decides, such as `"-".days."d"`."""
    dialect = scope.writer.dialect
    time, spec = as_number(args[0], scope), as_text(args[1], scope)
    scope.writer.note("a relative time that is computed is one signed number of s, m, h, d or w")
    scope.writer.note(UTC_DAYS)
    length = dialect.length(spec.sql)
    amount = n.cast(
        dialect.substring(spec.sql, n.number(1), n.binary(exp.Sub, length, n.number(1))),
        exp.DType.BIGINT,
    )
    unit = dialect.substring(spec.sql, length.copy(), n.number(1))
    widths = [
        exp.If(this=n.text(name), true=n.number(width)) for name, width in _FIXED_UNITS.items()
    ]
    seconds = exp.Case(this=unit, ifs=widths)
    moved = n.binary(exp.Add, time.sql, n.binary(exp.Mul, amount, seconds))
    plain = dialect.matches(spec.sql, f"^[+-][0-9]{{1,9}}[smhdw]{dialect.text_end}")
    return Value(n.case([(plain, moved)]), Kind.REAL)


def _time_bin(scope: Scope, args: list[Value]) -> Value:
    """Bins of one day; the other calendar units vary in length."""
    if args[2].literal != "day" or whole_literal(args[1], scope, "width of a bin") != 1:
        scope.writer.dialect.refuse("bins of calendar units but one day")
    time = as_number(args[0], scope)
    scope.writer.note(UTC_DAYS)
    return Value(floored(time, 86400, 0, scope), Kind.REAL, time.missing)


def floored(value: Value, width: float, align: float, scope: Scope) -> Sql:
    """Return the start of the bin of a number; bins begin at `align`."""
    node = scope.writer.dialect.real(value.sql) if value.kind is Kind.INT else value.sql
    if align:
        node = n.binary(exp.Sub, node, n.number(align))
    if width == 1:
        node = n.call("FLOOR", node)
    else:
        whole = n.call("FLOOR", n.binary(exp.Div, node, n.number(width)))
        node = n.binary(exp.Mul, whole, n.number(width))
    return n.binary(exp.Add, node, n.number(align)) if align else node


TIMES: Mapping[str, Function] = {
    "now": _now,
    "parameter": _parameter,
    "relative_time": _relative_time,
    "time_bin": _time_bin,
    "strftime": _strftime,
    "strptime": _strptime,
}
