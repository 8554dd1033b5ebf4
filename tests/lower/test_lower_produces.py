"""No function and no aggregate of the IR is there in vain: something that is read gives each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from transpile.backends.eql import backend as eql

from transpile.ir.expr import Call
from transpile.ir.functions import AGGREGATES, FUNCTIONS
from transpile.ir.stages import Agg, Pipeline
from transpile.ir.walk import descend
from transpile.lower import lower
from transpile.lower.expressions.functions import PLAIN
from transpile.lower.schedule import scheduled
from transpile.spl import parse
from transpile.spl.functions import EVAL_FUNCTIONS
from transpile.spl.source import OPAQUE_COMMAND

HERE = Path(__file__).parent


def _cases(name: str) -> list[str]:
    lines = HERE.joinpath(name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.strip() and not line.startswith(("#", "    "))]


SEARCHES = [
    *(f"* | {command}" for command in _cases("command_cases.txt")),
    *(f"* | eval x={name}({', '.join('a' * EVAL_FUNCTIONS[name][0])})" for name in PLAIN),
    *(f"* | stats {name}(a)" for name in AGGREGATES if not name.endswith("perc")),
    "* | stats perc90(a) exactperc90(a) upperperc90(a)",
    '* | eval a=tostring(b, "hex"), c=typeof(d), e=if(json_valid(f), 1, 0)',
    "* | where like(a, b)",
    "| tstats count where index=x by _time span=1d",
    "| gentimes start=1/1/2024 end=1/3/2024",
]


EQL = ('any where stringContains~(process.name, user.name)',)
"""What only another language has."""


def _read() -> Iterator[Pipeline]:
    for search in SEARCHES:
        yield lower(parse(search, custom_commands=frozenset((OPAQUE_COMMAND,))))
    yield scheduled(lower(parse("search index=x")), "-1h", "now")
    for query in EQL:
        yield eql.reader().read(query, "eql").pipeline


@pytest.fixture(scope="module")
def produced() -> frozenset[str]:
    found: set[str] = set()
    for pipeline in _read():
        for node in descend(pipeline):
            if isinstance(node, Call):
                found.add(node.name)
            elif isinstance(node, Agg):
                found.add(node.func)
    return frozenset(found)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_some_search_lowers_to_the_function(name: str, produced: frozenset[str]) -> None:
    assert name in produced


@pytest.mark.parametrize("name", AGGREGATES)
def test_some_search_lowers_to_the_aggregate(name: str, produced: frozenset[str]) -> None:
    assert name in produced
