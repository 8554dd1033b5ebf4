"""Searches whose rows were worked out by hand from spl-semantics; each case names its section."""

from __future__ import annotations

from typing import Any

import pytest

from transpile import Content, run

Rows = list[dict[str, Any]]
CONTENT = Content.builtin()


def ids(*numbers: int) -> Rows:
    return [{"id": number} for number in numbers]


VALUES: Rows = [
    {"id": 0},
    {"id": 1, "f": "v"},
    {"id": 2, "f": "w"},
    {"id": 3, "f": ["v", "w"]},
    {"id": 4, "f": ["v", "V"]},
    {"id": 5, "f": ""},
]
FLAGS: Rows = [
    {"id": 0, "a": "1"},
    {"id": 1, "a": "1", "c": "1"},
    {"id": 2, "b": "1", "c": "1"},
    {"id": 3, "a": "2", "c": "2"},
    {"id": 4, "c": "1"},
]
NUMBERS: Rows = [
    {"id": 0, "n": "1"}, {"id": 1, "n": "1.0"}, {"id": 2, "n": 10}, {"id": 3, "n": "9x"},
    {"id": 4},
]  # fmt: skip
PATHS: Rows = [
    {"id": 0, "p": "C:\\Tmp\\a_b.exe"}, {"id": 1, "p": "C:\\Tmp\\a-b.exe"},
    {"id": 2, "p": "c:\\tmp\\A_B.EXE"}, {"id": 3},
]  # fmt: skip

FILTERS: dict[str, tuple[str, Rows, Rows]] = {
    "2.3-different-wants-a-value-that-differs": ("search f!=v", VALUES, ids(2, 3, 5)),
    "2.3-not-takes-the-missing-too": ("search NOT f=v", VALUES, ids(0, 2, 5)),
    "2.3-not-in-takes-the-missing-too": ('search NOT f IN (v, "w")', VALUES, ids(0, 5)),
    "2.3-different-from-any-text-is-nothing": ("search f!=*", VALUES, ids()),
    "2.6-star-is-existence": ("search f=*", VALUES, ids(1, 2, 3, 4, 5)),
    "2.6-empty-text-is-a-value": ('search f=""', VALUES, ids(5)),
    "2.6-not-empty-takes-the-missing-too": ('search NOT f=""', VALUES, ids(0, 1, 2, 3, 4)),
    "1.3-or-binds-tighter-in-search": ("search a=1 OR b=1 c=1", FLAGS, ids(1, 2)),
    "1.3-and-binds-tighter-in-where": ("where a=1 OR b=1 AND c=1", FLAGS, ids(0, 1, 2)),
    "2.2-equality-in-search-is-of-texts": ("search n=1", NUMBERS, ids(0)),
    "2.4-order-in-search-is-numeric-or-by-text": ("search n>=9", NUMBERS, ids(2, 3)),
    "3.3-equality-in-where-is-of-numbers": ("where n=1", NUMBERS, ids(0, 1)),
    "3.3-a-text-differs-from-a-number": ("where n!=1", NUMBERS, ids(2, 3)),
    "3.2-not-of-null-is-null": ("where NOT n=1", NUMBERS, ids(2, 3)),
    "3.2-false-and-null-is-false": ("where NOT (a=1 AND b=1)", FLAGS, ids(3)),
    "3.2-true-or-null-is-true": ("where c=1 OR b=1", FLAGS, ids(1, 2, 4)),
    "3.2-xor-with-null-is-null": ("where a=1 XOR c=1", FLAGS, ids()),
    "3.2-nothing-equals-null": ("where a=null() OR NOT a=null()", FLAGS, ids()),
    "3.4-like-is-cased-and-underscore-is-any-one": ('where like(p, "%a_b.exe")', PATHS, ids(0, 1)),
    "3.4-backslash-is-an-ordinary-character": (
        'where p LIKE "C:\\\\Tmp\\\\%"', PATHS, ids(0, 1)),
    "3.4-not-like-drops-the-missing": ('where NOT p LIKE "C:%"', PATHS, ids(2)),
    "1.4-star-in-where-is-a-character": ('where p="C:*"', PATHS, ids()),
    "1.4-search-ignores-case-and-matches-all-of-it": ('search p="c:*B.exe"', PATHS, ids(0, 1, 2)),
    "5.11-regex-different-keeps-the-missing": ('regex p!="^C"', PATHS, ids(2, 3)),
}  # fmt: skip


