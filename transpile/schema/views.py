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
`conflicts.conflicts` names the fields that a view could not keep.

An event is given as it came, not as `cim.normalise` shows it: `unknown` is no value elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from transpile.ir.remember import Same
from transpile.schema.datasets import Dataset, dataset
from transpile.schema.fields import FieldMap, FieldTarget, Taxonomy
from transpile.schema.placing import (
    Event,
    Part,
    mapped_parts,
    parts_of,
    placed,
    places,
    separator_of,
)

Lookup = Callable[[str], FieldTarget | None]


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
    separator = separator_of(platform)
    parts = mapped_parts(event, Same(source), fields.variant, taxonomy, separator)
    facts = implied(source, taxonomy, variant, event_code(event))
    unmapped: Event = {}
    if keep_unmapped:
        unmapped = _unmapped(event, lambda key: fields.lookup(key, taxonomy), fields.strip)
    return shown_by(event, parts, taxonomy, facts, unmapped)


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
    separator = separator_of(platform)
    parts = parts_of(event, lambda key: places(lookup(key), strip(key), taxonomy, separator))
    unmapped = _unmapped(event, lookup, strip) if keep_unmapped else {}
    return shown_by(event, parts, taxonomy, implied or {}, unmapped)


def shown_by(
    event: Mapping[str, Any],
    parts: Sequence[Part],
    taxonomy: str,
    implied: Mapping[str, str],
    unmapped: Event,
) -> Event:
    """Return the view that the parts of an event make; `implied` and `unmapped` fill gaps."""
    shown = placed(event, parts)
    result = {name: values[0] if len(values) == 1 else values for name, values in shown.items()}
    result |= {key: value for key, value in unmapped.items() if key not in result}
    for name, value in implied.items():
        result.setdefault(name, value)
    return result if taxonomy != "ecs" else _typed(result, parts)


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


def _unmapped(
    event: Mapping[str, Any], lookup: Lookup, strip: Callable[[str], str]
) -> dict[str, Any]:
    """Return the fields without a counterpart, by their names without prefix."""

    def has_none(target: FieldTarget | None) -> bool:
        return target is None or (target.field is None and target.drop is None)

    return {strip(key): value for key, value in event.items() if has_none(lookup(key))}


def event_code(event: Mapping[str, Any]) -> str | None:
    code = event["EventCode"] if "EventCode" in event else event.get("EventID")
    return None if code is None or isinstance(code, list) else str(code)


# --- ECS types ------------------------------------------------------------------------------------

_INTEGERS = frozenset({"long", "integer", "short", "byte", "int"})
_YEAR_10000 = 253402300800.0
_FLOATS = frozenset({"float", "double", "scaled_float", "half_float"})


def _typed(event: Event, parts: Iterable[Part]) -> Event:
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
        return str(value).lower() == "true"
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
