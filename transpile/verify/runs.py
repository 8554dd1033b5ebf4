"""A rule and its mutants over one set of events: what they find, each thing computed once.

Most mutants change a filter right behind the source. For them it is enough to know which rows pass
(`bits`); the stages behind run only where that set has not been seen yet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from itertools import takewhile
from operator import or_
from typing import Any

from transpile.interpret import Context, Interpreter, NotComputable, Row
from transpile.interpret.events import event_row, raw_text
from transpile.interpret.reads import array_fields, check_unknown_fields, reads_raw
from transpile.ir import pred as p
from transpile.ir import stages as s
from transpile.ir.walk import descend
from transpile.verify.bits import Truths, indices
from transpile.verify.compare import row_key
from transpile.verify.mutate import Mutant
from transpile.verify.parts import parts

Event = Mapping[str, Any]

_Reaching = tuple[int, int, tuple[list[Row], list[frozenset[int]]]]
"""Bits of rows of the source, a stage, and the rows that reach it with the events behind each."""


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
        self.__dict__["counted"] = _replaced(whole.counted, before.counted, after.counted)


def _replaced(
    whole: Mapping[Hashable, int], before: Mapping[Hashable, int], after: Mapping[Hashable, int]
) -> Mapping[Hashable, int]:
    found = dict(whole)
    for counted, sign in ((before, -1), (after, 1)):
        for key, number in counted.items():
            found[key] = found.get(key, 0) + sign * number
    return {key: number for key, number in found.items() if number}


class Runs:
    """Runs a rule, or a mutant of it, over some of the events; sets of events are bits."""

    def __init__(self, pipeline: s.Pipeline, events: Sequence[Event], context: Context) -> None:
        self.pipeline = pipeline
        self.events = events
        self.interpreter = Interpreter(context)
        self.results: dict[Hashable, Result | NotComputable] = {}
        self.found: dict[int, int] = {}
        self._last: _Reaching = (-1, 0, ([], []))
        _source, *stages = pipeline.stages
        leading = list(takewhile(lambda stage: isinstance(stage, s.Filter), stages))
        self.filters = tuple(stage.pred for stage in leading if isinstance(stage, s.Filter))
        self.split = 1 + len(leading)
        self.plain = _is_plain(pipeline)

    @property
    def all(self) -> int:
        """The bits of all events."""
        return (1 << len(self.events)) - 1

    @cached_property
    def _rows(self) -> tuple[list[Row], list[int]]:
        """The rows of the source in its order, each with the index of its event."""
        events: Sequence[Event] = self.events
        if reads_raw(self.pipeline):
            events = [e if "_raw" in e else {**e, "_raw": raw_text(e)} for e in events]
        source = s.Pipeline((self.pipeline.stages[0],))
        found = self.interpreter.traced(source, list(map(event_row, events)))
        return [row for row, _ in found], [next(iter(origin)) for _, origin in found]

    @cached_property
    def truths(self) -> Truths:
        """The truths of predicates over the rows of the source."""
        return Truths(self._rows[0])

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
            return self._kept((tried, id(mutant)), lambda: self._whole(tried, mutant))
        passing = self._passing(tried, None)
        if mutant is None:
            return self._rest(passing)
        if mutant.stage >= self.split:
            return self._kept((passing, id(mutant)), lambda: self._late(passing, mutant))
        changed = self._passing(tried, mutant)
        touched = self._touched(passing ^ changed)
        if touched & passing == passing:
            return self._rest(changed)
        return Changed(
            self._rest(passing), self._rest(passing & touched), self._rest(changed & touched)
        )

    def _rest(self, passing: int) -> Result:
        """Return what the rule finds in rows of the source that its leading filters let pass."""
        rest = self.pipeline.stages[self.split :]
        return self._kept(passing, lambda: self._behind(passing, rest))

    def _touched(self, rows: int) -> int:
        """Return the rows that others may be brought together with, and these."""
        if self._parts is None:
            return self._all_rows
        return reduce(or_, (part for part in self._parts if part & rows), 0)

    @cached_property
    def _all_rows(self) -> int:
        return (1 << len(self._rows[0])) - 1

    @cached_property
    def _parts(self) -> tuple[int, ...] | None:
        """The rows of the source that no stage behind the leading filters brings together."""
        return parts(self.pipeline.stages[self.split :], self._rows[0], self.interpreter)

    def _late(self, passing: int, mutant: Mutant) -> Result:
        """Return what a mutant finds whose change comes behind the leading filters."""
        check_unknown_fields(mutant.pipeline)
        stages = mutant.pipeline.stages
        behind = s.Pipeline((s.Events(), *stages[mutant.stage :]))
        if reads_raw(behind):  # only rows of the source have a text
            return self._behind(passing, stages[self.split :])
        rows, origins = self._reaching(passing, mutant.stage)
        found = self.interpreter.traced(behind, rows)
        return Result(
            tuple(row for row, _ in found),
            frozenset().union(*(origins[at] for _, origin in found for at in origin)),
        )

    def _reaching(self, passing: int, stage: int) -> tuple[list[Row], list[frozenset[int]]]:
        """Return the rows that reach a stage of the rule, each with the events behind it."""
        known, at, found = self._last
        if known != passing or at > stage:
            rows, origin = self._rows
            places = indices(passing)
            at = self.split
            found = [rows[n] for n in places], [frozenset((origin[n],)) for n in places]
        if at < stage:
            between = s.Pipeline((s.Events(), *self.pipeline.stages[at:stage]))
            traced = self.interpreter.traced(between, found[0])
            found = (
                [row for row, _ in traced],
                [frozenset().union(*(found[1][n] for n in origin)) for _, origin in traced],
            )
        self._last = passing, stage, found
        return found

    def passing(self, mutant: Mutant | None = None) -> int | None:
        """Return the rows of the source that the leading filters let pass, None if not known."""
        return self._passing(self.all, mutant) if self.plain else None

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
            _, origin = self._rows
            every = sum(1 << at for at, event in enumerate(origin) if tried >> event & 1)
            matched = self._behind(every, self.pipeline.stages[self.split :]).matched
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

    def _kept(self, key: Hashable, make: Any) -> Result:
        found = self.results.get(key)
        if found is None:
            try:
                found = make()
            except NotComputable as error:
                found = error
            self.results[key] = found
        if isinstance(found, NotComputable):
            raise found
        return found

    def _whole(self, tried: int, mutant: Mutant | None) -> Result:
        places = indices(tried)
        pipeline = self.pipeline if mutant is None else mutant.pipeline
        found = self.interpreter.traced(pipeline, [self.events[at] for at in places])
        return _result(found, places)

    def _passing(self, tried: int, mutant: Mutant | None) -> int:
        _, origin = self._rows
        passing = sum(1 << at for at, event in enumerate(origin) if tried >> event & 1)
        for at, pred in enumerate(self.filters, 1):
            if mutant is not None and mutant.stage == at and mutant.pred is not None:
                passing &= self.truths.of(mutant.pred)
            else:
                passing &= self.truths.of(pred, keep=True)
        return passing

    def _behind(self, passing: int, rest: tuple[s.Stage, ...]) -> Result:
        rows, origin = self._rows
        places = indices(passing)
        kept = [rows[at] for at in places]
        behind = s.Pipeline((s.Events(), *rest))
        return _result(self.interpreter.traced(behind, kept), [origin[at] for at in places])


def _result(found: list[tuple[Row, frozenset[int]]], places: Sequence[int]) -> Result:
    return Result(
        tuple(row for row, _ in found),
        frozenset(places[at] for _, origin in found for at in origin),
    )


def _is_plain(pipeline: s.Pipeline) -> bool:
    """Return whether the rows of the source are all that the rule reads of the events."""
    if not isinstance(pipeline.stages[0], s.Events | s.DataModel) or array_fields(pipeline):
        return False
    others = [
        node
        for node in descend(pipeline)
        if isinstance(node, s.Events | s.DataModel | s.ForRows | p.InRows)
    ]
    return len(others) == 1


