"""Build the JSON of `transpile/schema/data` from the mapping specification.

    python tools/build_schema.py SPEC_DIR [OUT_DIR]

SPEC_DIR holds `mapping/{datasets,fields,windows_events}.yml`, `attack.json` and `ecs_fields.json`.
What a conversion never reads (evidence, rule counts, notes) is left out; of the evidence only the
flag `guess` stays. Field maps are written one file per family, so that converting one rule parses
a few small files. The output is a function of the input: running twice writes the same bytes.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

Json = Any

TAXONOMIES = ("sigma", "ecs", "ocsf")

# Source types of the add-ons that no source macro of the mapping names.
EXTRA_TERMS: Mapping[str, str] = {
    "sourcetype=access_combined": "web.web",
    "sourcetype=activedirectory": "windows.admon",
    "sourcetype=crowdstrike:events:sensor": "endpoint.processes",
    "sourcetype=iis": "windows.iis_access",
    "sourcetype=linux_audit": "linux.auditd",
    "sourcetype=linux_secure": "authentication.authentication",
    "sourcetype=ms:iis:auto": "windows.iis_access",
    "sourcetype=ms:iis:default": "windows.iis_access",
    "sourcetype=pan:threat": "web.web",
    "sourcetype=pan:traffic": "network_traffic.all_traffic",
    "sourcetype=sysmon:linux": "windows.sysmon",
}

# `variant_rule` of the mapping is prose; this is the same as data. A variant is chosen by the
# first entry that holds: a data source label (prefix), a source type (prefix) or a filtered field.
# The variant "" is the dataset as it is; `default` is taken when nothing is known of the rule.
VARIANT_HINTS: Mapping[str, Mapping[str, Mapping[str, Json]]] = {
    "authentication.authentication": {
        "okta": {"labels": ["Okta"], "sourcetypes": ["oktaim2:"]},
        "aws": {"labels": ["AWS "], "sourcetypes": ["aws:"]},
        "azure": {"labels": ["Azure "], "sourcetypes": ["azure:"]},
        "linux": {"labels": ["Linux Secure"], "sourcetypes": ["linux_secure"]},
        "windows": {"labels": ["Windows Event Log Security", "Windows Security"]},
    },
    "change.all_changes": {
        "okta": {"labels": ["Okta"], "sourcetypes": ["oktaim2:"]},
        "aws": {
            "labels": ["AWS "],
            "sourcetypes": ["aws:"],
            "fields": ["image_id", "instance_type", "vendor_region"],
        },
        "windows": {"labels": ["Windows "], "fields": ["result_id"]},
    },
    "network_resolution.dns": {
        "sysmon": {"labels": ["Sysmon "], "sourcetypes": ["xmlwineventlog", "sysmon:linux"]}
    },
    "network_traffic.all_traffic": {
        "": {"labels": ["Sysmon "], "sourcetypes": ["xmlwineventlog", "sysmon:linux"]},
        "firewall": {
            "default": True,
            "labels": ["Palo Alto", "Bro", "AWS CloudWatchLogs", "Cisco", "Splunk Stream"],
            "sourcetypes": ["pan:", "cisco:", "stream:", "bro:", "zeek:", "aws:"],
            "fields": [
                "action", "bytes", "bytes_in", "bytes_out", "dest_zone", "flow_id", "src_zone",
            ],
        }
    },
    "web.web": {
        "proxy": {
            "labels": ["Palo Alto"],
            "sourcetypes": ["pan:threat", "zscaler", "bluecoat", "squid"],
            "fields": ["category", "url_domain", "user"],
        }
    },
}

# Logs that Sigma has no log source for, under a custom one; their fields keep the names of the log,
# as the specification asks where its taxonomy names none (spec/sigma-semantics.md 5.1, 6). Several
# products' events that a data model joins are a category. Inventories and metrics are no events.
CUSTOM_SOURCES: Mapping[str, Mapping[str, str]] = {
    "alerts.alerts": {"category": "alert"},
    "aws.s3_access": {"product": "aws", "service": "s3_server_access"},
    "aws.securityhub": {"product": "aws", "service": "securityhub"},
    "certificates.all_certificates": {"category": "tls_certificate"},
    "circleci": {"product": "circleci", "service": "pipelines"},
    "crowdstrike.identities": {"product": "crowdstrike", "service": "identities"},
    "crowdstrike.stream": {"product": "crowdstrike", "service": "event_streams"},
    "email.all_email": {"category": "email"},
    "gsuite.calendar": {"product": "gcp", "service": "google_workspace.calendar"},
    "gsuite.gmail": {"product": "gcp", "service": "google_workspace.gmail"},
    "intrusion_detection.ids_attacks": {"category": "ids"},
    "ivanti.vtm_audit": {"product": "ivanti", "service": "vtm_audit"},
    "kubernetes.controller": {"product": "kubernetes", "service": "controller"},
    "kubernetes.falco": {"product": "kubernetes", "service": "falco"},
    "kubernetes.objects": {"product": "kubernetes", "service": "events"},
    "netbackup": {"product": "netbackup", "service": "jobs"},
    "network_sessions.dhcp": {"category": "dhcp"},
    "pingid": {"product": "pingidentity", "service": "pingid"},
    "risk.all_risk": {"product": "splunk", "service": "risk"},
    "risk.index": {"product": "splunk", "service": "risk"},
    "ueba.uba_anomalies": {"product": "splunk", "service": "uba"},
}

# Datasets of one vendor whose fields without counterpart keep the names of the log as well.
RAW_NAMES = frozenset(
    {*CUSTOM_SOURCES, "cisco.ios", "gsuite.drive", "osquery.results", "zscaler.web"}
)
WITHOUT_NAME = frozenset({"correlation", "keywords", "no_field", "no_logsource"})

# Datasets whose unlisted fields are called in Sigma what the log calls them: Windows event data (of
# these names are Sigma's taxonomy and Elastic's `winlog.event_data`), and paths into JSON.
EVENT_DATA, JSON_PATH = "event_data", "json_path"
OWN_NAMES: Mapping[str, str] = {
    "windows.common": EVENT_DATA,
    **dict.fromkeys(
        (
            "aws.cloudtrail", "aws.eks", "azure.aks", "circleci", "crowdstrike.identities",
            "crowdstrike.stream", "gcp.pubsub", "kubernetes.audit", "kubernetes.objects",
            "o365.graph", "o365.management", "okta.im2", "pingid", "zeek.x509",
        ),
        JSON_PATH,
    ),
}

# Windows services of Sigma's taxonomy that no rule of the mapping reads -> their channels
# (SigmaHQ's tables of log sources).
CHANNELS: Mapping[str, tuple[str, ...]] = {
    "appmodel-runtime": ("Microsoft-Windows-AppModel-Runtime/Admin",),
    "appxdeployment-server": ("Microsoft-Windows-AppXDeploymentServer/Operational",),
    "appxpackaging-om": ("Microsoft-Windows-AppxPackaging/Operational",),
    "bitlocker": ("Microsoft-Windows-BitLocker/BitLocker Management",),
    "bits-client": ("Microsoft-Windows-Bits-Client/Operational",),
    "codeintegrity-operational": ("Microsoft-Windows-CodeIntegrity/Operational",),
    "dhcp": ("Microsoft-Windows-DHCP-Server/Operational",),
    "diagnosis-scripted": ("Microsoft-Windows-Diagnosis-Scripted/Operational",),
    "dns-client": ("Microsoft-Windows-DNS Client Events/Operational",),
    "dns-server": ("DNS Server",),
    "dns-server-analytic": ("Microsoft-Windows-DNS-Server/Analytical",),
    "dns-server-audit": ("Microsoft-Windows-DNS-Server/Audit",),
    "driver-framework": ("Microsoft-Windows-DriverFrameworks-UserMode/Operational",),
    "firewall-as": ("Microsoft-Windows-Windows Firewall With Advanced Security/Firewall",),
    "ldap": ("Microsoft-Windows-LDAP-Client/Debug",),
    "lsa-server": ("Microsoft-Windows-LSA/Operational",),
    "microsoft-servicebus-client": ("Microsoft-ServiceBus-Client",),
    "openssh": ("OpenSSH/Operational",),
    "powershell-classic": ("Windows PowerShell",),
    "security-mitigations": (
        "Microsoft-Windows-Security-Mitigations/Kernel Mode",
        "Microsoft-Windows-Security-Mitigations/User Mode",
    ),
    "shell-core": ("Microsoft-Windows-Shell-Core/Operational",),
    "smbclient-security": ("Microsoft-Windows-SmbClient/Security",),
    "smbserver-connectivity": ("Microsoft-Windows-SMBServer/Connectivity",),
    "terminalservices-localsessionmanager": (
        "Microsoft-Windows-TerminalServices-LocalSessionManager/Operational",
    ),
    "vhdmp": ("Microsoft-Windows-VHDMP/Operational",),
}

# Channels of a dataset that the mapping names by a pattern
LISTED_CHANNELS: Mapping[str, tuple[str, ...]] = {
    "windows.applocker": (
        "Microsoft-Windows-AppLocker/EXE and DLL",
        "Microsoft-Windows-AppLocker/MSI and Script",
        "Microsoft-Windows-AppLocker/Packaged app-Deployment",
        "Microsoft-Windows-AppLocker/Packaged app-Execution",
    ),
}

# Where the mapping uses one word for several ways in which a literal changes, each way gets its
# own: (taxonomy, derive of the mapping, Splunk field, target field) -> derive; "*" is any.
DERIVE_NAMES: Mapping[tuple[str, str, str, str], str] = {
    ("ecs", "", "process_hash", "*"): "hash_field",
    ("ecs", "", "file_hash", "*"): "hash_field",
    ("ecs", "", "Hashes", "*"): "hash_field",
    ("ecs", "", "Hash", "*"): "hash_field",
    ("ecs", "account_name", "User", "*"): "account_part",
    ("ocsf", "account_name", "User", "*"): "account_part",
    ("ecs", "basename", "TargetImage", "Target.process.name"): "base_part",
    ("ecs", "reg_hive", "*", "*"): "reg_hive_name",
    ("ecs", "json_path", "*", "*"): "flattened_path",
    ("sigma", "outcome", "*", "errorCode"): "null_is_success",
    ("sigma", "outcome", "*", "properties.status.errorCode"): "aad_result",
    ("ecs", "", "action", "aws.vpcflow.action"): "flow_action",
    ("ecs", "", "additionalEventData.MFAUsed", "*"): "yes_no",
    ("ecs", "", "errorCode", "aws.cloudtrail.error_code"): "null_is_success",
    ("sigma", "", "errorCode", "errorCode"): "null_is_success",
    ("ecs", "", "type", "auditd.message_type"): "record_type",
    ("ecs", "", "proctitle", "process.title"): "hex_text",
    ("ocsf", "hash_imphash", "*", "*"): "",
    ("ocsf", "hash_md5", "*", "*"): "",
    ("ocsf", "hash_sha1", "*", "*"): "",
    ("ocsf", "hash_sha256", "*", "*"): "",
}

# Enumerations that the mapping lacks, or joins although they are of different fields: what the data
# models call an action, what a flow log of AWS calls it, and answers that ingest makes booleans.
ENUMS: Mapping[str, Json] = {
    "allow_block": {
        "allowed": {"ecs": "allowed", "ocsf_action_id": 1},
        "blocked": {"ecs": "denied", "ocsf_action_id": 2},
    },
    "flow_action": {"allowed": {"ecs": "ACCEPT"}, "blocked": {"ecs": "REJECT"}},
    "yes_no": {"No": {"ecs": "false"}, "Yes": {"ecs": "true"}},
}

# Fields that the mapping lacks: the arguments of an EXECVE record, a title that a rule decoded, and
# what kind of object a risk is about, which Elastic's alerts tell by naming it.
FIELDS: Mapping[str, Mapping[str, Json]] = {
    "windows.common": {
        **{
            name: {
                "type": "string",
                "sigma": {"field": name},
                "ecs": {"none": "no_field"},
                "ocsf": {"none": "no_field"},
            }
            for name in ("Keywords", "Level")
        },
    },
    "network_traffic.all_traffic": {
        "dvc": {
            "type": "string",
            "sigma": {"field": "Computer", "derive": "host"},
            "ecs": {"field": "host.name", "type": "keyword"},
            "ocsf": {"none": "no_field"},
        },
    },
    "linux.auditd": {
        **{
            f"a{number}": {
                "type": "string",
                "sigma": {"field": f"a{number}"},
                "ecs": {"field": "process.args", "type": "keyword", "mv": True},
                "ocsf": {"none": "no_field"},
            }
            for number in range(10)
        },
        "proctitle_text": {
            "type": "string",
            "sigma": {"none": "computed"},
            "ecs": {"field": "process.title", "type": "keyword"},
            "ocsf": {"none": "computed"},
        },
    },
    "risk.all_risk": {
        "risk_object_type": {
            "type": "string",
            "sigma": {"none": "correlation"},
            "ecs": {"field": "host.name", "derive": "named_system", "type": "keyword"},
            "ocsf": {"field": "resources.type", "evidence": ["guess"]},
        },
    },
}

# Source files of the mapping that hold the fields of several datasets of one platform.
KEPT_RAW = ("endpoint.", "network_", "authentication.", "change.", "windows.")


def derive_name(taxonomy: str, derive: str, field: str, name: str) -> str:
    """Return the derive of one target, `""` for none; `field` may carry `@ids`."""
    plain = field.partition("@")[0]
    keys = ((taxonomy, derive, f, t) for f in (plain, "*") for t in (name, "*"))
    return next((DERIVE_NAMES[key] for key in keys if key in DERIVE_NAMES), derive)


def compact(taxonomy: str, field: str, raw: Mapping[str, Json], keys: Iterable[str]) -> Json:
    """Return the wanted keys that are set, with the derive under its own name."""
    kept = {key: raw[key] for key in keys if raw.get(key)}
    if "field" in kept:
        kept["derive"] = derive_name(taxonomy, kept.get("derive", ""), field, kept["field"])
        if not kept["derive"]:
            del kept["derive"]
    return kept


def shortest(entry: Mapping[str, Json]) -> Json:
    """Return the bare name for an entry that says nothing else."""
    return entry["field"] if set(entry) == {"field"} else entry


def also_entry(taxonomy: str, field: str, raw: Json) -> Json:
    """Return one further field: its bare name, or the name with derive, type and guess."""
    if isinstance(raw, str):
        return raw
    entry = compact(taxonomy, field, raw, ("field", "derive", "type", "mv", "guess"))
    if entry.get("derive") == "hash_field":
        del entry["derive"]
    return shortest(entry)


def target(taxonomy: str, field: str, raw: Mapping[str, Json]) -> Json:
    """Return the compact target of one field in one taxonomy."""
    keys = ("field", "derive", "drop", "none", "type", "mv", "approximate")
    entry = compact(taxonomy, field, raw, keys)
    if "also" in raw:
        entry["also"] = [also_entry(taxonomy, field, item) for item in raw["also"]]
    if "guess" in raw.get("evidence", ()):
        entry["guess"] = True
    return shortest(entry)


def raw_target(dataset: str, name: str, raw: Mapping[str, Json]) -> Mapping[str, Json]:
    """Return the Sigma target of a field: its name in the log where Sigma has none."""
    if dataset not in RAW_NAMES or raw["sigma"].get("none") not in WITHOUT_NAME:
        return raw["sigma"]
    given = raw.get("raw")
    return {"field": given if isinstance(given, str) else name.replace("{}", "")}


def field_entry(dataset: str, name: str, raw: Mapping[str, Json]) -> Json:
    """Return the compact entry of one Splunk field: type, multivalue, three targets, raw name."""
    raw = {**raw, "sigma": raw_target(dataset, name, raw)}
    entry: dict[str, Json] = {key: target(key, name, raw[key]) for key in TAXONOMIES}
    if raw["type"] != "string":
        entry["type"] = raw["type"]
    if raw.get("mv") or ("{}" in name and dataset in RAW_NAMES):
        entry["mv"] = True
    if raw.get("raw") and dataset.startswith(KEPT_RAW):
        entry["raw"] = raw["raw"]
    return entry


def unprefixed(name: str, match: Mapping[str, Json]) -> str:
    """Return a data model field without the names of nodes before it."""
    return re.sub(r"^([A-Z]\w*\.)+", "", name) if "datamodel" in match else name


def field_families(raw: Mapping[str, Json], datasets: Mapping[str, Json]) -> dict[str, Json]:
    """Return the field maps by family (the dataset id up to its first dot), names unprefixed."""
    families: dict[str, Json] = {}
    for dataset, body in raw.items():
        match = datasets.get(dataset.partition("~")[0], {}).get("match", {})
        entry = {
            "fields": {
                unprefixed(name, match): field_entry(dataset, name, value)
                for name, value in {**body["fields"], **FIELDS.get(dataset, {})}.items()
            }
        }
        if "inherits" in body:
            entry["inherits"] = body["inherits"]
        if dataset in OWN_NAMES:
            entry["own_names"] = OWN_NAMES[dataset]
        families.setdefault(dataset.partition(".")[0], {})[dataset] = entry
    return families


def with_channels(raw: Mapping[str, Json], datasets: Mapping[str, Json]) -> Mapping[str, Json]:
    """Return an event's dataset with all channels that its source macro names."""
    parent = datasets.get(raw.get("parent", ""), {})
    channels = parent.get("elastic", {}).get("where", {}).get("winlog.channel", [])
    elastic = raw.get("elastic", {})
    own = elastic.get("where", {}).get("winlog.channel", [])
    if not set(own) < set(channels):
        return raw
    where = {**elastic["where"], "winlog.channel": channels}
    return {**raw, "elastic": {**elastic, "where": where}}


