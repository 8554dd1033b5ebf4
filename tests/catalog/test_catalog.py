"""The catalogue over files: what is read, what is read again, what is counted."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from transpile.catalog import Catalog
from transpile.catalog.falsepositives import grouped
from transpile.errors import ContentError, UsageError

REPOSITORY = Path(__file__).parents[2]
RULES = REPOSITORY / "rules"

SPLUNK = """\
name: {name}
id: 00000000-0000-0000-0000-{number:012}
search: '{search}'
known_false_positives: {said}
tags:
  mitre_attack_id: [T1059.001]
"""
SIGMA = """\
title: Encoded Command
id: 11111111-0000-0000-0000-000000000001
level: high
tags: [attack.execution, attack.t1059.001, attack.g0001]
logsource: {category: process_creation, product: windows}
detection:
  selection: {CommandLine|contains: -enc}
  condition: selection
falsepositives: [Administrators at work]
"""
ELASTIC = """\
[metadata]
creation_date = "2025/01/02"
maturity = "production"
[rule]
name = "Encoded Command in Elastic"
author = ["Elastic"]
language = "eql"
query = '''
process where process.args : "-enc"
'''
[[rule.threat]]
framework = "MITRE ATT&CK"
[[rule.threat.technique]]
id = "T1059"
name = "x"
[[rule.threat.technique.subtechnique]]
id = "T1059.001"
name = "y"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A repository of two Splunk rules, a Sigma rule, an Elastic rule, and what is no rule."""
    write(tmp_path / "detections/one.yml", splunk("One", 1, "`src` a=x b=y"))
    write(tmp_path / "detections/two.yml", splunk("Two", 2, "`src` a=X"))
    write(tmp_path / "detections/three.yml", SIGMA)
    write(tmp_path / "detections/four.toml", ELASTIC)
    write(tmp_path / "detections/notes.yml", "just: a note\n")
    write(tmp_path / "macros/src.yml", "name: src\ndefinition: index=main\n")
    return tmp_path


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def splunk(name: str, number: int, search: str, said: str = "Unknown") -> str:
    return SPLUNK.format(name=name, number=number, search=search, said=said)


def test_rules_of_three_languages_stand_side_by_side(folder: Path) -> None:
    catalog = Catalog.build([folder])
    assert {(r.language, r.name, r.techniques) for r in catalog.rules} == {
        ("splunk", "One", ("T1059.001",)),
        ("splunk", "Two", ("T1059.001",)),
        ("sigma", "Encoded Command", ("T1059.001",)),
        ("elastic", "Encoded Command in Elastic", ("T1059.001",)),
    }


def test_a_value_is_counted_without_case_and_without_the_rule_itself(folder: Path) -> None:
    catalog = Catalog.build([folder])
    rows = catalog.indicators(catalog.rule("One"))
    counted = {(row.field, row.kind, v.text): v.rules for row in rows for v in row.values}
    assert counted == {("a", "eq", "x"): (("splunk", 1),), ("b", "eq", "y"): ()}


def test_all_indicators_count_every_rule(folder: Path) -> None:
    rows = Catalog.build([folder]).indicators()
    assert [(row.field, [(v.total) for v in row.values]) for row in rows if row.field == "a"] == [
        ("a", [2])
    ]


def test_the_rule_with_a_filter_less_is_the_broader_one(folder: Path) -> None:
    catalog = Catalog.build([folder])
    broader = catalog.neighbours(catalog.rule("One")).broader
    assert [(catalog.rules[n.index].name, n.dropped) for n in broader] == [("Two", ('b = "y"',))]


def test_a_rule_is_found_by_key_id_and_name(folder: Path) -> None:
    catalog = Catalog.build([folder])
    rule = catalog.rule("One")
    assert catalog.rule(rule.key) is catalog.rule(rule.id) is rule
    with pytest.raises(UsageError, match="no rule 'Nobody'"):
        catalog.rule("Nobody")


@pytest.mark.parametrize(
    ("changed", "text", "reads"),
    [
        pytest.param("detections/two.yml", splunk("Two", 2, "`src` a=z"), 1, id="one-rule"),
        pytest.param("detections/five.yml", splunk("Five", 5, "a=z"), 1, id="a-new-rule"),
        pytest.param("macros/src.yml", "name: src\ndefinition: index=x\n", 2, id="a-macro"),
        pytest.param("detections/notes.yml", "just: another note\n", 0, id="no-rule"),
    ],
)
def test_a_second_build_reads_what_changed(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, changed: str, text: str, reads: int
) -> None:
    cache = tmp_path_factory.mktemp("cache") / "c.sqlite"
    first = Catalog.build([folder], cache=cache)
    assert (first.read, len(first.related)) == (4, 4)
    assert Catalog.build([folder], cache=cache).read == 0
    write(folder / changed, text)
    second = Catalog.build([folder], cache=cache)
    assert second.read == reads
    anew = Catalog.build([folder])
    assert second.rules == anew.rules
    assert second.related == anew.related
    assert [second.sheet(rule) for rule in second.rules] == [anew.sheet(r) for r in anew.rules]


def test_a_rule_that_is_gone_is_forgotten(folder: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache/c.sqlite"
    Catalog.build([folder], cache=cache)
    (folder / "detections/one.yml").unlink()
    assert "One" not in {rule.name for rule in Catalog.build([folder], cache=cache).rules}


def test_other_targets_are_another_reading(folder: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache/c.sqlite"
    Catalog.build([folder], cache=cache)
    second = Catalog.build([folder], cache=cache, targets=["sql:sqlite"])
    assert second.read == 4
    assert set(second.rule("One").outcomes) == {"sql:sqlite"}


@pytest.mark.parametrize(
    "content", [pytest.param(b"no database", id="text"), pytest.param(b"", id="empty")]
)
def test_a_broken_cache_is_begun_anew(folder: Path, tmp_path: Path, content: bytes) -> None:
    cache = tmp_path / "c.sqlite"
    cache.write_bytes(content)
    assert Catalog.build([folder], cache=cache).read == 4
    assert sqlite3.connect(cache).execute("SELECT count(*) FROM rules").fetchone() == (4,)


def test_several_processes_read_the_same(folder: Path) -> None:
    alone, together = (Catalog.build([folder], processes=n) for n in (1, 2))
    assert alone.rules == together.rules


def test_a_broken_rule_stops_no_other(folder: Path) -> None:
    write(folder / "detections/bad.yml", splunk("Bad", 9, "| stat count"))
    write(folder / "detections/worse.yml", "search: [\n")
    catalog = Catalog.build([folder])
    errors = {rule.name: rule.error for rule in catalog.rules if rule.language == "splunk"}
    assert errors["Bad"] == "unknown command 'stat'"
    assert errors["worse"]
    assert not errors["One"]


def test_a_path_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match="no such file or folder"):
        Catalog.build([tmp_path / "nowhere"])


def test_rules_of_one_name_have_pages_of_their_own(folder: Path) -> None:
    write(folder / "detections/uno.yml", splunk("One", 7, "a=q"))
    keys = [rule.key for rule in Catalog.build([folder]).rules if rule.name == "One"]
    assert keys == ["splunk/one", "splunk/one_2"]


def test_false_positives_of_one_meaning_are_a_group(folder: Path) -> None:
    said = "Administrators may use WinRM to start a process on {} systems, limited to a few users."
    for number, word in enumerate(("remote", "other", "remote"), 10):
        text = splunk(f"N{number}", number, "a=q", said.format(word))
        write(folder / f"detections/n{number}.yml", text)
    catalog = Catalog.build([folder])
    groups = catalog.false_positives()
    assert groups == grouped(catalog.rules)
    first = groups[0]
    assert (len(first.rules), len(first.texts), first.silent) == (3, 2, False)
    assert [g.texts for g in groups if g.silent] == [("Unknown",)]


def test_the_sample_rules_are_all_understood() -> None:
    catalog = Catalog.build([RULES])
    assert len(catalog.rules) > 50
    assert not [rule.name for rule in catalog.rules if rule.error]


@pytest.mark.parametrize(
    ("language", "query", "broken"),
    [
        pytest.param("lucene", "a:x", False, id="a-language-that-is-not-read"),
        pytest.param("eql", "process where (", True, id="a-wrong-query"),
    ],
)
def test_a_rule_that_is_not_read_keeps_its_metadata(
    tmp_path: Path, language: str, query: str, broken: bool
) -> None:
    text = f'[rule]\nname = "R"\nlanguage = "{language}"\nquery = "{query}"\nseverity = "low"\n'
    write(tmp_path / "r.toml", text)
    (rule,) = Catalog.build([tmp_path]).rules
    assert (rule.name, rule.severity, rule.logic) == ("R", "low", None)
    assert rule.error
    assert rule.broken is broken
