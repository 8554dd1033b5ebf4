"""From an offset in a value to line and column in the file that the value was written in.

A search in a YAML file is folded, indented, escaped. `ScalarMap` reads the raw text of the scalar
again, the way a YAML reader does, and notes where each character of the value came from.
Source of the folding rules: YAML 1.1, chapters 5.7 (escapes) and 9 (scalar styles).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Literal

from transpile.records import dataclass

Style = Literal["literal", "folded", "double", "single", "plain", "conf", "text", "toml"]

# What is read so far: one (character, place in the file) a character of the value.
Read = list[tuple[str, int]]

_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
_WHITE = " \t\r\n\x85\u2028\u2029"
_RUN = re.compile(r"[^ \t\r\n\x85\u2028\u2029'\\]+")
"""Characters that stand for themselves in every flow style."""
_LINE_END = re.compile(r"\r\n|\n|\r")
_PROPERTIES = re.compile(r"(?:[&!]\S*\s+)*")
_HEADER = re.compile(r"[|>](?P<header>[-+0-9]*)[ \t]*(?:#[^\r\n\x85\u2028\u2029]*)?")
_ESCAPE = re.compile(
    r"\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|\r\n|.)", re.DOTALL
)
_TOML_ESCAPE = re.compile(
    r"\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|[ \t]*\r?\n\s*|.)", re.DOTALL
)
_HEX_ESCAPES = "xuU"
_ESCAPES = {
    "0": "\0", "a": "\a", "b": "\b", "t": "\t", "\t": "\t", "n": "\n", "v": "\v", "f": "\f",
    "r": "\r", "e": "\x1b", " ": " ", '"': '"', "/": "/", "\\": "\\", "N": "\x85", "_": "\xa0",
    "L": "\u2028", "P": "\u2029",
}  # fmt: skip
_KEPT_BREAKS = "\u2028\u2029"


@dataclass(frozen=True, slots=True)
class ScalarMap:
    """Where the characters of a value stand in a file.

    text: the whole file.  start, end: the range of the scalar in it, quotes or indicator included.
    style: how it is written; "conf" for a `.conf` value with continued lines, "toml" for a text of
    TOML with escapes, "text" for a value that stands in the file as it is.
    """

    text: str
    start: int
    end: int
    style: Style

    def index(self, offset: int) -> int:
        """Return the place in the file of one character of the value, or of its end."""
        places = _places(self)
        if offset < len(places):
            return places[offset]
        return places[-1] + 1 if places else self.start

    def position(self, offset: int) -> tuple[int, int]:
        """Return line and column (1-based, in characters) of one character of the value."""
        return self.place(self.index(offset))

    def place(self, place: int) -> tuple[int, int]:
        """Return line and column (1-based, in characters) of a place in the file."""
        starts = _line_starts(self.text)
        line = bisect_right(starts, place)
        return line, place - starts[line - 1] + 1

    def line(self, number: int) -> str:
        """Return a line of the file by its 1-based number, without its line break."""
        starts = _line_starts(self.text)
        if not 1 <= number <= len(starts):
            return ""
        end = starts[number] if number < len(starts) else len(self.text)
        return self.text[starts[number - 1] : end].rstrip("\r\n")

    def value(self) -> str:
        """Return the value as this reading of it sees it; a loader must see the same."""
        return "".join(char for char, _ in _read(self))


@lru_cache(maxsize=64)
def _places(scalar: ScalarMap) -> tuple[int, ...]:
    return tuple(place for _, place in _read(scalar))


@lru_cache(maxsize=64)
def _line_starts(text: str) -> tuple[int, ...]:
    return (0, *(m.end() for m in _LINE_END.finditer(text)))


def _read(scalar: ScalarMap) -> Read:
    start = scalar.start
    if scalar.style not in ("text", "conf", "toml"):
        start = _PROPERTIES.match(scalar.text, start).end()  # type: ignore[union-attr] # may be empty
    return _READERS[scalar.style](scalar.text, start, scalar.end)


def _text(text: str, start: int, end: int) -> Read:
    return list(zip(text[start:end], range(start, end), strict=True))


def _conf(text: str, start: int, end: int) -> Read:
    """A backslash at the end of a line is dropped; the line break after it belongs to the value."""
    read: Read = []
    for place in range(start, end):
        if text[place] == "\r" and text.startswith("\n", place + 1):
            continue
        if text[place] == "\n" and read and read[-1][0] == "\\":
            read.pop()
        read.append((text[place], place))
    return read


def _toml(text: str, start: int, end: int) -> Read:
    """A backslash at the end of a line takes the blanks and breaks behind it along."""
    read: Read = []
    while start < end:
        found = _TOML_ESCAPE.match(text, start) if text[start] == "\\" else None
        if found is None:
            read.append((text[start], start))
            start += 1
        else:
            name = found[0][1]
            code = chr(int(found[0][2:], 16)) if name in _HEX_ESCAPES else _ESCAPES.get(name, "")
            read += [(code, start)] * bool(code.strip() or name in _ESCAPES)
            start = found.end()
    return read


def _break(found: re.Match[str]) -> tuple[str, int]:
    kept = found[0] if found[0] in _KEPT_BREAKS else "\n"
    return kept, found.start()


# --- block scalars --------------------------------------------------------------------------------


def _literal(text: str, start: int, end: int) -> Read:
    return _block(text, start, end, folded=False)


def _folded(text: str, start: int, end: int) -> Read:
    return _block(text, start, end, folded=True)


@dataclass(slots=True)
class _Line:
    """A line of a block scalar: its range without indentation, and the break that ends it."""

    start: int
    end: int
    ending: tuple[str, int] | None


def _block(text: str, start: int, end: int, *, folded: bool) -> Read:
    header = _HEADER.match(text, start)
    if header is None:
        return []
    body = _BREAK.match(text, header.end())
    if body is None:
        return []
    lines = _block_lines(text, body.end(), end, _parent_indent(text, start), header["header"])
    read: Read = []
    pending: tuple[str, int] | None = None  # the break after the last line that has text
    blank: Read = []  # breaks of the empty lines since then
    was_indented = False
    for line in lines:
        if line.start == line.end:
            if line.ending is not None:
                blank.append(line.ending)
            continue
        indented = text[line.start] in " \t"
        if pending is not None:
            if folded and pending[0] == "\n" and not was_indented and not indented:
                read += blank or [(" ", pending[1])]
            else:
                read += [pending, *blank]
        else:
            read += blank
        blank = []
        read += _text(text, line.start, line.end)
        pending, was_indented = line.ending, indented
    return read + _chomped(pending, blank, header["header"])


def _chomped(pending: tuple[str, int] | None, blank: Read, header: str) -> Read:
    kept: Read = [] if pending is None or "-" in header else [pending]
    return kept + blank if "+" in header else kept


def _block_lines(
    text: str, start: int, end: int, parent: int, header: str
) -> list[_Line]:
    """Cut the indentation off each line; the first line with text, or the header, sets it."""
    found: list[tuple[int, int, tuple[str, int] | None]] = []
    while start < end:
        ending = _BREAK.search(text, start, end)
        if ending is None:
            found.append((start, end, None))
            break
        found.append((start, ending.start(), _break(ending)))
        start = ending.end()
    indent = _indentation(text, found, parent, header)
    lines: list[_Line] = []
    for begin, stop, closing in found:
        spaces = _spaces(text, begin, stop)
        lines.append(_Line(begin + min(spaces, indent), stop, closing))
    return lines


def _spaces(text: str, start: int, end: int) -> int:
    position = start
    while position < end and text[position] == " ":
        position += 1
    return position - start


def _indentation(
    text: str, lines: list[tuple[int, int, tuple[str, int] | None]], parent: int, header: str
) -> int:
    """Return the columns that belong to no line's text: indicated, or those of the first line."""
    indicated = next((int(c) for c in header if c.isdigit()), None)
    if indicated is not None:
        return parent + indicated
    indents = (_spaces(text, a, b) for a, b, _ in lines if _spaces(text, a, b) < b - a)
    widest = max((b - a for a, b, _ in lines), default=0)
    return next(indents, widest)


