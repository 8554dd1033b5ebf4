"""Where the time goes: per rule and step, per event, and until the program answers. `make bench`.

Reads the corpus named by TRANSPILE_CORPUS, else our own rules/. Steps are means over all rules in
milliseconds of CPU time on one core, after one warm-up rule, so that other work on the machine
counts little; garbage is collected as in `convert`'s processes. Start-up is wall-clock time. The
yardstick is what pySigma takes to read the Sigma rules that we emit. Nothing is written.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench_interpret import GROUPED, SEVEN, made_events, rate

from transpile import Content, TranspileError
from transpile.compiled import compile_rule
from transpile.content import Rule, expand, load_rules
from transpile.convert import convert_compiled
from transpile.garbage import collect_seldom
from transpile.ir.simplify import simplify
from transpile.ir.stages import Events, Filter, Pipeline
from transpile.lower import lower
from transpile.spl import parse

TARGETS = ("sigma", "eql", "sql:duckdb")
STEPS = ("expand", "parse", "lower", *TARGETS)
EVENTS = 50_000


class Clock:
    """CPU seconds by step."""

    def __init__(self) -> None:
        self.seconds = dict.fromkeys(STEPS, 0.0)
        self.rules = 0

    def timed(self, step: str, work: Callable[[], Any]) -> Any:
        """Return what the work returns and count its time for a step."""
        begin = time.process_time()
        try:
            return work()
        finally:
            self.seconds[step] += time.process_time() - begin


def main() -> None:
    """Measure and print."""
    corpus = os.environ.get("TRANSPILE_CORPUS")
    root = Path(corpus, "splunk") if corpus else Path("rules")
    begin = time.process_time()
    content = Content.load(root)
    rules, _ = load_rules(root / "detections")
    print(f"{len(rules)} rules of {root}, read in {time.process_time() - begin:.2f} s")
    print(f"sqlglot {_sqlglot()}")
    _measure(rules[0], content, Clock())
    collect_seldom()
    clock = Clock()
    emitted = [text for rule in rules if (text := _measure(rule, content, clock))]
    total = sum(clock.seconds.values())
    print(f"\n{'step':24}{'ms a rule':>10}{'share':>8}")
    for step, spent in clock.seconds.items():
        print(f"{step:24}{1000 * spent / clock.rules:10.3f}{spent / total:8.0%}")
    print(f"{'sum':24}{1000 * total / clock.rules:10.3f}{1:8.0%}")
    ours, theirs = clock.seconds["sigma"] / clock.rules, _pysigma(emitted)
    print(f"\npySigma reads one of our Sigma rules in {1000 * theirs:.3f} ms;")
    print(f"we take {ours / theirs:.2f} of that to emit it, {total / clock.rules / theirs:.2f} "
          "for all steps and targets")  # fmt: skip
    _interpreter()
    print("\nstart-up, best of five")
    for arguments in (["--version"], ["--help"], ["convert", str(rules[0].path), "-t", "sigma"]):
        print(f"  transpile {' '.join(arguments)[:40]:40}{_started(arguments):8.3f} s")


def _measure(rule: Rule, content: Content, clock: Clock) -> str:
    """Count the time of a rule that is read; return its Sigma text, "" without one."""
    try:
        text = clock.timed("expand", lambda: expand(rule.search, content, rule_name=rule.name))
        tree = clock.timed("parse", lambda: parse(text))
        clock.timed("lower", lambda: simplify(lower(tree)))
        compiled = compile_rule(rule, content)
    except TranspileError:
        return ""
    clock.rules += 1
    texts = {}
    for target in TARGETS:
        found = clock.timed(target, lambda t=target: convert_compiled(compiled, t, content=content))
        texts[target] = found.text
    return texts["sigma"]


def _sqlglot() -> str:
    """Return the version of sqlglot and whether it is machine code (extra `fast`)."""
    from sqlglot import __version__, generator

    compiled = not str(generator.__file__).endswith(".py")
    return f"{__version__}, {'machine code' if compiled else 'Python'}"


def _pysigma(texts: Sequence[str]) -> float:
    """Return the CPU seconds in which pySigma reads one of the rules, 0.0 without rules."""
    from sigma.collection import SigmaCollection

    begin = time.process_time()
    for text in texts:
        SigmaCollection.from_yaml(text)
    return (time.process_time() - begin) / max(1, len(texts))


def _interpreter() -> None:
    events = list(made_events(EVENTS))
    print(f"\ninterpreter, {EVENTS:,} events")
    for name, stage in (("filter, seven predicates", Filter(SEVEN)), ("stats by", GROUPED)):
        print(f"  {name:26}{rate(Pipeline((Events(), stage)), events):12,.0f} events/s")


def _started(arguments: list[str]) -> float:
    """Return the best of five wall-clock times of a whole process."""
    best = float("inf")
    for _ in range(5):
        begin = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "transpile", *arguments], capture_output=True, check=False
        )
        best = min(best, time.perf_counter() - begin)
    return best


if __name__ == "__main__":
    main()
