"""Commands that choose, name, fill or reshape fields."""

from __future__ import annotations

import re

import pyparsing as pp

from transpile.errors import Span
from transpile.spl import ast
from transpile.spl.arguments import (
    Args,
    arguments,
    bad_option,
    comma,
    field_list,
    keyword,
    name,
    option,
    regex,
    word,
)
from transpile.spl.commands.base import Spec, Table, flags, ints, texts
from transpile.spl.faults import Fault, missing, suggestion
from transpile.spl.text import QUOTED, SINGLE, span_of, unquote_name

# --- table, fields, rename ------------------------------------------------------------------------

_fields = pp.Opt(regex(r"[+-]", "sign")) + field_list + pp.Opt(comma)


def _table_command(args: Args) -> ast.Command:
    return ast.Table(args.words(), **args.common())


def _fields_command(args: Args) -> ast.Command:
    sign = args.items[0]
    keep = not (isinstance(sign, re.Match) and sign.group() == "-")
    return ast.Fields(args.words(), keep, **args.common())


def _make_renaming(text: str, loc: int, tokens: pp.ParseResults) -> ast.Renaming:
    source, target = tokens
    if source.text.count("*") != target.text.count("*") and "*" in target.text:
        message = "both sides of a renaming need the same number of wildcards"
        raise Fault(text, loc, message, code="SPL106")
    span = Span(source.span.start, max(source.span.end, target.span.end))
    return ast.Renaming(source.text, target.text, span=span)


_rename_name = word("field name", pattern=r'(?:\\["\\|]|[^\s",])+', reserved="as")
_renaming = (_rename_name - keyword("as") - _rename_name).add_parse_action(_make_renaming)
_rename = pp.OneOrMore(_renaming + pp.Opt(comma))


def _rename_command(args: Args) -> ast.Command:
    return ast.Rename(args.all(ast.Renaming), **args.common())


# --- one field or a list of fields ----------------------------------------------------------------


def _fillnull_command(args: Args) -> ast.Command:
    value = args.option("value", "0") or ""
    return ast.Fillnull(args.words(), value, **args.common(without=("value",)))


def _filldown_command(args: Args) -> ast.Command:
    return ast.Filldown(args.words(), **args.common())


def _addtotals_command(args: Args) -> ast.Command:
    return ast.Addtotals(args.words(), **args.common())


def _mvexpand_command(args: Args) -> ast.Command:
    return ast.Mvexpand(args.one_word("field"), **args.common())


def _makemv_command(args: Args) -> ast.Command:
    return ast.Makemv(args.one_word("field"), **args.common())


def _mvcombine_command(args: Args) -> ast.Command:
    return ast.Mvcombine(args.one_word("field"), **args.common())


def _nomv_command(args: Args) -> ast.Command:
    return ast.Nomv(args.one_word("field"), **args.common())


def _iplocation_command(args: Args) -> ast.Command:
    return ast.Iplocation(args.one_word("field"), **args.common())


# --- extraction -----------------------------------------------------------------------------------


def _spath_command(args: Args) -> ast.Command:
    words = args.words()
    path = args.option("path")
    if len(words) > 1 or (words and path is not None):
        raise args.fault(args.all(ast.Token)[-1], "spath takes one path")
    return ast.Spath(
        words[0] if words else path,
        args.option("input", "_raw") or "_raw",
        args.option("output"),
        **args.common(without=("path", "input", "output")),
    )


def _xmlkv_command(args: Args) -> ast.Command:
    field = args.one_word("field") if args.words() else "_raw"
    return ast.Xmlkv(field, **args.common())


def _extract_command(args: Args) -> ast.Command:
    return ast.Extract(args.words(), **args.common())


def _fromjson_command(args: Args) -> ast.Command:
    args.need(args.words(), "a field")
    return ast.Fromjson(args.words(), **args.common())


# --- convert --------------------------------------------------------------------------------------

CONVERSIONS = frozenset(
    {
        "auto",
        "ctime",
        "dur2sec",
        "memk",
        "mktime",
        "mstime",
        "none",
        "num",
        "rmcomma",
        "rmunit",
    }
)


