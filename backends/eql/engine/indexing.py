"""Splunk's events as the documents that Elastic would hold of them, with the types of their fields.

The view of an event in ECS is `schema.model_view`; here it gets what only an index has: the kinds
that the dataset's selectors describe, the time, and a mapping.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

from transpile.backends.base import Event, Inputs
from transpile.backends.eql.atoms import member_name
from transpile.backends.eql.types import TEXT, elastic_type

from transpile.errors import UsageError
from transpile.ir.remember import Same, by_event
from transpile.ir.text import fold
from transpile.records import dataclass, replace
from transpile.schema.cim import normalise
from transpile.schema.conflicts import conflicts
from transpile.schema.datasets import Dataset, Where, dataset
from transpile.schema.fields import FieldMap, FieldTarget
from transpile.schema.model_view import model_view, without_fillers
from transpile.schema.native import native_dataset
from transpile.schema.resolve import EVENT_CODE_FIELDS
from transpile.schema.views import implied

_TIME = "@timestamp"
_OWN = (("taxonomy", "ecs"),)


@dataclass(frozen=True, slots=True)
class Index:
    """The index that a dataset's events are in; `platform` decides how their paths look."""

    source: Dataset
    fields: FieldMap
    platform: str

    @classmethod
    def of(cls, inputs: Inputs) -> Index:
        """Return the index that a draft reads. Raises `UsageError` OUT505 for no known dataset.

        A rule of Elastic's own has no dataset: its events are documents as they are.
        """
        return _index(inputs.dataset, inputs.variant, inputs.platform)

    def document(self, event: Event) -> Mapping[str, Any]:
        """Return an event as Elastic holds it, under flat names.

        An event that several selectors describe is of all their kinds, as `event.type` is a list.
        What the log source fixes (`winlog.channel`) is spelled as Elastic spells it, whatever
        Splunk has.
        """
        return _document(event, Same(self))

    def mapping(self, paths: Iterable[str], events: Iterable[Event]) -> Mapping[str, str]:
        """Return the Elasticsearch types of fields, in an index that holds these events."""
        names = dict.fromkeys(name for event in events for name in event)
        return _kinds(Same(self), tuple(paths), tuple(names))

    def has_field(self, path: str) -> bool:
        """Return whether a field of the dataset becomes this one, or a member of it."""
        targets = _targets(self.source.id, self.fields.variant)
        return path in targets or any(
            "*" in name and fnmatchcase(path, name) for name in targets
        )

    def holds_many(self, path: str) -> bool:
        """Return whether the schema gives a field several values per event."""
        targets = _targets(self.source.id, self.fields.variant)
        return any(
            target.mv or target.type == "flattened"
            for name, target in targets.items()
            if name == path or ("*" in name and fnmatchcase(path, name))
        )

    def is_single(self, path: str) -> bool:
        """Return whether the schema gives a field one value per event."""
        target = _targets(self.source.id, self.fields.variant).get(path)
        return target is not None and not target.mv

    def singles(self, event: Event, read: Collection[str]) -> Iterator[Any]:
        """Yield the values of those of the fields that are read which have one value in Splunk."""
        for name, value in event.items():
            if self.fields.strip(name) in read:
                fact = self.fields.fact(name)
                if fact is not None and not fact.mv:
                    yield value

    def has_code(self, event: Event, read: Collection[str]) -> bool:
        """Return whether an event has the event id that the query asks for besides the filter.

        It is in each field of ids that the rule reads, and in the others if they have a value.
        """
        asked = [name for name in EVENT_CODE_FIELDS if name in read]
        if self.source.event is not None and any(event.get(name) is None for name in asked):
            return False
        codes = dict(self.source.elastic.where).get("event.code", ())
        stated = {text for name in EVENT_CODE_FIELDS for text in _texts(event.get(name))}
        return bool(asked) or not codes or stated <= set(codes)

    def conflicts(self, event: Event, read: Iterable[str]) -> frozenset[str]:
        """Return the Splunk fields, unprefixed, on which the event and its document are at odds.

        Among them are those of `read` that the event lacks although its kind tells them.
        """
        return _conflicts(event, Same(self), frozenset(read))

    def described(self, event: Event) -> Iterator[Where]:
        """Yield what the selectors of the dataset that describe an event say."""
        given = {self.fields.strip(name): _texts(value) for name, value in event.items()}
        held = {name: values for name, values in given.items() if values}
        for when, where in self.source.elastic.selectors:
            if when.holds(held):
                yield where

    def group(self, event: Event, names: Sequence[str]) -> tuple[Any, ...]:
        """Return the values of grouping fields as the rule sees them."""
        model, node = self.source.match.datamodel, self.source.match.node
        row = normalise(dict(event), model, node) if model and node else event
        by_name = {self.fields.strip(name): value for name, value in row.items()}
        values = (by_name.get(self.fields.strip(name)) for name in names)
        return tuple(tuple(value) if isinstance(value, list) else value for value in values)


