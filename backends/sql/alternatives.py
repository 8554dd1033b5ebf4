"""Alternatives on one subject said as one test: `IN (...)`, one regular expression, one lambda."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlglot import exp
from transpile.backends.sql import nodes as n
from transpile.backends.sql.expressions import expression
from transpile.backends.sql.nodes import Sql
from transpile.backends.sql.regexes import regex_text
from transpile.backends.sql.values import ALWAYS, Kind, Scope, Test, Value, united

from transpile.ir import pred as p
from transpile.ir.pattern import Pattern
from transpile.ir.pred import Pred, Quant
from transpile.ir.text import fold
from transpile.ir.words import patterns_regex


def grouped(args: Sequence[Pred]) -> list[Pred | tuple[p.Test, ...]]:
    """Put the tests of a text against texts, or against patterns, together by subject and case.

    A group stands in the place of its first test.
    """
    groups: dict[Any, list[p.Test]] = {}
    order: list[tuple[Any, Pred]] = []
    for at, arg in enumerate(args):
        key: Any = at
        match arg:
            case p.Test(subject, p.TextEq(_, cased) | p.Glob(_, cased) as test, Quant.ANY):
                key = (type(test), subject, cased)
                groups.setdefault(key, []).append(arg)
                if len(groups[key]) > 1:
                    continue
        order.append((key, arg))
    return [
        tuple(groups[key]) if key in groups and len(groups[key]) > 1 else arg
        for key, arg in order
    ]


def one_of(tests: tuple[p.Test, ...], scope: Scope) -> Test:
    """Return the tests of a group as one condition."""
    subject = expression(tests[0].subject, scope)
    conditions = tuple(test.condition for test in tests)
    if subject.kind is not Kind.LIST:
        return _of_value(subject, conditions, scope)

    def each(item: Sql) -> Sql:
        return _of_value(Value(item, Kind.TEXT, ALWAYS), conditions, scope).sql

    return Test(scope.writer.dialect.any_of(subject.sql, each), subject.missing)


def _of_value(subject: Value, conditions: tuple[p.Condition, ...], scope: Scope) -> Test:
    from transpile.backends.sql.predicates import condition_on

    texts = [c for c in conditions if isinstance(c, p.TextEq)]
    globs = [c for c in conditions if isinstance(c, p.Glob) and not c.pattern.matches_all]
    most = scope.writer.dialect.one_pass
    if subject.kind is Kind.TEXT and texts:
        return _in_texts(subject, texts, scope)
    if subject.kind is Kind.TEXT and len(globs) == len(conditions) and 0 < most <= len(globs):
        return _in_patterns(subject, globs, scope)
    parts = [condition_on(subject, condition, scope) for condition in conditions]
    return Test(n.disjunction(part.sql for part in parts), united(parts))


def _in_texts(subject: Value, conditions: Sequence[p.TextEq], scope: Scope) -> Test:
    cased = conditions[0].cased
    texts = dict.fromkeys(c.text if cased else fold(c.text) for c in conditions)
    left = subject.sql if cased else _folded(subject.sql, scope)
    return Test(exp.In(this=left, expressions=[n.text(t) for t in texts]), subject.missing)


def _in_patterns(subject: Value, conditions: Sequence[p.Glob], scope: Scope) -> Test:
    cased = conditions[0].cased
    change: Callable[[Pattern], Pattern] = (lambda x: x) if cased else Pattern.folded
    text = regex_text(patterns_regex([change(c.pattern) for c in conditions]), scope)
    left = subject.sql if cased else _folded(subject.sql, scope)
    return Test(scope.writer.dialect.matches(left, text), subject.missing)


def _folded(value: Sql, scope: Scope) -> Sql:
    scope.writer.assume("fold")
    return scope.writer.dialect.lower(value)
