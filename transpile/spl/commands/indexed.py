"""Commands over indexed fields and data models: tstats, mstats, from, datamodel."""

from __future__ import annotations

import re

import pyparsing as pp

from transpile.records import dataclass
from transpile.spl import ast
from transpile.spl.arguments import (
    BARE_NAME,
    Args,
    aggregation,
    arguments,
    comma,
    keyword,
    listed_words,
    make_by,
    option,
    regex,
    word,
)
from transpile.spl.commands.base import Spec, Table, flags, ints, texts
from transpile.spl.elements import Choice
from transpile.spl.filters import FilterTerms
from transpile.spl.text import span_of, unquote, unquote_name

_TSTATS_OPTIONS = {
    **flags(
        "prestats",
        "local",
        "append",
        "summariesonly",
        "include_reduced_buckets",
        "allow_old_summaries",
        "use_summary_index_values",
    ),
    **ints("chunk_size"),
    **texts("fillnull_value", "nodename", "aligntime"),
    "span": "span",
}
_MSTATS_OPTIONS = {
    **flags("prestats", "append", "backfill", "update"),
    **ints("chunk_size", "update_period"),
    **texts("fillnull_value", "chart", "chart.agg", "aligntime", "every"),
    "span": "span",
}


@dataclass(frozen=True, slots=True)
class _Source:
    """What follows FROM."""

    model: str | None
    node: str | None
    source: str | None


def _make_source(text: str, loc: int, tokens: pp.ParseResults) -> _Source:
    found: re.Match[str] = tokens[0]
    written = unquote(found.group("name"))[0]
    if not found.group("datamodel"):
        return _Source(None, None, written)
    model, _, node = written.partition(".")
    return _Source(model, node or None, None)


def _make_prefix(text: str, loc: int, tokens: pp.ParseResults) -> ast.Token:
    found: re.Match[str] = tokens[0]
    span = span_of(text, found.start(), found.end())
    return ast.Token(unquote_name(found.group("name").strip()), span=span)


_SOURCE = r"""(?:(?P<datamodel>(?i:datamodel))\s*[=:\s]\s*)?(?P<name>"[^"]*"|[^\s"()\[\],=]+)"""
_source = regex(_SOURCE, "data model").add_parse_action(_make_source)
_filter = FilterTerms(frozenset({"by", "groupby", "span", "every"}))
_prefix = regex(r"(?i:prefix)\((?P<name>[^()]*)\)", "PREFIX(...)").add_parse_action(_make_prefix)
_by_field = _prefix | word("field name", reserved="by|groupby")
_plain_fields = listed_words(
    pattern=rf"(?!(?i:prefix)\(|[A-Za-z_]+\s*=){BARE_NAME}", reserved="by|groupby"
)
_by_option = pp.Regex(r"(?=[A-Za-z_]+\s*=)").suppress() + option


def _split_by(text: str, loc: int, tokens: pp.ParseResults) -> list[object]:
    options = [t for t in tokens if isinstance(t, ast.Option)]
    return [make_by(text, loc, tokens), *options]


_by = (
    keyword("by", "groupby")
    - pp.OneOrMore(
        Choice(
            _plain_fields,
            (_by_option | _by_field) + pp.Opt(comma),
            name="field name",
            begins=r"(?!(?i:by|groupby)(?:\b|$))\S",
        )
    )
).add_parse_action(_split_by)
_aggregations = pp.OneOrMore(aggregation)
_tstats = (
    _aggregations
    + pp.Opt(keyword("from") - _source)
    + option[...]
    + pp.Opt(keyword("where") - _filter)
    + option[...]
    + pp.Opt(_by)
)
_mstats = _aggregations + pp.Opt(keyword("where") - _filter) + option[...] + pp.Opt(_by)
_mstats = _mstats + option[...]
_FILTERS = (
    ast.And,
    ast.Or,
    ast.Not,
    ast.Comparison,
    ast.In,
    ast.Term,
    ast.Everything,
    ast.SubsearchTerm,
    ast.TimeBound,
)


def filter_of(args: Args) -> ast.Filter | None:
    """Return the filter among the items of a command, or None."""
    return next((i for i in args.items if isinstance(i, _FILTERS)), None)


def _tstats_command(args: Args) -> ast.Command:
    source = next((i for i in args.items if isinstance(i, _Source)), _Source(None, None, None))
    aggs = args.all(ast.AggCall)
    args.need(aggs, "a statistical function", "for example: tstats count from datamodel=Endpoint")
    by = args.by()
    prefixes = tuple(re.findall(r"(?i:prefix)\(\s*([^()]*?)\s*\)", str(args.text)))
    return ast.Tstats(
        aggs,
        source.model,
        source.node,
        source.source,
        filter_of(args),
        by,
        args.option("span"),
        tuple(p for p in prefixes if p in by),
        **args.common(without=("span",)),
    )


def _mstats_command(args: Args) -> ast.Command:
    aggs = args.all(ast.AggCall)
    args.need(aggs, "a statistical function")
    return ast.Mstats(
        aggs, filter_of(args), args.by(), args.option("span"), **args.common(without=("span",))
    )


# --- from, datamodel ------------------------------------------------------------------------------

_FROM = r"""(?P<kind>[A-Za-z]\w*)\s*(?::\s*|\s+)(?P<name>"[^"]*"|[^\s"\[\]|]+)"""
_from = regex(_FROM, "dataset")


def _from_command(args: Args) -> ast.Command:
    found = args.items[0]
    assert isinstance(found, re.Match)
    kind, dataset = found.group("kind").lower(), unquote(found.group("name"))[0]
    return ast.From(kind, dataset, **args.common())


def _datamodel_command(args: Args) -> ast.Command:
    words: list[str | None] = list(args.words())
    if len(words) > 3:
        raise args.fault(args.all(ast.Token)[3], "datamodel takes a model, a dataset and a mode")
    words += [None] * (3 - len(words))
    model, node, mode = words
    return ast.Datamodel(model, node, mode.lower() if mode else None, **args.common())


SPECS: Table = {
    "tstats": Spec(_tstats, _tstats_command, _TSTATS_OPTIONS),
    "mstats": Spec(_mstats, _mstats_command, _MSTATS_OPTIONS),
    "from": Spec(_from, _from_command),
    "datamodel": Spec(
        arguments,
        _datamodel_command,
        flags("strict_fields", "allow_old_summaries", "summariesonly"),
    ),
}
