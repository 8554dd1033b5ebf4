"""Stages that work row by row."""

from __future__ import annotations

from dataclasses import replace
from fnmatch import fnmatchcase

from sqlglot import exp
from transpile.backends.sql import nodes as n
from transpile.backends.sql.expressions import as_text, common_kind, convert, expression
from transpile.backends.sql.frame import Frame, computed
from transpile.backends.sql.needs import Needs, reads, renamed
from transpile.backends.sql.predicates import predicate
from transpile.backends.sql.regexes import regex_text
from transpile.backends.sql.values import ALWAYS, NUMERIC, Kind, Value
from transpile.backends.sql.writer import Writer

from transpile.errors import Unsupported
from transpile.ir import stages as s
from transpile.ir.pred import Unknown
from transpile.ir.regex import Purpose
from transpile.ir.regex import tree as t
from transpile.ir.walk import conjuncts, fields_of


def keep(stage: s.Filter, frame: Frame, writer: Writer, before: Needs, after: Needs) -> Frame:
    """Add a condition; over computed fields the rows are written first."""
    if computed(frame, reads(stage.pred)):
        frame = writer.flush(frame, before)
    label = "filtered" if frame.label in ("selected", "computed") else frame.label
    frame = replace(frame, label=label, comments=frame.comments + writer.comment(stage.span))
    for part in conjuncts(stage.pred):
        test = predicate(part, writer.scope(frame))
        if isinstance(part, Unknown):
            continue
        frame = frame.filtered(test.sql)
    return frame


def compute(stage: s.Compute, frame: Frame, writer: Writer, before: Needs, after: Needs) -> Frame:
    """Assign fields; one that reads a computed field makes the rows be written first."""
    later = needs_within(stage, after)
    for (name, expr), needs in zip(stage.assignments, later, strict=True):
        if name not in needs:
            continue
        if computed(frame, fields_of(expr)):
            frame = writer.flush(frame, needs.minus((name,)).plus(reads(expr)))
        value = expression(expr, writer.scope(frame))
        frame = frame.with_column(name, value)
    label = "computed" if frame.label == "selected" else frame.label
    return replace(frame, label=label, comments=frame.comments + writer.comment(stage.span))


def needs_within(stage: s.Compute, after: Needs) -> list[Needs]:
    """Return what must be there after each assignment."""
    found = [after]
    for name, expr in reversed(stage.assignments[1:]):
        last = found[-1]
        found.append(last.minus((name,)).plus(reads(expr)) if name in last else last)
    return found[::-1]


def extract(stage: s.Extract, frame: Frame, writer: Writer, before: Needs, after: Needs) -> Frame:
    """Take the named groups of the first match out of a text."""
    dialect = writer.dialect
    if stage.limit != 1:
        raise Unsupported("more than one match", code="TGT603", span=stage.span)
    if computed(frame, frozenset((stage.source,))):
        frame = writer.flush(frame, before)
    scope = writer.scope(frame)
    source = frame.value(stage.source)
    if source.is_null:
        return frame
    if source.kind is Kind.LIST:
        raise Unsupported("extraction from a multivalue field", code="TGT603", span=stage.span)
    text = as_text(source, scope)
    regex = regex_text(stage.regex, scope, Purpose.EXTRACT)
    old = {name: frame.find(name) for name, _ in stage.regex.group_names}
    for name, group in stage.regex.group_names:
        if name not in after:
            continue
        found = dialect.extract(text.sql, regex, group, name)
        if not _may_be_empty(stage.regex.tree, group):
            node = n.nullif(found, n.text(""))
        elif _always_taken(stage.regex.tree, group):
            node = n.case([(dialect.matches(text.sql, regex_text(stage.regex, scope)), found)])
        else:
            dialect.refuse("difference between an empty group and one that took no part")
        value = Value(node, Kind.TEXT)
        previous = old[name]
        if previous is not None:
            kind = common_kind((Kind.TEXT, previous.kind))
            parts = [convert(v, kind, scope).sql for v in (value, previous)]
            value = Value(n.coalesce(*parts), kind)
        frame = frame.with_column(name, value)
    return replace(
        frame, label="extracted", comments=frame.comments + writer.comment(stage.span)
    )


def _capture(tree: t.Node, group: int) -> t.Capture:
    captures = [part for part in t.walk(tree) if isinstance(part, t.Capture)]
    return captures[group - 1]


def _may_be_empty(tree: t.Node, group: int) -> bool:
    return t.width(_capture(tree, group).body)[0] == 0


def _always_taken(tree: t.Node, group: int) -> bool:
    """Return whether every match passes through the group."""
    wanted = _capture(tree, group)

    def inside(node: t.Node) -> bool:
        if node is wanted:
            return True
        match node:
            case t.Concat(items):
                return any(map(inside, items))
            case t.Capture(body):
                return inside(body)
            case _:
                return False

    return inside(tree)


