"""Predicates: true or false for a row, never anything else.

SPL's rules for missing fields and NULL are made explicit when a predicate is built:
`search user!="admin"` is `Exists(user)` and `Not(Test(user, all values equal "admin"))`.
Case, wildcards, number or text order, and any or all of several values are attributes of the node.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import TYPE_CHECKING, Literal

from transpile.ir.expr import Expr, Node
from transpile.ir.pattern import Pattern
from transpile.records import dataclass

if TYPE_CHECKING:
    from transpile.ir.regex import Regex
    from transpile.ir.stages import Pipeline

OrderOp = Literal["<", "<=", ">", ">="]
CompareOp = Literal["==", "<", "<=", ">", ">="]


class Quant(Enum):
    """How a test treats the values of a multivalue subject. Both are false for a missing one."""

    ANY = "any"
    ALL = "all"

    __hash__ = object.__hash__  # members are compared by identity; Enum's own hash is slow


# -- conditions on one value ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TextEq:
    """The value, as text, equals `text`; without `cased` both sides are folded (`ir.text.fold`)."""

    text: str
    cased: bool = False


@dataclass(frozen=True, slots=True)
class NumEq:
    """The value looks like a number (`ir.text.number`) and equals `number`: `"1.0"` equals 1."""

    number: int | float


@dataclass(frozen=True, slots=True)
class Glob:
    """The whole value, as text, matches a wildcard pattern."""

    pattern: Pattern
    cased: bool = False


@dataclass(frozen=True, slots=True)
class Matches:
    """The regular expression matches somewhere in the value; its flags are in its tree."""

    regex: Regex


@dataclass(frozen=True, slots=True)
class Order:
    """The value stands in order to a bound.

    A number bound compares numerically with a value that looks like a number and, as text (UTF-8
    byte order), with any other value. A text bound compares as text always.
    """

    op: OrderOp
    bound: str | int | float


@dataclass(frozen=True, slots=True)
class InNetwork:
    """The value is an IP address inside a network in CIDR notation (IPv4 or IPv6)."""

    network: str


Condition = TextEq | NumEq | Glob | Matches | Order | InNetwork


# -- predicates ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Const(Node):
    """Always true or always false."""

    value: bool


@dataclass(frozen=True, slots=True)
class And(Node):
    """True if every argument is true."""

    args: tuple[Pred, ...]


@dataclass(frozen=True, slots=True)
class Or(Node):
    """True if some argument is true."""

    args: tuple[Pred, ...]


@dataclass(frozen=True, slots=True)
class Not(Node):
    """True if the argument is false, also when that is for want of a value."""

    arg: Pred


@dataclass(frozen=True, slots=True)
class Exists(Node):
    """The subject has at least one value; the empty string is a value."""

    subject: Expr


@dataclass(frozen=True, slots=True)
class Test(Node):
    """Some value (`ANY`) or every value (`ALL`) of the subject meets the condition.

    False for a missing subject under both quantifiers.
    """

    __test__ = False  # not a pytest class

    subject: Expr
    condition: Condition
    quant: Quant = Quant.ANY


@dataclass(frozen=True, slots=True)
class Compare(Node):
    """Two expressions compared; false if either is missing.

    Numbers if both look like numbers, else text by UTF-8 bytes, case-sensitive.
    `==` is true if some value of the left equals some value of the right; `all_values` asks that
    for every pair instead. The order operators use the first value of each side.
    """

    op: CompareOp
    left: Expr
    right: Expr
    all_values: bool = False


@dataclass(frozen=True, slots=True)
class Keyword(Node):
    """The raw text of the event contains the pattern as whole words.

    A word ends where no ASCII letter or digit follows; a run inside the pattern does not cross a
    major breaker (spl-semantics 2.7). False when the row has no `_raw`.
    """

    pattern: Pattern
    cased: bool = False


@dataclass(frozen=True, slots=True)
class InRows(Node):
    """The row agrees with some row that a pipeline yields (a subsearch used as a filter).

    Agreement: for every field of that row whose name does not begin with `_`, the row has a value
    that matches the (or one of the) subsearch's values, as `search` compares: without case, `*` in
    the subsearch's value being a wildcard. No rows: false.
    """

    pipeline: Pipeline


@dataclass(frozen=True, slots=True)
class Unknown(Node):
    """A condition that no target can say, with the reason; it is taken as true.

    widens: leaving it out finds more (positive position); a `Not` around it would lose events, so
    whoever negates it must keep the widening (`negate` refuses nothing, backends ask `unknowns`).
    decided: the condition as the interpreter can still decide it (a pattern that stands in the
    event); None: nobody can.
    """

    reason: str
    code: str = "SPL301"
    decided: Pred | None = None


Pred = Const | And | Or | Not | Exists | Test | Compare | Keyword | InRows | Unknown

TRUE = Const(True)
FALSE = Const(False)


def all_of(args: Iterable[Pred]) -> Pred:
    """Return the conjunction, flattened and folded; nothing at all is true."""
    return _join(args, And, unit=TRUE, zero=FALSE)


def any_of(args: Iterable[Pred]) -> Pred:
    """Return the disjunction, flattened and folded; nothing at all is false."""
    return _join(args, Or, unit=FALSE, zero=TRUE)


def _join(args: Iterable[Pred], kind: type[And] | type[Or], *, unit: Const, zero: Const) -> Pred:
    flat: list[Pred] = []
    for arg in args:
        if not isinstance(arg, (kind, Const)):  # the most frequent
            flat.append(arg)
            continue
        for item in arg.args if isinstance(arg, kind) else (arg,):
            if not isinstance(item, Const):
                flat.append(item)
            elif item == zero:
                return zero
    if len(flat) == 2:
        flat = flat[:1] if flat[0] == flat[1] else flat  # a hash takes longer
    elif len(flat) > 2:
        flat = list(dict.fromkeys(flat))
    if not flat:
        return unit
    return flat[0] if len(flat) == 1 else kind(tuple(flat))


def negate(arg: Pred) -> Pred:
    """Return the negation; a double negation and a constant fold."""
    match arg:
        case Const(value):
            return FALSE if value else TRUE
        case Not(inner):
            return inner
        case _:
            return Not(arg, span=arg.span)
