"""A rule as a Sigma rule, with a correlation where it has a threshold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from transpile.backends.base import Draft, Inputs, Request, RuleInfo
from transpile.backends.sigma.correlation import Correlated, correlated
from transpile.backends.sigma.detection import Detection, detection
from transpile.backends.sigma.document import (
    Document,
    correlation_document,
    file_stem,
    rule_document,
)
from transpile.backends.sigma.items import Item, Sayer, item
from transpile.backends.sigma.layout import dump

from transpile.errors import Unsupported, UsageError
from transpile.fidelity import Fidelity, Loss, Observable
from transpile.ir.events import EventRule, event_rule
from transpile.ir.pred import FALSE, TRUE, Pred, all_of
from transpile.ir.stages import DataModel
from transpile.ir.walk import fields_of
from transpile.schema.bounds import widen
from transpile.schema.cim import never_missing
from transpile.schema.datasets import LogSource
from transpile.schema.rewrite import Resolution, resolve, rewrite


@dataclass(frozen=True, slots=True)
class Said:
    """A filter as a detection; premise: what events are assumed to meet, over source fields."""

    detection: Detection
    losses: tuple[Loss, ...]
    assumptions: tuple[str, ...]
    premise: Pred


def emit(request: Request) -> Draft:
    """Return the Sigma rule of a request.

    Raises Unsupported: the rule does not start from events (TGT6xx of `event_rule`), has no log
    source in Sigma (TGT602), or nothing of its filter can be said. Raises UsageError OUT502 for
    another schema than Sigma's or another format than YAML.
    """
    if request.schema not in ("", "sigma"):
        message = f"target sigma has no schema {request.schema!r}"
        raise UsageError(message, hint="Sigma rules use Sigma's own field names")
    if request.format not in ("", "yaml"):
        raise UsageError(f"target sigma has no format {request.format!r}", hint="it is yaml")
    rule = _event_rule(request)
    resolution = _resolution(rule, request.info.data_sources)
    source = _logsource(resolution)
    said = say(rule.pred, resolution, keep_unmapped=request.keep_unmapped)
    losses = [*rule.losses, *said.losses]
    assumptions = [*rule.assumptions, *said.assumptions]
    stem = file_stem(request.info, source)
    joined = _correlated(rule, resolution, request.info, stem, widened=bool(losses))
    losses += joined.losses
    assumptions += joined.assumptions
    documents = _documents(request.info, source, said.detection, joined, stem, losses)
    grouped = joined.correlation is not None
    return Draft(
        text=dump(documents),
        fidelity=Fidelity.SUPERSET if losses else Fidelity.EXACT,
        observable=Observable.GROUPS if grouped else Observable.EVENTS,
        suffix=".yml",
        losses=tuple(losses),
        assumptions=tuple(dict.fromkeys(assumptions)),
        inputs=Inputs(
            dataset=resolution.dataset.id,
            variant=resolution.variant or "",
            platform=resolution.platform,
            schema="sigma",
            fields=tuple(sorted(fields_of(rule.pred) | (_counted(rule) if grouped else set()))),
        ),
        required=all_of((rule.required, said.premise)),
        groups=joined.groups,
        stem=stem,
    )


def say(pred: Pred, resolution: Resolution, *, keep_unmapped: bool = False) -> Said:
    """Return a filter over source fields as a detection that finds all that it finds.

    Raises Unsupported if nothing of it remains, or if it can never be true.
    """
    rewritten = rewrite(pred, resolution, "sigma", keep_unmapped=keep_unmapped)
    sayer = Sayer(rewritten.fields)
    sayable, losses = widen(rewritten.pred, sayer)
    if sayable == FALSE:
        raise Unsupported("the rule's filter can never be true", code="TGT604")
    if sayable == TRUE and losses:
        first = losses[0]
        message = f"nothing of the filter remains: {first.message}"
        raise Unsupported(message, code=first.code, span=first.span)
    found = detection(sayable, lambda leaf: item(leaf, rewritten.fields), _always(resolution))
    if not found.searches:
        found = detection(sayable, lambda leaf: item(leaf, rewritten.fields), _every(resolution))
    return Said(
        found,
        (*rewritten.losses, *losses),
        (*rewritten.assumptions, *sayer.assumptions),
        rewritten.premise,
    )


def _always(resolution: Resolution) -> tuple[Item, ...]:
    """Return the tests that the dataset adds to its log source (an event id of a channel)."""
    sigma = resolution.dataset.sigma
    variant = sigma.variants.get(resolution.variant or "")
    selection = variant.selection if variant is not None else sigma.selection
    return tuple(Item(name, (), tuple(values)) for name, values in selection.items())


def _every(resolution: Resolution) -> tuple[Item, ...]:
    """Return a test that every event of a log source passes, for a rule without a filter."""
    event = resolution.dataset.event
    if event is None:
        raise Unsupported("the rule filters nothing but its log source", code="TGT604")
    return (Item("EventID", (), (event.id,)),)


def _event_rule(request: Request) -> EventRule:
    source = request.pipeline.stages[0]
    present = (
        never_missing(source.model, source.node) if isinstance(source, DataModel) else frozenset()
    )
    return event_rule(
        request.pipeline,
        never_missing=present,
        strict=request.strict,
        tables=request.lookups,
    )


def _resolution(rule: EventRule, data_sources: Sequence[str]) -> Resolution:
    found = resolve(rule.source, rule.pred, tuple(data_sources))
    if found is None:
        raise Unsupported(
            "no log source is known for the rule's data",
            code="TGT602",
            span=rule.source.span,
            hint="name the data model, a source macro, or source and sourcetype in the search",
        )
    return found


def _logsource(resolution: Resolution) -> LogSource:
    found = resolution.logsource
    if found is None:
        why = resolution.dataset.sigma.why
        message = f"Sigma has no log source for {resolution.dataset.id}"
        raise Unsupported(f"{message}: {why}" if why else message, code="TGT602")
    return found


def _correlated(
    rule: EventRule, resolution: Resolution, info: RuleInfo, stem: str, *, widened: bool
) -> Correlated:
    if rule.threshold is None:
        return Correlated(None)
    return correlated(rule.threshold, resolution, stem, window=info.window, widened=widened)


def _counted(rule: EventRule) -> set[str]:
    """Return the source fields that the rule's threshold reads."""
    if rule.threshold is None:
        return set()
    return {*rule.threshold.by, rule.threshold.field} - {""}


def _documents(
    info: RuleInfo,
    source: LogSource,
    found: Detection,
    joined: Correlated,
    stem: str,
    losses: Sequence[Loss],
) -> list[Document]:
    """Return the rule, or the rule that a correlation refers to and the correlation."""
    notes = [f"Finds more than the search it comes from: {_listed(losses)}."] if losses else []
    rule = rule_document(info, source, found, notes)
    if joined.correlation is None:
        return [rule]
    named: Document = {}
    for key, value in rule.items():
        named[key] = value
        if key == "id":
            named["name"] = stem
    named["level"] = "informational"
    return [named, correlation_document(info, joined.correlation, notes)]


def _listed(losses: Sequence[Loss]) -> str:
    return "; ".join(dict.fromkeys(loss.message for loss in losses))
