"""Sigma and Elastic rules through the whole program: convert, run, match, verify, explain, CLI."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from transpile import convert, explain, match, parse, run, verify
from transpile.cli import main
from transpile.compiled import compile_rule
from transpile.content import Content, load_rule, load_rules
from transpile.convert import convert_compiled
from transpile.errors import ReadingError
from transpile.verify.check import check_conversion
from transpile.verify.witness import maker_for, witnesses

CORPUS = os.environ.get("TRANSPILE_CORPUS")
SIGMA = r"""title: Certutil Download
id: 0e5f1a86-4b6a-4b3a-9a5b-2c1e0f7f9a11
status: test
description: Detects a download by certutil.
author: A. Author
date: 2024-01-02
tags: [attack.command-and-control, attack.t1105]
logsource:
    category: process_creation
    product: windows
detection:
    selection:
        Image|endswith: '\certutil.exe'
        CommandLine|contains: 'http'
    filter_main_parent:
        ParentImage|startswith: 'C:\Program Files\'
    condition: selection and not 1 of filter_main_*
falsepositives: [Unknown]
level: high
"""
TOML = r"""[rule]
description = "Finds a download."
language = "eql"
name = "Certutil Download"
rule_id = "6f1500bc-62d7-4eb9-8601-7485e87da2f4"
severity = "medium"
type = "eql"
query = '''
process where host.os.type == "windows" and event.type == "start" and
  process.name : "certutil.exe" and process.command_line : "*http*"
'''
"""
SEQUENCE = TOML.replace("process where", "sequence by user.id with maxspan=1m\n [process where")
SEQUENCE = SEQUENCE.replace('"*http*"\n', '"*http*"]\n [file where file.name : "x"]\n')
EVENTS = [
    {"EventCode": "1", "Image": r"C:\a\certutil.exe", "CommandLine": "get HTTP://x"},
    {"EventCode": "1", "Image": r"C:\a\certutil.exe", "CommandLine": "get HTTP://x",
     "ParentImage": r"C:\Program Files\x.exe"},
    {"EventCode": "1", "Image": r"C:\a\other.exe", "CommandLine": "http"},
    {"EventCode": "3", "Image": r"C:\a\certutil.exe", "CommandLine": "http"},
]  # fmt: skip


def test_sigma_to_eql():
    result = convert(SIGMA, "eql")
    assert (str(result.fidelity), result.losses) == ("exact", ())
    assert result.text == (
        "process where\n"
        '  event.type == "start" and\n'
        '  process.name : "certutil.exe" and\n'
        '  process.command_line : "*http*" and\n'
        '  not process.parent.executable : """C:\\Program Files\\*"""\n'
    )


def test_sigma_to_sql():
    result = convert(SIGMA, "sql:duckdb")
    assert str(result.fidelity) == "exact"
    assert 'FROM "sysmon_events"' in result.text
    assert '"EventCode" = 1' in result.text


def test_sigma_stays_sigma():
    result = convert(SIGMA, "sigma")
    assert str(result.fidelity) == "exact"
    start, end = SIGMA.index("logsource:"), SIGMA.index("falsepositives:")
    assert SIGMA[start:end] in result.text


def test_a_field_of_sigma_that_nobody_maps_stays_in_sigma_and_is_lost_elsewhere():
    odd = SIGMA.replace("CommandLine|contains: 'http'", "odd_one: x")
    assert "odd_one: 'x'" in convert(odd, "sigma").text
    result = convert(odd, "eql")
    assert str(result.fidelity) == "superset"
    assert [loss.code for loss in result.losses] == ["TGT606"]
    assert "odd_one has no counterpart" in result.losses[0].message


def test_elastic_to_sigma():
    result = convert(TOML, "sigma")
    assert str(result.fidelity) == "exact"
    assert r"Image|endswith: '\certutil.exe'" in result.text
    assert "category: process_creation" in result.text


def test_elastic_stays_eql():
    result = convert(TOML, "eql")
    assert str(result.fidelity) == "exact"
    assert result.text == (
        "process where\n"
        '  host.os.type == "windows" and\n'
        '  event.type == "start" and\n'
        '  process.name : "certutil.exe" and\n'
        '  process.command_line : "*http*"\n'
    )


def test_a_sequence_stays_a_sequence():
    result = convert(SEQUENCE, "eql")
    assert (str(result.fidelity), str(result.observable)) == ("exact", "events")
    assert parse(TOML.partition("query")[0] + f"query = '''\n{result.text}'''\n") is not None
    assert result.text.splitlines()[0] == "sequence with maxspan=1m"
    refused = convert(SEQUENCE, "sql:duckdb")
    assert [loss.code for loss in refused.losses] == ["TGT603"]


def test_a_step_that_cannot_be_said_exactly_is_refused():
    wide = SEQUENCE.replace('file.name : "x"', 'a : "y" and indexOf(file.name, "x") == 1')
    result = convert(wide, "eql")
    assert (result.text, [loss.code for loss in result.losses]) == ("", ["TGT609"])


def test_rules_run_over_events():
    assert match(SIGMA, EVENTS) == [0]
    assert [row["Image"] for row in run(SIGMA, EVENTS)] == [r"C:\a\certutil.exe"]


@pytest.mark.parametrize("target", ["sigma", "eql", "sql:duckdb"])
@pytest.mark.parametrize("text", [SIGMA, TOML], ids=["sigma", "elastic"])
def test_a_conversion_is_verified(text, target):
    rule = load_rule(text)
    compiled = compile_rule(rule, Content.builtin())
    used = convert_compiled(compiled, target, content=Content.builtin()).pipeline
    events = witnesses(used, maker_for(used))
    report = verify(rule, target, events)
    assert (str(report.verdict), report.found > 0) == ("equal", True)


def test_an_explanation_shows_the_rule_in_its_own_names():
    page = explain(SIGMA)
    assert (page.severity, page.false_positives) == ("high", "Unknown")
    assert [stage.kind for stage in page.stages] == ["sigma"]
    assert r"Image like *\\certutil.exe" in page.stages[0].predicates


def test_an_error_has_its_place_in_the_file(tmp_path, capsys):
    file = tmp_path / "a.yml"
    file.write_text(SIGMA.replace("CommandLine|contains", "CommandLine|expand").replace(
        "'http'", "'%list%'"
    ), encoding="utf-8")  # fmt: skip
    assert main(["convert", str(file), "-t", "eql"]) == 1
    assert capsys.readouterr().err == (
        f"{file}:14:9: error[CNT410]: the placeholder %list% (expand) has no values here\n"
        "  |         CommandLine|expand: '%list%'\n"
        "  |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n"
    )


def test_a_wrong_query_has_its_place_in_the_file(tmp_path, capsys):
    file = tmp_path / "a.toml"
    file.write_text(TOML.replace("process where", "process wher"), encoding="utf-8")
    assert main(["convert", str(file), "-t", "eql"]) == 1
    assert capsys.readouterr().err.splitlines()[:2] == [
        f"{file}:9:9: error[CNT409]: expected 'where', found 'wher'",
        '  | process wher host.os.type == "windows" and event.type == "start" and',
    ]


def test_a_language_that_nobody_reads_is_refused_by_name():
    with pytest.raises(ReadingError) as caught:
        convert(TOML.replace('language = "eql"', 'language = "lucene"'), "eql")
    assert (caught.value.code, caught.value.message) == (
        "CNT410",
        "rules in the language 'lucene' are not read",
    )


@pytest.mark.corpus
@pytest.mark.skipif(not CORPUS, reason="needs TRANSPILE_CORPUS")
@pytest.mark.parametrize(("folder", "step"), [("sigma", 190), ("elastic", 107)])
def test_conversions_of_public_rules_hold_on_made_events(folder, step):
    content = Content.builtin()
    rules = [rule for rule in load_rules(Path(CORPUS) / folder)[0]
             if rule.language in ("sigma", "eql")][::step]  # fmt: skip
    wrong, tried = [], 0
    for rule in rules:
        try:
            compiled = compile_rule(rule, content)
        except ReadingError:
            continue
        for target in ("sigma", "eql", "sql:duckdb"):
            conversion = convert_compiled(compiled, target, content=content)
            if conversion.draft is None or conversion.pipeline is None:
                continue
            events = witnesses(conversion.pipeline, maker_for(conversion.pipeline))
            report = check_conversion(compiled, conversion, events, content=content)
            tried += report.tried > 0
            if str(report.verdict) in ("narrower", "wider", "differs"):
                wrong.append((rule.path, target, str(report.verdict)))
    assert wrong == []
    assert tried > len(rules)
