"""The traps of spl-semantics 8, as far as rows decide them: IR built by hand, own examples.

T1, T2, T9, T14 and T38 are traps of parsing; what is left of them here is that the IR they lower
to gives the right rows.
"""

from __future__ import annotations

from datetime import timedelta, timezone
from typing import Any

import pytest

from transpile.interpret import Context, Table, matched, run_pipeline
from transpile.ir import stages as s
from transpile.ir.expr import Call, Case, Expr, Field, Lit
from transpile.ir.pattern import Pattern
from transpile.ir.pred import (
    And,
    Compare,
    Exists,
    Glob,
    InRows,
    Matches,
    Not,
    NumEq,
    Or,
    Order,
    Pred,
    Test,
    TextEq,
)
from transpile.ir.regex import parse_regex
from transpile.ir.stages import Agg, Key

Rows = list[dict[str, Any]]
CONTEXT = Context(now=1_700_000_000)


def run(events: Rows, *stages: s.Stage, context: Context = CONTEXT) -> Rows:
    return run_pipeline(s.Pipeline((s.Events(), *stages)), events, context)


def hits(events: Rows, pred: Pred) -> list[int]:
    return matched(s.Pipeline((s.Events(), s.Filter(pred))), events, CONTEXT)


def eq(name: str, value: str, cased: bool = False) -> Pred:
    return Test(Field(name), TextEq(value, cased))


def like(name: str, pattern: Pattern, cased: bool = False) -> Pred:
    return Test(Field(name), Glob(pattern, cased))


def number_eq(name: str, value: int) -> Pred:
    return Test(Field(name), NumEq(value))


def some_differs(name: str, value: str) -> Pred:
    """`search name!=value`."""
    return And((Exists(Field(name)), Not(Test(Field(name), TextEq(value)))))


LOG: Rows = [{"t": "A", "id": 1}, {"t": "A", "id": 11}, {"src": "B", "id": 1}]
BITS: Rows = [{"a": 1, "b": 0, "c": 1}, {"a": 1, "b": 1, "c": 0}, {"a": 0, "b": 0, "c": 1}]
USERS: Rows = [{"u": "root"}, {"u": "ann"}, {}]
PAIRS: Rows = [{"a": "x", "b": "y"}, {"a": "x"}, {"a": "x", "b": "x"}]
NAMES: Rows = [{"n": "Tool.exe"}, {"n": "tool.exe"}]
COMMANDS: Rows = [{"c": "net use z:"}, {"c": "net*"}]
UNDERSCORE: Rows = [{"f": "a_b.exe"}, {"f": "axb.exe"}]
DOTS: Rows = [{"f": r"c:\a.exe"}, {"f": r"c:\aXexe"}]
PATHS: Rows = [{"p": r"C:\Tmp\x.exe"}, {"p": r"C:\Tmp*"}, {"p": r"C:\Tmpest"}]
ONES: Rows = [{"v": "1"}, {"v": "1.0"}, {"v": "01"}]
ORDERED: Rows = [{"v": "9"}, {"v": "10"}, {"v": "abc"}, {}]
LISTS: Rows = [{"g": ["a", "b"]}, {"g": "b"}, {}]
COUNTED: Rows = [{"v": ["a", "b"]}, {}]


