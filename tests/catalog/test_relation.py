"""Relations between rules are sound: what is claimed holds on every event that can be drawn."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transpile.catalog.logic import Logic, filters_of, said
from transpile.catalog.neighbours import KINDS, neighbours
from transpile.catalog.relation import Closures, OneByOne, missing
from transpile.interpret import compile_pred, event_row
from transpile.ir import pred as p
from transpile.ir.expr import Field
from transpile.ir.pattern import Pattern
from transpile.ir.pred import Pred, Quant, all_of, any_of, negate
from transpile.ir.regex import parse_regex


def asked(name: str, condition: p.Condition, quant: Quant = Quant.ANY) -> Pred:
    return p.Test(Field(name), condition, quant)


def like(text: str, *, cased: bool = False) -> p.Glob:
    return p.Glob(Pattern.from_spl(text), cased)


def follows(narrow: Pred, wide: Pred) -> bool:
    """Return what the catalogue says of two predicates."""
    left, right = filters_of(narrow), filters_of(wide)
    literals = [leaf.literal for pred in (narrow, wide) for leaf in _logic(pred).leaves()]
    answers = {not missing(left, right, x) for x in (OneByOne(), Closures(literals))}
    assert len(answers) == 1
    return answers.pop()


def _logic(pred: Pred, *, complete: bool = True, extra: tuple[str, ...] = ()) -> Logic:
    filters = filters_of(pred)
    return Logic((), filters, tuple(map(said, filters)), complete=complete, extra=extra)


A_X, A_Y, B_X = (asked(n, p.TextEq(v)) for n, v in (("a", "x"), ("a", "y"), ("b", "x")))
UNKNOWN = p.Unknown("nobody knows")


@pytest.mark.parametrize(
    ("narrow", "wide"),
    [
        pytest.param(all_of((A_X, B_X)), A_X, id="a-filter-less-is-broader"),
        pytest.param(A_X, any_of((A_X, A_Y)), id="an-alternative-more-is-broader"),
        pytest.param(any_of((A_X, A_Y)), any_of((A_Y, A_X, B_X)), id="lists-by-inclusion"),
        pytest.param(A_X, p.Exists(Field("a")), id="a-value-is-there"),
        pytest.param(asked("a", like("*ab*cd*")), asked("a", like("*cd*")), id="glob-in-glob"),
        pytest.param(A_X, asked("a", p.TextEq("X")), id="case-does-not-count"),
        pytest.param(asked("a", p.TextEq("x", True)), A_X, id="cased-implies-uncased"),
        pytest.param(asked("a", p.TextEq("5")), asked("a", p.NumEq(5)), id="text-is-number"),
        pytest.param(asked("a", p.TextEq("5")), asked("a", p.Order(">", 4)), id="text-in-order"),
        pytest.param(
            asked("a", p.TextEq("10.1.2.3")), asked("a", p.InNetwork("10.0.0.0/8")),
            id="address-in-network",
        ),
        pytest.param(
            negate(any_of((A_X, A_Y))), negate(A_X), id="an-exclusion-less-is-broader"
        ),
        pytest.param(
            negate(asked("a", like("*c*"))), negate(asked("a", like("*cd*"))),
            id="a-smaller-exclusion-is-broader",
        ),
        pytest.param(asked("a", p.TextEq("x"), Quant.ALL), A_X, id="every-value-is-some-value"),
        pytest.param(
            asked("a", p.Matches(parse_regex("x.y"))), asked("a", p.Matches(parse_regex("x.y"))),
            id="the-same-expression",
        ),
        pytest.param(all_of((A_X, UNKNOWN)), A_X, id="an-unknown-filter-may-be-dropped"),
        pytest.param(
            any_of((all_of((A_X, B_X)), all_of((A_Y, B_X)))), B_X, id="what-all-alternatives-ask"
        ),
    ],
)  # fmt: skip
def test_what_follows(narrow: Pred, wide: Pred) -> None:
    assert follows(narrow, wide)


@pytest.mark.parametrize(
    ("narrow", "wide"),
    [
        pytest.param(A_X, all_of((A_X, B_X)), id="a-filter-more"),
        pytest.param(A_X, negate(A_Y), id="a-field-may-have-both-values"),
        pytest.param(A_X, asked("a", p.TextEq("x", True)), id="case-may-differ"),
        pytest.param(A_X, asked("a", p.TextEq("x"), Quant.ALL), id="some-value-is-not-every"),
        pytest.param(asked("a", p.NumEq(5)), asked("a", p.TextEq("5")), id="5.0-is-5"),
        pytest.param(asked("a", like("*c*")), asked("a", like("*cd*")), id="glob-out-of-glob"),
        pytest.param(negate(A_X), p.Exists(Field("a")), id="a-missing-field-is-not-x"),
        pytest.param(UNKNOWN, UNKNOWN, id="two-unknowns-are-not-one"),
        pytest.param(any_of((A_X, UNKNOWN)), A_X, id="an-unknown-alternative"),
        pytest.param(
            asked("a", p.Order(">", 5)), asked("a", p.Order(">", 4)), id="text-order-differs"
        ),
    ],
)
def test_what_does_not_follow(narrow: Pred, wide: Pred) -> None:
    assert not follows(narrow, wide)


names = st.sampled_from("ab")
texts = st.sampled_from(["x", "X", "xy", "5", "5.0", "4", "", "10.1.2.3", "a*"])
globs = st.sampled_from(["x*", "*y", "*x*", "*", "X*y", "*5*", "*.*.*", "xy"])
cased = st.booleans()
conditions = (
    st.builds(p.TextEq, texts, cased)
    | st.builds(p.Glob, globs.map(Pattern.from_spl), cased)
    | st.builds(p.NumEq, st.sampled_from([5, 4, 5.5]))
    | st.builds(p.Order, st.sampled_from(["<", "<=", ">", ">="]), st.sampled_from([4, 5, "x"]))
    | st.just(p.InNetwork("10.0.0.0/8"))
    | st.just(p.Matches(parse_regex("(?i)x")))
)
tests = st.builds(asked, names, conditions, st.sampled_from(Quant))
atoms = tests | st.builds(lambda name: p.Exists(Field(name)), names)


def _grow(inner: st.SearchStrategy[Pred]) -> st.SearchStrategy[Pred]:
    many = st.lists(inner, min_size=2, max_size=3)
    return inner.map(negate) | many.map(all_of) | many.map(any_of)


preds = st.recursive(atoms, _grow, max_leaves=8)
values = texts | st.lists(texts, min_size=1, max_size=2) | st.integers(3, 6)
events = st.lists(st.dictionaries(names, values), min_size=1, max_size=8)


@given(preds, preds, events)
def test_a_claimed_relation_holds_on_every_event(left: Pred, right: Pred, drawn: list) -> None:
    narrow = all_of((left, right))
    for wide in (left, any_of((left, right)), right):
        assert_sound(narrow, wide, drawn)
        assert_sound(wide, left, drawn)


def assert_sound(narrow: Pred, wide: Pred, drawn: list) -> None:
    if follows(narrow, wide):
        finds, also = compile_pred(narrow), compile_pred(wide)
        for row in map(event_row, drawn):
            assert not finds(row) or also(row)


@given(preds)
def test_logic_survives_json(pred: Pred) -> None:
    logic = _logic(pred, complete=False, extra=("count > 5",))
    assert Logic.from_json(logic.to_json()) == logic


def test_neighbours_say_what_was_dropped() -> None:
    narrow, wide = _logic(all_of((A_X, B_X))), _logic(A_X)
    found = neighbours([narrow, wide, None])
    assert [(n.index, n.dropped) for n in found[0].broader] == [(1, ('b = "x"',))]
    assert [(n.index, n.dropped) for n in found[1].narrower] == [(0, ('b = "x"',))]
    assert all(not getattr(found[2], kind) for kind in KINDS)


def test_a_rule_with_a_threshold_is_never_called_broader() -> None:
    counting = _logic(A_X, complete=False, extra=("count > 5",))
    found = neighbours([_logic(all_of((A_X, B_X))), counting])
    assert not found[0].broader
    assert [(n.index, n.added) for n in found[0].reading] == [(1, ("count > 5",))]


def test_a_threshold_counts_among_the_filters_that_a_broader_rule_drops() -> None:
    counting = _logic(A_X, complete=False, extra=("count > 5",))
    found = neighbours([counting, _logic(A_X)])
    assert [(n.index, n.dropped) for n in found[0].broader] == [(1, ("count > 5",))]


def test_the_same_filters_in_another_order_are_the_same_rule() -> None:
    found = neighbours([_logic(all_of((A_X, B_X))), _logic(all_of((B_X, A_X)))])
    assert [n.index for n in found[0].same] == [1]
    assert [n.index for n in found[1].same] == [0]
    assert not found[0].broader
    assert not found[0].narrower


def test_rules_that_share_most_tests_are_near_duplicates() -> None:
    parts = [asked(f"f{n}", p.TextEq(f"v{n}")) for n in range(10)]
    others = [_logic(asked("z", p.TextEq(str(n)))) for n in range(20)]
    left, right = all_of((*parts, A_X)), all_of((*parts, A_Y))
    found = neighbours([_logic(left), _logic(right), *others])
    assert [(n.index, n.dropped, n.added) for n in found[0].alike] == [
        (1, ('a = "x"',), ('a = "y"',))
    ]


@pytest.mark.parametrize(
    ("pred", "text"),
    [
        pytest.param(all_of((A_X, negate(A_Y))), 'a = "x" and not a = "y"', id="and-not"),
        pytest.param(
            any_of((A_X, all_of((A_Y, B_X)))), 'a = "x" or (a = "y" and b = "x")', id="or"
        ),
        pytest.param(asked("a", like("*x", cased=True)), 'a = "*x" (case counts)', id="cased"),
        pytest.param(p.FALSE, "never", id="false"),
    ],
)
def test_filters_in_words(pred: Pred, text: str) -> None:
    assert " and ".join(map(said, filters_of(pred))) == text
