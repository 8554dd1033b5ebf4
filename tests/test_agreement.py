"""Random predicates over random events: interpreter, DuckDB, SQLite, EQL and Sigma must agree.

The predicates are over fields that all taxonomies know as plain text and that may be missing;
values hold wildcard and quote characters, both cases, newlines and letters outside ASCII.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transpile import Content
from transpile.compiled import Compiled
from transpile.content import read_rule
from transpile.convert import convert_compiled
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
from transpile.verify import Verdict, check_conversion

TARGETS = ("sigma", "eql", "sql:duckdb", "sql:sqlite")
FIELDS = ("process_current_directory", "process_guid", "parent_process_guid")
CONTENT = Content.builtin()
RULE = read_rule("search *")

letters = st.sampled_from([*"aAb*?%_ /1.", "\\", '"', "'", "\n"])
texts = st.text(letters, max_size=4)
unicode_letters = st.sampled_from(["é", "ß", "日", "\U0001f600"])
unicode_texts = st.text(st.one_of(letters, unicode_letters), max_size=4)
parts = st.lists(st.one_of(texts, st.sampled_from(list(Wild))), min_size=1, max_size=4)
conditions = st.one_of(
    st.builds(TextEq, unicode_texts, st.booleans()),
    st.builds(lambda p, cased: Glob(Pattern.of(*p), cased), parts, st.booleans()),
)
subjects = st.sampled_from(FIELDS).map(Field)
leaves: st.SearchStrategy[Pred] = st.one_of(
    st.builds(Exists, subjects), st.builds(Test, subjects, conditions)
)


def _grow(inner: st.SearchStrategy[Pred]) -> st.SearchStrategy[Pred]:
    many = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.one_of(st.builds(Not, inner), st.builds(And, many), st.builds(Or, many))


preds = st.recursive(leaves, _grow, max_leaves=8)
events = st.lists(st.dictionaries(st.sampled_from(FIELDS), unicode_texts), min_size=1, max_size=6)


@pytest.mark.parametrize("target", TARGETS)
@settings(max_examples=150, deadline=None, derandomize=True)
@given(preds, events)
def test_targets_find_what_the_interpreter_finds(
    target: str, pred: Pred, rows: list[dict[str, Any]]
) -> None:
    source = DataModel("Endpoint", "Processes")
    text = SourceText.plain(RULE.search)
    compiled = Compiled(RULE, text, parse(text), Pipeline((source, Filter(pred))))
    conversion = convert_compiled(compiled, target, content=CONTENT)
    numbered = [{"process": f"p{n}", **row} for n, row in enumerate(rows)]
    report = check_conversion(compiled, conversion, numbered, content=CONTENT)
    if conversion.fidelity is Fidelity.UNSUPPORTED:
        assert target in ("sigma", "eql"), conversion.losses
        return
    assert report.verdict in (Verdict.EQUAL, Verdict.CONTAINED), (
        conversion.text,
        report.differences,
    )
    assert report.set_aside == 0


@settings(max_examples=150, deadline=None, derandomize=True)
@given(preds)
def test_sql_is_always_exact(pred: Pred) -> None:
    text = SourceText.plain(RULE.search)
    pipeline = Pipeline((DataModel("Endpoint", "Processes"), Filter(pred)))
    compiled = Compiled(RULE, text, parse(text), pipeline)
    for target in ("sql:duckdb", "sql:sqlite"):
        conversion = convert_compiled(compiled, target, content=CONTENT)
        assert conversion.fidelity is Fidelity.EXACT
