"""The window of a schedule on the events of a query: as parameters, in a view, in a dbt model."""

from __future__ import annotations

from pathlib import Path

import pytest
from jinja2 import Environment
from sql_bench import DIALECTS, ENGINES, NOW, assert_same, emit, sql_rows

from transpile import convert
from transpile.ir.stages import Pipeline
from transpile.lower import lower
from transpile.lower.schedule import scheduled
from transpile.spl.parser import parse

ROOT = Path(__file__).parents[3]
TIMES = (NOW - 7201, NOW - 7200, NOW - 7199.5, NOW - 60, NOW - 0.5, NOW, NOW + 10)
EVENTS = [
    *({"index": "x", "_time": time, "k": str(at)} for at, time in enumerate(TIMES)),
    {"index": "x", "k": "no-time"},
]
UNNAMED = ("trino", "athena")
"""Dialects whose parameters have no names."""


def bounded(search: str, earliest: str = "-2h", latest: str = "-1m") -> Pipeline:
    return scheduled(lower(parse(search)), earliest, latest)


@pytest.mark.parametrize("variant", ENGINES)
@pytest.mark.parametrize("pipeline", [
    pytest.param(bounded("search index=x | table k"), id="both"),
    pytest.param(bounded("search index=x | table k", "", ""), id="until-now"),
    pytest.param(bounded("search index=x | table k", "rt-2h", "rt"), id="real-time"),
    pytest.param(bounded("search index=x | table k", "-1h@h", "@h"), id="snapped"),
    pytest.param(bounded("search index=x earliest=-90s | table k"), id="the-search-wins"),
    pytest.param(bounded("search index=x [search index=x | fields k] | table k"),
                 id="subsearches-too"),
    pytest.param(bounded("search index=x | join k [search index=x earliest=0 | eval n=1 "
                         "| fields k n] | table k n"), id="but-not-one-with-bounds"),
])
def test_the_window_holds_on_an_engine(pipeline: Pipeline, variant: str) -> None:
    assert_same(pipeline, EVENTS, variant)


def test_the_window_is_that_of_the_schedule() -> None:
    found = sql_rows(emit(bounded("search index=x | table k")), EVENTS, "duckdb")
    assert sorted(row["k"] for row in found) == ["1", "2", "no-time"]


@pytest.mark.parametrize("variant", DIALECTS)
def test_the_bounds_are_parameters(variant: str) -> None:
    draft = emit(bounded("search index=x | table k"), variant)
    named = () if variant in UNNAMED else ("earliest", "latest")
    assert tuple(draft.inputs.parameters) == named
    assert all(name in draft.text for name in named)


@pytest.mark.parametrize("variant", ENGINES)
def test_a_view_counts_from_its_own_clock(variant: str) -> None:
    draft = emit(bounded("search index=x | table k"), variant, format="view")
    assert not draft.inputs.parameters
    assert "earliest" not in draft.text
    assert any("time bounds" in line for line in draft.assumptions)


def test_a_dbt_model_takes_variables_with_the_schedule_as_default() -> None:
    text = emit(bounded("search index=x | table k"), format="dbt").text
    given = {"earliest": "17.5"}
    environment = Environment(autoescape=False)
    environment.globals |= {
        "config": lambda **_: "", "source": lambda _, name: f'"{name}"',
        "var": lambda name, default: given.get(name, default),
    }
    query = environment.from_string(text).render()
    assert '"_time" >= 17.5' in query
    assert '"_time" < EPOCH(NOW()) - 60' in query


@pytest.mark.parametrize("variant", [name for name in DIALECTS if name not in UNNAMED])
@pytest.mark.parametrize("format", ["sql", "dbt"])
def test_a_text_that_looks_like_a_parameter_stays(format: str, variant: str) -> None:
    word = "$latest :latest {latest:Float64} @latest"
    search = f'search index=x | where a="{word}" | table a'
    found = emit(bounded(search), variant, format=format).text
    assert word in emit(search, variant, format=format).text
    assert word in found


def test_a_conversion_takes_the_window_of_its_deployment() -> None:
    rule = ROOT / "rules/detections/application/most_active_account_managers.yml"
    assert "$earliest" not in convert(rule, "sql:duckdb").text
    found = convert(rule, "sql:duckdb", time_bounds=True)
    assert '"_time" >= $earliest' in found.text
    assert '"_time" < $latest' in found.text


def test_a_rule_without_a_schedule_says_so() -> None:
    found = convert("search index=x", "sql:duckdb", time_bounds=True)
    assert "$earliest" not in found.text
    assert "no schedule is known: the query covers all of time" in found.assumptions
