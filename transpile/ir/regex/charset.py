"""Sets of characters as sorted spans of code points, and what a node can start or end with."""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

from transpile.ir.regex import tree as t
from transpile.ir.regex.fold import is_cased_range, variants

Spans = tuple[tuple[int, int], ...]

ALL: Spans = ((0, t.MAX_CODE),)
NEWLINE: Spans = ((10, 10),)
WORD: Spans = t.RANGES[t.NamedSet.WORD]


def union(spans: Iterable[tuple[int, int]]) -> Spans:
    """Return the spans sorted and merged."""
    merged: list[tuple[int, int]] = []
    for low, high in sorted(spans):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], high))
        else:
            merged.append((low, high))
    return tuple(merged)


def complement(spans: Spans) -> Spans:
    """Return all other characters."""
    edges = [-1, *(edge for low, high in spans for edge in (low - 1, high + 1)), t.MAX_CODE + 1]
    edges[0] = 0
    edges[-1] = t.MAX_CODE
    return tuple(
        (low, high) for low, high in zip(edges[::2], edges[1::2], strict=True) if low <= high
    )


def overlap(left: Spans, right: Spans) -> bool:
    """Return True if a character is in both."""
    return any(a <= d and c <= b for a, b in left for c, d in right)


def within(inner: Spans, outer: Spans) -> bool:
    """Return True if `outer` has every character of `inner`."""
    return not overlap(inner, complement(outer))


def both_cases(low: int, high: int) -> Spans:
    """Return the span and its characters' other cases; ASCII letters only for a large span."""
    large = high - low > 4096
    codes = range(max(low, 65), min(high, 122) + 1) if large else range(low, high + 1)
    others = (ord(other) for code in codes for other in variants(chr(code)))
    return union([(low, high), *((other, other) for other in others)])


def of_class(node: t.CharClass) -> Spans | None:
    """Return the characters that a class accepts, or None if it uses a Unicode property."""
    spans: list[tuple[int, int]] = []
    for item in node.items:
        match item:
            case t.Range(low, high):
                fold = node.ignore_case and is_cased_range(low, high)
                spans += both_cases(low, high) if fold else ((low, high),)
            case t.Named(name, negated):
                spans += complement(t.RANGES[name]) if negated else t.RANGES[name]
            case t.Prop():
                return None
            case _:
                assert_never(item)
    return complement(union(spans)) if node.negated else union(spans)


def of_char(char: str, ignore_case: bool) -> Spans:
    """Return the character, with its other case if `ignore_case`."""
    return both_cases(ord(char), ord(char)) if ignore_case else ((ord(char), ord(char)),)


def edge(node: t.Node, last: bool = False) -> Spans:
    """Return all characters that a non-empty match of the node can start with (end, if `last`).

    May return more than that, never less. Assertions count as empty.
    """
    match node:
        case t.Chars(text, ignore_case):
            return of_char(text[-1 if last else 0], ignore_case)
        case t.Dot(newline):
            return ALL if newline else complement(NEWLINE)
        case t.CharClass():
            spans = of_class(node)
            return ALL if spans is None else spans
        case t.BackRef():
            return ALL
        case t.Anchor() | t.Look() | t.KeepOut():
            return ()
        case t.Capture(body) | t.Atomic(body) | t.Repeat(body):
            return edge(body, last)
        case t.Alt(branches):
            return union(span for branch in branches for span in edge(branch, last))
        case t.Concat(items):
            found: list[tuple[int, int]] = []
            for item in reversed(items) if last else items:
                found += edge(item, last)
                if t.width(item)[0]:
                    break
            return union(found)
        case _:
            assert_never(node)
