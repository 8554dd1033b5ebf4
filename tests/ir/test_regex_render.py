"""One expression in each flavour: what is written, what is refused, and that the engines agree."""

from __future__ import annotations

import re

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transpile.ir.regex import (
    Construct,
    Flavour,
    NotExpressible,
    Purpose,
    RegexError,
    compile_python,
    parse_regex,
    render,
    render_parts,
)
from transpile.ir.regex import tree as t

PY, RE2, JAVA = Flavour.PYTHON, Flavour.RE2, Flavour.JAVA
ARE, LUCENE, SIGMA = Flavour.POSIX_ARE, Flavour.LUCENE, Flavour.SIGMA


@pytest.mark.parametrize(
    ("source", "flavour", "text"),
    [
        pytest.param("a.b", RE2, r"a[^\n]b", id="clickhouse-dot-would-take-a-newline"),
        pytest.param("a$", RE2, r"a\n?\z", id="re2-dollar"),
        pytest.param("a(?=b)", RE2, "ab", id="re2-lookahead-at-the-end"),
        pytest.param("(?<!a)b(?![cd])", RE2, r"(?:^|[^a])b(?:\z|[^cd])", id="re2-looks-at-edges"),
        pytest.param(r"\s\d", RE2, r"[\t-\r ]\d", id="re2-space-lacks-vertical-tab"),
        pytest.param(r"(?i)a\w", RE2, r"(?i)a(?-i:\w)", id="re2-folds-sets"),
        pytest.param("a++b", RE2, "a+b", id="possessive-where-nothing-can-be-given-back"),
        pytest.param("foo(?i)bar", RE2, "(?i)(?-i:foo)bar", id="scoped-case"),
        pytest.param("x[ab]|x[aA]", RE2, "x[ab]|x[A]", id="duckdb-would-lose-the-later-letter"),
        pytest.param("a$", JAVA, r"a(?=\n?\z)", id="java-dollar-knows-other-line-ends"),
        pytest.param(r"\bcmd", JAVA, "(?<![0-9A-Z_a-z])cmd", id="java-boundary-is-unicode"),
        pytest.param("(?i)é", JAVA, "(?i)[Éé]", id="java-folds-ascii-only"),
        pytest.param("(?i)a.", ARE, r"(?i)a[^\n]", id="postgres-flag-at-the-start"),
        pytest.param("a(?i)b", ARE, "a[Bb]", id="postgres-has-no-flag-inside"),
        pytest.param("a.*?b", ARE, r"a[^\n]*b", id="lazy-does-not-matter-to-a-test"),
        pytest.param(r"cmd\.exe", LUCENE, r".*cmd\.exe.*", id="lucene-search"),
        pytest.param(r"^a\d#$", LUCENE, "a[0-9]\\#\n?", id="lucene-anchors"),
        pytest.param("(?s)a.b", LUCENE, ".*a.b.*", id="lucene-dot-takes-newlines"),
        pytest.param("a.b", LUCENE, ".*a[^\n]b.*", id="lucene-dot-without-newline"),
        pytest.param("(?i)a[b-d]", LUCENE, ".*[Aa][B-Db-d].*", id="lucene-has-no-flag"),
        pytest.param(r"\bcmd\b", LUCENE, "(.*[^0-9A-Z_a-z])?cmd([^0-9A-Z_a-z].*)?", id="edges"),
        pytest.param("^a|b$", LUCENE, "a.*|.*b\n?", id="anchors-per-branch"),
        pytest.param("a<b>@c", LUCENE, r".*a\<b\>\@c.*", id="lucene-reserved"),
        pytest.param(r"\bcmd", SIGMA, "(^|[^0-9A-Z_a-z])cmd", id="sigma-has-no-boundary"),
        pytest.param("(?<n>a|b)c", SIGMA, "(a|b)c", id="sigma-has-no-names"),
        pytest.param("(?i)ab", SIGMA, "[Aa][Bb]", id="sigma-without-flag"),
        pytest.param(r"a[^b]*\z", SIGMA, "a[^b]*$", id="sigma-end-behind-what-takes-a-newline"),
        pytest.param(r"a([^b]|\z)", SIGMA, "a([^b]|$)", id="sigma-end-beside-what-takes-a-newline"),
        pytest.param(r"\x{202E}", PY, r"\U0000202e", id="python-number"),
        pytest.param("(?<=a|bc)d", PY, "(?:(?<=a)|(?<=bc))d", id="python-lookbehind-width"),
    ],
)
def test_text(source, flavour, text):
    assert render(parse_regex(source), flavour) == text


