"""The SQL dialects: one module each, and the table of their names."""

from __future__ import annotations

from importlib import import_module

from transpile.backends.sql.dialects.base import Dialect

# dialect -> class in the module of the same name
DIALECTS = {
    "duckdb": "DuckDb",
    "sqlite": "Sqlite",
    "postgres": "Postgres",
    "clickhouse": "ClickHouse",
    "spark": "Spark",
    "databricks": "Databricks",
    "trino": "Trino",
    "athena": "Athena",
    "snowflake": "Snowflake",
    "bigquery": "BigQuery",
}


def load_dialect(name: str) -> Dialect:
    """Return the dialect of this name. Raises KeyError for another name."""
    kind = DIALECTS[name]
    made: Dialect = getattr(import_module(f"{__name__}.{name}"), kind)()
    return made
