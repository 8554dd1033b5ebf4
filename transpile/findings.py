"""What a check found, in the formats that CI systems read: JSON, JUnit, SARIF, GitHub annotations.

A `Case` is one thing that was checked (a rule for a target, a golden file); it passed, fell short
with findings, or was skipped with a reason. Texts come from rules and are hostile: each format's
serializer, or the one escaping function of GitHub's commands, quotes them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePath
from typing import Any, Literal
from urllib.parse import quote

from transpile.errors import CODES
from transpile.records import dataclass

Level = Literal["error", "warning", "note"]

SCHEMA = 1
"""Version of the JSON layout; it only grows."""

SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to tell: a stable code, what it is, and the place (1-based; None: unknown)."""

    code: str
    message: str
    level: Level = "error"
    path: str | None = None
    line: int | None = None
    column: int | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One thing that was checked.

    suite: what it belongs to (a target).  skipped: why it was not checked, "" if it was.
    seconds: what it took.  facts: more for the JSON format.
    """

    name: str
    suite: str
    findings: tuple[Finding, ...] = ()
    skipped: str = ""
    seconds: float = 0.0
    facts: Mapping[str, Any] | None = None

    @property
    def status(self) -> str:
        """Return `passed`, `failed` or `skipped`."""
        if any(finding.level == "error" for finding in self.findings):
            return "failed"
        return "skipped" if self.skipped else "passed"


def to_json(cases: Sequence[Case]) -> str:
    """Return one JSON object: `{"schema", "cases": [...], "summary": {...}}`."""
    summary = dict.fromkeys(("passed", "failed", "skipped"), 0)
    for case in cases:
        summary[case.status] += 1
    data = {"schema": SCHEMA, "cases": [_case_json(case) for case in cases], "summary": summary}
    return json.dumps(data, indent=1) + "\n"


def _case_json(case: Case) -> dict[str, Any]:
    return {
        "name": case.name,
        "suite": case.suite,
        "status": case.status,
        "skipped": case.skipped,
        "seconds": round(case.seconds, 6),
        "findings": [
            {
                "code": finding.code,
                "level": finding.level,
                "message": finding.message,
                "path": finding.path,
                "line": finding.line,
                "column": finding.column,
            }
            for finding in case.findings
        ],
        **(case.facts or {}),
    }


def to_junit(cases: Sequence[Case]) -> str:
    """Return a JUnit report: a test suite for each `suite`, a test case for each case."""
    from xml.etree import ElementTree as xml

    root = xml.Element("testsuites", name="transpile")
    for suite in dict.fromkeys(case.suite for case in cases):
        inside = [case for case in cases if case.suite == suite]
        counts = [case.status for case in inside]
        node = xml.SubElement(
            root,
            "testsuite",
            name=_xml(suite),
            tests=str(len(inside)),
            failures=str(counts.count("failed")),
            errors="0",
            skipped=str(counts.count("skipped")),
            time=f"{sum(case.seconds for case in inside):.3f}",
        )
        for case in inside:
            _junit_case(xml, node, case)
    xml.indent(root)
    return xml.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _junit_case(xml: Any, node: Any, case: Case) -> None:
    place = next((finding.path for finding in case.findings if finding.path), None)
    more = {} if place is None else {"file": _xml(place)}
    test = xml.SubElement(
        node, "testcase", name=_xml(case.name), classname=_xml(case.suite),
        time=f"{case.seconds:.3f}", **more,
    )  # fmt: skip
    for finding in case.findings:
        if finding.level == "error":
            wrong = xml.SubElement(test, "failure", type=finding.code, message=_xml(_head(finding)))
            wrong.text = _xml(f"{_place(finding)}{finding.message}")
        else:
            told = xml.SubElement(test, "system-out")
            told.text = _xml(f"{finding.level}: {_place(finding)}{finding.message}")
    if case.status == "skipped":
        xml.SubElement(test, "skipped", message=_xml(case.skipped))


def _head(finding: Finding) -> str:
    return finding.message.split("\n", 1)[0]


def _place(finding: Finding) -> str:
    parts = (finding.path, finding.line, finding.column)
    return "".join(f"{part}:" for part in parts if part is not None) + " " * any(parts)


def _xml(text: str) -> str:
    """Return text with the characters replaced that XML 1.0 cannot hold."""
    return "".join(c if c in "\t\n\r" or _in_xml(ord(c)) else "\ufffd" for c in text)


def _in_xml(code: int) -> bool:
    return 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or 0x10000 <= code <= 0x10FFFF


def to_sarif(cases: Sequence[Case]) -> str:
    """Return a SARIF 2.1.0 log with one run, which declares what its codes mean."""
    from importlib.metadata import version

    found = [(case, finding) for case in cases for finding in case.findings]
    codes = sorted({finding.code for _, finding in found})
    driver = {
        "name": "transpile",
        "version": version("transpile"),
        "rules": [
            {"id": code, "shortDescription": {"text": CODES.get(code, code)}} for code in codes
        ],
    }
    results = [_sarif_result(case, finding, codes) for case, finding in found]
    log = {
        "$schema": SARIF_SCHEMA,
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": results, "columnKind": _COLUMNS}],
    }
    return json.dumps(log, indent=1) + "\n"


_COLUMNS = "unicodeCodePoints"


def _sarif_result(case: Case, finding: Finding, codes: Sequence[str]) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": codes.index(finding.code),
        "level": finding.level,
        "message": {"text": f"{case.name} ({case.suite}): {finding.message}"},
    }
    if finding.path is not None:
        place: dict[str, Any] = {"artifactLocation": {"uri": _uri(finding.path)}}
        if finding.line is not None:
            place["region"] = {"startLine": finding.line}
            if finding.column is not None:
                place["region"]["startColumn"] = finding.column
        result["locations"] = [{"physicalLocation": place}]
    return result


def _uri(path: str) -> str:
    pure = PurePath(path)
    if pure.is_absolute():
        return "file://" + quote(pure.as_posix(), errors="replace")
    return quote(pure.as_posix(), errors="replace")


def to_github(cases: Sequence[Case]) -> str:
    """Return workflow commands, one line a finding, that GitHub shows at the rule's line."""
    names: Mapping[Level, str] = {"error": "error", "warning": "warning", "note": "notice"}
    lines = []
    for case in cases:
        for finding in case.findings:
            places = {"file": finding.path, "line": finding.line, "col": finding.column}
            known = {key: str(value) for key, value in places.items() if value is not None}
            known["title"] = f"{case.name} ({case.suite})"
            properties = ",".join(f"{key}={_property(value)}" for key, value in known.items())
            lines.append(f"::{names[finding.level]} {properties}::{_data(finding.message)}")
    return "".join(f"{line}\n" for line in lines)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


FORMATS: Mapping[str, Callable[[Sequence[Case]], str]] = {
    "json": to_json,
    "junit": to_junit,
    "sarif": to_sarif,
    "github": to_github,
}
"""Name of a format -> what writes it."""

