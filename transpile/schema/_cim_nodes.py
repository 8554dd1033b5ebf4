"""The nodes of the Common Information Model as a table: tags, constraints, treatment of fields.

Source: CIM 5.0.1 data model definitions, for the nodes that detections use; the models of
Enterprise Security (Risk, UEBA, Identity_Management) from the use of their fields.
"""

from __future__ import annotations

from collections.abc import Mapping

from transpile.records import dataclass

Tests = tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Node:
    """One node; a child adds to its parent. Names of fields are separated by blanks.

    tags: groups of which an event needs one each (`ids attack`: both; `ssl|tls`: either).
    fields: fields with the values that make an event a member.  excluded: groups of tests; an
    event that meets all tests of a group is no member.  unknown: missing or empty becomes
    `unknown`; dash: so does `-` in these.  zero: not a number becomes 0.  number_or_none: not a
    number becomes missing.  numbers: typed number.  lower: lower-cased.  mv: may hold many
    values.  total: filled by a calculation that always has a result.
    """

    parent: str | None = None
    tags: str = ""
    fields: Tests = ()
    excluded: tuple[Tests, ...] = ()
    unknown: str = ""
    dash: str = ""
    zero: str = ""
    number_or_none: str = ""
    numbers: str = ""
    lower: str = ""
    mv: str = ""
    total: str = ""


_CATEGORIES = "dest_category src_category user_category tag"

