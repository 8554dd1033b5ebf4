"""`transpile verify`: formats, and what a verdict tells when a conversion is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

LOG = "detections/log_emptied.yml"
TOOL = "detections/tool_started.yml"
Spoil = Callable[..., None]


@pytest.fixture
def spoil(monkeypatch: pytest.MonkeyPatch) -> Spoil:
    """Return a function that makes every conversion write one text for another."""
    from transpile.verify import check

    honest = check.convert_compiled

    def spoiled(old: str, new: str) -> None:
        def convert(*args: Any, **options: Any) -> Any:
            made = honest(*args, **options)
            text = made.text.replace(old, new)
            return replace(made, text=text, draft=replace(made.draft, text=text))

        monkeypatch.setattr(check, "convert_compiled", convert)

    return spoiled


def test_a_good_verdict_says_what_it_rests_on(cli, repo):
    ran = cli("verify", LOG, "-t", "eql", "--details")
    assert ran.code == 0
    assert "Log Emptied -> eql: equal\n" in ran.out
    assert "  claimed   exact: it finds the same events as the rule\n" in ran.out
    assert " of the rule's own fixtures, " in ran.out
    assert " made from the rule)" in ran.out
    assert "small changes of the rule (a condition lost" in ran.out
    assert "proof     for all events the query's filter, read back, says what the rule's" in ran.out


def test_a_proof_says_that_something_is_left_out(cli, tmp_path):
    rule = tmp_path / "rule.yml"
    search = "from datamodel=Endpoint.Processes where Processes.process_name=a.exe Processes.zz=y"
    rule.write_text(f"name: A\nsearch: '| tstats count {search} by Processes.user'\n")
    ran = cli("verify", rule, "-t", "sigma", "--details")
    assert "read back, says what the rule's says, but for what is left out\n" in ran.out
    assert "left out  zz has no counterpart in sigma" in ran.out


@pytest.mark.parametrize(
    ("old", "new", "code", "verdict", "says"),
    [
        pytest.param(
            ': "tool.exe"', ': "tool*"', "VER802", "wider", "passes", id="a-wildcard-finds-more"
        ),
        pytest.param(
            ': "tool.exe"', '== "tool.exe"', "VER801", "narrower", "stops", id="case-misses-some"
        ),
        pytest.param(
            ': "tool.exe"', '!= "tool.exe"', "VER803", "differs", "stops",
            id="a-negation-finds-others",
        ),
    ],
)  # fmt: skip
def test_a_wrong_conversion_is_found_twice(cli, repo, spoil, old, new, code, verdict, says):
    spoil(old, new)
    ran = cli("verify", TOOL, "-t", "eql", "--format", "json")
    assert ran.code == 1
    (case,) = json.loads(ran.out)["cases"]
    assert (case["status"], case["verdict"]) == ("failed", verdict)
    assert {finding["code"] for finding in case["findings"]} == {code, "VER804"}
    assert f"it {says} " in next(f["message"] for f in case["findings"] if f["code"] == "VER804")
    assert {finding["path"] for finding in case["findings"]} == {TOOL}


def test_the_conditions_that_differ_are_shown_on_both_sides(cli, repo, spoil):
    spoil('"1102"', '"1103"')
    ran = cli("verify", LOG, "-t", "eql")
    assert ran.code == 1
    assert '    query   does not find it: event.code == "1103"  (line 1, column 11)' in ran.out
    assert "    rule    finds it: EventCode=1102  (line 4, column 42)" in ran.out


def test_formats_of_ci_systems(cli, repo, spoil):
    spoil('"1102"', '"1103"')
    sarif = json.loads(cli("verify", LOG, "-t", "eql", "--format", "sarif").out)
    assert sarif["version"] == "2.1.0"
    result = sarif["runs"][0]["results"][0]
    region = result["locations"][0]["physicalLocation"]["region"]
    assert (result["ruleId"], region) == ("VER801", {"startLine": 4, "startColumn": 42})
    junit = ElementTree.fromstring(cli("verify", LOG, "-t", "eql", "--format", "junit").out)
    assert junit.find("testsuite").get("failures") == "1"
    github = cli("verify", LOG, "-t", "eql", "--format", "github").out
    assert github.startswith(f"::error file={LOG},line=4,col=42,title=Log Emptied (eql)::")


def test_the_page_escapes_what_rules_say(cli, repo, write):
    hostile = Path(LOG).read_text().replace("Log Emptied", '"<script>alert(1)</script>"')
    write("detections/hostile.yml", hostile)
    ran = cli("verify", "detections/hostile.yml", "-t", "eql", "--format", "html", "-o", "v.html")
    assert (ran.code, ran.out) == (0, "")
    page = Path("v.html").read_text()
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &rarr; eql: equal" in page
    assert "<script" not in page


def test_the_report_goes_to_a_file(cli, repo):
    ran = cli("verify", LOG, "-t", "eql", "--output", "verdicts.txt")
    assert (ran.code, ran.out) == (0, "")
    assert Path("verdicts.txt").read_text().startswith("Log Emptied -> eql: equal\n")


def test_processes_give_the_same_verdicts(cli, repo):
    alone = json.loads(cli("verify", ".", "-t", "eql", "--format", "json").out)["cases"]
    several = json.loads(
        cli("verify", ".", "-t", "eql", "--format", "json", "--jobs", "2").out
    )["cases"]
    assert [{**case, "seconds": 0} for case in several] == [
        {**case, "seconds": 0} for case in alone
    ]


def test_events_that_show_little_are_a_note(cli, repo):
    ran = cli("verify", LOG, "-t", "sql:duckdb", "--no-witness", "--format", "json")
    assert ran.code == 0
    (case,) = json.loads(ran.out)["cases"]
    (finding,) = case["findings"]
    assert (finding["code"], finding["level"], case["status"]) == ("VER805", "note", "passed")
