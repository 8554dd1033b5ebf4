"""A rule as a Sigma rule, with a correlation where it has a threshold or joins another search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from transpile.backends.base import Draft, Request, RuleInfo, Side
from transpile.backends.sigma.correlation import Correlated, correlated, related
from transpile.backends.sigma.document import (
    Document,
    building_block,
    correlation_document,
    file_stem,
    partner_name,
    rule_document,
)
from transpile.backends.sigma.layout import dump
from transpile.backends.sigma.parts import Part, say
from transpile.backends.sigma.several import documents, members, only

from transpile.errors import Unsupported, UsageError
from transpile.fidelity import Fidelity, Loss, Observable
from transpile.ir.events import EventRule, event_rule
from transpile.ir.pred import all_of
from transpile.ir.walk import fields_of
from transpile.names import shorten
from transpile.schema.choices import settled
from transpile.schema.datasets import LogSource
from transpile.schema.resolve import Resolution, always_in, resolve

_LOSS = 240
"""Characters of a loss in a description."""


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
    request = request.answered
    rule = _event_rule(request)
    part = _part(rule, request)
    if rule.partner is None:
        return _alone(part, request.info)
    why = ""
    try:
        other = _part(rule.partner.rule, request, keys=[key for _, key in rule.partner.keys])
    except Unsupported as refusal:
        why = refusal.message
    else:
        joined = _joined(part, other, request.info)
        if isinstance(joined, Draft):
            return joined
        why = joined
    text = f"a join is left out, events without a partner are found too: {why}"
    return _alone(part, request.info, [Loss("TGT606", text, rule.partner.rule.source.span)])


def _alone(part: Part, info: RuleInfo, more: Sequence[Loss] = ()) -> Draft:
    """Return the rule, with a correlation if it has a threshold that Sigma can say."""
    if part.rule.further:
        return _of_several(part, info, more)
    losses = [*part.losses, *more]
    stem = file_stem(info, part.source)
    joined = _correlated(part, info, stem, widened=bool(losses))
    if part.said.bare and joined.correlation is None:
        raise Unsupported("the rule filters nothing but its log source", code="TGT604")
    losses += joined.losses
    grouped = joined.correlation is not None
    return Draft(
        text=dump(_documents(info, part, joined, stem, losses)),
        fidelity=Fidelity.SUPERSET if losses else Fidelity.EXACT,
        observable=Observable.GROUPS if grouped else Observable.EVENTS,
        suffix=".yml",
        losses=tuple(losses),
        assumptions=tuple(dict.fromkeys((*part.assumptions, *joined.assumptions))),
        inputs=part.inputs(_counted(part.rule) if grouped else ()),
        required=all_of((part.required, joined.premise)),
        groups=joined.groups,
        stem=stem,
        distinct=joined.distinct,
        alike=joined.alike,
    )


def _of_several(part: Part, info: RuleInfo, more: Sequence[Loss]) -> Draft:
    """Return the rule with a correlation for each of several tests of its groups."""
    keys, kept = _keys(part.rule), part.keep_unmapped
    found, lost = members(
        part, info, lambda pred: say(pred, part.resolution, keep_unmapped=kept, keys=keys)
    )
    if len(found) < 2:
        return _alone(only(part, found[0] if found else None), info, (*more, *lost))
    told = [member.correlated for member in found]
    losses = dict.fromkeys((*part.rule.losses, *more, *lost))
    losses |= dict.fromkeys(loss for member in found for loss in member.said.losses)
    stem = file_stem(info, part.source)
    read = {name for member in found for name in (*member.test.by, member.test.field) if name}
    read |= {name for member in found for name in fields_of(member.test.where)}
    assumptions = dict.fromkeys(part.rule.assumptions)
    assumptions |= dict.fromkeys(text for member in found for text in member.said.assumptions)
    assumptions |= dict.fromkeys(text for each in told for text in each.assumptions)
    premises = (premise for m in found for premise in (m.said.premise, m.correlated.premise))
    return Draft(
        text=dump(documents(part, info, stem, found, _notes(tuple(losses)))),
        fidelity=Fidelity.SUPERSET if losses else Fidelity.EXACT,
        observable=Observable.GROUPS,
        suffix=".yml",
        losses=tuple(losses),
        assumptions=tuple(assumptions),
        inputs=part.inputs(sorted(read)),
        required=all_of((part.rule.required, *premises)),
        groups=told[0].groups,
        stem=stem,
        distinct=tuple(dict.fromkeys(name for each in told for name in each.distinct)),
        alike=told[0].alike,
    )


def _joined(part: Part, other: Part, info: RuleInfo) -> Draft | str:
    """Return the rules of two searches and the correlation that relates them, or why not."""
    assert part.rule.partner is not None
    stem = file_stem(info, part.source)
    name = partner_name(stem, part.source, other.source)
    found = related(
        part.rule.partner,
        ((stem, part.resolution), (name, other.resolution)),
        window=info.window,
    )
    if found.correlation is None:
        return found.why
    losses = tuple(dict.fromkeys((*part.losses, *other.said.losses)))
    keys, partner_keys = zip(*found.keys, strict=True)
    rules = {
        stem: rule_document(info, part.source, part.said.detection),
        name: rule_document(info, other.source, other.said.detection, partner=other.source),
    }
    documents = _related(rules, correlation_document(info, found.correlation, _notes(losses)))
    own, partner = part.inputs(keys), other.inputs(partner_keys)
    required = [
        all_of((side.required, premise))
        for side, premise in zip((part, other), found.premises, strict=True)
    ]
    return Draft(
        text=dump(documents),
        fidelity=Fidelity.SUPERSET if losses else Fidelity.EXACT,
        observable=Observable.GROUPS,
        suffix=".yml",
        losses=losses,
        assumptions=tuple(
            dict.fromkeys((*part.assumptions, *other.assumptions, *found.assumptions))
        ),
        inputs=own,
        required=required[0],
        groups=keys,
        stem=stem,
        sides=(
            Side(stem, part.rule.source, part.rule.pred, own, required[0], keys),
            Side(name, other.rule.source, other.rule.pred, partner, required[1], partner_keys),
        ),
    )


def _event_rule(request: Request) -> EventRule:
    return event_rule(
        request.pipeline,
        never_missing=always_in(next(iter(request.pipeline.stages), None)),
        strict=request.strict,
        tables=request.lookups,
        joins=always_in,
        several=True,
    )


def _keys(rule: EventRule) -> Sequence[str]:
    """Return the source fields by which the events of a rule make groups that are correlated."""
    if rule.partner is not None:
        return [key for key, _ in rule.partner.keys]
    return rule.threshold.by if rule.threshold is not None else ()


def _part(rule: EventRule, request: Request, keys: Sequence[str] = ()) -> Part:
    resolution = _resolution(rule, request.info.data_sources)
    source = _logsource(resolution)
    rule = settled(rule, resolution, "sigma")
    said = say(
        rule.pred,
        resolution,
        keep_unmapped=request.keep_unmapped,
        keys=keys or _keys(rule),
    )
    return Part(rule, resolution, source, said, request.keep_unmapped)


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
        message = f"Sigma has no log source for {resolution.dataset.id or 'the rule'}"
        raise Unsupported(f"{message}: {why}" if why else message, code="TGT602")
    return found


def _correlated(part: Part, info: RuleInfo, stem: str, *, widened: bool) -> Correlated:
    if part.rule.threshold is None:
        return Correlated(None)
    return correlated(
        part.rule.threshold, part.resolution, stem, window=info.window, widened=widened
    )


def _counted(rule: EventRule) -> tuple[str, ...]:
    """Return the source fields that the rule's threshold reads."""
    if rule.threshold is None:
        return ()
    return tuple(name for name in (*rule.threshold.by, rule.threshold.field) if name)


def _documents(
    info: RuleInfo, part: Part, joined: Correlated, stem: str, losses: Sequence[Loss]
) -> list[Document]:
    """Return the rule, or the rule that a correlation refers to and the correlation."""
    notes = _notes(losses)
    rule = rule_document(info, part.source, part.said.detection, notes)
    if joined.correlation is None:
        return [rule]
    return _related({stem: rule}, correlation_document(info, joined.correlation, notes))


def _related(rules: Mapping[str, Document], correlation: Document) -> list[Document]:
    """Return the rule documents, by name, as building blocks of a correlation, and that."""
    return [building_block(rule, name, correlation) for name, rule in rules.items()] + [correlation]


def _notes(losses: Sequence[Loss]) -> list[str]:
    """Return the sentence for a description; the report has the losses in full."""
    listed = "; ".join(dict.fromkeys(shorten(loss.message, _LOSS) for loss in losses))
    return [f"Finds more than the search it comes from: {listed}."] if losses else []
