"""Predicates of the IR as SQL conditions.

A condition is TRUE if and only if the predicate is; it may be NULL where the predicate is false,
which WHERE and CASE read as false. Only a negation has to know: it writes `NOT COALESCE(x, FALSE)`
where its argument can be NULL although the row should count (sql-semantics 2.2).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Network, ip_network
from typing import assert_never

from sqlglot import exp
from transpile.backends.sql import nodes as n
from transpile.backends.sql.alternatives import grouped, one_of
from transpile.backends.sql.dialects.base import ESCAPE
from transpile.backends.sql.expressions import (
    as_list,
    as_number,
    as_text,
    expression,
    first_of,
    is_present,
)
from transpile.backends.sql.nodes import Sql
from transpile.backends.sql.regexes import regex_text
from transpile.backends.sql.values import ALWAYS, NUMERIC, Kind, Scope, Test, Value, either, united

from transpile.errors import Unsupported
from transpile.fidelity import Loss
from transpile.ir import pred as p
from transpile.ir.expr import Call, Expr, Field
from transpile.ir.pattern import Pattern
from transpile.ir.pred import Pred, Quant
from transpile.ir.text import fold, number
from transpile.ir.walk import descend
from transpile.ir.words import keyword_regex
from transpile.records import replace

_ORDER: Mapping[str, type[exp.Binary]] = {
    "<": exp.LT,
    "<=": exp.LTE,
    ">": exp.GT,
    ">=": exp.GTE,
    "==": exp.EQ,
}


def predicate(pred: Pred, scope: Scope, *, positive: bool = True) -> Test:
    """Return a predicate as a condition.

    positive: False under a negation, where an undecided condition cannot be left out.
    Raises Unsupported TGT604 to TGT609.
    """
    match pred:
        case p.Const(truth):
            return Test(n.boolean(truth), ALWAYS)
        case p.And(args):
            return _conjunction(args, scope, positive)
        case p.Or(args):
            return _disjunction(args, scope, positive)
        case p.Not(arg):
            return negated(predicate(arg, scope, positive=not positive), scope.known)
        case p.Exists(subject):
            value = expression(subject, scope)
            if value.missing == ALWAYS:
                return Test(n.boolean(True), ALWAYS)
            return Test(is_present(value, scope), ALWAYS)
        case p.Test(subject, condition, quant):
            return _test(subject, condition, quant, scope)
        case p.Compare():
            return _compare(pred, scope)
        case p.Keyword(pattern, cased):
            return _keyword(pattern, cased, scope)
        case p.InRows(pipeline):
            return scope.writer.in_rows(pipeline, scope)
        case p.Unknown():
            return _unknown(pred, scope, positive)
        case _:
            assert_never(pred)


def _unknown(pred: p.Unknown, scope: Scope, positive: bool) -> Test:
    """Return a condition that the event's own values decide, else leave it out."""
    if pred.decided is not None and is_decided(pred):
        return predicate(pred.decided, scope, positive=positive)
    if not positive:
        message = f"a condition that cannot be decided stands under NOT: {pred.reason}"
        raise Unsupported(message, code="TGT609", span=pred.span)
    scope.writer.lose(Loss("TGT606", pred.reason, pred.span))
    return Test(n.boolean(True), ALWAYS)


def is_decided(pred: p.Unknown) -> bool:
    """Return whether SQL can say the condition; not if a regular expression stands in the event.

    Engines differ in what such an expression may hold, and one that is none makes a query fail.
    """
    return pred.decided is not None and not any(
        isinstance(node, Call) and node.name in _REGEX_IN_EVENT for node in descend(pred.decided)
    )


_REGEX_IN_EVENT = frozenset({"regex_found", "mvfind"})


def negated(test: Test, known: frozenset[str]) -> Test:
    """Return a condition that is TRUE where the other is not, NULL only with a known field."""
    if test.missing is not None and test.missing <= known:
        return Test(n.negation(test.sql), test.missing)
    return Test(n.negation(n.coalesce(test.sql, n.boolean(False))), ALWAYS)


def present(args: Iterable[Pred], scope: Scope) -> frozenset[str]:
    """Return what is not missing in a row for which all these predicates are true.

    The names are those that `Value.missing` uses: of columns of the rows, whatever fields they are.
    """
    found: frozenset[str] = ALWAYS
    for arg in args:
        if isinstance(arg, (p.Exists, p.Test)) and isinstance(arg.subject, Field):
            value = scope.value_of(arg.subject.name)
            if isinstance(value.node, exp.Column) and value.missing is not None:
                found |= value.missing
        elif isinstance(arg, p.Or):
            found |= frozenset.intersection(*(present((one,), scope) for one in arg.args))
        elif isinstance(arg, p.And):
            found |= present(arg.args, scope)
    return found


