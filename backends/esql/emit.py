"""From a rule to an ES|QL query: the forms it can take, and which of them is the most faithful.

- rows: a rule that aggregates becomes STATS, with the columns that the rule's result has;
- groups: the same where some column of the result has no counterpart: the grouping fields remain;
- events: any rule by its test on single events (`ir.events`), without its groups and thresholds.

The first of these without losses is taken.
"""

from __future__ import annotations

from collections.abc import Iterator

from transpile.backends.base import Draft, Inputs, Request
from transpile.backends.esql import text
from transpile.backends.esql import tree as q
from transpile.backends.esql.conditions import merged
from transpile.backends.esql.live import (
    columns_made,
    columns_of,
    in_turn,
    made_by,
    pruned,
    renamed,
)
from transpile.backends.esql.scope import field_value
from transpile.backends.esql.stages import STAGES
from transpile.backends.esql.values import CannotSay, Kind, Value
from transpile.backends.esql.writer import SCHEMA, Writer

from transpile.errors import Unsupported, UsageError
from transpile.fidelity import Fidelity, Loss, Observable
from transpile.ir import stages as s
from transpile.ir.events import EventRule, event_rule
from transpile.ir.events.reader import Elsewhere
from transpile.ir.events.rows import BY_SCHEDULE
from transpile.ir.expr import Expr, Field, Lit
from transpile.ir.pred import all_of
from transpile.records import dataclass, replace
from transpile.schema.elastic import Selection, selection
from transpile.schema.resolve import Resolution, always_in, resolve
from transpile.schema.rewrite import membership

_METADATA = ("_id", "_index", "_version")
_ANYWHERE = ("logs-*",)


@dataclass(frozen=True, slots=True)
class _Rule:
    """A rule with what every form of its query needs.

    events: its test on single events, lookups aside: what tells the log source.
    """

    request: Request
    events: EventRule
    resolution: Resolution
    selected: Selection
    filled: frozenset[str]


def emit(request: Request) -> Draft:
    """Return the ES|QL query of a rule.

    Raises `Unsupported` (the code of the first reason) if no honest query exists: the rule does not
    start from events, its log source has no counterpart, or nothing of its filter remains. Raises
    `UsageError` OUT502 for another schema than ECS.
    """
    if request.schema not in ("", SCHEMA):
        message = f"target esql has no schema {request.schema!r}"
        raise UsageError(message, hint="ES|QL is written over the Elastic Common Schema, ecs")
    request = request.answered
    rule = _read(request)
    best: Draft | None = None
    for draft in _forms(rule):
        if draft.fidelity is Fidelity.EXACT:
            return draft
        if best is None or len(draft.losses) < len(best.losses):
            best = draft
    assert best is not None
    return best


def _read(request: Request) -> _Rule:
    filled = always_in(next(iter(request.pipeline.stages), None))
    events = event_rule(request.pipeline, never_missing=filled, strict=request.strict)
    resolution = resolve(events.source, events.pred, request.info.data_sources)
    if resolution is None:
        raise Unsupported("nothing names a log source that Elastic knows", code="TGT602")
    return _Rule(request, events, resolution, selection(resolution, events.pred), filled)


def _forms(rule: _Rule) -> Iterator[Draft]:
    """Yield the forms that a rule can take, the most telling first. Raises `Unsupported`."""
    staged = _staged(rule)
    if staged is not None:
        if staged.groups is None:
            yield _events(staged, rule)
        elif (grouped := _rows(staged, rule) or _groups(staged, rule)) is not None:
            yield grouped
    yield _single(rule)


# -- the forms -----------------------------------------------------------------------------------


def _staged(rule: _Rule) -> Writer | None:
    """Return the query stage by stage, None if some stage has no counterpart."""
    writer = Writer(rule.request, rule.resolution, rule.filled, rule.events.pred)
    _select(writer, rule)
    _from_source(writer, rule.events.source)
    for stage in rule.request.pipeline.stages[1:]:
        handler = STAGES.get(type(stage))
        if handler is None:
            return None
        try:
            handler(writer, stage)
        except CannotSay:
            return None
    return writer


