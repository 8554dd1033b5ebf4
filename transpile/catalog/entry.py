"""A rule in the catalogue: what every view needs (`Entry`), and what only its page does (`Sheet`).

Both are plain data that pass through JSON, so that a cache or another process can hold them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, field
from typing import Any, NamedTuple

from transpile.catalog.logic import Logic
from transpile.records import dataclass

LANGUAGES: Mapping[str, str] = {"splunk": "Splunk", "sigma": "Sigma", "elastic": "Elastic"}
"""Languages of rules, in the order in which they are listed, with their names."""


UNREAD = frozenset({"CNT402", "CNT410"})
"""Codes of errors for a rule of another language that is right but has no query (it is of a kind
without one) or one that is not read here."""


class Value(NamedTuple):
    """One thing that a rule looks for.

    field, kind, text: as its author wrote it.  key: the same over all languages; "" if the field is
    none of the events (a count), so that nothing is counted.
    """

    field: str
    kind: str
    text: str
    key: str


class Event(NamedTuple):
    """A kind of event that a rule reads; id and title are empty where there are none."""

    provider: str
    id: str
    title: str


class Outcome(NamedTuple):
    """How a rule converts: fidelity, the codes of what is lost, and the verdict if one is known."""

    fidelity: str
    losses: tuple[str, ...] = ()
    verdict: str = ""


@dataclass(slots=True)
class Entry:
    """What is known of a rule.

    key: names its page, `splunk/name_of_the_rule`.  collection: the path argument it came with.
    path: below the collection.  digest: of the file.  techniques: as written.  error: why its
    logic is not known, "" otherwise; code: of that error.
    """

    key: str
    language: str
    collection: str
    path: str
    digest: str
    id: str
    name: str
    status: str = ""
    severity: str = ""
    type: str = ""
    author: str = ""
    date: str = ""
    modified: str = ""
    techniques: tuple[str, ...] = ()
    events: tuple[Event, ...] = ()
    values: tuple[Value, ...] = ()
    logic: Logic | None = None
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    false_positives: tuple[str, ...] = ()
    error: str = ""
    code: str = ""

    @property
    def broken(self) -> bool:
        """Whether the rule is wrong; one of another language that is not read here is not."""
        return bool(self.error) and (self.language == "splunk" or self.code not in UNREAD)

    def to_json(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        data = {name: getattr(self, name) for name in self.__slots__}
        data["logic"] = None if self.logic is None else self.logic.to_json()
        return data

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Entry:
        """Return what `to_json` wrote."""
        logic = data["logic"]
        return cls(
            **{
                **data,
                "techniques": tuple(data["techniques"]),
                "false_positives": tuple(data["false_positives"]),
                "events": tuple(map(Event._make, data["events"])),
                "values": tuple(map(Value._make, data["values"])),
                "logic": None if logic is None else Logic.from_json(logic),
                "outcomes": {
                    name: Outcome(row[0], tuple(row[1]), row[2])
                    for name, row in data["outcomes"].items()
                },
            }
        )


class Stage(NamedTuple):
    """A stage as the author wrote it, macros kept; the conditions that it asks, expanded."""

    number: int
    kind: str
    text: str
    predicates: tuple[str, ...] = ()


class Converted(NamedTuple):
    """A conversion in full; losses: with their place in the rule."""

    target: str
    fidelity: str
    observable: str = ""
    text: str = ""
    losses: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()


@dataclass(slots=True)
class Sheet:
    """What only the page of a rule shows. search: what the rule asks, as its author wrote it."""

    description: str = ""
    references: tuple[str, ...] = ()
    group_by: tuple[str, ...] = ()
    body: str = ""
    body_format: str = "yaml"
    search: str = ""
    search_format: str = "spl"
    stages: tuple[Stage, ...] = ()
    conversions: tuple[Converted, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Sheet:
        """Return what `to_json` wrote."""
        return cls(
            **{
                **data,
                "references": tuple(data["references"]),
                "group_by": tuple(data["group_by"]),
                "stages": tuple(
                    Stage(number, kind, text, tuple(predicates))
                    for number, kind, text, predicates in data["stages"]
                ),
                "conversions": tuple(
                    Converted(target, fidelity, observable, text, tuple(losses), tuple(assumptions))
                    for target, fidelity, observable, text, losses, assumptions
                    in data["conversions"]
                ),
            }
        )
