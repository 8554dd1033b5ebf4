"""Sequences of events with equal keys (`ir.stages.Sequence`; eql-semantics 8).

For each key one sequence at most waits in each state, and a later one takes its place. The events
that must be absent are looked for when a sequence is complete.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product

from transpile.interpret.context import Scope
from transpile.interpret.events import time_of
from transpile.interpret.predicates import compile_pred
from transpile.interpret.values import Row, items, marked
from transpile.ir import stages as s
from transpile.ir.decide import text
from transpile.ir.text import whole
from transpile.records import dataclass

Transform = Callable[[Iterator[Row]], Iterator[Row]]
Key = tuple[str | None, ...]
KeysOf = Callable[[Row], frozenset[Key]]


@dataclass(frozen=True, slots=True)
class _Event:
    """An event in order of time."""

    time: float
    row: Row


@dataclass(frozen=True, slots=True)
class _Found:
    """A sequence, waiting or complete: its key and the places of its events in the order."""

    key: Key
    places: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Absence:
    """Events that must not stand between the `gap`-th event of a sequence and the next one."""

    gap: int
    keys: Sequence[frozenset[Key]]


def sequence(stage: s.Sequence, scope: Scope) -> Transform:
    """Make one row per complete sequence, in the order of completion.

    An event without a time is in no sequence.
    """
    expanded = [step for step in stage.steps for _ in range(step.runs)]
    keys_of = {id(step): _keys_of(step, scope) for step in stage.steps}
    until = None if stage.until is None else _keys_of(stage.until, scope)

    def run(rows: Iterator[Row]) -> Iterator[Row]:
        timed = [_Event(time, row) for row in rows if (time := time_of(row)) is not None]
        events = sorted(timed, key=lambda event: event.time)
        held = {
            step: [keys(event.row) for event in events] for step, keys in keys_of.items()
        }
        states = [held[id(step)] for step in expanded if not step.absent]
        ends = None if until is None else [until(event.row) for event in events]
        absences = _absences(expanded, held)
        for found in _complete(events, states, ends, stage.max_span):
            if all(_absent(found, events, each, stage.max_span) for each in absences):
                yield _row(found, events, stage.steps[0].keys, track=scope.track)

    return run


def _keys_of(step: s.Step, scope: Scope) -> KeysOf:
    """Return the function that gives the keys of an event: none if it does not meet the step."""
    decide = compile_pred(step.pred, scope)
    optional = step.optional or (False,) * len(step.keys)
    named = tuple(zip(step.keys, optional, strict=True))

    def keys(row: Row) -> frozenset[Key]:
        if not decide(row):
            return frozenset()
        return frozenset(product(*(_values(row, name, free) for name, free in named)))

    return keys


def _values(row: Row, name: str, optional: bool) -> list[str | None]:
    found: list[str | None] = [text(value) for value in items(row.get(name))]
    return found or ([None] if optional else [])


def _complete(
    events: Sequence[_Event],
    states: Sequence[Sequence[frozenset[Key]]],
    ends: Sequence[frozenset[Key]] | None,
    span: float,
) -> Iterator[_Found]:
    """Yield the complete sequences: one event moves a sequence one state."""
    waiting: dict[tuple[int, Key], _Found] = {}
    last = len(states) - 1
    for place, event in enumerate(events):
        for state in range(last, -1, -1):
            for key in sorted(states[state][place], key=repr):
                before = _Found(key, ()) if state == 0 else waiting.pop((state - 1, key), None)
                if before is None or _late(before, events, event, span):
                    continue
                moved = _Found(key, (*before.places, place))
                if state == last:
                    yield moved
                else:
                    waiting[state, key] = moved
        for key in ends[place] if ends is not None else ():
            for state in range(last):
                waiting.pop((state, key), None)


def _late(before: _Found, events: Sequence[_Event], event: _Event, span: float) -> bool:
    return bool(span and before.places) and event.time - events[before.places[0]].time > span


def _absences(
    steps: Sequence[s.Step], held: dict[int, list[frozenset[Key]]]
) -> tuple[_Absence, ...]:
    found = []
    seen = 0
    for step in steps:
        if step.absent:
            found.append(_Absence(seen, held[id(step)]))
        else:
            seen += 1
    return tuple(found)


def _absent(found: _Found, events: Sequence[_Event], absence: _Absence, span: float) -> bool:
    """Return whether no such event stands in its gap, within the span of the sequence."""
    places, gap = found.places, absence.gap
    after = places[gap - 1] if gap else -1
    before = places[gap] if gap < len(places) else len(events)
    first, last = events[places[0]].time, events[places[-1]].time
    return not any(
        found.key in absence.keys[place] and last - span <= events[place].time <= first + span
        for place in range(after + 1, before)
    )


def _row(
    found: _Found, events: Sequence[_Event], names: tuple[str, ...], *, track: bool
) -> Row:
    members = [events[place].row for place in found.places]
    keys = {
        name: value
        for name, value in zip(names, found.key, strict=True)
        if value is not None
    }
    row: Row = {"_time": whole(float(events[found.places[-1]].time)), **keys}
    return marked(row, members, track=track)
