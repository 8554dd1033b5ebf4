"""Raw Windows events (the JSON form of EVTX) as Splunk's Windows and Sysmon add-ons show them.

`splunk_view` gives the fields of the event header and of EventData or UserData by name, the
add-ons' further names for them (`ComputerName`, `Logon_Type` ...), source and source type, and for
events behind a data model that model's fields and tags. Values are text, as in Splunk, which makes
no field of an empty value; `_time` is epoch seconds. The names come from the `raw` entries of the
field maps.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import cache
from html import unescape
from typing import Any

from transpile.schema import cim
from transpile.schema._data import load
from transpile.schema.datasets import Dataset, dataset, find_terms
from transpile.schema.fields import FieldFact, FieldMap

Event = dict[str, Any]

# dataset of a data model, its variant -> channel (as in `raw`) -> event ids behind it
MODEL_EVENTS: Mapping[tuple[str, str | None], Mapping[str, frozenset[int]]] = {
    ("endpoint.processes", None): {"sysmon": frozenset({1}), "security": frozenset({4688})},
    ("endpoint.registry", None): {"sysmon": frozenset({12, 13, 14})},
    ("endpoint.filesystem", None): {"sysmon": frozenset({2, 11, 15, 23, 26})},
    ("network_traffic.all_traffic", None): {"sysmon": frozenset({3})},
    ("network_resolution.dns", None): {"sysmon": frozenset({22})},
    ("authentication.authentication", "windows"): {"security": frozenset({4624, 4625})},
    ("change.all_changes", "windows"): {
        "security": frozenset({
            4720, 4726, 4727, 4730, 4731, 4734, 4735, 4737, 4738, 4740, 4741, 4742, 4743,
        })
    },
}

_EVENT_TYPES = frozenset({"security", "system", "application"})


def is_raw(event: Mapping[str, Any]) -> bool:
    """Return whether an event has the shape of a raw Windows event (`Event.System`)."""
    body = event.get("Event")
    return isinstance(body, dict) and isinstance(body.get("System"), dict)


def event_title(provider: str, event_id: int | str) -> str | None:
    """Return the short title of an event, None if it is not listed."""
    title: str | None = load("windows_events.json").get(provider, {}).get(str(event_id))
    return title


def splunk_view(raw: Mapping[str, Any]) -> Event:
    """Return a raw Windows event with Splunk's names; an event of another shape as it is."""
    if not is_raw(raw):
        return dict(raw)
    header = dict(_header(raw["Event"]["System"]))
    data = dict(_data(raw["Event"]))
    names = _names(header)
    view: Event = {**names, **data}
    source = find_terms([("channel", str(header.get("Channel", "")))])
    channel = source.id.removeprefix("windows.") if source else ""
    known = dataset(f"{source.id}.{names['EventCode']}") if source else None
    pool = {**header, **data}
    if known is not None:
        for name, value in _aliases(FieldMap(known), pool):
            view.setdefault(name, value)
    tags = ["windows"]
    for base, variant in _models(channel, names["EventCode"]):
        tags += _tags(base)
        view |= dict(_model_fields(FieldMap(base, variant), channel, names["EventCode"], pool))
    view["tag"] = list(dict.fromkeys(tags))
    return view


# --- the parts of a raw event --------------------------------------------------------------------


