"""Random `where` conditions: the lowered predicates decide as three-valued logic does.

The evaluation here is written from spl-semantics 3.2 to 3.4 alone: it returns True, False or None
(NULL) for a syntax tree and a row, and uses nothing of the lowering or of the interpreter.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transpile.interpret import run_pipeline
from transpile.ir.pred import Pred
from transpile.ir.stages import Events, Filter, Pipeline
from transpile.lower.expressions import truth
from transpile.spl import ast

Row = dict[str, Any]
Logic = bool | None

NAMES = st.sampled_from(("a", "b", "c"))
SCALARS: tuple[str | int | float, ...] = (
    "", "x", "X", "xy", "x*", "a_b", "%", "1", "1.0", "01", "10", "9", "-1", "true", 0, 1, 2.5
)  # fmt: skip
PATTERNS = ("x", "^x$", "[0-9]+", "(?i)X", "^$")
LIKES = ("x%", "_", "%", "x_", "", "%1%")

# -- the definition ------------------------------------------------------------------------------


def _number(value: str | int | float) -> float | None:
    if not isinstance(value, str):
        return float(value)
    return float(value) if re.fullmatch(r"[-+]?\d+(\.\d+)?", value) else None


def _text(value: str | int | float) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _values(expr: ast.Expr, row: Row) -> list[Any]:
    match expr:
        case ast.Literal(value=value):
            return [value]
        case ast.FieldRef(name=name):
            value = row.get(name)
            return value if isinstance(value, list) else [] if value is None else [value]
        case ast.Call(name="coalesce", args=args):
            found = (values for arg in args if (values := _values(arg, row)))
            return next(found, [])
        case ast.Call(name="if", args=(condition, yes, no)):
            return _values(yes if _holds(condition, row) else no, row)
        case ast.Call(name="null"):
            return []
        case _:
            raise AssertionError(expr)


def _equal(left: Any, right: Any) -> bool:
    a, b = _number(left), _number(right)
    return _text(left) == _text(right) if a is None or b is None else a == b


def _ordered(op: str, left: Any, right: Any) -> bool:
    a, b = _number(left), _number(right)
    x, y = (_text(left), _text(right)) if a is None or b is None else (a, b)
    return {"<": x < y, "<=": x <= y, ">": x > y, ">=": x >= y}[op]  # type: ignore[operator]


def _compared(op: str, left: ast.Expr, right: ast.Expr, row: Row) -> Logic:
    ours, theirs = _values(left, row), _values(right, row)
    if not ours or not theirs:
        return None
    if op == "=":
        return any(_equal(a, b) for a in ours for b in theirs)
    if op == "!=":
        return any(not _equal(a, b) for a in ours for b in theirs)
    return _ordered(op, ours[0], theirs[0])


def _and(left: Logic, right: Logic) -> Logic:
    if left is False or right is False:
        return False
    return None if left is None or right is None else True


def _not(value: Logic) -> Logic:
    return None if value is None else not value


def _or(left: Logic, right: Logic) -> Logic:
    return _not(_and(_not(left), _not(right)))


def _some(values: list[Any], test: Any) -> Logic:
    return any(map(test, values)) if values else None


def _like(pattern: str) -> re.Pattern[str]:
    parts = {"%": ".*", "_": "."}
    return re.compile("".join(parts.get(c, re.escape(c)) for c in pattern), re.DOTALL)


def _holds(expr: ast.Expr, row: Row) -> Logic:
    match expr:
        case ast.Binary(op="AND", left=left, right=right):
            return _and(_holds(left, row), _holds(right, row))
        case ast.Binary(op="OR", left=left, right=right):
            return _or(_holds(left, row), _holds(right, row))
        case ast.Binary(op="XOR", left=left, right=right):
            a, b = _holds(left, row), _holds(right, row)
            return None if a is None or b is None else a != b
        case ast.Unary(op="NOT", arg=arg):
            return _not(_holds(arg, row))
        case ast.Binary(op="LIKE", left=left, right=ast.Literal(value=str(pattern))):
            wanted = _like(pattern)
            return _some(_values(left, row), lambda v: bool(wanted.fullmatch(_text(v))))
        case ast.Binary(op=op, left=left, right=right):
            return _compared(op, left, right, row)
        case ast.InList(arg=arg, items=items):
            found: Logic = False
            for item in items:
                found = _or(found, _compared("=", arg, item, row))
            return found
        case ast.Call(name="match", args=(arg, ast.Literal(value=str(pattern)))):
            regex = re.compile(pattern)
            return _some(_values(arg, row), lambda v: bool(regex.search(_text(v))))
        case ast.Call(name="isnull", args=(arg,)):
            return not _values(arg, row)
        case ast.Call(name="isnotnull", args=(arg,)):
            return bool(_values(arg, row))
        case ast.Call(name="if", args=(condition, yes, no)):
            return _holds(yes if _holds(condition, row) else no, row)
        case ast.Call(name="true"):
            return True
        case ast.Call(name="false"):
            return False
        case _:
            raise AssertionError(expr)


# -- random conditions ---------------------------------------------------------------------------

_literals = st.sampled_from(SCALARS).map(ast.Literal)
_fields = NAMES.map(ast.FieldRef)
_nothing = st.just(ast.Call("null", ()))
_plain = _fields | _literals | _nothing
_values_of = _plain | st.builds(lambda *args: ast.Call("coalesce", args), _fields, _plain)
_comparisons = st.builds(
    ast.Binary, st.sampled_from(("=", "!=", "<", "<=", ">", ">=")), _values_of, _values_of
)
_likes = st.builds(
    lambda f, p: ast.Binary("LIKE", f, ast.Literal(p)), _fields, st.sampled_from(LIKES)
)
_matches = st.builds(
    lambda f, p: ast.Call("match", (f, ast.Literal(p))), _fields, st.sampled_from(PATTERNS)
)
_nulls = st.builds(
    lambda name, arg: ast.Call(name, (arg,)), st.sampled_from(("isnull", "isnotnull")), _values_of
)
_lists = st.builds(
    ast.InList, _fields, st.lists(_fields | _literals, min_size=1, max_size=3).map(tuple)
)
_constants = st.sampled_from((ast.Call("true", ()), ast.Call("false", ())))
_leaves = _comparisons | _likes | _matches | _nulls | _lists | _constants


def _grow(inner: st.SearchStrategy[ast.Expr]) -> st.SearchStrategy[ast.Expr]:
    joined = st.builds(ast.Binary, st.sampled_from(("AND", "OR", "XOR")), inner, inner)
    chosen = st.builds(lambda *args: ast.Call("if", args), inner, inner, inner)
    return st.builds(ast.Unary, st.just("NOT"), inner) | joined | chosen


CONDITIONS: st.SearchStrategy[ast.Expr] = st.recursive(_leaves, _grow, max_leaves=8)
_single = st.sampled_from(SCALARS)
ROWS = st.lists(st.dictionaries(NAMES, _single, max_size=3), min_size=1, max_size=6)
_several = st.lists(_single, min_size=2, max_size=3)
MULTIVALUED = st.lists(st.dictionaries(NAMES, _single | _several), min_size=1, max_size=4)


def _kept(pred: Pred, rows: list[Row]) -> list[int]:
    numbered = [row | {"number": number} for number, row in enumerate(rows)]
    found = run_pipeline(Pipeline((Events(), Filter(pred))), numbered)
    return sorted(row["number"] for row in found)


@settings(max_examples=400, deadline=None)
@given(CONDITIONS, ROWS)
def test_true_and_false_are_those_of_three_valued_logic(
    condition: ast.Expr, rows: list[Row]
) -> None:
    when = truth(condition)
    outcomes = [_holds(condition, row) for row in rows]
    assert _kept(when.true, rows) == [i for i, found in enumerate(outcomes) if found is True]
    assert _kept(when.false, rows) == [i for i, found in enumerate(outcomes) if found is False]


_EQUALITIES = st.builds(ast.Binary, st.sampled_from(("=", "!=")), _fields, _plain)
_EVERY_TEST = _EQUALITIES | _likes | _matches | _nulls | _lists


@settings(max_examples=200, deadline=None)
@given(_EVERY_TEST, MULTIVALUED)
def test_a_test_of_several_values_is_true_for_any_of_them(
    condition: ast.Expr, rows: list[Row]
) -> None:
    when = truth(condition)
    outcomes = [_holds(condition, row) for row in rows]
    assert _kept(when.true, rows) == [i for i, found in enumerate(outcomes) if found is True]
    assert _kept(when.false, rows) == [i for i, found in enumerate(outcomes) if found is False]


@pytest.mark.parametrize("outcome", [True, False, None])
def test_the_evaluation_of_this_file_knows_the_truth_tables(outcome: Logic) -> None:
    assert _and(outcome, False) is False
    assert _or(outcome, True) is True
    assert _and(outcome, True) is outcome
    assert _or(outcome, False) is outcome
