"""One test per open point of the SPL documentation: the choice that `CHOICES` states is taken."""

from __future__ import annotations

from datetime import timedelta, timezone
from typing import Any

import pytest

from transpile import Content, run
from transpile.compiled import compile_rule
from transpile.content import read_rule
from transpile.interpret import Context, run_pipeline
from transpile.lower.choices import CHOICES

Rows = list[dict[str, Any]]

TABLE = {"colours": [{"k": "r", "name": "red"}]}

CASES: list[tuple[str, str, Rows, Rows]] = [
    ("U1", "where NOT a=1 | table i", [{"i": 1}, {"i": 2, "a": 2}], [{"i": 2}]),
    ("U1", "where a=1 OR b=1 | table i", [{"i": 1, "b": 1}], [{"i": 1}]),
    ("U2", 'where a="x" | table i', [{"i": 1, "a": ["x", "y"]}], [{"i": 1}]),
    ("U2", 'where a!="x" | table i', [{"i": 1, "a": ["x", "y"]}, {"i": 2, "a": "x"}], [{"i": 1}]),
    ("U2", 'where match(a, "^y") | table i', [{"i": 1, "a": ["x", "y"]}], [{"i": 1}]),
    ("U2", 'where like(a, "y%") | table i', [{"i": 1, "a": ["x", "y"]}], [{"i": 1}]),
    ("U2", "where a>5 | table i", [{"i": 1, "a": [1, 9]}], [{"i": 1}]),
    ("U3", "where a=1 | table a", [{"a": "1.0"}, {"a": "one"}], [{"a": "1.0"}]),
    ("U3", "where a!=1 | table a", [{"a": "1.0"}, {"a": "one"}], [{"a": "one"}]),
    ("U3", "eval s=a+b | table s", [{"a": "1", "b": "2"}], [{"s": 3}]),
    ("U3", 'eval s="1"+"2" | table s', [{"a": 1}], [{"s": "12"}]),
    ("U4", r'where like(a, "%\\_b") | table a', [{"a": r"x\zb"}, {"a": "x_b"}], [{"a": r"x\zb"}]),
    (
        "U5",
        "stats count by a",
        [{"a": ["x", "y"]}, {"a": "x"}, {}],
        [{"a": "x", "count": 2}, {"a": "y", "count": 1}],
    ),
    (
        "U6",
        "stats median(n) AS m p50(n) AS p",
        [{"n": 1}, {"n": 2}, {"n": 3}, {"n": 4}],
        [{"m": 3, "p": 3}],
    ),
    ("U6", "stats mode(a) AS m", [{"a": "y"}, {"a": "x"}], [{"m": "x"}]),
    ("U7", 'search a="" | table i', [{"i": 1, "a": ""}, {"i": 2, "a": "x"}, {"i": 3}], [{"i": 1}]),
    ("U7", "search NOT a=* | table i", [{"i": 1, "a": ""}, {"i": 2}], [{"i": 2}]),
    (
        "U8",
        "search fail | table _raw",
        [{"_raw": "fail: x"}, {"_raw": "failed"}],
        [{"_raw": "fail: x"}],
    ),
    (
        "U8",
        "search fail* | table _raw",
        [{"_raw": "all failed"}, {"_raw": "unfail"}],
        [{"_raw": "all failed"}],
    ),
    (
        "U10",
        "lookup colours k OUTPUT name | table k name",
        [{"k": "g", "name": "old"}, {"name": "old"}],
        [{"k": "g", "name": "old"}, {"name": "old"}],
    ),
    ("U11", 'rex field=a "x(?<g>\\d)" | table g', [{"a": "y", "g": "old"}], [{"g": "old"}]),
    ("U11", 'rex field=a "x(?<g>\\d)" | table g', [{"a": ["x1", "x2"]}], [{"g": ["1", "2"]}]),
    ("U11", 'rex field=a "(?<g>\\d)?x" | table g', [{"a": "x", "g": "old"}], [{"g": "old"}]),
    ("U12", 'regex a!="x" | table i', [{"i": 1}, {"i": 2, "a": "x"}], [{"i": 1}]),
    (
        "U13",
        "mvexpand a | table i a",
        [{"i": 1}, {"i": 2, "a": ["x", "y"]}],
        [{"i": 1}, {"i": 2, "a": "x"}, {"i": 2, "a": "y"}],
    ),
    ("U14", "bin span=2s t | table t", [{"t": 5}], [{"t": 4}]),
    ("U14", "bin span=2 t | table t", [{"t": 5}], [{"t": "4-6"}]),
    (
        "U15",
        "join k [| makeresults | eval k=1, _time=7] | table _time",
        [{"k": 1, "_time": 3}],
        [{"_time": 7}],
    ),
    ("U16", "eval s=1 | foreach a b [eval s=s+'<<FIELD>>'] | table s", [{"a": 2}], [{"s": 3}]),
    ("U17", 'replace "X" WITH "new" IN a | table a', [{"a": "x"}], [{"a": "new"}]),
    (
        "U19",
        "search sourcetype=SysMon host=H | table host",
        [{"sourcetype": "sysmon", "host": "h"}],
        [{"host": "h"}],
    ),
    ("U20", 'eval t=strftime(0, "%H:%M") | table t', [{"a": 1}], [{"t": "00:00"}]),
    ("U21", "rename a AS b, b AS c | table a b c", [{"a": 1, "b": 2}], [{"c": 1}]),
    ("U22", "eval s=tostring(null()) | table s", [{"a": 1}], [{"s": "Null"}]),
    ("U22", 'eval s=substr("abc", 0, 2) | table s', [{"a": 1}], [{"s": "a"}]),
    ("U22", 'eval s=urldecode("a+b%20c") | table s', [{"a": 1}], [{"s": "a+b c"}]),
]


@pytest.mark.parametrize(
    ("spl", "events", "rows"),
    [pytest.param(*case[1:], id=f"{case[0]}-{number}") for number, case in enumerate(CASES)],
)
def test_choice(spl: str, events: Rows, rows: Rows) -> None:
    assert run(f"* | {spl}", events, content=Content.builtin().with_lookups(TABLE)) == rows


PROCESSES = "tstats count from datamodel=Endpoint.Processes"
MEMBER = {"tag": ["process", "report"], "dest": "h"}


def test_u9_tstats_filters_bind_or_tighter_than_and() -> None:
    spl = f"| {PROCESSES} where Processes.dest=h Processes.user=a OR Processes.user=b"
    events = [MEMBER | {"user": "a"}, MEMBER | {"user": "b", "dest": "g"}]
    assert run(spl, events) == [{"count": 1}]


def test_u18_tstats_bins_times_of_one_second_without_a_span() -> None:
    rows = run(f"| {PROCESSES} by _time", [MEMBER | {"_time": 1.2}, MEMBER | {"_time": 1.9}])
    assert rows == [{"_time": 1, "count": 2}]


def test_u20_days_begin_in_the_time_zone_of_the_context() -> None:
    compiled = compile_rule(read_rule("* | bin span=1d _time | table _time"), Content.builtin())
    context = Context(now=0, timezone=timezone(timedelta(hours=2)))
    rows = run_pipeline(compiled.pipeline, [{"_time": 86400 - 3600}], context)
    assert rows == [{"_time": 86400 - 7200}]


def test_every_open_point_has_a_choice_and_a_test() -> None:
    tested = {case[0] for case in CASES} | {"U9", "U18", "U20"}
    assert set(CHOICES) == tested == {f"U{number}" for number in range(1, 23)}
