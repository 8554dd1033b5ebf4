"""SPL cases of the corpus: rates that must not fall (run by `shared/tools/spl_cases.py`)."""

from __future__ import annotations

import importlib.util
import json
import os
from collections import Counter
from pathlib import Path

import pytest

CORPUS = os.environ.get("TRANSPILE_CORPUS")
FLOORS = {"parse": 0.99, "reject": 1.0, "rows": 0.97}


@pytest.mark.corpus
@pytest.mark.skipif(not CORPUS, reason="TRANSPILE_CORPUS is not set")
@pytest.mark.parametrize("kind", FLOORS)
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # the runner leaves files open
def test_pass_rate(kind: str, tmp_path: Path) -> None:
    assert CORPUS is not None
    runner = Path(CORPUS).parent / "tools" / "spl_cases.py"
    spec = importlib.util.spec_from_file_location("spl_cases", runner)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    adapter = Path(__file__).with_name("spl_adapter.py")
    output = tmp_path / "cases.json"
    cases = str(Path(CORPUS, "spl_cases"))
    module.main([str(adapter), "--cases", cases, "--kind", kind, "--json", str(output)])
    statuses = Counter(result["status"] for result in json.loads(output.read_text()))
    rate = statuses["pass"] / sum(statuses.values())
    assert rate >= FLOORS[kind], statuses
