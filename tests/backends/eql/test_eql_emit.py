"""Rules as EQL queries: log source, fields, thresholds, losses; each text is read by PyEQL too."""

from __future__ import annotations

from typing import get_args

import pytest
from eql.parser import allow_runs, elasticsearch_syntax, parse_query
from transpile.backends.base import Draft, Inputs, Request, RuleInfo
from transpile.backends.eql import backend

from transpile.errors import Unsupported, UsageError
from transpile.fidelity import Fidelity, Observable
from transpile.ir.expr import Field
from transpile.ir.pattern import Pattern
from transpile.ir.pred import (
    And,
    Compare,
    Condition,
    Exists,
    Glob,
    Keyword,
    Not,
    NumEq,
    Or,
    Order,
    Quant,
    Test,
    TextEq,
)
from transpile.ir.stages import (
    Agg,
    Aggregate,
    DataModel,
    Dedup,
    Events,
    Filter,
    Key,
    Made,
    Pipeline,
)
from transpile.schema.resolve import implied_literals


def of(name, wanted, quant=Quant.ANY):
    return Test(Field(name), TextEq(wanted) if isinstance(wanted, str) else wanted, quant)


def spl(value):
    return Glob(Pattern.from_spl(value))


def processes(pred):
    return Pipeline((DataModel("Endpoint", "Processes"), Filter(pred)))


def sysmon(*preds):
    return Pipeline((Events(macros=("sysmon",)), *map(Filter, preds)))


def counted(pred, op, number, *by, func="count", arg=None):
    return Pipeline(
        (
            Events(macros=("wineventlog_security",)),
            Filter(pred),
            Aggregate((Agg(func, arg, "n"),), tuple(Key(name, Field(name)) for name in by)),
            Filter(Test(Field("n"), NumEq(number) if op == "==" else Order(op, number))),
        )
    )


def emitted(pipeline, **options):
    info = RuleInfo(stem="rule", **options)
    draft = backend.emit(Request(pipeline, info=info))
    with elasticsearch_syntax, allow_runs:
        parse_query(draft.text)
    return draft


def lines(*text):
    return "\n".join(text) + "\n"


SHELL = of("process_name", "cmd.exe")
LOGON = of("EventCode", NumEq(4625))


@pytest.mark.parametrize(
    ("pipeline", "text"),
    [
        pytest.param(
            processes(SHELL),
            'process where event.type == "start" and process.name : "cmd.exe"\n',
            id="category-and-constraint-of-the-data-model",
        ),
        pytest.param(
            processes(And((SHELL, of("process", spl('*say "a\\b" to the world*'))))),
            lines(
                "process where",
                '  event.type == "start" and',
                '  process.name : "cmd.exe" and',
                r'  process.command_line : "*say \"a\\b\" to the world*"',
            ),
            id="quotes-and-backslashes",
        ),
        pytest.param(
            sysmon(of("EventCode", "22"), of("QueryName", spl("*.example.org"))),
            lines(
                "network where",
                '  event.code == "22" and',
                '  event.provider == "Microsoft-Windows-Sysmon" and',
                '  dns.question.name : "*.example.org"',
            ),
            id="the-event-code-chooses-the-log-source",
        ),
        pytest.param(
            Pipeline((Events(macros=("wineventlog_system",)), Filter(of("EventCode", "7045")))),
            'any where event.code == "7045" and winlog.channel == "System"\n',
            id="a-log-source-alone",
        ),
    ],
)
def test_exact_event_queries(pipeline, text):
    draft = emitted(pipeline)
    assert draft.text == text
    assert (draft.fidelity, draft.observable, draft.losses) == (
        Fidelity.EXACT, Observable.EVENTS, (),
    )  # fmt: skip
    assert (draft.suffix, draft.stem, draft.inputs.schema) == (".eql", "rule", "ecs")


def test_what_is_left_out_is_a_loss():
    same = Compare("==", Field("user"), Field("dest"))
    draft = emitted(processes(And((SHELL, Keyword(Pattern.literal("evil")), same))))
    assert draft.fidelity is Fidelity.SUPERSET
    assert "evil" not in draft.text
    assert [loss.code for loss in draft.losses] == ["TGT604", "TGT604"]


