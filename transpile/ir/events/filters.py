"""Filters: tests on single events, and tests on a group of them."""

from __future__ import annotations

from transpile.errors import Span
from transpile.ir import stages as s
from transpile.ir.events.groups import need
from transpile.ir.events.joins import on_partner
from transpile.ir.events.reader import Aggregated, Elsewhere, NotHere, Reader
from transpile.ir.events.rule import Threshold, ThresholdOp
from transpile.ir.expr import Field
from transpile.ir.pred import (
    TRUE,
    Compare,
    NumEq,
    Order,
    Pred,
    Test,
)
from transpile.ir.show import show_pred
from transpile.ir.simplify import both, simplify_pred
from transpile.ir.walk import (
    conjuncts,
    descend,
    unknowns,
)


def filtered(reader: Reader, stage: s.Filter) -> None:
    for part in conjuncts(simplify_pred(stage.pred)):
        _conjunct(reader, part, part.span or stage.span)


def _conjunct(reader: Reader, part: Pred, span: Span | None) -> None:
    for unknown, _ in unknowns(part):
        reader.lose("TGT606", f"a condition is left out: {unknown.reason}", unknown.span or span)
        return
    if any(isinstance(node, s.Pipeline) for node in descend(part)):
        reader.lose("TGT606", "a filter by the results of another search is left out", span)
        return
    try:
        resolved = reader.env.decide(part)
    except NotHere as found:
        _on_group(reader, part, found.value, span)
        return
    pred = part if resolved is part else simplify_pred(resolved)
    reader.pred = both(reader.pred, pred)


def _on_group(reader: Reader, part: Pred, value: Aggregated | Elsewhere, span: Span | None) -> None:
    if on_partner(reader, part, value, span):
        return
    if isinstance(value, Elsewhere):
        text = f"a filter on {value.what} is left out: {show_pred(part)}"
        reader.lose("TGT606", text, span)
        if value.present is not None and isinstance(part, Test | Compare):
            reader.pred = both(reader.pred, simplify_pred(value.present))
        return
    threshold = _threshold(reader, part, span)
    if threshold is not None and _always(threshold):
        if threshold.field:
            need(reader, Field(threshold.field))
    elif threshold is None or reader.threshold is not None or not reader.plain_keys:
        reader.lose("TGT607", f"a test on a group is left out: {show_pred(part)}", span)
    else:
        reader.threshold = threshold


def _threshold(reader: Reader, part: Pred, span: Span | None) -> Threshold | None:
    match part:
        case Test(subject=Field(name), condition=Order(op, int() | float() as number)):
            return _threshold_on(reader, name, op, number, span)
        case Test(subject=Field(name), condition=NumEq(number)):
            return _threshold_on(reader, name, "==", number, span)
        case _:
            return None


def _threshold_on(
    reader: Reader, name: str, op: ThresholdOp, number: int | float, span: Span | None
) -> Threshold | None:
    value = reader.env.get(name)
    if not isinstance(value, Aggregated) or value.agg.where != TRUE:
        return None
    if reader.groups is None:
        return None
    argument = "" if value.agg.arg is None else getattr(value.agg.arg, "name", None)
    if argument is None:
        return None
    return Threshold(
        value.agg.func,
        argument,
        op,
        number,
        reader.groups,
        reader.window,
        value.agg.param,
        span,
    )


def _always(threshold: Threshold) -> bool:
    """Return whether every group passes: it has an event, and that a value to count."""
    if threshold.func not in ("count", "dc"):
        return False
    return (threshold.op, threshold.number) in ((">", 0), (">=", 1), (">=", 0), (">", -1))
