"""Settings: option, then environment, then file found upwards, then default."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

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
    write("transpile.toml", 'schema = "ecs"\n')
    ran = cli("convert", LOG, "-t", "sql:duckdb")
    assert (ran.code, ran.err.splitlines()[0]) == (
        2, "error[OUT502]: target 'sql:duckdb' has no schema 'ecs'",
    )  # fmt: skip
