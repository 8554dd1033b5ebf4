"""Datasets resolve from what SPL and rule files say, and unknown names resolve to nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from transpile.schema.datasets import (
    LogSource,
    choose_variant,
    dataset,
    dataset_ids,
    find_data_source,
    find_datamodel,
    find_macro,
    find_terms,
)

CORPUS = os.environ.get("TRANSPILE_CORPUS")


@pytest.mark.parametrize(("model", "node", "found"), [
    pytest.param("Endpoint", "Processes", "endpoint.processes", id="root-node"),
    pytest.param("endpoint", "PROCESSES", "endpoint.processes", id="case-does-not-matter"),
    pytest.param("Web", None, "web.web", id="model-with-one-root-node"),
    pytest.param("Endpoint", None, None, id="model-with-several-nodes-needs-the-node"),
    pytest.param("Network_Sessions", None, None, id="model-whose-only-dataset-is-a-child"),
    pytest.param("Network_Sessions", "All_Sessions.DHCP", "network_sessions.dhcp", id="child-path"),
    pytest.param("Certificates", "SSL", "certificates.all_certificates", id="leaf-name"),
    pytest.param("Change", "All_Changes.Account_Management.Accounts_Created", "change.all_changes",
                 id="child-without-dataset-gives-its-ancestor"),
    pytest.param("Authentication", "Failed_Authentication", "authentication.authentication",
                 id="alias"),
    pytest.param("Change_Analysis", "All_Changes", "change.all_changes", id="deprecated-model"),
    pytest.param("Nope", "Nope", None, id="unknown-model"),
    pytest.param("Endpoint", "Nope", None, id="unknown-node"),
])
def test_a_data_model_node_resolves(model: str, node: str | None, found: str | None) -> None:
    got = find_datamodel(model, node)
    assert (got and got.id) == found


@pytest.mark.parametrize(("macro", "codes", "found"), [
    pytest.param("sysmon", [], ["windows.sysmon"], id="no-code-gives-the-channel"),
    pytest.param("Sysmon", [1, "11"], ["windows.sysmon.1", "windows.sysmon.11"],
                 id="one-dataset-for-each-code"),
    pytest.param("wineventlog_security", [9999], ["windows.security.9999"],
                 id="unlisted-event-id-is-made-from-its-channel"),
    pytest.param("cloudtrail", [1], ["aws.cloudtrail"], id="codes-mean-nothing-to-cloudtrail"),
    pytest.param("cloudwatch_eks", [], ["aws.eks"], id="second-macro-of-a-dataset"),
    pytest.param("security_content_ctime", [], [], id="not-a-source-macro"),
])
def test_a_macro_resolves(macro: str, codes: list[int | str], found: list[str]) -> None:
    assert [item.id for item in find_macro(macro, codes)] == found


def test_an_unlisted_event_id_keeps_the_channels_source_and_adds_the_code() -> None:
    (made,) = find_macro("wineventlog_security", [9999])
    assert made.sigma.logsource == LogSource(product="windows", service="security")
    assert made.sigma.selection == {"EventID": (9999,)}
    assert ("event.code", ("9999",)) in made.elastic.where


@pytest.mark.parametrize(("terms", "found"), [
    pytest.param([("sourcetype", "AWS:CloudTrail")], "aws.cloudtrail", id="case-does-not-matter"),
    pytest.param([("source", "XmlWinEventLog:Security")], "windows.security", id="xml-channel"),
    pytest.param([("source", "WinEventLog:Security")], "windows.security", id="classic-channel"),
    pytest.param([("source", "*WinEventLog:Microsoft-Windows-Sysmon/Operational")],
                 "windows.sysmon", id="wildcard-before-the-channel"),
    pytest.param([("sourcetype", "XmlWinEventLog:Microsoft-Windows-AppLocker/EXE and DLL")],
                 "windows.applocker", id="channel-family"),
    pytest.param([("Channel", "System")], "windows.system", id="channel-field"),
    pytest.param([("index", "zeek"), ("sourcetype", "zeek:ssl:json")], "zeek.ssl",
                 id="source-type-decides-over-index"),
    pytest.param([("index", "zeek")], None, id="index-of-several-datasets"),
    pytest.param([("sourcetype", "pan:traffic")], "network_traffic.all_traffic",
                 id="source-type-without-a-macro"),
    pytest.param([("sourcetype", "*")], None, id="star-selects-nothing"),
    pytest.param([("user", "security")], None, id="a-field-is-no-source"),
    pytest.param([], None, id="no-terms"),
])
def test_metadata_terms_resolve(terms: list[tuple[str, str]], found: str | None) -> None:
    got = find_terms(terms)
    assert (got and got.id) == found


@pytest.mark.parametrize(("label", "found"), [
    pytest.param("Sysmon EventID 1 AND Sysmon EventID 11",
                 [("windows.sysmon.1", None, "windows"), ("windows.sysmon.11", None, "windows")],
                 id="two-sources"),
    pytest.param("Sysmon for Linux EventID 1", [("windows.sysmon.1", None, "linux")], id="linux"),
    pytest.param("Palo Alto Network Traffic",
                 [("network_traffic.all_traffic", "firewall", "network")], id="variant"),
    pytest.param("Windows Event Log Security 4242", [("windows.security.4242", None, "windows")],
                 id="unlisted-event"),
    pytest.param("no such label", [], id="unknown"),
])
def test_a_data_source_label_resolves(label: str, found: list[tuple[str, str, str]]) -> None:
    got = [(item.dataset.id, item.variant, item.platform) for item in find_data_source(label)]
    assert got == found


@pytest.mark.parametrize(("name", "evidence", "variant"), [
    pytest.param("network_traffic.all_traffic", {}, "firewall", id="firewall-unless-told"),
    pytest.param("network_traffic.all_traffic", {"labels": ["Sysmon EventID 3"]}, None,
                 id="sysmon-connections-are-the-base"),
    pytest.param("web.web", {"fields": ["url_domain"]}, "proxy", id="a-proxy-field"),
    pytest.param("web.web", {"fields": ["url"]}, None, id="web-server-by-default"),
    pytest.param("change.all_changes", {"sourcetypes": ["OktaIM2:log"]}, "okta", id="source-type"),
    pytest.param("endpoint.processes", {"labels": ["Okta"]}, None, id="no-variants"),
])
def test_the_variant_follows_the_evidence(
    name: str, evidence: dict[str, list[str]], variant: str | None
) -> None:
    found = dataset(name)
    assert found is not None
    assert choose_variant(found, **evidence) == variant


@pytest.mark.parametrize(("filtered", "category"), [
    pytest.param({}, "registry_event", id="nothing-known"),
    pytest.param({"action": ["deleted"]}, "registry_delete", id="action"),
    pytest.param({"registry_value_data": []}, "registry_set", id="value-data-means-set"),
    pytest.param({"action": ["deleted", "modified"]}, "registry_event", id="two-actions"),
])
def test_selectors_refine_the_log_source(filtered: dict[str, list[str]], category: str) -> None:
    found = dataset("endpoint.registry")
    assert found is not None
    assert found.sigma.resolve(filtered=filtered) == LogSource("windows", category)


def test_a_platform_replaces_the_log_source() -> None:
    found = dataset("endpoint.filesystem")
    assert found is not None
    assert found.sigma.resolve(platform="linux") == LogSource("linux", "file_event")
    deleted = found.sigma.resolve(platform="linux", filtered={"action": ["deleted"]})
    assert deleted == LogSource("linux", "file_delete")


def test_every_dataset_can_be_read() -> None:
    names = dataset_ids()
    assert len(names) > 200
    assert all(dataset(name) for name in names)
    assert dataset("no.such") is None
    assert dataset("endpoint.processes.7") is None


@pytest.mark.corpus
@pytest.mark.skipif(not CORPUS, reason="needs TRANSPILE_CORPUS")
def test_every_data_source_label_of_the_corpus_resolves() -> None:
    labels = {
        label
        for path in Path(str(CORPUS), "splunk", "detections").rglob("*.yml")
        for label in yaml.load(path.read_bytes(), yaml.CSafeLoader).get("data_source") or ()
    }
    assert len(labels) > 150
    assert [item for item in sorted(labels) if not find_data_source(item)] == []


@pytest.mark.corpus
@pytest.mark.skipif(not CORPUS, reason="needs TRANSPILE_CORPUS")
def test_every_source_macro_of_the_corpus_that_a_rule_uses_resolves() -> None:
    text = "\n".join(
        path.read_text(encoding="utf-8")
        for path in Path(str(CORPUS), "splunk", "detections").rglob("*.yml")
    )
    missing = []
    for path in Path(str(CORPUS), "splunk", "macros").rglob("*.yml"):
        macro = yaml.load(path.read_bytes(), yaml.CSafeLoader)
        names_source = "sourcetype=" in str(macro.get("definition"))
        if names_source and f"`{macro['name']}`" in text and not find_macro(macro["name"]):
            missing.append(macro["name"])
    assert missing == []


@pytest.mark.parametrize(
    ("code", "source"),
    [
        pytest.param("4103", LogSource("windows", "ps_module"), id="a-category-of-its-own"),
        pytest.param("4104", LogSource("windows", "ps_script"), id="the-listed-event"),
        pytest.param("4100", LogSource("windows", None, "powershell"), id="the-channel"),
    ],
)
def test_an_unlisted_event_is_not_of_the_category_of_another(code: str, source: LogSource) -> None:
    found = dataset(f"windows.powershell.{code}")
    assert found is not None
    assert found.sigma.logsource == source
    assert dict(found.elastic.where)["event.code"] == (code,)
    assert [name for name, _ in found.elastic.where].count("event.code") == 1
