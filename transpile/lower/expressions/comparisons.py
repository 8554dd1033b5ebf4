"""Comparisons, `LIKE` and `IN` of `where` and `eval` (spl-semantics 3.3, 3.4)."""

from __future__ import annotations

from transpile.errors import Span
from transpile.ir.expr import Call, Expr, Lit
from transpile.ir.pattern import Pattern
from transpile.ir.pred import (
    FALSE,
    Compare,
    CompareOp,
    Condition,
    Exists,
    Glob,
    Not,
    NumEq,
    Order,
    Quant,
    Test,
    TextEq,
    all_of,
    any_of,
    negate,
)
from transpile.ir.text import number as number_of
from transpile.lower.common import where_is
from transpile.lower.expressions.base import (
    Lowering,
    Truth,
    constant,
    constant_text,
    exclusive,
    for_interpreter,
    tested,
)
from transpile.spl import ast

OPERATORS = frozenset(("=", "!=", "<", "<=", ">", ">="))
FLIPPED: dict[str, CompareOp] = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def comparison(lowering: Lowering, expr: ast.Binary) -> Truth:
    """Return the truth of `left op right`; NULL if one side is missing (U1)."""
    left, right, op = expr.left, expr.right, str(expr.op)
    if op in ("=", "!=") and lowering.is_condition(left) and lowering.is_condition(right):
        differ = exclusive(lowering.truth(left), lowering.truth(right))
        return differ if op == "!=" else differ.swapped()
    span = where_is(expr)
    a, b = lowering.value(left), lowering.value(right)
    if isinstance(a, Lit) and isinstance(b, Lit):
        return _constants(op, a, b)
    if isinstance(a, Lit):
        a, b, op = b, a, FLIPPED.get(op, op)
    if isinstance(b, Lit):
        return _against_constant(a, op, b, span)
    return _between(a, op, b, span)


def _constants(op: str, left: Lit, right: Lit) -> Truth:
    if left.value is None or right.value is None:
        return Truth(FALSE, FALSE)
    a: str | int | float | None = number_of(str(left.value))
    b: str | int | float | None = number_of(str(right.value))
    if a is None or b is None:
        a, b = str(left.value), str(right.value)
    less, same = (a < b), (a == b)  # type: ignore[operator]  # both numbers or both texts
    outcome = {
        "=": same, "!=": not same, "<": less, "<=": less or same,
        ">": not (less or same), ">=": not less,
    }  # fmt: skip
    return constant(outcome[op])


def _equal_to(value: str | int | float) -> Condition:
    """Return the condition that a value equals a constant, as `where` compares (U3)."""
    number = number_of(str(value))
    return TextEq(str(value), cased=True) if number is None else NumEq(number)


def _against_constant(subject: Expr, op: str, bound: Lit, span: Span | None) -> Truth:
    value = bound.value
    if value is None:
        return Truth(FALSE, FALSE)
    if op == "=":
        return tested(subject, _equal_to(value), span)
    if op == "!=":
        every = Test(subject, _equal_to(value), Quant.ALL, span=span)
        differs = all_of((Exists(subject, span=span), Not(every, span=span)))
        return Truth(differs, every)
    number = number_of(str(value))
    limit = str(value) if number is None else number
    return tested(subject, Order(op, limit), span)  # type: ignore[arg-type]  # an order operator


def _between(left: Expr, op: str, right: Expr, span: Span | None) -> Truth:
    both = all_of((Exists(left, span=span), Exists(right, span=span)))
    if op == "!=":
        every = Compare("==", left, right, all_values=True, span=span)
        return Truth(all_of((both, negate(every))), every)
    symbol: CompareOp = "==" if op == "=" else op  # type: ignore[assignment]  # an order operator
    compare = Compare(symbol, left, right, span=span)
    return Truth(compare, all_of((both, negate(compare))))


def in_list(
    lowering: Lowering, arg: ast.Expr, items: tuple[ast.Expr, ...], span: Span | None
) -> Truth:
    """Return the truth of `arg IN (items)`: equal to one of them."""
    parts = [lowering.truth(ast.Binary("=", arg, item, span=item.span)) for item in items]
    return Truth(any_of(p.true for p in parts), all_of(p.false for p in parts))


def like(lowering: Lowering, subject: ast.Expr, pattern: ast.Expr, span: Span | None) -> Truth:
    """Return the truth of `subject LIKE pattern`; no escape character (U4)."""
    text = constant_text(pattern)
    if text is None:
        dynamic = Call("text_like", (lowering.value(subject), lowering.value(pattern)), span=span)
        return for_interpreter("like with a pattern that is not a constant", dynamic, span)
    return tested(lowering.value(subject), Glob(Pattern.from_like(text), cased=True), span)
