"""Rules of other languages over Splunk's events: datasets, fields and literals reversed."""

from __future__ import annotations

import pytest
from transpile.backends.eql.read import EqlReader
from transpile.backends.sigma.read import SigmaReader

from transpile.ir.show import show
from transpile.ir.simplify import simplify
from transpile.schema.splunk_view import in_splunks_view


def sigma(source, *lines, models=False):
    text = "title: T\nlogsource: {" + source + "}\ndetection:\n"
    text += "".join(f"    {line}\n" for line in lines)
    return seen(SigmaReader().read(text), models=models)


def eql(query, index=()):
    return seen(EqlReader().read(query, options={"index": list(index)}))


def seen(reading, *, models=False):
    found = in_splunks_view(simplify(reading.pipeline), models=models)
    source, *rest = show(simplify(found.pipeline)).split("\n")
    return [source.partition(" where ")[0], *rest], found.assumptions


PROCESS = "category: process_creation, product: windows"


@pytest.mark.parametrize(
    ("source", "lines", "shown"),
    [
        pytest.param(PROCESS, [r"s: {Image|endswith: '\x.exe'}", "condition: s"],
                     ["events `sysmon`", r'| filter EventCode ~= "1" and Image like *\\x.exe'],
                     id="raw-names-stay"),
        pytest.param(PROCESS, ["s: {CurrentDirectory: x}", "condition: s"],
                     ["events `sysmon`",
                      '| filter EventCode ~= "1" and process_current_directory ~= "x"'],
                     id="another-name"),
        pytest.param("category: pipe_created, product: windows",
                     ["s: {PipeName: x}", "condition: s"],
                     ["events `sysmon`", '| filter (EventCode ~= "17" or EventCode ~= "18") '
                      'and PipeName ~= "x"'], id="several-event-ids"),
        pytest.param("product: windows, service: security",
                     ["s: {EventID: 4688, Provider_Name: P}", "condition: s"],
                     ["events `wineventlog_security`",
                      '| filter EventCode ~= "4688" and Name ~= "P"'], id="a-channel"),
        pytest.param("product: aws, service: cloudtrail",
                     ["s: {eventName: x, requestParameters.a: y}", "condition: s"],
                     ["events `cloudtrail`",
                      '| filter eventName ~= "x" and requestParameters.a ~= "y"'],
                     id="a-rule-for-many-fields"),
        pytest.param("product: windows, service: dns-client",
                     ["s: {OddName: y}", "condition: s"],
                     ["events", '| filter OddName ~= "y"'],
                     id="event-data-of-any-channel"),
        pytest.param("product: aws, service: cloudtrail", ["s: {odd: y}", "condition: s"],
                     ["events `cloudtrail`", '| filter unknown("odd has no counterpart in '
                      "Splunk's view of aws.cloudtrail\")"], id="a-field-that-nobody-knows"),
        pytest.param("category: process_creation, product: linux",
                     ["s: {Image|endswith: /x, CommandLine|contains: n}", "condition: s"],
                     ["datamodel Endpoint.Processes", '| filter process_name ~= "x" and '
                      'process like *n* and not process ~= "unknown"'],
                     id="a-data-model-shows-unknown"),
        pytest.param("product: windows, service: nobody", ["s: {A: 1}", "condition: s"],
                     ["events taxonomy=sigma product=windows service=nobody",
                      "| filter A == 1"], id="nobody-knows-the-log-source"),
        pytest.param("product: windows, service: security",
                     ["s: [foo]", "condition: s"],
                     ["events `wineventlog_security`",
                      "| filter _raw like *foo*"], id="keywords"),
    ],
)  # fmt: skip
def test_sigma(source, lines, shown):
    assert sigma(source, *lines)[0] == shown


