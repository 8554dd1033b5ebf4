"""Scores: a sum of points that conditions give, asked for a least amount.

`eval a=if(x, 2, 0), b=if(y, 2, 0) | addtotals fieldname=Score a b | where Score >= 3` asks for the
least sets of conditions whose points are enough: here `x and y`. Checked against the interpreter
(tests/ir/test_event_sums.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import cast

from transpile.ir.decide import to_number
from transpile.ir.expr import Call, Case, Expr, Lit, Node
from transpile.ir.pred import (
    TRUE,
    And,
    Not,
    Or,
    Order,
    Pred,
    Test,
    all_of,
    any_of,
    negate,
)
from transpile.ir.walk import rebuild

# a condition, and the points that it gives
_Term = tuple[Pred, float]

_MOST_TERMS = 12
_MOST_SETS = 64


def total(values: Sequence[Expr]) -> Expr | None:
    """Return the sum of values of which each is a number or none, None for other values."""
    numbers = [_number(value) for value in values]
    if not numbers or None in numbers:
        return None
    found, *rest = cast(list[Expr], numbers)
    for number in rest:
        found = Call("add", (found, number))
    return found


def _number(value: Expr) -> Expr | None:
    """Return an expression of constants as a number: texts that are none count as 0."""
    match value:
        case Lit(constant):
            return Lit(0 if constant is None else to_number(constant) or 0)
        case Case(branches, default):
            values = [_number(branch) for _, branch in branches]
            last = _number(default)
            if last is None or any(found is None for found in values):
                return None
            guards = (guard for guard, _ in branches)
            return Case(tuple(zip(guards, cast(list[Expr], values), strict=True)), last)
        case _:
            return None


def on_sums(pred: Pred) -> Pred:
    """Return an equivalent predicate without sums of points."""

    def change(node: Node) -> Node:
        match node:
            case Test(Call("add") as subject, Order(">" | ">=" as op, int() | float() as bound)):
                terms = _terms(subject)
                return node if terms is None else _enough(node, terms, op, bound)
            case And() | Or() | Not():
                return rebuild(node, change)
            case _:
                return node

    return cast(Pred, change(pred))


def _terms(expr: Expr) -> list[_Term] | None:
    """Return the conditions that give points, None if a part is something else."""
    match expr:
        case Call("add", (left, right)):
            one, two = _terms(left), _terms(right)
            return None if one is None or two is None else one + two
        case Lit(int() | float() as number) if number >= 0:
            return [(TRUE, number)] if number else []
        case Case(branches, Lit(int() | float() as last)):
            return _choice(branches, last)
        case _:
            return None


def _choice(branches: Sequence[tuple[Pred, Expr]], last: float) -> list[_Term] | None:
    """Return when a choice gives points: the same number in each branch that gives any."""
    given: list[Pred] = []
    earlier: list[Pred] = []
    points = set()
    for guard, value in (*branches, (TRUE, Lit(last))):
        if not isinstance(value, Lit) or not isinstance(value.value, (int, float)):
            return None
        if value.value:
            points.add(value.value)
            given.append(all_of((*map(negate, earlier), guard)))
        else:
            earlier.append(guard)
    if not points:
        return []
    if len(points) > 1 or min(points) < 0:
        return None
    return [(any_of(given), points.pop())]


def _enough(node: Test, terms: list[_Term], op: str, bound: float) -> Pred:
    """Return whether the conditions that hold give enough points."""
    if len(terms) > _MOST_TERMS:
        return node
    sets = list(_least_sets(terms, op, bound))
    if len(sets) > _MOST_SETS:
        return node
    return any_of(all_of(terms[at][0] for at in chosen) for chosen in sets)


def _least_sets(terms: list[_Term], op: str, bound: float) -> Iterator[frozenset[int]]:
    """Yield the sets of terms that are enough, none of which holds another."""
    found: list[frozenset[int]] = []
    for size in range(len(terms) + 1):
        for chosen in map(frozenset, combinations(range(len(terms)), size)):
            points = sum(terms[at][1] for at in chosen)
            reached = points > bound if op == ">" else points >= bound
            if reached and not any(smaller <= chosen for smaller in found):
                found.append(chosen)
                yield chosen
