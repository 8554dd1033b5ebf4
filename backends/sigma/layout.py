"""YAML text as the Sigma repository lays it out: lists indented, texts that may change quoted.

Written for documents of texts, numbers, dates, lists and maps. PyYAML's own emitter takes as long
as all the rest of a conversion; here it is asked only about texts that need escapes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import yaml

_INDENT = 4
_WIDE = 2**31
# YAML 1.2, 7.3.3: what a plain text may not begin with, may not contain, and may not end with
_INDICATORS = frozenset("#,[]{}&*!|>'\"%@`")
_BEFORE_SPACE = frozenset("-?:")


class Quoted(str):
    """A text that is written in single quotes, so that YAML cannot read it as another type."""

    __slots__ = ()


def dump(documents: Sequence[Mapping[str, Any]]) -> str:
    """Return the documents as YAML text, keys in the given order, `---` between documents."""
    return "---\n".join("".join(_map(document, 0)) for document in documents)


def _map(value: Mapping[str, Any], indent: int) -> Iterator[str]:
    space = " " * indent
    for key, inner in value.items():
        yield from _entry(f"{space}{_text(key)}:", inner, indent)


def _list(values: Sequence[Any], indent: int) -> Iterator[str]:
    space = " " * indent
    for value in values:
        if isinstance(value, Mapping) and value:
            # the first key stands on the line of the dash, the others below it
            inner = "".join(_map(value, indent + len("- ")))
            yield f"{space}- {inner.lstrip(' ')}"
        else:
            yield from _entry(f"{space}-", value, indent)


def _entry(head: str, value: Any, indent: int) -> Iterator[str]:
    """Yield the lines of what follows a key or a dash."""
    if isinstance(value, list) and value:
        yield f"{head}\n"
        yield from _list(value, indent + _INDENT)
    elif not isinstance(value, str) and isinstance(value, Mapping) and value:
        yield f"{head}\n"
        yield from _map(value, indent + _INDENT)
    else:
        yield f"{head} {_scalar(value, indent)}\n"


def _scalar(value: Any, indent: int) -> str:
    """Return a text, number, date, empty list or empty map."""
    match value:
        case Quoted():
            return _quoted(value)
        case str() if "\n" in value:
            return _lines(value, indent + _INDENT)
        case str():
            return _text(value)
        case list():
            return "[]"
        case Mapping():
            return "{}"
        case _:
            return _asked(value)


def _quoted(text: str) -> str:
    # single quotes know no escapes, and YAML folds the line breaks of other alphabets there
    return "'" + text.replace("'", "''") + "'" if text.isprintable() else _escaped(text)


@lru_cache(maxsize=1024)
def _text(text: str) -> str:
    """Return a text of one line: as it is if YAML reads it as that text, else quoted."""
    return text if text.isprintable() and _is_plain(text) else _quoted(text)


def _is_plain(text: str) -> bool:
    if not text or text[0] in _INDICATORS or text.startswith(("---", "...")):
        return False
    if text[0] in _BEFORE_SPACE and text[1:2] in ("", " "):
        return False
    if text[0] == " " or text[-1] in " :" or ": " in text or " #" in text:
        return False
    table = yaml.SafeDumper.yaml_implicit_resolvers
    return not any(form.match(text) for _, form in (*table.get(text[0], ()), *table.get(None, ())))


def _lines(text: str, indent: int) -> str:
    """Return a text of several lines as a literal block, or on one line with escapes."""
    lines = text.split("\n")
    if not (lines[0] and lines[-1] and all(map(_stands_alone, lines))):
        return _escaped(text)
    space = " " * indent
    return "\n".join(("|-", *(space + line if line else "" for line in lines)))


def _stands_alone(line: str) -> bool:
    """Return whether a line keeps every character in a literal block."""
    return line.isprintable() and line == line.strip()


def _escaped(text: str) -> str:
    return _asked(str(text), style='"')


@lru_cache(maxsize=1024, typed=True)
def _asked(value: Any, style: str | None = None) -> str:
    """Return a scalar as PyYAML writes it, on one line."""
    written = yaml.safe_dump(value, default_style=style, allow_unicode=True, width=_WIDE)
    return str(written).removesuffix("\n").removesuffix("\n...")
