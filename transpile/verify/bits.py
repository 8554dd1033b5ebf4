"""Predicates over many rows at once: the rows for which one is true, as the bits of an integer.

The mutants of a predicate share all but one path with it; what they share is decided once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field

from transpile.interpret import Context, Row
from transpile.interpret.context import Scope
from transpile.interpret.predicates import compile_pred
from transpile.ir import pred as p
from transpile.ir.pred import Pred
from transpile.records import dataclass


@dataclass(slots=True)
class Truths:
    """Decides predicates over fixed rows. Raises `NotComputable` where the interpreter does.

    scope: what the predicates are compiled with.
    """

    rows: Sequence[Row]
    scope: Scope = field(default_factory=lambda: Scope(Context()))
    known: dict[tuple[int, bool], tuple[Pred, int]] = field(default_factory=dict)

    @property
    def all(self) -> int:
        """The bits of all rows."""
        return (1 << len(self.rows)) - 1

    def of(self, pred: Pred, *, keep: bool = False, positive: bool = True) -> int:
        """Return the rows for which a predicate is true.

        keep: remember this tree by its identity.  positive: False under an odd number of `Not`.
        """
        key = (id(pred), positive)
        found = self.known.get(key)
        if found is not None:
            return found[1]
        bits = self._decide(pred, keep, positive)
        if keep:
            self.known[key] = (pred, bits)  # the tree is kept alive, so that its id is its own
        return bits

    def _decide(self, pred: Pred, keep: bool, positive: bool) -> int:
        match pred:
            case p.And(args):
                bits = self.all
                for arg in args:
                    bits &= self.of(arg, keep=keep, positive=positive)
                return bits
            case p.Or(args):
                bits = 0
                for arg in args:
                    bits |= self.of(arg, keep=keep, positive=positive)
                return bits
            case p.Not(arg):
                return self.all & ~self.of(arg, keep=keep, positive=not positive)
            case p.Unknown(decided=known) if known is not None:
                return self.of(known, keep=keep, positive=positive)
            case p.Unknown():
                return self.all if positive else 0
            case _:
                decide = compile_pred(pred, self.scope)
                return sum(1 << at for at, row in enumerate(self.rows) if decide(row))


def indices(bits: int) -> list[int]:
    """Return the places of the bits, ascending."""
    found = []
    while bits:
        low = bits & -bits
        found.append(low.bit_length() - 1)
        bits ^= low
    return found
