"""Witness events of a repository's rules, run through interpreter and engines; prints differences.

    TRANSPILE_CORPUS=... python tools/verify_corpus.py sigma,eql,sql:duckdb [STEP [FROM]]

Reads the corpus named by TRANSPILE_CORPUS, else our own rules/.

Takes every STEP-th rule from FROM on (default: all), about 0.1 s a rule and target.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path

from transpile import Content
from transpile.compiled import compile_rule
from transpile.content import load_rules
from transpile.convert import convert_compiled
from transpile.tables import tables_for
from transpile.verify import Report, check_conversion
from transpile.verify.witness import maker_for, witnesses

NOW = 1_767_225_600.0


def main() -> int:
    """Verify; return 1 if a conversion does something else than it claims."""
    targets = sys.argv[1].split(",")
    step = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    offset = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    corpus = os.environ.get("TRANSPILE_CORPUS")
    root = Path(corpus, "splunk") if corpus else Path("rules")
    content = Content.load(root)
    rules, _ = load_rules(root / "detections")
    counts: dict[str, Counter[str]] = {target: Counter() for target in targets}
    bad = 0
    for rule in rules[offset::step]:
        compiled = compile_rule(rule, content)
        tables = tables_for(compiled.pipeline, content)
        events = witnesses(
            compiled.pipeline, maker_for(compiled.pipeline, rule.data_sources, tables)
        )
        for target in targets:
            conversion = convert_compiled(compiled, target, content=content)
            report = check_conversion(compiled, conversion, events, content=content, now=NOW)
            counts[target][f"{report.fidelity}/{report.verdict}"] += 1
            if report.verdict.bad:
                bad += 1
                print(_difference(report))
    for target, found in counts.items():
        print(target, dict(found.most_common()))
    return 1 if bad else 0


def _difference(report: Report) -> str:
    lines = [f"{report.rule}: {report.target}: {report.fidelity} but {report.verdict}"]
    for item in report.differences[:2]:
        who = "rule" if item.rule_finds else "target"
        lines.append(f"  only the {who} finds {str(dict(item.item))[:400]}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
