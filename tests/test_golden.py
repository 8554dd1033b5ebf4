"""The golden files of `rules/`: what the rules convert to now is what they say, and it was run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from transpile import Content
from transpile.content import load_rules
from transpile.golden import MANIFEST, build, compare

ROOT = Path(__file__).parent.parent
GOLDEN = ROOT / "golden"


@pytest.fixture(scope="module")
def built() -> dict[str, str]:
    rules, errors = load_rules(ROOT / "rules" / "detections")
    assert errors == ()
    files, _ = build(rules, Content.load(ROOT / "rules"))
    return files


def test_golden_files_are_as_they_should_be(built: dict[str, str]) -> None:
    changes = compare(GOLDEN, built)
    shown = "\n".join(f"{change.kind}: {change.path}\n{change.diff}" for change in changes)
    assert changes == [], f"{shown}\nif the change is meant: transpile golden update"


def test_no_conversion_does_something_else_than_it_claims(built: dict[str, str]) -> None:
    manifest = json.loads(built[MANIFEST])
    verdicts = {
        (rule, target): facts["verdict"]
        for rule, entry in manifest["rules"].items()
        for target, facts in entry["targets"].items()
    }
    assert len(verdicts) > 200
    bad = {key: v for key, v in verdicts.items() if v in ("narrower", "wider", "differs")}
    assert bad == {}


def test_most_conversions_were_executed(built: dict[str, str]) -> None:
    entries = json.loads(built[MANIFEST])["rules"].values()
    verdicts = [facts["verdict"] for entry in entries for facts in entry["targets"].values()]
    assert verdicts.count("not run") <= 5
