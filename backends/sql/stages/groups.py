"""Grouping and unnesting."""

from __future__ import annotations

from sqlglot import exp
from transpile.backends.sql import nodes as n
from transpile.backends.sql.aggregates import ORDERED, ROW, Aggregated, aggregate
from transpile.backends.sql.expressions import expression
from transpile.backends.sql.frame import Frame, OrderKey, computed
from transpile.backends.sql.needs import Needs, reads
from transpile.backends.sql.nodes import Sql
from transpile.backends.sql.values import ALWAYS, Kind, Value
from transpile.backends.sql.writer import Writer

from transpile.errors import Unsupported
from transpile.ir import stages as s
from transpile.ir.expr import Field
from transpile.ir.names import carried, match_name
from transpile.ir.stages import Agg, Key
from transpile.records import replace


def aggregate_rows(
    stage: s.Aggregate, frame: Frame, writer: Writer, before: Needs, after: Needs
) -> Frame:
    """GROUP BY: rows with a missing key go, a list as key is unnested first."""
    comments = writer.comment(stage.span)
    aggs = plain_aggregates(stage.aggs, stage.by, frame, before, stage)
    aggs = tuple(agg for agg in aggs if agg.name in after or not stage.by)
    frame = number_rows(aggs, prepared(aggs, stage.by, frame, writer, before), writer, before)
    frame, keys = _keys(stage.by, frame, writer, before)
    made = group(aggs, keys, frame, writer, comments)
    order = tuple(OrderKey(made.columns[name], natural=True) for name, _ in keys)
    return replace(made, order=order)


def prepared(
    aggs: tuple[Agg, ...], by: tuple[Key, ...], frame: Frame, writer: Writer, before: Needs
) -> Frame:
    """Write the rows first if an aggregate or key reads a computed field."""
    read = frozenset().union(
        *(reads(agg.where) for agg in aggs),
        *(reads(agg.arg) for agg in aggs if agg.arg is not None),
        *(reads(key.expr) for key in by),
    )
    return writer.flush(frame, before) if computed(frame, read) else frame


def plain_aggregates(
    aggs: tuple[Agg, ...], by: tuple[Key, ...], frame: Frame, before: Needs, stage: s.Stage
) -> tuple[Agg, ...]:
    """Replace aggregates over a wildcard by one for each field."""
    found: list[Agg] = []
    keys = {key.expr.name for key in by if isinstance(key.expr, Field)}
    for agg in aggs:
        if not agg.pattern:
            found.append(agg)
            continue
        if frame.rest is not None:
            raise Unsupported(
                f"{agg.func}({agg.pattern}) over a table whose columns are not known",
                code="TGT603",
                span=stage.span,
            )
        for name in frame.columns:
            match = match_name(agg.pattern, name)
            if match is not None and name not in keys:
                target = carried(agg.name, match)
                found.append(replace(agg, pattern="", arg=Field(name), name=target))
    return tuple(found)


def number_rows(
    aggs: tuple[Agg, ...], frame: Frame, writer: Writer, before: Needs
) -> Frame:
    """Number the rows in pipeline order if an aggregate depends on it."""
    if not any(agg.func in ORDERED for agg in aggs):
        return frame
    return with_row_number(frame, writer, before)


def with_row_number(frame: Frame, writer: Writer, before: Needs) -> Frame:
    """Write the rows with their number in the current order in the column `_row`."""
    if not frame.order:
        writer.note("rows without an order come in any order")
    else:
        writer.note("events with the same time come in any order")
    number = n.window(n.call("ROW_NUMBER"), order=writer.sort_keys(frame.order))
    return writer.flush(
        frame, replace(before, order=True), extra=[(ROW, number)], label="numbered"
    )


_Keys = list[tuple[str, Value]]


