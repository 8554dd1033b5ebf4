"""Events apart from each other by a key that stands within one of their texts.

A rule that keeps one row for each value of a key shows one event of all those that share it. Where
the key is a field of the source each event has its own; one that is taken out of a text, as out of
JSON, gets a number there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from transpile.interpret import Context, Interpreter, NotComputable
from transpile.ir import stages as s
from transpile.verify.witness.maker import START, Event, Maker

SHORTEST = 3
"""Characters of a key at least: a shorter one may stand anywhere by chance."""


def apart_within(pipeline: s.Pipeline, events: Sequence[Event], maker: Maker) -> list[Event]:
    """Return the events, each with a key of its own but for the first one that has it.

    All as they are if the rule keeps no rows by a key that it takes out of a text.
    """
    at, key = _kept_by(pipeline)
    if not key:
        return list(events)
    stages = tuple(x for x in pipeline.stages[1:at] if not isinstance(x, s.Filter))
    try:
        keys = _keys(stages, key, events)
        moved = [
            _moved(event, text, number) if text and text in keys[:number] else event
            for number, (event, text) in enumerate(zip(events, keys, strict=True))
        ]
        shown = _keys(stages, key, moved)
    except NotComputable:
        return list(events)
    return [
        other
        if text not in ("", new) and (maker.consistent(other) or not maker.consistent(event))
        else event
        for event, other, text, new in zip(events, moved, keys, shown, strict=True)
    ]


def _kept_by(pipeline: s.Pipeline) -> tuple[int, str]:
    """Return the stage that keeps a row for each value of a key, and the key, "" for none."""
    made: set[str] = set()
    for at, stage in enumerate(pipeline.stages):
        match stage:
            case s.Events() | s.Filter() | s.Rename() | s.Expand():
                pass
            case s.Compute(assignments):
                made |= {name for name, _ in assignments}
            case s.Extract(regex=regex):
                made |= {name for name, _ in regex.group_names}
            case s.Parse(target=target):
                made |= {target}
            case s.Dedup(keys=(key,)) if key in made:
                return at, key
            case _:
                break
    return 0, ""


def _keys(stages: tuple[s.Stage, ...], key: str, events: Sequence[Event]) -> list[str]:
    """Return the key that is taken out of each event, "" for none or several."""
    found = [""] * len(events)
    run = Interpreter(Context(now=START)).traced(s.Pipeline((s.Events(), *stages)), events)
    for row, behind in run:
        text = row.get(key)
        for at in behind:
            found[at] = text if isinstance(text, str) and len(text) >= SHORTEST else ""
    return found


def _moved(event: Event, text: str, number: int) -> Event:
    """Return an event with a number before a text, wherever it stands."""

    def put(value: Any) -> Any:
        if isinstance(value, list):
            return list(map(put, value))
        return value.replace(text, f"{number}{text}") if isinstance(value, str) else value

    return {name: put(value) for name, value in event.items()}
