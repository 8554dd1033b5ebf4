"""The catalogue over public rules: claims confirmed on events, counts and pages beside known ones.

Reads `TRANSPILE_CORPUS`; the known pages are in the folder `seeds` beside it.
"""

from __future__ import annotations

import importlib.util
import os
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from transpile.catalog import Catalog

CORPUS = Path(os.environ.get("TRANSPILE_CORPUS", ""))
SEEDS = CORPUS.parent / "seeds"
FOLDERS = (
    "splunk",
    "sigma/rules/windows/process_creation",
    "sigma/rules/windows/powershell",
    "elastic/rules/windows",
)
PATHS = [CORPUS / folder for folder in FOLDERS]
CLAIMS = 300

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(not os.environ.get("TRANSPILE_CORPUS"), reason="needs TRANSPILE_CORPUS"),
]


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return Catalog.build(PATHS)


# -- claims --------------------------------------------------------------------------------------


def tool(name: str) -> Any:
    path = Path(__file__).parents[2] / "tools" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def test_claimed_neighbours_are_confirmed_on_events_made_for_both(catalog: Catalog) -> None:
    checked = list(tool("check_neighbours").check(catalog, PATHS, CLAIMS, 8))
    outcomes = Counter(outcome for _, outcome, _ in checked)
    wrong = [(c.narrow.key, c.wide.key, event) for c, what, event in checked if what == "wrong"]
    assert wrong == []
    assert outcomes["not judged"] == 0
    assert len(checked) == CLAIMS
    assert len({claim.kind for claim, _, _ in checked}) > 12  # relations and pairs of languages
    assert outcomes["confirmed"] > 0.85 * CLAIMS  # a claim that no event tries is not confirmed


# -- the known pages -----------------------------------------------------------------------------


def counts(catalog: Catalog, name: str, field: str) -> dict[str, dict[str, int]]:
    rows = catalog.indicators(catalog.rule(name))
    return {v.text: dict(v.rules) for row in rows if row.field == field for v in row.values}


def test_counts_are_near_those_of_the_known_page(catalog: Catalog) -> None:
    name = "Remote Process Instantiation via WinRM and PowerShell"
    found = counts(catalog, name, "Processes.original_file_name")
    # seed 002: sigma 84, splunk 30, elastic 6 and so on, over all folders of another date
    assert 70 <= found["PowerShell.EXE"]["sigma"] <= 84
    assert 70 <= found["pwsh.dll"]["sigma"] <= 79
    assert 12 <= found["powershell_ise.EXE"]["sigma"] <= 18
    assert 10 <= found["PowerShell.EXE"]["splunk"] <= 30
    assert found["PowerShell.EXE"]["elastic"] >= 6
    assert counts(catalog, name, "Processes.process")["*Invoke-Command*"]["sigma"] == 2


@pytest.mark.parametrize(
    ("name", "stages", "values"),
    [
        pytest.param(
            "Remote Process Instantiation via WinRM and PowerShell",
            ["tstats", "search", "search", "search", "search"],
            {
                "Processes.original_file_name": {
                    "PowerShell.EXE", "powershell_ise.EXE", "pwsh.dll",
                },
                "Processes.process": {"*-ComputerName*", "*Invoke-Command*"},
                "Processes.process_name": {
                    "powershell.exe", "powershell_ise.exe", "pwsh.exe",
                    "sqlps.exe", "sqltoolsps.exe",  # this date's `process_powershell` has them
                },
            },
            id="seed-002",
        ),
        pytest.param(
            "Remote Process Instantiation via WMI and PowerShell Script Block",
            ["search", "stats", "search", "search", "search"],  # without the later `fillnull`
            {
                "EventCode": {"4104"},
                "ScriptBlockText": {
                    "*Invoke-WmiMethod*", "*-CN*", "*-ComputerName*", "*-Class Win32_Process*",
                    "*-Name create*",
                },
            },
            id="seed-004",
        ),
    ],
)  # fmt: skip
def test_a_page_has_the_stages_and_values_of_the_known_one(
    catalog: Catalog, name: str, stages: list[str], values: dict[str, set[str]]
) -> None:
    rule = catalog.rule(name)
    sheet = catalog.sheet(rule)
    assert len(sheet.stages) == len(stages)
    assert sheet.stages[0].kind == stages[0]
    found: dict[str, set[str]] = {}
    for value in rule.values:
        found.setdefault(value.field, set()).add(value.text)
    assert {field: found.get(field) for field in values} == values


# -- the rules of seeds 000, 001 and 003, which the corpus does not have ---------------------------

