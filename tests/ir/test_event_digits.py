"""Tests on decoded hexadecimal texts decide on the digits as on the text."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from transpile.interpret import compile_pred
from transpile.ir.events.hexadecimal import ONLY_DIGITS, on_digits, whole_bytes
from transpile.ir.expr import Call, Case, Expr, Field, Lit, RegexLit
from transpile.ir.given import decided
from transpile.ir.pattern import Pattern
from transpile.ir.pred import And, Exists, Glob, Matches, Not, Or, Pred, Test, TextEq
from transpile.ir.regex import parse_regex
from transpile.ir.simplify import simplify_pred
from transpile.ir.walk import descend

F = Field("f")
HEX = Matches(ONLY_DIGITS)


def replaced(subject: Expr, regex: str, text: str) -> Call:
    return Call("replace", (subject, RegexLit(parse_regex(regex)), Lit(text)))


def chosen(subject: Expr, value: Expr) -> Case:
    return Case(((Test(subject, HEX), value),), subject)


def decoded() -> Expr:
    """Return the text of f as the searches of the public rules compute it."""
    first = chosen(F, replaced(F, "000", "020"))
    second = chosen(first, replaced(first, "00", "20"))
    return chosen(second, Call("urldecode", (replaced(second, "([0-9A-F]{2})", "%\\1"),)))


conditions = st.one_of(
    st.builds(TextEq, st.text("ab -é", max_size=3), st.booleans()),
    st.builds(Glob, st.text("ab -é%_", max_size=4).map(Pattern.from_like), st.booleans()),
)
arguments = st.lists(st.text("abA é-%", min_size=1, max_size=3), min_size=1, max_size=3)
values = st.one_of(
    arguments.map(lambda parts: "\0".join(parts).encode().hex().upper()),
    st.text("abA -4F0", max_size=5),
)


@settings(max_examples=200, deadline=None)
@given(conditions, values)
def test_digits_are_asked_for_the_text(condition: Glob | TextEq, value: str) -> None:
    pred = simplify_pred(Test(decoded(), condition))
    said, names = on_digits(pred)
    event = {"f": value}
    if all(compile_pred(whole_bytes(name))(event) for name in names):
        assert compile_pred(said)(event) == compile_pred(pred)(event)


def test_no_decoding_remains() -> None:
    said, names = on_digits(simplify_pred(Test(decoded(), Glob(Pattern.from_spl("*a b*"), True))))
    assert names == {"f"}
    assert not any(isinstance(node, Call) for node in descend(said))


def test_other_texts_stay() -> None:
    pred = Test(replaced(F, "x", "y"), TextEq("a"))
    assert on_digits(pred) == (pred, frozenset())


leaves = st.sampled_from([Test(Field(name), TextEq("x")) for name in "abc"]) | st.just(
    Exists(Field("a"))
)


def grow(inner: st.SearchStrategy[Pred]) -> st.SearchStrategy[Pred]:
    many = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.builds(Not, inner) | st.builds(And, many) | st.builds(Or, many)


@settings(max_examples=300, deadline=None)
@given(
    st.recursive(leaves, grow, max_leaves=10),
    st.dictionaries(st.sampled_from("abc"), st.sampled_from("xy")),
)
def test_what_surroundings_decide_changes_nothing(pred: Pred, event: dict[str, str]) -> None:
    assert compile_pred(decided(pred))(event) == compile_pred(pred)(event)