@lru_cache(maxsize=64)
def _index(source: str, variant: str, platform: str) -> Index:
    found = dataset(source) if source else native_dataset(_OWN)
    if found is None:
        raise UsageError(f"unknown dataset '{source}'", code="OUT505")
    return Index(found, FieldMap(found, variant or None), platform)


@by_event
def _document(event: Event, same: Same[Index]) -> Mapping[str, Any]:
    index = same.item
    variant = index.fields.variant
    found = model_view(event, index.source, "ecs", variant, platform=index.platform)
    kinds: dict[str, list[str]] = {}
    for where in index.described(event):
        for name, values in where:
            kinds.setdefault(name, []).append(values[0])
    found |= kinds
    for name, spelled in implied(index.source, "ecs", variant).items():
        if fold(str(found.get(name))) == fold(spelled):
            found[name] = spelled
    for name in [name for name in found if "*" in name]:
        members = enumerate(_listed(found.pop(name)))
        found |= {member_name(name, number): value for number, value in members}
    if event.get("_time") is not None:
        found[_TIME] = _moment(event["_time"])
    return found


@by_event
def _conflicts(event: Event, same: Same[Index], read: frozenset[str]) -> frozenset[str]:
    index = same.item
    fields = index.fields
    shown = without_fillers(event, index.source)
    found = conflicts(
        shown, index.source, "ecs", fields.variant, platform=index.platform, read=read
    )
    lost = frozenset(map(fields.strip, found))
    kinds = {name for where in index.described(shown) for name, _ in where}
    return lost | {
        name
        for name in read - set(map(fields.strip, shown))
        if kinds & _named(fields, name).keys()
    }


@lru_cache(maxsize=1024)
def _kinds(
    same: Same[Index], paths: tuple[str, ...], names: tuple[str, ...]
) -> Mapping[str, str]:
    """Return the types of fields in an index of events that have fields of these names."""
    fields = same.item.fields
    targets = {**_targets(same.item.source.id, fields.variant)}
    for name in names:
        targets |= _named(fields, name)
    kinds = {path: elastic_type(path, targets.get(path)) for path in paths}
    return {path: "wildcard" if kind in TEXT else kind for path, kind in kinds.items()}


@lru_cache(maxsize=64)
def _targets(source: str, variant: str | None) -> Mapping[str, FieldTarget]:
    """Return what is known of the ECS fields that a dataset's Splunk fields become."""
    known = dataset(source)
    if known is None:
        return {}
    fields = FieldMap(known, variant)
    found: dict[str, FieldTarget] = {}
    for name in fields.names():
        found = _named(fields, name) | found
    return found


def _named(fields: FieldMap, name: str) -> dict[str, FieldTarget]:
    target = fields.lookup(name, "ecs")
    if target is None or target.field is None:
        return {}
    further = {
        also.field: replace(target, type=also.type or target.type, mv=also.mv or target.mv)
        for also in target.also
    }
    return {**further, target.field: target}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _texts(value: Any) -> list[str]:
    values = value if isinstance(value, list | tuple) else (value,)
    return [str(item) for item in values if item is not None]


def _moment(value: Any) -> Any:
    """Return Splunk's time (epoch seconds, also as text) in milliseconds; other text as it is."""
    try:
        return float(value) * 1000
    except (TypeError, ValueError):
        return value
