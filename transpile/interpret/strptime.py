"""Text as time: `strptime` with the directives of spl-semantics 7.3."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from transpile.interpret.time import DAY_NAMES, DIRECTIVE, MONTH_NAMES, epoch, expand, local

_NAMES = tuple(name[:3].lower() for name in MONTH_NAMES)


def _any_of(names: tuple[str, ...]) -> str:
    return "|".join(f"{name}|{name[:3]}" for name in names)


# directive -> the texts it reads
_READS: Mapping[str, str] = {
    "Y": r"[0-9]{4}",
    "y": r"[0-9]{2}",
    "m": r"[0-9]{1,2}",
    "b": _any_of(MONTH_NAMES),
    "B": _any_of(MONTH_NAMES),
    "h": _any_of(MONTH_NAMES),
    "d": r"[ 0-9]?[0-9]",
    "e": r"[ 0-9]?[0-9]",
    "j": r"[0-9]{1,3}",
    "H": r"[ 0-9]?[0-9]",
    "k": r"[ 0-9]?[0-9]",
    "I": r"[ 0-9]?[0-9]",
    "l": r"[ 0-9]?[0-9]",
    "M": r"[0-9]{1,2}",
    "S": r"[0-9]{1,2}",
    "f": r"[0-9]{1,9}",
    "N": r"[0-9]{1,9}",
    "Q": r"[0-9]{1,9}",
    "p": r"[AaPp]\.?[Mm]\.?",
    "Z": r"[A-Za-z][A-Za-z0-9_+/-]*",
    "z": r"Z|[+-][0-9]{2}:?[0-9]{2}(?::?[0-9]{2})?",
    "s": r"-?[0-9]+(?:\.[0-9]+)?",
    "a": _any_of(DAY_NAMES),
    "A": _any_of(DAY_NAMES),
    "w": r"[0-7]",
    "u": r"[0-7]",
    "U": r"[0-9]{1,2}",
    "V": r"[0-9]{1,2}",
    "W": r"[0-9]{1,2}",
    "n": r"\s+",
    "t": r"\s+",
    "%": "%",
}
_ALIASES = {":z": "z", "::z": "z", **{f"{n}{k}": k for n in "369" for k in "NQ"}}


@lru_cache(maxsize=256)
def _reader(form: str) -> tuple[re.Pattern[str], tuple[str, ...]] | None:
    """Return the expression for a format and the directive of each of its groups."""
    written, kinds, at = [], [], 0
    expanded = expand(form)
    for found in DIRECTIVE.finditer(expanded):
        kind = _ALIASES.get(found[1], found[1])
        if kind not in _READS:
            return None
        written += [_literal(expanded[at : found.start()]), f"({_READS[kind]})"]
        kinds.append(kind)
        at = found.end()
    written.append(_literal(expanded[at:]))
    return re.compile("".join(written), re.IGNORECASE), tuple(kinds)


def _literal(text: str) -> str:
    return r"\s*".join(map(re.escape, re.split(r"\s+", text)))


def strptime(value: str, form: str, zone: tzinfo, now: float) -> int | float | None:
    """Return the time that a text says, epoch seconds, or None if it does not fit the format.

    Without a zone in the text its clock is that of `zone`. A format without day, month and year
    means today; one with only some of them the missing ones of 1 January of the current year.
    Text after the end of the format is left alone.
    """
    reader = _reader(form)
    today = local(now, zone)
    if reader is None or today is None:
        return None
    expression, kinds = reader
    found = expression.match(value)
    if found is None:
        return None
    parts = dict(zip(kinds, found.groups(), strict=True))
    try:
        return _moment(parts, zone, today)
    except (ValueError, OverflowError):
        return None


def _moment(parts: Mapping[str, str], zone: tzinfo, today: datetime) -> int | float | None:
    if "s" in parts:
        return epoch(datetime.fromtimestamp(float(parts["s"]), UTC))
    year, month, day = _date(parts, today)
    moment = datetime(
        year, month, day, _hour(parts), int(parts.get("M", 0)), 0, _micro(parts),
        tzinfo=_zone(parts, zone),
    )  # fmt: skip
    moment += timedelta(seconds=int(parts.get("S", 0)))
    if "j" in parts:
        moment += timedelta(days=int(parts["j"]) - 1)
    return epoch(moment)


def _date(parts: Mapping[str, str], today: datetime) -> tuple[int, int, int]:
    if not parts.keys() & set("YymbBhdej"):
        return today.year, today.month, today.day
    short = int(parts["y"]) if "y" in parts else None
    year = today.year if short is None else short + (2000 if short < 69 else 1900)
    name = next((parts[k] for k in "bBh" if k in parts), None)
    month = int(parts.get("m", 1)) if name is None else _NAMES.index(name[:3].lower()) + 1
    day = next((int(parts[k]) for k in "de" if k in parts), 1)
    return int(parts.get("Y", year)), month, day


def _hour(parts: Mapping[str, str]) -> int:
    hour = next((int(parts[k]) for k in "Hk" if k in parts), None)
    if hour is not None:
        return hour
    twelve = next((int(parts[k]) for k in "Il" if k in parts), None)
    if twelve is None:
        return 0
    if not 1 <= twelve <= 12:
        raise ValueError("hour of a twelve-hour clock")
    return twelve % 12 + (12 if parts.get("p", "a")[0] in "pP" else 0)


def _micro(parts: Mapping[str, str]) -> int:
    digits = next((parts[k] for k in "fNQ" if k in parts), "0")
    return int(digits.ljust(9, "0")[:6])


def _zone(parts: Mapping[str, str], zone: tzinfo) -> tzinfo:
    offset = parts.get("z")
    if offset is not None:
        if offset in "Zz":
            return UTC
        digits = offset[1:].replace(":", "").ljust(6, "0")
        span = timedelta(
            hours=int(digits[:2]), minutes=int(digits[2:4]), seconds=int(digits[4:6])
        )
        return timezone(-span if offset[0] == "-" else span)
    name = parts.get("Z")
    if name is None:
        return zone
    if name.upper() in ("UTC", "GMT", "Z"):
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError) as error:
        raise ValueError(f"no time zone {name!r}") from error
