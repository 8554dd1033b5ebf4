"""A lookup in a table whose rows are known, as an expression over the fields of its keys.

`looked_up` says what an output field of a lookup holds as a `Case` over the table's entries, where
that is exact: no event can get several values that differ. Matching follows spl-semantics 5.17.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from ipaddress import ip_network
from typing import Protocol

from transpile.ir.expr import Case, Expr, Lit
from transpile.ir.pattern import Pattern
from transpile.ir.pred import (
    FALSE,
    Exists,
    Glob,
    InNetwork,
    Pred,
    Test,
    TextEq,
    all_of,
    any_of,
    negate,
)
from transpile.ir.simplify import simplify_pred
from transpile.ir.text import fold
from transpile.records import dataclass

MOST_ROWS = 1000
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
    def max_matches(self) -> int: ...
    @property
    def default_match(self) -> str | None: ...


@dataclass(slots=True, eq=False)
class Matching:
    """When a row finds each entry of a table, said once for all columns that it asks for.

    keys: (column, expression of the row).
    """

    table: Entries
    keys: Sequence[tuple[str, Expr]]
    _tests: list[Pred] | None = None
    _single: bool | None = None
    _found: dict[tuple[bool, ...], Pred | None] = field(default_factory=dict)

    @property
    def tests(self) -> list[Pred]:
        """The tests of the entries, in their order, simplified."""
        if self._tests is None:
            rows = self.table.rows or ()
            self._tests = [simplify_pred(_entry(self.table, self.keys, row)) for row in rows]
        return self._tests

    def found(self, column: str) -> Pred | None:
        """Return when a value is found in a column, simplified; columns are often filled alike."""
        filled = tuple(bool(row.get(column)) for row in self.table.rows or ())
        if filled not in self._found:
            test = entry_test(self, column, lambda _: True)
            self._found[filled] = None if test is None else simplify_pred(test)
        return self._found[filled]

    @property
    def single(self) -> bool:
        """Whether no two entries can match the same key values."""
        if self._single is None:
            self._single = _one_entry_each(self.table, [name for name, _ in self.keys])
        return self._single


def looked_up(matching: Matching, column: str) -> Case | None:
    """Return the value of an output column, missing where no entry is found and none is default.

    None: the table is unknown or too long, or an event may find several entries with different
    values.
    """
    table, keys = matching.table, matching.keys
    rows = table.rows
    if rows is None or len(rows) > MOST_ROWS or not keys:
        return None
    tests: dict[str | None, list[Pred]] = {}
    values = [row.get(column) or None for row in rows]
    if len(set(values)) > 1 and not matching.single:
        return None
    for value, test in zip(values, matching.tests, strict=True):
        tests.setdefault(value, []).append(test)
    found = tuple((any_of(each), Lit(value)) for value, each in tests.items())
    default = table.default_match if table.min_matches > 0 else None
    if default is None:
        return Case(tuple((pred, value) for pred, value in found if value != Lit(None)))
    return Case((*found, (all_of(Exists(expr) for _, expr in keys), Lit(default))))


def single_match(table: Entries, columns: Sequence[str]) -> bool:
    """Return whether a row finds one entry at most: else a field gets a value for each entry."""
    return table.max_matches == 1 or _one_entry_each(table, columns)


def entry_test(
    matching: Matching,
    column: str,
    meets: Callable[[str], bool],
    *,
    every: bool = False,
) -> Pred | None:
    """Return when some value (or `every` value) that a lookup finds in a column meets a test.

    Unlike `looked_up` it needs no single value: a key may match several entries.  None: the table
    is unknown or too long, or more entries may match than a row gets.
    """
    table, keys = matching.table, matching.keys
    rows = table.rows
    if rows is None or len(rows) > MOST_ROWS or not keys:
        return None
    first_only = table.max_matches == 1 and not matching.single
    if not first_only and 0 < table.max_matches < len(rows) and table.max_matches != 1:
        return None
    entries = matching.tests
    outcomes = [_outcome(row.get(column) or None, meets) for row in rows]
    if first_only:
        found = _first(entries, outcomes)
    else:
        found = any_of(_with(entries, outcomes, True))
        if every:
            found = all_of((found, negate(any_of(_with(entries, outcomes, False)))))
    default = table.default_match if table.min_matches > 0 else None
    if default is None or not meets(default):
        return found
    looked = all_of(Exists(expr) for _, expr in keys)
    return any_of((found, all_of((looked, negate(any_of(entries))))))


def _outcome(value: str | None, meets: Callable[[str], bool]) -> bool | None:
    return None if value is None else meets(value)


def _with(entries: Sequence[Pred], outcomes: Sequence[bool | None], wanted: bool) -> list[Pred]:
    return [entry for entry, met in zip(entries, outcomes, strict=True) if met is wanted]


def _first(entries: Sequence[Pred], outcomes: Sequence[bool | None]) -> Pred:
    """Return when the first entry that matches meets the test."""
    parts: list[Pred] = []
    before: list[Pred] = []
    run: list[Pred] = []
    for entry, met in zip((*entries, FALSE), (*outcomes, None), strict=True):
        if met:
            run.append(entry)
            continue
        if run:
            parts.append(all_of((any_of(run), negate(any_of(before)))))
            run = []
        before.append(entry)
    return any_of(parts)


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
    if not wanted:
        return FALSE  # an empty cell is no value, nothing is equal to it
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
