"""Tokens of EQL: spec/eql-semantics.md 1.8, 2.1 and 4.1 to 4.3.

The scanner shares nothing with the emitter's quoting (`backends/eql/text.py`), so that a wrong
quote there shows here.
"""

from __future__ import annotations

import re
from typing import Literal

from transpile.backends.eql.engine.errors import eql_error

from transpile.records import dataclass

TokenKind = Literal["name", "quoted name", "keyword", "string", "integer", "decimal", "sign", "end"]

KEYWORDS = frozenset(
    {
        "and", "any", "by", "false", "in", "join", "like", "maxspan", "not", "null", "of", "or",
        "regex", "sample", "sequence", "true", "until", "where", "with",
    }
)  # fmt: skip
MAX_LENGTH = 1_000_000

_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+|//[^\r\n]*|/\*.*?\*/)
    |(?P<raw>\"\"\"(?P<body>[^\r\n]*?)\"\"\"(?P<more>\"{0,2}))
    |(?P<string>"(?:[^"\\\r\n]|\\.)*")
    |(?P<decimal>[0-9]*\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+)
    |(?P<integer>[0-9]+)
    |(?P<name>[A-Za-z_@][A-Za-z0-9_@]*~?)
    |(?P<backtick>`(?:[^`\r\n]|``)+`)
    |(?P<sign>!\[|==|!=|<=|>=|[<>:=+\-*/%()\[\],.|?])
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:([btnfr\"'\\])|u\{([0-9a-fA-F]{2,8})\}|(.?))", re.DOTALL)
_CONTROL = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r"}


@dataclass(frozen=True, slots=True)
class Token:
    """A token: `text` is the name, sign or decoded string; `position` its offset in the query."""

    kind: TokenKind
    text: str
    position: int


def tokens(text: str) -> tuple[Token, ...]:
    """Return the tokens of a query, an `end` token last. Raises `EqlError` with the place."""
    if len(text) > MAX_LENGTH:
        raise eql_error(f"the query is longer than {MAX_LENGTH} characters", text, 0)
    found: list[Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise eql_error(_complaint(text, at), text, at)
        token = _token(match, text)
        if token is not None:
            found.append(token)
        at = match.end()
    return (*found, Token("end", "", len(text)))


def token_end(text: str, position: int) -> int:
    """Return where the token that begins at an offset of a query ends."""
    match = _TOKEN.match(text, position)
    return match.end() if match else position + 1


def _token(match: re.Match[str], text: str) -> Token | None:
    at = match.start()
    match match.lastgroup:
        case "raw":
            return Token("string", match["body"] + match["more"], at)
        case "string":
            return Token("string", _unescape(match["string"], text, at), at)
        case "backtick":
            return Token("quoted name", match["backtick"][1:-1].replace("``", "`"), at)
        case "name":
            name = match["name"]
            return Token("keyword" if name.rstrip("~") in KEYWORDS else "name", name, at)
        case "decimal" | "integer" | "sign" as kind:
            return Token(kind, match[0], at)
        case _:
            return None


def _unescape(quoted: str, text: str, at: int) -> str:
    def one(escape: re.Match[str]) -> str:
        plain, code, wrong = escape.groups()
        if plain:
            return _CONTROL.get(plain, plain)
        if code and int(code, 16) <= 0x10FFFF:
            return chr(int(code, 16))
        place = at + 1 + escape.start()
        raise eql_error(f"unknown escape \\{wrong or 'u'} in a string", text, place, width=2)

    return _ESCAPE.sub(one, quoted[1:-1])


def _complaint(text: str, at: int) -> str:
    match text[at]:
        case '"' | "`":
            return "a quote is not closed"
        case "'":
            return "strings stand in double quotes"
        case "/" if text.startswith("/*", at):
            return "a comment is not closed"
        case char:
            return f"unexpected character {char!r}"
