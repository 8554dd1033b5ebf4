"""Views: an event of Splunk seen in another taxonomy, by the mapping that rewrites conditions.

`view` runs every field of an event forwards through its target, so that a condition on the Splunk
field and its rewrite on the view agree. What a view holds:

- each mapped field under its target's name (flat, dotted names) and under the target's `also`
  names; missing, dropped and unmapped fields are left out (`keep_unmapped` keeps the last);
- several fields with one target are put together: `process_path` and `process_name` make one
  `Image`, hive, key and value name one `TargetObject`, digests one list of hashes;
- the least that satisfies a rewrite where Splunk knows less than the target: an unknown folder or
  domain is empty (`process_name` `a.exe` alone gives the `Image` `\\a.exe`, `user` `bob` the `User`
  `\\bob`), an unknown registry key likewise; a path that is known to be bare (`System`) stays so;
- what the log source implies and no field says: `event.category` and the constraints of Elastic
  (`event.type`, `event.code` ...), the selection of Sigma; of several accepted values the first;
- values typed for ECS (numbers, booleans, `@timestamp` as ISO 8601 in UTC); elsewhere unchanged.

An event whose fields contradict each other (a `process_name` that is not in its `process_path`)
or do not have the form that a rewrite assumes (a bare `process_path`) has no faithful view;
`conflicts` names the fields that a view could not keep.

An event is given as it came, not as `cim.normalise` shows it: `unknown` is no value elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from transpile.ir.remember import Same
from transpile.schema._rewrite import Context, Pairs, Rewrite, holds
from transpile.schema.datasets import Dataset, dataset
from transpile.schema.derive import admits, forward, rewrite
from transpile.schema.fields import FieldMap, FieldTarget, Taxonomy

Event = dict[str, Any]
Values = dict[str, list[Any]]
Lookup = Callable[[str], FieldTarget | None]


@dataclass(frozen=True, slots=True)
class _Part:
    """A field of the event with its target; `direct`: the value is the target's own."""

    field: str
    values: list[Any]
    target: FieldTarget
    context: Context

    @property
    def direct(self) -> bool:
        return self.target.derive is None


@dataclass(frozen=True, slots=True)
class _At:
    """Where an event is seen: its dataset, the taxonomy, and the event code that it has."""

    source: Same[Dataset]
    variant: str | None
    taxonomy: Taxonomy
    separator: str
    code: str | None


_Entry = tuple[str, tuple[tuple[type, Any], ...]]
"""A field of an event with its values, each with its type."""

_Seen = tuple[frozenset[str], frozenset[str]]
"""Fields that a view loses, and fields that it shows."""

_PROPERTIES = "\0properties"
"""Stands for lists of names and of values that a view puts together."""


def view(
    event: Mapping[str, Any],
    source: Dataset,
    taxonomy: Taxonomy,
    variant: str | None = None,
    *,
    platform: str = "windows",
    keep_unmapped: bool = False,
) -> Event:
    """Return an event of a dataset as the taxonomy shows it.

    event: Splunk's names, data model prefix or not; values strings, numbers, booleans or lists.
    platform: `windows`, `linux` or `macos`, for the separator of paths.
    """
    fields = FieldMap(source, variant)
    parts = _mapped_parts(event, fields, taxonomy, platform)
    facts = implied(source, taxonomy, variant, _event_code(event))
    unmapped: Event = {}
    if keep_unmapped:
        unmapped = _unmapped(event, lambda key: fields.lookup(key, taxonomy), fields.strip)
    return _shown(event, parts, taxonomy, facts, unmapped)


def view_by(
    event: Mapping[str, Any],
    lookup: Lookup,
    taxonomy: str,
    *,
    implied: Mapping[str, str] | None = None,
    platform: str = "windows",
    keep_unmapped: bool = False,
    strip: Callable[[str], str] = str,
) -> Event:
    """Return the view of an event for any table of targets (see `view`).

    implied: fields that are filled where no field of the event says them.
    """
    separator = _separator(platform)
    parts = _parts(event, lambda key: _places(lookup(key), strip(key), taxonomy, separator))
    unmapped = _unmapped(event, lookup, strip) if keep_unmapped else {}
    return _shown(event, parts, taxonomy, implied or {}, unmapped)


