"""What the public rules become: every file loads, passes the validators and keeps the conventions.

The conventions are those of the Sigma repository (spec/sigma-semantics.md 10). Run it with the
interpreter of each pySigma line that is supported: `make test` (2.x) and `make test-pysigma` (1.x).
"""

from __future__ import annotations

import os
import re
from collections import Counter
from functools import lru_cache
from pathlib import Path

import pytest
import yaml

from transpile import Content
from transpile.content import load_rules
from transpile.convert import convert_rule
from transpile.fidelity import Fidelity

CORPUS = os.environ.get("TRANSPILE_CORPUS", "")
pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(not Path(CORPUS, "splunk").is_dir(), reason="needs TRANSPILE_CORPUS"),
]

ONLINE = frozenset({"attacktag", "d3_fendtag"})  # they download their vocabulary
# findings that cannot be avoided, with what the text must hold then
MEANT = {
    "EscapedWildcardIssue": r"\\[*?]",  # a literal ? or * of a URL must be escaped
    "NumberAsStringIssue": r"'\d+'",  # digits in a field that holds texts stay a text
    # one rule over events of several categories has none of its own
    "SpecificInsteadOfGenericLogsourceIssue": r"service: sysmon(.|\n)*EventID",
}
ORDER = [
    "title", "id", "name", "related", "status", "description", "references", "author", "date",
    "modified", "tags", "logsource", "detection", "correlation", "falsepositives", "level",
]
WANTED = frozenset(
    ["title", "id", "status", "description", "author", "date", "falsepositives", "level"]
)
PREFIXES = ("proc_creation_", "registry_", "file_", "net_", "image_load_", "win_", "posh_", "lnx_")
MAX_TITLE = 120


@lru_cache(maxsize=1)
def outputs() -> dict[str, str]:
    """Return the text of every rule that has a Sigma form, by file name."""
    root = Path(CORPUS, "splunk")
    content = Content.load(root)
    rules, _ = load_rules(root / "detections")
    found = (convert_rule(rule, "sigma", content=content) for rule in rules)
    return {
        conversion.filename: conversion.text
        for conversion in found
        if conversion.fidelity is not Fidelity.UNSUPPORTED
    }


@lru_cache(maxsize=1)
def documents() -> list[tuple[str, dict[str, object]]]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return [
        (name, document)
        for name, text in outputs().items()
        for document in yaml.load_all(text, Loader=loader)
    ]


def broken(rule: object) -> list[str]:
    return [name for name, document in documents() if not rule(document)]  # type: ignore[operator]


def test_validators_of_pysigma_find_nothing() -> None:
    from sigma.collection import SigmaCollection
    from sigma.validation import SigmaValidator
    from sigma.validators.core import validators

    chosen = {kind for name, kind in validators.items() if name not in ONLINE}
    checked = SigmaValidator(chosen)
    found: Counter[str] = Counter()
    for name, text in outputs().items():
        collection = SigmaCollection.from_yaml(text)
        for issue in checked.validate_rules(iter(collection.rules)):
            kind = type(issue).__name__
            if not re.search(MEANT.get(kind, "$^"), text):
                found[f"{kind}: {name}"] += 1
    assert found == Counter()


def test_file_names_are_apart_and_as_the_repository_writes_them() -> None:
    names = list(outputs())
    assert len(set(names)) == len(names) > 1000
    assert [name for name in names if not re.fullmatch(r"[a-z0-9_]{6,66}\.yml", name)] == []
    assert any(name.startswith(PREFIXES) for name in names)


def test_keys_stand_in_the_order_of_the_repository() -> None:
    places = {key: at for at, key in enumerate(ORDER)}

    def ordered(document: dict[str, object]) -> bool:
        found = [places[key] for key in document]
        return found == sorted(found)

    assert broken(ordered) == []


def test_what_the_repository_requires_is_there() -> None:
    assert broken(lambda document: document.keys() >= WANTED) == []


def test_titles() -> None:
    def fine(document: dict[str, object]) -> bool:
        title = str(document["title"])
        return (
            len(title) <= MAX_TITLE
            and not title.endswith(".")
            and not re.match(r"Detect(s|ion)?\b", title)
            and title == title.strip()
        )

    assert broken(fine) == []


def test_ids_and_titles_are_unique() -> None:
    for key in ("id", "title"):
        counts = Counter(str(document[key]) for _, document in documents())
        assert [value for value, count in counts.items() if count > 1] == []


def test_descriptions_begin_with_what_is_detected() -> None:
    def fine(document: dict[str, object]) -> bool:
        return len(str(document["description"])) >= 16

    assert broken(fine) == []


def test_false_positives_are_concrete() -> None:
    def fine(document: dict[str, object]) -> bool:
        texts = document["falsepositives"]
        assert isinstance(texts, list)
        return all(
            text[:1] == text[:1].upper() and text.lower() not in ("none", "none.", "pentest")
            for text in texts
        )

    assert broken(fine) == []


def test_references_are_no_pages_of_attack() -> None:
    assert broken(lambda document: "attack.mitre.org" not in str(document.get("references"))) == []


def test_levels_of_building_blocks_do_not_alert() -> None:
    assert broken(lambda d: "name" not in d or d["level"] == "informational") == []


def test_single_values_stand_on_the_line_of_their_field() -> None:
    def fine(document: dict[str, object]) -> bool:
        detection = document.get("detection", {})
        assert isinstance(detection, dict)
        maps = [part for search in detection.values() for part in _maps(search)]
        return all(
            not isinstance(value, list) or len(value) > 1
            for entries in maps
            for value in entries.values()
        )

    assert broken(fine) == []


def _maps(search: object) -> list[dict[str, object]]:
    if isinstance(search, dict):
        return [search]
    return [part for part in search if isinstance(part, dict)] if isinstance(search, list) else []
