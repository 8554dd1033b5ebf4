"""Events that meet a predicate: one per way to meet it, texts that are typical of its patterns.

Quick and incomplete; the prover solves what this cannot.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from transpile.interpret import compile_pred
from transpile.ir import pred as p
from transpile.ir.decide import compile_condition
from transpile.ir.expr import Field
from transpile.ir.pattern import Pattern, Wild
from transpile.ir.pred import Pred, Quant
from transpile.records import dataclass
from transpile.verify.samples import meeting

Event = dict[str, Any]

MOST_WAYS = 128
"""Ways to meet a predicate that are tried."""

ANYTHING = ("value", "1", "other value", "0.5", "C:\\other\\x.exe", "203.0.113.9", "true")
"""Texts that are tried where any will do."""

MOST_CHOICES = 64
"""Ways to meet one part of a conjunction that are tried."""


@dataclass(frozen=True, slots=True)
class _Wish:
    """What one field must be: conditions that must hold and that must not; None: anything.

    present: True must have a value, False must have none.
    """

    holds: tuple[p.Condition, ...] = ()
    fails: tuple[p.Condition, ...] = ()
    present: bool | None = None


_Wishes = Mapping[str, _Wish]


def solutions(pred: Pred, common: Event | None = None) -> Iterator[Event]:
    """Yield events that meet a predicate, one per way to meet it that could be solved.

    common: fields that all of them have, for conditions that are not solved for.
    """
    decide = compile_pred(pred)
    tried: set[str] = set()
    for wishes in islice(_ways(pred, True), MOST_WAYS):
        granted = _granted(wishes)
        event = None if granted is None else {**(common or {}), **granted}
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
        case p.Keyword(pattern):
            found = p.Glob(Pattern.of(Wild.RUN, *pattern.parts, Wild.RUN))
            yield {"_raw": _Wish((found,)) if wanted else _Wish((), (found,))}
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
    choices = [list(islice(_ways(arg, wanted), MOST_CHOICES)) for arg in args]
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
    if any(isinstance(condition, p.InNetwork) for condition in (*wish.holds, *wish.fails)):
        yield "203.0.113.9"
    yield from ANYTHING


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
