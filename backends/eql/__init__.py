"""Elastic EQL: event queries over ECS, and sequences for counts per group."""

from __future__ import annotations

from transpile.backends.base import Draft, Engine, Reader, Request, TargetInfo

from transpile.fidelity import Observable
from transpile.records import dataclass

_NATIVE = frozenset({"And", "Const", "Exists", "Glob", "Not", "Or", "Order", "Test", "TextEq"})
_LOWERED = frozenset({"InNetwork", "Matches", "NumEq", "len", "substr"})


@dataclass(frozen=True, slots=True)
class EqlBackend:
    """The backend of target `eql`; the emitter and the engine are imported when they are used."""

    name: str = "eql"

    def targets(self) -> tuple[TargetInfo, ...]:
        """Return the one target of this backend."""
        return (
            TargetInfo(
                name="eql",
                title="Elastic Event Query Language",
                observables=(Observable.EVENTS, Observable.GROUPS),
                formats=("query", "ndjson", "toml"),
                schemas=("ecs",),
                engine="transpile eql",
                native=_NATIVE,
                lowered=_LOWERED,
            ),
        )

    def emit(self, request: Request) -> Draft:
        """Return the EQL query of a rule. Raises `Unsupported` if no honest one exists."""
        from transpile.backends.elastic.documents import packaged
        from transpile.backends.eql.emit import emit

        return packaged(emit(request), request.info, request.format, "eql")

    def engine(self, variant: str) -> Engine | None:
        """Return the engine with Elasticsearch's semantics; it needs nothing installed."""
        from transpile.backends.elastic.engine import ElasticEngine

        return ElasticEngine("transpile eql")

    def reader(self) -> Reader:
        """Return the reader."""
        from transpile.backends.eql.read import EqlReader

        return EqlReader()


backend = EqlBackend()
