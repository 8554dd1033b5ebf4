"""The ES|QL engine: null, several values, types and groups as Elasticsearch documents them."""

from __future__ import annotations

from typing import Any

import pytest
from transpile.backends.esql.engine.errors import EsqlError
from transpile.backends.esql.engine.evaluate import Row, Rows, Run, evaluate
from transpile.backends.esql.engine.parser import parse_esql

TYPES = {"s": "keyword", "t": "keyword", "n": "long", "d": "double", "ip": "ip", "at": "date",
         "b": "boolean", "flat": "unsupported"}  # fmt: skip


def run(query: str, *rows: dict[str, Any], **lookups: Rows) -> list[dict[str, Any]]:
    made = [Row({**dict.fromkeys(TYPES), **row}, frozenset((at,))) for at, row in enumerate(rows)]
    found = evaluate(parse_esql(f"FROM x {query}"), Rows(TYPES, made), Run(0.0, lookups))
    return [dict(row.values) for row in found.rows]


def kept(condition: str, *values: Any, field: str = "s") -> list[Any]:
    return [row[field] for row in run(f"| WHERE {condition}", *({field: v} for v in values))]


@pytest.mark.parametrize(
    ("condition", "values", "found"),
    [
        pytest.param('s == "x"', ["x", "X", None], ["x"], id="equality-is-case-sensitive"),
        pytest.param('s != "x"', ["x", "y", None], ["y"], id="a-missing-value-is-not-unequal"),
        pytest.param('NOT s == "x"', ["x", "y", None], ["y"], id="not-of-null-is-null"),
        pytest.param('s NOT IN ("x")', ["x", "y", None], ["y"], id="not-in-drops-null"),
        pytest.param('s IS NULL OR s != "x"', ["x", "y", None], ["y", None], id="null-asked-for"),
        pytest.param('NOT COALESCE(s == "x", FALSE)', ["x", None], [None], id="coalesce"),
        pytest.param('s == "x"', [["x", "y"]], [], id="several-values-equal-nothing"),
        pytest.param('NOT (s == "x")', [["x", "y"]], [], id="nor-are-they-unequal"),
        pytest.param('s LIKE "x*"', [["x", "y"]], [], id="nor-like"),
        pytest.param('s : "x"', [["x", "y"], "x", "X", None], [["x", "y"], "x"], id="match-any"),
        pytest.param('MV_CONCAT(s, "-") == "x-y"', [["x", "y"]], [["x", "y"]], id="joined"),
        pytest.param('s LIKE "a*b?"', ["aXbc", "ab", "AXBC"], ["aXbc"], id="wildcards"),
        pytest.param(r's LIKE "a\\*"', ["a*", "ax"], ["a*"], id="escaped-wildcard"),
        pytest.param(r's LIKE """a\\b"""', ["a\\b", "ab"], ["a\\b"], id="escaped-backslash"),
        pytest.param('s LIKE ("a*", "b*")', ["ax", "bx", "cx"], ["ax", "bx"], id="patterns"),
        pytest.param('s RLIKE "a.*"', ["ab", "xab", "a\nb"], ["ab", "a\nb"], id="whole-value"),
        pytest.param('TO_LOWER(s) == "é"', ["É", "é"], ["É", "é"], id="lower-is-unicode"),
        pytest.param('s == "a" AND t == "b"', ["a"], [], id="true-and-null-is-null"),
        pytest.param('s == "a" OR t == "b"', ["a", "c"], ["a"], id="true-or-null-is-true"),
        pytest.param('NOT (s == "a" AND t == "b")', ["a", "c"], ["c"], id="not-of-false-and-null"),
        pytest.param('KQL("s: \\"x\\"")', [["x", "y"], "X"], [["x", "y"]], id="search"),
        pytest.param('KQL("s: *")', ["", None], [""], id="search-for-any"),
    ],
)  # fmt: skip
def test_conditions(condition: str, values: list[Any], found: list[Any]) -> None:
    assert kept(condition, *values) == found


