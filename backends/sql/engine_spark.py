"""Apache Spark in local mode: one small session that is used again and again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from transpile.backends.base import Draft, Row
from transpile.backends.sql.engine import SqlEngine, Stored, at_time
from transpile.backends.sql.values import Kind

from transpile.errors import UsageError

_TYPES = {Kind.TEXT: "string", Kind.INT: "bigint", Kind.REAL: "double", Kind.LIST: "array<string>"}
_SETTINGS = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.memory": "1g",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.log.level": "OFF",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.shuffle.partitions": "1",
    "spark.sql.adaptive.enabled": "false",
    # compiling a query takes longer than interpreting it over a few rows
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
}


class SparkEngine(SqlEngine):
    """Runs a query on Spark."""

    dialect = "spark"

    @property
    def name(self) -> str:
        """Name and version."""
        return f"spark {_session().version}"

    def errors(self) -> tuple[type[Exception], ...]:
        """Return what the engine raises for a query that it does not run."""
        from pyspark.errors import PySparkException

        return (PySparkException,)

    def storable(self, value: str, draft: Draft) -> bool:
        """Java folds `İ` to two characters, and a sigma at the end of a word in its own way."""
        return "\u0130" not in value and "\u03a3" not in value

    def execute(
        self, query: str, tables: Sequence[Stored], now: float, given: Mapping[str, float]
    ) -> tuple[Row, ...]:
        """Return the rows of a query over these tables.

        A function of Spark cannot be replaced: calls of `unix_micros(now())` get the time itself.
        """
        session = _session()
        try:
            for table in tables:
                _fill(session, table)
            text = at_time(query, self.dialect, "NOW", f"TIMESTAMP_MICROS({round(now * 1e6)})")
            rows = session.sql(text.rstrip().removesuffix(";"), args=dict(given)).collect()
        finally:
            for table in tables:
                session.catalog.dropTempView(_quoted(table.name))
        return tuple(
            {name: value for name, value in row.asDict().items() if value is not None}
            for row in rows
        )


def _fill(session: Any, table: Stored) -> None:
    """Make a view of the rows, which travel as one JSON text."""
    fields = ", ".join(f"{_quoted(name)}: {_TYPES[kind]}" for name, kind in table.columns.items())
    rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    view = session.sql(
        "SELECT INLINE(FROM_JSON(:rows, :fields))",
        args={"rows": json.dumps(rows), "fields": f"array<struct<{fields}>>"},
    )
    view.createOrReplaceTempView(_quoted(table.name))


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


@lru_cache(maxsize=1)
def _session() -> Any:
    try:
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise UsageError(
            "pyspark is not installed", code="OUT504", hint="pip install transpile[spark]"
        ) from error
    builder = SparkSession.builder.master("local[1]").appName("transpile")
    for name, value in _SETTINGS.items():
        builder = builder.config(name, value)
    try:
        return builder.getOrCreate()
    except Exception as error:  # pyspark raises one of many, or RuntimeError without Java
        raise UsageError(
            f"Spark does not start: {error}", code="OUT504", hint="it needs Java 17 or later"
        ) from error
