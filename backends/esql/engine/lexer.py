"""Tokens of ES|QL (spec/eql-semantics.md 14.1): the emitter's quoting is not used here."""

from __future__ import annotations

import re
from typing import Literal

from transpile.backends.esql.engine.errors import esql_error

from transpile.records import dataclass

TokenKind = Literal["name", "quoted name", "string", "integer", "decimal", "sign", "end"]

_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+|//[^\r\n]*|/\*.*?\*/)
    |\"\"\"(?P<raw>[^\r\n]*?\"{0,2})\"\"\"(?!\")
    |"(?P<string>(?:[^"\\\r\n]|\\[tnr"\\])*)"
    |(?P<decimal>[0-9]+\.[0-9]*(?:[eE][+-]?[0-9]+)?|[0-9]*\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+)
    |(?P<integer>[0-9]+)
    |(?P<name>[A-Za-z][A-Za-z0-9_]*|[_@][A-Za-z0-9_]+)
    |`(?P<backtick>(?:[^`]|``)+)`
    |(?P<sign>==|!=|<=|>=|[-<>=:+*/%()\[\],.|?])
    """,
    re.VERBOSE | re.DOTALL,
)
_CONTROL = {"t": "\t", "n": "\n", "r": "\r"}
_INDEX = re.compile(r"[A-Za-z0-9_.*\-]+")


@dataclass(frozen=True, slots=True)
class Token:
    """A token: `text` is the name, sign or decoded string; `position`, `end` its place."""

    kind: TokenKind
    text: str
    position: int
    end: int


def tokens(text: str) -> tuple[Token, ...]:
    """Return the tokens of a query, an `end` token last. Raises `EsqlError` with the place."""
    found: list[Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise esql_error(f"unexpected character {text[at]!r}", text, at)
        token = _token(match)
        if token is not None:
            found.append(token)
        at = match.end()
    return (*found, Token("end", "", len(text), len(text)))


def _token(match: re.Match[str]) -> Token | None:
    start, end = match.span()
    match match.lastgroup:
        case "raw":
            return Token("string", match["raw"], start, end)
        case "string":
            return Token("string", _unescaped(match["string"]), start, end)
        case "backtick":
            return Token("quoted name", match["backtick"].replace("``", "`"), start, end)
        case "name" | "decimal" | "integer" | "sign" as kind:
            return Token(kind, match[0], start, end)
        case _:
            return None


def _unescaped(body: str) -> str:
    return re.sub(r"\\(.)", lambda found: _CONTROL.get(found[1], found[1]), body)


def index_pattern(text: str, at: int) -> tuple[str, int]:
    """Return the unquoted index pattern at a place, and where it ends."""
    found = _INDEX.match(text, at)
    if found is None:
        raise esql_error("an index pattern is expected", text, at)
    return found[0], found.end()
