"""Every stage that is no aggregate: what it does to rows, and to their provenance."""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Mapping
from typing import Any, get_args

import pytest

from transpile.interpret import Context, NotComputable, Table, matched, run_pipeline
from transpile.interpret.engine import STAGES
from transpile.interpret.joining import JOINING
from transpile.ir import stages as s
from transpile.ir.expr import Call, Expr, Field, Lit
from transpile.ir.pattern import Pattern
from transpile.ir.pred import Compare, Keyword, Not, NumEq, Test, TextEq
from transpile.ir.regex import parse_regex

Rows = list[dict[str, Any]]


def run(events: Rows, *stages: s.Stage, **settings: Any) -> Rows:
    return run_pipeline(s.Pipeline((s.Events(), *stages)), events, Context(now=1000, **settings))


def test_every_stage_is_a_source_or_has_an_implementation() -> None:
    assert set(STAGES) | set(JOINING) | set(get_args(s.Source)) == set(get_args(s.Stage))


# -- row by row ----------------------------------------------------------------------------------


def regex(text: str, source: str = "v", limit: int = 1) -> s.Extract:
    return s.Extract(source, parse_regex(text), limit)


ADD_ONE = Call("add", (Field("a"), Lit(1)))
JSON = '{"a":{"b":[1,2]},"c":true,"d":null}'
XML = "<e><n k='v'>1</n><n>2</n></e>"
TIME = 1_700_000_000


