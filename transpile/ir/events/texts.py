"""Tests on parts of a text or a list as tests on the whole: what event languages can say.

`mvindex(split(path, "\\\\"), -1) == "a.exe"` is `path` ending in `\\a.exe`; `mvcount(split(f, "."))
> 3` is three dots in `f`; `mvfind(list, "x") >= 0` is a value that matches; `substr(f, 1, 2)` is a
beginning. Functions that read the first of several values are taken to read the only one, as
`len` is. Each rule is checked against the interpreter (tests/ir/test_event_texts.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from math import ceil, floor
from typing import cast

from transpile.ir.decide import compile_condition
from transpile.ir.expr import Call, Expr, Field, Lit, Node, RegexLit
from transpile.ir.pattern import Part, Pattern, Wild
from transpile.ir.pred import (
    FALSE,
    And,
    Condition,
    Exists,
    Glob,
    Matches,
    Not,
    NumEq,
    Or,
    Order,
    Pred,
    Quant,
    Test,
    TextEq,
    all_of,
    any_of,
    negate,
)
from transpile.ir.regex import parse_regex
from transpile.ir.walk import rebuild

_MOST_PIECES = 24
"""Separators that are counted by a pattern."""


def on_wholes(pred: Pred) -> Pred:
    """Return an equivalent predicate with fewer tests on parts of texts."""

    def change(node: Node) -> Node:
        match node:
            case Test(Call(), condition, quant):
                return _test(node, condition, quant)
            case Exists(Call("mvfind", (Field() as values, RegexLit(regex)))):
                return Test(values, Matches(regex), span=node.span)
            case Exists(Call("replace" | "sed", (subject, *_))):
                return Exists(subject, span=node.span)
            case And() | Or() | Not():
                return rebuild(node, change)
            case _:
                return node

    return cast(Pred, change(pred))


def _test(node: Test, condition: Condition, quant: Quant) -> Pred:
    """Return a test on a call as tests on its argument, itself if there is no rule for it."""
    found: Pred | None = None
    match node.subject:
        case Call("mvfind", (Field() as values, RegexLit(regex))) if _is_found(condition):
            found = Test(values, Matches(regex), span=node.span)
        case Call("mvcount", (Call("split", (subject, Lit(str() as sign))),)):
            found = _filled(subject, lambda f: _pieces(f, sign, condition))
        case Call("mvindex", (Call("split", (subject, Lit(str() as sign))), Lit(place))):
            found = _filled(subject, lambda f: _piece(f, sign, place, condition))
        case Call("substr", (subject, Lit(1), Lit(int() as length))):
            found = _filled(subject, lambda f: _beginning(f, length, condition))
        case _:
            pass
    return node if found is None else found


# -- an argument that may be filled in -------------------------------------------------------------

# what a part of a text must be: as a test on the field, and for a text that is known
Said = tuple[Pred, Callable[[str], bool]]


def _filled(subject: Expr, of: Callable[[Field], Said | None]) -> Pred | None:
    """Return a test on a field, or on the text that stands in for it where it is missing."""
    fillers: list[str] = []
    while isinstance(subject, Call):
        match subject:
            case Call("coalesce", (inner, Lit(str() as filler))):
                fillers.append(filler)
                subject = inner
            case _:
                return None
    said = of(subject) if isinstance(subject, Field) else None
    if said is None:
        return None
    pred, check = said
    return any_of((pred, negate(Exists(subject)))) if fillers and check(fillers[-1]) else pred


# -- rules -----------------------------------------------------------------------------------------


def _is_found(condition: Condition) -> bool:
    """Return whether every index meets a condition."""
    return condition in (Order(">=", 0), Order(">", -1))


def _pieces(found: Field, sign: str, condition: Condition) -> Said | None:
    """Return a test on the number of pieces between separators."""
    if not sign:
        return None
    there = Exists(found)

    def least(number: int) -> Pred:
        return there if number < 2 else _signs(found, sign, number - 1)

    match condition:
        case Order(">" | ">=" as op, int() | float() as bound):
            most = _next(op, bound)
            pred = least(most)
        case Order("<" | "<=" as op, int() | float() as bound):
            most = ceil(bound) if op == "<" else floor(bound) + 1
            pred = all_of((there, negate(least(most))))
        case NumEq(number) if number == int(number):
            most = int(number) + 1
            pred = all_of((least(most - 1), negate(least(most))))
        case _:
            return None
    if most > _MOST_PIECES:
        return None
    check = compile_condition(condition)
    return pred, lambda text: check(len(text.split(sign)))


def _next(op: str, bound: float) -> int:
    return floor(bound) + 1 if op == ">" else ceil(bound)


def _signs(found: Field, sign: str, number: int) -> Pred:
    """Return whether a text holds a separator so many times."""
    cased = sign.lower() != sign.upper()
    parts: tuple[Part, ...] = (sign, Wild.RUN) * number
    return Test(found, Glob(Pattern.of(Wild.RUN, *parts), cased))


def _piece(found: Field, sign: str, place: object, condition: Condition) -> Said | None:
    """Return a test on the piece at a place, from 0 on, or the last for -1."""
    if len(sign) != 1 or sign.lower() != sign.upper() or not isinstance(place, int):
        return None
    match place, condition:
        case _, TextEq(text, cased):
            pred = _piece_is(found, sign, place, text, cased)
        case 0, Glob(pattern, cased) if not _holds(pattern, sign):
            pred = _begins(found, sign, pattern, cased)
        case -1, Glob(pattern, cased) if (end := pattern.as_suffix()) and sign not in end:
            pred = Test(found, condition)
        case _:
            return None
    if pred is None:
        return None
    check = compile_condition(condition)
    return pred, lambda text: _at(text.split(sign), place, check)


def _at(pieces: list[str], place: int, check: Callable[[str], bool]) -> bool:
    return -len(pieces) <= place < len(pieces) and check(pieces[place])


def _holds(pattern: Pattern, sign: str) -> bool:
    return any(sign in part for part in pattern.parts if isinstance(part, str))


def _piece_is(found: Field, sign: str, place: int, text: str, cased: bool) -> Pred | None:
    if sign in text:
        return FALSE
    ends = Test(found, Glob(Pattern.of(Wild.RUN, sign, text), cased))
    whole = Test(found, TextEq(text, cased))
    if place == -1:
        return any_of((whole, ends))
    if place == 0:
        return any_of((whole, Test(found, Glob(Pattern.of(text, sign, Wild.RUN), cased))))
    if not 0 < place <= _MOST_PIECES:
        return None
    other = f"[^{re.escape(sign)}]*{re.escape(sign)}"
    within = f"^(?:{other}){{{place}}}{re.escape(text)}{re.escape(sign)}"
    last = all_of(
        (_signs(found, sign, place), negate(_signs(found, sign, place + 1)), ends)
    )
    return any_of((Test(found, _expression(within, cased)), last))


def _begins(found: Field, sign: str, pattern: Pattern, cased: bool) -> Pred:
    """Return whether the first piece matches a pattern."""
    if pattern.as_prefix() is not None:
        return Test(found, Glob(pattern, cased))
    other = f"[^{re.escape(sign)}]"
    symbols = {Wild.RUN: f"{other}*", Wild.ONE: other}
    written = "".join(
        symbols[part] if isinstance(part, Wild) else re.escape(part) for part in pattern.parts
    )
    alone = all_of((Test(found, Glob(pattern, cased)), negate(_signs(found, sign, 1))))
    return any_of((Test(found, _expression(f"^{written}{re.escape(sign)}", cased)), alone))


def _expression(written: str, cased: bool) -> Matches:
    return Matches(parse_regex(f"(?s){written}" if cased else f"(?si){written}"))


def _beginning(found: Field, length: int, condition: Condition) -> Said | None:
    """Return a test on the first characters of a text."""
    match condition:
        case TextEq(text, cased) if length > 0 and len(text) == length:
            pred: Pred = Test(found, Glob(Pattern.of(text, Wild.RUN), cased))
        case TextEq(text) if length > 0:
            pred = Test(found, condition) if len(text) < length else FALSE
        case _:
            return None
    check = compile_condition(condition)
    return pred, lambda text: check(text[:length])
