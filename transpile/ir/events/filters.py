"""Filters: tests on single events, and tests on a group of them."""

from __future__ import annotations

from dataclasses import replace

from transpile.errors import Span
from transpile.ir import stages as s
from transpile.ir.events.durations import on_duration
from transpile.ir.events.groups import named, need
from transpile.ir.events.hexadecimal import on_digits, whole_bytes
from transpile.ir.events.joins import on_partner
from transpile.ir.events.reader import Aggregated, Elsewhere, NotHere, Reader
from transpile.ir.events.rule import Threshold, ThresholdOp
from transpile.ir.events.sums import on_sums
from transpile.ir.events.texts import on_wholes
from transpile.ir.expr import Call, Expr, Field
from transpile.ir.pred import (
    TRUE,
    Compare,
    Condition,
    NumEq,
    Or,
    Order,
    Pred,
    Test,
)
from transpile.ir.show import show_pred
from transpile.ir.simplify import simplify_pred
from transpile.ir.walk import (
    conjuncts,
    descend,
    unknowns,
)


def filtered(reader: Reader, stage: s.Filter) -> None:
    for part in conjuncts(stage.pred):
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
    if any(isinstance(node, Call) for node in descend(pred)):
        pred = _without_calls(reader, pred)
    reader.ask(pred)


def _without_calls(reader: Reader, pred: Pred) -> Pred:
    """Return the predicate with tests on fields instead of computed texts, where that is exact."""
    pred, decoded = on_digits(on_wholes(on_sums(pred)))
    for name in decoded:
        reader.premises.append(whole_bytes(name))
        text = f"{name} holds whole bytes, its arguments parted by single zero bytes"
        reader.assumptions[text] = None
    return simplify_pred(pred)


def _on_group(reader: Reader, part: Pred, value: Aggregated | Elsewhere, span: Span | None) -> None:
    if on_partner(reader, part, value, span) or on_duration(reader, part, value):
        return
    if isinstance(value, Elsewhere):
        text = f"a filter on {value.what} is left out: {show_pred(part)}"
        reader.lose("TGT606", text, span)
        if value.present is not None and _needs_value(part):
            reader.ask(simplify_pred(value.present))
        return
    threshold = _threshold(reader, part, span)
    if threshold is not None and _always(threshold):
        if threshold.field:
            need(reader, _counted(reader, part))
    elif threshold is None or reader.threshold is not None or not reader.plain_keys:
        reader.lose("TGT607", f"a test on a group is left out: {show_pred(part)}", span)
    else:
        reader.threshold = threshold


def _needs_value(part: Pred) -> bool:
    """Return whether a test is true of events only that have the value it is about."""
    match part:
        case Test() | Compare():
            return True
        case Or(args):
            subjects = [arg.subject if isinstance(arg, Test) else None for arg in args]
            return None not in subjects and subjects.count(subjects[0]) == len(subjects)
        case _:
            return False


def _threshold(reader: Reader, part: Pred, span: Span | None) -> Threshold | None:
    """Return the threshold that a test on an aggregate is, None if it is none."""
    match part:
        case Test(subject=Field() | Call("mvcount", (Field(),)) as subject, condition=condition):
            agg = _aggregate(reader, subject)
        case _:
            return None
    if agg is None or reader.groups is None:
        return None
    argument = "" if agg.arg is None else named(agg.arg, reader)
    limit = _limit(condition)
    if argument is None or limit is None:
        return None
    return Threshold(
        agg.func, argument, *limit, reader.groups, reader.window, agg.param, span
    )


def _limit(condition: Condition) -> tuple[ThresholdOp, int | float] | None:
    match condition:
        case Order(op, int() | float() as number):
            return op, number
        case NumEq(number):
            return "==", number
        case _:
            return None


def _aggregate(reader: Reader, subject: Expr) -> s.Agg | None:
    """Return the aggregate that a test asks about: the length of a list of values is a count."""
    name = subject.args[0] if isinstance(subject, Call) else subject
    value = reader.env.get(name.name) if isinstance(name, Field) else None
    if not isinstance(value, Aggregated) or value.agg.where != TRUE:
        return None
    if not isinstance(subject, Call):
        return value.agg
    return replace(value.agg, func="dc") if value.agg.func == "values" else None


def _counted(reader: Reader, part: Pred) -> Expr:
    """Return what the aggregate of a test counts."""
    assert isinstance(part, Test)
    agg = _aggregate(reader, part.subject)
    assert agg is not None
    assert agg.arg is not None
    return agg.arg


def _always(threshold: Threshold) -> bool:
    """Return whether every group passes: it has an event, and that a value to count."""
    if threshold.func not in ("count", "dc"):
        return False
    return (threshold.op, threshold.number) in ((">", 0), (">=", 1), (">=", 0), (">", -1))
