"""Sums of points, asked for a least amount, decide as the interpreter does."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transpile.interpret import Context, compile_pred, event_row, matched
from transpile.ir.events import event_rule
from transpile.ir.events.sums import on_sums
from transpile.ir.expr import Call, Case, Expr, Field, Lit
from transpile.ir.pattern import Pattern
from transpile.ir.pred import Exists, Glob, Order, Pred, Test, TextEq, all_of, any_of
from transpile.ir.simplify import simplify_pred
from transpile.ir.stages import Compute, Events, Filter, Pipeline, Totals
from transpile.ir.walk import descend

F, G = Field("f"), Field("g")
A, B = Test(F, TextEq("a")), Test(G, Glob(Pattern.from_spl("*b*")))

guards: st.SearchStrategy[Pred] = st.sampled_from([A, B, Exists(F), all_of((A, B)), any_of((A, B))])
points = st.sampled_from([0, 1, 2, 5, "1", "x", None, 1.5])
scores: st.SearchStrategy[Expr] = st.one_of(
    st.builds(lambda guard, n, m: Case(((guard, Lit(n)),), Lit(m)), guards, points, points),
    st.builds(lambda g, h, n: Case(((g, Lit(n)), (h, Lit(n))), Lit(0)), guards, guards, points),
    points.map(Lit),
)
limits = st.builds(Order, st.sampled_from([">", ">=", "<"]), st.sampled_from([0, 1, 2, 3, 6.5]))
events = st.dictionaries(st.sampled_from("fg"), st.sampled_from(["a", "b", "ab", ""]))


def scored(values: list[Expr], limit: Order) -> Pipeline:
    names = tuple(f"s{at}" for at in range(len(values)))
    return Pipeline(
        (
            Events(),
            Compute(tuple(zip(names, values, strict=True))),
            Totals(names, "score"),
            Filter(Test(Field("score"), limit)),
        )
    )


@settings(max_examples=600, deadline=None)
@given(st.lists(scores, min_size=1, max_size=4), limits, events)
def test_a_score_asks_for_the_conditions_that_are_enough(
    values: list[Expr], limit: Order, event: dict[str, Any]
) -> None:
    pipeline = scored(values, limit)
    rule = event_rule(pipeline)
    wanted = bool(matched(pipeline, [event], Context(now=0.0)))
    found = compile_pred(rule.pred)(event_row(event))
    assert found or not wanted
    if not rule.losses:
        assert found == wanted


@settings(max_examples=300, deadline=None)
@given(st.lists(scores, min_size=2, max_size=4), limits, events)
def test_a_sum_of_points_means_what_it_says(
    values: list[Expr], limit: Order, event: dict[str, Any]
) -> None:
    added = values[0]
    for value in values[1:]:
        added = Call("add", (added, value))
    pred = Test(added, limit)
    assert compile_pred(on_sums(pred))(event) == compile_pred(pred)(event)


@pytest.mark.parametrize(
    ("values", "limit", "expected"),
    [
        pytest.param(
            [Case(((A, Lit(2)),), Lit(0)), Case(((B, Lit(1)),), Lit(0))], Order(">=", 3),
            all_of((A, B)), id="both-are-needed",
        ),
        pytest.param(
            [Case(((A, Lit(2)),), Lit(0)), Case(((B, Lit("3")),), Lit(None))], Order(">", 1),
            any_of((A, B)), id="either-is-enough",
        ),
    ],
)
def test_the_least_conditions_are_asked(values: list[Expr], limit: Order, expected: Pred) -> None:
    rule = event_rule(scored(values, limit))
    assert simplify_pred(rule.pred) == expected
    assert not rule.losses


def test_other_points_are_left_alone() -> None:
    pred = Test(Call("add", (Call("len", (F,)), Lit(1))), Order(">", 2))
    assert any(isinstance(node, Call) for node in descend(on_sums(pred)))
    assert event_rule(scored([F], Order(">", 1))).losses
