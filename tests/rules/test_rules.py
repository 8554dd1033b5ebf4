"""The sample content repository: every rule says what its hand-worked events expect of it.

The expectations come from the semantics reference, not from the program. The tables at the end hold
what the repository has to show: commands, constructs, functions, traps, generations of rule files.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from transpile.api import match, run
from transpile.compiled import compile_rule
from transpile.content import Content, Rule, expand
from transpile.content.yaml import load_yaml
from transpile.ir.pred import Unknown
from transpile.ir.stages import Aggregate, Opaque
from transpile.ir.walk import descend
from transpile.spl import ast, parse
from transpile.verify.compare import difference
from transpile.verify.fixtures import Fixtures, load_fixtures

ROOT = Path(__file__).resolve().parents[2] / "rules"
CONTENT = Content.load(ROOT)
SEARCH_START = 1767225600.0  # for fixtures that name none; no rule of theirs reads the clock

SEEDS = {
    "ba24cda8-4716-11ec-8009-3e22fbd008af": "Remote Process Instantiation via WinRM and PowerShell",
    "7d4c618e-4716-11ec-951c-3e22fbd008af": (
        "Remote Process Instantiation via WinRM and PowerShell Script Block"
    ),
    "a4e8f3a4-48b2-11ec-bcfc-3e22fbd008af": (
        "Interactive Session on Remote Endpoint with PowerShell"
    ),
    "2a048c14-4634-11ec-a618-3e22fbd008af": (
        "Remote Process Instantiation via WMI and PowerShell Script Block"
    ),
}


def stem(rule: Rule) -> str:
    assert rule.path is not None
    return Path(rule.path).stem


RULES = tuple(pytest.param(rule, id=stem(rule)) for rule in CONTENT.rules)
EVENTS = tuple(
    pytest.param(rule, number, id=f"{stem(rule)}-{number + 1}")
    for rule in CONTENT.rules
    for number in range(len(load_fixtures(rule, CONTENT).events))
)
ROWS = tuple(
    pytest.param(rule, id=stem(rule))
    for rule in CONTENT.rules
    if load_fixtures(rule, CONTENT).rows is not None
)


@dataclass(frozen=True, slots=True)
class Case:
    """A rule's fixtures and which of its events the interpreter finds."""

    fixtures: Fixtures
    now: float
    found: frozenset[int]


@cache
def case(path: str) -> Case:
    rule = next(rule for rule in CONTENT.rules if rule.path == path)
    fixtures = load_fixtures(rule, CONTENT)
    now = SEARCH_START if fixtures.now is None else fixtures.now
    found = match(rule, fixtures.events, content=CONTENT, now=now)
    return Case(fixtures, now, frozenset(found))


def case_of(rule: Rule) -> Case:
    assert rule.path is not None
    return case(rule.path)


# -- each rule ------------------------------------------------------------------------------------


def test_every_file_loads() -> None:
    assert CONTENT.errors == ()
    assert len(CONTENT.rules) == len(list((ROOT / "detections").rglob("*.yml"))) >= 44


@pytest.mark.parametrize("rule", RULES)
def test_nothing_of_a_rule_is_opaque(rule: Rule) -> None:
    pipeline = compile_rule(rule, CONTENT).pipeline
    assert [node for node in descend(pipeline) if isinstance(node, (Opaque, Unknown))] == []


@pytest.mark.parametrize("rule", RULES)
def test_fixtures_are_well_formed(rule: Rule) -> None:
    fixtures = case_of(rule).fixtures
    assert fixtures.match.count(True) >= 2
    assert fixtures.match.count(False) >= 3
    assert None not in fixtures.match
    assert all(fixtures.why)
    assert all(isinstance(event.get("_time"), (int, float)) for event in fixtures.events)


@pytest.mark.parametrize(("rule", "number"), EVENTS)
def test_event_is_found_as_worked_out(rule: Rule, number: int) -> None:
    known = case_of(rule)
    assert (number in known.found) == known.fixtures.match[number], known.fixtures.why[number]


@pytest.mark.parametrize("rule", ROWS)
def test_rows_are_as_worked_out(rule: Rule) -> None:
    known = case_of(rule)
    rows = run(rule, known.fixtures.events, content=CONTENT, now=known.now)
    assert difference(known.fixtures.rows or (), rows) == ([], [])


@pytest.mark.parametrize("rule", RULES)
def test_rule_that_aggregates_has_expected_rows(rule: Rule) -> None:
    pipeline = compile_rule(rule, CONTENT).pipeline
    aggregates = any(isinstance(stage, Aggregate) for stage in pipeline.stages)
    assert not aggregates or case_of(rule).fixtures.rows


@pytest.mark.parametrize("rule", RULES)
def test_rule_can_be_told_from_its_neighbours(rule: Rule) -> None:
    assert rule.mitre_attack_ids
    assert rule.description
    assert [other.id for other in CONTENT.rules].count(rule.id) == 1
    assert [other.name for other in CONTENT.rules].count(rule.name) == 1
    assert CONTENT.deployment_for(rule) is not None


