"""Functions of several values in SQL."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp
from transpile.backends.sql import nodes as n
from transpile.backends.sql.expressions import (
    Function,
    as_list,
    as_text,
    expression,
    whole_literal,
)
from transpile.backends.sql.regexes import regex_text
from transpile.backends.sql.values import ALWAYS, Kind, Scope, Value, null_value, united

from transpile.errors import Unsupported
from transpile.ir.expr import Call, RegexLit


def mvappend(scope: Scope, args: list[Value]) -> Value:
    lists = [as_list(arg, scope) for arg in args if not arg.is_null]
    if not lists:
        return null_value(Kind.LIST)
    if len(lists) == 1:
        return lists[0]
    node = scope.writer.dialect.list_concat([one.sql for one in lists])
    return Value(node, Kind.LIST, ALWAYS if any(v.missing == ALWAYS for v in lists) else None)


def _mvcount(scope: Scope, args: list[Value]) -> Value:
    value = args[0]
    if value.kind is not Kind.LIST:
        return Value(n.case([(n.is_not_null(value.sql), n.number(1))]), Kind.INT, value.missing)
    return Value(scope.writer.dialect.list_length(value.sql), Kind.INT, value.missing)


def _mvindex(scope: Scope, args: list[Value]) -> Value:
    value = args[0]
    if len(args) == 2 and args[1].kind is Kind.INT and not _is_constant(args[1]):
        source = as_list(value, scope)
        at = args[1]
        return Value(scope.writer.dialect.list_from(lambda: source.sql, lambda: at.sql), Kind.TEXT)
    places = [whole_literal(arg, scope, "position in a list") for arg in args[1:]]
    if value.kind is not Kind.LIST:
        return value if places[0] in (0, -1) else null_value()
    dialect = scope.writer.dialect
    if len(places) == 1:
        return Value(dialect.list_item(lambda: value.sql, places[0]), Kind.TEXT)
    first, last = places
    if (first < 0) != (last < 0):
        dialect.refuse("part of a list counted from both ends")
    return Value(dialect.list_slice(lambda: value.sql, first, last), Kind.LIST)


def _is_constant(value: Value) -> bool:
    return isinstance(value.node, (exp.Literal, exp.Neg))


def _mvjoin(scope: Scope, args: list[Value]) -> Value:
    value = args[0]
    if value.kind is not Kind.LIST:
        return as_text(value, scope)
    delimiter = as_text(args[1], scope)
    node = scope.writer.dialect.list_join(value.sql, delimiter.sql)
    return Value(node, Kind.TEXT, united([value, delimiter]))


def _mvsort(scope: Scope, args: list[Value]) -> Value:
    value = args[0]
    if value.kind is not Kind.LIST:
        return value
    return Value(scope.writer.dialect.list_sorted(value.sql), Kind.LIST, value.missing)


def _mvdedup(scope: Scope, args: list[Value]) -> Value:
    value = args[0]
    if value.kind is not Kind.LIST:
        return value
    node = scope.writer.dialect.list_distinct(lambda: value.sql)
    return Value(node, Kind.LIST, value.missing)


def _split(scope: Scope, args: list[Value]) -> Value:
    if args[1].literal == "":
        scope.writer.dialect.refuse("splitting into characters")
    text, delimiter = (as_text(arg, scope) for arg in args)
    node = scope.writer.dialect.list_split(text.sql, delimiter.sql)
    return Value(node, Kind.LIST, united([text, delimiter]))


def _mvsplit(scope: Scope, args: list[Value]) -> Value:
    delimiter = args[1].literal
    if not delimiter:
        scope.writer.dialect.refuse("splitting at a delimiter that is computed or empty")
    dialect = scope.writer.dialect
    value = as_list(args[0], scope)
    made = dialect.list_flat(value.sql, lambda item: dialect.list_split(item, n.text(delimiter)))
    if len(args) > 2 and whole_literal(args[2], scope, "choice to keep empty pieces") == 1:
        return Value(made, Kind.LIST, value.missing)
    kept = dialect.list_filter(made, lambda item: n.binary(exp.NEQ, item, n.text("")))
    return Value(kept, Kind.LIST)




def mvfind(call: Call, scope: Scope) -> Value:
    value, regex = call.args
    if not isinstance(regex, RegexLit):
        raise Unsupported("a regular expression that is computed", code="TGT605", span=call.span)
    source = as_list(expression(value, scope), scope)
    text = regex_text(regex.regex, scope)
    dialect = scope.writer.dialect
    found = dialect.list_find(source.sql, lambda item: dialect.matches(item, text))
    return Value(found, Kind.INT)


LISTS: Mapping[str, Function] = {
    "mvappend": mvappend,
    "mvcount": _mvcount,
    "mvdedup": _mvdedup,
    "mvindex": _mvindex,
    "mvjoin": _mvjoin,
    "mvsort": _mvsort,
    "mvsplit": _mvsplit,
    "split": _split,
}
