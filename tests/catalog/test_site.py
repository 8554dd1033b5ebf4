"""The site: hostile text stays text, every link leads somewhere, nothing asks the network."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from transpile.catalog import Catalog
from transpile.catalog.render import is_web
from transpile.catalog.site import Written, write_site
from transpile.catalog.views import report_csv
from transpile.cli import main

RULES = Path(__file__).parents[2] / "rules"
EVIL = """<script>alert(1)</script>"'><img src=x onerror=alert(2)>{{ 7*7 }}</code></pre>"""
MOST = 200_000
POLICY = "default-src 'none'; script-src 'self'; style-src 'self';"

HOSTILE = {
    "splunk.yml": """\
name: '{evil}'
id: '{evil}'
search: 'index=main a="{search}" | stats count by "{search}" | where count > 3'
status: '{evil}'
type: '{evil}'
severity: '{evil}'
author: '{evil}'
date: '{evil}'
description: '{evil}'
known_false_positives: '{evil}'
references: ['javascript:alert(1)', '{evil}', 'https://example.com/{evil}', 'data:text/html,x']
tags: {{mitre_attack_id: ['{evil}', T1059.001, T1086]}}
""",
    "broken.yml": "name: '{evil}'\nsearch: '| nosuchcommand {search}'\n",
    "sigma.yml": """\
title: '{evil}'
id: '{evil}'
level: '{evil}'
tags: ['{evil}', attack.t1059]
logsource: {{category: process_creation, product: windows}}
detection: {{selection: {{'{evil}': '{evil}'}}, condition: selection}}
falsepositives: ['{evil}']
references: ['{evil}']
""",
    "elastic.toml": """\
[rule]
name = '''{evil}'''
severity = '''{evil}'''
language = "eql"
query = '''process where process.name == "{evil}"'''
false_positives = ['''{evil}''']
references = ['''javascript:alert(1)''']
""",
}


def hostile_repository(folder: Path) -> Path:
    """Write a rule of each language whose every text attacks the page; return the repository."""
    target = folder / "<b>evil" / "detections"
    target.mkdir(parents=True)
    for name, text in HOSTILE.items():
        quoted = EVIL.replace("'", "''") if name.endswith(".yml") else EVIL
        search = EVIL.replace('"', r"\"").replace("'", "''")
        (target / name).write_text(text.format(evil=quoted, search=search), encoding="utf-8")
    return target.parent


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of the sample rules and the hostile ones."""
    folder = tmp_path_factory.mktemp("site")
    hostile = hostile_repository(tmp_path_factory.mktemp("hostile"))
    catalog = Catalog.build([RULES, hostile], targets=["sigma", "eql"])
    write_site(catalog, folder)
    return folder


class Reader(HTMLParser):
    """Collects the elements of a page with their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def pages(site: Path) -> Iterator[tuple[Path, Reader]]:
    for path in sorted(site.rglob("*.html")):
        yield path, Reader(path.read_text(encoding="utf-8"))


def test_no_text_of_a_rule_becomes_markup(site: Path) -> None:
    scripts = {"assets/theme.js", "assets/site.js"}
    for path, page in pages(site):
        root = "../" * len(path.relative_to(site).parents[1:])
        for tag, attributes in page.elements:
            assert tag not in ("img", "iframe", "object", "embed", "base", "style"), path
            assert not [name for name in attributes if name.startswith("on")], path
            if tag == "script":
                assert (attributes["src"] or "").removeprefix(root) in scripts, path


def test_hostile_text_is_shown_as_it_is(site: Path) -> None:
    texts = [page.text for path, page in pages(site) if path.parent.parent.name == "rules"]
    assert sum(EVIL in text for text in texts) == len(HOSTILE)


def test_links_are_to_pages_that_exist_or_to_the_web(site: Path) -> None:
    for path, page in pages(site):
        for tag, attributes in page.elements:
            link = attributes.get("href") or attributes.get("src")
            if tag not in ("a", "link", "script") or link is None or link.startswith("#"):
                continue
            if is_web(link):
                assert tag == "a", path
                assert "noopener" in (attributes.get("rel") or ""), (path, link)
                continue
            file = link.partition("#")[0].partition("?")[0]
            assert (path.parent / file).is_file(), (path, link)