RULE = """\
name: {name}
description: {description}
data_source: [Powershell Script Block Logging 4104]
tags: {{mitre_attack_id: [T1021.006]}}
known_false_positives: {false}
search: |-
  {search}
"""
COMMANDS = "`security_content_ctime(firstTime)`", "`security_content_ctime(lastTime)`"


def rule_of(seed: str) -> tuple[str, str, str]:
    """Return the name, the description and the search of a rule of which only the page is known."""
    text = re.sub(r"\n{2,}", "\n", (SEEDS / seed).read_text(encoding="utf-8"))
    lines = text.split("\n")
    first = next(line for line in lines if line.startswith("search EventCode"))
    groups = next(line for line in lines if line.startswith("stats BY")).removeprefix("stats ")
    count = f"stats count min(_time) as firstTime max(_time) as lastTime {groups}"
    search = " | ".join((f"`powershell` {first.removeprefix('search ')}", "fillnull", count,
                         *COMMANDS, "search *"))  # fmt: skip
    description = next(line for line in lines if line.startswith("The following analytic"))
    return lines[1], description, search


@pytest.fixture(scope="module")
def with_seeds(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """The catalogue of the two script-block rules among Elastic's and Splunk's rules."""
    folder = tmp_path_factory.mktemp("seeds")
    (folder / "detections").mkdir()
    for name in ("macros", "lookups", "data_sources", "deployments"):
        (folder / name).symlink_to(CORPUS / "splunk" / name)
    stated = (SEEDS / "003_f54e64656e844b8f.txt").read_text(encoding="utf-8").partition("\n")[0]
    false = stated.partition(" / ")[2]
    for seed in ("000_0d7492961bfafc3d.txt", "001_d9a4ff6aa36b0805.txt"):
        name, description, search = rule_of(seed)
        quoted = {"name": name, "description": description, "false": f"'{false}'"}
        text = RULE.format(**quoted, search=search)
        (folder / "detections" / f"{seed}.yml").write_text(text, encoding="utf-8")
    return Catalog.build([folder, CORPUS / "elastic/rules/windows", CORPUS / "splunk"])


WINRM = "Remote Process Instantiation via WinRM and PowerShell Script Block"


@pytest.mark.parametrize(
    ("name", "word"),
    [
        pytest.param(WINRM, "*Invoke-Command*", id="seed-000"),
        pytest.param("Interactive Session on Remote Endpoint with PowerShell",
                     "*Enter-PSSession*", id="seed-001"),
    ],
)  # fmt: skip
def test_a_rule_known_by_its_page_has_that_page(with_seeds: Catalog, name: str, word: str) -> None:
    rule = with_seeds.rule(name)
    sheet = with_seeds.sheet(rule)
    # the page calls every macro a search; here a stage is called after what its macro does
    assert [stage.kind for stage in sheet.stages] == [
        "search", "fillnull", "stats", "convert", "convert", "search",
    ]  # fmt: skip
    assert [stage.text for stage in sheet.stages][3:5] == list(COMMANDS)
    values = {(v.field, v.kind, v.text) for v in rule.values}
    assert {("EventCode", "eq", "4104"), ("ScriptBlockText", "eq", "*-ComputerName*"),
            ("ScriptBlockText", "eq", word)} <= values  # fmt: skip
    assert [(e.provider, e.id, e.title) for e in rule.events] == [
        ("PowerShell", "4104", "Creating Scriptblock text (MessageNumber of MessageTotal).")
    ]
    assert counts(with_seeds, name, "EventCode")["4104"]["splunk"] > 60  # seed 001: 108


def test_broader_alternatives_contain_those_of_the_known_page(with_seeds: Catalog) -> None:
    """Those of seed 000 that ask nothing of an event but what the rule asks for too."""
    around = with_seeds.neighbours(with_seeds.rule(WINRM))
    found = {with_seeds.rules[n.index].name for n in (*around.broader, *around.reading)}
    listed = (SEEDS / "000_0d7492961bfafc3d.txt").read_text(encoding="utf-8")
    known = set(re.findall(r"^- (.+) \(drops \d", listed, re.MULTILINE))
    present = {rule.name for rule in with_seeds.rules} & known
    assert len(present) == 12
    assert len(present & found) >= 3
    for name in present - found:  # each asks more of an event, which this rule's events may lack
        logic = with_seeds.rule(name).logic
        assert logic is not None
        assert logic.filters


def test_a_false_positive_lists_the_rules_that_state_it(with_seeds: Catalog) -> None:
    wanted = with_seeds.rule(WINRM)
    at = with_seeds.rules.index(wanted)
    group = next(g for g in with_seeds.false_positives() if at in g.rules)
    names = {with_seeds.rules[n].name for n in group.rules}
    assert {WINRM, "Interactive Session on Remote Endpoint with PowerShell"} <= names
