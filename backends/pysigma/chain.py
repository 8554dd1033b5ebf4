"""From a rule to the query of another product: our Sigma, pySigma's pipelines, its backend."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from transpile.backends.base import Draft, Request
from transpile.backends.pysigma.features import uses
from transpile.backends.pysigma.knowledge import KNOWN, Effect
from transpile.backends.sigma import backend as sigma
from transpile.backends.sigma.contain import packrat

from transpile.errors import Unsupported, UsageError
from transpile.fidelity import Fidelity, Loss
from transpile.records import dataclass, replace


def emit(request: Request) -> Draft:
    """Return what a pySigma backend makes of a rule's Sigma form.

    Raises `Unsupported` if there is no Sigma form, if the backend refuses it (TGT604), or if it is
    known to find less than the rule (TGT606). Raises `UsageError` OUT502 for a backend or a
    pipeline that is not installed.
    """
    name, *pipelines = request.variant.split("/")
    with packrat():
        kind = _backend(name)
        pipeline = _pipeline(pipelines)
        draft = sigma.emit(replace(request, variant=""))
        found = _capped(name, draft)
        queries = _converted(name, kind, pipeline, draft.text)
    known = KNOWN.get(name)
    through = f" through {', '.join(pipelines)}" if pipelines else ", without a pipeline"
    return replace(
        draft,
        text="\n".join(queries) + "\n",
        fidelity=Fidelity.SUPERSET if draft.losses or found.losses else Fidelity.EXACT,
        suffix=known.suffix if known else ".txt",
        losses=(*draft.losses, *found.losses),
        assumptions=(
            *draft.assumptions,
            f"the Sigma rule in between is {draft.fidelity}",
            f"the fields of the logs are named as {name} is told{through}",
            *found.assumptions,
        ),
        sides=(),
    )


# -- what is installed -----------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _plugins() -> Any:
    from sigma.plugins import InstalledSigmaPlugins

    with _quiet():
        return InstalledSigmaPlugins.autodiscover()


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep warnings of other packages, which our user cannot mend, to ourselves."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _backend(name: str) -> Any:
    try:
        backends = _plugins().backends
    except ImportError as error:
        message = f"the installed pySigma backends cannot be loaded: {error}"
        raise UsageError(message, code="OUT503") from error
    if name in backends:
        return backends[name]
    installed = ", ".join(sorted(backends))
    if not installed:
        raise UsageError(
            "no pySigma backend is installed",
            code="OUT502",
            hint="install one beside transpile, such as pysigma-backend-kusto",
        )
    message = f"no pySigma backend {name!r} is installed" if name else "no pySigma backend is named"
    raise UsageError(message, code="OUT502", hint=f"there are: {installed}")


def _pipeline(names: Sequence[str]) -> Any:
    if not names:
        return None
    known = _plugins().pipelines
    for name in names:
        if name not in known:
            installed = ", ".join(sorted(known)) or "none"
            message = f"no pySigma pipeline {name!r} is installed"
            raise UsageError(message, code="OUT502", hint=f"there are: {installed}")
    with _quiet():
        return _plugins().get_pipeline_resolver().resolve(list(names))


def _converted(name: str, kind: Any, pipeline: Any, text: str) -> list[str]:
    """Return the queries. Raises `Unsupported` for what the backend refuses."""
    from sigma.collection import SigmaCollection
    from sigma.exceptions import SigmaError

    try:
        with _quiet():
            made = kind(processing_pipeline=pipeline).convert(SigmaCollection.from_yaml(text))
    except (SigmaError, NotImplementedError) as error:
        raise Unsupported(f"pySigma's {name} refuses the rule: {error}", code="TGT604") from error
    queries = made if isinstance(made, list) else [made]
    return [query if isinstance(query, str) else json.dumps(query, indent=2) for query in queries]


# -- the cap ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Cap:
    losses: tuple[Loss, ...] = ()
    assumptions: tuple[str, ...] = ()


def _capped(name: str, draft: Draft) -> _Cap:
    """Return what the backend takes for granted and finds more. Raises `Unsupported` for less."""
    from sigma.collection import SigmaCollection

    used = uses(SigmaCollection.from_yaml(draft.text))
    known = KNOWN.get(name)
    if known is None:
        text = f"nothing is known here of how pySigma's {name} reads Sigma; compare before use"
        return _Cap((Loss("TGT606", text),))
    losses: dict[Loss, None] = {}
    assumptions: dict[str, None] = {}
    for feature, positive in used:
        effect = known.effects[feature]
        text = f"{name}: {known.why[feature]}" if feature in known.why else ""
        if effect is Effect.ASSUMED:
            assumptions[text] = None
        elif effect is not Effect.KEEPS:
            if not _widens(effect, positive):
                raise Unsupported(f"the query would find less: {text}", code="TGT606")
            losses[Loss("TGT606", text)] = None
    return _Cap(tuple(losses), tuple(assumptions))


def _widens(effect: Effect, positive: bool) -> bool:
    """Return whether a query finds more for an effect: under a negation less of a test is more."""
    return effect is (Effect.WIDER if positive else Effect.NARROWER)
