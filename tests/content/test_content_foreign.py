"""Rules of other languages as content: Sigma's YAML, Elastic's TOML."""

from __future__ import annotations

import pytest

from transpile.content import Content, load_rule, load_rules
from transpile.errors import ContentError

SIGMA = r"""title: Certutil Download
id: 0e5f1a86-4b6a-4b3a-9a5b-2c1e0f7f9a11
status: test
description: Detects a download by certutil.
references: [https://example.org/a]
author: A. Author
date: 2024-01-02
modified: 2024/03/04
tags: [attack.command-and-control, attack.t1105, attack.T1059.001, cve.2024-12345]
logsource: {category: process_creation, product: windows}
detection:
    selection:
        Image|endswith: '\certutil.exe'
    condition: selection
falsepositives: [Administrators, Unknown]
level: high
"""
TOML = r"""[metadata]
creation_date = "2024/01/02"
updated_date = "2024/03/04"
maturity = "production"

[rule]
author = ["Elastic", "B. Author"]
description = "Finds a download."
false_positives = ["Administrators."]
from = "now-9m"
index = ["logs-endpoint.events.process-*"]
language = "eql"
name = "Certutil Download"
references = ["https://example.org/a"]
risk_score = 47
rule_id = "6f1500bc-62d7-4eb9-8601-7485e87da2f4"
severity = "medium"
type = "eql"
query = '''
process where host.os.type == "windows" and
  process.name : "certutil.exe"
'''

[[rule.threat]]
framework = "MITRE ATT&CK"
[[rule.threat.technique]]
id = "T1105"
[[rule.threat.technique]]
id = "T1059"
[[rule.threat.technique.subtechnique]]
id = "T1059.001"
"""


@pytest.fixture
def written(tmp_path):
    def write(name, text):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    return write


def test_a_sigma_rule_has_its_metadata(written):
    rule = load_rule(written("a.yml", SIGMA))
    assert (rule.generation, rule.language, rule.name) == ("sigma", "sigma", "Certutil Download")
    assert rule.id == "0e5f1a86-4b6a-4b3a-9a5b-2c1e0f7f9a11"
    assert (rule.date, rule.modified, rule.severity) == ("2024-01-02", "2024-03-04", "high")
    assert rule.mitre_attack_ids == ("T1105", "T1059.001")
    assert (rule.cve, rule.false_positives) == (("CVE-2024-12345",), ("Administrators", "Unknown"))
    assert rule.references == ("https://example.org/a",)


def test_an_elastic_rule_has_its_metadata(written):
    rule = load_rule(written("a.toml", TOML))
    assert (rule.generation, rule.language, rule.type) == ("elastic", "eql", "eql")
    assert (rule.author, rule.risk_score) == ("Elastic, B. Author", 47)
    assert (rule.date, rule.modified, rule.status) == ("2024-01-02", "2024-03-04", "production")
    assert rule.mitre_attack_ids == ("T1105", "T1059.001")
    assert rule.options["index"] == ["logs-endpoint.events.process-*"]
    deployment = Content.builtin().deployment_for(rule)
    assert deployment.window_seconds() == 540


@pytest.mark.parametrize(
    ("name", "text", "word", "place"),
    [
        pytest.param("a.yml", SIGMA, "Image|endswith", (13, 9), id="sigma"),
        pytest.param("a.yml", "# note\n---\n" + SIGMA, "Image|endswith", (15, 9), id="sigma-late"),
        pytest.param("a.toml", TOML, "process.name", (21, 3), id="toml-literal"),
        pytest.param("a.toml", TOML.replace("'''", '"' * 3).replace('"certutil.exe"', r"'\\x'"),
                     "x'", (21, 21), id="toml-escaped"),
        pytest.param("a.toml", TOML.replace("events.process-*\"]\nlanguage", "\"]\nlanguage"),
                     "process.name", (21, 3), id="toml-other-keys"),
    ],
)  # fmt: skip
def test_a_place_in_the_search_is_one_in_the_file(written, name, text, word, place):
    rule = load_rule(written(name, text))
    line, column = rule.position(rule.search.index(word))
    assert (line, column) == place
    assert rule.line(line)[column - 1 :].startswith(word)
    assert rule.location.value() == rule.search


def test_each_document_is_a_rule(written):
    second = SIGMA.replace("Certutil", "Other").replace("0e5f1a86", "1e5f1a86")
    rules, errors = load_rules(written("a.yml", SIGMA + "---\n" + second))
    assert ([rule.name for rule in rules], errors) == (["Certutil Download", "Other Download"], ())
    assert rules[1].search == second


def test_a_correlation_comes_with_its_rules(written):
    correlation = (
        "title: Many Downloads\ncorrelation:\n    type: event_count\n    rules: [a]\n"
        "    timespan: 5m\n    group-by: [User]\n    condition: {gte: 3}\n"
    )
    text = SIGMA.replace("status", "name: a\nstatus", 1) + "---\n" + correlation
    rules, errors = load_rules(written("a.yml", text))
    assert ([rule.name for rule in rules], errors) == (["Many Downloads"], ())
    assert rules[0].search == text


def test_a_tree_of_sigmahq(written, tmp_path):
    written("rules/windows/a.yml", SIGMA)
    written("rules-threat-hunting/b.yml", SIGMA.replace("Certutil", "Hunted"))
    written("tests/thor.yml", "license: x\n")
    written("regression_data/info.yml", "id: x\n")
    content = Content.load(tmp_path)
    assert sorted(rule.name for rule in content.rules) == ["Certutil Download", "Hunted Download"]
    assert content.errors == ()


def test_a_tree_of_elastic(written, tmp_path):
    written("rules/windows/a.toml", TOML)
    written("rules_building_block/b.toml", TOML.replace("Certutil", "Other"))
    written("detection_rules/etc/x.toml", "[a]\n")
    content = Content.load(tmp_path)
    assert sorted(rule.name for rule in content.rules) == ["Certutil Download", "Other Download"]


@pytest.mark.parametrize(
    ("name", "text", "code", "message"),
    [
        pytest.param("a.toml", "[rule]\nname = \n", "CNT401", "not valid TOML: Invalid value",
                     id="toml"),
        pytest.param("a.toml", "[tool]\n", "CNT402", "a rule in TOML has a table [rule]",
                     id="no-rule"),
        pytest.param("a.toml", '[rule]\ntype = "machine_learning"\n', "CNT402",
                     "a rule of the type machine_learning has no query", id="no-query"),
        pytest.param("a.yml", SIGMA.replace("[Administrators, Unknown]", "{a: b}"), "CNT408",
                     "'falsepositives' must be a list of texts, not a mapping", id="wrong-type"),
    ],
)  # fmt: skip
def test_what_is_no_rule(written, name, text, code, message):
    with pytest.raises(ContentError) as caught:
        load_rule(written(name, text))
    assert (caught.value.code, caught.value.message) == (code, message)


def test_a_text_is_recognised_by_its_shape():
    assert (load_rule(SIGMA).language, load_rule(TOML).language) == ("sigma", "eql")
