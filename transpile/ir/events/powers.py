"""What a target can say besides tests of single events, and what of that a reading came to.

Most rules are read alike for all targets: one that neither joins nor counts depends on nothing
here. A reading keeps what it was asked, so that it serves each target that would answer the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from typing import Literal

from transpile.ir import stages as s
from transpile.ir.expr import Expr
from transpile.records import dataclass

Sourced = s.Events | s.DataModel
Presence = Callable[[Sourced], frozenset[str]]
Naming = Callable[[Expr], Expr]


@dataclass(frozen=True, slots=True)
class Powers:
    """What a target can say; see `event_rule`."""

    joins: Presence | None = None
    named: Naming | None = None
    sequences: bool = False
    several: bool = False

    def name(self, expr: Expr) -> Expr:
        """Return an expression, or the field that the target has for it."""
        return expr if self.named is None else self.named(expr)


Power = Literal["joins", "named", "sequences", "several"]


@dataclass(slots=True)
class Consulted:
    """The powers of one reading, with what it turned on.

    of: those that it asked for.  given: what `name` was given, with what it returned.
    """

    powers: Powers
    of: set[Power] = field(default_factory=set)
    given: list[tuple[Expr, Expr]] = field(default_factory=list)

    @property
    def joins(self) -> Presence | None:
        self.of.add("joins")
        return self.powers.joins

    @property
    def names(self) -> bool:
        """Whether the target has fields for expressions."""
        self.of.add("named")
        return self.powers.named is not None

    @property
    def sequences(self) -> bool:
        self.of.add("sequences")
        return self.powers.sequences

    @property
    def several(self) -> bool:
        self.of.add("several")
        return self.powers.several

    @property
    def inside(self) -> Consulted:
        """The same for a search that is joined to this one, of which less can be said."""
        return Consulted(Powers(named=self.powers.named), self.of, self.given)

    def name(self, expr: Expr) -> Expr:
        """Return what `Powers.name` returns."""
        found = self.powers.name(expr)
        self.given.append((expr, found))
        return found

    def serves(self, other: Powers) -> bool:
        """Return whether a reading with other powers would come to the same."""
        mine = self.powers
        return mine == other or (
            all(getattr(mine, power) == getattr(other, power) for power in self.of)
            and (
                mine.named == other.named
                or all(other.name(expr) == found for expr, found in self.given)
            )
        )
