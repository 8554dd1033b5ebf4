"""What was proved is so on random events near the rule's own; what was not proved shows there."""

from __future__ import annotations

import random
from collections import Counter
from importlib import util
from pathlib import Path
from types import ModuleType

import pytest

from transpile import Content
from transpile.compiled import compile_rule
from transpile.content import read_rule
from transpile.convert import Conversion, convert_compiled
from transpile.verify import Trial, trial_of
from transpile.verify.witness import maker

CONTENT = Content.builtin()
MODEL = "| tstats count from datamodel="
WORDS = MODEL + 'Web where Web.url=*/x/* Web.status IN ("unknown", "200") by Web.status Web.url'
RULES = [
    pytest.param(
        MODEL + "Endpoint.Processes where Processes.process_name IN (a.exe, b*) "
        'NOT Processes.process="* /q *" by Processes.dest Processes.user',
        id="patterns",
    ),
    pytest.param(WORDS, id="words-in-a-field-of-numbers"),
    pytest.param(
        MODEL + "Network_Traffic where All_Traffic.dest_port>1023 OR All_Traffic.app=smb "
        "by All_Traffic.src | where count > 3",
        id="numbers-and-a-threshold",
    ),
    pytest.param(
        "source=x a.b{}=v* NOT c.d{}=w a.e=5 | stats count by a.e | where count > 1", id="members"
    ),
    pytest.param(
        "index=a user=* | eval short=lower(user) | where match(short, \"^ad\\d\") OR len(user) > 9",
        id="computed",
    ),
]


def _tool() -> ModuleType:
    path = Path(__file__).parents[2] / "tools" / "refute.py"
    spec = util.spec_from_file_location("refute", path)
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TOOL = _tool()


def _made(search: str, target: str) -> tuple[Trial, Conversion]:
    compiled = compile_rule(read_rule(search), CONTENT)
    trial = trial_of(compiled, content=CONTENT, now=TOOL.NOW)
    return trial, convert_compiled(compiled, target, content=CONTENT)


@pytest.mark.parametrize("target", ["sigma", "eql", "esql", "sql:duckdb"])
@pytest.mark.parametrize("search", RULES)
def test_what_is_proved_is_so_on_random_events(search: str, target: str) -> None:
    counts: Counter[str] = Counter()
    trial, conversion = _made(search, target)
    assert not list(TOOL.refuted(trial, conversion, random.Random(1), counts))
    assert bool(counts["events"]) is (conversion.draft is not None)


@pytest.mark.parametrize("search", RULES)
def test_random_events_refute_that_every_mutant_is_the_rule(search: str) -> None:
    trial, conversion = _made(search, "sql:duckdb")
    mutants = trial.mutants(rows=True)
    tried = TOOL.Near(trial, random.Random(1), mutants).trial()
    assert len(list(TOOL.refuted_mutants(tried, conversion, mutants))) > len(mutants) / 2


def test_a_proof_from_too_much_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maker, "_compared_with_words", lambda pipeline: iter(()))
    trial, conversion = _made(WORDS, "sql:duckdb")
    found = list(TOOL.refuted(trial, conversion, random.Random(1), Counter()))
    assert any("not the same rule: case respected" in text for text in found)
