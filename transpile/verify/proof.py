"""The verdict of re-reading: how an emitted text stands to its rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from transpile.fidelity import Fidelity
from transpile.records import dataclass
from transpile.verify.prove import Relation


@dataclass(frozen=True, slots=True)
class Proof:
    """How the text stands to the rule, for all events.

    missed, extra: an event, in the target's field names, that only the rule's filter or only the
    text finds.  reason: why it is not decided.  about: what was compared.
    """

    relation: Relation
    missed: Mapping[str, Any] | None = None
    extra: Mapping[str, Any] | None = None
    reason: str = ""
    about: str = "the filter"

    @property
    def proves_all(self) -> bool:
        """Return whether the rule's whole filter was shown to be what the text says."""
        return self.relation is Relation.EQUAL and self.about == "the filter"

    def refutes(self, fidelity: Fidelity) -> bool:
        """Return whether it shows that the text does something else than was claimed."""
        if fidelity is Fidelity.SUPERSET:
            return self.relation in (Relation.NARROWER, Relation.INCOMPARABLE)
        return self.relation in (Relation.WIDER, Relation.NARROWER, Relation.INCOMPARABLE)


def undecided(reason: str) -> Proof:
    """Return the verdict that nothing was proved, for a reason."""
    return Proof(Relation.UNDECIDED, reason=reason)
