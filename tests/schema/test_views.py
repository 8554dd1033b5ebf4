"""A view of an event satisfies the rewritten conditions that the event's own values meet."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transpile.ir.remember import Same
from transpile.schema.conflicts import _At, _seen_together, _typed_values, conflicts
from transpile.schema.datasets import Dataset, dataset, dataset_ids
from transpile.schema.derive import Context, holds, rewrite
from transpile.schema.fields import FieldMap, Taxonomy
from transpile.schema.views import event_code, view

Event = dict[str, Any]


def known(name: str) -> Dataset:
    found = dataset(name)
    assert found is not None
    return found


@pytest.mark.parametrize(("name", "taxonomy", "event", "expected"), [
    pytest.param("endpoint.processes", "sigma", {"process_name": "a.exe"}, {"Image": "\\a.exe"},
                 id="unknown-folder-is-empty"),
    pytest.param("endpoint.processes", "sigma", {"user": "bob"}, {"User": "\\bob"},
                 id="unknown-domain-is-empty"),
    pytest.param("endpoint.processes", "sigma",
                 {"process_name": "A.exe", "process_path": "C:\\x\\a.exe"},
                 {"Image": "C:\\x\\a.exe"}, id="path-and-name-are-one"),
    pytest.param("endpoint.processes", "sigma",
                 {"process_name": "a.exe", "process_path": "C:\\x"}, {"Image": "C:\\x\\a.exe"},
                 id="folder-and-name-are-joined"),
    pytest.param("endpoint.processes", "sigma",
                 {"process_name": "System", "process_path": "System"}, {"Image": "System"},
                 id="a-bare-path-stays-bare"),
    pytest.param("endpoint.registry", "sigma",
                 {"registry_path": "HKCR", "registry_hive": "HKCR"}, {"TargetObject": "HKCR"},
                 id="a-bare-hive-stays-bare"),
    pytest.param("endpoint.processes", "sigma", {"Processes.process": "a b"},
                 {"CommandLine": "a b"}, id="prefixed"),
    pytest.param("endpoint.processes", "sigma", {"process": None, "action": "allowed", "zz": 1}, {},
                 id="missing-dropped-and-unmapped-are-left-out"),
    pytest.param("endpoint.processes", "sigma", {"process_hash": ["a" * 32, "b" * 40]},
                 {"Hashes": f"MD5={'a' * 32},SHA1={'b' * 40}"}, id="list-of-hashes"),
    pytest.param("endpoint.registry", "sigma",
                 {"registry_hive": "HKEY_LOCAL_MACHINE", "registry_key_name": "Run",
                  "registry_value_name": "x", "registry_value_type": "REG_DWORD",
                  "registry_value_data": "0x00000001", "action": "modified"},
                 {"TargetObject": "HKLM\\Run\\x", "Details": "DWORD (0x00000001)",
                  "EventType": "SetValue"}, id="registry-parts"),
    pytest.param("endpoint.processes", "ecs", {"process_id": "12", "_time": 1.5},
                 {"process.pid": 12, "@timestamp": "1970-01-01T00:00:01.500Z",
                  "event.category": "process", "event.type": "start"}, id="types-and-category"),
    pytest.param("endpoint.processes", "ecs", {"process_id": "0x1c", "_time": "soon"},
                 {"process.pid": "0x1c", "@timestamp": "soon", "event.category": "process",
                  "event.type": "start"}, id="values-that-do-not-fit-stay-text"),
    pytest.param("windows.sysmon.7", "ecs", {"Signed": "false\n"},
                 {"file.code_signature.signed": "false\n",
                  "dll.code_signature.exists": "false\n", "event.category": "process",
                  "event.code": "7"}, id="a-truth-value-and-a-line-end-stay-text"),
    pytest.param("endpoint.processes", "ecs", {"dest": ["a", "b"]},
                 {"host.name": ["a", "b"], "winlog.computer_name": ["a", "b"],
                  "event.category": "process", "event.type": "start"}, id="many-values-and-also"),
    pytest.param("endpoint.registry", "ecs", {"action": "deleted"},
                 {"event.type": "deletion", "winlog.event_data.EventType": "DeleteKey",
                  "event.category": "registry"}, id="each-target-has-its-own-words"),
    pytest.param("windows.security.4624", "ecs", {"EventCode": 4625},
                 {"event.code": "4625", "event.category": "authentication"},
                 id="the-events-own-code-decides"),
    pytest.param("o365.management", "ecs",
                 {"ModifiedProperties{}.Name": ["A", "B"],
                  "ModifiedProperties{}.NewValue": ["1", "2"]},
                 {"o365.audit.ModifiedProperties.A.NewValue": "1",
                  "o365.audit.ModifiedProperties.B.NewValue": "2", "event.dataset": "o365.audit"},
                 id="parallel-lists-are-zipped"),
    pytest.param("endpoint.services", "sigma", {}, {"EventID": "7045"}, id="selection-of-sigma"),
    pytest.param("aws.cloudtrail", "cim", {"userIdentity.type": "Root"},
                 {"useridentity_type": "Root"}, id="columns"),
    pytest.param("aws.cloudtrail", "splunk", {"userIdentity.type": "Root", "x": ["a"]},
                 {"userIdentity.type": "Root", "x": "a"}, id="names-kept"),
    pytest.param("aws.cloudtrail", "sigma", {"requestParameters.a{}.b": "1"},
                 {"requestParameters.a.b": "1"}, id="prefix-rule"),
])
def test_what_an_event_becomes(
    name: str, taxonomy: Taxonomy, event: Event, expected: Event
) -> None:
    before = dict(event)
    shown = view(event, known(name), taxonomy)
    assert {key: shown.get(key) for key in expected} == expected
    assert shown.keys() - expected.keys() <= {"event.provider", "winlog.channel"}
    assert event == before


def test_linux_paths_use_slashes() -> None:
    shown = view({"process_name": "sh"}, known("endpoint.processes"), "sigma", platform="linux")
    assert shown["Image"] == "/sh"


def test_unmapped_fields_are_kept_when_asked() -> None:
    shown = view({"Processes.zz": 1, "dest_category": "x", "action": "allowed"},
                 known("endpoint.processes"), "sigma", keep_unmapped=True)
    assert shown == {"zz": 1, "dest_category": "x"}


def test_a_contradiction_is_named() -> None:
    event = {"process_name": "b.exe", "process_path": "C:\\x\\a.exe", "process": "a"}
    assert conflicts(event, known("endpoint.processes"), "sigma") == {"process_path"}
    assert conflicts(event, known("endpoint.processes"), "ecs") == frozenset()


VALUES = st.sampled_from(["a", "Cmd.exe", "b c", "x" * 3, "10.0.0.1", "success", "created", "7",
                          "0x00000001", "f" * 32, "HKEY_LOCAL_MACHINE", "modified"])


@pytest.mark.parametrize("taxonomy", ["sigma", "ecs", "ocsf", "cim"])
@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_a_field_alone_is_found_again(taxonomy: Taxonomy, data: st.DataObject) -> None:
    source = known(data.draw(st.sampled_from(dataset_ids())))
    fields = FieldMap(source)
    names = fields.names()
    if not names:
        return
    event = {data.draw(st.sampled_from(names)): data.draw(VALUES)}
    assert lost(event, source, taxonomy) == []


def lost(event: Event, source: Dataset, taxonomy: Taxonomy) -> list[str]:
    """Return the fields whose value a rewritten equality does not find in the view."""
    fields, shown, missing = FieldMap(source), view(event, source, taxonomy), []
    for name, value in event.items():
        target = fields.lookup(name, taxonomy)
        if target is None or target.field is None:
            continue
        also = tuple(item.field for item in target.also if item.derive is None)
        found = rewrite(target.derive, (str(value),), Context(name, target.field, also, taxonomy))
        if found is not None and not holds(found, shown):
            missing.append(name)
    return missing


@pytest.mark.parametrize(
    ("result", "outcome"),
    [pytest.param("SUCCESS", "success", id="a-word-of-it"),
     pytest.param("ALLOW", None, id="none-of-its-words")],
)  # fmt: skip
def test_a_field_that_repeats_another_repeats_the_words_that_it_has(
    result: str, outcome: str | None
) -> None:
    event = {"outcome.result": result}
    shown = view(event, known("okta.im2"), "ecs")
    assert (shown["okta.outcome.result"], shown.get("event.outcome")) == (result, outcome)
    assert conflicts(event, known("okta.im2"), "ecs") == frozenset()


NAMES = st.sampled_from(["a.exe", "b.exe", "cmd"])
FOLDERS = st.sampled_from(["C:\\Windows\\", "C:\\a b\\"])


@settings(max_examples=100, deadline=None)
@given(folder=FOLDERS, name=NAMES, parent=NAMES, user=st.sampled_from(["bob", "SYSTEM"]))
def test_a_consistent_event_keeps_every_field(
    folder: str, name: str, parent: str, user: str
) -> None:
    event = {"process_path": folder + name, "process_name": name, "process_exec": name,
             "parent_process_name": parent, "user": user, "process": f"{name} /x",
             "process_hash": ["a" * 32, "b" * 64]}
    for taxonomy in ("sigma", "ecs", "ocsf", "cim"):
        assert lost(event | {"process_hash": "a" * 32}, known("endpoint.processes"), taxonomy) == []
        assert conflicts(event, known("endpoint.processes"), taxonomy) == frozenset()


@pytest.mark.parametrize("taxonomy", ["sigma", "ecs"])
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_fields_apart_lose_what_they_lose_together(
    taxonomy: Taxonomy, data: st.DataObject
) -> None:
    source = known(data.draw(st.sampled_from(dataset_ids())))
    fields = FieldMap(source, None)
    named = sorted(fields.names()) or ["a"]
    names = data.draw(st.lists(st.sampled_from(named), unique=True, max_size=8))
    texts = st.sampled_from(["a", "C:\\x\\a.exe", "a.exe", "1", "success", "HKLM\\k", "", "x\\y"])
    event = {name: data.draw(texts) for name in names}
    at = _At(Same(source), fields.variant, taxonomy, "\\", event_code(event))
    entries = tuple((name, _typed_values(event[name])) for name in sorted(event))
    lost, _ = _seen_together(at, entries)
    assert conflicts(event, source, taxonomy) == lost
