"""Groups for rules that ask what stands out: one value among many others, by key and over time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from transpile.ir import stages as s
from transpile.ir.events import EventRule
from transpile.ir.text import whole
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
    """low, high: the shapes of a usual group and of one that stands out."""

    low: Shape
    high: Shape


def standing_out(
    rule: EventRule, usual: Usual, others: Sequence[Event], maker: Maker, pipeline: s.Pipeline
) -> Iterator[Group]:
    """Yield a group that stands out among many, and many that are all alike.

    Then groups that would stand out if other events counted as well.
    """
    crowd = _crowd(rule, usual, maker)
    number = 3000
    yield [*crowd, *group_of(rule, usual.high, maker, usual.high.size, number)]
    yield [*crowd, *group_of(rule, usual.low, maker, usual.low.size, number + 1)]
    step = bin_width(pipeline)
    if step:
        yield _over_time(rule, usual, maker, step, usual.high)
        yield _over_time(rule, usual, maker, step, usual.low)
    for at, other in enumerate(others[:MOST_SHOWN], number + 10):
        high = replace(usual.high, base={**usual.high.base, **other})
        group = group_of(rule, high, maker, high.size, at)
        yield [*crowd, *group] if not step else [*_earlier(rule, usual, maker, step, at),
                                                 *_at(NEXT, group)]  # fmt: skip


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
    return [event for at in range(1, CROWD + 1) for event in _at(NEXT - at * step, group)]


def _at(time: float, group: Group) -> Group:
    return [{**event, "_time": whole(float(time))} for event in group]