@pytest.mark.parametrize("case", FILTERS)
def test_filter(case: str) -> None:
    command, events, expected = FILTERS[case]
    assert run(f"* | {command} | table id", events, content=CONTENT) == expected


ONE: Rows = [{"a": "x", "l": ["p", "", "q", "p"], "n": "7", "a.b": "dotted"}]
EVALS: dict[str, tuple[str, Any]] = {
    "3.2-division-by-zero": ("n/0", None),
    "3.2-if-takes-null-as-false": ('if(gone>1, "yes", "no")', "no"),
    "3.2-case-skips-null": ('case(gone=1, "first", NOT gone=1, "second", 1=1, "third")', "third"),
    "3.2-case-without-truth": ('case(n=1, "first")', None),
    "3.3-plus-of-number-and-text": ('n+"x"', None),
    "3.3-plus-of-texts": ('a+"y"', "xy"),
    "3.3-plus-of-numbers-as-text": ('n+"1"', 8),
    "3.3-dot-joins-numbers-as-texts": ("n.1", "71"),
    "3.3-dot-with-null": ("a.gone", None),
    "3.6-single-quotes-name-a-field": ("'a.b'", "dotted"),
    "3.6-dot-without-quotes-joins": ("a.b", None),
    "3.9-coalesce-takes-the-empty-text": ('coalesce(gone, "", a)', ""),
    "3.9-count-of-values": ("mvcount(l)", 4),
    "3.9-count-of-nothing": ("mvcount(gone)", None),
    "3.9-count-of-one": ("mvcount(a)", 1),
    "3.9-index-from-the-end": ("mvindex(l, -2, -1)", ["q", "p"]),
    "3.9-index-out-of-range": ("mvindex(l, 4)", None),
    "3.9-filter-of-values": ('mvfilter(l!="p")', ["", "q"]),
    "3.9-filter-leaves-nothing": ('mvfilter(l="z")', None),
    "3.9-find-is-an-index-from-zero": ('mvfind(l, "^q")', 2),
    "3.9-dedup-keeps-the-first": ("mvdedup(l)", ["p", "", "q"]),
    "3.9-join-of-values": ('mvjoin(l, "-")', "p--q-p"),
    "3.9-append-leaves-null-out": ("mvappend(a, gone, n)", ["x", "7"]),
    "3.9-zip-stops-at-the-shorter": ('mvzip(l, split("1,2", ","))', ["p,1", ",2"]),
    "3.9-split-keeps-empty-pieces": ('mvcount(split("a,,b", ","))', 3),
    "3.9-map-over-values": ("mvmap(l, l.a)", ["px", "x", "qx", "px"]),
    "3.9-substr-counts-from-one": ('substr("planet", 2, 3)', "lan"),
    "3.9-substr-from-the-end": ('substr("planet", -3)', "net"),
    "3.9-round-half-away": ("round(-3.5)", -4),
    "3.9-round-as-shown": ("round(2.555, 2)", 2.56),
    "3.9-replace-with-groups": ('replace("ab12", "([a-z]+)(\\d+)", "\\2\\1")', "12ab"),
    "3.9-max-ranks-text-above-numbers": ('max(n, 100, "b", gone)', "b"),
    "3.9-min-ranks-numbers-below-text": ('min("b", n, 100)', "7"),
    "3.9-tostring-duration": ('tostring(3661, "duration")', "01:01:01"),
    "3.9-trim-takes-a-set": ('trim("xyaxby", "xy")', "axb"),
    "3.9-nullif-of-equals": ('nullif(a, "x")', None),
    "3.9-number-of-a-base": ('tonumber("ff", 16)', 255),
}


