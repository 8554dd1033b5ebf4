"""Converting many rules, in this process or in several; results in the order of the rules.

What crosses a process border is plain data: the rule, the settings of the job, and per rule an
`Outcome`. Each process reads macros and lookups for itself, once.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

from transpile.cli.report import conversion_entry, failure_entry, loss_lines
from transpile.compiled import Compiled, compile_rule
from transpile.content import Content, Rule
from transpile.convert import convert_compiled
from transpile.errors import BugError, TranspileError
from transpile.fidelity import Fidelity

MANY = 100
"""Rules from which on more than one process pays."""

_CHUNK = 16


@dataclass(frozen=True, slots=True)
class Job:
    """What to convert rules to, and how.

    debug: let an unforeseen exception through instead of reporting it as the outcome of its rule.
    """

    targets: tuple[str, ...]
    schema: str = ""
    format: str = ""
    strict: bool = False
    keep_unmapped: bool = False
    opaque_macros: bool = False
    custom_commands: frozenset[str] = frozenset()
    debug: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """One conversion: its text and file name, its object of the report, its losses in words."""

    target: str
    fidelity: Fidelity
    text: str
    filename: str
    entry: dict[str, Any]
    losses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one rule: a result per target, and the error if it could not be read."""

    name: str
    path: str | None
    results: tuple[Result, ...]
    error: TranspileError | None = None


def convert_all(
    rules: Sequence[Rule], job: Job, content: Content, processes: int
) -> Iterator[Outcome]:
    """Yield the outcome of each rule, in order."""
    if processes <= 1:
        yield from (convert_one(rule, job, content) for rule in rules)
        return
    from concurrent.futures import ProcessPoolExecutor

    root = None if content.root is None else str(content.root)
    with ProcessPoolExecutor(processes) as pool:
        yield from pool.map(partial(_in_worker, job=job, root=root), rules, chunksize=_CHUNK)


def _in_worker(rule: Rule, job: Job, root: str | None) -> Outcome:
    return convert_one(rule, job, _content_of_worker(root))


@lru_cache(maxsize=1)
def _content_of_worker(root: str | None) -> Content:
    """Return the content that a worker process reads once in its life."""
    return Content.builtin() if root is None else Content.load(root)


def processes_for(asked: int | None, rules: int) -> int:
    """Return how many processes to use: as asked, else one for few rules and all for many."""
    if asked is None:
        asked = (os.cpu_count() or 1) if rules > MANY else 1
    return max(1, min(asked, rules))


def convert_one(rule: Rule, job: Job, content: Content) -> Outcome:
    """Return the outcome of one rule; an error in it is its outcome and stops nothing else."""
    started = time.perf_counter()
    try:
        compiled = compile_rule(
            rule,
            content,
            opaque_macros=job.opaque_macros,
            custom_commands=job.custom_commands,
        )
        results = []
        for target in job.targets:
            results.append(_result(compiled, target, content, job, started))
            started = time.perf_counter()
    except TranspileError as error:
        return failed(error, job.targets, rule)
    except Exception as error:
        if job.debug:
            raise
        return failed(BugError.of(error).moved(path=rule.path), job.targets, rule)
    return Outcome(rule.name, rule.path, tuple(results))


def failed(error: TranspileError, targets: Sequence[str], rule: Rule | None = None) -> Outcome:
    """Return the outcome of a rule, or of a file that gave no rule, for an error."""
    results = tuple(
        Result(target, Fidelity.UNSUPPORTED, "", "", failure_entry(error, target, rule))
        for target in targets
    )
    name, path = ("", error.path) if rule is None else (rule.name, rule.path)
    return Outcome(name, path, results, error)


def _result(
    compiled: Compiled, target: str, content: Content, job: Job, started: float
) -> Result:
    conversion = convert_compiled(
        compiled,
        target,
        content=content,
        schema=job.schema,
        strict=job.strict,
        keep_unmapped=job.keep_unmapped,
        format=job.format,
    )
    return Result(
        conversion.target,
        conversion.fidelity,
        conversion.text,
        conversion.filename,
        conversion_entry(compiled, conversion, time.perf_counter() - started),
        loss_lines(compiled, conversion),
    )
