"""Macro expansion: textual, bounded, and with every character's place kept."""

from __future__ import annotations

import pickle
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transpile.content import Content, Macro, expand
from transpile.content.macros import implied_macro
from transpile.errors import MacroError, Span, SplSyntaxError
from transpile.spl.source import SourceText

MACROS: dict[str, str | Macro] = {
    "win": "index=win",
    "either": "a=1 OR b=2",
    "outer": "`win` x=`inner`",
    "inner": "deep",
    "quoting": 'eval a="`win`"',
    "commented": "index=a ```not `win` here``` b=1",
    "nothing": "",
    "only_a_quote": '"',
}
MACROS |= {
    "echo/1": Macro("echo", ("x",), 'say($x$, "$x$", $y$)'),
    "echo/2": Macro("echo", ("x", "y-z"), "$x$+$y-z$"),
    "swap/2": Macro("swap", ("a", "b"), "$b$ $a$"),
    "hand/1": Macro("hand", ("v",), "`echo($v$)`"),
    "loop_a": Macro("loop_a", (), "x `loop_b`"),
    "loop_b": Macro("loop_b", (), "`loop_a`"),
    "calls_unknown": Macro("calls_unknown", (), "`nosuch`"),
    "computed": Macro("computed", (), '"a"."b"', iseval=True),
    "broken": Macro("broken", (), "a `win"),
}
CONTENT = Content.builtin().with_macros(MACROS)


@pytest.mark.parametrize(
    ("search", "text"),
    [
        pytest.param("`win` a=1", "index=win a=1", id="call-is-replaced"),
        pytest.param("NOT `either`", "NOT a=1 OR b=2", id="no-parentheses-are-added"),
        pytest.param("` win `", "index=win", id="blanks-around-the-name"),
        pytest.param("`outer`", "index=win x=deep", id="nested-calls"),
        pytest.param('x="`win`" `win`', 'x="`win`" index=win', id="not-inside-quotes"),
        pytest.param(r'x="\"`win`" `win`', r'x="\"`win`" index=win', id="escaped-quote-stays-in"),
        pytest.param(r'x="\\" `win`', r'x="\\" index=win', id="escaped-backslash-ends-the-string"),
        pytest.param(r'x=\"a `win`', r'x=\"a index=win', id="escaped-quote-outside-opens-nothing"),
        pytest.param("`quoting`", 'eval a="`win`"', id="not-inside-quotes-of-a-definition"),
        pytest.param("`echo(a)`", 'say(a, "a", $y$)', id="argument-also-inside-quotes"),
        pytest.param('`echo("a, b")`', 'say(a, b, "a, b", $y$)', id="quotes-keep-commas-and-go"),
        pytest.param(r'`echo("a\"b")`', 'say(a"b, "a"b", $y$)', id="escaped-quote-in-argument"),
        pytest.param('`echo("a"."b")`', 'say("a"."b", ""a"."b"", $y$)',
                     id="two-strings-are-not-one-quoted-argument"),
        pytest.param("`echo( a , b c )`", "a+b c", id="arity-selects-and-arguments-are-trimmed"),
        pytest.param("`swap($b$,1)`", "1 $b$", id="arguments-are-replaced-at-once"),
        pytest.param("`hand(v)`", 'say(v, "v", $y$)', id="argument-handed-on"),
        pytest.param("`echo()`", None, id="empty-parentheses-are-no-arguments"),
        pytest.param("`win()`", "index=win", id="empty-parentheses-call-without-arguments"),
        pytest.param("a ```x `nosuch` | \" y``` b", "a   b", id="comment-becomes-one-space"),
        pytest.param("`commented`", "index=a   b=1", id="comment-inside-a-definition"),
        pytest.param("a`nothing`b", "ab", id="empty-definition"),
        pytest.param("`win``inner`", "index=windeep", id="adjacent-calls"),
        pytest.param("a `only_a_quote` `win`", 'a " index=win', id="definition-with-half-a-string"),
        pytest.param('a="open `win`', 'a="open `win`', id="open-string-reaches-to-the-end"),
        pytest.param("x | `my_rule_filter`", "x | search *", id="undefined-filter-after-a-pipe"),
        pytest.param("x | search `my_rule_filter`", "x | search *", id="undefined-filter-inside"),
        pytest.param("`my_rule_filter`", "*", id="undefined-filter-at-the-start"),
    ],
)
def test_expansion(search: str, text: str | None) -> None:
    if text is None:
        with pytest.raises(MacroError):
            expand(search, CONTENT)
        return
    assert expand(search, CONTENT).text == text


