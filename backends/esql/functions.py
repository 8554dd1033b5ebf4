"""The functions of the IR in ES|QL: one entry each. An argument that is missing makes null."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from transpile.backends.esql import tree as q
from transpile.backends.esql.scope import Scope
from transpile.backends.esql.values import (
    CannotSay,
    Kind,
    Value,
    alike,
    as_number,
    as_real,
    as_text,
    called,
    needed,
    one,
)

from transpile.ir.expr import Call, Expr, Lit, RegexLit
from transpile.ir.regex import Flavour, NotExpressible, Purpose, Regex, render
from transpile.ir.text import number as number_of
from transpile.records import replace

Function = Callable[[tuple[Expr, ...], Scope], Value]

PLAIN_NUMBERS = "numbers in {} are written plainly (5, not 5.0)"


# -- arguments -----------------------------------------------------------------------------------


def _text(expr: Expr, scope: Scope) -> Value:
    return as_text(one(scope.value(expr)))


def number(expr: Expr, scope: Scope) -> Value:
    """Return an expression as a number; text that is read as one is assumed to be one."""
    return _numeric(one(scope.value(expr)))


def _numeric(value: Value) -> Value:
    if value.kind is Kind.TEXT and isinstance(value.node, q.Constant):
        found = number_of(str(value.node.value))
        if found is None:
            return Value(q.NULL, Kind.DOUBLE, needs=None)
        kind = Kind.LONG if isinstance(found, int) else Kind.DOUBLE
        return Value(q.Constant(found), kind)
    return as_number(value)


def _literal(expr: Expr, what: str) -> str | int | float:
    match expr:
        case Lit(value) if value is not None:
            return value
        case _:
            raise CannotSay(f"ES|QL needs a constant as {what}")


# -- kinds of functions --------------------------------------------------------------------------


def _on_text(name: str, kind: Kind = Kind.TEXT) -> Function:
    return lambda args, scope: called(name, kind, *(_text(arg, scope) for arg in args))


def _each_text(name: str) -> Function:
    def function(args: tuple[Expr, ...], scope: Scope) -> Value:
        value = as_text(scope.value(args[0]))
        if value.many:
            raise CannotSay(f"ES|QL applies {name} to single values only")
        return called(name, Kind.TEXT, value)

    return function


def _on_numbers(name: str, *, sure: bool = True) -> Function:
    def function(args: tuple[Expr, ...], scope: Scope) -> Value:
        values = [number(arg, scope) for arg in args]
        return called(name, Kind.DOUBLE, *map(as_real, values), sure=sure)

    return function


def _same_kind(name: str) -> Function:
    def function(args: tuple[Expr, ...], scope: Scope) -> Value:
        value = number(args[0], scope)
        return called(name, value.kind, value)

    return function


def _arithmetic(op: q.BinaryOp) -> Function:
    return lambda args, scope: _computed(op, [number(arg, scope) for arg in args])


def _computed(op: q.BinaryOp, numbers: list[Value]) -> Value:
    left, right = alike(numbers)
    if left.kind is Kind.LONG and op in ("*", "+", "-"):
        return Value(q.Binary(op, left.node, right.node), Kind.LONG, needs=needed(left, right))
    left, right = as_real(left), as_real(right)
    return Value(q.Binary(op, left.node, right.node), Kind.DOUBLE, needs=needed(left, right))


def _quotient(op: q.BinaryOp) -> Function:
    """Division and remainder: null for a zero divisor, as in SPL."""

    def function(args: tuple[Expr, ...], scope: Scope) -> Value:
        left, right = (as_real(number(arg, scope)) for arg in args)
        divisor = right.node
        sure = isinstance(divisor, q.Constant) and divisor.value not in (0, None)
        if not sure:
            divisor = q.Call("CASE", (q.Binary("!=", divisor, q.Constant(0)), divisor))
        node = q.Binary(op, left.node, divisor)
        return Value(node, Kind.DOUBLE, needs=needed(left, right) if sure else None)

    return function


def _plus(args: tuple[Expr, ...], scope: Scope) -> Value:
    """SPL's `+`: a sum of numbers, texts joined; which of both must be known beforehand."""
    values = [one(scope.value(arg)) for arg in args]
    if any(_is_word(value) for value in values):
        return _joined([as_text(value) for value in values])
    if any(value.kind is Kind.TEXT for value in values):
        raise CannotSay("whether + adds or joins depends on the event")
    return _computed("+", [_numeric(value) for value in values])


