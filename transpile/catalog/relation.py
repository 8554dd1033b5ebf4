"""When one rule finds everything that another finds, decided on their literals.

`Implications` answers which of the catalogue's literals follow from one of them, by the patterns of
the IR; `implies` carries that through the trees. Both are sound and not complete: what they say
holds for every event, what they do not say may hold too. Two values of a field never exclude each
other here, since a field may have several.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from transpile.catalog.logic import UNKNOWN, Leaf, Literal, Tree, pattern_of
from transpile.ir.decide import compile_condition
from transpile.ir.pattern import Pattern
from transpile.ir.pattern import implies as pattern_implies
from transpile.ir.pred import InNetwork, NumEq, Order
from transpile.ir.text import fold

_TEXTS = frozenset(("eq", "like"))
_ORDERS = frozenset(("<", "<=", ">", ">="))
_VALUES = frozenset((*_TEXTS, *_ORDERS, "num", "match", "cidr"))
_GRAM = 8
"""Characters by which the texts of patterns are looked up; ends of texts differ most."""

Known = Mapping[Leaf, frozenset[Leaf]]
"""Leaf -> the leaves that follow from it, itself among them."""


def implies(narrow: Tree, wide: Tree, known: Known) -> bool:
    """Return True only if every event that meets `narrow` meets `wide`."""
    match narrow, wide:
        case (_, ("and", parts)):
            return all(implies(narrow, part, known) for part in parts)
        case (("or", parts), _):
            return all(implies(part, wide, known) for part in parts)
        case (Leaf(), Leaf()):
            return wide in known[narrow]
        case (Leaf(), ("or", parts)):
            follow = known[narrow]
            return any(
                part in follow if isinstance(part, Leaf) else implies(narrow, part, known)
                for part in parts
            )
        case (("and", parts), Leaf()):
            return any(implies(part, wide, known) for part in parts)
        case (("and", left), ("or", right)):
            return any(implies(part, wide, known) for part in left) or any(
                implies(narrow, part, known) for part in right
            )
        case _:
            return False


def missing(narrow: Sequence[Tree], wide: Sequence[Tree], known: Known) -> list[int]:
    """Return which filters of `wide` do not follow from one of `narrow`, by position."""
    return [
        at
        for at, tree in enumerate(wide)
        if not any(implies(one, tree, known) for one in narrow)
    ]


@dataclass(slots=True)
class Implications:
    """All literals of a catalogue, arranged so that what follows from one is found quickly."""

    literals: dict[Literal, None] = field(default_factory=dict)
    _by_subject: dict[tuple[str, bool], _Subject] = field(default_factory=dict)

    def add(self, literals: Iterable[Literal]) -> None:
        """Take in literals; those known already change nothing."""
        for literal in literals:
            if literal in self.literals:
                continue
            self.literals[literal] = None
            for every in (literal.every,) if literal.kind in _VALUES else (False, True):
                key = (literal.subject, every)
                self._by_subject.setdefault(key, _Subject()).add(literal)

    def known(self) -> Known:
        """Return what follows from every leaf."""
        positive = {literal: frozenset(self._following(literal)) for literal in self.literals}
        reverse: dict[Literal, set[Leaf]] = defaultdict(set)
        for literal, following in positive.items():
            for wide in following:
                reverse[wide].add(Leaf(literal, False))
        found: dict[Leaf, frozenset[Leaf]] = {}
        for literal, following in positive.items():
            found[Leaf(literal)] = frozenset(map(Leaf, following))
            found[Leaf(literal, False)] = frozenset(reverse[literal])
        return found

    def _following(self, literal: Literal) -> Iterator[Literal]:
        if literal.kind == UNKNOWN:
            return
        yield literal
        if literal.kind not in _VALUES:
            return
        # every value, of which there is one at least, is some value too
        for every in (True, False) if literal.every else (False,):
            subject = self._by_subject.get((literal.subject, every))
            if subject is not None:
                yield from subject.wider(literal)


@dataclass(slots=True)
class _Subject:
    """The literals of one subject under one quantifier, by what can be looked up of them."""

    exact: dict[str, list[Literal]] = field(default_factory=lambda: defaultdict(list))
    grams: dict[str, list[_Wide]] = field(default_factory=lambda: defaultdict(list))
    others: list[Literal] = field(default_factory=list)
    exists: list[Literal] = field(default_factory=list)

    def add(self, literal: Literal) -> None:
        match literal.kind:
            case "eq":
                self.exact[fold(literal.value)].append(literal)
            case "like":
                folded = pattern_of(literal).folded()
                longest = max(_texts(folded), key=len, default="")
                self.grams[longest[-_GRAM:]].append((literal, folded, longest))
            case "exists":
                self.exists.append(literal)
            case kind if kind in _VALUES:
                self.others.append(literal)
            case _:
                pass

    def wider(self, narrow: Literal) -> Iterator[Literal]:
        """Yield the literals here that follow from a test of the same subject."""
        yield from self.exists
        if narrow.kind in _TEXTS:
            yield from self._of_pattern(narrow)
        for wide in self.others:
            if _follows(narrow, wide):
                yield wide

    def _of_pattern(self, narrow: Literal) -> Iterator[Literal]:
        pattern = pattern_of(narrow)
        folded = pattern.folded()
        if narrow.kind == "eq":
            for wide in self.exact.get(fold(narrow.value), ()):
                if not wide.cased or (narrow.cased and narrow.value == wide.value):
                    yield wide
        elif folded.is_literal:
            yield from (w for w in self.exact.get(folded.text, ()) if not w.cased)
        texts = _texts(folded)
        for key in _grams(texts):
            for wide, wide_folded, longest in self.grams.get(key, ()):
                if not any(longest in text for text in texts) and longest:
                    continue
                if wide.cased:
                    if narrow.cased and pattern_implies(pattern, pattern_of(wide)):
                        yield wide
                elif wide_folded.as_contains() or pattern_implies(folded, wide_folded):
                    yield wide


_Wide = tuple[Literal, Pattern, str]
"""A literal with wildcards, its folded pattern, and the longest text in that."""


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


