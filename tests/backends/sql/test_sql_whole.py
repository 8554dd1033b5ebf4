"""Queries for all columns, over events with fields that the table cannot hold."""

from __future__ import annotations

from typing import Any

import pytest

from transpile import Content
from transpile.content import read_rule
from transpile.verify import verify_rule


@pytest.mark.parametrize("target", ["sql:duckdb", "sql:sqlite"])
@pytest.mark.parametrize(
    ("search", "event", "verdict"),
    [
        pytest.param("index=x a=1", {"User": "A", "user": "b"}, "equal", id="case-of-others"),
        pytest.param("index=x user=b", {"User": "A", "user": "b"}, "equal", id="case-of-one-named"),
        pytest.param("index=x a=1", {"b": ["c", "d"]}, "equal", id="a-list-that-is-not-named"),
        pytest.param("index=x b=c", {"b": ["c", "d"]}, "not run", id="a-list-that-is-named"),
    ],
)
def test_what_the_query_does_not_name_does_not_matter(
    target: str, search: str, event: dict[str, Any], verdict: str
) -> None:
    events = [{"_time": 1767222006 + at, "index": "x", "a": at, **event} for at in (1, 2)]
    rule = read_rule(search)
    report = verify_rule(rule, target, events, content=Content.builtin(), witness=False)
    assert report.verdict.value == verdict
    assert (report.found > 0) is (verdict == "equal")
