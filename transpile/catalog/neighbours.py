"""Neighbours of a rule by logic: broader, narrower, the same, nearly the same.

A rule is broader than another when every event that the other finds meets all its filters. Pairs
are proposed by an index, never formed one by one: a broader rule is filed under its rarest filter,
and only rules from which that filter can follow look at it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from math import log

from transpile.catalog.logic import Leaf, Literal, Logic, Tree, leaves
from transpile.catalog.relation import Closures, Follows, OneByOne, follows_from, missing

ALIKE = 0.75
"""Weight of the shared tests, of all tests of both rules, from which on rules are near duplicates.
"""

_COMMON = 300
"""Rules with a test from which on it proposes no near duplicates: it says too little."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A rule beside another, by its position in the catalogue.

    dropped: filters that the narrower rule applies and the broader one does not; for near
    duplicates those of this rule only.  added: what the neighbour asks besides.  likeness: 1 for
    the same tests.  twin: whether the two differ only in which events they read.
    """

    index: int
    dropped: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    likeness: float = 1.0
    twin: bool = False


@dataclass(slots=True)
class Neighbours:
    """What stands around one rule.

    same: finds the same events.  broader: finds these and more.  narrower: finds some of these.
    reading: reads these events all, and then asks for what a single event does not decide.
    alike: makes nearly the same tests. No rule stands in two of them.
    """

    same: list[Neighbour] = field(default_factory=list)
    broader: list[Neighbour] = field(default_factory=list)
    narrower: list[Neighbour] = field(default_factory=list)
    reading: list[Neighbour] = field(default_factory=list)
    alike: list[Neighbour] = field(default_factory=list)


KINDS = ("same", "broader", "narrower", "reading", "alike")
"""The relations, as `Neighbours` names them."""


def neighbours(
    logics: Sequence[Logic | None], implications: Collection[tuple[int, int]] | None = None
) -> list[Neighbours]:
    """Return the neighbours of every rule; None stands for a rule that could not be read.

    implications: what `implications` gives, if that is known already.
    """
    closures = Closures(_literals(logics))
    work = _Work(logics, closures)
    found = [Neighbours() for _ in logics]
    related = frozenset(work.implications(closures) if implications is None else implications)
    for narrow, wide in sorted(related):
        lost = work.lost(narrow, wide)
        dropped = work.said(narrow, lost)
        if not work.complete(wide):
            found[narrow].reading.append(Neighbour(wide, dropped, work.extra(wide)))
        elif (wide, narrow) in related and work.complete(narrow):
            found[narrow].same.append(Neighbour(wide))
        else:
            twin = work.is_scope(narrow, lost)
            dropped += work.extra(narrow)
            found[narrow].broader.append(Neighbour(wide, dropped, twin=twin))
            found[wide].narrower.append(Neighbour(narrow, dropped, twin=twin))
    for left, right, likeness in work.alike():
        if (left, right) in related or (right, left) in related:
            continue
        for one, other in ((left, right), (right, left)):
            only = work.said(one, work.lost(one, other))
            others = work.said(other, work.lost(other, one))
            found[one].alike.append(Neighbour(other, only, others, likeness))
    for item in found:
        for kind in KINDS:
            getattr(item, kind).sort(key=lambda n: (-n.likeness, len(n.dropped), n.index))
    return found


def implications(
    logics: Sequence[Logic | None], changed: Collection[int] | None = None
) -> Iterator[tuple[int, int]]:
    """Yield (narrow, wide) for every pair of which the first finds nothing but what the second
    reads. changed: only pairs with one of these."""
    if changed is None:
        closures = Closures(_literals(logics))
        yield from _Work(logics, closures).implications(closures)
    else:
        yield from _Work(logics, OneByOne()).implications_with(frozenset(changed))


def _literals(logics: Sequence[Logic | None]) -> dict[Literal, None]:
    """Return all literals of some rules, each once."""
    found = (logic for logic in logics if logic is not None)
    return {leaf.literal: None for x in found for leaf in (*x.leaves(), *x.given)}


class _Work:
    """The rules of a catalogue, with how many make each test."""

    def __init__(self, logics: Sequence[Logic | None], follows: Follows) -> None:
        self.logics = logics
        self.follows = follows
        self._by_rarity: dict[int, Sequence[Tree]] = {}
        self.leaves = [frozenset() if x is None else frozenset(x.leaves()) for x in logics]
        self.usage = Counter(leaf for found in self.leaves for leaf in found)

    # -- two rules --------------------------------------------------------------------------------

    def complete(self, index: int) -> bool:
        """Return whether an event that meets the filters of a rule is found by it."""
        logic = self.logics[index]
        return logic is not None and logic.complete

    def extra(self, index: int) -> tuple[str, ...]:
        """Return what a rule asks besides its filters, in words."""
        logic = self.logics[index]
        return () if logic is None else logic.extra

    def lost(self, narrow: int, wide: int) -> list[int]:
        """Return the conjuncts of one rule that do not follow from those of another."""
        left, right = self.logics[narrow], self.logics[wide]
        if left is None or right is None:
            return []
        return missing(right.known, left.trees, self.follows)

    def said(self, index: int, positions: Sequence[int]) -> tuple[str, ...]:
        """Return conjuncts of a rule in words."""
        logic = self.logics[index]
        return () if logic is None else tuple(map(logic.said, positions))

    def is_scope(self, index: int, positions: Sequence[int]) -> bool:
        """Return whether conjuncts, all that a rule asks more, say only which events are read."""
        logic = self.logics[index]
        return logic is not None and not logic.extra and all(
            at < len(logic.scope) for at in positions
        )

    # -- all rules --------------------------------------------------------------------------------

    def implications(self, closures: Closures) -> Iterator[tuple[int, int]]:
        """Yield (narrow, wide) for every pair of which the first implies the second."""
        filed, anywhere = self._filed()

        @cache
        def proposed(literal: Literal) -> tuple[int, ...]:
            return tuple(at for wide in closures.of(literal) for at in filed.get(wide.literal, ()))

        for narrow, logic in enumerate(self.logics):
            if logic is None or not _tells(logic):
                continue
            asked = (*self.leaves[narrow], *logic.given)
            found = dict.fromkeys(anywhere)
            for leaf in asked:
                if leaf.holds:
                    found.update(dict.fromkeys(proposed(leaf.literal)))
            yield from ((narrow, wide) for wide in found if self._implies(narrow, wide))

    def implications_with(self, changed: frozenset[int]) -> Iterator[tuple[int, int]]:
        """Yield the pairs of `implications` that have one of these rules."""
        everything = range(len(self.logics))
        for one in sorted(changed):
            yield from ((one, other) for other in everything if self._implies(one, other))
            others = (other for other in everything if other not in changed)
            yield from ((other, one) for other in others if self._implies(other, one))

    def _implies(self, narrow: int, wide: int) -> bool:
        left, right = self.logics[narrow], self.logics[wide]
        if narrow == wide or left is None or right is None:
            return False
        if not (_tells(left) and _tells(right)):
            return False
        given = left.known
        trees = self._rarest_first(wide, right)
        return all(follows_from(given, tree, self.follows) for tree in trees)

    def _rarest_first(self, index: int, logic: Logic) -> Sequence[Tree]:
        found = self._by_rarity.get(index)
        if found is None:
            found = self._by_rarity[index] = sorted(logic.trees, key=self._rarity)
        return found

    def _rarity(self, tree: Tree) -> int:
        return sum(self.usage[leaf] for leaf in leaves(tree))

    def _filed(self) -> tuple[Mapping[Literal, list[int]], list[int]]:
        """Return the rules by the literals of their rarest filter of positive tests; and the rest.

        Whatever implies such a filter makes a test from which one of the literals follows.
        """
        filed: dict[Literal, list[int]] = defaultdict(list)
        anywhere: list[int] = []
        for index, logic in enumerate(self.logics):
            if logic is None or not _tells(logic):
                continue
            positive = [
                tree
                for tree in logic.trees
                if (found := list(leaves(tree))) and all(leaf.holds for leaf in found)
            ]
            if positive:
                for leaf in frozenset(leaves(min(positive, key=self._rarity))):
                    filed[leaf.literal].append(index)
            else:
                anywhere.append(index)
        return filed, anywhere

    def alike(self) -> Iterator[tuple[int, int, float]]:
        """Yield pairs that share most of their tests, each once, with their likeness."""
        total = len(self.logics) + 1
        weight = {leaf: _weight(total, count) for leaf, count in self.usage.items()}
        sums = [sum(weight[leaf] for leaf in found) for found in self.leaves]
        posting: dict[Leaf, list[int]] = defaultdict(list)
        for index, found in enumerate(self.leaves):
            shared: dict[int, float] = defaultdict(float)
            for leaf in found:
                if self.usage[leaf] <= _COMMON:
                    for other in posting[leaf]:
                        shared[other] += weight[leaf]
                    posting[leaf].append(index)
            for other in shared:
                common = sum(weight[leaf] for leaf in found & self.leaves[other])
                likeness = common / (sums[index] + sums[other] - common)
                if likeness >= ALIKE:
                    yield other, index, round(likeness, 3)


def _weight(total: int, count: int) -> float:
    """Return how much a test that so many rules make says about a rule."""
    return log(total / count) + 0.1


def _tells(logic: Logic) -> bool:
    """Return whether a rule asks anything besides which events it reads."""
    return any(any(True for _ in leaves(tree)) for tree in logic.filters)
