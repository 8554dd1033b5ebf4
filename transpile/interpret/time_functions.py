"""Functions that need the clock, the time zone or the seed of the run."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping
from datetime import tzinfo
from typing import TYPE_CHECKING, Any

from transpile.interpret.strptime import strptime
from transpile.interpret.time import calendar_floor, relative, strftime
from transpile.ir.decide import Scalar, text, to_number
from transpile.ir.text import whole

if TYPE_CHECKING:
    from transpile.interpret.context import Context


_RANGE_LIMIT = 1_000_000


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


def _range(context: Context) -> Callable[..., list[Scalar] | None]:
    """Numbers from a start, below an end; a step such as `7d` is a calendar span."""

    def run(start: Scalar, end: Scalar, step: Scalar = 1) -> list[Scalar] | None:
        low, high, width = to_number(start), to_number(end), to_number(step)
        if low is None or high is None or not math.isfinite(high - low):
            return None
        if width is None:
            return _span_range(low, high, f"+{text(step)}", context.timezone)
        count = math.ceil((high - low) / width) if width else 0
        if not 0 < count <= _RANGE_LIMIT:
            return None
        return [whole(float(low + width * at)) for at in range(count)]

    return run


def _span_range(low: float, high: float, step: str, zone: tzinfo) -> list[Scalar] | None:
    found: list[Scalar] = []
    time: int | float | None = low
    while time is not None and time < high and len(found) < _RANGE_LIMIT:
        found.append(time)
        later = relative(time, step, zone)
        if later is None or later <= time:
            return None
        time = later
    return found


def _random(context: Context) -> Callable[[], int]:
    draw = random.Random(context.seed)
    return lambda: draw.randrange(2**31)


def _parameter(context: Context) -> Callable[[list[Scalar], list[Scalar]], list[Scalar]]:
    return lambda name, default: default


TIME_FUNCTIONS: Mapping[str, Callable[[Context], Callable[..., Any]]] = {
    "now": _now,
    "parameter": _parameter,
    "relative_time": _relative,
    "time_bin": _time_bin,
    "strftime": _strftime,
    "strptime": _strptime,
    "random": _random,
    "mvrange": _range,
}
