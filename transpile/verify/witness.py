"""Witness events, made from a rule's IR so that each of its conditions decides the outcome.

First events are solved for that the rule finds: one per alternative of its filter. From each of
them, changing one field at a time, come near misses: the other case, a character less, wildcard and
regular-expression characters as themselves, numbers as text, the empty text, several values, no
value at all. For a rule that counts, groups just below, at and above the threshold follow.
The result depends on the rule alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from itertools import islice, permutations
from typing import Any

from transpile.errors import Unsupported
from transpile.interpret import compile_pred
from transpile.ir import pred as p
from transpile.ir.decide import compile_condition
from transpile.ir.events import EventRule, event_rule
from transpile.ir.expr import Field
from transpile.ir.lookup_rows import Entries
from transpile.ir.pred import Pred, Quant
from transpile.ir.stages import Aggregate, DataModel, Events, Filter, Pipeline
from transpile.ir.walk import conjuncts, descend, disjuncts, fields_of
from transpile.schema.fields import FieldMap, Taxonomy
from transpile.schema.resolve import EVENT_CODE_FIELDS, resolve
from transpile.schema.views import conflicts, implied
from transpile.verify.partners import partner_events
from transpile.verify.samples import filled, meeting, samples

Event = dict[str, Any]

SOLUTIONS = 8
"""Events solved for per rule."""

LIMIT = 400
"""Events near a solution made per rule."""

MOST_IN_GROUP = 250
"""Events in a group at most; a threshold above it is not reached."""

METADATA = frozenset(("index", "source", "sourcetype", "eventtype", "tag"))
"""Fields that say which events are meant: they are set, never varied."""

TAXONOMIES: tuple[Taxonomy, ...] = ("sigma", "ecs")
"""Taxonomies whose views must keep what the fields of an event say."""

START = 1_767_222_000
"""Time of the first event, epoch seconds; a full hour."""

SPACING = 1.0
"""Seconds between two events at most: all lie in one window, be it fixed or sliding."""


def _example(kind: str, name: str, number: int) -> str:
    """Return a value for a field of an Elastic type; a number's own, but for truth values."""
    match kind:
        case "ip":
            return f"198.18.{number // 250}.{number % 250 + 1}"
        case "long" | "integer" | "float" | "double" | "scaled_float":
            return str(number)
        case "boolean":
            return ("false", "true")[number % 2]
        case "date":
            return str(START + number)
        case _:
            return f"{name}-{number}"


@dataclass(frozen=True, slots=True)
class Maker:
    """What events look like besides the fields that the rule tests.

    grouped: fields that every event is given a value for.  multivalued: whether a field may hold
    several values.  whole: whether a field holds whole numbers, plainly written.  consistent:
    whether the fields of an event can come from one real event (a file's name and path agree).
    alone: whether a field cannot contradict the others.  known: values of fields that all events of
    the dataset share, among them its event code.  example: a value that fits a field, by number.
    tables: lookup tables, by name.
    """

    grouped: tuple[str, ...] = ()
    multivalued: Callable[[str], bool] = field(default=lambda name: False)
    whole: Callable[[str], bool] = field(default=lambda name: False)
    consistent: Callable[[Event], bool] = field(default=lambda event: True)
    alone: Callable[[str, Event], bool] = field(default=lambda name, event: False)
    known: Mapping[str, str] = field(default_factory=dict)
    example: Callable[[str, int], str] = field(default=partial(_example, ""))
    tables: Mapping[str, Entries] | None = None

    def completed(self, event: Event) -> Event:
        """Return the event with the grouping fields it lacks, as far as they fit in."""
        given = frozenset(event)
        for name in self.grouped:
            if name in event or name.startswith("_"):
                continue
            for candidate in self._filled(name, event, given):
                if self.alone(name, event) or self.consistent(candidate):
                    event = candidate
                    break
        return event

    def _filled(self, name: str, event: Event, given: frozenset[str]) -> Iterator[Event]:
        """Yield the event with a value for a field, at last with one that another one holds."""
        if name in self.known:
            yield {**event, name: self.known[name]}
            return
        value = self.example(name, 1)
        for text in (value, *_parts_of(event)):
            yield {**event, name: text}
        for other in sorted(event.keys() - given):
            for whole in (f"C:\\x\\{value}", f"{name}={value}"):
                yield {**event, name: value, other: whole}


