"""EQL's functions: spec/eql-semantics.md 7, one entry a line in `FUNCTIONS`.

A null argument gives null unless the entry says otherwise. Kinds are what `engine.check` knows of
a value before any document is seen.
"""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Literal

from transpile.backends.eql.engine.documents import text_of
from transpile.backends.eql.engine.tree import Value

from transpile.ir.text import fold
from transpile.records import dataclass

Kind = Literal["string", "number", "boolean", "ip", "date", "any"]
Number = int | float


class FunctionError(ValueError):
    """A function fails on a value; in Elasticsearch the search fails."""


@dataclass(frozen=True, slots=True)
class Function:
    """A function: what it does, argument kinds (the last one repeats), result kind, arity.

    insensitive: the variant with `~`, None if there is none.  null: it takes null arguments.
    """

    run: Callable[..., Value]
    args: tuple[Kind, ...]
    result: Kind
    least: int
    most: int
    insensitive: Callable[..., Value] | None = None
    null: bool = False


def add(left: Number, right: Number) -> Number:
    """Return the sum."""
    return left + right


def subtract(left: Number, right: Number) -> Number:
    """Return the difference."""
    return left - right


def multiply(left: Number, right: Number) -> Number:
    """Return the product."""
    return left * right


def divide(left: Number, right: Number) -> Number:
    """Return the quotient; of two integers the whole part, towards zero."""
    if isinstance(left, int) and isinstance(right, int):
        if right == 0:
            raise FunctionError("an integer is divided by zero")
        quotient = abs(left) // abs(right)
        return quotient if (left < 0) == (right < 0) else -quotient
    if right == 0:
        return math.nan if left == 0 or math.isnan(left) else math.copysign(math.inf, left)
    return left / right


def modulo(left: Number, right: Number) -> Number:
    """Return the remainder with the sign of the dividend."""
    if isinstance(left, int) and isinstance(right, int):
        if right == 0:
            raise FunctionError("an integer is divided by zero")
        return int(math.copysign(abs(left) % abs(right), left)) if left else 0
    return math.fmod(left, right) if right else math.nan


def _between(source: str, left: str, right: str, greedy: bool = False, *, folded: bool) -> str:
    where, first, last = map(fold, (source, left, right)) if folded else (source, left, right)
    begin = where.find(first)
    if begin < 0:
        return ""
    begin += len(left)
    end = where.rfind(last, begin) if greedy else where.find(last, begin)
    return "" if end < 0 else source[begin:end]


def _cidr_match(address: str, *blocks: str) -> bool:
    try:
        value = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(value in ipaddress.ip_network(block, strict=False) for block in blocks)


def _concat(*values: Value) -> str | None:
    texts = [text_of(value) for value in values]
    return None if None in texts else "".join(text for text in texts if text is not None)


def _index_of(source: str, part: str, start: Number = 0) -> int | None:
    found = source.find(part, max(0, int(start)))
    return None if found < 0 else found


def _length(source: str) -> int:
    return len(source.encode("utf-16-le", "surrogatepass")) // 2  # Java counts UTF-16 units


def _number(source: Value, base: Value = None) -> Number | None:
    if source is None:
        return None
    text = str(source).strip()
    hexadecimal = text.lower().startswith("0x")
    radix = int(base) if isinstance(base, int | float) else 16 if hexadecimal else 10
    digits = text[2:] if hexadecimal and radix == 16 else text
    try:
        return int(digits, radix)
    except ValueError:
        pass
    try:
        if radix == 10:
            return float(digits)
    except ValueError:
        pass
    raise FunctionError(f"number() cannot read {text!r}")


def _substring(source: str, start: Number, end: Number | None = None) -> str:
    return source[int(start) : None if end is None else int(end)]


def _starts_with(source: str, prefix: str) -> bool:
    return source.startswith(prefix)


def _ends_with(source: str, suffix: str) -> bool:
    return source.endswith(suffix)


def _contains(source: str, part: str) -> bool:
    return part != "" and part in source


def _folded(run: Callable[..., Value]) -> Callable[..., Value]:
    """Return the function with its text arguments folded (for results that are no text)."""
    return lambda *args: run(*(fold(arg) if isinstance(arg, str) else arg for arg in args))


def _arithmetic(run: Callable[[Any, Any], Number]) -> Function:
    return Function(run, ("number",), "number", 2, 2)


def _text_test(run: Callable[[str, str], bool]) -> Function:
    return Function(run, ("string",), "boolean", 2, 2, insensitive=_folded(run))


_MANY = 1_000
FUNCTIONS: Mapping[str, Function] = {
    "add": _arithmetic(add),
    "subtract": _arithmetic(subtract),
    "multiply": _arithmetic(multiply),
    "divide": _arithmetic(divide),
    "modulo": _arithmetic(modulo),
    "between": Function(
        partial(_between, folded=False), ("string", "string", "string", "boolean"), "string", 3, 4,
        insensitive=partial(_between, folded=True),
    ),
    "cidrMatch": Function(_cidr_match, ("string",), "boolean", 2, _MANY),
    "concat": Function(_concat, ("any",), "string", 1, _MANY, null=True),
    "endsWith": _text_test(_ends_with),
    "indexOf": Function(
        _index_of, ("string", "string", "number"), "number", 2, 3, insensitive=_folded(_index_of)
    ),
    "length": Function(_length, ("string",), "number", 1, 1),
    "number": Function(_number, ("string", "number"), "number", 1, 2, null=True),
    "startsWith": _text_test(_starts_with),
    "string": Function(text_of, ("any",), "string", 1, 1),
    "stringContains": _text_test(_contains),
    "substring": Function(_substring, ("string", "number", "number"), "string", 2, 3),
}  # fmt: skip

ARITHMETIC: Mapping[str, Callable[[Any, Any], Number]] = {
    "+": add, "-": subtract, "*": multiply, "/": divide, "%": modulo,
}  # fmt: skip
