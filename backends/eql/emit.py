"""From a rule to an EQL query: an event query, a sequence or a sample.

An event query reproduces the events of a rule. A count of events per group within a window becomes
`sequence by ... with maxspan=... [...] with runs=N`, and a join of two searches, whose events agree
on some fields in any order, `sample by ... [...] [...]`, and a transaction from one event to
another the sequence of the two; these reproduce the groups. What is left out is a loss
(spec/eql-semantics.md 8, 9, 13).
"""

from __future__ import annotations

from collections.abc import Sequence

from transpile.backends.base import Draft, Request
from transpile.backends.eql import text
from transpile.backends.eql.emit_sequence import emit_ordered, emit_sequence, sequence_of
from transpile.backends.eql.layout import INDENT, WIDTH, Piece, Strength, laid_out, one_per_line
from transpile.backends.eql.search import SCHEMA, Search, search
from transpile.backends.eql.thresholds import Runs, key_of, threshold
from transpile.backends.eql.types import FAMILY, elastic_type

from transpile.errors import Unsupported, UsageError
from transpile.fidelity import Fidelity, Loss, Observable
from transpile.ir.events import EventRule, Partner, event_rule
from transpile.ir.pred import all_of
from transpile.schema.named import named
from transpile.schema.resolve import Resolution, always_in


def emit(request: Request) -> Draft:
    """Return the EQL query of a rule.

    Raises `Unsupported` (the code of the first reason) if no honest query exists: the rule does not
    start from events, its log source has no counterpart, or nothing of its filter remains. Raises
    `UsageError` OUT502 for another schema than ECS.
    """
    if request.schema not in ("", SCHEMA):
        message = f"target eql has no schema {request.schema!r}"
        raise UsageError(message, hint="EQL is written over the Elastic Common Schema, ecs")
    request = request.answered
    if (sequence := sequence_of(request)) is not None:
        return emit_sequence(request, sequence, _stage)
    rule = _event_rule(request)
    if rule.ordered is not None:
        return emit_ordered(rule, rule.ordered, request, _stage)
    found = search(rule, request)
    if rule.partner is None:
        return _alone(found, request)
    try:
        other = search(rule.partner.rule, request)
        return _related(found, other, rule.partner, request)
    except Unsupported as refusal:
        told = f"a join is left out, events without a partner are found too: {refusal.message}"
        return _alone(found, request, (Loss("TGT606", told, rule.partner.rule.source.span),))


def _event_rule(request: Request) -> EventRule:
    return event_rule(
        request.pipeline,
        never_missing=always_in(next(iter(request.pipeline.stages), None)),
        strict=request.strict,
        tables=request.lookups,
        joins=always_in,
        named=named,
        sequences=True,
    )


def _alone(found: Search, request: Request, more: Sequence[Loss] = ()) -> Draft:
    """Return an event query, or a sequence for a threshold. Raises `Unsupported` for neither."""
    counted = threshold(found.rule, found.resolution, request.info.window, found.filled)
    runs, losses = counted.runs, (*found.losses, *more, *counted.losses)
    if found.bare and runs is None and losses:
        first = losses[0]
        raise Unsupported(
            f"nothing of the filter remains: {first.message}", code=first.code, span=first.span
        )
    wanted = found.rule.threshold
    groups = wanted.by if runs is not None and wanted is not None else ()
    return Draft(
        text=_event_query(found) if runs is None else _sequence(found, runs),
        fidelity=Fidelity.SUPERSET if losses else Fidelity.EXACT,
        observable=Observable.EVENTS if runs is None else Observable.GROUPS,
        suffix=".eql",
        losses=losses,
        assumptions=tuple(
            dict.fromkeys((*found.assumptions, *counted.keys.assumptions, *counted.assumptions))
        ),
        inputs=found.inputs(found.rule.groups if runs is not None else ()),
        required=all_of((found.required, counted.keys.premise)),
        groups=groups,
        alike=counted.keys.alike,
        stem=request.info.stem,
    )


# -- joins ---------------------------------------------------------------------------------------


def _family(name: str, resolution: Resolution) -> str:
    """Return the family of the type of a source field's counterpart."""
    target = resolution.fields.lookup(name, "ecs")
    kind = elastic_type(target.field or name, target) if target is not None else ""
    return FAMILY.get(kind, kind)


