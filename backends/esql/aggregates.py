"""Aggregates of the IR in ES|QL: one entry a function."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from transpile.backends.esql import tree as q
from transpile.backends.esql.functions import PLAIN_NUMBERS
from transpile.backends.esql.values import (
    NUMBERS,
    CannotSay,
    Kind,
    Value,
    as_number,
    as_real,
    as_text,
)
from transpile.backends.esql.writer import Writer

from transpile.ir.stages import Agg

Maker = Callable[[Value, Writer], Value]

_APPROXIMATE = "COUNT_DISTINCT is approximate above 3,000 distinct values"
_LATEST = "LAST and FIRST need Elasticsearch 9.3; of events at the same time either is taken"


def measure(agg: Agg, writer: Writer) -> tuple[Value, q.Expr]:
    """Return an aggregate, and which rows count. Raises `CannotSay`."""
    if agg.pattern:
        raise CannotSay(f"{agg.func}({agg.pattern}) is over fields that the events decide")
    counted = writer.only(agg.where)
    if agg.arg is None:
        return Value(q.Call("COUNT", (q.Star(),)), Kind.LONG), counted
    maker = AGGREGATES.get(agg.func)
    if maker is None:
        raise CannotSay(f"ES|QL has no {agg.func}()")
    return maker(writer.value(agg.arg), writer), counted


def _call(name: str, value: Value, kind: Kind, *, sure: bool = False) -> Value:
    return Value(q.Call(name, (value.node,)), kind, needs=frozenset() if sure else None)


def _count(value: Value, writer: Writer) -> Value:
    return _call("COUNT", value, Kind.LONG, sure=True)


def _distinct(value: Value, writer: Writer) -> Value:
    writer.scope.assume(_APPROXIMATE)
    return _call("COUNT_DISTINCT", value, Kind.LONG, sure=True)


def _values(value: Value, writer: Writer) -> Value:
    gathered = q.Call("VALUES", (as_text(value).node,))
    return Value(q.Call("MV_SORT", (gathered,)), Kind.TEXT, many=True, ordered=True, needs=None)


def _extreme(name: str) -> Maker:
    def maker(value: Value, writer: Writer) -> Value:
        if value.kind is Kind.TEXT:
            column = value.node.name if isinstance(value.node, q.Column) else ""
            if column not in writer.looked_up:
                raise CannotSay(f"ES|QL's {name} of texts does not put numbers first")
            writer.scope.assume(f"{column} holds numbers only")
            value = _number(value, writer)
        return _call(name, value, value.kind, sure=value.node == q.Column("@timestamp"))

    return maker


def _numeric(name: str, *, real: bool = True) -> Maker:
    def maker(value: Value, writer: Writer) -> Value:
        number = _number(value, writer)
        return _call(name, number, Kind.DOUBLE if real else number.kind)

    return maker


def _number(value: Value, writer: Writer) -> Value:
    """Return a number; text that is none is left out, as Splunk does."""
    if value.kind is Kind.TEXT:
        shown = value.node.name if isinstance(value.node, q.Column) else "a value"
        writer.scope.assume(PLAIN_NUMBERS.format(shown))
    return as_number(value)


def _range(value: Value, writer: Writer) -> Value:
    if value.kind not in NUMBERS and value.kind is not Kind.DATE:
        value = _number(value, writer)
    ends = (as_real(_call(name, value, value.kind)).node for name in ("MAX", "MIN"))
    return Value(q.Binary("-", *ends), Kind.DOUBLE, needs=None)


def _deviation(value: Value, writer: Writer) -> Value:
    """Return the sample deviation: ES|QL has that of a population. One value has none: 0."""
    number = _number(value, writer)
    count = q.Call("COUNT", (number.node,))
    less = q.Binary("-", count, q.Constant(1))
    spread = q.Binary("/", q.Call("TO_DOUBLE", (count,)),
                      q.Call("GREATEST", (less, q.Constant(1))))
    node = q.Binary("*", q.Call("STD_DEV", (number.node,)), q.Call("SQRT", (spread,)))
    return Value(node, Kind.DOUBLE, needs=None)


def _by_time(name: str) -> Maker:
    def maker(value: Value, writer: Writer) -> Value:
        if value.node == q.Column("@timestamp"):
            return _call("MAX" if name == "LAST" else "MIN", value, Kind.DATE)
        if value.many:
            raise CannotSay("ES|QL keeps no order among the values of a field")
        time = writer.scope.column("@timestamp")
        writer.scope.assume(_LATEST)
        return Value(q.Call(name, (value.node, time.node)), value.kind, needs=None)

    return maker


AGGREGATES: Mapping[str, Maker] = {
    "count": _count,
    "dc": _distinct,
    "estdc": _distinct,
    "sum": _numeric("SUM", real=False),
    "avg": _numeric("AVG"),
    "min": _extreme("MIN"),
    "max": _extreme("MAX"),
    "range": _range,
    "stdev": _deviation,
    "stdevp": _numeric("STD_DEV"),
    "values": _values,
    "latest": _by_time("LAST"),
    "earliest": _by_time("FIRST"),
}