def _parts_of(event: Event) -> Iterator[str]:
    """Yield texts of the event's fields and their parts: what a name beside a path may be."""
    texts = [value for value in event.values() if isinstance(value, str)]
    for text in texts:
        head, _, tail = text.replace("/", "\\").rpartition("\\")
        yield from (tail, text[: len(head)], text, f"C:\\x\\{tail}", f"/x/{tail}")


def maker_for(
    pipeline: Pipeline,
    data_sources: Sequence[str] = (),
    tables: Mapping[str, Entries] | None = None,
) -> Maker:
    """Return how events of a rule's dataset look; without a known dataset anything goes."""
    rule = _event_part(pipeline, tables)
    if rule is None:
        return Maker()
    resolution = resolve(rule.source, rule.pred, data_sources)
    if resolution is None:
        return Maker(_wanted(rule), tables=tables)
    found, variant, platform = resolution.dataset, resolution.variant, resolution.platform

    read = fields_of(rule.pred)

    def consistent(event: Event) -> bool:
        return not any(
            conflicts(event, found, taxonomy, variant, platform=platform, read=read)
            for taxonomy in TAXONOMIES
        )

    fields = FieldMap(found, variant)

    def multivalued(name: str) -> bool:
        fact = fields.fact(name)
        return fact is not None and fact.mv

    def whole(name: str) -> bool:
        fact = fields.fact(name)
        return fact is not None and fact.type == "int"

    @cache
    def targets(name: str) -> frozenset[str]:
        found = (fields.lookup(name, taxonomy) for taxonomy in TAXONOMIES)
        return frozenset(target.field for target in found if target and target.field)

    def alone(name: str, event: Event) -> bool:
        return not any(targets(name) & targets(other) for other in event)

    code = implied(found, "ecs", variant).get("event.code")
    known = {} if code is None else dict.fromkeys(EVENT_CODE_FIELDS, code)
    def example(name: str, number: int) -> str:
        target = fields.lookup(name, "ecs")
        return _example(target.type if target else "", name, number)

    return Maker(_wanted(rule), multivalued, whole, consistent, alone, known, example, tables)


def _wanted(rule: EventRule) -> tuple[str, ...]:
    """Return the fields that events are assumed to have; of several alternatives all."""
    alternatives = (
        part
        for conjunct in conjuncts(rule.required)
        for part in disjuncts(conjunct)
        if isinstance(part, p.Exists)
    )
    found = (sorted(fields_of(part)) for part in alternatives)
    return tuple(dict.fromkeys((*rule.groups, *(name for names in found for name in names))))


def witnesses(pipeline: Pipeline, maker: Maker | None = None) -> list[Event]:
    """Return events for a rule; none if it does not start from events."""
    maker = maker or maker_for(pipeline)
    rule = _event_part(pipeline, maker.tables)
    if rule is None:
        return []
    made = list(islice(_events(rule, maker), LIMIT + 3 * MOST_IN_GROUP))
    made += partner_events(pipeline, made, witnesses, maker.tables)
    step = _spacing(rule)
    return [{"_time": START + step * number, **event} for number, event in enumerate(made)]


def _spacing(rule: EventRule) -> float:
    window = rule.threshold.window if rule.threshold is not None else None
    most = LIMIT + 3 * MOST_IN_GROUP
    return SPACING if window is None else min(SPACING, window / (2 * most))


def _event_part(pipeline: Pipeline, tables: Mapping[str, Entries] | None) -> EventRule | None:
    try:
        return event_rule(pipeline, tables=tables)
    except Unsupported:
        pass
    leading = [pipeline.stages[0]]
    for stage in pipeline.stages[1:]:
        if not isinstance(stage, (Filter, Aggregate)):
            break
        leading.append(stage)
    if not isinstance(leading[0], (Events, DataModel)):
        return None
    try:
        return event_rule(Pipeline(tuple(leading)))
    except Unsupported:
        return None


