"""How long a transaction lasts: a filter on it narrows the time between two events."""

from __future__ import annotations

from dataclasses import field

from transpile.ir.events.reader import Aggregated, Elsewhere, Env, NotHere, Reader, Value
from transpile.ir.expr import Expr, Field
from transpile.ir.pred import Order, Pred, Test
from transpile.ir.simplify import simplify_pred
from transpile.records import dataclass, replace

DURATION = Field("duration")
_TICK = 0.001
"""Seconds between two times of events that Elasticsearch tells apart."""


@dataclass(frozen=True, slots=True)
class Lasting(Elsewhere):
    """A value computed from how long a transaction lasts: an expression over `DURATION`."""

    value: Expr = field(kw_only=True)


def lasting(reader: Reader, expr: Expr, value: Lasting) -> Value:
    """Return what is computed from the duration of a transaction and from nothing else of it."""
    try:
        found: Expr = _over_duration(reader).resolve(expr)
    except NotHere:
        return Elsewhere(value.what)
    return replace(value, value=found, present=None)


def _over_duration(reader: Reader) -> Env:
    def own(name: str) -> Value:
        value = reader.env.get(name)
        if isinstance(value, Lasting):
            return value.value
        return value if isinstance(value, (Aggregated, Elsewhere)) else Elsewhere("an event")

    return Env({}, own)


def on_duration(reader: Reader, part: Pred, value: Elsewhere | Aggregated) -> bool:
    """Narrow the span of a transaction by a filter on its duration; return whether it says that."""
    if not isinstance(value, Lasting) or reader.ordered is None:
        return False
    try:
        asked = simplify_pred(_over_duration(reader).resolve(part))
    except NotHere:
        return False
    match asked:
        case Test(Field(DURATION.name), Order("<" | "<=" as op, int() | float() as most)):
            longest = float(most) if op == "<=" else most - _TICK
        case _:
            return False
    if longest <= 0:
        return False
    before = reader.ordered.seconds
    reader.ordered = replace(reader.ordered, seconds=min(longest, before or longest))
    return True
