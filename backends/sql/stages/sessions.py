"""Transactions as sessions: numbered by window functions, then grouped (spl-semantics 5.19)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sqlglot import exp
from transpile.backends.sql import nodes as n
from transpile.backends.sql.aggregates import ROW
from transpile.backends.sql.frame import Frame, OrderKey
from transpile.backends.sql.needs import Needs
from transpile.backends.sql.nodes import Sql
from transpile.backends.sql.predicates import predicate
from transpile.backends.sql.stages.groups import group, with_row_number
from transpile.backends.sql.values import ALWAYS, Kind, Value
from transpile.backends.sql.writer import Writer

from transpile.errors import Unsupported
from transpile.ir import stages as s
from transpile.ir.expr import Field
from transpile.ir.pred import Pred
from transpile.ir.stages import Agg

MADE = ("_time", "duration", "eventcount", "closed_txn")
"""Fields of a transaction that are not those of its events."""
_OPENS, _CLOSES, _SESSION, _PLACE = "_opens", "_closes", "_session", "_place"


def transaction(
    stage: s.Transaction, frame: Frame, writer: Writer, before: Needs, after: Needs
) -> Frame:
    """One row per transaction of a field's value, newest first.

    Expressed: transactions between two kinds of events, with or without a longest span; and those
    that end at a pause or not at all.
    """
    if before.names is None and frame.rest is not None:
        raise Unsupported(
            "transactions of a table whose columns are not known", code="TGT603", span=stage.span
        )
    _check(stage, frame, after)
    named = before if before.names is not None else Needs(frozenset(frame.columns))
    united = sorted((named.names or frozenset()) - {*stage.fields, *MADE, "_raw"})
    united = [name for name in united if name in after and frame.find(name) is not None]
    frame = _members(stage, frame, writer, named)
    keys = [(name, frame.value(name)) for name in (*stage.fields, _SESSION)]
    aggs = (
        *(Agg("values", Field(name), name) for name in united),
        Agg("min", Field("_time"), "_time"),
        Agg("range", Field("_time"), "duration"),
        Agg("count", None, "eventcount"),
        Agg("max", Field(_CLOSES), _CLOSES),
    )
    made = group(aggs, keys, frame, writer, writer.comment(stage.span))
    closed = n.binary(exp.EQ, made.value(_CLOSES).sql, n.number(1))
    order = (OrderKey(made.value("_time"), descending=True),)
    made = replace(made.filtered(closed), order=order, label="transactions")
    made = made.without(_CLOSES).without(_SESSION)
    return made.with_column("closed_txn", Value(n.number(1), Kind.INT, ALWAYS))


def _check(stage: s.Transaction, frame: Frame, after: Needs) -> None:
    newest_first = len(frame.order) == 1 and frame.order[0].descending and (
        frame.order[0].value.node == frame.value("_time").node
    )
    bounded = stage.starts is not None and stage.ends is not None
    refusals = {
        "transactions of several fields": len(stage.fields) > 1,
        "transactions of a multivalue field": any(
            frame.value(name).kind is Kind.LIST for name in stage.fields
        ),
        "transactions that keep other events": stage.keep_evicted or stage.keep_orphans,
        "transactions with lists of all values": stage.as_list,
        "transactions with a first or last event only": bounded != bool(stage.starts or stage.ends),
        "transactions of at most a span": stage.max_span > 0 and not bounded,
        "transactions with a pause between two kinds of events": stage.max_pause > 0 and bounded,
        "transactions of rows that are not newest first": not newest_first,
        "the raw text of transactions": "_raw" in after and after.names is not None,
    }
    for what, refused in refusals.items():
        if refused:
            raise Unsupported(what, code="TGT603", span=stage.span)


def _members(stage: s.Transaction, frame: Frame, writer: Writer, named: Needs) -> Frame:
    """Return the events of transactions, each with the number of its own."""
    for name in stage.fields:
        value = frame.value(name)
        frame = frame.filtered(n.boolean(False) if value.is_null else n.is_not_null(value.sql))
    frame = with_row_number(frame, writer, named)
    writer.note("every event has a time")
    partition = [frame.value(name) for name in stage.fields]
    within = _over([value.sql for value in partition], ROW)
    closes = _flag(stage.starts, frame, writer) if stage.starts else n.number(1)
    opens = _flag(stage.ends, frame, writer) if stage.ends else _after_pause(stage, frame, within)
    marks = {_OPENS: opens, _CLOSES: closes, ROW: n.column(ROW)}
    frame = _with(frame, marks, named, writer, "marked")
    number = within(exp.Sum(this=n.column(_OPENS)), "CURRENT_ROW")
    frame = _with(frame, {_SESSION: number}, named.plus(marks), writer, "in_sessions")
    session = [frame.value(name).sql for name in (*stage.fields, _SESSION)]
    within = _over(session, ROW)
    place = n.window(n.call("ROW_NUMBER"), partition=session, order=[n.ordered(n.column(ROW))])
    if stage.starts is None:
        return _chunked(stage, frame, named, place, writer)
    inside = [n.binary(exp.GT, n.column(_SESSION), n.number(0))]
    added = {_PLACE: place, "_over": within(exp.Sum(this=n.column(_CLOSES)), "1 PRECEDING")}
    if stage.max_span > 0:
        newest = n.window(
            exp.Max(this=frame.value("_time").sql), partition=[part.copy() for part in session]
        )
        added["_age"] = n.binary(exp.Sub, newest, frame.value("_time").sql)
    kept = named.plus((_SESSION, _CLOSES))
    frame = _with(frame, added, kept, writer, "placed")
    inside.append(n.binary(exp.EQ, n.coalesce(n.column("_over"), n.number(0)), n.number(0)))
    if stage.max_events > 0:
        inside.append(n.binary(exp.LTE, n.column(_PLACE), n.number(stage.max_events)))
    if stage.max_span > 0:
        inside.append(n.binary(exp.LTE, n.column("_age"), n.number(stage.max_span)))
    for condition in inside:
        frame = frame.filtered(condition)
    return frame


def _chunked(
    stage: s.Transaction, frame: Frame, named: Needs, place: Sql, writer: Writer
) -> Frame:
    """A transaction that is full is followed by another one: number them through."""
    frame = _with(frame, {_PLACE: place}, named.plus((_SESSION, _CLOSES)), writer, "placed")
    if stage.max_events <= 0:
        return frame
    first = n.binary(exp.Sub, n.column(_PLACE), n.number(1))
    chunk = n.call("FLOOR", n.binary(exp.Div, first, n.number(float(stage.max_events))))
    weight = n.binary(exp.Mul, n.column(_SESSION), n.number(1_000_000))
    number = Value(n.binary(exp.Add, weight, chunk), Kind.REAL, ALWAYS)
    return writer.flush(frame.with_column(_SESSION, number), named.plus((_SESSION, _CLOSES)))


def _after_pause(
    stage: s.Transaction, frame: Frame, within: Callable[[Sql, str], Sql]
) -> Sql:
    """1 for an event that is farther from the later one than the pause."""
    if stage.max_pause <= 0:
        return n.number(0)
    time = frame.value("_time")
    before = within(exp.Max(this=time.sql), "ONE_BEFORE")
    late = n.binary(exp.GT, n.binary(exp.Sub, before, time.sql), n.number(stage.max_pause))
    return n.case([(late, n.number(1))], n.number(0))


def _flag(pred: Pred, frame: Frame, writer: Writer) -> Sql:
    test = predicate(pred, writer.scope(frame)).sql
    return n.case([(test, n.number(1))], n.number(0))


def _over(partition: list[Sql], row: str) -> Callable[[Sql, str], Sql]:
    def made(function: Sql, end: str) -> Sql:
        start, last = ("1 PRECEDING",) * 2 if end == "ONE_BEFORE" else ("UNBOUNDED PRECEDING", end)
        return n.window(
            function,
            partition=[part.copy() for part in partition],
            order=[n.ordered(n.column(row))],
            frame=("ROWS", start, last),
        )

    return made


def _with(
    frame: Frame, added: dict[str, Sql], kept: Needs, writer: Writer, label: str
) -> Frame:
    """Write the frame with more whole-number columns."""
    for name, node in added.items():
        frame = frame.with_column(name, Value(node, Kind.INT, ALWAYS))
    return writer.flush(replace(frame, label=label), kept.plus(added))