# -- the repository as a whole --------------------------------------------------------------------


def test_every_fixture_file_belongs_to_a_rule() -> None:
    rules = {stem(rule) for rule in CONTENT.rules}
    assert {path.stem for path in (ROOT / "events").iterdir()} == rules


@pytest.mark.parametrize(("rule_id", "name"), SEEDS.items())
def test_seed_rule_is_there(rule_id: str, name: str) -> None:
    assert [rule.name for rule in CONTENT.rules if rule.id == rule_id] == [name]


@pytest.mark.parametrize("generation", ["2024", "2025", "2026"])
def test_generation_of_rule_files_occurs(generation: str) -> None:
    assert sum(rule.generation == generation for rule in CONTENT.rules) >= 10


def test_every_macro_and_lookup_is_used() -> None:
    searches = "\n".join(rule.search for rule in CONTENT.rules)
    definitions = [load_yaml(path) for path in (ROOT / "macros").glob("*.yml")]
    texts = searches + "\n".join(each["definition"] for each in definitions)
    names = [each["name"] for each in definitions]
    assert [name for name in names if not re.search(rf"`{name}\b", texts)] == []
    assert "`private_network(" in searches  # from macros.conf
    lookups = [path.stem for path in (ROOT / "lookups").glob("*.yml")]
    assert [name for name in lookups if not re.search(rf"lookup {name}\b", searches)] == []


TRAPS = (*range(1, 18), 19, 20, 21, 26, 27, 28, 31, 33, 37, 38)


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: f"T{trap}")
def test_trap_is_aimed_at_by_an_event(trap: int) -> None:
    reasons = [why for rule in CONTENT.rules for why in case_of(rule).fixtures.why]
    assert any(re.search(rf"\bT{trap}: ", why) for why in reasons)


# -- constructs -----------------------------------------------------------------------------------


def walk(value: Any) -> Iterator[Any]:
    """Yield a syntax tree's nodes, the node itself included."""
    if isinstance(value, tuple):
        for item in value:
            yield from walk(item)
    elif is_dataclass(value):
        yield value
        for each in fields(value):
            yield from walk(getattr(value, each.name))


@cache
def trees() -> tuple[ast.Search, ...]:
    return tuple(parse(expand(rule.search, CONTENT, rule_name=rule.name)) for rule in CONTENT.rules)


@cache
def nodes() -> tuple[Any, ...]:
    return tuple(walk(trees()))


COMMANDS = (
    "append", "bin", "chart", "convert", "dedup", "eval", "eventstats", "fields", "fillnull",
    "head", "inputlookup", "join", "lookup", "makemv", "mvexpand", "regex", "rename", "rex",
    "search", "sort", "spath", "stats", "streamstats", "table", "transaction", "tstats", "where",
)  # fmt: skip
FUNCTIONS = (
    "case", "cidrmatch", "coalesce", "if", "in", "isnotnull", "isnull", "len", "like", "lower",
    "match", "mvcount", "mvdedup", "mvfind", "mvindex", "mvjoin", "now", "relative_time", "replace",
    "split", "strftime", "tonumber", "trim", "true", "urldecode",
)  # fmt: skip
AGGREGATES = (
    "avg", "count", "dc", "earliest", "first", "last", "latest", "list", "max", "min", "range",
    "stdev", "sum", "values",
)  # fmt: skip


@pytest.mark.parametrize("name", COMMANDS)
def test_command_is_used(name: str) -> None:
    assert any(isinstance(node, ast.Command) and node.name == name for node in nodes())


@pytest.mark.parametrize("name", FUNCTIONS)
def test_eval_function_is_used(name: str) -> None:
    assert any(isinstance(node, ast.Call) and node.name == name for node in nodes())


@pytest.mark.parametrize("name", AGGREGATES)
def test_statistical_function_is_used(name: str) -> None:
    assert any(isinstance(node, ast.AggCall) and node.func == name for node in nodes())


def value_like(pattern: str, *, quoted: bool | None = None) -> Callable[[Any], bool]:
    """Return a test for a filter value; pattern: regex over the whole unescaped text."""

    def holds(node: Any) -> bool:
        return (
            isinstance(node, ast.Value)
            and re.fullmatch(pattern, node.text, re.DOTALL) is not None
            and quoted in (None, node.quoted)
        )

    return holds


def has_part(node: Any, kind: type, part: Callable[[Any], bool]) -> bool:
    return isinstance(node, kind) and any(map(part, walk(node)))


def is_or_of_and(node: Any) -> bool:
    sides = (node.left, node.right) if isinstance(node, ast.Binary) and node.op == "OR" else ()
    return any(isinstance(side, ast.Binary) and side.op == "AND" for side in sides)


