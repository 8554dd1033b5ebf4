"""`catalog`: its options, on a small repository; tests of the pages are in tests/catalog."""

from __future__ import annotations

from pathlib import Path


def test_a_site_is_written_and_a_second_build_keeps_its_pages(cli, repo):
    options = ("--target", "eql", "--title", "My rules", "--cache", "kept", "--jobs", "1")
    ran = cli("catalog", "detections", "--output", "site", *options)
    assert (ran.code, ran.out) == (0, "")
    assert "My rules" in Path("site/index.html").read_text()
    assert Path("kept").exists()
    again = cli("catalog", "detections", "--output", "site", *options)
    assert again.code == 0
    assert "0 pages written" in again.err


def test_verdicts_of_a_report_are_shown(cli, repo):
    report = ("--format", "json", "--output", "verified.json")
    assert cli("verify", "detections", "-t", "eql", *report).code == 0
    shown = ("--verdicts", "verified.json", "--no-cache", "-t", "eql")
    assert cli("catalog", "detections", "--output", "site", *shown).code == 0
    page = Path("site/rules/splunk/log_emptied.html").read_text()
    assert "verified: equal" in page
