"""The facts of each page as plain data; templates lay them out, and they are the JSON beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from transpile.catalog.counts import Numbers, rows_of
from transpile.catalog.entry import Entry
from transpile.catalog.neighbours import KINDS
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


class Around(NamedTuple):
    """All that the page of a rule shows and that is not read of its file: plain data.

    neighbours: of each kind key, name, language, what is dropped, what is added, likeness.
    counts: for each of its values how many other rules look for it.  groups: for each of its false
    positives the key of the group's page.  verdicts: of its conversions.
    """

    never: bool
    neighbours: tuple[tuple[tuple[Any, ...], ...], ...]
    counts: tuple[Numbers, ...]
    groups: tuple[str, ...]
    verdicts: tuple[str, ...]


_NEIGHBOUR = ("key", "name", "language", "dropped", "added", "likeness")


def around(catalog: Catalog, rule: Entry, groups: Mapping[str, str]) -> Around:
    """Return what other rules and other files say of a rule.

    groups: statement of a false positive -> key of its group's page.
    """
    rules, found = catalog.rules, catalog.neighbours(rule)
    return Around(
        # two fields of Elastic may be one in Splunk's view, so that only there no event has both
        rule.key in catalog.never and rule.language != "elastic",
        tuple(
            tuple(
                (*_heading(rules[n.index]), n.dropped, n.added, n.likeness)
                for n in getattr(found, kind)
            )
            for kind in KINDS
        ),
        catalog.counts.others(rule),
        tuple(groups.get(" ".join(text.split()), "") for text in rule.false_positives),
        tuple(outcome.verdict for outcome in rule.outcomes.values()),
    )


def _heading(rule: Entry) -> tuple[str, str, str]:
    return rule.key, rule.name, rule.language


def rule_facts(rule: Entry, around: Around) -> Facts:
    """Return what the page of a rule shows besides its sheet."""
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
        "never": around.never,
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
            for row in rows_of(rule, around.counts)
        ],
        "neighbours": {
            kind: [dict(zip(_NEIGHBOUR, row, strict=True)) for row in rows]
            for kind, rows in zip(KINDS, around.neighbours, strict=True)
        },
        "extra": [] if rule.logic is None else list(rule.logic.extra),
        "false_positives": [
            {"text": text, "group": group}
            for text, group in zip(rule.false_positives, around.groups, strict=True)
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