def without_implied(args: Sequence[Pred], scope: Scope) -> list[Pred]:
    """Return the predicates of a conjunction without tests for a field that another one makes."""
    others = present((arg for arg in args if not isinstance(arg, p.Exists)), scope)
    return [
        arg for arg in args
        if not (isinstance(arg, p.Exists) and others.issuperset(present((arg,), scope) or {""}))
    ]


def _conjunction(args: Sequence[Pred], scope: Scope, positive: bool) -> Test:
    inner = replace(scope, known=scope.known | present(args, scope))
    tests = [predicate(arg, inner, positive=positive) for arg in without_implied(args, scope)]
    parts = [test for test in tests if not _is_constant(test, True)]
    return Test(n.conjunction(t.sql for t in parts), united(parts))


def _disjunction(args: Sequence[Pred], scope: Scope, positive: bool) -> Test:
    tests: list[Test] = []
    for arg in grouped(args):
        if isinstance(arg, tuple):
            tests.append(one_of(arg, scope))
        else:
            tests.append(predicate(arg, scope, positive=positive))
    return Test(n.disjunction(t.sql for t in tests), united(tests))


def _is_constant(test: Test, value: bool) -> bool:
    return isinstance(test.sql, exp.Boolean) and bool(test.sql.this) is value


def _folded(value: Sql, scope: Scope) -> Sql:
    scope.writer.assume("fold")
    return scope.writer.dialect.lower(value)


# -- tests of one subject --------------------------------------------------------------------------


def _test(subject: Expr, condition: p.Condition, quant: Quant, scope: Scope) -> Test:
    if isinstance(subject, Call) and subject.name == "text_like" and condition == p.NumEq(1):
        value, pattern = (as_text(expression(arg, scope), scope) for arg in subject.args)
        return text_like(value, pattern, scope)
    value = expression(subject, scope)
    if value.kind is not Kind.LIST:
        return condition_on(value, condition, scope)

    def each(item: Sql) -> Test:
        return condition_on(Value(item, Kind.TEXT, ALWAYS), condition, scope)

    dialect = scope.writer.dialect
    if quant is Quant.ANY:
        return Test(dialect.any_of(value.sql, lambda item: each(item).sql), value.missing)
    other = dialect.any_of(value.sql, lambda item: negated(each(item), ALWAYS).sql)
    return Test(n.conjunction((is_present(value, scope), n.negation(other))), ALWAYS)


def condition_on(value: Value, condition: p.Condition, scope: Scope) -> Test:
    """Return a condition on a single value."""
    match condition:
        case p.TextEq(text, cased):
            return _text_equals(value, text, cased, scope)
        case p.NumEq(amount):
            left = as_number(value, scope)
            return Test(n.binary(exp.EQ, left.sql, n.number(amount)), left.missing)
        case p.Glob(pattern, cased):
            return _glob(value, pattern, cased, scope)
        case p.Matches(regex):
            single = as_text(value, scope)
            return Test(
                scope.writer.dialect.matches(single.sql, regex_text(regex, scope)), single.missing
            )
        case p.Order(op, bound):
            return _order(value, op, bound, scope)
        case p.InNetwork(network):
            return _in_network(as_text(value, scope), network, scope)
        case _:
            assert_never(condition)


def _text_equals(value: Value, text: str, cased: bool, scope: Scope) -> Test:
    if value.kind in NUMERIC:
        from transpile.ir.decide import number_text

        amount = number(text)
        if amount is None or number_text(amount) != text:
            return Test(n.boolean(False), ALWAYS)
        return Test(n.binary(exp.EQ, value.sql, n.number(amount)), value.missing)
    if cased:
        return Test(n.binary(exp.EQ, value.sql, n.text(text)), value.missing)
    folded = fold(text)
    caseless = folded == folded.upper()
    left = value.sql if caseless else _folded(value.sql, scope)
    return Test(n.binary(exp.EQ, left, n.text(folded)), value.missing)


def _glob(value: Value, pattern: Pattern, cased: bool, scope: Scope) -> Test:
    if pattern.matches_all:
        if value.missing == ALWAYS:
            return Test(n.boolean(True), ALWAYS)
        return Test(n.is_not_null(value.sql), ALWAYS)
    if pattern.is_literal:
        return _text_equals(value, pattern.text, cased, scope)
    if not cased:
        scope.writer.assume("fold")
    single = as_text(value, scope)
    made = scope.writer.dialect.like(single.sql, pattern, cased=cased)
    return Test(made, single.missing)


def text_like(value: Value, pattern: Value, scope: Scope) -> Test:
    """Return whether a text is like a pattern of the row, in which `%` and `_` are wildcards."""
    dialect = scope.writer.dialect
    dialect.case_sensitive_like()
    wanted = dialect.replace_text(pattern.sql, n.text(ESCAPE), n.text(ESCAPE * 2))
    return Test(dialect.like_text(value.sql, wanted, cased=True), united((value, pattern)))


