"""Rules as ES|QL: which words say a condition, rows, groups or events, what is lost and assumed."""

from __future__ import annotations

import pytest
from transpile.backends.base import Draft, Request, RuleInfo
from transpile.backends.esql import backend
from transpile.backends.esql.aggregates import AGGREGATES as MADE
from transpile.backends.esql.functions import FUNCTIONS as SAID
from transpile.backends.esql.functions import SAID_ELSEWHERE
from transpile.backends.esql.stages import STAGES

from transpile import Content, convert
from transpile.compiled import compile_rule
from transpile.content import read_rule
from transpile.convert import request_for
from transpile.errors import Unsupported, UsageError
from transpile.fidelity import Fidelity, Observable
from transpile.ir.functions import AGGREGATES, FUNCTIONS
from transpile.ir.stages import Pipeline

CONTENT = Content.load("rules")
SYSMON = "`sysmon` EventCode=1"
SECURITY = "`wineventlog_security` EventCode=4625"
WIDE = f"{SECURITY} Status=5 nosuchfield=1"
NETWORK = "| tstats count from datamodel=Network_Traffic.All_Traffic where {} by All_Traffic.src"


def emitted(search: str) -> Draft:
    compiled = compile_rule(read_rule(search), CONTENT)
    return backend.emit(request_for(compiled, CONTENT))


def condition(search: str) -> str:
    """Return the conditions of a query behind those of its log source, on one line."""
    text = " ".join(emitted(search).text.split())
    where = text.split("| WHERE ")[1].split(" | ")[0]
    return where.partition('event.code == "1" AND ')[2] or where


PATH = "winlog.event_data.CurrentDirectory"


@pytest.mark.parametrize(
    ("test", "written"),
    [
        pytest.param('ParentUser="BoB"', 'TO_LOWER(winlog.event_data.ParentUser) == "bob"',
                     id="equality-ignores-case"),
        pytest.param("ParentUser=12", 'winlog.event_data.ParentUser == "12"',
                     id="no-folding-without-letters"),
        pytest.param("ParentUser IN (a, b)", 'TO_LOWER(winlog.event_data.ParentUser) IN ("a", "b")',
                     id="list"),
        pytest.param("ParentUser=a*b", 'TO_LOWER(winlog.event_data.ParentUser) LIKE "a*b"',
                     id="wildcard"),
        pytest.param("ParentUser=*a?b*",
                     r'TO_LOWER(winlog.event_data.ParentUser) LIKE """*a\?b*"""',
                     id="literal-question-mark-is-escaped"),
        pytest.param(r"ParentUser=*\\a", r'TO_LOWER(winlog.event_data.ParentUser) LIKE """*\\a"""',
                     id="backslash-is-escaped"),
        pytest.param("ParentUser=*", "winlog.event_data.ParentUser IS NOT NULL", id="existence"),
        pytest.param(
            "ParentUser!=a",
            "winlog.event_data.ParentUser IS NOT NULL AND "
            'TO_LOWER(winlog.event_data.ParentUser) != "a"', id="unequal-needs-the-field"),
        pytest.param(
            "NOT ParentUser=a",
            'winlog.event_data.ParentUser IS NULL OR TO_LOWER(winlog.event_data.ParentUser) != "a"',
            id="not-equal-takes-events-without-it"),
        pytest.param(
            "NOT (ParentUser=a OR ParentUser=b)",
            "winlog.event_data.ParentUser IS NULL OR "
            'TO_LOWER(winlog.event_data.ParentUser) NOT IN ("a", "b")', id="not-of-or"),
        pytest.param(
            "NOT (ParentUser=a Company=b)",
            'winlog.event_data.ParentUser IS NULL OR TO_LOWER(winlog.event_data.ParentUser) != "a"'
            ' OR process.pe.company IS NULL OR TO_LOWER(process.pe.company) != "b"',
            id="not-of-and"),
        pytest.param('| where ParentUser="BoB"', 'winlog.event_data.ParentUser == "BoB"',
                     id="where-is-case-sensitive"),
        pytest.param('| where len(ParentUser) > 5', "LENGTH(winlog.event_data.ParentUser) > 5",
                     id="function"),
        pytest.param('| where ParentUser=Company',
                     "winlog.event_data.ParentUser == process.pe.company", id="two-fields"),
        pytest.param('| regex ParentUser="^a[bc]+\\d"',
                     r'winlog.event_data.ParentUser RLIKE "a[bc]+[0-9].*"', id="lucene"),
        pytest.param(
            '| regex ParentUser="(?i)ab(?!c)"',
            'winlog.event_data.ParentUser != "" AND REPLACE(winlog.event_data.ParentUser, '
            r'"""\A(?=[\s\S]*?(?:(?i)ab(?!c)))[\s\S]*\z""", "") == ""',
            id="lookahead-by-replace"),
        pytest.param('| eval x=lower(ParentUser)." ".Company | where x="a b"',
                     'CONCAT(TO_LOWER(winlog.event_data.ParentUser), " ", process.pe.company) '
                     '== "a b"', id="computed"),
    ],
)  # fmt: skip
def test_conditions(test: str, written: str) -> None:
    assert emitted(f"{SYSMON} {test}").fidelity is Fidelity.EXACT
    assert written in condition(f"{SYSMON} {test}")


