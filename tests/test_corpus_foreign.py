"""Samples of the two measurements on public rules: Splunk's Sigma twins, and the way round by SPL.

The tools print the whole tables; here none of a sample may be wrong on our side.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

import pytest

CORPUS = os.environ.get("TRANSPILE_CORPUS")
ROOT = Path(__file__).resolve().parents[1]
PYTHON = ROOT / ".venv1" / "bin" / "python"

pytestmark = [pytest.mark.corpus, pytest.mark.skipif(not CORPUS, reason="needs TRANSPILE_CORPUS")]


def tool(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def test_no_disagreement_with_a_twin_is_ours():
    found = list(tool("twins").outcomes(Path(CORPUS), step=50))
    assert [each for each in found if each.verdict == "ours"] == []
    assert sum(each.verdict in ("equal", "twin") for each in found) >= len(found) - 2


@pytest.mark.skipif(not PYTHON.exists(), reason="needs .venv1 with pySigma's Splunk backend")
def test_rules_with_regression_events_find_them_after_the_way_round():
    roundtrip = tool("roundtrip")
    known = roundtrip.regression_events(Path(CORPUS))
    rules = [rule for rule in roundtrip.windows_rules(Path(CORPUS)) if rule.id in known][::12]
    found = list(roundtrip.outcomes(Path(CORPUS), rules, str(PYTHON)))
    assert [each for each in found if each.regression == "differs"] == []
    assert sum(each.regression == "same" for each in found) > len(found) / 2
