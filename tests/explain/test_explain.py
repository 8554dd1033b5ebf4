"""Explaining a rule: what is said, and that no text of a rule changes the page around it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transpile import Content, explain
from transpile.compiled import compile_rule
from transpile.content import read_rule
from transpile.explain import Explanation
from transpile.explain.coverage import event_coverage
from transpile.explain.indicators import Indicator
from transpile.ir import stages

RULES = Path(__file__).resolve().parents[2] / "rules"
SEEDS = {
    "remote_process_instantiation_via_winrm_and_powershell_script_block": (
        ["*-ComputerName*", "*Invoke-Command*"],
        "Lateral Movement: T1021.006 Remote Services: Windows Remote Management",
    ),
    "interactive_session_on_remote_endpoint_with_powershell": (
        ["*-ComputerName*", "*Enter-PSSession*"],
        "Lateral Movement: T1021.006 Remote Services: Windows Remote Management",
    ),
    "remote_process_instantiation_via_wmi_and_powershell_script_block": (
        [
            "*-Class Win32_Process*",
            "*-CN*",
            "*-ComputerName*",
            "*-Name create*",
            "*Invoke-WmiMethod*",
        ],
        "Execution: T1047 Windows Management Instrumentation",
    ),
}


@pytest.fixture(scope="module")
def content() -> Content:
    return Content.load(RULES)


def page(name: str, content: Content) -> Explanation:
    return explain(RULES / "detections" / "endpoint" / f"{name}.yml", content=content)


# --- the rules of the seeds -----------------------------------------------------------------------


@pytest.mark.parametrize("name", SEEDS)
def test_a_rule_on_script_blocks(name, content):
    values, attack = SEEDS[name]
    found = page(name, content)
    assert [(i.field, i.kind, sorted(i.values)) for i in found.indicators] == [
        ("EventCode", "eq", ["4104"]),
        ("ScriptBlockText", "eq", sorted(values)),
    ]
    assert [(e.provider, e.event_id, e.title) for e in found.events] == [
        ("PowerShell", "4104", "Creating Scriptblock text (MessageNumber of MessageTotal).")
    ]
    assert f"  {attack}\n" in found.to_text()
    assert [stage.kind for stage in found.stages][:3] == ["search", "fillnull", "stats"]
    assert len(found.stages) == 6
    assert found.stages[0].text.startswith("`powershell` EventCode=4104")
    assert found.stages[5].text == f"`{name}_filter`"
    assert found.group_by[:3] == ("dest", "signature", "signature_id")


def test_a_rule_on_processes(content):
    found = page("remote_process_instantiation_via_winrm_and_powershell", content)
    assert [(i.field, i.kind, i.values) for i in found.indicators] == [
        (
            "Processes.original_file_name", "eq",
            ("PowerShell.EXE", "powershell_ise.EXE", "pwsh.dll"),
        ),
        ("Processes.process", "eq", ("*-ComputerName*", "*Invoke-Command*")),
        ("Processes.process_name", "eq", ("powershell.exe", "powershell_ise.exe", "pwsh.exe")),
    ]  # fmt: skip
    assert {("Sysmon", "1"), ("Security", "4688")} <= {
        (e.provider, e.event_id) for e in found.events
    }
    assert [stage.number for stage in found.stages] == [1, 2, 3, 4, 5]
    first = found.stages[0]
    assert first.kind == "tstats"
    assert "WHERE `process_powershell` (Processes.process=" in first.text
    assert any("pwsh.dll" in predicate for predicate in first.predicates)
    assert found.stages[1].text == "`drop_dm_object_name(Processes)`"
    assert (found.status, found.severity) == ("production", "medium")


# --- parts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        pytest.param("a=x", [("a", "eq", ("x",))], id="equal"),
        pytest.param("a!=x", [("a", "exists", ()), ("a", "ne", ("x",))], id="different"),
        pytest.param("NOT a=x*", [("a", "ne", ("x*",))], id="not-a-wildcard"),
        pytest.param("a IN (y, x)", [("a", "eq", ("x", "y"))], id="list"),
        pytest.param("a>5 b<=7", [("a", "gt", ("5",)), ("b", "le", ("7",))], id="order"),
        pytest.param("NOT a>5", [("a", "le", ("5",))], id="order-negated"),
        pytest.param("word", [("_raw", "keyword", ("word",))], id="keyword"),
        pytest.param("NOT word", [("_raw", "not keyword", ("word",))], id="not-a-keyword"),
        pytest.param("* | where isnull(a)", [("a", "missing", ())], id="missing"),
        pytest.param('* | regex a="^x"', [("a", "match", ("^x",))], id="regex"),
        pytest.param("* | where cidrmatch(\"10.0.0.0/8\", a)", [("a", "cidr", ("10.0.0.0/8",))],
                     id="network"),
    ],
)  # fmt: skip
def test_indicators(search, expected):
    assert [(i.field, i.kind, i.values) for i in explain(search).indicators] == expected


def test_indicators_of_subsearches_count():
    found = explain("a=x | append [search b=y]").indicators
    assert Indicator("b", "eq", ("y",)) in found


def test_steps_are_in_the_order_of_their_work():
    steps = (
        explain("| tstats count from datamodel=Web.Web where Web.user=x by Web.url").stages[0].steps
    )
    assert [step.words.split()[0] for step in steps] == ["reads", "keeps", "one"]


def test_a_revoked_technique_is_shown_as_its_successor():
    found = explain("name: x\nmitre_attack_id: [T1086]\nsearch: a=x\n").attack
    assert found[0].techniques == ("T1059.001 Command and Scripting Interpreter: PowerShell",)
    assert found[0].was == ("T1086",)


def test_an_unknown_technique_is_not_dropped():
    found = explain("name: x\nmitre_attack_id: [T9999]\nsearch: a=x\n").attack
    assert [(row.tactic, row.techniques) for row in found] == [("unknown", ("T9999",))]


@pytest.mark.parametrize(("data_sources", "expected"), [
    pytest.param(("Windows Event Log Security 4742",), ["Security 4742"], id="named"),
    pytest.param((), [], id="not-named"),
])
def test_events_of_a_search_that_is_not_followed_are_its_data_sources(data_sources, expected):
    search = 'index=x | map search="search index=y a=$a$"'
    rule = replace(read_rule(search), data_sources=data_sources)
    events = event_coverage(compile_rule(rule, Content.builtin()))
    assert [f"{event.provider} {event.event_id}" for event in events] == expected


def test_each_stage_has_words():
    from typing import get_args

    from transpile.explain.words import _WORDS

    assert set(get_args(stages.Stage)) == set(_WORDS)


# --- hostile texts --------------------------------------------------------------------------------

PLAIN = explain("name: n\ndescription: d\nauthor: a\nreferences: [r]\nknown_false_positives: f\n"
                "mitre_attack_id: [T1047]\nsearch: a=x b=y | stats count by c\n")  # fmt: skip
HOSTILE = st.text(
    st.sampled_from("`~#*_-+=|<>[](){}!\\\n\r\t 1.x&$@:\"'\u2028\u0085"), min_size=1, max_size=30
).filter(str.strip)


BORDER = re.compile(r"(?<!\\)(?:\\\\)*\|")


def skeleton(markdown: str) -> list[str]:
    """Return the structure of a page: its blocks' kinds in order, read as CommonMark reads it."""
    found: list[str] = []
    fence = ""
    for line in re.split(r"\r\n|\n|\r", markdown):
        mark = re.match(r" {0,3}(`{3,}|~{3,})", line)
        if fence:
            if mark and mark[1].startswith(fence) and not line.strip("`~ "):
                fence = ""
            continue
        if mark:
            fence = mark[1]
            found.append("code")
        elif re.match(r" {0,3}#{1,6}(\s|$)", line):
            found.append("heading " + line.split()[0])
        elif line.startswith("|"):
            found.append(f"row of {len(BORDER.findall(line))}")
        elif re.match(r" *([-+*]|\d+[.)])(\s|$)", line):
            found.append("item")
        elif re.match(r" {0,3}(=+|(?:- *){3,}|(?:\* *){3,}|(?:_ *){3,})$", line):
            found.append("rule")
        elif re.match(r" {0,3}(>|<)", line):
            found.append("quote or HTML")
    return found


@given(HOSTILE)
def test_no_text_of_a_rule_breaks_the_markdown(text):
    stage = PLAIN.stages[0]
    filled = replace(
        PLAIN,
        name=text, description=text, author=text, references=(text,), false_positives=text,
        search=text, group_by=(text,), status=text, type=text, source=text,
        stages=(
            replace(stage, text=text, steps=tuple(
                replace(s, words=text, predicates=tuple(text for _ in s.predicates))
                for s in stage.steps
            )),
            *PLAIN.stages[1:],
        ),
        indicators=tuple(replace(i, field=text, values=(text,)) for i in PLAIN.indicators),
    )  # fmt: skip
    base = replace(PLAIN, status="x", type="x", source="x")
    assert skeleton(filled.to_markdown()) == skeleton(base.to_markdown())


@given(HOSTILE)
def test_no_name_breaks_the_text_page(text):
    lines = replace(PLAIN, name=text).to_text().split("\n")
    assert set(lines[1]) <= {"="}
    assert len(lines[1]) == len(lines[0])
