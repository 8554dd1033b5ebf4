"""Grouping: `Aggregate` and what other stages share with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import field
from itertools import product
from typing import Any

from transpile.interpret.aggregates import TIMED, Accumulator, Factory, factory
from transpile.interpret.choices import SPLIT_MULTIVALUE_KEYS
from transpile.interpret.context import Scope
from transpile.interpret.errors import NotComputable
from transpile.interpret.events import time_of
from transpile.interpret.expressions import Evaluate, compile_expr
from transpile.interpret.predicates import Decide, compile_pred
from transpile.interpret.values import ORIGIN, Row, assign, field_names, items, natural
from transpile.ir import stages as s
from transpile.ir.decide import Scalar, text
from transpile.ir.names import carried, name_matcher
from transpile.ir.pred import TRUE
from transpile.records import dataclass

Transform = Callable[[Iterator[Row]], Iterator[Row]]


@dataclass(frozen=True, slots=True)
class Spec:
    """One aggregate, compiled: argument, condition, accumulator, output name."""

    name: str
    make: Factory
    argument: Evaluate | None
    where: Decide | None
    timed: bool
    pattern: str


def compile_aggs(aggs: Iterable[s.Agg], scope: Scope) -> tuple[Spec, ...]:
    """Return the aggregates compiled. Raises NotComputable for an unknown one."""
    return tuple(_spec(agg, scope) for agg in aggs)


def _spec(agg: s.Agg, scope: Scope) -> Spec:
    try:
        make = factory(agg.func, agg.param)
    except KeyError as error:
        raise NotComputable(f"the aggregate {agg.func!r} is not known", span=agg.span) from error
    return Spec(
        name=agg.name,
        make=make,
        argument=None if agg.arg is None else compile_expr(agg.arg, scope),
        where=None if agg.where == TRUE else compile_pred(agg.where, scope),
        timed=agg.func in TIMED,
        pattern=agg.pattern,
    )


@dataclass(slots=True)
class Group:
    """The running aggregates of one group.

    shown: the key values as first found.  by: names that wildcard aggregates leave out.
    """

    specs: tuple[Spec, ...]
    shown: tuple[Scalar, ...] = ()
    by: frozenset[str] = frozenset()
    accumulators: list[Accumulator] = field(default_factory=list)
    wild: dict[tuple[int, str], Accumulator] = field(default_factory=dict)
    events: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.accumulators = [spec.make() for spec in self.specs]

    def add(self, row: Row) -> None:
        """Take in a row."""
        for at, spec in enumerate(self.specs):
            if spec.where is not None and not spec.where(row):
                continue
            if spec.pattern:
                self._add_matching(at, spec, row)
            elif spec.argument is None:
                self.accumulators[at].add("", None)
            else:
                time = time_of(row) if spec.timed else None
                _take(self.accumulators[at], spec.argument(row), time)
        if ORIGIN in row:
            self.events |= row[ORIGIN]

    def _add_matching(self, at: int, spec: Spec, row: Row) -> None:
        matcher = name_matcher(spec.pattern)
        for name in field_names(row):
            if name not in self.by and matcher(name):
                accumulator = self.wild.setdefault((at, name), spec.make())
                _take(accumulator, row[name], time_of(row) if spec.timed else None)

    def write(self, row: Row) -> Row:
        """Write the aggregates into a row and return it; missing ones remove the field."""
        for at, (spec, accumulator) in enumerate(zip(self.specs, self.accumulators, strict=True)):
            if not spec.pattern:
                assign(row, spec.name, accumulator.result())
                continue
            matcher = name_matcher(spec.pattern)
            for name in sorted(name for number, name in self.wild if number == at):
                found = matcher(name)
                if found is not None:
                    assign(row, carried(spec.name, found), self.wild[at, name].result())
        return row


def _take(accumulator: Accumulator, value: Any, time: int | float | None) -> None:
    if value is None:
        return
    if type(value) is list:
        for item in value:
            accumulator.add(item, time)
    else:
        accumulator.add(value, time)


def key_values(keys: tuple[Evaluate, ...], row: Row) -> Iterator[tuple[Scalar, ...]]:
    """Yield the groups that a row belongs to: none if a key is missing, one per value of a list."""
    values = [key(row) for key in keys]
    if None in values:
        return
    if not any(type(value) is list for value in values):
        yield tuple(values)
    elif SPLIT_MULTIVALUE_KEYS:
        yield from product(*map(items, values))
    else:
        yield tuple("\n".join(map(text, items(value))) for value in values)


def as_text(values: tuple[Scalar, ...]) -> tuple[str, ...]:
    """Return key values as text, by which groups are told apart."""
    return tuple(v if type(v) is str else text(v) for v in values)


def aggregate(stage: s.Aggregate, scope: Scope) -> Transform:
    """Make one row per group, ascending by the keys; without keys exactly one row (4.1)."""
    specs = compile_aggs(stage.aggs, scope)
    keys = tuple(compile_expr(key.expr, scope) for key in stage.by)
    names = tuple(key.name for key in stage.by)

    def run(rows: Iterator[Row]) -> Iterator[Row]:
        groups: dict[tuple[str, ...], Group] = {}
        if not keys:
            groups[()] = Group(specs)
        for row in rows:
            for shown in key_values(keys, row):
                known = as_text(shown)
                group = groups.get(known)
                if group is None:
                    group = groups[known] = Group(specs, shown, frozenset(names))
                group.add(row)
        for group in sorted(groups.values(), key=lambda g: tuple(map(natural, g.shown))):
            found = group.write(dict(zip(names, group.shown, strict=True)))
            if scope.track:
                found[ORIGIN] = frozenset(group.events)
            yield found

    return run