# Logs of which the shippers' indices hold other data sets too (`system.auth`).
SEVERAL_SETS = frozenset({"linux.hosts"})
# Indices of shippers, which name data sets as the integrations do.
SHIPPERS = frozenset({"filebeat-*", "winlogbeat-*"})


def data_streams(index: Json, patterns: Mapping[str, Json]) -> list[str]:
    """Return the data sets of an integration's indices, none if an index holds others too."""
    known = patterns.get(index, []) if isinstance(index, str) else index or []
    found = [re.fullmatch(r"logs-([a-z0-9_]+\.[a-z0-9_]+)-\*", name)
             for name in known if name not in SHIPPERS]
    return [match[1] for match in found if match] if all(found) else []


def with_data_sets(raw: Mapping[str, Json], patterns: Mapping[str, Json]) -> Mapping[str, Json]:
    """Return a dataset whose log source nothing but its index tells, with `event.dataset`."""
    elastic = raw.get("elastic") or {}
    changed = dict(elastic)
    if not elastic.get("where") and (sets := data_streams(elastic.get("index"), patterns)):
        changed["where"] = {"event.dataset": sets}
    variants = {
        name: {**body, "where": {"event.dataset": sets}}
        if not body.get("where") and (sets := data_streams(body.get("index"), patterns))
        else body
        for name, body in elastic.get("variants", {}).items()
    }
    return {**raw, "elastic": changed | ({"variants": variants} if variants else {})}


