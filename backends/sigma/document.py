"""Sigma documents: metadata of a rule, in the order and wording of the Sigma repository.

Conventions: spec/sigma-semantics.md 10 (keys and their order, titles, file names, indentation).
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from transpile.backends.base import RuleInfo
from transpile.backends.sigma.detection import Detection
from transpile.backends.sigma.items import Item
from transpile.backends.sigma.layout import Quoted

from transpile.schema.attack import sigma_tags
from transpile.schema.datasets import LogSource

Document = dict[str, Any]

_NAMESPACE = uuid.UUID("5f9a0d0e-6c4b-5d0a-9d0e-3b7f5f5c8c11")
_STATUS: Mapping[str, str] = {
    "production": "test",
    "experimental": "experimental",
    "validation": "experimental",
    "deprecated": "deprecated",
}
_LEVELS = frozenset({"informational", "low", "medium", "high", "critical"})
_NO_FALSE_POSITIVE = re.compile(r"(none|no known|n/a|not known|unknown|pentest|penetration)", re.I)
_OPENING = re.compile(r"^(the following|this) (analytic|detection|search|rule)s? ", re.I)
# other words for "detects", which the descriptions of the repository begin with
_DETECTS = re.compile(
    r"^(identifies|detect|monitors|(is looking|looks|searches)( for)?)( when)? ", re.I
)
_MAX_TITLE = 120
_MAX_FILE_NAME = 70


# -- documents ------------------------------------------------------------------------------------


def rule_document(
    info: RuleInfo,
    source: LogSource,
    found: Detection,
    notes: Sequence[str] = (),
    *,
    partner: LogSource | None = None,
    label: str = "",
) -> Document:
    """Return the document of a rule.

    notes: sentences for the end of the description (what the conversion leaves out).  partner: the
    log source of a joined search, if the document is that search.  label: tells the document from
    others of the same rule.
    """
    label = label or (_kind(partner) if partner is not None else "")
    part = label.lower() or "rule"
    return _without_empty(
        {
            "title": _suffixed(title(info), label) if label else title(info),
            "id": identifier(info, part if partner is None else "partner"),
            "related": related(info),
            "status": _STATUS.get(info.status, "experimental"),
            "description": description(info, notes),
            "references": references(info),
            "author": info.author,
            "date": _date(info.date),
            "modified": _date(info.modified) if info.modified != info.date else None,
            "tags": list(sigma_tags(info.techniques)),
            "logsource": {
                "category": source.category,
                "product": source.product,
                "service": source.service,
            },
            "detection": _detection(found),
            "falsepositives": false_positives(info),
            "level": level(info),
        }
    )


def correlation_document(
    info: RuleInfo, correlation: Document, notes: Sequence[str] = (), *, label: str = ""
) -> Document:
    """Return the document of a correlation; the key order is the one of a rule. label: as above."""
    return _without_empty(
        {
            "title": _suffixed(title(info), label or _CORRELATED[correlation["type"]]),
            "id": identifier(info, label.lower() or "correlation"),
            "status": _STATUS.get(info.status, "experimental"),
            "description": description(info, notes),
            "references": references(info),
            "author": info.author,
            "date": _date(info.date),
            "modified": _date(info.modified) if info.modified != info.date else None,
            "tags": list(sigma_tags(info.techniques)),
            "correlation": correlation,
            "falsepositives": false_positives(info),
            "level": level(info),
        }
    )


def building_block(rule: Document, name: str, correlation: Document) -> Document:
    """Return the document of a rule to which a correlation refers by name.

    What it detects alone is not worth an alert, so the description points to the correlation.
    """
    named: Document = {}
    for key, value in rule.items():
        named[key] = value
        if key == "id":
            named["name"] = name
    about = f"Detects events for the correlation '{correlation['title']}', not to alert by itself."
    return named | {"description": about, "level": "informational"}


def _detection(found: Detection) -> Document:
    searches = {
        name: _map(search[0]) if len(search) == 1 else [_map(entries) for entries in search]
        for name, search in found.searches
    }
    return {**searches, "condition": found.condition}


def _map(entries: Sequence[Item]) -> Any:
    """Return a map; keywords, which have no key, are a list."""
    if not entries[0].key:
        return [_value(value) for value in entries[0].values]
    return {entry.key: _values(entry) for entry in entries}


def _values(entry: Item) -> Any:
    values = [_value(value) for value in entry.values]
    return values[0] if len(values) == 1 else values


def _value(value: Any) -> Any:
    return Quoted(value) if isinstance(value, str) else value


def _without_empty(document: Document) -> Document:
    """Leave out keys without content, also in the log source."""
    kept: Document = {}
    for key, value in document.items():
        if key == "logsource":
            kept[key] = {name: part for name, part in value.items() if part}
        elif value not in (None, "", [], {}):
            kept[key] = value
    return kept


# -- metadata --------------------------------------------------------------------------------------


def title(info: RuleInfo) -> str:
    """Return a title of at most 120 characters, without "Detect" and without a final dot."""
    name = re.sub(r"\s+", " ", info.name).strip().rstrip(".")
    bare = re.sub(r"^(Detects?|Detection of)\s+", "", name)
    return _clip(bare or info.stem.replace("_", " ").title())


_CORRELATED: Mapping[str, str] = {
    "event_count": "Threshold",
    "value_count": "Threshold",
    "value_sum": "Threshold",
    "value_avg": "Threshold",
    "value_percentile": "Threshold",
    "temporal": "Correlation",
}


def _suffixed(name: str, suffix: str) -> str:
    """Return a title with a suffix, both within the limit."""
    return f"{_clip(name, _MAX_TITLE - len(suffix) - 3)} - {suffix}"


def _kind(source: LogSource) -> str:
    """Return words for what a log source holds: `File Event`, `Network Connection`."""
    text = source.category or source.service or source.product or "event"
    return text.replace("_", " ").title()


def _clip(text: str, most: int = _MAX_TITLE) -> str:
    return text if len(text) <= most else text[: most - 3].rstrip() + "..."


def identifier(info: RuleInfo, part: str = "rule") -> str:
    """Return the id of the document: the same for the same source rule, and not its own id."""
    return str(uuid.uuid5(_NAMESPACE, f"{part}:{info.id or info.name or info.stem}"))


def related(info: RuleInfo) -> list[Document]:
    """Return the link to the source rule, empty if its id is no UUID."""
    try:
        source = uuid.UUID(info.id)
    except ValueError:
        return []
    return [{"id": str(source), "type": "derived"}]


def description(info: RuleInfo, notes: Sequence[str] = ()) -> str:
    """Return the description, beginning with what it detects, and the notes as a paragraph."""
    text = re.sub(r"\s*\n\s*", " ", info.description).strip()
    text = _DETECTS.sub("Detects ", _OPENING.sub("", text))
    text = text[:1].upper() + text[1:] if text else ""
    if not text:
        text = f"Detects {title(info)}."
    return "\n\n".join((text, *notes)) if notes else text


def references(info: RuleInfo) -> list[str]:
    """Return the references without repetitions and without ATT&CK pages (tags say those)."""
    kept = (url for url in info.references if "attack.mitre.org" not in url)
    return list(dict.fromkeys(kept))


def false_positives(info: RuleInfo) -> list[str]:
    """Return the known false positives, `Unknown` if nothing concrete is known."""
    texts = (re.sub(r"\s+", " ", text).strip() for text in info.false_positives)
    kept = [text[:1].upper() + text[1:] for text in texts if text]
    return [text for text in kept if not _NO_FALSE_POSITIVE.match(text)] or ["Unknown"]


def level(info: RuleInfo) -> str:
    """Return the level: the rule's severity."""
    return info.severity if info.severity in _LEVELS else "medium"


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