@pytest.mark.parametrize("case", EVALS)
def test_eval(case: str) -> None:
    expression, expected = EVALS[case]
    (row,) = run(f"* | eval x={expression} | table x", ONE, content=CONTENT)
    assert row.get("x") == expected


MIXED: Rows = [
    {"k": ["a", "b"], "n": "10"},
    {"k": "b", "n": "9"},
    {"n": "B"},
    {"k": "", "n": "a"},
    {"k": "a"},
]
TIMES: Rows = [
    {"_time": 1000, "u": "ann", "n": 5},
    {"_time": 1030, "u": "ann"},
    {"_time": 1060, "u": "bob", "n": 1},
    {"_time": 1300, "u": "ann", "n": 2},
]
TEN: Rows = [{"n": number} for number in range(1, 11)]

PIPELINES: dict[str, tuple[str, Rows, Rows]] = {
    "4.1-a-key-of-two-values-is-two-groups-a-missing-one-is-none": (
        "stats count by k", MIXED,
        [{"k": "", "count": 1}, {"k": "a", "count": 2}, {"k": "b", "count": 2}]),
    "4.1-no-rows-without-keys-are-one-row": (
        "where 1=2 | stats count sum(n) as s", MIXED, [{"count": 0}]),
    "4.1-no-rows-with-keys-are-none": ("where 1=2 | stats count by k", MIXED, []),
    "4.2-values-are-sorted-as-texts": (
        "stats values(n) as v", MIXED, [{"v": ["10", "9", "B", "a"]}]),
    "4.2-numbers-sort-before-text": (
        "stats min(n) as lo max(n) as hi", MIXED, [{"lo": "9", "hi": "a"}]),
    "4.2-sums-leave-text-out": (
        "stats sum(n) as s avg(n) as m count(n) as c", MIXED, [{"s": 19, "m": 9.5, "c": 4}]),
    "4.2-count-of-values": ("stats count(k) as c dc(k) as d", MIXED, [{"c": 5, "d": 3}]),
    "4.2-percentiles-are-nearest-rank": (
        "stats median(n) as m p90(n) as p", TEN, [{"m": 6, "p": 10}]),
    "4.2-deviation-of-one": ("head 1 | stats stdev(n) as s", TEN, [{"s": 0}]),
    "4.3-first-is-the-newest-and-earliest-is-by-time": (
        "stats first(n) as f last(n) as l earliest(n) as e latest(n) as t", TIMES,
        [{"f": 2, "l": 5, "e": 5, "t": 2}]),
    "4.5-a-window-of-two-rows-of-the-whole-stream": (
        "sort 0 _time | streamstats window=2 count as c by u | table c", TIMES,
        [{"c": 1}, {"c": 2}, {"c": 1}, {"c": 1}]),
    "4.5-eventstats-leaves-rows-without-a-key-alone": (
        "eventstats count as c by n | table c", TIMES, [{"c": 1}, {"c": 1}, {}, {"c": 1}]),
    "4.6-chart-has-a-column-for-the-missing": (
        "eval b=if(n>9, \"big\", null()) | chart count over b by c",
        [{"n": 10, "c": "p"}, {"n": "11", "c": ["p", "q"]}, {"n": 12}, {"c": "p"}, {"n": 3}],
        [{"b": "big", "p": 2, "q": 1, "NULL": 1}]),
    "4.6-an-empty-text-names-a-column-of-its-own": (
        "chart count over a by b", [{"a": 1, "b": ""}, {"a": 1, "b": "x"}],
        [{"a": 1, "": 1, "x": 1}]),
    "4.7-top-has-count-and-percent": (
        "top u", TIMES,
        [{"u": "ann", "count": 3, "percent": 75}, {"u": "bob", "count": 1, "percent": 25}]),
    "5.1-fillnull-creates-no-field-that-nobody-has": (
        "fillnull | table n k z", MIXED[2:4],
        [{"n": "B", "k": "0"}, {"n": "a", "k": ""}]),
    "5.1-fillnull-creates-a-field-that-is-named": (
        "fillnull value=- z | table z", MIXED[:1], [{"z": "-"}]),
    "5.3-rename-of-nothing-clears-the-target": (
        "rename k as n | table n", MIXED[1:3], [{"n": "b"}, {}]),
    "5.3-rename-carries-the-wildcard": (
        "rename A.* as * | table x", [{"A.x": 1}, {"A.x": 2, "x": 3}], [{"x": 1}, {"x": 2}]),
    "5.6-dedup-drops-rows-without-the-key": (
        "dedup u | table u n", [*TIMES, {"_time": 0}],
        [{"u": "ann", "n": 2}, {"u": "bob", "n": 1}]),
    "5.6-dedup-of-neighbours-only": (
        "dedup u consecutive=true | table _time", TIMES,
        [{"_time": 1300}, {"_time": 1060}, {"_time": 1030}]),
    "5.7-sort-compares-per-pair": (
        "sort 0 -n | table n", [{"n": "9"}, {}, {"n": "abc"}, {"n": "10"}],
        [{"n": "abc"}, {"n": "10"}, {"n": "9"}, {}]),
    "5.8-tail-is-in-reverse": ("tail 2 | table n", TEN, [{"n": 10}, {"n": 9}]),
    "5.9-bin-of-time": (
        "bin span=5m _time | stats count by _time", TIMES,
        [{"_time": 900, "count": 3}, {"_time": 1200, "count": 1}]),
    "5.9-bin-of-numbers-is-a-label": (
        "bin span=10 n | table n", [{"n": 25}, {}], [{"n": "20-30"}, {}]),
    "5.10-rex-takes-all-matches-and-keeps-without-one": (
        'rex field=t max_match=0 "(?<d>\\d)" | table d',
        [{"t": "a1b2"}, {"t": "a1"}, {"t": "a", "d": "old"}],
        [{"d": ["1", "2"]}, {"d": "1"}, {"d": "old"}]),
    "5.10-sed-replaces-all-with-g": (
        'rex field=t mode=sed "s/(\\d)/<\\1>/g" | table t', [{"t": "a1b2"}], [{"t": "a<1>b<2>"}]),
    "5.12-spath-of-an-array": (
        "spath input=j path=a{}.b output=o | table o",
        [{"j": '{"a":[{"b":1},{"c":0},{"b":"x"}]}'}, {"j": "{", "o": "kept"}],
        [{"o": [1, "x"]}, {"o": "kept"}]),
    "5.13-makemv-drops-empty-pieces-mvexpand-keeps-rows-without": (
        'makemv delim="," t | mvexpand t | table t', [{"t": "a,,b"}, {"o": 1}],
        [{"t": "a"}, {"t": "b"}, {}]),
    "5.13-mvcombine-of-equal-rows": (
        "table u n | mvcombine n",
        [{"u": "a", "n": "1"}, {"u": "b", "n": "2"}, {"u": "a", "n": "3"}],
        [{"u": "a", "n": ["1", "3"]}, {"u": "b", "n": "2"}]),
    "5.15-join-lets-the-right-side-win": (
        'join u [search n=5 | eval n="right", m=1 | table u n m] | table u n m', TIMES,
        [{"u": "ann", "n": "right", "m": 1}] * 3),
    "5.16-appendpipe-adds-its-result": (
        "stats count by u | appendpipe [stats sum(count) as count]", TIMES,
        [{"u": "ann", "count": 3}, {"u": "bob", "count": 1}, {"count": 4}]),
    "5.19-transaction-within-a-span": (
        "transaction u maxspan=60s | table u duration eventcount", TIMES,
        [{"u": "ann", "duration": 0, "eventcount": 1}, {"u": "bob", "duration": 0, "eventcount": 1},
         {"u": "ann", "duration": 30, "eventcount": 2}]),
    "5.21-foreach-skips-what-is-missing": (
        "eval total=0 | foreach c* [eval total=total+<<FIELD>>] | table total",
        [{"c1": 1, "c2": 2}, {"c2": 5}], [{"total": 3}, {"total": 5}]),
    "5.22-addtotals-counts-text-as-nothing": (
        "addtotals fieldname=s n k | table s", [{"n": 3, "k": "x"}, {"n": 1, "k": "2"}],
        [{"s": 3}, {"s": 3}]),
    "5.23-replace-takes-whole-values": (
        'replace "::x:*" WITH * IN ip | table ip', [{"ip": "::x:1.2.3.4"}, {"ip": "a::x:1"}],
        [{"ip": "1.2.3.4"}, {"ip": "a::x:1"}]),
}  # fmt: skip


