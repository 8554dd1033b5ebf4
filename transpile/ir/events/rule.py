"""What a rule says about single events: its test, its threshold."""

from __future__ import annotations

import dataclasses
from typing import Literal

from transpile.errors import Span
from transpile.fidelity import Loss
from transpile.ir import stages as s
from transpile.ir.pred import (
    TRUE,
    CompareOp,
    Pred,
    all_of,
    any_of,
)
from transpile.ir.simplify import simplify_pred
from transpile.ir.walk import fields_of
from transpile.records import dataclass, replace

ThresholdOp = CompareOp | Literal["!="]


@dataclass(frozen=True, slots=True)
class Threshold:
    """A test on an aggregate of a group of events.

    func: key of `ir.functions.AGGREGATES`.  field: its argument, "" for a count of events.
    by: grouping fields of the source.  window: seconds of the bins of time in the grouping, None
    if the whole search is one window.  where: the events of the group that count.
    """

    func: str
    field: str
    op: ThresholdOp
    number: int | float
    by: tuple[str, ...] = ()
    window: float | None = None
    param: float | None = None
    where: Pred = TRUE
    span: Span | None = dataclasses.field(default=None, compare=False)

    @property
    def grows(self) -> bool:
        """Whether a group that passes still passes with more events in it."""
        return self.op in (">", ">=") and self.func in ("count", "dc", "sum")


@dataclass(frozen=True, slots=True)
class Partner:
    """The events of a joined search, of which each group of the rule must have one.

    keys: pairs of source fields, the rule's and the partner's, whose values make the groups.
    window: seconds of the bins of time that both must fall into, None if the whole search is one.
    """

    rule: EventRule
    keys: tuple[tuple[str, str], ...]
    window: float | None = None


@dataclass(frozen=True, slots=True)
class Ordered:
    """Two events of each group of the rule, one after the other: a transaction that is complete.

    keys: source fields whose values make the groups.  starts, ends: what the two meet besides the
    rule's test.  seconds: between them at most, None for any time.
    """

    keys: tuple[str, ...]
    starts: Pred
    ends: Pred
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class EventRule:
    """The part of a rule that single events decide.

    pred: over the source's own field names (unprefixed for a data model).  groups: the fields of
    the rule's grouping that are source fields.  required: what events are assumed to meet: they
    have the grouping fields (an event without them is in no group).  further: tests on the groups
    besides the threshold, if several were asked for.  partner: a joined search, likewise; ordered:
    likewise two events in order.  choices: pairs of fields that a wildcard renamed onto one name;
    groups and threshold name the first of a pair (`schema.choices` knows which of them events
    have).  losses: filters left out, each finds more.
    """

    source: s.Events | s.DataModel
    pred: Pred
    groups: tuple[str, ...] = ()
    required: Pred = TRUE
    threshold: Threshold | None = None
    partner: Partner | None = None
    ordered: Ordered | None = None
    choices: tuple[tuple[str, str], ...] = ()
    losses: tuple[Loss, ...] = ()
    assumptions: tuple[str, ...] = ()
    further: tuple[Threshold, ...] = ()

    @property
    def of_either(self) -> EventRule:
        """The rule with a test that single events of a pair meet, be they the first or the last."""
        if self.ordered is None:
            return self
        return replace(self, pred=simplify_pred(any_of(r.pred for r in self.either)))

    @property
    def either(self) -> tuple[EventRule, ...]:
        """The rule as one of its first and one of its last events; itself if it has no pairs."""
        if self.ordered is None:
            return (self,)
        tests = (self.ordered.starts, self.ordered.ends)
        return tuple(replace(self, pred=all_of((self.pred, test))) for test in tests)


def presence_text(required: Pred) -> str:
    """Return the assumption that events have the fields by which the rule groups."""
    return f"events have the fields the rule groups by: {', '.join(sorted(fields_of(required)))}"
