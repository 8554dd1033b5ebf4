"""Functions that choose one of their arguments, in SQL."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp
from transpile.backends.sql import nodes as n
from transpile.backends.sql.expressions import (
    Function,
    as_number,
    as_text,
    common_kind,
    convert,
    first_of,
    first_present,
)
from transpile.backends.sql.functions.lists import mvappend
from transpile.backends.sql.nodes import Sql
from transpile.backends.sql.values import ALWAYS, NUMERIC, Kind, Scope, Value, null_value


def _coalesce(scope: Scope, args: list[Value]) -> Value:
    useful: list[Value] = []
    for arg in args:
        if arg.is_null or any(_null_together(before, arg) for before in useful):
            continue
        useful.append(arg)
        if arg.missing == ALWAYS:
            break
    if not useful:
        return null_value()
    kind = common_kind(arg.kind for arg in useful)
    values = [convert(arg, kind, scope) for arg in useful]
    if len(values) == 1:
        return values[0]
    missing = ALWAYS if useful[-1].missing == ALWAYS else None
    return Value(first_present(values, scope), kind, missing)


def _null_together(before: Value, after: Value) -> bool:
    """True if `after` is NULL wherever `before` is: it is the field whose absence makes it so."""
    return (
        isinstance(after.node, exp.Column)
        and before.missing is not None
        and before.missing == after.missing
        and len(before.missing) == 1
    )


def _nullif(scope: Scope, args: list[Value]) -> Value:
    left, right = (first_of(arg, scope) for arg in args)
    if left.kind in NUMERIC and right.kind in NUMERIC:
        return Value(n.nullif(left.sql, right.sql), left.kind)
    if right.literal is not None and as_number(right, scope).is_null:
        return Value(n.nullif(as_text(left, scope).sql, right.sql), Kind.TEXT)
    return scope.writer.dialect.refuse("NULLIF of a text and a number")


def _extreme(*, largest: bool) -> Function:
    """The smallest or largest of the arguments, numbers before other texts, missing ones aside."""

    def made(scope: Scope, args: list[Value]) -> Value:
        present = [arg for arg in args if not arg.is_null]
        if not present:
            return null_value()
        if len(present) > _COMPARED or any(arg.kind is Kind.LIST for arg in present):
            every = mvappend(scope, present)
            node = scope.writer.dialect.list_extreme(lambda: every.sql, largest=largest)
            return Value(node, Kind.TEXT)
        kind = common_kind(arg.kind for arg in present)
        values = [convert(arg, kind, scope) for arg in present]
        best = values[0]
        for value in values[1:]:
            best = _better(best, value, scope, largest=largest)
        return best

    return made


_COMPARED = 4
"""Arguments of least and greatest without a list: each one triples the text."""


def _better(left: Value, right: Value, scope: Scope, *, largest: bool) -> Value:
    before = _goes_before(right, left, scope) if largest else _goes_before(left, right, scope)
    branches: list[tuple[Sql, Sql]] = []
    if left.missing != ALWAYS:
        branches.append((n.is_null(left.sql), right.sql))
    if right.missing != ALWAYS:
        branches.append((n.is_null(right.sql), left.sql))
    branches.append((before, left.sql))
    always = ALWAYS in (left.missing, right.missing)
    return Value(n.case(branches, right.sql), left.kind, ALWAYS if always else None)


def _goes_before(left: Value, right: Value, scope: Scope) -> Sql:
    if left.kind in NUMERIC:
        return n.binary(exp.LT, left.sql, right.sql)
    a, b = as_number(left, scope), as_number(right, scope)
    bytewise = scope.writer.dialect.bytewise
    return n.case(
        [
            (n.conjunction([n.is_not_null(a.sql), n.is_not_null(b.sql)]),
             n.binary(exp.LT, a.sql, b.sql)),
            (n.is_not_null(a.sql), n.boolean(True)),
            (n.is_not_null(b.sql), n.boolean(False)),
        ],
        n.binary(exp.LT, bytewise(left.sql), bytewise(right.sql)),
    )


CHOICES: Mapping[str, Function] = {
    "coalesce": _coalesce,
    "nullif": _nullif,
    "least": _extreme(largest=False),
    "greatest": _extreme(largest=True),
}
