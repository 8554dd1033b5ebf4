"""Running both sides on the same events and comparing them at the claimed observable."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any

from transpile.compiled import Compiled, compile_rule
from transpile.convert import Conversion, convert_compiled
from transpile.errors import RejectedText, UsageError
from transpile.fidelity import Fidelity, Observable
from transpile.interpret import NotComputable, compile_pred, event_row
from transpile.ir.pred import Pred, all_of
from transpile.ir.stages import DataModel
from transpile.ir.walk import fields_of
from transpile.targets import find, variant_of
from transpile.verify.adequacy import adequacy
from transpile.verify.admitted import admitted, spelled
from transpile.verify.bits import indices
from transpile.verify.blame import blame
from transpile.verify.compare import difference, value_key
from transpile.verify.report import Difference, Report, Verdict
from transpile.verify.reread import proof
from transpile.verify.runs import Result
from transpile.verify.trial import Trial, source_row, trial_of

if TYPE_CHECKING:
    from transpile.backends.base import Draft, Engine, Seen
    from transpile.content import Content, Rule

Event = Mapping[str, Any]
Group = tuple[Hashable, ...]

SHOWN = 5
"""Differences that a report carries."""


def verify_rule(
    rule: Rule,
    target: str,
    events: Sequence[Event] = (),
    *,
    content: Content,
    schema: str = "",
    witness: bool = True,
) -> Report:
    """Return the verdict on a rule's conversion, see `trial_of` for the events."""
    compiled = compile_rule(rule, content)
    trial = trial_of(compiled, events, content=content, witness=witness)
    return verify_trial(trial, target, schema=schema)


def verify_trial(trial: Trial, target: str, *, schema: str = "") -> Report:
    """Return the verdict on one target; several targets of a trial share what they can."""
    started = time.perf_counter()
    conversion = convert_compiled(trial.compiled, target, content=trial.content, schema=schema)
    used = conversion.pipeline
    if used is not None and used is not trial.pipeline:
        trial = trial.seen_as(used)
    return check_trial(trial, conversion, started=started)


def check_conversion(
    compiled: Compiled,
    conversion: Conversion,
    events: Sequence[Event],
    *,
    content: Content,
    now: float | None = None,
) -> Report:
    """Return the verdict on one conversion over these events and no others.

    The rule is run as it was converted: one of another language in the target's own names.
    """
    compiled = replace(compiled, pipeline=conversion.pipeline or compiled.pipeline)
    trial = Trial(compiled, content, tuple(events), ("given",) * len(events), now)
    return check_trial(trial, conversion, mutation=False)


def check_trial(
    trial: Trial, conversion: Conversion, *, mutation: bool = True, started: float | None = None
) -> Report:
    """Return the verdict on one conversion over the events of a trial.

    mutation: whether to tell how many mutants of the rule the events show, and to compare the text
    read back with the rule.  started: when the work
    for it began, by `time.perf_counter`.
    """
    report = _reporter(trial.compiled, conversion, started or time.perf_counter())
    draft = conversion.draft
    if draft is None:
        return report(Verdict.UNSUPPORTED, reason=_reasons(conversion))
    found = proof(trial, conversion) if mutation else None
    backend, info = find(conversion.target)
    engine = backend.engine(variant_of(info))
    if engine is None:
        return report(Verdict.NOT_RUN, reason=f"nothing runs {conversion.target} here", proof=found)
    if not trial.events:
        return report(Verdict.NOT_RUN, reason="there are no events to try it on", proof=found)
    try:
        tried = _tried(trial, draft, engine)
    except RejectedText as error:
        return report(Verdict.REJECTED, engine=engine.name, reason=error.message, proof=found)
    if not tried:
        reason = "no event fits the conversion's assumptions"
        return report(Verdict.NOT_RUN, reason=reason, proof=found)
    view = _VIEWS[draft.observable](trial, draft)
    scenes = [part for scene in trial.scenes if (part := tried & scene)] or [tried]
    try:
        outcome = _together(_seen(trial, draft, engine, view, part) for part in scenes)
    except NotComputable as error:
        return report(Verdict.NOT_RUN, engine=engine.name, reason=error.message, proof=found)
    except UsageError as error:
        if error.code != "OUT504":
            raise
        return report(Verdict.NOT_RUN, reason=error.message, proof=found)
    except RejectedText as error:
        return report(Verdict.REJECTED, engine=engine.name, reason=error.message, proof=found)
    rows = draft.observable is Observable.ROWS
    verdict = _verdict(conversion.fidelity, outcome)
    shown = [*outcome.missed[:SHOWN], *outcome.extra[:SHOWN]] if verdict.bad else []
    return report(
        verdict,
        engine=engine.name,
        origins=dict(Counter(trial.origins[at] for at in indices(tried))),
        tried=tried.bit_count(),
        set_aside=len(trial.events) - tried.bit_count(),
        found=outcome.found,
        differences=tuple(_blamed(trial, conversion, item) for item in shown),
        adequacy=adequacy(
            trial,
            scenes,
            view.observed,
            _assumed(trial, draft),
            rows=rows,
            grouped=draft.observable is Observable.GROUPS,
            alike=draft.alike,
        )
        if mutation
        else None,
        proof=found,
    )


