"""JSONPath as the emitter writes it (`functions.json_path`), for dialects that have their own."""

from __future__ import annotations

import re

_STEP = re.compile(r'\."([^"]*)"|\[(\d+)\]')
Step = str | int
"""The name of a member, or the place of an element from 0."""


def steps(path: str) -> tuple[Step, ...]:
    """Return the steps of a path without `[*]`."""
    return tuple(int(place) if place else name for name, place in _STEP.findall(path))


def parts(path: str) -> list[str]:
    """Return the paths between the `[*]` of a path, each with a root of its own."""
    first, *others = path.split("[*]")
    return [first, *(f"${other}" for other in others)]