def _shown(
    event: Mapping[str, Any],
    parts: Sequence[_Part],
    taxonomy: str,
    implied: Mapping[str, str],
    unmapped: Event,
) -> Event:
    """Return the view that the parts of an event make; `implied` and `unmapped` fill gaps."""
    shown: Values = {}
    for part in sorted(parts, key=lambda part: (not part.direct, _ORDER.get(_name(part), 0))):
        _place(part, shown)
    _zip_properties(event, parts, shown)
    result = {name: values[0] if len(values) == 1 else values for name, values in shown.items()}
    result |= {key: value for key, value in unmapped.items() if key not in result}
    for name, value in implied.items():
        result.setdefault(name, value)
    return result if taxonomy != "ecs" else _typed(result, parts)


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
    lost: set[str] = set()
    shown: set[str] = set()
    for own_lost, own_shown in _seen_apart(event, fields, taxonomy, platform):
        lost |= own_lost
        shown |= own_shown
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


def _seen_apart(
    event: Mapping[str, Any], fields: FieldMap, taxonomy: Taxonomy, platform: str
) -> list[_Seen]:
    """Return what becomes of the fields of an event, those together that have to do with another.

    Events differ from others in few fields; what becomes of the rest is known.
    """
    code, separator = _event_code(event), _separator(platform)
    at = _At(Same(fields.dataset), fields.variant, taxonomy, separator, code)
    entries = [(key, _typed_values(event[key])) for key in sorted(event)]
    joined = _joined([(entry, names) for entry in entries if (names := _names_told(at, *entry))])
    if any(_PROPERTIES in names for _, names in joined):  # names and values are in fields apart
        return [_seen_together(at, tuple(entries))]
    return [_seen_together(at, ()), *(_seen_together(at, tuple(each)) for each, _ in joined)]


