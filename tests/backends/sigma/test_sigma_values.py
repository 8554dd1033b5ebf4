"""Detection values: what pySigma reads is what was meant, whatever the text."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from transpile.backends.sigma.layout import Quoted, dump
from transpile.backends.sigma.values import literal, wildcards

from transpile.ir.pattern import Pattern, Wild

RUN, ONE = Wild.RUN, Wild.ONE


@pytest.mark.parametrize(
    ("text", "written"),
    [
        pytest.param("plain", "plain", id="plain"),
        pytest.param("a*b", r"a\*b", id="star"),
        pytest.param("a?b", r"a\?b", id="question-mark"),
        pytest.param("C:\\x", r"C:\x", id="single-backslash-stays"),
        pytest.param("x\\", "x\\", id="final-backslash-stays"),
        pytest.param("\\\\srv\\c", r"\\\\srv\c", id="double-backslash-is-doubled"),
        pytest.param("x\\*", r"x\\\*", id="backslash-before-a-literal-star"),
        pytest.param("100%_", "100%_", id="percent-and-underscore-mean-nothing"),
        pytest.param("", "", id="empty"),
    ],
)
def test_literals(text: str, written: str) -> None:
    assert literal(text) == written


@pytest.mark.parametrize(
    ("parts", "modifiers", "written"),
    [
        pytest.param((RUN, "\\a.exe"), ("endswith",), r"\a.exe", id="endswith"),
        pytest.param(("a", RUN), ("startswith",), "a", id="startswith"),
        pytest.param((RUN, "a", RUN), ("contains",), "a", id="contains"),
        pytest.param(("a", RUN, "b"), (), "a*b", id="run-inside"),
        pytest.param((RUN, "a", RUN, "b", RUN), ("contains",), "a*b", id="contains-with-a-run"),
        pytest.param(("a\\", RUN, "b"), (), r"a\\*b", id="folder-before-a-run"),
        pytest.param(("a\\", ONE), (), r"a\\?", id="backslash-before-a-one"),
        pytest.param(("a\\", RUN), ("startswith",), "a\\", id="prefix-that-ends-in-a-backslash"),
        pytest.param((ONE,), (), "?", id="one"),
    ],
)
def test_patterns(parts: tuple[str | Wild, ...], modifiers: tuple[str, ...], written: str) -> None:
    assert wildcards(Pattern.of(*parts)) == (modifiers, written)


def read_back(key: str, value: str) -> Pattern:
    """Return the value as pySigma understands it, through YAML text."""
    from sigma.rule import SigmaDetectionItem
    from sigma.types import SpecialChars

    text = dump([{key: Quoted(value)}])
    loaded = yaml.safe_load(text)
    (found,) = SigmaDetectionItem.from_mapping(key, loaded[key]).value
    wild = {SpecialChars.WILDCARD_MULTI: RUN, SpecialChars.WILDCARD_SINGLE: ONE}
    return Pattern.of(*(part if isinstance(part, str) else wild[part] for part in found.s))


nasty = st.text(st.sampled_from("\\*?'\"ab: #%\n\t&|-{}[]é\u2028\x85\x00\x7f")) | st.text()


@given(nasty)
def test_any_text_survives_yaml_and_pysigma(text: str) -> None:
    assert read_back("field", literal(text)) == Pattern.literal(text)


@given(st.lists(st.sampled_from([RUN, ONE]) | nasty.filter(bool), min_size=1, max_size=6))
def test_any_pattern_survives_yaml_and_pysigma(parts: list[str | Wild]) -> None:
    pattern = Pattern.of(*parts)
    if pattern.matches_all:
        return
    modifiers, value = wildcards(pattern)
    assert read_back("|".join(("field", *modifiers)), value) == pattern


@pytest.mark.parametrize("text", ["0x10", "0755", "yes", "1:30", "null", "~", "1e3", "2024-01-01"])
def test_a_quoted_value_stays_text(text: str) -> None:
    assert yaml.safe_load(dump([{"a": Quoted(text)}])) == {"a": text}


keys = st.sampled_from(["title", "a|re", "yes", "9", "x: y", "- a", "? b", "a #b", "", "é"])
leaves = nasty | st.integers() | st.dates() | st.booleans() | nasty.map(Quoted)
documents = st.dictionaries(
    keys,
    st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
        max_leaves=8,
    ),
    min_size=1,
)


@given(st.lists(documents, min_size=1, max_size=2))
def test_any_document_is_read_back(found: list[dict[str, object]]) -> None:
    assert list(yaml.safe_load_all(dump(found))) == found


@pytest.mark.parametrize(
    ("value", "written"),
    [
        pytest.param("two words", "a: two words\n", id="text-is-plain"),
        pytest.param("yes", "a: 'yes'\n", id="word-of-another-type-is-quoted"),
        pytest.param("2024-01-01", "a: '2024-01-01'\n", id="text-of-a-date-is-quoted"),
        pytest.param("x: y", "a: 'x: y'\n", id="colon-and-space-are-quoted"),
        pytest.param("one\n\ntwo", "a: |-\n    one\n\n    two\n", id="lines-are-a-block"),
        pytest.param("one\ttab", 'a: "one\\ttab"\n', id="tab-is-escaped"),
        pytest.param(["x", 1], "a:\n    - x\n    - 1\n", id="list-is-indented"),
        pytest.param([{"b": 1, "c": 2}], "a:\n    - b: 1\n      c: 2\n", id="map-behind-its-dash"),
        pytest.param([], "a: []\n", id="empty-list"),
    ],
)
def test_layout(value: object, written: str) -> None:
    assert dump([{"a": value}]) == written
