"""Which events a conversion speaks about: what it assumes of them, what its engine can hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from transpile.fidelity import Observable
from transpile.interpret import compile_pred, event_row
from transpile.ir.pred import Pred, all_of
from transpile.ir.remember import remember, told
from transpile.ir.stages import DataModel, Stage
from transpile.ir.walk import fields_of
from transpile.verify.admitted import admitted, spelled
from transpile.verify.bits import indices
from transpile.verify.trial import Trial, scope_test, source_row
from transpile.verify.witness import MOST_SCENES, grouped_by

if TYPE_CHECKING:
    from transpile.backends.base import Draft, Engine

Event = Mapping[str, Any]


def tried(trial: Trial, draft: Draft, engine: Engine) -> tuple[int, ...]:
    """Return the bits of the events that the conversion speaks about, by scene; none is empty."""
    fits = _test(trial, draft, engine)
    fitting = sum(
        1 << at
        for at, event in enumerate(trial.events)
        if trial.in_scope[at] and fits(event, trial.source_rows[at] or {})
    )
    scenes = trial.scenes or (trial.runs.all,)
    if _merges(trial, draft, fitting):
        scenes = tuple(scene & group for scene in scenes for group in trial.groups)
        scenes = tuple(part for scene in scenes for part in _apart(trial, scene & fitting))
        scenes = scenes[:MOST_SCENES]
    places = (indices(scene & fitting) for scene in scenes)
    narrowed = (_distinct(trial, draft, _alike(trial, draft, each)) for each in places)
    return tuple(filter(None, (sum(1 << at for at in each) for each in narrowed)))


def _merges(trial: Trial, draft: Draft, fitting: int) -> bool:
    """Return whether a target tells hardly any of the rule's groups apart."""
    if draft.observable is not Observable.GROUPS:
        return False
    rows = [trial.source_rows[at] or {} for at in indices(fitting)]
    told, all_of_them = (
        len({tuple(repr(row.get(name)) for name in names) for row in rows})
        for names in (draft.groups, (*draft.groups, *grouped_by(trial.pipeline)))
    )
    return 2 * told < all_of_them


def _apart(trial: Trial, scene: int) -> Iterator[int]:
    """Yield the events of a scene in parts: each that is found by itself, and the rest."""
    if len(trial.groups) > 1:
        yield scene
        return
    found = sum(1 << at for at in trial.runs.result(scene).matched)
    alone = [1 << at for at in indices(found) if trial.runs.result(1 << at).matched]
    yield scene & ~sum(alone)
    yield from alone


def fitting(trial: Trial, draft: Draft, engine: Engine) -> Callable[[Event], bool]:
    """Return whether a conversion speaks about an event, whatever others there are."""
    fits, in_scope = _test(trial, draft, engine), scope_test(trial.pipeline)
    source = trial.pipeline.stages[0]
    return lambda event: in_scope(event) and fits(event, source_row(event, source) or {})


def _test(trial: Trial, draft: Draft, engine: Engine) -> Callable[[Event, Event], bool]:
    """Return whether an event fits. Its second argument: how the rule's source shows the event."""
    assumed, accepts = _assumption_test(trial, draft), accepting(draft, engine)
    source = trial.pipeline.stages[0]

    def fits(event: Event, row: Event) -> bool:
        return (
            assumed(event, row)
            and accepts(event)
            and _has_its_keys(source, draft, event, row)
        )

    return fits


@remember
def accepting(draft: Draft, engine: Engine) -> Callable[[Event], bool]:
    """Return whether an engine accepts an event, asked once of those that differ in time only."""
    known: dict[bytes, bool] = {}

    def accepts(event: Event) -> bool:
        try:
            key = told(_undated(event))
        except ValueError:
            return engine.accepts(event, draft)
        found = known.get(key)
        if found is None:
            found = known[key] = engine.accepts(event, draft)
        return found

    return accepts


def _undated(event: Event) -> Event:
    """Return an event without its time, if that is of the usual kind: to the second, ten digits."""
    match event.get("_time"):
        case int() | float() as time if 10**9 <= time < 10**10 and time % 1 == 0:
            return {**event, "_time": type(time).__name__}
        case _:
            return event


def _has_its_keys(source: Stage, draft: Draft, event: Event, row: Event) -> bool:
    """Return whether the keys of an event's group are fields of its own.

    A data model tells some of those that an event lacks from other fields; a target does not.
    """
    if not isinstance(source, DataModel):
        return True
    own = event_row(event)
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


def _assumption_test(trial: Trial, draft: Draft) -> Callable[[Event, Event], bool]:
    """Return whether an event meets what a draft assumes of the events of each of its sources.

    The second argument is the event as the rule's source shows it.
    """
    if not draft.sides:
        required = compile_pred(all_of((draft.required, spelled(draft, trial.runs.filters))))
        return lambda event, row: not row or required(dict(row))  # else of a joined search
    sides = [
        (side.source, compile_pred(side.pred), compile_pred(side.required)) for side in draft.sides
    ]

    def assumed(event: Event, row: Event) -> bool:
        rows = [(source_row(event, source), found, wanted) for source, found, wanted in sides]
        shown = [(row, found(row), wanted(row)) for row, found, wanted in rows if row is not None]
        of_one = any(found and wanted for _, found, wanted in shown)
        return all(wanted or (of_one and not found) for _, found, wanted in shown)

    return assumed


def assumed(trial: Trial, draft: Draft) -> Pred:
    """Return what a draft assumes of the events, over the bare names of the source's fields."""
    source = trial.pipeline.stages[0]
    prefix = source.prefix if isinstance(source, DataModel) else ""
    asked = {name.removeprefix(prefix) for pred in trial.runs.filters for name in fields_of(pred)}
    spelling = spelled(draft, trial.runs.filters)
    return all_of((draft.required, admitted(draft, sorted(asked)), spelling))
