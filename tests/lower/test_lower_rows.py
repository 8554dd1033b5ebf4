"""Commands that are composed of several stages yield the documented rows (spl-semantics 4, 5)."""

from __future__ import annotations

from typing import Any

import pytest

from transpile import Content, match, run

Rows = list[dict[str, Any]]

TABLE = {"hosts": [{"host": f"h{number}", "kind": "k"} for number in range(5)]}
NUMBERS: Rows = [{"n": 3}, {"n": "x"}, {}, {"n": 5}, {"n": 1}]
PAIRS: Rows = [{"a": "x", "b": "p"}, {"a": "x", "b": "q"}, {"a": "y", "b": "p"}, {"a": "z"}]

CASES: dict[str, tuple[str, Rows, Rows]] = {
    "accum-replaces-numbers-and-leaves-text": (
        "accum n | table n", NUMBERS, [{"n": 3}, {"n": "x"}, {}, {"n": 8}, {"n": 9}]),
    "accum-as-writes-numbers-only": (
        "accum n AS s | table s", NUMBERS, [{"s": 3}, {}, {}, {"s": 8}, {"s": 9}]),
    "delta-needs-two-numbers": (
        "delta n | table delta(n)", NUMBERS, [{}, {}, {}, {}, {"delta(n)": -4}]),
    "delta-looks-p-rows-back-past-gaps": (
        "delta n AS d p=3 | table d", NUMBERS, [{}, {}, {}, {"d": 2}, {}]),
    "autoregress-names-each-lag": (
        "autoregress n p=1-2 | table n_p1 n_p2", NUMBERS,
        [{}, {"n_p1": 3}, {"n_p1": "x", "n_p2": 3}, {"n_p2": "x"}, {"n_p1": 5}]),
    "trendline-begins-with-the-full-window": (
        "trendline sma2(n) AS m | table m", [{"n": 1}, {"n": 3}, {"n": 5}],
        [{}, {"m": 2}, {"m": 4}]),
    "uniq-looks-at-neighbours": (
        "fields - _time | uniq | table n", [{"n": 1}, {"n": 1}, {"n": 2}, {"n": 1}],
        [{"n": 1}, {"n": 2}, {"n": 1}]),
    "uniq-sees-missing-fields": (
        "uniq | table a b", [{"a": 1}, {"a": 1, "b": 2}, {"a": 1}],
        [{"a": 1}, {"a": 1, "b": 2}, {"a": 1}]),
    "top-other-sums-up-the-rest": (
        "top limit=1 useother=t a", PAIRS,
        [{"a": "x", "count": 2, "percent": 50}, {"a": "OTHER", "count": 2, "percent": 50}]),
    "top-without-other-drops-the-rest": (
        "top limit=1 a", PAIRS, [{"a": "x", "count": 2, "percent": 50}]),
    "rare-is-ascending": (
        "rare limit=1 showperc=f b", PAIRS, [{"b": "q", "count": 1}]),
    "top-per-group": (
        "top limit=1 showperc=f b BY a", PAIRS,
        [{"a": "x", "b": "p", "count": 1}, {"a": "y", "b": "p", "count": 1}]),
    "contingency-has-totals-both-ways": (
        "contingency a b", PAIRS,
        [{"a": "TOTAL", "p": 2, "q": 1, "TOTAL": 3}, {"a": "x", "p": 1, "q": 1, "TOTAL": 2},
         {"a": "y", "p": 1, "q": 0, "TOTAL": 1}]),
    "addtotals-of-columns-adds-a-row": (
        "addtotals row=f col=t labelfield=l label=sum | table n l",
        [{"n": 3}, {"n": 5}], [{"n": 3}, {"n": 5}, {"n": 8, "l": "sum"}]),
    "addcoltotals-of-named-fields": (
        "addcoltotals n | table n m", [{"n": 3, "m": 1}], [{"n": 3, "m": 1}, {"n": 3}]),
    "transpose-takes-five-rows": (
        "table n | transpose", [{"n": number} for number in range(7)],
        [{"column": "n"} | {f"row {at}": at - 1 for at in range(1, 6)}]),
    "transpose-with-a-header-field": (
        "table a b | transpose 2 header_field=a column_name=f", PAIRS, [{"f": "b", "x": "q"}]),
    "untable-makes-a-row-per-field": (
        "table a b c | untable a field value", [{"a": 1, "b": 2, "c": 3}, {"a": 4, "c": 5}],
        [{"a": 1, "field": "b", "value": 2}, {"a": 1, "field": "c", "value": 3},
         {"a": 4, "field": "c", "value": 5}]),
    "xyseries-undoes-untable": (
        "xyseries a f v", [{"a": 1, "f": "b", "v": 2}, {"a": 1, "f": "c", "v": 3}],
        [{"a": 1, "b": 2, "c": 3}]),
    "strcat-takes-missing-for-empty": (
        'strcat a "-" b c | table c', [{"a": "x", "b": "y"}, {"a": "x"}],
        [{"c": "x-y"}, {"c": "x-"}]),
    "strcat-allrequired-keeps-what-was-there": (
        'strcat allrequired=t a "-" b c | table c', [{"a": "x", "b": "y"}, {"a": "x", "c": "old"}],
        [{"c": "x-y"}, {"c": "old"}]),
    "rangemap-ranges-include-their-ends": (
        "rangemap field=n Low=-5-3 High=3-9 | table range", [{"n": 3}, {"n": -5}, {"n": 10}, {}],
        [{"range": ["Low", "High"]}, {"range": "Low"}, {"range": "None"}, {"range": "None"}]),
    "head-stops-at-null": (
        "head (n>0) | table n", NUMBERS[:1] + NUMBERS[2:], [{"n": 3}]),
    "head-null-passes-null": (
        "head (n>2) null=t | table n", NUMBERS, [{"n": 3}, {"n": "x"}, {}, {"n": 5}]),
    "head-keeplast-keeps-the-row-that-ends-it": (
        "head (n>2) keeplast=t | table n", NUMBERS, [{"n": 3}, {"n": "x"}, {}]),
    "head-keeplast-with-a-limit": (
        "head (isnotnull(n)) keeplast=t limit=1 | table n", NUMBERS, [{"n": 3}]),
    "bin-chooses-powers-of-ten": (
        "bin n bins=10 AS b | table b", [{"n": 7}, {"n": 95}, {"n": "x"}, {}],
        [{"b": "0-10"}, {"b": "90-100"}, {"b": "x"}, {}]),
    "bin-below-one": (
        "bin n bins=10 AS b | table b", [{"n": 0}, {"n": 0.55}],
        [{"b": "0-0.1"}, {"b": "0.5-0.6"}]),
    "bin-of-time-chooses-a-usual-width": (
        "bin _time bins=10 | table _time", [{"_time": 1000}, {"_time": 1065}],
        [{"_time": 1060}, {"_time": 1000}]),
    "bin-by-powers-of-a-base": (
        "bin n span=1log3 AS b | table b", [{"n": 243}, {"n": 242}, {"n": 0}],
        [{"b": "243-729"}, {"b": "81-243"}, {"b": 0}]),
    "nomv-uses-the-delimiter-of-mvcombine": (
        'table a b | mvcombine delim=";" b | nomv b', PAIRS[:2], [{"a": "x", "b": "p;q"}]),
    "format-spells-the-rows": (
        "table a b | format", [{"a": "x", "b": 'q"'}, {"a": ["y", "z"]}],
        [{"search": '( ( a="x" AND b="q\\"" ) OR ( ( a="y" OR a="z" ) ) )'}]),
    "format-takes-search-text-as-it-is": (
        "rename a AS search | table search b | format", [{"a": "x=1 OR y=2", "b": "q"}],
        [{"search": '( ( x=1 OR y=2 AND b="q" ) )'}]),
    "format-of-nothing": (
        "search a=none | format", PAIRS, [{"search": "NOT( )"}]),
    "format-of-more-rows-than-list-keeps": (
        'table n | format | eval n=mvcount(split(search, " OR ")) | table n',
        [{"n": number} for number in range(150)], [{"n": 150}]),
    "return-as-last-command-is-text": (
        "return 2 src=a $b", PAIRS, [{"search": '(src="x" p) OR (src="x" q)'}]),
    "inputlookup-behind-rows-replaces-them": (
        "inputlookup start=1 max=2 hosts | table host", PAIRS, [{"host": "h1"}, {"host": "h2"}]),
    "replace-carries-wildcards-and-keeps-backslashes": (
        r'replace "*:*" WITH "c:\\d\\*" IN n | table n', [{"n": "x:y"}], [{"n": r"c:\d\x"}]),
    "setfields-keeps-the-case-of-names": (
        'setfields Kind="x" | table Kind', PAIRS[:1], [{"Kind": "x"}]),
    "sigfig-rounds-to-the-least-precise-number": (
        "eval s=sigfig(1.00*1234), t=sigfig(2.5*0.0333) | table s t", PAIRS[:1],
        [{"s": 1230, "t": pytest.approx(0.083)}]),
    "mvrange-steps-by-a-time-span": (
        'eval r=mvrange(0, 7200, "1h") | table r', PAIRS[:1], [{"r": [0, 3600]}]),
    "json-arrays": (
        'eval a=mv_to_json_array(split("x,1,true", ","), true()), b=json_array_to_mv(a)'
        " | table a b",
        PAIRS[:1], [{"a": '["x",1,true]', "b": ["x", 1, "true"]}]),
    "like-with-a-pattern-from-the-event": (
        'where like(a, "%".b."%") | table a', [{"a": "xyz", "b": "y"}, {"a": "xyz", "b": "q"}, {}],
        [{"a": "xyz"}]),
    "not-match-with-a-regex-from-the-event": (
        "where NOT match(a, b) | table a", [{"a": "xyz", "b": "^y"}, {"a": "y", "b": "^y"}, {}],
        [{"a": "xyz"}]),
    "eval-of-a-field-named-by-values": (
        "eval x_{a}_{b}=upper(a) | fields - _raw", [{"a": "p", "b": 2}, {"a": "q"}],
        [{"a": "p", "b": 2, "x_p_2": "P"}, {"a": "q"}]),
    "fieldformat-changes-no-value": (
        'fieldformat n=tostring(n, "hex") | table n', NUMBERS[:1], [{"n": 3}]),
}  # fmt: skip


