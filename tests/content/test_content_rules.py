"""Rules of every generation become the same typed object; faults name their place."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from transpile.content import Rule, Schedule, load_rule, load_rules, read_rule
from transpile.content.rules import AttackData, Drilldown, Entity, RuleTest, ThreatObject
from transpile.errors import ContentError

HEAD = """\
name: Odd Login
id: 11111111-2222-3333-4444-555555555555
version: 3
author: A. Writer
status: production
type: TTP
description: Finds odd logins.
data_source:
- Some Log
how_to_implement: Collect the log.
known_false_positives: None known.
references: [https://example.org/a]
search: 'index=a
  user=B'
tests:
- name: True Positive Test
  test_type: unit
  attack_data:
  - data: https://example.org/a.log
    source: src
    sourcetype: st
"""
OF_2024 = HEAD + """\
date: '2024-02-03'
tags:
  analytic_story: [Story]
  asset_type: Endpoint
  confidence: 50
  impact: 80
  risk_score: 40
  message: Login by $user$
  mitre_attack_id: [T1078]
  cve: [CVE-2024-0001]
  product: [Splunk Cloud]
  required_fields: [_time, user]
  security_domain: access
  observable:
  - {name: user, type: User Name, role: [Victim]}
  - {name: host, type: Hostname, role: [Victim]}
  - {name: hash, type: File Hash, role: [Victim]}
  - {name: tool, type: Process Name, role: [Attacker]}
"""
OF_2025 = HEAD + """\
date: '2025-02-03'
drilldown_searches:
- name: Look
  search: '| from x'
  earliest_offset: 7d
  latest_offset: "0"
rba:
  message: Login by $user$
  risk_objects:
  - {field: user, type: user, score: 30}
  - {field: host, type: system, score: 40.0}
  threat_objects:
  - {field: tool, type: process_name}
tags:
  analytic_story: [Story]
  asset_type: Endpoint
  mitre_attack_id: [T1078]
  cve: [CVE-2024-0001]
  product: [Splunk Cloud]
  security_domain: access
"""
OF_2026 = HEAD + """\
creation_date: '2024-02-03'
modification_date: 2026-05-13
finding:
  title: Login by $user$
  entity: {field: user, type: user, score: 40}
threat_objects:
- {field: tool, type: process_name}
analytic_story: [Story]
asset_type: Endpoint
mitre_attack_id: [T1078]
cve: [CVE-2024-0001]
product: [Splunk Cloud]
category: identity
security_domain: access
scheduling:
  cron_schedule: 5 * * * *
  earliest_time: -65m@m
  latest_time: -5m@m
"""


@pytest.mark.parametrize(
    ("text", "generation"),
    [
        pytest.param(OF_2024, "2024", id="2024-tags"),
        pytest.param(OF_2025, "2025", id="2025-rba"),
        pytest.param(OF_2026, "2026", id="2026-flat"),
    ],
)
def test_all_generations_say_the_same(text: str, generation: str) -> None:
    rule = load_rule(text)
    assert rule.generation == generation
    assert (rule.name, rule.version, rule.type) == ("Odd Login", 3, "TTP")
    assert rule.search == "index=a user=B"
    assert (rule.data_sources, rule.references) == (("Some Log",), ("https://example.org/a",))
    assert (rule.mitre_attack_ids, rule.analytic_stories) == (("T1078",), ("Story",))
    assert (rule.cve, rule.products) == (("CVE-2024-0001",), ("Splunk Cloud",))
    assert (rule.security_domain, rule.asset_type) == ("access", "Endpoint")
    assert (rule.risk_score, rule.message) == (40, "Login by $user$")
    assert rule.threat_objects == (ThreatObject("tool", "process_name"),)
    data = AttackData("https://example.org/a.log", "src", "st")
    assert rule.tests == (RuleTest("True Positive Test", "unit", (data,)),)
    assert rule.position(rule.search.index("B")) == (14, 8)
    assert rule.raw["author"] == "A. Writer"


@pytest.mark.parametrize(
    ("text", "entities"),
    [
        pytest.param(
            OF_2024,
            (Entity("user", "user", 40), Entity("host", "system", 40), Entity("hash", "other", 40)),
            id="2024-victims-with-the-score-of-the-rule",
        ),
        pytest.param(OF_2025, (Entity("user", "user", 30), Entity("host", "system", 40)),
                     id="2025-risk-objects"),
        pytest.param(OF_2026, (Entity("user", "user", 40),), id="2026-entity"),
        pytest.param(
            "search: a\nintermediate_findings:\n  entities: [{field: u, type: user, score: 5}]\n",
            (Entity("u", "user", 5),),
            id="2026-intermediate-findings",
        ),
    ],
)  # fmt: skip
def test_entities(text: str, entities: tuple[Entity, ...]) -> None:
    assert load_rule(text).entities == entities


def test_what_only_one_generation_has() -> None:
    assert (load_rule(OF_2024).confidence, load_rule(OF_2024).impact) == (50, 80)
    assert load_rule(OF_2024).required_fields == ("_time", "user")
    assert load_rule(OF_2025).drilldowns == (Drilldown("Look", "| from x", "7d", "0"),)
    assert load_rule(OF_2025).generation == "2025"
    rule = load_rule(OF_2026)
    assert (rule.date, rule.modified, rule.category) == ("2024-02-03", "2026-05-13", "identity")
    assert rule.schedule == Schedule("5 * * * *", "-65m@m", "-5m@m")
    assert load_rule(OF_2024).schedule is None


def test_least_rule_and_a_made_id_that_stays() -> None:
    rule = load_rule("search: index=a\n")
    assert (rule.name, rule.generation, rule.risk_score) == ("search", "2026", None)
    assert rule.id == load_rule("search: index=a\n").id != load_rule("search: index=b\n").id
    assert len(rule.id) == 36


def test_hunting_rule_of_2025_without_risk() -> None:
    assert load_rule("search: a\ntags: {asset_type: Endpoint}\n").generation == "2025"


@pytest.mark.parametrize(
    ("text", "name", "generation", "search"),
    [
        pytest.param("index=a | stats count", "search", "spl", "index=a | stats count", id="spl"),
        pytest.param("\ufeffindex=a\r\n| head 1", "search", "spl", "index=a\r\n| head 1",
                     id="spl-with-mark-and-crlf"),
        pytest.param("| tstats count where a=\"b: c\"", "search", "spl",
                     "| tstats count where a=\"b: c\"", id="spl-with-colon"),
        pytest.param("sourcetype=x:y:z", "search", "spl", "sourcetype=x:y:z", id="spl-colons"),
        pytest.param("# why\nsearch: index=a\nname: N", "N", "2026", "index=a", id="yaml"),
        pytest.param("---\nname: N\n'search': index=a", "N", "2026", "index=a", id="yaml-marked"),
    ],
)  # fmt: skip
def test_text_is_read_as_what_it_is(text: str, name: str, generation: str, search: str) -> None:
    rule = read_rule(text)
    assert (rule.name, rule.generation, rule.search) == (name, generation, search)
    assert read_rule(rule) is rule
    assert rule.path is None


def test_position_in_bare_text() -> None:
    rule = read_rule("index=a\n| head 1")
    assert rule.position(8) == (2, 1)
    assert rule.line(2) == "| head 1"


@pytest.mark.parametrize(
    ("text", "code", "line", "column", "words"),
    [
        pytest.param("name: x\nid: y\n", "CNT402", None, None, "no search", id="no-search"),
        pytest.param("search:\n", "CNT402", None, None, "no search", id="nothing-in-search"),
        pytest.param("search: '  '\n", "CNT402", None, None, "no search", id="blank-search"),
        pytest.param("search: [a]\n", "CNT408", 1, 9, "'search' must be a text, not a list",
                     id="search-is-a-list"),
        pytest.param("search: a\n bad: [\n", "CNT401", 2, 5, "not valid YAML", id="not-yaml"),
        pytest.param("", "CNT406", None, None, "no rule", id="empty"),
        pytest.param("search: a\nversion: new\n", "CNT408", 2, 10,
                     "'version' must be a number, not a text", id="version"),
        pytest.param("search: a\nversion: 1.5\n", "CNT408", 2, 10, "a whole number",
                     id="version-with-fraction"),
        pytest.param("search: a\nname: {x: 1}\n", "CNT408", 2, 7,
                     "'name' must be a text, not a mapping", id="name"),
        pytest.param("search: a\nname: true\n", "CNT408", 2, 7,
                     "'name' must be a text, not true or false", id="name-true"),
        pytest.param("search: a\ntags: [x]\n", "CNT408", 2, 7,
                     "'tags' must be a mapping, not a list", id="tags"),
        pytest.param("search: a\ntags:\n  risk_score: high\n", "CNT408", 3, 15,
                     "'tags.risk_score' must be a number, not a text", id="nested"),
        pytest.param("search: a\nreferences: [b, [c]]\n", "CNT408", 2, 17,
                     "'references.1' must be a list of texts, not a list", id="item"),
        pytest.param("search: a\nreferences: {b: c}\n", "CNT408", 2, 13,
                     "'references' must be a list of texts, not a mapping", id="no-list"),
        pytest.param("search: a\ntests: [b]\n", "CNT408", 2, 9,
                     "'tests.0' must be a list of mappings, not a text", id="test-is-a-text"),
        pytest.param("search: a\ntests: b\n", "CNT408", 2, 8,
                     "'tests' must be a list of mappings, not a text", id="tests-is-a-text"),
        pytest.param("search: a\nrba:\n  risk_objects:\n  - field: x\n    score: [1]\n", "CNT408",
                     5, 12, "'rba.risk_objects.0.score' must be a number, not a list", id="deep"),
    ],
)  # fmt: skip
def test_fault(
    tmp_path: Path, text: str, code: str, line: int | None, column: int | None, words: str
) -> None:
    file = tmp_path / "x.yml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ContentError, match=words.replace("[", r"\[")) as caught:
        load_rule(file)
    error = caught.value
    assert (error.code, error.path, error.line, error.column) == (code, str(file), line, column)


def test_yaml_list_is_no_rule(tmp_path: Path) -> None:
    file = tmp_path / "x.yml"
    file.write_text("- search: a\n", encoding="utf-8")
    with pytest.raises(ContentError) as caught:
        load_rule(file)
    assert caught.value.code == "CNT402"


def test_text_that_can_only_be_a_path_is_not_searched_for() -> None:
    with pytest.raises(ContentError) as caught:
        read_rule("no/such/rule.yml")
    assert caught.value.code == "CNT407"
    assert read_rule("a.yml OR b.yml").generation == "spl"


def test_path_as_text_and_crlf_file(tmp_path: Path) -> None:
    file = tmp_path / "detections" / "cloud" / "x.yml"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"\xef\xbb\xbfname: x\r\nsearch: |\r\n  index=a\r\n  user=B\r\n")
    rule = read_rule(str(file))
    assert (rule.search, rule.category, rule.path) == ("index=a\nuser=B\n", "cloud", str(file))
    assert rule.position(rule.search.index("B")) == (4, 8)
    assert rule.line(4) == "  user=B"


def test_documents_of_one_file_and_faults_do_not_stop_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("search: a\n---\n---\nsearch: bC\n", encoding="utf-8")
    mixed = "search: c\n---\nname: no search\n---\nsearch: e"
    (tmp_path / "b.yaml").write_text(mixed, encoding="utf-8")
    (tmp_path / "c.spl").write_text("index=c", encoding="utf-8")
    (tmp_path / "d.txt").write_text("not looked at", encoding="utf-8")
    (tmp_path / ".hidden.yml").write_text("search: h\n", encoding="utf-8")
    (tmp_path / "macros").mkdir()
    (tmp_path / "macros" / "m.yml").write_text("definition: x\n", encoding="utf-8")
    rules, errors = load_rules(tmp_path)
    assert [(r.search, r.document, r.name) for r in rules] == [
        ("a", 0, "a"), ("bC", 2, "a"), ("c", 0, "b"), ("e", 2, "b"), ("index=c", 0, "c"),
    ]  # fmt: skip
    assert rules[1].position(1) == (4, 10)
    assert [(e.code, Path(e.path or "").name) for e in errors] == [("CNT402", "b.yaml")]


def test_no_such_path_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ContentError) as caught:
        load_rules(tmp_path / "none")
    assert caught.value.code == "CNT407"


@pytest.mark.parametrize("text", [OF_2024, OF_2026, "index=a"], ids=["2024", "2026", "spl"])
def test_rules_pickle(text: str) -> None:
    rule = load_rule(text)
    copy: Rule = pickle.loads(pickle.dumps(rule))
    assert copy == rule
    assert copy.position(3) == rule.position(3)


SAVED = """\
# made by hand
[default]
dispatch.earliest_time = -70m@m
dispatch.latest_time = -10m@m

[Rule One]
search = index=a \\
| stats count \\
  by B
cron_schedule = 0 * * * *
description = One
action.correlationsearch.annotations = {"mitre_attack": ["T1078"], "analytic_story": ["S"]}
[no search]
disabled = 1
"""


def test_saved_searches(tmp_path: Path) -> None:
    file = tmp_path / "savedsearches.conf"
    for text in (SAVED, SAVED.replace("\n", "\r\n")):
        file.write_bytes(text.encode())
        (rule,), errors = load_rules(file)
        assert errors == ()
        assert (rule.name, rule.generation, rule.description) == ("Rule One", "conf", "One")
        assert rule.search == "index=a \n| stats count \n  by B"
        assert rule.mitre_attack_ids == ("T1078",)
        assert rule.schedule == Schedule("0 * * * *", "-70m@m", "-10m@m")
        assert rule.position(rule.search.index("B")) == (9, 6)


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        pytest.param("[a]\nsearch = x\nnonsense\n", "CNT407", 3, id="line-that-is-nothing"),
        pytest.param(
            "[a]\nsearch = x\naction.correlationsearch.annotations = {\n", "CNT408", None,
            id="annotations-not-json",
        ),
        pytest.param(
            "[a]\nsearch = x\naction.correlationsearch.annotations = [1]\n", "CNT408", None,
            id="annotations-no-object",
        ),
    ],
)
def test_fault_in_saved_searches(tmp_path: Path, text: str, code: str, line: int | None) -> None:
    file = tmp_path / "savedsearches.conf"
    file.write_text(text, encoding="utf-8")
    _, (error,) = load_rules(file)
    assert (error.code, error.line) == (code, line)


@pytest.mark.parametrize(
    ("earliest", "latest", "seconds"),
    [
        pytest.param("-70m@m", "-10m@m", 3600, id="minutes"),
        pytest.param("-24h@h", "now", 86400, id="until-now"),
        pytest.param("-1d@d", "@d", 86400, id="yesterday"),
        pytest.param("-h", "", 3600, id="one-without-number-and-no-latest"),
        pytest.param("-2w", "-1w@w0", 604800, id="weeks"),
        pytest.param("-1mon@mon", "now", None, id="months-have-no-length"),
        pytest.param("0", "now", None, id="all-time"),
        pytest.param("", "now", None, id="no-earliest"),
        pytest.param("rt-5m", "rt", None, id="real-time"),
        pytest.param("-5m", "-10m", None, id="ends-before-it-begins"),
        pytest.param("$info_min_time$", "now", None, id="token"),
    ],
)
def test_window(earliest: str, latest: str, seconds: int | None) -> None:
    assert Schedule("", earliest, latest).window_seconds() == seconds
