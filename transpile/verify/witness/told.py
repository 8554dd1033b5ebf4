"""Whether an event tells two predicates apart, for many that share most of what they ask."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field

from transpile.interpret import Row, compile_pred
from transpile.ir.pred import Not, Pred
from transpile.records import dataclass
from transpile.verify.prove.apart import apart

Decide = Callable[[Row], bool]


@dataclass(frozen=True, slots=True)
class Told:
    """Decides rows. What the pairs asked about share is compiled once, known by its identity."""

    known: dict[tuple[int, bool], tuple[Pred, Decide]] = field(default_factory=dict)

    def between(self, one: Pred, other: Pred) -> Decide:
        """Return what decides whether one of two predicates finds a row and the other does not.

        Raises `NotComputable` as the interpreter does.
        """
        found = apart(one, other)
        first, second = (_decide(each, found.positive) for each in (found.one, found.other))
        shared = [(self._kept(part.pred, part.positive), part.wanted) for part in found.shared]

        def tells(row: Row) -> bool:
            if first(row) is second(row):
                return False
            for decide, wanted in shared:  # noqa: SIM110 - a generator takes longer
                if decide(row) is not wanted:
                    return False
            return True

        return tells

    def _kept(self, pred: Pred, positive: bool) -> Decide:
        key = (id(pred), positive)
        found = self.known.get(key)
        if found is None:
            found = self.known[key] = (pred, _decide(pred, positive))
        return found[1]


def _decide(pred: Pred, positive: bool) -> Decide:
    """Return what decides a predicate. positive: False under an odd number of `Not`."""
    if positive:
        return compile_pred(pred)
    negated = compile_pred(Not(pred))
    return lambda row: not negated(row)
