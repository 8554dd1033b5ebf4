"""The text of one command on its way through the grammar, and SPL's quoting rules."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Self

from transpile.errors import Span
from transpile.spl import ast
from transpile.spl.source import SourceText

QUOTED = r'"[^"\\]*(?:\\.[^"\\]*)*"'
SINGLE = r"'[^'\\]*(?:\\.[^'\\]*)*'"

_ESCAPE = re.compile(r'\\([\\"])')
_SINGLE_ESCAPE = re.compile(r"\\([\\'])")
_PIPE_ESCAPE = re.compile(r'\\([\\"|])')


class Slice(str):
    """A part of the source that knows its place and its subsearches.

    base: offset of its first character in source.text.  searches: the parsed subsearches by the
    offset of their `[`; between the brackets the text is blank, so that grammars see `[   ]`.
    A str subclass because pyparsing hands the text, and nothing else, to parse actions.
    """

    base: int
    source: SourceText
    searches: Mapping[int, ast.Search]

    @classmethod
    def of(
        cls, text: str, source: SourceText, base: int, searches: Mapping[int, ast.Search]
    ) -> Self:
        """Return the text with its place attached."""
        made = cls(text)
        made.base, made.source, made.searches = base, source, searches
        return made

    def span(self, start: int, end: int) -> Span:
        """Return the range in the original for text[start:end]."""
        return self.source.span(self.base + start, self.base + end)


def span_of(text: str, start: int, end: int) -> Span:
    """Return the span of text[start:end] for a text that a parse action was given."""
    assert isinstance(text, Slice)
    return text.span(start, end)


def search_at(text: str, loc: int) -> ast.Search:
    """Return the subsearch whose `[` stands at `loc`."""
    assert isinstance(text, Slice)
    return text.searches[loc]


def unescape(text: str) -> str:
    r"""Return a quoted text after SPL's one level of unescaping: `\\` and `\"` only.

    Source: spl-semantics 1.3 (SR/search, "Quotes and escaping characters").
    """
    return _ESCAPE.sub(r"\1", text) if "\\" in text else text


def unquote(text: str) -> tuple[str, bool]:
    """Return the meaning of a word as written and whether it stood in double quotes.

    A bare word gets the same unescaping, and `\\|` is a literal pipe there.
    """
    if text[:1] == '"':
        return unescape(text[1:-1]), True
    if "\\" in text:
        return _PIPE_ESCAPE.sub(r"\1", text), False
    return text, False


def unquote_name(text: str) -> str:
    """Return a field name as written without its double or single quotes."""
    if text[:1] == "'" and text[-1:] == "'" and len(text) > 1:
        return _SINGLE_ESCAPE.sub(r"\1", text[1:-1])
    return unquote(text)[0]
