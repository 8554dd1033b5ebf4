"""Witness events of joins: events of both searches that agree on the keys, and some that do not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from transpile.errors import Unsupported
from transpile.interpret import compile_pred, event_row
from transpile.interpret.context import cim_view
from transpile.ir.events import EventRule, Partner, event_rule
from transpile.ir.stages import DataModel, Join, Pipeline
from transpile.schema.cim import node_facts
from transpile.tables import Table

Event = dict[str, Any]
Make = Callable[[Pipeline], Sequence[Event]]

OWN = 3
"""Events of the rule's own search that get partners."""

OTHERS = 12
"""Events of the joined search that each of them is tried with."""


def partner_events(
    pipeline: Pipeline,
    own: Sequence[Event],
    make: Make,
    tables: Mapping[str, Table] | None = None,
) -> Iterator[Event]:
    """Yield pairs of events for a rule that joins another search; none for other rules.

    own: events of the rule's own search.  make: returns events of the joined search.  The two of a
    pair have the same keys; some pairs have them in another case, or on one side only.
    """
    join = next((stage for stage in pipeline.stages if isinstance(stage, Join)), None)
    rule = _joined_rule(pipeline, tables)
    if join is None or rule is None or rule.partner is None:
        return
    partner = rule.partner
    mine = [{**event, **_tag(rule)} for event in own if _found(rule, event)][:OWN]
    theirs = [{**event, **_tag(partner.rule)} for event in make(join.right)]
    found = [event for event in theirs if _found(partner.rule, event)]
    missed = [event for event in theirs if not _found(partner.rule, event)]
    number = 0
    for event in mine:
        for other in (*found[:OTHERS], *missed[:OTHERS]):
            number += 1
            yield from _pair(event, other, partner, number)
    for event, other in islice(zip(mine, found, strict=False), 1):
        first, second = _pair(event, other, partner, number + 1)
        yield from (first, {**second, **{k: v.upper() for k, v in _texts(partner, second)}})
        first, second = _pair(event, other, partner, number + 2)
        keys = dict(_texts(partner, second))
        yield from (first, {k: v for k, v in second.items() if k not in keys})


def _joined_rule(pipeline: Pipeline, tables: Mapping[str, Table] | None) -> EventRule | None:
    try:
        return event_rule(pipeline, tables=tables, joins=lambda _: frozenset())
    except Unsupported:
        return None


def _tag(rule: EventRule) -> Event:
    """Return the tags of a data model, so that an event is of one search and not of both."""
    source = rule.source
    facts = node_facts(source.model, source.node) if isinstance(source, DataModel) else None
    return {"tag": [min(group) for group in facts.tags]} if facts and facts.tags else {}


def _found(rule: EventRule, event: Event) -> bool:
    row: Event | None = event_row(event)
    if isinstance(rule.source, DataModel):
        row = cim_view(event_row(event), rule.source.model, rule.source.node)
    return row is not None and compile_pred(rule.pred)(row)


def _pair(one: Event, two: Event, partner: Partner, number: int) -> tuple[Event, Event]:
    mine, theirs = dict(one), dict(two)
    for own, other in partner.keys:
        mine[own] = theirs[other] = f"{own}-{number}"
    return mine, theirs


def _texts(partner: Partner, event: Event) -> Iterator[tuple[str, str]]:
    for _, name in partner.keys:
        yield name, str(event[name])
