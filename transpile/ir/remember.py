"""Results kept for trees that several targets ask about in turn.

Nodes are equal by meaning, whatever their spans, so a cache keyed by equality would answer with the
spans of another rule; and it would hash whole trees. Here a tree is known by its identity.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, wraps
from typing import Concatenate, ParamSpec, TypeVar

from transpile.ir.expr import Node

N = TypeVar("N", bound=Node)
P = ParamSpec("P")
R = TypeVar("R")

_KEPT = 8


@dataclass(frozen=True, slots=True, eq=False)
class _Same:
    """A node that equals itself only; holding it keeps its identity from being given away."""

    node: Node

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.node is self.node

    def __hash__(self) -> int:
        return id(self.node)


def remember(function: Callable[Concatenate[N, P], R]) -> Callable[Concatenate[N, P], R]:
    """Return the function with its last results kept, by the identity of its first argument.

    function: pure, its result immutable, its further arguments hashable. Exceptions are not kept.
    """

    @lru_cache(maxsize=_KEPT)
    def kept(same: _Same, *args: P.args, **kwargs: P.kwargs) -> R:
        return function(same.node, *args, **kwargs)  # type: ignore[arg-type]

    @wraps(function)
    def asked(node: N, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return kept(_Same(node), *args, **kwargs)  # type: ignore[arg-type]

    return asked
