"""SPL's functions that yield a value (spl-semantics 3.9).

`SPECIAL` has those with an argument that is no plain value, `PLAIN` the others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from transpile.errors import Span
from transpile.ir.expr import Call, Case, Each, Expr, Field, Lit, RegexLit
from transpile.ir.pred import TRUE, Pred
from transpile.ir.text import number as number_of
from transpile.lower.common import CannotLower, duration_with_days, read_inner, where_is
from transpile.lower.expressions.base import (
    Arguments,
    Lowering,
    as_field,
    constant_regex,
    constant_text,
    required_text,
    single_field,
)
from transpile.spl import ast, parse_subsearch

Build = Callable[[Lowering, Arguments, Span | None], Expr]


def boolean_text(lowering: Lowering, expr: ast.Expr, span: Span | None) -> Expr:
    """Return a Boolean as the text that SPL shows for it, missing if it is NULL."""
    when = lowering.truth(expr)
    return Case(((when.true, Lit("True")), (when.false, Lit("False"))), span=span)


def _if(lowering: Lowering, args: Arguments, span: Span | None) -> Expr:
    when = lowering.truth(args[0]).true
    return Case(((when, lowering.value(args[1])),), lowering.value(args[2]), span=span)


def _pairs(
    lowering: Lowering, args: Arguments, name: str, span: Span | None
) -> list[tuple[ast.Expr, Expr]]:
    if len(args) % 2:
        raise CannotLower(f"{name} needs pairs of condition and value", span)
    return [(c, lowering.value(v)) for c, v in zip(args[::2], args[1::2], strict=True)]


def _case(lowering: Lowering, args: Arguments, span: Span | None) -> Expr:
    pairs = _pairs(lowering, args, "case", span)
    branches: tuple[tuple[Pred, Expr], ...] = tuple((lowering.truth(c).true, v) for c, v in pairs)
    return Case(branches, span=span)


def _validate(lowering: Lowering, args: Arguments, span: Span | None) -> Expr:
    pairs = _pairs(lowering, args, "validate", span)
    branches: tuple[tuple[Pred, Expr], ...] = tuple((lowering.truth(c).false, v) for c, v in pairs)
    return Case(branches, span=span)


def _with_regex(name: str, place: int) -> Build:
    """Return the entry of a function whose argument at `place` is a regular expression."""

    def build(lowering: Lowering, args: Arguments, span: Span | None) -> Expr:
        values = [
            RegexLit(constant_regex(arg), span=where_is(arg)) if i == place else lowering.value(arg)
            for i, arg in enumerate(args)
        ]
        return Call(name, tuple(values), span=span)

    return build


def _mvfilter(lowering: Lowering, args: Arguments, span: Span | None) -> Expr:
    keep = lowering.truth(args[0]).true
    name = single_field(keep)
    return Each("filter", name, Field(name, span=span), keep=keep, span=span)


def _mvmap(lowering: Lowering, args: Arguments, span: Span | None) -> Expr:
    """`mvmap(f, expr)`, or with three arguments the condition under which a value is mapped."""
    if len(args) > 2:
        raise CannotLower("mvmap with three arguments", span)
    source = as_field(lowering.value(args[0]))
    return Each("map", source.name, source, body=lowering.value(args[1]), span=span)


def _tostring(lowering: Lowering, args: Arguments, span: Span | None) -> Expr:
    first = args[0]
    if lowering.is_condition(first) and len(args) == 1:
        return boolean_text(lowering, first, span)
    if isinstance(first, ast.Call) and first.name == "null":
        return Lit("Null", span=span)  # U22
    return Call("tostring", tuple(map(lowering.value, args)), span=span)


def _typeof(lowering: Lowering, args: Arguments, span: Span | None) -> Expr:
    if lowering.is_condition(args[0]):
        return Lit("Boolean", span=span)
    return Call("typeof", (lowering.value(args[0]),), span=span)


def _mvrange(lowering: Lowering, args: Arguments, span: Span | None) -> Expr:
    """`mvrange(a, b[, step])`; the step may be a time span, a day having 24 hours."""
    values = [lowering.value(arg) for arg in args]
    step = constant_text(args[2]) if len(args) > 2 else None
    if step is not None and number_of(step) is None:
        seconds = duration_with_days(step)
        values[2] = Lit(int(seconds) if seconds.is_integer() else seconds)
    return Call("mvrange", tuple(values), span=span)


def _sigfig(lowering: Lowering, args: Arguments, span: Span | None) -> Expr:
    """`sigfig(e)`: rounded to the digits of its least precise constant; fields have none."""
    digits = _significant(args[0])
    if digits is None:
        raise CannotLower("the significant figures of a value that is not a constant", span)
    value = lowering.value(args[0])
    size = Call("floor", (Call("log", (Call("abs", (value,)),)),))
    unit = Call("pow", (Lit(10), Call("sub", (size, Lit(digits - 1)))))
    rounded = Call("mul", (Call("round", (Call("div", (value, unit)),)), unit))
    return Call("coalesce", (rounded, value), span=span)


def _significant(expr: ast.Expr) -> int | None:
    """Return the fewest significant digits among the numbers of a constant, None if it is none."""
    match expr:
        case ast.Literal(written=written) if written:
            mantissa = written.lower().partition("e")[0]
            return len(mantissa.replace(".", "").lstrip("0")) or 1
        case ast.Binary(left=left, right=right):
            sides = _significant(left), _significant(right)
            return None if sides[0] is None or sides[1] is None else min(sides[0], sides[1])
        case ast.Unary(arg=arg):
            return _significant(arg)
        case _:
            return None


def _commands(lowering: Lowering, args: Arguments, span: Span | None) -> Expr:
    text = required_text(args[0], "commands with a search")
    search = read_inner(parse_subsearch, text, "the search of commands", span)
    return Call("mvappend", tuple(Lit(command.name) for command in search.commands), span=span)


def _to_json_array(lowering: Lowering, args: Arguments, span: Span | None) -> Expr:
    """`mv_to_json_array(mv[, infer])`: with TRUE values that are JSON stand unquoted."""
    values = (lowering.value(args[0]),)
    if len(args) > 1 and _is_true(lowering, args[1]):
        return Call("mvkeyed", (*values, Lit(1)), span=span)
    return Call("mvkeyed", values, span=span)


def _from_json_array(lowering: Lowering, args: Arguments, span: Span | None) -> Expr:
    """`json_array_to_mv(array[, keep_quotes])`: the values of a JSON array."""
    if len(args) > 1 and _is_true(lowering, args[1]):
        raise CannotLower("json_array_to_mv that keeps the quotes", span)
    return Call("spath", (lowering.value(args[0]), Lit("{}")), span=span)


def _is_true(lowering: Lowering, expr: ast.Expr) -> bool:
    true = lowering.truth(expr).true
    if true != TRUE and lowering.truth(expr).false != TRUE:
        raise CannotLower("an option of the function that is not a constant", where_is(expr))
    return true == TRUE


SPECIAL: Mapping[str, Build] = {
    "if": _if,
    "case": _case,
    "validate": _validate,
    "null": lambda lowering, args, span: Lit(None, span=span),
    "exact": lambda lowering, args, span: lowering.value(args[0]),
    "time": lambda lowering, args, span: Call("now", span=span),
    "replace": _with_regex("replace", 1),
    "mvfind": _with_regex("mvfind", 1),
    "mvfilter": _mvfilter,
    "mvmap": _mvmap,
    "mvrange": _mvrange,
    "tostring": _tostring,
    "typeof": _typeof,
    "sigfig": _sigfig,
    "commands": _commands,
    "mv_to_json_array": _to_json_array,
    "json_array_to_mv": _from_json_array,
}

_SAME_NAME = """
    abs floor round sqrt pow exp ln log pi sin cos tan asin acos atan atan2 hypot sinh cosh
    tanh asinh acosh atanh random bit_and bit_or bit_xor bit_not bit_shift_left bit_shift_right
    lower upper len substr trim ltrim rtrim urldecode printf md5 sha1 sha256 sha512 tonumber
    coalesce nullif mvappend mvcount mvdedup mvindex mvjoin mvsort mvzip split sum avg now
    relative_time strftime strptime spath json_extract json_extract_exact json_object json_array
    json_keys json_set json_append json_extend
"""

PLAIN: Mapping[str, str] = {
    **{name: name for name in _SAME_NAME.split()},
    "ceil": "ceil",
    "ceiling": "ceil",
    "min": "least",
    "max": "greatest",
}
"""SPL functions that are one IR function of the same arguments."""
