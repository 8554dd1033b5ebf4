"""Mutants of a rule, the rows for which they are true, and events that show them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from test_prove import EVENTS, predicate, predicates

from transpile import Content, parse, run
from transpile.compiled import compile_rule
from transpile.content import read_rule
from transpile.interpret import compile_pred
from transpile.ir.pred import Pred
from transpile.verify import trial_of, verify_rule
from transpile.verify.adequacy import Adequacy
from transpile.verify.bits import Truths, indices
from transpile.verify.mutate import mutants, of_pred
from transpile.verify.witness import maker_for
from transpile.verify.witness.backwards import wishes_of
from transpile.verify.witness.late import back_of

CONTENT = Content.builtin()
PROCESSES = "| tstats count from datamodel=Endpoint.Processes where {} by Processes.dest"


def _adequacy(search: str, target: str) -> Adequacy:
    """Return what events show of the mutants of a rule whose conversion does what it claims."""
    report = verify_rule(read_rule(search), target, content=CONTENT)
    assert report.verdict.good, report
    assert report.adequacy is not None
    return report.adequacy


@pytest.mark.parametrize(
    ("search", "change"),
    [
        pytest.param("a=x b=y", "condition dropped", id="drop"),
        pytest.param("a=x b=y", "and became or", id="and-or"),
        pytest.param("a=x OR b=y", "alternative dropped", id="drop-alternative"),
        pytest.param("a=x", "condition negated", id="negate"),
        pytest.param("a=x", "case respected", id="case"),
        pytest.param("a=x*", "wildcard dropped at the end", id="narrow"),
        pytest.param("a=x*", "wildcard added at the start", id="widen"),
        pytest.param("a=x_y", "_ taken for a wildcard", id="metacharacter"),
        pytest.param("a>5", "threshold off by one", id="threshold"),
        pytest.param("NOT a=x", "negation dropped", id="not"),
        pytest.param("NOT a=x", "a missing field does not meet the negation", id="null-rule"),
    ],
)
def test_a_predicate_has_the_mutant(search: str, change: str) -> None:
    assert change in {what for _, what, _ in of_pred(predicate(search))}


def test_stages_have_mutants_where_they_can_be_seen() -> None:
    rule = parse("a=x | stats dc(b) as n by c, d | where n>2 | sort 5 -n")
    seen = {mutant.what for mutant in mutants(rule, rows=True)}
    assert {"grouping field dropped: c", "n: counts all values, not distinct ones",
            "threshold off by one", "order reversed"} <= seen  # fmt: skip
    assert "order reversed" not in {mutant.what for mutant in mutants(rule, rows=False)}


def test_groups_that_no_filter_asks_about_have_no_mutants_for_events() -> None:
    shown = parse("a=x | stats min(_time) as first by c | eval first=strftime(first, \"%F\")")
    asked = parse("a=x | stats count as n by c | eval m=n*2 | where m>4")
    changes = [{m.what for m in mutants(rule, rows=False)} for rule in (shown, asked)]
    assert ["grouping field dropped: c" in found for found in changes] == [False, True]


@settings(max_examples=100, deadline=None)
@given(predicates)
def test_bits_are_what_the_interpreter_decides(pred: Pred) -> None:
    decide = compile_pred(pred)
    wanted = [at for at, event in enumerate(EVENTS) if decide(event)]
    truths = Truths(EVENTS)
    assert indices(truths.of(pred, keep=True)) == wanted == indices(truths.of(pred))


@pytest.mark.parametrize(
    "search",
    [
        pytest.param('Processes.process="*whoami*"', id="contains"),
        pytest.param('Processes.process IN ("*a_b*", "c%d*")', id="metacharacters"),
        pytest.param('Processes.process="*x*" NOT Processes.user="svc*"', id="negation"),
        pytest.param('(Processes.process="*a*" OR Processes.user=b) Processes.process="*c*"',
                     id="nested"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("target", ["eql", "sql:duckdb"])
def test_witnesses_show_every_mutant_of_the_filter(search: str, target: str) -> None:
    adequacy = _adequacy(PROCESSES.format(search), target)
    assert adequacy.killed > 0
    assert not adequacy.gaps


@pytest.mark.parametrize(
    "search",
    [
        pytest.param("x=1 | stats count by src | where count>5", id="count"),
        pytest.param("x=1 | stats dc(user) as n by src | where n>=4", id="distinct-values"),
        pytest.param('x=1 | rex field=cmd "run (?<name>\\w+)" | search name=evil', id="extracted"),
        pytest.param("x=1 | eval k=if(like(cmd,\"%a%\"),1,0) | where k=1", id="computed"),
        pytest.param("x=1 | spath input=j path=a.b output=c | search c=v", id="json"),
        pytest.param("x=1 | rename a as b | stats values(b) as c by d | search c=z", id="renamed"),
        pytest.param(
            'x=1 | stats values(eval(if(op="a",v,null()))) as old values(eval(if(op="b",v,null())))'
            " as new by k | where isnotnull(old) AND new!=old", id="two-kinds-in-a-group",
        ),
        pytest.param("x=1 | eval a=mvindex(l,2), b=mvindex(l,-1) | search a=foo b=bar",
                     id="places-in-a-list"),
        pytest.param('x=1 | eval v=mvindex(vs,mvfind(ns,"Role")) | search v=admin',
                     id="a-value-beside-a-name"),
        pytest.param('x=1 | eval i=mvfind(ns,"Role") | eval v=mvindex(vs,i-1) | search v=admin',
                     id="a-place-that-is-reckoned"),
        pytest.param('x=1 | eval m=mvfilter(m!="no") | search m=yes', id="of-some-values"),
        pytest.param("x=1 | eval n=mvcount(l) | eval v=mvindex(l,n-1) | search v=admin",
                     id="the-last-place-by-its-number"),
        pytest.param('x=1 | rex field=t "A: (?<a>[^,]+)" | rex field=t "B: (?<b>\\d+)$" '
                     "| search a=foo b=7", id="two-parts-of-a-text"),
        pytest.param("x=1 | stats count by src | eventstats avg(count) as a stdev(count) as s "
                     "| where count>a+3*s", id="a-count-that-stands-out"),
        pytest.param("x=1 | stats sum(bytes) as n by src | eventstats avg(n) as a stdev(n) as s "
                     "| where n>a+2*s", id="a-sum-that-stands-out"),
        pytest.param("x=1 | bin _time span=1h | stats dc(u) as n by src _time | eventstats avg(n) "
                     "as a stdev(n) as s by src | where n>2 and n>=a+3*s", id="over-time"),
        pytest.param("x=1 | stats dc(u) as n dc(a) as m | where n>20 and m=1", id="one-group"),
        pytest.param('x=1 | regex c="a.c" | join k [search y=1 z=* | stats count by k]',
                     id="joined"),
        pytest.param('x=1 | stats values(pid) as p by host, name | eval n=mvcount(p) '
                     '| eval a=if(name="b",n,0) | eval c=if(name="d",n,0) '
                     "| stats sum(a) as a sum(c) as c by host | where a>10 OR c>10",
                     id="so-many-values-of-one-kind"),
        pytest.param('x=1 | stats count by act, src, user | eval ok=if(act="yes",count,0), '
                     'u=if(act="yes",user,null()), bad=if(act="no",count,0), '
                     'v=if(act="no",user,null()) | stats dc(u) as us dc(v) as vs dc(user) as n '
                     "sum(ok) as ok sum(bad) as bad by src "
                     "| where n>=10 AND ok/bad<0.25 AND vs>us", id="mostly-of-one-kind"),
        pytest.param('x=1 | stats max(_time) as t by host | where t<=relative_time(now(),"-60d@d")',
                     id="long-ago"),
        pytest.param('x=1 | eval h=strftime(t/pow(10,3),"%H") | where h>=20',
                     id="an-hour-of-the-day"),
        pytest.param('x=1 | stats count by q, h | eval t=mvindex(split(q,"."),-1) '
                     "| eval n=len(t) | search n<=24 | eval l=len(q) | eventstats avg(l) as a "
                     "stdev(l) as s | where l>a+3*s", id="a-long-key-that-stands-out"),
        pytest.param('x=1 | where lower(a)=lower(mvindex(split(b,"@"),0))', id="computed-sides"),
    ],
)  # fmt: skip
def test_events_are_made_for_which_the_rule_has_a_result(search: str) -> None:
    trial = trial_of(compile_rule(read_rule(search), CONTENT), content=CONTENT, now=1_767_225_600.0)
    scenes = trial.scenes or (trial.runs.all,)
    assert any(trial.runs.result(scene).rows for scene in scenes)
    assert not run(search, [])


def test_all_events_together_are_tried_where_no_group_is_of_all() -> None:
    compiled = compile_rule(read_rule("x=1 | stats count by src | where count>5"), CONTENT)
    assert not trial_of(compiled, content=CONTENT).scenes
    compiled = compile_rule(read_rule("x=1 | stats count | where count>5"), CONTENT)
    found = trial_of(compiled, content=CONTENT).scenes
    assert len(found) > 1
    assert sum(found) == (1 << sum(map(int.bit_count, found))) - 1


def test_a_key_that_no_filter_asks_about_makes_no_mutant() -> None:
    rule = parse("a=x | stats values(p) as p by p, d | search p=*y*")
    seen = {mutant.what for mutant in mutants(rule, rows=False)}
    assert "grouping field dropped: p" in seen
    assert "grouping field dropped: d" not in seen


def test_witnesses_depend_on_the_rule_alone() -> None:
    compiled = compile_rule(read_rule(PROCESSES.format("Processes.user=a*")), CONTENT)
    first, second = (trial_of(compiled, content=CONTENT).events for _ in range(2))
    assert first == second


def test_rows_are_made_for_a_lookup_table_that_is_missing() -> None:
    search = "x=1 | lookup assets_of_ours host OUTPUT owner | search owner=root*"
    trial = trial_of(compile_rule(read_rule(search), CONTENT), content=CONTENT, now=1_767_225_600.0)
    assert any(row["owner"] == "root" for row in trial.lookups["assets_of_ours"].rows or ())
    assert trial.runs.result(trial.runs.all).rows


@pytest.mark.parametrize(
    ("search", "what"),
    [
        pytest.param("x=1 | stats count as n by a, b | where n>5", "grouping field dropped: b",
                     id="key"),
        pytest.param("x=1 | stats dc(u) as n by a | where n>5",
                     "n: counts all values, not distinct ones", id="repeated-values"),
        pytest.param("x=1 | eval c=lower(d) | where c=\"abc\"", "literal one character short",
                     id="computed"),
        pytest.param("x=1 y=2 | bin _time span=5m | stats dc(u) as n by _time, src | eventstats "
                     "avg(n) as a stdev(n) as s by _time | where n>10 and n>=a+3*s",
                     "equality became a prefix", id="what-stands-out-among-others-of-its-time"),
        pytest.param("x=1 | stats dc(u) as n by src | eventstats avg(n) as a stdev(n) as s "
                     "| where n>1+a+3*s", "n: counts all values, not distinct ones",
                     id="equal-values-that-do-not-stand-out"),
        pytest.param('x=1 op IN (abc, "d*") | stats count(eval(op="abc")) as n '
                     "sum(eval(len(op))) as m by user | where n>2",
                     "case respected", id="beside-what-counts"),
        pytest.param("| tstats count from datamodel=Network_Traffic where All_Traffic.src_ip IN "
                     "(10.0.0.0/8, 192.168.0.0/16) All_Traffic.app IN (a1, b2, c3, d4) by "
                     "All_Traffic.src_ip All_Traffic.dest | stats dc(All_Traffic.dest) as n by "
                     "All_Traffic.src_ip | where n>=5", "threshold off by one",
                     id="groups-by-addresses-of-one-network"),
        pytest.param('x=* | makemv delim=" " c | search c=abc', "all value tested", id="split"),
        pytest.param("x=1 | stats count by dest | eval k=case(isnotnull(src), src, "
                     "isnotnull(dest), dest) | lookup exempt k OUTPUT why | search NOT why=yes",
                     "case respected", id="looked-up-by-the-one-field-that-rows-have"),
        pytest.param('x=1 | stats values(eval(if(op="a",v,null()))) as old '
                     'values(eval(if(op="b",v,null()))) as new by k | rex field=old '
                     '"<(?<o>\\w+)>" | rex field=new "<(?<n>\\w+)>" | where isnotnull(n) '
                     "AND isnotnull(o) AND NOT n=o | search n=evil*", ">= instead of ==",
                     id="what-a-later-filter-wants-is-kept"),
        pytest.param('| tstats count from datamodel=Endpoint.Registry where Registry.user=a by '
                     "_time span=1m Registry.process_guid Registry.registry_value_name | rename "
                     'Registry.* as * | regex registry_value_name="^[0-9a-f]{6}$" | join '
                     "process_guid, _time [| tstats count from datamodel=Endpoint.Processes where "
                     "Processes.user=b by _time span=1m Processes.process_guid | rename "
                     "Processes.* as *] | stats dc(registry_value_name) as n by process_guid "
                     "| where n>=4", "> instead of >=",
                     id="a-group-that-is-joined-is-as-late-as-its-partner"),
        pytest.param("| tstats count from datamodel=Endpoint.Processes where Processes.user!=a "
                     "by Processes.user Processes.dest Processes.process_id | rename Processes.* "
                     "as * | search [| tstats count from datamodel=Endpoint.Processes where "
                     "Processes.user=b by Processes.dest Processes.parent_process_id | rename "
                     "Processes.* as * | rename parent_process_id as process_id | table process_id "
                     "dest]", "literal one character short",
                     id="rows-that-agree-with-those-of-a-subsearch"),
        pytest.param("x=1 | eval who=upper(name) | join who [search x=2 y=* | eval "
                     "who=upper(name) | fields who, y] | stats count by who, y, z",
                     "condition negated", id="a-joined-search-that-does-not-ask-for-its-key"),
    ],
)  # fmt: skip
def test_witnesses_show_changes_behind_the_first_filter(search: str, what: str) -> None:
    assert what not in {gap.what for gap in _adequacy(search, "sql:duckdb").gaps}


@pytest.mark.parametrize(
    ("aggregate", "where", "then"),
    [
        pytest.param("values(Processes.process) as p", "Processes.user=a* Processes.process_id=5",
                     "", id="no-count"),
        pytest.param("count as n", "Processes.user IN (a1, b2, c3, d4, e5, f6)", "where n>=8",
                     id="many-alternatives-under-a-threshold"),
        pytest.param("dc(Processes.process) as n",
                     'Processes.process="*-dir*" Processes.process="*d"', "where n>=3",
                     id="distinct-values-of-a-tested-field"),
        pytest.param("count as n", "Processes.user=a* Processes.user!=ab",
                     "eventstats avg(n) as m by n | where n>=2", id="grouped-twice"),
    ],
)  # fmt: skip
def test_each_event_is_seen_although_others_are_found(
    aggregate: str, where: str, then: str
) -> None:
    search = f"| tstats {aggregate} from datamodel=Endpoint.Processes where {where}"
    search += " by Processes.dest" + (f" | {then}" if then else "")
    assert not _adequacy(search, "sql:duckdb").gaps


def test_events_of_a_subsearch_of_the_same_source_have_the_keys_of_the_rule() -> None:
    search = (
        "| tstats count from datamodel=Endpoint.Processes where Processes.process_name=a.exe by "
        "Processes.user Processes.dest Processes.process_id | rename Processes.* as * | search "
        "[| tstats count from datamodel=Endpoint.Processes where Processes.process_name=b.exe by "
        "Processes.dest Processes.parent_process_id | rename Processes.* as * "
        "| rename parent_process_id as process_id | table process_id dest]"
    )
    assert not _adequacy(search, "esql").gaps


def test_a_conversion_that_sets_events_aside_gets_some_of_its_own() -> None:
    search = (
        'EventCode=4663 source="XmlWinEventLog:Security" object_file_path="*\\\\Extensions\\\\*" '
        "| stats count by object_file_name, object_file_path, process_name, dest"
    )
    report = verify_rule(read_rule(search), "esql", content=CONTENT)
    assert report.verdict.good, report
    assert report.set_aside
    assert report.adequacy is not None
    assert report.adequacy.score is not None
    assert report.adequacy.score > 0.8


@pytest.mark.parametrize("target", ["sigma", "eql"])
def test_fields_that_the_target_has_one_field_for_have_one_value(target: str) -> None:
    search = (
        'sourcetype="azure:monitor:aad" category=SignInLogs | rename properties.* as * '
        '| search status.errorCode=50 status.additionalDetails="a*" '
        "| stats dc(src_ip) as n by user, appDisplayName | where n>3"
    )
    adequacy = _adequacy(search, target)
    assert adequacy.killed > 15
    assert not adequacy.gaps


@pytest.mark.parametrize("target", ["sigma", "sql:duckdb"])
def test_events_of_large_groups_have_keys_that_agree(target: str) -> None:
    search = (
        'EventCode IN (23, 26) source="XmlWinEventLog:Microsoft-Windows-Sysmon/Operational" '
        'TargetFilename IN ("*.a1", "*.b2", "*.c3") NOT TargetFilename="*\\\\Cache\\\\*" '
        "| stats count by dest, signature, Image, process_name | where count>=60"
    )
    adequacy = _adequacy(search, target)
    keys = "grouping field dropped: "
    open_ones = {gap.what for gap in adequacy.gaps}
    assert open_ones <= {f"{keys}{name}" for name in ("signature", "Image", "process_name")}
    assert adequacy.killed > 20


@pytest.mark.parametrize(("search", "target"), [
    pytest.param(
        "| tstats dc(Filesystem.file_path) as n from datamodel=Endpoint.Filesystem where "
        'Filesystem.file_path="/etc/*" by _time span=1h Filesystem.dest Filesystem.user '
        "| where n>=200", "sql:duckdb",
        id="keys-windows-and-values-that-count-once"),
    pytest.param(
        'sourcetype="o365:management:activity" Workload=AzureActiveDirectory '
        "| bucket span=10m _time | stats dc(object) as n by src_user | where n>3", "sigma",
        id="no-event-of-another-time-makes-it-up"),
])  # fmt: skip
def test_a_group_that_lacks_one_event_shows_all(search: str, target: str) -> None:
    adequacy = _adequacy(search, target)
    assert adequacy.killed > 8
    assert not adequacy.gaps


@pytest.mark.parametrize("target", [
    pytest.param("sigma", id="both-searches-meet-what-is-assumed-of-them"),
    pytest.param("esql", id="nothing-is-assumed-of-events-of-the-joined-search"),
])  # fmt: skip
def test_a_joined_rule_finds_something_in_the_events_that_a_conversion_speaks_of(
    target: str,
) -> None:
    search = (
        "| tstats count from datamodel=Endpoint.Processes where Processes.process_name=evil.exe "
        "Processes.action!=blocked by host Processes.process_id Processes.dest | rename "
        "Processes.* as * | join host, process_id [| tstats count from datamodel="
        "Network_Traffic.All_Traffic where All_Traffic.dest_port=99 by host All_Traffic.process_id "
        "| rename All_Traffic.* as *]"
    )
    assert _adequacy(search, target).killed > 5


def test_events_are_tried_by_themselves_if_a_target_tells_none_of_their_groups() -> None:
    search = (
        'source="XmlWinEventLog:Microsoft-Windows-Sysmon/Operational" EventCode=1 '
        "Image IN (b, c) | eval k=lower(Image) | streamstats count as n by User | where n=1 "
        "| stats count by k"
    )
    assert _adequacy(search, "esql").killed > 10


def test_of_many_alternatives_each_is_tried_with_what_a_later_filter_asks_for() -> None:
    one, other = (", ".join(f'"{text}"' for text in texts) for texts in (
        [f"*p{n}*" for n in range(14)], [f"q{n}r" for n in range(12)]))  # fmt: skip
    search = (
        f'x=1 a IN ({one}) b IN ({other}) | rex field=c "[^@]+@(?<d>[^@]+)" | where d="z" '
        "| stats count by a"
    )
    assert {gap.what for gap in _adequacy(search, "sql:duckdb").gaps} == {"all value tested"}


def test_a_name_that_an_engine_asks_for_goes_with_a_path_that_tells() -> None:
    search = (
        'source="XmlWinEventLog:Microsoft-Windows-Sysmon/Operational" EventCode=8 '
        r'TargetImage="*\\a.exe" | stats count by process_name TargetImage'
    )
    assert not _adequacy(search, "esql").gaps


def test_events_have_the_fields_that_a_conversion_takes_for_a_part_of_their_text() -> None:
    search = (
        "sourcetype=aws:cloudtrail eventName=x | spath path=responseElements.found{} output=f "
        "| mvexpand f | spath input=f | search severity=HIGH | rename name as g | eval h=g.f "
        "| stats count by awsRegion, h"
    )
    assert _adequacy(search, "sigma").killed > 5


def test_what_is_wanted_of_a_row_is_wanted_of_one_of_those_that_a_group_needs() -> None:
    search = "x=1 | stats count by h, k | search h=* | stats values(h) as g by k | search g=a g=b"
    pipeline = parse(search)
    found = wishes_of(pipeline, back_of(pipeline, maker_for(pipeline)), (2, {"h": "B"}))
    assert [kind.values["h"] for kind in (found, *found.others)] == ["a", "B"]


def test_a_path_ends_in_the_name_that_is_changed() -> None:
    search = (
        "| tstats count from datamodel=Endpoint.Filesystem where Filesystem.file_name IN "
        '("*.ab", "*.cd") by Filesystem.dest Filesystem.file_name Filesystem.file_path '
        '| rename Filesystem.* as * | eval parts=split(file_path,"\\\\"), n=mvcount(parts), '
        'root=mvindex(parts,0) | where root="Z:" AND n=2'
    )
    adequacy = _adequacy(search, "sigma")
    assert adequacy.killed > 16
    assert not adequacy.gaps


@pytest.mark.parametrize("target", ["sigma", "eql", "sql:duckdb"])
def test_a_path_goes_along_with_a_name_that_is_counted(target: str) -> None:
    search = (
        '| tstats count from datamodel=Endpoint.Registry where Registry.registry_path="*\\\\x*" '
        "by Registry.dest Registry.registry_path Registry.registry_key_name "
        "Registry.registry_value_name "
        "| rename Registry.* as * | where len(registry_key_name)<80 "
        "| stats dc(registry_value_name) as n by dest | where n>3"
    )
    report = verify_rule(read_rule(search), target, content=CONTENT)
    assert report.found


def test_a_value_beside_a_key_and_a_path_is_the_end_of_the_path() -> None:
    search = (
        "| tstats count from datamodel=Endpoint.Registry where Registry.registry_path="
        '"*\\\\Windows\\\\RunOnce" OR Registry.registry_key_name="Debugger" by Registry.dest '
        "Registry.registry_path Registry.registry_value_name Registry.registry_key_name"
    )
    adequacy = _adequacy(search, "sigma")
    assert adequacy.killed > 6


@pytest.mark.parametrize("target", ["eql", "esql"])
def test_values_of_properties_are_any_texts(target: str) -> None:
    search = (
        'sourcetype="o365:management:activity" Workload=Exchange '
        "| eval n=mvindex('ModifiedProperties{}.Name', 2) "
        "| eval p=mvindex('ModifiedProperties{}.NewValue', 1) | search n=Role p=a-b*"
    )
    adequacy = _adequacy(search, target)
    assert adequacy.killed > 5
    assert not adequacy.gaps


@pytest.mark.parametrize("target", ["eql", "sql:duckdb"])
def test_events_that_only_together_make_a_transaction_stay_together(target: str) -> None:
    search = (
        "| tstats count from datamodel=Endpoint.Processes where Processes.user!=x by Processes.dest"
        " Processes.process_name Processes.user _time | rename Processes.* as * | search "
        "process_name IN (a1.exe, b2.exe, c3.exe, d4.exe, e5.exe, f6.exe) "
        "| transaction dest maxpause=5m | where eventcount>=5"
    )
    adequacy = _adequacy(search, target)
    assert adequacy.score is not None
    assert adequacy.score > 0.9
