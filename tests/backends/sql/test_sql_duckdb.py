"""DuckDB's one database for many runs: each run is as if it were the first."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from transpile.backends.sql.engine import Stored
from transpile.backends.sql.values import Kind

duckdb = pytest.importorskip("duckdb")

from transpile.backends.sql.engine_duckdb import DuckDbEngine  # noqa: E402

NAMES = {"name": Kind.TEXT}


def run(query: str, *tables: Stored, now: float = 0.0, **given: float) -> list[dict[str, Any]]:
    return list(DuckDbEngine().execute(query, tables, now, given))


def names(*texts: str) -> Stored:
    return Stored("names", NAMES, [(text,) for text in texts])


def a_query_that_fails() -> None:
    with pytest.raises(duckdb.Error):
        run("SELECT no_such_function(1)", names("before"))


def a_table_that_fails() -> None:
    with pytest.raises(duckdb.Error):
        run("SELECT 1", names("before"), Stored("numbers", {"n": Kind.INT}, [("no number",)]))


def the_same_table_with_other_columns() -> None:
    run("SELECT 1", Stored("names", {"other": Kind.LIST}, [(["x"],)]))


def another_time() -> None:
    run("SELECT now()", now=5.0)


def a_parameter() -> None:
    assert run("SELECT $least AS found", least=3.0) == [{"found": 3.0}]


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(function, id=function.__name__.replace("_", "-"))
        for function in (
            a_query_that_fails,
            a_table_that_fails,
            the_same_table_with_other_columns,
            another_time,
            a_parameter,
        )
    ],
)
def test_nothing_is_left_of_a_run_before(before: Callable[[], None]) -> None:
    before()
    assert run("SELECT name FROM names", names("now")) == [{"name": "now"}]
    assert run("SELECT epoch(now()) AS at", now=7.0) == [{"at": 7.0}]
    for query in ("SELECT * FROM names", "SELECT $least"):
        with pytest.raises(duckdb.Error):
            run(query)


def test_threads_see_their_own_tables_only() -> None:
    everyone = threading.Barrier(2, timeout=60)

    def seen(text: str) -> list[dict[str, Any]]:
        everyone.wait()
        return [row for _ in range(5) for row in run("SELECT name FROM names", names(text))]

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(seen, ("one", "other")))
    assert found == [[{"name": "one"}] * 5, [{"name": "other"}] * 5]
