"""Values of a query under construction: an expression with what is known of it, and conversions.

ES|QL is typed: nothing is converted in silence, and an operator on the wrong type is an error.
"""

from __future__ import annotations

from enum import Enum

from transpile.backends.esql import tree as q

from transpile.records import dataclass, replace


class Kind(Enum):
    """The type of a value as far as it decides how things are said."""

    TEXT = "text"
    LONG = "whole number"
    DOUBLE = "number"
    BOOLEAN = "true or false"
    IP = "IP address"
    DATE = "date"
    MEMBERS = "member of a flattened object"


NUMBERS = frozenset({Kind.LONG, Kind.DOUBLE})


class CannotSay(Exception):
    """ES|QL has no words for something; `code` and `message` as in `Loss`."""

    def __init__(self, message: str, code: str = "TGT604") -> None:
        super().__init__(message)
        self.message = message
        self.code = code


@dataclass(frozen=True, slots=True)
class Value:
    """An expression of a kind.

    many: it may hold several values.  ordered: in an order that means something.
    needs: the columns without which it is null (it is not null if all of them have a value); None:
    it can be null for other reasons.
    """

    node: q.Expr
    kind: Kind
    many: bool = False
    ordered: bool = False
    needs: frozenset[str] | None = frozenset()

    @property
    def simple(self) -> bool:
        """Whether it is a column or a constant, so that saying it twice costs nothing."""
        return isinstance(self.node, (q.Column, q.Constant))


NOTHING = Value(q.NULL, Kind.TEXT, needs=None)


def constant(value: str | int | float | None) -> Value:
    """Return a literal as a value."""
    match value:
        case None:
            return NOTHING
        case str():
            return Value(q.Constant(value), Kind.TEXT)
        case int():
            return Value(q.Constant(value), Kind.LONG)
        case _:
            return Value(q.Constant(value), Kind.DOUBLE)


def called(name: str, kind: Kind, *args: Value, sure: bool = True) -> Value:
    """Return a function of values, null where one of them is; not `sure`: elsewhere too."""
    needs = needed(*args) if sure else None
    return Value(q.Call(name, tuple(arg.node for arg in args)), kind, needs=needs)


def needed(*values: Value) -> frozenset[str] | None:
    """Return the columns that all these values need, None if one can be null otherwise."""
    found: frozenset[str] = frozenset()
    for value in values:
        if value.needs is None:
            return None
        found |= value.needs
    return found


def one(value: Value) -> Value:
    """Return a value that is single; the first of several in order. Raises `CannotSay`."""
    if not value.many:
        return value
    if not value.ordered:
        raise CannotSay("ES|QL keeps no order among the values of a field")
    first = q.Call("MV_FIRST", (value.node,))
    return replace(value, node=first, many=False, ordered=False)


def as_text(value: Value) -> Value:
    """Return a value as Splunk prints it. Raises `CannotSay`."""
    if value.node == q.NULL:
        return replace(value, kind=Kind.TEXT)
    match value.kind:
        case Kind.TEXT:
            return value
        case Kind.LONG | Kind.BOOLEAN | Kind.IP:
            if isinstance(value.node, q.Constant):
                return replace(value, node=q.Constant(str(value.node.value)), kind=Kind.TEXT)
            return replace(value, node=q.Call("TO_STRING", (value.node,)), kind=Kind.TEXT)
        case Kind.DOUBLE | Kind.DATE | Kind.MEMBERS:
            raise CannotSay(f"ES|QL prints a {value.kind.value} differently")


def as_number(value: Value) -> Value:
    """Return a value as a number; text that is none is null. Raises `CannotSay`."""
    match value.kind:
        case Kind.LONG | Kind.DOUBLE:
            return value
        case Kind.TEXT:
            made = q.Call("TO_DOUBLE", (value.node,))
            return replace(value, node=made, kind=Kind.DOUBLE, needs=None)
        case Kind.DATE:
            milliseconds = q.Call("TO_DOUBLE", (q.Call("TO_LONG", (value.node,)),))
            seconds = q.Binary("/", milliseconds, q.Constant(1000))
            return replace(value, node=seconds, kind=Kind.DOUBLE)
        case Kind.BOOLEAN | Kind.IP | Kind.MEMBERS:
            raise CannotSay(f"a value that is {value.kind.value} is no number")


def as_real(value: Value) -> Value:
    """Return a number with decimals, so that a division keeps them."""
    number = as_number(value)
    if number.kind is Kind.DOUBLE:
        return number
    if isinstance(number.node, q.Constant):
        return replace(number, node=q.Constant(float(str(number.node.value))), kind=Kind.DOUBLE)
    return replace(number, node=q.Call("TO_DOUBLE", (number.node,)), kind=Kind.DOUBLE)


def alike(values: list[Value]) -> list[Value]:
    """Return values as one kind, so that they can be alternatives. Raises `CannotSay`."""
    kinds = {value.kind for value in values if value.node != q.NULL}
    if len(kinds) <= 1:
        return values
    if kinds <= NUMBERS:
        return [as_real(value) for value in values]
    return [as_text(value) for value in values]
