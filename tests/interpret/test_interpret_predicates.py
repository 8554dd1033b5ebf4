"""Predicates: tables from the docstrings of the nodes, and a second reading held against them."""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import ip_address, ip_network
from typing import Any, get_args

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from transpile.interpret import Context, NotComputable, Table, compile_pred, matched
from transpile.ir import pred as p
from transpile.ir.expr import Call, Case, Expr, Field, Lit
from transpile.ir.pattern import Pattern, Wild
from transpile.ir.pred import Pred, Quant
from transpile.ir.regex import parse_regex
from transpile.ir.stages import Events, Filter, LookupTable, Pipeline
from transpile.ir.text import fold, number
from transpile.ir.walk import descend

F = Field("f")


def decide(pred: Pred, **row: Any) -> bool:
    return compile_pred(pred)(row)


def glob(pattern: str, cased: bool = False) -> p.Glob:
    return p.Glob(Pattern.from_spl(pattern), cased)


CONDITIONS = [
    (p.TextEq("Abc"), "aBC", True, "text-ignores-case"),
    (p.TextEq("Abc", cased=True), "abc", False, "cased-text-does-not"),
    (p.TextEq("1"), 1, True, "a-number-compares-as-its-text"),
    (p.TextEq("1"), "1.0", False, "text-equality-is-not-numeric"),
    (p.TextEq("3"), 3.0, True, "a-whole-float-prints-without-decimals"),
    (p.TextEq(""), "", True, "empty-equals-empty"),
    (p.TextEq("Ä"), "ä", True, "folding-goes-beyond-ascii"),
    (p.NumEq(1), "1.0", True, "number-as-text"),
    (p.NumEq(1), "01", True, "leading-zero"),
    (p.NumEq(1), " 1", False, "a-space-is-no-number"),
    (p.NumEq(1), "abc", False, "text-is-no-number"),
    (p.NumEq(1), "1e0", True, "exponent"),
    (glob("net*"), "NET.exe", True, "wildcard-ignores-case"),
    (glob("net*"), "c:\\net.exe", False, "wildcard-is-bound-to-both-ends"),
    (glob("a?c"), "abc", False, "question-mark-is-literal"),
    (glob("a.c"), "abc", False, "dot-is-literal"),
    (glob("a*b"), "a\nb", True, "run-takes-newlines"),
    (glob("*A*", cased=True), "bab", False, "cased-wildcard"),
    (glob("1*"), 123, True, "wildcard-on-a-number"),
    (p.Matches(parse_regex("b+")), "abbc", True, "regex-is-unanchored"),
    (p.Matches(parse_regex("B")), "abc", False, "regex-is-cased"),
    (p.Matches(parse_regex("(?i)B")), "abc", True, "regex-flag"),
    (p.Matches(parse_regex("^1$")), 1, True, "regex-on-a-number"),
    (p.Order(">", 5), "10", True, "number-bound-compares-numbers"),
    (p.Order(">", 5), "9", True, "number-bound-compares-numbers-2"),
    (p.Order(">", 5), "abc", True, "number-bound-compares-other-text-as-text"),
    (p.Order(">", 5), "", False, "empty-text-is-below"),
    (p.Order("<", "b"), "B", True, "text-bound-is-in-byte-order"),
    (p.Order("<", "9"), 10, True, "text-bound-compares-as-text-always"),
    (p.Order(">=", 5), 5.0, True, "equal-bound"),
    (p.InNetwork("10.0.0.0/8"), "10.1.2.3", True, "inside-network"),
    (p.InNetwork("10.0.0.0/8"), "11.1.2.3", False, "outside-network"),
    (p.InNetwork("10.0.0.0/8"), "ten", False, "no-address"),
    (p.InNetwork("10.1.2.3/8"), "10.9.9.9", True, "host-bits-do-not-matter"),
    (p.InNetwork("fe80::/10"), "fe80::1", True, "ipv6"),
    (p.InNetwork("10.0.0.0/8"), "fe80::1", False, "other-version"),
]


@pytest.mark.parametrize(
    ("condition", "value", "expected"), [pytest.param(*c[:3], id=c[3]) for c in CONDITIONS]
)
def test_condition(condition: p.Condition, value: Any, expected: bool) -> None:
    assert decide(p.Test(F, condition), f=value) is expected
    assert decide(p.Test(Call("coalesce", (F,)), condition), f=value) is expected


