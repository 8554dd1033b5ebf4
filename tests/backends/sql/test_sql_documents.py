"""A query as a view and as a dbt model: the same rows, whatever stands in its literals."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from typing import Any

import duckdb
import pytest
import sqlglot
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import Environment, StrictUndefined
from sql_bench import BACKEND, DIALECTS, emit, sql_rows
from sqlglot import exp
from transpile.backends.base import Request, RuleInfo

from transpile.ir.stages import Pipeline, Rename
from transpile.lower import lower
from transpile.spl.parser import parse
from transpile.tables import Table


def rendered(text: str) -> str:
    """Return a dbt model as dbt would compile it."""
    environment = Environment(undefined=StrictUndefined, autoescape=False)
    environment.globals |= {"config": lambda **_: "", "source": lambda _, name: f'"{name}"'}
    return environment.from_string(text).render()


@pytest.mark.parametrize("variant", DIALECTS)
def test_a_view_parses_and_holds_the_query(variant: str) -> None:
    search = 'search index=x a="it\'s" | stats count by a'
    plain = sqlglot.parse_one(emit(search, variant).text, read=variant)
    view = sqlglot.parse_one(emit(search, variant, format="view").text, read=variant)
    assert isinstance(view, exp.Create)
    assert view.kind == "VIEW"
    assert view.expression == plain


@pytest.mark.parametrize("value", [
    pytest.param("{{ b }}", id="expression"), pytest.param("{% endraw %}", id="statement"),
    pytest.param("{# c #}", id="comment"), pytest.param("{{{", id="three"),
    pytest.param("#} \" ' \\", id="end-of-comment"), pytest.param("}} %}", id="ends"),
])
def test_a_dbt_model_compiles_to_the_query(value: str) -> None:
    _check_model(value)


@settings(max_examples=25, deadline=None)
@given(st.text("{}%#'\" -x", min_size=1, max_size=8).filter(lambda text: text.strip() == text))
def test_random_markup_in_a_literal(value: str) -> None:
    _check_model(value)


def _check_model(value: str) -> None:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    search = f'search index=x | where a="{escaped}" | stats count by a'
    draft = emit(search, format="dbt")
    compiled = sqlglot.parse_one(rendered(draft.text), read="duckdb")
    event: dict[str, Any] = {"_time": 1, "a": value}
    found = sql_rows(replace(draft, text=compiled.sql("duckdb")), [event], "duckdb")
    assert found == [{"a": value, "count": 1}]


def test_the_schema_document_names_sources_and_columns() -> None:
    pipeline = lower(parse("search index=x | lookup names k OUTPUT v | table k v"))
    info = RuleInfo(stem="odd_one", description="Ends #} here:\n'quoted'")
    text = BACKEND.emit(Request(
        pipeline, info, format="dbt",
        lookups={"names": Table("names", ({"k": "1", "v": "2"},), ("k", "v"))},
    )).text
    head, _, body = text.partition("\n#}\n")
    assert '- name: "names"' in head
    assert '- name: "events"' in head
    assert '- name: "v"' in head
    line = next(line for line in head.splitlines() if "description" in line)
    assert json.loads(line.partition(": ")[2]) == "Ends #} here: 'quoted'"
    assert "{{ source('events', \"names\") }} AS \"names\"" in body
    assert "config(materialized='view')" in body


ATTACKS = [
    pytest.param('x"; DROP VIEW y; --', id="sql"), pytest.param("{{ b }} {% c %} {# d", id="jinja"),
    pytest.param("#} {% endraw %}", id="end-of-comment"), pytest.param("a: [b] 'c' \\", id="yaml"),
]


@pytest.mark.parametrize("name", ATTACKS)
def test_names_that_attack_stay_names(name: str) -> None:
    pipeline = lower(parse("search index=x | stats count as n by a"))
    renamed = Pipeline((*pipeline.stages, Rename((("n", name),))))
    info = RuleInfo(stem="odd", name=name, description=name)
    text = BACKEND.emit(Request(renamed, info, format="dbt")).text
    head, _, _ = text.removeprefix("{#\n").partition("\n#}\n")
    document = yaml.safe_load(rendered(head.partition("\n")[2]))
    model = document["models"][0]
    assert model["description"] == name
    assert [column["name"] for column in model["columns"]] == ["a", name]
    compiled = rendered(text)
    with duckdb.connect(":memory:") as connection:
        connection.execute("CREATE TABLE events AS SELECT 'v' AS a, 'x' AS index, 1.0 AS _time")
        assert connection.execute(compiled).fetchall() == [("v", 1)]
        assert [column[0] for column in connection.description] == ["a", name]


@pytest.mark.parametrize("variant", ["duckdb", "sqlite"])
def test_a_view_gives_the_rows_of_the_query(variant: str) -> None:
    search = 'search index=x a="it\'s" | stats count by a'
    info = RuleInfo(stem="a_view")
    view = emit(search, variant, format="view", info=info).text
    made = "CREATE TABLE events (a TEXT, \"index\" TEXT, _time DOUBLE)"
    rows = "INSERT INTO events VALUES ('it''s', 'x', 1.0), ('other', 'x', 2.0)"
    connection = duckdb.connect() if variant == "duckdb" else sqlite3.connect(":memory:")
    for statement in (made, rows, view):
        connection.execute(statement)
    assert connection.execute("SELECT * FROM a_view").fetchall() == [("it's", 1)]
    connection.close()


def test_the_formats_are_declared() -> None:
    assert all(info.formats == ("sql", "view", "dbt") for info in BACKEND.targets())
