"""SQL in ten dialects. Five are executed here, the others printed and parsed back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from transpile.backends.base import Draft, Engine, Inputs, Request, TargetInfo

from transpile.errors import ReadingError
from transpile.fidelity import Observable
from transpile.tables import Table

if TYPE_CHECKING:
    from transpile.backends.sql.engine import SqlEngine

    from transpile.ir.pred import Pred

_TITLES = {
    "duckdb": "DuckDB",
    "sqlite": "SQLite",
    "postgres": "PostgreSQL",
    "clickhouse": "ClickHouse",
    "spark": "Apache Spark SQL",
    "databricks": "Databricks SQL",
    "trino": "Trino",
    "athena": "Amazon Athena (engine version 3)",
    "snowflake": "Snowflake",
    "bigquery": "Google BigQuery",
}
_STAGE_NAMES = (
    "Events DataModel LookupTable Made Filter Compute Extract Rename Project Fill Bucket "
    "Parse Totals Transaction Store Opaque Aggregate Expand Window Dedup Sort Limit Join Branch "
    "Lookup Geo ForEach"
)
_STAGES = frozenset(_STAGE_NAMES.split())
_FORMATS = ("sql", "view", "dbt")
# dialect -> module of its engine, class there, and what `targets` calls it
_ENGINES = {
    "duckdb": ("engine_duckdb", "DuckDbEngine", "DuckDB"),
    "sqlite": ("engine_sqlite", "SqliteEngine", "SQLite"),
    "postgres": ("engine_postgres", "PostgresEngine", "PostgreSQL"),
    "clickhouse": ("engine_chdb", "ChDbEngine", "chDB"),
    "spark": ("engine_spark", "SparkEngine", "Spark, local mode"),
}


_TARGETS = tuple(
    TargetInfo(
        name=f"sql:{variant}",
        title=title,
        observables=(Observable.ROWS,),
        formats=_FORMATS,
        schemas=("cim", "splunk", "ecs", "ocsf", "*.yml"),
        engine=_ENGINES[variant][2] if variant in _ENGINES else "",
        native=_STAGES,
    )
    for variant, title in _TITLES.items()
)


class SqlBackend:
    """The target family `sql`; its variants are the dialects, DuckDB if none is named."""

    name = "sql"

    def targets(self) -> tuple[TargetInfo, ...]:
        """Return one entry per dialect."""
        return _TARGETS

    def emit(self, request: Request) -> Draft:
        """Return the query of a rule. Raises Unsupported TGT601 to TGT610."""
        from transpile.backends.sql.emit import emit

        return emit(request)

    def engine(self, variant: str) -> Engine | None:
        """Return the engine of a dialect, None if it is only printed."""
        return self.sql_engine(variant)

    def event_tables(self, variant: str, inputs: Sequence[Inputs], schema: str) -> str:
        """Return CREATE TABLE statements for the events. Raises UsageError OUT502."""
        from transpile.backends.sql.ddl import event_tables

        return event_tables(inputs, variant or "duckdb", schema)

    def lookup_tables(self, variant: str, tables: Sequence[Table]) -> str:
        """Return CREATE TABLE and INSERT statements for lookup tables."""
        from transpile.backends.sql.ddl import lookup_tables

        return lookup_tables(tables, variant or "duckdb")

    def source_filter(self, variant: str, draft: Draft) -> Pred:
        """Return what a query asks of the rows of its source. Raises ReadingError."""
        from transpile.backends.sql.read import source_filter

        if variant not in ("", "duckdb"):
            raise ReadingError(f"queries of the dialect {variant} are not read back")
        held = draft.inputs.tables.items()
        tables = (table for table, what in held if not what.startswith("lookup:"))
        return source_filter(draft.text, tables, "duckdb")

    def sql_engine(self, variant: str) -> SqlEngine | None:
        """Return the engine with what it says beyond the contract (`accepts`)."""
        found = _ENGINES.get(variant or "duckdb")
        if found is None:
            return None
        from importlib import import_module

        module, kind, _ = found
        made: SqlEngine = getattr(import_module(f"{__name__}.{module}"), kind)()
        return made


backend = SqlBackend()
