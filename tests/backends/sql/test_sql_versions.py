"""The lowest version of sqlglot that we take and the newest one print the same queries."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sql_bench import DIALECTS

ROOT = Path(__file__).parents[3]


def digests(root: str) -> dict[str, str]:
    """Return a digest of what each rule of a repository becomes in each dialect."""
    from transpile import Content
    from transpile.compiled import compile_rule
    from transpile.content import load_rules
    from transpile.convert import convert_compiled

    content = Content.load(Path(root))
    found = {}
    for rule in load_rules(Path(root, "detections"))[0]:
        compiled = compile_rule(rule, content)
        for dialect in DIALECTS:
            made = convert_compiled(compiled, f"sql:{dialect}", content=content)
            text = f"{made.fidelity}\n{made.text}"
            found[f"{rule.name} {dialect}"] = hashlib.sha256(text.encode()).hexdigest()
    return found


@pytest.mark.engines
@pytest.mark.parametrize("which", ["lowest", "newest"])
def test_a_version_of_sqlglot_prints_the_same_queries(which: str) -> None:
    folder = ROOT / "build" / "sqlglot" / which
    if not folder.is_dir():
        pytest.skip(f"no sqlglot in {folder}: `make test-engines` installs it")
    path = os.pathsep.join([str(folder), str(ROOT / "tests" / "backends" / "sql")])
    done = subprocess.run(
        [sys.executable, __file__, str(ROOT / "rules")], capture_output=True, text=True,
        check=True, env={**os.environ, "PYTHONPATH": path}, cwd=ROOT,
    )
    found = json.loads(done.stdout)
    assert Path(found.pop("sqlglot")).is_relative_to(folder)
    assert found == digests(str(ROOT / "rules"))


if __name__ == "__main__":
    import sqlglot

    print(json.dumps({"sqlglot": sqlglot.__file__, **digests(sys.argv[1])}))
