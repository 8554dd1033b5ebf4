"""The catalogue over public rules: claims confirmed on events, counts and pages beside known ones.

Reads `TRANSPILE_CORPUS`; the known pages are in the folder `seeds` beside it.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from transpile.catalog import Catalog, Entry
from transpile.catalog.common import common_name
from transpile.catalog.describing import shared_events
from transpile.compiled import compile_rule
from transpile.content import Content, Rule, load_rules
from transpile.errors import Unsupported
from transpile.interpret import NotComputable, compile_pred, event_row
from transpile.ir.events import event_rule
from transpile.ir.walk import rename_fields
from transpile.schema.resolve import resolve
from transpile.tables import tables_for
from transpile.verify.witness.maker import Maker
from transpile.verify.witness.near import near
from transpile.verify.witness.solve import solutions

CORPUS = Path(os.environ.get("TRANSPILE_CORPUS", ""))
SEEDS = CORPUS.parent / "seeds"
FOLDERS = (
    "splunk",
    "sigma/rules/windows/process_creation",
    "sigma/rules/windows/powershell",
    "elastic/rules/windows",
)
CLAIMS = 300
NEAR = 120

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(not os.environ.get("TRANSPILE_CORPUS"), reason="needs TRANSPILE_CORPUS"),
]


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return Catalog.build([CORPUS / folder for folder in FOLDERS])


# -- claims --------------------------------------------------------------------------------------

Event = dict[str, Any]


class Judge:
    """A rule as the interpreter sees it over field names that all languages share."""

    def __init__(self, rule: Rule, content: Content) -> None:
        compiled = compile_rule(rule, content)
        pipeline = shared_events(compiled)
        tables = tables_for(pipeline, content)
        part = event_rule(pipeline, tables=tables)
        resolution = resolve(part.source, part.pred, rule.data_sources)

        def name(field: str) -> str:
            return common_name(field, resolution)

        pred = rename_fields(part.pred, name)
        self.finds: Callable[[Event], bool] = compile_pred(pred)
        found = list(islice(solutions(pred), 8))
        self.events = [*found, *islice(near(found, pred, Maker()), NEAR)]


PATHS = {"process.executable": "process.name", "process.parent.executable": "process.parent.name"}


def whole(event: Event) -> Event | None:
    """Return an event in which a program's name is the end of its path, None if they differ."""
    event = dict(event)
    for path, name in PATHS.items():
        given, called = event.get(path), event.get(name)
        if isinstance(given, str):
            last = given.replace("/", "\\").rpartition("\\")[2]
            if called not in (None, last):
                return None
            if last:
                event[name] = last
        elif isinstance(called, str) and "\\" not in called and "/" not in called:
            event[path] = f"C:\\x\\{called}"
        elif given is not None or called is not None:
            return None
    return event


def test_claimed_neighbours_are_confirmed_on_events_made_for_both(catalog: Catalog) -> None:
    claims = [
        (narrow, other.index)
        for narrow, around in enumerate(catalog.related)
        for other in (*around.same, *around.broader)
    ]
    assert len(claims) > 150
    chosen = random.Random(8).sample(claims, min(CLAIMS, len(claims)))
    sources = {f"{rule.id} {rule.name}": rule for path in FOLDERS for rule in rules_of(path)}
    content = Content.load(CORPUS / "splunk")
    judges: dict[int, Judge | None] = {}

    def judge(at: int) -> Judge | None:
        if at not in judges:
            entry: Entry = catalog.rules[at]
            try:
                judges[at] = Judge(sources[f"{entry.id} {entry.name}"], content)
            except (Unsupported, NotComputable):
                judges[at] = None
        return judges[at]

    wrong, found, idle = [], 0, 0
    for narrow, wide in chosen:
        left, right = judge(narrow), judge(wide)
        if left is None or right is None:
            idle += 1
            continue
        tried = map(event_row, filter(None, map(whole, (*left.events, *right.events))))
        hits = [event for event in tried if left.finds(event)]
        found += bool(hits)
        if not all(map(right.finds, hits)):
            wrong.append((catalog.rules[narrow].name, catalog.rules[wide].name))
    assert wrong == []
    assert idle == 0
    assert found > 0.85 * len(chosen)  # a claim that no event tries is not confirmed


def rules_of(folder: str) -> tuple[Rule, ...]:
    return load_rules(CORPUS / folder)[0]


# -- the known pages -----------------------------------------------------------------------------


def counts(catalog: Catalog, name: str, field: str) -> dict[str, dict[str, int]]:
    rows = catalog.indicators(catalog.rule(name))
    return {v.text: dict(v.rules) for row in rows if row.field == field for v in row.values}


def test_counts_are_near_those_of_the_known_page(catalog: Catalog) -> None:
    name = "Remote Process Instantiation via WinRM and PowerShell"
    found = counts(catalog, name, "Processes.original_file_name")
    # seed 002: sigma 84, splunk 30, elastic 6 and so on, over all folders of another date
    assert 70 <= found["PowerShell.EXE"]["sigma"] <= 84
    assert 70 <= found["pwsh.dll"]["sigma"] <= 79
    assert 12 <= found["powershell_ise.EXE"]["sigma"] <= 18
    assert 10 <= found["PowerShell.EXE"]["splunk"] <= 30
    assert found["PowerShell.EXE"]["elastic"] >= 6
    assert counts(catalog, name, "Processes.process")["*Invoke-Command*"]["sigma"] == 2


@pytest.mark.parametrize(
    ("name", "stages", "values"),
    [
        pytest.param(
            "Remote Process Instantiation via WinRM and PowerShell",
            ["tstats", "search", "search", "search", "search"],
            {
                "Processes.original_file_name": {
                    "PowerShell.EXE", "powershell_ise.EXE", "pwsh.dll",
                },
                "Processes.process": {"*-ComputerName*", "*Invoke-Command*"},
                "Processes.process_name": {
                    "powershell.exe", "powershell_ise.exe", "pwsh.exe",
                    "sqlps.exe", "sqltoolsps.exe",  # this date's `process_powershell` has them
                },
            },
            id="seed-002",
        ),
        pytest.param(
            "Remote Process Instantiation via WMI and PowerShell Script Block",
            ["search", "stats", "search", "search", "search"],  # without the later `fillnull`
            {
                "EventCode": {"4104"},
                "ScriptBlockText": {
                    "*Invoke-WmiMethod*", "*-CN*", "*-ComputerName*", "*-Class Win32_Process*",
                    "*-Name create*",
                },
            },
            id="seed-004",
        ),
    ],
)  # fmt: skip
def test_a_page_has_the_stages_and_values_of_the_known_one(
    catalog: Catalog, name: str, stages: list[str], values: dict[str, set[str]]
) -> None:
    rule = catalog.rule(name)
    sheet = catalog.sheet(rule)
    assert len(sheet.stages) == len(stages)
    assert sheet.stages[0].kind == stages[0]
    found: dict[str, set[str]] = {}
    for value in rule.values:
        found.setdefault(value.field, set()).add(value.text)
    assert {field: found.get(field) for field in values} == values
