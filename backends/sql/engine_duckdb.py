"""DuckDB in memory: one thread, no extensions, no network.

A database takes longer to open than most queries to run. So a thread opens one; what a run makes
in it is taken back behind the run.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from functools import lru_cache
from typing import Any

from transpile.backends.base import Draft, Row
from transpile.backends.sql.engine import SqlEngine, Stored
from transpile.backends.sql.values import Kind

from transpile.errors import UsageError

_TYPES = {
    Kind.TEXT: "VARCHAR",
    Kind.INT: "BIGINT",
    Kind.REAL: "DOUBLE",
    Kind.LIST: "VARCHAR[]",
}
_SETTINGS = (
    "threads = 1",
    "autoinstall_known_extensions = false",
    "autoload_known_extensions = false",
    "TimeZone = 'UTC'",
)


class DuckDbEngine(SqlEngine):
    """Runs a query on DuckDB."""

    dialect = "duckdb"

    @property
    def name(self) -> str:
        """Name and version."""
        return f"duckdb {_module().__version__}"

    def errors(self) -> tuple[type[Exception], ...]:
        """Return what the engine raises for a query that it does not run."""
        return (_module().Error,)

    def storable(self, value: str, draft: Draft) -> bool:
        """DuckDB folds `İ` to one character; the project leaves it."""
        return "\u0130" not in value

    def execute(
        self, query: str, tables: Sequence[Stored], now: float, given: Mapping[str, float]
    ) -> tuple[Row, ...]:
        """Return the rows of a query over these tables; `now()` is the given time."""
        with _transaction() as connection:
            for table in tables:
                _fill(connection, table)
            connection.execute(f"CREATE MACRO now() AS make_timestamp({round(now * 1_000_000)})")
            cursor = connection.execute(query, dict(given))
            names = [column[0] for column in cursor.description]
            return tuple(
                {
                    name: _plain(value)
                    for name, value in zip(names, row, strict=True)
                    if value is not None
                }
                for row in cursor.fetchall()
            )


@contextmanager
def _transaction() -> Iterator[Any]:
    """Give the database of this thread; what is made in it is gone afterwards."""
    connection = _database(_module(), os.getpid(), threading.get_ident())
    connection.execute("BEGIN TRANSACTION")
    try:
        yield connection
    finally:
        connection.execute("ROLLBACK")


@lru_cache(maxsize=4)
def _database(module: Any, process: int, thread: int) -> Any:
    """Return the database of a thread: neither threads nor a forked process may share one."""
    connection = module.connect(":memory:")
    for setting in _SETTINGS:
        connection.execute(f"SET {setting}")
    return connection


def _fill(connection: Any, table: Stored) -> None:
    """Make a table with its rows, given column by column: DuckDB is slow to bind single values."""
    columns = ", ".join(f"{_quoted(name)} {_TYPES[kind]}" for name, kind in table.columns.items())
    connection.execute(f"CREATE TABLE {_quoted(table.name)} ({columns})")
    if not table.rows:
        return
    lists = (
        f"unnest(CAST(${at} AS {_TYPES[kind]}[]))"
        for at, kind in enumerate(table.columns.values(), 1)
    )
    connection.execute(
        f"INSERT INTO {_quoted(table.name)} SELECT {', '.join(lists)}",
        [list(column) for column in zip(*table.rows, strict=True)],
    )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else value


def _module() -> Any:
    try:
        import duckdb
    except ImportError as error:
        raise UsageError(
            "DuckDB is not installed", code="OUT504", hint="pip install transpile[duckdb]"
        ) from error
    return duckdb
