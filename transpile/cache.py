"""Results of earlier runs, kept in one SQLite file: what depends on the same is not made again.

A key is a digest of everything that a result depends on: the rule's file, the content repository's
other files, what was asked for, and the program itself with the libraries it writes with. SQLite
makes concurrent runs and a killed one safe. A cache that cannot be used is done without: it saves
time and decides nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, entry_points, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self

LAYOUT = 1
"""Of the file; another layout is another file."""

MOST_BYTES = 256 * 1024 * 1024
"""Size from which on a cache is begun anew."""

WAIT = 5.0
"""Seconds to wait for another run that is writing."""

_TABLE = "CREATE TABLE IF NOT EXISTS results (key TEXT PRIMARY KEY, data TEXT)"
_LIBRARIES = ("pyparsing", "pysigma", "sqlglot", "jinja2", "pyyaml")
_GROUP = "transpile.backends"


def default_folder() -> Path:
    """Return where caches are kept: `XDG_CACHE_HOME`, else `~/.cache`."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(base) / "transpile"


class Cache:
    """Keys to JSON values in a file; every failure of the file counts as "not there"."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.hits = 0
        self._connection = self._open()

    @classmethod
    def default(cls) -> Self:
        """Return the user's cache."""
        return cls(default_folder() / f"results-{LAYOUT}.sqlite")

    def _open(self) -> sqlite3.Connection | None:
        with suppress(OSError):
            self.path.parent.mkdir(parents=True, exist_ok=True)
        for _ in range(2):
            connection = self._connected()
            if connection is not None:
                return connection
            with suppress(OSError):  # a broken file is no loss
                self.path.unlink(missing_ok=True)
        return None

    def _connected(self) -> sqlite3.Connection | None:
        try:
            if self.path.is_file() and self.path.stat().st_size > MOST_BYTES:
                return None
            connection = sqlite3.connect(self.path, timeout=WAIT)
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=OFF")
            connection.execute(_TABLE)
        except (sqlite3.Error, OSError):
            return None
        return connection

    def many(self, keys: Iterable[str]) -> dict[str, Any]:
        """Return the values of the keys that are there."""
        wanted = list(keys)
        found: dict[str, Any] = {}
        if self._connection is None:
            return found
        with suppress(sqlite3.Error, ValueError):
            for some in _slices(wanted, 500):
                marks = ",".join("?" * len(some))
                query = f"SELECT key, data FROM results WHERE key IN ({marks})"
                for key, data in self._connection.execute(query, some):
                    found[key] = json.loads(data)
        self.hits += len(found)
        return found

    def keep(self, values: Mapping[str, Any]) -> None:
        """Write values in one transaction, all or none."""
        if self._connection is None or not values:
            return
        rows = [(key, json.dumps(value, ensure_ascii=False)) for key, value in values.items()]
        with suppress(sqlite3.Error, UnicodeEncodeError), self._connection as connection:
            connection.executemany("INSERT OR REPLACE INTO results VALUES (?, ?)", rows)

    def close(self) -> None:
        """Let go of the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _slices(items: list[str], size: int) -> Iterator[list[str]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def digest(*parts: bytes | str) -> str:
    """Return a digest of some parts; how a text is cut into parts counts."""
    data: list[bytes] = []
    for part in parts:
        told = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        data += (len(told).to_bytes(8, "little"), told)
    return hashlib.blake2b(b"".join(data), digest_size=20).hexdigest()


def digest_of_files(files: Iterable[Path]) -> str:
    """Return a digest of the names and contents of files; that one is unreadable counts too."""
    parts: list[bytes | str] = []
    for file in files:
        parts.append(str(file))
        try:
            parts.append(file.read_bytes())
        except OSError as error:
            parts.append(type(error).__name__)
    return digest(*parts)


@lru_cache(maxsize=1)
def program() -> str:
    """Return a digest of this program: its files, its backends, the libraries it writes with.

    Files count by size and time, so that a checkout that is worked on needs no version number.
    """
    parts = [_version("transpile"), *(f"{name} {_version(name)}" for name in _LIBRARIES)]
    for entry in sorted(entry_points(group=_GROUP), key=lambda item: item.name):
        owner = "" if entry.dist is None else f"{entry.dist.name} {entry.dist.version}"
        parts.append(f"{entry.name} {entry.value} {owner}")
    for package in ("transpile", "transpile.backends"):
        spec = find_spec(package)
        for folder in (spec and spec.submodule_search_locations) or ():
            parts += _stamps(folder)
    return digest(*parts)


def _stamps(folder: str) -> list[str]:
    """Return path, size and time of the program's files below a folder."""
    stamps = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        for name in sorted(names):
            facts = os.stat(os.path.join(place, name))
            stamps.append(f"{place}/{name} {facts.st_size} {facts.st_mtime_ns}")
    return stamps


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "none"
