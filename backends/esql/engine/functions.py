"""The scalar functions and operators: result type by argument types, and what they compute.

A function is null on a null argument, and with a warning on one of several values, unless it is for
lists (spec/eql-semantics.md 14.2, 14.3). Values: keyword and ip are text, a date is milliseconds
since 1970, several values are a list.
"""

from __future__ import annotations

import hashlib
import ipaddress
import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import unquote_to_bytes

from transpile.backends.eql.engine.lucene import compile_lucene
from transpile.backends.esql.engine.tree import Interval

from transpile.ir.regex import compile_python, parse_regex

NUMERIC = frozenset({"long", "double"})
COMPARABLE = NUMERIC | {"keyword", "date", "ip", "boolean"}


class Refused(Exception):
    """The arguments have types that the function does not take."""


Types = Sequence[str]
Typing = Callable[[Types], str]


def _takes(*kinds: str, gives: str) -> Typing:
    """Return the check that each argument is of its kind; null passes."""

    def check(types: Types) -> str:
        if len(types) != len(kinds):
            raise Refused(f"{len(kinds)} arguments are expected")
        for found, wanted in zip(types, kinds, strict=True):
            if found != "null" and found not in wanted.split("|"):
                raise Refused(f"{found} is no {wanted}")
        return gives

    return check


def one_type(types: Types) -> str:
    kinds = {kind for kind in types if kind != "null"}
    if kinds <= NUMERIC and len(kinds) == 2:
        raise Refused("long and double are not mixed here")
    if len(kinds) > 1:
        raise Refused(f"{' and '.join(sorted(kinds))} are mixed")
    return kinds.pop() if kinds else "null"


def _comparison(types: Types) -> str:
    kinds = {kind for kind in types if kind != "null"}
    if not (kinds <= NUMERIC or len(kinds) == 1) or not kinds <= COMPARABLE:
        raise Refused(f"{' and '.join(sorted(kinds))} cannot be compared")
    return "boolean"


def _arithmetic(types: Types) -> str:
    kinds = {kind for kind in types if kind != "null"}
    if not kinds <= NUMERIC:
        raise Refused(f"no arithmetic with {' and '.join(sorted(kinds - NUMERIC))}")
    return "double" if "double" in kinds else "long"


def _sum(types: Types) -> str:
    if "interval" in types:
        if types[0] != "date":
            raise Refused("a length of time is added to a date")
        return "date"
    return _arithmetic(types)


def _first_type(kinds: frozenset[str]) -> Typing:
    def check(types: Types) -> str:
        if types[0] not in kinds | {"null"}:
            raise Refused(f"{types[0]} is not taken")
        return types[0]

    return check


