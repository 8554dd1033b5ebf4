"""Sequences of events as EQL sequences (spec/eql-semantics.md 8).

A sequence reproduces the events: a step that is widened would let a later event take the place of
the one the rule means, so every step must be said exactly. A transaction from one event to another
reproduces the groups.
"""

from __future__ import annotations

from collections.abc import Callable

from transpile.backends.base import Draft, Inputs, Request
from transpile.backends.eql import text
from transpile.backends.eql.search import SCHEMA, Search, search
from transpile.backends.eql.thresholds import group_keys

from transpile.errors import Unsupported
from transpile.fidelity import Fidelity, Observable
from transpile.ir.events import EventRule, Ordered
from transpile.ir.pred import all_of
from transpile.ir.simplify import simplify_pred
from transpile.ir.stages import Events, Filter, Limit, Sequence, Stage, Step
from transpile.ir.walk import fields_of
from transpile.records import replace
from transpile.schema.rewrite import target_field

Opened = Callable[[Search], str]
"""Returns a stage of a sequence up to its closing bracket."""


def sequence_of(request: Request) -> Sequence | None:
    """Return the sequence that a rule is, None if it is something else."""
    return next((s for s in request.pipeline.stages if isinstance(s, Sequence)), None)


def emit_sequence(request: Request, sequence: Sequence, opened: Opened) -> Draft:
    """Return the EQL sequence. Raises `Unsupported` TGT603, TGT609 and as `search`."""
    source, *stages = request.pipeline.stages
    if not isinstance(source, Events):
        raise Unsupported("a sequence over a data model has no form in EQL", code="TGT603")
    steps = (*sequence.steps, *((sequence.until,) if sequence.until else ()))
    found = [_search(source, step, request) for step in steps]
    written = [_stage(step, each, opened) for step, each in zip(steps, found, strict=True)]
    span = f" with maxspan={text.span(sequence.max_span)}" if sequence.max_span else ""
    lines = [f"sequence{span}", *written[: len(sequence.steps)]]
    if sequence.until:
        lines += ["until", written[-1]]
    lines += filter(None, map(_pipe, stages))
    read = {name for step in steps for name in (*fields_of(step.pred), *step.keys)}
    return Draft(
        text="\n".join(lines) + "\n",
        fidelity=Fidelity.EXACT,
        observable=Observable.EVENTS,
        suffix=".eql",
        assumptions=tuple(dict.fromkeys(text for each in found for text in each.assumptions)),
        inputs=Inputs(schema=SCHEMA, fields=tuple(sorted(read))),
        stem=request.info.stem,
    )


def emit_ordered(rule: EventRule, pair: Ordered, request: Request, opened: Opened) -> Draft:
    """Return two events of each group, one after the other, as a sequence (8.7).

    A wider step finds more groups, not fewer. Raises `Unsupported` as `search`, and TGT601 if a key
    has no counterpart.
    """
    both = [
        search(replace(rule, pred=simplify_pred(all_of((rule.pred, each))), ordered=None), request)
        for each in (pair.starts, pair.ends)
    ]
    keys = group_keys(pair.keys, both[0].resolution, both[0].filled)
    if keys is None or not keys.shown:
        raise Unsupported("the key of a transaction has no counterpart in Elastic", code="TGT601")
    span = "" if pair.seconds is None else f" with maxspan={text.span(pair.seconds)}"
    losses = tuple(dict.fromkeys(loss for each in both for loss in each.losses))
    lines = [f"sequence by {', '.join(keys.shown)}{span}", *(f"{opened(each)}]" for each in both)]
    return Draft(
        text="\n".join(lines) + "\n",
        fidelity=Fidelity.SUPERSET if losses else Fidelity.EXACT,
        observable=Observable.GROUPS,
        suffix=".eql",
        losses=losses,
        assumptions=tuple(dict.fromkeys(
            (*(text for each in both for text in each.assumptions), *keys.assumptions)
        )),
        inputs=both[0].inputs((*pair.keys, *fields_of(both[1].rule.pred))),
        required=all_of((*(each.required for each in both), keys.premise)),
        groups=pair.keys,
        alike=keys.alike,
        stem=request.info.stem,
    )


def _search(source: Events, step: Step, request: Request) -> Search:
    """Return a step as a filter. Raises `Unsupported` TGT609 if it cannot be said exactly."""
    found = search(EventRule(source, simplify_pred(step.pred)), request)
    for loss in found.losses:
        message = f"a step of a sequence cannot be said exactly: {loss.message}"
        raise Unsupported(message, code="TGT609", span=loss.span)
    return found


def _stage(step: Step, found: Search, opened: Opened) -> str:
    keys = _keys(step, found)
    runs = f" with runs={step.runs}" if step.runs > 1 else ""
    stage = opened(found)
    sign = "!" if step.absent else ""
    return f"{stage.replace('[', f'{sign}[', 1)}]{keys}{runs}"


def _keys(step: Step, found: Search) -> str:
    optional = step.optional or (False,) * len(step.keys)
    named = []
    for name, free in zip(step.keys, optional, strict=True):
        target = target_field(found.resolution, name, SCHEMA)
        if target is None or target.field is None or target.derive is not None:
            message = f"the key {name} of a sequence has no counterpart in Elastic"
            raise Unsupported(message, code="TGT601", span=step.span)
        named.append(text.field(target.field, optional=free))
    return f" by {', '.join(named)}" if named else ""


def _pipe(stage: Stage) -> str:
    """Return what follows the sequence; a filter before it only repeats its steps."""
    match stage:
        case Sequence() | Filter():
            return ""
        case Limit(int() as count, last):
            return f"| {'tail' if last else 'head'} {count}"
        case _:
            name = type(stage).__name__.lower()
            message = f"{name} behind a sequence has no form in EQL"
            raise Unsupported(message, code="TGT603", span=stage.span)
