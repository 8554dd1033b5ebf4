"""Tables in another taxonomy (`ecs`, `ocsf`, a user's own), seen as Splunk's fields.

A query over such a table begins with a CTE that shows its columns under the names and kinds that
the rule reads; behind it all is as in the schemas `cim` and `splunk`. A column that holds a
field's value as it is, or as a part of it that SQL can take out (`_DERIVED`), serves; a field
without one is refused by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from sqlglot import exp
from transpile.backends.sql import nodes as n
from transpile.backends.sql.expressions import as_list, as_text, convert
from transpile.backends.sql.regexes import regex_text
from transpile.backends.sql.sources import (
    ColumnOf,
    ModelColumns,
    RawColumns,
    SourceColumns,
    SplunkView,
)
from transpile.backends.sql.values import ALWAYS, Kind, Scope, Value

from transpile.errors import Unsupported
from transpile.interpret.events import event_row
from transpile.ir.decide import text
from transpile.ir.pred import Pred
from transpile.ir.regex import Purpose, parse_regex
from transpile.ir.stages import DataModel, Events
from transpile.records import dataclass, replace
from transpile.schema import cim
from transpile.schema.datasets import Dataset, dataset
from transpile.schema.fields import FieldMap, FieldTarget
from transpile.schema.taxonomy import Schema, find_schema

SPLUNK_SCHEMAS = ("", "cim", "splunk")
"""The schemas in which columns are called as the rules call the fields."""
_KINDS: Mapping[str, Kind] = {
    **dict.fromkeys(("long", "integer", "int", "short", "unsigned_long"), Kind.INT),
    **dict.fromkeys(("float", "double", "scaled_float"), Kind.REAL),
}
"""Type of a column -> how it is held; every other type is text."""
_LAST_PART: Mapping[str, str] = {
    "basename": r"[^\\/]*\z",
    "account_name": r"[^\\]*\z",
}
"""Derive -> the expression for the part of the column's text that is the field's value."""
_DERIVED = frozenset({None, "length", *_LAST_PART})
"""Derives that SQL can undo."""


@dataclass(frozen=True, slots=True)
class TaxonomyView:
    """A schema that is no view of Splunk's, by name or file: its tables, read through `inner`."""

    name: str
    inner: SplunkView
    keep_unmapped: bool = False

    def of_model(self, source: DataModel) -> SourceColumns:
        """Return the columns of a data model node."""
        return self._seen(self.inner.of_model(source))

    def of_events(self, source: Events, pred: Pred, labels: tuple[str, ...]) -> SourceColumns:
        """Return the columns of raw events."""
        return self._seen(self.inner.of_events(source, pred, labels))

    def _seen(self, view: SourceColumns) -> SourceColumns:
        assert isinstance(view, (ModelColumns, RawColumns))
        if view.found is None:
            raise Unsupported(
                f"the schema {self.name} has no table for the rule's source", code="TGT602",
                hint="name the source in the rule's data_source, or use the schema splunk",
            )
        return TaxonomyColumns(view, view.found, self.name, self.keep_unmapped)


@lru_cache(maxsize=32)
def schema_named(name: str) -> Schema:
    """Return a taxonomy by name, or by the path of a user's YAML file."""
    return find_schema(name)


