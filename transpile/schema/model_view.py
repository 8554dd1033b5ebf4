"""An event as a target sees it that was told of a data model's event.

A data model fills what an event lacks (`schema.cim`); no other taxonomy does. So the view of a data
model's event is made of what the model calculates and lower-cases, but without the fillers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from transpile.ir.remember import Same, by_event
from transpile.schema.cim import UNKNOWN, node_facts, normalise
from transpile.schema.datasets import Dataset
from transpile.schema.fields import Taxonomy
from transpile.schema.placing import Event
from transpile.schema.views import view


def model_view(
    event: Mapping[str, Any],
    source: Dataset,
    taxonomy: Taxonomy,
    variant: str | None = None,
    *,
    platform: str = "windows",
    keep_unmapped: bool = False,
) -> Event:
    """Return the view of an event (see `view`); for a data model's dataset without its fillers.

    The value `unknown` in a field that the model fills, and 0 in a number, count as fillers.
    """
    return view(
        without_fillers(event, source),
        source,
        taxonomy,
        variant,
        platform=platform,
        keep_unmapped=keep_unmapped,
    )


def without_fillers(event: Mapping[str, Any], source: Dataset) -> Mapping[str, Any]:
    """Return the event as its data model calculates it, without what stands for missing values."""
    return _calculated(event, Same(source))


def fills_plainly(event: Mapping[str, Any], source: Dataset) -> bool:
    """Return whether `unknown` is written so wherever a view drops it as no value.

    What shows a missing value shows it in that spelling.
    """
    texts = (value for value in event.values() if isinstance(value, str))
    odd = {text for text in texts if text != UNKNOWN and text.lower() == UNKNOWN}
    return not odd or odd <= {str(value) for value in without_fillers(event, source).values()}


@by_event
def _calculated(event: Mapping[str, Any], same: Same[Dataset]) -> Mapping[str, Any]:
    source = same.item
    model, node = source.match.datamodel, source.match.node
    facts = node_facts(model, node) if model and node else None
    if facts is None or model is None or node is None:
        return dict(event)
    shown = normalise(dict(event), model, node)
    fillers = {**dict.fromkeys(facts.unknown, UNKNOWN), **dict.fromkeys(facts.zero, "0")}
    return {
        name: value
        for name, value in shown.items()
        if name not in fillers or str(value).lower() != fillers[name]
    }
