"""Commands that turn tables round or add totals: addtotals, contingency, transpose, xyseries."""

from __future__ import annotations

from transpile.errors import Span
from transpile.ir.expr import Call, Field, Lit
from transpile.ir.pred import Exists, all_of
from transpile.ir.stages import (
    Agg,
    Aggregate,
    Branch,
    Compute,
    Current,
    Filter,
    Pipeline,
    Pivot,
    Stage,
    Totals,
    Transpose,
    Unpivot,
)
from transpile.lower.common import CannotLower, where_is, words
from transpile.spl import ast


def addtotals(command: ast.Addtotals) -> list[Stage]:
    """`addtotals [row=t] [col=f]`: sums of the numeric fields, per row and as a last row (5.22)."""
    span = where_is(command)
    target = command.option("fieldname", "Total") or "Total"
    stages: list[Stage] = []
    if command.flag("row", True):
        stages.append(Totals(command.fields, target, span=span))
    if command.flag("col"):
        stages.append(_column_sums(command, command.fields, span))
    return stages


def addcoltotals(command: ast.Generic) -> list[Stage]:
    """`addcoltotals [labelfield=] [label=] [fields]`: a last row with the sums."""
    return [_column_sums(command, words(command), where_is(command))]


def _column_sums(command: ast.Command, fields: tuple[str, ...], span: Span | None) -> Stage:
    aggs = tuple(Agg("sum", Field(name), name) for name in fields)
    sums: list[Stage] = [Aggregate(aggs or (Agg("sum", None, "*", pattern="*"),), span=span)]
    label = command.option("labelfield")
    if label:
        text = command.option("label", "Total") or "Total"
        sums.append(Compute(((label, Lit(text)),), span=span))
    return Branch((Pipeline((Current(), *sums)),), span=span)


def contingency(command: ast.Generic) -> list[Stage]:
    """`contingency a b`: counts of each pair, with totals unless `usetotal=f`.

    Each row counts under its own values and under the total's name as well.
    """
    span = where_is(command)
    names = words(command)
    if len(names) != 2 or any(command.option(o) for o in ("maxrows", "maxcols", "mincolcover")):
        raise CannotLower("contingency with a limited number of rows or columns", span)
    stages: list[Stage] = [Filter(all_of(Exists(Field(name)) for name in names), span=span)]
    if command.flag("usetotal", True):
        total = Lit(command.option("totalstr", "TOTAL") or "TOTAL")
        both = tuple((name, Call("mvappend", (Field(name), total))) for name in names)
        stages.append(Compute(both, span=span))
    row, column = names
    return [*stages, Pivot((Agg("count", None, "count"),), row, column, limit=0, span=span)]


def xyseries(command: ast.Xyseries) -> list[Stage]:
    """`xyseries x y values`: a row per x, a column per y."""
    if command.option("format") or command.option("sep") or command.flag("grouped"):
        raise CannotLower("xyseries with a format of its own", where_is(command))
    aggs = tuple(Agg("first", Field(value), value) for value in command.values)
    return [Pivot(aggs, command.x, command.y, limit=0, null=None, span=where_is(command))]


def untable(command: ast.Untable) -> list[Stage]:
    """`untable x y value`: a row per x and other field."""
    return [Unpivot(command.x, command.y, command.value, span=where_is(command))]


def transpose(command: ast.Generic) -> list[Stage]:
    """`transpose [n] [column_name=] [header_field=]`: the first 5 (n) rows become columns."""
    given = words(command)
    if given and not given[0].isdigit():
        raise CannotLower("transpose with a number of rows that is none", where_is(command))
    column = command.option("column_name", "column") or "column"
    header = command.option("header_field", "") or ""
    count = int(given[0]) if given else 5
    return [Transpose(count, column, header, span=where_is(command))]
