"""One reading serves several targets exactly where what they can say makes no difference."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest

from transpile.ir.events import EventRule, event_rule
from transpile.ir.expr import Case, Expr, Field, Lit
from transpile.ir.pred import Exists, Pred, Test, TextEq
from transpile.ir.stages import (
    Agg,
    Aggregate,
    Compute,
    Dedup,
    Events,
    Filter,
    Join,
    Key,
    Pipeline,
    Transaction,
)

A_IS_X = Test(Field("a"), TextEq("x"))
COUNTED = Aggregate((Agg("count", None, "count"), Agg("values", Field("v"), "v")),
                    (Key("k", Field("k")),))  # fmt: skip
CHOSEN = Case(((Exists(Field("b")), Lit("y")),), Lit("n"))


def named(expr: Expr) -> Expr:
    return Field("known") if expr == CHOSEN else expr


def nothing(_: object) -> frozenset[str]:
    return frozenset()


POWERS: tuple[dict[str, Any], ...] = (
    {}, {"joins": nothing}, {"named": named}, {"sequences": True}, {"several": True},
)  # fmt: skip


def piped(*stages: Any) -> Pipeline:
    return Pipeline((Events(), Filter(A_IS_X), *stages))


PLAIN = piped(Compute((("c", Field("a")),)), COUNTED)
JOINED = piped(COUNTED, Join(Pipeline((Events(), COUNTED)), ("k",)))
NAMED = piped(Compute((("c", CHOSEN),)), Filter(Test(Field("c"), TextEq("y"))))
ORDERED = piped(Transaction(("k",), starts=A_IS_X, ends=Test(Field("a"), TextEq("z"))))
FIRST = piped(Dedup(("k",)))
LISTED = piped(COUNTED, Filter(Test(Field("v"), TextEq("x"))))


def told(rule: EventRule) -> tuple[Any, ...]:
    """Return all of a rule: losses are compared by meaning otherwise."""
    return rule, [(loss, loss.span) for loss in rule.losses]


def decisive(pipeline: Pipeline) -> set[str]:
    """Return the powers with which a rule is read differently."""
    plain = event_rule(pipeline)
    return {name for power in POWERS for name in power
            if event_rule(replace(pipeline), **power) != plain}  # fmt: skip


@pytest.mark.parametrize(
    ("pipeline", "powers"),
    [
        pytest.param(PLAIN, set(), id="none-for-filters-and-groups"),
        pytest.param(JOINED, {"joins"}, id="a-join"),
        pytest.param(NAMED, {"named"}, id="an-expression-with-a-field"),
        pytest.param(ORDERED, {"sequences"}, id="a-transaction"),
        pytest.param(FIRST, {"several"}, id="the-first-of-each"),
        pytest.param(LISTED, {"several"}, id="a-test-of-some-event-of-a-group"),
    ],
)
def test_the_powers_that_decide(pipeline: Pipeline, powers: set[str]) -> None:
    assert decisive(pipeline) == powers


@pytest.mark.parametrize(
    "pipeline",
    [
        pytest.param(PLAIN, id="filters-and-groups"),
        pytest.param(JOINED, id="a-join"),
        pytest.param(NAMED, id="an-expression-with-a-field"),
        pytest.param(ORDERED, id="a-transaction"),
        pytest.param(FIRST, id="the-first-of-each"),
        pytest.param(LISTED, id="a-test-of-some-event-of-a-group"),
    ],
)
def test_the_order_of_the_targets_makes_no_difference(pipeline: Pipeline) -> None:
    alone = [told(event_rule(replace(pipeline), **power)) for power in POWERS]
    for order in permutations(range(len(POWERS))):
        shared = replace(pipeline)
        found = {at: told(event_rule(shared, **POWERS[at])) for at in order}
        assert [found[at] for at in range(len(POWERS))] == alone


def test_a_rule_that_is_the_same_for_all_is_read_once() -> None:
    first, *others = (event_rule(PLAIN, **power) for power in POWERS)
    assert all(other is first for other in others)


def test_a_test_of_another_rule_is_read_anew() -> None:
    pred: Pred = Exists(Field("a"))
    one, two = (Pipeline((Events(), Filter(pred))) for _ in range(2))
    assert event_rule(one) == event_rule(two)
    assert event_rule(one) is not event_rule(two)
