"""Results kept by the identity of what they are asked of: trees, which targets share, and facts.

Nodes are equal by meaning, whatever their spans, so a cache keyed by equality would answer with the
spans of another rule; and it would hash whole trees.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, wraps
from typing import Concatenate, Generic, ParamSpec, TypeVar

from transpile.records import quick

T = TypeVar("T")
P = ParamSpec("P")
R = TypeVar("R")

_KEPT = 8
_EVENTS = 4096


@quick
@dataclass(frozen=True, slots=True, eq=False)
class Same(Generic[T]):
    """A key for a cache: an object by its identity, which is not given away while the key lives."""

    item: T

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and other.item is self.item

    def __hash__(self) -> int:
        return id(self.item)


def remember(function: Callable[Concatenate[T, P], R]) -> Callable[Concatenate[T, P], R]:
    """Return the function with its last results kept, by the identity of its first argument.

    function: pure, its result immutable, its further arguments hashable. Exceptions are not kept.
    """
    return _remembering(function, _KEPT)


def by_event(function: Callable[Concatenate[T, P], R]) -> Callable[Concatenate[T, P], R]:
    """Return what `remember` returns, for a function of one of a rule's events: there are many."""
    return _remembering(function, _EVENTS)


def _remembering(
    function: Callable[Concatenate[T, P], R], most: int
) -> Callable[Concatenate[T, P], R]:
    @lru_cache(maxsize=most)
    def kept(same: Same[T], *args: P.args, **kwargs: P.kwargs) -> R:
        return function(same.item, *args, **kwargs)

    @wraps(function)
    def asked(item: T, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return kept(Same(item), *args, **kwargs)  # type: ignore[arg-type]

    return asked
