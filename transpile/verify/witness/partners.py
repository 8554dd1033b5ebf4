"""Witness events of two searches: of both that agree on the keys, and of some that do not.

A rule has a second search if it joins one, or keeps what agrees with the rows of one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice, product
from typing import Any

from transpile.errors import Unsupported
from transpile.interpret import compile_pred, event_row
from transpile.interpret.context import cim_view
from transpile.ir.events import EventRule, Partner, event_rule
from transpile.ir.expr import Field
from transpile.ir.pred import TRUE, Exists, InRows, all_of
from transpile.ir.stages import DataModel, Events, Filter, Join, Pipeline, Project
from transpile.ir.walk import conjuncts
from transpile.records import dataclass
from transpile.schema.cim import node_facts
from transpile.tables import Table
from transpile.verify.known import known_before
from transpile.verify.witness.backwards import Back, wishes_of
from transpile.verify.witness.lookups import MadeRows
from transpile.verify.witness.maker import Maker, maker_for

Event = dict[str, Any]
Make = Callable[[Pipeline], Sequence[Event]]
Example = Callable[[str, int], str]

OWN = 3
"""Events of the rule's own search that get partners."""

MOST_PAIRS = 60
"""Events that get one partner."""

FIRST_PAIR = 8000

OTHERS = 12
"""Events of the joined search that each of them is tried with."""


@dataclass(frozen=True, slots=True)
class _Second:
    """A search whose rows those of a rule are held against at a stage, by keys."""

    at: int
    right: Pipeline
    keys: tuple[str, ...]


def _second(pipeline: Pipeline) -> _Second | None:
    """Return the first search that a rule joins or asks rows of, None if there is none."""
    for at, stage in enumerate(pipeline.stages):
        match stage:
            case Join(right, keys):
                return _Second(at, right, keys)
            case Filter(pred):
                for node in conjuncts(pred):
                    if isinstance(node, InRows) and (keys := _told_by(node.pipeline)):
                        return _Second(at, node.pipeline, keys)
            case _:
                pass
    return None


def _told_by(pipeline: Pipeline) -> tuple[str, ...]:
    """Return the fields that the rows of a search of events have, () if it does not name them."""
    first, last = pipeline.stages[0], pipeline.stages[-1]
    named = isinstance(last, Project) and not (last.drop or any("*" in n for n in last.fields))
    if not (named and isinstance(first, Events | DataModel)):
        return ()
    assert isinstance(last, Project)
    return tuple(name for name in last.fields if not name.startswith("_"))


def partner_events(
    pipeline: Pipeline,
    own: Sequence[Event],
    make: Make,
    maker: Maker,
) -> Iterator[Event]:
    """Yield pairs of events for a rule with a second search; none for other rules.

    own: events of the rule's own search.  make: returns events of the joined search.  The two of a
    pair have the same keys; some pairs have them in another case, or on one side only.
    """
    join, tables = _second(pipeline), maker.tables
    if join is None:
        return
    rule = _joined_rule(pipeline, tables)
    if rule is None or rule.partner is None:
        yield from _wished_pairs(pipeline, join, own, make, maker)
        return
    partner = rule.partner
    example = maker_for(join.right, (), tables).example
    tagged = [{**event, **_tag(rule)} for event in own]
    mine = [event for event in tagged if _found(rule, event)][:OWN]
    theirs = [{**event, **_tag(partner.rule)} for event in make(join.right)]
    found = [event for event in theirs if _found(partner.rule, event)]
    missed = [event for event in theirs if not _found(partner.rule, event)]
    number = 0
    for event in mine:
        for other in (*found[:OTHERS], *missed[:OTHERS]):
            number += 1
            yield from _pair(event, other, partner, number, example)
    rest = [event for event in tagged if event not in mine][:MOST_PAIRS]
    for event, other in product(rest, found[:1]):
        number += 1
        yield from _pair(event, other, partner, number, example)
    for event, other in islice(zip(mine, found, strict=False), 1):
        first, second = _pair(event, other, partner, number + 1, example)
        yield from (first, {**second, **{k: v.upper() for k, v in _texts(partner, second)}})
        first, second = _pair(event, other, partner, number + 2, example)
        keys = dict(_texts(partner, second))
        yield from (first, {k: v for k, v in second.items() if k not in keys})


def partner_groups(
    pipeline: Pipeline,
    groups: Sequence[Sequence[Event]],
    make: Make,
    tables: Mapping[str, Table] | None = None,
) -> list[list[Event]]:
    """Return groups with events of the joined search, as many as there are keys in a group."""
    join = _second(pipeline)
    keys = _keys(pipeline, join, tables) if join is not None and groups else {}
    theirs = _partners(join, keys.values(), make)[:1] if join and keys else []
    if join is None or not theirs:
        return [list(group) for group in groups]
    mine, other = _tag_of(pipeline), {**theirs[0], **_tag_of(join.right)}
    other.pop("_time", None)  # it is as late as the group
    found = []
    for group in groups:
        rows = dict.fromkeys(tuple(event.get(key, "") for key in keys) for event in group)
        others = [_keyed(other, keys.values(), row) for row in rows if all(row)]
        found.append([*({**event, **mine} for event in group), *others])
    return found


