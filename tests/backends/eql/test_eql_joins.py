"""Joins of two searches as samples, and the engine on them."""

from __future__ import annotations

import pytest
from eql.parser import allow_sample, elasticsearch_syntax, parse_query
from transpile.backends.base import Request, RuleInfo
from transpile.backends.eql import backend

from transpile.fidelity import Fidelity, Observable
from transpile.ir.expr import Field
from transpile.ir.pattern import Pattern
from transpile.ir.pred import Glob, Test, TextEq
from transpile.ir.stages import Aggregate, DataModel, Events, Filter, Join, Key, Pipeline, Rename


def of(name, text):
    return Filter(Test(Field(name), TextEq(text)))


def like(name, pattern):
    return Filter(Test(Field(name), Glob(Pattern.from_spl(pattern))))


def by(*names):
    return Aggregate((), tuple(Key(name, Field(name)) for name in names))


PROCESSES = (DataModel("Endpoint", "Processes"), of("process_name", "java.exe"))
FILES = (DataModel("Endpoint", "Filesystem"), like("file_name", "*.jsp"))


def joined(left, right, *keys):
    return Pipeline((*left, by(*keys), Join(Pipeline((*right, by(*keys))), keys)))


def emitted(pipeline, **options):
    draft = backend.emit(Request(pipeline, info=RuleInfo(stem="rule", **options)))
    with elasticsearch_syntax, allow_sample:
        parse_query(draft.text)
    return draft


def test_a_join_of_different_log_sources_is_a_sample():
    draft = emitted(joined(PROCESSES, FILES, "dest", "process_guid"))
    assert draft.text == (
        "sample by host.name, process.entity_id\n"
        '  [process where event.type == "start" and process.name : "java.exe"]\n'
        '  [file where event.type in ("creation", "change") and file.name : "*.jsp"]\n'
    )
    assert (draft.fidelity, draft.observable) == (Fidelity.EXACT, Observable.GROUPS)
    assert draft.groups == ("dest", "process_guid")
    assert "events have the fields that join the searches: dest, process_guid" in draft.assumptions


def test_keys_of_different_names_stand_behind_each_search():
    right = (*FILES, Rename((("process_guid", "parent_process_guid"),)))
    left = (*PROCESSES, by("parent_process_guid"))
    pipeline = Pipeline((*left, Join(Pipeline((*right, by("parent_process_guid"))),
                                     ("parent_process_guid",))))  # fmt: skip
    assert emitted(pipeline).text == (
        "sample\n"
        '  [process where event.type == "start" and process.name : "java.exe"]'
        " by process.parent.entity_id\n"
        '  [file where event.type in ("creation", "change") and file.name : "*.jsp"]'
        " by process.entity_id\n"
    )


@pytest.mark.parametrize(
    ("right", "keys", "reason"),
    [
        pytest.param((DataModel("Endpoint", "Processes"), of("user", "a")), ("process_guid",),
                     "one event may be of both searches", id="one-log-source"),
        pytest.param(FILES, ("house_field",), "no counterpart", id="unmapped-key"),
        pytest.param((Events(), of("x", "a")), ("process_guid",),
                     "nothing names a log source", id="unknown-source"),
    ],
)  # fmt: skip
def test_joins_that_no_sample_says_are_left_out(right, keys, reason):
    draft = emitted(joined(PROCESSES, right, *keys))
    assert draft.text.startswith("process where")
    assert draft.fidelity is Fidelity.SUPERSET
    assert [loss.code for loss in draft.losses] == ["TGT606"]
    assert reason in draft.losses[0].message


def test_keys_of_other_types_are_no_join():
    """Elasticsearch refuses a key that is a name on one side and an address on the other."""
    traffic = (DataModel("Network_Traffic", "All_Traffic"), of("dest_port", "88"))
    right = Pipeline((*traffic, Rename((("src_ip", "dest"),)), by("dest")))
    draft = emitted(Pipeline((*PROCESSES, by("dest"), Join(right, ("dest",)))))
    assert draft.text.startswith("process where")
    assert draft.fidelity is Fidelity.SUPERSET
    assert "differ in type in Elastic: dest (string) and src_ip (ip)" in draft.losses[0].message


def test_event_codes_tell_searches_of_one_source_apart():
    def sysmon(code, *more):
        return (Events(macros=("sysmon",)), of("EventCode", code), *more)

    draft = emitted(joined(sysmon("1"), sysmon("3", of("DestinationPort", "80")), "process_guid"))
    assert draft.text.startswith("sample by process.entity_id\n  [process where event.code")


def test_the_engine_relates_events_of_both_log_sources():
    draft = emitted(joined(PROCESSES, FILES, "process_guid"))
    process = {"process_name": "java.exe", "tag": ["process", "report"]}
    file = {"file_name": "a.jsp", "tag": ["endpoint", "filesystem"]}
    events = [
        {**process, "process_guid": "1", "_time": 9}, {**file, "process_guid": "1", "_time": 1},
        {**process, "process_guid": "2", "_time": 1}, {**file, "process_guid": "3", "_time": 2},
        {**process, "process_guid": "4"}, {**file, "file_name": "a.txt", "process_guid": "4"},
    ]  # fmt: skip
    engine = backend.engine("")
    assert engine.run(draft, events, lookups={}, now=0.0).groups == {("1",)}
    assert all(engine.accepts(event, draft) for event in events)
    assert not engine.accepts(process, draft)