def test_every_page_has_the_strict_policy_and_a_bounded_size(site: Path) -> None:
    for path, page in pages(site):
        policy = [
            a["content"] for tag, a in page.elements if a.get("http-equiv") and tag == "meta"
        ]
        assert len(policy) == 1, path
        assert (policy[0] or "").startswith(POLICY)
        assert not [a for _, a in page.elements if "style" in a], path
        assert path.stat().st_size < MOST, path
    for path in site.glob("data/*.js"):
        assert path.stat().st_size < MOST


def test_markdown_of_a_hostile_rule_has_no_markup_of_its_own(site: Path) -> None:
    for path in site.glob("rules/*/*.md"):
        fence = ""
        for line in path.read_text(encoding="utf-8").splitlines():
            ticks = line[: len(line) - len(line.lstrip("`"))]
            if fence:
                fence = "" if line == fence else fence
            elif len(ticks) >= 3:
                fence = ticks
            elif "<script>" in line:
                at = line.index("<script>")
                assert line[at - 1] == "\\" or line[:at].count("`") % 2, (path, line)


def test_a_rule_page_has_every_section(site: Path) -> None:
    page = Reader((site / "rules/splunk/remote_process_instantiation_via_winrm_and_powershell.html")
                  .read_text(encoding="utf-8"))  # fmt: skip
    for heading in (
        "MITRE ATT&CK coverage", "Event coverage", "Stages and predicates", "Indicators",
        "Conversions", "Known false positives", "References", "Rule body",
    ):  # fmt: skip
        assert heading in page.text
    assert "T1021.006 Remote Services: Windows Remote Management" in page.text
    assert "`process_powershell`" in page.text  # the macro is kept in the stage
    assert 'process_name ~= "powershell.exe"' in page.text  # and expanded in the predicate


@pytest.mark.parametrize("kind", ["html", "md"])
def test_a_page_tells_what_a_rule_asks_of_several_events(site: Path, kind: str) -> None:
    path = site / f"rules/splunk/password_guessing_against_many_accounts.{kind}"
    _, found, told = path.read_text(encoding="utf-8").partition("What no single event decides")
    assert found
    assert "TargetUserName" in told.partition("Indicators")[0]


def test_a_revoked_technique_points_to_its_successor(site: Path) -> None:
    facts = json.loads(next(site.glob("rules/splunk/script_alert*.json")).read_text())
    rows = {row["tactic"]: row for row in facts["attack"]}
    assert [t["id"] for t in rows["Execution"]["techniques"]] == ["T1059.001"]
    assert rows["Execution"]["was"] == ["T1086"]


def test_the_json_beside_a_page_says_what_the_page_says(site: Path) -> None:
    path = site / "rules/splunk/event_log_cleared.json"
    facts = json.loads(path.read_text(encoding="utf-8"))
    page = path.with_suffix(".html").read_text(encoding="utf-8")
    assert facts["name"] == "Event Log Cleared"
    assert facts["outcomes"]["sigma"]["status"] == "full"
    for conversion in facts["conversions"]:
        assert conversion["target"] in page
    assert {v["text"] for row in facts["indicators"] for v in row["values"]} == {"1102", "517"}


def test_the_navigator_layer_scores_every_technique(site: Path) -> None:
    layer = json.loads((site / "attack-layer-splunk.json").read_text(encoding="utf-8"))
    scores = {item["techniqueID"]: item["score"] for item in layer["techniques"]}
    assert layer["domain"] == "enterprise-attack"
    assert scores["T1021.006"] == 3
    assert "T1086" not in scores


def test_the_report_has_a_line_per_rule_and_no_formulas(site: Path) -> None:
    rows = list(csv.DictReader(io.StringIO((site / "report.csv").read_text(encoding="utf-8"))))
    assert len(rows) == len(list(site.glob("rules/*/*.html")))
    cleared = next(row for row in rows if row["name"] == "Event Log Cleared")
    assert (cleared["sigma status"], cleared["eql status"]) == ("full", "full")


