"""Several tests of one group: the emitted correlations find the groups that the rule finds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from sigma.collection import SigmaCollection
from sigma_cases import INFO, SECURITY, like, regex, rule
from transpile.backends.base import Draft, Request
from transpile.backends.sigma import backend

from transpile.fidelity import Fidelity, Observable
from transpile.interpret import Context, compile_pred, event_row, run_pipeline
from transpile.ir.expr import Field
from transpile.ir.pred import Order, Pred, Quant, Test, all_of
from transpile.ir.stages import Agg, Aggregate, Dedup, Filter, Key, Pipeline
from transpile.lower import lower
from transpile.spl import parse

GROUPED = Aggregate(
    (
        Agg("count", None, "count"),
        Agg("count", None, "odd", like("TargetUserName", "a*")),
        Agg("dc", Field("TargetUserName"), "users"),
        Agg("values", Field("TargetUserName"), "names"),
        Agg("values", Field("ProcessName"), "paths"),
    ),
    (Key("IpAddress", Field("IpAddress")),),
)
HOUR = replace(INFO, window=3600)

tests: st.SearchStrategy[Pred] = st.one_of(
    st.builds(
        lambda name, number: Test(Field(name), Order(">=", number)),
        st.sampled_from(["count", "odd", "users"]), st.integers(1, 3),
    ),
    st.builds(like, st.sampled_from(["names", "paths"]), st.sampled_from(["a", "b*", "*b"])),
)
events = st.lists(
    st.fixed_dictionaries(
        {
            "EventCode": st.sampled_from(["4624", "4625"]),
            "IpAddress": st.sampled_from(["1.1.1.1", "2.2.2.2"]),
            "TargetUserName": st.sampled_from(["a", "ab", "b"]),
            "ProcessName": st.sampled_from(["a", "b", "ab"]),
        }
    ),
    max_size=8,
)  # fmt: skip


def searched(*wanted: Pred) -> Pipeline:
    return rule(like("EventCode", "4624"), SECURITY, GROUPED, Filter(all_of(wanted)))


def emitted(pipeline: Pipeline) -> Draft:
    return backend.emit(Request(pipeline, HOUR))


def alerting(draft: Draft, given_events: list[dict[str, Any]]) -> set[tuple[str, ...]]:
    engine = backend.engine("")
    assert engine is not None
    seen = engine.run(draft, given_events, lookups={}, now=0.0)
    assert seen.groups is not None
    return set(seen.groups)


@settings(max_examples=150, deadline=None)
@given(st.lists(tests, min_size=1, max_size=3), events)
def test_the_groups_are_those_of_the_rule(
    wanted: list[Pred], made: list[dict[str, Any]]
) -> None:
    pipeline = searched(*wanted)
    draft = emitted(pipeline)
    if draft.observable is not Observable.GROUPS:
        return
    decide = compile_pred(draft.required)
    timed = [{"_time": 100.0 + at, **event} for at, event in enumerate(made)]
    tried = [event for event in timed if decide(event_row(event))]
    expected = {(row["IpAddress"],) for row in run_pipeline(pipeline, tried, Context(now=0.0))}
    found = alerting(draft, tried)
    assert draft.fidelity is Fidelity.EXACT
    assert found == expected


def test_two_values_are_two_rules_and_what_relates_them() -> None:
    draft = emitted(searched(like("names", "a"), like("paths", "*b")))
    one, two, final = yaml.safe_load_all(draft.text)
    assert one["detection"]["selection"] == {"EventID": 4624, "TargetUserName": "a"}
    assert two["detection"]["selection"] == {"EventID": 4624, "ProcessName|endswith": "b"}
    assert final["correlation"] == {
        "type": "temporal",
        "rules": [one["name"], two["name"]],
        "group-by": ["IpAddress"],
        "timespan": "1h",
    }
    assert [each["level"] for each in (one, two, final)] == ["informational"] * 2 + ["high"]


def test_two_thresholds_are_correlated_once_more() -> None:
    wanted = [Test(Field("count"), Order(">", 5)), Test(Field("users"), Order(">", 2))]
    draft = emitted(searched(*wanted))
    found = SigmaCollection.from_yaml(draft.text).rules
    base, count, users, final = yaml.safe_load_all(draft.text)
    assert [type(each).__name__ for each in found] == ["SigmaRule"] + ["SigmaCorrelationRule"] * 3
    assert count["correlation"]["rules"] == users["correlation"]["rules"] == [base["name"]]
    assert final["correlation"]["rules"] == [count["name"], users["name"]]
    assert len({each["id"] for each in (base, count, users, final)}) == 4
    assert len({each["title"] for each in (base, count, users, final)}) == 4


def test_one_value_is_a_threshold_of_one_event() -> None:
    draft = emitted(searched(like("names", "a")))
    only, final = yaml.safe_load_all(draft.text)
    assert only["detection"]["selection"] == {"EventID": 4624, "TargetUserName": "a"}
    assert final["correlation"]["condition"] == {"gte": 1}


@pytest.mark.parametrize(
    "lost",
    [
        pytest.param(Test(Field("users"), Order("<", 5)), id="less-than"),
        pytest.param(regex("paths", "a(?!b)"), id="an-expression-without-form"),
        pytest.param(like("names", "a", Quant.ALL), id="every-value"),
    ],
)
def test_a_test_that_cannot_be_said_leaves_the_others(lost: Pred) -> None:
    draft = emitted(searched(Test(Field("count"), Order(">", 5)), lost))
    _, final = yaml.safe_load_all(draft.text)
    assert draft.fidelity is Fidelity.SUPERSET
    assert final["correlation"]["type"] == "event_count"
    assert final["correlation"]["condition"] == {"gt": 5}


def test_a_dedup_is_a_group_of_one_event_or_more() -> None:
    draft = emitted(rule(like("EventCode", "4624"), SECURITY, Dedup(("IpAddress",))))
    _, final = yaml.safe_load_all(draft.text)
    assert draft.fidelity is Fidelity.EXACT
    assert final["correlation"]["group-by"] == ["IpAddress"]
    assert final["correlation"]["condition"] == {"gte": 1}


def test_a_key_that_the_log_source_fixes_is_assumed_alike_in_a_group() -> None:
    search = (
        "| tstats count from datamodel=Endpoint.Processes where Processes.process_name=cmd.exe "
        "by Processes.dest sourcetype | where count > 5"
    )
    draft = backend.emit(Request(lower(parse(search)), info=replace(INFO, window=3600)))
    assert draft.alike == ("sourcetype",)
    assert "sourcetype is the same in all events of a group" in draft.assumptions
