"""Values of a row: text, numbers, lists of those; missing is `None` or an absent name.

A row is a `dict` of field names. `ORIGIN` is the one name that is no field: where provenance is
tracked it holds the indices of the events behind the row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cmp_to_key
from typing import Any

from transpile.ir.decide import Scalar, address, text, to_number

Value = Scalar | list[Scalar] | None
Row = dict[str, Any]
ORIGIN = "\0origin"


def same(left: Scalar, right: Scalar) -> bool:
    """Return whether two values are equal: as numbers if both look like numbers, else as text."""
    a, b = to_number(left), to_number(right)
    return text(left) == text(right) if a is None or b is None else a == b


def items(value: Value) -> list[Scalar]:
    """Return the values of a field as a list; missing is the empty list."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def first(value: Value) -> Scalar | None:
    """Return the first value, None if there is none."""
    if isinstance(value, list):
        return value[0] if value else None
    return value


def pack(values: Iterable[Scalar]) -> Value:
    """Return values as a field holds them: none is missing, a single one stands alone."""
    found = list(values)
    if len(found) > 1:
        return found
    return found[0] if found else None


def assign(row: Row, name: str, value: Value) -> None:
    """Set a field; a missing value removes it."""
    if value is None:
        row.pop(name, None)
    else:
        row[name] = value


def field_names(row: Row) -> Iterator[str]:
    """Yield the names of the fields of a row."""
    return (name for name in row if name != ORIGIN)


def origins(rows: Iterable[Row]) -> frozenset[int]:
    """Return the indices of all events behind some rows."""
    found: set[int] = set()
    for row in rows:
        found.update(row.get(ORIGIN, ()))
    return frozenset(found)


def marked(row: Row, sources: Iterable[Row], *, track: bool) -> Row:
    """Return the row with the provenance of the rows that it was made of, if that is tracked."""
    if track:
        row[ORIGIN] = origins(sources)
    return row


# -- order ---------------------------------------------------------------------------------------


def natural(value: Scalar | None) -> tuple[int, float, str]:
    """Return a sort key: numbers in numeric order, then text by UTF-8 bytes, then missing.

    Python orders text by code point, which is the order of the UTF-8 bytes.
    """
    if value is None:
        return 2, 0.0, ""
    amount = to_number(value)
    return (1, 0.0, text(value)) if amount is None else (0, amount, "")


def ip_key(value: Scalar) -> tuple[int, int, str]:
    """Return a sort key: addresses by version and number, then anything else as text."""
    found = address(text(value))
    return (99, 0, text(value)) if found is None else (found.version, int(found), "")


def compare_auto(left: Scalar, right: Scalar) -> int:
    """Order two values as `sort` does: both numbers, both addresses, else text (5.7)."""
    a, b = to_number(left), to_number(right)
    if a is not None and b is not None:
        return (a > b) - (a < b)
    x, y = text(left), text(right)
    if address(x) is not None and address(y) is not None:
        k, m = ip_key(x), ip_key(y)
        return (k > m) - (k < m)
    return (x > y) - (x < y)


auto_key = cmp_to_key(compare_auto)


def tuple_key(row: Row, names: Iterable[str]) -> tuple[str | tuple[str, ...], ...] | None:
    """Return the values of some fields as text, to compare rows by; None if one is missing."""
    key: list[str | tuple[str, ...]] = []
    for name in names:
        value = row.get(name)
        if value is None:
            return None
        key.append(tuple(map(text, value)) if isinstance(value, list) else text(value))
    return tuple(key)
