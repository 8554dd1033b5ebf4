"""Tests on parts of texts, said of the whole text, decide as the interpreter does."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transpile.interpret import compile_pred
from transpile.ir.events.texts import on_wholes
from transpile.ir.expr import Call, Expr, Field, Lit, RegexLit
from transpile.ir.pattern import Pattern
from transpile.ir.pred import (
    Condition,
    Exists,
    Glob,
    Matches,
    NumEq,
    Order,
    Pred,
    Quant,
    Test,
    TextEq,
)
from transpile.ir.regex import parse_regex
from transpile.ir.walk import descend

F = Field("f")
X = parse_regex("x.y")

texts = st.text("aAx.\\:\n", max_size=8)
words = st.text("aAx:", max_size=3)
subjects: st.SearchStrategy[Expr] = st.one_of(
    st.just(F),
    texts.map(lambda filler: Call("coalesce", (F, Lit(filler)))),
    texts.map(lambda filler: Call("coalesce", (Call("coalesce", (F, Lit(filler))), Lit("b")))),
)
split = st.builds(
    lambda subject, sign: Call("split", (subject, Lit(sign))),
    subjects,
    st.sampled_from([".", "\\", "a", ".."]),
)
numbers = st.integers(-1, 5) | st.sampled_from([1.5, 2.5])
counts: st.SearchStrategy[Condition] = st.one_of(
    st.builds(Order, st.sampled_from(["<", "<=", ">", ">="]), numbers), st.builds(NumEq, numbers)
)
patterns = st.text("aAx:*", max_size=4).map(Pattern.from_spl)
values: st.SearchStrategy[Condition] = st.one_of(
    st.builds(TextEq, words, st.booleans()),
    st.builds(TextEq, texts, st.booleans()),
    st.builds(Glob, patterns, st.booleans()),
)
quants = st.sampled_from(Quant)
tests: st.SearchStrategy[Pred] = st.one_of(
    st.builds(lambda s, c, q: Test(Call("mvcount", (s,)), c, q), split, counts, quants),
    st.builds(
        lambda s, place, c, q: Test(Call("mvindex", (s, Lit(place))), c, q),
        split,
        st.integers(-2, 3),
        values,
        quants,
    ),
    st.builds(
        lambda s, length, c, q: Test(Call("substr", (s, Lit(1), Lit(length))), c, q),
        subjects,
        st.integers(0, 3),
        values,
        quants,
    ),
    st.builds(
        lambda s, regex: Exists(Call("replace", (s, RegexLit(regex), Lit("")))),
        subjects,
        st.just(X),
    ),
)


@settings(max_examples=1500, deadline=None)
@given(tests, st.none() | texts)
def test_a_test_on_a_part_is_a_test_on_the_whole(pred: Pred, value: str | None) -> None:
    event = {} if value is None else {"f": value}
    assert compile_pred(on_wholes(pred))(event) == compile_pred(pred)(event)


@given(st.sampled_from([Order(">=", 0), Order(">", -1)]), st.lists(texts, max_size=3))
def test_a_value_that_is_found_is_one_that_matches(
    condition: Condition, several: list[str]
) -> None:
    pred = Test(Call("mvfind", (F, RegexLit(parse_regex("a.?x")))), condition)
    event = {"f": several} if several else {}
    assert compile_pred(on_wholes(pred))(event) == compile_pred(pred)(event)


def piece(place: int, condition: Condition) -> Test:
    return Test(Call("mvindex", (Call("split", (F, Lit("\\"))), Lit(place))), condition)


@pytest.mark.parametrize(
    "pred",
    [
        pytest.param(piece(0, TextEq("C:")), id="first-piece"),
        pytest.param(piece(-1, TextEq("a.exe")), id="last-piece"),
        pytest.param(piece(2, TextEq("a")), id="third-piece"),
        pytest.param(piece(0, Glob(Pattern.from_spl("*:"))), id="pattern-of-the-first-piece"),
        pytest.param(piece(-1, Glob(Pattern.from_spl("*.exe"))), id="end-of-the-last-piece"),
        pytest.param(
            Test(Call("mvcount", (Call("split", (F, Lit("."))),)), Order(">", 3)), id="pieces"
        ),
        pytest.param(Test(Call("substr", (F, Lit(1), Lit(2))), TextEq("7z")), id="beginning"),
        pytest.param(Test(Call("mvfind", (F, RegexLit(X))), Order(">=", 0)), id="found"),
    ],
)
def test_no_function_remains(pred: Pred) -> None:
    assert not any(isinstance(node, Call) for node in descend(on_wholes(pred)))


def test_what_has_no_rule_stays() -> None:
    pred = piece(0, Matches(X))
    assert on_wholes(pred) is pred
