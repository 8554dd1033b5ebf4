"""The syntax tree of an EQL query, as Elasticsearch reads it.

Names and shapes follow spec/eql-semantics.md, sections 1 to 10. `position` is the offset in the
text at which a node begins; it is not part of the meaning.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from typing import Literal as Choice
from typing import assert_never

from transpile.records import dataclass

Value = str | int | float | bool | None
CompareOp = Choice["==", "!=", "<", "<=", ">", ">="]
ArithmeticOp = Choice["+", "-", "*", "/", "%"]
PredicateOp = Choice["in", "in~", ":", "like", "like~", "regex", "regex~"]
PipeKind = Choice["head", "tail"]


@dataclass(frozen=True, slots=True)
class Node:
    """Base of every expression: where it stands in the query."""

    position: int = field(default=0, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Literal(Node):
    """A constant; `None` is `null`."""

    value: Value


@dataclass(frozen=True, slots=True)
class Field(Node):
    """A field by its dotted path; an optional one (`?f`) may be without a mapping."""

    path: str
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Call(Node):
    """A function by its documented name; `insensitive` for the spelling with `~`."""

    name: str
    args: tuple[Expr, ...]
    insensitive: bool = False


@dataclass(frozen=True, slots=True)
class Arithmetic(Node):
    """Two numbers and an operator."""

    op: ArithmeticOp
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Compare(Node):
    """Two values compared; against `null` it is a test for existence."""

    op: CompareOp
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Predicate(Node):
    """A value held against a list of constants, any of which suffices."""

    op: PredicateOp
    subject: Expr
    options: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Not(Node):
    """The opposite of a condition."""

    arg: Expr


@dataclass(frozen=True, slots=True)
class And(Node):
    """All conditions."""

    args: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Or(Node):
    """Some condition."""

    args: tuple[Expr, ...]


Expr = Literal | Field | Call | Arithmetic | Compare | Predicate | Not | And | Or


@dataclass(frozen=True, slots=True)
class EventFilter:
    """`category where condition`; category None is `any`."""

    category: str | None
    condition: Expr


@dataclass(frozen=True, slots=True)
class Stage:
    """One bracket of a sequence or sample with its keys, repetition and sign (`![...]`)."""

    filter: EventFilter
    keys: tuple[Field, ...] = ()
    runs: int = 1
    missing: bool = False
    position: int = field(default=0, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Sequence:
    """Stages in order; the head's keys already stand before those of each stage.

    maxspan: milliseconds, None for no limit.
    """

    stages: tuple[Stage, ...]
    maxspan: int | None = None
    until: Stage | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """Filters that share keys, in any order."""

    stages: tuple[Stage, ...]


@dataclass(frozen=True, slots=True)
class Pipe:
    """`| head n` or `| tail n`."""

    kind: PipeKind
    count: int


@dataclass(frozen=True, slots=True)
class Query:
    """A whole query; `text` is what it was read from, for messages."""

    body: EventFilter | Sequence | Sample
    pipes: tuple[Pipe, ...] = ()
    text: str = field(default="", compare=False, repr=False)


def descend(expr: Expr) -> Iterator[Expr]:
    """Yield an expression and all expressions in it, parents first."""
    yield expr
    match expr:
        case Literal() | Field():
            return
        case Not(arg):
            yield from descend(arg)
        case Call(_, args) | And(args) | Or(args):
            for arg in args:
                yield from descend(arg)
        case Arithmetic(_, left, right) | Compare(_, left, right):
            yield from descend(left)
            yield from descend(right)
        case Predicate(_, subject, options):
            yield from descend(subject)
            for option in options:
                yield from descend(option)
        case _:
            assert_never(expr)


def nodes(query: Query) -> Iterator[Expr]:
    """Yield every expression of a query, the keys of its stages included."""
    match query.body:
        case EventFilter() as single:
            stages: tuple[Stage, ...] = (Stage(single),)
        case Sequence(among, _, until):
            stages = (*among, until) if until else among
        case Sample(among):
            stages = among
        case _:
            assert_never(query.body)
    for stage in stages:
        for expr in (stage.filter.condition, *stage.keys):
            yield from descend(expr)


def paths(query: Query) -> frozenset[str]:
    """Return the paths of all fields that a query reads, keys included."""
    return frozenset(node.path for node in nodes(query) if isinstance(node, Field))
