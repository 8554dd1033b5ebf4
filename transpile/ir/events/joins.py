"""Joins with another search: that events of both agree on some fields, whatever their order.

An inner join keeps the rows that have a partner. Where each key is a field of the events on both
sides, the rule finds the groups by the keys that have an event of either kind; what the rows are
grouped by besides makes more rows of a group, not more groups. A filter on the partner's own
fields moves into the partner's search.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field

from transpile.errors import Span, Unsupported
from transpile.ir import stages as s
from transpile.ir.events.groups import need, plain
from transpile.ir.events.reader import (
    Aggregated,
    Bin,
    Elsewhere,
    Env,
    Joined,
    NotHere,
    Reader,
    Value,
)
from transpile.ir.expr import Expr, Field, Lit
from transpile.ir.pred import TRUE, Pred
from transpile.ir.simplify import simplify_pred
from transpile.records import dataclass

_ANOTHER = "another search"


@dataclass(frozen=True, slots=True)
class Theirs(Elsewhere):
    """A field of the partner's events: an expression over the partner's source."""

    value: Expr = field(kw_only=True)


def joined(reader: Reader, stage: s.Join) -> None:
    """Read a join: a partner where that is exact, else a loss."""
    if not stage.outer and _with_partner(reader, stage):
        return
    if not stage.outer:
        text = "a join with another search is left out: events without a partner are found too"
        reader.lose("TGT606", text, stage.span)
    known = {name: value for name, value in reader.env.known.items() if name in stage.keys}
    reader.elsewhere(fields_at_end(stage.right) or ("*", "_*"), _ANOTHER)
    reader.env.known.update(known)


def fields_at_end(pipeline: s.Pipeline) -> tuple[str, ...] | None:
    """Return the fields that the rows of a search can have at its end, None if any."""
    found: dict[str, None] | None = None
    for stage in pipeline.stages:
        match stage:
            case s.Aggregate(aggs, by) if not any(agg.pattern for agg in aggs):
                found = dict.fromkeys((*(a.name for a in aggs), *(key.name for key in by)))
            case s.Project(fields, drop=False, keep_internal=internal) if not _wild(fields):
                kept = [name for name in found or () if internal and name.startswith("_")]
                found = dict.fromkeys((*fields, *kept)) if found or not internal else None
            case s.Rename(pairs) if found is not None and not _wild(old for old, _ in pairs):
                moved = dict(pairs)
                found = {moved.get(name, name): None for name in found}
            case s.Compute(assignments) if found is not None:
                found |= dict.fromkeys(name for name, _ in assignments)
            case s.Filter() | s.Sort() | s.Limit() | s.Dedup() | s.LookupTable():
                pass
            case _:
                found = None
    return None if found is None else tuple(found)


def _wild(names: Iterable[str]) -> bool:
    return any("*" in name for name in names)


def _with_partner(reader: Reader, stage: s.Join) -> bool:
    if reader.partner is not None or not stage.keys:
        return False
    if reader.tests or reader.groups is None or reader.choices:
        return False
    joins = reader.powers.joins
    if joins is None or reader.read is None:
        return False
    try:
        right = reader.read(stage.right, joins)
    except Unsupported:
        return False
    found = _keys(reader, right, stage)
    if found is None or right.tests or right.partner is not None or right.choices:
        return False
    keys, window = found
    for mine, theirs in keys:
        need(reader, Field(mine))
        need(right, Field(theirs))
    reader.partner = Joined(right, keys, window, first_only=stage.max == 1)
    reader.assumptions["the joined search stays below the limits of a subsearch"] = None
    reader.env = _merged(reader.env, right, stage)
    return True


def _keys(
    reader: Reader, right: Reader, stage: s.Join
) -> tuple[tuple[tuple[str, str], ...], float | None] | None:
    """Return the pairs of source fields that must agree, and the bin of time; None if unsayable."""
    pairs: dict[tuple[str, str], None] = {}
    window = None
    for name in stage.keys:
        mine, theirs = reader.env.get(name), right.env.get(name)
        if isinstance(mine, Elsewhere | Aggregated) or isinstance(theirs, Elsewhere | Aggregated):
            if not isinstance(mine, Bin) or mine != theirs or not mine.seconds:
                return None
            window = mine.seconds
            continue
        own, other = plain(mine), plain(theirs)
        if own is None or other is None or own == "_time":
            return None
        pairs[own, other] = None
    return (tuple(pairs), window) if pairs else None


def _merged(left: Env, right: Reader, stage: s.Join) -> Env:
    """Return what the joined rows hold: the partner's fields stand over the rule's own."""

    def merged(name: str) -> Value:
        mine, theirs = left.get(name), right.env.get(name)
        if theirs == Lit(None) or name in stage.keys:
            return mine
        if mine != Lit(None) and not stage.overwrite:
            return Elsewhere(_ANOTHER)
        if isinstance(theirs, (Aggregated, Elsewhere)) or right.groups is None:
            return Elsewhere(_ANOTHER)
        return Theirs(_ANOTHER, TRUE, value=theirs)

    names = {**left.known, **right.env.known}
    return Env({name: merged(name) for name in names}, merged)


def on_partner(
    reader: Reader, part: Pred, value: Elsewhere | Aggregated, span: Span | None
) -> bool:
    """Add a filter on the partner's fields to the partner; return whether that was possible."""
    if not isinstance(value, Theirs) or reader.partner is None:
        return False
    env = reader.env

    def own(name: str) -> Value:
        found = env.get(name)
        return found.value if isinstance(found, Theirs) else Elsewhere(_ANOTHER)

    try:
        decided = Env({}, own).resolve(part)
    except NotHere:
        return False
    right = reader.partner.right
    right.ask(simplify_pred(decided))
    if reader.partner.first_only:
        reader.lose("TGT606", "each partner counts, not only the first of a join", span)
    return True
