"""What each field of a row stands for while the stages of a rule are read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any

from transpile.errors import Span, Unsupported
from transpile.fidelity import Loss
from transpile.ir import stages as s
from transpile.ir.decide import compile_condition
from transpile.ir.events.powers import Consulted, Powers, Presence
from transpile.ir.events.rule import EventRule, Ordered, Partner, Threshold, presence_text
from transpile.ir.expr import Call, Each, Expr, Field, Lit, Node
from transpile.ir.lookup_rows import Entries, Matching, entry_test
from transpile.ir.names import match_name
from transpile.ir.pred import (
    TRUE,
    Condition,
    Exists,
    Pred,
    Quant,
    Test,
    all_of,
    negate,
)
from transpile.ir.simplify import all_parts
from transpile.ir.walk import (
    conjuncts,
    rebuild,
    substitute,
    weight,
)
from transpile.records import dataclass, replace


@dataclass(frozen=True, slots=True)
class Aggregated:
    """The result of an aggregate of the rule's grouping."""

    agg: s.Agg


MOST_NODES = 20_000
"""Nodes of a value written out over the source's fields; a test of a larger one is left out."""

MOST_NAMES = 1_000
"""Names that a stage may ask for besides the listed ones; wildcards can make any number of them."""

MOST_LAYERS = 100
"""Stages that change what names besides the listed ones stand for; one asks the one before it."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A value that no event expression gives: a lookup, a join, an extraction.

    present: when there is one, over the source's fields; None if that is unknown.
    """

    what: str
    present: Pred | None = None


@dataclass(frozen=True, slots=True)
class Bin(Elsewhere):
    """The bin of time that an event falls into; seconds: its width, 0 for months and longer."""

    what: str = "a bin of time"
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Added(Elsewhere):
    """A value that a command may have put in the place of another, which is there if none was."""

    before: Expr = field(kw_only=True)


@dataclass(frozen=True, slots=True)
class LookedUp(Elsewhere):
    """A column of a lookup table of which a row may find several entries."""

    matching: Matching = field(kw_only=True)
    column: str = field(kw_only=True)

    def test(self, condition: Condition, quant: Quant) -> Pred | None:
        """Return when the values meet a condition, over the source's fields."""
        meets = compile_condition(condition)
        return entry_test(self.matching, self.column, meets, every=quant is Quant.ALL)


@dataclass(frozen=True, slots=True)
class Collected(Elsewhere):
    """A value made of fields whose names the event decides: an expression with `fields_like`."""

    value: Expr = field(kw_only=True)


@dataclass(frozen=True, slots=True)
class Gathered(Elsewhere):
    """The values that the events of a transaction have: an expression over each of them."""

    value: Expr = field(kw_only=True)


Value = Expr | Aggregated | Elsewhere


class NotHere(Exception):
    """A predicate speaks of a value that is not a matter of one event."""

    def __init__(self, value: Aggregated | Elsewhere) -> None:
        super().__init__()
        self.value = value


def _unknown(name: str) -> Elsewhere:
    return Elsewhere("a field after very many stages that change names by wildcard")


def _remembered(ask: Callable[[str], Value]) -> Callable[[str], Value]:
    """Return a function that asks for each name once, and for so many names only."""
    found: dict[str, Value] = {}

    def other(name: str) -> Value:
        if name not in found:
            if len(found) >= MOST_NAMES:
                return Elsewhere("a field among the very many that wildcards name")
            found[name] = ask(name)
        return found[name]

    return other


@dataclass(slots=True)
class Env:
    """What each field of the rows stands for; `other` answers for names that are not listed.

    layers: stages whose `other` asks the one before.
    """

    known: dict[str, Value]
    other: Callable[[str], Value]
    layers: int = 0

    def __post_init__(self) -> None:
        self.other = _remembered(self.other)

    def after(self, known: dict[str, Value], other: Callable[[str], Value]) -> Env:
        """Return what fields stand for after a stage; its `other` may ask what they were before."""
        layers = self.layers + 1
        return Env(known, other if layers <= MOST_LAYERS else _unknown, layers)

    def get(self, name: str) -> Value:
        """Return what a field stands for; a value that is too long is one from elsewhere."""
        value = self.known[name] if name in self.known else self.other(name)
        if isinstance(value, Node) and weight(value) > MOST_NODES:
            return Elsewhere("a value that is too long when it is written out")
        return value

    def decide(self, pred: Pred) -> Pred:
        """Return a predicate over source fields. Raises `NotHere`."""
        decided: Pred = self.resolve(pred)
        return decided

    def resolve(self, node: Any) -> Any:
        """Return a predicate or expression over source fields. Raises `NotHere`.

        Whether a value from elsewhere is there, and what a table says, may be known all the same.
        """
        match node:
            case Field():
                return self._value_of(node)
            case Exists(Field(name)) if (found := presence(self.get(name))) is not None:
                return found
            case Test(Field(name), condition, quant) if isinstance(
                value := self.get(name), LookedUp
            ):
                told = value.test(condition, quant)
                if told is None:
                    raise NotHere(value)
                return told
            case Each():
                return substitute(node, self._value_of)
            case s.Pipeline():
                return node
            case _:
                return rebuild(node, self.resolve)

    def _value_of(self, item: Field) -> Expr:
        value = self.get(item.name)
        if isinstance(value, (Aggregated, Elsewhere)):
            raise NotHere(value)
        if value == item:
            return item
        return Field(value.name, span=item.span) if isinstance(value, Field) else value


