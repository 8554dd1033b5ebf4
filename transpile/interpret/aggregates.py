"""Aggregates: one accumulator per function and group (spl-semantics 4.2).

Numeric functions ignore values that do not look like numbers; the others take values as found.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from transpile.interpret.choices import LIST_LIMIT
from transpile.interpret.values import Value, pack
from transpile.ir.decide import Scalar, text, to_number
from transpile.ir.text import whole


class Accumulator(Protocol):
    """Takes the values of a group one by one; `time` is the row's `_time` if it has one."""

    def add(self, value: Scalar, time: int | float | None) -> None:
        """Take in one value."""

    def result(self) -> Value:
        """Return the aggregate of the values so far."""


class Count:
    """Number of values."""

    __slots__ = ("total",)

    def __init__(self) -> None:
        self.total = 0

    def add(self, value: Scalar, time: int | float | None) -> None:
        """Take in one value."""
        self.total += 1

    def result(self) -> Value:
        """Return the number."""
        return self.total


class Collected:
    """Values kept as found, finished by a function of the list."""

    __slots__ = ("finish", "values")

    def __init__(self, finish: Callable[[list[Scalar]], Value]) -> None:
        self.values: list[Scalar] = []
        self.finish = finish

    def add(self, value: Scalar, time: int | float | None) -> None:
        """Take in one value."""
        self.values.append(value)

    def result(self) -> Value:
        """Return the finished aggregate; missing without values unless the function says more."""
        return self.finish(self.values)


class Distinct:
    """Distinct values as text."""

    __slots__ = ("finish", "seen")

    def __init__(self, finish: Callable[[set[str]], Value]) -> None:
        self.seen: set[str] = set()
        self.finish = finish

    def add(self, value: Scalar, time: int | float | None) -> None:
        """Take in one value."""
        self.seen.add(value if type(value) is str else text(value))

    def result(self) -> Value:
        """Return the finished aggregate."""
        return self.finish(self.seen)


class Numeric:
    """Numbers only, finished by a function of the list; missing if there was none."""

    __slots__ = ("finish", "numbers")

    def __init__(self, finish: Callable[[list[int | float]], int | float]) -> None:
        self.numbers: list[int | float] = []
        self.finish = finish

    def add(self, value: Scalar, time: int | float | None) -> None:
        """Take in one value."""
        amount = to_number(value)
        if amount is not None:
            self.numbers.append(amount)

    def result(self) -> Value:
        """Return the finished aggregate."""
        return whole(float(self.finish(self.numbers))) if self.numbers else None


class Extreme:
    """Smallest or largest value, numbers before text, spelt as found; the first of equals."""

    __slots__ = ("best", "key", "largest")

    def __init__(self, largest: bool) -> None:
        self.largest = largest
        self.best: Value = None
        self.key: Any = None

    def add(self, value: Scalar, time: int | float | None) -> None:
        """Take in one value."""
        key = _rank(value)
        if self.key is None or (key > self.key if self.largest else key < self.key):
            self.key, self.best = key, value

    def result(self) -> Value:
        """Return the extreme, missing for none."""
        return self.best


class Timed:
    """Values with the times of their rows, finished by a function of the (time, value) pairs."""

    __slots__ = ("finish", "pairs")

    def __init__(self, finish: Callable[[list[tuple[int | float, Scalar]]], Value]) -> None:
        self.pairs: list[tuple[int | float, Scalar]] = []
        self.finish = finish

    def add(self, value: Scalar, time: int | float | None) -> None:
        """Take in one value; one without a time has no place in the order."""
        if time is not None:
            self.pairs.append((time, value))

    def result(self) -> Value:
        """Return the finished aggregate, missing for none."""
        return self.finish(self.pairs) if self.pairs else None


# -- finishing -----------------------------------------------------------------------------------


def _rank(value: Scalar) -> tuple[int, float, str]:
    if type(value) is not str:
        return 0, float(value), ""
    amount = to_number(value)
    return (1, 0.0, value) if amount is None else (0, amount, "")


