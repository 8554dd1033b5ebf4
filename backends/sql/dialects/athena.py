"""Amazon Athena, engine version 3: Trino's dialect."""

from __future__ import annotations

from transpile.backends.sql.dialects.trino import Trino


class Athena(Trino):
    """Amazon Athena."""

    name = "athena"
    title = "Athena"
