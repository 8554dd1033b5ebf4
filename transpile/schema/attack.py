"""MITRE ATT&CK Enterprise: names of techniques and tactics, and Sigma's tags for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from typing import Any

from transpile.records import dataclass
from transpile.schema._data import load


@dataclass(frozen=True, slots=True)
class Tactic:
    """A tactic: `TA0002`, `Execution`, `execution`."""

    id: str
    name: str
    shortname: str


@dataclass(frozen=True, slots=True)
class Technique:
    """A technique or sub-technique; tactics in the order of the knowledge base.

    successor: the technique that replaces a revoked one.
    """

    id: str
    name: str
    tactics: tuple[Tactic, ...]
    revoked: bool
    deprecated: bool
    successor: str | None


def version() -> str:
    """Return the version of the knowledge base, e.g. `18.1`."""
    found: str = load("attack.json")["version"]
    return found


@lru_cache(maxsize=4096)
def tactic(name: str) -> Tactic | None:
    """Return a tactic by id, name or short name (`_` for `-` too, any case), or None."""
    wanted = name.lower().replace("_", "-").replace(" ", "-")
    for shortname, body in load("attack.json")["tactics"].items():
        if wanted in (shortname, body["id"].lower(), body["name"].lower().replace(" ", "-")):
            return Tactic(body["id"], body["name"], shortname)
    return None


# in the order in which ATT&CK lists them
_TACTICS = (
    "reconnaissance", "resource-development", "initial-access", "execution", "persistence",
    "privilege-escalation", "defense-evasion", "credential-access", "discovery",
    "lateral-movement", "collection", "command-and-control", "exfiltration", "impact",
)  # fmt: skip


def tactics() -> tuple[Tactic, ...]:
    """Return all tactics, in the order of an attack."""
    known = load("attack.json")["tactics"]
    names = (*_TACTICS, *sorted(known.keys() - set(_TACTICS)))
    return tuple(found for name in names if (found := tactic(name)) is not None)


def techniques() -> tuple[Technique, ...]:
    """Return all techniques and sub-techniques in force, by id."""
    found = (technique(name) for name in sorted(load("attack.json")["techniques"]))
    return tuple(x for x in found if x is not None and not (x.revoked or x.deprecated))


@cache
def ids_in_force() -> frozenset[str]:
    """Return the ids of all techniques in force."""
    return frozenset(item.id for item in techniques())


@lru_cache(maxsize=4096)
def technique(technique_id: str) -> Technique | None:
    """Return a technique by id (any case), also a revoked one, or None."""
    key = technique_id.strip().upper()
    body: Mapping[str, Any] | None = load("attack.json")["techniques"].get(key)
    if body is None:
        return None
    tactics = (tactic(name) for name in body["tactics"])
    return Technique(
        id=key,
        name=body["name"],
        tactics=tuple(item for item in tactics if item is not None),
        revoked=body.get("revoked", False),
        deprecated=body.get("deprecated", False),
        successor=body.get("revoked_by"),
    )


@lru_cache(maxsize=4096)
def current(technique_id: str) -> Technique | None:
    """Return the technique that stands for an id today: revoked ones give their successor."""
    seen: set[str] = set()
    found = technique(technique_id)
    while found is not None and found.successor and found.id not in seen:
        seen.add(found.id)
        found = technique(found.successor) or found
    return found


def sigma_tags(technique_ids: Iterable[str]) -> tuple[str, ...]:
    """Return Sigma's tags of techniques and of their tactics: tactics first, each once.

    >>> sigma_tags(["T1059.001"])
    ('attack.execution', 'attack.t1059.001')

    Revoked techniques are tagged as their successors; an unknown id is tagged as it is.
    """
    known = [(name, current(name)) for name in technique_ids]
    tactics = (f"attack.{item.shortname}" for _, found in known if found for item in found.tactics)
    techniques = (f"attack.{(found.id if found else name).lower()}" for name, found in known)
    return tuple(dict.fromkeys([*tactics, *techniques]))
