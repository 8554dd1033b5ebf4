"""Lookups: a short table becomes conditions on its keys, another one an index to join with.

LOOKUP JOIN adds all columns of an index in lookup mode under their own names, so what has one of
these names before steps aside. It makes a row of each entry that it finds, where Splunk makes a
list, so an entry per key is assumed, or seen in a table that is known.
"""

from __future__ import annotations

from collections.abc import Mapping

from transpile.backends.esql import tree as q
from transpile.backends.esql.conditions import lowered
from transpile.backends.esql.live import over
from transpile.backends.esql.values import CannotSay, Kind, Value, as_text
from transpile.backends.esql.writer import Writer

from transpile.ir import stages as s
from transpile.ir.events.joins import joined
from transpile.ir.events.reader import Aggregated, Elsewhere
from transpile.ir.events.reader import Value as Meaning
from transpile.ir.events.rows import ROWS
from transpile.ir.expr import Call, Case, Expr, Field, Lit
from transpile.ir.lookup_rows import single_match
from transpile.ir.pred import TRUE, Exists, all_of
from transpile.ir.text import fold
from transpile.records import replace
from transpile.tables import Table


def lookup(writer: Writer, stage: s.Lookup) -> None:
    """Add the columns of a table to the rows."""
    if stage.keep_existing and any(_never_missing(writer, name) for _, name in stage.outputs):
        return
    fresh = not stage.keep_existing or not any(_may_be(writer, name) for _, name in stage.outputs)
    asked = {column: writer.reader.env.get(name) for column, name in stage.keys}
    writer.handled(ROWS[s.Lookup], stage)
    names = [name for _, name in stage.outputs]
    table = writer.request.lookups.get(stage.table)
    if table is not None and not single_match(table, [column for column, _ in stage.keys]):
        writer.repeated += map(writer.reader.env.get, names)
    if names and not any(isinstance(writer.reader.env.get(name), Elsewhere) for name in names):
        return
    if not fresh:
        return
    try:
        found = _joined(writer, stage, table, asked)
    except CannotSay:
        return
    writer.reader.env.known.update(found)


def join(writer: Writer, stage: s.Join) -> None:
    """Add what another search knows of the rows: a table, or columns that no later one may need.

    Raises `CannotSay` for a join that takes rows away.
    """
    if not stage.outer:
        raise CannotSay("ES|QL has no join that drops rows")
    asked = {name: writer.reader.env.get(name) for name in stage.keys}
    writer.handled(joined, stage)
    found = _as_lookup(stage)
    if found is None:
        return
    keys = {column: asked[name] for column, name in found.keys}
    table = writer.request.lookups.get(found.table)
    if table is not None:
        table = replace(table, case_sensitive=True, match_types={}, min_matches=0)
    try:
        writer.reader.env.known.update(_joined(writer, found, table, keys))
    except CannotSay:
        return


def _as_lookup(stage: s.Join) -> s.Lookup | None:
    """Return a join with the groups of a table by its keys as a lookup: a key has one entry."""
    match stage.right.stages:
        case (s.LookupTable(table), s.Aggregate(aggs, by)):
            pass
        case _:
            return None
    keys = [(key.expr.name, key.name) for key in by if isinstance(key.expr, Field)]
    if {name for _, name in keys} != set(stage.keys) or len(keys) < len(by):
        return None
    outputs = [
        (agg.arg.name, agg.name)
        for agg in aggs
        if agg.func in _OF_ONE and agg.where == TRUE and isinstance(agg.arg, Field)
    ]
    if len(outputs) < len(aggs) or any(agg.pattern for agg in aggs):
        return None
    return s.Lookup(table, tuple(keys), tuple(outputs), span=stage.span)


_OF_ONE = frozenset({"min", "max", "first", "last", "earliest", "latest", "values", "mode"})
"""Aggregates that are the value itself where there is one."""


def _never_missing(writer: Writer, name: str) -> bool:
    value = writer.reader.env.get(name)
    return isinstance(value, Field) and value.name in writer.known