def _make_conversion(text: str, loc: int, tokens: pp.ParseResults) -> ast.Conversion:
    found: re.Match[str] = tokens[0]
    func = found.group("func").lower()
    if func not in CONVERSIONS:
        raise Fault(
            text,
            found.start("func"),
            f"unknown conversion '{found.group('func')}'",
            code="SPL105",
            hint=suggestion(func, CONVERSIONS),
            end=found.end("func"),
        )
    field = unquote_name(found.group("field").strip())
    if not field:
        raise missing(text, found.end() - 1, f"the field of {func}()")
    alias = tokens[1].text if len(tokens) > 1 else None
    span = span_of(text, found.start(), found.end())
    return ast.Conversion(func, field, alias, span=span)


_CONVERSION = rf"(?P<func>[A-Za-z]\w*)\s*\((?P<field>\s*(?:{QUOTED}|{SINGLE})\s*|[^()\"']*)\)"
_conversion = (
    regex(_CONVERSION, "conversion such as ctime(field)") + pp.Opt(keyword("as") - name)
).add_parse_action(_make_conversion)
_convert = pp.OneOrMore(
    (option | bad_option | _conversion | comma).set_name("a conversion such as ctime(field)")
)


def _convert_command(args: Args) -> ast.Command:
    conversions = args.all(ast.Conversion)
    args.need(conversions, "a conversion such as ctime(field)")
    return ast.Convert(conversions, **args.common())


# --- replace --------------------------------------------------------------------------------------


def _make_replacement(text: str, loc: int, tokens: pp.ParseResults) -> ast.Renaming:
    old, new = tokens[0], tokens[1]
    span = Span(old.span.start, max(old.span.end, new.span.end))
    return ast.Renaming(old.text, new.text, span=span)


_replace_word = word("value", pattern=r'(?:\\["\\|]|[^\s",])+', reserved="with|in")
_replacement = (_replace_word - keyword("with") - _replace_word).add_parse_action(_make_replacement)
_replace = pp.OneOrMore(_replacement + pp.Opt(comma)) + pp.Opt(keyword("in") - field_list)


def _replace_command(args: Args) -> ast.Command:
    return ast.Replace(args.all(ast.Renaming), args.words(), **args.common())


# --- xyseries, untable ----------------------------------------------------------------------------


def _xyseries_command(args: Args) -> ast.Command:
    words = args.words()
    args.need(len(words) >= 3, "one of the three fields")
    return ast.Xyseries(words[0], words[1], words[2:], **args.common())


def _untable_command(args: Args) -> ast.Command:
    words = args.words()
    args.need(len(words) >= 3, "one of the three fields")
    if len(words) > 3:
        raise args.fault(args.all(ast.Token)[3], "untable takes three fields")
    return ast.Untable(*words, **args.common())


SPECS: Table = {
    "table": Spec(field_list, _table_command),
    "fields": Spec(_fields, _fields_command),
    "rename": Spec(_rename, _rename_command),
    "fillnull": Spec(arguments, _fillnull_command, texts("value")),
    "filldown": Spec(arguments, _filldown_command),
    "addtotals": Spec(
        arguments,
        _addtotals_command,
        {**flags("row", "col"), **texts("fieldname", "labelfield", "label")},
    ),
    "mvexpand": Spec(arguments, _mvexpand_command, ints("limit")),
    "makemv": Spec(
        arguments,
        _makemv_command,
        {**texts("delim", "tokenizer"), **flags("allowempty", "setsv")},
    ),
    "mvcombine": Spec(arguments, _mvcombine_command, texts("delim")),
    "nomv": Spec(arguments, _nomv_command),
    "iplocation": Spec(
        arguments, _iplocation_command, {**texts("prefix", "lang"), **flags("allfields")}
    ),
    "spath": Spec(arguments, _spath_command, texts("input", "output", "path")),
    "xmlkv": Spec(arguments, _xmlkv_command, ints("maxinputs")),
    "extract": Spec(arguments, _extract_command, None),
    "kv": Spec(arguments, _extract_command, None),
    "fromjson": Spec(arguments, _fromjson_command, texts("prefix")),
    "convert": Spec(_convert, _convert_command, texts("timeformat", "timezone")),
    "replace": Spec(_replace, _replace_command),
    "xyseries": Spec(arguments, _xyseries_command, {**flags("grouped"), **texts("sep", "format")}),
    "untable": Spec(arguments, _untable_command),
}
