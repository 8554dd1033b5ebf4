"""A pipeline as one SQL query: stages in turn, each over the rows of the one before."""

from __future__ import annotations

from sqlglot import exp
from transpile.backends.base import Draft, Inputs, Request
from transpile.backends.sql import nodes as n
from transpile.backends.sql.check import check
from transpile.backends.sql.dialects import load_dialect
from transpile.backends.sql.dialects.base import Dialect
from transpile.backends.sql.documents import document
from transpile.backends.sql.expressions import as_number, expression
from transpile.backends.sql.frame import Frame, OrderKey
from transpile.backends.sql.needs import Needs, needs_after
from transpile.backends.sql.nodes import Sql
from transpile.backends.sql.predicates import is_decided, predicate
from transpile.backends.sql.sources import Columns, SourceColumns, SplunkView
from transpile.backends.sql.stages import STAGES
from transpile.backends.sql.stages.sets import LINE, lookup_table
from transpile.backends.sql.taxonomies import (
    SPLUNK_SCHEMAS,
    TaxonomyColumns,
    TaxonomyView,
    schema_named,
    view_of_table,
)
from transpile.backends.sql.values import ALWAYS, Kind, Value
from transpile.backends.sql.writer import Writer

from transpile.errors import Unsupported, UsageError
from transpile.fidelity import Fidelity, Observable
from transpile.ir import stages as s
from transpile.ir.expr import Call, Expr, Field, Lit
from transpile.ir.pred import TRUE, Exists, Pred, Unknown, all_of, any_of, negate
from transpile.ir.stages import Pipeline, Stage
from transpile.ir.walk import descend, fields_of


def emit(request: Request) -> Draft:
    """Return the query. Raises Unsupported, UsageError OUT502 for an unknown dialect or schema."""
    writer = Writer(request, _dialect(request), _schema(request))
    writer.assume("nulls")
    end = Needs(None)
    query = final_query(run(writer, request.pipeline, end), writer, _sorted_last(request.pipeline))
    if writer.losses:
        _check_wider(request.pipeline, writer)
    lossy = bool(writer.losses)
    text = document(query, writer, request.format)
    writer.let_go()
    return Draft(
        text=text,
        fidelity=Fidelity.SUPERSET if lossy else Fidelity.EXACT,
        observable=Observable.ROWS,
        suffix=".sql",
        losses=tuple(writer.losses),
        assumptions=tuple(writer.assumptions),
        inputs=_inputs(writer, request),
    )


_ROWWISE = (
    s.Filter, s.Compute, s.Extract, s.Parse, s.Rename, s.Project, s.Bucket, s.Totals, s.Lookup,
    s.Store, s.Opaque, s.Sort,
)
"""Stages after which more rows are still more rows, the others unchanged."""


def _check_wider(pipeline: Pipeline, writer: Writer) -> None:
    """Raise Unsupported if a condition was left out where that changes rows instead of adding."""
    for at, stage in enumerate(pipeline.stages):
        if not any(isinstance(x, Unknown) and not is_decided(x) for x in descend(stage)):
            continue
        later = pipeline.stages[at + 1 :]
        safe = isinstance(stage, s.Filter) and all(
            isinstance(after, _ROWWISE) and not (isinstance(after, s.Sort) and after.limit)
            for after in later
        )
        if not safe:
            reason = writer.losses[0].message
            raise Unsupported(
                f"a condition that cannot be decided stands before rows are put together: {reason}",
                code="TGT609",
                span=stage.span,
            )


def _dialect(request: Request) -> Dialect:
    try:
        return load_dialect(request.variant or "duckdb")
    except KeyError as error:
        raise UsageError(f"unknown SQL dialect {request.variant!r}") from error


def _schema(request: Request) -> Columns:
    view = SplunkView(request.strict)
    if request.schema in SPLUNK_SCHEMAS:
        return view
    schema_named(request.schema)  # an unknown one is the user's mistake, not the rule's
    return TaxonomyView(request.schema, view, request.keep_unmapped)


def _inputs(writer: Writer, request: Request) -> Inputs:
    datasets = [d for d in writer.tables.values() if d and not d.startswith("lookup:")]
    return Inputs(
        dataset=datasets[0] if datasets else "",
        schema=request.schema or "cim",
        tables=dict(writer.tables),
        columns={table: tuple(sorted(names)) for table, names in writer.columns_read.items()},
        fields=tuple(sorted(writer.fields)),
        parameters=_parameters(request.pipeline, writer),
    )


def _parameters(pipeline: Pipeline, writer: Writer) -> dict[str, Expr]:
    return {
        str(node.args[0].value): node.args[1]
        for node in (descend(pipeline) if writer.parameters else ())
        if isinstance(node, Call) and node.name == "parameter" and isinstance(node.args[0], Lit)
    }


# -- pipelines -------------------------------------------------------------------------------------


