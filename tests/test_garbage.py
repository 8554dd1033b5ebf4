"""What a conversion leaves behind is freed at once, and nothing that the next one uses is.

Cycles cost a look at every object there is.
"""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

from transpile import Content, TranspileError
from transpile.compiled import compile_rule
from transpile.content import Rule, load_rules
from transpile.convert import convert_compiled

RULES = Path(__file__).parent.parent / "rules"
TARGETS = ("sigma", "eql", "sql:duckdb")
MOST = 200
"""Objects in cycles that a rule leaves, on average; a tree of sqlglot alone has some hundreds."""


def test_conversions_leave_few_objects_in_cycles() -> None:
    content = Content.load(RULES)
    rules, _ = load_rules(RULES / "detections")
    converted = sum(_converts(rule, content) for rule in rules)  # caches fill
    gc.collect()
    gc.disable()
    try:
        for rule in rules:
            _converts(rule, content)
        assert gc.collect() < MOST * converted
    finally:
        gc.enable()


@pytest.mark.parametrize("dialect", ["duckdb", "sqlite", "postgres", "spark", "clickhouse"])
def test_a_query_that_is_let_go_is_written_again(dialect: str) -> None:
    content = Content.load(RULES)
    rules, _ = load_rules(RULES / "detections")
    compiled = [compile_rule(rule, content) for rule in rules]
    first, second = (
        [convert_compiled(each, f"sql:{dialect}", content=content).text for each in compiled]
        for _ in range(2)
    )
    assert first == second
    assert any(first)


def _converts(rule: Rule, content: Content) -> bool:
    try:
        compiled = compile_rule(rule, content)
    except TranspileError:
        return False
    for target in TARGETS:
        convert_compiled(compiled, target, content=content)
    return True
