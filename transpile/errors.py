"""Errors raised on purpose: a stable code, a place in the user's file, and help.

Every error derives from `TranspileError`, pickles, and prints as

    rules/a.yml:14:23: error[SPL104]: unknown command 'stat'
      |   search: index=win | stat count
      |                       ^^^^
      = help: did you mean 'stats'?

`CODES` is the registry of all codes; a code never changes its meaning.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from transpile.records import dataclass

CODES: Mapping[str, str] = {
    # SPL1xx: the search text itself
    "SPL101": "the search text cannot be parsed",
    "SPL102": "unbalanced quotes, brackets or parentheses",
    "SPL103": "an argument or operand is missing",
    "SPL104": "unknown command",
    "SPL105": "unknown function",
    "SPL106": "an option or argument of a command is wrong",
    "SPL107": "the search is too large, too deep or took too long",
    "SPL108": "a regular expression does not compile",
    "SPL109": "the search is empty",
    # SPL2xx: macros and lookups
    "SPL201": "unknown macro",
    "SPL202": "a macro calls itself",
    "SPL203": "a macro is called with the wrong number of arguments",
    "SPL204": "macro expansion grew too large",
    # SPL3xx: lowering
    "SPL301": "a command is recognised but its result cannot be computed here",
    # CNT4xx: content files
    "CNT401": "the file is not valid YAML",
    "CNT402": "the rule has no search",
    "CNT403": "a key stands twice in one mapping",
    "CNT404": "YAML aliases expand too far",
    "CNT405": "the file is too large",
    "CNT406": "nothing to convert was found",
    "CNT407": "the file cannot be read",
    "CNT408": "a field of the rule has the wrong type",
    "CNT409": "the rule is wrong in its own language",
    "CNT410": "a construct of the rule's language cannot be read",
    # OUT5xx: output, configuration, usage
    "OUT501": "the output cannot be written",
    "OUT502": "unknown target or format",
    "OUT503": "a backend cannot be loaded",
    "OUT504": "an engine or a reader of files is not installed",
    "OUT505": "the configuration is wrong",
    "OUT506": "a bug in the program",
    "OUT507": "there is no such command or option",
    # TGT6xx: what a target cannot say (losses and refusals)
    "TGT601": "a field has no counterpart in the target's taxonomy",
    "TGT602": "the log source has no counterpart in the target",
    "TGT603": "a stage has no counterpart in the target",
    "TGT604": "a predicate or function has no counterpart in the target",
    "TGT605": "a regular expression has no counterpart in the target's flavour",
    "TGT606": "a filter was left out, the conversion finds more",
    "TGT607": "a threshold was left out, the conversion finds more",
    "TGT608": "the rule has a stage whose result cannot be computed here",
    "TGT609": "the conversion could miss what the rule finds",
    "TGT610": "the rule does not start from events",
    "TGT611": "a query in the target's language is wrong",
    "GLD701": "a golden file differs: the program converts the same rule to something else",
    "GLD702": "a golden file is stale: the rule, or a macro or lookup of it, was changed",
    "GLD703": "a golden file is missing",
    "GLD704": "a golden file is an orphan: no rule gives it",
    "GLD705": "a conversion is less faithful than it was, or than the settings accept",
    "GLD706": "a conversion was caught doing something else than it claims",
    "VER801": "on events that were tried, a conversion misses what the rule finds",
    "VER802": "on events that were tried, a conversion finds more than it claims",
    "VER803": "on events that were tried, a conversion finds something else than the rule",
    "VER804": "an emitted text, read back, does not say what its rule says",
    "VER805": "the events that were tried would not show some faults",
    "VER806": "an engine does not run an emitted text",
}


@dataclass(frozen=True, slots=True)
class Span:
    """Half-open character range in the search text as its author wrote it (macros not expanded)."""

    start: int
    end: int


class TranspileError(Exception):
    """Base of every error raised on purpose.

    code: key of `CODES`.  path: file, or None for bare text.  line, column: 1-based, in the file
    when `path` is set, else in the search text.  snippet: the source line.  width: how many
    characters the caret underlines.
    """

    default_code = "SPL101"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        path: str | None = None,
        line: int | None = None,
        column: int | None = None,
        snippet: str = "",
        hint: str = "",
        width: int = 1,
        span: Span | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.path = path
        self.line = line
        self.column = column
        self.snippet = snippet
        self.hint = hint
        self.width = width
        self.span = span

    def _state(self) -> dict[str, Any]:
        names = ("code", "path", "line", "column", "snippet", "hint", "width", "span")
        return {name: getattr(self, name) for name in names}

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.message, self._state())

    def moved(self, **changes: Any) -> Self:
        """Return the same error at another place (`path`, `line`, `column`, `snippet` ...)."""
        return type(self)(self.message, **{**self._state(), **changes})

    def __str__(self) -> str:
        return self.message

    def render(self) -> str:
        """Return the error as shown to a person: place, code, source line, caret, help."""
        place = ":".join(str(p) for p in (self.path, self.line, self.column) if p is not None)
        lines = [f"{place}: error[{self.code}]: {self.message}" if place else
                 f"error[{self.code}]: {self.message}"]
        if self.snippet and self.column is not None:
            shown, column = _window(self.snippet, self.column)
            pad = "".join("\t" if c == "\t" else " " for c in shown[: column - 1])
            width = max(1, min(self.width, len(shown) - column + 1))
            lines += [f"  | {shown}", f"  | {pad}{'^' * width}"]
        if self.hint:
            lines.append(f"  = help: {self.hint}")
        return "\n".join(lines)


def _window(snippet: str, column: int, width: int = 120) -> tuple[str, int]:
    """Cut a long source line around the column; return the cut and the column in it."""
    if len(snippet) <= width:
        return snippet, column
    start = max(0, min(column - 1 - width // 2, len(snippet) - width))
    head, tail = ("..." if start else ""), ("..." if start + width < len(snippet) else "")
    return head + snippet[start : start + width] + tail, column - start + len(head)


def _rebuild(kind: type[TranspileError], message: str, state: dict[str, Any]) -> TranspileError:
    return kind(message, **state)


class SplSyntaxError(TranspileError):
    """The search text is wrong: position, source line and hint say where and why."""


class MacroError(SplSyntaxError):
    """A macro is unknown, recursive, or called with the wrong number of arguments."""

    default_code = "SPL201"


class ContentError(TranspileError):
    """A file of the content repository cannot be used."""

    default_code = "CNT401"


class ReadingError(ContentError):
    """A rule in another language than SPL is wrong (CNT409), or has what cannot be read (CNT410).

    The place is in the text of the rule; `span` is the part that is meant.
    """

    default_code = "CNT410"


class UsageError(TranspileError):
    """Wrong usage or configuration: unknown target, unwritable output, missing engine."""

    default_code = "OUT502"


class Unsupported(TranspileError):
    """Understood, but the target cannot say it."""

    default_code = "TGT604"


class RejectedText(TranspileError):
    """An engine does not run a text: it is wrong in the target's language."""

    default_code = "TGT611"


class BugError(TranspileError):
    """An exception that nobody foresaw, met while a rule was worked on."""

    default_code = "OUT506"

    @classmethod
    def of(cls, error: BaseException) -> BugError:
        """Return the error that tells of an unforeseen exception."""
        return cls(
            f"a bug in transpile: {type(error).__name__}: {error}",
            hint="run again with --debug for a traceback, and report it",
        )
