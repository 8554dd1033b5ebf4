"""Provenance: tracking it changes no result, and the events behind the rows are enough."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from transpile.interpret import Context, matched, run_pipeline
from transpile.interpret.engine import Run
from transpile.interpret.values import ORIGIN
from transpile.ir import stages as s
from transpile.ir.expr import Call, Field, Lit
from transpile.ir.pred import Exists, Not, Order, Test, TextEq

CONTEXT = Context(now=1000)
COUNT = s.Agg("count", None, "count")
BY_K = (s.Key("k", Field("k")),)
# stages after which the matched events alone give the same rows
STEADY: list[s.Stage] = [
    s.Filter(Test(Field("v"), TextEq("a"))),
    s.Filter(Not(Exists(Field("k")))),
    s.Filter(Test(Field("count"), Order(">", 1))),
    s.Compute((("w", Call("upper", (Field("v"),))),)),
    s.Aggregate((COUNT, s.Agg("values", Field("v"), "v")), BY_K),
    s.Expand("v"),
    s.Dedup(("k",)),
    s.Sort((s.SortKey("v", True),)),
    s.Project(("k", "v", "count")),
    s.Rename((("v", "w"),)),
    s.Fill("none", ("k",)),
    s.Bucket("_time", "_time", 10),
]
OTHERS: list[s.Stage] = [
    s.Fill("none"),
    s.Combine("v"),
    s.Transaction(("k",)),
    s.Window((COUNT,), ("k",)),
    s.Window((COUNT,), running=True, rows=2),
    s.Pivot((COUNT,), row="k", column="v"),
    s.Join(s.Pipeline((s.Events(),)), ("k",), max=0),
    s.Branch((s.Pipeline((s.Current(), s.Limit(1))),)),
    s.Branch((s.Pipeline((s.Events(),)),), columns=True),
    s.Limit(2, last=True),
    s.ForEach(("*",), (("<<FIELD>>_x", Lit("1")),)),
    s.Totals(()),
]
values = st.sampled_from(["a", "A", "b", "1"])
events = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "k": values | st.lists(values, min_size=2, max_size=2),
            "v": values | st.lists(values, min_size=2, max_size=2),
            "_time": st.integers(0, 30),
        },
    ),
    max_size=6,
)


def pipelines(stages: list[s.Stage]) -> st.SearchStrategy[s.Pipeline]:
    chosen = st.lists(st.sampled_from(stages), max_size=4)
    return chosen.map(lambda found: s.Pipeline((s.Events(), *found)))


@settings(max_examples=150, deadline=None, derandomize=True)
@given(pipelines(STEADY + OTHERS), events)
def test_tracking_changes_no_result(pipeline: s.Pipeline, rows: list[dict[str, Any]]) -> None:
    tracked = list(Run(pipeline, rows, CONTEXT, track=True).rows())
    stripped = [{name: v for name, v in row.items() if name != ORIGIN} for row in tracked]
    assert stripped == run_pipeline(pipeline, rows, CONTEXT)
    assert all(row[ORIGIN] <= frozenset(range(len(rows))) for row in tracked)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(pipelines(STEADY), events)
def test_the_matched_events_alone_give_the_same_rows(
    pipeline: s.Pipeline, rows: list[dict[str, Any]]
) -> None:
    behind = matched(pipeline, rows, CONTEXT)
    assert run_pipeline(pipeline, [rows[at] for at in behind], CONTEXT) == run_pipeline(
        pipeline, rows, CONTEXT
    )
