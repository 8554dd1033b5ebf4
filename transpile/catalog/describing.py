"""From a rule of any language to its entry and sheet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from transpile.catalog.common import (
    common_name,
    is_event_code,
    renamed,
    scope_of,
    value_key,
)
from transpile.catalog.entry import Converted, Entry, Event, Outcome, Sheet, Stage, Value
from transpile.catalog.logic import Logic, Tree, filters_of, leaves, said
from transpile.compiled import Compiled, compile_rule
from transpile.convert import convert_compiled, severity_of
from transpile.errors import TranspileError, Unsupported
from transpile.explain import explain_compiled
from transpile.explain.indicators import indicators
from transpile.fidelity import Loss
from transpile.ir.events import EventRule, event_rule
from transpile.ir.expr import Node
from transpile.ir.pred import Unknown
from transpile.ir.simplify import simplify
from transpile.ir.stages import Aggregate, Filter, Opaque, Pipeline
from transpile.ir.walk import fields_of, rebuild
from transpile.records import replace
from transpile.schema.resolve import Resolution
from transpile.schema.splunk_view import in_splunks_view
from transpile.tables import tables_for

if TYPE_CHECKING:
    from transpile.content import Content, Rule

_LANGUAGES: Mapping[str, str] = {"sigma": "sigma", "elastic": "elastic"}
_BODIES: Mapping[str, str] = {"spl": "spl", "conf": "ini", "elastic": "toml"}
_FENCES: Mapping[str, str] = {"sigma": "yaml", "kuery": "kql"}


def described(rule: Rule, content: Content, targets: Sequence[str]) -> tuple[Entry, Sheet]:
    """Return what the catalogue says of a rule; one that is not read keeps its metadata."""
    stated = rule.false_positives or (rule.known_false_positives,)
    entry = Entry(
        key="",
        language=_LANGUAGES.get(rule.generation, "splunk"),
        collection="",
        path="",
        digest="",
        id=rule.id,
        name=rule.name,
        status=rule.status,
        severity=severity_of(rule),
        type=rule.type,
        author=rule.author,
        date=rule.date,
        modified=rule.modified,
        techniques=rule.mitre_attack_ids,
        false_positives=tuple(filter(None, stated)),
    )
    sheet = Sheet(
        description=rule.description,
        references=rule.references,
        body=rule.source.strip("\n"),
        body_format=_BODIES.get(rule.generation, "yaml"),
        search=rule.search.strip("\n"),
        search_format=_FENCES.get(rule.language, rule.language),
    )
    try:
        compiled = compile_rule(rule, content)
    except TranspileError as error:
        entry.error, entry.code = error.message, error.code
        return entry, sheet
    _add_logic(entry, sheet, compiled, content)
    _add_conversions(entry, sheet, compiled, content, targets)
    return entry, sheet


def _add_logic(entry: Entry, sheet: Sheet, compiled: Compiled, content: Content) -> None:
    page = explain_compiled(compiled)
    sheet.group_by = page.group_by
    sheet.stages = tuple(Stage(s.number, s.kind, s.text, s.predicates) for s in page.stages)
    named = (event for event in page.events if event.provider or event.event_id)
    entry.events = tuple(Event(e.provider, e.event_id, e.title) for e in named)
    seen = shared_events(compiled)
    rule = _event_part(seen, content)
    resolution = None
    if rule is not None:
        scope, given, resolution = scope_of(rule, compiled.rule.data_sources)
        filters = filters_of(rule.pred)
        codes = [tree for tree in filters if given and is_event_code(tree)]
        computed = [tree for tree in filters if _is_computed(compiled, tree)]
        filters = tuple(tree for tree in filters if tree not in codes and tree not in computed)
        entry.logic = Logic(
            scope + tuple(renamed(tree, resolution) for tree in codes),
            tuple(renamed(tree, resolution) for tree in filters),
            tuple(map(said, filters)),
            given,
            complete=not (rule.losses or computed) and rule.threshold is None,
            extra=(*map(said, computed), *_extra(rule)),
        )
    entry.values = tuple(_values(compiled, seen, rule, resolution))


def _is_computed(compiled: Compiled, tree: Tree) -> bool:
    """Return whether ES|QL computes what it asks for, which it does after it has chosen events."""
    return compiled.rule.language == "esql" and all(
        leaf.literal.subject.endswith(")") for leaf in leaves(tree)
    )


def shared_events(compiled: Compiled) -> Pipeline:
    """Return the rule over Splunk's events, those of a data model where one has its fields.

    What another language does with the events that it has chosen adds none to them.
    """
    if compiled.native is None:
        return compiled.pipeline
    seen = in_splunks_view(compiled.native, models=True).pipeline
    stages = tuple(
        replace(stage, filters=True, changes=False) if isinstance(stage, Opaque) else stage
        for stage in seen.stages
    )
    return simplify(rebuild(replace(seen, stages=stages), _decided))


def _decided(node: Node) -> Node:
    """Return a tree in which a test of a field that Splunk lacks is that test, in its own name."""
    if isinstance(node, Unknown) and node.decided is not None:
        return _decided(node.decided)
    return rebuild(node, _decided)


def _event_part(pipeline: Pipeline, content: Content) -> EventRule | None:
    try:
        return event_rule(pipeline, tables=tables_for(pipeline, content))
    except Unsupported:
        return None


def _extra(rule: EventRule) -> tuple[str, ...]:
    """Return what the rule asks of several events, or of what no event says."""
    told = [loss.message for loss in rule.losses]
    if rule.threshold is not None:
        t = rule.threshold
        by = f" by {', '.join(t.by)}" if t.by else ""
        told.append(f"{t.func}({t.field}) {t.op} {t.number}{by}")
    return tuple(told)


def _values(
    compiled: Compiled, seen: Pipeline, rule: EventRule | None, resolution: Resolution | None
) -> Iterator[Value]:
    """Yield what the rule looks for, in its own names, with the keys of what is counted."""
    own = compiled.native or compiled.pipeline
    prefix = getattr(own.stages[0], "prefix", "")
    names = _event_fields(own, rule if own is seen else None)
    for found in indicators(own):
        plain = found.field.removeprefix(prefix)
        name = ""
        if names is None or plain in names:
            name = common_name(plain, resolution, compiled.taxonomy or "splunk")
        for text in found.values or ("",):
            key = value_key(name, found.kind, text) if name else ""
            yield Value(found.field, found.kind, text, key)


def _event_fields(own: Pipeline, rule: EventRule | None) -> frozenset[str] | None:
    """Return the fields of events that are asked about, None if every field is one."""
    if rule is not None:
        return fields_of(rule.pred)
    made = {agg.name for stage in own.stages if isinstance(stage, Aggregate) for agg in stage.aggs}
    if not made:
        return None
    asked = (fields_of(stage.pred) for stage in own.stages if isinstance(stage, Filter))
    return frozenset[str]().union(*asked) - made


def _add_conversions(
    entry: Entry, sheet: Sheet, compiled: Compiled, content: Content, targets: Sequence[str]
) -> None:
    made = []
    for target in targets:
        try:
            found = convert_compiled(compiled, target, content=content)
        except TranspileError as error:
            made.append(Converted(target, "unsupported", losses=(error.message,)))
            entry.outcomes[target] = Outcome("unsupported", (error.code,))
            continue
        codes = tuple(dict.fromkeys(loss.code for loss in found.losses))
        entry.outcomes[target] = Outcome(str(found.fidelity), codes)
        made.append(
            Converted(
                target,
                str(found.fidelity),
                str(found.observable or ""),
                found.text,
                tuple(_placed(compiled, loss) for loss in found.losses),
                found.assumptions,
            )
        )
    sheet.conversions = tuple(made)


def _placed(compiled: Compiled, loss: Loss) -> str:
    """Return a loss on one line, with its place in the rule's file."""
    place = compiled.place_of(loss.span)
    where = f"{place[0]}:{place[1]}: " if place else ""
    return f"{where}[{loss.code}] {loss.message}"
