"""Conflicts: the fields on which an event and its view are at odds (see `views`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from transpile.ir.remember import Same, by_event
from transpile.records import dataclass
from transpile.schema._rewrite import holds
from transpile.schema.datasets import Dataset
from transpile.schema.derive import admits, forward, rewrite
from transpile.schema.fields import FieldMap, Taxonomy
from transpile.schema.placing import (
    Event,
    Part,
    mapped_parts,
    mapped_places,
    rewritten,
    separator_of,
    values_of,
)
from transpile.schema.views import event_code, implied, shown_by


@dataclass(frozen=True, slots=True)
class _At:
    """Where an event is seen: its dataset, the taxonomy, and the event code that it has."""

    source: Same[Dataset]
    variant: str | None
    taxonomy: Taxonomy
    separator: str
    code: str | None


_Values = tuple[tuple[type, Any], ...]
"""Values of a field, each with its type."""

_Entry = tuple[str, _Values]
"""A field of an event with its values."""

_SOME_TIME: _Values = ((int, 0),)

_Seen = tuple[frozenset[str], frozenset[str]]
"""Fields that a view loses, and fields that it shows."""

_PROPERTIES = "\0properties"
"""Stands for lists of names and of values that a view puts together."""


def conflicts(
    event: Mapping[str, Any],
    source: Dataset,
    taxonomy: Taxonomy,
    variant: str | None = None,
    *,
    platform: str = "windows",
    read: Iterable[str] = (),
) -> tuple[str, ...]:
    """Return the Splunk fields on which the event and its view are at odds, sorted.

    Those of the event whose value the view does not keep or the derive does not admit, and of
    `read` (names without prefix) those that the event lacks although the view tells them: a path
    without its name, an action that the log source stands for.
    """
    fields = FieldMap(source, variant)
    known_lost, shown = _seen(event, Same(source), variant, taxonomy, platform)
    lost = set(known_lost)
    given = {fields.strip(key): value for key, value in event.items() if value not in (None, [])}
    for name in read:
        target = fields.lookup(name, taxonomy)
        if target is None or target.field is None:
            continue
        if name in given and (given[name] != "" or target.derive is None):
            continue
        told = target.field in shown or any(also.field in shown for also in target.also)
        if target.derive == "o365_props":
            told = any(key.startswith(f"{target.field}.") for key in shown)
        if told or target.derive in _TOLD_BY_ABSENCE:
            lost.add(name)
    return tuple(sorted(lost))


@by_event
def _seen(
    event: Mapping[str, Any],
    source: Same[Dataset],
    variant: str | None,
    taxonomy: Taxonomy,
    platform: str,
) -> _Seen:
    """Return what becomes of the fields of an event."""
    code, separator = event_code(event), separator_of(platform)
    at = _At(source, variant, taxonomy, separator, code)
    entries = ((key, _typed_values(event[key])) for key in sorted(event))
    return _seen_apart(at, tuple(_undated(at, *entry) for entry in entries))


def _undated(at: _At, key: str, values: _Values) -> _Entry:
    """Return a field as it counts here: of a time, which each event has its own of, that it is."""
    if key != "_time" or not values:
        return key, values
    targets = mapped_places(at.source, at.variant, at.taxonomy, at.separator, key)
    plain = all(target.type == "date" and not target.derive for target, _ in targets)
    return (key, _SOME_TIME) if plain else (key, values)


@lru_cache(maxsize=65536)
def _seen_apart(at: _At, entries: tuple[_Entry, ...]) -> _Seen:
    """Return what becomes of fields, those together that have to do with another.

    Events differ from others in few fields; what becomes of the rest is known.
    """
    joined = _joined([(entry, names) for entry in entries if (names := _names_told(at, *entry))])
    if any(_PROPERTIES in names for _, names in joined):  # names and values are in fields apart
        return _seen_together(at, entries)
    apart = [_seen_together(at, ()), *(_seen_together(at, tuple(each)) for each, _ in joined)]
    lost, shown = zip(*apart, strict=True)
    return frozenset().union(*lost), frozenset().union(*shown)


def _typed_values(value: Any) -> _Values:
    """Return the values of a field, told apart by their types too: 1 is not True."""
    return tuple((type(item), item) for item in values_of(value))


def _joined(
    entries: Iterable[tuple[_Entry, frozenset[str]]],
) -> list[tuple[list[_Entry], frozenset[str]]]:
    """Return entries in sets that share no name with each other, each in order."""
    found: list[tuple[list[_Entry], frozenset[str]]] = []
    for entry, names in entries:
        apart = [each for each in found if not each[1] & names]
        shared = [each for each in found if each[1] & names]
        own = [*(one for each, _ in shared for one in each), entry]
        found = [*apart, (sorted(own), names.union(*(other for _, other in shared)))]
    return found


@lru_cache(maxsize=65536)
def _names_told(at: _At, key: str, values: _Values) -> frozenset[str]:
    """Return the fields of a view that the values of a field have to do with."""
    names: set[str] = set()
    for target, context in mapped_places(
        at.source, at.variant, at.taxonomy, at.separator, key
    ) if values else ():
        names |= {context.target, *context.also, *(item.field for item in target.also)}
        if target.derive == "o365_props":
            names.add(_PROPERTIES)
        for _, value in values if target.derive is not None else ():
            names |= {name for name, _ in forward(target.derive, str(value), context)}
            tests = rewrite(target.derive, (str(value),), context)
            names |= {test.field for group in (tests.groups if tests else ()) for test in group}
    return frozenset(names)


@lru_cache(maxsize=65536)
def _seen_together(at: _At, entries: tuple[_Entry, ...]) -> _Seen:
    """Return the fields that a view of these loses, and the fields that it shows."""
    event = {key: [item for _, item in values] for key, values in entries}
    parts = mapped_parts(event, at.source, at.variant, at.taxonomy, at.separator)
    facts = implied(at.source.item, at.taxonomy, at.variant, at.code)
    shown = shown_by(event, parts, at.taxonomy, facts, {})
    return frozenset(part.field for part in parts if not _kept(part, shown)), frozenset(shown)


# derives for which a target that is missing says as much as a value
_TOLD_BY_ABSENCE = frozenset({"null_is_success"})


def _kept(part: Part, shown: Event) -> bool:
    """Return whether every value of a part is admitted and can be found in the finished view.

    Dates are written anew, so their text is not compared.
    """
    if part.target.type == "date":
        return True
    if not all(admits(part.target.derive, str(value), part.context) for value in part.values):
        return False
    found = {str(item) for item in values_of(shown.get(part.context.target))}
    if len(found) > max(1, len(part.values)) and not part.target.mv:
        return False
    if part.direct:
        return part.target.type in _TYPED or {str(value) for value in part.values} <= found
    rewrites = [rewritten(part, value) for value in part.values]
    return all(tests is None or holds(tests, shown) for tests in rewrites)


# types whose values a view writes anew
_TYPED = frozenset({"boolean", "date", "float", "double", "scaled_float", "half_float"})
