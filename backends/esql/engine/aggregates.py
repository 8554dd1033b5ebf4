"""The aggregates: they skip null, and take every one of several values."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from transpile.backends.esql.engine.functions import NUMERIC, Refused, listed, several, sort_key

Rows = list[tuple[Any, ...]]
"""The argument values of each row of a group."""

_PRECISION = 3000


def _flat(rows: Rows) -> list[Any]:
    return [value for row in rows for value in listed(row[0])]


def _distinct(rows: Rows) -> int:
    return len(set(map(repr, _flat(rows))))


def _average(rows: Rows) -> float | None:
    values = _flat(rows)
    return math.fsum(values) / len(values) if values else None


def _deviation(rows: Rows) -> float | None:
    values = _flat(rows)
    mean = _average(rows)
    if mean is None:
        return None
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / len(values))


def _values(rows: Rows) -> Any:
    """Distinct values; Elasticsearch promises no order, so they come in one nobody would want."""
    return several(sorted(set(_flat(rows)), key=sort_key, reverse=True))


def _extreme(pick: Callable[..., Any]) -> Callable[[Rows], Any]:
    return lambda rows: pick(values, key=sort_key) if (values := _flat(rows)) else None


def _by_time(pick: Callable[..., Any]) -> Callable[[Rows], Any]:
    def compute(rows: Rows) -> Any:
        found = [row for row in rows if row[0] is not None and row[1] is not None]
        return pick(found, key=lambda row: row[1])[0] if found else None

    return compute


def _numbers(gives: str) -> Callable[[list[str]], str]:
    def check(types: list[str]) -> str:
        if types[0] not in NUMERIC | {"null"}:
            raise Refused(f"{types[0]} is no number")
        return gives or types[0]

    return check


def _timed(types: list[str]) -> str:
    if types[1:] != ["date"]:
        raise Refused("a date is expected to sort by")
    return types[0]


Aggregate = tuple[Callable[[list[str]], str], Callable[[Rows], Any]]

AGGREGATES: Mapping[str, Aggregate] = {
    "COUNT": (lambda types: "long", lambda rows: len(_flat(rows))),
    "COUNT_DISTINCT": (lambda types: "long", _distinct),
    "SUM": (_numbers(""), lambda rows: sum(values) if (values := _flat(rows)) else None),
    "AVG": (_numbers("double"), _average),
    "STD_DEV": (_numbers("double"), _deviation),
    "MIN": (lambda types: types[0], _extreme(min)),
    "MAX": (lambda types: types[0], _extreme(max)),
    "VALUES": (lambda types: types[0], _values),
    "FIRST": (_timed, _by_time(min)),
    "LAST": (_timed, _by_time(max)),
}
