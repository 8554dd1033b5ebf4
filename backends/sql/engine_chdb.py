"""ClickHouse inside the process: chDB, one connection that is used again and again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from transpile.backends.base import Draft, Row
from transpile.backends.sql.engine import SqlEngine, Stored, at_time
from transpile.backends.sql.values import Kind

from transpile.errors import UsageError

_TYPES = {
    Kind.TEXT: "Nullable(String)",
    Kind.INT: "Nullable(Int64)",
    Kind.REAL: "Nullable(Float64)",
    Kind.LIST: "Array(String)",
}
_PLAIN_JSON = (
    "output_format_json_quote_64bit_integers = 0",
    "output_format_json_quote_64bit_floats = 0",
    "output_format_json_quote_denormals = 0",
)


class ChDbEngine(SqlEngine):
    """Runs a query on ClickHouse."""

    dialect = "clickhouse"
    cased_names = True

    @property
    def name(self) -> str:
        """Name and version, chDB's and that of the ClickHouse in it."""
        version = _connection().query("SELECT version()", "TSVRaw").bytes().decode().strip()
        return f"chdb {_module().__version__} (ClickHouse {version})"

    def errors(self) -> tuple[type[Exception], ...]:
        """Return what the engine raises for a query that it does not run."""
        return (RuntimeError,)

    def storable(self, value: str, draft: Draft) -> bool:
        """ClickHouse folds `İ` to two characters; the project leaves it."""
        return "\u0130" not in value

    def execute(
        self, query: str, tables: Sequence[Stored], now: float, given: Mapping[str, float]
    ) -> tuple[Row, ...]:
        """Return the rows of a query over these tables.

        No setting of ClickHouse changes what the time is: calls of `now64` become the time itself.
        """
        connection = _connection()
        try:
            for table in tables:
                _fill(connection, table)
            text = at_time(query, self.dialect, "now64", f"toDateTime64('{now:.6f}', 6, 'UTC')")
            query = text.rstrip().removesuffix(";")
            answer = connection.query(query, _FORMAT, params=dict(given)).bytes()
        finally:
            for table in tables:
                for name in (table.name, _rows(table)):
                    connection.query(f"DROP TABLE IF EXISTS {_quoted(name)}")
        names, *rows = map(json.loads, answer.decode().splitlines())
        return tuple(
            {
                name: value
                for name, value in zip(names, row, strict=True)
                if value is not None and value != []
            }
            for row in rows
        )


_FORMAT = "JSONCompactEachRowWithNames"


def _fill(connection: Any, table: Stored) -> None:
    """Make a view over a table whose columns are numbered: dots in names mean nothing then."""
    kinds = ", ".join(f"c{at} {_TYPES[kind]}" for at, kind in enumerate(table.columns.values()))
    names = ", ".join(f"c{at} AS {_quoted(name)}" for at, name in enumerate(table.columns))
    rows = _quoted(_rows(table))
    connection.query(f"CREATE TABLE {rows} ({kinds}) ENGINE = Memory")
    connection.query(f"CREATE VIEW {_quoted(table.name)} AS SELECT {names} FROM {rows}")
    lines = [
        json.dumps({f"c{at}": value for at, value in enumerate(row) if value is not None})
        for row in table.rows
    ]
    if lines:
        connection.query(f"INSERT INTO {rows} FORMAT JSONEachRow " + "\n".join(lines))


def _rows(table: Stored) -> str:
    return f"rows of {table.name}"


def _quoted(name: str) -> str:
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


@lru_cache(maxsize=1)
def _connection() -> Any:
    connection = _module().connect(":memory:")
    for setting in _PLAIN_JSON:
        connection.query(f"SET {setting}")
    return connection


def _module() -> Any:
    try:
        import chdb
    except ImportError as error:
        raise UsageError(
            "chDB is not installed", code="OUT504", hint="pip install transpile[clickhouse]"
        ) from error
    return chdb
