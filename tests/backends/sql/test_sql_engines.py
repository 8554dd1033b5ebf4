"""The engines of the SQL targets: rules on every one, what they leave behind, what is missing."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from sql_bench import (
    BACKEND,
    ENGINES,
    EXECUTED,
    NOW,
    SERVERS,
    assert_same,
    emit,
    engine_of,
    sql_rows,
)
from transpile.backends.sql.engine import at_time

from transpile import Content
from transpile.compiled import compile_rule
from transpile.content import load_rules, read_rule
from transpile.convert import convert_compiled
from transpile.errors import UsageError
from transpile.tables import tables_for
from transpile.verify import Verdict, check_conversion
from transpile.verify.fixtures import load_fixtures
from transpile.verify.render import cases
from transpile.verify.witness import maker_for, witnesses

ROOT = Path(__file__).parents[3]
CORPUS = os.environ.get("TRANSPILE_CORPUS")
REPOSITORIES = [
    pytest.param(ROOT / "rules", 1, 40, id="our-rules"),
    pytest.param(
        Path(CORPUS or ".", "splunk"), 40, 20, id="public-rules",
        marks=[pytest.mark.corpus, pytest.mark.skipif(CORPUS is None, reason="no corpus")],
    ),
]


@pytest.mark.engines
@pytest.mark.parametrize(("root", "step", "least"), REPOSITORIES)
@pytest.mark.parametrize("variant", SERVERS)
def test_rules_find_the_same_rows_on_an_engine(
    variant: str, root: Path, step: int, least: int
) -> None:
    """Witness and fixture events; least: rules that must have been compared."""
    engine_of(variant)
    content = Content.load(root)
    rules, _ = load_rules(root / "detections")
    verdicts: Counter[Verdict] = Counter()
    for rule in rules[::step]:
        compiled = compile_rule(rule, content)
        tables = tables_for(compiled.pipeline, content)
        maker = maker_for(compiled.pipeline, rule.data_sources, tables)
        events = (*load_fixtures(rule, content).events, *witnesses(compiled.pipeline, maker))
        conversion = convert_compiled(compiled, f"sql:{variant}", content=content)
        report = check_conversion(compiled, conversion, events, content=content, now=NOW)
        assert not report.verdict.bad, (rule.name, conversion.text, report.differences)
        verdicts[report.verdict] += 1
    assert verdicts[Verdict.EQUAL] >= least, verdicts


@pytest.mark.parametrize("variant", ENGINES)
def test_the_clock_of_an_engine_is_the_given_time(variant: str) -> None:
    draft = emit('search index=x | eval n=now(), t="now64(6) NOW() now()" | table n t', variant)
    assert sql_rows(draft, [{"index": "x"}], variant) == [
        {"n": pytest.approx(NOW), "t": "now64(6) NOW() now()"}
    ]


@pytest.mark.parametrize("variant", [name for name in ENGINES if name != "sqlite"])
def test_a_group_that_may_be_empty_is_found_behind_a_test(variant: str) -> None:
    search = r'search index=x | rex field=a ".*\\\(?<process_name>.*)$" | table process_name'
    texts = ("x\\Ftp.exe", "\\", "none")
    events = [{"_time": 9 - at, "a": text} for at, text in enumerate(texts)]
    assert_same(search, [*events, {"_time": 1}], variant)


def test_a_time_stands_for_calls_only() -> None:
    query = "SELECT NOW(6) + now ( ), 'NOW()', `NOW`, \"now()\" /* NOW() */"
    found = at_time(query, "clickhouse", "now", "5")
    assert found == "SELECT 5 + 5, 'NOW()', `NOW`, \"now()\" /* NOW() */"


@pytest.mark.parametrize("variant", ENGINES)
def test_a_run_leaves_nothing_behind(variant: str) -> None:
    draft = emit("search index=x a=1 | stats count by a", variant)
    events = [{"index": "x", "a": "1"}]
    engine = engine_of(variant)
    for _ in range(2):
        assert engine.run(draft, events, lookups={}, now=NOW).rows == ({"a": "1", "count": 1},)
    empty = emit("search index=x a=1 b=2 | table a", variant)
    assert engine.run(empty, [], lookups={}, now=NOW).rows == ()


@pytest.mark.engines
@pytest.mark.parametrize("end", [
    pytest.param("", id="that-ends"),
    pytest.param("sys.stdout.flush(); os.kill(os.getpid(), 9)", id="that-is-killed"),
])
def test_the_own_server_of_postgres_goes_with_its_process(end: str) -> None:
    engine_of("postgres")
    code = (
        "from transpile.backends.sql.postgres_server import own_server;"
        "import os, sys; named = own_server(); folder = named.split()[0].removeprefix('host=');"
        "print(folder, open(folder + '/data/postmaster.pid').readline().strip(),"
        f"      os.stat(folder + '/data').st_uid); {end}"
    )
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    folder, process, owner = done.stdout.split()
    for _ in range(100):
        if not Path(folder).exists():
            break
        time.sleep(0.1)
    assert not Path(folder).exists()
    state = Path("/proc", process, "stat")  # a dead one stays until somebody asks for it
    assert not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z"
    assert int(owner) != 0


@pytest.mark.parametrize(("variant", "module"), [
    pytest.param("clickhouse", "chdb", id="chdb"),
    pytest.param("postgres", "psycopg", id="psycopg"),
    pytest.param("spark", "pyspark.sql", id="pyspark"),
])
def test_an_engine_that_is_missing_is_not_run(
    variant: str, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transpile.backends.sql import engine_chdb, engine_postgres, engine_spark

    for opened in (engine_chdb._connection, engine_postgres._connection, engine_spark._session):
        monkeypatch.setattr(sys.modules[opened.__module__], opened.__name__, opened.__wrapped__)
    monkeypatch.setitem(sys.modules, module, None)
    engine = BACKEND.sql_engine(variant)
    assert engine is not None
    with pytest.raises(UsageError) as caught:
        engine.run(emit("search index=x", variant), [{"index": "x"}], lookups={}, now=NOW)
    assert caught.value.code == "OUT504"
    assert "pip install transpile[" in caught.value.hint


def test_each_dialect_says_what_executes_it() -> None:
    engines = {info.name.removeprefix("sql:"): info.engine for info in BACKEND.targets()}
    assert {name for name, engine in engines.items() if engine} == {*EXECUTED, *SERVERS}
    for name, engine in engines.items():
        assert (BACKEND.sql_engine(name) is not None) == bool(engine)


@pytest.mark.parametrize("variant", ENGINES)
def test_a_query_that_an_engine_does_not_run_is_a_verdict(variant: str) -> None:
    engine_of(variant)
    content = Content.builtin()
    compiled = compile_rule(read_rule("search index=x | table a"), content)
    conversion = convert_compiled(compiled, f"sql:{variant}", content=content)
    assert conversion.draft is not None
    wrong = replace(conversion.draft, text=conversion.text.replace('"a"', "no_function(1)")
                    .replace("`a`", "no_function(1)"))
    report = check_conversion(
        compiled, replace(conversion, draft=wrong), [{"index": "x", "a": "1"}], content=content
    )
    assert report.verdict is Verdict.REJECTED
    assert "no_function" in report.reason
    [finding] = cases([report])[0].findings
    assert finding.code == "VER806"