@dataclass(frozen=True, slots=True)
class TaxonomyColumns:
    """One source of a rule in a taxonomy; `view`: the same source as Splunk shows it."""

    view: ModelColumns | RawColumns
    found: Dataset
    name: str
    keep_unmapped: bool = False

    @property
    def schema(self) -> Schema:
        """The taxonomy."""
        return schema_named(self.name)

    @property
    def table(self) -> str:
        return self.schema.table(self.found) or self.view.table

    @property
    def dataset(self) -> str:
        return self.view.dataset

    def column(self, field: str) -> ColumnOf | None:
        """Return the column of a field in the CTE that shows the table."""
        return self.view.column(field)

    def kind_of(self, column: str) -> Kind:
        """Return the kind of a column of the table."""
        return self.columns().get(column, Kind.TEXT)

    def membership(self) -> Pred:
        return self.view.membership()

    def columns(self) -> Mapping[str, Kind]:
        """Return all columns of the table that the taxonomy knows, with their kinds."""
        return _kinds(self.name, self.found.id)

    def column_name(self, field: str) -> str | None:
        """Return the table's column for a field, None if it has none that SQL can read."""
        target = self._target(field)
        return None if target is None else target.field

    def _target(self, field: str) -> FieldTarget | None:
        target = self.schema.target(FieldMap(self.found), field)
        if target is not None and target.field and target.derive in _DERIVED:
            return target
        return FieldTarget(field) if self.keep_unmapped or field == "_time" else None

    def shown(self, field: str, scope: Scope) -> Value:
        """Return a field from the table's columns. Raises Unsupported TGT602 without one."""
        target = self._target(field)
        wanted = self.view.column(field)
        if target is None or target.field is None or wanted is None:
            raise Unsupported(
                f"the field {field} has no column in the schema {self.schema.name}", code="TGT602"
            )
        value = Value(
            n.column(target.field), self.kind_of(target.field), frozenset((field,))
        )
        if target.derive == "length":
            length = scope.writer.dialect.length(as_text(value, scope).sql)
            value = Value(length, Kind.INT, value.missing)
        elif target.derive is not None:
            value = _last_part(as_text(value, scope), _LAST_PART[target.derive], scope)
        if wanted.kind is Kind.LIST:
            value = as_list(value, scope)
        elif value.kind is not Kind.LIST:
            value = convert(value, wanted.kind, scope)
        default = self._default(field)
        if wanted.always and default is not None:
            parts = [convert(v, value.kind, scope).sql for v in (value, default)]
            value = Value(n.coalesce(*parts), value.kind, ALWAYS)
        return value

    def _default(self, field: str) -> Value | None:
        """Return what a data model shows for a field that is missing."""
        if not isinstance(self.view, ModelColumns):
            return None
        facts = cim.node_facts(self.view.source.model, self.view.source.node)
        plain = FieldMap(self.found).strip(field)
        if facts is not None and plain in facts.unknown:
            return Value(n.text(cim.UNKNOWN), Kind.TEXT, ALWAYS)
        if facts is not None and plain in facts.zero:
            return Value(n.number(0), Kind.INT, ALWAYS)
        return None

    # -- events of an engine -------------------------------------------------------------------

    def row(self, event: Mapping[str, Any], fields: frozenset[str]) -> dict[str, Any] | None:
        """Return an event's columns for these fields, None if it is none of the source's.

        Raises ValueError for an event of which the taxonomy does not keep what the query reads.
        """
        fields_of = FieldMap(self.found)
        plain = {fields_of.strip(name): value for name, value in event_row(event).items()}
        if isinstance(self.view, ModelColumns):
            model, node = self.view.source.model, self.view.source.node
            if not cim.is_member(plain, model, node):
                return None
            facts = cim.node_facts(model, node)
            unknown = facts.unknown if facts else frozenset()
            shown = cim.normalise(plain, model, node).items()
            plain = {k: v for k, v in shown if not (k in unknown and v == cim.UNKNOWN)}
        seen = self.schema.view(plain, self.found, keep_unmapped=self.keep_unmapped)
        row: dict[str, Any] = {}
        for name in fields:
            target = self._target(name)
            assert target is not None
            assert target.field is not None
            key = fields_of.strip(name)
            value = plain.get(key) if key == "_time" else seen.get(target.field)
            if value is not None:
                row[target.field] = value
            if _texts(plain.get(key)) != _part_of(_texts(value), target.derive):
                raise ValueError(f"{name}: the schema {self.schema.name} shows another value")
        return row


@lru_cache(maxsize=256)
def _kinds(schema: str, name: str) -> Mapping[str, Kind]:
    """Return the columns of a dataset's table; one that several fields share may hold a list."""
    source = dataset(name)
    assert source is not None
    found = schema_named(schema)
    time = found.target(FieldMap(source), "_time")
    kinds = {
        column.name: Kind.LIST if column.mv else _KINDS.get(column.type, Kind.TEXT)
        for column in found.columns(source)
    }
    return kinds | {"_time" if time is None or time.field is None else time.field: Kind.REAL}


def _last_part(value: Value, regex: str, scope: Scope) -> Value:
    pattern = regex_text(parse_regex(f"({regex})"), scope, Purpose.EXTRACT)
    found = scope.writer.dialect.extract(value.sql, pattern, 1, None)
    return replace(value, node=n.nullif(found, n.text("")))


def _texts(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [] if value is None else [value]
    return [text(item) for item in values]


def _part_of(values: list[str], derive: str | None) -> list[str]:
    cut: Mapping[str | None, Callable[[str], str]] = {
        "basename": lambda item: item.replace("/", "\\").rpartition("\\")[2],
        "account_name": lambda item: item.rpartition("\\")[2],
        "length": lambda item: str(len(item)),
    }
    change = cut.get(derive)
    return [part for item in values if (part := change(item))] if change else values


def view_of_table(
    columns: TaxonomyColumns, query: exp.Select, scope: Scope, field: str
) -> Value | None:
    """Return a field over the CTE that shows a table, putting it into its SELECT if it is new."""
    column = columns.column(field)
    if column is None:
        return None
    value = columns.shown(field, scope)
    if column.name not in {item.alias_or_name for item in query.expressions}:
        query.append("expressions", n.alias(value.sql, column.name))
    missing = ALWAYS if value.missing == ALWAYS else frozenset((field,))
    return Value(n.shared_column(column.name), value.kind, missing)


def source_columns(table: str, source: str, schema: str) -> SourceColumns:
    """Return how a table of a query looks, told by the query's `Inputs`.

    source: the id of a dataset, `model:Name.Node` for a data model without one, or "".
    """
    if source.startswith("model:"):
        model, _, node = source.removeprefix("model:").partition(".")
        return ModelColumns(DataModel(model, node), None)
    found = dataset(source) if source else None
    view: ModelColumns | RawColumns = RawColumns(found, table)
    if found is not None and found.match.datamodel:
        view = ModelColumns(DataModel(found.match.datamodel, found.match.node or ""), found)
    if found is None or schema in SPLUNK_SCHEMAS:
        return view
    return TaxonomyColumns(view, found, schema)
