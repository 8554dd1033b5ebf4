"""Every rule of the corpus lowers; what stays opaque or undecided is listed with its reason."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from transpile import Content
from transpile.compiled import compile_rule
from transpile.content import load_rules
from transpile.ir.pred import Unknown
from transpile.ir.stages import Opaque, Pipeline
from transpile.ir.walk import descend

CORPUS = os.environ.get("TRANSPILE_CORPUS")

MODEL = "it needs a trained model that is not part of the rule"
OPAQUE = {
    ("apply", MODEL, "5.30"),
    ("summary", MODEL, "9"),
    ("multikv", "the layout of the table depends on the event", "5.24"),
    ("outlier", "its statistics are not documented well enough to reproduce them", "5.29"),
    ("cyberchef", "it belongs to an app that is not part of the rule", "9"),
}
UNKNOWN = {
    "a regular expression that is not a constant",
    "like with a pattern that is not a constant",
}


@pytest.fixture(scope="module")
def pipelines() -> list[Pipeline]:
    assert CORPUS is not None
    content = Content.load(Path(CORPUS, "splunk"))
    rules, broken = load_rules(Path(CORPUS, "splunk", "detections"))
    assert not broken
    return [compile_rule(rule, content).pipeline for rule in rules]


pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(not CORPUS, reason="TRANSPILE_CORPUS is not set"),
]


def test_opaque_stages_are_those_that_nobody_can_compute(pipelines: list[Pipeline]) -> None:
    found = {
        (node.command, node.reason, node.section)
        for pipeline in pipelines
        for node in descend(pipeline)
        if isinstance(node, Opaque)
    }
    assert found == OPAQUE


def test_97_percent_of_the_rules_have_no_opaque_stage(pipelines: list[Pipeline]) -> None:
    clear = sum(
        not any(isinstance(node, Opaque) for node in descend(pipeline)) for pipeline in pipelines
    )
    assert clear >= 0.97 * len(pipelines)


def test_undecided_conditions_have_patterns_that_the_event_brings(
    pipelines: list[Pipeline],
) -> None:
    found = Counter(
        node.reason
        for pipeline in pipelines
        for node in descend(pipeline)
        if isinstance(node, Unknown)
    )
    assert set(found) == UNKNOWN
    assert found.total() <= 6