@pytest.mark.parametrize(
    ("call", "text"),
    [
        pytest.param('drop_dm_object_name("Web")', 'rename "Web.*" as *', id="drop-quoted"),
        pytest.param("drop_dm_object_name(Web)", 'rename "Web.*" as *', id="drop-bare"),
        pytest.param(
            "security_content_summariesonly",
            "summariesonly=false allow_old_summaries=true fillnull_value=null",
            id="summaries-only",
        ),
        pytest.param(
            "security_content_ctime(t)",
            'convert timeformat="%Y-%m-%dT%H:%M:%S" ctime(t)',
            id="ctime",
        ),
        pytest.param("cim_Web_indexes", "*", id="cim-indexes-restrict-nothing"),
        pytest.param(
            "cim_corporate_web_domain_search(url)",
            "[| inputlookup append=T cim_corporate_web_domain_lookup"
            " | rename domain as url | format | fields search]",
            id="cim-corporate-domains",
        ),
    ],
)
def test_built_in(call: str, text: str) -> None:
    assert expand(f"`{call}`", Content.builtin()).text == text


def test_own_definition_wins_over_the_built_in_one() -> None:
    content = Content.builtin().with_macros({"summariesonly_config": "true", "x_filter": "a=1"})
    expanded = expand("`security_content_summariesonly` | `x_filter`", content).text
    assert expanded.startswith("summariesonly=true ")
    assert expanded.endswith("| a=1")


def test_only_the_known_conventions_are_implied() -> None:
    assert implied_macro("cim_Web_indexes", 1) is None
    assert implied_macro("index_of_cim", 0) is None


@pytest.mark.parametrize(
    ("search", "code", "column", "message", "hint"),
    [
        pytest.param("a=1 `wim`", "SPL201", 5, "unknown macro 'wim'", "did you mean 'win'?",
                     id="unknown-with-suggestion"),
        pytest.param("`zzzzqqqq`", "SPL201", 1, "unknown macro 'zzzzqqqq'",
                     "define it in macros/ or macros.conf", id="unknown-without-suggestion"),
        pytest.param("a `calls_unknown`", "SPL201", 3,
                     "unknown macro 'nosuch' (called by macro 'calls_unknown')",
                     "define it in macros/ or macros.conf", id="unknown-inside-a-definition"),
        pytest.param("`computed`", "SPL201", 1,
                     "macro 'computed' computes its text with an eval expression (iseval)",
                     "give the macro the text that the expression yields", id="iseval"),
        pytest.param("x `loop_a`", "SPL202", 3,
                     "macro 'loop_a' calls itself: loop_a -> loop_b -> loop_a", "", id="cycle"),
        pytest.param("`echo(1,2,3)`", "SPL203", 1, "macro 'echo' is called with 3 arguments",
                     "it takes 1 or 2 arguments; put double quotes around an argument that "
                     "contains a comma", id="too-many-arguments"),
        pytest.param("`echo`", "SPL203", 1, "macro 'echo' is called with no arguments",
                     "it takes 1 or 2 arguments", id="too-few-arguments"),
        pytest.param("`security_content_ctime(a, b)`", "SPL203", 1,
                     "macro 'security_content_ctime' is called with 2 arguments",
                     "it takes 1 argument; put double quotes around an argument that contains a "
                     "comma", id="wrong-arity-of-a-built-in"),
        pytest.param("a\n | `win", "SPL102", 4, "a macro call is not closed",
                     "close it with a backtick", id="backtick-not-closed"),
        pytest.param("`a b` `win`", "SPL102", 1, "the text between backticks is not a macro call",
                     "write `name` or `name(argument, ...)`", id="no-call"),
        pytest.param("a ```x", "SPL102", 3, "a comment is not closed",
                     "close it with three backticks", id="comment-not-closed"),
        pytest.param("a `broken`", "SPL102", 3,
                     "a macro call is not closed in the definition of macro 'broken'",
                     "close it with a backtick", id="call-not-closed-in-a-definition"),
    ],
)  # fmt: skip
def test_error(search: str, code: str, column: int, message: str, hint: str) -> None:
    with pytest.raises(SplSyntaxError) as caught:
        expand(search, CONTENT)
    error = caught.value
    assert (error.code, error.column, error.message, error.hint) == (code, column, message, hint)
    assert error.span is not None
    assert search[error.span.start] == "`"
    assert pickle.loads(pickle.dumps(error)).render() == error.render()