def _is_word(value: Value) -> bool:
    constant = value.node.value if isinstance(value.node, q.Constant) else None
    return isinstance(constant, str) and number_of(constant) is None


def _concat(args: tuple[Expr, ...], scope: Scope) -> Value:
    return _joined([_text(arg, scope) for arg in args])


def _joined(texts: list[Value]) -> Value:
    """Return texts joined; what is joined already is one list with the rest."""
    joined = called("CONCAT", Kind.TEXT, *texts)
    assert isinstance(joined.node, q.Call)
    flat = [
        inner
        for part in joined.node.args
        for inner in (part.args if isinstance(part, q.Call) and part.name == "CONCAT" else (part,))
    ]
    return replace(joined, node=q.Call("CONCAT", tuple(flat)))


def _round(args: tuple[Expr, ...], scope: Scope) -> Value:
    value = as_real(number(args[0], scope))
    if len(args) == 1:
        return called("ROUND", Kind.DOUBLE, value)
    return called("ROUND", Kind.DOUBLE, value, number(args[1], scope))


def _negative(args: tuple[Expr, ...], scope: Scope) -> Value:
    return _arithmetic("-")((Lit(0), args[0]), scope)


def _substr(args: tuple[Expr, ...], scope: Scope) -> Value:
    bounds = [_literal(arg, "a place in a text") for arg in args[1:]]
    if not all(isinstance(bound, int) for bound in bounds) or bounds[0] == 0:
        raise CannotSay("ES|QL needs whole numbers as places in a text")
    if len(bounds) > 1 and int(bounds[1]) < 0:
        raise CannotSay("ES|QL has no part of a text of negative length")
    text = _text(args[0], scope)
    places = tuple(q.Constant(bound) for bound in bounds)
    return Value(q.Call("SUBSTRING", (text.node, *places)), Kind.TEXT, needs=text.needs)


# -- regular expressions -------------------------------------------------------------------------


def java(regex: Regex, purpose: Purpose) -> str:
    """Return a regular expression for Java's `find`. Raises `CannotSay`."""
    try:
        return render(regex, Flavour.JAVA, purpose)
    except NotExpressible as error:
        raise CannotSay(f"the regular expression: {error}", "TGT605") from error


def _replaced(value: Value, pattern: str, by: str) -> Value:
    node = q.Call("REPLACE", (value.node, q.Constant(pattern), q.Constant(by)))
    return Value(node, Kind.TEXT, needs=value.needs)


def _replace(args: tuple[Expr, ...], scope: Scope) -> Value:
    match args:
        case (subject, RegexLit(regex), Lit(str() as by)):
            value = as_text(scope.value(subject))
            if value.many:
                raise CannotSay("ES|QL replaces in single values only")
            return _replaced(value, java(regex, Purpose.REPLACE), _replacement(by))
        case _:
            raise CannotSay("ES|QL needs a constant replacement")


def _replacement(text: str) -> str:
    """Return a replacement in Java's spelling: `\\1` is `$1`; `$` and other `\\` are literal."""
    written, at = "", 0
    while at < len(text):
        char, after = text[at], text[at + 1 : at + 2]
        if char == "\\" and after.isdigit():
            written, at = f"{written}${after}", at + 2
            if text[at : at + 1].isdigit():
                raise CannotSay("a digit behind a group in a replacement")
            continue
        written += f"\\{char}" if char in "\\$" else char
        at += 1
    return written


def _stripped(left: bool, right: bool) -> Function:
    """Trimming of spaces and tabs, or of the characters of a constant."""

    def function(args: tuple[Expr, ...], scope: Scope) -> Value:
        value = as_text(scope.value(args[0]))
        if value.many:
            raise CannotSay("ES|QL trims single values only")
        given = str(_literal(args[1], "characters to trim")) if len(args) > 1 else " \t"
        if not given:
            return value
        chars = "".join(rf"\{c}" if c in r"\]^-[&" else c for c in given)
        parts = [rf"\A[{chars}]+"] * left + [rf"[{chars}]+\z"] * right
        return _replaced(value, "|".join(parts), "")

    return function


