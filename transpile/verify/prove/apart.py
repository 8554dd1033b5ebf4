"""Two predicates without what they share: where they can differ, and what is left of each there.

A mutant differs from its rule in one place. What stands beside that place under an `And` has to
hold for the difference to show, what stands beside it under an `Or` must not.
"""

from __future__ import annotations

from transpile.ir.pred import And, Not, Or, Pred, all_of, any_of, negate
from transpile.records import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """A shared part and the truth value that it needs.

    positive: False if it stands under an odd number of `Not`.
    """

    pred: Pred
    wanted: bool
    positive: bool

    @property
    def met(self) -> Pred:
        """What says that the part has this value."""
        return self.pred if self.wanted else negate(self.pred)


@dataclass(frozen=True, slots=True)
class Apart:
    """Where all `shared` parts are as they need to be, two predicates are `one` and `other`.

    Elsewhere they are the same. positive: False if they are the negations of `one` and `other`.
    """

    shared: tuple[Part, ...]
    one: Pred
    other: Pred
    positive: bool = True

    @property
    def sides(self) -> tuple[Pred, Pred]:
        """What is left of both, that first which meets the first predicate if it is met."""
        return (self.one, self.other) if self.positive else (self.other, self.one)

    @property
    def only_first(self) -> Pred:
        """What the events meet that meet the first predicate and not the second."""
        kept, gone = self.sides
        return all_of((kept, negate(gone), *(part.met for part in self.shared)))


def apart(one: Pred, other: Pred) -> Apart:
    """Return where two predicates can differ, as far as that is seen in how they are written."""
    shared: list[Part] = []
    positive = True
    while one != other:
        if isinstance(one, Not) and isinstance(other, Not):
            one, other, positive = one.arg, other.arg, not positive
            continue
        for kind, join in ((And, all_of), (Or, any_of)):
            ours, theirs = _args(one, kind), _args(other, kind)
            common = set(ours).intersection(theirs)
            if common:
                shared += (Part(arg, kind is And, positive) for arg in ours if arg in common)
                one, other = (join(a for a in args if a not in common) for args in (ours, theirs))
                break
        else:
            break
    return Apart(tuple(shared), one, other, positive)


def _args(pred: Pred, kind: type[And | Or]) -> tuple[Pred, ...]:
    return pred.args if isinstance(pred, kind) else (pred,)
