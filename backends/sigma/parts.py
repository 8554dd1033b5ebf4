"""What becomes one rule document: a search, and how Sigma says its filter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from functools import cache

from transpile.backends.base import Inputs
from transpile.backends.sigma.correlation import faithful
from transpile.backends.sigma.detection import Detection, detection
from transpile.backends.sigma.items import Item, Sayer, item

from transpile.errors import Unsupported
from transpile.fidelity import Loss
from transpile.ir.events import EventRule
from transpile.ir.pred import FALSE, TRUE, Pred, all_of
from transpile.ir.walk import fields_of
from transpile.records import dataclass
from transpile.schema.bounds import widen
from transpile.schema.datasets import LogSource
from transpile.schema.rewrite import Resolution, rewrite


@dataclass(frozen=True, slots=True)
class Said:
    """A filter as a detection; premise: what events are assumed to meet, over source fields.

    bare: the filter asks for nothing but the log source, the detection for a field of a group.
    """

    detection: Detection
    losses: tuple[Loss, ...]
    assumptions: tuple[str, ...]
    premise: Pred
    bare: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """What becomes one rule document: a search, where its events are, and how Sigma says it."""

    rule: EventRule
    resolution: Resolution
    source: LogSource
    said: Said
    keep_unmapped: bool = False

    @property
    def losses(self) -> tuple[Loss, ...]:
        """What the rule document finds more than the search."""
        return (*self.rule.losses, *self.said.losses)

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What the rule document takes for granted."""
        own = (*self.rule.assumptions, *self.said.assumptions)
        if self.resolution.dataset.sigma.status != "custom":
            return own
        parts = {key: value for key, value in asdict(self.source).items() if value}
        named = ", ".join(f"{key} {value}" for key, value in parts.items())
        return (*own, f"the log source {named} is this project's name: Sigma has none for the data")

    @property
    def required(self) -> Pred:
        """What events of the search are assumed to meet."""
        return all_of((self.rule.required, self.said.premise))

    def inputs(self, further: Sequence[str] = ()) -> Inputs:
        """Return what the engine needs; further: source fields read besides those of the filter."""
        return Inputs(
            dataset=self.resolution.dataset.id,
            variant=self.resolution.variant or "",
            platform=self.resolution.platform,
            schema="sigma",
            fields=tuple(sorted(fields_of(self.rule.pred) | set(further))),
        )


def say(
    pred: Pred,
    resolution: Resolution,
    *,
    keep_unmapped: bool = False,
    keys: Sequence[str] = (),
) -> Said:
    """Return a filter over source fields as a detection that finds all that it finds.

    keys: source fields that every event of a group has; a filter that asks for nothing asks for
    them.  Raises Unsupported if nothing of it remains, or if it can never be true.
    """
    rewritten = rewrite(pred, resolution, "sigma", keep_unmapped=keep_unmapped)
    sayer = Sayer(rewritten.fields)
    sayable, losses = widen(rewritten.pred, sayer)
    if sayable == FALSE:
        raise Unsupported("the rule's filter can never be true", code="TGT604")
    if sayable == TRUE and losses:
        first = losses[0]
        message = f"nothing of the filter remains: {first.message}"
        raise Unsupported(message, code=first.code, span=first.span)
    item_of = cache(lambda leaf: item(leaf, rewritten.fields))
    found = detection(sayable, item_of, _always(resolution))
    bare = False
    if not found.searches:
        asked = _every(resolution)
        bare = not asked
        asked = asked or _present(resolution, keys)
        found = detection(sayable, item_of, asked)
    return Said(
        found,
        (*rewritten.losses, *losses),
        (*rewritten.assumptions, *sayer.assumptions),
        all_of((rewritten.premise, *sayer.premises)),
        bare,
    )


def _always(resolution: Resolution) -> tuple[Item, ...]:
    """Return the tests that the dataset adds to its log source (an event id of a channel)."""
    sigma = resolution.dataset.sigma
    variant = sigma.variants.get(resolution.variant or "")
    selection = variant.selection if variant is not None else sigma.selection
    return tuple(Item(name, (), tuple(values)) for name, values in selection.items())


def _every(resolution: Resolution) -> tuple[Item, ...]:
    """Return a test that every event of a log source passes, none if none is known."""
    event = resolution.dataset.event
    return () if event is None else (Item("EventID", (), (event.id,)),)


def _present(resolution: Resolution, keys: Sequence[str]) -> tuple[Item, ...]:
    """Return the test that an event can be in a group, for a rule without a filter."""
    names = [found for name in keys if (found := faithful(resolution, name)) is not None]
    if not names:
        raise Unsupported("the rule filters nothing but its log source", code="TGT604")
    return tuple(Item(name, ("exists",), (True,)) for name in dict.fromkeys(names))
