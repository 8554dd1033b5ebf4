"""`bin` in all its forms (spl-semantics 5.9)."""

from __future__ import annotations

import re

from transpile.ir.expr import Call, Case, Expr, Field, Lit
from transpile.ir.pred import Order, Test
from transpile.ir.stages import AutoBucket, Bucket, Compute, Stage
from transpile.ir.text import number as number_of
from transpile.lower.common import (
    CannotLower,
    duration_with_days,
    span_of,
    time_bound,
    where_is,
)
from transpile.spl import ast

_LOGARITHMIC = re.compile(r"(?P<factor>\d+(?:\.\d+)?)?log(?P<base>\d+(?:\.\d+)?)?", re.IGNORECASE)
_DIGITS = 9
"""Decimals of a logarithm that count: powers of the base must fall on whole numbers."""


def bin_(command: ast.Bin) -> list[Stage]:
    """`bin [span=] [bins=] field`: the start of the bin, or its label, replaces the value."""
    text = command.option("span")
    if text is None:
        return [_automatic(command)]
    logarithmic = _LOGARITHMIC.fullmatch(text)
    if logarithmic:
        return [_by_powers(command, logarithmic)]
    width, calendar = span_of(text)
    timed = command.field == "_time" or bool(re.search(r"[A-Za-z]", text))  # U14
    return [
        Bucket(
            command.field,
            command.alias or command.field,
            width,
            calendar,  # type: ignore[arg-type]  # a calendar unit of `common.UNITS`
            _alignment(command),
            timed,
            span=where_is(command),
        )
    ]


def _alignment(command: ast.Bin) -> float:
    if not command.option("aligntime"):
        return 0.0
    bound = time_bound(command.option("aligntime") or "")
    if isinstance(bound, Lit) and isinstance(bound.value, (int, float)):
        return float(bound.value)
    raise CannotLower("bin aligned to a time that depends on the search", where_is(command))


def _automatic(command: ast.Bin) -> Stage:
    bins = command.number("bins", 100)
    return AutoBucket(
        command.field,
        command.alias or command.field,
        bins=100 if bins is None else bins,
        min_width=duration_with_days(command.option("minspan", "0") or "0"),
        low=_edge(command, "start"),
        high=_edge(command, "end"),
        span=where_is(command),
    )


def _edge(command: ast.Bin, name: str) -> float | None:
    text = command.option(name)
    if text is None:
        return None
    number = number_of(text)
    if number is None:
        raise CannotLower(f"bin with {name}={text}", where_is(command))
    return float(number)


def _by_powers(command: ast.Bin, found: re.Match[str]) -> Stage:
    """Return bins that grow: from `factor * base^n` to the next power; numbers above zero only."""
    factor, base = float(found["factor"] or 1), float(found["base"] or 10)
    if base <= 1 or not 1 <= factor < base:
        raise CannotLower(f"the span {found[0]!r} needs 1 <= factor < base", where_is(command))
    field = Field(command.field)
    log = Call("log", (Call("div", (field, Lit(factor))), Lit(base)))
    power = Call("floor", (Call("round", (log, Lit(_DIGITS))),))
    low = Call("mul", (Lit(factor), Call("pow", (Lit(base), power))))
    high = Call("mul", (low, Lit(base)))
    label: Expr = Call("concat", (low, Lit("-"), high))
    positive = Test(Call("tonumber", (field,)), Order(">", 0))
    value = Case(((positive, label),), field)
    return Compute(((command.alias or command.field, value),), span=where_is(command))