# `Model.node path` -> facts
NODES: Mapping[str, Node] = {
    "Endpoint.Processes": Node(
        tags="process report",
        unknown="process_name dest process user parent_process_name parent_process"
        " original_file_name",
        numbers="process_id parent_process_id cpu_load_percent mem_used",
        lower="process_integrity_level",
        mv=f"process_hash {_CATEGORIES}",
        total="vendor_product",
    ),
    "Endpoint.Registry": Node(
        tags="endpoint registry",
        unknown="registry_path dest registry_value_data registry_key_name user"
        " registry_value_name action registry_value_type",
        mv=_CATEGORIES,
    ),
    "Endpoint.Filesystem": Node(
        tags="endpoint filesystem",
        unknown="file_path file_name dest user action file_hash file_acl",
        number_or_none="file_size",
        mv=f"file_hash {_CATEGORIES}",
        total="vendor_product",
    ),
    "Endpoint.Services": Node(
        tags="service report",
        unknown="service service_name service_id start_mode status dest user",
        mv=_CATEGORIES,
    ),
    "Endpoint.Ports": Node(tags="listening port", mv=_CATEGORIES),
    "Web.Web": Node(
        tags="web",
        unknown="dest src url http_method http_user_agent status user action",
        dash="dest src url http_method http_user_agent status",
        numbers="url_length http_user_agent_length dest_port bytes bytes_in bytes_out",
        mv=_CATEGORIES,
        total="url_length http_user_agent_length vendor_product",
    ),
    "Web.Web.Proxy": Node("Web.Web", tags="proxy"),
    "Web.Web.Storage": Node("Web.Web", tags="storage"),
    "Network_Traffic.All_Traffic": Node(
        tags="network communicate",
        unknown="dest src action transport user",
        zero="dest_port src_port",
        number_or_none="bytes bytes_in bytes_out",
        lower="transport",
        mv=_CATEGORIES,
    ),
    "Network_Traffic.All_Traffic.Traffic_By_Action": Node(
        "Network_Traffic.All_Traffic", fields=(("action", ("*",)),)
    ),
    "Network_Traffic.All_Traffic.Traffic_By_Action.Allowed_Traffic": Node(
        "Network_Traffic.All_Traffic.Traffic_By_Action", fields=(("action", ("allowed",)),)
    ),
    "Network_Traffic.All_Traffic.Traffic_By_Action.Blocked_Traffic": Node(
        "Network_Traffic.All_Traffic.Traffic_By_Action", fields=(("action", ("blocked",)),)
    ),
    "Change.All_Changes": Node(
        tags="change",
        excluded=((("object_category", ("file", "directory", "registry")),),),
        unknown="user action command src status object_category object_id object dest change_type",
        mv=_CATEGORIES,
        total="result result_id",
    ),
    "Change.All_Changes.Account_Management": Node("Change.All_Changes", tags="account"),
    "Change.All_Changes.Account_Management.Accounts_Created": Node(
        "Change.All_Changes.Account_Management", fields=(("action", ("created",)),)
    ),
    "Change.All_Changes.Account_Management.Accounts_Deleted": Node(
        "Change.All_Changes.Account_Management", fields=(("action", ("deleted",)),)
    ),
    "Change.All_Changes.Account_Management.Accounts_Updated": Node(
        "Change.All_Changes.Account_Management", fields=(("action", ("updated", "modified")),)
    ),
    "Change.All_Changes.Account_Management.Account_Lockouts": Node(
        "Change.All_Changes.Account_Management", fields=(("result", ("lockout",)),)
    ),
    "Change.All_Changes.Instance_Changes": Node(
        "Change.All_Changes", tags="instance", unknown="image_id instance_type"
    ),
    "Change.All_Changes.Auditing_Changes": Node("Change.All_Changes", tags="audit"),
    "Change.All_Changes.Endpoint_Changes": Node("Change.All_Changes", tags="endpoint"),
    "Change.All_Changes.Network_Changes": Node("Change.All_Changes", tags="network"),
    "Change_Analysis.All_Changes": Node(
        tags="change",
        unknown="user action command src status object_category object_id object dest change_type",
        mv=_CATEGORIES,
        total="result result_id",
    ),
    "Network_Resolution.DNS": Node(
        tags="network resolution dns",
        unknown="query answer message_type dest",
        mv=f"query answer {_CATEGORIES}",
    ),
    "Authentication.Authentication": Node(
        tags="authentication",
        excluded=((("action", ("success",)), ("user", ("*$",))),),
        unknown="user src action dest",
        mv=f"authentication_method {_CATEGORIES}",
        total="app",
    ),
    "Authentication.Authentication.Failed_Authentication": Node(
        "Authentication.Authentication", fields=(("action", ("failure",)),)
    ),
    "Authentication.Authentication.Successful_Authentication": Node(
        "Authentication.Authentication", fields=(("action", ("success",)),)
    ),
    "Authentication.Authentication.Default_Authentication": Node(
        "Authentication.Authentication", tags="default"
    ),
    "Authentication.Authentication.Insecure_Authentication": Node(
        "Authentication.Authentication", tags="insecure|cleartext"
    ),
    "Authentication.Authentication.Privileged_Authentication": Node(
        "Authentication.Authentication", tags="privileged"
    ),
    "Email.All_Email": Node(tags="email", unknown="src_user recipient", mv="recipient tag"),
    "Alerts.Alerts": Node(tags="alert", unknown="severity dest", mv=_CATEGORIES, total="app"),
    "Certificates.All_Certificates": Node(tags="certificate", mv=_CATEGORIES),
    "Certificates.All_Certificates.SSL": Node(
        "Certificates.All_Certificates", tags="ssl|tls", unknown="ssl_issuer ssl_subject"
    ),
    "Intrusion_Detection.IDS_Attacks": Node(
        tags="ids attack",
        unknown="severity signature src dest",
        numbers="dest_port",
        mv=_CATEGORIES,
    ),
    "Network_Sessions.All_Sessions": Node(
        tags="network session", unknown="dest_mac", mv=_CATEGORIES
    ),
    "Network_Sessions.All_Sessions.DHCP": Node("Network_Sessions.All_Sessions", tags="dhcp"),
    "Updates.Updates": Node(
        tags="update status", unknown="status dest", mv=_CATEGORIES, total="vendor_product"
    ),
    "Vulnerabilities.Vulnerabilities": Node(
        tags="vulnerability report", unknown="dest", lower="cve", mv=f"cve {_CATEGORIES}"
    ),
    "Risk.All_Risk": Node(
        numbers="calculated_risk_score risk_score",
        mv="annotations.mitre_attack.mitre_tactic annotations.mitre_attack.mitre_tactic_id"
        " annotations.mitre_attack.mitre_technique_id analyticstories tag",
    ),
    "UEBA.All_UEBA_Events": Node(mv=_CATEGORIES),
    "UEBA.All_UEBA_Events.UEBA_Anomalies": Node("UEBA.All_UEBA_Events"),
    "Identity_Management.All_Identities": Node(mv="tag"),
}
