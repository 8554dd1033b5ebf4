"""EQL read into the IR: what each construct becomes, and Elasticsearch's own cases."""

from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path

import pytest
from transpile.backends.eql.engine import evaluate, parse_eql
from transpile.backends.eql.read import EqlReader

from transpile.errors import ReadingError
from transpile.interpret import matched, run_pipeline
from transpile.ir.show import show
from transpile.ir.stages import Filter, Pipeline, Sequence

CORPUS = os.environ.get("TRANSPILE_CORPUS")
CASES = Path(CORPUS or "") / "eql_cases"
FILETIME_OF_1970 = 116444736000000000
READER = EqlReader()


def condition(text):
    pipeline = READER.read(f"any where {text}").pipeline
    assert isinstance(pipeline.stages[1], Filter)
    return show(pipeline.stages[1].pred)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param('a.b == "X"', 'a.b == "X"', id="equal-keeps-case"),
        pytest.param('"X" == a.b', 'a.b == "X"', id="a-constant-on-the-left"),
        pytest.param('a != "x"', 'not a == "x"', id="unequal-is-two-valued"),
        pytest.param('a : "x"', 'a ~= "x"', id="colon-ignores-case"),
        pytest.param('a : ("x*", "?y")', "a like x* or a like ?y", id="colon-knows-wildcards"),
        pytest.param('a == "x*"', 'a == "x*"', id="equal-knows-no-wildcards"),
        pytest.param('a like "x*"', "a like cased x*", id="like-keeps-case"),
        pytest.param('a : "*"', "exists a", id="any-value"),
        pytest.param('a in ("x", "y")', 'a == "x" or a == "y"', id="in-keeps-case"),
        pytest.param('a not in~ ("x*")', 'not a ~= "x*"', id="in-knows-no-wildcards"),
        pytest.param('a regex~ "x.*"', r"a =~ /(?is)\A(?:x(?:.*))\z/", id="regex-whole-value"),
        pytest.param('a regex "[a-c]#"', r"a =~ /(?s)\A(?:[a-c](?!))\z/", id="regex-of-lucene"),
        pytest.param("a == null", "not exists a", id="missing"),
        pytest.param("?a != null", "exists a", id="present-optional"),
        pytest.param("a == true", 'a ~= "true"', id="a-truth-value"),
        pytest.param("not a", 'not a ~= "true"', id="a-bare-field"),
        pytest.param("5 < a", "a > 5", id="an-order-mirrored"),
        pytest.param('cidrmatch(a, "10.0.0.0/8", "::1/128")',
                     "a in network 10.0.0.0/8 or a in network ::1/128", id="networks"),
        pytest.param('startsWith~(a, "x*")', r"a like x\**", id="a-function-takes-text-plainly"),
        pytest.param('stringContains(a, "")', "false", id="nothing-is-contained-nowhere"),
        pytest.param("length(a) >= 3", "len(a) >= 3", id="a-length"),
        pytest.param('substring(a, 0, -2) : "x"', 'substr(a, 1, len(a) + -2) ~= "x"',
                     id="a-part-from-both-ends"),
        pytest.param("stringContains~(a, b)",
                     'not lower(b) ~= "" and exists index_of(lower(a), lower(b))',
                     id="one-field-in-another"),
    ],
)  # fmt: skip
def test_conditions(text, shown):
    assert condition(text) == shown


def test_a_category_is_compared_exactly():
    pipeline = READER.read('process where a == "b"', options={"index": ["logs-*"]}).pipeline
    assert show(pipeline) == (
        "events taxonomy=ecs index='logs-*'\n"
        '| filter event.category == "process" and a == "b"'
    )


