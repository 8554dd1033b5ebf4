"""What can be said over all rules: coverage of ATT&CK and of events, fidelity, duplicates."""

from __future__ import annotations

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from transpile.catalog.entry import Entry, Event
from transpile.catalog.neighbours import Neighbours
from transpile.migration import STATUS
from transpile.migration.render import plain_cell
from transpile.names import slug
from transpile.schema import attack


class Cell(NamedTuple):
    """A technique in the matrix with the positions of its rules, those of its parts not among them.

    parts: its sub-techniques.
    """

    id: str
    name: str
    rules: tuple[int, ...]
    parts: tuple[Cell, ...] = ()

    @property
    def all_rules(self) -> frozenset[int]:
        """The rules of the technique and of its parts."""
        return frozenset(self.rules).union(*(part.rules for part in self.parts))


class Column(NamedTuple):
    """A tactic with its techniques."""

    id: str
    name: str
    cells: tuple[Cell, ...]

    @property
    def covered(self) -> int:
        """How many of its techniques have a rule."""
        return sum(bool(cell.all_rules) for cell in self.cells)


def techniques_of(rules: Sequence[Entry]) -> dict[str, list[int]]:
    """Return technique in force -> positions of its rules; unknown ids stand for themselves."""
    found: dict[str, list[int]] = defaultdict(list)
    for at, rule in enumerate(rules):
        current = (attack.current(name) for name in rule.techniques)
        pairs = zip(rule.techniques, current, strict=True)
        for name in dict.fromkeys(c.id if c is not None else name.upper() for name, c in pairs):
            found[name].append(at)
    return found


def matrix(rules: Sequence[Entry]) -> tuple[Column, ...]:
    """Return the ATT&CK matrix, tactics in the order of an attack, techniques by name."""
    covered = techniques_of(rules)
    parts: dict[str, list[Cell]] = defaultdict(list)
    parents: list[attack.Technique] = []
    for item in attack.techniques():
        parent, _, part = item.id.partition(".")
        if part:
            parts[parent].append(Cell(item.id, item.name, tuple(covered.get(item.id, ()))))
        else:
            parents.append(item)
    columns: dict[str, list[Cell]] = defaultdict(list)
    for item in sorted(parents, key=lambda x: x.name):
        own = tuple(covered.get(item.id, ()))
        for tactic in item.tactics:
            columns[tactic.id].append(Cell(item.id, item.name, own, tuple(parts[item.id])))
    return tuple(Column(t.id, t.name, tuple(columns[t.id])) for t in attack.tactics())


def navigator_layer(rules: Sequence[Entry], name: str) -> dict[str, Any]:
    """Return a layer of the ATT&CK Navigator: the score of a technique is its number of rules."""
    covered = techniques_of(rules)
    known = attack.ids_in_force()
    counts = {item: len(found) for item, found in sorted(covered.items()) if item in known}
    return {
        "name": name,
        "versions": {"attack": attack.version().partition(".")[0], "layer": "4.5"},
        "domain": "enterprise-attack",
        "description": f"{len(rules)} rules",
        "sorting": 3,
        "layout": {"layout": "side", "showID": True, "showName": True},
        "hideDisabled": False,
        "techniques": [
            {"techniqueID": item, "score": count, "comment": f"{count} rules", "enabled": True}
            for item, count in counts.items()
        ],
        "gradient": {
            "colors": ["#e8f0fe", "#1a56c4"],
            "minValue": 0,
            "maxValue": max(counts.values(), default=1),
        },
    }


class Watched(NamedTuple):
    """A kind of event with the positions of the rules that read it. key: names its page."""

    key: str
    event: Event
    rules: tuple[int, ...]


def events(rules: Sequence[Entry]) -> tuple[Watched, ...]:
    """Return the kinds of events, by provider and id."""
    found: dict[Event, list[int]] = defaultdict(list)
    for at, rule in enumerate(rules):
        for event in dict.fromkeys(rule.events):
            found[event].append(at)
    used: Counter[str] = Counter()
    watched = []
    for event in sorted(found, key=_event_order):
        base = slug(f"{event.provider} {event.id}", 60)
        used[base] += 1
        key = base if used[base] == 1 else f"{base}_{used[base]}"
        watched.append(Watched(key, event, tuple(found[event])))
    return tuple(watched)


def _event_order(event: Event) -> tuple[bool, str, int, str, str]:
    number = int(event.id) if event.id.isdigit() else 0
    return not event.id, event.provider.lower(), number, event.id, event.title


class Faithful(NamedTuple):
    """How many rules of a language convert to a target how well, and why the others do not.

    reasons: (code of a loss, number of rules), the most usual first.
    """

    language: str
    target: str
    full: int
    partial: int
    none: int
    reasons: tuple[tuple[str, int], ...]


def fidelity(rules: Sequence[Entry]) -> tuple[Faithful, ...]:
    """Return the migration report, by language and target."""
    counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    reasons: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for rule in rules:
        for target, outcome in rule.outcomes.items():
            key = (rule.language, target)
            counts[key][STATUS[outcome.fidelity]] += 1
            reasons[key].update(outcome.losses)
    return tuple(
        Faithful(*key, n["full"], n["partial"], n["none"], tuple(reasons[key].most_common()))
        for key, n in counts.items()
    )


class Twin(NamedTuple):
    """Two rules of different collections.

    relation: `same`: they find the same events; `twin`: they differ only in which events they read;
    `alike`: they make nearly the same tests.
    """

    left: int
    right: int
    relation: str
    likeness: float


def duplicates(rules: Sequence[Entry], related: Sequence[Neighbours]) -> tuple[Twin, ...]:
    """Return the pairs over the borders of collections or languages, the nearest first."""
    found = []
    for left, around in enumerate(related):
        near = (
            *(("same", other) for other in around.same),
            *(("twin", other) for other in (*around.broader, *around.narrower) if other.twin),
            *(("alike", other) for other in around.alike),
        )
        for relation, other in near:
            if other.index > left and _of(rules[left]) != _of(rules[other.index]):
                found.append(Twin(left, other.index, relation, other.likeness))
    return tuple(sorted(found, key=lambda twin: (-twin.likeness, twin.relation != "same", twin)))


def _of(rule: Entry) -> tuple[str, str]:
    return rule.collection, rule.language


_COLUMNS = ("language", "collection", "path", "id", "name", "status", "severity", "error")


def report_csv(rules: Sequence[Entry]) -> str:
    """Return the migration report, a line a rule: per target status, losses and verdict."""
    targets = tuple(dict.fromkeys(name for rule in rules for name in rule.outcomes))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    told = ("status", "losses", "verdict")
    writer.writerow((*_COLUMNS, *(f"{name} {what}" for name in targets for what in told)))
    for rule in rules:
        head = (plain_cell(str(getattr(rule, name))) for name in _COLUMNS)
        writer.writerow((*head, *(cell for name in targets for cell in _outcome(rule, name))))
    return out.getvalue()


def _outcome(rule: Entry, target: str) -> Iterator[str]:
    outcome = rule.outcomes.get(target)
    if outcome is None:
        yield from ("", "", "")
    else:
        yield from (STATUS[outcome.fidelity], " ".join(outcome.losses), outcome.verdict)


