"""The engine behind `transpile verify`: a draft's text, parsed anew, over events seen as ECS."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from transpile.backends.base import Draft, Event, Seen
from transpile.backends.eql.engine import tree
from transpile.backends.eql.engine.documents import COERCE
from transpile.backends.eql.engine.evaluate import evaluate
from transpile.backends.eql.engine.indexing import Index
from transpile.backends.eql.engine.parser import parse_eql

from transpile.fidelity import Observable
from transpile.ir.text import number
from transpile.tables import Table

_parsed = lru_cache(maxsize=32)(parse_eql)


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
        index = Index.of(draft.inputs)
        query = _parsed(draft.text)
        documents = [index.document(event) for event in events]
        paths = dict.fromkeys((*tree.paths(query), *(name for doc in documents for name in doc)))
        found = evaluate(query, documents, mapping=index.mapping(paths, events))
        hits = [hit if isinstance(hit, tuple) else (hit,) for hit in found]
        if draft.observable is Observable.EVENTS:
            return Seen(events=frozenset(at for hit in hits for at in hit))
        return Seen(groups=frozenset(index.group(events[hit[0]], draft.groups) for hit in hits))

    def accepts(self, event: Event, draft: Draft) -> bool:
        """Return whether an event is one that the draft's assumptions admit.

        It has the event code that the log source stands for, the document tells what the event's
        fields say, each value fits the type of its field, a field that the schema knows as single
        has one value, and numbers that the query compares with text are written plainly.
        """
        index = Index.of(draft.inputs)
        read = frozenset(map(index.fields.strip, draft.inputs.fields))
        if index.conflicts(event, read) & read or not index.has_code(event, read):
            return False
        query = _parsed(draft.text)
        document = index.document(event)
        kinds = index.mapping(tree.paths(query), (event,))
        numeric = frozenset(_compared_as_numbers(query))
        for path, kind in kinds.items():
            values = _values(document.get(path))
            if kind in COERCE and any(COERCE[kind](value) is None for value in values):
                return False
            if len(values) > 1 and index.is_single(path):
                return False
            if path in numeric and not all(map(_plain, values)):
                return False
        return True


def _values(value: Any) -> list[Any]:
    values = value if isinstance(value, list) else [value]
    return [item for item in values if item is not None]


def _compared_as_numbers(query: tree.Query) -> Iterator[str]:
    """Yield the fields that a query compares, case-sensitively, with text that is a number."""
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
            yield path


def _plain(value: Any) -> bool:
    """Return whether a value is no number, or a number in its plain spelling."""
    found = number(value) if isinstance(value, str) else None
    if found is None:
        return True
    return str(value) == (str(int(found)) if found == int(found) else repr(found))
