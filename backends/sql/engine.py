"""What the SQL engines share: which tables a query reads, and how events look in them.

The engine parses the query text anew, makes the tables that it reads, fills them with the events'
view of the query's schema, and runs the text as it is. An event that a table cannot hold (two
values in a column for one) is refused, never bent: ask `accepts` first.
"""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.tokens import TokenType  # type: ignore[attr-defined]
from transpile.backends.base import Draft, Event, Row, Seen
from transpile.backends.sql.dialects.sqlite import Sqlite
from transpile.backends.sql.functions.structured import JSON_TEXTS
from transpile.backends.sql.sources import ModelColumns, SourceColumns, leaf_column
from transpile.backends.sql.stages.sets import LINE
from transpile.backends.sql.taxonomies import TaxonomyColumns, source_columns
from transpile.backends.sql.values import Kind

from transpile.errors import RejectedText, TranspileError
from transpile.interpret import Context, NotComputable, run_pipeline
from transpile.interpret.events import event_row, raw_text
from transpile.interpret.values import items
from transpile.ir.decide import number_text, text, to_number
from transpile.ir.expr import Expr
from transpile.ir.remember import Same, by_event
from transpile.ir.stages import Compute, Made, Pipeline
from transpile.ir.text import fold
from transpile.records import dataclass
from transpile.schema import cim
from transpile.tables import Table

LISTS = Sqlite.assumptions["lists"]
"""Start of the assumption that names the columns of the result that are lists."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One table of the query: its columns in order, each with its kind, and the rows."""

    name: str
    columns: Mapping[str, Kind]
    rows: Sequence[Sequence[Any]]


class SqlEngine(ABC):
    """An SQL database in memory that runs one query at a time."""

    dialect: str
    cased_names = False
    """Whether columns may differ in case only."""

    def column_key(self, name: str) -> str:
        """Return what tells columns apart."""
        return name if self.cased_names else name.casefold()

    @property
    @abstractmethod
    def name(self) -> str:
        """Name and version, "duckdb 1.4.1"."""

    @abstractmethod
    def execute(
        self, query: str, tables: Sequence[Stored], now: float, given: Mapping[str, float]
    ) -> tuple[Row, ...]:
        """Return the rows of a query over these tables; given: its parameters."""

    @abstractmethod
    def errors(self) -> tuple[type[Exception], ...]:
        """Return what the engine raises for a query that it does not run."""

    @abstractmethod
    def storable(self, value: str, draft: Draft) -> bool:
        """Return whether the engine treats a text as the draft takes for granted."""

    def accepts(self, event: Event, draft: Draft) -> bool:
        """Return whether the tables of the query can hold an event as it is."""
        return all(table.refusal(event, draft, self) is None for table in self.tables(draft))

    def run(
        self,
        draft: Draft,
        events: Sequence[Event],
        *,
        lookups: Mapping[str, Table],
        now: float,
    ) -> Seen:
        """Return the result rows; lists as lists, missing values left out.

        Raises ValueError for an event that `accepts` refuses, UsageError OUT504 without the engine,
        RejectedText for a query that the engine does not run.
        """
        tables = self.tables(draft)
        hidden = [table.hidden(events, draft, self) for table in tables]
        stored = [
            table.stored(events, draft, self, without)
            for table, without in zip(tables, hidden, strict=True)
        ]
        for name, source in draft.inputs.tables.items():
            if source.startswith("lookup:"):
                stored.append(lookup_rows(name, lookups.get(source.removeprefix("lookup:"))))
        given = {name: _at(time, now) for name, time in draft.inputs.parameters.items()}
        try:
            rows = self.execute(draft.text, stored, now, given)
        except TranspileError:  # the engine is not there
            raise
        except self.errors() as error:
            raise RejectedText(f"{self.name}: {str(error).strip()}") from error
        names = {name: field for table in tables for name, field in table.dotted(events).items()}
        return Seen(
            rows=tuple({names.get(name, name): row[name] for name in row} for row in rows),
            hidden=frozenset(names.get(name, name) for name in frozenset().union(*hidden)),
        )

    def tables(self, draft: Draft) -> tuple[EventTable, ...]:
        """Return the tables of events that a query reads."""
        tables = tuple(draft.inputs.tables.items())
        return _event_tables(
            self.dialect, draft.text, draft.inputs.schema, tables, draft.inputs.fields
        )


def _at(time: Expr, now: float) -> float:
    """Return a time that depends on the clock only."""
    pipeline = Pipeline((Made(), Compute((("time", time),))))
    return float(run_pipeline(pipeline, [], Context(now=now))[0]["time"])


