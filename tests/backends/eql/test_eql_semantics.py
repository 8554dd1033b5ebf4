"""Conditions as Elasticsearch decides them: one line per rule of spec/eql-semantics.md."""

from __future__ import annotations

import pytest
from transpile.backends.eql.engine import EqlError, evaluate, parse_eql
from transpile.backends.eql.engine.functions import FUNCTIONS


def meets(condition, document, **options):
    return evaluate(parse_eql(f"any where {condition}"), [document], **options) == [0]


def cases(table):
    for document, lines in table:
        for condition, expected in lines.items():
            yield pytest.param(condition, document, expected, id=f"{condition} on {document}")


MISSING = [
    (
        {"g": "y"},
        {
            'f == "x"': False, 'f : "x*"': False, "f > 1": False, 'f in ("x")': False,
            'f != "x"': True, 'not (f == "x")': True, 'not (f : "x*")': True,
            'not (f like~ "x*")': True, 'not (f regex "x")': True, "not (f > 1)": True,
            'f not in ("x")': True, 'f not in~ ("x")': True, 'not startsWith~(f, "x")': True,
            'not stringContains(f, "x")': True, 'not cidrMatch(f, "10.0.0.0/8")': True,
            "not length(f) > 3": True, "length(f) <= 3": False, "length(f) != 3": False,
            "f == null": True, "f != null": False, "null == f": True,
            'not (f == "x" and g == "y")': True, 'f != "x" or g == "y"': True,
            "null == (f > 1)": True, "(f > 1) != null": False, "length(f) == null": True,
            "f": False, "not f": True, "?f == null": True, "?f": False, "?f == 1": False,
            'concat(f, "a") == null': True, "?f == ?h": True, "f < null": False,
        },
    ),
    ({"f": "x", "g": "z"}, {'not (f == "x" and g == "y")': True, "f != null": True}),
    ({"f": ""}, {"f != null": True, 'f == ""': True, 'f : "*"': True, 'f : "?"': False}),
    ({"f": []}, {"f == null": True}),
    ({"f": None}, {"f == null": True}),
]  # fmt: skip

CASE_AND_WILDCARDS = [
    (
        {"f": "Cmd.EXE"},
        {
            'f == "cmd.exe"': False, 'f == "Cmd.EXE"': True, 'f : "cmd.exe"': True,
            'f : "c*"': True, 'f like "c*"': False, 'f like "C*"': True, 'f like~ "c*"': True,
            'f in ("cmd.exe")': False, 'f in~ ("cmd.exe")': True, 'f != "cmd.exe"': True,
            'f regex "cmd.*"': False, 'f regex~ "cmd.*"': True, 'f regex~ "cmd"': False,
            'f == "Cmd*"': False, 'f in~ ("cmd*")': False, 'f : "cm?.exe"': True,
            'f : "cmd.exe?"': False, 'f < "a"': True, 'f >= "Cmd"': True,
            'startsWith(f, "cmd")': False, 'startsWith~(f, "cmd")': True,
            'endsWith(f, "exe")': False, 'endsWith~(f, "exe")': True,
            'stringContains~(f, "D.E")': True, 'stringContains~(f, "")': False,
        },
    ),
    (
        {"f": "a*b\\c"},
        {
            r'f : "a\\*b*"': False, r'f : "a*b\\c"': True, r'f regex """a\*b\\c"""': True,
            r'f : """a*\c"""': True, r'f == """a*b\c"""': True, r'f in~ ("A*B\\C")': True,
        },
    ),
    ({"f": "a\nb"}, {'f : "a*b"': True, 'f regex "a.b"': True, 'f : "a?b"': True}),
    (
        {"f": "100% #1"},
        {
            'f : "*%*"': True, r'f regex "100% \\#[0-9]"': True, 'f regex ".*#.*"': False,
            'f regex "100@"': True, 'f regex "\\"100\\"@"': True, 'f regex "^100.*"': False,
            'f regex "(|x)"': "empty alternative", 'f regex "[0-9]{3}% .{2}"': True,
            'f regex "~x"': "complement", 'f regex "<1-5>"': "interval", r'f regex "\\d+"': "d",
        },
    ),
    ({"f": "B"}, {'f regex~ "[a-c]"': False, 'f regex~ "[abc]"': True, 'f regex~ "[^b]"': False}),
]  # fmt: skip

