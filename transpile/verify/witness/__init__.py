"""Witness events, made from a rule's IR so that each of its conditions decides the outcome.

First events are solved for that the rule finds: one per alternative of its filter. From each of
them, changing one field at a time, come near misses: the other case, a character less, wildcard and
regular-expression characters as themselves, numbers as text, the empty text, several values, no
value at all. Of these remain the events that tell a mutant of the filter from the filter; where
none does, the prover is asked for one. For a rule that counts, groups just below, at and above the
threshold follow. The result depends on the rule alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice, permutations

from transpile.interpret import compile_pred
from transpile.ir.events import EventRule
from transpile.ir.expr import Field
from transpile.ir.pred import Exists, Test
from transpile.ir.stages import Aggregate, Events, Pipeline, Window
from transpile.ir.text import whole
from transpile.ir.walk import descend, fields_of
from transpile.verify.prove import Facts, satisfiable
from transpile.verify.witness.backwards import Wishes, wishes_of
from transpile.verify.witness.choose import telling
from transpile.verify.witness.groups import (
    MOST_IN_GROUP,
    across_keys,
    across_windows,
    around_threshold,
    at_threshold,
    grouped_by,
    groups_of_each,
    repeated,
    shape_of,
    standing_out,
)
from transpile.verify.witness.late import late_events, late_filters
from transpile.verify.witness.maker import START, TAXONOMIES, Event, Maker, event_part, maker_for
from transpile.verify.witness.near import changed, edges, near
from transpile.verify.witness.partners import partner_events
from transpile.verify.witness.raw import counts_text, reads_text, with_text
from transpile.verify.witness.solve import solutions

__all__ = ["START", "Maker", "maker_for", "witnesses"]

SOLUTIONS = 4
"""Events solved for per rule that every near miss is made of."""

ALTERNATIVES = 100
"""Further events solved for per rule, one for each way to meet its filter."""

POOL = 240
"""Events near a solution that are made per rule, to choose from."""

EDGES = 700
"""Events near those of the alternatives, each of which has something of its own."""

LIMIT = 400
"""Events kept per rule, without its groups."""

SPACING = 1.0
"""Seconds between two events at most: all lie in one window, be it fixed or sliding.

