"""Lookup tables: how keys match, how many entries count, what is written."""

from __future__ import annotations

from typing import Any

import pytest

from transpile.interpret import Context, Table, run_pipeline
from transpile.ir.stages import Events, Lookup, Pipeline

ON_K = (("k", "f"),)
OUT = (("v", "v"),)


def entry(k: str, v: str = "hit") -> dict[str, str]:
    return {"k": k, "v": v}


def found(table: Table, row: dict[str, Any], stage: Lookup | None = None) -> dict[str, Any]:
    pipeline = Pipeline((Events(), stage or Lookup("t", ON_K, OUT)))
    return run_pipeline(pipeline, [row], Context(now=0, lookups={"t": table}))[0]


@pytest.mark.parametrize(
    ("table", "value", "expected"),
    [
        pytest.param(Table("t", (entry("a"),)), "a", "hit", id="exact"),
        pytest.param(Table("t", (entry("a"),)), "A", None, id="cased-unless-told"),
        pytest.param(Table("t", (entry("a"),), case_sensitive=False), "A", "hit",
                     id="without-case"),
        pytest.param(Table("t", (entry("1"),)), 1, "hit", id="a-number-as-its-text"),
        pytest.param(Table("t", (entry("a*"),)), "ab", None, id="star-is-literal-in-exact"),
        pytest.param(Table("t", (entry("a*"),), match_types={"k": "WILDCARD"}), "ab", "hit",
                     id="wildcard"),
        pytest.param(Table("t", (entry("C:\\*\\x"),), match_types={"k": "WILDCARD"}), "C:\\d\\x",
                     "hit", id="backslash-of-a-cell-is-plain"),
        pytest.param(Table("t", (entry("10.0.0.0/8"), entry("broken")), match_types={"k": "CIDR"}),
                     "10.9.8.7", "hit", id="subnet"),
        pytest.param(Table("t", (entry("10.0.0.0/8"),), match_types={"k": "CIDR"}), "ten", None,
                     id="no-address"),
        pytest.param(Table("t", (entry("a", "1"), entry("a", "2"))), "a", ["1", "2"],
                     id="several-entries-in-file-order"),
        pytest.param(Table("t", (entry("a", "1"), entry("a", "2")), max_matches=1), "a", "1",
                     id="first-entry-only"),
        pytest.param(Table("t", (entry("*", "1"), entry("a", "2")), max_matches=1,
                           match_types={"k": "WILDCARD"}), "a", "1", id="first-wildcard-entry"),
        pytest.param(Table("t", (entry("a", "1"), entry("b", "2"))), ["b", "a"], ["2", "1"],
                     id="each-value-is-looked-up"),
        pytest.param(Table("t", (), min_matches=1, default_match="no"), "a", "no", id="default"),
        pytest.param(Table("t", (), min_matches=0, default_match="no"), "a", None,
                     id="no-default-without-min-matches"),
        pytest.param(Table("t", (), min_matches=1, default_match="no"), None, None,
                     id="missing-key-gets-no-default"),
        pytest.param(Table("t", (entry("a", ""),)), "a", None, id="an-empty-cell-is-no-value"),
    ],
)  # fmt: skip
def test_match(table: Table, value: Any, expected: Any) -> None:
    assert found(table, {} if value is None else {"f": value}).get("v") == expected


def test_unmatched_output_keeps_the_old_value_and_an_empty_cell_clears_it() -> None:
    table = Table("t", (entry("a", ""),))
    assert found(table, {"f": "x", "v": "old"}) == {"f": "x", "v": "old"}
    assert found(table, {"f": "a", "v": "old"}) == {"f": "a"}


def test_without_outputs_all_other_columns_are_written() -> None:
    table = Table("t", ({"k": "a", "v": "1", "w": "2"},), ("k", "v", "w"))
    assert found(table, {"f": "a"}, Lookup("t", ON_K)) == {"f": "a", "v": "1", "w": "2"}


def test_outputnew_leaves_rows_alone_that_have_an_output_already() -> None:
    table = Table("t", ({"k": "a", "v": "1", "w": "2"},))
    stage = Lookup("t", ON_K, (("v", "v"), ("w", "w")), keep_existing=True)
    assert found(table, {"f": "a", "v": "old"}, stage) == {"f": "a", "v": "old"}
    assert found(table, {"f": "a"}, stage) == {"f": "a", "v": "1", "w": "2"}


def test_all_keys_must_match_each_in_its_own_way() -> None:
    rows = ({"k": "a*", "n": "1", "v": "x"}, {"k": "a*", "n": "2", "v": "y"})
    stage = Lookup("t", (("k", "f"), ("n", "g")), OUT)
    table = Table("t", rows, match_types={"k": "WILDCARD"})
    assert found(table, {"f": "ab", "g": 2}, stage)["v"] == "y"
