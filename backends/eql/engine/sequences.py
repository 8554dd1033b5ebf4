"""Sequences and samples over documents in order: spec/eql-semantics.md, sections 8 and 9.

Per key there is one pending sequence in each state; a newer one takes the place of an older. The
events that `![...]` forbids are looked for when a sequence is complete.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product

from transpile.backends.eql.engine import tree
from transpile.backends.eql.engine.documents import Document
from transpile.backends.eql.engine.tree import Value

from transpile.records import dataclass

Key = tuple[tuple[type, Value], ...]
Match = tuple[int, ...]
MISSING = -1


@dataclass(frozen=True, slots=True)
class Item:
    """A document in order: its index among the events, its time in milliseconds, its fields."""

    index: int
    time: float
    document: Document


@dataclass(frozen=True, slots=True)
class CompiledStage:
    """A stage with its filter as a function (category and condition)."""

    accepts: Callable[[Document], bool]
    keys: tuple[tree.Field, ...]
    missing: bool = False

    def keys_of(self, document: Document) -> list[Key]:
        """Return the keys of a document: none if one is missing and not optional (8.4, 6.6)."""
        if not self.accepts(document):
            return []
        parts = [_key_values(key, document) for key in self.keys]
        return list(dict.fromkeys(product(*parts)))


def _key_values(key: tree.Field, document: Document) -> list[tuple[type, Value]]:
    values = document.get(key.path, (None,) if key.optional else ())
    return [(float if type(value) is int else type(value), value) for value in values]


@dataclass(frozen=True, slots=True)
class _Found:
    """A sequence, complete or pending: its key and the places of its events in the order."""

    key: Key
    places: tuple[int, ...]


def match_sequences(
    items: Sequence[Item],
    stages: Sequence[CompiledStage],
    maxspan: int | None,
    until: CompiledStage | None,
) -> list[Match]:
    """Return the sequences in the order in which they were completed, as indices of events.

    items: in order of time and tiebreaker.  stages: with repetitions written out.  maxspan: in
    milliseconds, inclusive.  A missing event is `MISSING`.
    """
    positive = [stage for stage in stages if not stage.missing]
    absences = _absences(items, stages)
    found = _machine(items, positive, maxspan, until)
    kept = [match for match in found if all(absent(match, items, maxspan) for absent in absences)]
    return [_shown(match, items, stages) for match in kept]


def _machine(
    items: Sequence[Item],
    stages: Sequence[CompiledStage],
    maxspan: int | None,
    until: CompiledStage | None,
) -> Iterator[_Found]:
    pending: dict[tuple[int, Key], _Found] = {}
    last = len(stages) - 1
    distinct = {id(stage): stage for stage in stages}  # repetitions are the same stage
    for place, item in enumerate(items):
        held = {name: stage.keys_of(item.document) for name, stage in distinct.items()}
        if not any(held.values()) and until is None:
            continue
        for state in range(last, -1, -1):  # downwards: one event moves a sequence one state
            for key in held[id(stages[state])]:
                if state == 0:
                    before: tuple[int, ...] | None = ()
                else:
                    waiting = pending.pop((state - 1, key), None)
                    before = waiting.places if waiting else None
                if before is None or _too_late(items, before, item, maxspan):
                    continue
                moved = _Found(key, (*before, place))
                if state == last:
                    yield moved
                else:
                    pending[state, key] = moved
        if until is not None:
            for key in until.keys_of(item.document):
                for state in range(last):
                    pending.pop((state, key), None)


def _too_late(
    items: Sequence[Item], before: tuple[int, ...], item: Item, maxspan: int | None
) -> bool:
    return bool(before) and maxspan is not None and item.time - items[before[0]].time > maxspan


Absence = Callable[[_Found, Sequence[Item], "int | None"], bool]


def _absences(items: Sequence[Item], stages: Sequence[CompiledStage]) -> list[Absence]:
    """Return one test per missing stage: no event of its own inside its gap of the sequence."""
    tests: list[Absence] = []
    seen = 0
    for stage in stages:
        if stage.missing:
            held = ((place, stage.keys_of(item.document)) for place, item in enumerate(items))
            tests.append(_absence([(place, set(keys)) for place, keys in held if keys], seen))
        else:
            seen += 1
    return tests


def _absence(forbidden: list[tuple[int, set[Key]]], gap: int) -> Absence:
    def absent(match: _Found, items: Sequence[Item], maxspan: int | None) -> bool:
        first, last = items[match.places[0]], items[match.places[-1]]
        after = match.places[gap - 1] if gap else -1
        before = match.places[gap] if gap < len(match.places) else len(items)
        span = maxspan or 0
        return not any(
            after < place < before
            and match.key in keys
            and last.time - span <= items[place].time <= first.time + span
            for place, keys in forbidden
        )

    return absent


def _shown(match: _Found, items: Sequence[Item], stages: Sequence[CompiledStage]) -> Match:
    places = iter(match.places)
    return tuple(MISSING if stage.missing else items[next(places)].index for stage in stages)


def match_samples(items: Sequence[Item], stages: Sequence[CompiledStage]) -> list[Match]:
    """Return one sample per key: a different event for each filter (9.1, 9.2), in order of key.

    The choice inside a key is the first that works in the order of the items; Elasticsearch's is
    not determined.
    """
    by_key: dict[Key, list[list[int]]] = {}
    for item in items:
        for number, stage in enumerate(stages):
            for key in stage.keys_of(item.document):
                by_key.setdefault(key, [[] for _ in stages])[number].append(item.index)
    found = (_choose(candidates, ()) for _, candidates in sorted(by_key.items(), key=_shown_key))
    return [match for match in found if match is not None]


def _shown_key(entry: tuple[Key, list[list[int]]]) -> list[tuple[str, str]]:
    return [(kind.__name__, str(value)) for kind, value in entry[0]]


def _choose(candidates: list[list[int]], taken: Match) -> Match | None:
    if len(taken) == len(candidates):
        return taken
    for index in candidates[len(taken)]:
        if index not in taken and (found := _choose(candidates, (*taken, index))) is not None:
            return found
    return None
