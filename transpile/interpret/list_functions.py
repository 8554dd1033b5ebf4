"""Functions over several values; arguments are lists, empty for missing (spl-semantics 3.9)."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from transpile.interpret.text_functions import pattern_of
from transpile.interpret.values import natural, same
from transpile.ir.decide import Scalar, text, to_number
from transpile.ir.text import whole

Values = list[Scalar]


def _index(values: Values) -> int | None:
    amount = to_number(values[0])
    return None if amount is None or not math.isfinite(amount) else int(amount)


def coalesce(*lists: Values) -> Values:
    """Return the first argument that has a value."""
    return next((values for values in lists if values), [])


def nullif(left: Values, right: Values) -> Values:
    """Return nothing if both arguments are the same (numbers by amount), else the first."""
    equal = len(left) == len(right) and all(map(same, left, right))
    return [] if equal else left


def mvappend(*lists: Values) -> Values:
    """Return all values of all arguments in order."""
    return [value for values in lists for value in values]


def mvdedup(values: Values) -> Values:
    """Return the values without later duplicates (as text)."""
    found: dict[str, Scalar] = {}
    for value in values:
        found.setdefault(text(value), value)
    return list(found.values())


def mvfind(values: Values, regex: list[Any]) -> int | None:
    """Return the index of the first value in which the expression matches."""
    search = pattern_of(regex[0]).search
    return next((at for at, value in enumerate(values) if search(text(value))), None)


def mvindex(values: Values, start: Values, end: Values | None = None) -> Values:
    """Return the value at an index, or those of an inclusive range; out of range is nothing."""
    begin = _index(start)
    stop = begin if end is None else _index(end)
    if begin is None or stop is None:
        return []
    size = len(values)
    begin, stop = (at + size if at < 0 else at for at in (begin, stop))
    if end is None and not 0 <= begin < size:
        return []
    return values[max(begin, 0) : max(stop + 1, 0)]


def mvzip(left: Values, right: Values, delimiter: Values | None = None) -> Values:
    """Return pairs joined by a delimiter, as many as the shorter list has."""
    between = text(delimiter[0]) if delimiter else ","
    return [text(a) + between + text(b) for a, b in zip(left, right, strict=False)]


def split(value: Scalar, delimiter: Scalar) -> Values:
    """Return the pieces between delimiters, empty ones too; no delimiter: the characters."""
    between = text(delimiter)
    return list(text(value).split(between) if between else text(value))


def mvsplit(values: Values, delimiters: Values, keep_empty: Values | None = None) -> Values:
    """Return the pieces of every value; the delimiter is literal (`makemv`)."""
    keep = bool(keep_empty) and to_number((keep_empty or [0])[0]) == 1
    between = text(delimiters[0])
    pieces = [
        piece
        for value in values
        for piece in (text(value).split(between) if between else [text(value)])
    ]
    return [piece for piece in pieces if piece or keep]


def mvtokens(values: Values, regex: list[Any]) -> Values:
    """Return, for each match in each value, the first group, or the match if there is no group."""
    return list(_tokens(values, pattern_of(regex[0])))


def _tokens(values: Values, regex: re.Pattern[str]) -> Iterator[str]:
    for value in values:
        for found in regex.finditer(text(value)):
            token = found[1] if regex.groups else found[0]
            if token is not None:
                yield token


def _numbers(lists: tuple[Values, ...]) -> list[int | float]:
    amounts = (to_number(value) for value in mvappend(*lists))
    return [amount for amount in amounts if amount is not None]


def total(*lists: Values) -> int | float | None:
    """Return the sum of the numeric values, missing for none."""
    numbers = _numbers(lists)
    return whole(float(sum(numbers))) if numbers else None


def mean(*lists: Values) -> int | float | None:
    """Return the mean of the numeric values, missing for none."""
    numbers = _numbers(lists)
    return whole(sum(numbers) / len(numbers)) if numbers else None


def json_array_of(values: Values, infer: Values | None = None) -> str:
    """Return values as a JSON array; with `infer` values that are JSON scalars stand unquoted."""
    if not infer:
        return json.dumps(values, ensure_ascii=False)
    return "[" + ",".join(map(_json_scalar, values)) + "]"


def _json_scalar(value: Scalar) -> str:
    written = text(value)
    try:
        scalar = not isinstance(json.loads(written), (str, list, dict))
    except ValueError:
        scalar = False
    return written if scalar else json.dumps(written, ensure_ascii=False)


LIST_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "coalesce": coalesce,
    "nullif": nullif,
    "mvappend": mvappend,
    "mvcount": lambda values: len(values) or None,
    "mvdedup": mvdedup,
    "mvfind": mvfind,
    "mvindex": mvindex,
    "mvjoin": lambda values, delimiter: text(delimiter[0]).join(map(text, values)),
    "mvsort": lambda values: sorted(values, key=text),
    "mvzip": mvzip,
    "split": split,
    "mvsplit": mvsplit,
    "mvtokens": mvtokens,
    "mvkeyed": json_array_of,
    "least": lambda *lists: min(mvappend(*lists), key=natural, default=None),
    "greatest": lambda *lists: max(mvappend(*lists), key=natural, default=None),
    "sum": total,
    "avg": mean,
}