def case_type(types: Types) -> str:
    conditions = types[: len(types) // 2 * 2 : 2]
    values = [*types[1::2], *(types[-1:] if len(types) % 2 else [])]
    if any(kind not in ("boolean", "null") for kind in conditions):
        raise Refused("a condition is no boolean")
    return one_type(values)


# -- values ----------------------------------------------------------------------------------------


def _java_number(text: str) -> float | None:
    """Return what Java reads as a double: spaces around, NaN, Infinity, suffixes d and f."""
    found = re.fullmatch(
        r"[\x00-\x20]*([+-]?(?:NaN|Infinity|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?))[dDfF]?[\x00-\x20]*",
        text,
    )
    if found is None:
        return None
    number = float(found[1].replace("Infinity", "inf"))
    return number if math.isfinite(number) else None


def _to_double(value: Any) -> float | None:
    return _java_number(value) if isinstance(value, str) else float(value)


def _to_long(value: str | float) -> int | None:
    if isinstance(value, str):
        number = _java_number(value)
        return None if number is None else round(number)
    return round(value)


def _to_string(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _to_ip(value: Any) -> str | None:
    try:
        return str(ipaddress.ip_address(value))
    except ValueError:
        return None


def _cidr(value: str, *blocks: str) -> bool:
    address = ipaddress.ip_address(value)
    return any(address in ipaddress.ip_network(block, strict=False) for block in blocks)


@lru_cache(maxsize=1024)
def _wildcards(pattern: str) -> re.Pattern[str]:
    written, at = "", 0
    while at < len(pattern):
        char = pattern[at]
        if char == "\\" and at + 1 < len(pattern):
            at += 1
            written += re.escape(pattern[at])
        else:
            written += {"*": ".*", "?": "."}.get(char) or re.escape(char)
        at += 1
    return re.compile(written, re.DOTALL)


def _like(value: str, *patterns: str) -> bool:
    return any(_wildcards(pattern).fullmatch(value) is not None for pattern in patterns)


def _rlike(value: str, *patterns: str) -> bool:
    return any(compile_lucene(pattern, False)(value) for pattern in patterns)


@lru_cache(maxsize=1024)
def _java(pattern: str) -> re.Pattern[str]:
    return compile_python(parse_regex(pattern))


def _replace(value: str, pattern: str, by: str) -> str:
    """Java's `replaceAll`: `$1` is a group, a backslash takes the next character as it is."""

    def one(found: re.Match[str]) -> str:
        written, at = "", 0
        while at < len(by):
            if by[at] == "\\":
                written += by[at + 1]
                at += 2
            elif by[at] == "$":
                written += found[int(by[at + 1])] or ""
                at += 2
            else:
                written += by[at]
                at += 1
        return written

    return _java(pattern).sub(one, value)


def _url_decode(value: str) -> str | None:
    if re.search(r"%(?![0-9a-fA-F]{2})", value):
        return None
    return unquote_to_bytes(value.replace("+", " ")).decode("utf-8", errors="replace")


def _slice(value: Any, start: int, end: int | None = None) -> Any:
    values = value if isinstance(value, list) else [value]
    last = start if end is None else end
    low = start + len(values) if start < 0 else start
    high = last + len(values) if last < 0 else last
    return several(values[max(low, 0) : high + 1])


def several(values: list[Any]) -> Any:
    """Return a list as Elasticsearch holds it: null for none, a plain value for one."""
    return None if not values else values[0] if len(values) == 1 else values


def listed(value: Any) -> list[Any]:
    """Return the values of a value."""
    return [] if value is None else value if isinstance(value, list) else [value]


def sort_key(value: Any) -> Any:
    """Return what puts values in Elasticsearch's order: text by its bytes."""
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value


# -- time ------------------------------------------------------------------------------------------

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLIS = {"second": 1000, "minute": 60_000, "hour": 3_600_000}
_DAYS = {"day": 1, "week": 7}


def moment(milliseconds: float) -> datetime:
    """Return a date in UTC."""
    return _EPOCH + timedelta(milliseconds=milliseconds)


def _millis(when: datetime) -> int:
    return round((when - _EPOCH) / timedelta(milliseconds=1))


def date_trunc(span: Interval, value: float) -> int:
    """Return the start of the bin of a date; bins below a day are counted from 1970."""
    if span.unit in _MILLIS:
        width = span.count * _MILLIS[span.unit]
        return int(value // width * width)
    if span.count != 1 or span.unit == "week":
        raise Refused(f"bins of {span.count} {span.unit}s are not known here")
    day = moment(value).replace(hour=0, minute=0, second=0, microsecond=0)
    month = {"month": day.month, "quarter": (day.month - 1) // 3 * 3 + 1, "year": 1}
    return _millis(day.replace(month=month.get(span.unit, day.month),
                               day=day.day if span.unit == "day" else 1))


def _moved(value: float, span: Interval, sign: int) -> float:
    if span.unit in _MILLIS:
        return value + sign * span.count * _MILLIS[span.unit]
    if span.unit in _DAYS:
        return value + sign * span.count * _DAYS[span.unit] * 86_400_000
    when = moment(value)
    months = when.month - 1 + sign * span.count * {"month": 1, "quarter": 3, "year": 12}[span.unit]
    year, month = when.year + months // 12, months % 12 + 1
    for day in range(when.day, 27, -1):
        try:
            return _millis(when.replace(year=year, month=month, day=day))
        except ValueError:
            continue
    return _millis(when.replace(year=year, month=month))


def _shifted(sign: int) -> Callable[..., Any]:
    plain = operator.add if sign > 0 else operator.sub
    return lambda a, b: _moved(a, b, sign) if isinstance(b, Interval) else plain(a, b)


_FIELDS: Mapping[str, str] = {
    "yyyy": "%Y", "yy": "%y", "MM": "%m", "dd": "%d", "HH": "%H", "hh": "%I", "mm": "%M",
    "ss": "%S", "DDD": "%j", "MMM": "%b", "MMMM": "%B", "EEE": "%a", "EEEE": "%A", "a": "%p",
}  # fmt: skip


def _date_format(pattern: str, value: float) -> str:
    when = moment(value)

    def field(found: re.Match[str]) -> str:
        if found["quoted"] is not None:
            return found["quoted"].replace("''", "'") or "'"
        letters = found["letters"]
        return when.strftime(_FIELDS[letters])

    return re.sub(r"'(?P<quoted>(?:[^']|'')*)'|(?P<letters>([A-Za-z])\3*)", field, pattern)


# -- the table -------------------------------------------------------------------------------------

Function = tuple[Typing, Callable[..., Any]]


def _divided(a: float, b: float) -> float | int | None:
    if b == 0:
        return None
    if isinstance(a, int) and isinstance(b, int):
        return int(a / b) if abs(a) < 2**53 else a // b
    return a / b


def _remainder(a: float, b: float) -> float | None:
    return None if b == 0 else math.fmod(a, b)


def _half_up(value: float, digits: int = 0) -> float:
    scaled = abs(value) * 10**digits
    return math.copysign(math.floor(scaled + 0.5) / 10**digits, value)


def _substring(value: str, start: int, length: int | None = None) -> str:
    begin = start - 1 if start > 0 else max(len(value) + start, 0)
    return value[begin:] if length is None else value[begin : begin + length]


def _optional(*kinds: str, gives: str) -> Typing:
    full, short = _takes(*kinds, gives=gives), _takes(*kinds[:-1], gives=gives)
    return lambda types: (full if len(types) == len(kinds) else short)(types)


def _texts(types: Types) -> str:
    if any(kind not in ("keyword", "null") for kind in types):
        raise Refused("keyword is expected")
    return "keyword"


def _truth(types: Types) -> str:
    _texts(types)
    return "boolean"


def _membership(types: Types) -> str:
    for kind in types[1:]:
        _comparison((types[0], kind))
    return "boolean"


def _cidr_types(types: Types) -> str:
    if types[0] not in ("ip", "null"):
        raise Refused(f"{types[0]} is no ip")
    return _truth(types[1:])


def _digest(name: str) -> Callable[[str], str]:
    return lambda value: hashlib.new(name, value.encode()).hexdigest()


_ANY = "keyword|long|double|boolean|ip|date"

SINGLE: Mapping[str, Function] = {
    **{op: (_comparison, how) for op, how in {
        "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le,
        ">": operator.gt, ">=": operator.ge,
    }.items()},
    "+": (_sum, _shifted(1)),
    "-": (_sum, _shifted(-1)),
    "*": (_arithmetic, operator.mul),
    "/": (_arithmetic, _divided),
    "%": (_arithmetic, _remainder),
    "NEG": (_arithmetic, operator.neg),
    "IN": (_membership, lambda value, *options: value in options),
    "LIKE": (_truth, _like),
    "RLIKE": (_truth, _rlike),
    "CIDR_MATCH": (_cidr_types, _cidr),
    "TO_LOWER": (_takes("keyword", gives="keyword"), str.lower),
    "TO_UPPER": (_takes("keyword", gives="keyword"), str.upper),
    "LENGTH": (_takes("keyword", gives="long"), len),
    "SUBSTRING": (_optional("keyword", "long", "long", gives="keyword"), _substring),
    "CONCAT": (_texts, lambda *parts: "".join(parts)),
    "REPLACE": (_takes("keyword", "keyword", "keyword", gives="keyword"), _replace),
    "SPLIT": (_takes("keyword", "keyword", gives="keyword"),
              lambda value, by: several(value.split(by))),
    "URL_DECODE": (_takes("keyword", gives="keyword"), _url_decode),
    "MD5": (_takes("keyword", gives="keyword"), _digest("md5")),
    "SHA1": (_takes("keyword", gives="keyword"), _digest("sha1")),
    "SHA256": (_takes("keyword", gives="keyword"), _digest("sha256")),
    "ABS": (_first_type(NUMERIC), abs),
    "CEIL": (_first_type(NUMERIC), lambda value: type(value)(math.ceil(value))),
    "FLOOR": (_first_type(NUMERIC), lambda value: type(value)(math.floor(value))),
    "ROUND": (_optional("double", "long", gives="double"), _half_up),
    "SQRT": (_takes("long|double", gives="double"),
             lambda value: math.sqrt(value) if value >= 0 else None),
    "POW": (_takes("long|double", "long|double", gives="double"), math.pow),
    "EXP": (_takes("long|double", gives="double"), math.exp),
    "GREATEST": (one_type, max),
    "LEAST": (one_type, min),
    "DATE_TRUNC": (_takes("interval", "date", gives="date"), date_trunc),
    "DATE_FORMAT": (_takes("keyword", "date", gives="keyword"), _date_format),
}
"""Functions of single values."""

CONVERSIONS: Mapping[str, Function] = {
    "TO_STRING": (_takes("keyword|long|boolean|ip", gives="keyword"), _to_string),
    "TO_DOUBLE": (_takes("keyword|long|double", gives="double"), _to_double),
    "TO_LONG": (_takes("keyword|long|double|date", gives="long"), _to_long),
    "TO_IP": (_takes("keyword|ip", gives="ip"), _to_ip),
    "TO_DATETIME": (_takes("long|date", gives="date"), lambda value: value),
}
"""Functions that convert each of several values; what cannot be converted is null."""

LISTS: Mapping[str, Function] = {
    "MV_COUNT": (_takes(_ANY, gives="long"), lambda value: len(listed(value))),
    "MV_CONCAT": (_takes("keyword", "keyword", gives="keyword"),
                  lambda value, by: by.join(listed(value))),
    "MV_SORT": (_first_type(COMPARABLE),
                lambda value: several(sorted(listed(value), key=sort_key))),
    "MV_DEDUPE": (_first_type(COMPARABLE),
                  lambda value: several(list(dict.fromkeys(listed(value))))),
    "MV_APPEND": (one_type, lambda value, more: several([*listed(value), *listed(more)])),
    "MV_FIRST": (_first_type(COMPARABLE), lambda value: listed(value)[0]),
    "MV_LAST": (_first_type(COMPARABLE), lambda value: listed(value)[-1]),
    "MV_MIN": (_first_type(COMPARABLE), lambda value: min(listed(value), key=sort_key)),
    "MV_MAX": (_first_type(COMPARABLE), lambda value: max(listed(value), key=sort_key)),
    "MV_SLICE": (lambda types: types[0], _slice),
    ":": (_truth, lambda value, wanted: wanted in listed(value)),
}
"""Functions of all the values of their first argument."""

