"""The public rules and the parse cases of other projects, read where TRANSPILE_CORPUS says."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from transpile.errors import SplSyntaxError
from transpile.spl import parse

HERE = Path(__file__).parent
CORPUS = os.environ.get("TRANSPILE_CORPUS")
pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(CORPUS is None, reason="TRANSPILE_CORPUS is not set"),
]
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
CALL = re.compile(r'"(?:[^"\\]|\\.)*"|```.*?```|`([\w-]+)(?:\((.*?)\))?`', re.DOTALL)
# Macros of the CIM add-on, and those that each rule brings along.
ELSEWHERE = {("drop_dm_object_name", 1): (["object"], 'rename "$object$.*" as *')}
UNKNOWN = "search *"

Macros = dict[tuple[str, int], tuple[list[str], str]]


def macros(folder: Path) -> Macros:
    found: Macros = dict(ELSEWHERE)
    for path in folder.glob("*.yml"):
        macro = yaml.load(path.read_text(encoding="utf-8"), LOADER)
        arguments = macro.get("arguments") or []
        found[macro["name"].split("(")[0], len(arguments)] = arguments, str(macro["definition"])
    return found


def expanded(text: str, known: Macros) -> str:
    """Expand macro calls just well enough to have text to parse; content does it properly."""

    def replacement(call: re.Match[str]) -> str:
        if call[1] is None:
            return call[0]
        values = [v.strip().strip('"') for v in call[2].split(",")] if call[2] is not None else []
        names, definition = known.get((call[1], len(values)), ([], UNKNOWN))
        for name, value in zip(names, values, strict=True):
            definition = definition.replace(f"${name}$", value)
        return expanded(definition, known)

    return CALL.sub(replacement, text)


def faulty() -> set[str]:
    lines = (HERE / "faulty_rules.txt").read_text(encoding="utf-8").splitlines()
    return {line.split("  ")[0] for line in lines if line and not line.startswith("#")}


def cases(name: str) -> Iterator[dict[str, str]]:
    assert CORPUS is not None
    for line in (Path(CORPUS) / "spl_cases" / name).read_text(encoding="utf-8").splitlines():
        yield json.loads(line)


def refused(text: str) -> bool:
    try:
        parse(text)
    except SplSyntaxError as error:
        return error.code.startswith("SPL1") and error.line is not None
    return False


def test_every_public_rule_parses_except_the_faulty_ones() -> None:
    assert CORPUS is not None
    known = macros(Path(CORPUS) / "splunk" / "macros")
    rules = sorted((Path(CORPUS) / "splunk" / "detections").rglob("*.yml"))
    searches = ((p.name, yaml.load(p.read_text(encoding="utf-8"), LOADER)["search"]) for p in rules)
    assert {name for name, search in searches if refused(expanded(search, known))} == faulty()
    assert len(rules) > 1000


def test_nearly_all_searches_of_other_projects_parse() -> None:
    results = [refused(case["spl"]) for case in cases("parse.jsonl")]
    assert results.count(True) <= len(results) // 100


def test_every_wrong_search_of_other_projects_is_refused() -> None:
    assert [case["id"] for case in cases("reject.jsonl") if not refused(case["spl"])] == []
