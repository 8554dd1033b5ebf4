"""A threshold on groups of events as a Sigma correlation, where its types can say it.

Sigma counts in a sliding window: it finds every group that a search over one window of that length
finds (spec/sigma-semantics.md 7).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from transpile.fidelity import Loss
from transpile.ir.events import Partner, Threshold
from transpile.schema.cim import never_missing
from transpile.schema.resolve import EVENT_CODE_FIELDS
from transpile.schema.rewrite import Resolution, target_field

# aggregate -> correlation type; a count takes no field
_TYPES: Mapping[str, str] = {
    "count": "event_count",
    "dc": "value_count",
    "sum": "value_sum",
    "avg": "value_avg",
}
_OPERATORS: Mapping[str, str] = {
    ">": "gt",
    ">=": "gte",
    "<": "lt",
    "<=": "lte",
    "==": "eq",
    "!=": "neq",
}
# derives whose target groups events as the field does
_FAITHFUL = frozenset({None, "host", "host_or_ip", "flattened_path"})
# fields that say where an event came from: a log source has one value of them
_METADATA = frozenset({"index", "sourcetype"})
_UNITS = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))


@dataclass(frozen=True, slots=True)
class Correlated:
    """A threshold in Sigma: the `correlation` mapping, or None with the loss that says why not.

    groups: the source fields that its groups are by; those that others determine are left out.
    """

    correlation: dict[str, Any] | None
    groups: tuple[str, ...] = ()
    losses: tuple[Loss, ...] = ()
    assumptions: tuple[str, ...] = ()


def correlated(
    threshold: Threshold,
    resolution: Resolution,
    rule_name: str,
    *,
    window: int | None,
    widened: bool,
) -> Correlated:
    """Return the correlation over the rule named `rule_name`.

    window: seconds that one run of the search covers, None if unknown.  widened: the event rule
    finds more events than the search, so only a lower limit on a growing number stays sound.
    """
    seconds = threshold.window or window
    growing = threshold.op in (">", ">=") and threshold.func in ("count", "dc", "sum")
    if seconds is None:
        return _left_out(threshold, "no time window is known for it")
    if widened and not growing:
        return _left_out(threshold, "more events than the rule's own would change it")
    kind = _TYPES.get(threshold.func)
    if kind is None or (threshold.func == "count" and threshold.field):
        return _left_out(threshold, f"Sigma has no correlation for {threshold.func}")
    grouping = _grouping(threshold.by, resolution)
    if grouping is None:
        return _left_out(threshold, "a grouping field has no counterpart with the same values")
    condition: dict[str, Any] = {_OPERATORS[threshold.op]: threshold.number}
    if threshold.field:
        measured = faithful(resolution, threshold.field)
        if measured is None:
            return _left_out(threshold, f"{threshold.field} has no counterpart")
        condition = {"field": measured, **condition}
    correlation: dict[str, Any] = {"type": kind, "rules": [rule_name]}
    if grouping.keys:
        correlation["group-by"] = list(dict.fromkeys(grouping.keys.values()))
    correlation |= {"timespan": timespan(seconds), "condition": condition}
    losses = () if growing else (_loss(threshold, "a window slides over smaller groups as well"),)
    assumptions = (*_assumptions(threshold, resolution, seconds), *grouping.assumptions)
    return Correlated(correlation, tuple(grouping.keys), losses, assumptions)


@dataclass(frozen=True, slots=True)
class Related:
    """A join in Sigma: what relates the two rules, or the reason why nothing does.

    keys: pairs of the source fields that do.
    """

    correlation: dict[str, Any] | None
    keys: tuple[tuple[str, str], ...] = ()
    assumptions: tuple[str, ...] = ()
    why: str = ""


def related(
    partner: Partner, sides: Sequence[tuple[str, Resolution]], *, window: int | None
) -> Related:
    """Return the correlation of a rule and its partner: each matches, with the same keys.

    sides: name and resolution of the rule and of its partner.  window: as for `correlated`.
    """
    seconds = partner.window or window
    if seconds is None:
        return Related(None, why="no time window is known for it")
    (mine, left), (theirs, right) = sides
    names: list[str] = []
    aliases: dict[str, dict[str, str]] = {}
    for own, other in partner.keys:
        one, two = faithful(left, own), faithful(right, other)
        if one is None or two is None:
            return Related(None, why=f"{own} has no counterpart with the same values")
        if one == two:
            names.append(one)
        else:
            names.append(own)
            aliases[own] = {mine: one, theirs: two}
    correlation: dict[str, Any] = {
        "type": "temporal",
        "rules": [mine, theirs],
        "group-by": list(dict.fromkeys(names)),
        "timespan": timespan(seconds),
    }
    if aliases:
        correlation["aliases"] = aliases
    return Related(correlation, partner.keys, (_window_text(partner.window, seconds),))


def _window_text(bins: float | None, seconds: float) -> str:
    span = timespan(seconds)
    if bins:
        return f"the bins of {span} become a window of {span} that slides"
    return f"the events of one run of the search lie within {span}, its window"


def timespan(seconds: float) -> str:
    """Return a duration in the largest unit that divides it.

    >>> timespan(300), timespan(5400), timespan(0.5)
    ('5m', '90m', '1s')
    """
    whole = max(1, ceil(seconds))
    size, unit = next((size, unit) for size, unit in _UNITS if whole % size == 0)
    return f"{whole // size}{unit}"


@dataclass(frozen=True, slots=True)
class _Grouping:
    """keys: source field -> target field."""

    keys: dict[str, str]
    assumptions: tuple[str, ...] = ()


def _grouping(names: Sequence[str], resolution: Resolution) -> _Grouping | None:
    """Return the fields that make the groups in Sigma, None if they cannot be made."""
    keys: dict[str, str] = {}
    assumptions: list[str] = []
    direct = {faithful(resolution, name) for name in names}
    for name in names:
        target = resolution.fields.lookup(name, "sigma")
        kept = faithful(resolution, name)
        if kept is not None:
            keys[name] = kept
        elif _is_fixed(name, names, resolution):
            assumptions.append(f"{name} is the same in all events of a group")
        elif target is None or target.field is None:
            return None
        elif target.derive == "account_name":
            keys[name] = target.field
            assumptions.append(f"{name} stands for one account, with its domain")
        elif target.field not in direct:
            return None  # else a part of a field that makes groups anyway
    return _Grouping(keys, tuple(assumptions))


def _is_fixed(name: str, names: Sequence[str], resolution: Resolution) -> bool:
    """Return whether the log source, or the event code among the keys, determines a key."""
    if name in _METADATA:
        return True
    target = resolution.fields.lookup(name, "sigma")
    match target.drop if target is not None and not target.approximate else None:
        case None:
            return False
        case "event_title":
            codes = {"signature_id", *EVENT_CODE_FIELDS}
            return resolution.dataset.event is not None or bool(codes & set(names))
        case "fs_action":
            selected = resolution.logsource
            return selected is not None and selected.category == "file_delete"
        case _:
            return True


def faithful(resolution: Resolution, field: str) -> str | None:
    """Return the target field whose values make the groups that a source field makes."""
    target = target_field(resolution, field, "sigma")
    return target.field if target is not None and target.derive in _FAITHFUL else None


def _assumptions(threshold: Threshold, resolution: Resolution, seconds: float) -> tuple[str, ...]:
    texts = [_window_text(threshold.window, seconds)]
    filled = never_missing(*resolution.node) if resolution.node else frozenset()
    if keys := [name for name in threshold.by if name in filled]:
        texts.append(f"events that lack {', '.join(keys)} need no group of their own")
    if threshold.func == "sum":
        texts.append(f"{threshold.field} is never negative")
    return tuple(texts)


def _left_out(threshold: Threshold, why: str) -> Correlated:
    return Correlated(None, losses=(_loss(threshold, why),))


def _loss(threshold: Threshold, why: str) -> Loss:
    measured = f"{threshold.func}({threshold.field})" if threshold.field else threshold.func
    test = f"{measured} {threshold.op} {threshold.number:g}"
    return Loss("TGT607", f"the threshold {test} is not kept: {why}", threshold.span)