def _typed_values(value: Any) -> tuple[tuple[type, Any], ...]:
    """Return the values of a field, told apart by their types too: 1 is not True."""
    return tuple((type(item), item) for item in _values(value))


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
def _names_told(at: _At, key: str, values: tuple[tuple[type, Any], ...]) -> frozenset[str]:
    """Return the fields of a view that the values of a field have to do with."""
    names: set[str] = set()
    for target, context in _mapped_places(
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
    parts = _parts(
        event,
        lambda key: _mapped_places(at.source, at.variant, at.taxonomy, at.separator, key),
    )
    facts = implied(at.source.item, at.taxonomy, at.variant, at.code)
    shown = _shown(event, parts, at.taxonomy, facts, {})
    return frozenset(part.field for part in parts if not _kept(part, shown)), frozenset(shown)


def implied(
    source: Dataset, taxonomy: Taxonomy, variant: str | None = None, event_code: str | None = None
) -> dict[str, str]:
    """Return the fields that the log source of a dataset implies, each with its first value.

    event_code: the event's own code; an event of another id of the channel gets that id's facts.
    Those of the channel hold for each of its events.
    """
    channel = source.parent or source.id
    base = dataset(channel) or source
    source = (dataset(f"{channel}.{event_code}") if event_code else None) or source
    match taxonomy:
        case "ecs":
            chosen = source.elastic.variants.get(variant or "")
            category = (chosen.category if chosen else None) or source.elastic.event_category
            where = [*(chosen.where if chosen else ()), *source.elastic.where,
                     *source.elastic.where_extra, *base.elastic.where]
            found = {"event.category": category} if category not in (None, "any") else {}
            return found | {name: values[0] for name, values in reversed(where)}
        case "sigma":
            option = source.sigma.variants.get(variant or "")
            selection = (option.selection if option else None) or source.sigma.selection
            return {name: str(values[0]) for name, values in selection.items()}
        case "ocsf" if source.ocsf is not None:
            uids = {
                "class_uid": source.ocsf.class_uid,
                "activity_id": source.ocsf.activity_id,
                "type_uid": source.ocsf.type_uid,
            }
            return {name: str(uid) for name, uid in uids.items() if uid is not None}
        case _:
            return {}


# --- placing values -------------------------------------------------------------------------------

# Parts of one value are attached in this order (others come first).
_ORDER: Mapping[str, int] = {"reg_key": 1, "reg_hive": 2, "reg_value_name": 3, "reg_type": 4}


Place = tuple[FieldTarget, Context]


def _mapped_parts(
    event: Mapping[str, Any], fields: FieldMap, taxonomy: Taxonomy, platform: str
) -> list[_Part]:
    same, separator = Same(fields.dataset), _separator(platform)
    return _parts(
        event, lambda key: _mapped_places(same, fields.variant, taxonomy, separator, key)
    )


def _parts(
    event: Mapping[str, Any], places_of: Callable[[str], tuple[Place, ...]]
) -> list[_Part]:
    """Return the parts of an event by field; places_of: where the values of a field go."""
    parts = []
    for key in sorted(event):
        values = _values(event[key])
        if values:
            parts += [_Part(key, values, target, at) for target, at in places_of(key)]
    return parts


# every event of a dataset has the same fields again
@lru_cache(maxsize=16384)
def _mapped_places(
    same: Same[Dataset], variant: str | None, taxonomy: Taxonomy, separator: str, key: str
) -> tuple[Place, ...]:
    fields = FieldMap(same.item, variant)
    return _places(fields.lookup(key, taxonomy), fields.strip(key), taxonomy, separator)


def _places(
    target: FieldTarget | None, name: str, taxonomy: str, separator: str
) -> tuple[Place, ...]:
    """Return the targets of a field, each with what its derive must know."""
    if target is None or target.field is None:
        return ()
    also = tuple(item.field for item in target.also if item.derive is None)
    further = tuple(
        (
            FieldTarget(item.field, item.derive, type=item.type or "keyword"),
            Context(name, item.field, (), taxonomy, separator),
        )
        for item in target.also
        if item.derive is not None
    )
    return ((target, Context(name, target.field, also, taxonomy, separator)), *further)


def _separator(platform: str) -> str:
    return "\\" if platform == "windows" else "/"


def _place(part: _Part, shown: Values) -> None:
    """Add the values of a part to the view, unless the view tells them already.

    Members with a field each (`a.*.b`) may be alike; of a list of values each is kept once.
    """
    told = {name: list(map(str, values)) for name, values in shown.items() if "*" in name}
    for value in part.values:
        if part.direct:
            for name in (part.context.target, *part.context.also):
                values = shown.setdefault(name, [])
                others = told.get(name, ()) if "*" in name else map(str, values)
                if str(value) not in others:
                    values.append(value)
            continue
        if not _says(part, value, shown):
            _attach(part, str(value), shown)
            for name in part.context.also if part.target.derive != "hash_field" else ():
                shown.setdefault(name, []).append(value)


def _attach(part: _Part, value: str, shown: Values) -> None:
    """Put a derived value into the view, into the one value that is there if it has a place."""
    pairs: Pairs = forward(part.target.derive, value, part.context)
    for name, text in pairs:
        values = shown.setdefault(name, [])
        join = _JOINS.get(_name(part))
        merge = _MERGES.get(_name(part)) if len(part.values) == 1 else None
        if join is not None and values:
            values[0] = f"{values[0]}{join}{text}"
        elif merge is not None and len(values) == 1:
            whole = str(values[0])
            bare = whole.lower() == text.strip(part.context.separator).lower()
            values[0] = whole if bare else merge(whole, text)
        elif text not in values:
            values.append(text)


def _join_path(whole: str, text: str) -> str:
    """Return the path with the last component `text` (which starts with its separator)."""
    return whole.rstrip(text[:1]) + text


# derive -> what stands between the values of a text that holds many
_JOINS: Mapping[str, str] = {
    "hash_imphash": ",",
    "hash_list": ",",
    "hash_md5": ",",
    "hash_sha1": ",",
    "hash_sha256": ",",
    "json_path": ",",
    "xml_tag": "",
}

# derive -> how a part is put to the one value that is there
_MERGES: Mapping[str, Callable[[str, str], str]] = {
    "account_name": _join_path,
    "basename": _join_path,
    "reg_hive": lambda whole, text: text + whole.lstrip("\\"),
    "reg_type": lambda whole, text: whole,
    "reg_value_name": _join_path,
}


def _zip_properties(event: Mapping[str, Any], parts: Iterable[_Part], shown: Values) -> None:
    """Add the parallel lists of names and values of Office 365 as one member for each name."""
    for part in parts:
        head, star, tail = part.context.target.partition(".*")
        if part.target.derive != "o365_props" or not star:
            continue
        names = _values(event.get(f"{part.field.rpartition('.')[0]}.Name"))
        for name, value in zip(names, part.values, strict=False):
            shown.setdefault(f"{head}.{name}{tail}", []).append(value)


# --- reading a view -------------------------------------------------------------------------------


def _rewritten(part: _Part, value: Any) -> Rewrite | None:
    return rewrite(part.target.derive, (str(value),), part.context)


def _says(part: _Part, value: Any, shown: Values) -> bool:
    """Return whether the view so far already tells a derived value."""
    name = part.target.derive
    if name == "null_is_success":
        return False
    tests = _rewritten(part, value)
    return tests is not None and holds(tests, shown)


# derives for which a target that is missing says as much as a value
_TOLD_BY_ABSENCE = frozenset({"null_is_success"})


def _kept(part: _Part, shown: Event) -> bool:
    """Return whether every value of a part is admitted and can be found in the finished view.

    Dates are written anew, so their text is not compared.
    """
    if part.target.type == "date":
        return True
    if not all(admits(part.target.derive, str(value), part.context) for value in part.values):
        return False
    found = {str(item) for item in _values(shown.get(part.context.target))}
    if len(found) > max(1, len(part.values)) and not part.target.mv:
        return False
    if part.direct:
        return part.target.type in _TYPED or {str(value) for value in part.values} <= found
    rewrites = [_rewritten(part, value) for value in part.values]
    return all(tests is None or holds(tests, shown) for tests in rewrites)


# types whose values a view writes anew
_TYPED = frozenset({"boolean", "date", "float", "double", "scaled_float", "half_float"})


def _name(part: _Part) -> str:
    return part.target.derive or ""


def _unmapped(
    event: Mapping[str, Any], lookup: Lookup, strip: Callable[[str], str]
) -> dict[str, Any]:
    """Return the fields without a counterpart, by their names without prefix."""

    def has_none(target: FieldTarget | None) -> bool:
        return target is None or (target.field is None and target.drop is None)

    return {strip(key): value for key, value in event.items() if has_none(lookup(key))}


def _values(value: Any) -> list[Any]:
    values = value if isinstance(value, (list, tuple)) else (value,)
    return [item for item in values if item is not None]


def _event_code(event: Mapping[str, Any]) -> str | None:
    code = next((event[key] for key in ("EventCode", "EventID") if key in event), None)
    return None if code is None or isinstance(code, list) else str(code)


# --- ECS types ------------------------------------------------------------------------------------

_INTEGERS = frozenset({"long", "integer", "short", "byte", "int"})
_YEAR_10000 = 253402300800.0
_FLOATS = frozenset({"float", "double", "scaled_float", "half_float"})


def _typed(event: Event, parts: Iterable[_Part]) -> Event:
    """Return the event with values of the targets' Elastic types."""
    types: dict[str, str] = {}
    for part in parts:
        types[part.context.target] = part.target.type
        types |= {item.field: item.type or part.target.type for item in part.target.also}
    return {
        name: [_cast(item, types.get(name, "keyword")) for item in value]
        if isinstance(value, list)
        else _cast(value, types.get(name, "keyword"))
        for name, value in event.items()
    }


def _cast(value: Any, kind: str) -> Any:
    """Return a value as Elastic would index it; a value that does not fit stays text."""
    text = str(value).strip()
    if kind == "boolean" and str(value).lower() in ("true", "false"):
        return text.lower() == "true"
    if kind in _INTEGERS and text.removeprefix("-").isdecimal():
        return int(text)
    if kind in _FLOATS or kind == "date":
        try:
            number = float(text)
        except ValueError:
            return str(value)
        if kind == "date":
            return _iso(number) if 0 <= number < _YEAR_10000 else str(value)
        return number
    return value if isinstance(value, bool) and kind == "boolean" else _text(value)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _iso(epoch: float) -> str:
    """Return epoch seconds as ISO 8601 in UTC with milliseconds, as Elastic prints dates."""
    moment = datetime.fromtimestamp(epoch, UTC).isoformat(timespec="milliseconds")
    return moment.replace("+00:00", "Z")
