"""What the backend declares, and what importing it costs."""

from __future__ import annotations

import subprocess
import sys

import pytest
from sql_bench import BACKEND, DIALECTS, emit
from transpile.backends.sql.aggregates import AGGREGATES
from transpile.backends.sql.check import check
from transpile.backends.sql.dialects import DIALECTS as MODULES
from transpile.backends.sql.dialects import load_dialect
from transpile.backends.sql.functions import FUNCTIONS, REGEX_FUNCTIONS
from transpile.backends.sql.stages import STAGES

from transpile.errors import Unsupported, UsageError
from transpile.ir import functions


def test_importing_the_backend_loads_neither_sqlglot_nor_duckdb() -> None:
    code = (
        "import sys, transpile.backends.sql as b; b.backend.targets();"
        "print([m for m in ('sqlglot', 'duckdb') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_targets_are_the_dialects_and_declare_the_stages() -> None:
    assert set(DIALECTS) == set(MODULES)
    sources = {"Events", "DataModel", "LookupTable", "Made"}
    for target in BACKEND.targets():
        assert target.native == sources | {kind.__name__ for kind in STAGES}


def test_every_table_entry_is_a_name_of_the_ir() -> None:
    assert FUNCTIONS.keys() | REGEX_FUNCTIONS.keys() <= functions.FUNCTIONS.keys()
    assert AGGREGATES.keys() <= functions.AGGREGATES.keys()


@pytest.mark.parametrize("variant", DIALECTS)
def test_a_function_that_the_dialect_does_not_list_is_not_printed(variant: str) -> None:
    from sqlglot import exp

    query = exp.select(exp.Anonymous(this="NO_SUCH_FUNCTION"))
    with pytest.raises(Unsupported) as caught:
        check([*query.walk()], load_dialect(variant))
    assert caught.value.code == "TGT604"


def test_an_unknown_dialect_or_schema_is_wrong_usage() -> None:
    with pytest.raises(UsageError):
        emit("index=x", "oracle")
    with pytest.raises(UsageError):
        emit("index=x", schema="nope")


@pytest.mark.parametrize(("search", "code"), [
    pytest.param("index=x | anomalies | table City", "TGT608", id="stage"),
    pytest.param('index=x | eval a=json_keys(b) | table a', "TGT604", id="function"),
    pytest.param('index=x | regex a="y(?!xx)"', "TGT605", id="regular-expression"),
])
def test_a_refusal_names_the_place(search: str, code: str) -> None:
    with pytest.raises(Unsupported) as caught:
        emit(search)
    assert caught.value.code == code
    assert caught.value.span is not None


@pytest.mark.parametrize("variant", DIALECTS)
def test_a_data_model_rule_prints_in_every_dialect(variant: str) -> None:
    search = (
        "| tstats count min(_time) as firstTime values(Processes.process) as process from "
        "datamodel=Endpoint.Processes where Processes.process_name=a*.exe by Processes.dest "
        '| rename Processes.* as * | convert timeformat="%Y-%m-%dT%H:%M:%S" ctime(firstTime)'
    )
    draft = emit(search, variant)
    assert str(draft.fidelity) == "exact"
    assert draft.inputs.tables == {"process_events": "endpoint.processes"}
    assert "a%.exe" in draft.text
