"""The SPL front end: search text to syntax tree, with positions and errors."""

from __future__ import annotations

from transpile.spl.parser import parse, parse_expression, parse_filter
from transpile.spl.source import MacroCall, SourceText, strip_comments

__all__ = [
    "MacroCall",
    "SourceText",
    "parse",
    "parse_expression",
    "parse_filter",
    "strip_comments",
]
