"""A query as a view and as a dbt model: the same rows, whatever stands in its literals."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import Environment, StrictUndefined
from sql_bench import BACKEND, DIALECTS, emit, sql_rows
from sqlglot import exp
from transpile.backends.base import Request, RuleInfo

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


def test_the_formats_are_declared() -> None:
    assert all(info.formats == ("sql", "view", "dbt") for info in BACKEND.targets())
