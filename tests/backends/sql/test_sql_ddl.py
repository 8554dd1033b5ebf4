"""CREATE TABLE statements: every dialect parses its own, the engines take them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

import duckdb
import pytest
import sqlglot
from sql_bench import DIALECTS, emit
from sqlglot import exp
from transpile.backends.base import Inputs
from transpile.backends.sql.ddl import event_tables, lookup_tables

from transpile.errors import UsageError
from transpile.schema.datasets import dataset_ids
from transpile.tables import Table

SOME = ("aws.cloudtrail", "endpoint.processes")


def datasets(names: Iterable[str]) -> list[Inputs]:
    """Return inputs that stand for the tables of datasets."""
    return [Inputs(dataset=name) for name in names]


@pytest.mark.parametrize("variant", DIALECTS)
def test_each_dialect_parses_its_tables(variant: str) -> None:
    known = [name for name in SOME if name in dataset_ids()]
    made = sqlglot.parse(event_tables(datasets(known), variant), read=variant)
    assert known
    assert all(isinstance(statement, exp.Create) for statement in made if statement)


def test_the_engines_make_all_tables() -> None:
    with duckdb.connect(":memory:") as connection:
        connection.execute(event_tables(datasets(dataset_ids()), "duckdb"))
    connection = sqlite3.connect(":memory:")
    connection.executescript(event_tables(datasets(dataset_ids()), "sqlite"))
    connection.close()


def test_the_tables_take_the_query_of_a_rule() -> None:
    draft = emit("| tstats count from datamodel=Endpoint.Processes where Processes.user=a* "
                 "by Processes.dest Processes.process_id")
    with duckdb.connect(":memory:") as connection:
        connection.execute(event_tables([draft.inputs], "duckdb"))
        assert connection.execute(draft.text).fetchall() == []


@pytest.mark.parametrize(("names", "variant"), [
    pytest.param(("no.such",), "duckdb", id="dataset"), pytest.param(SOME, "dbase", id="dialect"),
])
def test_unknown_names_are_refused(names: tuple[str, ...], variant: str) -> None:
    with pytest.raises(UsageError) as caught:
        event_tables(datasets(names), variant)
    assert caught.value.code == "OUT502"


@pytest.mark.parametrize("schema", ["", "splunk", "ecs", "ocsf"])
def test_the_tables_have_what_the_rules_read(schema: str) -> None:
    searches = (
        "| tstats count from datamodel=Endpoint.Processes where Processes.user=a* "
        "by Processes.dest",
        "source=XmlWinEventLog:Security EventCode=4625 | stats count by TargetUserName",
    )
    drafts = [emit(search, schema=schema) for search in searches]
    with duckdb.connect(":memory:") as connection:
        connection.execute(event_tables([draft.inputs for draft in drafts], "duckdb", schema))
        for draft in drafts:
            assert connection.execute(draft.text).fetchall() == []


def test_a_field_of_the_rule_that_no_schema_knows_is_a_column() -> None:
    draft = emit("source=XmlWinEventLog:Security EventCode=1 | stats count by very_own")
    assert '"very_own" TEXT' in event_tables([draft.inputs], "duckdb")


ATTACKS = ("plain", "it's", "a\\", '"; DROP TABLE x; --', "/* {{ x }}", "\n", "é%_", "")
LOOKUP = Table("odd 'name\"", tuple({"k": f"{at}", "v\"": text} for at, text in enumerate(ATTACKS)),
               ("k", "v\""))


@pytest.mark.parametrize("variant", DIALECTS)
def test_each_dialect_parses_its_lookup_tables(variant: str) -> None:
    create, insert, values = lookup_tables([LOOKUP], variant).partition("INSERT INTO")
    # one at a time: Athena's tokenizer takes its quotes from the first statement
    made = [sqlglot.parse_one(text, read=variant) for text in (create, insert + values)]
    assert [type(statement) for statement in made] == [exp.Create, exp.Insert]
    literals = {node.name for node in made[1].find_all(exp.Literal) if node.is_string}
    assert literals >= set(ATTACKS) - {""}


def test_the_engines_hold_what_the_lookup_holds() -> None:
    wanted = [(str(at), text or None, at) for at, text in enumerate(ATTACKS)]
    query = 'SELECT * FROM "odd \'name""" ORDER BY "_line"'
    with duckdb.connect(":memory:") as connection:
        connection.execute(lookup_tables([LOOKUP], "duckdb"))
        assert connection.execute(query).fetchall() == wanted
    database = sqlite3.connect(":memory:")
    database.executescript(lookup_tables([LOOKUP], "sqlite"))
    assert database.execute(query).fetchall() == wanted
    database.close()


def test_a_lookup_whose_rows_nobody_has_stays_empty() -> None:
    unknown = lookup_tables([Table("mine", None, ("a",)), Table("none\nDROP", None)], "duckdb")
    assert "INSERT" not in unknown
    assert "-- The rows of mine are not part of the content." in unknown
    assert "-- The columns of the lookup table none DROP are not known." in unknown