def dataset_entry(
    name: str, raw: Mapping[str, Json], datasets: Mapping[str, Json], patterns: Mapping[str, Json]
) -> Json:
    """Return one dataset without counts and notes."""
    dropped = ("rules", "notes", "raw_events")
    raw = with_channels(raw, datasets)
    if name not in SEVERAL_SETS:
        raw = with_data_sets(raw, patterns)
    if name in CUSTOM_SOURCES:
        raw = {**raw, "sigma": {"logsource": CUSTOM_SOURCES[name], "status": "custom"}}
    if name in LISTED_CHANNELS:
        raw = {**raw, "windows": {**raw["windows"], "channels": list(LISTED_CHANNELS[name])}}
    return {key: value for key, value in raw.items() if key not in dropped and value is not None}


def channel_dataset(service: str, channels: tuple[str, ...]) -> Json:
    """Return the dataset of a Windows channel of which only Sigma's service is known."""
    return {
        "elastic": {
            "event_category": "any",
            "index": "winlog",
            "where": {"winlog.channel": list(channels)},
        },
        "match": {"terms": [f"source=XmlWinEventLog:{channel}" for channel in channels]},
        "ocsf": {"class": "base_event", "class_uid": 0},
        "sigma": {"logsource": {"product": "windows", "service": service}, "status": "sigmahq"},
        "sql_table": f"windows_{re.sub('[^a-z0-9]+', '_', service)}_events",
        "windows": {"channel": channels[0], "channels": list(channels), "provider": ""},
    }


