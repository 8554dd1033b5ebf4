"""What the EQL parser reads and what it refuses, with the place."""

from __future__ import annotations

import pickle

import pytest
from transpile.backends.eql.engine import EqlError, parse_eql
from transpile.backends.eql.engine import tree as t
from transpile.backends.eql.engine.parser import MAX_DEPTH


def condition(text):
    return parse_eql(f"any where {text}").body.condition


A, B, C = t.Field("a"), t.Field("b"), t.Field("c")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        pytest.param("a or b and c", t.Or((A, t.And((B, C)))), id="and-binds-tighter-than-or"),
        pytest.param("not a and b", t.And((t.Not(A), B)), id="not-binds-tighter-than-and"),
        pytest.param(
            "not a == 1", t.Not(t.Compare("==", A, t.Literal(1))), id="not-takes-a-comparison"
        ),
        pytest.param(
            "a + 2 * 3 > 4",
            t.Compare(
                ">",
                t.Arithmetic("+", A, t.Arithmetic("*", t.Literal(2), t.Literal(3))),
                t.Literal(4),
            ),
            id="product-before-sum-before-comparison",
        ),
        pytest.param(
            "a - 1 - 2 == 0",
            t.Compare(
                "==",
                t.Arithmetic("-", t.Arithmetic("-", A, t.Literal(1)), t.Literal(2)),
                t.Literal(0),
            ),
            id="differences-group-to-the-left",
        ),
        pytest.param("a == -1", t.Compare("==", A, t.Literal(-1)), id="sign-of-a-number"),
        pytest.param(
            "-a == 1",
            t.Compare("==", t.Arithmetic("-", t.Literal(0), A), t.Literal(1)),
            id="sign-of-a-field",
        ),
        pytest.param(
            'a not in ("x")',
            t.Not(t.Predicate("in", A, (t.Literal("x"),))),
            id="not-in-is-the-negation-of-in",
        ),
        pytest.param(
            'a : ("x", "y*")',
            t.Predicate(":", A, (t.Literal("x"), t.Literal("y*"))),
            id="a-list-of-patterns",
        ),
        pytest.param(
            'a regex~ "x"', t.Predicate("regex~", A, (t.Literal("x"),)), id="one-pattern-bare"
        ),
        pytest.param(
            'startsWith~(a, "x")',
            t.Call("startsWith", (A, t.Literal("x")), insensitive=True),
            id="function-without-case",
        ),
        pytest.param("?a.b == null", t.Compare("==", t.Field("a.b", True), t.Literal(None)),
                     id="optional-field"),
        pytest.param("`odd-name`.x", t.Field("odd-name.x"), id="field-in-backticks"),
        pytest.param("`a``b`", t.Field("a`b"), id="doubled-backtick"),
        pytest.param("a // rest\n or /* in\nside */ b", t.Or((A, B)), id="comments"),
    ],
)  # fmt: skip
def test_conditions(text, tree):
    assert condition(text) == tree


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        pytest.param(r'"a\tb\"\\"', 'a\tb"\\', id="escapes"),
        pytest.param(r'"\u{e9}\u{0001F600}"', "é😀", id="code-points"),
        pytest.param(r'"""C:\x\"""', "C:\\x\\", id="raw-keeps-backslashes-at-the-end-too"),
        pytest.param('"""say "hi"""""', 'say "hi""', id="raw-ends-with-two-quotes"),
        pytest.param("1.5e3", 1500.0, id="decimal"),
        pytest.param("null", None, id="null"),
        pytest.param("true", True, id="true"),
    ],
)
def test_literals(literal, value):
    assert condition(f"a == {literal}") == t.Compare("==", A, t.Literal(value))


@pytest.mark.parametrize(
    ("text", "message", "column"),
    [
        pytest.param("any where a = 1", "expected an operator", 13, id="single-equals"),
        pytest.param("any where a == 'x'", "double quotes", 16, id="single-quotes"),
        pytest.param(r'any where a == "C:\W"', "unknown escape", 19, id="unknown-escape"),
        pytest.param('any where a == "x', "not closed", 16, id="open-string"),
        pytest.param("any where a < b < 3", "cannot be chained", 17, id="chained-comparison"),
        pytest.param('any where a not like "x"', "expected an operator", 13, id="not-like"),
        pytest.param('any where a !: "x"', "unexpected character", 13, id="not-colon"),
        pytest.param("any where a : b", "expected a constant", 15, id="colon-wants-constants"),
        pytest.param("any", "expected 'where'", 4, id="no-condition"),
        pytest.param("any where", "expected a value", 10, id="empty-condition"),
        pytest.param("any where true | count", "'head' or 'tail'", 18, id="unknown-pipe"),
        pytest.param("any where true | head x", "whole number", 23, id="pipe-without-number"),
        pytest.param("sequence [any where true]", "two stages", 10, id="one-stage"),
        pytest.param("sequence [any where true] by a [any where true]", "number of keys", 32,
                     id="uneven-keys"),
        pytest.param("sequence [any where true] with runs=101", "from 1 to 100", 37,
                     id="too-many-runs"),
        pytest.param("sequence with maxspan=1 [any where true] [any where true]", "units", 25,
                     id="span-without-unit"),
        pytest.param("sequence [any where true] ![any where true]", "maxspan", 27,
                     id="missing-event-without-span"),
        pytest.param("sample [any where true] [any where true]", "keys", 8,
                     id="sample-without-keys"),
        pytest.param("any where " + "9" * 30, "whole number", 11, id="huge-number"),
        pytest.param("any where a == \x00", "unexpected character", 16, id="control-character"),
    ],
)  # fmt: skip
def test_refusals_name_the_place(text, message, column):
    with pytest.raises(EqlError, match=message) as caught:
        parse_eql(text)
    assert (caught.value.line, caught.value.column) == (1, column)
    assert pickle.loads(pickle.dumps(caught.value)).column == column


def test_the_place_is_in_its_line():
    with pytest.raises(EqlError) as caught:
        parse_eql("any where true and\n  a = 1")
    assert (caught.value.line, caught.value.column, caught.value.snippet) == (2, 5, "  a = 1")


def test_depth_is_bounded():
    nested = "(" * (MAX_DEPTH + 5) + "true" + ")" * (MAX_DEPTH + 5)
    with pytest.raises(EqlError, match="nests deeper"):
        parse_eql(f"any where {nested}")


def test_width_is_not_bounded():
    wide = " or ".join(["a == 1"] * 5000)
    assert len(parse_eql(f"any where {wide}").body.condition.args) == 5000


def test_a_sequence():
    query = parse_eql(
        'sequence by u with maxspan=2h [file where a] by x with runs=3 ![any where b] by y '
        "until [any where c] by z | head 3 | tail 1"
    )
    u, x, y, z = (t.Field(name) for name in "uxyz")
    assert query.body == t.Sequence(
        (
            t.Stage(t.EventFilter("file", A), (u, x), runs=3),
            t.Stage(t.EventFilter(None, B), (u, y), missing=True),
        ),
        maxspan=7_200_000,
        until=t.Stage(t.EventFilter(None, C), (u, z)),
    )
    assert query.pipes == (t.Pipe("head", 3), t.Pipe("tail", 1))


def test_a_category_in_quotes():
    assert parse_eql('"my cat" where true').body == t.EventFilter("my cat", t.Literal(True))
    assert parse_eql('"any" where true').body == t.EventFilter("any", t.Literal(True))