@pytest.mark.parametrize("case", PIPELINES)
def test_pipeline(case: str) -> None:
    commands, events, expected = PIPELINES[case]
    assert run(f"* | {commands}", events, content=CONTENT) == expected


PROCESSES: Rows = [
    {"_time": 100, "tag": ["process", "report"], "process_name": "a.exe", "dest": "h1",
     "user": "ann", "process_id": 5},
    {"_time": 4000, "tag": ["process", "report"], "process_name": "A.exe", "dest": "h1",
     "process_id": 7},
    {"_time": 4100, "tag": ["process", "report"], "process_name": "b.exe", "dest": ["h1", "h2"],
     "user": "bob"},
    {"_time": 4200, "tag": ["web"], "process_name": "a.exe", "dest": "h9"},
]  # fmt: skip
MODEL = "from datamodel=Endpoint.Processes"
OF_MODELS: dict[str, tuple[str, Rows]] = {
    "4.8-filters-ignore-case-and-groups-keep-it": (
        f"count {MODEL} where Processes.process_name=a.exe by Processes.process_name",
        [{"Processes.process_name": "A.exe", "count": 1},
         {"Processes.process_name": "a.exe", "count": 1}]),
    "4.8-several-values-are-several-groups": (
        f"count {MODEL} by Processes.dest",
        [{"Processes.dest": "h1", "count": 3}, {"Processes.dest": "h2", "count": 1}]),
    "6-the-model-knows-no-missing-user": (
        f"count {MODEL} where NOT Processes.user=ann by Processes.user",
        [{"Processes.user": "bob", "count": 1}, {"Processes.user": "unknown", "count": 1}]),
    "2.3-not-a-number-drops-the-missing": (
        "count where NOT process_id=5 by process_name", [{"process_name": "A.exe", "count": 1}]),
    "2.3-not-a-text-takes-the-missing": (
        "count where NOT user=bob by process_name",
        [{"process_name": "A.exe", "count": 1}, {"process_name": "a.exe", "count": 2}]),
    "4.8-missing-keys-drop-the-row": (
        "count by user", [{"user": "ann", "count": 1}, {"user": "bob", "count": 1}]),
    "4.8-missing-keys-are-filled-on-request": (
        "fillnull_value=none count by user",
        [{"user": "ann", "count": 1}, {"user": "bob", "count": 1}, {"user": "none", "count": 2}]),
    "4.8-time-is-binned": (
        f"count min(_time) as f {MODEL} by _time span=1h",
        [{"_time": 0, "count": 1, "f": 100}, {"_time": 3600, "count": 2, "f": 4000}]),
}  # fmt: skip