IS_A = p.TextEq("a")


@pytest.mark.parametrize(
    ("pred", "value", "expected"),
    [
        pytest.param(p.Test(F, IS_A), ["b", "a"], True, id="any-needs-one"),
        pytest.param(p.Test(F, IS_A, Quant.ALL), ["b", "a"], False, id="all-needs-every"),
        pytest.param(p.Test(F, IS_A, Quant.ALL), ["a", "A"], True, id="all-of-equal-values"),
        pytest.param(p.Test(F, IS_A), None, False, id="any-of-missing-is-false"),
        pytest.param(p.Test(F, IS_A, Quant.ALL), None, False, id="all-of-missing-is-false"),
        pytest.param(p.Test(F, IS_A, Quant.ALL), [], False, id="all-of-an-empty-list-is-false"),
        pytest.param(p.Not(p.Test(F, IS_A)), None, True, id="not-is-true-for-missing"),
        pytest.param(p.Exists(F), "", True, id="empty-text-exists"),
        pytest.param(p.Exists(F), None, False, id="missing-does-not-exist"),
        pytest.param(p.Exists(F), 0, True, id="zero-exists"),
        pytest.param(p.Or((p.Test(F, IS_A), p.Test(F, p.TextEq("B")), p.Exists(Field("g")))),
                     ["x", "b"], True, id="alternatives-on-one-field"),
        pytest.param(p.Or((p.Test(F, IS_A), p.Test(F, p.TextEq("7")))), 7, True,
                     id="alternatives-on-a-number"),
        pytest.param(p.And(()), None, True, id="empty-and-is-true"),
        pytest.param(p.Or(()), None, False, id="empty-or-is-false"),
    ],
)  # fmt: skip
def test_values_and_missing(pred: Pred, value: Any, expected: bool) -> None:
    row = {} if value is None else {"f": value}
    assert compile_pred(pred)(row) is expected


G = Field("g")


@pytest.mark.parametrize(
    ("pred", "row", "expected"),
    [
        pytest.param(p.Compare("==", F, G), {"f": "1.0", "g": 1}, True, id="numbers-by-amount"),
        pytest.param(p.Compare("==", F, G), {"f": "a", "g": "A"}, False, id="text-is-cased"),
        pytest.param(p.Compare("==", F, G), {"f": "a"}, False, id="missing-side-is-false"),
        pytest.param(p.Compare("==", F, G), {"f": ["x", "y"], "g": ["y", "z"]}, True,
                     id="some-pair-is-equal"),
        pytest.param(p.Compare("==", F, G, all_values=True), {"f": ["y", "y"], "g": "y"}, True,
                     id="every-pair-is-equal"),
        pytest.param(p.Compare("==", F, G, all_values=True), {"f": ["y", "x"], "g": "y"}, False,
                     id="not-every-pair-is-equal"),
        pytest.param(p.Compare("<", F, G), {"f": "9", "g": "10"}, True, id="order-of-numbers"),
        pytest.param(p.Compare("<", F, G), {"f": "9", "g": "a10"}, True, id="order-of-text"),
        pytest.param(p.Compare(">", F, G), {"f": ["5", "1"], "g": 3}, True,
                     id="first-value-counts"),
        pytest.param(p.Compare(">=", F, G), {"g": 3}, False, id="order-of-missing-is-false"),
    ],
)  # fmt: skip
def test_compare(pred: Pred, row: dict[str, Any], expected: bool) -> None:
    assert compile_pred(pred)(row) is expected


@pytest.mark.parametrize(
    ("keyword", "raw", "expected"),
    [
        ("fail", "login FAIL now", True),
        ("fail", "login failed", False),
        ("fail*", "login failed", True),
        ("fail*d", "fail and d", False),
        ("127.0.0.1", "from 127.0.0.1:80", True),
        ("127.0.0.1", "from 127.0.0.10", False),
        ("two words", "has Two Words here", True),
        ("a_b", "xa_b", False),
        ("x", "", False),
    ],
)
def test_keyword(keyword: str, raw: str, expected: bool) -> None:
    assert decide(p.Keyword(Pattern.from_spl(keyword)), _raw=raw) is expected


