"""Aggregations and everything built from them: stats, tstats, chart, top (spl-semantics 4)."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from transpile.ir.expr import Call, Expr, Field, Lit
from transpile.ir.pred import Pred
from transpile.ir.stages import (
    Agg,
    Aggregate,
    Key,
    Opaque,
    Pivot,
    Stage,
    Window,
)
from transpile.lower.choices import TSTATS_TIME_SPAN
from transpile.lower.common import CannotLower, duration, span_of, where_is
from transpile.lower.expressions import is_condition, true_of, value_of
from transpile.spl import ast

FieldOf = Callable[[str], str]


def _same(name: str) -> str:
    return name


def aggregate(call: ast.AggCall, field_of: FieldOf = _same) -> Agg:
    """Return one aggregation. `count(eval(c))` counts rows where c is TRUE (3.8)."""
    span = where_is(call)
    name = call.alias or call.text or call.func
    if call.func in ("sparkline", "eval"):
        raise CannotLower(f"the aggregate {call.func}", span)
    if call.eval_arg is not None:
        if call.func == "count" and is_condition(call.eval_arg):
            return Agg("count", None, name, where=true_of(call.eval_arg), span=span)
        return Agg(call.func, value_of(call.eval_arg), name, param=call.percent, span=span)
    if call.arg is None or (call.arg == "*" and call.func == "count"):
        return Agg(call.func, None, name, param=call.percent, span=span)
    if "*" in call.arg:
        alias = call.alias or f"{call.func}({call.arg})"
        return Agg(call.func, None, alias, param=call.percent, pattern=call.arg, span=span)
    return Agg(call.func, Field(field_of(call.arg), span=span), name, param=call.percent, span=span)


def aggregates(
    calls: Iterable[ast.AggCall], field_of: FieldOf = _same
) -> tuple[tuple[Agg, ...], tuple[Stage, ...]]:
    """Return the aggregations that have a meaning, and an opaque stage for the others."""
    known: list[Agg] = []
    opaque: list[Stage] = []
    for call in calls:
        try:
            known.append(aggregate(call, field_of))
        except CannotLower as refusal:
            name = call.alias or call.text
            opaque.append(Opaque(call.func, refusal.reason, adds=(name,), span=refusal.span))
    return tuple(known), tuple(opaque)


# -- stats, eventstats, streamstats --------------------------------------------------------------


def stats(command: ast.Stats) -> list[Stage]:
    """`stats aggs BY fields`; `dedup_splitvals` counts a row once per distinct value of a key."""
    aggs, opaque = aggregates(command.aggs)
    distinct = command.flag("dedup_splitvals")
    keys = tuple(
        Key(name, Call("mvdedup", (Field(name),)) if distinct else Field(name))
        for name in command.by
    )
    return [Aggregate(aggs, keys, span=where_is(command)), *opaque]


def eventstats(command: ast.Eventstats) -> list[Stage]:
    """`eventstats aggs BY fields`."""
    aggs, opaque = aggregates(command.aggs)
    return [Window(aggs, command.by, span=where_is(command)), *opaque]


def streamstats(command: ast.Streamstats) -> list[Stage]:
    """`streamstats`; `global` is true by default: the window counts rows of all groups."""
    aggs, opaque = aggregates(command.aggs)
    window = Window(
        aggs,
        command.by,
        running=True,
        current=command.flag("current", True),
        rows=command.number("window", 0) or 0,
        seconds=duration(command.option("time_window", "0") or "0"),
        per_group=not command.flag("global", True),
        reset_on_change=command.flag("reset_on_change"),
        reset_before=_reset(command.reset_before),
        reset_after=_reset(command.reset_after),
        span=where_is(command),
    )
    return [window, *opaque]


def _reset(expr: ast.Expr | None) -> Pred | None:
    return None if expr is None else true_of(expr)


# -- tstats --------------------------------------------------------------------------------------


def grouped_by(
    names: Iterable[str], span_text: str | None, fill: str | None, field_of: FieldOf
) -> tuple[Key, ...]:
    """Return the keys of `tstats`/`mstats`: filled (fillnull_value), `_time` binned (4.8)."""
    keys = []
    for name in names:
        value: Expr = Field(field_of(name))
        if name == "_time":
            value = time_bin(value, span_text)
        elif fill is not None:
            value = Call("coalesce", (value, Lit(fill)))
        keys.append(Key(name, value))
    return tuple(keys)


def time_bin(value: Expr, span_text: str | None) -> Expr:
    """Return the start of the bin of a time; without a span the choice U18."""
    width, calendar = span_of(span_text) if span_text else (TSTATS_TIME_SPAN, "")
    if calendar:
        return Call("time_bin", (value, Lit(int(width)), Lit(calendar)))
    whole: int | float = int(width) if width == int(width) else width
    return Call("mul", (Call("floor", (Call("div", (value, Lit(whole))),)), Lit(whole)))


# -- chart, timechart ----------------------------------------------------------------------------


def chart(command: ast.Chart) -> list[Stage]:
    """`chart aggs OVER x BY y`."""
    if command.over is None and command.by is None:
        aggs, opaque = aggregates(command.aggs)
        return [Aggregate(aggs, span=where_is(command)), *opaque]
    row, column = (command.over, command.by) if command.over else (command.by, None)
    assert row is not None
    return _pivot(command, row.name, column, row.options)


def timechart(command: ast.Timechart) -> list[Stage]:
    """`timechart [span=] aggs [BY y]`: bins of `_time`, gaps filled."""
    return _pivot(command, "_time", command.by, ())


def _pivot(
    command: ast.Chart | ast.Timechart,
    row: str,
    column: ast.SplitField | None,
    row_options: tuple[ast.Option, ...],
) -> list[Stage]:
    if command.where:
        raise CannotLower("a where clause over the series of a chart", where_is(command))
    aggs, opaque = aggregates(command.aggs)
    binned = column is not None and any(option.name == "span" for option in column.options)
    if binned and row != "_time":  # options behind the field of `timechart` are its own
        raise CannotLower("a chart with columns that are bins", where_is(command))
    options = {o.name: o.value for o in (*row_options, *(column.options if column else ()))}
    options |= {o.name: o.value for o in command.options}
    if options.get("limit", "").lower().startswith("bottom"):
        raise CannotLower("a chart of the smallest series", where_is(command))
    width, calendar = span_of(options["span"]) if "span" in options else (0.0, "")
    if calendar:
        width *= {"day": 86400.0, "week": 604800.0}.get(calendar, 0.0)
        if not width:
            raise CannotLower("a chart by months or longer", where_is(command))
    pivot = Pivot(
        aggs=aggs,
        row=row,
        column=column.name if column else "",
        limit=_limit(options.get("limit", "10")),
        other=options.get("otherstr", "OTHER") if _true(options.get("useother", "t")) else None,
        null=options.get("nullstr", "NULL") if _true(options.get("usenull", "t")) else None,
        width=width,
        fill_gaps=row == "_time" and _true(options.get("cont", "t")),
        span=where_is(command),
    )
    return [pivot, *opaque]


def _true(text: str) -> bool:
    return text.lower() in ast.TRUE_WORDS


def _limit(text: str) -> int:
    digits = text.lower().removeprefix("top").removeprefix("bottom").strip()
    return int(digits) if digits.isdigit() else 10
