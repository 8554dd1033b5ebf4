"""Values of `eval`, `where` and `agg(eval())`: SPL expressions as IR expressions (section 3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from transpile.errors import Span
from transpile.ir.expr import Call, Case, Each, Expr, Field, Lit, RegexLit
from transpile.lower.common import CannotLower, where_is
from transpile.spl import ast

ARITHMETIC = {"+": "plus", "-": "sub", "*": "mul", "/": "div", "%": "mod", ".": "concat"}


def literal_text(expr: ast.Expr) -> str | None:
    """Return the text of a constant, None if the expression is none."""
    return str(expr.value) if isinstance(expr, ast.Literal) else None


def value_of(expr: ast.Expr) -> Expr:
    """Return the IR expression of an SPL value. Raises `CannotLower`."""
    span = where_is(expr)
    match expr:
        case ast.Literal(value=value):
            return Lit(value, span=span)
        case ast.FieldRef(name=name):
            return Field(name, span=span)
        case ast.Unary(op="-", arg=arg):
            return _negated(value_of(arg), span)
        case ast.Unary(op="+", arg=arg):
            return value_of(arg)
        case ast.Binary(op="+", left=ast.Literal(value=str(a)), right=ast.Literal(value=str(b))):
            return Lit(a + b, span=span)
        case ast.Binary(op=op, left=left, right=right) if op in ARITHMETIC:
            return Call(ARITHMETIC[op], (value_of(left), value_of(right)), span=span)
        case ast.Call(name=name, args=args) if name in SPECIAL:
            return SPECIAL[name](args, span)
        case ast.Call(name=name, args=args) if name in PLAIN:
            return Call(PLAIN[name], tuple(map(value_of, args)), span=span)
        case ast.Unary() | ast.Binary() | ast.InList():
            return _boolean(expr, span)
        case ast.Call(name=name):
            if _is_condition(expr):
                return _boolean(expr, span)
            raise CannotLower(f"the function {name} has no counterpart", span)
        case ast.SubsearchExpr():
            raise CannotLower("a subsearch inside an expression", span)
        case _:
            assert_never(expr)


def _is_condition(expr: ast.Expr) -> bool:
    from transpile.lower.logic import is_condition

    return is_condition(expr)


def _negated(value: Expr, span: Span | None) -> Expr:
    if isinstance(value, Lit) and isinstance(value.value, (int, float)):
        return Lit(-value.value, span=span)
    return Call("neg", (value,), span=span)


def _boolean(expr: ast.Expr, span: Span | None) -> Expr:
    """Return a Boolean as the text that SPL shows for it."""
    from transpile.lower.logic import truth

    when = truth(expr)
    return Case(((when.true, Lit("True")), (when.false, Lit("False"))), span=span)


# -- functions whose arguments are not all plain values ------------------------------------------

Arguments = tuple[ast.Expr, ...]


def _if(args: Arguments, span: Span | None) -> Expr:
    from transpile.lower.logic import true_of

    return Case(((true_of(args[0]), value_of(args[1])),), value_of(args[2]), span=span)


def _case(args: Arguments, span: Span | None) -> Expr:
    from transpile.lower.logic import true_of

    if len(args) % 2:
        raise CannotLower("case needs pairs of condition and value", span)
    branches = tuple(
        (true_of(c), value_of(v)) for c, v in zip(args[::2], args[1::2], strict=True)
    )
    return Case(branches, span=span)


def _validate(args: Arguments, span: Span | None) -> Expr:
    from transpile.lower.logic import truth

    if len(args) % 2:
        raise CannotLower("validate needs pairs of condition and value", span)
    branches = tuple(
        (truth(c).false, value_of(v)) for c, v in zip(args[::2], args[1::2], strict=True)
    )
    return Case(branches, span=span)


def _regex_call(name: str, place: int) -> Callable[[Arguments, Span | None], Expr]:
    def build(args: Arguments, span: Span | None) -> Expr:
        from transpile.lower.logic import regex_of

        values = [
            RegexLit(regex_of(arg), span=where_is(arg)) if i == place else value_of(arg)
            for i, arg in enumerate(args)
        ]
        return Call(name, tuple(values), span=span)

    return build


def _mvfilter(args: Arguments, span: Span | None) -> Expr:
    from transpile.lower.logic import single_field, true_of

    keep = true_of(args[0])
    name = single_field(keep)
    return Each("filter", name, Field(name, span=span), keep=keep, span=span)


def _mvmap(args: Arguments, span: Span | None) -> Expr:
    from transpile.lower.logic import as_field

    source = as_field(value_of(args[0]))
    return Each("map", source.name, source, body=value_of(args[1]), span=span)


def _tostring(args: Arguments, span: Span | None) -> Expr:
    first = args[0]
    if _is_condition(first) and len(args) == 1:
        return _boolean(first, span)
    if isinstance(first, ast.Call) and first.name == "null":
        return Lit("Null", span=span)
    return Call("tostring", tuple(map(value_of, args)), span=span)


SPECIAL: dict[str, Callable[[Arguments, Span | None], Expr]] = {
    "if": _if,
    "case": _case,
    "validate": _validate,
    "null": lambda args, span: Lit(None, span=span),
    "exact": lambda args, span: value_of(args[0]),
    "time": lambda args, span: Call("now", span=span),
    "replace": _regex_call("replace", 1),
    "mvfind": _regex_call("mvfind", 1),
    "mvfilter": _mvfilter,
    "mvmap": _mvmap,
    "tostring": _tostring,
}

PLAIN: dict[str, str] = {
    **{
        name: name
        for name in (
            "abs floor round sqrt pow exp ln log pi sigfig sin cos tan asin acos atan atan2 hypot "
            "sinh cosh tanh asinh acosh atanh random bit_and bit_or bit_xor bit_not "
            "bit_shift_left bit_shift_right lower upper len substr trim ltrim rtrim urldecode "
            "printf md5 sha1 sha256 sha512 tonumber typeof coalesce nullif mvappend mvcount "
            "mvdedup mvindex mvjoin mvsort mvzip mvrange split sum avg now relative_time strftime "
            "strptime spath json_extract json_extract_exact json_object json_array json_keys "
            "json_set json_append json_extend"
        ).split()
    },
    "ceil": "ceil",
    "ceiling": "ceil",
    "min": "least",
    "max": "greatest",
    "mv_to_json_array": "mvkeyed",
}
"""SPL functions that are one IR function of the same arguments."""
