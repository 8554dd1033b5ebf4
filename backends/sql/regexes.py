"""Regular expressions in the flavour of a dialect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from transpile.backends.sql.values import Scope

from transpile.errors import Unsupported
from transpile.ir.pattern import Pattern, Wild
from transpile.ir.regex import NotExpressible, Purpose, Regex, parse_regex, render

_SPECIAL = frozenset(r"\^$.|?*+()[]{}/#-")
_INSIDE = r"[^ \t\r\n\[\]<>(){}|!;,'\x22*&?+]"
"""A character of a term: none of the major breakers of spl-semantics 2.7."""


def regex_text(regex: Regex, scope: Scope, purpose: Purpose = Purpose.TEST) -> str:
    """Return a regular expression for the dialect. Raises Unsupported TGT605 with the construct."""
    dialect = scope.writer.dialect
    if dialect.flavour is None:
        raise Unsupported(f"{dialect.title} has no regular expressions", code="TGT605")
    try:
        text = render(regex, dialect.flavour, purpose)
    except NotExpressible as error:
        raise Unsupported(f"{dialect.title}: {error}", code="TGT605") from error
    scope.writer.assume("regex")
    return text


def patterns_regex(patterns: Sequence[Pattern]) -> Regex:
    """Return the expression that finds a match in a text that is one of the patterns as a whole."""
    return parse_regex("(?s)" + "|".join(map(_whole, patterns)))


def _whole(pattern: Pattern) -> str:
    parts = list(pattern.parts)
    start, end = "^", "\\z"
    if parts[:1] == [Wild.RUN]:
        parts, start = parts[1:], ""
    if parts[-1:] == [Wild.RUN]:
        parts, end = parts[:-1], ""
    return start + _body(parts, {Wild.RUN: ".*", Wild.ONE: "."}) + end


def _body(parts: Sequence[str | Wild], wild: Mapping[Wild, str]) -> str:
    return "".join(
        "".join(f"\\{c}" if c in _SPECIAL else c for c in part)
        if isinstance(part, str)
        else wild[part]
        for part in parts
    )


def keyword_regex(pattern: Pattern, cased: bool) -> Regex:
    """Return the expression by which a keyword is found in raw text (spl-semantics 2.7).

    The neighbours are consumed instead of looked at, which every flavour can say; for a test
    whether it occurs that is the same.
    """
    wild = {Wild.RUN: f"{_INSIDE}*", Wild.ONE: _INSIDE}
    body = _body(pattern.parts, wild)
    flags = "" if cased else "(?i)"
    return parse_regex(f"{flags}(?:^|[^A-Za-z0-9])(?:{body})(?:[^A-Za-z0-9]|\\z)")
