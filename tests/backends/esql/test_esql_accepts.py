"""Which events the ES|QL engine is asked about: those whose values its index shows as they are."""

from __future__ import annotations

from typing import Any

import pytest
from transpile.backends.esql import backend

from transpile import Content, convert

SEARCH = "| tstats count from datamodel=Web where Web.url=*x* by Web.status Web.user"


@pytest.mark.parametrize(
    ("event", "accepted"),
    [
        pytest.param({"status": "200", "user": "bob"}, True, id="as-it-is-shown"),
        pytest.param({"status": 200}, True, id="a-number-itself"),
        pytest.param({"status": "0200"}, False, id="a-whole-number-spelt-otherwise"),
        pytest.param({"status": "200.5"}, False, id="a-fraction-in-a-whole-number"),
        pytest.param({"status": "2_00"}, False, id="what-only-Python-reads-as-a-number"),
        pytest.param({"user": "unknown"}, True, id="the-word-for-a-missing-value"),
        pytest.param({"user": "Unknown"}, False, id="that-word-in-another-case"),
    ],
)
def test_an_event_is_accepted_if_the_index_shows_it_as_it_is(
    event: dict[str, Any], accepted: bool
) -> None:
    draft = convert(SEARCH, "esql", content=Content.builtin()).draft
    engine = backend.engine("")
    assert draft is not None
    assert engine is not None
    assert engine.accepts({"url": "x", **event}, draft) is accepted
