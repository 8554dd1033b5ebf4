"""Sigma correlations over matched events: which groups alert within a sliding window.

Source: Sigma correlation rules specification 2.1; spec/sigma-semantics.md 7. A window is closed at
both ends. An event without one of the grouping fields is in no group.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

from transpile.backends.sigma.evaluate import text, values

from transpile.ir.text import number

if TYPE_CHECKING:
    from sigma.correlations import SigmaCorrelationRule

Shown = Mapping[str, Any]
Key = tuple[str, ...]
# (time, name of the rule that matched, event)
Hit = tuple[float, str, Shown]
Test = Callable[[Sequence[Hit]], bool]

_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "LT": operator.lt,
    "LTE": operator.le,
    "GT": operator.gt,
    "GTE": operator.ge,
    "EQ": operator.eq,
    "NEQ": operator.ne,
}


# the events of a rule that matched, or the alerts of a correlation: when, and what they show
Hits = Sequence[tuple[float, Shown]]


def alerts(
    correlation: SigmaCorrelationRule, hits: Mapping[str, Hits]
) -> tuple[list[tuple[float, Shown]], frozenset[Key]]:
    """Return the alerts of a correlation, each at the end of its window, and their groups.

    hits: by the name of what the correlation refers to.  An alert shows the fields of its group.
    Raises TypeError for a correlation type without evaluation (percentiles, extended conditions).
    """
    seconds = float(correlation.timespan.seconds)
    groups: dict[Key, list[Hit]] = {}
    for name, found in hits.items():
        names = group_fields(correlation, name)
        for time, shown in found:
            for key in keys_of(shown, names):
                groups.setdefault(key, []).append((time, name, shown))
    holds = _test(correlation)
    own = tuple(correlation.group_by or ())
    raised: list[tuple[float, Shown]] = []
    alerting: set[Key] = set()
    for key, members in groups.items():
        for window in _windows(members, seconds):
            if holds(window):
                alerting.add(key)
                raised.append((window[-1][0], dict(zip(own, key, strict=True))))
    return raised, frozenset(alerting)


def group_fields(correlation: SigmaCorrelationRule, rule: str) -> tuple[str, ...]:
    """Return the fields by which the events of a rule make groups: aliases stand for its own."""
    aliases = correlation.aliases.aliases
    return tuple(
        _alias(aliases[name], rule) if name in aliases else name
        for name in correlation.group_by or ()
    )


def _alias(alias: Any, rule: str) -> str:
    """Return the field that an alias means in a rule. Raises TypeError if it means none."""
    for reference, field in alias.mapping.items():
        if reference.reference == rule:
            return str(field)
    raise TypeError(f"the alias {alias.alias} has no field of {rule}")


def keys_of(shown: Shown, names: Sequence[str]) -> Iterator[Key]:
    """Yield the groups of an event: one for each combination of the values of its keys."""
    yield from product(*([text(item) for item in values(shown.get(name))] for name in names))


def _windows(hits: list[Hit], seconds: float) -> Iterator[list[Hit]]:
    """Yield the events in the window that ends with each event, in order of time."""
    ordered = sorted(hits, key=lambda hit: hit[0])
    start = 0
    for end, (time, _, _) in enumerate(ordered):
        while ordered[start][0] < time - seconds:
            start += 1
        last = end + 1
        if last < len(ordered) and ordered[last][0] == time:
            continue
        yield ordered[start:last]


def _test(correlation: SigmaCorrelationRule) -> Test:
    kind = correlation.type.name
    if kind in ("TEMPORAL", "TEMPORAL_ORDERED"):
        wanted = [reference.reference for reference in correlation.rules or ()]
        return lambda hits: _temporal(hits, wanted, ordered=kind == "TEMPORAL_ORDERED")
    condition: Any = correlation.condition
    measure = _MEASURES.get(kind)
    if measure is None or isinstance(condition.fieldref, list):
        raise TypeError(f"no evaluation for the correlation {kind.lower()}")
    compare, bound, field = _COMPARE[condition.op.name], condition.count, condition.fieldref

    def decide(hits: Sequence[Hit]) -> bool:
        amount = measure([item for hit in hits for item in _measured(hit, field)])
        return amount is not None and compare(amount, bound)

    return decide


def _measured(hit: Hit, field: str | None) -> list[Any]:
    return [None] if field is None else values(hit[2].get(field))


def _numbers(items: Sequence[Any]) -> list[float]:
    return [amount for item in items if (amount := number(text(item))) is not None]


def _sum(items: Sequence[Any]) -> float | None:
    amounts = _numbers(items)
    return sum(amounts) if amounts else None


def _avg(items: Sequence[Any]) -> float | None:
    amounts = _numbers(items)
    return sum(amounts) / len(amounts) if amounts else None


_MEASURES: Mapping[str, Callable[[Sequence[Any]], float | None]] = {
    "EVENT_COUNT": len,
    "VALUE_COUNT": lambda items: len({text(item) for item in items}),
    "VALUE_SUM": _sum,
    "VALUE_AVG": _avg,
}


def _temporal(hits: Sequence[Hit], wanted: Sequence[str], *, ordered: bool) -> bool:
    """Return whether every rule matched in the window, in the order of the list if `ordered`."""
    if not ordered:
        return {name for _, name, _ in hits} >= set(wanted)
    reached = 0
    for _, name, _ in hits:
        if reached < len(wanted) and name == wanted[reached]:
            reached += 1
    return reached == len(wanted)
