"""The library calls of the design, section 5."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import transpile
from transpile import (
    Content,
    Fidelity,
    SplSyntaxError,
    UsageError,
    convert,
    explain,
    match,
    parse,
    run,
    verify,
)

SPL = 'source="XmlWinEventLog:Security" EventCode=1102'
RULE = f"name: Log Emptied\nsearch: {SPL}\n"
EVENTS = [
    {"_time": 1.0, "source": "XmlWinEventLog:Security", "EventCode": 1102, "host": "a"},
    {"_time": 2.0, "source": "XmlWinEventLog:Security", "EventCode": 4624, "host": "b"},
    {"_time": 3.0, "source": "XmlWinEventLog:Security", "EventCode": "1102", "host": "b"},
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "rule.yml"
    file.write_text(RULE)
    return file


def test_all_names_are_there():
    assert set(transpile.__all__) <= set(dir(transpile))
    assert all(getattr(transpile, name) is not None for name in transpile.__all__)
    assert transpile.__version__.count(".") == 2
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        transpile.nothing  # noqa: B018


@pytest.mark.parametrize("name", ["convert", "explain", "verify"])
def test_a_call_stays_a_call_when_the_module_of_its_name_is_imported(name):
    program = (
        f"import transpile, transpile.{name}, importlib\n"
        f"importlib.import_module('transpile.{name}')\n"
        f"assert transpile.{name}.__module__ == 'transpile.api'\n"
        f"from transpile import {name}\n"
        f"assert callable({name})"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True, timeout=60)


@pytest.mark.parametrize("kind", [SPL, RULE, str, Path], ids=["spl", "yaml", "path-text", "path"])
def test_a_rule_is_given_as(kind, path):
    rule = kind if kind in (SPL, RULE) else kind(path)
    assert convert(rule, "eql").text.startswith("iam where")


def test_a_rule_that_was_read_is_a_rule_as_well(path):
    content = Content.load(path)
    assert convert(content.rules[0], "eql", content=content).fidelity is Fidelity.EXACT


def test_parse_gives_the_ir():
    assert parse(SPL) == parse(RULE)


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(parse, id="parse"),
        pytest.param(lambda rule: convert(rule, "eql"), id="convert"),
        pytest.param(lambda rule: run(rule, []), id="run"),
        pytest.param(lambda rule: match(rule, []), id="match"),
        pytest.param(lambda rule: verify(rule, "eql"), id="verify"),
        pytest.param(explain, id="explain"),
    ],
)
def test_wrong_spl_raises_with_its_place_in_the_text(call):
    with pytest.raises(SplSyntaxError) as caught:
        call("index=a\n| stat count")
    error = caught.value
    assert (error.path, error.line, error.column, error.width) == (None, 2, 3, 4)
    assert (error.snippet, error.hint) == ("| stat count", "did you mean 'stats'?")


def test_wrong_spl_in_a_file_raises_with_its_place_in_the_file(path):
    path.write_text("name: x\nsearch: >-\n  index=a\n  | stat count\n")
    with pytest.raises(SplSyntaxError) as caught:
        parse(path)
    assert (caught.value.path, caught.value.line, caught.value.column) == (str(path), 4, 5)


def test_convert_says_how_faithful_it_is():
    result = convert(RULE, "sigma")
    assert result.filename == "win_security_log_emptied.yml"
    assert (result.fidelity, str(result.observable)) == (Fidelity.EXACT, "events")
    assert result.losses == ()
    assert isinstance(result.assumptions, tuple)


def test_what_a_target_cannot_say_is_unsupported_and_not_an_exception():
    result = convert(SPL + " frobnicate=7", "eql")
    assert (result.fidelity, result.text, result.supported) == (Fidelity.UNSUPPORTED, "", False)
    assert result.losses[0].code == "TGT601"
    assert convert(SPL + " frobnicate=7", "eql", keep_unmapped=True).supported


@pytest.mark.parametrize(
    "choice",
    [{"target": "x"}, {"format": "x"}, {"schema": "x"}],
    ids=lambda choice: next(iter(choice)),
)
def test_an_unknown_choice_is_wrong_usage(choice):
    with pytest.raises(UsageError, match="'x'"):
        convert(SPL, **{"target": "eql", **choice})


def test_run_gives_rows_and_match_gives_events():
    search = SPL + " | stats count by host"
    assert run(search, EVENTS) == [{"host": "a", "count": 1}, {"host": "b", "count": 1}]
    assert match(search, EVENTS) == [0, 2]


def test_run_starts_at_the_given_time():
    assert run(SPL + " | head 1 | eval t=now() | table t", EVENTS, now=7.0) == [{"t": 7}]


def test_tables_and_macros_can_be_given():
    content = Content.builtin().with_lookups({"owners": [{"host": "a", "owner": "eva"}]})
    content = content.with_macros({"emptied": SPL})
    rows = run("`emptied` | lookup owners host | table host owner", EVENTS, content=content)
    assert rows == [{"host": "b"}, {"host": "a", "owner": "eva"}]  # newest first


def test_verify_runs_both_sides():
    report = verify(RULE, "sql:duckdb", EVENTS, witness=False)
    assert (str(report.verdict), report.tried, report.found) == ("equal", 3, 2)


def test_explain_gives_a_page(path):
    page = explain(path)
    assert page.name == "Log Emptied"
    assert page.to_text().startswith("Log Emptied\n")
    assert page.to_markdown().startswith("# Log Emptied\n")
    assert page.to_json()["stages"][0]["kind"] == "search"