def _seen(trial: Trial, draft: Draft, engine: Engine, view: _View, tried: int) -> _Outcome:
    """Return how rule and target compare over some of the events."""
    places = indices(tried)
    expected = trial.runs.result(tried)
    events = [trial.events[at] for at in places]
    seen = engine.run(draft, events, lookups=trial.lookups, now=trial.context.now)
    return view.outcome(expected, seen, places)


def _together(outcomes: Iterable[_Outcome]) -> _Outcome:
    whole = _Outcome(0, [], [])
    for each in outcomes:
        whole = _Outcome(
            whole.found + each.found, whole.missed + each.missed, whole.extra + each.extra
        )
    return whole


def _blamed(trial: Trial, conversion: Conversion, item: Difference) -> Difference:
    """Return a difference with the origin of its event and the conditions that decide about it."""
    if item.event is None:
        return item
    return replace(
        item,
        origin=trial.origins[item.event],
        blame=blame(trial, conversion, item.event, rule_finds=item.rule_finds),
    )


def _tried(trial: Trial, draft: Draft, engine: Engine) -> int:
    """Return the bits of the events that the conversion speaks about."""
    assumed = _assumption_test(trial, draft)
    fitting = (
        at
        for at, event in enumerate(trial.events)
        if trial.in_scope[at]
        and assumed(at)
        and engine.accepts(event, draft)
        and _has_its_keys(trial, draft, at)
    )
    return sum(1 << at for at in _distinct(trial, draft, _alike(trial, draft, fitting)))


def _has_its_keys(trial: Trial, draft: Draft, at: int) -> bool:
    """Return whether the keys of an event's group are fields of its own.

    A data model tells some of those that an event lacks from other fields; a target does not.
    """
    source = trial.pipeline.stages[0]
    if not isinstance(source, DataModel):
        return True
    own, row = event_row(trial.events[at]), trial.source_rows[at] or {}
    keys = (name for name in draft.groups if row.get(name) is not None)
    return all(name in own or source.prefix + name in own for name in keys)


def _alike(trial: Trial, draft: Draft, places: Iterable[int]) -> Iterator[int]:
    """Yield the events with the values of the `alike` fields that the first of their group has."""
    keys = [name for name in draft.groups if name not in draft.alike]
    first: dict[tuple[str, ...], tuple[str, ...]] = {}
    for at in places:
        row = trial.source_rows[at] or {}
        if any(row.get(name) is None for name in draft.alike):
            continue
        shared = tuple(str(row[name]) for name in draft.alike)
        if first.setdefault(tuple(str(row.get(name)) for name in keys), shared) == shared:
            yield at


def _distinct(trial: Trial, draft: Draft, places: Iterable[int]) -> Iterable[int]:
    """Return the events without those that repeat a distinct field of an earlier one's group."""
    if not draft.distinct:
        return places
    kept: dict[tuple[str, ...], int] = {}
    for at in places:
        row = trial.source_rows[at] or {}
        key = tuple(str(row.get(name)) for name in (*draft.groups, *draft.distinct))
        kept.setdefault(key, at)
    return kept.values()


def _assumption_test(trial: Trial, draft: Draft) -> Callable[[int], bool]:
    """Return whether an event meets what a draft assumes of the events of each of its sources."""
    if not draft.sides:
        required = compile_pred(all_of((draft.required, spelled(draft, trial.runs.filters))))
        return lambda at: required(trial.source_rows[at] or {})
    sides = [
        (side.source, compile_pred(side.pred), compile_pred(side.required)) for side in draft.sides
    ]

    def assumed(at: int) -> bool:
        event = trial.events[at]
        rows = [(source_row(event, source), found, wanted) for source, found, wanted in sides]
        return all(row is None or not found(row) or wanted(row) for row, found, wanted in rows)

    return assumed


def _assumed(trial: Trial, draft: Draft) -> Pred:
    """Return what a draft assumes of the events, over the bare names of the source's fields."""
    source = trial.pipeline.stages[0]
    prefix = source.prefix if isinstance(source, DataModel) else ""
    asked = {name.removeprefix(prefix) for pred in trial.runs.filters for name in fields_of(pred)}
    spelling = spelled(draft, trial.runs.filters)
    return all_of((draft.required, admitted(draft, sorted(asked)), spelling))


