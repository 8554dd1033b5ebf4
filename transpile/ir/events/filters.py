"""Filters: tests on single events, and tests on a group of them."""

from __future__ import annotations

from transpile.errors import Span
from transpile.ir import stages as s
from transpile.ir.events.durations import on_duration
from transpile.ir.events.group_tests import tested
from transpile.ir.events.hexadecimal import on_digits, whole_bytes
from transpile.ir.events.joins import on_partner
from transpile.ir.events.reader import Aggregated, Elsewhere, NotHere, Reader
from transpile.ir.events.sums import on_sums
from transpile.ir.events.texts import on_wholes
from transpile.ir.expr import Call
from transpile.ir.pred import (
    Compare,
    Or,
    Pred,
    Test,
)
from transpile.ir.show import show_pred
from transpile.ir.simplify import simplify_pred
from transpile.ir.walk import (
    conjuncts,
    fields_of,
    holds,
    unknowns,
)


def filtered(reader: Reader, stage: s.Filter) -> None:
    for part in conjuncts(stage.pred):
        _conjunct(reader, part, part.span or stage.span)


def _conjunct(reader: Reader, part: Pred, span: Span | None) -> None:
    for unknown, _ in unknowns(part):
        reader.lose("TGT606", f"a condition is left out: {unknown.reason}", unknown.span or span)
        return
    if holds(part, s.Pipeline):
        reader.lose("TGT606", "a filter by the results of another search is left out", span)
        return
    try:
        resolved = reader.env.decide(part)
    except NotHere as found:
        _on_group(reader, part, found.value, span)
        return
    pred = part if resolved is part else simplify_pred(resolved)
    if holds(pred, Call):
        pred = _without_calls(reader, pred)
    if reader.single is not None and not fields_of(pred) <= set(reader.tests[0].by):
        names = ", ".join(reader.single.keys)
        text = f"a filter on the first row of each {names} becomes one on any: {show_pred(part)}"
        reader.lose("TGT606", text, span)
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
    if not tested(reader, part, span):
        reader.lose("TGT607", f"a test on a group is left out: {show_pred(part)}", span)


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
