"""Proof by re-reading: the emitted text, read back, against the rule in the target's field names.

The reader of a language shares nothing with its emitter; the prover compares what it read with the
rule's filter as the schema says it in that taxonomy, for all events at once. What the conversion
assumes of the events is part of the comparison.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from transpile.answered import answered
from transpile.errors import Span, TranspileError, Unsupported
from transpile.fidelity import Fidelity, Observable
from transpile.ir import pred as p
from transpile.ir.decide import number_text
from transpile.ir.events import EventRule, event_rule
from transpile.ir.expr import Field, Node
from transpile.ir.pred import Pred, all_of, any_of
from transpile.ir.regex import parse_regex
from transpile.ir.simplify import simplify_pred
from transpile.ir.stages import Events, Filter, Opaque, Stage
from transpile.ir.stages import Sequence as SequenceOf
from transpile.ir.walk import descend, rebuild
from transpile.records import dataclass, replace
from transpile.schema.choices import settled
from transpile.schema.ecs import ecs_type
from transpile.schema.elastic import selection
from transpile.schema.fields import FieldTarget
from transpile.schema.resolve import Resolution, always_in, resolve
from transpile.schema.rewrite import Rewritten, rewrite, target_field
from transpile.targets import find, reader_for
from transpile.verify.proof import Proof, undecided
from transpile.verify.prove import Comparison, Facts, Relation, compare
from transpile.verify.reread_rows import of_rows, rows_proof, tells_filter

if TYPE_CHECKING:
    from transpile.backends.base import Draft, Reading
    from transpile.convert import Conversion
    from transpile.verify.trial import Trial


ONLY_TRUTHS = "holds true and false only"
"""How an emitter says what it assumes of a field that no mapping declares as boolean."""


@dataclass(frozen=True, slots=True)
class Sides:
    """What is compared: the rule's filter in the target's names, and what the text says.

    left_out: what the filter lacks of the rule; a text may say that too and is then narrower.
    first: whether only the filters right behind the source are compared.
    """

    wanted: Pred
    said: Pred
    facts: Facts
    left_out: str = ""
    first: bool = False


def proof(trial: Trial, conversion: Conversion) -> Proof:
    """Return how a conversion's text stands to its rule, for all events."""
    draft = conversion.draft
    if (
        draft is not None
        and draft.observable is Observable.ROWS
        and tells_filter(conversion.target)
    ):
        return rows_proof(trial, conversion)
    found = sides(trial, conversion)
    if isinstance(found, Proof):
        return found
    if isinstance(found, str):
        return undecided(found)
    compared = compare(found.wanted, found.said, found.facts)
    if found.first:
        return of_rows(compared)
    if found.left_out and compared.relation in (Relation.NARROWER, Relation.INCOMPARABLE):
        return undecided(f"the rule's filter is compared in part: {found.left_out}")
    return _proof(compared)


def _proof(compared: Comparison) -> Proof:
    return Proof(compared.relation, compared.missed, compared.extra, compared.reason)


def sides(trial: Trial, conversion: Conversion) -> Sides | Proof | str:
    """Return what is compared, or why nothing can be; a proof if the log sources differ."""
    draft = conversion.draft
    if draft is None:
        return "there is no conversion"
    if draft.sides:
        return "the text relates events of several searches"
    try:
        reading = _reading(draft, conversion.target)
        first = any(isinstance(x, Opaque) and x.changes for x in reading.pipeline.stages)
        whole = _event_part(trial, sequences=_taxonomy(draft) == "ecs", leading=first)
        rule = whole.of_either
        resolution = resolve(rule.source, rule.pred, trial.compiled.rule.data_sources)
        if resolution is None:
            return "the rule's log source is not known"
        taxonomy = _taxonomy(draft)
        rule = settled(rule, resolution, taxonomy)
        rewritten = rewrite(rule.pred, resolution, taxonomy)
        wanted = any_of(_said_in(taxonomy, draft, trial, each) for each in whole.either)
    except TranspileError as error:
        return error.message
    if any(".*." in node.name for node in descend(wanted) if isinstance(node, Field)):
        return "the members of a list are several fields of the text"
    source, *stages = reading.pipeline.stages
    if not isinstance(source, Events):
        return "the text does not start from events"
    if draft.inputs.schema == "sigma" and (other := _other_source(source, resolution)):
        return Proof(Relation.INCOMPARABLE, reason=other, about="the log source")
    if (grouping := _other_keys(draft, stages, resolution)):
        return Proof(Relation.INCOMPARABLE, reason=grouping, about="the grouping")
    said = all_of(stage.pred for stage in takewhile(_filters, stages) if isinstance(stage, Filter))
    unread = [stage.reason for stage in stages if isinstance(stage, Opaque) and not stage.changes]
    if unread:
        return f"a part of the text is not read: {unread[0]}"
    # an exact text says in its own way what the taxonomy cannot
    lost = (*rule.losses, *(rewritten.losses if draft.fidelity is Fidelity.EXACT else ()))
    left_out = "; ".join(dict.fromkeys(loss.message for loss in lost))
    keys = _keys_there(trial, draft, resolution)
    names = sorted({node.name for node in descend(wanted) if isinstance(node, Field)})
    told = (_truths(name) for name in names if f"{name} {ONLY_TRUTHS}" in draft.assumptions)
    facts = Facts(given=all_of((_implied(draft, resolution), keys, *told)))
    return _plainly(Sides(wanted, said, facts, left_out, first), rewritten)


