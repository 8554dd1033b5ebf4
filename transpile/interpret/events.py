"""Events as rows: what a user's event (a dict, JSON) is to the search.

- `None` and `[]` are missing, a list of one is the value itself, booleans are the texts `true` and
  `false` as Splunk's JSON extraction has them; numbers stay numbers, text keeps its spelling.
- A list at the top level is a multivalue field, `a`; a search that names `a{}` finds it there too.
  Objects are flattened as Splunk does with JSON:
  `{"a": {"b": [1, 2]}}` is the field `a.b{}`, `{"a": [{"b": 1}]}` is `a{}.b`.
- `_time` is epoch seconds; an ISO 8601 text is converted (UTC if it names no zone).
- An event without `_raw` is its own raw text, as JSON; that text is made only for a search that
  reads `_raw`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import repeat
from typing import Any

from transpile.interpret.structured import leaves
from transpile.interpret.values import ORIGIN, Row, first, items, pack
from transpile.ir.decide import Scalar, to_number
from transpile.ir.text import whole

_PLAIN = frozenset((str, int, float))


def event_row(event: Mapping[str, Any]) -> Row:
    """Return an event as a row, see the module; the event itself if there is nothing to change."""
    if not _PLAIN.issuperset(map(type, event.values())):
        event = _normal(event)
    time = event.get("_time")
    if type(time) is str and to_number(time) is None:
        return {**event, "_time": _iso(time)}
    return event if type(event) is dict else dict(event)


def _normal(event: Mapping[str, Any]) -> Row:
    row: Row = {}
    for name, value in event.items():
        if type(value) in _PLAIN and name not in row:  # most values of most events
            row[name] = value
            continue
        found: dict[str, list[Scalar]] = {}
        for path, leaf in _leaves(name, value):
            found.setdefault(path, []).append(leaf)
        for path, values in found.items():
            row[path] = pack([*items(row.get(path)), *values])
    return row


def _leaves(name: str, value: Any) -> Iterator[tuple[str, Scalar]]:
    match value:
        case None:
            return
        case dict():
            for key, child in value.items():
                if child is not None:
                    yield from leaves(child, f"{name}.{key}")
        case list() | tuple() | set() | frozenset():
            for item in value:
                if isinstance(item, (dict, list)):
                    yield from leaves(item, name + "{}")
                else:
                    yield from _leaves(name, item)
        case bool():
            yield name, "true" if value else "false"
        case str() | int() | float():
            yield name, value
        case _:
            yield name, str(value)


def _iso(value: str) -> Scalar:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return value
    return whole((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def time_of(row: Row) -> int | float | None:
    """Return the `_time` of a row, None if it has none."""
    value = row.get("_time")
    if type(value) is int or type(value) is float:
        return value
    single = first(value)
    return None if single is None else to_number(single)


def raw_text(event: Mapping[str, Any]) -> str:
    """Return the raw text of an event that has no `_raw`: itself as compact JSON."""
    return json.dumps(event, ensure_ascii=False, separators=(",", ":"), default=str)


def read_events(
    events: Iterable[Mapping[str, Any]],
    shape: Callable[[Row], Row | None],
    *,
    need_raw: bool,
    arrays: frozenset[str],
    numbers: Iterable[int] | None,
) -> list[Row]:
    """Return what `shape` makes of the events, newest first, stable; None leaves one out.

    Events without a time follow at the end in their own order (4.3). Only kept events stay in
    memory. arrays: names such as `groups{}` that the search uses.  numbers: of the events, as their
    provenance; None: without.
    """
    kept: list[Row] = []
    for event, number in zip(events, repeat(0) if numbers is None else numbers, strict=False):
        row = event_row(event)
        if need_raw and "_raw" not in row:
            row = {**row, "_raw": raw_text(event)}
        if arrays:
            row = _with_arrays(row, event, arrays)
        shaped = shape(row)
        if shaped is not None:
            kept.append(shaped if numbers is None else {**shaped, ORIGIN: frozenset((number,))})
    kept.sort(key=_newest_first)
    return kept


def _with_arrays(row: Row, event: Mapping[str, Any], arrays: frozenset[str]) -> Row:
    """Show a list at the top level under its name in Splunk's JSON extraction too."""
    found = {
        name: row[base]
        for name in arrays
        if (base := name[:-2]) in row and name not in row and isinstance(event.get(base), list)
    }
    return row | found if found else row


def _newest_first(row: Row) -> tuple[bool, float]:
    time = time_of(row)
    return (True, 0.0) if time is None else (False, -time)
