"""Target elastic and the rule formats: which language, the rule object, its JSON and its TOML."""

from __future__ import annotations

import json
import os
import tomllib
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transpile.backends.base import Draft, Inputs, RuleInfo
from transpile.backends.elastic.documents import FORMATS, integrations, opened, packaged
from transpile.backends.elastic.fields import required_fields
from transpile.backends.elastic.rule import identifier, rule_object, threats, title
from transpile.backends.elastic.validate import faults, toml_faults
from transpile.backends.eql import backend as eql
from transpile.backends.esql import backend as esql

from transpile import Content, convert, verify
from transpile.compiled import compile_rule
from transpile.content import load_rules, read_rule
from transpile.convert import convert_compiled
from transpile.errors import TranspileError
from transpile.fidelity import Fidelity, Observable
from transpile.verify import Verdict

pytest.importorskip("tomli_w")

CONTENT = Content.load("rules")
RULES, _ = load_rules(Path("rules/detections"))
CORPUS = os.environ.get("TRANSPILE_CORPUS")
ELASTIC = Path(CORPUS or "") / "elastic"
SCRIPT_BLOCKS = "rules/detections/endpoint/{}.yml"

DRAFT = Draft(
    text="FROM logs-*\n| STATS n = COUNT(*)\n",
    fidelity=Fidelity.EXACT,
    observable=Observable.ROWS,
    suffix=".esql",
    inputs=Inputs(dataset="endpoint.processes", schema="ecs", indices=("logs-endpoint.events.*",)),
)
INFO = RuleInfo(id="1", name="A rule", description="Finds things.", techniques=("T1059.001",))


# -- which language ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("search", "suffix"),
    [
        pytest.param("`sysmon` EventCode=1 ParentUser=a", ".eql", id="events"),
        pytest.param("`wineventlog_security` EventCode=4625 | bin _time span=5m "
                     "| stats count by _time IpAddress | where count > 5", ".eql", id="count"),
        pytest.param("`wineventlog_security` EventCode=4625 | stats dc(TargetUserName) as n "
                     "by IpAddress | where n > 5", ".esql", id="distinct-count"),
        pytest.param("`sysmon` EventCode=1 | where ParentUser=Company", ".esql", id="two-fields"),
    ],
)  # fmt: skip
def test_the_exact_language_is_taken_eql_first(search: str, suffix: str) -> None:
    compiled = compile_rule(read_rule(search), CONTENT)
    found = convert_compiled(compiled, "elastic", content=CONTENT)
    assert (found.fidelity, Path(found.filename).suffix) == (Fidelity.EXACT, suffix)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_elastic_is_as_good_as_the_better_of_both(rule: Any) -> None:
    compiled = compile_rule(rule, CONTENT)
    rank = [Fidelity.EXACT, Fidelity.SUPERSET, Fidelity.UNSUPPORTED]
    found = {t: convert_compiled(compiled, t, content=CONTENT) for t in ("elastic", "eql", "esql")}
    best = min(rank.index(found[t].fidelity) for t in ("eql", "esql"))
    assert rank.index(found["elastic"].fidelity) == best


@pytest.mark.parametrize(
    "name",
    [
        "interactive_session_on_remote_endpoint_with_powershell",
        "remote_process_instantiation_via_winrm_and_powershell_script_block",
        "remote_process_instantiation_via_wmi_and_powershell_script_block",
    ],
)
def test_script_blocks_are_exact_in_esql_and_assumed_in_eql(name: str) -> None:
    rule = SCRIPT_BLOCKS.format(name)
    by_eql = convert(rule, "eql", content=CONTENT)
    by_esql = convert(rule, "esql", content=CONTENT)
    assert [a for a in by_eql.assumptions if "is mapped as keyword or wildcard" in a]
    assert "(target esql can)" in " ".join(by_eql.assumptions)
    assert by_eql.fidelity is by_esql.fidelity is Fidelity.EXACT
    assert not [a for a in by_esql.assumptions if "mapped" in a]
    assert "TO_LOWER(powershell.file.script_block_text) LIKE" in by_esql.text
    assert convert(rule, "elastic", content=CONTENT).text == by_esql.text
    assert verify(rule, "esql", content=CONTENT).verdict is Verdict.EQUAL


# -- the rule object -----------------------------------------------------------------------------


