"""A rule and its mutants over one set of events: what they find, each thing computed once.

Most mutants change a filter. For them it is enough to know which of the rows that reach it pass
(`bits`); the stages behind run only where that set has not been seen yet (`reached`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import takewhile
from typing import Any

from transpile.interpret import Context, Interpreter, Row
from transpile.interpret.engine import Run
from transpile.interpret.reads import check_unknown_fields
from transpile.interpret.values import ORIGIN
from transpile.ir import pred as p
from transpile.ir import stages as s
from transpile.ir.expr import Call
from transpile.ir.walk import descend, holds
from transpile.verify.bits import indices
from transpile.verify.mutate import Mutant
from transpile.verify.reached import Course, Reached, Result, Results, found_in

Event = Mapping[str, Any]

_READING = (s.Events, s.DataModel, s.ForRows)
"""What reads the events of a run."""


class Runs:
    """Runs a rule, or a mutant of it, over some of the events; sets of events are bits."""

    def __init__(self, pipeline: s.Pipeline, events: Sequence[Event], context: Context) -> None:
        self.pipeline = pipeline
        self.events = events
        self.interpreter = Interpreter(context)
        self.results = Results()
        self.found: dict[int, int] = {}
        self._changed: dict[tuple[int, int], int] = {}
        self._let_through: dict[int, int] = {}
        self._courses: dict[int, Reached] = {}
        _source, *stages = pipeline.stages
        leading = list(takewhile(lambda stage: isinstance(stage, s.Filter), stages))
        self.filters = tuple(stage.pred for stage in leading if isinstance(stage, s.Filter))
        self.split = 1 + len(leading)
        self.plain = _is_plain(pipeline)
        self.apart = _is_apart(pipeline)

    @property
    def all(self) -> int:
        """The bits of all events."""
        return (1 << len(self.events)) - 1

    @cached_property
    def _rows(self) -> tuple[list[Row], list[int]]:
        """The rows of the source in its order, each with the index of its event."""
        run = Run(self.pipeline, self.events, self.interpreter.context, track=True)
        rows = list(run.pipe(s.Pipeline((self.pipeline.stages[0],)), ()))
        return rows, [next(iter(row[ORIGIN])) for row in rows]

    def _first(self, tried: int) -> Reached:
        """Return the rows of the source, as the leading filters of a run on some events let pass.

        Which events are tried makes a difference to inner searches only.
        """
        key = self.all if self.apart else tried
        found = self._courses.get(key)
        if found is None:
            places = indices(key)
            events = [self.events[at] for at in places]
            course = Course(self.pipeline, events, places, self.interpreter.context)
            found = self._courses[key] = Reached(course, self._rows[0], self.split)
        return found

    def row_of(self, event: int) -> Row | None:
        """Return the row of an event as the source shows it, None if it has no such row."""
        if not self.plain:
            return None
        rows, origin = self._rows
        return rows[origin.index(event)] if event in origin else None

    def result(self, tried: int, mutant: Mutant | None = None) -> Result:
        """Return what the rule, or a mutant, finds in the events tried.

        Raises `NotComputable` for a rule with a stage that cannot be computed here.
        """
        if not self.plain:
            return self.results.of((tried, id(mutant)), lambda: self._whole(tried, mutant))
        first, passing = self._first(tried), self._passing(tried, None)
        if mutant is None:
            return first.result(passing)
        if mutant.stage < self.split:
            return first.changed(passing, self._passing(tried, mutant))
        key = (id(first), passing, id(mutant))
        return self.results.of(key, lambda: self._late(first, passing, mutant))

    def _late(self, first: Reached, passing: int, mutant: Mutant) -> Result:
        """Return what a mutant finds whose change comes behind the leading filters."""
        check_unknown_fields(mutant.pipeline)
        stage = self.pipeline.stages[mutant.stage]
        if mutant.pred is None or not isinstance(stage, s.Filter):
            return first.behind(passing, mutant.stage, mutant.pipeline.stages[mutant.stage :])
        reached = first.filtered(passing, mutant.stage)
        kept = reached.truths.of(stage.pred, keep=True)
        return reached.changed(kept, reached.truths.of(mutant.pred))

    def told(self, tried: int, mutant: Mutant, *, rows: bool) -> bool | None:
        """Return whether a mutant finds something else, where the rows let through tell; else None.

        That is so for a changed leading filter where each row decides by itself whether it is found
        (and, for the result rows, where they count all that are).
        """
        if not self.plain or mutant.stage >= self.split or mutant.pred is None:
            return None
        if not (self._counts if rows else self._by_row):
            return None
        differing = self._passing(tried, mutant) ^ self._passing(tried, None)
        return bool(differing and differing & self._found(tried))

    def _found(self, tried: int) -> int:
        """Return the rows that are found if they are let through."""
        bits = self.found.get(tried)
        if bits is None:
            every = self._of(tried)
            matched = self._first(tried).result(every).matched
            _, origin = self._rows
            bits = sum(1 << at for at, event in enumerate(origin) if event in matched) & every
            self.found[tried] = bits
        return bits

    @cached_property
    def _by_row(self) -> bool:
        """Whether each row behind the leading filters is found or not whatever others there are."""
        grouped = False
        for stage in self.pipeline.stages[self.split :]:
            match stage:
                case s.Compute() | s.Rename() | s.Project() | s.Sort(limit=0) | s.Lookup():
                    pass
                case s.Filter() | s.Extract() | s.Parse() | s.Bucket() if not grouped:
                    pass
                case s.Aggregate() if not grouped:
                    grouped = True
                case _:
                    return False
        return True

    @cached_property
    def _counts(self) -> bool:
        """Whether the result rows tell how many rows were let through, or which."""
        if not self._by_row:
            return False
        stages = self.pipeline.stages[self.split :]
        if any(isinstance(stage, s.Project) for stage in stages):
            return False
        groupings = [stage for stage in stages if isinstance(stage, s.Aggregate)]
        return all(
            any(a.func == "count" and a.arg is None and a.where == p.TRUE for a in stage.aggs)
            for stage in groupings
        )

    def _of(self, tried: int) -> int:
        """Return the rows of the source that the events tried have."""
        bits = self._let_through.get(tried)
        if bits is None:
            _, origin = self._rows
            bits = sum(1 << at for at, event in enumerate(origin) if tried >> event & 1)
            self._let_through[tried] = bits
        return bits

    def _passing(self, tried: int, mutant: Mutant | None) -> int:
        asking = tried if self._searching else self.all
        return self._of(tried) & self._true(self._first(asking), mutant)

    @cached_property
    def _searching(self) -> bool:
        """Whether the events tried decide what a leading filter asks, by an inner search."""
        return any(
            isinstance(node, p.InRows) and holds(node, *_READING)
            for pred in self.filters
            for node in descend(pred)
        )

    def _true(self, first: Reached, mutant: Mutant | None) -> int:
        """Return the rows of the source for which the leading filters, or a mutant's, are true."""
        key = (id(first), id(mutant))
        bits = self._changed.get(key)
        if bits is None:
            bits = first.truths.all
            for at, pred in enumerate(self.filters, 1):
                if mutant is not None and mutant.stage == at and mutant.pred is not None:
                    bits &= first.truths.of(mutant.pred)
                else:
                    bits &= first.truths.of(pred, keep=True)
            self._changed[key] = bits
        return bits

    def _whole(self, tried: int, mutant: Mutant | None) -> Result:
        places = indices(tried)
        pipeline = self.pipeline if mutant is None else mutant.pipeline
        events = [self.events[at] for at in places]
        context = self.interpreter.context
        return found_in(Run(pipeline, events, context, track=True, numbers=places).rows())


def _is_plain(pipeline: s.Pipeline) -> bool:
    """Return whether the rule is a chain of stages over events that are the same each time."""
    chance = any(isinstance(node, Call) and node.name == "random" for node in descend(pipeline))
    return isinstance(pipeline.stages[0], s.Events | s.DataModel) and not chance


def _is_apart(pipeline: s.Pipeline) -> bool:
    """Return whether the rows of the source are all that the rule reads of the events."""
    return not any(holds(stage, *_READING) for stage in pipeline.stages[1:])