MANY_VALUES = [
    (
        {"f": ["ab", "cd"], "n": [1, 9]},
        {
            'f == "ab"': True, 'f != "ab"': False, 'not (f : "c*")': False,
            'f : "a*" and f : "c*"': True, "n > 3 and n < 5": True, "n == 9": True,
            "length(f) == 2": True, 'concat(f, "!") == "cd!"': True, 'f in ("x", "cd")': True,
            "n + 1 == 10": True, "n + n == 10": True,
        },
    ),
    ({"f": {"g": ["x"]}}, {'f.g == "x"': True}),
    ({"f": [{"g": "x"}, {"g": "y"}]}, {'f.g == "y"': True}),
]  # fmt: skip

VALUES = [
    (
        {"s": "System Idle", "n": 5, "b": True, "d": 2.5, "ip": "10.1.2.3", "i6": "2001:db8::1"},
        {
            "n / 2 == 2": True, "n / 2.0 == 2.5": True, "-n / 2 == -2": True, "n % 3 == 2": True,
            "-n % 3 == -2": True, "add(n, 1) == 6": True, "subtract(n, 1) == 4": True,
            "multiply(n, 2) == 10": True, "divide(n, 2) == 2": True, "modulo(n, 3) == 2": True,
            "n == 5.0": True, "b": True, "b == true": True, "not b": False, 'n == "5"': False,
            "d / 0 > 1000": True, "n in (4, 5)": True, "n not in (4, 5)": False,
            'between(s, "S", "e") == "yst"': True, 'between(s, "s", "e") == "t"': True,
            'between~(s, "S", "E", true) == "ystem Idl"': True, 'between(s, "x", "e") == ""': True,
            'between(s, "S", "x") == ""': True,
            'cidrMatch(ip, "10.9.9.9/8")': True, 'cidrMatch(ip, "11.0.0.0/8", "10.1.0.0/16")': True,
            'cidrMatch(i6, "2001:db8::/32")': True, 'cidrMatch(ip, "2001:db8::/32")': False,
            'concat(n, "-", d, b) == "5-2.5true"': True, "concat(n, null) == null": True,
            'indexOf(s, "y") == 1': True, 'indexOf(s, "Y") == null': True,
            'indexOf~(s, "Y") == 1': True, 'indexOf(s, "e", -4) == 4': True,
            'indexOf(s, "e", 5) == 10': True, "length(s) == 11": True, 'length("") == 0': True,
            'number("0x1f") == 31': True, 'number(" 7 ") == 7': True,
            'number("31", 13) == 40': True,
            'number("2.5") == d': True, 'string(n) : "5"': True, 'string(b) == "true"': True,
            'string(d) == "2.5"': True, 'substring(s, 7) == "Idle"': True,
            'substring(s, -4, -1) == "Idl"': True, 'substring(s, 0, 99) == "System Idle"': True,
            'substring(s, 3, 1) == ""': True, 'startsWith("System Idle Process", s)': True,
            'number("x") == 1': "cannot read", "n / 0 == 1": "divided by zero",
        },
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("condition", "document", "expected"),
    [*cases(MISSING), *cases(CASE_AND_WILDCARDS), *cases(MANY_VALUES), *cases(VALUES)],
)
def test_condition(condition, document, expected):
    if isinstance(expected, str):
        with pytest.raises(EqlError, match=expected):
            meets(condition, document)
    else:
        assert meets(condition, document) is expected


def test_every_function_is_tried():
    tried = " ".join(condition for _, lines in VALUES + CASE_AND_WILDCARDS for condition in lines)
    assert [name for name in FUNCTIONS if f"{name}(" not in tried.replace("~", "")] == []


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param("file where true", [0], id="category-is-exact"),
        pytest.param("File where true", [], id="category-is-case-sensitive"),
        pytest.param("process where true", [1], id="one-of-several-categories"),
        pytest.param("any where true", [0, 1, 2], id="any-takes-events-without-category"),
        pytest.param("any where true | head 2", [0, 1], id="head"),
        pytest.param("any where true | tail 2 | head 1", [1], id="pipes-one-after-the-other"),
        pytest.param("any where true | tail 0", [], id="tail-of-nothing"),
    ],
)
def test_queries(query, expected):
    documents = [
        {"event": {"category": "file"}, "@timestamp": "2024-01-01T00:00:00Z"},
        {"event.category": ["driver", "process"], "@timestamp": "2024-01-01T00:00:01Z"},
        {"@timestamp": 1704067202000},
    ]
    assert evaluate(parse_eql(query), documents) == expected


