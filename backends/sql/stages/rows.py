"""Stages that work row by row."""

from __future__ import annotations

from sqlglot import exp
from transpile.backends.sql import nodes as n
from transpile.backends.sql.expressions import (
    as_number,
    as_text,
    choice,
    common_kind,
    convert,
    expression,
    first_present,
    is_present,
)
from transpile.backends.sql.frame import Frame, computed
from transpile.backends.sql.functions.times import UTC_DAYS, floored
from transpile.backends.sql.needs import Needs, named, reads
from transpile.backends.sql.parts import with_parts
from transpile.backends.sql.predicates import predicate, present, without_implied
from transpile.backends.sql.values import ALWAYS, NUMERIC, Kind, Value
from transpile.backends.sql.writer import Writer

from transpile.errors import Unsupported
from transpile.ir import stages as s
from transpile.ir.expr import Expr
from transpile.ir.walk import conjuncts, fields_of
from transpile.records import replace


def keep(stage: s.Filter, frame: Frame, writer: Writer, before: Needs, after: Needs) -> Frame:
    """Add a condition; over computed fields the rows are written first."""
    if computed(frame, reads(stage.pred)):
        frame = writer.flush(frame, before)
    label = "filtered" if frame.label in ("selected", "computed") else frame.label
    frame = replace(frame, label=label, comments=frame.comments + writer.comment(stage.span))
    parts = conjuncts(stage.pred)
    scope = writer.scope(frame)
    there = present(parts, scope)
    scope = replace(scope, known=there)
    for part in without_implied(parts, scope):
        frame = frame.filtered(predicate(part, scope).sql)
    return frame.with_present(there)


def compute(stage: s.Compute, frame: Frame, writer: Writer, before: Needs, after: Needs) -> Frame:
    """Assign fields; one that reads a computed field makes the rows be written first."""
    assignments, parts = with_parts(stage.assignments)
    if after.names is None and frame.rest is not None and not writer.dialect.star_except:
        assignments, parts = stage.assignments, ()  # nothing could hide the parts
    later = needs_within(assignments, after)
    for (name, expr), needs in zip(assignments, later, strict=True):
        if name not in needs:
            continue
        if computed(frame, fields_of(expr)):
            frame = writer.flush(frame, needs.minus((name,)).plus(reads(expr)))
        value = expression(expr, writer.scope(frame))
        frame = frame.with_column(name, value)
    for name in parts:
        writer.helpers.add(name)
        frame = frame.without(name)
    label = "computed" if frame.label == "selected" else frame.label
    return replace(frame, label=label, comments=frame.comments + writer.comment(stage.span))


def needs_within(assignments: tuple[tuple[str, Expr], ...], after: Needs) -> list[Needs]:
    """Return what must be there after each assignment."""
    found = [after]
    for name, expr in reversed(assignments[1:]):
        last = found[-1]
        found.append(last.minus((name,)).plus(reads(expr)) if name in last else last)
    return found[::-1]


def fill(stage: s.Fill, frame: Frame, writer: Writer, before: Needs, after: Needs) -> Frame:
    """Give missing fields a value; named by a wildcard or not at all, those that some row has."""
    if stage.down:
        raise Unsupported("filling from the row before", code="TGT603", span=stage.span)
    listed = [name for name in stage.fields if "*" not in name]
    by_rows = len(listed) < len(stage.fields) or not stage.fields
    if by_rows and frame.rest is not None and after.names is None:
        raise Unsupported(
            "filling all fields of a table whose columns are not known",
            code="TGT603",
            span=stage.span,
        )
    shown = [*frame.columns, *sorted(after.names or frozenset())] if by_rows else []
    patterns = stage.fields or ("*", "_*")
    found = [name for name in shown if named(name, patterns) and frame.find(name) is not None]
    for name in dict.fromkeys((*listed, *found)):
        value = frame.find(name)
        if name not in after or (value is not None and value.missing == ALWAYS):
            continue
        if value is not None and not value.simple:
            frame = writer.flush(frame, before)
            value = frame.find(name)
        if value is None or name in listed:
            filled = _filled(value, stage.value, writer, frame)
        else:
            filled = _filled_if_some(value, stage.value, writer, frame)
        frame = frame.with_column(name, filled)
    frame = replace(frame, comments=frame.comments + writer.comment(stage.span))
    return writer.flush(frame, after, label="filled") if found else frame