def _joined(
    writer: Writer, stage: s.Lookup, table: Table | None, asked: Mapping[str, Meaning]
) -> dict[str, Meaning]:
    """Return the columns that a LOOKUP JOIN adds. Raises `CannotSay` before it writes anything."""
    if table is None or not stage.keys or not stage.outputs or stage.table.lower() != stage.table:
        raise CannotSay("a table with a name of an index is needed")
    if any(table.match_types.get(c, "EXACT").upper() != "EXACT" for c, _ in stage.keys):
        raise CannotSay("a lookup index is joined by equality")
    keys = {column: _key(writer, table, meaning) for column, meaning in asked.items()}
    _check_entries(table, tuple(keys))
    outputs = tuple(dict.fromkeys(column for column, _ in stage.outputs))
    columns = tuple(dict.fromkeys((*keys, *table.columns, *outputs)))
    _assume(writer, stage, table)
    moved = _out_of_the_way(writer, columns, keys)
    if moved:
        writer.commands.append(q.Eval(tuple(moved)))
    writer.commands.append(q.LookupJoin(stage.table, tuple(keys), columns))
    writer.looked_up |= frozenset(outputs)
    present = all_of(Exists(Field(column)) for column in keys)
    default = table.default_match if table.min_matches > 0 else None
    found: dict[str, Meaning] = {}
    for column, name in stage.outputs:
        made: Expr = writer.made(column, Value(q.Column(column), Kind.TEXT, needs=None))
        if default is not None:
            told = Call("coalesce", (made, Lit(default)))
            made = Case(((present, told),))
        found[name] = made
    return found


def _may_be(writer: Writer, name: str) -> bool:
    """Return whether some rows may have a field already."""
    return writer.reader.before(name) != Lit(None)


def _key(writer: Writer, table: Table, meaning: Meaning) -> Value:
    if isinstance(meaning, (Aggregated, Elsewhere)):
        raise CannotSay("a key that no column holds")
    key = as_text(writer.scope.value(writer.placed(meaning)))
    if key.many:
        raise CannotSay("a row with several keys")
    return key if table.case_sensitive else replace(key, node=lowered(key.node))


def _check_entries(table: Table, keys: tuple[str, ...]) -> None:
    """Raise `CannotSay` unless each key finds one entry, written as the query asks for it."""
    found = [tuple(row.get(column, "") for column in keys) for row in table.rows or ()]
    if len(set(found)) < len(found):
        raise CannotSay("several entries for one key")
    if not table.case_sensitive and any(text != fold(text) for key in found for text in key):
        raise CannotSay("the keys of the table are not in lower case")


def _assume(writer: Writer, stage: s.Lookup, table: Table) -> None:
    keys = ", ".join(column for column, _ in stage.keys)
    spelt = "" if table.case_sensitive else " in lower case"
    writer.scope.assume(
        f"the index {stage.table}, in lookup mode, holds the lookup table, "
        f"one entry for each {keys}{spelt}"
    )
    if len(stage.keys) > 1:
        writer.scope.assume("LOOKUP JOIN by several fields needs Elasticsearch 9.2")


def _out_of_the_way(
    writer: Writer, columns: tuple[str, ...], keys: Mapping[str, Value]
) -> list[tuple[str, q.Expr]]:
    """Return the keys under the names that the index has, behind columns moved to other names."""
    kept = {name for name in keys if keys[name].node == q.Column(name)}
    hidden = [name for name in columns if name not in kept and name in writer.scope.made]
    if any(writer.free(name) != name for name in columns if name not in (*kept, *hidden)):
        raise CannotSay("the columns of the lookup hide others")
    aside = {name: writer.aside(name) for name in hidden}
    moved: list[tuple[str, q.Expr]] = [(new, q.Column(old)) for old, new in aside.items()]
    for name, key in keys.items():
        if name not in kept:
            moved.append((name, over(key.node, aside)))
            writer.made(name, key)
    return moved
