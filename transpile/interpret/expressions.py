"""Expressions as closures: compiled once per rule, called once per row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, assert_never

from transpile.interpret.context import Scope
from transpile.interpret.errors import NotComputable
from transpile.interpret.functions import implementation
from transpile.interpret.values import Row, Value, first, items, pack
from transpile.ir.decide import Scalar
from transpile.ir.expr import Call, Case, Each, Expr, Field, Lit, RegexLit
from transpile.ir.functions import FUNCTIONS
from transpile.ir.regex import compile_python

Evaluate = Callable[[Row], Any]


def compile_expr(expr: Expr, scope: Scope) -> Evaluate:
    """Return a closure that yields the value of the expression for a row.

    Raises NotComputable for a function that the IR does not define.
    """
    match expr:
        case Field(name):
            return lambda row: row.get(name)
        case Lit(value):
            return lambda row: value
        case RegexLit(regex):
            pattern = compile_python(regex)
            return lambda row: pattern
        case Call():
            return _call(expr, scope)
        case Case():
            return _case(expr, scope)
        case Each():
            return _each(expr, scope)
        case _:
            assert_never(expr)


def _case(expr: Case, scope: Scope) -> Evaluate:
    from transpile.interpret.predicates import compile_pred

    branches = tuple(
        (compile_pred(condition, scope), compile_expr(value, scope))
        for condition, value in expr.branches
    )
    default = compile_expr(expr.default, scope)

    def evaluate(row: Row) -> Value:
        for condition, value in branches:
            if condition(row):
                found: Value = value(row)
                return found
        otherwise: Value = default(row)
        return otherwise

    return evaluate


def _each(expr: Each, scope: Scope) -> Evaluate:
    from transpile.interpret.predicates import compile_pred

    source, var = compile_expr(expr.source, scope), expr.var
    if expr.kind == "filter":
        if expr.keep is None:
            raise NotComputable("a filter over values has no condition", span=expr.span)
        keep = compile_pred(expr.keep, scope)
        return lambda row: pack(v for v in items(source(row)) if keep({**row, var: v}))
    if expr.body is None:
        raise NotComputable("a map over values has no body", span=expr.span)
    body = compile_expr(expr.body, scope)
    return lambda row: pack(
        found for v in items(source(row)) for found in items(body({**row, var: v}))
    )


def _call(expr: Call, scope: Scope) -> Evaluate:
    function = FUNCTIONS.get(expr.name)
    if function is None:
        raise NotComputable(f"the function {expr.name!r} is not known", span=expr.span)
    most = len(expr.args) if function.most is None else function.most
    if not function.least <= len(expr.args) <= most:
        raise NotComputable(f"{expr.name}: wrong number of arguments", span=expr.span)
    run = implementation(expr.name, scope.context)
    args = tuple(compile_expr(arg, scope) for arg in expr.args)
    match function.multi, function.null:
        case "first", null:
            return _on_first(run, args, null)
        case "each", _:
            return _on_each(run, args)
        case "list", null:
            return _on_lists(run, args, null)
        case _:
            raise AssertionError(function.multi)


def _on_first(run: Callable[..., Value], args: tuple[Evaluate, ...], null: bool) -> Evaluate:
    def evaluate(row: Row) -> Value:
        values: list[Scalar | None] = []
        for arg in args:
            value = arg(row)
            if type(value) is list:
                value = first(value)
            if value is None and not null:
                return None
            values.append(value)
        found = run(*values)
        return pack(found) if type(found) is list else found

    return evaluate


def _on_each(run: Callable[..., Value], args: tuple[Evaluate, ...]) -> Evaluate:
    subject, others = args[0], args[1:]

    def evaluate(row: Row) -> Value:
        value = subject(row)
        if value is None:
            return None
        settings = [first(other(row)) for other in others]
        if None in settings:
            return None
        if type(value) is not list:
            return run(value, *settings)
        return pack(found for item in value for found in items(run(item, *settings)))

    return evaluate


def _on_lists(run: Callable[..., Value], args: tuple[Evaluate, ...], null: bool) -> Evaluate:
    def evaluate(row: Row) -> Value:
        lists = [items(arg(row)) for arg in args]
        if not null and not all(lists):
            return None
        found = run(*lists)
        return pack(found) if isinstance(found, list) else found

    return evaluate
