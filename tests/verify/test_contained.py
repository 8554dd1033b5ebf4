"""What is seen of two conditions without a search: containment, and ends that differ."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transpile.ir.pattern import Pattern, Wild
from transpile.ir.pred import Condition, Glob, Matches, Order, TextEq
from transpile.ir.regex import parse_regex
from transpile.verify.prove.contained import contained
from transpile.verify.prove.values import asked, excluded, value_for


def _glob(text: str, cased: bool = False) -> Glob:
    return Glob(Pattern.from_spl(text), cased)


def _regex(text: str) -> Matches:
    return Matches(parse_regex(text))


@pytest.mark.parametrize(("inner", "outer", "expected"), [
    pytest.param(_glob("a*b"), _glob("A*"), True, id="shorter-prefix-in-another-case"),
    pytest.param(_glob("*foo*bar*"), _glob("*bar*"), True, id="one-part-of-two"),
    pytest.param(_glob("*bar*"), _glob("*foo*bar*"), False, id="two-parts-of-one"),
    pytest.param(_glob("*a*b*"), _glob("*ab*"), False, id="a-run-is-not-nothing"),
    pytest.param(_glob("*ab*"), _glob("*a*b*"), True, id="nothing-is-a-run"),
    pytest.param(_glob("*foo"), _glob("*o"), True, id="shorter-suffix"),
    pytest.param(_glob("*foo"), _glob("*foo", cased=True), False, id="any-case-in-one-case"),
    pytest.param(_glob("*foo", cased=True), _glob("*FOO"), True, id="one-case-in-any"),
    pytest.param(_glob("*foo*"), _regex("(?i)o|p"), True, id="alternative-of-a-regex"),
    pytest.param(_glob("*foo*"), _regex("o"), False, id="cased-regex"),
    pytest.param(_glob("*foo*"), _regex("(?i)f[a-z]+"), True, id="class-and-repeat"),
    pytest.param(_glob("*k*"), _regex("[kK]"), False, id="the-kelvin-sign-is-a-k"),
    pytest.param(_glob("f*o"), _regex("(?i)^f"), False, id="anchors-are-left-to-the-search"),
    pytest.param(_glob("b*", cased=True), Order(">", "a"), True, id="order-of-texts"),
])  # fmt: skip
def test_contained(inner: Glob, outer: Condition, expected: bool) -> None:
    assert contained(inner, outer) is expected
    if expected:
        assert value_for(frozenset({(asked(inner), True), (asked(outer), False)})) is None


@pytest.mark.parametrize(("one", "other", "expected"), [
    pytest.param("*a.exe", "*b.exe", True, id="suffixes"),
    pytest.param("*a.exe", "*.EXE", False, id="one-suffix-ends-in-the-other"),
    pytest.param("HKLM*", "HKCU*", True, id="prefixes"),
    pytest.param("hkl*", "HKLM*", False, id="one-prefix-starts-with-the-other"),
    pytest.param("a*", "*b", False, id="another-end"),
])  # fmt: skip
def test_patterns_with_other_ends_exclude_each_other(
    one: str, other: str, expected: bool
) -> None:
    signed = (asked(_glob(one)), True), (asked(_glob(other)), True)
    assert excluded(*signed) is expected
    assert (value_for(frozenset(signed)) is None) is expected


PARTS = st.lists(st.sampled_from(["a", "B", "ab", "k", Wild.RUN, Wild.ONE]), min_size=1, max_size=5)
GLOBS = st.builds(lambda parts, cased: Glob(Pattern.of(*parts), cased), PARTS, st.booleans())
OUTER = st.one_of(
    GLOBS,
    st.sampled_from([TextEq("ab"), Order(">", "a"), Order("<=", "b")]),
    st.sampled_from(["a|b", "(?i)ab?", "a.b", "[ab]{2}", "(?i)k", "a+b*", "."]).map(_regex),
)


@settings(max_examples=400, deadline=None)
@given(GLOBS, OUTER)
def test_what_is_contained_has_no_text_outside(inner: Glob, outer: Condition) -> None:
    if contained(inner, outer):
        assert value_for(frozenset({(asked(inner), True), (asked(outer), False)})) is None


@settings(max_examples=300, deadline=None)
@given(GLOBS, GLOBS)
def test_what_excludes_each_other_has_no_common_text(one: Glob, other: Glob) -> None:
    signed = (asked(one), True), (asked(other), True)
    assert excluded(*signed) is (value_for(frozenset(signed)) is None)