def test_keyword_with_case_and_without_raw_text() -> None:
    assert not decide(p.Keyword(Pattern.from_spl("fail"), cased=True), _raw="FAIL")
    assert not decide(p.Keyword(Pattern.from_spl("fail")), f="fail")


def test_unknown_keeps_the_row_under_either_polarity() -> None:
    unknown = p.Unknown("a model decides")
    assert decide(unknown)
    assert decide(p.Not(unknown))
    assert decide(p.Not(p.Not(unknown)))


def test_a_wrong_network_is_refused() -> None:
    with pytest.raises(NotComputable):
        compile_pred(p.Test(F, p.InNetwork("10.0.0.0/99")))


def test_an_inner_search_outside_a_run_is_refused() -> None:
    decide_row = compile_pred(p.InRows(Pipeline((Events(),))))
    with pytest.raises(NotComputable):
        decide_row({})


INNER = ({"u": "a*", "_x": "never"}, {"u": "b", "d": "X"})


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        pytest.param({"u": "ABC"}, True, id="wildcard-and-case-of-the-inner-value"),
        pytest.param({"u": "b"}, False, id="every-field-of-the-inner-row-must-agree"),
        pytest.param({"u": "b", "d": ["y", "x"]}, True, id="any-value-of-the-row"),
        pytest.param({}, False, id="missing"),
    ],
)
def test_rows_of_an_inner_search(event: dict[str, Any], expected: bool) -> None:
    context = Context(now=0, lookups={"t": Table("t", INNER)})
    pipeline = Pipeline((Events(), Filter(p.InRows(Pipeline((LookupTable("t"),))))))
    assert bool(matched(pipeline, [event], context)) is expected


def test_no_rows_of_an_inner_search_match_nothing_and_their_negation_everything() -> None:
    context = Context(now=0, lookups={"t": Table("t", ())})
    inner = p.InRows(Pipeline((LookupTable("t"),)))
    assert matched(Pipeline((Events(), Filter(inner))), [{}, {"u": "a"}], context) == []
    assert matched(Pipeline((Events(), Filter(p.Not(inner)))), [{}, {"u": "a"}], context) == [0, 1]


# -- a second reading ----------------------------------------------------------------------------
# Written from the docstrings of transpile/ir/pred.py, with lists, loops and no tricks.


def listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def shown(value: Any) -> str:
    if isinstance(value, str):
        return value
    return str(int(value)) if float(value).is_integer() else repr(value)


def amount(value: Any) -> Any:
    return number(value) if isinstance(value, str) else value


def value_of(expr: Expr, row: dict[str, Any]) -> Any:
    match expr:
        case Field(name):
            return row.get(name)
        case Lit(value):
            return value
        case Call("lower", (arg,)):
            found = [shown(v).lower() for v in listed(value_of(arg, row))]
            return found[0] if len(found) == 1 else found or None
        case Case(branches, default):
            for condition, value in branches:
                if holds(condition, row):
                    return value_of(value, row)
            return value_of(default, row)
    raise AssertionError(expr)


def glob_holds(parts: tuple[Any, ...], value: str) -> bool:
    if not parts:
        return not value
    head, rest = parts[0], parts[1:]
    if head is Wild.RUN:
        return any(glob_holds(rest, value[at:]) for at in range(len(value) + 1))
    if head is Wild.ONE:
        return bool(value) and glob_holds(rest, value[1:])
    return value.startswith(head) and glob_holds(rest, value[len(head) :])


def in_order(op: str, left: Any, right: Any) -> bool:
    return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[op]


def meets(condition: p.Condition, value: Any) -> bool:
    text = shown(value)
    match condition:
        case p.TextEq(wanted, cased):
            return text == wanted if cased else fold(text) == fold(wanted)
        case p.NumEq(wanted):
            return amount(value) is not None and amount(value) == wanted
        case p.Glob(pattern, True):
            return glob_holds(pattern.parts, text)
        case p.Glob(pattern, False):
            parts = tuple(fold(x) if isinstance(x, str) else x for x in pattern.parts)
            return glob_holds(parts, fold(text))
        case p.Order(op, bound):
            if not isinstance(bound, str) and amount(value) is not None:
                return in_order(op, amount(value), bound)
            return in_order(op, text.encode(), shown(bound).encode())
        case p.InNetwork(network):
            try:
                return ip_address(text) in ip_network(network)
            except ValueError:
                return False
        case p.Matches(regex):
            return REGEXES[regex.source](text)
    raise AssertionError(condition)


