"""CREATE TABLE statements: every dialect parses its own, the engines take them."""

from __future__ import annotations

import sqlite3

import duckdb
import pytest
import sqlglot
from sql_bench import DIALECTS, emit
from sqlglot import exp
from transpile.backends.sql.ddl import ddl

from transpile.errors import UsageError
from transpile.schema.datasets import dataset_ids

SOME = ("aws.cloudtrail", "endpoint.processes")


@pytest.mark.parametrize("variant", DIALECTS)
def test_each_dialect_parses_its_tables(variant: str) -> None:
    known = [name for name in SOME if name in dataset_ids()]
    made = sqlglot.parse(ddl(known, variant), read=variant)
    assert known
    assert all(isinstance(statement, exp.Create) for statement in made if statement)


def test_the_engines_make_all_tables() -> None:
    with duckdb.connect(":memory:") as connection:
        connection.execute(ddl(dataset_ids(), "duckdb"))
    connection = sqlite3.connect(":memory:")
    connection.executescript(ddl(dataset_ids(), "sqlite"))
    connection.close()


def test_the_tables_take_the_query_of_a_rule() -> None:
    draft = emit("| tstats count from datamodel=Endpoint.Processes where Processes.user=a* "
                 "by Processes.dest Processes.process_id")
    tables = [name for name in draft.inputs.tables.values() if not name.startswith("lookup:")]
    with duckdb.connect(":memory:") as connection:
        connection.execute(ddl(tables, "duckdb"))
        assert connection.execute(draft.text).fetchall() == []


@pytest.mark.parametrize(("datasets", "variant"), [
    pytest.param(("no.such",), "duckdb", id="dataset"), pytest.param(SOME, "dbase", id="dialect"),
])
def test_unknown_names_are_refused(datasets: tuple[str, ...], variant: str) -> None:
    with pytest.raises(UsageError) as caught:
        ddl(datasets, variant)
    assert caught.value.code == "OUT502"
