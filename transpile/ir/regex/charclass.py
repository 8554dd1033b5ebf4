"""Bracket expressions: parsing, and the set of characters that one accepts."""

from __future__ import annotations

import re

from transpile.ir.regex import tree as t
from transpile.ir.regex.escapes import POSIX_NAMES, read_escape
from transpile.ir.regex.fold import is_cased_range
from transpile.ir.regex.model import RegexError

_POSIX = re.compile(r"\[:(\^?)([A-Za-z]*):\]")
_COLLATING = re.compile(r"\[([.=:])[^\]]*\1\]")
_CASED_SETS = {t.NamedSet.LOWER: t.NamedSet.ALPHA, t.NamedSet.UPPER: t.NamedSet.ALPHA}


def read_class(text: str, start: int, ignore_case: bool) -> tuple[t.CharClass, int]:
    """Return the class whose bracket stands at `start`, and the offset behind it.

    Raises RegexError. Source: pcre2pattern(3), "Square brackets and character classes".
    """
    if _COLLATING.match(text, start):
        raise RegexError("a named class is only known inside brackets: [[:name:]]", start)
    at = start + 1
    negated = text.startswith("^", at)
    at += negated
    first = at
    items: list[t.ClassItem] = []
    quoted = False
    low: str | None = None  # what a following hyphen would make the lower end of a range
    hyphen = after_set = False
    while at < len(text):
        if quoted or text.startswith(("\\Q", "\\E"), at):
            if text.startswith(("\\Q", "\\E"), at):
                quoted, at = text[at + 1] == "Q", at + 2
                continue
            value: str | t.ClassItem = text[at]
            end = at + 1
        elif text[at] == "]" and at > first:
            items += [t.Range(45, 45)] * hyphen
            return _build(items, negated, ignore_case), at + 1
        elif text[at] == "-" and low is not None and not hyphen:
            hyphen, at = True, at + 1
            continue
        elif text[at] == "-" and after_set and not text.startswith("]", at + 1):
            raise RegexError("a range in a class starts with a set", at)
        else:
            value, end = _item(text, at, ignore_case)
        if not hyphen:
            items.append(t.Range(ord(value), ord(value)) if isinstance(value, str) else value)
            low = value if isinstance(value, str) else None
            after_set = low is None
        elif isinstance(value, str) and low is not None:
            if value < low:
                raise RegexError("a range in a class is out of order", at)
            items[-1] = t.Range(ord(low), ord(value))
            low, hyphen = None, False
        else:
            raise RegexError("a range in a class ends in a set", at)
        at = end
    raise RegexError("a bracket is not closed", start)


def _item(text: str, at: int, ignore_case: bool) -> tuple[str | t.ClassItem, int]:
    if text[at] == "[":
        if found := _POSIX.match(text, at):
            return _posix(found, ignore_case), found.end()
        if _COLLATING.match(text, at):
            raise RegexError("a collating element, which PCRE does not support", at)
    if text[at] != "\\":
        return text[at], at + 1
    if escape := read_escape(text, at + 1, octal=True):
        return escape.value, escape.end
    letter = text[at + 1]
    if letter == "b":
        return "\b", at + 2
    if letter in "89":
        return letter, at + 2
    raise RegexError(f"unknown escape \\{letter} in a class", at)


def _posix(found: re.Match[str], ignore_case: bool) -> t.Named:
    if found[2] not in POSIX_NAMES:
        raise RegexError(f"unknown class [:{found[2]}:]", found.start())
    name = POSIX_NAMES[found[2]]
    return t.Named(_CASED_SETS.get(name, name) if ignore_case else name, found[1] == "^")


def _build(items: list[t.ClassItem], negated: bool, ignore_case: bool) -> t.CharClass:
    cased = ignore_case and any(
        isinstance(item, t.Range) and is_cased_range(item.low, item.high) for item in items
    )
    return t.CharClass(tuple(items), negated, cased)
