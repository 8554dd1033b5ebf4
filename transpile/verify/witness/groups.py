"""Groups of events around a threshold, and values of a counted field."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from ipaddress import ip_network

from transpile.interpret import compile_pred
from transpile.ir import pred as p
from transpile.ir.events import EventRule
from transpile.ir.expr import Call, Expr, Field, Lit
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
    Transaction,
    Window,
)
from transpile.ir.text import whole
from transpile.ir.walk import descend, fields_of
from transpile.records import dataclass, replace
from transpile.schema.resolve import EVENT_CODE_FIELDS
from transpile.verify.samples import filled, samples
from transpile.verify.witness.choose import reconciled
from transpile.verify.witness.maker import START, Event, Maker

Group = list[Event]

MOST_IN_GROUP = 250
"""Events in a group at most; a threshold above it is not reached."""

FIRST_PACK = 7000
"""Number of the first group that shows many events."""

MOST_NUMBERS = 9999
"""Numbers of groups at most."""

LAST_PACK = 900
"""How much higher the number of a group is that shows events beside those that make it up."""

MOST_BESIDE = 60
"""Events that are shown beside those that make up a group."""

MOST_PACKED = 30
"""Events at least that one group shows of those that the filter lets none pass."""

DAY = 86_400
_WIDTHS = {"day": DAY, "week": 7 * DAY, "month": 31 * DAY}

MOST_AROUND = 160
"""Events in all groups that show one other event each, as far as one group can show many."""

MOST_OF_EACH = 480
"""Events in all groups that are of one kind each."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How events make a group that a rule finds.

    base: an event that its filter finds.  size: how many make a group, `exact` if the rule's
    threshold says so.  keys: grouping fields whose value is free: not told by other fields, nor
    tested but for having one.  by: all grouping fields.  distinct: fields that differ in a group.
    others: events of other kinds that a group needs besides.  networks: of keys of which the filter
    asks no more than that they are in one, it.
    """

    base: Event
    size: int
    keys: tuple[str, ...]
    distinct: tuple[str, ...]
    by: tuple[str, ...] = ()
    others: tuple[Event, ...] = ()
    networks: Mapping[str, str] = field(default_factory=dict)

    def key(self, name: str, number: int, maker: Maker) -> str:
        """Return a value for a key, by number."""
        network = self.networks.get(name)
        return maker.example(name, number) if network is None else _address(network, number)


def shape_of(
    rule: EventRule,
    base: Event,
    maker: Maker,
    size: int = 1,
    distinct: Sequence[str] = (),
    by: Sequence[str] = (),
    others: Sequence[Event] = (),
) -> Shape:
    """Return the shape of a rule's groups. size, distinct, others: what else is known of them.

    by: fields that a rule groups by which is not known to count.
    """
    tested = _bound(rule, base, maker)
    by = rule.threshold.by if rule.threshold is not None else rule.groups or by
    odd = maker.at_odds(base)
    found = {name: _network_of(rule.pred, name, base) for name in by if name in tested}
    networks = {name: network for name, network in found.items() if network}
    keys = tuple(
        name
        for name in by
        if (name not in tested or name in networks)
        and name not in (*distinct, *EVENT_CODE_FIELDS)
        and not maker.fixed(name)
        and maker.at_odds({**base, name: maker.example(name, 99)}) <= odd
    )
    counted = rule.threshold.field if rule.threshold is not None else ""
    differing = dict.fromkeys((*distinct, *((counted,) if counted else ())))
    least = _least(rule) or size
    return Shape(base, least, keys, tuple(differing), tuple(by), tuple(others), networks)


def _network_of(pred: Pred, name: str, base: Event) -> str:
    """Return the network of which a filter finds all addresses in the place of one, "" if none."""
    decide = compile_pred(pred)
    networks = [
        node.condition.network
        for node in descend(pred)
        if isinstance(node, p.Test)
        and node.subject == Field(name)
        and isinstance(node.condition, p.InNetwork)
    ]
    return next(
        (
            each
            for each in networks
            if ip_network(each, strict=False).num_addresses > MOST_NUMBERS
            and compile_pred(p.Test(Field(name), p.InNetwork(each)))(dict(base))
            and all(decide({**base, name: _address(each, at)}) for at in (98, MOST_NUMBERS))
        ),
        "",
    )


def _address(network: str, number: int) -> str:
    return str(ip_network(network, strict=False)[number])


def _bound(rule: EventRule, base: Event, maker: Maker) -> frozenset[str]:
    """Return the fields whose values are not free: the rule does not find every value of them."""
    decide = compile_pred(rule.pred)
    bound = {
        name
        for name in fields_of(rule.pred)
        if not all(decide({**base, name: maker.example(name, at)}) for at in (98, 99))
    }
    return frozenset(bound).union(*(pair for pair in maker.twins.items() if bound & {*pair}))


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
    return _in_source(pipeline, at, names)


def joined_by(pipeline: Pipeline) -> frozenset[str]:
    """Return the fields of the source by which a rule puts rows together into transactions."""
    return frozenset(
        name
        for at, stage in enumerate(pipeline.stages)
        if isinstance(stage, Transaction)
        for name in _in_source(pipeline, at, list(stage.fields))
    )


def _in_source(pipeline: Pipeline, at: int, names: list[str]) -> tuple[str, ...]:
    """Return fields of the rows that come to a stage as those of the source."""
    stages = pipeline.stages
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


def around_threshold(rule: EventRule, shape: Shape, maker: Maker) -> Iterator[Group]:
    """Yield groups around the threshold: one event less, as many, one more."""
    number = _number(rule) or (shape.size if shape.size > 1 or shape.others else 0)
    sizes = [number - 1, number, number + 1] if number else []
    if number > MANY and not shape.others and _least(rule):  # the groups by keys lack one event
        sizes = [shape.size, number + 1] if _is_exact(rule) else [shape.size]
    for size in sizes:
        yield group_of(rule, shape, maker, size, 100 + size)


MANY = 40
"""Events in a group of which one more or less is made only if nothing else shows as much."""


def at_threshold(
    rule: EventRule, shape: Shape, others: Sequence[Event], maker: Maker, *, beside: bool
) -> Iterator[Group]:
    """Yield groups that lack one event to pass the threshold, each with one of the others.

    So it can be seen of each of them whether the filter lets it pass. One with another key makes a
    group of its own.  beside: whether all are also shown beside groups that pass.
    """
    if shape.size < 2 and not shape.others:
        return
    tested = fields_of(rule.pred)
    bound = [name for name in shape.by if name not in shape.keys or name in tested]
    if any(map(maker.fixed, shape.by)):  # titles go with the event code
        bound += [name for name in EVENT_CODE_FIELDS if name not in bound]
    further = {
        name: values
        for name in shape.distinct
        if name in tested
        and (values := _values_meeting(rule.pred, name, shape.base, _examples(maker, name, shape)))
    }
    alike = [o for o in others if all(o.get(n) == shape.base.get(n) for n in bound)]
    yield from _packed(rule, shape, alike, further, maker, beside=beside)
    moving = [other for other in others if other not in alike]
    shown = [*moving[: MOST_OF_EACH // shape.size], *alike[: MOST_AROUND // shape.size]]
    for at, other in enumerate(shown, 1000):
        if other in moving:
            moved = {name: other[name] for name in bound if name in other}
            kinds = tuple({**each, **moved} for each in shape.others)
            keys = tuple(n for n in shape.keys if other.get(n) == shape.base.get(n))
            own_kind = replace(shape, base=other, others=kinds, keys=keys)
            yield group_of(rule, own_kind, maker, shape.size, at, like=shape.base)
            continue
        group = group_of(rule, shape, maker, shape.size - 1, at)
        own = {name: maker.example(name, at) for name in _free(rule, shape)}
        for name, values in further.items():
            if other.get(name) == shape.base.get(name):
                own[name] = values[-1]  # one that no event of the group has
        yield [*group, {**other, **own, **{name: group[0][name] for name in shape.keys}}]


def _packed(
    rule: EventRule,
    shape: Shape,
    others: Sequence[Event],
    further: Mapping[str, Sequence[str]],
    maker: Maker,
    *,
    beside: bool,
) -> Iterator[Group]:
    """Yield groups that show many events at once.

    In each of some the filter has to let all others pass for the threshold to be reached; in one
    it may let none. beside: whether all are also shown beside groups that pass.
    """
    decide = compile_pred(rule.pred)
    passing = [other for other in others if decide(dict(other))]
    failing = [other for other in others if not decide(dict(other))]
    size = shape.size
    free = _free(rule, shape)

    def with_own(event: Event, at: int, keys: Event) -> Event:
        own = {name: maker.example(name, at) for name in free}
        for name, values in further.items():
            if event.get(name) == shape.base.get(name):
                own[name] = values[at % len(values)]
        return {**event, **own, **keys}

    for first in range(0, len(passing), size):
        whole = group_of(rule, shape, maker, size, FIRST_PACK + first)
        keys = {name: whole[0][name] for name in shape.keys}
        some = passing[first : first + size]
        yield [*(with_own(event, at, keys) for at, event in enumerate(some)), *whole[len(some) :]]
    for at, some in enumerate((passing, failing) if beside else (), 1):
        whole = group_of(rule, shape, maker, size, FIRST_PACK + LAST_PACK + at)
        keys = {name: whole[0][name] for name in shape.keys}
        yield [*whole, *(with_own(event, size, keys) for event in some[:MOST_BESIDE])]
    most = max(MOST_PACKED, size)
    for first in range(0, len(failing), most):
        group = group_of(rule, shape, maker, size - 1, FIRST_PACK - 1 - first)
        keys = {name: shape.key(name, FIRST_PACK - 1 - first, maker) for name in shape.keys}
        some = failing[first : first + most]
        yield [*group, *(with_own(event, size - 1, keys) for event in some)]


def _by_time(pipeline: Pipeline) -> bool:
    """Return whether rows of different times are in groups of their own."""
    times = {"_time", *(x.target for x in pipeline.stages if isinstance(x, Bucket))}
    keys = [key for x in pipeline.stages if isinstance(x, Aggregate) for key in x.by]
    return any(times & fields_of(key.expr) for key in keys)


def bin_width(pipeline: Pipeline) -> float:
    """Return how many seconds the widest bin of time is that a rule groups by, 0 without any."""
    found = [0.0]
    for stage in pipeline.stages:
        match stage:
            case Bucket(width=width, calendar=calendar):
                found.append(_WIDTHS.get(calendar, width) * (width if calendar else 1))
            case Aggregate(by=keys):
                found += [seconds for key in keys for seconds in _bins(key.expr)]
            case _:
                pass
    return max(found)


def _bins(expr: Expr) -> Iterator[float]:
    for node in descend(expr):
        match node:
            case Call("time_bin", (_, Lit(int() as count), Lit(str(unit)))):
                yield count * _WIDTHS.get(unit, DAY)
            case Call("floor", (Call("div", (_, Lit(int() | float() as width))),)):
                yield width
            case _:
                pass


def groups_of_each(
    rule: EventRule, shape: Shape, others: Sequence[Event], maker: Maker
) -> Iterator[Group]:
    """Yield groups that pass the threshold, each of events like one of the others.

    Where a key goes with the kind of event, no group holds events of several kinds.
    """
    if shape.size < 2:
        return
    for at, other in enumerate(others[: MOST_OF_EACH // shape.size], 2500):
        yield group_of(rule, replace(shape, base=other), maker, shape.size, at)


def across_keys(
    rule: EventRule, shape: Shape, maker: Maker, pipeline: Pipeline
) -> Iterator[Group]:
    """Yield for each key two groups that pass the threshold only if the key is left out.

    They differ in that key, and each lacks one event. Where all events are of one kind, a group
    that lacks one does for all keys: beside it stands an event with another value for each, one so
    early that no window of time, fixed or sliding, holds both, and where different values count
    some with values that are there. Texts of events are never the same: a time stands in them.
    """
    if shape.size < 2 and not shape.others:
        return
    tested = fields_of(rule.pred)
    lacking = group_of(rule, shape, maker, shape.size - 1, 4000) if not shape.others else []
    last = group_of(rule, shape, maker, shape.size, 4000)[shape.size - 1]
    for at, name in enumerate(shape.by, 4001):
        if name not in shape.keys and name not in tested:
            continue
        asked = [shape.key(name, at, maker), shape.key(name, at + 100, maker)]
        values = _values_meeting(rule.pred, name, shape.base, asked) if name in tested else asked
        if shape.others and len(values) > 1:
            half = group_of(rule, shape, maker, max(2 * (shape.size - 1), 1), at)
            yield [{**event, name: values[number % 2]} for number, event in enumerate(half)]
        elif other := [value for value in values if value != last.get(name)]:
            lacking.append({**last, name: other[-1]})
    if lacking and shape.distinct and "_raw" not in shape.distinct:
        lacking += lacking[shape.size - 2 : shape.size - 1] * 2
    width = bin_width(pipeline) if lacking else 0
    early = whole(START - 3 * width / 2)
    if width and not _by_time(pipeline):  # a group of events of different times
        *group, other_last = group_of(rule, shape, maker, shape.size, 4950)
        yield [*group, {**other_last, "_time": early}]
    elif width:
        lacking.append({**last, "_time": early})
    yield lacking


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


def _is_exact(rule: EventRule) -> bool:
    return rule.threshold is not None and rule.threshold.op == "=="


def group_of(
    rule: EventRule,
    shape: Shape,
    maker: Maker,
    size: int,
    number: int,
    *,
    like: Event | None = None,
) -> Group:
    """Return a group: events like the base and those of other kinds, with one key by number.

    like: an event that the filter finds, if the base is none.
    """
    tested = fields_of(rule.pred)
    keys = {name: shape.key(name, number, maker) for name in shape.keys}
    group = {**shape.base, **keys}
    values = {
        name: _values_meeting(rule.pred, name, like or shape.base,
                              [maker.example(name, at) for at in range(size)])
        if name in tested
        else [maker.example(name, at) for at in range(size)]
        for name in shape.distinct
    }  # fmt: skip
    made = [
        group | {name: own[step % len(own)] for name, own in values.items() if own}
        for step in range(size)
    ]
    if values and not maker.at_odds(group):  # a path goes with the name that is counted
        made = _reconciled(made, maker, compile_pred(rule.pred))
    return [*made, *({**other, **keys} for other in shape.others)]


def _reconciled(
    events: Sequence[Event], maker: Maker, decide: Callable[[Event], bool]
) -> list[Event]:
    """Return events of a group with paths that go with their names, as far as that can be.

    They differ in what is counted: where one stays at odds, the others are not tried.
    """
    made: list[Event] = []
    for at, event in enumerate(events):
        fitting = reconciled(event, maker, decide)
        if fitting is None:
            return [*made, *events[at:]]
        made.append(fitting)
    return made


def _values_meeting(pred: Pred, name: str, base: Event, wanted: Sequence[str]) -> list[str]:
    """Return values of a tested field with which an event stays one that the filter finds.

    wanted: values to take if they do; at most as many are made.
    """
    decide = compile_pred(pred)

    def meets(text: str) -> bool:
        return decide({**base, name: text})

    found = dict.fromkeys(filter(meets, wanted))
    for node in descend(pred):
        if not (isinstance(node, p.Test) and node.subject == Field(name)):
            continue
        texts = list(samples(node.condition))
        if isinstance(node.condition, p.Glob):
            pattern = node.condition.pattern
            texts += [filled(pattern, text) for text in wanted]
        found.update(dict.fromkeys(filter(meets, texts)))
    apart: dict[str, str] = {}
    for text in (*found, *_with_numbers(base.get(name), len(wanted), meets)):
        apart.setdefault(text.lower(), text)
    return sorted(apart.values(), key=lambda text: "\n" in text)[: len(wanted)]


def _with_numbers(
    text: object, most: int, meets: Callable[[str], bool]
) -> Iterator[str]:
    """Yield a text with a number in it, at the last place where any number may stand.

    If there is none, as where the length is tested, with one in the place of its end.
    """
    if not isinstance(text, str):
        return
    for at in range(len(text), -1, -1):
        head, tail = text[:at], text[at:]
        if meets(f"{head}1{tail}") and meets(f"{head}29{tail}"):
            yield from (numbered for n in range(most) if meets(numbered := f"{head}{n}{tail}"))
            return
    width = min(len(str(most)), len(text))
    head = text[: len(text) - width]
    if width and meets(f"{head}{'1' * width}"):
        yield from (number for n in range(most) if meets(number := f"{head}{n:0{width}}"))
