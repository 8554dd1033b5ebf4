"""The aggregates of `transpile.ir.functions` in SQL: one table entry each (spl-semantics 4.2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlglot import exp
from transpile.backends.sql import nodes as n
from transpile.backends.sql.expressions import as_number, as_text, choice, expression, is_present
from transpile.backends.sql.nodes import Sql
from transpile.backends.sql.predicates import predicate
from transpile.backends.sql.values import ALWAYS, NUMERIC, Kind, Scope, Value

from transpile.errors import Unsupported
from transpile.ir.pred import TRUE
from transpile.ir.stages import Agg
from transpile.records import dataclass, replace

ROW = "_row"
"""The column that numbers the rows in pipeline order where an aggregate depends on it."""
ORDERED = frozenset({"first", "last", "list"})
TIMED = frozenset({"earliest", "latest", "earliest_time", "latest_time", "rate"})


@dataclass(frozen=True, slots=True)
class Aggregated:
    """An aggregate in a grouping SELECT. finish: what the column goes through afterwards."""

    sql: Sql
    kind: Kind
    missing: frozenset[str] | None = None
    finish: Callable[[Sql], Sql] | None = None


@dataclass(frozen=True, slots=True)
class _Input:
    """The argument of an aggregate, its condition folded in."""

    scope: Scope
    value: Value
    param: float

    def text(self) -> Sql:
        return as_text(self.value, self.scope).sql

    def number(self) -> Sql:
        return as_number(self.value, self.scope).sql

    @property
    def numeric(self) -> bool:
        return self.value.kind in NUMERIC

    def time(self) -> Sql:
        return as_number(self.scope.value_of("_time"), self.scope).sql

    def row(self) -> Sql:
        return n.column(ROW)


def aggregate(agg: Agg, scope: Scope) -> Aggregated:
    """Return an aggregate. Raises Unsupported TGT604 for one without counterpart."""
    try:
        return _aggregate(agg, scope)
    except Unsupported as error:
        raise error if error.span else error.moved(span=agg.span) from error


def _aggregate(agg: Agg, scope: Scope) -> Aggregated:
    where = None if agg.where == TRUE else predicate(agg.where, scope).sql
    if agg.arg is None:
        if agg.func != "count":
            raise Unsupported(f"{agg.func} without an argument", code="TGT604")
        return _count_rows(where)
    value = expression(agg.arg, scope)
    if where is not None:
        node = choice([(where, value.sql)], None, value.kind, scope)
        value = replace(value, node=node, missing=None)
    if agg.func not in AGGREGATES:
        raise Unsupported(f"the aggregate {agg.func} has no counterpart in SQL", code="TGT604")
    if value.is_null:
        return _of_nothing(agg.func)
    if value.kind is Kind.LIST and agg.func in _OF_ONE:
        value = replace(_OF_ONE[agg.func](value, scope), missing=value.missing)
    if value.kind is Kind.LIST and agg.func in _OF_LISTS:
        return _OF_LISTS[agg.func](_Input(scope, value, 0.0))
    if value.kind is Kind.LIST and agg.func not in _ANY_KIND:
        raise Unsupported(f"{agg.func} over a multivalue field", code="TGT604")
    param = 50.0 if agg.param is None else agg.param
    return AGGREGATES[agg.func](_Input(scope, value, param))


def _count_rows(where: Sql | None) -> Aggregated:
    if where is None:
        return Aggregated(exp.Count(this=exp.Star()), Kind.INT, ALWAYS)
    return Aggregated(exp.Count(this=n.case([(where, n.number(1))])), Kind.INT, ALWAYS)


def _of_nothing(func: str) -> Aggregated:
    """An aggregate of a field that the rows cannot have."""
    if func in ("count", "dc", "estdc", "estdc_error"):
        return Aggregated(exp.Count(this=n.null()), Kind.INT, ALWAYS)
    return Aggregated(exp.Max(this=n.cast(n.null(), exp.DType.TEXT)), Kind.TEXT)


def _count(x: _Input) -> Aggregated:
    if x.value.kind is Kind.LIST:
        size = x.scope.writer.dialect.list_length(x.value.sql)
        return Aggregated(n.coalesce(exp.Sum(this=size), n.number(0)), Kind.INT, ALWAYS)
    return Aggregated(exp.Count(this=x.value.sql), Kind.INT, ALWAYS)


def _distinct_count(x: _Input) -> Aggregated:
    return Aggregated(exp.Count(this=exp.Distinct(expressions=[x.value.sql])), Kind.INT, ALWAYS)


def _zero(x: _Input) -> Aggregated:
    return Aggregated(exp.Min(this=n.number(0)), Kind.INT, ALWAYS)


def _sum(x: _Input) -> Aggregated:
    return Aggregated(exp.Sum(this=x.number()), _sum_kind(x))


def _sum_kind(x: _Input) -> Kind:
    return Kind.INT if x.value.kind is Kind.INT else Kind.REAL


def _sum_of_squares(x: _Input) -> Aggregated:
    return Aggregated(exp.Sum(this=n.binary(exp.Mul, x.number(), x.number())), _sum_kind(x))


def _mean(x: _Input) -> Aggregated:
    return Aggregated(exp.Avg(this=x.number()), Kind.REAL)


def _range(x: _Input) -> Aggregated:
    node = n.binary(exp.Sub, exp.Max(this=x.number()), exp.Min(this=x.number()))
    return Aggregated(node, _sum_kind(x))


def _spread(*, sample: bool, root: bool) -> Callable[[_Input], Aggregated]:
    def made(x: _Input) -> Aggregated:
        node = x.scope.writer.dialect.deviation(x.number, sample=sample, root=root)
        if not sample:
            return Aggregated(node, Kind.REAL)
        some = n.binary(exp.GT, exp.Count(this=x.number()), n.number(0))
        zero = exp.Literal(this="0.0", is_string=False)
        return Aggregated(n.coalesce(node, n.case([(some, zero)])), Kind.REAL)

    return made


def _extreme(*, largest: bool) -> Callable[[_Input], Aggregated]:
    """Numbers before text, spelt as found."""

    def made(x: _Input) -> Aggregated:
        if x.numeric:
            return Aggregated((exp.Max if largest else exp.Min)(this=x.number()), x.value.kind)
        number = x.scope.writer.dialect.number
        x.scope.writer.assume("regex")
        node, finish = x.scope.writer.dialect.extreme(
            x.text, lambda text: number(text.copy), largest=largest
        )
        return Aggregated(node, Kind.TEXT, None, finish)

    return made


def _ranked(percent: float | None = None) -> Callable[[_Input], Aggregated]:
    def made(x: _Input) -> Aggregated:
        at = x.param if percent is None else percent
        node, finish = x.scope.writer.dialect.nearest_rank(x.number, at)
        return Aggregated(node, _sum_kind(x), None, finish)

    return made


def _mode(x: _Input) -> Aggregated:
    return Aggregated(x.scope.writer.dialect.mode(x.text), Kind.TEXT)


def _at(by: Callable[[_Input], Sql], *, largest: bool) -> Callable[[_Input], Aggregated]:
    def made(x: _Input) -> Aggregated:
        if by is _Input.time:
            x.scope.writer.note("events with the same time come in any order")
        node, finish = x.scope.writer.dialect.value_at(
            lambda: x.value.sql, lambda: by(x), largest=largest
        )
        return Aggregated(node, x.value.kind, None, finish)

    return made


def _time_of(*, largest: bool) -> Callable[[_Input], Aggregated]:
    def made(x: _Input) -> Aggregated:
        time = n.case([(is_present(x.value, x.scope), x.time())])
        return Aggregated((exp.Max if largest else exp.Min)(this=time), Kind.REAL)

    return made


def _values(x: _Input) -> Aggregated:
    node, finish = x.scope.writer.dialect.distinct_values(x.text())
    return Aggregated(node, Kind.LIST, None, finish)


def _values_of_lists(x: _Input) -> Aggregated:
    node, finish = x.scope.writer.dialect.distinct_of_lists(x.value.sql)
    return Aggregated(node, Kind.LIST, None, finish)


def _distinct_count_of_lists(x: _Input) -> Aggregated:
    dialect = x.scope.writer.dialect
    node, finish = dialect.distinct_of_lists(x.value.sql)

    def size(values: Sql) -> Sql:
        whole = values if finish is None else finish(values)
        return n.coalesce(dialect.list_length(whole), n.number(0))

    if finish is None:
        return Aggregated(size(node), Kind.INT, ALWAYS)
    return Aggregated(node, Kind.INT, ALWAYS, size)


def _list(x: _Input) -> Aggregated:
    node, finish = x.scope.writer.dialect.collect(x.text, x.row(), limit=100)
    return Aggregated(node, Kind.LIST, None, finish)


AGGREGATES: Mapping[str, Callable[[_Input], Aggregated]] = {
    "count": _count,
    "dc": _distinct_count,
    "estdc": _distinct_count,
    "estdc_error": _zero,
    "sum": _sum,
    "sumsq": _sum_of_squares,
    "avg": _mean,
    "range": _range,
    "stdev": _spread(sample=True, root=True),
    "stdevp": _spread(sample=False, root=True),
    "var": _spread(sample=True, root=False),
    "varp": _spread(sample=False, root=False),
    "min": _extreme(largest=False),
    "max": _extreme(largest=True),
    "median": _ranked(50.0),
    "perc": _ranked(),
    "exactperc": _ranked(),
    "upperperc": _ranked(),
    "mode": _mode,
    "first": _at(_Input.row, largest=False),
    "last": _at(_Input.row, largest=True),
    "earliest": _at(_Input.time, largest=False),
    "latest": _at(_Input.time, largest=True),
    "earliest_time": _time_of(largest=False),
    "latest_time": _time_of(largest=True),
    "values": _values,
    "list": _list,
}

_OF_LISTS: Mapping[str, Callable[[_Input], Aggregated]] = {
    "values": _values_of_lists,
    "dc": _distinct_count_of_lists,
    "estdc": _distinct_count_of_lists,
}
"""Aggregates of a multivalue field, of which each value counts."""

_ANY_KIND = frozenset({"count", "earliest_time", "latest_time"})


def _item(index: int) -> Callable[[Value, Scope], Value]:
    return lambda value, scope: Value(
        scope.writer.dialect.list_item(lambda: value.sql, index), Kind.TEXT
    )


def _extreme_item(*, largest: bool) -> Callable[[Value, Scope], Value]:
    def made(value: Value, scope: Scope) -> Value:
        scope.writer.assume("regex")
        node = scope.writer.dialect.list_extreme(lambda: value.sql, largest=largest)
        return Value(node, Kind.TEXT)

    return made


_OF_ONE: Mapping[str, Callable[[Value, Scope], Value]] = {
    "first": _item(0),
    "last": _item(-1),
    "latest": _item(0),
    "earliest": _item(-1),
    "min": _extreme_item(largest=False),
    "max": _extreme_item(largest=True),
}
"""Aggregates for which one value of each row's list stands for all of them."""
