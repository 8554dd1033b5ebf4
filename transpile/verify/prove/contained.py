"""Whether all texts of a wildcard pattern lie in a language, seen without a product of automata.

The language's automaton reads the pattern: on the way stand the states that it is in behind every
text of the pattern's beginning. A character of either case leads to the states that both lead to, a
wildcard to those that any character keeps. Most patterns that contain another one are found so;
where none is found the pattern may be contained all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from transpile.ir import pred as p
from transpile.ir.pattern import Wild
from transpile.verify.prove.languages import NO_CHAR, Language, cases, language
from transpile.verify.prove.machines import NoMachine


def contained(inner: p.Glob, outer: p.Condition) -> bool:
    """Return True only if every text that meets `inner` meets `outer`."""
    try:
        whole = language(outer)
    except NoMachine:
        return False
    some, *others = alphabet(whole)
    if any(whole.beside(code) != whole.beside(some) for code in others):
        return False  # where it is depends on the last character too
    states = whole.initial
    before: tuple[int, ...] = (NO_CHAR,)
    for part in inner.pattern.parts:
        for symbol in (part,) if isinstance(part, Wild) else part:
            states = _behind(whole, states, before, symbol, inner.cased)
            if not states:
                return False
            before = (*before, some) if symbol is Wild.RUN else (some,)
    return all(whole.accepts(states, code) for code in before)


def _behind(
    whole: Language, states: int, before: tuple[int, ...], symbol: Wild | str, cased: bool
) -> int:
    """Return states that the automaton is in behind every text of a symbol.

    before: what may stand before it.
    """
    if symbol is Wild.RUN:
        return _kept(whole, states, (*before, alphabet(whole)[0]))
    if symbol is Wild.ONE:
        return _each(whole, states, before, alphabet(whole))
    assert isinstance(symbol, str)
    return _each(whole, states, before, map(ord, (symbol,) if cased else cases(symbol)))


@lru_cache(maxsize=65536)
def _kept(whole: Language, states: int, before: tuple[int, ...]) -> int:
    """Return those of the states that every text leads back to."""
    kept = states
    while kept:
        left = kept & _each(whole, kept, before, alphabet(whole))
        if left == kept:
            break
        kept = left
    return kept


def _each(whole: Language, states: int, before: tuple[int, ...], codes: Iterable[int]) -> int:
    """Return the states that each of the characters leads to, whatever stands before it."""
    after = -1
    for code in codes:
        for last in before:
            after &= whole.step(states, last, code)
        if not after:
            break
    return after


@lru_cache(maxsize=4096)
def alphabet(whole: Language) -> Sequence[int]:
    """Return a character of each kind that an automaton tells apart."""
    starts = (0, *(cut for cut in whole.cuts if cut < 0x110000))
    return tuple({whole.kind(code): code for code in starts}.values())
