"""Groups of events around a threshold, and values of a counted field."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

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

MOST_AROUND = 240
"""Events in all groups that are made to show one other event."""

CROWD = 20
"""Groups of one event among which a larger group stands out."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How events make a group that a rule finds.

    base: an event that its filter finds.  size: how many make a group, `exact` if the rule's
    threshold says so.  keys: grouping fields whose value is free: neither tested nor told by other
    fields.  distinct: fields that differ in a group.
    """

    base: Event
    size: int
    keys: tuple[str, ...]
    distinct: tuple[str, ...]


def shape_of(
    rule: EventRule, base: Event, maker: Maker, size: int = 1, distinct: Sequence[str] = ()
) -> Shape:
    """Return the shape of a rule's groups. size, distinct: what else is known of them."""
    tested = fields_of(rule.pred)
    by = rule.threshold.by if rule.threshold is not None else rule.groups
    keys = tuple(
        name
        for name in by
        if name not in tested
        and name not in distinct
        and maker.consistent({**base, name: maker.example(name, 99)})
    )
    counted = rule.threshold.field if rule.threshold is not None else ""
    differing = dict.fromkeys((*distinct, *((counted,) if counted else ())))
    return Shape(base, max(size, _least(rule)), keys, tuple(differing))


def around_threshold(rule: EventRule, shape: Shape, maker: Maker) -> Iterator[Event]:
    """Yield groups around the threshold: one event less, as many, one more."""
    number = _number(rule) or (shape.size if shape.size > 1 else 0)
    for size in (number - 1, number, number + 1) if number else ():
        yield from _group(rule, shape, maker, size, 100 + size)


def at_threshold(
    rule: EventRule, shape: Shape, others: Sequence[Event], maker: Maker
) -> Iterator[Event]:
    """Yield groups that lack one event to pass the threshold, each with one of the others.

    So it can be seen of each of them whether the filter lets it pass.
    """
    if shape.size < 2 or not shape.keys:
        return
    for at, other in enumerate(others[: MOST_AROUND // shape.size], 1000):
        group = list(_group(rule, shape, maker, shape.size - 1, at))
        yield from group
        own = {name: maker.example(name, at) for name in _free(rule, shape)}
        yield {**other, **own, **{name: group[0][name] for name in shape.keys}}


def standing_out(rule: EventRule, shape: Shape, maker: Maker) -> Iterator[Event]:
    """Yield a group much larger than many others."""
    every = Shape(shape.base, shape.size, shape.keys, _free(rule, shape))
    for number in range(CROWD):
        yield from _group(rule, every, maker, 1, 2000 + number)
    yield from _group(rule, every, maker, 4 * CROWD, 3000)


def _free(rule: EventRule, shape: Shape) -> tuple[str, ...]:
    tested = fields_of(rule.pred)
    return tuple(name for name in shape.distinct if name not in tested)


def _number(rule: EventRule) -> int:
    """Return the number of a threshold that can be reached, else 0."""
    number = 0 if rule.threshold is None else int(rule.threshold.number)
    return number if 0 < number <= MOST_IN_GROUP else 0


def _least(rule: EventRule) -> int:
    """Return how many events pass a threshold upwards, 0 if it is none or out of reach."""
    number = _number(rule)
    if not number or rule.threshold is None or rule.threshold.func not in ("count", "dc"):
        return 0
    match rule.threshold.op:
        case ">":
            return number + 1
        case ">=" | "==":
            return number
        case _:
            return 0


def _group(
    rule: EventRule, shape: Shape, maker: Maker, size: int, number: int
) -> Iterator[Event]:
    """Yield a group of events that the filter finds, with a key of its own."""
    tested = fields_of(rule.pred)
    group = {**shape.base, **{name: maker.example(name, number) for name in shape.keys}}
    values = {
        name: _values_meeting(rule.pred, name, shape.base, [maker.example(name, at)
                                                          for at in range(size)])
        if name in tested
        else [maker.example(name, at) for at in range(size)]
        for name in shape.distinct
    }  # fmt: skip
    for step in range(size):
        yield group | {name: own[step % len(own)] for name, own in values.items() if own}


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
    return list(islice({text.lower(): text for text in found}.values(), len(wanted)))
