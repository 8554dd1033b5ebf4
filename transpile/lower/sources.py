"""Where rows come from: `search`, `tstats`, `mstats`, `from`, `inputlookup`, `makeresults`.

The tests on `index`, `source`, `sourcetype`, `eventtype` and `tag` of a base search say which
events are meant; they become the scope of `Events`, everything else a filter behind it.
"""

from __future__ import annotations

from collections.abc import Callable

from transpile.errors import Span
from transpile.ir.expr import Expr, Field
from transpile.ir.pred import (
    TRUE,
    Exists,
    InRows,
    Keyword,
    Order,
    Pred,
    Test,
    TextEq,
    Unknown,
    all_of,
)
from transpile.ir.stages import (
    Agg,
    Aggregate,
    Compute,
    DataModel,
    Events,
    Filter,
    Key,
    Limit,
    LookupTable,
    Opaque,
    Project,
    Stage,
    Window,
)
from transpile.ir.walk import conjuncts, fields_of, holds
from transpile.lower.aggregates import aggregates, grouped_by
from transpile.lower.common import CannotLower, Inner, where_is
from transpile.lower.filters import FilterLowering
from transpile.schema.cim import node_facts
from transpile.spl import ast

SCOPE_FIELDS = frozenset(("index", "source", "sourcetype", "eventtype", "tag", "splunk_server"))
"""Fields that say which events are meant (2.8)."""

SCOPE_COMPANIONS = frozenset(("Channel", "EventChannel"))
"""Fields of the event that source macros test as an alternative to the metadata."""


def base_search(command: ast.SearchCommand, inner: Inner) -> list[Stage]:
    """The first `search`: events in scope, then its other conditions."""
    lowering = FilterLowering(inner.filter, source=True)
    pred = lowering.pred(command.filter)
    scope, rest = split_scope(pred)
    source = Events(
        scope,
        _macro_names(command),
        earliest=_bound(lowering, "earliest"),
        latest=_bound(lowering, "latest"),
        span=where_is(command),
    )
    return [source, *_filtered(rest, command)]


def split_scope(pred: Pred) -> tuple[Pred, Pred]:
    """Split a conjunction into the tests that choose the events and the others."""
    scope: list[Pred] = []
    rest: list[Pred] = []
    for part in conjuncts(pred):
        (scope if _is_scope(part) else rest).append(part)
    return all_of(scope), all_of(rest)


def _is_scope(pred: Pred) -> bool:
    if holds(pred, InRows, Keyword, Unknown):
        return False
    names = fields_of(pred)
    metadata = {n for n in names if n in SCOPE_FIELDS or n.startswith("tag::")}
    return bool(metadata) and names - metadata <= SCOPE_COMPANIONS


def _macro_names(command: ast.Command) -> tuple[str, ...]:
    return tuple(dict.fromkeys(call.name for call in command.macros))


def _bound(lowering: FilterLowering, name: str) -> Expr | None:
    return lowering.bounds.get(name)


def _filtered(pred: Pred, command: ast.Command) -> list[Stage]:
    return [] if pred == TRUE else [Filter(pred, span=where_is(command))]


# -- data models ---------------------------------------------------------------------------------


def node_of(model: str, node: str | None, command: ast.Command) -> tuple[str, str, str]:
    """Return model, node path and root of a data model reference, as the model spells them."""
    facts = node_facts(model, node or model) or node_facts(model, _root_of(model))
    if facts is None:
        path = (node or model).removeprefix(f"{model}.")
        return model, path, path.split(".")[0]
    name, _, path = facts.path.partition(".")
    return name, path, path.split(".")[0]


def _root_of(model: str) -> str:
    return {
        "network_traffic": "All_Traffic",
        "network_resolution": "DNS",
        "change": "All_Changes",
        "email": "All_Email",
        "risk": "All_Risk",
        "endpoint": "Processes",
        "intrusion_detection": "IDS_Attacks",
        "network_sessions": "All_Sessions",
        "certificates": "All_Certificates",
    }.get(model.lower(), model)


def tstats(command: ast.Tstats, inner: Inner) -> list[Stage]:
    """`tstats aggs FROM datamodel WHERE filter BY fields`."""
    if command.source is not None:
        raise CannotLower("tstats over a namespace or a search id", where_is(command))
    if command.model is None:
        return _tstats_events(command, inner)
    model, path, root = node_of(command.model, command.node, command)
    field_of = _node_fields(model, root)
    lowering = FilterLowering(inner.filter, field_of, numeric_not=True, source=True)
    pred = lowering.pred(command.where)
    node, pred = _nodename(model, path, root, pred)
    source = DataModel(
        model,
        node,
        prefix=f"{root}.",
        earliest=_bound(lowering, "earliest"),
        latest=_bound(lowering, "latest"),
        span=where_is(command),
    )
    return [source, *_filtered(pred, command), *_grouped(command, field_of)]


def _tstats_events(command: ast.Tstats, inner: Inner) -> list[Stage]:
    lowering = FilterLowering(inner.filter, numeric_not=True, source=True)
    scope, rest = split_scope(lowering.pred(command.where))
    source = Events(
        scope,
        _macro_names(command),
        earliest=_bound(lowering, "earliest"),
        latest=_bound(lowering, "latest"),
        span=where_is(command),
    )
    return [source, *_filtered(rest, command), *_grouped(command, lambda name: name)]


