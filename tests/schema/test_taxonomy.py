"""Built-in taxonomies and a user's own: targets, tables, columns, and clear refusals."""

from __future__ import annotations

from pathlib import Path

import pytest

from transpile.errors import UsageError
from transpile.schema.datasets import Dataset, dataset
from transpile.schema.fields import TAXONOMIES, FieldMap, FieldTarget
from transpile.schema.taxonomy import Column, columns, find_schema, parse_schema, schemas

LAKE = """
name: lake
datasets:
  endpoint.processes:
    table: proc
    fields:
      process: cmd
      process_name: {field: image, derive: basename}
      process_path: image
  _any:
    fields: {_time: ts}
"""


def processes() -> Dataset:
    found = dataset("endpoint.processes")
    assert found is not None
    return found


def test_built_in_taxonomies_are_listed_and_found() -> None:
    assert [name for name, _ in schemas()] == list(TAXONOMIES)
    assert all(find_schema(name.upper()).base == name for name in TAXONOMIES)


def test_a_users_taxonomy_maps_names_and_nothing_else() -> None:
    lake = parse_schema(LAKE)
    fields = FieldMap(processes())
    assert lake.target(fields, "Processes.process") == FieldTarget("cmd")
    assert lake.target(fields, "_time") == FieldTarget("ts")
    assert lake.target(fields, "user") is None
    assert lake.table(processes()) == "proc"
    event = {"process_name": "a.exe", "process": "a -x", "user": "bob", "_time": 1}
    assert lake.view(event, processes()) == {"image": "\\a.exe", "cmd": "a -x", "ts": 1}
    assert [column.name for column in lake.columns(processes())] == ["cmd", "image", "ts"]


def test_a_base_answers_where_the_file_is_silent() -> None:
    lake = parse_schema(LAKE.replace("name: lake", "name: lake\nbase: ecs"))
    target = lake.target(FieldMap(processes()), "user")
    assert target is not None
    assert target.field == "user.name"
    assert lake.view({"user": "bob"}, processes())["event.category"] == "process"


def test_columns_have_types() -> None:
    found = columns(processes(), "cim")
    assert Column("process_id", "int", False) in found
    assert Column("process_hash", "string", True) in found
    assert Column("process.pid", "long", False) in columns(processes(), "ecs")
    assert [column.name for column in found] == sorted({column.name for column in found})


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "lake.yml"
    path.write_text(LAKE, encoding="utf-8")
    assert find_schema(str(path)) == parse_schema(LAKE)


@pytest.mark.parametrize(("text", "message"), [
    pytest.param("a: [", "not valid YAML", id="no-yaml"),
    pytest.param("- a", "must be a mapping", id="a-list"),
    pytest.param("name: x\ndatasets: {}\nextra: 1", "unknown key 'extra'", id="extra-key"),
    pytest.param("datasets: {}", "needs a 'name'", id="no-name"),
    pytest.param("name: x", "'datasets' must be a mapping", id="no-datasets"),
    pytest.param("name: x\nbase: y\ndatasets: {}", "'y' is no taxonomy", id="base"),
    pytest.param("name: x\ndatasets: {endpoint.proceses: {}}", "unknown dataset", id="dataset"),
    pytest.param("name: x\ndatasets: {_any: {table: 1}}", "must be a text", id="table"),
    pytest.param("name: x\ndatasets: {_any: {fields: {a: 1}}}", "must be a mapping", id="field"),
    pytest.param("name: x\ndatasets: {_any: {fields: {a: {field: b, derive: bas}}}}",
                 "unknown derive 'bas'", id="derive"),
    pytest.param("name: x\ndatasets: {_any: {fields: {a: {field: b, mv: 1}}}}", "true or false",
                 id="mv"),
    pytest.param("name: x\ndatasets: {_any: {fields: {a: {derive: basename}}}}", "must be a text",
                 id="no-target"),
])
def test_a_wrong_file_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        parse_schema(text, "lake.yml")
    assert caught.value.code == "OUT505"
    assert caught.value.path == "lake.yml"


@pytest.mark.parametrize(("name", "message"), [
    pytest.param("sigm", "unknown schema", id="unknown"),
    pytest.param("no/such.yml", "cannot read", id="no-file"),
])
def test_an_unknown_schema_is_refused(name: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        find_schema(name)


def test_a_near_name_is_offered() -> None:
    with pytest.raises(UsageError) as caught:
        find_schema("sigm")
    assert caught.value.hint == "did you mean 'sigma'?"