@pytest.mark.parametrize(
    ("source", "flavour", "purpose", "construct"),
    [
        pytest.param("a(?=b)c*", RE2, Purpose.TEST, Construct.LOOKAHEAD, id="re2-lookahead"),
        pytest.param("(?<!ab)b", RE2, Purpose.TEST, Construct.LOOKBEHIND, id="re2-lookbehind"),
        pytest.param("(?<!a)(b)", RE2, Purpose.EXTRACT, Construct.LOOKBEHIND, id="re2-no-test"),
        pytest.param(r"(a)\1", RE2, Purpose.TEST, Construct.BACKREF, id="re2-reference"),
        pytest.param("a++a", RE2, Purpose.TEST, Construct.POSSESSIVE, id="possessive-matters"),
        pytest.param("(?>a|ab)c", RE2, Purpose.TEST, Construct.ATOMIC, id="re2-atomic"),
        pytest.param("a{1001}", RE2, Purpose.TEST, Construct.LARGE_REPEAT, id="re2-count"),
        pytest.param("(?:a{50}){50}", RE2, Purpose.TEST, Construct.LARGE_REPEAT, id="re2-nested"),
        pytest.param("(?:a$)+b", RE2, Purpose.TEST, Construct.ANCHOR, id="re2-dollar-inside"),
        pytest.param("(a$|b)", RE2, Purpose.EXTRACT, Construct.ANCHOR, id="newline-in-the-group"),
        pytest.param("a$", RE2, Purpose.REPLACE, Construct.ANCHOR, id="newline-in-the-match"),
        pytest.param("(?m)^", RE2, Purpose.TEST, Construct.MULTILINE, id="re2-last-line-start"),
        pytest.param(r"\B", RE2, Purpose.TEST, Construct.WORD_BOUNDARY, id="re2-inner"),
        pytest.param("a{256}", ARE, Purpose.TEST, Construct.LARGE_REPEAT, id="postgres-count"),
        pytest.param("(a|ab)", ARE, Purpose.EXTRACT, Construct.CAPTURE, id="longest-is-not-first"),
        pytest.param("(a.*?)b", ARE, Purpose.EXTRACT, Construct.CAPTURE, id="one-greed-for-all"),
        pytest.param(r"\p{L}", ARE, Purpose.TEST, Construct.UNICODE_PROP, id="postgres-property"),
        pytest.param(".*+a", LUCENE, Purpose.TEST, Construct.POSSESSIVE, id="possessive-dots"),
        pytest.param("a^b", LUCENE, Purpose.TEST, Construct.ANCHOR, id="lucene-anchor-inside"),
        pytest.param(r"\b.", LUCENE, Purpose.TEST, Construct.WORD_BOUNDARY, id="unknown-side"),
        pytest.param("(a)", LUCENE, Purpose.EXTRACT, Construct.CAPTURE, id="lucene-tests-only"),
        pytest.param(r"a\z", SIGMA, Purpose.TEST, Construct.ANCHOR, id="sigma-very-end"),
        pytest.param(r"ab*\z", SIGMA, Purpose.TEST, Construct.ANCHOR, id="sigma-end-of-no-newline"),
        pytest.param(r"a\Kb", PY, Purpose.REPLACE, Construct.KEEP_OUT, id="python-match-start"),
        pytest.param(r"\p{L}", PY, Purpose.TEST, Construct.UNICODE_PROP, id="python-property"),
    ],
)
def test_refused(source, flavour, purpose, construct):
    with pytest.raises(NotExpressible) as caught:
        render(parse_regex(source), flavour, purpose)
    assert caught.value.construct is construct
    assert flavour.value in str(caught.value)


