"""SigmaHQ's regression tests as fixtures: the events that a rule names are those it must find."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from transpile import Content, ContentError
from transpile.content import load_rule
from transpile.verify import verify_rule
from transpile.verify.fixtures import load_fixtures

RULE = """\
title: Shell Dropped
logsource: {product: windows, category: file_event}
detection:
    selection:
        TargetFilename|endswith: '\\shell.exe'
    condition: selection
regression_tests_path: %s
"""
INFO = """\
regression_tests_info:
    - name: Positive Detection Test
      type: evtx
      match_count: %d
      path: regression_data/rules/shell/1.evtx
"""
PLACE = "regression_data/rules/shell/info.yml"


def event(name: str) -> str:
    system = {
        "Provider": {"#attributes": {"Name": "Microsoft-Windows-Sysmon"}},
        "Channel": "Microsoft-Windows-Sysmon/Operational",
        "EventID": 11,
        "Computer": "host1",
    }
    return json.dumps({"Event": {"System": system, "EventData": {"TargetFilename": name}}})


def tree(folder: Path, *, place: str = PLACE, info: str = INFO % 2) -> Path:
    """Write a repository like SigmaHQ's; return its rule."""
    rule = folder / "rules" / "windows" / "shell.yml"
    logs = folder / "regression_data" / "rules" / "shell"
    for directory in (rule.parent, logs):
        directory.mkdir(parents=True)
    rule.write_text(RULE % place)
    (logs / "info.yml").write_text(info)
    (logs / "1.json").write_text("\n".join(event(f"C:\\{n}\\shell.exe") for n in "ab"))
    return rule


def test_the_events_beside_the_named_file_are_fixtures(tmp_path: Path) -> None:
    found = load_fixtures(load_rule(tree(tmp_path)), Content.builtin())
    assert [e["TargetFilename"] for e in found.events] == ["C:\\a\\shell.exe", "C:\\b\\shell.exe"]
    assert found.match == (True, True)


def test_of_which_events_are_meant_is_open_if_some_are_not(tmp_path: Path) -> None:
    found = load_fixtures(load_rule(tree(tmp_path, info=INFO % 1)), Content.builtin())
    assert found.match == (None, None)


def test_verify_runs_them(tmp_path: Path) -> None:
    rule = load_rule(tree(tmp_path))
    report = verify_rule(rule, "eql", content=Content.builtin(), witness=False)
    assert (report.verdict.value, report.found, dict(report.origins)) == (
        "equal", 2, {"fixture": 2},
    )  # fmt: skip


@pytest.mark.parametrize("place", [
    pytest.param("../../secret/info.yml", id="outside"),
    pytest.param("regression_data/gone.yml", id="missing"),
])
def test_a_path_that_leads_nowhere_is_no_fixture(tmp_path: Path, place: str) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "info.yml").write_text(INFO % 1)
    rule = load_rule(tree(tmp_path / "a" / "b", place=place))
    assert load_fixtures(rule, Content.builtin()).events == ()


@pytest.mark.parametrize("info", [
    pytest.param("a: b\n", id="no-tests"),
    pytest.param("regression_tests_info: [{name: x}]\n", id="no-path"),
])
def test_a_broken_test_is_named(tmp_path: Path, info: str) -> None:
    rule = load_rule(tree(tmp_path, info=info))
    with pytest.raises(ContentError) as caught:
        load_fixtures(rule, Content.builtin())
    assert caught.value.code == "CNT408"
