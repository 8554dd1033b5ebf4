"""Witness events of a repository's rules, run through interpreter and engines; prints differences.

    TRANSPILE_CORPUS=... python tools/verify_corpus.py TARGETS [STEP [FROM]] [--missing]

TARGETS: names with commas between, or `sql` for every dialect that has an engine here. Takes every
STEP-th rule from FROM on (default: all) of the corpus that TRANSPILE_CORPUS names, else of our own
rules/; a rule's fixture events count too. Every engine is started once.

Printed per target: what the verdicts were; the triples (rule, engine, events) compared; how many
of them were vacuous, that is neither side found anything; and why engines did not run.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from transpile import Content
from transpile.compiled import compile_rule
from transpile.content import load_rules
from transpile.convert import convert_compiled
from transpile.targets import all_targets
from transpile.verify import Report, Verdict
from transpile.verify.check import check_trial
from transpile.verify.trial import Trial, trial_of


@dataclass
class Tally:
    """What happened on one target."""

    verdicts: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    compared: int = 0
    vacuous: int = 0
    bad: int = 0
    seconds: float = 0.0


def main() -> int:
    """Verify; return 1 if a conversion does something else than it claims."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("targets")
    parser.add_argument("step", nargs="?", type=int, default=1)
    parser.add_argument("start", nargs="?", type=int, default=0)
    parser.add_argument(
        "--missing", action="store_true",
        help="only rules with a lookup table whose rows the repository does not have",
    )  # fmt: skip
    options = parser.parse_args()
    corpus = os.environ.get("TRANSPILE_CORPUS")
    root = Path(corpus, "splunk") if corpus else Path("rules")
    content = Content.load(root)
    rules, _ = load_rules(root / "detections")
    tallies = {target: Tally() for target in _targets(options.targets)}
    for at, rule in enumerate(rules[options.start :: options.step]):
        if at % 100 == 0:
            print(f"{at} rules verified", file=sys.stderr, flush=True)
        compiled = compile_rule(rule, content)
        trial = trial_of(compiled, content=content)
        if options.missing and not trial.made:
            continue
        for target, tally in tallies.items():
            _verify(trial, target, tally)
    for target, tally in tallies.items():
        print(
            f"{target}: {tally.compared} triples compared, {tally.vacuous} of them vacuous, "
            f"{tally.bad} differ, {tally.seconds:.0f} s; {dict(tally.verdicts.most_common())}"
        )
        for reason, count in tally.reasons.most_common():
            print(f"  {count:4} not run: {reason}")
    return 1 if any(tally.bad for tally in tallies.values()) else 0


def _targets(asked: str) -> list[str]:
    if asked != "sql":
        return asked.split(",")
    infos = all_targets()
    return [info.name for info in infos if info.name.startswith("sql:") and info.engine]


def _verify(trial: Trial, target: str, tally: Tally) -> None:
    conversion = convert_compiled(trial.compiled, target, content=trial.content)
    before = time.perf_counter()
    try:
        report = check_trial(trial, conversion, mutation=False)
    except Exception as error:  # an engine may raise what nobody foresaw; the other rules go on
        tally.bad += 1
        tally.verdicts["failed"] += 1
        name = trial.compiled.rule.name
        print(f"{name}: {target}: fails: {str(error).strip()[:600]}", flush=True)
        return
    tally.seconds += time.perf_counter() - before
    _count(report, tally)


def _count(report: Report, tally: Tally) -> None:
    tally.verdicts[f"{report.fidelity}/{report.verdict}"] += 1
    if report.verdict is Verdict.NOT_RUN:
        tally.reasons[report.reason[:100]] += 1
    elif report.verdict is not Verdict.UNSUPPORTED:
        tally.compared += 1
        tally.vacuous += not report.found and not report.verdict.bad
    if report.verdict.bad:
        tally.bad += 1
        print(_difference(report), flush=True)


def _difference(report: Report) -> str:
    lines = [f"{report.rule}: {report.target}: {report.fidelity} but {report.verdict}"]
    for item in report.differences[:2]:
        who = "rule" if item.rule_finds else "target"
        lines.append(f"  only the {who} finds {str(dict(item.item))[:400]}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