def test_an_extraction_becomes_a_column() -> None:
    draft = emitted(f'{SYSMON} | rex field=ParentUser "(?<dom>\\w+)-" | where dom="X"')
    assert (draft.fidelity, draft.observable) == (Fidelity.EXACT, Observable.EVENTS)
    assert " ".join(draft.text.split()).partition("| EVAL ")[2] == (
        "dom = CASE(winlog.event_data.ParentUser RLIKE \".*[0-9A-Z_a-z]+-.*\", "
        'REPLACE(winlog.event_data.ParentUser, """\\A[\\s\\S]*?(?:([0-9A-Z_a-z]+)-)'
        '[\\s\\S]*\\z""", "$1")) | WHERE dom == "X" | KEEP *'
    )


@pytest.mark.parametrize(
    ("test", "written"),
    [
        pytest.param("All_Traffic.dest_port=445", "destination.port == 445", id="number"),
        pytest.param("All_Traffic.dest_port=44*", 'TO_STRING(destination.port) LIKE "44*"',
                     id="number-as-text"),
        pytest.param("All_Traffic.dest_port>1024", "destination.port > 1024", id="order"),
        pytest.param("All_Traffic.dest_ip=10.0.0.0/8", 'CIDR_MATCH(destination.ip, "10.0.0.0/8")',
                     id="network"),
        pytest.param("All_Traffic.dest_ip=10.1.*", 'TO_STRING(destination.ip) LIKE "10.1.*"',
                     id="address-as-text"),
        pytest.param("All_Traffic.dest_ip=::1", 'destination.ip == TO_IP("::1")', id="address"),
    ],
)  # fmt: skip
def test_types(test: str, written: str) -> None:
    assert written in condition(NETWORK.format(test))


# -- rows, groups, events --------------------------------------------------------------------------


def lines(search: str) -> list[str]:
    return [" ".join(line.split()) for line in emitted(search).text.split("\n|")][1:]


def test_a_rule_that_aggregates_gives_its_rows_under_its_names() -> None:
    draft = emitted(
        f"{SECURITY} | bin _time span=5m | stats count dc(TargetUserName) as users "
        "min(_time) as first by _time IpAddress | where users > 3 | rename IpAddress as src"
    )
    assert (draft.observable, draft.fidelity) == (Observable.ROWS, Fidelity.EXACT)
    assert " ".join(draft.text.split()).partition("source.ip IS NOT NULL ")[2] == (
        "| STATS count = COUNT(*), users = COUNT_DISTINCT(winlog.event_data.TargetUserName), "
        "`first` = MIN(DATE_TRUNC(5 minutes, @timestamp)) "
        "BY _time = DATE_TRUNC(5 minutes, @timestamp), src = source.ip "
        "| WHERE users > 3 | KEEP _time, count, users, `first`, src"
    )
    assert "COUNT_DISTINCT is approximate above 3,000 distinct values" in draft.assumptions


def test_rows_without_a_key_are_dropped() -> None:
    assert "source.ip IS NOT NULL" in condition(f"{SECURITY} | stats count by IpAddress")


def test_a_data_model_shows_unknown_where_there_is_no_value() -> None:
    text = emitted("| tstats count from datamodel=Endpoint.Processes where "
                   "Processes.process_name=a.exe by Processes.user").text  # fmt: skip
    assert 'COALESCE(user.name, "unknown")' in text


def test_a_column_without_a_counterpart_leaves_the_groups() -> None:
    draft = emitted(f"{SECURITY} | stats count list(Status) as all by TargetUserName")
    assert (draft.observable, draft.fidelity) == (Observable.GROUPS, Fidelity.EXACT)
    assert draft.groups == ("TargetUserName",)
    assert "columns of the result are left out: all" in draft.assumptions


def test_a_rule_without_groups_gives_its_events() -> None:
    draft = emitted(f"{SECURITY} TargetUserName=bob | table TargetUserName")
    assert (draft.observable, draft.fidelity) == (Observable.EVENTS, Fidelity.EXACT)
    assert "METADATA _id, _index, _version" in draft.text
    assert draft.text.endswith("| KEEP *\n")


def test_eventstats_keeps_the_rows() -> None:
    draft = emitted(f"{SECURITY} | stats count by IpAddress | eventstats avg(count) as mean "
                    "stdev(count) as spread | where count > mean + 3 * spread")  # fmt: skip
    assert "| INLINE STATS" in draft.text
    assert draft.fidelity is Fidelity.EXACT


def test_a_wider_filter_before_a_count_keeps_thresholds_that_only_grow() -> None:
    draft = emitted(f"{WIDE} | stats count by IpAddress | where count > 5")
    assert (draft.fidelity, draft.observable) == (Fidelity.SUPERSET, Observable.GROUPS)
    assert "| WHERE count > 5" in draft.text
    assert [loss.code for loss in draft.losses] == ["TGT601"]


