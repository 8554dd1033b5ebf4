"""KQL read into the IR: what each construct becomes, threshold rules, and refusals."""

from __future__ import annotations

import pytest
from transpile.backends.eql.read import EqlReader

from transpile.errors import ReadingError
from transpile.interpret import run_pipeline
from transpile.ir.show import show

READER = EqlReader()


def condition(text):
    return show(READER.read(text, "kuery").pipeline.stages[1].pred)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("a:x", 'a == "x"', id="a-word-keeps-case"),
        pytest.param('a : "x y*"', 'a == "x y*"', id="quoted-text-is-literal"),
        pytest.param("a:x*y", "a like cased x*y", id="wildcard"),
        pytest.param(r"a:\*x", 'a == "*x"', id="escaped-wildcard"),
        pytest.param("a:*", "exists a", id="any-value"),
        pytest.param("not a:*", "not exists a", id="no-value"),
        pytest.param("a:(x or y)", 'a == "x" or a == "y"', id="list"),
        pytest.param("a:(*x* and not y)", 'a like cased *x* and not a == "y"', id="list-of-all"),
        pytest.param("a:x or b:y AND c:z", 'a == "x" or (b == "y" and c == "z")', id="precedence"),
        pytest.param("(a:x or b:y) and not c:z", '(a == "x" or b == "y") and not c == "z"',
                     id="parentheses"),
        pytest.param("a:two words", 'a == "two words"', id="words-up-to-a-sign"),
        pytest.param(r'a:"C:\\x \"y\""', r'a == "C:\\x \"y\""', id="escapes-in-quotes"),
        pytest.param("process.pid > 5", "process.pid > 5", id="order"),
        pytest.param("destination.port:443", "destination.port == 443", id="a-number-by-its-type"),
        pytest.param("source.ip:10.0.0.0/8", "source.ip in network 10.0.0.0/8", id="a-network"),
        pytest.param("file.hash.t*:*", "exists file.hash.tlsh", id="names-of-the-schema"),
        pytest.param('message:"a b*"', r"message like *a b\**", id="a-text-is-searched"),
        pytest.param("message:(a b*)", "message like *a* or message like *b*",
                     id="any-of-the-words"),
        pytest.param("message:*", "exists message", id="any-text"),
        pytest.param("a.*.b:x", "'a.*.b' == \"x\"", id="members-of-a-list"),
        pytest.param('event.code:"1"', 'event.code == "1"', id="text-by-its-type"),
        pytest.param("process.code_signature.trusted:false",
                     'process.code_signature.trusted ~= "false"', id="a-truth-value"),
    ],
)  # fmt: skip
def test_conditions(text, shown):
    assert condition(text) == shown


@pytest.mark.parametrize(
    ("text", "options", "code", "message"),
    [
        pytest.param("a:(x", {}, "CNT409", "expected ')', found 'the end'", id="open"),
        pytest.param("a:", {}, "CNT409", "expected a value, found 'the end'", id="no-value"),
        pytest.param("a:x b:y", {}, "CNT409",
                     "expected 'and', 'or' or the end of the query, found ':'", id="no-join"),
        pytest.param("foo", {}, "CNT410", "words without a field are not read", id="words"),
        pytest.param("a.*:x", {}, "CNT410", "no field of ECS is called a.*", id="names"),
        pytest.param("a:{ b:x }", {}, "CNT410", "a nested query is not read", id="nested"),
        pytest.param('a:"x', {}, "CNT409", "a quote is not closed", id="quote"),
        pytest.param("a:x", {"type": "machine_learning"}, "CNT410",
                     "a rule of the type machine_learning is not read", id="type"),
        pytest.param("a:x", {"filters": [{}]}, "CNT410", "a filter of this form is not read: empty",
                     id="no-filter"),
        pytest.param("a:x", {"filters": [{"query": {"script": {}}}]}, "CNT410",
                     "a filter of this form is not read: script", id="filter"),
        pytest.param("(" * 200 + "a:x", {}, "CNT409", "the query nests deeper than 100", id="deep"),
    ],
)  # fmt: skip
def test_refusals(text, options, code, message):
    with pytest.raises(ReadingError) as caught:
        READER.read(text, "kuery", options)
    assert (caught.value.code, caught.value.message) == (code, message)


@pytest.mark.parametrize(
    ("item", "shown"),
    [
        pytest.param({"query": {"wildcard": {"a": {"value": "?:\\\\x*", "case_insensitive": True}}},
                      "meta": {"negate": True}}, r"not a like ?:\\x*", id="wildcard"),
        pytest.param({"query": {"match_phrase": {"a": "x*"}}}, 'a == "x*"', id="phrase"),
        pytest.param({"exists": {"field": "a"}, "meta": {"negate": True}}, "not exists a",
                     id="exists"),
        pytest.param({"query": {"exists": {"field": "a"}}, "meta": {"disabled": True}}, "",
                     id="switched-off"),
    ],
)  # fmt: skip
def test_filters_beside_the_query(item, shown):
    pipeline = READER.read("b:y", "kuery", {"filters": [item]}).pipeline
    assert " ".join(show(stage.pred) for stage in pipeline.stages[2:]) == shown


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        pytest.param(
            {"type": "new_terms", "new_terms": {
                "value": ["host.id", "a"], "history_window_start": [{"value": "now-14d"}]}},
            "an event counts only if its host.id, a were not seen before since now-14d",
            id="new-terms",
        ),
        pytest.param(
            {"type": "threat_match", "threat_mapping": [{"entries": [{"field": "source.ip"}]}]},
            "an event counts only if a list of indicators has its source.ip", id="indicators",
        ),
    ],
)  # fmt: skip
def test_what_speaks_of_other_events_stays_as_a_filter_that_is_not_computed(options, reason):
    *_, last = READER.read("a:x", "kuery", options).pipeline.stages
    assert (last.filters, last.changes, last.reason) == (True, False, reason)


def test_a_threshold_counts_events_and_values():
    options = {"type": "threshold", "threshold": {
        "field": ["u"], "value": 3, "cardinality": [{"field": "h", "value": 2}]}}  # fmt: skip
    pipeline = READER.read("a:x", "kuery", options).pipeline
    events = [{"a": "x", "u": "few", "h": "1"}, {"a": "x", "u": "few", "h": "2"}]
    events += [{"a": "x", "u": "same", "h": "1"}] * 3
    events += [{"a": "x", "u": "met", "h": host} for host in "112"]
    assert [row["u"] for row in run_pipeline(pipeline, events)] == ["met"]


def test_the_category_may_be_another_field():
    options = {"event_category_override": "event.type"}
    pred = READER.read("start where a", options=options).pipeline.stages[1].pred
    assert show(pred) == 'event.type == "start" and a ~= "true"'