def _order(value: Value, op: str, bound: str | int | float, scope: Scope) -> Test:
    kind = _ORDER[op]
    dialect = scope.writer.dialect
    if isinstance(bound, str):
        single = as_text(value, scope)
        return Test(n.binary(kind, dialect.bytewise(single.sql), n.text(bound)), single.missing)
    if value.kind in NUMERIC:
        return Test(n.binary(kind, value.sql, n.number(bound)), value.missing)
    from transpile.ir.decide import number_text

    amount = as_number(value, scope)
    by_number = n.binary(kind, amount.sql, n.number(bound))
    by_text = n.binary(kind, dialect.bytewise(value.sql), n.text(number_text(bound)))
    return Test(n.coalesce(by_number, by_text), value.missing)


def _in_network(value: Value, network: str, scope: Scope) -> Test:
    try:
        wanted = ip_network(network, strict=False)
    except ValueError as error:
        raise Unsupported(f"{network!r} is no network", code="TGT604") from error
    if not isinstance(wanted, IPv4Network):
        scope.writer.dialect.refuse("arithmetic on IPv6 addresses")
    low, high = int(wanted.network_address), int(wanted.broadcast_address)
    scope.writer.assume("regex")
    return Test(scope.writer.dialect.in_network(lambda: value.sql, low, high), ALWAYS)


def _keyword(pattern: Pattern, cased: bool, scope: Scope) -> Test:
    raw = scope.value_of("_raw")
    if raw.is_null:
        return Test(n.boolean(False), ALWAYS)
    regex = regex_text(keyword_regex(pattern, cased), scope)
    return Test(scope.writer.dialect.matches(as_text(raw, scope).sql, regex), raw.missing)


# -- two expressions -------------------------------------------------------------------------------


def _compare(pred: p.Compare, scope: Scope) -> Test:
    left, right = expression(pred.left, scope), expression(pred.right, scope)
    if left.is_null or right.is_null:
        return Test(n.boolean(False), ALWAYS)
    if pred.op == "==" and Kind.LIST in (left.kind, right.kind):
        return _lists_equal(left, right, pred.all_values, scope)
    return _singles(pred.op, first_of(left, scope), first_of(right, scope), scope)


def _lists_equal(left: Value, right: Value, all_values: bool, scope: Scope) -> Test:
    dialect = scope.writer.dialect
    ours, theirs = as_list(left, scope), as_list(right, scope)
    many, one = (ours, right) if left.kind is Kind.LIST else (theirs, left)
    if one.kind is Kind.LIST and not dialect.nested_lists:
        dialect.refuse("comparison of two lists")

    def same(item: Sql) -> Test:
        value = Value(item, Kind.TEXT, ALWAYS)
        if one.kind is not Kind.LIST:
            return _singles("==", value, one, scope)

        def pair(other: Sql) -> Sql:
            test = _singles("==", value, Value(other, Kind.TEXT, ALWAYS), scope)
            return negated(test, ALWAYS).sql if all_values else test.sql

        found = dialect.any_of(one.sql, pair)
        return Test(n.negation(found) if all_values else found, one.missing)

    present = [is_present(v, scope) for v in (many, one) if v.missing != ALWAYS]
    if all_values:
        known = one.missing or ALWAYS
        differs = dialect.any_of(many.sql, lambda item: negated(same(item), known).sql)
        return Test(n.conjunction((*present, n.negation(differs))), ALWAYS)
    found = dialect.any_of(many.sql, lambda item: same(item).sql)
    return Test(n.conjunction((*present, found)), None)


def _singles(op: str, left: Value, right: Value, scope: Scope) -> Test:
    """Return two single values compared: as numbers if both look like numbers, else as text."""
    kind = _ORDER[op]
    missing = either(left.missing, right.missing)
    if left.kind in NUMERIC and right.kind in NUMERIC:
        return Test(n.binary(kind, left.sql, right.sql), missing)
    a, b = as_number(left, scope), as_number(right, scope)
    by_text = _by_text(kind, left, right, scope)
    if a.is_null or b.is_null:
        return Test(by_text, missing)
    by_number = n.binary(kind, a.sql, b.sql)
    if op == "==" and (left.kind in NUMERIC or right.kind in NUMERIC):
        return Test(by_number, None)  # a number and a text that is none differ
    return Test(n.coalesce(by_number, by_text), missing)


def _by_text(kind: type[exp.Binary], left: Value, right: Value, scope: Scope) -> Sql:
    dialect = scope.writer.dialect
    a, b = as_text(left, scope).sql, as_text(right, scope).sql
    if kind is exp.EQ:
        return n.binary(kind, a, b)
    return n.binary(kind, dialect.bytewise(a), dialect.bytewise(b))