def channel_id(service: str) -> str:
    return f"windows.{service.replace('-', '_')}"


def datamodel_index(datasets: Mapping[str, Json]) -> dict[str, str]:
    """Return `model.node path` and `model.leaf node` in lower case -> dataset id."""
    index: dict[str, str] = {}
    for name, body in datasets.items():
        match = body["match"]
        if "datamodel" not in match:
            continue
        path = match["node"].split(".")
        keys = [f"{match['datamodel']}.{match['node']}", f"{match['datamodel']}.{path[-1]}"]
        for key in keys + list(match.get("aliases", ())):
            index[key.lower()] = name
    return index


def macro_index(datasets: Mapping[str, Json]) -> dict[str, str]:
    """Return source macro -> dataset id, for the datasets that are not one event id."""
    index: dict[str, str] = {}
    for name, body in datasets.items():
        match = body["match"]
        if "macro" in match and "EventCode" not in match:
            for macro in match.get("macros", [match["macro"]]):
                index[macro.lower()] = name
    return index


def event_index(datasets: Mapping[str, Json]) -> dict[str, dict[str, str]]:
    """Return dataset id -> event id -> id of the dataset for that event."""
    index: dict[str, dict[str, str]] = {}
    for name, body in datasets.items():
        if "EventCode" in body["match"]:
            index.setdefault(body["parent"], {})[str(body["match"]["EventCode"])] = name
    return index


