"""Fixture events of a rule: `events/<rule>.yml` in the content repository, or what SigmaHQ has.

    events:
      - why: a shell whose command line asks for another computer
        match: true
        event: {process_name: powershell.exe, process: "...", dest: host1}
    rows:            # the expected result rows, where the rule aggregates
      - {dest: host1, count: 1}
    now: 1700000000  # start of the search, optional

A rule of SigmaHQ names the events that it must find in `regression_tests_path`, a file like
`regression_data/<path of the rule>/info.yml` in its repository, beside which the events lie.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from transpile.errors import ContentError
from transpile.records import dataclass

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
    if path is not None:
        return read_fixtures(path)
    info = regression_path(rule)
    return Fixtures() if info is None else read_regression(info)


def regression_path(rule: Rule) -> Path | None:
    """Return the file that a rule of SigmaHQ names for its tests, None if there is none."""
    told = rule.raw.get("regression_tests_path")
    if rule.path is None or not isinstance(told, str):
        return None
    for folder in Path(rule.path).resolve().parents:
        path = (folder / told).resolve()
        if path.is_relative_to(folder) and path.is_file():
            return path
    return None


def read_regression(info: Path) -> Fixtures:
    """Return the events of a regression test of SigmaHQ, as Splunk shows them.

    Each test names a log (`.evtx`) in the folder of `info`, beside which the same events may lie as
    JSON; `match_count` of them must be found.  Raises `ContentError`.
    """
    from transpile.content.yaml import load_yaml
    from transpile.events import read_events

    data = load_yaml(info)
    tests = data.get("regression_tests_info") if isinstance(data, dict) else None
    if not isinstance(tests, list):
        raise _wrong(info, "a regression test needs a list 'regression_tests_info'")
    events: list[Mapping[str, Any]] = []
    match: list[bool | None] = []
    for number, test in enumerate(tests, 1):
        if not isinstance(test, dict) or not isinstance(test.get("path"), str):
            raise _wrong(info, f"entry {number} of 'regression_tests_info' needs a 'path'")
        log = info.parent / Path(test["path"]).name
        text = log.with_suffix(".json")
        found = read_events(text if text.is_file() else log)
        events += found
        match += [True if test.get("match_count") == len(found) else None] * len(found)
    return Fixtures(tuple(events), tuple(match), tuple("" for _ in events))


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
