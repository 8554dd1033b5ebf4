"""Widening between bounds: never narrower, and exact where the leaves are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transpile.fidelity import Loss
from transpile.interpret import compile_pred
from transpile.ir.expr import Field
from transpile.ir.pred import (
    FALSE,
    TRUE,
    And,
    Exists,
    Not,
    Or,
    Pred,
    Test,
    TextEq,
    all_of,
    negate,
)
from transpile.schema.bounds import Bounds, all_bounds, any_bounds, widen

SAID, VAGUE = (Test(Field(name), TextEq("x")) for name in ("a", "b"))
LOSS = Loss("TGT606", "b is vague")


def bounds_of(node: Pred) -> Bounds:
    """`a` is exact; `b = x` is known to need `b`, and to follow from nothing."""
    return Bounds(Exists(Field("b")), FALSE, (LOSS,)) if node == VAGUE else Bounds.exact(node)


@pytest.mark.parametrize(
    ("pred", "widened"),
    [
        pytest.param(VAGUE, Exists(Field("b")), id="upper-bound-in-a-positive-place"),
        pytest.param(negate(VAGUE), TRUE, id="lower-bound-under-a-negation"),
        pytest.param(Not(Not(VAGUE)), Exists(Field("b")), id="two-negations-are-positive"),
        pytest.param(Not(Or((SAID, VAGUE))), Not(SAID), id="what-is-known-stays"),
        pytest.param(Not(And((SAID, VAGUE))), TRUE, id="not-and-vanishes"),
    ],
)
def test_widen(pred: Pred, widened: Pred) -> None:
    assert widen(pred, bounds_of) == (widened, (LOSS,))


def test_an_exact_predicate_has_no_losses() -> None:
    assert widen(all_of((SAID, negate(SAID))), bounds_of)[1] == ()


def test_bounds_join_side_by_side() -> None:
    vague = bounds_of(VAGUE)
    assert any_bounds([vague, Bounds.exact(SAID)]).lower == SAID
    assert all_bounds([vague, Bounds.exact(SAID)]).lower == FALSE


def grow(inner: st.SearchStrategy[Pred]) -> st.SearchStrategy[Pred]:
    many = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.builds(Not, inner) | st.builds(And, many) | st.builds(Or, many)


@given(
    st.recursive(st.sampled_from([SAID, VAGUE]), grow, max_leaves=8),
    st.dictionaries(st.sampled_from("ab"), st.sampled_from("xy")),
)
def test_nothing_is_missed(pred: Pred, event: dict[str, str]) -> None:
    widened, _ = widen(pred, bounds_of)
    assert compile_pred(widened)(event) or not compile_pred(pred)(event)
