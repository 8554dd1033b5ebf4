"""The one place where names and values become EQL text (spec/eql-semantics.md 2.1, 4.1 to 4.4)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

# Words that the grammar reads as something else; a field or category of that name is quoted.
_RESERVED = frozenset(
    {
        "and", "any", "by", "false", "in", "join", "like", "maxspan", "not", "null", "of", "or",
        "regex", "runs", "sample", "sequence", "true", "until", "where", "with",
    }
)  # fmt: skip
_IDENTIFIER = re.compile(r"[A-Za-z_@][A-Za-z0-9_@]*")
_ESCAPES: Mapping[str, str] = {
    "\b": r"\b", "\t": r"\t", "\n": r"\n", "\f": r"\f", "\r": r"\r", '"': r"\"", "\\": r"\\",
}  # fmt: skip
_LUCENE_SPECIAL = re.compile(r'[.?+*|{}\[\]()"\\#@&<>~^$-]')


def string(value: str) -> str:
    """Return a value as an EQL string; a raw one if that spares backslashes."""
    if value.isprintable() and '"' not in value:
        return f'"""{value}"""' if "\\" in value else f'"{value}"'
    return '"' + "".join(map(_escaped, value)) + '"'


def _escaped(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    return char if char.isprintable() else f"\\u{{{ord(char):02x}}}"


def number(value: int | float) -> str:
    """Return a number as an EQL literal."""
    return repr(value)


@lru_cache(maxsize=4096)
def field(path: str, *, optional: bool = False) -> str:
    """Return a field by its dotted path, with backticks around the parts that need them."""
    quoted = ".".join(map(_part, path.split(".")))
    return f"?{quoted}" if optional else quoted


def _part(name: str) -> str:
    if _IDENTIFIER.fullmatch(name) and name not in _RESERVED:
        return name
    return "`" + name.replace("`", "``") + "`"


def category(name: str) -> str:
    """Return the event category of a query, `any` being the word for all events."""
    if name == "any" or (_IDENTIFIER.fullmatch(name) and name not in _RESERVED):
        return name
    return string(name)


def lucene_literal(value: str) -> str:
    """Return text as part of a Lucene regular expression that matches it alone (4.7)."""
    return _LUCENE_SPECIAL.sub(r"\\\g<0>", value)


def span(seconds: float) -> str:
    """Return a time span in the largest unit that says it in whole numbers."""
    milliseconds = round(seconds * 1000)
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)):
        if milliseconds % size == 0:
            return f"{milliseconds // size}{unit}"
    return f"{milliseconds}ms"
