"""Every aggregate: numbers, text, missing, several values; and the stages that aggregate."""

from __future__ import annotations

import math
from typing import Any

import pytest

from transpile.interpret import Context, NotComputable, run_pipeline
from transpile.interpret.aggregates import factory
from transpile.ir.expr import Call, Expr, Field, Lit
from transpile.ir.functions import AGGREGATES
from transpile.ir.pred import NumEq, Test
from transpile.ir.stages import (
    Agg,
    Aggregate,
    Compute,
    Events,
    Key,
    Pipeline,
    Pivot,
    Sort,
    SortKey,
    Stage,
    Window,
)

CONTEXT = Context(now=1_700_000_000)
X = Field("x")
MIXED = [10, "9", "abc", None, ["2", "10"]]
NUMBERS = ["1", 2, "4.0"]


def run(events: list[dict[str, Any]], *stages: Stage) -> list[dict[str, Any]]:
    return run_pipeline(Pipeline((Events(), *stages)), events, CONTEXT)


def aggregate(func: str, values: list[Any], param: float | None = None) -> Any:
    """Aggregate over one event per value, in the given order (times descend)."""
    events = [{"_time": 100 - at, "x": value} for at, value in enumerate(values)]
    rows = run(events, Aggregate((Agg(func, X, "r", param=param),)))
    return rows[0].get("r")


CASES: dict[str, list[tuple[list[Any], Any]]] = {
    "count": [(MIXED, 5), ([None], 0), ([""], 1)],
    "dc": [(["1", "1.0", "01", 1], 3), (["a", "A"], 2), ([["a", "b"], "a"], 2), ([], 0)],
    "estdc": [(["a", "b", "a"], 2)],
    "estdc_error": [(["a"], 0)],
    "sum": [(MIXED, 31), (NUMBERS, 7), (["abc", ""], None), ([], None), (["0.1", "0.2"], 0.3)],
    "sumsq": [([1, 2], 5)],
    "avg": [(NUMBERS, 7 / 3), ([10, "n/a", None], 10), (["x"], None)],
    "range": [([5, "2", "x"], 3)],
    "stdev": [([5], 0), ([2, 4], math.sqrt(2)), (["x"], None)],
    "stdevp": [([2, 4], 1), ([7], 0)],
    "var": [([2, 4], 2), ([7], 0)],
    "varp": [([2, 4], 1)],
    "min": [(MIXED, "2"), (["b", "a"], "a"), (["abc", "10", "9.0"], "9.0"), ([], None)],
    "max": [(MIXED, "abc"), (["9", "10"], "10"), (["", 5], "")],
    "median": [([1, 2, 3, 4], 3), ([1, 9, 5], 5), (["x"], None)],
    "mode": [(["a", "b", "b"], "b"), (["b", "a"], "a"), ([2, "2"], "2"), ([], None)],
    "first": [([None, "n", "o"], "n"), (["", "o"], ""), ([["p", "q"], "o"], "p")],
    "last": [(["n", "o", None], "o"), ([], None)],
    "earliest": [(["n", "o", None], "o")],
    "latest": [([None, "n", "o"], "n")],
    "earliest_time": [(["n", "o", None], 99)],
    "latest_time": [([None, "n", "o"], 99)],
    "values": [([10, 9, "100", "9"], ["10", "100", "9"]), (["b", "B", "a"], ["B", "a", "b"]),
               (["a"], "a"), ([None], None), ([["b", "a"], "b"], ["a", "b"])],
    "list": [([10, 9, 100, 9], [10, 9, 100, 9]), (["a"], "a"), ([], None)],
    "rate": [([30, 20, 10], 10), ([5], None), (["x", "y"], None)],
    "perc": [(list(range(1, 11)), 6)],
    "exactperc": [([1, 2], 2)],
    "upperperc": [([1, 2], 2)],
}  # fmt: skip


@pytest.mark.parametrize(
    ("func", "values", "expected"),
    [
        pytest.param(func, values, expected, id=f"{func}{values}"[:60])
        for func, cases in CASES.items()
        for values, expected in cases
    ],
)
def test_aggregate(func: str, values: list[Any], expected: Any) -> None:
    found = aggregate(func, values)
    assert found == (pytest.approx(expected) if isinstance(expected, float) else expected)
    assert type(found) is type(expected)


def test_every_aggregate_has_an_accumulator_and_a_case() -> None:
    assert set(CASES) == set(AGGREGATES)
    for name in AGGREGATES:
        factory(name, 50)().result()


