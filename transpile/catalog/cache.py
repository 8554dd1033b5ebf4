"""What was read of each file, kept from one build to the next in one SQLite file.

An entry holds as long as the file, the definitions it depends on, the targets and this program are
the same. Only JSON is stored. A file that is no cache of ours, or is broken, is begun anew.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from transpile.catalog.entry import Sheet

_TABLES = (
    "CREATE TABLE IF NOT EXISTS files (path TEXT PRIMARY KEY, stamp TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS rules (path TEXT NOT NULL, part INTEGER NOT NULL, "
    "entry TEXT NOT NULL, sheet TEXT NOT NULL, PRIMARY KEY (path, part))",
    "CREATE TABLE IF NOT EXISTS pages (folder TEXT NOT NULL, name TEXT NOT NULL, "
    "stamp TEXT NOT NULL, PRIMARY KEY (folder, name))",
    "CREATE TABLE IF NOT EXISTS compared (stamp TEXT PRIMARY KEY)",
    "CREATE TABLE IF NOT EXISTS implied (narrow TEXT NOT NULL, wide TEXT NOT NULL)",
)

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

    def implications(self) -> tuple[set[str], list[tuple[str, str]]]:
        """Return the stamps of the rules that were compared, and the pairs of which one implies
        the other: (narrow, wide)."""
        compared = {stamp for (stamp,) in self._database.execute("SELECT stamp FROM compared")}
        return compared, list(self._database.execute("SELECT narrow, wide FROM implied"))

    def store_implications(
        self, compared: Iterable[str], pairs: Iterable[tuple[str, str]]
    ) -> None:
        """Keep which rules were compared, and what came out."""
        for table in ("compared", "implied"):
            self._database.execute(f"DELETE FROM {table}")
        rows = ((stamp,) for stamp in compared)
        self._database.executemany("INSERT OR IGNORE INTO compared VALUES (?)", rows)
        self._database.executemany("INSERT INTO implied VALUES (?, ?)", pairs)
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
