"""The traps of spl-semantics 8 and the stages, on both engines, against the interpreter."""

from __future__ import annotations

import pytest
from sql_bench import ENGINES, Events, assert_same

from transpile.errors import Unsupported
from transpile.tables import Table


def timed(*events: dict[str, object]) -> Events:
    """Give events distinct times, newest first."""
    return [{"_time": 1000 - at * 10, **event} for at, event in enumerate(events)]


USERS = timed({"user": "admin"}, {"user": "bob"}, {"user": "ADMIN"}, {"x": "1"})
NAMES = timed({"name": "PowerShell.exe"}, {"name": "powershell.exe"}, {"other": "z"})
NUMBERS = timed(*({"v": v, "k": "a"} for v in ("9", "10", "abc", "1.0", "01", "1", "", " 1 ",
                                               "1e1", "inf", "nan", "1_0", "0x10", "-3", ".5")))
GROUPS = timed(
    {"u": "a", "d": "p", "n": "3"}, {"u": "a", "n": "10"}, {"d": "p", "n": "4"},
    {"u": "a", "d": "p", "n": "x"}, {"u": "b", "d": "q"}, {"u": "A", "d": "p", "n": "7"},
)
PATHS = timed(
    {"p": "C:\\Temp\\x.exe"}, {"p": "C:\\Temp*"}, {"p": "C:\\Tempest"}, {"p": "a_b.exe"},
    {"p": "axb.exe"}, {"p": "50% off!"}, {"p": "line\nbreak"}, {"p": ""}, {"p": "it's [x]"},
)
PROCESSES = [
    {"_time": 100, "process": "cmd /c whoami", "dest": "h1", "process_id": 4},
    {"_time": 90, "process": "cmd /c dir", "dest": "h1", "user": "Bob", "process_id": "4"},
    {"_time": 80, "process": "net user", "process_name": "NET.exe", "dest": "h2"},
]

