"""When a process looks for garbage: trees have cycles, and looking for them costs time."""

from __future__ import annotations

import gc

_ALLOCATIONS = 100_000
"""New objects after which a worker looks for garbage; a rule leaves a thousand or so."""


def collect_seldom() -> None:
    """Look for garbage seldom, and never in what is there now: for a worker, which ends soon."""
    gc.freeze()
    gc.set_threshold(_ALLOCATIONS)
