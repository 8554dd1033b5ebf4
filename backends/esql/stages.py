"""The stages of the IR as commands: one entry a stage."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from transpile.backends.esql import tree as q
from transpile.backends.esql.aggregates import measure
from transpile.backends.esql.conditions import meets
from transpile.backends.esql.functions import java
from transpile.backends.esql.lookups import join, lookup
from transpile.backends.esql.members import is_list
from transpile.backends.esql.values import CannotSay, Kind, Value, as_text
from transpile.backends.esql.writer import Writer

from transpile.ir import stages as s
from transpile.ir.events.groups import GROUPS
from transpile.ir.events.reader import Elsewhere
from transpile.ir.events.reader import Value as Meaning
from transpile.ir.events.rows import ROWS, always_taken
from transpile.ir.events.transactions import MADE, transaction
from transpile.ir.expr import Call, Expr, Field, Lit
from transpile.ir.pred import Matches
from transpile.ir.regex import Purpose
from transpile.ir.walk import descend
from transpile.records import replace

_LARGE = 400
"""Nodes of an expression above which it gets a column of its own."""
_CODE = "event.code"
_INLINE = "INLINE STATS needs Elasticsearch 9.3 (9.2 has it as a preview)"
_MANY = 10_000
"""Rows that Elasticsearch returns at most."""


def _filter(writer: Writer, stage: s.Filter) -> None:
    writer.where(stage.pred, stage.span)


def _by_reader(writer: Writer, stage: Any) -> None:
    handler = ROWS.get(type(stage)) or GROUPS[type(stage)]
    writer.handled(handler, stage)


def _compute(writer: Writer, stage: s.Compute) -> None:
    for assignment in stage.assignments:
        writer.handled(ROWS[s.Compute], replace(stage, assignments=(assignment,)))
        name = assignment[0]
        found = writer.reader.env.get(name)
        if not isinstance(found, Elsewhere) and (_is_large(found) or _picks(found)):
            _own_column(writer, name)


def _is_large(expr: Any) -> bool:
    return any(at > _LARGE for at, _ in enumerate(descend(expr)))


def _picks(expr: Any) -> bool:
    """Return whether an expression chooses a member of a list, which takes many words."""
    return any(
        isinstance(node, Call)
        and node.name in ("mvfind", "mvindex")
        and is_list(node.args[0])
        and not isinstance(node.args[1], Lit)
        for node in descend(expr)
    )


def _own_column(writer: Writer, name: str) -> None:
    try:
        made: Meaning = writer.make(name, writer.value(Field(name)))
    except CannotSay as reason:
        made = Elsewhere(reason.message)
    writer.reader.env.known[name] = made


def _bucket(writer: Writer, stage: s.Bucket) -> None:
    """A bin is an expression like any other."""
    try:
        binned = _bin(stage)
        writer.value(binned)
        writer.reader.env.known[stage.target] = writer.meaning(binned)
    except CannotSay:
        _by_reader(writer, stage)


def _bin(stage: s.Bucket) -> Expr:
    if not stage.time or stage.align:
        raise CannotSay("ES|QL has no such bins")
    field = Field(stage.field)
    if stage.calendar:
        return Call("time_bin", (field, Lit(int(stage.width)), Lit(stage.calendar)))
    starts = Call("floor", (Call("div", (field, Lit(stage.width))),))
    return Call("mul", (starts, Lit(stage.width)))


def _totals(writer: Writer, stage: s.Totals) -> None:
    """The sum of the fields that are named."""
    if not stage.fields or any("*" in name for name in stage.fields):
        _by_reader(writer, stage)
        return
    total = Call("sum", tuple(map(Field, stage.fields)), span=stage.span)
    _compute(writer, s.Compute(((stage.target, total),), span=stage.span))


def _extract(writer: Writer, stage: s.Extract) -> None:
    """The groups of the first match, by replacing the whole text with each of them."""
    try:
        columns = _taken(writer, stage)
    except CannotSay:
        _by_reader(writer, stage)
        return
    writer.reader.env.known.update(columns)


def _taken(writer: Writer, stage: s.Extract) -> dict[str, Meaning]:
    if stage.limit != 1:
        raise CannotSay("ES|QL takes one match")
    groups = dict(stage.regex.group_names)
    if set(groups) - always_taken(stage.regex):
        raise CannotSay("a group that may take no part")
    source = as_text(writer.value(Field(stage.source)))
    if source.many:
        raise CannotSay("ES|QL takes a match out of a single value")
    found = meets(source, Matches(stage.regex), writer.scope)
    whole = rf"\A[\s\S]*?(?:{java(stage.regex, Purpose.EXTRACT)})[\s\S]*\z"
    made: dict[str, Meaning] = {}
    for name, number in groups.items():
        part = q.Call("REPLACE", (source.node, q.Constant(whole), q.Constant(f"${number}")))
        args: tuple[q.Expr, ...] = (found, part)
        before = writer.reader.before(name)
        if isinstance(before, Expr):
            if before != Lit(None):
                args += (as_text(writer.scope.value(writer.placed(before))).node,)
        else:
            raise CannotSay("the field may have a value already")
        value = Value(q.Call("CASE", args), Kind.TEXT, needs=None)
        made[name] = writer.make(name, value)
    return made


def _expand(writer: Writer, stage: s.Expand) -> None:
    try:
        value = writer.value(Field(stage.field))
        if stage.limit:
            raise CannotSay("a limit on the values")
    except CannotSay:
        _by_reader(writer, stage)
        return
    if value.many:
        column = _expanded(stage.field, value, writer).node
        assert isinstance(column, q.Column)
        writer.reader.env.known[stage.field] = Field(column.name)


def _expanded(name: str, value: Value, writer: Writer) -> Value:
    """Return a column with one value of a list, of which there is a row each."""
    column = writer.make(name, value).name
    writer.commands.append(q.MvExpand(column))
    single = replace(writer.scope.made[column], many=False, ordered=False)
    writer.scope.made[column] = single
    return single


def _dedup(writer: Writer, stage: s.Dedup) -> None:
    """The newest event of each combination of keys, while the rows are events, newest first."""
    plain = stage.count == 1 and not (stage.consecutive or stage.keep_rows or stage.keep_missing)
    if not plain or writer.groups is not None or not writer.newest_first or writer.loose:
        _by_reader(writer, stage)
        return
    try:
        keys = [(name, writer.value(Field(name))) for name in stage.keys]
    except CannotSay:
        _by_reader(writer, stage)
        return
    if any(key.many for _, key in keys):
        _by_reader(writer, stage)
        return
    for _, key in keys:
        _only_present(writer, key)
    by = _columns(writer, keys)
    time = writer.scope.column("@timestamp")
    newest = writer.free("newest")
    latest = q.Measure(newest, q.Call("MAX", (time.node,)))
    writer.commands.append(q.Stats((latest,), by, inline=True))
    writer.made(newest, replace(time, needs=None))
    writer.commands.append(q.Where(q.Binary("==", time.node, q.Column(newest))))
    writer.scope.assume(_INLINE)
    writer.scope.assume(f"events that agree in {', '.join(stage.keys)} differ in time")


def _columns(
    writer: Writer, keys: list[tuple[str, Value]]
) -> tuple[tuple[str, q.Expr], ...]:
    """Return keys as columns to group by."""
    names = (key.node.name if isinstance(key.node, q.Column) else writer.make(name, key).name
             for name, key in keys)
    return tuple((name, q.Column(name)) for name in names)


# -- groups --------------------------------------------------------------------------------------


def _aggregate(writer: Writer, stage: s.Aggregate) -> None:
    columns: dict[str, Meaning] = {}
    made: dict[str, Value] = {}
    by: list[tuple[str, q.Expr]] = []
    groups: dict[str, str] = {}
    for key in stage.by:
        try:
            meaning = writer.meaning(key.expr)
            value = _key(key.name, writer.placed(meaning), writer)
        except CannotSay as reason:
            if writer.is_title(key.expr):
                by.append((_CODE, q.Column(_CODE)))
                made[_CODE] = Value(q.Column(_CODE), Kind.TEXT)
                columns[key.name] = Field(_CODE)
                writer.repeated.append(Field(_CODE))
                continue
            if not writer.is_constant(key.expr):
                writer.lose(reason.code, f"{reason.message}; the grouping by it is left out",
                            key.span or stage.span)
            columns[key.name] = Elsewhere(reason.message)
            continue
        _only_present(writer, value)
        source, missing = _plain(meaning, writer)
        if source and value.kind is Kind.BOOLEAN:
            writer.one_spelling(source)
        if source and not value.many:
            groups[source] = key.name
            writer.missing |= {} if missing is None else {source: missing}
        by.append((key.name, value.node))
        made[key.name] = Value(q.Column(key.name), value.kind)
        columns[key.name] = Field(key.name)
    measures = _measures(writer, stage.aggs, columns, made)
    if writer.loose:
        writer.tainted = {agg.name: agg.func for agg in stage.aggs if agg.name in made}
    if not measures and not by:
        measures = [q.Measure("count", q.Call("COUNT", (q.Star(),)))]
    writer.commands.append(q.Stats(tuple(measures), tuple(by)))
    if writer.groups is None:
        writer.groups = groups
    else:
        kept = {name: column for column, name in writer.groups.items()}
        writer.groups = {
            kept[node.name]: name
            for name, node in by
            if isinstance(node, q.Column) and node.name in kept
        }
    writer.regroup(columns, made)


def _key(name: str, meaning: Expr, writer: Writer) -> Value:
    """Return a key; a list of members makes a row of each, be they alike or not."""
    value = writer.scope.value(meaning)
    return _expanded(name, value, writer) if is_list(meaning) else value


def _measures(
    writer: Writer, aggs: tuple[s.Agg, ...], columns: dict[str, Meaning], made: dict[str, Value]
) -> list[q.Measure]:
    found = []
    for agg in aggs:
        try:
            value, counted = measure(agg, writer)
        except CannotSay as reason:
            columns[agg.name] = Elsewhere(reason.message)
            continue
        needs = value.needs if value.needs == frozenset() else frozenset((agg.name,))
        found.append(q.Measure(agg.name, value.node, counted))
        made[agg.name] = replace(value, node=q.Column(agg.name), needs=needs)
        columns[agg.name] = Field(agg.name)
    return found


def _only_present(writer: Writer, value: Value) -> None:
    """ES|QL makes a group of missing keys, SPL none."""
    if value.needs is None or value.needs - writer.known - {"@timestamp"}:
        writer.where_is(q.IsNull(value.node, negated=True))
        writer.known |= value.needs or frozenset()


def _plain(meaning: Expr, writer: Writer) -> tuple[str, str | None]:
    """Return the source field whose values are those of a key, "" if there is none.

    And what stands for it where an event has none, None if it is in no group then.
    """
    match meaning:
        case Field(name):
            return name, None
        case Call("coalesce", (Field(name), Lit(text))):
            return name, None if writer.is_filled(name) else str(text)
        case _:
            return "", None


def _window(writer: Writer, stage: s.Window) -> None:
    """Aggregates beside the rows; rows without a key get none."""
    try:
        _beside(writer, stage)
    except CannotSay:
        _by_reader(writer, stage)


def _beside(writer: Writer, stage: s.Window) -> None:
    if stage.running or writer.loose or any(agg.pattern for agg in stage.aggs):
        raise CannotSay("ES|QL has aggregates over whole groups only")
    keys = [writer.value(Field(name)) for name in stage.by]
    if any(key.many for key in keys):
        raise CannotSay("a row with several keys")
    made, absent = [], {}
    for agg in stage.aggs:
        try:
            made.append((agg.name, *measure(agg, writer)))
        except CannotSay as reason:
            absent[agg.name] = Elsewhere(reason.message)
    if not made:
        raise CannotSay("ES|QL has none of these aggregates")
    columns = _columns(writer, list(zip(stage.by, keys, strict=True)))
    measures, names = [], {}
    for wanted, value, counted in made:
        name = writer.free(wanted) if writer.rewriting is not None else wanted
        measures.append(q.Measure(name, value.node, counted))
        names[wanted] = writer.made(name, value)
    writer.commands.append(q.Stats(tuple(measures), columns, inline=True))
    writer.scope.assume(_INLINE)
    missing = [q.IsNull(key.node, negated=True) for key in keys
               if key.needs is None or key.needs - writer.known]
    if missing:
        present = missing[0] if len(missing) == 1 else q.And(tuple(missing))
        for field in names.values():
            column = q.Column(field.name)
            writer.commands.append(q.Eval(((field.name, q.Call("CASE", (present, column))),)))
            shown = writer.scope.made[field.name]
            writer.scope.made[field.name] = replace(shown, needs=frozenset((field.name,)))
    writer.reader.env.known.update({**names, **absent})


def _transaction(writer: Writer, stage: s.Transaction) -> None:
    """Groups put together by a column of theirs that is never missing: no group is lost."""
    known = writer.reader.env.known
    key = known.get(stage.fields[0]) if len(stage.fields) == 1 else None
    between = stage.starts is not None or stage.ends is not None
    if writer.groups is None or between or not _is_sure(key, writer):
        writer.handled(transaction, stage)
        return
    assert key is not None
    merged = dict.fromkeys((*known, *MADE), Elsewhere("a transaction"))
    writer.reader.env.known = {**merged, stage.fields[0]: key}


def _is_sure(value: Meaning | None, writer: Writer) -> bool:
    return isinstance(value, Field) and value.name in writer.known


# -- order ---------------------------------------------------------------------------------------


def _sort(writer: Writer, stage: s.Sort) -> None:
    keys = []
    for key in stage.keys:
        try:
            value = writer.value(Field(key.field))
        except CannotSay as reason:
            if stage.limit and stage.limit < _MANY:
                writer.lose("TGT606", f"rows behind the first {stage.limit} are reported too: "
                            f"{reason.message}", stage.span)
            return
        column = value.node if isinstance(value.node, q.Column) else None
        name = column.name if column else writer.make(key.field, value).name
        keys.append(q.SortKey(name, key.descending))
    writer.commands.append(q.Sort(tuple(keys)))
    if stage.limit:
        _first(writer, stage.limit, stage)


def _limit(writer: Writer, stage: s.Limit) -> None:
    if stage.while_true is not None or stage.last or stage.count is None:
        _by_reader(writer, stage)
        return
    _first(writer, stage.count, stage)


def _first(writer: Writer, count: int, stage: s.Sort | s.Limit) -> None:
    """The first rows of an order; more of them come where the order is not ES|QL's."""
    if count >= _MANY:
        writer.scope.assume(f"a search yields at most {_MANY:,} rows")
    elif writer.loose or not (writer.commands and isinstance(writer.commands[-1], q.Sort)):
        writer.lose("TGT606", f"rows behind the first {count} are reported too", stage.span)
    else:
        writer.scope.assume("of rows that the order puts level any come first")
        writer.commands.append(q.Limit(count))


STAGES: Mapping[type, Callable[[Writer, Any], None]] = {
    s.Events: _by_reader,
    s.DataModel: _by_reader,
    s.Filter: _filter,
    s.Compute: _compute,
    s.ComputeNamed: _by_reader,
    s.Extract: _extract,
    s.Parse: _by_reader,
    s.Rename: _by_reader,
    s.Project: _by_reader,
    s.Fill: _by_reader,
    s.Bucket: _bucket,
    s.AutoBucket: _by_reader,
    s.Expand: _expand,
    s.Join: join,
    s.Lookup: lookup,
    s.Geo: _by_reader,
    s.Totals: _totals,
    s.ForEach: _by_reader,
    s.Opaque: _by_reader,
    s.Store: _by_reader,
    s.Aggregate: _aggregate,
    s.Window: _window,
    s.Transaction: _transaction,
    s.Dedup: _dedup,
    s.Sort: _sort,
    s.Limit: _limit,
}
