"""Which fields a stage reads, writes and removes, one line per kind of stage."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from transpile.interpret.reads import location_fields
from transpile.ir import stages as s
from transpile.ir.expr import Expr
from transpile.ir.names import NAME_PART
from transpile.ir.pred import Pred
from transpile.ir.walk import fields_of
from transpile.records import dataclass

ALL = "*"
"""Every field that is not named beside it."""

Names = Iterable[str]


@dataclass(frozen=True, slots=True)
class Flow:
    """Names of fields, or wildcards; `*` stands for every field, or every other one.

    reads: what the stage's result depends on.  writes: fields that have another value after it.
    removes: fields that no row has after it.
    """

    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    removes: tuple[str, ...] = ()

    def in_words(self) -> str:
        """Return one line such as `reads src; writes count; removes all others`, "" if empty."""
        parts = (("reads", self.reads), ("writes", self.writes), ("removes", self.removes))
        every = {"reads": "all fields", "writes": "any field", "removes": "all others"}
        return "; ".join(
            f"{verb} {', '.join(every[verb] if name == ALL else name for name in names)}"
            for verb, names in parts
            if names
        )


def flow_of(stage: s.Stage) -> Flow:
    """Return which fields a stage reads, writes and removes."""
    return FLOWS[type(stage)](stage)


def _flow(reads: Names = (), writes: Names = (), removes: Names = ()) -> Flow:
    return Flow(*(tuple(dict.fromkeys(names)) for names in (reads, writes, removes)))


def _of(*nodes: Expr | Pred | None) -> list[str]:
    return [name for node in nodes if node is not None for name in sorted(fields_of(node))]


def _compute(x: s.Compute) -> Flow:
    reads: list[str] = []
    written: list[str] = []
    for name, value in x.assignments:
        reads += [used for used in _of(value) if used not in written]
        written.append(name)
    return _flow(reads, written)


_BY_TIME = frozenset({"earliest", "latest", "earliest_time", "latest_time", "rate"})


def _used(aggs: tuple[s.Agg, ...]) -> list[str]:
    reads: list[str] = []
    for agg in aggs:
        reads += [agg.pattern] if agg.pattern else []
        reads += _of(agg.arg, agg.where)
        reads += ["_time"] if agg.func in _BY_TIME else []
    return reads


def _names(aggs: tuple[s.Agg, ...]) -> list[str]:
    return [agg.name for agg in aggs]


def _aggregate(x: s.Aggregate) -> Flow:
    keys = [name for key in x.by for name in _of(key.expr)]
    return _flow([*keys, *_used(x.aggs)], [*(key.name for key in x.by), *_names(x.aggs)], [ALL])


def _window(x: s.Window) -> Flow:
    time = ["_time"] if x.seconds else []
    tests = _of(x.reset_before, x.reset_after)
    return _flow([*x.by, *_used(x.aggs), *tests, *time], _names(x.aggs))


def _pivot(x: s.Pivot) -> Flow:
    column = [x.column] if x.column else []
    columns = [ALL] if x.column else _names(x.aggs)
    return _flow([x.row, *column, *_used(x.aggs)], [x.row, *columns], [ALL])


def _parse(x: s.Parse) -> Flow:
    return _flow([x.source], [x.target or x.path or f"{x.prefix}*"])


def _transaction(x: s.Transaction) -> Flow:
    made = ("duration", "eventcount", "closed_txn", ALL)
    return _flow(["_time", *x.fields, *_of(x.starts, x.ends), ALL], made)


def _sequence(x: s.Sequence) -> Flow:
    steps = (*x.steps, *((x.until,) if x.until else ()))
    reads = [name for step in steps for name in (*_of(step.pred), *step.keys)]
    return _flow(["_time", *reads], ["_time", *x.steps[0].keys], [ALL])


def _foreach(x: s.ForEach) -> Flow:
    return _flow(x.patterns, [ALL if "<<" in name else name for name, _ in x.template])


def _opaque(x: s.Opaque) -> Flow:
    return _flow([ALL] if x.filters or x.changes else (), [*x.adds, *([ALL] if x.changes else [])])


def _rename(x: s.Rename) -> Flow:
    old = [name for name, _ in x.pairs]
    return _flow(old, [name for _, name in x.pairs], old)


def _project(x: s.Project) -> Flow:
    return _flow(removes=x.fields) if x.drop else _flow(x.fields, removes=[ALL])


def _fill(x: s.Fill) -> Flow:
    return _flow(x.fields or [ALL], x.fields or [ALL])


FLOWS: Mapping[type, Callable[[Any], Flow]] = {
    s.Events: lambda x: _flow(_of(x.scope), [ALL]),
    s.DataModel: lambda x: _flow((), [f"{x.prefix}*"]),
    s.LookupTable: lambda x: _flow((), [ALL]),
    s.Made: lambda x: _flow((), ["_time"]),
    s.Current: lambda x: _flow(),
    s.Filter: lambda x: _flow(_of(x.pred)),
    s.Compute: _compute,
    s.ComputeNamed: lambda x: _flow([*NAME_PART.findall(x.name), *_of(x.value)], [x.name]),
    s.Extract: lambda x: _flow([x.source], [name for name, _ in x.regex.group_names]),
    s.Parse: _parse,
    s.Rename: _rename,
    s.Project: _project,
    s.Fill: _fill,
    s.Bucket: lambda x: _flow([x.field], [x.target]),
    s.AutoBucket: lambda x: _flow([x.field], [x.target]),
    s.Expand: lambda x: _flow([x.field], [x.field]),
    s.Lookup: lambda x: _flow([f for _, f in x.keys], [f for _, f in x.outputs] or [ALL]),
    s.Aggregate: _aggregate,
    s.Window: _window,
    s.Pivot: _pivot,
    s.Unpivot: lambda x: _flow([x.key, ALL], [x.key, x.name, x.value], [ALL]),
    s.Transpose: lambda x: _flow([ALL], [x.column, ALL], [ALL]),
    s.Dedup: lambda x: _flow(x.keys),
    s.Sort: lambda x: _flow([key.field for key in x.keys]),
    s.Limit: lambda x: _flow(_of(x.while_true)),
    s.Combine: lambda x: _flow([ALL], [x.field]),
    s.Join: lambda x: _flow(x.keys or [ALL], [ALL]),
    s.Branch: lambda x: _flow((), [ALL]),
    s.Transaction: _transaction,
    s.Sequence: _sequence,
    s.ForEach: _foreach,
    s.Totals: lambda x: _flow(x.fields or [ALL], [x.target]),
    s.Geo: lambda x: _flow([x.field], sorted(location_fields(x))),
    s.ForRows: lambda x: _flow([ALL], [ALL], [ALL]),
    s.Store: lambda x: _flow([ALL]),
    s.Opaque: _opaque,
}
"""What each kind of stage reads, writes and removes."""
