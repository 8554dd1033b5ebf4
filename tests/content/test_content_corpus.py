"""The public rules: all load, all expand, and every position leads back into the file."""

from __future__ import annotations

import os
import random
import re
import time
from pathlib import Path

import pytest

from transpile.content import Content, expand, load_rule

CORPUS = os.environ.get("TRANSPILE_CORPUS", "")
SPLUNK = Path(CORPUS) / "splunk"

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(not CORPUS or not SPLUNK.is_dir(), reason="TRANSPILE_CORPUS is not set"),
]


@pytest.fixture(scope="module")
def content() -> Content:
    return Content.load(SPLUNK)


def test_all_rules_load_with_what_every_rule_has(content: Content) -> None:
    assert content.errors == ()
    assert len(content.rules) > 1000
    for rule in content.rules:
        assert rule.generation == "2024"
        assert all((rule.id, rule.name, rule.type, rule.version, rule.date, rule.category))
        assert rule.risk_score is not None
        assert rule.entities or rule.threat_objects
        assert content.deployment_for(rule) is not None


def test_all_rules_expand_and_all_macros_resolve(content: Content) -> None:
    for rule in content.rules:
        source = expand(rule.search, content, rule_name=rule.name)
        strings_gone = re.sub(r'"(?:[^"\\]|\\.)*"', "", source.text)
        assert "`" not in strings_gone, rule.path
        for call in source.calls:
            written = rule.search[call.span.start : call.span.end]
            assert written[0] == written[-1] == "`"


def test_positions_lead_to_the_right_characters_of_the_file(content: Content) -> None:
    for rule in random.Random(7).sample(content.rules, 50):
        lines = rule.source.split("\n")
        assert rule.location.value() == rule.search
        for offset, char in enumerate(rule.search):
            line, column = rule.position(offset)
            there = lines[line - 1][column - 1 : column] or "\n"
            assert there == char or (char in " \n" and there == "\n") or there == "\\", rule.path


def test_lookups_of_the_repository_are_found(content: Content) -> None:
    for file in (SPLUNK / "lookups").glob("*.yml"):
        name = re.search(r"^name: (.+?)\s*$", file.read_text(), re.MULTILINE)
        assert name is not None
        found = content.lookup(name[1])
        assert found is not None, file
        assert (found.rows is not None) == (found.kind == "csv"), file


def test_speed() -> None:
    fresh = Content.load(SPLUNK)
    began = time.process_time()
    rules = fresh.rules
    loaded = time.process_time() - began
    assert loaded < 2.5
    for rule in rules:
        expand(rule.search, fresh)
    began = time.process_time()
    for rule in rules:
        expand(rule.search, fresh)
    assert (time.process_time() - began) / len(rules) < 0.3e-3
    path = Path(rules[0].path or "")
    began = time.process_time()
    for _ in range(20):
        load_rule(path)
    assert (time.process_time() - began) / 20 < 3e-3
