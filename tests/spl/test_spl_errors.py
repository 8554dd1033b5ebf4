"""Every fault: its code, the place it points at, and its help."""

from __future__ import annotations

import pickle
from collections.abc import Callable

import pytest

from transpile.errors import CODES, MacroError, SplSyntaxError
from transpile.spl import parse, parse_expression, parse_filter

# search with the faulty part between « and »; "«»" marks a place where something is missing
CASES = [
    ("a=1 «(»b=2 OR c=3", "SPL102", "never closed"),
    ("a=1 b=2«)»", "SPL102", "never opened"),
    ("a=1 «[»search b=2", "SPL102", "never closed"),
    ("a=1 | where «(»b=1 | head", "SPL102", "never closed"),
    ("[search «(»a=1]", "SPL102", "never closed"),
    ('a=«"»xyz', "SPL102", "string is never closed"),
    ("a=1 | eval b=«'»c d", "SPL102", "field name in single quotes"),
    ("a=1 «`»``x", "SPL102", "comment is never closed"),
    ("a=«»", "SPL103", "value of 'a'"),
    ("a= «OR» b=1", "SPL103", "value of 'a'"),
    ("«OR» a=1", "SPL103", "search term"),
    ("a=1 AND«»", "SPL103", "search term"),
    ("NOT«»", "SPL103", "search term"),
    ("a IN «1»,2", "SPL103", "list in parentheses"),
    ("a IN («)»", "SPL103", "value of the list"),
    ("a=1 | where«»", "SPL103", "operand"),
    ("a=1 | where «=»5", "SPL103", "operand"),
    ("a=1 | eval b=«»", "SPL103", "operand"),
    ("a=1 | eval b=1,«»", "SPL103", "assignment"),
    ("a=1 | eval b=1+«»", "SPL103", "operand"),
    ("a=1 | eval b=c==«=»d", "SPL103", "operand"),
    ("a=1 | where b IN («)»", "SPL103", "value in the list"),
    ("a=1 | rename b«»", "SPL103", "AS is missing"),
    ("a=1 | rename b «c» d", "SPL101", "expected AS"),
    ("a=1 | stats«»", "SPL103", "statistical function"),
    ("a=1 | stats sum«»", "SPL103", "field of sum"),
    ("a=1 | stats count by«»", "SPL103", "field name"),
    ("a=1 | table«»", "SPL103", "field name"),
    ("a=1 | append«»", "SPL103", "subsearch"),
    ("a=1 | append «[]»", "SPL103", "empty"),
    ("a=1 | rex field=b«»", "SPL103", "regular expression"),
    ("a=1 | lookup t«»", "SPL103", "field name"),
    ("a=1 | fillnull value=«»", "SPL103", "value of 'value'"),
    ("a=1 «|» | head", "SPL103", "after the pipe"),
    ("a=1 «|»", "SPL103", "after the pipe"),
    ("a=1 | xyseries b c«»", "SPL103", "three fields"),
    ("a=1 | foreach b* [eval x=«»]", "SPL103", "operand"),
    ("a=1 | «stat» count", "SPL104", "unknown command 'stat'"),
    ("a=1 | «5»", "SPL104", "not a command"),
    ("a=1 [search b=1 | «nope»]", "SPL104", "unknown command"),
    ("a=1 | eval b=«lenn»(c)", "SPL105", "unknown eval function"),
    ("a=1 | eval b=«count»(c)", "SPL105", "unknown eval function"),
    ("a=1 | stats «summ»(b)", "SPL105", "unknown statistical function"),
    ("a=1 | convert «ctimes»(b)", "SPL105", "unknown conversion"),
    ("a=1 | eval b=«if»(c, 1)", "SPL106", "3 arguments, not 2"),
    ("a=1 | eval b=«case»(c, 1, d)", "SPL106", "even number"),
    ("a=1 | head «abc»", "SPL106", "number of rows"),
    ("a=1 | tail «²»", "SPL106", "number of rows"),
    ("a=1 | head «-5»", "SPL106", "number of rows"),
    ("a=1 | timechart «span=5q7» count", "SPL106", "a span"),
    ("a=1 | dedup b «keepempty=maybe»", "SPL106", "true or false"),
    ("a=1 | dedup b «keepemty=t»", "SPL106", "no option 'keepemty'"),
    ("a=1 | join «type=full» b [search c=1]", "SPL106", "inner, left or outer"),
    ("a=1 | timechart count by b «span=x»", "SPL106", "a span"),
    ("a=1 | chart count by b «spam=1h»", "SPL106", "no option"),
    ("a=1 | mvexpand b «c»", "SPL106", "one field"),
    ('a=1 | rex field=b «"no group"»', "SPL106", "named group"),
    ('a=1 | rex mode=sed «"s/x"»', "SPL106", "sed"),
    ("a=1 | rename «a as b*»", "SPL106", "wildcards"),
    ('a=1 | regex b=«"*x"»', "SPL108", "repeat"),
    ('a=1 | regex b=«"(x"»', "SPL108", "group"),
    ('a=1 | regex b=«"x)"»', "SPL108", "never opened"),
    ('a=1 | rex «"(?<n>[a-z)"»', "SPL108", "class"),
    ("a=1 | where b=1 «c»=2", "SPL101", "unexpected 'c'"),
    ("a=1 | reverse «b»", "SPL101", "unexpected 'b'"),
    ("«`my_macro(a,b)`» a=1", "SPL201", "my_macro"),
]


