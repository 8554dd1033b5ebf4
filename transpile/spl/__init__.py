"""The SPL front end: search text to syntax tree, with positions and errors.

The grammar is built when the first text is parsed, so that importing the package stays cheap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from transpile.spl.source import MacroCall, SourceText, strip_comments

if TYPE_CHECKING:
    from transpile.spl import ast


def parse(text: str | SourceText, *, custom_commands: frozenset[str] = frozenset()) -> ast.Search:
    """Return the syntax tree of a search.

    text: a search, or a text whose macros were expanded; comments are removed here.
    custom_commands: names (lower case) that parse to `ast.Generic` with any arguments.
    Raises SplSyntaxError: SPL101 to SPL109, and SPL201 for a macro that was not expanded; span,
    line, column and snippet are those of the original text.
    Source: spl-semantics 1 to 5.
    """
    from transpile.spl import parser

    return parser.parse(text, custom_commands)


def parse_subsearch(text: str, *, custom_commands: frozenset[str] = frozenset()) -> ast.Search:
    """Return the syntax tree of a search as it stands in brackets, without the brackets.

    Its first command needs no pipe: `eval a=1` is a command here, for `parse` it is two terms.
    Used for the template of `foreach` after its tokens were replaced.
    Raises SplSyntaxError as `parse` does.
    """
    from transpile.spl import parser

    return parser.parse_subsearch(text, custom_commands)


def parse_filter(text: str) -> ast.Filter:
    """Return the tree of filter terms alone, as they follow `search`.

    Raises SplSyntaxError as `parse` does; a pipe is an error.
    """
    from transpile.spl import parser

    return parser.parse_filter(text)


def parse_expression(text: str) -> ast.Expr:
    """Return the tree of an eval expression alone, as it follows `where`.

    Raises SplSyntaxError as `parse` does; a pipe is an error.
    """
    from transpile.spl import parser

    return parser.parse_expression(text)


__all__ = [
    "MacroCall",
    "SourceText",
    "parse",
    "parse_expression",
    "parse_filter",
    "parse_subsearch",
    "strip_comments",
]
