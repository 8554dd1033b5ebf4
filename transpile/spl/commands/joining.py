"""Commands that bring in other data: lookups, joins, appended searches, map, return, foreach."""

from __future__ import annotations

import re
from typing import Literal

import pyparsing as pp

from transpile.errors import Span
from transpile.records import dataclass
from transpile.spl import ast
from transpile.spl.arguments import (
    Args,
    arguments,
    bad_option,
    comma,
    keyword,
    loose,
    option,
    regex,
    row_count,
    subsearch,
    whole_number,
    word,
)
from transpile.spl.commands.base import Spec, Table, flags, ints, texts
from transpile.spl.commands.indexed import filter_of
from transpile.spl.filters import search_terms
from transpile.spl.text import QUOTED, span_of, unquote

_LIMITS = {"maxtime": "int", "maxout": "int", "timeout": "int", "extendtimerange": "flag"}


def _subsearch(args: Args) -> ast.Search:
    found = args.all(ast.Search)
    args.need(found, "the subsearch in brackets")
    if len(found) > 1:
        raise args.fault(found[1], f"'{args.name}' takes one subsearch")
    if args.words():
        message = f"'{args.name}' takes options and a subsearch only"
        raise args.fault(args.all(ast.Token)[0], message)
    return found[0]


# --- lookup ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Output:
    mode: Literal["OUTPUT", "OUTPUTNEW"]


def _make_lookup_field(text: str, loc: int, tokens: pp.ParseResults) -> ast.LookupField:
    column: ast.Token = tokens[0]
    field: ast.Token = tokens[-1]
    span = Span(column.span.start, max(column.span.end, field.span.end))
    return ast.LookupField(column.text, field.text, span=span)


def _make_mode(text: str, loc: int, tokens: pp.ParseResults) -> _Output:
    found: re.Match[str] = tokens[0]
    return _Output("OUTPUTNEW" if found.group().upper() == "OUTPUTNEW" else "OUTPUT")


_table_name = word("name of the lookup", pattern=r'[^\s",=()\[\]]+')
_lookup_name = word("field name", reserved="output|outputnew|as")
_lookup_field = (_lookup_name + pp.Opt(keyword("as") - _lookup_name)).add_parse_action(
    _make_lookup_field
)
_mode = regex(r"(?i:outputnew|output)\b", "OUTPUT").add_parse_action(_make_mode)
_lookup = (
    option[...]
    + _table_name
    + pp.Opt(comma)
    + pp.OneOrMore(_lookup_field + pp.Opt(comma))
    + pp.Opt(_mode - pp.OneOrMore(_lookup_field + pp.Opt(comma)))
)


def _lookup_command(args: Args) -> ast.Command:
    modes = [i for i, item in enumerate(args.items) if isinstance(item, _Output)]
    border = modes[0] if modes else len(args.items)
    keys = tuple(i for i in args.items[:border] if isinstance(i, ast.LookupField))
    output = tuple(i for i in args.items[border:] if isinstance(i, ast.LookupField))
    found = args.items[border] if modes else None
    mode = found.mode if isinstance(found, _Output) else None
    return ast.Lookup(args.words()[0], keys, output, mode, **args.common())


# --- inputlookup, outputlookup --------------------------------------------------------------------

_inputlookup = option[...] + _table_name + option[...] + pp.Opt(keyword("where") - search_terms)
_outputlookup = option[...] + _table_name + option[...]


def _inputlookup_command(args: Args) -> ast.Command:
    return ast.Inputlookup(args.words()[0], filter_of(args), **args.common())


def _outputlookup_command(args: Args) -> ast.Command:
    return ast.Outputlookup(args.words()[0], **args.common())


# --- join -----------------------------------------------------------------------------------------


def _make_condition(text: str, loc: int, tokens: pp.ParseResults) -> ast.Binary:
    found: re.Match[str] = tokens[0]
    sides = [
        ast.FieldRef(found.group(side), span=span_of(text, *found.span(side)))
        for side in ("left", "right")
    ]
    return ast.Binary("=", *sides, span=span_of(text, found.start(), found.end()))


_EQUATION = r"(?P<left>[\w.:{}@-]+)\s*==?\s*(?P<right>[\w.:{}@-]+)"
_equation = regex(_EQUATION, "condition such as L.id=R.id").add_parse_action(_make_condition)
_join_where = keyword("where") - pp.OneOrMore(_equation + pp.Opt(keyword("and") | comma))
_join = (
    pp.ZeroOrMore(option | bad_option | word("field name", reserved="where") | comma)
    + pp.Opt(_join_where)
    + pp.Opt(subsearch)
    + option[...]
)
_DATASET = re.compile(r"(datamodel|savedsearch|inputlookup|lookup):\S+", re.IGNORECASE)


def _join_command(args: Args) -> ast.Command:
    keys, searches, dataset = list(args.words()), args.all(ast.Search), None
    if not searches and keys and _DATASET.fullmatch(keys[-1]):
        dataset = keys.pop()
    args.need(searches or dataset, "the subsearch in brackets")
    where: ast.Expr | None = None
    for equation in args.all(ast.Binary):
        both = ast.Binary("AND", where, equation, span=equation.span) if where else equation
        where = both
    return ast.Join(tuple(keys), searches[0] if searches else None, where, dataset, **args.common())


# --- append and its kin ---------------------------------------------------------------------------


def _append_command(args: Args) -> ast.Command:
    return ast.Append(_subsearch(args), **args.common())


