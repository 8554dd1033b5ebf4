"""`transpile convert`: what it prints and writes, its report, its exit code, its options."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

UNMAPPED = 'search: source="XmlWinEventLog:Security" EventCode=1102 frobnicate=7\n'
OPAQUE = 'search: source="XmlWinEventLog:Security" EventCode=1102 `nowhere`\n'
ALL = ("-t", "sigma", "-t", "eql", "-t", "sql:duckdb")
EQL = 'iam where event.code == "1102" and winlog.channel == "Security"\n'
Write = Callable[[str, str], Path]


def test_one_result_is_printed_as_it_is(cli, repo):
    ran = cli("convert", "detections/log_emptied.yml", "-t", "eql")
    assert (ran.code, ran.out, ran.err) == (0, EQL, "")


@pytest.mark.parametrize(
    "argument",
    [
        pytest.param("detections/log_emptied.yml", id="a-file"),
        pytest.param("detections/log*.yml", id="a-glob"),
        pytest.param("**/log_*.yml", id="a-glob-through-folders"),
        pytest.param("-", id="yaml-on-standard-input"),
    ],
)
def test_a_path_is_a(cli, repo, argument):
    stdin = (repo / "detections/log_emptied.yml").read_bytes() if argument == "-" else b""
    ran = cli("convert", argument, "-t", "eql", stdin=stdin)
    if argument == "**/log_*.yml":  # also matches the fixtures, which are no rule
        assert ran.code == 1
        assert "events/log_emptied.yml: error[CNT402]" in ran.err
    else:
        assert ran.code == 0
    assert EQL.strip() in ran.out


def test_spl_on_standard_input(cli, repo):
    ran = cli("convert", "-", "-t", "eql", stdin=b'source="XmlWinEventLog:Security" EventCode=1102')
    assert (ran.code, ran.out) == (0, EQL)


def test_all_documents_on_standard_input_are_converted(cli, repo):
    text = b'search: source="XmlWinEventLog:Security" EventCode=1102\n'
    ran = cli("convert", "-", "-t", "eql", stdin=text + b"---\n" + text.replace(b"1102", b"1100"))
    assert ran.code == 0
    assert '"1102"' in ran.out
    assert '"1100"' in ran.out


def test_a_file_named_twice_is_converted_once(cli, repo):
    ran = cli("convert", "detections", "detections/log_emptied.yml", "-t", "eql")
    assert ran.out.count('"1102"') == 1


def test_several_sigma_rules_are_one_stream_of_documents(cli, repo):
    ran = cli("convert", "detections", "-t", "sigma")
    titles = [document["title"] for document in yaml.safe_load_all(ran.out)]
    assert (ran.code, titles) == (0, ["Log Emptied", "Tool Started"])


def test_several_sql_queries_stay_a_script(cli, repo):
    import duckdb

    ran = cli("convert", "detections", "-t", "sql:duckdb")
    assert len(duckdb.extract_statements(ran.out)) == 2
    assert "\n\n-- sql:duckdb: Tool Started\n" in ran.out


def test_several_eql_queries_are_told_apart_by_comments(cli, repo):
    ran = cli("convert", "detections", "-t", "eql")
    assert ran.out.startswith("// eql: Log Emptied\niam where")
    assert "\n\n// eql: Tool Started\nprocess where" in ran.out


def test_a_hostile_name_stays_in_its_comment(cli, repo, write: Write):
    write("detections/x.yml", 'name: "x\\ny: 1\\e[2J"\n' + UNMAPPED.replace(" frobnicate=7", ""))
    ran = cli("convert", "detections", "-t", "eql")
    assert "// eql: x y: 1\ufffd[2J\n" in ran.out


def test_several_rules_get_a_summary_on_stderr(cli, repo):
    ran = cli("convert", "detections", *ALL, "-o", "out")
    assert ran.out == ""
    assert ran.err.splitlines() == [
        "target      exact  superset  unsupported  error",
        "----------  -----  --------  -----------  -----",
        "sigma       2      0         0            0",
        "eql         2      0         0            0",
        "sql:duckdb  2      0         0            0",
    ]


def test_quiet_keeps_results_and_errors_only(cli, repo, write: Write):
    write("detections/bad.yml", "search: index=a | stat count\n")
    ran = cli("convert", "detections", "-t", "eql", "-q")
    assert ran.code == 1
    assert "error[SPL104]" in ran.err
    assert "target" not in ran.err
    assert EQL in ran.out


def test_output_is_one_file_per_rule_and_target(cli, repo):
    assert cli("convert", ".", *ALL, "--output", "out").code == 0
    assert sorted(f.relative_to("out").as_posix() for f in Path("out").rglob("*.*")) == [
        "eql/log_emptied.eql",
        "eql/tool_started.eql",
        "sigma/proc_creation_win_tool_started.yml",
        "sigma/win_security_log_emptied.yml",
        "sql-duckdb/log_emptied.sql",
        "sql-duckdb/tool_started.sql",
    ]
    assert Path("out/eql/log_emptied.eql").read_text() == EQL


def test_two_rules_of_one_name_are_two_files(cli, repo, write: Write):
    text = (repo / "detections/log_emptied.yml").read_text()
    write("detections/other/log_emptied.yml", text)
    write("detections/third.yml", text.replace("Log Emptied", "Log Emptied 2"))
    cli("convert", "detections", "-t", "eql", "-o", "out")
    names = sorted(file.name for file in Path("out/eql").iterdir())
    assert names == [
        "log_emptied.eql", "log_emptied_2.eql", "log_emptied_2_2.eql", "tool_started.eql",
    ]  # fmt: skip


def test_one_bad_rule_stops_nothing(cli, repo, write: Write):
    write("detections/a_bad.yml", "name: Bad\nsearch: index=a | stat count\n")
    write("detections/b_bad.yml", "a: [\n")
    ran = cli("convert", ".", "-t", "eql", "-o", "out", "--report", "report.json")
    assert ran.code == 1
    assert sorted(file.name for file in Path("out/eql").iterdir()) == [
        "log_emptied.eql",
        "tool_started.eql",
    ]
    report = json.loads(Path("report.json").read_text())
    assert report["summary"] == {"eql": {"exact": 2, "superset": 0, "unsupported": 0, "error": 2}}


def test_the_report_has_the_layout_of_the_design(cli, repo, write: Write):
    write("detections/bad.yml", "name: Bad\nid: b\nsearch: index=a | stat count\n")
    write("detections/unmapped.yml", "name: U\nid: u\n" + UNMAPPED)
    cli("convert", "detections", "-t", "eql", "-o", "out", "--report", "r/report.json")
    report = json.loads(Path("r/report.json").read_text())
    assert list(report) == ["version", "rules", "summary"]
    assert report["version"] == 1
    bad, good, _, unmapped = report["rules"]
    seconds = good.pop("seconds")
    assert seconds > 0
    assert good == {
        "path": "detections/log_emptied.yml",
        "id": "7d2c1fd6-55a3-4b3a-9a5b-2f5a4b0a1c11",
        "name": "Log Emptied",
        "target": "eql",
        "fidelity": "exact",
        "observable": "events",
        "losses": [],
        "assumptions": [],
        "output": "out/eql/log_emptied.eql",
        "error": None,
    }
    assert (bad["path"], bad["id"], bad["output"]) == ("detections/bad.yml", "b", None)
    assert bad["error"] == {
        "code": "SPL104", "message": "unknown command 'stat'", "line": 3, "column": 19,
    }  # fmt: skip
    assert unmapped["losses"][0]["code"] == "TGT601"
    assert unmapped["losses"][0]["span"] == {
        "start": 48, "end": 60, "line": 3, "column": 57, "text": "frobnicate=7",
    }  # fmt: skip


def test_results_do_not_depend_on_the_number_of_processes(cli, repo, write: Write):
    for number in range(20):
        write(f"detections/r{number:02}.yml", f"search: EventCode={number} `nowhere`\n")
    ran = {jobs: cli("convert", ".", "-t", "sql:duckdb", "--opaque-macros", "--jobs", jobs)
           for jobs in ("1", "2")}  # fmt: skip
    assert ran["1"] == ran["2"]
    assert ran["1"].out.count("SELECT") == 22


@pytest.mark.parametrize(
    ("rule", "options", "code", "shown"),
    [
        pytest.param(OPAQUE, ["--opaque-macros"], 0, "TGT606", id="opaque-macros-widen"),
        pytest.param(OPAQUE, [], 1, "SPL201", id="an-unknown-macro-is-an-error"),
        pytest.param(
            OPAQUE, ["--opaque-macros", "--min-fidelity", "exact"], 1, "superset",
            id="a-superset-is-less-than-min-fidelity-exact",
        ),
        pytest.param(
            OPAQUE, ["--opaque-macros", "--min-fidelity", "superset"], 0, "superset",
            id="a-superset-is-min-fidelity-superset",
        ),
        pytest.param(UNMAPPED, [], 1, "unsupported", id="unsupported-falls-short"),
        pytest.param(
            "search: EventCode=1102 | anomalies | where x=1\n", ["-t", "sql"], 1, "TGT608",
            id="a-stage-that-cannot-be-computed",
        ),
        pytest.param(UNMAPPED, ["-s"], 0, "unsupported", id="unless-skipped"),
        pytest.param(
            UNMAPPED, ["--skip-unsupported", "--min-fidelity", "exact"], 0, "unsupported",
            id="skipped-also-where-exact-is-wanted",
        ),
    ],
)  # fmt: skip
def test_exit_code(cli, repo, write: Write, rule, options, code, shown):
    path = write("detections/x.yml", rule)
    ran = cli("convert", path, "-t", "eql", *options)
    assert ran.code == code
    assert shown in ran.err


DEPLOYMENT = """
name: All
scheduling: {cron_schedule: '*/10 * * * *', earliest_time: -10m, latest_time: now}
type: TTP
"""


def test_skipped_rules_are_not_told_one_by_one_when_files_are_written(cli, repo, write: Write):
    write("detections/x.yml", UNMAPPED)
    ran = cli("convert", ".", "-t", "eql", "-s", "-o", "out")
    assert (ran.code, "TGT601" in ran.err) == (0, False)


def test_keep_unmapped_passes_the_field_through(cli, repo, write: Write):
    path = write("detections/x.yml", UNMAPPED)
    ran = cli("convert", path, "-t", "eql", "--keep-unmapped")
    assert ran.code == 0
    assert "?frobnicate" in ran.out


def test_time_bounds_are_those_of_the_deployment(cli, repo, write: Write):
    query = "detections/tool_started.yml", "-t", "sql:duckdb"
    write("deployments/all.yml", DEPLOYMENT)
    assert "$earliest" not in cli("convert", *query).out
    assert '"_time" >= $earliest' in cli("convert", *query, "--time-bounds").out
    view = cli("convert", *query, "--time-bounds", "-f", "view").out
    assert "EPOCH(NOW()) - 600" in view


def test_strict_turns_assumptions_into_checks(cli, repo):
    query = "detections/tool_started.yml", "-t", "sql:duckdb"
    assert '"dest" AS' in cli("convert", *query).out
    assert 'AND "dest" IS NOT NULL' in cli("convert", *query, "--strict").out


def test_schema_chooses_the_names(cli, repo):
    query = "detections/tool_started.yml", "-t", "sql:duckdb"
    assert '"process_name"' in cli("convert", *query, "--schema", "cim").out
    assert cli("convert", *query, "--schema", "splunk").code == 0


def test_format_is_one_that_the_target_declares(cli, repo):
    assert cli("convert", "detections", "-t", "sigma", "-f", "yaml").code == 0
    assert cli("convert", "detections", "-t", "eql", "--format", "query").code == 0


def test_content_is_taken_from_another_folder(cli, repo, write: Write, tmp_path_factory):
    rule = tmp_path_factory.mktemp("else") / "x.yml"
    rule.write_text('search: source="XmlWinEventLog:Security" EventCode=1102 `tool`\n')
    assert "SPL201" in cli("convert", rule, "-t", "sigma").err
    ran = cli("convert", rule, "-t", "sql:duckdb", "--content", repo)
    assert (ran.code, "tool.exe" in ran.out) == (0, True)


def test_files_are_not_left_behind_half_written(cli, repo, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    ran = cli("convert", "detections", "-t", "eql", "-o", "out")
    assert ran.code == 2
    assert ran.err == (
        "error[OUT501]: cannot write out/eql/log_emptied.eql: No space left on device\n"
    )
    assert list(Path("out/eql").iterdir()) == []


def test_a_bug_met_in_one_rule_is_told_and_the_others_go_on(cli, repo, monkeypatch):
    from transpile.cli import batch

    honest = batch.compile_rule

    def broken(rule, *args, **options):
        if rule.name == "Log Emptied":
            raise ZeroDivisionError("division by zero")
        return honest(rule, *args, **options)

    monkeypatch.setattr(batch, "compile_rule", broken)
    ran = cli("convert", "detections", "-t", "eql")
    assert ran.code == 3
    assert ran.err.startswith(
        "detections/log_emptied.yml: error[OUT506]: a bug in transpile: "
        "ZeroDivisionError: division by zero\n"
        "  = help: run again with --debug for a traceback, and report it\n"
    )
    assert "tool.exe" in ran.out
    with pytest.raises(ZeroDivisionError):
        cli("convert", "detections", "-t", "eql", "--debug")


def test_a_bug_met_in_one_target_leaves_the_others_their_results(cli, repo, monkeypatch):
    from transpile.cli import batch

    honest = batch.convert_compiled

    def broken(compiled, target, **options):
        if target == "sigma":
            raise RecursionError("too deep")
        return honest(compiled, target, **options)

    monkeypatch.setattr(batch, "convert_compiled", broken)
    ran = cli("convert", "detections/log_emptied.yml", "-t", "sigma", "-t", "eql")
    assert (ran.code, EQL in ran.out) == (3, True)
    assert ran.err.count("a bug in transpile: RecursionError: too deep") == 1


def test_the_lookup_tables_are_written_beside_the_queries(cli, repo, write):
    write("lookups/known.yml", "name: known\nfilename: known.csv\n")
    write("lookups/known.csv", "tool,owner\na.exe,o'hara\n")
    write("detections/looked_up.yml", "name: Looked Up\ntype: TTP\nsearch: >-\n"
          "  source=XmlWinEventLog:Security EventCode=4688 | lookup known tool as NewProcessName\n"
          "  OUTPUT owner | table NewProcessName owner\n")
    ran = cli("convert", "detections", "-t", "sql:duckdb", "-t", "eql", "-s", "-o", "out",
              "--lookups-sql")
    assert ran.code == 0
    made = (repo / "out/sql-duckdb/lookups.sql").read_text()
    assert made.startswith('CREATE TABLE "known" (')
    assert "('a.exe', 'o''hara', 0)" in made
    assert not (repo / "out/eql/lookups.sql").exists()


def test_lookup_tables_need_a_folder(cli, repo):
    ran = cli("convert", "detections", "-t", "sql:duckdb", "--lookups-sql")
    assert ran.code == 2
    assert "name a folder with -o" in ran.err