def test_a_wider_filter_before_a_count_drops_thresholds_that_shrink() -> None:
    draft = emitted(f"{WIDE} | stats count by IpAddress | where count < 5")
    assert "count < 5" not in draft.text
    assert {"TGT601", "TGT607"} == {loss.code for loss in draft.losses}


def test_the_newest_event_of_each_key_is_kept_by_its_time() -> None:
    draft = emitted(f"{SECURITY} | dedup TargetUserName | stats count by TargetUserName")
    assert draft.fidelity is Fidelity.EXACT
    assert (
        "| INLINE STATS newest = MAX(@timestamp) BY winlog.event_data.TargetUserName\n"
        "| WHERE @timestamp == newest\n"
    ) in draft.text


def test_titles_of_events_group_as_their_codes_do() -> None:
    draft = emitted("`wineventlog_security` EventCode IN (4720, 4722) "
                    "| stats count by user signature | where count > 3")  # fmt: skip
    assert (draft.fidelity, draft.observable) == (Fidelity.EXACT, Observable.GROUPS)
    assert "user = winlog.event_data.TargetUserName, event.code" in draft.text
    assert "each event code has one signature" in draft.assumptions


def test_the_pieces_of_a_text_are_counted_without_splitting_it() -> None:
    assert condition(f'{SYSMON} | where mvcount(split(CommandLine, "||")) > 3').endswith(
        "(LENGTH(process.command_line) - "
        'LENGTH(REPLACE(process.command_line, """\\|\\|""", ""))) / 2 + 1 > 3'
    )


def test_a_long_sum_is_said_once_for_each_of_its_terms() -> None:
    total = " + ".join(f"n{at}" for at in range(60))
    given = "".join(f" n{at}=if(EventCode=1, {at}, 0)," for at in range(60))
    draft = emitted(f"{SYSMON} | eval{given} total={total} | where total > 5")
    assert draft.fidelity is Fidelity.EXACT


def test_a_column_that_is_shown_twice_keeps_both_names() -> None:
    draft = emitted(f"{SECURITY} | stats count by TargetUserName | eval user=TargetUserName")
    assert draft.text.endswith(
        "| EVAL user = TargetUserName\n| KEEP TargetUserName, count, user\n"
    )


def test_a_lookup_in_a_short_table_is_written_out() -> None:
    draft = emitted("`sysmon` EventCode=11 | lookup risky_extensions file_name as TargetFilename "
                    "OUTPUT category | where category=\"script\"")  # fmt: skip
    assert draft.fidelity is Fidelity.EXACT
    assert 'TO_LOWER(file.path) LIKE ("*.js", "*.hta")' in draft.text


# -- what is refused -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("search", "code"),
    [
        pytest.param("| makeresults | eval a=1", "TGT610", id="no-events"),
        pytest.param("index=nowhere a=1", "TGT602", id="no-log-source"),
        pytest.param(f"{SYSMON} nosuchfield=x", "TGT601", id="nothing-of-the-filter-remains"),
    ],
)
def test_refusals(search: str, code: str) -> None:
    with pytest.raises(Unsupported) as caught:
        emitted(search)
    assert caught.value.code == code


def test_a_value_that_its_type_cannot_hold_is_not_said() -> None:
    draft = emitted(NETWORK.format("All_Traffic.dest_port=http All_Traffic.app=a"))
    assert draft.losses
    assert "destination.port is a number in Elastic" in draft.losses[0].message


def test_another_schema_is_refused() -> None:
    with pytest.raises(UsageError) as caught:
        backend.emit(Request(Pipeline(()), RuleInfo(), schema="sigma"))
    assert caught.value.code == "OUT502"


# -- registries ------------------------------------------------------------------------------------


def test_every_function_aggregate_and_stage_is_one_of_the_ir() -> None:
    assert (SAID.keys() | SAID_ELSEWHERE) <= FUNCTIONS.keys()
    assert MADE.keys() <= AGGREGATES.keys()
    assert all(kind.__module__ == "transpile.ir.stages" for kind in STAGES)


@pytest.mark.parametrize(
    ("bounds", "said"),
    [
        pytest.param("earliest=-1h@h latest=now",
                     "@timestamp >= DATE_TRUNC(1 hour, NOW() - 1 hour) AND @timestamp < NOW()",
                     id="both-ends"),
        pytest.param("earliest=-30m", "@timestamp >= NOW() - 30 minutes", id="the-beginning"),
    ],
)  # fmt: skip
def test_strict_asks_for_the_time_range_of_the_search(bounds: str, said: str) -> None:
    search = f"sourcetype=aws:cloudtrail {bounds} eventName=StopLogging"
    schedule = "the time range of the search is set by the schedule"
    loose = convert(search, "esql", content=CONTENT)
    strict = convert(search, "esql", content=CONTENT, strict=True)
    assert "@timestamp" not in loose.text
    assert schedule in loose.assumptions
    assert said in " ".join(strict.text.split())
    assert schedule not in strict.assumptions
