"""The text of a made event, for rules that take the fields of an event out of its text."""

from __future__ import annotations

import json
from typing import Any

from transpile.ir.events import EventRule
from transpile.ir.expr import Call, Field
from transpile.ir.stages import Agg, Pipeline
from transpile.ir.walk import descend

RAW = "_raw"


def reads_text(rule: EventRule) -> bool:
    """Return whether events are assumed to have the fields of their text."""
    return any(
        isinstance(node, Call) and node.name == "spath" and node.args[0] == Field(RAW)
        for node in descend(rule.required)
    )


def counts_text(pipeline: Pipeline) -> bool:
    """Return whether a rule counts the texts of events."""
    return any(isinstance(node, Agg) and node.arg == Field(RAW) for node in descend(pipeline))


def with_text(event: dict[str, Any], number: int) -> dict[str, Any]:
    """Return the event with its fields as JSON text; one that has a text keeps it.

    number: stands in the text as a time does in a real one, so that no two events have the same.
    """
    if RAW in event:
        return event
    document: dict[str, Any] = {}
    for name, value in event.items():
        if not name.startswith("_"):
            _put(document, name.split("{}"), value)
    return {**event, RAW: json.dumps({**document, "_number": number})}


def _put(place: dict[str, Any], parts: list[str], value: Any) -> None:
    """Put a value below a name whose parts are elements of lists."""
    head, *rest = parts
    head = head.removeprefix(".")
    if not rest:
        place[head] = value
    elif rest == [""]:
        place[head] = value if isinstance(value, list) else [value]
    else:
        inner = place.setdefault(head, [{}])
        if isinstance(inner, list) and isinstance(inner[0], dict):
            _put(inner[0], rest, value)
