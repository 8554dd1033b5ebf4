"""What a person sees: results on stdout; messages, colours and progress on stderr."""

from __future__ import annotations

import io
import os
import sys
import time
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO, TypeVar

from transpile.errors import TranspileError, UsageError

T = TypeVar("T")

_COLORS = {"red": "31", "green": "32", "yellow": "33", "bold": "1", "dim": "2"}
_WIDTH = 24
_EVERY = 0.1
"""Seconds between two drawings of the progress line."""


class Terminal:
    """stderr with colour only on a terminal and `NO_COLOR` honoured; stdout is for results."""

    def __init__(self, *, color: str = "auto", quiet: bool = False) -> None:
        self.quiet = quiet
        self.live = is_terminal(sys.stderr) and not quiet
        self._color = color
        self._drawn = False

    def paint(self, text: str, color: str, *, stream: str = "stderr") -> str:
        """Return the text in a colour, if the stream shows colours."""
        target = sys.stdout if stream == "stdout" else sys.stderr
        automatic = is_terminal(target) and not os.environ.get("NO_COLOR")
        on = self._color == "always" or (self._color == "auto" and automatic)
        return f"\x1b[{_COLORS[color]}m{text}\x1b[0m" if on else text

    def result(self, text: str) -> None:
        """Print a result to stdout. Raises `UsageError` OUT501 if there is no stdout."""
        if sys.stdout is None:
            raise UsageError("standard output is closed", code="OUT501")
        self._clear()
        with _writing():
            print(text)

    def say(self, text: str) -> None:
        """Print a message unless the user wants quiet."""
        if not self.quiet:
            self._message(text)

    def error(self, error: TranspileError | str) -> None:
        """Print an error, always; control characters in it are neutralised."""
        text = error if isinstance(error, str) else error.render()
        self._message(printable(text))

    def progress(self, items: Iterable[T], total: int, what: str) -> Iterator[T]:
        """Yield the items; on a terminal a line shows how far it is and for how long it runs."""
        started = drawn = time.monotonic()
        for number, item in enumerate(items, 1):
            now = time.monotonic()
            if self.live and now - drawn >= _EVERY:
                drawn = now
                self._draw(number, total, what, now - started)
            yield item
        self._clear()

    def _draw(self, number: int, total: int, what: str, seconds: float) -> None:
        filled = _WIDTH * number // max(total, 1)
        bar = "#" * filled + "." * (_WIDTH - filled)
        line = f"\r\x1b[K{what} [{bar}] {number}/{total} rules, {seconds:.0f} s"
        print(line, end="", file=sys.stderr, flush=True)
        self._drawn = True

    def _clear(self) -> None:
        if self._drawn:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
            self._drawn = False

    def _message(self, text: str) -> None:
        self._clear()
        print(text, file=sys.stderr)


def flush() -> None:
    """Hand all results to the system. Raises `UsageError` OUT501, `BrokenPipeError`."""
    if sys.stdout is not None:
        with _writing():
            sys.stdout.flush()


def abandon_stdout() -> None:
    """Send what is still to come to nowhere, so that nothing fails once more at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        abandon_stdout()
        message = f"cannot write to standard output: {error.strerror or error}"
        raise UsageError(message, code="OUT501") from error


def is_terminal(stream: TextIO | None) -> bool:
    """Return whether a person reads the stream; a closed one is None."""
    return stream is not None and stream.isatty()


def use_utf8() -> None:
    """Let stdout and stderr take every text in any locale: UTF-8, lone surrogates escaped."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def printable(text: str) -> str:
    """Return text without control characters, so that no rule can steer the user's terminal."""
    return "".join(
        c if c in "\n\t" or unicodedata.category(c)[0] != "C" else "\ufffd" for c in text
    )


def one_line(text: str) -> str:
    """Return printable text on one line."""
    return printable(" ".join(text.split()))


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return rows as aligned columns under a header."""
    lines = [list(header), *(list(map(str, row)) for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
    shown = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]
    return "\n".join([shown[0], "  ".join("-" * width for width in widths), *shown[1:]])