CASES = [
    pytest.param('search index=x NOT user="admin"', USERS, id="T3-not-keeps-missing"),
    pytest.param('search index=x user!="admin"', USERS, id="T3-differs-needs-the-field"),
    pytest.param('search index=x | where NOT match(user,"admin")', USERS, id="T4-where-not"),
    pytest.param("search index=x | where a!=b",
                 timed({"a": "x", "b": "y"}, {"a": "x"}, {"a": "x", "b": "x"},
                       {"a": "1", "b": "1.0"}, {"a": "1", "b": "z"}), id="T5-fields-differ"),
    pytest.param('search index=x name="powershell.exe"', NAMES, id="T7-search-ignores-case"),
    pytest.param('search index=x | where name="powershell.exe"', NAMES, id="T7-where-minds-case"),
    pytest.param('search index=x | where name LIKE "%power%"', NAMES, id="T7-like-minds-case"),
    pytest.param("search index=x | stats count by name", NAMES, id="T8-groups-mind-case"),
    pytest.param('search index=x p="a_b*"', PATHS, id="T11-underscore-is-literal"),
    pytest.param('search index=x | where p LIKE "a_b%"', PATHS, id="T11-like-underscore-is-wild"),
    pytest.param('search index=x p="*a.exe"', PATHS, id="T12-dot-is-literal"),
    pytest.param(r'search index=x p="C:\\Temp\\*"', PATHS, id="T13-backslash-then-wildcard"),
    pytest.param('search index=x p="50% *!"', PATHS, id="percent-and-escape-character"),
    pytest.param('search index=x p="line*break"', PATHS, id="run-crosses-newline"),
    pytest.param('search index=x p="it\'s [*"', PATHS, id="quote-and-bracket"),
    pytest.param('search index=x p=""', PATHS, id="empty-text-equals"),
    pytest.param("search index=x p=*", PATHS, id="star-is-existence"),
    pytest.param("search index=x v=1", NUMBERS, id="T15-search-equals"),
    pytest.param("search index=x | where v=1", NUMBERS, id="T15-where-equals-number"),
    pytest.param("search index=x v>5", NUMBERS, id="T16-order-by-value"),
    pytest.param("search index=x v<=1", NUMBERS, id="T16-order-below"),
    pytest.param("search index=x | where v>5", NUMBERS, id="where-order"),
    pytest.param("search index=x | stats dc(v) as d sum(v) as s avg(v) as a count(v) as c by k",
                 NUMBERS, id="T32-numeric-aggregates-skip-text"),
    pytest.param("search index=x | stats min(v) as lo max(v) as hi by k", NUMBERS,
                 id="extremes-number-before-text"),
    pytest.param("search index=x | stats values(v) as all list(v) as seq by k", NUMBERS,
                 id="T26-values-and-list"),
    pytest.param("search index=x | stats perc95(v) as p median(v) as m range(v) as r "
                 "stdev(v) as s var(v) as w stdevp(v) as t by k", NUMBERS, id="ranks-and-spread"),
    pytest.param("search index=x | stats count by u, d", GROUPS, id="T19-missing-key-drops"),
    pytest.param("search index=x | fillnull value=none d | stats count by u, d", GROUPS,
                 id="fillnull-keeps-the-row"),
    pytest.param("search index=x | stats count sum(n) as s stdev(n) as sd", GROUPS,
                 id="one-row-without-keys"),
    pytest.param('search index=x u=zzz | stats count sum(n) as s values(u) as v', GROUPS,
                 id="one-row-for-no-events"),
    pytest.param("search index=x | stats count(eval(n>3)) as f count as c", GROUPS,
                 id="T31-count-eval"),
    pytest.param("search index=x | stats first(n) as f last(n) as l earliest(n) as e "
                 "latest(n) as t by u", GROUPS, id="T27-first-is-not-earliest"),
    pytest.param("search index=x | sort _time | stats first(n) as f last(n) as l by u", GROUPS,
                 id="T27-first-after-sort"),
    pytest.param("search index=x | dedup u | table u n", GROUPS, id="T28-dedup-keeps-newest"),
    pytest.param("search index=x | dedup 2 u | table u n", GROUPS, id="dedup-two"),
    pytest.param("search index=x | sort - n | head 2 | table u n",
                 timed({"u": "a", "n": "3"}, {"u": "b", "n": "10"}, {"u": "c", "n": "9"}),
                 id="head-after-sort"),
    pytest.param("search index=x | head 2 | table u n", GROUPS, id="head-is-newest"),
    pytest.param("search index=x | tail 2 | table u n", GROUPS, id="tail-is-oldest"),
    pytest.param("search index=x | eventstats avg(n) as a count as c by u | where n>=a | "
                 "table u n a c", GROUPS, id="eventstats-beside-each-row"),
    pytest.param("search index=x | eventstats sum(n) as s | table u n s", GROUPS,
                 id="eventstats-without-keys"),
    pytest.param("search index=x | streamstats count as c sum(n) as s by u | table u n c s",
                 GROUPS, id="streamstats-runs"),
    pytest.param("search index=x | streamstats current=f window=1 sum(n) as before | "
                 "table u n before", GROUPS, id="streamstats-window"),
    pytest.param("search index=x | rename d as u | table u n", GROUPS,
                 id="T23-rename-removes-the-target"),
    pytest.param("search index=x | eval s=if(n>5,\"big\",u.\"-\".n), t=n*2+1, w=coalesce(d,n) | "
                 "table s t w", GROUPS, id="eval-kinds"),
    pytest.param("search index=x | eval a=upper(u), b=len(d), c=substr(d,1,2), e=round(n/3,2), "
                 "f=floor(n/3), g=n%4, h=-n, i=pow(n,2), j=ln(n), k=sqrt(n), l=tostring(n), "
                 "m=tonumber(n), q=nullif(u,\"a\"), r=abs(n) | table a b c e f g h i j k l m q r",
                 GROUPS, id="functions"),
    pytest.param("search index=x | eval t=strftime(_time,\"%Y-%m-%dT%H:%M:%S\"), "
                 "r=relative_time(_time,\"-1h@h\") | table t r", GROUPS, id="times"),
    pytest.param("search index=x | eval old=now()-_time | where old>5 | table old", GROUPS,
                 id="now-is-the-given-time"),
    pytest.param("search index=x | bin _time span=5m | stats count by _time",
                 [{"_time": t, "u": "a"} for t in (299, 300, 301, 899.5, 900)],
                 id="T30-bins-are-epoch-aligned"),
    pytest.param("search index=x | eval g=mvappend(u,d) | stats count by g", GROUPS,
                 id="T18-list-key-splits"),
    pytest.param("search index=x | stats values(d) as ds count by u | where mvcount(ds)<2", GROUPS,
                 id="T33-mvcount-of-nothing"),
    pytest.param("search index=x | stats values(n) as ns by u | search ns=3", GROUPS,
                 id="T17-any-value"),
    pytest.param("search index=x | stats values(n) as ns by u | search ns!=3", GROUPS,
                 id="T17-some-value-differs"),
    pytest.param("search index=x | stats values(n) as ns by u | search NOT ns=3", GROUPS,
                 id="T17-no-value"),
    pytest.param("search index=x | stats values(n) as ns by u | eval j=mvjoin(ns,\";\"), "
                 "f=mvindex(ns,0), l=mvindex(ns,-1), k=mvfilter(match(ns,\"^[0-9]\")), "
                 "s=mvindex(ns,0,1), c=mvcount(ns) | table u j f l k s c", GROUPS,
                 id="list-functions"),
    pytest.param("search index=x | stats values(n) as ns by u d | stats values(ns) as v dc(ns) as "
                 "k count(ns) as c by u", GROUPS, id="aggregates-of-lists"),
    pytest.param("search index=x | stats values(n) as ns by u | mvexpand ns | table u ns", GROUPS,
                 id="mvexpand"),
    pytest.param("search index=x | join u [search index=x | stats max(n) as top by u] | "
                 "table u n top", GROUPS, id="T24-join-inner"),
    pytest.param("search index=x | join type=left u [search index=x d=p | stats count as k by u]"
                 " | table u n k", GROUPS, id="join-left"),
    pytest.param("search index=x | join u [search index=x | fields u n] | table u n d", GROUPS,
                 id="T24-join-takes-the-first"),
    pytest.param("search index=x [search index=x d=q | fields u]", GROUPS,
                 id="T36-subsearch-filters"),
    pytest.param("search index=x NOT [search index=x d=q | fields u]", GROUPS,
                 id="T36-subsearch-excludes"),
    pytest.param("search index=x [search index=x u=nobody | fields u]", GROUPS,
                 id="T36-subsearch-without-rows"),
    pytest.param("search index=x | stats count by u | append [search index=x | stats count by d]",
                 GROUPS, id="append"),
    pytest.param('search index=x | where cidrmatch("10.1.0.0/20", ip) | table ip',
                 timed({"ip": "10.1.15.255"}, {"ip": "10.1.16.0"}, {"ip": "10.1.0.256"},
                       {"ip": "x"}, {"ip": "10.1.0"}, {"ip": "10.1.2.3.4"}), id="cidr"),
    pytest.param('search index=x "net user"',
                 [{"_time": 1, "_raw": "run Net User now"}, {"_time": 2, "_raw": "netuser"},
                  {"_time": 3, "_raw": "net users"}, {"_time": 4, "_raw": "x-net user"}],
                 id="keyword-is-a-whole-word"),
    pytest.param("| tstats count min(_time) as first from datamodel=Endpoint.Processes "
                 "by Processes.dest Processes.user Processes.process_name", PROCESSES,
                 id="T22-model-fills-unknown"),
    pytest.param("| tstats count from datamodel=Endpoint.Processes where Processes.user=unknown "
                 "by Processes.dest Processes.process_id", PROCESSES, id="T6-number-key"),
    pytest.param("| tstats count values(Processes.process) as process from datamodel="
                 "Endpoint.Processes where NOT Processes.process_name=net.exe by Processes.dest | "
                 "rename Processes.* as * | eval n=mvcount(process)", PROCESSES,
                 id="model-rename-eval"),
]


