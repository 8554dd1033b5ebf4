"""Predicates as closures: compiled once per rule, called once per row."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import assert_never

from transpile.interpret.context import Scope
from transpile.interpret.errors import NotComputable
from transpile.interpret.expressions import Evaluate, compile_expr
from transpile.interpret.values import Row, first, items, same
from transpile.ir import pred as p
from transpile.ir.decide import ORDER, Before, Check, compile_condition, text, to_number
from transpile.ir.expr import Expr, Field
from transpile.ir.pattern import Pattern, Wild
from transpile.ir.pred import Pred, Quant
from transpile.ir.stages import Pipeline
from transpile.ir.text import fold

Decide = Callable[[Row], bool]

MAJOR_BREAKERS = " \t\r\n[]<>(){}|!;,'\"*&?+"


def compile_pred(pred: Pred, scope: Scope, *, positive: bool = True) -> Decide:
    """Return a closure that decides a row.

    positive: False under an odd number of `Not`; an `Unknown` is decided so that the row is kept.
    Raises NotComputable for a network that is none.
    """
    match pred:
        case p.Const(value):
            return lambda row: value
        case p.And(args):
            return _every(tuple(compile_pred(a, scope, positive=positive) for a in args))
        case p.Or(args):
            return _some(_alternatives(args, scope, positive))
        case p.Not(arg):
            inner = compile_pred(arg, scope, positive=not positive)
            return lambda row: not inner(row)
        case p.Exists(Field(name)):
            return lambda row: row.get(name) not in (None, [])
        case p.Exists(subject):
            value_of = compile_expr(subject, scope)
            return lambda row: value_of(row) not in (None, [])
        case p.Test(subject, condition, quant):
            return _test(subject, _condition(condition), quant, scope)
        case p.Compare(op, left, right, all_values):
            sides = compile_expr(left, scope), compile_expr(right, scope)
            return _equality(*sides, all_values) if op == "==" else _order(ORDER[op], *sides)
        case p.Keyword(pattern, cased):
            return _keyword(pattern, cased)
        case p.InRows(pipeline):
            return _in_rows(pipeline, scope)
        case p.Unknown(decided=known):
            if known is None:
                return lambda row: positive
            return compile_pred(known, scope, positive=positive)
        case _:
            assert_never(pred)


def _every(parts: tuple[Decide, ...]) -> Decide:
    match parts:
        case (one, two):
            return lambda row: one(row) and two(row)
        case _:

            def decide(row: Row) -> bool:
                for part in parts:  # noqa: SIM110 - a generator here costs a third of the time
                    if not part(row):
                        return False
                return True

            return decide


def _some(parts: tuple[Decide, ...]) -> Decide:
    match parts:
        case (one,):
            return one
        case (one, two):
            return lambda row: one(row) or two(row)
        case _:

            def decide(row: Row) -> bool:
                for part in parts:  # noqa: SIM110 - a generator here costs a third of the time
                    if part(row):
                        return True
                return False

            return decide


def _alternatives(args: tuple[Pred, ...], scope: Scope, positive: bool) -> tuple[Decide, ...]:
    """Compile the arguments of an `Or`; equal-to-text tests on one field become one set."""
    sets: dict[str, set[str]] = {}
    rest: list[Decide] = []
    for arg in args:
        match arg:
            case p.Test(Field(name), p.TextEq(wanted, False), Quant.ANY):
                sets.setdefault(name, set()).add(fold(wanted))
            case _:
                rest.append(compile_pred(arg, scope, positive=positive))
    return (*(_one_of(name, frozenset(wanted)) for name, wanted in sets.items()), *rest)


def _one_of(name: str, wanted: frozenset[str]) -> Decide:
    def decide(row: Row) -> bool:
        value = row.get(name)
        if type(value) is str:
            return fold(value) in wanted
        return any(fold(text(item)) in wanted for item in items(value))

    return decide


# -- one value -----------------------------------------------------------------------------------


def _condition(condition: p.Condition) -> Check:
    """Return a closure that decides a single value. Raises NotComputable for a wrong network."""
    try:
        return compile_condition(condition)
    except ValueError as error:
        raise NotComputable(f"{condition} cannot be decided: {error}") from error


def _test(subject: Expr, check: Check, quant: Quant, scope: Scope) -> Decide:
    if quant is Quant.ALL:
        value_of = compile_expr(subject, scope)

        def every(row: Row) -> bool:
            values = items(value_of(row))
            return bool(values) and all(map(check, values))

        return every
    if isinstance(subject, Field):
        name = subject.name

        def some_of_field(row: Row) -> bool:
            value = row.get(name)
            if value is None:
                return False
            return any(map(check, value)) if type(value) is list else check(value)

        return some_of_field
    evaluate = compile_expr(subject, scope)
    return lambda row: any(map(check, items(evaluate(row))))


# -- two expressions -----------------------------------------------------------------------------


def _equality(left: Evaluate, right: Evaluate, all_values: bool) -> Decide:
    quantify = all if all_values else any

    def decide(row: Row) -> bool:
        ours, theirs = items(left(row)), items(right(row))
        if not ours or not theirs:
            return False
        return quantify(same(a, b) for a in ours for b in theirs)

    return decide


def _order(
    before: Before, left: Evaluate, right: Evaluate
) -> Decide:
    def decide(row: Row) -> bool:
        a, b = first(left(row)), first(right(row))
        if a is None or b is None:
            return False
        x, y = to_number(a), to_number(b)
        return before(text(a), text(b)) if x is None or y is None else before(x, y)

    return decide


# -- raw text and inner searches -----------------------------------------------------------------


def keyword_regex(pattern: Pattern) -> re.Pattern[str]:
    """Return the expression by which a keyword is found in raw text (spl-semantics 2.7, U8)."""
    inner = f"[^{re.escape(MAJOR_BREAKERS)}]"
    wild = {Wild.RUN: f"{inner}*", Wild.ONE: inner}
    body = "".join(
        re.escape(part) if isinstance(part, str) else wild[part] for part in pattern.parts
    )
    return re.compile(f"(?<![A-Za-z0-9]){body}(?![A-Za-z0-9])")


def _keyword(pattern: Pattern, cased: bool) -> Decide:
    search = keyword_regex(pattern if cased else pattern.folded()).search

    def decide(row: Row) -> bool:
        return any(
            search(text(raw) if cased else fold(text(raw))) is not None
            for raw in items(row.get("_raw"))
        )

    return decide


def _in_rows(pipeline: Pipeline, scope: Scope) -> Decide:
    """Run the inner search when the first row asks, and only then."""
    alternatives: list[tuple[Decide, ...]] | None = None

    def decide(row: Row) -> bool:
        nonlocal alternatives
        if alternatives is None:
            alternatives = [_row_tests(found) for found in scope.rows_of(pipeline)]
        return any(all(test(row) for test in tests) for tests in alternatives)

    return decide


def _row_tests(found: Row) -> tuple[Decide, ...]:
    return tuple(
        _agrees(name, tuple(_glob(text(item)) for item in items(value)))
        for name, value in found.items()
        if not name.startswith(("_", "\0"))
    )


def _glob(wanted: str) -> Callable[[str], bool]:
    return Pattern.from_spl(wanted).matcher(False)


def _agrees(name: str, matchers: tuple[Callable[[str], bool], ...]) -> Decide:
    def decide(row: Row) -> bool:
        values: list[str] = [text(item) for item in items(row.get(name))]
        return any(matches(value) for value in values for matches in matchers)

    return decide


