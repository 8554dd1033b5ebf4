"""Running both sides on the same events and comparing them at the claimed observable."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from transpile.compiled import Compiled, compile_rule
from transpile.convert import Conversion, convert_compiled
from transpile.errors import UsageError
from transpile.fidelity import Fidelity, Observable
from transpile.interpret import NotComputable, compile_pred, event_row, matched, run_pipeline
from transpile.ir.pred import TRUE
from transpile.ir.stages import DataModel, Events, Pipeline, Stage
from transpile.ir.walk import descend, fields_of
from transpile.running import context_for
from transpile.tables import tables_for
from transpile.targets import find, variant_of
from transpile.verify.compare import difference, value_key
from transpile.verify.fixtures import load_fixtures
from transpile.verify.report import Difference, Report, Verdict

if TYPE_CHECKING:
    from transpile.backends.base import Draft, Seen
    from transpile.content import Content, Rule

Event = Mapping[str, Any]

SHOWN = 5
"""Differences that a report carries."""


def verify_rule(
    rule: Rule, target: str, events: Sequence[Event] = (), *, content: Content, schema: str = ""
) -> Report:
    """Return the verdict on a rule's conversion, on its fixtures and the given events."""
    compiled = compile_rule(rule, content)
    return verify_compiled(compiled, target, events, content=content, schema=schema)


def verify_compiled(
    compiled: Compiled,
    target: str,
    events: Sequence[Event] = (),
    *,
    content: Content,
    schema: str = "",
) -> Report:
    """Return the verdict on the conversion of a rule that is IR already."""
    fixtures = load_fixtures(compiled.rule, content)
    conversion = convert_compiled(compiled, target, content=content, schema=schema)
    return check_conversion(
        compiled, conversion, (*fixtures.events, *events), content=content, now=fixtures.now
    )


def check_conversion(
    compiled: Compiled,
    conversion: Conversion,
    events: Sequence[Event],
    *,
    content: Content,
    now: float | None = None,
) -> Report:
    """Return the verdict on one conversion over some events."""
    report = _reporter(compiled, conversion)
    if conversion.draft is None:
        return report(Verdict.UNSUPPORTED, reason=_reasons(conversion))
    backend, info = find(conversion.target)
    engine = backend.engine(variant_of(info))
    if engine is None:
        return report(Verdict.NOT_RUN, reason=f"nothing runs {conversion.target} here")
    if not events:
        return report(Verdict.NOT_RUN, reason="there are no events to try it on")
    context = context_for(compiled.pipeline, content, now=now)
    in_scope = _scope_test(compiled.pipeline)
    assumed = _assumption_test(compiled.pipeline, conversion.draft)
    tried = [
        event
        for event in events
        if in_scope(event) and assumed(event) and engine.accepts(event, conversion.draft)
    ]
    if not tried:
        return report(Verdict.NOT_RUN, reason="no event fits the conversion's assumptions")
    try:
        seen = engine.run(
            conversion.draft,
            tried,
            lookups=tables_for(compiled.pipeline, content),
            now=context.now,
        )
        outcome = _COMPARE[conversion.draft.observable](
            _Run(compiled.pipeline, conversion.draft, tried, context), seen
        )
    except NotComputable as error:
        return report(Verdict.NOT_RUN, engine=engine.name, reason=error.message)
    except UsageError as error:
        if error.code != "OUT504":
            raise
        return report(Verdict.NOT_RUN, reason=error.message)
    return report(
        _verdict(conversion.fidelity, outcome),
        engine=engine.name,
        tried=len(tried),
        set_aside=len(events) - len(tried),
        found=outcome.found,
        differences=(*outcome.missed[:SHOWN], *outcome.extra[:SHOWN]),
    )


def _reporter(compiled: Compiled, conversion: Conversion) -> Callable[..., Report]:
    def report(verdict: Verdict, **facts: Any) -> Report:
        return Report(
            compiled.rule.name,
            conversion.target,
            conversion.fidelity,
            conversion.observable,
            verdict,
            losses=conversion.losses,
            assumptions=conversion.assumptions,
            **facts,
        )

    return report


def _reasons(conversion: Conversion) -> str:
    return "; ".join(loss.message for loss in conversion.losses)


def _verdict(fidelity: Fidelity, outcome: _Outcome) -> Verdict:
    if outcome.missed and outcome.extra and fidelity is Fidelity.EXACT:
        return Verdict.DIFFERS
    if outcome.missed:
        return Verdict.NARROWER
    if fidelity is Fidelity.SUPERSET:
        return Verdict.CONTAINED
    return Verdict.WIDER if outcome.extra else Verdict.EQUAL


