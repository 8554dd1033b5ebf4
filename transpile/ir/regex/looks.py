"""Lookarounds at the edges of an expression, for flavours that have none.

Used for tests only ("does it match?"): there a neighbour may be consumed instead of looked at.
"""

from __future__ import annotations

from transpile.ir.regex import tree as t
from transpile.records import replace


def consume_looks(node: t.Node) -> t.Node:
    """Return a tree that finds a match where `node` does, without the lookarounds at its edges.

    A lookahead at the end is as good as its body; a negated one, and any lookbehind at the start,
    if its body is a single character: "another one, or none". Others stay as they are.
    """
    return _at_edge(_at_edge(node, last=False), last=True)


def _at_edge(node: t.Node, *, last: bool) -> t.Node:
    match node:
        case t.Look(body, ahead) if ahead is last:
            return _consumed(node, body)
        case t.Capture(body):
            return replace(node, body=_at_edge(body, last=last))
        case t.Alt(branches):
            return t.Alt(tuple(_at_edge(branch, last=last) for branch in branches))
        case t.Concat(items) if items:
            rest, edge = (items[:-1], items[-1]) if last else (items[1:], items[0])
            found = _at_edge(edge, last=last)
            return t.concat([*rest, found] if last else [found, *rest])
        case _:
            return node


def _consumed(look: t.Look, body: t.Node) -> t.Node:
    if not look.negated:
        single = t.width(body) == (1, 1)
        return body if look.ahead or single else look
    other = _other(body)
    if other is None:
        return look
    return t.Alt((t.Anchor(t.At.END if look.ahead else t.At.START), other))


def _other(body: t.Node) -> t.Node | None:
    """Return the class of all characters but those of a single-character body."""
    match body:
        case t.CharClass(negated=negated):
            return replace(body, negated=not negated)
        case t.Chars(text, ignore_case) if len(text) == 1:
            return t.CharClass((t.Range(ord(text), ord(text)),), True, ignore_case)
        case _:
            return None
