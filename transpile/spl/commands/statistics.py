"""Commands that aggregate: stats and its kin, chart, timechart, top, rare, trendline."""

from __future__ import annotations

import re

import pyparsing as pp

from transpile.spl import ast
from transpile.spl.arguments import (
    Args,
    aggregation,
    bad_option,
    by_clause,
    by_name,
    check_options,
    comma,
    keyword,
    name,
    option,
    regex,
    whole_number,
    word,
)
from transpile.spl.commands.base import Spec, Table, flags, ints, texts
from transpile.spl.expressions import expression
from transpile.spl.text import span_of

_STATS_OPTIONS = {
    **flags("allnum", "dedup_splitvals", "prestats"),
    **texts("delim"),
    **ints("partitions"),
}
_STREAM_OPTIONS = {
    **flags("current", "global", "reset_on_change", "allnum"),
    **ints("window"),
    "time_window": "duration",
}
_BIN_OPTIONS = {
    "bins": "int",
    "minspan": "span",
    "span": "span",
    "start": "number",
    "end": "number",
    "aligntime": "text",
}
_SPLIT_OPTIONS = {
    **_BIN_OPTIONS,
    **flags("usenull", "useother", "cont"),
    **texts("nullstr", "otherstr", "limit"),
}
_CHART_OPTIONS = {
    **_SPLIT_OPTIONS,
    **flags("dedup_splitvals", "partial", "fixedrange", "allnum"),
    **texts("sep", "format", "agg", "delim"),
}
_TOP_OPTIONS = {
    **flags("showcount", "showperc", "showpercent", "useother"),
    **texts("countfield", "percentfield", "otherstr"),
    **ints("limit"),
}

# --- stats, eventstats, streamstats ---------------------------------------------------------------

_aggregations = pp.OneOrMore(aggregation)
_stats = _aggregations + pp.Opt(by_clause) + pp.ZeroOrMore(option)


def _reset(text: str, loc: int, tokens: pp.ParseResults) -> tuple[str, ast.Expr]:
    found: re.Match[str] = tokens[0]
    return found.group("when").lower(), tokens[1]


_reset_clause = (
    regex(r"(?i:reset_(?P<when>before|after))\s*=\s*\(", "reset condition")
    - expression
    - pp.Suppress(")")
).add_parse_action(_reset)
_streamstats = (
    pp.OneOrMore((_reset_clause | aggregation).set_name("a statistical function"))
    + pp.Opt(by_clause)
    + pp.ZeroOrMore(_reset_clause | option)
)


def _aggs(args: Args) -> tuple[ast.AggCall, ...]:
    found = args.all(ast.AggCall)
    args.need(found, "a statistical function", f"for example: {args.name} count by host")
    return found


def _stats_command(args: Args) -> ast.Command:
    return ast.Stats(_aggs(args), args.by(), **args.common())


def _eventstats_command(args: Args) -> ast.Command:
    return ast.Eventstats(_aggs(args), args.by(), **args.common())


def _streamstats_command(args: Args) -> ast.Command:
    resets: dict[str, ast.Expr] = dict(i for i in args.items if isinstance(i, tuple))
    return ast.Streamstats(
        _aggs(args), args.by(), resets.get("before"), resets.get("after"), **args.common()
    )


# --- chart, timechart -----------------------------------------------------------------------------


def _make_split(text: str, loc: int, tokens: pp.ParseResults) -> ast.SplitField:
    field: ast.Token = tokens[0]
    options = tuple(t for t in tokens[1:] if isinstance(t, ast.Option))
    return ast.SplitField(field.text, options, span=field.span)


class _Over(ast.SplitField):
    """The field after OVER, so that it is told from those after BY."""

    __slots__ = ()


def _make_over(text: str, loc: int, tokens: pp.ParseResults) -> ast.SplitField:
    split: ast.SplitField = tokens[0]
    return _Over(split.name, split.options, span=split.span)


def _make_where(text: str, loc: int, tokens: pp.ParseResults) -> ast.Token:
    found: re.Match[str] = tokens[0]
    start, end = found.span("condition")
    return ast.Token(found.group("condition").strip(), span=span_of(text, start, end))


