"""Trees that are asked often: a node keeps what was found out about it, its hash to begin with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Literal


class Hashed:
    """Base of frozen, slotted dataclasses whose hash, made once, is kept beside the fields.

    What is kept does not travel: `pickle` takes the fields only, for a text has another hash in
    another process.
    """

    __slots__ = ("_fields", "_hash", "_simple", "_weight")

    _fields: frozenset[str]
    _hash: int
    _simple: Hashed | Literal[True]
    _weight: int

    @staticmethod
    def keep_hash(values: Callable[[Any], Any]) -> Callable[[Any], int]:
        """Return the hash function of a class, which makes a hash of the values once per node."""

        def kept(self: Hashed) -> int:
            found: int | None = getattr(self, "_hash", None)
            if found is None:
                found = hash(values(self))
                _set_hash(self, found)
            return found

        return kept


# a slot's own function is the fastest way to set what a frozen class refuses
_set_hash: Final = vars(Hashed)["_hash"].__set__
_set_simple: Final = vars(Hashed)["_simple"].__set__


def known_simple(node: Hashed) -> Hashed | None:
    """Return the node that `keep_simple` kept, None before."""
    found: Any = getattr(node, "_simple", None)
    return node if found is True else found


def keep_simple(node: Hashed, simple: Hashed) -> None:
    """Keep what a node is at its simplest, which cannot be made simpler; maybe the node itself."""
    _set_simple(simple, True)
    if simple is not node:
        _set_simple(node, simple)


def known_fields(node: Hashed) -> frozenset[str] | None:
    """Return the fields that `keep_fields` kept, None before."""
    return getattr(node, "_fields", None)


def keep_fields(node: Hashed, fields: frozenset[str]) -> None:
    """Keep which fields the tree reads, see `walk.fields_of`."""
    object.__setattr__(node, "_fields", fields)


def known_weight(node: Hashed) -> int | None:
    """Return the weight that `keep_weight` kept, None before."""
    return getattr(node, "_weight", None)


def keep_weight(node: Hashed, weight: int) -> None:
    """Keep how many nodes the tree has, see `walk.weight`."""
    object.__setattr__(node, "_weight", weight)
