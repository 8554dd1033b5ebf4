"""SQLite in memory, with the REGEXP function that the queries assume."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from functools import lru_cache
from typing import Any

from transpile.backends.base import Draft, Event, Row, Seen
from transpile.backends.sql.engine import SqlEngine, Stored, ascii_fold_agrees, list_columns
from transpile.backends.sql.values import Kind

from transpile.tables import Table

_TYPES = {Kind.TEXT: "TEXT", Kind.INT: "INTEGER", Kind.REAL: "REAL", Kind.LIST: "TEXT"}


class SqliteEngine(SqlEngine):
    """Runs a query on SQLite."""

    dialect = "sqlite"

    @property
    def name(self) -> str:
        """Name and version."""
        return f"sqlite {sqlite3.sqlite_version}"

    def errors(self) -> tuple[type[Exception], ...]:
        """Return what the engine raises for a query that it does not run."""
        return (sqlite3.Error,)

    def storable(self, value: str, draft: Draft) -> bool:
        """SQLite folds ASCII letters only, and ends a text at NUL."""
        return "\0" not in value and ascii_fold_agrees(value)

    def run(
        self,
        draft: Draft,
        events: Sequence[Event],
        *,
        lookups: Mapping[str, Table],
        now: float,
    ) -> Seen:
        """Return the result rows; columns that the draft calls JSON arrays as lists."""
        seen = super().run(draft, events, lookups=lookups, now=now)
        lists = list_columns(draft.assumptions)
        whole = [table for table in self.tables(draft) if table.whole]

        def shown(name: str, value: Any) -> Any:
            is_list = name in lists or any(table.kind(name) is Kind.LIST for table in whole)
            return json.loads(value) if is_list and isinstance(value, str) else value

        rows = ({name: shown(name, v) for name, v in row.items()} for row in seen.rows or ())
        return Seen(rows=tuple(rows), hidden=seen.hidden)

    def execute(
        self, query: str, tables: Sequence[Stored], now: float, given: Mapping[str, float]
    ) -> tuple[Row, ...]:
        """Return the rows of a query over these tables; `unixepoch()` is the given time."""
        with closing(sqlite3.connect(":memory:")) as connection:
            connection.create_function("regexp", 2, _regexp, deterministic=True)
            connection.create_function("unixepoch", 0, lambda: now)
            for table in tables:
                _fill(connection, table)
            cursor = connection.execute(query, dict(given))
            names = [column[0] for column in cursor.description]
            return tuple(
                {
                    name: value
                    for name, value in zip(names, row, strict=True)
                    if value is not None
                }
                for row in cursor.fetchall()
            )


def _fill(connection: sqlite3.Connection, table: Stored) -> None:
    columns = ", ".join(f"{_quoted(name)} {_TYPES[kind]}" for name, kind in table.columns.items())
    connection.execute(f"CREATE TABLE {_quoted(table.name)} ({columns})")
    marks = ", ".join("?" for _ in table.columns)
    connection.executemany(
        f"INSERT INTO {_quoted(table.name)} VALUES ({marks})",
        [[_cell(value) for value in row] for row in table.rows],
    )


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list) else value


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _regexp(pattern: str, value: Any) -> bool | None:
    """SQLite's `value REGEXP pattern`; NULL for a missing value."""
    return None if value is None else _compiled(pattern).search(str(value)) is not None
