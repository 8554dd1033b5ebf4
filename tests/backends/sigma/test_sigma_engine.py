"""The engine's reading of Sigma, rule text by rule text."""

from __future__ import annotations

import textwrap
from dataclasses import replace
from typing import Any

import pytest
from transpile.backends.base import Draft, Inputs
from transpile.backends.sigma.engine import SigmaEngine

from transpile.errors import UsageError
from transpile.fidelity import Fidelity, Observable

HEAD = """title: A
logsource:
    product: windows
    category: process_creation
"""


def drafted(text: str, dataset: str = "", **inputs: Any) -> Draft:
    return Draft(
        text=text,
        fidelity=Fidelity.EXACT,
        observable=Observable.EVENTS,
        suffix=".yml",
        inputs=Inputs(dataset=dataset, schema="sigma", **inputs),
    )


def seen(detection: str, event: dict[str, Any]) -> bool:
    """Return whether the detection finds the event, given in Sigma's own names."""
    body = textwrap.indent(textwrap.dedent(detection).strip(), "    ")
    text = f"{HEAD}detection:\n{body}\n"
    found = SigmaEngine().run(drafted(text), [event], lookups={}, now=0).events
    return found == frozenset({0})


def single(entry: str, event: dict[str, Any]) -> bool:
    return seen(f"s:\n    {entry}\ncondition: s", event)


@pytest.mark.parametrize(
    ("entry", "value", "expected"),
    [
        pytest.param("a: 'x'", "X", True, id="text-ignores-case"),
        pytest.param("a|cased: 'x'", "X", False, id="cased"),
        pytest.param("a: 'x*z'", "x\nyz", True, id="run-takes-newlines"),
        pytest.param("a: 'x?'", "x", False, id="one-is-exactly-one"),
        pytest.param(r"a: 'x\*'", "xy", False, id="escaped-star-is-literal"),
        pytest.param(r"a|endswith: '\x'", "c:\\x", True, id="backslash-before-a-letter"),
        pytest.param(r"a: '\\\\srv'", "\\\\srv", True, id="doubled-backslashes"),
        pytest.param("a: ['x', 'y']", "y", True, id="list-is-or"),
        pytest.param("a|contains|all: ['x', 'y']", "y", False, id="all-is-and"),
        pytest.param("a: 5", "5", True, id="number-as-text"),
        pytest.param("a: 5", "5.0", True, id="numbers-compare-as-numbers"),
        pytest.param("a: '5'", "5.0", False, id="text-does-not"),
        pytest.param("a|gt: 5", 6, True, id="greater"),
        pytest.param("a|lte: 5", "x", False, id="order-of-what-is-no-number"),
        pytest.param("a|re: 'b+$'", "abb", True, id="expression-searches"),
        pytest.param("a|re: 'B'", "b", False, id="expression-knows-case"),
        pytest.param("a|re|i: 'B'", "b", True, id="expression-without-case"),
        pytest.param("a|cidr: '10.0.0.0/8'", "10.2.3.4", True, id="network"),
        pytest.param("a|cidr: '10.0.0.0/8'", "x", False, id="no-address"),
        pytest.param("a|exists: true", "", True, id="empty-text-exists"),
        pytest.param("a|exists: false", None, True, id="none-is-missing"),
        pytest.param("a: null", None, True, id="null-is-missing"),
        pytest.param("a: ''", None, False, id="empty-text-is-not-missing"),
        pytest.param("a: 'x'", ["y", "X"], True, id="any-of-several-values"),
        pytest.param("a: true", True, True, id="boolean"),
        pytest.param("a|fieldref: b", "V", True, id="field-reference"),
        pytest.param("a|neq: 'x'", None, True, id="neq-passes-without-the-field"),
        pytest.param("a|windash|contains: ' -x'", "c /x", True, id="windash"),
    ],
)
def test_values(entry: str, value: Any, expected: bool) -> None:
    assert single(entry, {"a": value, "b": "v"}) is expected


@pytest.mark.parametrize(
    ("condition", "event", "expected"),
    [
        pytest.param("s and not f", {"a": "x"}, True, id="not-of-a-missing-field-is-true"),
        pytest.param("s and not f", {"a": "x", "b": "y"}, False, id="not"),
        pytest.param("f or s and g", {"b": "y"}, True, id="and-binds-tighter-than-or"),
        pytest.param("1 of s*", {"a": "x"}, True, id="one-of"),
        pytest.param("all of *", {"a": "x", "b": "y"}, False, id="all-of"),
    ],
)
def test_conditions(condition: str, event: dict[str, Any], expected: bool) -> None:
    text = f"s:\n    a: 'x'\nf:\n    b: 'y'\ng:\n    c: 'z'\ncondition: {condition}"
    assert seen(text, event) is expected


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        pytest.param({"_raw": "an Odd word"}, True, id="raw-text"),
        pytest.param({"x": "odd"}, True, id="values-without-raw-text"),
        pytest.param({"_raw": "none", "x": "odd"}, False, id="raw-text-wins"),
    ],
)
def test_keywords(event: dict[str, Any], expected: bool) -> None:
    assert seen("k:\n    - 'odd'\ncondition: k", event) is expected


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        pytest.param({"EventCode": "1", "Image": "c:\\x"}, True, id="event-of-the-category"),
        pytest.param({"EventCode": 3, "Image": "c:\\x"}, False, id="other-event-code"),
        pytest.param({"Image": "c:\\x"}, False, id="no-event-code"),
        pytest.param(
            {"EventCode": "1", "Image": "c:\\x", "source": "XmlWinEventLog:Security"},
            False,
            id="other-channel",
        ),
    ],
)
def test_the_log_source_chooses_events(event: dict[str, Any], expected: bool) -> None:
    text = f"{HEAD}detection:\n    s:\n        Image|endswith: '\\x'\n    condition: s\n"
    draft = drafted(text, "windows.sysmon.1")
    found = SigmaEngine().run(draft, [event], lookups={}, now=0).events
    assert found == (frozenset({0}) if expected else frozenset())


