"""Comments, macro maps and positions."""

from __future__ import annotations

import pytest

from transpile.errors import Span, SplSyntaxError
from transpile.spl import MacroCall, SourceText, ast, parse, strip_comments


@pytest.mark.parametrize(
    ("text", "stripped"),
    [
        pytest.param("a ```x``` b", "a   b", id="a-comment-is-one-space"),
        pytest.param("a```x```b", "a b", id="words-stay-apart"),
        pytest.param('"```x```"', '"```x```"', id="quoted-backticks-are-text"),
        pytest.param('a ```it"s | [``` b', "a   b", id="structure-in-a-comment-is-ignored"),
        pytest.param("a `m` b", "a `m` b", id="macro-calls-stay"),
        pytest.param("```x``````y```z", "  z", id="comments-side-by-side"),
    ],
)
def test_strip_comments(text: str, stripped: str) -> None:
    source = strip_comments(text)
    assert source.text == stripped
    assert source.original == text


def test_places_behind_a_comment_are_those_of_the_original() -> None:
    text = "a=1 ```note``` b=2\n| stats count"
    search = parse(text)
    spans = [text[c.span.start : c.span.end] for c in search.commands]
    assert spans == ["a=1 ```note``` b=2", "stats count"]


def test_comments_in_an_expanded_text_keep_map_and_calls() -> None:
    call = MacroCall("m", (), Span(4, 7), 4, 15, 0)
    source = SourceText(
        "a=1 b=2 ```c``` c=3", "a=1 `m` c=3", (0, 4, 15), (0, 4, 7), (-1, 7, -1), (call,)
    )
    stripped = strip_comments(source)
    assert stripped.text == "a=1 b=2   c=3"
    assert stripped.span(4, 7) == Span(4, 7)
    assert stripped.span(10, 13) == Span(8, 11)
    assert (stripped.calls[0].start, stripped.calls[0].end) == (4, 9)


def test_nodes_from_a_macro_point_at_the_call_and_name_it() -> None:
    call = MacroCall("m", (), Span(4, 7), 4, 13, 0)
    source = SourceText(
        "a=1 stats_x=2 | stats count",
        "a=1 `m` | stats count",
        (0, 4, 13),
        (0, 4, 7),
        (-1, 7, -1),
        (call,),
    )
    first, second = parse(source).commands
    assert isinstance(first, ast.SearchCommand)
    assert isinstance(first.filter, ast.And)
    assert first.filter.args[1].span == Span(4, 7)
    assert first.macros == (call,)
    assert second.macros == ()
    assert second.span == Span(10, 21)


def test_a_macro_that_is_called_again_has_the_places_of_each_call() -> None:
    inner = "convert timeformat=t ctime(a)"
    text = f"x=1 | {inner} | {inner}"
    starts = (0, 6, 6 + len(inner), 9 + len(inner))
    calls = (MacroCall("m", (), Span(6, 9), starts[1], starts[2], 0),
             MacroCall("m", (), Span(12, 15), starts[3], len(text), 0))  # fmt: skip
    source = SourceText(text, "x=1 | `m` | `m`", starts, (0, 6, 9, 12), (-1, 9, -1, 15), calls)
    _, *twice = parse(source).commands
    for command, call in zip(twice, calls, strict=True):
        assert isinstance(command, ast.Convert)
        assert command.macros == (call,)
        nodes = (command, *command.conversions, *command.options)
        assert [node.span for node in nodes] == [call.span] * 3
    assert twice == list(parse(text).commands[1:])


def test_a_wrong_command_of_a_macro_is_reported_at_its_call() -> None:
    source = SourceText("x=1 | convert ctime()", "x=1 | `m`", (0, 6), (0, 6), (-1, 9))
    for _ in range(2):
        with pytest.raises(SplSyntaxError) as caught:
            parse(source)
        assert caught.value.span == Span(6, 9)


def test_tabs_do_not_shift_places() -> None:
    text = "a=1\t\t| where\tb > 2"
    where = parse(text).commands[1]
    assert isinstance(where, ast.Where)
    assert text[where.expr.span.start : where.expr.span.end] == "b > 2"


def test_a_filter_inside_a_subsearch_has_its_own_place() -> None:
    text = "a=1 [search b=2 | fields b] c=3"
    command = parse(text).commands[0]
    assert isinstance(command, ast.SearchCommand)
    assert isinstance(command.filter, ast.And)
    inner, last = command.filter.args[1:]
    assert isinstance(inner, ast.SubsearchTerm)
    places = [inner.search.commands[1].span, last.span]
    assert [text[p.start : p.end] for p in places] == ["fields b", "c=3"]