def rename(stage: s.Rename, frame: Frame, writer: Writer, before: Needs, after: Needs) -> Frame:
    """Rename fields: only names change, no SQL is written."""
    for old, new in stage.pairs:
        if "*" not in old:
            frame = _moved(frame, old, new)
            continue
        if frame.rest is not None and after.names is None:
            raise Unsupported(
                f"renaming {old} of a table whose columns are not known",
                code="TGT603",
                span=stage.span,
            )
        names = set(frame.columns)
        if frame.rest is not None:
            names |= {name for name in before.names or () if frame.find(name) is not None}
        for name in sorted(names):
            target = renamed(name, old, new)
            if target is not None:
                frame = _moved(frame, name, target)
    return frame


def _moved(frame: Frame, old: str, new: str) -> Frame:
    value = frame.value(old)
    if old == new or value.is_null:
        return frame if old == new else frame.without(new)
    columns = {
        (new if name == old else name): kept
        for name, kept in frame.columns.items()
        if name != new
    }
    return replace(frame, columns={**columns, new: value}, gone=(frame.gone | {old}) - {new})


def project(stage: s.Project, frame: Frame, writer: Writer, before: Needs, after: Needs) -> Frame:
    """Keep or drop fields."""
    if stage.drop:
        return _dropped(stage, frame)
    wild = [name for name in stage.fields if "*" in name]
    if wild and frame.rest is not None and before.names is None:
        raise Unsupported(
            f"fields {', '.join(wild)} of a table whose columns are not known",
            code="TGT603",
            span=stage.span,
        )
    kept: dict[str, Value] = {}
    for name in stage.fields:
        if "*" not in name:
            found = frame.find(name)
            if found is not None:
                kept[name] = found
    names = [*frame.columns, *sorted((before.names or frozenset()) - frame.columns.keys())]
    for name in names:
        internal = stage.keep_internal and name.startswith("_")
        if name not in kept and (internal or any(fnmatchcase(name, p) for p in wild)):
            found = frame.find(name)
            if found is not None:
                kept[name] = found
    if stage.keep_internal and frame.rest is not None and "_time" not in kept:
        time = frame.find("_time")
        if time is not None:
            kept["_time"] = time
    return replace(frame, columns=kept, rest=None, gone=frozenset())


def _dropped(stage: s.Project, frame: Frame) -> Frame:
    for pattern in stage.fields:
        if "*" not in pattern:
            frame = frame.without(pattern)
            continue
        columns = {k: v for k, v in frame.columns.items() if not fnmatchcase(k, pattern)}
        if frame.rest is not None:
            raise Unsupported(
                f"dropping {pattern} of a table whose columns are not known",
                code="TGT603",
                span=stage.span,
            )
        frame = replace(frame, columns=columns)
    return frame


def fill(stage: s.Fill, frame: Frame, writer: Writer, before: Needs, after: Needs) -> Frame:
    """Give missing fields a value."""
    if stage.down:
        raise Unsupported("filling from the row before", code="TGT603", span=stage.span)
    if not stage.fields and frame.rest is not None and after.names is None:
        raise Unsupported(
            "filling all fields of a table whose columns are not known",
            code="TGT603",
            span=stage.span,
        )
    if not stage.fields:
        writer.note("every field named by the rule occurs in some row")
    names = stage.fields or tuple(
        dict.fromkeys((*frame.columns, *sorted(after.names or frozenset())))
    )
    for name in names:
        value = frame.find(name)
        if value is None and not stage.fields:
            continue
        if name in after and (value is None or value.missing != ALWAYS):
            if value is not None and not value.simple:
                frame = writer.flush(frame, before)
                value = frame.find(name)
            frame = frame.with_column(name, _filled(value, stage.value, writer, frame))
    return replace(frame, comments=frame.comments + writer.comment(stage.span))


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
    parts = [convert(v, kind, scope).sql for v in (value, default)]
    return Value(n.coalesce(*parts), kind, ALWAYS)


def bucket(stage: s.Bucket, frame: Frame, writer: Writer, before: Needs, after: Needs) -> Frame:
    """Replace a number by the start of its bin."""
    if stage.calendar not in ("", "day") or not stage.time:
        raise Unsupported("bins of this kind", code="TGT603", span=stage.span)
    if computed(frame, frozenset((stage.field,))):
        frame = writer.flush(frame, before)
    value = frame.value(stage.field)
    if value.is_null:
        return frame.without(stage.target)
    if value.kind not in NUMERIC:
        raise Unsupported("bins of a field that is no number", code="TGT603", span=stage.span)
    width = stage.width * 86400 if stage.calendar else stage.width
    if stage.calendar:
        writer.note("days begin at midnight UTC")
        if stage.width != 1:
            raise Unsupported("bins of several days", code="TGT603", span=stage.span)
    node = value.sql
    if stage.align:
        node = n.binary(exp.Sub, node, n.number(stage.align))
    if value.kind is Kind.INT:
        node = writer.dialect.real(node)
    node = n.binary(exp.Mul, n.call("FLOOR", n.binary(exp.Div, node, n.number(width))),
                    n.number(width))
    if stage.align:
        node = n.binary(exp.Add, node, n.number(stage.align))
    made = Value(node, Kind.REAL, value.missing)
    frame = frame.with_column(stage.target, made)
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


