"""Where a query reads from: tables, their columns and kinds, for each schema.

`cim`: the table of a data model node holds the model's own view of the events, a column per field
in lower case.  `splunk`: raw events, a column per Splunk field under its own name.
Every column is text unless the schema says number or list.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Protocol

from transpile.backends.sql import nodes as n
from transpile.backends.sql.values import ALWAYS, Kind, Value

from transpile.ir.expr import Field
from transpile.ir.pattern import Pattern
from transpile.ir.pred import Exists, Glob, Pred, Test, all_of, any_of, negate
from transpile.ir.stages import DataModel, Events
from transpile.records import dataclass
from transpile.schema import cim
from transpile.schema.datasets import Dataset
from transpile.schema.fields import FieldMap, is_list, sql_column

BASE_FIELDS = frozenset({"host", "source", "sourcetype", "index", "tag", "eventtype", "punct"})
_REAL = frozenset({"_time", "_indextime", "duration", "response_time"})
_EVENT_CODES = frozenset({"EventCode", "EventID"})


@dataclass(frozen=True, slots=True)
class ColumnOf:
    """The column of a field: its name and kind, and whether it is never NULL."""

    name: str
    kind: Kind
    always: bool = False

    def value(self, field: str) -> Value:
        """Return the column as a value."""
        missing = ALWAYS if self.always else frozenset((field,))
        return Value(n.shared_column(self.name), self.kind, missing)


class SourceColumns(Protocol):
    """The columns of one source."""

    @property
    def table(self) -> str:
        """Name of the table."""

    @property
    def dataset(self) -> str:
        """Id of the dataset, "" if it is not known."""

    def column(self, field: str) -> ColumnOf | None:
        """Return the column of a field as it is called in the rows, None if there is none."""

    def kind_of(self, column: str) -> Kind:
        """Return the kind of a column by its own name."""

    def membership(self) -> Pred:
        """Return the tests that choose the source's events in the table, over row fields."""


class Columns(Protocol):
    """A schema: how sources look as tables."""

    def of_model(self, source: DataModel) -> SourceColumns:
        """Return the columns of a data model node."""

    def of_events(self, source: Events, pred: Pred, labels: tuple[str, ...]) -> SourceColumns:
        """Return the columns of raw events; pred: the filter behind the source."""


@dataclass(frozen=True, slots=True)
class ModelColumns:
    """A data model node in the schema `cim`."""

    source: DataModel
    found: Dataset | None
    strict: bool = False

    @property
    def table(self) -> str:
        if self.found is not None and self.found.sql_table:
            return self.found.sql_table
        return sql_column(f"{self.source.model}_{self.source.node.split('.')[0]}").strip("_")

    @property
    def dataset(self) -> str:
        return self.found.id if self.found is not None else ""

    def column(self, field: str) -> ColumnOf | None:
        prefix = self.source.prefix
        if field.startswith("_"):
            return ColumnOf(field, Kind.REAL if field in _REAL else Kind.TEXT)
        plain = field.removeprefix(prefix)
        if prefix and plain == field and field not in BASE_FIELDS:
            return None
        model, node = self.source.model, self.source.node
        if cim.is_multivalue(model, node, plain) or plain == "tag":
            kind = Kind.LIST
        elif cim.is_number(model, node, plain):
            kind = Kind.REAL if plain in _REAL else Kind.INT
        else:
            kind = Kind.TEXT
        always = not self.strict and plain in cim.never_missing(model, node)
        return ColumnOf(leaf_column(plain), kind, always)

    def kind_of(self, column: str) -> Kind:
        """Return the kind of a column by its own name."""
        facts = cim.node_facts(self.source.model, self.source.node)
        declared = facts.mv | facts.numbers | facts.zero | facts.number_or_none if facts else ()
        names = [field for field in declared if leaf_column(field) == column]
        found = self.column(f"{self.source.prefix}{names[0] if names else column}")
        return Kind.TEXT if found is None else found.kind

    def membership(self) -> Pred:
        model, node = self.source.model, self.source.node
        prefix = self.source.prefix
        groups = cim.exclusions(model, node)
        excluded = [negate(all_of(_accepted(prefix, *test) for test in g)) for g in groups]
        return all_of(
            [*(_accepted(prefix, *test) for test in cim.constraint(model, node)), *excluded]
        )


@lru_cache(maxsize=4096)
def leaf_column(plain: str) -> str:
    """Return the column of a model's field without the root's prefix.

    Child fields (`Account_Management.src_user`) are columns of the root's table.
    """
    head, dot, tail = plain.rpartition(".")
    return sql_column(tail if dot and head[:1].isupper() else plain)


def _accepted(prefix: str, field: str, values: tuple[str, ...]) -> Pred:
    subject = Field(prefix + field)
    if values == ("*",):
        return Exists(subject)
    return any_of(Test(subject, Glob(Pattern.from_spl(value))) for value in values)


@dataclass(frozen=True, slots=True)
class RawColumns:
    """Raw events in the schema `splunk`: columns are called as Splunk calls the fields."""

    found: Dataset | None
    named: str

    @property
    def table(self) -> str:
        if self.found is not None and self.found.sql_table:
            return self.found.sql_table
        return self.named or "events"

    @property
    def dataset(self) -> str:
        return self.found.id if self.found is not None else ""

    def column(self, field: str) -> ColumnOf:
        if field in _REAL:
            return ColumnOf(field, Kind.REAL)
        if is_list(field):
            return ColumnOf(field, Kind.LIST)
        fact = FieldMap(self.found).fact(field) if self.found is not None else None
        if fact is not None and fact.mv:
            return ColumnOf(field, Kind.LIST)
        if field in _EVENT_CODES and fact is not None and fact.type == "int":
            return ColumnOf(field, Kind.INT)
        return ColumnOf(field, Kind.TEXT)

    def kind_of(self, column: str) -> Kind:
        """Return the kind of a column by its own name, which is the field's."""
        return self.column(column).kind

    def membership(self) -> Pred:
        """Return the test that is always true: who fills the table chooses the events."""
        return all_of(())


@dataclass(frozen=True, slots=True)
class SplunkView:
    """The schemas `cim` (data models) and `splunk` (raw events), which the rules are written in.

    strict: do not rely on a table to have `unknown` where the model puts it.
    """

    strict: bool = False

    def of_model(self, source: DataModel) -> SourceColumns:
        """Return the columns of a data model node."""
        from transpile.schema.datasets import find_datamodel

        found = find_datamodel(source.model, source.node or None)
        return ModelColumns(source, found, self.strict)

    def of_events(self, source: Events, pred: Pred, labels: tuple[str, ...]) -> SourceColumns:
        """Return the columns of raw events."""
        from transpile.schema.resolve import resolve

        resolution = resolve(source, pred, labels)
        named = re.sub(r"[^a-z0-9]+", "_", source.macros[0].lower()) if source.macros else ""
        return RawColumns(resolution.dataset if resolution else None, named)
