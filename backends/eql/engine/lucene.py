"""Lucene regular expressions for EQL's `regex` and `regex~`, matched against a whole value.

Syntax: spec/eql-semantics.md 4.7. `^`, `$` are ordinary characters, `.` takes every character,
`@` is any text, `#` matches nothing, `"..."` is literal text. Refused, because no pattern of ours
needs them and releases differ: `~` (complement), `&` (intersection), `<n-m>` (interval), and a
backslash before a letter or digit. Without regard to case single characters fold, ranges do not.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NoReturn

MAX_DEPTH = 100
MAX_REPEAT = 1000
_COUNT = re.compile(r"\{([0-9]{1,5})(,([0-9]{0,5}))?\}")
_REFUSED = {"~": "complement (~)", "&": "intersection (&)", "<": "interval (<n-m>)"}


class LuceneError(ValueError):
    """A pattern that Lucene refuses or that is not read here; the message says where."""


@lru_cache(maxsize=1024)
def compile_lucene(pattern: str, ignore_case: bool) -> Callable[[str], bool]:
    """Return the test of a whole value by a Lucene regular expression.

    Raises `LuceneError` for a pattern that is wrong or uses a refused operator.
    """
    matches = re.compile(python_regex(pattern, ignore_case), re.DOTALL).fullmatch
    return lambda value: matches(value) is not None


def python_regex(pattern: str, ignore_case: bool) -> str:
    """Return an expression of Python (and PCRE) for a whole value, its dot taking newlines.

    Raises `LuceneError` as `compile_lucene`.
    """
    return _Translator(pattern, ignore_case).translate()


class _Translator:
    """One pass over the pattern; every method returns the Python expression of what it read."""

    def __init__(self, pattern: str, ignore_case: bool) -> None:
        self.pattern = pattern
        self.ignore_case = ignore_case
        self.at = 0
        self.depth = 0

    def translate(self) -> str:
        if not self.pattern:
            return ""
        found = self.union()
        if self.at < len(self.pattern):
            self.fail("unbalanced )")
        return found

    def fail(self, message: str) -> NoReturn:
        raise LuceneError(f"{message} at position {self.at} of the pattern")

    def peek(self) -> str:
        return self.pattern[self.at : self.at + 1]

    def take(self) -> str:
        if not (char := self.peek()):
            self.fail("the pattern ends too early")
        self.at += 1
        return char

    def union(self) -> str:
        branches = [self.concatenation()]
        while self.peek() == "|":
            self.at += 1
            branches.append(self.concatenation())
        return "|".join(branches)

    def concatenation(self) -> str:
        parts = []
        while self.peek() not in ("", "|", ")"):
            parts.append(self.repeated())
        if not parts:
            self.fail("an empty alternative is written ()")
        return "".join(parts)

    def repeated(self) -> str:
        found = self.single()
        while (char := self.peek()) and char in "?*+{":
            if char == "{":
                counts = _COUNT.match(self.pattern, self.at)
                if counts is None:
                    self.fail("wrong repetition")
                if max(int(counts[1]), int(counts[3] or 0)) > MAX_REPEAT:
                    self.fail(f"a repetition beyond {MAX_REPEAT}")
                if counts[3] and int(counts[3]) < int(counts[1]):
                    self.fail("the bounds of a repetition are out of order")
                self.at = counts.end()
                found = f"(?:{found}{counts[0]})"
            else:
                self.at += 1
                found = f"(?:{found}{char})"
        return found

    def single(self) -> str:
        char = self.take()
        match char:
            case ".":
                return "."
            case "@":
                return "(?:.*)"
            case "#":
                return "(?!)"
            case "(":
                return self.group()
            case "[":
                return self.char_class()
            case '"':
                return self.quoted()
            case "\\":
                return self.literal(self.escaped())
            case "*" | "+" | "?" | "{":
                return self.fail("nothing to repeat")
            case _ if char in _REFUSED:
                return self.fail(f"the operator {_REFUSED[char]} is not supported")
            case _:
                return self.literal(char)

    def group(self) -> str:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.fail("too many nested groups")
        inner = "" if self.peek() == ")" else self.union()
        if self.take() != ")":
            self.fail("a group is not closed")
        self.depth -= 1
        return f"(?:{inner})"

    def quoted(self) -> str:
        end = self.pattern.find('"', self.at)
        if end < 0:
            self.fail("a quote is not closed")
        text = self.pattern[self.at : end]
        self.at = end + 1
        return "(?:" + "".join(map(self.literal, text)) + ")"

    def escaped(self) -> str:
        char = self.take()
        if char.isascii() and char.isalnum():
            self.fail(f"\\{char} differs between releases and is not supported")
        return char

    def literal(self, char: str) -> str:
        cases = _cases(char) if self.ignore_case else char
        return re.escape(char) if len(cases) == 1 else f"[{_in_class(cases)}]"

    def char_class(self) -> str:
        negated = self.peek() == "^"
        self.at += negated
        items = [self.class_item()]
        while self.peek() != "]":
            items.append(self.class_item())
        self.at += 1
        return f"[{'^' if negated else ''}{''.join(items)}]"

    def class_item(self) -> str:
        low = self.class_char()
        if self.peek() != "-":
            return _in_class(_cases(low) if self.ignore_case else low)
        self.at += 1
        high = self.class_char()
        if high < low:
            self.fail("a range is out of order")
        return f"{_in_class(low)}-{_in_class(high)}"

    def class_char(self) -> str:
        char = self.take()
        return self.escaped() if char == "\\" else char


def _cases(char: str) -> str:
    """Return the character with its other cases of one character."""
    variants = (char, char.lower(), char.upper())
    return "".join(dict.fromkeys(case for case in variants if len(case) == 1))


def _in_class(chars: str) -> str:
    return "".join("\\" + char if char in r"\]^-[&~|" else char for char in chars)
