"""Elasticsearch's published EQL cases, each with the events that Elasticsearch returns."""

from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path

import pytest
from transpile.backends.eql.engine import evaluate, parse_eql

CORPUS = os.environ.get("TRANSPILE_CORPUS")
FOLDER = Path(CORPUS or "") / "eql_cases"
FILES = ("test_queries.toml", "additional_test_queries.toml")
FILETIME_OF_1970 = 116444736000000000  # 100 ns since 1601

pytestmark = [pytest.mark.corpus, pytest.mark.skipif(not CORPUS, reason="needs TRANSPILE_CORPUS")]


def cases():
    if CORPUS:
        for file in FILES:
            for case in tomllib.loads((FOLDER / file).read_text(encoding="utf-8"))["queries"]:
                yield pytest.param(case["query"], case["expected_event_ids"], id=case["name"])


@pytest.fixture(scope="module")
def documents():
    events = json.loads((FOLDER / "test_data.json").read_text(encoding="utf-8"))
    for event in events:
        event["@timestamp"] = (event["timestamp"] - FILETIME_OF_1970) / 10_000
    return events


@pytest.mark.parametrize(("query", "expected"), list(cases()))
def test_elasticsearch_case(query, expected, documents):
    found = evaluate(
        parse_eql(query), documents, category_field="event_type", tiebreaker="serial_event_id"
    )
    flat = [index for hit in found for index in (hit if isinstance(hit, tuple) else (hit,))]
    assert [documents[index]["serial_event_id"] for index in flat] == expected


def test_all_cases_are_read():
    assert len(list(cases())) == 194