def term_index(datasets: Mapping[str, Json]) -> dict[str, list[str]]:
    """Return `field=value` in lower case -> ids of the datasets that the term can mean."""
    index: dict[str, list[str]] = {}
    for name, body in datasets.items():
        for term in body["match"].get("terms", ()):
            index.setdefault(term.lower(), []).append(name)
    for term, name in EXTRA_TERMS.items():
        index.setdefault(term, []).append(name)
    return index


def channel_index(datasets: Mapping[str, Json]) -> dict[str, str]:
    """Return Windows channel in lower case -> dataset id."""
    index: dict[str, str] = {}
    for name, body in datasets.items():
        window = body.get("windows", {})
        if "channel" in window:
            for channel in window.get("channels", [window["channel"]]):
                index[channel.lower()] = name
        if "EventCode" in body["match"] and body.get("event", {}).get("channel"):
            index.setdefault(body["event"]["channel"].lower(), body["parent"])
    return index


# Titles as the event's own message has them, where the mapping shortens them.
FULL_TITLES = {
    ("Microsoft-Windows-PowerShell", "4104"):
        "Creating Scriptblock text (MessageNumber of MessageTotal).",
}


def windows_events(raw: Iterable[Mapping[str, Json]]) -> Json:
    """Return provider -> event id -> title."""
    titles: dict[str, dict[str, str]] = {}
    for channel in raw:
        for event, body in channel["events"].items():
            provider = body.get("provider", channel.get("provider", channel["channel"]))
            title = FULL_TITLES.get((provider, str(event)), body["title"])
            titles.setdefault(provider, {})[str(event)] = title
    return titles


