"""Two predicates apart: where they differ, and what an event has to be to tell them."""

from collections.abc import Callable
from importlib import import_module
from itertools import product

import pytest

from transpile.interpret import compile_pred
from transpile.ir.expr import Field
from transpile.ir.pred import And, Exists, Not, Or, Pred, Test, TextEq, Unknown
from transpile.verify.mutate import of_pred
from transpile.verify.prove import NO_FACTS, Answer, Facts
from transpile.verify.prove.apart import apart
from transpile.verify.witness.choose import Solved, telling
from transpile.verify.witness.maker import Event, Maker
from transpile.verify.witness.told import Told

A, B, C, D = (Test(Field(name), TextEq("x")) for name in "abcd")
UNREAD = Unknown("nobody can say")

PREDS: dict[str, Pred] = {
    "one test": A,
    "a conjunction": And((A, B, C)),
    "alternatives": Or((A, B, C)),
    "alternatives in a conjunction": And((D, Or((A, And((B, C)))))),
    "a negation between": Or((D, Not(And((A, Not(Or((B, C)))))))),
    "an argument twice": And((A, Or((A, B)), A)),
    "a negated part that nobody can decide": And((A, Not(Or((B, And((UNREAD, C))))))),
    "a part that nobody can decide": Or((A, And((B, UNREAD, C)))),
}

EVENTS = [
    {name: value for name, value in zip("abcd", values, strict=True) if value}
    for values in product(("x", "X", "", "xy"), repeat=4)
]


@pytest.mark.parametrize("pred", PREDS.values(), ids=PREDS)
def test_mutants_are_told_by_the_events_that_one_of_both_finds(pred: Pred) -> None:
    told = Told()
    for other, what, _ in of_pred(pred):
        first, second, tells = compile_pred(pred), compile_pred(other), told.between(pred, other)
        for event in EVENTS:
            assert tells(event) is (first(event) is not second(event)), (what, event)


@pytest.mark.parametrize(
    "pred", [pred for name, pred in PREDS.items() if "nobody" not in name],
    ids=[name for name in PREDS if "nobody" not in name],
)  # fmt: skip
def test_only_first_is_met_by_the_events_that_the_first_alone_finds(pred: Pred) -> None:
    for mutant, what, _ in of_pred(pred):
        for one, other in ((pred, mutant), (mutant, pred)):
            only = compile_pred(apart(one, other).only_first)
            first, second = compile_pred(one), compile_pred(other)
            for event in EVENTS:
                assert only(event) is (first(event) and not second(event)), (what, event)


def test_what_is_shared_is_asked_of_no_part_that_is_left() -> None:
    found = apart(And((A, Or((B, C)))), And((A, Or((B, D)))))
    assert [(part.pred, part.wanted) for part in found.shared] == [(A, True), (B, False)]
    assert (found.one, found.other) == (C, D)


@pytest.mark.parametrize(
    ("one", "other"),
    [(A, A), (And((A, B)), And((B, A))), (Not(Or((A, B))), Not(Or((B, A))))],
    ids=["the same test", "another order", "another order under a negation"],
)
def test_nothing_is_left_of_the_same(one: Pred, other: Pred) -> None:
    found = apart(one, other)
    assert found.one == found.other


def test_a_part_of_the_other_is_what_is_left() -> None:
    found = apart(A, And((A, Exists(Field("b")))))
    assert found.shared[0].pred == A
    assert found.other == Exists(Field("b"))


@pytest.mark.parametrize(
    ("shown", "told"),
    [((), ()), (("case respected",), ("case respected",))],
    ids=["none", "one"],
)
def test_events_tell_the_changes_that_are_to_be_shown(
    shown: tuple[str, ...], told: tuple[str, ...]
) -> None:
    pred = And((A, Or((B, C))))
    maker = Maker(shows=lambda what, span: what in shown)
    events = list(telling(pred, EVENTS, maker, Solved(pred, NO_FACTS), {}))
    first = compile_pred(pred)
    found = {
        what
        for other, what, _ in of_pred(pred)
        if any(first(event) is not compile_pred(other)(event) for event in events)
    }
    assert bool(events) is bool(told)
    assert set(told) <= found


@pytest.mark.parametrize(
    "fits",
    [lambda event: False, lambda event: event.get("d") != "x"],
    ids=["no base fits", "a base fits"],
)
def test_events_are_put_right_only_if_a_base_fits(
    fits: Callable[[Event], bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Event] = []

    def reconciled(event: Event, *_: object) -> None:
        asked.append(event)

    monkeypatch.setattr(import_module(telling.__module__), "reconciled", reconciled)
    base = {"a": "x", "b": "x", "c": "x"}
    maker = Maker(consistent=fits)
    pred = And((A, D))
    list(telling(pred, [{"a": "x", "d": "x"}], maker, Solved(pred, NO_FACTS), {}, [base]))
    assert bool(asked) is fits(base)


def test_the_prover_is_asked_once_of_each_mutant(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Pred, Pred]] = []

    def implies(one: Pred, other: Pred, facts: Facts) -> Answer:
        asked.append((one, other))
        return Answer(None)

    monkeypatch.setattr(import_module(telling.__module__), "implies", implies)
    pred = And((A, D))
    solved = Solved(pred, NO_FACTS)
    for _ in range(2):
        assert not list(telling(pred, [], Maker(), solved, {}))
    assert len(asked) == len(set(asked)) > 0