def _grouped(command: ast.Tstats, field_of: Callable[[str], str]) -> list[Stage]:
    fill = command.option("fillnull_value")
    keys = grouped_by(command.by, command.span_text, fill, field_of)
    if command.flag("prestats"):
        return _ungrouped(keys, where_is(command))
    aggs, opaque = aggregates(command.aggs, field_of)
    return [Aggregate(aggs, keys, span=where_is(command)), *opaque]


def _ungrouped(keys: tuple[Key, ...], span: Span | None) -> list[Stage]:
    """Return what `prestats=t` hands to the `stats`, `chart` or `timechart` behind it.

    Those commands finish the aggregation over the same events, so the events themselves go on: the
    ones that have all grouping fields, these filled and binned.
    """
    changed = tuple((key.name, key.expr) for key in keys if key.expr != Field(key.name))
    present = all_of(Exists(Field(key.name), span=span) for key in keys)
    stages: list[Stage] = [Compute(changed, span=span)] if changed else []
    return [*stages, Filter(present, span=span)] if keys else stages


def _node_fields(model: str, root: str) -> Callable[[str], str]:
    """Return how a field name of tstats is read: `Root.Child.f` is the field f of the root row."""

    def field_of(name: str) -> str:
        head, _, rest = name.partition(".")
        if head.lower() != root.lower() or not rest:
            return name
        while "." in rest:
            child, _, tail = rest.partition(".")
            if node_facts(model, child) is None:
                break
            rest = tail
        return f"{root}.{rest}"

    return field_of


def _nodename(model: str, path: str, root: str, pred: Pred) -> tuple[str, Pred]:
    """Move `nodename=Root.Child` from the filter into the node of the source."""
    rest = []
    for part in conjuncts(pred):
        match part:
            case Test(subject=Field("nodename"), condition=TextEq(text)):
                facts = node_facts(model, text.split(".")[-1])
                path = facts.path.partition(".")[2] if facts else text
            case _:
                rest.append(part)
    return path, all_of(rest)


def from_(command: ast.From, inner: Inner) -> list[Stage]:
    """`from datamodel Model.Node`: events of the node under their own names (5.26)."""
    span = where_is(command)
    match command.kind.lower():
        case "datamodel":
            model, _, node = command.dataset.partition(".")
            name, path, _ = node_of(model, node or None, command)
            return [DataModel(name, path, span=span)]
        case "inputlookup" | "lookup":
            return [LookupTable(command.dataset, span=span)]
        case kind:
            reason = f"the dataset kind {kind} is not known here"
            return [Events(span=span), _opaque(command, reason)]


def datamodel(command: ast.Datamodel, inner: Inner) -> list[Stage]:
    """`datamodel Model Node search`: prefixed names; `flat`: plain names."""
    if command.model is None or command.node is None or command.mode not in ("search", "flat"):
        raise CannotLower("datamodel without a search over one node", where_is(command))
    name, path, root = node_of(command.model, command.node, command)
    prefix = f"{root}." if command.mode == "search" else ""
    return [DataModel(name, path, prefix=prefix, span=where_is(command))]


def _opaque(command: ast.Command, reason: str, section: str = "") -> Stage:
    span = where_is(command)
    return Opaque(command.name, reason, changes=True, section=section, span=span)


# -- metrics, tables ------------------------------------------------------------------


def mstats(command: ast.Mstats, inner: Inner) -> list[Stage]:
    """`mstats`: metric points are events with `metric_name:NAME` fields and dimensions."""
    lowering = FilterLowering(inner.filter, source=True)
    scope, rest = split_scope(lowering.pred(command.where))
    source = Events(
        scope,
        _macro_names(command),
        earliest=_bound(lowering, "earliest"),
        latest=_bound(lowering, "latest"),
        span=where_is(command),
    )
    by = (*command.by, "_time") if command.span_text and "_time" not in command.by else command.by
    aggs, opaque = aggregates(command.aggs)
    keys = grouped_by(by, command.span_text, command.option("fillnull_value"), lambda name: name)
    grouped = Aggregate(aggs, keys, span=where_is(command))
    return [source, *_filtered(rest, command), grouped, *opaque]


def inputlookup(command: ast.Inputlookup, inner: Inner) -> list[Stage]:
    """`inputlookup [start=] [max=] table where filter`: rows from `start` (0-based) on."""
    pred = FilterLowering(inner.filter).pred(command.where)
    rows = [LookupTable(command.table, span=where_is(command)), *_filtered(pred, command)]
    return [*rows, *_part(command)]


def _part(command: ast.Inputlookup) -> list[Stage]:
    span = where_is(command)
    start, most = command.number("start", 0), command.number("max")
    stages: list[Stage] = []
    if start:
        number = "row of the table"
        stages = [
            Window((Agg("count", None, number),), running=True, span=span),
            Filter(Test(Field(number), Order(">", start), span=span), span=span),
            Project((number,), drop=True, span=span),
        ]
    return stages if most is None else [*stages, Limit(most, span=span)]