def _urldecode(args: tuple[Expr, ...], scope: Scope) -> Value:
    scope.assume("percent signs in decoded texts stand before two hexadecimal digits")
    kept = _replaced(_text(args[0], scope), r"\+", "%2B")  # Java reads + as a space
    return called("URL_DECODE", Kind.TEXT, kept, sure=False)


# -- lists ---------------------------------------------------------------------------------------


def _list(expr: Expr, scope: Scope) -> Value:
    return scope.value(expr)


def _pieces(text: Expr, delimiter: str, scope: Scope) -> Value:
    """Return into how many pieces a delimiter splits a text: one more than there are of it."""
    value = _text(text, scope)
    without = _replaced(value, re.sub(r"([^A-Za-z0-9])", r"\\\1", delimiter), "")
    gone = q.Binary("-", *(q.Call("LENGTH", (v.node,)) for v in (value, without)))
    counted = q.Binary("/", gone, q.Constant(len(delimiter)))
    return Value(q.Binary("+", counted, q.Constant(1)), Kind.LONG, needs=value.needs)


def _mvcount(args: tuple[Expr, ...], scope: Scope) -> Value:
    match args[0]:
        case Call("split", (text, Lit(str() as delimiter))) if len(delimiter) > 1:
            return _pieces(text, delimiter, scope)
        case _:
            pass
    return called("MV_COUNT", Kind.LONG, _list(args[0], scope))


def _mvjoin(args: tuple[Expr, ...], scope: Scope) -> Value:
    value = as_text(_list(args[0], scope))
    if value.many and not value.ordered:
        raise CannotSay("ES|QL keeps no order among the values of a field")
    return called("MV_CONCAT", Kind.TEXT, value, _text(args[1], scope))


def _mvindex(args: tuple[Expr, ...], scope: Scope) -> Value:
    value = _list(args[0], scope)
    places = [_literal(arg, "a place in a list") for arg in args[1:]]
    if value.many and not value.ordered:
        raise CannotSay("ES|QL keeps no order among the values of a field")
    numbers = tuple(q.Constant(place) for place in places)
    made = q.Call("MV_SLICE", (value.node, *numbers))
    return replace(value, node=made, many=len(places) > 1, needs=None)


def _mvsort(args: tuple[Expr, ...], scope: Scope) -> Value:
    value = as_text(_list(args[0], scope))
    return replace(value, node=q.Call("MV_SORT", (value.node,)), ordered=True)


def _mvdedup(args: tuple[Expr, ...], scope: Scope) -> Value:
    value = as_text(_list(args[0], scope))
    return replace(value, node=q.Call("MV_DEDUPE", (value.node,)), ordered=False)


def _split(args: tuple[Expr, ...], scope: Scope) -> Value:
    delimiter = str(_literal(args[1], "a delimiter"))
    if len(delimiter) != 1 or not delimiter.isascii():
        raise CannotSay("ES|QL splits at single ASCII characters only")
    text = _text(args[0], scope)
    made = q.Call("SPLIT", (text.node, q.Constant(delimiter)))
    return Value(made, Kind.TEXT, many=True, ordered=True, needs=text.needs)


# -- time and conversion -------------------------------------------------------------------------

_CODES: Mapping[str, str] = {
    "Y": "yyyy", "y": "yy", "m": "MM", "d": "dd", "H": "HH", "I": "hh", "M": "mm", "S": "ss",
    "j": "DDD", "b": "MMM", "B": "MMMM", "a": "EEE", "A": "EEEE", "p": "a",
    "F": "yyyy-MM-dd", "T": "HH:mm:ss",
}  # fmt: skip


def _strftime(args: tuple[Expr, ...], scope: Scope) -> Value:
    value = scope.value(args[0])
    pattern = _date_pattern(str(_literal(args[1], "a format of time")))
    if value.kind is not Kind.DATE or value.many:
        raise CannotSay("ES|QL formats dates only")
    scope.assume("times are shown in UTC")
    node = q.Call("DATE_FORMAT", (q.Constant(pattern), value.node))
    return Value(node, Kind.TEXT, needs=value.needs)


