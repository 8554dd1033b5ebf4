"""Target `pysigma:BACKEND[/PIPELINE...]`: our Sigma handed to any installed pySigma backend.

`pysigma:kusto/azure_monitor`, `pysigma:splunk/splunk_windows`: every SIEM that pySigma writes for.
The fidelity is the one of the Sigma rule, capped by what is known of the backend
(`pysigma.knowledge`). pySigma is imported only when such a target is asked for.
"""

from __future__ import annotations

from transpile.backends.base import Draft, Engine, Request, TargetInfo
from transpile.backends.sigma import backend as sigma

from transpile.fidelity import Observable
from transpile.records import dataclass, replace

_ANY = TargetInfo(
    name="pysigma",
    title="Any installed pySigma backend: pysigma:BACKEND[/PIPELINE...]",
    observables=(Observable.EVENTS, Observable.GROUPS),
    formats=(),
    schemas=("sigma",),
    native=sigma.targets()[0].native,
)


@dataclass(frozen=True, slots=True)
class PySigmaBackend:
    """Emits Sigma and converts it; what a backend prints is not run here."""

    name: str = "pysigma"

    def targets(self) -> tuple[TargetInfo, ...]:
        """Return one entry for all: which backends there are is known when one is asked for."""
        return (_ANY,)

    def target(self, variant: str) -> TargetInfo:
        """Return the declaration of a backend with its pipelines."""
        backend, *pipelines = variant.split("/")
        through = f" through {', '.join(pipelines)}" if pipelines else ""
        title = f"pySigma backend {backend}{through}"
        return replace(_ANY, name=f"pysigma:{variant}", title=title)

    def emit(self, request: Request) -> Draft:
        """Return what the backend makes of the rule. Raises `Unsupported`, see `chain.emit`."""
        from transpile.backends.pysigma.chain import emit

        return emit(request)

    def engine(self, variant: str) -> Engine | None:
        """Return None: the queries of other products are printed only."""
        return None


backend = PySigmaBackend()
