"""Events as rows, values as text, structured text."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from transpile.interpret import (
    Context,
    NotComputable,
    event_row,
    matched,
    number_text,
    run_pipeline,
)
from transpile.interpret.structured import at_path, load_xml, pairs
from transpile.ir.expr import Field
from transpile.ir.pred import Test, TextEq
from transpile.ir.regex import parse_regex
from transpile.ir.stages import Events, Expand, Extract, Filter, Pipeline, Sort, SortKey
from transpile.ir.text import number


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        pytest.param({"a": None, "b": [], "c": ""}, {"c": ""}, id="missing"),
        pytest.param({"a": ["x"]}, {"a": "x"}, id="list-of-one"),
        pytest.param({"a": ["x", None, 2]}, {"a": ["x", 2]}, id="list"),
        pytest.param({"a": True, "b": [False, True]}, {"a": "true", "b": ["false", "true"]},
                     id="booleans"),
        pytest.param({"a": {"b": 1, "c": {"d": "x"}}}, {"a.b": 1, "a.c.d": "x"}, id="objects"),
        pytest.param({"a": [{"b": 1}, {"b": 2, "c": 3}]}, {"a{}.b": [1, 2], "a{}.c": 3},
                     id="list-of-objects"),
        pytest.param({"a": {"b": ["x", "y"]}}, {"a.b{}": ["x", "y"]}, id="list-in-an-object"),
        pytest.param({"a": {"b": None}}, {}, id="null-in-an-object"),
        pytest.param({"a": 1, "b": 1.5, "c": "1.0"}, {"a": 1, "b": 1.5, "c": "1.0"},
                     id="numbers-and-spelling"),
        pytest.param({"_time": "2023-11-14T22:13:20Z"}, {"_time": 1_700_000_000}, id="iso-time"),
        pytest.param({"_time": "2023-11-14 22:13:20"}, {"_time": 1_700_000_000},
                     id="no-zone-is-utc"),
        pytest.param({"_time": "1700000000"}, {"_time": "1700000000"}, id="epoch-text"),
        pytest.param({"_time": "yesterday"}, {"_time": "yesterday"}, id="no-time"),
    ],
)  # fmt: skip
def test_event_row(event: dict[str, Any], expected: dict[str, Any]) -> None:
    assert event_row(event) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(3, "3"), (3.0, "3"), (2.5, "2.5"), (-0.5, "-0.5"), (1e15, "1000000000000000"),
     (1e300, "1e+300"), (float("nan"), "nan"), (float("inf"), "inf"), (2**70, str(2**70))],
)  # fmt: skip
def test_number_text(value: float, expected: str) -> None:
    assert number_text(value) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1", 1), ("-1.50", -1.5), ("+2", 2), (".5", 0.5), ("5.", 5), ("1e3", 1000), ("1E-1", 0.1),
     ("007", 7), ("", None), (" 1", None), ("1 ", None), ("0x10", None), ("1,000", None),
     ("inf", None), ("nan", None), ("1e", None), ("--1", None), ("١", None), ("1\n", None),
     ("9007199254740993", 2**53), ("9" * 400, float("inf"))],
)  # fmt: skip
def test_number(text: str, expected: float | None) -> None:
    found = number(text)
    assert found == expected
    assert type(found) in (int, float, type(None))


def test_events_come_newest_first_and_those_without_a_time_last() -> None:
    events = [
        {"n": 0},
        {"n": 1, "_time": 5},
        {"n": 2, "_time": "9"},
        {"n": 3, "_time": 5},
        {"n": 4},
    ]
    rows = run_pipeline(Pipeline((Events(),)), events, Context(now=0))
    assert [row["n"] for row in rows] == [2, 1, 3, 0, 4]


def test_a_list_at_the_top_is_found_under_its_json_name_where_the_search_uses_that() -> None:
    named = Pipeline((Events(), Filter(Test(Field("g{}"), TextEq("a")))))
    events = [{"g": ["a", "b"]}, {"g": ["a"]}, {"g": "a"}, {"g{}": "a"}]
    assert matched(named, events) == [0, 1, 3]
    expanded = Pipeline((Events(), Expand("g{}")))
    assert run_pipeline(expanded, events[:1], Context(now=0)) == [
        {"g": ["a", "b"], "g{}": "a"},
        {"g": ["a", "b"], "g{}": "b"},
    ]


def test_raw_text_is_made_only_for_a_search_that_reads_it() -> None:
    events = [{"a": "é"}, {"_raw": "given"}]
    plain = Pipeline((Events(), Sort((SortKey("a"),))))
    assert run_pipeline(plain, events, Context(now=0)) == events
    reading = Pipeline((Events(), Extract("_raw", parse_regex('"(?<m>[^"]+)"}$'))))
    rows = run_pipeline(reading, events, Context(now=0))
    assert rows == [{"a": "é", "_raw": '{"a":"é"}', "m": "é"}, {"_raw": "given"}]


def test_not_computable_pickles_with_its_code() -> None:
    error = pickle.loads(pickle.dumps(NotComputable("no model", hint="give one")))
    assert (type(error), error.code, error.hint) == (NotComputable, "SPL301", "give one")


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ('{"a":[{"b":1},{"c":2},{"b":3}]}', "a{}.b", [1, 3]),
        ('{"a":[[1,2],[3]]}', "a{}{}", [1, 2, 3]),
        ('{"a":[5,6]}', "a{0}", [5]),
        ('{"a":[5,6]}', "a", ["[5,6]"]),
        ('{"a":{"b":"x"}}', "a.c", []),
        ('{"a.b":{"c":1}}', "a.b.c", [1]),
        ('{"a":true,"b":null}', "b", ["null"]),
        ("[1,2]", "{}", [1, 2]),
        ("plain", "a", []),
        ("<a><b>1</b><b>2</b></a>", "a.b", ["1", "2"]),
        ("<a><b x='1'/></a>", "a.b{@x}", ["1"]),
        ("<a><b><c>1</c></b></a>", "a.b", ["<c>1</c>"]),
        ("<n:a xmlns:n='u'><n:b>1</n:b></n:a>", "a.b", ["1"]),
        ("<a>", "a", []),
        ("<a>1</a>", "{}", []),
    ],
)
def test_paths(text: str, path: str, expected: list[Any]) -> None:
    assert at_path(text, path) == expected


def test_declared_entities_are_not_expanded() -> None:
    assert load_xml('<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>') is None


def test_deep_json_is_no_json() -> None:
    assert at_path("[" * 100_000, "{}") == []


def test_pair_delimiters_are_sets_of_characters() -> None:
    assert list(pairs('a=1, b:"x=y";;c', ",;", "=:")) == [("a", "1"), ("b", "x=y")]


def test_field_nodes_do_not_split_dots() -> None:
    from transpile.interpret import compile_expr

    assert compile_expr(Field("a.b"))({"a.b": 1, "a": 2}) == 1
