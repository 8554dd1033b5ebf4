"""Expressions walked: values as IR expressions, conditions as the pair TRUE and FALSE.

SPL's conditions are three-valued, the IR's two-valued: `truth(e)` gives the predicate that holds
when SPL says TRUE and the one that holds when it says FALSE; neither holds for NULL (3.2). So NOT,
AND and OR only swap or join them, and no NULL is left in the IR.
"""

from __future__ import annotations

from typing import assert_never

from transpile.errors import Span
from transpile.ir.expr import Call, Expr, Field, Lit
from transpile.ir.pred import Pred, TextEq, Unknown, all_of, any_of
from transpile.lower.common import CannotLower, where_is
from transpile.lower.expressions.base import Truth, constant, exclusive, tested
from transpile.lower.expressions.comparisons import OPERATORS, comparison, in_list, like
from transpile.lower.expressions.conditions import CONDITIONS
from transpile.lower.expressions.functions import PLAIN, SPECIAL, boolean_text
from transpile.spl import ast

ARITHMETIC = {"+": "plus", "-": "sub", "*": "mul", "/": "div", "%": "mod", ".": "concat"}


class _Lowering:
    """The two ways down, as the tables of functions see them."""

    __slots__ = ()

    def value(self, expr: ast.Expr) -> Expr:
        return value_of(expr)

    def truth(self, expr: ast.Expr) -> Truth:
        return truth(expr)

    def is_condition(self, expr: ast.Expr) -> bool:
        return is_condition(expr)


_LOWERING = _Lowering()


def true_of(expr: ast.Expr) -> Pred:
    """Return the predicate that holds when the condition is TRUE."""
    return truth(expr).true


def truth(expr: ast.Expr) -> Truth:
    """Return when a condition is TRUE and when FALSE; what has no meaning here is `Unknown`."""
    try:
        return _truth(expr)
    except CannotLower as refusal:
        unknown = Unknown(refusal.reason, span=refusal.span or where_is(expr))
        return Truth(unknown, unknown)


def _truth(expr: ast.Expr) -> Truth:
    match expr:
        case ast.Binary(op="AND", left=left, right=right):
            a, b = truth(left), truth(right)
            return Truth(all_of((a.true, b.true)), any_of((a.false, b.false)))
        case ast.Binary(op="OR", left=left, right=right):
            a, b = truth(left), truth(right)
            return Truth(any_of((a.true, b.true)), all_of((a.false, b.false)))
        case ast.Binary(op="XOR", left=left, right=right):
            return exclusive(truth(left), truth(right))
        case ast.Unary(op="NOT", arg=arg):
            return truth(arg).swapped()
        case ast.Binary(op=op) if op in OPERATORS:
            return comparison(_LOWERING, expr)
        case ast.Binary(op="LIKE", left=left, right=right):
            return like(_LOWERING, left, right, where_is(expr))
        case ast.InList(arg=arg, items=items):
            return in_list(_LOWERING, arg, items, where_is(expr))
        case ast.Call(name=name, args=args) if name in CONDITIONS:
            return CONDITIONS[name](_LOWERING, args, where_is(expr))
        case ast.Literal(value=value) if not isinstance(value, str):
            return constant(bool(value))
        case ast.Literal(value=value):
            return constant(str(value).lower() == "true")
        case ast.Unary() | ast.Binary() | ast.SubsearchExpr():
            raise CannotLower("the expression is no condition", where_is(expr))
        case _:
            return tested(value_of(expr), TextEq("true"), where_is(expr))


def is_condition(expr: ast.Expr) -> bool:
    """Return whether an expression yields a Boolean."""
    match expr:
        case ast.Binary(op=op):
            return op not in ARITHMETIC
        case ast.Unary(op=op):
            return op == "NOT"
        case ast.InList():
            return True
        case ast.Call(name="if", args=args):
            return len(args) == 3 and all(map(is_condition, args[1:]))
        case ast.Call(name="case", args=args):
            return len(args) > 1 and all(map(is_condition, args[1::2]))
        case ast.Call(name=name):
            return name in CONDITIONS
        case _:
            return False


def value_of(expr: ast.Expr) -> Expr:
    """Return the IR expression of an SPL value. Raises `CannotLower`."""
    span = where_is(expr)
    match expr:
        case ast.Literal(value=value):
            return Lit(value, span=span)
        case ast.FieldRef(name=name):
            return Field(name, span=span)
        case ast.Unary(op="-", arg=arg):
            return _negated(value_of(arg), span)
        case ast.Unary(op="+", arg=arg):
            return value_of(arg)
        case ast.Binary(op="+", left=ast.Literal(value=str(a)), right=ast.Literal(value=str(b))):
            return Lit(a + b, span=span)
        case ast.Binary(op=op, left=left, right=right) if op in ARITHMETIC:
            return Call(ARITHMETIC[op], (value_of(left), value_of(right)), span=span)
        case ast.Call(name=name, args=args) if name in SPECIAL:
            return SPECIAL[name](_LOWERING, args, span)
        case ast.Call(name=name, args=args) if name in PLAIN:
            return Call(PLAIN[name], tuple(map(value_of, args)), span=span)
        case ast.Unary() | ast.Binary() | ast.InList():
            return boolean_text(_LOWERING, expr, span)
        case ast.Call(name=name):
            if is_condition(expr):
                return boolean_text(_LOWERING, expr, span)
            raise CannotLower(f"the function {name} has no counterpart", span)
        case ast.SubsearchExpr():
            raise CannotLower("a subsearch inside an expression", span)
        case _:
            assert_never(expr)


def _negated(value: Expr, span: Span | None) -> Expr:
    if isinstance(value, Lit) and isinstance(value.value, (int, float)):
        return Lit(-value.value, span=span)
    return Call("neg", (value,), span=span)
