"""What a person sees: messages, colours, progress, tables. Everything here goes to stderr or is text."""

from __future__ import annotations

import os
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")

_COLORS = {"red": "31", "green": "32", "yellow": "33", "bold": "1", "dim": "2"}


class Terminal:
    """stderr with colour only on a terminal and `NO_COLOR` honoured; stdout is for results."""

    def __init__(self, *, color: str = "auto", quiet: bool = False) -> None:
        self.quiet = quiet
        self.live = sys.stderr.isatty() and not quiet
        self._color = color

    def paint(self, text: str, color: str, *, stream: str = "stderr") -> str:
        """Return the text in a colour, if the stream shows colours."""
        target = sys.stdout if stream == "stdout" else sys.stderr
        on = self._color == "always" or (
            self._color == "auto" and target.isatty() and not os.environ.get("NO_COLOR")
        )
        return f"\x1b[{_COLORS[color]}m{text}\x1b[0m" if on else text

    def say(self, text: str) -> None:
        """Print a message unless the user wants quiet."""
        if not self.quiet:
            print(text, file=sys.stderr)

    def error(self, text: str) -> None:
        """Print an error, always."""
        print(text, file=sys.stderr)

    def progress(self, items: Sequence[T], what: str) -> Iterator[T]:
        """Yield the items; on a terminal a line shows how far it is."""
        total = len(items)
        for number, item in enumerate(items, 1):
            if self.live and (number % 10 == 0 or number == total):
                filled = 30 * number // total
                bar = "#" * filled + "." * (30 - filled)
                print(f"\r{what} [{bar}] {number}/{total}", end="", file=sys.stderr, flush=True)
            yield item
        if self.live and total:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def printable(text: str) -> str:
    """Return text without control characters, so that no rule can steer the user's terminal."""
    return "".join(c if c in "\n\t" or unicodedata.category(c)[0] != "C" else "\ufffd" for c in text)


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return rows as aligned columns under a header."""
    lines = [list(header), *(list(map(str, row)) for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
    shown = ["  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in lines]
    return "\n".join([shown[0], "  ".join("-" * w for w in widths), *shown[1:]])
