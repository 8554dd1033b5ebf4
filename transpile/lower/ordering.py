"""Commands about the order and number of rows: sort, dedup, head, tail, uniq (5.6-5.8)."""

from __future__ import annotations

from typing import Any

from transpile.ir.expr import Call, Field, Lit
from transpile.ir.pred import NumEq, Test, negate
from transpile.ir.stages import (
    Agg,
    Dedup,
    Filter,
    ForEach,
    Limit,
    Project,
    Sort,
    SortKey,
    Stage,
    Window,
)
from transpile.lower.common import where_is
from transpile.lower.expressions import truth
from transpile.spl import ast

SORT_LIMIT = 10_000
"""Rows that `sort` keeps when no limit is written (5.7)."""


def sort_keys(keys: tuple[ast.SortKey, ...], reverse: bool = False) -> tuple[SortKey, ...]:
    """Return sort keys; `reverse` flips them all (a trailing `desc`)."""
    return tuple(
        SortKey(k.field, k.descending != reverse, _mode(k.kind), span=where_is(k)) for k in keys
    )


def _mode(kind: str) -> Any:
    return kind if kind in ("num", "str", "ip") else "auto"


def sort(command: ast.Sort) -> list[Stage]:
    """`sort [limit] keys`."""
    limit = SORT_LIMIT if command.limit is None else command.limit
    return [Sort(sort_keys(command.keys, command.reverse), limit, span=where_is(command))]


def dedup(command: ast.Dedup) -> list[Stage]:
    """`dedup [N] fields [sortby]`."""
    span = where_is(command)
    stages: list[Stage] = [Sort(sort_keys(command.sortby), span=span)] if command.sortby else []
    return [
        *stages,
        Dedup(
            command.fields,
            command.count,
            keep_missing=command.flag("keepempty"),
            consecutive=command.flag("consecutive"),
            keep_rows=command.flag("keepevents"),
            span=span,
        ),
    ]


def uniq(command: ast.Generic) -> list[Stage]:
    """`uniq`: rows equal to the row before in all fields go; each row is spelt out to compare."""
    span = where_is(command)
    spelt = "all fields"
    value = Call("mvjoin", (Field("<<FIELD>>"), Lit("\n")))
    piece = Call("concat", (Lit("<<FIELD>>="), value))
    collected = Call("mvappend", (Field(spelt), piece))
    return [
        ForEach(("*", "_*"), ((spelt, collected),), span=span),
        Dedup((spelt,), keep_missing=True, consecutive=True, span=span),
        Project((spelt,), drop=True, span=span),
    ]


def head(command: ast.Head) -> list[Stage]:
    """`head [n]`, or up to the first row for which an expression is not TRUE.

    `null=t` lets a NULL pass; `keeplast=t` keeps the row that ends it too: a row stays as long as
    no row before it ended the result.
    """
    span = where_is(command)
    if command.while_expr is None:
        return [Limit(10 if command.count is None else command.count, span=span)]
    when = truth(command.while_expr)
    goes_on = negate(when.false) if command.flag("null") else when.true
    limit = command.number("limit", command.count)
    if not command.flag("keeplast"):
        return [Limit(limit, while_true=goes_on, span=span)]
    ended = "rows that ended it"
    stages: list[Stage] = [
        Window(
            (Agg("count", None, ended, where=negate(goes_on)),),
            running=True,
            current=False,
            span=span,
        ),
        Filter(Test(Field(ended), NumEq(0)), span=span),
        Project((ended,), drop=True, span=span),
    ]
    return stages if limit is None else [*stages, Limit(limit, span=span)]


def tail(command: ast.Tail) -> list[Stage]:
    """`tail [n]`: the last rows, reversed."""
    return [Limit(command.count, last=True, span=where_is(command))]


def reverse(command: ast.Reverse) -> list[Stage]:
    """`reverse`."""
    return [Limit(None, last=True, span=where_is(command))]
