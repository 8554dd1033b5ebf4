"""The example repository's pipeline: what CI of a repository of detections sees."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "examples" / "detections"


def git(folder: Path, *arguments: str) -> None:
    settings = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "core.hooksPath=")
    subprocess.run(["git", "-C", str(folder), *settings, *arguments], check=True)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "detections"
    shutil.copytree(EXAMPLE, folder)
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "detections")
    return folder


def shell(folder: Path, script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a script as GitHub's bash would, with this installation's program in reach."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=folder, capture_output=True, text=True, timeout=120, check=False,
        env={**os.environ, "PATH": path, "XDG_CACHE_HOME": str(folder.parent), **environment},
    )  # fmt: skip


def action(folder: Path, command: str, format: str = "github") -> subprocess.CompletedProcess[str]:
    """Run the step of action.yml that checks."""
    steps = yaml.safe_load((ROOT / "action.yml").read_text())["runs"]["steps"]
    (check,) = (step for step in steps if step.get("name") == "check")
    assert set(check["env"]) == {"COMMAND", "FORMAT"}
    return shell(folder, check["run"], COMMAND=command, FORMAT=format)


def change(folder: Path, file: str, old: str, new: str) -> None:
    path = folder / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_the_example_is_as_its_golden_files_say(checkout: Path) -> None:
    ran = action(checkout, "golden check")
    assert (ran.returncode, ran.stdout) == (0, ""), ran.stdout + ran.stderr
    assert ran.stderr == "16 golden files, none differs\n"


def test_a_changed_macro_shows_every_rule_it_concerns_with_its_verdict(checkout: Path) -> None:
    change(checkout, "macros/shells.yml", '"pwsh.exe"', '"pwsh.exe", "wscript.exe"')
    ran = action(checkout, "golden check --changed-since main", "json")
    assert ran.returncode == 1
    cases = [case for case in json.loads(ran.stdout)["cases"] if case["suite"] != "golden"]
    assert {(case["name"], case["suite"]) for case in cases} == {
        (name, target)
        for name in ("Office Program Starts Shell", "Shell Reads File With Secrets")
        for target in ("sigma", "eql", "sql:duckdb")
    }
    for case in cases:
        (finding,) = case["findings"]
        assert finding["code"] == "GLD702"
        assert "a macro changed: shells; the meaning changed: the rule now finds the event" in (
            finding["message"]
        )
        assert "wscript.exe" in finding["message"].lower()
        assert finding["path"].startswith("detections/")


def test_a_macro_written_otherwise_is_proved_to_mean_the_same(checkout: Path) -> None:
    change(checkout, "macros/office_programs.yml", '("winword.exe", "excel.exe",',
           '("excel.exe", "winword.exe",')  # fmt: skip
    ran = action(checkout, "golden check", "github")
    assert ran.returncode == 1
    lines = [line for line in ran.stdout.splitlines() if "(sigma)" in line]
    assert len(lines) == 1
    assert "a macro changed: office_programs; the meaning is the same" in lines[0]


def test_a_rule_that_loses_exactness_fails_with_an_annotation_at_its_line(checkout: Path) -> None:
    change(checkout, "detections/office_starts_shell.yml",
           "  | `drop_dm_object_name(Processes)`",
           "  | `drop_dm_object_name(Processes)`\n"
           "  | anomalydetection action=filter user")  # fmt: skip
    ran = action(checkout, "golden check --changed-since main")
    assert ran.returncode == 1
    fell = [line for line in ran.stdout.splitlines() if "was exact" in line]
    assert fell, ran.stdout + ran.stderr
    place = "::error file=detections/office_starts_shell.yml,line=17,col=5,"
    assert all(line.startswith(place) for line in fell), fell


def test_the_workflow_uses_inputs_that_the_action_has() -> None:
    workflow = yaml.safe_load((EXAMPLE / ".github/workflows/detections.yml").read_text())
    inputs = yaml.safe_load((ROOT / "action.yml").read_text())["inputs"]
    (step,) = (s for s in workflow["jobs"]["golden"]["steps"] if "transpile" in s["uses"])
    assert set(step["with"]) <= set(inputs)


def test_the_hook_of_pre_commit_checks_what_is_about_to_be_committed(checkout: Path) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert shell(checkout, hook["entry"]).returncode == 0
    change(checkout, "macros/shells.yml", '"cmd.exe", ', "")
    ran = shell(checkout, hook["entry"])
    assert ran.returncode == 1
    assert "the rule no longer finds the event" in ran.stderr


def test_a_command_that_tries_to_run_another_one_does_not(checkout: Path) -> None:
    ran = action(checkout, "golden check; touch owned $(touch owned)")
    assert ran.returncode == 2
    assert not (checkout / "owned").exists()
