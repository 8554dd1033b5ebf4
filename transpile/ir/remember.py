"""Results kept by the identity of what they are asked of: trees, which targets share, and facts.

Events are the exception: their owner may change them, so they are kept by what they hold.

Nodes are equal by meaning, whatever their spans, so a cache keyed by equality would answer with the
spans of another rule; and it would hash whole trees.
"""

from __future__ import annotations

import marshal
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, wraps
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

from transpile.records import dataclass

T = TypeVar("T")
P = ParamSpec("P")
R = TypeVar("R")

_KEPT = 8
_EVENTS = 4096
_PLAIN = 2
"""Version of `marshal` that writes equal values alike, however many hold them."""


@dataclass(frozen=True, slots=True, eq=False)
class Same(Generic[T]):
    """A key for a cache: an object by its identity, which is not given away while the key lives."""

    item: T

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and other.item is self.item

    def __hash__(self) -> int:
        return id(self.item)


class Kept(Generic[T]):
    """Items that are made when they are asked for, and kept for those who ask later."""

    def __init__(self, items: Iterator[T]) -> None:
        self._items = items
        self._made: list[T] = []

    def __iter__(self) -> Iterator[T]:
        yield from self._made
        for item in self._items:
            self._made.append(item)
            yield item


def told(event: Mapping[str, Any]) -> bytes:
    """Return what an event holds, to the types, in the order of its fields.

    Raises ValueError for other values than text, numbers, truth values, lists and mappings.
    """
    return marshal.dumps(dict(event), _PLAIN)


class _Told:
    """A key for a cache: an event by what it holds, to the types; its owner may change it later."""

    __slots__ = ("data", "event")

    def __init__(self, event: Mapping[str, Any]) -> None:
        self.event = event
        self.data = told(event)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Told) and other.data == self.data

    def __hash__(self) -> int:
        return hash(self.data)


def remember(function: Callable[Concatenate[T, P], R]) -> Callable[Concatenate[T, P], R]:
    """Return the function with its last results kept, by the identity of its first argument.

    function: pure, its result immutable, its further arguments hashable. Exceptions are not kept.
    """

    @lru_cache(maxsize=_KEPT)
    def kept(same: Same[T], *args: P.args, **kwargs: P.kwargs) -> R:
        return function(same.item, *args, **kwargs)

    @wraps(function)
    def asked(item: T, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return kept(Same(item), *args, **kwargs)  # type: ignore[arg-type]

    return asked


def by_event(
    function: Callable[Concatenate[Mapping[str, Any], P], R]
) -> Callable[Concatenate[Mapping[str, Any], P], R]:
    """Return a function of events with its last results kept, by what the event holds.

    function: as for `remember`; its result is not to be changed either. An event of other values
    than text, numbers, truth values, lists and mappings is asked about anew each time.
    """

    @lru_cache(maxsize=_EVENTS)
    def kept(told: _Told, *args: P.args, **kwargs: P.kwargs) -> R:
        return function(told.event, *args, **kwargs)

    @wraps(function)
    def asked(event: Mapping[str, Any], /, *args: P.args, **kwargs: P.kwargs) -> R:
        try:
            told = _Told(event)
        except ValueError:
            return function(event, *args, **kwargs)
        return kept(told, *args, **kwargs)  # type: ignore[arg-type]

    return asked
