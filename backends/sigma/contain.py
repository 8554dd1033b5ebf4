"""What pySigma does to the process, kept to itself.

Importing pySigma switches pyparsing's packrat mode on for the whole process. Its grammar needs that
mode (nested parentheses take exponential time without), ours is faster without it: so the mode is
on while pySigma works, and afterwards what it was before.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import field
from threading import Lock

from transpile.records import dataclass


@dataclass(slots=True)
class _State:
    """How many are inside, and whether packrat mode was on before the first of them."""

    lock: Lock = field(default_factory=Lock)
    inside: int = 0
    before: bool = False


_state = _State()


@contextmanager
def packrat() -> Iterator[None]:
    """Let pySigma be imported and parse: packrat mode is on inside, and outside what it was.

    Threads that parse at the same time are not harmed by a change: the mode saves work, no result
    depends on it.
    """
    from pyparsing import ParserElement

    with _state.lock:
        if not _state.inside:
            _state.before = ParserElement._packratEnabled
        _state.inside += 1
        ParserElement.enable_packrat()
    try:
        yield
    finally:
        with _state.lock:
            _state.inside -= 1
            if not _state.inside and not _state.before:
                ParserElement.disable_memoization()
