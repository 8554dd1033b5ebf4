"""Commands over rows. A row carries which events it was made of, for the comparison with a rule."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import product
from typing import Any, assert_never

from transpile.backends.esql.engine import tree as t
from transpile.backends.esql.engine.aggregates import AGGREGATES
from transpile.backends.esql.engine.compile import (
    Compute,
    compile_condition,
    compile_expression,
)
from transpile.backends.esql.engine.errors import EsqlError
from transpile.backends.esql.engine.functions import Refused, listed, sort_key

from transpile.records import dataclass, replace

DEFAULT_LIMIT = 1000
MAX_LIMIT = 10_000


@dataclass(frozen=True, slots=True)
class Row:
    """The values of a row, and the numbers of the events that it was made of."""

    values: Mapping[str, Any]
    events: frozenset[int]


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows with the names and types of their columns, in order."""

    columns: Mapping[str, str]
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Run:
    """What a query runs with: the clock in milliseconds, and lookup indices by name."""

    now: float = 0.0
    lookups: Mapping[str, Rows] | None = None


def evaluate(query: t.Query, source: Rows, run: Run) -> Rows:
    """Return the result of a query over the rows of its FROM. Raises `EsqlError`."""
    rows = source
    limited = False
    for command in query[1:]:
        limited = limited or isinstance(command, t.Limit)
        rows = _step(command, rows, run)
    most = MAX_LIMIT if limited else DEFAULT_LIMIT
    return replace(rows, rows=rows.rows[:most])


def _step(command: t.Command, rows: Rows, run: Run) -> Rows:
    match command:
        case t.From():
            raise EsqlError("FROM stands at the beginning")
        case t.Where(condition):
            decide = compile_condition(condition, rows.columns, run.now)
            kept = [row for row in rows.rows if decide(row.values) is True]
            return replace(rows, rows=kept)
        case t.Eval(assignments):
            return _eval(assignments, rows, run)
        case t.Stats():
            return _stats(command, rows, run)
        case t.Keep(names):
            return _keep(names, rows)
        case t.Sort(keys):
            return _sort(keys, rows)
        case t.Limit(count):
            return replace(rows, rows=rows.rows[:count])
        case t.Expand(name):
            return _expand(name, rows)
        case t.Lookup(index, on):
            return _lookup(index, on, rows, run)
        case _:
            assert_never(command)


def _eval(assignments: Iterable[tuple[str, t.Node]], rows: Rows, run: Run) -> Rows:
    for name, node in assignments:
        kind, compute = compile_expression(node, rows.columns, run.now)
        columns = {**{k: v for k, v in rows.columns.items() if k != name}, name: kind}
        made = [Row({**row.values, name: compute(row.values)}, row.events) for row in rows.rows]
        rows = Rows(columns, made)
    return rows


def _known(name: str, rows: Rows) -> str:
    if name not in rows.columns:
        raise EsqlError(f"Unknown column [{name}]")
    return name


def _keep(names: Iterable[str], rows: Rows) -> Rows:
    kept: dict[str, str] = {}
    for name in names:
        if name == "*":
            kept |= rows.columns
        else:
            known = _known(name, rows)
            kept[known] = rows.columns[known]
    shown = [Row({name: row.values.get(name) for name in kept}, row.events) for row in rows.rows]
    return Rows(kept, shown)


def _sort(keys: Sequence[tuple[str, bool, bool]], rows: Rows) -> Rows:
    found = list(rows.rows)
    for name, descending, nulls_first in reversed(keys):
        _known(name, rows)
        there = [row for row in found if row.values.get(name) is not None]
        gone = [row for row in found if row.values.get(name) is None]

        def key(row: Row, name: str = name) -> Any:
            return sort_key(listed(row.values[name])[0])

        there.sort(key=key, reverse=descending)
        found = [*gone, *there] if nulls_first else [*there, *gone]
    return replace(rows, rows=found)


def _expand(name: str, rows: Rows) -> Rows:
    _known(name, rows)
    made = [
        Row({**row.values, name: value}, row.events)
        for row in rows.rows
        for value in (listed(row.values.get(name)) or [None])
    ]
    return replace(rows, rows=made)


