"""Tests on groups of events: `event_rule` finds the groups that the interpreter's rows are of."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transpile.interpret import Context, compile_pred, event_row, run_pipeline
from transpile.ir.events import EventRule, Threshold, event_rule
from transpile.ir.expr import Field
from transpile.ir.pattern import Pattern
from transpile.ir.pred import (
    TRUE,
    And,
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
    all_of,
    any_of,
)
from transpile.ir.stages import Agg, Aggregate, Dedup, Events, Filter, Key, Pipeline, Stage

CONTEXT = Context(now=0.0)
U_IS_A = Test(Field("u"), TextEq("a"))

AGGREGATE = Aggregate(
    (
        Agg("count", None, "count"),
        Agg("count", None, "some", U_IS_A),
        Agg("dc", Field("v"), "kinds"),
        Agg("values", Field("u"), "us"),
        Agg("values", Field("v"), "vs"),
        Agg("values", Field("k"), "ks"),
    ),
    (Key("k", Field("k")),),
)

values = st.sampled_from(["a", "A", "b", "ab", ""])
conditions = st.one_of(
    st.builds(TextEq, values, st.booleans()),
    st.sampled_from([Glob(Pattern.from_spl("*a*")), Glob(Pattern.from_spl("b*"))]),
)
limits = st.one_of(
    st.builds(Order, st.sampled_from([">", ">=", "<"]), st.sampled_from([0, 1, 2])),
    st.builds(NumEq, st.sampled_from([1, 2])),
)
leaves: st.SearchStrategy[Pred] = st.one_of(
    st.builds(Test, st.sampled_from(["us", "vs", "ks", "k"]).map(Field), conditions,
              st.sampled_from(Quant)),
    st.builds(Exists, st.sampled_from(["us", "vs", "ks", "k"]).map(Field)),
    st.builds(Test, st.sampled_from(["count", "some", "kinds"]).map(Field), limits),
)


# what `search vs!="a"` is
others = st.builds(
    lambda name, condition: And(
        (Exists(Field(name)), Not(Test(Field(name), condition, Quant.ALL)))
    ),
    st.sampled_from(["us", "vs"]),
    conditions,
)


def grow(inner: st.SearchStrategy[Pred]) -> st.SearchStrategy[Pred]:
    many = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.builds(Not, inner) | st.builds(And, many) | st.builds(Or, many)


group_tests = st.recursive(leaves, grow, max_leaves=4)
event_sets = st.lists(
    st.dictionaries(st.sampled_from("uvk"), values, min_size=1).map(
        lambda event: {"_time": 5.0, "k": "a", **event}
    ),
    min_size=1,
    max_size=7,
)


def passes(threshold: Threshold, events: list[dict[str, Any]]) -> bool:
    """Decide a threshold by its definition."""
    counts = compile_pred(threshold.where)
    counted = [event for event in events if counts(event_row(event))]
    if threshold.func == "count":
        amount = len(counted)
    else:
        assert threshold.func == "dc"
        amount = len({event[threshold.field] for event in counted if threshold.field in event})
    condition = NumEq(threshold.number)
    if threshold.op != "==":
        condition = Order(threshold.op, threshold.number)  # type: ignore[assignment, arg-type]
    return compile_pred(Test(Field("n"), condition))({"n": amount})


def admitted(rule: EventRule, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    decide = compile_pred(rule.required)
    return [event for event in events if decide(event_row(event))]


def groups_of(rule: EventRule, events: list[dict[str, Any]], key: str) -> set[str]:
    decide = compile_pred(rule.pred)
    groups: dict[str, list[dict[str, Any]]] = {}
    for event in events:
        if decide(event_row(event)) and key in event:
            groups.setdefault(event[key], []).append(event)
    tests = [each for each in (rule.threshold, *rule.further) if each is not None]
    return {name for name, found in groups.items() if all(passes(t, found) for t in tests)}


@settings(max_examples=800, deadline=None)
@given(st.lists(group_tests | others, min_size=1, max_size=3), event_sets, st.booleans())
def test_tests_on_a_group_find_the_groups_that_the_rule_finds(
    wanted: list[Pred], events: list[dict[str, Any]], filtered: bool
) -> None:
    before: tuple[Stage, ...] = (Filter(Exists(Field("v"))),) if filtered else ()
    pipeline = Pipeline((Events(), *before, AGGREGATE, Filter(all_of(wanted))))
    rule = event_rule(pipeline, several=True)
    tried = admitted(rule, events)
    expected = {row["k"] for row in run_pipeline(pipeline, tried, CONTEXT)}
    found = groups_of(rule, tried, "k")
    assert expected <= found
    if not rule.losses:
        assert found == expected


@settings(max_examples=300, deadline=None)
@given(st.none() | leaves, event_sets, st.booleans())
def test_the_first_of_each_value_is_a_group_of_one_event(
    after: Pred | None, events: list[dict[str, Any]], grouped: bool
) -> None:
    stages: list[Stage] = [Events(), Filter(Exists(Field("v"))), Dedup(("u",))]
    if grouped:
        stages.append(Aggregate((Agg("count", None, "count"),), (Key("u", Field("u")),)))
    if after is not None:
        stages.append(Filter(after))
    pipeline = Pipeline(tuple(stages))
    rule = event_rule(pipeline, several=True)
    tried = admitted(rule, events)
    expected = {row["u"] for row in run_pipeline(pipeline, tried, CONTEXT) if "u" in row}
    found = groups_of(rule, tried, "u")
    assert expected <= found
    if not rule.losses:
        assert found == expected


@settings(max_examples=300, deadline=None)
@given(limits, event_sets, st.sampled_from([("u", "v"), ("u", "v", "k"), ("v",), ("u",)]))
def test_a_count_of_first_rows_is_one_of_values(
    limit: Order | NumEq, events: list[dict[str, Any]], keys: tuple[str, ...]
) -> None:
    counted = Aggregate((Agg("count", None, "count"),), (Key("u", Field("u")),))
    wanted = Filter(Test(Field("count"), limit))
    pipeline = Pipeline((Events(), Dedup(keys), counted, wanted))
    rule = event_rule(pipeline, several=True)
    tried = admitted(rule, events)
    expected = {row["u"] for row in run_pipeline(pipeline, tried, CONTEXT)}
    found = groups_of(rule, tried, "u")
    if rule.threshold is None or rule.threshold.grows:
        assert expected <= found
    if not rule.losses:
        assert found == expected


def test_a_count_of_first_rows_has_no_loss() -> None:
    counted = Aggregate((Agg("count", None, "count"),), (Key("u", Field("u")),))
    wanted = Filter(Test(Field("count"), Order(">", 2)))
    rule = event_rule(Pipeline((Events(), Dedup(("u", "v")), counted, wanted)), several=True)
    assert rule.threshold == Threshold("dc", "v", ">", 2, ("u",))
    assert not rule.losses


def told(*wanted: Pred) -> EventRule:
    return event_rule(Pipeline((Events(), AGGREGATE, Filter(all_of(wanted)))), several=True)


LIKE_A = Test(Field("us"), TextEq("a"))


@pytest.mark.parametrize(
    ("wanted", "pred", "tests"),
    [
        pytest.param(
            [LIKE_A], U_IS_A, [Threshold("count", "", ">=", 1, ("k",))],
            id="one-value-is-a-filter-of-a-group-of-one-event",
        ),
        pytest.param(
            [LIKE_A, Test(Field("vs"), TextEq("b"))], TRUE,
            [
                Threshold("count", "", ">=", 1, ("k",), where=U_IS_A),
                Threshold("count", "", ">=", 1, ("k",), where=Test(Field("v"), TextEq("b"))),
            ],
            id="two-values-may-be-of-two-events",
        ),
        pytest.param(
            [Test(Field("some"), Order(">", 2)), Test(Field("kinds"), Order(">", 1))], TRUE,
            [
                Threshold("count", "", ">", 2, ("k",), where=U_IS_A),
                Threshold("dc", "v", ">", 1, ("k",)),
            ],
            id="two-thresholds",
        ),
        pytest.param(
            [Test(Field("ks"), TextEq("b"))], Test(Field("k"), TextEq("b")), [],
            id="the-values-of-a-key-are-the-key",
        ),
        pytest.param(
            [any_of((LIKE_A, Test(Field("k"), TextEq("b"))))],
            any_of((U_IS_A, Test(Field("k"), TextEq("b")))),
            [Threshold("count", "", ">=", 1, ("k",))],
            id="a-value-or-a-key",
        ),
    ],
)
def test_what_a_group_must_be_like(
    wanted: list[Pred], pred: Pred, tests: list[Threshold]
) -> None:
    rule = told(*wanted)
    assert rule.pred == pred
    assert [each for each in (rule.threshold, *rule.further) if each] == tests
    assert not rule.losses


@pytest.mark.parametrize(
    "wanted",
    [
        pytest.param([Not(LIKE_A)], id="no-event-with-a-value"),
        pytest.param([Test(Field("some"), Order("<", 2))], id="at-most-so-many-of-a-kind"),
        pytest.param(
            [Test(Field("count"), NumEq(2)), Test(Field("kinds"), NumEq(2))], id="two-equalities"
        ),
    ],
)
def test_what_no_event_can_tell_is_a_loss(wanted: list[Pred]) -> None:
    assert told(*wanted).losses


def test_several_tests_are_losses_unless_they_are_asked_for() -> None:
    tests = all_of((Test(Field("count"), Order(">", 2)), Test(Field("kinds"), Order(">", 1))))
    rule = event_rule(Pipeline((Events(), AGGREGATE, Filter(tests))))
    assert rule.threshold is not None
    assert not rule.further
    assert [loss.code for loss in rule.losses] == ["TGT607"]
