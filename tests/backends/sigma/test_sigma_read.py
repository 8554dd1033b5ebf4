"""Sigma read into the IR: what each construct becomes, and agreement with the evaluator."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from transpile.backends.sigma.evaluate import compile_rule
from transpile.backends.sigma.read import SigmaReader

from transpile.errors import ReadingError
from transpile.interpret import matched, run_pipeline
from transpile.interpret.events import raw_text
from transpile.ir.show import show
from transpile.ir.simplify import simplify
from transpile.verify.witness import witnesses

CORPUS = os.environ.get("TRANSPILE_CORPUS")
READER = SigmaReader()
RULE = """\
title: T
logsource:
    product: windows
    category: process_creation
detection:
"""


def text_of(*lines):
    return RULE + "".join(f"    {line}\n" for line in lines)


def read(*lines):
    return READER.read(text_of(*lines))


def filter_of(*lines):
    return show(read(*lines).pipeline.stages[1].pred)


@pytest.mark.parametrize(
    ("entry", "shown"),
    [
        pytest.param("A: foo", 'A ~= "foo"', id="text-without-case"),
        pytest.param("A|cased: Foo", 'A == "Foo"', id="cased"),
        pytest.param("A: 5", "A == 5", id="number"),
        pytest.param("A: '5'", 'A ~= "5"', id="quoted-number-is-text"),
        pytest.param("A: true", 'A ~= "true"', id="truth-value"),
        pytest.param("A: null", "not exists A", id="null-is-missing"),
        pytest.param("A: []", "not exists A", id="no-value-is-missing"),
        pytest.param("A: ''", 'A ~= ""', id="empty-text"),
        pytest.param("A: '*'", "exists A", id="only-a-wildcard"),
        pytest.param(r"A: 'a\*b?'", r"A like a\*b?", id="escaped-wildcard"),
        pytest.param("A: [x, 'y*']", 'A ~= "x" or A like y*', id="list-is-any"),
        pytest.param("A|contains: x", "A like *x*", id="contains"),
        pytest.param("A|startswith: x", "A like x*", id="startswith"),
        pytest.param("A|endswith|cased: x", "A like cased *x", id="endswith-cased"),
        pytest.param("A|contains|all: [x, y]", "A like *x* and A like *y*", id="all"),
        pytest.param("A|re: 'a.b'", "A =~ /a.b/", id="regex-keeps-case"),
        pytest.param("A|re: 'a(?=b)'", "A =~ /a(?=b)/", id="regex-with-lookahead"),
        pytest.param("A|re|i|s: 'a.b'", "A =~ /(?is)a.b/", id="regex-flags"),
        pytest.param("A|cidr: 10.0.0.0/8", "A in network 10.0.0.0/8", id="network"),
        pytest.param("A|exists: true", "exists A", id="exists"),
        pytest.param("A|exists: false", "not exists A", id="does-not-exist"),
        pytest.param("A|gte: 5", "A >= 5", id="order"),
        pytest.param("A|fieldref: B", "lower(A) == lower(B)", id="another-field"),
        pytest.param("A|base64: foo", 'A ~= "Zm9v"', id="base64"),
        pytest.param("A|base64offset|contains: foo",
                     "A like *Zm9v* or A like *Zvb* or A like *mb2*", id="base64offset"),
        pytest.param("A|wide|base64: a", 'A ~= "YQA="', id="wide"),
        pytest.param("A|windash|contains: ' -x'",
                     "A like * -x* or A like * /x* or A like * –x* or A like * —x* "
                     "or A like * ―x*", id="windash"),
    ],
)  # fmt: skip
def test_items(entry, shown):
    assert filter_of(f"sel: {{ {entry} }}" if "[" not in entry else "sel:", *(
        [f"    {entry}"] if "[" in entry else []
    ), "condition: sel") == shown


@pytest.mark.parametrize(
    ("lines", "shown"),
    [
        pytest.param(["s: {A: 1, B: 2}", "condition: s"], "A == 1 and B == 2", id="map-is-all"),
        pytest.param(["s: [{A: 1}, {B: 2}]", "condition: s"], "A == 1 or B == 2",
                     id="list-of-maps-is-any"),
        pytest.param(["s: {A: 1}", "f: {B: 2}", "condition: s and not f"], "A == 1 and not B == 2",
                     id="not-is-two-valued"),
        pytest.param(["s_a: {A: 1}", "s_b: {B: 2}", "condition: 1 of s_*"], "A == 1 or B == 2",
                     id="one-of"),
        pytest.param(["s_a: {A: 1}", "_x: {B: 2}", "condition: all of them"], "A == 1",
                     id="them-without-underscore"),
        pytest.param(["s: {A: 1}", "t: {B: 2}", "condition: not s or t and s"],
                     "not A == 1 or (B == 2 and A == 1)", id="precedence"),
        pytest.param(["s: {A: 1}", "t: {B: 2}", "condition: [s, t]"], "A == 1 or B == 2",
                     id="several-conditions"),
        pytest.param(["s: [foo, 'b*r']", "condition: s"], "_raw like *foo* or _raw like *b*r*",
                     id="keywords"),
        pytest.param(["s: {'|all': [foo, bar]}", "condition: s"],
                     "_raw like *foo* and _raw like *bar*", id="all-keywords"),
        pytest.param(["s: {A|neq: x}", "condition: s"], 'not A ~= "x"', id="neq"),
    ],
)  # fmt: skip
def test_searches_and_conditions(lines, shown):
    assert filter_of(*lines) == shown


def test_the_log_source_is_the_origin():
    source = read("s: {A: 1}", "condition: s").pipeline.stages[0]
    assert source.origin == (
        ("taxonomy", "sigma"), ("product", "windows"), ("category", "process_creation")
    )  # fmt: skip


def test_a_predicate_knows_its_place():
    text = text_of("sel:", "    Image|endswith:", "        - '\\x.exe'", "condition: sel")
    span = READER.read(text).pipeline.stages[1].pred.span
    assert text[span.start : span.end].startswith("Image|endswith:")
    assert text[: span.end].endswith("'\\x.exe'")


def test_an_order_is_about_numbers():
    assert read("s: {A|gt: 5}", "condition: s").assumptions == ("A holds numbers only",)


@pytest.mark.parametrize(
    ("lines", "code", "message"),
    [
        pytest.param(["s: {A|expand: '%x%'}", "condition: s"], "CNT410",
                     "the placeholder %x% (expand) has no values here", id="placeholder"),
        pytest.param(["s: {A|hour: 5}", "condition: s"], "CNT410",
                     "a part of a time (TimestampPart) is not read", id="part-of-a-time"),
        pytest.param(["s: {A|fieldref|endswith: B}", "condition: s"], "CNT410",
                     "a part of another field (fieldref) is not read", id="part-of-a-field"),
        pytest.param(["s: {A|re: '\\1(a)'}", "condition: s"], "CNT409",
                     "pySigma refuses the rule", id="regex"),
        pytest.param(["s: {A: 1}", "condition: 1 of t_*"], "CNT409",
                     "no search is named 't_*'", id="pattern-without-search"),
        pytest.param(["s: {A: 1}", "condition: t"], "CNT409", "no search is named 't'",
                     id="unknown-search"),
        pytest.param(["s: {A|foo: 1}", "condition: s"], "CNT409",
                     "pySigma refuses the rule: Unknown modifier 'foo'", id="modifier"),
        pytest.param(["s: {A: 1}", "timeframe: 5m", "condition: s"], "CNT410",
                     "a timeframe is not read: write a correlation", id="timeframe"),
    ],
)  # fmt: skip
def test_refusals_name_the_construct(lines, code, message):
    with pytest.raises(ReadingError) as caught:
        read(*lines)
    assert caught.value.code == code
    assert caught.value.message.startswith(message)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("a: [", "not valid YAML: ", id="yaml"),
        pytest.param("- 1", "a rule is a mapping", id="no-mapping"),
        pytest.param("", "no rule", id="nothing"),
        pytest.param(text_of("s: {A: 1}", "condition: s") + "---\n"
                     + text_of("s: {A: 1}", "condition: s"),
                     "2 rules in one text: which is meant?", id="two-rules"),
        pytest.param("action: global\ntitle: x\n", "a global or repeated document (action) is not",
                     id="action"),
        pytest.param("title: x\nfilter: {rules: []}\n", "a filter document is not read",
                     id="filter"),
    ],
)  # fmt: skip
def test_wrong_texts(text, message):
    with pytest.raises(ReadingError) as caught:
        READER.read(text)
    assert caught.value.message.startswith(message)


# -- correlations ---------------------------------------------------------------------------------

PARTS = """\
title: A
name: a
logsource: {category: test}
detection: {s: {k: a}, condition: s}
---
title: B
name: b
logsource: {category: test}
detection: {s: {k: b}, condition: s}
---
title: C
correlation:
    rules: [a, b]
    timespan: 10s
    group-by: [u]
