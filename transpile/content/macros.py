"""Macros: their definitions, and the textual expansion of their calls in a search.

Expansion happens before parsing and knows nothing of the grammar except strings and comments. The
result remembers which characters came out of which call, so that messages point at the call.
Source of the rules: SPL semantics 1.5 (comments) and 1.6 (macros).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import field
from functools import lru_cache
from typing import Literal, Protocol, TypeVar

from transpile.errors import MacroError, Span, SplSyntaxError
from transpile.records import dataclass
from transpile.spl.source import (
    OPAQUE_COMMAND,
    OPAQUE_FIELD,
    MacroCall,
    SourceText,
    splice,
    strip_comments,
)

MAX_DEPTH = 64
MAX_CALLS = 10_000
MAX_CHARACTERS = 2_000_000

# A backslash escapes the next character also outside quotes; an open quote reaches to the end.
_PIECE = re.compile(r'\\.|"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\Z)|`', re.DOTALL)
_STRING = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_CALL = re.compile(
    r'`\s*(?P<name>[^\s`"(),|\[\]]+)\s*(?:\((?P<args>(?:[^"`]|"(?:[^"\\]|\\.)*+")*)\)\s*)?`',
    re.DOTALL,
)
_ARGUMENT = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*+"|")*+', re.DOTALL)
ErrorKind = TypeVar("ErrorKind", bound=SplSyntaxError)


@dataclass(frozen=True, slots=True)
class Macro:
    """A macro: what its call is replaced by.

    args: argument names; their number is part of a macro's identity.  definition: the replacement,
    with `$name$` for each argument.  iseval: the definition is an eval expression that computes the
    replacement.  path: the defining file, None for a built-in macro.
    """

    name: str
    args: tuple[str, ...] = ()
    definition: str = ""
    description: str = ""
    iseval: bool = False
    path: str | None = None

    def replacement(self, values: Sequence[str]) -> str:
        """Return the definition without comments and with every `$arg$` replaced at once."""
        text = _uncommented(self.definition)
        if not self.args:
            return text
        given = dict(zip(self.args, values, strict=True))
        return _placeholders(self.args).sub(lambda m: given[m[1]], text)


class MacroTable(Protocol):
    """What expansion asks of a content repository."""

    def macro(self, name: str, nargs: int) -> Macro | None:
        """Return the macro of this name and number of arguments."""

    def arities(self, name: str) -> tuple[int, ...]:
        """Return the numbers of arguments with which a name is defined, ascending."""

    def macro_names(self) -> tuple[str, ...]:
        """Return all defined names, sorted."""


_BUILT_IN: tuple[Macro, ...] = (
    Macro("drop_dm_object_name", ("object",), 'rename "$object$.*" as *'),
    Macro(
        "security_content_summariesonly",
        (),
        "summariesonly=`summariesonly_config` allow_old_summaries=`oldsummaries_config`"
        " fillnull_value=`fillnull_config`",
    ),
    Macro("summariesonly_config", (), "false"),
    Macro("oldsummaries_config", (), "true"),
    Macro("fillnull_config", (), "null"),
    Macro(
        "security_content_ctime",
        ("field",),
        'convert timeformat="%Y-%m-%dT%H:%M:%S" ctime($field$)',
    ),
    Macro(
        "cim_corporate_web_domain_search",
        ("field",),
        "[| inputlookup append=T cim_corporate_web_domain_lookup"
        " | rename domain as $field$ | format | fields search]",
    ),
)
BUILT_IN = {(macro.name, len(macro.args)): macro for macro in _BUILT_IN}


def implied_macro(name: str, nargs: int) -> Macro | None:
    """Return the macro that a name stands for by convention, without any definition.

    `cim_<Model>_indexes` restricts a data model to indexes; undefined it matches everything.
    """
    if nargs == 0 and re.fullmatch(r"cim_\w+_indexes", name):
        return Macro(name, (), "*")
    return BUILT_IN.get((name, nargs))


def _is_tuning_hook(name: str, nargs: int) -> bool:
    """Each rule ends in a `<rule>_filter` macro for local tuning, defined only by its user."""
    return nargs == 0 and name.endswith("_filter")


@lru_cache(maxsize=1024)
def _uncommented(definition: str) -> str:
    return strip_comments(definition).text


@lru_cache(maxsize=1024)
def _placeholders(names: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"\$({'|'.join(map(re.escape, names))})\$")


@dataclass(frozen=True, slots=True)
class _Call:
    """A call as written: its place in the text that is being expanded, name and arguments."""

    start: int
    end: int
    name: str
    args: tuple[str, ...]


class _BadCall(Exception):
    """A backtick at `start` that begins no call."""

    def __init__(self, start: int, message: str, hint: str) -> None:
        super().__init__(message)
        self.start = start
        self.hint = hint


def _calls(text: str) -> Iterator[_Call]:
    """Yield the calls outside double quotes, in text order."""
    position = 0
    while (piece := _PIECE.search(text, position)) is not None:
        position = piece.end()
        if piece[0] != "`":
            continue
        call = _CALL.match(text, piece.start())
        if call is None:
            raise _bad_call(text, piece.start())
        position = call.end()
        yield _Call(call.start(), call.end(), call["name"], _arguments(call["args"]))


def _bad_call(text: str, start: int) -> _BadCall:
    if text.startswith("```", start):
        return _BadCall(start, "a comment is not closed", "close it with three backticks")
    if "`" not in text[start + 1 :]:
        return _BadCall(start, "a macro call is not closed", "close it with a backtick")
    hint = "write `name` or `name(argument, ...)`"
    return _BadCall(start, "the text between backticks is not a macro call", hint)


def _arguments(text: str | None) -> tuple[str, ...]:
    """Split at commas outside double quotes; trim; remove the quotes around an argument."""
    if text is None or not text.strip():
        return ()
    found: list[str] = []
    position = 0
    while position <= len(text):
        end = _ARGUMENT.match(text, position).end()  # type: ignore[union-attr] # matches empty
        found.append(_unquoted(text[position:end].strip()))
        position = end + 1
    return tuple(found)


def _unquoted(argument: str) -> str:
    return argument[1:-1].replace('\\"', '"') if _STRING.fullmatch(argument) else argument


def expand(
    text: str | SourceText,
    content: MacroTable,
    *,
    rule_name: str = "",
    unknown: Literal["error", "opaque"] = "error",
) -> SourceText:
    """Return the search with comments removed and all macro calls replaced, with its history.

    rule_name: named in messages.  unknown="opaque": a call without a usable definition becomes the
    command `opaquemacro name(nargs)` after a pipe, else `OPAQUE_MACRO="name(nargs)"`, a comparison
    in filters and expressions alike.  A `<rule>_filter` macro without a definition lets everything
    pass.  Raises MacroError: SPL201 unknown or iseval, SPL202 calls itself, SPL203 wrong number of
    arguments, SPL204 too large; SplSyntaxError SPL102 for a call or comment that is not closed.
    """
    source = strip_comments(text)
    if "`" not in source.text:
        return source
    expansion = _Expansion(source, content, rule_name, unknown)
    try:
        for call in _calls(source.text):
            expansion.add(call)
    except _BadCall as error:
        span = source.span(error.start, error.start + 1)
        raise _error_at(
            SplSyntaxError, source, span, str(error), "SPL102", error.hint
        ) from None
    return expansion.result()


@dataclass(slots=True)
class _Expansion:
    """The expansion of one search: cuts made so far and the calls behind them."""

    source: SourceText
    content: MacroTable
    rule_name: str
    unknown: Literal["error", "opaque"]
    cuts: list[tuple[int, int, str]] = field(default_factory=list)
    calls: list[MacroCall] = field(default_factory=list)
    growth: int = 0
    size: int = 0
    count: int = 0
    outer: _Call = field(default=_Call(0, 0, "", ()))

    def add(self, call: _Call) -> None:
        """Expand one call that stands in the search itself."""
        self.outer = call
        start = call.start + self.growth
        filling = self._expand(call, start, _after_pipe(self.source.text, call.start, False), ())
        self.cuts.append((call.start, call.end, filling))
        self.growth += len(filling) - (call.end - call.start)

    def result(self) -> SourceText:
        """Return the search with all cuts made."""
        spliced = splice(self.source, self.cuts)
        calls = tuple(sorted((*spliced.calls, *self.calls), key=lambda c: (c.start, c.depth)))
        return SourceText(
            spliced.text, spliced.original, spliced.starts, spliced.origins, spliced.fixed, calls
        )

    def _expand(self, call: _Call, start: int, after_pipe: bool, chain: tuple[_Call, ...]) -> str:
        """Return what the call stands for; note it and the calls inside it, outermost first."""
        index, depth = len(self.calls), len(chain)
        span = self.source.span(self.outer.start, self.outer.end)
        self.calls.append(MacroCall(call.name, call.args, span, start, start, depth))
        self._check_bounds(call, chain)
        text = self._replacement(call, after_pipe, chain)
        self._check_size(len(text))
        if "`" in text:
            text = self._expand_inside(text, start, after_pipe, (*chain, call))
        self.calls[index] = MacroCall(
            call.name, call.args, span, start, start + len(text), depth
        )
        return text

    def _expand_inside(
        self, text: str, start: int, after_pipe: bool, chain: tuple[_Call, ...]
    ) -> str:
        pieces: list[str] = []
        position = length = 0
        try:
            for call in _calls(text):
                pieces.append(text[position : call.start])
                length += call.start - position
                inner_after_pipe = _after_pipe(text, call.start, after_pipe)
                pieces.append(self._expand(call, start + length, inner_after_pipe, chain))
                length += len(pieces[-1])
                position = call.end
        except _BadCall as error:
            message = f"{error} in the definition of macro '{chain[-1].name}'"
            raise self._error(message, "SPL102", error.hint) from None
        pieces.append(text[position:])
        return "".join(pieces)

    def _replacement(self, call: _Call, after_pipe: bool, chain: tuple[_Call, ...]) -> str:
        name, nargs = call.name, len(call.args)
        macro = self.content.macro(name, nargs)
        if macro is None and _is_tuning_hook(name, nargs):
            return "search *" if after_pipe else "*"
        if (macro is None or macro.iseval) and self.unknown == "opaque":
            label = f"{name}({nargs})" if nargs else name
            return f"{OPAQUE_COMMAND} {label}" if after_pipe else f'{OPAQUE_FIELD}="{label}"'
        if macro is None:
            raise self._unknown(call, chain)
        if macro.iseval:
            raise self._error(
                f"macro '{name}' computes its text with an eval expression (iseval)",
                "SPL201",
                "give the macro the text that the expression yields",
            )
        return macro.replacement(call.args)

    def _check_bounds(self, call: _Call, chain: tuple[_Call, ...]) -> None:
        self.count += 1
        names = [(c.name, len(c.args)) for c in chain]
        if (call.name, len(call.args)) in names:
            path = " -> ".join(c.name for c in (*chain, call))
            raise self._error(f"macro '{call.name}' calls itself: {path}", "SPL202", "")
        if len(chain) >= MAX_DEPTH:
            raise self._error(f"macros call each other more than {MAX_DEPTH} deep", "SPL204", "")
        if self.count > MAX_CALLS:
            raise self._error(f"more than {MAX_CALLS:,} macro calls", "SPL204", "")

    def _check_size(self, added: int) -> None:
        self.size += added
        if self.size > MAX_CHARACTERS:
            raise self._error(
                f"the expansion has more than {MAX_CHARACTERS:,} characters", "SPL204", ""
            )

    def _unknown(self, call: _Call, chain: tuple[_Call, ...]) -> MacroError:
        where = f" (called by macro '{chain[-1].name}')" if chain else ""
        arities = self.content.arities(call.name)
        if arities:
            given = _count(len(call.args))
            message = f"macro '{call.name}' is called with {given}{where}"
            wanted = " or ".join(map(str, arities))
            noun = "argument" if arities == (1,) else "arguments"
            hint = f"it takes {wanted} {noun}"
            if len(call.args) > max(arities):
                hint += "; put double quotes around an argument that contains a comma"
            return self._error(message, "SPL203", hint)
        near = difflib.get_close_matches(call.name, self.content.macro_names(), n=1)
        hint = f"did you mean '{near[0]}'?" if near else "define it in macros/ or macros.conf"
        return self._error(f"unknown macro '{call.name}'{where}", "SPL201", hint)

    def _error(self, message: str, code: str, hint: str) -> MacroError:
        if self.rule_name:
            message = f"{message} in rule '{self.rule_name}'"
        span = self.source.span(self.outer.start, self.outer.end)
        return _error_at(MacroError, self.source, span, message, code, hint)


def _count(number: int) -> str:
    return f"{number or 'no'} argument{'' if number == 1 else 's'}"


def _after_pipe(text: str, position: int, at_start: bool) -> bool:
    """Whether the text before `position` ends in a pipe; `at_start` decides for no text at all."""
    while position > 0 and text[position - 1].isspace():
        position -= 1
    return text[position - 1] == "|" if position else at_start


def _error_at(
    kind: type[ErrorKind], source: SourceText, span: Span, message: str, code: str, hint: str
) -> ErrorKind:
    line, column, snippet = source.place(span.start)
    return kind(
        message,
        code=code,
        line=line,
        column=column,
        snippet=snippet,
        hint=hint,
        width=span.end - span.start,
        span=span,
    )
