"""Witness events are the same in every run, whatever order sets happen to have."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import hashlib, sys
from pathlib import Path
from transpile import Content
from transpile.compiled import compile_rule
from transpile.content import load_rules
from transpile.verify.trial import trial_of
content = Content.load("rules")
rules, _ = load_rules(Path("rules/detections/endpoint"))
for rule in rules[::6]:
    trial = trial_of(compile_rule(rule, content), (), content=content)
    print(rule.name, len(trial.events), hashlib.sha256(repr(trial.events).encode()).hexdigest())
"""


def made(seed: int, padding: int) -> str:
    """Return a digest of the events per rule. padding: moves objects to other addresses."""
    ran = subprocess.run(
        [sys.executable, "-c", f"padding = [object() for _ in range({padding})]\n{PROGRAM}"],
        cwd=ROOT, capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONHASHSEED": str(seed)},
    )  # fmt: skip
    return ran.stdout


@pytest.fixture(scope="module")
def first() -> str:
    return made(0, 0)


@pytest.mark.parametrize(("seed", "padding"), [(1, 0), (4, 50), (5, 333)])
def test_another_run_makes_the_same_events(first: str, seed: int, padding: int) -> None:
    assert first.count("\n") > 5
    assert made(seed, padding) == first
