"""Stages that bring in the rows of other pipelines: join, branch, one search per row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice, zip_longest
from typing import Any

from transpile.interpret.choices import JOIN_OVERWRITES_TIME
from transpile.interpret.context import Scope
from transpile.interpret.errors import NotComputable
from transpile.interpret.values import Row, field_names, items, marked, tuple_key
from transpile.ir import stages as s
from transpile.ir.decide import text

Transform = Callable[[Iterator[Row]], Iterator[Row]]
Inner = Callable[..., list[Row]]


def join(stage: s.Join, scope: Scope, inner: Inner) -> Transform:
    """Add the fields of right rows that agree on the keys, per left row in right order (5.15).

    A joined row stands for the events of its left row: the other search adds fields, as a lookup
    does, and the events behind it are not what the rule reports.
    """

    def run(rows: Iterator[Row]) -> Iterator[Row]:
        right = inner(stage.right)
        lefts: Iterator[Row] = rows
        keys = stage.keys
        if not keys:
            kept = list(rows)
            keys = _common(kept, right)
            lefts = iter(kept)
        index: dict[object, list[Row]] = {}
        for row in right:
            key = tuple_key(row, keys)
            if key is not None:
                index.setdefault(key, []).append(row)
        for left in lefts:
            key = tuple_key(left, keys)
            found = index.get(key, []) if key is not None else []
            for match in islice(found, stage.max or None):
                yield _merged(left, match, stage.overwrite)
            if not found and stage.outer:
                yield left

    return run


def _common(left: Sequence[Row], right: Sequence[Row]) -> tuple[str, ...]:
    """Return the fields, other than internal ones, that both sides have."""
    ours = {name for row in left for name in field_names(row)}
    theirs = {name for row in right for name in field_names(row)}
    return tuple(sorted(name for name in ours & theirs if not name.startswith("_")))


def _merged(left: Row, right: Row, overwrite: bool) -> Row:
    merged = dict(left)
    for name in field_names(right):
        wins = overwrite and (JOIN_OVERWRITES_TIME or not name.startswith("_"))
        if wins or name not in merged:
            merged[name] = right[name]
    return merged


def branch(stage: s.Branch, scope: Scope, inner: Inner) -> Transform:
    """Put the rows of other pipelines behind the current ones, or beside them (5.16)."""

    def run(rows: Iterator[Row]) -> Iterator[Row]:
        current = list(rows)
        if stage.columns:
            for other in stage.others:
                current = _beside(current, inner(other, current), stage.override, scope.track)
            yield from current
            return
        if not stage.alone:
            yield from current
        for other in stage.others:
            yield from inner(other, current)

    return run


def _beside(rows: list[Row], others: list[Row], override: bool, track: bool) -> list[Row]:
    merged = []
    for row, other in zip_longest(rows, others, fillvalue=None):
        ours, theirs = row or {}, other or {}
        new = {name: ours[name] for name in field_names(ours)}
        for name in field_names(theirs):
            if not name.startswith("_") and (override or name not in new):
                new[name] = theirs[name]
        merged.append(marked(new, (ours, theirs), track=track))
    return merged


def for_rows(stage: s.ForRows, scope: Scope, inner: Inner) -> Transform:
    """Run a search per row with `$field$` replaced; results one after the other (5.27)."""
    front_end = scope.context.front_end
    if front_end is None:
        raise NotComputable("a search per row needs the front end", span=stage.span)

    def run(rows: Iterator[Row]) -> Iterator[Row]:
        for row in islice(rows, stage.max_rows):
            search = stage.search
            for name in field_names(row):
                search = search.replace(f"${name}$", _escaped(row[name]))
            for found in inner(front_end(search)):
                yield marked(dict(found), (row, found), track=scope.track)

    return run


def _escaped(value: Any) -> str:
    return " ".join(map(text, items(value))).replace("\\", "\\\\").replace('"', '\\"')


JOINING: Mapping[type, Callable[[Any, Scope, Inner], Transform]] = {
    s.Join: join,
    s.Branch: branch,
    s.ForRows: for_rows,
}
