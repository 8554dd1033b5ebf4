"""The simplifier keeps the meaning: random predicates decide alike before and after it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transpile.interpret import compile_pred
from transpile.ir.expr import Call, Case, Expr, Field, Lit
from transpile.ir.pattern import Pattern, Wild
from transpile.ir.pred import (
    FALSE,
    TRUE,
    And,
    Compare,
    Condition,
    Exists,
    Glob,
    Not,
    NumEq,
    Or,
    Order,
    Pred,
    Quant,
    Test,
    TextEq,
)
from transpile.ir.simplify import simplify_pred

NAMES = ("a", "b")
TEXTS = ("", "x", "X", "xy", "x*", "1", "1.0", "2", "é", "É")

fields = st.sampled_from(NAMES).map(Field)
literals = st.sampled_from((*TEXTS, 1, 2.5, None)).map(Lit)
parts = st.lists(st.one_of(st.sampled_from(TEXTS), st.sampled_from(list(Wild))), max_size=3)
conditions = st.one_of(
    st.builds(TextEq, st.sampled_from(TEXTS), st.booleans()),
    st.builds(NumEq, st.sampled_from((1, 2))),
    st.builds(lambda p, cased: Glob(Pattern.of(*p), cased), parts, st.booleans()),
    st.builds(Order, st.sampled_from(("<", "<=", ">", ">=")), st.sampled_from((1, 2, "x"))),
)


def _expressions(preds: st.SearchStrategy[Pred]) -> st.SearchStrategy[Expr]:
    plain = st.one_of(fields, fields, literals)
    calls = st.one_of(
        st.builds(lambda x: Call("lower", (x,)), plain),
        st.builds(lambda x: Call("upper", (x,)), plain),
        st.builds(lambda x: Call("len", (x,)), plain),
        st.builds(lambda *args: Call("coalesce", args), plain, plain),
    )
    branches = st.lists(st.tuples(preds, plain), min_size=1, max_size=2).map(tuple)
    return st.one_of(plain, calls, st.builds(Case, branches, plain))


def _grow(inner: st.SearchStrategy[Pred]) -> st.SearchStrategy[Pred]:
    many = st.lists(inner, min_size=1, max_size=3).map(tuple)
    subjects = _expressions(inner)
    return st.one_of(
        st.builds(Not, inner),
        st.builds(And, many),
        st.builds(Or, many),
        st.builds(Test, subjects, conditions, st.sampled_from(list(Quant))),
        st.builds(Exists, subjects),
    )


leaves: st.SearchStrategy[Pred] = st.one_of(
    st.sampled_from((TRUE, FALSE)),
    st.builds(Exists, fields),
    st.builds(Test, fields, conditions, st.sampled_from(list(Quant))),
    st.builds(Compare, st.sampled_from(("==", "<")), fields, fields, st.booleans()),
)
preds = st.recursive(leaves, _grow, max_leaves=8)
values = st.one_of(
    st.sampled_from((*TEXTS, 1, 2)), st.lists(st.sampled_from(TEXTS), min_size=2, max_size=3)
)
rows = st.lists(st.dictionaries(st.sampled_from(NAMES), values), min_size=1, max_size=8)


@settings(max_examples=600)
@given(preds, rows)
def test_meaning_is_kept(pred: Pred, events: list[dict[str, Any]]) -> None:
    before, after = compile_pred(pred), compile_pred(simplify_pred(pred))
    assert [before(dict(e)) for e in events] == [after(dict(e)) for e in events]


@pytest.mark.parametrize("text", ["x", "İ", "ΑΣ", "ς", "\N{KELVIN SIGN}", "ß"])
@pytest.mark.parametrize(
    "condition",
    [TextEq("k", cased=True), TextEq("ΑΣ"), TextEq("i̇"), Glob(Pattern.of(Wild.ONE)),
     Glob(Pattern.of(Wild.ONE, "σ"))],
    ids=["k", "final-sigma", "dotted-i", "one-character", "a-character-before"],
)  # fmt: skip
def test_lower_case_keeps_the_length_of_a_text(text: str, condition: Condition) -> None:
    pred = Test(Call("lower", (Field("a"),)), condition)
    assert compile_pred(pred)({"a": text}) is compile_pred(simplify_pred(pred))({"a": text})


A_IS_X = Test(Field("a"), TextEq("x"))
B_IS_Y = Test(Field("b"), TextEq("y"))
B_IS_Z = Test(Field("b"), TextEq("z"))
C_IS_Z = Test(Field("c"), TextEq("z"))


@pytest.mark.parametrize(
    ("pred", "simple"),
    [
        pytest.param(And((Exists(Field("a")), A_IS_X)), A_IS_X, id="a-test-implies-presence"),
        pytest.param(Or((Exists(Field("a")), A_IS_X)), Exists(Field("a")), id="presence-is-wider"),
        pytest.param(And((A_IS_X, Not(A_IS_X))), FALSE, id="contradiction"),
        pytest.param(Or((A_IS_X, Not(A_IS_X))), TRUE, id="tautology"),
        pytest.param(
            Test(Call("lower", (Field("a"),)), TextEq("x", cased=True)), A_IS_X, id="lower-equals"
        ),
        pytest.param(
            Test(Field("a"), Glob(Pattern.of(Wild.RUN))), Exists(Field("a")), id="any-value"
        ),
        pytest.param(
            Test(Case(((A_IS_X, Lit("y")),), Lit("n")), TextEq("y")), A_IS_X, id="flag-of-a-case"
        ),
        pytest.param(
            Test(Case(((A_IS_X, Lit(1)), (B_IS_Y, Lit(1)), (B_IS_Z, Lit(1))), Lit(0)), NumEq(1)),
            Or((A_IS_X, B_IS_Y, B_IS_Z)), id="branches-with-one-value-are-alternatives"),
        pytest.param(
            Test(Call("len", (Call("coalesce", (Field("a"), Field("a"))),)), NumEq(1)),
            Test(Call("len", (Field("a"),)), NumEq(1)), id="one-field-or-itself"),
        pytest.param(
            Or((And((A_IS_X, B_IS_Y)), And((A_IS_X, B_IS_Z)))),
            And((A_IS_X, Or((B_IS_Y, B_IS_Z)))), id="common-parts-of-alternatives-once"),
        pytest.param(And((A_IS_X, Test(Field("a"), TextEq("X", cased=True)))),
                     Test(Field("a"), TextEq("X", cased=True)), id="case-tells-more"),
        pytest.param(Or((Not(Exists(Field("a"))), And((Exists(Field("a")), Not(A_IS_X))))),
                     Not(A_IS_X), id="not-equal-or-missing"),
        pytest.param(And((Exists(Field("b")), Or((B_IS_Y, B_IS_Z)))), Or((B_IS_Y, B_IS_Z)),
                     id="alternative-tests-imply-presence"),
        pytest.param(And((A_IS_X, Or((Not(A_IS_X), B_IS_Y)))), And((A_IS_X, B_IS_Y)),
                     id="a-neighbour-decides-an-alternative"),
        pytest.param(And((A_IS_X, Or((A_IS_X, B_IS_Y)))), A_IS_X, id="a-conjunct-absorbs-an-or"),
        pytest.param(Or((A_IS_X, B_IS_Y, And((Or((A_IS_X, B_IS_Y)), C_IS_Z)))),
                     Or((A_IS_X, B_IS_Y)), id="alternatives-absorb-what-needs-one-of-them"),
    ],
)  # fmt: skip
def test_shape(pred: Pred, simple: Pred) -> None:
    assert simplify_pred(pred) == simple