@pytest.mark.parametrize(("spl", "events", "rows"), CASES.values(), ids=CASES)
def test_rows(spl: str, events: Rows, rows: Rows) -> None:
    assert run(f"* | {spl}", events, content=Content.builtin().with_lookups(TABLE)) == rows


WEB: Rows = [
    {"tag": "web", "dest": "h", "_time": 10},
    {"tag": "web", "dest": "h", "_time": 20},
    {"tag": "web", "dest": "g", "_time": 30},
    {"tag": "other", "dest": "h", "_time": 40},
]


def test_prestats_hands_events_to_the_stats_behind_it() -> None:
    first = "| tstats prestats=t count from datamodel=Web by Web.dest | stats count by Web.dest"
    plain = "| tstats count from datamodel=Web by Web.dest"
    assert run(first, WEB) == run(plain, WEB)
    assert run(plain, WEB) == [{"Web.dest": "g", "count": 1}, {"Web.dest": "h", "count": 2}]


def test_prestats_appends() -> None:
    spl = (
        "| tstats prestats=t count where dest=h | tstats prestats=t append=t count where dest=g"
        " | stats count"
    )
    assert run(spl, WEB) == [{"count": 4}]


def test_gentimes_cuts_the_last_interval_off() -> None:
    rows = run("| gentimes start=1/1/1970 end=1/1/1970:02:30:00 increment=1h", [])
    assert [(row["starttime"], row["endtime"]) for row in rows] == [
        (0, 3599), (3600, 7199), (7200, 9000)
    ]  # fmt: skip
    assert rows[0]["starthuman"] == "Thu Jan 01 00:00:00 1970"


@pytest.mark.parametrize(
    ("spl", "hits"),
    [
        pytest.param("dest=h earliest=15 latest=40", [1], id="bounds-latest-exclusive"),
        pytest.param("(latest=15) OR (earliest=35)", [0, 3], id="windows-joined-by-or"),
        pytest.param("NOT earliest=25", [0, 1], id="negated-bound"),
        pytest.param("* | search earliest=25", [2, 3], id="bound-in-a-later-search"),
        pytest.param("_index_earliest=99", [0, 1, 2, 3], id="events-without-an-index-time"),
        pytest.param("[search dest=g | return dest]", [2], id="return-in-a-filter"),
        pytest.param("[search dest=g | fields dest | format]", [2], id="format-in-a-filter"),
        pytest.param("[search dest=none | fields dest]", [], id="no-rows-match-nothing"),
        pytest.param("NOT [search dest=none | fields dest]", [0, 1, 2, 3], id="not-no-rows"),
        pytest.param('[| makeresults | eval search="dest=g OR tag=other"]', [2, 3], id="constant"),
    ],
)
def test_events_of_a_search(spl: str, hits: list[int]) -> None:
    assert match(spl, WEB) == hits
