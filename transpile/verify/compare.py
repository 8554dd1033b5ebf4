"""Comparing what the rule finds with what the target finds, at the observable that is claimed."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from typing import Any

from transpile.ir.decide import to_number

Row = Mapping[str, Any]

DIGITS = 12
"""Significant digits in which two engines' real numbers must agree."""


def value_key(value: Any) -> Hashable:
    """Return a value in a form that is equal for equal values of different engines.

    Numbers and texts that look like numbers agree as numbers (engines type columns differently);
    lists agree element by element; missing, None and an empty list are the same.
    """
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case list() | tuple():
            items = [value_key(item) for item in value if item is not None]
            if len(items) < 2:
                return items[0] if items else None
            return tuple(items)
        case int() | float():
            return _rounded(value)
        case str():
            number = to_number(value)
            return value if number is None else _rounded(number)
        case _:
            return str(value)


def _rounded(value: int | float) -> Hashable:
    if not math.isfinite(value):
        return str(value)
    if value == int(value):
        return int(value)
    return float(f"{value:.{DIGITS}g}")


def row_key(row: Row) -> frozenset[tuple[str, Hashable]]:
    """Return a row in comparable form; internal and missing fields do not count."""
    found = ((name, value_key(value)) for name, value in row.items())
    return frozenset((name, key) for name, key in found if key is not None)


def difference(expected: Iterable[Row], found: Iterable[Row]) -> tuple[list[Row], list[Row]]:
    """Return the rows that only the rule and those that only the target yields (multisets)."""
    expected, found = list(expected), list(found)
    ours = Counter(map(row_key, expected))
    theirs = Counter(map(row_key, found))
    return _left(expected, ours - theirs), _left(found, theirs - ours)


def _left(rows: list[Row], over: Counter[frozenset[tuple[str, Hashable]]]) -> list[Row]:
    result = []
    for row in rows:
        key = row_key(row)
        if over[key] > 0:
            over[key] -= 1
            result.append(row)
    return result
