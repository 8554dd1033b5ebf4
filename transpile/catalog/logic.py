"""What a rule asks of one event, as plain data: a tree of literals in negation normal form.

A predicate of the IR loses nothing here that a relation between rules could use; what has no
literal of its own (comparisons of two expressions, subsearches) becomes an `other`, which stands
only for itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from transpile.explain.indicators import spelled
from transpile.ir import pred as p
from transpile.ir.pattern import Pattern
from transpile.ir.pred import Pred, Quant
from transpile.ir.show import show_expr, show_pred
from transpile.names import shorten
from transpile.records import dataclass

UNKNOWN = "unknown"
"""Kind of a condition that nothing is known of; it is not even equal to itself elsewhere."""


class Literal(NamedTuple):
    """A test of one subject.

    subject: a field, or an expression as text.  kind: eq, num, like, match, <, <=, >, >=, cidr,
    exists, keyword, source, other, unknown.  value: as text; of `like` the pattern as JSON.  cased:
    whether case counts.  every: whether all values of the subject are asked, not just any.
    """

    subject: str
    kind: str
    value: str = ""
    cased: bool = False
    every: bool = False


class Leaf(NamedTuple):
    """A literal, or its negation."""

    literal: Literal
    holds: bool = True


class Node(NamedTuple):
    """All of (`and`) or any of (`or`) the parts."""

    join: str
    parts: tuple[Tree, ...]


Tree = Leaf | Node


@dataclass(frozen=True, slots=True)
class Logic:
    """The conjuncts that an event must meet, over field names that all languages share.

    scope: those that say which events are read.  filters: those that the rule itself asks.  words:
    the filters as the rule's language has them.  given: what holds for all events of the scope.
    complete: whether they say all that the rule asks of single events, so that an event that meets
    them is found.  extra: what the rule asks besides (a threshold, a filter left out), in words.
    """

    scope: tuple[Tree, ...]
    filters: tuple[Tree, ...]
    words: tuple[str, ...]
    given: tuple[Leaf, ...] = ()
    complete: bool = True
    extra: tuple[str, ...] = ()

    @property
    def trees(self) -> tuple[Tree, ...]:
        """All conjuncts."""
        return self.scope + self.filters

    @property
    def known(self) -> tuple[Tree, ...]:
        """All that holds for an event that the rule finds."""
        return self.trees + self.given

    def said(self, at: int) -> str:
        """Return a conjunct in words, by its position."""
        first = len(self.scope)
        return said(self.scope[at]) if at < first else self.words[at - first]

    def leaves(self) -> list[Leaf]:
        """Return the leaves of all conjuncts, in their order."""
        return [leaf for tree in self.trees for leaf in leaves(tree)]

    def to_json(self) -> list[Any]:
        """Return plain data for JSON: the literals once, the trees over their numbers."""
        numbers: dict[Literal, int] = {}

        def packed(tree: Tree) -> Any:
            if isinstance(tree, Leaf):
                number = numbers.setdefault(tree.literal, len(numbers)) + 1
                return number if tree.holds else -number
            return [tree.join, *map(packed, tree.parts)]

        parts = (self.scope, self.filters, self.given)
        trees = [[packed(tree) for tree in part] for part in parts]
        literals = [list(literal) for literal in numbers]
        return [literals, trees, list(self.words), self.complete, list(self.extra)]

    @classmethod
    def from_json(cls, data: list[Any]) -> Logic:
        """Return what `to_json` wrote."""
        rows, trees, words, complete, extra = data
        literals = [Literal._make(row) for row in rows]

        def unpacked(item: Any) -> Tree:
            if isinstance(item, int):
                return Leaf(literals[abs(item) - 1], item > 0)
            return Node(item[0], tuple(map(unpacked, item[1:])))

        scope, filters, given = (tuple(map(unpacked, part)) for part in trees)
        leaves = tuple(leaf for leaf in given if isinstance(leaf, Leaf))
        return cls(scope, filters, tuple(words), leaves, complete, tuple(extra))


def leaves(tree: Tree) -> list[Leaf]:
    """Return the leaves of a tree, in their order."""
    if isinstance(tree, Leaf):
        return [tree]
    return [leaf for part in tree.parts for leaf in leaves(part)]


def filters_of(pred: Pred) -> tuple[Tree, ...]:
    """Return the conjuncts of a predicate as trees; none if it is always true."""
    tree = _tree(pred, holds=True)
    if isinstance(tree, Node) and tree.join == "and":
        return tree.parts
    return (tree,)


_DUAL = {"and": "or", "or": "and"}


def _tree(pred: Pred, *, holds: bool) -> Tree:
    match pred:
        case p.Not(arg):
            return _tree(arg, holds=not holds)
        case p.And(args):
            return _joined("and" if holds else "or", (_tree(a, holds=holds) for a in args))
        case p.Or(args):
            return _joined("or" if holds else "and", (_tree(a, holds=holds) for a in args))
        case p.Const(value):
            return Node("and" if value == holds else "or", ())
        case p.Unknown(decided=decided) if decided is not None:
            return _tree(decided, holds=holds)
        case _:
            return Leaf(_literal(pred), holds)


def _joined(join: str, parts: Iterable[Tree]) -> Tree:
    flat: dict[Tree, None] = {}
    for part in parts:
        same = isinstance(part, Node) and part.join == join
        flat.update(dict.fromkeys(part.parts if same else (part,)))  # type: ignore[union-attr]
    absorbing = Node(_DUAL[join], ())
    if absorbing in flat:
        return absorbing
    return next(iter(flat)) if len(flat) == 1 else Node(join, tuple(flat))


def _literal(pred: Pred) -> Literal:
    match pred:
        case p.Test(subject, condition, quant):
            kind, value, cased = _condition(condition)
            return Literal(show_expr(subject), kind, value, cased, quant is Quant.ALL)
        case p.Exists(subject):
            return Literal(show_expr(subject), "exists")
        case p.Keyword(pattern, cased):
            return Literal("_raw", "keyword", spelled(pattern), cased)
        case p.Unknown(reason=reason):  # without what the interpreter could decide
            return Literal("", UNKNOWN, reason)
        case p.InRows():
            return Literal("", UNKNOWN, "a subsearch used as a filter")
        case _:
            return Literal("", "other", show_pred(pred))


def _condition(condition: p.Condition) -> tuple[str, str, bool]:
    match condition:
        case p.TextEq(text, cased):
            return "eq", text, cased and _has_case(text)
        case p.NumEq(number):
            return "num", json.dumps(number), True
        case p.Glob(pattern, cased):
            texts = "".join(part for part in pattern.parts if isinstance(part, str))
            value = json.dumps(pattern.to_json(), ensure_ascii=False)
            return "like", value, cased and _has_case(texts)
        case p.Matches(regex):
            return "match", regex.source, True
        case p.Order(op, bound):
            return op, json.dumps(bound, ensure_ascii=False), True
        case p.InNetwork(network):
            return "cidr", network, True


def _has_case(text: str) -> bool:
    """Return whether case can count in a text."""
    return not text.isascii() or any(map(str.isalpha, text))


def pattern_of(literal: Literal) -> Pattern:
    """Return the pattern of an `eq` or a `like`, its literals folded where case does not count."""
    if literal.kind == "like":
        found = Pattern.from_json(json.loads(literal.value))
    else:
        found = Pattern.literal(literal.value)
    return found if literal.cased else found.folded()


# -- in words ------------------------------------------------------------------------------------

_SIGNS = {"eq": "=", "num": "=", "like": "=", "match": "matches", "cidr": "in"}
_LONGEST = 600


def said(tree: Tree) -> str:
    """Return a filter as a line of text, cut where it is very long."""
    text = _said(tree)
    return shorten(text, _LONGEST)


def _said(tree: Tree) -> str:
    if isinstance(tree, Leaf):
        return _leaf(tree)
    if not tree.parts:
        return "always" if tree.join == "and" else "never"
    shown = (f"({_said(x)})" if isinstance(x, Node) else _leaf(x) for x in tree.parts)
    return f" {tree.join} ".join(shown)


def _leaf(leaf: Leaf) -> str:
    text = _words(leaf.literal)
    return text if leaf.holds else f"not {text}"


def _words(literal: Literal) -> str:
    subject, kind, value, cased, every = literal
    whose = f"every {subject}" if every else subject
    match kind:
        case "exists":
            return f"{subject} exists"
        case "other" | "unknown":
            return value
        case "source":
            return f"events of {value}"
        case "keyword":
            return f'keyword "{value}"'
        case "like":
            value = f'"{spelled(Pattern.from_json(json.loads(value)))}"'
        case "eq":
            value = f'"{value}"'
        case "match":
            value = f"/{value}/"
        case _:
            pass
    exactly = " (case counts)" if cased and kind in ("eq", "like") else ""
    return f"{whose} {_SIGNS.get(kind, kind)} {value}{exactly}"


def mapped(tree: Tree, change: Callable[[Literal], Literal]) -> Tree:
    """Return the tree with every literal changed."""
    if isinstance(tree, Leaf):
        return Leaf(change(tree.literal), tree.holds)
    return Node(tree.join, tuple(mapped(part, change) for part in tree.parts))
