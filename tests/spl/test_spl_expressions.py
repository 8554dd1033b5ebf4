"""Eval expressions: precedence, literals, fields, functions."""

from __future__ import annotations

import pytest

from transpile.errors import SplSyntaxError
from transpile.spl import ast, parse_expression
from transpile.spl.functions import ANY, EVAL_FUNCTIONS, STATS_FUNCTIONS, stats_function

A, B, C, D = (ast.FieldRef(name) for name in "abcd")


def op(operator: ast.BinaryOp, left: ast.Expr, right: ast.Expr) -> ast.Binary:
    return ast.Binary(operator, left, right)


def negated(arg: ast.Expr) -> ast.Unary:
    return ast.Unary("NOT", arg)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        pytest.param("a AND b OR c", op("OR", op("AND", A, B), C), id="and-binds-tighter-than-or"),
        pytest.param("a OR b AND c", op("OR", A, op("AND", B, C)), id="or-then-and"),
        pytest.param("a XOR b OR c", op("XOR", A, op("OR", B, C)), id="xor-binds-loosest"),
        pytest.param("a and b or not c", op("OR", op("AND", A, B), negated(C)), id="any-case"),
        pytest.param(
            "NOT a=b AND c", op("AND", negated(op("=", A, B)), C), id="not-of-a-comparison"
        ),
        pytest.param("!a AND b", op("AND", negated(A), B), id="exclamation-mark-is-not"),
        pytest.param("a+b*c", op("+", A, op("*", B, C)), id="product-before-sum"),
        pytest.param("a-b-c", op("-", op("-", A, B), C), id="left-associative"),
        pytest.param("a.b+c", op(".", A, op("+", B, C)), id="sum-before-concatenation"),
        pytest.param("a.b=c", op("=", op(".", A, B), C), id="concatenation-before-comparison"),
        pytest.param("-a*b", op("*", ast.Unary("-", A), B), id="sign-binds-tightest"),
        pytest.param("a=-1", op("=", A, ast.Unary("-", ast.Literal(1))), id="sign-after-operator"),
        pytest.param("(a OR b) AND c", op("AND", op("OR", A, B), C), id="parentheses"),
        pytest.param("a==b", op("=", A, B), id="double-equals"),
        pytest.param("a<>b", op("!=", A, B), id="unequal-of-sql"),
        pytest.param('a like "x%"', op("LIKE", A, ast.Literal("x%")), id="like-operator"),
        pytest.param(
            'a NOT LIKE "x"', negated(op("LIKE", A, ast.Literal("x"))), id="infix-not-like"
        ),
        pytest.param(
            'a IN ("x", b)', ast.InList(A, (ast.Literal("x"), B)), id="fields-in-the-list"
        ),
        pytest.param(
            "a NOT IN (1) OR b", op("OR", negated(ast.InList(A, (ast.Literal(1),))), B), id="not-in"
        ),
        pytest.param("in(a, 1)", ast.Call("in", (A, ast.Literal(1))), id="in-as-function"),
        pytest.param(
            'LIKE(a,"x")', ast.Call("like", (A, ast.Literal("x"))), id="functions-any-case"
        ),
        pytest.param("null", ast.FieldRef("null"), id="bare-null-is-a-field"),
        pytest.param("true", ast.FieldRef("true"), id="bare-true-is-a-field"),
        pytest.param("null()", ast.Call("null", ()), id="null-function"),
        pytest.param("'a.b'", ast.FieldRef("a.b"), id="single-quotes-name-a-field"),
        pytest.param('"a.b"', ast.Literal("a.b"), id="double-quotes-hold-a-text"),
        pytest.param("a{}.b", ast.FieldRef("a{}.b"), id="field-from-json-without-quotes"),
        pytest.param("a.1", op(".", A, ast.Literal(1)), id="dot-after-a-field-concatenates"),
        pytest.param("1.5", ast.Literal(1.5), id="decimal"),
        pytest.param("1e3", ast.Literal(1000.0), id="exponent"),
        pytest.param(r'"\\d\"\s"', ast.Literal('\\d"\\s'), id="string-is-unescaped-once"),
    ],
)
def test_expression_tree(text: str, tree: ast.Expr) -> None:
    assert parse_expression(text) == tree


def test_quoting_of_a_field_is_recorded() -> None:
    quoted = parse_expression("'a'")
    assert isinstance(quoted, ast.FieldRef)
    assert quoted.quoted


@pytest.mark.parametrize("operator", ["AND", "OR", "XOR", "."])
def test_long_associative_chains_keep_their_order_and_stay_shallow(operator: str) -> None:
    tree = parse_expression(f" {operator} ".join(f"f{i}" for i in range(1000)))
    assert leaves(tree) == [f"f{i}" for i in range(1000)]
    assert depth(tree) < 40


def leaves(node: ast.Expr) -> list[str]:
    match node:
        case ast.Binary(left=left, right=right):
            return leaves(left) + leaves(right)
        case ast.FieldRef(name):
            return [name]
    raise AssertionError(node)


def depth(node: ast.Expr) -> int:
    return 1 + max(depth(node.left), depth(node.right)) if isinstance(node, ast.Binary) else 1


@pytest.mark.parametrize("name", sorted(EVAL_FUNCTIONS))
def test_every_eval_function_takes_its_fewest_arguments_and_not_less(name: str) -> None:
    fewest, most = EVAL_FUNCTIONS[name]
    call = parse_expression(f"{name}({', '.join(['a'] * fewest)})")
    assert isinstance(call, ast.Call)
    assert (call.name, len(call.args)) == (name, fewest)
    for wrong in [fewest - 1] * (fewest > 0) + [most + 1] * (most < ANY):
        with pytest.raises(SplSyntaxError, match="arguments") as caught:
            parse_expression(f"{name}({', '.join(['a'] * wrong)})")
        assert caught.value.code == "SPL106"


@pytest.mark.parametrize(
    ("word", "known"),
    [
        pytest.param("DC", ("dc", None), id="any-case"),
        pytest.param("distinct_count", ("dc", None), id="synonym"),
        pytest.param("c", ("count", None), id="short-form"),
        pytest.param("p95", ("perc", 95.0), id="short-percentile"),
        pytest.param("perc99.9", ("perc", 99.9), id="fractional-percentile"),
        pytest.param("exactperc5", ("exactperc", 5.0), id="exact-percentile"),
        pytest.param("perc101", None, id="percentile-over-100"),
        pytest.param("sums", None, id="unknown"),
    ],
)
def test_statistical_function(word: str, known: tuple[str, float | None] | None) -> None:
    assert stats_function(word) == known


def test_canonical_names_are_functions_themselves() -> None:
    assert set(STATS_FUNCTIONS.values()) <= set(STATS_FUNCTIONS)
