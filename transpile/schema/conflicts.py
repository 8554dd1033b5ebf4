"""Conflicts: the fields on which an event and its view are at odds (see `views`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from transpile.ir.remember import Same
from transpile.records import dataclass
from transpile.schema._rewrite import holds
from transpile.schema.datasets import Dataset
from transpile.schema.derive import admits, forward, rewrite
from transpile.schema.fields import FieldMap, FieldTarget, Taxonomy
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


@dataclass(frozen=True, slots=True, eq=False)
class _At:
    """Where an event is seen: its dataset, the taxonomy, and the event code that it has.

    One object for all that are equal: it is asked about often.
    """

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

_MOST_FIELDS = 50_000
"""Fields of events that are kept for one place."""


def conflicts(
    event: Mapping[str, Any],
    source: Dataset,
    taxonomy: Taxonomy,
    variant: str | None = None,
    *,
    platform: str = "windows",
    read: Iterable[str] = (),
) -> frozenset[str]:
    """Return the Splunk fields on which the event and its view are at odds.

    Those of the event whose value the view does not keep or the derive does not admit, and of
    `read` (names without prefix) those that the event lacks although the view tells them: a path
    without its name, an action that the log source stands for.
    """
    return odds(source, taxonomy, variant, platform=platform, read=read)(event)


def odds(
    source: Dataset,
    taxonomy: Taxonomy,
    variant: str | None = None,
    *,
    platform: str = "windows",
    read: Iterable[str] = (),
) -> Callable[[Mapping[str, Any]], frozenset[str]]:
    """Return what tells the `conflicts` of events, for many of one dataset."""
    return _odds(Same(source), taxonomy, variant, separator_of(platform), frozenset(read))


@lru_cache(maxsize=256)
def _odds(
    source: Same[Dataset],
    taxonomy: Taxonomy,
    variant: str | None,
    separator: str,
    read: frozenset[str],
) -> Callable[[Mapping[str, Any]], frozenset[str]]:
    fields = FieldMap(source.item, variant)
    tellings = {name: telling for name in read
                if (telling := _Telling.of(fields.lookup(name, taxonomy))) is not None}  # fmt: skip
    places: dict[str | None, tuple[_Fields, _Asked]] = {}

    def found(event: Mapping[str, Any]) -> frozenset[str]:
        code = event_code(event)
        if code not in places:
            known = _fields(source, variant, taxonomy, separator, code)
            places[code] = known, _Asked(known.at, tellings)
        known, asked = places[code]
        held = [
            known[(key, value) if type(value) is str else (key, _typed_values(value))]
            for key, value in event.items()
        ]
        return _lost(asked, tuple(held))

    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """What is asked of events at one place. tellings: how a view of them tells what is read."""

    at: _At
    tellings: Mapping[str, _Telling]


@lru_cache(maxsize=65536)
def _lost(asked: _Asked, fields: tuple[_Field, ...]) -> frozenset[str]:
    """Return the fields that are lost of those of an event, and those that it lacks."""
    seen = _seen_apart(asked.at, fields)
    given = {field.bare: field for field in fields if field.given}
    return frozenset().union(*(lost for lost, _ in seen)).union(
        name
        for name, telling in asked.tellings.items()
        if (name not in given or (given[name].empty and telling.derived))
        and telling.tells(shown for _, shown in seen)
    )


@dataclass(frozen=True, slots=True)
class _Telling:
    """How a view tells a field: by one of some fields of it, or of what these are the heads of.

    absent: whether a view without them tells it too.  derived: whether its text is another one.
    """

    names: frozenset[str]
    heads: tuple[str, ...]
    absent: bool
    derived: bool

    @classmethod
    def of(cls, target: FieldTarget | None) -> _Telling | None:
        """Return how the view tells what has a target, None if it does not."""
        if target is None or target.field is None:
            return None
        names = frozenset((target.field, *(also.field for also in target.also)))
        heads = (f"{target.field}.",) if target.derive == "o365_props" else ()
        derived = target.derive is not None
        return cls(names, heads, target.derive in _TOLD_BY_ABSENCE, derived)

    def tells(self, shown: Iterable[frozenset[str]]) -> bool:
        """Return whether a view that shows some sets of fields tells it."""
        if self.absent:
            return True
        if self.heads:
            return any(name.startswith(self.heads) for names in shown for name in names)
        return any(not self.names.isdisjoint(names) for names in shown)


# -- the fields of events --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Field:
    """A field of an event: one object for all that hold the same.

    names: the fields of the view that it has to do with.  bare: its name without prefix.  given:
    whether it has a value; empty: whether that is the empty text.
    """

    entry: _Entry
    names: frozenset[str]
    bare: str
    given: bool
    empty: bool


class _Fields(dict[tuple[str, Any], _Field]):
    """The fields of the events at one place, by name and value; other values than texts typed."""

    def __init__(self, at: _At) -> None:
        super().__init__()
        self.at = at

    def __missing__(self, item: tuple[str, Any]) -> _Field:
        if len(self) >= _MOST_FIELDS:
            self.clear()
        key, value = item
        values = value if isinstance(value, tuple) else ((str, value),)
        entry = _undated(self.at, key, values)
        if entry[1] is not values:
            made = self[item] = self[entry]
            return made
        bare = FieldMap(self.at.source.item, self.at.variant).strip(key)
        names = _names_told(self.at, *entry)
        made = self[item] = _Field(entry, names, bare, bool(values), value == "")
        return made


@lru_cache(maxsize=1024)
def _fields(
    source: Same[Dataset], variant: str | None, taxonomy: Taxonomy, separator: str, code: str | None
) -> _Fields:
    return _Fields(_At(source, variant, taxonomy, separator, code))


def _undated(at: _At, key: str, values: _Values) -> _Entry:
    """Return a field as it counts here: of a time, which each event has its own of, that it is."""
    if key != "_time" or not values:
        return key, values
    targets = mapped_places(at.source, at.variant, at.taxonomy, at.separator, key)
    plain = all(target.type == "date" and not target.derive for target, _ in targets)
    return (key, _SOME_TIME) if plain else (key, values)


def _seen_apart(at: _At, fields: Sequence[_Field]) -> list[_Seen]:
    """Return what becomes of fields, those together that have to do with another.

    Events differ from others in few fields; what becomes of the rest is known.
    """
    told = [field for field in fields if field.names]
    sets = _joined(tuple(field.names for field in told))
    if sets is None:
        return [_seen(at, frozenset(fields))]
    return [_seen(at, frozenset()), *(_seen(at, frozenset(told[i] for i in each)) for each in sets)]


@lru_cache(maxsize=65536)
def _seen(at: _At, fields: frozenset[_Field]) -> _Seen:
    return _seen_together(at, tuple(sorted(field.entry for field in fields)))


def _typed_values(value: Any) -> _Values:
    """Return the values of a field, told apart by their types too: 1 is not True."""
    return tuple((type(item), item) for item in values_of(value))


@lru_cache(maxsize=16384)
def _joined(names: tuple[frozenset[str], ...]) -> tuple[tuple[int, ...], ...] | None:
    """Return the places of sets of names, those together that share one, if only through others.

    None: names and values of properties, which are in fields apart, are among them.
    """
    if any(_PROPERTIES in each for each in names):
        return None
    found: list[tuple[tuple[int, ...], frozenset[str]]] = []
    for place, own in enumerate(names):
        shared = [each for each in found if not each[1].isdisjoint(own)]
        places = (*(at for each, _ in shared for at in each), place)
        apart = [each for each in found if each[1].isdisjoint(own)]
        found = [*apart, (places, own.union(*(other for _, other in shared)))]
    return tuple(places for places, _ in found)


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
