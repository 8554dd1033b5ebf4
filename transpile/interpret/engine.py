"""Runs a pipeline over events: sources, stages, inner pipelines.

Row-by-row stages form a chain of iterators; only stages that need the whole set hold rows. The
filters that follow a source are applied while the events are read, before they are sorted by time,
so that memory grows with the events that pass, not with those that are read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from itertools import count, takewhile
from typing import Any

from transpile.interpret.context import Context, Scope
from transpile.interpret.errors import NotComputable
from transpile.interpret.events import read_events, time_of
from transpile.interpret.expressions import compile_expr
from transpile.interpret.foreach import foreach
from transpile.interpret.grouping import aggregate
from transpile.interpret.joining import JOINING
from transpile.interpret.lookups import table_row, table_rows
from transpile.interpret.ordering import ORDERING
from transpile.interpret.pivot import pivot
from transpile.interpret.predicates import Decide, compile_pred
from transpile.interpret.reads import (
    array_fields,
    check_unknown_fields,
    location_fields,
    needed_later,
    reads_raw,
)
from transpile.interpret.reshaping import RESHAPING
from transpile.interpret.rowwise import ROWWISE, Transform, given_locations
from transpile.interpret.sequence import sequence
from transpile.interpret.transaction import transaction
from transpile.interpret.values import Row, field_names, first, origins
from transpile.interpret.window import window
from transpile.ir import stages as s
from transpile.ir.decide import to_number
from transpile.ir.expr import Expr
from transpile.ir.pred import TRUE, Pred, all_of
from transpile.ir.walk import descend, fields_of
from transpile.records import dataclass

Event = Mapping[str, Any]
_UNPREFIXED = frozenset(("host", "source", "sourcetype", "index"))

STAGES: Mapping[type, Callable[[Any, Scope], Transform]] = {
    **ROWWISE,
    **ORDERING,
    **RESHAPING,
    s.Aggregate: aggregate,
    s.Window: window,
    s.Pivot: pivot,
    s.Transaction: transaction,
    s.Sequence: sequence,
    s.ForEach: foreach,
}


@dataclass(slots=True)
class Interpreter:
    """Runs pipelines in a context; without state between runs."""

    context: Context

    def run(self, pipeline: s.Pipeline, events: Iterable[Event]) -> list[Row]:
        """Return the result rows, each a dict of field -> value or list of values.

        events: dicts, see `interpret.events`; read once if the pipeline has one source of events.
        Raises NotComputable (SPL301) for a stage whose result cannot be known here.
        """
        return [dict(row) for row in Run(pipeline, events, self.context, track=False).rows()]

    def matched(self, pipeline: s.Pipeline, events: Iterable[Event]) -> list[int]:
        """Return the indices, ascending, of the events behind at least one result row.

        An event is behind a row if it is the row, or is in its group, or was merged into it. Raises
        as `run`.
        """
        return sorted(origins(Run(pipeline, events, self.context, track=True).rows()))

    def traced(
        self, pipeline: s.Pipeline, events: Iterable[Event]
    ) -> list[tuple[Row, frozenset[int]]]:
        """Return the result rows, each with the indices of the events behind it; as `run`."""
        rows = Run(pipeline, events, self.context, track=True).rows()
        return [({n: row[n] for n in field_names(row)}, origins((row,))) for row in rows]


def run_pipeline(
    pipeline: s.Pipeline, events: Iterable[Event], context: Context | None = None
) -> list[Row]:
    """Return the result rows of a pipeline over events, see `Interpreter.run`."""
    return Interpreter(context or Context()).run(pipeline, events)


def matched(
    pipeline: s.Pipeline, events: Iterable[Event], context: Context | None = None
) -> list[int]:
    """Return the indices of the events behind the result rows, see `Interpreter.matched`."""
    return Interpreter(context or Context()).matched(pipeline, events)


class Run:
    """One run: the events, and what is compiled for them.

    track: whether rows carry the numbers of the events behind them: their places, or `numbers`.
    """

    def __init__(
        self,
        pipeline: s.Pipeline,
        events: Iterable[Event],
        context: Context,
        *,
        track: bool,
        numbers: Sequence[int] | None = None,
    ) -> None:
        self.pipeline = pipeline
        sources = sum(isinstance(n, (s.Events, s.DataModel)) for n in descend(pipeline))
        again = sources > 1 or any(isinstance(n, s.ForRows) for n in descend(pipeline))
        self.events = list(events) if again and not isinstance(events, Sequence) else events
        self.context = context
        self.track = track
        self.numbers = numbers
        self.need_raw = reads_raw(pipeline)
        self.arrays = array_fields(pipeline)
        self.scope = Scope(context, self.inner, track)

    def rows(self) -> Iterator[Row]:
        return self.pipe(self.pipeline, ())

    def inner(self, pipeline: s.Pipeline, current: Sequence[Row] = ()) -> list[Row]:
        """Return the rows of a pipeline inside a stage or predicate."""
        return list(self.pipe(pipeline, current))

    def pipe(self, pipeline: s.Pipeline, current: Sequence[Row]) -> Iterator[Row]:
        check_unknown_fields(pipeline)
        source, *stages = pipeline.stages
        filters = [f.pred for f in takewhile(_is_filter, stages) if isinstance(f, s.Filter)]
        need_raw = self.need_raw or reads_raw(pipeline)
        rows = self.source(source, all_of(filters), current, need_raw)
        return self.through(stages[len(filters) :], rows)

    def through(self, stages: Sequence[s.Stage], rows: Iterator[Row]) -> Iterator[Row]:
        """Return what stages, the last ones of a pipeline, make of the rows that reach them."""
        for at, stage in enumerate(stages, start=1):
            rows = self.stage(stage, stages[at:])(rows)
        return rows

    def stage(self, stage: s.Stage, later: Sequence[s.Stage]) -> Transform:
        if isinstance(stage, s.Geo) and self.context.geo is None:
            needed = needed_later(location_fields(stage), later)
            if needed:
                return given_locations(stage, needed)
        compiler = STAGES.get(type(stage))
        if compiler is not None:
            return compiler(stage, self.scope)
        joiner = JOINING.get(type(stage))
        if joiner is None:
            raise NotComputable("a source stands in the middle of a pipeline", span=stage.span)
        return joiner(stage, self.scope, self.inner)

    # -- sources ---------------------------------------------------------------------------------

    def source(
        self, source: s.Stage, pred: Pred, current: Sequence[Row], need_raw: bool
    ) -> Iterator[Row]:
        keep = compile_pred(pred, self.scope)
        match source:
            case s.Events():
                test = self.in_scope(source, keep)
                return self.read(lambda row: row if test(row) else None, need_raw)
            case s.DataModel():
                return self.read(self.member(source, keep), need_raw)
            case s.LookupTable(table):
                found = table_rows(self.context.lookups, table, source.span)
                return filter(keep, map(table_row, found.rows or ()))
            case s.Made(number):
                return filter(keep, ({"_time": self.now()} for _ in range(number)))
            case s.Current():
                return filter(keep, iter(current))
            case _:
                raise NotComputable("the pipeline does not begin with a source", span=source.span)

    def now(self) -> int | float:
        now = self.context.now
        return int(now) if float(now).is_integer() else now

    def read(self, shape: Callable[[Row], Row | None], need_raw: bool) -> Iterator[Row]:
        numbers = (self.numbers or count()) if self.track else None
        found = read_events(
            self.events, shape, need_raw=need_raw, arrays=self.arrays, numbers=numbers
        )
        return iter(found)

    def in_scope(self, source: s.Events, keep: Decide) -> Decide:
        tests = [self.in_time(source.earliest, source.latest)]
        if source.scope != TRUE:
            tests.append(self.in_named_scope(source.scope))
        asked = [test for test in tests if test is not None]
        if not asked:
            return keep
        return lambda row: all(test(row) for test in asked) and keep(row)

    def in_named_scope(self, scope: Pred) -> Decide:
        """An event that has none of the fields which the scope tests was chosen by the user."""
        names = tuple(fields_of(scope))
        decide = compile_pred(scope, self.scope)
        return lambda row: not any(name in row for name in names) or decide(row)

    def in_time(self, earliest: Expr | None, latest: Expr | None) -> Decide | None:
        """Bounds hold for events that have a time: from `earliest`, below `latest` (7.1)."""
        low, high = self.bound(earliest), self.bound(latest)
        if low is None and high is None:
            return None

        def decide(row: Row) -> bool:
            time = time_of(row)
            return time is None or (
                (low is None or time >= low) and (high is None or time < high)
            )

        return decide

    def bound(self, expr: Expr | None) -> int | float | None:
        if expr is None:
            return None
        value = first(compile_expr(expr, self.scope)({}))
        seconds = None if value is None else to_number(value)
        if seconds is None:
            raise NotComputable("a time bound of the search is no time", span=expr.span)
        return seconds

    def member(self, source: s.DataModel, keep: Decide) -> Callable[[Row], Row | None]:
        """Members of the node as the model shows them, under prefixed names."""
        view = self.context.model_view
        prefixed = cache(partial(_prefixed, prefix=source.prefix))
        in_time = self.in_time(source.earliest, source.latest)

        def shape(row: Row) -> Row | None:
            if in_time is not None and not in_time(row):
                return None
            shown = view(row, source.model, source.node)
            if shown is None:
                return None
            named = {prefixed(name): value for name, value in shown.items()}
            return named if keep(named) else None

        return shape


def _is_filter(stage: s.Stage) -> bool:
    return isinstance(stage, s.Filter)


def _prefixed(name: str, prefix: str) -> str:
    return name if name in _UNPREFIXED or name.startswith("_") else prefix + name
