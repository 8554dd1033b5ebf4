"""One node a command, and the pipeline that holds them."""

from __future__ import annotations

from dataclasses import field
from typing import Literal as OneOf

from transpile.errors import Span
from transpile.records import dataclass
from transpile.spl.ast.expressions import Expr
from transpile.spl.ast.filters import Filter
from transpile.spl.ast.node import NOWHERE, Node
from transpile.spl.ast.parts import (
    AggCall,
    Assignment,
    Conversion,
    LookupField,
    Option,
    Renaming,
    ReturnItem,
    SortKey,
    SplitField,
    Token,
    Trend,
)
from transpile.spl.source import MacroCall


@dataclass(frozen=True, slots=True, kw_only=True)
class Command(Node):
    """Base of every command: its name in lower case and the macro calls that wrote it.

    options: the `name=value` arguments in the order written; `option`, `flag` and `number` read
    one of them.
    """

    name: str
    macros: tuple[MacroCall, ...] = field(default=(), compare=False, repr=False)
    options: tuple[Option, ...] = ()

    def option(self, name: str, default: str | None = None) -> str | None:
        """Return the text of an option (the last one wins), or the default."""
        return next((o.value for o in reversed(self.options) if o.name == name), default)

    def flag(self, name: str, default: bool = False) -> bool:
        """Return a Boolean option (`t`, `true`, `1`, ... are true), or the default."""
        value = self.option(name)
        return default if value is None else value.lower() in TRUE_WORDS

    def number(self, name: str, default: int | None = None) -> int | None:
        """Return an integer option, or the default."""
        value = self.option(name)
        return default if value is None else int(value)


TRUE_WORDS = frozenset({"t", "true", "1", "yes", "y"})


@dataclass(frozen=True, slots=True)
class SearchCommand(Command):
    """`search`, written or implied; None: no condition."""

    filter: Filter | None


@dataclass(frozen=True, slots=True)
class Where(Command):
    """`where expr`."""

    expr: Expr


@dataclass(frozen=True, slots=True)
class Eval(Command):
    """`eval a=x, b=y`: evaluated left to right."""

    assignments: tuple[Assignment, ...]


@dataclass(frozen=True, slots=True)
class Tstats(Command):
    """`tstats`; `FROM datamodel=model.node`, or `source` for a namespace or a search id.

    by: without `span=`, which stands in `span` and bins `_time`.  prefixes: the `PREFIX(...)` names
    among `by`.
    """

    aggs: tuple[AggCall, ...]
    model: str | None = None
    node: str | None = None
    source: str | None = None
    where: Filter | None = None
    by: tuple[str, ...] = ()
    span_text: str | None = None
    prefixes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Mstats(Command):
    """`mstats`: aggregates metric points; `span_text` is the option `span=` wherever it stands."""

    aggs: tuple[AggCall, ...]
    where: Filter | None = None
    by: tuple[str, ...] = ()
    span_text: str | None = None


@dataclass(frozen=True, slots=True)
class Stats(Command):
    """`stats` or `sistats` (see `name`)."""

    aggs: tuple[AggCall, ...]
    by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Eventstats(Command):
    """`eventstats`."""

    aggs: tuple[AggCall, ...]
    by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Streamstats(Command):
    """`streamstats`; `reset_before` and `reset_after` are expressions."""

    aggs: tuple[AggCall, ...]
    by: tuple[str, ...] = ()
    reset_before: Expr | None = None
    reset_after: Expr | None = None


@dataclass(frozen=True, slots=True)
class Chart(Command):
    """`chart` or `sichart`: rows by `over`, columns by `by`.

    `chart ... BY x y` gives over=x, by=y.  where: the text of a `where` clause of the column split.
    """

    aggs: tuple[AggCall, ...]
    over: SplitField | None = None
    by: SplitField | None = None
    where: str | None = None


