"""Converting the rules of many files, in this process or in several; results in their order.

What crosses a process border is plain data: the file's name, the settings of the job, and per rule
an `Outcome`. Each process reads rules, macros and lookups for itself. What became of a file is kept
in the cache under everything that it depends on.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, fields
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from transpile.cache import Cache, digest, digest_of_files, program
from transpile.cli.entries import conversion_entry, failure_entry, loss_lines
from transpile.cli.inputs import STDIN, collect, files_of
from transpile.compiled import Compiled, compile_rule, in_time_bounds
from transpile.content import Content, Rule, load_rules
from transpile.convert import Conversion, convert_compiled
from transpile.errors import BugError, TranspileError
from transpile.fidelity import Fidelity
from transpile.garbage import collect_seldom
from transpile.records import dataclass, replace

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
    time_bounds: bool = False
    opaque_macros: bool = False
    custom_commands: frozenset[str] = frozenset()
    debug: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """One conversion: its text and file name, its object of the report, its losses in words.

    lookups: the lookup tables that the text reads, with columns.
    error: why there is none; a bug met in one target leaves the others their results.
    """

    target: str
    fidelity: Fidelity
    text: str
    filename: str
    entry: dict[str, Any]
    losses: tuple[str, ...] = ()
    lookups: Mapping[str, Sequence[str]] = field(default_factory=dict)
    error: TranspileError | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one rule: a result per target. path: None for standard input."""

    name: str
    path: str | None
    results: tuple[Result, ...]


def outcomes_of(
    paths: Sequence[str], job: Job, content: Content, processes: int | None, cache: Cache | None
) -> tuple[int, Iterator[tuple[Outcome, ...]]]:
    """Return how many batches of outcomes there are about, and the batches.

    paths: rules, folders, globs, or `-`.  processes: None for as many as are worth it.
    """
    files = files_of([path for path in paths if path != STDIN])
    if STDIN in paths or len(files) == 1:
        rules, unread = collect(paths)
        return len(rules), iter([convert_rules(rules, unread, job, content)])
    total = len(files)
    return total, convert_files(files, job, content, processes_for(processes, total), cache)


def convert_files(
    files: Sequence[Path], job: Job, content: Content, processes: int, cache: Cache | None = None
) -> Iterator[tuple[Outcome, ...]]:
    """Yield the outcomes of each file's rules, in order; from the cache where it has them."""
    keys = {} if cache is None else _keys(files, job, content)
    known = {} if cache is None else cache.many(keys.values())
    missing = [file for file in files if keys.get(file) not in known]
    made = _made(missing, job, content, processes)
    fresh: dict[str, Any] = {}
    for file in files:
        data = known.get(keys.get(file, ""))
        outcomes = next(made) if data is None else tuple(map(_outcome, data))
        if data is None and file in keys and not any(map(_failed, outcomes)):
            fresh[keys[file]] = [_data(outcome) for outcome in outcomes]
        yield outcomes
    if cache is not None:
        cache.keep(fresh)


def _made(
    files: Sequence[Path], job: Job, content: Content, processes: int
) -> Iterator[tuple[Outcome, ...]]:
    if min(processes, len(files)) <= 1:
        yield from (convert_file(file, job, content) for file in files)
        return
    from concurrent.futures import ProcessPoolExecutor

    root = None if content.root is None else str(content.root)
    with ProcessPoolExecutor(processes, initializer=collect_seldom) as pool:
        yield from pool.map(partial(_in_worker, job=job, root=root), files, chunksize=_CHUNK)


def _in_worker(file: Path, job: Job, root: str | None) -> tuple[Outcome, ...]:
    return convert_file(file, job, _content_of_worker(root))


@lru_cache(maxsize=1)
def _content_of_worker(root: str | None) -> Content:
    """Return the content that a worker process reads once in its life."""
    return Content.builtin() if root is None else Content.load(root)