@pytest.mark.parametrize(
    ("pipeline", "code"),
    [
        pytest.param(processes(Keyword(Pattern.literal("x"))), "TGT604", id="nothing-remains"),
        pytest.param(Pipeline((DataModel("Web", "Web"), Dedup(("url",)))), "TGT606",
                     id="nothing-but-what-was-lost"),
        pytest.param(processes(And((of("user", "a"), Not(of("user", "a"))))), "TGT604",
                     id="never-true"),
        pytest.param(Pipeline((Events(), Filter(SHELL))), "TGT602", id="no-log-source"),
        pytest.param(Pipeline((Made(),)), "TGT610", id="no-events"),
    ],
)
def test_refusals(pipeline, code):
    with pytest.raises(Unsupported) as caught:
        emitted(pipeline)
    assert caught.value.code == code


def test_another_schema_is_refused():
    with pytest.raises(UsageError, match="ocsf"):
        backend.emit(Request(processes(SHELL), schema="ocsf"))


def test_only_fields_outside_ecs_and_negations_are_optional():
    pred = And(
        (
            of("EventCode", "22"),
            of("QueryResults", spl("*1*")),
            of("QueryStatus", "0"),
            Not(of("QueryStatus", "5")),
        )
    )
    text = emitted(sysmon(pred)).text
    assert "?sysmon.dns.status" not in text
    assert "sysmon.dns.status" in text


# -- thresholds ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("op", "number", "runs"),
    [(">", 4, 5), (">=", 4, 4), (">=", 3.5, 4), (">", 1, 2), (">", 99, 100)],
)
def test_a_count_becomes_a_repeated_stage(op, number, runs):
    draft = emitted(counted(LOGON, op, number, "src_ip"), window=3600)
    assert draft.text.startswith("sequence by source.ip with maxspan=1h\n  [authentication where")
    assert draft.text.endswith(f"] with runs={runs}\n")
    assert (draft.observable, draft.groups) == (Observable.GROUPS, ("src_ip",))
    assert draft.fidelity is Fidelity.EXACT
    assert any("within 1h of each other" in line for line in draft.assumptions)


def test_a_count_of_all_events_has_no_keys():
    assert emitted(counted(LOGON, ">", 4), window=90).text.startswith("sequence with maxspan=90s\n")


@pytest.mark.parametrize(
    ("pipeline", "window", "reason"),
    [
        pytest.param(counted(LOGON, "<", 5, "src_ip"), 60, "counts events only", id="at-most"),
        pytest.param(counted(LOGON, "==", 1, "src_ip"), 60, "at least so many", id="exactly-one"),
        pytest.param(counted(LOGON, ">", 4, "src_ip"), None, "is not known", id="no-window"),
        pytest.param(counted(LOGON, ">", 4, "no_such_field"), 60, "no counterpart", id="no-key"),
        pytest.param(counted(LOGON, ">", 4, "src_ip", func="sum", arg=Field("bytes")), 60,
                     "counts events only", id="a-sum"),
    ],
)  # fmt: skip
def test_other_thresholds_are_losses(pipeline, window, reason):
    draft = emitted(pipeline, window=window)
    assert draft.observable is Observable.EVENTS
    assert [loss.code for loss in draft.losses] == ["TGT607"]
    assert reason in draft.losses[0].message
    assert draft.groups == ()


@pytest.mark.parametrize(
    ("pipeline", "runs", "reason"),
    [
        pytest.param(counted(LOGON, ">", 200, "src_ip"), 100, "at most 100 times", id="too-many"),
        pytest.param(counted(LOGON, ">", 4, "src_ip", func="dc", arg=Field("user")), 5,
                     "not different values of user", id="distinct-values"),
        pytest.param(counted(LOGON, "==", 4, "src_ip"), 4, "at least so many", id="exactly"),
    ],
)  # fmt: skip
def test_thresholds_that_need_so_many_events_are_widened_to_a_count(pipeline, runs, reason):
    draft = emitted(pipeline, window=60)
    assert draft.text.endswith(f"] with runs={runs}\n")
    assert (draft.fidelity, draft.observable) == (Fidelity.SUPERSET, Observable.GROUPS)
    assert [loss.code for loss in draft.losses] == ["TGT607"]
    assert reason in draft.losses[0].message


def test_different_raw_texts_are_different_events():
    draft = emitted(counted(LOGON, ">", 4, "src_ip", func="dc", arg=Field("_raw")), window=60)
    assert draft.text.endswith("] with runs=5\n")
    assert draft.fidelity is Fidelity.EXACT
    assert "no two events have the same text" in draft.assumptions


