"""When one rule finds everything that another finds, decided on their literals.

Literals are decided by the patterns of the IR; `implies` carries that through the trees. Both are
sound and not complete: what they say holds for every event, what they do not say may hold too. Two
values of a field never exclude each other here, since a field may have several.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field
from functools import lru_cache
from typing import Protocol

from transpile.catalog.logic import UNKNOWN, Leaf, Literal, Node, Tree, pattern_of
from transpile.ir.decide import compile_condition
from transpile.ir.pattern import Pattern
from transpile.ir.pattern import implies as pattern_implies
from transpile.ir.pred import InNetwork, NumEq, Order
from transpile.ir.text import fold
from transpile.records import dataclass

_TEXTS = frozenset(("eq", "like"))
_ORDERS = frozenset(("<", "<=", ">", ">="))
_VALUES = frozenset((*_TEXTS, *_ORDERS, "num", "match", "cidr"))
_GRAM = 8
"""Characters by which the texts of patterns are looked up; ends of texts differ most."""


class Follows(Protocol):
    """Decides leaves."""

    def any(self, narrow: Leaf, parts: Sequence[Tree]) -> bool:
        """Return True only if whoever meets a leaf meets one of the leaves among some parts."""


def implies(narrow: Tree, wide: Tree, follows: Follows) -> bool:
    """Return True only if every event that meets `narrow` meets `wide`."""
    match narrow, wide:
        case (Leaf(), Leaf()):
            return follows.any(narrow, (wide,))
        case (_, ("and", parts)):
            return all(implies(narrow, part, follows) for part in parts)
        case (("or", parts), _):
            return all(implies(part, wide, follows) for part in parts)
        case (Leaf(), ("or", parts)):
            return follows.any(narrow, parts) or any(
                implies(narrow, part, follows) for part in parts if isinstance(part, Node)
            )
        case (("and", parts), Leaf()):
            return any(implies(part, wide, follows) for part in parts)
        case (("and", left), ("or", right)):
            return any(implies(part, wide, follows) for part in left) or any(
                implies(narrow, part, follows) for part in right
            )
        case _:
            return False


def missing(narrow: Sequence[Tree], wide: Sequence[Tree], follows: Follows) -> list[int]:
    """Return which filters of `wide` do not follow from one of `narrow`, by position."""
    return [at for at, tree in enumerate(wide) if not follows_from(narrow, tree, follows)]


def follows_from(narrow: Sequence[Tree], tree: Tree, follows: Follows) -> bool:
    """Return True only if every event that meets all of `narrow` meets a tree."""
    return any(implies(one, tree, follows) for one in narrow)


class OneByOne:
    """Decides each pair of leaves when it is asked: for few rules."""

    def any(self, narrow: Leaf, parts: Sequence[Tree]) -> bool:
        """Return whether one of the leaves follows."""
        if narrow.literal.kind == UNKNOWN:
            return False
        return narrow in parts or any(
            _leaf_follows(narrow, part) for part in parts if isinstance(part, Leaf)
        )


def _leaf_follows(narrow: Leaf, wide: Leaf) -> bool:
    left, right = narrow.literal, wide.literal
    if left.subject != right.subject or narrow.holds != wide.holds:
        return False
    return _literal_follows(left, right) if narrow.holds else _literal_follows(right, left)


class Closures:
    """Looks up what follows from a literal among all of a catalogue: for many rules."""

    def __init__(self, literals: Iterable[Literal]) -> None:
        self._index = Index()
        for literal in literals:
            self._index.add(literal)
        self._known: dict[Literal, frozenset[Leaf]] = {}

    def any(self, narrow: Leaf, parts: Sequence[Tree]) -> bool:
        """Return whether one of the leaves follows."""
        if narrow.holds:
            return not self.of(narrow.literal).isdisjoint(parts)
        subject, positive = narrow.literal.subject, Leaf(narrow.literal)
        return any(
            isinstance(part, Leaf)
            and not part.holds
            and part.literal.subject == subject
            and positive in self.of(part.literal)
            for part in parts
        )

    def of(self, literal: Literal) -> frozenset[Leaf]:
        """Return the leaves that follow from a literal."""
        found = self._known.get(literal)
        if found is None:
            found = self._known[literal] = frozenset(map(Leaf, self._index.following(literal)))
        return found


def _literal_follows(narrow: Literal, wide: Literal) -> bool:
    if UNKNOWN in (narrow.kind, wide.kind):
        return False
    if narrow == wide:
        return True
    if narrow.kind not in _VALUES:
        return False
    if wide.kind == "exists":
        return True
    # every value, of which there is one at least, is some value too
    if wide.kind not in _VALUES or (wide.every and not narrow.every):
        return False
    if narrow.kind in _TEXTS and wide.kind in _TEXTS:
        return _text_follows(narrow, wide)
    return _follows(narrow, wide)


def _text_follows(narrow: Literal, wide: Literal) -> bool:
    if wide.cased and not narrow.cased:
        return False
    if narrow.kind == wide.kind == "eq":
        return narrow.value == wide.value or (
            not wide.cased and fold(narrow.value) == fold(wide.value)
        )
    left, right = _pattern(narrow) if wide.cased else _folded(narrow), _pattern(wide)
    inside, end = right.as_contains(), right.as_suffix()  # nearly all patterns are of these kinds
    if inside is not None:
        return any(inside in text for text in _texts(left))
    if end is not None:
        last = left.parts[-1] if left.parts else ""
        return isinstance(last, str) and last.endswith(end)
    return pattern_implies(left, right)


@lru_cache(maxsize=1 << 17)
def _pattern(literal: Literal) -> Pattern:
    return pattern_of(literal)


@lru_cache(maxsize=1 << 17)
def _folded(literal: Literal) -> Pattern:
    return _pattern(literal).folded()


@dataclass(slots=True)
class Index:
    """Literals, arranged so that those that may follow from another one are found quickly."""

    exact: dict[tuple[str, str], list[Literal]] = field(default_factory=lambda: defaultdict(list))
    grams: dict[tuple[str, str], list[tuple[str, Literal]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    others: dict[str, list[Literal]] = field(default_factory=lambda: defaultdict(list))

    def add(self, literal: Literal) -> None:
        """Take in a literal."""
        subject = literal.subject
        match literal.kind:
            case "eq":
                self.exact[subject, fold(literal.value)].append(literal)
            case "like":
                longest = max(_texts(_pattern(literal)), key=len, default="")
                self.grams[subject, fold(longest[-_GRAM:])].append((fold(longest), literal))
            case _:
                self.others[subject].append(literal)

    def following(self, narrow: Literal) -> Iterator[Literal]:
        """Yield the literals here that follow from one."""
        candidates = self._of_text(narrow) if narrow.kind in _TEXTS else iter(())
        for wide in (*candidates, *self.others.get(narrow.subject, ())):
            if _literal_follows(narrow, wide):
                yield wide

    def _of_text(self, narrow: Literal) -> Iterator[Literal]:
        subject, pattern = narrow.subject, _folded(narrow)
        if pattern.is_literal:
            yield from self.exact.get((subject, pattern.text), ())
        texts = _texts(pattern)
        for key in _grams(texts):
            for longest, wide in self.grams.get((subject, key), ()):
                if not longest or any(longest in text for text in texts):
                    yield wide


def _texts(pattern: Pattern) -> list[str]:
    return [part for part in pattern.parts if isinstance(part, str)]


def _grams(texts: Sequence[str]) -> set[str]:
    """Return every text by which a pattern that follows from one with these can be filed."""
    found = {""}
    for text in texts:
        for size in range(1, _GRAM + 1):
            found.update(text[at : at + size] for at in range(len(text) - size + 1))
    return found


def _follows(narrow: Literal, wide: Literal) -> bool:
    """Return whether a test that is no pattern follows: one literal value decides it."""
    if narrow == wide or (narrow._replace(every=wide.every) == wide and narrow.every):
        return True
    if wide.kind == "match":
        return False
    value = _value(narrow)
    if value is None:
        return _ordered(narrow, wide)
    return compile_condition(_condition(wide))(value)


def _value(literal: Literal) -> str | int | float | None:
    """Return the one value that a test admits, None for a test that admits several.

    Texts that differ in case only are one value to numbers, networks and numeric order, all of
    which a literal with letters fails.
    """
    if literal.kind == "eq" and (literal.cased or not any(map(str.isalpha, literal.value))):
        return literal.value
    return None


def _ordered(narrow: Literal, wide: Literal) -> bool:
    """Return whether one numeric bound lies within another of the same direction.

    Both compare a value that is no number as text, so only equal bounds are sure to agree there.
    """
    return (
        narrow.kind in _ORDERS
        and wide.kind == narrow.kind + "="
        and narrow.value == wide.value
        and narrow.every == wide.every
    )


def _condition(literal: Literal) -> NumEq | Order | InNetwork:
    match literal.kind:
        case "num":
            return NumEq(json.loads(literal.value))
        case "cidr":
            return InNetwork(literal.value)
        case kind:
            return Order(kind, json.loads(literal.value))  # type: ignore[arg-type]