def _single(rule: _Rule) -> Draft:
    """Return the query of the events that the rule's filters let pass."""
    request, events = rule.request, rule.events
    if request.lookups:
        events = event_rule(
            request.pipeline,
            never_missing=rule.filled,
            strict=request.strict,
            tables=request.lookups,
        )
    writer = Writer(request, rule.resolution, rule.filled, events.pred)
    _select(writer, rule)
    selected = list(writer.commands)
    _from_source(writer, events.source)
    writer.chosen |= set(map(frozenset, events.choices))
    writer.require(events.pred)
    for loss in (*events.losses, *_threshold(events)):
        writer.lose(loss.code, loss.message, loss.span)
    if writer.losses and writer.commands == selected:
        first = writer.losses[0]
        raise Unsupported(
            f"nothing of the filter remains: {first.message}", code=first.code, span=first.span
        )
    timed = BY_SCHEDULE in writer.reader.assumptions
    writer.reader.assumptions |= dict.fromkeys(events.assumptions)
    if not timed:
        writer.reader.assumptions.pop(BY_SCHEDULE, None)
    draft = _events(writer, rule)
    return replace(draft, required=all_of((events.required, draft.required)))


def _threshold(events: EventRule) -> tuple[Loss, ...]:
    found = events.threshold
    if found is None:
        return ()
    shown = f"{found.func}({found.field}) {found.op} {found.number}"
    return (Loss("TGT607", f"the threshold {shown} is left out", found.span),)


def _select(writer: Writer, rule: _Rule) -> None:
    """Say where the events come from, and what makes them the log source's."""
    chosen = rule.selected
    writer.commands.append(q.From(chosen.index or _ANYWHERE))
    for assumption in chosen.assumptions:
        writer.scope.assume(assumption)
    where = dict(chosen.where)
    if chosen.category != "any":
        where = {"event.category": (chosen.category,), **where}
    for name, values in where.items():
        writer.where_is(_is_one_of(field_value(name, None), values))


def _is_one_of(value: Value, wanted: tuple[str, ...]) -> q.Expr:
    """Return whether a field has one of some values; several values of it are no obstacle."""
    op: q.BinaryOp = ":" if value.many else "=="
    return merged([q.Binary(op, value.node, q.Constant(item)) for item in wanted])


def _from_source(writer: Writer, source: s.Events | s.DataModel) -> None:
    """Ask for the events of the source; that they are is no matter of the rule's own fields."""
    STAGES[type(source)](writer, source)
    assert writer.rewriting is not None
    read = dict(writer.read)
    writer.require(all_of(membership(writer.resolution, writer.rewriting)))
    writer.read = read
    if writer.request.strict:
        _in_time(writer, source)


def _in_time(writer: Writer, source: s.Events | s.DataModel) -> None:
    """Ask for the time range of the search instead of leaving it to the schedule."""
    wanted: list[q.Expr] = []
    bounds: tuple[tuple[q.BinaryOp, Expr | None], ...]
    bounds = ((">=", source.earliest), ("<", source.latest))
    for op, bound in bounds:
        if bound is None:
            continue
        try:
            value = writer.scope.value(bound)
        except CannotSay:
            return
        if value.kind is not Kind.DATE:
            return
        wanted.append(q.Binary(op, q.Column("@timestamp"), value.node))
    for node in wanted:
        writer.where_is(node)
    writer.reader.assumptions.pop(BY_SCHEDULE, None)


# -- the result ----------------------------------------------------------------------------------


def _rows(writer: Writer, rule: _Rule) -> Draft | None:
    """Return the query of the rule's rows, None if a column of them has no counterpart."""
    if writer.loose:
        return None
    found: dict[str, Value] = {}
    for name, meaning in writer.reader.env.known.items():
        if isinstance(meaning, Elsewhere) or meaning in writer.repeated:
            return None
        if meaning == Lit(None):
            continue
        try:
            found[name] = writer.value(Field(name))
        except CannotSay:
            return None
    return _draft(writer, rule, _shown(writer, found), Observable.ROWS) if found else None


