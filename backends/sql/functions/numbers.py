"""Arithmetic and number functions in SQL."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp
from transpile.backends.sql import nodes as n
from transpile.backends.sql.expressions import (
    Function,
    as_number,
    as_text,
    whole_literal,
)
from transpile.backends.sql.values import NUMERIC, Kind, Scope, Value, null_value, united


def _arithmetic(kind: type[exp.Binary]) -> Function:
    def made(scope: Scope, args: list[Value]) -> Value:
        left, right = (as_number(arg, scope) for arg in args)
        whole = left.kind is Kind.INT and right.kind is Kind.INT
        node = n.binary(kind, left.sql, right.sql)
        return Value(node, Kind.INT if whole else Kind.REAL, united([left, right]))

    return made


def _div(scope: Scope, args: list[Value]) -> Value:
    left, right = (as_number(arg, scope) for arg in args)
    top = scope.writer.dialect.real(left.sql) if left.kind is Kind.INT else left.sql
    literal = isinstance(right.node, exp.Literal) and float(right.node.this) != 0
    under = right.sql if literal else n.nullif(right.sql, n.number(0))
    missing = united([left, right]) if literal else None
    return Value(n.binary(exp.Div, top, under), Kind.REAL, missing)


def _mod(scope: Scope, args: list[Value]) -> Value:
    left, right = (as_number(arg, scope) for arg in args)
    whole = left.kind is Kind.INT and right.kind is Kind.INT
    node = scope.writer.dialect.modulo(left.sql, n.nullif(right.sql, n.number(0)))
    return Value(node, Kind.INT if whole else Kind.REAL)


def _neg(scope: Scope, args: list[Value]) -> Value:
    value = as_number(args[0], scope)
    return Value(exp.Neg(this=n.tight(value.sql)), value.kind, value.missing)


def _abs(scope: Scope, args: list[Value]) -> Value:
    value = as_number(args[0], scope)
    return Value(n.call("ABS", value.sql), value.kind, value.missing)


def _stepped(name: str) -> Function:
    def made(scope: Scope, args: list[Value]) -> Value:
        value = as_number(args[0], scope)
        if value.kind is Kind.INT:
            return value
        return Value(n.call(name, value.sql), Kind.REAL, value.missing)

    return made


def _round(scope: Scope, args: list[Value]) -> Value:
    value = as_number(args[0], scope)
    digits = 0
    if len(args) > 1:
        digits = whole_literal(args[1], scope, "number of decimals")
    if value.kind is Kind.INT:
        return value
    node = scope.writer.dialect.round_half_away(lambda: value.sql, digits)
    return Value(node, Kind.REAL, value.missing)


def _real_function(name: str) -> Function:
    def made(scope: Scope, args: list[Value]) -> Value:
        values = [as_number(arg, scope) for arg in args]
        return Value(n.call(name, *(v.sql for v in values)), Kind.REAL)

    return made


def _guarded(name: str, above: float, kind: type[exp.Binary]) -> Function:
    """A function that engines fail on outside its domain; NULL there."""

    def made(scope: Scope, args: list[Value]) -> Value:
        value = as_number(args[0], scope)
        inside = n.binary(kind, value.sql, n.number(above))
        return Value(n.case([(inside, n.call(name, value.sql))]), Kind.REAL)

    return made


def _log(scope: Scope, args: list[Value]) -> Value:
    if len(args) == 1:
        return _guarded("LOG10", 0, exp.GT)(scope, args)
    top, base = (_guarded("LN", 0, exp.GT)(scope, [arg]) for arg in args)
    return Value(n.binary(exp.Div, top.sql, n.nullif(base.sql, n.number(0))), Kind.REAL)


def _pow(scope: Scope, args: list[Value]) -> Value:
    left, right = (as_number(arg, scope) for arg in args)
    node = scope.writer.dialect.power(left.sql, right.sql)
    return Value(node, Kind.REAL, united([left, right]))


def _plus(scope: Scope, args: list[Value]) -> Value:
    """SPL's `+`: sum of two numbers, text of two texts, nothing of one of each."""
    left, right = args
    if left.kind in NUMERIC and right.kind in NUMERIC:
        return _arithmetic(exp.Add)(scope, args)
    a, b = as_number(left, scope), as_number(right, scope)
    joined = scope.writer.dialect.concat([as_text(v, scope).sql for v in args])
    texts = [n.is_null(v.sql) for v in (a, b) if not v.is_null]
    if a.is_null or b.is_null:
        if Kind.INT in (left.kind, right.kind) or Kind.REAL in (left.kind, right.kind):
            return null_value()
        return Value(n.case([(n.conjunction(texts), joined)]), Kind.TEXT)
    if left.kind in NUMERIC or right.kind in NUMERIC:
        return Value(n.binary(exp.Add, a.sql, b.sql), Kind.REAL)
    total = Value(n.binary(exp.Add, a.sql, b.sql), Kind.REAL)
    both = n.conjunction(n.is_not_null(v.sql) for v in (a, b))
    branches = [(both, as_text(total, scope).sql), (n.conjunction(texts), joined)]
    return Value(n.case(branches), Kind.TEXT)


NUMBERS: Mapping[str, Function] = {
    "add": _arithmetic(exp.Add),
    "sub": _arithmetic(exp.Sub),
    "mul": _arithmetic(exp.Mul),
    "plus": _plus,
    "div": _div,
    "mod": _mod,
    "neg": _neg,
    "abs": _abs,
    "ceil": _stepped("CEIL"),
    "floor": _stepped("FLOOR"),
    "round": _round,
    "sqrt": _guarded("SQRT", 0, exp.GTE),
    "pow": _pow,
    "exp": _real_function("EXP"),
    "ln": _guarded("LN", 0, exp.GT),
    "log": _log,
    "pi": _real_function("PI"),
    "sin": _real_function("SIN"),
    "cos": _real_function("COS"),
    "tan": _real_function("TAN"),
    "atan": _real_function("ATAN"),
    "atan2": _real_function("ATAN2"),
}
