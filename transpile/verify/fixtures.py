"""Fixture events of a rule: `events/<rule>.yml` in the content repository.

    events:
      - why: a shell whose command line asks for another computer
        match: true
        event: {process_name: powershell.exe, process: "...", dest: host1}
    rows:            # the expected result rows, where the rule aggregates
      - {dest: host1, count: 1}
    now: 1700000000  # start of the search, optional
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from transpile.errors import ContentError

if TYPE_CHECKING:
    from transpile.content import Content, Rule


@dataclass(frozen=True, slots=True)
class Fixtures:
    """events: as the rule reads them.  match: per event whether the rule must find it, None: open.

    why: per event what it shows.  rows: expected result rows, None if not given.
    """

    events: tuple[Mapping[str, Any], ...] = ()
    match: tuple[bool | None, ...] = ()
    why: tuple[str, ...] = ()
    rows: tuple[Mapping[str, Any], ...] | None = None
    now: float | None = None


def fixture_path(rule: Rule, content: Content) -> Path | None:
    """Return where the fixtures of a rule are, None if there are none."""
    if rule.path is None or content.root is None:
        return None
    path = content.root / "events" / f"{Path(rule.path).stem}.yml"
    return path if path.is_file() else None


def load_fixtures(rule: Rule, content: Content) -> Fixtures:
    """Return the fixtures of a rule, empty if it has none. Raises `ContentError`."""
    path = fixture_path(rule, content)
    return Fixtures() if path is None else read_fixtures(path)


def read_fixtures(path: Path) -> Fixtures:
    """Return the fixtures of a file. Raises `ContentError` CNT408 naming the wrong entry."""
    from transpile.content.yaml import load_yaml

    data = load_yaml(path)
    if not isinstance(data, dict) or not isinstance(data.get("events"), list):
        raise _wrong(path, "fixtures need a list 'events'")
    entries = data["events"]
    for number, entry in enumerate(entries, 1):
        if not isinstance(entry, dict) or not isinstance(entry.get("event"), dict):
            raise _wrong(path, f"entry {number} of 'events' needs a mapping 'event'")
        if not isinstance(entry.get("match"), (bool, type(None))):
            raise _wrong(path, f"'match' of entry {number} must be true or false")
    rows = data.get("rows")
    return Fixtures(
        tuple(entry["event"] for entry in entries),
        tuple(entry.get("match") for entry in entries),
        tuple(str(entry.get("why", "")) for entry in entries),
        None if rows is None else tuple(rows),
        data.get("now"),
    )


def _wrong(path: Path, message: str) -> ContentError:
    return ContentError(message, code="CNT408", path=str(path))