@pytest.mark.parametrize(
    ("stage", "row", "expected"),
    [
        pytest.param(s.Compute((("a", ADD_ONE), ("b", ADD_ONE))), {"a": "1"}, {"a": 2, "b": 3},
                     id="compute-sees-earlier-ones"),
        pytest.param(s.Compute((("a", Lit(None)),)), {"a": 1, "b": 2}, {"b": 2},
                     id="compute-missing-removes"),
        pytest.param(regex(r"(?<n>\d+)"), {"v": "a1b22"}, {"v": "a1b22", "n": "1"},
                     id="extract-first-match"),
        pytest.param(regex(r"(?<n>\d+)", limit=0), {"v": "a1b22"}, {"v": "a1b22", "n": ["1", "22"]},
                     id="extract-all"),
        pytest.param(regex(r"(?<n>x)"), {"v": "a", "n": "old"}, {"v": "a", "n": "old"},
                     id="extract-no-match-keeps"),
        pytest.param(regex(r"(?<n>x)|(?<m>a)"), {"v": "a", "n": "old"},
                     {"v": "a", "n": "old", "m": "a"}, id="extract-idle-group-writes-nothing"),
        pytest.param(regex(r"(?<v>\d+)", limit=0), {"v": "a1b22"}, {"v": ["1", "22"]},
                     id="extract-onto-itself"),
        pytest.param(regex(r"(?<n>\d)"), {"v": ["a1", "b2"]}, {"v": ["a1", "b2"], "n": ["1", "2"]},
                     id="extract-from-each-value"),
        pytest.param(s.Parse("json-path", "v", "a.b{}", "t"), {"v": JSON}, {"v": JSON, "t": [1, 2]},
                     id="json-path"),
        pytest.param(s.Parse("json-path", "v", "a"), {"v": JSON}, {"v": JSON, "a": '{"b":[1,2]}'},
                     id="json-path-to-an-object"),
        pytest.param(s.Parse("json-path", "v", "no", "t"), {"v": JSON, "t": 1}, {"v": JSON, "t": 1},
                     id="json-path-not-there"),
        pytest.param(s.Parse("json-path", "v", "a"), {"v": "{"}, {"v": "{"}, id="json-malformed"),
        pytest.param(s.Parse("auto", "v"), {"v": JSON},
                     {"v": JSON, "a.b{}": [1, 2], "c": "true", "d": "null"}, id="json-auto"),
        pytest.param(s.Parse("json", "v", prefix="p."), {"v": JSON},
                     {"v": JSON, "p.a": '{"b":[1,2]}', "p.c": "true", "p.d": "null"},
                     id="json-members"),
        pytest.param(s.Parse("json-path", "v", "e.n{2}", "t"), {"v": XML}, {"v": XML, "t": "2"},
                     id="xml-path-counts-from-one"),
        pytest.param(s.Parse("json-path", "v", "e.n{@k}", "t"), {"v": XML}, {"v": XML, "t": "v"},
                     id="xml-attribute"),
        pytest.param(s.Parse("auto", "v"), {"v": XML},
                     {"v": XML, "e.n": ["1", "2"], "e.n{@k}": "v"}, id="xml-auto"),
        pytest.param(s.Parse("xml-pairs", "v"), {"v": "x <A>1</A> <B>2</B>"},
                     {"v": "x <A>1</A> <B>2</B>", "A": "1", "B": "2"}, id="xml-pairs"),
        pytest.param(s.Parse("pairs", "v", pair_delims=";|", value_delims=":"),
                     {"v": "a:1;b:2|c"}, {"v": "a:1;b:2|c", "a": "1", "b": "2"}, id="pairs"),
        pytest.param(s.Parse("pairs", "v"), {"v": 'a=1 b="x y"'},
                     {"v": 'a=1 b="x y"', "a": "1", "b": "x y"}, id="pairs-without-delimiters"),
        pytest.param(s.Rename((("a", "b"), ("b", "c"))), {"a": 1}, {"c": 1}, id="rename-in-turn"),
        pytest.param(s.Rename((("P.*", "*"),)), {"P.a": 1, "P.b": 2, "c": 3},
                     {"a": 1, "b": 2, "c": 3}, id="rename-wildcard"),
        pytest.param(s.Rename((("*_x_*", "*.*"),)), {"a_x_b": 1}, {"a.b": 1},
                     id="rename-carries-parts-in-order"),
        pytest.param(s.Rename((("a", "b"),)), {"b": 1}, {}, id="rename-missing-clears-target"),
        pytest.param(s.Project(("b", "a*")), {"a2": 1, "a1": 2, "b": 3, "_time": 4},
                     {"b": 3, "a1": 2, "a2": 1}, id="keep-named"),
        pytest.param(s.Project(("a",), keep_internal=True), {"a": 1, "_time": 4, "c": 2},
                     {"a": 1, "_time": 4}, id="keep-internal"),
        pytest.param(s.Project(("a*", "zz"), drop=True), {"ab": 1, "c": 2}, {"c": 2}, id="drop"),
        pytest.param(s.Bucket("_time", "_time", 300), {"_time": 899.5}, {"_time": 600},
                     id="bin-of-time"),
        pytest.param(s.Bucket("a", "b", 10, time=False), {"a": "25"}, {"a": "25", "b": "20-30"},
                     id="bin-label"),
        pytest.param(s.Bucket("a", "a", 10), {"a": "text"}, {"a": "text"}, id="bin-of-text-stays"),
        pytest.param(s.Bucket("a", "a", 10), {"b": 1}, {"b": 1}, id="bin-of-missing"),
        pytest.param(s.Bucket("a", "a", 10, align=3), {"a": 12}, {"a": 3}, id="bin-aligned"),
        pytest.param(s.Bucket("a", "a", 1, "day"), {"a": TIME}, {"a": 1_699_920_000},
                     id="bin-of-a-day"),
        pytest.param(s.Totals(("a", "b", "c"), "T"), {"a": "1", "b": 2.5, "c": "x"},
                     {"a": "1", "b": 2.5, "c": "x", "T": 3.5}, id="totals-of-fields"),
        pytest.param(s.Totals(()), {"_time": 9, "a": 1, "b": [2, "3"]},
                     {"_time": 9, "a": 1, "b": [2, "3"], "Total": 6}, id="totals-of-all"),
        pytest.param(s.Store("t"), {"a": 1}, {"a": 1}, id="store-passes-on"),
        pytest.param(s.Opaque("x", "why", adds=("n",)), {"a": 1}, {"a": 1}, id="opaque-that-adds"),
        pytest.param(s.ForEach(("s_*",), (("m_<<MATCHSTR>>", Field("<<FIELD>>")),)),
                     {"s_a": 1, "s_b": 2}, {"s_a": 1, "s_b": 2, "m_a": 1, "m_b": 2},
                     id="foreach-names"),
        pytest.param(s.ForEach(("a*",), (("t", Call("mvappend", (Field("t"), Lit("<<FIELD>>")))),)),
                     {"a2": 1, "a1": 1}, {"a2": 1, "a1": 1, "t": ["a1", "a2"]},
                     id="foreach-accumulates-in-name-order"),
        pytest.param(s.ForEach(("*",), (("<<FIELD>>", Lit(None)),)), {"a": 1, "_time": 2},
                     {"_time": 2}, id="foreach-star-leaves-internal-fields"),
    ],
)  # fmt: skip
def test_row_by_row(stage: s.Stage, row: dict[str, Any], expected: dict[str, Any]) -> None:
    before = {name: list(v) if isinstance(v, list) else v for name, v in row.items()}
    assert run([row], stage) == [expected]
    assert row == before, "the user's event was changed"


