"""Random predicates over random events: interpreter and engines must agree.

The predicates are over fields that all taxonomies know as plain text and that may be missing;
values hold wildcard and quote characters, both cases, newlines and letters outside ASCII.
Planted faults that it found: `NOT` without COALESCE in SQL (and with TRUE for NULL), case lost in
EQL, a literal `*` not escaped in Sigma.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transpile import Content
from transpile.compiled import Compiled, compile_rule
from transpile.content import read_rule
from transpile.convert import convert_compiled
from transpile.errors import UsageError
from transpile.fidelity import Fidelity
from transpile.ir.expr import Field
from transpile.ir.pattern import Pattern, Wild
from transpile.ir.pred import (
    And,
    Exists,
    Glob,
    Not,
    Or,
    Pred,
    Test,
    TextEq,
)
from transpile.ir.stages import DataModel, Filter, Pipeline
from transpile.spl import parse
from transpile.spl.source import SourceText
from transpile.targets import find, variant_of
from transpile.verify import Verdict, check_conversion

SERVERS = ("sql:clickhouse", "sql:postgres", "sql:spark")
TARGETS = ("sigma", "eql", "esql", "sql:duckdb", "sql:sqlite")
FIELDS = ("process_current_directory", "process_guid")
CONTENT = Content.builtin()
RULE = read_rule("search *")

WORDS = (
    "", "a", "A", "ab", "aB", "aXb", "a*", "a*b", "a?", "a?b", "*", "?", "!", "%", "a%", "_", "a_b",
    "\\", "a\\", "a\\*", "a\\b", "a\\\\b", '"', 'a"b', "'", "\n", "a\nb", "a b", " a", "a.b", ".",
    "1", "1.0", "é", "É", "日本", "\U0001f600",
)  # fmt: skip
"""Texts that meet each other as literals, as patterns and as each other's near misses."""



def _near(word: str) -> list[str]:
    """Return a word with texts that a wrong rendering of it would match or miss."""
    return [word, word.swapcase(), word.replace("*", "X").replace("?", "X"), word + "x", word[1:]]


@st.composite
def cases(draw: st.DrawFn) -> tuple[Pred, list[dict[str, Any]]]:
    """Draw a predicate and events over the same few texts, so that they meet."""
    words = draw(st.lists(st.sampled_from(WORDS), min_size=1, max_size=2))
    texts = st.sampled_from(sorted({near for word in words for near in _near(word)}))
    parts = st.lists(st.one_of(texts, st.sampled_from(list(Wild))), min_size=1, max_size=3)
    conditions = st.one_of(
        st.builds(TextEq, texts, st.booleans()),
        st.builds(lambda p, cased: Glob(Pattern.of(*p), cased), parts, st.booleans()),
    )
    subjects = st.sampled_from(FIELDS).map(Field)
    tests = st.builds(Test, subjects, conditions)
    leaves: st.SearchStrategy[Pred] = st.one_of(tests, tests, st.builds(Exists, subjects))
    rows = st.lists(st.dictionaries(st.sampled_from(FIELDS), texts), min_size=4, max_size=12)
    return draw(st.recursive(leaves, _grow, max_leaves=6)), draw(rows)


def _grow(inner: st.SearchStrategy[Pred]) -> st.SearchStrategy[Pred]:
    many = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.one_of(st.builds(Not, inner), st.builds(And, many), st.builds(Or, many))


@pytest.mark.parametrize("target", TARGETS)
@settings(max_examples=100)
@given(cases())
def test_targets_find_what_the_interpreter_finds(
    target: str, case: tuple[Pred, list[dict[str, Any]]]
) -> None:
    _agree(target, *case)


@pytest.mark.engines
@pytest.mark.parametrize("target", SERVERS)
@settings(max_examples=30)
@given(cases())
def test_large_engines_find_what_the_interpreter_finds(
    target: str, case: tuple[Pred, list[dict[str, Any]]]
) -> None:
    backend, info = find(target)
    try:
        backend.engine(variant_of(info)).name  # noqa: B018
    except UsageError as error:
        pytest.skip(f"{target} is not here: {error.message}")
    _agree(target, *case)


def _agree(target: str, pred: Pred, rows: list[dict[str, Any]]) -> None:
    source = DataModel("Endpoint", "Processes")
    text = SourceText.plain(RULE.search)
    compiled = Compiled(RULE, text, parse(text), Pipeline((source, Filter(pred))))
    conversion = convert_compiled(compiled, target, content=CONTENT)
    numbered = [{"process": f"p{n}", **row} for n, row in enumerate(rows)]
    report = check_conversion(compiled, conversion, numbered, content=CONTENT)
    if conversion.fidelity is Fidelity.UNSUPPORTED:
        assert target in ("sigma", "eql", "esql"), conversion.losses
        return
    assert report.verdict in (Verdict.EQUAL, Verdict.CONTAINED), (
        conversion.text,
        report.differences,
    )
    # SQLite folds ASCII only: its engine does not take other capital letters
    capitals = sum("É" in row.values() for row in rows) if target == "sql:sqlite" else 0
    assert report.set_aside <= capitals


@settings(max_examples=100)
@given(cases())
def test_sql_is_always_exact(case: tuple[Pred, list[dict[str, Any]]]) -> None:
    pred, _ = case
    text = SourceText.plain(RULE.search)
    pipeline = Pipeline((DataModel("Endpoint", "Processes"), Filter(pred)))
    compiled = Compiled(RULE, text, parse(text), pipeline)
    for target in ("sql:duckdb", "sql:sqlite"):
        conversion = convert_compiled(compiled, target, content=CONTENT)
        assert conversion.fidelity is Fidelity.EXACT


@pytest.mark.parametrize("target", TARGETS)
def test_an_engine_sees_an_event_as_it_is_now(target: str) -> None:
    rule = read_rule("| from datamodel Endpoint.Processes | search process_name=tool.exe")
    draft = convert_compiled(compile_rule(rule, CONTENT), target, content=CONTENT).draft
    backend, info = find(target)
    engine = backend.engine(variant_of(info))
    assert draft is not None
    assert engine is not None
    event = {"process_name": "tool.exe", "tag": ["process", "report"], "_time": 0.0}
    found = []
    for name in ("tool.exe", "other.exe", "tool.exe"):
        event["process_name"] = name
        seen = engine.run(draft, [event], lookups={}, now=0.0)
        found.append(bool(seen.events or seen.rows))
    assert found == [True, False, True]
