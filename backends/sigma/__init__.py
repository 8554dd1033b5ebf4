"""Target `sigma`: Sigma rules and correlations as the Sigma repository writes them.

pySigma is imported only by the engine and the reader, and what it does to the process stays there
(`contain`).
"""

from __future__ import annotations

from transpile.backends.base import Draft, Engine, Reader, Request, TargetInfo

from transpile.fidelity import Observable
from transpile.records import dataclass

_NATIVE = frozenset(
    {
        "And",
        "Or",
        "Not",
        "Exists",
        "Test",
        "TextEq",
        "NumEq",
        "Glob",
        "Matches",
        "Order",
        "InNetwork",
        "Keyword",
    }
)
_LOWERED = frozenset({"Compare", "len", "coalesce"})


@dataclass(frozen=True, slots=True)
class SigmaBackend:
    """Emits Sigma YAML; its engine reads it back with pySigma and evaluates it on events."""

    name: str = "sigma"

    def targets(self) -> tuple[TargetInfo, ...]:
        """Return the one target."""
        return (
            TargetInfo(
                name="sigma",
                title="Sigma rule (specification 2.1)",
                observables=(Observable.EVENTS, Observable.GROUPS),
                formats=("yaml",),
                schemas=("sigma",),
                engine="evaluator over pySigma's parse",
                native=_NATIVE,
                lowered=_LOWERED,
            ),
        )

    def emit(self, request: Request) -> Draft:
        """Return the rule as Sigma YAML. Raises `Unsupported`, see `emit.emit`."""
        from transpile.backends.sigma.emit import emit

        return emit(request)

    def engine(self, variant: str) -> Engine | None:
        """Return the evaluator."""
        from transpile.backends.sigma.engine import SigmaEngine

        return SigmaEngine()

    def reader(self) -> Reader:
        """Return the reader."""
        from transpile.backends.sigma.read import SigmaReader

        return SigmaReader()


backend = SigmaBackend()
