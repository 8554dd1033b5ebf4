"""Regular expressions as automata that know the character before and the one that follows."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable, Sequence
from enum import Enum
from functools import lru_cache
from itertools import accumulate
from operator import xor
from typing import assert_never

from transpile.ir.regex import tree as t
from transpile.ir.regex.charset import ALL, Spans, complement, of_char, of_class
from transpile.verify.bits import indices

MOST_STATES = 3000


class NoMachine(Exception):
    """A condition has no automaton here; the reason in words."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class _Side(Enum):
    """What stands beside a place in a text."""

    EDGE = "nothing"
    LINE = "a line end"
    WORD = "a letter, digit or underscore"
    OTHER = "another character"

    __hash__ = object.__hash__  # members are compared by identity; Enum's own hash is slow


_WORD = t.RANGES[t.NamedSet.WORD]
_EDGES: tuple[int, ...] = (10, 11, *(cut for low, high in _WORD for cut in (low, high + 1)))


@lru_cache(maxsize=4096)
def _side(code: int) -> _Side:
    if code < 0:
        return _Side.EDGE
    if code == 10:
        return _Side.LINE
    return _Side.WORD if any(low <= code <= high for low, high in _WORD) else _Side.OTHER


_AT_ENDS = frozenset((t.At.START, t.At.END, t.At.LAST_END))
"""Anchors that ask whether a text begins or ends, not for the characters beside a place."""