@pytest.mark.parametrize(
    ("events", "pred", "expected"),
    [
        pytest.param(LOG, And((Or((eq("t", "A"), eq("src", "B"))), eq("id", "1"))), [0, 2],
                     id="T1-or-of-sources-and-a-field"),
        pytest.param(BITS, Or((And((number_eq("a", 1), number_eq("b", 1))), number_eq("c", 1))),
                     [0, 1, 2], id="T2-where"),
        pytest.param(BITS, And((number_eq("a", 1), Or((number_eq("b", 1), number_eq("c", 1))))),
                     [0, 1], id="T2-search"),
        pytest.param(USERS, Not(eq("u", "ROOT")), [1, 2], id="T3-not-takes-missing"),
        pytest.param(USERS, some_differs("u", "root"), [1], id="T3-unequal-needs-the-field"),
        pytest.param(USERS, And((Exists(Field("u")),
                                 Not(Test(Field("u"), Matches(parse_regex("root")))))), [1],
                     id="T4-not-in-where-needs-the-field"),
        pytest.param(PAIRS, And((Exists(Field("a")), Exists(Field("b")),
                                 Not(Compare("==", Field("a"), Field("b"))))), [0],
                     id="T5-unequal-fields"),
        pytest.param([{"b": 0}, {"b": 5}, {}], And((Exists(Field("b")), Not(eq("b", "0")))), [1],
                     id="T6-not-a-number-in-tstats"),
        pytest.param(NAMES, eq("n", "TOOL.EXE"), [0, 1], id="T7-search-ignores-case"),
        pytest.param(NAMES, eq("n", "tool.exe", cased=True), [1], id="T7-where-does-not"),
        pytest.param(NAMES, like("n", Pattern.from_like("%tool%"), cased=True), [1],
                     id="T7-like-does-not"),
        pytest.param(COMMANDS, like("c", Pattern.from_spl("net*")), [0, 1], id="T9-wildcard"),
        pytest.param(COMMANDS, eq("c", "net*", cased=True), [1], id="T10-literal-star"),
        pytest.param(UNDERSCORE, like("f", Pattern.from_spl("a_b*")), [0],
                     id="T11-underscore-is-literal-in-search"),
        pytest.param(UNDERSCORE, like("f", Pattern.from_like("a_b%")), [0, 1],
                     id="T11-and-a-wildcard-in-like"),
        pytest.param(DOTS, like("f", Pattern.from_spl("*a.exe")), [0], id="T12-dot-is-literal"),
        pytest.param(PATHS, like("p", Pattern.from_spl("C:\\Tmp\\*")), [0],
                     id="T13-backslash-then-wildcard"),
        pytest.param(ONES, eq("v", "1"), [0], id="T15-text-equality"),
        pytest.param(ONES, number_eq("v", 1), [0, 1, 2], id="T15-number-equality"),
        pytest.param(ORDERED, Test(Field("v"), Order(">", 5)), [0, 1, 2], id="T16-order-by-type"),
        pytest.param(LISTS, eq("g", "a"), [0], id="T17-any-value"),
        pytest.param(LISTS, And((Exists(Field("g")), Not(Test(Field("g"), TextEq("c"))))), [0, 1],
                     id="T17-no-value-is-c"),
        pytest.param(LISTS, Not(eq("g", "a")), [1, 2], id="T17-not"),
        pytest.param(COUNTED, Test(Call("mvcount", (Field("v"),)), Order("<", 2)), [],
                     id="T33-count-of-nothing-is-missing"),
    ],
)  # fmt: skip
def test_filters(events: Rows, pred: Pred, expected: list[int]) -> None:
    assert hits(events, pred) == expected


def count_by(*names: str) -> s.Aggregate:
    return s.Aggregate((Agg("count", None, "n"),), tuple(Key(n, Field(n)) for n in names))


def test_t8_groups_keep_case() -> None:
    by_name = s.Aggregate((Agg("count", None, "c"),), (Key("n", Field("n")),))
    assert run(NAMES, by_name) == [{"n": "Tool.exe", "c": 1}, {"n": "tool.exe", "c": 1}]
    assert len(run(NAMES, s.Dedup(("n",)))) == 2


def test_t14_group_after_a_literal_backslash() -> None:
    stage = s.Extract("u", parse_regex(r"\\(?<n>.*)$"))
    assert run([{"u": r"DOM\ann"}], stage) == [{"u": r"DOM\ann", "n": "ann"}]


def test_t15_distinct_is_textual_and_max_numeric() -> None:
    stage = s.Aggregate((Agg("dc", Field("v"), "d"), Agg("max", Field("v"), "m")))
    assert run(ONES, stage) == [{"d": 3, "m": "1"}]


def test_t18_a_multivalue_key_counts_in_each_group() -> None:
    rows = run([{"h": ["x", "y"]}, {"h": "x"}], count_by("h"))
    assert rows == [{"h": "x", "n": 2}, {"h": "y", "n": 1}]


