"""Sigma detections as closures over one event (flat names, values text, number, bool or list)."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from transpile.interpret.events import raw_text
from transpile.ir.pattern import Part, Pattern, Wild
from transpile.ir.text import fold, number

if TYPE_CHECKING:
    from sigma.rule import SigmaRule
    from sigma.types import SigmaString, SigmaType

Shown = Mapping[str, Any]
Decide = Callable[[Shown], bool]
Check = Callable[[Any], bool]

_ORDER: Mapping[str, Callable[[float, float], bool]] = {
    "LT": operator.lt,
    "LTE": operator.le,
    "GT": operator.gt,
    "GTE": operator.ge,
    "NEQ": operator.ne,
}


def compile_rule(rule: SigmaRule) -> Decide:
    """Return a closure that decides an event; several conditions are alternatives.

    Raises TypeError for a value type that has no meaning on an event (a placeholder).
    """
    parts = [_compile(condition.parsed) for condition in rule.detection.parsed_condition]
    return lambda shown: any(part(shown) for part in parts)


def number_fields(rule: SigmaRule) -> frozenset[str]:
    """Return the fields that a rule compares with numbers."""
    return frozenset(
        name
        for condition in rule.detection.parsed_condition
        for name in _number_fields(condition.parsed)
    )


def is_plain_number(value: Any) -> bool:
    """Return whether a value is a number in its plain spelling: `5`, not `05` or `5.0`."""
    amount = _number(value)
    return amount is not None and text(value) == text(amount)


def _number_fields(node: Any) -> Iterator[str]:
    """Yield the fields that a condition compares with numbers."""
    from sigma.conditions import ConditionFieldEqualsValueExpression, ConditionItem
    from sigma.types import SigmaCompareExpression, SigmaNumber

    if isinstance(node, ConditionItem):
        for arg in node.args:
            yield from _number_fields(arg)
    elif isinstance(node, ConditionFieldEqualsValueExpression) and isinstance(
        node.value, (SigmaCompareExpression, SigmaNumber)
    ):
        yield node.field


def _compile(node: Any) -> Decide:
    from sigma.conditions import (
        ConditionAND,
        ConditionFieldEqualsValueExpression,
        ConditionNOT,
        ConditionOR,
        ConditionValueExpression,
    )

    match node:
        case ConditionAND():
            every = [_compile(arg) for arg in node.args]
            return lambda shown: all(part(shown) for part in every)
        case ConditionOR():
            some = [_compile(arg) for arg in node.args]
            return lambda shown: any(part(shown) for part in some)
        case ConditionNOT():
            inner = _compile(node.args[0])
            return lambda shown: not inner(shown)
        case ConditionFieldEqualsValueExpression():
            return _field_test(node.field, node.value)
        case ConditionValueExpression():
            return _keyword(node.value)
        case _:
            raise TypeError(f"no evaluation for the condition {type(node).__name__}")


def _field_test(field: str, value: SigmaType) -> Decide:
    """Return the test of a field: some of its values passes."""
    from sigma.types import SigmaExists, SigmaExpansion, SigmaFieldReference, SigmaNull

    match value:
        case SigmaExists():
            wanted = bool(value.exists)
            return lambda shown: bool(values(shown.get(field))) is wanted
        case SigmaNull():
            return lambda shown: not values(shown.get(field))
        case SigmaExpansion():
            parts = [_field_test(field, part) for part in value.values]
            return lambda shown: any(part(shown) for part in parts)
        case SigmaFieldReference():
            return _same_as(field, value.field)
        case _:
            check = _check(value)
            return lambda shown: any(map(check, values(shown.get(field))))


def _same_as(field: str, other: str) -> Decide:
    """Return the test that two fields share a value, without case as all text in Sigma."""

    def decide(shown: Shown) -> bool:
        mine = {_comparable(item) for item in values(shown.get(field))}
        return any(_comparable(item) in mine for item in values(shown.get(other)))

    return decide


def _comparable(value: Any) -> str | float:
    amount = _number(value)
    return fold(text(value)) if amount is None else amount


def _check(value: SigmaType) -> Check:
    """Return the test of one value."""
    from sigma.types import (
        SigmaBool,
        SigmaCasedString,
        SigmaCIDRExpression,
        SigmaCompareExpression,
        SigmaNumber,
        SigmaRegularExpression,
        SigmaString,
    )

    match value:
        case SigmaString():
            matches = _pattern(value).matcher(isinstance(value, SigmaCasedString))
            return lambda item: matches(text(item))
        case SigmaNumber():
            wanted = value.number
            return lambda item: _number(item) == wanted
        case SigmaBool():
            word = str(value.boolean).lower()
            return lambda item: fold(text(item)) == word
        case SigmaRegularExpression():
            search = re.compile(str(value.regexp), _flags(value.flags)).search
            return lambda item: search(text(item)) is not None
        case SigmaCIDRExpression():
            return _in_network(value.network)
        case SigmaCompareExpression():
            before, bound = _ORDER[value.op.name], float(value.number.number)
            return lambda item: (amount := _number(item)) is not None and before(amount, bound)
        case _:
            raise TypeError(f"no evaluation for the value {type(value).__name__}")


def _flags(flags: Any) -> re.RegexFlag:
    found = re.RegexFlag(0)
    for flag in flags:
        found |= re.RegexFlag[flag.name]
    return found


def _in_network(network: Any) -> Check:
    def check(item: Any) -> bool:
        try:
            address = ip_address(text(item))
        except ValueError:
            return False
        return address.version == network.version and address in network

    return check


def _pattern(value: SigmaString) -> Pattern:
    return Pattern.of(*map(_part, value.s))


def _part(part: object) -> Part:
    """Return a part of a Sigma string as one of a pattern. Raises TypeError for a placeholder."""
    from sigma.types import SpecialChars

    match part:
        case str():
            return part
        case SpecialChars.WILDCARD_MULTI:
            return Wild.RUN
        case SpecialChars.WILDCARD_SINGLE:
            return Wild.ONE
        case _:
            raise TypeError(f"no evaluation for {part!r}")


def _keyword(value: SigmaType) -> Decide:
    """Return the search for a keyword anywhere in the event: its raw text, else all its values."""
    from sigma.types import SigmaNumber, SigmaRegularExpression, SigmaString

    if isinstance(value, SigmaRegularExpression):
        check = _check(value)
        return lambda shown: check(_raw(shown))
    if not isinstance(value, (SigmaString, SigmaNumber)):
        raise TypeError(f"no evaluation for the keyword {type(value).__name__}")
    inner = _pattern(value).parts if isinstance(value, SigmaString) else (str(value),)
    matches = Pattern.of(Wild.RUN, *inner, Wild.RUN).matcher(False)
    return lambda shown: matches(_raw(shown))


def _raw(shown: Shown) -> str:
    raw = shown.get("_raw")
    return text(raw) if raw is not None else raw_text(dict(shown))


def values(value: Any) -> list[Any]:
    """Return the values of a field; none for a missing one."""
    items = value if isinstance(value, (list, tuple)) else (value,)
    return [item for item in items if item is not None]


def text(value: Any) -> str:
    """Return one value as text."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _number(value: Any) -> float | None:
    return None if isinstance(value, bool) else number(text(value))
