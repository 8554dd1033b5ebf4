"""Locations of addresses: columns that the rows came with, else a table of address ranges."""

from __future__ import annotations

from sqlglot import exp
from transpile.backends.sql import nodes as n
from transpile.backends.sql.expressions import as_text, common_kind, convert, first_present
from transpile.backends.sql.frame import Frame
from transpile.backends.sql.needs import Needs
from transpile.backends.sql.stages.sets import lookup_table, qualified, written
from transpile.backends.sql.values import Kind, Value
from transpile.backends.sql.writer import Writer

from transpile.interpret.reads import LOCATION, location_fields
from transpile.ir import stages as s
from transpile.records import replace
from transpile.tables import Table

RANGES = "ip_locations"
"""A table with a row per range of IPv4 addresses: `first_ip` and `last_ip` as numbers, and the
location fields by their Splunk names."""
RANGE_COLUMNS = ("first_ip", "last_ip", *LOCATION)


def geo(stage: s.Geo, frame: Frame, writer: Writer, before: Needs, after: Needs) -> Frame:
    """Add the location fields that are read later."""
    names = sorted(name for name in location_fields(stage) if name in after)
    if not names or frame.value(stage.field).is_null:
        return frame
    if frame.rest is not None and after.names is None:
        writer.note(f"the table has the location of {stage.field} in the columns {names}")
        return frame
    if frame.rest is not None and not any(name in frame.columns for name in names):
        writer.note(f"the table has the location of {stage.field} in the columns {names}")
        return frame
    return _joined(stage, names, frame, writer, before, after)


def _joined(
    stage: s.Geo, names: list[str], frame: Frame, writer: Writer, before: Needs, after: Needs
) -> Frame:
    rows = written(frame, writer, before)
    columns = {name: qualified(value, rows.source) for name, value in rows.columns.items()}
    scope = writer.scope(rows)
    lookup_table(Table(RANGES, None), writer, RANGE_COLUMNS)
    writer.assume("regex")
    writer.note(
        f"the table {RANGES} has a row for each range of IPv4 addresses, none twice: first_ip and "
        "last_ip as numbers, City, Country, Region, lat, lon"
    )
    address = as_text(columns[stage.field], scope)
    low, high = (
        n.cast(n.column(name, RANGES), exp.DType.BIGINT) for name in ("first_ip", "last_ip")
    )
    inside = exp.Between(this=writer.dialect.ip_number(lambda: address.sql), low=low, high=high)
    for name in names:
        found = Value(n.shared_column(name.removeprefix(stage.prefix), RANGES), Kind.TEXT)
        old = columns.get(name)
        if old is not None:
            kind = common_kind((found.kind, old.kind))
            parts = [convert(value, kind, scope) for value in (found, old)]
            found = Value(first_present(parts, scope), kind)
        columns[name] = found
    order = tuple(replace(key, value=qualified(key.value, rows.source)) for key in rows.order)
    join = exp.Join(this=n.table(RANGES), side="LEFT", on=inside)
    joined = Frame(
        rows.source, columns, joins=(join,), order=order, label="located",
        comments=writer.comment(stage.span),
    )
    return writer.flush(joined, after)
