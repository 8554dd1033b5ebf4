"""Running a parsed EQL query over documents, as the EQL search API does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, assert_never

from transpile.backends.eql.engine import tree
from transpile.backends.eql.engine.check import check
from transpile.backends.eql.engine.conditions import compile_condition
from transpile.backends.eql.engine.documents import Document, Mapped, index_document, millis_of
from transpile.backends.eql.engine.errors import EqlError
from transpile.backends.eql.engine.functions import FunctionError
from transpile.backends.eql.engine.sequences import (
    CompiledStage,
    Item,
    Match,
    match_samples,
    match_sequences,
)
from transpile.backends.eql.engine.tree import Value


def evaluate(
    query: tree.Query,
    events: Sequence[Mapping[str, Any]],
    *,
    category_field: str = "event.category",
    timestamp_field: str = "@timestamp",
    tiebreaker: str | None = None,
    size: int | None = None,
    mapping: Mapped | None = None,
) -> list[int] | list[Match]:
    """Return the indices of the matching events, or of the events of each sequence or sample.

    events: documents, flat or nested.  Timestamps are milliseconds since 1970 or ISO 8601 text;
    events without one come last.  size: how many results, the newest ones, None for all.  mapping:
    Elasticsearch types by field; without it each value has the type it comes with and no field is
    unmapped.  A missing event of a sequence is -1. Results come in order of time.
    Raises `EqlError` for what Elasticsearch refuses (`engine.check`) and for a function that fails.
    Source: spec/eql-semantics.md 1 to 10.
    """
    check(query, mapping)
    documents = [index_document(event, mapping) for event in events]
    order = _order(documents, timestamp_field, tiebreaker)
    try:
        found = _results(query.body, order, _compiler(category_field, mapping))
    except FunctionError as error:
        raise EqlError(str(error)) from error
    for pipe in query.pipes:
        found = found[: pipe.count] if pipe.kind == "head" else _last(found, pipe.count)
    kept = found if size is None else _last(found, size)
    if isinstance(query.body, tree.EventFilter):
        return [index for (index,) in kept]
    return kept


def _last(found: list[Match], count: int) -> list[Match]:
    return found[max(0, len(found) - count) :]


def _results(
    body: tree.EventFilter | tree.Sequence | tree.Sample,
    order: list[Item],
    compiled: Callable[[tree.Stage], CompiledStage],
) -> list[Match]:
    match body:
        case tree.EventFilter():
            accepts = compiled(tree.Stage(body)).accepts
            return [(item.index,) for item in order if accepts(item.document)]
        case tree.Sequence(stages, maxspan, until):
            steps = [step for stage in stages for step in [compiled(stage)] * stage.runs]
            return match_sequences(order, steps, maxspan, compiled(until) if until else None)
        case tree.Sample(stages):
            return match_samples(order, [compiled(stage) for stage in stages])
        case _:
            assert_never(body)


def _compiler(
    category_field: str, mapping: Mapped | None
) -> Callable[[tree.Stage], CompiledStage]:
    def compiled(stage: tree.Stage) -> CompiledStage:
        category = stage.filter.category
        condition = compile_condition(stage.filter.condition, mapping)

        def accepts(document: Document) -> bool:
            of_category = category is None or category in document.get(category_field, ())
            return of_category and condition(document)

        return CompiledStage(accepts, stage.keys, stage.missing)

    return compiled


def _order(
    documents: Sequence[Document], timestamp_field: str, tiebreaker: str | None
) -> list[Item]:
    def time(document: Document) -> float:
        moment = millis_of(document.get(timestamp_field, (None,))[0])
        return float("inf") if moment is None else float(moment)

    def rank(item: Item) -> tuple[float, bool, str, Value]:
        value = item.document.get(tiebreaker or "", (None,))[0]
        return item.time, value is None, type(value).__name__, "" if value is None else value

    items = [Item(index, time(document), document) for index, document in enumerate(documents)]
    return sorted(items, key=rank)
