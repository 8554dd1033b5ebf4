"""Commands that bring in other rows or regroup them: join, append, union, transaction, map."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, get_args

from transpile.ir.pred import Pred
from transpile.ir.stages import (
    Branch,
    Combine,
    ForRows,
    Join,
    Stage,
    Transaction,
)
from transpile.lower.common import CannotLower, Inner, duration_with_days, where_is
from transpile.lower.expressions import true_of
from transpile.lower.filters import FilterLowering
from transpile.spl import ast


def join(command: ast.Join, inner: Inner) -> list[Stage]:
    """`join [type=] [max=] keys [subsearch]` (5.15)."""
    span = where_is(command)
    if command.subsearch is None or command.where is not None:
        raise CannotLower("join with a saved search or a where condition", span)
    kind = (command.option("type", "inner") or "inner").lower()
    maximum = command.number("max", 1)
    stage = Join(
        inner.rows(command.subsearch),
        command.keys,
        outer=kind in ("left", "outer"),
        max=1 if maximum is None else maximum,
        overwrite=command.flag("overwrite", True),
        span=span,
    )
    return [stage]


def append(command: ast.Append, inner: Inner) -> list[Stage]:
    """`append [subsearch]`."""
    return [Branch((inner.rows(command.subsearch),), span=where_is(command))]


def appendcols(command: ast.Appendcols, inner: Inner) -> list[Stage]:
    """`appendcols [subsearch]`: row i beside row i."""
    override = command.flag("override")
    other = inner.rows(command.subsearch)
    return [Branch((other,), columns=True, override=override, span=where_is(command))]


def appendpipe(command: ast.Appendpipe, inner: Inner) -> list[Stage]:
    """`appendpipe [commands]`: the result of commands over the current rows."""
    return [Branch((inner.current(command.subsearch),), span=where_is(command))]


def union(command: ast.Union, inner: Inner) -> list[Stage]:
    """`union [a] [b]`: with the current rows when it does not come first."""
    searches = [s for s in command.datasets if isinstance(s, ast.Search)]
    if len(searches) != len(command.datasets):
        raise CannotLower("union of datasets known by name only", where_is(command))
    return [Branch(tuple(map(inner.rows, searches)), span=where_is(command))]


def multisearch(command: ast.Multisearch, inner: Inner) -> list[Stage]:
    """`multisearch [a] [b]`."""
    return [Branch(tuple(map(inner.rows, command.searches)), span=where_is(command))]


def mvcombine(command: ast.Mvcombine, inner: Inner) -> list[Stage]:
    """`mvcombine field`."""
    return [Combine(command.field, span=where_is(command))]


def map_(command: ast.Map, inner: Inner) -> list[Stage]:
    """`map search="..."`."""
    if command.search is None:
        raise CannotLower("map over a saved search", where_is(command))
    limit = command.number("maxsearches", 10)
    return [ForRows(command.search, 10 if limit is None else limit, span=where_is(command))]


def transaction(command: ast.Transaction, inner: Inner) -> list[Stage]:
    """`transaction fields ...` (5.19)."""
    events = command.number("maxevents", 1000)
    stage = Transaction(
        command.fields,
        max_span=_seconds(command, "maxspan"),
        max_pause=_seconds(command, "maxpause"),
        max_events=1000 if events is None else events,
        starts=_edge(command.startswith, inner),
        ends=_edge(command.endswith, inner),
        connected=command.flag("connected", True),
        keep_evicted=command.flag("keepevicted"),
        keep_orphans=command.flag("keeporphans"),
        as_list=command.flag("mvlist"),
        span=where_is(command),
    )
    return [stage]


def _seconds(command: ast.Command, name: str) -> float:
    text = command.option(name)
    if text is None or text.startswith("-"):
        return 0.0
    return duration_with_days(text)


_FILTERS = get_args(ast.Filter)


def _edge(node: ast.Filter | ast.Expr | None, inner: Inner) -> Pred | None:
    if node is None:
        return None
    if isinstance(node, _FILTERS):
        return FilterLowering(inner.filter).pred(node)
    return true_of(node)  # type: ignore[arg-type]


SETS: Mapping[type[ast.Command], Callable[[Any, Inner], list[Stage]]] = {
    ast.Join: join,
    ast.Append: append,
    ast.Appendcols: appendcols,
    ast.Appendpipe: appendpipe,
    ast.Union: union,
    ast.Multisearch: multisearch,
    ast.Mvcombine: mvcombine,
    ast.Map: map_,
    ast.Transaction: transaction,
}
