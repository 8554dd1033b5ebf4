"""Functions of texts in SQL."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp
from transpile.backends.sql import nodes as n
from transpile.backends.sql.expressions import (
    Function,
    as_number,
    as_text,
    expression,
    whole_literal,
)
from transpile.backends.sql.nodes import Sql
from transpile.backends.sql.predicates import text_like
from transpile.backends.sql.regexes import regex_text
from transpile.backends.sql.values import Kind, Scope, Value, united

from transpile.errors import Unsupported
from transpile.ir.expr import Call, Lit, RegexLit
from transpile.ir.regex import Purpose


def _concat(scope: Scope, args: list[Value]) -> Value:
    texts = [as_text(arg, scope) for arg in args]
    node = scope.writer.dialect.concat([text.sql for text in texts])
    return Value(node, Kind.TEXT, united(texts))


def _lower(scope: Scope, args: list[Value]) -> Value:
    scope.writer.assume("fold")
    value = as_text(args[0], scope)
    return Value(scope.writer.dialect.lower(value.sql), Kind.TEXT, value.missing)


def _upper(scope: Scope, args: list[Value]) -> Value:
    scope.writer.assume("fold")
    value = as_text(args[0], scope)
    return Value(scope.writer.dialect.upper(value.sql), Kind.TEXT, value.missing)


def _len(scope: Scope, args: list[Value]) -> Value:
    value = as_text(args[0], scope)
    return Value(scope.writer.dialect.length(value.sql), Kind.INT, value.missing)


def _substr(scope: Scope, args: list[Value]) -> Value:
    """Positions from 1, negative ones from the end; 0 is the place before the first one."""
    dialect = scope.writer.dialect
    value = as_text(args[0], scope)
    start = whole_literal(args[1], scope, "position")
    size = max(0, whole_literal(args[2], scope, "length")) if len(args) > 2 else None
    if start == 0:
        start, size = 1, None if size is None else max(0, size - 1)
    if start > 0:
        end = None if size is None else n.number(size)
        return Value(dialect.substring(value.sql, n.number(start), end), Kind.TEXT, value.missing)
    length = dialect.length(value.sql)
    first = n.binary(exp.Sub, length, n.number(-start - 1))
    long_enough = n.binary(exp.GTE, length.copy(), n.number(-start))
    tail = dialect.substring(value.sql, first, None if size is None else n.number(size))
    if size is None:
        return Value(n.case([(long_enough, tail)], value.sql), Kind.TEXT, value.missing)
    left = n.binary(exp.Sub, length.copy(), n.number(-start - size))
    some = n.binary(exp.GT, length.copy(), n.number(-start - size))
    head = dialect.substring(value.sql, n.number(1), left)
    branches = [(long_enough, tail), (some, head), (n.is_not_null(value.sql), n.text(""))]
    return Value(n.case(branches), Kind.TEXT, value.missing)


def _trim(side: str) -> Function:
    def made(scope: Scope, args: list[Value]) -> Value:
        value = as_text(args[0], scope)
        characters = args[1].literal if len(args) > 1 else " \t"
        if characters is None:
            scope.writer.dialect.refuse("computed set of characters to trim")
        node = scope.writer.dialect.trim(value.sql, n.text(characters), side)
        return Value(node, Kind.TEXT, value.missing)

    return made


def _digest(kind: str) -> Function:
    def made(scope: Scope, args: list[Value]) -> Value:
        value = as_text(args[0], scope)
        return Value(scope.writer.dialect.digest(value.sql, kind), Kind.TEXT, value.missing)

    return made


def _tonumber(scope: Scope, args: list[Value]) -> Value:
    if len(args) > 1 and args[1].node != n.number(10):
        scope.writer.dialect.refuse("numbers in another base")
    return as_number(args[0], scope)


def _tostring(scope: Scope, args: list[Value]) -> Value:
    if len(args) > 1:
        scope.writer.dialect.refuse(f"number format {args[1].literal or 'that is computed'}")
    return as_text(args[0], scope)



def _text_like(scope: Scope, args: list[Value]) -> Value:
    value, pattern = (as_text(arg, scope) for arg in args)
    test = text_like(value, pattern, scope)
    branches = [(test.sql, n.number(1)), (n.negation(test.sql.copy()), n.number(0))]
    return Value(n.case(branches), Kind.INT, test.missing)


def _urldecode(scope: Scope, args: list[Value]) -> Value:
    value = as_text(args[0], scope)
    scope.writer.note("percent-encoded text is UTF-8")
    scope.writer.assume("decoded")
    return Value(scope.writer.dialect.url_decoded(value.sql), Kind.TEXT, None)





def replace_matches(call: Call, scope: Scope) -> Value:
    value, regex, replacement = call.args
    if not isinstance(regex, RegexLit) or not (
        isinstance(replacement, Lit) and isinstance(replacement.value, str)
    ):
        raise Unsupported("a replacement that is computed", code="TGT604", span=call.span)
    subject = expression(value, scope)
    text = regex_text(regex.regex, scope, Purpose.REPLACE)
    new = replacement.value

    def each(item: Sql) -> Sql:
        return scope.writer.dialect.replace_regex(item, text, new)

    if subject.kind is Kind.LIST:
        mapped = scope.writer.dialect.list_map(subject.sql, each)
        return Value(mapped, Kind.LIST, subject.missing)
    single = as_text(subject, scope)
    return Value(each(single.sql), Kind.TEXT, single.missing)


TEXTS: Mapping[str, Function] = {
    "concat": _concat,
    "lower": _lower,
    "upper": _upper,
    "len": _len,
    "substr": _substr,
    "text_like": _text_like,
    "urldecode": _urldecode,
    "trim": _trim("TRIM"),
    "ltrim": _trim("LTRIM"),
    "rtrim": _trim("RTRIM"),
    "md5": _digest("md5"),
    "sha1": _digest("sha1"),
    "sha256": _digest("sha256"),
    "sha512": _digest("sha512"),
    "tonumber": _tonumber,
    "tostring": _tostring,
}