Times are whole milliseconds, which every target can tell apart.
"""


def witnesses(pipeline: Pipeline, maker: Maker | None = None) -> list[Event]:
    """Return events for a rule; none if it does not start from events."""
    maker = maker or maker_for(pipeline)
    rule = event_part(pipeline, maker.tables)
    if rule is None:
        return []
    rule = maker.settle(rule)
    made = [
        event
        for each in _makers(rule, pipeline, maker)
        for event in islice(_events(rule, pipeline, each), LIMIT + 3 * MOST_IN_GROUP)
    ]
    tested = fields_of(rule.pred)
    made = [maker.titled(event, tested) for event in made]
    if made and any(isinstance(stage, Aggregate | Window) for stage in pipeline.stages):
        made += made[:1] * 2  # the same once more, at other times
    made += partner_events(pipeline, made, witnesses, maker.tables)
    if reads_text(rule) or counts_text(pipeline):
        made = [with_text(event, number) for number, event in enumerate(made)]
    step = _spacing(rule)
    times = (whole(round(START + step * number, 3)) for number in range(len(made)))
    return [{"_time": time, **event} for time, event in zip(times, made, strict=True)]


def _makers(rule: EventRule, pipeline: Pipeline, maker: Maker) -> tuple[Maker, ...]:
    """Return the maker; where its events cannot fit all taxonomies, one for each of them."""
    wishes = _wishes(rule, pipeline, maker)
    bases = [maker.completed(base) for base in _bases(rule, maker, wishes)]
    if not bases or any(map(maker.consistent, bases)):
        return (maker,)
    return tuple(map(maker.within, TAXONOMIES))


def _spacing(rule: EventRule) -> float:
    window = rule.threshold.window if rule.threshold is not None else None
    most = LIMIT + 3 * MOST_IN_GROUP
    return SPACING if window is None else min(SPACING, window / (2 * most))


def _events(rule: EventRule, pipeline: Pipeline, maker: Maker) -> Iterator[Event]:
    seen: set[str] = set()

    def fresh(event: Event) -> bool:
        key = repr(sorted(event.items()))
        if key in seen:
            return False
        seen.add(key)
        return True

    wishes = _wishes(rule, pipeline, maker)
    maker = replace(maker, wished=tuple(wishes.present))
    bases = _bases(rule, maker, wishes)
    common = _computed_from(rule, wishes)
    others = islice(solutions(rule.pred, common), SOLUTIONS, ALTERNATIVES)
    for base in bases:
        if fresh(full := maker.completed(base)):
            yield full
    pool = [
        *islice(near(bases, rule.pred, maker), POOL),
        *islice(edges(bases[:1], others), EDGES),
    ]
    facts = Facts(maker.single, maker.whole)
    found = telling(rule.pred, pool, maker, facts, common)
    told = [event for event in islice(found, LIMIT) if fresh(event)]
    yield from told
    for base in bases[:1]:
        full = maker.completed(base)
        for name in maker.grouped:
            if fresh(missing := changed(full, name, None)):
                yield missing
        by = grouped_by(pipeline)
        shape = shape_of(rule, full, maker, wishes.size, tuple(wishes.distinct), by)
        yield from around_threshold(rule, shape, maker)
        yield from at_threshold(rule, shape, told, maker)
        yield from across_keys(rule, shape, maker)
        yield from repeated(rule, shape, maker)
        yield from across_windows(rule, shape, maker, pipeline)
        if any(map(maker.fixed, by)):
            yield from groups_of_each(rule, shape, told, maker)
        yield from late_events(rule, pipeline, full, _scope(rule), maker)
        if wishes.unusual:
            yield from standing_out(rule, shape, maker)


def _wishes(rule: EventRule, pipeline: Pipeline, maker: Maker) -> Wishes:
    """Return what events must hold for the rule to have a result, where its filter does not say."""
    grouped = set(grouped_by(pipeline)) <= set(maker.grouped)
    if grouped and not (rule.losses or rule.threshold or late_filters(pipeline)):
        return Wishes()
    found = wishes_of(
        pipeline, lambda name: maker.example(name, 1), maker.tables or {}, maker.made
    )
    found.settle(rule)
    fitting = _reconciled(found.values, maker, compile_pred(rule.pred)) or found.values
    found.values = maker.completed(fitting, found.present)
    return found


def _computed_from(rule: EventRule, wishes: Wishes) -> Event:
    """Return what is wished of fields that the rule tests through what it computes, if at all."""
    tested = {
        node.subject.name
        for node in descend(rule.pred)
        if isinstance(node, Test | Exists) and isinstance(node.subject, Field)
    }
    free = wishes.present.keys() - fields_of(rule.pred)  # each event gets a value of its own
    asked = wishes.values.keys() - free - tested
    return {name: wishes.values[name] for name in sorted(asked)}


def _bases(rule: EventRule, maker: Maker, wishes: Wishes) -> list[Event]:
    """Return events in the scope of the rule's source that its filter finds.

    They fit every taxonomy if such were found; an engine takes those that fit its own. The first is
    the one that is wished for, if there is one.
    """
    scope = _scope(rule)
    decide = compile_pred(rule.pred)
    wished = [wishes.values] if wishes.values and decide(dict(wishes.values)) else []
    common = _computed_from(rule, wishes)
    solved = [*wished, *islice(solutions(rule.pred, common), 2 * SOLUTIONS)]
    if not solved and (proved := satisfiable(rule.pred).event) is not None:
        solved = [proved]
    fitting = (_reconciled(found, maker, decide) for found in solved)
    found = list(islice(filter(None, fitting), SOLUTIONS)) or solved[:SOLUTIONS]
    found = [*(event for event in wished if event not in found[:1]), *found]
    return [scope | event for event in found]


def _scope(rule: EventRule) -> Event:
    """Return the fields by which an event is in the scope of the rule's source."""
    if not isinstance(rule.source, Events):
        return {}
    return next(solutions(rule.source.scope), {})


def _reconciled(
    event: Event, maker: Maker, decide: Callable[[Event], bool]
) -> Event | None:
    """Return the event with names that are paths, and paths that end in their names.

    None if its fields stay at odds.
    """
    if maker.consistent(event):
        return event
    texts = {name: value for name, value in event.items() if isinstance(value, str)}
    for name, text in texts.items():
        for other in ({**event, name: head + text} for head in ("C:\\x\\", "/x/")):
            if decide(dict(other)) and maker.consistent(other):
                return other
    for name, other_name in permutations(texts, 2):
        for sign in "\\/":
            joined = texts[name].rstrip(sign) + sign + texts[other_name].lstrip(sign)
            other = {**event, name: joined}
            if decide(dict(other)) and maker.consistent(other):
                return other
    return None
