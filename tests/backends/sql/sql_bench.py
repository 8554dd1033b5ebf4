"""Helpers of the SQL tests: a search as a query, run on engine and interpreter alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from transpile.backends.base import Draft, Request
from transpile.backends.sql import SqlBackend
from transpile.backends.sql.engine import SqlEngine

from transpile.errors import UsageError
from transpile.interpret import run_pipeline
from transpile.interpret.context import Context
from transpile.ir.stages import Pipeline
from transpile.ir.text import number
from transpile.lower import lower
from transpile.spl.parser import parse
from transpile.tables import Table

BACKEND = SqlBackend()
EXECUTED = ("duckdb", "sqlite")
SERVERS = ("clickhouse", "postgres", "spark")
"""Engines that are large or start slowly: they run in `make test-engines`."""
ENGINES = (*EXECUTED, *(pytest.param(name, marks=pytest.mark.engines) for name in SERVERS))
DIALECTS = tuple(target.name.removeprefix("sql:") for target in BACKEND.targets())
NOW = 1_700_000_000.0
Events = Sequence[Mapping[str, Any]]


def emit(
    search: str | Pipeline,
    variant: str = "duckdb",
    lookups: Mapping[str, Table] | None = None,
    **settings: Any,
) -> Draft:
    """Return the query of a search."""
    pipeline = lower(parse(search)) if isinstance(search, str) else search
    source = search if isinstance(search, str) else ""
    return BACKEND.emit(
        Request(pipeline, variant=variant, source=source, lookups=lookups or {}, **settings)
    )


def engine_of(variant: str) -> SqlEngine:
    """Return an engine that is there; skips the test otherwise, naming what is missing."""
    engine = BACKEND.sql_engine(variant)
    assert engine is not None
    try:
        name = engine.name
    except UsageError as error:
        if error.code != "OUT504":
            raise
        pytest.skip(f"{variant} is not here: {error.message}")
    assert name
    return engine


def sql_rows(
    draft: Draft, events: Events, variant: str, lookups: Mapping[str, Table] | None = None
) -> list[dict[str, Any]]:
    """Return the rows that the engine finds."""
    seen = engine_of(variant).run(draft, events, lookups=lookups or {}, now=NOW)
    assert seen.rows is not None
    return list(seen.rows)


def expected_rows(
    search: str | Pipeline, events: Events, lookups: Mapping[str, Table] | None = None
) -> list[dict[str, Any]]:
    """Return the rows of the reference interpreter."""
    pipeline = lower(parse(search)) if isinstance(search, str) else search
    tables = dict(lookups or {})
    return run_pipeline(pipeline, events, Context(now=NOW, lookups=tables))


def plain(rows: Sequence[Mapping[str, Any]]) -> list[list[tuple[str, Any]]]:
    """Return rows as a sorted multiset in which 1, 1.0 and "1" are one value."""
    return sorted(sorted((name, _plain(value)) for name, value in row.items()) for row in rows)


def _plain(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return _plain(value[0]) if len(value) == 1 else str([_plain(item) for item in value])
    if isinstance(value, str):
        amount = number(value)
        return value if amount is None or str(amount) != value else _digits(float(amount))
    return _digits(float(value))


def _digits(value: float) -> str:
    return f"{value:.9g}"


def assert_same(
    search: str | Pipeline,
    events: Events,
    variant: str,
    lookups: Mapping[str, Table] | None = None,
) -> None:
    """Assert that engine and interpreter find the same rows."""
    draft = emit(search, variant, lookups)
    if variant == "postgres":  # which says that it fails on a text that is broken JSON
        engine = engine_of(variant)
        events = [event for event in events if engine.accepts(event, draft)]
    found = plain(sql_rows(draft, events, variant, lookups))
    assert found == plain(expected_rows(search, events, lookups)), draft.text
