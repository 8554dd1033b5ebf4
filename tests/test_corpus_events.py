"""Rules of the corpus run over its real events without an error (every n-th rule; all: n = 1).

`TRANSPILE_EVERY=1` runs all of them, which takes about two minutes; `-s` prints the counts.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from transpile import Content
from transpile.compiled import compile_rule
from transpile.content import Rule, load_rules
from transpile.events import read_events
from transpile.interpret import NotComputable, matched
from transpile.running import context_for

CORPUS = os.environ.get("TRANSPILE_CORPUS")
EVERY = int(os.environ.get("TRANSPILE_EVERY", "40"))
EVENTS = 8255
NOW = 1_600_000_000.0
NOT_COMPUTABLE = ("are not available", "trained model", "layout of the table", "belongs to an app")
"""Reasons why a rule is not run: a lookup that the customer fills, and opaque commands."""

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(not CORPUS, reason="TRANSPILE_CORPUS is not set"),
]


def _rules() -> tuple[Content, list[Rule]]:
    assert CORPUS is not None
    content = Content.load(Path(CORPUS, "splunk"))
    rules, _ = load_rules(Path(CORPUS, "splunk", "detections"))
    return content, list(rules)[::EVERY]


def test_rules_run_over_real_events() -> None:
    assert CORPUS is not None
    files = sorted(Path(CORPUS, "events", "evtx-attack-samples").glob("*.ndjson"))
    events = [event for file in files for event in read_events(file)]
    assert len(events) == EVENTS
    content, rules = _rules()
    hits: Counter[str] = Counter()
    refused: list[str] = []
    for rule in rules:
        pipeline = compile_rule(rule, content).pipeline
        try:
            found = matched(pipeline, events, context_for(pipeline, content, now=NOW))
        except NotComputable as reason:
            refused.append(reason.message)
            continue
        assert all(0 <= index < EVENTS for index in found)
        hits[rule.name] = len(found)
    for name, count in hits.most_common():
        if count:
            print(f"{count:6} {name}")
    assert [text for text in refused if not any(known in text for known in NOT_COMPUTABLE)] == []
    assert hits.total() > 0
