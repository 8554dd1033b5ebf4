"""Stages: what a rule does with rows, one after the other.

A row maps field names to a value (text, number) or a list of values; an absent name is missing.
The rows are ordered. `Pipeline.stages[0]` is a source (or `Current` inside `Branch`), the others
transform. Nothing here depends on which SPL command a stage came from; `span` says where that is.
"""

from __future__ import annotations

from dataclasses import field
from typing import Literal

from transpile.ir.expr import Expr, Node
from transpile.ir.pred import TRUE, Pred
from transpile.ir.regex import Regex
from transpile.records import dataclass


@dataclass(frozen=True, slots=True)
class Pipeline(Node):
    """Stages in order; the rows of the last one are the result."""

    stages: tuple[Stage, ...]


# -- sources -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Events(Node):
    """Raw events, newest first.

    scope: the tests on `index`, `source`, `sourcetype`, `eventtype` and `tag` that say which events
    are meant. An event that carries none of these fields is taken to be in scope (the user chose
    it); targets replace the scope by their log source. macros: names of the macros in the base
    search, in order; with the event codes that later filters name they identify the dataset.
    earliest, latest: time bounds written in the search, as expressions over `now`.
    origin: for a rule of another language than SPL, what that language says of its events, first of
    all whose field names these are: `(("taxonomy", "sigma"), ("category", "process_creation"))`.
    """

    scope: Pred = TRUE
    macros: tuple[str, ...] = ()
    earliest: Expr | None = None
    latest: Expr | None = None
    origin: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class DataModel(Node):
    """Events of a node of a data model, normalised as the model does (`schema.cim`).

    Fields are unprefixed here; `prefix` says how they appear in the rows ("" or "Processes.").
    node: path below the model, "All_Changes.Account_Management". earliest, latest as `Events`.
    platform: `windows`, `linux` or `macos` where the rule is about the events of one system and no
    test says so (its language names it in the log source).
    """

    model: str
    node: str
    prefix: str = ""
    earliest: Expr | None = None
    latest: Expr | None = None
    platform: str = ""


@dataclass(frozen=True, slots=True)
class LookupTable(Node):
    """The rows of a lookup table, in file order, every value text."""

    table: str


@dataclass(frozen=True, slots=True)
class Made(Node):
    """`count` rows that have `_time` (now) only."""

    count: int = 1


@dataclass(frozen=True, slots=True)
class Current(Node):
    """The rows that reach the enclosing stage (the source of a `Branch` over the current rows)."""


Source = Events | DataModel | LookupTable | Made | Current


# -- row by row ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Filter(Node):
    """Keeps the rows for which the predicate is true."""

    pred: Pred


@dataclass(frozen=True, slots=True)
class Compute(Node):
    """Assigns fields from left to right; each sees the earlier ones. Missing removes the field."""

    assignments: tuple[tuple[str, Expr], ...]


@dataclass(frozen=True, slots=True)
class ComputeNamed(Node):
    """Assigns a field whose name the row decides: each `{f}` in `name` stands for f's first value.

    Where one of these fields is missing nothing is written. Missing removes the field.
    """

    name: str
    value: Expr


@dataclass(frozen=True, slots=True)
class Extract(Node):
    """Takes named groups of a regular expression out of a field's text.

    No match changes nothing; a group that took no part writes nothing. limit: matches taken, 0 for
    all; more than one match makes the fields multivalue, in match order. Several input values: the
    results of each accumulate.
    """

    source: str
    regex: Regex
    limit: int = 1


@dataclass(frozen=True, slots=True)
class Parse(Node):
    """Takes fields out of structured text in `source`.

    format "json-path"/"xml-path": the values at `path` into `target`; "auto": every leaf under its
    own path; "json": top-level members, named with `prefix`; "pairs": key/value pairs with the
    delimiter characters `pair_delims` and `value_delims`; "xml-pairs": `<a>b</a>` as a=b.
    Text that is not well-formed, or a path that is not there, writes nothing.
    """

    format: Literal["json-path", "auto", "json", "pairs", "xml-pairs"]
    source: str
    path: str = ""
    target: str = ""
    prefix: str = ""
    pair_delims: str = ""
    value_delims: str = ""


