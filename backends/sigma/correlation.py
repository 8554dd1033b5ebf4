"""A threshold on groups of events as a Sigma correlation, where its types can say it.

Sigma counts in a sliding window: it finds every group that a search over one window of that length
finds (spec/sigma-semantics.md 7).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from math import ceil
from typing import Any

from transpile.fidelity import Loss
from transpile.ir.events import Partner, Threshold
from transpile.ir.expr import Field
from transpile.ir.pred import TRUE, Compare, Exists, Pred, Test, TextEq, all_of
from transpile.records import dataclass
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
# derives whose target tells more, which is taken to be the same wherever the field is
_ONE_EACH: Mapping[str | None, str] = {
    "account_name": "{} stands for one account, with its domain",
    "basename": "{} stands for one path in the events of a group",
}
RAW = "_raw"
_HOST = "host"
_COMPUTER = "Computer"
_SAME_HOST = "host is the computer that events tell of ({})"
_UNITS = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))


@dataclass(frozen=True, slots=True)
class Correlated:
    """A threshold in Sigma: the `correlation` mapping, or None with the loss that says why not.

    groups: the source fields that its groups are by; those that others determine are left out.
    premise, distinct: what events are assumed to meet, and fields of which no two share a value.
    alike: source fields whose value all events of a group are assumed to share.
    """

    correlation: dict[str, Any] | None
    groups: tuple[str, ...] = ()
    losses: tuple[Loss, ...] = ()
    assumptions: tuple[str, ...] = ()
    premise: Pred = TRUE
    distinct: tuple[str, ...] = ()
    alike: tuple[str, ...] = ()


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
    measure = _measure(threshold, resolution)
    if isinstance(measure, str):
        return _left_out(threshold, measure)
    grouping = _grouping(threshold.by, resolution)
    if grouping.left and not growing:
        return _left_out(threshold, f"{grouping.left[0]} has no counterpart with the same values")
    correlation: dict[str, Any] = {"type": measure.kind, "rules": [rule_name]}
    if grouping.keys:
        correlation["group-by"] = list(dict.fromkeys(grouping.keys.values()))
    condition: dict[str, Any] = {"field": measure.field} if measure.field else {}
    condition[_OPERATORS[threshold.op]] = threshold.number
    correlation |= {"timespan": timespan(seconds), "condition": condition}
    alike = tuple(name for name in threshold.by if resolution.fields.strip(name) in _METADATA)
    losses = [
        Loss(
            "TGT607",
            f"groups are not told apart by {name}, for which Sigma has no field of the same values",
            threshold.span,
        )
        for name in grouping.left
    ]
    if not growing:
        losses.append(_loss(threshold, "a window slides over smaller groups as well"))
    return Correlated(
        correlation,
        tuple(grouping.keys),
        tuple(losses),
        (
            *_assumptions(threshold, resolution, seconds),
            *measure.assumptions,
            *grouping.assumptions,
            *(f"{name} is the same in all events of a group" for name in alike),
        ),
        all_of((measure.premise, grouping.premise)),
        measure.distinct,
        alike,
    )


@dataclass(frozen=True, slots=True)
class _Measure:
    """What a correlation measures: its type, and the target field that it counts or adds."""

    kind: str
    field: str = ""
    assumptions: tuple[str, ...] = ()
    premise: Pred = TRUE
    distinct: tuple[str, ...] = ()


def _measure(threshold: Threshold, resolution: Resolution) -> _Measure | str:
    """Return the measure of a threshold, or why there is none."""
    name = threshold.field
    if threshold.func == "dc" and name == RAW:
        text = "no two events of a group have the same text"
        return _Measure("event_count", "", (text,), Exists(Field(RAW)), (RAW,))
    kind = _TYPES.get(threshold.func)
    if kind is None or (threshold.func == "count" and name):
        return f"Sigma has no correlation for {threshold.func}"
    if not name:
        return _Measure(kind)
    found = faithful(resolution, name)
    if found is not None:
        return _Measure(kind, found)
    target = target_field(resolution, name, "sigma")
    if threshold.func == "dc" and target is not None and target.derive in _ONE_EACH:
        assert target.field is not None
        return _Measure(kind, target.field, (_ONE_EACH[target.derive].format(name),))
    return f"{name} has no counterpart"


@dataclass(frozen=True, slots=True)
class Related:
    """A join in Sigma: what relates the two rules, or the reason why nothing does.

    keys: pairs of the source fields that do.  premises: what the events of each are assumed to
    meet.
    """

    correlation: dict[str, Any] | None
    keys: tuple[tuple[str, str], ...] = ()
    assumptions: tuple[str, ...] = ()
    premises: tuple[Pred, Pred] = (TRUE, TRUE)
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
    made = [
        _grouping([keys[place] for keys in partner.keys], side)
        for place, side in enumerate((left, right))
    ]
    for own, other in partner.keys:
        one, two = made[0].keys.get(own), made[1].keys.get(other)
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
    told = (text for grouping in made for text in grouping.assumptions)
    return Related(
        correlation,
        partner.keys,
        (_window_text(partner.window, seconds), *told),
        (made[0].premise, made[1].premise),
    )


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


@dataclass(slots=True)
class _Grouping:
    """keys: source field -> target field.  left: keys that Sigma cannot group by."""

    keys: dict[str, str] = field(default_factory=dict)
    assumptions: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    premise: Pred = TRUE


def _grouping(names: Sequence[str], resolution: Resolution) -> _Grouping:
    """Return the fields that make the groups in Sigma."""
    found = _Grouping()
    direct = {faithful(resolution, name) for name in names}
    for name in names:
        target = resolution.fields.lookup(name, "sigma")
        kept = faithful(resolution, name)
        if kept is not None:
            found.keys[name] = kept
        elif _is_fixed(name, names, resolution):
            found.assumptions.append(f"{name} is the same in all events of a group")
            found.premise = all_of((found.premise, _in_one_case(name, resolution)))
        elif name == _HOST and (told := _computer(resolution)) is not None:
            found.keys[name] = _COMPUTER
            found.assumptions.append(_SAME_HOST.format(told))
            found.premise = all_of((found.premise, _same_host(told)))
        elif target is None or target.field is None:
            found.left.append(name)
        elif target.field in direct:
            continue  # a part of a field that makes groups anyway
        elif target.derive in _ONE_EACH:
            found.keys[name] = target.field
            found.assumptions.append(_ONE_EACH[target.derive].format(name))
        else:
            found.left.append(name)
    return found


def _computer(resolution: Resolution) -> str | None:
    """Return the source field that tells the computer of an event, None if the source has none."""
    names = ("dest", "dvc", "ComputerName", "Computer")
    return next((name for name in names if faithful(resolution, name) == _COMPUTER), None)


def _same_host(told: str) -> Pred:
    return Compare("==", Field(_HOST), Field(told))


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


def _in_one_case(name: str, resolution: Resolution) -> Pred:
    """Return the test that a key which the filter asks for is spelled as it asks."""
    literals = dict(resolution.filtered).get(name, ())
    if len(literals) != 1 or "*" in literals[0]:
        return TRUE
    return Test(Field(name), TextEq(literals[0], cased=True))


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
