"""Elastic: per rule the exact one of EQL and ES|QL, bare or as a rule for Kibana."""

from __future__ import annotations

from transpile.backends.base import Draft, Engine, Request, TargetInfo

from transpile.errors import Unsupported
from transpile.fidelity import Fidelity, Observable
from transpile.records import dataclass, replace


@dataclass(frozen=True, slots=True)
class ElasticBackend:
    """The backend of target `elastic`."""

    name: str = "elastic"

    def targets(self) -> tuple[TargetInfo, ...]:
        """Return the one target of this backend."""
        from transpile.backends.elastic.documents import FORMATS
        from transpile.backends.eql import backend as eql
        from transpile.backends.esql import backend as esql

        languages = (*eql.targets(), *esql.targets())
        return (
            TargetInfo(
                name="elastic",
                title="Elastic Security: EQL or ES|QL, whichever is exact",
                observables=(Observable.ROWS, Observable.GROUPS, Observable.EVENTS),
                formats=FORMATS,
                schemas=("ecs",),
                engine="transpile elastic",
                native=frozenset[str]().union(*(info.native for info in languages)),
                lowered=frozenset[str]().union(*(info.lowered for info in languages)),
            ),
        )

    def emit(self, request: Request) -> Draft:
        """Return the EQL query of a rule if it is exact, else the ES|QL query if that is.

        Of two that are wider the one that leaves out less. Raises `Unsupported` (EQL's reason) if
        neither exists.
        """
        from transpile.backends.elastic.documents import packaged

        draft, language = _chosen(replace(request, format=""))
        return packaged(draft, request.info, request.format, language)

    def engine(self, variant: str) -> Engine | None:
        """Return the engine with Elasticsearch's semantics; it needs nothing installed."""
        from transpile.backends.elastic.engine import ElasticEngine

        return ElasticEngine()


def _chosen(request: Request) -> tuple[Draft, str]:
    from transpile.backends.eql.emit import emit as emit_eql
    from transpile.backends.esql.emit import emit as emit_esql

    refusal: Unsupported | None = None
    found: list[tuple[Draft, str]] = []
    for language, emit in (("eql", emit_eql), ("esql", emit_esql)):
        try:
            draft = emit(request)
        except Unsupported as error:
            refusal = refusal or error
            continue
        if draft.fidelity is Fidelity.EXACT and not _assumes_mapping(draft):
            return draft, language
        found.append((draft, language))
    if not found:
        assert refusal is not None
        raise refusal
    return min(found, key=lambda item: (item[0].fidelity is not Fidelity.EXACT,
                                        len(item[0].losses), item[1] != "eql"))


def _assumes_mapping(draft: Draft) -> bool:
    """Return whether a query is right only where a text field is mapped otherwise than usual."""
    return any("is mapped as keyword or wildcard" in text for text in draft.assumptions)


backend = ElasticBackend()
