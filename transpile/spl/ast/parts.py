"""Parts that commands are made of: options, aggregations, renamings, sort keys ..."""

from __future__ import annotations

from dataclasses import field

from transpile.records import dataclass
from transpile.spl.ast.expressions import Expr
from transpile.spl.ast.node import Node


@dataclass(frozen=True, slots=True)
class Option(Node):
    """`name=value` of a command; flags and numbers were checked by the parser.

    written: the name in the author's case, for commands whose options name something (`rangemap`).
    """

    name: str
    value: str
    quoted: bool = field(default=False, compare=False)
    written: str = field(default="", compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class AggCall(Node):
    """One aggregation, for example `dc(eval(lower(user))) AS users`.

    func: canonical lower-case name (`c` -> `count`, `distinct_count` -> `dc`, `mean` -> `avg`;
    `perc`, `exactperc`, `upperperc` for all percentile spellings, their number in `percent`).
    arg: the field or pattern, or None (`count`, or an `eval_arg`).  eval_arg: the expression of
    `agg(eval(...))`; for func `eval` an expression over aggregations.  inner: the aggregation
    inside `sparkline(...)`, `spark_span` its span.  text: the call as typed, which names the
    result column when there is no alias.
    """

    func: str
    arg: str | None = None
    eval_arg: Expr | None = None
    alias: str | None = None
    percent: float | None = None
    inner: AggCall | None = None
    spark_span: str | None = None
    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class SplitField(Node):
    """A field of `OVER` or `BY` in `chart` and `timechart`, with its bin options."""

    name: str
    options: tuple[Option, ...] = ()


@dataclass(frozen=True, slots=True)
class Assignment(Node):
    """`field = expr`; dynamic: the name holds `{other}`, to be replaced by the value of `other`.

    `eval {a}=1` has field "{a}", `eval x_{a}=1` has "x_{a}"; `a{}.b` is an ordinary name.
    """

    field: str
    expr: Expr
    dynamic: bool = False


@dataclass(frozen=True, slots=True)
class Renaming(Node):
    """`source AS target`; both sides may hold the same number of `*`."""

    source: str
    target: str


@dataclass(frozen=True, slots=True)
class LookupField(Node):
    """`column AS field`: a column of the table and the field of the row it is matched with."""

    column: str
    field: str


@dataclass(frozen=True, slots=True)
class SortKey(Node):
    """One key of `sort`; kind: `auto`, `num`, `str` or `ip`."""

    field: str
    descending: bool = False
    kind: str = "auto"


@dataclass(frozen=True, slots=True)
class Conversion(Node):
    """`func(field) AS alias` of `convert`; the field may be a pattern."""

    func: str
    field: str
    alias: str | None = None


@dataclass(frozen=True, slots=True)
class ReturnItem(Node):
    """`field`, `alias=field` or `$field` (bare: the value without its name) of `return`."""

    field: str
    alias: str | None = None
    bare: bool = False


@dataclass(frozen=True, slots=True)
class Trend(Node):
    """`sma5(field) AS alias` of `trendline`."""

    func: str
    period: int
    field: str
    alias: str | None = None


@dataclass(frozen=True, slots=True)
class Token(Node):
    """An argument of a `Generic` command, as written but without quotes."""

    text: str
    quoted: bool = False