def test_rename_keeps_the_column_order_of_projections() -> None:
    assert list(run([{"a": 1, "b": 2}], s.Project(("b", "a")))[0]) == ["b", "a"]


def test_expand_makes_a_row_per_value_and_keeps_missing() -> None:
    rows = [{"k": 1, "v": ["a", "b", "c"]}, {"k": 2, "v": "d"}, {"k": 3}]
    assert run(rows, s.Expand("v")) == [
        {"k": 1, "v": "a"}, {"k": 1, "v": "b"}, {"k": 1, "v": "c"}, {"k": 2, "v": "d"}, {"k": 3},
    ]  # fmt: skip
    assert [row["v"] for row in run(rows[:1], s.Expand("v", 2))] == ["a", "b"]


# -- sets of rows --------------------------------------------------------------------------------


def rows_of(name: str, *values: Any) -> Rows:
    return [{name: value} if value is not None else {} for value in values]


@pytest.mark.parametrize(
    ("key", "values", "expected"),
    [
        pytest.param(s.SortKey("v"), ["10", "9", 2], [2, "9", "10"], id="numbers"),
        pytest.param(s.SortKey("v"), ["b", "B", "10", "9"], ["9", "10", "B", "b"], id="mixed"),
        pytest.param(s.SortKey("v", True), ["9.1.a", "10.1.a"], ["9.1.a", "10.1.a"],
                     id="text-that-begins-with-digits"),
        pytest.param(s.SortKey("v"), ["10.0.0.9", "9.0.0.1"], ["9.0.0.1", "10.0.0.9"],
                     id="addresses"),
        pytest.param(s.SortKey("v", mode="str"), ["9", "10"], ["10", "9"], id="forced-text"),
        pytest.param(s.SortKey("v", mode="num"), ["x", "10", "9"], ["9", "10", "x"],
                     id="forced-number"),
        pytest.param(s.SortKey("v", mode="ip"), ["x", "10.0.0.1", "9.9.9.9"],
                     ["9.9.9.9", "10.0.0.1", "x"], id="forced-address"),
        pytest.param(s.SortKey("v"), [None, 0, -1], [-1, 0, None], id="missing-last"),
        pytest.param(s.SortKey("v", True), [None, 0, 1], [1, 0, None],
                     id="missing-last-descending"),
    ],
)  # fmt: skip
def test_sort(key: s.SortKey, values: list[Any], expected: list[Any]) -> None:
    found = run(rows_of("v", *values), s.Sort((key,)))
    assert [row.get("v") for row in found] == expected


def test_sort_is_stable_by_several_keys_and_limits() -> None:
    rows = [{"a": a, "n": n} for a, n in ((1, 0), ("1.0", 1), (2, 2), (0, 3))]
    keys = (s.SortKey("a", True),)
    assert [row["n"] for row in run(rows, s.Sort(keys))] == [2, 0, 1, 3]
    assert [row["n"] for row in run(rows, s.Sort(keys, limit=2))] == [2, 0]
    both = (s.SortKey("a"), s.SortKey("n", True))
    assert [row["n"] for row in run(rows, s.Sort(both))] == [3, 1, 0, 2]


