"""Which events are worth trying: each tells a mutant of the filter from the filter.

The pool holds events near the solutions. For a mutant that no event of the pool tells apart the
prover is asked: it gives an event, or proves that there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from transpile.interpret import NotComputable
from transpile.ir.pred import Pred, Test
from transpile.ir.walk import descend
from transpile.verify.bits import Truths, indices
from transpile.verify.mutate import of_pred
from transpile.verify.prove import Facts, implies
from transpile.verify.witness.maker import Event, Maker

MOST_MUTANTS = 300

MOST_ASKED = 4000
"""Tests in all the predicates that the prover is asked about for one rule."""

MOST_TRIED = 8
"""Events of the pool that are tried for a mutant until one fits all taxonomies."""


def telling(
    pred: Pred, pool: Sequence[Event], maker: Maker, facts: Facts, common: Event
) -> Iterator[Event]:
    """Yield events, completed, so that each mutant of a predicate is told apart by one of them.

    Where there is one, an event that fits every taxonomy is among those that tell it apart.
    common: fields that the predicate does not test and all events get.
    """
    pool = [common | event for event in pool]
    try:
        truths = Truths(list(pool))
        original = truths.of(pred, keep=True)
        changes = [
            (other, original ^ truths.of(other))
            for other, _, _ in islice(of_pred(pred), MOST_MUTANTS)
        ]
    except NotComputable:
        yield from map(maker.completed, pool)
        return
    chosen = _Chosen(pool, maker)
    left = MOST_ASKED // leaves(pred)
    for other, differing in sorted(changes, key=lambda change: change[1].bit_count()):
        if not differing:
            left -= 1
            if left < 0:
                continue
            yield from (
                maker.completed(common | event) for event in _solved(pred, other, facts)
            )
        elif not differing & chosen.fitting:
            yield from chosen.one_of(differing)


def leaves(pred: Pred) -> int:
    """Return how many tests a predicate has, 1 at least."""
    return max(1, sum(1 for node in descend(pred) if isinstance(node, Test)))


class _Chosen:
    """The events of a pool that were taken; fitting: the bits of those that fit everywhere."""

    def __init__(self, pool: Sequence[Event], maker: Maker) -> None:
        self.pool = pool
        self.maker = maker
        self.taken = 0
        self.fitting = 0
        self.unfit = 0

    def one_of(self, places: int) -> Iterator[Event]:
        """Yield an event of some places that fits every taxonomy, else any one of them."""
        for at in islice(indices(places & ~self.unfit), MOST_TRIED):
            event = self.maker.completed(self.pool[at])
            if self.maker.consistent(event):
                self.fitting |= 1 << at
                self.taken |= 1 << at
                yield event
                return
            self.unfit |= 1 << at
        if not places & self.taken:
            at = indices(places)[0]
            self.taken |= 1 << at
            yield self.maker.completed(self.pool[at])


def _solved(pred: Pred, other: Pred, facts: Facts) -> Iterator[Event]:
    """Yield an event that only one of two predicates finds, if the prover knows one."""
    asked: tuple[Callable[[], Event | None], ...] = (
        lambda: implies(pred, other, facts).event,
        lambda: implies(other, pred, facts).event,
    )
    for ask in asked:
        event = ask()
        if event is not None:
            yield event
            return
