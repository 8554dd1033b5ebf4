"""What a stage does, in one line of plain words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from transpile.ir import stages as s
from transpile.ir.show import show_expr, show_pred
from transpile.names import shorten

LONG = 240
"""Characters of a line; the plan below has everything."""


def in_words(stage: s.Stage) -> str:
    """Return one line that says what a stage does."""
    return shorten(_WORDS[type(stage)](stage), LONG)


def _list(names: Sequence[str]) -> str:
    return ", ".join(names)


def _aggregate(x: s.Aggregate) -> str:
    what = _list([a.name for a in x.aggs]) or "no values"
    keys = _list([k.name for k in x.by])
    return f"one row per {keys}, with {what}" if keys else f"one row for everything, with {what}"


def _window(x: s.Window) -> str:
    scope = "the rows so far" if x.running else "all rows"
    per = f" of the same {_list(x.by)}" if x.by else ""
    return f"adds {_list([a.name for a in x.aggs])} over {scope}{per}"


def _lookup(x: s.Lookup) -> str:
    keys = _list([field for _, field in x.keys])
    outputs = _list([field for _, field in x.outputs]) or "all columns"
    return f"adds {outputs} from the table {x.table} by {keys}"


def _sort(x: s.Sort) -> str:
    keys = _list([f"{k.field} descending" if k.descending else k.field for k in x.keys])
    return f"orders rows by {keys}" + (f", keeps the first {x.limit}" if x.limit else "")


def _limit(x: s.Limit) -> str:
    if x.while_true is not None:
        return f"keeps rows while {show_pred(x.while_true)}"
    if x.count is None:
        return "reverses the order"
    return f"keeps the {'last' if x.last else 'first'} {x.count} rows"


def _join(x: s.Join) -> str:
    keep = "keeps all rows and adds" if x.outer else "keeps rows that have a partner and adds"
    return f"{keep} the fields of another search with the same {_list(x.keys) or 'fields'}"


def _sequence(x: s.Sequence) -> str:
    same = f" of the same {_list(x.steps[0].keys)}" if x.steps[0].keys else ""
    within = f" within {x.max_span:g} s" if x.max_span else ""
    return f"finds sequences of {sum(step.runs for step in x.steps)} events{same}{within}"


def _opaque(x: s.Opaque) -> str:
    return f"{x.command} cannot be computed here: {x.reason}"


_WORDS: Mapping[type, Callable[[Any], str]] = {
    s.Events: lambda x: "reads events" + (f" of {_list(x.macros)}" if x.macros else ""),
    s.DataModel: lambda x: f"reads the events of the data model {x.model}.{x.node}",
    s.LookupTable: lambda x: f"reads the table {x.table}",
    s.Made: lambda x: f"makes {x.count} rows",
    s.Current: lambda x: "takes the current rows",
    s.Filter: lambda x: f"keeps rows where {show_pred(x.pred)}",
    s.Compute: lambda x: "sets " + _list([f"{n} to {show_expr(e)}" for n, e in x.assignments]),
    s.Extract: lambda x: f"takes {_list([name for name, _ in x.regex.group_names])} "
    f"out of {x.source} by a regex",
    s.Parse: lambda x: f"takes {x.path or 'fields'} out of the text of {x.source}",
    s.Rename: lambda x: "renames " + _list([f"{a} to {b}" for a, b in x.pairs]),
    s.Project: lambda x: f"{'drops' if x.drop else 'keeps only'} the fields {_list(x.fields)}",
    s.Fill: lambda x: f"gives {_list(x.fields) or 'all fields'} without a value "
    + ("the one of the row before" if x.down else f"the value {x.value!r}"),
    s.Bucket: lambda x: f"rounds {x.field} down to steps of {x.width:g} {x.calendar or 's'}",
    s.ComputeNamed: lambda x: f"sets the field named {x.name} to {show_expr(x.value)}",
    s.AutoBucket: lambda x: f"rounds {x.field} down to at most {x.bins} steps",
    s.Unpivot: lambda x: f"makes one row per field besides {x.key}: {x.name} and {x.value}",
    s.Transpose: lambda x: f"turns rows and columns round, field names in {x.column}",
    s.Expand: lambda x: f"makes one row per value of {x.field}",
    s.Lookup: _lookup,
    s.Aggregate: _aggregate,
    s.Window: _window,
    s.Pivot: lambda x: f"a table of {_list([a.name for a in x.aggs])} by {x.row}",
    s.Dedup: lambda x: f"keeps the first {x.count} rows of each {_list(x.keys)}",
    s.Sort: _sort,
    s.Limit: _limit,
    s.Combine: lambda x: f"joins rows that differ in {x.field} only",
    s.Join: _join,
    s.Branch: lambda x: "adds the fields of other rows" if x.columns else "adds other rows",
    s.Transaction: lambda x: f"groups events of the same {_list(x.fields)} into transactions",
    s.Sequence: _sequence,
    s.ForEach: lambda x: f"for each field like {_list(x.patterns)}, sets "
    + _list([f"{n} to {show_expr(e)}" for n, e in x.template]),
    s.Totals: lambda x: f"sets {x.target} to the sum of {_list(x.fields) or 'numeric fields'}",
    s.Geo: lambda x: f"adds the location of {x.field}",
    s.ForRows: lambda x: "runs another search for each row",
    s.Store: lambda x: f"writes the rows to {x.target}",
    s.Opaque: _opaque,
}
