"""Expressions: what a row yields. A value is text, a number, a list of those, or missing (`None`).

Nodes are frozen and compared by meaning; `span` says where in the author's search they stand.
Booleans do not exist as values: a condition inside an expression is a `Pred` in a `Case`.
The names `Call` may use, with arity and meaning, are the table in `transpile.ir.functions`.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Literal

from transpile.errors import Span
from transpile.ir.hashed import Hashed
from transpile.records import dataclass

if TYPE_CHECKING:
    from transpile.ir.pred import Pred
    from transpile.ir.regex import Regex


@dataclass(frozen=True, slots=True)
class Node(Hashed):
    """Base of every IR node: where it stands in the author's text, not part of its meaning."""

    span: Span | None = field(default=None, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Field(Node):
    """The value of a field of the row; missing when the row has none."""

    name: str


@dataclass(frozen=True, slots=True)
class Lit(Node):
    """A constant: text, number, or `None` for missing."""

    value: str | int | float | None


@dataclass(frozen=True, slots=True)
class RegexLit(Node):
    """A regular expression as argument of a function (`regex_replace`, `mvfind`)."""

    regex: Regex


@dataclass(frozen=True, slots=True)
class Call(Node):
    """A function of `transpile.ir.functions` applied to its arguments.

    Unless the table says otherwise a missing argument makes the result missing.
    """

    name: str
    args: tuple[Expr, ...] = ()


@dataclass(frozen=True, slots=True)
class Case(Node):
    """The value beside the first condition that is true, else `default`."""

    branches: tuple[tuple[Pred, Expr], ...]
    default: Expr = field(default_factory=lambda: Lit(None))


@dataclass(frozen=True, slots=True)
class Each(Node):
    """A multivalue expression computed value by value.

    `var` is bound, as a field, to each value of `source` in turn. kind "filter": the values for
    which `keep` is true; kind "map": `body` of each value, missing results left out.
    """

    kind: Literal["filter", "map"]
    var: str
    source: Expr
    keep: Pred | None = None
    body: Expr | None = None


Expr = Field | Lit | RegexLit | Call | Case | Each
