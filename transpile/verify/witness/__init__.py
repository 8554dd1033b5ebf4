"""Witness events, made from a rule's IR so that each of its conditions decides the outcome.

First events are solved for that the rule finds: one per alternative of its filter. From each of
them, changing one field at a time, come near misses: the other case, a character less, wildcard and
regular-expression characters as themselves, numbers as text, the empty text, several values, no
value at all. Of these remain the events that tell a mutant of the filter from the filter; where
none does, the prover is asked for one. For a rule that counts, groups just below, at and above the
threshold follow. The result depends on the rule alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count, islice

from transpile.interpret import compile_pred
from transpile.ir.events import EventRule
from transpile.ir.expr import Field
from transpile.ir.pred import Exists, Test, all_of
from transpile.ir.stages import Aggregate, Events, Pipeline, Window
from transpile.ir.text import whole
from transpile.ir.walk import descend, fields_of
from transpile.records import replace
from transpile.verify.prove import Facts, satisfiable
from transpile.verify.witness.agreeing import agreeing
from transpile.verify.witness.backwards import wishes_of
from transpile.verify.witness.choose import Solved, fitted, reconciled, telling
from transpile.verify.witness.groups import (
    MOST_IN_GROUP,
    Group,
    across_keys,
    around_threshold,
    at_threshold,
    grouped_by,
    groups_of_each,
    joined_by,
    shape_of,
)
from transpile.verify.witness.late import back_of, late_events, late_filters, wished_shape
from transpile.verify.witness.maker import START, TAXONOMIES, Event, Maker, event_part, maker_for
from transpile.verify.witness.near import changed, edges, inside, near
from transpile.verify.witness.partners import partner_events, partner_groups
from transpile.verify.witness.raw import counts_text, reads_text, with_text
from transpile.verify.witness.solve import ANYTHING, solutions
from transpile.verify.witness.standing import HIGH, Usual, standing_out
from transpile.verify.witness.wishes import Wishes
from transpile.verify.witness.within import apart_within

__all__ = [
    "MOST_SCENES",
    "START",
    "TAXONOMIES",
    "Maker",
    "grouped_by",
    "maker_for",
    "scenes",
    "witnesses",
]

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

GROUPED = 200
"""Events kept in groups, ..."""

ENOUGH = 8
"""... or as many as this many groups of the largest size hold, ..."""

MOST = LIMIT + 3 * MOST_IN_GROUP
"""... but with the others no more than these."""

FIRST_APART = 6000
"""Number of the first event that is a group of its own."""

MOST_SCENES = 40
"""Groups that are tried one at a time, where a rule asks for that."""

SPACING = 1.0
"""Seconds between two events at most: all lie in one window, be it fixed or sliding.