def test_a_field_kept_without_counterpart_is_seen() -> None:
    text = f"{HEAD}detection:\n    s:\n        my_field: 'v'\n    condition: s\n"
    draft = drafted(text, "endpoint.processes", fields=("my_field",))
    found = SigmaEngine().run(draft, [{"my_field": "v"}], lookups={}, now=0).events
    assert found == frozenset({0})


# -- correlations --------------------------------------------------------------------------------


def correlated(kind: str, condition: str, events: list[tuple[float, dict[str, Any]]]) -> set[Any]:
    """Return the groups by `k` over events that match rule r1 (`a` is x) or r2 (`a` is y)."""
    rules = "".join(
        f"{HEAD}name: {name}\ndetection:\n    s:\n        a: '{value}'\n    condition: s\n---\n"
        for name, value in (("r1", "x"), ("r2", "y"))
    )
    text = (
        f"{rules}title: C\ncorrelation:\n    type: {kind}\n    rules: [r1, r2]\n"
        f"    group-by: [k]\n    timespan: 10s\n{condition}"
    )
    given = [{"_time": time, **event} for time, event in events]
    draft = replace(drafted(text), groups=("k",))
    groups = SigmaEngine().run(draft, given, lookups={}, now=0).groups
    assert groups is not None
    return set(groups)


X, Y = {"a": "x", "k": "g"}, {"a": "y", "k": "g"}


@pytest.mark.parametrize(
    ("kind", "condition", "events", "expected"),
    [
        pytest.param(
            "event_count", "    condition: {gte: 2}", [(0, X), (10, X)], True, id="window-is-closed"
        ),
        pytest.param(
            "event_count", "    condition: {gte: 2}", [(0, X), (11, X)], False, id="too-far-apart"
        ),
        pytest.param(
            "event_count",
            "    condition: {gte: 2}",
            [(9, X), (11, X)],
            True,
            id="the-window-slides",
        ),
        pytest.param(
            "event_count", "    condition: {eq: 1}", [(0, X), (0, X)], False, id="same-moment"
        ),
        pytest.param(
            "event_count",
            "    condition: {gte: 1}",
            [(0, {"a": "x"})],
            False,
            id="without-the-key-no-group",
        ),
        pytest.param(
            "value_count",
            "    condition: {field: v, gte: 2}",
            [(0, X | {"v": "1"}), (1, X | {"v": "1"}), (2, X)],
            False,
            id="distinct-values",
        ),
        pytest.param(
            "value_sum",
            "    condition: {field: v, gt: 4}",
            [(0, X | {"v": "2"}), (1, X | {"v": 3}), (2, X | {"v": "-"})],
            True,
            id="sum-of-what-are-numbers",
        ),
        pytest.param(
            "value_avg",
            "    condition: {field: v, gt: 2}",
            [(0, X | {"v": 2}), (1, X | {"v": 2})],
            False,
            id="average",
        ),
        pytest.param("temporal", "", [(5, Y), (6, X)], True, id="temporal-in-any-order"),
        pytest.param("temporal_ordered", "", [(5, Y), (6, X)], False, id="ordered-is-ordered"),
        pytest.param("temporal_ordered", "", [(5, X), (6, Y)], True, id="in-order"),
    ],
)
def test_correlations(
    kind: str, condition: str, events: list[tuple[float, dict[str, Any]]], expected: bool
) -> None:
    assert correlated(kind, condition, events) == ({("g",)} if expected else set())


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("a: [", id="no-yaml"),
        pytest.param(HEAD, id="no-detection"),
        pytest.param(f"{HEAD}detection:\n    s:\n        a: 1\n    condition: t\n", id="condition"),
    ],
)
def test_a_wrong_text_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        SigmaEngine().run(drafted(text), [{"a": 1}], lookups={}, now=0)
    assert caught.value.code == "TGT611"


def test_the_engine_names_its_parser() -> None:
    assert "pySigma" in SigmaEngine().name


@pytest.mark.parametrize(
    ("dataset", "entry", "event", "expected"),
    [
        pytest.param(
            "endpoint.processes",
            "CommandLine: 'x'",
            {"process": "x", "process_name": "x"},
            True,
            id="plain",
        ),
        pytest.param(
            "endpoint.processes",
            "CommandLine: 'x'",
            {"process": ["x", "y"]},
            False,
            id="several-values-of-a-single-field",
        ),
        pytest.param(
            "endpoint.processes",
            "ProcessId|gt: 4",
            {"process_id": "0x10"},
            False,
            id="text-where-numbers-are-compared",
        ),
        pytest.param(
            "windows.sysmon.15",
            "Hash|contains: 'IMPHASH='",
            {"EventCode": "15", "IMPHASH": "00"},
            False,
            id="a-digest-that-is-not-whole",
        ),
        pytest.param(
            "endpoint.processes",
            "Image: 'x'",
            {"process_name": "a.exe", "process_path": "c:\\b.exe"},
            False,
            id="fields-that-contradict-each-other",
        ),
    ],
)
def test_events_that_break_an_assumption_are_not_accepted(
    dataset: str, entry: str, event: dict[str, Any], expected: bool
) -> None:
    text = f"{HEAD}detection:\n    s:\n        {entry}\n    condition: s\n"
    draft = drafted(text, dataset, fields=tuple(event))
    assert SigmaEngine().accepts(event, draft) is expected
