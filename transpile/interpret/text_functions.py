"""Functions over text, and conversions between text and numbers (spl-semantics 3.9)."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import unquote, unquote_plus

from transpile.interpret.choices import URLDECODE_PLUS
from transpile.interpret.errors import NotComputable
from transpile.ir.decide import Scalar, text, to_number
from transpile.ir.pattern import Pattern
from transpile.ir.regex import RegexError, compile_python, parse_regex
from transpile.ir.text import fold, whole

Compiled = re.Pattern[str]
_REFERENCE = re.compile(r"\\([0-9])")


@lru_cache(maxsize=1024)
def _dynamic(source: str) -> Compiled:
    try:
        return compile_python(parse_regex(source))
    except RegexError as error:
        raise NotComputable(f"the regular expression {source!r}: {error}") from error


def pattern_of(value: Compiled | Scalar) -> Compiled:
    """Return a regular expression given as such or as text. Raises NotComputable if it is none."""
    return value if isinstance(value, re.Pattern) else _dynamic(text(value))


@lru_cache(maxsize=1024)
def _template(replacement: str) -> Callable[[re.Match[str]], str]:
    """Return what `\\1` .. `\\9` in a replacement stand for; all else is literal."""
    parts = _REFERENCE.split(replacement)

    def fill(found: re.Match[str]) -> str:
        done = [parts[0]]
        for number, literal in zip(parts[1::2], parts[2::2], strict=True):
            index = int(number)
            done += [(found[index] or "") if index <= found.re.groups else "", literal]
        return "".join(done)

    return fill


def replace(value: Scalar, regex: Compiled | Scalar, replacement: Scalar) -> str:
    """Return the text with every match replaced."""
    return pattern_of(regex).sub(_template(text(replacement)), text(value))


def sed(value: Scalar, regex: Compiled | Scalar, replacement: Scalar, nth: Scalar) -> str:
    """Return the text with the nth match replaced, with all of them for 0."""
    wanted, fill, count = int(to_number(nth) or 0), _template(text(replacement)), 0

    def one(found: re.Match[str]) -> str:
        nonlocal count
        count += 1
        return fill(found) if wanted in (0, count) else found[0]

    return pattern_of(regex).sub(one, text(value))


def substr(value: Scalar, start: Scalar, length: Scalar | None = None) -> str | None:
    """Return a part as SQLite does: positions from 1, negative ones from the end (U22).

    Position 0 is the place before the first character and uses up one character of the length.
    """
    whole_text, begin = text(value), to_number(start)
    count = None if length is None else to_number(length)
    if begin is None or (length is not None and count is None):
        return None
    at = int(begin)
    left = at - 1 if at > 0 else at + len(whole_text) if at < 0 else -1
    if count is None:
        return whole_text[max(left, 0) :]
    return whole_text[max(left, 0) : max(left + int(count), 0)] if count > 0 else ""


def index_of(value: Scalar, part: Scalar) -> int | None:
    """Return where a text first stands in another, from 0; None if nowhere."""
    found = text(value).find(text(part))
    return None if found < 0 else found


def _stripper(method: Callable[[str, str], str]) -> Callable[..., str]:
    return lambda value, chars=" \t": method(text(value), text(chars))


def translate(value: Scalar, old: Scalar, new: Scalar) -> str:
    """Return the text with each character of `old` replaced by its neighbour in `new`."""
    return text(value).translate(
        {ord(a): b for a, b in zip(text(old), text(new), strict=False)}
    )


def urldecode(value: Scalar) -> str:
    """Return the percent-decoded text; bytes that are no UTF-8 become U+FFFD."""
    return (unquote_plus if URLDECODE_PLUS else unquote)(text(value), errors="replace")


def _digest(algorithm: str) -> Callable[[Scalar], str]:
    return lambda value: hashlib.new(
        algorithm, text(value).encode("utf-8", "surrogatepass"), usedforsecurity=False
    ).hexdigest()


_DIRECTIVE = re.compile(r"%([-+ 0#']*)(\*|[0-9]*)(?:\.(\*|[0-9]+))?([diouxXeEfFgGaAcs%])")
_WHOLE_KINDS = frozenset("diouxX")


def printf(form: Scalar, *values: Scalar) -> str | None:
    """Return the values laid out by C's directives; missing if one of them cannot be."""
    rest = list(values)

    def number_of(default: Scalar = 0) -> int | float:
        return to_number(rest.pop(0) if rest else default) or 0

    def one(found: re.Match[str]) -> str:
        flags, width, precision, kind = found.groups()
        if kind == "%":
            return "%"
        width = str(int(number_of())) if width == "*" else width
        precision = str(int(number_of())) if precision == "*" else precision
        shape = "%" + flags.replace("'", "") + width
        shape += "" if precision is None else f".{precision}"
        if kind in "sc":
            value = text(rest.pop(0)) if rest else ""
            return (shape + "s") % (value[:1] if kind == "c" else value)
        amount = number_of()
        if kind in "aA":
            return float(amount).hex()
        return (shape + kind) % (int(amount) if kind in _WHOLE_KINDS else float(amount))

    try:
        return _DIRECTIVE.sub(one, text(form))
    except (ValueError, OverflowError):
        return None


