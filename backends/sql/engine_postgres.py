"""PostgreSQL: the server that TRANSPILE_POSTGRES names, else one of our own.

Tables and clock of a run live in a schema that is made in a transaction and rolled back with it,
so that nothing of a run stays, in whichever database.
"""

from __future__ import annotations

import atexit
import json
import os
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any

from transpile.backends.base import Draft, Row
from transpile.backends.sql.dialects.postgres import JSON_ONLY, NO_NUL
from transpile.backends.sql.engine import SqlEngine, Stored, with_parameters
from transpile.backends.sql.values import Kind

from transpile.errors import UsageError

VARIABLE = "TRANSPILE_POSTGRES"
"""The environment variable with the connection string of a server to use."""
_SCHEMA = "transpile_run"
_TYPES = {Kind.TEXT: "text", Kind.INT: "bigint", Kind.REAL: "double precision", Kind.LIST: "text[]"}


class PostgresEngine(SqlEngine):
    """Runs a query on PostgreSQL."""

    dialect = "postgres"
    cased_names = True

    @property
    def name(self) -> str:
        """Name and version of the server."""
        number = _connection().info.server_version
        return f"postgres {number // 10_000}.{number % 10_000}"

    def errors(self) -> tuple[type[Exception], ...]:
        """Return what the engine raises for a query that it does not run."""
        import psycopg

        return (psycopg.Error,)

    def storable(self, value: str, draft: Draft) -> bool:
        """PostgreSQL has no NUL, folds `İ` as its locale does, and fails on broken JSON."""
        if "\0" in value or "\u0130" in value:
            return False
        if NO_NUL in draft.assumptions and _ENCODED_NUL.search(value):
            return False
        return JSON_ONLY not in draft.assumptions or not _breaks(value)

    def execute(
        self, query: str, tables: Sequence[Stored], now: float, given: Mapping[str, float]
    ) -> tuple[Row, ...]:
        """Return the rows of a query over these tables; `now()` is the given time."""
        connection = _connection()
        try:
            with connection.cursor() as cursor:
                _prepare(cursor, now)
                for table in tables:
                    _fill(cursor, table)
                cursor.execute(with_parameters(query, self.dialect, given))
                names = [column.name for column in cursor.description]
                return tuple(
                    {
                        name: _plain(value)
                        for name, value in zip(names, row, strict=True)
                        if value is not None
                    }
                    for row in cursor.fetchall()
                )
        finally:
            connection.rollback()


_ENCODED_NUL = re.compile(r"%00|^(?=.*[A-Fa-f])(?:[0-9A-Fa-f]{2})*00(?:[0-9A-Fa-f]{2})*$")
"""A NUL in percent-encoded text, or in hexadecimal digits that a rule makes such text of."""


def _breaks(value: str) -> bool:
    """Return whether a text begins like JSON that PostgreSQL cannot read."""
    if value.lstrip(" \t\r\n")[:1] not in ("{", "["):
        return False
    try:
        read = json.loads(value, parse_constant=float.fromhex)
        return "\0" in json.dumps(read, ensure_ascii=False).encode().decode()
    except (ValueError, RecursionError):
        return True


def _prepare(cursor: Any, now: float) -> None:
    cursor.execute(f"CREATE SCHEMA {_SCHEMA}")
    # a schema before pg_catalog in the path can have a clock of its own
    cursor.execute(f"SET LOCAL search_path = {_SCHEMA}, pg_catalog")
    cursor.execute("SET LOCAL timezone = 'UTC'")
    cursor.execute(
        "CREATE FUNCTION now() RETURNS timestamptz LANGUAGE sql IMMUTABLE "
        f"AS 'SELECT to_timestamp({now!r})'"
    )


def _fill(cursor: Any, table: Stored) -> None:
    from psycopg import sql

    name = sql.Identifier(_SCHEMA, table.name)
    columns = sql.SQL(", ").join(
        sql.SQL("{} " + _TYPES[kind]).format(sql.Identifier(column))
        for column, kind in table.columns.items()
    )
    cursor.execute(sql.SQL("CREATE TABLE {} ({})").format(name, columns))
    with cursor.copy(sql.SQL("COPY {} FROM STDIN").format(name)) as copy:
        for row in table.rows:
            copy.write_row(row)


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else value


@lru_cache(maxsize=1)
def _connection() -> Any:
    try:
        import psycopg
    except ImportError as error:
        raise UsageError(
            "psycopg is not installed", code="OUT504", hint="pip install transpile[postgres]"
        ) from error
    named = os.environ.get(VARIABLE)
    if named is None:
        from transpile.backends.sql.postgres_server import own_server

        named = own_server()
    try:
        connection = psycopg.connect(named)
    except psycopg.OperationalError as error:
        raise UsageError(f"no connection to PostgreSQL: {error}", code="OUT504") from error
    atexit.register(connection.close)
    return connection