_split_name = word("field name", reserved="by|as|where")
_split = (_split_name + ~pp.Regex(r"\s*=") + pp.ZeroOrMore(option)).add_parse_action(_make_split)
_over = (keyword("over") - _split).add_parse_action(_make_over)
_by_splits = keyword("by") - _split + pp.Opt(comma) + pp.Opt(_split)
_where = regex(r"(?i:where)\s+(?P<condition>\S.*)", "where clause").add_parse_action(_make_where)
_chart = (
    _aggregations
    + pp.Opt(_over)
    + pp.ZeroOrMore(option)
    + pp.Opt(_by_splits)
    + pp.ZeroOrMore(option)
    + pp.Opt(_where)
)
_timechart = _aggregations + pp.Opt(keyword("by") - _split) + pp.ZeroOrMore(option) + pp.Opt(_where)


def _where_text(args: Args) -> str | None:
    return next(iter(args.words()), None)


def _chart_command(args: Args) -> ast.Command:
    splits = args.all(ast.SplitField)
    for split in splits:
        check_options(args, _SPLIT_OPTIONS, split.options)
    rows = [s for s in splits if isinstance(s, _Over)]
    by = [s for s in splits if not isinstance(s, _Over)]
    over = ast.SplitField(rows[0].name, rows[0].options, span=rows[0].span) if rows else None
    if over is None and by:
        over = by.pop(0)
    if len(by) > 1:
        raise args.fault(by[1], "chart splits columns by one field")
    return ast.Chart(_aggs(args), over, by[0] if by else None, _where_text(args), **args.common())


def _timechart_command(args: Args) -> ast.Command:
    by = next(iter(args.all(ast.SplitField)), None)
    common = args.common()
    if by is not None:
        # Options behind the split field are options of timechart: its rows are bins of time.
        check_options(args, _CHART_OPTIONS, by.options)
        common["options"] += by.options
        by = ast.SplitField(by.name, span=by.span)
    return ast.Timechart(_aggs(args), by, _where_text(args), **common)


# --- top, rare ------------------------------------------------------------------------------------

_top = pp.ZeroOrMore(option | bad_option | by_name | comma) + pp.Opt(by_clause) + option[...]


def _top_command(args: Args) -> ast.Command:
    words = list(args.words())
    limit = whole_number(args.option("limit", "") or "")
    if len(words) > 1 and whole_number(words[0]) is not None:
        limit = whole_number(words.pop(0))
    args.need(words, "a field")
    return ast.Top(tuple(words), args.by(), limit, **args.common(without=("limit",)))


# --- trendline ------------------------------------------------------------------------------------


def _make_trend(text: str, loc: int, tokens: pp.ParseResults) -> ast.Trend:
    found: re.Match[str] = tokens[0]
    alias = tokens[1].text if len(tokens) > 1 else None
    func, period = found.group("func").lower(), int(found.group("period"))
    span = span_of(text, found.start(), found.end())
    return ast.Trend(func, period, found.group("field"), alias, span=span)


_TREND = r"(?P<func>(?i:sma|ema|wma))(?P<period>\d{1,6})\(\s*(?P<field>[^()\s]+)\s*\)"
_trend = (
    regex(_TREND, "trend such as sma5(field)") + pp.Opt(keyword("as") - name)
).add_parse_action(_make_trend)
_trendline = pp.OneOrMore(_trend + pp.Opt(comma))


def _trendline_command(args: Args) -> ast.Command:
    return ast.Trendline(args.all(ast.Trend), **args.common())


SPECS: Table = {
    "stats": Spec(_stats, _stats_command, _STATS_OPTIONS),
    "sistats": Spec(_stats, _stats_command, _STATS_OPTIONS),
    "eventstats": Spec(_stats, _eventstats_command, _STATS_OPTIONS),
    "streamstats": Spec(_streamstats, _streamstats_command, _STREAM_OPTIONS),
    "chart": Spec(_chart, _chart_command, _CHART_OPTIONS),
    "sichart": Spec(_chart, _chart_command, _CHART_OPTIONS),
    "timechart": Spec(_timechart, _timechart_command, _CHART_OPTIONS),
    "sitimechart": Spec(_timechart, _timechart_command, _CHART_OPTIONS),
    "top": Spec(_top, _top_command, _TOP_OPTIONS),
    "rare": Spec(_top, _top_command, _TOP_OPTIONS),
    "sitop": Spec(_top, _top_command, _TOP_OPTIONS),
    "sirare": Spec(_top, _top_command, _TOP_OPTIONS),
    "trendline": Spec(_trendline, _trendline_command),
}