@pytest.mark.parametrize("source", [r"user=(?<u>[^,]+),", r"^(\w+)\\([^\\\n]+)$", "(a|b)c"])
def test_postgres_extracts_where_the_longest_is_the_first(source):
    assert "(" in render(parse_regex(source), ARE, Purpose.EXTRACT)


def test_case_rule_for_the_operator():
    parts = render_parts(parse_regex("(?i)a[b-d]é"), LUCENE)
    assert (parts.text, parts.ignore_case) == (".*a[B-Db-d][Éé].*", True)


# -- against engines -------------------------------------------------------------------------------

atoms = st.sampled_from(
    [
        r"a",
        r"B",
        r"ab",
        r"\\",
        r'"',
        r"'",
        r"\n",
        r".",
        r"(?s:.)",
        r"\w",
        r"\W",
        r"\s",
        r"[ab]",
        r"[^a]",
        r"[a-b.]",
        r"^",
        r"$",
        r"\A",
        r"\z",
        r"\b",
        r"\B",
        r"(?m:^)",
        r"(?m:$)",
        r"(?i:a)",
        r"(?i:[a-b])",
    ]
)


def _grow(inner):
    group = inner.map("(?:{})".format)
    return st.one_of(
        st.lists(inner, min_size=2, max_size=3).map("".join),
        st.tuples(inner, inner).map("|".join).map("(?:{})".format),
        inner.map("({})".format),
        st.tuples(
            group, st.sampled_from(["*", "+", "?", "{2}", "{1,2}", "*?", "+?", "++", "?+"])
        ).map("".join),
        st.tuples(st.sampled_from(["(?=", "(?!", "(?>", "(?<="]), inner).map(
            "{0[0]}{0[1]})".format
        ),
        inner.map("(?i){}".format),
    )


sources = st.recursive(atoms, _grow, max_leaves=8)
values = st.lists(st.text("aAbB\\\n\"'_ .", max_size=5), min_size=1, max_size=8)


def _parsed(source):
    """Return the expression, None for a lookbehind without a fixed length."""
    try:
        return parse_regex(source)
    except RegexError as error:
        if "lookbehind" in error.message:
            return None
        raise


def _rendered(regex, flavour):
    try:
        return render(regex, flavour)
    except NotExpressible:
        return None


@pytest.fixture(scope="module")
def database():
    with duckdb.connect() as connection:
        yield connection


@settings(deadline=None, max_examples=300)
@given(sources, values)
def test_duckdb_matches_what_python_matches(database, source, texts):
    regex = _parsed(source)
    text = regex and _rendered(regex, RE2)
    if not text:
        return
    query = "select list_transform($values, lambda x: regexp_matches(x, $regex))"
    got = database.execute(query, {"values": texts, "regex": text}).fetchone()[0]
    assert got == [compile_python(regex).search(value) is not None for value in texts]


@settings(deadline=None, max_examples=300)
@given(sources, values)
def test_sigma_in_python_matches_what_the_rule_matches(source, texts):
    regex = _parsed(source)
    text = regex and _rendered(regex, SIGMA)
    if not text:
        return
    found = [re.search(text, value) is not None for value in texts]
    assert found == [compile_python(regex).search(value) is not None for value in texts]


def _lucene_in_python(text):
    """Read Lucene's syntax anew: a backslash makes a literal, dot takes all, no anchors."""
    out, at, inside = [], 0, False
    while at < len(text):
        char = text[at]
        if char == "\\":
            out.append(re.escape(text[at + 1]))
            at += 2
            continue
        assert inside or char not in '#@&<>~"', text
        inside = (inside or char == "[") and char != "]"
        out.append("\\" + char if char in "^$" and not inside else char)
        at += 1
    return re.compile("".join(out), re.DOTALL)


