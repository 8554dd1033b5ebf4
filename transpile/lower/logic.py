"""Conditions of `where` and `eval`: three-valued in SPL, two predicates here.

`true_of(e)` holds when SPL says TRUE, `false_of(e)` when it says FALSE; neither holds for NULL
(spl-semantics 3.2). So NOT, AND and OR only swap or join them, and no NULL is left in the IR.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from transpile.errors import Span
from transpile.ir.expr import Call, Expr, Field, Lit
from transpile.ir.pattern import Pattern
from transpile.ir.pred import (
    FALSE,
    TRUE,
    Compare,
    CompareOp,
    Condition,
    Const,
    Exists,
    Glob,
    InNetwork,
    Matches,
    Not,
    NumEq,
    Order,
    Pred,
    Quant,
    Test,
    TextEq,
    Unknown,
    all_of,
    any_of,
    negate,
)
from transpile.ir.regex import Regex, RegexError, parse_regex
from transpile.ir.text import number as number_of
from transpile.lower.common import CannotLower, where_is
from transpile.lower.values import literal_text, value_of
from transpile.spl import ast, parse_filter

FLIPPED: dict[str, CompareOp] = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


@dataclass(frozen=True, slots=True)
class Truth:
    """When a condition is TRUE and when it is FALSE; it is NULL when neither holds."""

    true: Pred
    false: Pred

    def swapped(self) -> Truth:
        """Return the truth of the negation."""
        return Truth(self.false, self.true)


def true_of(expr: ast.Expr) -> Pred:
    """Return the predicate that holds when the condition is TRUE."""
    return truth(expr).true


def truth(expr: ast.Expr) -> Truth:
    """Return when a condition is TRUE and when FALSE; what has no meaning here is `Unknown`."""
    try:
        return _truth(expr)
    except CannotLower as refusal:
        unknown = Unknown(refusal.reason, span=refusal.span or where_is(expr))
        return Truth(unknown, unknown)


def _truth(expr: ast.Expr) -> Truth:
    match expr:
        case ast.Binary(op="AND", left=left, right=right):
            a, b = truth(left), truth(right)
            return Truth(all_of((a.true, b.true)), any_of((a.false, b.false)))
        case ast.Binary(op="OR", left=left, right=right):
            a, b = truth(left), truth(right)
            return Truth(any_of((a.true, b.true)), all_of((a.false, b.false)))
        case ast.Binary(op="XOR", left=left, right=right):
            return _xor(truth(left), truth(right))
        case ast.Unary(op="NOT", arg=arg):
            return truth(arg).swapped()
        case ast.Binary(op=op) if op in ("=", "!=", "<", "<=", ">", ">="):
            return _comparison(expr)
        case ast.Binary(op="LIKE", left=left, right=right):
            return _like(left, right, where_is(expr))
        case ast.InList(arg=arg, items=items):
            return _in(arg, items, where_is(expr))
        case ast.Call(name=name, args=args) if name in CONDITIONS:
            return CONDITIONS[name](args, where_is(expr))
        case ast.Literal(value=value) if not isinstance(value, str):
            return _constant(bool(value))
        case ast.Literal(value=value):
            return _constant(str(value).lower() == "true")
        case ast.Unary() | ast.Binary() | ast.SubsearchExpr():
            raise CannotLower("the expression is no condition", where_is(expr))
        case _:
            return _test(value_of(expr), TextEq("true"), where_is(expr))


def is_condition(expr: ast.Expr) -> bool:
    """Return whether an expression yields a Boolean."""
    match expr:
        case ast.Binary(op=op):
            return op not in ("+", "-", "*", "/", "%", ".")
        case ast.Unary(op=op):
            return op == "NOT"
        case ast.InList():
            return True
        case ast.Call(name="if", args=args):
            return len(args) == 3 and all(map(is_condition, args[1:]))
        case ast.Call(name="case", args=args):
            return len(args) > 1 and all(map(is_condition, args[1::2]))
        case ast.Call(name=name):
            return name in CONDITIONS
        case _:
            return False


def _constant(value: bool) -> Truth:
    return Truth(Const(value), Const(not value))


def _xor(a: Truth, b: Truth) -> Truth:
    return Truth(
        any_of((all_of((a.true, b.false)), all_of((a.false, b.true)))),
        any_of((all_of((a.true, b.true)), all_of((a.false, b.false)))),
    )


def _test(subject: Expr, condition: Condition, span: Span | None) -> Truth:
    """Return the truth of a test that is NULL for a missing subject."""
    test = Test(subject, condition, span=span)
    return Truth(test, all_of((Exists(subject, span=span), Not(test, span=span))))


# -- comparisons ---------------------------------------------------------------------------------


def _comparison(expr: ast.Binary) -> Truth:
    left, right, op = expr.left, expr.right, expr.op
    if is_condition(left) and is_condition(right) and op in ("=", "!="):
        same = _xor(truth(left), truth(right)).swapped()
        return same if op == "=" else same.swapped()
    span = where_is(expr)
    a, b = value_of(left), value_of(right)
    if isinstance(a, Lit) and isinstance(b, Lit):
        return _compared_constants(op, a, b)
    if isinstance(a, Lit):
        a, b, op = b, a, FLIPPED.get(op, op)  # type: ignore[assignment]
    if isinstance(b, Lit):
        return _against_constant(a, op, b, span)
    return _between(a, op, b, span)


def _compared_constants(op: str, left: Lit, right: Lit) -> Truth:
    if left.value is None or right.value is None:
        return Truth(FALSE, FALSE)
    a: str | int | float | None = number_of(str(left.value))
    b: str | int | float | None = number_of(str(right.value))
    if a is None or b is None:
        a, b = str(left.value), str(right.value)
    less, same = (a < b), (a == b)  # type: ignore[operator]
    outcome = {
        "=": same, "!=": not same, "<": less, "<=": less or same,
        ">": not (less or same), ">=": not less,
    }  # fmt: skip
    return _constant(outcome[op])


def equal_to(value: str | int | float) -> Condition:
    """Return the condition that a value equals a constant, as `where` compares (U3)."""
    number = number_of(str(value))
    return TextEq(str(value), cased=True) if number is None else NumEq(number)


def _against_constant(subject: Expr, op: str, constant: Lit, span: Span | None) -> Truth:
    value = constant.value
    if value is None:
        return Truth(FALSE, FALSE)
    if op == "=":
        return _test(subject, equal_to(value), span)
    if op == "!=":
        every = Test(subject, equal_to(value), Quant.ALL, span=span)
        differs = all_of((Exists(subject, span=span), Not(every, span=span)))
        return Truth(differs, every)
    number = number_of(str(value))
    bound = str(value) if number is None else number
    return _test(subject, Order(op, bound), span)  # type: ignore[arg-type]


def _between(left: Expr, op: str, right: Expr, span: Span | None) -> Truth:
    both = all_of((Exists(left, span=span), Exists(right, span=span)))
    if op == "!=":
        every = Compare("==", left, right, all_values=True, span=span)
        return Truth(all_of((both, negate(every))), every)
    compare = Compare("==" if op == "=" else op, left, right, span=span)  # type: ignore[arg-type]
    return Truth(compare, all_of((both, negate(compare))))


def _in(arg: ast.Expr, items: tuple[ast.Expr, ...], span: Span | None) -> Truth:
    parts = [truth(ast.Binary("=", arg, item, span=item.span)) for item in items]
    return Truth(any_of(p.true for p in parts), all_of(p.false for p in parts))


def _like(subject: ast.Expr, pattern: ast.Expr, span: Span | None) -> Truth:
    text = literal_text(pattern)
    if text is None:
        raise CannotLower("like with a pattern that is not a constant", where_is(pattern))
    return _test(value_of(subject), Glob(Pattern.from_like(text), cased=True), span)


# -- functions that yield a Boolean --------------------------------------------------------------


def regex_of(expr: ast.Expr) -> Regex:
    """Return the regular expression of a constant argument."""
    text = literal_text(expr)
    if text is None:
        raise CannotLower("a regular expression that is not a constant", where_is(expr))
    try:
        return parse_regex(text)
    except RegexError as error:
        raise CannotLower(f"the regular expression cannot be read: {error}", where_is(expr)) from error


def _match(args: tuple[ast.Expr, ...], span: Span | None) -> Truth:
    return _test(value_of(args[0]), Matches(regex_of(args[1])), span)


def _isnull(args: tuple[ast.Expr, ...], span: Span | None) -> Truth:
    return _isnotnull(args, span).swapped()


def _isnotnull(args: tuple[ast.Expr, ...], span: Span | None) -> Truth:
    if is_condition(args[0]):
        inner = truth(args[0])
        known = any_of((inner.true, inner.false))
        return Truth(known, negate(known))
    exists = Exists(value_of(args[0]), span=span)
    return Truth(exists, Not(exists, span=span))


def _cidrmatch(args: tuple[ast.Expr, ...], span: Span | None) -> Truth:
    network = literal_text(args[0])
    if network is None:
        raise CannotLower("cidrmatch with a network that is not a constant", where_is(args[0]))
    return _test(value_of(args[1]), InNetwork(network), span)


def _searchmatch(args: tuple[ast.Expr, ...], span: Span | None) -> Truth:
    from transpile.lower.filters import FilterLowering

    text = literal_text(args[0])
    if text is None:
        raise CannotLower("searchmatch with a search that is not a constant", where_is(args[0]))

    def refuse(search: ast.Search) -> None:
        raise CannotLower("a subsearch inside searchmatch", where_is(search))

    pred = FilterLowering(refuse).pred(parse_filter(text))  # type: ignore[arg-type]
    return Truth(pred, negate(pred))


def _if(args: tuple[ast.Expr, ...], span: Span | None) -> Truth:
    return _case((*args[:2], ast.Call("true", ()), args[2]), span)


def _case(args: tuple[ast.Expr, ...], span: Span | None) -> Truth:
    true: list[Pred] = []
    false: list[Pred] = []
    before: Pred = TRUE
    for condition, result in zip(args[::2], args[1::2], strict=True):
        here = truth(condition).true
        reached = all_of((before, here))
        outcome = truth(result)
        true.append(all_of((reached, outcome.true)))
        false.append(all_of((reached, outcome.false)))
        before = all_of((before, negate(here)))
    return Truth(any_of(true), any_of(false))


def _isnum(args: tuple[ast.Expr, ...], span: Span | None) -> Truth:
    numeric = Exists(Call("tonumber", (value_of(args[0]),)), span=span)
    return Truth(numeric, negate(numeric))


def _isstr(args: tuple[ast.Expr, ...], span: Span | None) -> Truth:
    subject = Exists(value_of(args[0]), span=span)
    text = all_of((subject, _isnum(args, span).false))
    return Truth(text, negate(text))


def _isint(args: tuple[ast.Expr, ...], span: Span | None) -> Truth:
    whole = Test(value_of(args[0]), Matches(parse_regex(r"^[-+]?\d+\z")), span=span)
    return Truth(whole, negate(whole))


def _isbool(args: tuple[ast.Expr, ...], span: Span | None) -> Truth:
    return _constant(is_condition(args[0]))


def _json_valid(args: tuple[ast.Expr, ...], span: Span | None) -> Truth:
    return _test(Call("json_valid", (value_of(args[0]),)), NumEq(1), span)


Arguments = tuple[ast.Expr, ...]

CONDITIONS: dict[str, Callable[[Arguments, Span | None], Truth]] = {
    "true": lambda args, span: _constant(True),
    "false": lambda args, span: _constant(False),
    "match": _match,
    "like": lambda args, span: _like(args[0], args[1], span),
    "in": lambda args, span: _in(args[0], args[1:], span),
    "isnull": _isnull,
    "isnotnull": _isnotnull,
    "cidrmatch": _cidrmatch,
    "searchmatch": _searchmatch,
    "if": _if,
    "case": _case,
    "isnum": _isnum,
    "isstr": _isstr,
    "isint": _isint,
    "isbool": _isbool,
    "json_valid": _json_valid,
}
"""SPL's Boolean functions; `if` and `case` are conditions when all their results are."""


def single_field(pred: Pred) -> str:
    """Return the one field that the predicate of `mvfilter` may read."""
    from transpile.ir.walk import fields_of

    names = fields_of(pred)
    if len(names) != 1:
        raise CannotLower("mvfilter must refer to exactly one field")
    return next(iter(names))


def as_field(expr: Expr) -> Field:
    """Return an expression that must be a plain field."""
    if not isinstance(expr, Field):
        raise CannotLower("the argument must be a field", expr.span)
    return expr