@pytest.mark.parametrize(
    ("percent", "expected"), [(0, 1), (5, 1), (50, 6), (90, 10), (95, 10), (100, 10)]
)
def test_percentiles_are_nearest_rank(percent: float, expected: int) -> None:
    assert aggregate("perc", list(range(1, 11)), percent) == expected


def test_list_stops_at_a_hundred() -> None:
    assert len(aggregate("list", list(range(150)))) == 100


def test_an_unknown_aggregate_is_refused() -> None:
    with pytest.raises(NotComputable, match="no_such"):
        aggregate("no_such", [1])


# -- grouping ------------------------------------------------------------------------------------

COUNT = Agg("count", None, "count")


def by(*names: str) -> tuple[Key, ...]:
    return tuple(Key(name, Field(name)) for name in names)


def test_no_rows_without_keys_give_one_row_and_with_keys_none() -> None:
    aggs = (COUNT, Agg("dc", X, "dc"), Agg("max", X, "max"))
    assert run([], Aggregate(aggs)) == [{"count": 0, "dc": 0}]
    assert run([], Aggregate(aggs, by("k"))) == []


@pytest.mark.parametrize(
    ("events", "keys", "expected"),
    [
        pytest.param([{"k": "a"}, {"k": "A"}], by("k"), {("A",): 1, ("a",): 1},
                     id="keys-are-cased"),
        pytest.param([{"k": 1}, {"k": "1"}, {"k": "1.0"}], by("k"), {(1,): 2, ("1.0",): 1},
                     id="keys-compare-as-text"),
        pytest.param([{"k": "a"}, {}], by("k"), {("a",): 1}, id="missing-key-is-no-group"),
        pytest.param([{"k": ""}], by("k"), {("",): 1}, id="empty-text-is-a-group"),
        pytest.param([{"k": ["a", "b", "a"]}], by("k"), {("a",): 2, ("b",): 1},
                     id="a-group-per-value"),
        pytest.param([{"k": ["a", "b"], "m": ["x", "y"]}], by("k", "m"),
                     {("a", "x"): 1, ("a", "y"): 1, ("b", "x"): 1, ("b", "y"): 1},
                     id="cross-product-of-two-lists"),
        pytest.param([{"k": "a"}], (Key("up", Call("upper", (Field("k"),))),), {("A",): 1},
                     id="key-by-expression"),
    ],
)  # fmt: skip
def test_groups(events: list[dict[str, Any]], keys: tuple[Key, ...], expected: Any) -> None:
    rows = run(events, Aggregate((COUNT,), keys))
    assert {tuple(row[key.name] for key in keys): row["count"] for row in rows} == expected


def test_groups_come_in_natural_order() -> None:
    rows = run([{"k": k} for k in ("b", "10", "9", "a")], Aggregate((COUNT,), by("k")))
    assert [row["k"] for row in rows] == ["9", "10", "a", "b"]


def test_a_conditional_aggregate_counts_only_rows_where_it_is_true() -> None:
    where = Test(X, NumEq(4625))
    events = [{"x": 4625}, {"x": 4624}, {}]
    rows = run(events, Aggregate((Agg("count", None, "f", where=where), COUNT)))
    assert rows == [{"f": 1, "count": 3}]


def test_a_wildcard_aggregate_takes_each_matching_field_but_not_the_keys() -> None:
    events = [{"k": 1, "a.x": "p", "a.y": "q", "b": "r"}, {"k": 1, "a.x": "o"}]
    stage = Aggregate((Agg("values", None, "v.*", pattern="a.*"),), by("k"))
    assert run(events, stage) == [{"k": 1, "v.x": ["o", "p"], "v.y": "q"}]
    everything = Aggregate((Agg("values", None, "*", pattern="*"),), by("k"))
    assert run([{"k": 1, "b": 2, "_time": 5}], everything) == [{"k": 1, "b": "2"}]


# -- windows -------------------------------------------------------------------------------------


def test_group_aggregates_stand_beside_every_row_and_missing_keys_get_nothing() -> None:
    events = [{"k": "a", "x": 1}, {"x": 9, "s": "old"}, {"k": "a", "x": 2}]
    rows = run(events, Window((Agg("sum", X, "s"),), ("k",)))
    assert rows == [{"k": "a", "x": 1, "s": 3}, {"x": 9, "s": "old"}, {"k": "a", "x": 2, "s": 3}]


def ranks(events: list[dict[str, Any]], window: Window) -> list[Any]:
    return [row.get("r") for row in run(events, window)]


