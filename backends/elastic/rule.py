"""The rule object of Kibana's detection engine around a query (spec/eql-semantics.md 15).

Every value is data: the object becomes JSON or TOML through a serializer.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from transpile.backends.base import Draft, RuleInfo
from transpile.backends.elastic.fields import required_fields

from transpile.fidelity import Observable
from transpile.schema.attack import Tactic, Technique, current

Document = dict[str, Any]

_NAMESPACE = uuid.UUID("c8d4c6c0-2d0a-5b52-9a5e-0c4a3f6a7e35")
_RISK: Mapping[str, int] = {"low": 21, "medium": 47, "high": 73, "critical": 99}
_SITE = "https://attack.mitre.org"
_UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))
_INTERVAL = 300
_LOOK_BACK = -360
_FRAMEWORK = "MITRE ATT&CK"
_DOMAINS: Mapping[str, str] = {
    "endpoint": "Endpoint", "windows": "Endpoint", "linux": "Endpoint", "osquery": "Endpoint",
    "aws": "Cloud", "azure": "Cloud", "gcp": "Cloud", "o365": "Cloud", "gws": "Cloud",
    "kubernetes": "Container", "okta": "Identity", "authentication": "Identity",
    "network_traffic": "Network", "network_resolution": "Network", "web": "Network",
    "zeek": "Network", "email": "Email",
}  # fmt: skip
_SYSTEMS: Mapping[str, str] = {"windows": "Windows", "linux": "Linux", "macos": "macOS"}


def rule_object(draft: Draft, info: RuleInfo, language: str) -> Document:
    """Return the rule of a query in `language` (eql or esql), without fields that Kibana sets."""
    severity = info.severity if info.severity in _RISK else "low"
    risk = _RISK[severity] if info.risk_score is None else info.risk_score
    start, end = _window(info)
    rule: Document = {
        "rule_id": identifier(info, language),
        "name": title(info),
        "description": info.description.strip() or title(info),
        "risk_score": min(max(risk, 0), 100),
        "severity": severity,
        "type": language,
        "language": language,
        "index": list(indices(draft)) if language != "esql" else [],
        "from": start,
        "to": end,
        "interval": _span(info.interval or _INTERVAL),
        "author": [info.author] if info.author else [],
        "false_positives": [text for text in info.false_positives if text.strip()],
        "references": [text for text in info.references if text.strip()],
        "tags": list(_tags(draft, info)),
        "threat": threats(info.techniques),
        "required_fields": required_fields(draft.text, language, draft.inputs),
        "note": note(draft, info),
        "query": draft.text.strip(),
    }
    return {key: _lines(value) for key, value in rule.items() if value not in ("", [], None)}


def _lines(value: Any) -> Any:
    """Return a value whose texts end their lines in one way, as TOML does."""
    match value:
        case str():
            return value.replace("\r\n", "\n").replace("\r", "\n")
        case list():
            return [_lines(item) for item in value]
        case _:
            return value


def indices(draft: Draft) -> tuple[str, ...]:
    """Return the patterns of the indices that hold a query's events."""
    sides = (name for side in draft.sides for name in side.inputs.indices)
    return tuple(dict.fromkeys((*draft.inputs.indices, *sides)))


def identifier(info: RuleInfo, language: str) -> str:
    """Return the id of the rule: the same for the same source rule and language, always."""
    return str(uuid.uuid5(_NAMESPACE, f"{language}:{info.id or info.name}"))


def title(info: RuleInfo) -> str:
    """Return the name with the first and last character that Elastic asks for (16.3)."""
    name = " ".join(info.name.split())
    name = re.sub(r"^[^a-zA-Z0-9]+|[^a-zA-Z0-9\[\]()]+$", "", name)
    return name if len(name) >= 3 else f"Rule {name or info.stem}"


# -- schedule ------------------------------------------------------------------------------------


def _window(info: RuleInfo) -> tuple[str, str]:
    """Return the bounds of one run; a minute more than Kibana's default interval without any."""
    if info.start is None or info.end is None:
        return _moment(_LOOK_BACK), "now"
    return _moment(info.start), _moment(info.end)


def _moment(seconds: int) -> str:
    if seconds == 0:
        return "now"
    return f"now{'-' if seconds < 0 else '+'}{_span(abs(seconds))}"


def _span(seconds: int) -> str:
    unit, size = next((unit, size) for unit, size in _UNITS if seconds % size == 0)
    return f"{seconds // size}{unit}"


# -- ATT&CK --------------------------------------------------------------------------------------


def threats(ids: Sequence[str]) -> list[Document]:
    """Return the tactics of techniques, each with its techniques and their sub-techniques.

    A revoked technique is its successor; an id that is not known is left out.
    """
    by_tactic: dict[str, tuple[Tactic, dict[str, Document]]] = {}
    for found in dict.fromkeys(map(current, ids)):
        if found is None:
            continue
        parent = current(found.id.partition(".")[0]) or found
        for tactic in found.tactics:
            _, techniques = by_tactic.setdefault(tactic.id, (tactic, {}))
            entry = techniques.setdefault(parent.id, _technique(parent))
            if parent.id != found.id:
                entry.setdefault("subtechnique", []).append(_technique(found))
    return [
        {
            "framework": _FRAMEWORK,
            "tactic": {
                "id": tactic.id,
                "name": tactic.name,
                "reference": f"{_SITE}/tactics/{tactic.id}/",
            },
            "technique": list(techniques.values()),
        }
        for tactic, techniques in by_tactic.values()
    ]


def _technique(found: Technique) -> Document:
    reference = f"{_SITE}/techniques/{found.id.replace('.', '/')}/"
    return {"id": found.id, "name": found.name, "reference": reference}


# -- words ---------------------------------------------------------------------------------------


def _tags(draft: Draft, info: RuleInfo) -> Iterator[str]:
    family = draft.inputs.dataset.partition(".")[0]
    domain = _DOMAINS.get(family)
    if domain:
        yield f"Domain: {domain}"
    if domain == "Endpoint" and draft.inputs.platform in _SYSTEMS:
        yield f"OS: {_SYSTEMS[draft.inputs.platform]}"
    yield "Use Case: Threat Detection"
    for threat in threats(info.techniques):
        yield f"Tactic: {threat['tactic']['name']}"


_SEEN: Mapping[Observable, str] = {
    Observable.ROWS: "the result rows", Observable.GROUPS: "the groups", Observable.EVENTS:
    "the events",
}  # fmt: skip


def note(draft: Draft, info: RuleInfo) -> str:
    """Return what a reader of the rule should know of its origin, as Markdown."""
    origin = f"Made from the Splunk rule {info.name}"
    origin += f" ({info.id})." if info.id else "."
    seen = f"It reproduces {_SEEN[draft.observable]} of that rule: {draft.fidelity}."
    parts = [f"{origin} {seen}"]
    if draft.losses:
        parts.append(_listed("Left out:", [loss.message for loss in draft.losses]))
    if draft.assumptions:
        parts.append(_listed("Taken for granted:", draft.assumptions))
    return "\n\n".join(parts)


def _listed(head: str, items: Sequence[str]) -> str:
    return "\n".join((head, "", *(f"- {_plain(item)}" for item in items)))


def _plain(item: str) -> str:
    """Return a text that Markdown shows as it is."""
    return re.sub(r"([\\`*_{}\[\]<>#|])", r"\\\1", " ".join(item.split()))
