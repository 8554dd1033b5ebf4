"""Field maps follow the order of resolution, and unknown names give None."""

from __future__ import annotations

import pytest

from transpile.schema.datasets import dataset, dataset_ids
from transpile.schema.fields import (
    TAXONOMIES,
    Also,
    FieldMap,
    FieldTarget,
    Taxonomy,
    known_fields,
    sql_column,
)


def field_map(name: str, variant: str | None = None) -> FieldMap:
    found = dataset(name)
    assert found is not None
    return FieldMap(found, variant)


@pytest.mark.parametrize(("name", "variant", "field", "taxonomy", "target"), [
    pytest.param("endpoint.processes", None, "process", "sigma", "CommandLine", id="plain"),
    pytest.param("endpoint.processes", None, "Processes.process", "sigma", "CommandLine",
                 id="prefix-is-stripped"),
    pytest.param("endpoint.processes", None, "processes.process", "sigma", "CommandLine",
                 id="prefix-in-any-case"),
    pytest.param("endpoint.processes", None, "PROCESS", "sigma", None, id="field-case-counts"),
    pytest.param("change.all_changes", "aws", "All_Changes.Instance_Changes.image_id", "sigma",
                 "requestParameters.instancesSet.items.imageId", id="entry-of-a-child-node"),
    pytest.param("change.all_changes", "windows", "All_Changes.Account_Management.dest", "sigma",
                 "Computer", id="child-node-is-stripped"),
    pytest.param("authentication.authentication", "okta", "user", "sigma", "actor.alternateId",
                 id="variant-before-dataset"),
    pytest.param("authentication.authentication", "okta", "user_id", "sigma",
                 "TargetUserSid", id="dataset-behind-variant"),
    pytest.param("network_traffic.all_traffic", "firewall", "dest_port", "sigma", "dst_port",
                 id="variant-renames-sigma-fields"),
    pytest.param("network_traffic.all_traffic", "firewall", "dest_port", "ecs",
                 "destination.port", id="variant-renames-sigma-fields-only"),
    pytest.param("windows.sysmon.7", None, "OriginalFileName", "ecs", "file.pe.original_file_name",
                 id="entry-of-the-event-id"),
    pytest.param("windows.sysmon.1", None, "OriginalFileName", "ecs",
                 "process.pe.original_file_name", id="entry-of-other-event-ids"),
    pytest.param("windows.sysmon.10", None, "process_name", "sigma", "TargetImage",
                 id="event-id-before-plain-entry"),
    pytest.param("certificates.all_certificates", None, "SSL.ssl_issuer", "ecs",
                 "tls.server.issuer", id="map-that-is-written-with-the-prefix"),
    pytest.param("windows.security.4688", None, "EventCode", "sigma", "EventID", id="inherited"),
    pytest.param("aws.eks", None, "_time", "ecs", "@timestamp", id="any-dataset"),
    pytest.param("aws.cloudtrail", None, "requestParameters.policy{}.name", "sigma",
                 "requestParameters.policy.name", id="prefix-rule-copies-and-drops-braces"),
    pytest.param("endpoint.ports", None, "dest_port", "sigma", None, id="dataset-without-map"),
    pytest.param("endpoint.processes", None, "no_such_field", "ecs", None, id="unknown-field"),
    pytest.param("endpoint.processes", None, "Processes.no_such_field", "cim", "no_such_field",
                 id="cim-knows-every-name"),
    pytest.param("aws.cloudtrail", None, "userIdentity.type", "cim", "useridentity_type",
                 id="cim-column-rule"),
    pytest.param("aws.cloudtrail", None, "userIdentity.type", "splunk", "userIdentity.type",
                 id="splunk-keeps-names"),
])
def test_the_order_of_resolution(
    name: str, variant: str | None, field: str, taxonomy: Taxonomy, target: str | None
) -> None:
    found = field_map(name, variant).lookup(field, taxonomy)
    assert (found and found.field) == target


@pytest.mark.parametrize(("name", "field", "taxonomy", "target"), [
    pytest.param("endpoint.processes", "dest", "ecs",
                 FieldTarget("host.name", type="keyword",
                             also=(Also("winlog.computer_name", type="keyword"),)), id="also"),
    pytest.param("endpoint.processes", "process_name", "sigma",
                 FieldTarget("Image", derive="basename"), id="derive"),
    pytest.param("endpoint.processes", "action", "sigma", FieldTarget(drop="implied"), id="drop"),
    pytest.param("network_resolution.dns", "message_type", "sigma",
                 FieldTarget(drop="approximate", approximate=True), id="drop-that-widens"),
    pytest.param("endpoint.processes", "dest_category", "sigma", FieldTarget(none="enrichment"),
                 id="no-counterpart"),
    pytest.param("endpoint.processes", "process_id", "ecs",
                 FieldTarget("process.pid", type="long"), id="typed"),
    pytest.param("windows.common", "UserID", "sigma", None, id="no-dataset"),
    pytest.param("endpoint.processes", "process_hash", "ecs",
                 FieldTarget("process.hash.md5", derive="hash_field", type="keyword", mv=True,
                             also=(Also("process.hash.sha1", type="keyword"),
                                   Also("process.hash.sha256", type="keyword"),
                                   Also("process.pe.imphash", type="keyword"))),
                 id="one-field-for-each-algorithm"),
])
def test_a_target_carries_its_facts(
    name: str, field: str, taxonomy: Taxonomy, target: FieldTarget | None
) -> None:
    known = dataset(name)
    found = FieldMap(known).lookup(field, taxonomy) if known else None
    assert found == target


def test_a_guess_is_marked() -> None:
    found = field_map("windows.security.4624").lookup("UserID", "sigma")
    assert found == FieldTarget("UserID", guess=True)


@pytest.mark.parametrize(("field", "column"), [
    ("user", "user"), ("Processes.user", "processes_user"), ("A{}.b c", "a_b_c"),
    ("_time", "_time"),
])
def test_the_column_rule(field: str, column: str) -> None:
    assert sql_column(field) == column


def test_every_target_says_exactly_one_thing() -> None:
    wrong = []
    for name in dataset_ids():
        fields = field_map(name)
        for field in fields.names():
            for taxonomy in TAXONOMIES:
                found = fields.lookup(field, taxonomy)
                assert found is not None
                if sum(part is not None for part in (found.field, found.drop, found.none)) != 1:
                    wrong.append((name, field, taxonomy))
    assert wrong == []


def test_known_fields_are_those_with_a_counterpart() -> None:
    known = dataset("endpoint.processes")
    assert known is not None
    assert "process_name" in known_fields(known, "sigma")
    assert "dest_category" not in known_fields(known, "sigma")
    assert "dest_category" in known_fields(known, "cim")


def test_a_fact_names_the_raw_field() -> None:
    found = field_map("endpoint.processes").fact("Processes.process_name")
    assert found is not None
    assert found.type == "string"
    assert isinstance(found.raw, dict)
    assert found.raw["security.4688"] == "NewProcessName"
    assert field_map("endpoint.processes").fact("no_such_field") is None
