"""From text to tree: scan, then each command's grammar on its own slice, subsearches first."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import pyparsing as pp

from transpile.errors import Span
from transpile.records import replace
from transpile.spl import ast
from transpile.spl.arguments import Args, check_options
from transpile.spl.commands import COMMANDS, CUSTOM, Spec
from transpile.spl.faults import from_pyparsing, suggestion, syntax_error
from transpile.spl.scan import RawBracket, RawCommand, RawSearch, scan
from transpile.spl.source import MacroCall, SourceText, strip_comments
from transpile.spl.text import Slice

_TEMPLATE_TOKEN = re.compile(r"<<(\w+)>>")


def parse(text: str | SourceText, custom_commands: frozenset[str] = frozenset()) -> ast.Search:
    """Return the syntax tree; see `transpile.spl.parse`."""
    return _Parser(strip_comments(text), custom_commands).whole()


def parse_subsearch(text: str, custom_commands: frozenset[str] = frozenset()) -> ast.Search:
    """Return the syntax tree; see `transpile.spl.parse_subsearch`."""
    return _Parser(strip_comments(text), custom_commands).whole(inside=True)


def parse_filter(text: str) -> ast.Filter:
    """Return the tree of filter terms; see `transpile.spl.parse_filter`."""
    command = _argument("| search ", text)
    assert isinstance(command, ast.SearchCommand)
    if command.filter is None:
        raise syntax_error(
            SourceText.plain(text), 0, 1, "the search terms are missing", code="SPL109"
        )
    return command.filter


def parse_expression(text: str) -> ast.Expr:
    """Return the tree of an expression; see `transpile.spl.parse_expression`."""
    command = _argument("| where ", text)
    assert isinstance(command, ast.Where)
    return command.expr


def _argument(head: str, text: str) -> ast.Command:
    """Parse `text` as the only argument of a command; places are those in `text`."""
    whole = head + text
    source = SourceText(whole, text, (0, len(head)), (0, 0), (0, -1))
    commands = parse(source).commands
    if len(commands) > 1:
        start = commands[1].span.start
        raise syntax_error(
            SourceText.plain(text), start, start + 1, "a command cannot stand here", code="SPL101"
        )
    return commands[0]


def _read(
    spec: Spec, name: str, text: Slice, span: Span, macros: tuple[MacroCall, ...]
) -> ast.Command:
    """Return the node of a command. Raises what the grammar raises."""
    args = Args(name, text, span, macros, tuple(spec.grammar.parse_string(text)))
    if spec.options is not None:
        check_options(args, spec.options)
    return spec.build(args)


@lru_cache(maxsize=1024)
def _anywhere(name: str, text: str) -> ast.Command | None:
    """Return a command of a macro, which many searches share; None for a wrong one.

    Its nodes stand at `_CALL`, or before it if they have no characters.
    """
    source = SourceText(text, "", origins=(_CALL.start,), fixed=(_CALL.end,))
    try:
        return _read(COMMANDS.get(name, CUSTOM), name, Slice.of(text, source, 0, {}), _CALL, ())
    except pp.ParseBaseException:
        return None


_PLAIN = frozenset({str, int, float, bool, type(None)})
_CALL = Span(1, 2)
_EMPTY = Span(1, 1)


def _placed(value: Any, call: Span) -> Any:
    """Return a part of what `_anywhere` returns, seen as that of a macro call."""
    if type(value) in _PLAIN:
        return value
    if isinstance(value, Span):
        return {_CALL: call, _EMPTY: Span(call.start, call.start)}.get(value, value)
    if isinstance(value, tuple):
        return tuple([_placed(item, call) for item in value])
    if not isinstance(value, ast.Node):
        return value
    parts = {name: _placed(getattr(value, name), call) for name in value.__dataclass_fields__}
    return type(value)(**parts)


class _Parser:
    """One run of the parser over one text."""

    def __init__(self, source: SourceText, custom: frozenset[str]) -> None:
        self.source = source
        self.custom = custom

    def whole(self, *, inside: bool = False) -> ast.Search:
        return self.search(scan(self.source, self.known, inside=inside))

    def known(self, name: str) -> bool:
        return name in COMMANDS or name in self.custom

    def search(self, raw: RawSearch) -> ast.Search:
        commands = tuple(self.command(c) for c in raw.commands)
        return ast.Search(commands, span=self.source.span(raw.start, raw.end))

    def command(self, raw: RawCommand) -> ast.Command:
        spec = self.spec(raw)
        text = self.slice(raw, spec)
        end = raw.body + len(text)
        macros = self.source.macros_in(raw.start, raw.end)
        if (place := self.source.only_place(raw.start, end)) and not raw.brackets:
            known: ast.Command | None = _placed(_anywhere(raw.name, str(text)), place)
            if known is not None:
                return replace(known, macros=macros)
        try:
            found = _read(spec, raw.name, text, self.source.span(raw.start, end), macros)
        except pp.ParseBaseException as error:
            name = "search" if raw.implied else raw.name
            raise from_pyparsing(self.source, raw.body, text, error, name) from None
        if isinstance(found, ast.Foreach):
            self.check_template(raw)
        return found

    def check_template(self, raw: RawCommand) -> None:
        """Raise SplSyntaxError where the template is no search, whatever its tokens become."""
        bracket = raw.brackets[-1]
        start, end = bracket.start + 1, bracket.end - 1
        text = _TEMPLATE_TOKEN.sub(r"__\1__", self.source.text[start:end])
        origin = self.source.origin(start)
        source = SourceText(text, self.source.original, origins=(origin,))
        _Parser(source, self.custom).whole(inside=True)

    def spec(self, raw: RawCommand) -> Spec:
        spec = COMMANDS.get(raw.name)
        if spec is not None:
            return spec
        if raw.name in self.custom:
            return CUSTOM
        raise syntax_error(
            self.source,
            raw.start,
            raw.start + len(raw.name),
            f"unknown command '{raw.name}'",
            code="SPL104",
            hint=suggestion(raw.name, COMMANDS),
        )

    def slice(self, raw: RawCommand, spec: Spec) -> Slice:
        """Return the command's arguments with its subsearches parsed and blanked out."""
        text = self.source.text[raw.body : raw.end].rstrip()
        searches: dict[int, ast.Search] = {}
        if not spec.raw_brackets:
            pieces, position = [], 0
            for bracket in raw.brackets:
                start, end = bracket.start - raw.body, bracket.end - raw.body
                searches[start] = self.subsearch(bracket)
                pieces += [text[position:start], "[", " " * (end - start - 2), "]"]
                position = end
            text = "".join([*pieces, text[position:]])
        return Slice.of(text, self.source, raw.body, searches)

    def subsearch(self, bracket: RawBracket) -> ast.Search:
        if not bracket.search.commands:
            raise syntax_error(
                self.source,
                bracket.start,
                bracket.end,
                "the subsearch is empty",
                code="SPL103",
            )
        return self.search(bracket.search)