def test_a_formula_in_a_name_is_text_in_the_report(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("name: =cmd|x\nsearch: a=b\n", encoding="utf-8")
    assert ",'=cmd|x," in report_csv(Catalog.build([tmp_path]).rules)


def test_the_index_finds_rules_by_title_field_and_value(site: Path) -> None:
    text = (site / "data/rules-0.js").read_text(encoding="utf-8")
    rows = json.loads(f"[{text[text.index('(') + 1 : text.rindex(')')]}]")
    row = next(row for row in rows if row[1] == "Event Log Cleared")
    assert row[0] == "event_log_cleared"
    assert "eventcode" in row[7]
    assert "1102" in row[7]
    assert row[6] == "ff"


def test_a_second_build_writes_only_what_changed(tmp_path: Path) -> None:
    folder = tmp_path / "repository" / "detections"
    folder.mkdir(parents=True)
    for name, search in (("One", "a=x b=y"), ("Two", "c=z"), ("Three", "a=x d=y")):
        (folder / f"{name}.yml").write_text(f"name: {name}\nsearch: {search}\n", encoding="utf-8")
    cache, out = tmp_path / "c.sqlite", tmp_path / "out"

    def build() -> Written:
        return write_site(Catalog.build([folder.parent], cache=cache), out)

    first = build()
    assert build() == Written(0, first.written + first.kept, 0)
    (folder / "Two.yml").write_text("name: Two\nsearch: c=other\n", encoding="utf-8")
    changed = build()
    assert 0 < changed.written < 6
    one = (out / "rules/splunk/one.html").stat().st_mtime_ns
    (folder / "Three.yml").unlink()
    gone = build()
    assert gone.removed == 1
    assert not list(out.glob("rules/splunk/three.*"))
    assert (out / "rules/splunk/one.html").stat().st_mtime_ns > one  # its count fell


def test_a_page_that_someone_deleted_comes_back(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("name: One\nsearch: a=b\n", encoding="utf-8")
    for _ in range(2):
        write_site(Catalog.build([tmp_path], cache=tmp_path / "c"), tmp_path / "out")
        page = tmp_path / "out/rules/splunk/one.html"
        assert page.is_file()
        page.unlink()


@pytest.mark.parametrize(
    ("link", "web"),
    [
        pytest.param("https://example.com/a", True, id="https"),
        pytest.param("http://example.com", True, id="http"),
        pytest.param("javascript:alert(1)", False, id="javascript"),
        pytest.param(" javascript:alert(1)", False, id="javascript-after-a-space"),
        pytest.param("JAVASCRIPT://x/%0aalert(1)", False, id="javascript-with-a-host"),
        pytest.param("data:text/html,x", False, id="data"),
        pytest.param("//example.com", False, id="without-a-scheme"),
        pytest.param("https:///x", False, id="without-a-host"),
        pytest.param("https://example.com/\n", False, id="line-break"),
        pytest.param("https://[", False, id="no-address"),
    ],
)
def test_only_web_links_become_links(link: str, web: bool) -> None:
    assert is_web(link) is web


def test_command_writes_the_site(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "site"
    code = main(["catalog", str(RULES), "-o", str(out), "-t", "sigma", "--no-cache"])
    said = capsys.readouterr()
    assert code == 0
    assert said.out == ""
    assert f"pages written, 7 kept, 0 removed: {out / 'index.html'}" in said.err
    assert (out / "index.html").is_file()


def test_command_tells_of_rules_it_cannot_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "r").mkdir()
    (tmp_path / "r/a.yml").write_text("name: Bad\nsearch: '| nope'\n", encoding="utf-8")
    code = main(["catalog", str(tmp_path / "r"), "-o", str(tmp_path / "o"), "--no-cache"])
    assert code == 1
    assert "r/a.yml: Bad: unknown command 'nope'" in capsys.readouterr().err


def test_command_refuses_an_unknown_target(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["catalog", str(RULES), "-o", str(tmp_path), "-t", "sigmah", "--no-cache"])
    assert code == 2
    assert "OUT502" in capsys.readouterr().err


def test_command_shows_the_verdicts_of_a_report(tmp_path: Path) -> None:
    rule, out = str(RULES / "detections/endpoint/event_log_cleared.yml"), tmp_path / "site"
    report = tmp_path / "verified.json"
    assert main(["verify", rule, "-t", "sigma", "--format", "json", "-o", str(report)]) == 0
    asked = ["-t", "sigma", "--verdicts", str(report), "--no-cache"]
    assert main(["catalog", rule, "-o", str(out), *asked]) == 0
    page = (out / "rules/splunk/event_log_cleared.html").read_text(encoding="utf-8")
    assert "verified: equal, proved equal" in page


def test_command_refuses_what_is_no_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["-o", str(tmp_path), "--verdicts", str(RULES / "README.md"), "--no-cache"]
    assert main(["catalog", str(RULES), *asked]) == 2
    assert "error[OUT505]: no report of verify" in capsys.readouterr().err