@pytest.mark.parametrize("case", OF_MODELS)
def test_tstats(case: str) -> None:
    search, expected = OF_MODELS[case]
    assert run(f"| tstats {search}", PROCESSES, content=CONTENT) == expected


HOSTS: Rows = [
    {"host": "web*", "kind": "w"}, {"host": "db1", "kind": "d"}, {"host": "db1", "kind": "e"},
]  # fmt: skip
ASKED: Rows = [{"h": "db1", "k": "x"}, {"h": "DB1"}, {"h": "web1"}, {"h": ["db1", "q"]}, {}]
OVER_TIME: dict[str, tuple[str, Rows, Rows]] = {
    "5.17-lookup-is-cased-exact-and-gives-all-matches": (
        "lookup hosts host as h OUTPUT kind | table kind", ASKED,
        [{"kind": ["d", "e"]}, {}, {}, {"kind": ["d", "e"]}, {}]),
    "5.17-outputnew-leaves-what-is-there": (
        "lookup hosts host as h OUTPUTNEW kind as k | table k", ASKED,
        [{"k": "x"}, {}, {}, {"k": ["d", "e"]}, {}]),
    "4.5-the-rows-before-this-one": (
        "streamstats current=f sum(n) as s by u | table s", TIMES, [{}, {}, {"s": 2}, {"s": 2}]),
    "4.5-a-window-of-two-rows-per-group": (
        "streamstats window=2 global=f sum(n) as s by u | table s", TIMES,
        [{"s": 2}, {"s": 1}, {"s": 2}, {"s": 5}]),
    "4.5-a-change-of-the-key-starts-anew": (
        "streamstats reset_on_change=t count as c by u | table c", TIMES,
        [{"c": 1}, {"c": 1}, {"c": 1}, {"c": 2}]),
    "4.6-gaps-count-nothing": (
        "timechart span=2m count", TIMES,
        [{"_time": 960, "count": 3}, {"_time": 1080, "count": 0}, {"_time": 1200, "count": 1}]),
    "4.6-the-rest-of-the-series-is-other": (
        "chart limit=1 count over n by u", TIMES,
        [{"n": 1, "ann": 0, "OTHER": 1}, {"n": 2, "ann": 1, "OTHER": 0},
         {"n": 5, "ann": 1, "OTHER": 0}]),
    "4.2-variance-of-a-sample": ("stats var(n) as v", TEN[:3], [{"v": 1}]),
    "4.2-distinct-values-are-texts": (
        "stats dc(n) as d", [{"n": "1"}, {"n": "1.0"}, {"n": "01"}, {"n": 1}], [{"d": 3}]),
    "5.19-from-a-start-to-an-end": (
        "transaction u startswith=eval(n=5) endswith=eval(n=2) "
        "| table u duration eventcount closed_txn", TIMES,
        [{"u": "ann", "duration": 300, "eventcount": 3, "closed_txn": 1}]),
    "1.7-not-a-subsearch-takes-what-lacks-the-fields": (
        "search NOT [search n>=2 | fields u n] | table _time", TIMES,
        [{"_time": 1060}, {"_time": 1030}]),
    "5.27-map-runs-once-a-row": (
        'where n=1 | map search="search NOT u=$u$ | stats count"', TIMES, [{"count": 3}]),
    "5.8-head-up-to-the-first-that-is-not-true": ("head (n>1) | table n", TIMES, [{"n": 2}]),
    "5.7-addresses-sort-by-number": (
        "sort 0 ip | table ip", [{"ip": "10.0.0.9"}, {"ip": "10.0.0.10"}, {"ip": "9.9.9.9"}],
        [{"ip": "9.9.9.9"}, {"ip": "10.0.0.9"}, {"ip": "10.0.0.10"}]),
    "5.10-a-group-without-a-part-writes-nothing": (
        'rex field=u "(?<a>.)(?<b>.)?" | table a b', [{"u": "x", "b": "old"}],
        [{"a": "x", "b": "old"}]),
}  # fmt: skip


@pytest.mark.parametrize("case", OVER_TIME)
def test_tables_and_time(case: str) -> None:
    commands, events, expected = OVER_TIME[case]
    content = CONTENT.with_lookups({"hosts": HOSTS})
    assert run(f"* | {commands}", events, content=content) == expected
