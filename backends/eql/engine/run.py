"""The engine behind `transpile verify`: a draft's text, parsed anew, over events seen as ECS."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from transpile.backends.base import Draft, Event, LookupInfo, Seen
from transpile.backends.eql.engine import tree
from transpile.backends.eql.engine.evaluate import evaluate
from transpile.backends.eql.engine.parser import parse_eql
from transpile.backends.eql.types import TEXT, elastic_type

from transpile.errors import UsageError
from transpile.fidelity import Observable
from transpile.ir.text import fold
from transpile.schema.datasets import Dataset, dataset
from transpile.schema.fields import FieldMap, FieldTarget
from transpile.schema.model_view import model_view
from transpile.schema.views import implied

_TIME = "@timestamp"


@dataclass(frozen=True, slots=True)
class EqlEngine:
    """Runs EQL with Elasticsearch's semantics (spec/eql-semantics.md) in this process."""

    name: str = "transpile eql"

    def run(
        self,
        draft: Draft,
        events: Sequence[Event],
        *,
        lookups: Mapping[str, LookupInfo],
        now: float,
    ) -> Seen:
        """Return the events that an event query finds, or the groups of a sequence.

        Raises `EqlError` if the text is not EQL, `UsageError` for an unknown dataset.
        """
        source = dataset(draft.inputs.dataset)
        if source is None:
            raise UsageError(f"unknown dataset '{draft.inputs.dataset}'", code="OUT505")
        fields = FieldMap(source, draft.inputs.variant or None)
        documents = [_document(event, source, fields) for event in events]
        query = parse_eql(draft.text)
        mapping = _mapping(tree.paths(query), events, documents, fields)
        found = evaluate(query, documents, mapping=mapping)
        hits = [hit if isinstance(hit, tuple) else (hit,) for hit in found]
        if draft.observable is Observable.EVENTS:
            return Seen(events=frozenset(index for hit in hits for index in hit))
        return Seen(groups=frozenset(_group(events[hit[0]], draft.groups, fields) for hit in hits))


def _document(event: Event, source: Dataset, fields: FieldMap) -> dict[str, Any]:
    """Return an event as Elastic holds it: its view, its time, and its kind by the selectors.

    An event that several selectors describe is of all their kinds, as `event.type` is a list. What
    the log source fixes (`winlog.channel`) is spelled as Elastic spells it, whatever Splunk has.
    """
    document = model_view(event, source, "ecs", fields.variant)
    given = {fields.strip(name): _texts(value) for name, value in event.items()}
    kinds: dict[str, list[str]] = {}
    for when, where in source.elastic.selectors:
        if when.holds({name: values for name, values in given.items() if values}):
            for name, values in where:
                kinds.setdefault(name, []).append(values[0])
    document |= kinds
    for name, spelled in implied(source, "ecs", fields.variant).items():
        if fold(str(document.get(name))) == fold(spelled):
            document[name] = spelled
    if event.get("_time") is not None:
        document[_TIME] = _moment(event["_time"])
    return document


def _texts(value: Any) -> list[str]:
    values = value if isinstance(value, list | tuple) else (value,)
    return [str(item) for item in values if item is not None]


def _moment(value: Any) -> Any:
    """Return Splunk's time (epoch seconds, also as text) in milliseconds; other text as it is."""
    try:
        return float(value) * 1000
    except (TypeError, ValueError):
        return value


def _mapping(
    read: Iterable[str],
    events: Sequence[Event],
    documents: Sequence[Mapping[str, Any]],
    fields: FieldMap,
) -> dict[str, str]:
    """Return the Elasticsearch type of every field that the query or a document has."""
    sources = dict.fromkeys((*fields.names(), *(name for event in events for name in event)))
    targets: dict[str, FieldTarget] = {}
    for name in sources:
        target = fields.lookup(name, "ecs")
        if target is not None and target.field is not None:
            targets.setdefault(target.field, target)
            for also in target.also:
                targets.setdefault(also.field, replace(target, type=also.type or target.type))
    paths = dict.fromkeys((*read, *(path for document in documents for path in document)))
    kinds = {path: elastic_type(path, targets.get(path)) for path in paths}
    return {path: "wildcard" if kind in TEXT else kind for path, kind in kinds.items()}


def _group(event: Event, groups: Sequence[str], fields: FieldMap) -> tuple[Any, ...]:
    by_name = {fields.strip(name): value for name, value in event.items()}
    values = (by_name.get(fields.strip(group)) for group in groups)
    return tuple(tuple(value) if isinstance(value, list) else value for value in values)
