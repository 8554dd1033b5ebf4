"""Conditions on one value as closures, and what a single value is as text and as number."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import assert_never

from transpile.ir import pred as p
from transpile.ir.regex import compile_python
from transpile.ir.text import fold, number

Scalar = str | int | float
Check = Callable[[Scalar], bool]
Before = Callable[[int | float | str, int | float | str], bool]

ORDER: Mapping[str, Before] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def number_text(value: int | float) -> str:
    """Return a number as SPL prints it: a whole one without decimals (`3.0` is `3`).

    Others print with the fewest digits that read back to the same double; `nan`, `inf`, `-inf`.
    """
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e16:
        return str(int(value))
    return repr(value)


def text(value: Scalar) -> str:
    """Return a single value as text."""
    return value if isinstance(value, str) else number_text(value)


def to_number(value: Scalar) -> int | float | None:
    """Return a single value as a number, None if it does not look like one."""
    return number(value) if isinstance(value, str) else value


@lru_cache(maxsize=65536)
def address(value: str) -> IPv4Address | IPv6Address | None:
    """Return the IP address that a text is, or None."""
    try:
        return ip_address(value)
    except ValueError:
        return None


def compile_condition(condition: p.Condition) -> Check:
    """Return a closure that decides a single value. Raises ValueError for a wrong network."""
    match condition:
        case p.TextEq(wanted, cased):
            if cased:
                return lambda value: text(value) == wanted
            folded = fold(wanted)
            return lambda value: fold(value if type(value) is str else text(value)) == folded
        case p.NumEq(wanted_number):
            return lambda value: to_number(value) == wanted_number
        case p.Glob(pattern, cased):
            matches = pattern.matcher(cased)
            return lambda value: matches(value if type(value) is str else text(value))
        case p.Matches(regex):
            search = compile_python(regex).search
            return lambda value: search(value if type(value) is str else text(value)) is not None
        case p.Order(op, bound):
            return _order(ORDER[op], bound)
        case p.InNetwork(network):
            return _in_network(network)
        case _:
            assert_never(condition)


def _order(before: Before, bound: Scalar) -> Check:
    as_text = text(bound)
    if isinstance(bound, str):
        return lambda value: before(text(value), as_text)

    def check(value: Scalar) -> bool:
        amount = to_number(value)
        return before(text(value), as_text) if amount is None else before(amount, bound)

    return check


def _in_network(network: str) -> Check:
    wanted = ip_network(network, strict=False)

    def check(value: Scalar) -> bool:
        found = address(text(value))
        return found is not None and found.version == wanted.version and found in wanted

    return check
