"""Rules: one typed object for every layout in which a Splunk detection is written.

Layouts ("generations"): "2024" keeps metadata under `tags`, with `observable`; "2025" scores risk
under `rba`; "2026" is flat, with `finding`; "conf" is a stanza of savedsearches.conf; "spl" is a
bare search. In other languages than SPL: "sigma" is a Sigma rule, "elastic" one in the TOML of
elastic/detection-rules.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import field
from typing import Any, Literal

from transpile.content.positions import ScalarMap
from transpile.content.times import Schedule
from transpile.records import dataclass

Generation = Literal["2024", "2025", "2026", "conf", "spl", "sigma", "elastic"]


@dataclass(frozen=True, slots=True)
class Entity:
    """Whom or what a rule's finding is about: the field that holds it, its type, its risk score."""

    field: str
    type: str
    score: float | None = None


@dataclass(frozen=True, slots=True)
class ThreatObject:
    """What a finding was caused by: the field that holds it and its type."""

    field: str
    type: str


@dataclass(frozen=True, slots=True)
class Drilldown:
    """A search offered to the analyst of a finding, over a window relative to it."""

    name: str
    search: str
    earliest: str = ""
    latest: str = ""


@dataclass(frozen=True, slots=True)
class AttackData:
    """A recorded attack that a rule must find: where it is and how it is indexed."""

    data: str
    source: str = ""
    sourcetype: str = ""


@dataclass(frozen=True, slots=True)
class RuleTest:
    """A test of a rule's author."""

    name: str
    type: str = ""
    attack_data: tuple[AttackData, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """A detection: its search and everything that is written about it.

    path: the file, None for a bare text.  document: index of the YAML document in the file.
    source: the file's text.  raw: the mapping as read.  location: where the search's characters
    stand in `source`, read when it is first asked for.  language: of `search`; options: what its
    reader must know besides.
    """

    id: str
    name: str
    search: str
    generation: Generation
    language: str = "spl"
    version: int | None = None
    status: str = ""
    type: str = ""
    author: str = ""
    date: str = ""
    modified: str = ""
    description: str = ""
    how_to_implement: str = ""
    known_false_positives: str = ""
    false_positives: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    data_sources: tuple[str, ...] = ()
    mitre_attack_ids: tuple[str, ...] = ()
    analytic_stories: tuple[str, ...] = ()
    cve: tuple[str, ...] = ()
    products: tuple[str, ...] = ()
    required_fields: tuple[str, ...] = ()
    security_domain: str = ""
    category: str = ""
    asset_type: str = ""
    severity: str = ""
    risk_score: float | None = None
    confidence: float | None = None
    impact: float | None = None
    message: str = ""
    entities: tuple[Entity, ...] = ()
    threat_objects: tuple[ThreatObject, ...] = ()
    drilldowns: tuple[Drilldown, ...] = ()
    tests: tuple[RuleTest, ...] = ()
    schedule: Schedule | None = None
    path: str | None = None
    document: int = 0
    source: str = field(default="", compare=False, repr=False)
    raw: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)
    options: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def location(self) -> ScalarMap:
        """Return where the characters of `search` stand in the file (or in the text itself)."""
        match self.generation:
            case "spl":
                return ScalarMap(self.source, 0, len(self.source), "text")
            case "conf":
                from transpile.content.conf import read_conf

                stanzas = read_conf(self.source, self.path)
                return next(s.settings["search"] for s in stanzas if s.name == self.name)
            case "sigma":
                start = max(0, self.source.find(self.search))
                return ScalarMap(self.source, start, start + len(self.search), "text")
            case "elastic":
                from transpile.content.elastic import query_range

                start, end, escaped = query_range(self.source) or (0, 0, False)
                return ScalarMap(self.source, start, end, "toml" if escaped else "text")
            case _:
                from transpile.content.yaml import scalar_map

                found = scalar_map(self.source, self.document, ("search",))
                return found or ScalarMap(self.search, 0, len(self.search), "text")

    def position(self, offset: int) -> tuple[int, int]:
        """Return line and column (1-based) in the file of one character of the search."""
        return self.location.position(offset)

    def line(self, number: int) -> str:
        """Return a line of the file by its 1-based number."""
        return self.location.line(number)


_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "transpile.rule")


def rule_id(text: str) -> str:
    """Return the id of a rule that has none, from its text."""
    return str(uuid.uuid5(_NAMESPACE, text))
