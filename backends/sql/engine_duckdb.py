"""DuckDB in memory: one thread, no extensions, no network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
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
_BATCH = 100
"""Rows of one INSERT: a statement for each row costs ten times as much."""


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
        with _module().connect(":memory:") as connection:
            for setting in (
                "threads = 1",
                "autoinstall_known_extensions = false",
                "autoload_known_extensions = false",
                "TimeZone = 'UTC'",
            ):
                connection.execute(f"SET {setting}")
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


def _fill(connection: Any, table: Stored) -> None:
    columns = ", ".join(f"{_quoted(name)} {_TYPES[kind]}" for name, kind in table.columns.items())
    connection.execute(f"CREATE TABLE {_quoted(table.name)} ({columns})")
    marks = "(" + ", ".join("?" for _ in table.columns) + ")"
    for start in range(0, len(table.rows), _BATCH):
        rows = table.rows[start : start + _BATCH]
        connection.execute(
            f"INSERT INTO {_quoted(table.name)} VALUES {', '.join([marks] * len(rows))}",
            [value for row in rows for value in row],
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
