"""What the parser reads, refuses as PCRE does, and refuses by name."""

from __future__ import annotations

import pytest

from transpile.ir.regex import (
    Construct,
    RegexError,
    as_pattern,
    as_patterns,
    compile_python,
    is_risky,
    parse_regex,
)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        pytest.param(r"\Qa.b\E+", r"a\.b+", id="quoted-text-is-literal"),
        pytest.param(r"\x{41}\x42\103\o{104}", "ABCD", id="characters-by-number"),
        pytest.param("a(?#note)b", "ab", id="comment"),
        pytest.param("(?x) a  b # note\n c", "abc", id="extended-ignores-space"),
        pytest.param("(?:ab)c", "abc", id="group-without-effect"),
        pytest.param("(?i:a)b", "(?i)a(?-i)b", id="scoped-flag"),
        pytest.param("a(?i)b|c", "a(?i:b)|(?i:c)", id="a-flag-lasts-over-branches"),
        pytest.param("(?s).", "(?s:.)", id="dotall-is-on-the-dot"),
        pytest.param("(?<n>a)", "(?P<n>a)", id="two-spellings-of-a-name"),
        pytest.param(r"(a)\g{-1}", r"(a)\1", id="relative-reference"),
        pytest.param(r"(?<n>a)\k<n>", r"(?<n>a)(?P=n)", id="named-reference"),
        pytest.param(r"(a)\11", r"(a)\x09", id="eleven-without-eleven-groups-is-octal"),
        pytest.param("[]a]", r"[\]a]", id="bracket-first-in-class"),
        pytest.param("a{,3}", r"a\{,3\}", id="no-lower-count-is-literal"),
        pytest.param("(?U)a+", "a+?", id="ungreedy"),
        pytest.param(r"a\/\-", "a/-", id="escaped-punctuation"),
        pytest.param("(?i)[[:upper:]]", "[[:alpha:]]", id="posix-case-without-case"),
    ],
)
def test_same_meaning(text, same):
    assert parse_regex(text) == parse_regex(same)


@pytest.mark.parametrize(
    "text",
    ["*abc", "a**", "^*", "(a", "a)", "[a", "[z-a]", "a{3,2}", "a{65536}", "\\", r"\2(a)", r"\i",
     "(?<1n>a)", "(?<=a*)b", "[[:foo:]]", r"[\d-z]", r"[a-\d]", r"\x{110000}", "(?", r"\k<n>",
     "[:alpha:]", r"a(?i)*"],
)  # fmt: skip
def test_invalid_as_in_pcre(text):
    with pytest.raises(RegexError) as caught:
        parse_regex(text)
    assert not caught.value.unsupported
    assert 0 <= caught.value.position <= len(text)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("(?R)", "recursion"),
        ("(?(1)a)", "conditional"),
        (r"\R", "line break"),
        (r"\X", "grapheme"),
        (r"\G", "start of search"),
        ("(?|a)", "branch reset"),
        ("(*UCP)a", "control verb"),
        (r"\1(a)", "still open"),
        ("a" * 20_001, "longer than"),
        ("(" * 101 + ")" * 101, "nested groups"),
    ],
)
def test_unsupported_by_name(text, named):
    with pytest.raises(RegexError, match=named) as caught:
        parse_regex(text)
    assert caught.value.unsupported


def test_names_and_constructs():
    regex = parse_regex(r"(?<a>x)(y)(?P<b>\b(?=z)a*?)(?<a>q)")
    assert regex.group_count == 4
    assert regex.group_names == (("a", 1), ("b", 3), ("a", 4))
    assert regex.uses == {
        Construct.NAMED_GROUP,
        Construct.WORD_BOUNDARY,
        Construct.LOOKAHEAD,
        Construct.LAZY,
    }
    assert parse_regex(regex.to_json()) == regex


@pytest.mark.parametrize(
    ("text", "value", "groups"),
    [
        pytest.param(r"(\d+)", "٣4", ("4",), id="digits-are-ascii"),
        pytest.param("a$", "a\n", (), id="dollar-before-a-last-newline"),
        pytest.param(r"a\z", "a\n", None, id="very-end"),
        pytest.param("a.b", "a\nb", None, id="dot-takes-no-newline"),
        pytest.param("(?m)^$", "a\n", None, id="no-line-starts-behind-a-last-newline"),
        pytest.param(r"\Bx", "éx", None, id="word-characters-are-ascii"),
        pytest.param(r"\B", "", (), id="not-a-boundary-in-nothing"),
        pytest.param(r"a\Kb", "ab", (), id="match-start-does-not-decide"),
        pytest.param("(?<=a|bc)d", "bcd", (), id="lookbehind-of-two-widths"),
        pytest.param(r"(?i)\w", "\u212a", None, id="sets-are-not-folded"),
        pytest.param("(?<n>a)|(?<n>b)", "b", (None, "b"), id="a-name-may-stand-twice"),
    ],
)
def test_python_says_what_pcre_says(text, value, groups):
    found = compile_python(parse_regex(text)).search(value)
    assert (found.groups() if found else None) == groups


@pytest.mark.parametrize(
    ("text", "patterns"),
    [
        pytest.param("abc", ["*abc*"], id="search-is-contains"),
        pytest.param("^abc", ["abc*"], id="start"),
        pytest.param("abc$", ["*abc", "*abc\n"], id="dollar-allows-a-newline"),
        pytest.param(r"\Aabc\z", ["abc"], id="whole-value"),
        pytest.param(".*a.*", ["*a*"], id="dots-at-a-free-edge-say-nothing"),
        pytest.param("(a|b)c", ["*ac*", "*bc*"], id="branches-inside"),
        pytest.param("(?s)^a.*b.c", ["a*b?c*"], id="dotall-is-a-wildcard"),
        pytest.param("^a.*b", None, id="dot-is-no-wildcard"),
        pytest.param(r"a\d", None, id="a-set-is-no-wildcard"),
        pytest.param("a(?i)b", None, id="mixed-case-rules"),
        pytest.param("(?i)é", None, id="folds-differ-beyond-ascii"),
    ],
)
def test_as_patterns(text, patterns):
    found = as_patterns(parse_regex(text))
    assert (found and [str(pattern) for pattern in found[0]]) == patterns
    single = as_pattern(parse_regex(text))
    assert (single is not None) == (patterns is not None and len(patterns) == 1)


def test_as_pattern_carries_the_case_rule():
    assert [as_pattern(parse_regex(text))[1] for text in ("a", "(?i)a")] == [True, False]


@pytest.mark.parametrize(
    ("text", "risky"),
    [
        ("(a+)+", True),
        (r"(\w|\d)*x", True),
        (r"(?:[a-z]+\.?)+$", True),
        (r"(\w+\s)+", False),
        ("(?>a+)+", False),
        ("(a++)+", False),
        ("a+b+", False),
    ],
)
def test_is_risky(text, risky):
    assert is_risky(parse_regex(text)) is risky
