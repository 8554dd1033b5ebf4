"""Raw Windows events get the names and the data model fields of Splunk's add-ons."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from transpile.schema.cim import is_member
from transpile.schema.conflicts import conflicts
from transpile.schema.datasets import dataset
from transpile.schema.windows import event_title, is_raw, splunk_view

CORPUS = os.environ.get("TRANSPILE_CORPUS")
SYSMON = "Microsoft-Windows-Sysmon"


def raw(channel: str, provider: str, code: object, data: dict[str, Any],
        part: str = "EventData") -> dict[str, Any]:
    return {"Event": {
        "#attributes": {"xmlns": "x"},
        "System": {
            "Provider": {"#attributes": {"Name": provider, "Guid": "g"}}, "EventID": code,
            "TimeCreated": {"#attributes": {"SystemTime": "1970-01-01T00:00:10.5Z"}},
            "Correlation": None, "Keywords": "0x8020000000000000", "Channel": channel,
            "Computer": "pc1.example", "Security": {"#attributes": {"UserID": "S-1-5-18"}},
        },
        part: data,
    }}


def sysmon(code: int, **data: Any) -> dict[str, Any]:
    return splunk_view(raw(f"{SYSMON}/Operational", SYSMON, code, data))


def security(code: int, **data: Any) -> dict[str, Any]:
    return splunk_view(raw("Security", "Microsoft-Windows-Security-Auditing", code, data))


@pytest.mark.parametrize(("event", "expected"), [
    pytest.param(sysmon(1, Image="C:\\x\\a.exe", User="AD\\bob", CommandLine="a.exe -b",
                        ProcessId=7, Hashes="MD5=AA,SHA256=BB", Company=""),
                 {"EventCode": "1", "EventID": "1", "Computer": "pc1.example",
                  "source": f"XmlWinEventLog:{SYSMON}/Operational", "_time": 10.5,
                  "signature": "Process Create", "UserID": "S-1-5-18", "Image": "C:\\x\\a.exe",
                  "process_name": "a.exe", "process_path": "C:\\x\\a.exe", "process": "a.exe -b",
                  "process_id": "7", "user": "bob", "MD5": "AA", "Company": None,
                  "process_hash": ["MD5=AA", "SHA256=BB"], "tag": ["windows", "process", "report"]},
                 id="sysmon-process"),
    pytest.param(sysmon(13, TargetObject="HKLM\\S\\Run\\x", Details="DWORD (0x00000001)",
                        EventType="SetValue"),
                 {"registry_path": "HKLM\\S\\Run\\x", "registry_key_name": "HKLM\\S\\Run",
                  "registry_value_name": "x", "registry_value_data": "0x00000001",
                  "registry_value_type": "REG_DWORD", "registry_hive": "HKEY_LOCAL_MACHINE",
                  "action": "modified"}, id="sysmon-registry"),
    pytest.param(sysmon(11, TargetFilename="C:\\x\\f.txt", Image="C:\\a.exe"),
                 {"file_path": "C:\\x\\f.txt", "file_name": "f.txt", "action": "created",
                  "process_name": "a.exe"}, id="sysmon-file"),
    pytest.param(sysmon(3, DestinationPort=443, DestinationIp="10.0.0.1", Initiated=True),
                 {"dest_port": "443", "dest_ip": "10.0.0.1", "dest": "10.0.0.1",
                  "direction": "outbound", "Initiated": "true"}, id="sysmon-network"),
    pytest.param(sysmon(10, SourceImage="C:\\a.exe", TargetImage="C:\\b.exe"),
                 {"parent_process_name": "a.exe", "process_name": "b.exe", "tag": ["windows"]},
                 id="sysmon-access-has-its-own-names"),
    pytest.param(security(4624, TargetUserName="bob", SubjectUserName="pc1$", IpAddress="-",
                          WorkstationName="ws", LogonType=3),
                 {"user": "bob", "src_user": "pc1$", "src": "ws", "action": "success",
                  "Logon_Type": "3", "Account_Name": ["pc1$", "bob"], "status": "success",
                  "eventtype": "wineventlog_security"}, id="logon"),
    pytest.param(security(4728, MemberName="CN=Bob B,OU=x", TargetUserName="g"),
                 {"user": "Bob B"}, id="member-of-a-group"),
    pytest.param(security(4698, TaskContent="<Task><Command>a &amp; b</Command></Task>"),
                 {"Command": "a & b", "Arguments": None}, id="task-xml"),
    pytest.param(splunk_view(raw("System", "X", {"#text": 7036, "#attributes": {"Qualifiers": 1}},
                                 {"#attributes": {"Name": "n"}, "param1": "s"})),
                 {"EventCode": "7036", "param1": "s", "service": "s"}, id="qualified-id"),
    pytest.param(splunk_view(raw("Application", "P", 5, {"Data": {"#text": ["a", "b"]}})),
                 {"Data": ["a", "b"]}, id="unnamed-data"),
    pytest.param(splunk_view(raw("Security", "Microsoft-Windows-Eventlog", 1102,
                                 {"LogFileCleared": {"SubjectUserName": "bob"}}, "UserData")),
                 {"SubjectUserName": "bob", "signature": "The audit log was cleared"},
                 id="user-data"),
    pytest.param(splunk_view({"EventCode": 1, "a": "b"}), {"EventCode": 1, "a": "b"},
                 id="other-shapes-stay"),
])
def test_the_view_of_a_raw_event(event: dict[str, Any], expected: dict[str, Any]) -> None:
    assert {name: event.get(name) for name in expected} == expected


def test_shapes_and_titles() -> None:
    assert is_raw(raw("Security", "P", 1, {}))
    assert not is_raw({"Event": "x"})
    assert event_title(SYSMON, 1) == "Process Create"
    assert event_title("nobody", 1) is None


@pytest.mark.corpus
@pytest.mark.skipif(not CORPUS, reason="needs TRANSPILE_CORPUS")
def test_recorded_events_are_members_of_their_models_and_their_views_are_faithful() -> None:
    processes = dataset("endpoint.processes")
    assert processes is not None
    counts: Counter[str] = Counter()
    for path in sorted(Path(str(CORPUS), "events", "evtx-attack-samples").glob("*.ndjson")):
        for line in path.read_text(encoding="utf-8").splitlines()[:120]:
            event = splunk_view(json.loads(line))
            counts["events"] += 1
            assert event["EventCode"].isdigit()
            member = is_member(event, "Endpoint", "Processes")
            code = event["EventCode"]
            assert member == ((code, event["Name"]) in {
                ("1", SYSMON), ("4688", "Microsoft-Windows-Security-Auditing")
            })
            if member:
                counts["processes"] += 1
                bare = {
                    f"{head}_{tail}"
                    for head in ("process", "parent_process")
                    for tail in ("name", "exec")
                    if "\\" not in event.get(f"{head}_path", "\\")
                }
                assert conflicts(event, processes, "sigma") == bare & event.keys()
                assert conflicts(event, processes, "ecs") == frozenset()
    assert counts["events"] > 500
    assert counts["processes"] > 50
