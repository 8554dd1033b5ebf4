"""Expressions as typed closures: names and types are checked before a row is seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from transpile.backends.esql.engine import tree as t
from transpile.backends.esql.engine.errors import EsqlError
from transpile.backends.esql.engine.functions import (
    CONVERSIONS,
    LISTS,
    SINGLE,
    Refused,
    case_type,
    listed,
    one_type,
    several,
)

Row = Mapping[str, Any]
Compute = Callable[[Row], Any]
Schema = Mapping[str, str]
Typed = tuple[str, Compute]


def compile_expression(node: t.Node, schema: Schema, now: float) -> Typed:
    """Return the type of an expression and what computes it. Raises `EsqlError`.

    schema: types of the columns.  now: what NOW() gives, in milliseconds.
    """
    match node:
        case t.Name(name):
            if name not in schema:
                raise EsqlError(f"Unknown column [{name}]")
            if schema[name] == "unsupported":
                raise EsqlError(f"Cannot use field [{name}] with unsupported type")
            return schema[name], lambda row: row.get(name)
        case t.Value(value, kind):
            return kind, lambda row: value
        case t.Interval():
            return "interval", lambda row: node
        case t.Star():
            raise EsqlError("* stands in COUNT(*) only")
        case t.Apply("NOW", ()):
            return "date", lambda row: now
        case t.Apply("KQL", (t.Name(name), t.Value(wanted))):
            return "boolean", _searched(name, wanted)
        case t.Apply(name, args):
            return _applied(name, [compile_expression(arg, schema, now) for arg in args])


def _searched(name: str, wanted: Any) -> Compute:
    """Return a search of the index: any value of the field is the wanted one, or there is one."""
    if wanted is None:
        return lambda row: row.get(name) is not None
    return lambda row: wanted in listed(row.get(name))


def compile_condition(node: t.Node, schema: Schema, now: float) -> Compute:
    """Return what decides a condition: true, or anything else."""
    kind, compute = compile_expression(node, schema, now)
    if kind not in ("boolean", "null"):
        raise EsqlError(f"Condition expression needs to be boolean, found [{kind}]")
    return compute


def _applied(name: str, args: list[Typed]) -> Typed:
    types, computes = [kind for kind, _ in args], [compute for _, compute in args]
    try:
        if name in _SPECIAL:
            typing, make = _SPECIAL[name]
            return typing(types), make(computes)
        for table, make_from in _TABLES:
            if name in table:
                typing, function = table[name]
                return typing(types), make_from(function, computes)
    except Refused as reason:
        raise EsqlError(f"{name}({', '.join(types)}): {reason}") from reason
    raise EsqlError(f"Unknown function [{name}]")


def _single(function: Callable[..., Any], computes: list[Compute]) -> Compute:
    def compute(row: Row) -> Any:
        values = [one(row) for one in computes]
        if any(value is None or isinstance(value, list) for value in values):
            return None
        return function(*values)

    return compute


def _of_list(function: Callable[..., Any], computes: list[Compute]) -> Compute:
    def compute(row: Row) -> Any:
        values = [one(row) for one in computes]
        if any(value is None for value in values):
            return None
        return function(*values)

    return compute


def _converted(function: Callable[..., Any], computes: list[Compute]) -> Compute:
    (inner,) = computes

    def compute(row: Row) -> Any:
        made = (function(value) for value in listed(inner(row)))
        return several([value for value in made if value is not None])

    return compute


_TABLES = ((SINGLE, _single), (CONVERSIONS, _converted), (LISTS, _of_list))


# -- what is not null on null ----------------------------------------------------------------------


def _booleans(types: list[str]) -> str:
    if any(kind not in ("boolean", "null") for kind in types):
        raise Refused("boolean is expected")
    return "boolean"


def _all(computes: list[Compute]) -> Compute:
    def compute(row: Row) -> Any:
        values = [_truth(one(row)) for one in computes]
        return False if False in values else None if None in values else True

    return compute


def _any(computes: list[Compute]) -> Compute:
    def compute(row: Row) -> Any:
        values = [_truth(one(row)) for one in computes]
        return True if True in values else None if None in values else False

    return compute


def _not(computes: list[Compute]) -> Compute:
    (inner,) = computes

    def compute(row: Row) -> Any:
        value = _truth(inner(row))
        return None if value is None else not value

    return compute


def _truth(value: Any) -> Any:
    return None if isinstance(value, list) else value


def _coalesce(computes: list[Compute]) -> Compute:
    return lambda row: next((v for one in computes if (v := one(row)) is not None), None)


def _case(computes: list[Compute]) -> Compute:
    pairs = list(zip(computes[::2], computes[1::2], strict=False))
    default = computes[-1] if len(computes) % 2 else None

    def compute(row: Row) -> Any:
        for condition, value in pairs:
            if condition(row) is True:
                return value(row)
        return default(row) if default else None

    return compute


_SPECIAL: Mapping[str, tuple[Callable[[list[str]], str], Callable[[list[Compute]], Compute]]] = {
    "AND": (_booleans, _all),
    "OR": (_booleans, _any),
    "NOT": (_booleans, _not),
    "IS NULL": (lambda types: "boolean", lambda c: lambda row: c[0](row) is None),
    "IS NOT NULL": (lambda types: "boolean", lambda c: lambda row: c[0](row) is not None),
    "COALESCE": (one_type, _coalesce),
    "CASE": (case_type, _case),
}
