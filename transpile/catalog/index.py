"""The index of the search in the browser: a row a rule, in files of a bounded size."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from transpile.catalog.entry import LANGUAGES, Entry
from transpile.migration import STATUS

_SHARD = 150_000
"""Characters of one file of the index at most."""

_LETTERS = {"full": "f", "partial": "p", "none": "n"}


def rows(rules: Sequence[Entry], targets: Sequence[str]) -> list[list[Any]]:
    """Return a row a rule for the search in the browser.

    Key, name, language, severity, collection, techniques, a letter per target (`-`: not converted),
    and the fields and values that it looks for, in lower case.
    """
    languages = list(LANGUAGES)
    found = []
    for rule in rules:
        marks = "".join(_mark(rule, target) for target in targets)
        asked = dict.fromkeys(part for v in rule.values for part in (v.field, v.text) if part)
        events = dict.fromkeys(f"{e.provider} {e.id}".strip() for e in rule.events)
        text = " ".join((*asked, *events)).lower()
        found.append(
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
    return found


_MOST_TEXT = 1500
"""Characters of fields and values by which one rule can be found."""


def _mark(rule: Entry, target: str) -> str:
    outcome = rule.outcomes.get(target)
    return "-" if outcome is None else _LETTERS[STATUS[outcome.fidelity]]


def shards(rows: Sequence[Any]) -> list[list[str]]:
    """Return rows as JSON in lists of a bounded size; one list at least."""
    found: list[list[str]] = [[]]
    size = 0
    for row in rows:
        text = json.dumps(row, ensure_ascii=True, separators=(",", ":"))
        if found[-1] and size + len(text) > _SHARD:
            found.append([])
            size = 0
        found[-1].append(text)
        size += len(text)
    return found