@dataclass(frozen=True, slots=True)
class Timechart(Command):
    """`timechart` or `sitimechart`: rows by time bin, columns by `by`; `where` as in `Chart`.

    All options are those of the command, also the ones written behind the split field.
    """

    aggs: tuple[AggCall, ...]
    by: SplitField | None = None
    where: str | None = None


@dataclass(frozen=True, slots=True)
class Top(Command):
    """`top`, `rare` and their `si` forms (see `name`); limit: None when not given."""

    fields: tuple[str, ...]
    by: tuple[str, ...] = ()
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Rex(Command):
    """`rex`; mode `sed` edits the field in place with the sed expression in `pattern`."""

    pattern: str
    field: str = "_raw"
    mode: OneOf["extract", "sed"] = "extract"


@dataclass(frozen=True, slots=True)
class Regex(Command):
    """`regex field="..."`, or `field!="..."` when negated."""

    pattern: str
    field: str = "_raw"
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Rename(Command):
    """`rename a AS b, ...`."""

    pairs: tuple[Renaming, ...]


@dataclass(frozen=True, slots=True)
class Table(Command):
    """`table`; names may be patterns."""

    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fields(Command):
    """`fields [+|-] list`; keep: False for `-`."""

    fields: tuple[str, ...]
    keep: bool = True


@dataclass(frozen=True, slots=True)
class Lookup(Command):
    """`lookup`; output_mode None: all columns that are no key are written."""

    table: str
    keys: tuple[LookupField, ...]
    output: tuple[LookupField, ...] = ()
    output_mode: OneOf["OUTPUT", "OUTPUTNEW"] | None = None


@dataclass(frozen=True, slots=True)
class Inputlookup(Command):
    """`inputlookup`."""

    table: str
    where: Filter | None = None


@dataclass(frozen=True, slots=True)
class Outputlookup(Command):
    """`outputlookup`."""

    table: str


@dataclass(frozen=True, slots=True)
class Spath(Command):
    """`spath`; path None: every leaf is extracted."""

    path: str | None = None
    input: str = "_raw"
    output: str | None = None


@dataclass(frozen=True, slots=True)
class Join(Command):
    """`join`; no keys: all common fields.

    where: the condition of `left=L right=R where L.a=R.b`.  dataset: the name of a dataset or saved
    search that stands in place of the subsearch, which is then None.
    """

    keys: tuple[str, ...]
    subsearch: Search | None
    where: Expr | None = None
    dataset: str | None = None


@dataclass(frozen=True, slots=True)
class Append(Command):
    """`append [subsearch]`."""

    subsearch: Search


@dataclass(frozen=True, slots=True)
class Appendcols(Command):
    """`appendcols [subsearch]`."""

    subsearch: Search


@dataclass(frozen=True, slots=True)
class Appendpipe(Command):
    """`appendpipe [subpipeline]`: the pipeline runs on the current rows."""

    subsearch: Search


@dataclass(frozen=True, slots=True)
class Union(Command):
    """`union`; a dataset is a subsearch or the name of a saved one."""

    datasets: tuple[Search | str, ...]


@dataclass(frozen=True, slots=True)
class Multisearch(Command):
    """`multisearch [a] [b] ...`."""

    searches: tuple[Search, ...]


@dataclass(frozen=True, slots=True)
class Fillnull(Command):
    """`fillnull`; no fields: every field of the result."""

    fields: tuple[str, ...] = ()
    value: str = "0"


@dataclass(frozen=True, slots=True)
class Filldown(Command):
    """`filldown`; no fields: every field of the result."""

    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Dedup(Command):
    """`dedup [count] fields [sortby keys]`."""

    fields: tuple[str, ...]
    count: int = 1
    sortby: tuple[SortKey, ...] = ()


@dataclass(frozen=True, slots=True)
class Foreach(Command):
    """`foreach patterns [template]`.

    template: the text between the brackets, to be parsed with `parse_subsearch` after its
    `<<FIELD>>` tokens are replaced.
    """

    patterns: tuple[str, ...]
    template: str
    template_span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Mvexpand(Command):
    """`mvexpand field`."""

    field: str


