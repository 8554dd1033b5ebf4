"""A data model node's view of an event: filled, calculated and typed fields, and membership."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transpile.schema import cim
from transpile.schema._cim_nodes import NODES

Event = dict[str, Any]
NAMES = [key.split(".", 1) for key in NODES]


@pytest.mark.parametrize(("node", "event", "field", "value"), [
    pytest.param("Endpoint.Processes", {}, "user", "unknown", id="missing-becomes-unknown"),
    pytest.param("Endpoint.Processes", {"user": ""}, "user", "unknown", id="empty-becomes-unknown"),
    pytest.param("Endpoint.Processes", {"user": []}, "user", "unknown", id="no-values"),
    pytest.param("Endpoint.Processes", {"process": "cmd /c x"}, "process_name", "cmd",
                 id="process-name-is-the-first-token"),
    pytest.param("Endpoint.Processes", {"process": "cmd /c x", "process_name": "a.exe"},
                 "process_name", "a.exe", id="given-process-name-stays"),
    pytest.param("Endpoint.Processes", {"process": "  "}, "process_name", "unknown",
                 id="no-token-no-name"),
    pytest.param("Endpoint.Processes", {}, "process_path", None, id="plain-field-stays-missing"),
    pytest.param("Endpoint.Processes", {"process_integrity_level": "HIGH"},
                 "process_integrity_level", "high", id="lower-case"),
    pytest.param("Endpoint.Processes", {"Processes.user": "a"}, "user", "a", id="prefix"),
    pytest.param("Endpoint.Processes", {"Processes.user": "a", "user": "b"}, "user", "a",
                 id="prefixed-outranks-plain"),
    pytest.param("Endpoint.Processes", {"extra.x": 1}, "extra.x", 1, id="undeclared-stays"),
    pytest.param("Endpoint.Processes", {"vendor": "V", "product": "P"}, "vendor_product", "V P",
                 id="vendor-product"),
    pytest.param("Endpoint.Processes", {"sourcetype": "s"}, "vendor_product", "s",
                 id="vendor-product-from-source-type"),
    pytest.param("Endpoint.Filesystem", {"file_size": "big"}, "file_size", None,
                 id="size-that-is-no-number-is-missing"),
    pytest.param("Web.Web", {"url": "-"}, "url", "unknown", id="dash-in-web"),
    pytest.param("Web.Web", {"user": "-"}, "user", "-", id="dash-in-another-field"),
    pytest.param("Web.Web", {}, "url_length", 7, id="length-of-unknown"),
    pytest.param("Web.Web", {"url": "/a"}, "url_length", 2, id="length-of-url"),
    pytest.param("Web.Web", {"url": "http://u@h.example:8/x"}, "url_domain", "h.example",
                 id="domain-of-url"),
    pytest.param("Network_Traffic.All_Traffic", {}, "dest_port", 0, id="port-zero"),
    pytest.param("Network_Traffic.All_Traffic", {"dest_port": "http"}, "dest_port", 0,
                 id="port-that-is-no-number"),
    pytest.param("Network_Traffic.All_Traffic", {"dest_port": "443"}, "dest_port", "443",
                 id="port-as-text"),
    pytest.param("Network_Traffic.All_Traffic", {"bytes_in": 1, "bytes_out": "2"}, "bytes", 3,
                 id="bytes-are-the-sum"),
    pytest.param("Network_Traffic.All_Traffic", {"bytes_in": 1}, "bytes_out", None,
                 id="no-difference-of-one-part"),
    pytest.param("Network_Traffic.All_Traffic", {"bytes": 5, "bytes_in": 1.5}, "bytes_out", 3.5,
                 id="bytes-out-are-the-rest"),
    pytest.param("Network_Traffic.All_Traffic", {"bytes": "x"}, "bytes", None, id="no-bytes"),
    pytest.param("Network_Traffic.All_Traffic", {"transport": "TCP"}, "transport", "tcp",
                 id="transport-in-lower-case"),
    pytest.param("Change.All_Changes", {"signature": "s"}, "result", "s",
                 id="result-falls-back-to-signature"),
    pytest.param("Change.All_Changes", {}, "result_id", "-1", id="result-id-falls-back"),
    pytest.param("Change.All_Changes.Instance_Changes", {}, "image_id", "unknown",
                 id="child-adds-fields"),
    pytest.param("Change.All_Changes.Instance_Changes",
                 {"All_Changes.Instance_Changes.image_id": "ami"}, "image_id", "ami",
                 id="prefix-of-a-child"),
    pytest.param("Network_Resolution.DNS", {"query": ["a", "b"]}, "query", ["a", "b"],
                 id="many-values-stay"),
    pytest.param("Authentication.Authentication", {"sourcetype": "x"}, "app", "x",
                 id="app-from-source-type"),
    pytest.param("Certificates.All_Certificates.SSL", {"ssl_issuer_email": "a@b.example"},
                 "ssl_issuer_email_domain", "b.example", id="domain-of-mail"),
    pytest.param("Vulnerabilities.Vulnerabilities", {"cve": ["CVE-1"]}, "cve", ["cve-1"],
                 id="every-value-in-lower-case"),
    pytest.param("No.Node", {"a": 1}, "a", 1, id="unknown-node-copies"),
])
def test_the_view_of_a_node(node: str, event: Event, field: str, value: object) -> None:
    before = dict(event)
    assert cim.normalise(event, *node.split(".", 1)).get(field) == value
    assert event == before


@pytest.mark.parametrize(("node", "event", "member"), [
    pytest.param("Endpoint.Processes", {}, True, id="no-tags-no-doubt"),
    pytest.param("Endpoint.Processes", {"tag": ["Process", "report"]}, True, id="all-tags"),
    pytest.param("Endpoint.Processes", {"tag": "process"}, False, id="a-tag-is-missing"),
    pytest.param("Authentication.Insecure_Authentication", {"tag": ["authentication", "cleartext"]},
                 True, id="either-tag"),
    pytest.param("Authentication.Failed_Authentication", {"action": "FAILURE"}, True,
                 id="field-in-any-case"),
    pytest.param("Authentication.Failed_Authentication", {"action": "success"}, False,
                 id="other-value"),
    pytest.param("Authentication.Failed_Authentication", {}, False, id="missing-is-unknown"),
    pytest.param("Authentication.Authentication", {"action": "success", "user": "PC$"}, False,
                 id="machine-account-is-excluded"),
    pytest.param("Authentication.Authentication", {"action": "failure", "user": "PC$"}, True,
                 id="part-of-an-exclusion"),
    pytest.param("Change.All_Changes", {"object_category": "Registry"}, False, id="excluded-value"),
    pytest.param("Network_Traffic.Traffic_By_Action", {}, True, id="any-value-holds-for-unknown"),
    pytest.param("No.Node", {}, False, id="unknown-node"),
])
def test_membership(node: str, event: Event, member: bool) -> None:
    assert cim.is_member(event, *node.split(".", 1)) is member


@pytest.mark.parametrize(("model", "node"), NAMES, ids=list(NODES))
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_a_view_has_what_is_never_missing_and_is_stable(
    model: str, node: str, data: st.DataObject
) -> None:
    facts = cim.node_facts(model, node)
    assert facts is not None
    names = sorted(facts.unknown | facts.total | facts.zero | facts.number_or_none | {"signature"})
    values = st.sampled_from(["", "-", "x", "7", 7, None, [], ["a", "b"]])
    event = data.draw(st.dictionaries(st.sampled_from(names), values))
    shown = cim.normalise(event, model, node)
    never = cim.never_missing(model, node)
    assert [name for name in never if shown.get(name) in (None, "", [])] == []
    assert cim.normalise(shown, model, node) == shown


def test_number_and_multivalue_flags() -> None:
    assert cim.is_number("Network_Traffic", "All_Traffic", "All_Traffic.dest_port")
    assert cim.is_number("endpoint", "processes", "process_id")
    assert not cim.is_number("Endpoint", "Filesystem", "process_id")
    assert not cim.is_number("Nope", "Nope", "x")
    assert cim.is_multivalue("Network_Resolution", "DNS", "DNS.answer")


def test_constraints_are_data() -> None:
    node = ("Change", "All_Changes.Account_Management.Accounts_Updated")
    assert cim.constraint(*node) == (("action", ("updated", "modified")),)
    assert cim.exclusions(*node) == ((("object_category", ("file", "directory", "registry")),),)
    assert cim.constraint("Nope", "Nope") == ()


def test_every_parent_exists_and_is_the_path_before() -> None:
    assert all(
        node.parent in NODES and node.parent == key.rpartition(".")[0]
        for key, node in NODES.items()
        if node.parent is not None
    )