def _filled_if_some(value: Value, text: str, writer: Writer, frame: Frame) -> Value:
    """Fill a field unless no row has it."""
    filled = _filled(value, text, writer, frame)
    scope = writer.scope(frame)
    present = value.sql
    if value.kind is Kind.LIST:
        present = n.case([(is_present(value, scope), n.number(1))])
    some = n.binary(exp.GT, n.window(exp.Count(this=present)), n.number(0))
    return replace(
        filled, node=choice([(some, filled.sql)], None, filled.kind, scope), missing=None
    )


def _filled(value: Value | None, text: str, writer: Writer, frame: Frame) -> Value:
    from transpile.backends.sql.expressions import constant

    from transpile.ir.text import number

    amount = number(text)
    default = constant(text)
    if value is None:
        return default
    if value.kind in NUMERIC and isinstance(amount, int):
        return Value(n.coalesce(value.sql, n.number(amount)), value.kind, ALWAYS)
    scope = writer.scope(frame)
    kind = common_kind((value.kind, Kind.TEXT))
    parts = [convert(v, kind, scope) for v in (value, default)]
    return Value(first_present(parts, scope), kind, ALWAYS)


def bucket(stage: s.Bucket, frame: Frame, writer: Writer, before: Needs, after: Needs) -> Frame:
    """Replace a number by the start of its bin."""
    if stage.calendar not in ("", "day") or (stage.calendar and not stage.time):
        raise Unsupported("bins of this kind", code="TGT603", span=stage.span)
    if computed(frame, frozenset((stage.field,))):
        frame = writer.flush(frame, before)
    value = frame.value(stage.field)
    if value.is_null:
        return frame.without(stage.target)
    width = stage.width * 86400 if stage.calendar else stage.width
    if stage.calendar:
        writer.note(UTC_DAYS)
        if stage.width != 1:
            raise Unsupported("bins of several days", code="TGT603", span=stage.span)
    if value.kind is Kind.LIST:
        raise Unsupported("bins of a multivalue field", code="TGT603", span=stage.span)
    scope = writer.scope(frame)
    amount = as_number(value, scope)
    made = Value(floored(amount, width, stage.align, scope), Kind.REAL, value.missing)
    if not stage.time:
        high = Value(n.binary(exp.Add, made.sql, n.number(width)), Kind.REAL)
        ends = [as_text(made, scope).sql, n.text("-"), as_text(high, scope).sql]
        made = Value(writer.dialect.concat(ends), Kind.TEXT, value.missing)
    if value.kind is Kind.TEXT:  # what is no number stays
        made = Value(n.coalesce(as_text(made, scope).sql, value.sql), Kind.TEXT, value.missing)
    frame = frame.with_column(stage.target, made)
    return replace(frame, comments=frame.comments + writer.comment(stage.span))


def totals(stage: s.Totals, frame: Frame, writer: Writer, before: Needs, after: Needs) -> Frame:
    """Add the sum of numeric fields; what is no number counts as nothing."""
    if not stage.fields:
        raise Unsupported("the sum of all numeric fields", code="TGT603", span=stage.span)
    if computed(frame, frozenset(stage.fields)):
        frame = writer.flush(frame, before)
    scope = writer.scope(frame)
    values = [frame.value(name) for name in stage.fields]
    if any(value.kind is Kind.LIST for value in values):
        raise Unsupported("the sum of a multivalue field", code="TGT603", span=stage.span)
    amounts = [as_number(value, scope) for value in values if not value.is_null]
    total = n.number(0)
    for amount in amounts:
        total = n.binary(exp.Add, total, n.coalesce(amount.sql, n.number(0)))
    kind = Kind.INT if all(amount.kind is Kind.INT for amount in amounts) else Kind.REAL
    frame = frame.with_column(stage.target, Value(total, kind, ALWAYS))
    return replace(frame, comments=frame.comments + writer.comment(stage.span))


def store(stage: s.Store, frame: Frame, writer: Writer, before: Needs, after: Needs) -> Frame:
    """Writing the rows elsewhere does not change them."""
    writer.note(f"the rows are not written to {stage.target}")
    return frame


def opaque(stage: s.Opaque, frame: Frame, writer: Writer, before: Needs, after: Needs) -> Frame:
    """A command without SQL is harmless only if nobody reads what it adds."""
    read = [name for name in stage.adds if name in after]
    if stage.changes or stage.filters or read:
        what = f" (it writes {', '.join(read)})" if read and not stage.changes else ""
        raise Unsupported(f"{stage.command}: {stage.reason}{what}", code="TGT608", span=stage.span)
    return frame


