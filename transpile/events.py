"""Reading events: NDJSON, JSON, CSV and YAML files, raw Windows events turned to Splunk's view."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from transpile.errors import ContentError

Event = dict[str, Any]


def read_events(path: str | Path) -> list[Event]:
    """Return the events of a file, in order.

    By suffix: `.json` (a list, or one event), `.ndjson`/`.jsonl`/`.log` (one a line), `.csv`,
    `.yml` (a list, or fixtures with `events`). Raw Windows events (`Event.System`) get the fields
    that Splunk's add-ons extract. Raises `ContentError` CNT407/CNT401 with the line.
    """
    file = Path(path)
    reader = _READERS.get(file.suffix.lower())
    if reader is None:
        hint = "known: " + " ".join(sorted(_READERS))
        raise ContentError(
            f"unknown kind of event file: {file.name}", code="CNT407", path=str(file), hint=hint
        )
    try:
        found = reader(file)
    except OSError as error:
        message = f"cannot read {file}: {error.strerror or error}"
        raise ContentError(message, code="CNT407", path=str(file)) from error
    except UnicodeDecodeError as error:
        raise ContentError("the file is not UTF-8", code="CNT407", path=str(file)) from error
    return [_view(event) for event in found]


def _view(event: Event) -> Event:
    from transpile.schema.windows import is_raw, splunk_view

    return dict(splunk_view(event)) if is_raw(event) else event


def _json(file: Path) -> list[Event]:
    try:
        data = json.loads(file.read_text(encoding="utf-8-sig"))
    except json.JSONDecodeError as error:
        raise _broken(file, error.lineno, error) from error
    return _mappings(file, data if isinstance(data, list) else [data])


def _lines(file: Path) -> list[Event]:
    events = []
    with file.open(encoding="utf-8-sig") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                try:
                    events.append(json.loads(line))
                except json.JSONDecodeError as error:
                    raise _broken(file, number, error) from error
    return _mappings(file, events)


def _csv(file: Path) -> list[Event]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = csv.DictReader(lines)
        return [{k: v for k, v in row.items() if k is not None and v != ""} for row in rows]


def _yaml(file: Path) -> list[Event]:
    from transpile.content.yaml import load_yaml

    data = load_yaml(file)
    if isinstance(data, dict) and isinstance(data.get("events"), list):
        data = [entry.get("event", entry) for entry in data["events"]]
    return _mappings(file, data if isinstance(data, list) else [data])


def _mappings(file: Path, items: list[Any]) -> list[Event]:
    for number, item in enumerate(items, 1):
        if not isinstance(item, dict):
            message = f"event {number} is no mapping of fields"
            raise ContentError(message, code="CNT401", path=str(file))
    return items


def _broken(file: Path, line: int, error: json.JSONDecodeError) -> ContentError:
    return ContentError(
        f"the line is not JSON: {error.msg}",
        code="CNT401",
        path=str(file),
        line=line,
        column=error.colno,
    )


_READERS: Mapping[str, Callable[[Path], list[Event]]] = {
    ".json": _json,
    ".ndjson": _lines,
    ".jsonl": _lines,
    ".log": _lines,
    ".csv": _csv,
    ".yml": _yaml,
    ".yaml": _yaml,
}
