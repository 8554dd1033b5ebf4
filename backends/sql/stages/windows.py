"""Stages that look at neighbouring rows: windows, duplicates, order, first rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlglot import exp
from transpile.backends.sql import nodes as n
from transpile.backends.sql.aggregates import ROW
from transpile.backends.sql.expressions import as_number, as_text, expression, first_of
from transpile.backends.sql.frame import Frame, OrderKey
from transpile.backends.sql.needs import Needs
from transpile.backends.sql.nodes import Sql
from transpile.backends.sql.predicates import predicate
from transpile.backends.sql.stages.groups import (
    group,
    number_rows,
    plain_aggregates,
    prepared,
    with_row_number,
)
from transpile.backends.sql.values import ALWAYS, NUMERIC, Kind, Scope, Value
from transpile.backends.sql.writer import Writer

from transpile.errors import Unsupported
from transpile.ir import stages as s
from transpile.ir.expr import Field
from transpile.ir.pred import TRUE
from transpile.ir.stages import Agg, Key
from transpile.records import replace


def window(stage: s.Window, frame: Frame, writer: Writer, before: Needs, after: Needs) -> Frame:
    """Aggregates beside each row: over the whole group by a join, running ones by OVER."""
    if stage.running:
        return _running(stage, frame, writer, before, after)
    comments = writer.comment(stage.span)
    keys = tuple(Key(name, Field(name)) for name in stage.by)
    aggs = plain_aggregates(stage.aggs, keys, frame, before, stage)
    aggs = tuple(agg for agg in aggs if agg.name in after)
    frame = number_rows(aggs, prepared(aggs, keys, frame, writer, before), writer, before)
    frame = writer.flush(frame, before)
    values = [(name, frame.value(name)) for name in stage.by]
    if any(value.is_null for _, value in values):  # a row with a missing key gets nothing
        return frame
    if any(value.missing != ALWAYS for _, value in values) and any(
        (own := frame.columns.get(agg.name)) is not None and not own.is_null for agg in aggs
    ):
        raise Unsupported(
            "totals under the name of a field, which rows without a key keep as it is",
            code="TGT603", span=stage.span,
        )
    if any(value.kind is Kind.LIST for _, value in values):
        raise Unsupported("grouping by a multivalue field here", code="TGT603", span=stage.span)
    present = frame
    for _, value in values:
        present = present.filtered(n.is_not_null(value.sql))
    totals = group(aggs, values, present, writer, comments)
    totals = writer.flush(totals, Needs()) if not totals.plain else totals
    return _beside(frame, totals, aggs, stage.by)


def _beside(
    frame: Frame, totals: Frame, aggs: tuple[Agg, ...], by: tuple[str, ...]
) -> Frame:
    """Join the totals of each group to the rows of a written frame."""
    def ours(value: Value) -> Value:
        node = value.node
        assert isinstance(node, exp.Column)
        return replace(value, node=n.shared_column(node.name, frame.source))

    def theirs(name: str) -> Value:
        node = totals.columns[name].node
        assert isinstance(node, exp.Column)
        return replace(totals.columns[name], node=n.shared_column(node.name, totals.source))

    pairs = [n.binary(exp.EQ, ours(frame.value(name)).sql, theirs(name).sql) for name in by]
    join = exp.Join(this=n.table(totals.source), side="LEFT", on=n.conjunction(pairs))
    rest = frame.rest
    columns = {name: ours(value) for name, value in frame.columns.items()}
    for agg in aggs:
        value = theirs(agg.name)
        columns[agg.name] = replace(value, missing=frozenset((agg.name,)))
    return replace(
        frame,
        columns=columns,
        rest=None if rest is None else lambda name: _qualified(rest(name), ours),
        joins=(join,),
        order=tuple(replace(key, value=ours(key.value)) for key in frame.order),
        label="with_totals",
        gone=frame.gone - {agg.name for agg in aggs},
    )


def _qualified(value: Value | None, ours: Callable[[Value], Value]) -> Value | None:
    return None if value is None else ours(value)


# -- running ---------------------------------------------------------------------------------------

_Over = Callable[[Callable[[Sql], Sql], Value | None, Scope], tuple[Sql, Kind]]


def _needs_value(value: Value | None) -> Value:
    if value is None:
        raise Unsupported("an aggregate without an argument", code="TGT604")
    return value


def _count_over(over: Callable[[Sql], Sql], value: Value | None, scope: Scope) -> tuple[Sql, Kind]:
    argument = exp.Star() if value is None else value.sql
    return over(exp.Count(this=argument)), Kind.INT


def _number_over(kind: type[exp.AggFunc]) -> _Over:
    def made(
        over: Callable[[Sql], Sql], value: Value | None, scope: Scope
    ) -> tuple[Sql, Kind]:
        amount = as_number(_needs_value(value), scope)
        if kind in (exp.Min, exp.Max) and _needs_value(value).kind not in NUMERIC:
            raise Unsupported("a running extreme of texts", code="TGT604")
        whole = amount.kind is Kind.INT and kind is not exp.Avg
        return over(kind(this=amount.sql)), Kind.INT if whole else Kind.REAL

    return made


def _range_over(over: Callable[[Sql], Sql], value: Value | None, scope: Scope) -> tuple[Sql, Kind]:
    amount = as_number(_needs_value(value), scope)
    high, low = over(exp.Max(this=amount.sql)), over(exp.Min(this=amount.sql))
    return n.binary(exp.Sub, high, low), amount.kind


RUNNING: Mapping[str, _Over] = {
    "count": _count_over,
    "sum": _number_over(exp.Sum),
    "avg": _number_over(exp.Avg),
    "min": _number_over(exp.Min),
    "max": _number_over(exp.Max),
    "range": _range_over,
}


def _running(
    stage: s.Window, frame: Frame, writer: Writer, before: Needs, after: Needs
) -> Frame:
    if stage.seconds or stage.reset_on_change or stage.reset_before or stage.reset_after:
        raise Unsupported("running totals that start anew", code="TGT603", span=stage.span)
    if stage.rows and not stage.per_group and stage.by:
        raise Unsupported("the last rows of all groups together", code="TGT603", span=stage.span)
    frame = with_row_number(frame, writer, before)
    scope = writer.scope(frame)
    keys = [first_of(frame.value(name), scope).sql for name in stage.by]
    start = "UNBOUNDED PRECEDING"
    if stage.rows:
        start = f"{stage.rows - 1 if stage.current else stage.rows} PRECEDING"
    end = "CURRENT_ROW" if stage.current else "1 PRECEDING"
    if start == "0 PRECEDING":
        start = "CURRENT_ROW"

    def over(function: Sql) -> Sql:
        return n.window(
            function, partition=keys, order=[n.ordered(n.column(ROW))], frame=("ROWS", start, end)
        )

    present = [n.is_not_null(key) for key in keys]
    items: list[tuple[str, Value]] = []
    for agg in stage.aggs:
        if agg.pattern or agg.func not in RUNNING:
            raise Unsupported(f"a running {agg.func}", code="TGT604", span=stage.span)
        value = None if agg.arg is None else expression(agg.arg, scope)
        if agg.where != TRUE:
            condition = predicate(agg.where, scope).sql
            value = value or Value(n.number(1), Kind.INT)
            value = replace(value, node=n.case([(condition, value.sql)]), missing=None)
        node, kind = RUNNING[agg.func](over, value, scope)
        if present:
            node = n.case([(n.conjunction([p.copy() for p in present]), node)])
        items.append((agg.name, Value(node, kind)))
    for name, value in items:
        frame = frame.with_column(name, value)
    frame = replace(frame, label="running", comments=writer.comment(stage.span))
    return replace(writer.flush(frame, after), label="selected")


# -- duplicates, order, first rows -----------------------------------------------------------------


def dedup(stage: s.Dedup, frame: Frame, writer: Writer, before: Needs, after: Needs) -> Frame:
    """The first rows of each combination of key values."""
    if stage.consecutive or stage.keep_rows:
        raise Unsupported("duplicates of neighbours only", code="TGT603", span=stage.span)
    if any(not frame.value(name).simple for name in stage.keys):
        frame = writer.flush(frame, before)
    values = [frame.value(name) for name in stage.keys]
    present = [n.is_not_null(v.sql) for v in values if v.missing != ALWAYS]
    if not stage.keep_missing:
        for condition in present:
            frame = frame.filtered(condition)
    writer.note("events with the same time come in any order")
    number = n.window(
        n.call("ROW_NUMBER"),
        partition=[v.sql for v in values],
        order=writer.sort_keys(frame.order),
    )
    rank = writer.unique("_rank", {name.casefold() for name in frame.columns})
    comments = writer.comment(stage.span)
    ranked = writer.flush(frame, before, extra=[(rank, number)], label="ranked", comments=comments)
    condition = n.binary(exp.LTE, n.column(rank), n.number(stage.count))
    if stage.keep_missing and present:
        missing = [n.is_null(ranked.value(name).sql) for name in stage.keys]
        condition = n.disjunction((condition, *missing))
    kept = ranked.filtered(condition)
    if kept.rest is not None:
        writer.helpers.add(rank)
        kept = replace(kept, gone=kept.gone | {rank})
    return replace(kept, label="deduplicated")


def sort(stage: s.Sort, frame: Frame, writer: Writer, before: Needs, after: Needs) -> Frame:
    """Order the rows; a limit keeps the first of them."""
    if any(not frame.value(key.field).simple for key in stage.keys):
        frame = writer.flush(frame, before.plus((), order=True))
    keys: list[OrderKey] = []
    for key in stage.keys:
        value = frame.value(key.field)
        if value.is_null:
            continue
        keys.append(_sort_key(key, value, writer.scope(frame), writer))
    writer.note("rows that sort equal come in any order")
    if any(key.natural for key in frame.order):
        frame = replace(frame, order=())  # the order of groups is nothing to rely on
    frame = replace(frame, order=(*keys, *frame.order))
    if not stage.limit:
        return frame
    return writer.flush(
        frame, after.plus((), order=True), limit=stage.limit, label="first_rows",
        comments=writer.comment(stage.span),
    )


def _sort_key(key: s.SortKey, value: Value, scope: Scope, writer: Writer) -> OrderKey:
    single = first_of(value, scope)
    match key.mode:
        case "str":
            return OrderKey(as_text(single, scope), key.descending)
        case "num":
            return OrderKey(as_number(single, scope), key.descending)
        case "ip":
            raise Unsupported("ordering by IP address", code="TGT603", span=key.span)
        case _:
            if single.kind is Kind.TEXT:
                writer.note(f"the values of {key.field} are all numbers or all texts")
            return OrderKey(single, key.descending, natural=True)


def limit(stage: s.Limit, frame: Frame, writer: Writer, before: Needs, after: Needs) -> Frame:
    """The first rows, or the last ones in reverse order."""
    if stage.while_true is not None:
        raise Unsupported("rows up to a condition", code="TGT603", span=stage.span)
    if stage.last:
        order = tuple(replace(key, descending=not key.descending) for key in frame.order)
        frame = replace(frame, order=order)
    if stage.count is None:
        return frame
    writer.note("events with the same time come in any order")
    return writer.flush(
        frame, after.plus((), order=True), limit=stage.count, label="first_rows",
        comments=writer.comment(stage.span),
    )
