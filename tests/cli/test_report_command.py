"""`report`: what of a repository converts, in four formats; rule text stays text in all of them."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from transpile.migration import Effort, migration

Write = Callable[[str, str], Path]
HOSTILE = """\
name: '=cmd() <script>alert(1)</script>'
type: TTP
search: 'source="XmlWinEventLog:Security" EventCode=1102 frobnicate="<img onerror=x>"'
"""


class Tags(HTMLParser):
    """The tags and attributes of a page, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.names: set[str] = set()
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.names |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


def entry(fidelity: str, *codes: str, assumptions: tuple[str, ...] = ()) -> dict[str, object]:
    losses = [{"code": code, "message": f"why {code}", "span": None} for code in codes]
    return {"path": "a.yml", "name": "a", "target": "eql", "fidelity": fidelity, "losses": losses,
            "assumptions": list(assumptions), "error": None}  # fmt: skip


@pytest.mark.parametrize(("found", "status", "effort"), [
    pytest.param(entry("exact"), "full", Effort.DEPLOY, id="nothing-to-do"),
    pytest.param(entry("exact", assumptions=("x",)), "full", Effort.CHECK, id="assumptions"),
    pytest.param(entry("superset", "TGT606"), "partial", Effort.TUNE, id="more-is-found"),
    pytest.param(entry("unsupported", "TGT601", "TGT602"), "none", Effort.MAP, id="a-mapping"),
    pytest.param(entry("unsupported", "TGT601", "TGT603"), "none", Effort.REWRITE, id="by-hand"),
    pytest.param(entry("unsupported") | {"error": {"code": "SPL104", "message": "m", "line": 2}},
                 "none", Effort.MEND, id="not-read"),
])
def test_status_and_effort_of_a_conversion(
    found: dict[str, object], status: str, effort: Effort
) -> None:
    report = migration([found])
    [moved] = report.rules[0].moved
    assert (moved.status, moved.effort) == (status, effort)
    [target] = report.targets
    assert getattr(target, status) == target.efforts[effort] == target.rules == 1


def test_a_reason_counts_once_in_a_rule() -> None:
    report = migration([entry("superset", "TGT606", "TGT606", "TGT607"), entry("exact")])
    assert [(code, n) for code, _, n in report.targets[0].reasons] == [("TGT606", 1), ("TGT607", 1)]


def test_sums_are_printed(cli, repo):
    ran = cli("report", "detections", "--target", "eql", "-t", "sigma", "--jobs", "1", "--no-cache",
              "--content", ".")  # fmt: skip
    assert ran.code == 0
    assert ran.out.splitlines()[0].split()[:5] == ["target", "rules", "full", "partial", "none"]
    assert ran.out.splitlines()[2].split()[:2] == ["eql", "2"]


def test_the_suffix_says_the_format_unless_one_is_asked_for(cli, repo):
    paths = "detections", "-t", "eql"
    assert cli("report", *paths, "-o", "all.html").code == 0
    assert Path("all.html").read_text().startswith("<!doctype html>")
    assert cli("report", *paths, "--output", "all.html", "--format", "json").code == 0
    assert [rule["name"] for rule in json.loads(Path("all.html").read_text())["rules"]]


def test_a_rule_in_html_is_text(cli, repo, write: Write):
    write("detections/x.yml", HOSTILE)
    page = Tags(cli("report", "detections", "-t", "sql:duckdb", "-t", "eql", "-f", "html").out)
    assert not page.tags & {"script", "img", "iframe", "link"}
    assert not any(name.startswith("on") for name in page.names)
    assert "=cmd() <script>alert(1)</script>" in page.text


def test_a_cell_is_no_formula(cli, repo, write: Write):
    write("detections/x.yml", HOSTILE)
    out = cli("report", "detections", "-t", "eql", "--format", "csv").out
    rows = list(csv.DictReader(out.splitlines()))
    assert len(rows) == 3
    assert not any(cell[:1] in ("=", "+", "-", "@") for row in rows for cell in row.values())
    [unmapped] = [row for row in rows if "frobnicate" in row["reasons"]]
    assert (unmapped["status"], unmapped["effort"]) == ("none", "map")


def test_a_rule_that_cannot_be_read_is_told_and_the_others_go_on(cli, repo, write: Write):
    write("detections/bad.yml", "name: bad\nsearch: index=x | stats cuont\n  by (\n")
    ran = cli("report", "detections", "-t", "eql", "--schema", "ecs", "-f", "json")
    assert ran.code == 1
    assert "bad.yml" in ran.err
    efforts = [moved["effort"] for rule in json.loads(ran.out)["rules"] for moved in rule["moved"]]
    assert sorted(efforts).count("mend") == 1
    assert len(efforts) == 3
