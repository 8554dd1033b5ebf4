"""ES|QL as a tree: expressions and commands, as `text` prints them.

Literals and names are plain values here; how they are quoted is decided in `text` alone.
Sources: spec/eql-semantics.md 14.
"""

from __future__ import annotations

from typing import Literal

from transpile.records import dataclass

BinaryOp = Literal["==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%", ":"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column by its name; a dot in it is part of the name."""

    name: str


@dataclass(frozen=True, slots=True)
class Star:
    """The `*` of COUNT(*)."""


@dataclass(frozen=True, slots=True)
class Constant:
    """A constant: text, number, truth value, or None for null."""

    value: str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time, `5 minutes`; unit in the singular."""

    count: int
    unit: str


@dataclass(frozen=True, slots=True)
class Call:
    """A function; `name` in capitals."""

    name: str
    args: tuple[Expr, ...] = ()


@dataclass(frozen=True, slots=True)
class Binary:
    """Two operands and what stands between them."""

    op: BinaryOp
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class In:
    """The value is one of several."""

    subject: Expr
    options: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Like:
    """The whole value is like one of several wildcard patterns, escaped already."""

    subject: Expr
    patterns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RLike:
    """The whole value matches a Lucene regular expression."""

    subject: Expr
    pattern: str


@dataclass(frozen=True, slots=True)
class IsNull:
    """The value is missing, or with `negated` it is not."""

    subject: Expr
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Not:
    """Logical negation; null stays null."""

    arg: Expr


@dataclass(frozen=True, slots=True)
class And:
    """Every argument is true."""

    args: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Some argument is true."""

    args: tuple[Expr, ...]


Expr = (
    Column | Star | Constant | Span | Call | Binary | In | Like | RLike | IsNull | Not | And | Or
)

TRUE = Constant(True)
FALSE = Constant(False)
NULL = Constant(None)


# -- commands ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class From:
    """Where the rows come from, with the metadata that identify an event."""

    indices: tuple[str, ...]
    metadata: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Where:
    """Keeps the rows for which the condition is true."""

    condition: Expr


@dataclass(frozen=True, slots=True)
class Eval:
    """Adds or replaces columns; each sees the earlier ones."""

    assignments: tuple[tuple[str, Expr], ...]


@dataclass(frozen=True, slots=True)
class Measure:
    """An aggregate column: name, aggregate expression, and which rows count."""

    name: str
    expr: Expr
    where: Expr = TRUE


@dataclass(frozen=True, slots=True)
class Stats:
    """One row per group, or with `inline` the aggregates beside each row."""

    measures: tuple[Measure, ...]
    by: tuple[tuple[str, Expr], ...] = ()
    inline: bool = False


@dataclass(frozen=True, slots=True)
class Keep:
    """The columns of the result, in order; `*` for all."""

    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SortKey:
    """A column to sort by; missing values come last."""

    column: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Sort:
    """Orders rows."""

    keys: tuple[SortKey, ...]


@dataclass(frozen=True, slots=True)
class Limit:
    """Keeps the first rows."""

    count: int


@dataclass(frozen=True, slots=True)
class MvExpand:
    """One row per value of a column."""

    column: str


@dataclass(frozen=True, slots=True)
class LookupJoin:
    """Adds the fields of a lookup index whose key columns have the same names.

    columns: the columns of the index that are known, keys and all.
    """

    index: str
    on: tuple[str, ...]
    columns: tuple[str, ...] = ()


Command = From | Where | Eval | Stats | Keep | Sort | Limit | MvExpand | LookupJoin
Query = tuple[Command, ...]
