"""Time: relative modifiers, calendar bins, texts of times (spl-semantics 7).

A time is epoch seconds. Days and longer units are calendar units of a time zone, shorter ones are
fixed numbers of seconds.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache

from transpile.ir.text import whole

_SPELLINGS = {
    "s": "s sec secs second seconds",
    "m": "m min mins minute minutes",
    "h": "h hr hrs hour hours",
    "d": "d day days",
    "w": "w week weeks",
    "mon": "mon month months",
    "q": "q qtr qtrs quarter quarters",
    "y": "y yr yrs year years",
}
_UNIT = {name: unit for unit, names in _SPELLINGS.items() for name in names.split()}
_SECONDS = {"s": 1, "m": 60, "h": 3600}
_MONTHS = {"mon": 1, "q": 3, "y": 12}
_DAYS = {"d": 1, "w": 7}
_STEP = re.compile(r"([+-])([0-9]*)([a-z]+)|@([a-z]+)([0-9]?)")
Step = Callable[[datetime], datetime]


def local(time: float, zone: tzinfo) -> datetime | None:
    """Return a time on the clock of a zone, None if it is outside the calendar."""
    try:
        return datetime.fromtimestamp(time, zone)
    except (OverflowError, ValueError, OSError):
        return None


def epoch(moment: datetime) -> int | float:
    """Return a moment as epoch seconds."""
    return whole(moment.timestamp())


# -- relative time -------------------------------------------------------------------------------


def relative(time: float, modifier: str, zone: tzinfo) -> int | float | None:
    """Return a time moved by a modifier such as `-1d@d` or `@w1+2h`; None if it is none.

    Source: spl-semantics 7.2.
    """
    if modifier in ("now", "now()", ""):
        return whole(float(time))
    moment = local(time, zone)
    try:
        steps = _steps(modifier)
        if steps is None or moment is None:
            return None
        for step in steps:
            moment = step(moment)
        return epoch(moment)
    except (OverflowError, ValueError):
        return None


@lru_cache(maxsize=1024)
def _steps(modifier: str) -> tuple[Step, ...] | None:
    written = modifier.replace(" ", "").lower()
    steps: list[Step] = []
    at = 0
    for found in _STEP.finditer(written):
        if found.start() != at:
            return None
        at = found.end()
        sign, count, unit, snap, weekday = found.groups()
        name = _UNIT.get(unit or snap)
        if name is None or (weekday and (name != "w" or int(weekday) > 7)):
            return None
        amount = int(count or 1) * (-1 if sign == "-" else 1)
        steps.append(_offset(amount, name) if sign else _snap(name, int(weekday or 0) % 7))
    return tuple(steps) if at == len(written) else None


def _offset(count: int, unit: str) -> Step:
    if unit in _SECONDS:
        seconds = timedelta(seconds=count * _SECONDS[unit])
        return lambda moment: (moment.astimezone(UTC) + seconds).astimezone(moment.tzinfo)
    if unit in _DAYS:
        days = timedelta(days=count * _DAYS[unit])
        return lambda moment: moment + days
    return lambda moment: _add_months(moment, count * _MONTHS[unit])


def _add_months(moment: datetime, count: int) -> datetime:
    year, month = divmod(moment.year * 12 + moment.month - 1 + count, 12)
    for day in (moment.day, 30, 29, 28):
        if day > moment.day:
            continue
        try:
            return moment.replace(year=year, month=month + 1, day=day)
        except ValueError:
            if day == 28:
                raise
    raise AssertionError("every month has 28 days")


def _snap(unit: str, weekday: int) -> Step:
    match unit:
        case "s":
            return lambda moment: moment.replace(microsecond=0)
        case "m":
            return lambda moment: moment.replace(second=0, microsecond=0)
        case "h":
            return lambda moment: moment.replace(minute=0, second=0, microsecond=0)
        case "d":
            return _midnight
        case "w":
            return lambda moment: _midnight(
                moment - timedelta(days=(moment.isoweekday() - weekday) % 7)
            )
        case _:
            months = _MONTHS[unit]
            return lambda moment: _midnight(
                moment.replace(day=1, month=(moment.month - 1) // months * months + 1)
            )


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)


# -- bins ----------------------------------------------------------------------------------------


def floor_to(value: float, width: float, align: float = 0.0) -> int | float:
    """Return the start of the bin of a number: bins of `width` counted from `align` (5.9)."""
    return whole(float(math.floor((value - align) / width) * width + align))


def calendar_floor(time: float, count: int, unit: str, zone: tzinfo) -> int | float | None:
    """Return the start of the calendar bin of a time, `count` units wide, in a time zone.

    unit: day, week (from Sunday), month, quarter or year; any spelling of 7.2. Bins of several
    days or weeks are counted from 1970, of several months from January of year 0.
    """
    moment, name = local(time, zone), _UNIT.get(unit)
    if moment is None or name is None or count < 1:
        return None
    if name in _SECONDS:
        return floor_to(time, count * _SECONDS[name])
    start = _midnight(moment)
    if name in _DAYS:
        first = start.toordinal() - _EPOCH_DAY
        sunday = _EPOCH_SUNDAY if name == "w" else 0
        width = count * _DAYS[name]
        return epoch(start - timedelta(days=(first - sunday) % width))
    months = start.year * 12 + start.month - 1
    year, month = divmod(months - months % (count * _MONTHS[name]), 12)
    return epoch(start.replace(year=year, month=month + 1, day=1))


_EPOCH_DAY = datetime(1970, 1, 1).toordinal()
_EPOCH_SUNDAY = 3  # 1970-01-04


# -- times as text -------------------------------------------------------------------------------


MONTH_NAMES = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
DAY_NAMES = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")


def _zone_offset(moment: datetime, separator: str = "", seconds: bool = False) -> str:
    offset = moment.utcoffset() or timedelta()
    total = int(offset.total_seconds())
    sign, total = ("-" if total < 0 else "+"), abs(total)
    parts = [f"{total // 3600:02d}", f"{total // 60 % 60:02d}"]
    if seconds:
        parts.append(f"{total % 60:02d}")
    return sign + separator.join(parts)


def _subseconds(digits: int) -> Callable[[datetime], str]:
    return lambda moment: f"{moment.microsecond * 1000:09d}"[:digits]


# directive -> text of a moment; the names of days and months are English
FORMATS: Mapping[str, Callable[[datetime], str]] = {
    "Y": lambda m: f"{m.year:04d}",
    "y": lambda m: f"{m.year % 100:02d}",
    "C": lambda m: f"{m.year // 100:02d}",
    "m": lambda m: f"{m.month:02d}",
    "b": lambda m: MONTH_NAMES[m.month - 1][:3],
    "h": lambda m: MONTH_NAMES[m.month - 1][:3],
    "B": lambda m: MONTH_NAMES[m.month - 1],
    "d": lambda m: f"{m.day:02d}",
    "e": lambda m: f"{m.day:2d}",
    "j": lambda m: f"{m.timetuple().tm_yday:03d}",
    "H": lambda m: f"{m.hour:02d}",
    "k": lambda m: f"{m.hour:2d}",
    "I": lambda m: f"{(m.hour + 11) % 12 + 1:02d}",
    "l": lambda m: f"{(m.hour + 11) % 12 + 1:2d}",
    "M": lambda m: f"{m.minute:02d}",
    "S": lambda m: f"{m.second:02d}",
    "f": lambda m: f"{m.microsecond:06d}",
    "p": lambda m: "AM" if m.hour < 12 else "PM",
    "Z": lambda m: m.tzname() or "",
    "z": lambda m: _zone_offset(m),
    ":z": lambda m: _zone_offset(m, ":"),
    "::z": lambda m: _zone_offset(m, ":", seconds=True),
    "s": lambda m: str(math.floor(m.timestamp())),
    "a": lambda m: DAY_NAMES[m.isoweekday() % 7][:3],
    "A": lambda m: DAY_NAMES[m.isoweekday() % 7],
    "w": lambda m: str(m.isoweekday() % 7),
    "u": lambda m: str(m.isoweekday()),
    "U": lambda m: f"{(m.timetuple().tm_yday + 6 - m.isoweekday() % 7) // 7:02d}",
    "W": lambda m: f"{(m.timetuple().tm_yday + 6 - m.weekday()) // 7:02d}",
    "V": lambda m: f"{m.isocalendar().week:02d}",
    "G": lambda m: f"{m.isocalendar().year:04d}",
    "N": _subseconds(9),
    "3N": _subseconds(3),
    "6N": _subseconds(6),
    "9N": _subseconds(9),
    "Q": _subseconds(3),
    "3Q": _subseconds(3),
    "6Q": _subseconds(6),
    "9Q": _subseconds(9),
    "n": lambda m: "\n",
    "t": lambda m: "\t",
    "%": lambda m: "%",
}
COMPOSED: Mapping[str, str] = {
    "F": "%Y-%m-%d",
    "T": "%H:%M:%S",
    "R": "%H:%M",
    "D": "%m/%d/%y",
    "x": "%m/%d/%Y",
    "X": "%H:%M:%S",
    "c": "%a %b %e %H:%M:%S %Y",
    "+": "%a %b %e %H:%M:%S %Z %Y",
}
DIRECTIVE = re.compile(r"%(::z|:z|[369][NQ]|.)", re.DOTALL)


@lru_cache(maxsize=256)
def expand(form: str) -> str:
    """Return a format whose composed directives (`%F`, `%T` ...) are written out."""
    return DIRECTIVE.sub(lambda found: COMPOSED.get(found[1], found[0]), form)


def strftime(time: float, form: str, zone: tzinfo) -> str | None:
    """Return a time as text on the clock of a zone; None outside the calendar.

    A directive that 7.3 does not list stays as it is.
    """
    moment = local(time, zone)
    if moment is None:
        return None

    def one(found: re.Match[str]) -> str:
        part = FORMATS.get(found[1])
        return part(moment) if part else found[0]

    return DIRECTIVE.sub(one, expand(form))
