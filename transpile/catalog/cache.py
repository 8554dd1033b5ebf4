"""What was read of each file, kept from one build to the next in one SQLite file.

An entry holds as long as the file, the definitions it depends on, the targets and this program are
the same. Only JSON is stored. A file that is no cache of ours, or is broken, is begun anew.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from transpile.catalog.entry import Sheet
from transpile.catalog.pairs import Related

_TABLES = (
    "CREATE TABLE IF NOT EXISTS files (path TEXT PRIMARY KEY, stamp TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS rules (path TEXT NOT NULL, part INTEGER NOT NULL, "
    "entry TEXT NOT NULL, sheet TEXT NOT NULL, PRIMARY KEY (path, part))",
    "CREATE TABLE IF NOT EXISTS pages (folder TEXT NOT NULL, name TEXT NOT NULL, "
    "stamp TEXT NOT NULL, PRIMARY KEY (folder, name))",
    "CREATE TABLE IF NOT EXISTS judged (stamp TEXT PRIMARY KEY, example TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS pairs (one TEXT NOT NULL, other TEXT NOT NULL, "
    "implied INTEGER NOT NULL, lost TEXT NOT NULL, PRIMARY KEY (one, other))",
)

_NEVER = "never"

Record = tuple[str, str, list[tuple[str, str]]]
"""Path of a file, its stamp, and the entry and the sheet of each of its rules as JSON."""


class Cache:
    """The file, or with None a temporary one that vanishes with the object."""

    def __init__(self, path: Path | None) -> None:
        self._database = _opened(path)

    def __del__(self) -> None:
        self._database.close()

    def stamps(self) -> dict[str, str]:
        """Return path -> stamp of all files known."""
        return dict(self._database.execute("SELECT path, stamp FROM files"))

    def store(self, record: Record) -> None:
        """Keep what was read of a file instead of what was known of it."""
        path, stamp, rules = record
        self.forget([path])
        self._database.execute("INSERT INTO files VALUES (?, ?)", (path, stamp))
        rows = ((path, part, entry, sheet) for part, (entry, sheet) in enumerate(rules))
        self._database.executemany("INSERT INTO rules VALUES (?, ?, ?, ?)", rows)

    def forget(self, paths: Iterable[str]) -> None:
        """Forget files."""
        for path in paths:
            self._database.execute("DELETE FROM files WHERE path = ?", (path,))
            self._database.execute("DELETE FROM rules WHERE path = ?", (path,))

    def entries(self) -> Iterator[tuple[str, int, Any]]:
        """Yield path, number in it and entry (plain data) of all rules."""
        rows = self._database.execute("SELECT path, part, entry FROM rules ORDER BY path, part")
        for path, part, entry in rows:
            yield path, part, json.loads(entry)

    def sheet(self, path: str, part: int) -> Sheet:
        """Return the sheet of a rule. Raises KeyError for an unknown one."""
        query = "SELECT sheet FROM rules WHERE path = ? AND part = ?"
        row = self._database.execute(query, (path, part)).fetchone()
        if row is None:
            raise KeyError(path)
        return Sheet.from_json(json.loads(row[0]))

    def related(self, at: Mapping[str, int]) -> tuple[Related, frozenset[str]]:
        """Return what is known of pairs of rules, and the stamps of all that were compared.

        at: stamp of a rule -> its position; other rules are left out.
        """
        found = Related()
        compared = dict(self._database.execute("SELECT stamp, example FROM judged"))
        for stamp, example in compared.items():
            if stamp in at and example == _NEVER:
                found.never.add(at[stamp])
            elif stamp in at and example:
                found.examples[at[stamp]] = json.loads(example)
        for one, other, implied, lost in self._database.execute("SELECT * FROM pairs"):
            if one in at and other in at:
                pair = at[one], at[other]
                found.lost[pair] = tuple(json.loads(lost))
                if implied:
                    found.implied.add(pair)
        return found, frozenset(compared)

    def store_related(self, stamps: Sequence[str], found: Related) -> None:
        """Keep what is known of pairs of rules. stamps: of the rules, by position."""
        for table in ("judged", "pairs"):
            self._database.execute(f"DELETE FROM {table}")
        examples = {at: json.dumps(event) for at, event in found.examples.items() if event}
        examples |= dict.fromkeys(found.never, _NEVER)
        judged = ((stamp, examples.get(at, "")) for at, stamp in enumerate(stamps))
        self._database.executemany("INSERT OR REPLACE INTO judged VALUES (?, ?)", judged)
        pairs = (
            (stamps[one], stamps[other], (one, other) in found.implied, json.dumps(lost))
            for (one, other), lost in found.lost.items()
        )
        self._database.executemany("INSERT OR REPLACE INTO pairs VALUES (?, ?, ?, ?)", pairs)
        self.save()

    def pages(self, folder: str) -> dict[str, str]:
        """Return name -> stamp of the pages written to a folder."""
        query = "SELECT name, stamp FROM pages WHERE folder = ?"
        return dict(self._database.execute(query, (folder,)))

    def store_pages(self, folder: str, stamps: dict[str, str]) -> None:
        """Keep which pages were written to a folder."""
        self._database.execute("DELETE FROM pages WHERE folder = ?", (folder,))
        rows = ((folder, name, stamp) for name, stamp in stamps.items())
        self._database.executemany("INSERT INTO pages VALUES (?, ?, ?)", rows)
        self.save()

    def save(self) -> None:
        """Write what was stored."""
        self._database.commit()


def _opened(path: Path | None) -> sqlite3.Connection:
    if path is None:
        return _prepared(sqlite3.connect(""))
    path.parent.mkdir(parents=True, exist_ok=True)
    with suppress(sqlite3.DatabaseError):
        return _prepared(sqlite3.connect(path))
    path.unlink()
    return _prepared(sqlite3.connect(path))


def _prepared(database: sqlite3.Connection) -> sqlite3.Connection:
    for table in _TABLES:
        database.execute(table)
    return database