"""


def counted(kind, condition):
    only = PARTS.replace("rules: [a, b]", "rules: [a]")
    return f"{only}    type: {kind}\n    condition: {condition}\n"


def times(*found):
    return [{"_time": at, "k": kind, **more} for at, kind, more in found]


def alerts(text, events):
    rows = run_pipeline(READER.read(text).pipeline, events)
    return {row.get("u") for row in rows}


@pytest.mark.parametrize(
    ("correlation", "events", "expected"),
    [
        pytest.param(counted("event_count", "{gte: 2}"),
                     times((0, "a", {"u": "x"}), (10, "a", {"u": "x"}), (0, "a", {"u": "y"}),
                           (11, "a", {"u": "y"}), (5, "a", {}), (6, "a", {})), {"x"},
                     id="a-window-slides-and-is-closed"),
        pytest.param(counted("event_count", "{gt: 2}"),
                     times(*((at, "a", {"u": "x"}) for at in range(2)),
                           *((at, "a", {"u": "y"}) for at in range(3))), {"y"}, id="more-than"),
        pytest.param(counted("value_count", "{field: f, gte: 2}"),
                     times((0, "a", {"u": "x", "f": "1"}), (1, "a", {"u": "x", "f": "1"}),
                           (0, "a", {"u": "y", "f": "1"}), (1, "a", {"u": "y", "f": "2"})), {"y"},
                     id="distinct-values"),
        pytest.param(counted("value_sum", "{field: f, gte: 5}"),
                     times((0, "a", {"u": "x", "f": "2"}), (9, "a", {"u": "x", "f": "3"}),
                           (0, "a", {"u": "y", "f": "2"}), (11, "a", {"u": "y", "f": "3"})), {"x"},
                     id="sum"),
        pytest.param(counted("value_avg", "{field: f, gt: 5}"),
                     times((0, "a", {"u": "x", "f": "2"}), (9, "a", {"u": "x", "f": "9"}),
                           (0, "a", {"u": "y", "f": "2"}), (9, "a", {"u": "y", "f": "3"})), {"x"},
                     id="mean"),
        pytest.param(counted("value_percentile", "{field: f, gte: 9, percentile: 90}"),
                     times((0, "a", {"u": "x", "f": "2"}), (9, "a", {"u": "x", "f": "9"}),
                           (0, "a", {"u": "y", "f": "2"}), (9, "a", {"u": "y", "f": "3"})), {"x"},
                     id="percentile"),
        pytest.param(counted("value_median", "{field: f, gte: 9}"),
                     times((0, "a", {"u": "x", "f": "2"}), (9, "a", {"u": "x", "f": "9"}),
                           (0, "a", {"u": "y", "f": "2"}), (9, "a", {"u": "y", "f": "3"})), {"x"},
                     id="median"),
        pytest.param(PARTS + "    type: temporal\n",
                     times((0, "b", {"u": "x"}), (9, "a", {"u": "x"}), (0, "a", {"u": "y"})), {"x"},
                     id="in-any-order"),
        pytest.param(PARTS + "    type: temporal_ordered\n",
                     times((0, "b", {"u": "x"}), (9, "a", {"u": "x"}),
                           (0, "a", {"u": "y"}), (1, "b", {"u": "y"}),
                           (0, "a", {"u": "z"}), (11, "b", {"u": "z"})), {"y"}, id="in-order"),
    ],
)  # fmt: skip
def test_correlations(correlation, events, expected):
    assert alerts(correlation, events) == expected


@pytest.mark.parametrize(
    ("correlation", "message"),
    [
        pytest.param(counted("event_count", "{lt: 2}"),
                     "the condition lt of a window is not read", id="less-than"),
        pytest.param(counted("value_sum", "{field: [f, g], gte: 2}"),
                     "a measure of several fields together is not read", id="several-fields"),
        pytest.param(counted("value_percentile", "{field: f, gte: 2}"),
                     "a percentile without its number is not read", id="percentile"),
        pytest.param(PARTS.replace("rules: [a, b]", "rules: [a, c]") + "    type: temporal\n",
                     "the rule 'c' is not in this text", id="unknown-rule"),
        pytest.param(PARTS.replace("{category: test}", "{category: other}", 1)
                     + "    type: temporal\n",
                     "a correlation over several log sources is not read", id="log-sources"),
    ],
)  # fmt: skip
def test_refused_correlations(correlation, message):
    with pytest.raises(ReadingError) as caught:
        READER.read(correlation)
    assert caught.value.message == message


# -- the evaluator as the judge -------------------------------------------------------------------


def sample():
    """Return rules of all kinds but those with a hundred keywords, which take minutes."""
    files = sorted(Path(CORPUS).glob("sigma/rules*/**/*.yml")) if CORPUS else []
    return [file for file in files[::120] if file.stat().st_size < 6000]


@pytest.mark.corpus
@pytest.mark.skipif(not CORPUS, reason="needs TRANSPILE_CORPUS")
def test_readings_agree_with_the_evaluator():
    """The IR, run by the interpreter, finds what the evaluator over pySigma's parse finds."""
    from sigma.rule import SigmaRule

    tried = 0
    for file in sample():
        text = file.read_text(encoding="utf-8")
        if "|expand" in text:
            with pytest.raises(ReadingError, match=r"\(expand\)"):
                READER.read(text)
            continue
        pipeline = simplify(READER.read(text).pipeline)
        decide = compile_rule(SigmaRule.from_yaml(text))
        events = witnesses(pipeline)
        shown = [{**event, "_raw": event.get("_raw", raw_text(event))} for event in events]
        expected = [at for at, event in enumerate(shown) if decide(event)]
        assert matched(pipeline, events) == expected, file
        tried += bool(expected)
    assert tried > 0.95 * len(sample())


def test_a_wrong_expression_is_refused_and_nothing_printed(capfd):
    with pytest.raises(ReadingError, match="parenthesis"):
        read("a:", "    A|re: 'a)'", "condition: a")
    assert capfd.readouterr() == ("", "")
