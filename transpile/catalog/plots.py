"""Geometry of the plots; the template draws it as SVG, whose colours are the style sheet's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from transpile.names import shorten

_WIDTH, _LEFT, _RIGHT, _STEP = 720, 190, 60, 28

Bar = tuple[str, Mapping[str, int]]
"""Label, and name of a part -> its number."""


def bars(label: str, rows: Sequence[Bar], parts: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Return a plot of bars made of parts. parts: name and style of each, in order."""
    most = max((sum(numbers.values()) for _, numbers in rows), default=0) or 1
    room = _WIDTH - _LEFT - _RIGHT
    drawn = []
    for at, (name, numbers) in enumerate(rows):
        x, pieces = float(_LEFT), []
        for part, style in parts:
            number = numbers.get(part, 0)
            if number:
                width = room * number / most
                pieces.append(
                    {"x": round(x, 1), "width": round(width, 1), "name": part, "value": number,
                     "style": style}
                )  # fmt: skip
                x += width
        drawn.append(
            {
                "label": shorten(name, _LONGEST),
                "y": at * _STEP + 4,
                "parts": pieces,
                "end": round(x, 1),
                "total": sum(numbers.values()),
            }
        )
    return {
        "label": label,
        "width": _WIDTH,
        "height": max(len(rows), 1) * _STEP + 4,
        "left": _LEFT,
        "bars": drawn,
        "legend": list(parts) if len(parts) > 1 else [],
    }


_LONGEST = 26