# -- file names -----------------------------------------------------------------------------------

_PLATFORM: Mapping[str, str] = {"windows": "win", "linux": "lnx", "macos": "macos"}
_PREFIX: Mapping[str, str] = {
    "process_creation": "proc_creation_{}",
    "network_connection": "net_connection_{}",
    "driver_load": "driver_load_{}",
    "process_access": "proc_access_{}",
    "create_remote_thread": "create_remote_thread_{}",
    "dns_query": "dns_query_{}",
    "file_event": "file_event_{}",
    "file_access": "file_access_{}",
    "file_delete": "file_delete_{}",
    "file_change": "file_change_{}",
    "file_rename": "file_rename_{}",
    "ps_script": "posh_ps",
    "ps_module": "posh_pm",
    "ps_classic_start": "posh_pc",
    "dns": "net_dns",
    "firewall": "net_firewall",
    "webserver": "web",
    "proxy": "proxy",
}
_PRODUCT: Mapping[str, str] = {
    **_PLATFORM,
    "m365": "microsoft365",
    "google_workspace": "gworkspace",
}
_SERVICE: Mapping[str, str] = {"windefend": "defender", "cloudtrail": "", "okta": ""}


def file_stem(info: RuleInfo, source: LogSource) -> str:
    """Return the file name without suffix: a prefix by log source and a slug of the name."""
    place = prefix(source)
    words = [place, _without_place(_slug(title(info)), place)]
    stem = "_".join(word for word in words if word)
    most = _MAX_FILE_NAME - len(".yml")
    if len(stem) <= most:
        return stem
    mark = identifier(info)[:4]  # names that differ behind the cut stay apart
    return f"{stem[: most - len(mark) - 1].rstrip('_')}_{mark}"


def _without_place(slug: str, place: str) -> str:
    """Return a name without the words at its beginning that the prefix says already."""
    said = {word for part in place.split("_") for word in (part, _PLACES.get(part, part))}
    words = slug.split("_")
    while len(words) > 2 and words[0] in said:
        words.pop(0)
    return "_".join(words)


_PLACES: Mapping[str, str] = {"win": "windows", "lnx": "linux", "microsoft365": "o365"}


def partner_name(stem: str, source: LogSource, partner: LogSource) -> str:
    """Return the name of the rule that a correlation relates to the one named `stem`."""
    kind = _slug(_kind(partner))
    return f"{stem}_{kind}" if partner != source else f"{stem}_partner"


def prefix(source: LogSource) -> str:
    """Return the beginning of the file names of a log source."""
    if source.category:
        known = _PREFIX.get(source.category, _slug(source.category))
        platform = _PLATFORM.get(source.product or "", _slug(source.product or ""))
        return known.format(platform).strip("_")
    product = _PRODUCT.get(source.product or "", _slug(source.product or ""))
    service = _SERVICE.get(source.service or "", _slug(source.service or ""))
    return "_".join(dict.fromkeys(word for word in (product, service) if word))


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