def test_error_names_the_rule_and_underlines_the_call() -> None:
    with pytest.raises(MacroError) as caught:
        expand("a\nb `wim(1)` c", CONTENT, rule_name="My rule")
    assert caught.value.render().splitlines() == [
        "2:3: error[SPL201]: unknown macro 'wim' in rule 'My rule'",
        "  | b `wim(1)` c",
        "  |   ^^^^^^^^",
        "  = help: did you mean 'win'?",
    ]


def _doubling(levels: int, definition: str) -> dict[str, str]:
    return {"m0": definition, **{f"m{i}": f"`m{i - 1}` `m{i - 1}`" for i in range(1, levels)}}


@pytest.mark.parametrize(
    "macros",
    [
        pytest.param(_doubling(60, "x" * 1000), id="text-doubles"),
        pytest.param(_doubling(60, ""), id="calls-double"),
        pytest.param({f"m{i}": f"`m{i - 1}`" for i in range(1, 500)} | {"m0": ""}, id="deep"),
        pytest.param(
            {"m0": ""} | {
                f"n{i}": Macro(f"m{i}", ("a",), f"`m{i - 1}($a$$a$)`") for i in range(1, 60)
            },
            id="argument-doubles",
        ),
    ],
)
def test_growth_is_bounded_and_fails_fast(macros: dict[str, str | Macro]) -> None:
    content = Content.builtin().with_macros(macros)
    top = "m59(xxxxxxxx)" if "n1" in macros else max(macros, key=lambda n: int(n[1:]))
    began = time.process_time()
    with pytest.raises(MacroError) as caught:
        expand(f"`{top}`", content)
    assert caught.value.code == "SPL204"
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    ("search", "text"),
    [
        pytest.param("x | `who`", "x | opaquemacro who", id="after-a-pipe-a-command"),
        pytest.param("a=1 `who`", 'a=1 OPAQUE_MACRO="who"', id="inside-a-filter-one-comparison"),
        pytest.param("a `who(b,c)`", 'a OPAQUE_MACRO="who(2)"', id="arity-is-shown"),
        pytest.param("| `calls_unknown`", "| opaquemacro nosuch", id="pipe-of-the-caller-counts"),
        pytest.param("`computed`", 'OPAQUE_MACRO="computed"', id="iseval"),
        pytest.param("`echo(1,2,3)`", 'OPAQUE_MACRO="echo(3)"', id="unknown-arity"),
    ],
)
def test_opaque(search: str, text: str) -> None:
    assert expand(search, CONTENT, unknown="opaque").text == text


def test_calls_are_listed_outermost_first_with_both_places() -> None:
    source = expand("z `outer` `inner`", CONTENT)
    seen = [(c.name, c.depth, c.span, source.text[c.start : c.end]) for c in source.calls]
    assert seen == [
        ("outer", 0, Span(2, 9), "index=win x=deep"),
        ("win", 1, Span(2, 9), "index=win"),
        ("inner", 1, Span(2, 9), "deep"),
        ("inner", 0, Span(10, 17), "deep"),
    ]
    assert expand("`echo(a, b)`", CONTENT).calls[0].args == ("a", "b")


def test_text_with_a_history_keeps_it() -> None:
    once = expand("a `inner` ```c``` `win` b", CONTENT)
    again = expand(once, CONTENT)
    assert again == once
    later = expand(SourceText.plain("a `win`"), CONTENT)
    assert later.span(2, len(later.text)) == Span(2, 7)


PIECES = st.lists(
    st.sampled_from(
        ["a ", "| ", '"`win`"', "`win`", "`outer`", "`echo(q)`", "`nothing`", "```c `x` \"```",
         "é😀", "\n", "`z_filter`", r"\\", r"\" ", "(x=1)"]
    ),
    max_size=12,
)  # fmt: skip


@settings(deadline=None)
@given(PIECES)
def test_map_is_monotone_and_identity_outside_calls(pieces: list[str]) -> None:
    text = " ".join(pieces)
    source = expand(text, CONTENT)
    places = [source.origin(i) for i in range(len(source.text))]
    assert places == sorted(places)
    within = {i for c in source.calls for i in range(c.start, c.end)}
    for i, char in enumerate(source.text):
        if i in within:
            assert text[places[i]] == "`"
        else:
            assert text[places[i]] == char or text.startswith("```", places[i])
    for call in source.calls:
        assert text[call.span.start] == text[call.span.end - 1] == "`"
        assert call.start == call.end or source.span(call.start, call.end) == call.span
