"""The rows that reach a stage of a rule, and what the stages behind it find in some of them.

Sets of rows are bits. What has been computed is kept: stages made ready, the rows of inner
searches, and what is found in each set of rows that was asked about.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from functools import cached_property, reduce
from operator import or_
from typing import Any

from transpile.interpret import Context, NotComputable, Row
from transpile.interpret.engine import Run
from transpile.interpret.values import ORIGIN, field_names, origins
from transpile.ir import stages as s
from transpile.ir.walk import descend, holds
from transpile.records import dataclass
from transpile.verify.bits import Truths, indices
from transpile.verify.compare import row_key
from transpile.verify.parts import parts

Event = Mapping[str, Any]
Transform = Callable[[Iterator[Row]], Iterator[Row]]

MOST_PLACES = 64
"""Sets of rows in the middle of a rule that are kept."""


@dataclass(frozen=True)
class Result:
    """What a rule finds: its rows, and the indices of the events behind them."""

    rows: tuple[Row, ...]
    matched: frozenset[int]

    @cached_property
    def counted(self) -> Mapping[Hashable, int]:
        """The rows in a form to compare, each with its number."""
        return Counter(map(row_key, self.rows))

    @cached_property
    def multiset(self) -> Hashable:
        """The rows in a form that is equal for the same rows in another order."""
        return frozenset(self.counted.items())


class Changed(Result):
    """The result of a mutant where that is known: of the rest it finds what the rule does.

    Its rows are there in the form to compare only.
    """

    def __init__(self, whole: Result, before: Result, after: Result) -> None:
        super().__init__((), whole.matched - before.matched | after.matched)
        self.__dict__["_parts"] = whole, before, after

    @cached_property
    def counted(self) -> Mapping[Hashable, int]:
        """The rows in a form to compare, each with its number."""
        whole, before, after = self.__dict__["_parts"]
        found = dict(whole.counted)
        for counted, sign in ((before.counted, -1), (after.counted, 1)):
            for key, number in counted.items():
                found[key] = found.get(key, 0) + sign * number
        return {key: number for key, number in found.items() if number}


def found_in(rows: Iterator[Row]) -> Result:
    """Return a result of rows that carry their provenance."""
    found = list(rows)
    return Result(tuple({n: row[n] for n in field_names(row)} for row in found), origins(found))


class Results:
    """Results by what they are of; that one cannot be computed is kept too."""

    def __init__(self) -> None:
        self.known: dict[Hashable, Result | NotComputable] = {}

    def of(self, key: Hashable, make: Callable[[], Result]) -> Result:
        """Return what is known, or make it. Raises `NotComputable` as `make` does, each time."""
        found = self.known.get(key)
        if found is None:
            try:
                found = make()
            except NotComputable as error:
                found = error
            self.known[key] = found
        if isinstance(found, NotComputable):
            raise found
        return found


class Course(Run):
    """A rule over some of the events: its stages are made ready once, inner searches run once.

    numbers: of the events.  The rule reads no chance, which a stage made ready would go on with.
    """

    def __init__(
        self,
        pipeline: s.Pipeline,
        events: Sequence[Event],
        numbers: Sequence[int],
        context: Context,
    ) -> None:
        super().__init__(pipeline, events, context, track=True, numbers=numbers)
        self._ready: dict[int, Transform | None] = {id(stage): None for stage in pipeline.stages}
        self._inner: dict[int, list[Row] | None] = {
            id(node): None
            for node in descend(pipeline)
            if isinstance(node, s.Pipeline) and not holds(node, s.Current)
        }

    def stage(self, stage: s.Stage, later: Sequence[s.Stage]) -> Transform:
        """Return a stage as a function; one of the rule itself is kept."""
        key = id(stage)
        if key not in self._ready or isinstance(stage, s.Geo):  # that depends on later stages
            return super().stage(stage, later)
        known = self._ready[key]
        if known is None:
            known = self._ready[key] = super().stage(stage, later)
        return known

    def inner(self, pipeline: s.Pipeline, current: Sequence[Row] = ()) -> list[Row]:
        """Return the rows of an inner search; they are kept if only the events decide them."""
        key = id(pipeline)
        if key not in self._inner:
            return super().inner(pipeline, current)
        known = self._inner[key]
        if known is None:
            known = self._inner[key] = super().inner(pipeline, current)
        return known


class Reached:
    """Rows that reach a place in a rule; what is found in some of them, the stages behind decide.

    rows: with their provenance.  at: the first stage behind.
    """

    def __init__(self, course: Course, rows: Sequence[Row], at: int) -> None:
        self.course = course
        self.rows = rows
        self.at = at
        self.truths = Truths(rows, course.scope)
        self._results = Results()
        self._places: dict[tuple[int, int], list[Row]] = {}
        self._filters: dict[tuple[int, int], Reached] = {}

    @property
    def stages(self) -> tuple[s.Stage, ...]:
        """The stages behind."""
        return self.course.pipeline.stages[self.at :]

    def some(self, bits: int) -> list[Row]:
        """Return some of the rows."""
        return [self.rows[at] for at in indices(bits)]

    def result(self, bits: int) -> Result:
        """Return what is found in some of the rows. Raises `NotComputable` as the interpreter."""
        return self._results.of(bits, lambda: self._found(self.stages, self.some(bits)))

    def changed(self, before: int, after: int) -> Result:
        """Return what is found in some of the rows, given those in which the rule finds its own."""
        touched = self._touched(before ^ after)
        if touched & before == before:
            return self.result(after)
        return Changed(
            self.result(before), self.result(before & touched), self.result(after & touched)
        )

    def behind(self, bits: int, at: int, stages: Sequence[s.Stage]) -> Result:
        """Return what other stages find, from a stage on, in what the rule makes of some rows."""
        return self._found(stages, self._rows_at(bits, at))

    def filtered(self, bits: int, at: int) -> Reached:
        """Return the rows that reach a filter, of some here, and what is found behind it."""
        found = self._filters.get((bits, at))
        if found is None:
            if len(self._filters) == MOST_PLACES:
                self._filters.clear()
            found = Reached(self.course, self._rows_at(bits, at), at + 1)
            self._filters[bits, at] = found
        return found

    def _rows_at(self, bits: int, at: int) -> list[Row]:
        if at == self.at:
            return self.some(bits)
        found = self._places.get((bits, at))
        if found is None:
            if len(self._places) == MOST_PLACES:
                self._places.clear()
            nearest = max(
                (known for of, known in self._places if of == bits and known < at),
                default=self.at,
            )
            rows = self._rows_at(bits, nearest)
            between = self.course.pipeline.stages[nearest:at]
            found = self._places[bits, at] = list(self.course.through(between, iter(rows)))
        return found

    def _found(self, stages: Sequence[s.Stage], rows: Sequence[Row]) -> Result:
        return found_in(self.course.through(stages, iter(rows)))

    def _touched(self, rows: int) -> int:
        """Return the rows that others may be brought together with, and these."""
        if self._parts is None:
            return self.truths.all
        return reduce(or_, (part for part in self._parts if part & rows), 0)

    @cached_property
    def _parts(self) -> tuple[int, ...] | None:
        """The rows that no stage behind brings together, None if not known or of common events."""
        events = [event for row in self.rows for event in row.get(ORIGIN, ())]
        if len(events) > len(set(events)):
            return None
        return parts(self.stages, self.rows, self.course)
