"""Commands that the parser keeps with their words only: one function each, a line of `GENERIC`."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from transpile.ir.expr import Call, Case, Each, Expr, Field, Lit
from transpile.ir.pred import Order, Test, all_of
from transpile.ir.stages import (
    Agg,
    Compute,
    Made,
    Opaque,
    Project,
    Stage,
    Store,
    Window,
)
from transpile.lower.answers import format_
from transpile.lower.common import CannotLower, duration_with_days, where_is
from transpile.lower.ordering import uniq
from transpile.lower.series import accum, autoregress, delta
from transpile.lower.shaping import addcoltotals, contingency, transpose
from transpile.spl import ast
from transpile.spl.source import OPAQUE_COMMAND


def passes(command: ast.Generic) -> list[Stage]:
    """A command that shows, sends or hints; the rows stay as they are."""
    return []


def stores(command: ast.Generic) -> list[Stage]:
    """`collect`, `outputcsv`: rows are written elsewhere and pass."""
    target = command.option("index") or (command.args[0].text if command.args else command.name)
    return [Store(target, span=where_is(command))]


def opaque_macro(command: ast.Generic) -> list[Stage]:
    """A macro that nobody defines, where a command is expected."""
    name = command.args[0].text if command.args else "?"
    reason = f"the macro {name} is not defined"
    span = where_is(command)
    return [Opaque("macro", reason, adds=("*",), filters=True, section="1.6", span=span)]


def strcat(command: ast.Generic) -> list[Stage]:
    """`strcat [allrequired=f] parts target`: fields and quoted texts joined.

    A missing field counts as empty, or with `allrequired` nothing is written.
    """
    span = where_is(command)
    *parts, target = command.args
    if target.quoted:
        raise CannotLower("strcat into a text", span)
    required = command.flag("allrequired")
    values = tuple(_part(token, required) for token in parts)
    joined: Expr = Call("concat", values) if len(values) > 1 else values[0]
    if required:
        joined = Call("coalesce", (joined, Field(target.text)))
    return [Compute(((target.text, joined),), span=span)]


def _part(token: ast.Token, required: bool) -> Expr:
    if token.quoted:
        return Lit(token.text)
    return Field(token.text) if required else Call("coalesce", (Field(token.text), Lit("")))


_RANGE = re.compile(r"(-?\d+(?:\.\d+)?)-(-?\d+(?:\.\d+)?)")
_NO_RANGES = frozenset(("field", "default"))


def rangemap(command: ast.Generic) -> list[Stage]:
    """`rangemap field=f name=low-high ... [default=None]`: the ranges that hold a value.

    Both ends belong to a range. Several ranges, or several values, give each name once.
    """
    span = where_is(command)
    field = command.option("field", "") or ""
    value = "value of the range"
    names: list[Expr] = []
    for option in command.options:
        if option.name in _NO_RANGES:
            continue
        found = _RANGE.fullmatch(option.value)
        if found is None:
            raise CannotLower(f"rangemap with {option.name}={option.value}", span)
        subject = Call("tonumber", (Field(value),))
        inside = all_of(
            (
                Test(subject, Order(">=", float(found[1]))),
                Test(subject, Order("<=", float(found[2]))),
            )
        )
        names.append(Case(((inside, Lit(option.written)),)))
    default = Lit(command.option("default", "None") or "None")
    if not names:
        return [Compute((("range", default),), span=span)]
    each = Each("map", value, Field(field), body=Call("mvappend", tuple(names)))
    mapped = Call("coalesce", (Call("mvdedup", (each,)), default))
    return [Compute((("range", mapped),), span=span)]


def setfields(command: ast.Generic) -> list[Stage]:
    """`setfields a="x", b="y"`: the same texts for every row."""
    values = tuple((option.written, Lit(option.value.rstrip(","))) for option in command.options)
    return [Compute(values, span=where_is(command))]


# -- rows made of nothing ------------------------------------------------------------------------


def makeresults(command: ast.Generic) -> list[Stage]:
    """`makeresults [count=]`: rows that have only a time."""
    if command.option("data") or command.option("format"):
        raise CannotLower("makeresults with inline data", where_is(command))
    count = command.number("count", 1)
    return [Made(1 if count is None else count, span=where_is(command))]


_FORMATS = ("%m/%d/%Y:%H:%M:%S", "%m/%d/%Y")


def gentimes(command: ast.Generic) -> list[Stage]:
    """`gentimes start= end= [increment=1d]`: one row per interval, the last one cut off."""
    span = where_is(command)
    start_text, end_text = command.option("start", "") or "", command.option("end")
    start, end = _moment(start_text), _moment(end_text or "")
    if start is None or end is None:
        raise CannotLower("gentimes between times that depend on the clock", span)
    step = duration_with_days(command.option("increment", "1d") or "1d")
    if step <= 0:
        raise CannotLower("gentimes without an increment", span)
    number = "number of the interval"
    before = Call("mul", (Call("sub", (Field(number), Lit(1))), Lit(step)))
    begins = Call("add", (Call("strptime", (Lit(start_text), Lit(start[1]))), before))
    ends = Call("sub", (Call("add", (Field("starttime"), Lit(step))), Lit(1)))
    last = Call("strptime", (Lit(end_text), Lit(end[1])))
    shown = "%a %b %d %H:%M:%S %Y"
    return [
        Made(max(math.ceil((end[0] - start[0]) / step), 0), span=span),
        Window((Agg("count", None, number),), running=True, span=span),
        Compute(
            (
                ("starttime", begins),
                ("endtime", Call("least", (ends, last))),
                ("starthuman", Call("strftime", (Field("starttime"), Lit(shown)))),
                ("endhuman", Call("strftime", (Field("endtime"), Lit(shown)))),
            ),
            span=span,
        ),
        Project((number, "_time"), drop=True, span=span),
    ]


def _moment(text: str) -> tuple[float, str] | None:
    """Return a date as seconds (for a count of intervals) and the format it was read with."""
    for form in _FORMATS:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC).timestamp(), form
        except ValueError:
            continue
    return None


SOURCES: Mapping[str, Callable[[ast.Generic], list[Stage]]] = {
    "makeresults": makeresults,
    "gentimes": gentimes,
}
"""Commands that make the first rows."""

_PASSING = """
    abstract fieldformat highlight iconify localop redistribute require rtorder sendalert sendemail
"""

GENERIC: Mapping[str, Callable[[ast.Generic], list[Stage]]] = {
    **dict.fromkeys(_PASSING.split(), passes),
    **dict.fromkeys(("collect", "mcollect", "meventcollect", "outputcsv"), stores),
    OPAQUE_COMMAND: opaque_macro,
    "accum": accum,
    "addcoltotals": addcoltotals,
    "autoregress": autoregress,
    "contingency": contingency,
    "delta": delta,
    "format": format_,
    "rangemap": rangemap,
    "setfields": setfields,
    "strcat": strcat,
    "transpose": transpose,
    "uniq": uniq,
}
"""Commands over the current rows."""
