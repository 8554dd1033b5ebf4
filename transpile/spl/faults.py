"""From a fault found while parsing to the one error that leaves the package.

Grammar code raises `Fault` with offsets of the text it reads; `syntax_error` turns it, and every
exception of pyparsing, into `SplSyntaxError` with places in the text as its author wrote it.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

import pyparsing as pp

from transpile.errors import MacroError, Span, SplSyntaxError
from transpile.spl.source import SourceText

_WORD = re.compile(r'"[^"]*"?|\w+|\S')
_SPACE = re.compile(r"\s*")

# What may be meant when a command goes on after it could have ended.
_HINTS = {
    "eval": "join values with an operator, separate assignments with commas",
    "where": "join conditions with AND or OR; texts stand in double quotes",
    "search": "put values with special characters in double quotes",
}


class Fault(pp.ParseSyntaxException):
    """A fault at text[loc:end]; pyparsing does not try another alternative after it."""

    def __init__(
        self,
        text: str,
        loc: int,
        message: str,
        code: str,
        hint: str = "",
        end: int | None = None,
    ) -> None:
        super().__init__(text, loc, message)
        # Packrat copies a fault by its args.
        self.args = (text, loc, message, code, hint, end)  # type: ignore[assignment]
        self.code = code
        self.message = message
        self.hint = hint
        self.end = end


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return "did you mean ...?" for the nearest known word, or an empty text."""
    near = difflib.get_close_matches(word.lower(), list(known), n=1, cutoff=0.7)
    return f"did you mean '{near[0]}'?" if near else ""


def missing(text: str, loc: int, what: str, hint: str = "") -> Fault:
    """Return the fault "`what` is missing" before whatever stands at `loc`."""
    found = _next_word(text, loc)
    seen = f"before {found!r}" if found else "at the end"
    return Fault(text, loc, f"{what} is missing {seen}", code="SPL103", hint=hint)


def _next_word(text: str, loc: int) -> str:
    space = _SPACE.match(text, loc)
    word = _WORD.match(text, space.end() if space else loc)
    return word.group()[:40] if word else ""


def syntax_error(
    source: SourceText,
    start: int,
    end: int,
    message: str,
    *,
    code: str,
    hint: str = "",
) -> SplSyntaxError:
    """Return the error for source.text[start:end], placed in the original text."""
    found = source.span(start, end)
    span = Span(found.start, min(found.end, len(source.original)))
    line, column, snippet = source.place(span.start)
    kind = MacroError if code.startswith("SPL2") else SplSyntaxError
    return kind(
        message,
        code=code,
        line=line,
        column=column,
        snippet=snippet,
        hint=hint,
        width=max(1, min(span.end - span.start, len(snippet) - column + 1)),
        span=span,
    )


def from_pyparsing(
    source: SourceText, base: int, text: str, error: pp.ParseBaseException, command: str
) -> SplSyntaxError:
    """Return the error for an exception raised while `text` was parsed.

    base: offset of `text` in source.text.  command: the name shown in the message.
    """
    space = _SPACE.match(text, error.loc)
    loc = space.end() if space else error.loc
    if isinstance(error, Fault):
        end = error.end if error.end is not None else loc + max(1, len(_next_word(text, loc)))
        return syntax_error(
            source, base + loc, base + end, error.message, code=error.code, hint=error.hint
        )
    found = _next_word(text, loc)
    wanted = re.sub(r"^[Ee]xpected ", "", str(error.msg)).split(", found", 1)[0]
    hint = ""
    if not found:
        message, code = f"{wanted} is missing at the end of '{command}'", "SPL103"
    elif wanted == "end of text":
        message, code = f"unexpected {found!r} in '{command}'", "SPL101"
        hint = _HINTS.get(command, "")
    else:
        message, code = f"expected {wanted} before {found!r} in '{command}'", "SPL101"
    end = base + loc + max(1, len(found))
    return syntax_error(source, base + loc, end, message, code=code, hint=hint)