@pytest.mark.parametrize(
    ("stage", "expected"),
    [
        pytest.param(s.Limit(2), [1, 2], id="first"),
        pytest.param(s.Limit(2, last=True), [5, 4], id="last-in-reverse"),
        pytest.param(s.Limit(None, last=True), [5, 4, 3, 2, 1], id="all-in-reverse"),
        pytest.param(s.Limit(None, while_true=Not(Test(Field("v"), NumEq(4)))), [1, 2, 3],
                     id="up-to-a-condition"),
        pytest.param(s.Limit(0), [], id="none"),
    ],
)  # fmt: skip
def test_limit(stage: s.Limit, expected: list[int]) -> None:
    assert [row["v"] for row in run(rows_of("v", 1, 2, 3, 4, 5), stage)] == expected


@pytest.mark.parametrize(
    ("stage", "expected"),
    [
        pytest.param(s.Dedup(("k",)), [0, 1], id="first-of-each-and-missing-go"),
        pytest.param(s.Dedup(("k",), count=2), [0, 1, 2], id="first-two"),
        pytest.param(s.Dedup(("k",), keep_missing=True), [0, 1, 3], id="missing-stay"),
        pytest.param(s.Dedup(("k",), consecutive=True), [0, 1, 2], id="neighbours-only"),
        pytest.param(s.Dedup(("k",), keep_rows=True), [0, 1, 2, 4], id="duplicates-lose-the-key"),
    ],
)
def test_dedup(stage: s.Dedup, expected: list[int]) -> None:
    rows = [{"n": 0, "k": "a"}, {"n": 1, "k": "b"}, {"n": 2, "k": "a"}, {"n": 3},
            {"n": 4, "k": "a"}]  # fmt: skip
    found = run(rows, stage)
    assert [row["n"] for row in found] == expected
    if stage.keep_rows:
        assert ["k" in row for row in found] == [True, True, False, False]


def test_dedup_of_lists_needs_all_values() -> None:
    rows = rows_of("k", ["a", "b"], ["a", "b"], ["a"], "a")
    assert run(rows, s.Dedup(("k",))) == [{"k": ["a", "b"]}, {"k": "a"}]


def test_fill() -> None:
    rows: Rows = [{"a": 1}, {"b": ""}]
    assert run(rows, s.Fill("0")) == [{"a": 1, "b": "0"}, {"b": "", "a": "0"}]
    assert run(rows, s.Fill("x", ("c",))) == [{"a": 1, "c": "x"}, {"b": "", "c": "x"}]
    down = run([{}, {"a": 1}, {}, {"a": 2}, {}], s.Fill("", ("a",), down=True))
    assert [row.get("a") for row in down] == [None, 1, 1, 2, 2]


def test_combine_collects_the_values_of_rows_that_agree_otherwise() -> None:
    rows: Rows = [{"k": 1, "v": "a"}, {"k": 2, "v": "b"}, {"k": 1, "v": "c"}]
    assert run(rows, s.Combine("v")) == [{"k": 1, "v": ["a", "c"]}, {"k": 2, "v": "b"}]


# -- other pipelines -----------------------------------------------------------------------------


def table(*rows: Mapping[str, str], **settings: Any) -> dict[str, Any]:
    return {"lookups": {"t": Table("t", rows, **settings)}}


RIGHT = s.Pipeline((s.LookupTable("t"),))


@pytest.mark.parametrize(
    ("join", "expected"),
    [
        pytest.param(s.Join(RIGHT, ("k",)), [{"k": "1", "t": "R1"}], id="first-match-right-wins"),
        pytest.param(s.Join(RIGHT, ("k",), max=0), [{"k": "1", "t": "R1"}, {"k": "1", "t": "R2"}],
                     id="all-matches"),
        pytest.param(s.Join(RIGHT, ("k",), outer=True),
                     [{"k": "1", "t": "R1"}, {"k": "2", "t": "L2"}, {"t": "L3"}],
                     id="outer-keeps-left"),
        pytest.param(s.Join(RIGHT, ("k",), overwrite=False), [{"k": "1", "t": "L1"}],
                     id="left-wins"),
        pytest.param(s.Join(RIGHT), [], id="all-common-fields-are-keys"),
    ],
)  # fmt: skip
def test_join(join: s.Join, expected: Rows) -> None:
    left: Rows = [{"k": "1", "t": "L1"}, {"k": "2", "t": "L2"}, {"t": "L3"}]
    settings = table({"k": "1", "t": "R1"}, {"k": "1", "t": "R2"}, {"t": "R3"})
    assert run(left, join, **settings) == expected


