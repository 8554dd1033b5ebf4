"""The base of every node of the syntax tree."""

from __future__ import annotations

from dataclasses import field

from transpile.errors import Span
from transpile.records import dataclass

NOWHERE = Span(0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """Base of every node; the span says where it stands, not what it is."""

    span: Span = field(default=NOWHERE, compare=False, repr=False)
