"""From a rule to an EQL query: event rule, dataset, ECS fields, condition, sequence.

An event query reproduces the events of a rule. A count of events per group within a window becomes
`sequence by ... with maxspan=... [...] with runs=N` and reproduces the groups; every other
threshold is left out with a loss (spec/eql-semantics.md 8.10, 13).

Fields outside the Elastic Common Schema may be without a mapping in the searched indices, which is
an error unless they are written `?f`. They are, except under a negation: there Elasticsearch's
folding of the missing field is not certain (5.6), and an error that shows beats a silent miss.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from transpile.backends.base import Draft, Inputs, Request
from transpile.backends.eql import text
from transpile.backends.eql.atoms import Atom, Vocabulary
from transpile.backends.eql.conditions import parts, test, uses
from transpile.backends.eql.layout import (
    INDENT,
    WIDTH,
    Piece,
    Strength,
    joined,
    laid_out,
    one_per_line,
)
from transpile.backends.eql.thresholds import Runs, Said, threshold

from transpile.errors import Unsupported, UsageError
from transpile.fidelity import Fidelity, Loss, Observable
from transpile.ir.events import EventRule, event_rule
from transpile.ir.pred import FALSE, TRUE, And, Pred, all_of
from transpile.ir.simplify import simplify_pred
from transpile.ir.stages import DataModel
from transpile.ir.walk import conjuncts, fields_of
from transpile.schema.bounds import widen
from transpile.schema.cim import never_missing
from transpile.schema.ecs import is_ecs
from transpile.schema.elastic import Selection, selection
from transpile.schema.resolve import EVENT_CODE_FIELDS
from transpile.schema.rewrite import Resolution, Rewritten, resolve, rewrite

SCHEMA: Literal["ecs"] = "ecs"


def emit(request: Request) -> Draft:
    """Return the EQL query of a rule.

    Raises `Unsupported` (the code of the first reason) if no honest query exists: the rule does not
    start from events, its log source has no counterpart, or nothing of its filter remains. Raises
    `UsageError` OUT502 for another schema than ECS.
    """
    if request.schema not in ("", SCHEMA):
        message = f"target eql has no schema {request.schema!r}"
        raise UsageError(message, hint="EQL is written over the Elastic Common Schema, ecs")
    filled = _never_missing(request)
    rule = event_rule(
        request.pipeline,
        never_missing=filled,
        strict=request.strict,
        tables=request.lookups,
    )
    resolution = resolve(rule.source, rule.pred, request.info.data_sources)
    if resolution is None:
        raise Unsupported("nothing names a log source that Elastic knows", code="TGT602")
    selected = selection(resolution, rule.pred)
    rewritten = rewrite(rule.pred, resolution, SCHEMA, keep_unmapped=request.keep_unmapped)
    words, pred, losses = _shaped(rewritten, rule)
    where = _constraints(selected, words)
    counted = threshold(rule, resolution, request.info.window, filled)
    runs = counted.runs
    condition_of = joined(Strength.AND, [*where, *_conjuncts(pred, words)] or [Piece("true")])
    all_losses = (*rule.losses, *rewritten.losses, *losses, *counted.losses)
    return Draft(
        text=_query(selected.category, condition_of, runs),
        fidelity=Fidelity.SUPERSET if all_losses else Fidelity.EXACT,
        observable=Observable.GROUPS if runs else Observable.EVENTS,
        suffix=".eql",
        losses=all_losses,
        assumptions=_assumptions(rule, rewritten, words, counted),
        inputs=Inputs(
            dataset=resolution.dataset.id,
            variant=resolution.variant or "",
            platform=resolution.platform,
            schema=SCHEMA,
            fields=tuple(sorted(fields_of(rule.pred) | set(rule.groups if runs else ()))),
        ),
        required=all_of((rule.required, _implied(rule.pred, resolution))),
        groups=rule.threshold.by if runs and rule.threshold else (),
        stem=request.info.stem,
    )


def _never_missing(request: Request) -> frozenset[str]:
    first = request.pipeline.stages[0] if request.pipeline.stages else None
    match first:
        case DataModel(model, node):
            return never_missing(model, node)
        case _:
            return frozenset()


# -- the log source ------------------------------------------------------------------------------


def _constraints(selected: Selection, words: Vocabulary) -> list[Piece]:
    """Return the constraints that make the log source, as conditions."""
    for assumption in selected.assumptions:
        words.assume(assumption)
    return [
        test(Atom("==", text.field(name), tuple(map(text.string, values))))
        for name, values in selected.where
    ]


def _implied(pred: Pred, resolution: Resolution) -> Pred:
    """Return the part of a filter that the log source stands for, so that the query leaves it out.

    An event code is not among it: the query asks for that.
    """
    nothing = rewrite(TRUE, resolution, SCHEMA).pred
    return all_of(
        part
        for part in conjuncts(pred)
        if not fields_of(part) <= set(EVENT_CODE_FIELDS) and _vanishes(part, resolution, nothing)
    )


def _vanishes(part: Pred, resolution: Resolution, nothing: Pred) -> bool:
    try:
        said = rewrite(part, resolution, SCHEMA)
    except Unsupported:  # a loss, not an implication
        return False
    return said.pred == nothing and not said.losses


# -- the condition -------------------------------------------------------------------------------


def _shaped(
    rewritten: Rewritten, rule: EventRule
) -> tuple[Vocabulary, Pred, tuple[Loss, ...]]:
    """Return the filter in tests that EQL has words for, and what was lost on the way.

    Raises `Unsupported` if nothing of the rule's filter remains, or if it can never be true.
    """
    words = Vocabulary(rewritten.fields)
    wanted = simplify_pred(rewritten.pred)
    pred, losses = widen(wanted, words.bounds)
    if pred == FALSE:
        raise Unsupported("the rule's filter can never be true", code="TGT604")
    lost = losses or (rule.losses if rule.pred == TRUE else ())
    if pred == TRUE and lost:
        first = lost[0]
        raise Unsupported(
            f"nothing of the filter remains: {first.message}", code=first.code, span=first.span
        )
    pred = simplify_pred(pred) if losses else pred
    return replace(words, optional=_optional(pred)), pred, losses


def _optional(pred: Pred) -> frozenset[str]:
    used = uses(pred)
    return frozenset(name for name in used.positive - used.negative if not is_ecs(name))


def _conjuncts(pred: Pred, words: Vocabulary) -> list[Piece]:
    if pred == TRUE:
        return []
    return parts(pred.args if isinstance(pred, And) else (pred,), words)


# -- the query -----------------------------------------------------------------------------------


def _query(category: str, piece: Piece, runs: Runs | None) -> str:
    head = f"{text.category(category)} where "
    if runs is None:
        return _filter(head, piece, "") + "\n"
    by = f" by {', '.join(runs.keys)}" if runs.keys else ""
    closing = f"] with runs={runs.count}"
    stage = _filter(f"{INDENT}[{head}", piece, INDENT, room=len(closing))
    closing = f"\n{INDENT}{closing}" if "\n" in stage else closing
    return f"sequence{by} with maxspan={text.span(runs.seconds)}\n{stage}{closing}\n"


def _filter(head: str, piece: Piece, indent: str, *, room: int = 0) -> str:
    """Return `category where condition` on one line if it fits, else a line per part.

    room: what must fit behind it on the one line.
    """
    if len(head) + len(piece.text) + room <= WIDTH:
        return head + piece.text
    deeper = indent + INDENT
    shown = (one_per_line if piece.strength is Strength.AND else laid_out)(piece, deeper)
    return f"{head.rstrip()}\n{deeper}{shown}"


def _assumptions(
    rule: EventRule, rewritten: Rewritten, words: Vocabulary, counted: Said
) -> tuple[str, ...]:
    found = dict.fromkeys((*rule.assumptions, *rewritten.assumptions, *words.assumptions))
    if words.single:
        found[f"one value per event in {', '.join(words.single)}"] = None
    return tuple(found | dict.fromkeys(counted.assumptions))