def test_t19_rows_without_a_key_are_dropped() -> None:
    rows = run([{"u": "a", "d": "p"}, {"u": "a"}, {"d": "p"}], count_by("u", "d"))
    assert rows == [{"u": "a", "d": "p", "n": 1}]


def test_t20_filled_keys_are_the_text_null() -> None:
    key = Key("g", Call("coalesce", (Field("g"), Lit("null"))))
    stage = s.Aggregate((Agg("count", None, "n"),), (Key("d", Field("d")), key))
    rows = run([{"d": "h"}], stage)
    assert rows == [{"d": "h", "g": "null", "n": 1}]
    assert run([{"d": "h"}], stage, s.Filter(Not(Exists(Field("g"))))) == []


def test_t21_fill_without_a_list_creates_no_field() -> None:
    events: Rows = [{"u": "a"}, {"u": "b"}]
    assert run(events, s.Fill("0"), count_by("u", "d")) == []
    assert run(events, s.Fill("x", ("d",)), count_by("u", "d")) == [
        {"u": "a", "d": "x", "n": 1}, {"u": "b", "d": "x", "n": 1},
    ]  # fmt: skip


def test_t22_essential_fields_of_a_data_model_are_never_missing() -> None:
    source = s.DataModel("Endpoint", "Processes", "Processes.")
    event = {"process": "cmd /c x"}
    for pred, expected in (
        (eq("Processes.user", "unknown"), [0]),
        (Not(Exists(Field("Processes.user"))), []),
        (eq("Processes.process_name", "cmd"), [0]),
    ):
        assert matched(s.Pipeline((source, s.Filter(pred))), [event], CONTEXT) == expected


def test_t23_rename_onto_an_existing_field_clears_it() -> None:
    rows = run([{"pid": 1}, {"product": 2}], s.Rename((("pid", "product"),)))
    assert rows == [{"product": 1}, {}]


def joined(left: Rows, right: Rows, **settings: Any) -> Rows:
    texts = tuple({name: str(value) for name, value in row.items()} for row in right)
    context = Context(now=0, lookups={"r": Table("r", texts)})
    stage = s.Join(s.Pipeline((s.LookupTable("r"),)), ("k",), **settings)
    return run(left, stage, context=context)


def test_t24_join_takes_one_right_row_and_its_values() -> None:
    left: Rows = [{"k": "1", "t": "L", "count": 5}]
    right: Rows = [{"k": "1", "t": "R1", "count": "7"}, {"k": "1", "t": "R2", "count": "9"}]
    assert joined(left, right) == right[:1]
    assert joined(left, right, max=0) == right


def test_t25_join_keys_are_cased_and_never_missing() -> None:
    found = joined([{"k": "A"}, {}, {"k": "b"}], [{"k": "a", "v": 1}, {"k": "b", "v": 2}, {"v": 3}])
    assert found == [{"k": "b", "v": "2"}]


def test_t26_values_are_sorted_as_text_and_list_is_in_order() -> None:
    stage = s.Aggregate((Agg("values", Field("p"), "v"), Agg("list", Field("p"), "l")))
    rows = run([{"p": p} for p in (10, 9, 100, 9)], stage)
    assert rows == [{"v": ["10", "100", "9"], "l": [10, 9, 100, 9]}]


TIMES: Rows = [{"_time": t, "s": v} for t, v in ((10, "a"), (20, "b"), (30, "c"))]
EDGES = s.Aggregate(tuple(Agg(f, Field("s"), f) for f in ("first", "last", "earliest", "latest")))


def test_t27_first_is_as_received_and_events_come_newest_first() -> None:
    assert run(TIMES, EDGES) == [{"first": "c", "last": "a", "earliest": "a", "latest": "c"}]
    assert run(TIMES, s.Sort((s.SortKey("_time"),)), EDGES) == [
        {"first": "a", "last": "c", "earliest": "a", "latest": "c"}
    ]


def test_t28_dedup_keeps_the_newest_and_drops_missing_keys() -> None:
    events: Rows = [{"_time": 10, "x": 1}, {"_time": 20, "u": "a"}, {"_time": 30, "u": "a"}]
    assert run(events, s.Dedup(("u",))) == [{"_time": 30, "u": "a"}]


