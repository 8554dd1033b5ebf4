"""Whether one value can meet some conditions and miss others, and such a value.

First come texts that are made for the conditions; if none fits, the product of the automata decides
(`product`). Numbers are told apart from other texts: their comparisons leave intervals, and what
remains is a question about their spelling.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice

from transpile.ir import pred as p
from transpile.ir.decide import Check, compile_condition, number_text
from transpile.ir.pattern import Part
from transpile.ir.regex import parse_regex
from transpile.ir.text import number
from transpile.records import dataclass, replace
from transpile.verify.prove.contained import contained
from transpile.verify.prove.languages import language
from transpile.verify.prove.machines import NoMachine
from transpile.verify.prove.product import Budget, Undecided, Wanted, in_product
from transpile.verify.samples import meeting, samples


@dataclass(frozen=True, eq=False, slots=True)
class Asked:
    """A condition: one object for all equal ones, so that sets of them cost little.

    check: decides it.  order: a text to sort by; sets have no order of their own.
    """

    condition: p.Condition
    check: Check
    order: str


Signed = tuple[Asked, bool]
"""A condition and whether the value must meet it."""


def folded(condition: p.Condition) -> p.Condition:
    """Return an equal condition in the form that others are compared with most easily."""
    match condition:
        case p.Glob(pattern, cased) if pattern.is_literal:
            return folded(p.TextEq(pattern.text, cased))
        case p.TextEq(text, cased) if cased and not any(_cased(text)):
            return replace(condition, cased=False)
        case p.Glob(pattern, cased) if cased:
            texts = "".join(part for part in pattern.parts if isinstance(part, str))
            return condition if any(_cased(texts)) else p.Glob(pattern)
        case _:
            return condition


def _cased(text: str) -> Iterator[bool]:
    return (char.lower() != char or char.upper() != char or not char.isascii() for char in text)


@lru_cache(maxsize=262144)
def asked(condition: p.Condition) -> Asked:
    """Return the object for a condition, in the form that others are compared with most easily."""
    plain = folded(condition)
    return Asked(condition, compile_condition(condition), repr(condition)) if (
        plain == condition
    ) else asked(plain)


MOST_STEPS = 60_000
"""Steps of a product of automata that are taken."""

MOST_SPELLINGS = 64
MOST_JOINED = 12
_EXAMPLES = 4

NUMERAL = asked(
    p.Matches(parse_regex(r"\A[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\z"))
)
WHOLE = asked(p.Matches(parse_regex(r"\A(?:0|-?[1-9][0-9]*)\z")))
"""Whole numbers, plainly written; among conditions it says that the field holds only these."""


def value_for(conditions: frozenset[Signed]) -> str | None:
    """Return a text that meets and misses what it must, None if there is none.

    Raises `Undecided` if that could not be found out.
    """
    found = _known_value(conditions)
    if isinstance(found, Undecided):
        raise Undecided(*found.args)
    return found


@lru_cache(maxsize=262144)
def _known_value(conditions: frozenset[Signed]) -> str | Undecided | None:
    """Return what is found for `value_for`; a search that was given up is not made again."""
    try:
        return _value(conditions)
    except Undecided as reason:
        return reason.with_traceback(None)


def _value(conditions: frozenset[Signed]) -> str | None:
    checks = [(each.check, wanted) for each, wanted in conditions]
    for text in _candidates(conditions):
        broken = next((at for at, (check, w) in enumerate(checks) if check(text) is not w), None)
        if broken is None:
            return text
        checks.insert(0, checks.pop(broken))  # it is likely to break the next one, too
    if any(wanted and _one_spelling(each.condition) for each, wanted in conditions):
        return None
    if any(_numeric(each.condition) for each, _ in conditions):
        return _with_numbers(conditions)
    return _by_automata(conditions)


@lru_cache(maxsize=262144)
def excluded(one: Signed, other: Signed) -> bool:
    """Return True only if no value meets two signed conditions."""
    if one[0] == other[0]:
        return one[1] != other[1]
    plainly = _plainly_excluded(one, other)
    if plainly is not None:
        return plainly
    for (condition, wanted), texts in ((other, _examples(one)), (one, _examples(other))):
        if any(condition.check(text) is wanted for text in texts):
            return False
    try:
        return value_for(frozenset((one, other))) is None
    except Undecided:
        return False


@lru_cache(maxsize=65536)
def _examples(signed: Signed) -> tuple[str, ...]:
    """Return a few texts that meet a signed condition: one may meet another one, too."""
    condition, wanted = signed
    found = (t for t in _candidates(frozenset((signed,))) if condition.check(t) is wanted)
    return tuple(islice(found, _EXAMPLES))


def _plainly_excluded(one: Signed, other: Signed) -> bool | None:
    """Return what is seen without a search of two conditions on texts, None if nothing is."""
    if not one[1] and not other[1]:
        both = isinstance(one[0].condition, p.TextEq) and isinstance(other[0].condition, p.TextEq)
        return False if both else None
    for (each, wanted), (second, asked_for) in ((one, other), (other, one)):
        condition = each.condition
        if wanted and isinstance(condition, p.TextEq) and _without_case(second.condition):
            # all spellings of the text fare alike
            return second.check(condition.text) is not asked_for
        if wanted and not asked_for and isinstance(condition, p.Glob):
            return contained(condition, second.condition) or None
    match one[0].condition, other[0].condition:
        case (p.Glob(ours), p.Glob(theirs)) if one[1] and other[1]:
            return _ends_differ(ours.folded().parts, theirs.folded().parts) or None
        case _:
            return None


def _ends_differ(one: Sequence[Part], other: Sequence[Part]) -> bool:
    """Return whether two patterns demand other texts at the start of a value, or at its end."""
    if not one or not other:
        return False
    match one[0], other[0]:
        case (str() as first, str() as second):
            if not (first.startswith(second) or second.startswith(first)):
                return True
    match one[-1], other[-1]:
        case (str() as first, str() as second):
            return not (first.endswith(second) or second.endswith(first))
    return False


def _without_case(condition: p.Condition) -> bool:
    return isinstance(condition, p.TextEq | p.Glob) and not condition.cased


def _candidates(conditions: frozenset[Signed]) -> Iterator[str]:
    ordered = sorted(
        _ordered(conditions), key=lambda item: (not item[1], _size(item[0].condition))
    )
    for each, wanted in ordered[:6]:
        yield from islice((meeting if wanted else samples)(each.condition), MOST_SPELLINGS)
    wishes = [each.condition for each, wanted in ordered if wanted]
    if 1 < len(wishes) <= MOST_JOINED:
        yield from _joined(sorted(wishes, key=_place))
    yield from ("value", "1", "0", "203.0.113.9", "")


def _ordered(conditions: Iterable[Signed]) -> list[Signed]:
    """Return conditions in an order that is the same in every run: sets have none."""
    return sorted(conditions, key=lambda item: (item[0].order, item[1]))


def _joined(conditions: Sequence[p.Condition]) -> Iterator[str]:
    """Yield texts in which each condition has its own part, those that bind the ends outside."""
    own = [next(iter(meeting(condition)), "") for condition in conditions]
    for filler in ("", " ", "x"):
        yield filler.join(own)
        yield filler.join((own[0], *reversed(own[1:-1]), own[-1]))


def _place(condition: p.Condition) -> tuple[int, str]:
    """Return where a condition's part of a text stands: first, last or between."""
    parts = condition.pattern.parts if isinstance(condition, p.Glob) else ()
    at = 0 if parts[:1] and isinstance(parts[0], str) else 1
    if at and parts and isinstance(parts[-1], str):
        at = 2
    return at, repr(condition)


