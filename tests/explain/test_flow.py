"""Fields in and out: every kind of stage says which it reads, writes and removes."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any, get_args

import pytest

from transpile import explain, parse, run
from transpile.explain.flow import ALL, FLOWS, Flow, flow_of
from transpile.ir import stages as s


def test_every_kind_of_stage_has_a_line() -> None:
    assert set(FLOWS) == set(get_args(s.Stage))


FLOW: dict[str, Flow] = {
    "where a>1 AND b=c": Flow(reads=("a", "b", "c")),
    "eval x=a+1, y=x.b": Flow(reads=("a", "b"), writes=("x", "y")),
    "eval x=x+1": Flow(reads=("x",), writes=("x",)),
    "eval {k}=v": Flow(reads=("k", "v"), writes=("{k}",)),
    'rex field=a "(?<m>x)(?<n>y)"': Flow(reads=("a",), writes=("m", "n")),
    "spath input=j path=p output=o": Flow(reads=("j",), writes=("o",)),
    "rename a as b, c as d": Flow(reads=("a", "c"), writes=("b", "d"), removes=("a", "c")),
    "fields - a, b*": Flow(removes=("a", "b*")),
    "table a b": Flow(reads=("a", "b"), removes=(ALL,)),
    "fillnull value=x a": Flow(reads=("a",), writes=("a",)),
    "fillnull": Flow(reads=(ALL,), writes=(ALL,)),
    "bin span=1h _time": Flow(reads=("_time",), writes=("_time",)),
    "bin span=10 n as m": Flow(reads=("n",), writes=("m",)),
    "mvexpand a": Flow(reads=("a",), writes=("a",)),
    "lookup t k as a OUTPUT v as w": Flow(reads=("a",), writes=("w",)),
    "stats count dc(a) as d by b": Flow(("b", "a"), ("b", "count", "d"), (ALL,)),
    "stats latest(a) as l": Flow(("a", "_time"), ("l",), (ALL,)),
    "eventstats sum(a) as s by b": Flow(("b", "a"), ("s",)),
    "chart count over a by b": Flow(("a", "b"), ("a", ALL), (ALL,)),
    "dedup a b": Flow(reads=("a", "b")),
    "sort -a b": Flow(reads=("a", "b")),
    "head 5": Flow(),
    "join a [search x=1]": Flow(reads=("a",), writes=(ALL,)),
    "append [search x=1]": Flow(writes=(ALL,)),
    "addtotals fieldname=t a b": Flow(reads=("a", "b"), writes=("t",)),
    "iplocation a": Flow(("a",), ("City", "Country", "Region", "lat", "lon")),
    "untable a n v": Flow(("a", ALL), ("a", "n", "v"), (ALL,)),
    "foreach a* [eval t=t+<<FIELD>>]": Flow(reads=("a*",), writes=("t",)),
}


def last_stage(command: str) -> s.Stage:
    return parse(f"* | {command}").stages[-1]


@pytest.mark.parametrize("command", FLOW)
def test_flow(command: str) -> None:
    assert flow_of(last_stage(command)) == FLOW[command]


ROW: dict[str, Any] = {"a": 1, "b": 2, "c": 2, "k": "q", "v": 7, "_time": 5000, "j": '{"p":1}',
                       "n": 12, "x": 1}  # fmt: skip
RUNNABLE = [c for c in FLOW if not c.startswith(("lookup", "iplocation", "join", "append"))]


@pytest.mark.parametrize("command", RUNNABLE)
def test_only_fields_that_a_stage_writes_or_removes_are_changed_by_it(command: str) -> None:
    flow = FLOW[command]
    for after in run(f"* | {command}", [ROW]):
        appeared = {name for name, value in after.items() if ROW.get(name) != value}
        if ALL not in flow.writes and "{k}" not in flow.writes:
            assert appeared <= set(flow.writes)
        if ALL not in flow.removes:
            gone = set(ROW) - set(after)
            assert all(any(fnmatchcase(n, pattern) for pattern in flow.removes) for n in gone)


@pytest.mark.parametrize(
    "command", [c for c in RUNNABLE if FLOW[c].writes and ALL not in FLOW[c].reads + FLOW[c].writes]
)
def test_fields_that_a_stage_does_not_name_do_not_matter_to_it(command: str) -> None:
    """The row without them gives the same values for what is written."""
    flow = FLOW[command]
    named = {"a", *flow.reads, *flow.writes}
    poorer = {name: value for name, value in ROW.items() if name in named}
    written = [
        [{name: row.get(name) for name in flow.writes} for row in run(f"* | {command}", [event])]
        for event in (ROW, poorer)
    ]
    assert written[0] == written[1]


def test_the_page_shows_them() -> None:
    page = explain("index=w | stats count by src")
    line = "reads src; writes src, count; removes all others"
    assert line in page.to_text()
    assert line in page.to_markdown()
    (step,) = page.to_json()["stages"][1]["steps"]
    assert step["flow"] == {"reads": ("src",), "writes": ("src", "count"), "removes": (ALL,)}