def document(format: str, rule: Any, target: str = "elastic") -> Any:
    compiled = compile_rule(rule, CONTENT)
    found = convert_compiled(compiled, target, content=CONTENT, format=format)
    if found.draft is None:
        pytest.skip("no query")
    return json.loads(found.text) if format == "ndjson" else tomllib.loads(found.text)


@pytest.mark.parametrize("target", ["eql", "esql", "elastic"])
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_rule_keeps_the_field_rules(rule: Any, target: str) -> None:
    found = document("ndjson", rule, target)
    assert faults(found) == []
    assert toml_faults(document("toml", rule, target)) == []
    assert uuid.UUID(found["rule_id"]).version == 5
    assert found["enabled"] is False


@pytest.mark.parametrize("format", ["ndjson", "toml"])
@pytest.mark.parametrize("rule", RULES[::5], ids=lambda rule: rule.name)
def test_the_query_is_read_out_of_the_document_as_it_was(rule: Any, format: str) -> None:
    compiled = compile_rule(rule, CONTENT)
    bare = convert_compiled(compiled, "elastic", content=CONTENT)
    if bare.draft is None:
        pytest.skip("no query")
    packed = convert_compiled(compiled, "elastic", content=CONTENT, format=format)
    assert packed.filename.endswith(f".{format}")
    language, query = opened(packed.text, f".{format}")
    assert (f".{language}", query) == (bare.draft.suffix, bare.text.strip())


def test_what_the_deployment_says_is_the_schedule() -> None:
    cleared = next(rule for rule in RULES if rule.name == "Event Log Cleared")
    rule = document("ndjson", cleared)
    assert (rule["from"], rule["to"], rule["interval"]) == ("now-70m", "now-10m", "1h")


def test_without_a_deployment_it_is_kibanas() -> None:
    rule = rule_object(DRAFT, INFO, "esql")
    assert (rule["from"], rule["to"], rule["interval"]) == ("now-6m", "now", "5m")


@pytest.mark.parametrize(
    ("severity", "score", "wanted"),
    [
        pytest.param("high", None, ("high", 73), id="score-by-severity"),
        pytest.param("medium", 12, ("medium", 12), id="score-of-the-rule"),
        pytest.param("informational", None, ("low", 21), id="informational-is-low"),
    ],
)
def test_severity_and_score(severity: str, score: int | None, wanted: tuple[str, int]) -> None:
    rule = rule_object(DRAFT, replace(INFO, severity=severity, risk_score=score), "esql")
    assert (rule["severity"], rule["risk_score"]) == wanted


def test_a_technique_stands_below_each_of_its_tactics() -> None:
    found = threats(("T1053.005", "T1053", "T9999"))
    assert [threat["tactic"]["id"] for threat in found] == ["TA0002", "TA0003", "TA0004"]
    (technique,) = found[0]["technique"]
    (below,) = technique["subtechnique"]
    assert (technique["id"], below["id"]) == ("T1053", "T1053.005")
    assert below["reference"] == "https://attack.mitre.org/techniques/T1053/005/"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        pytest.param("A rule", "A rule", id="plain"),
        pytest.param("  *A rule!", "A rule", id="other-ends"),
        pytest.param("Ruledetects (x)", "Ruledetects (x)", id="bracket-at-the-end"),
        pytest.param("?", "Rule rule", id="nothing-left"),
    ],
)
def test_names(name: str, shown: str) -> None:
    assert title(replace(INFO, name=name)) == shown


def test_the_id_is_stable_and_of_the_language() -> None:
    assert identifier(INFO, "eql") == identifier(INFO, "eql") != identifier(INFO, "esql")
    assert identifier(INFO, "eql") != identifier(replace(INFO, id="2"), "eql")


def test_an_esql_rule_has_no_index_and_an_eql_rule_has() -> None:
    assert "index" not in rule_object(DRAFT, INFO, "esql")
    query = replace(DRAFT, text="process where true", suffix=".eql")
    assert rule_object(query, INFO, "eql")["index"] == ["logs-endpoint.events.*"]


def test_fields_that_the_query_makes_are_not_required() -> None:
    text = 'FROM logs-*\n| EVAL x = user.name\n| WHERE x == "a"\n| STATS n = COUNT(*) BY x\n'
    rule = rule_object(replace(DRAFT, text=text + "| WHERE n > 1\n"), INFO, "esql")
    assert rule["required_fields"] == [{"name": "user.name", "type": "keyword", "ecs": True}]


