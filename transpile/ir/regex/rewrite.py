"""Equivalent trees: what a flavour lacks, said with what it has."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from transpile.ir.regex import charset
from transpile.ir.regex import tree as t
from transpile.ir.regex.model import Construct, NotExpressible
from transpile.records import replace

_WORD = t.CharClass((t.Named(t.NamedSet.WORD),))
_NEWLINE = t.Chars("\n")
_LAST_END = t.Anchor(t.At.LAST_END)


def _look(node: t.Node, ahead: bool, negated: bool = False) -> t.Look:
    return t.Look(node, ahead, negated)


_EDGE_IN = t.Concat((_look(_WORD, False, True), _look(_WORD, True)))
_EDGE_OUT = t.Concat((_look(_WORD, False), _look(_WORD, True, True)))
_BY_LOOKAROUND: dict[t.At, t.Node] = {
    t.At.LINE_START: t.Alt(
        (
            t.Anchor(t.At.START),
            t.Concat((_look(_NEWLINE, False), _look(t.Anchor(t.At.END), True, True))),
        )
    ),
    t.At.WORD_EDGE: t.Alt((_EDGE_IN, _EDGE_OUT)),
    t.At.WORD_INNER: t.Alt(
        (
            t.Concat((_look(_WORD, False), _look(_WORD, True))),
            t.Concat((_look(_WORD, False, True), _look(_WORD, True, True))),
        )
    ),
}


def transform(node: t.Node, step: Callable[[t.Node], t.Node]) -> t.Node:
    """Return the tree with `step` applied to every node, the nodes below first."""
    match node:
        case t.Concat(items):
            rebuilt = t.concat([transform(item, step) for item in items])
            return step(rebuilt)
        case t.Alt(branches):
            return step(t.Alt(tuple(transform(branch, step) for branch in branches)))
        case t.Capture(body) | t.Atomic(body) | t.Look(body) | t.Repeat(body):
            return step(replace(node, body=transform(body, step)))
        case t.Chars() | t.Dot() | t.CharClass() | t.Anchor() | t.BackRef() | t.KeepOut():
            return step(node)
        case _:
            assert_never(node)


def contains(node: t.Node, *kinds: type) -> bool:
    """Return True if a node of one of these classes stands anywhere in the tree."""
    return any(isinstance(part, kinds) for part in t.walk(node))


def without_empty_branches(node: t.Node) -> t.Node:
    """Return the tree with an empty alternative written as a repeat; for tests only."""
    empty = t.Concat(())

    def step(part: t.Node) -> t.Node:
        if not isinstance(part, t.Alt) or empty not in part.branches:
            return part
        others = tuple(branch for branch in part.branches if branch != empty)
        body = others[0] if len(others) == 1 else t.Alt(others)
        return t.Repeat(body, 0, 1) if others else empty

    return transform(node, step)


def without_captures(node: t.Node) -> t.Node:
    """Return the tree without capturing groups. The caller has made sure that none is needed."""
    return transform(node, lambda part: part.body if isinstance(part, t.Capture) else part)


def without_idle_repeats(node: t.Node) -> t.Node:
    """Return the tree without repeats of assertions: one time is as good as many, none as some."""

    def step(part: t.Node) -> t.Node:
        if not isinstance(part, t.Repeat) or t.width(part.body)[1] != 0:
            return part
        if contains(part, t.Capture):
            return part
        return part.body if part.low else t.EMPTY

    return transform(node, step)


def without_keep_out(node: t.Node) -> t.Node:
    """Return the tree without `\\K`: the same subjects match and the same groups capture."""
    return transform(node, lambda part: t.EMPTY if isinstance(part, t.KeepOut) else part)


def greedy(node: t.Node) -> t.Node:
    """Return the tree with greedy for lazy quantifiers: the same subjects match.

    Not for a tree with atomic groups or possessive quantifiers, where order decides on a match.
    """

    def step(part: t.Node) -> t.Node:
        if isinstance(part, t.Repeat) and part.greed is t.Greed.LAZY:
            return replace(part, greed=t.Greed.GREEDY)
        return part

    return transform(node, step)


def anchors_by_lookaround(node: t.Node, known: frozenset[t.At]) -> t.Node:
    """Return the tree with the anchors that are not `known` said by lookarounds on ASCII sets.

    A word edge beside a text or class whose character decides it needs one lookaround only.
    """

    def step(part: t.Node) -> t.Node:
        if isinstance(part, t.Anchor) and part.at not in known:
            return _BY_LOOKAROUND.get(part.at, part)
        return part

    def near(part: t.Node) -> t.Node:
        if not isinstance(part, t.Concat) or t.At.WORD_EDGE in known:
            return part
        return t.concat(
            [
                _word_edge(part.items, at) if item == t.Anchor(t.At.WORD_EDGE) else item
                for at, item in enumerate(part.items)
            ]
        )

    return transform(transform(node, near), step)


def _word_edge(items: tuple[t.Node, ...], at: int) -> t.Node:
    if at + 1 < len(items) and (word := side(items[at + 1])) is not None:
        return _look(_WORD, ahead=False, negated=word)
    if at and (word := side(items[at - 1], last=True)) is not None:
        return _look(_WORD, ahead=True, negated=word)
    return items[at]


def side(node: t.Node, last: bool = False) -> bool | None:
    """Return whether every match starts (ends) in a word character; None: not known, or empty."""
    if not t.width(node)[0]:
        return None
    spans = charset.edge(node, last)
    if charset.within(spans, charset.WORD):
        return True
    return None if charset.overlap(spans, charset.WORD) else False


def lookbehind_by_branch(node: t.Node) -> t.Node:
    """Return the tree with a lookbehind for each branch, for flavours that want one width each."""

    def step(part: t.Node) -> t.Node:
        if not isinstance(part, t.Look) or part.ahead or not isinstance(part.body, t.Alt):
            return part
        parts = tuple(t.Look(branch, False, part.negated) for branch in part.body.branches)
        return t.concat(list(parts)) if part.negated else t.Alt(parts)

    return transform(node, step)


def without_possessive(node: t.Node, top: bool) -> t.Node:
    """Return the tree with greedy for possessive loops where no character could be given back.

    That holds for a loop over single characters that what follows cannot start with, and, if the
    tree is only tested for a match (`top`), for a loop at its very end.
    """

    def step(part: t.Node) -> t.Node:
        if not isinstance(part, t.Concat):
            return part
        items = part.items
        return t.concat([_given_back(item, items[at + 1 :]) for at, item in enumerate(items)])

    node = transform(node, step)
    if not top:
        return node
    if isinstance(node, t.Concat) and node.items:
        return t.concat([*node.items[:-1], _loop(node.items[-1]) or node.items[-1]])
    return _loop(node) or node


def _given_back(item: t.Node, rest: tuple[t.Node, ...]) -> t.Node:
    loop = _loop(item)
    follow = t.Concat(rest)
    if loop is None or not t.width(follow)[0]:
        return item
    return item if charset.overlap(charset.edge(loop), charset.edge(follow)) else loop


def _loop(item: t.Node) -> t.Repeat | None:
    """Return the greedy loop of a possessive or atomic loop over single characters."""
    loop = item.body if isinstance(item, t.Atomic) else item
    if not isinstance(loop, t.Repeat) or t.width(loop.body) != (1, 1):
        return None
    possessive = loop.greed is t.Greed.POSSESSIVE
    if possessive or (isinstance(item, t.Atomic) and loop.greed is t.Greed.GREEDY):
        return replace(loop, greed=t.Greed.GREEDY)
    return None


def consume_last_newline(node: t.Node, flavour: str, keep_captures: bool) -> t.Node:
    """Return the tree with `$` as "optional newline, then the end", where nothing can tell.

    keep_captures: a `$` at the end of a group goes behind it, so that no newline comes into it.
    Raises NotExpressible for a `$` that something follows.
    """

    def last(part: t.Node, tail: bool) -> t.Node:
        match part:
            case t.Anchor(t.At.LAST_END):
                if not tail:
                    raise NotExpressible(Construct.ANCHOR, flavour, part.at.value)
                return t.Concat((t.Repeat(_NEWLINE, 0, 1), t.Anchor(t.At.END)))
            case t.Concat(items):
                ends = len(items)
                while ends and items[ends - 1] == t.Anchor(t.At.LAST_END):
                    ends -= 1
                return t.concat([last(x, tail and i + 1 >= ends) for i, x in enumerate(items)])
            case t.Alt(branches):
                return t.Alt(tuple(last(branch, tail) for branch in branches))
            case t.Capture(body) if tail and keep_captures:
                core = _without_last_end(body)
                inside = replace(part, body=last(body if core is None else core, False))
                return inside if core is None else t.concat([inside, last(_LAST_END, True)])
            case t.Capture(body):
                return replace(part, body=last(body, tail))
            case t.Repeat(body, _, high):
                return replace(part, body=last(body, tail and high == 1))
            case t.Atomic(body) | t.Look(body):
                return replace(part, body=last(body, False))
            case t.Chars() | t.Dot() | t.CharClass() | t.Anchor() | t.BackRef() | t.KeepOut():
                return part
            case _:
                assert_never(part)

    return last(node, True)


def _without_last_end(node: t.Node) -> t.Node | None:
    """Return the node without the `$` that ends each way through it, None if one has none."""
    match node:
        case t.Anchor(t.At.LAST_END):
            return t.EMPTY
        case t.Alt(branches):
            cores = [_without_last_end(branch) for branch in branches]
            found = tuple(core for core in cores if core is not None)
            return t.Alt(found) if len(found) == len(cores) else None
        case t.Concat(items) if items:
            core = _without_last_end(items[-1])
            return None if core is None else t.concat([*items[:-1], core])
        case _:
            return None


def without_exact_end(node: t.Node) -> t.Node:
    """Return the tree with `$` for the very end where a newline is taken in its place as well.

    `[^x]*\\z` and `[^x]*$` find a match in the same texts, and so do `([^x]|\\z)` and `([^x]|$)`:
    where `$` stands before a last newline, what is beside it takes that newline.
    """
    match node:
        case t.Concat((*items, t.Repeat(body, _, None) as rest, t.Anchor(t.At.END))) if (
            _takes_newline(body)
        ):
            return t.Concat((*items, rest, _LOOSE_END))
        case t.Concat((*items, t.Alt(branches))) if any(map(_takes_newline, branches)):
            loose = (_LOOSE_END if b == t.Anchor(t.At.END) else b for b in branches)
            return t.Concat((*items, t.Alt(tuple(loose))))
        case _:
            return node


_LOOSE_END = t.Anchor(t.At.LAST_END)


def _takes_newline(node: t.Node) -> bool:
    """Return whether a node is one character that may be a newline."""
    match node:
        case t.Dot(newline):
            return newline
        case t.CharClass():
            spans = charset.of_class(node)
            return spans is not None and charset.overlap(spans, charset.NEWLINE)
        case _:
            return False


def without_repeated_letters(node: t.Node) -> t.Node:
    """Return the tree where no branch ends in a letter of both cases that an earlier one has.

    In `xa|x[aA]` the second branch is only ever needed for the `A`. The RE2 inside DuckDB loses
    that `A` when it joins the two (seen; the current RE2 does not).
    """

    def step(part: t.Node) -> t.Node:
        if not isinstance(part, t.Alt):
            return part
        atoms = [_atoms(branch) for branch in part.branches]
        kept = [_unrepeated(b, atoms[at], atoms[:at]) for at, b in enumerate(part.branches)]
        branches = tuple(branch for branch in kept if branch is not None)
        return branches[0] if len(branches) == 1 else t.Alt(branches)

    return transform(node, step)


_Atoms = list[t.Node | charset.Spans]


def _unrepeated(branch: t.Node, own: _Atoms, earlier: list[_Atoms]) -> t.Node | None:
    """Return the branch without the last characters that earlier ones have; None: nothing left."""
    last = own[-1] if own else None
    if not isinstance(last, tuple) or last != charset.of_char(chr(last[0][0]), True):
        return branch
    rivals = [atoms[-1] for atoms in earlier if atoms and atoms[:-1] == own[:-1]]
    taken = charset.union(span for rival in rivals if isinstance(rival, tuple) for span in rival)
    if not charset.overlap(taken, last):
        return branch
    codes = [code for low, high in last for code in range(low, high + 1)]
    left = [code for code in codes if not charset.overlap(taken, ((code, code),))]
    if not left:
        return None
    items = list(branch.items) if isinstance(branch, t.Concat) else [branch]
    end = items.pop()
    if isinstance(end, t.Chars) and len(end.text) > 1:
        items.append(replace(end, text=end.text[:-1]))
    return t.concat([*items, t.CharClass(tuple(t.Range(code, code) for code in left))])


def _atoms(branch: t.Node) -> _Atoms:
    """Return the branch one character (as the set it accepts) or other node at a time."""
    atoms: _Atoms = []
    for item in branch.items if isinstance(branch, t.Concat) else (branch,):
        match item:
            case t.Chars(text, ignore_case):
                atoms += [charset.of_char(char, ignore_case) for char in text]
            case t.CharClass() if (spans := charset.of_class(item)) is not None:
                atoms.append(spans)
            case _:
                atoms.append(item)
    return atoms


def check_line_starts(node: t.Node, flavour: str) -> None:
    """Raise NotExpressible for a line start behind which nothing has to follow.

    PCRE's `(?m)^` does not match behind a newline that ends the subject, RE2's does; that can only
    be seen if the expression can match the empty text there.
    """
    anchors = sum(part == t.Anchor(t.At.LINE_START) for part in t.walk(node))
    followed = sum(
        item == t.Anchor(t.At.LINE_START) and bool(t.width(t.Concat(part.items[at + 1 :]))[0])
        for part in t.walk(node)
        if isinstance(part, t.Concat)
        for at, item in enumerate(part.items)
    )
    if anchors != followed:
        raise NotExpressible(Construct.MULTILINE, flavour, t.At.LINE_START.value)
