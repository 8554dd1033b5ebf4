"""Neighbours of a rule by logic: broader, narrower, the same, nearly the same.

A rule is broader than another when every event that the other finds meets all its filters. Pairs
are proposed by an index, never formed one by one: a broader rule is filed under its rarest filter,
and only rules from which that filter can follow look at it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import log

from transpile.catalog.logic import Leaf, Logic, leaves
from transpile.catalog.relation import Implications, Known, missing

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


def neighbours(logics: Sequence[Logic | None]) -> list[Neighbours]:
    """Return the neighbours of every rule; None stands for a rule that could not be read."""
    work = _Work(logics)
    found = [Neighbours() for _ in logics]
    related = frozenset(work.implications())
    for narrow, wide in sorted(related):
        dropped = work.dropped(narrow, wide)
        if not work.complete(wide):
            found[narrow].reading.append(Neighbour(wide, dropped, work.extra(wide)))
        elif (wide, narrow) in related and work.complete(narrow):
            found[narrow].same.append(Neighbour(wide))
        else:
            twin = work.differ_in_scope(narrow, wide)
            dropped += work.extra(narrow)
            found[narrow].broader.append(Neighbour(wide, dropped, twin=twin))
            found[wide].narrower.append(Neighbour(narrow, dropped, twin=twin))
    for left, right, likeness in work.alike():
        if (left, right) in related or (right, left) in related:
            continue
        for one, other in ((left, right), (right, left)):
            only, others = work.dropped(one, other), work.dropped(other, one)
            found[one].alike.append(Neighbour(other, only, others, likeness))
    for item in found:
        for kind in KINDS:
            getattr(item, kind).sort(key=lambda n: (-n.likeness, len(n.dropped), n.index))
    return found


class _Work:
    """The rules of a catalogue with what follows from each of their literals."""

    def __init__(self, logics: Sequence[Logic | None]) -> None:
        self.logics = logics
        known = Implications()
        for logic in logics:
            if logic is not None:
                known.add(leaf.literal for leaf in (*logic.leaves(), *logic.given))
        self.known: Known = known.known()
        self.leaves = [frozenset() if x is None else frozenset(x.leaves()) for x in logics]
        self.usage = Counter(leaf for found in self.leaves for leaf in found)

    def complete(self, index: int) -> bool:
        """Return whether an event that meets the filters of a rule is found by it."""
        logic = self.logics[index]
        return logic is not None and logic.complete

    def extra(self, index: int) -> tuple[str, ...]:
        """Return what a rule asks besides its filters, in words."""
        logic = self.logics[index]
        return () if logic is None else logic.extra

    def dropped(self, narrow: int, wide: int) -> tuple[str, ...]:
        """Return the filters of one rule that do not follow from those of another, in words."""
        logic = self.logics[narrow]
        return () if logic is None else tuple(map(logic.said, self._lost(narrow, wide)))

    def differ_in_scope(self, narrow: int, wide: int) -> bool:
        """Return whether a rule asks nothing more than a broader one but which events it reads."""
        logic = self.logics[narrow]
        return (
            logic is not None
            and not logic.extra
            and all(at < len(logic.scope) for at in self._lost(narrow, wide))
        )

    def _lost(self, narrow: int, wide: int) -> list[int]:
        left, right = self.logics[narrow], self.logics[wide]
        if left is None or right is None:
            return []
        return missing(right.known, left.trees, self.known)

    def implications(self) -> Iterator[tuple[int, int]]:
        """Yield (narrow, wide) for every pair of which the first implies the second."""
        filed, anywhere = self._filed()
        for narrow, logic in enumerate(self.logics):
            if logic is None or not _tells(logic):
                continue
            reach = frozenset[Leaf]().union(
                *(self.known[leaf] for leaf in (*self.leaves[narrow], *logic.given))
            )
            proposed = dict.fromkeys(anywhere)
            for leaf in reach:
                proposed.update(dict.fromkeys(filed.get(leaf, ())))
            for wide in proposed:
                if wide != narrow and self._follows(reach, logic, wide):
                    yield narrow, wide

    def _filed(self) -> tuple[Mapping[Leaf, list[int]], list[int]]:
        """Return the rules by the leaves of their rarest filter, and those without leaves."""
        filed: dict[Leaf, list[int]] = defaultdict(list)
        anywhere: list[int] = []
        for index, logic in enumerate(self.logics):
            if logic is None or not _tells(logic):
                continue
            choices = [frozenset(leaves(tree)) for tree in logic.trees]
            rarest = min(choices, key=lambda found: sum(self.usage[leaf] for leaf in found))
            for leaf in rarest:
                filed[leaf].append(index)
            if not rarest:
                anywhere.append(index)
        return filed, anywhere

    def _follows(self, reach: frozenset[Leaf], narrow: Logic, wide: int) -> bool:
        """Return whether every filter of a rule follows; first if some leaf of each is reached."""
        logic = self.logics[wide]
        return (
            logic is not None
            and all(any(leaf in reach for leaf in leaves(tree)) for tree in logic.trees)
            and not missing(narrow.known, logic.trees, self.known)
        )

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