def _groups(writer: Writer, rule: _Rule) -> Draft | None:
    """Return the query of the rule's groups: their keys first, then what else can be said."""
    if writer.groups is None:
        return None
    if any(column not in writer.scope.made for column in writer.groups.values()):
        return None
    said: dict[str, Value] = {}
    lost = []
    for name, meaning in writer.reader.env.known.items():
        if meaning in writer.repeated:
            lost.append(name)
            continue
        try:
            said[name] = writer.value(Field(name))
        except CannotSay:
            lost.append(name)
    names = {value.node.name: name for name, value in said.items()
             if isinstance(value.node, q.Column)}
    keys = [names.get(column, column) for column in writer.groups.values()]
    found = {
        name: said.get(name, writer.scope.made[column])
        for name, column in zip(keys, writer.groups.values(), strict=True)
    }
    shown = {**found, **{name: v for name, v in said.items() if v.node != q.NULL}}
    if lost:
        writer.scope.assume(f"columns of the result are left out: {', '.join(lost)}")
    draft = _draft(writer, rule, _shown(writer, shown), Observable.GROUPS)
    return replace(
        draft,
        groups=tuple(writer.groups),
        filled={name: text for name, text in writer.missing.items() if name in writer.groups},
    )


def _events(writer: Writer, rule: _Rule) -> Draft:
    """Return the query of events, with all that they hold."""
    return _draft(writer, rule, (*writer.commands, q.Keep(("*",))), Observable.EVENTS)


def _shown(writer: Writer, columns: dict[str, Value]) -> q.Query:
    """Return the commands that end with these columns, under their names."""
    needed = frozenset[str]().union(*(columns_of(value.node) for value in columns.values()))
    commands = pruned((*writer.commands, q.Keep(tuple(sorted(needed)))))[:-1]
    made: list[tuple[str, q.Expr]] = []
    names: dict[str, str] = {}
    taken = {name for command in commands for name in columns_made(command)}
    looked = {name for c in commands if isinstance(c, q.LookupJoin) for name in c.columns}
    taken |= looked
    own = {name for name, value in columns.items() if value.node == q.Column(name)}
    for name, value in columns.items():
        match value.node:
            case q.Column(column) if column == name:
                pass
            case q.Column(column) if not {column} & (own | names.keys() | looked) and (
                name not in taken
            ):
                names[column] = name
            case _:
                made.append((name, value.node))
    at = max(at for at, command in enumerate(commands) if _regroups(command))
    head, stats, tail = commands[:at], commands[at], commands[at + 1 :]
    assert isinstance(stats, q.Stats)
    rest = renamed((*tail, *in_turn(made)), names)
    return (*head, made_by(stats, names), *rest, q.Keep(tuple(columns)))


def _regroups(command: q.Command) -> bool:
    return isinstance(command, q.Stats) and not command.inline


def _draft(writer: Writer, rule: _Rule, commands: q.Query, observable: Observable) -> Draft:
    losses = tuple(dict.fromkeys(writer.losses))
    writer.settle()
    if observable is Observable.EVENTS:
        source = commands[0]
        assert isinstance(source, q.From)
        commands = (replace(source, metadata=_METADATA), *commands[1:])
    return Draft(
        text=text.query(pruned(commands)),
        fidelity=Fidelity.SUPERSET if losses else Fidelity.EXACT,
        observable=observable,
        suffix=".esql",
        losses=losses,
        assumptions=tuple(writer.assumptions()),
        inputs=Inputs(
            dataset=rule.resolution.dataset.id,
            variant=rule.resolution.variant or "",
            platform=rule.resolution.platform,
            schema=SCHEMA,
            fields=tuple(sorted(writer.read)),
            indices=rule.selected.index,
            columns={c.index: c.columns for c in commands if isinstance(c, q.LookupJoin)},
        ),
        required=writer.required,
        alike=tuple(writer.alike),
        stem=rule.request.info.stem,
    )