def _size(condition: p.Condition) -> int:
    """Return how many values meet a condition, roughly: the fewest are tried first."""
    return 0 if isinstance(condition, p.TextEq) else 1 if _numeric(condition) else 2


def _one_spelling(condition: p.Condition) -> bool:
    return isinstance(condition, p.TextEq) and (
        condition.cased or not any(_cased(condition.text))
    )


def _numeric(condition: p.Condition) -> bool:
    match condition:
        case p.NumEq() | p.Order(bound=int() | float()):
            return True
        case _:
            return False


# -- automata ------------------------------------------------------------------------------------


def _by_automata(conditions: frozenset[Signed]) -> str | None:
    """Return a text in the product of the conditions' automata, None if it is empty.

    Few conditions decide most questions: a condition takes part once a text breaks it.
    """
    try:
        waiting = [(each, language(each.condition), w) for each, w in _ordered(conditions)]
    except NoMachine as found:
        raise Undecided(f"{found.what} is not decided here") from None
    waiting.sort(key=lambda item: not item[2])
    budget = Budget(MOST_STEPS)
    taking: list[Wanted] = []
    while True:
        text = in_product(taking, budget)
        if text is None:
            return None
        broken = [item for item in waiting if item[0].check(text) is not item[2]]
        if not broken:
            return text
        first = broken[0]
        waiting.remove(first)
        taking.append(first[1:])


