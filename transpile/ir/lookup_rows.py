"""A lookup in a table whose rows are known, as an expression over the fields of its keys.

`looked_up` says what an output field of a lookup holds as a `Case` over the table's entries, where
that is exact: no event can get several values that differ. Matching follows spl-semantics 5.17.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import ip_network
from typing import Protocol

from transpile.ir.expr import Case, Expr, Lit
from transpile.ir.pattern import Pattern
from transpile.ir.pred import FALSE, Exists, Glob, InNetwork, Pred, Test, TextEq, all_of, any_of
from transpile.ir.text import fold

MOST_ROWS = 500
"""Entries of a table that is written into a query; a longer one is left out with a loss."""


class Entries(Protocol):
    """A lookup table, see `transpile.tables.Table`."""

    @property
    def rows(self) -> tuple[Mapping[str, str], ...] | None: ...
    @property
    def case_sensitive(self) -> bool: ...
    @property
    def match_types(self) -> Mapping[str, str]: ...
    @property
    def min_matches(self) -> int: ...
    @property
    def default_match(self) -> str | None: ...


def looked_up(table: Entries, keys: Sequence[tuple[str, Expr]], column: str) -> Case | None:
    """Return the value of an output column, missing where no entry is found and none is default.

    keys: (column, expression of the row).  None: the table is unknown or too long, or an event may
    find several entries with different values.
    """
    rows = table.rows
    if rows is None or len(rows) > MOST_ROWS or not keys:
        return None
    values = list(dict.fromkeys(row.get(column) or None for row in rows))
    if len(values) > 1 and not _one_entry_each(table, [name for name, _ in keys]):
        return None
    found = tuple(
        (any_of(_entry(table, keys, row) for row in rows if (row.get(column) or None) == value),
         Lit(value))
        for value in values
    )
    default = table.default_match if table.min_matches > 0 else None
    if default is None:
        return Case(tuple((pred, value) for pred, value in found if value != Lit(None)))
    return Case((*found, (all_of(Exists(expr) for _, expr in keys), Lit(default))))


def _one_entry_each(table: Entries, columns: Sequence[str]) -> bool:
    """Return whether no two entries can match the same key values."""
    if any(_kind(table, column) != "EXACT" for column in columns):
        return False
    folded = str if table.case_sensitive else fold
    seen = [tuple(folded(row.get(column, "")) for column in columns) for row in table.rows or ()]
    return len(set(seen)) == len(seen)


def _entry(table: Entries, keys: Sequence[tuple[str, Expr]], row: Mapping[str, str]) -> Pred:
    return all_of(_key(table, column, expr, row.get(column, "")) for column, expr in keys)


def _key(table: Entries, column: str, expr: Expr, wanted: str) -> Pred:
    cased = table.case_sensitive
    match _kind(table, column):
        case "WILDCARD":
            pattern = Pattern.from_spl(wanted)
            if pattern.matches_all:
                return Exists(expr)
            is_text = pattern.is_literal
            return Test(expr, TextEq(pattern.text, cased) if is_text else Glob(pattern, cased))
        case "CIDR":
            return Test(expr, InNetwork(wanted)) if _is_network(wanted) else FALSE
        case _:
            return Test(expr, TextEq(wanted, cased))


def _kind(table: Entries, column: str) -> str:
    return table.match_types.get(column, "EXACT").upper()


def _is_network(text: str) -> bool:
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True
