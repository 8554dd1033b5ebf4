"""Verify a repository's rules: verdicts, mutants, proofs and cost, per target.

    TRANSPILE_CORPUS=... python tools/measure_verify.py sigma,eql,sql:duckdb [STEP [FROM [JOBS]]]

Reads the corpus named by TRANSPILE_CORPUS, else our own rules/. Takes every STEP-th rule from FROM
on (default: all) and prints every conversion that does something else than it claims.
"""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from statistics import median

from transpile import Content
from transpile.compiled import compile_rule
from transpile.content import Rule, load_rules
from transpile.fidelity import Fidelity
from transpile.garbage import collect_seldom
from transpile.verify import Report, Verdict, trial_of, verify_trial

NOW = 1_767_225_600.0


def main() -> int:
    """Verify; return 1 if a conversion does something else than it claims."""
    targets = tuple(sys.argv[1].split(","))
    step, offset, jobs = (int(n) for n in (*sys.argv[2:5], *("1", "0", "1")[len(sys.argv) - 2 :]))
    corpus = os.environ.get("TRANSPILE_CORPUS")
    root = Path(corpus, "splunk") if corpus else Path("rules")
    rules, _ = load_rules(root / "detections")
    chosen = rules[offset::step]
    totals = {target: Total() for target in targets}
    started = time.perf_counter()
    with ProcessPoolExecutor(jobs) as pool:
        for found in pool.map(partial(_verified, str(root), targets), chosen, chunksize=8):
            for report in found:
                totals[report.target].add(report)
    for target, total in totals.items():
        print(target, total)
    killed = sum(total.killed for total in totals.values())
    mutants = killed + sum(total.open for total in totals.values())
    print(f"all: mutants {mutants}, told apart {killed} = {killed / max(1, mutants):.2%}")
    print(f"{len(chosen)} rules in {time.perf_counter() - started:.0f} s")
    return 1 if any(total.bad for total in totals.values()) else 0


@lru_cache(maxsize=1)
def _content(root: str) -> Content:
    content = Content.load(root)
    collect_seldom()  # as the command's workers do
    return content


def _verified(root: str, targets: tuple[str, ...], rule: Rule) -> list[Report]:
    content = _content(root)
    started = time.process_time()
    trial = trial_of(compile_rule(rule, content), content=content, now=NOW)
    reports = [verify_trial(trial, target) for target in targets]
    spent = (time.process_time() - started) / len(targets)
    for report in reports:
        if report.verdict.bad or (report.refuted and report.fidelity is Fidelity.EXACT):
            print(_difference(report), flush=True)
    return [_with_seconds(report, spent) for report in reports]


def _with_seconds(report: Report, seconds: float) -> Report:
    from dataclasses import replace

    return replace(report, seconds=seconds)


@dataclass
class Total:
    """The sums of one target. seconds: of one core, a rule's shared work in equal parts."""

    verdicts: Counter[str] = field(default_factory=Counter)
    proofs: Counter[str] = field(default_factory=Counter)
    gaps: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    killed: int = 0
    open: int = 0
    same: int = 0
    bad: int = 0
    refuted: int = 0
    not_run: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)

    def add(self, report: Report) -> None:
        """Count a report."""
        self.verdicts[f"{report.fidelity}/{report.verdict}"] += 1
        self.bad += report.verdict.bad
        if report.verdict is Verdict.NOT_RUN:
            self.not_run[report.reason[:70]] += 1
        if report.proof is not None and report.fidelity is Fidelity.EXACT:
            self.proofs[f"{report.observable}/{report.proof.relation}"] += 1
            self.refuted += report.refuted
        self.seconds.append(report.seconds)
        if report.adequacy is not None:
            self.killed += report.adequacy.killed
            self.same += report.adequacy.same
            self.open += len(report.adequacy.gaps)
            self.rules[report.rule] += len(report.adequacy.gaps)
            self.gaps.update(gap.what.partition(":")[0] for gap in report.adequacy.gaps)

    def __str__(self) -> str:
        mutants = self.killed + self.open
        share = f"{self.killed / mutants:.1%}" if mutants else "-"
        return (
            f"{dict(self.verdicts.most_common())}\n"
            f"  mutants {mutants}, told apart {share}, proved the same {self.same}\n"
            f"  exact conversions read back {dict(self.proofs.most_common())}, "
            f"refuted {self.refuted}\n"
            f"  not run {dict(self.not_run.most_common())}\n"
            f"  gaps {dict(self.gaps.most_common(8))}\n"
            f"  most gaps {dict(self.rules.most_common(12))}\n"
            f"  median {median(self.seconds) * 1000:.0f} ms, sum {sum(self.seconds):.0f} s"
        )


def _difference(report: Report) -> str:
    lines = [f"{report.rule}: {report.target}: {report.fidelity} but {report.verdict}"]
    for item in report.differences[:2]:
        who = "rule" if item.rule_finds else "target"
        lines.append(f"  only the {who} finds {str(dict(item.item))[:400]}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
