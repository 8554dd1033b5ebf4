"""Transactions: the events of a group, all of them or those between a first and a last one.

Without a first and a last event each event is in some transaction, so nothing of a filter is lost.
With both, a group has a complete transaction exactly if an event of the one kind comes before one
of the other within the span: between the nearest such pair no other begins or ends.
"""

from __future__ import annotations

from transpile.ir import stages as s
from transpile.ir.events.durations import DURATION, Lasting
from transpile.ir.events.groups import need
from transpile.ir.events.reader import (
    Aggregated,
    Elsewhere,
    Gathered,
    NotHere,
    Reader,
    Value,
)
from transpile.ir.events.rule import Ordered
from transpile.ir.expr import Field
from transpile.ir.pred import TRUE, Pred, Test, TextEq
from transpile.ir.simplify import simplify_pred
from transpile.ir.text import fold
from transpile.ir.walk import conjuncts

MADE = ("_time", "duration", "eventcount")
"""Fields that a transaction makes; each has them."""
_WHAT = "a transaction"


def transaction(reader: Reader, stage: s.Transaction) -> None:
    """Read a transaction: its events, the order of two of them, or a loss."""
    if stage.starts is None and stage.ends is None:
        known = _all_events(reader, stage)
    else:
        known = _in_order(reader, stage)
    if not known:
        reader.lose("TGT606", "events outside a complete transaction are found too", stage.span)
    if reader.groups is None:
        reader.groups = ()
    before = reader.env
    told: dict[str, Value] = dict.fromkeys(MADE, Elsewhere(_WHAT, TRUE))
    told[DURATION.name] = Lasting(_WHAT, TRUE, value=DURATION)
    reader.env = before.after(told, lambda name: _gathered(before.get(name)))


def _gathered(value: Value) -> Value:
    if isinstance(value, (Aggregated, Elsewhere)):
        return Elsewhere(_WHAT)
    return Gathered(_WHAT, value=value)


def _all_events(reader: Reader, stage: s.Transaction) -> bool:
    """Ask for the field by which events are grouped; return whether that is all it takes."""
    if stage.keep_orphans or not stage.fields:
        return True
    value = reader.env.get(stage.fields[0])
    if len(stage.fields) > 1 or isinstance(value, (Aggregated, Elsewhere)):
        return False
    need(reader, value)
    return True


def _in_order(reader: Reader, stage: s.Transaction) -> bool:
    """Note the pair of events that makes a transaction complete; return whether one does."""
    if stage.starts is None or stage.ends is None or not stage.fields:
        return False
    if stage.max_pause or stage.keep_evicted or stage.keep_orphans or reader.choices:
        return False
    if reader.groups is not None or reader.partner is not None or not reader.powers.sequences:
        return False
    values = [reader.env.get(name) for name in stage.fields]
    keys = tuple(value.name for value in values if isinstance(value, Field))
    try:
        starts, ends = (simplify_pred(reader.env.decide(p)) for p in (stage.starts, stage.ends))
    except NotHere:
        return False
    single = _exclusive(starts, ends)
    if len(keys) < len(values) or single is None:
        return False
    for key in keys:
        need(reader, Field(key))
    reader.assumptions[f"one value per event in {single}"] = None
    if stage.max_events:
        reader.assumptions[f"a transaction has fewer than {stage.max_events} events"] = None
    reader.ordered = Ordered(keys, starts, ends, stage.max_span or None)
    reader.groups = keys
    return True


def _exclusive(starts: Pred, ends: Pred) -> str | None:
    """Return a field of which two tests ask for different texts: no event meets both."""
    asked = dict(_texts(starts))
    for name, text in _texts(ends):
        if asked.get(name, text) != text:
            return name
    return None


def _texts(pred: Pred) -> list[tuple[str, str]]:
    return [
        (part.subject.name, fold(part.condition.text))
        for part in conjuncts(pred)
        if isinstance(part, Test)
        and isinstance(part.subject, Field)
        and isinstance(part.condition, TextEq)
    ]
