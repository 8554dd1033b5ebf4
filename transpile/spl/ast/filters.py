"""Filter terms: the language of `search`, `tstats where` and their kin."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING
from typing import Literal as OneOf

from transpile.records import dataclass
from transpile.spl.ast.node import Node

if TYPE_CHECKING:
    from transpile.spl.ast.commands import Search


FilterOp = OneOf["=", "!=", "<", "<=", ">", ">="]
TermKind = OneOf["plain", "term", "case"]


@dataclass(frozen=True, slots=True)
class Value(Node):
    """A value of a filter: the text after unescaping, in which every `*` is a wildcard.

    quoted: it stood in double quotes (wildcards stay active).  case_sensitive: `CASE(x)`.
    exact_term: `TERM(x)`.
    """

    text: str
    quoted: bool = field(default=False, compare=False)
    case_sensitive: bool = False
    exact_term: bool = False


@dataclass(frozen=True, slots=True)
class And(Node):
    """All terms hold; written `AND` or by juxtaposition."""

    args: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Or(Node):
    """At least one term holds; binds tighter than `And`."""

    args: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Not(Node):
    """The term does not hold: true for events that lack its field."""

    arg: Filter


@dataclass(frozen=True, slots=True)
class Comparison(Node):
    """`field op value`."""

    field: str
    op: FilterOp
    value: Value


@dataclass(frozen=True, slots=True)
class In(Node):
    """`field IN (value, ...)`; `field NOT IN (...)` is `Not(In(...))`."""

    field: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Term(Node):
    """A keyword or, when quoted, a phrase of the raw event; a bare `*` keeps every event.

    kind: `term` for `TERM(x)`, `case` for `CASE(x)`, else `plain`.
    """

    text: str
    quoted: bool = False
    kind: TermKind = "plain"


@dataclass(frozen=True, slots=True)
class Everything(Node):
    """Empty parentheses: no condition."""


@dataclass(frozen=True, slots=True)
class SubsearchTerm(Node):
    """`[ ... ]` among filter terms: its rows become a filter."""

    search: Search


@dataclass(frozen=True, slots=True)
class TimeBound(Node):
    """`earliest=`, `latest=`, `_index_earliest=` ...: a bound of the time range, no field test."""

    name: str
    value: str


Filter = And | Or | Not | Comparison | In | Term | Everything | SubsearchTerm | TimeBound
