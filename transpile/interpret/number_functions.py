"""Arithmetic: numbers in, a number out; an operand that does not look like a number gives missing.

Numbers are doubles (spl-semantics 3.1): a whole result up to 2**53 is an `int`, so that it prints
without decimals. An overflow is infinite, a result outside the domain is `nan` (3.2).
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from functools import reduce
from typing import Any

from transpile.ir.decide import Scalar, text, to_number
from transpile.ir.text import whole

Number = int | float
_MASK_53 = 2**53 - 1


def _numeric(operation: Callable[..., Number | None]) -> Callable[..., Number | None]:
    """Return the operation over values: operands become numbers, the result is tidied."""

    def run(*values: Scalar) -> Number | None:
        numbers: list[Number] = []
        for value in values:
            amount = to_number(value)
            if amount is None:
                return None
            numbers.append(amount)
        try:
            found = operation(*numbers)
        except OverflowError:
            return math.inf
        except ValueError:
            return math.nan
        return None if found is None else whole(float(found))

    return run


def _divide(left: Number, right: Number) -> Number | None:
    return left / right if right else None


def _remainder(left: Number, right: Number) -> Number | None:
    return math.fmod(left, right) if right else None


def _power(base: Number, exponent: Number) -> Number:
    return math.inf if base == 0 and exponent < 0 else math.pow(base, exponent)


def _integer(step: Callable[[float], int]) -> Callable[[Number], Number]:
    return lambda value: step(value) if math.isfinite(value) else value


def _round(value: Number, decimals: Number = 0) -> Number | None:
    """Round half away from zero, judging by the digits shown: 2.555 to two decimals is 2.56."""
    if decimals < 0 or decimals != int(decimals):
        return None
    if not math.isfinite(value) or decimals > 300:
        return value
    return float(Decimal(repr(value)).quantize(Decimal(1).scaleb(-int(decimals)), ROUND_HALF_UP))


def _log(value: Number, base: Number = 10) -> Number | None:
    if value <= 0 or base <= 0 or base == 1:
        return None
    return math.log10(value) if base == 10 else math.log(value, base)


def _logarithm(value: Number) -> Number | None:
    return math.log(value) if value > 0 else None


def _bits(operation: Callable[[int, int], int]) -> Callable[..., Number | None]:
    """Return an operation over non-negative whole numbers; others give missing."""

    def run(*values: Number) -> Number | None:
        if any(v < 0 or v != int(v) for v in values if math.isfinite(v)) or not all(
            map(math.isfinite, values)
        ):
            return None
        return reduce(operation, map(int, values))

    return run


def _shift(left: int, right: int) -> int:
    return (left << right) & _MASK_53 if right < 53 else 0


def _bit_not(value: int, mask: int) -> int:
    return ~value & mask


def _plus(left: Scalar, right: Scalar) -> Scalar | None:
    """SPL's `+`: a sum of two numbers, a text of two texts, else missing (3.3, U3)."""
    a, b = to_number(left), to_number(right)
    if a is None and b is None:
        return text(left) + text(right)
    return None if a is None or b is None else whole(float(a + b))


_SIMPLE: Mapping[str, Callable[..., Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": _divide,
    "mod": _remainder,
    "neg": operator.neg,
    "abs": abs,
    "ceil": _integer(math.ceil),
    "floor": _integer(math.floor),
    "round": _round,
    "sqrt": math.sqrt,
    "pow": _power,
    "exp": math.exp,
    "ln": _logarithm,
    "log": _log,
    "pi": lambda: math.pi,
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "asin": math.asin,
    "acos": math.acos,
    "atan": math.atan,
    "atan2": math.atan2,
    "hypot": math.hypot,
    "sinh": math.sinh,
    "cosh": math.cosh,
    "tanh": math.tanh,
    "asinh": math.asinh,
    "acosh": math.acosh,
    "atanh": math.atanh,
    "bit_and": _bits(operator.and_),
    "bit_or": _bits(operator.or_),
    "bit_xor": _bits(operator.xor),
    "bit_not": lambda value, mask=_MASK_53: _bits(_bit_not)(value, mask),
    "bit_shift_left": _bits(_shift),
    "bit_shift_right": _bits(operator.rshift),
}

NUMBER_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    **{name: _numeric(operation) for name, operation in _SIMPLE.items()},
    "plus": _plus,
}
