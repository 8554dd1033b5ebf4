"""A rule as a test on single events: what Sigma, EQL and other event languages can say.

`event_rule(pipeline)` reads the stages forwards and keeps, for every field a row can have, the
expression over the source event that it stands for. Filters, also those behind a grouping, become
one predicate over the source's fields; renames, computed fields and `fillnull` disappear. What
speaks of several events (a threshold, a join, a lookup) is either a `Threshold` or a loss: leaving
a filter out finds more, never less.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from transpile.errors import Unsupported
from transpile.ir import stages as s
from transpile.ir.events.filters import filtered
from transpile.ir.events.groups import GROUPS
from transpile.ir.events.joins import joined
from transpile.ir.events.powers import Consulted, Naming, Powers, Presence, Sourced
from transpile.ir.events.reader import Reader
from transpile.ir.events.rows import ROWS
from transpile.ir.events.rule import EventRule, Ordered, Partner, Threshold
from transpile.ir.events.transactions import transaction
from transpile.ir.lookup_rows import Entries
from transpile.ir.remember import Same, remember


def event_rule(
    pipeline: s.Pipeline,
    *,
    never_missing: frozenset[str] = frozenset(),
    strict: bool = False,
    tables: Mapping[str, Entries] | None = None,
    joins: Presence | None = None,
    named: Naming | None = None,
    sequences: bool = False,
    several: bool = False,
) -> EventRule:
    """Return the event test of a rule.

    never_missing: source fields that every event has.  strict: ask for the grouping fields in the
    predicate instead of assuming them.  tables: lookup tables by name; what they say becomes tests
    of their keys.  joins: what the events of a joined search's source are never without; given, a
    join becomes a `Partner` where that is exact, else it is a loss always.  named: returns an
    expression that a stage computes, or a field that the target has for it.  sequences: whether a
    transaction between two events may become `Ordered`.  several: the target can say several tests
    of one group; else those beyond the first are losses.  Raises `Unsupported` (TGT608, TGT609,
    TGT610) for a rule that does not start from events or whose rows could come from elsewhere.
    """
    powers = Powers(joins, named, sequences, several)
    readings = _readings(pipeline, never_missing, strict, Same(tables or _NO_TABLES))
    for consulted, rule in readings:
        if consulted.serves(powers):
            return rule
    consulted = Consulted(powers)
    rule = _read(pipeline, never_missing, strict, tables or _NO_TABLES, consulted).result()
    readings.append((consulted, rule))
    return rule


_NO_TABLES: Mapping[str, Entries] = {}


@remember
def _readings(
    pipeline: s.Pipeline,
    never_missing: frozenset[str],
    strict: bool,
    tables: Same[Mapping[str, Entries]],
) -> list[tuple[Consulted, EventRule]]:
    """Return the list of the readings so far, which `event_rule` adds to."""
    return []


def _read(
    pipeline: s.Pipeline,
    never_missing: frozenset[str],
    strict: bool,
    tables: Mapping[str, Entries],
    powers: Consulted,
) -> Reader:
    def read(right: s.Pipeline, joins: Presence) -> Reader:
        source = right.stages[0]
        present = joins(source) if isinstance(source, Sourced) else frozenset[str]()
        return _read(right, present, strict, tables, powers.inside)

    reader = Reader(never_missing, strict, tables, powers, read)
    for stage in pipeline.stages:
        handler = STAGES.get(type(stage))
        if handler is None:
            name = type(stage).__name__.lower()
            raise Unsupported(f"{name} has no event form", code="TGT603", span=stage.span)
        handler(reader, stage)
    return reader


STAGES: Mapping[type, Callable[[Reader, Any], None]] = {
    **ROWS,
    **GROUPS,
    s.Filter: filtered,
    s.Join: joined,
    s.Transaction: transaction,
}

__all__ = ["EventRule", "Ordered", "Partner", "Threshold", "event_rule"]