REGEXES: dict[str, Callable[[str], bool]] = {
    "b+": lambda text: "b" in text,
    "(?i)a": lambda text: "a" in text.lower(),
    "^a": lambda text: text[:1] == "a",
    "b$": lambda text: text[-1:] == "b" or text[-2:] == "b\n",
    "^$": lambda text: text in ("", "\n"),
    "a.b": lambda text: any(
        text[i] == "a" and text[i + 1] != "\n" and text[i + 2] == "b" for i in range(len(text) - 2)
    ),
    r"\d[^0]": lambda text: any(
        text[i] in "0123456789" and text[i + 1] != "0" for i in range(len(text) - 1)
    ),
}
"""Regular expressions and what each says, written out."""


def equal(left: Any, right: Any) -> bool:
    if amount(left) is not None and amount(right) is not None:
        return bool(amount(left) == amount(right))
    return shown(left) == shown(right)


def keyword_holds(parts: tuple[Any, ...], raw: str) -> bool:
    """Try every stretch of the raw text whose neighbours are no letters or digits."""
    breakers = set(" \t\r\n[]<>(){}|!;,'\"*&?+")

    def covers(rest: tuple[Any, ...], stretch: str) -> bool:
        if not rest:
            return not stretch
        if rest[0] is Wild.RUN:
            return any(
                covers(rest[1:], stretch[at:])
                for at in range(len(stretch) + 1)
                if not breakers & set(stretch[:at])
            )
        return stretch.startswith(rest[0]) and covers(rest[1:], stretch[len(rest[0]) :])

    def edge(text: str) -> bool:
        return re.fullmatch("[A-Za-z0-9]", text) is None

    size = len(raw)
    return any(
        covers(parts, raw[i:j])
        for i in range(size + 1)
        for j in range(i, size + 1)
        if edge(raw[i - 1 : i] if i else "") and edge(raw[j : j + 1])
    )


def holds(pred: Pred, row: dict[str, Any]) -> bool:
    match pred:
        case p.Const(value):
            return value
        case p.And(args):
            return all(holds(arg, row) for arg in args)
        case p.Or(args):
            return any(holds(arg, row) for arg in args)
        case p.Not(arg):
            return not holds(arg, row)
        case p.Exists(subject):
            return len(listed(value_of(subject, row))) > 0
        case p.Test(subject, condition, quant):
            results = [meets(condition, v) for v in listed(value_of(subject, row))]
            return bool(results) and (any(results) if quant is Quant.ANY else all(results))
        case p.Compare("==", left, right, all_values):
            results = [
                equal(a, b)
                for a in listed(value_of(left, row))
                for b in listed(value_of(right, row))
            ]
            return bool(results) and (all(results) if all_values else any(results))
        case p.Compare(op, left, right):
            a, b = listed(value_of(left, row)), listed(value_of(right, row))
            if not a or not b:
                return False
            if amount(a[0]) is not None and amount(b[0]) is not None:
                return in_order(op, amount(a[0]), amount(b[0]))
            return in_order(op, shown(a[0]).encode(), shown(b[0]).encode())
        case p.Keyword(pattern, cased):
            parts, raw = pattern.parts, row.get("_raw")
            if raw is None:
                return False
            if not cased:
                parts = tuple(fold(x) if isinstance(x, str) else x for x in parts)
                raw = fold(raw)
            return keyword_holds(parts, raw)
        case p.Unknown(decided=known) if known is not None:
            return holds(known, row)
    raise AssertionError(pred)


TEXTS = ["", "a", "A", "b", "ab", "a*", "*", "1", "1.0", "01", "-2", "10", "9", "1e1", "%", "a_b",
         "\\", '"', "a\nb", "ä", "Ä", "İ", "10.0.0.1", "::1"]  # fmt: skip
