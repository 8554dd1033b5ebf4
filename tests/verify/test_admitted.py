"""What a conversion assumes of values, as the prover is told it, against what the schema admits."""

from __future__ import annotations

import pytest

from transpile import Content
from transpile.compiled import compile_rule
from transpile.content import read_rule
from transpile.convert import convert_compiled
from transpile.interpret import compile_pred
from transpile.schema.derive import ENUMERATIONS, Context, admits, words
from transpile.verify.admitted import admitted

CONTENT = Content.builtin()
REGISTRY = (
    "| tstats count from datamodel=Endpoint.Registry where Registry.action={} by Registry.dest"
)
VALUES = ("modified", "MODIFIED", "modifiedx", "deleted", "", "other")


@pytest.mark.parametrize("name", sorted(ENUMERATIONS))
def test_the_words_of_an_enumeration_are_those_that_it_admits(name: str) -> None:
    for taxonomy in ("sigma", "ecs"):
        context = Context("action", "event.action", (), taxonomy)
        for word in words(name, context):
            assert admits(name, word, context)
            assert not admits(name, word + "x1", context)


@pytest.mark.parametrize("target", ["sigma", "eql"])
def test_what_the_prover_is_told_is_what_the_schema_admits(target: str) -> None:
    compiled = compile_rule(read_rule(REGISTRY.format("modified")), CONTENT)
    draft = convert_compiled(compiled, target, content=CONTENT).draft
    assert draft is not None
    told = compile_pred(admitted(draft, ["action", "registry_value_name"]))
    found = {value: told({"action": value}) for value in VALUES}
    assert found == {value: value.lower() in ("modified", "deleted") for value in VALUES}
    assert told({"registry_value_name": "Run"})
    assert told({"registry_value_name": "a\\b"}) is (target == "eql")  # a field of its own there


def test_a_table_of_the_rules_own_fields_admits_all() -> None:
    compiled = compile_rule(read_rule(REGISTRY.format("modified")), CONTENT)
    draft = convert_compiled(compiled, "sql:duckdb", content=CONTENT).draft
    assert draft is not None
    assert compile_pred(admitted(draft, ["action"]))({"action": "anything"})