# -- conversion ----------------------------------------------------------------------------------


def tonumber(value: Scalar, base: Scalar = 10) -> int | float | None:
    """Return the number that a text is in a base from 2 to 36, else None."""
    radix = to_number(base)
    if radix == 10:
        return to_number(value)
    if radix is None or not 2 <= radix <= 36:
        return None
    try:
        digits = text(value)
        digits = digits[2:] if radix == 16 and digits[:2].lower() == "0x" else digits
        return whole(float(int(digits, int(radix))))
    except (ValueError, OverflowError):
        return None


def _hex(amount: int | float) -> str:
    return f"0x{int(amount):X}"


def _commas(amount: int | float) -> str:
    return f"{amount:,.2f}" if isinstance(amount, float) else f"{amount:,}"


def _duration(amount: int | float) -> str:
    days, rest = divmod(int(abs(amount)), 86400)
    clock = f"{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}"
    return f"{'-' if amount < 0 else ''}{f'{days}+' if days else ''}{clock}"


_FORMATS: Mapping[str, Callable[[int | float], str]] = {
    "hex": _hex,
    "commas": _commas,
    "duration": _duration,
    "binary": lambda amount: f"{int(amount):b}",
}


def tostring(value: Scalar, form: Scalar | None = None) -> str | None:
    """Return a value as text; with a format the value must be a finite number, else missing."""
    if form is None:
        return text(value)
    amount, layout = to_number(value), _FORMATS.get(text(form).lower())
    if layout is None or amount is None or not math.isfinite(amount):
        return None
    return layout(amount)


def typeof(value: Scalar | None) -> str:
    """Return Number, String or (missing) Invalid; a text that looks like a number is a Number."""
    if value is None:
        return "Invalid"
    return "String" if to_number(value) is None else "Number"


_LEADING = re.compile(r"\s*([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))")
_DURATION = re.compile(r"(?:([0-9]+)\+)?([0-9]+):([0-9]{1,2}):([0-9]{1,2}(?:\.[0-9]+)?)")
_MINUTES = re.compile(r"(?:([0-9]+):)?([0-9]{1,2}(?:\.[0-9]+)?)")
_MEMORY = re.compile(r"([+-]?[0-9]+(?:\.[0-9]+)?)([kmgKMG]?)")
_KILO = {"": 1, "k": 1, "m": 1024, "g": 1024 * 1024}


def _leading(value: str) -> int | float | None:
    found = _LEADING.match(value)
    return to_number(found[1]) if found else None


def _clock(value: str) -> int | float | None:
    found = _DURATION.fullmatch(value)
    if found is None:
        return to_number(value)
    days, hours, minutes, seconds = (float(part or 0) for part in found.groups())
    return whole(days * 86400 + hours * 3600 + minutes * 60 + seconds)


def _minutes(value: str) -> int | float | None:
    found = _MINUTES.fullmatch(value)
    return whole(float(found[1] or 0) * 60 + float(found[2])) if found else None


def _memory(value: str) -> int | float | None:
    found = _MEMORY.fullmatch(value)
    return whole(float(found[1]) * _KILO[found[2].lower()]) if found else None


_UNITS: Mapping[str, Callable[[str], int | float | None]] = {
    "auto": to_number,
    "num": to_number,
    "none": to_number,
    "dur2sec": _clock,
    "mstime": _minutes,
    "memk": _memory,
    "rmunit": _leading,
    "rmcomma": lambda value: to_number(value.replace(",", "")),
}


def unit_number(value: Scalar, kind: Scalar) -> int | float | None:
    """Return a number without its unit, as a function of `convert` does (5.20)."""
    convert = _UNITS.get(text(kind))
    return convert(text(value)) if convert else None


@lru_cache(maxsize=1024)
def _like(pattern: str) -> Callable[[str], bool]:
    return Pattern.from_like(pattern).matcher(True)


def text_like(value: Scalar, pattern: Scalar) -> int:
    """Return 1 if the whole text is like the pattern, case-sensitively, else 0 (3.4)."""
    return int(_like(text(pattern))(text(value)))


def regex_found(value: Scalar, regex: Compiled | Scalar) -> int:
    """Return 1 if the regular expression matches somewhere, else 0. Raises as `pattern_of`."""
    return int(pattern_of(regex).search(text(value)) is not None)


TEXT_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "concat": lambda *values: "".join(map(text, values)),
    "lower": lambda value: fold(text(value)),
    "upper": lambda value: text(value).upper(),
    "len": lambda value: len(text(value)),
    "substr": substr,
    "index_of": index_of,
    "trim": _stripper(str.strip),
    "ltrim": _stripper(str.lstrip),
    "rtrim": _stripper(str.rstrip),
    "replace": replace,
    "sed": sed,
    "translate": translate,
    "text_like": text_like,
    "regex_found": regex_found,
    "urldecode": urldecode,
    "printf": printf,
    "md5": _digest("md5"),
    "sha1": _digest("sha1"),
    "sha256": _digest("sha256"),
    "sha512": _digest("sha512"),
    "tonumber": tonumber,
    "tostring": tostring,
    "typeof": typeof,
    "unit_number": unit_number,
}
