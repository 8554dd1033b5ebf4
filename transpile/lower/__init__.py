"""Syntax tree to IR: everything that is peculiar to SPL ends here.

`lower(search)` never raises for a search that parses: a command or expression without a meaning in
the IR becomes an `Opaque` stage or an `Unknown` condition that says why, so that nothing is lost
without a word. What the documentation leaves open is decided in `transpile.lower.choices`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from transpile.ir.pred import FALSE
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
    Store,
)
from transpile.lower import aggregates, sources
from transpile.lower.common import CannotLower, where_is
from transpile.lower.filters import FilterLowering
from transpile.lower.opaque import opaque
from transpile.lower.rows import ROWS
from transpile.lower.sets import SETS, returned
from transpile.spl import ast

Subsearch = Callable[[ast.Search], Pipeline]

FIRST: Mapping[type[ast.Command], Callable[[Any, Subsearch], list[Stage]]] = {
    ast.SearchCommand: sources.base_search,
    ast.Tstats: sources.tstats,
    ast.Mstats: sources.mstats,
    ast.From: sources.from_,
    ast.Datamodel: sources.datamodel,
    ast.Inputlookup: sources.inputlookup,
}
"""Commands that bring the first rows."""

GROUPING: Mapping[type[ast.Command], Callable[[Any], list[Stage]]] = {
    ast.Stats: aggregates.stats,
    ast.Eventstats: aggregates.eventstats,
    ast.Streamstats: aggregates.streamstats,
    ast.Top: aggregates.top,
    ast.Chart: aggregates.chart,
    ast.Timechart: aggregates.timechart,
}


def lower(search: ast.Search) -> Pipeline:
    """Return the IR of a search; the first stage is a source."""
    return Pipeline(_stages(search, source=True))


def _subsearch(search: ast.Search) -> Pipeline:
    return Pipeline(_stages(search, source=True))


def _current(search: ast.Search) -> Pipeline:
    return Pipeline((Current(), *_stages(search, source=False)))


def _stages(search: ast.Search, *, source: bool) -> tuple[Stage, ...]:
    stages: list[Stage] = []
    for command in search.commands:
        first = source and not stages
        try:
            new = _first(command) if first else _later(command)
        except CannotLower as refusal:
            place = refusal.span or where_is(command)
            failed = Opaque(
                command.name, refusal.reason, changes=True, section=refusal.section, span=place
            )
            new = [Events(span=place), failed] if first else [failed]
        stages += new
    if source and not (stages and isinstance(stages[0], Source)):
        stages.insert(0, Events())
    return tuple(stages)


def _first(command: ast.Command) -> list[Stage]:
    build = FIRST.get(type(command))
    if build is not None:
        return build(command, _subsearch)
    if isinstance(command, ast.Generic) and command.name == "makeresults":
        return sources.makeresults(command, _subsearch)
    if isinstance(command, (ast.Union, ast.Multisearch)):
        return [Made(0, span=where_is(command)), *SETS[type(command)](command, _subsearch, _current)]
    return [Events(span=where_is(command)), *_later(command)]


def _later(command: ast.Command) -> list[Stage]:
    kind = type(command)
    if isinstance(command, ast.SearchCommand):
        pred = FilterLowering(_subsearch).pred(command.filter)
        return [Filter(pred, span=where_is(command))]
    if kind in ROWS:
        return ROWS[kind](command)
    if kind in GROUPING:
        return GROUPING[kind](command)
    if kind in SETS:
        return SETS[kind](command, _subsearch, _current)
    if isinstance(command, ast.Return):
        return returned(command)
    if isinstance(command, (ast.Inputlookup, ast.Tstats, ast.Mstats)) and command.flag("append"):
        return [Branch((Pipeline(tuple(_first(command))),), span=where_is(command))]
    if isinstance(command, ast.Inputlookup):
        return [Filter(FALSE), Branch((Pipeline(tuple(_first(command))),), span=where_is(command))]
    if isinstance(command, ast.Generic) and command.name in ("format", "localize"):
        return []
    if isinstance(command, ast.Generic) and command.name in ("collect", "outputcsv"):
        return [Store(command.option("index", command.name) or command.name, span=where_is(command))]
    return [opaque(command)]