@dataclass(frozen=True, slots=True)
class Rename(Node):
    """Renames fields one pair after the other; `*` carries the matched parts over.

    If the source is missing in a row the target is removed from it.
    """

    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Project(Node):
    """Keeps or drops fields by name or wildcard; values and number of rows stay.

    keep_internal: fields that begin with `_` survive a keep unless they are named.
    """

    fields: tuple[str, ...]
    drop: bool = False
    keep_internal: bool = False


@dataclass(frozen=True, slots=True)
class Fill(Node):
    """Gives missing fields a value.

    fields: these, created where absent; empty: every field that some row of the set has. down: the
    value of the row before instead of `value`.
    """

    value: str
    fields: tuple[str, ...] = ()
    down: bool = False


@dataclass(frozen=True, slots=True)
class Bucket(Node):
    """Replaces a field by the start of its bin (or writes `target`).

    width: in the field's unit (seconds for time) or, with `calendar`, a number of days, weeks,
    months, quarters or years counted in the user's time zone. align: origin of the bins. time: the
    result is a number; otherwise a label `20-30`.
    """

    field: str
    target: str
    width: float
    calendar: Literal["", "day", "week", "month", "quarter", "year"] = ""
    align: float = 0.0
    time: bool = True


@dataclass(frozen=True, slots=True)
class AutoBucket(Node):
    """Replaces a field by its bin (or writes `target`), the width chosen from the data.

    The width is the smallest that is at least `min_width` and gives at most `bins` bins between
    the smallest and the largest value (widened to `low` and `high` where given): a power of ten, or
    for `_time` one of 1s 5s 10s 30s 1m 5m 10m 30m 1h 1d. Times become the start of their bin,
    other numbers a label `20-30`; what is no number stays.
    """

    field: str
    target: str
    bins: int = 100
    min_width: float = 0.0
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Expand(Node):
    """One row per value of a field, in order, the others copied; a row without it stays."""

    field: str
    limit: int = 0


@dataclass(frozen=True, slots=True)
class Lookup(Node):
    """Adds columns of the lookup-table rows whose keys equal the row's fields.

    keys: (column, field) pairs.  outputs: (column, field) pairs; empty: all other columns.
    keep_existing: rows that have an output field already are left alone (OUTPUTNEW).
    How keys are matched and what an unmatched row gets is told by the table's definition.
    """

    table: str
    keys: tuple[tuple[str, str], ...]
    outputs: tuple[tuple[str, str], ...] = ()
    keep_existing: bool = False


# -- sets of rows --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Agg(Node):
    """One aggregate: function of `transpile.ir.functions.AGGREGATES`, argument, output name.

    arg: None counts rows.  where: only rows for which it is true.  param: the percentile.
    pattern: the argument is a wildcard over field names, and `name` carries the same wildcards.
    """

    func: str
    arg: Expr | None
    name: str
    where: Pred = TRUE
    param: float | None = None
    pattern: str = ""


@dataclass(frozen=True, slots=True)
class Key(Node):
    """A grouping key: output name and expression."""

    name: str
    expr: Expr


@dataclass(frozen=True, slots=True)
class Aggregate(Node):
    """One row per distinct combination of key values (without keys: exactly one row).

    A row with a missing key belongs to no group. A multivalue key puts the row into one group per
    value. Keys compare as text, case-sensitively. Only keys and aggregates survive.
    """

    aggs: tuple[Agg, ...]
    by: tuple[Key, ...] = ()


