"""One search of a rule as an EQL filter: dataset, event category, constraints, condition.

Fields outside the Elastic Common Schema may be without a mapping in the searched indices, which is
an error unless they are written `?f`. They are, except under a negation: there Elasticsearch's
folding of the missing field is not certain (5.6), and an error that shows beats a silent miss.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from transpile.backends.base import Inputs, Request, Side
from transpile.backends.eql import text
from transpile.backends.eql.atoms import Atom, Vocabulary
from transpile.backends.eql.conditions import parts, test, uses
from transpile.backends.eql.layout import Piece, Strength, joined

from transpile.errors import Unsupported
from transpile.fidelity import Loss
from transpile.ir.events import EventRule
from transpile.ir.expr import Field
from transpile.ir.pred import FALSE, TRUE, And, Pred, Test, TextEq, all_of
from transpile.ir.simplify import simplify_pred
from transpile.ir.text import fold
from transpile.ir.walk import conjuncts, fields_of
from transpile.records import dataclass, replace
from transpile.schema.bounds import widen
from transpile.schema.choices import settled
from transpile.schema.ecs import is_ecs
from transpile.schema.elastic import Selection, selection
from transpile.schema.named import NAMES, PROGRAM, premise
from transpile.schema.resolve import EVENT_CODE_FIELDS, Resolution, always_in, resolve
from transpile.schema.rewrite import Rewritten, rewrite

SCHEMA: Literal["ecs"] = "ecs"


@dataclass(frozen=True, slots=True)
class Search:
    """A search that can be said: the filter, what it leaves out, and what it takes for granted.

    bare: the rule asks for nothing but the log source.
    """

    rule: EventRule
    resolution: Resolution
    selected: Selection
    condition: Piece
    losses: tuple[Loss, ...]
    assumptions: tuple[str, ...]
    premise: Pred
    bare: bool

    @property
    def head(self) -> str:
        """The beginning of the filter."""
        return f"{text.category(self.selected.category)} where "

    @property
    def filled(self) -> frozenset[str]:
        """Source fields for which a data model shows a value where the event has none."""
        return always_in(self.rule.source)

    @property
    def required(self) -> Pred:
        """What events are assumed to meet."""
        return all_of((self.rule.required, self.premise))

    def inputs(self, further: Sequence[str] = ()) -> Inputs:
        """Return what the engine needs; further: source fields read besides those of the filter."""
        return Inputs(
            dataset=self.resolution.dataset.id,
            variant=self.resolution.variant or "",
            platform=self.resolution.platform,
            schema=SCHEMA,
            fields=tuple(sorted((fields_of(self.rule.pred) - NAMES) | set(further))),
            indices=self.selected.index,
        )

    def side(self, name: str, keys: tuple[str, ...]) -> Side:
        """Return the search as one of several whose events a query relates."""
        return Side(
            name, self.rule.source, self.rule.pred, self.inputs(keys), self.required, keys
        )


def search(rule: EventRule, request: Request) -> Search:
    """Return the search of an event rule as a filter.

    Raises `Unsupported` (the code of the first reason): its log source has no counterpart, nothing
    of its filter remains, or nothing can meet it.
    """
    resolution = resolve(rule.source, rule.pred, request.info.data_sources)
    if resolution is None:
        raise Unsupported("nothing names a log source that Elastic knows", code="TGT602")
    rule = settled(rule, resolution, SCHEMA)
    selected = selection(resolution, rule.pred)
    rewritten = rewrite(rule.pred, resolution, SCHEMA, keep_unmapped=request.keep_unmapped)
    words, pred, losses = _shaped(rewritten, rule)
    unblanked = premise(fields_of(rule.pred))
    if unblanked != TRUE:
        words.assume(PROGRAM)
    conditions = [*_constraints(selected, words), *_conjuncts(pred, words, selected)]
    return Search(
        rule,
        resolution,
        selected,
        joined(Strength.AND, conditions or [Piece("true")]),
        (*rule.losses, *rewritten.losses, *losses),
        _assumptions(rule, rewritten, words),
        all_of((
            unblanked,
            TRUE if rewritten.premise == TRUE else _implied(rule.pred, resolution),
        )),
        bare=rule.pred == TRUE,
    )


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


def _shaped(rewritten: Rewritten, rule: EventRule) -> tuple[Vocabulary, Pred, tuple[Loss, ...]]:
    """Return the filter in tests that EQL has words for, and what was lost on the way."""
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


def _conjuncts(pred: Pred, words: Vocabulary, selected: Selection) -> list[Piece]:
    """Return the tests of a filter, but those that the log source's constraints repeat."""
    if pred == TRUE:
        return []
    given = {(name, fold(values[0])) for name, values in selected.where if len(values) == 1}
    args = pred.args if isinstance(pred, And) else (pred,)
    return parts(tuple(arg for arg in args if not _repeats(arg, given)), words)


def _repeats(pred: Pred, given: set[tuple[str, str]]) -> bool:
    match pred:
        case Test(Field(name), TextEq(text, False)):
            return (name, fold(text)) in given
        case _:
            return False


def _assumptions(rule: EventRule, rewritten: Rewritten, words: Vocabulary) -> tuple[str, ...]:
    found = dict.fromkeys((*rule.assumptions, *rewritten.assumptions, *words.assumptions))
    if words.single:
        found[f"one value per event in {', '.join(words.single)}"] = None
    return tuple(found)
