"""Stages over a whole set of rows that keep its rows: sort, limit, dedup, fill, combine."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from itertools import islice, takewhile
from typing import Any

from transpile.interpret.context import Scope
from transpile.interpret.predicates import compile_pred
from transpile.interpret.values import (
    ORIGIN,
    Row,
    auto_key,
    field_names,
    first,
    ip_key,
    items,
    marked,
    natural,
    pack,
    tuple_key,
)
from transpile.ir import stages as s
from transpile.ir.decide import Scalar, text, to_number
from transpile.ir.names import name_matcher

Transform = Callable[[Iterator[Row]], Iterator[Row]]

# -- sort ----------------------------------------------------------------------------------------

_SORT_KEYS: Mapping[str, Callable[[Scalar], Any]] = {
    "auto": auto_key,
    "num": natural,
    "str": text,
    "ip": ip_key,
}


def sort(stage: s.Sort, scope: Scope) -> Transform:
    """Order the rows, stable, missing values last; a multivalue field counts by its first (5.7)."""

    def run(rows: Iterator[Row]) -> Iterator[Row]:
        ordered = list(rows)
        for key in reversed(stage.keys):
            ordered = _sorted(ordered, key)
        return iter(ordered[: stage.limit or None])

    return run


def _sorted(rows: list[Row], key: s.SortKey) -> list[Row]:
    present: list[tuple[Scalar, Row]] = []
    missing: list[Row] = []
    for row in rows:
        value = first(row.get(key.field))
        if value is None:
            missing.append(row)
        else:
            present.append((value, row))
    numeric = all(to_number(value) is not None for value, _ in present)
    key_of = _SORT_KEYS["num" if key.mode == "auto" and numeric else key.mode]
    present.sort(key=lambda pair: key_of(pair[0]), reverse=key.descending)
    return [row for _, row in present] + missing


def limit(stage: s.Limit, scope: Scope) -> Transform:
    """Keep the first rows, the last ones in reverse order, or those up to a condition (5.8)."""
    if stage.while_true is not None:
        decide = compile_pred(stage.while_true, scope)
        return lambda rows: islice(takewhile(decide, rows), stage.count)
    if stage.last:
        return lambda rows: reversed(deque(rows, maxlen=stage.count))
    return lambda rows: islice(rows, stage.count)


# -- duplicates ----------------------------------------------------------------------------------


def dedup(stage: s.Dedup, scope: Scope) -> Transform:
    """Keep the first rows of each combination of key values, in order (5.6)."""

    def run(rows: Iterator[Row]) -> Iterator[Row]:
        seen: dict[object, int] = {}
        for row in rows:
            key = tuple_key(row, stage.keys)
            if key is None:
                if stage.keep_missing:
                    yield row
                continue
            if stage.consecutive and key not in seen:
                seen.clear()
            seen[key] = seen.get(key, 0) + 1
            if seen[key] <= stage.count:
                yield row
            elif stage.keep_rows:
                yield {name: value for name, value in row.items() if name not in stage.keys}

    return run


def combine(stage: s.Combine, scope: Scope) -> Transform:
    """Collapse rows that agree in all other fields; the field collects its values (5.13)."""

    def run(rows: Iterator[Row]) -> Iterator[Row]:
        groups: dict[object, list[Row]] = {}
        for row in rows:
            others = sorted(name for name in field_names(row) if name != stage.field)
            groups.setdefault((tuple(others), tuple_key(row, others)), []).append(row)
        for members in groups.values():
            merged = {name: members[0][name] for name in field_names(members[0])}
            values = pack(v for row in members for v in items(row.get(stage.field)))
            if values is not None:
                merged[stage.field] = values
            yield marked(merged, members, track=scope.track)

    return run


# -- fill ----------------------------------------------------------------------------------------


def fill(stage: s.Fill, scope: Scope) -> Transform:
    """Give missing fields a value; without a list every field that some row has (5.1)."""

    def run(rows: Iterator[Row]) -> Iterator[Row]:
        names: tuple[str, ...] = stage.fields
        if not names or any("*" in name for name in names):
            kept = list(rows)
            names = _present(kept, stage.fields)
            rows = iter(kept)
        yield from _filled_down(rows, names) if stage.down else _filled(rows, names, stage.value)

    return run


def _present(rows: list[Row], patterns: tuple[str, ...]) -> tuple[str, ...]:
    """Return the listed names and those of the rows that match a wildcard; no list: all."""
    found = {name: None for row in rows for name in field_names(row)}
    if not patterns:
        return tuple(found)
    names: dict[str, None] = {}
    for pattern in patterns:
        if "*" in pattern:
            names |= {name: None for name in found if name_matcher(pattern)(name)}
        else:
            names[pattern] = None
    return tuple(names)


def _filled(rows: Iterator[Row], names: tuple[str, ...], value: str) -> Iterator[Row]:
    for row in rows:
        gaps = [name for name in names if row.get(name) is None]
        yield {**row, **dict.fromkeys(gaps, value)} if gaps else row


def _filled_down(rows: Iterator[Row], names: tuple[str, ...]) -> Iterator[Row]:
    last: Row = {}
    for row in rows:
        gaps = {name: last[name] for name in names if row.get(name) is None and name in last}
        filled = {**row, **gaps}
        last |= {name: filled[name] for name in names if name in filled and name != ORIGIN}
        yield filled


ORDERING: Mapping[type, Callable[[Any, Scope], Transform]] = {
    s.Sort: sort,
    s.Limit: limit,
    s.Dedup: dedup,
    s.Combine: combine,
    s.Fill: fill,
}
