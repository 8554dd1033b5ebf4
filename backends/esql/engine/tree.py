"""What the parser makes of a text."""

from __future__ import annotations

from transpile.records import dataclass


@dataclass(frozen=True, slots=True)
class Name:
    """A column."""

    name: str
    position: int = 0


@dataclass(frozen=True, slots=True)
class Value:
    """A constant of a type: keyword, long, double, boolean or null."""

    value: str | int | float | bool | None
    type: str


@dataclass(frozen=True, slots=True)
class Interval:
    """A length of time."""

    count: int
    unit: str


@dataclass(frozen=True, slots=True)
class Star:
    """The `*` of COUNT(*)."""


@dataclass(frozen=True, slots=True)
class Apply:
    """A function or operator, by its name in capitals (`==`, `AND`, `IN`, `TO_LOWER`)."""

    name: str
    args: tuple[Node, ...]
    position: int = 0


Node = Name | Value | Interval | Star | Apply


@dataclass(frozen=True, slots=True)
class From:
    indices: tuple[str, ...]
    metadata: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Where:
    condition: Node


@dataclass(frozen=True, slots=True)
class Eval:
    assignments: tuple[tuple[str, Node], ...]


@dataclass(frozen=True, slots=True)
class Measure:
    name: str
    expr: Node
    where: Node | None


@dataclass(frozen=True, slots=True)
class Stats:
    measures: tuple[Measure, ...]
    by: tuple[tuple[str, Node], ...]
    inline: bool


@dataclass(frozen=True, slots=True)
class Keep:
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sort:
    """keys: column, descending, nulls first."""

    keys: tuple[tuple[str, bool, bool], ...]


@dataclass(frozen=True, slots=True)
class Limit:
    count: int


@dataclass(frozen=True, slots=True)
class Expand:
    name: str


@dataclass(frozen=True, slots=True)
class Lookup:
    index: str
    on: tuple[str, ...]


Command = From | Where | Eval | Stats | Keep | Sort | Limit | Expand | Lookup
Query = tuple[Command, ...]


def nodes(query: Query) -> list[Node]:
    """Return every expression of a query and what is below it."""
    waiting: list[Node] = []
    for command in query:
        match command:
            case Where(condition):
                waiting.append(condition)
            case Eval(assignments):
                waiting += (node for _, node in assignments)
            case Stats(measures, by):
                for measure in measures:
                    waiting += (measure.expr, *([measure.where] if measure.where else ()))
                waiting += (node for _, node in by)
            case _:
                pass
    found = []
    while waiting:
        node = waiting.pop()
        found.append(node)
        if isinstance(node, Apply):
            waiting.extend(node.args)
    return found
