"""Functions that need the clock, the time zone or the seed of the run."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from transpile.interpret.strptime import strptime
from transpile.interpret.time import calendar_floor, relative, strftime
from transpile.interpret.values import Scalar, text, to_number
from transpile.ir.text import whole

if TYPE_CHECKING:
    from transpile.interpret.context import Context


def _now(context: Context) -> Callable[[], int | float]:
    return lambda: whole(float(context.now))


def _relative(context: Context) -> Callable[[Scalar, Scalar], int | float | None]:
    def run(time: Scalar, modifier: Scalar) -> int | float | None:
        seconds = to_number(time)
        return None if seconds is None else relative(seconds, text(modifier), context.timezone)

    return run


def _time_bin(context: Context) -> Callable[[Scalar, Scalar, Scalar], int | float | None]:
    def run(time: Scalar, count: Scalar, unit: Scalar) -> int | float | None:
        seconds, width = to_number(time), to_number(count)
        if seconds is None or width is None:
            return None
        return calendar_floor(seconds, int(width), text(unit), context.timezone)

    return run


def _strftime(context: Context) -> Callable[[Scalar, Scalar], str | None]:
    def run(time: Scalar, form: Scalar) -> str | None:
        seconds = to_number(time)
        return None if seconds is None else strftime(seconds, text(form), context.timezone)

    return run


def _strptime(context: Context) -> Callable[[Scalar, Scalar], int | float | None]:
    return lambda value, form: strptime(text(value), text(form), context.timezone, context.now)


def _random(context: Context) -> Callable[[], int]:
    draw = random.Random(context.seed)
    return lambda: draw.randrange(2**31)


TIME_FUNCTIONS: Mapping[str, Callable[[Context], Callable[..., Any]]] = {
    "now": _now,
    "relative_time": _relative,
    "time_bin": _time_bin,
    "strftime": _strftime,
    "strptime": _strptime,
    "random": _random,
}