def _appendcols_command(args: Args) -> ast.Command:
    return ast.Appendcols(_subsearch(args), **args.common())


def _appendpipe_command(args: Args) -> ast.Command:
    return ast.Appendpipe(_subsearch(args), **args.common())


def _union_command(args: Args) -> ast.Command:
    kept = tuple(
        i.text if isinstance(i, ast.Token) else i
        for i in args.items
        if isinstance(i, ast.Token | ast.Search)
    )
    args.need(kept, "a dataset or a subsearch")
    return ast.Union(kept, **args.common())


def _multisearch_command(args: Args) -> ast.Command:
    searches = args.all(ast.Search)
    args.need(len(searches) > 1, "a second subsearch" if searches else "the subsearches")
    return ast.Multisearch(searches, **args.common())


# --- foreach --------------------------------------------------------------------------------------


def _make_template(text: str, loc: int, tokens: pp.ParseResults) -> ast.Token:
    found: re.Match[str] = tokens[0]
    start, end = found.start() + 1, found.end() - 1
    return ast.Token(str(text[start:end]).strip(), True, span=span_of(text, start, end))


_template = regex(r"\[.*\]", "template in brackets").add_parse_action(_make_template)
_FOREACH_OPTION = r"(?=(?i:mode|fieldstr|matchstr|matchseg[123]|itemstr|iterstr)\s*=)"
_foreach_option = pp.Regex(_FOREACH_OPTION).suppress() + option
_foreach_name = word("field name", pattern=r'[^\s",=()\[\]]+').add_parse_action(
    lambda tokens: ast.Renaming(tokens[0].text, "", span=tokens[0].span)
)
_foreach = pp.ZeroOrMore(_foreach_option | _foreach_name | comma) + _template


def _foreach_command(args: Args) -> ast.Command:
    patterns = tuple(r.source for r in args.all(ast.Renaming))
    args.need(patterns or args.option("mode"), "a field or a pattern")
    template = args.all(ast.Token)[-1]
    args.need(template.text, "the template between the brackets")
    return ast.Foreach(patterns, template.text, template.span, **args.common())


# --- map, return ----------------------------------------------------------------------------------


def _map_command(args: Args) -> ast.Command:
    search, words = args.option("search"), args.words()
    searches = args.all(ast.Search)
    if search is None and not words and searches:
        return ast.Generic(subsearches=searches, **args.common())
    args.need(search is not None or words, "the search", 'for example: map search="search a=$b$"')
    saved = None if search is not None else args.one_word("saved search")
    return ast.Map(search, saved, **args.common(without=("search",)))


def _make_item(text: str, loc: int, tokens: pp.ParseResults) -> ast.ReturnItem:
    found: re.Match[str] = tokens[0]
    alias = found.group("alias")
    field = unquote(found.group("field"))[0]
    bare = field.startswith("$")
    span = span_of(text, found.start(), found.end())
    return ast.ReturnItem(field.lstrip("$"), alias, bare, span=span)


_ITEM = rf"(?:(?P<alias>[\w.]+)\s*=\s*)?(?P<field>\$?(?:{QUOTED}|[^\s\",=()\[\]]+))"
_item = regex(_ITEM, "field to return").add_parse_action(_make_item)
_return_count = row_count(r"\s+\S")
_return = pp.Opt(_return_count) + pp.OneOrMore(_item + pp.Opt(comma))


def _return_command(args: Args) -> ast.Command:
    count, items = next(iter(args.words()), "1"), args.all(ast.ReturnItem)
    given = whole_number(items[0].field) if items[0].alias == "count" else None
    if given is not None and len(items) > 1:
        return ast.Return(items[1:], given, **args.common())
    return ast.Return(items, int(count), **args.common())


SPECS: Table = {
    "lookup": Spec(
        _lookup,
        _lookup_command,
        {**flags("local", "update"), **texts("event_time_field")},
    ),
    "inputlookup": Spec(
        _inputlookup,
        _inputlookup_command,
        {**flags("append", "strict"), **ints("start", "max")},
    ),
    "outputlookup": Spec(
        _outputlookup,
        _outputlookup_command,
        {
            **flags("append", "create_empty", "override_if_empty", "createinapp", "allow_updates"),
            **ints("max"),
            **texts("key_field", "create_context", "output_format"),
        },
    ),
    "join": Spec(
        _join,
        _join_command,
        {
            **flags("usetime", "earlier", "overwrite"),
            **ints("max"),
            **texts("left", "right"),
            "type": "join",
        },
    ),
    "append": Spec(arguments, _append_command, _LIMITS),
    "appendcols": Spec(arguments, _appendcols_command, {**_LIMITS, **flags("override")}),
    "appendpipe": Spec(arguments, _appendpipe_command, flags("run_in_preview")),
    "union": Spec(
        pp.ZeroOrMore(option | subsearch | loose | comma),
        _union_command,
        {**_LIMITS, **ints("maxout")},
    ),
    "multisearch": Spec(pp.ZeroOrMore(subsearch | comma), _multisearch_command),
    "foreach": Spec(
        _foreach,
        _foreach_command,
        texts(
            "mode",
            "fieldstr",
            "matchstr",
            "matchseg1",
            "matchseg2",
            "matchseg3",
            "itemstr",
            "iterstr",
        ),
        raw_brackets=True,
    ),
    "map": Spec(arguments, _map_command, {**texts("search"), **ints("maxsearches")}),
    "return": Spec(_return, _return_command),
}