@pytest.mark.parametrize("variant", ENGINES)
@pytest.mark.parametrize(("search", "events"), CASES)
def test_the_query_finds_the_rows_of_the_interpreter(
    search: str, events: Events, variant: str
) -> None:
    assert_same(search, events, variant)


DUCKDB_ONLY = [
    pytest.param(r'search index=x | rex field=p "(?<stem>\w+)\.exe" | table p stem', PATHS,
                 id="T14-rex"),
    pytest.param(r'search index=x | eval q=replace(p,"[aeiou](x?)","<\1>") | table q', PATHS,
                 id="replace-all-matches"),
    pytest.param('search index=x | eval q=split(p,"\\\\"), r=md5(p) | table q r', PATHS,
                 id="split-and-digest"),
    pytest.param("search index=x | stats mode(n) as m by u", GROUPS, id="mode"),
]


@pytest.mark.parametrize(("search", "events"), DUCKDB_ONLY)
def test_duckdb_has_more(search: str, events: Events) -> None:
    assert_same(search, events, "duckdb")


@pytest.mark.parametrize(("search", "events"), DUCKDB_ONLY)
def test_sqlite_says_that_it_has_not(search: str, events: Events) -> None:
    with pytest.raises(Unsupported) as caught:
        assert_same(search, events, "sqlite")
    assert caught.value.code == "TGT604"


TABLES = {
    "exact": Table("exact", ({"k": "a", "v": "one"}, {"k": "B", "v": "two"}), ("k", "v"),
                        case_sensitive=False, min_matches=1, default_match="false"),
    "wild": Table("wild", ({"p": "*.exe", "v": "program"}, {"p": "a*", "v": "first"},
                                {"p": "50%*", "v": ""}), ("p", "v"), case_sensitive=False,
                       match_types={"p": "WILDCARD"}),
    "single": Table("single", ({"k": "a", "v": "1"}, {"k": "a", "v": "2"}), ("k", "v"),
                         max_matches=1),
}


@pytest.mark.parametrize("variant", ENGINES)
@pytest.mark.parametrize(("search", "events"), [
    pytest.param("search index=x | lookup exact k as u OUTPUT v | table u v", GROUPS,
                 id="T34-default-text"),
    pytest.param("search index=x | lookup exact k as u OUTPUTNEW v as d | table u d", GROUPS,
                 id="T35-outputnew"),
    pytest.param("search index=x | lookup wild p OUTPUT v | table p v", PATHS, id="wildcards"),
    pytest.param("search index=x | lookup single k as u OUTPUT v | table u v", GROUPS,
                 id="first-match"),
    pytest.param("| inputlookup exact | stats count by v", [], id="inputlookup"),
])
def test_lookups(search: str, events: Events, variant: str) -> None:
    assert_same(search, events, variant, TABLES)
