"""Stages that turn a table round or cut a field into bins whose width the data decides."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

from transpile.interpret.context import Scope
from transpile.interpret.pivot import time_width
from transpile.interpret.time import floor_to
from transpile.interpret.values import Row, Value, assign, field_names, first, items, marked, pack
from transpile.ir import stages as s
from transpile.ir.decide import Scalar, number_text, text, to_number

Transform = Callable[[Iterator[Row]], Iterator[Row]]


def unpivot(stage: s.Unpivot, scope: Scope) -> Transform:
    """Make a row per row and field: its name and its value beside the key."""

    def run(rows: Iterator[Row]) -> Iterator[Row]:
        for row in rows:
            for name in field_names(row):
                if name == stage.key or name.startswith("_") or row[name] is None:
                    continue
                found: Row = {}
                assign(found, stage.key, row.get(stage.key))
                found |= {stage.name: name, stage.value: row[name]}
                yield marked(found, [row], track=scope.track)

    return run


def transpose(stage: s.Transpose, scope: Scope) -> Transform:
    """Make a row per field, in the order in which the fields first appear."""

    def run(rows: Iterator[Row]) -> Iterator[Row]:
        kept = list(islice(rows, stage.count or None))
        headers = [_header(row, number, stage) for number, row in enumerate(kept, start=1)]
        names = dict.fromkeys(name for row in kept for name in field_names(row))
        names.pop(stage.header, None)
        for name in names:
            found: Row = {stage.column: name}
            for header, row in zip(headers, kept, strict=True):
                assign(found, header, row.get(name))
            yield marked(found, kept, track=scope.track)

    return run


def _header(row: Row, number: int, stage: s.Transpose) -> str:
    value = first(row.get(stage.header)) if stage.header else None
    return f"row {number}" if value is None else text(value)


def auto_bucket(stage: s.AutoBucket, scope: Scope) -> Transform:
    """Cut a field into bins; the width needs all rows (5.9)."""
    timed = stage.field == "_time"

    def run(rows: Iterator[Row]) -> Iterator[Row]:
        kept = list(rows)
        numbers = [
            number
            for row in kept
            for item in items(row.get(stage.field))
            if (number := to_number(item)) is not None
        ]
        width = _width(numbers, stage, timed)
        for row in kept:
            changed = dict(row)
            assign(changed, stage.target, _binned(row.get(stage.field), width, timed))
            yield changed

    return run


def _binned(value: Value, width: float, timed: bool) -> Value:
    return pack(_bin(item, width, timed) for item in items(value))


def _bin(value: Scalar, width: float, timed: bool) -> Scalar:
    amount = to_number(value)
    if amount is None:
        return value
    low = floor_to(amount, width)
    return low if timed else f"{number_text(low)}-{number_text(low + width)}"


def _width(numbers: list[int | float], stage: s.AutoBucket, timed: bool) -> float:
    if not numbers:
        return 1
    low = min(numbers) if stage.low is None else min(stage.low, *numbers)
    high = max(numbers) if stage.high is None else max(stage.high, *numbers)
    if timed:
        return time_width(low, high, stage.bins, stage.min_width)
    smallest = max((high - low) / stage.bins, stage.min_width)
    power = math.floor(math.log10(smallest)) if smallest > 0 else 0
    while not _fits(10.0**power, low, high, stage):
        power += 1
    return float(10.0**power) if power < 0 else 10**power


def _fits(width: float, low: float, high: float, stage: s.AutoBucket) -> bool:
    bins = math.floor(high / width) - math.floor(low / width) + 1
    return width >= stage.min_width and bins <= max(stage.bins, 1)


RESHAPING: Mapping[type, Callable[[Any, Scope], Transform]] = {
    s.Unpivot: unpivot,
    s.Transpose: transpose,
    s.AutoBucket: auto_bucket,
}