@lru_cache(maxsize=64)
def _event_tables(
    dialect: str, text: str, schema: str, tables: tuple[tuple[str, str], ...],
    fields: tuple[str, ...],
) -> tuple[EventTable, ...]:
    """Return the event tables that a query reads; `accepts` asks for them event by event."""
    tree = sqlglot.parse_one(text, read=dialect)
    whole = any(
        isinstance(item, exp.Star) for query in tree.find_all(exp.Select)
        for item in query.expressions
    )
    named = frozenset(fields)
    return tuple(
        EventTable(name, source_columns(name, source, schema), named, whole)
        for name, source in tables
        if not source.startswith("lookup:")
    )


@dataclass(frozen=True, slots=True)
class EventTable:
    """A table of events. named: columns that the query names; whole: it asks for all of them."""

    name: str
    source: SourceColumns
    named: frozenset[str]
    whole: bool

    def view(self, event: Event) -> Mapping[str, Any] | None:
        """Return the event's columns that matter, None if it does not belong to the table.

        Raises ValueError for an event that the table's schema cannot show.
        """
        return _view(event, Same(self))

    def columns(self, fields: Iterable[str]) -> list[str]:
        """Return the table's columns for the fields that a query reads."""
        if not isinstance(self.source, TaxonomyColumns):
            return list(fields)
        names = (self.source.column_name(field) for field in fields)
        return list(dict.fromkeys(name for name in names if name is not None))

    def dotted(self, events: Sequence[Event]) -> dict[str, str]:
        """Return the fields with a dot that a query for all columns shows, by their columns."""
        if not self.whole or not isinstance(self.source, ModelColumns):
            return {}
        names = {name for event in events for name in event if "." in name}
        return {leaf_column(name): name for name in names if not name[0].isupper()}

    def kind(self, column: str) -> Kind:
        return _kind(Same(self), column)

    def refusal(self, event: Event, draft: Draft, engine: SqlEngine) -> str | None:
        """Return why the table cannot hold what the query names of the event, None if it can."""
        try:
            row = self.view(event)
        except ValueError as error:
            return str(error)
        named = {name: value for name, value in (row or {}).items() if name in self.named}
        if len(set(map(engine.column_key, named))) < len(named):
            return "two fields differ in case only"
        for name, value in named.items():
            reason = self._refused(name, value, draft, engine)
            if reason is not None:
                return f"{name}: {reason}"
        return None

    def _refused(self, name: str, value: Any, draft: Draft, engine: SqlEngine) -> str | None:
        """Return why a column cannot hold a value, None if it can."""
        reason = _refusal(items(value), self.kind(name))
        if reason is not None:
            return reason
        if JSON_TEXTS in draft.assumptions and any(map(_odd_json, items(value))):
            return "text that is no JSON as the query expects it"
        if not all(engine.storable(text(item), draft) for item in items(value)):
            return f"text that {engine.dialect} reads in its own way"
        return None

    def hidden(self, events: Sequence[Event], draft: Draft, engine: SqlEngine) -> frozenset[str]:
        """Return the columns, not named by the query, that the table does without.

        They have a value that it cannot hold, or differ in case only from another column.
        """
        if not (self.whole or isinstance(self.source, TaxonomyColumns)):
            return frozenset()  # the view has the named columns only
        found: set[str] = set()
        kept: dict[str, str] = {engine.column_key(name): name for name in self.named}
        for view in filter(None, map(self.view, events)):
            for name in sorted(view.keys() - self.named - found):
                other = kept.setdefault(engine.column_key(name), name) != name
                if other or self._refused(name, view[name], draft, engine) is not None:
                    found.add(name)
        return frozenset(found)

    def stored(
        self, events: Sequence[Event], draft: Draft, engine: SqlEngine, hidden: frozenset[str]
    ) -> Stored:
        """Return the table with the events, without the columns of `hidden`.

        Raises ValueError for an event that it cannot hold.
        """
        for index, event in enumerate(events):
            reason = self.refusal(event, draft, engine)
            if reason is not None:
                raise ValueError(f"event {index} does not fit the table {self.name}: {reason}")
        views = [
            {name: value for name, value in view.items() if name not in hidden}
            for view in filter(None, map(self.view, events))
        ]
        asked = self.columns(draft.inputs.fields)
        names = sorted({*asked, *(name for view in views for name in view)})
        if len(set(map(engine.column_key, names))) < len(names):
            raise ValueError(f"the table {self.name} has columns that differ in case only")
        kinds = {name: self.kind(name) for name in names}
        rows = [[_cell(view.get(name), kinds[name]) for name in names] for view in views]
        return Stored(self.name, kinds or {"_time": Kind.REAL}, rows if kinds else [])


