"""Transactions of at most a span: each begins where the one before is over, found by recursion."""

from __future__ import annotations

from sqlglot import exp
from transpile.backends.sql import nodes as n
from transpile.backends.sql.frame import Frame
from transpile.backends.sql.nodes import Sql
from transpile.backends.sql.stages.sets import qualified
from transpile.backends.sql.values import ALWAYS, Kind, Value
from transpile.backends.sql.writer import Writer

FIRST = "_first"
"""The column with the time of the event that a transaction begins with, in row order."""


def in_spans(
    frame: Frame, fields: tuple[str, ...], span: float, writer: Writer, *, newest_first: bool
) -> Frame:
    """Return the rows of a written frame, each with the `FIRST` of its transaction."""
    firsts = _firsts(frame, fields, span, writer, newest_first=newest_first)
    time = qualified(frame.value("_time"), frame.source)
    first = n.column(FIRST, firsts)
    low, high = (_until(first, span, newest_first), first.copy())
    if not newest_first:
        low, high = high, low
    same = [
        n.binary(exp.EQ, qualified(frame.value(name), frame.source).sql, n.column(name, firsts))
        for name in fields
    ]
    join = exp.Join(
        this=n.table(firsts), kind="INNER",
        on=n.conjunction((*same, exp.Between(this=time.sql, low=low, high=high))),
    )
    columns = {name: qualified(value, frame.source) for name, value in frame.columns.items()}
    columns[FIRST] = Value(n.shared_column(FIRST, firsts), Kind.REAL, ALWAYS)
    return Frame(frame.source, columns, joins=(join,), label="in_spans")


def _until(first: Sql, span: float, newest_first: bool) -> Sql:
    return n.binary(exp.Sub if newest_first else exp.Add, first.copy(), n.number(span))


def _firsts(
    frame: Frame, fields: tuple[str, ...], span: float, writer: Writer, *, newest_first: bool
) -> str:
    """Write the first times of the transactions: of all rows, then of those beyond each span."""
    name = writer.name("firsts")
    best = exp.Max if newest_first else exp.Min
    keys = [qualified(frame.value(field), frame.source).sql for field in fields]
    time = qualified(frame.value("_time"), frame.source).sql
    aliases = [n.alias(key, field) for key, field in zip(keys, fields, strict=True)]
    start = n.select(
        [*aliases, n.alias(best(this=time), FIRST)], n.table(frame.source),
        group=[key.copy() for key in keys],
    )
    own = [n.column(field, name) for field in fields]
    beyond = n.binary(
        exp.LT if newest_first else exp.GT, time.copy(),
        _until(n.column(FIRST, name), span, newest_first),
    )
    later = n.select(
        [best(this=time.copy())], n.table(frame.source),
        where=[*(n.binary(exp.EQ, k.copy(), o) for k, o in zip(keys, own, strict=True)), beyond],
    )
    step = n.select(
        [*(n.alias(column.copy(), field) for column, field in zip(own, fields, strict=True)),
         n.alias(exp.Subquery(this=later), FIRST)],
        n.table(name),
        where=[n.is_not_null(n.column(FIRST, name))],
    )
    writer.add_recursive(name, exp.Union(this=start, expression=step, distinct=False))
    return name
