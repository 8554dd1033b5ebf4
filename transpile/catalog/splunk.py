"""From a Splunk rule to its entry and sheet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from transpile.catalog.entry import Converted, Entry, Event, Outcome, Sheet, Stage, Value
from transpile.catalog.logic import Leaf, Literal, Logic, Tree, filters_of
from transpile.compiled import Compiled, compile_rule
from transpile.convert import convert_compiled, severity_of
from transpile.errors import TranspileError, Unsupported
from transpile.explain import explain_compiled
from transpile.explain.indicators import Indicator
from transpile.fidelity import Loss
from transpile.ir.events import EventRule, event_rule
from transpile.ir.pred import TRUE
from transpile.ir.stages import DataModel, Events
from transpile.ir.text import fold
from transpile.ir.walk import fields_of
from transpile.schema.resolve import EVENT_CODE_FIELDS, Resolution, resolve
from transpile.tables import tables_for

if TYPE_CHECKING:
    from transpile.content import Content, Rule


def described(rule: Rule, content: Content, targets: Sequence[str]) -> tuple[Entry, Sheet]:
    """Return what the catalogue says of a rule; one that does not parse keeps its metadata."""
    entry = Entry(
        key="",
        language="splunk",
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
        false_positives=(rule.known_false_positives,) if rule.known_false_positives else (),
    )
    sheet = Sheet(
        description=rule.description,
        references=rule.references,
        body=rule.source.strip("\n"),
        body_format={"spl": "spl", "conf": "ini"}.get(rule.generation, "yaml"),
        search=rule.search,
    )
    try:
        compiled = compile_rule(rule, content)
    except TranspileError as error:
        entry.error = error.message
        return entry, sheet
    _add_logic(entry, sheet, compiled, content)
    _add_conversions(entry, sheet, compiled, content, targets)
    return entry, sheet


def _add_logic(entry: Entry, sheet: Sheet, compiled: Compiled, content: Content) -> None:
    page = explain_compiled(compiled)
    sheet.group_by = page.group_by
    sheet.stages = tuple(Stage(s.number, s.kind, s.text, s.predicates) for s in page.stages)
    entry.events = tuple(Event(e.provider, e.event_id, e.title) for e in page.events)
    rule = _event_part(compiled, content)
    resolution = None
    if rule is not None:
        resolution = resolve(rule.source, rule.pred, compiled.rule.data_sources)
        entry.logic = Logic(
            source_filters(rule.source),
            filters_of(rule.pred),
            complete=not rule.losses and rule.threshold is None,
            extra=_extra(rule),
        )
    entry.values = tuple(_values(page.indicators, compiled, rule, resolution))


def _event_part(compiled: Compiled, content: Content) -> EventRule | None:
    try:
        return event_rule(compiled.pipeline, tables=tables_for(compiled.pipeline, content))
    except Unsupported:
        return None


def _extra(rule: EventRule) -> tuple[str, ...]:
    """Return what the rule asks of several events, or of what no event says."""
    said = [loss.message for loss in rule.losses]
    if rule.threshold is not None:
        t = rule.threshold
        by = f" by {', '.join(t.by)}" if t.by else ""
        said.append(f"{t.func}({t.field}) {t.op} {t.number}{by}")
    return tuple(said)


def source_filters(source: Events | DataModel) -> tuple[Tree, ...]:
    """Return which events a source is, as filters: a node of a data model with those above it."""
    if isinstance(source, Events):
        macros = tuple(Leaf(Literal("", "source", f"`{name}`")) for name in source.macros)
        return macros if source.scope == TRUE else filters_of(source.scope)
    parts = (source.model, *source.node.split("."))
    names = (".".join(parts[: at + 1]) for at in range(1, len(parts)))
    return tuple(Leaf(Literal("", "source", f"data model {name}")) for name in names)


def _values(
    found: Sequence[Indicator],
    compiled: Compiled,
    rule: EventRule | None,
    resolution: Resolution | None,
) -> list[Value]:
    source = compiled.pipeline.stages[0]
    prefix = getattr(source, "prefix", "")
    of_events = None if rule is None else fields_of(rule.pred)
    values = []
    for indicator in found:
        plain = indicator.field.removeprefix(prefix)
        counted = of_events is None or plain in of_events
        name = common_name(plain, resolution) if counted else ""
        for text in indicator.values or ("",):
            key = value_key(name, indicator.kind, text) if name else ""
            values.append(Value(indicator.field, indicator.kind, text, key))
    return values


def common_name(field: str, resolution: Resolution | None) -> str:
    """Return the name that a Splunk field has in every language: Elastic's, else Sigma's, if one
    holds the same value; else its own."""
    if field in EVENT_CODE_FIELDS:
        return "event.code"
    if resolution is not None:
        for taxonomy in ("ecs", "sigma"):
            target = resolution.fields.lookup(field, taxonomy)
            if target is not None and target.field is not None and target.derive is None:
                return target.field
    return field.lower()


def value_key(name: str, kind: str, text: str) -> str:
    """Return the key under which a value is counted: case and language do not matter."""
    return f"{name}\n{kind}\n{fold(text)}"


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
