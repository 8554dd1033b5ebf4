"""The engine behind `transpile verify`: a draft's text, parsed anew, over events seen as ECS."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from transpile.backends.base import Draft, Event, Inputs, Seen, Side
from transpile.backends.eql.engine import tree
from transpile.backends.eql.engine.documents import is_shown
from transpile.backends.eql.engine.evaluate import evaluate
from transpile.backends.eql.engine.indexing import Index
from transpile.backends.eql.engine.parser import parse_eql

from transpile.fidelity import Observable
from transpile.interpret import compile_pred, event_row
from transpile.interpret.context import cim_view
from transpile.ir.remember import remember
from transpile.ir.stages import DataModel
from transpile.ir.text import number
from transpile.ir.walk import fields_of
from transpile.records import dataclass
from transpile.schema.ecs import ecs_type
from transpile.tables import Table

_parsed = lru_cache(maxsize=32)(parse_eql)
_paths = remember(tree.paths)


@dataclass(frozen=True, slots=True)
class EqlEngine:
    """Runs EQL with Elasticsearch's semantics (spec/eql-semantics.md) in this process."""

    name: str = "transpile eql"

    def run(
        self,
        draft: Draft,
        events: Sequence[Event],
        *,
        lookups: Mapping[str, Table],
        now: float,
    ) -> Seen:
        """Return the events that an event query finds, or the groups of a sequence.

        Raises `EqlError` if the text is not EQL, `UsageError` for an unknown dataset.
        """
        query = _parsed(draft.text)
        owners: list[int] = []
        documents: list[Mapping[str, Any]] = []
        kinds: dict[str, str] = {}
        for index, seen in _views(draft, events):
            found = {at: index.document(event) for at, event in seen.items()}
            names = (name for document in found.values() for name in document)
            paths = dict.fromkeys((*_paths(query), *names))
            kinds = {**_mapping(index, query, paths, events), **kinds}
            owners += found
            documents += found.values()
        hits = evaluate(query, documents, mapping=kinds)
        if draft.observable is Observable.EVENTS:
            return Seen(events=frozenset(owners[at] for hit in hits for at in _places(hit)))
        index = Index.of(draft.inputs)
        firsts = (events[owners[_places(hit)[0]]] for hit in hits)
        return Seen(groups=frozenset(index.group(event, draft.groups) for event in firsts))

    def accepts(self, event: Event, draft: Draft) -> bool:
        """Return whether an event is one that the draft's assumptions admit.

        It has the event code that the log source stands for, the document tells what the event's
        fields say, each value fits the type of its field, a field that the schema knows as single
        has one value, and numbers that the query compares with text are written plainly. Where
        searches are related, it has the fields that relate them.
        """
        if not draft.sides:
            return _accepts(event, draft, draft.inputs)
        return all(
            not _is_of(event, side)
            or (_accepts(event, draft, side.inputs) and _has(event, side))
            for side in draft.sides
        )


def _accepts(event: Event, draft: Draft, inputs: Inputs) -> bool:
    index = Index.of(inputs)
    read = frozenset(map(index.fields.strip, inputs.fields))
    if index.conflicts(event, read) & read or not index.has_code(event, read):
        return False
    if any(len(_values(value)) > 1 for value in index.singles(event, read)):
        return False
    query = _parsed(draft.text)
    document = index.document(event)
    kinds = _mapping(index, query, _paths(query), (event,))
    numeric = _compared_as_numbers(query)
    for path, kind in kinds.items():
        values = _values((event if index.source.native else document).get(path))
        if not all(is_shown(value, kind) for value in values):
            return False
        if len(values) > 1 and index.is_single(path):
            return False
        if path in numeric and not all(map(_plain, values)):
            return False
    return True


def _views(
    draft: Draft, events: Sequence[Event]
) -> Iterator[tuple[Index, Mapping[int, Event]]]:
    """Yield the indices that a query reads, with the events of each by their place."""
    if not draft.sides:
        yield Index.of(draft.inputs), dict(enumerate(events))
    for side in draft.sides:
        yield (
            Index.of(side.inputs),
            {at: event for at, event in enumerate(events) if _is_of(event, side)},
        )


def _is_of(event: Event, side: Side) -> bool:
    """Return whether an event is of the source of a search."""
    row = event_row(event)
    if isinstance(side.source, DataModel):
        return cim_view(row, side.source.model, side.source.node) is not None
    scope = side.source.scope
    return not fields_of(scope) & row.keys() or compile_pred(scope)(row)


def _has(event: Event, side: Side) -> bool:
    """Return whether an event has the fields that relate the searches."""
    index = Index.of(side.inputs)
    given = {index.fields.strip(name): value for name, value in event.items()}
    return all(_values(given.get(index.fields.strip(name))) for name in side.groups)


def _mapping(
    index: Index, query: tree.Query, paths: Iterable[str], events: Iterable[Event]
) -> Mapping[str, str]:
    """Return the types of fields; of a rule's own fields the query tells what ECS does not."""
    kinds = index.mapping(paths, events)
    if not index.source.native:
        return kinds
    return {**kinds, **{path: "double" for path in _ordered(query) if ecs_type(path) is None}}


@remember
def _ordered(query: tree.Query) -> frozenset[str]:
    """Return the fields that a query compares with numbers."""
    found: set[str] = set()
    for node in tree.nodes(query):
        match node:
            case tree.Compare(_, tree.Field(path), tree.Literal(int() | float() as value)):
                if not isinstance(value, bool):
                    found.add(path)
            case _:
                pass
    return frozenset(found)


def _places(hit: int | tuple[int, ...]) -> tuple[int, ...]:
    return hit if isinstance(hit, tuple) else (hit,)


def _values(value: Any) -> list[Any]:
    values = value if isinstance(value, list) else [value]
    return [item for item in values if item is not None]


@remember
def _compared_as_numbers(query: tree.Query) -> frozenset[str]:
    """Return the fields that a query compares, case-sensitively, with text that is a number."""
    found: set[str] = set()
    for node in tree.nodes(query):
        match node:
            case tree.Compare("==", tree.Field(path), option):
                options: tuple[tree.Expr, ...] = (option,)
            case tree.Predicate("in", tree.Field(path), options):
                pass
            case _:
                continue
        values = (one.value for one in options if isinstance(one, tree.Literal))
        if any(isinstance(value, str) and number(value) is not None for value in values):
            found.add(path)
    return frozenset(found)


def _plain(value: Any) -> bool:
    """Return whether a value is no number, or a number in its plain spelling."""
    found = number(value) if isinstance(value, str) else None
    if found is None:
        return True
    return str(value) == (str(int(found)) if found == int(found) else repr(found))
