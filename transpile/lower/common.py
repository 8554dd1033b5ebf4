"""What all parts of the lowering share: the refusal, number texts, spans and time modifiers."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from transpile.errors import Span, SplSyntaxError
from transpile.ir.expr import Call, Expr, Lit
from transpile.ir.pred import Pred
from transpile.ir.stages import Pipeline
from transpile.ir.text import number
from transpile.records import dataclass
from transpile.spl import ast

Read = TypeVar("Read")

_SPAN = re.compile(r"(\d*\.?\d*)\s*([A-Za-z]*)")

UNITS: dict[str, tuple[float, str]] = {
    unit: (seconds, calendar)
    for names, seconds, calendar in (
        ("us", 1e-6, ""),
        ("ms", 1e-3, ""),
        ("cs", 1e-2, ""),
        ("ds", 1e-1, ""),
        ("s sec secs second seconds", 1.0, ""),
        ("m min mins minute minutes", 60.0, ""),
        ("h hr hrs hour hours", 3600.0, ""),
        ("d day days", 86400.0, "day"),
        ("w week weeks", 604800.0, "week"),
        ("mon month months", 2592000.0, "month"),
        ("q qtr qtrs quarter quarters", 7776000.0, "quarter"),
        ("y yr yrs year years", 31536000.0, "year"),
    )
    for unit in names.split()
}
"""Unit of a span: seconds and, for days and longer, the calendar unit (spl-semantics 5.9, 7.2)."""


class CannotLower(Exception):
    """A construct has no meaning in the IR; its command becomes opaque with this reason.

    section: the place in spl-semantics that says why nothing better can be done.
    """

    def __init__(self, reason: str, span: Span | None = None, section: str = "") -> None:
        super().__init__(reason)
        self.reason, self.span, self.section = reason, span, section


@dataclass(frozen=True, slots=True)
class Inner:
    """How a search inside a command is lowered.

    rows: a search of its own.  current: commands over the current rows (`appendpipe`).
    filter: a search whose rows become a condition (`[ ... ]` among filter terms, 1.7).
    """

    rows: Callable[[ast.Search], Pipeline]
    current: Callable[[ast.Search], Pipeline]
    filter: Callable[[ast.Search], Pred]


def read_inner(parse: Callable[[str], Read], text: str, what: str, span: Span | None) -> Read:
    """Return what `parse` makes of a text inside the search. Raises `CannotLower` if wrong."""
    try:
        return parse(text)
    except SplSyntaxError as error:
        raise CannotLower(f"{what} is wrong: {error.message}", span) from error


def duration(text: str) -> float:
    """Return the seconds of a duration such as `5m`; no unit means seconds."""
    seconds, _ = span_of(text)
    return seconds


def duration_with_days(text: str) -> float:
    """Return the seconds of a duration; a day is 24 hours here (7.4). Raises `CannotLower`."""
    count, calendar = span_of(text)
    if calendar in ("", "day", "week"):
        return count * {"day": 86400.0, "week": 604800.0}.get(calendar, 1.0)
    raise CannotLower(f"the duration {text!r} has no fixed length")


def span_of(text: str) -> tuple[float, str]:
    """Return a span as (width, calendar unit): ("5m") -> (300.0, ""), ("1d") -> (1, "day").

    Raises `CannotLower` for what is no span (`2log3`, an unknown unit).
    """
    found = _SPAN.fullmatch(text.strip())
    if not found or not (found[1] or found[2]):
        raise CannotLower(f"the span {text!r} is no time or number")
    count = float(found[1] or 1)
    if not found[2]:
        return count, ""
    unit = found[2] if found[2] in UNITS else found[2].lower()
    if unit not in UNITS:
        raise CannotLower(f"the span {text!r} has an unknown unit")
    seconds, calendar = UNITS[unit]
    return (count, calendar) if calendar else (count * seconds, "")


def time_bound(text: str, *, begin: bool = False) -> Expr | None:
    """Return a time modifier as an expression in epoch seconds, None if it bounds nothing.

    begin: the bound is the beginning, for which 0 and 1 mean all of time.
    """
    text = text.strip()
    if text.lower() in (("", "all", "0", "1") if begin else ("", "all")):
        return None
    if text.lower() in ("now", "now()"):
        return Call("now")
    epoch = number(text)
    if epoch is not None and text[0] not in "+-":
        return Lit(epoch)
    if re.fullmatch(r"\d+/\d+/\d+:\d+:\d+:\d+", text):
        return Call("strptime", (Lit(text), Lit("%m/%d/%Y:%H:%M:%S")))
    return Call("relative_time", (Call("now"), Lit(text)))


def words(command: ast.Generic) -> tuple[str, ...]:
    """Return the words of a command that are no options, without the commas between them."""
    split = (text for token in command.args for text in token.text.split(","))
    return tuple(text for text in split if text)


def field_as(command: ast.Generic) -> tuple[str, str | None]:
    """Return field and alias of `command f [AS new]`. Raises `CannotLower` for other words."""
    match tuple(token.text for token in command.args):
        case (field,):
            return field, None
        case (field, word, alias) if word.lower() == "as":
            return field, alias
        case _:
            raise CannotLower(f"{command.name} over other than one field", where_is(command))


def where_is(node: ast.Node) -> Span | None:
    """Return the span of a syntax node, None if it has none."""
    return None if node.span == ast.NOWHERE else node.span
