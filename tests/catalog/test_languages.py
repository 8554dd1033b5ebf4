"""Rules of three languages over shared names: values counted once, neighbours across languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from transpile.catalog import Catalog

SPLUNK = """\
name: Splunk {name}
data_source: [Sysmon EventID 1]
search: '| tstats count from datamodel=Endpoint.Processes where {tests} by Processes.dest'
"""
SIGMA = """\
title: Sigma {name}
logsource: {{category: process_creation, product: windows}}
detection:
  selection:
{tests}
  condition: selection
"""
ELASTIC = """\
[metadata]
maturity = "production"
[rule]
name = "Elastic {name}"
type = "eql"
language = "eql"
index = ["logs-endpoint.events.process-*"]
query = '''
process where host.os.type == "windows" and event.type == "start" and {tests}
'''
"""


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    rules = {
        "a.yml": SPLUNK.format(name="PowerShell", tests="Processes.process_name=powershell.exe"),
        "b.yml": SPLUNK.format(
            name="Encoded", tests="Processes.process_name=powershell.exe Processes.process=*-enc*"
        ),
        "c.yml": SIGMA.format(
            name="Encoded",
            tests="    Image|endswith: '\\powershell.exe'\n    CommandLine|contains: '-ENC'",
        ),
        "d.yml": SIGMA.format(name="Original", tests="    OriginalFileName: PowerShell.EXE"),
        "e.toml": ELASTIC.format(
            name="Encoded",
            tests='process.name : "powershell.exe" and process.command_line : "*-enc*"',
        ),
        "f.toml": ELASTIC.format(
            name="Original", tests='process.pe.original_file_name == "PowerShell.EXE"'
        ),
    }
    for name, text in rules.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return Catalog.build([tmp_path])


def counts(catalog: Catalog, name: str) -> dict[str, dict[str, int]]:
    rows = catalog.indicators(catalog.rule(name))
    return {f"{row.field} {v.text}": dict(v.rules) for row in rows for v in row.values}


def broader(catalog: Catalog, name: str) -> dict[str, tuple[str, ...]]:
    found = catalog.neighbours(catalog.rule(name)).broader
    return {catalog.rules[n.index].name: n.dropped for n in found}


def test_all_rules_are_read(catalog: Catalog) -> None:
    assert {rule.name: rule.error for rule in catalog.rules if rule.error} == {}
    assert len(catalog.rules) == 6


def test_a_value_is_counted_under_its_three_names(catalog: Catalog) -> None:
    assert counts(catalog, "Splunk Encoded") == {
        "Processes.process *-enc*": {"sigma": 1, "elastic": 1},
        "Processes.process_name powershell.exe": {"splunk": 1, "sigma": 1, "elastic": 1},
    }
    assert counts(catalog, "Sigma Encoded") == {
        "CommandLine *-ENC*": {"splunk": 1, "elastic": 1},
        "Image *\\powershell.exe": {"splunk": 2, "elastic": 1},
    }
    assert counts(catalog, "Sigma Original") == {"OriginalFileName PowerShell.EXE": {"elastic": 1}}


def test_a_splunk_rule_is_broader_than_rules_of_other_languages(catalog: Catalog) -> None:
    found = broader(catalog, "Sigma Encoded")
    assert found["Splunk PowerShell"] == ("events of windows systems", 'process = "*-ENC*"')
    assert found["Splunk Encoded"] == ("events of windows systems",)
    assert "Splunk Encoded" in broader(catalog, "Elastic Encoded")


def test_rules_that_differ_in_the_system_only_are_duplicates(catalog: Catalog) -> None:
    pairs = {
        (catalog.rules[twin.left].name, catalog.rules[twin.right].name, twin.relation)
        for twin in catalog.duplicates
    }
    assert pairs == {
        ("Splunk Encoded", "Sigma Encoded", "twin"),
        ("Splunk Encoded", "Elastic Encoded", "twin"),
        ("Sigma Encoded", "Elastic Encoded", "twin"),
    }


def test_case_makes_a_rule_narrower(catalog: Catalog) -> None:
    assert "Sigma Original" in broader(catalog, "Elastic Original")
    assert "Elastic Original" not in broader(catalog, "Sigma Original")


def test_a_rule_of_one_system_is_not_called_broader_than_one_of_all(catalog: Catalog) -> None:
    assert "Sigma Encoded" not in broader(catalog, "Splunk Encoded")


def test_a_name_does_not_say_which_sign_stands_before_it_in_the_path(tmp_path: Path) -> None:
    tests = {"Path": "Processes.process_path=*/x", "Name": "Processes.process_name=x"}
    for name, asked in tests.items():
        text = SPLUNK.format(name=name, tests=asked)
        (tmp_path / f"{name}.yml").write_text(text, encoding="utf-8")
    catalog = Catalog.build([tmp_path])
    assert set(broader(catalog, "Splunk Path")) == {"Splunk Name"}
    assert set(broader(catalog, "Splunk Name")) == set()
