"""Conditions that hold side by side, and whether they leave room for another one.

A search adds one condition at a time and asks about the same ones again and again. A set knows what
the set before it answered, so that each pair is looked at once on the way.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from transpile.verify.prove.values import Signed, excluded


@dataclass(frozen=True, eq=False, slots=True)
class Bounds:
    """A set of signed conditions: `last` behind those of `before`; None: it is empty.

    rest: those that values are to meet, None if that is all of them.
    """

    all: frozenset[Signed] = frozenset()
    last: Signed | None = None
    before: Bounds | None = None
    rest: Bounds | None = None
    known: dict[Signed, bool] = field(default_factory=dict)

    def and_(self, signed: Signed) -> Bounds:
        """Return the set with a condition."""
        if signed in self.all:
            return self
        rest = self.rest
        if not signed[1]:
            rest = self.meeting
        elif rest is not None:
            rest = rest.and_(signed)
        return Bounds(self.all | {signed}, signed, self, rest)

    @property
    def meeting(self) -> Bounds:
        """Those of the conditions that values are to meet."""
        return self if self.rest is None else self.rest

    def exclude(self, signed: Signed) -> bool:
        """Return True only if no value meets a signed condition and one of these."""
        found = False
        bounds = self
        while bounds.before is not None and bounds.last is not None:
            known = bounds.known.get(signed)
            if known is not None:
                found = known
                break
            if excluded(signed, bounds.last):
                found = True
                break
            bounds = bounds.before
        if self.before is not None:  # the empty set is there for all searches
            self.known[signed] = found
        return found

    @property
    def contradictory(self) -> bool:
        """Whether the last condition is seen to be excluded by one before it."""
        return self.last is not None and self.before is not None and self.before.exclude(self.last)


NONE = Bounds()