def test_events_come_in_order_of_time_and_tiebreaker():
    documents = [{"@timestamp": 2}, {"@timestamp": 1, "n": 9}, {"@timestamp": 1, "n": 3}, {}]
    query = parse_eql("any where true")
    assert evaluate(query, documents, tiebreaker="n") == [2, 1, 0, 3]
    assert evaluate(query, documents, tiebreaker="n", size=2) == [0, 3]


MAPPING = {
    "k": "keyword", "n": "long", "t": "text", "a": "ip", "b": "boolean", "d": "date",
    "w": "wildcard", "o": "nested",
}  # fmt: skip


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        pytest.param("u == 1", "no mapping", id="unmapped-field"),
        pytest.param("k == 1", "string is compared with a number", id="keyword-with-number"),
        pytest.param('n == "1"', "number is compared with a string", id="number-with-text"),
        pytest.param('n : "1*"', "expected a string", id="wildcard-on-number"),
        pytest.param('n regex "1"', "needs text", id="regex-on-number"),
        pytest.param('a : "10.*"', "expected a string", id="wildcard-on-address"),
        pytest.param('a == "ten"', "constant ip", id="not-an-address"),
        pytest.param('d > "soon"', "constant date", id="not-a-date"),
        pytest.param('t : "x"', "type text", id="text-field"),
        pytest.param("o != null", "type nested", id="nested-field"),
        pytest.param("k == w", "constant on one side", id="two-fields"),
        pytest.param("k", "condition is needed", id="text-as-condition"),
        pytest.param('cidrMatch(k, "10.0.0.0/8")', "expected a ip", id="cidr-on-keyword"),
        pytest.param('cidrMatch(a, "10.0.0.0/99")', "network", id="wrong-network"),
        pytest.param("lower(k) == null", "unknown function", id="unknown-function"),
        pytest.param("length~(k) == 1", "no variant", id="no-insensitive-variant"),
        pytest.param("length(k, k) == 1", "arguments", id="wrong-arity"),
        pytest.param("k + 1 == 2", "expected a number", id="sum-of-text"),
        pytest.param("k in (n)", "expected a constant", id="field-in-a-list"),
    ],
)
def test_types_are_checked_against_the_mapping(condition, message):
    with pytest.raises(EqlError, match=message):
        meets(condition, {}, mapping=MAPPING)


@pytest.mark.parametrize(
    ("condition", "document", "expected"),
    [
        pytest.param('k == "5"', {"k": 5}, True, id="keyword-stores-numbers-as-text"),
        pytest.param("n == 5", {"n": "5"}, True, id="number-field-reads-text"),
        pytest.param("n == null", {"n": "five"}, True, id="value-of-a-wrong-type-is-left-out"),
        pytest.param('a == "2001:DB8::1"', {"a": "2001:db8:0::1"}, True, id="addresses-not-texts"),
        pytest.param('a in ("10.0.0.1")', {"a": "10.0.0.1"}, True, id="list-of-addresses"),
        pytest.param('d > "2024-01-01"', {"d": "2024-01-02T00:00:00+01:00"}, True, id="dates"),
        pytest.param("b == false", {"b": "false"}, True, id="booleans-as-text"),
        pytest.param('?u : "x"', {"u": "x"}, False, id="unmapped-optional-field-is-null"),
        pytest.param("?u == ?v", {}, True, id="two-unmapped-fields-are-both-null"),
    ],
)
def test_values_are_stored_as_the_mapping_says(condition, document, expected):
    assert meets(condition, document, mapping=MAPPING) is expected