def _keys(
    by: tuple[Key, ...], frame: Frame, writer: Writer, before: Needs
) -> tuple[Frame, _Keys]:
    keys: _Keys = []
    conditions: list[Sql] = []
    for key in by:
        value = expression(key.expr, writer.scope(frame))
        if value.is_null:  # a bare constant would be the place of a column, or refused
            value = Value(n.cast(n.text(""), exp.DType.TEXT), Kind.TEXT)
            conditions.append(n.boolean(False))
        elif value.kind is Kind.LIST:
            join, item = writer.dialect.explode(in_table(value, frame), writer.name("each"))
            frame = replace(frame, joins=(*frame.joins, join))
            value = Value(item, Kind.TEXT, ALWAYS)
        elif value.missing != ALWAYS:
            conditions.append(n.is_not_null(value.sql))
        keys.append((key.name, value))
    for condition in conditions:
        frame = frame.filtered(condition)
    return frame, keys


def in_table(value: Value, frame: Frame) -> Sql:
    """Return a value for the FROM clause, where a bare name may mean something else."""
    if isinstance(value.node, exp.Column) and not value.node.table:
        return n.column(value.node.name, frame.source)
    return value.sql


def group(
    aggs: tuple[Agg, ...], keys: _Keys, frame: Frame, writer: Writer, comments: tuple[str, ...]
) -> Frame:
    """Write the GROUP BY and return the frame over it; aggregates that need it are finished."""
    scope = writer.scope(frame)
    used: set[str] = set()
    names = [writer.unique(name, used) for name, _ in keys]
    items = [n.alias(value.sql, name) for name, (_, value) in zip(names, keys, strict=True)]
    columns = {
        field: Value(n.shared_column(name), value.kind, ALWAYS)
        for name, (field, value) in zip(names, keys, strict=True)
    }
    for agg in aggs:
        made = aggregate(agg, scope)
        name = writer.unique(agg.name, used)
        items.append(n.alias(made.sql, name))
        columns[agg.name] = _finished(made, name, agg.name)
    query = n.select(
        items or [n.alias(n.number(1), "_any")],
        n.table(frame.source),
        joins=frame.joins,
        where=frame.where,
        group=_grouping([value for _, value in keys]),
    )
    cte = writer.add("grouped", query, frame.comments + comments)
    return Frame(source=cte, columns=columns, label="finished")


def _grouping(keys: list[Value]) -> list[Sql]:
    """Return what GROUP BY names: a bare constant there is the place of a column, or refused."""
    varying = [key.sql for key in keys if not _constant(key.node)]
    if varying or not keys:
        return varying
    kind = exp.DType.TEXT if keys[0].kind is Kind.TEXT else exp.DType.DOUBLE
    return [n.cast(keys[0].sql, kind)]


def _constant(node: Sql) -> bool:
    plain = node.this if isinstance(node, exp.Neg) else node
    return isinstance(plain, exp.Literal | exp.Boolean | exp.Null)


def _finished(made: Aggregated, column: str, field: str) -> Value:
    node = n.column(column)
    missing = ALWAYS if made.missing == ALWAYS else frozenset((field,))
    if made.finish is not None:
        node = made.finish(node)
    return Value(node, made.kind, missing)


def expand(stage: s.Expand, frame: Frame, writer: Writer, before: Needs, after: Needs) -> Frame:
    """One row per value of a list; a row without the field stays."""
    value = frame.value(stage.field)
    if value.kind is not Kind.LIST:
        return frame
    if stage.limit:
        raise Unsupported("a limit on the values", code="TGT603", span=stage.span)
    if not value.simple:
        frame = writer.flush(frame, before)
        value = frame.value(stage.field)
    join, item = writer.dialect.explode(in_table(value, frame), writer.name("each"), outer=True)
    made = replace(frame, joins=(*frame.joins, join))
    expanded = Value(item, Kind.TEXT, frozenset((stage.field,)))
    made = replace(
        made.with_column(stage.field, expanded),
        label="expanded",
        comments=frame.comments + writer.comment(stage.span),
    )
    return writer.flush(made, after)