def _date_pattern(spelled: str) -> str:
    """Return a format of `strftime` as a pattern of Java. Raises `CannotSay`."""
    written, at = "", 0
    while at < len(spelled):
        char = spelled[at]
        if char == "%":
            code = spelled[at + 1 : at + 2]
            if code not in _CODES:
                raise CannotSay(f"ES|QL has no %{code} in a format of time")
            written, at = written + _CODES[code], at + 2
            continue
        quoted = char.isalpha() or char in "'[]{}#"
        written += ("''" if char == "'" else f"'{char}'") if quoted else char
        at += 1
    return written


def _now(args: tuple[Expr, ...], scope: Scope) -> Value:
    return Value(q.Call("NOW"), Kind.DATE)


def _tonumber(args: tuple[Expr, ...], scope: Scope) -> Value:
    if len(args) > 1 and args[1] != Lit(10):
        raise CannotSay("ES|QL reads numbers of base 10")
    return number(args[0], scope)


def _tostring(args: tuple[Expr, ...], scope: Scope) -> Value:
    if len(args) > 1:
        raise CannotSay("ES|QL has no such format of a number")
    return _text(args[0], scope)


def _chosen(name: str) -> Function:
    """`min` and `max` of eval, for numbers."""

    def function(args: tuple[Expr, ...], scope: Scope) -> Value:
        values = [one(scope.value(arg)) for arg in args]
        if len(values) == 1:
            return values[0]
        if any(value.kind is Kind.TEXT for value in values):
            raise CannotSay(f"ES|QL's {name} does not put numbers before text")
        shown = alike(values)
        if needed(*shown) != frozenset():
            raise CannotSay(f"ES|QL's {name} is null where one of the values is missing")
        return called(name, shown[0].kind, *shown)

    return function


def _total(args: tuple[Expr, ...], scope: Scope) -> Value:
    """The sum of the values that are numbers, missing if none is."""
    values = [as_real(number(arg, scope)) for arg in args]
    zero = q.Constant(0.0)
    parts = [value.node if value.needs == frozenset() else q.Call("COALESCE", (value.node, zero))
             for value in values]
    node = parts[0]
    for part in parts[1:]:
        node = q.Binary("+", node, part)
    if any(value.needs == frozenset() for value in values):
        return Value(node, Kind.DOUBLE)
    some = q.Or(tuple(q.IsNull(value.node, negated=True) for value in values))
    return Value(q.Call("CASE", (some, node)), Kind.DOUBLE, needs=None)


FUNCTIONS: Mapping[str, Function] = {
    "add": _arithmetic("+"),
    "plus": _plus,
    "sub": _arithmetic("-"),
    "mul": _arithmetic("*"),
    "div": _quotient("/"),
    "mod": _quotient("%"),
    "neg": _negative,
    "abs": _same_kind("ABS"),
    "ceil": _same_kind("CEIL"),
    "floor": _same_kind("FLOOR"),
    "round": _round,
    "sqrt": _on_numbers("SQRT", sure=False),
    "pow": _on_numbers("POW"),
    "exp": _on_numbers("EXP"),
    "concat": _concat,
    "lower": _each_text("TO_LOWER"),
    "upper": _each_text("TO_UPPER"),
    "len": _on_text("LENGTH", Kind.LONG),
    "substr": _substr,
    "trim": _stripped(True, True),
    "ltrim": _stripped(True, False),
    "rtrim": _stripped(False, True),
    "replace": _replace,
    "urldecode": _urldecode,
    "md5": _on_text("MD5"),
    "sha1": _on_text("SHA1"),
    "sha256": _on_text("SHA256"),
    "tonumber": _tonumber,
    "tostring": _tostring,
    "mvcount": _mvcount,
    "mvdedup": _mvdedup,
    "mvindex": _mvindex,
    "mvjoin": _mvjoin,
    "mvsort": _mvsort,
    "split": _split,
    "least": _chosen("LEAST"),
    "greatest": _chosen("GREATEST"),
    "sum": _total,
    "now": _now,
    "parameter": lambda args, scope: scope.value(args[1]),
    "strftime": _strftime,
}

SAID_ELSEWHERE = frozenset({"coalesce", "relative_time", "time_bin"})
"""Functions that `expressions` says itself."""
