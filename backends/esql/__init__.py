"""Elastic ES|QL: rows of rules that aggregate, events of all others, over ECS."""

from __future__ import annotations

from functools import lru_cache

from transpile.backends.base import Draft, Engine, Request, TargetInfo

from transpile.fidelity import Observable
from transpile.records import dataclass

_PREDICATES = frozenset(
    {
        "And", "Compare", "Const", "Exists", "Glob", "InNetwork", "Keyword", "Not", "NumEq", "Or",
        "Order", "Test", "TextEq",
    }
)  # fmt: skip
_LOWERED = frozenset({"Matches"})


@lru_cache(maxsize=1)
def _native() -> frozenset[str]:
    """Return what is emitted as it is: what the registries hold."""
    from transpile.backends.esql.aggregates import AGGREGATES
    from transpile.backends.esql.functions import FUNCTIONS, SAID_ELSEWHERE
    from transpile.backends.esql.stages import STAGES

    stages = (kind.__name__ for kind in STAGES)
    return _PREDICATES.union(FUNCTIONS, SAID_ELSEWHERE, AGGREGATES, stages)


@dataclass(frozen=True, slots=True)
class EsqlBackend:
    """The backend of target `esql`; the emitter and the engine are imported when they are used."""

    name: str = "esql"

    def targets(self) -> tuple[TargetInfo, ...]:
        """Return the one target of this backend."""
        return (
            TargetInfo(
                name="esql",
                title="Elasticsearch Query Language (ES|QL)",
                observables=(Observable.ROWS, Observable.GROUPS, Observable.EVENTS),
                formats=("query", "ndjson", "toml"),
                schemas=("ecs",),
                engine="transpile esql",
                native=_native(),
                lowered=_LOWERED,
            ),
        )

    def emit(self, request: Request) -> Draft:
        """Return the ES|QL query of a rule. Raises `Unsupported` if no honest one exists."""
        from transpile.backends.elastic.documents import packaged
        from transpile.backends.esql.emit import emit

        return packaged(emit(request), request.info, request.format, "esql")

    def engine(self, variant: str) -> Engine | None:
        """Return the engine with Elasticsearch's semantics; it needs nothing installed."""
        from transpile.backends.elastic.engine import ElasticEngine

        return ElasticEngine("transpile esql")


backend = EsqlBackend()
