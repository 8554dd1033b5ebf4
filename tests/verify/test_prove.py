"""The prover: what it proves holds on all events, and what it refutes it shows."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from transpile import parse
from transpile.interpret import compile_pred
from transpile.ir.expr import Field
from transpile.ir.pattern import Pattern, Wild
from transpile.ir.pred import (
    And,
    Compare,
    Condition,
    Exists,
    Glob,
    InNetwork,
    Matches,
    Not,
    NumEq,
    Or,
    Order,
    OrderOp,
    Pred,
    Quant,
    Test,
    TextEq,
    all_of,
)
from transpile.ir.regex import parse_regex
from transpile.ir.stages import Filter
from transpile.verify.prove import (
    MANY,
    Facts,
    Relation,
    compare,
    disjoint,
    implies,
    is_of_numbers,
    satisfiable,
)
from transpile.verify.prove.bounds import NONE
from transpile.verify.prove.values import NUMERAL, asked, excluded, value_for

EVERYTHING = Facts(single=lambda name: True, whole=lambda name: True)


def predicate(search: str) -> Pred:
    """Return the filters of a search."""
    stages = parse(search).stages
    return all_of(stage.pred for stage in stages if isinstance(stage, Filter))


@pytest.mark.parametrize(
    ("first", "second", "relation"),
    [
        pytest.param("a=x b=y", "b=Y a=X", "proved equal", id="order-and-case-do-not-matter"),
        pytest.param("a=x OR a=y", "a IN (y, x)", "proved equal", id="in-is-a-disjunction"),
        pytest.param("(a=1 OR b=2) c=3", "(a=1 c=3) OR (b=2 c=3)", "proved equal", id="spread"),
        pytest.param("NOT (a=x b=y)", "NOT a=x OR NOT b=y", "proved equal", id="de-morgan"),
        pytest.param("a=x*", "a=*x*", "wider", id="prefix-to-contains"),
        pytest.param("a=*foo*", "a=*foo*bar*", "narrower", id="contains-to-two-in-order"),
        pytest.param("a=*foo*bar*", "a=*foo* a=*bar*", "wider", id="order-of-parts-lost"),
        pytest.param("a=*x NOT a=*yx", "a=*x", "wider", id="exception-lost"),
        pytest.param("a=x", "b=x", "incomparable", id="another-field"),
        pytest.param("a!=x", "NOT a=x", "incomparable", id="several-values-and-none"),
        pytest.param("| where a=\"x\"", "a=x", "wider", id="case-lost"),
        pytest.param("| where lower(a)=\"x\"", "a=x", "proved equal", id="lower-is-no-case"),
        pytest.param("| regex a=\"(?i)foo\"", "a=*foo*", "proved equal", id="regex-is-a-glob"),
        pytest.param("| regex a=\"^foo.*bar$\"", "a=foo*bar", "incomparable", id="dot-and-dollar"),
        pytest.param("| regex a=\"^a{2,3}$\"", "| regex a=\"^aaa?$\"", "proved equal", id="repeat"),
        pytest.param("a>5", "a>=6", "narrower", id="a-number-need-not-be-whole"),
        pytest.param("a>5", "a>=5", "wider", id="bound-moved"),
        pytest.param("a>5 a<3", "b=1 NOT b=1", "narrower", id="two-values-or-a-text"),
        pytest.param("| where len(a)>5", "| where len(a)>4", "wider", id="length-of-a-field"),
        pytest.param(
            "| where cidrmatch(\"10.0.0.0/8\", a)", "| where cidrmatch(\"10.1.0.0/16\", a)",
            "narrower", id="network-inside-another",
        ),
        pytest.param("a=10.1.2.3", "| where cidrmatch(\"10.1.0.0/16\", a)", "wider", id="address"),
    ],
)  # fmt: skip
def test_relation(first: str, second: str, relation: str) -> None:
    found = compare(predicate(first), predicate(second))
    assert str(found.relation) == relation, found
    for event, by in ((found.missed, first), (found.extra, second)):
        other = second if by == first else first
        if event is not None:
            assert compile_pred(predicate(by))(dict(event))
            assert not compile_pred(predicate(other))(dict(event))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param("a!=x", "a=* NOT a=x", id="single-values-make-the-quantifiers-one"),
        pytest.param("a>5", "a>=6", id="whole-numbers"),
        pytest.param("| where a=\"5\"", "a=5", id="a-number-has-one-spelling"),
    ],
)  # fmt: skip
def test_facts_about_fields_are_used(first: str, second: str) -> None:
    assert compare(predicate(first), predicate(second)).relation is not Relation.EQUAL
    assert compare(predicate(first), predicate(second), EVERYTHING).relation is Relation.EQUAL


@pytest.mark.parametrize(
    ("search", "facts"),
    [
        pytest.param("| where a=b", Facts(whole=lambda name: name == "a"), id="whole-numbers"),
        pytest.param("a=x a=y | where a=b", Facts(single=lambda name: name == "b"), id="one-value"),
    ],
)
def test_an_event_that_is_shown_has_what_is_known_of_its_fields(search: str, facts: Facts) -> None:
    plain, found = satisfiable(predicate(search)), satisfiable(predicate(search), facts)
    assert plain.event is not None
    assert not _has(plain.event, facts)
    assert found.event is None or _has(found.event, facts)
    assert found.holds is not False


def _has(event: dict[str, Any], facts: Facts) -> bool:
    """Return whether an event has what is known of its fields."""
    return not any(
        (facts.single(name) and isinstance(value, list))
        or (facts.whole(name) and not (isinstance(value, str) and value.lstrip("-").isdigit()))
        for name, value in event.items()
    )


@pytest.mark.parametrize("bound", [10.0, 2.0**53, 1e16, 1e20, -1e20, 1e300])
@pytest.mark.parametrize("op", ["<", ">", "<=", ">="])
def test_numbers_beyond_a_large_bound_are_found(bound: float, op: OrderOp) -> None:
    asks = {(asked(Order(op, bound)), True), (asked(NumEq(bound)), False), (NUMERAL, True)}
    found = value_for(frozenset(asks))
    assert found is not None
    assert all(condition.check(found) is wanted for condition, wanted in asks)


def test_a_bound_that_no_number_reaches_is_not_decided() -> None:
    assert satisfiable(predicate("a>1e999 a<5"), EVERYTHING).reason


@pytest.mark.parametrize(
    ("condition", "numbers"),
    [
        pytest.param(TextEq("200"), True, id="the-text-of-a-number"),
        pytest.param(TextEq("unknown"), False, id="a-word"),
        pytest.param(TextEq("0200"), False, id="a-number-in-another-spelling"),
        pytest.param(Glob(Pattern.from_spl("4*")), True, id="numbers-with-a-first-digit"),
        pytest.param(Glob(Pattern.from_spl("0x*")), False, id="hexadecimal"),
        pytest.param(NumEq(5), True, id="a-whole-number"),
        pytest.param(NumEq(5.5), False, id="a-fraction"),
        pytest.param(Order(">", 5.5), True, id="an-order"),
        pytest.param(Matches(parse_regex("^[45]")), True, id="expression-of-digits"),
        pytest.param(Matches(parse_regex("^[a-f]")), False, id="expression-of-letters"),
    ],
)
def test_what_a_whole_number_can_meet(condition: Condition, numbers: bool) -> None:
    assert is_of_numbers(condition) is numbers


def test_what_every_event_meets_is_used() -> None:
    facts = Facts(given=predicate("a=*"))
    assert compare(predicate("NOT a=x"), predicate("a!=x")).relation is Relation.INCOMPARABLE
    assert implies(predicate("NOT a=x"), predicate("a=*"), facts).holds


def test_disjoint_and_satisfiable() -> None:
    assert disjoint(predicate("a=x"), predicate("NOT a=x")).holds
    assert disjoint(predicate("a=x"), predicate("a=y")).event == {"a": ["x", "y"]}
    assert disjoint(predicate("a=x"), predicate("a=y"), EVERYTHING).holds
    assert satisfiable(predicate("a=x* a=*y b<3")).holds
    assert satisfiable(predicate("a=* NOT a=*")).holds is False


@pytest.mark.parametrize(
    ("search", "holds"),
    [
        pytest.param(
            f"{' '.join(f'a=*{char}*' for char in 'abcdefgh')} NOT a=*a*b* NOT a=*b*a*", False,
            id="a-state-is-taken-once-whatever-character-led-to-it",
        ),
        pytest.param(r'| regex a="^[xy-]\bz$" | regex a="^[^-]"', False, id="inside-a-word"),
        pytest.param(r'| regex a="^[xy-]\bz$" | regex a="^[^xy]"', True, id="edge-of-a-word"),
    ],
)  # fmt: skip
def test_automata_remember_of_a_character_what_they_look_back_at(search: str, holds: bool) -> None:
    facts = Facts(single=lambda name: True)
    assert satisfiable(predicate(search), facts).holds is holds


@pytest.mark.parametrize(
    ("narrow", "wide", "reason"),
    [
        pytest.param(
            "| regex a=\"(?=x)x\"", "| regex a=\"x(?!y)\"", "lookaround", id="lookaround"
        ),
        pytest.param("| where a=b", "| where a=b OR a>b", "", id="known-by-its-form"),
        pytest.param("| where a>b", "| where b<c", "compare", id="two-fields-in-order"),
    ],
)
def test_what_is_not_decided_is_said(narrow: str, wide: str, reason: str) -> None:
    found = implies(predicate(narrow), predicate(wide))
    assert found.holds is (None if reason else True)
    assert reason in found.reason


# -- against the interpreter ---------------------------------------------------------------------

TEXTS = ("", "a", "A", "b", "ab", "aB", "ba", "aab", "a*", "\n", "a\n", "k", "\u212a", "é", "É",
         "5", "05", "5.0", "6", "5.5", "-1", "5a", "10.0.0.1", "10.1.0.1")  # fmt: skip
VALUES: tuple[Any, ...] = (None, *TEXTS, ["a", "b"], ["a", "5"], ["ab", "A", ""])
EVENTS = [
    {name: value for name, value in zip("fg", pair, strict=True) if value is not None}
    for pair in product(VALUES, VALUES)
]

texts = st.sampled_from(TEXTS)
conditions = st.one_of(
    st.builds(TextEq, texts, st.booleans()),
    st.builds(
        lambda parts, cased: Glob(Pattern.of(*parts), cased),
        st.lists(st.one_of(texts, st.sampled_from(list(Wild))), min_size=1, max_size=3),
        st.booleans(),
    ),
    st.builds(NumEq, st.sampled_from((5, 6, 5.5, -1))),
    st.builds(Order, st.sampled_from(("<", "<=", ">", ">=")), st.sampled_from((5, 5.5, "a", "B"))),
    st.sampled_from(("a", "^a", "b$", "(?i)^ab?$", "^.$", r"\bb", "[^a]", "a+b", "^(a|5)+$")).map(
        lambda text: Matches(parse_regex(text))
    ),
    st.sampled_from(("10.0.0.0/8", "10.1.0.0/16")).map(InNetwork),
)
subjects = st.sampled_from("fg").map(Field)
leaves: st.SearchStrategy[Pred] = st.one_of(
    st.builds(Test, subjects, conditions, st.sampled_from(list(Quant))),
    st.builds(Exists, subjects),
    st.builds(Compare, st.sampled_from(("==", "<")), subjects, subjects),
)
predicates = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(And, st.lists(inner, min_size=2, max_size=3).map(tuple)),
        st.builds(Or, st.lists(inner, min_size=2, max_size=3).map(tuple)),
    ),
    max_leaves=5,
)


@settings(max_examples=400, deadline=None)
@given(predicates, predicates)
def test_implication_is_what_the_interpreter_finds(narrow: Pred, wide: Pred) -> None:
    _check_implication(narrow, wide)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(leaves, leaves), min_size=MANY, max_size=MANY + 1),
    st.sampled_from((And, Or)),
    st.booleans(),
)
def test_many_alternatives_imply_others_in_their_places(
    pairs: list[tuple[Pred, Pred]], join: type[And | Or], negated: bool
) -> None:
    narrow = join(tuple(And(pair) for pair in pairs))
    wide = join(tuple(Or(pair) for pair in pairs))
    assert implies(narrow, wide).holds
    if negated:
        narrow, wide = Not(wide), Not(narrow)
    _check_implication(narrow, wide)
    _check_implication(wide, narrow)


def _check_implication(narrow: Pred, wide: Pred) -> None:
    found = implies(narrow, wide)
    left, right = compile_pred(narrow), compile_pred(wide)
    if found.holds:
        assert not [event for event in EVENTS if left(event) and not right(event)]
    elif found.holds is False:
        assert found.event is not None
        assert left(found.event)
        assert not right(found.event)
    else:
        assert found.reason


@settings(max_examples=200, deadline=None)
@given(predicates)
def test_a_predicate_is_equal_to_itself_written_otherwise(pred: Pred) -> None:
    assert compare(pred, Not(Not(Or((pred, And((pred, Exists(Field("h"))))))))).relation in (
        Relation.EQUAL,
        Relation.UNDECIDED,
    )


@settings(max_examples=200, deadline=None)
@given(predicates)
def test_facts_hold_for_events_that_have_them(pred: Pred) -> None:
    for facts in (Facts(single=lambda name: True), Facts(whole=lambda name: name == "f")):
        found = satisfiable(pred, facts)
        if found.holds is False:
            decide = compile_pred(pred)
            assert not [event for event in EVENTS if decide(event) and _has(event, facts)]
        assert found.event is None or _has(found.event, facts)


@settings(max_examples=400, deadline=None)
@example([(TextEq("ab"), False)], Matches(parse_regex(r"\Aab\z")), True)
@given(st.lists(st.tuples(conditions, st.booleans()), max_size=5), conditions, st.booleans())
def test_a_set_excludes_what_one_of_its_conditions_excludes(
    members: list[tuple[Condition, bool]], condition: Condition, wanted: bool
) -> None:
    bounds, signed = NONE, (asked(condition), wanted)
    for at, (member, sign) in enumerate(members):
        if at % 2:  # what a smaller set answered is used by the larger one
            bounds.exclude(signed)
        bounds = bounds.and_((asked(member), sign))
    each_for_itself = any(excluded(signed, other) for other in bounds.all)
    assert bounds.exclude(signed) == bounds.exclude(signed) == each_for_itself
