"""Predicates as EQL conditions: the text of each shape, and its meaning against the interpreter."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transpile.backends.eql.atoms import Vocabulary
from transpile.backends.eql.conditions import condition, uses
from transpile.backends.eql.engine import evaluate, parse_eql
from transpile.backends.eql.engine.conditions import compile_condition
from transpile.backends.eql.engine.documents import index_document
from transpile.backends.eql.layout import laid_out

from transpile.interpret import compile_pred
from transpile.ir.expr import Call, Field, Lit
from transpile.ir.pattern import Pattern, Wild
from transpile.ir.pred import (
    FALSE,
    TRUE,
    And,
    Compare,
    Exists,
    Glob,
    InNetwork,
    Keyword,
    Matches,
    Not,
    NumEq,
    Or,
    Order,
    Quant,
    Test,
    TextEq,
    Unknown,
)
from transpile.ir.regex import parse_regex
from transpile.ir.simplify import simplify_pred
from transpile.schema.bounds import widen
from transpile.schema.fields import FieldTarget

TYPES = {
    "k": FieldTarget("k", type="keyword"),
    "w": FieldTarget("w", type="wildcard", mv=True),
    "n": FieldTarget("n", type="long"),
    "ip": FieldTarget("ip", type="ip"),
    "t": FieldTarget("t", type="boolean"),
    "d": FieldTarget("d", type="date"),
    "script": FieldTarget("script", type="text"),
    "place": FieldTarget("place", type="geo_point"),
}
MAPPING = {name: target.type for name, target in TYPES.items()} | {"script": "wildcard"}


def of(name, wanted, quant=Quant.ANY):
    return Test(Field(name), wanted, quant)


def spl(value, cased=False):
    return Glob(Pattern.from_spl(value), cased)


def search(pattern):
    return Matches(parse_regex(pattern))


def said(pred):
    """Return the condition of a predicate with what was lost and assumed."""
    words = Vocabulary(TYPES)
    shaped, losses = widen(pred, words.bounds)
    return condition(shaped, words), losses, words


@pytest.mark.parametrize(
    ("pred", "written"),
    [
        pytest.param(of("k", TextEq("x.exe")), 'k : "x.exe"', id="text-without-case"),
        pytest.param(of("k", TextEq("x", cased=True)), 'k == "x"', id="text-with-case"),
        pytest.param(of("k", TextEq("a*b?")), 'k in~ ("a*b?")', id="literal-wildcards"),
        pytest.param(of("k", TextEq("a*", cased=True)), 'k == "a*"', id="cased-equality"),
        pytest.param(of("k", spl("a*")), 'k : "a*"', id="pattern-without-case"),
        pytest.param(of("k", spl("a*", cased=True)), 'k like "a*"', id="pattern-with-case"),
        pytest.param(of("k", Glob(Pattern.of("a", Wild.ONE))), 'k : "a?"', id="one-character"),
        pytest.param(of("k", spl("*a?b.c*")), r'k regex~ """.*a\?b\.c.*"""',
                     id="pattern-with-a-literal-wildcard"),
        pytest.param(of("k", Glob(Pattern.of("a*b", Wild.RUN), cased=True)),
                     r'k regex """a\*b.*"""', id="cased-pattern-with-a-literal-wildcard"),
        pytest.param(of("k", spl("*")), "k != null", id="a-run-alone-asks-for-the-field"),
        pytest.param(of("k", search("(?i)^ab+$")), r'k regex~ "ab+\n?"', id="regex-without-case"),
        pytest.param(of("k", search("a.b")), r'k regex ".*a[^\n]b.*"', id="regex-searches"),
        pytest.param(of("k", NumEq(5)), 'k == "5"', id="number-in-a-keyword"),
        pytest.param(of("k", Order("<", "m")), 'k < "m"', id="text-order"),
        pytest.param(of("n", NumEq(5)), "n == 5", id="number"),
        pytest.param(of("n", TextEq("5")), "n == 5", id="number-as-text"),
        pytest.param(of("n", spl("4*")), 'string(n) : "4*"', id="pattern-on-a-number"),
        pytest.param(of("n", Order(">=", 3)), "n >= 3", id="number-order"),
        pytest.param(of("ip", TextEq("10.0.0.1")), 'ip == "10.0.0.1"', id="address"),
        pytest.param(of("ip", InNetwork("10.0.0.0/8")), 'cidrMatch(ip, "10.0.0.0/8")', id="net"),
        pytest.param(of("ip", spl("192.168.*")), 'cidrMatch(ip, "192.168.0.0/16")', id="octets"),
        pytest.param(of("t", TextEq("TRUE")), "t == true", id="truth"),
        pytest.param(of("t", spl("f*")), "t == false", id="pattern-on-a-truth-value"),
        pytest.param(of("t", spl("*e")), "t != null", id="either-truth-value"),
        pytest.param(of("script", spl("*x*")), 'script : "*x*"', id="text-field-as-wildcard"),
        pytest.param(Test(Call("len", (Field("k"),)), Order(">", 9)), "length(k) > 9", id="length"),
        pytest.param(Test(Call("substr", (Field("k"), Lit(2), Lit(3))), TextEq("abc")),
                     'substring(k, 1, 4) : "abc"', id="part-of-a-text"),
        pytest.param(Compare("==", Field("k"), Lit("x")), 'k == "x"', id="comparison-with-text"),
        pytest.param(Compare("<", Lit("5"), Field("n")), "n > 5", id="constant-on-the-left"),
        pytest.param(Exists(Field("k")), "k != null", id="exists"),
        pytest.param(Not(Exists(Field("k"))), "k == null", id="missing"),
        pytest.param(Not(of("k", TextEq("x"))), 'not k : "x"', id="negation-of-one-test"),
        pytest.param(
            And((Not(of("k", TextEq("x"))), Exists(Field("n")), Not(of("k", TextEq("y"))))),
            'not k : ("x", "y") and n != null', id="negated-tests-share-a-list"),
        pytest.param(
            Not(And((Exists(Field("k")), Exists(Field("n"))))), "not (k != null and n != null)",
            id="negation-of-several-tests"),
        pytest.param(
            Or((of("k", TextEq("x")), of("w", spl("y*")), of("k", spl("z*")))),
            'k : ("x", "z*") or w : "y*"', id="alternatives-share-a-list"),
        pytest.param(
            Or((of("k", TextEq("x", cased=True)), of("k", TextEq("y", cased=True)))),
            'k in ("x", "y")', id="cased-alternatives"),
        pytest.param(
            Or((of("ip", InNetwork("10.0.0.0/8")), of("ip", spl("127.*")))),
            'cidrMatch(ip, "10.0.0.0/8", "127.0.0.0/8")', id="networks-share-a-call"),
        pytest.param(Or((of("k", search("a")), of("k", search("b")))),
                     'k regex ".*a.*" or k regex ".*b.*"', id="regexes-stay-apart"),
        pytest.param(Or((of("n", Order("<", 1)), of("n", Order(">", 9)))), "n < 1 or n > 9",
                     id="orders-share-nothing"),
        pytest.param(
            And((Or((Exists(Field("k")), Exists(Field("n")))), Exists(Field("t")))),
            "(k != null or n != null) and t != null", id="or-inside-and"),
        pytest.param(
            Or((And((Exists(Field("k")), Exists(Field("n")))), Exists(Field("t")))),
            "(k != null and n != null) or t != null", id="and-inside-or"),
        pytest.param(Or((of("ip", TextEq("-")), Exists(Field("k")))), "k != null",
                     id="no-address-in-a-field-of-addresses"),
        pytest.param(TRUE, "true", id="true"),
        pytest.param(FALSE, "false", id="false"),
    ],
)  # fmt: skip
def test_written(pred, written):
    piece, losses, _ = said(pred)
    assert (piece.text, losses) == (written, ())


KEPT = of("k", TextEq("x"))


@pytest.mark.parametrize(
    ("pred", "code", "message"),
    [
        pytest.param(Compare("==", Field("k"), Field("w")), "TGT604", "two fields", id="fields"),
        pytest.param(Keyword(Pattern.literal("x")), "TGT604", "raw text", id="raw-text"),
        pytest.param(Unknown("a macro", "SPL301"), "SPL301", "a macro", id="unknown"),
        pytest.param(of("k", Order(">", 5)), "TGT604", "ordered as a number", id="number-order"),
        pytest.param(of("k", InNetwork("10.0.0.0/8")), "TGT604", "not an address", id="network"),
        pytest.param(of("k", search("a(?=b)")), "TGT605", "lookahead", id="lookaround"),
        pytest.param(of("k", search("a" * 1001)), "TGT605", "too long", id="long-regex"),
        pytest.param(of("n", TextEq("five")), "TGT604", "is a number", id="text-in-a-number"),
        pytest.param(of("ip", spl("10.1*")), "TGT604", "IP address", id="part-of-an-address"),
        pytest.param(of("t", TextEq("yes")), "TGT604", "neither true nor false", id="no-truth"),
        pytest.param(of("d", NumEq(1)), "TGT604", "is a date", id="date"),
        pytest.param(of("place", TextEq("x")), "TGT604", "geo_point", id="type-outside-eql"),
        pytest.param(Test(Call("md5", (Field("k"),)), TextEq("x")), "TGT604", "md5", id="function"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("negated", [False, True], ids=["asked", "negated"])
def test_what_cannot_be_said_is_a_loss(pred, code, message, negated):
    piece, losses, _ = said(And((KEPT, Not(pred) if negated else pred)))
    assert piece.text == 'k : "x"'
    assert [loss.code for loss in losses] == [code]
    assert message in losses[0].message


def test_an_alternative_that_cannot_be_said_widens_the_whole_or():
    piece, losses, _ = said(And((KEPT, Or((Exists(Field("n")), Keyword(Pattern.literal("x")))))))
    assert (piece.text, len(losses)) == ('k : "x"', 1)


def test_all_of_several_values_is_widened_to_any_of_them():
    every = of("w", TextEq("x"), Quant.ALL)
    piece, losses, _ = said(And((KEPT, every)))
    assert (piece.text, len(losses)) == ('k : "x" and w : "x"', 1)
    piece, losses, _ = said(And((KEPT, Not(every))))
    assert (piece.text, len(losses)) == ('k : "x"', 1)


@pytest.mark.parametrize(
    ("pred", "assumption"),
    [
        (of("k", NumEq(5)), "numbers in k are written plainly (5, not 5.0)"),
        (
            of("k", TextEq("é")),
            "Elasticsearch folds the case of letters outside ASCII as Unicode does",
        ),
        (
            of("script", TextEq("x")),
            "script is mapped as keyword or wildcard: EQL cannot compare a field of type text "
            "(target esql can)",
        ),
    ],
    ids=["plain-numbers", "unicode-case", "text-field"],
)
def test_assumptions(pred, assumption):
    assert list(said(pred)[2].assumptions) == [assumption]


def test_a_test_of_all_values_assumes_a_single_one():
    assert list(said(of("k", TextEq("x"), Quant.ALL))[2].single) == ["k"]


def test_uses_tells_the_sign_of_a_field():
    pred = And((KEPT, Not(Or((of("n", NumEq(1)), Not(of("t", TextEq("true"))))))))
    assert uses(And((pred, Not(Exists(Field("ip")))))).positive == {"k", "t", "ip"}
    assert uses(pred).negative == {"n"}


def test_long_conditions_are_broken_and_read_the_same():
    tests = tuple(of("k", TextEq(f"value number {at}", at % 2 == 0)) for at in range(12))
    pred = And((Or(tests), Not(And((Or(tests[:6]), Or((tests[0], Exists(Field("n")))))))))
    piece, _, _ = said(pred)
    broken = laid_out(piece)
    assert max(map(len, broken.split("\n"))) < len(piece.text)
    assert parse_eql(f"any where {broken}") == parse_eql(f"any where {piece.text}")


# -- meaning: the interpreter is the judge ---------------------------------------------------------

SYMBOLS = ["a", "A", "b", "*", "?", "\\", ".", "é", "É", "\n", "5"]
ALL_TEXTS = ["", *SYMBOLS, *(one + two for one in SYMBOLS for two in SYMBOLS)]
PARTS = ["a", "B", "*", "\\", Wild.RUN, Wild.ONE]
ALL_PATTERNS = [Pattern.of(*found) for size in range(4) for found in product(PARTS, repeat=size)]
REGEXES = [
    "a", "^a", "b$", r"b\Z", r"b\z", "(?i)a.b?", r"\w\.", "[^a]+", "a|b", "^(?:a|B)*$", r"\\",
    r"\ba", r"a\b", "a{2}", "^a?$", "(?i)[a-b]{2}", "(?i)^é", r"^\S\s", "(?s)a.", "^$", r"\d",
]  # fmt: skip
ORDERS = ["<", "<=", ">", ">="]
CONDITIONS = {
    "equals": [TextEq(text, cased) for text in ALL_TEXTS for cased in (False, True)],
    "pattern": [Glob(pattern, cased) for pattern in ALL_PATTERNS for cased in (False, True)],
    "regex": [search(pattern) for pattern in REGEXES],
    "order": [Order(op, bound) for op in ORDERS for bound in ("a", "Ab", "é", "?")],
}


@pytest.mark.parametrize("kind", CONDITIONS)
def test_a_condition_on_text_selects_what_the_interpreter_selects(kind):
    events = [{"k": text} for text in ALL_TEXTS] + [{}]
    documents = [index_document(event, MAPPING) for event in events]
    for wanted in CONDITIONS[kind]:
        pred = simplify_pred(of("k", wanted))
        piece, losses, _ = said(pred)
        decide = compile_condition(parse_eql(f"any where {piece.text}").body.condition, MAPPING)
        keep = compile_pred(of("k", wanted))
        found = [event for event, doc in zip(events, documents, strict=True) if decide(doc)]
        assert (found, losses) == ([event for event in events if keep(event)], ()), piece.text


chars = st.sampled_from(["a", "A", "b"])
texts = (
    st.builds(TextEq, chars, st.booleans())
    | st.builds(Glob, chars.map(lambda c: Pattern.of(Wild.RUN, c)), st.booleans())
    | st.sampled_from(["a", "(?i)^b"]).map(search)
    | st.builds(Order, st.sampled_from(ORDERS), chars)
)
numbers = (
    st.builds(NumEq, st.integers(0, 2))
    | st.builds(Order, st.sampled_from(ORDERS), st.integers(0, 2))
    | st.builds(TextEq, st.integers(0, 2).map(str))
    | st.builds(Glob, st.just(Pattern.from_spl("1*")))
)
networks = st.sampled_from(
    [InNetwork("10.0.0.0/8"), TextEq("10.1.2.3"), spl("10.1.*"), spl("*"), InNetwork("fe80::/10")]
)
truths = st.sampled_from([TextEq("TRUE"), TextEq("false"), spl("*e"), spl("t*")])
sayable = (
    st.builds(of, st.just("k"), texts, st.sampled_from(Quant))
    | st.builds(of, st.just("w"), texts)
    | st.builds(of, st.just("n"), numbers)
    | st.builds(of, st.just("ip"), networks)
    | st.builds(of, st.just("t"), truths)
    | st.sampled_from(["k", "w", "n", "ip", "t"]).map(lambda name: Exists(Field(name)))
    | st.builds(
        lambda op, size: Test(Call("len", (Field("k"),)), Order(op, size)),
        st.sampled_from(["<", ">"]),
        st.integers(0, 2),
    )
)
unsayable = st.builds(of, st.just("w"), texts, st.just(Quant.ALL)) | st.sampled_from(
    [Compare("==", Field("k"), Field("w")), of("t", TextEq("no")), of("ip", spl("1*"))]
)


def grown(of_leaves):
    def grow(inner):
        many = st.lists(inner, min_size=2, max_size=3).map(tuple)
        return st.builds(Not, inner) | st.builds(And, many) | st.builds(Or, many)

    return st.recursive(of_leaves, grow, max_leaves=8)


values = st.fixed_dictionaries(
    {},
    optional={
        "k": chars,
        "w": chars | st.lists(chars, min_size=2, max_size=3),
        "n": st.integers(0, 12),
        "ip": st.sampled_from(["10.1.2.3", "10.200.0.1", "192.168.0.1", "fe80::1"]),
        "t": st.sampled_from(["true", "false"]),
    },
)
rows = st.lists(values, min_size=5, max_size=30)


def both(pred, events):
    """Return the events that the emitted text finds, those the interpreter finds, the losses."""
    piece, losses, _ = said(simplify_pred(pred))
    found = evaluate(parse_eql(f"any where {laid_out(piece)}"), events, mapping=MAPPING)
    keep = compile_pred(pred)
    return set(found), {at for at, event in enumerate(events) if keep(event)}, losses


@settings(max_examples=300, deadline=None)
@given(grown(sayable), rows)
def test_a_condition_selects_what_the_interpreter_selects(pred, events):
    found, wanted, losses = both(pred, events)
    assert (found, losses) == (wanted, ())


@settings(max_examples=300, deadline=None)
@given(grown(sayable | unsayable), rows)
def test_a_condition_with_losses_finds_no_less(pred, events):
    found, wanted, losses = both(pred, events)
    assert wanted <= found if losses else wanted == found