def _own_names(value: Value) -> tuple[str, ...]:
    """Return the source fields that a value is the first of, none if it is computed."""
    match value:
        case Field(name):
            return (name,)
        case Call("coalesce", (Field(first), Field(second))):
            return (first, second)
        case _:
            return ()


def presence(value: Value) -> Pred | None:
    return value.present if isinstance(value, Elsewhere) else None


def missing(_: str) -> Value:
    return Lit(None)


@dataclass(frozen=True, slots=True)
class Joined:
    """A joined search, read up to its last stage, and what `Partner` tells of it.

    first_only: a row has one partner, though others may agree with it.
    """

    right: Reader
    keys: tuple[tuple[str, str], ...]
    window: float | None
    first_only: bool


class Reader:
    """The state of reading one rule.

    powers: what the target can say.  read: reads a joined search, given what its source always has.
    """

    def __init__(
        self,
        never_missing: frozenset[str],
        strict: bool,
        tables: Mapping[str, Entries],
        powers: Consulted | None = None,
        read: Callable[[s.Pipeline, Presence], Reader] | None = None,
    ) -> None:
        self.powers = powers or Consulted(Powers())
        self.ordered: Ordered | None = None
        self.read = read
        self.partner: Joined | None = None
        self.never_missing = never_missing
        self.strict = strict
        self.tables = tables
        self.written: dict[str, None] = {}
        self.choices: dict[tuple[str, str], None] = {}
        self.source: s.Events | s.DataModel | None = None
        self.env = Env({}, Field)
        self.asked: list[Pred] = []
        self.groups: tuple[str, ...] | None = None
        self.wanted: dict[Pred, None] = {}
        self.premises: list[Pred] = []
        self.plain_keys = True
        self.window: float | None = None
        self.tests: list[Threshold] = []
        self.single: s.Dedup | None = None
        self.losses: list[Loss] = []
        self.assumptions: dict[str, None] = {}

    def result(self) -> EventRule:
        if self.source is None:
            raise Unsupported("the rule has no source of events", code="TGT610")
        threshold, *further = self._tests() or (None,)
        present = all_of(self.wanted)
        if present != TRUE:
            self.assumptions[presence_text(present)] = None
        partner = self._partner()
        if partner is not None:
            self.losses += partner.rule.losses
            self.assumptions |= dict.fromkeys(partner.rule.assumptions)
        return EventRule(
            self.source,
            all_parts(self.asked),
            self.groups or (),
            all_of(
                (
                    self.required,
                    *(negate(Exists(Field(name))) for name in self.written),
                )
            ),
            threshold,
            partner,
            self.ordered,
            tuple(self.choices),
            tuple(self.losses),
            tuple(self.assumptions),
            tuple(each for each in further if each is not None),
        )

    def _tests(self) -> tuple[Threshold, ...]:
        """Return the tests on groups; of a single one, the events that count are all that count."""
        if len(self.tests) != 1:
            return tuple(self.tests)
        self.ask(self.tests[0].where)
        return (replace(self.tests[0], where=TRUE),)

    @property
    def required(self) -> Pred:
        """What the events are assumed to meet, but for fields that stages write."""
        return all_of((*self.wanted, *self.premises))

    def _partner(self) -> Partner | None:
        if self.partner is None:
            return None
        return Partner(self.partner.right.result(), self.partner.keys, self.partner.window)

    def before(self, name: str) -> Value:
        """Return what a field holds that a stage writes in some rows only.

        That an event has a field of that name itself is left aside, as an assumption, unless the
        rule wants it to.
        """
        value = self.env.get(name)
        own = _own_names(value)
        if name not in own or Exists(Field(name)) in self.wanted:
            return value
        self.written.update(dict.fromkeys(own))
        self.assumptions[f"events have no field {' or '.join(own)} of their own"] = None
        return Lit(None)

    def ask(self, pred: Pred) -> None:
        """Keep the events only for which a simplified predicate is true as well."""
        self.asked += conjuncts(pred)

    def is_group_value(self, name: str) -> bool:
        """Return whether a field of the rows is computed from several events."""
        return isinstance(self.env.get(name), Aggregated)

    def lose_single(self) -> None:
        """Leave out the dedup that was read as a test on groups: later stages need its rows."""
        assert self.single is not None
        names = ", ".join(self.single.keys)
        text = f"rows that repeat {names} are reported too (dedup)"
        self.lose("TGT606", text, self.single.span)
        self.tests, self.single = [], None

    # -- helpers ---------------------------------------------------------------------------------

    def lose(self, code: str, message: str, span: Span | None) -> None:
        """Record a loss; the conversion finds more than the rule."""
        self.losses.append(Loss(code, message, span))

    def elsewhere(self, names: tuple[str, ...], what: str) -> None:
        """Declare that fields come from `what`; `*` in a name covers all that match."""
        value = Elsewhere(what)
        for name in names:
            if "*" not in name:
                self.env.known[name] = value
        patterns = tuple(n for n in names if "*" in n)
        if patterns:
            self._cover(patterns, value)

    def _cover(self, patterns: tuple[str, ...], value: Elsewhere) -> None:
        def covered(name: str) -> bool:
            return any(match_name(p, name) is not None for p in patterns)

        before = self.env.other
        known = {name: value if covered(name) else v for name, v in self.env.known.items()}
        self.env = self.env.after(known, lambda name: value if covered(name) else before(name))
