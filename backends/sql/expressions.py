"""Expressions of the IR as SQL values: fields, constants, conditionals; calls go to `functions`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import assert_never

from sqlglot import exp
from transpile.backends.sql import nodes as n
from transpile.backends.sql.nodes import Sql
from transpile.backends.sql.values import (
    ALWAYS,
    NUMERIC,
    Kind,
    Scope,
    Value,
    null_value,
)

from transpile.errors import Unsupported
from transpile.ir.expr import Call, Case, Each, Expr, Field, Lit, RegexLit
from transpile.ir.functions import FUNCTIONS as ARITIES
from transpile.records import replace


def expression(expr: Expr, scope: Scope) -> Value:
    """Return an expression in SQL. Raises Unsupported TGT604 for a function without counterpart."""
    match expr:
        case Field(name):
            return scope.value_of(name)
        case Lit(value):
            return constant(value)
        case RegexLit():
            raise Unsupported("a regular expression is no value", code="TGT605", span=expr.span)
        case Call():
            return _call(expr, scope)
        case Case(branches, default):
            return _case(branches, default, scope)
        case Each():
            return _each(expr, scope)
        case _:
            assert_never(expr)


def constant(value: str | int | float | None) -> Value:
    """Return a constant."""
    match value:
        case None:
            return null_value()
        case str():
            return Value(n.text(value), Kind.TEXT, ALWAYS)
        case bool() | int():
            return Value(n.number(value), Kind.INT, ALWAYS)
        case float():
            return Value(n.number(value), Kind.REAL, ALWAYS)


# -- conversion ------------------------------------------------------------------------------------


def as_text(value: Value, scope: Scope) -> Value:
    """Return a single value as text, numbers as SPL prints them; of a list the first one."""
    match value.kind:
        case Kind.TEXT:
            return value
        case Kind.LIST:
            return first_of(value, scope)
        case Kind.INT:
            return Value(scope.writer.dialect.int_text(value.sql), Kind.TEXT, value.missing)
        case Kind.REAL:
            node = scope.writer.dialect.real_text(lambda: value.sql)
            return Value(node, Kind.TEXT, value.missing)
        case _:
            assert_never(value.kind)


def as_number(value: Value, scope: Scope) -> Value:
    """Return a single value as a number, NULL if it does not look like one."""
    if value.kind in NUMERIC:
        return value
    if value.is_null:
        return null_value(Kind.REAL)
    if value.literal is not None:
        from transpile.ir.text import number

        return constant(number(value.literal))
    single = as_text(value, scope)
    scope.writer.assume("regex")
    return Value(scope.writer.dialect.number(lambda: single.sql), Kind.REAL)


def as_list(value: Value, scope: Scope) -> Value:
    """Return a value as a list; a missing one stays NULL."""
    if value.kind is Kind.LIST:
        return value
    single = as_text(value, scope)
    made = scope.writer.dialect.list_of(single.sql)
    if single.missing != ALWAYS:
        made = n.case([(n.is_not_null(single.sql), made)], scope.writer.dialect.no_list())
    return Value(made, Kind.LIST, value.missing)


def first_of(value: Value, scope: Scope) -> Value:
    """Return the first element of a list, any other value as it is."""
    if value.kind is not Kind.LIST:
        return value
    made = scope.writer.dialect.list_item(lambda: value.sql, 0)
    return Value(made, Kind.TEXT, value.missing)


def common_kind(kinds: Iterable[Kind]) -> Kind:
    """Return the kind that holds values of all these kinds."""
    found = set(kinds)
    if Kind.LIST in found:
        return Kind.LIST
    if Kind.TEXT in found or not found:
        return Kind.TEXT
    return Kind.INT if found == {Kind.INT} else Kind.REAL


def convert(value: Value, kind: Kind, scope: Scope) -> Value:
    """Return a value in another kind, as SPL shows it."""
    if value.is_null:
        empty = scope.writer.dialect.no_list() if kind is Kind.LIST else None
        return Value(empty or n.null(), kind)
    if value.kind is kind:
        return value
    match kind:
        case Kind.LIST:
            return as_list(value, scope)
        case Kind.TEXT:
            return as_text(value, scope)
        case Kind.INT | Kind.REAL:
            return as_number(value, scope)
        case _:
            assert_never(kind)


def is_present(value: Value, scope: Scope) -> Sql:
    """Return the test that a value is not missing."""
    if value.kind is Kind.LIST:
        return scope.writer.dialect.has_list(value.sql)
    return n.is_not_null(value.sql)


def is_absent(value: Value, scope: Scope) -> Sql:
    """Return the test that a value is missing."""
    return n.negation(is_present(value, scope))


def first_present(values: Sequence[Value], scope: Scope) -> Sql:
    """Return the first of several values of one kind that is not missing."""
    nodes = [value.sql for value in values]
    if values[0].kind is Kind.LIST:
        return scope.writer.dialect.first_list(nodes)
    return n.coalesce(*nodes)


def choice(
    branches: Sequence[tuple[Sql, Sql]], default: Sql | None, kind: Kind, scope: Scope
) -> Sql:
    """Return a CASE of values of a kind; without a default it may be missing."""
    if default is None and kind is Kind.LIST:
        default = scope.writer.dialect.no_list()
    return n.case(branches, default)


def whole_literal(value: Value, scope: Scope, what: str) -> int:
    """Return a constant whole number. Raises Unsupported TGT604 for anything else."""
    node, sign = value.node, 1
    if isinstance(node, exp.Neg):
        node, sign = node.this, -1
    if isinstance(node, exp.Literal) and node.this.lstrip("-").isdigit():
        return sign * int(node.this)
    return scope.writer.dialect.refuse(f"computed {what}")


# -- nodes -----------------------------------------------------------------------------------------


def _call(expr: Call, scope: Scope) -> Value:
    from transpile.backends.sql.functions import FUNCTIONS, REGEX_FUNCTIONS

    try:
        if expr.name in REGEX_FUNCTIONS:
            return REGEX_FUNCTIONS[expr.name](expr, scope)
        if expr.name not in FUNCTIONS:
            raise Unsupported(f"the function {expr.name} has no counterpart in SQL", code="TGT604")
        args = [expression(arg, scope) for arg in expr.args]
        return apply(expr.name, args, scope, FUNCTIONS[expr.name])
    except Unsupported as error:
        raise error if error.span else error.moved(span=expr.span) from error


Function = Callable[[Scope, list[Value]], Value]


def apply(name: str, args: list[Value], scope: Scope, function: Function) -> Value:
    """Apply a function as its table entry says about lists: to the first, to each or to all."""
    match ARITIES[name].multi:
        case "list":
            return function(scope, args)
        case "each" if args and args[0].kind is Kind.LIST:
            rest = [first_of(arg, scope) for arg in args[1:]]
            optional: list[bool] = []

            def body(item: Sql) -> Sql:
                made = function(scope, [Value(item, Kind.TEXT, ALWAYS), *rest])
                optional.append(made.missing != ALWAYS)
                return as_text(made, scope).sql

            return mapped(args[0], body, lambda: any(optional), scope)
        case _:
            return function(scope, [first_of(arg, scope) for arg in args])


def _case(branches: Sequence[tuple[object, Expr]], default: Expr, scope: Scope) -> Value:
    from transpile.backends.sql.predicates import predicate

    tests: list[Sql] = []
    values: list[Value] = []
    for condition, value in branches:
        test = predicate(condition, scope).sql  # type: ignore[arg-type]
        if isinstance(test, exp.Boolean) and not test.this:
            continue
        if isinstance(test, exp.Boolean):  # nothing gets past it
            default = value
            break
        tests.append(test)
        values.append(expression(value, scope))
    other = expression(default, scope)
    if not tests:
        return other
    present = [value for value in (*values, other) if not value.is_null]
    kind = common_kind(value.kind for value in present)
    pairs = [
        (test, convert(value, kind, scope).sql)
        for test, value in zip(tests, values, strict=True)
    ]
    end = None if other.is_null else convert(other, kind, scope).sql
    never = all(value.missing == ALWAYS for value in (*values, other))
    return Value(choice(pairs, end, kind, scope), kind, ALWAYS if never else None)


def _each(expr: Each, scope: Scope) -> Value:
    from transpile.backends.sql.predicates import predicate

    source = as_list(expression(expr.source, scope), scope)

    def inner(item: Sql) -> Scope:
        bound = {**scope.bound, expr.var: Value(item, Kind.TEXT, ALWAYS)}
        return replace(scope, bound=bound)

    dialect = scope.writer.dialect
    if expr.kind == "filter":
        keep = expr.keep
        assert keep is not None
        made = dialect.list_filter(source.sql, lambda item: predicate(keep, inner(item)).sql)
        return Value(made, Kind.LIST)
    body = expr.body
    assert body is not None

    optional: list[bool] = []

    def made_of(item: Sql) -> Sql:
        value = expression(body, inner(item))
        optional.append(value.missing != ALWAYS)
        return as_text(value, scope).sql

    return mapped(source, made_of, lambda: any(optional), scope)


def mapped(
    source: Value, body: Callable[[Sql], Sql], optional: Callable[[], bool], scope: Scope
) -> Value:
    """Return a list mapped; values of which the body makes nothing are left out.

    optional: whether the body, once it was written, may be NULL.
    """
    dialect = scope.writer.dialect
    made = dialect.list_map(source.sql, body)
    if not optional():
        return Value(made, Kind.LIST, source.missing)
    kept = dialect.list_filter(source.sql, lambda item: n.is_not_null(body(item)))
    return Value(dialect.list_map(kept, body), Kind.LIST)
