"""CREATE TABLE statements for the tables that queries read, in a dialect's types."""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp
from transpile.backends.sql import nodes as n
from transpile.backends.sql.dialects import load_dialect
from transpile.backends.sql.dialects.base import Dialect
from transpile.backends.sql.sources import BASE_FIELDS, ModelColumns, RawColumns, SourceColumns
from transpile.backends.sql.values import Kind

from transpile.errors import UsageError
from transpile.ir.stages import DataModel
from transpile.schema import cim
from transpile.schema.datasets import Dataset, dataset
from transpile.schema.fields import FieldMap

_TYPES = {Kind.TEXT: exp.DType.TEXT, Kind.INT: exp.DType.BIGINT, Kind.REAL: exp.DType.DOUBLE}
_WITHOUT_LISTS = frozenset({"sqlite"})
"""Dialects in which a list is a JSON text."""
_ALWAYS = ("_time", *sorted(BASE_FIELDS - {"punct", "eventtype", "tag"}))


def ddl(datasets: Iterable[str], dialect: str) -> str:
    """Return a CREATE TABLE for each table of some datasets, in the order of their names.

    datasets: ids of `transpile.schema`.  Datasets that share a table have one statement with the
    columns of all; of columns that the dialect cannot tell apart (`Source`, `source`) it has the
    first. Raises UsageError OUT502 for an unknown dataset or dialect.
    """
    try:
        target = load_dialect(dialect)
    except KeyError as error:
        raise UsageError(f"unknown SQL dialect {dialect!r}", code="OUT502") from error
    tables: dict[str, dict[str, Kind]] = {}
    for wanted in datasets:
        found = dataset(wanted)
        if found is None:
            raise UsageError(f"unknown dataset {wanted!r}", code="OUT502")
        source = source_of(found)
        columns = tables.setdefault(source.table, {})
        taken = {_key(name, target) for name in columns}
        for name, kind in _columns(found, source).items():
            if _key(name, target) not in taken:
                taken.add(_key(name, target))
                columns[name] = kind
    return "\n".join(_statement(table, tables[table], target.name) for table in sorted(tables))


def _key(name: str, dialect: Dialect) -> str:
    return name if dialect.cased_names else name.casefold()


def source_of(found: Dataset) -> SourceColumns:
    """Return how a dataset looks as a table."""
    if found.match.datamodel:
        return ModelColumns(DataModel(found.match.datamodel, found.match.node or ""), found)
    return RawColumns(found, "")


def _columns(found: Dataset, source: SourceColumns) -> dict[str, Kind]:
    names = [*_ALWAYS, *FieldMap(found).names()]
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
