"""Where the time goes: per rule and step, start-up of the program. `make bench`.

Reads the corpus named by TRANSPILE_CORPUS, else our own rules/. Times are means over all rules on
one core, in milliseconds, after one warm-up rule; nothing is written.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from transpile import Content, TranspileError
from transpile.compiled import compile_rule
from transpile.content import expand, load_rules
from transpile.convert import convert_compiled
from transpile.ir.simplify import simplify
from transpile.lower import lower
from transpile.spl import parse

TARGETS = ("sigma", "eql", "sql:duckdb")


def main() -> None:
    """Measure and print."""
    corpus = os.environ.get("TRANSPILE_CORPUS")
    root = Path(corpus, "splunk") if corpus else Path("rules")
    started = time.perf_counter()
    content = Content.load(root)
    rules, _ = load_rules(root / "detections")
    print(f"{len(rules)} rules of {root}, read in {time.perf_counter() - started:.2f} s")
    seconds: dict[str, float] = dict.fromkeys(("expand", "parse", "lower", *TARGETS), 0.0)

    def timed(step: str, work: Callable[[], Any]) -> Any:
        begin = time.perf_counter()
        result = work()
        seconds[step] += time.perf_counter() - begin
        return result

    _convert_first(rules, content)
    done = 0
    for rule in rules:
        try:
            text = timed(
                "expand", lambda rule=rule: expand(rule.search, content, rule_name=rule.name)
            )
            tree = timed("parse", lambda text=text: parse(text))
            timed("lower", lambda tree=tree: simplify(lower(tree)))
            compiled = compile_rule(rule, content)
        except TranspileError:
            continue
        done += 1
        for target in TARGETS:
            timed(
                target,
                lambda c=compiled, t=target: convert_compiled(c, t, content=content),
            )
    for step, spent in seconds.items():
        print(f"  {step:12} {1000 * spent / done:7.3f} ms")
    print(f"  {'sum':12} {1000 * sum(seconds.values()) / done:7.3f} ms a rule")
    for arguments in (["--version"], ["--help"], ["convert", str(rules[0].path), "-t", "sigma"]):
        print(f"  transpile {' '.join(arguments)[:40]:40} {_started(arguments):6.3f} s")


def _convert_first(rules: list[object], content: Content) -> None:
    compiled = compile_rule(rules[0], content)  # type: ignore[arg-type]
    for target in TARGETS:
        convert_compiled(compiled, target, content=content)


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
