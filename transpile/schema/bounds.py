"""Predicates between two bounds: how a filter that cannot be said exactly is widened soundly.

Of a condition that a target cannot say exactly, two things can be known: a predicate that it
implies (`upper`) and one that implies it (`lower`). Going down through `and`, `or` and `not` and
taking the upper bound in positive places and the lower one under a negation widens the whole, and
never narrows it; true and false are bounds of everything. So an unsayable conjunct vanishes, an
`or` with an unsayable part vanishes as a whole, and `not (a or unsayable)` keeps `not a`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import field
from operator import is_

from transpile.errors import Span
from transpile.fidelity import Loss
from transpile.ir.pred import FALSE, TRUE, And, Const, Not, Or, Pred, all_of, any_of, negate
from transpile.records import dataclass


@dataclass(frozen=True, slots=True)
class Bounds:
    """`lower` implies the condition, and the condition implies `upper`; equal if it is exact.

    losses: what to tell if a bound stands for the condition.
    """

    upper: Pred
    lower: Pred
    losses: tuple[Loss, ...] = ()

    @classmethod
    def exact(cls, pred: Pred) -> Bounds:
        """Return the bounds of a condition that `pred` says exactly."""
        return cls(pred, pred)

    @classmethod
    def unknown(cls, code: str, message: str, span: Span | None = None) -> Bounds:
        """Return the bounds of a condition that cannot be said at all."""
        return cls(TRUE, FALSE, (Loss(code, message, span),))

    @property
    def is_exact(self) -> bool:
        """True if the bounds are one predicate."""
        return self.upper is self.lower or self.upper == self.lower

    def map(self, change: Callable[[Pred], Pred]) -> Bounds:
        """Return the bounds of a condition that is monotone in this one."""
        upper = change(self.upper)
        lower = upper if self.lower is self.upper else change(self.lower)
        return Bounds(upper, lower, self.losses)


def any_bounds(parts: list[Bounds]) -> Bounds:
    """Return the bounds of a disjunction."""
    return _joined(parts, any_of)


def all_bounds(parts: list[Bounds]) -> Bounds:
    """Return the bounds of a conjunction."""
    return _joined(parts, all_of)


def _joined(parts: list[Bounds], join: Callable[[Iterable[Pred]], Pred]) -> Bounds:
    if len(parts) == 1:
        return parts[0]
    upper = join([part.upper for part in parts])
    exact = all(part.upper is part.lower for part in parts)
    lower = upper if exact else join([part.lower for part in parts])
    return Bounds(upper, lower, tuple(loss for part in parts for loss in part.losses))


def widen(pred: Pred, bounds_of: Callable[[Pred], Bounds]) -> tuple[Pred, tuple[Loss, ...]]:
    """Return a predicate that `pred` implies, made of the bounds of its leaves, and its losses.

    bounds_of: asked for every node but constants, `And`, `Or` and `Not`, once per occurrence.
    Without losses the result means the same as `pred`.
    """
    work = _Widening(bounds_of)
    widened = work.bound(pred, True)
    return widened, tuple(work.losses.values())


@dataclass(slots=True)
class _Widening:
    """One run of `widen`, and what was lost on the way."""

    bounds_of: Callable[[Pred], Bounds]
    losses: dict[tuple[Loss, Span | None], Loss] = field(default_factory=dict)

    def bound(self, node: Pred, upper: bool) -> Pred:
        match node:
            case And(args):
                return self.junction(node, args, upper, FALSE, all_of)
            case Or(args):
                return self.junction(node, args, upper, TRUE, any_of)
            case Not(arg):
                inner = self.bound(arg, not upper)
                return node if inner is arg else negate(inner)
            case _:
                found = self.bounds_of(node)
                if not found.is_exact:
                    self.losses.update({(loss, loss.span): loss for loss in found.losses})
                return found.upper if upper else found.lower

    def junction(
        self,
        node: Pred,
        args: tuple[Pred, ...],
        upper: bool,
        decisive: Const,
        join: Callable[[Iterable[Pred]], Pred],
    ) -> Pred:
        said = []
        for arg in args:
            part = self.bound(arg, upper)
            if isinstance(part, Const) and part == decisive:
                return part
            said.append(part)
        return node if all(map(is_, said, args)) else join(said)
