"""Pairs of rules: which implies which, which are nearly alike, and what one asks beyond the other.

Pairs are proposed by an index, never formed one by one: a broader rule is filed under its rarest
filter, and only rules from which that filter can follow look at it. Literals decide nearly all;
what they leave open is put to an event that the narrower rule finds, and then to the prover.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import field
from functools import cache
from math import log
from typing import Any

from transpile.catalog import proving
from transpile.catalog.logic import Leaf, Literal, Logic, Tree, leaves
from transpile.catalog.relation import Closures, Follows, OneByOne, follows_from, missing
from transpile.records import dataclass

ALIKE = 0.75
"""Weight of the shared tests, of all tests of both rules, from which on rules are near duplicates.
"""

_COMMON = 300
"""Rules with a test from which on it proposes no near duplicates: it says too little."""

Pair = tuple[int, int]
Logics = Sequence[Logic | None]


@dataclass(slots=True)
class Related:
    """What is known of pairs of rules, which are told by their positions.

    implied: (narrow, wide): the first finds nothing but what the second reads.  lost: conjuncts of
    the first that do not follow from the second.  likeness: of near duplicates, the lesser position
    first.  examples: an event that a rule finds, None if none is known.  never: rules that find no
    event at all.
    """

    implied: set[Pair] = field(default_factory=set)
    lost: dict[Pair, tuple[int, ...]] = field(default_factory=dict)
    likeness: dict[Pair, float] = field(default_factory=dict)
    examples: dict[int, Any] = field(default_factory=dict)
    never: set[int] = field(default_factory=set)


def related(
    logics: Logics, known: Related | None = None, changed: Collection[int] | None = None
) -> Related:
    """Return how rules stand to each other; None stands for a rule that could not be read.

    known: what was found before.  changed: the rules for which it does not hold.
    """
    if known is None or changed is None:
        closures = Closures(_literals(logics))
        work = _Work(logics, closures, Related())
        work.found.implied.update(work.implications(closures))
    else:
        work = _Work(logics, OneByOne(), known)
        work.found.implied.update(work.implications_with(frozenset(changed)))
    found = work.found
    found.likeness = {(one, other): likeness for one, other, likeness in work.alike()}
    alike = (pair for one, other in found.likeness for pair in ((one, other), (other, one)))
    wanted = sorted({*found.implied, *alike})
    found.lost = {
        pair: found.lost[pair] if pair in found.lost else work.lost(*pair) for pair in wanted
    }
    return found


def _literals(logics: Logics) -> dict[Literal, None]:
    """Return all literals of some rules, each once."""
    found = (logic for logic in logics if logic is not None)
    return {leaf.literal: None for x in found for leaf in (*x.leaves(), *x.given)}


class _Work:
    """The rules of a catalogue, with how many make each test."""

    def __init__(self, logics: Logics, follows: Follows, found: Related) -> None:
        self.logics = logics
        self.follows = follows
        self.found = found
        self.leaves = [frozenset() if x is None else frozenset(x.leaves()) for x in logics]
        self.usage = Counter(leaf for found in self.leaves for leaf in found)
        self._by_rarity: dict[int, Sequence[Tree]] = {}
        self._tests: dict[int, Callable[[Any], bool]] = {}
        self._about: dict[int, frozenset[str]] = {}

    # -- two rules --------------------------------------------------------------------------------

    def lost(self, narrow: int, wide: int) -> tuple[int, ...]:
        """Return the conjuncts of one rule that do not follow from those of another."""
        left, right = self.logics[narrow], self.logics[wide]
        if left is None or right is None:
            return ()
        open_ = missing(right.known, left.trees, self.follows)
        return tuple(at for at in open_ if not self._proved(wide, (left.trees[at],)))

    def _implies(self, narrow: int, wide: int) -> bool:
        left, right = self.logics[narrow], self.logics[wide]
        if narrow == wide or left is None or right is None:
            return False
        if not (tells(left) and _reads_less(right)):
            return False
        about = self._asked(narrow)
        if not all(proving.may_follow(about, tree) for tree in right.trees):
            return False
        event = self._example(narrow)
        if event is proving.NEVER or not (event is None or self._finds(wide)(event)):
            return False
        open_ = []
        for tree in self._rarest_first(wide, right):
            if not follows_from(left.known, tree, self.follows):
                open_.append(tree)
                if not _is_specific(right):
                    return False
        return not open_ or self._proved(narrow, open_)

    def _proved(self, narrow: int, asked: Sequence[Tree]) -> bool:
        """Return whether the prover says that conditions follow from those of a rule."""
        left, event = self.logics[narrow], self._example(narrow)
        if left is None or event is None or event is proving.NEVER:
            return False
        about = self._asked(narrow)
        return all(
            proving.may_follow(about, tree)
            and proving.finds((tree,))(event)
            and proving.follows(left.known, tree)
            for tree in asked
        )

    def _asked(self, index: int) -> frozenset[str]:
        """Return what the tests of a rule are about."""
        found = self._about.get(index)
        if found is None:
            logic = self.logics[index]
            found = proving.subjects(() if logic is None else logic.known)
            self._about[index] = found
        return found

    def _example(self, index: int) -> Any:
        """Return an event that a rule finds, None if none is known, NEVER if there is none."""
        found = self.found
        if index in found.never:
            return proving.NEVER
        if index not in found.examples:
            logic = self.logics[index]
            event = None if logic is None else proving.example(logic.known)
            if event is proving.NEVER:
                found.never.add(index)
                return event
            found.examples[index] = event
        return found.examples[index]

    def _finds(self, index: int) -> Callable[[Any], bool]:
        """Return the test of a rule on an example."""
        found = self._tests.get(index)
        if found is None:
            logic = self.logics[index]
            found = self._tests[index] = proving.finds(() if logic is None else logic.trees)
        return found

    # -- all rules --------------------------------------------------------------------------------

    def implications(self, closures: Closures) -> Iterator[Pair]:
        """Yield (narrow, wide) for every pair of which the first implies the second."""
        filed, anywhere = self._filed()

        @cache
        def proposed(literal: Literal) -> tuple[int, ...]:
            return tuple(at for wide in closures.of(literal) for at in filed.get(wide.literal, ()))

        for narrow, logic in enumerate(self.logics):
            if logic is None or not tells(logic):
                continue
            asked = (*self.leaves[narrow], *logic.given)
            found = dict.fromkeys(anywhere)
            for leaf in asked:
                if leaf.holds:
                    found.update(dict.fromkeys(proposed(leaf.literal)))
            yield from ((narrow, wide) for wide in found if self._implies(narrow, wide))

    def implications_with(self, changed: frozenset[int]) -> Iterator[Pair]:
        """Yield the pairs of `implications` that have one of these rules."""
        everything = range(len(self.logics))
        for one in sorted(changed):
            logic = self.logics[one]
            if logic is not None and tells(logic):
                yield from ((one, other) for other in everything if self._proposed(one, other))
            if logic is not None and _reads_less(logic):
                others = (other for other in everything if other not in changed)
                yield from ((other, one) for other in others if self._proposed(other, one))

    def _proposed(self, narrow: int, wide: int) -> bool:
        """Return whether a pair is one of `implications`."""
        left, right = self.logics[narrow], self.logics[wide]
        if left is None or right is None or not self._implies(narrow, wide):
            return False
        rarest = self._rarest_positive(right)
        if rarest is None:
            return True
        asked = [leaf for leaf in (*self.leaves[narrow], *left.given) if leaf.holds]
        return any(self.follows.any(leaf, (part,)) for leaf in asked for part in leaves(rarest))

    def _rarest_first(self, index: int, logic: Logic) -> Sequence[Tree]:
        found = self._by_rarity.get(index)
        if found is None:
            found = self._by_rarity[index] = sorted(logic.trees, key=self._rarity)
        return found

    def _rarity(self, tree: Tree) -> int:
        return sum(self.usage[leaf] for leaf in leaves(tree))

    def _rarest_positive(self, logic: Logic) -> Tree | None:
        """Return the rarest of the filters that make positive tests only."""
        positive = [
            tree
            for tree in logic.trees
            if (found := leaves(tree)) and all(leaf.holds for leaf in found)
        ]
        return min(positive, key=self._rarity) if positive else None

    def _filed(self) -> tuple[Mapping[Literal, list[int]], list[int]]:
        """Return the rules by the literals of their rarest filter of positive tests; and the rest.

        Whatever implies such a filter makes a test from which one of the literals follows.
        """
        filed: dict[Literal, list[int]] = defaultdict(list)
        anywhere: list[int] = []
        for index, logic in enumerate(self.logics):
            if logic is None or not _reads_less(logic):
                continue
            rarest = self._rarest_positive(logic)
            if rarest is None:
                anywhere.append(index)
                continue
            for leaf in frozenset(leaves(rarest)):
                filed[leaf.literal].append(index)
        return filed, anywhere

    def alike(self) -> Iterator[tuple[int, int, float]]:
        """Yield pairs that share most of their tests, each once, with their likeness.

        Two such rules share one of the rarest tests of each: without these what is left of a rule
        weighs too little.
        """
        total = len(self.logics) + 1
        weight = {leaf: _weight(total, count) for leaf, count in self.usage.items()}
        order = {leaf: at for at, leaf in enumerate(sorted(weight, key=lambda x: -weight[x]))}
        sums = [sum(weight[leaf] for leaf in found) for found in self.leaves]
        posting: dict[Leaf, list[int]] = defaultdict(list)
        for index, found in enumerate(self.leaves):
            shared: dict[int, None] = {}
            rest = sums[index]
            for leaf in sorted(found, key=order.__getitem__):
                if rest < ALIKE * sums[index] or self.usage[leaf] > _COMMON:
                    break
                shared.update(dict.fromkeys(posting[leaf]))
                posting[leaf].append(index)
                rest -= weight[leaf]
            for other in shared:
                least, most = sorted((sums[index], sums[other]))
                if least < ALIKE * most:
                    continue
                common = sum(weight[leaf] for leaf in found & self.leaves[other])
                likeness = common / (sums[index] + sums[other] - common)
                if likeness >= ALIKE:
                    yield other, index, round(likeness, 3)


def _weight(total: int, count: int) -> float:
    """Return how much a test that so many rules make says about a rule."""
    return log(total / count) + 0.1


def tells(logic: Logic) -> bool:
    """Return whether a rule asks anything besides which events it reads."""
    return any(leaves(tree) for tree in logic.filters)


def _reads_less(logic: Logic) -> bool:
    """Return whether a rule leaves out some events of its source, and then asks for something."""
    chosen = (leaf for tree in logic.scope for leaf in leaves(tree))
    return tells(logic) or (
        bool(logic.extra) and any(leaf.literal.kind != "source" for leaf in chosen)
    )


def _is_specific(logic: Logic) -> bool:
    """Return whether a rule asks for some value, not just for what is not there."""
    asked = (leaf for tree in logic.filters for leaf in leaves(tree))
    return any(leaf.holds and leaf.literal.kind != "exists" for leaf in asked)
