"""Settings: option, then environment, then file found upwards, then default."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from transpile.cli import COMMANDS

Write = Callable[[str, str], Path]
LOG = "detections/log_emptied.yml"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param("transpile.toml", 'targets = ["eql"]\n', id="transpile-toml"),
        pytest.param("pyproject.toml", '[tool.transpile]\ntargets = ["eql"]\n', id="pyproject"),
        pytest.param("detections/transpile.toml", 'targets = ["eql"]\n', id="beside-the-rules"),
        pytest.param("../transpile.toml", 'targets = ["eql"]\n', id="above-the-repository"),
    ],
)
def test_settings_are_found_upwards(cli, write: Write, name, text):
    file = write(name, text)
    try:
        assert cli("convert", LOG).out.startswith("iam where")
    finally:
        file.unlink()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("[tool.other]\nx = 1\n", id="without-our-table"),
        pytest.param("[tool\n", id="that-is-broken"),
    ],
)
def test_a_pyproject_of_others_is_passed_over(cli, write: Write, text):
    write("transpile.toml", 'targets = ["eql"]\n')
    write("detections/pyproject.toml", text)
    assert cli("convert", LOG).code == 0


def test_the_environment_wins_over_the_file_and_an_option_over_both(cli, write: Write, monkeypatch):
    write("transpile.toml", 'targets = ["eql"]\n')
    monkeypatch.setenv("TRANSPILE_TARGETS", "sigma, sql:sqlite")
    several = cli("convert", LOG).out
    assert "logsource:" in several
    assert "SELECT" in several
    assert cli("convert", LOG, "-t", "eql").out.startswith("iam where")


def test_custom_commands_are_opaque_stages(cli, write: Write, monkeypatch):
    path = write("detections/x.yml", "search: index=a x=1 | frobnicate y\n")
    assert "SPL104" in cli("explain", path).err
    settings = write("transpile.toml", 'custom_commands = ["frobnicate"]\n')
    assert "frobnicate cannot be computed here" in cli("explain", path).out
    settings.unlink()
    monkeypatch.setenv("TRANSPILE_CUSTOM_COMMANDS", "other,frobnicate")
    assert cli("explain", path).code == 0


@pytest.mark.parametrize(
    ("value", "code"),
    [
        pytest.param("true", 0, id="true"),
        pytest.param("no", 1, id="no"),
        pytest.param("maybe", 2, id="neither"),
    ],
)
def test_opaque_macros_from_the_environment(cli, write: Write, monkeypatch, value, code):
    search = 'search: source="XmlWinEventLog:Security" EventCode=1102 `nowhere`\n'
    path = write("detections/x.yml", search)
    monkeypatch.setenv("TRANSPILE_OPAQUE_MACROS", value)
    ran = cli("convert", path, "-t", "eql")
    assert ran.code == code
    if code == 2:
        assert ran.err == (
            "error[OUT505]: TRANSPILE_OPAQUE_MACROS must be true or false, not 'maybe'\n"
        )


def test_opaque_macros_from_the_file(cli, write: Write):
    path = write("detections/x.yml", 'search: source="XmlWinEventLog:Security" `nowhere`\n')
    write("transpile.toml", "opaque_macros = true\n")
    assert "SPL201" not in cli("convert", path, "-t", "sigma").err


def test_content_of_the_file_is_relative_to_it(cli, write: Write, repo):
    path = write("elsewhere/rules/x.yml", "search: index=a `tool`\n")
    write("elsewhere/macros/other.yml", "name: other\ndefinition: y=1\n")
    write("elsewhere/transpile.toml", 'content = ".."\n')
    assert cli("explain", path).code == 0


def test_content_from_the_environment(cli, write: Write, repo, monkeypatch):
    path = write("elsewhere/x.yml", "search: index=a `tool`\n")
    write("elsewhere/macros/other.yml", "name: other\ndefinition: y=1\n")
    assert cli("explain", path).code == 1
    monkeypatch.setenv("TRANSPILE_CONTENT", str(repo))
    assert cli("explain", path).code == 0


def test_schema_of_the_file_is_used(cli, write: Write):
    write("transpile.toml", 'schema = "sigma"\n')
    ran = cli("convert", LOG, "-t", "sql:duckdb")
    assert (ran.code, ran.err.splitlines()[0]) == (
        2, "error[OUT502]: target 'sql:duckdb' has no schema 'sigma'",
    )  # fmt: skip


# --- config show ----------------------------------------------------------------------------------


def test_config_show_tells_each_value_and_its_origin(cli, write: Write, monkeypatch):
    write("transpile.toml", 'targets = ["eql"]\n[min_fidelity]\neql = "exact"\n')
    monkeypatch.setenv("TRANSPILE_SCHEMA", "ecs")
    monkeypatch.setenv("TRANSPILE_MIN_FIDELITY", "sigma=superset, eql=exact")
    lines = {line.split()[0]: line.split() for line in cli("config", "show").out.splitlines()}
    assert lines["targets"][1] == "eql"
    assert lines["targets"][2].endswith("transpile.toml")
    assert lines["schema"] == ["schema", "ecs", "$TRANSPILE_SCHEMA"]
    assert lines["min_fidelity"][1:] == ["sigma=superset,", "eql=exact", "$TRANSPILE_MIN_FIDELITY"]
    assert lines["cache"] == ["cache", "true", "default"]
    data = json.loads(cli("config", "show", "detections", "--format", "json").out)
    assert data["schema"] == {"value": "ecs", "origin": "$TRANSPILE_SCHEMA"}
    assert data["targets"]["value"] == ["eql"]


@pytest.mark.parametrize("text", ['[min_fidelity]\neql = "most"\n', 'min_fidelity = "exact"\n'])
def test_an_accepted_fidelity_that_is_none(cli, write: Write, text):
    write("transpile.toml", text)
    ran = cli("config", "show")
    assert ran.code == 2
    assert "setting 'min_fidelity' must be a table of targets with one of exact," in ran.err


# --- completion -----------------------------------------------------------------------------------


def test_completion_in_bash_knows_commands_and_options(cli, tmp_path):
    script = tmp_path / "completion.bash"
    script.write_text(cli("complete", "bash").out)
    asked = (
        f"source {script}; COMP_WORDS=(transpile {{words}}); COMP_CWORD={{at}}; "
        "COMP_LINE='transpile {words}'; COMP_POINT=${{#COMP_LINE}}; "
        "_shtab_transpile; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    )

    def completed(words: str, at: int) -> list[str]:
        ran = subprocess.run(
            ["bash", "-c", asked.format(words=words, at=at)], capture_output=True, text=True,
            check=True,
        )  # fmt: skip
        return ran.stdout.split()

    assert completed("conv", 1) == ["convert"]
    assert completed("golden --chan", 2) == ["--changed-since"]


@pytest.mark.parametrize("shell", ["zsh", "fish", "tcsh"])
def test_completion_names_each_command(cli, shell):
    script = cli("complete", shell).out
    assert all(command in script for command in COMMANDS)


def test_completion_without_its_package(cli, monkeypatch):
    monkeypatch.setitem(sys.modules, "shtab", None)
    ran = cli("complete", "bash")
    assert ran.code == 2
    assert "pip install 'transpile[completion]'" in ran.err