def _header(system: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the header: elements by name, attributes as `Element.Attribute`."""
    for name, value in system.items():
        if isinstance(value, dict):
            for key, item in (value.get("#attributes") or {}).items():
                yield f"{name}.{key}", _text(item)
            value = value.get("#text")
        if value is not None:
            yield name, _text(value)


def _data(event: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the fields of EventData, or those inside the element of UserData."""
    for part in ("EventData", "UserData"):
        body = event.get(part)
        groups = [body] if part == "EventData" else list((body or {}).values())
        for group in groups:
            if isinstance(group, dict):
                yield from _named(group)


def _named(group: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in group.items():
        if name == "#attributes":
            continue
        if isinstance(value, dict):
            value = value.get("#text")
        if isinstance(value, list):
            yield name, [_text(item) for item in value if item not in (None, "")]
        elif value not in (None, ""):
            yield name.replace(" ", "_"), _text(value)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _names(header: Mapping[str, str]) -> Event:
    """Return the header's fields under the names of the Windows add-on."""
    channel, code = header.get("Channel", ""), header.get("EventID", "")
    computer, provider = header.get("Computer", ""), header.get("Provider.Name", "")
    view: Event = {
        "EventCode": code,
        "EventID": code,
        "signature_id": code,
        "Computer": computer,
        "host": computer,
        "dest": computer,
        "Channel": channel,
        "source": f"XmlWinEventLog:{channel}",
        "sourcetype": "XmlWinEventLog",
        "Name": provider,
        "signature": event_title(provider, code) or "",
        "EventRecordID": header.get("EventRecordID", ""),
        "Keywords": header.get("Keywords", ""),
        "Level": header.get("Level", ""),
        "Opcode": header.get("Opcode", ""),
        "Task": header.get("Task", ""),
        "UserID": header.get("Security.UserID", ""),
        "ProcessID": header.get("Execution.ProcessID", ""),
        "ThreadID": header.get("Execution.ThreadID", ""),
        "_time": _epoch(header.get("TimeCreated.SystemTime", "")),
    }
    if channel.lower() in _EVENT_TYPES:
        view["eventtype"] = f"wineventlog_{channel.lower()}"
    return {name: value for name, value in view.items() if value not in ("", None)} | {
        "EventCode": code
    }


def _epoch(moment: str) -> float | None:
    try:
        return datetime.fromisoformat(moment.replace("Z", "+00:00")).timestamp()
    except ValueError:
        return None


# --- names from the field maps --------------------------------------------------------------------


def _aliases(fields: FieldMap, pool: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the add-on's names for the fields of a channel."""
    for name in fields.names():
        fact = fields.fact(name)
        if fact is not None and isinstance(fact.raw, str):
            yield from _extracted(fields, fact, fact.raw, pool)


def _models(channel: str, code: str) -> Iterator[tuple[Dataset, str | None]]:
    for (name, variant), channels in MODEL_EVENTS.items():
        base = dataset(name)
        if base is not None and code.isdigit() and int(code) in channels.get(channel, ()):
            yield base, variant


def _tags(base: Dataset) -> list[str]:
    facts = cim.node_facts(base.match.datamodel or "", base.match.node or "")
    return sorted(tag for group in facts.tags for tag in group) if facts else []


def _model_fields(
    fields: FieldMap, channel: str, code: str, pool: Mapping[str, Any]
) -> Iterator[tuple[str, Any]]:
    """Yield the data model's fields of an event."""
    for name in fields.names():
        fact = fields.fact(name)
        if fact is None or not isinstance(fact.raw, Mapping):
            continue
        raw = _raw_name(fact.raw, channel, code)
        if raw is not None:
            yield from _extracted(fields, fact, raw, pool)


def _raw_name(raw: Mapping[str, str], channel: str, code: str) -> str | None:
    """Return the raw field of an event: the entry with its id, else one of its channel.

    `sysmon.12,13` names ids, `sysmon.13` alone is an example for the ids that have no entry.
    """
    found = {key.partition(".")[2]: value for key, value in raw.items()
             if key.partition(".")[0] == channel}
    exact = (value for ids, value in found.items() if code in ids.split(","))
    return next(exact, next(iter(found.values()), None))


def _extracted(
    fields: FieldMap, fact: FieldFact, raw: str, pool: Mapping[str, Any]
) -> Iterator[tuple[str, Any]]:
    """Yield a field with its value, taken out of its raw field; `A,B`: the first that is set."""
    names = [name.removeprefix("UserData.").replace(" ", "_") for name in raw.split(",")]
    values = [pool[name] for name in names if pool.get(name) not in (None, "", "-", [])]
    if not values:
        return
    if fact.mv and len(values) > 1:
        yield fact.name, values
        return
    value, extract = values[0], _EXTRACTS.get(_derive(fields, fact.name))
    if extract is not None and isinstance(value, str):
        value = extract(value, fact.name)
    if value not in (None, "", []):
        yield fact.name, value


def _derive(fields: FieldMap, name: str) -> str:
    """Return the derive that says how the raw field holds the field."""
    for taxonomy in ("sigma", "ecs"):
        target = fields.lookup(name, taxonomy)
        if target is not None and target.field is not None:
            return target.derive or ""
    return ""


# --- taking a value out of its raw field ----------------------------------------------------------

Extract = Callable[[str, str], Any]


def _last(value: str, field: str) -> str:
    return re.split(r"[\\/]", value)[-1]


def _after_domain(value: str, field: str) -> str:
    return value.rpartition("\\")[2]


def _digest(algorithm: str) -> Extract:
    def extract(value: str, field: str) -> str | None:
        found = re.search(rf"{algorithm}=([0-9A-Fa-f]+)", value)
        return found[1] if found else None

    return extract


def _registry_data(value: str, field: str) -> str:
    found = re.fullmatch(r"DWORD \((0x[0-9A-Fa-f]+)\)", value)
    return found[1] if found else value


def _registry_type(value: str, field: str) -> str:
    starts = {"DWORD (": "REG_DWORD", "QWORD (": "REG_QWORD", "Binary Data": "REG_BINARY"}
    return next((name for start, name in starts.items() if value.startswith(start)), "REG_SZ")


def _registry_hive(value: str, field: str) -> str:
    hives = {"HKLM": "HKEY_LOCAL_MACHINE", "HKU": "HKEY_USERS", "HKCR": "HKEY_CLASSES_ROOT"}
    head = value.partition("\\")[0]
    return hives.get(head, head)


def _element(value: str, field: str) -> str | None:
    found = re.search(rf"<{re.escape(field)}>(.*?)</{re.escape(field)}>", value, re.DOTALL)
    return unescape(found[1]) if found else None


def _common_name(value: str, field: str) -> str:
    found = re.match(r"CN=((?:[^,\\]|\\.)*)", value, re.IGNORECASE)
    return found[1] if found else value


def _word(enumeration: str, key: str) -> Extract:
    """Return the extraction of the word whose `key` entry (or whole entry) lists the value."""

    def extract(value: str, field: str) -> str | None:
        return _words(enumeration, key).get(value.lower())

    return extract


@cache
def _words(enumeration: str, key: str) -> Mapping[str, str]:
    facts: Mapping[str, Any] = load("enums.json")[enumeration]
    found: dict[str, str] = {}
    for word, body in facts.items():
        listed = body.get(key, ()) if isinstance(body, dict) else body
        for item in listed if isinstance(listed, list) else [listed]:
            found[str(item).lower()] = word
    return found


_EXTRACTS: Mapping[str, Extract] = {
    "account_name": _after_domain,
    "audit_status": _word("audit_status", ""),
    "auth_event": _word("auth_event", ""),
    "basename": _last,
    "change_event": _word("change_event", ""),
    "cn": _common_name,
    "direction": _word("direction", "sigma"),
    "fs_action": _word("fs_action", "sysmon"),
    "hash_imphash": _digest("IMPHASH"),
    "hash_list": lambda value, field: value.split(","),
    "hash_md5": _digest("MD5"),
    "hash_sha1": _digest("SHA1"),
    "hash_sha256": _digest("SHA256"),
    "reg_action": _word("reg_action", "sigma"),
    "reg_data": _registry_data,
    "reg_hive": _registry_hive,
    "reg_key": lambda value, field: value.rpartition("\\")[0],
    "reg_type": _registry_type,
    "reg_value_name": _after_domain,
    "start_mode": _word("start_mode", ""),
    "xml_tag": _element,
}
