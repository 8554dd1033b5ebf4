"""What an expression of the IR is in SQL: a node, its kind, and when it may be NULL."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from enum import Enum
from typing import TYPE_CHECKING

from sqlglot import exp
from transpile.backends.sql.nodes import Sql, column, names_of

from transpile.records import dataclass

if TYPE_CHECKING:
    from transpile.backends.sql.writer import Writer


class Kind(Enum):
    """How a column holds values: text, whole numbers, real numbers, or a list of texts."""

    TEXT = "text"
    INT = "int"
    REAL = "real"
    LIST = "list"

    __hash__ = object.__hash__  # members are compared by identity; Enum's own hash is slow


NUMERIC = frozenset({Kind.INT, Kind.REAL})
ALWAYS: frozenset[str] = frozenset()
"""The `missing` of a value or test that is never NULL."""


@dataclass(frozen=True, slots=True)
class Value:
    """A value in SQL. missing: it is NULL only if one of these columns is; None: who knows."""

    node: Sql
    kind: Kind
    missing: frozenset[str] | None = None

    @property
    def sql(self) -> Sql:
        """The node, to be put into a tree; a copy of it if it stands in one already."""
        if isinstance(self.node, exp.Column):  # the most frequent, made faster than copied
            return column(*names_of(self.node))
        return self.node if self.node.parent is None else self.node.copy()

    def shows(self, other: Value) -> bool:
        """Return whether the value is the same expression as another one."""
        if isinstance(self.node, exp.Column) and isinstance(other.node, exp.Column):
            return names_of(self.node) == names_of(other.node)
        return bool(self.node == other.node)

    def with_present(self, names: frozenset[str]) -> Value:
        """Return the value where these columns are not NULL."""
        if not self.missing or self.missing.isdisjoint(names):
            return self
        return Value(self.node, self.kind, self.missing - names)

    @property
    def is_null(self) -> bool:
        """True for the constant NULL."""
        return isinstance(self.node, exp.Null)

    @property
    def literal(self) -> str | None:
        """The text of a string literal, else None."""
        node = self.node
        return node.this if isinstance(node, exp.Literal) and node.is_string else None

    @property
    def simple(self) -> bool:
        """True if repeating the value costs nothing: a column or a constant."""
        return isinstance(self.node, (exp.Column, exp.Literal, exp.Null, exp.Identifier))


@dataclass(frozen=True, slots=True)
class Test:
    """A condition in SQL: TRUE if and only if the predicate is true; NULL counts as false.

    missing: it is NULL only if one of these columns is; None: who knows.
    """

    __test__ = False  # not a pytest class

    sql: Sql
    missing: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """Where an expression is evaluated: how names resolve.

    known: what a conjunct beside the expression requires (`Value.missing`), so that it is there.
    """

    writer: Writer
    resolve: Callable[[str], Value]
    known: frozenset[str] = ALWAYS
    bound: Mapping[str, Value] = field(default_factory=dict)

    def value_of(self, name: str) -> Value:
        """Return the value of a field or of a variable of `Each`."""
        return self.bound[name] if name in self.bound else self.resolve(name)


def null_value(kind: Kind = Kind.TEXT) -> Value:
    """Return the missing value."""
    return Value(exp.Null(), kind)


def either(left: frozenset[str] | None, right: frozenset[str] | None) -> frozenset[str] | None:
    """Return who makes a value of two parts NULL, if each NULL part makes the whole NULL."""
    return None if left is None or right is None else left | right


def united(parts: Iterable[Value | Test]) -> frozenset[str] | None:
    """Return who makes the whole of several parts NULL."""
    missing: frozenset[str] | None = ALWAYS
    for part in parts:
        missing = either(missing, part.missing)
    return missing