def test_columns_of_a_lookup_are_not_required() -> None:
    columns = {"seen": ("user", "enough")}
    inputs = Inputs(dataset="endpoint.processes", schema="ecs", columns=columns)
    text = "FROM x | EVAL user = user.name | LOOKUP JOIN seen ON user | WHERE enough == \"1\""
    assert [field["name"] for field in required_fields(text, "esql", inputs)] == ["user.name"]


def test_integrations_are_those_of_the_indices() -> None:
    assert integrations(("logs-system.security*", "winlogbeat-*", "logs-system.x*")) == ["system"]


def test_the_formats_are_those_declared() -> None:
    assert all(target.formats == FORMATS for b in (eql, esql) for target in b.targets())


odd = st.text(st.sampled_from('ab"\'\\\n\r\t{}[]#=`é😀\x00\x7f\u2028')) | st.text(
    st.characters(exclude_categories=["Cs"])
)


@settings(max_examples=200)
@given(odd, odd, odd, st.sampled_from(["ndjson", "toml"]))
def test_a_value_cannot_leave_its_place(name: str, text: str, loss: str, format: str) -> None:
    info = replace(INFO, name=name, description=text, false_positives=(text,), references=(loss,),
                   author=text, date=text, status=loss)  # fmt: skip
    draft = replace(DRAFT, assumptions=(loss,))
    made = packaged(draft, info, format, "esql").text
    rule = json.loads(made) if format == "ndjson" else tomllib.loads(made)["rule"]
    wanted = rule_object(draft, info, "esql")
    assert {key: rule[key] for key in wanted} == wanted
    assert (format == "toml") or made.count("\n") == 1


# -- Elastic's own rules -------------------------------------------------------------------------


@pytest.mark.corpus
@pytest.mark.skipif(not CORPUS, reason="needs TRANSPILE_CORPUS")
def test_the_validator_accepts_all_of_elastics_rules() -> None:
    paths = sorted(ELASTIC.rglob("*.toml"))
    wrong = {p.name: found for p in paths if (found := toml_faults(tomllib.loads(p.read_text())))}
    assert wrong == {}
    assert len(paths) == 2186


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        pytest.param({"name": "!"}, "name", id="name"),
        pytest.param({"risk_score": 101}, "risk_score", id="score"),
        pytest.param({"severity": "informational"}, "severity", id="severity"),
        pytest.param({"interval": "5 m"}, "interval", id="interval"),
        pytest.param({"from": "-1h"}, "from", id="from"),
        pytest.param({"index": ["a"]}, "no index", id="index-of-an-esql-rule"),
        pytest.param({"query": "FROM a | WHERE b"}, "METADATA", id="events-without-metadata"),
        pytest.param({"type": "eql"}, "language", id="language"),
        pytest.param({"rule_id": "X"}, "UUID", id="id"),
        pytest.param({"references": [""]}, "references", id="empty-reference"),
        pytest.param({"id": "x"}, "Kibana's own", id="managed-field"),
        pytest.param({"threat": [{"framework": "MITRE ATT&CK", "tactic": {"id": "T1"}}]}, "tactics",
                     id="tactic"),
    ],
)  # fmt: skip
def test_the_validator_finds_what_is_wrong(change: dict[str, Any], fault: str) -> None:
    rule = rule_object(DRAFT, INFO, "esql")
    assert faults(rule) == []
    assert fault in " ".join(faults({**rule, **change}))


@pytest.mark.corpus
@pytest.mark.skipif(not CORPUS, reason="needs TRANSPILE_CORPUS")
@pytest.mark.parametrize("format", ["toml", "ndjson"])
def test_documents_of_the_public_rules_keep_the_field_rules(format: str) -> None:
    root = Path(CORPUS or "") / "splunk"
    content = Content.load(root)
    rules, _ = load_rules(root / "detections")
    wrong: dict[str, list[str]] = {}
    written = 0
    for rule in rules:
        try:
            compiled = compile_rule(rule, content)
        except TranspileError:
            continue
        found = convert_compiled(compiled, "elastic", content=content, format=format)
        if found.draft is not None:
            written += 1
            wrong[rule.name] = (
                toml_faults(tomllib.loads(found.text)) if format == "toml"
                else faults(json.loads(found.text))
            )  # fmt: skip
    assert {name: what for name, what in wrong.items() if what} == {}
    assert written > 0.97 * len(rules) > 1000
