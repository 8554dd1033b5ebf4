"""Two predicates compared for all events at once: implication, equivalence, disjointness.

`implies(a, b)` looks for an event that meets `a` and not `b`. No event after a complete search is a
proof; an event is claimed only if the reference interpreter finds the same; anything else is "not
decided", with the reason. Time and size are bounded, so that thousands of pairs can be asked about.

    implies(a, b).holds        # True, False (`event` shows it) or None (`reason` says why)
    compare(a, b).relation     # equal, wider, narrower, incomparable or not decided
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from enum import StrEnum
from functools import lru_cache
from typing import Any

from transpile.interpret import NotComputable, compile_pred
from transpile.ir.expr import Expr, Field
from transpile.ir.pred import TRUE as ALWAYS
from transpile.ir.pred import And, Condition, Or, Pred, all_of
from transpile.ir.simplify import simplify_pred
from transpile.ir.walk import conjuncts, fields_of
from transpile.records import dataclass
from transpile.verify.prove.apart import apart
from transpile.verify.prove.formulas import Formula, both, formula
from transpile.verify.prove.product import Undecided
from transpile.verify.prove.search import Exhausted, Search
from transpile.verify.prove.values import WHOLE, asked, value_for

Event = dict[str, Any]

MANY = 8
"""Alternatives that are first held against others one by one: text read back keeps their order."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of the values of fields.

    single: whether a field has one value at most.  whole: whether it holds whole numbers only,
    plainly written.  given: what every event meets.
    """

    single: Callable[[str], bool] = field(default=lambda name: False)
    whole: Callable[[str], bool] = field(default=lambda name: False)
    given: Pred = ALWAYS


NO_FACTS = Facts()


@dataclass(frozen=True, slots=True)
class Answer:
    """holds: None if that is not decided, for the reason.  event: one for which it does not hold.

    For `satisfiable` the event is one that meets the predicate.
    """

    holds: bool | None
    event: Event | None = None
    reason: str = ""


class Relation(StrEnum):
    """How a second predicate stands to the first: it is met by the same events, by more ..."""

    EQUAL = "proved equal"
    WIDER = "wider"
    NARROWER = "narrower"
    INCOMPARABLE = "incomparable"
    UNDECIDED = "not decided"


@dataclass(frozen=True, slots=True)
class Comparison:
    """missed: an event that only the first predicate finds.  extra: one that only the second does.

    reason: why it is not decided.
    """

    relation: Relation
    missed: Event | None = None
    extra: Event | None = None
    reason: str = ""


def satisfiable(pred: Pred, facts: Facts = NO_FACTS) -> Answer:
    """Return whether some event meets a predicate, and such an event."""
    wanted = simplify_pred(all_of((facts.given, pred)))
    search = Search(_on_fields(facts.single), _on_fields(facts.whole))
    parts = (_formula(part, frozenset(filter(facts.single, fields_of(part))))
             for part in conjuncts(wanted))  # fmt: skip
    try:
        for event in search.events(both(parts)):
            if _has(event, facts) and all(_decided(part)(event) for part in conjuncts(wanted)):
                return Answer(True, event)
            search.doubts.setdefault("an event that was solved for is none", None)
    except NotComputable as error:
        search.doubts[error.message] = None
    except Exhausted:
        search.doubts["the predicates have too many alternatives"] = None
    if search.doubts:
        return Answer(None, reason="; ".join(search.doubts))
    return Answer(False)


def is_of_numbers(condition: Condition) -> bool:
    """Return whether a whole number, plainly written, can meet a condition, as far as is seen."""
    try:
        return value_for(frozenset(((asked(condition), True), (WHOLE, True)))) is not None
    except Undecided:
        return True


def _has(event: Event, facts: Facts) -> bool:
    """Return whether the values of an event are such as is known of its fields."""
    return all(
        not (facts.single(name) and isinstance(value, list))
        and (not facts.whole(name) or all(map(WHOLE.check, _each(value))))
        for name, value in event.items()
    )


def _each(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@lru_cache(maxsize=4096)
def _formula(pred: Pred, single: frozenset[str]) -> Formula:
    """Return a part of a predicate as a formula. single: those of its fields with one value."""
    return formula(pred, True, _on_fields(single.__contains__))


@lru_cache(maxsize=4096)
def _decided(pred: Pred) -> Callable[[Event], bool]:
    """Return what decides a part of a predicate: many predicates that are asked about share it."""
    return compile_pred(pred)


def implies(narrow: Pred, wide: Pred, facts: Facts = NO_FACTS) -> Answer:
    """Return whether every event that meets the first predicate meets the second."""
    left = apart(narrow, wide)
    if _same(left.one, left.other) or _implies_in_pairs(*left.sides, facts):
        return Answer(True)
    found = satisfiable(left.only_first, facts)
    holds = None if found.holds is None else not found.holds
    return Answer(holds, found.event, found.reason)


def _implies_in_pairs(narrow: Pred, wide: Pred, facts: Facts) -> bool:
    """Return whether each of many alternatives, or conditions, implies the one in its place."""
    match narrow, wide:
        case (Or(parts), Or(others)) | (And(parts), And(others)):
            pairs = zip(parts, others, strict=False)
            return len(parts) == len(others) >= MANY and all(
                implies(part, other, facts).holds for part, other in pairs
            )
        case _:
            return False


def disjoint(one: Pred, other: Pred, facts: Facts = NO_FACTS) -> Answer:
    """Return whether no event meets both predicates."""
    found = satisfiable(all_of((one, other)), facts)
    return Answer(None if found.holds is None else not found.holds, found.event, found.reason)


def equal(first: Pred, second: Pred, facts: Facts = NO_FACTS) -> Answer:
    """Return whether two predicates are met by the same events."""
    if _same(first, second):
        return Answer(True)
    kept = implies(first, second, facts)
    return implies(second, first, facts) if kept.holds else kept


def compare(first: Pred, second: Pred, facts: Facts = NO_FACTS) -> Comparison:
    """Return how the second predicate stands to the first."""
    if _same(first, second):
        return Comparison(Relation.EQUAL)
    kept = implies(first, second, facts)
    added = implies(second, first, facts)
    match kept.holds, added.holds:
        case True, True:
            relation = Relation.EQUAL
        case True, False:
            relation = Relation.WIDER
        case False, True:
            relation = Relation.NARROWER
        case False, False:
            relation = Relation.INCOMPARABLE
        case _:
            relation = Relation.UNDECIDED
    reasons = dict.fromkeys(reason for reason in (kept.reason, added.reason) if reason)
    return Comparison(relation, kept.event, added.event, "; ".join(reasons))


def _on_fields(fact: Callable[[str], bool]) -> Callable[[Expr], bool]:
    """Return a fact about fields as one about subjects: what is computed from one is as single."""

    def known(subject: Expr) -> bool:
        match subject:
            case Field(name):
                return fact(name)
            case _:
                return False

    return known


def _same(one: Pred, other: Pred) -> bool:
    return one == other or _unordered(one) == _unordered(other)


def _unordered(pred: Pred) -> object:
    """Return a predicate in a form that is equal for other orders of the same arguments."""
    match pred:
        case And(args) | Or(args):
            return type(pred), frozenset(map(_unordered, args))
        case _:
            return pred


__all__ = [
    "NO_FACTS",
    "Answer",
    "Comparison",
    "Facts",
    "Relation",
    "compare",
    "disjoint",
    "equal",
    "implies",
    "is_of_numbers",
    "satisfiable",
]
