"""Rows by one key, columns by another: `chart` and `timechart` (spl-semantics 4.6)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

from transpile.interpret.context import Scope
from transpile.interpret.grouping import Group, Spec, compile_aggs
from transpile.interpret.time import floor_to
from transpile.interpret.values import Row, items, marked, natural
from transpile.ir import stages as s
from transpile.ir.decide import Scalar, number_text, text, to_number

Transform = Callable[[Iterator[Row]], Iterator[Row]]
_AUTO_WIDTHS = (1, 5, 10, 30, 60, 300, 600, 1800, 3600, 86400)
_AUTO_BINS = 100
# a column: the value, or one of the two collecting series
_Series = tuple[str, str]
_Cells = dict[tuple[str, _Series], list[Row]]


def pivot(stage: s.Pivot, scope: Scope) -> Transform:
    """Make one row per row key, ascending; columns per column value, or per aggregate without one.

    Rows without the row key are left out. A cell without rows counts 0.
    """
    specs = compile_aggs(stage.aggs, scope)

    def run(rows: Iterator[Row]) -> Iterator[Row]:
        kept = [row for row in rows if row.get(stage.row) is not None]
        width = stage.width or _auto_width(kept, stage)
        cells, shown = _fill(kept, stage, width)
        names = _series_names(cells, stage, specs)
        cells = _collected(cells, names)
        if stage.fill_gaps and width:
            shown = _without_gaps(shown, width)
        columns = sorted(set(names.values()), key=_column_order)
        for key in sorted(shown, key=lambda k: natural(shown[k])):
            found: Row = {stage.row: shown[key]}
            members: list[Row] = []
            for column in columns:
                cell = cells.get((key, column), [])
                members += cell
                found |= _cell(cell, column, stage, specs)
            yield marked(found, members, track=scope.track)

    return run


def _column_order(column: _Series) -> tuple[bool, tuple[int, float, str]]:
    return column[0] != "value", natural(column[1])


def _fill(rows: list[Row], stage: s.Pivot, width: float) -> tuple[_Cells, dict[str, Scalar]]:
    """Return the rows of each cell, and each row key as it is shown."""
    cells: _Cells = {}
    shown: dict[str, Scalar] = {}
    for row in rows:
        series: list[_Series] = [("value", text(v)) for v in items(row.get(stage.column))]
        if not stage.column:
            series = [("value", "")]
        elif not series and stage.null is not None:
            series = [("null", stage.null)]
        for value, column in product(items(row[stage.row]), series):
            start = _bin(value, width, stage.row == "_time")
            shown.setdefault(text(start), start)
            cells.setdefault((text(start), column), []).append(row)
    return cells, shown


def _bin(value: Scalar, width: float, time: bool) -> Scalar:
    amount = to_number(value)
    if amount is None or not width:
        return value
    low = floor_to(amount, width)
    return low if time else f"{number_text(low)}-{number_text(low + width)}"


def _auto_width(rows: list[Row], stage: s.Pivot) -> float:
    """Return the smallest usual width that gives at most a hundred bins; 0 for no time key."""
    numbers = [to_number(item) for row in rows for item in items(row[stage.row])]
    times = [number for number in numbers if number is not None]
    if stage.row != "_time" or not times:
        return 0
    return time_width(min(times), max(times), _AUTO_BINS)


def time_width(low: float, high: float, bins: int, least: float = 0) -> int:
    """Return the smallest usual width, `least` or more, that gives at most `bins` bins."""
    fitting = (
        width for width in _AUTO_WIDTHS
        if width >= least and (floor_to(high, width) - floor_to(low, width)) / width < bins
    )  # fmt: skip
    return next(fitting, _AUTO_WIDTHS[-1])


def _without_gaps(shown: dict[str, Scalar], width: float) -> dict[str, Scalar]:
    numbers = [to_number(value) for value in shown.values()]
    starts = [number for number in numbers if number is not None]
    if not starts:
        return shown
    count = round((max(starts) - min(starts)) / width)
    every = [floor_to(min(starts) + at * width, width) for at in range(count + 1)]
    return {text(start): start for start in every} | shown


def _series_names(
    cells: _Cells, stage: s.Pivot, specs: tuple[Spec, ...]
) -> dict[_Series, _Series]:
    """Return for each series the one that it goes to: itself, or the collecting one.

    The series with the largest sums of the first aggregate stay; series left out are absent.
    """
    sums: dict[_Series, float] = {}
    for (_, column), rows in cells.items():
        first = _aggregated(rows, stage, specs[:1]).get(specs[0].name) if specs else None
        amounts = [to_number(item) for item in items(first)]
        sums[column] = sums.get(column, 0) + sum(a for a in amounts if a is not None)
    ranked = sorted((c for c in sums if c[0] == "value"), key=lambda c: (-sums[c], c[1]))
    kept = set(ranked[: stage.limit or None])
    other: _Series | None = None if stage.other is None else ("other", stage.other)
    names: dict[_Series, _Series] = {}
    for column in sums:
        target = column if column in kept or column[0] == "null" else other
        if target is not None:
            names[column] = target
    return names


def _collected(cells: _Cells, names: dict[_Series, _Series]) -> _Cells:
    """Return the cells under the names of their series; rows of one cell stay in order."""
    found: _Cells = {}
    for (key, column), rows in cells.items():
        if column in names:
            found.setdefault((key, names[column]), []).extend(rows)
    return found


def _aggregated(rows: list[Row], stage: s.Pivot, specs: tuple[Spec, ...]) -> Row:
    group = Group(specs, by=frozenset((stage.row, stage.column)))
    for row in rows:
        group.add(row)
    return group.write({})


def _cell(rows: list[Row], column: _Series, stage: s.Pivot, specs: tuple[Spec, ...]) -> Row:
    found = _aggregated(rows, stage, specs)
    if not stage.column:
        return found
    if len(specs) == 1:
        return {_column_name(column[1]): value for value in found.values()}
    return {_column_name(f"{name}: {column[1]}"): value for name, value in found.items()}


def _column_name(name: str) -> str:
    return f"VALUE{name}" if name.startswith("_") else name