def _lookup(index: str, on: tuple[str, ...], rows: Rows, run: Run) -> Rows:
    table = (run.lookups or {}).get(index)
    if table is None:
        raise EsqlError(f"Unknown index [{index}]")
    for name in on:
        _known(name, rows)
        _known(name, table)
    by_key: dict[tuple[Any, ...], list[Row]] = {}
    for entry in table.rows:
        by_key.setdefault(tuple(map(entry.values.get, on)), []).append(entry)
    nothing = [Row(dict.fromkeys(table.columns), frozenset())]
    made = []
    for row in rows.rows:
        key = tuple(map(row.values.get, on))
        asked = not any(value is None or isinstance(value, list) for value in key)
        found = by_key.get(key) if asked else None
        for entry in found or nothing:
            added = {name: v for name, v in entry.values.items() if name not in on}
            made.append(Row({**row.values, **added}, row.events))
    added_columns = {name: kind for name, kind in table.columns.items() if name not in on}
    return Rows({**rows.columns, **added_columns}, made)


# -- groups ----------------------------------------------------------------------------------------

Group = list[Row]


def _stats(stats: t.Stats, rows: Rows, run: Run) -> Rows:
    keys = [(name, *compile_expression(node, rows.columns, run.now)) for name, node in stats.by]
    measures = [(m.name, *_measure(m, rows, run)) for m in stats.measures]
    groups: dict[tuple[Any, ...], Group] = {} if keys else {(): []}
    for row in rows.rows:
        for key in _keys_of(row, [compute for _, _, compute in keys]):
            groups.setdefault(key, []).append(row)
    if stats.inline:
        return _beside(groups, keys, measures, rows)
    columns = {name: kind for name, kind, _ in measures} | {name: kind for name, kind, _ in keys}
    made = []
    for key, group in groups.items():
        values = {name: compute(group) for name, _, compute in measures}
        values |= {name: value for (name, _, _), value in zip(keys, key, strict=True)}
        made.append(Row(values, frozenset[int]().union(*(row.events for row in group))))
    return Rows(columns, made)


def _keys_of(row: Row, computes: list[Compute]) -> Iterable[tuple[Any, ...]]:
    """Yield the groups of a row: one for each value of a key that has several."""
    return product(*(listed(compute(row.values)) or [None] for compute in computes))


def _beside(
    groups: Mapping[tuple[Any, ...], Group], keys: list[Any], measures: list[Any], rows: Rows
) -> Rows:
    computed = {
        key: {name: compute(group) for name, _, compute in measures}
        for key, group in groups.items()
    }
    computes = [compute for _, _, compute in keys]
    made = []
    for row in rows.rows:
        key = next(iter(_keys_of(row, computes)))
        made.append(Row({**row.values, **computed[key]}, row.events))
    names = {name: kind for name, kind, _ in measures}
    return Rows({**{k: v for k, v in rows.columns.items() if k not in names}, **names}, made)


def _measure(measure: t.Measure, rows: Rows, run: Run) -> tuple[str, Callable[[Group], Any]]:
    """Return the type of an aggregate column, and what computes it of a group.

    Aggregates inside the expression become columns of a row of their own.
    """
    counted = None
    if measure.where is not None:
        counted = compile_condition(measure.where, rows.columns, run.now)
    parts: dict[str, tuple[str, Callable[[Group], Any]]] = {}
    outer = _without_aggregates(measure.expr, rows, run, parts)
    kind, compute = compile_expression(outer, {name: k for name, (k, _) in parts.items()}, run.now)

    def of(group: Group) -> Any:
        chosen = [row for row in group if counted is None or counted(row.values) is True]
        return compute({name: aggregate(chosen) for name, (_, aggregate) in parts.items()})

    return kind, of


def _without_aggregates(
    node: t.Node, rows: Rows, run: Run, parts: dict[str, tuple[str, Callable[[Group], Any]]]
) -> t.Node:
    match node:
        case t.Apply(name, args) if name in AGGREGATES:
            column = f"${len(parts)}"
            parts[column] = _aggregate(name, args, rows, run)
            return t.Name(column)
        case t.Apply(name, args, position):
            inner = tuple(_without_aggregates(arg, rows, run, parts) for arg in args)
            return t.Apply(name, inner, position)
        case t.Name(name):
            raise EsqlError(f"column [{name}] must be inside an aggregate function")
        case _:
            return node


def _aggregate(
    name: str, args: tuple[t.Node, ...], rows: Rows, run: Run
) -> tuple[str, Callable[[Group], Any]]:
    if args == (t.Star(),):
        if name != "COUNT":
            raise EsqlError(f"{name}(*) is not known")
        return "long", len
    typed = [compile_expression(arg, rows.columns, run.now) for arg in args]
    check, compute = AGGREGATES[name]
    try:
        kind = check([kind for kind, _ in typed])
    except Refused as reason:
        raise EsqlError(f"{name}: {reason}") from reason
    computes = [one for _, one in typed]
    return kind, lambda group: compute([tuple(c(row.values) for c in computes) for row in group])