@dataclass(frozen=True, slots=True)
class Window(Node):
    """Adds aggregates to every row, rows and order unchanged.

    running False: over the whole group.  running True: over the rows so far (`current`: with this
    one), the last `rows` of them if positive, those within `seconds` if positive; `per_group`: the
    row count is per group instead of over all rows. reset_on_change: a change of the key starts
    anew; reset_before/after: so does a row for which the predicate is true.
    Rows with a missing key stay and get nothing.
    """

    aggs: tuple[Agg, ...]
    by: tuple[str, ...] = ()
    running: bool = False
    current: bool = True
    rows: int = 0
    seconds: float = 0.0
    per_group: bool = False
    reset_on_change: bool = False
    reset_before: Pred | None = None
    reset_after: Pred | None = None


@dataclass(frozen=True, slots=True)
class Pivot(Node):
    """Rows by one key, columns by another (`chart`, `timechart`).

    limit: series kept by sum, 0 all; the rest goes to `other` (None: left out); rows without a
    column value go to `null` (None: left out). width: bins of the row key (seconds for `_time`; 0
    for `_time`: the smallest of 1s 5s 10s 30s 1m 5m 10m 30m 1h 1d that gives at most 100 bins).
    fill_gaps: bins without rows appear too.
    """

    aggs: tuple[Agg, ...]
    row: str
    column: str = ""
    limit: int = 10
    other: str | None = "OTHER"
    null: str | None = "NULL"
    width: float = 0.0
    fill_gaps: bool = False


@dataclass(frozen=True, slots=True)
class Unpivot(Node):
    """One row per row and field other than `key` (`untable`): the key, the field's name, its value.

    Internal fields (`_...`) and missing ones give no row.
    """

    key: str
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Transpose(Node):
    """One row per field of the first `count` rows (0: of all), its values side by side.

    column: holds the field's name. The other columns are named `row 1`, `row 2`, ... or, with
    `header`, by that field's values, which then has no row of its own.
    """

    count: int = 5
    column: str = "column"
    header: str = ""


@dataclass(frozen=True, slots=True)
class Dedup(Node):
    """Keeps the first `count` rows of each combination of key values, in order.

    Rows with a missing key go, unless `keep_missing`. consecutive: only neighbours count as
    duplicates. keep_rows: duplicates stay but lose the key fields.
    """

    keys: tuple[str, ...]
    count: int = 1
    keep_missing: bool = False
    consecutive: bool = False
    keep_rows: bool = False


@dataclass(frozen=True, slots=True)
class SortKey(Node):
    """A field to sort by. mode: how two values compare; "auto" decides per pair of values."""

    field: str
    descending: bool = False
    mode: Literal["auto", "num", "str", "ip"] = "auto"


@dataclass(frozen=True, slots=True)
class Sort(Node):
    """Orders rows, stable; missing values last either way. limit: rows kept, 0 for all."""

    keys: tuple[SortKey, ...]
    limit: int = 0


@dataclass(frozen=True, slots=True)
class Limit(Node):
    """Keeps the first `count` rows; with `last` the last ones, in reverse order; None: all.

    while_true: keeps rows up to the first for which the predicate is false instead.
    """

    count: int | None
    last: bool = False
    while_true: Pred | None = None


@dataclass(frozen=True, slots=True)
class Combine(Node):
    """Collapses rows that agree in all other fields into one, `field` becoming multivalue."""

    field: str


@dataclass(frozen=True, slots=True)
class Join(Node):
    """Adds the fields of rows of another pipeline that agree on the keys.

    keys: equal on both sides, case-sensitive, a missing key matches nothing; empty: the fields both
    sides have in common. outer: left rows without a match stay. max: right rows per left row, 0 for
    all. overwrite: on equal names the right value wins.
    """

    right: Pipeline
    keys: tuple[str, ...] = ()
    outer: bool = False
    max: int = 1
    overwrite: bool = True


@dataclass(frozen=True, slots=True)
class Branch(Node):
    """The current rows followed by those of other pipelines.

    A pipeline that starts with `Current` works on the current rows. alone: the current rows are
    left out (`union`, `multisearch`). columns: the other rows are merged side by side, row i into
    row i; existing fields win unless `override`.
    """

    others: tuple[Pipeline, ...]
    alone: bool = False
    columns: bool = False
    override: bool = False