def _events(rule: EventRule, maker: Maker) -> Iterator[Event]:
    seen: set[str] = set()

    def fresh(event: Event) -> bool:
        key = repr(sorted(event.items()))
        if key in seen:
            return False
        seen.add(key)
        return True

    scope = _scope(rule)
    decide = compile_pred(rule.pred)
    solved = (_reconciled(found, maker, decide) for found in _solutions(rule.pred))
    solutions = [scope | found for found in islice(filter(None, solved), SOLUTIONS)]
    if not solutions:  # not of one piece for every taxonomy; an engine takes those that fit it
        solutions = [scope | found for found in islice(_solutions(rule.pred), SOLUTIONS)]
    values = _values(rule.pred, maker)
    for base in solutions:
        if fresh(full := maker.completed(base)):
            yield full
    yield from islice(filter(fresh, _near(solutions, values, maker)), LIMIT)
    for base in solutions[:1]:
        full = maker.completed(base)
        for name in maker.grouped:
            if fresh(changed := _changed(full, name, None)):
                yield changed
        yield from _repeated(rule, full, maker)


def _near(
    solutions: Sequence[Event], values: Mapping[str, tuple[Any, ...]], maker: Maker
) -> Iterator[Event]:
    """Yield the solutions with one field changed."""
    for base in solutions:
        for name, texts in values.items():
            for text in texts:
                yield maker.completed(_changed(base, name, text))


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
        for changed in ({**event, name: head + text} for head in ("C:\\x\\", "/x/")):
            if decide(dict(changed)) and maker.consistent(changed):
                return changed
    for name, other in permutations(texts, 2):
        for sign in "\\/":
            changed = {**event, name: texts[name].rstrip(sign) + sign + texts[other].lstrip(sign)}
            if decide(dict(changed)) and maker.consistent(changed):
                return changed
    return None


def _scope(rule: EventRule) -> Event:
    """Return the fields by which an event is in the scope of the rule's source."""
    if not isinstance(rule.source, Events):
        return {}
    return next(_solutions(rule.source.scope), {})


def _changed(event: Event, name: str, value: Any) -> Event:
    changed = {key: item for key, item in event.items() if key != name}
    return changed if value is None else {**changed, name: value}


def _repeated(rule: EventRule, base: Event, maker: Maker) -> Iterator[Event]:
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


# -- values to try -------------------------------------------------------------------------------


def _values(pred: Pred, maker: Maker) -> Mapping[str, tuple[Any, ...]]:
    found: dict[str, dict[Any, None]] = {}
    for node in descend(pred):
        match node:
            case p.Test(Field(name), condition):
                found.setdefault(name, {}).update(dict.fromkeys(samples(condition)))
            case Field(name):
                found.setdefault(name, {})
            case _:
                pass
    values: dict[str, tuple[Any, ...]] = {}
    for name, texts in found.items():
        several: list[Any] = []
        if maker.multivalued(name) and len(texts) > 1:
            first, *_, last = texts
            several = [[first, last], [first, "other"]]
        plain = [text for text in texts if _PLAIN_NUMBER.fullmatch(text)]
        others = (*texts, "", "other", None, *several)
        values[name] = (*plain, None) if maker.whole(name) else others
    return {name: tried for name, tried in values.items() if name not in METADATA}


_PLAIN_NUMBER = re.compile(r"0|-?[1-9]\d*")


# -- solving -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Wish:
    """What one field must be: conditions that must hold and that must not; None: anything.

    present: True must have a value, False must have none.
    """

    holds: tuple[p.Condition, ...] = ()
    fails: tuple[p.Condition, ...] = ()
    present: bool | None = None


_Wishes = Mapping[str, _Wish]


