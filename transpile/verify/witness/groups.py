"""Groups of events around a threshold, and values of a counted field."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from transpile.interpret import compile_pred
from transpile.ir import pred as p
from transpile.ir.events import EventRule
from transpile.ir.expr import Field
from transpile.ir.pred import Pred
from transpile.ir.walk import descend, fields_of
from transpile.verify.samples import filled, samples
from transpile.verify.witness.maker import Event, Maker

MOST_IN_GROUP = 250
"""Events in a group at most; a threshold above it is not reached."""


def around_threshold(rule: EventRule, base: Event, maker: Maker) -> Iterator[Event]:
    """Yield groups around the threshold: one event less, as many, one more."""
    if rule.threshold is None:
        return
    number = int(rule.threshold.number)
    if not 0 < number <= MOST_IN_GROUP:
        return
    tested = fields_of(rule.pred)
    counted = rule.threshold.field
    wanted = [maker.example(counted, at) for at in range(number + 1)]
    values = _values_meeting(rule.pred, counted, base, wanted) if counted in tested else []
    for size in (number - 1, number, number + 1):
        group = dict(base)
        for name in rule.threshold.by:
            other = {**group, name: maker.example(name, 100 + size)}
            if name not in tested and maker.consistent(other):
                group = other
        for step in range(size):
            event = dict(group)
            if values:
                event[counted] = values[step % len(values)]
            elif counted and counted not in tested:
                event[counted] = maker.example(counted, step)
            yield {**event, "nth": str(step)}


def _values_meeting(pred: Pred, name: str, base: Event, wanted: Sequence[str]) -> list[str]:
    """Return values of a tested field with which an event stays one that the filter finds.

    wanted: values to take if they do; at most as many are made.
    """
    decide = compile_pred(pred)
    found = dict.fromkeys(text for text in wanted if decide({**base, name: text}))
    for node in descend(pred):
        if not (isinstance(node, p.Test) and node.subject == Field(name)):
            continue
        texts = list(samples(node.condition))
        if isinstance(node.condition, p.Glob):
            pattern = node.condition.pattern
            texts += [filled(pattern, text) for text in wanted]
        found.update(dict.fromkeys(text for text in texts if decide({**base, name: text})))
    return list({text.lower(): text for text in found}.values())[: len(wanted)]
