"""Conditions that hold side by side, and whether they leave room for another one.

A search adds one condition at a time and asks about the same ones again and again. A set knows what
the set before it answered, so that each pair is looked at once on the way. Of long lists of texts
that a value must not be, the one that matters is looked up.
"""

from __future__ import annotations

from dataclasses import field
from functools import lru_cache

from transpile.ir.pred import Glob, TextEq
from transpile.ir.text import fold
from transpile.records import dataclass
from transpile.verify.prove.values import Signed, excluded


@dataclass(frozen=True, eq=False, slots=True)
class _Chain:
    """Signed conditions: `last` behind those of `before`; None: there are none."""

    last: Signed | None = None
    before: _Chain | None = None
    known: dict[Signed, bool] = field(default_factory=dict)

    def exclude(self, signed: Signed) -> bool:
        """Return True only if no value meets a signed condition and one of these."""
        found = False
        chain = self
        while chain.before is not None and chain.last is not None:
            known = chain.known.get(signed)
            if known is not None:
                found = known
                break
            if excluded(signed, chain.last):
                found = True
                break
            chain = chain.before
        if self.before is not None:  # the empty one is there for all searches
            self.known[signed] = found
        return found


@dataclass(frozen=True, eq=False, slots=True)
class Bounds:
    """A set of signed conditions.

    texts: folded, those that a value must not be.  equal, others: the conditions that say so, and
    the rest.  meeting: those that a value is to meet.
    """

    all: frozenset[Signed] = frozenset()
    texts: frozenset[str] = frozenset()
    equal: _Chain = _Chain()
    others: _Chain = _Chain()
    meeting: _Chain = _Chain()

    def and_(self, signed: Signed) -> Bounds:
        """Return the set with a condition."""
        if signed in self.all:
            return self
        every = self.all | {signed}
        text = _text_missed(signed)
        if text is not None:
            equal = _Chain(signed, self.equal)
            return Bounds(every, self.texts | {text}, equal, self.others, self.meeting)
        meeting = _Chain(signed, self.meeting) if signed[1] else self.meeting
        return Bounds(every, self.texts, self.equal, _Chain(signed, self.others), meeting)

    def exclude(self, signed: Signed) -> bool:
        """Return True only if no value meets a signed condition and one of these."""
        text = _only_text(signed)
        if text is not None:
            return text in self.texts or self.others.exclude(signed)
        if _leaves_room(signed):
            return self.others.exclude(signed)
        return self.others.exclude(signed) or self.equal.exclude(signed)


NONE = Bounds()


@lru_cache(maxsize=65536)
def _text_missed(signed: Signed) -> str | None:
    """Return the text, folded, that a value must not be in any case; None: it is asked more."""
    condition = signed[0].condition
    missed = isinstance(condition, TextEq) and not condition.cased and not signed[1]
    return fold(condition.text) if isinstance(condition, TextEq) and missed else None


@lru_cache(maxsize=65536)
def _only_text(signed: Signed) -> str | None:
    """Return the text, folded, that a value must be; None if it may be another one."""
    condition = signed[0].condition
    return fold(condition.text) if isinstance(condition, TextEq) and signed[1] else None


@lru_cache(maxsize=65536)
def _leaves_room(signed: Signed) -> bool:
    """Return whether more than one text, whatever its case, is left by a condition."""
    match signed[0].condition:
        case TextEq():
            return not signed[1]
        case Glob(pattern):
            return signed[1] and not pattern.is_literal
        case _:
            return False
