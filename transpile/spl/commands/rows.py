"""Commands that order, group or number rows: sort, dedup, bin, transaction, reverse."""

from __future__ import annotations

import re
from typing import cast

import pyparsing as pp

from transpile.spl import ast
from transpile.spl.arguments import (
    Args,
    bad_option,
    by_name,
    comma,
    keyword,
    name,
    option,
    regex,
    row_count,
    whole_number,
    word,
)
from transpile.spl.commands.base import Spec, Table, flags, ints, texts
from transpile.spl.expressions import expression
from transpile.spl.filters import search_terms
from transpile.spl.text import QUOTED, SINGLE, span_of, unquote, unquote_name

# --- sort -----------------------------------------------------------------------------------------


def _make_key(text: str, loc: int, tokens: pp.ParseResults) -> tuple[str, ast.SortKey]:
    found: re.Match[str] = tokens[0]
    sign = found.group("sign") or ""
    span = span_of(text, found.start(), found.end())
    written = found.group("inside") if found.group("kind") else found.group("field")
    kind = (found.group("kind") or "auto").lower()
    return sign, ast.SortKey(unquote_name(written.strip()), sign.startswith("-"), kind, span=span)


_KEY = (
    rf"(?P<sign>[+-]\s*)?(?:(?P<kind>(?i:auto|num|str|ip))\s*\((?P<inside>[^()]*)\)"
    rf"|(?P<field>{QUOTED}|{SINGLE}|(?:[^\s\"',=()\[\]+-]|\([^()\s\"]*\))"
    rf"(?:[^\s\"',=()\[\]]|\([^()\s\"]*\))*))"
)
_key = regex(_KEY, "sort key").add_parse_action(_make_key)
_sort_count = row_count(r"\s+\S")
_sort = option[...] + pp.Opt(_sort_count) + pp.OneOrMore(_key + pp.Opt(comma))


def _keys(pairs: list[tuple[str, ast.SortKey]]) -> tuple[ast.SortKey, ...]:
    """Return the keys; a sign with a space behind it holds for the keys that follow it."""
    keys: list[ast.SortKey] = []
    sticky = False
    for sign, key in pairs:
        if sign != sign.strip():
            sticky = sign[0] == "-"
        descending = key.descending if sign else sticky
        keys.append(ast.SortKey(key.field, descending, key.kind, span=key.span))
    return tuple(keys)


def _sort_command(args: Args) -> ast.Command:
    pairs = [cast(tuple[str, ast.SortKey], i) for i in args.items if isinstance(i, tuple)]
    reverse = False
    if len(pairs) > 1 and pairs[-1][1].field.lower() in ("d", "desc", "a", "asc"):
        reverse = pairs.pop()[1].field.lower() in ("d", "desc")
    limit = next(iter(args.words()), args.option("limit"))
    if pairs and len(pairs) == 1 and pairs[0][1].field.isdecimal():
        args.need(False, "a field to sort by")
    return ast.Sort(
        _keys(pairs),
        int(limit) if limit is not None else None,
        reverse,
        **args.common(without=("limit",)),
    )


# --- dedup ----------------------------------------------------------------------------------------

_dedup_name = word("field name", reserved="sortby")
_sortby = keyword("sortby") - pp.OneOrMore(_key + pp.Opt(comma))
_dedup = pp.ZeroOrMore(option | bad_option | _dedup_name | comma) + pp.Opt(_sortby) + option[...]


def _dedup_command(args: Args) -> ast.Command:
    words = list(args.words())
    count = whole_number(words[0]) if words else None
    if count is not None:
        words.pop(0)
    args.need(words, "a field")
    pairs = [cast(tuple[str, ast.SortKey], i) for i in args.items if isinstance(i, tuple)]
    return ast.Dedup(tuple(words), 1 if count is None else count, _keys(pairs), **args.common())


# --- bin ------------------------------------------------------------------------------------------

BIN_OPTIONS = {
    **ints("bins"),
    "span": "span",
    "minspan": "span",
    "start": "number",
    "end": "number",
    "aligntime": "text",
}


def _make_alias(text: str, loc: int, tokens: pp.ParseResults) -> ast.Renaming:
    return ast.Renaming("", tokens[0].text, span=tokens[0].span)


_alias = (keyword("as") - name).add_parse_action(_make_alias)
_bin = pp.OneOrMore((option | bad_option | _alias | by_name | comma).set_name("field name"))


def _bin_command(args: Args) -> ast.Command:
    alias = next((r.target for r in args.all(ast.Renaming)), None)
    return ast.Bin(args.one_word("field"), alias, **args.common())


# --- transaction ----------------------------------------------------------------------------------

_TRANSACTION_OPTIONS = {
    **ints("maxevents", "maxopentxn", "maxopenevents"),
    **flags("connected", "unifyends", "keepevicted", "keeporphans"),
    **texts("mvlist", "delim", "nullstr", "mvraw", "name", "startswith", "endswith"),
    "maxspan": "duration",
    "maxpause": "duration",
}


def _make_bound(text: str, loc: int, tokens: pp.ParseResults) -> tuple[str, object]:
    found: re.Match[str] = tokens[0]
    which = found.group("which").lower()
    if "text" in found.groupdict():
        content, quoted = unquote(found.group("text"))
        span = span_of(text, found.start("text"), found.end("text"))
        return which, ast.Term(content, quoted, span=span)
    return which, tokens[1]


_WHICH = r"(?P<which>(?i:startswith|endswith))\s*=\s*"
_closing = pp.Suppress(pp.Regex(r"\)").set_name("')'"))
_bound = (
    (regex(_WHICH + r"(?i:eval)\s*\(", "condition") - expression - _closing)
    | (regex(_WHICH + r"\(", "condition") - search_terms - _closing)
    | regex(_WHICH + rf"(?P<text>{QUOTED}|[^\s\"()\[\],]+)", "condition")
).add_parse_action(_make_bound)
_transaction = pp.ZeroOrMore(_bound | option | bad_option | name | comma)


def _transaction_command(args: Args) -> ast.Command:
    bounds: dict[str, ast.Filter | ast.Expr] = dict(i for i in args.items if isinstance(i, tuple))
    return ast.Transaction(
        args.words(), bounds.get("startswith"), bounds.get("endswith"), **args.common()
    )


# --- reverse --------------------------------------------------------------------------------------


def _reverse_command(args: Args) -> ast.Command:
    return ast.Reverse(**args.common())


SPECS: Table = {
    "sort": Spec(_sort, _sort_command, ints("limit")),
    "dedup": Spec(_dedup, _dedup_command, flags("keepevents", "keepempty", "consecutive")),
    "bin": Spec(_bin, _bin_command, BIN_OPTIONS),
    "bucket": Spec(_bin, _bin_command, BIN_OPTIONS),
    "discretize": Spec(_bin, _bin_command, BIN_OPTIONS),
    "transaction": Spec(_transaction, _transaction_command, _TRANSACTION_OPTIONS),
    "reverse": Spec(pp.Empty(), _reverse_command),
}
