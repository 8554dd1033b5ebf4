"""Event files: Windows event logs through a stand-in, and what is said of broken ones."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from transpile.errors import ContentError, UsageError
from transpile.events import read_events

NAMESPACE = {"xmlns": "http://schemas.microsoft.com/win/2004/08/events/event"}
LOGON: dict[str, Any] = {
    "Event": {
        "#attributes": NAMESPACE,
        "System": {
            "Provider": {"#attributes": {"Name": "Microsoft-Windows-Security-Auditing"}},
            "EventID": 4624,
            "TimeCreated": {"#attributes": {"SystemTime": "2024-05-01T10:00:00.000000Z"}},
            "EventRecordID": 7,
            "Channel": "Security",
            "Computer": "ws1.example.org",
        },
        "EventData": {"TargetUserName": "ann", "LogonType": 3},
    }
}


class LogOfOne:
    """Stands in for the parser of the package: one record, as it yields them."""

    def __init__(self, path: str) -> None:
        assert Path(path).is_file()

    def records_json(self) -> list[dict[str, Any]]:
        return [{"event_record_id": 7, "timestamp": "", "data": json.dumps(LOGON)}]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log.EVTX"
    path.write_bytes(b"no log at all, whatever the name says\n" * 200)
    return path


def test_a_windows_event_log_is_read_as_splunk_shows_it(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "evtx", SimpleNamespace(PyEvtxParser=LogOfOne))
    lines = tmp_path / "same.ndjson"
    lines.write_text(json.dumps(LOGON), encoding="utf-8")
    (event,) = read_events(log)
    assert (event["EventCode"], event["TargetUserName"], event["Logon_Type"]) == (
        "4624",
        "ann",
        "3",
    )
    assert [event] == read_events(lines)


def test_without_the_package_the_message_says_how_to_get_it(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "evtx", None)
    with pytest.raises(UsageError) as caught:
        read_events(log)
    assert (caught.value.code, caught.value.hint) == ("OUT504", "pip install transpile[evtx]")


@pytest.mark.parametrize("content", [b"", b"no log " * 1000], ids=["empty", "of-another-kind"])
def test_a_file_that_is_no_event_log_is_refused(log: Path, content: bytes) -> None:
    pytest.importorskip("evtx")
    log.write_bytes(content)
    with pytest.raises(ContentError) as caught:
        read_events(log)
    assert (caught.value.code, caught.value.path) == ("CNT401", str(log))
    assert "not a Windows event log" in caught.value.message


@pytest.mark.parametrize(
    ("text", "names"),
    [
        pytest.param('{"a": 1}', [1], id="one"),
        pytest.param('[{"a": 1}, {"a": 2}]\n', [1, 2], id="a-list"),
        pytest.param('{"a": 1}\n{"a":\n 2}\n\n', [1, 2], id="one-after-the-other"),
        pytest.param("[]", [], id="none"),
    ],
)
def test_json_holds_a_list_or_events_one_after_the_other(
    tmp_path: Path, text: str, names: list[int]
) -> None:
    (tmp_path / "e.json").write_text(text)
    assert [event["a"] for event in read_events(tmp_path / "e.json")] == names


@pytest.mark.parametrize(("text", "line"), [("", 1), ('{"a": 1}\n{"a" 2}', 2)])
def test_broken_json_is_refused_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    (tmp_path / "e.json").write_text(text)
    with pytest.raises(ContentError) as caught:
        read_events(tmp_path / "e.json")
    assert (caught.value.code, caught.value.line) == ("CNT401", line)
