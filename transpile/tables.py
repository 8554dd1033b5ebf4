"""Lookup tables as interpreter, backends and engines see them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import TYPE_CHECKING

from transpile.ir.remember import remember
from transpile.ir.stages import Lookup, LookupTable, Pipeline
from transpile.ir.walk import descend
from transpile.records import dataclass, replace

if TYPE_CHECKING:
    from transpile.content import Content


@dataclass(frozen=True, slots=True)
class Table:
    """A lookup table and how its keys match (spl-semantics 5.17).

    rows None: the customer's data, not available.  match_types: column -> EXACT, WILDCARD (the
    table's value holds `*`) or CIDR (a subnet).  default_match: written to the outputs of an
    unmatched row if `min_matches` is positive.
    """

    name: str
    rows: tuple[Mapping[str, str], ...] | None
    columns: tuple[str, ...] = ()
    case_sensitive: bool = True
    match_types: Mapping[str, str] = field(default_factory=dict)
    min_matches: int = 0
    max_matches: int = 100
    default_match: str | None = None


@remember
def tables_for(pipeline: Pipeline, content: Content) -> Mapping[str, Table]:
    """Return the tables that a pipeline names; one that the content lacks has no rows."""
    return {name: table_named(name, content) for name in _names(pipeline)}


@remember
def _names(pipeline: Pipeline) -> tuple[str, ...]:
    names = {n.table for n in descend(pipeline) if isinstance(n, (Lookup, LookupTable))}
    return tuple(sorted(names))


def table_read(name: str, columns: Iterable[str], content: Content) -> Table:
    """Return a table by its name, with the columns that some query reads."""
    found = table_named(name, content)
    return replace(found, columns=tuple(dict.fromkeys((*found.columns, *sorted(columns)))))


def table_named(name: str, content: Content) -> Table:
    """Return a table by its name; one that the content lacks has no rows."""
    lookup = content.lookup(name)
    if lookup is None:
        return Table(name, None)
    return Table(
        name,
        lookup.rows,
        lookup.fields,
        lookup.case_sensitive,
        lookup.match_types,
        lookup.min_matches,
        lookup.max_matches,
        lookup.default_match,
    )
