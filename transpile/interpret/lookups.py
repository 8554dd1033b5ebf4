"""Lookup tables and how a row finds its entries in them (spl-semantics 5.17)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from ipaddress import ip_network
from itertools import islice

from transpile.errors import Span
from transpile.interpret.choices import (
    EMPTY_CELL_IS_MISSING,
    KEEP_UNMATCHED_OUTPUT,
    MISSING_KEY_SKIPS_DEFAULT,
)
from transpile.interpret.errors import NotComputable
from transpile.interpret.values import Row, assign, items, pack
from transpile.ir.decide import Scalar, address, text
from transpile.ir.pattern import Pattern
from transpile.ir.remember import remember
from transpile.ir.stages import Lookup
from transpile.ir.text import fold
from transpile.tables import Table

TableRow = Mapping[str, str]
Matcher = Callable[[str], bool]

_SCANS = 4096
"""Values whose entries in a table that has to be scanned are kept."""


def table_rows(tables: Mapping[str, Table], name: str, span: Span | None) -> Table:
    """Return a table that has rows. Raises NotComputable if it is unknown or has none."""
    table = tables.get(name)
    if table is None or table.rows is None:
        raise NotComputable(f"the rows of the lookup table {name!r} are not available", span=span)
    return table


def cell(entry: TableRow, column: str) -> str | None:
    """Return a cell of a table; an empty one is no value."""
    return (entry.get(column) or None) if EMPTY_CELL_IS_MISSING else entry.get(column)


def table_row(entry: TableRow) -> Row:
    """Return an entry of a table as a row."""
    found = {column: cell(entry, column) for column in entry}
    return {column: value for column, value in found.items() if value is not None}


def compile_lookup(stage: Lookup, tables: Mapping[str, Table]) -> Callable[[Row], Row]:
    """Return a function that adds a table's columns to a row (a new row if anything changes).

    A key that is missing in the row means no lookup, not even the default (U10). Several values of
    a key are looked up one by one, the results accumulate.
    """
    table = table_rows(tables, stage.table, stage.span)
    outputs = stage.outputs or _other_columns(table, stage)
    find = _finder(table, tuple(column for column, _ in stage.keys))
    fields = tuple(name for _, name in stage.keys)

    def look_up(row: Row) -> Row:
        if stage.keep_existing and any(name in row for _, name in outputs):
            return row
        keys = [items(row.get(name)) for name in fields]
        if not all(keys):
            return row if MISSING_KEY_SKIPS_DEFAULT else _unmatched(row, table, outputs)
        found = [entry for combination in _combinations(keys) for entry in find(combination)]
        if not found:
            return _unmatched(row, table, outputs)
        changed = dict(row)
        for column, name in outputs:
            values = (cell(entry, column) for entry in found)
            assign(changed, name, pack(value for value in values if value is not None))
        return changed

    return look_up


def _unmatched(row: Row, table: Table, outputs: Sequence[tuple[str, str]]) -> Row:
    if table.min_matches <= 0 or table.default_match is None:
        gone = () if KEEP_UNMATCHED_OUTPUT else tuple(name for _, name in outputs)
        return {name: value for name, value in row.items() if name not in gone} if gone else row
    return {**row, **{name: table.default_match for _, name in outputs}}


def _other_columns(table: Table, stage: Lookup) -> tuple[tuple[str, str], ...]:
    keys = {column for column, _ in stage.keys}
    columns = table.columns or tuple(dict.fromkeys(c for row in table.rows or () for c in row))
    return tuple((column, column) for column in columns if column not in keys)


def _combinations(keys: Sequence[list[Scalar]]) -> Iterator[tuple[str, ...]]:
    if not keys:
        yield ()
        return
    for value in keys[0]:
        for rest in _combinations(keys[1:]):
            yield (text(value), *rest)


@remember
def _finder(
    table: Table, columns: tuple[str, ...]
) -> Callable[[tuple[str, ...]], Sequence[TableRow]]:
    """Return a function from key values to the entries, in file order, at most `max_matches`.

    An entry with an empty key cell is found by no value.  What a scan found is kept: events of one
    kind hold the same values again and again.
    """
    rows = [row for row in table.rows or () if all(cell(row, column) for column in columns)]
    kinds = tuple(table.match_types.get(column, "EXACT").upper() for column in columns)
    folded = str if table.case_sensitive else fold
    most = table.max_matches or None
    if all(kind == "EXACT" for kind in kinds):
        index: dict[tuple[str, ...], list[TableRow]] = {}
        for row in rows:
            index.setdefault(tuple(folded(row.get(c, "")) for c in columns), []).append(row)
        return lambda key: index.get(tuple(map(folded, key)), [])[:most]
    entries = [
        (
            tuple(
                _matcher(kind, row.get(column, ""), table.case_sensitive)
                for kind, column in zip(kinds, columns, strict=True)
            ),
            row,
        )
        for row in rows
    ]

    @lru_cache(maxsize=_SCANS)
    def scan(key: tuple[str, ...]) -> Sequence[TableRow]:
        found = (
            row
            for matchers, row in entries
            if all(matches(value) for matches, value in zip(matchers, key, strict=True))
        )
        return tuple(islice(found, most))

    return scan


def _matcher(kind: str, wanted: str, case_sensitive: bool) -> Matcher:
    match kind:
        case "WILDCARD":
            return Pattern.from_spl(wanted).matcher(case_sensitive)
        case "CIDR":
            return _network(wanted)
        case _:
            return Pattern.literal(wanted).matcher(case_sensitive)


def _network(wanted: str) -> Matcher:
    """Return a test for a subnet; a cell that is none matches nothing, like any wrong cell."""
    try:
        network = ip_network(wanted, strict=False)
    except ValueError:
        return lambda value: False

    def matches(value: str) -> bool:
        found = address(value)
        return found is not None and found.version == network.version and found in network

    return matches
