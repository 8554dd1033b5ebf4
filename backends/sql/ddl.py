"""Statements that make the tables that queries read, in a dialect's types."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlglot import exp
from transpile.backends.base import Inputs
from transpile.backends.sql import nodes as n
from transpile.backends.sql.dialects import load_dialect
from transpile.backends.sql.dialects.base import Dialect
from transpile.backends.sql.sources import BASE_FIELDS, ModelColumns, RawColumns, SourceColumns
from transpile.backends.sql.stages.sets import LINE
from transpile.backends.sql.taxonomies import TaxonomyColumns, source_columns
from transpile.backends.sql.values import Kind

from transpile.errors import UsageError
from transpile.schema import cim
from transpile.schema.datasets import dataset
from transpile.schema.fields import FieldMap
from transpile.tables import Table

_TYPES = {Kind.TEXT: exp.DType.TEXT, Kind.INT: exp.DType.BIGINT, Kind.REAL: exp.DType.DOUBLE}
_WITHOUT_LISTS = frozenset({"sqlite"})
"""Dialects in which a list is a JSON text."""
_ALWAYS = ("_time", *sorted(BASE_FIELDS - {"punct", "eventtype", "tag"}))


def event_tables(inputs: Iterable[Inputs], dialect: str, schema: str = "") -> str:
    """Return a CREATE TABLE for each table of events that some queries read, sorted by name.

    An input without tables stands for the table of its dataset. A table has the columns that the
    schema knows for its dataset, then those that the queries read; of columns that the dialect
    cannot tell apart (`Source`, `source`) it has the first. Raises UsageError OUT502 for an unknown
    dataset or dialect.
    """
    target = _dialect(dialect)
    tables: dict[str, dict[str, Kind]] = {}
    for item in inputs:
        for table, source in (item.tables or _own_table(item.dataset, schema)).items():
            if source.startswith("lookup:"):
                continue
            seen = source_columns(table, source, schema)
            found = _columns(seen) | {
                name: seen.kind_of(name) for name in item.columns.get(table, ())
            }
            columns = tables.setdefault(table, {})
            taken = {_key(name, target) for name in columns}
            for name, kind in found.items():
                if _key(name, target) not in taken:
                    taken.add(_key(name, target))
                    columns[name] = kind
    return "\n".join(_statement(table, tables[table], target.name) for table in sorted(tables))


def _dialect(name: str) -> Dialect:
    try:
        return load_dialect(name)
    except KeyError as error:
        raise UsageError(f"unknown SQL dialect {name!r}", code="OUT502") from error


def _own_table(name: str, schema: str) -> Mapping[str, str]:
    found = dataset(name)
    if found is None:
        raise UsageError(f"unknown dataset {name!r}", code="OUT502")
    return {source_columns("", name, schema).table: name}


def lookup_tables(tables: Iterable[Table], dialect: str) -> str:
    """Return CREATE TABLE and INSERT statements for lookup tables, sorted by name.

    Cells are text, an empty one is NULL; the column `_line` says where in the file a row stands. A
    table whose rows are not known is made empty; one whose columns are not known either is left to
    a comment. Raises UsageError OUT502 for an unknown dialect.
    """
    target = _dialect(dialect)
    return "\n".join(
        _lookup(table, target.name) for table in sorted(tables, key=lambda table: table.name)
    )


def _lookup(table: Table, dialect: str) -> str:
    rows = table.rows or ()
    columns = list(dict.fromkeys([*table.columns, *(name for row in rows for name in row)]))
    if not columns:
        return _comment(f"The columns of the lookup table {table.name} are not known.")
    made = _statement(table.name, dict.fromkeys(columns, Kind.TEXT) | {LINE: Kind.INT}, dialect)
    if table.rows is None:
        made += _comment(f"The rows of {table.name} are not part of the content.")
    return made + "".join(
        _insert(table.name, columns, rows[start : start + _BATCH], start, dialect)
        for start in range(0, len(rows), _BATCH)
    )


_BATCH = 500
"""Rows of one INSERT: databases limit the length of a statement."""


def _insert(
    name: str, columns: Sequence[str], rows: Sequence[Mapping[str, str]], first: int, dialect: str
) -> str:
    values = [
        exp.Tuple(expressions=[
            *(n.text(row[c]) if row.get(c) else n.null() for c in columns), n.number(first + at)
        ])
        for at, row in enumerate(rows)
    ]
    target = exp.Schema(
        this=n.table(name), expressions=[n.identifier(column) for column in (*columns, LINE)]
    )
    made = exp.Insert(this=target, expression=exp.Values(expressions=values))
    return made.sql(dialect=dialect, pretty=True, identify=True) + ";\n"


def _comment(text: str) -> str:
    safe = text.replace("\r", " ").replace("\n", " ")
    return f"-- {safe}\n"


def _key(name: str, dialect: Dialect) -> str:
    return name if dialect.cased_names else name.casefold()


def _columns(source: SourceColumns) -> dict[str, Kind]:
    """Return the columns that are known of a table without a look at any query."""
    if isinstance(source, TaxonomyColumns):
        return dict(source.columns())
    assert isinstance(source, (ModelColumns, RawColumns))
    known = () if source.found is None else FieldMap(source.found).names()
    names = [*_ALWAYS, *known]
    if isinstance(source, ModelColumns):
        facts = cim.node_facts(source.source.model, source.source.node)
        declared = facts.unknown | facts.zero | facts.numbers | facts.mv if facts else frozenset()
        names += sorted(declared)
    columns = (source.column(name) for name in names)
    return {column.name: column.kind for column in columns if column is not None}


def _statement(table: str, columns: dict[str, Kind], dialect: str) -> str:
    definitions = [
        exp.ColumnDef(this=n.identifier(name), kind=_type(kind, dialect))
        for name, kind in columns.items()
    ]
    schema = exp.Schema(this=n.table(table), expressions=definitions)
    made = exp.Create(this=schema, kind="TABLE")
    return made.sql(dialect=dialect, pretty=True, identify=True) + ";\n"


def _type(kind: Kind, dialect: str) -> exp.DataType:
    if kind is not Kind.LIST:
        return exp.DataType(this=_TYPES[kind])
    text = exp.DataType(this=exp.DType.TEXT)
    if dialect in _WITHOUT_LISTS:
        return text
    return exp.DataType(this=exp.DType.ARRAY, expressions=[text], nested=True)
