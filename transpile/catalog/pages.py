"""The facts of each page as plain data; templates lay them out, and they are the JSON beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from transpile.catalog.entry import LANGUAGES, Entry
from transpile.catalog.neighbours import KINDS, Neighbour
from transpile.explain.coverage import attack_coverage
from transpile.migration import STATUS
from transpile.schema import attack

if TYPE_CHECKING:
    from transpile.catalog import Catalog

MOST_NEIGHBOURS = 40
"""Neighbours of one relation that a page lists; the JSON beside it has all."""

Facts = dict[str, Any]


def links(rules: Sequence[Entry], positions: Iterable[int]) -> list[Facts]:
    """Return what a list of rules shows of each."""
    return [_link(rules[at]) for at in positions]


def _link(rule: Entry) -> Facts:
    return {
        "key": rule.key,
        "name": rule.name,
        "language": rule.language,
        "severity": rule.severity,
        "collection": rule.collection,
    }


def rule_facts(catalog: Catalog, rule: Entry, groups: Mapping[str, str]) -> Facts:
    """Return what the page of a rule shows besides its sheet.

    groups: statement of a false positive -> key of its group's page.
    """
    around = catalog.neighbours(rule)
    return {
        **_link(rule),
        "id": rule.id,
        "status": rule.status,
        "type": rule.type,
        "author": rule.author,
        "date": rule.date,
        "modified": rule.modified,
        "source": f"{rule.collection}/{rule.path}",
        "error": rule.error,
        # two fields of Elastic may be one in Splunk's view, so that only there no event has both
        "never": rule.key in catalog.never and rule.language != "elastic",
        "attack": [
            {
                "tactic": row.tactic,
                "techniques": [_technique(text) for text in row.techniques],
                "was": list(row.was),
            }
            for row in attack_coverage(rule.techniques)
        ],
        "events": [event._asdict() for event in rule.events],
        "indicators": [
            {
                "field": row.field,
                "kind": row.kind,
                "values": [
                    {"text": v.text, "corpus": v.total, "by": [list(pair) for pair in v.rules]}
                    for v in row.values
                ],
            }
            for row in catalog.indicators(rule)
        ],
        "neighbours": {
            kind: [_neighbour(catalog.rules[n.index], n) for n in getattr(around, kind)]
            for kind in KINDS
        },
        "extra": [] if rule.logic is None else list(rule.logic.extra),
        "false_positives": [
            {"text": text, "group": groups.get(" ".join(text.split()), "")}
            for text in rule.false_positives
        ],
        "outcomes": {
            target: {**outcome._asdict(), "status": STATUS[outcome.fidelity]}
            for target, outcome in rule.outcomes.items()
        },
    }


def _technique(text: str) -> Facts:
    """Return id and name of a technique; one that ATT&CK does not know has no name, and no page."""
    number, _, name = text.partition(" ")
    known = number in attack.ids_in_force()
    return {"id": number, "name": name} if known else {"id": text, "name": ""}


def _neighbour(rule: Entry, neighbour: Neighbour) -> Facts:
    return {
        "key": rule.key,
        "name": rule.name,
        "language": rule.language,
        "dropped": list(neighbour.dropped),
        "added": list(neighbour.added),
        "likeness": neighbour.likeness,
    }


_LETTERS = {"full": "f", "partial": "p", "none": "n"}


def index_rows(rules: Sequence[Entry], targets: Sequence[str]) -> list[list[Any]]:
    """Return a row a rule for the search in the browser.

    Key, name, language, severity, collection, techniques, a letter per target (`-`: not converted),
    and the fields and values that it looks for, in lower case.
    """
    languages = list(LANGUAGES)
    rows = []
    for rule in rules:
        marks = "".join(_mark(rule, target) for target in targets)
        asked = dict.fromkeys(part for v in rule.values for part in (v.field, v.text) if part)
        events = dict.fromkeys(f"{e.provider} {e.id}".strip() for e in rule.events)
        text = " ".join((*asked, *events)).lower()
        rows.append(
            [
                rule.key.partition("/")[2],
                rule.name,
                languages.index(rule.language),
                rule.severity,
                rule.collection,
                " ".join(rule.techniques),
                marks,
                text[:_MOST_TEXT],
            ]
        )
    return rows


_MOST_TEXT = 1500
"""Characters of fields and values by which one rule can be found."""


def _mark(rule: Entry, target: str) -> str:
    outcome = rule.outcomes.get(target)
    return "-" if outcome is None else _LETTERS[STATUS[outcome.fidelity]]
