"""Anchors at the two ends of an expression, for flavours that have none inside.

Used for tests only ("does it match?"), so text around the match may be consumed.
"""

from __future__ import annotations

from collections.abc import Callable

from transpile.ir.regex import tree as t
from transpile.ir.regex.model import Construct, NotExpressible
from transpile.ir.regex.rewrite import side

_STARTS = frozenset({t.At.START, t.At.LINE_START, t.At.WORD_EDGE})
_ENDS = frozenset({t.At.END, t.At.LAST_END, t.At.LINE_END, t.At.WORD_EDGE})

Edge = tuple[t.At | None, t.Node]

_ANY = t.Repeat(t.Dot(newline=True), 0, None)
_NEWLINE = t.Chars("\n")
_WORD = t.CharClass((t.Named(t.NamedSet.WORD),))
_OTHER = t.CharClass((t.Named(t.NamedSet.WORD),), negated=True)


def _maybe(*items: t.Node) -> t.Node:
    return t.Repeat(t.concat(list(items)), 0, 1)


# What stands before (behind) the match, given whether its first (last) character is a word one.
_WHOLE_BEFORE: dict[t.At | None, tuple[t.Node, t.Node]] = {
    None: (_ANY, _ANY),
    t.At.START: (t.EMPTY, t.EMPTY),
    t.At.LINE_START: (_maybe(_ANY, _NEWLINE), _maybe(_ANY, _NEWLINE)),
    t.At.WORD_EDGE: (t.Concat((_ANY, _WORD)), _maybe(_ANY, _OTHER)),
}
_WHOLE_BEHIND: dict[t.At | None, tuple[t.Node, t.Node]] = {
    None: (_ANY, _ANY),
    t.At.END: (t.EMPTY, t.EMPTY),
    t.At.LAST_END: (_maybe(_NEWLINE), _maybe(_NEWLINE)),
    t.At.LINE_END: (_maybe(_NEWLINE, _ANY), _maybe(_NEWLINE, _ANY)),
    t.At.WORD_EDGE: (t.Concat((_WORD, _ANY)), _maybe(_OTHER, _ANY)),
}
_START, _END = t.Anchor(t.At.START), t.Anchor(t.At.LAST_END)
_SEARCH_BEFORE: dict[t.At | None, tuple[t.Node, t.Node]] = {
    None: (t.EMPTY, t.EMPTY),
    t.At.START: (_START, _START),
    t.At.LINE_START: (t.Alt((_START, _NEWLINE)), t.Alt((_START, _NEWLINE))),
    t.At.WORD_EDGE: (_WORD, t.Alt((_START, _OTHER))),
}
_SEARCH_BEHIND: dict[t.At | None, tuple[t.Node, t.Node]] = {
    None: (t.EMPTY, t.EMPTY),
    t.At.END: (t.Anchor(t.At.END), t.Anchor(t.At.END)),
    t.At.LAST_END: (_END, _END),
    t.At.LINE_END: (t.Alt((_NEWLINE, _END)), t.Alt((_NEWLINE, _END))),
    t.At.WORD_EDGE: (_WORD, t.Alt((_OTHER, _END))),
}


def whole_value(node: t.Node, flavour: str) -> t.Node:
    """Return a tree without anchors that matches the whole value where `node` finds a match.

    Raises NotExpressible for an anchor that is not at the edge of the expression.
    """

    def build(before: Edge, core: t.Node, behind: Edge) -> t.Node:
        core = without_any(core, before[0] is None, behind[0] is None)
        return t.concat([before[1], core, behind[1]])

    return _assemble(node, flavour, _WHOLE_BEFORE, _WHOLE_BEHIND, build)


def plain_search(node: t.Node, flavour: str) -> t.Node:
    """Return a tree with no anchors but the subject's start and end, matching where `node` does.

    Raises NotExpressible for a line or word anchor that is not at the edge of the expression.
    """
    special = {t.At.LINE_START, t.At.LINE_END, t.At.WORD_EDGE}
    if not any(isinstance(part, t.Anchor) and part.at in special for part in t.walk(node)):
        return node

    def build(before: Edge, core: t.Node, behind: Edge) -> t.Node:
        return t.concat([before[1], core, behind[1]])

    return _assemble(node, flavour, _SEARCH_BEFORE, _SEARCH_BEHIND, build)


def _assemble(
    node: t.Node,
    flavour: str,
    before: dict[t.At | None, tuple[t.Node, t.Node]],
    behind: dict[t.At | None, tuple[t.Node, t.Node]],
    build: Callable[[Edge, t.Node, Edge], t.Node],
) -> t.Node:
    cores: dict[tuple[Edge, Edge], list[t.Node]] = {}
    for start, core, end in split_anchors(node):
        first, last = side(core), side(core, last=True)
        _check(start, first, core, flavour)
        _check(end, last, core, flavour)
        key = ((start, before[start][bool(first)]), (end, behind[end][bool(last)]))
        cores.setdefault(key, []).append(core)
    built = [
        build(left, found[0] if len(found) == 1 else t.Alt(tuple(found)), right)
        for (left, right), found in cores.items()
    ]
    return built[0] if len(built) == 1 else t.Alt(tuple(built))


def split_anchors(node: t.Node) -> list[tuple[t.At | None, t.Node, t.At | None]]:
    """Return alternatives that together equal the node: anchor before, core, anchor behind."""
    return [
        (start, core, end)
        for start, started in _split(node, _STARTS, last=False)
        for end, core in _split(started, _ENDS, last=True)
    ]


def _check(at: t.At | None, word: bool | None, core: t.Node, flavour: str) -> None:
    if at is t.At.WORD_EDGE and word is None:
        raise NotExpressible(Construct.WORD_BOUNDARY, flavour, "beside either kind of character")
    if at is t.At.LINE_START and not t.width(core)[0]:
        raise NotExpressible(Construct.MULTILINE, flavour, at.value)


def _split(node: t.Node, places: frozenset[t.At], last: bool) -> list[Edge]:
    """Return alternatives that together equal the node, each with the anchor at its edge."""
    match node:
        case t.Anchor(at) if at in places:
            return [(at, t.EMPTY)]
        case t.Capture(body):
            return _split(body, places, last)
        case t.Alt(branches):
            found = [edge for branch in branches for edge in _split(branch, places, last)]
        case t.Concat(items) if items:
            rest = items[:-1] if last else items[1:]
            found = [
                (at, t.concat([*rest, core] if last else [core, *rest]))
                for at, core in _split(items[-1 if last else 0], places, last)
            ]
        case _:
            return [(None, node)]
    return found if any(at for at, _ in found) else [(None, node)]


def without_any(core: t.Node, start: bool, end: bool) -> t.Node:
    """Drop a `.*` at an edge where any text may stand anyway."""
    items: list[t.Node] = list(core.items) if isinstance(core, t.Concat) else [core]
    while start and items and _is_dots(items[0]):
        items.pop(0)
    while end and items and _is_dots(items[-1]):
        items.pop()
    return t.concat(items)


def _is_dots(node: t.Node) -> bool:
    match node:
        case t.Repeat(t.Dot(), 0, None, greed):
            return greed is not t.Greed.POSSESSIVE
        case _:
            return False