HEAD = s.Pipeline((s.Current(), s.Limit(1)))


@pytest.mark.parametrize(
    ("branch", "expected"),
    [
        pytest.param(s.Branch((RIGHT,)), [{"a": 1}, {"a": 2}, {"a": "x", "b": "y"}], id="append"),
        pytest.param(s.Branch((HEAD,)), [{"a": 1}, {"a": 2}, {"a": 1}], id="pipe-of-current-rows"),
        pytest.param(s.Branch((HEAD, RIGHT), alone=True), [{"a": 1}, {"a": "x", "b": "y"}],
                     id="without-the-current-rows"),
        pytest.param(s.Branch((RIGHT,), columns=True), [{"a": 1, "b": "y"}, {"a": 2}],
                     id="side-by-side"),
        pytest.param(s.Branch((RIGHT,), columns=True, override=True),
                     [{"a": "x", "b": "y"}, {"a": 2}], id="side-by-side-overriding"),
    ],
)  # fmt: skip
def test_branch(branch: s.Branch, expected: Rows) -> None:
    assert run([{"a": 1}, {"a": 2}], branch, **table({"a": "x", "b": "y"})) == expected


def test_a_search_per_row() -> None:
    searches: list[str] = []

    def front_end(search: str) -> s.Pipeline:
        searches.append(search)
        return s.Pipeline((s.Events(), s.Filter(Test(Field("u"), TextEq(search)))))

    events: Rows = [{"u": 'a"b'}, {"u": "c"}, {"u": "d"}]
    stage = s.ForRows("$u$", max_rows=2)
    assert run(events, stage, front_end=front_end) == [{"u": "c"}]
    assert searches == ['a\\"b', "c"]
    with pytest.raises(NotComputable):
        run(events, stage)


# -- sources -------------------------------------------------------------------------------------


def test_made_rows_have_the_time_of_the_search() -> None:
    assert run_pipeline(s.Pipeline((s.Made(2),)), [], Context(now=7.0)) == [{"_time": 7}] * 2


def test_table_rows_are_text_and_empty_cells_are_missing() -> None:
    found = run_pipeline(RIGHT, [], Context(now=0, **table({"a": "1", "b": ""})))
    assert found == [{"a": "1"}]


@pytest.mark.parametrize("lookups", [{}, {"t": Table("t", None)}], ids=["unknown", "no-rows"])
def test_a_table_without_rows_is_refused(lookups: dict[str, Table]) -> None:
    stages: list[tuple[s.Stage, ...]] = [
        (s.LookupTable("t"),), (s.Events(), s.Lookup("t", (("k", "k"),))),
    ]  # fmt: skip
    for pipeline in map(s.Pipeline, stages):
        with pytest.raises(NotComputable, match="'t'") as caught:
            run_pipeline(pipeline, [{"k": 1}], Context(now=0, lookups=lookups))
        assert caught.value.code == "SPL301"


def test_a_pipeline_without_a_source_is_refused() -> None:
    with pytest.raises(NotComputable):
        run_pipeline(s.Pipeline((s.Limit(1),)), [])
    with pytest.raises(NotComputable):
        run_pipeline(s.Pipeline((s.Made(), s.Made())), [])


def test_the_scope_tests_events_that_carry_its_fields() -> None:
    source = s.Events(scope=Test(Field("sourcetype"), TextEq("x")))
    events: Rows = [{"sourcetype": "X"}, {"sourcetype": "y"}, {"a": 1}]
    assert matched(s.Pipeline((source,)), events) == [0, 2]


def test_time_bounds_hold_for_events_that_have_a_time() -> None:
    def at(modifier: str) -> Expr:
        return Call("relative_time", (Call("now"), Lit(modifier)))

    source = s.Events(earliest=at("-1h"), latest=at("-10m"))
    events: Rows = [{"_time": t} for t in (6399, 6400, 9399.9, 9400)]
    events.append({"a": 1})
    assert matched(s.Pipeline((source,)), events, Context(now=10_000)) == [1, 2, 4]