scalars = st.sampled_from([*TEXTS, 1, 10, 1.5, -2, 3.0])
rows = st.fixed_dictionaries(
    {},
    optional={
        "f": scalars | st.lists(scalars, min_size=2, max_size=3),
        "g": scalars | st.lists(scalars, min_size=2, max_size=3),
        "_raw": st.text("aAb1 ,.*_-", max_size=6),
    },
)
patterns = st.lists(
    st.sampled_from(["a", "A", "b", "1", ".", "\\", "\n", "ä", Wild.RUN, Wild.ONE]), max_size=4
).map(lambda parts: Pattern.of(*parts))
words = st.lists(st.sampled_from(["a", "A", "b", "1", ".", "_", " ", Wild.RUN]), min_size=1,
                 max_size=4).map(lambda parts: Pattern.of(*parts))  # fmt: skip
conditions = (
    st.builds(p.TextEq, st.sampled_from(TEXTS), st.booleans())
    | st.builds(p.NumEq, st.sampled_from([0, 1, 1.5, 10, -2]))
    | st.builds(p.Glob, patterns, st.booleans())
    | st.builds(
        p.Order, st.sampled_from(["<", "<=", ">", ">="]), st.sampled_from(["a", "1", 1, 9.5])
    )
    | st.builds(p.InNetwork, st.sampled_from(["10.0.0.0/8", "::/64"]))
    | st.sampled_from([p.Matches(parse_regex(source)) for source in REGEXES])
)
fields = st.sampled_from([Field("f"), Field("g"), Field("gone")])
plain = fields | st.builds(Lit, scalars) | st.just(Lit(None))
exprs = plain | st.builds(lambda x: Call("lower", (x,)), fields)
leaves: st.SearchStrategy[Pred] = (
    st.builds(p.Const, st.booleans())
    | st.builds(p.Exists, exprs)
    | st.builds(p.Test, exprs, conditions, st.sampled_from(Quant))
    | st.builds(
        p.Compare, st.sampled_from(["==", "<", "<=", ">", ">="]), exprs, exprs, st.booleans()
    )
    | st.builds(p.Keyword, words, st.booleans())
)


def grow(inner: st.SearchStrategy[Pred]) -> st.SearchStrategy[Pred]:
    many = st.lists(inner, max_size=4).map(tuple)
    cases = st.builds(lambda c, v, d: Case(((c, v),), d), inner, plain, plain)
    return (
        st.builds(p.Not, inner)
        | st.builds(p.And, many)
        | st.builds(p.Or, many)
        | st.builds(p.Test, cases, conditions, st.sampled_from(Quant))
        | st.builds(lambda known: p.Unknown("stands in the event", decided=known), inner)
    )


preds = st.recursive(leaves, grow, max_leaves=8)


@settings(max_examples=600, deadline=None, derandomize=True)
@given(preds, st.lists(rows, max_size=6))
def test_compiled_predicates_agree_with_the_plain_reading(
    pred: Pred, events: list[dict[str, Any]]
) -> None:
    compiled = compile_pred(pred)
    assert [compiled(row) for row in events] == [holds(pred, row) for row in events]


@pytest.mark.parametrize("kind", get_args(p.Condition))
def test_every_condition_is_among_those_compared(kind: type) -> None:
    assert find(conditions, lambda condition: isinstance(condition, kind))


@pytest.mark.parametrize("kind", [kind for kind in get_args(p.Pred) if kind is not p.InRows])
def test_every_predicate_is_among_those_compared(kind: type) -> None:
    """`InRows` needs other rows to compare with: the next test."""
    assert find(preds, lambda pred: any(isinstance(node, kind) for node in descend(pred)))


inner_values = st.sampled_from(["a", "A", "b", "a*", "*", "1", "x y"])
inner_rows = st.lists(
    st.dictionaries(st.sampled_from(["f", "g", "_x"]), inner_values, max_size=3), max_size=3
)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(inner_rows, st.lists(rows, max_size=5))
def test_rows_of_an_inner_search_agree_with_the_plain_reading(
    inner: list[dict[str, Any]], events: list[dict[str, Any]]
) -> None:
    def agrees(row: dict[str, Any], wanted: dict[str, Any]) -> bool:
        return all(
            any(meets(glob(value), v) for v in listed(row.get(name)))
            for name, value in wanted.items()
            if not name.startswith("_")
        )

    context = Context(now=0, lookups={"t": Table("t", tuple(inner))})
    pipeline = Pipeline((Events(), Filter(p.InRows(Pipeline((LookupTable("t"),))))))
    expected = [i for i, row in enumerate(events) if any(agrees(row, want) for want in inner)]
    assert sorted(matched(pipeline, events, context)) == expected