def test_a_data_model_stands_for_any_agent_if_it_has_the_fields():
    known = sigma(PROCESS, r"s: {Image|endswith: '\x.exe'}", "condition: s", models=True)
    assert known[0] == ["datamodel Endpoint.Processes", '| filter process_name ~= "x.exe"']
    other = sigma(PROCESS, "s: {Description: x}", "condition: s", models=True)
    assert other[0][0] == "events `sysmon`"


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        pytest.param('process where host.os.type == "windows" and event.type == "start" and '
                     'process.name : "x.exe"',
                     ["events `sysmon`", '| filter EventCode ~= "1" and process_name ~= "x.exe"'],
                     id="what-the-dataset-implies-is-decided"),
        pytest.param('process where host.os.type == "windows" and event.code == "10" and '
                     'winlog.event_data.CallTrace : "x"',
                     ["events `sysmon`", '| filter EventCode == "10" and CallTrace ~= "x"'],
                     id="an-event-of-sysmon-by-its-code"),
        pytest.param('file where host.os.type == "windows" and event.code == "2" and '
                     'event.provider == "Microsoft-Windows-Sysmon"',
                     ["events `sysmon`", '| filter EventCode == "2"'],
                     id="an-event-of-sysmon-by-its-provider"),
        pytest.param('process where host.os.type == "linux" and process.name == "x"',
                     ["datamodel Endpoint.Processes", '| filter process_name == "x"'],
                     id="case-is-kept"),
        pytest.param('file where host.os.type == "windows" and file.extension : "exe"',
                     ["events `sysmon`", '| filter EventCode ~= "11" and file_name like *.exe'],
                     id="an-extension-ends-the-name"),
        pytest.param('process where host.os.type == "windows" and process.args : "-x"',
                     ["events `sysmon`", '| filter EventCode ~= "1" and process like *-x* and '
                      "unknown(\"process.args has no counterpart in Splunk's view of "
                      'windows.sysmon.1")'], id="an-argument-stands-in-the-command-line"),
        pytest.param('any where event.dataset == "okta.system" and event.action == "x"',
                     ["events `okta`", '| filter eventType == "x"'], id="a-data-set"),
        pytest.param('network where host.os.type == "windows" and dns.question.name : "x"',
                     ["events `sysmon`", '| filter EventCode ~= "22" and query ~= "x"'],
                     id="a-look-up-by-its-fields"),
    ],
)  # fmt: skip
def test_elastic(query, shown):
    assert eql(query)[0] == shown


def test_assumptions_are_stated():
    assert eql('process where host.os.type == "windows" and process.name : "x"')[1] == (
        "of the process events only starts are looked for",
    )
    assert eql('process where host.os.type == "linux" and event.type == "start"')[1] == (
        "the events are those of linux systems",
    )
    assert sigma("product: aws, service: cloudtrail", "s: {odd: x}", "condition: s")[1] == (
        "where odd is asked for, the events have it under that name",
    )


def test_the_scope_is_any_of_the_names_of_the_source():
    reading = SigmaReader().read(
        "title: T\nlogsource: {product: windows, service: security}\n"
        "detection: {s: {A: 1}, condition: s}\n"
    )
    source = in_splunks_view(reading.pipeline).pipeline.stages[0]
    assert show(source.scope) == (
        'eventtype ~= "wineventlog_security" or Channel ~= "security" '
        'or source ~= "XmlWinEventLog:Security"'
    )


def test_a_sequence_stays_in_its_own_names():
    shown, taken = eql("sequence [process where a] [file where b]")
    assert (shown[0], taken) == ("events taxonomy=ecs", ())


@pytest.mark.parametrize(
    ("query", "language", "options", "shown"),
    [
        pytest.param('event.category:process and powershell.file.script_block_text:"x"', "kuery",
                     {}, '| filter EventCode ~= "4104" and ScriptBlockText like *x*',
                     id="a-field-of-script-blocks"),
        pytest.param('FROM logs-windows.powershell_operational* | WHERE event.code == "4103"',
                     "esql", {}, '| filter EventCode == "4103"', id="an-index-of-the-channel"),
        pytest.param('FROM logs-windows.powershell_operational-* | WHERE user.id == "x"', "esql",
                     {}, '| filter user_id == "x"', id="no-event-code"),
    ],
)  # fmt: skip
def test_powershells_events_are_told_by_index_or_field(query, language, options, shown):
    (source, condition), _ = seen(EqlReader().read(query, language, options))
    assert (source, condition) == ("events `powershell`", shown)