def _parent_indent(text: str, start: int) -> int:
    """Return the column of the key or dash that a block scalar belongs to."""
    begin = max(text.rfind(mark, 0, start) for mark in "\r\n") + 1
    dashes = re.match(r" *(?:- +)*", text[begin:start])
    width = dashes.end() if dashes else 0
    rest = text[begin + width : start]
    if rest and not _PROPERTIES.fullmatch(rest):
        return width
    return max(text.rfind("-", begin, begin + width) - begin, 0)


# --- flow scalars ---------------------------------------------------------------------------------


def _single(text: str, start: int, end: int) -> Read:
    return _flow(text, start + 1, end - 1, _quote_pair)


def _double(text: str, start: int, end: int) -> Read:
    return _flow(text, start + 1, end - 1, _escape)


def _plain(text: str, start: int, end: int) -> Read:
    return _flow(text, start, end, _as_written)


# Reads what stands at a place: the character, and how long it is in the file.
Reader = Callable[[str, int], tuple[str, int]]


def _as_written(text: str, place: int) -> tuple[str, int]:
    return text[place], 1


def _quote_pair(text: str, place: int) -> tuple[str, int]:
    return text[place], 2 if text[place] == "'" else 1


def _escape(text: str, place: int) -> tuple[str, int]:
    found = _ESCAPE.match(text, place)
    if found is None:
        return text[place], 1
    name = found[0][1]
    if name in _HEX_ESCAPES:
        return chr(int(found[0][2:], 16)), len(found[0])
    return _ESCAPES.get(name, ""), len(found[0])  # an escaped line break stands for nothing


def _flow(text: str, start: int, end: int, reader: Reader) -> Read:
    """Join lines: blanks around a break go; one break is a space, n breaks are n - 1 of them."""
    read: Read = []
    place = start
    while place < end:
        run = _RUN.match(text, place, end)
        if run is not None:
            read += zip(run[0], range(place, run.end()), strict=True)
            place = run.end()
        elif text[place] in _WHITE:
            place = _white(text, place, end, read, escaped=False)
        else:
            place = _special(text, place, end, read, reader)
    return read


def _special(text: str, place: int, end: int, read: Read, reader: Reader) -> int:
    """Read a quote or an escape; return where it ends."""
    char, length = reader(text, place)
    if char:
        read.append((char, place))
        return place + length
    return _white(text, place + length, end, read, escaped=True)


def _white(text: str, place: int, end: int, read: Read, *, escaped: bool) -> int:
    """Read blanks and breaks; return where they end. escaped: a break was just escaped away."""
    blanks: Read = []
    breaks: Read = []
    while place < end:
        if text[place] in " \t":
            if not breaks and not escaped:
                blanks.append((text[place], place))
            place += 1
        elif (found := _BREAK.match(text, place)) is not None:
            breaks.append(_break(found))
            place = found.end()
        else:
            break
    if not breaks:
        read += blanks
    elif escaped or breaks[0][0] != "\n":
        read += breaks
    else:
        read += breaks[1:] or [(" ", breaks[0][1])]
    return place


_READERS: Mapping[Style, Callable[[str, int, int], Read]] = {
    "literal": _literal,
    "folded": _folded,
    "double": _double,
    "single": _single,
    "plain": _plain,
    "conf": _conf,
    "text": _text,
    "toml": _toml,
}
