"""Stages that work row by row: each becomes a function over a stream of rows, order kept.

A row is never changed in place; a stage that changes it copies it first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from transpile.interpret.choices import EXPAND_KEEPS_MISSING
from transpile.interpret.context import Scope
from transpile.interpret.errors import NotComputable
from transpile.interpret.expressions import Evaluate, compile_expr
from transpile.interpret.lookups import compile_lookup
from transpile.interpret.predicates import compile_pred
from transpile.interpret.reads import LOCATION, location_fields
from transpile.interpret.structured import (
    all_leaves,
    at_path,
    json_text,
    load_json,
    pairs,
    xml_pairs,
)
from transpile.interpret.time import calendar_floor, floor_to
from transpile.interpret.values import ORIGIN, Row, assign, field_names, first, items, pack
from transpile.ir import stages as s
from transpile.ir.decide import Scalar, number_text, text, to_number
from transpile.ir.names import NAME_PART, carried, name_matcher
from transpile.ir.regex import compile_python
from transpile.ir.text import whole

Transform = Callable[[Iterator[Row]], Iterator[Row]]
_Change = Callable[[Row], Row]


def _each(change: _Change) -> Transform:
    return lambda rows: map(change, rows)


def keep(stage: s.Filter, scope: Scope) -> Transform:
    """Keep the rows for which the predicate is true."""
    decide = compile_pred(stage.pred, scope)
    return lambda rows: filter(decide, rows)


def compute(stage: s.Compute, scope: Scope) -> Transform:
    """Assign fields from left to right."""
    assignments = tuple((name, compile_expr(expr, scope)) for name, expr in stage.assignments)
    return _each(_assigner(assignments))


def _assigner(assignments: tuple[tuple[str, Evaluate], ...]) -> _Change:
    def change(row: Row) -> Row:
        changed = dict(row)
        for name, value_of in assignments:
            assign(changed, name, value_of(changed))
        return changed

    return change


def compute_named(stage: s.ComputeNamed, scope: Scope) -> Transform:
    """Assign a field named by values of the row; one of them missing: nothing is written."""
    value_of = compile_expr(stage.value, scope)
    sources = NAME_PART.findall(stage.name)

    def change(row: Row) -> Row:
        values: dict[str, str] = {}
        for source in sources:
            value = first(row.get(source))
            if value is None:
                return row
            values[source] = text(value)
        name = NAME_PART.sub(lambda found: values[found[1]], stage.name)
        changed = dict(row)
        assign(changed, name, value_of(row))
        return changed

    return _each(change)


def extract(stage: s.Extract, scope: Scope) -> Transform:
    """Write the named groups of the matches of a regular expression."""
    regex = compile_python(stage.regex)
    groups = stage.regex.group_names

    def change(row: Row) -> Row:
        found: dict[str, list[Scalar]] = {}
        for value in items(row.get(stage.source)):
            for count, match in enumerate(regex.finditer(text(value)), start=1):
                for name, number in groups:
                    if match[number] is not None:
                        found.setdefault(name, []).append(match[number])
                if count == stage.limit:
                    break
        return {**row, **{name: pack(values) for name, values in found.items()}} if found else row

    return _each(change)


def parse(stage: s.Parse, scope: Scope) -> Transform:
    """Write the fields found in structured text."""
    read = _PARSERS[stage.format]

    def change(row: Row) -> Row:
        found: dict[str, list[Scalar]] = {}
        for value in items(row.get(stage.source)):
            for name, part in read(stage, text(value)):
                found.setdefault(name, []).append(part)
        return {**row, **{name: pack(values) for name, values in found.items()}} if found else row

    return _each(change)


def _read_path(stage: s.Parse, value: str) -> Iterator[tuple[str, Scalar]]:
    return ((stage.target or stage.path, part) for part in at_path(value, stage.path))


def _read_members(stage: s.Parse, value: str) -> Iterator[tuple[str, Scalar]]:
    try:
        document = load_json(value)
    except ValueError:
        return
    if isinstance(document, dict):
        for name, part in document.items():
            yield stage.prefix + name, json_text(part)


_PARSERS: Mapping[str, Callable[[s.Parse, str], Iterator[tuple[str, Scalar]]]] = {
    "json-path": _read_path,
    "xml-path": _read_path,
    "auto": lambda stage, value: all_leaves(value),
    "json": _read_members,
    "pairs": lambda stage, value: pairs(value, stage.pair_delims, stage.value_delims),
    "xml-pairs": lambda stage, value: xml_pairs(value),
}


def rename(stage: s.Rename, scope: Scope) -> Transform:
    """Rename fields, one pair after the other (U21)."""
    changes = tuple(
        _rename_many(old, new) if "*" in old else _rename_one(old, new) for old, new in stage.pairs
    )

    def change(row: Row) -> Row:
        for step in changes:
            row = step(row)
        return row

    return _each(change)


def _rename_one(old: str, new: str) -> _Change:
    def change(row: Row) -> Row:
        if old == new or (old not in row and new not in row):
            return row
        return {new if name == old else name: v for name, v in row.items() if name != new}

    return change


def _rename_many(old: str, new: str) -> _Change:
    matcher = name_matcher(old)

    def change(row: Row) -> Row:
        for name in list(field_names(row)):
            found = matcher(name)
            if found:
                row = _rename_one(name, carried(new, found))(row)
        return row

    return change


def project(stage: s.Project, scope: Scope) -> Transform:
    """Keep or drop fields by name or wildcard."""
    matchers = tuple((name, name_matcher(name) if "*" in name else None) for name in stage.fields)

    def named(row: Row) -> Iterator[str]:
        for name, matcher in matchers:
            if matcher is not None:
                yield from sorted(n for n in field_names(row) if matcher(n))
            elif name in row:
                yield name

    def dropped(row: Row) -> Row:
        gone = set(named(row))
        return {name: value for name, value in row.items() if name not in gone}

    def kept(row: Row) -> Row:
        changed = {name: row[name] for name in named(row)}
        if stage.keep_internal:
            changed |= {name: value for name, value in row.items() if name.startswith("_")}
        if ORIGIN in row:
            changed[ORIGIN] = row[ORIGIN]
        return changed

    return _each(dropped if stage.drop else kept)


def bucket(stage: s.Bucket, scope: Scope) -> Transform:
    """Replace a number by the start of its bin; a value that is no number stays (5.9)."""
    if stage.width <= 0:
        raise NotComputable("bins need a width", span=stage.span)

    def start(value: Scalar) -> Scalar | None:
        amount = to_number(value)
        if amount is None:
            return value
        if stage.calendar:
            zone = scope.context.timezone
            return calendar_floor(amount, int(stage.width), stage.calendar, zone)
        low = floor_to(amount, stage.width, stage.align)
        if stage.time:
            return low
        return f"{number_text(low)}-{number_text(low + stage.width)}"

    def change(row: Row) -> Row:
        value = row.get(stage.field)
        if value is None:
            return row
        changed = dict(row)
        starts = (start(item) for item in items(value))
        assign(changed, stage.target or stage.field, pack(b for b in starts if b is not None))
        return changed

    return _each(change)


def expand(stage: s.Expand, scope: Scope) -> Transform:
    """Make one row per value; a row without the field stays as it is (U13)."""

    def run(rows: Iterator[Row]) -> Iterator[Row]:
        for row in rows:
            value = row.get(stage.field)
            if isinstance(value, list):
                for item in value[: stage.limit or None]:
                    yield {**row, stage.field: item}
            elif value is not None or EXPAND_KEEPS_MISSING:
                yield row

    return run


def lookup(stage: s.Lookup, scope: Scope) -> Transform:
    """Add columns of a lookup table."""
    return _each(compile_lookup(stage, scope.context.lookups))


def totals(stage: s.Totals, scope: Scope) -> Transform:
    """Add the sum of numeric fields; text and missing values count as nothing (5.22)."""

    def change(row: Row) -> Row:
        names = stage.fields or tuple(n for n in field_names(row) if not n.startswith("_"))
        numbers = (to_number(item) for name in names for item in items(row.get(name)))
        total = sum(number for number in numbers if number is not None)
        return {**row, stage.target: whole(float(total))}

    return _each(change)


def geo(stage: s.Geo, scope: Scope) -> Transform:
    """Add location fields; an address that the database does not know adds nothing (5.25).

    Without a database the rows pass: their location fields are those that the events came with.
    """
    provider = scope.context.geo
    if provider is None:
        return lambda rows: rows

    def change(row: Row) -> Row:
        value = first(row.get(stage.field))
        found = None if value is None else provider(text(value))
        if not found:
            return row
        names = tuple(found) if stage.all_fields else LOCATION
        return row | {stage.prefix + name: found[name] for name in names if name in found}

    return _each(change)


def given_locations(stage: s.Geo, names: frozenset[str]) -> Transform:
    """Pass rows that came with their location fields, where later stages need some of them.

    Raises NotComputable for a row with an address and no location field.
    """
    known = location_fields(stage)

    def change(row: Row) -> Row:
        if row.get(stage.field) is not None and known.isdisjoint(row):
            raise NotComputable(
                f"no location database is given; a later command needs {', '.join(sorted(names))}",
                span=stage.span,
                hint=f"give the events these fields, or the context a database for {stage.field!r}",
            )
        return row

    return _each(change)


def opaque(stage: s.Opaque, scope: Scope) -> Transform:
    """Pass the rows if the command only adds fields (they stay missing).

    Raises NotComputable if it may remove, add or change rows.
    """
    if stage.changes or stage.filters:
        raise NotComputable(f"{stage.command}: {stage.reason}", span=stage.span)
    return lambda rows: rows


def store(stage: s.Store, scope: Scope) -> Transform:
    """Pass the rows on; nothing is written."""
    return lambda rows: rows


ROWWISE: Mapping[type, Callable[[Any, Scope], Transform]] = {
    s.Filter: keep,
    s.Compute: compute,
    s.ComputeNamed: compute_named,
    s.Extract: extract,
    s.Parse: parse,
    s.Rename: rename,
    s.Project: project,
    s.Bucket: bucket,
    s.Expand: expand,
    s.Lookup: lookup,
    s.Totals: totals,
    s.Geo: geo,
    s.Opaque: opaque,
    s.Store: store,
}
