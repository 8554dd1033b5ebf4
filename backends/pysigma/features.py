"""What a Sigma rule uses, and whether under a negation, read from pySigma's own parse."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from transpile.backends.pysigma.knowledge import Feature

if TYPE_CHECKING:
    from sigma.collection import SigmaCollection

Use = tuple[Feature, bool]


def uses(collection: SigmaCollection) -> tuple[Use, ...]:
    """Return the features of all rules, each with True where no negation stands around it."""
    from sigma.correlations import SigmaCorrelationRule

    found: dict[Use, None] = {}
    for rule in collection.rules:
        if isinstance(rule, SigmaCorrelationRule):
            found[_CORRELATIONS.get(rule.type.name, Feature.VALUES), True] = None
            continue
        for condition in rule.detection.parsed_condition:
            found.update(dict.fromkeys(_node(condition.parsed, True)))
    return tuple(found)


_CORRELATIONS = {
    "EVENT_COUNT": Feature.COUNT,
    "TEMPORAL": Feature.TEMPORAL,
    "TEMPORAL_ORDERED": Feature.TEMPORAL,
}


def _node(node: Any, positive: bool) -> Iterator[Use]:
    from sigma.conditions import (
        ConditionFieldEqualsValueExpression,
        ConditionItem,
        ConditionNOT,
        ConditionValueExpression,
    )

    match node:
        case ConditionNOT():
            yield Feature.NOT, positive
            yield from _node(node.args[0], not positive)
        case ConditionItem():
            for arg in node.args:
                yield from _node(arg, positive)
        case ConditionValueExpression():
            yield Feature.KEYWORD, positive
        case ConditionFieldEqualsValueExpression():
            for feature in _value(node.value):
                yield feature, positive
        case _:
            raise TypeError(f"no feature is known of the condition {type(node).__name__}")


def _value(value: Any) -> Iterator[Feature]:
    from sigma.types import (
        SigmaCasedString,
        SigmaCIDRExpression,
        SigmaExists,
        SigmaExpansion,
        SigmaFieldReference,
        SigmaRegularExpression,
        SigmaString,
        SpecialChars,
    )

    match value:
        case SigmaExpansion():
            for part in value.values:
                yield from _value(part)
        case SigmaCasedString():
            yield Feature.CASED
        case SigmaString():
            if SpecialChars.WILDCARD_SINGLE in value.s:
                yield Feature.ONE
            wild = any(isinstance(part, SpecialChars) for part in value.s)
            yield Feature.WILDCARD if wild else Feature.TEXT
        case SigmaRegularExpression():
            yield Feature.REGEX
        case SigmaExists():
            yield Feature.EXISTS
        case SigmaCIDRExpression():
            yield Feature.NETWORK
        case SigmaFieldReference():
            yield Feature.FIELD
        case _:
            return