def test_t29_sort_limit_and_text_order() -> None:
    events: Rows = [{"n": n} for n in range(12)]
    key = (s.SortKey("n", True),)
    assert len(run(events, s.Sort(key, limit=10))) == 10
    assert len(run(events, s.Sort(key))) == 12
    versions: Rows = [{"n": "10.1.a"}, {"n": "9.1.a"}]
    assert run(versions, s.Sort(key))[0] == {"n": "9.1.a"}


MIDNIGHT = 1_699_920_000


def test_t30_bins_are_aligned_to_the_epoch_and_days_to_the_zone() -> None:
    events: Rows = [{"_time": MIDNIGHT + t} for t in (299, 300, -1800)]
    five = run(events, s.Bucket("_time", "_time", 300), count_by("_time"))
    assert [row["_time"] - MIDNIGHT for row in five] == [-1800, 0, 300]
    days = s.Bucket("_time", "_time", 1, "day")
    assert len(run(events, days, count_by("_time"))) == 2
    east = Context(now=0, timezone=timezone(timedelta(hours=2)))
    assert run(events, days, count_by("_time"), context=east) == [
        {"_time": MIDNIGHT - 7200, "n": 3}
    ]


def test_t31_conditional_counts_leave_missing_out() -> None:
    is_failure = number_eq("c", 4625)
    differs = And((Exists(Field("c")), Not(is_failure)))
    stage = s.Aggregate(
        (Agg("count", None, "f", where=is_failure), Agg("count", None, "d", where=differs),
         Agg("count", None, "n"))
    )  # fmt: skip
    assert run([{"c": 4625}, {"c": 4624}, {}], stage) == [{"f": 1, "d": 1, "n": 3}]


def test_t32_numeric_aggregates_ignore_text() -> None:
    stage = s.Aggregate(tuple(Agg(f, Field("b"), f) for f in ("avg", "sum", "stdev", "count")))
    assert run([{"b": 10}, {"b": "n/a"}, {}], stage) == [
        {"avg": 10, "sum": 10, "stdev": 0, "count": 2}
    ]


EXTENSIONS = Table(
    "t", ({"ext": "*.enc", "Name": "Crypt"},), ("ext", "Name"), case_sensitive=False,
    match_types={"ext": "WILDCARD"}, min_matches=1, default_match="false",
)  # fmt: skip


def test_t34_unmatched_rows_get_the_default_text() -> None:
    stage = s.Lookup("t", (("ext", "ext"),), (("Name", "Name"),))
    context = Context(now=0, lookups={"t": EXTENSIONS})
    rows = run([{"ext": "x.ENC"}, {"ext": ".txt"}, {}], stage, context=context)
    assert [row.get("Name") for row in rows] == ["Crypt", "false", None]


def test_t35_output_overwrites_and_outputnew_does_not() -> None:
    context = Context(now=0, lookups={"t": Table("t", ({"k": "1", "n": "new"},))})
    events: Rows = [{"k": 1, "n": "old"}, {"k": 1}]
    for keep_existing, expected in ((True, ["old", "new"]), (False, ["new", "new"])):
        stage = s.Lookup("t", (("k", "k"),), (("n", "n"),), keep_existing)
        assert [row["n"] for row in run(events, stage, context=context)] == expected


def test_t36_rows_of_a_subsearch_match_field_by_field() -> None:
    table = Table("t", ({"u": "a", "d": ""}, {"u": "b", "d": "x"}))
    context = Context(now=0, lookups={"t": table})
    pred = InRows(s.Pipeline((s.LookupTable("t"),)))
    events: Rows = [{"u": "a", "d": "q"}, {"u": "b", "d": "x"}, {"u": "b"}]
    assert matched(s.Pipeline((s.Events(), s.Filter(pred))), events, context) == [0, 1]


def test_t37_times_made_text_compare_as_text() -> None:
    text: Expr = Call("strftime", (Field("t"), Lit("%Y-%m-%dT%H:%M:%S")))
    rows = run([{"t": 1_700_000_000}], s.Compute((("t", text),)))
    assert rows == [{"t": "2023-11-14T22:13:20"}]
    assert run(rows, s.Filter(Test(Field("t"), Order(">", 1_600_000_000)))) == rows
    assert run(rows, s.Filter(Test(Field("t"), Order(">", 3_000_000_000)))) == []