@pytest.mark.parametrize(
    ("expr", "value"),
    [
        pytest.param("7 / 2", 3, id="whole-numbers-divide-whole"),
        pytest.param("7 / 2.0", 3.5, id="real-division"),
        pytest.param("1 / 0", None, id="division-by-zero-is-null"),
        pytest.param("-7 % 3", -1, id="remainder-has-the-dividends-sign"),
        pytest.param('TO_DOUBLE("5d")', 5.0, id="java-reads-suffixes"),
        pytest.param('TO_DOUBLE("x")', None, id="no-number-is-null"),
        pytest.param('CASE(NULL, 1, FALSE, 2, 3)', 3, id="null-is-no-condition"),
        pytest.param('CASE(FALSE, 1)', None, id="no-default-is-null"),
        pytest.param('REPLACE("a1b2", "[0-9]", "<$0>")', "a<1>b<2>", id="replace-all"),
        pytest.param(r'REPLACE("ab", "(a)(b)", "$2\\$$1")', "b$a", id="groups-and-a-dollar"),
        pytest.param('CONCAT("a", NULL)', None, id="concat-of-null"),
        pytest.param('MV_COUNT(SPLIT("a,b,", ","))', 3, id="split-keeps-empty-parts"),
        pytest.param('MV_SLICE(SPLIT("a,b,c", ","), -1)', "c", id="slice-from-the-end"),
        pytest.param('URL_DECODE("a%20b+c")', "a b c", id="plus-is-a-space"),
        pytest.param('URL_DECODE("%zz")', None, id="undecodable-is-null"),
        pytest.param('DATE_FORMAT("yyyy-MM-dd\'T\'HH:mm:ss", TO_DATETIME(86399999))',
                     "1970-01-01T23:59:59", id="date-format"),
        pytest.param("TO_LONG(DATE_TRUNC(5 minutes, TO_DATETIME(600001)))", 600000, id="minutes"),
        pytest.param("TO_LONG(DATE_TRUNC(1 month, TO_DATETIME(5097600000)))", 5097600000 - 0,
                     id="month"),
        pytest.param("TO_LONG(TO_DATETIME(0) - 1 day)", -86400000, id="minus-a-day"),
        pytest.param('CIDR_MATCH(TO_IP("10.1.2.3"), "10.0.0.0/8")', True, id="network"),
        pytest.param('CIDR_MATCH(TO_IP("no"), "10.0.0.0/8")', None, id="no-address-is-null"),
    ],
)  # fmt: skip
def test_values(expr: str, value: Any) -> None:
    assert run(f"| EVAL v = {expr} | KEEP v", {}) == [{"v": value}]


@pytest.mark.parametrize(
    ("query", "rows", "found"),
    [
        pytest.param("| STATS c = COUNT(*) BY s", [{"s": "a"}, {}, {"s": "a"}],
                     [{"c": 2, "s": "a"}, {"c": 1, "s": None}], id="null-is-a-group"),
        pytest.param("| STATS c = COUNT(*) BY s", [{"s": ["a", "b"]}],
                     [{"c": 1, "s": "a"}, {"c": 1, "s": "b"}], id="a-row-is-in-several-groups"),
        pytest.param("| STATS c = COUNT(*), d = COUNT(s)", [], [{"c": 0, "d": 0}], id="no-rows"),
        pytest.param("| STATS c = COUNT(s)", [{"s": ["a", "b"]}, {}], [{"c": 2}], id="values"),
        pytest.param('| STATS c = COUNT(*) WHERE s == "a"', [{"s": "a"}, {"s": "b"}, {}],
                     [{"c": 1}], id="counted-rows"),
        pytest.param("| STATS v = MV_SORT(VALUES(s))", [{"s": "b"}, {"s": "B"}, {"s": "b"}],
                     [{"v": ["B", "b"]}], id="values-sorted-by-bytes"),
        pytest.param("| STATS d = COUNT_DISTINCT(s)", [{"s": "a"}, {"s": "A"}, {}], [{"d": 2}],
                     id="distinct-is-case-sensitive"),
        pytest.param("| STATS x = STD_DEV(n)", [{"n": 1}, {"n": 3}], [{"x": 1.0}],
                     id="deviation-of-a-population"),
        pytest.param("| STATS x = LAST(s, at)", [{"s": "a", "at": 2}, {"at": 3}, {"s": "b"}],
                     [{"x": "a"}], id="last-passes-over-null"),
        pytest.param("| STATS x = MAX(n) - MIN(n)", [{"n": 1}, {"n": 4}], [{"x": 3}],
                     id="expression-over-aggregates"),
        pytest.param("| INLINE STATS m = MAX(n) BY s | KEEP n, m",
                     [{"s": "a", "n": 1}, {"s": "a", "n": 2}, {"n": 5}],
                     [{"n": 1, "m": 2}, {"n": 2, "m": 2}, {"n": 5, "m": 5}], id="inline"),
        pytest.param("| SORT n DESC NULLS LAST | LIMIT 2 | KEEP n", [{"n": 1}, {}, {"n": 3}],
                     [{"n": 3}, {"n": 1}], id="sort-and-limit"),
        pytest.param("| MV_EXPAND s | KEEP s", [{"s": ["a", "b"]}, {}],
                     [{"s": "a"}, {"s": "b"}, {"s": None}], id="expand-keeps-missing"),
    ],
)  # fmt: skip
def test_commands(query: str, rows: list[dict[str, Any]], found: list[dict[str, Any]]) -> None:
    assert run(query, *rows) == found


