"""Linear pre-scan: where commands and subsearches begin and end, and whether everything closes.

The scan reads the text once, without grammar and without recursion. It finds unbalanced quotes,
brackets and parentheses (reported at the opening character), text that is too large or nested too
deep, and macro calls that nobody expanded. What it returns is cut, not understood.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import field

from transpile.errors import SplSyntaxError
from transpile.records import dataclass
from transpile.spl.faults import syntax_error
from transpile.spl.source import SourceText
from transpile.spl.text import QUOTED, SINGLE

MAX_TEXT = 1_000_000
MAX_DEPTH = 100

# Commands whose arguments are filter terms: there an apostrophe is an ordinary character.
FILTERS = frozenset({"search", "tstats", "mstats", "inputlookup", "inputcsv", "mcatalog"})
# Commands in which an apostrophe always opens a field name.
EXPRESSIONS = frozenset({"eval", "where", "fieldformat"})
# Commands that take a bare regular expression: brackets and parentheses need not pair up.
PATTERNS = frozenset({"rex", "regex"})

_INTERESTING = re.compile(rf'{QUOTED}|\\["\\|]|["\'\[\]()|`]', re.DOTALL)
_NAME_IN_QUOTES = re.compile(SINGLE, re.DOTALL)
_SHORT_NAME_IN_QUOTES = re.compile(r"""'[^'|"\[\]\n]*'""")
_WORD = re.compile(r"([A-Za-z_]\w*)")
_COMPARISON = re.compile(r"\s*(?:[=<>]|!=|(?:NOT\s+)?IN\b\s*\()")
_CLASS_END = re.compile(r"[\]|\s]")
_BLANK = re.compile(r"\s*")
_MACRO = re.compile(r"`([^`\s(]*)[^`]*`?")
_PAIRS = {")": "(", "]": "["}
_NOUNS = {"(": "parenthesis", "[": "bracket"}


@dataclass(slots=True)
class RawBracket:
    """A bracketed part of a command: text[start:end] with both brackets."""

    start: int
    end: int
    search: RawSearch


@dataclass(slots=True)
class RawCommand:
    """One command: text[start:end], arguments from `body` on; implied: `search` is not written."""

    name: str
    start: int
    body: int
    end: int = -1
    implied: bool = False
    brackets: list[RawBracket] = field(default_factory=list)


@dataclass(slots=True)
class RawSearch:
    """A pipeline: text[start:end] without brackets around it."""

    start: int
    end: int = -1
    commands: list[RawCommand] = field(default_factory=list)


@dataclass(slots=True)
class _Open:
    """An opening character that waits for its partner."""

    char: str
    at: int
    command: RawCommand
    search: RawSearch


def scan(
    source: SourceText, is_command: Callable[[str], bool], *, inside: bool = False
) -> RawSearch:
    """Return the pipeline of source.text, cut into commands and subsearches.

    is_command: whether a word (lower case) is a command; decides whether a subsearch begins with a
    command or with an implied `search`.  inside: the text is that of a subsearch.
    Raises SplSyntaxError SPL102 (unbalanced), SPL103 (no command between pipes), SPL104 (no
    command name after a pipe), SPL107 (too large, too deep), SPL109 (empty), SPL201 (macro call).
    """
    if len(source.text) > MAX_TEXT:
        message = f"the search has {len(source.text):,} characters, the limit is {MAX_TEXT:,}"
        raise syntax_error(source, 0, 1, message, code="SPL107")
    if not source.text.strip():
        raise syntax_error(source, 0, 1, "the search is empty", code="SPL109")
    return _Scanner(source, is_command, inside).run()


