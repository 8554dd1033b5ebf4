"""Counts per group as `sequence by ... with maxspan ... with runs=N` (spec/eql-semantics.md 8.10).

A repetition says "at least N events". So it is exact for a lower bound of a count; a number of
different values needs at least as many events, and 200 events are more than 100, so that for these
a repetition still finds every group, and others.
"""

from __future__ import annotations

from dataclasses import field
from math import ceil, floor

from transpile.backends.eql import text
from transpile.backends.eql.types import boolean_text, elastic_type, spelled_as_boolean

from transpile.fidelity import Loss
from transpile.ir.events import EventRule, Threshold
from transpile.ir.pred import TRUE, Pred, all_of
from transpile.records import dataclass
from transpile.schema.fields import FieldTarget
from transpile.schema.resolve import Resolution

RUNS = range(2, 101)
_AT_LEAST = "EQL asks for at least so many events"
_ABSENT = "null_is_success"  # the derive whose target is missing for one of the field's values
# derives whose target groups events as the field does
_SAME_GROUPS = frozenset({None, "flattened_path", "host", "host_or_ip", _ABSENT})


@dataclass(frozen=True, slots=True)
class Runs:
    """A threshold that EQL can say: at least `count` events with the same keys within a span.

    keys: fields as EQL text.
    """

    count: int
    keys: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Keys:
    """Grouping fields as the keys of a sequence, and what is taken for granted of them.

    alike: source fields that are no keys, because all events of a group share their value.
    """

    shown: tuple[str, ...] = ()
    alike: tuple[str, ...] = ()
    premise: Pred = TRUE
    assumptions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Said:
    """What became of a threshold: a repetition, if it says at least part of it, and the rest."""

    runs: Runs | None = None
    losses: tuple[Loss, ...] = ()
    keys: Keys = field(default_factory=Keys)
    assumptions: tuple[str, ...] = ()


def threshold(
    rule: EventRule, resolution: Resolution, schedule: int | None, filled: frozenset[str]
) -> Said:
    """Return the threshold of a rule as a repetition, as far as it is one.

    schedule: seconds that one search covers, None if unknown.  filled: fields for which a data
    model shows a value where the event has none; as keys they are optional, so that events without
    them make one group (8.4).
    """
    wanted = rule.threshold
    if wanted is None:
        return Said()
    least = _least(wanted)
    count = None if least is None else min(least, RUNS.stop - 1)
    window = wanted.window or schedule
    keys = group_keys(wanted.by, resolution, filled)
    reason = (
        "EQL counts events only" if count is None
        else _AT_LEAST if count not in RUNS
        else "the time that one search covers is not known" if window is None
        else "a grouping field has no counterpart in Elastic" if keys is None
        else ""
    )  # fmt: skip
    if reason or count is None or window is None or keys is None:
        return Said(losses=(_loss(wanted, f"is left out: {reason}"),))
    runs = Runs(count, keys.shown, float(window))
    assumed = (
        f"the threshold is met by events within {text.span(runs.seconds)} of each other, "
        "wherever that span begins (the rule counts in fixed windows)",
    )
    if wanted.func == "dc" and wanted.field == "_raw":
        unlike = "no two events have the same text"
        return Said(runs, _capped(wanted, least), keys, (*assumed, unlike))
    if wanted.func == "dc":
        told = f"is widened: EQL counts events, not different values of {wanted.field}"
        return Said(runs, (_loss(wanted, told),), keys, assumed)
    return Said(runs, _capped(wanted, least), keys, assumed)


def _capped(wanted: Threshold, least: int | None) -> tuple[Loss, ...]:
    """Return the loss of what is beyond a repetition: more runs, or an upper bound."""
    if least is not None and least >= RUNS.stop:
        told = f"is widened: EQL repeats a stage at most {RUNS.stop - 1} times"
        return (_loss(wanted, told),)
    if wanted.op == "==":
        return (_loss(wanted, f"is widened: {_AT_LEAST}"),)
    return ()


def _loss(wanted: Threshold, told: str) -> Loss:
    shown = f"{wanted.func}({wanted.field}) {wanted.op} {wanted.number}"
    return Loss("TGT607", f"the threshold {shown} {told}", wanted.span)


def _least(wanted: Threshold) -> int | None:
    """Return how many events a group that meets the threshold has at least, None if any number."""
    if wanted.func not in ("count", "dc") or (wanted.func == "count" and wanted.field):
        return None
    match wanted.op:
        case ">":
            return floor(wanted.number) + 1
        case ">=" | "==":
            return ceil(wanted.number)
        case _:
            return None


def group_keys(
    names: tuple[str, ...], resolution: Resolution, filled: frozenset[str]
) -> Keys | None:
    """Return grouping fields as the keys of a sequence, None if Elastic has no such field.

    What the log source stands for is the same in all its events, and no key.
    """
    keys: dict[str, None] = {}
    alike: list[str] = []
    booleans: list[str] = []
    for name in names:
        target = resolution.fields.lookup(name, "ecs")
        if target is not None and target.drop in _FIXED:
            alike.append(name)
            continue
        if (key := key_of(name, resolution)) is None:
            return None
        optional = resolution.fields.strip(name) in filled or (
            target is not None and target.derive == _ABSENT
        )
        keys[f"?{key}" if optional else key] = None
        if target is not None and target.field and elastic_type(target.field, target) == "boolean":
            booleans.append(name)
    return Keys(
        tuple(keys),
        tuple(alike),
        all_of(map(spelled_as_boolean, booleans)),
        (
            *(f"{name} is the same in all events of a group" for name in alike),
            *map(boolean_text, booleans),
        ),
    )


def key_of(name: str, resolution: Resolution) -> str | None:
    """Return the field of one value by which events group as by a source field, None if none."""
    target = resolution.fields.lookup(name, "ecs")
    if target is not None and target.drop == "event_title":
        return "event.code"
    if target is None or target.field is None or not _is_plain(target):
        return None
    return text.field(target.field)


_FIXED = frozenset({"implied", "platform"})


def _is_plain(key: FieldTarget) -> bool:
    """Return whether a key is a field of one value that a group of the rule shares."""
    return key.derive in _SAME_GROUPS and not key.mv and "*" not in (key.field or "")
