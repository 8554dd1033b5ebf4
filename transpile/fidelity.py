"""How faithful a conversion is: fidelity, observable, losses (design, section 4)."""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum

from transpile.errors import Span
from transpile.records import dataclass


class Fidelity(StrEnum):
    """`exact`: same observable as the rule. `superset`: may find more. `unsupported`: no output."""

    EXACT = "exact"
    SUPERSET = "superset"
    UNSUPPORTED = "unsupported"


class Observable(StrEnum):
    """What a conversion reproduces of the rule's result."""

    ROWS = "rows"
    GROUPS = "groups"
    EVENTS = "events"


@dataclass(frozen=True, slots=True)
class Loss:
    """One thing that the conversion leaves out, with the place in the search it stood at.

    code: a TGT6xx key of `transpile.errors.CODES`.
    """

    code: str
    message: str
    span: Span | None = field(default=None, compare=False)