def run(writer: Writer, pipeline: Pipeline, end: Needs, current: Frame | None = None) -> Frame:
    """Return the rows of a pipeline of which `end` is read; current: the rows `Current` stands for.

    Raises Unsupported with the span of the stage that has no counterpart.
    """
    needs = needs_after(pipeline, end)
    frame = _source(writer, pipeline, needs[0], current)
    for at, stage in enumerate(pipeline.stages[1:], start=1):
        frame = _apply(stage, frame, writer, needs[at - 1], needs[at])
    return frame


def _apply(stage: Stage, frame: Frame, writer: Writer, before: Needs, after: Needs) -> Frame:
    emit_stage = STAGES.get(type(stage))
    if emit_stage is None:
        name = type(stage).__name__.lower()
        raise Unsupported(
            f"the stage {name} has no counterpart in SQL", code="TGT603", span=stage.span
        )
    try:
        return emit_stage(stage, frame, writer, before, after)
    except Unsupported as error:
        raise error if error.span else error.moved(span=stage.span) from error


def _source(writer: Writer, pipeline: Pipeline, needs: Needs, current: Frame | None) -> Frame:
    source = pipeline.stages[0]
    match source:
        case s.Events():
            return _events(writer, source, _first_filter(pipeline), needs)
        case s.DataModel():
            columns = writer.columns.of_model(source)
            return _table(writer, columns, source, columns.membership())
        case s.LookupTable(table):
            return _lookup_rows(writer, table, source)
        case s.Made(count):
            return _made(writer, count)
        case s.Current():
            if current is None:
                raise Unsupported("no rows to start from", code="TGT610", span=source.span)
            return current
        case _:
            raise Unsupported("the rule has no source", code="TGT610", span=pipeline.span)


def _first_filter(pipeline: Pipeline) -> Pred:
    found: list[Pred] = []
    for stage in pipeline.stages[1:]:
        if not isinstance(stage, s.Filter):
            break
        found.append(stage.pred)
    return all_of(found)


def _events(writer: Writer, source: s.Events, pred: Pred, needs: Needs) -> Frame:
    columns = writer.columns.of_events(source, all_of((source.scope, pred)),
                                       writer.request.info.data_sources)
    scope: Pred = TRUE
    if not columns.dataset and source.scope != TRUE:
        # an event that has none of the fields was chosen by whoever filled the table
        silent = negate(any_of(Exists(Field(name)) for name in sorted(fields_of(source.scope))))
        scope = any_of((source.scope, silent))
    elif source.scope != TRUE:
        writer.note(f"the table {columns.table} holds the events of the rule's source only")
    return _table(writer, columns, source, scope)


def _table(
    writer: Writer, columns: SourceColumns, source: s.Events | s.DataModel, member: Pred
) -> Frame:
    table = columns.table
    writer.tables[table] = columns.dataset or (
        f"model:{source.model}.{source.node}" if isinstance(source, s.DataModel) else ""
    )
    writer.columns_read.setdefault(table, set())
    writer.reserve(table)
    spelt: dict[str, str] = {}
    known: dict[str, Value | None] = {}
    shown = None if not isinstance(columns, TaxonomyColumns) else _shown(writer, columns)

    def resolve(field: str) -> Value | None:
        if field not in known:
            known[field] = found(field)
        return known[field]

    def found(field: str) -> Value | None:
        column = columns.column(field)
        if column is None:
            return None
        other = spelt.setdefault(column.name.casefold(), column.name)
        if other != column.name and not writer.dialect.cased_names:
            raise Unsupported(
                f"the columns {other!r} and {column.name!r} differ in case only", code="TGT601"
            )
        if isinstance(columns, TaxonomyColumns) and shown is not None:
            writer.fields.setdefault(field)
            writer.columns_read[table].add(columns.column_name(field) or field)
            name, query = shown
            return view_of_table(columns, query, writer.scope(Frame(name, {})), field)
        writer.fields.setdefault(column.name)
        writer.columns_read[table].add(column.name)
        if column.kind is Kind.LIST and "." in column.name:
            writer.assume("dotted")
        return column.value(field)

    time = resolve("_time")  # newest first, even where no stage names the field
    order = () if time is None else (OrderKey(time, descending=True),)
    frame = Frame(
        shown[0] if shown else table, {}, rest=resolve, order=order, label="selected",
        comments=writer.comment(source.span),
    )
    if isinstance(source, s.DataModel) and not writer.request.strict:
        writer.note(f"the table {table} holds the events as the data model shows them, "
                    "`unknown` for what is missing")
    if member != TRUE:
        frame = frame.filtered(predicate(member, writer.scope(frame)).sql)
    for bound, kind in ((source.earliest, exp.GTE), (source.latest, exp.LT)):
        if bound is not None:
            frame = frame.filtered(_time_bound(bound, kind, frame, writer))
    return frame


def _shown(writer: Writer, columns: TaxonomyColumns) -> tuple[str, exp.Select]:
    """Write the CTE that shows a table as Splunk's fields; its columns come when they are read."""
    query = n.select([], n.table(columns.table))
    comment = f"{columns.schema.name} columns as the fields of the rule"
    name = writer.add(f"{columns.table}_fields", query, (comment,))
    writer.note(f"the column of _time in {columns.table} holds epoch seconds")
    return name, query