def test_a_data_model_shows_members_under_prefixed_names() -> None:
    def view(event: dict[str, Any], model: str, node: str) -> dict[str, Any] | None:
        assert (model, node) == ("M", "R.N")
        return {**event, "user": event.get("user", "unknown")} if event["ok"] else None

    source = s.DataModel("M", "R.N", "N.")
    events: Rows = [{"ok": 1, "_time": 5, "host": "h"}, {"ok": 0}]
    context = Context(now=9, model_view=view)
    assert run_pipeline(s.Pipeline((source,)), events, context) == [
        {"N.ok": 1, "_time": 5, "host": "h", "N.user": "unknown"}
    ]
    filtered = s.Pipeline((source, s.Filter(Test(Field("N.user"), TextEq("root")))))
    assert run_pipeline(filtered, events, context) == []


def test_the_information_model_fills_in_unknown() -> None:
    source = s.DataModel("Endpoint", "Processes", "Processes.")
    rows = run_pipeline(s.Pipeline((source,)), [{"process": "cmd /c x"}], Context(now=0))
    assert rows[0]["Processes.process_name"] == "cmd"
    assert rows[0]["Processes.user"] == "unknown"


# -- what cannot be computed ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stages", "refused"),
    [
        pytest.param((s.Opaque("fit", "no model", changes=True),), True, id="changes"),
        pytest.param((s.Opaque("fit", "no model", filters=True),), True, id="filters"),
        pytest.param((s.Opaque("apply", "no model", adds=("n",)),), False, id="adds"),
        pytest.param((s.Opaque("apply", "no model", adds=("n",)),
                      s.Filter(Test(Field("n"), NumEq(1)))), True, id="added-field-is-tested"),
        pytest.param((s.Opaque("apply", "no model", adds=("n",)), s.Dedup(("n",))), True,
                     id="added-field-is-a-key"),
        pytest.param((s.Opaque("apply", "no model", adds=("n",)), s.Project(("n", "a"))), False,
                     id="added-field-is-only-shown"),
        pytest.param((s.Opaque("apply", "no model", adds=("n",)),
                      s.Compute((("n", Lit(1)),)), s.Filter(Test(Field("n"), NumEq(1)))), False,
                     id="added-field-is-overwritten"),
        pytest.param((s.Opaque("apply", "no model", adds=("n",)), s.Aggregate(()),
                      s.Filter(Test(Field("n"), NumEq(1)))), False,
                     id="added-field-is-grouped-away"),
        pytest.param((s.Branch((s.Pipeline((s.Made(), s.Opaque("x", "why", adds=("n",)))),)),
                      s.Filter(Test(Field("n"), NumEq(1)))), True,
                     id="added-field-of-an-inner-pipeline-is-tested"),
        pytest.param((s.Geo("ip"),), False, id="location-without-database"),
        pytest.param((s.Bucket("a", "a", 0),), True, id="bins-without-width"),
    ],
)  # fmt: skip
def test_refusals(stages: tuple[s.Stage, ...], refused: bool) -> None:
    if refused:
        with pytest.raises(NotComputable):
            run([{"a": 1}], *stages)
    else:
        run([{"a": 1}], *stages)


def test_locations_may_come_with_the_events() -> None:
    stages = (s.Geo("ip"), s.Filter(Test(Field("Country"), TextEq("x"))))
    assert run([{"ip": "1.2.3.4", "Country": "X"}, {"a": 1}], *stages) == [
        {"ip": "1.2.3.4", "Country": "X"}
    ]
    with pytest.raises(NotComputable, match="Country"):
        run([{"ip": "1.2.3.4"}], *stages)


def test_locations_come_from_the_given_database() -> None:
    known = {"1.2.3.4": {"Country": "X", "City": "Y", "Continent": "Z"}}
    events: Rows = [{"ip": "1.2.3.4"}, {"ip": "10.0.0.1"}, {}]
    assert run(events, s.Geo("ip", "p_"), geo=known.get) == [
        {"ip": "1.2.3.4", "p_Country": "X", "p_City": "Y"}, {"ip": "10.0.0.1"}, {},
    ]  # fmt: skip
    assert run(events[:1], s.Geo("ip", all_fields=True), geo=known.get)[0]["Continent"] == "Z"


# -- provenance ----------------------------------------------------------------------------------