Times are whole milliseconds, which every target can tell apart.
"""


def witnesses(pipeline: Pipeline, maker: Maker | None = None) -> list[Event]:
    """Return events for a rule; none if it does not start from events."""
    return [event for scene in scenes(pipeline, maker) for group in scene for event in group]


def scenes(pipeline: Pipeline, maker: Maker | None = None) -> list[list[Group]]:
    """Return groups of events for a rule, those together that are to be tried together.

    Events that stand each for itself make the first group of all.  Mostly all groups are tried
    together; but a rule that puts all events into one group, or holds each value against those of
    all, has to be tried on one group at a time.
    """
    maker = maker or maker_for(pipeline)
    rule = event_part(pipeline, maker.tables)
    if rule is None:
        return []
    rule = maker.settle(rule)
    maker = maker.led_by(rule)
    facts = Facts(maker.single, maker.whole, maker.given)
    solved = Solved(rule.pred, facts, replace(facts, whole=maker.typed) if maker.typed else None)
    made = [group for each in _makers(rule, pipeline, maker)
            for group in _limited(_groups(rule, pipeline, each, solved))]  # fmt: skip
    singles = [event for group in made if len(group) == 1 for event in group]
    groups = [group for group in made if len(group) > 1]
    singles = apart_within(pipeline, singles, maker)
    if singles and any(isinstance(stage, Aggregate | Window) for stage in pipeline.stages):
        singles += singles[:1] * 2  # the same once more, at other times

    def beside(joined: Pipeline) -> list[Event]:
        return witnesses(joined, replace(maker_for(joined), given=maker.beside))

    singles += partner_events(pipeline, singles, beside, maker)
    groups = partner_groups(pipeline, groups, beside, maker.tables)
    found = [group for group in (singles, *groups) if group]
    together = [[group] for group in found[: MOST_SCENES + 1]] if _all_in_one(pipeline) else [found]
    return _finished([scene for scene in together if scene], rule, pipeline, maker)


def _limited(groups: Iterable[Group]) -> Iterator[Group]:
    """Yield groups while they hold few events; large groups may hold more."""
    taken = largest = 0
    for group in groups:
        taken, largest = taken + len(group), max(largest, len(group))
        if taken > min(LIMIT + max(GROUPED, ENOUGH * largest), MOST):
            return
        yield group


def _finished(
    found: list[list[Group]], rule: EventRule, pipeline: Pipeline, maker: Maker
) -> list[list[Group]]:
    """Return the scenes with titles, texts and times."""
    tested = fields_of(rule.pred)
    texts = reads_text(rule) or counts_text(pipeline)
    step = _spacing(rule)
    numbers = count()

    def full(event: Event) -> Event:
        number = next(numbers)
        titled = maker.titled(maker.alike(event), tested)
        event = with_text(titled, number) if texts else titled
        return {"_time": whole(round(START + step * number, 3)), **event}

    return [[list(map(full, group)) for group in scene] for scene in found]


def _all_in_one(pipeline: Pipeline) -> bool:
    """Return whether a rule puts the events of all keys into one group somewhere."""
    return any(
        (isinstance(stage, Window) and not [name for name in stage.by if name != "_time"])
        or (isinstance(stage, Aggregate) and not [k for k in stage.by if k.name != "_time"])
        for stage in pipeline.stages
    )


def _makers(rule: EventRule, pipeline: Pipeline, maker: Maker) -> tuple[Maker, ...]:
    """Return the maker; where its events cannot fit all taxonomies, one for each of them."""
    wishes = _wishes(rule, pipeline, maker)
    bases = [maker.completed(base) for base in _bases(rule, maker, wishes)]
    if not bases or len(maker.taxonomies) < 2 or any(map(maker.consistent, bases)):
        return (maker,)
    return tuple(map(maker.within, maker.taxonomies))


def _spacing(rule: EventRule) -> float:
    window = rule.threshold.window if rule.threshold is not None else None
    return SPACING if window is None else min(SPACING, window / (2 * MOST))


def _groups(
    rule: EventRule, pipeline: Pipeline, maker: Maker, solved: Solved
) -> Iterator[Group]:
    """Yield single events, then the groups of which something can be seen only together."""
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
    apart = _kept_apart(rule, pipeline, bases, maker)
    common = _computed_from(rule, wishes)
    wanted = all_of((rule.pred, maker.given))
    met = _as_wished(solutions(wanted, common), rule, wishes)
    others = islice(met, SOLUTIONS, ALTERNATIVES)
    for number, base in enumerate(bases, FIRST_APART - len(bases)):
        if fresh(full := maker.completed(base)):
            yield [full]
            if len(bases) > 1 and (other := apart(full, number)) != full:
                yield [other]
    close = list(islice(near(bases, rule.pred, maker), POOL))
    pool = [
        *agreeing(pipeline, close),
        *close,
        *islice(inside(bases[:1], rule.pred), POOL),
        *islice(edges(bases[:1], others), EDGES),
    ]
    full_bases = [maker.completed(base) for base in bases]
    found = telling(rule.pred, pool, maker, solved, common, full_bases)
    told = [event for event in islice(found, LIMIT) if fresh(event)]
    yield from ([apart(event, number)] for number, event in enumerate(told, FIRST_APART))
    told = [*full_bases[1:], *told]
    for base in bases[:1]:
        full = maker.completed(base)
        for name in maker.grouped:
            if fresh(missing := changed(full, name, None)):
                yield [missing]
        by = grouped_by(pipeline)
        scope = _scope(rule)
        shape = wished_shape(rule, replace(wishes, values=full), full, scope, maker, by)
        yield from around_threshold(rule, shape, maker)
        yield from across_keys(rule, shape, maker, pipeline)
        unknown = rule.threshold is None and not wishes.unusual  # what counts in a group
        yield from at_threshold(rule, shape, told, maker, beside=unknown)
        if any(map(maker.fixed, by)):
            yield from groups_of_each(rule, shape, told, maker)
        yield from late_events(rule, pipeline, full, scope, maker)
        if wishes.unusual:
            low, high = (
                wished_shape(
                    rule,
                    wishes_of(pipeline, back_of(pipeline, maker), outstanding=value),
                    full,
                    scope,
                    maker,
                    by,
                )
                for value in (1, HIGH)
            )
            yield from standing_out(rule, Usual(low, high), told, maker, pipeline, full)


def _kept_apart(
    rule: EventRule, pipeline: Pipeline, bases: Sequence[Event], maker: Maker
) -> Callable[[Event, int], Event]:
    """Return what gives an event a group of its own, so that no other one is found in its place.

    Rows that become transactions stay together: it may take several to make one.
    """
    full = maker.completed(bases[0]) if bases else {}
    shape = shape_of(rule, full, maker, by=grouped_by(pipeline))
    joined = joined_by(pipeline)
    free = [name for name in shape.keys if name not in joined]

    def apart(event: Event, number: int) -> Event:
        own = {name: shape.key(name, number, maker) for name in free
               if name in event and event[name] == full.get(name)}  # fmt: skip
        moved = {**event, **own}
        return moved if maker.consistent(moved) or not maker.consistent(event) else event

    return apart


def _wishes(rule: EventRule, pipeline: Pipeline, maker: Maker) -> Wishes:
    """Return what events must hold for the rule to have a result, where its filter does not say."""
    grouped = set(grouped_by(pipeline)) <= set(maker.grouped)
    plain = grouped and not (rule.losses or rule.threshold or late_filters(pipeline))
    if plain and next(solutions(rule.pred), None) is not None:
        return Wishes()
    found = wishes_of(pipeline, back_of(pipeline, maker))
    found.settle(rule)
    fitting = reconciled(found.values, maker, compile_pred(rule.pred)) or found.values
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


def _as_wished(found: Iterable[Event], rule: EventRule, wishes: Wishes) -> Iterator[Event]:
    """Yield solutions with what is wished in the place of what the first one has like them."""
    decide = compile_pred(rule.pred)
    first: Event | None = None
    for event in found:
        first = event if first is None else first
        for name, value in wishes.values.items():
            if name in event and event[name] == first.get(name) != value:
                other = {**event, name: value}
                event = other if decide(dict(other)) else event
        yield event


def _bases(rule: EventRule, maker: Maker, wishes: Wishes) -> list[Event]:
    """Return events in the scope of the rule's source that its filter finds.

    They fit every taxonomy if such were found; an engine takes those that fit its own. The first is
    the one that is wished for, if there is one.
    """
    scope = _scope(rule)
    decide = compile_pred(rule.pred)
    wished = [wishes.values] if wishes.values and decide(dict(wishes.values)) else []
    common = _computed_from(rule, wishes)
    wanted = all_of((rule.pred, maker.given))
    solved = [*wished, *islice(solutions(wanted, common), 2 * SOLUTIONS)]
    if not solved:
        facts = Facts(maker.single, maker.whole, maker.given)
        solved = [*filter(None, (satisfiable(rule.pred, facts).event,))]
    fitting = (fitted(found, maker, decide) for found in solved)
    found = list(islice(filter(None, fitting), SOLUTIONS)) or solved[:SOLUTIONS]
    found = [*(event for event in wished if event not in found[:1]), *found]
    return [scope | _typical(event, maker, decide) for event in found]


def _typical(event: Event, maker: Maker, decide: Callable[[Event], bool]) -> Event:
    """Return an event in which values that do not matter are ones that fit their fields."""
    for name, value in event.items():
        if value in ANYTHING:
            other = {**event, name: maker.example(name, 1)}
            if decide(dict(other)) and not maker.at_odds(other) - maker.at_odds(event):
                event = other
    return event


def _scope(rule: EventRule) -> Event:
    """Return the fields by which an event is in the scope of the rule's source."""
    if not isinstance(rule.source, Events):
        return {}
    return next(solutions(rule.source.scope), {})
