"""Tables in every schema: what the engine finds in the events' view is what the rule finds."""

from __future__ import annotations

from pathlib import Path

import pytest
from sql_bench import BACKEND, EXECUTED, Events, emit, expected_rows, plain, sql_rows

from transpile.errors import Unsupported, UsageError
from transpile.targets import check_choices, find

LAKE = """
name: lake
base: ecs
datasets:
  endpoint.processes:
    table: proc_events
    fields:
      process: cmd
      process_name: {field: image, derive: basename}
      process_path: image
"""
PROCESSES: Events = [
    {"_time": 10, "process_name": "cmd.exe", "process": "cmd /c x", "user": "ann", "dest": "h1",
     "process_id": "12"},
    {"_time": 20, "process_name": "CMD.EXE", "process": "it's \"x\" %_\\", "user": "bob",
     "dest": "h2"},
    {"_time": 30, "process_name": "other.exe", "process": "cmd.exe", "dest": "h1"},
    {"_time": 40, "process_name": "cmd.exe", "dest": "h3"},
    {"_time": 50, "process_name": "cmd.exe", "process": "a", "user": "unknown"},
]
FROM = "| tstats count min(_time) as firstTime values(Processes.process) as process " \
       "from datamodel=Endpoint.Processes "
MODEL = f"{FROM} where Processes.process_name=cmd.exe by Processes.dest Processes.user"
NOT = f'{FROM} where NOT Processes.user=a* by Processes.process_name | rename Processes.* as *'
LOGONS: Events = [
    {"_time": 5, "EventCode": "4625", "TargetUserName": "ann", "Computer": "h1"},
    {"_time": 6, "EventCode": "4625", "TargetUserName": "bob"},
    {"_time": 7, "EventCode": "4624", "TargetUserName": "ann", "Computer": "h1"},
]
RAW = (
    "source=XmlWinEventLog:Security EventCode=4625 "
    "| stats count latest(_time) as last by TargetUserName"
)


@pytest.fixture
def lake(tmp_path: Path) -> str:
    """Return the path of a user's schema."""
    path = tmp_path / "lake.yml"
    path.write_text(LAKE)
    return str(path)


@pytest.mark.parametrize("variant", EXECUTED)
@pytest.mark.parametrize("schema", ["cim", "splunk", "ecs", "ocsf", "lake"])
@pytest.mark.parametrize(("search", "events"), [
    pytest.param(MODEL, PROCESSES, id="model"),
    pytest.param(NOT, PROCESSES, id="model-negated"),
    pytest.param(RAW, LOGONS, id="raw"),
])
def test_each_schema_finds_what_the_rule_finds(
    search: str, events: Events, schema: str, variant: str, lake: str
) -> None:
    if (schema, variant) == ("lake", "sqlite") and search != RAW:
        with pytest.raises(Unsupported, match="extraction"):
            emit(search, variant, schema=lake)
        return
    draft = emit(search, variant, schema=lake if schema == "lake" else schema)
    engine = BACKEND.sql_engine(variant)
    assert engine is not None
    taken = [event for event in events if engine.accepts(event, draft)]
    assert len(taken) >= len(events) - 1
    found = plain(sql_rows(draft, taken, variant))
    assert found == plain(expected_rows(search, taken)), draft.text
    assert found


def test_a_users_table_and_columns_are_read(lake: str) -> None:
    draft = emit(MODEL, schema=lake)
    assert draft.inputs.tables == {"proc_events": "endpoint.processes"}
    assert '"image"' in draft.text
    assert '"user.name"' in draft.text


def test_an_event_that_the_schema_bends_is_refused(lake: str) -> None:
    draft = emit(MODEL, schema=lake)
    engine = BACKEND.sql_engine("duckdb")
    assert engine is not None
    assert engine.accepts({"process_name": "a.exe"}, draft)
    assert not engine.accepts({"process_name": "dir\\a.exe"}, draft)


def test_a_field_without_a_column_is_refused_by_name() -> None:
    search = "| tstats count from datamodel=Endpoint.Processes by Processes.dest_bunit"
    with pytest.raises(Unsupported, match=r"Processes\.dest_bunit has no column in the schema ecs"):
        emit(search, schema="ecs")
    kept = emit(search, schema="ecs", keep_unmapped=True)
    assert '"Processes.dest_bunit"' in kept.text


def test_a_schema_is_a_known_name_or_a_file() -> None:
    _, info = find("sql:duckdb")
    check_choices(info, schema="ocsf")
    check_choices(info, schema="mine.yml")
    with pytest.raises(UsageError):
        check_choices(info, schema="sigma")
