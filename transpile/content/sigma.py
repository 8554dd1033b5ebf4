"""Sigma rules as content: metadata from the YAML, the text of the rule for a reader of Sigma.

A document is one rule. A file with a correlation is one rule too: the correlation, with the rules
that it refers to. Source: Sigma specification 2.1, spec/sigma-semantics.md 1.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from transpile.content.fields import Fields
from transpile.content.rules import Rule, rule_id

_TECHNIQUE = re.compile(r"attack\.(t\d{4}(?:\.\d{3})?)", re.IGNORECASE)
_CVE = re.compile(r"cve[.-](\d{4}[.-]\d+)", re.IGNORECASE)


def is_sigma(data: object) -> bool:
    """Return whether a YAML document is a Sigma rule or correlation."""
    if not isinstance(data, dict) or "search" in data:
        return False
    return isinstance(data.get("detection"), dict) or isinstance(data.get("correlation"), dict)


def sigma_rules(documents: Sequence[Fields], path: Path | None) -> list[Rule]:
    """Return the rules of a file's Sigma documents. Raises ContentError CNT408."""
    correlations = [each for each in documents if "correlation" in each.data]
    if correlations:
        whole = documents[0].origin.text
        return [_rule(each, whole, path) for each in correlations]
    return [_rule(each, _written(each), path) for each in documents]


def _written(document: Fields) -> str:
    """Return the text of a document."""
    from transpile.content.yaml import scalar_map

    found = scalar_map(document.origin.text, document.origin.document, ())
    return document.origin.text if found is None else found.text[found.start : found.end]


def _rule(top: Fields, text: str, path: Path | None) -> Rule:
    tags = top.texts("tags")
    title = top.text("title") or (path.stem if path else "rule")
    return Rule(
        id=top.text("id") or rule_id(text),
        name=title,
        search=text,
        generation="sigma",
        language="sigma",
        status=top.text("status"),
        author=top.text("author"),
        date=top.text("date").replace("/", "-"),
        modified=top.text("modified").replace("/", "-"),
        description=top.text("description").strip(),
        false_positives=top.texts("falsepositives"),
        references=top.texts("references"),
        mitre_attack_ids=tuple(m[1].upper() for tag in tags if (m := _TECHNIQUE.fullmatch(tag))),
        cve=tuple(
            f"CVE-{m[1].replace('.', '-')}" for tag in tags if (m := _CVE.fullmatch(tag))
        ),
        severity=top.text("level"),
        path=top.origin.path,
        document=top.origin.document,
        source=top.origin.text,
        raw=top.data,
    )

