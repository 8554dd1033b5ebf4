"""What a conversion leaves behind is freed at once: cycles cost a look at every object there is."""

from __future__ import annotations

import gc
from pathlib import Path

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


def _converts(rule: Rule, content: Content) -> bool:
    try:
        compiled = compile_rule(rule, content)
    except TranspileError:
        return False
    for target in TARGETS:
        convert_compiled(compiled, target, content=content)
    return True
