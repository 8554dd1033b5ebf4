"""Neighbours of a rule by logic: broader, narrower, the same, nearly the same.

A rule is broader than another when every event that the other finds meets all its filters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field

from transpile.catalog.logic import Logic
from transpile.catalog.pairs import Logics, Related, related
from transpile.records import dataclass


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


def neighbours(logics: Logics, known: Related | None = None) -> list[Neighbours]:
    """Return the neighbours of every rule; None stands for a rule that could not be read.

    known: what `related` gives, if that is known already.
    """
    pairs = related(logics) if known is None else known
    found = [Neighbours() for _ in logics]
    for narrow, wide in sorted(pairs.implied):
        left, right = logics[narrow], logics[wide]
        assert left is not None
        assert right is not None
        lost = pairs.lost[narrow, wide]
        dropped = tuple(map(left.said, lost))
        if not right.complete:
            found[narrow].reading.append(Neighbour(wide, dropped, right.extra))
        elif (wide, narrow) in pairs.implied and left.complete:
            found[narrow].same.append(Neighbour(wide))
        else:
            twin = _is_scope(left, lost)
            dropped += left.extra
            found[narrow].broader.append(Neighbour(wide, dropped, twin=twin))
            found[wide].narrower.append(Neighbour(narrow, dropped, twin=twin))
    for (left_at, right_at), likeness in pairs.likeness.items():
        if {(left_at, right_at), (right_at, left_at)} & pairs.implied:
            continue
        for one, other in ((left_at, right_at), (right_at, left_at)):
            only, others = _said(logics, pairs, one, other), _said(logics, pairs, other, one)
            found[one].alike.append(Neighbour(other, only, others, likeness))
    for item in found:
        for kind in KINDS:
            getattr(item, kind).sort(key=lambda n: (-n.likeness, len(n.dropped), n.index))
    return found


def _said(logics: Logics, pairs: Related, one: int, other: int) -> tuple[str, ...]:
    """Return in words what a rule asks that does not follow from another."""
    logic = logics[one]
    return () if logic is None else tuple(map(logic.said, pairs.lost[one, other]))


def _is_scope(logic: Logic, positions: Sequence[int]) -> bool:
    """Return whether conjuncts, all that a rule asks more, say only which events are read."""
    return not logic.extra and all(at < len(logic.scope) for at in positions)
