"""Every query that the public rules become is EQL, for this engine and for PyEQL."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from eql.parser import allow_runs, allow_sample, elasticsearch_syntax, parse_query
from transpile.backends.eql.engine import parse_eql

from transpile.content import Content, read_rule
from transpile.convert import convert_rule
from transpile.errors import TranspileError

CORPUS = os.environ.get("TRANSPILE_CORPUS")
SPLUNK = Path(CORPUS or "") / "splunk"

pytestmark = [pytest.mark.corpus, pytest.mark.skipif(not CORPUS, reason="needs TRANSPILE_CORPUS")]


@pytest.fixture(scope="module")
def conversions():
    content = Content.load(SPLUNK)
    found = {}
    for path in sorted((SPLUNK / "detections").rglob("*.yml")):
        try:
            found[path.stem] = convert_rule(read_rule(path), "eql", content=content)
        except TranspileError:
            continue  # the front end's own tests count these
    return found


def test_most_rules_have_a_query(conversions):
    assert sum(one.supported for one in conversions.values()) > 0.9 * len(conversions) > 900


def test_every_query_is_read_by_both_parsers(conversions):
    for one in conversions.values():
        if one.supported:
            parse_eql(one.text)
            with elasticsearch_syntax, allow_runs, allow_sample:
                parse_query(one.text)


def test_a_query_with_losses_is_not_called_exact(conversions):
    wrong = [name for name, one in conversions.items() if one.supported
             and (one.fidelity.value == "exact") == bool(one.losses)]  # fmt: skip
    assert wrong == []
