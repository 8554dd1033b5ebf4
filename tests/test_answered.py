"""Filters by the rows of a known table ask the same as the inner search."""

from __future__ import annotations

from typing import Any

import pytest

from transpile import Content, convert, run
from transpile.answered import answered
from transpile.compiled import compile_rule
from transpile.content import read_rule
from transpile.interpret import Context, Interpreter
from transpile.ir.pred import InRows
from transpile.ir.walk import descend
from transpile.tables import tables_for

CONTENT = Content.builtin().with_lookups(
    {
        "tools": [
            {"name": "nmap*", "user": "eva", "level": "1"},
            {"name": "a?b", "user": "", "level": "2"},
        ],
        "nobody": [],
    }
)
EVENTS: list[dict[str, Any]] = [
    {"process": "NMAP -sS", "user": "eva"},
    {"process": "nmap", "user": "bob"},
    {"process": "nmap"},
    {"process": "a?b", "user": "eva"},
    {"process": "axb", "user": ""},
    {"process": ["x", "a?b"], "user": ["bob", "eva"]},
    {"user": "eva"},
]


def pipeline_of(spl: str) -> Any:
    return compile_rule(read_rule(spl), CONTENT).pipeline


@pytest.mark.parametrize(
    "inner",
    [
        pytest.param("inputlookup tools | rename name as process | fields process",
                     id="one-field-of-which-any-value-may-agree"),
        pytest.param("inputlookup tools | rename name as process | fields process user",
                     id="all-fields-of-one-entry-agree"),
        pytest.param("inputlookup tools | where level=2 | rename name as process | fields process",
                     id="entries-left-out"),
        pytest.param('inputlookup tools | eval process="*".name | fields process',
                     id="computed-values"),
        pytest.param("inputlookup nobody | rename name as process | fields process",
                     id="no-entry-agrees-with-nothing"),
    ],
)
@pytest.mark.parametrize("frame", ["[| {}]", "NOT [| {}]", "user=* ([| {}] OR user=bob)"])
def test_the_condition_finds_what_the_inner_search_finds(inner: str, frame: str) -> None:
    asked = pipeline_of(f"index=a | search {frame.format(inner)}")
    told = answered(asked, tables_for(asked, CONTENT))
    assert not any(isinstance(node, InRows) for node in descend(told))
    events = [{"index": "a", **event} for event in EVENTS]
    before, after = (run_of(pipeline, events) for pipeline in (asked, told))
    assert before == after


def run_of(pipeline: Any, events: list[dict[str, Any]]) -> list[int]:
    return Interpreter(Context(lookups=tables_for(pipeline, CONTENT))).matched(pipeline, events)


@pytest.mark.parametrize(
    "inner",
    [
        pytest.param("search index=b | fields process", id="events-tell-the-rows"),
        pytest.param("inputlookup theirs | fields process", id="the-table-is-not-known"),
        pytest.param("inputlookup tools | where level < now() | fields name", id="time-tells"),
    ],
)
def test_what_cannot_be_told_stays(inner: str) -> None:
    asked = pipeline_of(f"index=a [| {inner}]".replace("| search", "search"))
    assert answered(asked, tables_for(asked, CONTENT)) is asked or any(
        isinstance(node, InRows) for node in descend(answered(asked, tables_for(asked, CONTENT)))
    )


def test_event_targets_write_the_condition() -> None:
    spl = (
        "| tstats count from datamodel=Endpoint.Processes where "
        "[| inputlookup tools | rename name as Processes.process | fields Processes.process] "
        "by Processes.dest"
    )
    found = convert(spl, "eql", content=CONTENT)
    assert str(found.fidelity) == "exact"
    assert 'process.command_line : "nmap*"' in found.text
    assert run(spl, [], content=CONTENT) == []
