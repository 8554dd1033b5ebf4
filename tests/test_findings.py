"""Formats for CI systems: well-formed whatever a rule says, and readable back."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transpile.errors import CODES
from transpile.findings import FORMATS, Case, Finding, to_github, to_json, to_junit, to_sarif

WRONG = Finding("GLD701", "lost a filter\nsecond line", "error", "rules/a b.yml", 14, 3)
HINT = Finding("TGT606", "wider", "warning", "rules/a b.yml")
CASES = (
    Case("Rule A", "sigma", (WRONG, HINT), seconds=0.5),
    Case("Rule B", "sigma"),
    Case("Rule C", "eql", skipped="the engine is not installed"),
)


def test_status_comes_from_errors_alone() -> None:
    assert [case.status for case in CASES] == ["failed", "passed", "skipped"]
    assert Case("x", "y", (HINT,)).status == "passed"


def test_json_counts_and_lists() -> None:
    data = json.loads(to_json(CASES))
    assert data["schema"] == 1
    assert data["summary"] == {"passed": 1, "failed": 1, "skipped": 1}
    assert data["cases"][0]["findings"][0] == {
        "code": "GLD701", "level": "error", "message": "lost a filter\nsecond line",
        "path": "rules/a b.yml", "line": 14, "column": 3,
    }  # fmt: skip


def test_junit_has_a_suite_per_target_and_says_what_was_skipped() -> None:
    root = ElementTree.fromstring(to_junit(CASES))
    facts = [(s.get("name"), s.get("tests"), s.get("failures"), s.get("skipped")) for s in root]
    assert facts == [("sigma", "2", "1", "0"), ("eql", "1", "0", "1")]
    failure = root.find("testsuite/testcase/failure")
    assert failure is not None
    assert failure.get("message") == "lost a filter"
    assert failure.text == "rules/a b.yml:14:3: lost a filter\nsecond line"
    skipped = root.find("testsuite[@name='eql']/testcase/skipped")
    assert skipped is not None
    assert skipped.get("message") == "the engine is not installed"


def test_sarif_points_at_the_line_and_declares_its_rules() -> None:
    log = json.loads(to_sarif(CASES))
    assert log["version"] == "2.1.0"
    run = log["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["GLD701", "TGT606"]
    assert rules[0]["shortDescription"] == {"text": CODES["GLD701"]}
    first, second = run["results"]
    assert rules[first["ruleIndex"]]["id"] == first["ruleId"]
    place = first["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "rules/a%20b.yml"}
    assert place["region"] == {"startLine": 14, "startColumn": 3}
    assert second["level"] == "warning"
    assert "region" not in second["locations"][0]["physicalLocation"]


def test_an_absolute_path_is_a_file_uri() -> None:
    case = Case("x", "y", (Finding("A", "m", path="/a/b#c.yml"),))
    place = json.loads(to_sarif([case]))["runs"][0]["results"][0]["locations"][0]
    assert place["physicalLocation"]["artifactLocation"]["uri"] == "file:///a/b%23c.yml"


def test_github_annotates_the_line() -> None:
    assert to_github(CASES).splitlines() == [
        "::error file=rules/a b.yml,line=14,col=3,title=Rule A (sigma)"
        "::lost a filter%0Asecond line",
        "::warning file=rules/a b.yml,title=Rule A (sigma)::wider",
    ]


def test_github_takes_a_title_that_tries_to_end_it() -> None:
    case = Case("a::b,line=1\n::error::x", "t", (Finding("A", "100% ::x\r\n::set-env"),))
    (line,) = to_github([case]).splitlines()
    assert line == (
        "::error title=a%3A%3Ab%2Cline=1%0A%3A%3Aerror%3A%3Ax (t)::100%25 ::x%0D%0A::set-env"
    )


texts = st.text(st.characters(codec=None), max_size=30)
findings = st.builds(
    Finding, st.just("A1"), texts, st.sampled_from(["error", "warning", "note"]),
    st.none() | texts, st.none() | st.integers(1, 99), st.none() | st.integers(1, 99),
)  # fmt: skip
cases = st.lists(
    st.builds(Case, texts, texts, st.lists(findings, max_size=3).map(tuple), texts), max_size=4
)


@given(cases)
def test_no_text_breaks_a_format(found: list[Case]) -> None:
    assert len(json.loads(to_json(found))["cases"]) == len(found)
    root = ElementTree.fromstring(to_junit(found).encode())
    assert len(root.findall("testsuite/testcase")) == len(found)
    results = json.loads(to_sarif(found))["runs"][0]["results"]
    assert len(results) == sum(len(case.findings) for case in found)
    lines = to_github(found).split("\n")[:-1]
    assert len(lines) == len(results)
    assert all(re.match(r"::(error|warning|notice) [^\n]*::", line) for line in lines)


@pytest.mark.parametrize("name", FORMATS)
def test_nothing_checked_is_a_whole_document(name: str) -> None:
    assert FORMATS[name]([]) == FORMATS[name](())
