"""The migration report: what of a rule repository can move, what it loses, and what is left to do.

Built from the objects of `convert --report`. Status words are those a manager asks for: `full`,
`partial`, `none`; the effort is what a person has to do for the rule on that target.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from transpile.errors import CODES
from transpile.records import dataclass

STATUS: Mapping[str, str] = {"exact": "full", "superset": "partial", "unsupported": "none"}
"""Fidelity -> the word for it."""


class Effort(StrEnum):
    """What is left to do for a rule on a target; `EFFORTS` says it in words."""

    DEPLOY = "deploy"
    CHECK = "check"
    TUNE = "tune"
    MAP = "map"
    REWRITE = "rewrite"
    MEND = "mend"


EFFORTS: Mapping[Effort, str] = {
    Effort.DEPLOY: "nothing: it finds the same",
    Effort.CHECK: "read its assumptions: it finds the same where they hold",
    Effort.TUNE: "tune it: it may find more, each loss is listed",
    Effort.MAP: "give a mapping for a field or log source, or keep the Splunk name",
    Effort.REWRITE: "write it by hand, or leave it in Splunk",
    Effort.MEND: "mend the rule: it cannot be read",
}
_MAPPED = frozenset(("TGT601", "TGT602"))
"""Reasons that a mapping takes away."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a conversion is not full: a code of `CODES`, and what it is in this rule."""

    code: str
    message: str
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """One rule on one target."""

    target: str
    status: str
    effort: Effort
    reasons: tuple[Reason, ...]
    assumptions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule with what becomes of it per target."""

    name: str
    path: str
    moved: tuple[Moved, ...]


@dataclass(frozen=True, slots=True)
class Target:
    """The sums of one target. reasons: (code, its title, number of rules), the most frequent first.

    Each of `full`, `partial`, `none` and `efforts` counts rules.
    """

    name: str
    full: int
    partial: int
    none: int
    efforts: Mapping[Effort, int]
    reasons: tuple[tuple[str, str, int], ...]

    @property
    def rules(self) -> int:
        """All rules."""
        return self.full + self.partial + self.none


@dataclass(frozen=True, slots=True)
class Migration:
    """The whole report: rules in their order, targets in the order asked for."""

    rules: tuple[Rule, ...]
    targets: tuple[Target, ...]


def migration(entries: Iterable[Mapping[str, Any]]) -> Migration:
    """Return the report over the `rules` objects of a report of `convert`."""
    found: dict[tuple[str, str], list[Moved]] = {}
    for entry in entries:
        path = entry["path"] or ""
        key = (path, entry["name"] or path)
        found.setdefault(key, []).append(_moved(entry))
    rules = tuple(Rule(name, path, tuple(moved)) for (path, name), moved in found.items())
    names = dict.fromkeys(moved.target for rule in rules for moved in rule.moved)
    return Migration(rules, tuple(_target(name, rules) for name in names))


def _moved(entry: Mapping[str, Any]) -> Moved:
    error = entry["error"]
    reasons = [
        Reason(loss["code"], loss["message"], loss["span"]["line"] if loss["span"] else None)
        for loss in entry["losses"]
    ]
    if error:
        reasons.append(Reason(error["code"], error["message"], error["line"]))
    return Moved(
        entry["target"],
        STATUS[entry["fidelity"]],
        Effort.MEND if error else _effort(entry),
        tuple(reasons),
        tuple(entry["assumptions"]),
    )


def _effort(entry: Mapping[str, Any]) -> Effort:
    match entry["fidelity"]:
        case "exact":
            return Effort.CHECK if entry["assumptions"] else Effort.DEPLOY
        case "superset":
            return Effort.TUNE
        case _:
            mapped = all(loss["code"] in _MAPPED for loss in entry["losses"])
            return Effort.MAP if mapped else Effort.REWRITE


def _target(name: str, rules: Iterable[Rule]) -> Target:
    moved = [moved for rule in rules for moved in rule.moved if moved.target == name]
    status = Counter(item.status for item in moved)
    efforts = Counter(item.effort for item in moved)
    codes = Counter(code for item in moved for code in dict.fromkeys(r.code for r in item.reasons))
    return Target(
        name,
        status["full"],
        status["partial"],
        status["none"],
        {effort: efforts[effort] for effort in Effort},
        tuple((code, CODES.get(code, ""), n) for code, n in codes.most_common()),
    )
