"""Filter terms: precedence, values, quoting, lists, keywords."""

from __future__ import annotations

import pytest

from transpile.spl import ast, parse_filter


def eq(field: str, value: str, *, op: ast.FilterOp = "=") -> ast.Comparison:
    return ast.Comparison(field, op, ast.Value(value))


def is_in(field: str, *values: str) -> ast.In:
    return ast.In(field, tuple(ast.Value(v) for v in values))


A, B, C = eq("a", "1"), eq("b", "2"), eq("c", "3")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        pytest.param(
            "a=1 b=2 OR c=3", ast.And((A, ast.Or((B, C)))), id="or-binds-tighter-than-and"
        ),
        pytest.param("a=1 OR b=2 c=3", ast.And((ast.Or((A, B)), C)), id="or-first-then-and"),
        pytest.param(
            "a=1 AND b=2 OR c=3", ast.And((A, ast.Or((B, C)))), id="written-and-is-the-same"
        ),
        pytest.param(
            "NOT a=1 OR b=2", ast.Or((ast.Not(A), B)), id="not-binds-to-the-next-term-only"
        ),
        pytest.param("NOT (a=1 b=2)", ast.Not(ast.And((A, B))), id="not-of-a-group"),
        pytest.param("NOT NOT a=1", ast.Not(ast.Not(A)), id="double-negation-is-kept"),
        pytest.param("((a=1))", A, id="redundant-parentheses-vanish"),
        pytest.param("()", ast.Everything(), id="empty-parentheses-are-no-condition"),
        pytest.param(
            "() a=1", ast.And((ast.Everything(), A)), id="empty-parentheses-beside-a-term"
        ),
        pytest.param(
            "x and y",
            ast.And((ast.Term("x"), ast.Term("and"), ast.Term("y"))),
            id="lower-case-operators-are-keywords",
        ),
        pytest.param("f IN (a, b)", is_in("f", "a", "b"), id="in-list"),
        pytest.param("f IN(a)", is_in("f", "a"), id="in-list-without-space"),
        pytest.param("f NOT IN (a)", ast.Not(is_in("f", "a")), id="not-in"),
        pytest.param("f IN (a, b,)", is_in("f", "a", "b"), id="trailing-comma-of-a-list"),
        pytest.param("f IN (,a,,b)", is_in("f", "a", "b"), id="empty-items-are-no-values"),
        pytest.param("f!=x", eq("f", "x", op="!="), id="not-equal-stays-a-comparison"),
        pytest.param("f >= 5", eq("f", "5", op=">="), id="spaces-around-the-operator"),
        pytest.param("f==x", eq("f", "x"), id="double-equals-is-equals"),
        pytest.param('"my field"=x', eq("my field", "x"), id="quoted-field"),
        pytest.param("a{}.b-c=x", eq("a{}.b-c", "x"), id="field-from-json"),
        pytest.param("tag::dest=x", eq("tag::dest", "x"), id="tag-of-a-field"),
        pytest.param("f=a=b", eq("f", "a=b"), id="value-with-an-equals-sign"),
        pytest.param("f=a,b", eq("f", "a,b"), id="comma-inside-a-value"),
        pytest.param("a=1, b=2", ast.And((A, B)), id="comma-between-terms"),
        pytest.param("f=O'Neil", eq("f", "O'Neil"), id="apostrophe-is-an-ordinary-character"),
        pytest.param("f=&gt;x", eq("f", "&gt;x"), id="html-entities-stay-literal"),
        pytest.param("earliest=-1h@h", ast.TimeBound("earliest", "-1h@h"), id="time-bound"),
        pytest.param("earliest!=1", eq("earliest", "1", op="!="), id="only-equals-bounds-time"),
        pytest.param('"two words"', ast.Term("two words", True), id="phrase"),
        pytest.param("TERM(a.b)", ast.Term("a.b", False, "term"), id="indexed-term"),
        pytest.param("CASE(Ab)", ast.Term("Ab", False, "case"), id="case-sensitive-keyword"),
        pytest.param(
            "f=CASE(Ab)",
            ast.Comparison("f", "=", ast.Value("Ab", case_sensitive=True)),
            id="case-sensitive-value",
        ),
        pytest.param(
            "f=TERM(x)",
            ast.Comparison("f", "=", ast.Value("x", exact_term=True)),
            id="exact-term-value",
        ),
        pytest.param('"AND"', ast.Term("AND", True), id="quoted-operator-is-a-phrase"),
        pytest.param('f="OR"', eq("f", "OR"), id="quoted-operator-is-a-value"),
    ],
)
def test_filter_tree(text: str, tree: ast.Filter) -> None:
    assert parse_filter(text) == tree


@pytest.mark.parametrize(
    ("written", "meaning"),
    [
        pytest.param(r'"C:\\Temp\\*"', r"C:\Temp\*", id="pair-then-wildcard"),
        pytest.param(r"C:\\Temp", r"C:\Temp", id="unquoted-gets-the-same-unescape"),
        pytest.param(r'"*\sam *"', r"*\sam *", id="single-backslash-is-literal"),
        pytest.param(r'"\\\\*\\SYSVOL"', r"\\*\SYSVOL", id="unc-path"),
        pytest.param(r'"say \"x\""', 'say "x"', id="escaped-quote"),
        pytest.param(r'"end \\"', "end \\", id="pair-before-the-closing-quote"),
        pytest.param(r"a\|b", "a|b", id="escaped-pipe"),
        pytest.param('"a|b [c] (d"', "a|b [c] (d", id="structure-inside-quotes-is-text"),
        pytest.param('""', "", id="empty-value"),
        pytest.param('"a\nb"', "a\nb", id="newline-in-a-value"),
    ],
)
def test_value_is_unescaped_once(written: str, meaning: str) -> None:
    assert parse_filter(f"f={written}") == eq("f", meaning)


def test_quoting_of_a_value_is_recorded() -> None:
    quoted, bare = parse_filter('f="x*"'), parse_filter("f=x*")
    assert isinstance(quoted, ast.Comparison)
    assert isinstance(bare, ast.Comparison)
    assert (quoted.value.quoted, bare.value.quoted) == (True, False)
    assert quoted == bare
