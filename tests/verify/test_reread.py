"""Emitted texts read back: proved to say what the rule says, or shown not to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from transpile import Content
from transpile.compiled import compile_rule
from transpile.content import read_rule
from transpile.convert import convert_compiled
from transpile.verify import Trial
from transpile.verify.prove import Relation
from transpile.verify.reread import proof

CONTENT = Content.builtin()
RULE = (
    "| tstats count from datamodel=Endpoint.Processes where Processes.process_name=cmd.exe "
    'Processes.process="*/c *" NOT Processes.user="svc*" by Processes.dest'
)


PAIRS = (
    'search source="XmlWinEventLog:Security" EventCode IN (4698, 4699) | transaction TaskName '
    "startswith=(EventCode=4698) endswith=(EventCode=4699) | where duration < 60"
)


def relation(target: str, old: str = "", new: str = "", rule: str = RULE) -> Relation:
    """Return how a conversion, with a part of its text replaced, stands to the rule."""
    compiled = compile_rule(read_rule(rule), CONTENT)
    made = convert_compiled(compiled, target, content=CONTENT)
    assert made.draft is not None
    assert old in made.text, made.text
    text = made.text.replace(old, new)
    spoiled = replace(made, text=text, draft=replace(made.draft, text=text))
    return proof(Trial(compiled, CONTENT, (), (), 0.0), spoiled).relation


@pytest.mark.parametrize("target", ["sigma", "eql", "esql", "elastic", "sql:duckdb"])
def test_an_honest_text_is_proved_equal(target: str) -> None:
    assert relation(target) is Relation.EQUAL


@pytest.mark.parametrize(("old", "new", "wanted"), [
    pytest.param("", "", Relation.EQUAL, id="as-it-is"),
    pytest.param('"4699"', '"4697"', Relation.INCOMPARABLE, id="another-end"),
])
def test_a_sequence_is_compared_event_by_event(old: str, new: str, wanted: Relation) -> None:
    assert relation("eql", old, new, PAIRS) is wanted


@pytest.mark.parametrize(
    ("target", "old", "new", "wanted"),
    [
        pytest.param("eql", "*/c *", "*/c*", Relation.WIDER, id="eql-wider"),
        pytest.param("eql", "*/c *", "*/cc *", Relation.INCOMPARABLE, id="eql-other-literal"),
        pytest.param("eql", "not ", "", Relation.INCOMPARABLE, id="eql-negation-lost"),
        pytest.param("sigma", "|contains", "|startswith", Relation.NARROWER, id="sigma-narrower"),
        pytest.param("sigma", " and not 1 of filter_main_*", "", Relation.WIDER,
                     id="sigma-filter-lost"),
        pytest.param("sigma", "process_creation", "image_load", Relation.INCOMPARABLE,
                     id="sigma-other-log-source"),
    ],
)  # fmt: skip
def test_a_spoiled_text_is_shown_to_differ(
    target: str, old: str, new: str, wanted: Relation
) -> None:
    assert relation(target, old, new) is wanted


def test_what_nothing_reads_back_is_not_decided() -> None:
    assert relation("sql:sqlite") is Relation.UNDECIDED


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param('"*/c *"', '"*/c*"', id="pattern"),
        pytest.param("NOT", "", id="negation-lost"),
        pytest.param('"svc*"', '"svc"', id="wildcard-lost"),
        pytest.param("TO_LOWER(process.name)", "process.name", id="case-respected"),
        pytest.param('"process"', '"file"', id="another-category"),
        pytest.param("process.command_line)", "process.title)", id="another-field"),
    ],
)
def test_a_spoiled_where_of_esql_is_not_proved(old: str, new: str) -> None:
    assert relation("esql", old, new) is not Relation.EQUAL


def test_a_list_is_read_value_by_value() -> None:
    rule = (
        "| tstats count from datamodel=Endpoint.Registry where Registry.action=deleted "
        "Registry.registry_path=*\\Services* by Registry.dest"
    )
    assert relation("esql", rule=rule) is Relation.EQUAL
    assert relation("esql", "deletion", "deletio", rule) is not Relation.EQUAL


def test_some_member_of_a_list_is_not_every_member() -> None:
    some = """LEN(LIST_FILTER("a.b{}", LAMBDA "x" : "x" ILIKE 'v%')) > 0"""
    other = """LEN(LIST_FILTER("a.b{}", LAMBDA "x" : NOT "x" ILIKE 'v%')) > 0"""
    every = f'"a.b{{}}" IS NOT NULL AND NOT {other}'
    rule = 'a.b{}="v*" | stats count by user'
    assert relation("sql:duckdb", rule=rule) is Relation.EQUAL
    assert relation("sql:duckdb", some, every, rule) is not Relation.EQUAL


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("'%/c %'", "'%/c%'", id="pattern"),
        pytest.param("'svc%'", "'svc'", id="wildcard-lost"),
        pytest.param("'cmd.exe'", "'cmd.ex'", id="literal"),
    ],
)
def test_a_spoiled_where_is_not_proved(old: str, new: str) -> None:
    assert relation("sql:duckdb", old, new) is not Relation.EQUAL