@settings(deadline=None, max_examples=300)
@given(sources, values)
def test_lucene_accepts_the_values_in_which_the_rule_matches(source, texts):
    regex = _parsed(source)
    text = regex and _rendered(regex, LUCENE)
    if not text:
        return
    found = [_lucene_in_python(text).fullmatch(value) is not None for value in texts]
    assert found == [compile_python(regex).search(value) is not None for value in texts]


@settings(deadline=None, max_examples=300)
@given(sources)
def test_pcre_text_has_the_same_meaning(source):
    regex = _parsed(source)
    if regex:
        again = parse_regex(render(regex, Flavour.PCRE))
        assert compile_python(again).pattern == compile_python(regex).pattern


def _ends(node, text, at):
    """Offsets where a match of a core node that starts at `at` can end, by definition."""
    match node:
        case t.Chars(chars):
            return {at + len(chars)} if text.startswith(chars, at) else set()
        case t.Dot(newline):
            return {at + 1} if at < len(text) and (newline or text[at] != "\n") else set()
        case t.Anchor(t.At.START):
            return {at} if at == 0 else set()
        case t.Anchor(t.At.END):
            return {at} if at == len(text) else set()
        case t.Anchor(t.At.LAST_END):
            return {at} if text[at:] in ("", "\n") else set()
        case t.Capture(body):
            return _ends(body, text, at)
        case t.Alt(branches):
            return {end for branch in branches for end in _ends(branch, text, at)}
        case t.Concat(items):
            ends = {at}
            for item in items:
                ends = {after for end in ends for after in _ends(item, text, end)}
            return ends
        case t.Repeat(body, low, high):
            # len(text) further rounds reach everything that more rounds would reach
            ends = reached = {at}
            for count in range(1, (low + len(text) if high is None else high) + 1):
                ends = {after for end in ends for after in _ends(body, text, end)}
                reached = ends if count <= low else reached | ends
            return reached
    raise AssertionError(node)


core_atoms = st.sampled_from(["a", "b", "ab", ".", "(?s:.)", r"\n", "^", "$", r"\z"])


def _grow_core(inner):
    return st.one_of(
        st.lists(inner, min_size=2, max_size=3).map("".join),
        st.tuples(inner, inner).map("|".join).map("({})".format),
        st.tuples(inner.map("(?:{})".format), st.sampled_from(["*", "+?", "?", "{1,2}"])).map(
            "".join
        ),
    )


@settings(deadline=None, max_examples=300)
@given(st.recursive(core_atoms, _grow_core, max_leaves=6), st.text("ab\n", max_size=4))
def test_python_matches_by_definition(source, text):
    regex = parse_regex(source)
    expected = any(_ends(regex.tree, text, at) for at in range(len(text) + 1))
    assert (compile_python(regex).search(text) is not None) == expected


@settings(deadline=None, max_examples=200)
@given(
    st.sampled_from(["", "(?<!a)", "(?<=[ab])", "(?<![^b])", "(?<!b)\\b"]),
    sources,
    st.sampled_from(["", "(?!a)", "(?=ab)", "(?![ab])", "(?=\\n)"]),
    values,
)
def test_duckdb_finds_what_stands_between_neighbours(database, before, source, behind, texts):
    regex = _parsed(f"{before}(?:{source}){behind}")
    text = regex and _rendered(regex, RE2)
    if not text:
        return
    query = "select list_transform($values, lambda x: regexp_matches(x, $regex))"
    got = database.execute(query, {"values": texts, "regex": text}).fetchone()[0]
    assert got == [compile_python(regex).search(value) is not None for value in texts]


@settings(deadline=None, max_examples=200)
@given(sources, values)
def test_duckdb_extracts_up_to_the_last_newline(database, source, texts):
    regex = _parsed(f"({source}$)")
    try:
        text = regex and render(regex, RE2, Purpose.EXTRACT)
    except NotExpressible:
        return
    if not text:
        return
    query = "select list_transform($values, lambda x: regexp_extract(x, $regex, 1))"
    got = database.execute(query, {"values": texts, "regex": text}).fetchone()[0]
    found = [compile_python(regex).search(value) for value in texts]
    assert got == ["" if match is None else match[1] or "" for match in found]