def _related(found: Search, other: Search, partner: Partner, request: Request) -> Draft:
    """Return a sample of events of both searches. Raises `Unsupported` where none says the join."""
    if not _disjoint(found, other):
        message = "one event may be of both searches, and a sample takes different events"
        raise Unsupported(message, code="TGT606")
    keys = [(key_of(mine, found.resolution), key_of(theirs, other.resolution))
            for mine, theirs in partner.keys]  # fmt: skip
    if any(None in pair for pair in keys):
        message = "a field that joins the searches has no counterpart in Elastic"
        raise Unsupported(message, code="TGT606")
    for mine, other_key in partner.keys:
        kinds = _family(mine, found.resolution), _family(other_key, other.resolution)
        if kinds[0] != kinds[1]:
            told = f"{mine} ({kinds[0]}) and {other_key} ({kinds[1]})"
            message = f"the fields that join the searches differ in type in Elastic: {told}"
            raise Unsupported(message, code="TGT606")
    own, theirs = zip(*partner.keys, strict=True)
    losses = (*found.losses, *(loss for loss in other.losses if loss not in found.losses))
    names = ", ".join(dict.fromkeys((*own, *theirs)))
    assumed = (
        f"events have the fields that join the searches: {names}",
        *_spans(partner.window, request.info.window),
    )
    return Draft(
        text=_sample(found, other, [(str(a), str(b)) for a, b in keys]),
        fidelity=Fidelity.SUPERSET if losses else Fidelity.EXACT,
        observable=Observable.GROUPS,
        suffix=".eql",
        losses=losses,
        assumptions=tuple(dict.fromkeys((*found.assumptions, *other.assumptions, *assumed))),
        inputs=found.inputs(own),
        required=found.required,
        groups=own,
        stem=request.info.stem,
        sides=(found.side("1", own), other.side("2", theirs)),
    )


def _disjoint(one: Search, two: Search) -> bool:
    """Return whether no event can be of both searches: their log sources differ."""
    left, right = one.selected, two.selected
    if "any" not in (left.category, right.category) and left.category != right.category:
        return True
    asked = dict(right.where)
    return any(name in asked and not set(values) & set(asked[name]) for name, values in left.where)


def _spans(bins: float | None, schedule: int | None) -> tuple[str, ...]:
    """Return what is assumed of the time between the events of a sample, which has no limit."""
    if bins is None:
        return ()
    covered = "" if schedule is None else f" (the schedule says {text.span(schedule)})"
    return (f"one run of the query covers one bin of {text.span(bins)}{covered}",)


def _sample(one: Search, two: Search, keys: Sequence[tuple[str, str]]) -> str:
    shared = [mine for mine, theirs in keys if mine == theirs]
    if len(shared) == len(keys):
        stages = [f"{_stage(side)}]" for side in (one, two)]
        return "\n".join((f"sample by {', '.join(dict.fromkeys(shared))}", *stages)) + "\n"
    columns = zip((one, two), zip(*keys, strict=True), strict=True)
    return "\n".join(("sample", *(f"{_stage(s)}] by {', '.join(by)}" for s, by in columns))) + "\n"


# -- texts ---------------------------------------------------------------------------------------


def _event_query(found: Search) -> str:
    return _filter(found.head, found.condition, "") + "\n"


def _sequence(found: Search, runs: Runs) -> str:
    by = f" by {', '.join(runs.keys)}" if runs.keys else ""
    closing = f"] with runs={runs.count}"
    stage = _stage(found, room=len(closing))
    return f"sequence{by} with maxspan={text.span(runs.seconds)}\n{stage}{closing}\n"


def _stage(found: Search, *, room: int = 1) -> str:
    """Return a stage up to its closing bracket; room: what stands behind it on the same line."""
    stage = _filter(f"{INDENT}[{found.head}", found.condition, INDENT, room=room)
    return f"{stage}\n{INDENT}" if "\n" in stage else stage


def _filter(head: str, piece: Piece, indent: str, *, room: int = 0) -> str:
    """Return `category where condition` on one line if it fits, else a line per part.

    room: what must fit behind it on the one line.
    """
    if len(head) + len(piece.text) + room <= WIDTH:
        return head + piece.text
    deeper = indent + INDENT
    shown = (one_per_line if piece.strength is Strength.AND else laid_out)(piece, deeper)
    return f"{head.rstrip()}\n{deeper}{shown}"