# -- events that a conversion speaks about -------------------------------------------------------


def _scope_test(pipeline: Pipeline) -> Callable[[Event], bool]:
    """Return whether an event is of a source that the rule reads: a target has only those.

    An event without any of the fields that a scope tests was chosen by the user.
    """
    scopes = []
    for node in descend(pipeline):
        if isinstance(node, DataModel) or (isinstance(node, Events) and node.scope == TRUE):
            return lambda event: True
        if isinstance(node, Events):
            scopes.append((fields_of(node.scope), compile_pred(node.scope)))

    def in_scope(event: Event) -> bool:
        row = event_row(event)
        return any(not names & row.keys() or decide(row) for names, decide in scopes)

    return in_scope


def _assumption_test(pipeline: Pipeline, draft: Draft) -> Callable[[Event], bool]:
    """Return whether an event meets what a draft assumes of the events of each of its sources."""
    if not draft.sides:
        required = compile_pred(draft.required)
        return lambda event: required(_source_row(event, pipeline.stages[0]) or {})
    sides = [
        (side.source, compile_pred(side.pred), compile_pred(side.required)) for side in draft.sides
    ]

    def assumed(event: Event) -> bool:
        rows = [(_source_row(event, source), found, wanted) for source, found, wanted in sides]
        return all(row is None or not found(row) or wanted(row) for row, found, wanted in rows)

    return assumed


def _source_row(event: Event, source: Stage) -> dict[str, Any] | None:
    """Return the event under the field names that a draft's `required` and `groups` use.

    None for an event that the source, a data model, does not have.
    """
    row = event_row(event)
    if isinstance(source, DataModel):
        from transpile.interpret.context import cim_view

        return cim_view(row, source.model, source.node)
    return row


# -- one comparison per observable ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Run:
    pipeline: Pipeline
    draft: Draft
    events: Sequence[Event]
    context: Any


@dataclass(frozen=True, slots=True)
class _Outcome:
    """found: what the rule finds, counted.  missed: the target does not.  extra: only it does."""

    found: int
    missed: list[Difference]
    extra: list[Difference]


def _compare_events(run: _Run, seen: Seen) -> _Outcome:
    expected = set(matched(run.pipeline, run.events, run.context))
    found = set(seen.events or ())
    return _Outcome(
        len(expected),
        [Difference(run.events[i], True, False, i) for i in sorted(expected - found)],
        [Difference(run.events[i], False, True, i) for i in sorted(found - expected)],
    )


def _compare_rows(run: _Run, seen: Seen) -> _Outcome:
    rows = run_pipeline(run.pipeline, run.events, run.context)
    missed, extra = difference(rows, seen.rows or ())
    return _Outcome(
        len(rows),
        [Difference(row, True, False) for row in missed],
        [Difference(row, False, True) for row in extra],
    )


def _compare_groups(run: _Run, seen: Seen) -> _Outcome:
    names = run.draft.groups
    expected = set()
    for index in matched(run.pipeline, run.events, run.context):
        row = _own_row(run, run.events[index])
        if row is not None:
            expected.add(tuple(value_key(row.get(name)) for name in names))
    found = {tuple(value_key(value) for value in group) for group in seen.groups or ()}
    return _Outcome(
        len(expected),
        _group_differences(names, expected - found, rule_finds=True),
        _group_differences(names, found - expected, rule_finds=False),
    )


def _own_row(run: _Run, event: Event) -> dict[str, Any] | None:
    """Return the event in the view of the rule's own source, None for one of a joined search."""
    if not run.draft.sides:
        return _source_row(event, run.pipeline.stages[0]) or {}
    own = run.draft.sides[0]
    row = _source_row(event, own.source)
    return row if row is not None and compile_pred(own.pred)(row) else None


def _group_differences(
    names: Sequence[str], groups: Iterable[tuple[Any, ...]], *, rule_finds: bool
) -> list[Difference]:
    return [
        Difference(dict(zip(names, group, strict=False)), rule_finds, not rule_finds)
        for group in sorted(groups, key=repr)
    ]


_COMPARE: Mapping[Observable, Callable[[_Run, Seen], _Outcome]] = {
    Observable.EVENTS: _compare_events,
    Observable.ROWS: _compare_rows,
    Observable.GROUPS: _compare_groups,
}
