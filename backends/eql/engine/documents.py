"""Documents as Elasticsearch indexes them: flat names, lists of values, a type per field.

A mapping gives the Elasticsearch type of each field; a value that the type cannot hold leaves the
field out, as with `ignore_malformed`. Without a mapping every value keeps the type it came with.
Sources: spec/eql-semantics.md 2.4 to 2.12, 6.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from math import isfinite
from typing import Any

from transpile.backends.eql.engine.tree import Value

from transpile.ir.decide import text
from transpile.ir.text import number

Mapped = Mapping[str, str]
Document = Mapping[str, tuple[Value, ...]]


def index_document(source: Mapping[str, Any], mapping: Mapped | None = None) -> Document:
    """Return a document's fields with their values; nulls and empty lists leave no field.

    source: flat (`{"a.b": 1}`) or nested (`{"a": {"b": 1}}`), a value text, number, bool or a list.
    """
    found: dict[str, list[Value]] = {}
    for path, value in _leaves("", source):
        stored = value if mapping is None else _stored(value, mapping.get(path, ""))
        if stored is not None:
            found.setdefault(path, []).append(stored)
    return {path: tuple(values) for path, values in found.items()}


def _stored(value: Value, kind: str) -> Value:
    """Return what a field of a type holds for queries: nothing for types EQL cannot read (2.7)."""
    return COERCE[kind](value) if kind in COERCE else None


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Value]]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _leaves(f"{path}.{name}" if path else name, item)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for item in value:
            yield from _leaves(path, item)
    elif value is not None:
        yield path, value


# -- types: how a value of the source is stored ---------------------------------------------------


def text_of(value: Value) -> str | None:
    """Return a value as a keyword field stores it and `string()` writes it; null stays null."""
    match value:
        case None | str():
            return value
        case bool():
            return "true" if value else "false"
        case _:
            return repr(value)


def millis_of(value: Value) -> int | float | None:
    """Return a date as milliseconds since 1970: a number is one, text is ISO 8601 (UTC if bare)."""
    match value:
        case None | bool():
            return None
        case int() | float():
            return value
        case str():
            try:
                when = datetime.fromisoformat(value)
            except ValueError:
                return None
            moment = when if when.tzinfo else when.replace(tzinfo=UTC)
            return round(moment.timestamp() * 1000, 3)


def address_of(value: Value) -> str | None:
    """Return an IP address in its one canonical spelling, None for anything else."""
    try:
        return str(ipaddress.ip_address(value)) if isinstance(value, str) else None
    except ValueError:
        return None


def _whole(value: Value) -> int | None:
    found = _number(value)
    return None if found is None else int(found)


def _number(value: Value) -> int | float | None:
    match value:
        case None | bool():
            return None
        case int() | float():
            return value
        case str():
            found = number(value)  # Python reads more: `2_00`, ` 5`, digits of other scripts
            if found is None or not isfinite(found):
                return None
            return found if isinstance(found, int) or not value.isdigit() else int(value)


def _truth(value: Value) -> bool | None:
    match value:
        case bool():
            return value
        case "true" | "false":
            return value == "true"
        case _:
            return None


COERCE: Mapping[str, Callable[[Value], Value]] = {
    "keyword": text_of,
    "constant_keyword": text_of,
    "wildcard": text_of,
    "flattened": text_of,
    "long": _whole,
    "integer": _whole,
    "short": _whole,
    "byte": _whole,
    "unsigned_long": _whole,
    "double": _number,
    "float": _number,
    "half_float": _number,
    "scaled_float": _number,
    "boolean": _truth,
    "ip": address_of,
    "date": millis_of,
    "date_nanos": millis_of,
}


def is_shown(value: Value, kind: str) -> bool:
    """Return whether a value is one that a field of a type holds and shows as it is written.

    A whole number written otherwise (`05`, `5.0`) is stored, but comes back in its plain spelling.
    """
    if kind not in COERCE or value is None:
        return True
    made = COERCE[kind](value)
    return made is not None and (COERCE[kind] is not _whole or text(value) == str(made))
