"""Locations, computed times and patterns, lists against lists: engines against interpreter."""

from __future__ import annotations

import pytest
from sql_bench import ENGINES, NOW, Events, assert_same, emit, plain, sql_rows

from transpile.errors import Unsupported
from transpile.interpret import run_pipeline
from transpile.interpret.context import Context
from transpile.lower import lower
from transpile.spl.parser import parse
from transpile.tables import Table


def timed(*events: dict[str, object]) -> Events:
    """Give events distinct times, newest first."""
    return [{"_time": 100_000 - at * 10, **event} for at, event in enumerate(events)]


TEXTS = timed({"t": "abcdefgh"}, {"t": "abc"}, {"t": ""}, {}, {"t": "é"})
MOVED = timed({"d": "7d"}, {"d": "2h"}, {"d": "7"}, {"d": "x"}, {"d": ""}, {}, {"d": "1mo"})
LIKE = timed(
    {"a": "one two", "b": "two"}, {"a": "a!b", "b": "a!"}, {"a": "x_y", "b": "x_"},
    {"a": "C:\\p", "b": ":\\"}, {"a": "ONE", "b": "one"}, {"a": "x"}, {"b": "%"},
)
PAIRS = timed(
    {"k": "1", "a": "x", "b": "x"}, {"k": "1", "a": "y", "b": "z"}, {"k": "2", "a": "1", "b": "01"},
    {"k": "3", "a": "x"}, {"k": "4", "b": "x"}, {"k": "5", "a": "x", "b": "y"}, {"k": "6"},
)
SUMS = timed({"a": "1", "b": "2", "c": "3"}, {"a": "x", "b": "y", "c": "z"}, {"a": "1", "b": "y"},
             {"a": "1", "b": "2", "c": "z"}, {"a": "x", "b": "y", "c": "3"})
USERS = [{"_time": 1_000_000 - at * 10, "u": user, "e": str(at)}
         for at, user in enumerate("aabaabbbaacab")] + [{"_time": 1.5, "e": "z"}]
PATTERNS = timed(*({"t": text} for text in (
    "xaay", "xBBy", "a.exe", "a.exe\n", "C:\\d", "c:\\D\\", "ee", "eXe", "e\nxe", "50%", "a_b",
    "Kk", "zz", "", "\u017f", "\u212a", "i(j)", "I(J)x",
)), {})
MANY = 't="*aa*" OR t="*bb*" OR t="*.exe" OR t="c:*d" OR t="e?xe" OR t="50%*" OR t="a_*" ' \
       'OR t="s*" OR t="k*" OR t="i(j)*" '
LISTS = "search index=x | stats values(a) as a values(b) as b by k "
BOTH = [
    pytest.param("search index=x | stats count by a b | foreach a b [eval <<FIELD>>=if("
                 "<<FIELD>>=\"null\",null(),<<FIELD>>)]", timed(
                     {"a": "null", "b": "x"}, {"a": "y", "b": "null"}, {"a": "null", "b": "null"}),
                 id="foreach-writes-each-field"),
    pytest.param("search index=x | table in_a in_b x | foreach in_* [eval out_<<MATCHSTR>>="
                 "<<FIELD>>.\"!\", x=coalesce(x,\"\").<<FIELD>>] | table out_a out_b x", timed(
                     {"in_a": "1", "in_b": "2"}, {"in_b": "3", "x": "k"}, {"x": "z"}, {}),
                 id="foreach-skips-a-field-that-is-missing"),
    pytest.param("search index=x | foreach a b [eval <<FIELD>>=upper(<<FIELD>>)] | table a b",
                 timed({"a": "q"}, {"b": "r", "a": "s"}, {}), id="foreach-over-the-fields-read"),
    pytest.param("search index=x | eval v=substr(t,-3), w=substr(t,-3,2), x=substr(t,-5,1), "
                 "y=substr(t,0,3), z=substr(t,0) | table v w x y z", TEXTS,
                 id="parts-from-the-end"),
    pytest.param('search index=x | eval v=relative_time(1000000,"-".d) | table v', MOVED,
                 id="time-moved-by-a-field"),
    pytest.param('search index=x | eval v=relative_time(_time,"`later`") | table v d', MOVED,
                 id="no-relative-time-gives-nothing"),
    pytest.param("search index=x | eval v=a+b+c, w=(a.b)+c | table v w", SUMS,
                 id="sums-of-sums-of-what-may-be-text"),
    pytest.param("search index=x | transaction u maxspan=25s | table u duration eventcount e",
                 USERS, id="transaction-of-at-most-a-span"),
    pytest.param("search index=x | bin span=10s _time | stats count as e by _time u "
                 "| transaction u maxspan=30s | table u duration eventcount e",
                 USERS, id="transaction-of-a-span-oldest-first"),
    pytest.param("search index=x | stats count as e by u _time | transaction u maxpause=15s "
                 "| table u duration eventcount e _time", USERS,
                 id="transaction-up-to-a-pause-of-rows-together"),
    pytest.param("search index=x | eval v=a+b+c", SUMS, id="no-part-in-the-result"),
    pytest.param('search index=x | eval p="plan", q=-3 | stats count by u p q', USERS,
                 id="constants-beside-a-key"),
    pytest.param('search index=x | eval p="plan", q=2 | stats count by q p', USERS,
                 id="constants-as-the-only-keys"),
    pytest.param("search index=x | eval q=-1.5 | stats count by q", USERS,
                 id="a-number-as-the-only-key"),
    pytest.param("search index=x | table e | eventstats count as n by gone", USERS,
                 id="totals-by-a-field-that-no-row-has"),
    pytest.param("search index=x | table e | streamstats count as n by gone", USERS,
                 id="running-totals-by-a-field-that-no-row-has"),
    pytest.param("search index=x | table e _time | transaction gone maxspan=5s | table e", USERS,
                 id="transactions-of-a-field-that-no-row-has"),
    pytest.param("search index=x | table e | join gone [search index=x | table e u] | table e u",
                 USERS, id="join-on-a-field-that-no-row-has"),
    pytest.param("search index=x | table e | dedup gone | table e", USERS,
                 id="dedup-on-a-field-that-no-row-has"),
    pytest.param("search index=x | eval q=2 | stats count by q", [],
                 id="a-constant-key-of-no-rows"),
]
ARGUMENTS = timed(
    {"type": "E", "a0": "ls", "a1": "-l", "a10": "z", "argc": "3"}, {"type": "E", "a1": "x"},
    {"type": "F", "a0": "no"}, {"type": "E"}, {"a0": "none", "r": "own"},
)
DUCKDB = [
    pytest.param('search index=x | eval r=if(type="E","",r) | foreach a* [eval r=if(type="E",'
                 'mvappend(r,<<FIELD>>),r)] | eval p=mvjoin(r," ") | table p argc', ARGUMENTS,
                 id="values-of-all-fields-of-a-pattern"),
    pytest.param(f"search index=x ({MANY}) | table t", PATTERNS, id="many-patterns"),
    pytest.param(f"search index=x NOT ({MANY}) | table t", PATTERNS,
                 id="none-of-many-patterns"),
    pytest.param(f"search index=x | eval t=mvappend(t,\"zz\") | search {MANY} | table t",
                 PATTERNS, id="many-patterns-on-each-value"),
    pytest.param('search index=x | where like(a,"%".b."%") | table a b', LIKE,
                 id="like-a-pattern-of-the-event"),
    pytest.param('search index=x | where NOT like(a,"%".b."%") | table a b', LIKE,
                 id="not-like-a-pattern-of-the-event"),
    pytest.param('search index=x | eval v=if(like(a,b."%"),"y","n") | table v', LIKE,
                 id="like-as-a-condition"),
    pytest.param(f"{LISTS}| where a=b | table k", PAIRS, id="some-values-of-two-lists-agree"),
    pytest.param(f"{LISTS}| where a!=b | table k", PAIRS, id="not-all-values-of-two-lists-agree"),
    pytest.param(f"{LISTS}| dedup a | stats count", PAIRS, id="duplicate-lists"),
    pytest.param(f"{LISTS}| join a [search index=x | eval a=mvappend(a,b), n=k | fields a n] "
                 "| table k n", PAIRS, id="join-on-lists"),
]