def test_a_key_that_the_log_source_fixes_is_no_key_and_a_title_is_the_event_code():
    pipeline = Pipeline(
        (
            Events(macros=("sysmon",)),
            Filter(Or((of("EventCode", "23"), of("EventCode", "26")))),
            Aggregate((Agg("count", None, "n"),), tuple(
                Key(name, Field(name)) for name in ("Image", "signature", "sourcetype"))),
            Filter(Test(Field("n"), Order(">", 9))),
        )
    )  # fmt: skip
    draft = emitted(pipeline, window=60)
    assert draft.text.startswith("sequence by process.executable, event.code with maxspan=1m\n")


# -- selectors -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pred", "found"),
    [
        pytest.param(of("a", "x"), {"a": {"x"}}, id="equality"),
        pytest.param(of("a", spl("x*")), {"a": None}, id="pattern"),
        pytest.param(Exists(Field("a")), {"a": None}, id="exists"),
        pytest.param(Not(of("a", "x")), {}, id="negation-says-nothing"),
        pytest.param(Or((of("a", "x"), of("a", "y"))), {"a": {"x", "y"}}, id="either-value"),
        pytest.param(Or((of("a", "x"), of("a", spl("y*")))), {"a": None}, id="value-or-pattern"),
        pytest.param(Or((of("a", "x"), of("b", "y"))), {}, id="either-field-says-nothing"),
        pytest.param(And((of("a", "x"), Exists(Field("a")))), {"a": {"x"}}, id="and-keeps-it"),
    ],
)
def test_implied_literals(pred, found):
    assert dict(implied_literals(pred)) == found


@pytest.mark.parametrize(
    ("pred", "constraint"),
    [
        pytest.param(of("action", "deleted"), 'event.type == "deletion"', id="asked"),
        pytest.param(
            Or((of("action", "deleted"), of("file_name", "x"))),
            'event.type in ("creation", "change")', id="asked-in-one-alternative-only"),
    ],
)  # fmt: skip
def test_a_selector_holds_for_every_event_that_is_found(pred, constraint):
    model = DataModel("Endpoint", "Filesystem")
    draft = emitted(Pipeline((model, Filter(And((of("file_path", spl("*x*")), pred))))))
    assert constraint in draft.text


# -- the engine ------------------------------------------------------------------------------------


def seen(draft, events):
    return backend.engine("").run(draft, events, lookups={}, now=0.0)


def test_the_engine_runs_the_text_on_the_elastic_view_of_events():
    draft = emitted(processes(And((SHELL, Not(of("user", "SYSTEM", Quant.ALL))))))
    events = [
        {"process_name": "CMD.EXE", "user": "ann"},
        {"process_name": "cmd.exe", "user": "system"},
        {"Processes.process_name": "cmd.exe", "Processes.user": "bob"},
        {"process_name": "powershell.exe", "user": "ann"},
    ]
    assert seen(draft, events).events == {0, 2}


def test_the_engine_finds_groups_within_the_span():
    draft = emitted(counted(LOGON, ">=", 3, "src_ip"), window=60)
    times = {"10.0.0.1": (0, 30, 60), "10.0.0.2": (0, 30, 61), "10.0.0.3": (0, 1)}
    events = [
        {"EventCode": 4625, "src_ip": address, "_time": at}
        for address, ats in times.items()
        for at in ats
    ]
    assert seen(draft, events).groups == {("10.0.0.1",)}


def test_events_are_of_the_kinds_that_selectors_describe():
    draft = emitted(
        Pipeline((DataModel("Endpoint", "Filesystem"), Filter(of("action", "deleted"))))
    )
    assert seen(draft, [{"action": "deleted"}, {"action": "created"}]).events == {0}


def test_what_the_log_source_fixes_is_spelled_as_in_elastic():
    source = Events(macros=("wineventlog_system",))
    draft = emitted(Pipeline((source, Filter(of("EventCode", "7045")))))
    events = [{"EventCode": "7045", "Channel": "SYSTEM"}, {"EventCode": "7045", "Channel": "Other"}]
    assert seen(draft, events).events == {0}