def _keys(
    pipeline: Pipeline, join: _Second, tables: Mapping[str, Table] | None
) -> dict[str, str]:
    """Return by which fields of its own source a rule joins, each with that of the other one.

    Which these are is found out by a wish for each key: it reaches one field. {}: not of all.
    """
    marks = {name: f"key-{at}" for at, name in enumerate(join.keys) if name != "_time"}
    mine = _marked(pipeline, join.at, marks, tables)
    right = Pipeline((*join.right.stages, Filter(TRUE)))
    theirs = _marked(right, len(right.stages) - 1, marks, tables)
    if not mine.keys() == theirs.keys() == marks.keys():
        return {}
    return {mine[name]: theirs[name] for name in marks}


def _partners(join: _Second, keys: Iterable[str], make: Make) -> list[Event]:
    """Return events of the second search that have its keys; it may have to be asked for them."""
    asked = all_of(Exists(Field(name)) for name in join.keys if name != "_time")
    asking = Pipeline((*join.right.stages, Filter(asked)))
    names = list(keys)
    found = list(_with_keys(make(join.right), names))
    return found or list(_with_keys(make(asking), names))


def _with_keys(events: Iterable[Event], keys: Iterable[str]) -> Iterator[Event]:
    """Yield the events that have a value for each of some keys."""
    names = list(keys)
    return (event for event in events if None not in map(event.get, names))


def _keyed(event: Event, keys: Iterable[str], values: Iterable[str]) -> Event:
    """Return an event with these values of its keys."""
    for name, value in zip(keys, values, strict=True):
        event = _with_key(event, name, value)
    return event


def _wished_pairs(
    pipeline: Pipeline,
    join: _Second,
    own: Sequence[Event],
    make: Make,
    maker: Maker,
) -> Iterator[Event]:
    """Yield each event with a partner whose keys are the same, whatever both are made from."""
    keys = _keys(pipeline, join, maker.tables)
    if not keys:
        return
    example = maker_for(join.right, (), maker.tables).example
    tags = _tag_of(pipeline), _tag_of(join.right)
    partners = _partners(join, keys.values(), make)[:OTHERS]
    if join.right.stages[0] == pipeline.stages[0]:  # the rule sees them as events of its own too
        partners = list(map(maker.completed, partners))
    for number, event in enumerate(own[:MOST_PAIRS], FIRST_PAIR):
        values = [example(name, number) for name in keys.values()]
        yield {**_keyed(event, keys, values), **tags[0]}
        for other in partners[:1] if number > FIRST_PAIR else partners:
            yield {**_keyed(other, keys.values(), values), **tags[1]}


def _marked(
    pipeline: Pipeline, at: int, marks: Mapping[str, str], tables: Mapping[str, Table] | None
) -> dict[str, str]:
    """Return which field of the source each mark comes from."""
    known = known_before(pipeline, lambda name: True, lambda name: False)
    back = Back(lambda name, number: f"{name}-{number}", tables or {}, MadeRows(), known)
    found = wishes_of(pipeline, back, (at, marks)).values
    return {key: name for key, mark in marks.items() for name in found if found[name] == mark}


def _tag_of(pipeline: Pipeline) -> Event:
    source = pipeline.stages[0]
    facts = node_facts(source.model, source.node) if isinstance(source, DataModel) else None
    return {"tag": [min(group) for group in facts.tags]} if facts and facts.tags else {}


def _joined_rule(pipeline: Pipeline, tables: Mapping[str, Table] | None) -> EventRule | None:
    try:
        return event_rule(pipeline, tables=tables, joins=lambda _: frozenset())
    except Unsupported:
        return None


def _tag(rule: EventRule) -> Event:
    """Return the tags of a data model, so that an event is of one search and not of both."""
    return _tag_of(Pipeline((rule.source,)))


def _found(rule: EventRule, event: Event) -> bool:
    row: Event | None = event_row(event)
    if isinstance(rule.source, DataModel):
        row = cim_view(event_row(event), rule.source.model, rule.source.node)
    return row is not None and compile_pred(rule.pred)(row)


def _pair(
    one: Event, two: Event, partner: Partner, number: int, example: Example
) -> tuple[Event, Event]:
    mine, theirs = dict(one), dict(two)
    for own, other in partner.keys:
        value = example(own, number)
        mine, theirs = _with_key(mine, own, value), _with_key(theirs, other, value)
    return mine, theirs


def _with_key(event: Event, key: str, value: str) -> Event:
    """Return an event with another value of a key, and of the fields that say the same."""
    before = event.get(key)
    same = {name for name, text in event.items() if text == before and isinstance(text, str)}
    same = same if before is not None and len(before) > _SHORT else set()
    return {**event, **dict.fromkeys(same, value), key: value}


_SHORT = 3
"""Characters of a text that may be the same in two fields by chance."""


def _texts(partner: Partner, event: Event) -> Iterator[tuple[str, str]]:
    for _, name in partner.keys:
        yield name, str(event[name])