@pytest.mark.parametrize("variant", ENGINES)
@pytest.mark.parametrize(("search", "events"), BOTH)
def test_the_engines_agree_with_the_interpreter(
    search: str, events: Events, variant: str
) -> None:
    if variant == "clickhouse" and "maxspan" in search:
        with pytest.raises(Unsupported, match="reads its own rows"):
            emit(search, variant)
    else:
        assert_same(search, events, variant)


def test_totals_that_hide_a_field_of_rows_without_the_key_are_refused() -> None:
    search = "search index=x | table e u | eventstats count as e by u"
    with pytest.raises(Unsupported, match="keep as it is"):
        emit(search)
    assert_same(search.replace("as e", "as n"), [*USERS, {"_time": 1, "e": "9"}], "duckdb")


@pytest.mark.parametrize(("search", "events"), DUCKDB)
def test_duckdb_agrees_with_the_interpreter(search: str, events: Events) -> None:
    assert_same(search, events, "duckdb")


def test_a_regular_expression_in_an_event_is_left_to_nobody() -> None:
    with pytest.raises(Unsupported) as caught:
        emit("search index=x | eval v=if(match(a,b),1,0) | stats count by v")
    assert caught.value.code == "TGT609"


@pytest.mark.parametrize("variant", ENGINES)
def test_addresses_of_groups_are_located_by_ranges(variant: str) -> None:
    known = {"10.0.0.1": {"City": "Here", "Country": "One"}, "8.8.8.8": {"Country": "Two"}}
    ranges = Table("ip_locations", (
        {"first_ip": str(10 << 24), "last_ip": str((10 << 24) + 255), "City": "Here",
         "Country": "One"},
        {"first_ip": "134744072", "last_ip": "134744072", "Country": "Two"},
    ), ("first_ip", "last_ip", "City", "Country", "Region", "lat", "lon"))
    events = timed(*({"ip": ip} for ip in ("10.0.0.1", "8.8.8.8", "1.1.1.1", "::1", "none")), {})
    search = "search index=x | stats count by ip | iplocation prefix=at_ ip"
    draft = emit(search, variant)
    found = sql_rows(draft, events, variant, {"ip_locations": ranges})
    context = Context(now=NOW, geo=known.get)
    assert plain(found) == plain(run_pipeline(lower(parse(search)), events, context)), draft.text


@pytest.mark.parametrize("variant", ENGINES)
def test_events_bring_their_own_locations(variant: str) -> None:
    events = timed({"ip": "1.1.1.1", "City": "a"}, {"ip": "2.2.2.2", "Country": "b"}, {})
    assert_same("search index=x | iplocation ip | stats count by City", events, variant)
