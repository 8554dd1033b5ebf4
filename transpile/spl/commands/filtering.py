"""Commands that keep rows or compute fields: search, where, regex, rex, eval, head, tail."""

from __future__ import annotations

import re
from typing import cast

import pyparsing as pp

from transpile.errors import Span
from transpile.spl import ast
from transpile.spl.arguments import (
    Args,
    comma,
    option,
    regex,
    row_count,
    whole_number,
    word,
)
from transpile.spl.commands.base import Spec, Table, flags, ints, texts
from transpile.spl.expressions import expression
from transpile.spl.faults import missing
from transpile.spl.filters import search_terms
from transpile.spl.patterns import regex_fault
from transpile.spl.text import QUOTED, SINGLE, span_of, unquote_name

# --- search, where --------------------------------------------------------------------------------


def _search(args: Args) -> ast.Command:
    terms = cast(ast.Filter, args.items[0]) if args.items else None
    return ast.SearchCommand(terms, **args.common())


def _where(args: Args) -> ast.Command:
    return ast.Where(cast(ast.Expr, args.items[0]), **args.common())


# --- eval -----------------------------------------------------------------------------------------

_TARGET = rf"""(?P<target>{QUOTED}|{SINGLE}|(?:(?:\d*[^\W\d]|\{{)[^\s=,()"'|]*))\s*=(?!=)"""
_DYNAMIC = re.compile(r"\{[^{}]+\}")


def _make_assignment(text: str, loc: int, tokens: pp.ParseResults) -> ast.Assignment:
    found: re.Match[str] = tokens[0]
    value: ast.Expr = tokens[1]
    written = found.group("target")
    name = unquote_name(written)
    bare = written[0] not in "\"'"
    dynamic = bare and any(not m.group()[1:-1].isdigit() for m in _DYNAMIC.finditer(name))
    span = Span(span_of(text, found.start(), found.end()).start, value.span.end)
    return ast.Assignment(name, value, dynamic, span=span)


def _no_assignment(text: str, loc: int, tokens: pp.ParseResults) -> None:
    raise missing(text, loc, "an assignment 'field=expression'")


_assignment = (regex(_TARGET, "assignment") - expression).add_parse_action(
    _make_assignment
) | pp.Regex(r"\s*").add_parse_action(_no_assignment)
_assignments = _assignment + (comma - _assignment)[...]


def _eval(args: Args) -> ast.Command:
    return ast.Eval(args.all(ast.Assignment), **args.common())


def _fieldformat(args: Args) -> ast.Command:
    text = str(args.text).strip()
    return ast.Generic(args=(ast.Token(text, span=args.span),), **args.common())


# --- regex, rex -----------------------------------------------------------------------------------

_BARE_REGEX = r"(?:[^\s\"]|\\\")+"
_pattern = word("regular expression", pattern=_BARE_REGEX)
_REGEX_FIELD = rf"(?:(?P<field>{QUOTED}|{SINGLE}|[^\s\"'=!]+)\s*)?(?P<op>!?=)"
_regex = pp.Opt(regex(_REGEX_FIELD, "field")) + _pattern
_rex_option = pp.Regex(r"(?=(?i:field|max_match|offset_field|mode)\s*=)").suppress() + option
_rex_word = word("regular expression", pattern=r"(?!(?i:field|max_match|offset_field|mode)\s*=)\S+")
_rex = pp.ZeroOrMore(_rex_option | _rex_word)
_GROUP = re.compile(r"\(\?(?:P?<(?![=!])|')")


def _checked(args: Args, node: ast.Token) -> str:
    """Return a regular expression argument; raises SPL108 when it cannot be one."""
    wrong = regex_fault(node.text)
    if wrong:
        raise args.fault(node, f"the regular expression is wrong: {wrong}", code="SPL108")
    return node.text


def _regex_command(args: Args) -> ast.Command:
    head = args.items[0]
    pattern = _checked(args, args.all(ast.Token)[0])
    if not isinstance(head, re.Match):
        return ast.Regex(pattern, **args.common())
    field = unquote_name(head.group("field") or "_raw")
    return ast.Regex(pattern, field, head.group("op") == "!=", **args.common())


def _rex_command(args: Args) -> ast.Command:
    patterns = args.all(ast.Token)
    args.need(patterns, "the regular expression")
    if len(patterns) > 1:
        raise args.fault(patterns[1], "rex takes one regular expression", "put it in double quotes")
    field = args.option("field", "_raw") or "_raw"
    rest = args.common(without=("field", "mode"))
    if (args.option("mode") or "").lower() == "sed":
        _check_sed(args, patterns[0])
        return ast.Rex(patterns[0].text, field, "sed", **rest)
    pattern = _checked(args, patterns[0])
    if not _GROUP.search(pattern):
        hint = "name what to extract: (?<field>...)"
        raise args.fault(patterns[0], "rex needs a named group", hint)
    return ast.Rex(pattern, field, **rest)


def _check_sed(args: Args, token: ast.Token) -> None:
    command, separator = token.text[:1], token.text[1:2]
    parts = re.split(rf"(?<!\\){re.escape(separator)}", token.text) if separator else []
    if command not in ("s", "y") or len(parts) < 4 or len(parts) % 3 != 1:
        hint = "write s/regex/replacement/flags or y/from/to/"
        raise args.fault(token, "this is no sed expression", hint)


# --- head, tail -----------------------------------------------------------------------------------

_HEAD_OPTION = r"(?i:limit|null|keeplast)\s*="
_count = row_count(rf"\s*(?:$|{_HEAD_OPTION})")
_head_option = pp.Regex(rf"(?={_HEAD_OPTION})").suppress() + option
_condition = pp.Regex(r"(?=\S)").suppress() + expression
_head = _head_option[...] + pp.Opt(_count | _condition) + _head_option[...]
_tail = pp.Opt(word("number of rows", pattern=r"\S+"))


def _head_command(args: Args) -> ast.Command:
    counts, limit = args.words(), args.option("limit")
    tested = next((i for i in args.items if isinstance(i, ast.Node) and _is_expr(i)), None)
    signed = isinstance(tested, ast.Unary) and tested.op != "NOT"
    if tested is not None and (signed or isinstance(tested, ast.FieldRef | ast.Literal)):
        raise args.fault(tested, "head takes a number of rows or a condition")
    common = args.common(without=("limit",))
    if tested is not None:
        count = int(limit) if limit is not None else None
        return ast.Head(count, cast(ast.Expr, tested), **common)
    number = counts[0] if counts else limit
    return ast.Head(int(number) if number is not None else None, **common)


def _is_expr(item: ast.Node) -> bool:
    return not isinstance(item, ast.Option | ast.Token)


def _tail_command(args: Args) -> ast.Command:
    words = args.all(ast.Token)
    count = whole_number(words[0].text) if words else 10
    if count is None:
        raise args.fault(words[0], "tail takes a number of rows")
    return ast.Tail(count, **args.common())


SPECS: Table = {
    "search": Spec(pp.Opt(search_terms + pp.Opt(comma)), _search),
    "where": Spec(expression, _where),
    "eval": Spec(_assignments, _eval),
    "fieldformat": Spec(_assignments, _fieldformat),
    "regex": Spec(_regex, _regex_command, raw_brackets=True),
    "rex": Spec(
        _rex,
        _rex_command,
        {**texts("field", "mode", "offset_field"), **ints("max_match")},
        raw_brackets=True,
    ),
    "head": Spec(_head, _head_command, {**ints("limit"), **flags("null", "keeplast")}),
    "tail": Spec(_tail, _tail_command),
}
