"""What the tables of functions share: three-valued truth, constants, and the way back down."""

from __future__ import annotations

from typing import Protocol

from transpile.errors import Span
from transpile.ir.expr import Expr, Field
from transpile.ir.pred import (
    Condition,
    Const,
    Exists,
    Not,
    NumEq,
    Pred,
    Test,
    Unknown,
    all_of,
    any_of,
    negate,
)
from transpile.ir.regex import Regex, RegexError, parse_regex
from transpile.ir.walk import fields_of
from transpile.lower.common import CannotLower, where_is
from transpile.records import dataclass
from transpile.spl import ast

Arguments = tuple[ast.Expr, ...]


@dataclass(frozen=True, slots=True)
class Truth:
    """When a condition is TRUE and when it is FALSE; it is NULL when neither holds."""

    true: Pred
    false: Pred

    def swapped(self) -> Truth:
        """Return the truth of the negation."""
        return Truth(self.false, self.true)


class Lowering(Protocol):
    """Lowers the arguments of a function."""

    def value(self, expr: ast.Expr) -> Expr:
        """Return the IR expression of a value. Raises `CannotLower`."""
        ...

    def truth(self, expr: ast.Expr) -> Truth:
        """Return when a condition holds and when it does not."""
        ...

    def is_condition(self, expr: ast.Expr) -> bool:
        """Return whether an expression yields a Boolean."""
        ...


def constant(value: bool) -> Truth:
    """Return the truth of a Boolean constant."""
    return Truth(Const(value), Const(not value))


def either(holds: Pred) -> Truth:
    """Return the truth of a condition that is never NULL."""
    return Truth(holds, negate(holds))


def exclusive(a: Truth, b: Truth) -> Truth:
    """Return the truth of `a XOR b`; NULL if one of them is."""
    return Truth(
        any_of((all_of((a.true, b.false)), all_of((a.false, b.true)))),
        any_of((all_of((a.true, b.true)), all_of((a.false, b.false)))),
    )


def tested(subject: Expr, condition: Condition, span: Span | None) -> Truth:
    """Return the truth of a test that is NULL for a missing subject."""
    test = Test(subject, condition, span=span)
    return Truth(test, all_of((Exists(subject, span=span), Not(test, span=span))))


def for_interpreter(reason: str, subject: Expr, span: Span | None) -> Truth:
    """Return the truth of a test that no target can say; `subject` yields 1 or 0."""
    known = tested(subject, NumEq(1), span)
    return Truth(
        Unknown(reason, decided=known.true, span=span),
        Unknown(reason, decided=known.false, span=span),
    )


def constant_text(expr: ast.Expr) -> str | None:
    """Return the text of a constant, None if the expression is none."""
    return str(expr.value) if isinstance(expr, ast.Literal) else None


def required_text(expr: ast.Expr, what: str) -> str:
    """Return the text of an argument that must be a constant. Raises `CannotLower`."""
    text = constant_text(expr)
    if text is None:
        raise CannotLower(f"{what} that is not a constant", where_is(expr))
    return text


def constant_regex(expr: ast.Expr) -> Regex:
    """Return the regular expression of a constant argument. Raises `CannotLower`."""
    text = required_text(expr, "a regular expression")
    try:
        return parse_regex(text)
    except RegexError as error:
        reason = f"the regular expression cannot be read: {error}"
        raise CannotLower(reason, where_is(expr)) from error


def single_field(pred: Pred) -> str:
    """Return the one field that the predicate of `mvfilter` may read. Raises `CannotLower`."""
    names = fields_of(pred)
    if len(names) != 1:
        raise CannotLower("mvfilter must refer to exactly one field", pred.span)
    return next(iter(names))


def as_field(expr: Expr) -> Field:
    """Return an expression that must be a plain field. Raises `CannotLower`."""
    if not isinstance(expr, Field):
        raise CannotLower("the argument must be a field", expr.span)
    return expr
