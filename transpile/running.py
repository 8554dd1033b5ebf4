"""What a rule is run with: its lookup tables and its clock, taken from the content."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from transpile.interpret import Context, Table
from transpile.ir.stages import Lookup, LookupTable, Pipeline
from transpile.ir.walk import descend

if TYPE_CHECKING:
    from transpile.content import Content


def context_for(pipeline: Pipeline, content: Content, *, now: float | None = None) -> Context:
    """Return the context of a run: tables that the pipeline names, the front end for `map`."""

    def front_end(search: str) -> Pipeline:
        from transpile.compiled import compile_rule
        from transpile.content import read_rule

        return compile_rule(read_rule(search), content).pipeline

    names = {n.table for n in descend(pipeline) if isinstance(n, (Lookup, LookupTable))}
    tables = {name: table for name in names if (table := _table(name, content)) is not None}
    return Context(
        now=time.time() if now is None else now, lookups=tables, front_end=front_end
    )


def _table(name: str, content: Content) -> Table | None:
    lookup = content.lookup(name)
    if lookup is None:
        return None
    return Table(
        name=lookup.name,
        rows=lookup.rows,
        columns=lookup.fields,
        case_sensitive=lookup.case_sensitive,
        match_types=lookup.match_types,
        min_matches=lookup.min_matches,
        max_matches=lookup.max_matches,
        default_match=lookup.default_match,
    )
