"""The verdict on one conversion, with its evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from typing import Any

from transpile.fidelity import Fidelity, Loss, Observable
from transpile.records import dataclass
from transpile.verify.adequacy import Adequacy
from transpile.verify.blame import Blame, Part
from transpile.verify.reread import Proof


class Verdict(StrEnum):
    """equal: the same on all events.  contained: finds everything, and more (a superset).

    narrower: the target misses something.  wider: an exact conversion finds more.  differs: both.
    rejected: the engine does not run the text; `reason` is what it says.
    unsupported: there is no conversion.  not_run: no engine, no events, or the rule itself cannot
    be computed here; `reason` says which.
    """

    EQUAL = "equal"
    CONTAINED = "contained"
    NARROWER = "narrower"
    WIDER = "wider"
    DIFFERS = "differs"
    REJECTED = "rejected"
    UNSUPPORTED = "unsupported"
    NOT_RUN = "not run"

    @property
    def good(self) -> bool:
        """Whether the conversion does what it claims on the events tried."""
        return self in (Verdict.EQUAL, Verdict.CONTAINED)

    @property
    def bad(self) -> bool:
        """Whether the conversion was caught doing something else than it claims."""
        return self in (Verdict.NARROWER, Verdict.WIDER, Verdict.DIFFERS, Verdict.REJECTED)


@dataclass(frozen=True, slots=True)
class Difference:
    """One event or row on which rule and target disagree.

    event: its index in the events of the trial, None for a row.  origin: `fixture`, `given` or
    `witness`.  blame: the conditions that decide about it.
    """

    item: Mapping[str, Any]
    rule_finds: bool
    target_finds: bool
    event: int | None = None
    origin: str = ""
    blame: Blame | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What `verify` found for one rule and target.

    tried: events given to both sides.  set_aside: events that break a stated assumption or that
    the engine's tables cannot hold.  found: how many events, groups or rows the rule finds.
    origins: the events tried by origin.  adequacy: what they can show, by mutants of the rule.
    proof: the text read back against the rule; both None if that was not asked.  path, place: of
    the rule.
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
    proof: Proof | None = None
    origins: Mapping[str, int] = field(default_factory=dict)
    path: str | None = None
    place: tuple[int, int] | None = None
    seconds: float = 0.0

    @property
    def refuted(self) -> bool:
        """Whether re-reading shows that the text says something else than was claimed."""
        return self.proof is not None and self.proof.refutes(self.fidelity)

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
            "events": {
                "tried": self.tried,
                "set_aside": self.set_aside,
                "found": self.found,
                "origins": dict(self.origins),
            },
            "differences": [
                {
                    "event": d.event,
                    "item": dict(d.item),
                    "rule": d.rule_finds,
                    "target": d.target_finds,
                    "origin": d.origin,
                    "blame": _blame(d.blame),
                }
                for d in self.differences
            ],
            "losses": [{"code": x.code, "message": x.message} for x in self.losses],
            "assumptions": list(self.assumptions),
            "mutants": _mutants(self.adequacy),
            "proof": _proof(self.proof),
            "seconds": round(self.seconds, 6),
        }


def _mutants(found: Adequacy | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "killed": found.killed,
        "same": found.same,
        "gaps": [
            {"change": gap.what, "part": gap.part, "reason": gap.reason} for gap in found.gaps
        ],
    }


def _proof(found: Proof | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "verdict": str(found.relation),
        "reason": found.reason,
        "missed": None if found.missed is None else dict(found.missed),
        "extra": None if found.extra is None else dict(found.extra),
    }


def _blame(found: Blame | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {"rule": _part(found.rule), "target": _part(found.target)}


def _part(part: Part | None) -> dict[str, Any] | None:
    if part is None:
        return None
    return {"text": part.text, "line": part.line, "column": part.column}
