"""The traps of the SPL semantics (section 8), each decided by the reference interpreter.

A case gives a search, events newest first, and what must come out: the indices of the events found,
or the rows. `tests/test_traps_targets.py` runs those that a target can say on its engine too.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from transpile import Content, match, run
from transpile.verify.compare import difference

SYSMON = {"sysmon": "sourcetype=A OR source=A OR source=B"}


@dataclass(frozen=True)
class Trap:
    """One claim: `found` (indices) or `rows` of `spl` over `events`."""

    claim: str
    spl: str
    events: list[dict[str, Any]]
    found: list[int] | None = None
    rows: list[dict[str, Any]] | None = None
    macros: dict[str, str] = field(default_factory=dict)


def _names(*values: str) -> list[dict[str, Any]]:
    return [{"name": value} for value in values]


THREE = [{"a": 1, "b": 0, "c": 1}, {"a": 1, "b": 1, "c": 0}, {"a": 0, "b": 0, "c": 1}]
USERS = [{"user": "admin"}, {"user": "bob"}, {"x": "1"}]
PAIRS = [{"a": "x", "b": "y"}, {"a": "x"}, {"a": "x", "b": "x"}]
NUMBERS = [{"v": "1"}, {"v": "1.0"}, {"v": "01"}]
GROUPS = [{"g": ["a", "b"]}, {"g": "b"}, {"h": "x"}]
TIMES = [
    {"_time": 30, "s": "c", "u": "a", "x": 3},
    {"_time": 20, "s": "b", "u": "a", "x": 2},
    {"_time": 10, "s": "a", "x": 1},
]
NETWORK = [{"bytes": 0}, {"bytes": 5}, {"src": "h"}]

TRAPS = [
    Trap(
        "T1-or-binds-tighter-than-and-after-macro-expansion",
        "`sysmon` EventID=1",
        [
            {"sourcetype": "A", "EventID": 1},
            {"sourcetype": "A", "EventID": 11},
            {"source": "B", "EventID": 3},
            {"source": "B", "EventID": 1},
        ],
        found=[0, 3],
        macros=SYSMON,
    ),
    Trap("T2-and-binds-tighter-in-where", "* | where a=1 AND b=1 OR c=1", THREE, found=[0, 1, 2]),
    Trap("T2-or-binds-tighter-in-search", "search a=1 AND b=1 OR c=1", THREE, found=[0, 1]),
    Trap("T3-not-keeps-events-without-the-field", 'search NOT user="admin"', USERS, found=[1, 2]),
    Trap("T3-unequal-needs-the-field", 'search user!="admin"', USERS, found=[1]),
    Trap("T4-not-in-where-needs-the-field", '* | where NOT match(user,"admin")', USERS, found=[1]),
    Trap("T5-unequal-fields-need-both", "* | where a!=b", PAIRS, found=[0]),
    Trap(
        "T6-tstats-not-number-needs-the-field",
        "| tstats count from datamodel=Network_Traffic.All_Traffic where NOT All_Traffic.bytes=0",
        NETWORK,
        found=[1],
    ),
    Trap(
        "T7-search-ignores-case",
        'search name="powershell.exe"',
        _names("PowerShell.exe", "powershell.exe"),
        found=[0, 1],
    ),
    Trap(
        "T7-where-keeps-case",
        '* | where name="powershell.exe"',
        _names("PowerShell.exe", "powershell.exe"),
        found=[1],
    ),
    Trap(
        "T7-like-keeps-case",
        '* | where name LIKE "%powershell%"',
        _names("PowerShell.exe", "powershell.exe"),
        found=[1],
    ),
    Trap(
        "T8-groups-keep-case",
        "* | stats count by name",
        _names("PowerShell.exe", "powershell.exe"),
        rows=[{"name": "PowerShell.exe", "count": 1}, {"name": "powershell.exe", "count": 1}],
    ),
    Trap(
        "T9-quotes-keep-wildcards",
        'search cmd="net*"',
        [{"cmd": "net user /add"}, {"cmd": "net*"}],
        found=[0, 1],
    ),
    Trap(
        "T10-no-wildcards-in-where",
        '* | where cmd="net*"',
        [{"cmd": "net user /add"}, {"cmd": "net*"}],
        found=[1],
    ),
    Trap(
        "T11-underscore-is-literal-in-search",
        'search f="a_b*"',
        [{"f": "a_b.exe"}, {"f": "axb.exe"}],
        found=[0],
    ),
    Trap(
        "T11-underscore-is-any-character-in-like",
        '* | where f LIKE "a_b%"',
        [{"f": "a_b.exe"}, {"f": "axb.exe"}],
        found=[0, 1],
    ),
    Trap(
        "T12-dot-is-literal-in-search",
        'search f="*a.exe"',
        [{"f": r"c:\a.exe"}, {"f": r"c:\aXexe"}],
        found=[0],
    ),
    Trap(
        "T13-escaped-backslash-then-wildcard",
        r'search p="C:\\Temp\\*"',
        [{"p": r"C:\Temp\x.exe"}, {"p": "C:\\Temp*"}, {"p": r"C:\Tempest"}],
        found=[0],
    ),
    Trap(
        "T14-double-unescape-in-regex",
        r'* | rex field=u "\\\(?<n>.*)$" | table n',
        [{"u": r"DOM\bob"}],
        rows=[{"n": "bob"}],
    ),
    Trap("T15-search-compares-numbers-as-text", "search v=1", NUMBERS, found=[0]),
    Trap("T15-where-compares-numbers", "* | where v=1", NUMBERS, found=[0, 1, 2]),
    Trap("T15-dc-counts-spellings", "* | stats dc(v) as n", NUMBERS, rows=[{"n": 3}]),
    Trap(
        "T16-order-by-number-else-by-text",
        "search v>5",
        [{"v": "9"}, {"v": "10"}, {"v": "abc"}, {"v": "3"}],
        found=[0, 1, 2],
    ),
    Trap("T17-equal-any-value", 'search g="a"', GROUPS, found=[0]),
    Trap("T17-unequal-some-value-differs", 'search g!="a"', GROUPS, found=[0, 1]),
    Trap("T17-not-equal-no-value", 'search NOT g="a"', GROUPS, found=[1, 2]),
    Trap(
        "T18-multivalue-key-counts-once-per-value",
        "* | stats count by h",
        [{"h": ["x", "y"]}, {"h": "x"}],
        rows=[{"h": "x", "count": 2}, {"h": "y", "count": 1}],
    ),
    Trap(
        "T19-missing-key-drops-the-row",
        "* | stats count by u, d",
        [{"u": "a", "d": "p"}, {"u": "a"}, {"d": "p"}],
        rows=[{"u": "a", "d": "p", "count": 1}],
    ),
    Trap(
        "T20-fillnull-value-is-the-text-null",
        "| tstats fillnull_value=null count from datamodel=Endpoint.Processes"
        " by Processes.dest Processes.process_guid",
        [{"dest": "h1", "process": "x"}],
        rows=[{"Processes.dest": "h1", "Processes.process_guid": "null", "count": 1}],
    ),
    Trap(
        "T20-without-it-the-row-goes",
        "| tstats count from datamodel=Endpoint.Processes by Processes.dest Processes.process_guid",
        [{"dest": "h1", "process": "x"}],
        rows=[],
    ),
    Trap(
        "T21-bare-fillnull-knows-only-present-fields",
        "* | fillnull | stats count by u, d",
        [{"u": "a"}, {"u": "b"}],
        rows=[],
    ),
    Trap(
        "T21-named-fillnull-creates-the-field",
        "* | fillnull value=x d | stats count by u, d",
        [{"u": "a"}, {"u": "b"}],
        rows=[{"u": "a", "d": "x", "count": 1}, {"u": "b", "d": "x", "count": 1}],
    ),
    Trap(
        "T22-the-model-fills-unknown",
        "| tstats count from datamodel=Endpoint.Processes"
        " where Processes.user=unknown Processes.process_name=cmd",
        [{"process": "cmd /c x"}],
        found=[0],
    ),
    Trap(
        "T23-rename-onto-an-existing-field-clears-it",
        "* | rename pid AS product_id | table product_id",
        [{"pid": 1}, {"product_id": 2}],
        rows=[{"product_id": 1}, {}],
    ),
    Trap(
        "T24-join-takes-the-first-match-and-overwrites",
        "t=L | join k [search t=R*]",
        [
            {"k": 1, "t": "L", "count": 5},
            {"k": 1, "t": "R1", "count": 7},
            {"k": 1, "t": "R2", "count": 9},
        ],
        rows=[{"k": 1, "t": "R1", "count": 7}],
    ),
    Trap(
        "T25-join-keys-keep-case-and-missing-keys-drop",
        "side=l | join k [search side=r | fields k v]| table k v",
        [
            {"side": "l", "k": "A"},
            {"side": "l"},
            {"side": "l", "k": "b"},
            {"side": "r", "k": "a", "v": 1},
            {"side": "r", "k": "b", "v": 2},
        ],
        rows=[{"k": "b", "v": 2}],
    ),
    Trap(
        "T26-values-sorted-as-text-list-in-order",
        "* | stats values(p) as v list(p) as l",
        [{"p": 10}, {"p": 9}, {"p": 100}, {"p": 9}],
        rows=[{"v": [10, 100, 9], "l": [10, 9, 100, 9]}],
    ),
    Trap(
        "T27-first-is-not-earliest",
        "* | stats first(s) as f last(s) as l earliest(s) as e latest(s) as t",
        TIMES,
        rows=[{"f": "c", "l": "a", "e": "a", "t": "c"}],
    ),
    Trap(
        "T27-after-sort-first-changes",
        "* | sort _time | stats first(s) as f last(s) as l earliest(s) as e latest(s) as t",
        TIMES,
        rows=[{"f": "a", "l": "c", "e": "a", "t": "c"}],
    ),
    Trap("T28-dedup-keeps-the-newest-drops-missing", "* | dedup u", TIMES, found=[0]),
    Trap(
        "T30-bins-start-at-the-epoch",
        "* | bin _time span=5m | stats count by _time",
        [{"_time": 300}, {"_time": 299}, {"_time": -1800}],
        rows=[{"_time": 300, "count": 1}, {"_time": 0, "count": 1}, {"_time": -1800, "count": 1}],
    ),
    Trap(
        "T31-count-eval-counts-true-only",
        "* | stats count(eval(c=4625)) as f count as n count(eval(c!=4625)) as d",
        [{"c": 4625}, {"c": 4624}, {"x": 1}],
        rows=[{"f": 1, "n": 3, "d": 1}],
    ),
    Trap(
        "T32-numeric-aggregates-ignore-text",
        "* | stats avg(b) as a sum(b) as s stdev(b) as d count(b) as n",
        [{"b": 10}, {"b": "n/a"}, {"x": 1}],
        rows=[{"a": 10, "s": 10, "d": 0, "n": 2}],
    ),
    Trap(
        "T33-mvcount-of-nothing-is-null",
        "* | where mvcount(v)<2",
        [{"v": ["a", "b"]}, {"x": 1}],
        found=[],
    ),
    Trap(
        "T36-subsearch-rows-are-alternatives",
        "kind=e [search kind=s | fields u d]",
        [
            {"kind": "s", "u": "a"},
            {"kind": "s", "u": "b", "d": "x"},
            {"kind": "e", "u": "a", "d": "z"},
            {"kind": "e", "u": "b", "d": "x"},
            {"kind": "e", "u": "b", "d": "y"},
        ],
        found=[2, 3],
    ),
    Trap(
        "T36-no-rows-match-nothing",
        "kind=e [search kind=none | fields u]",
        [{"kind": "e", "u": "a"}],
        found=[],
    ),
    Trap(
        "T36-not-of-no-rows-matches-all",
        "kind=e NOT [search kind=none | fields u]",
        [{"kind": "e", "u": "a"}],
        found=[0],
    ),
    Trap(
        "T37-ctime-makes-text",
        '* | convert timeformat="%Y" ctime(t) | where t="2023"',
        [{"t": 1700000000}],
        found=[0],
    ),
    Trap(
        "T38-dot-is-concatenation",
        "* | eval x=a.b, y='a.b' | table x y",
        [{"a.b": "v", "a": "1", "b": "2"}],
        rows=[{"x": "12", "y": "v"}],
    ),
    Trap(
        "T39-latest-is-exclusive",
        "index=x earliest=100 latest=200",
        [{"_time": 200}, {"_time": 199}, {"_time": 100}, {"_time": 99}],
        found=[1, 2],
    ),
    Trap(
        "T40-open-transactions-are-not-shown",
        "* | transaction u startswith=(e=4698) endswith=(e=4699)"
        " | table u duration eventcount _time",
        [
            {"_time": 25, "u": "b", "e": 4699},
            {"_time": 20, "u": "b", "e": 4698},
            {"_time": 10, "u": "a", "e": 4698},
        ],
        rows=[{"u": "b", "duration": 5, "eventcount": 2, "_time": 20}],
    ),
]


@pytest.mark.parametrize("trap", TRAPS, ids=lambda t: t.claim)
def test_interpreter(trap: Trap) -> None:
    content = Content.builtin().with_macros(trap.macros)
    if trap.found is not None:
        assert match(trap.spl, trap.events, content=content) == trap.found
    if trap.rows is not None:
        rows = run(trap.spl, trap.events, content=content)
        assert difference(trap.rows, rows) == ([], [])


def test_sort_keeps_ten_thousand_rows_unless_told_otherwise() -> None:
    """T29."""
    events = [{"n": number} for number in range(12_000)]
    assert len(run("* | sort -n", events)) == 10_000
    assert len(run("* | sort 0 -n", events)) == 12_000


def test_sort_of_texts_with_digits_is_by_text() -> None:
    """T29."""
    rows = run("* | sort - v", [{"v": "10.1.a"}, {"v": "9.1.a"}])
    assert [row["v"] for row in rows] == ["9.1.a", "10.1.a"]




@pytest.mark.parametrize(
    ("verb", "names"),
    [
        pytest.param("OUTPUT", ["new", "new"], id="T35-output-overwrites"),
        pytest.param("OUTPUTNEW", ["old", "new"], id="T35-outputnew-keeps"),
    ],
)
def test_lookup_output(verb: str, names: list[str]) -> None:
    content = Content.builtin().with_lookups({"t": [{"k": "1", "n": "new"}]})
    events = [{"k": "1", "n": "old"}, {"k": "1"}]
    rows = run(f"* | lookup t k {verb} n", events, content=content)
    assert [row["n"] for row in rows] == names
