"""Groups for rules that ask what stands out: one value among many others, by key and over time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from transpile.ir import stages as s
from transpile.ir.events import EventRule
from transpile.ir.text import whole
from transpile.records import dataclass, replace
from transpile.verify.witness.groups import Group, Shape, bin_width, group_of
from transpile.verify.witness.maker import START, Event, Maker

CROWD = 24
"""Groups of the usual size among which another stands out."""

HIGH = 60
"""What a value is that stands out; the usual one is 1."""

MOST_SHOWN = 12
"""Other events that a large group is made of, one after the other."""

NEXT = START + 3660
"""The time of what stands out from earlier times: a minute into the hour behind all others."""


@dataclass(frozen=True, slots=True)
class Usual:
    """low, high: the shapes of a usual group and of one that stands out.

    times: how many earlier times there are usual groups at.
    """

    low: Shape
    high: Shape
    times: int = CROWD


def standing_out(
    rule: EventRule,
    usual: Usual,
    others: Sequence[Event],
    maker: Maker,
    pipeline: s.Pipeline,
    base: Event,
) -> Iterator[Group]:
    """Yield a group that stands out among many, and many that are all alike.

    Then groups that would stand out if equal values counted, or other events as well. base: the
    event that the others are made of; what they have of it is free where it is a key.
    """
    number = 3000
    usual = _kept_in_keys(usual)
    if usual.low.size <= CROWD:
        alike = _crowd(rule, usual, maker)
        yield [*alike, *group_of(rule, usual.low, maker, usual.low.size, number + 1)]
    # one is enough to be held against, at as many times as there are to be events
    times = max(CROWD, usual.low.size)
    usual = replace(usual, low=replace(usual.low, size=1), times=times)
    crowd = _crowd(rule, usual, maker)
    yield [*crowd, *group_of(rule, usual.high, maker, usual.high.size, number)]
    if usual.high.distinct and "_raw" not in usual.high.distinct:  # texts of events differ
        group = group_of(rule, usual.high, maker, usual.high.size, number + 2)
        one = {name: group[0][name] for name in usual.high.distinct if name in group[0]}
        yield [*crowd, *({**event, **one} for event in group)]
    step = bin_width(pipeline)
    if step:
        yield _over_time(rule, usual, maker, step, usual.high)
        yield _over_time(rule, usual, maker, step, usual.low)
    for at, other in enumerate(others[:MOST_SHOWN], number + 10):
        free = tuple(name for name in usual.high.keys if other.get(name) == base.get(name))
        high = replace(usual.high, base={**usual.high.base, **other}, keys=free)
        group = group_of(rule, high, maker, high.size, at, like=usual.high.base)
        if step and not _beside_others(pipeline):
            yield [*_earlier(rule, usual, maker, step, at), *_at(NEXT, group)]
        else:
            yield [*crowd, *group]


def _kept_in_keys(usual: Usual) -> Usual:
    """Return the shapes without the keys that stand out themselves: these are not free."""
    low, high = usual.low, usual.high
    keys = tuple(name for name in high.keys if low.base.get(name) == high.base.get(name))
    return Usual(replace(low, keys=keys), replace(high, keys=keys))


def _beside_others(pipeline: s.Pipeline) -> bool:
    """Return whether values are held against those of others of the same time."""
    return any(isinstance(stage, s.Window) and "_time" in stage.by for stage in pipeline.stages)


def _crowd(rule: EventRule, usual: Usual, maker: Maker) -> Group:
    return [
        event
        for number in range(2000, 2000 + CROWD)
        for event in group_of(rule, usual.low, maker, usual.low.size, number)
    ]


def _over_time(
    rule: EventRule, usual: Usual, maker: Maker, step: float, last: Shape
) -> Group:
    number = 3100 + (last is usual.high)
    group = group_of(rule, last, maker, last.size, number)
    return [*_earlier(rule, usual, maker, step, number), *_at(NEXT, group)]


def _earlier(
    rule: EventRule, usual: Usual, maker: Maker, step: float, number: int
) -> Group:
    """Return usual groups of one key, one for each of many earlier times."""
    group = group_of(rule, usual.low, maker, usual.low.size, number)
    return [event for at in range(1, usual.times + 1) for event in _at(NEXT - at * step, group)]


def _at(time: float, group: Group) -> Group:
    return [{**event, "_time": whole(float(time))} for event in group]