def _variance(sample: bool) -> Callable[[list[int | float]], float]:
    def finish(numbers: list[int | float]) -> float:
        size = len(numbers)
        if size == 1:
            return 0.0
        mean = math.fsum(numbers) / size
        return math.fsum((n - mean) ** 2 for n in numbers) / (size - 1 if sample else size)

    return finish


def _root(finish: Callable[[list[int | float]], float]) -> Callable[[list[int | float]], float]:
    return lambda numbers: math.sqrt(finish(numbers))


def _sum(numbers: list[int | float]) -> float:
    try:
        return math.fsum(numbers)
    except (OverflowError, ValueError):
        return float(sum(numbers))


def _nearest_rank(percent: float) -> Callable[[list[int | float]], int | float]:
    """Value at 0-based index floor(percent/100*n) in numeric order, the last for 100 (U6)."""

    def finish(numbers: list[int | float]) -> int | float:
        at = math.floor(percent / 100 * len(numbers))
        return sorted(numbers)[max(0, min(at, len(numbers) - 1))]

    return finish


def _mode(values: list[Scalar]) -> Value:
    counts = Counter(map(text, values))
    return min(counts, key=lambda value: (-counts[value], value), default=None)


def _latest(pairs: list[tuple[int | float, Scalar]]) -> tuple[int | float, Scalar]:
    return max(pairs, key=lambda pair: pair[0])


def _earliest(pairs: list[tuple[int | float, Scalar]]) -> tuple[int | float, Scalar]:
    return min(reversed(pairs), key=lambda pair: pair[0])


def _rate(pairs: list[tuple[int | float, Scalar]]) -> Value:
    (start, old), (end, new) = _earliest(pairs), _latest(pairs)
    a, b = to_number(old), to_number(new)
    if a is None or b is None or end == start:
        return None
    return whole((b - a) / (end - start))


def _first_of(values: list[Scalar]) -> Value:
    return values[0] if values else None


def _last_of(values: list[Scalar]) -> Value:
    return values[-1] if values else None


Factory = Callable[[], Accumulator]


def _percentile(percent: float) -> Factory:
    return lambda: Numeric(_nearest_rank(percent))


_PLAIN: Mapping[str, Factory] = {
    "count": Count,
    "dc": lambda: Distinct(len),
    "estdc": lambda: Distinct(len),
    "estdc_error": lambda: Distinct(lambda seen: 0),
    "sum": lambda: Numeric(_sum),
    "sumsq": lambda: Numeric(lambda numbers: _sum([n * n for n in numbers])),
    "avg": lambda: Numeric(lambda numbers: _sum(numbers) / len(numbers)),
    "range": lambda: Numeric(lambda numbers: max(numbers) - min(numbers)),
    "stdev": lambda: Numeric(_root(_variance(sample=True))),
    "stdevp": lambda: Numeric(_root(_variance(sample=False))),
    "var": lambda: Numeric(_variance(sample=True)),
    "varp": lambda: Numeric(_variance(sample=False)),
    "min": lambda: Extreme(largest=False),
    "max": lambda: Extreme(largest=True),
    "median": _percentile(50),
    "mode": lambda: Collected(_mode),
    "first": lambda: Collected(_first_of),
    "last": lambda: Collected(_last_of),
    "earliest": lambda: Timed(lambda pairs: _earliest(pairs)[1]),
    "latest": lambda: Timed(lambda pairs: _latest(pairs)[1]),
    "earliest_time": lambda: Timed(lambda pairs: _earliest(pairs)[0]),
    "latest_time": lambda: Timed(lambda pairs: _latest(pairs)[0]),
    "values": lambda: Distinct(lambda seen: pack(sorted(seen))),
    "list": lambda: Collected(lambda values: pack(values[:LIST_LIMIT])),
    "rate": lambda: Timed(_rate),
}
_WITH_PERCENT = frozenset(("perc", "exactperc", "upperperc"))
TIMED = frozenset(("earliest", "latest", "earliest_time", "latest_time", "rate"))


def factory(func: str, param: float | None) -> Factory:
    """Return what makes the accumulators of an aggregate. Raises KeyError for an unknown name.

    param: the percentile, 50 if none is given.
    """
    if func in _WITH_PERCENT:
        return _percentile(50.0 if param is None else param)
    return _PLAIN[func]
