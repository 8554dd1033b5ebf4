"""`explain`, `run`, `verify`, `golden`, `targets`, `schemas`, and what all commands share."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from transpile.backends.base import Draft
from transpile.backends.sql.engine_duckdb import DuckDbEngine

from transpile.cli import COMMANDS
from transpile.errors import UsageError
from transpile.fidelity import Fidelity, Observable

Write = Callable[[str, str], Path]
EXACT, ROWS = Fidelity.EXACT, Observable.ROWS
LOG = "detections/log_emptied.yml"
NDJSON = "".join(
    json.dumps({"_time": 1767222000 + n, "host": f"h{n % 2}", "a": f"v{n}"}) + "\n"
    for n in range(4)
)


# --- shared ---------------------------------------------------------------------------------------


def test_version(cli):
    ran = cli("--version")
    assert ran.code == 0
    assert ran.out.startswith("transpile 0.")


def test_help_names_every_command(cli):
    ran = cli("--help")
    assert (ran.code, ran.err) == (0, "")
    assert all(f"    {name} " in ran.out for name in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help(cli, command):
    ran = cli(command, "-h")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(f"usage: transpile {command} ")


def test_a_bug_outside_of_a_rule_exits_3(cli, repo, monkeypatch):
    def broken() -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("transpile.cli.targets.all_targets", broken)
    ran = cli("targets")
    assert (ran.code, ran.out) == (3, "")
    assert ran.err.startswith("error[OUT506]: a bug in transpile: ZeroDivisionError")
    with pytest.raises(ZeroDivisionError):
        cli("targets", "--debug")


def test_ctrl_c_exits_130(cli, monkeypatch):
    def stopped() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("transpile.cli.targets.all_targets", stopped)
    ran = cli("targets")
    assert (ran.code, ran.err) == (130, "interrupted\n")


# --- explain --------------------------------------------------------------------------------------


def test_explain_as_text(cli, repo):
    ran = cli("explain", "detections/tool_started.yml")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("Tool Started\n============\n")
    assert "  Execution: T1047 Windows Management Instrumentation\n" in ran.out


def test_explain_as_json(cli, repo):
    found = json.loads(cli("explain", LOG, "--format", "json").out)
    assert (found["name"], found["stages"][0]["kind"]) == ("Log Emptied", "search")


def test_explain_as_markdown(cli, repo):
    assert cli("explain", LOG, "--format", "markdown").out.startswith("# Log Emptied\n")


def test_explain_a_search_on_standard_input(cli, repo):
    ran = cli("explain", "-", stdin=b"index=a x=1 | head 2")
    assert ran.code == 0
    assert "Stage 2: head\n" in ran.out


def test_explain_with_the_macros_of_another_folder(cli, repo):
    assert cli("explain", "`tool`").code == 1
    ran = cli("explain", "`tool`", "--content", repo)
    assert (ran.code, "tool.exe" in ran.out) == (0, True)


def test_explain_neutralises_control_characters(cli, repo, write: Write):
    path = write("x.yml", 'name: "red \\e[31m"\nsearch: index=a x=1\n')
    assert "\x1b" not in cli("explain", path).out
    assert "\x1b" not in cli("explain", path, "--format", "markdown").out


# --- run ------------------------------------------------------------------------------------------


def test_run_prints_rows_as_a_table(cli, write: Write):
    events = write("e.ndjson", NDJSON)
    ran = cli("run", "* | stats count by host", "--events", events)
    assert (ran.code, ran.err) == (0, "2 rows from 4 events\n")
    assert ran.out == "host  count\n----  -----\nh0    2\nh1    2\n"


def test_run_prints_rows_as_json(cli, write: Write):
    ran = cli(
        "run", "a=v1 | table a host", "--events", write("e.ndjson", NDJSON), "--format", "json"
    )
    assert json.loads(ran.out) == [{"a": "v1", "host": "h1"}]
    assert ran.err == "1 row from 4 events\n"


def test_run_prints_the_matching_events(cli, write: Write):
    ran = cli("run", "host=h1 | stats count", "--events", write("e.ndjson", NDJSON), "--matched")
    assert (ran.code, ran.err) == (0, "2 matching events of 4\n")
    assert [line.split()[0] for line in ran.out.splitlines()[2:]] == ["1", "3"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param(
            "e.ndjson", '{"a": "x", "b": "1"}\n\n{"a": "y"}\n', id="ndjson-with-empty-lines"
        ),
        pytest.param("e.log", '{"a": "x", "b": "1"}\n{"a": "y"}', id="log-of-json-lines"),
        pytest.param("e.jsonl", '\ufeff{"a": "x", "b": "1"}\n{"a": "y"}', id="byte-order-mark"),
        pytest.param("e.json", '[{"a": "x", "b": "1"}, {"a": "y"}]', id="json-list"),
        pytest.param("e.csv", "a,b\nx,1\ny,\n", id="csv-whose-empty-cells-are-missing"),
        pytest.param("e.yml", "- {a: x, b: '1'}\n- {a: y}\n", id="yaml-list"),
        pytest.param(
            "e.yaml", "events:\n- {event: {a: x, b: '1'}}\n- {event: {a: y}}\n", id="fixtures"
        ),
    ],
)
def test_run_reads(cli, write: Write, name, text):
    ran = cli("run", "* | table a b", "--events", write(name, text), "--format", "json")
    assert json.loads(ran.out) == [{"a": "x", "b": "1"}, {"a": "y"}]


def test_run_says_when_nothing_is_found(cli, write: Write):
    ran = cli("run", "a=nowhere", "--events", write("e.ndjson", NDJSON))
    assert (ran.code, ran.out, ran.err) == (0, "", "0 rows from 4 events\n")


def test_run_neutralises_control_characters_in_tables(cli, write: Write):
    events = write("e.json", json.dumps([{"a": "x\x1b[2J\ny", "b": ["1", "2"]}]))
    out = cli("run", "* | table a b", "--events", events).out
    assert out.splitlines()[2] == "x\ufffd[2J\\ny  1 | 2"


def test_run_prints_lone_surrogates_as_json_escapes(cli, write: Write):
    events = write("e.json", '[{"a": "\\ud800"}]')
    assert json.loads(cli("run", "*", "--events", events, "--format", "json").out)


def test_run_starts_at_the_given_time(cli, write: Write):
    search = "* | head 1 | eval t=now() | table t"
    events = write("e.ndjson", NDJSON)
    assert "1767222900" in cli("run", search, "--events", events, "--now", "1767222900").out


def test_run_refuses_what_cannot_be_computed(cli, write: Write):
    ran = cli("run", "* | anomalousvalue", "--events", write("e.ndjson", NDJSON))
    assert (ran.code, ran.out) == (1, "")
    assert "error[SPL301]" in ran.err


def test_run_with_the_content_of_another_folder(cli, write: Write, repo):
    events = write("e.json", '[{"process_name": "tool.exe"}]')
    ran = cli("run", "`tool`", "--events", events, "--content", repo, "--quiet")
    assert (ran.code, "tool.exe" in ran.out, ran.err) == (0, True, "")


# --- verify ---------------------------------------------------------------------------------------


def test_verify_prints_a_verdict_per_rule_and_target(cli, repo):
    ran = cli("verify", LOG, "-t", "sigma", "--target", "eql", "-t", "sql:duckdb")
    assert ran.code == 0
    lines = ran.out.splitlines()[2:5]
    assert [line.split()[2:5] for line in lines] == [
        ["sigma", "exact", "equal"],
        ["eql", "exact", "equal"],
        ["sql:duckdb", "exact", "equal"],
    ]


def test_verify_says_what_was_not_run_and_why(cli, repo):
    ran = cli(
        "verify", "detections/tool_started.yml", "-t", "sql:snowflake", "-t", "eql", "--no-witness"
    )
    assert ran.code == 0
    assert ran.err == (
        "Tool Started: sql:snowflake: not run: nothing runs sql:snowflake here\n"
        "Tool Started: eql: not run: there are no events to try it on\n"
    )


def test_verify_never_passes_what_a_missing_engine_did_not_run(cli, repo, monkeypatch):
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(UsageError) as caught:
        DuckDbEngine().run(Draft("SELECT 1", EXACT, ROWS, ".sql"), [], lookups={}, now=0.0)
    assert caught.value.code == "OUT504"
    ran = cli("verify", LOG, "-t", "sql:duckdb")
    assert ran.out.splitlines()[2].split()[2:5] == ["sql:duckdb", "exact", "not"]
    assert "Log Emptied: sql:duckdb: not run: " in ran.err


def test_verify_takes_events_of_the_user(cli, write: Write):
    events = write(
        "e.json", '[{"process_name": "tool.exe", "dest": "h", "tag": ["process", "report"]}]'
    )
    ran = cli("verify", "detections/tool_started.yml", "-t", "eql", "--events", events)
    assert ran.code == 0
    assert "equal" in ran.out.splitlines()[2]


def test_verify_as_json(cli, repo):
    ran = cli("verify", LOG, "-t", "eql", "--format", "json", "--no-witness")
    (case,) = json.loads(ran.out)["cases"]
    assert (case["status"], case["verdict"], case["proof"]["verdict"]) == (
        "passed", "equal", "proved equal",
    )  # fmt: skip
    assert case["events"] == {
        "tried": 2, "set_aside": 0, "found": 1, "origins": {"fixture": 2},
    }  # fmt: skip


def test_verify_goes_on_after_a_broken_rule(cli, write: Write, repo):
    write("detections/a.yml", "search: index=a | stat count\n")
    ran = cli("verify", ".", "-t", "sigma", "--content", repo)
    assert ran.code == 1
    assert "error[SPL104]" in ran.err
    assert "Log Emptied" in ran.out


def test_verify_goes_on_after_a_bug(cli, repo, monkeypatch):
    from transpile.verify import many

    def broken(compiled, *args, **options):
        if compiled.rule.name == "Tool Started":
            raise ZeroDivisionError("division by zero")
        return honest(compiled, *args, **options)

    honest = many.trial_of
    monkeypatch.setattr(many, "trial_of", broken)
    ran = cli("verify", ".", "-t", "eql")
    assert ran.code == 3
    assert ran.err.startswith(
        "detections/tool_started.yml: error[OUT506]: a bug in transpile: Zero"
    )
    assert "Log Emptied" in ran.out
    with pytest.raises(ZeroDivisionError):
        cli("verify", ".", "-t", "eql", "--debug")


# --- targets and schemas --------------------------------------------------------------------------


def test_targets_come_from_the_declarations(cli):
    from transpile.targets import all_targets

    names = [info.name for info in all_targets()]
    assert [line.split()[0] for line in cli("targets").out.splitlines()[2:]] == names
    data = json.loads(cli("targets", "--format", "json").out)
    assert [entry["name"] for entry in data] == names
    assert all(entry["native"] and entry["observables"] for entry in data)


def test_schemas_are_listed(cli):
    listed = [line.split()[0] for line in cli("schemas").out.splitlines()[2:]]
    assert listed == ["cim", "splunk", "sigma", "ecs", "ocsf"]
    assert cli("schemas", "list").out == cli("schemas").out


def test_a_schema_shows_its_tables(cli):
    out = cli("schemas", "show", "cim").out
    assert ["endpoint.processes", "process_events"] in map(str.split, out.splitlines())


def test_a_schema_prints_the_tables_of_rules(cli, repo):
    made = cli("schemas", "show", "ecs", "--ddl", "postgres", repo)
    assert made.code == 0
    assert made.out.startswith('CREATE TABLE "process_events" (\n')
    assert '"process.name" TEXT' in made.out
    assert made.out.count("CREATE TABLE") == 2


def test_a_schema_prints_one_table_or_all(cli):
    one = cli("schemas", "show", "cim", "--ddl", "spark", "--dataset", "endpoint.processes").out
    assert one.count("CREATE TABLE") == 1
    assert cli("schemas", "show", "cim", "--ddl", "spark").out.count("CREATE TABLE") > 50


def test_tables_in_a_dialect_or_schema_that_sql_lacks(cli):
    assert cli("schemas", "show", "cim", "--ddl", "dbase").code == 2
    assert cli("schemas", "show", "sigma", "--ddl", "duckdb").code == 2


def test_a_schema_shows_the_fields_of_a_dataset(cli):
    out = cli("schemas", "show", "ecs", "--dataset", "endpoint.processes").out
    assert out.splitlines()[0].split() == ["field", "ecs", "derived"]
    assert ["process", "process.command_line"] in map(str.split, out.splitlines())
