"""Wildcard patterns: construction, matching, and the relations between two of them."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transpile.ir.pattern import Pattern, Wild, disjoint, implies
from transpile.ir.text import fold

RUN, ONE = Wild.RUN, Wild.ONE
patterns = st.lists(st.sampled_from(["a", "b", RUN, ONE]), max_size=6).map(lambda p: Pattern.of(*p))
TEXTS = ["".join(t) for n in range(6) for t in itertools.product("abx", repeat=n)]


@pytest.mark.parametrize(
    ("built", "parts"),
    [
        pytest.param(Pattern.of("a", "", "b"), ("ab",), id="literals-are-joined"),
        pytest.param(Pattern.of(RUN, "", RUN), (RUN,), id="runs-around-nothing-are-one"),
        pytest.param(Pattern.of(RUN, ONE, "a"), (ONE, RUN, "a"), id="one-stands-before-run"),
        pytest.param(Pattern.from_spl("a*b?"), ("a", RUN, "b?"), id="spl-knows-the-star-only"),
        pytest.param(Pattern.from_spl("\\*"), ("\\", RUN), id="spl-backslash-escapes-no-star"),
        pytest.param(Pattern.from_like("a_%*"), ("a", ONE, RUN, "*"), id="like-has-two-wildcards"),
        pytest.param(Pattern.literal("*"), ("*",), id="literal-star"),
        pytest.param(Pattern.literal(""), (), id="empty-literal"),
    ],
)
def test_parts(built, parts):
    assert built.parts == parts


@pytest.mark.parametrize(
    ("pattern", "cased", "value", "expected"),
    [
        pytest.param("ab", True, "abc", False, id="the-whole-value"),
        pytest.param("a*", True, "a\nb", True, id="a-run-takes-newlines"),
        pytest.param("*.EXE", False, "x.exe", True, id="suffix-without-case"),
        pytest.param("*.EXE", True, "x.exe", False, id="suffix-with-case"),
        pytest.param("*a*b*", True, "xaxb", True, id="two-runs-inside"),
        pytest.param("*a*a", True, "a", False, id="chunks-do-not-overlap"),
        pytest.param("É*", False, "éx", True, id="folding-beyond-ascii"),
        pytest.param("", True, "", True, id="empty"),
    ],
)
def test_matcher(pattern, cased, value, expected):
    assert Pattern.from_spl(pattern).matcher(cased)(value) is expected


def _accepts(parts, text):
    """Definition of a match, one character at a time."""
    if not parts:
        return not text
    head, rest = parts[0], parts[1:]
    if head is RUN:
        return any(_accepts(rest, text[at:]) for at in range(len(text) + 1))
    if head is ONE:
        return bool(text) and _accepts(rest, text[1:])
    return text.startswith(head) and _accepts(rest, text[len(head) :])


@given(patterns, st.text("abAx\n", max_size=6))
def test_matcher_follows_the_definition(pattern, text):
    assert pattern.matcher(True)(text) == _accepts(pattern.parts, text)
    assert pattern.matcher(False)(text) == _accepts(pattern.folded().parts, fold(text))


@given(patterns, patterns)
def test_implies_and_disjoint_are_sound(left, right):
    a = {text for text in TEXTS if _accepts(left.parts, text)}
    b = {text for text in TEXTS if _accepts(right.parts, text)}
    if implies(left, right):
        assert a <= b
    if disjoint(left, right):
        assert not a & b


@pytest.mark.parametrize(
    ("narrow", "wide", "expected"),
    [
        pytest.param("abc", "*b*", True, id="literal-in-contains"),
        pytest.param("a*c", "a*", True, id="prefix-is-wider"),
        pytest.param("*ab*", "*b*", True, id="longer-substring"),
        pytest.param("a*", "a*c", False, id="not-backwards"),
        pytest.param("*", "*", True, id="itself"),
        pytest.param("*", "*a*", False, id="anything-is-widest"),
    ],
)
def test_implies(narrow, wide, expected):
    assert implies(Pattern.from_spl(narrow), Pattern.from_spl(wide)) is expected


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        pytest.param("a*", "b*", True, id="prefixes-differ"),
        pytest.param("a*", "*b", False, id="prefix-and-suffix-meet"),
        pytest.param("ab", "a*b*b", True, id="too-short"),
        pytest.param("*a*", "*b*", False, id="two-substrings"),
    ],
)
def test_disjoint(left, right, expected):
    assert disjoint(Pattern.from_spl(left), Pattern.from_spl(right)) is expected


@pytest.mark.parametrize(
    ("text", "shapes"),
    [
        pytest.param("ab*", ("ab", None, None), id="prefix"),
        pytest.param("*ab", (None, "ab", None), id="suffix"),
        pytest.param("*ab*", (None, None, "ab"), id="contains"),
        pytest.param("a*b", (None, None, None), id="none-of-them"),
    ],
)
def test_shapes(text, shapes):
    pattern = Pattern.from_spl(text)
    assert (pattern.as_prefix(), pattern.as_suffix(), pattern.as_contains()) == shapes


def test_display_tells_wildcards_from_literals():
    assert str(Pattern.of("a*\\", RUN, "?", ONE)) == r"a\*\\*\??"


def test_text_of_a_wildcard_pattern_is_an_error():
    assert Pattern.literal("a").text == "a"
    with pytest.raises(ValueError, match="wildcards"):
        _ = Pattern.of(RUN).text


@given(patterns)
def test_json_round_trip(pattern):
    assert Pattern.from_json(pattern.to_json()) == pattern


def test_many_runs_take_no_exponential_time():
    pattern = Pattern.from_spl("*a" * 40 + "*b")
    assert not pattern.matcher(True)("a" * 5000)


@pytest.mark.parametrize("text", ["İSTANBUL", "Straße", "ÉCOLE", "ABC"])
def test_fold_keeps_the_length(text):
    assert len(fold(text)) == len(text)
