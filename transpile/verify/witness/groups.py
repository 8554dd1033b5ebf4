"""Groups of events around a threshold, and values of a counted field."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from transpile.interpret import compile_pred
from transpile.ir import pred as p
from transpile.ir.events import EventRule
from transpile.ir.expr import Field
from transpile.ir.names import unrename
from transpile.ir.pred import Pred
from transpile.ir.stages import (
    Aggregate,
    Bucket,
    Compute,
    DataModel,
    Dedup,
    Pipeline,
    Rename,
    Window,
)
from transpile.ir.text import whole
from transpile.ir.walk import descend, fields_of
from transpile.verify.samples import filled, samples
from transpile.verify.witness.maker import START, Event, Maker

MOST_IN_GROUP = 250
"""Events in a group at most; a threshold above it is not reached."""

MOST_AROUND = 480
"""Events in all groups that are made to show one other event."""

CROWD = 20
"""Groups of one event among which a larger group stands out."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How events make a group that a rule finds.

    base: an event that its filter finds.  size: how many make a group, `exact` if the rule's
    threshold says so.  keys: grouping fields whose value is free: neither tested nor told by other
    fields.  by: all grouping fields.  distinct: fields that differ in a group.
    """

    base: Event
    size: int
    keys: tuple[str, ...]
    distinct: tuple[str, ...]
    by: tuple[str, ...] = ()


def shape_of(
    rule: EventRule,
    base: Event,
    maker: Maker,
    size: int = 1,
    distinct: Sequence[str] = (),
    by: Sequence[str] = (),
) -> Shape:
    """Return the shape of a rule's groups. size, distinct: what else is known of them.

    by: fields that a rule groups by which is not known to count.
    """
    tested = fields_of(rule.pred)
    by = rule.threshold.by if rule.threshold is not None else rule.groups or by
    keys = tuple(
        name
        for name in by
        if name not in tested
        and name not in distinct
        and not maker.fixed(name)
        and name not in maker.at_odds({**base, name: maker.example(name, 99)})
    )
    counted = rule.threshold.field if rule.threshold is not None else ""
    differing = dict.fromkeys((*distinct, *((counted,) if counted else ())))
    return Shape(base, _least(rule) or size, keys, tuple(differing), tuple(by))


def grouped_by(pipeline: Pipeline) -> tuple[str, ...]:
    """Return the fields of the source that the first grouping of a rule is by."""
    stages = pipeline.stages
    at = next((n for n, x in enumerate(stages) if isinstance(x, Aggregate | Window | Dedup)), 0)
    match stages[at]:
        case Aggregate(by=keys):
            names = [name for key in keys for name in sorted(fields_of(key.expr))]
        case Window(by=by):
            names = list(by)
        case Dedup(keys=by):
            names = list(by)
        case _:
            return ()
    for stage in reversed(stages[:at]):
        match stage:
            case Rename(pairs):
                for old, new in reversed(pairs):
                    names = [unrename(name, old, new) or name for name in names]
            case Compute(assignments):
                for made, expr in reversed(assignments):
                    names = [x for n in names for x in (fields_of(expr) if n == made else (n,))]
            case _:
                pass
    prefix = stages[0].prefix if isinstance(stages[0], DataModel) else ""
    bare = (name.removeprefix(prefix) for name in names)
    return tuple(dict.fromkeys(name for name in bare if not name.startswith("_")))


def around_threshold(rule: EventRule, shape: Shape, maker: Maker) -> Iterator[Event]:
    """Yield groups around the threshold: one event less, as many, one more."""
    number = _number(rule) or (shape.size if shape.size > 1 else 0)
    for size in (number - 1, number, number + 1) if number else ():
        yield from group_of(rule, shape, maker, size, 100 + size)


def at_threshold(
    rule: EventRule, shape: Shape, others: Sequence[Event], maker: Maker
) -> Iterator[Event]:
    """Yield groups that lack one event to pass the threshold, each with one of the others.

    So it can be seen of each of them whether the filter lets it pass.
    """
    if shape.size < 2 or not shape.keys:
        return
    tested = fields_of(rule.pred)
    further = {
        name: values
        for name in shape.distinct
        if name in tested
        and (values := _values_meeting(rule.pred, name, shape.base, _examples(maker, name, shape)))
    }
    for at, other in enumerate(others[: MOST_AROUND // shape.size], 1000):
        group = list(group_of(rule, shape, maker, shape.size - 1, at))
        yield from group
        own = {name: maker.example(name, at) for name in _free(rule, shape)}
        for name, values in further.items():
            if other.get(name) == shape.base.get(name):
                own[name] = values[-1]  # one that no event of the group has
        yield {**other, **own, **{name: group[0][name] for name in shape.keys}}


def standing_out(rule: EventRule, shape: Shape, maker: Maker) -> Iterator[Event]:
    """Yield a group much larger than many others."""
    every = Shape(shape.base, shape.size, shape.keys, _free(rule, shape))
    for number in range(CROWD):
        yield from group_of(rule, every, maker, 1, 2000 + number)
    yield from group_of(rule, every, maker, 4 * CROWD, 3000)


def repeated(rule: EventRule, shape: Shape, maker: Maker) -> Iterator[Event]:
    """Yield a group that passes the threshold only if equal values count more than once.

    Texts of events are never the same: a time stands in them.
    """
    if shape.size > 1 and shape.distinct and "_raw" not in shape.distinct:
        group = list(group_of(rule, shape, maker, shape.size - 1, 4900))
        yield from (*group, *group[-1:] * 2)


def across_windows(
    rule: EventRule, shape: Shape, maker: Maker, pipeline: Pipeline
) -> Iterator[Event]:
    """Yield a group that passes the threshold only if two windows of time count as one.

    They are so far apart that no sliding window holds both.
    """
    buckets = (stage for stage in pipeline.stages if isinstance(stage, Bucket))
    width = next((each.width for each in buckets if each.field == "_time"), 0)
    if shape.size < 2 or not width:
        return
    for number, event in enumerate(group_of(rule, shape, maker, 2 * (shape.size - 1), 4950)):
        yield event if number % 2 else {**event, "_time": whole(START - 3 * width / 2)}


def groups_of_each(
    rule: EventRule, shape: Shape, others: Sequence[Event], maker: Maker
) -> Iterator[Event]:
    """Yield groups that pass the threshold, each of events like one of the others.

    Where a key goes with the kind of event, no group holds events of several kinds.
    """
    if shape.size < 2:
        return
    for at, other in enumerate(others[: MOST_AROUND // shape.size], 2500):
        yield from group_of(rule, replace(shape, base=other), maker, shape.size, at)


def across_keys(rule: EventRule, shape: Shape, maker: Maker) -> Iterator[Event]:
    """Yield for each key two groups that pass the threshold only if the key is left out.

    They differ in that key, and each lacks one event.
    """
    if shape.size < 2:
        return
    tested = fields_of(rule.pred)
    for at, name in enumerate(shape.by, 4000):
        if name not in shape.keys and name not in tested:
            continue
        asked = [maker.example(name, at), maker.example(name, at + 100)]
        values = _values_meeting(rule.pred, name, shape.base, asked) if name in tested else asked
        half = list(group_of(rule, shape, maker, 2 * (shape.size - 1), at))
        for number, event in enumerate(half if len(values) > 1 else ()):
            yield {**event, name: values[number % 2]}


def _examples(maker: Maker, name: str, shape: Shape) -> list[str]:
    return [maker.example(name, at) for at in range(shape.size)]


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


def group_of(
    rule: EventRule, shape: Shape, maker: Maker, size: int, number: int
) -> Iterator[Event]:
    """Yield a group of events like the base, with a key of its own by number."""
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
    apart: dict[str, str] = {}
    for text in found:
        apart.setdefault(text.lower(), text)
    return sorted(apart.values(), key=lambda text: "\n" in text)[: len(wanted)]
