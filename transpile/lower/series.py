"""Commands that look at neighbouring rows or at ranks: accum, delta, trendline, top (4.7, 5.29).

They are compositions of running windows. Names with a blank are helpers, dropped at the end.
"""

from __future__ import annotations

import re

from transpile.errors import Span
from transpile.ir.expr import Call, Case, Expr, Field, Lit
from transpile.ir.pred import Exists, Order, Pred, Test
from transpile.ir.stages import (
    Agg,
    Aggregate,
    Compute,
    Dedup,
    Key,
    Limit,
    Project,
    Sort,
    SortKey,
    Stage,
    Window,
)
from transpile.lower.common import CannotLower, field_as, where_is
from transpile.spl import ast


def accum(command: ast.Generic) -> list[Stage]:
    """`accum f [AS new]`: the running sum; a row without a number gets none and keeps its value."""
    span = where_is(command)
    source, alias = field_as(command)
    numeric = Exists(Call("tonumber", (Field(source),)))
    rest: Expr = Lit(None) if alias else Field(source)
    running = "running sum"
    return [
        Window((Agg("sum", Field(source), running),), running=True, span=span),
        Compute(((alias or source, Case(((numeric, Field(running)),), rest)),), span=span),
        Project((running,), drop=True, span=span),
    ]


# -- earlier rows --------------------------------------------------------------------------------


def _earlier(field: str, back: int, target: str, span: Span | None) -> list[Stage]:
    """Return stages that write the field's value `back` rows earlier; missing if there is none.

    An aggregate passes over missing values, so these travel as empty text.
    """
    value, rows = "earlier value", "earlier rows"
    aggs = (Agg("first", Field(value), target), Agg("count", None, rows))
    present = Call("nullif", (Field(target), Lit("")))
    enough = Test(Field(rows), Order(">=", back))
    return [
        Compute(((value, Call("coalesce", (Field(field), Lit("")))),), span=span),
        Window(aggs, running=True, current=False, rows=back, span=span),
        Compute(((target, Case(((enough, present),))),), span=span),
        Project((value, rows), drop=True, span=span),
    ]


def delta(command: ast.Generic) -> list[Stage]:
    """`delta f [AS new] [p=1]`: the difference to the value p rows earlier."""
    span = where_is(command)
    source, alias = field_as(command)
    earlier = "delta earlier"
    target = alias or f"delta({source})"
    difference = Call("sub", (Field(source), Field(earlier)))
    return [
        *_earlier(source, command.number("p", 1) or 1, earlier, span),
        Compute(((target, difference),), span=span),
        Project((earlier,), drop=True, span=span),
    ]


_LAGS = re.compile(r"(\d+)(?:-(\d+))?")


def autoregress(command: ast.Generic) -> list[Stage]:
    """`autoregress f [AS new] [p=n[-m]]`: the values n to m rows earlier, as `f_pn`."""
    span = where_is(command)
    source, alias = field_as(command)
    found = _LAGS.fullmatch(command.option("p", "1") or "1")
    if found is None or int(found[1]) < 1:
        raise CannotLower("autoregress over what is no range of rows", span)
    first, last = int(found[1]), int(found[2] or found[1])
    if alias and last > first:
        raise CannotLower("autoregress gives several values one name", span)
    return [
        stage
        for back in range(first, last + 1)
        for stage in _earlier(source, back, alias or f"{source}_p{back}", span)
    ]


def trendline(command: ast.Trendline) -> list[Stage]:
    """`trendline sma5(f) AS y`: the mean of the last rows, from the fifth row on."""
    span = where_is(command)
    stages: list[Stage] = []
    rows = "rows of the mean"
    for trend in command.trends:
        if trend.func != "sma":
            raise CannotLower(f"the moving average {trend.func}", where_is(trend))
        target = trend.alias or f"{trend.func}{trend.period}({trend.field})"
        aggs = (Agg("avg", Field(trend.field), target), Agg("count", None, rows))
        full = Test(Field(rows), Order(">=", trend.period))
        stages += [
            Window(aggs, running=True, rows=trend.period, span=span),
            Compute(((target, Case(((full, Field(target)),))),), span=span),
        ]
    return [*stages, Project((rows,), drop=True, span=span)]


# -- top, rare -----------------------------------------------------------------------------------

_TOTAL, _RANK = "top total", "top rank"


def top(command: ast.Top) -> list[Stage]:
    """`top`/`rare`: count per combination, share of the group, the first `limit` of each group."""
    span = where_is(command)
    count = command.option("countfield", "count") or "count"
    percent = command.option("percentfield", "percent") or "percent"
    limit = command.number("limit", 10) if command.limit is None else command.limit
    names = (*command.by, *command.fields)
    share = Call("mul", (Call("div", (Field(count), Field(_TOTAL))), Lit(100)))
    descending = not command.name.endswith("rare")
    stages: list[Stage] = [
        Aggregate((Agg("count", None, count),), tuple(Key(n, Field(n)) for n in names), span=span),
        Window((Agg("sum", Field(count), _TOTAL),), command.by, span=span),
        Compute(((percent, share),), span=span),
        Sort((SortKey(count, descending=descending),), span=span),
    ]
    if limit and command.flag("useother"):
        stages += _with_other(command, limit, count, percent)
    elif limit:
        stages.append(
            Dedup(command.by, limit, span=span) if command.by else Limit(limit, span=span)
        )
    dropped = [_TOTAL]
    dropped += [] if command.flag("showcount", True) else [count]
    shown = command.flag("showperc", True) and command.flag("showpercent", True)
    dropped += [] if shown else [percent]
    return [*stages, Project(tuple(dropped), drop=True, span=span)]


def _with_other(command: ast.Top, limit: int, count: str, percent: str) -> list[Stage]:
    """Return stages that sum up what is behind the limit under one name."""
    span = where_is(command)
    rest = Lit(command.option("otherstr", "OTHER") or "OTHER")
    within: Pred = Test(Field(_RANK), Order("<=", limit))
    named = tuple((name, Case(((within, Field(name)),), rest)) for name in command.fields)
    aggs = (
        Agg("sum", Field(count), count),
        Agg("sum", Field(percent), percent),
        Agg("min", Field(_RANK), _RANK),
    )
    keys = tuple(Key(name, Field(name)) for name in (*command.by, *command.fields))
    order = (*(SortKey(name) for name in command.by), SortKey(_RANK))
    return [
        Window((Agg("count", None, _RANK),), command.by, running=True, span=span),
        Compute(named, span=span),
        Aggregate(aggs, keys, span=span),
        Sort(order, span=span),
        Project((_RANK,), drop=True, span=span),
    ]
