"""Syntax tree to IR: everything that is peculiar to SPL ends here.

`lower(search)` never raises for a search that parses: a command or expression without a meaning in
the IR becomes an `Opaque` stage or an `Unknown` condition that says why, so that nothing is lost
without a word. What the documentation leaves open is decided in `transpile.lower.choices`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from transpile.errors import Span
from transpile.ir.pred import FALSE, Pred, Unknown
from transpile.ir.stages import (
    Branch,
    Current,
    Events,
    Filter,
    Made,
    Opaque,
    Pipeline,
    Source,
    Stage,
)
from transpile.lower import aggregates, answers, bins, ordering, series, shaping, sources
from transpile.lower.common import CannotLower, Inner, read_inner, where_is
from transpile.lower.filters import FilterLowering
from transpile.lower.generic import GENERIC
from transpile.lower.generic import SOURCES as MADE
from transpile.lower.opaque import opaque
from transpile.lower.options import check_options
from transpile.lower.rows import ROWS, nomv
from transpile.lower.sets import SETS
from transpile.spl import ast, parse_filter

FIRST: Mapping[type[ast.Command], Callable[[Any, Inner], list[Stage]]] = {
    ast.SearchCommand: sources.base_search,
    ast.Tstats: sources.tstats,
    ast.Mstats: sources.mstats,
    ast.From: sources.from_,
    ast.Datamodel: sources.datamodel,
    ast.Inputlookup: sources.inputlookup,
}
"""Commands that bring the first rows."""

LATER: Mapping[type[ast.Command], Callable[[Any], list[Stage]]] = {
    **ROWS,
    ast.Stats: aggregates.stats,
    ast.Eventstats: aggregates.eventstats,
    ast.Streamstats: aggregates.streamstats,
    ast.Chart: aggregates.chart,
    ast.Timechart: aggregates.timechart,
    ast.Top: series.top,
    ast.Trendline: series.trendline,
    ast.Bin: bins.bin_,
    ast.Addtotals: shaping.addtotals,
    ast.Xyseries: shaping.xyseries,
    ast.Untable: shaping.untable,
    ast.Sort: ordering.sort,
    ast.Dedup: ordering.dedup,
    ast.Head: ordering.head,
    ast.Tail: ordering.tail,
    ast.Reverse: ordering.reverse,
    ast.Return: answers.return_,
}
"""Commands over the current rows that need nothing but themselves."""


def lower(search: ast.Search) -> Pipeline:
    """Return the IR of a search; the first stage is a source."""
    return Pipeline(_from_source(search))


def _from_source(search: ast.Search) -> tuple[Stage, ...]:
    stages = _stages(search.commands, source=True)
    if not (stages and isinstance(stages[0], Source)):
        stages.insert(0, Events())
    return tuple(stages)


def _over_current(search: ast.Search) -> Pipeline:
    return Pipeline((Current(), *_stages(search.commands, source=False)))


def _as_filter(search: ast.Search) -> Pred:
    """Return the condition that a subsearch among filter terms becomes (1.7)."""
    text = answers.constant_search(search)
    if text is not None:
        return _read_again(text, where_is(search))
    inner = answers.without_format(search)
    *before, last = inner.commands or (None,)
    span = where_is(search)
    if not isinstance(last, ast.Return):
        return answers.condition(Pipeline(_from_source(inner)), span)
    rows = _from_source(ast.Search(tuple(c for c in before if c is not None)))
    try:
        return answers.condition(Pipeline((*rows, *answers.returned_rows(last))), span)
    except CannotLower as refusal:
        return Unknown(refusal.reason, span=refusal.span or span)


def _read_again(text: str, span: Span | None) -> Pred:
    """Return the condition of a search text that a subsearch hands over as it is."""
    try:
        written = read_inner(parse_filter, text, "the search text that a subsearch writes", span)
    except CannotLower as refusal:
        return Unknown(refusal.reason, span=span)
    return FilterLowering(_as_filter).pred(written)


_INNER = Inner(lower, _over_current, _as_filter)


def _stages(commands: Sequence[ast.Command], *, source: bool) -> list[Stage]:
    stages: list[Stage] = []
    for at, command in enumerate(commands):
        first = source and not stages
        try:
            check_options(command)
            new = _first(command) if first else _later(command, commands[:at])
        except CannotLower as refusal:
            place = refusal.span or where_is(command)
            failed = Opaque(
                command.name, refusal.reason, changes=True, section=refusal.section, span=place
            )
            new = [Events(span=place), failed] if first else [failed]
        stages += new
    return stages


def _first(command: ast.Command) -> list[Stage]:
    span = where_is(command)
    build = FIRST.get(type(command))
    if build is not None:
        return build(command, _INNER)
    if isinstance(command, ast.Generic) and command.name in MADE:
        return MADE[command.name](command)
    if isinstance(command, (ast.Union, ast.Multisearch)):
        return [Made(0, span=span), *SETS[type(command)](command, _INNER)]
    return [Events(span=span), *_later(command, ())]


def _later(command: ast.Command, before: Sequence[ast.Command]) -> list[Stage]:
    span = where_is(command)
    match command:
        case ast.SearchCommand(filter=condition):
            return [Filter(FilterLowering(_as_filter).pred(condition), span=span)]
        case ast.Nomv():
            return nomv(command, _delimiter(command.field, before))
        case ast.Generic(name=name) if name in GENERIC:
            return GENERIC[name](command)
        case ast.Inputlookup() | ast.Tstats() | ast.Mstats() if command.flag("append"):
            return [_added(command)]
        case ast.Inputlookup():
            return [Filter(FALSE, span=span), _added(command)]
    kind = type(command)
    if kind in LATER:
        return LATER[kind](command)
    if kind in SETS:
        return SETS[kind](command, _INNER)
    return [opaque(command)]


def _added(command: ast.Command) -> Stage:
    return Branch((Pipeline(tuple(_first(command))),), span=where_is(command))


def _delimiter(field: str, before: Sequence[ast.Command]) -> str:
    """Return what joins the values of a field: the `delim` of its last `mvcombine` (5.13)."""
    combined = (
        command.option("delim", " ")
        for command in reversed(before)
        if isinstance(command, ast.Mvcombine) and command.field == field
    )
    return next(combined, None) or "\n"
