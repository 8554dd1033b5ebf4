"""Escaping: what is written for a value is read back as that value, whatever it holds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transpile.backends.eql import text
from transpile.backends.eql.engine import parse_eql
from transpile.backends.eql.engine.lucene import compile_lucene
from transpile.backends.eql.engine.tree import Field, Literal

tricky = st.text(st.sampled_from('ab"\\\'*?`\n\r\t\x00\x1f\u2028é😀 {}$%#@&<>~/u')) | st.text()


def compared(written):
    return parse_eql(f"any where f == {written}").body.condition.right


@given(tricky)
def test_a_string_is_read_back(value):
    assert compared(text.string(value)) == Literal(value)


@given(st.integers(-(10**17), 10**17) | st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_read_back(value):
    assert compared(text.number(value)) == Literal(value)


@given(st.lists(st.text(min_size=1).filter(lambda s: "." not in s and s.isprintable()), min_size=1))
def test_a_field_is_read_back(parts):
    path = ".".join(parts)
    condition = parse_eql(f"any where {text.field(path, optional=True)} == 1").body.condition
    assert condition.left == Field(path, optional=True)


@given(tricky, tricky)
def test_a_lucene_literal_matches_itself_alone(value, other):
    matches = compile_lucene(text.lucene_literal(value), False)
    assert matches(value)
    assert matches(other) is (value == other)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        pytest.param("cmd.exe", '"cmd.exe"', id="plain"),
        pytest.param("C:\\x\\*", '"""C:\\x\\*"""', id="raw-for-backslashes"),
        pytest.param('a\\"b', r'"a\\\"b"', id="escaped-for-backslash-and-quote"),
        pytest.param("a\n\x01", r'"a\n\u{01}"', id="control-characters"),
        pytest.param("", '""', id="empty"),
    ],
)
def test_strings(value, written):
    assert text.string(value) == written


@pytest.mark.parametrize(
    ("path", "written"),
    [
        pytest.param("process.parent.name", "process.parent.name", id="plain"),
        pytest.param("event.sequence", "event.`sequence`", id="keyword"),
        pytest.param("a.b-c.1", "a.`b-c`.`1`", id="odd-names"),
        pytest.param("a`b", "`a``b`", id="backtick"),
    ],
)
def test_fields(path, written):
    assert text.field(path) == written


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(86400, "1d"), (7200, "2h"), (300, "5m"), (90, "90s"), (0.5, "500ms"), (604800, "7d")],
)
def test_spans(seconds, written):
    assert text.span(seconds) == written
    query = parse_eql(f"sequence with maxspan={written} [any where true] [any where true]")
    assert query.body.maxspan == seconds * 1000


@pytest.mark.parametrize(
    ("name", "written"),
    [("process", "process"), ("any", "any"), ("not", '"not"'), ("a b", '"a b"')],
)
def test_categories(name, written):
    assert text.category(name) == written
