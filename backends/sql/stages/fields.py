"""Assignments once for each field of a pattern (`foreach`)."""

from __future__ import annotations

import re

from transpile.backends.sql import nodes as n
from transpile.backends.sql.frame import Frame
from transpile.backends.sql.needs import Needs
from transpile.backends.sql.stages.rows import compute
from transpile.backends.sql.values import Kind, Value
from transpile.backends.sql.writer import Writer

from transpile.errors import Unsupported
from transpile.interpret.foreach import filled, instance, matching, placeholders
from transpile.ir import stages as s
from transpile.ir.expr import Call, Case, Expr, Field
from transpile.ir.pred import Exists
from transpile.ir.walk import fields_of
from transpile.records import replace

_FIELD = "<<FIELD>>"
ALL = "_matching"
"""The column with the values of all fields of a pattern."""


def foreach(stage: s.ForEach, frame: Frame, writer: Writer, before: Needs, after: Needs) -> Frame:
    """Write the assignments of each field that is known; or collect what no one can name."""
    own = all(target == _FIELD for target, _ in stage.template)
    if frame.rest is None:
        names = frozenset(frame.columns)
    elif own and after.names is not None:
        names = frozenset(name for name in after.names if frame.find(name) is not None)
    else:
        return _collected(stage, frame, writer, after)
    assignments: list[tuple[str, Expr]] = []
    matched = matching(dict.fromkeys(names, ""), stage.patterns)
    for name, pattern in matched:
        texts = placeholders(name, pattern)
        for at, (template, expr) in enumerate(stage.template):
            target = filled(template, texts)
            last = at == len(stage.template) - 1
            if target in dict(matched) and (target != name or not last):
                raise Unsupported(
                    "foreach that writes fields which it goes through", code="TGT603",
                    span=stage.span,
                )
            value = instance(expr, texts)
            assignments.append((target, Case(((Exists(Field(name)), value),), Field(target))))
    step = s.Compute(tuple(assignments), span=stage.span)
    return compute(step, frame, writer, before, after) if assignments else frame


def _collected(stage: s.ForEach, frame: Frame, writer: Writer, after: Needs) -> Frame:
    """Append the values of all fields of a pattern to a field, in the order of their names."""
    found = _accumulated(stage)
    if found is None or any(re.match(r"\*|_", pattern) for pattern in stage.patterns):
        raise Unsupported(
            "foreach over a table whose columns are not known", code="TGT603", span=stage.span
        )
    frame = writer.flush(frame, Needs(None))
    parts = (".*".join(map(re.escape, pattern.split("*"))) for pattern in stage.patterns)
    values = writer.dialect.matching_columns(f"^(?:{'|'.join(parts)})$")
    shown = ", ".join(stage.patterns)
    writer.note(f"the columns {shown} of the table are texts and stand in the order of their names")
    frame = writer.flush(frame, Needs(None), extra=[(ALL, values)], label="with_matching",
                         comments=writer.comment(stage.span))
    every = writer.dialect.list_filter(n.column(ALL), n.is_not_null)
    frame = replace(frame, columns={**frame.columns, ALL: Value(every, Kind.LIST)})
    writer.helpers.add(ALL)
    frame = compute(s.Compute((found,), span=stage.span), frame, writer, Needs(None), after)
    return frame.without(ALL)


def _accumulated(stage: s.ForEach) -> tuple[str, Expr] | None:
    """Return the assignment that appends all fields at once, None if the template says else."""
    match stage.template:
        case ((target, Case(((condition, Call("mvappend", (Field(a), Field(b)))),), Field(c))),):
            parts = (a, b, c)
            told = fields_of(condition)
        case _:
            return None
    if parts != (target, _FIELD, target) or told & {target, _FIELD} or "<<" in target:
        return None
    value = Call("mvappend", (Field(target), Field(ALL)))
    return target, Case(((condition, value),), Field(target))