@dataclass(frozen=True, slots=True)
class Transaction(Node):
    """Groups events into transactions (spl-semantics 5.19); rows come newest first."""

    fields: tuple[str, ...] = ()
    max_span: float = 0.0
    max_pause: float = 0.0
    max_events: int = 1000
    starts: Pred | None = None
    ends: Pred | None = None
    connected: bool = True
    keep_evicted: bool = False
    keep_orphans: bool = False
    as_list: bool = False


@dataclass(frozen=True, slots=True)
class Step(Node):
    """One event of a sequence: its test, and its keys, which agree with those of the other steps.

    A missing key excludes the event, unless `optional` says of it that missing agrees with missing.
    runs: so many events one after the other.  absent: no such event may stand at this place.
    """

    pred: Pred
    keys: tuple[str, ...] = ()
    optional: tuple[bool, ...] = ()
    runs: int = 1
    absent: bool = False


@dataclass(frozen=True, slots=True)
class Sequence(Node):
    """One row per sequence of events that meet the steps one after the other (eql-semantics 8).

    Events are taken in order of time. For each combination of key values one sequence at most waits
    in each state; a later one takes its place. A key with several values is one key for each.
    max_span: seconds from the first event to the last, inclusive; 0 for no limit. until: an event
    that ends what waits of its key. A row has the keys, under their names in the first step, and
    the `_time` of the last event; rows come in the order in which the sequences were completed.
    """

    steps: tuple[Step, ...]
    max_span: float = 0.0
    until: Step | None = None


@dataclass(frozen=True, slots=True)
class ForEach(Node):
    """Assigns once per field whose name matches one of the patterns, in name order.

    template: assignments in which the placeholder names `<<FIELD>>`, `<<MATCHSTR>>` and
    `<<MATCHSEG1>>`..`<<MATCHSEG3>>` stand inside field names (both sides); `text_literals`: they
    may stand inside text literals too. A field that is missing in the row is skipped for it.
    """

    patterns: tuple[str, ...]
    template: tuple[tuple[str, Expr], ...]


@dataclass(frozen=True, slots=True)
class Totals(Node):
    """Adds the sum of numeric fields of each row as `target`; no fields: all of them."""

    fields: tuple[str, ...]
    target: str = "Total"


@dataclass(frozen=True, slots=True)
class Geo(Node):
    """Adds location fields of an IP address (`City`, `Country`, `Region`, `lat`, `lon`)."""

    field: str
    prefix: str = ""
    all_fields: bool = False


@dataclass(frozen=True, slots=True)
class ForRows(Node):
    """Runs a search once per row with `$field$` replaced (`map`); results one after the other.

    search: the text, run through the front end again for each row (at most `max_rows`).
    """

    search: str
    max_rows: int = 10


@dataclass(frozen=True, slots=True)
class Store(Node):
    """Writes the rows somewhere (`outputlookup`, `collect`) and passes them on unchanged."""

    target: str


@dataclass(frozen=True, slots=True)
class Opaque(Node):
    """A command that is recognised but whose result cannot be computed here, with the reason.

    The rows pass unchanged. adds: fields that it would write (their values are unknown).
    filters: it may remove rows, so that leaving it out finds more. changes: it may also add rows or
    change values, so that nothing can be said about the result.
    """

    command: str
    reason: str
    adds: tuple[str, ...] = ()
    filters: bool = False
    changes: bool = False
    section: str = field(default="", compare=False)


Stage = (
    Source
    | Filter
    | Compute
    | ComputeNamed
    | Extract
    | Parse
    | Rename
    | Project
    | Fill
    | Bucket
    | AutoBucket
    | Expand
    | Lookup
    | Aggregate
    | Window
    | Pivot
    | Unpivot
    | Transpose
    | Dedup
    | Sort
    | Limit
    | Combine
    | Join
    | Branch
    | Transaction
    | Sequence
    | ForEach
    | Totals
    | Geo
    | ForRows
    | Store
    | Opaque
)
