"""Values of Sigma as tests of a field or of the whole event: spec/sigma-semantics.md 2 and 3."""

from __future__ import annotations

from typing import Any, Literal

from transpile.backends.sigma.read_places import refused

from transpile.errors import Span
from transpile.ir.expr import Call, Field
from transpile.ir.pattern import Part, Pattern, Wild
from transpile.ir.pred import (
    Compare,
    Condition,
    Exists,
    Glob,
    InNetwork,
    Matches,
    Not,
    NumEq,
    Order,
    Pred,
    Test,
    TextEq,
    any_of,
)
from transpile.ir.regex import Regex, RegexError, parse_regex

RAW = "_raw"
_ORDER: dict[str, Literal["<", "<=", ">", ">="]] = {"LT": "<", "LTE": "<=", "GT": ">", "GTE": ">="}
_FLAGS = {"IGNORECASE": "i", "MULTILINE": "m", "DOTALL": "s"}


def value_test(name: str, value: Any, place: Span, assumptions: dict[str, None]) -> Pred:
    """Return the test that some value of a field is as a Sigma value says.

    Raises `ReadingError` for a value that has no meaning on one event. assumptions: is added to.
    """
    from sigma import types as t

    subject = Field(name, span=place)
    match value:
        case t.SigmaExists():
            exists = Exists(subject, span=place)
            return exists if value.exists else Not(exists, span=place)
        case t.SigmaNull():
            return Not(Exists(subject, span=place), span=place)
        case t.SigmaExpansion():
            return any_of(value_test(name, part, place, assumptions) for part in value.values)
        case t.SigmaFieldReference():
            if value.starts_with or value.ends_with:
                raise refused("a part of another field (fieldref) is not read", place)
            other = Field(value.field, span=place)
            folded = Call("lower", (subject,)), Call("lower", (other,))
            return Compare("==", *folded, span=place)
        case t.SigmaCompareExpression():
            assumptions[f"{name} holds numbers only"] = None
    condition = _condition(value, place)
    if isinstance(condition, Glob) and condition.pattern.matches_all:
        return Exists(subject, span=place)
    return Test(subject, condition, span=place)


def keyword_test(value: Any, place: Span) -> Pred:
    """Return the test that the raw text of the event contains a keyword. Raises `ReadingError`."""
    from sigma import types as t

    subject = Field(RAW, span=place)
    match value:
        case t.SigmaExpansion():
            return any_of(keyword_test(part, place) for part in value.values)
        case t.SigmaString() | t.SigmaNumber():
            cased = isinstance(value, t.SigmaCasedString)
            parts = (
                _pattern(value, place).parts if isinstance(value, t.SigmaString) else (str(value),)
            )
            around = Pattern.of(Wild.RUN, *parts, Wild.RUN)
            return Test(subject, Glob(around, cased), span=place)
        case t.SigmaRegularExpression():
            return Test(subject, Matches(_regex(value, place)), span=place)
        case _:
            raise refused(f"a keyword of the kind {_kind(value)} is not read", place)


def _condition(value: Any, place: Span) -> Condition:
    from sigma import types as t

    match value:
        case t.SigmaString():
            pattern, cased = _pattern(value, place), isinstance(value, t.SigmaCasedString)
            return TextEq(pattern.text, cased) if pattern.is_literal else Glob(pattern, cased)
        case t.SigmaTimestampPart():
            raise refused(f"a part of a time ({_kind(value)}) is not read", place)
        case t.SigmaNumber():
            return NumEq(value.number)
        case t.SigmaBool():
            return TextEq(str(value.boolean).lower())
        case t.SigmaRegularExpression():
            return Matches(_regex(value, place))
        case t.SigmaCIDRExpression():
            return InNetwork(str(value.network))
        case t.SigmaCompareExpression() if value.op.name in _ORDER:
            return Order(_ORDER[value.op.name], value.number.number)
        case _:
            raise refused(f"a value of the kind {_kind(value)} is not read", place)


def _kind(value: Any) -> str:
    return type(value).__name__.removeprefix("Sigma")


def _pattern(value: Any, place: Span) -> Pattern:
    return Pattern.of(*(_part(part, place) for part in value.s))


def _part(part: object, place: Span) -> Part:
    from sigma.types import SpecialChars

    match part:
        case str():
            return part
        case SpecialChars.WILDCARD_MULTI:
            return Wild.RUN
        case SpecialChars.WILDCARD_SINGLE:
            return Wild.ONE
        case _:
            name = getattr(part, "name", part)
            raise refused(f"the placeholder %{name}% (expand) has no values here", place)


def _regex(value: Any, place: Span) -> Regex:
    flags = "".join(sorted(_FLAGS[flag.name] for flag in value.flags))
    written = str(value.regexp)
    try:
        return parse_regex(f"(?{flags}){written}" if flags else written)
    except RegexError as error:
        code = "CNT410" if error.unsupported else "CNT409"
        raise refused(f"the regular expression: {error}", place, code=code) from error