@dataclass(frozen=True, slots=True)
class Makemv(Command):
    """`makemv field`; delimiter and tokenizer are options."""

    field: str


@dataclass(frozen=True, slots=True)
class Mvcombine(Command):
    """`mvcombine field`."""

    field: str


@dataclass(frozen=True, slots=True)
class Nomv(Command):
    """`nomv field`."""

    field: str


@dataclass(frozen=True, slots=True)
class Iplocation(Command):
    """`iplocation field`."""

    field: str


@dataclass(frozen=True, slots=True)
class Transaction(Command):
    """`transaction`; the bounds are filters (`"text"`, `(...)`) or expressions (`eval(...)`)."""

    fields: tuple[str, ...] = ()
    startswith: Filter | Expr | None = None
    endswith: Filter | Expr | None = None


@dataclass(frozen=True, slots=True)
class Bin(Command):
    """`bin`, `bucket` or `discretize`."""

    field: str
    alias: str | None = None


@dataclass(frozen=True, slots=True)
class Sort(Command):
    """`sort`; limit None: not given (10,000), 0: none.  reverse: a trailing `desc`."""

    keys: tuple[SortKey, ...]
    limit: int | None = None
    reverse: bool = False


@dataclass(frozen=True, slots=True)
class Head(Command):
    """`head`; while_expr: rows are kept until the expression is false."""

    count: int | None = None
    while_expr: Expr | None = None


@dataclass(frozen=True, slots=True)
class Tail(Command):
    """`tail`."""

    count: int = 10


@dataclass(frozen=True, slots=True)
class Reverse(Command):
    """`reverse`."""


@dataclass(frozen=True, slots=True)
class Convert(Command):
    """`convert`; the format is the option `timeformat`."""

    conversions: tuple[Conversion, ...]


@dataclass(frozen=True, slots=True)
class Replace(Command):
    """`replace old WITH new, ... [IN fields]`."""

    pairs: tuple[Renaming, ...]
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Addtotals(Command):
    """`addtotals`; no fields: every numeric field."""

    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Xmlkv(Command):
    """`xmlkv [field]`."""

    field: str = "_raw"


@dataclass(frozen=True, slots=True)
class Extract(Command):
    """`extract` or `kv`; stanzas: the transforms it names."""

    stanzas: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fromjson(Command):
    """`fromjson fields`."""

    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class From(Command):
    """`from datamodel Model.Node`; kind: `datamodel`, `savedsearch`, `inputlookup` ..."""

    kind: str
    dataset: str


@dataclass(frozen=True, slots=True)
class Datamodel(Command):
    """`datamodel [model [node [mode]]]`; mode: `search`, `flat` or `acceleration_search`."""

    model: str | None = None
    node: str | None = None
    mode: str | None = None


@dataclass(frozen=True, slots=True)
class Map(Command):
    """`map`; search: the text of the search with its `$field$` tokens, unescaped once."""

    search: str | None = None
    saved_search: str | None = None


@dataclass(frozen=True, slots=True)
class Return(Command):
    """`return [count] items`."""

    items: tuple[ReturnItem, ...]
    count: int = 1


@dataclass(frozen=True, slots=True)
class Xyseries(Command):
    """`xyseries x y values`."""

    x: str
    y: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Untable(Command):
    """`untable x y value`."""

    x: str
    y: str
    value: str


@dataclass(frozen=True, slots=True)
class Trendline(Command):
    """`trendline`."""

    trends: tuple[Trend, ...]


@dataclass(frozen=True, slots=True)
class Generic(Command):
    """A command that is recognised and kept with its arguments, but has no node of its own.

    Among them `makeresults`, `format`, `collect`, `multikv`, `apply`, `fit`, `summary` and the
    commands that the caller declared.
    """

    args: tuple[Token, ...] = ()
    subsearches: tuple[Search, ...] = ()


@dataclass(frozen=True, slots=True)
class Search(Node):
    """A pipeline: the whole search, or one subsearch."""

    commands: tuple[Command, ...]