class _Scanner:
    """State of one scan."""

    def __init__(self, source: SourceText, is_command: Callable[[str], bool], inside: bool) -> None:
        self.source = source
        self.text = source.text
        self.is_command = is_command
        self.inside = inside
        self.stack: list[_Open] = []
        self.search = RawSearch(0)
        self.command = self._begin(0, first=True)

    def run(self) -> RawSearch:
        position = self.command.body
        while found := _INTERESTING.search(self.text, position):
            position = self._step(found)
        if self.stack:
            raise self._unclosed(self.stack[-1])
        self._finish(len(self.text))
        return self.search

    def _step(self, found: re.Match[str]) -> int:
        """Handle one interesting piece; return where to go on."""
        char, at = found.group(), found.start()
        match char:
            case "|" if not self.stack or self.stack[-1].char == "[":
                self._finish(at)
                self.command = self._begin(at + 1)
                return self.command.body
            case "|" if self.command.name not in PATTERNS:
                raise self._unclosed(self.stack[-1])
            case "(" | "[":
                return self._open(char, at)
            case ")" | "]":
                self._close(char, at)
            case '"':
                raise self._error(at, "the string is never closed", hint="add the closing quote")
            case "'":
                return self._apostrophe(at)
            case "`":
                raise self._macro(at)
        return found.end()

    def _begin(self, at: int, *, first: bool = False) -> RawCommand:
        """Find the command that begins at `at`; first: nothing stands before it."""
        blank = _BLANK.match(self.text, at)
        start = blank.end() if blank else at
        if first and self.text.startswith("|", start):
            return self._begin(start + 1)
        word = _WORD.match(self.text, start)
        name = word.group(1).lower() if word else ""
        if first and (word is None or not self._leads(name, word.end())):
            return RawCommand("search", start, start, implied=True)
        if word is None:
            return RawCommand("", start, start)
        return RawCommand(name, start, word.end())

    def _leads(self, name: str, end: int) -> bool:
        """Whether the first word of a search without a pipe is its command."""
        if _COMPARISON.match(self.text, end):
            return False
        return name == "search" or ((self.inside or bool(self.stack)) and self.is_command(name))

    def _finish(self, end: int) -> None:
        """Close the current command at `end`."""
        command = self.command
        command.end = end
        if not command.name:
            self._reject_nameless(command)
        if command.implied and not self.text[command.body : end].strip():
            raise self._error(end, "a command is missing before the pipe", code="SPL103")
        self.search.commands.append(command)
        self.search.end = end

    def _reject_nameless(self, command: RawCommand) -> None:
        found = self.text[command.start : command.end].split()
        if not found:
            at = max(self.text.rfind("|", 0, command.start), 0)
            raise self._error(at, "a command is missing after the pipe", code="SPL103")
        raise syntax_error(
            self.source,
            command.start,
            command.start + len(found[0]),
            f"{found[0][:40]!r} is not a command",
            code="SPL104",
            hint="after a pipe comes the name of a command",
        )

    def _open(self, char: str, at: int) -> int:
        if self.command.name in PATTERNS and (char == "(" or not self._closes_later(at)):
            return at + 1
        if len(self.stack) >= MAX_DEPTH:
            message = f"nested deeper than {MAX_DEPTH} levels"
            raise self._error(at, message, code="SPL107")
        self.stack.append(_Open(char, at, self.command, self.search))
        if char == "(" or self.command.name in PATTERNS:
            return at + 1
        self.search = RawSearch(at + 1)
        self.command = self._begin(at + 1, first=True)
        return self.command.body

    def _closes_later(self, at: int) -> bool:
        """Whether a `[` of a bare regular expression is a character class."""
        stop = _CLASS_END.search(self.text, at, at + 1_000)
        return stop is not None and stop.group() == "]"

    def _close(self, char: str, at: int) -> None:
        opened = self.stack[-1] if self.stack else None
        if self.command.name in PATTERNS and (char == ")" or opened is None):
            return
        if opened is None:
            message = f"this closing {_NOUNS[_PAIRS[char]]} was never opened"
            raise self._error(at, message)
        if opened.char != _PAIRS[char]:
            raise self._unclosed(opened)
        self.stack.pop()
        if char == "]" and opened.search is not self.search:
            inner = self.search
            if self.command.implied and not self.text[self.command.body : at].strip():
                self.command.end = inner.end = at
            else:
                self._finish(at)
            self.search, self.command = opened.search, opened.command
            self.command.brackets.append(RawBracket(opened.at, at + 1, inner))

    def _apostrophe(self, at: int) -> int:
        """Skip a field name in single quotes where the command has such names."""
        if self.command.name in FILTERS | PATTERNS:
            return at + 1
        if self.command.name in EXPRESSIONS:
            name = _NAME_IN_QUOTES.match(self.text, at)
            if name is None:
                hint = "single quotes name a field, double quotes hold a text"
                raise self._error(at, "the field name in single quotes is never closed", hint=hint)
            return name.end()
        name = _SHORT_NAME_IN_QUOTES.match(self.text, at)
        return name.end() if name else at + 1

    def _macro(self, at: int) -> SplSyntaxError:
        if self.text.startswith("```", at):
            return self._error(at, "the comment is never closed", hint="add ``` after the comment")
        call = _MACRO.match(self.text, at)
        assert call is not None
        name, end = call.group(1), call.end()
        hint = "give the content repository that defines it"
        return syntax_error(
            self.source, at, end, f"the macro '{name}' is not defined", code="SPL201", hint=hint
        )

    def _unclosed(self, opened: _Open) -> SplSyntaxError:
        partner = next(c for c, o in _PAIRS.items() if o == opened.char)
        message = f"this opening {_NOUNS[opened.char]} is never closed"
        return self._error(opened.at, message, hint=f"add the closing '{partner}'")

    def _error(
        self, at: int, message: str, *, code: str = "SPL102", hint: str = ""
    ) -> SplSyntaxError:
        return syntax_error(self.source, at, at + 1, message, code=code, hint=hint)
