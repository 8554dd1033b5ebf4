"""Patterns and whole words as regular expressions that any flavour can say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from transpile.ir.pattern import Part, Pattern, Wild
from transpile.ir.regex import Regex, parse_regex

_SPECIAL = frozenset(r"\^$.|?*+()[]{}/#-")
_INSIDE = r"[^ \t\r\n\[\]<>(){}|!;,'\x22*&?+]"
"""A character of a term: none of the major breakers of spl-semantics 2.7."""


def patterns_regex(patterns: Sequence[Pattern], *, cased: bool = True) -> Regex:
    """Return the expression that finds a match in a text that is one of the patterns as a whole."""
    flags = "(?s)" if cased else "(?si)"
    return parse_regex(flags + "|".join(map(_whole, patterns)))


def _whole(pattern: Pattern) -> str:
    parts = list(pattern.parts)
    start, end = "^", "\\z"
    if parts[:1] == [Wild.RUN]:
        parts, start = parts[1:], ""
    if parts[-1:] == [Wild.RUN]:
        parts, end = parts[:-1], ""
    return start + _body(parts, {Wild.RUN: ".*", Wild.ONE: "."}) + end


def keyword_regex(pattern: Pattern, cased: bool) -> Regex:
    """Return the expression by which a keyword is found in raw text (spl-semantics 2.7).

    The neighbours are consumed instead of looked at, which every flavour can say; for a test
    whether it occurs that is the same.
    """
    wild = {Wild.RUN: f"{_INSIDE}*", Wild.ONE: _INSIDE}
    body = _body(pattern.parts, wild)
    flags = "" if cased else "(?i)"
    return parse_regex(f"{flags}(?:^|[^A-Za-z0-9])(?:{body})(?:[^A-Za-z0-9]|\\z)")


def _body(parts: Sequence[Part], wild: Mapping[Wild, str]) -> str:
    """Return an expression for a pattern; wild: what its wildcards are."""
    return "".join(
        "".join(f"\\{c}" if c in _SPECIAL else c for c in part)
        if isinstance(part, str)
        else wild[part]
        for part in parts
    )