COUNT = s.Agg("count", None, "count")
BIG = s.Filter(Compare(">", Field("count"), Lit(1)))
EVENTS: Rows = [
    {"_time": 1, "k": "a", "v": 1}, {"_time": 2, "k": "b", "v": 2}, {"_time": 3, "k": "a", "v": 3},
    {"_time": 4, "v": 4},
]  # fmt: skip


@pytest.mark.parametrize(
    ("stages", "expected"),
    [
        pytest.param((), [0, 1, 2, 3], id="every-row-is-its-event"),
        pytest.param((s.Aggregate((COUNT,), (s.Key("k", Field("k")),)), BIG), [0, 2],
                     id="all-of-a-group-that-passes"),
        pytest.param((s.Aggregate((COUNT,)),), [0, 1, 2, 3], id="one-group"),
        pytest.param((s.Dedup(("k",)),), [1, 2], id="dedup-keeps-the-newest"),
        pytest.param((s.Limit(1),), [3], id="first-row"),
        pytest.param((s.Window((COUNT,), ("k",)), BIG), [0, 2], id="window-rows-stay-themselves"),
        pytest.param((s.Project(("k",)), s.Rename((("k", "*x"),)), s.Fill("0")), [0, 1, 2, 3],
                     id="projection-keeps-it"),
        pytest.param((s.Project(("k",)), s.Combine("k")), [0, 1, 2, 3], id="combined-rows"),
        pytest.param((s.Join(s.Pipeline((s.Events(), s.Filter(Test(Field("v"), NumEq(1))))),
                             ("k",)),), [0, 2], id="both-sides-of-a-join"),
        pytest.param((s.Limit(1), s.Branch((s.Pipeline((s.Events(), s.Filter(
            Test(Field("v"), NumEq(2))))),))), [1, 3], id="appended-rows"),
        pytest.param((s.Pivot((COUNT,), row="k"),), [0, 1, 2], id="pivot"),
        pytest.param((s.Transaction(("k",)),), [0, 1, 2], id="transactions"),
        pytest.param((s.Limit(0),), [], id="none"),
        pytest.param((s.Limit(1), s.Branch((s.Pipeline((s.Made(),)),))), [3],
                     id="rows-without-events-have-none"),
    ],
)  # fmt: skip
def test_matched(stages: tuple[s.Stage, ...], expected: list[int]) -> None:
    assert matched(s.Pipeline((s.Events(), *stages)), EVENTS) == expected


def test_result_rows_show_no_provenance_and_are_copies() -> None:
    event = {"a": 1}
    row = run([event])[0]
    assert row == {"a": 1}
    row["a"] = 2
    assert event == {"a": 1}


def test_events_may_be_a_one_way_stream_even_when_read_twice() -> None:
    again = s.Branch((s.Pipeline((s.Events(),)),))
    found = run_pipeline(s.Pipeline((s.Events(), again)), iter([{"a": 1}]), Context(now=0))
    assert found == [{"a": 1}, {"a": 1}]


class Tracked(dict[str, Any]):
    """An event whose end can be seen."""


def test_events_that_do_not_pass_are_not_kept() -> None:
    seen: list[weakref.ref[Tracked]] = []
    most = 0

    def stream() -> Iterator[dict[str, Any]]:
        nonlocal most
        for number in range(500):
            event = Tracked(n=number)
            seen.append(weakref.ref(event))
            yield event
            most = max(most, sum(ref() is not None for ref in seen))

    keep_one = s.Filter(Test(Field("n"), NumEq(7)))
    rows = run_pipeline(s.Pipeline((s.Events(), keep_one)), stream(), Context(now=0))
    assert rows == [{"n": 7}]
    assert most <= 3


def test_keywords_search_events_without_raw_text_as_json() -> None:
    pipeline = s.Pipeline((s.Events(), s.Filter(Keyword(Pattern.from_spl("evil")))))
    events: Rows = [{"a": "Evil thing"}, {"a": "good"}, {"a": "evil", "_raw": "nothing"}]
    assert matched(pipeline, events) == [0]
    gone = s.Pipeline((s.Events(), s.Aggregate((COUNT,)), s.Filter(Keyword(Pattern.from_spl("1")))))
    assert run_pipeline(gone, events) == []