SUM = (Agg("sum", X, "r"),)
KEYED = [{"k": k, "x": x} for k, x in (("a", 1), ("b", 10), ("a", 2), ("a", 4), ("b", 20))]


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        pytest.param(Window(SUM, ("k",), running=True), [1, 10, 3, 7, 30], id="so-far-by-group"),
        pytest.param(Window(SUM, running=True), [1, 11, 13, 17, 37], id="so-far"),
        pytest.param(Window(SUM, running=True, current=False), [None, 1, 11, 13, 17],
                     id="without-this-row"),
        pytest.param(Window(SUM, ("k",), running=True, rows=2), [1, 10, 2, 6, 20],
                     id="last-two-rows-of-all"),
        pytest.param(Window(SUM, ("k",), running=True, rows=2, per_group=True), [1, 10, 3, 6, 30],
                     id="last-two-rows-of-the-group"),
        pytest.param(Window(SUM, running=True, rows=1, current=False), [None, 1, 10, 2, 4],
                     id="the-row-before"),
        pytest.param(Window(SUM, ("k",), running=True, reset_on_change=True), [1, 10, 2, 6, 20],
                     id="new-start-on-change"),
        pytest.param(Window(SUM, running=True, reset_after=Test(X, NumEq(2))), [1, 11, 13, 4, 24],
                     id="new-start-after"),
        pytest.param(Window(SUM, running=True, reset_before=Test(X, NumEq(2))), [1, 11, 2, 6, 26],
                     id="new-start-before"),
    ],
)  # fmt: skip
def test_running_window(window: Window, expected: list[Any]) -> None:
    assert ranks(KEYED, window) == expected


def test_a_window_in_seconds() -> None:
    events = [{"_time": t, "x": 1} for t in (100, 95, 80)]
    window = Window(SUM, running=True, seconds=10)
    assert ranks(events, window) == [1, 2, 1]


# -- pivots --------------------------------------------------------------------------------------


def pivot(events: list[dict[str, Any]], **settings: Any) -> list[dict[str, Any]]:
    return run(events, Pivot((COUNT,), **settings))


CHART = [{"x": "a", "y": "p"}, {"x": "a", "y": "q"}, {"x": "b", "y": "p"}, {"x": "b"}, {"y": "p"}]


def test_columns_by_value_with_a_series_for_missing_ones() -> None:
    assert pivot(CHART, row="x", column="y") == [
        {"x": "a", "p": 1, "q": 1, "NULL": 0},
        {"x": "b", "p": 1, "q": 0, "NULL": 1},
    ]
    assert pivot(CHART, row="x", column="y", null=None) == [
        {"x": "a", "p": 1, "q": 1},
        {"x": "b", "p": 1, "q": 0},
    ]


def test_small_series_go_to_other() -> None:
    assert pivot(CHART, row="x", column="y", limit=1, null=None) == [
        {"x": "a", "p": 1, "OTHER": 1},
        {"x": "b", "p": 1, "OTHER": 0},
    ]
    assert pivot(CHART, row="x", column="y", limit=1, null=None, other=None) == [
        {"x": "a", "p": 1},
        {"x": "b", "p": 1},
    ]


def test_without_a_column_key_each_aggregate_is_a_column() -> None:
    assert pivot(CHART, row="x") == [{"x": "a", "count": 2}, {"x": "b", "count": 2}]


def test_several_aggregates_name_their_columns() -> None:
    rows = run(CHART[:1], Pivot((COUNT, Agg("dc", Field("y"), "dc")), row="x", column="y"))
    assert rows == [{"x": "a", "count: p": 1, "dc: p": 1}]


def test_time_bins_and_gaps() -> None:
    events = [{"_time": t} for t in (605, 10, 5)]
    assert pivot(events, row="_time", width=300, fill_gaps=True) == [
        {"_time": 0, "count": 2},
        {"_time": 300, "count": 0},
        {"_time": 600, "count": 1},
    ]
    assert [row["_time"] for row in pivot(events, row="_time")] == [0, 10, 600]


def test_number_bins_are_labels() -> None:
    assert pivot([{"x": 25}, {"x": 3}], row="x", width=10) == [
        {"x": "0-10", "count": 1},
        {"x": "20-30", "count": 1},
    ]


def test_outlier_idiom_of_one_row_per_group_finds_nothing() -> None:
    spread: Expr = Call("add", (Field("a"), Call("mul", (Field("s"), Lit(3)))))
    rows = run(
        [{"n": 5, "k": "a"}],
        Window((Agg("avg", Field("n"), "a"), Agg("stdev", Field("n"), "s")), ("k",)),
        Compute((("bound", spread),)),
        Sort((SortKey("n"),)),
    )
    assert rows == [{"n": 5, "k": "a", "a": 5, "s": 0, "bound": 5}]
