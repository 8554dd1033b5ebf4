"""Expressions that say no more than wildcard patterns do, and expressions that may run for ever."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from transpile.ir.pattern import Part, Pattern, Wild
from transpile.ir.regex import charset, edges
from transpile.ir.regex import tree as t
from transpile.ir.regex.model import Regex
from transpile.ir.regex.writer import case_rules

_MAX_PATTERNS = 64
_MAX_ONES = 64

_Parts = tuple[Part, ...]

_BEFORE: dict[t.At | None, _Parts] = {None: (Wild.RUN,), t.At.START: ()}
_BEHIND: dict[t.At | None, tuple[_Parts, ...]] = {
    None: ((Wild.RUN,),),
    t.At.END: ((),),
    t.At.LAST_END: ((), ("\n",)),
}


def as_pattern(regex: Regex) -> tuple[Pattern, bool] | None:
    """Return a wildcard pattern that accepts exactly the values the search matches, and `cased`.

    None if there is no single one: `a$` also accepts a newline behind `a`, and the dot of `^a.*b`
    takes no newline. Without `cased` the text is ASCII, where `fold` and `(?i)` agree.
    """
    found = as_patterns(regex)
    return (found[0][0], found[1]) if found and len(found[0]) == 1 else None


def as_patterns(regex: Regex) -> tuple[tuple[Pattern, ...], bool] | None:
    """Return patterns of which one accepts a value if and only if the search matches, and `cased`.

    At most 64 patterns, in the order of the branches; None if the search says more than that.
    """
    rules = case_rules(regex.tree)
    if len(rules) > 1:
        return None
    cased = True not in rules
    found: dict[Pattern, None] = {}
    for start, core, end in edges.split_anchors(regex.tree):
        if start not in _BEFORE or end not in _BEHIND:
            return None
        variants = _variants(edges.without_any(core, start is None, end is None))
        if variants is None:
            return None
        for parts, behind in product(variants, _BEHIND[end]):
            found[Pattern.of(*_BEFORE[start], *parts, *behind)] = None
    ascii_only = all(part.isascii() for p in found for part in p.parts if isinstance(part, str))
    if len(found) > _MAX_PATTERNS or not (cased or ascii_only):
        return None
    return tuple(found), cased


def _variants(node: t.Node) -> list[_Parts] | None:
    """Return the alternatives of a node as pattern parts, None if there is no such thing."""
    match node:
        case t.Chars(text):
            return [(text,)]
        case t.Dot(newline=True):
            return [(Wild.ONE,)]
        case t.CharClass((t.Range(low, high),), negated=False, ignore_case=False) if low == high:
            return [(chr(low),)]
        case t.Capture(body):
            return _variants(body)
        case t.Repeat(t.Dot(newline=True), low, high, greed) if low <= _MAX_ONES:
            if high not in (low, None) or greed is t.Greed.POSSESSIVE:
                return None
            return [(Wild.ONE,) * low + (() if high == low else (Wild.RUN,))]
        case t.Alt(branches):
            found = [_variants(branch) for branch in branches]
            return None if None in found else [one for many in found for one in many or ()]
        case t.Concat(items):
            return _rows([_variants(item) for item in items])
        case _:
            return None


def _rows(columns: list[list[_Parts] | None]) -> list[_Parts] | None:
    rows: list[_Parts] = [()]
    for column in columns:
        if column is None or len(rows) * len(column) > _MAX_PATTERNS:
            return None
        rows = [row + parts for row in rows for parts in column]
    return rows


def is_risky(regex: Regex) -> bool:
    """Return True if a backtracking engine may need time exponential in the length of the value.

    That is so if an unbounded repeat can split the same text in several ways: its body is little
    more than another unbounded repeat, or has two branches that start with the same character.
    PCRE gives up by its match limit, Python's `re` does not. A warning sign, not a proof.
    """
    return _risky(regex.tree)


def _risky(node: t.Node) -> bool:
    if isinstance(node, t.Atomic):
        return False
    loop = isinstance(node, t.Repeat) and _unbounded(node)
    if loop and any(_ambiguous(part, body) for body in t.children(node) for part in _inside(body)):
        return True
    return any(map(_risky, t.children(node)))


def _inside(node: t.Node) -> Iterator[t.Node]:
    """Yield the node and those below that can be entered again after they have matched."""
    if not isinstance(node, t.Atomic):
        yield node
        for child in t.children(node):
            yield from _inside(child)


def _unbounded(node: t.Repeat) -> bool:
    return node.high is None and node.greed is not t.Greed.POSSESSIVE


def _ambiguous(part: t.Node, body: t.Node) -> bool:
    match part:
        case t.Repeat(inner, low) if _unbounded(part):
            alone = t.width(body)[0] <= t.width(inner)[0] * low
            return alone and charset.overlap(charset.edge(part, last=True), charset.edge(body))
        case t.Alt(branches):
            starts = [charset.edge(branch) for branch in branches]
            return any(charset.overlap(a, b) for at, a in enumerate(starts) for b in starts[:at])
        case _:
            return False
