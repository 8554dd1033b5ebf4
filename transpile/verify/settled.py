"""Expressions and predicates worked out as far as it is known what their fields are.

A field that no row has makes a sum missing and a comparison false; a choice of which all but one
branch are ruled out is that one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from transpile.interpret import compile_pred
from transpile.ir.expr import Call, Case, Each, Expr, Field, Lit, Node
from transpile.ir.functions import FUNCTIONS
from transpile.ir.pred import (
    FALSE,
    TRUE,
    And,
    Compare,
    Const,
    Exists,
    InRows,
    Not,
    Or,
    Test,
    Unknown,
    all_of,
    any_of,
    negate,
)
from transpile.ir.walk import rebuild

NONE = Lit(None)
"""No value."""

Values = Callable[[str], Lit | None]
"""What is known of a field: its value, or that it has none (`NONE`); None: nothing."""

N = TypeVar("N", bound=Node)


def settled(node: N, known: Values) -> N:
    """Return an expression or predicate that has the same value for rows of which this is known."""
    return _settled(node, known)  # type: ignore[return-value]


def _settled(node: Node, known: Values) -> Node:
    match node:
        case Field(name):
            value = known(name)
            return node if value is None else value
        case Case(branches, default):
            return _choice(branches, default, known)
        case And(args):
            return all_of(settled(arg, known) for arg in args)
        case Or(args):
            return any_of(settled(arg, known) for arg in args)
        case Not(arg):
            return negate(settled(arg, known))
        case InRows() | Unknown():
            return node
    found = rebuild(node, lambda child: settled(child, known))
    match found:
        case Call("coalesce", given):
            left = tuple(arg for arg in given if arg != NONE)
            return found if len(left) > 1 else left[0] if left else NONE
        case Call(name, given) if NONE in given and not FUNCTIONS[name].null:
            return NONE
        case Each(source=source) if source == NONE:
            return NONE
        case Compare(left=one, right=other) if NONE in (one, other):
            return FALSE
        case Exists(Lit()) | Test(Lit()):
            return Const(compile_pred(found)({}))
        case _:
            return found


def _choice(branches: tuple[tuple[Node, Expr], ...], default: Expr, known: Values) -> Node:
    left = []
    for condition, result in branches:
        asked = settled(condition, known)
        if asked == TRUE:
            default = result
            break
        if asked != FALSE:
            left.append((asked, settled(result, known)))
    last = settled(default, known)
    same = all(result == last for _, result in left)
    return last if same else Case(tuple(left), last)  # type: ignore[arg-type]
