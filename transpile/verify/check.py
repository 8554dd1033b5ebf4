"""Running both sides on the same events and comparing them at the claimed observable."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from functools import reduce
from itertools import product
from operator import or_
from typing import TYPE_CHECKING, Any

from transpile.compiled import Compiled, compile_rule
from transpile.convert import Conversion, convert_compiled
from transpile.errors import RejectedText, UsageError
from transpile.fidelity import Fidelity, Observable
from transpile.interpret import NotComputable, compile_pred
from transpile.records import dataclass, replace
from transpile.targets import find, variant_of
from transpile.verify.adequacy import Adequacy, Assumed, Observer, gap_of, unseen
from transpile.verify.admitted import spelt_alike, twins
from transpile.verify.bits import indices
from transpile.verify.blame import blame
from transpile.verify.compare import difference, value_key
from transpile.verify.fitting import assumed, fitting, tried
from transpile.verify.mutate import Mutant
from transpile.verify.reached import Result
from transpile.verify.report import Difference, Report, Verdict
from transpile.verify.reread import proof
from transpile.verify.trial import WITNESS, Trial, source_row, trial_of
from transpile.verify.witness import TAXONOMIES

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
        first = round_of(trial, draft, engine) or _round_of_its_own(trial, draft, engine)
        if first is None:
            reason = "no event fits the conversion's assumptions"
            return report(Verdict.NOT_RUN, reason=reason, proof=found)
        outcomes = [first.outcome(engine)]
        rounds, strength = _weighed(first, engine) if mutation else ([first], None)
        outcomes += [each.outcome(engine) for each in rounds[1:]]
    except NotComputable as error:
        return report(Verdict.NOT_RUN, engine=engine.name, reason=error.message, proof=found)
    except UsageError as error:
        if error.code != "OUT504":
            raise
        return report(Verdict.NOT_RUN, reason=error.message, proof=found)
    except RejectedText as error:
        return report(Verdict.REJECTED, engine=engine.name, reason=error.message, proof=found)
    outcome = _together(outcomes)
    verdict = _verdict(conversion.fidelity, outcome)
    shown = [
        _blamed(each.trial, conversion, item)
        for each, own in zip(rounds, outcomes, strict=True)
        for item in (*own.missed, *own.extra)[:SHOWN]
    ] if verdict.bad else []
    return report(
        verdict,
        engine=engine.name,
        origins=dict(sum((each.origins for each in rounds), Counter())),
        tried=sum(each.tried.bit_count() for each in rounds),
        set_aside=len(trial.events) - first.tried.bit_count(),
        found=outcome.found,
        differences=tuple(shown),
        adequacy=strength,
        proof=found,
    )


@dataclass(frozen=True, slots=True)
class _Round:
    """A trial as far as a conversion speaks about it.

    scenes: bits of events tried together.  own: whether its events are made for the conversion.
    """

    trial: Trial
    draft: Draft
    scenes: tuple[int, ...]
    own: bool = False

    @property
    def tried(self) -> int:
        """The bits of all events that are tried."""
        return reduce(or_, self.scenes)

    @property
    def view(self) -> _View:
        """What is observed."""
        return _VIEWS[self.draft.observable](self.trial, self.draft)

    @property
    def origins(self) -> Counter[str]:
        """Where the events that are tried come from, counted."""
        return Counter(self.trial.origins[at] for at in indices(self.tried))

    def outcome(self, engine: Engine) -> _Outcome:
        """Return how rule and target compare. Raises what engine and interpreter raise."""
        view = self.view
        return _together(
            _seen(self.trial, self.draft, engine, view, scene) for scene in self.scenes
        )

    def unseen(self, mutants: Iterable[Mutant]) -> tuple[int, list[Mutant]]:
        """Return how many mutants the events tell from the rule, and those that they do not."""
        observable = self.draft.observable
        observer = Observer(
            self.view.observed, observable is Observable.ROWS, observable is Observable.GROUPS
        )
        return unseen(self.trial, self.scenes, observer, mutants)


def round_of(trial: Trial, draft: Draft, engine: Engine) -> _Round | None:
    """Return what a conversion speaks about of a trial, None if that is nothing."""
    scenes = tried(trial, draft, engine)
    return _Round(trial, draft, scenes) if scenes else None


def _round_of_its_own(
    trial: Trial, draft: Draft, engine: Engine, mutants: Sequence[Mutant] | None = None
) -> _Round | None:
    """Return what a conversion speaks about of events that are made for it alone, None if nothing.

    A trial on given events has no others. mutants: those that the events are to show, None: all.
    """
    if WITNESS not in trial.origins:
        return None
    fits = fitting(trial, draft, engine)
    made = trial.made_for(fits, draft, assumed(trial, draft), spelt_alike(draft), mutants)
    found = round_of(made, draft, engine) if made is not None else None
    return replace(found, own=True) if found is not None else None


def _weighed(first: _Round, engine: Engine) -> tuple[list[_Round], Adequacy]:
    """Return what the events show of the rule's mutants.

    Where mutants are unseen by events that fit all taxonomies, but for those set aside, the rule is
    tried on further ones that are made for this conversion alone; they count if they show
    something.
    """
    trial, draft = first.trial, first.draft
    given = Assumed(assumed(trial, draft), draft.alike, twins(draft))
    mutants = trial.mutants(rows=draft.observable is Observable.ROWS)
    killed, left = first.unseen(mutants)
    gaps = {id(mutant): (mutant, gap) for mutant in left
            if (gap := gap_of(trial, mutant, given)) is not None}  # fmt: skip
    same, rounds = len(left) - len(gaps), [first]
    narrower = first.tried.bit_count() < len(trial.events) or draft.inputs.schema not in TAXONOMIES
    if gaps and narrower and not first.own:
        asked = [mutant for mutant, _ in gaps.values()]
        second = _round_of_its_own(trial, draft, engine, asked)
        more, left = second.unseen(asked) if second is not None else (0, [])
        if second is not None and more:
            rounds.append(second)
            killed += more
            gaps = {id(mutant): gaps[id(mutant)] for mutant in left}
    return rounds, Adequacy(killed, same, tuple(gap for _, gap in gaps.values()))


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


@dataclass(frozen=True, slots=True)
class _GroupsView(_View):
    """Groups of events: an event with several values of a key is in several groups.

    Which of them the rule's result is about, its events do not tell: the target finds such an
    event if it finds one of its groups.  known: the groups of events that were asked about.
    """

    known: dict[int, frozenset[Group] | None] = field(default_factory=dict, compare=False)

    def observed(self, result: Result) -> frozenset[frozenset[Group]]:
        known = self.known
        for at in result.matched - known.keys():
            row = self._own_row(at)
            known[at] = None if row is None else frozenset(_groups_of(row, self.draft))
        return frozenset(groups for at in result.matched if (groups := known[at]) is not None)

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


def _groups_of(row: Mapping[str, Any], draft: Draft) -> Iterator[Group]:
    """Yield the groups that an event is in: one for each combination of the values of its keys."""
    found = ((row.get(name), draft.filled.get(name)) for name in draft.groups)
    each = [filled if value is None else value for value, filled in found]
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