def test_a_sequence_is_a_stage():
    text = (
        'sequence by ?u with maxspan=1m [process where a == "b"] with runs=2 '
        "![any where x] [any where y] until [any where z]"
    )
    stage = READER.read(text).pipeline.stages[-1]
    assert isinstance(stage, Sequence)
    assert show(stage) == (
        'sequence within 60s [event.category == "process" and a == "b"] by ?u x2 then '
        'no [x ~= "true"] by ?u then [y ~= "true"] by ?u until [z ~= "true"] by ?u'
    )


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        pytest.param("process wher true", "CNT409", "expected 'where', found 'wher'", id="syntax"),
        pytest.param("sample by u [any where a] [any where b]", "CNT410",
                     "a sample (events in any order) is not read", id="sample"),
        pytest.param('any where between(a, "x", "y") == "z"', "CNT410",
                     "the function between is not read here", id="function"),
        pytest.param(r'any where a regex """\w+"""', "CNT410",
                     r"the regular expression: \w differs between releases and is not supported "
                     "at position 2 of the pattern", id="regex"),
        pytest.param("any where a > true", "CNT409", "an order (>) with True", id="order"),
    ],
)  # fmt: skip
def test_refusals_name_the_construct(text, code, message):
    with pytest.raises(ReadingError) as caught:
        READER.read(text)
    assert (caught.value.code, caught.value.message) == (code, message)


def test_a_refusal_has_a_place():
    with pytest.raises(ReadingError) as caught:
        READER.read('any where a and between(b, "x", "y") == "z"')
    span = caught.value.span
    assert (span.start, span.end) == (16, 35)


# -- Elasticsearch's cases: reader and interpreter against the published results -------------------


def cases():
    for file in ("test_queries.toml", "additional_test_queries.toml") if CORPUS else ():
        yield from tomllib.loads((CASES / file).read_text(encoding="utf-8"))["queries"]


@pytest.mark.corpus
@pytest.mark.skipif(not CORPUS, reason="needs TRANSPILE_CORPUS")
def test_elasticsearch_cases():
    given = json.loads((CASES / "test_data.json").read_text(encoding="utf-8"))
    events = [
        {**event, "event.category": event["event_type"],
         # the tiebreaker: a microsecond for each number
         "_time": (event["timestamp"] - FILETIME_OF_1970) / 1e7 + event["serial_event_id"] / 1e6}
        for event in given
    ]  # fmt: skip
    read, refused = 0, []
    for case in cases():
        try:
            pipeline = READER.read(case["query"]).pipeline
        except ReadingError as error:
            refused.append(f"{error.code} {error.message}")
            continue
        read += 1
        found = [events[at]["serial_event_id"] for at in matched(pipeline, events)]
        assert sorted(found) == sorted(set(case["expected_event_ids"])), case["query"]
    assert all(text.startswith("CNT410") for text in refused)
    assert read >= 146, sorted(refused)


def test_the_interpreter_runs_sequences_as_the_engine_does():
    kinds = "abaxbuab"
    documents = [{"@timestamp": at * 1000, "k": kind, "u": ["p", "q"][at % 2]}
                 for at, kind in enumerate(kinds)]  # fmt: skip
    events = [{"_time": at, "k": each["k"], "u": each["u"]} for at, each in enumerate(documents)]
    for query in (
        'sequence [any where k=="a"] [any where k=="b"]',
        'sequence by u [any where k=="a"] [any where k=="b"]',
        'sequence with maxspan=1s [any where k=="a"] [any where k=="b"]',
        'sequence with maxspan=3s [any where k=="a"] ![any where k=="x"] [any where k=="b"]',
        'sequence [any where k=="a"] [any where k=="b"] until [any where k=="u"]',
        'sequence by u with maxspan=9s [any where k=="a"] with runs=2',
    ):
        hits = evaluate(parse_eql(query), documents)
        wanted = {at for hit in hits for at in hit if at >= 0}
        pipeline = READER.read(query).pipeline
        assert set(matched(pipeline, events)) == wanted, query
        assert len(run_pipeline(pipeline, events)) == len(hits), query


def test_limits_count_from_the_old_end():
    events = [{"_time": at, "k": str(at)} for at in range(5)]
    oldest = READER.read("any where true | head 2").pipeline
    newest = READER.read("any where true | tail 2").pipeline
    assert isinstance(oldest, Pipeline)
    assert (matched(oldest, events), matched(newest, events)) == ([0, 1], [3, 4])
