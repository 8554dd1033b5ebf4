"""Sequences and samples: spec/eql-semantics.md, sections 8 and 9."""

from __future__ import annotations

import pytest
from transpile.backends.eql.engine import evaluate, parse_eql


def events(kinds, *, step=1000, **fields):
    """Return one event per letter, a second apart; the letter is its kind."""
    return [{"@timestamp": at * step, "k": kind, **fields} for at, kind in enumerate(kinds)]


def found(query, documents):
    return evaluate(parse_eql(query), documents)


@pytest.mark.parametrize(
    ("query", "kinds", "expected"),
    [
        pytest.param('sequence [any where k=="a"] [any where k=="b"]', "ab", [(0, 1)],
                     id="one-after-the-other"),
        pytest.param('sequence [any where k=="a"] [any where k=="b"]', "ba", [], id="not-before"),
        pytest.param('sequence [any where k=="a"] [any where k=="b"]', "aaab", [(2, 3)],
                     id="the-latest-first-event-wins"),
        pytest.param('sequence [any where k=="a"] [any where k=="b"]', "abb", [(0, 1)],
                     id="a-completed-sequence-is-used-up"),
        pytest.param("sequence [any where true] [any where true]", "aaa", [(0, 1), (1, 2)],
                     id="one-event-ends-one-and-begins-the-next"),
        pytest.param('sequence [any where k=="a"] with runs=3', "aaaa", [(0, 1, 2), (1, 2, 3)],
                     id="runs-repeat-a-stage"),
        pytest.param('sequence with maxspan=2s [any where k=="a"] [any where k=="b"]', "a.b",
                     [(0, 2)], id="maxspan-is-inclusive"),
        pytest.param('sequence with maxspan=2s [any where k=="a"] [any where k=="b"]', "a..b", [],
                     id="maxspan-from-first-to-last"),
        pytest.param('sequence with maxspan=1999ms [any where k=="a"] [any where k=="b"]', "a.b",
                     [], id="maxspan-in-milliseconds"),
        pytest.param('sequence [any where k=="a"] [any where k=="b"] until [any where k=="u"]',
                     "auab", [(2, 3)], id="until-discards-what-is-pending"),
        pytest.param('sequence [any where k=="a"] [any where k=="b"] until [any where k=="b"]',
                     "ab", [(0, 1)], id="until-does-not-undo-its-own-event"),
        pytest.param(
            'sequence with maxspan=9s [any where k=="a"] ![any where k=="x"] [any where k=="b"]',
            "abaxb", [(0, -1, 1)], id="nothing-forbidden-in-between"),
        pytest.param('sequence with maxspan=1s ![any where k=="x"] [any where k=="a"]',
                     "xa.a", [(-1, 3)], id="nothing-forbidden-before"),
        pytest.param('sequence with maxspan=1s [any where k=="a"] ![any where k=="x"]',
                     "axa.x", [(2, -1)], id="nothing-forbidden-after"),
        pytest.param('sequence [any where k=="a"] [any where k=="b"] | head 1', "abab", [(0, 1)],
                     id="head-counts-sequences"),
    ],
)  # fmt: skip
def test_order(query, kinds, expected):
    assert found(query, events(kinds)) == expected


JOIN = 'sequence by u [any where k=="a"] [any where k=="b"]'


@pytest.mark.parametrize(
    ("query", "first", "second", "expected"),
    [
        pytest.param(JOIN, {"u": "x"}, {"u": "x"}, [(0, 1)], id="same-key"),
        pytest.param(JOIN, {"u": "x"}, {"u": "X"}, [], id="keys-are-case-sensitive"),
        pytest.param(JOIN, {"u": 1}, {"u": 1.0}, [(0, 1)], id="equal-numbers"),
        pytest.param(JOIN, {"u": 1}, {"u": "1"}, [], id="number-and-text-differ"),
        pytest.param(JOIN, {}, {}, [], id="a-missing-key-excludes-the-event"),
        pytest.param(JOIN.replace("by u", "by ?u"), {}, {}, [(0, 1)], id="optional-nulls-join"),
        pytest.param(JOIN, {"u": ["x", "y", "x"]}, {"u": ["y", "x"]}, [(0, 1), (0, 1)],
                     id="one-sequence-per-shared-value"),
        pytest.param('sequence [any where k=="a"] by u [any where k=="b"] by v', {"u": "x"},
                     {"v": "x"}, [(0, 1)], id="keys-by-position"),
        pytest.param(
            'sequence by u with maxspan=5s [any where k=="a"] ![any where k=="b"]', {"u": "x"},
            {"u": "y"}, [(0, -1)], id="an-event-of-another-key-is-not-forbidden"),
    ],
)  # fmt: skip
def test_keys(query, first, second, expected):
    documents = [{"@timestamp": 1, "k": "a", **first}, {"@timestamp": 2, "k": "b", **second}]
    assert found(query, documents) == expected


def test_each_key_has_its_own_pending_sequence():
    documents = [
        {"@timestamp": at, "k": kind, "u": user}
        for at, (kind, user) in enumerate([("a", 1), ("a", 2), ("b", 1), ("b", 2)])
    ]
    assert found(JOIN, documents) == [(0, 2), (1, 3)]


def test_until_has_the_key_of_its_event():
    documents = [
        {"@timestamp": at, "k": kind, "u": user}
        for at, (kind, user) in enumerate([("a", 1), ("a", 2), ("u", 1), ("b", 1), ("b", 2)])
    ]
    assert found(f'{JOIN} until [any where k=="u"]', documents) == [(1, 4)]


SAMPLE = 'sample by u [any where k=="a"] [any where k=="b"]'


@pytest.mark.parametrize(
    ("documents", "expected"),
    [
        pytest.param([("b", 1), ("a", 1)], [(1, 0)], id="any-order"),
        pytest.param([("b", 1), ("a", 2)], [], id="keys-must-agree"),
        pytest.param([("a", 1), ("b", 1), ("a", 1), ("b", 1)], [(0, 1)], id="one-per-key"),
        pytest.param([("a", 2), ("b", 2), ("a", 1), ("b", 1)], [(2, 3), (0, 1)], id="by-key"),
    ],
)
def test_sample(documents, expected):
    assert found(SAMPLE, [{"k": kind, "u": user} for kind, user in documents]) == expected


def test_a_sample_takes_an_event_once():
    query = 'sample by u [any where k=="a"] [any where k in ("a", "b")]'
    assert found(query, [{"k": "a", "u": 1}]) == []
    assert found(query, [{"k": "a", "u": 1}, {"k": "a", "u": 1}]) == [(0, 1)]
