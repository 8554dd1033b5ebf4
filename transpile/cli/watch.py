"""Doing something again whenever files change, until the user stops it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

EVERY = 0.3
"""Seconds between two looks at the files."""


def watch(files: Callable[[], Iterable[Path]], work: Callable[[], object]) -> None:
    """Do the work now, and again after each change; return when `KeyboardInterrupt` comes.

    files: what to look at, asked for anew each time, so that new files count.
    """
    try:
        while True:
            seen = _stamps(files())
            work()
            while _stamps(files()) == seen:
                time.sleep(EVERY)
    except KeyboardInterrupt:
        return


def _stamps(files: Iterable[Path]) -> Mapping[Path, tuple[int, int]]:
    """Return time and size of the files that are there."""
    found = {}
    for file in files:
        try:
            facts = os.stat(file)
        except OSError:
            continue
        found[file] = (facts.st_mtime_ns, facts.st_size)
    return found