def test_t38_concatenation_is_not_a_dotted_name() -> None:
    stage = s.Compute((("x", Call("concat", (Field("a"), Field("b")))), ("y", Field("a.b"))))
    row = run([{"a.b": "v", "a": "1", "b": "2"}], stage)[0]
    assert (row["x"], row["y"]) == ("12", "v")


def test_t39_latest_is_exclusive() -> None:
    source = s.Events(latest=Lit(7200))
    events: Rows = [{"_time": 7200}, {"_time": 7199}]
    assert matched(s.Pipeline((source,)), events, CONTEXT) == [1]


TRANSACTION = s.Transaction(("u",), starts=number_eq("e", 4698), ends=number_eq("e", 4699))
TASKS: Rows = [{"_time": 10, "u": "a", "e": 4698}, {"_time": 20, "u": "b", "e": 4698},
               {"_time": 25, "u": "b", "e": 4699}]  # fmt: skip


def test_t40_only_closed_transactions_are_shown() -> None:
    assert run(TASKS, TRANSACTION) == [
        {"_time": 20, "u": "b", "e": [4698, 4699], "duration": 5, "eventcount": 2, "closed_txn": 1}
    ]


@pytest.mark.parametrize(
    ("stage", "times", "expected"),
    [
        pytest.param(s.Transaction(("u",)), (10, 20, 25), [(10, 3)], id="one-group"),
        pytest.param(s.Transaction(("u",), max_pause=7), (10, 20, 25), [(20, 2), (10, 1)],
                     id="pause-splits"),
        pytest.param(s.Transaction(("u",), max_span=14), (10, 20, 25), [(20, 2), (10, 1)],
                     id="span-splits-from-the-newest"),
        pytest.param(s.Transaction(("u",), max_events=2), (10, 20, 25), [(20, 2), (10, 1)],
                     id="size-splits"),
    ],
)  # fmt: skip
def test_transaction_limits(
    stage: s.Transaction, times: tuple[int, ...], expected: list[tuple[int, int]]
) -> None:
    rows = run([{"_time": t, "u": "a"} for t in times], stage)
    assert [(row["_time"], row["eventcount"]) for row in rows] == expected


def test_transactions_agree_on_the_fields_they_share() -> None:
    events: Rows = [{"_time": 3, "u": "a", "h": "x"}, {"_time": 2, "u": "b"},
                    {"_time": 1, "h": "x"}, {"_time": 0, "z": 1}]  # fmt: skip
    rows = run(events, s.Transaction(("u", "h")))
    assert [(row["_time"], row["eventcount"]) for row in rows] == [(2, 1), (1, 2)]
    kept = run(events, s.Transaction(("u", "h"), keep_orphans=True))
    assert [row["_time"] for row in kept] == [2, 1, 0]


def test_evicted_transactions_can_be_kept() -> None:
    kept = s.Transaction(
        ("u",), starts=TRANSACTION.starts, ends=TRANSACTION.ends, keep_evicted=True
    )
    events: Rows = [*TASKS, {"_time": 30, "u": "c", "e": 4699}]
    rows = run(events, kept)
    assert [(row["u"], row["closed_txn"]) for row in rows] == [("c", 0), ("b", 1)]


def test_transaction_raw_text_is_oldest_first() -> None:
    events: Rows = [{"_time": 1, "_raw": "one", "u": "a"}, {"_time": 2, "_raw": "two", "u": "a"}]
    assert run(events, s.Transaction(("u",)))[0]["_raw"] == "one\ntwo"


def test_a_condition_in_an_expression_takes_the_first_true_branch() -> None:
    expr = Case(
        ((Not(Exists(Field("a"))), Lit("none")), (number_eq("a", 1), Lit("one"))), Lit("more")
    )
    rows = run([{}, {"a": 1}, {"a": 2}], s.Compute((("r", expr),)))
    assert [row["r"] for row in rows] == ["none", "one", "more"]