# -- numbers -------------------------------------------------------------------------------------


def _with_numbers(conditions: frozenset[Signed]) -> str | None:
    """Decide conditions of which some compare numbers: for values that are none, then for those."""
    if (WHOLE, True) not in conditions:
        found = _no_number(conditions)
        if found is not None:
            return found
    return _a_number(conditions)


def _no_number(conditions: frozenset[Signed]) -> str | None:
    as_text: set[Signed] = {(NUMERAL, False)}
    for each, wanted in conditions:
        match each.condition:
            case p.NumEq():
                if wanted:
                    return None
            case p.Order(op, int() | float() as bound):
                as_text.add((asked(p.Order(op, number_text(bound))), wanted))
            case _:
                as_text.add((each, wanted))
    return value_for(frozenset(as_text))


def _a_number(conditions: frozenset[Signed]) -> str | None:
    numbers = [item for item in conditions if _numeric(item[0].condition)]
    spelling = frozenset(conditions) - frozenset(numbers)
    whole = (WHOLE, True) in conditions
    amounts = _amounts(numbers, whole)
    if not amounts:
        return None
    checks = [(each.check, wanted) for each, wanted in conditions]
    for amount in amounts:
        for text in (number_text(amount),) if whole else _spellings(amount):
            if all(check(text) is wanted for check, wanted in checks):
                return text
    if whole and _is_one(numbers):
        return None
    if value_for(spelling | {(NUMERAL, True)}) is None:
        return None
    raise Undecided("the spelling of numbers is not decided here")


def _amounts(numbers: Iterable[Signed], whole: bool) -> list[float]:
    """Return numbers that the comparisons let pass, one from each stretch between the bounds.

    Raises `Undecided` for a bound that is larger than all numbers.
    """
    numbers = list(numbers)
    bounds = sorted({_bound(each.condition) for each, _ in numbers})
    if not all(map(math.isfinite, bounds)):
        raise Undecided("a number too large to tell is not decided here")
    below, above = bounds[0] - _step(bounds[0]), bounds[-1] + _step(bounds[-1])
    tried: list[float] = []
    for low, high in zip([below, *bounds], [*bounds, above], strict=True):
        tried += [low, (low + high) / 2, *_wholes_between(low, high)]
    tried.append(bounds[-1])
    checks = [(each.check, wanted) for each, wanted in numbers]
    found = dict.fromkeys(
        amount
        for amount in (*map(_tidy, tried),)
        if not whole or amount == math.floor(amount)
    )
    return [
        amount
        for amount in sorted(found, key=lambda a: (a != math.floor(a), abs(a)))
        if all(check(amount) is wanted for check, wanted in checks)
    ]


def _step(bound: float) -> float:
    """Return a distance that leads to another number: near a large one there are few."""
    return max(2, 4 * math.ulp(bound))


def _bound(condition: p.Condition) -> float:
    match condition:
        case p.NumEq(value) | p.Order(bound=int() | float() as value):
            return value
        case _:
            raise TypeError(f"no comparison of numbers: {condition!r}")


def _wholes_between(low: float, high: float) -> Iterator[float]:
    first = math.floor(low) + 1
    yield from (float(n) for n in range(first, min(first + 3, math.ceil(high))))


def _tidy(amount: float) -> float:
    return int(amount) if amount == math.floor(amount) else amount


def _is_one(numbers: Sequence[Signed]) -> bool:
    return any(wanted and isinstance(each.condition, p.NumEq) for each, wanted in numbers)


def _spellings(amount: float) -> Iterator[str]:
    plain = number_text(amount)
    yield plain
    if number(plain + ".0") == amount:
        yield from (plain + ".0", plain + ".00")
    sign, digits = ("-", plain[1:]) if plain.startswith("-") else ("", plain)
    yield from (f"{sign}0{digits}", f"{sign}00{digits}", f"{plain}e0")
    if not sign:
        yield f"+{plain}"
