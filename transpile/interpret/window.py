"""Aggregates beside every row: of its group, or of the rows so far (spl-semantics 4.5)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import field

from transpile.interpret.context import Scope
from transpile.interpret.events import time_of
from transpile.interpret.expressions import compile_expr
from transpile.interpret.grouping import Group, Spec, as_text, compile_aggs, key_values
from transpile.interpret.predicates import Decide, compile_pred
from transpile.interpret.values import Row
from transpile.ir import stages as s
from transpile.ir.expr import Field
from transpile.records import dataclass

Transform = Callable[[Iterator[Row]], Iterator[Row]]
_Key = tuple[str, ...]


def window(stage: s.Window, scope: Scope) -> Transform:
    """Add aggregates to every row; rows with a missing key stay and get nothing.

    A row with a multivalue key counts in the group of each value and shows that of the first.
    """
    specs = compile_aggs(stage.aggs, scope)
    keys_of = _keys(stage, scope)
    if not stage.running:
        return lambda rows: _whole_groups(list(rows), specs, frozenset(stage.by), keys_of)
    before = None if stage.reset_before is None else compile_pred(stage.reset_before, scope)
    after = None if stage.reset_after is None else compile_pred(stage.reset_after, scope)
    return lambda rows: _running(rows, stage, specs, keys_of, before, after)


def _keys(stage: s.Window, scope: Scope) -> Callable[[Row], list[_Key]]:
    keys = tuple(compile_expr(Field(name), scope) for name in stage.by)
    return lambda row: [as_text(values) for values in key_values(keys, row)]


def _whole_groups(
    rows: list[Row],
    specs: tuple[Spec, ...],
    by: frozenset[str],
    keys_of: Callable[[Row], list[_Key]],
) -> Iterator[Row]:
    groups: dict[_Key, Group] = {}
    own: list[_Key | None] = []
    for row in rows:
        keys = keys_of(row)
        own.append(keys[0] if keys else None)
        for key in keys:
            if key not in groups:
                groups[key] = Group(specs, by=by)
            groups[key].add(row)
    results = {key: group.write({}) for key, group in groups.items()}
    names = {spec.name for spec in specs if not spec.pattern}
    for row, shown in zip(rows, own, strict=True):
        if shown is None:
            yield row
        else:
            kept = {name: value for name, value in row.items() if name not in names}
            yield kept | results[shown]


@dataclass(slots=True)
class _History:
    """The rows since the last reset: running groups, and the rows that a window looks back on."""

    groups: dict[_Key, Group] = field(default_factory=dict)
    past: list[tuple[_Key, Row]] = field(default_factory=list)
    last: _Key | None = None

    def clear(self) -> None:
        self.groups.clear()
        self.past.clear()


def _running(
    rows: Iterator[Row],
    stage: s.Window,
    specs: tuple[Spec, ...],
    keys_of: Callable[[Row], list[_Key]],
    before: Decide | None,
    after: Decide | None,
) -> Iterator[Row]:
    history = _History()
    advance = _look_back if stage.rows > 0 or stage.seconds > 0 else _accumulate
    for row in rows:
        keys = keys_of(row)
        if not keys:
            yield row
            continue
        key = keys[0]
        if (stage.reset_on_change and key != history.last) or (before and before(row)):
            history.clear()
        history.last = key
        yield advance(history, stage, specs, key, row)
        if after and after(row):
            history.clear()


def _accumulate(
    history: _History, stage: s.Window, specs: tuple[Spec, ...], key: _Key, row: Row
) -> Row:
    group = history.groups.get(key)
    if group is None:
        group = history.groups[key] = Group(specs, by=frozenset(stage.by))
    if stage.current:
        group.add(row)
        return group.write(dict(row))
    shown = group.write(dict(row))
    group.add(row)
    return shown


def _look_back(
    history: _History, stage: s.Window, specs: tuple[Spec, ...], key: _Key, row: Row
) -> Row:
    """Aggregate anew over the rows of the window that belong to the group."""
    history.past.append((key, row))
    seen = history.past if stage.current else history.past[:-1]
    if stage.per_group:
        seen = [entry for entry in seen if entry[0] == key]
    if stage.rows > 0:
        seen = seen[-stage.rows :]
    group = Group(specs, by=frozenset(stage.by))
    for known, member in seen:
        if known == key and _within(member, row, stage.seconds):
            group.add(member)
    _forget(history, stage)
    return group.write(dict(row))


def _within(member: Row, row: Row, seconds: float) -> bool:
    if seconds <= 0:
        return True
    then, now = time_of(member), time_of(row)
    return then is not None and now is not None and abs(now - then) <= seconds


def _forget(history: _History, stage: s.Window) -> None:
    """Drop rows that no later window can reach, as far as a count over all rows tells."""
    if stage.rows > 0 and not stage.per_group:
        del history.past[: -(stage.rows + 1)]