def _solutions(pred: Pred) -> Iterator[Event]:
    """Yield events that meet a predicate, one per way to meet it that could be solved."""
    decide = compile_pred(pred)
    tried: set[str] = set()
    for wishes in islice(_ways(pred, True), 64):
        event = _granted(wishes)
        if event is not None and (key := repr(event)) not in tried:
            tried.add(key)
            if decide(dict(event)):
                yield event


def _ways(pred: Pred, wanted: bool) -> Iterator[_Wishes]:
    match pred:
        case p.Const(value):
            if value == wanted:
                yield {}
        case p.Not(arg):
            yield from _ways(arg, not wanted)
        case p.And(args) | p.Or(args):
            if isinstance(pred, p.And) == wanted:
                yield from _all_ways(args, wanted)
            else:
                for arg in args:
                    yield from _ways(arg, wanted)
        case p.Exists(Field(name)):
            yield {name: _Wish(present=wanted)}
        case p.Test(Field(name), condition, quant):
            yield from _test_ways(name, condition, quant, wanted)
        case p.Compare("==", Field(left), Field(right)):
            same = p.TextEq("same", cased=True)
            yield {left: _Wish((same,)), right: _Wish((same,)) if wanted else _Wish((), (same,))}
        case _:
            yield {}


def _test_ways(name: str, condition: p.Condition, quant: Quant, wanted: bool) -> Iterator[_Wishes]:
    if wanted:
        yield {name: _Wish((condition,))}
    else:
        yield {name: _Wish((), (condition,))}
        if quant is Quant.ANY:
            yield {name: _Wish(present=False)}


def _all_ways(args: Iterable[Pred], wanted: bool) -> Iterator[_Wishes]:
    """Yield joint wishes: the first way of all, then each argument's other ways in turn."""
    choices = [list(islice(_ways(arg, wanted), 12)) for arg in args]
    if not all(choices):
        return
    yield _joined(choice[0] for choice in choices)
    for place, choice in enumerate(choices):
        for other in choice[1:]:
            yield _joined(other if i == place else c[0] for i, c in enumerate(choices))


def _joined(parts: Iterable[_Wishes]) -> _Wishes:
    joined: dict[str, _Wish] = {}
    for part in parts:
        for name, wish in part.items():
            known = joined.get(name, _Wish())
            present = wish.present if known.present is None else known.present
            joined[name] = _Wish((*known.holds, *wish.holds), (*known.fails, *wish.fails), present)
    return joined


def _granted(wishes: _Wishes) -> Event | None:
    event: Event = {}
    for name, wish in wishes.items():
        if wish.present is False and not wish.holds:
            continue
        value = _value(wish)
        if value is None:
            return None
        event[name] = value
    return event


def _value(wish: _Wish) -> str | None:
    """Return a text that meets all of a wish, None if none was found."""
    holds = [compile_condition(c) for c in wish.holds]
    fails = [compile_condition(c) for c in wish.fails]
    for text in _candidates(wish):
        if all(check(text) for check in holds) and not any(check(text) for check in fails):
            return text
    return None


def _candidates(wish: _Wish) -> Iterator[str]:
    """Yield texts that may meet several conditions: each one's own, then their texts in a row."""
    own = [meeting(condition) for condition in wish.holds]
    for texts in own:
        yield from texts
    if len(own) > 1:
        for filler in ("", " ", "\\", "x"):
            yield filler.join(texts[0] for texts in _ordered(wish.holds, own) if texts)
    yield from ("value", "1", "other value", "0.5", "C:\\other\\x.exe", "203.0.113.9", "true")


def _ordered(
    conditions: tuple[p.Condition, ...], own: list[tuple[str, ...]]
) -> Iterator[tuple[str, ...]]:
    """Yield the texts of conditions, those that bind the beginning first, the end last."""

    def rank(place: int) -> int:
        condition = conditions[place]
        if isinstance(condition, p.Glob):
            if condition.pattern.as_prefix() is not None:
                return 0
            if condition.pattern.as_suffix() is not None:
                return 2
        return 1

    return (own[place] for place in sorted(range(len(own)), key=rank))
