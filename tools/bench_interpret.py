"""Speed and memory of the interpreter on made-up process events: `python tools/bench_interpret.py`.

Prints events per second of a filter with seven predicates and of a grouping with five aggregates
(the slowest of three runs counts), and the peak memory of a filter that lets nothing through.
"""

from __future__ import annotations

import random
import time
import tracemalloc
from collections.abc import Iterator

from transpile.interpret import Context, run_pipeline
from transpile.ir.expr import Field
from transpile.ir.pattern import Pattern
from transpile.ir.pred import And, Exists, Glob, Matches, Not, Order, Pred, Test, TextEq
from transpile.ir.regex import parse_regex
from transpile.ir.stages import Agg, Aggregate, Events, Filter, Key, Pipeline

CONTEXT = Context(now=1_700_000_000)
NAMES = ("cmd.exe", "PowerShell.exe", "svchost.exe", "rundll32.exe", "explorer.exe")


def made_events(count: int) -> Iterator[dict[str, object]]:
    """Yield events with a dozen fields; the same ones on every run."""
    draw = random.Random(1)
    for number in range(count):
        name = draw.choice(NAMES)
        yield {
            "_time": 1_700_000_000 - number,
            "host": f"host{number % 50}",
            "user": f"user{number % 200}",
            "process_name": name,
            "process": f"C:\\Windows\\System32\\{name} /c run {number}",
            "parent_process_name": draw.choice(NAMES),
            "process_id": draw.randrange(1, 65536),
            "dest": f"dest{number % 500}",
            "bytes": str(draw.randrange(10_000)),
            "EventCode": 1,
            "source": "made",
            "sourcetype": "made:process",
        }


def _test(name: str, pattern: str) -> Pred:
    return Test(Field(name), Glob(Pattern.from_spl(pattern)))


SEVEN = And(
    (
        Test(Field("EventCode"), TextEq("1")),
        Exists(Field("user")),
        _test("process", "*system32*"),
        Not(_test("user", "*$")),
        Not(Test(Field("parent_process_name"), TextEq("services.exe"))),
        Test(Field("process_id"), Order(">", 4)),
        Test(Field("process_name"), TextEq("cmd.exe")),
    )
)
GROUPED = Aggregate(
    (
        Agg("count", None, "count"),
        Agg("min", Field("_time"), "firstTime"),
        Agg("max", Field("_time"), "lastTime"),
        Agg("values", Field("process"), "process"),
        Agg("dc", Field("user"), "users"),
    ),
    (Key("dest", Field("dest")), Key("process_name", Field("process_name"))),
)


def rate(pipeline: Pipeline, events: list[dict[str, object]]) -> float:
    """Return events per second of CPU time, the slowest of three runs."""
    slowest = 0.0
    for _ in range(3):
        begin = time.process_time()
        run_pipeline(pipeline, events, CONTEXT)
        slowest = max(slowest, time.process_time() - begin)
    return len(events) / slowest


def peak_memory(count: int) -> int:
    """Return the peak bytes of a run whose filter lets nothing through."""
    nothing = Filter(Test(Field("process"), Matches(parse_regex("no such text"))))
    tracemalloc.start()
    run_pipeline(Pipeline((Events(), nothing)), made_events(count), CONTEXT)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def main() -> None:
    """Measure and print."""
    events = list(made_events(100_000))
    print(f"filter, seven predicates: {rate(Pipeline((Events(), Filter(SEVEN))), events):,.0f}/s")
    print(f"stats by, five aggregates: {rate(Pipeline((Events(), GROUPED)), events):,.0f}/s")
    for count in (1_000, 20_000):
        print(f"peak memory, {count:,} events, none pass: {peak_memory(count):,} bytes")


if __name__ == "__main__":
    main()
