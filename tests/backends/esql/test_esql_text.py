"""Quoting: what is written for a value is read back as that value, whatever it holds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transpile.backends.eql.engine.lucene import compile_lucene
from transpile.backends.esql import text
from transpile.backends.esql import tree as q
from transpile.backends.esql.engine import tree as t
from transpile.backends.esql.engine.compile import compile_expression
from transpile.backends.esql.engine.parser import parse_esql

tricky = st.text(st.sampled_from('ab"\\\'*?`\n\r\t\x00\x1f\u2028é😀 {}$%#@&<>~/|u.')) | st.text()
surrogates = st.characters(exclude_categories=["Cs"])
printable = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


def read(expr: q.Expr) -> t.Node:
    """Return what the engine's parser makes of a printed condition."""
    command = parse_esql(f"FROM logs-*\n| WHERE {text.expression(expr)}")[1]
    assert isinstance(command, t.Where)
    return command.condition


def holds(expr: q.Expr, **row: object) -> object:
    """Return what the engine makes of a printed condition over a row of texts."""
    return compile_expression(read(expr), dict.fromkeys(row, "keyword"), 0.0)[1](row)


@given(tricky)
def test_a_text_is_read_back(value: str) -> None:
    found = read(q.Binary("==", q.Column("f"), q.Constant(value)))
    assert found.args[1] == t.Value(value, "keyword")


@given(st.integers(-(10**17), 10**17) | st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_read_back(value: float) -> None:
    found = read(q.Binary("==", q.Column("f"), q.Constant(value))).args[1]
    assert (found.value, found.type) == (value, "long" if isinstance(value, int) else "double")


@given(printable)
def test_a_name_is_read_back(name: str) -> None:
    assert read(q.Binary("==", q.Column(name), q.Constant(1))).args[0].name == name


@given(tricky, tricky)
def test_a_like_pattern_of_literals_matches_itself_alone(value: str, other: str) -> None:
    like = q.Like(q.Column("f"), (text.like_literal(value),))
    assert holds(like, f=value) is True
    assert holds(like, f=other) is (value == other)


@given(tricky, tricky)
def test_a_lucene_literal_matches_itself_alone(value: str, other: str) -> None:
    matches = compile_lucene(text.lucene_literal(value), False)
    assert matches(value)
    assert matches(other) is (value == other)


@given(tricky)
def test_a_kql_value_is_read_back(value: str) -> None:
    search = q.Call("KQL", (q.Constant(f"a.b: {text.kql_string(value)}"),))
    assert read(search).args == (t.Name("a.b"), t.Value(value, "keyword"))


@given(tricky, tricky)
def test_a_value_cannot_leave_its_place(value: str, name: str) -> None:
    name = name or "f"
    query = (
        q.From(("logs-*",)),
        q.Eval(((name, q.Call("CONCAT", (q.Constant(value), q.Column(name)))),)),
        q.Where(q.In(q.Column(name), (q.Constant(value), q.Constant("x")))),
        q.Keep((name,)),
    )
    found = parse_esql(text.query(query))
    assert [type(command) for command in found] == [t.From, t.Eval, t.Where, t.Keep]
    assert found[1].assignments[0][0] == found[3].names[0] == name


A, B, C = q.Column("a"), q.Column("b"), q.Column("c")


@pytest.mark.parametrize(
    ("expr", "written"),
    [
        pytest.param(q.And((q.Or((A, B)), C)), "(a OR b) AND c", id="or-inside-and"),
        pytest.param(q.Or((q.And((A, B)), C)), "a AND b OR c", id="and-inside-or"),
        pytest.param(q.Not(q.And((A, B))), "NOT (a AND b)", id="not-of-and"),
        pytest.param(q.Not(A), "NOT a", id="not-of-column"),
        pytest.param(q.Not(q.Binary("==", A, B)), "a != b", id="not-equal"),
        pytest.param(q.Not(q.Binary("<", A, B)), "NOT (a < b)", id="not-of-test"),
        pytest.param(q.Not(q.In(A, (B, C))), "a NOT IN (b, c)", id="not-in"),
        pytest.param(q.Not(q.Like(A, ("x*",))), 'a NOT LIKE "x*"', id="not-like"),
        pytest.param(q.Like(A, ("x*", "y*")), 'a LIKE ("x*", "y*")', id="list-of-patterns"),
        pytest.param(q.Binary("-", A, q.Binary("-", B, C)), "a - (b - c)", id="right-operand"),
        pytest.param(q.Binary("-", q.Binary("-", A, B), C), "a - b - c", id="left-operand"),
        pytest.param(q.Binary("*", q.Binary("+", A, B), C), "(a + b) * c", id="sum-in-product"),
        pytest.param(q.Binary("<", A, q.Constant(-1)), "a < -1", id="negative-number"),
        pytest.param(q.Binary("-", A, q.Constant(-1)), "a - -1", id="minus-a-negative"),
        pytest.param(q.IsNull(q.Binary("+", A, B)), "a + b IS NULL", id="null-of-a-sum"),
        pytest.param(q.Call("COUNT", (q.Star(),)), "COUNT(*)", id="star"),
        pytest.param(q.Span(5, "minute"), "5 minutes", id="span"),
        pytest.param(q.Span(1, "day"), "1 day", id="span-of-one"),
        pytest.param(q.Constant("C:\\x"), '"""C:\\x"""', id="raw-for-backslashes"),
        pytest.param(q.Constant('a\\"\n'), r'"a\\\"\n"', id="escaped-where-raw-cannot"),
        pytest.param(q.Column("a.b-c"), "`a.b-c`", id="odd-name"),
        pytest.param(q.Column("by"), "`by`", id="reserved-word"),
        pytest.param(q.Constant(None), "NULL", id="null"),
        pytest.param(q.Constant(1e20), "1E20", id="exponent"),
    ],
)
def test_expressions(expr: q.Expr, written: str) -> None:
    assert text.expression(expr) == written


def test_long_conditions_and_lists_are_broken() -> None:
    options = tuple(q.Constant(f"value number {n}") for n in range(12))
    broken = text.query((
        q.From(("logs-*",)),
        q.Where(q.And((q.In(A, options), q.Or((q.Not(q.In(B, options)), C))))),
    ))  # fmt: skip
    assert max(map(len, broken.splitlines())) <= text.WIDTH
    assert parse_esql(broken)[1:]