@pytest.mark.parametrize(
    ("marked", "code", "words"),
    [pytest.param(*case, id=f"{case[1]}-{case[0]}") for case in CASES],
)
def test_fault(marked: str, code: str, words: str) -> None:
    text = marked.replace("«", "").replace("»", "")
    start, end = marked.index("«"), marked.index("»") - 1
    with pytest.raises(SplSyntaxError) as caught:
        parse(text)
    error = caught.value
    assert (error.code, error.line) == (code, 1)
    assert words in error.message
    assert error.column is not None
    assert error.span is not None
    assert error.column - 1 == error.span.start
    assert error.span.start == start
    assert error.span.end <= len(text)
    if code in ("SPL104", "SPL105", "SPL106", "SPL108") and "wildcards" not in words:
        assert text[error.span.start : error.span.end] == text[start:end]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        pytest.param("a=1 | stat count", "did you mean 'stats'?", id="command"),
        pytest.param("a=1 | eval b=lenn(c)", "did you mean 'len'?", id="eval-function"),
        pytest.param("a=1 | stats summ(b)", "did you mean 'sum'?", id="statistical-function"),
        pytest.param("a=1 | dedup b keepemty=t", "did you mean 'keepempty'?", id="option"),
        pytest.param("a=1 | convert ctimes(b)", "did you mean 'ctime'?", id="conversion"),
        pytest.param("a=1 (b=2", "add the closing ')'", id="closing-parenthesis"),
    ],
)
def test_hint(text: str, hint: str) -> None:
    with pytest.raises(SplSyntaxError) as caught:
        parse(text)
    assert caught.value.hint == hint


def test_rendering_shows_line_and_caret() -> None:
    with pytest.raises(SplSyntaxError) as caught:
        parse("a=1\n| where\tnope(b)\n| head")
    assert caught.value.render().splitlines() == [
        "2:9: error[SPL105]: unknown eval function 'nope'",
        "  | | where\tnope(b)",
        "  |        \t^^^^",
        *([f"  = help: {caught.value.hint}"] if caught.value.hint else []),
    ]


def test_error_survives_pickling() -> None:
    with pytest.raises(SplSyntaxError) as caught:
        parse("a=1 | stat")
    copy = pickle.loads(pickle.dumps(caught.value))
    assert copy.render() == caught.value.render()


def test_macro_left_over_is_a_macro_error() -> None:
    with pytest.raises(MacroError, match="my_macro"):
        parse("`my_macro` a=1")


@pytest.mark.parametrize("text", ["", "  \n ", "``` only a comment ```"])
def test_empty_search(text: str) -> None:
    with pytest.raises(SplSyntaxError) as caught:
        parse(text)
    assert caught.value.code == "SPL109"


def test_parts_reject_a_pipe_at_its_place() -> None:
    for part in (parse_filter, parse_expression):
        with pytest.raises(SplSyntaxError, match="cannot stand here") as caught:
            part("a=1 | head")
        assert caught.value.column == 7


@pytest.mark.parametrize("part", [parse_filter, parse_expression])
def test_parts_do_not_borrow_the_name_of_the_command(part: Callable[[str], object]) -> None:
    with pytest.raises(SplSyntaxError):
        part("=5")


def test_places_of_parts_are_those_of_the_part() -> None:
    with pytest.raises(SplSyntaxError) as caught:
        parse_expression("a + nope(b)")
    assert (caught.value.line, caught.value.column) == (1, 5)


def test_every_code_of_the_family_has_a_case() -> None:
    shown = {code for _, code, _ in CASES} | {"SPL107", "SPL109"}
    assert {code for code in CODES if code.startswith("SPL1")} <= shown