def _reporter(
    compiled: Compiled, conversion: Conversion, started: float
) -> Callable[..., Report]:
    def report(verdict: Verdict, **facts: Any) -> Report:
        return Report(
            compiled.rule.name,
            conversion.target,
            conversion.fidelity,
            conversion.observable,
            verdict,
            losses=conversion.losses,
            assumptions=conversion.assumptions,
            path=compiled.rule.path,
            place=compiled.rule.position(0) if compiled.rule.path else None,
            seconds=time.perf_counter() - started,
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


# -- one view per observable ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Outcome:
    """found: what the rule finds, counted.  missed: the target does not.  extra: only it does."""

    found: int
    missed: list[Difference]
    extra: list[Difference]


@dataclass(frozen=True, slots=True)
class _View:
    """What is observed of a rule's result, and how that is held against what an engine saw."""

    trial: Trial
    draft: Draft

    def observed(self, result: Result) -> Hashable:
        """Return the observable part of a result in a form to compare."""
        raise NotImplementedError

    def outcome(self, expected: Result, seen: Seen, places: Sequence[int]) -> _Outcome:
        """Return the differences; places: the events that the engine was given."""
        raise NotImplementedError


class _EventsView(_View):
    __slots__ = ()

    def observed(self, result: Result) -> Hashable:
        return result.matched

    def outcome(self, expected: Result, seen: Seen, places: Sequence[int]) -> _Outcome:
        events = self.trial.events
        found = {places[at] for at in seen.events or ()}
        return _Outcome(
            len(expected.matched),
            [Difference(events[i], True, False, i) for i in sorted(expected.matched - found)],
            [Difference(events[i], False, True, i) for i in sorted(found - expected.matched)],
        )


class _RowsView(_View):
    __slots__ = ()

    def observed(self, result: Result) -> Hashable:
        return result.multiset

    def outcome(self, expected: Result, seen: Seen, places: Sequence[int]) -> _Outcome:
        rows = [
            {name: value for name, value in row.items() if name not in seen.hidden}
            for row in expected.rows
        ]
        missed, extra = difference(rows, seen.rows or ())
        return _Outcome(
            len(expected.rows),
            [Difference(row, True, False) for row in missed],
            [Difference(row, False, True) for row in extra],
        )


class _GroupsView(_View):
    """Groups of events: an event with several values of a key is in several groups.

    Which of them the rule's result is about, its events do not tell: the target finds such an
    event if it finds one of its groups.
    """

    __slots__ = ()

    def observed(self, result: Result) -> frozenset[frozenset[Group]]:
        names = self.draft.groups
        rows = [row for at in result.matched if (row := self._own_row(at)) is not None]
        return frozenset(frozenset(_groups_of(row, names)) for row in rows)

    def _own_row(self, at: int) -> Mapping[str, Any] | None:
        """Return an event as the rule's own source shows it, None for one of a joined search."""
        if not self.draft.sides:
            return self.trial.taken_apart(at)
        own = self.draft.sides[0]
        row = source_row(self.trial.events[at], own.source)
        return row if row is not None and compile_pred(own.pred)(row) else None

    def outcome(self, expected: Result, seen: Seen, places: Sequence[int]) -> _Outcome:
        names = self.draft.groups
        wanted = self.observed(expected)
        found = {tuple(value_key(value) for value in group) for group in seen.groups or ()}
        missed = [min(groups, key=repr) for groups in wanted if not groups & found]
        return _Outcome(
            len(wanted),
            _group_differences(names, missed, rule_finds=True),
            _group_differences(names, found.difference(*wanted), rule_finds=False),
        )


def _groups_of(row: Mapping[str, Any], names: Sequence[str]) -> Iterator[Group]:
    """Yield the groups that an event is in: one for each combination of the values of its keys."""
    each = [row.get(name) for name in names]
    yield from product(
        *([value_key(item) for item in v] if isinstance(v, list) else [value_key(v)] for v in each)
    )


def _group_differences(
    names: Sequence[str], groups: Iterable[Group], *, rule_finds: bool
) -> list[Difference]:
    return [
        Difference(dict(zip(names, group, strict=False)), rule_finds, not rule_finds)
        for group in sorted(groups, key=repr)
    ]


_VIEWS: Mapping[Observable, type[_View]] = {
    Observable.EVENTS: _EventsView,
    Observable.ROWS: _RowsView,
    Observable.GROUPS: _GroupsView,
}
