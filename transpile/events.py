"""Reading events: NDJSON, JSON, CSV, YAML and EVTX, raw Windows events as Splunk shows them."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from transpile.errors import ContentError, UsageError

Event = dict[str, Any]


def read_events(path: str | Path) -> list[Event]:
    """Return the events of a file, in order.

    By suffix: `.json` (a list, or events one after the other), `.ndjson`/`.jsonl`/`.log` (one a
    line), `.csv`, `.yml` (a list, or fixtures with `events`), `.evtx` (a Windows event log, by the
    package `evtx`; tried on made-up records and broken files only, not on a log of a real machine).
    Raw Windows events (`Event.System`) get the fields that Splunk's add-ons extract. Raises
    `UsageError` CNT407 if there is no such file or its kind is unknown, OUT504 without the package
    for its kind; `ContentError` CNT401/CNT407/CNT408 with the line if its content is wrong.
    """
    file = Path(path)
    if not file.is_file():
        reason = "it is a folder" if file.is_dir() else "no such file"
        raise UsageError(f"cannot read the events of {file}: {reason}", code="CNT407")
    reader = _READERS.get(file.suffix.lower())
    if reader is None:
        hint = "the name must end with one of " + " ".join(sorted(_READERS))
        raise UsageError(f"unknown kind of event file: {file}", code="CNT407", hint=hint)
    return [_view(event) for event in reader(file)]


def _text(file: Path) -> str:
    from transpile.content.yaml import decode

    return decode(file.read_bytes(), str(file))


def _view(event: Event) -> Event:
    from transpile.schema.windows import is_raw, splunk_view

    return dict(splunk_view(event)) if is_raw(event) else event


def _json(file: Path) -> list[Event]:
    text = _text(file)
    found: list[Any] = []
    at = 0
    while True:
        try:
            data, at = json.JSONDecoder().raw_decode(text, _behind_space(text, at))
        except json.JSONDecodeError as error:
            raise _broken(file, error, error.lineno, error.colno) from error
        found += data if isinstance(data, list) else [data]
        if _behind_space(text, at) == len(text):
            return _mappings(file, found)


def _behind_space(text: str, at: int) -> int:
    """Return the place behind the white space, if any, at a place."""
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _lines(file: Path) -> Iterator[Event]:
    # Not splitlines(): U+2028 and its like stand unescaped in JSON texts.
    for number, line in enumerate(_text(file).split("\n"), 1):
        if not line.strip():
            continue
        try:
            event = json.loads(line)
        except json.JSONDecodeError as error:
            raise _broken(file, error, number, error.colno, line) from error
        if not isinstance(event, dict):
            raise _no_event(file, f"line {number}").moved(line=number)
        yield event


def _csv(file: Path) -> list[Event]:
    rows = csv.DictReader(_text(file).splitlines(keepends=True), strict=True)
    try:
        return [{k: v for k, v in row.items() if k is not None and v != ""} for row in rows]
    except csv.Error as error:
        raise ContentError(
            f"not valid CSV: {error}", code="CNT401", path=str(file), line=rows.line_num + 1
        ) from error


def _yaml(file: Path) -> list[Event]:
    from transpile.content.yaml import documents

    data = next(documents(_text(file), str(file)), None)
    if isinstance(data, dict) and isinstance(data.get("events"), list):
        entries = _mappings(file, data["events"])
        return _mappings(file, [entry.get("event", entry) for entry in entries])
    return _mappings(file, data if isinstance(data, list) else [data])


def _evtx(file: Path) -> list[Event]:
    try:
        from evtx import PyEvtxParser
    except ImportError as error:
        raise UsageError(
            f"cannot read {file}: the package evtx is not installed",
            code="OUT504",
            hint="pip install transpile[evtx]",
        ) from error
    try:
        parser: Any = PyEvtxParser(str(file))  # its stubs say that a record may be None
        return [json.loads(record["data"]) for record in parser.records_json()]
    except (OSError, RuntimeError) as error:  # what the package raises for a broken log
        raise ContentError(
            f"not a Windows event log: {error}", code="CNT401", path=str(file)
        ) from error


def _mappings(file: Path, items: list[Any]) -> list[Event]:
    for number, item in enumerate(items, 1):
        if not isinstance(item, dict):
            raise _no_event(file, f"entry {number}")
    return items


def _no_event(file: Path, what: str) -> ContentError:
    return ContentError(
        f"{what} is no event: a mapping of field names to values is needed",
        code="CNT408",
        path=str(file),
    )


def _broken(
    file: Path, error: json.JSONDecodeError, line: int, column: int, snippet: str = ""
) -> ContentError:
    return ContentError(
        f"not valid JSON: {error.msg[:1].lower()}{error.msg[1:]}",
        code="CNT401",
        path=str(file),
        line=line,
        column=column,
        snippet=snippet.rstrip("\r"),
    )


_READERS: Mapping[str, Callable[[Path], Iterable[Event]]] = {
    ".json": _json,
    ".ndjson": _lines,
    ".jsonl": _lines,
    ".log": _lines,
    ".csv": _csv,
    ".yml": _yaml,
    ".yaml": _yaml,
    ".evtx": _evtx,
}
