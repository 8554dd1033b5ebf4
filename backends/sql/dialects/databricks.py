"""Databricks SQL: Spark's dialect."""

from __future__ import annotations

from transpile.backends.sql.dialects.spark import Spark


class Databricks(Spark):
    """Databricks SQL."""

    name = "databricks"
    title = "Databricks"
