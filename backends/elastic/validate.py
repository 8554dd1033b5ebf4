"""The rules that Elastic states for the fields of a detection rule (spec/eql-semantics.md 15, 16).

Used in the tests, on what is emitted and on all of Elastic's own rules.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Document = Mapping[str, Any]

TYPES: Mapping[str, frozenset[str]] = {
    "query": frozenset({"query", "language"}),
    "saved_query": frozenset({"saved_id"}),
    "eql": frozenset({"query", "language"}),
    "esql": frozenset({"query", "language"}),
    "threshold": frozenset({"query", "language", "threshold"}),
    "threat_match": frozenset({"query", "threat_query", "threat_index", "threat_mapping"}),
    "machine_learning": frozenset({"machine_learning_job_id", "anomaly_threshold"}),
    "new_terms": frozenset({"query", "language", "new_terms"}),
}
"""Per rule type the fields that it needs besides those of all rules."""

_REQUIRED = ("name", "description", "risk_score", "severity", "type")
_LANGUAGES: Mapping[str, frozenset[str]] = {
    "eql": frozenset({"eql"}),
    "esql": frozenset({"esql"}),
    **dict.fromkeys(("query", "threshold", "threat_match", "new_terms"),
                    frozenset({"kuery", "lucene"})),
}
_MANAGED = frozenset({
    "id", "immutable", "rule_source", "created_at", "updated_at", "created_by", "updated_by",
    "revision", "execution_summary", "output_index",
})  # fmt: skip
_LISTS = ("author", "false_positives", "index", "references", "tags")
_NAME = re.compile(r"[a-zA-Z0-9].+?[a-zA-Z0-9\[\]()]")
# two of Elastic's own ids have a digit too many at the end
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12,13}")
_INTERVAL = re.compile(r"\d+[mshd]")
_MOMENT = re.compile(r"now(?:[+-]\d+[smhdw])?(?:/[smhdw])?")
_DATE = re.compile(r"\d{4}/\d{2}/\d{2}")
_MATURITY = frozenset({"development", "experimental", "beta", "production", "deprecated"})
_SITE = "https://attack.mitre.org"


def faults(rule: Document) -> list[str]:
    """Return what is wrong with a rule object; nothing for one that Kibana takes."""
    return [f"{name}: {fault}" for name, check in _CHECKS for fault in check(rule)]


def toml_faults(document: Document) -> list[str]:
    """Return what is wrong with a file of elastic/detection-rules."""
    if set(document) - {"metadata", "rule", "transform", "hunt"} or "rule" not in document:
        return ["tables: metadata and rule are expected"]
    rule = document["rule"]
    found = [*_metadata(document.get("metadata", {})), *faults(rule)]
    found += [f"{key} is missing" for key in ("author", "rule_id") if key not in rule]
    found += [f"{key} must not be there" for key in ("version", "revision") if key in rule]
    return found


def _metadata(metadata: Document) -> Iterator[str]:
    for key in ("creation_date", "updated_date"):
        if not _DATE.fullmatch(str(metadata.get(key, ""))):
            yield f"{key}: YYYY/MM/DD is expected"
    if metadata.get("maturity") not in _MATURITY:
        yield f"maturity: {metadata.get('maturity')!r}"
    if not _is_texts(metadata.get("integration", []), or_text=True):
        yield "integration: a list of names is expected"


# -- checks --------------------------------------------------------------------------------------


def _present(rule: Document) -> Iterator[str]:
    wanted = (*_REQUIRED, *sorted(TYPES.get(str(rule.get("type")), ())))
    yield from (f"{key} is missing" for key in wanted if key not in rule)
    yield from (f"{key} is Kibana's own" for key in sorted(_MANAGED & rule.keys()))
    if rule.get("type") not in TYPES:
        yield f"type {rule.get('type')!r} is not known"
    allowed = _LANGUAGES.get(str(rule.get("type")))
    if allowed is not None and "language" in rule and rule["language"] not in allowed:
        yield f"language {rule['language']!r}"


def _texts(rule: Document) -> Iterator[str]:
    for key in ("name", "description", "query", "note"):
        if key in rule and not (isinstance(rule[key], str) and rule[key].strip()):
            yield f"{key} is empty or no text"
    if not _NAME.fullmatch(str(rule.get("name", ""))):
        yield f"name {rule.get('name')!r}"
    for key in _LISTS:
        if not _is_texts(rule.get(key, [])):
            yield f"{key} is no list of texts"


def _is_texts(value: Any, *, or_text: bool = False) -> bool:
    if or_text and isinstance(value, str):
        return True
    return isinstance(value, list) and all(isinstance(v, str) and v.strip() for v in value)


def _identity(rule: Document) -> Iterator[str]:
    if not _UUID.fullmatch(str(rule.get("rule_id", ""))) and "rule_id" in rule:
        yield f"rule_id {rule['rule_id']!r} is no lower-case UUID"


def _risk(rule: Document) -> Iterator[str]:
    score = rule.get("risk_score")
    if isinstance(score, bool) or not isinstance(score, int) or not 0 <= score <= 100:
        yield f"risk_score {score!r}"
    if rule.get("severity") not in ("low", "medium", "high", "critical"):
        yield f"severity {rule.get('severity')!r}"


def _schedule(rule: Document) -> Iterator[str]:
    if not _INTERVAL.fullmatch(str(rule.get("interval", "5m"))):
        yield f"interval {rule['interval']!r}"
    for key in ("from", "to"):
        if not _MOMENT.fullmatch(str(rule.get(key, "now"))):
            yield f"{key} {rule[key]!r}"


def _source(rule: Document) -> Iterator[str]:
    if "index" in rule and "data_view_id" in rule:
        yield "index and data_view_id exclude each other"
    if rule.get("type") == "esql":
        yield from (f"an ES|QL rule has no {key}" for key in ("index", "filters") if key in rule)
        yield from _metadata_of(str(rule.get("query", "")))


def _metadata_of(query: str) -> Iterator[str]:
    """A query without STATS must hand on what identifies its events."""
    lines = re.sub(r"//[^\n]*|/\*.*?\*/", " ", query, flags=re.DOTALL)
    if re.search(r"\|\s*(?:inline\s+)?stats\b", lines, re.IGNORECASE):
        return
    metadata = re.search(r"\bmetadata\s+([\w, \n]+)", lines, re.IGNORECASE)
    named = set(re.findall(r"\w+", metadata[1])) if metadata else set()
    if not {"_id", "_version", "_index"} <= named:
        yield "a query without STATS needs METADATA _id, _version, _index"
    if not re.search(r"\|\s*keep\b", lines, re.IGNORECASE):
        yield "a query without STATS needs a KEEP"


def _threat(rule: Document) -> Iterator[str]:
    for threat in rule.get("threat", []):
        if threat.get("framework") not in ("MITRE ATT&CK", "MITRE ATLAS"):
            yield f"framework {threat.get('framework')!r}"
            continue
        tactic = threat.get("tactic", {})
        yield from _attack(tactic, r"(?:AML\.)?TA\d{4}", "tactics")
        for technique in threat.get("technique", []):
            yield from _attack(technique, r"(?:AML\.)?T\d{4}", "techniques")
            for inner in technique.get("subtechnique", []):
                yield from _attack(inner, r"(?:AML\.)?T\d{4}\.\d{3}", "techniques")
                if not str(inner.get("id")).startswith(f"{technique.get('id')}."):
                    yield f"{inner.get('id')} is not below {technique.get('id')}"


def _attack(entry: Document, shape: str, folder: str) -> Iterator[str]:
    found = str(entry.get("id", ""))
    if not re.fullmatch(shape, found) or not entry.get("name"):
        yield f"{folder} id {found!r} or its name"
    reference = str(entry.get("reference", ""))
    if found.startswith("AML."):
        return
    if reference.rstrip("/") != f"{_SITE}/{folder}/{found.replace('.', '/')}":
        yield f"reference {reference!r} of {found}"


def _fields(rule: Document) -> Iterator[str]:
    for entry in rule.get("required_fields", []):
        if set(entry) - {"name", "type", "ecs"} or not entry.get("name") or not entry.get("type"):
            yield f"required field {entry!r}"


def _threshold(rule: Document) -> Iterator[str]:
    threshold = rule.get("threshold")
    if threshold is None:
        return
    if not isinstance(threshold.get("value"), int) or threshold["value"] < 1:
        yield f"threshold value {threshold.get('value')!r}"
    if len(threshold.get("field", [])) > 5:
        yield "more than five threshold fields"


def _suppression(rule: Document) -> Iterator[str]:
    suppression = rule.get("alert_suppression")
    if suppression is None:
        return
    if rule.get("type") != "threshold" and not 1 <= len(suppression.get("group_by", [])) <= 3:
        yield "alert_suppression needs one to three fields"
    duration = suppression.get("duration", {"value": 1, "unit": "m"})
    if duration.get("unit") not in ("s", "m", "h") or not isinstance(duration.get("value"), int):
        yield f"alert_suppression duration {duration!r}"


_CHECKS: tuple[tuple[str, Callable[[Document], Iterator[str]]], ...] = (
    ("presence", _present),
    ("texts", _texts),
    ("identity", _identity),
    ("risk", _risk),
    ("schedule", _schedule),
    ("source", _source),
    ("threat", _threat),
    ("required fields", _fields),
    ("threshold", _threshold),
    ("suppression", _suppression),
)