def _time_bound(bound: Expr, kind: type[exp.Binary], frame: Frame, writer: Writer) -> Sql:
    scope = writer.scope(frame)
    limit = as_number(expression(bound, scope), scope)
    time = frame.value("_time").sql  # an engine can skip data by this form, by COALESCE it cannot
    return n.disjunction([n.binary(kind, time, limit.sql), n.is_null(time.copy())])


def _lookup_rows(writer: Writer, table: str, source: s.LookupTable) -> Frame:
    info = writer.request.lookups.get(table)
    if info is None:
        raise Unsupported(
            f"the lookup table {table} is not known", code="TGT608", span=source.span
        )
    known = info.columns or tuple(dict.fromkeys(c for row in info.rows or () for c in row))
    name = lookup_table(info, writer, known)
    if not known:
        raise Unsupported(
            f"the columns of {table} are not known", code="TGT608", span=source.span
        )
    columns = {c: Value(n.shared_column(c), Kind.TEXT, frozenset((c,))) for c in known}
    order = (OrderKey(Value(n.shared_column(LINE), Kind.INT, ALWAYS)),)
    return Frame(name, columns, order=order, comments=writer.comment(source.span))


def _made(writer: Writer, count: int) -> Frame:
    one = exp.Select(expressions=[n.alias(writer.dialect.now(), "_time")])
    query: exp.Query = one
    if count == 0:
        query = exp.Select(
            expressions=[n.alias(writer.dialect.now(), "_time")],
            where=exp.Where(this=n.boolean(False)),
        )
    if count > 100:
        raise Unsupported("more than 100 made rows", code="TGT603")
    for _ in range(count - 1):
        query = exp.Union(this=query, expression=one.copy(), distinct=False)
    name = writer.add("made", query)
    return Frame(name, {"_time": Value(n.shared_column("_time"), Kind.REAL, ALWAYS)})


# -- the whole query -------------------------------------------------------------------------------


def _sorted_last(pipeline: Pipeline) -> bool:
    """Return whether the rule fixes the order of its result rows."""
    for stage in reversed(pipeline.stages):
        match stage:
            case s.Sort() | s.Limit():
                return True
            case s.Aggregate() | s.Join() | s.Branch() | s.Events() | s.DataModel():
                return False
            case _:
                continue
    return False


def final_query(frame: Frame, writer: Writer, keep_order: bool) -> exp.Query:
    """Return the query of the last rows with all CTEs before it."""
    if not frame.columns and frame.rest is None:
        raise Unsupported("the result has no fields", code="TGT603")
    items, columns, _ = writer.projection(frame, Needs(None))
    for field, value in columns.items():
        if isinstance(value.node, exp.Column) and value.node.name != field:
            raise Unsupported(
                f"the result has fields that differ in case only: {field!r}", code="TGT601"
            )
    order = writer.sort_keys(frame.order) if keep_order else []
    writer.note_lists(columns)
    query: exp.Query
    if writer.ctes and _shows_all(frame, writer, ordered=bool(order)):
        _, query, comments = writer.ctes.pop()
    else:
        query, comments = n.select(
            items, n.table(frame.source), joins=frame.joins, where=frame.where, order=order
        ), frame.comments
    parts = (*(cte for _, cte, _ in writer.ctes), query)
    writer.nodes = [node for part in parts for node in n.qualified(part)]
    check(writer.nodes, writer.dialect)
    if writer.ctes:
        ctes = [_cte(*cte) for cte in writer.ctes]
        writer.nodes += ctes
        query.set("with_", exp.With(expressions=ctes, recursive=writer.recursive))
    writer.dialect.finished(query)
    _comment(query, comments)
    return query


def _shows_all(frame: Frame, writer: Writer, *, ordered: bool) -> bool:
    """Return whether the frame is the last CTE, column for column, in its order if that counts."""
    name, query, _ = writer.ctes[-1]
    if not frame.plain or (ordered and "order" not in query.args):
        return False
    if frame.source != name or frame.rest is not None or not isinstance(query, exp.Select):
        return False
    shown = [item.alias_or_name for item in query.expressions]
    mine = [
        value.node.name if isinstance(value.node, exp.Column) else None
        for value in frame.columns.values()
    ]
    return shown == mine == list(frame.columns)


def _cte(name: str, query: exp.Query, comments: tuple[str, ...]) -> exp.CTE:
    if isinstance(query, exp.Select) and not query.expressions:
        query.append("expressions", n.alias(n.number(1), "_any"))
    _comment(query, comments)
    return exp.CTE(this=query, alias=exp.TableAlias(this=n.identifier(name)))


def _comment(query: exp.Query, comments: tuple[str, ...]) -> None:
    if comments:
        query.comments = [f" {text} " for text in dict.fromkeys(comments)]

