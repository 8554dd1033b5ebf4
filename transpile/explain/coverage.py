"""What a rule covers: ATT&CK techniques by tactic, and the events it reads."""

from __future__ import annotations

from contextlib import suppress

from transpile.compiled import Compiled
from transpile.errors import Unsupported
from transpile.ir.events import event_rule
from transpile.ir.stages import DataModel, Events
from transpile.records import dataclass
from transpile.schema import attack
from transpile.schema.datasets import Dataset, find_data_source
from transpile.schema.rewrite import resolve
from transpile.schema.windows import event_title


@dataclass(frozen=True, slots=True)
class TacticCoverage:
    """A tactic with the rule's techniques in it, each as `T1021.006 Parent: Name`.

    Revoked techniques are shown as their successors; `was` lists them.
    """

    tactic: str
    techniques: tuple[str, ...]
    was: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EventCoverage:
    """A kind of event that the rule reads; id and title are empty where there are none.

    provider: as analysts call it (`Sysmon` for Microsoft-Windows-Sysmon), or the id of a dataset.
    """

    provider: str
    event_id: str
    title: str


def attack_coverage(techniques: tuple[str, ...]) -> tuple[TacticCoverage, ...]:
    """Return the techniques by tactic, in the order of the knowledge base; unknown ids last."""
    by_tactic: dict[str, dict[str, None]] = {}
    was: dict[str, list[str]] = {}
    for name in techniques:
        found = attack.current(name)
        if found is None:
            by_tactic.setdefault("unknown", {})[name] = None
            continue
        for tactic in found.tactics:
            by_tactic.setdefault(tactic.name, {})[f"{found.id} {_full_name(found)}"] = None
            if found.id != name.upper():
                was.setdefault(tactic.name, []).append(name)
    return tuple(
        TacticCoverage(tactic, tuple(names), tuple(was.get(tactic, ())))
        for tactic, names in by_tactic.items()
    )


def _full_name(technique: attack.Technique) -> str:
    """Return the name of a technique, that of a sub-technique after its parent's."""
    parent_id, _, part = technique.id.partition(".")
    parent = attack.technique(parent_id) if part else None
    return technique.name if parent is None else f"{parent.name}: {technique.name}"


def event_coverage(compiled: Compiled) -> tuple[EventCoverage, ...]:
    """Return the kinds of events: from the rule's source and filter, else its data sources."""
    sets = _datasets(compiled)
    found: dict[EventCoverage, None] = {}
    for item in sets:
        for coverage in _events_of(item):
            found[coverage] = None
    return tuple(found)


def _datasets(compiled: Compiled) -> list[Dataset]:
    source = compiled.pipeline.stages[0]
    labels = compiled.rule.data_sources
    if isinstance(source, Events) or (isinstance(source, DataModel) and not labels):
        with suppress(Unsupported):
            resolution = resolve(source, event_rule(compiled.pipeline).pred, labels)
            if resolution is not None:
                return [resolution.dataset]
    return [found.dataset for label in labels for found in find_data_source(label)]


def _events_of(item: Dataset) -> list[EventCoverage]:
    if item.event is not None:
        provider, code = item.event.provider, str(item.event.id)
        title = event_title(provider, code) or item.event.title
        return [EventCoverage(_short(provider), code, title)]
    return [EventCoverage(item.id, "", "")]


def _short(provider: str) -> str:
    """Return a provider as analysts call it: `PowerShell`, `Sysmon`, `Security`."""
    return provider.removeprefix("Microsoft-Windows-").removesuffix("-Auditing")
