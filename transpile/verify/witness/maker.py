"""What events of a rule's dataset look like besides the fields that the rule tests."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from functools import cache, partial
from typing import Any, Protocol

from transpile.answered import answered
from transpile.errors import Span, Unsupported
from transpile.interpret import compile_expr
from transpile.interpret.expressions import Evaluate
from transpile.ir import pred as p
from transpile.ir.events import EventRule, event_rule
from transpile.ir.expr import Call, Field
from transpile.ir.pred import Pred
from transpile.ir.remember import Kept, Same
from transpile.ir.stages import Aggregate, DataModel, Events, Filter, Pipeline
from transpile.ir.text import number
from transpile.ir.walk import conjuncts, descend, disjuncts, fields_of
from transpile.records import dataclass, replace
from transpile.schema.choices import settled
from transpile.schema.cim import lengths
from transpile.schema.conflicts import odds
from transpile.schema.fields import FieldMap, Taxonomy, is_list
from transpile.schema.resolve import EVENT_CODE_FIELDS, resolve
from transpile.schema.views import implied
from transpile.tables import Table
from transpile.verify.prove import is_of_numbers
from transpile.verify.witness.lookups import MadeRows
from transpile.verify.witness.wishes import Wishes

Event = dict[str, Any]

TAXONOMIES: tuple[Taxonomy, ...] = ("sigma", "ecs")
"""Taxonomies whose views must keep what the fields of an event say."""

START = 1_767_222_000
"""Time of the first event, epoch seconds; a full hour."""


LONGEST = 10_000
"""Characters of a text that is as long as another field tells at most."""


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


class AtOdds(Protocol):
    """Tells which fields of an event contradict others in the view of some taxonomies."""

    def __call__(
        self, event: Event, taxonomies: Iterable[Taxonomy] = TAXONOMIES
    ) -> frozenset[str]: ...


@dataclass(frozen=True, slots=True)
class Maker:
    """What events look like besides the fields that the rule tests.

    grouped: fields that every event is given a value for.  multivalued: whether a field may hold
    several values; single: whether it is known that it does not.  whole: whether a field holds
    whole numbers, plainly written.  consistent: whether the fields of an event can come from one
    real event (a file's name and path agree).  alone: whether a field cannot contradict the others.
    at_odds: which fields of an event contradict others.  known: values of fields that all events of
    the dataset share, among them its event code.  example: a value that fits a field, by number.
    tables: lookup tables, by name; made: rows of those that have none.  settle: chooses between
    fields of which an event has one.  fixed: whether a field is the same in all events of one kind,
    as a title is.  wished: fields that events are given a value for if it contradicts no other.
    taxonomies: those that events are to fit.  given: what all events are to meet; beside: what
    those of a joined search are to.  twins: fields that have the value of another one in all
    events, with that one; computed: those that have what is computed of others.  shows: whether
    events are to tell a change of the filter from it, by what it is and where.  told: fields that
    the time of an event tells: one without them fits not.  lengths: fields that hold the length of
    another one, with that one.  typed: whether a field's type is whole numbers, None: `whole` is.
    late: the wishes for the later filters of pipelines, as far as they were asked for.
    """

    grouped: tuple[str, ...] = ()
    multivalued: Callable[[str], bool] = field(default=lambda name: False)
    single: Callable[[str], bool] = field(default=lambda name: False)
    whole: Callable[[str], bool] = field(default=lambda name: False)
    consistent: Callable[[Event], bool] = field(default=lambda event: True)
    alone: Callable[[str, Event], bool] = field(default=lambda name, event: False)
    known: Mapping[str, str] = field(default_factory=dict)
    example: Callable[[str, int], str] = field(default=partial(_example, ""))
    tables: Mapping[str, Table] | None = None
    made: MadeRows = field(default_factory=MadeRows)
    settle: Callable[[EventRule], EventRule] = field(default=lambda rule: rule)
    at_odds: AtOdds = field(default=lambda event, taxonomies=TAXONOMIES: frozenset())
    fixed: Callable[[str], bool] = field(default=lambda name: False)
    wished: tuple[str, ...] = ()
    taxonomies: tuple[Taxonomy, ...] = TAXONOMIES
    given: Pred = p.TRUE
    beside: Pred = p.TRUE
    twins: Mapping[str, str] = field(default_factory=dict)
    computed: Mapping[str, Evaluate] = field(default_factory=dict)
    shows: Callable[[str, Span | None], bool] = field(default=lambda what, span: True)
    told: frozenset[str] = frozenset()
    lengths: Mapping[str, str] = field(default_factory=dict)
    typed: Callable[[str], bool] | None = None
    late: dict[Same[Pipeline], Kept[Wishes]] = field(default_factory=dict)

    def within(self, taxonomy: Taxonomy) -> Maker:
        """Return a maker of events that need to fit one taxonomy only."""
        at_odds = self.at_odds

        def odd(event: Event, taxonomies: Iterable[Taxonomy] = (taxonomy,)) -> frozenset[str]:
            return at_odds(event, taxonomies)

        return replace(
            self, consistent=lambda event: not odd(event), at_odds=odd, taxonomies=(taxonomy,)
        )

    def fitting(
        self,
        fits: Callable[[Event], bool],
        read: frozenset[str],
        grouped: frozenset[str],
        given: Pred,
        taxonomy: str,
        twins: Mapping[str, str],
        beside: Pred,
    ) -> Maker:
        """Return a maker of events for one conversion.

        fits: whether it speaks of an event, for which all is to meet what is `given`, or `beside`
        if they are of a joined search.  read: fields that it reads; grouped: those that it
        groups by.  taxonomy: the one it is written in; events fit no other one on purpose.
        """
        taxonomies = tuple(each for each in TAXONOMIES if each == taxonomy)
        at_odds = self.at_odds
        known: dict[str, bool] = {}

        def odd(event: Event, taxonomies: Iterable[Taxonomy] = taxonomies) -> frozenset[str]:
            return at_odds(event, taxonomies) & (read | grouped)

        told = odd({"_time": START}) & read

        def consistent(event: Event) -> bool:
            if not told <= event.keys():
                return False
            key = repr(sorted(event.items()))
            found = known.get(key)
            if found is None:
                found = known[key] = fits({"_time": START, **event})
            return found

        return replace(
            self,
            consistent=consistent,
            at_odds=odd,
            taxonomies=taxonomies,
            given=given,
            beside=beside,
            made=self.made.copy(),
            twins=twins,
            computed=_computed(given),
            told=told,
        )

    def led_by(self, rule: EventRule) -> Maker:
        """Return the maker with twins in the order that a rule reads them: it asks for the one."""
        tested = fields_of(rule.pred)
        turned = {
            name: other
            for name, other in self.twins.items()
            if (name, other) in rule.choices
            or (name in tested and other not in tested and (other, name) not in rule.choices)
        }
        kept = {name: other for name, other in self.twins.items() if name not in turned}
        return replace(self, twins=kept | {other: name for name, other in turned.items()})

    def alike(self, event: Event) -> Event:
        """Return the event with the same values in twins, and texts as long as others tell."""
        for name, other in self.lengths.items():
            if name in event:
                event = _as_long(event, other, event[name])
        for name, other in self.twins.items():
            value = event.get(other, event.get(name))
            if value is not None:
                event = {**event, name: value, other: value}
        for name, evaluate in self.computed.items():
            if name not in event and (value := evaluate(event)) is not None:
                event = {**event, name: value}
        return event

    def completed(self, event: Event, also: Iterable[str] = ()) -> Event:
        """Return the event with the grouping fields it lacks, as far as they fit in.

        also: further fields that it is to have, if they contradict no others.
        """
        event = self.alike(event)
        given = frozenset(event)
        wanted = dict.fromkeys((*self.grouped, *self.wished, *also))
        if self.told - event.keys() - wanted.keys() - self.computed.keys():
            return event  # it fits with no value of the others
        for name in wanted:
            if name in event or name.startswith("_"):
                continue
            event = self.alike(self._with(name, event, given))
        return event

    def _with(self, name: str, event: Event, given: frozenset[str]) -> Event:
        """Return the event with a field more for which it fits, or is at odds with less.

        Else one for which it is at odds with no more: fields that are still missing may be why.
        """
        candidates = self._filled(name, event, given)
        if self.alone(name, event):
            return next(candidates)
        no_worse, before = None, self.at_odds(event)
        for candidate in candidates:
            if self.consistent(candidate):
                return candidate
            odd = self.at_odds(candidate)
            if name in odd:
                continue
            if odd < before:
                return candidate
            if no_worse is None and odd <= before:
                no_worse = candidate
        if no_worse is None and name in self.grouped:
            # no taxonomy shows it; a table of the rule's own fields can
            return {**event, name: self.example(name, 1)}
        return no_worse or event

    def titled(self, event: Event, tested: frozenset[str]) -> Event:
        """Return the event with titles that go with its event code. tested: fields left alone."""
        code = next((event[name] for name in EVENT_CODE_FIELDS if name in event), None)
        if code is None:
            return event
        titles = {n: f"{n}-{code}" for n in event if self.fixed(n) and n not in tested}
        return {**event, **titles}

    def _filled(self, name: str, event: Event, given: frozenset[str]) -> Iterator[Event]:
        """Yield the event with a value for a field, at last with one that another one holds."""
        if name in self.known:
            yield {**event, name: self.known[name]}
            return
        value = self.example(name, 1)
        for text in dict.fromkeys((value, *_parts_of(event), *_USUAL)):
            yield {**event, name: text}
        for other in sorted(event.keys() - given):
            for whole in (f"C:\\x\\{value}", f"{name}={value}"):
                yield {**event, name: value, other: whole}


def _as_long(event: Event, name: str, length: object) -> Event:
    """Return the event with a text of a length, if that is a number of characters."""
    size = number(length) if isinstance(length, str) else None
    if not isinstance(size, int) or not 0 < size <= LONGEST:
        return event
    return {**event, name: str(event.get(name, name))[:size].ljust(size, "x")}


def _computed(given: Pred) -> dict[str, Evaluate]:
    """Return the fields that are assumed to have what is computed of others, if they exist."""
    return {
        part.left.name: compile_expr(part.right)
        for conjunct in conjuncts(given)
        for part in disjuncts(conjunct)
        if isinstance(part, p.Compare) and part.op == "==" and isinstance(part.left, Field)
        and isinstance(part.right, Call) and part.left.name not in fields_of(part.right)
    }  # fmt: skip


_USUAL = ("success", "failure", "allowed", "blocked", "created", "deleted", "modified")
"""Values of fields that tell how an action went, of which a taxonomy may know a few only."""


def _parts_of(event: Event) -> Iterator[str]:
    """Yield texts of the event's fields and their parts: what a name beside a path may be."""
    texts = [value for value in event.values() if isinstance(value, str)]
    for text in texts:
        head, _, tail = text.replace("/", "\\").rpartition("\\")
        yield from (tail, text[: len(head)], text, f"C:\\x\\{tail}", f"/x/{tail}")


def maker_for(
    pipeline: Pipeline,
    data_sources: Sequence[str] = (),
    tables: Mapping[str, Table] | None = None,
) -> Maker:
    """Return how events of a rule's dataset look; without a known dataset anything goes."""
    rule = event_part(pipeline, tables)
    if rule is None:
        return Maker()
    resolution = resolve(rule.source, rule.pred, data_sources)
    if resolution is None:
        return Maker(_wanted(rule), tables=tables)

    def settle(rule: EventRule) -> EventRule:
        for taxonomy in TAXONOMIES:
            rule = settled(rule, resolution, taxonomy)
        return rule

    rule = settle(rule)
    found, variant, platform = resolution.dataset, resolution.variant, resolution.platform

    read = fields_of(rule.pred)

    odd = {taxonomy: odds(found, taxonomy, variant, platform=platform, read=read)
           for taxonomy in TAXONOMIES}  # fmt: skip

    def at_odds(event: Event, taxonomies: Iterable[Taxonomy] = TAXONOMIES) -> frozenset[str]:
        return frozenset().union(*(odd[taxonomy](event) for taxonomy in taxonomies))

    def consistent(event: Event) -> bool:
        return not any(odd[taxonomy](event) for taxonomy in TAXONOMIES)

    fields = FieldMap(found, variant)
    worded = frozenset(map(fields.strip, _compared_with_words(pipeline)))

    @cache
    def multivalued(name: str) -> bool:
        fact = fields.fact(name)
        return fact is not None and fact.mv

    def single(name: str) -> bool:
        return not multivalued(name) and not is_list(name)  # the fields of a known dataset

    @cache
    def typed(name: str) -> bool:
        fact = fields.fact(name)
        return fact is not None and fact.type == "int"

    @cache
    def whole(name: str) -> bool:
        return typed(name) and name not in worded

    @cache
    def targets(name: str) -> frozenset[str]:
        found = (fields.lookup(name, taxonomy) for taxonomy in TAXONOMIES)
        return frozenset(target.field for target in found if target and target.field)

    def alone(name: str, event: Event) -> bool:
        return not any(targets(name) & targets(other) for other in event)

    def fixed(name: str) -> bool:
        targets = (fields.lookup(name, taxonomy) for taxonomy in TAXONOMIES)
        return any(target is not None and target.drop == "event_title" for target in targets)

    code = implied(found, "ecs", variant).get("event.code")
    known = {} if code is None else dict.fromkeys(EVENT_CODE_FIELDS, code)

    def example(name: str, number: int) -> str:
        target = fields.lookup(name, "ecs")
        return _example(target.type if target else "", name, number)

    return Maker(
        _wanted(rule, targets),
        multivalued,
        single,
        whole,
        consistent,
        alone,
        known,
        example,
        tables,
        MadeRows(),
        settle,
        at_odds,
        fixed,
        typed=typed if worded else None,
        lengths=_lengths(rule),
    )


def _compared_with_words(pipeline: Pipeline) -> Iterator[str]:
    """Yield the fields that a rule compares with what no whole number is: it knows of other values.

    A schema's type does not say that there are none.
    """
    for node in descend(pipeline):
        match node:
            case p.Test(Field(name), condition) if not is_of_numbers(condition):
                yield name


def _lengths(rule: EventRule) -> Mapping[str, str]:
    """Return the fields that a rule tests which hold the length of another one, with that one."""
    source = rule.source
    known = lengths(source.model, source.node) if isinstance(source, DataModel) else {}
    return {name: other for name, other in known.items() if name in fields_of(rule.pred)}


def _wanted(
    rule: EventRule, targets: Callable[[str], frozenset[str]] = lambda name: frozenset()
) -> tuple[str, ...]:
    """Return the fields that events are assumed to have.

    Of several alternatives all; but one of those that another taxonomy has, if it has any.
    """
    found = dict.fromkeys(rule.groups)
    for conjunct in conjuncts(rule.required):
        parts = (part for part in disjuncts(conjunct) if isinstance(part, p.Exists))
        names = [name for part in parts for name in sorted(fields_of(part))]
        known = [name for name in names if targets(name)]
        found |= dict.fromkeys(known[-1:] or names)
    return tuple(found)


def event_part(pipeline: Pipeline, tables: Mapping[str, Table] | None) -> EventRule | None:
    """Return what a rule asks of single events; of its first stages if not of all."""
    pipeline = answered(pipeline, tables or {})
    try:
        return event_rule(pipeline, tables=tables, sequences=True).of_either
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