def test_a_key_that_the_data_model_fills_is_optional():
    pipeline = Pipeline(
        (
            DataModel("Endpoint", "Processes"),
            Filter(SHELL),
            Aggregate((Agg("count", None, "n"),), (Key("user", Field("user")),)),
            Filter(Test(Field("n"), Order(">", 1))),
        )
    )
    draft = emitted(pipeline, window=60)
    assert draft.text.startswith("sequence by ?user.name with maxspan=1m")
    events = [{"process_name": "cmd.exe", "_time": at} for at in (1, 2)]
    assert seen(draft, events).groups == {("unknown",)}


@pytest.mark.parametrize(
    ("event", "accepted"),
    [
        pytest.param({"EventCode": "4625", "src_ip": "10.0.0.1"}, True, id="as-the-schema-says"),
        pytest.param({"EventCode": "4625"}, True, id="without-the-field"),
        pytest.param({"EventCode": "4625", "src_ip": "here"}, False, id="no-address"),
        pytest.param({"EventCode": "4625", "src_ip": ["10.0.0.1", "::1"]}, False, id="two-values"),
    ],
)
def test_the_engine_sets_aside_what_the_assumptions_exclude(event, accepted):
    pred = And((LOGON, of("src_ip", spl("10.*"))))
    draft = emitted(Pipeline((Events(macros=("wineventlog_security",)), Filter(pred))))
    assert backend.engine("").accepts(event, draft) is accepted


@pytest.mark.parametrize(("code", "accepted"), [("7045", True), ("x", True), ("7045.0", False)])
def test_numbers_in_keywords_are_written_plainly(code, accepted):
    pred = Or((of("EventCode", NumEq(7045)), of("EventCode", NumEq(7046))))
    draft = emitted(Pipeline((Events(macros=("wineventlog_system",)), Filter(pred))))
    assert 'event.code in ("7045", "7046")' in draft.text
    assert backend.engine("").accepts({"EventCode": code}, draft) is accepted


@pytest.mark.parametrize(
    ("status", "accepted"),
    [("200", True), (200, True), ("0200", False), ("200.0", False), ("2_00", False), ("x", False)],
)
def test_numbers_in_whole_numbers_are_written_plainly(status, accepted):
    draft = emitted(Pipeline((DataModel("Web", "Web"), Filter(of("status", "200")))))
    assert "http.response.status_code == 200" in draft.text
    assert backend.engine("").accepts({"status": status}, draft) is accepted


def test_what_the_log_source_stands_for_is_required_of_events():
    scope = Or((of("eventtype", "wineventlog_system"), of("Channel", "System")))
    pred = And((scope, of("EventCode", "7045"), of("ServiceName", "x")))
    draft = emitted(Pipeline((Events(macros=("wineventlog_system",)), Filter(pred))))
    assert draft.required == scope
    assert "eventtype" not in draft.text


def test_an_event_without_the_code_of_its_log_source_is_set_aside():
    source = Events(macros=("wineventlog_system",))
    draft = emitted(Pipeline((source, Filter(of("EventCode", "7045")))))
    assert not backend.engine("").accepts({"ServiceName": "x"}, draft)


def test_an_unknown_dataset_is_a_usage_error():
    draft = Draft("any where true", Fidelity.EXACT, Observable.EVENTS, ".eql",
                  inputs=Inputs(dataset="nowhere"))  # fmt: skip
    with pytest.raises(UsageError, match="nowhere"):
        seen(draft, [])


def test_a_query_without_a_constraint_names_its_indices():
    source = Events(macros=("amazon_security_lake",))
    draft = emitted(Pipeline((source, Filter(of("api.operation", "x")))))
    assert draft.text == 'any where event.action : "x"\n'
    assert any(line.startswith("the query is run over ") for line in draft.assumptions)


def test_an_unmapped_field_is_passed_through_when_asked():
    pipeline = processes(And((SHELL, of("house_field", "x"))))
    assert "house_field" not in emitted(pipeline).text
    asked = backend.emit(Request(pipeline, keep_unmapped=True))
    assert '?house_field : "x"' in asked.text
    assert asked.fidelity is Fidelity.EXACT


def test_every_condition_is_declared_native_or_lowered():
    (info,) = backend.targets()
    assert {kind.__name__ for kind in get_args(Condition)} <= info.native | info.lowered


def test_the_target_is_declared():
    (info,) = backend.targets()
    assert (info.name, info.schemas, info.formats) == ("eql", ("ecs",), ("query", "ndjson", "toml"))
    assert backend.engine("").name == info.engine
