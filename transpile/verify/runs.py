"""A rule and its mutants over one set of events: what they find, each thing computed once.

Most mutants change a filter right behind the source. For them it is enough to know which rows pass
(`bits`); the stages behind run only where that set has not been seen yet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from typing import Any

from transpile.interpret import Context, Interpreter, NotComputable, Row
from transpile.interpret.events import event_row, raw_text
from transpile.interpret.reads import array_fields, reads_raw
from transpile.ir import pred as p
from transpile.ir import stages as s
from transpile.ir.walk import descend
from transpile.verify.bits import Truths, indices
from transpile.verify.compare import row_key
from transpile.verify.mutate import Mutant

Event = Mapping[str, Any]


@dataclass(frozen=True)
class Result:
    """What a rule finds: its rows, and the indices of the events behind them."""

    rows: tuple[Row, ...]
    matched: frozenset[int]

    @cached_property
    def multiset(self) -> Hashable:
        """The rows in a form that is equal for the same rows in another order."""
        return frozenset(Counter(map(row_key, self.rows)).items())


class Runs:
    """Runs a rule, or a mutant of it, over some of the events; sets of events are bits."""

    def __init__(self, pipeline: s.Pipeline, events: Sequence[Event], context: Context) -> None:
        self.pipeline = pipeline
        self.events = events
        self.interpreter = Interpreter(context)
        self.results: dict[Hashable, Result | NotComputable] = {}
        self.found: dict[int, int] = {}
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
        passing = self._passing(tried, mutant)
        changed = mutant is not None and mutant.stage >= self.split
        key = (passing, id(mutant) if changed else 0)
        rest = (mutant.pipeline if changed and mutant else self.pipeline).stages[self.split :]
        return self._kept(key, lambda: self._behind(passing, rest))

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


