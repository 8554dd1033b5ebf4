"""Derives: how the value of a Splunk field sits in a target field that holds more, or less.

A `FieldTarget.derive` names an entry of `DERIVES`. Each entry says both directions:

- `rewrite`: a pattern on the Splunk field becomes tests on target fields, all groups of which must
  hold, one test of a group being enough. `exact` is False where the tests can also hold for an
  event that the pattern does not match; never the other way round, as long as the data are as
  `assumes` says. None: no tests can say it.
- `forward`: a value of the Splunk field becomes (field, value) pairs of the target's event, such
  that the rewritten literal holds there.

Patterns are globs: a tuple of literal chunks, `Wild.ANY` (any run) and `Wild.ONE` (any one
character). Comparison ignores case, as in `search`; a caller with a case-sensitive test keeps the
case of the literal chunks, which every derive passes through unless its text says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping

from transpile.schema import _derive_rules as rules
from transpile.schema._enumerations import enumerated, words
from transpile.schema._rewrite import (
    ANY,
    Context,
    Derive,
    Glob,
    Pairs,
    Rewrite,
    Test,
    Wild,
    glob_matches,
    glob_of,
    holds,
    one_of,
)

__all__ = [
    "ANY", "DERIVES", "Context", "Derive", "Glob", "Rewrite", "Test", "Wild",
    "admits", "forward", "glob_matches", "glob_of", "holds", "rewrite", "words",
]


def rewrite(derive: str | None, glob: Glob, context: Context) -> Rewrite | None:
    """Return the tests for a pattern on a Splunk field; `*` alone asks for existence.

    None: the target cannot say it. Raises KeyError for a derive that does not exist.
    """
    if derive is None:
        fields = (context.target, *context.also)
        return one_of(*(Test(name, None if glob == (ANY,) else glob) for name in fields))
    return DERIVES[derive].rewrite(glob, context)


def forward(derive: str | None, value: str, context: Context) -> Pairs:
    """Return the (target field, value) pairs that hold a value of a Splunk field."""
    if derive is None:
        return [(name, value) for name in (context.target, *context.also)]
    return DERIVES[derive].forward(value, context)


def admits(derive: str | None, value: str, context: Context) -> bool:
    """Return whether a value of a Splunk field is as the derive assumes."""
    return derive is None or DERIVES[derive].admits(value, context)


_NAME = "the field holds bare names, and the target full paths"
_DIGEST = "the field holds bare digests, not ALG=HEX"


def _enumeration(name: str) -> Derive:
    change, place, known = enumerated(name)
    doc = (
        f"A word of the enumeration {name}: any of the target's words for it; other words cannot "
        "be said. Case of the literal is not kept."
    )
    assumes = "the field holds only words that are known for it"
    return Derive(doc, change, place, assumes=assumes, admits=known)


ENUMERATIONS = frozenset(
    {
        "reg_action", "fs_action", "allow_block", "flow_action", "direction", "dns_message",
        "outcome", "logon_type", "audit_status", "start_mode", "change_action", "change_event",
        "auth_event", "aws_verb", "aws_object", "aws_login", "aad_result", "yes_no",
    }
)  # fmt: skip


DERIVES: Mapping[str, Derive] = {
    "basename": Derive(
        "The target is a full path, the field its last component: V -> ends with \\V (/V on Linux "
        "and macOS); *V -> ends with V; V*, *V* -> also looks into the folders (wider).",
        *rules.framed(lambda context: context.separator), assumes=_NAME,
        admits=rules.has_no_separator,
    ),
    "base_part": Derive(
        "The target is the last component of the field's path: the part of the pattern behind the "
        "last separator (wider, unless only * stands before it).",
        rules.part_rewrite, rules.part_forward,
        assumes="the field holds a path, not a bare name", admits=rules.has_separator,
    ),
    "account_name": Derive(
        "The target is DOMAIN\\name: V -> ends with \\V.", *rules.framed(lambda _: "\\"),
        assumes="the field holds account names without their domain, and the target with it",
        admits=rules.has_no_backslash,
    ),
    "account_part": Derive(
        "The target is the name of the field's DOMAIN\\name: the pattern behind the backslash.",
        rules.part_rewrite, rules.part_forward,
        assumes="the field holds account names with their domain", admits=rules.has_separator,
    ),
    "host": Derive(
        "The target is a short name or an FQDN: V -> equals V or starts with V. (wider).",
        rules.host_rewrite, rules.keep,
    ),
    "host_or_ip": Derive("A name or an address: unchanged.", rules.same, rules.keep),
    "hash_list": Derive(
        "The target lists ALG=HEX: V -> contains V.",
        rules.hash_list_rewrite, rules.hash_list_forward, assumes=_DIGEST,
    ),
    "hash_field": Derive(
        "One target field for each algorithm: the length of V, or ALG= before it, chooses.",
        rules.hash_field_rewrite, rules.hash_field_forward, assumes=_DIGEST,
    ),
    "hash_md5": Derive("The target lists ALG=HEX: V -> contains MD5=V.", *rules.inside("MD5=", "")),
    "hash_sha1": Derive(
        "The target lists ALG=HEX: V -> contains SHA1=V.", *rules.inside("SHA1=", ""),
    ),
    "hash_sha256": Derive(
        "The target lists ALG=HEX: V -> contains SHA256=V.", *rules.inside("SHA256=", ""),
    ),
    "hash_imphash": Derive(
        "The target lists ALG=HEX: V -> contains IMPHASH=V.", *rules.inside("IMPHASH=", ""),
    ),
    "reg_key": Derive(
        "The target is the key path with the value name: a path -> is it, with \\ and a name "
        "behind; a bare name -> contains \\V, one trailing * being left out (wider).",
        rules.reg_key_rewrite, rules.reg_key_forward,
        assumes="the field holds the path of a key, and the target ends with a value name without "
        "backslash", admits=rules.has_backslash,
    ),
    "reg_value_name": Derive(
        "The target is the key path with the value name: V -> ends with \\V.",
        *rules.framed(lambda _: "\\"), assumes=_NAME,
        admits=rules.has_no_backslash,
    ),
    "reg_data": Derive(
        "0xHHHHHHHH is DWORD (0xHHHHHHHH) in Sigma, decimal or 0x text in ECS; else unchanged. A "
        "plain decimal text is one whose type in ECS is no DWORD.",
        rules.reg_data_rewrite, rules.reg_data_forward,
        assumes="the field holds no text that is a plain decimal number, where ECS has those of "
        "DWORD values", admits=rules.is_not_decimal,
    ),
    "reg_type": Derive(
        "REG_DWORD -> starts with DWORD (, REG_QWORD -> starts with QWORD (, REG_BINARY -> equals "
        "Binary Data; text types cannot be told apart.",
        rules.reg_type_rewrite, rules.reg_type_forward,
    ),
    "reg_hive": Derive(
        "The target starts with the hive: HKEY_LOCAL_MACHINE -> starts with HKLM\\ ...",
        rules.hive_rewrite(("\\", ANY)), rules.hive_forward("\\"),
    ),
    "reg_hive_name": Derive(
        "The target is the short hive: HKEY_LOCAL_MACHINE -> equals HKLM ...",
        rules.hive_rewrite(()), rules.hive_forward(""),
    ),
    **{name: _enumeration(name) for name in sorted(ENUMERATIONS)},
    "aws_service": Derive(
        "V -> equals V.amazonaws.com.", rules.service_rewrite,
        lambda value, context: [(context.target, value.lower() + ".amazonaws.com")],
    ),
    "null_is_success": Derive(
        "success -> the target is missing; failure -> it exists; V -> equals V.",
        rules.null_rewrite, rules.null_forward,
        assumes="an action is success or failure",
        admits=rules.one_of_two_outcomes,
    ),
    "cn": Derive(
        "The target is a distinguished name: V -> starts with CN=V,.", rules.cn_rewrite,
        lambda value, context: [(context.target, f"CN={value},")],
    ),
    "xml_tag": Derive(
        "The target is XML text: V -> contains <NAME>V</NAME>, NAME being the Splunk field.",
        *rules.inside("<{}>", "</{}>", escaped=True),
    ),
    "json_path": Derive(
        'The target is JSON text: V -> contains "NAME":"V", NAME being the Splunk field.',
        *rules.inside('"{}":"', '"'),
    ),
    "flattened_path": Derive(
        "The target is a flattened object: the member at the field's path equals V.",
        rules.flat_rewrite, lambda value, context: [(rules.member(context), value)],
    ),
    "o365_props": Derive(
        "Parallel lists of names and values are an object keyed by name: name N with value V -> "
        "target.N (or target.N.NewValue) equals V; N alone -> that member exists; V alone cannot "
        "be said. A view zips the lists (`views`).",
        rules.props_rewrite, rules.nowhere,
        assumes="the field holds names of properties as the rule spells them, none of them a part "
        "of another, and each property has a value", admits=rules.names_property,
    ),
    "auditd_args": Derive(
        "The field joins the arguments with blanks, and the target has them one by one (a0..a9 in "
        "Sigma, process.args): a text without blanks is in one of them, a blank stands between "
        "two (wider where a pattern asks for several in a row).",
        rules.args_rewrite, rules.args_forward,
        assumes="a condition on the arguments is met by one of them, not by the program's own name "
        "nor by a wildcard in the place of the blank between two",
        admits=rules.counts_arguments,
    ),
    "hex_text": Derive(
        "The field is a title as it is or in hexadecimal digits, the target the decoded title: "
        "a text that is no digits is in the decoded title as well (wider).",
        rules.hex_rewrite, rules.hex_forward,
        assumes="a title in hexadecimal digits has two for each byte",
        admits=rules.pairs_of_digits,
    ),
    "record_type": Derive(
        "The target has the name of the record in small letters.", rules.record_rewrite,
        lambda value, context: [(context.target, value.lower())],
        assumes="the field holds names of records in capitals",
        admits=lambda value, context: value == value.upper(),
    ),
    "named_system": Derive(
        "system -> the target, which names it, exists; other kinds of objects cannot be said.",
        rules.system_rewrite, rules.nowhere,
        assumes="the field is system for an object named in host.name, and alerts about objects of "
        "other kinds name none there", admits=rules.is_system,
    ),
    "event_title": Derive(
        "The title of an event id: any id with that title.",
        rules.title_rewrite, rules.title_forward,
    ),
    "length": Derive(
        "length(target): compare that number.", rules.unsaid, rules.nowhere, computed=True,
    ),
    "hour": Derive(
        "hour of the target in the search time zone.", rules.unsaid, rules.nowhere, computed=True,
    ),
    "weekday": Derive("weekday of the target.", rules.unsaid, rules.nowhere, computed=True),
}
