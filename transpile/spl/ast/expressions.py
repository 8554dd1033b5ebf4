"""Eval expressions: the language of `where`, `eval` and `agg(eval(...))`."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING
from typing import Literal as OneOf

from transpile.records import dataclass
from transpile.spl.ast.node import Node

if TYPE_CHECKING:
    from transpile.spl.ast.commands import Search


UnaryOp = OneOf["NOT", "-", "+"]
BinaryOp = OneOf[
    "+", "-", "*", "/", "%", ".", "=", "!=", "<", "<=", ">", ">=", "LIKE", "AND", "OR", "XOR"
]


@dataclass(frozen=True, slots=True)
class Literal(Node):
    """A string (double quotes) or a number; written: a number's text, which has its precision."""

    value: str | int | float
    written: str = field(default="", compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class FieldRef(Node):
    """A field; quoted: it stood in single quotes."""

    name: str
    quoted: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Call(Node):
    """A function call; the name is a key of `functions.EVAL_FUNCTIONS`.

    Inside `eval(...)` of `chart` and `timechart` it may be a statistical function.
    """

    name: str
    args: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Unary(Node):
    """`NOT x`, `!x`, `-x`, `+x`."""

    op: UnaryOp
    arg: Expr


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """`left op right`; `==` is stored as `=`, `<>` as `!=`."""

    op: BinaryOp
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class InList(Node):
    """`arg IN (item, ...)`; items are expressions, so they may be fields."""

    arg: Expr
    items: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class SubsearchExpr(Node):
    """`[ ... ]` inside an expression: replaced by the text that the search returns."""

    search: Search


Expr = Literal | FieldRef | Call | Unary | Binary | InList | SubsearchExpr
