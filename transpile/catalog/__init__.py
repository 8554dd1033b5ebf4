"""The catalogue: what can be said over many rules, of several languages.

    catalog = Catalog.build(["rules", "sigma/rules"], targets=("sigma", "eql"))
    catalog.rules, catalog.indicators(), catalog.neighbours(rule), catalog.false_positives()

A rule is an `Entry`; `catalog.sheet(rule)` holds what only its page shows.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, partial
from pathlib import Path

from transpile.cache import digest, program
from transpile.catalog.cache import Cache, Record
from transpile.catalog.counts import Counts, Row, rows_of
from transpile.catalog.entry import Entry, Sheet
from transpile.catalog.falsepositives import Group, grouped
from transpile.catalog.neighbours import Neighbours, neighbours
from transpile.catalog.pairs import Related, related
from transpile.catalog.reading import (
    File,
    definitions_digest,
    files_of,
    forget,
    language_of,
    read_bytes,
    read_rules,
    supposed_language,
)
from transpile.catalog.verdicts import Verdicts, add_verdicts
from transpile.catalog.views import Column, Twin, Watched, duplicates, events, matrix
from transpile.errors import UsageError
from transpile.names import slug
from transpile.records import dataclass

__all__ = ["Catalog", "Entry", "Neighbours", "Sheet"]

MANY = 100
"""Files from which on more than one process pays."""

_CHUNK = 16

_KEPT = 200
"""Files after which what was read is kept for good."""

_FEW = 40
"""Changed rules up to which each is compared with all others, instead of all anew."""

Progress = Callable[[Iterator[Record], int], Iterator[Record]]


@dataclass(frozen=True, slots=True)
class _Task:
    """A file to read, what it is known by in the cache, and its stamp."""

    file: File
    language: str
    path: str
    stamp: str


class Catalog:
    """Rules of one or more languages and what they have to do with each other."""

    def __init__(
        self, rules: Sequence[Entry], cache: Cache, places: Sequence[tuple[str, int]], read: int
    ) -> None:
        self.rules = tuple(rules)
        self.read = read
        """How many files this build had to read anew."""
        self.cache = cache
        self._places = {rule.key: place for rule, place in zip(rules, places, strict=True)}

    @classmethod
    def build(
        cls,
        paths: Sequence[Path | str],
        *,
        targets: Sequence[str] = (),
        cache: Path | None = None,
        processes: int | None = None,
        progress: Progress | None = None,
        verdicts: Verdicts | None = None,
    ) -> Catalog:
        """Return the catalogue of the rules under some paths (files or folders).

        targets: what to convert each rule to.  cache: a file that makes the next build read only
        what changed.  progress: wraps the records as they come, with their number.  verdicts: of
        the conversions (`verdicts.read_verdicts`).
        Raises ContentError CNT407 for a path that is not there, UsageError for an unknown target.
        """
        forget()
        store = Cache(cache)
        tasks = list(_tasks(paths, targets))
        known = store.stamps()
        new = [task for task in tasks if known.get(task.path) != task.stamp]
        store.forget(known.keys() - {task.path for task in tasks})
        records = _records(new, targets, processes)
        for number, record in enumerate(progress(records, len(new)) if progress else records):
            store.store(record)
            if number % _KEPT == 0:
                store.save()  # an interrupted build goes on from here
        store.save()
        order = {task.path: number for number, task in enumerate(tasks)}
        found = sorted(store.entries(), key=lambda row: (order[row[0]], row[1]))
        rules = [Entry.from_json(data) for _, _, data in found]
        _name_pages(rules)
        add_verdicts(rules, verdicts or {})
        return cls(rules, store, [(path, part) for path, part, _ in found], len(new))

    @cached_property
    def by_key(self) -> dict[str, Entry]:
        """The rules by their keys."""
        return {rule.key: rule for rule in self.rules}

    def rule(self, name: str) -> Entry:
        """Return a rule by its key, id or name. Raises UsageError CNT406 if there is none."""
        for attribute in ("key", "id", "name"):
            for rule in self.rules:
                if getattr(rule, attribute) == name:
                    return rule
        raise UsageError(f"no rule {name!r} in the catalogue", code="CNT406")

    def stamps(self) -> dict[str, str]:
        """Return key of a rule -> what changes whenever anything read of it may have changed."""
        files = self.cache.stamps()
        return {key: f"{files[path]} {part}" for key, (path, part) in self._places.items()}

    def sheet(self, rule: Entry) -> Sheet:
        """Return what only the page of a rule shows."""
        return self.cache.sheet(*self._places[rule.key])

    @cached_property
    def counts(self) -> Counts:
        """How many rules look for each value."""
        return Counts(self.rules)

    def indicators(self, rule: Entry | None = None) -> tuple[Row, ...]:
        """Return fields, kinds and values with the number of other rules that look for the same.

        rule: whose; None: those of all rules, the numbers being of all that look for a value.
        """
        return self.counts.all if rule is None else rows_of(rule, self.counts.others(rule))

    def neighbours(self, rule: Entry) -> Neighbours:
        """Return the rules that are broader, narrower, the same or nearly so."""
        return self.related[self._positions[rule.key]]

    @cached_property
    def related(self) -> list[Neighbours]:
        """The neighbours of all rules, in the order of the rules."""
        return neighbours([rule.logic for rule in self.rules], self._pairs)

    @cached_property
    def never(self) -> frozenset[str]:
        """The keys of the rules that no event can meet."""
        return frozenset(self.rules[at].key for at in self._pairs.never)

    @cached_property
    def _pairs(self) -> Related:
        """How rules stand to each other; only those with a rule that changed are compared."""
        stamps = self.stamps()
        names = [stamps[rule.key] for rule in self.rules]
        at = {stamp: number for number, stamp in enumerate(names)}
        known, compared = self.cache.related(at)
        changed = [number for stamp, number in at.items() if stamp not in compared]
        logics = [rule.logic for rule in self.rules]
        found = related(logics) if len(changed) > _FEW else related(logics, known, changed)
        if changed or len(compared) > len(at):
            self.cache.store_related(names, found)
        return found

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {rule.key: at for at, rule in enumerate(self.rules)}

    def false_positives(self) -> tuple[Group, ...]:
        """Return the known false positives, those of one meaning together, the most usual first."""
        return self._false_positives

    @cached_property
    def matrix(self) -> tuple[Column, ...]:
        """The ATT&CK matrix with the rules of each technique."""
        return matrix(self.rules)

    @cached_property
    def events(self) -> tuple[Watched, ...]:
        """The kinds of events with the rules that read them."""
        return events(self.rules)

    @cached_property
    def duplicates(self) -> tuple[Twin, ...]:
        """Pairs of rules of different collections that say the same, or nearly so."""
        return duplicates(self.rules, self.related)

    @cached_property
    def _false_positives(self) -> tuple[Group, ...]:
        return grouped(self.rules)


def _tasks(paths: Sequence[Path | str], targets: Sequence[str]) -> Iterator[_Task]:
    """Yield the files with rules, each with a stamp of everything that its entries depend on."""
    from transpile.targets import find

    names = [find(target)[1].name for target in targets]
    asked = (program(), *names)
    for file in files_of(paths):
        data, fault = read_bytes(file.path)
        language = language_of(data, file.path) if fault is None else supposed_language(file.path)
        if not language:
            continue
        definitions = definitions_digest(file.path) if language == "splunk" else ""
        why = "" if fault is None else fault.message
        stamp = digest(*asked, file.collection, file.name, language, definitions, data, why)
        yield _Task(file, language, str(file.real), stamp)


def _records(
    tasks: Sequence[_Task], targets: Sequence[str], processes: int | None
) -> Iterator[Record]:
    if processes is None:
        processes = (os.cpu_count() or 1) if len(tasks) > MANY else 1
    read = partial(_record, targets=tuple(targets))
    if processes <= 1:
        yield from map(read, tasks)
        return
    from concurrent.futures import ProcessPoolExecutor

    with ProcessPoolExecutor(processes) as pool:
        yield from pool.map(read, tasks, chunksize=_CHUNK)


def _record(task: _Task, targets: tuple[str, ...]) -> Record:
    rules = read_rules(task.file, task.language, targets)
    return task.path, task.stamp, [(_dumped(entry), _dumped(sheet)) for entry, sheet in rules]


def _dumped(item: Entry | Sheet) -> str:
    return json.dumps(item.to_json(), separators=(",", ":"), default=str)


def _name_pages(rules: Sequence[Entry]) -> None:
    """Give every rule a key; rules of one name get numbers in the order of their files."""
    used: set[str] = set()
    for rule in rules:
        base = f"{rule.language}/{slug(rule.name, 80)}"
        key, number = base, 1
        while key in used:
            number += 1
            key = f"{base}_{number}"
        used.add(key)
        rule.key = key