def test_a_lookup_join_adds_the_fields_of_each_match() -> None:
    entries = [Row({"s": "a", "v": "1"}, frozenset()), Row({"s": "a", "v": "2"}, frozenset())]
    table = Rows({"s": "keyword", "v": "keyword"}, entries)
    found = run("| LOOKUP JOIN table ON s | KEEP s, v", {"s": "a"}, {"s": "b"}, {}, table=table)
    assert found == [{"s": "a", "v": "1"}, {"s": "a", "v": "2"}, {"s": "b", "v": None},
                     {"s": None, "v": None}]  # fmt: skip


def test_a_thousand_rows_come_back_unless_a_limit_says_more() -> None:
    rows = [{"n": n} for n in range(1500)]
    assert len(run("| KEEP n", *rows)) == 1000
    assert len(run("| LIMIT 1200 | KEEP n", *rows)) == 1200


@pytest.mark.parametrize(
    ("query", "message"),
    [
        pytest.param("| WHERE x == 1", "Unknown column [x]", id="unknown-column"),
        pytest.param("| WHERE n == \"5\"", "keyword and long cannot be compared", id="mixed-types"),
        pytest.param("| WHERE TO_LOWER(n) == \"5\"", "long is no keyword", id="wrong-argument"),
        pytest.param("| WHERE s", "needs to be boolean", id="no-condition"),
        pytest.param("| WHERE flat == \"x\"", "unsupported type", id="flattened"),
        pytest.param("| WHERE CIDR_MATCH(s, \"10.0.0.0/8\")", "keyword is no ip", id="no-ip"),
        pytest.param("| STATS c = s", "must be inside an aggregate", id="bare-column"),
        pytest.param("| STATS c = COUNT(*) | KEEP s", "Unknown column [s]", id="dropped"),
        pytest.param("| EVAL v = COALESCE(n, \"x\")", "are mixed", id="coalesce-of-two-types"),
        pytest.param("| EVAL v = NOPE(s)", "Unknown function [NOPE]", id="unknown-function"),
        pytest.param("| DROP s", "the command DROP is not known", id="unknown-command"),
        pytest.param("| WHERE s LIKE t", "a constant text", id="pattern-of-a-column"),
        pytest.param("| WHERE s = \"x\"", "a pipe is expected", id="single-equals"),
        pytest.param("| WHERE s == \"x", "unexpected character", id="open-quote"),
        pytest.param("| WHERE s == \"\\x\"", "unexpected character", id="unknown-escape"),
    ],
)  # fmt: skip
def test_what_elasticsearch_refuses(query: str, message: str) -> None:
    with pytest.raises(EsqlError) as caught:
        run(query, {})
    assert message in caught.value.message
