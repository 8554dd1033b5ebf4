"""The parts that commands share: names, options, aggregations, BY lists, subsearches.

Every element leaves finished nodes (`ast.Token`, `ast.Option`, `ast.AggCall` ...) among the tokens;
`Args` sorts them for the functions that build a command.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from typing import Any, Final, TypeVar

import pyparsing as pp

from transpile.errors import Span
from transpile.records import dataclass
from transpile.spl import ast
from transpile.spl.elements import BLANKS, Choice, Mark, Run
from transpile.spl.expressions import aggregate_expression, expression
from transpile.spl.faults import Fault, missing, suggestion
from transpile.spl.functions import STATS_FUNCTIONS, stats_function
from transpile.spl.source import MacroCall
from transpile.spl.text import (
    QUOTED,
    SINGLE,
    Slice,
    search_at,
    span_of,
    unquote,
    unquote_name,
)

Node = TypeVar("Node", bound=ast.Node)

MAX_DIGITS: Final = 18

# --- elements -------------------------------------------------------------------------------------

# A bare name: `count(x)` and `IsOutlier(a)` are names of result columns.
# Two backslashes may be one escape or two: atomic, so that a failure does not try all ways; not
# `(...)++`, for before 3.11.5 Python takes what a failing last item had begun.
BARE_NAME: Final = r"""(?>(?:\\["\\|]|[^\s"',=()\[\]\\]|\\|\([^()\s"\[\]]*\))+)"""
# Behind a word: names are many, and a comma of their own element doubles the work on each.
COMMA: Final = rf"(?:{BLANKS},)?"
_BARE_VALUE: Final = r"""(?:,(?=\s|$)|(?:\\["\\|]|[^\s",()\[\]])++)"""


def regex(pattern: str, name: str) -> pp.Regex:
    """Return a token whose parse actions receive the `re.Match`."""
    element = pp.Regex(pattern, flags=re.DOTALL, as_match=True)
    element.set_name(name)
    return element


def keyword(*words: str) -> pp.ParserElement:
    """Return a suppressed keyword, any case; several words are spellings of one."""
    return Mark(rf"(?i:{'|'.join(words)})\b").set_name(words[0].upper())


def word(
    name: str = "argument", *, pattern: str = BARE_NAME, reserved: str = "", then: str = ""
) -> pp.ParserElement:
    """Return an element for a quoted or bare word; its token is `ast.Token`.

    reserved: an alternation of keywords that are no bare words here.  then: a pattern for what
    follows the whole word.
    """
    return regex(word_pattern(pattern, reserved) + then, name).add_parse_action(_make_word)


def word_pattern(pattern: str = BARE_NAME, reserved: str = "") -> str:
    """Return the pattern of a quoted or bare word, its group `word`; see `word`."""
    stop = rf"(?!(?i:{reserved})(?:\b|$))" if reserved else ""
    return rf"(?P<word>(?>{QUOTED}|{SINGLE}|{stop}{pattern}))"


def word_of(text: str, found: re.Match[str]) -> ast.Token:
    """Return the token of a match of `word_pattern`."""
    written = found.group("word")
    span = span_of(text, found.start("word"), found.end("word"))
    return ast.Token(unquote_name(written), written[:1] == '"', span=span)


def _make_word(text: str, loc: int, tokens: pp.ParseResults) -> ast.Token:
    return word_of(text, tokens[0])


def listed_words(
    *, pattern: str = BARE_NAME, reserved: str = "", unless: str = ""
) -> pp.ParserElement:
    """Return an element for field names, with a comma behind each or not.

    unless: a pattern that must not follow a name.
    """
    stop = rf"(?!{unless})" if unless else ""
    return Run(word_pattern(pattern, reserved) + stop + COMMA, "field name", word_of)


def row_count(followed_by: str) -> pp.ParserElement:
    """Return an element for a number of rows; its token is `ast.Token`.

    followed_by: what must come next, so that a field named by digits is not taken for a count.
    """
    digits = regex(rf"(?P<word>\d{{1,{MAX_DIGITS}}})(?={followed_by})", "number of rows")
    return digits.add_parse_action(_make_word)


def _make_option(text: str, loc: int, tokens: pp.ParseResults) -> ast.Option:
    return _option(text, tokens[0])


def _option(text: str, found: re.Match[str]) -> ast.Option:
    value, quoted = unquote(found.group("value"))
    span = span_of(text, found.start(), found.end())
    name = found.group("name")
    return ast.Option(name.lower(), value, quoted, name, span=span)


def _make_search(text: str, loc: int, tokens: pp.ParseResults) -> ast.Search:
    found: re.Match[str] = tokens[0]
    return search_at(text, found.start())


def _no_value(text: str, loc: int, tokens: pp.ParseResults) -> None:
    found: re.Match[str] = tokens[0]
    raise missing(text, found.end(), f"the value of '{found.group('name')}'")


def _make_argument(text: str, loc: int, tokens: pp.ParseResults) -> ast.Token:
    found: re.Match[str] = tokens[0]
    content, quoted = unquote(found.group())
    return ast.Token(content, quoted, span=span_of(text, found.start(), found.end()))


_OPTION = rf"(?P<name>[A-Za-z_][\w.]*)\s*=\s*(?P<value>{QUOTED}|{_BARE_VALUE})"
option = regex(_OPTION, "option").add_parse_action(_make_option)
bad_option = regex(r"(?P<name>[A-Za-z_][\w.]*)\s*=(?!\s*[\"(\w])", "option").add_parse_action(
    _no_value
)
comma = Mark(",").set_name("','")
subsearch = regex(r"\[\s*\]", "subsearch").add_parse_action(_make_search)
name = word("field name")
field_list = listed_words()
by_name = word("field name", reserved="by|as")
arguments = pp.ZeroOrMore(option | bad_option | subsearch | name | comma)
loose = regex(rf'{QUOTED}|(?:\\["\\|]|[^\s"\[\],])+', "argument").add_parse_action(_make_argument)
loose_arguments = pp.ZeroOrMore(option | subsearch | loose | comma)


@dataclass(frozen=True, slots=True)
class By:
    """The fields after BY."""

    names: tuple[str, ...]


def make_by(text: str, loc: int, tokens: pp.ParseResults) -> By:
    """Wrap the names after BY, so that they do not mix with other names."""
    return By(tuple(t.text for t in tokens if isinstance(t, ast.Token)))


by_clause = (
    (keyword("by") - listed_words(reserved="by|as", unless=r"\s*="))
    .add_parse_action(make_by)
    .set_name("BY clause")
)

# --- aggregations ---------------------------------------------------------------------------------

_AGG_NAME = r"(?P<func>[A-Za-z_]\w*(?:\.\d+)?)"
_BARE_FUNCTIONS = frozenset({"c", "count"})
_ARGUMENT = rf"""(?P<arg>{QUOTED}|{SINGLE}|(?>(?:\\["\\|]|[^\s"'(),\[\]]|\([^()\s"]*\))*))"""


def _known_function(text: str, found: re.Match[str]) -> tuple[str, float | None]:
    written = found.group("func")
    known = stats_function(written)
    if known is None:
        message = f"unknown statistical function '{written}'"
        raise Fault(
            text,
            found.start("func"),
            message,
            code="SPL105",
            hint=suggestion(written, STATS_FUNCTIONS),
            end=found.end("func"),
        )
    return known


def _simple_call(text: str, found: re.Match[str]) -> ast.AggCall:
    """Return an aggregation of a field, without its alias."""
    func, percent = _known_function(text, found)
    argument = unquote_name(found.group("arg")) or None
    if argument is None and func != "count":
        raise missing(text, found.end("call") - 1, f"the field of {found.group('func')}()")
    span = span_of(text, *found.span("call"))
    return ast.AggCall(func, argument, percent=percent, text=found.group("call"), span=span)


def _make_simple(text: str, loc: int, tokens: pp.ParseResults) -> ast.AggCall:
    return _simple_call(text, tokens[0])


def _plain(text: str, found: re.Match[str]) -> ast.AggCall | ast.Option | None:
    """Return an aggregation of a field, or a count of rows, with its alias; an option; a comma."""
    if found.group("call") is not None:
        call = _simple_call(text, found)
    elif found.group("rows") is not None:
        span = span_of(text, *found.span("rows"))
        call = ast.AggCall("count", text=found.group("rows"), span=span)
    else:
        return None if found.group("name") is None else _option(text, found)
    if found.group("as") is None:
        return call
    if found.group("word") is None:
        raise pp.ParseSyntaxException(text, found.end("as"), "Expected field name")
    return _aliased(call, word_of(text, found))


def _make_bare(text: str, loc: int, tokens: pp.ParseResults) -> ast.AggCall:
    found: re.Match[str] = tokens[0]
    func, percent = _known_function(text, found)
    if found.group("func").lower() not in _BARE_FUNCTIONS:
        raise missing(text, found.end(), f"the field of {found.group('func')}()")
    span = span_of(text, found.start(), found.end())
    return ast.AggCall(func, percent=percent, text=found.group(), span=span)


def _make_evaluated(text: str, loc: int, tokens: pp.ParseResults) -> ast.AggCall:
    found: re.Match[str] = tokens[0]
    func, percent = _known_function(text, found)
    return ast.AggCall(func, eval_arg=tokens[1], percent=percent, **_extent(text, found, tokens))


def _make_eval(text: str, loc: int, tokens: pp.ParseResults) -> ast.AggCall:
    found: re.Match[str] = tokens[0]
    return ast.AggCall("eval", eval_arg=tokens[1], **_extent(text, found, tokens))


def _make_sparkline(text: str, loc: int, tokens: pp.ParseResults) -> ast.AggCall:
    found: re.Match[str] = tokens[0]
    inner = next((t for t in tokens if isinstance(t, ast.AggCall)), None)
    spans = [t.text for t in tokens if isinstance(t, ast.Token)]
    return ast.AggCall(
        "sparkline",
        inner=inner,
        spark_span=spans[0] if spans else None,
        **_extent(text, found, tokens),
    )


def _extent(text: str, found: re.Match[str], tokens: pp.ParseResults) -> dict[str, Any]:
    """Return `text` and `span` of a call from its name to the closing parenthesis (last token)."""
    closing: re.Match[str] = tokens[-1]
    start, end = found.start(), closing.end()
    return {"text": str(text[start:end]), "span": span_of(text, start, end)}


def _aliased(call: ast.AggCall, alias: ast.Token) -> ast.AggCall:
    return ast.AggCall(
        call.func,
        call.arg,
        call.eval_arg,
        alias.text,
        call.percent,
        call.inner,
        call.spark_span,
        call.text,
        span=Span(call.span.start, max(call.span.end, alias.span.end)),
    )


def _add_alias(text: str, loc: int, tokens: pp.ParseResults) -> ast.AggCall:
    return tokens[0] if len(tokens) == 1 else _aliased(*tokens)


_close = regex(r"\)", "')'")
# an aggregation of a field; `eval` and `sparkline` have grammars of their own
_SIMPLE = (
    rf"(?P<call>(?!(?i:sparkline|eval)\s*\(){_AGG_NAME}"
    rf"\s*\(\s*(?!(?i:eval)\s*\(){_ARGUMENT}\s*\))"
)
_CLAUSE: Final = r"(?i:by|as|over|where|from)\b"
"""What stands behind aggregations and is none."""
_ROWS = r"(?P<rows>(?i:count|c)(?![\w=(.:-]|\s*=))"
_simple = regex(_SIMPLE, "aggregation").add_parse_action(_make_simple)
# nearly all that rules aggregate
_plain_ones = Run(
    rf"(?:{_SIMPLE}|{_ROWS})(?:{BLANKS}(?P<as>(?i:as)\b)(?:{BLANKS}{word_pattern()})?)?{COMMA}"
    rf"|{_OPTION}|,",
    "statistical function",
    _plain,
)
_evaluated = (
    regex(rf"{_AGG_NAME}\s*\(\s*(?i:eval)\s*\(", "aggregation")
    - expression
    - regex(r"\)", "')'").suppress()
    - _close
).add_parse_action(_make_evaluated)
_eval = (regex(r"(?i:eval)\s*\(", "eval(...)") - aggregate_expression - _close).add_parse_action(
    _make_eval
)
_spark_span = word("span", pattern=r"[^\s(),\"'\[\]]+")
_bare = regex(rf"(?!{_CLAUSE}){_AGG_NAME}(?![\w=(.:-])", "aggregation")
_bare.add_parse_action(_make_bare)
_sparkline = (
    regex(r"(?i:sparkline)\s*\(", "sparkline(...)")
    - pp.Opt((_simple | _bare) + pp.Opt(comma))
    - pp.Opt(_spark_span)
    - _close
).add_parse_action(_make_sparkline)
_alias = pp.Opt(keyword("as") - name)
_other = ((_sparkline | _evaluated | _eval | _bare) + _alias).add_parse_action(_add_alias)
# a name before `=` is an option and no function without parentheses
aggregation = Choice(
    _plain_ones,
    bad_option,
    _other,
    name="a statistical function",
    begins=rf"(?!{_CLAUSE}(?!\s*[=(]))[A-Za-z_,]",
)

# --- what the tokens of a command are -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Args:
    """One command as the grammar read it: its name, text and place, and the nodes found in it."""

    name: str
    text: Slice
    span: Span
    macros: tuple[MacroCall, ...]
    items: tuple[object, ...] = field(default=())

    def all(self, kind: type[Node]) -> tuple[Node, ...]:
        """Return the items of one kind of node, in text order."""
        return tuple(i for i in self.items if isinstance(i, kind))

    def words(self) -> tuple[str, ...]:
        """Return the texts of the plain words."""
        return tuple(t.text for t in self.all(ast.Token))

    def options(self) -> tuple[ast.Option, ...]:
        """Return the options."""
        return self.all(ast.Option)

    def option(self, name: str, default: str | None = None) -> str | None:
        """Return the text of one option, the last one winning."""
        return next((o.value for o in reversed(self.options()) if o.name == name), default)

    def by(self) -> tuple[str, ...]:
        """Return the fields of the BY clause."""
        return next((i.names for i in self.items if isinstance(i, By)), ())

    def common(self, *, without: tuple[str, ...] = ()) -> dict[str, Any]:
        """Return the attributes that every command has; `without`: options kept elsewhere."""
        options = tuple(o for o in self.options() if o.name not in without)
        return {"name": self.name, "span": self.span, "macros": self.macros, "options": options}

    def need(self, condition: object, what: str, hint: str = "") -> None:
        """Raise SPL103 at the end of the command unless the condition holds."""
        if not condition:
            raise missing(self.text, len(self.text), what, hint)

    def one_word(self, what: str) -> str:
        """Return the only plain word of the command."""
        words = self.words()
        self.need(words, what)
        if len(words) > 1:
            raise self.fault(self.all(ast.Token)[1], f"'{self.name}' takes one {what}")
        return words[0]

    def fault(self, node: ast.Node, message: str, hint: str = "", code: str = "SPL106") -> Fault:
        """Return a fault at a node of this command."""
        start = self._local(node.span.start)
        length = max(1, node.span.end - node.span.start)
        return Fault(self.text, start, message, code=code, hint=hint, end=start + length)

    def _local(self, origin: int) -> int:
        """Return the offset in the command's text of a place in the original."""
        return next((i for i in range(len(self.text)) if self._origin(i) >= origin), 0)

    def _origin(self, offset: int) -> int:
        return self.text.source.origin(self.text.base + offset)


def whole_number(text: str) -> int | None:
    """Return the value of a word of digits, or None for any other word."""
    return int(text) if text.isdecimal() and len(text) <= MAX_DIGITS else None


# --- options --------------------------------------------------------------------------------------

_UNIT = (
    r"(?:us|ms|cs|ds|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|weeks?"
    r"|mon|months?|q|qtrs?|quarters?|y|yrs?|years?)"
)
_NUMBER = r"[+-]?(?:\d+(?:\.\d+)?|\.\d+)"
_FLAGS = r"t|f|true|false|1|0|yes|no|y|n"
_TOKENS = r"|\$[^$]+\$|<<\w+>>"  # filled in later, by `map`, a dashboard or `foreach`

KINDS: Final[Mapping[str, tuple[re.Pattern[str], str]]] = {
    "flag": (re.compile(_FLAGS + _TOKENS, re.IGNORECASE), "true or false"),
    "int": (re.compile(rf"[+-]?\d{{1,{MAX_DIGITS}}}" + _TOKENS), "a whole number"),
    "number": (re.compile(_NUMBER + _TOKENS), "a number"),
    "span": (
        re.compile(
            rf"auto|\d*(?:\.\d+)?log\d*(?:\.\d+)?|(?:\d+(?:\.\d+)?|\.\d+)?{_UNIT}?(?:@{_UNIT}\d?"
            rf"(?:[+-]\d+{_UNIT})?)?|{_NUMBER}" + _TOKENS,
            re.IGNORECASE,
        ),
        "a span such as 5m, 1h or 1d",
    ),
    "duration": (
        re.compile(rf"-?\d+(?:\.\d+)?{_UNIT}?" + _TOKENS, re.IGNORECASE),
        "a duration such as 30s, 5m or 1h",
    ),
    "join": (re.compile(r"inner|left|outer", re.IGNORECASE), "inner, left or outer"),
    "text": (re.compile(r".*", re.DOTALL), "a text"),
}


def check_options(
    args: Args, known: Mapping[str, str], options: tuple[ast.Option, ...] | None = None
) -> None:
    """Raise SPL106 for an option that the command does not have, or for a value of a wrong kind.

    known: option name -> key of `KINDS`.  options: those to check, by default all of the command.
    """
    for found in args.options() if options is None else options:
        kind = known.get(found.name)
        if kind is None:
            hint = suggestion(found.name, known)
            raise args.fault(found, f"'{args.name}' has no option '{found.name}'", hint)
        check_kind(args, found, kind)


def check_kind(args: Args, found: ast.Option, kind: str) -> None:
    """Raise SPL106 when the value of an option is not of a kind (key of `KINDS`)."""
    pattern, wanted = KINDS[kind]
    value = found.value.strip()
    if not pattern.fullmatch(value) or (kind == "span" and not value):
        message = f"the option '{found.name}' of '{args.name}' must be {wanted}"
        raise args.fault(found, message)
