"""Transactions as sessions: numbered by window functions, then grouped (spl-semantics 5.19)."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp
from transpile.backends.sql import nodes as n
from transpile.backends.sql.aggregates import ROW
from transpile.backends.sql.frame import Frame, OrderKey
from transpile.backends.sql.needs import Needs
from transpile.backends.sql.nodes import Sql
from transpile.backends.sql.predicates import predicate
from transpile.backends.sql.stages.groups import group, with_row_number
from transpile.backends.sql.stages.spans import FIRST, in_spans
from transpile.backends.sql.values import ALWAYS, Kind, Value
from transpile.backends.sql.writer import Writer

from transpile.errors import Unsupported
from transpile.ir import stages as s
from transpile.ir.expr import Field
from transpile.ir.pred import Pred
from transpile.ir.stages import Agg
from transpile.records import replace

MADE = ("_time", "duration", "eventcount", "closed_txn")
"""Fields of a transaction that are not those of its events."""
_OPENS, _CLOSES, _SESSION, _PLACE = "_opens", "_closes", "_session", "_place"


def transaction(
    stage: s.Transaction, frame: Frame, writer: Writer, before: Needs, after: Needs
) -> Frame:
    """One row per transaction of a field's value, newest first.

    Expressed: transactions between two kinds of events, with or without a longest span; and those
    that end at a pause, after a span, or not at all.
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
        *((Agg("max", Field(_CLOSES), _CLOSES),) if stage.starts else ()),
    )
    made = group(aggs, keys, frame, writer, writer.comment(stage.span))
    if stage.starts:
        made = made.filtered(n.binary(exp.EQ, made.value(_CLOSES).sql, n.number(1)))
    order = (OrderKey(made.value("_time"), descending=True),)
    made = replace(made, order=order, label="transactions").without(_CLOSES).without(_SESSION)
    return made.with_column("closed_txn", Value(n.number(1), Kind.INT, ALWAYS))


def _check(stage: s.Transaction, frame: Frame, after: Needs) -> None:
    bounded = stage.starts is not None and stage.ends is not None
    spanned = stage.max_span > 0 and not bounded
    newest_first = _newest_first(frame)
    together = bool(stage.fields) and bool(frame.order) and (
        frame.order[0].value.node == frame.value(stage.fields[0]).node
    )
    refusals = {
        "transactions of several fields": len(stage.fields) > 1,
        "transactions of a multivalue field": any(
            frame.value(name).kind is Kind.LIST for name in stage.fields
        ),
        "transactions that keep other events": stage.keep_evicted or stage.keep_orphans,
        "transactions with lists of all values": stage.as_list,
        "transactions with a first or last event only": bounded != bool(stage.starts or stage.ends),
        "transactions of at most a span and a pause": spanned and stage.max_pause > 0,
        "transactions with a pause between two kinds of events": stage.max_pause > 0 and bounded,
        "transactions of rows that are not newest first": not newest_first and bounded,
        "transactions of rows in this order": newest_first is None and (spanned or not together),
        "the raw text of transactions": "_raw" in after and after.names is not None,
    }
    for what, refused in refusals.items():
        if refused:
            raise Unsupported(what, code="TGT603", span=stage.span)


def _newest_first(frame: Frame) -> bool | None:
    """Return whether the rows come newest or oldest first, None if neither."""
    if not frame.order or frame.order[0].value.node != frame.value("_time").node:
        return None
    return frame.order[0].descending


def _members(stage: s.Transaction, frame: Frame, writer: Writer, named: Needs) -> Frame:
    """Return the events of transactions, each with the number of its own."""
    for name in stage.fields:
        value = frame.value(name)
        frame = frame.filtered(n.boolean(False) if value.is_null else n.is_not_null(value.sql))
    newest_first = _newest_first(frame)
    frame = with_row_number(frame, writer, named)
    writer.note("every event has a time")
    if stage.max_span > 0 and stage.starts is None:
        return _spanned(stage, frame, newest_first, writer)
    partition = [frame.value(name) for name in stage.fields]
    within = _over([value.sql for value in partition], ROW)
    opens = _flag(stage.ends, frame, writer) if stage.ends else _after_pause(stage, frame, within)
    marks = {_OPENS: opens, ROW: n.column(ROW)}
    if stage.starts:
        marks[_CLOSES] = _flag(stage.starts, frame, writer)
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


def _spanned(
    stage: s.Transaction, frame: Frame, newest_first: bool | None, writer: Writer
) -> Frame:
    """Number the transactions by the time that they begin with."""
    if stage.max_events > 0:
        writer.note(f"no transaction of at most {stage.max_span:g} s has {stage.max_events} events")
    frame = in_spans(
        frame, stage.fields, stage.max_span, writer, newest_first=newest_first is True
    )
    first = frame.value(FIRST)
    return frame.without(FIRST).with_column(_SESSION, first)


def _chunked(
    stage: s.Transaction, frame: Frame, named: Needs, place: Sql, writer: Writer
) -> Frame:
    """A transaction that is full is followed by another one: number them through."""
    if stage.max_events <= 0:
        return frame
    frame = _with(frame, {_PLACE: place}, named.plus((_SESSION,)), writer, "placed")
    first = n.binary(exp.Sub, n.column(_PLACE), n.number(1))
    chunk = n.call("FLOOR", n.binary(exp.Div, first, n.number(float(stage.max_events))))
    weight = n.binary(exp.Mul, n.column(_SESSION), n.number(1_000_000))
    number = Value(n.binary(exp.Add, weight, chunk), Kind.REAL, ALWAYS)
    frame = replace(frame.with_column(_SESSION, number), label="chunked")
    return writer.flush(frame, named.plus((_SESSION,)))


def _after_pause(
    stage: s.Transaction, frame: Frame, within: Callable[[Sql, str], Sql]
) -> Sql:
    """1 for an event that is farther from the later one than the pause."""
    if stage.max_pause <= 0:
        return n.number(0)
    time = frame.value("_time")
    before = within(exp.Max(this=time.sql), "ONE_BEFORE")
    pause = n.call("ABS", n.binary(exp.Sub, before, time.sql))
    late = n.binary(exp.GT, pause, n.number(stage.max_pause))
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