def _reading(draft: Draft, target: str) -> Reading:
    """Return a text read back. Raises `TranspileError` where that cannot be done."""
    from transpile.backends.base import Reads

    backend, _ = find(target)
    if isinstance(backend, Reads):
        return backend.reader().read(draft.text)
    language = draft.suffix.removeprefix(".")
    return reader_for(language).read(draft.text, language)


def _taxonomy(draft: Draft) -> Any:
    return draft.inputs.schema


def _event_part(trial: Trial, *, sequences: bool, leading: bool) -> EventRule:
    """Return what a rule asks of events; leading: its filters right behind the source alone."""
    source = trial.pipeline.stages[0]
    pipeline = answered(trial.pipeline, trial.tables)
    if leading:
        pipeline = replace(pipeline, stages=(source, *takewhile(_filters, pipeline.stages[1:])))
    always = always_in(source)
    return event_rule(pipeline, never_missing=always, tables=trial.tables, sequences=sequences)

def _filters(stage: Stage) -> bool:
    return isinstance(stage, Filter)


def _keys_there(trial: Trial, draft: Draft, resolution: Resolution) -> Pred:
    """Return that the fields that are grouped by are there, as in all rows of a group."""
    names: Iterable[str] = ()
    if draft.observable is Observable.GROUPS:
        names = (name for name in draft.groups if name not in draft.filled)
    elif draft.observable is Observable.ROWS:
        names = (key.name for key in trial.keys_behind)
    targets = (target_field(resolution, name, _taxonomy(draft)) for name in names)
    return all_of(p.Exists(Field(t.field)) for t in targets if t is not None and t.field)


# -- the log source ------------------------------------------------------------------------------


def _said_in(taxonomy: Any, draft: Draft, trial: Trial, rule: EventRule) -> Pred:
    """Return the rule's filter in a taxonomy, with what selects its log source there."""
    resolution = resolve(rule.source, rule.pred, trial.compiled.rule.data_sources)
    if resolution is None:
        raise Unsupported("the rule's log source is not known", code="TGT602")
    rule = settled(rule, resolution, taxonomy)
    said = rewrite(rule.pred, resolution, taxonomy).pred
    return all_of((*_selected(draft, resolution, rule), said))


def _selected(draft: Draft, resolution: Resolution, rule: EventRule) -> Iterator[Pred]:
    """Yield what selects the log source's events in the target."""
    if draft.inputs.schema == "ecs":
        chosen = selection(resolution, rule.pred)
        if chosen.category != "any":
            yield p.Test(Field("event.category"), p.TextEq(chosen.category, cased=True))
        for name, values in chosen.where:
            yield any_of(p.Test(Field(name), p.TextEq(value, cased=True)) for value in values)
    elif draft.inputs.schema == "sigma":
        sigma = resolution.dataset.sigma
        variant = sigma.variants.get(resolution.variant or "")
        chosen_items = variant.selection if variant is not None else sigma.selection
        for name, items in chosen_items.items():
            yield any_of(p.Test(Field(name), p.TextEq(str(value))) for value in items)