def processes_for(asked: int | None, rules: int) -> int:
    """Return how many processes to use: as asked, else one for few rules and all for many."""
    if asked is None:
        asked = (os.cpu_count() or 1) if rules > MANY else 1
    return max(1, min(asked, rules))


def convert_file(file: Path, job: Job, content: Content) -> tuple[Outcome, ...]:
    """Return the outcomes of a file: of what is no rule in it, then of its rules."""
    return convert_rules(*load_rules(file), job, content)


def convert_rules(
    rules: Sequence[Rule], unread: Sequence[TranspileError], job: Job, content: Content
) -> tuple[Outcome, ...]:
    """Return the outcomes of rules that are read, after those of what could not be read."""
    errors = (failed(error, job.targets) for error in unread)
    return (*errors, *(convert_one(rule, job, content) for rule in rules))


# -- the cache -----------------------------------------------------------------------------------


def _keys(files: Sequence[Path], job: Job, content: Content) -> dict[Path, str]:
    """Return per file a digest of all that its outcomes depend on; none for an unreadable one."""
    own = [Path(job.schema)] if job.schema.endswith((".yml", ".yaml")) else []
    definitions = digest_of_files((*content.definition_files, *own))
    settings = repr(replace(job, custom_commands=frozenset())) + repr(sorted(job.custom_commands))
    keys = {}
    for file in files:
        try:
            data = file.read_bytes()
        except OSError:
            continue  # reading it says why
        keys[file] = digest(program(), settings, definitions, str(file), data)
    return keys


def _failed(outcome: Outcome) -> bool:
    return any(result.error is not None for result in outcome.results)


def _data(outcome: Outcome) -> dict[str, Any]:
    """Return an outcome as JSON can write it; within its results all is plain data already."""
    results = [{f.name: getattr(result, f.name) for f in fields(result)}
               for result in outcome.results]  # fmt: skip
    return {"name": outcome.name, "path": outcome.path, "results": results}


def _outcome(data: dict[str, Any]) -> Outcome:
    results = (
        Result(**{
            **item,
            "fidelity": Fidelity(item["fidelity"]),
            "losses": tuple(item["losses"]),
        })
        for item in data["results"]
    )
    return Outcome(data["name"], data["path"], tuple(results))


# -- one rule ------------------------------------------------------------------------------------


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
        if job.time_bounds:
            compiled = in_time_bounds(compiled, content)
    except Exception as error:
        return failed(_told(error, rule, job), job.targets, rule)
    results = []
    for target in job.targets:
        try:
            results.append(_result(compiled, target, content, job, started))
        except Exception as error:
            results.append(_failure(_told(error, rule, job), target, rule))
        started = time.perf_counter()
    return Outcome(rule.name, rule.path, tuple(results))


def failed(error: TranspileError, targets: Sequence[str], rule: Rule | None = None) -> Outcome:
    """Return the outcome of a rule, or of a file that gave no rule, for an error."""
    name, path = ("", error.path) if rule is None else (rule.name, rule.path)
    return Outcome(name, path, tuple(_failure(error, target, rule) for target in targets))


def _failure(error: TranspileError, target: str, rule: Rule | None) -> Result:
    entry = failure_entry(error, target, rule)
    return Result(target, Fidelity.UNSUPPORTED, "", "", entry, error=error)


def _told(error: Exception, rule: Rule, job: Job) -> TranspileError:
    """Return the error to report: as raised on purpose, else as a bug; `debug` raises a bug."""
    if isinstance(error, TranspileError):
        return error
    if job.debug:
        raise error
    return BugError.of(error).moved(path=rule.path)


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
        _lookups(conversion),
    )


def _lookups(conversion: Conversion) -> Mapping[str, Sequence[str]]:
    if conversion.draft is None:
        return {}
    inputs = conversion.draft.inputs
    return {
        source.removeprefix("lookup:"): inputs.columns.get(table, ())
        for table, source in inputs.tables.items() if source.startswith("lookup:")
    }
