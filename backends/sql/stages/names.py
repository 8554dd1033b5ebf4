"""Stages that choose and rename fields: only names change, hardly any SQL is written."""

from __future__ import annotations

from transpile.backends.sql.expressions import common_kind, convert, first_present
from transpile.backends.sql.frame import Frame
from transpile.backends.sql.needs import Needs, named
from transpile.backends.sql.values import ALWAYS, Value
from transpile.backends.sql.writer import Writer

from transpile.errors import Unsupported
from transpile.ir import stages as s
from transpile.ir.names import match_name, rename_name
from transpile.records import replace


def rename(stage: s.Rename, frame: Frame, writer: Writer, before: Needs, after: Needs) -> Frame:
    """Rename fields, one pair after the other."""
    for old, new in stage.pairs:
        if "*" not in old:
            frame = _moved(frame, old, new)
        elif "*" not in new:
            raise Unsupported(f"renaming all of {old} to {new}", code="TGT603", span=stage.span)
        else:
            frame = _all_moved(frame, old, new, stage, writer, before)
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


def _all_moved(
    frame: Frame, old: str, new: str, stage: s.Rename, writer: Writer, before: Needs
) -> Frame:
    """Rename all fields of a pattern. A row without such a field keeps what it has of the name."""
    names = set(frame.columns)
    if frame.rest is not None:
        if before.names is None:
            raise Unsupported(
                f"renaming {old} of a table whose columns are not known",
                code="TGT603",
                span=stage.span,
            )
        names |= {name for name in before.names if frame.find(name) is not None}
    moves = {name: rename_name(name, old, new) for name in sorted(names) if match_name(old, name)}
    if any(target != name and target in moves for name, target in moves.items()):
        raise Unsupported(
            f"renaming {old} to {new}, which other fields of {old} are called",
            code="TGT603",
            span=stage.span,
        )
    for name, target in moves.items():
        if name == target:
            continue
        kept = frame.find(target)
        frame = _moved(frame, name, target)
        if kept is not None and not kept.is_null:
            frame = frame.with_column(target, _either(frame.value(target), kept, frame, writer))
    return frame


def _either(value: Value, kept: Value, frame: Frame, writer: Writer) -> Value:
    if value.missing == ALWAYS:
        return value
    kind = common_kind((value.kind, kept.kind))
    scope = writer.scope(frame)
    parts = [convert(v, kind, scope) for v in (value, kept)]
    return Value(first_present(parts, scope), kind, ALWAYS if kept.missing == ALWAYS else None)


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
        if name not in kept and (internal or named(name, wild)):
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
        columns = {k: v for k, v in frame.columns.items() if not match_name(pattern, k)}
        if frame.rest is not None:
            raise Unsupported(
                f"dropping {pattern} of a table whose columns are not known",
                code="TGT603",
                span=stage.span,
            )
        frame = replace(frame, columns=columns)
    return frame
