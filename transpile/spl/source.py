"""Search text with its history: where each character of the expanded text came from.

Macro expansion and comment removal change the text before it is parsed. `SourceText` keeps the
text that is parsed, the text its author wrote, and the map between the two, so that every node and
every error points into the author's text. Expanded characters point at the macro call.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import field

from transpile.errors import Span
from transpile.records import dataclass, replace

_QUOTED_OR_COMMENT = re.compile(
    r'\\.|"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\Z)|```.*?```', re.DOTALL
)

OPAQUE_COMMAND = "opaquemacro"
"""Stands for a macro that nobody defines where a command is expected: `opaquemacro name(1)`."""
OPAQUE_FIELD = "OPAQUE_MACRO"
"""Stands for such a macro inside a filter: `OPAQUE_MACRO="name(1)"`."""


@dataclass(frozen=True, slots=True)
class MacroCall:
    """One macro call: name and arguments, place in the original and in the expanded text."""

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
        return bisect_right(self.starts, offset) - 1  # starts[0] is 0

    def origin(self, offset: int) -> int:
        """Return the place in the original of one character of the expanded text."""
        return self._origin(self._run(offset), offset)

    def _origin(self, run: int, offset: int) -> int:
        place = self.origins[run]
        if self.fixed[run] >= 0:
            return place
        return min(place + offset - self.starts[run], len(self.original))

    def span(self, start: int, end: int) -> Span:
        """Return the range in the original that a range of the expanded text stands for."""
        run = self._run(start)
        first = self._origin(run, start)
        if end <= start:
            return Span(first, first)
        if run + 1 < len(self.starts) and self.starts[run + 1] < end:
            run = self._run(end - 1)
        last = self.fixed[run] if self.fixed[run] >= 0 else self._origin(run, end - 1) + 1
        return Span(first, max(first, last))

    def only_place(self, start: int, end: int) -> Span | None:
        """Return the macro call that a range of the expanded text stands in, None if in no one."""
        first, last = self._run(start), self._run(max(start, end - 1))
        places = {(self.origins[run], self.fixed[run]) for run in range(first, last + 1)}
        origin, fixed = places.pop()
        return None if places or fixed < 0 else Span(origin, fixed)

    def macros_in(self, start: int, end: int) -> tuple[MacroCall, ...]:
        """Return the macro calls whose expansion overlaps a range of the expanded text."""
        return tuple(c for c in self.calls if c.start < end and start < max(c.end, c.start + 1))

    def place(self, offset: int) -> tuple[int, int, str]:
        """Return line and column (1-based) of a place in the original, and that line's text."""
        before = self.original.rfind("\n", 0, offset) + 1
        after = self.original.find("\n", offset)
        line = self.original[before : after if after >= 0 else len(self.original)]
        return self.original.count("\n", 0, offset) + 1, offset - before + 1, line.rstrip("\r")


def strip_comments(source: SourceText | str) -> SourceText:
    """Return the text with every comment between triple backticks replaced by one space.

    Inside double quotes triple backticks are text.  A comment that is not closed is left where it
    is; the parser then reports its backticks.
    Source: SM "Add comments to searches".
    """
    whole = SourceText.plain(source) if isinstance(source, str) else source
    found = _QUOTED_OR_COMMENT.finditer(whole.text)
    cuts = [(m.start(), m.end(), " ") for m in found if m.group().startswith("`")]
    return splice(whole, cuts) if cuts else whole


def splice(source: SourceText, cuts: list[tuple[int, int, str]]) -> SourceText:
    """Replace ranges (in text order, not overlapping) and carry the map and the calls along."""
    pieces: list[str] = []
    starts: list[int] = []
    origins: list[int] = []
    fixed: list[int] = []
    shifts: list[tuple[int, int]] = []
    length = position = 0

    def keep(start: int, end: int) -> None:
        nonlocal length
        for run in range(source._run(start), len(source.starts)):
            first = max(start, source.starts[run])
            last = min(end, source.starts[run + 1] if run + 1 < len(source.starts) else end)
            if first >= end:
                break
            starts.append(length + first - start)
            origins.append(source.origin(first))
            fixed.append(source.fixed[run])
            if last >= end:
                break
        pieces.append(source.text[start:end])
        length += end - start

    for start, end, filling in cuts:
        keep(position, start)
        where = source.span(start, end)
        starts.append(length)
        origins.append(where.start)
        fixed.append(where.end)
        pieces.append(filling)
        length += len(filling)
        shifts.append((end, length - end))
        position = end
    keep(position, len(source.text))

    def moved(offset: int) -> int:
        index = bisect_right(shifts, (offset, length)) - 1
        return offset + (shifts[index][1] if index >= 0 else 0)

    calls = tuple(replace(c, start=moved(c.start), end=moved(c.end)) for c in source.calls)
    return SourceText(
        "".join(pieces), source.original, tuple(starts), tuple(origins), tuple(fixed), calls
    )
