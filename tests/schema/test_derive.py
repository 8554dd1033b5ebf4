"""Every derive: the rewritten pattern and the forwarded value agree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transpile.schema.datasets import dataset, dataset_ids
from transpile.schema.derive import (
    ANY,
    DERIVES,
    Context,
    Glob,
    Test,
    admits,
    forward,
    glob_matches,
    glob_of,
    holds,
    rewrite,
)
from transpile.schema.fields import FieldMap

MD5, SHA1 = "a1" * 16, "b2" * 20
PATHS = ["cmd.exe", "CMD.EXE", "a", "md.exe", "a.b"]
WORDS = ["success", "failure", "created", "deleted", "modified", "other"]

# derive -> (context, Splunk values, patterns); both are tried in all combinations
CASES: Mapping[str, tuple[Context, list[str], list[str]]] = {
    "basename": (Context("process_name", "Image"), [*PATHS, "C:\\x\\cmd.exe"],
                 [*PATHS, "*.exe", "cmd*", "*md*", "c*.exe", "*", "C:\\x\\cmd.exe", "*\\cmd.exe"]),
    "base_part": (Context("TargetImage", "Target.process.name"),
                  ["C:\\x\\lsass.exe", "lsass.exe", "C:\\lsass.exe\\a"],
                  ["C:\\x\\lsass.exe", "*\\lsass.exe", "*lsass.exe", "lsass.exe", "*", "*\\x\\*",
                   "*ls*", "ls*"]),
    "account_name": (Context("user", "User"), ["bob", "AD\\bob", "SYSTEM"],
                     ["bob", "*ob", "AD\\bob", "b*", "*", "system"]),
    "account_part": (Context("User", "user.name", taxonomy="ecs"),
                     ["NT AUTHORITY\\SYSTEM", "AD\\bob", "root"],
                     ["NT AUTHORITY\\SYSTEM", "*\\system", "*SYSTEM", "root", "*", "AD\\*"]),
    "host": (Context("dest", "Computer"), ["pc1", "pc1.ad.example", "pc2"],
             ["pc1", "pc1.ad.example", "pc*", "*", "PC2"]),
    "host_or_ip": (Context("src", "IpAddress"), ["10.0.0.1", "pc1"], ["10.0.0.1", "10.*", "*"]),
    "hash_list": (Context("process_hash", "Hashes"), [MD5, SHA1, f"MD5={MD5}"],
                  [MD5, SHA1.upper(), f"MD5={MD5}", "*a1*", "*"]),
    "hash_field": (Context("process_hash", "h.md5", ("h.sha1", "pe.imphash"), "ecs"),
                   [MD5, SHA1, f"MD5={MD5}", f"SHA1={SHA1},IMPHASH={MD5}"],
                   [MD5, SHA1, f"*SHA1={SHA1}*", f"*IMPHASH={MD5}*", "*", "*a1*", "x"]),
    "hash_md5": (Context("MD5", "Hashes"), [MD5, "ff" * 16], [MD5, MD5.upper(), "a1*", "*"]),
    "hash_sha1": (Context("SHA1", "Hashes"), [SHA1, "ff" * 20], [SHA1, "b2*", "*"]),
    "hash_sha256": (Context("SHA256", "Hashes"), ["c3" * 32, "ff" * 32], ["c3" * 32, "*"]),
    "hash_imphash": (Context("IMPHASH", "Hashes"), [MD5, "ff" * 16], [MD5, "*a1", "*"]),
    "reg_key": (Context("registry_key_name", "TargetObject"),
                ["HKLM\\Software\\Run", "Run", "RunOnce"],
                ["HKLM\\Software\\Run", "*\\Run", "Run", "*\\Software\\*", "Run*", "HK*", "*"]),
    "reg_value_name": (Context("registry_value_name", "TargetObject"), ["Debugger", "ger"],
                       ["Debugger", "*ger", "D*", "*", "ger"]),
    "reg_data": (Context("registry_value_data", "Details"),
                 ["0x00000001", "0x00000010", "a 1", "1"],
                 ["0x00000001", "*1", "*1*", "a 1", "1", "*", "0x0000000*"]),
    "reg_type": (Context("registry_value_type", "Details"),
                 ["REG_DWORD", "REG_QWORD", "REG_BINARY", "REG_SZ"],
                 ["REG_DWORD", "reg_qword", "REG_BINARY", "REG_SZ", "*WORD"]),
    "reg_hive": (Context("registry_hive", "TargetObject"),
                 ["HKEY_LOCAL_MACHINE", "HKLM", "HKEY_USERS", "HKEY_CURRENT_USER"],
                 ["HKEY_LOCAL_MACHINE", "HKLM", "HKEY_*", "HKEY_CURRENT_USER", "none"]),
    "reg_hive_name": (Context("registry_hive", "registry.hive", taxonomy="ecs"),
                      ["HKEY_LOCAL_MACHINE", "HKLM", "HKEY_USERS"],
                      ["HKEY_LOCAL_MACHINE", "HKLM", "HKEY_*", "none"]),
    "reg_action": (Context("action", "EventType"), WORDS, [*WORDS, "*ed", "*"]),
    "fs_action": (Context("action", "event.type", taxonomy="ecs"), WORDS, [*WORDS, "c*", "*"]),
    "allow_block": (Context("action", "event.type", taxonomy="ecs"),
                    ["allowed", "blocked"], ["allowed", "BLOCKED", "*"]),
    "flow_action": (Context("action", "aws.vpcflow.action", taxonomy="ecs"),
                    ["allowed", "blocked"], ["allowed", "BLOCKED", "*"]),
    "yes_no": (Context("MFAUsed", "mfa_used", taxonomy="ecs"), ["Yes", "No"], ["yes", "no", "*"]),
    "direction": (Context("direction", "Initiated"), ["inbound", "outbound"],
                  ["inbound", "out*", "*", "none"]),
    "dns_message": (Context("message_type", "dns.type", taxonomy="ecs"), ["QUERY", "RESPONSE"],
                    ["query", "RESPONSE", "*"]),
    "outcome": (Context("action", "outcome.result"), ["success", "failure", "SUCCESS"],
                ["success", "FAILURE", "*"]),
    "logon_type": (Context("LogonType", "winlog.logon.type", taxonomy="ecs"), ["2", "3", "10"],
                   ["3", "10", "1*", "*", "77"]),
    "audit_status": (Context("status", "Keywords"), ["success", "failure"], ["success", "*"]),
    "start_mode": (Context("start_mode", "param3"), ["auto", "manual"], ["auto", "m*", "x"]),
    "change_action": (Context("action", "event.type", taxonomy="ecs"),
                      ["created", "modified", "lockout"], ["modified", "lockout", "created", "*"]),
    "change_event": (Context("action", "EventID"), ["created", "lockout"], ["created", "lock*"]),
    "auth_event": (Context("action", "EventID"), ["success", "failure"], ["success", "*"]),
    "aws_verb": (Context("action", "eventName"), ["created", "started", "deleted"],
                 ["created", "started", "*"]),
    "aws_object": (Context("object_category", "eventName"), ["instance", "firewall"],
                   ["instance", "firewall", "*"]),
    "aws_login": (Context("action", "errorMessage"), ["success", "failure"],
                  ["success", "failure"]),
    "aad_result": (Context("action", "ResultType"), ["success", "failure"],
                   ["success", "failure", "*"]),
    "aws_service": (Context("change_type", "eventSource"), ["EC2", "iam"], ["ec2", "i*", "*"]),
    "null_is_success": (Context("action", "errorCode"), ["success", "failure"],
                        ["success", "failure", "fail*"]),
    "cn": (Context("user", "MemberName"), ["bob", "bobby"], ["bob", "bob*", "*"]),
    "xml_tag": (Context("Command", "TaskContent"), ["a & b", "cmd"], ["cmd", "a & b", "c*", "*"]),
    "json_path": (Context("trc", "Data"), ["a", "b"], ["a", "a*", "*"]),
    "flattened_path": (Context("P{}.Rules{}.Name", "o365.P", taxonomy="ecs"), ["a", "b"],
                       ["a", "b*", "*"]),
    "o365_props": (Context("Parameters{}.Name", "o365.audit.Parameters", taxonomy="ecs"), [],
                   ["Target", "T*"]),
    "auditd_args": (Context("process_exec", "a0"),
                    ["cat /etc/passwd 2", "ls -l 2", "cat 1", "cat", "11 1"],
                    ["cat /etc/passwd", "*passwd*", "ls*", "cat", "*", "* -l", "*s *", "* -l *",
                     "11 1"]),
    "hex_text": (Context("proctitle", "process.title", taxonomy="ecs"), ["ls -l", "6C73002D6C"],
                 ["ls*", "*"]),
    "record_type": (Context("type", "auditd.message_type", taxonomy="ecs"), ["EXECVE", "execve"],
                    ["EXECVE", "execve", "EX*", "*"]),
    "named_system": (Context("risk_object_type", "host.name", taxonomy="ecs"), [],
                     ["system", "user", "*"]),
    "event_title": (Context("signature", "metadata.event_code", taxonomy="ocsf"),
                    ["Process Create", "A user account was created"],
                    ["Process Create", "a user account*", "none"]),
    "length": (Context("url_length", "url.original", taxonomy="ecs"), [], ["7"]),
    "hour": (Context("date_hour", "@timestamp", taxonomy="ecs"), [], ["7"]),
    "weekday": (Context("date_wday", "@timestamp", taxonomy="ecs"), [], ["monday"]),
}


def shown(derive: str, value: str, context: Context) -> dict[str, Any]:
    view: dict[str, list[str]] = {}
    for name, text in forward(derive, value, context):
        view.setdefault(name, []).append(text)
    return dict(view)


def check(derive: str, value: str, glob: Glob, context: Context) -> None:
    found = rewrite(derive, glob, context)
    view = shown(derive, value, context)
    if found is None or (not view and derive != "null_is_success"):
        return
    if not admits(derive, value, context):
        return
    matches = glob_matches(glob, value)
    assert holds(found, view) or not matches, f"{glob} misses {value} in {view}"
    if found.exact and "=" not in value:
        assert holds(found, view) == matches, f"{glob} is not exact for {value}"


def test_every_derive_has_a_case_and_a_text() -> None:
    assert sorted(CASES) == sorted(DERIVES)
    assert all(item.doc.endswith(".") for item in DERIVES.values())


@pytest.mark.parametrize(
    "derive",
    sorted({n for n, item in DERIVES.items() if item.assumes}
           - {"hash_field", "hash_list", "named_system"}),
)
def test_what_is_assumed_of_values_can_be_told(derive: str) -> None:
    context = replace(CASES[derive][0], taxonomy="ecs")
    values = [*CASES[derive][1], "12", "\\", "no such word", "ALG=12", "ABC"]
    assert {admits(derive, value, context) for value in values} == {True, False}


@pytest.mark.parametrize("derive", sorted(CASES))
def test_a_rewrite_never_misses_and_is_exact_where_it_says_so(derive: str) -> None:
    context, values, patterns = CASES[derive]
    for value in values:
        for pattern in patterns:
            check(derive, value, glob_of(pattern), context)


@pytest.mark.parametrize("derive", sorted(name for name, case in CASES.items() if case[1]))
def test_some_pattern_can_be_said(derive: str) -> None:
    context, values, patterns = CASES[derive]
    said = [rewrite(derive, glob_of(pattern), context) for pattern in patterns]
    assert any(
        item is not None and any(holds(item, shown(derive, value, context)) for value in values)
        for item in said
    )


TEXTS = st.text("aB.\\/ x1", min_size=1, max_size=6)
GLOBS = st.lists(TEXTS | st.just(ANY), min_size=1, max_size=4).map(
    lambda parts: glob_of("".join("*" if part is ANY else str(part) for part in parts))
)


@pytest.mark.parametrize("derive", [
    "basename", "base_part", "account_name", "account_part", "host", "reg_key", "reg_value_name",
    "reg_data", "cn", "xml_tag", "aws_service", "flattened_path", "auditd_args",
])
@settings(max_examples=150, deadline=None)
@given(value=TEXTS, glob=GLOBS)
def test_random_patterns_never_miss(derive: str, value: str, glob: Glob) -> None:
    check(derive, value, glob, CASES[derive][0])


@pytest.mark.parametrize(("derive", "pattern", "groups"), [
    pytest.param("basename", "cmd.exe", [[("Image", "*\\cmd.exe")]], id="base-name"),
    pytest.param("basename", "cmd*", [[("Image", "*\\cmd*")]], id="start-of-base-name"),
    pytest.param("basename", "*cmd.exe", [[("Image", "*cmd.exe")]], id="end-of-base-name"),
    pytest.param("host", "pc1", [[("Computer", "pc1"), ("Computer", "pc1.*")]], id="short-host"),
    pytest.param("reg_key", "*\\Run\\*", [[("TargetObject", "*\\Run\\*")]], id="key-path"),
    pytest.param("reg_key", "Run", [[("TargetObject", "*\\Run*")]], id="bare-key"),
    pytest.param("reg_data", "0x00000001", [[("Details", "DWORD (0x00000001)")]], id="dword"),
    pytest.param("reg_action", "deleted", [[("EventType", "DeleteKey"),
                                           ("EventType", "DeleteValue")]], id="enumeration"),
    pytest.param("hash_md5", MD5, [[("Hashes", f"*MD5={MD5}*")]], id="hash"),
    pytest.param("aws_login", "failure", [[("errorMessage", "Failed authentication"),
                                           ("responseElements.ConsoleLogin", "Failure")]],
                 id="several-fields"),
])
def test_what_a_pattern_becomes(
    derive: str, pattern: str, groups: list[list[tuple[str, str]]]
) -> None:
    found = rewrite(derive, glob_of(pattern), CASES[derive][0])
    assert found is not None
    assert found.groups == tuple(
        tuple(Test(name, glob_of(text)) for name, text in group) for group in groups
    )


def test_linux_paths_have_their_own_separator() -> None:
    found = rewrite("basename", ("sh",), Context("process_name", "Image", separator="/"))
    assert found is not None
    assert found.groups == ((Test("Image", (ANY, "/sh")),),)


@pytest.mark.parametrize(("field", "exact"), [
    pytest.param("action", True, id="a-data-model-has-one-word-for-it"),
    pytest.param("ResultStatus", False, id="a-vendor-has-several"),
])
def test_a_word_is_exact_if_it_is_the_only_one(field: str, exact: bool) -> None:
    context = Context(field, "event.outcome", taxonomy="ecs")
    found = rewrite("outcome", ("failure",), context)
    assert found is not None
    assert found.exact is exact
    assert admits("outcome", "Failed", context) is not exact


def test_success_is_a_missing_field() -> None:
    found = rewrite("null_is_success", ("success",), Context("status", "errorCode"))
    assert found is not None
    assert holds(found, {})
    assert not holds(found, {"errorCode": "x"})


@pytest.mark.parametrize(("pattern", "exact"), [
    pytest.param("0x00000010", True, id="dword"),
    pytest.param("0x0000001f", False, id="the-case-of-hex-letters-is-lost"),
    pytest.param("16", True, id="plain-number-is-told-from-a-dword-by-its-type"),
    pytest.param("Bypass", True, id="text"),
    pytest.param("*|Dir=In|*", True, id="pattern-that-no-number-meets"),
])
def test_ecs_registry_data_is_exact_where_numbers_and_texts_stay_apart(
    pattern: str, exact: bool
) -> None:
    context = Context("registry_value_data", "registry.data.strings", taxonomy="ecs")
    found = rewrite("reg_data", glob_of(pattern), context)
    assert found is not None
    assert found.exact is exact
    for value in ("0x00000010", "0x0000001f", "Bypass", "a|Dir=In|b", "x"):
        check("reg_data", value, glob_of(pattern), context)


def test_a_pattern_on_registry_data_that_numbers_may_meet_cannot_be_said_in_ecs() -> None:
    context = Context("registry_value_data", "registry.data.strings", taxonomy="ecs")
    assert rewrite("reg_data", glob_of("0x000000*"), context) is None


def test_ecs_registry_data_is_tested_in_both_spellings() -> None:
    context = Context("registry_value_data", "registry.data.strings", taxonomy="ecs")
    found = rewrite("reg_data", ("0x00000010",), context)
    assert found is not None
    assert {test.glob for test in found.groups[0]} == {("16",), ("0x00000010",)}


def test_the_mapping_uses_known_derives_only() -> None:
    used = set()
    for name in dataset_ids():
        known = dataset(name)
        assert known is not None
        fields = FieldMap(known)
        for field in fields.names():
            for taxonomy in ("sigma", "ecs", "ocsf"):
                found = fields.lookup(field, taxonomy)
                assert found is not None
                used |= {found.derive, *(item.derive for item in found.also)}
    assert used - {None} <= set(DERIVES)


@pytest.mark.parametrize(
    ("word", "said"),
    [
        pytest.param("System", True, id="an-object-named-in-host.name-is-a-system"),
        pytest.param("user", False, id="no-field-tells-what-else-an-object-is"),
        pytest.param("sys*", False, id="a-part-of-the-word-is-no-system"),
    ],
)
def test_kinds_of_risk_objects(word: str, said: bool) -> None:
    context = Context("risk_object_type", "host.name", taxonomy="ecs")
    found = rewrite("named_system", glob_of(word), context)
    assert (found is not None) is said is admits("named_system", word, context)
    if found is not None:
        assert holds(found, {"host.name": ["pc1"]})
        assert not holds(found, {"user.name": ["eva"]})