CONSTRUCTS: dict[str, Callable[[Any], bool]] = {
    "OR inside AND without a word for it": lambda n: (
        isinstance(n, ast.And) and any(isinstance(arg, ast.Or) for arg in n.args)
    ),
    "NOT of a list": lambda n: isinstance(n, ast.Not) and isinstance(n.arg, ast.In),
    "NOT of a number in tstats": lambda n: has_part(
        n, ast.Tstats, lambda m: isinstance(m, ast.Not) and has_part(m, ast.Not, value_like(r"\d+"))
    ),
    "!= in a filter": lambda n: isinstance(n, ast.Comparison) and n.op == "!=",
    "> in a filter": lambda n: isinstance(n, ast.Comparison) and n.op == ">",
    "< in a filter": lambda n: isinstance(n, ast.Comparison) and n.op == "<",
    "wildcard in an IN list": lambda n: has_part(n, ast.In, value_like(r".*\*.*")),
    "quoted wildcard": value_like(r".*\*.*", quoted=True),
    "bare wildcard": value_like(r"[^*]+\*", quoted=False),
    "wildcard inside a value": value_like(r".*[^*]\*[^*].*"),
    "backslash, then wildcard": value_like(r".*\\\*"),
    "UNC path": value_like(r".*\\\\\*.*"),
    "question mark as a character": value_like(r".*\?.*"),
    "existence": value_like(r"\*"),
    "network": value_like(r"[0-9.]+/\d+"),
    "IPv6 network": value_like(r"[0-9a-f:]+/\d+"),
    "keyword": lambda n: isinstance(n, ast.Term) and not n.quoted and n.text.isalpha(),
    "keyword with a wildcard": lambda n: isinstance(n, ast.Term) and n.text[1:].endswith("*"),
    "phrase": lambda n: isinstance(n, ast.Term) and n.quoted and " " in n.text,
    "field in double quotes with braces": lambda n: isinstance(n, ast.In) and "{}" in n.field,
    "time bounds": lambda n: isinstance(n, ast.TimeBound) and n.name == "latest",
    "fillnull_value": lambda n: isinstance(n, ast.Tstats) and n.option("fillnull_value") == "null",
    "_time span in tstats": lambda n: isinstance(n, ast.Tstats) and bool(n.span_text),
    "nodename": lambda n: isinstance(n, ast.Comparison) and n.field == "nodename",
    "OR of AND in where": lambda n: has_part(n, ast.Where, is_or_of_and),
    "NOT in where": lambda n: has_part(
        n, ast.Where, lambda m: isinstance(m, ast.Unary) and m.op == "NOT"
    ),
    "LIKE operator": lambda n: isinstance(n, ast.Binary) and n.op == "LIKE",
    "IN operator of where": lambda n: isinstance(n, ast.InList),
    "field against field": lambda n: (
        isinstance(n, ast.Binary)
        and n.op == "!="
        and isinstance(n.left, ast.FieldRef)
        and isinstance(n.right, ast.FieldRef)
    ),
    "field in single quotes": lambda n: isinstance(n, ast.FieldRef) and n.quoted,
    "concatenation": lambda n: isinstance(n, ast.Binary) and n.op == ".",
    "count(eval())": lambda n: (
        isinstance(n, ast.AggCall) and n.func == "count" and n.eval_arg is not None
    ),
    "sum(eval())": lambda n: (
        isinstance(n, ast.AggCall) and n.func == "sum" and n.eval_arg is not None
    ),
    "bare fillnull": lambda n: isinstance(n, ast.Fillnull) and not n.fields,
    "fillnull of fields": lambda n: isinstance(n, ast.Fillnull) and bool(n.fields),
    "subsearch as a filter": lambda n: isinstance(n, ast.SubsearchTerm),
}


@pytest.mark.parametrize("construct", CONSTRUCTS)
def test_construct_is_used(construct: str) -> None:
    assert any(map(CONSTRUCTS[construct], nodes()))


TEXTS = {
    "rename with wildcards": r"\| rename \S+\.\* as \*",
    "rename to a quoted name": r'as "name space"',
    "search after stats": r"\| stats [^|]+\| search ",
    "threshold after stats": r"\| stats [^|]+\| where \w+ ?>",
    "bucket spelling": r"\| bucket ",
    "bin spelling": r"\| bin ",
    "lookup with OUTPUTNEW": r"OUTPUTNEW",
    "ctime macro": r"`security_content_ctime\(",
    "filter macro of the rule": r"_filter`",
    "macro with several arguments": r"`\w+\([^)`]+,[^)`]+\)`",
}


@pytest.mark.parametrize("construct", TEXTS)
def test_spelling_is_used(construct: str) -> None:
    assert any(re.search(TEXTS[construct], rule.search) for rule in CONTENT.rules)


def test_macro_calls_macro() -> None:
    nested = CONTENT.macro("process_rundll32", 0)
    assert nested is not None
    assert "`process_named(" in nested.definition


@pytest.mark.parametrize("kind", ["WILDCARD", "CIDR"])
def test_lookup_matches_in_this_way(kind: str) -> None:
    lookups = [CONTENT.lookup(path.stem) for path in (ROOT / "lookups").glob("*.yml")]
    assert any(found and kind in found.match_types.values() for found in lookups)
