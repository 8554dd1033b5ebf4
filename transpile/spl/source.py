"""Search text with its history: where each character of the expanded text came from.

Macro expansion and comment removal change the text before it is parsed. `SourceText` keeps the
text that is parsed, the text its author wrote, and the map between the two, so that every node and
every error points into the author's text. Expanded characters point at the macro call.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field

from transpile.errors import Span


@dataclass(frozen=True, slots=True)
class MacroCall:
    """One macro call: its name and arguments, its place in the original and in the expanded text."""

    name: str
    args: tuple[str, ...]
    span: Span
    start: int
    end: int
    depth: int


@dataclass(frozen=True, slots=True)
class SourceText:
    """The text to parse and its map to the original.

    text: what is parsed.  original: what the author wrote.  starts/origins: run i covers
    text[starts[i]:starts[i+1]]; origins[i] is the place of its first character in `original`;
    fixed[i] is the end in `original` when the whole run stands for one place (a macro call), else
    -1 (characters map one to one).  calls: the macro calls, outermost first, in text order.
    """

    text: str
    original: str
    starts: tuple[int, ...] = (0,)
    origins: tuple[int, ...] = (0,)
    fixed: tuple[int, ...] = (-1,)
    calls: tuple[MacroCall, ...] = field(default=())

    @classmethod
    def plain(cls, text: str) -> SourceText:
        """Return a text that stands for itself."""
        return cls(text, text)

    def _run(self, offset: int) -> int:
        return max(0, bisect_right(self.starts, offset) - 1)

    def origin(self, offset: int) -> int:
        """Return the place in the original of one character of the expanded text."""
        run = self._run(offset)
        if self.fixed[run] >= 0:
            return self.origins[run]
        return min(self.origins[run] + offset - self.starts[run], len(self.original))

    def span(self, start: int, end: int) -> Span:
        """Return the range in the original that a range of the expanded text stands for."""
        first = self.origin(start)
        if end <= start:
            return Span(first, first)
        run = self._run(end - 1)
        last = self.fixed[run] if self.fixed[run] >= 0 else self.origin(end - 1) + 1
        return Span(first, max(first, last))

    def macros_in(self, start: int, end: int) -> tuple[MacroCall, ...]:
        """Return the macro calls whose expansion overlaps a range of the expanded text."""
        return tuple(c for c in self.calls if c.start < end and start < max(c.end, c.start + 1))
