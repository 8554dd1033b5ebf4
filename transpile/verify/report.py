"""The verdict on one conversion, with its evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from transpile.fidelity import Fidelity, Loss, Observable
from transpile.verify.adequacy import Adequacy


class Verdict(StrEnum):
    """equal: the same on all events.  contained: finds everything, and more (a superset).

    narrower: the target misses something.  wider: an exact conversion finds more.  differs: both.
    unsupported: there is no conversion.  not_run: no engine, no events, or the rule itself cannot
    be computed here; `reason` says which.
    """

    EQUAL = "equal"
    CONTAINED = "contained"
    NARROWER = "narrower"
    WIDER = "wider"
    DIFFERS = "differs"
    UNSUPPORTED = "unsupported"
    NOT_RUN = "not run"

    @property
    def good(self) -> bool:
        """Whether the conversion does what it claims on the events tried."""
        return self in (Verdict.EQUAL, Verdict.CONTAINED)

    @property
    def bad(self) -> bool:
        """Whether the conversion was caught doing something else than it claims."""
        return self in (Verdict.NARROWER, Verdict.WIDER, Verdict.DIFFERS)


@dataclass(frozen=True, slots=True)
class Difference:
    """One event or row on which rule and target disagree.

    event: its index in the events tried, None for a row.
    """

    item: Mapping[str, Any]
    rule_finds: bool
    target_finds: bool
    event: int | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What `verify` found for one rule and target.

    tried: events given to both sides.  set_aside: events that break a stated assumption or that
    the engine's tables cannot hold.  found: how many events, groups or rows the rule finds.
    adequacy: what the events tried can show, by mutants of the rule; None if that was not asked.
    """

    rule: str
    target: str
    fidelity: Fidelity
    observable: Observable | None
    verdict: Verdict
    engine: str = ""
    reason: str = ""
    tried: int = 0
    set_aside: int = 0
    found: int = 0
    differences: tuple[Difference, ...] = ()
    losses: tuple[Loss, ...] = ()
    assumptions: tuple[str, ...] = ()
    adequacy: Adequacy | None = None
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON data."""
        return {
            "rule": self.rule,
            "target": self.target,
            "fidelity": str(self.fidelity),
            "observable": None if self.observable is None else str(self.observable),
            "verdict": str(self.verdict),
            "engine": self.engine,
            "reason": self.reason,
            "events": {"tried": self.tried, "set_aside": self.set_aside, "found": self.found},
            "differences": [
                {
                    "event": d.event,
                    "item": dict(d.item),
                    "rule": d.rule_finds,
                    "target": d.target_finds,
                }
                for d in self.differences
            ],
            "losses": [{"code": x.code, "message": x.message} for x in self.losses],
            "assumptions": list(self.assumptions),
            "mutants": _mutants(self.adequacy),
            "seconds": round(self.seconds, 6),
        }


def _mutants(found: Adequacy | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "killed": found.killed,
        "same": found.same,
        "gaps": [{"change": gap.what, "reason": gap.reason} for gap in found.gaps],
    }
