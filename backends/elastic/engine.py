"""The engine of the Elastic targets: takes the query out of a document and runs its language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from transpile.backends.base import Draft, Engine, Event, Seen
from transpile.backends.elastic.documents import opened

from transpile.ir.remember import remember
from transpile.records import dataclass, replace
from transpile.tables import Table


@dataclass(frozen=True, slots=True)
class ElasticEngine:
    """Runs EQL or ES|QL, bare or in a rule document."""

    name: str = "transpile elastic"

    def run(
        self,
        draft: Draft,
        events: Sequence[Event],
        *,
        lookups: Mapping[str, Table],
        now: float,
    ) -> Seen:
        """Return what the query finds."""
        engine, bare = _bare(draft)
        return engine.run(bare, events, lookups=lookups, now=now)

    def accepts(self, event: Event, draft: Draft) -> bool:
        """Return whether an event is one that the draft's assumptions admit."""
        engine, bare = _bare(draft)
        return engine.accepts(event, bare)


@remember
def _bare(draft: Draft) -> tuple[Engine, Draft]:
    """Return the engine of a draft's language, and the draft with the query alone as its text."""
    from transpile.backends.eql.engine.run import EqlEngine
    from transpile.backends.esql.engine.run import EsqlEngine

    language, query = opened(draft.text, draft.suffix)
    engine: Engine = EqlEngine() if language == "eql" else EsqlEngine()
    return engine, replace(draft, text=query, suffix=f".{language}")