@by_event
def _view(event: Event, same: Same[EventTable]) -> Mapping[str, Any] | None:
    table = same.item
    source, named = table.source, table.named
    if isinstance(source, TaxonomyColumns):
        return source.row(event, named)
    row = event_row(event)
    if isinstance(source, ModelColumns):
        model, node = source.source.model, source.source.node
        if cim.node_facts(model, node) is not None:
            if not cim.is_member(row, model, node):
                return None
            row = cim.normalise(row, model, node)
        row = {
            name if name.startswith("_") else leaf_column(name): value
            for name, value in row.items()
        }
    elif "_raw" in named and "_raw" not in row:
        row = {**row, "_raw": raw_text(event)}
    return {name: value for name, value in row.items() if table.whole or name in named}


@lru_cache(maxsize=4096)
def _kind(same: Same[EventTable], column: str) -> Kind:
    return same.item.source.kind_of(column)


def _odd_json(value: Any) -> bool:
    """Return whether a text is XML or JSON with member names that JSON_TEXTS excludes."""
    if not isinstance(value, str) or value.lstrip()[:1] not in ("<", "{", "["):
        return False
    odd = value.lstrip().startswith("<")

    def members(pairs: list[tuple[str, Any]]) -> None:
        nonlocal odd
        names = [name for name, _ in pairs]
        odd = odd or len(set(names)) < len(names)
        odd = odd or any("." in name or name.startswith("_") for name in names)

    try:
        json.loads(value, object_pairs_hook=members)
    except (ValueError, RecursionError):
        return odd
    return odd


def _refusal(values: Sequence[Any], kind: Kind) -> str | None:
    if kind is Kind.LIST:
        return None
    if len(values) > 1:
        return "several values in a column for one"
    if not values or kind is Kind.TEXT:
        return None
    amount = to_number(values[0])
    if amount is None:
        return "no number"
    if kind is Kind.INT and (not isinstance(amount, int) or number_text(amount) != text(values[0])):
        return "no whole number in its plain spelling"
    return None


def _cell(value: Any, kind: Kind) -> Any:
    values = items(value)
    if not values:
        return None
    match kind:
        case Kind.LIST:
            return [text(item) for item in values]
        case Kind.TEXT:
            return text(values[0])
        case _:
            return to_number(values[0])


def lookup_rows(name: str, info: Table | None) -> Stored:
    """Return a lookup table as a table. Raises NotComputable if its rows are not available."""
    if info is None or info.rows is None:
        raise NotComputable(f"the rows of the lookup table {name} are not available")
    columns = list(dict.fromkeys([*info.columns, *(c for row in info.rows for c in row)]))
    kinds = dict.fromkeys(columns, Kind.TEXT) | {LINE: Kind.INT}
    rows = [
        [*(row.get(column) or None for column in columns), line]
        for line, row in enumerate(info.rows)
    ]
    return Stored(name, kinds, rows)


def list_columns(draft_assumptions: Iterable[str]) -> frozenset[str]:
    """Return the columns of a result that hold lists as JSON, from the draft's assumptions."""
    for line in draft_assumptions:
        if line.startswith(LISTS):
            return frozenset(json.loads(line.removeprefix(LISTS)))
    return frozenset()


def at_time(query: str, dialect: str, function: str, time: str) -> str:
    """Return a query with a time in the place of each call of a clock's function.

    For engines whose clock cannot be set; the dialect's own lexer tells calls from texts.
    """
    tokens = sqlglot.tokenize(query, read=dialect)
    parts, done = [], 0
    for name, opening in pairwise(tokens):
        named = name.token_type != TokenType.STRING and name.text.casefold() == function.casefold()
        if named and opening.token_type == TokenType.L_PAREN:
            end = query.index(")", opening.end)
            parts += [query[done : name.start], time]
            done = end + 1
    return "".join((*parts, query[done:]))


def with_parameters(query: str, dialect: str, given: Mapping[str, float]) -> str:
    """Return a query with its parameters (`:name`) written in, as a client program does."""
    if not given:
        return query
    parts, done = [], 0
    for colon, name in pairwise(sqlglot.tokenize(query, read=dialect)):
        if colon.token_type == TokenType.COLON and name.text in given:
            parts += [query[done : colon.start], repr(given[name.text])]
            done = name.end + 1
    return "".join((*parts, query[done:]))


def ascii_fold_agrees(value: str) -> bool:
    """Return whether folding ASCII letters only folds the text as the project does."""
    return fold(value) == re.sub("[A-Z]+", lambda found: found[0].lower(), value)