class Machine:
    """The automaton of an expression that matches somewhere in a text (`whole`: all of it).

    asserts: whether it asks what stands beside a place; bound: whether the text begins there.
    """

    def __init__(self, tree: t.Node, *, whole: bool) -> None:
        self.whole = whole
        self.takes: list[tuple[Spans, int] | None] = []
        self.jumps: list[list[tuple[t.At | None, int]]] = []
        self.asserts = self.bound = False
        self.final = self._state()
        first = self._build(tree, self.final, tail=True)
        self.first = 1 << first
        self.initial = self.first
        self.cuts = self._cuts()
        self.jumping = sum(1 << at for at, jumps in enumerate(self.jumps) if jumps)
        self.changes, self.taking = _swept([take and take[0] for take in self.takes])
        self.steps: dict[tuple[int, _Side, int], int] = {}
        self.closures: dict[tuple[int, _Side, _Side], int] = {}

    # -- building --------------------------------------------------------------------------------

    def _state(self) -> int:
        if len(self.takes) >= MOST_STATES:
            raise NoMachine("a regular expression that is too long")
        self.takes.append(None)
        self.jumps.append([])
        return len(self.takes) - 1

    def _taking(self, spans: Spans, after: int) -> int:
        state = self._state()
        self.takes[state] = (spans, after)
        return state

    def _jumping(self, *targets: int) -> int:
        state = self._state()
        self.jumps[state] += [(None, target) for target in targets]
        return state

    def _build(self, node: t.Node, after: int, *, tail: bool) -> int:
        """Return the state from which a match of the node leads to `after`.

        tail: nothing can be matched behind the node.
        """
        match node:
            case t.Chars(text, ignore_case):
                for char in reversed(text):
                    after = self._taking(of_char(char, ignore_case), after)
                return after
            case t.Dot(newline):
                return self._taking(ALL if newline else complement(((10, 10),)), after)
            case t.CharClass():
                spans = of_class(node)
                if spans is None:
                    raise NoMachine("a Unicode property")
                return self._taking(spans, after)
            case t.Anchor(at):
                return self._anchor(at, after, tail)
            case t.Capture(body):
                return self._build(body, after, tail=tail)
            case t.Repeat(body, low, high, greed):
                if greed is t.Greed.POSSESSIVE:
                    raise NoMachine("a possessive quantifier")
                return self._repeat(body, low, high, after)
            case t.Concat(items):
                last = True
                for item in reversed(items):
                    after = self._build(item, after, tail=tail and last)
                    last = last and t.width(item)[1] == 0
                return after
            case t.Alt(branches):
                return self._jumping(*(self._build(b, after, tail=tail) for b in branches))
            case t.Look():
                raise NoMachine("a lookaround")
            case t.BackRef():
                raise NoMachine("a back-reference")
            case t.Atomic():
                raise NoMachine("an atomic group")
            case t.KeepOut():
                return after
            case _:
                assert_never(node)

    def _repeat(self, body: t.Node, low: int, high: int | None, after: int) -> int:
        if high is None:
            loop = self._jumping(after)
            again = self._build(body, loop, tail=False)
            self.jumps[loop].append((None, again))
            after = loop
        else:
            skipped = after
            for _ in range(high - low):
                after = self._jumping(self._build(body, after, tail=False), skipped)
        for _ in range(low):
            after = self._build(body, after, tail=False)
        return after

    def _anchor(self, at: t.At, after: int, tail: bool) -> int:
        self.asserts = self.asserts or at not in _AT_ENDS
        self.bound = self.bound or at is t.At.START
        state = self._state()
        if at is not t.At.LAST_END:
            self.jumps[state].append((at, after))
            return state
        if not tail:
            raise NoMachine("`$` inside an expression")
        ended = self._state()
        self.jumps[ended].append((t.At.END, after))
        line = self._taking(((10, 10),), ended)
        self.jumps[state] += [(None, ended), (None, line)]
        return state

    def _cuts(self) -> frozenset[int]:
        found = {edge for take in self.takes if take for low, high in take[0]
                 for edge in (low, high + 1)}
        return frozenset(found | set(_EDGES) if self.asserts else found)

    def kind(self, code: int) -> Hashable:
        """Return what the automaton sees of a character."""
        taken = self._taken(code)
        return (taken, _side(code)) if self.asserts else taken

    def beside(self, before: int) -> Hashable:
        """Return what the automaton remembers of the character before, besides the states."""
        if self.asserts:
            return _side(before)
        return before < 0 if self.bound else None

    def _taken(self, code: int) -> int:
        """Return the states that a character leads on from."""
        return self.taking[bisect_right(self.changes, code)]

    # -- running ---------------------------------------------------------------------------------

    def _closure(self, states: int, before: _Side, after: _Side) -> int:
        if not states & self.jumping:
            return states
        key = (states, before, after)
        found = self.closures.get(key)
        if found is None:
            found = self.closures[key] = self._closed(states, before, after)
        return found

    def _closed(self, states: int, before: _Side, after: _Side) -> int:
        found, waiting = states, indices(states & self.jumping)
        while waiting:
            for at, target in self.jumps[waiting.pop()]:
                if not found >> target & 1 and (at is None or _holds(at, before, after)):
                    found |= 1 << target
                    waiting.append(target)
        return found

    def step(self, states: int, before: int, code: int) -> int:
        if self.settled(states):
            return states
        side = _side(before) if self.asserts or before < 0 else _Side.OTHER
        key = (states, side, code)
        found = self.steps.get(key)
        if found is None:
            found = self.steps[key] = self._step(states, side, code)
        return found

    def _step(self, states: int, side: _Side, code: int) -> int:
        closed = self._closure(states, side, _side(code) if self.asserts else _Side.OTHER)
        if not self.whole and closed >> self.final & 1:
            return 1 << self.final  # found: whatever follows
        result = 0 if self.whole else self.first
        for at in indices(closed & self._taken(code)):
            take = self.takes[at]
            assert take is not None
            result |= 1 << take[1]
        return result

    def accepts(self, states: int, before: int) -> bool:
        return bool(self._closure(states, _side(before), _Side.EDGE) >> self.final & 1)

    def settled(self, states: int) -> bool:
        """Return whether the text is accepted whatever follows, as far as that is seen."""
        return not self.whole and states == 1 << self.final

    def to_go(self, states: int) -> int:
        """Return a guess of the characters missing for a match; states are built from its end."""
        return 0 if states >> self.final & 1 else 1


def _swept(spans: Sequence[Spans | None]) -> tuple[list[int], list[int]]:
    """Return where a character begins to lie in other spans, and in which it lies up to there."""
    turned: dict[int, int] = {}
    for at, each in enumerate(spans):
        for low, high in each or ():
            for edge in (low, high + 1):
                turned[edge] = turned.get(edge, 0) ^ 1 << at
    changes = sorted(turned)
    return changes, list(accumulate((turned[edge] for edge in changes), xor, initial=0))


def _holds(at: t.At, before: _Side, after: _Side) -> bool:
    match at:
        case t.At.START:
            return before is _Side.EDGE
        case t.At.END | t.At.LAST_END:
            return after is _Side.EDGE
        case t.At.LINE_START:
            return before is _Side.EDGE or (before is _Side.LINE and after is not _Side.EDGE)
        case t.At.LINE_END:
            return after in (_Side.EDGE, _Side.LINE)
        case t.At.WORD_EDGE | t.At.WORD_INNER:
            edge = (before is _Side.WORD) != (after is _Side.WORD)
            return edge == (at is t.At.WORD_EDGE)
        case _:
            assert_never(at)
