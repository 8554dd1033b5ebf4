"""The product of automata: a text that some accept and others miss, or that there is none.

Wildcard patterns, of which there may be many, take a step together: their states stand side by side
in one integer (`_Row`). Regular expressions and orders take theirs one by one.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from heapq import heappop, heappush

from transpile.records import dataclass
from transpile.verify.prove.languages import NO_CHAR, Globbed, Language

Wanted = tuple[Language, bool]
"""An automaton, and whether it is to accept the text."""


class Undecided(Exception):
    """Nothing is known, with the reason in words."""


@dataclass(slots=True)
class Budget:
    """Steps of automata that may still be taken."""

    left: int

    def take(self, steps: int) -> None:
        """Count some steps. Raises `Undecided` if there are none left."""
        self.left -= steps
        if self.left < 0:
            raise Undecided("the patterns are too many to compare")


def in_product(parts: Sequence[Wanted], budget: Budget) -> str | None:
    """Return a text that all automata accept, or miss, as wanted; None if there is none.

    The states that promise most come first: the least to go for the automata that must accept.
    """
    row = _Row([(part, wanted) for part, wanted in parts if isinstance(part, Globbed)])
    others = [(part, wanted) for part, wanted in parts if not isinstance(part, Globbed)]
    chars = _representatives(parts)
    sides = {code: tuple(part.beside(code) for part, _ in others) for code in (NO_CHAR, *chars)}
    taken = [(code, row.kind(code)) for code in chars]
    start = row.initial, tuple(part.initial for part, _ in others)
    seen: set[tuple[int, tuple[int, ...], Hashable]] = {(*start, sides[NO_CHAR])}
    waiting = [(0, 0, start, NO_CHAR, "")]
    number = 0
    while waiting:
        _, _, (states, machines), before, text = heappop(waiting)
        if row.accepts(states) and all(
            part.accepts(mask, before) is wanted
            for (part, wanted), mask in zip(others, machines, strict=True)
        ):
            return text
        budget.take(len(chars) * len(parts))
        for code, kind in taken:
            after = row.step(states, kind)
            if after is None:
                continue
            led = _stepped(others, machines, before, code) if others else ()
            if led is None or (key := (after, led, sides[code])) in seen:
                continue
            seen.add(key)
            number += 1
            to_go = row.to_go(after) + sum(
                part.to_go(mask)
                for (part, wanted), mask in zip(others, led, strict=True)
                if wanted
            )
            heappush(waiting, (to_go + len(text), number, (after, led), code, text + chr(code)))
    return None


class _Row:
    """Wildcard patterns side by side: those of one are some bits of the states of all.

    spans: the bits of each that must accept.  lower: by the bit of a run, the bits of its pattern
    before it.  lost: those from which one accepts all that it is to miss.
    """

    def __init__(self, parts: Iterable[tuple[Globbed, bool]]) -> None:
        self.initial = self.runs = self.finals = self.wanted = self.lost = 0
        self.parts: list[tuple[Globbed, int]] = []
        self.spans: list[tuple[int, int]] = []
        self.lower: dict[int, int] = {}
        at = 0
        for part, wanted in parts:
            first, final = 1 << at, part.final << at
            self.parts.append((part, at))
            self.initial |= part.initial << at
            self.runs |= part.runs << at
            self.finals |= final
            if wanted:
                self.wanted |= final
                self.spans.append((2 * final - first, final.bit_length()))
            elif part.settled(part.final):
                self.lost |= final
            for place in range(len(part.symbols)):
                if part.runs >> place & 1:
                    self.lower[first << place] = (first << place) - first
            at = final.bit_length()

    def kind(self, code: int) -> int:
        """Return the states that a character leads on from."""
        return sum(part.kind(code) << at for part, at in self.parts)

    def step(self, states: int, kind: int) -> int | None:
        """Return the states behind a character, None if all texts from there are wrong for one.

        What can be matched from before a run can be matched from the run too: only the states from
        the last run on are kept.
        """
        after = (states & kind) << 1 | states & self.runs
        after |= (after & self.runs) << 1
        reached = after & self.runs & ~states
        while reached:
            last = 1 << reached.bit_length() - 1
            after &= ~self.lower[last]
            reached ^= last
        if after & self.lost or not all(after & span for span, _ in self.spans):
            return None
        return after

    def accepts(self, states: int) -> bool:
        """Return whether all accept, or miss, as wanted."""
        return states & self.finals == self.wanted

    def to_go(self, states: int) -> int:
        """Return a guess of the characters that are missing for those that must accept."""
        return sum(end - (states & span).bit_length() for span, end in self.spans)


def _stepped(
    parts: Sequence[Wanted], states: tuple[int, ...], before: int, code: int
) -> tuple[int, ...] | None:
    """Return the states behind a character, None if all texts from there are wrong for one."""
    after = []
    for (part, wanted), mask in zip(parts, states, strict=True):
        states_after = part.step(mask, before, code)
        if not states_after if wanted else part.settled(states_after):
            return None
        after.append(states_after)
    return tuple(after)


def _representatives(parts: Sequence[Wanted]) -> list[int]:
    """Return one character for each set of characters that no automaton tells apart."""
    cuts = sorted({0, ord("x"), *(cut for part, _ in parts for cut in part.cuts)})
    codes = [_plain(low, high) for low, high in zip(cuts, [*cuts[1:], 0x110000], strict=True)]
    found: dict[Hashable, int] = {}
    for code in sorted((code for code in codes if code < 0x110000), key=_looks):
        found.setdefault(tuple(part.kind(code) for part, _ in parts), code)
    return list(found.values())


def _plain(low: int, high: int) -> int:
    """Return a character of a half-open span, one that reads well if there is one."""
    for wanted in (ord("x"), ord("a"), ord("0"), ord(" "), 0x100):
        if low <= wanted < high:
            return wanted
    return high - 1 if 0xD800 <= low <= 0xDFFF else low


def _looks(code: int) -> tuple[bool, int]:
    return not (chr(code).isalnum() and code < 128), code
