"""Which rows of a source no stage of a rule brings together: what is found in each part is all.

A rule that groups by a key does with the rows of one key what it does whatever other keys there
are. So a mutant needs to be run only on the parts with rows that the rule does not let through.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

from transpile.interpret import Row
from transpile.interpret.engine import Run
from transpile.interpret.values import ORIGIN
from transpile.ir import stages as s
from transpile.ir.decide import text
from transpile.ir.expr import Expr, Field
from transpile.ir.names import unrename
from transpile.ir.pred import TRUE

_BY_ROW = (
    s.Filter, s.Compute, s.Extract, s.Parse, s.Rename, s.Project, s.Bucket, s.Expand, s.Lookup,
    s.ForEach, s.Totals,
)  # fmt: skip
"""Stages that do the same with a row whatever other rows there are."""


def parts(stages: Sequence[s.Stage], rows: Sequence[Row], run: Run) -> tuple[int, ...] | None:
    """Return the bits of rows that are brought together, None if all of them may be.

    stages: those that the rows go through in a run. Raises `NotComputable` as the interpreter does.
    """
    if not all(map(_is_local, stages)):
        return None
    first = next((at for at, x in enumerate(stages) if not _is_by_row(x)), None)
    if first is None:
        return tuple(1 << at for at in range(len(rows)))
    keys = _shared_keys(stages, first)
    if not keys:
        return None
    before = tuple(x for x in stages[:first] if not isinstance(x, s.Filter))
    names = [f"key {at}" for at in range(len(keys))]
    written = s.Compute(tuple(zip(names, keys, strict=True)))
    joined = _Joined(len(rows))
    numbered = ({**row, ORIGIN: frozenset((at,))} for at, row in enumerate(rows))
    for row in run.through((*before, written), numbered):
        for label in product(*(_texts(row.get(name)) for name in names)):
            joined.put(label, row[ORIGIN])
    return joined.parts()


def _is_by_row(stage: s.Stage) -> bool:
    match stage:
        case s.Sort(limit=limit):
            return not limit
        case s.Fill(fields=names, down=down):
            return bool(names) and not down
        case s.Join(keys=keys):  # the other search finds the same, whatever rows there are here
            return bool(keys)
        case _:
            return isinstance(stage, _BY_ROW)


def _is_local(stage: s.Stage) -> bool:
    """Return whether a stage brings no rows together but those with the same keys."""
    match stage:
        case s.Aggregate():
            return True
        case s.Dedup(consecutive=consecutive):
            return not consecutive
        case s.Window():
            resets = stage.reset_on_change or stage.reset_before or stage.reset_after
            spans = stage.running and (stage.seconds or (stage.rows and not stage.per_group))
            return not (resets or spans)
        case _:
            return _is_by_row(stage)


def _keys(stage: s.Stage) -> dict[str, Expr]:
    """Return what a stage groups by, by the names that the keys have behind it."""
    match stage:
        case s.Aggregate(by=by):
            return {key.name: key.expr for key in by}
        case s.Window(by=names) | s.Dedup(keys=names):
            return {name: Field(name) for name in names}
        case _:
            return {}


def _shared_keys(stages: Sequence[s.Stage], first: int) -> list[Expr]:
    """Return those keys of the first grouping that all others group by as well."""
    names = set(_keys(stages[first]))
    for at, stage in enumerate(stages[first + 1 :], first + 1):
        if _is_by_row(stage):
            continue
        asked = (key.name for key in _keys(stage).values() if isinstance(key, Field))
        names &= {_before(name, stages[first + 1 : at]) for name in asked}
    return [key for name, key in _keys(stages[first]).items() if name in names]


def _before(name: str, stages: Sequence[s.Stage]) -> str:
    """Return the name that a field had before some stages, "" if one of them may have made it."""
    for stage in reversed(stages):
        match stage:
            case s.Rename(pairs):
                for old, new in reversed(pairs):
                    name = unrename(name, old, new) or name
            case s.Filter() | s.Project() | s.Sort():
                pass
            case s.Compute(assignments) if name not in {made for made, _ in assignments}:
                pass
            case s.Extract(regex=regex) if name not in {made for made, _ in regex.group_names}:
                pass
            case s.Bucket(target=target) if name != target:
                pass
            case s.Lookup(outputs=outputs) if outputs and name not in {x for _, x in outputs}:
                pass
            case s.Join(keys=keys) if name in keys:
                pass
            case s.Expand(field) if name != field:
                pass
            case s.Aggregate(by=by) if any(key.name == name for key in by):
                key = next(key for key in by if key.name == name)
                name = key.expr.name if isinstance(key.expr, Field) else ""
            case s.Window(aggs) if all(agg.where == TRUE for agg in aggs) and not any(
                agg.pattern or agg.name == name for agg in aggs
            ):
                pass
            case s.Dedup(keep_rows=False):
                pass
            case _:
                return ""
        if not name:
            return ""
    return name


def _texts(value: Any) -> tuple[str, ...]:
    """Return the texts by which groups are told apart, "" for a missing key as for an empty one."""
    if isinstance(value, list):
        return tuple(map(text, value))
    return ("" if value is None else text(value),)


class _Joined:
    """Sets of rows that are joined where they share a label."""

    def __init__(self, size: int) -> None:
        self.above = list(range(size))
        self.first: dict[Any, int] = {}

    def put(self, label: Any, rows: frozenset[int]) -> None:
        """Join the sets of some rows with those of the label."""
        for row in rows:
            self._join(self.first.setdefault(label, row), row)

    def _top(self, row: int) -> int:
        while self.above[row] != row:
            self.above[row] = self.above[self.above[row]]
            row = self.above[row]
        return row

    def _join(self, one: int, other: int) -> None:
        self.above[self._top(other)] = self._top(one)

    def parts(self) -> tuple[int, ...]:
        """Return the bits of each set."""
        found: dict[int, int] = {}
        for row in range(len(self.above)):
            top = self._top(row)
            found[top] = found.get(top, 0) | 1 << row
        return tuple(found.values())
