"""EQL and KQL as input: event queries, sequences and thresholds to the IR, in ECS field names.

Meaning: spec/eql-semantics.md as the engine reads it: two-valued `not`, any of several values, case
decided by the operator. A sample, which has no exact form here, is refused by name. Of an ES|QL
query the filters that it begins with are read (`esql.read`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, assert_never

from transpile.backends.base import Reading
from transpile.backends.eql.engine import tree
from transpile.backends.eql.engine.errors import EqlError
from transpile.backends.eql.engine.parser import parse_eql
from transpile.backends.eql.read_conditions import ConditionReader
from transpile.backends.eql.read_filters import beyond, filters
from transpile.backends.eql.read_kql import read_kql

from transpile.errors import ReadingError, Span
from transpile.ir import stages as s
from transpile.ir.expr import Expr, Field
from transpile.ir.pred import TRUE, Order, Pred, Test, TextEq, all_of, any_of

CATEGORY = "event.category"
_TYPES = frozenset(("query", "eql", "esql", "threshold", "new_terms", "threat_match"))


class EqlReader:
    """Reads queries of Elastic rules."""

    __slots__ = ()

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages by the names that Elastic's rules give to them."""
        return ("eql", "kuery", "esql")

    def read(
        self, text: str, language: str = "", options: Mapping[str, Any] | None = None
    ) -> Reading:
        """Return the meaning of a query. Raises `ReadingError`."""
        asked = options or {}
        _check(asked)
        if language == "kuery":
            return _of_kql(text, asked)
        if language == "esql":
            from transpile.backends.esql.read import read_esql

            return read_esql(text)
        try:
            query = parse_eql(text)
        except EqlError as error:
            raise ReadingError(
                error.message,
                code="CNT409",
                line=error.line,
                column=error.column,
                snippet=error.snippet,
                width=error.width,
            ) from error
        category = str(asked.get("event_category_override") or CATEGORY)
        return _Query(ConditionReader(text), category).read(query, events(asked), _beside(asked))


def _check(options: Mapping[str, Any]) -> None:
    """Refuse what a rule asks for besides its query. Raises `ReadingError` CNT410."""
    kind = options.get("type", "query")
    if kind not in _TYPES:
        raise ReadingError(f"a rule of the type {kind} is not read")


def _of_kql(text: str, options: Mapping[str, Any]) -> Reading:
    taken: dict[str, None] = {}
    pred = read_kql(text, taken)
    stages = (s.Filter(pred, span=pred.span), *_beside(options))
    further = (*_threshold(options), *beyond(options))
    return Reading(s.Pipeline((events(options), *stages, *further)), "ecs", tuple(taken))


def _beside(options: Mapping[str, Any]) -> tuple[s.Stage, ...]:
    """Return the filters beside a query as a stage, if it has some."""
    pred = filters(options)
    return () if pred == TRUE else (s.Filter(pred),)


def _threshold(options: Mapping[str, Any]) -> tuple[s.Stage, ...]:
    """Return the stages of a threshold rule: groups of so many events, or distinct values."""
    wanted = options.get("threshold")
    if not wanted:
        return ()
    names = wanted.get("field") or ()
    keys = (names,) if isinstance(names, str) else tuple(names)
    asked: list[tuple[str, Expr | None, int]] = [("count", None, int(wanted.get("value", 1)))]
    asked += [("dc", Field(each["field"]), int(each["value"])) for each in _listed(wanted)]
    aggs = tuple(s.Agg(func, arg, f"matches_{at}") for at, (func, arg, _) in enumerate(asked))
    enough = all_of(
        Test(Field(agg.name), Order(">=", least))
        for agg, (_, _, least) in zip(aggs, asked, strict=True)
    )
    by = tuple(s.Key(name, Field(name)) for name in keys)
    return s.Aggregate(aggs, by), s.Filter(enough)


def _listed(wanted: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = wanted.get("cardinality") or []
    return found if isinstance(found, list) else [found]


def events(options: Mapping[str, Any]) -> s.Events:
    """Return the source of an Elastic rule: its index patterns are what is known of it."""
    index = options.get("index") or ()
    named = (index,) if isinstance(index, str) else tuple(map(str, index))
    return s.Events(origin=(("taxonomy", "ecs"), *(("index", name) for name in named)))


class _Query:
    def __init__(self, conditions: ConditionReader, category: str) -> None:
        self.conditions = conditions
        self.category = category

    def read(
        self, query: tree.Query, source: s.Events, beside: tuple[s.Stage, ...]
    ) -> Reading:
        match query.body:
            case tree.EventFilter() as single:
                pred = self.filter(single)
                stages: tuple[s.Stage, ...] = (s.Filter(pred, span=pred.span),)
                newest_first = True
            case tree.Sequence() as sequence:
                stages = self.sequence(sequence)
                newest_first = False
            case tree.Sample(stages=parts):
                place = Span(parts[0].position, parts[0].position + 1)
                raise ReadingError("a sample (events in any order) is not read", span=place)
            case _:
                assert_never(query.body)
        limits = tuple(_limit(pipe, newest_first) for pipe in query.pipes)
        taken = tuple(self.conditions.assumptions)
        return Reading(s.Pipeline((source, *beside, *stages, *limits)), "ecs", taken)

    def filter(self, found: tree.EventFilter) -> Pred:
        condition = self.conditions.read(found.condition)
        if found.category is None:
            return condition
        return all_of((Test(Field(self.category), TextEq(found.category, cased=True)), condition))

    def sequence(self, sequence: tree.Sequence) -> tuple[s.Stage, ...]:
        """Return the sequence behind the filter of all events that it can be about."""
        steps = tuple(map(self.step, sequence.stages))
        until = None if sequence.until is None else self.step(sequence.until)
        span = 0.0 if sequence.maxspan is None else sequence.maxspan / 1000
        about = any_of(step.pred for step in (*steps, *((until,) if until else ())))
        return s.Filter(about), s.Sequence(steps, span, until)

    def step(self, stage: tree.Stage) -> s.Step:
        return s.Step(
            self.filter(stage.filter),
            tuple(key.path for key in stage.keys),
            tuple(key.optional for key in stage.keys),
            stage.runs,
            stage.missing,
            span=Span(stage.position, stage.position + 1),
        )


def _limit(pipe: tree.Pipe, newest_first: bool) -> s.Limit:
    """Return the limit: `head` is about the oldest, and the source begins with the newest."""
    return s.Limit(pipe.count, last=(pipe.kind == "head") == newest_first)