def _implied(draft: Draft, resolution: Resolution) -> Pred:
    """Return what every event of the log source meets in the target: its event id."""
    event = resolution.dataset.event
    if event is None or draft.inputs.schema != "sigma":
        return p.TRUE
    return p.Test(Field("EventID"), p.TextEq(str(event.id)))


def _other_source(source: Events, resolution: Resolution) -> str:
    """Return what is wrong with the log source of a Sigma text, "" if it is the rule's."""
    said = dict(source.origin)
    wanted = resolution.logsource
    for part in ("product", "category", "service"):
        if (said.get(part) or None) != (getattr(wanted, part, None) or None):
            return f"the text's log source has another {part}"
    return ""


def _other_keys(draft: Draft, stages: Sequence[Stage], resolution: Resolution) -> str:
    """Return what is wrong with the keys of a sequence, "" if they are the rule's."""
    targets = [target_field(resolution, name, _taxonomy(draft)) for name in draft.groups]
    wanted = {target.field for target in targets if target is not None}
    steps = [step for stage in stages if isinstance(stage, SequenceOf) for step in stage.steps]
    for step in steps:
        if set(step.keys) != wanted:
            said = ", ".join(sorted(step.keys)) or "nothing"
            return f"the text groups by {said}, not by {', '.join(sorted(map(str, wanted)))}"
    return ""


# -- what is known of the values -----------------------------------------------------------------


def _plainly(found: Sides, rewritten: Rewritten) -> Sides:
    """Return both sides with what the conversion assumes of each field's values.

    A field that holds one value, whole numbers or truth values does so on both sides; a number that
    a text field is compared with is written plainly.
    """
    targets = rewritten.fields
    compared = _compared_with_numbers(all_of((found.wanted, found.said)))
    whole = {name for name in compared if _is_number(name, targets.get(name))}

    def single(name: str) -> bool:
        target = targets.get(name)
        return target is None or not target.mv

    wanted, said = (
        simplify_pred(_spelled(side, compared - whole)) for side in (found.wanted, found.said)
    )
    truths = (_truths(name) for name in sorted(_fields(found)) if ecs_type(name) == "boolean")
    small = (_small(name) for name in sorted(_fields(found)) if _is_small(targets.get(name)))
    given = all_of((found.facts.given, *truths, *small))
    facts = Facts(single, whole.__contains__, given)
    return replace(found, wanted=wanted, said=said, facts=facts)


def _fields(found: Sides) -> set[str]:
    nodes = (*descend(found.wanted), *descend(found.said))
    return {node.name for node in nodes if isinstance(node, Field)}


def _compared_with_numbers(pred: Pred) -> set[str]:
    return {
        node.subject.name
        for node in descend(pred)
        if isinstance(node, p.Test)
        and isinstance(node.subject, Field)
        and isinstance(node.condition, p.NumEq | p.Order)
    }


def _is_number(name: str, target: FieldTarget | None) -> bool:
    known = ecs_type(name) or (target.type if target is not None else "")
    return known in ("long", "integer", "short", "byte", "unsigned_long", "int")


def _spelled(pred: Pred, plain: set[str]) -> Pred:
    """Return a predicate in which text fields are compared with the plain spelling of numbers."""

    def change(node: Node) -> Node:
        match node:
            case p.Test(Field(name), p.NumEq(number)) if name in plain:
                return replace(node, condition=p.TextEq(number_text(number)))
            case _:
                return rebuild(node, change)

    changed = change(pred)
    assert isinstance(changed, Pred)
    return changed


def _is_small(target: FieldTarget | None) -> bool:
    """Return whether a field holds small letters only, as its derive says."""
    return target is not None and target.derive == "record_type"


def _small(name: str) -> Pred:
    field = Field(name)
    small = p.Test(field, p.Matches(parse_regex(r"\A[^A-Z]*\z")), p.Quant.ALL)
    return any_of((p.Not(p.Exists(field)), small))


def _truths(name: str) -> Pred:
    field = Field(name)
    words = p.Test(field, p.Matches(parse_regex(r"\A(?:true|false)\z")), p.Quant.ALL)
    return any_of((p.Not(p.Exists(field)), words))


def part_at(text: str, span: Span | None) -> str:
    """Return the part of a text that a node was read from, "" without a place."""
    return "" if span is None else text[span.start : span.end]


__all__ = ["Proof", "Sides", "part_at", "proof", "sides", "undecided"]
