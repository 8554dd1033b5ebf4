"""What is seen of two conditions without a search: containment, and ends that differ."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transpile.ir.decide import compile_condition
from transpile.ir.pattern import Pattern, Wild
from transpile.ir.pred import Condition, Glob, Matches, Order, TextEq
from transpile.ir.regex import parse_regex
from transpile.verify.prove.contained import contained
from transpile.verify.prove.languages import NO_CHAR, language
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
    pytest.param(_glob("f*o"), _regex("(?i)^f"), True, id="the-start"),
    pytest.param(_glob("*f*o"), _regex("(?i)^f"), False, id="not-at-the-start"),
    pytest.param(_glob("*.exe"), _regex(r"(?i)\.exe\z|\.dll\z"), True, id="the-end"),
    pytest.param(_glob("*.exe*"), _regex(r"(?i)\.exe\z"), False, id="not-at-the-end"),
    pytest.param(_glob("*.exe"), _regex(r"(?i)\.exe$"), True, id="the-end-or-a-newline-before-it"),
    pytest.param(_glob("a*"), _regex("^"), True, id="the-start-alone"),
    pytest.param(_glob("*a"), _regex("(?i)^b*a|a"), True, id="at-the-start-or-not"),
    pytest.param(_glob("a?b"), _regex(r"(?is)\Aa.b\z"), True, id="from-the-start-to-the-end"),
    pytest.param(_glob("*a b*"), _regex(r"(?i)a\b"), False, id="words-are-left-to-the-search"),
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
    st.sampled_from(["a|b", "(?i)ab?", "a.b", "[ab]{2}", "(?i)k", "a+b*", ".", "(?i)^a", "^",
                     r"(?i)\Aa|b\z", "(?i)b$", r"(?is)^a.*b\z", "^(?:a|^b)", r"\Aab$|b",
                     r"a\b", "(?m)^a", r"^$|a"]).map(_regex),
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


TEXTS = ["".join(text) for size in range(5) for text in product("aB\n ", repeat=size)]
PATTERNS = [
    Pattern.of(*parts)
    for size in range(1, 4)
    for parts in product(("a", "B", Wild.RUN, Wild.ONE), repeat=size)
]


@pytest.mark.parametrize("written", [
    "^a", "^", "$", r"\z", r"(?i)\Aa|b\z", "B$", r"(?s)^a.*B\z", "^(?:a|^B)", r"\AaB$|B", "^$|a",
    r"\A(?:a|B)*$", "^a?$", "(?:^|a)B", r"(?:B\z|a)", r"a\b", "(?m)^a", "(?m)a$",
])  # fmt: skip
def test_anchored_expressions_accept_and_contain_what_they_match(written: str) -> None:
    condition = _regex(written)
    matches, automaton = compile_condition(condition), language(condition)
    for text in TEXTS:
        states, before = automaton.initial, NO_CHAR
        for char in text:
            states, before = automaton.step(states, before, ord(char)), ord(char)
        assert automaton.accepts(states, before) is matches(text), text
    for inner in (Glob(pattern, cased) for pattern in PATTERNS for cased in (True, False)):
        if contained(inner, condition):
            meets = compile_condition(inner)
            assert all(matches(text) for text in TEXTS if meets(text)), inner