def write(path: Path, value: Json) -> None:
    """Write compact JSON with sorted keys."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")


def load_yaml(path: Path) -> Json:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def build(spec: Path, out: Path) -> None:
    """Write all files below `out`; removes field files that no longer have a source."""
    raw = load_yaml(spec / "mapping" / "datasets.yml")
    fields = load_yaml(spec / "mapping" / "fields.yml")
    events = load_yaml(spec / "mapping" / "windows_events.yml")
    datasets = {**raw["datasets"], **{
        channel_id(service): channel_dataset(service, channels)
        for service, channels in CHANNELS.items()
    }}
    (out / "fields").mkdir(parents=True, exist_ok=True)
    write(out / "datasets.json", {
        "index_patterns": raw["index_patterns"],
        "datasets": {name: dataset_entry(name, body, datasets, raw["index_patterns"])
                     for name, body in datasets.items()},
        "labels": [
            [item["pattern"], item["dataset"], item["platform"]]
            for item in raw["data_source_labels"]
        ],
        "datamodels": datamodel_index(datasets),
        "macros": macro_index(datasets),
        "events": event_index(datasets),
        "terms": term_index(datasets),
        "channels": channel_index(datasets),
        "variant_hints": VARIANT_HINTS,
    })
    listed = {**fields["datasets"], **{
        channel_id(service): {"fields": {}, "inherits": "windows.common"} for service in CHANNELS
    }}
    families = field_families(listed, datasets)
    for stale in set((out / "fields").glob("*.json")) - {
        out / "fields" / f"{name}.json" for name in families
    }:
        stale.unlink()
    for name, family in families.items():
        write(out / "fields" / f"{name}.json", family)
    write(out / "enums.json", {**fields["enums"], **ENUMS})
    write(out / "windows_events.json", windows_events(events["channels"]))
    write(out / "attack.json", json.loads((spec / "attack.json").read_text(encoding="utf-8")))
    ecs = json.loads((spec / "ecs_fields.json").read_text(encoding="utf-8"))
    write(out / "ecs.json", {
        "version": ecs["version"],
        "fields": {name: body["type"] for name, body in ecs["fields"].items()},
    })


if __name__ == "__main__":
    here = Path(__file__).resolve().parents[1] / "transpile" / "schema" / "data"
    build(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else here)
